/* SPDX-License-Identifier: Apache-2.0 */
/* Several applications on one stack: what a call that waits sees when another
 * one closes, shuts down or replaces what it waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tasks.h"

static struct {
  struct app_env env;
  int listener, client, server, ep;
  long result[4];
  uint64_t when[4];
} w;

static struct ph_sockaddr_in name(uint32_t address, uint16_t port) {
  struct ph_sockaddr_in in = {.sin_family = PH_AF_INET};
  put_be16((uint8_t *)&in + 2, port);
  put_be32((uint8_t *)&in + 4, address);
  return in;
}

static void connect_both(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in in = name(0, 80), to = name(0x7f000001, 80);
  (void)arg;
  w.listener = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_bind(stack, w.listener, &in, sizeof(in)), 0);
  assert_int_equal(ph_listen(stack, w.listener, 2), 0);
  w.client = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(stack, w.client, &to, sizeof(to)), 0);
  w.server = ph_accept(stack, w.listener, NULL, NULL);
  w.ep = ph_epoll_create1(stack, 0);
  struct ph_epoll_event event = {.events = PH_EPOLLIN};
  assert_int_equal(
      ph_epoll_ctl(stack, w.ep, PH_EPOLL_CTL_ADD, w.server, &event), 0);
}

static void close_all(struct ph_stack *stack, void *arg) {
  (void)arg;
  for (int fd = 0; fd < 16; fd++) {
    (void)ph_close(stack, fd);
  }
}

static void note(struct ph_stack *stack, int slot, long result) {
  w.result[slot] = result;
  w.when[slot] = stack->now_ns;
}

static void in_recv(struct ph_stack *stack, void *arg) {
  char c;
  (void)arg;
  note(stack, 0, ph_recv(stack, w.server, &c, 1, 0));
}

static void in_poll(struct ph_stack *stack, void *arg) {
  struct ph_pollfd poll = {w.server, PH_POLLIN, 0};
  (void)arg;
  long n = ph_poll(stack, &poll, 1, 5000);
  note(stack, 1, n <= 0 ? n : poll.revents);
}

static void in_epoll(struct ph_stack *stack, void *arg) {
  struct ph_epoll_event event;
  (void)arg;
  note(stack, 2, ph_epoll_wait(stack, w.ep, &event, 1, 5000));
}

static void in_accept(struct ph_stack *stack, void *arg) {
  (void)arg;
  note(stack, 3, ph_accept(stack, w.listener, NULL, NULL));
}

static void run(void (*other)(struct ph_stack *stack, void *arg)) {
  struct tasks *tasks = tasks_new();
  struct ph_stack *stack = &tasks_pair(tasks)->host[0].stack;
  assert_int_equal(ph_loopback_init(stack), 0);
  w.env = tasks_env(tasks);
  tasks_add(tasks, 0, connect_both, NULL);
  tasks_run(tasks, PAIR_S);
  tasks_add(tasks, 0, in_recv, NULL);
  tasks_add(tasks, 0, in_poll, NULL);
  tasks_add(tasks, 0, in_epoll, NULL);
  tasks_add(tasks, 0, in_accept, NULL);
  tasks_add(tasks, 0, other, NULL);
  tasks_run(tasks, 20 * PAIR_S);
  tasks_add(tasks, 0, close_all, NULL);
  tasks_run(tasks, PAIR_S);
  tasks_free(tasks);
}

static void pause_100_ms(void) {
  w.env.sleep_ns(w.env.ctx, 100 * PAIR_MS);
}

static void closes_sockets(struct ph_stack *stack, void *arg) {
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_close(stack, w.server), 0);
  assert_int_equal(ph_close(stack, w.listener), 0);
  pause_100_ms();
  assert_int_equal(ph_close(stack, w.ep), 0);
}

static void closed_descriptor_ends_every_wait(void **state) {
  /* EVIDENCE: docs/deviations.md (close() while others wait) */
  (void)state;
  run(closes_sockets);
  assert_int_equal(w.result[0], -PH_EBADF);
  assert_int_equal(w.result[1], PH_POLLNVAL);
  assert_int_equal(w.result[2], -PH_EBADF);
  assert_int_equal(w.result[3], -PH_EBADF);
  assert_int_equal(w.when[2] - w.when[0], 100 * PAIR_MS);
}

static void shuts_down(struct ph_stack *stack, void *arg) {
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_shutdown(stack, w.server, PH_SHUT_RD), 0);
  assert_int_equal(ph_shutdown(stack, w.listener, PH_SHUT_RD), 0);
}

static void shutdown_read_ends_every_wait(void **state) {
  /* EVIDENCE: POSIX.1-2017 shutdown(); Linux: accept() says EINVAL */
  (void)state;
  run(shuts_down);
  assert_int_equal(w.result[0], 0);
  assert_int_equal(w.result[1], PH_POLLIN);
  assert_int_equal(w.result[2], 1);
  assert_int_equal(w.result[3], -PH_EINVAL);
}

/* Another socket under the same number, while the old one is waited for. */
static void replaces(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in in = name(0x7f000001, 9);
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_close(stack, w.server), 0);
  assert_int_equal(ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0), w.server);
  assert_int_equal(ph_bind(stack, w.server, &in, sizeof(in)), 0);
  pause_100_ms();
  assert_int_equal(ph_sendto(stack, w.server, "x", 1, 0, &in, sizeof(in)), 1);
  assert_int_equal(ph_shutdown(stack, w.listener, PH_SHUT_RD), 0);
}

static void replaced_descriptor_is_not_the_one_waited_for(void **state) {
  /* EVIDENCE: POSIX.1-2017 2.14; docs/stack.md (sockets) */
  (void)state;
  run(replaces);
  assert_int_equal(w.result[0], -PH_EBADF);
  assert_int_equal(w.result[1], PH_POLLIN); /* poll() asks by number */
  assert_int_equal(w.result[2], 0);         /* its watch is gone: time out */
  assert_int_equal(w.result[3], -PH_EINVAL);
}

static void sends(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in to = name(0x7f000001, 80);
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_send(stack, w.client, "xy", 2, 0), 2);
  pause_100_ms();
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(stack, fd, &to, sizeof(to)), 0);
}

static void data_and_a_connection_end_every_wait(void **state) {
  /* EVIDENCE: POSIX.1-2017 recv(), poll(), accept(); Linux epoll_wait(2) */
  (void)state;
  run(sends);
  assert_int_equal(w.result[0], 1);
  assert_int_equal(w.result[1], PH_POLLIN);
  assert_int_equal(w.result[2], 1);
  assert_true(w.result[3] >= 0);
}

/* ---- A datagram socket --------------------------------------------------- */

static void opens_datagrams(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in in = name(0, 90);
  (void)arg;
  w.server = ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_bind(stack, w.server, &in, sizeof(in)), 0);
}

static void reads_one(struct ph_stack *stack, void *arg) {
  char buf[8];
  note(stack, *(const int *)arg, ph_recv(stack, w.server, buf, 8, 0));
}

static void sends_two_then_closes(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in to = name(0x7f000001, 90);
  (void)arg;
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
  pause_100_ms();
  assert_int_equal(ph_sendto(stack, fd, "a", 1, 0, &to, sizeof(to)), 1);
  pause_100_ms();
  assert_int_equal(ph_sendto(stack, fd, "bc", 2, 0, &to, sizeof(to)), 2);
  pause_100_ms();
  assert_int_equal(ph_close(stack, w.server), 0);
}

static void datagrams_go_to_one_reader_each_and_close_ends_the_wait(
    void **state) {
  /* EVIDENCE: docs/ip/udp.md (several at once) */
  (void)state;
  static const int slots[] = {0, 1, 2};
  struct tasks *tasks = tasks_new();
  assert_int_equal(ph_loopback_init(&tasks_pair(tasks)->host[0].stack), 0);
  w.env = tasks_env(tasks);
  tasks_add(tasks, 0, opens_datagrams, NULL);
  tasks_run(tasks, PAIR_S);
  for (int i = 0; i < 3; i++) {
    tasks_add(tasks, 0, reads_one, (void *)(uintptr_t)&slots[i]);
  }
  tasks_add(tasks, 0, sends_two_then_closes, NULL);
  tasks_run(tasks, 10 * PAIR_S);
  long sum = 0, refused = 0;
  for (int i = 0; i < 3; i++) {
    sum += w.result[i] > 0 ? w.result[i] : 0;
    refused += w.result[i] == -PH_EBADF;
  }
  assert_int_equal(sum, 3);
  assert_int_equal(refused, 1);
  tasks_add(tasks, 0, close_all, NULL);
  tasks_run(tasks, PAIR_S);
  tasks_free(tasks);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_descriptor_ends_every_wait),
      cmocka_unit_test(shutdown_read_ends_every_wait),
      cmocka_unit_test(replaced_descriptor_is_not_the_one_waited_for),
      cmocka_unit_test(data_and_a_connection_end_every_wait),
      cmocka_unit_test(datagrams_go_to_one_reader_each_and_close_ends_the_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
