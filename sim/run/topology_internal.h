/* SPDX-License-Identifier: Apache-2.0 */
/* Between topology_parse.c, which reads the text, and topology.c. */
#ifndef PH_SIM_RUN_TOPOLOGY_INTERNAL_H
#define PH_SIM_RUN_TOPOLOGY_INTERNAL_H

#include "sim/run/topology.h"

/* In this order, of a graph of hosts, their NICs and links. */
void topology_give_addresses(struct topology *topology, bool ipv6);
void topology_autoconfigure(struct topology *topology);
void topology_give_routes(struct topology *topology, bool ipv6);
/* False: there is no way. */
bool topology_find_path(struct topology *topology);

#endif
