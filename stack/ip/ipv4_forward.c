/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding of IPv4: RFC 1812 5. What is for nobody in particular, what can't
 * have been sent and what wants to choose its own way goes no further. */
#include "stack/eth/eth.h"
#include "stack/ip/ip_forward.h"
#include "stack/wire/ip_wire.h"

/* 169.254/16 stays on its link (RFC 3927 2.6.2). */
static bool is_link_local(uint32_t ip) {
  return ip >> 16 == 0xa9fe;
}

/* RFC 1812 5.3.7: nor what was sent to a group, to nobody, or to who is on the
 * link. The rest was checked on input, with RFC 2644's broadcasts. */
static bool addresses_good(uint32_t src, uint32_t dst) {
  return !is_link_local(src) && !is_link_local(dst) && ipv4_is_unicast(dst);
}

/* What a router would have to write into is refused (RFC 7126 4.3 to 4.6); the
 * options' lengths were checked on input. */
static bool options_refused(const uint8_t *h, uint32_t ihl) {
  for (uint32_t at = IPV4_HDR_LEN; at < ihl && h[at] != IPV4_OPT_END;
       at += h[at] == IPV4_OPT_NOP ? 1u : h[at + 1]) {
    if (h[at] == IPV4_OPT_RECORD_ROUTE || h[at] == IPV4_OPT_TIMESTAMP) {
      return true;
    }
  }
  return false;
}

/* Tell the sender, count, drop. */
static PH_APART void refuse(struct ph_stack *stack, struct pkt *pkt,
                            uint64_t *counter, uint8_t type, uint8_t code,
                            uint32_t word) {
  struct ip_rx rx = ipv4_rx(pkt->head, false);
  icmp_send(stack, pkt, &rx, type, code, word);
  ++*counter;
  pkt_put(pkt);
}

static PH_APART void drop(struct pkt *pkt, uint64_t *counter) {
  ++*counter;
  pkt_put(pkt);
}

void ipv4_forward_failed(struct ph_stack *stack, const struct pkt *pkt) {
  struct ip_rx rx = ipv4_rx(pkt->head, false);
  icmp_send(stack, pkt, &rx, ICMP_UNREACHABLE, ICMP_UNREACH_HOST, 0);
}

/* RFC 1624 (eqn. 3) for the one that is taken from the TTL: the sum of the
 * other words grows by 0x0100. */
static void decrement_ttl(uint8_t *h) {
  uint32_t sum = get_be16(h + IPV4_OFF_CSUM) + 0x0100u;
  put_be16(h + IPV4_OFF_CSUM, (uint16_t)(sum + (sum >> 16)));
  h[IPV4_OFF_TTL]--;
}

/* A packet that may be fragmented will be. Of a super-segment without "don't
 * fragment" the segments get shorter instead. False: it may not be. */
static PH_APART bool shorten(struct pkt *pkt, uint32_t longest,
                             const struct netif *out) {
  uint32_t header = longest - pkt->gso_size;
  if (get_be16(pkt->head + IPV4_OFF_FRAG) & IPV4_DF) {
    return false;
  }
  if (pkt->gso_type == PKT_GSO_NONE) {
    pkt->gso_type = PKT_GSO_FRAGMENT;
    pkt->gso_size = out->caps.mtu;
  } else if (header >= out->caps.mtu) {
    return false;
  } else {
    pkt->gso_size = (uint16_t)(out->caps.mtu - header);
  }
  return true;
}

/* As long as it is, or to be cut. */
static PH_APART void set_offload(struct pkt *pkt, uint32_t ihl) {
  struct ip_rx rx = ipv4_rx(pkt->head, false);
  ip_forward_offload(
      pkt, ihl,
      ipv4_family.pseudo_sum(&rx.src, &rx.dst, rx.protocol, pkt->len - ihl));
}

void ipv4_forward(struct netif *netif, struct pkt *pkt, bool group) {
  struct ph_stack *stack = netif->stack;
  struct ph_stats *stats = &stack->stats;
  const uint8_t *h = pkt->head;
  uint32_t ihl = (h[0] & 15u) * 4;
  uint32_t dst = get_be32(h + IPV4_OFF_DST);
  pkt->l3 = pkt->head;
  /* RFC 1812 5.3.4: nothing that came in a frame to all. */
  if (group || !addresses_good(get_be32(h + IPV4_OFF_SRC), dst)) {
    drop(pkt, &stats->IpInAddrErrors);
    return;
  }
  if (ihl > IPV4_HDR_LEN && options_refused(h, ihl)) {
    drop(pkt, &stats->IpInHdrErrors);
    return;
  }
  if (h[IPV4_OFF_TTL] <= 1) { /* RFC 1812 5.3.1 */
    refuse(stack, pkt, &stats->IpInHdrErrors, ICMP_TIME_EXCEEDED, 0, 0);
    return;
  }
  const struct ip_route *route = ip_trie_lookup_v4(&ip_of(stack)->trie, dst);
  if (!route || route->netif->loopback) {
    refuse(stack, pkt, &stats->IpOutNoRoutes, ICMP_UNREACHABLE,
           ICMP_UNREACH_NET, 0);
    return;
  }
  struct netif *out = route->netif;
  uint32_t next_hop = route->gateway ? ph_addr_to_v4(&route->next_hop) : dst;
  bool plain = ip_forward_plain(pkt);
  uint32_t longest = plain ? pkt->len : ip_forward_longest(pkt, ihl);
  if (longest == 0) {
    drop(pkt, &stats->IpInDiscards);
    return;
  }
  if (longest > out->caps.mtu && !shorten(pkt, longest, out)) { /* RFC 1191 4 */
    refuse(stack, pkt, &stats->IpFragFails, ICMP_UNREACHABLE,
           ICMP_UNREACH_TOO_BIG, out->caps.mtu);
    return;
  }
  if (plain) {
    pkt->csum = PKT_CSUM_NONE; /* it is in its place */
  } else {
    set_offload(pkt, ihl);
  }
  decrement_ttl(pkt->head);
  struct eth_neighbour *neighbour;
  ip_forward_sent(stack, pkt, arp_output(out, pkt, next_hop, &neighbour),
                  &stats->IpForwDatagrams);
}
