/* SPDX-License-Identifier: Apache-2.0 */
/* Next-hop determination (RFC 4861 5.2): what is ours stays in the host; groups
 * and link-local addresses go out by their interface; else the longest prefix
 * of what is on a link, of routes that were given and of what a redirect told
 * decides; else a default router (6.3.6). */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

/* ---- Ends ---------------------------------------------------------------- */

/* Paths were made of what has come to its end: they are to be made anew. */
void ipv6_expiry_timer(struct ph_stack *stack, struct ph_timer *timer) {
  (void)timer;
  ipv6_watch_expiry(stack);
}

void ipv6_watch_expiry(struct ph_stack *stack) {
  struct ipv6_state *v6 = ipv6_of(stack);
  uint64_t first = IPV6_FOREVER;
  stack->route_generation++;
  for (uint32_t i = 0; i < IPV6_MAX_PREFIXES; i++) {
    const struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link && p->until_ns > stack->now_ns) {
      first = ph_min_u64(first, p->until_ns);
    }
  }
  for (uint32_t i = 0; i < IPV6_MAX_ROUTERS; i++) {
    const struct ipv6_router *r = &v6->routers[i];
    if (r->link && r->until_ns > stack->now_ns) {
      first = ph_min_u64(first, r->until_ns);
    }
  }
  ph_stack_timer_at(stack, &v6->expiry, first);
}

/* ---- Prefixes ------------------------------------------------------------ */

static bool in_prefix(const struct ph_addr *addr, const struct ph_addr *prefix,
                      uint8_t len) {
  return ipv6_common_bits(addr, prefix) >= len;
}

void ipv6_prefix_set(struct ipv6_link *link, const struct ph_addr *prefix,
                     uint8_t len, uint64_t until_ns, bool learnt) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_prefix *place = NULL;
  uint32_t learnt_count = 0;
  for (uint32_t i = 0; i < IPV6_MAX_PREFIXES; i++) {
    struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link && stack->now_ns >= p->until_ns) {
      p->link = NULL;
    }
    if (p->link == link && p->len == len &&
        in_prefix(prefix, &p->prefix, len)) {
      if (!p->learnt && learnt) {
        return; /* what was given stands */
      }
      p->learnt = learnt;
      p->until_ns = until_ns;
      p->link = until_ns ? link : NULL;
      ipv6_watch_expiry(stack);
      return;
    }
    learnt_count += p->link && p->learnt;
    place = !p->link && !place ? p : place;
  }
  if (until_ns == 0) {
    return;
  }
  if (!place || (learnt && learnt_count >= IPV6_MAX_LEARNT)) {
    stack->stats.NdTableFull++;
    return;
  }
  *place = (struct ipv6_prefix){*prefix, link, until_ns, len, learnt};
  ipv6_watch_expiry(stack);
}

/* ---- Routers ------------------------------------------------------------- */

struct ipv6_router *ipv6_router_find(struct ipv6_state *v6,
                                     const struct ph_addr *addr) {
  for (uint32_t i = 0; i < IPV6_MAX_ROUTERS; i++) {
    struct ipv6_router *r = &v6->routers[i];
    if (r->link && ph_addr_equal(&r->addr, addr)) {
      return r;
    }
  }
  return NULL;
}

void ipv6_router_set(struct ipv6_link *link, const struct ph_addr *addr,
                     uint64_t until_ns) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_router *r = ipv6_router_find(v6, addr);
  for (uint32_t i = 0; i < IPV6_MAX_ROUTERS && !r && until_ns; i++) {
    struct ipv6_router *place = &v6->routers[i];
    r = !place->link || stack->now_ns >= place->until_ns ? place : NULL;
  }
  if (r) {
    *r = (struct ipv6_router){*addr, until_ns ? link : NULL, until_ns, false};
    ipv6_watch_expiry(stack);
  } else if (until_ns) {
    stack->stats.NdTableFull++;
  }
}

/* RFC 4861 6.3.6: one that is or may be reachable; if there is none, another
 * one each time, so that all of them are probed. */
static const struct ipv6_router *choose_router(struct ipv6_state *v6) {
  const struct ipv6_router *usable[IPV6_MAX_ROUTERS];
  uint32_t count = 0;
  for (uint32_t i = 0; i < IPV6_MAX_ROUTERS; i++) {
    struct ipv6_router *r = &v6->routers[i];
    if (!r->link || v6->stack->now_ns >= r->until_ns || !r->link->netif->up) {
      continue;
    }
    if (!r->failed) {
      return r;
    }
    usable[count++] = r;
  }
  return count ? usable[v6->router_turn++ % count] : NULL;
}

void ipv6_next_hop_failed(struct ipv6_link *link, const struct ph_addr *addr) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_router *r = ipv6_router_find(v6, addr);
  if (r) {
    r->failed = true;
  }
  stack->route_generation++;
  for (uint32_t i = 0; i < IPV6_MAX_REDIRECTS; i++) {
    struct ipv6_redirect *redirect = &v6->redirects[i];
    if (ph_addr_equal(&redirect->next_hop, addr)) {
      redirect->link = NULL; /* back to the router */
    }
  }
}

void ipv6_redirect_set(struct ipv6_link *link, const struct ph_addr *dst,
                       const struct ph_addr *next_hop) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_redirect *place = NULL;
  stack->route_generation++;
  for (uint32_t i = 0; i < IPV6_MAX_REDIRECTS && !place; i++) {
    struct ipv6_redirect *r = &v6->redirects[i];
    place = r->link && ph_addr_equal(&r->dst, dst) ? r : NULL;
  }
  if (!place) { /* the oldest gives way */
    place = &v6->redirects[v6->redirect_next++ % IPV6_MAX_REDIRECTS];
  }
  *place = (struct ipv6_redirect){*dst, *next_hop, link};
}

/* ---- Routes that were given ---------------------------------------------- */

int ph_ipv6_add_route(struct ph_stack *stack, const struct ph_addr *destination,
                      uint8_t prefix_len, const struct ph_addr *next_hop,
                      struct netif *netif) {
  return ph_ip_add_route(stack, destination, prefix_len, next_hop, netif);
}

/* ---- Next hop ------------------------------------------------------------ */

static const struct ipv6_prefix *best_prefix(const struct ipv6_state *v6,
                                             const struct ph_addr *dst) {
  const struct ipv6_prefix *best = NULL;
  for (uint32_t i = 0; i < IPV6_MAX_PREFIXES; i++) {
    const struct ipv6_prefix *p = &v6->prefixes[i];
    if (p->link && v6->stack->now_ns < p->until_ns && p->link->netif->up &&
        (!best || p->len > best->len) && in_prefix(dst, &p->prefix, p->len)) {
      best = p;
    }
  }
  return best;
}

static const struct ipv6_redirect *find_redirect(const struct ipv6_state *v6,
                                                 const struct ph_addr *dst) {
  for (uint32_t i = 0; v6->redirect_next && i < IPV6_MAX_REDIRECTS; i++) {
    const struct ipv6_redirect *r = &v6->redirects[i];
    if (r->link && ph_addr_equal(&r->dst, dst)) {
      return r;
    }
  }
  return NULL;
}

struct ipv6_link *ipv6_next_hop(struct ipv6_state *v6,
                                const struct ph_addr *dst,
                                struct ph_addr *next_hop) {
  const struct ip_route *route = ip_trie_lookup(&ip_of(v6->stack)->trie, dst);
  const struct ipv6_prefix *prefix = best_prefix(v6, dst);
  *next_hop = *dst;
  if (prefix && (!route || prefix->len >= route->prefix_len)) {
    return prefix->link;
  }
  const struct ipv6_redirect *redirect = find_redirect(v6, dst);
  if (redirect) {
    *next_hop = redirect->next_hop;
    return redirect->link;
  }
  if (route) {
    if (route->gateway) {
      *next_hop = route->next_hop;
    }
    return route->netif->ipv6;
  }
  const struct ipv6_router *router = choose_router(v6);
  if (!router) {
    return NULL;
  }
  *next_hop = router->addr;
  return router->link;
}

/* By the zone of `dst`, by the interface that has `src`, or the first. */
static struct ipv6_link *link_of_zone(struct ipv6_state *v6,
                                      const struct ph_addr *dst,
                                      const struct ph_addr *src) {
  uint8_t zone = ipv6_zone(dst);
  const struct ipv6_address *a = src ? ipv6_address_find(v6, src) : NULL;
  if (zone == 0 && a) {
    return a->link;
  }
  for (struct ipv6_link *link = v6->links; link; link = link->next) {
    if (zone ? link->netif->index == zone : link->netif->up) {
      return link;
    }
  }
  return NULL;
}

/* What is ours stays in the host. */
static int loop(struct ph_stack *stack, const struct ph_addr *src,
                struct ip_path *path) {
  struct netif *loopback = ip_of(stack)->loopback;
  if (!loopback || !loopback->up) {
    return -PH_ENETUNREACH;
  }
  path->netif = loopback;
  path->src = src ? *src : path->dst;
  path->next_hop = path->dst;
  return 0;
}

int ipv6_route(struct ph_stack *stack, const struct ph_addr *src,
               struct ip_path *path) {
  struct ipv6_state *v6 = ipv6_of(stack);
  const uint8_t *to = path->dst.bytes;
  if (ipv6_is_unspecified(to) || ipv6_is_mapped(to) ||
      (src && !ipv6_is_own(v6, src))) {
    return -PH_ENETUNREACH;
  }
  if (ipv6_is_own(v6, &path->dst)) {
    return loop(stack, src, path);
  }
  path->group = ipv6_is_multicast(to);
  path->next_hop = path->dst;
  bool scoped = path->group || ipv6_is_link_local(to);
  struct ipv6_link *link = ipv6_is_loopback(to) ? NULL
                           : scoped
                               ? path->netif && path->group && !src
                                     ? path->netif->ipv6
                                     : link_of_zone(v6, &path->dst, src)
                               : ipv6_next_hop(v6, &path->dst, &path->next_hop);
  /* RFC 4291 2.5.3: `::1` never leaves the host; 2.5.6: nor does a link-local
   * address its link. */
  if (!link || link->disabled ||
      (src && (ipv6_is_loopback(src->bytes) ||
               (ipv6_zone(src) && ipv6_zone(src) != link->netif->index)))) {
    return -PH_ENETUNREACH;
  }
  const struct ipv6_address *a =
      src ? NULL : ipv6_choose_source(stack, link, &path->dst);
  if (!src && !a) {
    return -PH_EADDRNOTAVAIL; /* as in Linux */
  }
  path->netif = link->netif;
  path->src = src ? *src : a->addr;
  path->link_mtu = ipv6_link_mtu(link);
  return 0;
}
