/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that were given, of both families: in the trie. What routers told and
 * what is on a link by a prefix is IPv6's own (ipv6_route.c). */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

int ip_routes_init(struct ph_stack *stack, struct ip_state *ip,
                   uint32_t count) {
  void *memory =
      count <= IP_TRIE_MAX ? ph_stack_alloc(stack, ip_trie_size(count)) : NULL;
  if (!memory) {
    return -PH_ENOMEM;
  }
  ip_trie_init(&ip->trie, memory, count);
  return 0;
}

/* False: not a route, or not of this interface. */
static bool route_of(const struct ph_addr *destination, uint8_t prefix_len,
                     const struct ph_addr *next_hop, struct netif *netif,
                     struct ip_route *route) {
  bool v4 = ip_addr_is_v4(destination);
  uint32_t len = prefix_len + (v4 ? 96u : 0u);
  if (!netif || len > 128 || (!v4 && !netif->ipv6)) {
    return false;
  }
  *route = (struct ip_route){.destination = *destination,
                             .netif = netif,
                             .prefix_len = (uint8_t)len,
                             .gateway = next_hop != NULL};
  for (uint32_t i = 0; i < 16; i++) { /* host bits */
    uint32_t keep = len > 8 * i ? ph_min_u32(len - 8 * i, 8) : 0;
    route->destination.bytes[i] &= (uint8_t)(0xff00u >> keep);
  }
  if (next_hop) {
    route->next_hop = ipv6_addr_at(next_hop->bytes, netif);
  }
  return true;
}

int ph_ip_add_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif) {
  struct ip_route route;
  if (!route_of(destination, prefix_len, next_hop, netif, &route)) {
    return -PH_EINVAL;
  }
  stack->route_generation++;
  return ip_trie_add(&ip_of(stack)->trie, &route);
}

int ph_ip_del_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif) {
  struct ip_route route;
  if (!route_of(destination, prefix_len, next_hop, netif, &route)) {
    return -PH_EINVAL;
  }
  stack->route_generation++;
  return ip_trie_remove(&ip_of(stack)->trie, &route);
}

static void tell(struct ph_ip_route_info *info, const struct ip_route *r) {
  bool v4 = ip_addr_is_v4(&r->destination);
  *info = (struct ph_ip_route_info){
      .destination = r->destination,
      .next_hop = r->next_hop,
      .netif = r->netif,
      .prefix_len = (uint8_t)(r->prefix_len - (v4 ? 96 : 0)),
      .gateway = r->gateway};
  (void)ip_addr_take_zone(&info->next_hop);
}

/* What IPv6 learned by itself, `index` from 0. */
static int learnt_info(const struct ipv6_state *v6, uint32_t index,
                       struct ph_ip_route_info *info) {
  for (uint32_t i = 0; v6 && i < IPV6_MAX_PREFIXES; i++) {
    const struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link && v6->stack->now_ns < p->until_ns && index-- == 0) {
      *info = (struct ph_ip_route_info){.destination = p->prefix,
                                        .netif = p->link->netif,
                                        .prefix_len = p->len};
      return 0;
    }
  }
  for (uint32_t i = 0; v6 && i < IPV6_MAX_ROUTERS; i++) {
    const struct ipv6_router *r = &v6->routers[i];
    if (r->link && v6->stack->now_ns < r->until_ns && index-- == 0) {
      *info = (struct ph_ip_route_info){
          .next_hop = r->addr, .netif = r->link->netif, .gateway = true};
      (void)ip_addr_take_zone(&info->next_hop);
      return 0;
    }
  }
  return -PH_ENOENT;
}

int ph_ip_route_info(struct ph_stack *stack, uint32_t index,
                     struct ph_ip_route_info *info) {
  const struct ip_state *ip = ip_of(stack);
  for (uint32_t i = 1; i <= ip->trie.max; i++) {
    if (ip->trie.routes[i].netif && index-- == 0) {
      tell(info, &ip->trie.routes[i]);
      return 0;
    }
  }
  return learnt_info(ip->v6, index, info);
}
