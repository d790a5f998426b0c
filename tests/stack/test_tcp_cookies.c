/* SPDX-License-Identifier: Apache-2.0 */
/* SYN cookies: a listener under a flood keeps nothing and still takes those
 * who answer. */
#include "tests/stack/tcp_peer.h"

static const uint32_t peer_iss = (uint32_t)PAIR_ISS;

/* A segment from `port`; its options may be NULL. */
static void from(struct peer *p, uint16_t port, uint8_t flags, uint32_t seq,
                 uint32_t ack, const void *options, uint32_t options_len) {
  struct pair_tx tx = {.src_port = port,
                       .dst_port = OUR_PORT,
                       .seq = seq,
                       .ack = ack,
                       .flags = flags,
                       .wnd = 1000,
                       .options = options,
                       .options_len = options_len};
  pair_inject(p->pair, &tx);
}

/* A listener whose SYN queue is full; address resolution is done. */
static void flooded(struct peer *p) {
  peer_listen(p, NULL);
  for (uint16_t i = 0; i < 4; i++) {
    from(p, (uint16_t)(9000 + i), TCP_SYN, i, 0, NULL, 0);
  }
  pair_pass(p->pair, PAIR_MS);
  assert_int_equal(tcp_of(p->stack)->conns_open, 3);
  peer_mark(p);
}

static void listen_syn_queue_full_answers_with_a_cookie(void **state) {
  /* EVIDENCE: RFC 4987 3.6a */
  (void)state;
  struct peer p;
  static const uint8_t mss[] = {2, 4, 1000 >> 8, 1000 & 255};
  flooded(&p);
  uint64_t before = p.stack->stats.TcpSyncookiesSent;
  from(&p, PEER_PORT, TCP_SYN, peer_iss, 0, mss, sizeof(mss));
  assert_int_equal(peer_sent(&p), 1);
  const struct pair_seg *answer = peer_seg(&p, 0);
  assert_int_equal(answer->flags, TCP_SYN | TCP_ACK);
  assert_int_equal(answer->ack, peer_iss + 1);
  assert_int_equal(answer->mss, 1460);
  assert_int_equal(answer->wscale, -1); /* nothing would remember it */
  assert_true(answer->wnd > 10000);
  assert_int_equal(p.stack->stats.TcpSyncookiesSent, before + 1);
  assert_int_equal(tcp_of(p.stack)->conns_open, 3);
  /* It is not sent again. */
  peer_pass(&p, 900 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 1);
  /* Who answers is connected. */
  from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, answer->seq + 1, NULL, 0);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(tcp_get_mss(p.conn), 536); /* the table's next below */
  assert_int_equal(p.stack->stats.TcpSyncookiesRecv, 1);
  p.ack = answer->seq + 1;
  p.seq = peer_iss + 1;
  p.port = OUR_PORT;
  peer_data(&p, 100);
  uint8_t got[100];
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 100, false), 100);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 50), 50);
  peer_expect(&p, TCP_ACK | TCP_PSH, answer->seq + 1, peer_iss + 101, 50);
  peer_free(&p);
}

static void cookie_with_timestamps_keeps_scale_and_sack(void **state) {
  /* EVIDENCE: RFC 4987 3.6c; RFC 4987 3.6 (use of timestamps); RFC 7323 */
  (void)state;
  for (uint32_t scale = 0; scale <= 15; scale++) {
    struct peer p;
    uint8_t options[20] = {2, 4,  0x05, 0xb4, 4, 2, 8, 10, 0, 0,
                           0, 77, 0,    0,    0, 0, 1, 3,  3, 0};
    options[19] = (uint8_t)scale;
    flooded(&p);
    pair_pass(p.pair, 37 * PAIR_MS);
    from(&p, PEER_PORT, TCP_SYN, peer_iss, 0, options, scale < 15 ? 20 : 16);
    assert_int_equal(peer_sent(&p), 1);
    const struct pair_seg *answer = peer_seg(&p, 0);
    assert_int_equal(answer->wscale, scale < 15 ? 8 : -1);
    assert_true(answer->sack_permitted);
    assert_int_equal(answer->ts_ecr, 77);
    uint8_t echo[12] = {1, 1, 8, 10, 0, 0, 0, 80};
    put_be32(echo + 8, answer->ts_val);
    from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, answer->seq + 1, echo, 12);
    p.conn = tcp_accept(p.stack, p.listener);
    assert_non_null(p.conn);
    tcp_set_owner(p.conn, &p.owner);
    assert_true(p.conn->sack_ok);
    assert_true(p.conn->ts_ok);
    assert_int_equal(p.conn->wscale_ok, scale < 15);
    assert_int_equal(p.conn->snd_wscale,
                     scale < 15 ? (scale > 14 ? 14 : scale) : 0);
    assert_int_equal(p.conn->snd_mss, 1460 - 12);
    peer_free(&p);
  }
}

static void cookie_of_other_ends_or_number_is_reset(void **state) {
  /* EVIDENCE: RFC 4987 3.6b; RFC 9293 3.10.7.2 (an ACK in LISTEN) */
  (void)state;
  struct peer p;
  flooded(&p);
  from(&p, PEER_PORT, TCP_SYN, peer_iss, 0, NULL, 0);
  uint32_t cookie = peer_seg(&p, 0)->seq;
  uint64_t before = p.stack->stats.TcpOutRsts;
  from(&p, PEER_PORT + 1, TCP_ACK, peer_iss + 1, cookie + 1, NULL, 0);
  from(&p, PEER_PORT, TCP_ACK, peer_iss + 2, cookie + 1, NULL, 0);
  for (uint32_t i = 0; i < 2000; i++) {
    from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, cookie + 100 + i * 2147483, NULL,
         0);
  }
  assert_int_equal(p.stack->stats.TcpOutRsts - before, 2002);
  assert_int_equal(p.stack->stats.TcpSyncookiesFailed, 2002);
  assert_int_equal(p.stack->stats.TcpSyncookiesRecv, 0);
  assert_null(tcp_accept(p.stack, p.listener));
  /* The right one is still good. */
  from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, cookie + 1, NULL, 0);
  struct tcp_conn *conn = tcp_accept(p.stack, p.listener);
  assert_non_null(conn);
  tcp_close(p.stack, conn, true);
  peer_free(&p);
}

static void cookie_is_good_for_a_minute_and_not_for_three(void **state) {
  /* EVIDENCE: RFC 4987 3.6b; RFC 4987 3.6 (cookies expire) */
  (void)state;
  for (uint64_t minutes = 1; minutes <= 3; minutes += 2) {
    struct peer p;
    flooded(&p);
    from(&p, PEER_PORT, TCP_SYN, peer_iss, 0, NULL, 0);
    uint32_t cookie = peer_seg(&p, 0)->seq;
    pair_pass(p.pair, minutes * 59 * PAIR_S);
    /* Others keep the listener in the mood. */
    for (uint16_t i = 0; i < 4; i++) {
      from(&p, (uint16_t)(9000 + i), TCP_SYN, i, 0, NULL, 0);
    }
    from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, cookie + 1, NULL, 0);
    struct tcp_conn *conn = tcp_accept(p.stack, p.listener);
    assert_int_equal(conn != NULL, minutes == 1);
    if (conn) {
      tcp_close(p.stack, conn, true);
    }
    peer_free(&p);
  }
}

static void listen_ack_without_cookies_sent_is_not_looked_at(void **state) {
  /* EVIDENCE: RFC 4987 4.2a; RFC 9293 3.10.7.2 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  from(&p, PEER_PORT, TCP_ACK, peer_iss + 1, 5, NULL, 0);
  assert_int_equal(p.stack->stats.TcpSyncookiesFailed, 0);
  assert_int_equal(p.stack->stats.TcpOutRsts, 1);
  peer_free(&p);
}

static void cookie_with_full_accept_queue_is_dropped(void **state) {
  /* EVIDENCE: Linux listen(2); RFC 4987 3.6 */
  (void)state;
  struct peer p;
  uint32_t cookie[5];
  flooded(&p);
  for (uint16_t i = 0; i < 5; i++) {
    from(&p, (uint16_t)(PEER_PORT + i), TCP_SYN, peer_iss, 0, NULL, 0);
    cookie[i] = peer_seg(&p, i)->seq;
  }
  for (uint16_t i = 0; i < 5; i++) { /* backlog 2: three may wait */
    from(&p, (uint16_t)(PEER_PORT + i), TCP_ACK, peer_iss + 1, cookie[i] + 1,
         NULL, 0);
  }
  assert_int_equal(p.stack->stats.TcpOutRsts, 0);
  assert_int_equal(p.stack->stats.TcpListenOverflows, 2);
  for (int i = 0; i < 3; i++) {
    struct tcp_conn *conn = tcp_accept(p.stack, p.listener);
    assert_non_null(conn);
    tcp_close(p.stack, conn, true);
  }
  /* The peer sends its data again: now there is room. */
  from(&p, PEER_PORT + 4, TCP_ACK, peer_iss + 1, cookie[4] + 1, NULL, 0);
  struct tcp_conn *conn = tcp_accept(p.stack, p.listener);
  assert_non_null(conn);
  tcp_close(p.stack, conn, true);
  peer_free(&p);
}

static void listen_without_a_free_connection_sends_cookies(void **state) {
  /* EVIDENCE: RFC 4987 3.6 */
  (void)state;
  struct peer p;
  const struct pair_options options = {.tcp = {.max_connections = 2}};
  peer_listen(&p, &options);
  from(&p, 9000, TCP_SYN, 1, 0, NULL, 0);
  pair_pass(p.pair, PAIR_MS);
  peer_mark(&p);
  from(&p, PEER_PORT, TCP_SYN, peer_iss, 0, NULL, 0);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_SYN | TCP_ACK);
  assert_int_equal(p.stack->stats.TcpSyncookiesSent, 1);
  peer_free(&p);
}

static void flood_with_and_without_cookies_is_bounded(void **state) {
  /* EVIDENCE: RFC 4987 3.5a, 3.6 */
  (void)state;
  for (int cookies = PH_TCP_OFF; cookies <= PH_TCP_ON; cookies += 2) {
    struct peer p;
    const struct pair_options options = {
        .tcp = {.features = {.cookies = (uint8_t)cookies}}};
    peer_listen(&p, &options);
    for (uint16_t i = 0; i < 1000; i++) {
      from(&p, (uint16_t)(5000 + i), TCP_SYN, i, 0, NULL, 0);
    }
    assert_int_equal(tcp_of(p.stack)->conns_open, 3);
    bool on = cookies == PH_TCP_ON;
    assert_int_equal(p.stack->stats.TcpListenOverflows, on ? 0 : 998);
    assert_int_equal(p.stack->stats.TcpSyncookiesSent, on ? 998 : 0);
    peer_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(listen_syn_queue_full_answers_with_a_cookie),
      cmocka_unit_test(cookie_with_timestamps_keeps_scale_and_sack),
      cmocka_unit_test(cookie_of_other_ends_or_number_is_reset),
      cmocka_unit_test(cookie_is_good_for_a_minute_and_not_for_three),
      cmocka_unit_test(listen_ack_without_cookies_sent_is_not_looked_at),
      cmocka_unit_test(cookie_with_full_accept_queue_is_dropped),
      cmocka_unit_test(listen_without_a_free_connection_sends_cookies),
      cmocka_unit_test(flood_with_and_without_cookies_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
