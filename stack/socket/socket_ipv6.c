/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IPPROTO_IPV6 (RFC 3493 5, RFC 3542 6): whether `::` takes IPv4,
 * the hop limit and traffic class of what is sent, the path's MTU, and where a
 * datagram came to. Values and results are Linux's. */
#include "stack/socket/socket_internal.h"

enum {
  HOPS_DEFAULT = 64,
  OCTET_MAX = 255,
  ECN_MASK = 3,
};

static struct ip_marks *marks_of(struct ph_sock *sock) {
  return sock->tcp ? tcp_marks(sock->tcp) : &sock->udp->tx.marks;
}

static bool is_bound(struct ph_stack *stack, const struct ph_sock *sock) {
  if (sock->udp) {
    return sock->udp->bound;
  }
  struct tcp_info info;
  tcp_get_info(stack, sock->tcp, &info);
  return info.local_port != 0;
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

int sock_set_ipv6(struct ph_stack *stack, struct ph_sock *sock, int option,
                  const void *value, ph_socklen_t len) {
  struct ip_marks *marks = marks_of(sock);
  int32_t number = 0;
  if (!sock->ipv6) {
    return -PH_ENOPROTOOPT;
  }
  if (!value || len < sizeof(number)) {
    return value ? -PH_EINVAL : -PH_EFAULT;
  }
  memcpy(&number, value, sizeof(number));
  switch (option) {
    case PH_IPV6_V6ONLY:
      if (is_bound(stack, sock)) {
        return -PH_EINVAL;
      }
      sock->only_v6 = number != 0;
      sock_set_any(sock);
      return 0;
    case PH_IPV6_UNICAST_HOPS:
      if (number < -1 || number > OCTET_MAX) {
        return -PH_EINVAL;
      }
      marks->ttl = number < 0 ? 0 : (uint8_t)number;
      return 0;
    case PH_IPV6_TCLASS:
      if (number < -1 || number > OCTET_MAX) {
        return -PH_EINVAL;
      }
      marks->tos = number < 0 ? 0 : (uint8_t)number;
      if (sock->tcp) { /* the other two bits are TCP's own: RFC 3168 */
        marks->tos &= (uint8_t)~ECN_MASK;
      }
      return 0;
    case PH_IPV6_MTU_DISCOVER:
      return sock_set_mtu_discover(sock, number);
    case PH_IPV6_RECVERR:
      return sock_set_errors(stack, sock, false, number != 0);
    default:
      return sock_set_tell(sock, PH_IPPROTO_IPV6, option, number);
  }
}

int sock_get_ipv6(struct ph_sock *sock, int option, void *value,
                  ph_socklen_t *len) {
  const struct ip_marks *marks = marks_of(sock);
  int32_t number;
  if (!sock->ipv6) {
    return -PH_ENOPROTOOPT;
  }
  switch (option) {
    case PH_IPV6_V6ONLY:
      number = sock->only_v6;
      break;
    case PH_IPV6_UNICAST_HOPS:
      number = marks->ttl ? marks->ttl : HOPS_DEFAULT;
      break;
    case PH_IPV6_TCLASS:
      number = marks->tos;
      break;
    case PH_IPV6_MTU_DISCOVER:
      number = sock_get_mtu_discover(sock);
      break;
    case PH_IPV6_RECVERR:
      number = sock->udp && sock->udp->errors6;
      break;
    case PH_IPV6_MTU: /* of the path; only for who has a peer */
      number =
          sock->tcp ? tcp_get_path_mtu(sock->tcp) : udp_get_path_mtu(sock->udp);
      if (number == 0) {
        return -PH_ENOTCONN;
      }
      break;
    default:
      number = sock_get_tell(sock, PH_IPPROTO_IPV6, option);
      if (number < 0) {
        return number;
      }
  }
  if (!value || !len) {
    return -PH_EFAULT;
  }
  *len = ph_min_u32(*len, sizeof(number));
  memcpy(value, &number, *len);
  return 0;
}
