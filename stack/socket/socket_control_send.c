/* SPDX-License-Identifier: Apache-2.0 */
/* How one datagram is to be sent, from the control messages of sendmsg() (RFC
 * 3542 6, ip(7), ipv6(7)). Layouts, results and what is ignored are Linux's. */
#include "stack/socket/socket_internal.h"

enum { HEADER_LEN = 16, ALIGN = 8, OCTET_MAX = 255 };
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
enum { SEGMENT_LEN = 2 };
enum { INFO4_LEN = 12, INFO6_LEN = 20 };

/* struct cmsghdr, and where its data are. */
struct message {
  uint64_t cmsg_len;
  int32_t level, type;
  const uint8_t *data;
  uint32_t len;
};

/* The one at `*at`, which moves on: 1, 0 (no more), -PH_EINVAL. */
static int next(const struct ph_msghdr *msg, size_t *at, struct message *m) {
  const uint8_t *p = msg->msg_control;
  size_t left = *at < msg->msg_controllen ? msg->msg_controllen - *at : 0;
  if (left < HEADER_LEN) {
    return 0;
  }
  memcpy(m, p + *at, HEADER_LEN);
  if (m->cmsg_len < HEADER_LEN || m->cmsg_len > left) {
    return -PH_EINVAL;
  }
  m->data = p + *at + HEADER_LEN;
  m->len = (uint32_t)(m->cmsg_len - HEADER_LEN);
  *at += (size_t)((m->cmsg_len + ALIGN - 1) / ALIGN * ALIGN);
  return 1;
}

/* An int from `least` to 255, or, where `octet`, a single byte. */
static bool take_number(const struct message *m, int32_t least, bool octet,
                        int32_t *out) {
  if (octet && m->len == 1) {
    *out = m->data[0];
    return true;
  }
  if (m->len != sizeof(*out)) {
    return false;
  }
  memcpy(out, m->data, sizeof(*out));
  return *out >= least && *out <= OCTET_MAX;
}

/* By this interface, from this address, each unless it is 0. */
static int take_info(struct ph_stack *stack, struct sock_control *c,
                     uint32_t ifindex, struct ph_addr src) {
  if (ifindex != 0) {
    if (!netif_by_index(stack, ifindex)) {
      return -PH_ENODEV;
    }
    if (c->tx.device && c->tx.device != ifindex) {
      return -PH_EINVAL;
    }
    udp_use_interfaces(stack);
    c->tx.device = c->tx.multicast_if = (uint8_t)ifindex;
  }
  if (ip_addr_is_any(&src)) {
    return 0;
  }
  if (!ip_addr_put_zone(&src, ifindex) || ip_addr_is_multicast(&src)) {
    return -PH_EINVAL;
  }
  if (!ip_is_local(stack, &src)) { /* of IPv4 as in Linux from 6.17 on */
    return ip_addr_is_mapped(&src) ? -PH_ENETUNREACH : -PH_EINVAL;
  }
  c->src = src;
  c->tx.src = &c->src;
  return 0;
}

/* struct in6_pktinfo; also of who sends to IPv4 from a socket for both. */
static int take_info6(struct ph_stack *stack, struct sock_control *c,
                      const struct message *m, bool v4) {
  struct ph_addr src;
  uint32_t ifindex;
  if (m->len < INFO6_LEN) {
    return -PH_EINVAL;
  }
  memcpy(src.bytes, m->data, 16);
  memcpy(&ifindex, m->data + 16, sizeof(ifindex));
  if (v4 != ip_addr_is_mapped(&src) && (v4 || !ip_addr_is_any(&src))) {
    return -PH_EINVAL;
  }
  return take_info(stack, c, ifindex, src);
}

/* struct in_pktinfo: its ipi_spec_dst is the source. */
static int take_info4(struct ph_stack *stack, struct sock_control *c,
                      const struct message *m) {
  struct ph_addr src = ph_addr_v4(0);
  uint32_t ifindex;
  if (m->len != INFO4_LEN) {
    return -PH_EINVAL;
  }
  memcpy(&ifindex, m->data, sizeof(ifindex));
  memcpy(src.bytes + 12, m->data + 4, 4);
  return take_info(stack, c, ifindex, src);
}

/* A field of the header; -1 of IPv6: as if it were not there. */
static int take_octet(struct sock_control *c, const struct message *m,
                      bool v4) {
  bool hops = m->type == (v4 ? PH_IP_TTL : PH_IPV6_HOPLIMIT);
  int32_t number;
  if ((!hops && m->type != (v4 ? PH_IP_TOS : PH_IPV6_TCLASS)) ||
      !take_number(m, v4 ? hops : -1, v4 && !hops, &number)) {
    return -PH_EINVAL;
  }
  if (number >= 0 && hops) {
    c->tx.marks.ttl = c->tx.multicast_ttl = (uint8_t)number;
  } else if (number >= 0) {
    c->tx.marks.tos = (uint8_t)number;
  }
  return 0;
}

static int take_udp(struct ph_stack *stack, struct sock_control *c,
                    const struct message *m) {
  if (m->type != PH_UDP_SEGMENT || m->len != SEGMENT_LEN) {
    return -PH_EINVAL;
  }
  ph_netif_segment_udp_init(stack);
  uint16_t segment;
  memcpy(&segment, m->data, SEGMENT_LEN);
  udp_set_segment(&c->tx, segment);
  return 0;
}

/* Is the datagram for IPv4? 0, 1, or why it can't be sent. */
static int is_for_v4(const struct ph_sock *sock, const struct ph_msghdr *msg) {
  struct ph_addr to = sock->udp->remote;
  uint16_t port;
  if (msg->msg_name) {
    int result =
        sock_addr_in(sock, msg->msg_name, msg->msg_namelen, &to, &port);
    if (result < 0) {
      return result;
    }
  } else if (!sock->udp->connected) {
    return -PH_EDESTADDRREQ;
  }
  return ip_addr_is_mapped(&to);
}

static int take(struct ph_stack *stack, const struct ph_sock *sock,
                struct sock_control *c, const struct message *m, bool v4) {
  if (m->level == PH_SOL_SOCKET) {
    return m->type == SCM_RIGHTS || m->type == SCM_CREDENTIALS ? 0 : -PH_EINVAL;
  }
  if (sock->tcp) {
    return 0;
  }
  if (m->level == PH_IPPROTO_UDP && sock_is_udp(sock)) {
    return take_udp(stack, c, m);
  }
  if (m->level == PH_IPPROTO_IPV6 && m->type == PH_IPV6_PKTINFO && sock->ipv6) {
    return take_info6(stack, c, m, v4);
  }
  if (m->level != (v4 ? PH_IPPROTO_IP : PH_IPPROTO_IPV6)) {
    return 0;
  }
  return v4 && m->type == PH_IP_PKTINFO ? take_info4(stack, c, m)
                                        : take_octet(c, m, v4);
}

int sock_take_control(struct ph_stack *stack, const struct ph_sock *sock,
                      const struct ph_msghdr *msg, struct sock_control *c) {
  struct message m;
  size_t at = 0;
  int v4 = 0;
  if (!msg->msg_control) {
    return -PH_EFAULT;
  }
  if (sock->udp) {
    c->tx = sock->udp->tx;
    v4 = is_for_v4(sock, msg);
  }
  int result = v4 < 0 ? v4 : next(msg, &at, &m);
  while (result > 0) {
    result = take(stack, sock, c, &m, v4);
    result = result < 0 ? result : next(msg, &at, &m);
  }
  return result;
}
