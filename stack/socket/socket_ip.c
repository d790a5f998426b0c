/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IPPROTO_IP and IPPROTO_IPV6: the differentiated services field and
 * the time to live of what a socket sends (RFC 9293 3.9.1.9, 3.9.2, RFC 1122
 * 4.1.4, RFC 3493 5, RFC 3542 6), which may change while a connection lasts;
 * the path's MTU; whether `::` takes IPv4. Values and results are Linux's. */
#include "stack/socket/socket_internal.h"

enum { HOPS_DEFAULT = 64, OCTET_MAX = 255, ECN_MASK = 3 };

/* What both families have, by different numbers. */
enum what { TOS, HOPS, MTU, MTU_DISCOVER, RECVERR, OWN, NONE };

static enum what what_of(int level, int option) {
  static const uint8_t options[NONE][2] = {
      [TOS] = {PH_IP_TOS, PH_IPV6_TCLASS},
      [HOPS] = {PH_IP_TTL, PH_IPV6_UNICAST_HOPS},
      [MTU] = {PH_IP_MTU, PH_IPV6_MTU},
      [MTU_DISCOVER] = {PH_IP_MTU_DISCOVER, PH_IPV6_MTU_DISCOVER},
      [RECVERR] = {PH_IP_RECVERR, PH_IPV6_RECVERR},
      [OWN] = {PH_IP_HDRINCL, PH_IPV6_V6ONLY}, /* each has one alone */
  };
  enum what what = TOS;
  while (what < NONE && options[what][level == PH_IPPROTO_IPV6] != option) {
    what++;
  }
  return what;
}

static PH_APART_IF_SMALL struct ip_marks *marks_of(struct ph_sock *sock) {
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

static int set_mtu_discover(struct ph_sock *sock, int32_t mode) {
  if (mode < PH_PMTUDISC_DONT || mode > PH_PMTUDISC_PROBE) {
    return -PH_EINVAL;
  }
  if (sock->tcp) { /* it always looks for the path's MTU (RFC 1191) */
    return mode == PH_PMTUDISC_WANT || mode == PH_PMTUDISC_DO ? 0
                                                              : -PH_ENOPROTOOPT;
  }
  udp_set_mtu_discover(&sock->udp->tx, (uint8_t)mode);
  return 0;
}

static int set_header_included(struct ph_sock *sock, bool on) {
  if (!sock->udp || !sock->udp->raw) {
    return -PH_ENOPROTOOPT;
  }
  sock->udp->header_included = on;
  return 0;
}

static int set_v6only(struct ph_stack *stack, struct ph_sock *sock, bool on) {
  if (is_bound(stack, sock)) {
    return -PH_EINVAL;
  }
  sock->only_v6 = on;
  sock_set_any(sock);
  return 0;
}

int sock_set_ip(struct ph_stack *stack, struct ph_sock *sock, int level,
                int option, int32_t number) {
  struct ip_marks *marks = marks_of(sock);
  bool v4 = level == PH_IPPROTO_IP;
  bool octet = number >= -1 && number <= OCTET_MAX; /* -1: the default */
  switch (what_of(level, option)) {
    case TOS:
      if (!v4 && !octet) {
        return -PH_EINVAL;
      }
      marks->tos = number < 0 && !v4 ? 0 : (uint8_t)number;
      if (sock->tcp) { /* the other two bits are TCP's own: RFC 3168 */
        marks->tos &= (uint8_t)~ECN_MASK;
      }
      return 0;
    case HOPS:
      if (!octet || (v4 && number == 0)) {
        return -PH_EINVAL;
      }
      marks->ttl = number < 0 ? 0 : (uint8_t)number;
      return 0;
    case OWN:
      return v4 ? set_header_included(sock, number != 0)
                : set_v6only(stack, sock, number != 0);
    case MTU_DISCOVER:
      return set_mtu_discover(sock, number);
    case RECVERR:
      return sock_set_errors(stack, sock, v4, number != 0);
    default:
      return sock_set_tell(sock, level, option, number);
  }
}

int sock_get_ip(struct ph_sock *sock, int level, int option, int32_t *number) {
  const struct ip_marks *marks = marks_of(sock);
  const struct udp_pcb *udp = sock->udp;
  switch (what_of(level, option)) {
    case TOS:
      *number = marks->tos;
      return SOCK_NUMBER;
    case HOPS:
      *number = marks->ttl ? marks->ttl : HOPS_DEFAULT;
      return SOCK_NUMBER;
    case OWN:
      if (level == PH_IPPROTO_IP && (!udp || !udp->raw)) {
        return -PH_ENOPROTOOPT;
      }
      *number = level == PH_IPPROTO_IP ? udp->header_included : sock->only_v6;
      return SOCK_NUMBER;
    case MTU: /* of the path; only for who has a peer */
      *number =
          sock->tcp ? tcp_get_path_mtu(sock->tcp) : udp_get_path_mtu(sock->udp);
      return *number ? SOCK_NUMBER : -PH_ENOTCONN;
    case MTU_DISCOVER:
      *number = udp ? udp->tx.mtu_discover : PH_PMTUDISC_WANT;
      return SOCK_NUMBER;
    case RECVERR:
      *number = udp && (level == PH_IPPROTO_IP ? udp->errors4 : udp->errors6);
      return SOCK_NUMBER;
    default:
      *number = sock_get_tell(sock, level, option);
      return *number < 0 ? *number : SOCK_NUMBER;
  }
}
