/* SPDX-License-Identifier: Apache-2.0 */
/* Selectable ARQ (docs/tcp/arq.md), between two stacks and seen on the wire:
 * who sends what again, and how much is in flight. Round trips take 10 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

/* DROP_AT is the first segment of a burst of N. */
enum { MSS = 1460, N = 16, DROP_AT = 48, SEGMENTS = 200, LIMIT_S = 600 };

struct transfer {
  struct pair_ends ends;
  uint64_t size, sent, received;
  uint32_t drop_at; /* lose the first transmission of this byte; 0: none */
  uint32_t percent; /* of the segments with data, at random */
  uint32_t ack_percent;
  uint32_t rng, drops;
  uint64_t dropped_ns;
  uint32_t first_seq;
  /* What the wire saw. */
  uint32_t high;        /* everything below was sent */
  uint32_t again;       /* data segments sent more than once */
  uint32_t again_first; /* the lowest and the highest of them */
  uint32_t again_last;  /* relative to the stream */
  uint32_t high_at_gap; /* `high` when the first of them was sent */
  uint32_t most_flight; /* segments, by the last ACK that left the receiver */
  uint32_t acked, longest;
};

static void watch(struct transfer *t, const struct pair_seg *seg) {
  uint32_t at = seg->seq - t->first_seq;
  if (seg->from == 0) {
    uint32_t acked = seg->ack - t->first_seq;
    t->acked = acked > t->acked && acked < (1u << 31) ? acked : t->acked;
  } else if (seg->len > 0) {
    if (at < t->high) {
      t->again_first = t->again == 0 ? at : t->again_first;
      t->high_at_gap = t->again == 0 ? t->high : t->high_at_gap;
      t->again_last = at > t->again_last ? at : t->again_last;
      t->again++;
    }
    t->high = at + seg->len > t->high ? at + seg->len : t->high;
    t->longest = seg->len > t->longest ? seg->len : t->longest;
    uint32_t flight = (t->high - t->acked + MSS - 1) / MSS;
    t->most_flight = flight > t->most_flight ? flight : t->most_flight;
  }
}

static bool drops(struct pair *pair, const struct pair_seg *seg) {
  struct transfer *t = pair->drop_ctx;
  watch(t, seg);
  t->rng = t->rng * 1664525u + 1013904223u;
  uint32_t percent = seg->len > 0 ? t->percent : t->ack_percent;
  bool drop = (t->rng >> 16) % 100 < percent;
  if (t->drop_at && seg->from == 1 && seg->seq - t->first_seq == t->drop_at) {
    t->drop_at = 0;
    drop = true;
  }
  t->drops += drop;
  return drop;
}

static bool pump(struct pair *pair, void *ctx) {
  struct transfer *t = ctx;
  pair_write(&pair->host[1].stack, t->ends.client, &t->sent, t->size, 65536);
  (void)pair_read(&pair->host[0].stack, t->ends.server, &t->received, 65536);
  tcp_check_invariants(&pair->host[0].stack);
  tcp_check_invariants(&pair->host[1].stack);
  return t->received == t->size;
}

/* As pair_establish() with host 1 as the client, with the option set. */
static struct pair *begin(struct transfer *t, const struct tcp_arq *arq) {
  struct pair *pair = pair_new(NULL);
  struct ph_stack *s = &pair->host[0].stack;
  struct ph_stack *c = &pair->host[1].stack;
  struct ph_addr any = ph_addr_v4(0);
  struct ph_addr addr = pair_addr(0);
  pair->delay_ns = 5 * PAIR_MS;
  ph_stack_set_now(c, pair->now_ns);
  ph_stack_set_now(s, pair->now_ns);
  t->ends.listener = tcp_open(s, &t->ends.listener_owner);
  t->ends.client = tcp_open(c, &t->ends.client_owner);
  assert_int_equal(tcp_set_arq(s, t->ends.listener, arq), 0);
  assert_int_equal(tcp_set_arq(c, t->ends.client, arq), 0);
  assert_int_equal(tcp_bind(s, t->ends.listener, &any, 80, false), 0);
  assert_int_equal(tcp_listen(s, t->ends.listener, 1), 0);
  assert_int_equal(tcp_connect(c, t->ends.client, &addr, 80), 0);
  pair_pass(pair, 100 * PAIR_MS);
  t->ends.server = tcp_accept(s, t->ends.listener);
  assert_non_null(t->ends.server);
  tcp_set_owner(t->ends.server, &t->ends.server_owner);
  t->first_seq = t->ends.client->snd_nxt;
  pair->drop = drops;
  pair->drop_ctx = t;
  return pair;
}

static void end(struct pair *pair, struct transfer *t) {
  pair_pass(pair, PAIR_S);
  assert_null(t->ends.client->out->rtx.first);
  tcp_close(&pair->host[1].stack, t->ends.client, true);
  pair_pass(pair, PAIR_S);
  tcp_close(&pair->host[0].stack, t->ends.server, true);
  tcp_close(&pair->host[0].stack, t->ends.listener, true);
  pair_free(pair);
}

static void run(struct transfer *t, int32_t mode) {
  const struct tcp_arq arq = {mode, N, 0};
  struct pair *pair = begin(t, &arq);
  assert_true(pair_run(pair, LIMIT_S * PAIR_S, pump, t));
  assert_true(t->longest <= MSS);
  end(pair, t);
}

/* ---- One drop in a window of N ------------------------------------------- */

static void go_back_n_one_drop_resends_all_from_it(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: go-back-N */
  (void)state;
  struct transfer t = {.size = SEGMENTS * MSS, .drop_at = DROP_AT * MSS};
  run(&t, TCP_ARQ_GO_BACK_N);
  assert_int_equal(t.drops, 1);
  assert_int_equal(t.high_at_gap, (DROP_AT + N) * MSS);
  assert_int_equal(t.again_first, DROP_AT * MSS);
  assert_int_equal(t.again_last, (DROP_AT + N - 1) * MSS);
  assert_int_equal(t.again, N);
  assert_int_equal(t.most_flight, N);
}

static void selective_repeat_one_drop_resends_it_alone(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: selective repeat */
  (void)state;
  struct transfer t = {.size = SEGMENTS * MSS, .drop_at = DROP_AT * MSS};
  run(&t, TCP_ARQ_SELECTIVE_REPEAT);
  assert_int_equal(t.drops, 1);
  assert_int_equal(t.again, 1);
  assert_int_equal(t.again_first, DROP_AT * MSS);
  /* Others went on meanwhile. */
  assert_true(t.high_at_gap >= (DROP_AT + N + N / 2) * MSS);
}

static void stop_and_wait_never_has_two_segments_in_flight(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: stop-and-wait */
  (void)state;
  struct transfer t = {.size = SEGMENTS * MSS, .drop_at = DROP_AT * MSS};
  run(&t, TCP_ARQ_STOP_AND_WAIT);
  assert_int_equal(t.drops, 1);
  assert_int_equal(t.again, 1);
  assert_int_equal(t.most_flight, 1);
}

/* ---- Heavy loss ---------------------------------------------------------- */

static void stop_and_wait_heavy_loss_is_bit_exact(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: stop-and-wait */
  (void)state;
  struct transfer t = {.size = 300000, .percent = 20, .ack_percent = 20};
  run(&t, TCP_ARQ_STOP_AND_WAIT);
  assert_true(t.drops > 40);
  assert_int_equal(t.most_flight, 1);
}

static void go_back_n_heavy_loss_is_bit_exact(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: go-back-N */
  (void)state;
  struct transfer t = {.size = 1000000, .percent = 20, .ack_percent = 20};
  run(&t, TCP_ARQ_GO_BACK_N);
  assert_true(t.drops > 200);
  assert_true(t.again > t.drops);
  assert_int_equal(t.most_flight, N);
}

static void selective_repeat_heavy_loss_resends_what_was_lost(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: selective repeat */
  (void)state;
  struct transfer t = {.size = 1000000, .percent = 20};
  run(&t, TCP_ARQ_SELECTIVE_REPEAT);
  assert_true(t.drops > 100);
  assert_int_equal(t.again, t.drops);
}

static void selective_repeat_lost_acks_too_is_bit_exact(void **state) {
  /* EVIDENCE: docs/tcp/arq.md: selective repeat */
  (void)state;
  struct transfer t = {.size = 1000000, .percent = 20, .ack_percent = 20};
  run(&t, TCP_ARQ_SELECTIVE_REPEAT);
  assert_true(t.drops > 200);
}

/* ---- The option ---------------------------------------------------------- */

static void option_is_inherited_and_fixed_once_connected(void **state) {
  /* EVIDENCE: docs/tcp/arq.md (the option) */
  (void)state;
  const struct tcp_arq arq = {TCP_ARQ_GO_BACK_N, 7, 300};
  struct transfer t = {.size = 0};
  struct pair *pair = begin(&t, &arq);
  struct tcp_arq got = tcp_get_arq(t.ends.server);
  assert_memory_equal(&got, &arq, sizeof(got));
  assert_int_equal(t.ends.client->cwnd, 7 * MSS);
  assert_false(t.ends.client->sack_ok);
  assert_int_equal(tcp_set_arq(&pair->host[1].stack, t.ends.client, &arq),
                   -PH_EINVAL);
  end(pair, &t);
}

static void option_out_of_range_is_refused(void **state) {
  /* EVIDENCE: docs/tcp/arq.md (the option) */
  (void)state;
  static const struct tcp_arq bad[] = {
      {-1, 0, 0}, {4, 0, 0}, {1, 32768, 0}, {2, 0, 99}, {3, 0, 10001}};
  struct pair *pair = pair_new(NULL);
  struct tcp_conn *conn = tcp_open(&pair->host[0].stack, pair);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(tcp_set_arq(&pair->host[0].stack, conn, &bad[i]),
                     -PH_EINVAL);
  }
  assert_int_equal(tcp_get_arq(conn).mode, TCP_ARQ_OFF);
  tcp_close(&pair->host[0].stack, conn, true);
  pair_free(pair);
}

static void option_by_socket_takes_the_mode_alone(void **state) {
  /* EVIDENCE: docs/tcp/arq.md (the option) */
  (void)state;
  const struct pair_options options = {.socket = {.max_sockets = 4}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *stack = &pair->host[0].stack;
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  int mode = PH_TCP_ARQ_GO_BACK_N;
  assert_int_equal(
      ph_setsockopt(stack, fd, PH_IPPROTO_TCP, PH_TCP_ARQ, &mode, sizeof(mode)),
      0);
  struct ph_tcp_arq arq;
  ph_socklen_t len = sizeof(arq);
  assert_int_equal(
      ph_getsockopt(stack, fd, PH_IPPROTO_TCP, PH_TCP_ARQ, &arq, &len), 0);
  assert_int_equal(arq.mode, PH_TCP_ARQ_GO_BACK_N);
  assert_int_equal(arq.window, N);
  assert_int_equal(arq.timeout_percent, 125);
  assert_int_equal(ph_setsockopt(stack, fd, PH_IPPROTO_TCP, PH_TCP_ARQ, &mode,
                                 sizeof(mode) - 1),
                   -PH_EINVAL);
  assert_int_equal(ph_close(stack, fd), 0);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(go_back_n_one_drop_resends_all_from_it),
      cmocka_unit_test(selective_repeat_one_drop_resends_it_alone),
      cmocka_unit_test(stop_and_wait_never_has_two_segments_in_flight),
      cmocka_unit_test(stop_and_wait_heavy_loss_is_bit_exact),
      cmocka_unit_test(go_back_n_heavy_loss_is_bit_exact),
      cmocka_unit_test(selective_repeat_heavy_loss_resends_what_was_lost),
      cmocka_unit_test(selective_repeat_lost_acks_too_is_bit_exact),
      cmocka_unit_test(option_is_inherited_and_fixed_once_connected),
      cmocka_unit_test(option_out_of_range_is_refused),
      cmocka_unit_test(option_by_socket_takes_the_mode_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
