/* SPDX-License-Identifier: Apache-2.0 */
/* When something runs out: records, chunks, blocks, packets, the device's
 * ring, its completions. Everything arrives, only later; every pool is as full
 * as before at the end (pair_free). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

struct flow {
  struct pair_ends ends;
  uint64_t size, sent, received;
  uint32_t write_size;
  uint32_t refill; /* ring slots per round, 0: no limit */
  bool hold;       /* completions come in every second round */
  uint32_t round;
};

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  f->round++;
  if (f->refill) {
    pair->host[1].ring_free = f->refill;
  }
  if (f->hold) {
    pair->host[1].hold_completions = f->round % 16 != 0;
  }
  pair_write(&pair->host[1].stack, f->ends.client, &f->sent, f->size,
             f->write_size);
  (void)pair_read(&pair->host[0].stack, f->ends.server, &f->received, 65536);
  return f->received == f->size;
}

static void run(struct pair *pair, struct flow *f) {
  pair_establish(pair, 1, &f->ends);
  assert_int_equal(
      tcp_set(&pair->host[1].stack, f->ends.client, TCP_SETTING_NODELAY, 1), 0);
  assert_true(pair_run(pair, 3600 * PAIR_S, pump, f));
  pair->host[1].ring_free = UINT32_MAX;
  pair->host[1].hold_completions = false;
  tcp_close(&pair->host[1].stack, f->ends.client, false);
  tcp_close(&pair->host[0].stack, f->ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

static void no_records_left_transfer_completes(void **state) {
  /* EVIDENCE: docs/stack.md, retransmission queue (rule 2) */
  (void)state;
  struct pair_options options = {.tcp = {.max_ranges = 1}};
  struct pair *pair = pair_new(&options);
  pair->loss_ppm = 10000;
  struct flow f = {.size = 300000, .write_size = 500};
  run(pair, &f);
}

static void few_chunks_transfer_completes(void **state) {
  /* EVIDENCE: docs/stack.md, receive queue */
  (void)state;
  struct pair_options options = {.tcp = {.max_chunks = 4}};
  struct pair *pair = pair_new(&options);
  pair->loss_ppm = 10000;
  struct flow f = {.size = 300000, .write_size = 20000};
  run(pair, &f);
  (void)state;
}

static void few_blocks_transfer_completes(void **state) {
  /* EVIDENCE: docs/stack.md, send queue */
  (void)state;
  struct pair_options options = {.blocks = 4};
  struct pair *pair = pair_new(&options);
  pair->loss_ppm = 10000;
  struct flow f = {.size = 300000, .write_size = 20000};
  run(pair, &f);
}

static void slow_ring_transfer_completes_without_retransmission(void **state) {
  /* EVIDENCE: docs/stack.md, back-pressure */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct flow f = {.size = 2000000, .write_size = 60000, .refill = 1};
  pair_establish(pair, 1, &f.ends);
  assert_true(pair_run(pair, 3600 * PAIR_S, pump, &f));
  assert_int_equal(pair->host[1].stack.stats.TcpRetransSegs, 0);
  pair->host[1].ring_free = UINT32_MAX;
  tcp_close(&pair->host[1].stack, f.ends.client, false);
  tcp_close(&pair->host[0].stack, f.ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

static void withheld_completions_never_change_bytes_in_flight(void **state) {
  /* EVIDENCE: design 3.1 (transmit buffers) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  pair->loss_ppm = 5000;
  struct flow f = {.size = 2000000, .write_size = 60000, .hold = true};
  run(pair, &f); /* release_held() compares the bytes */
}

static void no_packets_left_sends_later(void **state) {
  /* EVIDENCE: docs/stack.md, back-pressure */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct pair_ends ends;
  pair_establish(pair, 1, &ends);
  struct ph_stack *c = &pair->host[1].stack;
  struct pkt *taken = NULL;
  struct pkt *pkt;
  while ((pkt = pkt_get(&c->pkts, 0)) != NULL) {
    pkt->next = taken;
    taken = pkt;
  }
  assert_int_equal(tcp_send(c, ends.client, "hello", 5, false), 5);
  assert_true(c->stats.PktExhausted > 0);
  while (taken) {
    pkt = taken;
    taken = pkt->next;
    pkt_put(pkt);
  }
  pair_pass(pair, 10 * PAIR_MS);
  assert_int_equal(tcp_recv(&pair->host[0].stack, ends.server, NULL, 9, false),
                   5);
  tcp_close(c, ends.client, true);
  tcp_close(&pair->host[0].stack, ends.server, true);
  pair_pass(pair, PAIR_MS);
  pair_free(pair);
}

static void two_clients_at_once_close_from_both_sides(void **state) {
  /* EVIDENCE: RFC 9293 3.5 figure 8, 3.6 figure 13, both ends ours */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct tcp_conn *conn[2];
  int owner = 0;
  for (int i = 0; i < 2; i++) {
    struct ph_stack *stack = &pair->host[i].stack;
    struct ph_addr here = pair_addr(i);
    ph_stack_set_now(stack, pair->now_ns);
    conn[i] = tcp_open(stack, &owner);
    assert_int_equal(tcp_bind(stack, conn[i], &here, 7000, false), 0);
  }
  for (int i = 0; i < 2; i++) {
    struct ph_addr there = pair_addr(!i);
    assert_int_equal(tcp_connect(&pair->host[i].stack, conn[i], &there, 7000),
                     0);
  }
  pair_pass(pair, 10 * PAIR_MS);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tcp_get_state(conn[i]), TCP_STATE_ESTABLISHED);
    tcp_close(&pair->host[i].stack, conn[i], false);
  }
  pair_pass(pair, 10 * PAIR_MS);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(tcp_get_state(conn[i]), TCP_STATE_TIME_WAIT);
  }
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_records_left_transfer_completes),
      cmocka_unit_test(few_chunks_transfer_completes),
      cmocka_unit_test(few_blocks_transfer_completes),
      cmocka_unit_test(slow_ring_transfer_completes_without_retransmission),
      cmocka_unit_test(withheld_completions_never_change_bytes_in_flight),
      cmocka_unit_test(no_packets_left_sends_later),
      cmocka_unit_test(two_clients_at_once_close_from_both_sides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
