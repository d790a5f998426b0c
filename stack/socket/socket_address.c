/* SPDX-License-Identifier: Apache-2.0 */
/* Socket addresses of both families and the 16 bytes that the stack knows
 * (RFC 3493 3.3, 3.7). Ports and addresses in a sockaddr are bytes in network
 * order. Errors are Linux's. */
#include "stack/socket/sockaddr.h"
#include "stack/socket/socket_internal.h"
#include "stack/wire/bytes.h"

_Static_assert(offsetof(struct ph_sockaddr_in, sin_addr) ==
                   offsetof(struct ph_sockaddr_in6, sin6_flowinfo),
               "Linux's layout");

enum {
  IN6_LEN_LEAST = 24, /* without sin6_scope_id, as in RFC 2133 */
  IN6_OFF_ADDR = 8,
  IN6_OFF_SCOPE = 24,
};

_Static_assert(sizeof(struct ph_sockaddr_in6) == 28, "Linux's layout");

struct ph_addr sock_any(const struct ph_sock *sock) {
  static const struct ph_addr any6;
  return sock->ipv6 ? any6 : ph_addr_v4(0);
}

void sock_this_host(struct ph_addr *ip) {
  static const struct ph_addr one = {{[15] = 1}};
  if (ip_addr_is_any(ip)) {
    *ip = ip_addr_is_mapped(ip) ? ph_addr_v4(0x7f000001) : one;
  }
}

void sock_set_any(struct ph_sock *sock) {
  struct ph_addr any = sock_any(sock);
  if (sock->tcp) {
    tcp_set_any(sock->tcp, &any, sock->only_v6);
  } else {
    udp_set_any(sock->udp, &any);
    sock->udp->only_v6 = sock->only_v6;
  }
}

static void take_port(const uint8_t *p, uint16_t *port) {
  *port = (uint16_t)(p[2] << 8 | p[3]);
}

static int in4(const uint8_t *p, ph_socklen_t len, struct ph_addr *ip,
               uint16_t *port) {
  if (len < sizeof(struct ph_sockaddr_in)) {
    return -PH_EINVAL;
  }
  take_port(p, port);
  *ip = ph_addr_v4(0);
  memcpy(ip->bytes + 12, p + 4, 4);
  return 0;
}

/* The scope id goes into the address, where the stack has it (RFC 4007 11). */
static int in6(const uint8_t *p, ph_socklen_t len, struct ph_addr *ip,
               uint16_t *port) {
  uint32_t scope = 0;
  if (len < IN6_LEN_LEAST) {
    return -PH_EINVAL;
  }
  if (len >= sizeof(struct ph_sockaddr_in6)) {
    memcpy(&scope, p + IN6_OFF_SCOPE, sizeof(scope));
  }
  take_port(p, port);
  memcpy(ip->bytes, p + IN6_OFF_ADDR, 16);
  return ip_addr_put_zone(ip, scope) ? 0 : -PH_EINVAL;
}

int sock_addr_in(const struct ph_sock *sock, const void *addr, ph_socklen_t len,
                 struct ph_addr *ip, uint16_t *port) {
  uint16_t family = PH_AF_UNSPEC;
  bool datagram = sock->udp != NULL;
  if (!addr) {
    return -PH_EFAULT;
  }
  if (len >= sizeof(family)) {
    memcpy(&family, addr, sizeof(family));
  }
  if (!sock->ipv6) {
    return len < sizeof(struct ph_sockaddr_in) ? -PH_EINVAL
           : family != PH_AF_INET              ? -PH_EAFNOSUPPORT
                                               : in4(addr, len, ip, port);
  }
  if (family == PH_AF_INET && datagram) {
    return sock->only_v6 ? -PH_EAFNOSUPPORT : in4(addr, len, ip, port);
  }
  if (len < IN6_LEN_LEAST) {
    return -PH_EINVAL;
  }
  return family != PH_AF_INET6 ? -PH_EAFNOSUPPORT : in6(addr, len, ip, port);
}

ph_socklen_t ph_sockaddr_make(bool v6, const struct ph_addr *ip, uint16_t port,
                              struct ph_sockaddr_in6 *out) {
  struct ph_addr bare = *ip;
  uint32_t scope = ip_addr_take_zone(&bare);
  *out = (struct ph_sockaddr_in6){.sin6_family = v6 ? PH_AF_INET6 : PH_AF_INET,
                                  .sin6_port = swap_be16(port)};
  if (!v6) { /* sin_addr lies behind the port */
    memcpy(&out->sin6_flowinfo, bare.bytes + 12, 4);
    return sizeof(struct ph_sockaddr_in);
  }
  out->sin6_scope_id = scope;
  memcpy(out->sin6_addr, bare.bytes, 16);
  return sizeof(*out);
}

void sock_addr_out(const struct ph_sock *sock, const struct ph_addr *ip,
                   uint16_t port, void *addr, ph_socklen_t *len) {
  struct ph_sockaddr_in6 out;
  if (addr && len) {
    ph_socklen_t size = ph_sockaddr_make(sock->ipv6, ip, port, &out);
    memcpy(addr, &out, ph_min_u32(*len, size));
    *len = size;
  }
}
