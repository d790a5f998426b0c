/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a connection: CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED. */
#include "tests/stack/tcp_peer.h"

static const uint32_t iss = (uint32_t)PAIR_ISS;

static void closed_syn_sends_rst_ack(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.1 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.port = 81;
  peer_send(&p, TCP_SYN, 1000, "x", 1);
  peer_pass(&p, PAIR_MS);
  peer_expect(&p, TCP_RST | TCP_ACK, 0, 1002, 0);
  peer_free(&p);
}

static void closed_ack_sends_rst_without_ack(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.1 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.port = 81;
  p.ack = 777;
  peer_send(&p, TCP_ACK, 1000, NULL, 0);
  peer_pass(&p, PAIR_MS);
  peer_expect(&p, TCP_RST, 777, 0, 0);
  peer_free(&p);
}

static void closed_rst_sends_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.1 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.port = 81;
  peer_send(&p, TCP_RST, 1000, NULL, 0);
  peer_send(&p, TCP_RST | TCP_ACK, 1000, NULL, 0);
  peer_pass(&p, PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  peer_free(&p);
}

static void listen_ack_sends_rst(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.2 (second check) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.ack = 5;
  peer_send(&p, TCP_ACK, 1, NULL, 0);
  peer_send(&p, TCP_RST, 1, NULL, 0);
  peer_pass(&p, PAIR_MS);
  peer_expect(&p, TCP_RST, 5, 0, 0);
  peer_free(&p);
}

static void listen_syn_sends_syn_ack_with_mss_and_without_scale(void **state) {
  /* EVIDENCE: RFC 7323 2.2b; RFC 9293 MUST-14, MUST-67, SHLD-5; RFC
   * 9293 3.10.7.2 (third check) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  const struct pair_seg *seg = &p.pair->log[0];
  assert_int_equal(seg->flags, TCP_SYN | TCP_ACK);
  assert_int_equal(seg->seq, iss);
  assert_int_equal(seg->ack, iss + 1);
  assert_int_equal(seg->mss, 1460);
  assert_int_equal(seg->wscale, -1); /* the peer did not offer it */
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(tcp_get_mss(p.conn), PEER_MSS);
  peer_free(&p);
}

static void syn_received_duplicate_syn_resends_syn_ack(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (first check) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_pass(&p, PAIR_MS);
  peer_mark(&p);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_expect(&p, TCP_SYN | TCP_ACK, iss, iss + 1, 0);
  peer_free(&p);
}

static void syn_received_ack_too_high_sends_rst(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (fifth check, SYN-RECEIVED) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_pass(&p, PAIR_MS);
  peer_mark(&p);
  p.ack = iss + 2;
  peer_send(&p, TCP_ACK, iss + 1, NULL, 0);
  peer_expect(&p, TCP_RST, iss + 2, 0, 0);
  assert_null(tcp_accept(p.stack, p.listener));
  peer_free(&p);
}

static void syn_received_rst_returns_to_listen(void **state) {
  /* EVIDENCE: RFC 9293 MUST-11; RFC 9293 3.10.7.4 (second check, SYN-RECEIVED)
   */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_pass(&p, PAIR_MS);
  peer_send(&p, TCP_RST, iss + 1, NULL, 0);
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  assert_int_equal(tcp_get_state(p.listener), TCP_STATE_LISTEN);
  peer_free(&p);
}

static void syn_received_silence_retries_five_times(void **state) {
  /* EVIDENCE: RFC 9293 MUST-22, 3.8.3; RFC 6298 5 (5.5) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_pass(&p, 100 * PAIR_S);
  assert_int_equal(peer_sent(&p), 6);
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  peer_free(&p);
}

static void syn_sent_syn_ack_establishes(void **state) {
  /* EVIDENCE: RFC 9293 MUST-15; RFC 9293 3.10.7.3 (fourth check) */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  const struct pair_seg *seg = pair_last(p.pair, 1);
  assert_int_equal(seg->mss, 1460);
  assert_int_equal(seg->wscale, 8);
  peer_send(&p, TCP_SYN | TCP_ACK, iss, NULL, 0);
  peer_expect(&p, TCP_ACK, iss + 1, iss + 1, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(tcp_get_mss(p.conn), 536); /* RFC 9293 3.7.1: no option */
  peer_free(&p);
}

static void syn_sent_unacceptable_ack_sends_rst(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.3 (first check) */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  p.ack = iss;
  peer_send(&p, TCP_SYN | TCP_ACK, iss, NULL, 0);
  peer_expect(&p, TCP_RST, iss, 0, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_SYN_SENT);
  peer_mark(&p);
  p.ack = iss + 2;
  peer_send(&p, TCP_ACK, iss, NULL, 0);
  peer_expect(&p, TCP_RST, iss + 2, 0, 0);
  peer_free(&p);
}

static void syn_sent_rst_with_good_ack_is_refused(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.3 (second check) */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  peer_send(&p, TCP_RST, 0, NULL, 0); /* no ACK: dropped */
  assert_int_equal(peer_state(&p), TCP_STATE_SYN_SENT);
  peer_send(&p, TCP_RST | TCP_ACK, 0, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ECONNREFUSED);
  assert_int_equal(peer_sent(&p), 0);
  peer_free(&p);
}

static void syn_sent_syn_opens_simultaneously(void **state) {
  /* EVIDENCE: RFC 9293 MUST-10; RFC 9293 3.5 figure 8 */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  peer_send(&p, TCP_SYN, iss, NULL, 0);
  peer_expect(&p, TCP_SYN | TCP_ACK, iss, iss + 1, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_SYN_RECEIVED);
  peer_send(&p, TCP_SYN | TCP_ACK, iss, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void syn_sent_silence_times_out_after_127_s(void **state) {
  /* EVIDENCE: RFC 9293 MUST-22; RFC 6298 2 (2.1), 5 (5.5) */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  uint64_t start = p.pair->log[0].time_ns;
  peer_pass(&p, 126 * PAIR_S);
  assert_int_equal(peer_state(&p), TCP_STATE_SYN_SENT);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(tcp_error(p.conn), PH_ETIMEDOUT);
  assert_int_equal(peer_sent(&p), 6);
  assert_int_equal(peer_seg(&p, 0)->time_ns / PAIR_S, start / PAIR_S + 1);
  assert_int_equal(peer_seg(&p, 1)->time_ns / PAIR_S, start / PAIR_S + 3);
  peer_free(&p);
}

static void listen_backlog_full_drops_syn_and_last_ack(void **state) {
  /* EVIDENCE: RFC 9293 3.10.1 (passive OPEN), Linux listen(2) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL); /* backlog 2: three may wait for accept() */
  for (uint16_t i = 0; i < 5; i++) {
    struct pair_tx tx = {.src_port = (uint16_t)(5000 + i),
                         .dst_port = OUR_PORT,
                         .seq = iss,
                         .flags = TCP_SYN,
                         .wnd = 1000};
    pair_inject(p.pair, &tx);
    pair_pass(p.pair, PAIR_MS);
    tx.seq = iss + 1;
    tx.ack = iss + 1;
    tx.flags = TCP_ACK;
    pair_inject(p.pair, &tx);
  }
  assert_int_equal(p.stack->stats.TcpListenOverflows, 2);
  struct tcp_conn *child[4];
  for (int i = 0; i < 4; i++) {
    child[i] = tcp_accept(p.stack, p.listener);
    assert_int_equal(child[i] != NULL, i < 3);
  }
  for (int i = 0; i < 3; i++) {
    tcp_close(p.stack, child[i], true);
  }
  peer_free(&p);
}

static void isn_differs_by_ends_and_moves_with_time(void **state) {
  /* EVIDENCE: RFC 6528 3a; RFC 9293 MUST-8, MUST-9, SHLD-1 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  struct tcp_conn a = {.remote_port = 1, .local_port = 2};
  struct tcp_conn b = {.remote_port = 2, .local_port = 2};
  uint32_t first = tcp_isn(p.stack, &a);
  assert_int_not_equal(first, tcp_isn(p.stack, &b));
  p.stack->now_ns += PAIR_S;
  assert_int_equal(tcp_isn(p.stack, &a) - first, 250000);
  peer_free(&p);
}

static void ephemeral_ports_differ_and_stay_in_range(void **state) {
  /* EVIDENCE: RFC 6056 3.2a, 3.2b, 3.3.3, 3.3b */
  (void)state;
  struct peer p;
  struct tcp_conn *conn[50];
  struct ph_addr to = pair_addr(1);
  peer_listen(&p, NULL);
  for (int i = 0; i < 50; i++) {
    conn[i] = tcp_open(p.stack, &p.owner);
    assert_int_equal(tcp_connect(p.stack, conn[i], &to, 99), 0);
    assert_in_range(conn[i]->local_port, 32768, 60999);
    for (int j = 0; j < i; j++) {
      assert_int_not_equal(conn[i]->local_port, conn[j]->local_port);
    }
  }
  for (int i = 0; i < 50; i++) {
    tcp_close(p.stack, conn[i], false);
  }
  peer_pass(&p, PAIR_MS);
  peer_free(&p);
}

static uint16_t port_to(struct peer *p, uint16_t port, struct tcp_conn **conn) {
  struct ph_addr to = pair_addr(1);
  struct tcp_info info;
  *conn = tcp_open(p->stack, &p->owner);
  assert_int_equal(tcp_connect(p->stack, *conn, &to, port), 0);
  tcp_get_info(p->stack, *conn, &info);
  return info.local_port;
}

static void ephemeral_counters_begin_anywhere(void **state) {
  /* EVIDENCE: RFC 6056 3.3.4 (the table is initialized with random values) */
  (void)state;
  struct peer p;
  struct tcp_conn *conn;
  peer_listen(&p, NULL);
  const uint16_t *next = tcp_of(p.stack)->next_ephemeral;
  uint32_t same = 0;
  for (uint32_t i = 1; i < 256; i++) {
    same += next[i] == next[i - 1];
  }
  assert_true(same < 4);
  uint16_t port = port_to(&p, 7000, &conn);
  assert_in_range(port, 32768, 60999);
  tcp_close(p.stack, conn, true);
  peer_free(&p);
}

static void ephemeral_ports_of_one_do_not_tell_of_others(void **state) {
  /* EVIDENCE: RFC 6056 3.3a; RFC 6056 3.3.4 (algorithm 4: a counter per group
   * of ends) */
  (void)state;
  struct peer p;
  struct tcp_conn *conn[60];
  peer_listen(&p, NULL);
  uint32_t count = 0;
  uint16_t last = port_to(&p, 7000, &conn[count++]);
  for (uint16_t i = 1; i < 20; i++) {
    (void)port_to(&p, 8000, &conn[count++]);
    (void)port_to(&p, (uint16_t)(9000 + i % 2), &conn[count++]);
    uint16_t port = port_to(&p, 7000, &conn[count++]);
    assert_int_equal(port, last == 60999 ? 32768 : last + 1);
    last = port;
  }
  /* The same ends start elsewhere under another secret. */
  struct ph_hash_key key = tcp_of(p.stack)->secret;
  tcp_of(p.stack)->secret.k0 ^= 1;
  assert_int_not_equal(port_to(&p, 7000, &conn[count++]), last + 1);
  tcp_of(p.stack)->secret = key;
  while (count-- > 0) {
    tcp_close(p.stack, conn[count], true);
  }
  peer_free(&p);
}

static void defer_accept_acks_alone_wait_for_the_last_timeout(void **state) {
  /* EVIDENCE: tcp(7), TCP_DEFER_ACCEPT */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  assert_int_equal(tcp_set(p.stack, p.listener, TCP_SETTING_DEFER_ACCEPT, 5),
                   0);
  peer_send(&p, TCP_SYN, p.seq, NULL, 0);
  p.seq++;
  p.ack = iss + 1;
  peer_pass(&p, PAIR_MS);
  peer_mark(&p);
  peer_send(&p, TCP_ACK, p.seq, NULL, 0);
  peer_pass(&p, 6 * PAIR_S);
  assert_int_equal(peer_sent(&p), 0); /* the peer has had it */
  peer_send(&p, TCP_ACK, p.seq, NULL, 0);
  assert_null(tcp_accept(p.stack, p.listener));
  assert_int_equal(p.stack->stats.TcpDeferAcceptDrops, 2);
  peer_pass(&p, 1500 * PAIR_MS); /* 7 s: the third timeout, a last chance */
  peer_expect(&p, TCP_SYN | TCP_ACK, iss, p.seq, 0);
  peer_send(&p, TCP_ACK, p.seq, NULL, 0);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ephemeral_counters_begin_anywhere),
      cmocka_unit_test(defer_accept_acks_alone_wait_for_the_last_timeout),
      cmocka_unit_test(closed_syn_sends_rst_ack),
      cmocka_unit_test(closed_ack_sends_rst_without_ack),
      cmocka_unit_test(closed_rst_sends_nothing),
      cmocka_unit_test(listen_ack_sends_rst),
      cmocka_unit_test(listen_syn_sends_syn_ack_with_mss_and_without_scale),
      cmocka_unit_test(syn_received_duplicate_syn_resends_syn_ack),
      cmocka_unit_test(syn_received_ack_too_high_sends_rst),
      cmocka_unit_test(syn_received_rst_returns_to_listen),
      cmocka_unit_test(syn_received_silence_retries_five_times),
      cmocka_unit_test(syn_sent_syn_ack_establishes),
      cmocka_unit_test(syn_sent_unacceptable_ack_sends_rst),
      cmocka_unit_test(syn_sent_rst_with_good_ack_is_refused),
      cmocka_unit_test(syn_sent_syn_opens_simultaneously),
      cmocka_unit_test(syn_sent_silence_times_out_after_127_s),
      cmocka_unit_test(listen_backlog_full_drops_syn_and_last_ack),
      cmocka_unit_test(isn_differs_by_ends_and_moves_with_time),
      cmocka_unit_test(ephemeral_ports_differ_and_stay_in_range),
      cmocka_unit_test(ephemeral_ports_of_one_do_not_tell_of_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
