/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from the graph: addresses, routes, the way of packets. The text
 * is read in topology_parse.c. */
#include <string.h>

#include "sim/run/topology_internal.h"

enum { FAR = 1000 };

/* --- Addresses ------------------------------------------------------------ */

static uint32_t subnet_v4(unsigned link) {
  return 0x0a000000 + (link << 8);
}

static struct ph_addr address_v6(unsigned link, unsigned end) {
  struct ph_addr address = {{0xfd}};
  address.bytes[7] = (uint8_t)link;
  address.bytes[15] = (uint8_t)end;
  return address;
}

void topology_give_addresses(struct topology *topology, bool ipv6) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    struct topology_host *host = &topology->hosts[i];
    for (unsigned p = 0; p < host->port_count; p++) {
      unsigned link = host->link_of[p];
      const struct sim_end *left = &topology->links[link].end[0];
      unsigned end = left->host == i && left->port == p ? 1 : 2;
      host->ports[p] = (struct host_port_config){
          .mac = {0x02, 0x50, 0x48, 0, (uint8_t)p, (uint8_t)(i + 1)},
          .ip = subnet_v4(link) + end,
          .prefix_len = 24,
          .prefix6_len = 64,
          .mtu = topology->mtu[link],
      };
      if (ipv6) {
        host->ports[p].ip6 = address_v6(link, end);
      }
    }
    host->forwarding = host->port_count > 1 && !host->no_forwarding;
  }
}

/* --- Routes --------------------------------------------------------------- */

struct sim_end topology_neighbour(const struct topology *topology,
                                  unsigned host, unsigned port) {
  unsigned link = topology->hosts[host].link_of[port];
  const struct sim_end *end = topology->links[link].end;
  return end[end[0].host == host && end[0].port == port];
}

/* Over how many routers each host reaches link `to`: 0 if it is on it. */
static void distances(const struct topology *topology, unsigned to,
                      unsigned distance[SIM_HOSTS]) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    distance[i] = FAR;
  }
  distance[topology->links[to].end[0].host] = 0;
  distance[topology->links[to].end[1].host] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned i = 0; i < topology->host_count; i++) {
      for (unsigned p = 0; p < topology->hosts[i].port_count; p++) {
        unsigned next = topology_neighbour(topology, i, p).host;
        if (topology->hosts[next].forwarding &&
            distance[next] + 1 < distance[i]) {
          distance[i] = distance[next] + 1;
          changed = true;
        }
      }
    }
  }
}

/* The NIC of `host` that leads to link `to`: one that is on it, or the first
 * whose neighbour is a router and nearer. -1: none does. */
static int port_to(const struct topology *topology, unsigned host,
                   unsigned to) {
  unsigned distance[SIM_HOSTS];
  const struct topology_host *at = &topology->hosts[host];
  for (unsigned p = 0; p < at->port_count; p++) {
    if (at->link_of[p] == to) {
      return (int)p;
    }
  }
  distances(topology, to, distance);
  for (unsigned p = 0; p < at->port_count; p++) {
    unsigned next = topology_neighbour(topology, host, p).host;
    if (topology->hosts[next].forwarding && distance[host] < FAR &&
        distance[next] < distance[host]) {
      return (int)p;
    }
  }
  return -1;
}

static void add_routes(const struct topology *topology,
                       struct topology_host *host, unsigned port, unsigned to,
                       bool whole, bool ipv6) {
  struct sim_end next =
      topology_neighbour(topology, (unsigned)(host - topology->hosts), port);
  const struct host_port_config *gateway =
      &topology->hosts[next.host].ports[next.port];
  host->routes[host->route_count++] = (struct host_route){
      .destination = ph_addr_v4(whole ? 0 : subnet_v4(to)),
      .prefix_len = whole ? 0 : 24,
      .gateway = ph_addr_v4(gateway->ip),
      .port = port,
  };
  if (ipv6) {
    struct host_route *route = &host->routes[host->route_count++];
    *route = (struct host_route){
        .prefix_len = whole ? 0 : 64, .gateway = gateway->ip6, .port = port};
    if (!whole) {
      route->destination = address_v6(to, 0);
    }
  }
}

/* Routers advertise themselves; who has one at the other end of its only link
 * makes its address of the subnet and its MAC address (RFC 4291 appendix A). */
void topology_autoconfigure(struct topology *topology) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    struct topology_host *host = &topology->hosts[i];
    for (unsigned p = 0; p < host->port_count; p++) {
      host->ports[p].advertise = host->forwarding;
    }
    host->autoconf =
        host->port_count == 1 &&
        topology->hosts[topology_neighbour(topology, i, 0).host].forwarding;
    if (host->autoconf) {
      struct host_port_config *port = &host->ports[0];
      uint8_t *id = port->ip6.bytes + 8;
      const uint8_t *mac = port->mac;
      const uint8_t made[8] = {(uint8_t)(mac[0] ^ 2),
                               mac[1],
                               mac[2],
                               0xff,
                               0xfe,
                               mac[3],
                               mac[4],
                               mac[5]};
      memcpy(id, made, sizeof(made));
    }
  }
}

void topology_give_routes(struct topology *topology, bool ipv6) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    struct topology_host *host = &topology->hosts[i];
    bool one = host->port_count == 1;
    if (one &&
        topology->hosts[topology_neighbour(topology, i, 0).host].forwarding) {
      add_routes(topology, host, 0, 0, true, ipv6 && !host->autoconf);
    }
    for (unsigned to = 0; to < topology->link_count && !one; to++) {
      int port = port_to(topology, i, to);
      if (port >= 0 && host->link_of[port] != to) {
        add_routes(topology, host, (unsigned)port, to, false, ipv6);
      }
    }
  }
}

/* --- The way of the two --------------------------------------------------- */

bool topology_find_path(struct topology *topology) {
  unsigned at = 0;
  unsigned to = topology->hosts[1].link_of[0];
  while (at != 1 && topology->path_len < topology->link_count) {
    int port = port_to(topology, at, to);
    if (port < 0) {
      return false;
    }
    topology->path[topology->path_len++] = topology->hosts[at].link_of[port];
    at = topology_neighbour(topology, at, (unsigned)port).host;
  }
  return at == 1;
}

uint16_t topology_path_mtu(const struct topology *topology) {
  uint16_t least = UINT16_MAX;
  for (unsigned i = 0; i < topology->path_len; i++) {
    uint16_t mtu = topology->mtu[topology->path[i]];
    least = mtu < least ? mtu : least;
  }
  return least;
}

uint64_t topology_path_rate(const struct topology *topology) {
  uint64_t least = 0;
  for (unsigned i = 0; i < topology->path_len; i++) {
    uint64_t rate = topology->links[topology->path[i]].link.rate_bps;
    if (rate && (least == 0 || rate < least)) {
      least = rate;
    }
  }
  return least;
}

struct ph_addr topology_address(const struct topology_host *host, bool ipv6) {
  return ipv6 ? host->ports[0].ip6 : ph_addr_v4(host->ports[0].ip);
}

const struct topology_host *topology_find(const struct topology *topology,
                                          const struct ph_addr *address,
                                          unsigned *port) {
  for (unsigned i = 0; i < topology->host_count; i++) {
    const struct topology_host *host = &topology->hosts[i];
    for (*port = 0; *port < host->port_count; ++*port) {
      struct ph_addr v4 = ph_addr_v4(host->ports[*port].ip);
      if (ph_addr_equal(address, &v4) ||
          ph_addr_equal(address, &host->ports[*port].ip6)) {
        return host;
      }
    }
  }
  return NULL;
}
