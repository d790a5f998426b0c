/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding of IPv6: RFC 8200 3, 4.3 and the address rules of RFC 4291 2. The
 * options for routers are not looked at (RFC 8200 4.3 leaves it to the
 * router). */
#include "stack/ip/ip_forward.h"
#include "stack/ip/ipv6_internal.h"

/* Who can't have sent it, and to whom nothing is forwarded. */
static PH_APART_IF_SMALL bool addresses_good(struct ipv6_state *v6,
                                             const struct ip_rx *rx) {
  const uint8_t *s = rx->src.bytes;
  const uint8_t *d = rx->dst.bytes;
  return ipv6_is_unicast(s) && ipv6_is_unicast(d) && !ipv6_is_link_local(d) &&
         !ipv6_is_own(v6, &rx->src) && !ipv6_address_find(v6, &rx->dst);
}

static struct ip_rx rx_of(const struct pkt *pkt, const struct netif *netif) {
  const uint8_t *h = pkt->head;
  return (struct ip_rx){.src = ipv6_addr_at(h + IPV6_OFF_SRC, netif),
                        .dst = ipv6_addr_at(h + IPV6_OFF_DST, netif),
                        .ttl = h[IPV6_OFF_HOPS],
                        .tos = (uint8_t)(get_be16(h) >> 4),
                        .protocol = h[IPV6_OFF_NEXT],
                        .family = &ipv6_family};
}

static void refuse(struct ph_stack *stack, struct pkt *pkt,
                   const struct ip_rx *rx, uint64_t *counter, uint8_t type,
                   uint8_t code, uint32_t word) {
  icmpv6_send(stack, pkt, rx, type, code, word);
  ip_drop(pkt, counter);
}

void ipv6_forward_failed(const struct pkt *pkt) {
  struct ip_rx rx = rx_of(pkt, pkt->netif);
  icmpv6_send(pkt->netif->stack, pkt, &rx, ICMP6_UNREACHABLE,
              ICMP6_UNREACH_ADDRESS, 0);
}

static void send_on(struct pkt *pkt, const struct ip_rx *rx, uint32_t l4,
                    struct ipv6_link *out, const struct ph_addr *next_hop) {
  struct ph_stack *stack = ipv6_stack_of(out);
  uint16_t sum = 0;
  if (pkt->gso_type != PKT_GSO_NONE) {
    sum = ipv6_pseudo_sum(&rx->src, &rx->dst, IP_PROTO_TCP, pkt->len - l4);
  }
  ip_forward_offload(pkt, l4, sum);
  pkt->head[IPV6_OFF_HOPS]--;
  struct eth_neighbour *neighbour;
  ip_forward_sent(stack, pkt, nd_output(out, pkt, next_hop, &neighbour),
                  &stack->stats.Ip6OutForwDatagrams);
}

/* To the next hop, if the link takes it. */
static void route(struct pkt *pkt, const struct ip_rx *rx) {
  struct ph_stack *stack = pkt->netif->stack;
  struct ph_stats *stats = &stack->stats;
  struct ph_addr next_hop;
  struct ipv6_link *out = ipv6_next_hop(ipv6_of(stack), &rx->dst, &next_hop);
  if (!out || out->disabled) {
    refuse(stack, pkt, rx, &stats->Ip6OutNoRoutes, ICMP6_UNREACHABLE,
           ICMP6_UNREACH_ROUTE, 0);
    return;
  }
  /* RFC 4291 2.5.6: a link-local address does not leave its link. */
  if (ipv6_is_link_local(rx->src.bytes)) {
    refuse(stack, pkt, rx, &stats->Ip6InAddrErrors, ICMP6_UNREACHABLE,
           ICMP6_UNREACH_SCOPE, 0);
    return;
  }
  uint8_t next = rx->protocol;
  uint32_t l4 = IPV6_HDR_LEN;
  if (pkt->gso_type != PKT_GSO_NONE && next != IP_PROTO_TCP) {
    l4 = 0; /* nothing is coalesced behind extension headers */
  }
  uint32_t longest = ip_forward_longest(pkt, l4);
  uint32_t mtu = ipv6_link_mtu(out);
  if (longest == 0) {
    ip_drop(pkt, &stats->Ip6InDiscards);
  } else if (longest > mtu) { /* RFC 8200 5: only its sender may fragment */
    refuse(stack, pkt, rx, &stats->Ip6InTooBigErrors, ICMP6_TOO_BIG, 0, mtu);
  } else {
    send_on(pkt, rx, l4, out, &next_hop);
  }
}

void ipv6_forward(struct netif *netif, struct pkt *pkt, bool group) {
  struct ph_stack *stack = netif->stack;
  struct ph_stats *stats = &stack->stats;
  struct ip_rx rx = rx_of(pkt, netif);
  pkt->l3 = pkt->head;
  if (group || !addresses_good(ipv6_of(stack), &rx)) {
    ip_drop(pkt, &stats->Ip6InAddrErrors);
  } else if (rx.ttl <= 1) {
    refuse(stack, pkt, &rx, &stats->Ip6InHdrErrors, ICMP6_TIME_EXCEEDED, 0, 0);
  } else {
    route(pkt, &rx);
  }
}
