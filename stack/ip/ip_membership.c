/* SPDX-License-Identifier: Apache-2.0 */
/* Membership: RFC 3376 3.2 and 5, which are RFC 3810 4.2 and 6 with other
 * addresses; where an old querier asks RFC 3376 7 and RFC 3810 8.
 *
 * Of each group an interface counts how many listeners include and exclude each
 * sender. From that follow at any time its mode, EXCLUDE if one listener has
 * that mode, and its list of senders: those that all in EXCLUDE mode exclude
 * and nobody includes, else those that somebody includes.
 *
 * Rules:
 * 1. A change is reported at once and again until Robustness Variable reports
 *    are out. A change of mode is told with the whole list, any other by the
 *    senders that are now wanted (ALLOW) or no longer (BLOCK).
 * 2. A query is answered after a random part of the time that it allows, by one
 *    report for many queries. However many there are, an interface answers them
 *    together and not within 100 ms of the answer before.
 * 3. A group or sender is remembered while a filter names it, or while it is
 *    still to be reported; then its place is free. */
#include "stack/ip/ip_membership.h"

#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

enum { ROBUSTNESS = 2, HEADER_LEN = 8, INCLUDE = 0, EXCLUDE = 1 };
#define UNSOLICITED_NS IPV6_SECOND            /* RFC 3376 8.11, RFC 3810 9.11 */
#define UNSOLICITED_OLD_NS (10 * IPV6_SECOND) /* RFC 2236 8.10 */
#define OLD_QUERIER_NS (260 * IPV6_SECOND)    /* RFC 3376 8.12, by default */
#define QUIET_NS (100 * IPV6_MS)

static struct ip_groups *places_of(const struct ip_group_link *link) {
  return ip_of(link->netif->stack)->groups;
}

/* ---- The state of a group ------------------------------------------------ */

static bool has_listeners(const struct ip_group *g) {
  return g->filters[INCLUDE] > 0 || g->filters[EXCLUDE] > 0;
}

static bool excludes(const struct ip_group *g) {
  return g->filters[EXCLUDE] > 0;
}

/* RFC 3376 3.2: is it in the interface's list? */
static bool listed(const struct ip_group *g, const struct ip_source *s) {
  return excludes(g) ? s->filters[EXCLUDE] == g->filters[EXCLUDE] &&
                           s->filters[INCLUDE] == 0
                     : s->filters[INCLUDE] > 0;
}

static PH_APART_IF_SMALL bool wanted(const struct ip_group *g,
                                     const struct ip_source *s) {
  return listed(g, s) != excludes(g);
}

static bool newly_wanted(const struct ip_group *g, const struct ip_source *s) {
  return s->reports_left > 0 && wanted(g, s);
}

static bool newly_unwanted(const struct ip_group *g,
                           const struct ip_source *s) {
  return s->reports_left > 0 && !wanted(g, s);
}

static bool asked_and_wanted(const struct ip_group *g,
                             const struct ip_source *s) {
  return s->asked && wanted(g, s);
}

static struct ip_group *group_find(const struct ip_group_link *link,
                                   const struct ph_addr *addr) {
  struct ip_group *g = link->groups;
  while (g && !ph_addr_equal(&g->addr, addr)) {
    g = g->next;
  }
  return g;
}

static struct ip_source *source_find(const struct ip_group *g,
                                     const struct ph_addr *addr) {
  struct ip_source *s = g ? g->sources : NULL;
  while (s && !ph_addr_equal(&s->addr, addr)) {
    s = s->next;
  }
  return s;
}

static struct ip_source *source_add(struct ip_group *g,
                                    const struct ph_addr *addr) {
  struct ip_groups *places = places_of(g->link);
  struct ip_source *s = places->free_sources;
  places->free_sources = s->next;
  places->sources_left--;
  *s = (struct ip_source){.next = g->sources, .addr = *addr};
  g->sources = s;
  return s;
}

/* Rule 3. */
static void tidy(struct ip_group *g) {
  struct ip_groups *places = places_of(g->link);
  for (struct ip_source **at = &g->sources; *at;) {
    struct ip_source *s = *at;
    if (s->filters[INCLUDE] || s->filters[EXCLUDE] || s->reports_left > 0 ||
        s->asked) {
      at = &s->next;
      continue;
    }
    *at = s->next;
    s->next = places->free_sources;
    places->free_sources = s;
    places->sources_left++;
  }
  if (has_listeners(g) || g->reports_left > 0 || g->sources) {
    return;
  }
  struct ph_stack *stack = g->link->netif->stack;
  ph_timer_cancel(&stack->timers, &g->change);
  ph_timer_cancel(&stack->timers, &g->answer);
  struct ip_group **at = &g->link->groups;
  while (*at != g) {
    at = &(*at)->next;
  }
  *at = g->next;
  g->next = places->free;
  places->free = g;
}

static void forget_query(struct ip_group *g) {
  ph_timer_cancel(&g->link->netif->stack->timers, &g->answer);
  g->all_asked = false;
  for (struct ip_source *s = g->sources; s; s = s->next) {
    s->asked = false;
  }
}

/* RFC 3376 7.2.1: when the version changes, what was pending is not said any
 * more. True: it has changed. */
static bool version_moves(struct ip_group_link *link) {
  struct ph_stack *stack = link->netif->stack;
  uint8_t version = link->protocol->version;
  for (uint32_t i = IP_GROUP_OLD_VERSIONS; i-- > 0;) {
    version =
        stack->now_ns < link->old_until_ns[i] ? (uint8_t)(i + 1) : version;
  }
  if (version == link->version) {
    return false;
  }
  link->version = version;
  ph_timer_cancel(&stack->timers, &link->answer);
  for (struct ip_group *g = link->groups, *next; g; g = next) {
    next = g->next;
    ph_timer_cancel(&stack->timers, &g->change);
    g->reports_left = 0;
    for (struct ip_source *s = g->sources; s; s = s->next) {
      s->reports_left = 0;
    }
    forget_query(g);
    tidy(g);
  }
  return true;
}

static bool speaks_old(const struct ip_group_link *link) {
  return link->version < link->protocol->version;
}

/* ---- Reports ------------------------------------------------------------- */

/* RFC 3376 4.2, RFC 3810 5.2: records in a block, as many as the MTU allows. */
struct report {
  struct ip_group_link *link;
  struct pkt *pkt;
  struct ph_block *block;
  uint32_t len, room;
  uint16_t records;
};

static void report_send(struct report *r) {
  if (!r->pkt) {
    return;
  }
  bool any = r->records > 0 && r->link->netif->up &&
             pkt_add_frag(r->pkt, r->block, r->block->data, r->len);
  ph_block_put(r->block);
  if (any) {
    put_be16(r->pkt->head + 6, r->records);
    r->link->protocol->report(r->link, r->pkt);
  } else {
    pkt_put(r->pkt);
  }
  r->pkt = NULL;
}

/* Room for so many bytes; false: no memory, and a query will ask again. */
static bool report_room(struct report *r, uint32_t len) {
  struct ph_stack *stack = r->link->netif->stack;
  if (r->pkt && r->len + len > r->room) {
    report_send(r);
  }
  if (r->pkt) {
    return true;
  }
  r->block = ph_block_get_spare(&stack->blocks);
  r->pkt = r->block ? ph_stack_pkt(stack, ND_HEADROOM, HEADER_LEN) : NULL;
  if (!r->pkt) {
    if (r->block) {
      ph_block_put(r->block);
    }
    return false;
  }
  r->len = r->records = 0;
  uint32_t headers = r->link->protocol->headers + (uint32_t)HEADER_LEN;
  r->room = ph_min_u32(r->block->size, r->link->netif->caps.mtu - headers);
  return true;
}

static void put_address(struct report *r, const struct ph_addr *addr) {
  uint32_t len = r->link->protocol->addr_len;
  memcpy(r->block->data + r->len, addr->bytes + 16 - len, len);
  r->len += len;
}

/* The senders of which `which` is true. RFC 3376 4.2.16: what is too long
 * becomes several records, but a list of the excluded is cut. */
static void report_record(struct report *r, enum record_type type,
                          const struct ip_group *g,
                          bool (*which)(const struct ip_group *g,
                                        const struct ip_source *s)) {
  uint32_t size = r->link->protocol->addr_len;
  bool excluded = type == MODE_IS_EXCLUDE || type == CHANGE_TO_EXCLUDE;
  const struct ip_source *s = g->sources;
  do {
    uint16_t count = 0;
    if (!report_room(r, 4 + 2 * size)) {
      return;
    }
    uint32_t at = r->len;
    r->len += 4;
    put_address(r, &g->addr);
    for (; s && r->len + size <= r->room; s = s->next) {
      if (which(g, s)) {
        put_address(r, &s->addr);
        count++;
      }
    }
    if (count == 0 && !excluded && type != CHANGE_TO_INCLUDE) {
      r->len = at;
      return;
    }
    r->block->data[at] = (uint8_t)type;
    r->block->data[at + 1] = 0;
    put_be16(r->block->data + at + 2, count);
    r->records++;
  } while (s && !excluded);
}

static void report_state(struct report *r, const struct ip_group *g) {
  report_record(r, excludes(g) ? MODE_IS_EXCLUDE : MODE_IS_INCLUDE, g, listed);
}

static void report_old(const struct ip_group *g) {
  const struct ip_group_link *link = g->link;
  if (link->netif->up) {
    link->protocol->report_old(g, link->version, has_listeners(g));
  }
}

/* Rule 1; `g` may be gone then. */
static void report_change(struct ip_group *g) {
  struct ip_group_link *link = g->link;
  struct ph_stack *stack = link->netif->stack;
  struct report r = {.link = link};
  bool again = g->reports_left > 1;
  if (speaks_old(link)) {
    report_old(g);
  } else if (g->reports_left > 0) {
    report_record(&r, excludes(g) ? CHANGE_TO_EXCLUDE : CHANGE_TO_INCLUDE, g,
                  listed);
  } else {
    report_record(&r, ALLOW_NEW_SOURCES, g, newly_wanted);
    report_record(&r, BLOCK_OLD_SOURCES, g, newly_unwanted);
  }
  report_send(&r);
  g->reports_left = (uint8_t)(g->reports_left - (g->reports_left > 0));
  for (struct ip_source *s = g->sources; s; s = s->next) {
    s->reports_left = (uint8_t)(s->reports_left - (s->reports_left > 0));
    again = again || s->reports_left > 0;
  }
  if (again) {
    uint64_t most = speaks_old(link) ? UNSOLICITED_OLD_NS : UNSOLICITED_NS;
    ph_stack_timer_within(stack, &g->change, most);
  } else {
    ph_timer_cancel(&stack->timers, &g->change);
  }
  tidy(g);
}

static void change_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ip_group *g = PH_CONTAINER_OF(timer, struct ip_group, change);
  (void)stack;
  if (!version_moves(g->link)) {
    report_change(g);
  }
}

/* RFC 3376 5.2, at the end. */
static void answer_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ip_group *g = PH_CONTAINER_OF(timer, struct ip_group, answer);
  struct ip_group_link *link = g->link;
  struct report r = {.link = link};
  if (version_moves(link)) {
    return;
  }
  link->quiet_until_ns = stack->now_ns + QUIET_NS;
  if (!has_listeners(g) || (ph_timer_armed(&link->answer) &&
                            link->answer.deadline_ns <= stack->now_ns)) {
    /* That it was left is told, or the answer for all comes now. */
  } else if (speaks_old(link)) {
    report_old(g);
  } else if (g->all_asked) {
    report_state(&r, g);
  } else {
    report_record(&r, MODE_IS_INCLUDE, g, asked_and_wanted);
  }
  report_send(&r);
  forget_query(g);
  tidy(g);
}

static void answer_all_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ip_group_link *link =
      PH_CONTAINER_OF(timer, struct ip_group_link, answer);
  struct report r = {.link = link};
  if (version_moves(link)) {
    return;
  }
  link->quiet_until_ns = stack->now_ns + QUIET_NS;
  for (struct ip_group *g = link->groups; g; g = g->next) {
    if (has_listeners(g) && link->protocol->reported(&g->addr)) {
      report_state(&r, g);
      forget_query(g); /* of the group: it is answered, too */
      tidy(g);
    }
  }
  report_send(&r);
}

/* ---- Listeners ----------------------------------------------------------- */

/* INCLUDE nobody is not to listen. */
static const struct ip_filter *filter_or_none(const struct ip_filter *filter) {
  return filter && (filter->exclude || filter->sources) ? filter : NULL;
}

static void count_filter(struct ip_group *g, const struct ip_filter *filter,
                         bool comes) {
  if (!filter) {
    return;
  }
  g->filters[filter->exclude] += comes ? 1 : UINT32_MAX;
  for (const struct ip_listed *l = filter->sources; l; l = l->next) {
    struct ip_source *s = source_find(g, &l->addr);
    s = s ? s : source_add(g, &l->addr);
    s->filters[filter->exclude] =
        (uint16_t)(s->filters[filter->exclude] + (comes ? 1 : UINT16_MAX));
  }
}

/* A place, if `filter` has room for its senders then; NULL: none. */
static struct ip_group *group_place(struct ip_group_link *link,
                                    struct ip_group *g,
                                    const struct ph_addr *addr,
                                    const struct ip_filter *filter) {
  struct ip_groups *places = places_of(link);
  uint32_t needed = 0;
  for (const struct ip_listed *l = filter->sources; l; l = l->next) {
    needed += !source_find(g, &l->addr);
  }
  if (needed > places->sources_left || (!g && !places->free)) {
    link->netif->stack->stats.NdTableFull++;
    return NULL;
  }
  if (!g) {
    g = places->free;
    places->free = g->next;
    *g = (struct ip_group){.next = link->groups,
                           .link = link,
                           .addr = *addr,
                           .change.fn = change_timer,
                           .answer.fn = answer_timer};
    link->groups = g;
  }
  return g;
}

/* What is to be told of the change; true: something is. */
static bool note_change(struct ip_group *g, bool was_excluding,
                        bool had_listeners) {
  uint8_t reports = g->link->robustness;
  bool any = false;
  if (!g->link->protocol->reported(&g->addr) || g->link->netif->loopback) {
    return false;
  }
  if (speaks_old(g->link)) { /* senders are nothing to it; RFC 2236 3 */
    any = has_listeners(g) != had_listeners;
    g->reports_left = !any            ? g->reports_left
                      : had_listeners ? 1
                                      : (uint8_t)ROBUSTNESS;
    return any;
  }
  bool mode = was_excluding != excludes(g);
  for (struct ip_source *s = g->sources; s; s = s->next) {
    bool moves = mode ? s->reports_left > 0 : s->was != listed(g, s);
    any = any || moves;
    s->reports_left = moves ? reports : s->reports_left;
  }
  /* While a change of mode is being told, with the whole list, that is told
   * anew and says the rest (RFC 3376 5.1). */
  if (mode || (any && g->reports_left > 0)) {
    g->reports_left = reports;
    for (struct ip_source *s = g->sources; s; s = s->next) {
      s->reports_left = 0;
    }
    any = true;
  }
  return any;
}

int ip_group_listen(struct ip_group_link *link, const struct ph_addr *group,
                    const struct ip_filter *before,
                    const struct ip_filter *after, bool late) {
  struct ph_stack *stack = link->netif->stack;
  before = filter_or_none(before);
  after = filter_or_none(after);
  (void)version_moves(link);
  struct ip_group *g = group_find(link, group);
  if ((before && !(g && g->filters[before->exclude])) || !(before || after)) {
    return -PH_ENOENT;
  }
  g = after ? group_place(link, g, group, after) : g;
  if (!g) {
    return -PH_ENOMEM;
  }
  bool was_excluding = excludes(g), had_listeners = has_listeners(g);
  for (struct ip_source *s = g->sources; s; s = s->next) {
    s->was = listed(g, s);
  }
  count_filter(g, after, true);
  count_filter(g, before, false);
  if (!note_change(g, was_excluding, had_listeners)) {
    tidy(g);
  } else if (late) {
    ph_stack_timer_within(stack, &g->change, UNSOLICITED_NS);
  } else {
    report_change(g);
  }
  return 0;
}

int ip_listen(struct netif *netif, const struct ph_addr *group,
              const struct ip_filter *before, const struct ip_filter *after) {
  struct ph_addr addr = *group;
  struct ipv6_link *v6 = netif->ipv6;
  bool is_v4 = ph_addr_is_v4(&addr);
  struct ip_group_link *link = is_v4 ? netif->igmp : v6 ? &v6->groups : NULL;
  (void)ip_addr_take_zone(&addr);
  if (!link || !ip_addr_is_multicast(&addr) ||
      (!is_v4 && ipv6_multicast_scope(addr.bytes) == 0)) {
    return -PH_EINVAL; /* RFC 4291 2.7: scope 0 is reserved */
  }
  return ip_group_listen(link, &addr, before, after, false);
}

bool ip_group_heard(const struct ip_group_link *link,
                    const struct ph_addr *group) {
  const struct ip_group *g = group_find(link, group);
  return g && has_listeners(g);
}

/* ---- Queries ------------------------------------------------------------- */

/* Move a timer to `when`, unless it runs off before. */
static PH_APART_IF_SMALL void hurry(struct ph_stack *stack,
                                    struct ph_timer *timer, uint64_t when) {
  if (!ph_timer_armed(timer) || when < timer->deadline_ns) {
    ph_timer_set(&stack->timers, timer, when);
  }
}

/* RFC 3376 5.2 (3) to (5): remember whom it asks about. Strangers may not take
 * the places that our filters need: then it is as if all were asked. */
static PH_APART_IF_SMALL void note_asked(struct ip_group *g,
                                         const struct ip_group_query *q) {
  uint32_t len = g->link->protocol->addr_len;
  bool pending = ph_timer_armed(&g->answer);
  if (q->source_count == 0 || speaks_old(g->link)) {
    forget_query(g);
    g->all_asked = true;
  } else if (!pending) {
    forget_query(g);
  }
  for (uint32_t i = 0; i < q->source_count && !g->all_asked; i++) {
    struct ph_addr addr = ph_addr_v4(0);
    memcpy(addr.bytes + 16 - len, q->sources + i * len, len);
    struct ip_source *s = source_find(g, &addr);
    if (!s && excludes(g)) {
      bool room = places_of(g->link)->sources_left > IP_SOURCES_MAX / 2;
      s = room ? source_add(g, &addr) : NULL;
      g->all_asked = !s;
    }
    if (s) {
      s->asked = true;
    }
  }
}

bool ip_group_query_sources(struct ip_group_query *q, const uint8_t *m,
                            const uint8_t *end, uint32_t size) {
  if (end - m < 4 || get_be16(m + 2) > (uint32_t)(end - m - 4) / size) {
    return false;
  }
  q->robustness = m[0] & 7;
  q->source_count = get_be16(m + 2);
  q->sources = m + 4;
  return true;
}

void ip_group_query(struct ip_group_link *link,
                    const struct ip_group_query *q) {
  struct ph_stack *stack = link->netif->stack;
  if (q->version < link->protocol->version) {
    link->old_until_ns[q->version - 1] = stack->now_ns + OLD_QUERIER_NS;
  } else { /* RFC 3376 4.1.6, within reason */
    link->robustness = q->robustness ? q->robustness : (uint8_t)ROBUSTNESS;
  }
  (void)version_moves(link);
  uint64_t first = ph_max_u64(stack->now_ns + 1, link->quiet_until_ns);
  if (!q->specific && !speaks_old(link)) {
    if (link->groups) {
      hurry(stack, &link->answer,
            first + ph_stack_random_delay(stack, q->most_ns));
    }
    return;
  }
  for (struct ip_group *g = link->groups; g; g = g->next) {
    if (!has_listeners(g) || !link->protocol->reported(&g->addr) ||
        (q->specific && !ph_addr_equal(&g->addr, &q->group))) {
      continue;
    }
    uint64_t when = first + ph_stack_random_delay(stack, q->most_ns);
    if (ph_timer_armed(&link->answer) && link->answer.deadline_ns <= when) {
      continue; /* (1): that answer will tell */
    }
    note_asked(g, q);
    hurry(stack, &g->answer, when);
  }
}

void ip_group_told(struct ip_group_link *link, const struct ph_addr *group) {
  struct ip_group *g = group_find(link, group);
  if (g && !version_moves(link) && speaks_old(link)) {
    forget_query(g);
  }
}

/* ---- Start --------------------------------------------------------------- */

int ip_groups_init(struct ph_stack *stack) {
  struct ip_state *ip = ip_of(stack);
  if (ip->groups) {
    return 0;
  }
  struct ip_groups *places = ph_stack_alloc(stack, sizeof(*places));
  if (!places) {
    return -PH_ENOMEM;
  }
  places->free =
      ph_stack_alloc_list(stack, IP_GROUPS_MAX, sizeof(struct ip_group),
                          offsetof(struct ip_group, next));
  places->free_sources =
      ph_stack_alloc_list(stack, IP_SOURCES_MAX, sizeof(struct ip_source),
                          offsetof(struct ip_source, next));
  if (!places->free || !places->free_sources) {
    return -PH_ENOMEM;
  }
  places->sources_left = IP_SOURCES_MAX;
  ip->groups = places;
  return 0;
}

PH_APART_IF_SMALL void ip_group_link_init(
    struct ip_group_link *link, struct netif *netif,
    const struct ip_group_protocol *protocol) {
  link->netif = netif;
  link->protocol = protocol;
  link->answer.fn = answer_all_timer;
  link->version = protocol->version;
  link->robustness = ROBUSTNESS;
}
