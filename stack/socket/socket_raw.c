/* SPDX-License-Identifier: Apache-2.0 */
/* Which ICMP messages a raw socket does not want: ICMP_FILTER of Linux, a bit
 * for each type below 32, and ICMP6_FILTER (RFC 3542 3.2), one for each. */
#include "stack/socket/socket_internal.h"

/* How long the filter is, or why there is none. */
static int filter_len(const struct ph_sock *sock, int level, int option) {
  const struct udp_pcb *udp = sock->udp;
  if (!udp->raw || option != PH_ICMP_FILTER ||
      level != (sock->ipv6 ? PH_IPPROTO_ICMPV6 : PH_SOL_RAW)) {
    return -PH_ENOPROTOOPT;
  }
  if (!sock->ipv6) {
    return udp->protocol == PH_IPPROTO_ICMP ? (int)sizeof(udp->filter[0])
                                            : -PH_EOPNOTSUPP;
  }
  return udp->protocol == PH_IPPROTO_ICMPV6 ? (int)sizeof(udp->filter)
                                            : -PH_EOPNOTSUPP;
}

int sock_set_filter(struct ph_sock *sock, int level, int option,
                    const void *value, ph_socklen_t len) {
  int most = filter_len(sock, level, option);
  if (most < 0 || !value) {
    return most < 0 ? most : -PH_EFAULT;
  }
  memcpy(sock->udp->filter, value, ph_min_u32(len, (uint32_t)most));
  return 0;
}

int sock_get_filter(const struct ph_sock *sock, int level, int option,
                    void *value, ph_socklen_t *len) {
  int most = filter_len(sock, level, option);
  return most < 0
             ? most
             : sock_put_bytes(value, len, sock->udp->filter, (uint32_t)most);
}
