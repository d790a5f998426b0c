/* SPDX-License-Identifier: Apache-2.0 */
/* Several applications use one socket at the same time: who gets what, and that
 * nobody waits for ever. What is said of it: docs/programmers_guide.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/stack/tasks.h"

enum { SLOTS = 4, BIG = 600000 };

static struct {
  struct app_env env;
  int listener, client, server, ep;
  long result[SLOTS];
  char text[SLOTS][16];
} w;

static const int slots_[SLOTS] = {0, 1, 2, 3};
#define SLOT(i) ((void *)(uintptr_t)&slots_[i])

static struct ph_sockaddr_in name(uint32_t address, uint16_t port) {
  struct ph_sockaddr_in in = {.sin_family = PH_AF_INET};
  put_be16((uint8_t *)&in + 2, port);
  put_be32((uint8_t *)&in + 4, address);
  return in;
}

static void pause_100_ms(void) {
  w.env.sleep_ns(w.env.ctx, 100 * PAIR_MS);
}

static void opens_stream(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in in = name(0, 80), to = name(0x7f000001, 80);
  (void)arg;
  w.listener = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_bind(stack, w.listener, &in, sizeof(in)), 0);
  assert_int_equal(ph_listen(stack, w.listener, 4), 0);
  w.client = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(stack, w.client, &to, sizeof(to)), 0);
  w.server = ph_accept(stack, w.listener, NULL, NULL);
  w.ep = ph_epoll_create1(stack, 0);
}

static void opens_datagrams(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in in = name(0, 90), to = name(0x7f000001, 90);
  (void)arg;
  w.server = ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_bind(stack, w.server, &in, sizeof(in)), 0);
  w.client = ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_connect(stack, w.client, &to, sizeof(to)), 0);
}

static void close_all(struct ph_stack *stack, void *arg) {
  (void)arg;
  for (int fd = 0; fd < 16; fd++) {
    (void)ph_close(stack, fd);
  }
}

static struct tasks *start(void (*open)(struct ph_stack *stack, void *arg)) {
  struct tasks *tasks = tasks_new();
  memset(&w, 0, sizeof(w));
  assert_int_equal(ph_loopback_init(&tasks_pair(tasks)->host[0].stack), 0);
  w.env = tasks_env(tasks);
  tasks_add(tasks, 0, open, NULL);
  tasks_run(tasks, PAIR_S);
  return tasks;
}

static void finish(struct tasks *tasks) {
  tasks_run(tasks, 60 * PAIR_S);
  tasks_add(tasks, 0, close_all, NULL);
  tasks_run(tasks, PAIR_S);
  tasks_free(tasks);
}

/* ---- Readers ------------------------------------------------------------- */

/* Two bytes at a time until the end; what it got. */
static void reads_to_the_end(struct ph_stack *stack, void *arg) {
  int slot = *(const int *)arg;
  char two[2];
  for (;;) {
    long n = ph_recv(stack, w.server, two, 2, 0);
    if (n <= 0) {
      w.result[slot] = n;
      return;
    }
    strncat(w.text[slot], two, (size_t)n);
  }
}

static void writes_pairs_then_ends(struct ph_stack *stack, void *arg) {
  (void)arg;
  for (int i = 0; i < 5; i++) {
    pause_100_ms();
    const char two[2] = {(char)('a' + i), (char)('A' + i)};
    assert_int_equal(ph_send(stack, w.client, two, 2, 0), 2);
  }
  pause_100_ms();
  assert_int_equal(ph_shutdown(stack, w.client, PH_SHUT_WR), 0);
}

static void stream_two_readers_each_byte_goes_to_one(void **state) {
  /* EVIDENCE: POSIX.1-2017 recv(); docs/programmers_guide.md (shared use) */
  (void)state;
  struct tasks *tasks = start(opens_stream);
  tasks_add(tasks, 0, reads_to_the_end, SLOT(0));
  tasks_add(tasks, 0, reads_to_the_end, SLOT(1));
  tasks_add(tasks, 0, writes_pairs_then_ends, NULL);
  finish(tasks);
  assert_int_equal(w.result[0], 0); /* both are told of the end */
  assert_int_equal(w.result[1], 0);
  assert_int_equal(strlen(w.text[0]) + strlen(w.text[1]), 10);
  for (char c = 'a'; c < 'f'; c++) {
    assert_true(!strchr(w.text[0], c) != !strchr(w.text[1], c));
  }
}

/* ---- Writers ------------------------------------------------------------- */

static uint8_t big_[2][BIG];

static void writes_big(struct ph_stack *stack, void *arg) {
  int slot = *(const int *)arg;
  for (uint32_t i = 0; i < BIG; i++) { /* who it is, and its place */
    big_[slot][i] = (uint8_t)((uint32_t)slot << 7 | (i & 127));
  }
  w.result[slot] = ph_send(stack, w.client, big_[slot], BIG, 0);
  if (w.result[2]++ > 0) {
    assert_int_equal(ph_shutdown(stack, w.client, PH_SHUT_WR), 0);
  }
}

static void reads_both(struct ph_stack *stack, void *arg) {
  static uint8_t buf[8192];
  uint32_t next[2] = {0, 0};
  (void)arg;
  for (long n; (n = ph_recv(stack, w.server, buf, sizeof(buf), 0)) > 0;) {
    for (long i = 0; i < n; i++) {
      assert_int_equal(buf[i] & 127, next[buf[i] >> 7]++ & 127);
    }
  }
  assert_int_equal(next[0], BIG);
  assert_int_equal(next[1], BIG);
  w.result[3] = 1;
}

static void stream_two_writers_both_are_sent_whole_and_in_order(void **state) {
  /* EVIDENCE: POSIX.1-2017 send(); docs/programmers_guide.md (shared use) */
  (void)state;
  struct tasks *tasks = start(opens_stream);
  tasks_add(tasks, 0, writes_big, SLOT(0));
  tasks_add(tasks, 0, writes_big, SLOT(1));
  tasks_add(tasks, 0, reads_both, NULL);
  finish(tasks);
  assert_int_equal(w.result[0], BIG);
  assert_int_equal(w.result[1], BIG);
  assert_int_equal(w.result[3], 1);
}

static void closes_client(struct ph_stack *stack, void *arg) {
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_close(stack, w.client), 0);
}

static void stream_two_writers_wait_and_a_third_closes(void **state) {
  /* EVIDENCE: docs/deviations.md (close() while others wait) */
  (void)state;
  struct tasks *tasks = start(opens_stream);
  tasks_add(tasks, 0, writes_big, SLOT(0));
  tasks_add(tasks, 0, writes_big, SLOT(1));
  w.result[2] = -10; /* nobody shuts down */
  tasks_add(tasks, 0, closes_client, NULL);
  finish(tasks);
  for (int i = 0; i < 2; i++) { /* what was taken counts, else EBADF */
    assert_true(w.result[i] == -PH_EBADF ||
                (w.result[i] > 0 && w.result[i] < BIG));
  }
}

/* ---- Polls --------------------------------------------------------------- */

static void polls(struct ph_stack *stack, void *arg) {
  struct ph_pollfd p = {w.server, PH_POLLIN, 0};
  long n = ph_poll(stack, &p, 1, 5000);
  w.result[*(const int *)arg] = n <= 0 ? n : p.revents;
}

static void sends_one(struct ph_stack *stack, void *arg) {
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_send(stack, w.client, "x", 1, 0), 1);
}

static void socket_polled_by_two_wakes_both(void **state) {
  /* EVIDENCE: POSIX.1-2017 poll(); docs/programmers_guide.md (shared use) */
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    struct tasks *tasks = start(kind ? opens_datagrams : opens_stream);
    tasks_add(tasks, 0, polls, SLOT(0));
    tasks_add(tasks, 0, polls, SLOT(1));
    tasks_add(tasks, 0, sends_one, NULL);
    finish(tasks);
    assert_int_equal(w.result[0], PH_POLLIN);
    assert_int_equal(w.result[1], PH_POLLIN);
  }
}

static void epoll_waits(struct ph_stack *stack, void *arg) {
  struct ph_epoll_event event;
  w.result[*(const int *)arg] = ph_epoll_wait(stack, w.ep, &event, 1, 5000);
}

static void watches(struct ph_stack *stack, uint32_t how) {
  struct ph_epoll_event event = {.events = PH_EPOLLIN | how};
  opens_stream(stack, NULL);
  assert_int_equal(
      ph_epoll_ctl(stack, w.ep, PH_EPOLL_CTL_ADD, w.server, &event), 0);
}

static void watches_edges(struct ph_stack *stack, void *arg) {
  (void)arg;
  watches(stack, PH_EPOLLET);
}

static void watches_levels(struct ph_stack *stack, void *arg) {
  (void)arg;
  watches(stack, 0);
}

static void instance_waited_for_by_two_gives_an_edge_to_one(void **state) {
  /* EVIDENCE: Linux epoll(7) (edge-triggered, several threads) */
  (void)state;
  for (int level = 0; level < 2; level++) { /* a level is there for both */
    struct tasks *tasks = start(level ? watches_levels : watches_edges);
    tasks_add(tasks, 0, epoll_waits, SLOT(0));
    tasks_add(tasks, 0, epoll_waits, SLOT(1));
    tasks_add(tasks, 0, sends_one, NULL);
    finish(tasks);
    assert_int_equal(w.result[0] + w.result[1], 1 + level);
  }
}

/* One who polled and finds that another was quicker waits on. */
static void polls_then_reads(struct ph_stack *stack, void *arg) {
  struct ph_pollfd p = {w.server, PH_POLLIN, 0};
  char buf[4];
  assert_int_equal(ph_poll(stack, &p, 1, 5000), 1);
  w.result[*(const int *)arg] = ph_recv(stack, w.server, buf, sizeof(buf), 0);
}

static void sends_two_apart(struct ph_stack *stack, void *arg) {
  (void)arg;
  pause_100_ms();
  assert_int_equal(ph_send(stack, w.client, "x", 1, 0), 1);
  pause_100_ms();
  assert_int_equal(ph_send(stack, w.client, "yz", 2, 0), 2);
}

static void two_polled_one_was_quicker_the_other_waits_on(void **state) {
  /* EVIDENCE: docs/programmers_guide.md (shared use) */
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    struct tasks *tasks = start(kind ? opens_datagrams : opens_stream);
    tasks_add(tasks, 0, polls_then_reads, SLOT(0));
    tasks_add(tasks, 0, polls_then_reads, SLOT(1));
    tasks_add(tasks, 0, sends_two_apart, NULL);
    finish(tasks);
    assert_int_equal(w.result[0] + w.result[1], 3);
    assert_true(w.result[0] > 0 && w.result[1] > 0);
  }
}

/* ---- Listeners, connecting ----------------------------------------------- */

static void accepts(struct ph_stack *stack, void *arg) {
  w.result[*(const int *)arg] = ph_accept(stack, w.listener, NULL, NULL);
}

static void connects_twice(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in to = name(0x7f000001, 80);
  (void)arg;
  for (int i = 0; i < 2; i++) {
    pause_100_ms();
    int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
    assert_int_equal(ph_connect(stack, fd, &to, sizeof(to)), 0);
  }
}

static void listener_two_accept_each_gets_another(void **state) {
  /* EVIDENCE: POSIX.1-2017 accept() */
  (void)state;
  struct tasks *tasks = start(opens_stream);
  tasks_add(tasks, 0, accepts, SLOT(0));
  tasks_add(tasks, 0, accepts, SLOT(1));
  tasks_add(tasks, 0, connects_twice, NULL);
  finish(tasks);
  assert_true(w.result[0] >= 0 && w.result[1] >= 0);
  assert_int_not_equal(w.result[0], w.result[1]);
}

static void connects_to_nobody(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in to = name(0x0a000009, 80); /* on the link, not there */
  (void)arg;
  w.client = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  w.result[0] = ph_connect(stack, w.client, &to, sizeof(to));
}

static void connects_again(struct ph_stack *stack, void *arg) {
  struct ph_sockaddr_in to = name(0x0a000009, 80);
  (void)arg;
  w.env.sleep_ns(w.env.ctx, 10 * PAIR_MS);
  w.result[1] = ph_connect(stack, w.client, &to, sizeof(to));
}

static void connecting_closed_by_another_ends_both_waits(void **state) {
  /* EVIDENCE: docs/deviations.md (close() while others wait) */
  (void)state;
  struct tasks *tasks = start(opens_stream);
  tasks_add(tasks, 0, close_all, NULL);
  tasks_run(tasks, PAIR_S);
  tasks_add(tasks, 0, connects_to_nobody, NULL);
  tasks_add(tasks, 0, connects_again, NULL);
  tasks_add(tasks, 0, closes_client, NULL);
  finish(tasks);
  assert_int_equal(w.result[0], -PH_EBADF);
  assert_int_equal(w.result[1], -PH_EBADF);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stream_two_readers_each_byte_goes_to_one),
      cmocka_unit_test(stream_two_writers_both_are_sent_whole_and_in_order),
      cmocka_unit_test(stream_two_writers_wait_and_a_third_closes),
      cmocka_unit_test(socket_polled_by_two_wakes_both),
      cmocka_unit_test(instance_waited_for_by_two_gives_an_edge_to_one),
      cmocka_unit_test(two_polled_one_was_quicker_the_other_waits_on),
      cmocka_unit_test(listener_two_accept_each_gets_another),
      cmocka_unit_test(connecting_closed_by_another_ends_both_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
