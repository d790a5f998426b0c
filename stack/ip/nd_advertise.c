/* SPDX-License-Identifier: Apache-2.0 */
/* A router's advertisements (RFC 4861 6.2): at random intervals, sooner at the
 * start and when somebody asks, never closer than three seconds, and with a
 * lifetime of 0 at the end. Linked by who calls ph_ipv6_advertise(). */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

enum {
  INTERVAL_S = 600, /* RFC 4861 6.2.1: MaxRtrAdvInterval */
  INTERVAL_MIN_S = 4,
  INTERVAL_MAX_S = 1800,
  LIFETIME_MAX_S = 9000,
  VALID_S = 2592000, /* AdvValidLifetime: 30 days */
  PREFERRED_S = 604800,
  INITIAL = 3, /* RFC 4861 10: MAX_INITIAL_RTR_ADVERTISEMENTS */
  FINAL = 3,
};
#define INITIAL_INTERVAL_NS (16 * IPV6_SECOND)
#define ANSWER_DELAY_NS (500 * IPV6_MS) /* MAX_RA_DELAY_TIME */
#define BETWEEN_NS (3 * IPV6_SECOND)    /* MIN_DELAY_BETWEEN_RAS */
#define NO_ADDRESS_YET_NS IPV6_SECOND   /* DAD is not done */

struct nd_advertiser {
  struct ipv6_link *link;
  struct ph_ipv6_advertise config;
  struct ph_timer timer;
  uint64_t next_ns; /* none sooner */
  uint8_t initial;  /* of these that are left */
  uint8_t final;
  bool ceased;
};

/* ---- Sending ------------------------------------------------------------- */

static PH_APART_IF_SMALL uint8_t *put_prefix(
    uint8_t *at, const struct ipv6_prefix *p,
    const struct ph_ipv6_advertise *config) {
  uint32_t valid = config->valid_s ? config->valid_s : (uint32_t)VALID_S;
  uint32_t preferred =
      config->preferred_s ? config->preferred_s : (uint32_t)PREFERRED_S;
  memset(at, 0, ND_OPT_PREFIX_LEN);
  at[0] = ND_OPT_PREFIX;
  at[1] = ND_OPT_PREFIX_LEN / ND_OPT_UNIT;
  at[ND_PREFIX_OFF_BITS] = p->len;
  at[ND_PREFIX_OFF_FLAGS] =
      (uint8_t)(ND_PREFIX_ON_LINK | (p->len == 64 ? ND_PREFIX_AUTONOMOUS : 0));
  put_be32(at + ND_PREFIX_OFF_VALID, valid);
  put_be32(at + ND_PREFIX_OFF_PREFERRED, ph_min_u32(preferred, valid));
  for (uint32_t i = 0; i < p->len; i++) { /* RFC 4861 4.6.2: the rest is 0 */
    at[ND_PREFIX_OFF_PREFIX + i / 8] |=
        (uint8_t)(p->prefix.bytes[i / 8] & (0x80 >> i % 8));
  }
  return at + ND_OPT_PREFIX_LEN;
}

/* What was given to the link by hand, the link-local prefix excepted, in a
 * block: all of them and the rest fit into the least MTU. */
static bool put_prefixes(const struct nd_advertiser *r, struct pkt *pkt) {
  struct ph_stack *stack = ipv6_stack_of(r->link);
  const struct ipv6_state *v6 = ipv6_of(stack);
  struct ph_block *block = ph_block_get_spare(&stack->blocks);
  uint8_t *at = block ? block->data : NULL;
  for (uint32_t i = 0; at && i < IPV6_MAX_PREFIXES; i++) {
    const struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link == r->link && !p->learnt &&
        !ipv6_is_link_local(p->prefix.bytes)) {
      at = put_prefix(at, p, &r->config);
    }
  }
  if (!block) {
    stack->stats.BlockExhausted++;
    return false;
  }
  bool any = at > block->data;
  (void)(any &&
         pkt_add_frag(pkt, block, block->data, (uint32_t)(at - block->data)));
  ph_block_put(block);
  return true;
}

_Static_assert(ND_RA_LEN + 2 * ND_OPT_UNIT +
                       (uint32_t)IPV6_MAX_PREFIXES * ND_OPT_PREFIX_LEN <=
                   IPV6_MIN_MTU - IPV6_HDR_LEN,
               "an advertisement fits into the least MTU");

static void put_mtu(struct pkt *pkt, uint16_t mtu) {
  uint8_t *option = pkt->head + pkt->head_len;
  memset(option, 0, ND_OPT_UNIT);
  option[0] = ND_OPT_MTU;
  option[1] = 1;
  put_be32(option + 4, mtu);
  pkt->head_len += ND_OPT_UNIT;
  pkt->len += ND_OPT_UNIT;
}

/* RFC 4861 6.2.3. Who no longer forwards, or ceases, is no default router. */
static uint16_t lifetime(const struct nd_advertiser *r) {
  const struct ip_state *ip = ip_of(ipv6_stack_of(r->link));
  uint32_t usual = 3u * r->config.interval_s;
  uint32_t s = r->config.lifetime_s ? r->config.lifetime_s : usual;
  return r->ceased || r->config.no_default_router || !ip->forward6
             ? 0
             : (uint16_t)ph_min_u32(s, LIFETIME_MAX_S);
}

/* False: not possible now. */
static bool advertise(const struct nd_advertiser *r) {
  struct ipv6_link *link = r->link;
  const struct ipv6_address *from = ipv6_link_local(link);
  struct pkt *pkt = from && link->netif->up && !link->disabled
                        ? nd_message_new(link, ICMP6_RA, ND_RA_LEN)
                        : NULL;
  if (!pkt) {
    return false;
  }
  pkt->head[ND_RA_OFF_HOPS] = link->hops;
  put_be16(pkt->head + ND_RA_OFF_LIFETIME, lifetime(r));
  nd_append_mac(pkt, link, ND_OPT_SOURCE_MAC);
  if (r->config.mtu) {
    put_mtu(pkt, r->config.mtu);
  }
  if (!put_prefixes(r, pkt)) {
    pkt_put(pkt);
    return false;
  }
  ipv6_stack_of(link)->stats.NdAdvertsOut++;
  ipv6_send_on_link(link, pkt, &from->addr, &ipv6_all_nodes, NULL);
  return true;
}

/* ---- When ---------------------------------------------------------------- */

/* RFC 4861 6.2.4, 6.2.5. */
static void advert_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct nd_advertiser *r = PH_CONTAINER_OF(timer, struct nd_advertiser, timer);
  uint64_t now = stack->now_ns;
  if (!advertise(r)) {
    ph_stack_timer_in(stack, timer, NO_ADDRESS_YET_NS);
    return;
  }
  r->next_ns = now + BETWEEN_NS;
  if (r->ceased) {
    if (--r->final > 0) {
      ph_timer_set(&stack->timers, timer, r->next_ns);
    }
    return;
  }
  uint64_t most = r->config.interval_s * IPV6_SECOND;
  uint64_t least = ph_max_u32(r->config.interval_s / 3, 3) * IPV6_SECOND;
  uint64_t delay = least + ph_stack_random_delay(stack, most - least);
  if (r->initial > 0 && --r->initial > 0) {
    delay = ph_min_u64(delay, INITIAL_INTERVAL_NS);
  }
  ph_stack_timer_in(stack, timer, delay);
}

/* After a random delay, but not too soon after the last one (RFC 4861 6.2.6).
 */
static uint64_t answer_at(struct ph_stack *stack,
                          const struct nd_advertiser *r) {
  uint64_t delay = 1 + ph_stack_random_delay(stack, ANSWER_DELAY_NS);
  return ph_max_u64(stack->now_ns + delay, r->next_ns);
}

/* RFC 4861 6.1.1, 6.2.6: the answer goes to all, who may want it, too. */
static bool solicited(struct ipv6_link *link, const uint8_t *m, uint32_t len,
                      const struct ip_rx *rx) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct nd_advertiser *r = link->advertiser;
  const uint8_t *mac = nd_mac_option(m, len, ND_RS_LEN, ND_OPT_SOURCE_MAC);
  if (ipv6_is_unspecified(rx->src.bytes)) {
    if (nd_option(m, len, ND_RS_LEN, ND_OPT_SOURCE_MAC)) {
      return false;
    }
  } else if (mac) {
    struct nd_neighbour *n = nd_learn(link, &rx->src, mac);
    if (n) {
      n->is_router = false;
    }
  }
  uint64_t when = answer_at(stack, r);
  if (!r->ceased && when < r->timer.deadline_ns) {
    ph_timer_set(&stack->timers, &r->timer, when);
  }
  return true;
}

/* ---- Start and end ------------------------------------------------------- */

static bool good(const struct ipv6_link *link,
                 const struct ph_ipv6_advertise *config) {
  return (config->mtu == 0 || (config->mtu >= IPV6_MIN_MTU &&
                               config->mtu <= link->netif->caps.mtu)) &&
         (config->interval_s == 0 || (config->interval_s >= INTERVAL_MIN_S &&
                                      config->interval_s <= INTERVAL_MAX_S)) &&
         (config->lifetime_s == 0 ||
          (config->lifetime_s <= LIFETIME_MAX_S &&
           config->lifetime_s >= (config->interval_s ? config->interval_s
                                                     : (uint32_t)INTERVAL_S)));
}

static struct nd_advertiser *advertiser_new(struct ipv6_link *link) {
  struct nd_advertiser *r =
      ph_stack_alloc(ipv6_stack_of(link), sizeof(struct nd_advertiser));
  if (!r || mld_join(link, &ipv6_all_routers)) { /* RFC 4861 6.2.2 */
    return NULL;
  }
  r->link = link;
  r->timer.fn = advert_timer;
  link->advertiser = r;
  link->solicited = solicited;
  return r;
}

int ph_ipv6_advertise(struct ph_stack *stack, struct netif *netif,
                      const struct ph_ipv6_advertise *config) {
  struct ipv6_link *link = netif->ipv6;
  if (!link || !good(link, config)) {
    return -PH_EINVAL;
  }
  struct nd_advertiser *r =
      link->advertiser ? link->advertiser : advertiser_new(link);
  if (!r) {
    return -PH_ENOMEM;
  }
  r->config = *config;
  r->config.interval_s =
      config->interval_s ? config->interval_s : (uint16_t)INTERVAL_S;
  r->ceased = false;
  r->initial = INITIAL;
  ph_timer_set(&stack->timers, &r->timer, answer_at(stack, r));
  return 0;
}

void ph_ipv6_advertise_cease(struct ph_stack *stack, struct netif *netif) {
  const struct ipv6_link *link = netif->ipv6;
  struct nd_advertiser *r = link ? link->advertiser : NULL;
  if (r && !r->ceased) {
    r->ceased = true;
    r->final = FINAL;
    ph_timer_set(&stack->timers, &r->timer,
                 ph_max_u64(stack->now_ns + 1, r->next_ns));
  }
}
