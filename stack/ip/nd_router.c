/* SPDX-License-Identifier: Apache-2.0 */
/* What routers advertise: themselves, prefixes, parameters (RFC 4861 6.3.4),
 * and addresses that we make of prefixes (RFC 4862 5.5.3).
 *
 * Anybody on the link can speak so. Therefore: tables are bounded and a router
 * that finds one full is not heard; what was given by hand is not changed; the
 * MTU stays between 1280 and the device's, timers between bounds, a hop limit
 * that would cut us off is not taken; and an address is never shortened to less
 * than two hours. */
#include "stack/ip/ipv6_internal.h"

#define REACHABLE_MAX_MS 3600000u /* RFC 4861 6.2.1 */
#define RETRANS_MIN_MS 100u       /* a storm of probes otherwise */
#define RETRANS_MAX_MS 60000u
#define TWO_HOURS_NS (7200 * IPV6_SECOND)

void nd_draw_reachable(struct ipv6_link *link) {
  uint64_t half = link->base_reachable_ns / 2;
  link->reachable_ns =
      half + ph_stack_random_delay(ipv6_stack_of(link), 2 * half);
}

static void take_parameters(struct ipv6_link *link, const uint8_t *m) {
  uint8_t hops = m[ND_RA_OFF_HOPS];
  uint32_t reachable_ms = get_be32(m + ND_RA_OFF_REACHABLE);
  uint32_t retrans_ms = get_be32(m + ND_RA_OFF_RETRANS);
  if (hops >= IPV6_HOPS_MIN && hops != link->hops) {
    link->hops = hops;
    ipv6_stack_of(link)->route_generation++;
  }
  if (reachable_ms > 0 && reachable_ms <= REACHABLE_MAX_MS &&
      link->base_reachable_ns != reachable_ms * IPV6_MS) {
    link->base_reachable_ns = reachable_ms * IPV6_MS;
    nd_draw_reachable(link);
  }
  if (retrans_ms > 0) {
    link->retrans_ns =
        ph_max_u32(ph_min_u32(retrans_ms, RETRANS_MAX_MS), RETRANS_MIN_MS) *
        IPV6_MS;
  }
}

/* RFC 4862 5.5.3 (e): never less than two hours, unless it already is. */
static void prolong(struct ph_stack *stack, struct ipv6_address *a,
                    uint64_t valid_ns, uint64_t preferred_ns) {
  uint64_t remaining =
      a->valid_until_ns - ph_min_u64(a->valid_until_ns, stack->now_ns);
  uint64_t two_hours = stack->now_ns + TWO_HOURS_NS;
  if (valid_ns > two_hours || valid_ns > a->valid_until_ns) {
    a->valid_until_ns = valid_ns;
  } else if (remaining > TWO_HOURS_NS) {
    a->valid_until_ns = two_hours;
  }
  a->preferred_until_ns = ph_min_u64(preferred_ns, a->valid_until_ns);
  ipv6_address_watch(stack, a);
}

static uint32_t autoconf_count(const struct ipv6_state *v6,
                               const struct ipv6_link *link) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    const struct ipv6_address *a = &v6->addresses[i];
    count += a->state != IPV6_ADDRESS_FREE && a->link == link && a->autoconf;
  }
  return count;
}

static void autoconfigure(struct ipv6_link *link, const uint8_t *prefix,
                          uint32_t valid, uint32_t preferred) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ph_addr addr = ipv6_eui64(link->netif, prefix);
  uint64_t valid_ns = ipv6_lifetime_end(stack, valid);
  uint64_t preferred_ns = ipv6_lifetime_end(stack, preferred);
  struct ipv6_address *a = ipv6_address_find(v6, &addr);
  if (a) {
    if (a->autoconf && a->link == link) {
      prolong(stack, a, valid_ns, preferred_ns);
    }
    return;
  }
  if (valid == 0) {
    return;
  }
  if (autoconf_count(v6, link) >= IPV6_MAX_AUTOCONF) {
    stack->stats.NdTableFull++;
    return;
  }
  a = ipv6_address_add(link, &addr, 64, v6->config.skip_dad);
  if (a) {
    a->autoconf = true;
    a->valid_until_ns = valid_ns;
    a->preferred_until_ns = preferred_ns;
    ipv6_address_watch(stack, a);
  }
}

static PH_APART_IF_SMALL void take_prefix(struct ipv6_link *link,
                                          const uint8_t *option) {
  struct ph_stack *stack = ipv6_stack_of(link);
  uint8_t bits = option[ND_PREFIX_OFF_BITS];
  uint8_t flags = option[ND_PREFIX_OFF_FLAGS];
  uint32_t valid = get_be32(option + ND_PREFIX_OFF_VALID);
  uint32_t preferred = get_be32(option + ND_PREFIX_OFF_PREFERRED);
  const uint8_t *prefix = option + ND_PREFIX_OFF_PREFIX;
  if (bits > 128 || ipv6_is_link_local(prefix) || ipv6_is_multicast(prefix) ||
      ipv6_is_zero(prefix, 8)) {
    return; /* `::/64` has `::1` and IPv4's mapped addresses in it */
  }
  if (flags & ND_PREFIX_ON_LINK) {
    struct ph_addr addr;
    memcpy(addr.bytes, prefix, 16);
    ipv6_prefix_set(link, &addr, bits,
                    valid ? ipv6_lifetime_end(stack, valid) : 0, true);
  }
  if ((flags & ND_PREFIX_AUTONOMOUS) && preferred <= valid && bits == 64) {
    autoconfigure(link, prefix, valid, preferred);
  }
}

static void take_options(struct ipv6_link *link, const uint8_t *m,
                         uint32_t len) {
  for (uint32_t at = ND_RA_LEN; at < len;
       at += m[at + 1] * (uint32_t)ND_OPT_UNIT) {
    const uint8_t *option = m + at;
    if (option[0] == ND_OPT_MTU && option[1] == 1) {
      uint32_t mtu = get_be32(option + 4);
      if (mtu >= IPV6_MIN_MTU && mtu <= link->netif->caps.mtu &&
          mtu != link->mtu) {
        link->mtu = (uint16_t)mtu;
        ipv6_stack_of(link)->route_generation++;
      }
    } else if (option[0] == ND_OPT_PREFIX &&
               option[1] * ND_OPT_UNIT == ND_OPT_PREFIX_LEN) {
      take_prefix(link, option);
    }
  }
}

bool nd_router_advert(struct ipv6_link *link, const uint8_t *m, uint32_t len,
                      const struct ip_rx *rx) {
  struct ph_stack *stack = ipv6_stack_of(link);
  if (!ipv6_is_link_local(rx->src.bytes)) {
    return false; /* RFC 4861 6.1.2 */
  }
  if (ipv6_of(stack)->config.ignore_ra || ip_of(stack)->forward6) {
    return true; /* RFC 4861 6.2.1: what routers tell is for hosts */
  }
  uint32_t lifetime = get_be16(m + ND_RA_OFF_LIFETIME);
  struct nd_neighbour *n = nd_learn(
      link, &rx->src, nd_mac_option(m, len, ND_RA_LEN, ND_OPT_SOURCE_MAC));
  if (n) {
    n->is_router = true; /* RFC 4861 6.3.4 */
  }
  stack->stats.NdAdverts++;
  if (lifetime > 0) {
    link->solicits_left = 0;
  }
  ipv6_router_set(link, &rx->src,
                  lifetime ? ipv6_lifetime_end(stack, lifetime) : 0);
  take_parameters(link, m);
  take_options(link, m, len);
  return true;
}
