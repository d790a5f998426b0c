/* SPDX-License-Identifier: Apache-2.0 */
/* Socket buffers: what the user sets stays; what nobody sets tunes itself, as
 * far as the path, the reader, ph_tcp_config and the pool allow. */
#include "tests/stack/tcp_peer.h"
#include "stack/tcp/tcp_memory.h"

enum {
  CHUNK = 65536,
  DEFAULT_BUF = 256 * 1024, /* of a connection that nobody told */
  BLOCKS = 16384,           /* 64 MiB */
};

struct flow {
  struct pair_ends ends; /* host 1 sends to host 0 */
  uint64_t size, sent, received;
  uint32_t read_most; /* at a time; 0: all there is */
  uint8_t buf[CHUNK];
};

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  struct ph_stack *from = &pair->host[1].stack;
  struct ph_stack *to = &pair->host[0].stack;
  while (f->sent < f->size) {
    uint64_t left = f->size - f->sent;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;
    long done = tcp_send(from, f->ends.client, f->buf, n, false);
    if (done <= 0) {
      assert_int_equal(done, -PH_EAGAIN);
      break;
    }
    f->sent += (uint64_t)done;
  }
  long got;
  while ((got = tcp_recv(to, f->ends.server, f->buf,
                         f->read_most ? f->read_most : CHUNK, false)) > 0) {
    f->received += (uint64_t)got;
    if (f->read_most) {
      break;
    }
  }
  return f->received == f->size;
}

static struct pair *new_pair(uint32_t blocks, uint64_t delay_ns) {
  const struct pair_options options = {.blocks_each = blocks};
  struct pair *pair = pair_new(&options);
  pair->delay_ns = delay_ns;
  return pair;
}

static void close_flow(struct pair *pair, struct flow *f) {
  tcp_close(&pair->host[1].stack, f->ends.client, true);
  tcp_close(&pair->host[0].stack, f->ends.server, true);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
  free(f);
}

/* How long 32 MiB take, in nanoseconds. */
static uint64_t take_time(struct pair *pair, struct flow *f) {
  uint64_t start = pair->now_ns;
  f->size = 32 << 20;
  assert_true(pair_run(pair, 100 * PAIR_S, pump, f));
  return pair->now_ns - start;
}

static void unset_buffers_long_path_grow_to_fill_it(void **state) {
  /* EVIDENCE: docs/stack.md, buffers that tune themselves */
  (void)state;
  struct pair *pair = new_pair(BLOCKS, 10 * PAIR_MS);
  struct flow *f = calloc(1, sizeof(*f));
  pair_establish(pair, 1, &f->ends);
  assert_int_equal(tcp_get_rcvbuf(f->ends.server), DEFAULT_BUF);
  assert_int_equal(tcp_get_sndbuf(f->ends.client), DEFAULT_BUF);
  uint64_t ns = take_time(pair, f);
  /* 256 round trips of 20 ms with the window of the start. */
  assert_true(ns < 60 * 20 * PAIR_MS);
  assert_in_range(tcp_get_rcvbuf(f->ends.server), 4 << 20, 16 << 20);
  assert_in_range(tcp_get_sndbuf(f->ends.client), 2 << 20, 8 << 20);
  assert_true(tcp_get_sndbuf(f->ends.client) >=
              ph_min_u32(2 * f->ends.client->cwnd, 8 << 20));
  close_flow(pair, f);
}

static void set_buffers_stay_as_they_are(void **state) {
  /* EVIDENCE: socket(7), SO_RCVBUF and SO_SNDBUF */
  (void)state;
  struct pair *pair = new_pair(BLOCKS, 10 * PAIR_MS);
  struct flow *f = calloc(1, sizeof(*f));
  pair_establish(pair, 1, &f->ends);
  tcp_set_rcvbuf(f->ends.server, 1 << 20);
  tcp_set_sndbuf(f->ends.client, 1 << 20);
  uint64_t ns = take_time(pair, f);
  assert_true(ns > 60 * 20 * PAIR_MS); /* 64 windows of half a MiB */
  assert_int_equal(tcp_get_rcvbuf(f->ends.server), 1 << 20);
  assert_int_equal(tcp_get_sndbuf(f->ends.client), 1 << 20);
  close_flow(pair, f);
}

static void slow_reader_long_path_keeps_a_small_buffer(void **state) {
  /* EVIDENCE: docs/stack.md, buffers that tune themselves */
  (void)state;
  struct pair *pair = new_pair(BLOCKS, 10 * PAIR_MS);
  struct flow *f = calloc(1, sizeof(*f));
  pair_establish(pair, 1, &f->ends);
  f->read_most = 2000; /* a millisecond, 40 kB per round trip */
  f->size = 4 << 20;
  for (int ms = 0; ms < 2000; ms++) {
    (void)pump(pair, f);
    pair_pass(pair, PAIR_MS);
  }
  assert_true(f->received > 1000000);
  assert_int_equal(tcp_get_rcvbuf(f->ends.server), DEFAULT_BUF);
  close_flow(pair, f);
}

static void limits_of_the_configuration_hold(void **state) {
  /* EVIDENCE: docs/stack.md, buffers that tune themselves */
  (void)state;
  const struct pair_options options = {
      .blocks_each = BLOCKS,
      .tcp = {.max_sndbuf = 600000, .max_rcvbuf = 700000}};
  struct pair *pair = pair_new(&options);
  struct flow *f = calloc(1, sizeof(*f));
  pair->delay_ns = 10 * PAIR_MS;
  pair_establish(pair, 1, &f->ends);
  (void)take_time(pair, f);
  assert_int_equal(tcp_get_rcvbuf(f->ends.server), 700000);
  assert_int_equal(tcp_get_sndbuf(f->ends.client), 600000);
  close_flow(pair, f);
}

/* Buffers are limits; memory is granted by the pool. The wire loses, so that
 * the receiver holds data out of order, too. */
static void small_pool_large_buffers_stay_within_it(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  struct pair *pair = new_pair(1024, 10 * PAIR_MS);
  struct flow *f = calloc(1, sizeof(*f));
  pair_establish(pair, 1, &f->ends);
  pair->loss_ppm = 500;
  f->size = 8 << 20;
  assert_true(pair_run(pair, 100 * PAIR_S, pump, f));
  for (int i = 0; i < 2; i++) {
    assert_true(pair->host[i].stack.blocks.low_water > 512); /* the floors */
    assert_int_equal(pair->host[i].stack.stats.TcpRcvBufDrops, 0);
  }
  close_flow(pair, f);
}

/* ---- Through sockets ------------------------------------------------------
 */

static int get(struct ph_stack *stack, int fd, int option) {
  int32_t value = -1;
  ph_socklen_t len = sizeof(value);
  assert_int_equal(
      ph_getsockopt(stack, fd, PH_SOL_SOCKET, option, &value, &len), 0);
  return value;
}

static void set(struct ph_stack *stack, int fd, int option, int32_t value) {
  assert_int_equal(
      ph_setsockopt(stack, fd, PH_SOL_SOCKET, option, &value, sizeof(value)),
      0);
}

static void sockets_report_doubled_clamped_and_tuned_sizes(void **state) {
  /* EVIDENCE: socket(7), SO_RCVBUF and SO_SNDBUF */
  (void)state;
  const struct pair_options options = {.socket = {.max_sockets = 4}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *stack = &pair->host[0].stack;
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_true(fd >= 0);
  assert_int_equal(get(stack, fd, PH_SO_RCVBUF), DEFAULT_BUF);
  assert_int_equal(get(stack, fd, PH_SO_SNDBUF), DEFAULT_BUF);
  struct tcp_conn *conn = NULL;
  for (uint32_t i = 0; i < tcp_of(stack)->max_conns; i++) {
    conn = tcp_of(stack)->conns[i].owner ? &tcp_of(stack)->conns[i] : conn;
  }
  assert_non_null(conn);
  conn->cwnd = 1 << 20;
  tcp_sndbuf_tune(stack, conn);
  assert_int_equal(get(stack, fd, PH_SO_SNDBUF), 2 << 20);
  set(stack, fd, PH_SO_SNDBUF, 100000);
  set(stack, fd, PH_SO_RCVBUF, 50000);
  tcp_sndbuf_tune(stack, conn);
  assert_int_equal(get(stack, fd, PH_SO_SNDBUF), 200000);
  assert_int_equal(get(stack, fd, PH_SO_RCVBUF), 100000);
  set(stack, fd, PH_SO_SNDBUF, 1);
  set(stack, fd, PH_SO_RCVBUF, 1);
  assert_int_equal(get(stack, fd, PH_SO_SNDBUF), 4608);
  assert_int_equal(get(stack, fd, PH_SO_RCVBUF), 2304);
  set(stack, fd, PH_SO_RCVBUF, INT32_MAX);
  assert_int_equal(get(stack, fd, PH_SO_RCVBUF), 16 << 20);
  assert_int_equal(ph_close(stack, fd), 0);
  pair_free(pair);
}

/* ---- TCP_NOTSENT_LOWAT -------------------------------------------------- */

enum { LOWAT = 1000, PACKET = 65535 };

static int writable;
static void count_writable(struct ph_stack *stack, void *owner,
                           uint32_t ready) {
  (void)stack;
  (void)owner;
  writable += (ready & TCP_READY_OUT) != 0;
}

/* A peer that has closed its window, and takes `more` from here on. */
static void take_more(struct peer *p, uint32_t more) {
  p->wnd = (uint16_t)more;
  peer_ack(p, p->conn->snd_nxt);
}

static void limit_of_unsent_stops_what_begins_behind_it(void **state) {
  /* EVIDENCE: docs/programmers_guide.md (TCP_NOTSENT_LOWAT) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, LOWAT),
                   0);
  take_more(&p, 0);
  assert_int_equal(peer_app_send(&p, LOWAT / 2 - 1), LOWAT / 2 - 1);
  assert_true(tcp_ready(p.conn) & TCP_READY_OUT);
  assert_int_equal(peer_app_send(&p, 1), 1); /* half of it */
  assert_false(tcp_ready(p.conn) & TCP_READY_OUT);
  assert_int_equal(peer_app_send(&p, LOWAT), LOWAT); /* it begins before */
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  assert_int_equal(
      tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, 2 * LOWAT), 0);
  assert_int_equal(peer_app_send(&p, 3 * PACKET), PACKET);
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  assert_int_equal(tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, 0), 0);
  assert_int_equal(peer_app_send(&p, 1), 1);
  peer_free(&p);
}

static void sending_wakes_a_writer_below_half_of_the_limit(void **state) {
  /* EVIDENCE: docs/programmers_guide.md (TCP_NOTSENT_LOWAT) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  tcp_set_notify(p.stack, count_writable);
  assert_int_equal(tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, LOWAT),
                   0);
  take_more(&p, 0);
  assert_int_equal(peer_app_send(&p, 2 * LOWAT), 2 * LOWAT);
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  writable = 0;
  take_more(&p, PEER_MSS);
  assert_int_equal(p.conn->sndq_len, 2 * LOWAT);
  assert_int_equal(tcp_unsent_bytes(p.conn), LOWAT);
  assert_int_equal(writable, 0);
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  take_more(&p, PEER_MSS); /* the ACK alone frees nothing that counts */
  assert_int_equal(tcp_unsent_bytes(p.conn), 0);
  assert_int_equal(writable, 1);
  /* All that waits in one packet, which leaves by the short way or not. */
  take_more(&p, 0);
  assert_int_equal(peer_app_send(&p, LOWAT), LOWAT);
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  take_more(&p, PEER_WND);
  assert_int_equal(tcp_unsent_bytes(p.conn), 0);
  assert_int_equal(writable, 2);
  /* A higher limit is news, too. */
  take_more(&p, 0);
  assert_int_equal(peer_app_send(&p, LOWAT), LOWAT);
  assert_int_equal(peer_app_send(&p, 1), -PH_EAGAIN);
  assert_int_equal(
      tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, 2 * LOWAT), 0);
  assert_int_equal(writable, 2);
  assert_int_equal(
      tcp_set(p.stack, p.conn, TCP_SETTING_NOTSENT_LOWAT, 2 * LOWAT + 1), 0);
  assert_int_equal(writable, 3);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unset_buffers_long_path_grow_to_fill_it),
      cmocka_unit_test(set_buffers_stay_as_they_are),
      cmocka_unit_test(slow_reader_long_path_keeps_a_small_buffer),
      cmocka_unit_test(limits_of_the_configuration_hold),
      cmocka_unit_test(small_pool_large_buffers_stay_within_it),
      cmocka_unit_test(sockets_report_doubled_clamped_and_tuned_sizes),
      cmocka_unit_test(limit_of_unsent_stops_what_begins_behind_it),
      cmocka_unit_test(sending_wakes_a_writer_below_half_of_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
