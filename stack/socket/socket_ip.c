/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IPPROTO_IP: the differentiated services field and the time to live
 * of what a socket sends (RFC 9293 3.9.1.9, 3.9.2, RFC 1122 4.1.4), which may
 * change while a connection lasts; and the path's MTU (IP_MTU), to be read.
 * Values and results are Linux's. */
#include "stack/socket/socket_internal.h"

enum { TTL_DEFAULT = 64, TTL_MAX = 255, ECN_MASK = 3, ONE_OCTET = 1 };

/* A number, or a single octet, as Linux takes it. */
static int get_number(const void *value, ph_socklen_t len, int32_t *out) {
  *out = 0;
  if (!value && len > 0) {
    return -PH_EFAULT;
  }
  if (len >= sizeof(*out)) {
    memcpy(out, value, sizeof(*out));
  } else if (len >= ONE_OCTET) {
    *out = *(const uint8_t *)value;
  }
  return 0;
}

static struct ip_marks *marks_of(struct ph_sock *sock) {
  return sock->tcp ? tcp_marks(sock->tcp) : &sock->udp->tx.marks;
}

int sock_set_mtu_discover(struct ph_sock *sock, int32_t mode) {
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

int32_t sock_get_mtu_discover(const struct ph_sock *sock) {
  return sock->tcp ? PH_PMTUDISC_WANT : sock->udp->tx.mtu_discover;
}

int sock_set_ip(struct ph_stack *stack, struct ph_sock *sock, int option,
                const void *value, ph_socklen_t len) {
  struct ip_marks *marks = marks_of(sock);
  int32_t number;
  int result = get_number(value, len, &number);
  if (result < 0) {
    return result;
  }
  switch (option) {
    case PH_IP_TOS:
      marks->tos = (uint8_t)number;
      if (sock->tcp) { /* the other two bits are TCP's own: RFC 3168 */
        marks->tos &= (uint8_t)~ECN_MASK;
      }
      return 0;
    case PH_IP_TTL:
      if (len == 0 || number == 0 || number < -1 || number > TTL_MAX) {
        return -PH_EINVAL;
      }
      marks->ttl = number < 0 ? 0 : (uint8_t)number;
      return 0;
    case PH_IP_HDRINCL:
      if (!sock->udp || !sock->udp->raw) {
        return -PH_ENOPROTOOPT;
      }
      sock->udp->header_included = number != 0;
      return 0;
    case PH_IP_MTU_DISCOVER:
      return sock_set_mtu_discover(sock, number);
    case PH_IP_RECVERR:
      return sock_set_errors(stack, sock, true, number != 0);
    default:
      return sock_set_tell(sock, PH_IPPROTO_IP, option, number);
  }
}

int sock_get_ip(struct ph_sock *sock, int option, void *value,
                ph_socklen_t *len) {
  const struct ip_marks *marks = marks_of(sock);
  int32_t number;
  switch (option) {
    case PH_IP_TOS:
      number = marks->tos;
      break;
    case PH_IP_TTL:
      number = marks->ttl ? marks->ttl : TTL_DEFAULT;
      break;
    case PH_IP_HDRINCL:
      if (!sock->udp || !sock->udp->raw) {
        return -PH_ENOPROTOOPT;
      }
      number = sock->udp->header_included;
      break;
    case PH_IP_MTU: /* of the path; only for who has a peer */
      number =
          sock->tcp ? tcp_get_path_mtu(sock->tcp) : udp_get_path_mtu(sock->udp);
      if (number == 0) {
        return -PH_ENOTCONN;
      }
      break;
    case PH_IP_MTU_DISCOVER:
      number = sock_get_mtu_discover(sock);
      break;
    case PH_IP_RECVERR:
      number = sock->udp && sock->udp->errors4;
      break;
    default:
      number = sock_get_tell(sock, PH_IPPROTO_IP, option);
      if (number < 0) {
        return number;
      }
  }
  if (!value || !len) {
    return -PH_EFAULT;
  }
  if (*len > 0 && *len < sizeof(number)) { /* as in Linux: an octet */
    uint8_t octet = (uint8_t)number;
    *len = ONE_OCTET;
    memcpy(value, &octet, ONE_OCTET);
    return 0;
  }
  *len = ph_min_u32(*len, sizeof(number));
  memcpy(value, &number, *len);
  return 0;
}
