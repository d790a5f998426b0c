/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery messages: solicitations and advertisements in both
 * directions (RFC 4861 7), redirects (8), and the checks that all of them must
 * pass (6.1, 7.1, 8.1). A message that fails one is counted and dropped, and
 * nothing of it is used. */
#include "stack/ip/ipv6_internal.h"

/* ---- Options ------------------------------------------------------------- */

bool nd_options_good(const uint8_t *message, uint32_t len, uint32_t from) {
  while (from < len) {
    uint32_t own =
        len - from < 2 ? 0 : message[from + 1] * (uint32_t)ND_OPT_UNIT;
    if (own == 0 || own > len - from) {
      return false;
    }
    from += own;
  }
  return true;
}

/* The options were found good, so that each has a length. */
PH_SHARED const uint8_t *nd_option(const uint8_t *message, uint32_t len,
                                   uint32_t from, uint8_t kind) {
  for (; from < len; from += message[from + 1] * (uint32_t)ND_OPT_UNIT) {
    if (message[from] == kind) {
      return message + from + 2;
    }
  }
  return NULL;
}

PH_SHARED const uint8_t *nd_mac_option(const uint8_t *message, uint32_t len,
                                       uint32_t from, uint8_t kind) {
  const uint8_t *mac = nd_option(message, len, from, kind);
  return mac && !eth_addr_is_group(mac) ? mac : NULL;
}

/* ---- Sending ------------------------------------------------------------- */

struct pkt *nd_message_new(struct ipv6_link *link, uint8_t type, uint32_t len) {
  struct pkt *pkt = ph_stack_pkt(ipv6_stack_of(link), ND_HEADROOM, len);
  if (pkt) {
    pkt->head[0] = type;
  }
  return pkt;
}

void nd_append_mac(struct pkt *pkt, const struct ipv6_link *link,
                   uint8_t kind) {
  uint8_t *option = pkt->head + pkt->head_len;
  option[0] = kind;
  option[1] = 1;
  memcpy(option + 2, link->netif->mac, ETH_ADDR_LEN);
  pkt->head_len += ND_OPT_MAC_LEN;
  pkt->len += ND_OPT_MAC_LEN;
}

static void put_target(uint8_t *to, const struct ph_addr *target) {
  memcpy(to, target->bytes, 16);
  ipv6_clear_zone(to);
}

void nd_send_solicit(struct ipv6_link *link, const struct ph_addr *src,
                     const struct ph_addr *target, const uint8_t *mac) {
  struct pkt *pkt = nd_message_new(link, ICMP6_NS, ND_SOLICIT_LEN);
  if (!pkt) {
    return;
  }
  put_target(pkt->head + ND_OFF_TARGET, target);
  if (src) {
    nd_append_mac(pkt, link, ND_OPT_SOURCE_MAC);
  }
  struct ph_addr dst = mac ? *target : ipv6_solicited_group(target);
  ipv6_send_on_link(link, pkt, src, &dst, mac);
}

/* RFC 4861 7.2.4. To where the solicitation says that it came from: so an
 * answer needs no place in the cache, and is not yet a use of the neighbour. */
static void send_advert(struct ipv6_link *link, const struct ph_addr *target,
                        const struct ph_addr *to, const uint8_t *mac) {
  struct pkt *pkt = nd_message_new(link, ICMP6_NA, ND_SOLICIT_LEN);
  if (!pkt) {
    return;
  }
  bool solicited = !ipv6_is_unspecified(to->bytes);
  bool router = ip_of(ipv6_stack_of(link))->forward6;
  pkt->head[ND_OFF_FLAGS] =
      (uint8_t)((router ? ND_NA_ROUTER : 0) | ND_NA_OVERRIDE |
                (solicited ? ND_NA_SOLICITED : 0));
  put_target(pkt->head + ND_OFF_TARGET, target);
  nd_append_mac(pkt, link, ND_OPT_TARGET_MAC);
  ipv6_send_on_link(link, pkt, target, solicited ? to : &ipv6_all_nodes, mac);
}

void nd_solicit_routers(struct ipv6_link *link) {
  struct ph_stack *stack = ipv6_stack_of(link);
  link->solicits_left = ND_MAX_SOLICIT;
  ph_stack_timer_within(stack, &link->solicit_timer, ND_START_DELAY_NS);
}

/* RFC 4861 6.3.7: three times, until a router answers. */
void nd_solicit_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ipv6_link *link =
      PH_CONTAINER_OF(timer, struct ipv6_link, solicit_timer);
  if (link->solicits_left == 0 || link->disabled) {
    return;
  }
  ph_stack_timer_in(stack, timer, ND_RS_INTERVAL_NS);
  struct pkt *pkt =
      link->netif->up ? nd_message_new(link, ICMP6_RS, ND_RS_LEN) : NULL;
  if (!pkt) {
    return; /* nobody heard it: it does not count */
  }
  const struct ipv6_address *a = ipv6_link_local(link);
  if (a) {
    nd_append_mac(pkt, link, ND_OPT_SOURCE_MAC);
  }
  link->solicits_left--;
  ipv6_send_on_link(link, pkt, a ? &a->addr : NULL, &ipv6_all_routers, NULL);
}

/* ---- Receiving ----------------------------------------------------------- */

/* RFC 4861 7.2.3, RFC 4862 5.4.3. */
static bool solicit_input(struct ipv6_link *link, const uint8_t *m,
                          uint32_t len, const struct ip_rx *rx) {
  struct ph_stack *stack = ipv6_stack_of(link);
  const uint8_t *mac = nd_mac_option(m, len, ND_SOLICIT_LEN, ND_OPT_SOURCE_MAC);
  bool dad = ipv6_is_unspecified(rx->src.bytes);
  struct ph_addr target = ipv6_addr_at(m + ND_OFF_TARGET, link->netif);
  struct ph_addr group = ipv6_solicited_group(&target);
  if (ipv6_is_multicast(target.bytes) ||
      (dad && (mac || !ph_addr_equal(&rx->dst, &group)))) {
    return false;
  }
  struct ipv6_address *a = ipv6_address_find(ipv6_of(stack), &target);
  if (!a || a->link != link || a->state == IPV6_ADDRESS_DUPLICATE) {
    return true; /* not for us */
  }
  if (a->state == IPV6_ADDRESS_TENTATIVE) {
    if (dad) { /* another node wants it, too: neither gets it */
      ipv6_address_duplicate(stack, a);
    }
    return true;
  }
  if (!dad) {
    (void)nd_learn(link, &rx->src, mac);
  }
  send_advert(link, &target, &rx->src, mac);
  return true;
}

/* What an advertisement tells of a neighbour that we know: RFC 4861 7.2.5 and
 * appendix C. */
static void advert_update(struct nd_neighbour *n, const uint8_t *mac,
                          uint8_t flags) {
  bool solicited = flags & ND_NA_SOLICITED;
  bool router = flags & ND_NA_ROUTER;
  bool other = mac && memcmp(n->eth.mac, mac, ETH_ADDR_LEN) != 0;
  if (n->state == ND_INCOMPLETE) {
    if (!mac) {
      return;
    }
    nd_set_mac(n, mac);
    n->is_router = router;
    if (solicited) {
      nd_reachable(n);
    } else {
      nd_stale(n);
    }
    return;
  }
  if (other && !(flags & ND_NA_OVERRIDE)) {
    if (n->state == ND_REACHABLE) {
      nd_stale(n);
    }
    return;
  }
  if (other) {
    nd_set_mac(n, mac);
  }
  if (solicited) {
    nd_reachable(n);
  } else if (other) {
    nd_stale(n);
  }
  if (n->is_router && !router) { /* it is no router any more */
    ipv6_router_set(n->link, &n->addr, 0);
    ipv6_next_hop_failed(n->link, &n->addr);
  }
  n->is_router = router;
}

static bool advert_input(struct ipv6_link *link, const uint8_t *m, uint32_t len,
                         const struct ip_rx *rx) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ph_addr target = ipv6_addr_at(m + ND_OFF_TARGET, link->netif);
  uint8_t flags = m[ND_OFF_FLAGS];
  if (ipv6_is_multicast(target.bytes) ||
      (rx->broadcast && (flags & ND_NA_SOLICITED)) ||
      ipv6_is_unspecified(rx->src.bytes)) {
    return false;
  }
  struct ipv6_address *a = ipv6_address_find(ipv6_of(stack), &target);
  if (a) { /* RFC 4862 5.4.4; while it is ours, somebody else is wrong */
    if (a->state == IPV6_ADDRESS_TENTATIVE && a->link == link) {
      ipv6_address_duplicate(stack, a);
    }
    return a->state == IPV6_ADDRESS_DUPLICATE;
  }
  struct nd_neighbour *n = nd_find(link, &target);
  if (n) {
    advert_update(n, nd_mac_option(m, len, ND_SOLICIT_LEN, ND_OPT_TARGET_MAC),
                  flags);
  }
  return true;
}

/* RFC 4861 8.1, 8.3: only from the router that the destination goes through. */
static bool redirect_input(struct ipv6_link *link, const uint8_t *m,
                           uint32_t len, const struct ip_rx *rx) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ph_addr target = ipv6_addr_at(m + ND_OFF_TARGET, link->netif);
  struct ph_addr dst = ipv6_addr_at(m + ND_REDIRECT_OFF_DST, link->netif);
  bool to_itself = ph_addr_equal(&target, &dst);
  if (!ipv6_of(stack)->config.accept_redirects) {
    return true; /* heard, not heeded */
  }
  struct ip_path path = {.dst = dst};
  if (!ipv6_is_link_local(rx->src.bytes) || ipv6_is_multicast(dst.bytes) ||
      (!to_itself && !ipv6_is_link_local(target.bytes)) ||
      ipv6_is_own(ipv6_of(stack), &target) || ipv6_route(stack, NULL, &path) ||
      !ph_addr_equal(&path.next_hop, &rx->src)) {
    return false;
  }
  struct nd_neighbour *n = nd_learn(
      link, &target, nd_mac_option(m, len, ND_REDIRECT_LEN, ND_OPT_TARGET_MAC));
  if (n && !to_itself) {
    n->is_router = true;
  }
  ipv6_redirect_set(link, &dst, &target);
  return true;
}

/* How long a message is at least, from ICMP6_RS on. */
static const uint8_t fixed_len[] = {ND_RS_LEN, ND_RA_LEN, ND_SOLICIT_LEN,
                                    ND_SOLICIT_LEN, ND_REDIRECT_LEN};

static bool take(struct ipv6_link *link, const uint8_t *m, uint32_t len,
                 const struct ip_rx *rx) {
  uint32_t fixed = fixed_len[m[0] - ICMP6_RS];
  if (rx->ttl != ND_HOPS || m[1] != 0 || len < fixed ||
      !nd_options_good(m, len, fixed)) {
    return false;
  }
  switch (m[0]) {
    case ICMP6_RA:
      return nd_router_advert(link, m, len, rx);
    case ICMP6_NS:
      return solicit_input(link, m, len, rx);
    case ICMP6_NA:
      return advert_input(link, m, len, rx);
    case ICMP6_REDIRECT:
      return redirect_input(link, m, len, rx);
    default: /* a host does not answer router solicitations: 6.2.6 */
      return !link->solicited || link->solicited(link, m, len, rx);
  }
}

void nd_input(struct ipv6_link *link, const struct pkt *pkt,
              const struct ip_rx *rx) {
  /* What does not lie in one piece came from no network. */
  if (pkt->nfrags > 0 || !take(link, pkt->head, pkt->head_len, rx)) {
    ipv6_stack_of(link)->stats.NdInErrors++;
  }
}
