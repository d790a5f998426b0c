/* SPDX-License-Identifier: Apache-2.0 */
/* Whole transfers between two stacks: bit exact over a good and a bad wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

struct transfer {
  struct pair_ends ends;
  uint64_t size, sent, received;
  uint32_t write_size, read_size;
  bool closed;
};

/* One round of both applications; true when the receiver saw the end. */
static bool pump(struct pair *pair, void *ctx) {
  struct transfer *t = ctx;
  struct ph_stack *c = &pair->host[t->ends.client_owner].stack;
  struct ph_stack *s = &pair->host[!t->ends.client_owner].stack;
  pair_write(c, t->ends.client, &t->sent, t->size, t->write_size);
  if (t->sent == t->size && !t->closed) {
    t->closed = true;
    tcp_close(c, t->ends.client, false);
  }
  return pair_read(s, t->ends.server, &t->received, t->read_size);
}

static void transfer(struct pair *pair, struct transfer *t, uint64_t limit_ns) {
  t->write_size = t->write_size ? t->write_size : 65536;
  t->read_size = t->read_size ? t->read_size : 65536;
  pair_establish(pair, 1, &t->ends);
  assert_true(pair_run(pair, limit_ns, pump, t));
  assert_int_equal(t->received, t->size);
  tcp_close(&pair->host[0].stack, t->ends.server, false);
  pair_pass(pair, PAIR_S);
}

static void established_bulk_data_arrives_bit_exact(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (seventh, segment text) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct transfer t = {.size = 1500000};
  transfer(pair, &t, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_int_equal(stats->TcpRetransSegs, 0);
  assert_true(stats->TcpOutSuperSegs > 0);
  assert_int_equal(stats->CopiedBytes, t.size);
  assert_int_equal(pair->host[0].stack.stats.CopiedBytes, t.size);
  pair_free(pair);
}

static void established_small_writes_and_reads_arrive_bit_exact(void **state) {
  /* EVIDENCE: RFC 9293 3.7.4 */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct transfer t = {.size = 100000, .write_size = 77, .read_size = 101};
  transfer(pair, &t, 600 * PAIR_S);
  pair_free(pair);
}

static void established_bad_wire_10_mb_arrive_bit_exact(void **state) {
  /* EVIDENCE: RFC 9293 3.8.1, RFC 6582 3.2, RFC 6298 5 */
  (void)state;
  struct pair *pair = pair_new(NULL);
  pair->loss_ppm = 10000;
  pair->dup_ppm = 1000;
  pair->reorder_ppm = 10000;
  struct transfer t = {.size = 10000000};
  transfer(pair, &t, 3600 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_true(stats->TcpRetransSegs > 0);
  assert_true(stats->TcpFastRetrans > 0);
  assert_true(pair->host[0].stack.stats.TcpOutOfOrder > 0);
  pair_free(pair);
}

static void established_slow_reader_and_full_ring_arrive_bit_exact(
    void **state) {
  /* EVIDENCE: RFC 9293 3.8.6 (managing the window) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  pair->loss_ppm = 2000;
  struct transfer t = {.size = 400000, .write_size = 5000, .read_size = 700};
  transfer(pair, &t, 3600 * PAIR_S);
  pair_free(pair);
}

static void established_sleeping_reader_stops_sender_then_gets_all(
    void **state) {
  /* EVIDENCE: RFC 9293 3.8.6, RFC 7323 2.4 */
  (void)state;
  static uint8_t buf[65536];
  struct pair *pair = pair_new(NULL);
  struct pair_ends ends;
  pair_establish(pair, 1, &ends);
  tcp_set_rcvbuf(ends.server, 100001);
  uint64_t sent = 0;
  for (int round = 0; round < 50; round++) { /* odd sizes: no multiple of 256 */
    for (size_t i = 0; i < 7777; i++) {
      buf[i] = pair_byte(sent + i);
    }
    long n = tcp_send(&pair->host[1].stack, ends.client, buf, 7777, false);
    sent += n > 0 ? (uint64_t)n : 0;
    pair_pass(pair, 50 * PAIR_MS);
  }
  pair_pass(pair, 60 * PAIR_S);
  assert_true(ends.server->rcvq_len <= 256 * 1024 / 2 + 255);
  assert_int_equal(ends.server->rcv_edge, ends.server->rcv_nxt);
  assert_true(pair->host[1].stack.stats.TcpZeroWindowProbes > 0);
  uint64_t received = 0;
  while (received < sent) {
    long n = tcp_recv(&pair->host[0].stack, ends.server, buf, 5000, false);
    for (long i = 0; i < n; i++) {
      assert_int_equal(buf[i], pair_byte(received + (uint64_t)i));
    }
    received += n > 0 ? (uint64_t)n : 0;
    pair_pass(pair, PAIR_MS);
  }
  assert_int_equal(pair->host[1].stack.stats.TcpRetransSegs, 0);
  tcp_close(&pair->host[1].stack, ends.client, false);
  tcp_close(&pair->host[0].stack, ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_bulk_data_arrives_bit_exact),
      cmocka_unit_test(established_small_writes_and_reads_arrive_bit_exact),
      cmocka_unit_test(established_slow_reader_and_full_ring_arrive_bit_exact),
      cmocka_unit_test(established_sleeping_reader_stops_sender_then_gets_all),
      cmocka_unit_test(established_bad_wire_10_mb_arrive_bit_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
