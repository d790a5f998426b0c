/* SPDX-License-Identifier: Apache-2.0 */
/* RACK and tail loss probes against blocks made by hand, to the microsecond. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static uint64_t resent(const struct peer *p) {
  return p->stack->stats.TcpRetransSegs;
}

/* `n` of `queued` segments are out. The round trip takes 10 ms; it is that
 * later if `arrived`. */
static void begin(struct peer *p, uint32_t n, uint32_t queued, bool arrived) {
  peer_passive_with(p, NULL, PEER_SACK);
  p->conn->cwnd = n * PEER_MSS;
  p->conn->srtt_ns = 10 * PAIR_MS;
  p->conn->rttvar_ns = 0;
  tcp_out_need(p->stack, p->conn);
  p->conn->out->loss.rack.min_rtt_us[0] = 10000;
  assert_int_equal(peer_app_send(p, queued * PEER_MSS), queued * PEER_MSS);
  assert_int_equal(peer_sent(p), n);
  if (arrived) {
    peer_pass(p, 10 * PAIR_MS);
  }
  peer_mark(p);
}

/* ---- RACK --------------------------------------------------------------- */

static void three_sacked_and_no_reordering_resends_at_once(void **state) {
  /* EVIDENCE: RFC 8985 6.2d; RFC 8985 6.2 (step 4: segs_sacked >= DupThresh) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, true);
  peer_sack1(&p, 0, 1, 4);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  peer_ack(&p, peer_at(10)); /* what was sent again is not late */
  assert_false(p.conn->reordering_seen);
  peer_free(&p);
}

static void odd_nanoseconds_delay_nothing(void **state) {
  /* EVIDENCE: RFC 8985 6.2 (step 5: remaining <= 0) */
  (void)state;
  struct peer p;
  begin(&p, 10, 20, true);
  peer_pass(&p, 333);
  peer_sack1(&p, 0, 1, 4);
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, first); /* before new data */
  peer_free(&p);
}

static void one_sacked_resends_after_the_reordering_window(void **state) {
  /* EVIDENCE: RFC 8985 4b, 6.2e, 6.2g; RFC 8985 6.2 (step 5: the reordering
   * timer) */
  (void)state;
  struct peer p;
  begin(&p, 2, 2, true);
  uint64_t now = p.pair->now_ns;
  peer_sack1(&p, 0, 1, 2); /* too few for DupThresh: it was an RTO once */
  peer_pass(&p, 30 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  assert_int_equal(peer_seg(&p, 0)->time_ns - now, 10 * PAIR_MS / 4);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void reordering_within_the_window_resends_nothing(void **state) {
  /* EVIDENCE: RFC 8985 6.2c; RFC 8985 6.2 (steps 3 and 4) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, true);
  peer_sack1(&p, 0, 1, 2);
  peer_pass(&p, 2 * PAIR_MS);
  peer_ack(&p, peer_at(2)); /* it was late */
  assert_true(p.conn->reordering_seen);
  peer_sack1(&p, 2, 3, 8); /* now five above a hole are not enough */
  peer_pass(&p, PAIR_MS);
  peer_ack(&p, peer_at(8));
  assert_int_equal(resent(&p), 0);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_true(p.conn->cwnd >= 10 * PEER_MSS);
  peer_free(&p);
}

static void filled_hole_sacked_by_the_same_ack_is_not_reordering(void **state) {
  /* EVIDENCE: RFC 8985 6.2c; RFC 8985 6.2 (step 3) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, true);
  peer_sack1(&p, 2, 3, 4); /* 0 and 1 in order, 2 missing */
  assert_false(p.conn->reordering_seen);
  const struct tcp_sack_block b[] = {{peer_at(7), peer_at(8)},
                                     {peer_at(5), peer_at(6)}};
  peer_sack(&p, peer_at(2), 2, b); /* two at once: most recent first */
  assert_false(p.conn->reordering_seen);
  peer_free(&p);
}

static void ack_in_order_finds_what_else_is_lost(void **state) {
  /* EVIDENCE: RFC 8985 6.2e; RFC 8985 6.2 (step 5: for each segment) */
  (void)state;
  struct peer p;
  begin(&p, 3, 3, true);
  /* A retransmission that left behind these three arrived long ago. */
  struct tcp_rack *rack = &p.conn->out->loss.rack;
  rack->xmit_ns = p.pair->now_ns - PAIR_MS;
  rack->end_seq = first;
  rack->rtt_us = 5000;
  peer_ack(&p, peer_at(1));
  assert_true(resent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(1));
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  peer_free(&p);
}

static void retransmission_lost_again_needs_no_timeout(void **state) {
  /* EVIDENCE: RFC 8985 6.2f; RFC 8985 3.4, 6.2 (lost retransmissions) */
  (void)state;
  struct peer p;
  begin(&p, 10, 40, true);
  peer_sack1(&p, 0, 1, 10); /* 0 goes out again, and new data behind it */
  assert_int_equal(resent(&p), 1);
  for (uint64_t round = 1; round <= 5; round++) {
    assert_true(p.conn->snd_nxt != peer_at(9 + (uint32_t)round));
    peer_pass(&p, 10 * PAIR_MS);
    peer_mark(&p);
    peer_sack1(&p, 0, 1, (p.conn->snd_nxt - first) / PEER_MSS);
    assert_int_equal(p.stack->stats.TcpLostRetransmits, round);
    assert_int_equal(peer_seg(&p, 0)->seq, first);
    assert_int_equal(resent(&p), 1 + round);
  }
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_ack(&p, p.conn->snd_nxt);
  peer_free(&p);
}

static void early_ack_of_a_retransmission_is_not_believed(void **state) {
  /* EVIDENCE: RFC 8985 6.2b; RFC 8985 6.2 (step 2: RTT below RACK.min_RTT) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, true);
  peer_sack1(&p, 0, 4, 7);
  assert_true(resent(&p) > 0); /* 0 to 3, as the pipe allows */
  peer_pass(&p, PAIR_MS);      /* less than any round trip: the original's */
  uint64_t xmit = p.conn->out->loss.rack.xmit_ns;
  peer_ack(&p, peer_at(1));
  assert_int_equal(p.conn->out->loss.rack.xmit_ns, xmit);
  peer_pass(&p, 10 * PAIR_MS); /* and this is the retransmission's */
  peer_ack(&p, peer_at(2));
  assert_true(p.conn->out->loss.rack.xmit_ns > xmit);
  peer_free(&p);
}

static void head_sent_again_has_a_whole_timeout(void **state) {
  /* EVIDENCE: RFC 6675 6 (managing the RTO timer) */
  (void)state;
  struct peer p;
  begin(&p, 10, 50, true);
  peer_sack1(&p, 0, 1, 10);
  uint64_t since = p.pair->now_ns;
  for (uint64_t round = 1; round <= 6; round++) { /* lost each time */
    peer_pass(&p, 40 * PAIR_MS);
    peer_sack1(&p, 0, 1, (p.conn->snd_nxt - first) / PEER_MSS);
    assert_int_equal(p.stack->stats.TcpLostRetransmits, round);
  }
  assert_true(p.pair->now_ns - since > 220 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void timestamp_tells_which_copy_arrived(void **state) {
  /* EVIDENCE: RFC 8985 6.2 (step 2: ACK.ts_option.echo_reply) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  p.conn->cwnd = 10 * PEER_MSS;
  p.conn->srtt_ns = 20 * PAIR_MS;
  peer_app_send(&p, 10 * p.conn->snd_mss);
  uint32_t mss = p.conn->snd_mss;
  uint32_t original = peer_seg(&p, 0)->ts_val;
  peer_pass(&p, 10 * PAIR_MS);
  p.ts_ecr = original;
  const struct tcp_sack_block b = {first + 4 * mss, first + 8 * mss};
  peer_sack(&p, first, 1, &b); /* 0 to 3 are lost, it seems */
  assert_true(resent(&p) > 1);
  uint64_t xmit = p.conn->out->loss.rack.xmit_ns;
  peer_pass(&p, 15 * PAIR_MS);
  peer_ack(&p, first + mss); /* late enough, but for the first copy */
  assert_int_equal(p.conn->out->loss.rack.xmit_ns, xmit);
  p.ts_ecr = original + 10;
  peer_ack(&p, first + 2 * mss);
  assert_true(p.conn->out->loss.rack.xmit_ns > xmit);
  peer_free(&p);
}

static void dsack_widens_the_window_once_a_round_trip(void **state) {
  /* EVIDENCE: RFC 8985 4c, 6.2e; RFC 8985 6.2 (step 4: DSACK-based adaptation)
   */
  (void)state;
  struct peer p;
  begin(&p, 10, 40, true);
  const struct tcp_rack *rack = &p.conn->out->loss.rack;
  const struct tcp_sack_block dup = {first, peer_at(1)};
  peer_sack(&p, peer_at(1), 1, &dup);
  assert_int_equal(rack->reo_wnd_mult, 2);
  peer_sack(&p, peer_at(2), 1, &dup); /* the same round trip */
  assert_int_equal(rack->reo_wnd_mult, 2);
  peer_ack(&p, p.conn->snd_nxt);
  peer_sack(&p, p.ack, 1, &dup);
  assert_int_equal(rack->reo_wnd_mult, 3);
  for (int i = 0; i < 16; i++) { /* recoveries without one */
    assert_int_equal(rack->reo_wnd_mult, 3);
    peer_app_send(&p, 10 * PEER_MSS);
    peer_pass(&p, 10 * PAIR_MS);
    uint32_t una = p.conn->snd_una;
    const struct tcp_sack_block b = {una + PEER_MSS, p.conn->snd_nxt};
    peer_sack(&p, una, 1, &b);
    assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
    peer_pass(&p, 10 * PAIR_MS);
    peer_ack(&p, p.conn->snd_nxt);
    assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  }
  assert_int_equal(rack->reo_wnd_mult, 1);
  peer_free(&p);
}

static void timeout_leaves_what_was_just_sent(void **state) {
  /* EVIDENCE: RFC 8985 6.3 */
  (void)state;
  struct peer p;
  begin(&p, 4, 10, true);
  peer_sack1(&p, 0, 1, 2); /* RACK.rtt is 10 ms */
  peer_pass(&p, 20 * PAIR_MS);
  p.conn->deadline[TCP_TIMER_RTX] = p.pair->now_ns + 200 * PAIR_MS;
  peer_pass(&p, 195 * PAIR_MS);
  p.conn->cwnd = 20 * PEER_MSS;
  peer_app_send(&p, 10 * PEER_MSS); /* 5 ms before it expires */
  uint32_t recent = p.conn->out->sent.last->seq;
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_mark(&p);
  peer_pass(&p, 6 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 1);
  assert_true(peer_sent(&p) > 0); /* beside what is in flight */
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  const struct tcp_range *r = tcp_ranges_floor(&p.conn->out->rtx, recent);
  assert_false(r->u.tx.flags & TCP_RANGE_LOST);
  assert_true(p.conn->out->lost_bytes > 0 || resent(&p) > 1);
  peer_free(&p);
}

static void min_rtt_forgets_what_is_a_minute_old(void **state) {
  /* EVIDENCE: RFC 8985 6.2a; RFC 8985 6.2 (step 1: windowed minimum) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, false);
  p.conn->out->loss.rack.min_rtt_us[0] = 100;
  for (uint32_t i = 1; i <= 10; i++) { /* ACKs of round trips of seconds */
    p.conn->deadline[TCP_TIMER_RTX] = UINT64_MAX;
    p.conn->out->deadline = UINT64_MAX;
    peer_pass(&p, 10 * PAIR_S);
    peer_ack(&p, peer_at(i));
  }
  assert_true(p.conn->out->loss.rack.min_rtt_us[0] > 100 &&
              p.conn->out->loss.rack.min_rtt_us[1] > 100);
  peer_free(&p);
}

/* ---- Tail loss probes --------------------------------------------------- */

/* An ACK for what had all been sacked before has nothing to measure. */
static void ack_of_what_was_sacked_gives_no_sample(void **state) {
  /* EVIDENCE: RFC 6298 3; RFC 2018 8 (a receiver that reneges) */
  (void)state;
  struct peer p;
  begin(&p, 2, 2, true);
  peer_sack1(&p, 0, 1, 2);
  peer_ack(&p, peer_at(1)); /* it has forgotten the second, */
  uint64_t srtt_ns = p.conn->srtt_ns;
  peer_ack(&p, peer_at(2)); /* and received it again */
  assert_int_equal(p.conn->snd_una, p.conn->snd_nxt);
  assert_int_equal(p.conn->srtt_ns, srtt_ns);
  peer_free(&p);
}

static void silence_of_two_round_trips_probes_with_the_last(void **state) {
  /* EVIDENCE: RFC 8985 7.2a, 7.2c, 7.3a; RFC 8985 7.2 (PTO), 7.3
   * (TLP_send_probe) */
  (void)state;
  struct peer p;
  begin(&p, 5, 5, false);
  uint64_t sent = p.pair->now_ns;
  peer_pass(&p, 100 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1); /* and only one probe */
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(4));
  assert_int_equal(peer_seg(&p, 0)->time_ns - sent, 20 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpLossProbes, 1);
  /* Its SACK tells what is lost. */
  p.conn->out->loss.rack.min_rtt_us[0] = 10000;
  peer_sack1(&p, 0, 4, 5);
  peer_pass(&p, 5 * PAIR_MS);
  assert_int_equal(resent(&p), 2); /* the others follow as PRR lets them */
  assert_int_equal(p.conn->out->lost_bytes, 3 * PEER_MSS);
  peer_pass(&p, 10 * PAIR_MS);
  peer_sack1(&p, 1, 4, 5);
  peer_pass(&p, 10 * PAIR_MS);
  peer_sack1(&p, 3, 4, 5);
  peer_ack(&p, peer_at(5));
  assert_int_equal(resent(&p), 1 + 4);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void probe_is_new_data_whatever_cwnd_says(void **state) {
  /* EVIDENCE: RFC 8985 7.3a, 7.3b */
  (void)state;
  struct peer p;
  begin(&p, 4, 10, false);
  peer_pass(&p, 25 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(4));
  assert_int_equal(peer_seg(&p, 0)->len, PEER_MSS);
  assert_int_equal(resent(&p), 0);
  peer_free(&p);
}

static void lone_segment_is_given_a_delayed_ack(void **state) {
  /* EVIDENCE: RFC 8985 7.2c; RFC 8985 7.2 (TLP.max_ack_delay) */
  (void)state;
  struct peer p;
  begin(&p, 1, 1, false);
  uint64_t sent = p.pair->now_ns;
  peer_pass(&p, 100 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->time_ns - sent, 60 * PAIR_MS);
  peer_free(&p);
}

static void probe_that_repaired_a_loss_halves(void **state) {
  /* EVIDENCE: RFC 8985 7.4a; RFC 8985 7.4 (TLP_process_ack) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, false);
  peer_pass(&p, 25 * PAIR_MS);
  peer_ack(&p, peer_at(10)); /* once: the original was lost, or it was late */
  assert_int_equal(p.conn->cwnd, 20 * PEER_MSS);
  peer_app_send(&p, 5 * PEER_MSS);
  peer_pass(&p, 10 * PAIR_MS);
  peer_ack(&p, peer_at(15));
  assert_int_equal(p.stack->stats.TcpLossProbeRecovery, 1);
  assert_true(p.conn->cwnd < 20 * PEER_MSS);
  peer_free(&p);
}

static void probe_that_was_not_needed_changes_nothing(void **state) {
  /* EVIDENCE: RFC 8985 7.4b; RFC 8985 7.4 (cases 1 and 2) */
  (void)state;
  for (int dsack = 0; dsack < 2; dsack++) {
    struct peer p;
    begin(&p, 10, 10, false);
    peer_pass(&p, 25 * PAIR_MS);
    peer_ack(&p, peer_at(10));
    peer_app_send(&p, 5 * PEER_MSS);
    if (dsack) {
      peer_sack1(&p, 10, 9, 10);
    } else {
      peer_ack(&p, peer_at(10));
    }
    peer_pass(&p, 10 * PAIR_MS);
    peer_ack(&p, peer_at(15));
    assert_int_equal(p.stack->stats.TcpLossProbeRecovery, 0);
    assert_int_equal(p.conn->out->loss.rack.reo_wnd_mult, 1);
    assert_true(p.conn->cwnd >= 10 * PEER_MSS);
    peer_free(&p);
  }
}

static void nothing_is_probed_while_something_is_sacked(void **state) {
  /* EVIDENCE: RFC 8985 7.2b; RFC 8985 7.2 (segs_sacked) */
  (void)state;
  struct peer p;
  begin(&p, 10, 10, true);
  peer_sack1(&p, 0, 1, 2);
  peer_pass(&p, 100 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpLossProbes, 0);
  peer_free(&p);
}

static void probe_ends_with_the_timeout_behind_it(void **state) {
  /* EVIDENCE: RFC 8985 7.3c, 7.3d, 8a; RFC 8985 7.3 (MUST re-arm the RTO timer)
   */
  (void)state;
  struct peer p;
  begin(&p, 5, 5, false);
  peer_pass(&p, 20 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpLossProbes, 1);
  uint64_t probe = p.pair->now_ns;
  peer_mark(&p);
  peer_pass(&p, 300 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  assert_true(peer_seg(&p, 0)->time_ns - probe >= 200 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 1);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_sacked_and_no_reordering_resends_at_once),
      cmocka_unit_test(odd_nanoseconds_delay_nothing),
      cmocka_unit_test(one_sacked_resends_after_the_reordering_window),
      cmocka_unit_test(reordering_within_the_window_resends_nothing),
      cmocka_unit_test(filled_hole_sacked_by_the_same_ack_is_not_reordering),
      cmocka_unit_test(ack_in_order_finds_what_else_is_lost),
      cmocka_unit_test(retransmission_lost_again_needs_no_timeout),
      cmocka_unit_test(early_ack_of_a_retransmission_is_not_believed),
      cmocka_unit_test(head_sent_again_has_a_whole_timeout),
      cmocka_unit_test(timestamp_tells_which_copy_arrived),
      cmocka_unit_test(dsack_widens_the_window_once_a_round_trip),
      cmocka_unit_test(timeout_leaves_what_was_just_sent),
      cmocka_unit_test(min_rtt_forgets_what_is_a_minute_old),
      cmocka_unit_test(ack_of_what_was_sacked_gives_no_sample),
      cmocka_unit_test(silence_of_two_round_trips_probes_with_the_last),
      cmocka_unit_test(probe_is_new_data_whatever_cwnd_says),
      cmocka_unit_test(lone_segment_is_given_a_delayed_ack),
      cmocka_unit_test(probe_that_repaired_a_loss_halves),
      cmocka_unit_test(probe_that_was_not_needed_changes_nothing),
      cmocka_unit_test(nothing_is_probed_while_something_is_sacked),
      cmocka_unit_test(probe_ends_with_the_timeout_behind_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
