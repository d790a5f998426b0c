/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are given for a time (DHCP): taking one away, and sending from
 * an interface that has none yet. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

/* Another address has the same subnet's route. */
static bool subnet_used(const struct ip_state *ip,
                        const struct ipv4_address *a) {
  for (uint32_t i = 0; i < ip->address_count; i++) {
    const struct ipv4_address *b = &ip->addresses[i];
    if (b->netif == a->netif && b->mask == a->mask &&
        ((a->ip ^ b->ip) & a->mask) == 0) {
      return true;
    }
  }
  return false;
}

int ph_ipv4_remove_address(struct ph_stack *stack, struct netif *netif,
                           uint32_t address) {
  struct ip_state *ip = ip_of(stack);
  for (uint32_t i = 0; i < ip->address_count; i++) {
    const struct ipv4_address a = ip->addresses[i];
    if (a.netif != netif || a.ip != address) {
      continue;
    }
    ip->addresses[i] = ip->addresses[--ip->address_count];
    ip->good_netif = NULL; /* its receiver may be it */
    stack->route_generation++;
    if (!netif->loopback) {
      arp_remove_address(netif, address);
    }
    return !ip->routes || subnet_used(ip, &a)
               ? 0
               : ph_ipv4_remove_route(stack, a.ip & a.mask,
                                      ipv4_prefix_len(a.mask), 0, netif);
  }
  return -PH_ENOENT;
}

/* No route is asked, and no neighbour: the frame goes to all. */
void ipv4_broadcast_path(struct netif *netif, const struct ph_addr *src,
                         struct ip_path *path) {
  struct ph_stack *stack = netif->stack;
  const struct ph_addr all = ph_addr_v4(UINT32_MAX);
  *path = (struct ip_path){.dst = all,
                           .src = *src,
                           .generation = stack->route_generation,
                           .netif = netif,
                           .family = &ipv4_family,
                           .group = true,
                           .mtu = netif->caps.mtu,
                           .link_mtu = netif->caps.mtu,
                           .mtu_until_ns = UINT64_MAX,
                           .next_hop = all};
  memcpy(path->header + ETH_OFF_SRC, netif->mac, ETH_ADDR_LEN);
  ipv4_family.prepare(stack, path);
}
