/* SPDX-License-Identifier: Apache-2.0 */
/* Extension headers (RFC 8200 4): each is at least 8 bytes long and says its
 * own length in units of 8, so the walk always advances; it ends at the
 * packet's end and after IPV6_MAX_HEADERS at the latest (RFC 8504 5.3 lets a
 * host set a limit). All of them must lie in the packet's linear part. */
#include "stack/ip/ip_reassembly.h"
#include "stack/ip/ipv6_internal.h"

enum result { NEXT, DISCARDED, REBUILT };

static enum result discard(struct pkt *pkt, uint64_t *counter) {
  ip_drop(pkt, counter);
  return DISCARDED;
}

/* Parameter Problem at `pointer`. */
static enum result problem(struct ph_stack *stack, struct pkt *pkt,
                           const struct ip_rx *rx, uint8_t code,
                           uint32_t pointer) {
  icmpv6_send(stack, pkt, rx, ICMP6_PARAMETER, code, pointer);
  return discard(pkt, &stack->stats.Ip6InHdrErrors);
}

/* RFC 8200 4.2: what to do with an option that nobody knows stands in the two
 * highest bits of its type. */
static enum result unknown_option(struct ph_stack *stack, struct pkt *pkt,
                                  const struct ip_rx *rx, uint32_t at) {
  switch (pkt->head[at] >> 6) {
    case 0:
      return NEXT;
    case 1:
      return discard(pkt, &stack->stats.Ip6InHdrErrors);
    case 2:
      return problem(stack, pkt, rx, ICMP6_PARAM_OPTION, at);
    default: /* not if it was sent to a group */
      return rx->broadcast ? discard(pkt, &stack->stats.Ip6InHdrErrors)
                           : problem(stack, pkt, rx, ICMP6_PARAM_OPTION, at);
  }
}

/* The options of a header of `len` bytes at `start`. */
static enum result walk_options(struct ph_stack *stack, struct pkt *pkt,
                                const struct ip_rx *rx, uint32_t start,
                                uint32_t len, struct ipv6_chain *chain) {
  const uint8_t *h = pkt->head;
  uint32_t end = start + len;
  for (uint32_t at = start + 2; at < end;) {
    if (h[at] == IPV6_OPT_PAD1) {
      at++;
      continue;
    }
    if (end - at < 2 || h[at + 1] > end - at - 2) {
      return problem(stack, pkt, rx, ICMP6_PARAM_FIELD, at);
    }
    if (h[at] == IPV6_OPT_ROUTER_ALERT) {
      chain->router_alert = h[at + 1] == 2;
    } else if (h[at] != IPV6_OPT_PADN &&
               unknown_option(stack, pkt, rx, at) == DISCARDED) {
      return DISCARDED;
    }
    at += 2u + h[at + 1];
  }
  return NEXT;
}

/* RFC 8200 4.4: of no type that we would follow; type 0 is refused by RFC 5095
 * and treated like any other. */
static PH_APART_IF_SMALL enum result check_routing(struct ph_stack *stack,
                                                   struct pkt *pkt,
                                                   const struct ip_rx *rx,
                                                   uint32_t at) {
  if (pkt->head[at + IPV6_ROUTING_OFF_LEFT] == 0) {
    return NEXT;
  }
  return problem(stack, pkt, rx, ICMP6_PARAM_FIELD, at + IPV6_ROUTING_OFF_TYPE);
}

/* Its data, as the header at `at` has them. */
static enum result rebuild(struct ph_stack *stack, struct pkt **pkt,
                           const struct ip_rx *rx, struct ipv6_chain *chain) {
  const struct ip_state *ip = ip_of(stack);
  const uint8_t *h = (*pkt)->head;
  uint32_t field = get_be16(h + chain->at + IPV6_FRAG_OFF_OFFSET);
  struct ip_fragment fragment = {
      .rx = *rx,
      .id = get_be32(h + chain->at + IPV6_FRAG_OFF_ID),
      .header_len = chain->at,
      .data_at = chain->at + IPV6_FRAG_LEN,
      .next_at = chain->next_at,
      .offset = field & IPV6_FRAG_OFFSET_MASK,
      .more = field & IPV6_FRAG_MORE};
  fragment.rx.protocol = IPV6_NEXT_FRAGMENT;
  /* RFC 8200 4.5 has one fragment header in a packet. */
  if (!ip->reassemble || chain->rebuilt) {
    return discard(*pkt, &stack->stats.Ip6ReasmFails);
  }
  *pkt = ip->reassemble(stack, *pkt, &fragment);
  if (!*pkt) {
    return DISCARDED;
  }
  (*pkt)->l3 = (*pkt)->head;
  chain->rebuilt = true;
  return REBUILT;
}

/* RFC 8200 4.5, RFC 6946: a fragment that is a whole packet goes on; packets
 * are built of the others. */
static enum result take_fragment(struct ph_stack *stack, struct pkt **pkt,
                                 const struct ip_rx *rx,
                                 struct ipv6_chain *chain) {
  uint32_t at = chain->at;
  const uint8_t *h = (*pkt)->head;
  uint32_t field = get_be16(h + at + IPV6_FRAG_OFF_OFFSET);
  uint32_t offset = field & IPV6_FRAG_OFFSET_MASK;
  uint32_t len = (*pkt)->len - at - IPV6_FRAG_LEN;
  bool more = field & IPV6_FRAG_MORE;
  if (offset == 0 && !more) {
    return NEXT;
  }
  if (more && len % 8 != 0) {
    return problem(stack, *pkt, rx, ICMP6_PARAM_FIELD, IPV6_OFF_LEN);
  }
  if (at - IPV6_HDR_LEN + offset + len > 65535) {
    return problem(stack, *pkt, rx, ICMP6_PARAM_FIELD,
                   at + IPV6_FRAG_OFF_OFFSET);
  }
  uint8_t next;
  if (offset == 0 && ipv6_upper_at(h, (*pkt)->head_len, &next) == 0) {
    return problem(stack, *pkt, rx, ICMP6_PARAM_FIRST_FRAGMENT, 0);
  }
  return rebuild(stack, pkt, rx, chain);
}

static bool is_extension(uint8_t next) {
  return next == IPV6_NEXT_HOP_BY_HOP || next == IPV6_NEXT_ROUTING ||
         next == IPV6_NEXT_FRAGMENT || next == IPV6_NEXT_DESTINATION;
}

/* The length of the header at `at`, or 0 if it is not all there. */
static uint32_t length_at(const uint8_t *ip, uint32_t len, uint32_t at,
                          uint8_t kind) {
  if (at > len || len - at < IPV6_EXT_UNIT) {
    return 0;
  }
  uint32_t own = kind == IPV6_NEXT_FRAGMENT ? (uint32_t)IPV6_FRAG_LEN
                                            : (ip[at + 1] + 1u) * IPV6_EXT_UNIT;
  return own <= len - at ? own : 0;
}

static enum result walk_one(struct ph_stack *stack, struct pkt **pkt,
                            const struct ip_rx *rx, uint32_t len,
                            struct ipv6_chain *chain) {
  switch (chain->next) {
    case IPV6_NEXT_ROUTING:
      return check_routing(stack, *pkt, rx, chain->at);
    case IPV6_NEXT_FRAGMENT:
      return take_fragment(stack, pkt, rx, chain);
    default:
      return walk_options(stack, *pkt, rx, chain->at, len, chain);
  }
}

bool ipv6_walk(struct ph_stack *stack, struct pkt **pkt, const struct ip_rx *rx,
               struct ipv6_chain *chain) {
  uint64_t *errors = &stack->stats.Ip6InHdrErrors;
  for (uint32_t i = 0; is_extension(chain->next); i++) {
    if (chain->next == IPV6_NEXT_HOP_BY_HOP && i > 0) {
      /* RFC 8200 4.1: it comes first or not at all. */
      (void)problem(stack, *pkt, rx, ICMP6_PARAM_NEXT, chain->next_at);
      return false;
    }
    uint32_t len =
        length_at((*pkt)->head, (*pkt)->head_len, chain->at, chain->next);
    if (len == 0 || i == IPV6_MAX_HEADERS) {
      (void)discard(*pkt, errors);
      return false;
    }
    enum result result = walk_one(stack, pkt, rx, len, chain);
    if (result == DISCARDED) {
      return false;
    }
    if (result == REBUILT) { /* what follows is now where that header was */
      chain->next = (*pkt)->head[chain->next_at];
      continue;
    }
    chain->next = (*pkt)->head[chain->at];
    chain->next_at = chain->at;
    chain->at += len;
  }
  if (chain->next == IPV6_NEXT_NONE) { /* RFC 8200 4.7 */
    (void)discard(*pkt, &stack->stats.Ip6InDiscards);
    return false;
  }
  return true;
}

uint32_t ipv6_upper_at(const uint8_t *ip, uint32_t len, uint8_t *next) {
  uint32_t at = IPV6_HDR_LEN;
  *next = len >= IPV6_HDR_LEN ? ip[IPV6_OFF_NEXT] : (uint8_t)IPV6_NEXT_NONE;
  for (uint32_t i = 0; is_extension(*next) && i < IPV6_MAX_HEADERS; i++) {
    uint32_t own = length_at(ip, len, at, *next);
    if (own == 0 ||
        (*next == IPV6_NEXT_FRAGMENT &&
         (get_be16(ip + at + IPV6_FRAG_OFF_OFFSET) & IPV6_FRAG_OFFSET_MASK))) {
      return 0;
    }
    *next = ip[at];
    at += own;
  }
  return !is_extension(*next) && *next != IPV6_NEXT_NONE && at < len ? at : 0;
}
