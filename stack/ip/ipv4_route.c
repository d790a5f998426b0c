/* SPDX-License-Identifier: Apache-2.0 */
/* Our IPv4 addresses, and where packets go. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/ip_wire.h"

/* The interface that has this address, 127/8 included, or NULL. */
static PH_APART_IF_SMALL struct netif *netif_of(const struct ip_state *ip,
                                                uint32_t address) {
  for (uint32_t i = 0; i < ip->address_count; i++) {
    if (ip->addresses[i].ip == address) {
      return ip->addresses[i].netif;
    }
  }
  return ipv4_is_loopback(address) ? ip->loopback : NULL;
}

struct netif *ipv4_netif_of(struct ph_stack *stack, uint32_t address) {
  return netif_of(ip_of(stack), address);
}

bool ipv4_is_own(const struct ip_state *ip, uint32_t address) {
  return netif_of(ip, address) != NULL;
}

PH_SHARED bool ipv4_is_broadcast(const struct ip_state *ip, uint32_t address,
                                 const struct netif *netif) {
  if (address == UINT32_MAX) {
    return true;
  }
  for (uint32_t i = 0; address && i < ip->address_count; i++) {
    const struct ipv4_address *a = &ip->addresses[i];
    if ((!netif || a->netif == netif) && address == a->broadcast) {
      return true;
    }
  }
  return false;
}

int ph_ipv4_add_route(struct ph_stack *stack, uint32_t destination,
                      uint8_t prefix_len, uint32_t next_hop,
                      struct netif *netif) {
  struct ph_addr to = ph_addr_v4(destination), by = ph_addr_v4(next_hop);
  if (prefix_len > 32 || (destination & ~ipv4_mask(prefix_len))) {
    return -PH_EINVAL;
  }
  return ph_ip_add_route(stack, &to, prefix_len, next_hop ? &by : NULL, netif);
}

int ph_ipv4_remove_route(struct ph_stack *stack, uint32_t destination,
                         uint8_t prefix_len, uint32_t next_hop,
                         struct netif *netif) {
  struct ph_addr to = ph_addr_v4(destination), by = ph_addr_v4(next_hop);
  return ph_ip_del_route(stack, &to, prefix_len, next_hop ? &by : NULL, netif);
}

int ph_ipv4_add_address(struct ph_stack *stack, struct netif *netif,
                        uint32_t address, uint8_t prefix_len) {
  struct ip_state *ip = ip_of(stack);
  if (prefix_len > 32 || ipv4_is_multicast(address) ||
      ipv4_is_class_e(address) || ipv4_is_zero_net(address)) {
    return -PH_EINVAL;
  }
  if (ipv4_is_own(ip, address) && !ipv4_is_loopback(address)) {
    return -PH_EEXIST;
  }
  if (ip->address_count == IPV4_MAX_ADDRESSES) {
    return -PH_ENOMEM;
  }
  uint32_t mask = ipv4_mask(prefix_len);
  const struct ipv4_address a = {
      .ip = address,
      .mask = mask,
      .broadcast = ~mask > 1 ? address | ~mask : 0,
      .netif = netif,
  };
  int error = ip->routes ? ip->routes->add_subnet(stack, &a) : 0;
  if (!error && !netif->loopback) {
    error = arp_add_address(netif, address, prefix_len);
  }
  if (!error) {
    ip->good_netif = NULL; /* its sender may be us now */
    ip->addresses[ip->address_count++] = a;
    stack->route_generation++;
  }
  return error;
}

/* RFC 1122 3.3.4.3: an address of the interface, best in the next hop's
 * subnet. 0 if it has none. */
static uint32_t choose_source(const struct ip_state *ip,
                              const struct netif *netif, uint32_t next_hop) {
  uint32_t first = 0;
  for (uint32_t i = 0; i < ip->address_count; i++) {
    const struct ipv4_address *a = &ip->addresses[i];
    if (a->netif != netif) {
      continue;
    }
    if (((a->ip ^ next_hop) & a->mask) == 0) {
      return a->ip;
    }
    first = first ? first : a->ip;
  }
  return first;
}

void ph_ipv4_set_gateway(struct ph_stack *stack, uint32_t gateway) {
  ip_of(stack)->gateway = gateway;
  stack->route_generation++;
}

int ph_ipv4_set_default(struct ph_stack *stack, uint32_t router,
                        struct netif *netif, bool on) {
  const struct ip_state *ip = ip_of(stack);
  if (ip->routes) {
    return ip->routes->set_default(stack, router, netif, on);
  }
  if (!on && ip->gateway != router) {
    return -PH_ENOENT;
  }
  ph_ipv4_set_gateway(stack, on ? router : 0);
  return 0;
}

/* RFC 1122 3.3.1.1 without a table: who is on one of our links gets it himself,
 * what is for others goes to the gateway. The longest prefix of a link that is
 * up wins. */
static PH_APART_IF_SMALL struct netif *by_links(const struct ip_state *ip,
                                                uint32_t *next_hop) {
  for (;;) {
    const struct ipv4_address *best = NULL;
    for (uint32_t i = 0; i < ip->address_count; i++) {
      const struct ipv4_address *a = &ip->addresses[i];
      PH_ASSERT(a->netif); /* each has one */
      if (((a->ip ^ *next_hop) & a->mask) == 0 && a->netif->up &&
          (!best || a->mask > best->mask)) {
        best = a;
      }
    }
    if (best || ip->gateway == 0 || *next_hop == ip->gateway) {
      return best ? best->netif : NULL;
    }
    *next_hop = ip->gateway;
  }
}

static PH_APART_IF_SMALL struct netif *by_routes(const struct ip_state *ip,
                                                 uint32_t *next_hop) {
  const struct ip_route *route = ip->routes->lookup_v4(&ip->trie, *next_hop);
  if (route && route->gateway) {
    *next_hop = ph_addr_to_v4(&route->next_hop);
  }
  return route ? route->netif : NULL;
}

/* Where to, or NULL; `*next_hop` and `*src` are set. */
static struct netif *choose(const struct ip_state *ip, uint32_t dst,
                            uint32_t *next_hop, uint32_t *src) {
  *next_hop = dst;
  if (ipv4_is_own(ip, dst)) { /* stays in the host */
    *src = dst;
    return ip->loopback && ip->loopback->up ? ip->loopback : NULL;
  }
  if (ipv4_is_zero_net(dst) || ipv4_is_loopback(dst)) {
    return NULL;
  }
  struct netif *netif =
      ip->routes ? by_routes(ip, next_hop) : by_links(ip, next_hop);
  if (!netif && dst == UINT32_MAX && ip->address_count > 0) {
    netif = ip->addresses[0].netif;
  }
  *src = netif ? choose_source(ip, netif, *next_hop) : 0;
  return netif;
}

int ipv4_route(struct ph_stack *stack, const struct ph_addr *src,
               struct ip_path *path) {
  const struct ip_state *ip = ip_of(stack);
  uint32_t to = ph_addr_to_v4(&path->dst);
  uint32_t next_hop = to;
  uint32_t chosen = 0;
  uint32_t wanted = src && ip_addr_is_v4(src) ? ph_addr_to_v4(src) : 0;
  /* A group is on every link: of the source, or of who was asked for. */
  bool everywhere = ipv4_is_multicast(to) || to == UINT32_MAX;
  struct netif *netif = !everywhere ? NULL
                        : src       ? ipv4_netif_of(stack, wanted)
                                    : path->netif;
  if (netif) {
    chosen = netif->loopback ? 0x7f000001 : choose_source(ip, netif, to);
  } else {
    netif = choose(ip, to, &next_hop, &chosen);
  }
  if (src) {
    chosen = ipv4_is_own(ip, wanted) ? wanted : 0;
  }
  /* RFC 1122 3.2.1.3 (g): 127/8 never leaves the host. */
  if (!netif || !chosen || (ipv4_is_loopback(chosen) && !netif->loopback)) {
    return -PH_ENETUNREACH;
  }
  path->netif = netif;
  path->src = ph_addr_v4(chosen);
  path->next_hop = ph_addr_v4(next_hop);
  path->group = ipv4_is_multicast(to) || ipv4_is_broadcast(ip, to, netif);
  return 0;
}
