/* SPDX-License-Identifier: Apache-2.0 */
/* The same as tests/stack/test_fairness.c through driver and RTL, where the
 * receive buffers are the device's: connections that nobody reads, at both
 * ends, and one that does. 10 Gb/s, sockets as an application gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "tests/cosim/two_hosts.h"

enum {
  HOGS = 60, /* both hosts together offer them more than their pools hold */
  HOG_PORT = 81,
  PORT = 80,
  CHUNK = 16384,
  ROUNDS = 40, /* of stuffing, a millisecond apart */
  FLOW = 6 << 20,
};

/* What the two applications do, and what came of it. */
struct work {
  int hogs;
  int fd[2][HOGS];         /* at the client, at the server */
  bool ready[2];           /* its end has stuffed its hogs */
  uint64_t up_ns, down_ns; /* what the flow took to the server and back */
  uint8_t data[2][CHUNK];
  char why[64];
};

static void stuff(struct host *host, struct work *w, int end) {
  struct ph_stack *stack = host_stack(host);
  struct app_env env = host_app_env(host);
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < w->hogs; i++) {
      (void)ph_send(stack, w->fd[end][i], w->data[end], CHUNK, PH_MSG_DONTWAIT);
    }
    env.sleep_ns(env.ctx, 1000000);
  }
  w->ready[end] = true;
  while (!w->ready[!end]) {
    env.sleep_ns(env.ctx, 1000000);
  }
}

static bool send_flow(struct host *host, struct work *w, int end, int fd) {
  for (uint32_t sent = 0; sent < FLOW; sent += CHUNK) {
    if (app_send_all(host_stack(host), fd, w->data[end], CHUNK)) {
      return false;
    }
  }
  return true;
}

/* Returns how long it took, 0 if it broke. */
static uint64_t receive_flow(struct host *host, struct work *w, int end,
                             int fd) {
  struct ph_stack *stack = host_stack(host);
  uint64_t start = 0;
  for (uint32_t got = 0; got < FLOW;) {
    long n = ph_recv(stack, fd, w->data[end], CHUNK, 0);
    if (n <= 0) {
      return 0;
    }
    start = start ? start : stack->now_ns;
    got += (uint32_t)n;
  }
  return stack->now_ns - start;
}

static void close_all(struct host *host, struct work *w, int end, int fd) {
  for (int i = 0; i < w->hogs; i++) {
    (void)ph_close(host_stack(host), w->fd[end][i]);
  }
  (void)ph_close(host_stack(host), fd);
}

static void serve(struct host *host, void *arg) {
  struct work *w = arg;
  struct ph_stack *stack = host_stack(host);
  int hogs = app_listen(stack, HOG_PORT, HOGS, false);
  int flow = app_listen(stack, PORT, 1, false);
  for (int i = 0; i < w->hogs; i++) {
    w->fd[SERVER][i] = ph_accept(stack, hogs, NULL, NULL);
  }
  stuff(host, w, SERVER);
  int fd = ph_accept(stack, flow, NULL, NULL);
  w->up_ns = receive_flow(host, w, SERVER, fd);
  if (!send_flow(host, w, SERVER, fd)) {
    strcpy(w->why, "the server's flow broke");
  }
  (void)ph_recv(stack, fd, w->data[SERVER], 1, 0); /* until it has it all */
  close_all(host, w, SERVER, fd);
}

static void use(struct host *host, void *arg) {
  struct work *w = arg;
  struct ph_stack *stack = host_stack(host);
  for (int i = 0; i < w->hogs; i++) {
    w->fd[CLIENT][i] = app_connect(stack, SERVER_IP, HOG_PORT);
  }
  stuff(host, w, CLIENT);
  int fd = app_connect(stack, SERVER_IP, PORT);
  if (!send_flow(host, w, CLIENT, fd)) {
    strcpy(w->why, "the client's flow broke");
  }
  w->down_ns = receive_flow(host, w, CLIENT, fd);
  close_all(host, w, CLIENT, fd);
}

static void run(struct work *w, enum host_nic nic, int hogs) {
  struct cost_table cost;
  struct link_config link;
  struct sim sim;
  struct host_config host[2];
  link_config_init(&link);
  two_hosts(host, &cost, nic, 1);
  memset(w, 0, sizeof *w);
  w->hogs = hogs;
  sim_init(&sim, host, &link, 1, NULL);
  host_spawn(sim.host[SERVER], 0, serve, w);
  host_spawn(sim.host[CLIENT], SIM_US, use, w);
  assert_true(sim_run(&sim, 20 * SIM_S, 3));
  for (int i = 0; i < 2; i++) {
    const char *why = NULL;
    const struct ph_block_pool *pool = &host_stack(sim.host[i])->blocks;
    print_message("host %d: at least %u of %u blocks were free\n", i,
                  pool->low_water, pool->count);
    if (!host_check(sim.host[i], &why)) {
      fail_msg("%s", why);
    }
  }
  assert_string_equal(w->why, "");
  sim_destroy(&sim);
}

static void beside(enum host_nic nic) {
  struct work *alone = sim_alloc(sizeof *alone);
  struct work *beside = sim_alloc(sizeof *beside);
  run(alone, nic, 0);
  run(beside, nic, HOGS);
  assert_true(alone->up_ns && alone->down_ns);
  assert_true(beside->up_ns && beside->down_ns);
  print_message("up %llu %%, down %llu %% of the rate alone\n",
                (unsigned long long)(100 * alone->up_ns / beside->up_ns),
                (unsigned long long)(100 * alone->down_ns / beside->down_ns));
  assert_true(9 * beside->up_ns <= 10 * alone->up_ns);
  assert_true(9 * beside->down_ns <= 10 * alone->down_ns);
  free(alone);
  free(beside);
}

/* EVIDENCE: docs/stack.md, when memory is short (the device's buffers too) */
static void unread_connections_flow_keeps_its_rate_through_rtl(void **state) {
  (void)state;
  beside(HOST_NIC_RTL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unread_connections_flow_keeps_its_rate_through_rtl),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
