/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that the RFCs of the retransmission timer, of congestion control, of
 * SACK and of window scaling ask for, and that no other test looks at. */
#include "stack/tcp/tcp_listen.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;
static const struct pair_options reno = {.tcp = {.congestion = "reno"}};

/* ---- RFC 6298 ------------------------------------------------------------ */

static void samples_move_srtt_and_rttvar_as_written(void **state) {
  /* EVIDENCE: RFC 6298 2.1, 2.2, 2.3, 2.4, 2.5, 4a */
  (void)state;
  struct tcp_conn conn = {.rtt_valid = false};
  tcp_rto_set(&conn, TCP_RTO_INITIAL_NS);
  assert_int_equal(tcp_rto(&conn), PAIR_S);
  tcp_rto_sample(&conn, 800 * PAIR_MS);
  assert_int_equal(conn.srtt_ns, 800 * PAIR_MS);
  assert_int_equal(conn.rttvar_ns, 400 * PAIR_MS);
  assert_int_equal(tcp_rto(&conn), 2400 * PAIR_MS);
  tcp_rto_sample(&conn, 1600 * PAIR_MS);
  /* RTTVAR first, by the old SRTT: 3/4 400 + 1/4 800; then 7/8 800 + 1/8 1600
   */
  assert_int_equal(conn.rttvar_ns, 500 * PAIR_MS);
  assert_int_equal(conn.srtt_ns, 900 * PAIR_MS);
  assert_int_equal(tcp_rto(&conn), 2900 * PAIR_MS);
  for (int i = 0; i < 200; i++) { /* the variance goes, its minimum stays */
    tcp_rto_sample(&conn, PAIR_S);
  }
  assert_int_equal(tcp_rto(&conn), conn.srtt_ns + TCP_RTO_MIN_NS);
  for (int i = 0; i < 200; i++) {
    tcp_rto_sample(&conn, PAIR_MS);
  }
  assert_in_range(tcp_rto(&conn), TCP_RTO_MIN_NS, TCP_RTO_MIN_NS + 2 * PAIR_MS);
  tcp_rto_sample(&conn, 100 * PAIR_S);
  assert_in_range(tcp_rto(&conn), 60 * PAIR_S, TCP_RTO_MAX_NS);
  conn.backoff = 20;
  assert_int_equal(tcp_rto_backed_off(&conn), TCP_RTO_MAX_NS);
}

static void timer_starts_with_data_restarts_with_acks_and_stops(void **state) {
  /* EVIDENCE: RFC 6298 3b, 5.1, 5.2, 5.3, 5a */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX], UINT64_MAX);
  uint64_t srtt = p.conn->srtt_ns;
  peer_app_send(&p, 2 * PEER_MSS);
  uint64_t sent = p.pair->now_ns;
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX], sent + tcp_rto(p.conn));
  peer_pass(&p, 150 * PAIR_MS);
  peer_ack(&p, first + PEER_MSS);
  assert_true(p.conn->srtt_ns > srtt); /* a sample of 150 ms */
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX],
                   p.pair->now_ns + tcp_rto(p.conn));
  peer_mark(&p);
  peer_pass(&p, tcp_rto(p.conn) - PAIR_MS);
  assert_int_equal(peer_sent(&p), 0); /* not sooner */
  peer_ack(&p, first + 2 * PEER_MSS);
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX], UINT64_MAX);
  peer_pass(&p, 10 * PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  peer_free(&p);
}

/* ---- RFC 5681, 6582, 9406, 9438 ------------------------------------------ */

static void lost_syn_ack_starts_with_one_segment_and_3_s(void **state) {
  /* EVIDENCE: RFC 5681 3.1c, 3.1d; RFC 6298 5.7 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  peer_pass(&p, 1200 * PAIR_MS); /* the SYN-ACK leaves again */
  p.seq = first;
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  assert_int_equal(p.conn->cwnd, p.conn->snd_mss);
  assert_int_equal(p.conn->ssthresh, UINT32_MAX);
  assert_int_equal(tcp_rto(p.conn), 3 * PAIR_S);
  for (uint32_t n = 1; n <= 2; n++) { /* until there are samples */
    assert_int_equal(peer_app_send(&p, 1), 1);
    peer_pass(&p, 100 * PAIR_MS);
    peer_ack(&p, first + n);
    assert_int_equal(p.conn->srtt_ns, 100 * PAIR_MS);
  }
  assert_int_equal(p.conn->rttvar_ns, 37500000); /* 50 ms, then 3/4 of it */
  peer_free(&p);
}

static void second_timeout_leaves_ssthresh(void **state) {
  /* EVIDENCE: RFC 5681 3.1h, 3.1i, 3.1j */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  peer_app_send(&p, 10 * PEER_MSS);
  peer_pass(&p, 250 * PAIR_MS);
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, PEER_MSS);
  peer_pass(&p, 2 * PAIR_S);
  assert_true(p.stack->stats.TcpTimeouts >= 2);
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, p.conn->snd_mss);
  peer_free(&p);
}

static void second_timeout_leaves_ssthresh_of_cubic(void **state) {
  /* EVIDENCE: RFC 5681 3.1i; RFC 9438 4.8 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 10 * PEER_MSS);
  peer_pass(&p, 250 * PAIR_MS);
  assert_int_equal(p.conn->ssthresh, 7 * PEER_MSS);
  peer_pass(&p, 500 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 2);
  assert_int_equal(p.conn->ssthresh, 7 * PEER_MSS);
  peer_free(&p);
}

static void only_the_first_partial_ack_restarts_the_timer(void **state) {
  /* EVIDENCE: RFC 6582 3.2a, 3.2b, 3.2e */
  (void)state;
  struct peer p;
  peer_passive(&p, &reno);
  peer_app_send(&p, 10 * PEER_MSS);
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first);
  }
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  assert_int_equal(p.conn->out->recover, first + 10 * PEER_MSS);
  peer_pass(&p, 20 * PAIR_MS);
  peer_ack(&p, first + 2 * PEER_MSS);
  uint64_t deadline = p.conn->deadline[TCP_TIMER_RTX];
  assert_int_equal(deadline, p.pair->now_ns + tcp_rto(p.conn));
  peer_pass(&p, 20 * PAIR_MS);
  peer_ack(&p, first + 4 * PEER_MSS);
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX], deadline);
  peer_ack(&p, first + 10 * PEER_MSS);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void slow_start_after_a_loss_is_not_hystart(void **state) {
  /* EVIDENCE: RFC 9406 4.2g, 4.3b; RFC 9438 4.10a */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 40 * PEER_MSS);
  peer_ack(&p, first);
  peer_ack(&p, first);
  peer_ack(&p, first); /* congestion in the initial slow start */
  assert_true(p.conn->ssthresh < UINT32_MAX);
  struct tcp_cubic before = p.conn->out->cc_state.cubic;
  for (int i = 0; i < 20; i++) { /* long round trips say nothing now */
    p.conn->out->cc->rtt(p.conn, PAIR_S);
  }
  assert_memory_equal(&before, &p.conn->out->cc_state.cubic, sizeof(before));
  p.conn->cwnd = 2 * PEER_MSS;
  p.conn->ssthresh = 8 * PEER_MSS;
  p.conn->out->cc->acked(p.conn, p.pair->now_ns, 2 * PEER_MSS);
  assert_int_equal(p.conn->cwnd, 4 * PEER_MSS);
  peer_free(&p);
}

static void cubic_target_is_at_most_one_and_a_half(void **state) {
  /* EVIDENCE: RFC 9438 4.2c */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  tcp_out_need(p.stack, conn);
  conn->cwnd = 100 * PEER_MSS;
  conn->ssthresh = conn->out->cc->ssthresh(conn, conn->cwnd, false);
  conn->cwnd = conn->ssthresh;
  conn->srtt_ns = 20 * PAIR_S; /* the curve goes far up in a round trip */
  uint64_t now_ns = p.pair->now_ns;
  conn->out->cc->acked(conn, now_ns, PEER_MSS);
  for (int i = 0; i < 30; i++) {
    uint32_t cwnd = conn->cwnd;
    now_ns += PAIR_S;
    conn->out->cc->acked(conn, now_ns, cwnd); /* one window */
    assert_in_range(conn->cwnd, cwnd, cwnd + cwnd / 2);
  }
  peer_free(&p);
}

/* ---- RFC 2018, 6675, 8985 ------------------------------------------------ */

static void sack_permitted_is_in_syns_only(void **state) {
  /* EVIDENCE: RFC 2018 2a; RFC 8985 4a */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  assert_true(p.conn->use_rack);
  peer_app_send(&p, 3000);
  p.seq += 100;
  peer_data(&p, 100);
  for (uint32_t i = 0; i < p.pair->log_count; i++) {
    const struct pair_seg *seg = &p.pair->log[i];
    if (seg->from == 0) {
      assert_int_equal(seg->sack_permitted, (seg->flags & TCP_SYN) != 0);
    }
  }
  peer_free(&p);
  peer_passive(&p, NULL);
  assert_false(p.conn->use_rack);
  peer_free(&p);
}

static void first_retransmission_of_sack_recovery_has_a_whole_rto(
    void **state) {
  /* EVIDENCE: RFC 6675 5d, 6a */
  (void)state;
  struct pair_options options = {.tcp = {.congestion = "reno"}};
  options.tcp.features.by_sack = &tcp_rfc6675;
  struct peer p;
  peer_passive_with(&p, &options, PEER_SACK);
  assert_false(p.conn->use_rack);
  peer_app_send(&p, 10 * PEER_MSS);
  peer_pass(&p, 100 * PAIR_MS);
  p.sack_count = 1;
  for (uint32_t i = 0; i < 3; i++) {
    p.sack[0] =
        (struct tcp_sack_block){first + PEER_MSS, first + (2 + i) * PEER_MSS};
    peer_ack(&p, first);
  }
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  assert_int_equal(p.conn->deadline[TCP_TIMER_RTX],
                   p.pair->now_ns + tcp_rto(p.conn));
  p.sack_count = 0;
  peer_ack(&p, first + 10 * PEER_MSS);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.conn->cwnd, p.conn->ssthresh);
  peer_free(&p);
}

static void timeout_in_sack_recovery_ends_it_until_recover(void **state) {
  /* EVIDENCE: RFC 6675 5e, 5.1a, 5.1b, 5.1c */
  (void)state;
  struct pair_options options = {.tcp = {.congestion = "reno"}};
  options.tcp.features.by_sack = &tcp_rfc6675;
  struct peer p;
  peer_passive_with(&p, &options, PEER_SACK);
  peer_app_send(&p, 10 * PEER_MSS);
  p.sack_count = 1;
  for (uint32_t i = 0; i < 3; i++) {
    p.sack[0] =
        (struct tcp_sack_block){first + PEER_MSS, first + (2 + i) * PEER_MSS};
    peer_ack(&p, first);
  }
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  p.sack_count = 0;
  peer_pass(&p, 300 * PAIR_MS); /* the retransmission is lost, too */
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_LOSS);
  assert_int_equal(p.conn->out->recover, p.conn->snd_nxt);
  uint32_t end = p.conn->snd_nxt;
  uint64_t started = p.stack->stats.TcpFastRetrans;
  peer_ack(&p, first + PEER_MSS);
  assert_int_equal(p.conn->dupacks, 0);
  p.sack_count = 1;
  for (uint32_t i = 0; i < 4; i++) { /* below recover: no recovery, but news */
    p.sack[0] = (struct tcp_sack_block){first + 3 * PEER_MSS,
                                        first + (4 + i) * PEER_MSS};
    peer_ack(&p, first + PEER_MSS);
    assert_int_equal(p.conn->recovery, TCP_RECOVERY_LOSS);
    assert_int_equal(p.conn->out->sacked_bytes, (1 + i) * PEER_MSS);
  }
  assert_int_equal(p.stack->stats.TcpFastRetrans, started);
  p.sack_count = 0;
  peer_ack(&p, end);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void duplicate_that_paws_drops_is_reported(void **state) {
  /* EVIDENCE: RFC 2883 4.3 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  p.ts_val += 100;
  peer_data(&p, 100);
  peer_mark(&p);
  p.ts_val -= 50;
  p.seq = first;
  peer_data(&p, 100);
  assert_int_equal(p.stack->stats.TcpPawsDrops, 1);
  assert_int_equal(peer_seg(&p, 0)->sack_count, 1);
  assert_int_equal(peer_seg(&p, 0)->sack[0].left, first);
  assert_int_equal(peer_seg(&p, 0)->sack[0].right, first + 100);
  p.ts_val += 50;
  peer_free(&p);
}

/* ---- RFC 7323, 6528 ------------------------------------------------------ */

static void open_scaled(struct peer *p, uint8_t shift) {
  const uint8_t options[] = {1, 3, 3, shift};
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = OUR_PORT,
                       .seq = (uint32_t)PAIR_ISS,
                       .flags = TCP_SYN,
                       .wnd = 1000,
                       .options = options,
                       .options_len = sizeof(options)};
  peer_listen(p, NULL);
  pair_inject(p->pair, &tx);
  pair_pass(p->pair, PAIR_MS);
  p->seq = first;
  p->wnd = 1000;
}

static void windows_are_scaled_behind_the_syns(void **state) {
  /* EVIDENCE: RFC 7323 2.2a, 2.2c, 2.3a, 2.3b */
  (void)state;
  static const uint8_t shifts[][2] = {
      {0, 0}, {7, 7}, {14, 14}, {15, 14}, {255, 14}};
  for (size_t i = 0; i < PH_ARRAY_LEN(shifts); i++) {
    struct peer p;
    open_scaled(&p, shifts[i][0]);
    const struct pair_seg *answer = pair_last(p.pair, 1);
    assert_int_equal(answer->wscale, 8);
    const struct tcp_listener *l = p.listener->listener;
    struct tcp_conn *half =
        PH_CONTAINER_OF(ph_link_next(&l->syn_queue), struct tcp_conn, link);
    assert_int_equal(half->snd_wnd, 1000); /* of a SYN: as it is */
    uint32_t promised = answer->wnd;       /* ours too */
    peer_ack(&p, first);
    p.conn = tcp_accept(p.stack, p.listener);
    assert_non_null(p.conn);
    tcp_set_owner(p.conn, &p.owner);
    assert_int_equal(p.conn->snd_wnd, 1000u << shifts[i][1]);
    peer_data(&p, 10);
    uint32_t wnd = (uint32_t)pair_last(p.pair, 1)->wnd << 8;
    assert_in_range(wnd, promised - 256, p.conn->rcvbuf);
    peer_free(&p);
  }
}

static void rounded_window_is_honoured_to_its_edge(void **state) {
  /* EVIDENCE: RFC 7323 2.4a */
  (void)state;
  struct peer p;
  static uint8_t data[1000];
  open_scaled(&p, 0);
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  uint32_t highest = first + 1; /* right edge that the peer has seen */
  while (p.seq != highest) {    /* it sends all that it was ever offered */
    uint32_t n = ph_min_u32(777, highest - p.seq);
    peer_send(&p, TCP_ACK, p.seq, data, n);
    p.seq += n;
    peer_pass(&p, 50 * PAIR_MS);
    assert_int_equal(p.conn->rcv_nxt, p.seq);
    const struct pair_seg *seg = pair_last(p.pair, 1);
    uint32_t edge = seg->ack + ((uint32_t)seg->wnd << 8);
    assert_true(seq_gt(edge + 256, highest)); /* moves only by rounding */
    highest = seq_max(highest, edge);
  }
  assert_true(p.seq - first > 100000);
  peer_free(&p);
}

static void our_timestamps_tick_in_milliseconds(void **state) {
  /* EVIDENCE: RFC 7323 5.4a */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  peer_app_send(&p, 10);
  uint32_t before = pair_last(p.pair, 1)->ts_val;
  peer_ack(&p, first + 10);
  peer_pass(&p, 1234 * PAIR_MS);
  peer_app_send(&p, 10);
  assert_int_equal(pair_last(p.pair, 1)->ts_val - before, 1234);
  peer_free(&p);
}

static void timestamp_of_a_reset_changes_nothing(void **state) {
  /* EVIDENCE: RFC 7323 5.2b */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  peer_data(&p, 10);
  uint32_t recent = p.conn->ts_recent;
  p.ts_val = recent + 1000;
  peer_send(&p, TCP_RST, p.seq + 1, NULL, 0); /* challenged */
  peer_send(&p, TCP_RST | TCP_ACK, p.seq + 2, NULL, 0);
  assert_int_equal(p.conn->ts_recent, recent);
  p.ts_val = recent;
  peer_data(&p, 10);
  assert_int_equal(p.conn->rcvq_len, 20); /* is not old */
  peer_free(&p);
}

static void handshake_and_further_duplicates_move_cwnd_as_written(
    void **state) {
  /* EVIDENCE: RFC 5681 3.1k, 3.2f, 3.2h; RFC 7323 2.2c */
  (void)state;
  struct peer p;
  peer_active(&p, &reno);
  const uint8_t options[] = {2, 4, PEER_MSS >> 8, PEER_MSS & 0xff, 1, 3, 3, 2};
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = p.port,
                       .seq = (uint32_t)PAIR_ISS,
                       .ack = first,
                       .flags = TCP_SYN | TCP_ACK,
                       .wnd = PEER_WND,
                       .options = options,
                       .options_len = sizeof(options)};
  pair_inject(p.pair, &tx);
  p.seq = first;
  assert_int_equal(p.conn->cwnd, 10 * PEER_MSS);
  assert_int_equal(p.conn->snd_wnd, PEER_WND); /* of a SYN: not scaled */
  peer_app_send(&p, 40 * PEER_MSS);
  p.wnd = PEER_WND / 4;
  peer_ack(&p, first); /* the same window, now scaled; the first duplicate */
  peer_ack(&p, first);
  peer_ack(&p, first);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  /* Of ten segments, not of the two that limited transmit added. */
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  for (int i = 0; i < 4; i++) { /* one segment fewer in the network each */
    uint32_t sacked = p.conn->out->sacked_bytes;
    peer_ack(&p, first);
    assert_int_equal(p.conn->out->sacked_bytes, sacked + PEER_MSS);
  }
  peer_free(&p);
}

static void secret_differs_from_start_to_start(void **state) {
  /* EVIDENCE: RFC 6528 3c; RFC 6056 3.4a */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct tcp_conn conn = {.remote_port = 1, .local_port = 2};
  struct ph_stack *a = &pair->host[0].stack;
  struct ph_stack *b = &pair->host[1].stack;
  ph_stack_set_now(a, pair->now_ns);
  ph_stack_set_now(b, pair->now_ns);
  assert_int_not_equal(tcp_isn(a, &conn), tcp_isn(b, &conn));
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_move_srtt_and_rttvar_as_written),
      cmocka_unit_test(timer_starts_with_data_restarts_with_acks_and_stops),
      cmocka_unit_test(lost_syn_ack_starts_with_one_segment_and_3_s),
      cmocka_unit_test(second_timeout_leaves_ssthresh),
      cmocka_unit_test(second_timeout_leaves_ssthresh_of_cubic),
      cmocka_unit_test(only_the_first_partial_ack_restarts_the_timer),
      cmocka_unit_test(slow_start_after_a_loss_is_not_hystart),
      cmocka_unit_test(cubic_target_is_at_most_one_and_a_half),
      cmocka_unit_test(sack_permitted_is_in_syns_only),
      cmocka_unit_test(first_retransmission_of_sack_recovery_has_a_whole_rto),
      cmocka_unit_test(timeout_in_sack_recovery_ends_it_until_recover),
      cmocka_unit_test(duplicate_that_paws_drops_is_reported),
      cmocka_unit_test(windows_are_scaled_behind_the_syns),
      cmocka_unit_test(rounded_window_is_honoured_to_its_edge),
      cmocka_unit_test(our_timestamps_tick_in_milliseconds),
      cmocka_unit_test(timestamp_of_a_reset_changes_nothing),
      cmocka_unit_test(handshake_and_further_duplicates_move_cwnd_as_written),
      cmocka_unit_test(secret_differs_from_start_to_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
