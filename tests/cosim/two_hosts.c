/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/two_hosts.h"

#include "sim/core/util.h"

void two_hosts(struct host_config host[2], struct cost_table *cost,
               enum host_nic nic, uint64_t seed) {
  char error[200];
  if (!cost_table_load(cost, "default", error, sizeof(error))) {
    sim_fatal("%s", error);
  }
  for (unsigned i = 0; i < 2; i++) {
    host[i] = (struct host_config){
        .name = i == CLIENT ? "client" : "server",
        .index = i,
        .ip = i == CLIENT ? CLIENT_IP : SERVER_IP,
        .prefix_len = 24,
        .mac = {2, 0x50, 0x48, 0, 0, (uint8_t)(i + 1)},
        .nic = nic,
        .offload = HOST_OFFLOAD_ALL,
        .mtu = 1500,
        .sndbuf = 262144,
        .rcvbuf = 262144,
        .mem_latency_ns = 500,
        .cost = cost,
        .seed = seed,
    };
  }
}
