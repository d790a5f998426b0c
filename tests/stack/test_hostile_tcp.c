/* SPDX-License-Identifier: Apache-2.0 */
/* TCP against a peer, or somebody who pretends to be it, that lies: about
 * sequence numbers, acknowledgements, windows, flags and lengths. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* What must not move when a segment is to be ignored. */
struct view {
  uint32_t state, rcv_nxt, snd_una, snd_nxt, rcvq_len, rcv_held;
  const struct tcp_range *ooo;
};

static struct view view_of(const struct tcp_conn *c) {
  return (struct view){c->state,    c->rcv_nxt,  c->snd_una,       c->snd_nxt,
                       c->rcvq_len, c->rcv_held, c->out->ooo.first};
}

/* RFC 9293 3.10.7.4 with RFC 5961: must this segment leave the connection as
 * it is? `ack` is checked only behind sequence number, RST and SYN. */
static bool harmless(const struct tcp_conn *c, uint8_t flags, uint32_t seq,
                     uint32_t ack, uint32_t len) {
  uint32_t wnd = c->rcv_edge - c->rcv_nxt;
  uint32_t seg_len = len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
  uint32_t end = seq + (seg_len ? seg_len - 1 : 0);
  if (c->state == TCP_STATE_TIME_WAIT && seq_geq(seq, c->rcv_nxt) &&
      (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
    return false; /* RFC 9293 3.6.1: it may open the ends anew */
  }
  if (seq - c->rcv_nxt >= wnd && end - c->rcv_nxt >= wnd) {
    return true;
  }
  if (flags & TCP_RST) {
    return seq != c->rcv_nxt;
  }
  if ((flags & TCP_SYN) || !(flags & TCP_ACK)) {
    return true;
  }
  return seq_gt(ack, c->snd_nxt) || seq_lt(ack, c->snd_una - c->snd_max_wnd);
}

static void throw(struct peer * p, uint8_t flags, uint32_t seq, uint32_t ack,
                  uint32_t len) {
  struct view before = view_of(p->conn);
  p->pair->log_count = 0;
  peer_mark(p);
  p->ack = ack;
  peer_send(p, flags, seq, "abc", len);
  struct view after = view_of(p->conn);
  assert_memory_equal(&before, &after, sizeof(before));
  assert_true(peer_sent(p) <= 1);
  if (peer_sent(p) == 1) {
    assert_int_equal(peer_seg(p, 0)->flags, TCP_ACK);
    assert_int_equal(peer_seg(p, 0)->seq, p->conn->snd_nxt);
    assert_int_equal(peer_seg(p, 0)->ack, p->conn->rcv_nxt);
  }
}

static void grid(struct peer *p, uint32_t flags, bool whole) {
  const struct tcp_conn *c = p->conn;
  const uint32_t wnd = c->rcv_edge - c->rcv_nxt;
  const uint32_t seqs[] = {0,        (uint32_t)-1, 1,       (uint32_t)-4,
                           wnd,      wnd - 1,      wnd + 1, 0x80000000u,
                           ~0u >> 1, 0x80000001u};
  const uint32_t acks[] = {
      c->snd_nxt + 1,           c->snd_una,
      c->snd_una - 1,           c->snd_una - c->snd_max_wnd - 1,
      c->snd_nxt + 0x80000000u, c->snd_nxt + 0x7fffffffu};
  for (size_t s = 0; s < PH_ARRAY_LEN(seqs); s++) {
    for (size_t a = 0; a < (whole ? PH_ARRAY_LEN(acks) : 1); a++) {
      for (uint32_t len = 0; len <= 3; len += 3) {
        uint32_t seq = c->rcv_nxt + seqs[s];
        if (harmless(c, (uint8_t)flags, seq, acks[a], len)) {
          throw(p, (uint8_t)flags, seq, acks[a], len);
        }
      }
    }
  }
}

static void any_state_segment_that_does_not_fit_changes_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4, RFC 5961 3.2, 4.2, 5.2 */
  (void)state;
  for (int s = TCP_STATE_ESTABLISHED; s <= TCP_STATE_TIME_WAIT; s++) {
    struct peer p;
    peer_into(&p, (enum tcp_state)s);
    if (s == TCP_STATE_ESTABLISHED || s == TCP_STATE_CLOSE_WAIT) {
      assert_int_equal(peer_app_send(&p, 100), 100);
    }
    uint64_t challenges = p.stack->stats.TcpChallengeAcks;
    for (uint32_t flags = 0; flags < 256; flags++) {
      grid(&p, flags, flags < 64);
    }
    /* All at one instant: one challenge ACK (RFC 5961 7). */
    assert_true(p.stack->stats.TcpChallengeAcks - challenges <= 1);
    p.ack = p.conn->snd_una;
    peer_pass(&p, PAIR_MS);
    peer_free(&p);
  }
}

static void challenge_limit_is_per_connection(void **state) {
  /* EVIDENCE: RFC 5961 7a; CVE-2016-5696 (a limit per host tells secrets) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  for (int round = 0; round < 3; round++) {
    peer_mark(&p);
    for (int i = 0; i < 50; i++) {
      peer_send(&p, TCP_SYN, first, NULL, 0);
    }
    assert_int_equal(peer_sent(&p), 1);
    peer_pass(&p, 500 * PAIR_MS);
  }
  /* Somebody else's challenge does not take ours away. */
  peer_send(&p, TCP_SYN, first, NULL, 0);
  struct pair_tx syn = {.src_port = PEER_PORT + 1,
                        .dst_port = OUR_PORT,
                        .seq = 5000,
                        .flags = TCP_SYN,
                        .wnd = 1000};
  pair_inject(p.pair, &syn);
  syn.seq = 5001;
  syn.ack = pair_last(p.pair, 1)->seq + 1;
  syn.flags = TCP_ACK;
  pair_inject(p.pair, &syn);
  peer_mark(&p);
  syn.flags = TCP_SYN;
  pair_inject(p.pair, &syn);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK);
  peer_free(&p);
}

static void window_shrunk_to_zero_does_not_end_the_connection(void **state) {
  /* EVIDENCE: RFC 9293 MUST-34; RFC 9293 3.8.6 (SHLD-17, MUST-35) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  p.wnd = 0;
  for (int i = 0; i < 120; i++) {
    peer_ack(&p, first);
    peer_pass(&p, 60 * PAIR_S);
  }
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(tcp_error(p.conn), 0);
  p.wnd = PEER_WND;
  p.pair->log_count = 0;
  peer_mark(&p);
  peer_ack(&p, first);
  peer_pass(&p, 130 * PAIR_S);
  for (int i = 0; i < 5; i++) {
    peer_ack(&p, first + 5000);
  }
  assert_int_equal(p.conn->snd_una, first + 5000);
  peer_free(&p);
}

static void window_shrunk_keeps_what_is_out_and_sends_no_more(void **state) {
  /* EVIDENCE: RFC 9293 MUST-34, MAY-7; RFC 9293 3.8.6 (SHLD-15, SHLD-16) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 20000), 20000);
  assert_int_equal(p.conn->snd_nxt, first + 10000);
  p.wnd = 3000;
  peer_mark(&p);
  peer_ack(&p, first + 1000); /* the edge is now at 4000, 10000 are out */
  assert_int_equal(peer_sent(&p), 0);
  peer_ack(&p, first + 4000);
  assert_int_equal(peer_sent(&p), 0);
  p.wnd = 60000;
  peer_ack(&p, first + 10000);
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, first + 10000);
  peer_free(&p);
}

static void zero_window_orphan_ends_although_probes_are_answered(void **state) {
  /* EVIDENCE: RFC 6429 (nobody owns it: its memory is wanted back) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 0;
  peer_ack(&p, first);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  tcp_close(p.stack, p.conn, false);
  p.conn = NULL;
  assert_int_equal(tcp_of(p.stack)->conns_open, 2);
  for (int i = 0; i < 600; i++) {
    peer_ack(&p, first);
    peer_pass(&p, PAIR_S);
  }
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  peer_free(&p);
}

static void fin_wait_2_pile_gives_way_to_new_connections(void **state) {
  /* EVIDENCE: CWE-770: peers that never send their FIN */
  (void)state;
  enum { CONNS = 16 };
  const struct pair_options options = {.tcp = {.max_connections = CONNS}};
  struct peer p;
  peer_listen(&p, &options);
  for (uint16_t i = 0; i < 5 * CONNS; i++) {
    struct pair_tx tx = {.src_port = (uint16_t)(5000 + i),
                         .dst_port = OUR_PORT,
                         .seq = 1000,
                         .flags = TCP_SYN,
                         .wnd = 1000};
    pair_inject(p.pair, &tx);
    pair_pass(p.pair, PAIR_MS);
    tx.seq++;
    tx.ack = (uint32_t)PAIR_ISS + 1;
    tx.flags = TCP_ACK;
    pair_inject(p.pair, &tx);
    struct tcp_conn *conn = tcp_accept(p.stack, p.listener);
    assert_non_null(conn);
    tcp_set_owner(conn, &p.owner);
    tcp_close(p.stack, conn, false);
    tx.ack++;
    pair_inject(p.pair, &tx);
  }
  peer_pass(&p, 61 * PAIR_S);
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  peer_free(&p);
}

static void duplicate_ack_flood_inflates_cwnd_only_to_what_is_out(
    void **state) {
  /* EVIDENCE: RFC 5681 3.2 step 4 (ACK spoofing) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 200000), 200000);
  for (int i = 0; i < 20000; i++) {
    peer_ack(&p, first);
  }
  assert_in_range(p.conn->cwnd, PEER_MSS, 2 * PEER_WND + 10 * PEER_MSS);
  assert_true(seq_leq(p.conn->snd_nxt, first + PEER_WND));
  peer_free(&p);
}

static void crumbs_of_partial_acks_take_duplicates_back(void **state) {
  /* EVIDENCE: RFC 6582 3.2 (step 3), RFC 5681 3.2 (4): no more duplicates than
   * segments can be out */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 10000), 10000);
  for (int i = 0; i < 20; i++) {
    peer_ack(&p, first);
  }
  assert_int_equal(p.conn->out->sacked_bytes, 9000);
  for (uint32_t n = 100; n < 10000; n += 100) {
    peer_ack(&p, first + n); /* the invariants are checked after each */
    assert_true(p.conn->out->sacked_bytes <= 10000 - n);
  }
  peer_ack(&p, first + 10000);
  assert_int_equal(p.conn->out->sacked_bytes, 0);
  peer_free(&p);
}

static void optimistic_acks_never_pass_what_was_sent(void **state) {
  /* EVIDENCE: RFC 5961 5.2; TCP Congestion Control with a Misbehaving
   * Receiver, Savage 1999 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 200000), 200000);
  uint32_t nxt = p.conn->snd_nxt;
  for (uint32_t n = 1; n < 100; n++) {
    peer_ack(&p, nxt + n * 1000);
  }
  assert_int_equal(p.conn->snd_una, first);
  assert_int_equal(p.conn->snd_nxt, nxt);
  p.ack = first;
  peer_free(&p);
}

static void fin_inside_what_is_known_to_follow_does_not_stick(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4, eighth; a lying or damaged FIN */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_send(&p, TCP_ACK, first + 100, "0123456789", 10);
  peer_send(&p, TCP_ACK | TCP_FIN, first + 105, NULL, 0); /* inside the run */
  peer_data(&p, 100);
  assert_int_equal(p.conn->rcv_nxt, first + 110);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_send(&p, TCP_ACK | TCP_FIN, first + 110, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSE_WAIT);
  peer_free(&p);
}

static void zero_window_reset_with_text_resets(void **state) {
  /* EVIDENCE: RFC 9293 SHLD-2, MUST-66; RFC 9293 3.10.7.4 (first) and 3.5.3
   * (text in a RST) */
  (void)state;
  static uint8_t small[2304];
  struct peer p;
  peer_passive(&p, NULL);
  tcp_set_rcvbuf(p.conn, sizeof(small));
  while (p.conn->rcv_edge != p.conn->rcv_nxt) {
    peer_data(&p, ph_min_u32(1000, p.conn->rcv_edge - p.conn->rcv_nxt));
  }
  peer_send(&p, TCP_RST, p.seq, "go away", 7);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ECONNRESET);
  peer_free(&p);
}

static void timeout_lost_again_in_slow_start_is_repaired_by_dupacks(
    void **state) {
  /* EVIDENCE: RFC 6582 4.1 (ACK heuristic after a timeout) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  /* Nothing new for F-RTO to send: what is lost is sent again at once. */
  assert_int_equal(peer_app_send(&p, 30000), 30000);
  peer_ack(&p, first + 10000);
  uint32_t out = p.conn->snd_nxt;
  assert_int_equal(out - first, 30000);
  peer_pass(&p, 250 * PAIR_MS); /* everything behind 10000 is lost */
  peer_ack(&p, first + 11000);
  peer_ack(&p, first + 13000);
  peer_ack(&p, first + 17000);
  /* 17000 was sent again and lost again; what follows it arrives. */
  uint64_t timeouts = p.stack->stats.TcpTimeouts;
  peer_mark(&p);
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first + 17000);
  }
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, first + 17000);
  peer_ack(&p, first + 25000);
  assert_int_equal(p.stack->stats.TcpTimeouts, timeouts);
  peer_free(&p);
}

static void timeout_dupacks_of_needless_retransmissions_are_ignored(
    void **state) {
  /* EVIDENCE: RFC 6582 3.2a; RFC 6582 4.1 (ACK heuristic after a timeout) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 60000), 60000);
  peer_ack(&p, first + 10000);
  peer_pass(&p, 250 * PAIR_MS);
  peer_ack(&p, first + 20000); /* only the first was lost: a jump of ten */
  uint64_t fast = p.stack->stats.TcpFastRetrans;
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first + 20000);
  }
  assert_int_equal(p.stack->stats.TcpFastRetrans, fast);
  peer_free(&p);
}

static void marks_left_behind_2_gib_do_not_seem_ahead(void **state) {
  /* EVIDENCE: RFC 9293 3.4 (sequence numbers compare within 2^31) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 20000), 20000);
  /* As after 2 GiB of full segments without a loss. */
  p.conn->out->recover = p.conn->out->loss_recover = p.conn->snd_sml =
      p.conn->snd_una - 0x7ffff000u;
  for (uint32_t n = 1000; n <= 20000; n += 1000) {
    peer_ack(&p, first + n);
  }
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100); /* Nagle holds nothing */
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_app_send(&p, 8000), 8000);
  for (int i = 0; i < 3; i++) {
    peer_ack(&p, first + 20000);
  }
  assert_int_equal(p.stack->stats.TcpFastRetrans, 1);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_state_segment_that_does_not_fit_changes_nothing),
      cmocka_unit_test(challenge_limit_is_per_connection),
      cmocka_unit_test(window_shrunk_to_zero_does_not_end_the_connection),
      cmocka_unit_test(window_shrunk_keeps_what_is_out_and_sends_no_more),
      cmocka_unit_test(zero_window_orphan_ends_although_probes_are_answered),
      cmocka_unit_test(fin_wait_2_pile_gives_way_to_new_connections),
      cmocka_unit_test(duplicate_ack_flood_inflates_cwnd_only_to_what_is_out),
      cmocka_unit_test(crumbs_of_partial_acks_take_duplicates_back),
      cmocka_unit_test(optimistic_acks_never_pass_what_was_sent),
      cmocka_unit_test(fin_inside_what_is_known_to_follow_does_not_stick),
      cmocka_unit_test(marks_left_behind_2_gib_do_not_seem_ahead),
      cmocka_unit_test(zero_window_reset_with_text_resets),
      cmocka_unit_test(timeout_lost_again_in_slow_start_is_repaired_by_dupacks),
      cmocka_unit_test(timeout_dupacks_of_needless_retransmissions_are_ignored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
