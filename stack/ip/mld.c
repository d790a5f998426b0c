/* SPDX-License-Identifier: Apache-2.0 */
/* The groups that our interfaces listen to, and what multicast routers and
 * snooping switches are told of it: the host side of MLDv2 (RFC 3810 5.2, 6),
 * and of MLDv1 (RFC 2710) where an old querier asks (RFC 3810 8.2.1).
 *
 * A group is listened to without regard to who sends, so that each is in one of
 * two states: EXCLUDE of nobody, or not there. A change is reported at once and
 * once more within a second (Robustness Variable 2), a query is answered after
 * a random part of the time that it allows. */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

enum { ROBUSTNESS = 2, REPORT_LEN = 8 };
#define UNSOLICITED_NS IPV6_SECOND         /* RFC 3810 9.11 */
#define OLD_QUERIER_NS (260 * IPV6_SECOND) /* 9.12, at its defaults */

/* RFC 3810 6: nobody asks about all nodes, or within one interface. */
static bool reported(const struct ph_addr *group) {
  return ipv6_multicast_scope(group->bytes) >= 2 &&
         !ph_addr_equal(group, &ipv6_all_nodes);
}

struct ipv6_group *mld_find(struct ipv6_link *link,
                            const struct ph_addr *addr) {
  struct ipv6_state *v6 = ipv6_of(ipv6_stack_of(link));
  for (uint32_t i = 0; i < IPV6_MAX_GROUPS; i++) {
    struct ipv6_group *g = &v6->groups[i];
    if (g->users > 0 && g->link == link && ph_addr_equal(&g->addr, addr)) {
      return g;
    }
  }
  return NULL;
}

/* ---- Reports ------------------------------------------------------------- */

static void send(struct ipv6_link *link, struct pkt *pkt, uint32_t len,
                 const struct ph_addr *dst) {
  static const struct ph_addr unspecified; /* RFC 3590 4: until DAD is done */
  const struct ipv6_address *a = ipv6_link_local(link);
  pkt->head_len = pkt->len = len;
  ipv6_stack_of(link)->stats.MldOutReports++;
  ipv6_send_on_link(link, pkt, a ? &a->addr : &unspecified, dst, NULL, 1, true);
}

static void report_v1(const struct ipv6_group *g, struct pkt *pkt) {
  bool member = g->users > 0;
  memset(pkt->head, 0, MLD1_LEN);
  pkt->head[0] = member ? ICMP6_MLD1_REPORT : ICMP6_MLD1_DONE;
  memcpy(pkt->head + MLD_OFF_GROUP, g->addr.bytes, 16);
  send(g->link, pkt, MLD1_LEN, member ? &g->addr : &ipv6_all_routers);
}

static void report_v2(const struct ipv6_group *g, struct pkt *pkt,
                      uint8_t record) {
  memset(pkt->head, 0, REPORT_LEN + MLD_RECORD_LEN);
  pkt->head[0] = ICMP6_MLD2_REPORT;
  put_be16(pkt->head + 6, 1); /* records */
  pkt->head[REPORT_LEN] = record;
  memcpy(pkt->head + REPORT_LEN + 4, g->addr.bytes, 16);
  send(g->link, pkt, REPORT_LEN + MLD_RECORD_LEN, &ipv6_all_mld2);
}

/* A report of the group's change, or, when that was told, of its state. */
static void report(struct ph_stack *stack, struct ipv6_group *g) {
  struct ipv6_link *link = g->link;
  bool changes = g->reports_left > 0;
  struct pkt *pkt = link->netif->up ? pkt_get(&stack->pkts, ND_HEADROOM) : NULL;
  if (changes) {
    g->reports_left--;
  }
  if (g->reports_left > 0) {
    ph_timer_set(&stack->timers, &g->timer,
                 stack->now_ns + 1 + ipv6_random_delay(stack, UNSOLICITED_NS));
  }
  if (!pkt) {
    return; /* a query asks again */
  }
  if (stack->now_ns < link->mld1_until_ns) {
    report_v1(g, pkt);
  } else {
    report_v2(g, pkt,
              !changes       ? MLD_MODE_IS_EXCLUDE
              : g->users > 0 ? MLD_CHANGE_TO_EXCLUDE
                             : MLD_CHANGE_TO_INCLUDE);
  }
}

static void group_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ipv6_group *g = PH_CONTAINER_OF(timer, struct ipv6_group, timer);
  report(stack, g);
}

/* ff02::1:ff00:0/104. */
static bool is_solicited_node(const struct ph_addr *group) {
  static const uint8_t prefix[13] = {0xff, 2, [11] = 1, [12] = 0xff};
  return memcmp(group->bytes, prefix, sizeof(prefix)) == 0;
}

static void change(struct ipv6_group *g) {
  struct ph_stack *stack = ipv6_stack_of(g->link);
  ph_timer_cancel(&stack->timers, &g->timer);
  if (!reported(&g->addr)) {
    g->reports_left = 0;
    return;
  }
  g->reports_left = ROBUSTNESS;
  if (is_solicited_node(&g->addr)) { /* RFC 4862 5.4.2: not all at once */
    ph_timer_set(&stack->timers, &g->timer,
                 stack->now_ns + 1 + ipv6_random_delay(stack, UNSOLICITED_NS));
  } else {
    report(stack, g);
  }
}

/* ---- Membership ---------------------------------------------------------- */

void mld_init(struct ipv6_state *v6) {
  for (uint32_t i = 0; i < IPV6_MAX_GROUPS; i++) {
    v6->groups[i].timer.fn = group_timer;
  }
}

int mld_join(struct ipv6_link *link, const struct ph_addr *group) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_group *g = mld_find(link, group);
  if (g) {
    g->users++;
    return 0;
  }
  /* Rather one that has nothing left to report than one that has. */
  for (uint32_t i = 0; i < IPV6_MAX_GROUPS; i++) {
    struct ipv6_group *place = &v6->groups[i];
    if (place->users == 0 && (!g || place->reports_left == 0)) {
      g = place;
    }
  }
  if (!g) {
    stack->stats.NdTableFull++;
    return -PH_ENOMEM;
  }
  g->addr = *group;
  g->link = link;
  g->users = 1;
  change(g);
  return 0;
}

int mld_leave(struct ipv6_link *link, const struct ph_addr *group) {
  struct ipv6_group *g = mld_find(link, group);
  if (!g) {
    return -PH_ENOENT;
  }
  if (--g->users == 0) {
    change(g);
  }
  return 0;
}

static bool group_good(const struct netif *netif, const struct ph_addr *group) {
  return netif->ipv6 && ipv6_is_multicast(group->bytes) &&
         ipv6_multicast_scope(group->bytes) != 0; /* RFC 4291 2.7: reserved */
}

int ph_ipv6_join(struct ph_stack *stack, struct netif *netif,
                 const struct ph_addr *group) {
  (void)stack;
  struct ph_addr addr = *group;
  (void)ip_addr_take_zone(&addr);
  return group_good(netif, &addr) ? mld_join(netif->ipv6, &addr) : -PH_EINVAL;
}

int ph_ipv6_leave(struct ph_stack *stack, struct netif *netif,
                  const struct ph_addr *group) {
  (void)stack;
  struct ph_addr addr = *group;
  (void)ip_addr_take_zone(&addr);
  return group_good(netif, &addr) ? mld_leave(netif->ipv6, &addr) : -PH_EINVAL;
}

/* ---- Queries ------------------------------------------------------------- */

/* RFC 3810 5.1.3, in ms. */
static uint32_t response_delay(uint32_t code, bool v1) {
  return v1 || code < 0x8000
             ? code
             : ((code & 0xfff) | 0x1000) << ((code >> 12 & 7) + 3);
}

bool mld_query(struct ipv6_link *link, const uint8_t *m, uint32_t len,
               const struct ip_rx *rx, bool router_alert) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ph_addr asked;
  /* RFC 3810 5.1.14, 6.2: from a router of the link, or from nobody. */
  if (!ipv6_is_link_local(rx->src.bytes) || rx->ttl != 1 || !router_alert ||
      (len != MLD1_LEN && len < MLD_QUERY_LEN)) {
    return false;
  }
  memcpy(asked.bytes, m + MLD_OFF_GROUP, 16);
  bool general = ipv6_is_unspecified(asked.bytes);
  bool v1 = len == MLD1_LEN;
  if (!general && !ipv6_is_multicast(asked.bytes)) {
    return false;
  }
  stack->stats.MldInQueries++;
  if (v1) {
    link->mld1_until_ns = stack->now_ns + OLD_QUERIER_NS;
  }
  uint64_t most = response_delay(get_be16(m + MLD_OFF_DELAY), v1) * IPV6_MS;
  for (uint32_t i = 0; i < IPV6_MAX_GROUPS; i++) {
    struct ipv6_group *g = &v6->groups[i];
    if (g->users == 0 || g->link != link || !reported(&g->addr) ||
        (!general && !ph_addr_equal(&g->addr, &asked))) {
      continue;
    }
    uint64_t when = stack->now_ns + 1 + ipv6_random_delay(stack, most);
    if (!ph_timer_armed(&g->timer) || when < g->timer.deadline_ns) {
      ph_timer_set(&stack->timers, &g->timer, when);
    }
  }
  return true;
}
