/* SPDX-License-Identifier: Apache-2.0 */
/* Path MTUs by destination (RFC 1191 5.2, RFC 8201 5.2), so that what one
 * connection learned is known to all. Only what a transport has checked gets
 * here (RFC 5927 7): an ICMP message alone changes nothing.
 *
 * The table is small and forgetful: a set of four places per hash (keyed, so
 * that nobody can aim at a place), of which the one that expires first gives
 * way. An entry lives ten minutes (RFC 1191 6.3); then the path is believed to
 * take what the link takes, and whoever sends finds out. While the table is
 * empty a look at it costs one comparison. */
#include "stack/ip/ip_internal.h"

#define PMTU_LIFE_NS (600ull * 1000000000)

static struct ip_pmtu *set_of(struct ip_state *ip, const struct ph_addr *dst) {
  uint64_t hash = ph_siphash24_addr(&ip->key, dst);
  return &ip->pmtu[hash % (IP_PMTU_ENTRIES / IP_PMTU_WAYS) * IP_PMTU_WAYS];
}

void ip_pmtu_refresh(struct ph_stack *stack, struct ip_path *path) {
  struct ip_state *ip = ip_of(stack);
  path->mtu = path->link_mtu;
  path->mtu_until_ns = UINT64_MAX; /* or until it is lowered */
  if (stack->now_ns >= ip->pmtu_until_ns) {
    return; /* the last entry has expired, or there was none */
  }
  const struct ip_pmtu *set = set_of(ip, &path->dst);
  for (uint32_t i = 0; i < IP_PMTU_WAYS; i++) {
    if (stack->now_ns < set[i].until_ns && set[i].mtu < path->mtu &&
        ph_addr_equal(&set[i].dst, &path->dst)) {
      path->mtu = set[i].mtu;
      path->mtu_until_ns = set[i].until_ns;
    }
  }
}

void ip_lower_path_mtu(struct ph_stack *stack, const struct ph_addr *dst,
                       uint16_t mtu) {
  struct ip_state *ip = ip_of(stack);
  struct ip_pmtu *set = set_of(ip, dst);
  struct ip_pmtu *place = set;
  for (uint32_t i = 0; i < IP_PMTU_WAYS; i++) {
    bool alive = stack->now_ns < set[i].until_ns;
    if (alive && ph_addr_equal(&set[i].dst, dst)) {
      if (mtu >= set[i].mtu) {
        return; /* never raised (RFC 1191 3), nor kept alive by repetition */
      }
      place = &set[i];
      break;
    }
    place = set[i].until_ns < place->until_ns ? &set[i] : place;
  }
  *place = (struct ip_pmtu){
      .dst = *dst, .until_ns = stack->now_ns + PMTU_LIFE_NS, .mtu = mtu};
  ip->pmtu_until_ns = place->until_ns;
  stack->route_generation++; /* paths keep their own copy */
}
