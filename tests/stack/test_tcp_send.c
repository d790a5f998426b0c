/* SPDX-License-Identifier: Apache-2.0 */
/* ESTABLISHED, the sending side: windows, Nagle, persist, retransmission. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* Segments of the log since the mark that carry data. */
static uint32_t data_segs(const struct peer *p) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < peer_sent(p); i++) {
    count += peer_seg(p, i)->len > 0;
  }
  return count;
}

static void established_write_sends_initial_window_of_ten(void **state) {
  /* EVIDENCE: RFC 5681 3a, 3.1b; RFC 9293 SHLD-28; RFC 6928 2 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 50000), 50000);
  assert_int_equal(data_segs(&p), 10);
  for (uint32_t i = 0; i < 10; i++) {
    assert_int_equal(peer_seg(&p, i)->seq, first + i * PEER_MSS);
    assert_int_equal(peer_seg(&p, i)->len, PEER_MSS);
  }
  assert_int_equal(p.stack->stats.TcpOutSuperSegs, 1);
  peer_free(&p);
}

static void established_push_is_on_the_last_segment_of_a_write(void **state) {
  /* EVIDENCE: RFC 9293 MUST-61; RFC 9293 3.9.1.2 (Send) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 2500);
  assert_int_equal(peer_sent(&p), 3);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK);
  assert_int_equal(peer_seg(&p, 1)->flags, TCP_ACK);
  assert_int_equal(peer_seg(&p, 2)->flags, TCP_ACK | TCP_PSH);
  peer_free(&p);
}

/* For what RFC 5681 says in numbers. */
static const struct pair_options reno = {.tcp = {.congestion = "reno"}};

static void established_ack_in_slow_start_doubles_what_is_sent(void **state) {
  /* EVIDENCE: RFC 5681 3.1a; RFC 9438 4.10a; RFC 9293 MUST-19; RFC 5681 3.1
   * (slow start) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 50000);
  peer_mark(&p);
  peer_ack(&p, first + 10 * PEER_MSS);
  assert_int_equal(data_segs(&p), 20);
  assert_int_equal(p.conn->cwnd, 20 * PEER_MSS);
  peer_free(&p);
}

static void established_above_ssthresh_grows_one_segment_per_window(
    void **state) {
  /* EVIDENCE: RFC 5681 3.1a, 3.1g; RFC 9293 MUST-19; RFC 5681 3.1 (congestion
   * avoidance) */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  p.conn->ssthresh = p.conn->cwnd;
  peer_app_send(&p, 100000);
  peer_ack(&p, first + 5 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  peer_ack(&p, first + 10 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, 11 * PEER_MSS);
  peer_free(&p);
}

static void established_idle_application_does_not_grow_cwnd(void **state) {
  /* EVIDENCE: RFC 9438 4.6c; RFC 7661 4.3 / docs/stack.md: cwnd grows only when
   * it limits */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  for (uint32_t i = 1; i <= 50; i++) {
    peer_app_send(&p, 100);
    peer_ack(&p, first + 100 * i);
  }
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  peer_free(&p);
}

static void established_ack_division_gains_nothing(void **state) {
  /* EVIDENCE: RFC 5681 3.1f; RFC 3465 2 (byte counting) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 100000);
  for (uint32_t i = 1; i <= 100; i++) {
    peer_ack(&p, first + 10 * i);
  }
  assert_true(p.conn->cwnd <= 11 * PEER_MSS);
  peer_free(&p);
}

static void established_small_write_waits_for_ack_of_another(void **state) {
  /* EVIDENCE: RFC 9293 MUST-60, SHLD-7, SHLD-27; RFC 9293 3.7.4 (Nagle) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 10);
  peer_app_send(&p, 10);
  peer_app_send(&p, 10);
  assert_int_equal(peer_sent(&p), 1);
  peer_mark(&p);
  peer_ack(&p, first + 10);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->len, 20);
  peer_free(&p);
}

static void established_nodelay_sends_small_writes_at_once(void **state) {
  /* EVIDENCE: RFC 9293 3.7.4 (MUST-17) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(tcp_set(p.stack, p.conn, TCP_SETTING_NODELAY, 1), 0);
  peer_app_send(&p, 10);
  peer_app_send(&p, 10);
  assert_int_equal(peer_sent(&p), 2);
  peer_free(&p);
}

static void established_more_holds_the_tail_200_ms(void **state) {
  /* EVIDENCE: RFC 9293 MAY-16; Linux send(2), MSG_MORE */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(tcp_send(p.stack, p.conn, "abc", 3, true), 3);
  peer_pass(&p, 190 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 20 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  peer_free(&p);
}

static void established_window_bounds_what_is_sent(void **state) {
  /* EVIDENCE: RFC 9293 MUST-38, 3.8.6 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 2500;
  peer_ack(&p, first);
  peer_mark(&p);
  peer_app_send(&p, 10000);
  assert_int_equal(data_segs(&p), 2); /* and no 500: silly window avoidance */
  peer_free(&p);
}

static void established_zero_window_is_probed_with_backoff(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.1 (MUST-36, SHLD-29, SHLD-30) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 0;
  peer_ack(&p, first);
  peer_mark(&p);
  peer_app_send(&p, 1000);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 10 * PAIR_S);
  uint32_t probes = peer_sent(&p);
  assert_in_range(probes, 4, 6);
  for (uint32_t i = 2; i < probes; i++) {
    uint64_t before =
        peer_seg(&p, i - 1)->time_ns - peer_seg(&p, i - 2)->time_ns;
    uint64_t now = peer_seg(&p, i)->time_ns - peer_seg(&p, i - 1)->time_ns;
    assert_int_equal(now, 2 * before);
  }
  peer_mark(&p);
  p.wnd = 5000;
  peer_ack(&p, first);
  peer_expect(&p, TCP_ACK | TCP_PSH, first, first, 1000);
  peer_free(&p);
}

static void established_answered_probes_keep_connection_for_ever(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.1 (MUST-37) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 0;
  peer_ack(&p, first);
  peer_app_send(&p, 1000);
  for (int i = 0; i < 60; i++) {
    peer_pass(&p, 130 * PAIR_S);
    peer_ack(&p, first);
  }
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void established_silence_backs_off_and_gives_up(void **state) {
  /* EVIDENCE: RFC 5681 3.1j; RFC 9293 MUST-19, MUST-20, SHLD-11, 3.8.3; RFC
   * 6298 5.4, 5.5, 5.6 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 100);
  uint64_t sent = peer_seg(&p, 0)->time_ns;
  peer_pass(&p, 3 * PAIR_S);
  assert_in_range(peer_sent(&p), 4, 5);
  assert_int_equal(peer_seg(&p, 1)->seq, first);
  uint64_t rto = peer_seg(&p, 1)->time_ns - sent;
  assert_in_range(rto, 200 * PAIR_MS, 203 * PAIR_MS);
  assert_int_equal(peer_seg(&p, 2)->time_ns - peer_seg(&p, 1)->time_ns,
                   2 * rto);
  assert_int_equal(peer_seg(&p, 3)->time_ns - peer_seg(&p, 2)->time_ns,
                   4 * rto);
  assert_int_equal(p.conn->cwnd, PEER_MSS);
  peer_pass(&p, 1800 * PAIR_S);
  assert_int_equal(tcp_error(p.conn), PH_ETIMEDOUT);
  peer_free(&p);
}

static void established_timeout_resends_from_snd_una_in_slow_start(
    void **state) {
  /* EVIDENCE: RFC 5681 3.1h; RFC 6582 3.2f; RFC 5681 3.1 (4), RFC 6298 5.4
   */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  peer_app_send(&p, 10000);
  peer_mark(&p);
  peer_pass(&p, 250 * PAIR_MS);
  peer_expect(&p, TCP_ACK, first, first, PEER_MSS);
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  peer_mark(&p);
  peer_ack(&p, first + PEER_MSS);
  assert_int_equal(data_segs(&p), 2);
  assert_int_equal(peer_seg(&p, 0)->seq, first + PEER_MSS);
  /* The rest had arrived: one ACK for all ends the recovery. */
  peer_ack(&p, first + 10000);
  assert_null(p.conn->out->rtx.first);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void established_first_two_dupacks_send_new_segments(void **state) {
  /* EVIDENCE: RFC 5681 3.2c, 3.2d; RFC 3042 2a, 2b, 2c */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 50000);
  peer_mark(&p);
  peer_ack(&p, first);
  assert_int_equal(data_segs(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first + 10 * PEER_MSS);
  peer_ack(&p, first);
  assert_int_equal(data_segs(&p), 2);
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  peer_free(&p);
}

static void established_third_dupack_retransmits_and_halves(void **state) {
  /* EVIDENCE: RFC 5681 3.2e, 3.2f, 3.2g; RFC 6582 3.2b, 3.2c, 3.2d; RFC 6937 3;
   * RFC 6582 3.2 (steps 1 to 4) */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  peer_app_send(&p, 10000);
  peer_ack(&p, first);
  peer_ack(&p, first);
  peer_mark(&p);
  peer_ack(&p, first);
  peer_expect(&p, TCP_ACK, first, first, PEER_MSS);
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  /* Ten are out; three have arrived and the first is out again. */
  assert_int_equal(tcp_flight(p.conn), 7 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, 7 * PEER_MSS);
  peer_ack(&p, first); /* step 3: another has left the network */
  assert_int_equal(tcp_flight(p.conn), 6 * PEER_MSS);
  peer_mark(&p);
  peer_ack(&p, first + 3000); /* partial: the next hole */
  peer_expect(&p, TCP_ACK, first + 3000, first, PEER_MSS);
  peer_ack(&p, first + 10000); /* full */
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_true(p.conn->cwnd <= 5 * PEER_MSS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void established_dupacks_with_data_or_window_do_not_count(void **state) {
  /* EVIDENCE: RFC 5681 2a; RFC 5681 2 (duplicate acknowledgment) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 10000);
  for (int i = 0; i < 5; i++) {
    peer_data(&p, 10);
    p.wnd++;
    peer_ack(&p, first);
  }
  assert_int_equal(p.stack->stats.TcpRetransSegs, 0);
  peer_free(&p);
}

static void established_rtt_of_retransmission_is_not_taken(void **state) {
  /* EVIDENCE: RFC 6298 3a; RFC 9293 MUST-18; RFC 6298 3 (Karn's algorithm) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  uint64_t srtt = p.conn->srtt_ns;
  peer_app_send(&p, 100);
  peer_pass(&p, 300 * PAIR_MS);
  peer_ack(&p, first + 100);
  assert_int_equal(p.conn->srtt_ns, srtt);
  peer_free(&p);
}

static void established_too_big_lowers_mss_and_resends(void **state) {
  /* EVIDENCE: RFC 9293 MUST-54; RFC 1191 6.4, RFC 5927 7 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 3000);
  peer_error(&p, IP_ERROR_TOO_BIG, 800, first - 1, PEER_PORT);
  assert_int_equal(tcp_get_mss(p.conn), PEER_MSS); /* not in flight: ignored */
  peer_error(&p, IP_ERROR_TOO_BIG, 800, first, PEER_PORT);
  assert_int_equal(tcp_get_mss(p.conn), 760);
  peer_mark(&p);
  peer_pass(&p, PAIR_MS);
  assert_int_equal(peer_seg(&p, 0)->len, 760);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  peer_free(&p);
}

static void established_unreachable_is_only_a_soft_error(void **state) {
  /* EVIDENCE: RFC 9293 3.9.2.2 (MUST-56) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 3000);
  peer_error(&p, IP_ERROR_HOST_UNREACHABLE, 0, first, PEER_PORT);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_pass(&p, 1800 * PAIR_S);
  assert_int_equal(tcp_error(p.conn), PH_EHOSTUNREACH);
  peer_free(&p);
}

static void established_full_ring_keeps_data_until_writable(void **state) {
  /* EVIDENCE: docs/stack.md, back-pressure */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.pair->host[0].ring_free = 0;
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  peer_pass(&p, 100 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(p.conn->snd_nxt, first);
  p.pair->host[0].ring_free = UINT32_MAX;
  peer_pass(&p, 2 * PAIR_MS);
  assert_int_equal(data_segs(&p), 5);
  assert_int_equal(p.stack->stats.TcpRetransSegs, 0);
  peer_free(&p);
}

static void established_range_in_the_device_is_not_retransmitted(void **state) {
  /* EVIDENCE: docs/stack.md, blocks (design 3.1) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.pair->host[0].hold_completions = true;
  peer_app_send(&p, 5000);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(data_segs(&p), 5);
  p.pair->host[0].hold_completions = false;
  peer_pass(&p, 10 * PAIR_MS);
  assert_int_equal(data_segs(&p), 6);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_write_sends_initial_window_of_ten),
      cmocka_unit_test(established_push_is_on_the_last_segment_of_a_write),
      cmocka_unit_test(established_ack_in_slow_start_doubles_what_is_sent),
      cmocka_unit_test(established_above_ssthresh_grows_one_segment_per_window),
      cmocka_unit_test(established_idle_application_does_not_grow_cwnd),
      cmocka_unit_test(established_ack_division_gains_nothing),
      cmocka_unit_test(established_small_write_waits_for_ack_of_another),
      cmocka_unit_test(established_nodelay_sends_small_writes_at_once),
      cmocka_unit_test(established_more_holds_the_tail_200_ms),
      cmocka_unit_test(established_window_bounds_what_is_sent),
      cmocka_unit_test(established_zero_window_is_probed_with_backoff),
      cmocka_unit_test(established_answered_probes_keep_connection_for_ever),
      cmocka_unit_test(established_silence_backs_off_and_gives_up),
      cmocka_unit_test(established_timeout_resends_from_snd_una_in_slow_start),
      cmocka_unit_test(established_first_two_dupacks_send_new_segments),
      cmocka_unit_test(established_third_dupack_retransmits_and_halves),
      cmocka_unit_test(established_dupacks_with_data_or_window_do_not_count),
      cmocka_unit_test(established_rtt_of_retransmission_is_not_taken),
      cmocka_unit_test(established_too_big_lowers_mss_and_resends),
      cmocka_unit_test(established_unreachable_is_only_a_soft_error),
      cmocka_unit_test(established_full_ring_keeps_data_until_writable),
      cmocka_unit_test(established_range_in_the_device_is_not_retransmitted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
