/* SPDX-License-Identifier: Apache-2.0 */
/* Several hosts, several NICs in one of them, in one simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* keep before */
#include <cmocka.h>

#include "sim/apps/ping.h"
#include "sim/host/sim.h"

enum { HOSTS = 4, LINKS = 3, HUB = 1, COUNT = 3 };
#define NEAR (2 * SIM_US)
#define FAR (300 * SIM_US)

struct outcome {
  uint64_t hash;
  struct app_result pings[HOSTS];
  struct host_report hub;
};

struct task {
  uint32_t ip;
  struct app_result *result;
};

static void run_ping(struct host *host, void *arg) {
  const struct task *task = arg;
  const struct ping_config config = {
      .ip = task->ip, .count = COUNT, .size = 1000, .timeout_ms = 100};
  struct app_env env = host_app_env(host);
  ping(host_stack(host), &env, &config, task->result);
}

static struct host_config host_of(unsigned index, enum host_nic nic,
                                  const struct cost_table *cost) {
  static const char *const names[HOSTS] = {"left", "hub", "right", "far"};
  return (struct host_config){
      .name = names[index],
      .index = index,
      .ip = 0x0a000002 + ((index > HUB ? index - 1u : 0u) << 8),
      .prefix_len = 24,
      .mac = {2, 0x50, 0x48, 0, 0, (uint8_t)(index + 1)},
      .nic = nic,
      .mtu = 1500,
      .sndbuf = 65536,
      .rcvbuf = 65536,
      .mem_latency_ns = 200,
      .cost = cost,
      .seed = 1,
  };
}

/* left, right and far have a link to a NIC of the hub each and ping it at the
 * same time. */
static void run(enum host_nic nic, uint64_t max_cycles, struct outcome *out) {
  static struct sim sim;
  struct cost_table cost;
  char error[100];
  struct host_config hosts[HOSTS];
  struct host_port_config more[LINKS - 1];
  struct sim_link_config links[LINKS];
  struct task tasks[HOSTS];
  static const unsigned leaf[LINKS] = {0, 2, 3};
  *out = (struct outcome){.hash = 0};
  assert_true(cost_table_load(&cost, "ideal", error, sizeof error));
  for (unsigned i = 0; i < HOSTS; i++) {
    hosts[i] = host_of(i, nic, &cost);
    hosts[i].max_cycles = max_cycles;
  }
  hosts[HUB].ip = 0x0a000001;
  for (unsigned i = 0; i < LINKS; i++) {
    link_config_init(&links[i].link);
    links[i].link.delay = i == 2 ? FAR : NEAR;
    /* The hub is the second end of one link and the first of the others. */
    links[i].end[i == 0] = (struct sim_end){HUB, i};
    links[i].end[i != 0] = (struct sim_end){leaf[i], 0};
    if (i > 0) {
      more[i - 1] =
          (struct host_port_config){.mac = {2, 0x50, 0x48, 0, 1, (uint8_t)i},
                                    .ip = 0x0a000001 + (i << 8),
                                    .prefix_len = 24,
                                    .mtu = 1500};
    }
  }
  hosts[HUB].more = more;
  hosts[HUB].more_count = LINKS - 1;
  sim_init_graph(&sim, hosts, HOSTS, links, LINKS, 1, NULL);
  assert_true(sim.distance[0][2] == 2 * NEAR);
  assert_true(sim.distance[2][3] == NEAR + FAR);
  assert_true(sim.distance[3][3] == 2 * FAR);
  assert_true(sim.distance[HUB][HUB] == 2 * NEAR);
  for (unsigned i = 0; i < LINKS; i++) {
    tasks[i] = (struct task){0x0a000001 + (i << 8), &out->pings[leaf[i]]};
    host_spawn(sim.host[leaf[i]], 300 * SIM_US, run_ping, &tasks[i]);
  }
  assert_true(sim_run(&sim, SIM_S, 0xd));
  out->hash = sim_event_hash(&sim);
  host_get_report(sim.host[HUB], &out->hub);
  for (unsigned i = 0; i < HOSTS; i++) {
    const char *why = NULL;
    if (!host_check(sim.host[i], &why)) {
      fail_msg("%s", why);
    }
  }
  sim_destroy(&sim);
}

static void check(enum host_nic nic) {
  struct outcome first, again;
  run(nic, 0, &first);
  for (unsigned i = 0; i < HOSTS; i++) {
    const struct app_result *result = &first.pings[i];
    if (i == HUB) {
      continue;
    }
    assert_int_equal(result->error, 0);
    assert_int_equal(result->operations, COUNT);
    /* Two delays, a frame of 1046 bytes through three ends four times, and
     * what the hosts take, in no case as long as the far link's delay. */
    uint64_t delays = 2 * (i == 3 ? FAR : NEAR) / SIM_NS;
    assert_true(result->min_ns > delays + 1600);
    assert_true(result->min_ns < delays + 20000);
  }
  /* Each NIC of the hub got an ARP request and three echoes. */
  assert_int_equal(first.hub.nic_rx_frames, LINKS * (1 + COUNT));
  assert_int_equal(first.hub.nic_tx_frames, LINKS * (1 + COUNT));
  run(nic, 777, &again);
  assert_true(first.hash == again.hash);
}

/* EVIDENCE: docs/simulator.md, time (a host with three soft NICs) */
static void hub_of_soft_nics_pinged_at_once_answers_on_each(void **state) {
  (void)state;
  check(HOST_NIC_SOFT);
}

/* EVIDENCE: docs/simulator.md, time (a host with three NICs in RTL; the event
 * hash does not depend on how far a model is run per call) */
static void hub_of_rtl_nics_pinged_at_once_answers_on_each(void **state) {
  (void)state;
  check(HOST_NIC_RTL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hub_of_soft_nics_pinged_at_once_answers_on_each),
      cmocka_unit_test(hub_of_rtl_nics_pinged_at_once_answers_on_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
