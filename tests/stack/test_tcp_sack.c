/* SPDX-License-Identifier: Apache-2.0 */
/* The scoreboard, and recovery by it alone (RFC 6675), against blocks made by
 * hand. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* RFC 6675 alone. */
static const struct pair_options no_rack = {
    .tcp = {.congestion = "reno", .features = {.by_sack = &tcp_rfc6675}}};

static uint32_t data_segs(const struct peer *p) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < peer_sent(p); i++) {
    count += peer_seg(p, i)->len > 0;
  }
  return count;
}

/* `n` segments out, 10 ms ago. */
static void begin(struct peer *p, const struct pair_options *options,
                  uint32_t n) {
  peer_passive_with(p, options, PEER_SACK);
  p->conn->cwnd = n * PEER_MSS;
  assert_int_equal(peer_app_send(p, n * PEER_MSS), n * PEER_MSS);
  assert_int_equal(data_segs(p), n);
  peer_pass(p, 10 * PAIR_MS);
  peer_mark(p);
}

static void block_is_remembered_and_leaves_the_pipe(void **state) {
  /* EVIDENCE: RFC 2018 5a; RFC 6675 3a, 4b; RFC 2018 5 (SACKed bits), RFC 6675
   * 3 (Update, SetPipe) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 3, 4);
  assert_int_equal(p.conn->out->sacked_bytes, PEER_MSS);
  assert_int_equal(tcp_flight(p.conn), 9 * PEER_MSS);
  peer_sack1(&p, 0, 3, 4); /* again: nothing new, not a duplicate ACK */
  assert_int_equal(p.conn->dupacks, 1);
  peer_sack1(&p, 0, 3, 5); /* grows to the right: still one record, */
  assert_int_equal(p.conn->out->records, 3);
  peer_sack1(&p, 0, 2,
             5); /* and to the left; the first is sent again by itself */
  assert_int_equal(p.conn->out->sacked_bytes, 3 * PEER_MSS);
  assert_int_equal(p.conn->out->records, 4);
  peer_sack1(&p, 5, 7, 8); /* the acknowledgement passes what was sacked */
  assert_int_equal(p.conn->out->sacked_bytes, PEER_MSS);
  peer_ack(&p, peer_at(10));
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  assert_null(p.conn->out->rtx.first);
  peer_free(&p);
}

static void blocks_that_can_not_be_are_ignored(void **state) {
  /* EVIDENCE: RFC 2018 5 / docs/tcp/sack.md (validation) */
  (void)state;
  struct peer p;
  begin(&p, NULL, 10);
  const struct tcp_sack_block bad[] = {
      {peer_at(4), peer_at(3)},             /* turned round */
      {peer_at(4), peer_at(4)},             /* empty */
      {peer_at(9), peer_at(10) + 1},        /* beyond snd_nxt */
      {first, peer_at(2)},                  /* from what is acknowledged on */
      {peer_at(5), peer_at(5) + 0x7fffffff} /* half the space */
  };
  for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    uint64_t before = p.stack->stats.TcpSackDiscarded;
    peer_sack(&p, first, 1, &bad[i]);
    assert_int_equal(p.conn->out->sacked_bytes, 0);
    assert_int_equal(p.stack->stats.TcpSackDiscarded, before + 1);
  }
  assert_int_equal(data_segs(&p), 0);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void duplicates_reported_mark_nothing(void **state) {
  /* EVIDENCE: RFC 2883 4 (both forms of D-SACK) */
  (void)state;
  struct peer p;
  begin(&p, NULL, 10);
  const struct tcp_sack_block below = {peer_at(1), peer_at(2)};
  peer_sack(&p, peer_at(2), 1, &below);
  assert_int_equal(p.stack->stats.TcpDsackIn, 1);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  const struct tcp_sack_block inside[] = {{peer_at(5), peer_at(6)},
                                          {peer_at(4), peer_at(7)}};
  peer_sack(&p, peer_at(2), 2, inside);
  assert_int_equal(p.stack->stats.TcpDsackIn, 2);
  assert_int_equal(p.conn->out->sacked_bytes, 3 * PEER_MSS);
  peer_free(&p);
}

static void tiny_blocks_make_no_records(void **state) {
  /* EVIDENCE: CVE-2019-11477, -11478 (SACK Panic) / docs/tcp/sack.md */
  (void)state;
  struct peer p;
  begin(&p, NULL, 10);
  uint32_t records = p.conn->out->records;
  for (uint32_t i = 10; i < 9000; i += 8) {
    const struct tcp_sack_block b[] = {{first + i, first + i + 1},
                                       {first + i + 2, first + i + 3},
                                       {first + i + 4, first + i + 5}};
    peer_sack(&p, first, 3, b);
  }
  assert_int_equal(p.conn->out->records, records);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  assert_int_equal(data_segs(&p), 0);
  /* Of a block that ends inside segments the whole ones count. */
  const struct tcp_sack_block b = {peer_at(2) + 1, peer_at(5) - 1};
  peer_sack(&p, first, 1, &b);
  assert_int_equal(p.conn->out->sacked_bytes, PEER_MSS);
  peer_free(&p);
}

static void no_records_left_blocks_are_ignored_and_data_is_not(void **state) {
  /* EVIDENCE: docs/tcp/sack.md (records) */
  (void)state;
  const struct pair_options few = {
      .tcp = {.max_connections = 2, .max_ranges = 1}};
  struct peer p;
  begin(&p, &few, 10);
  peer_sack1(&p, 0, 2, 3);
  peer_sack1(&p, 0, 6, 7);
  assert_true(p.stack->stats.TcpSackIgnored > 0);
  assert_true(p.conn->out->records <= 3);
  peer_pass(&p, PAIR_S); /* everything is sent again until it arrives */
  for (int i = 0; i < 100 && p.conn->out->rtx.first; i++) {
    peer_mark(&p);
    peer_pass(&p, PAIR_S);
    for (uint32_t n = 0; n < peer_sent(&p); n++) {
      const struct pair_seg *seg = peer_seg(&p, n);
      if (seg->seq == p.ack) {
        peer_ack(&p, seg->seq + seg->len);
      }
    }
  }
  assert_null(p.conn->out->rtx.first);
  peer_free(&p);
}

static void hog_of_records_leaves_half_of_them(void **state) {
  /* EVIDENCE: docs/tcp/sack.md (records) */
  (void)state;
  const struct pair_options few = {
      .tcp = {.max_connections = 2, .max_ranges = 40}};
  struct peer p;
  begin(&p, &few, 50);
  for (uint32_t i = 1; i + 1 < 50; i += 2) {
    peer_sack1(&p, 0, i, i + 1);
  }
  assert_true(p.stack->stats.TcpSackIgnored > 0);
  assert_in_range(tcp_of(p.stack)->ranges_available, 19, 23);
  peer_ack(&p, peer_at(50));
  peer_free(&p);
}

static void ack_of_the_middle_of_a_sacked_range_keeps_count(void **state) {
  /* EVIDENCE: RFC 6675 3 (Update) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 2, 6);
  peer_ack(&p, peer_at(4)); /* the peer merged, then told less than it has */
  assert_int_equal(p.conn->out->sacked_bytes, 2 * PEER_MSS);
  peer_ack(&p, peer_at(5) + 500);
  assert_int_equal(p.conn->out->sacked_bytes, 500);
  peer_free(&p);
}

static void timeout_forgets_what_was_sacked(void **state) {
  /* EVIDENCE: RFC 2018 5c, 8b; RFC 2018 8 (SACKed bits off after a timeout),
   * RFC 6675 5.1 */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 3);
  peer_sack1(&p, 0, 1, 2);
  assert_int_equal(p.conn->out->sacked_bytes, PEER_MSS);
  peer_pass(&p, 400 * PAIR_MS);
  assert_int_equal(p.stack->stats.TcpTimeouts, 1);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  peer_mark(&p);
  peer_ack(&p, peer_at(1)); /* it has reneged */
  assert_true(data_segs(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(1));
  peer_free(&p);
}

static void reneging_of_the_first_range_ends_in_a_timeout(void **state) {
  /* EVIDENCE: RFC 2018 5d, 8a; RFC 2018 8 (left edge of the window) */
  (void)state;
  struct peer p;
  begin(&p, NULL, 10);
  peer_sack1(&p, 0, 1, 10);
  peer_ack(&p, peer_at(1)); /* and does not have what it sacked */
  peer_mark(&p);
  peer_pass(&p, PAIR_S);
  assert_int_equal(p.stack->stats.TcpSackReneging, 1);
  assert_true(data_segs(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(1));
  peer_free(&p);
}

/* ---- RFC 6675 ----------------------------------------------------------- */

static void third_duplicate_starts_recovery_and_halves(void **state) {
  /* EVIDENCE: RFC 2018 5.1; RFC 6675 5a, 5b; RFC 6675 5 (1), (4.1) to (4.3) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 1, 2);
  peer_sack1(&p, 0, 1, 3);
  assert_int_equal(data_segs(&p), 0);
  peer_sack1(&p, 0, 1, 4);
  assert_int_equal(data_segs(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  assert_int_equal(p.conn->out->recover, peer_at(10));
  assert_int_equal(p.conn->ssthresh, 5 * PEER_MSS);
  peer_ack(&p, peer_at(10));
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.conn->cwnd, 5 * PEER_MSS);
  peer_free(&p);
}

static void bytes_above_start_recovery_without_three_acks(void **state) {
  /* EVIDENCE: RFC 6675 4a, 5a; RFC 6675 4 (IsLost: (DupThresh - 1) * SMSS), 5
   * (2) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 1,
             4); /* one ACK for three segments, as of a peer with LRO */
  assert_int_equal(data_segs(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  peer_free(&p);
}

static void holes_are_sent_in_order_as_the_pipe_drains(void **state) {
  /* EVIDENCE: RFC 6675 4c, 5c; RFC 6675 4 (NextSeg (1)), 5 (C) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 20);
  const struct tcp_sack_block b[] = {{peer_at(5), peer_at(8)},
                                     {peer_at(3), peer_at(4)},
                                     {peer_at(1), peer_at(2)}};
  peer_sack(&p, first, 3, b); /* 0, 2 and 4 are lost */
  for (uint32_t n = 9; n <= 20; n++) {
    peer_sack1(&p, 0, 5, n);
  }
  uint32_t expected[] = {0, 2, 4};
  assert_true(data_segs(&p) >= 3);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(peer_seg(&p, (uint32_t)i)->seq, peer_at(expected[i]));
  }
  peer_ack(&p, peer_at(20));
  assert_int_equal(p.stack->stats.TcpRetransSegs, data_segs(&p));
  peer_free(&p);
}

static void nothing_new_sends_what_may_be_lost_once(void **state) {
  /* EVIDENCE: RFC 6675 4d; RFC 6675 4 (NextSeg (3)) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 1, 4);
  const struct tcp_sack_block b[] = {{peer_at(6), peer_at(7)},
                                     {peer_at(1), peer_at(4)}};
  peer_sack(&p, first, 2, b); /* 4 and 5 are holes with one segment above */
  peer_sack(&p, peer_at(4), 1, b);
  peer_pass(&p, PAIR_MS);
  bool seen = false;
  for (uint32_t i = 0; i < peer_sent(&p); i++) {
    seen |= peer_seg(&p, i)->seq == peer_at(4);
  }
  assert_true(seen);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static void doubtful_holes_take_their_share_of_the_window(void **state) {
  /* EVIDENCE: RFC 6675 4 (NextSeg (3), SetPipe) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 30);
  peer_sack1(&p, 0, 1, 5);
  peer_mark(&p);
  /* 5 to 27 may or may not be lost, one segment above is too few to say. The
   * ACK delivered 2 and ssthresh is half: 1 or 2 may go, not all 23. */
  peer_sack1(&p, 5, 28, 29);
  assert_in_range(data_segs(&p), 1, 2);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(5));
  peer_free(&p);
}

static void marks_of_rfc_6675_do_not_stay_behind(void **state) {
  /* EVIDENCE: RFC 9293 3.4 (sequence numbers wrap) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_ack(&p, peer_at(5));
  assert_int_equal(p.conn->out->loss.rfc6675.lost_edge, peer_at(5));
  assert_int_equal(p.conn->out->loss.rfc6675.high_sacked, peer_at(5));
  peer_free(&p);
}

static void rescue_is_one_segment_with_the_highest(void **state) {
  /* EVIDENCE: RFC 6675 4e; RFC 6675 4 (NextSeg (4)) */
  (void)state;
  struct peer p;
  begin(&p, &no_rack, 10);
  peer_sack1(&p, 0, 1, 6); /* 6 to 9 are out, perhaps lost */
  peer_mark(&p);
  peer_ack(&p, peer_at(6)); /* partial: nothing lost, nothing new */
  assert_int_equal(data_segs(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->seq, peer_at(9));
  peer_ack(&p, peer_at(7)); /* once in a recovery */
  assert_int_equal(data_segs(&p), 1);
  peer_sack1(&p, 7, 9, 10);
  for (uint32_t i = 1; i < data_segs(&p); i++) {
    assert_true(seq_lt(peer_seg(&p, i)->seq, peer_at(9)));
  }
  peer_free(&p);
}

static void smaller_path_mtu_is_no_congestion(void **state) {
  /* EVIDENCE: RFC 1191 6.4 (no reduction of the window) */
  (void)state;
  struct peer p;
  begin(&p, NULL, 10);
  peer_error(&p, IP_ERROR_TOO_BIG, 800, peer_at(1), PEER_PORT);
  assert_true(p.conn->out->lost_bytes > 0);
  peer_ack(&p, peer_at(1));
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_true(p.conn->cwnd >= 10 * PEER_MSS);
  peer_free(&p);
}

/* ---- Any blocks --------------------------------------------------------- */

static uint32_t rng;

static uint32_t any(uint32_t n) {
  rng = rng * 1664525u + 1013904223u;
  return (rng >> 8) % n;
}

/* A sequence number about what is out, mostly between segments. */
static uint32_t any_seq(const struct peer *p) {
  uint32_t out = p->conn->snd_nxt - p->conn->snd_una;
  uint32_t seq = p->conn->snd_una + any(out + 3 * PEER_MSS) - PEER_MSS;
  return any(4) ? seq - (seq - first) % PEER_MSS : seq;
}

static void any_ack(struct peer *p) {
  p->sack_count = any(p->timestamps ? 4 : 5); /* as many as fit */
  for (uint32_t i = 0; i < p->sack_count; i++) {
    uint32_t left = any_seq(p);
    p->sack[i] = (struct tcp_sack_block){left, left + any(8) * PEER_MSS};
    if (any(4) == 0) {
      p->sack[i].right = any_seq(p);
    }
  }
  peer_ack(p, any(3) ? p->conn->snd_una : any_seq(p));
  p->sack_count = 0;
}

static void any_blocks_keep_the_scoreboard_whole(void **state) {
  /* EVIDENCE: RFC 2018 5, 8 / the invariants of tcp_internal.h after each */
  (void)state;
  for (uint32_t seed = 1; seed <= 24; seed++) {
    const struct pair_options options = {
        .tcp = {.max_connections = 2,
                .max_ranges = seed % 3 == 0 ? 3 : 200,
                .features = {.by_sack = seed % 2 ? NULL : &tcp_rfc6675,
                             .sack = seed % 8 ? PH_TCP_ON : PH_TCP_OFF}}};
    struct peer p;
    rng = seed;
    peer_passive_with(&p, &options, PEER_SACK | (seed & PEER_TIMESTAMPS));
    for (uint32_t i = 0; i < 1500 && !tcp_error(p.conn); i++) {
      (void)peer_app_send(&p, any(20) * 700 + 1);
      any_ack(&p);
      if (any(3) == 0) {
        peer_pass(&p, any(8) ? any(4 * PAIR_MS) : any(400) * PAIR_MS);
      }
      uint32_t space = tcp_cwnd_space(p.conn);
      assert_true(space <= p.conn->cwnd);
    }
    /* However it was treated, an honest peer gets everything. */
    for (int i = 0; i < 2000 && p.conn->out->rtx.first; i++) {
      peer_pass(&p, PAIR_MS);
      peer_ack(&p, p.conn->snd_nxt);
    }
    assert_null(p.conn->out->rtx.first);
    assert_int_equal(p.conn->sndq_len, 0);
    peer_free(&p);
  }
}

/* ---- The old fault ------------------------------------------------------ */

static void lost_range_that_can_not_be_split_goes_out_whole(void **state) {
  /* EVIDENCE: docs/tcp/sack.md (TCP_RANGE_PARTIAL) */
  (void)state;
  const struct pair_options one = {
      .tcp = {.max_connections = 2, .max_ranges = 1}};
  struct peer p;
  peer_passive(&p, &one); /* no SACK: one record is all there is */
  struct tcp_range *taken[8];
  uint32_t n = 0;
  assert_int_equal(peer_app_send(&p, 10000), 10000);
  while (tcp_of(p.stack)->ranges_available > 0) {
    taken[n++] = tcp_range_get(tcp_of(p.stack), 0);
  }
  peer_pass(&p, 250 * PAIR_MS); /* timeout: everything is lost */
  assert_int_equal(p.stack->stats.TcpTimeouts, 1);
  /* Only what was sent again may be believed to be out: each ACK brings the
   * next piece, and no further timeout is needed. */
  uint32_t next = first + PEER_MSS;
  while (p.conn->out->rtx.first) {
    peer_mark(&p);
    peer_ack(&p, next);
    for (uint32_t i = 0; i < peer_sent(&p); i++) {
      assert_int_equal(peer_seg(&p, i)->seq, next);
      next += peer_seg(&p, i)->len;
    }
    assert_true(peer_sent(&p) > 0 || !p.conn->out->rtx.first);
  }
  assert_int_equal(p.stack->stats.TcpTimeouts, 1);
  assert_int_equal(p.ack, first + 10000);
  while (n > 0) {
    tcp_range_put(tcp_of(p.stack), taken[--n]);
  }
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(block_is_remembered_and_leaves_the_pipe),
      cmocka_unit_test(blocks_that_can_not_be_are_ignored),
      cmocka_unit_test(duplicates_reported_mark_nothing),
      cmocka_unit_test(tiny_blocks_make_no_records),
      cmocka_unit_test(no_records_left_blocks_are_ignored_and_data_is_not),
      cmocka_unit_test(hog_of_records_leaves_half_of_them),
      cmocka_unit_test(ack_of_the_middle_of_a_sacked_range_keeps_count),
      cmocka_unit_test(timeout_forgets_what_was_sacked),
      cmocka_unit_test(reneging_of_the_first_range_ends_in_a_timeout),
      cmocka_unit_test(third_duplicate_starts_recovery_and_halves),
      cmocka_unit_test(bytes_above_start_recovery_without_three_acks),
      cmocka_unit_test(holes_are_sent_in_order_as_the_pipe_drains),
      cmocka_unit_test(nothing_new_sends_what_may_be_lost_once),
      cmocka_unit_test(doubtful_holes_take_their_share_of_the_window),
      cmocka_unit_test(marks_of_rfc_6675_do_not_stay_behind),
      cmocka_unit_test(rescue_is_one_segment_with_the_highest),
      cmocka_unit_test(smaller_path_mtu_is_no_congestion),
      cmocka_unit_test(any_blocks_keep_the_scoreboard_whole),
      cmocka_unit_test(lost_range_that_can_not_be_split_goes_out_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
