/* SPDX-License-Identifier: Apache-2.0 */
/* A network in one line of text (`packhorse help topology`), and what follows
 * from it: NICs, addresses and routes of each host.
 *
 * Link k (from 0, in the order of the text) is the subnet 10.0.k.0/24 and
 * fd00:0:0:k::/64; its left end is host 1 of it, its right end host 2. Every
 * host has routes over the least number of links. A host that configures itself
 * has the address that its MAC address makes in that subnet.
 */
#ifndef PH_SIM_RUN_TOPOLOGY_H
#define PH_SIM_RUN_TOPOLOGY_H

#include "sim/host/sim.h"

enum { TOPOLOGY_NAME = 16 };

struct topology_host {
  char name[TOPOLOGY_NAME];
  enum host_nic nic;
  enum host_offload offload;
  bool lro;
  bool forwarding; /* has several NICs and was not told otherwise */
  bool no_forwarding;
  bool autoconf; /* learns its IPv6 address from its router */
  unsigned port_count;
  struct host_port_config ports[HOST_PORTS];
  unsigned link_of[HOST_PORTS];
  struct host_route routes[2 * SIM_LINKS];
  unsigned route_count;
};

struct topology {
  struct topology_host hosts[SIM_HOSTS];
  unsigned host_count;
  struct sim_link_config links[SIM_LINKS];
  uint16_t mtu[SIM_LINKS];
  unsigned link_count;
  /* Of the way from host 0 to host 1 that packets take. */
  unsigned path[SIM_LINKS], path_len;
  char error[240];
};

/* What hosts and links are unless their own words say otherwise. */
struct topology_defaults {
  enum host_nic nic;
  enum host_offload offload;
  uint16_t mtu;
  struct link_config link;
  bool ipv6;             /* addresses and routes of it, too */
  bool autoconf;         /* hosts beside routers learn theirs of them */
  const char *from, *to; /* names of the two that communicate, or NULL:
                            client (or the first), server (or the last) */
};

/* Reads `text`. Host 0 is then `from`, host 1 `to`. False: `error` holds one
 * sentence without its full stop. */
bool topology_parse(struct topology *topology, const char *text,
                    const struct topology_defaults *defaults);

/* The host and the NIC that have an address, or NULL. */
const struct topology_host *topology_find(const struct topology *topology,
                                          const struct ph_addr *address,
                                          unsigned *port);

/* Who is at the other end of a NIC's link. */
struct sim_end topology_neighbour(const struct topology *topology,
                                  unsigned host, unsigned port);

/* The least MTU and the least rate (0: any) on the way of the two. */
uint16_t topology_path_mtu(const struct topology *topology);
uint64_t topology_path_rate(const struct topology *topology);

/* Of a host's first NIC. */
struct ph_addr topology_address(const struct topology_host *host, bool ipv6);

/* Tables: hosts, links and routes; what crossed each link. */
void topology_print(const struct topology *topology, bool ipv6);
void topology_print_links(const struct topology *topology,
                          const struct link_stats (*stats)[2]);

#endif
