/* SPDX-License-Identifier: Apache-2.0 */
/* Routes that were given, of both families: in the trie. What routers told and
 * what is on a link by a prefix is IPv6's own (ipv6_route.c). */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"
#include "stack/wire/ip_wire.h"

static int add_subnet(struct ph_stack *stack,
                      const struct ipv4_address *address) {
  int error =
      ph_ipv4_add_route(stack, address->ip & address->mask,
                        ipv4_prefix_len(address->mask), 0, address->netif);
  return error == -PH_EEXIST ? 0 : error; /* by another address of it */
}

static int set_default(struct ph_stack *stack, uint32_t router,
                       struct netif *netif, bool on) {
  return on ? ph_ipv4_add_route(stack, 0, 0, router, netif)
            : ph_ipv4_remove_route(stack, 0, 0, router, netif);
}

int ph_ip_routes_init(struct ph_stack *stack, uint32_t max) {
  static const struct ip_routes routes = {ip_trie_lookup_v4, add_subnet,
                                          set_default};
  struct ip_state *ip = ip_of(stack);
  max = max ? max : IP_ROUTES_DEFAULT;
  if (ip->routes) {
    return 0;
  }
  void *memory =
      max <= IP_TRIE_MAX ? ph_stack_alloc(stack, ip_trie_size(max)) : NULL;
  if (!memory) {
    return -PH_ENOMEM;
  }
  ip_trie_init(&ip->trie, memory, max);
  ip->routes = &routes;
  int error = 0;
  for (uint32_t i = 0; i < ip->address_count && !error; i++) {
    error = add_subnet(stack, &ip->addresses[i]);
  }
  return error;
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

/* Add it, or take it away. */
static int change(struct ph_stack *stack, const struct ph_addr *destination,
                  uint8_t prefix_len, const struct ph_addr *next_hop,
                  struct netif *netif, bool add) {
  struct ip_route route;
  struct ip_state *ip = ip_of(stack);
  if (!route_of(destination, prefix_len, next_hop, netif, &route)) {
    return -PH_EINVAL;
  }
  if (!ip->routes) {
    return add ? -PH_ENOMEM : -PH_ENOENT;
  }
  stack->route_generation++;
  return add ? ip_trie_add(&ip->trie, &route)
             : ip_trie_remove(&ip->trie, &route);
}

int ph_ip_add_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif) {
  return change(stack, destination, prefix_len, next_hop, netif, true);
}

int ph_ip_del_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif) {
  return change(stack, destination, prefix_len, next_hop, netif, false);
}

/* ---- Listing ------------------------------------------------------------- */

/* Route `*index` of a family; false: that many fewer are to be passed over. */
static bool show_route(const struct ip_state *ip, bool v4, uint32_t *index,
                       struct ph_route_info *info) {
  for (uint32_t i = 1; i <= ip->trie.max; i++) {
    const struct ip_route *r = &ip->trie.routes[i];
    if (r->netif && ip_addr_is_v4(&r->destination) == v4 && (*index)-- == 0) {
      *info = (struct ph_route_info){.destination = r->destination,
                                     .next_hop = r->next_hop,
                                     .netif = r->netif,
                                     .prefix_len = r->prefix_len};
      return true;
    }
  }
  return false;
}

int ph_ipv4_route_info(struct ph_stack *stack, uint32_t index,
                       struct ph_route_info *info) {
  if (!show_route(ip_of(stack), true, &index, info)) {
    return -PH_ENOENT;
  }
  info->prefix_len = (uint8_t)(info->prefix_len - 96);
  if (!ip_addr_is_v4(&info->next_hop)) { /* no gateway */
    info->next_hop = ph_addr_v4(0);
  }
  return 0;
}

int ph_ipv6_route_info(struct ph_stack *stack, uint32_t index,
                       struct ph_route_info *info) {
  const struct ipv6_state *v6 = ipv6_of(stack);
  for (uint32_t i = 0; v6 && i < IPV6_MAX_PREFIXES; i++) {
    const struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link && p->until_ns > stack->now_ns && index-- == 0) {
      *info = (struct ph_route_info){.destination = p->prefix,
                                     .netif = p->link->netif,
                                     .prefix_len = p->len};
      return 0;
    }
  }
  if (show_route(ip_of(stack), false, &index, info)) {
    return 0;
  }
  for (uint32_t i = 0; v6 && i < IPV6_MAX_ROUTERS; i++) {
    const struct ipv6_router *r = &v6->routers[i];
    if (r->link && r->until_ns > stack->now_ns && index-- == 0) {
      *info =
          (struct ph_route_info){.next_hop = r->addr, .netif = r->link->netif};
      return 0;
    }
  }
  return -PH_ENOENT;
}
