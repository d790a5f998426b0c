/* SPDX-License-Identifier: Apache-2.0 */
/* What limits a connection, and for how long (docs/diagnose.md): exact times of
 * host 0, which sends. One way takes 10 ms, the wire is as fast as one likes;
 * host 1 acknowledges at once while the connection is new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/socket/socket_internal.h"
#include "tests/stack/tcp_pair.h"

enum { MSS = 1460, RTT_MS = 20, WIDE = 1 << 20 };

struct scene {
  struct pair *pair;
  struct pair_ends ends;
  struct tcp_info info;
};

static bool accepted(struct pair *pair, void *ctx) {
  struct scene *scene = ctx;
  scene->ends.server = tcp_accept(&pair->host[1].stack, scene->ends.listener);
  return scene->ends.server != NULL;
}

/* The receive buffer has so many bytes, of which the window is half. */
static void begin(struct scene *scene, bool counts, uint32_t rcvbuf) {
  struct pair *pair = scene->pair = pair_new(NULL);
  struct ph_stack *c = &pair->host[0].stack, *s = &pair->host[1].stack;
  struct ph_addr any = ph_addr_v4(0), to = pair_addr(1);
  pair->delay_ns = RTT_MS / 2 * PAIR_MS;
  if (counts) {
    ph_tcp_count_limits(c);
  }
  ph_stack_set_now(c, pair->now_ns);
  ph_stack_set_now(s, pair->now_ns);
  scene->ends.listener = tcp_open(s, &scene->ends.listener_owner);
  tcp_set_rcvbuf(scene->ends.listener, rcvbuf);
  assert_int_equal(tcp_bind(s, scene->ends.listener, &any, 80, true), 0);
  assert_int_equal(tcp_listen(s, scene->ends.listener, 1), 0);
  scene->ends.client = tcp_open(c, &scene->ends.client_owner);
  assert_int_equal(tcp_connect(c, scene->ends.client, &to, 80), 0);
  assert_true(pair_run(pair, PAIR_S, accepted, scene));
  tcp_set_owner(scene->ends.server, &scene->ends.server_owner);
  tcp_close(s, scene->ends.listener, false);
}

static void end(struct scene *scene) {
  tcp_close(&scene->pair->host[0].stack, scene->ends.client, true);
  tcp_close(&scene->pair->host[1].stack, scene->ends.server, true);
  pair_pass(scene->pair, PAIR_S);
  pair_free(scene->pair);
}

static void write_segments(struct scene *scene, unsigned segments) {
  static const uint8_t zeros[MSS];
  for (unsigned i = 0; i < segments; i++) {
    assert_int_equal(tcp_send(&scene->pair->host[0].stack, scene->ends.client,
                              zeros, MSS, false),
                     MSS);
  }
}

/* Milliseconds. */
static uint64_t limited(struct scene *scene, enum tcp_limit limit) {
  tcp_get_info(&scene->pair->host[0].stack, scene->ends.client, &scene->info);
  assert_int_equal(scene->info.limit_ns[limit] % PAIR_MS, 0);
  return scene->info.limit_ns[limit] / PAIR_MS;
}

static uint64_t all(struct scene *scene) {
  uint64_t sum = 0;
  for (int i = 0; i < TCP_LIMIT_COUNT; i++) {
    sum += limited(scene, (enum tcp_limit)i);
  }
  return sum;
}

static void nobody_asked_nothing_is_counted(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, false, WIDE);
  write_segments(&scene, 4);
  pair_pass(scene.pair, 100 * PAIR_MS);
  assert_int_equal(all(&scene), 0);
  end(&scene);
}

static void little_written_is_idle_after_a_round_trip(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, WIDE);
  pair_pass(scene.pair, 50 * PAIR_MS); /* before the first byte: not counted */
  write_segments(&scene, 2);
  pair_pass(scene.pair, 100 * PAIR_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_SENDER), RTT_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_IDLE), 100 - RTT_MS);
  write_segments(&scene, 2);
  pair_pass(scene.pair, 5 * PAIR_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_SENDER), RTT_MS + 5);
  assert_int_equal(all(&scene), 105);
  end(&scene);
}

static void nobody_reads_the_receiver_limits(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, 65536);
  struct pair *pair = scene.pair;
  tcp_set_sndbuf(scene.ends.client, 1 << 20);
  write_segments(&scene, 100); /* a window of 32 KiB is offered at last */
  pair_pass(pair, 200 * PAIR_MS);
  uint64_t then = limited(&scene, TCP_LIMIT_RECEIVER);
  pair_pass(pair, 5 * PAIR_S);
  assert_int_equal(limited(&scene, TCP_LIMIT_RECEIVER), then + 5000);
  assert_int_equal(all(&scene), 5200);
  end(&scene);
}

static bool read_all(struct pair *pair, void *ctx) {
  struct scene *scene = ctx;
  while (tcp_recv(&pair->host[1].stack, scene->ends.server, NULL, 65536,
                  false) > 0) {
  }
  return false;
}

static void all_is_read_a_small_window_limits(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, 16 * MSS);
  tcp_set_sndbuf(scene.ends.client, 1 << 20);
  write_segments(&scene, 400);
  (void)pair_run(scene.pair, 500 * PAIR_MS, read_all, &scene);
  assert_in_range(limited(&scene, TCP_LIMIT_RECEIVE_BUFFER), 450, 500);
  assert_int_equal(limited(&scene, TCP_LIMIT_RECEIVER), 0);
  assert_int_equal(all(&scene), 500);
  end(&scene);
}

static void a_new_connection_is_limited_by_cwnd(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, WIDE);
  tcp_set_sndbuf(scene.ends.client, 1 << 20);
  write_segments(&scene, 200); /* 10, 20, 40, 80: the rest in round trip 5 */
  (void)pair_run(scene.pair, 4 * RTT_MS * PAIR_MS, read_all, &scene);
  assert_int_equal(limited(&scene, TCP_LIMIT_CONGESTION), 4 * RTT_MS);
  (void)pair_run(scene.pair, 100 * PAIR_MS, read_all, &scene);
  assert_int_equal(limited(&scene, TCP_LIMIT_CONGESTION), 4 * RTT_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_SENDER), RTT_MS);
  end(&scene);
}

static void a_full_send_buffer_limits_until_there_is_room(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, WIDE);
  tcp_set_sndbuf(scene.ends.client, 4 * MSS);
  write_segments(&scene, 4);
  pair_pass(scene.pair, 100 * PAIR_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_SEND_BUFFER), RTT_MS);
  assert_int_equal(limited(&scene, TCP_LIMIT_IDLE), 100 - RTT_MS);
  struct ph_tcp_info linux_info;
  sock_tcp_info(&scene.pair->host[0].stack, scene.ends.client, &linux_info);
  assert_int_equal(linux_info.tcpi_sndbuf_limited, RTT_MS * 1000);
  assert_int_equal(linux_info.tcpi_busy_time, RTT_MS * 1000);
  assert_int_equal(linux_info.tcpi_rwnd_limited, 0);
  end(&scene);
}

static void a_fin_ends_the_count(void **state) {
  (void)state;
  struct scene scene;
  begin(&scene, true, WIDE);
  write_segments(&scene, 2);
  pair_pass(scene.pair, 50 * PAIR_MS);
  assert_int_equal(
      tcp_shutdown(&scene.pair->host[0].stack, scene.ends.client, false, true),
      0);
  pair_pass(scene.pair, 50 * PAIR_MS);
  assert_in_range(all(&scene), 0, 50);
  end(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_asked_nothing_is_counted),
      cmocka_unit_test(little_written_is_idle_after_a_round_trip),
      cmocka_unit_test(nobody_reads_the_receiver_limits),
      cmocka_unit_test(all_is_read_a_small_window_limits),
      cmocka_unit_test(a_new_connection_is_limited_by_cwnd),
      cmocka_unit_test(a_full_send_buffer_limits_until_there_is_room),
      cmocka_unit_test(a_fin_ends_the_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
