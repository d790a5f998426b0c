/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 input: RFC 791 3.1, the host rules of RFC 1122 3.2.1. Everything that
 * is dropped is counted. */
#include "stack/ip/ip_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"

static void drop(struct pkt *pkt, uint64_t *counter) {
  ++*counter;
  pkt_put(pkt);
}

/* Lengths, version and checksum; cuts Ethernet's padding. Returns the header's
 * length or 0. */
static PH_APART_IF_SMALL uint32_t check_header(struct ph_stats *stats,
                                               struct pkt *pkt) {
  const uint8_t *h = pkt->head;
  uint32_t ihl = IPV4_HDR_LEN;
  if (pkt->head_len < IPV4_HDR_LEN) {
    return 0;
  }
  if (h[0] != (4 << 4 | IPV4_HDR_LEN / 4)) { /* version 4, no options */
    ihl = (h[0] & 15u) * 4;
    if (h[0] >> 4 != 4 || ihl < IPV4_HDR_LEN || ihl > pkt->head_len) {
      return 0;
    }
  }
  uint32_t len = get_be16(h + IPV4_OFF_LEN);
  if (len < ihl || len > pkt->len) {
    return 0;
  }
  bool good = PH_SHORT_WAYS && ihl == IPV4_HDR_LEN
                  ? csum_ipv4_header_good(h)
                  : csum_data(h, ihl, 0) == 0xffff;
  if (!good) { /* RFC 1122 3.2.1.2 */
    stats->IpInCsumErrors++;
    return 0;
  }
  pkt_trim(pkt, len);
  return ihl;
}

/* Options are skipped, but their lengths must be right, and source routes are
 * refused (RFC 7126 4.3, 4.4). */
PH_APART static bool options_good(const uint8_t *h, uint32_t ihl) {
  uint32_t at = IPV4_HDR_LEN;
  while (at < ihl && h[at] != IPV4_OPT_END) {
    if (h[at] == IPV4_OPT_NOP) {
      at++;
      continue;
    }
    if (ihl - at < 2 || h[at + 1] < 2 || h[at + 1] > ihl - at ||
        h[at] == IPV4_OPT_LSRR || h[at] == IPV4_OPT_SSRR) {
      return false;
    }
    at += h[at + 1];
  }
  return true;
}

/* A broadcast address, or a group that is listened to there. */
static PH_APART bool takes_group(const struct ip_state *ip, struct netif *netif,
                                 uint32_t dst) {
  const struct ph_addr addr = ph_addr_v4(dst);
  return ipv4_is_multicast(dst) ? ipv4_heard(netif, &addr)
                                : ipv4_is_broadcast(ip, dst, netif);
}

/* Who a packet is for. */
enum ends {
  ENDS_BAD,     /* nobody: it can't be */
  ENDS_OURS,    /* this host */
  ENDS_ALL,     /* this host and others */
  ENDS_FOREIGN, /* others alone */
};

/* Both are of this host, 127/8 included. */
static enum ends loopback_ends(const struct ip_state *ip, struct netif *netif,
                               uint32_t src, uint32_t dst) {
  if (!ipv4_is_own(ip, src)) {
    return ENDS_BAD;
  }
  return ipv4_is_own(ip, dst)          ? ENDS_OURS
         : takes_group(ip, netif, dst) ? ENDS_ALL
                                       : ENDS_BAD;
}

/* Is one of them an address of ours, or of all on a link of ours? */
static inline bool is_known(const struct ip_state *ip, uint32_t src,
                            uint32_t dst) {
  const struct ipv4_address *end = ip->addresses + ip->address_count;
  for (const struct ipv4_address *a = ip->addresses; a < end; a++) {
    if (src == a->ip || dst == a->ip || src == a->broadcast ||
        dst == a->broadcast) {
      return true;
    }
  }
  return false;
}

/* RFC 1122 3.2.1.3: who can't be a sender. Own addresses come only from the
 * loopback interface (the LAND attack otherwise). And is it for us? */
PH_APART static enum ends judge_ends(const struct ip_state *ip,
                                     struct netif *netif, uint32_t src,
                                     uint32_t dst, bool group) {
  if (!ipv4_is_unicast(src)) { /* (a): who has no address yet may ask all */
    return src == 0 && dst == UINT32_MAX ? ENDS_ALL : ENDS_BAD;
  }
  /* Most of what a router sees. Groups and 255.255.255.255 lie above. */
  if (PH_SHORT_WAYS && dst < 0xe0000000 && !is_known(ip, src, dst)) {
    return ENDS_FOREIGN;
  }
  bool own = false, broadcast = false, all = dst == UINT32_MAX;
  for (uint32_t i = 0; i < ip->address_count; i++) {
    const struct ipv4_address *a = &ip->addresses[i];
    if (src == a->ip || src == a->broadcast) {
      return ENDS_BAD;
    }
    if (dst == a->ip) {
      own = true;
    } else if (dst == a->broadcast) {
      broadcast = true;
      all = all || a->netif == netif;
    }
  }
  if (own) { /* RFC 1122 3.3.6: unicast inside a link broadcast is an error. */
    return group || ipv4_is_loopback(dst) ? ENDS_BAD : ENDS_OURS;
  }
  if (ipv4_is_multicast(dst)) {
    return takes_group(ip, netif, dst) ? ENDS_ALL : ENDS_BAD;
  }
  return all ? ENDS_ALL : broadcast ? ENDS_BAD : ENDS_FOREIGN;
}

/* Both addresses; if the packet is for us, those of the next one will need no
 * second look: packets come in trains. */
static inline enum ends ends_of(struct ip_state *ip, struct netif *netif,
                                const uint8_t *h, bool group, bool looped) {
  uint32_t src = get_be32(h + IPV4_OFF_SRC);
  uint32_t dst = get_be32(h + IPV4_OFF_DST);
  if (netif->loopback || looped) {
    return loopback_ends(ip, netif, src, dst);
  }
  enum ends judged = judge_ends(ip, netif, src, dst, group);
  if (PH_SHORT_WAYS && judged == ENDS_OURS) {
    memcpy(&ip->good_ends, h + IPV4_OFF_SRC, sizeof(ip->good_ends));
    ip->good_netif = netif;
  }
  return judged;
}

/* Nobody wants it, but perhaps who had a look at it. */
static void deliver_to_nobody(struct ph_stack *stack, struct pkt *pkt,
                              const struct ip_rx *rx, bool tapped) {
  struct ph_stats *stats = &stack->stats;
  if (!tapped) {
    ip_send_unreachable(stack, pkt, rx, IP_ERROR_PROTO_UNREACHABLE);
  }
  drop(pkt, tapped ? &stats->IpInDelivers : &stats->IpInUnknownProtos);
}

/* To who wants it; `tap`: or has a look at all packets. */
static inline void deliver(struct ph_stack *stack, const struct ip_state *ip,
                           struct pkt *pkt, uint32_t ihl,
                           const struct ip_rx *rx, bool tap) {
  pkt->l3 = pkt->head;
  pkt_strip(pkt, ihl);
  const struct ip_protocol *protocol = ip->protocols[rx->protocol];
  bool tapped = tap && ip->tap->input(stack, pkt, rx);
  if (!protocol) {
    deliver_to_nobody(stack, pkt, rx, tapped);
    return;
  }
  stack->stats.IpInDelivers++;
  protocol->input(stack, pkt, rx);
}

PH_APART static void input_any(struct netif *netif, struct pkt *pkt,
                               bool group) {
  struct ph_stack *stack = netif->stack;
  struct ph_stats *stats = &stack->stats;
  struct ip_state *ip = ip_of(stack);
  uint32_t ihl = check_header(stats, pkt);
  const uint8_t *h = pkt->head;
  if (ihl == 0 || (ihl > IPV4_HDR_LEN && !options_good(h, ihl))) {
    drop(pkt, &stats->IpInHdrErrors);
    return;
  }
  enum ends ends = ends_of(ip, netif, h, group, pkt->looped);
  if (ends == ENDS_FOREIGN && ip->forward4) {
    ip->forward4(netif, pkt, group);
    return;
  }
  if (ends != ENDS_OURS && ends != ENDS_ALL &&
      !(ip->from_switch && ip->from_switch(netif, h))) {
    drop(pkt, &stats->IpInAddrErrors);
    return;
  }
  bool broadcast = ends != ENDS_OURS;
  if (get_be16(h + IPV4_OFF_FRAG) & IPV4_FRAG_MASK) {
    if (!ip->reassemble4) {
      drop(pkt, &stats->IpReasmFails);
      return;
    }
    pkt = ip->reassemble4(stack, pkt, broadcast);
    if (!pkt) {
      return;
    }
    ihl = (pkt->head[0] & 15u) * 4;
  }
  const struct ip_rx rx = ipv4_rx(pkt->head, broadcast);
  deliver(stack, ip, pkt, ihl, &rx, ip->tap != NULL);
}

static inline bool has_padding(const struct pkt *pkt, uint32_t len) {
  return pkt->nfrags == 0 && len >= IPV4_HDR_LEN && len < pkt->len;
}

/* Most packets: from who sent the last one to us, whole, without options, and
 * padding only in one piece. input_any() would do the same. */
static inline bool is_usual(const struct ip_state *ip,
                            const struct netif *netif, const struct pkt *pkt,
                            bool group) {
  const uint8_t *h = pkt->head;
  uint64_t ends;
  if (pkt->head_len < IPV4_HDR_LEN || group) {
    return false;
  }
  memcpy(&ends, h + IPV4_OFF_SRC, sizeof(ends));
  return ends == ip->good_ends && netif == ip->good_netif && !pkt->looped &&
         h[0] == (4 << 4 | IPV4_HDR_LEN / 4) &&
         PH_USUAL(get_be16(h + IPV4_OFF_LEN) == pkt->len ||
                  has_padding(pkt, get_be16(h + IPV4_OFF_LEN))) &&
         csum_ipv4_header_good(h) &&
         !(get_be16(h + IPV4_OFF_FRAG) & IPV4_FRAG_MASK) && !ip->tap;
}

PH_APART static void input_usual(struct ph_stack *stack, struct pkt *pkt,
                                 const struct ip_state *ip, uint32_t len) {
  const struct ip_rx rx = ipv4_rx(pkt->head, false);
  pkt->head_len -= pkt->len - len;
  pkt->len = len;
  deliver(stack, ip, pkt, IPV4_HDR_LEN, &rx, false);
}

void ipv4_input(struct netif *netif, struct pkt *pkt, bool group) {
  struct ph_stack *stack = netif->stack;
  const struct ip_state *ip = ip_of(stack);
  stack->stats.IpInReceives++;
  if (PH_SHORT_WAYS && PH_USUAL(is_usual(ip, netif, pkt, group))) {
    input_usual(stack, pkt, ip, get_be16(pkt->head + IPV4_OFF_LEN));
  } else {
    input_any(netif, pkt, group);
  }
}
