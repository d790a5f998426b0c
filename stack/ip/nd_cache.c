/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbour cache of an interface (RFC 4861 5.1, 7.3): a table of sets of
 * four by a keyed hash, so that nobody can aim at a set; of a full set one that
 * is not known to be there, of several the one used longest ago, gives way.
 *
 * 1. Our own packets may take any place; what others tell takes only one that
 *    is free or STALE. So who speaks for many addresses can't push out those
 *    that we talk to.
 * 2. Packets that wait are bounded per neighbour and per interface.
 * 3. A path's header may be used without asking while eth.fresh_until_ns has
 *    not come: in REACHABLE, DELAY and PROBE, but not in STALE, whose first
 *    packet moves it to DELAY. Each change of address moves eth.version. */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/eth/eth.h"
#include "stack/ip/ipv6_internal.h"

static struct nd_neighbour *set_of(struct ipv6_link *link,
                                   const struct ph_addr *addr) {
  static const struct ph_addr none;
  uint32_t hash = ph_hash_ends(&link->key, addr, 0, &none, 0);
  return link->neighbours[hash % ND_SETS];
}

struct nd_neighbour *nd_find(struct ipv6_link *link,
                             const struct ph_addr *addr) {
  struct nd_neighbour *set = set_of(link, addr);
  for (int i = 0; i < ND_WAYS; i++) {
    if (set[i].state != ND_FREE && ph_addr_equal(&set[i].addr, addr)) {
      return &set[i];
    }
  }
  return NULL;
}

/* ---- States -------------------------------------------------------------- */

static bool unsure(const struct nd_neighbour *n) {
  return n->state == ND_DELAY || n->state == ND_PROBE;
}

static void set_state(struct nd_neighbour *n, enum nd_state state,
                      uint64_t timer_ns) {
  struct ph_stack *stack = ipv6_stack_of(n->link);
  stack->neighbours_unsure -= unsure(n);
  n->state = (uint8_t)state;
  stack->neighbours_unsure += unsure(n);
  n->probes = 0;
  n->eth.fresh_until_ns = state == ND_REACHABLE
                              ? stack->now_ns + n->link->reachable_ns
                          : unsure(n) ? UINT64_MAX
                                      : 0;
  if (timer_ns) {
    ph_stack_timer_in(stack, &n->timer, timer_ns);
  } else {
    ph_timer_cancel(&stack->timers, &n->timer);
  }
}

/* STALE is not announced by a timer: it is found when somebody looks. */
static enum nd_state state_of(const struct nd_neighbour *n) {
  bool old = n->state == ND_REACHABLE &&
             ipv6_stack_of(n->link)->now_ns >= n->eth.fresh_until_ns;
  return old ? ND_STALE : (enum nd_state)n->state;
}

/* Nobody answered (`report`: who sent is told, RFC 4861 7.2.2), or the place is
 * needed for another. */
static void forget(struct nd_neighbour *n, bool report) {
  struct ph_stack *stack = ipv6_stack_of(n->link);
  struct pkt *pkt;
  set_state(n, ND_FREE, 0);
  while ((pkt = eth_wait_next(&n->waiting)) != NULL) {
    stack->stats.NdResolveFailed++;
    if (report && pkt->l3) {
      ipv6_forward_failed(pkt);
    } else if (report) {
      struct ip_error_info info = {.error = IP_ERROR_HOST_UNREACHABLE};
      (void)ipv6_report_error(n->link->netif, pkt->head, pkt->head_len, &info);
    }
    pkt_put(pkt);
  }
}

/* May `a` go rather than `b`? First who is not known to be there. */
static bool goes_first(const struct nd_neighbour *a,
                       const struct nd_neighbour *b) {
  bool known_a = a->eth.fresh_until_ns > ipv6_stack_of(a->link)->now_ns;
  bool known_b = b->eth.fresh_until_ns > ipv6_stack_of(b->link)->now_ns;
  return known_a != known_b ? known_b : a->eth.used_ns < b->eth.used_ns;
}

/* A place for `addr`; `stranger`: somebody else asks for it. */
static struct nd_neighbour *make(struct ipv6_link *link,
                                 const struct ph_addr *addr, bool stranger) {
  struct nd_neighbour *set = set_of(link, addr);
  struct nd_neighbour *best = NULL;
  for (int i = 0; i < ND_WAYS; i++) {
    enum nd_state state = state_of(&set[i]);
    if (state == ND_FREE) {
      best = &set[i];
      break;
    }
    if ((!stranger || state == ND_STALE) &&
        (!best || goes_first(&set[i], best))) {
      best = &set[i];
    }
  }
  if (!best) {
    return NULL;
  }
  if (best->state != ND_FREE) {
    forget(best, false);
  }
  best->addr = *addr;
  best->is_router = false;
  best->eth.used_ns = ipv6_stack_of(link)->now_ns;
  best->eth.version++;
  return best;
}

/* ---- Asking -------------------------------------------------------------- */

/* Solicit it: by multicast while INCOMPLETE, else where it was last. The source
 * is that of the packet that waits, if there is one that this interface has
 * sent itself (RFC 4861 7.2.2): what a router forwards is another's, and so
 * would the answer be. */
static void ask(struct nd_neighbour *n) {
  struct ipv6_link *link = n->link;
  struct ph_stack *stack = ipv6_stack_of(link);
  const struct ipv6_address *a = NULL;
  n->probes++;
  const struct pkt *first = n->waiting.head;
  if (first && first->head_len >= IPV6_HDR_LEN) {
    struct ph_addr src = ipv6_addr_at(first->head + IPV6_OFF_SRC, link->netif);
    a = ipv6_address_find(ipv6_of(stack), &src);
  }
  if (!a || a->link != link) {
    a = ipv6_choose_source(stack, link, &n->addr);
  }
  if (a) {
    nd_send_solicit(link, &a->addr, &n->addr,
                    n->state == ND_INCOMPLETE ? NULL : n->eth.mac);
  }
}

static void neighbour_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct nd_neighbour *n = PH_CONTAINER_OF(timer, struct nd_neighbour, timer);
  uint64_t retrans_ns = n->link->retrans_ns;
  if (n->state == ND_DELAY) {
    set_state(n, ND_PROBE, retrans_ns);
    ask(n);
  } else if (n->probes < ND_MAX_SOLICIT) {
    ph_stack_timer_in(stack, timer, retrans_ns);
    ask(n);
  } else {
    stack->stats.NdUnreachable++;
    ipv6_next_hop_failed(n->link, &n->addr);
    forget(n, true);
  }
}

int nd_output(struct ipv6_link *link, struct pkt *pkt,
              const struct ph_addr *next_hop,
              struct eth_neighbour **neighbour) {
  struct nd_neighbour *n = nd_find(link, next_hop);
  bool known = n != NULL;
  if (!known) {
    n = make(link, next_hop, false);
    set_state(n, ND_INCOMPLETE, link->retrans_ns);
  }
  *neighbour = &n->eth;
  if (n->state == ND_INCOMPLETE) {
    struct ph_stack *stack = ipv6_stack_of(link);
    eth_wait(&n->waiting, pkt, &stack->stats.NdResolveFailed);
    if (!known) {
      ask(n);
    }
    return 0;
  }
  n->eth.used_ns = ipv6_stack_of(link)->now_ns;
  if (state_of(n) == ND_STALE) {
    set_state(n, ND_DELAY, ND_DELAY_NS);
  }
  return eth_output(link->netif, pkt, n->eth.mac, ETH_TYPE_IPV6);
}

/* ---- Hearing ------------------------------------------------------------- */

static void send_waiting(struct nd_neighbour *n) {
  eth_wait_end(&n->waiting, n->link->netif, n->eth.mac, ETH_TYPE_IPV6);
}

void nd_set_mac(struct nd_neighbour *n, const uint8_t *mac) {
  memcpy(n->eth.mac, mac, ETH_ADDR_LEN);
  n->eth.version++;
}

void nd_reachable(struct nd_neighbour *n) {
  set_state(n, ND_REACHABLE, 0);
  send_waiting(n);
}

void nd_stale(struct nd_neighbour *n) {
  set_state(n, ND_STALE, 0);
  if (n->waiting.head) { /* they use it: RFC 4861 7.3.3 */
    set_state(n, ND_DELAY, ND_DELAY_NS);
    send_waiting(n);
  }
}

struct nd_neighbour *nd_learn(struct ipv6_link *link,
                              const struct ph_addr *addr, const uint8_t *mac) {
  struct nd_neighbour *n = nd_find(link, addr);
  bool known = n && n->state != ND_INCOMPLETE;
  if (!mac) {
    return n;
  }
  n = n ? n : make(link, addr, true);
  if (n && (!known || memcmp(n->eth.mac, mac, ETH_ADDR_LEN) != 0)) {
    nd_set_mac(n, mac);
    nd_stale(n);
  }
  return n;
}

void nd_confirm(struct ph_stack *stack, const struct ip_path *path) {
  struct ipv6_link *link = path->netif->ipv6;
  (void)stack;
  struct nd_neighbour *n = link ? nd_find(link, &path->next_hop) : NULL;
  if (n && unsure(n)) {
    set_state(n, ND_REACHABLE, 0);
  }
}

/* ---- Interface ----------------------------------------------------------- */

void nd_link_init(struct ipv6_link *link) {
  for (int set = 0; set < ND_SETS; set++) {
    for (int way = 0; way < ND_WAYS; way++) {
      struct nd_neighbour *n = &link->neighbours[set][way];
      n->link = link;
      n->timer.fn = neighbour_timer;
      n->waiting.on_link = &link->queued;
    }
  }
}

int ph_nd_info(struct netif *netif, uint32_t index, struct ph_nd_info *info) {
  static const char names[] = "\0INCOMPLETE\0REACHABLE\0STALE\0DELAY\0PROBE";
  struct ipv6_link *link = netif->ipv6;
  for (uint32_t i = 0; link && i < ND_SETS * ND_WAYS; i++) {
    const struct nd_neighbour *n = &link->neighbours[i / ND_WAYS][i % ND_WAYS];
    if (n->state == ND_FREE || index-- > 0) {
      continue;
    }
    *info = (struct ph_nd_info){.address = n->addr,
                                .state = ph_text_nth(names, state_of(n)),
                                .is_router = n->is_router,
                                .queued = n->waiting.count};
    memcpy(info->mac, n->eth.mac, ETH_ADDR_LEN);
    (void)ip_addr_take_zone(&info->address);
    return 0;
  }
  return -PH_ENOENT;
}
