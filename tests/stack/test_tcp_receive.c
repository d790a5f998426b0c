/* SPDX-License-Identifier: Apache-2.0 */
/* ESTABLISHED, the receiving side: acceptability, resets, order, window,
 * acknowledgements. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1; /* data starts here */

/* Skip the acknowledgements at once of a new connection. */
static void past_quickack(struct peer *p) {
  p->conn->quickack = 0;
  peer_mark(p);
}

static void established_rst_exact_resets(void **state) {
  /* EVIDENCE: RFC 5961 3.2b; RFC 9293 MUST-12; RFC 5961 3.2 (2) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_send(&p, TCP_RST, first, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ECONNRESET);
  assert_int_equal(p.stack->stats.TcpEstabResets, 1);
  assert_int_equal(peer_sent(&p), 0);
  peer_free(&p);
}

static void established_rst_in_window_is_challenged(void **state) {
  /* EVIDENCE: RFC 5961 3.2c, 7a; RFC 5961 3.2 (3) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_send(&p, TCP_RST, first + 1, NULL, 0);
  peer_expect(&p, TCP_ACK, first, first, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_mark(&p); /* one per 500 ms */
  peer_send(&p, TCP_RST, first + 2, NULL, 0);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 500 * PAIR_MS);
  peer_send(&p, TCP_RST, first + 3, NULL, 0);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(p.stack->stats.TcpChallengeAcks, 2);
  peer_free(&p);
}

static void established_rst_outside_window_is_dropped(void **state) {
  /* EVIDENCE: RFC 5961 3.2a; RFC 5961 3.2 (1) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  const uint32_t edges[] = {first - 1, first + 0x7fffffff, first + 0x80000000u,
                            p.conn->rcv_edge, first + 0x80000001u};
  for (size_t i = 0; i < PH_ARRAY_LEN(edges); i++) {
    peer_send(&p, TCP_RST, edges[i], NULL, 0);
  }
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void established_syn_is_challenged(void **state) {
  /* EVIDENCE: RFC 5961 4.2a */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_send(&p, TCP_SYN, first + 10, NULL, 0);
  peer_expect(&p, TCP_ACK, first, first, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void established_ack_not_yet_sent_is_challenged(void **state) {
  /* EVIDENCE: RFC 5961 5.2a; RFC 9293 MAY-12; RFC 9293 3.10.7.4 (fifth check)
   */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_ack(&p, first + 1);
  peer_expect(&p, TCP_ACK, first, first, 0);
  peer_pass(&p, PAIR_S);
  peer_mark(&p);
  peer_ack(&p, first - PEER_WND - 1); /* older than any window */
  peer_expect(&p, TCP_ACK, first, first, 0);
  peer_free(&p);
}

static void established_segment_without_ack_is_dropped(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (fifth check) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_send(&p, 0, first, "abc", 3);
  peer_pass(&p, PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 9, false), -PH_EAGAIN);
  peer_free(&p);
}

static void established_first_segments_are_acked_at_once(void **state) {
  /* EVIDENCE: RFC 5681 4.2c; RFC 9293 3.8.6.3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, PEER_MSS);
  peer_expect(&p, TCP_ACK, first, first + PEER_MSS, 0);
  peer_free(&p);
}

static void established_lone_segment_is_acked_after_40_ms(void **state) {
  /* EVIDENCE: RFC 5681 4.2a; RFC 9293 MUST-40, SHLD-18, 3.8.6.3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, PEER_MSS);
  past_quickack(&p);
  peer_data(&p, PEER_MSS);
  peer_pass(&p, 39 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 2 * PAIR_MS);
  peer_expect(&p, TCP_ACK, first, first + 2 * PEER_MSS, 0);
  assert_int_equal(p.stack->stats.TcpDelayedAcks, 1);
  peer_free(&p);
}

static void established_second_full_segment_is_acked_at_once(void **state) {
  /* EVIDENCE: RFC 5681 4.2b; RFC 9293 SHLD-19, 3.8.6.3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, PEER_MSS);
  past_quickack(&p);
  peer_data(&p, PEER_MSS);
  assert_int_equal(peer_sent(&p), 0);
  peer_data(&p, PEER_MSS);
  peer_expect(&p, TCP_ACK, first, first + 3 * PEER_MSS, 0);
  peer_free(&p);
}

static void established_second_of_shorter_segments_is_acked_at_once(
    void **state) {
  /* EVIDENCE: RFC 5681 4.2b (an estimate of the sender's MSS) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, PEER_MSS);
  past_quickack(&p);
  uint32_t end = first + PEER_MSS;
  for (uint32_t i = 1; i <= 4; i++) { /* its path MTU fell */
    peer_mark(&p);
    peer_data(&p, PEER_MSS - 61);
    end += PEER_MSS - 61;
    if (i % 2 == 0) {
      peer_expect(&p, TCP_ACK, first, end, 0);
    } else {
      assert_int_equal(peer_sent(&p), 0);
    }
  }
  assert_int_equal(p.conn->rcv_mss, PEER_MSS - 61);
  /* It rose again: full-sized is what is longest. */
  peer_data(&p, PEER_MSS);
  assert_int_equal(p.conn->rcv_mss, PEER_MSS);
  peer_free(&p);
}

static void established_two_short_writes_are_no_full_segments(void **state) {
  /* EVIDENCE: RFC 5681 4.2b; RFC 9293 3.8.6.3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, PEER_MSS);
  past_quickack(&p);
  static const uint8_t data[200];
  peer_send(&p, TCP_ACK | TCP_PSH, p.seq, data, 100);
  peer_send(&p, TCP_ACK | TCP_PSH, p.seq + 100, data + 100, 100);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(p.conn->rcv_mss, PEER_MSS);
  peer_free(&p);
}

static void established_answer_carries_the_ack(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  past_quickack(&p);
  peer_data(&p, 10);
  assert_int_equal(peer_app_send(&p, 5), 5);
  peer_pass(&p, 100 * PAIR_MS);
  peer_expect(&p, TCP_ACK | TCP_PSH, first, first + 10, 5);
  peer_free(&p);
}

static void established_hole_sends_dupack_and_filling_acks_all(void **state) {
  /* EVIDENCE: RFC 5681 3.2a, 3.2b, 4.2; RFC 9293 SHLD-31, MAY-13 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  past_quickack(&p);
  p.seq = first + 100;
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first, 0);
  peer_mark(&p);
  p.seq = first;
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first + 200, 0);
  uint8_t got[200];
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 200, false), 200);
  for (uint32_t i = 0; i < 200; i++) {
    assert_int_equal(got[i], pair_byte(i));
  }
  peer_free(&p);
}

/* The `n`th permutation of five. */
static void permute(uint32_t n, uint32_t order[5]) {
  uint32_t left[5] = {0, 1, 2, 3, 4};
  for (uint32_t i = 0; i < 5; i++) {
    uint32_t pick = n % (5 - i);
    n /= 5 - i;
    order[i] = left[pick];
    memmove(left + pick, left + pick + 1, (4 - pick) * sizeof(left[0]));
  }
}

static void established_overlapping_segments_in_120_orders(void **state) {
  /* EVIDENCE: RFC 9293 SHLD-31; RFC 9293 3.10.7.4 (first check: trimming) */
  (void)state;
  static const uint32_t from[5] = {0, 150, 100, 700, 350};
  static const uint32_t len[5] = {200, 300, 600, 300, 400};
  for (uint32_t n = 0; n < 120; n++) {
    struct peer p;
    uint32_t order[5];
    uint8_t got[1200];
    permute(n, order);
    peer_passive(&p, NULL);
    for (uint32_t i = 0; i < 5; i++) {
      p.seq = first + from[order[i]];
      peer_data(&p, len[order[i]]);
    }
    assert_int_equal(tcp_recv(p.stack, p.conn, got, sizeof(got), false), 1000);
    for (uint32_t i = 0; i < 1000; i++) {
      assert_int_equal(got[i], pair_byte(i));
    }
    assert_null(p.conn->out->ooo.first);
    peer_free(&p);
  }
}

static void established_many_tiny_holes_are_bounded(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6 (receiver's resources) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  tcp_set_rcvbuf(p.conn, 65536);
  for (uint32_t i = 0; i < 2000; i++) {
    peer_send(&p, TCP_ACK, first + 1 + 2 * i, "x", 1);
  }
  assert_true(p.conn->rcv_held <= 65536 + PH_BLOCK_SIZE);
  assert_true(p.stack->stats.TcpRcvBufDrops > 0);
  peer_free(&p);
}

static void established_duplicate_data_is_acked_and_dropped(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (first check) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, 100);
  peer_mark(&p);
  p.seq = first;
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first + 100, 0);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 1000, false), 100);
  peer_free(&p);
}

/* Fill the window of 4000 bytes with 1000-byte segments. */
static void fill(struct peer *p) {
  peer_passive(p, NULL);
  tcp_close(p->stack, p->conn, true); /* a smaller one instead */
  p->conn = NULL;
  tcp_set_rcvbuf(p->listener, 8000);
  p->ack = 0;
  struct pair_tx syn = {.src_port = PEER_PORT,
                        .dst_port = OUR_PORT,
                        .seq = (uint32_t)PAIR_ISS,
                        .flags = TCP_SYN,
                        .wnd = PEER_WND};
  pair_inject(p->pair, &syn);
  p->seq = first;
  peer_ack(p, first);
  p->conn = tcp_accept(p->stack, p->listener);
  assert_non_null(p->conn);
  tcp_set_owner(p->conn, &p->owner);
  for (int i = 0; i < 4; i++) {
    peer_data(p, 1000);
  }
}

static void established_unread_data_closes_the_window(void **state) {
  /* EVIDENCE: RFC 9293 SHLD-14, MAY-8, 3.8.6 */
  (void)state;
  struct peer p;
  fill(&p);
  const struct pair_seg *seg = pair_last(p.pair, 1);
  assert_int_equal(seg->ack, first + 4000);
  assert_int_equal(seg->wnd, 0);
  /* The right edge never moved back. */
  for (uint32_t i = p.pair->log_count - 4; i < p.pair->log_count; i++) {
    assert_int_equal(p.pair->log[i].ack + p.pair->log[i].wnd, first + 4000);
  }
  peer_free(&p);
}

static void established_zero_window_probe_is_answered(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.1 */
  (void)state;
  struct peer p;
  fill(&p);
  peer_mark(&p);
  peer_send(&p, TCP_ACK, p.seq, "y", 1); /* a probe of one octet */
  peer_expect(&p, TCP_ACK, first, first + 4000, 0);
  peer_mark(&p);
  peer_send(&p, TCP_ACK, p.seq - 1, NULL, 0); /* and of none */
  peer_expect(&p, TCP_ACK, first, first + 4000, 0);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 9000, false), 4000);
  peer_free(&p);
}

static void established_reading_a_segment_sends_window_update(void **state) {
  /* EVIDENCE: RFC 9293 MUST-39, 3.8.6.2.2 */
  (void)state;
  struct peer p;
  fill(&p);
  peer_mark(&p);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 999, false), 999);
  assert_int_equal(peer_sent(&p), 0); /* a silly window */
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 1, false), 1);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->wnd, 1000);
  assert_int_equal(p.stack->stats.TcpWindowUpdates, 1);
  peer_free(&p);
}

static void established_reading_a_request_updates_the_window_with_the_next_ack(
    void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.2.2 (the peer has more window than it ever used)
   */
  (void)state;
  struct peer p;
  /* A pool in which reading doubles the first window. */
  struct pair_options options = {.tcp = {.max_connections = 4}, .blocks = 16};
  peer_passive(&p, &options);
  peer_mark(&p);
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first + 100, 0);
  uint32_t wnd = peer_seg(&p, 0)->wnd;
  peer_mark(&p);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 100, false), 100);
  peer_pass(&p, 1000 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first + 200, 0);
  assert_true(peer_seg(&p, 0)->wnd > wnd);
  peer_free(&p);
}

static void established_data_beyond_window_is_cut(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (first check) */
  (void)state;
  struct peer p;
  fill(&p);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 1000, false), 1000);
  peer_data(&p, 1400); /* 1000 fit */
  assert_int_equal(p.conn->rcv_nxt, first + 5000);
  peer_free(&p);
}

static void established_peek_leaves_the_data(void **state) {
  /* EVIDENCE: RFC 9293 3.10.3 */
  (void)state;
  struct peer p;
  uint8_t got[8];
  peer_passive(&p, NULL);
  peer_data(&p, 8);
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 8, true), 8);
  assert_int_equal(got[7], pair_byte(7));
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 8, false), 8);
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 8, false), -PH_EAGAIN);
  peer_free(&p);
}

static void coalesced_out_of_order_is_as_many_duplicate_acks(void **state) {
  /* EVIDENCE: RFC 5681 4.2 / docs/tcp/recovery.md (segments merged by LRO) */
  (void)state;
  static const uint8_t data[1400];
  for (int with_sack = 0; with_sack < 2; with_sack++) {
    struct peer p;
    peer_passive_with(&p, NULL, with_sack ? PEER_SACK : 0);
    p.pair->rx_gso_size = 300;
    peer_mark(&p);
    peer_send(&p, TCP_ACK, p.seq + 300, data, sizeof(data));
    assert_int_equal(peer_sent(&p), with_sack ? 1 : 5);
    for (uint32_t i = 0; i < peer_sent(&p); i++) {
      assert_int_equal(peer_seg(&p, i)->ack, p.seq);
    }
    peer_mark(&p); /* a device that says nonsense makes no storm */
    p.pair->rx_gso_size = 1;
    peer_send(&p, TCP_ACK, p.seq + 3000, data, sizeof(data));
    assert_int_equal(peer_sent(&p), with_sack ? 1 : TCP_COALESCED_MAX);
    peer_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coalesced_out_of_order_is_as_many_duplicate_acks),
      cmocka_unit_test(established_rst_exact_resets),
      cmocka_unit_test(established_rst_in_window_is_challenged),
      cmocka_unit_test(established_rst_outside_window_is_dropped),
      cmocka_unit_test(established_syn_is_challenged),
      cmocka_unit_test(established_ack_not_yet_sent_is_challenged),
      cmocka_unit_test(established_segment_without_ack_is_dropped),
      cmocka_unit_test(established_first_segments_are_acked_at_once),
      cmocka_unit_test(established_lone_segment_is_acked_after_40_ms),
      cmocka_unit_test(established_second_full_segment_is_acked_at_once),
      cmocka_unit_test(established_second_of_shorter_segments_is_acked_at_once),
      cmocka_unit_test(established_two_short_writes_are_no_full_segments),
      cmocka_unit_test(established_answer_carries_the_ack),
      cmocka_unit_test(established_hole_sends_dupack_and_filling_acks_all),
      cmocka_unit_test(established_overlapping_segments_in_120_orders),
      cmocka_unit_test(established_many_tiny_holes_are_bounded),
      cmocka_unit_test(established_duplicate_data_is_acked_and_dropped),
      cmocka_unit_test(established_unread_data_closes_the_window),
      cmocka_unit_test(established_zero_window_probe_is_answered),
      cmocka_unit_test(established_reading_a_segment_sends_window_update),
      cmocka_unit_test(
          established_reading_a_request_updates_the_window_with_the_next_ack),
      cmocka_unit_test(established_data_beyond_window_is_cut),
      cmocka_unit_test(established_peek_leaves_the_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
