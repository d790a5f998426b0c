/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IPPROTO_UDP: datagrams that are cut below IP, and that are read
 * several at once (udp(7)). Values and results are Linux's. */
#include "stack/socket/socket_internal.h"

enum { SEGMENT_MAX = 65535 };

int sock_set_udp(struct ph_stack *stack, struct ph_sock *sock, int option,
                 int32_t number) {
  switch (option) {
    case PH_UDP_SEGMENT:
      if (number < 0 || number > SEGMENT_MAX) {
        return -PH_EINVAL;
      }
      ph_netif_segment_udp_init(stack);
      udp_set_segment(&sock->udp->tx, (uint16_t)number);
      return 0;
    case PH_UDP_GRO:
      udp_set_gro(sock->udp, number != 0);
      sock->udp->tell_info = sock->tell != 0 || number != 0;
      return 0;
    default:
      return -PH_ENOPROTOOPT;
  }
}

int sock_get_udp(const struct ph_sock *sock, int option, int32_t *number) {
  switch (option) {
    case PH_UDP_SEGMENT:
      *number = sock->udp->tx.segment;
      return SOCK_NUMBER;
    case PH_UDP_GRO:
      *number = sock->udp->gather != NULL;
      return SOCK_NUMBER;
    default:
      return -PH_ENOPROTOOPT;
  }
}
