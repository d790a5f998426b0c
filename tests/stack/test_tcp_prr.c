/* SPDX-License-Identifier: Apache-2.0 */
/* Proportional rate reduction: how much goes out for each ACK of a recovery,
 * with SACK and without. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;
static const struct pair_options reno = {.tcp = {.congestion = "reno"}};

static uint32_t at(uint32_t n) {
  return first + n * PEER_MSS;
}

/* ACK up to segment `ack`, segments [from, to) sacked if the peer can. */
static void sack1(struct peer *p, uint32_t ack, uint32_t from, uint32_t to) {
  p->sack_count = p->sack_permitted;
  p->sack[0] = (struct tcp_sack_block){at(from), at(to)};
  peer_ack(p, at(ack));
  p->sack_count = 0;
}

/* `n` segments are out since 10 ms, `n` more wait. */
static void begin(struct peer *p, uint32_t n, bool with_sack) {
  peer_passive_with(p, &reno, with_sack ? PEER_SACK : 0);
  p->conn->cwnd = n * PEER_MSS;
  p->conn->srtt_ns = 10 * PAIR_MS;
  p->conn->rttvar_ns = 0;
  peer_app_send(p, 3 * n * PEER_MSS);
  assert_int_equal(peer_sent(p), n);
  peer_pass(p, 10 * PAIR_MS);
  peer_mark(p);
}

static void window_shrinks_evenly(bool with_sack) {
  struct peer p;
  begin(&p, 20, with_sack);
  uint32_t sent[21] = {0};
  for (uint32_t n = 2; n <= 20; n++) { /* 0 is lost, 1 to 19 arrive */
    peer_mark(&p);
    sack1(&p, 0, 1, n);
    sent[n] = peer_sent(&p);
    assert_true(sent[n] <= 1);
  }
  uint32_t during = 0;
  for (uint32_t n = 5; n <= 20; n++) {
    during += sent[n];
    if (n >= 10) { /* evenly, not a half window of silence */
      assert_true(sent[n] + sent[n - 1] + sent[n - 2] + sent[n - 3] >= 1);
    }
  }
  assert_in_range(during, 7, 9);
  uint32_t pipe = tcp_flight(p.conn);
  assert_in_range(pipe, 9 * PEER_MSS, 11 * PEER_MSS); /* ssthresh is 10 */
  assert_int_equal(p.conn->ssthresh, 10 * PEER_MSS);
  peer_ack(&p, p.conn->out->recover);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_true(p.conn->cwnd <= 11 * PEER_MSS);
  assert_int_equal(p.stack->stats.TcpRetransSegs, 1);
  peer_free(&p);
}

static void one_loss_with_sack_halves_over_a_round_trip(void **state) {
  /* EVIDENCE: RFC 6937 3a; RFC 6937 3 (proportional part) */
  (void)state;
  window_shrinks_evenly(true);
}

static void one_loss_without_sack_halves_over_a_round_trip(void **state) {
  /* EVIDENCE: RFC 6937 3c; RFC 6937 3 (non-SACK: DeliveredData of a duplicate
   * ACK) */
  (void)state;
  window_shrinks_evenly(false);
}

static void many_losses_are_repaired_in_slow_start_without_burst(void **state) {
  /* EVIDENCE: RFC 6937 3b, 3e; RFC 6937 3 (PRR-SSRB) */
  (void)state;
  struct peer p;
  begin(&p, 20, true);
  sack1(&p, 0, 16, 20); /* 0 to 15 are lost: the pipe is empty */
  assert_in_range(peer_sent(&p), 1, 5);
  uint32_t ack = 0;
  while (ack < 16) { /* each retransmission is acknowledged */
    uint32_t sent = peer_sent(&p);
    assert_true(sent > 0);
    peer_pass(&p, 10 * PAIR_MS);
    peer_mark(&p);
    ack += sent < 16 - ack ? sent : 16 - ack;
    sack1(&p, ack, 16, 20);
    assert_true(peer_sent(&p) <= sent + 1);
    assert_true(tcp_flight(p.conn) <= p.conn->ssthresh);
  }
  assert_int_equal(p.stack->stats.TcpRetransSegs, 16);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void partial_ack_sends_the_next_hole_at_once(void **state) {
  /* EVIDENCE: RFC 6582 3.2 (step 3, partial acknowledgment) */
  (void)state;
  struct peer p;
  begin(&p, 20, false);
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first);
  }
  assert_true(tcp_flight(p.conn) > p.conn->ssthresh);
  peer_mark(&p);
  peer_ack(&p, at(1)); /* what PRR's share would not yet let go */
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, at(1));
  peer_free(&p);
}

static void end_of_recovery_leaves_ssthresh(void **state) {
  /* EVIDENCE: RFC 6937 3d; RFC 6937 3 (cwnd = ssthresh at the end) */
  (void)state;
  struct peer p;
  begin(&p, 20, true);
  sack1(&p, 0, 1, 20);
  peer_pass(&p, 10 * PAIR_MS);
  peer_ack(&p, p.conn->snd_nxt);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  peer_free(&p);
}

/* ---- ACKs that lie, and ACKs that say much ------------------------------- */

static void invented_duplicates_release_no_more_than_arrived(void **state) {
  /* EVIDENCE: RFC 5681 3.2, 6 (DupACK spoofing) */
  (void)state;
  struct peer p;
  begin(&p, 20, false);
  for (int i = 0; i < 1000; i++) {
    peer_ack(&p, first);
  }
  /* At most what is out can have left; then nothing goes. */
  assert_true(peer_sent(&p) <= 20);
  assert_int_equal(p.stack->stats.TcpFastRetrans, 1);
  peer_free(&p);
}

static void duplicates_without_news_do_nothing_with_sack(void **state) {
  /* EVIDENCE: RFC 3042 2d; RFC 6675 2a; RFC 6675 2 (duplicate ACK) */
  (void)state;
  struct peer p;
  begin(&p, 20, true);
  for (int i = 0; i < 100; i++) {
    peer_ack(&p, first);
  }
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void divided_partial_acks_resend_no_more_than_the_hole(void **state) {
  /* EVIDENCE: RFC 6582 3.2 (step 3) / RFC 3465 2 (ACK division) */
  (void)state;
  struct peer p;
  begin(&p, 20, false);
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first);
  }
  peer_mark(&p);
  for (uint32_t i = 1; i < PEER_MSS; i++) {
    peer_ack(&p, first + i);
  }
  assert_true(p.stack->stats.TcpRetransSegs <= 2);
  assert_true(peer_sent(&p) <= 4);
  peer_free(&p);
}

static void ack_of_what_was_not_sent_changes_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (fifth), RFC 5961 5.2 (optimistic ACK) */
  (void)state;
  struct peer p;
  begin(&p, 20, true);
  sack1(&p, 0, 1, 4);
  uint32_t cwnd = p.conn->cwnd, pipe = tcp_flight(p.conn);
  peer_ack(&p, p.conn->snd_nxt + 1);
  sack1(&p, 0, 5, 100);
  assert_int_equal(p.conn->cwnd, cwnd);
  assert_int_equal(tcp_flight(p.conn), pipe);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  p.ack = first;
  peer_free(&p);
}

static void stretch_ack_grows_by_what_it_acknowledges(void **state) {
  /* EVIDENCE: docs/deviations.md (growth per ACK), shared ACKs of LRO */
  (void)state;
  struct peer p;
  peer_passive_with(&p, &reno, PEER_SACK);
  p.conn->cwnd = 44 * PEER_MSS;
  p.conn->ssthresh = 66 * PEER_MSS;
  p.conn->srtt_ns = 0; /* no limit to a burst */
  peer_app_send(&p, 200 * PEER_MSS);
  assert_int_equal(peer_sent(&p), 44);
  peer_ack(&p, at(44)); /* one ACK for 44 segments */
  assert_in_range(p.conn->cwnd, 66 * PEER_MSS, 67 * PEER_MSS);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_loss_with_sack_halves_over_a_round_trip),
      cmocka_unit_test(one_loss_without_sack_halves_over_a_round_trip),
      cmocka_unit_test(many_losses_are_repaired_in_slow_start_without_burst),
      cmocka_unit_test(partial_ack_sends_the_next_hole_at_once),
      cmocka_unit_test(end_of_recovery_leaves_ssthresh),
      cmocka_unit_test(invented_duplicates_release_no_more_than_arrived),
      cmocka_unit_test(duplicates_without_news_do_nothing_with_sack),
      cmocka_unit_test(divided_partial_acks_resend_no_more_than_the_hole),
      cmocka_unit_test(ack_of_what_was_not_sent_changes_nothing),
      cmocka_unit_test(stretch_ack_grows_by_what_it_acknowledges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
