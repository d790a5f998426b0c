/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that more than one endpoint may have (SO_REUSEADDR): what was sent to
 * many, by broadcast or to a group, is for each of them. While no two may have
 * one, the one that lookup() finds is all there are. So, too, with filters of
 * senders (udp_state.hears). */
#include "stack/udp/udp_internal.h"
#include "stack/wire/ip_wire.h"

struct pkt *udp_copy(struct ph_stack *stack, const struct pkt *pkt,
                     const uint8_t *start) {
  const struct ph_iovec linear = {(void *)(uintptr_t)start,
                                  (size_t)(pkt->head + pkt->head_len - start)};
  uint32_t len = (uint32_t)linear.iov_len;
  struct pkt *to = pkt_get(&stack->pkts, UDP_HEADROOM);
  bool fits =
      to && udp_fill(stack, to, &linear, 1, len > UDP_INLINE_MAX ? 0 : len);
  for (uint32_t i = 0; fits && i < pkt->nfrags; i++) {
    const struct pkt_frag *frag = &pkt->frags[i];
    fits = pkt_add_frag(to, frag->block, frag->data, frag->len);
  }
  if (to) {
    to->netif = pkt->netif;
    to->id = pkt->id;
  }
  if (to && !fits) {
    pkt_put(to);
    return NULL;
  }
  return to;
}

/* RFC 1122 4.1.3.5, 3.3.7: what was sent to many is for each endpoint that it
 * fits; nobody is told if there is none. Takes `pkt`. */
static void deliver_to_all(struct ph_stack *stack, struct pkt *pkt,
                           const struct ip_rx *rx, uint32_t ifindex) {
  const uint8_t *h = pkt->head;
  uint16_t port = get_be16(h + UDP_OFF_DST);
  bool taken = false;
  (void)pkt_pull(pkt, UDP_HDR_LEN);
  for (struct udp_pcb *p = *udp_bucket(udp_of(stack), port); p; p = p->next) {
    if (udp_score(p, &rx->dst, port, &rx->src, get_be16(h + UDP_OFF_SRC),
                  ifindex) < 0 ||
        !udp_hears(stack, p, rx, ifindex)) {
      continue;
    }
    struct pkt *copy = udp_copy(stack, pkt, pkt->head);
    taken = true;
    if (copy) {
      udp_enqueue(stack, p, copy, rx, h + UDP_OFF_SRC);
    } else {
      stack->stats.UdpRcvbufErrors++;
    }
  }
  stack->stats.UdpNoPorts += !taken;
  pkt_put(pkt);
}

void udp_share_ports(struct ph_stack *stack) {
  udp_of(stack)->deliver_to_all = deliver_to_all;
}
