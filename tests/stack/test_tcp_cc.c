/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion control: CUBIC's curve, HyStart++'s exit, TCP_CONGESTION. The
 * algorithms are called as loss recovery calls them, on a connection that
 * nobody drives. */
#include "tests/stack/tcp_peer.h"

enum { MSS = 1000, RTT_MS = 100 };

/* A connection after the handshake's tcp_cc_init(). */
static struct tcp_conn fresh(void) {
  static struct tcp_out out;
  static struct tcp_stack tcp = {.algorithms = {[TCP_CC_CUBIC] = &tcp_cubic}};
  const struct ph_stack stack = {.module = {[PH_MODULE_TCP] = &tcp}};
  struct tcp_conn conn = {.snd_mss = MSS, .out = &out};
  conn.settings.congestion = TCP_CC_CUBIC;
  conn.srtt_ns = RTT_MS * PAIR_MS;
  conn.snd_una = (uint32_t)PAIR_ISS;
  conn.snd_nxt = conn.snd_una;
  tcp_cc_init(&conn);
  tcp_cc_start(&stack, &conn);
  return conn;
}

/* A loss with a full window out; cwnd as after recovery. */
static void lose(struct tcp_conn *conn) {
  conn->ssthresh = conn->out->cc->ssthresh(conn, conn->cwnd, false);
  conn->cwnd = conn->ssthresh;
}

/* `ms` go by with one window acknowledged per round trip, in ten ACKs. */
static uint64_t grow(struct tcp_conn *conn, uint64_t now_ns, uint32_t ms) {
  uint64_t step_ms = RTT_MS / 10;
  for (uint64_t t = 0; t < ms; t += step_ms) {
    now_ns += step_ms * PAIR_MS;
    conn->out->cc->acked(conn, now_ns, conn->cwnd / 10);
  }
  return now_ns;
}

static void cubic_loss_multiplies_by_seven_tenths(void **state) {
  /* EVIDENCE: RFC 9438 4.6a, 4.6b; RFC 9293 MAY-18; RFC 9438 4.6
   * (multiplicative decrease) */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 100 * MSS;
  lose(&conn);
  assert_int_equal(conn.ssthresh, 70 * MSS);
  assert_int_equal(conn.w_max, 100 * MSS);
  conn.cwnd = 2 * MSS;
  lose(&conn);
  assert_int_equal(conn.ssthresh, 2 * MSS);
}

static void cubic_window_is_back_at_w_max_after_k(void **state) {
  /* EVIDENCE: RFC 9438 4.2b, 4.4, 4.5, 5.1; RFC 9438 4.2 (2): K = cbrt((W_max -
   * cwnd_epoch) / C) */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 10000 * MSS;
  lose(&conn);
  /* K = cbrt(3000 / 0.4) = 19.57 s */
  uint64_t now_ns = grow(&conn, PAIR_S, 10000);
  /* 0.4 * (10.0 - 19.57)^3 = -351 segments: concave */
  assert_in_range(conn.cwnd, 9600 * MSS, 9680 * MSS);
  now_ns = grow(&conn, now_ns, 9600);
  assert_in_range(conn.cwnd, 9990 * MSS, 10001 * MSS);
  /* 0.4 * 10^3 = 400 segments above: convex */
  now_ns = grow(&conn, now_ns, 10000);
  assert_in_range(conn.cwnd, 10380 * MSS, 10440 * MSS);
}

static void cubic_short_path_grows_as_newreno(void **state) {
  /* EVIDENCE: RFC 9438 4.3a, 4.3b; RFC 9438 4.3 (Reno-friendly region) */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 20 * MSS;
  lose(&conn);
  assert_int_equal(conn.cwnd, 14 * MSS);
  conn.srtt_ns = PAIR_MS / 10;
  /* 17 windows within 2 ms: 11.3 at alpha = 9/17 until the old 20 segments are
   * reached, the rest at alpha = 1. */
  uint64_t now_ns = PAIR_S;
  for (int i = 0; i < 170; i++) {
    now_ns += PAIR_MS / 100;
    conn.out->cc->acked(&conn, now_ns, conn.cwnd / 10);
  }
  assert_in_range(conn.cwnd, 25 * MSS, 26 * MSS);
}

static void cubic_second_loss_below_w_max_converges_fast(void **state) {
  /* EVIDENCE: RFC 9438 4.7 (fast convergence) */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 100 * MSS;
  lose(&conn);
  conn.cwnd = 80 * MSS;
  lose(&conn);
  assert_int_equal(conn.w_max, 68 * MSS);
  assert_int_equal(conn.ssthresh, 56 * MSS);
}

static void cubic_timeout_starts_curve_where_slow_start_ends(void **state) {
  /* EVIDENCE: RFC 9438 4.8 (timeout: K = 0) */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 100 * MSS;
  conn.ssthresh = conn.out->cc->ssthresh(&conn, conn.cwnd, true);
  conn.cwnd = MSS;
  uint64_t now_ns = PAIR_S;
  while (conn.cwnd < conn.ssthresh) { /* slow start */
    conn.out->cc->acked(&conn, now_ns += PAIR_MS, MSS);
  }
  conn.out->cc->acked(&conn, now_ns, MSS);
  assert_int_equal(conn.w_max, 70 * MSS);
  assert_int_equal(conn.out->cc_state.cubic.k_ms, 0);
}

static void cubic_time_without_acks_does_not_count(void **state) {
  /* EVIDENCE: RFC 9438 4.2a; RFC 9438 4.2 (t excludes application-limited time)
   */
  (void)state;
  struct tcp_conn conn = fresh();
  conn.cwnd = 1000 * MSS;
  lose(&conn);
  uint64_t now_ns = grow(&conn, PAIR_S, 3000);
  uint32_t before = conn.cwnd;
  now_ns += 60 * PAIR_S;
  conn.out->cc->acked(&conn, now_ns, conn.cwnd / 10);
  assert_true(conn.cwnd - before < 20 * MSS);
}

/* One round of ten ACKs, each with an RTT sample. */
static void round_trip(struct tcp_conn *conn, uint32_t rtt_ms) {
  uint32_t window = conn->cwnd;
  conn->snd_nxt += window;
  for (int i = 0; i < 10; i++) {
    conn->snd_una += window / 10;
    conn->out->cc->rtt(conn, rtt_ms * PAIR_MS);
    conn->out->cc->acked(conn, PAIR_S, window / 10);
  }
  conn->snd_una = conn->snd_nxt;
}

static void slow_start_rtt_grows_leaves_after_five_css_rounds(void **state) {
  /* EVIDENCE: RFC 9438 4.10b; RFC 9406 4.2a, 4.2c, 4.2d, 4.2f */
  (void)state;
  struct tcp_conn conn = fresh();
  for (int i = 0; i < 4; i++) {
    round_trip(&conn, 100);
  }
  assert_int_equal(conn.cwnd, 160 * MSS);
  int rounds = 0;
  while (conn.ssthresh == UINT32_MAX && rounds < 20) {
    round_trip(&conn, 130);
    rounds++;
  }
  assert_in_range(rounds, 6, 7); /* one to see it, five of CSS */
  assert_in_range(conn.cwnd, conn.ssthresh, conn.ssthresh + MSS);
  assert_true(conn.cwnd < 160 * MSS * 2 * 4); /* 1.25^5 = 3.05 */
  round_trip(&conn, 130);
  assert_true(conn.out->cc_state.cubic.epoch);
}

static void slow_start_rtt_noise_resumes_doubling(void **state) {
  /* EVIDENCE: RFC 9406 4.2e; RFC 9406 4.2 (RTT below the CSS baseline) */
  (void)state;
  struct tcp_conn conn = fresh();
  round_trip(&conn, 100);
  round_trip(&conn, 100);
  round_trip(&conn, 130); /* into CSS */
  round_trip(&conn, 100); /* it was noise */
  uint32_t before = conn.cwnd;
  for (int i = 0; i < 6; i++) {
    round_trip(&conn, 100);
  }
  assert_int_equal(conn.ssthresh, UINT32_MAX);
  assert_true(conn.cwnd >= before * 60);
}

static void slow_start_rtt_within_threshold_goes_on(void **state) {
  /* EVIDENCE: RFC 9406 4.3a; RFC 9406 4.3 (RttThresh = 1/8 within 4 ms and 16
   * ms) */
  (void)state;
  struct tcp_conn conn = fresh();
  for (uint32_t i = 0; i < 8; i++) {
    round_trip(&conn, 20 + 3 * i); /* never 4 ms more than the round before */
  }
  assert_int_equal(conn.ssthresh, UINT32_MAX);
  assert_int_equal(conn.cwnd, 2560 * MSS);
}

static void established_silence_halves_cwnd_per_rto(void **state) {
  /* EVIDENCE: RFC 5681 4.1a (restart window), RFC 2861 2 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 10000), 10000);
  peer_ack(&p, p.conn->snd_nxt);
  p.conn->cwnd = 160 * PEER_MSS;
  p.conn->ssthresh = 100 * PEER_MSS;
  assert_int_equal(p.conn->snd_una, p.conn->snd_nxt);
  uint64_t rto = tcp_rto(p.conn);
  peer_pass(&p, rto * 9 / 10); /* a pause within an RTO costs nothing */
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_int_equal(p.conn->cwnd, 160 * PEER_MSS);
  peer_ack(&p, p.conn->snd_nxt);
  rto = tcp_rto(p.conn);
  peer_pass(&p, rto * 5 / 2);
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_int_equal(p.conn->cwnd, 40 * PEER_MSS);
  assert_int_equal(p.conn->ssthresh, 120 * PEER_MSS);
  peer_ack(&p, p.conn->snd_nxt);
  peer_pass(&p, 60 * PAIR_S);
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  peer_free(&p);
}

static void congestion_by_name_is_found_inherited_and_refused(void **state) {
  /* EVIDENCE: docs/tcp/congestion.md (TCP_CONGESTION) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  assert_int_equal(tcp_set_congestion(p.stack, p.listener, "reno", 4), 0);
  assert_int_equal(tcp_set_congestion(p.stack, p.listener, "ren", 3),
                   -PH_ENOENT);
  assert_int_equal(tcp_set_congestion(p.stack, p.listener, "renox", 5),
                   -PH_ENOENT);
  assert_int_equal(tcp_set_congestion(p.stack, p.listener, "", 0), -PH_ENOENT);
  assert_string_equal(tcp_get_congestion(p.stack, p.listener), "reno");
  peer_free(&p);
  peer_passive(&p, NULL);
  assert_string_equal(tcp_get_congestion(p.stack, p.conn), "cubic");
  assert_int_equal(tcp_set_congestion(p.stack, p.conn, "reno\0...", 16), 0);
  assert_string_equal(tcp_get_congestion(p.stack, p.conn), "reno");
  assert_int_equal(tcp_set_congestion(p.stack, p.conn, "cubic", 5), 0);
  peer_free(&p);
}

static void congestion_of_the_stack_is_told_and_used_and_may_change(
    void **state) {
  /* EVIDENCE: docs/tcp/congestion.md (TCP_CONGESTION) */
  (void)state;
  static const struct pair_options reno = {.tcp = {.congestion = "reno"}};
  struct peer p;
  peer_passive(&p, &reno);
  struct tcp_conn *fresh_one = tcp_open(p.stack, &p.owner);
  assert_string_equal(tcp_get_congestion(p.stack, fresh_one), "reno");
  tcp_close(p.stack, fresh_one, true);
  assert_string_equal(tcp_get_congestion(p.stack, p.conn), "reno");
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_ptr_equal(p.conn->out->cc, &tcp_newreno);
  assert_int_equal(tcp_set_congestion(p.stack, p.conn, "cubic", 5), 0);
  assert_ptr_equal(p.conn->out->cc, &tcp_cubic); /* in the middle of it */
  assert_string_equal(tcp_get_congestion(p.stack, p.conn), "cubic");
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cubic_loss_multiplies_by_seven_tenths),
      cmocka_unit_test(cubic_window_is_back_at_w_max_after_k),
      cmocka_unit_test(cubic_short_path_grows_as_newreno),
      cmocka_unit_test(cubic_second_loss_below_w_max_converges_fast),
      cmocka_unit_test(cubic_timeout_starts_curve_where_slow_start_ends),
      cmocka_unit_test(cubic_time_without_acks_does_not_count),
      cmocka_unit_test(slow_start_rtt_grows_leaves_after_five_css_rounds),
      cmocka_unit_test(slow_start_rtt_noise_resumes_doubling),
      cmocka_unit_test(slow_start_rtt_within_threshold_goes_on),
      cmocka_unit_test(established_silence_halves_cwnd_per_rto),
      cmocka_unit_test(congestion_by_name_is_found_inherited_and_refused),
      cmocka_unit_test(congestion_of_the_stack_is_told_and_used_and_may_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
