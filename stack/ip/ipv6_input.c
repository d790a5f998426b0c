/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 input: RFC 8200 3 and the address rules of RFC 4291 2. Everything that
 * is dropped is counted. */
#include "stack/ip/ipv6_internal.h"

/* Version and length; cuts Ethernet's padding. */
static bool check_header(struct ph_stats *stats, struct pkt *pkt) {
  const uint8_t *h = pkt->head;
  if (pkt->head_len < IPV6_HDR_LEN || h[0] >> 4 != 6) {
    stats->Ip6InHdrErrors++;
    return false;
  }
  uint32_t len = IPV6_HDR_LEN + (uint32_t)get_be16(h + IPV6_OFF_LEN);
  if (len > pkt->len) {
    stats->Ip6InTruncatedPkts++;
    return false;
  }
  pkt_trim(pkt, len);
  return true;
}

/* Who can't be a sender. Own addresses come only from the loopback interface
 * (the LAND attack otherwise); but who has the address that we ask about in
 * DAD may well send from it. */
static bool source_good(struct ipv6_state *v6, bool loopback,
                        const struct ph_addr *src, uint8_t next) {
  const uint8_t *s = src->bytes;
  bool own = ipv6_is_own(v6, src);
  if (loopback) {
    return own;
  }
  if (ipv6_is_unspecified(s)) { /* RFC 4291 2.5.2: only before it has one */
    return next == IPV6_NEXT_ICMP || next == IPV6_NEXT_HOP_BY_HOP;
  }
  /* Bytes of a link-local address that are our zone are 0 on the wire. */
  return ipv6_is_unicast(s) && (next == IPV6_NEXT_ICMP || !own);
}

/* Is it for us? `group`: it came in a group's frame. */
static bool destination_good(struct ipv6_state *v6, const struct netif *netif,
                             const struct ph_addr *dst, bool group) {
  if (ipv6_is_multicast(dst->bytes)) {
    return !netif->loopback && mld_heard(netif->ipv6, dst);
  }
  if (!netif->loopback && (group || ipv6_is_loopback(dst->bytes))) {
    return false;
  }
  return ipv6_is_own(v6, dst);
}

static bool wire_zone_good(const uint8_t *a) {
  return !ipv6_is_link_local(a) || (a[2] | a[3]) == 0;
}

static bool addresses_good(struct ipv6_state *v6, const struct netif *netif,
                           const uint8_t *h, bool group, bool looped,
                           struct ip_rx *rx) {
  if (!netif->loopback && (!wire_zone_good(h + IPV6_OFF_SRC) ||
                           !wire_zone_good(h + IPV6_OFF_DST))) {
    return false;
  }
  rx->src = ipv6_addr_at(h + IPV6_OFF_SRC, netif);
  rx->dst = ipv6_addr_at(h + IPV6_OFF_DST, netif);
  rx->broadcast = ipv6_is_multicast(h + IPV6_OFF_DST);
  return source_good(v6, netif->loopback || looped, &rx->src,
                     h[IPV6_OFF_NEXT]) &&
         destination_good(v6, netif, &rx->dst, group);
}

void ipv6_input(struct netif *netif, struct pkt *pkt, bool group) {
  struct ph_stack *stack = netif->stack;
  struct ph_stats *stats = &stack->stats;
  stats->Ip6InReceives++;
  if (!check_header(stats, pkt)) {
    pkt_put(pkt);
    return;
  }
  const uint8_t *h = pkt->head;
  struct ip_rx rx = {.ttl = h[IPV6_OFF_HOPS],
                     .tos = (uint8_t)(get_be16(h) >> 4),
                     .family = &ipv6_family};
  if ((!netif->ipv6 && !netif->loopback) ||
      !addresses_good(ipv6_of(stack), netif, h, group, pkt->looped, &rx)) {
    if (ip_of(stack)->forward6 && netif->ipv6) {
      ip_of(stack)->forward6(netif, pkt, group);
      return;
    }
    ip_drop(pkt, &stats->Ip6InAddrErrors);
    return;
  }
  struct ipv6_chain chain = {
      .at = IPV6_HDR_LEN, .next_at = IPV6_OFF_NEXT, .next = h[IPV6_OFF_NEXT]};
  pkt->l3 = pkt->head;
  if (!ipv6_walk(stack, &pkt, &rx, &chain)) {
    return;
  }
  rx.tos = (uint8_t)(get_be16(pkt->l3) >> 4); /* of all of its fragments */
  rx.protocol = chain.next;
  (void)pkt_pull(pkt, chain.at);
  const struct ip_protocol *protocol =
      chain.next == IP_PROTO_ICMP ? NULL : ip_of(stack)->protocols[chain.next];
  const struct ip_tap *tap = ip_of(stack)->tap;
  bool tapped = tap && tap->input(stack, pkt, &rx);
  if (chain.next == IPV6_NEXT_ICMP) {
    stats->Ip6InDelivers++;
    icmpv6_input(stack, pkt, &rx, chain.router_alert);
  } else if (protocol && !ipv6_is_unspecified(rx.src.bytes)) {
    stats->Ip6InDelivers++;
    protocol->input(stack, pkt, &rx);
  } else if (tapped) {
    ip_drop(pkt, &stats->Ip6InDelivers);
  } else { /* RFC 8200 4: it is a header that we don't know */
    icmpv6_send(stack, pkt, &rx, ICMP6_PARAMETER, ICMP6_PARAM_NEXT,
                chain.next_at);
    ip_drop(pkt, &stats->Ip6InUnknownProtos);
  }
}
