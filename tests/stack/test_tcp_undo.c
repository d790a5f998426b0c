/* SPDX-License-Identifier: Apache-2.0 */
/* Recoveries that were not needed are taken back; those that were, are not. */
#include "tests/stack/tcp_peer.h"

enum { SEGS = 10 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static uint32_t size, window; /* of a segment; of ten */

static uint32_t at(uint32_t n) {
  return first + n * size;
}

static void sack1(struct peer *p, uint32_t ack, uint32_t from, uint32_t to) {
  p->sack[0] = (struct tcp_sack_block){at(from), at(to)};
  p->sack_count = 1;
  peer_ack(p, at(ack));
  p->sack_count = 0;
}

/* Ten segments out, and ten more waiting; 10 ms later. */
static void begin(struct peer *p, const struct pair_options *options,
                  uint32_t has) {
  peer_passive_with(p, options, has);
  size = p->conn->snd_mss;
  window = p->conn->cwnd = SEGS * size;
  assert_int_equal(peer_app_send(p, 2 * window), 2 * window);
  assert_int_equal(p->conn->snd_nxt, at(SEGS));
  p->ts_ecr = peer_seg(p, peer_sent(p) - 1)->ts_val;
  peer_pass(p, 10 * PAIR_MS);
  peer_mark(p);
}

/* Segment 0 is late: 1 to 4 are sacked, and it is sent again. */
static void resend_first(struct peer *p) {
  sack1(p, 0, 1, 5);
  peer_pass(p, 5 * PAIR_MS); /* the reordering window */
  assert_int_equal(p->conn->recovery, TCP_RECOVERY_FAST);
  assert_true(p->conn->ssthresh < window);
  assert_int_equal(peer_seg(p, 0)->seq, at(0));
}

static void fast_recovery_echo_of_the_original_takes_it_back(void **state) {
  /* EVIDENCE: RFC 9438 4.9a; RFC 3522 3.2, RFC 4015 3.2 */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  uint32_t ssthresh = p.conn->ssthresh;
  resend_first(&p);
  p.ts_val++;
  peer_ack(&p, at(5)); /* what it echoes is older than the retransmission */
  assert_int_equal(p.stack->stats.TcpUndoTimestamps, 1);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_true(p.conn->cwnd >= window);
  assert_int_equal(p.conn->ssthresh, ssthresh);
  peer_free(&p);
}

static void fast_recovery_echo_of_the_retransmission_stands(void **state) {
  /* EVIDENCE: RFC 3522 3.2 (5): not earlier */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  resend_first(&p);
  p.ts_val++;
  p.ts_ecr = peer_seg(&p, 0)->ts_val;
  peer_ack(&p, at(5));
  assert_int_equal(p.stack->stats.TcpUndoTimestamps, 0);
  assert_true(p.conn->ssthresh < window);
  assert_true(p.conn->cwnd < window);
  peer_free(&p);
}

static void newreno_echo_of_the_original_takes_it_back(void **state) {
  /* EVIDENCE: RFC 3522 3.2 (without SACK) */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_TIMESTAMPS);
  uint32_t sent = p.ts_ecr;
  peer_ack(&p, at(0));
  peer_ack(&p, at(0));
  peer_pass(&p, 2 * PAIR_MS);
  peer_ack(&p, at(0));
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  p.ts_val++;
  p.ts_ecr = sent;
  peer_ack(&p, at(4));
  assert_int_equal(p.stack->stats.TcpUndoTimestamps, 1);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  assert_true(p.conn->cwnd >= window);
  peer_free(&p);
}

static void duplicate_reported_takes_the_recovery_back(void **state) {
  /* EVIDENCE: RFC 9438 4.9a; RFC 3708 2 */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK);
  resend_first(&p);
  peer_ack(&p, at(5)); /* the original; */
  assert_true(p.conn->cwnd < window);
  sack1(&p, 5, 0, 1); /* then the other one */
  assert_int_equal(p.stack->stats.TcpUndoDsack, 1);
  assert_true(p.conn->cwnd >= window);
  assert_int_equal(p.conn->ssthresh, UINT32_MAX);
  sack1(&p, 5, 0, 1); /* once is enough */
  assert_int_equal(p.stack->stats.TcpUndoDsack, 1);
  peer_free(&p);
}

static void duplicate_of_one_of_two_is_not_enough(void **state) {
  /* EVIDENCE: RFC 3708 2 (all retransmissions) */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK);
  sack1(&p, 0, 2, 6);
  peer_pass(&p, 5 * PAIR_MS);
  sack1(&p, 0, 2, 7);
  sack1(&p, 0, 2, 8);
  assert_int_equal(p.conn->retransmissions, 2);
  peer_ack(&p, at(8));
  sack1(&p, 8, 0, 1);
  assert_int_equal(p.stack->stats.TcpUndoDsack, 0);
  assert_true(p.conn->cwnd < window);
  sack1(&p, 8, 1, 2);
  assert_int_equal(p.stack->stats.TcpUndoDsack, 1);
  assert_true(p.conn->cwnd >= window);
  peer_free(&p);
}

static void duplicate_of_what_was_sent_once_stands(void **state) {
  /* EVIDENCE: RFC 3708 3 (what the network duplicates) */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK);
  resend_first(&p);
  peer_ack(&p, at(5));
  sack1(&p, 5, 2, 3);
  assert_int_equal(p.stack->stats.TcpDsackIn, 1);
  assert_int_equal(p.stack->stats.TcpUndoDsack, 0);
  assert_true(p.conn->cwnd < window);
  peer_free(&p);
}

static void duplicate_reported_a_round_trip_later_is_not_of_it(void **state) {
  /* EVIDENCE: RFC 3708 3 (what the network duplicates) */
  (void)state;
  struct peer p;
  begin(&p, NULL, PEER_SACK);
  resend_first(&p);
  peer_ack(&p, at(SEGS));
  uint32_t end = (p.conn->snd_nxt - first) / size;
  peer_ack(&p, at(end));
  assert_int_equal(peer_app_send(&p, size), size);
  peer_ack(&p, at(end + 1));
  sack1(&p, end + 1, 0, 1);
  assert_int_equal(p.stack->stats.TcpDsackIn, 1);
  assert_int_equal(p.stack->stats.TcpUndoDsack, 0);
  peer_free(&p);
}

/* Nothing is heard until the timer expires; without tail loss probes. */
static void silence(struct peer *p, uint32_t has) {
  const struct pair_options plain = {.tcp.features.by_sack = &tcp_rfc6675};
  begin(p, &plain, has);
  while (p->stack->stats.TcpTimeouts == 0) {
    peer_pass(p, 10 * PAIR_MS);
  }
  assert_int_equal(p->stack->stats.TcpTimeouts, 1);
  assert_int_equal(p->conn->cwnd, size);
  peer_mark(p);
}

static void timeout_two_acks_that_advance_take_it_back(void **state) {
  /* EVIDENCE: RFC 9438 4.9a; RFC 5682 2.1 (2b), (3b) */
  (void)state;
  for (uint32_t has = 0; has <= PEER_SACK; has += PEER_SACK) {
    struct peer p;
    silence(&p, has);
    peer_ack(&p, at(2));
    assert_int_equal(peer_seg(&p, 0)->seq, at(SEGS));   /* new data, */
    assert_int_equal(p.stack->stats.TcpRetransSegs, 1); /* nothing again */
    peer_ack(&p, at(4));
    assert_int_equal(p.stack->stats.TcpUndoFrto, 1);
    assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
    assert_int_equal(p.conn->out->lost_bytes, 0);
    assert_true(p.conn->cwnd >= window);
    assert_int_equal(p.conn->ssthresh, UINT32_MAX);
    peer_ack(&p, at(SEGS));
    assert_int_equal(p.stack->stats.TcpRetransSegs, 1);
    peer_free(&p);
  }
}

static void timeout_duplicate_after_the_first_ack_stands(void **state) {
  /* EVIDENCE: RFC 5682 2.1 (3a) */
  (void)state;
  for (uint32_t has = 0; has <= PEER_SACK; has += PEER_SACK) {
    struct peer p;
    silence(&p, has);
    peer_ack(&p, at(1));
    assert_int_equal(peer_seg(&p, 0)->seq, at(SEGS));
    peer_mark(&p);
    if (has) {
      sack1(&p, 1, SEGS, SEGS + 1);
    } else {
      peer_ack(&p, at(1));
    }
    assert_int_equal(p.stack->stats.TcpUndoFrto, 0);
    assert_int_equal(p.conn->recovery, TCP_RECOVERY_LOSS);
    peer_ack(&p, at(2));
    assert_int_equal(p.stack->stats.TcpUndoFrto, 0);
    assert_true(p.stack->stats.TcpRetransSegs > 1);
    assert_true(p.conn->cwnd < window);
    peer_free(&p);
  }
}

static void timeout_ack_of_all_stands(void **state) {
  /* EVIDENCE: RFC 5682 2.1 (2a): it may be the hole that was filled */
  (void)state;
  struct peer p;
  silence(&p, PEER_SACK);
  peer_ack(&p, at(SEGS));
  assert_int_equal(p.stack->stats.TcpUndoFrto, 0);
  assert_true(p.conn->cwnd < window);
  peer_free(&p);
}

static void timeout_second_one_is_not_asked_about(void **state) {
  /* EVIDENCE: RFC 5682 2.1 (1) */
  (void)state;
  struct peer p;
  silence(&p, PEER_SACK);
  while (p.stack->stats.TcpTimeouts < 2) {
    peer_pass(&p, 10 * PAIR_MS);
  }
  peer_ack(&p, at(2));
  peer_ack(&p, at(4));
  assert_int_equal(p.stack->stats.TcpUndoFrto, 0);
  peer_free(&p);
}

static void timeout_echo_of_the_original_takes_it_back(void **state) {
  /* EVIDENCE: RFC 4015 3.2; RFC 3522 3.2 (at the first ACK) */
  (void)state;
  struct peer p;
  silence(&p, PEER_SACK | PEER_TIMESTAMPS);
  p.ts_val++;
  peer_ack(&p, at(2));
  assert_int_equal(p.stack->stats.TcpUndoTimestamps, 1);
  assert_int_equal(p.conn->out->lost_bytes, 0);
  assert_true(p.conn->cwnd >= window);
  peer_ack(&p, at(SEGS));
  assert_int_equal(p.stack->stats.TcpRetransSegs, 1);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fast_recovery_echo_of_the_original_takes_it_back),
      cmocka_unit_test(fast_recovery_echo_of_the_retransmission_stands),
      cmocka_unit_test(newreno_echo_of_the_original_takes_it_back),
      cmocka_unit_test(duplicate_reported_takes_the_recovery_back),
      cmocka_unit_test(duplicate_of_one_of_two_is_not_enough),
      cmocka_unit_test(duplicate_of_what_was_sent_once_stands),
      cmocka_unit_test(duplicate_reported_a_round_trip_later_is_not_of_it),
      cmocka_unit_test(timeout_two_acks_that_advance_take_it_back),
      cmocka_unit_test(timeout_duplicate_after_the_first_ack_stands),
      cmocka_unit_test(timeout_ack_of_all_stands),
      cmocka_unit_test(timeout_second_one_is_not_asked_about),
      cmocka_unit_test(timeout_echo_of_the_original_takes_it_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
