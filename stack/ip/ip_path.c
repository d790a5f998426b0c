/* SPDX-License-Identifier: Apache-2.0 */
/* The table of paths: sets of four by a keyed hash of the destination, so that
 * nobody can aim at a set; of a full set the path that was used longest ago
 * gives way. A path costs a lookup of the route when it is made, and a packet
 * never more than that, however many peers there are. */
#include "stack/base/errno.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/eth_wire.h"

enum { IP_PATH_WAYS = 4, IP_PATHS_MAX = 65536 };

_Static_assert(offsetof(struct ip_state, paths) == 0, "see ip_path_get()");

/* Where there is no way: a netif that is always down. */
static int refuse(struct netif *netif, struct pkt *pkt) {
  (void)netif;
  (void)pkt;
  return -PH_ENETDOWN;
}

int ip_paths_init(struct ph_stack *stack, struct ip_state *ip, uint32_t count) {
  static const struct netif_ops nowhere_ops = {.transmit = refuse};
  uint32_t sets = 1;
  while (sets * IP_PATH_WAYS < ph_min_u32(count, IP_PATHS_MAX)) {
    sets *= 2;
  }
  ip->paths.path = ph_stack_alloc(
      stack, (size_t)sets * IP_PATH_WAYS * sizeof(struct ip_path));
  if (!ip->paths.path) {
    return -PH_ENOMEM;
  }
  ip->paths.set_mask = sets - 1;
  ip->always.fresh_until_ns = UINT64_MAX;
  struct netif *none = &ip->no_netif; /* the memory is all 0 */
  none->name = "none";
  none->ops = &nowhere_ops;
  none->stack = stack;
  none->caps.mtu = IP_NOWHERE_MTU;
  ip->nowhere.netif = none;
  ip->nowhere.neighbour = &ip->always;
  ip->nowhere.mtu = ip->nowhere.link_mtu = IP_NOWHERE_MTU;
  ip->nowhere.mtu_until_ns = UINT64_MAX;
  return 0;
}

static struct ip_path *set_of(struct ip_state *ip, const struct ph_addr *dst) {
  uint32_t words[4];
  memcpy(words, dst->bytes, sizeof(words));
  uint64_t hash = ph_hash_u32(&ip->key, words[3]);
  if (words[0]) { /* not IPv4: universal hashing of the other words, too */
    hash = ph_siphash24_addr(&ip->key, dst);
  }
  return &ip->paths.path[(hash & ip->paths.set_mask) * IP_PATH_WAYS];
}

static bool is_for(const struct ip_path *path, const struct ph_addr *src,
                   const struct ph_addr *dst) {
  return path->generation != 0 && ph_addr_equal(&path->dst, dst) &&
         (src ? ph_addr_equal(&path->src, src) : path->src_chosen);
}

/* Whoever was used longest ago, or was never used. */
static bool goes_first(const struct ip_path *a, const struct ip_path *b) {
  uint64_t a_ns = a->generation ? a->used_ns : 0;
  uint64_t b_ns = b->generation ? b->used_ns : 0;
  return a_ns < b_ns;
}

/* Fill in `path` for its addresses; `src` NULL: the route chooses. */
static int make(struct ph_stack *stack, const struct ip_family *family,
                const struct ph_addr *src, struct ip_path *path) {
  path->family = family;
  path->src_chosen = !src;
  path->generation = stack->route_generation;
  int error = family->route(stack, src, path);
  if (error) {
    return error;
  }
  path->used_ns = stack->now_ns;
  path->link_mtu = path->link_mtu ? path->link_mtu : path->netif->caps.mtu;
  ip_pmtu_refresh(stack, path);
  memcpy(path->header + ETH_OFF_SRC, path->netif->mac, ETH_ADDR_LEN);
  family->prepare(stack, path);
  return 0;
}

static struct ip_path *nowhere(struct ip_state *ip,
                               const struct ip_family *family,
                               const struct ph_addr *src,
                               const struct ph_addr *dst, int error) {
  ip->nowhere.family = family;
  ip->nowhere.error = error;
  ip->nowhere.dst = *dst;
  ip->nowhere.src = src ? *src : (struct ph_addr){{0}};
  return &ip->nowhere;
}

struct ip_path *ip_path_find(struct ph_stack *stack, uint16_t *hint,
                             const struct ph_addr *src,
                             const struct ph_addr *dst) {
  struct ip_state *ip = ip_of(stack);
  const struct ip_family *family = ip_family_of(stack, dst);
  if (!family) {
    return nowhere(ip, &ipv4_family, src, dst, -PH_ENETUNREACH);
  }
  if (src && ip_addr_is_any(src)) {
    src = NULL;
  }
  struct ip_path *set = set_of(ip, dst);
  struct ip_path *place = &set[0];
  for (uint32_t i = 0; i < IP_PATH_WAYS; i++) {
    if (is_for(&set[i], src, dst)) {
      place = &set[i];
      break;
    }
    place = goes_first(&set[i], place) ? &set[i] : place;
  }
  if (!is_for(place, src, dst) || !place->netif->up ||
      place->generation != stack->route_generation) {
    *place = (struct ip_path){.dst = *dst};
    int error = make(stack, family, src, place);
    if (error) {
      place->generation = 0;
      stack->stats.IpOutNoRoutes++;
      return nowhere(ip, family, src, dst, error);
    }
    stack->stats.IpPathsMade++;
  }
  if (hint) {
    *hint = (uint16_t)(place - ip->paths.path);
  }
  return place;
}

int ip_send(struct ph_stack *stack, struct pkt *pkt, const struct ph_addr *src,
            const struct ph_addr *dst, struct ip_tx tx) {
  struct ip_path *path = ip_path_find(stack, NULL, src, dst);
  return path->family->output(stack, pkt, path, tx);
}
