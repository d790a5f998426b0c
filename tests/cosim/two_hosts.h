/* SPDX-License-Identifier: Apache-2.0 */
/* Two hosts on one link, client and server, for tests that set up a simulation
 * themselves. */
#ifndef PH_TESTS_COSIM_TWO_HOSTS_H
#define PH_TESTS_COSIM_TWO_HOSTS_H

#include "sim/host/sim.h"

enum { CLIENT, SERVER };
enum { CLIENT_IP = 0x0a000001, SERVER_IP = 0x0a000002 };

/* All offloads, 256 KiB of buffers, the default costs, which are loaded to
 * `cost`; a caller may change what it likes. */
void two_hosts(struct host_config host[2], struct cost_table *cost,
               enum host_nic nic, uint64_t seed);

#endif
