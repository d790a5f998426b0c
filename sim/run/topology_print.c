/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "sim/run/address.h"
#include "sim/run/options.h"
#include "sim/run/topology.h"

enum { TEXT = 64 };

static const char *prefix_text(const struct ph_addr *address, int prefix_len,
                               char text[TEXT]) {
  char plain[ADDRESS_TEXT];
  snprintf(text, TEXT, "%s/%d", address_text(address, plain), prefix_len);
  return text;
}

static void print_ports(const struct topology *topology,
                        const struct topology_host *host, bool ipv6) {
  for (unsigned p = 0; p < host->port_count; p++) {
    char text[TEXT];
    const struct sim_link_config *link = &topology->links[host->link_of[p]];
    unsigned own = (unsigned)(host - topology->hosts);
    struct sim_end other =
        link->end[link->end[0].host == own && link->end[0].port == p];
    struct ph_addr address =
        ipv6 ? host->ports[p].ip6 : ph_addr_v4(host->ports[p].ip);
    printf("  %-15s eth%u  %-20s to %s\n", p ? "" : host->name, p,
           prefix_text(&address, ipv6 ? 64 : 24, text),
           topology->hosts[other.host].name);
  }
}

static void print_routes(const struct topology_host *host, bool ipv6) {
  for (unsigned i = 0; i < host->route_count; i++) {
    const struct host_route *route = &host->routes[i];
    char to[TEXT], by[TEXT];
    if (ph_addr_is_v4(&route->gateway) == ipv6) {
      continue;
    }
    printf("  %-15s       %-20s via %s (eth%u)\n", "",
           route->prefix_len
               ? prefix_text(&route->destination, route->prefix_len, to)
               : "default",
           address_text(&route->gateway, by), route->port);
  }
}

void topology_print(const struct topology *topology, bool ipv6) {
  printf("Hosts\n");
  for (unsigned i = 0; i < topology->host_count; i++) {
    const struct topology_host *host = &topology->hosts[i];
    print_ports(topology, host, ipv6);
    print_routes(host, ipv6);
    printf("  %-15s       %s, NICs in %s, offload %s\n", "",
           host->forwarding ? "router"
           : host->autoconf ? "host that configures itself"
                            : "host",
           host->nic == HOST_NIC_RTL ? "RTL" : "C",
           options_offload_name(host->offload));
  }
  printf("Links\n");
  for (unsigned i = 0; i < topology->link_count; i++) {
    const struct sim_link_config *link = &topology->links[i];
    printf("  %s - %s: %.6g Mb/s, delay %.3f us, MTU %u\n",
           topology->hosts[link->end[0].host].name,
           topology->hosts[link->end[1].host].name,
           (double)link->link.rate_bps / 1e6, (double)link->link.delay / 1e6,
           topology->mtu[i]);
  }
  printf("\n");
}

void topology_print_links(const struct topology *topology,
                          const struct link_stats (*stats)[2]) {
  printf("%-33s %9s %12s %8s %8s %8s\n", "On the links", "frames", "bytes",
         "lost", "full", "marked");
  for (unsigned i = 0; i < topology->link_count; i++) {
    const struct sim_end *end = topology->links[i].end;
    for (int d = 0; d < 2; d++) {
      const struct link_stats *s = &stats[i][d];
      printf("  %14s > %-14s %9llu %12llu %8llu %8llu %8llu\n",
             topology->hosts[end[d].host].name,
             topology->hosts[end[1 - d].host].name,
             (unsigned long long)s->frames, (unsigned long long)s->bytes,
             (unsigned long long)s->lost, (unsigned long long)s->queue_full,
             (unsigned long long)s->ce);
    }
  }
}
