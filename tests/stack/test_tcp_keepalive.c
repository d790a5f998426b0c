/* SPDX-License-Identifier: Apache-2.0 */
/* Keepalive, the user timeout, and the other settings that are about how long
 * to wait. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static void set(struct peer *p, int option, int32_t value) {
  ph_stack_set_now(p->stack, p->pair->now_ns);
  assert_int_equal(tcp_set(p->stack, p->conn, option, value), 0);
}

/* Keepalive after 10 s, every 2 s, three times. */
static void keepalive_on(struct peer *p) {
  set(p, TCP_SETTING_KEEPIDLE, 10);
  set(p, TCP_SETTING_KEEPINTVL, 2);
  set(p, TCP_SETTING_KEEPCNT, 3);
  tcp_set_keepalive(p->stack, p->conn, true);
}

static void established_idle_sends_nothing_without_keepalive(void **state) {
  /* EVIDENCE: RFC 9293 3.8.4 (MUST-25: off by default) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_pass(&p, 3 * 3600 * PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void established_keepalive_idle_is_two_hours_by_default(void **state) {
  /* EVIDENCE: RFC 9293 3.8.4 (MUST-28) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  ph_stack_set_now(p.stack, p.pair->now_ns);
  tcp_set_keepalive(p.stack, p.conn, true);
  peer_pass(&p, 7199 * PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 2 * PAIR_S);
  /* One octet below the window, and empty (MAY, SHLD-12 of 3.8.4). */
  peer_expect(&p, TCP_ACK, first - 1, first, 0);
  peer_free(&p);
}

static void established_keepalive_answered_goes_on(void **state) {
  /* EVIDENCE: RFC 9293 MAY-5; RFC 9293 3.8.4 (MUST-26: the timer is reset by
   * what arrives) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  keepalive_on(&p);
  for (int i = 0; i < 5; i++) {
    peer_pass(&p, 9900 * PAIR_MS);
    assert_int_equal(peer_sent(&p), 0);
    peer_pass(&p, 200 * PAIR_MS);
    peer_expect(&p, TCP_ACK, first - 1, first, 0);
    peer_ack(&p, first);
    peer_mark(&p);
  }
  /* Data are as good. */
  peer_pass(&p, 9 * PAIR_S);
  peer_data(&p, 10);
  peer_mark(&p);
  peer_pass(&p, 9 * PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(p.stack->stats.TcpKeepaliveProbes, 6);
  peer_free(&p);
}

static void established_keepalive_unanswered_resets(void **state) {
  /* EVIDENCE: RFC 9293 MUST-27, MUST-24, SHLD-12; RFC 9293 3.8.4 (MUST-29: one
   * probe is not enough) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  keepalive_on(&p);
  peer_pass(&p, 15 * PAIR_S);
  assert_int_equal(peer_sent(&p), 3);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_mark(&p);
  peer_pass(&p, 2 * PAIR_S);
  peer_expect(&p, TCP_RST | TCP_ACK, first, first, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ETIMEDOUT);
  peer_free(&p);
}

static void established_keepalive_waits_for_data_in_flight(void **state) {
  /* EVIDENCE: RFC 9293 MUST-26; RFC 9293 3.8.4 (only while nothing is
   * outstanding) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  keepalive_on(&p);
  peer_pass(&p, 5 * PAIR_S);
  peer_app_send(&p, 100);
  peer_pass(&p, 20 * PAIR_S);
  assert_int_equal(p.stack->stats.TcpKeepaliveProbes, 0);
  peer_ack(&p, first + 100);
  peer_mark(&p);
  peer_pass(&p, 11 * PAIR_S);
  peer_expect(&p, TCP_ACK, first + 99, first, 0);
  peer_free(&p);
}

static void established_keepalive_switched_off_stops(void **state) {
  /* EVIDENCE: RFC 9293 MUST-24; Linux socket(7), SO_KEEPALIVE */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  keepalive_on(&p);
  peer_pass(&p, 11 * PAIR_S);
  assert_int_equal(peer_sent(&p), 1);
  tcp_set_keepalive(p.stack, p.conn, false);
  peer_pass(&p, 100 * PAIR_S);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void accepted_has_the_keepalive_of_its_listener(void **state) {
  /* EVIDENCE: RFC 9293 MUST-24, MUST-25; Linux socket(7), SO_KEEPALIVE */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_false(tcp_get_keepalive(p.conn));
  tcp_close(p.stack, p.conn, true);
  p.conn = p.listener;
  keepalive_on(&p);
  struct pair_tx syn = {.src_port = PEER_PORT,
                        .dst_port = OUR_PORT,
                        .seq = (uint32_t)PAIR_ISS,
                        .flags = TCP_SYN,
                        .wnd = PEER_WND};
  pair_inject(p.pair, &syn);
  p.seq = (uint32_t)PAIR_ISS + 1;
  peer_ack(&p, (uint32_t)PAIR_ISS + 1);
  peer_pass(&p, 5 * PAIR_S); /* waits for accept() */
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  assert_true(tcp_get_keepalive(p.conn));
  peer_mark(&p);
  peer_pass(&p, 6 * PAIR_S);
  peer_expect(&p, TCP_ACK, (uint32_t)PAIR_ISS, (uint32_t)PAIR_ISS + 1, 0);
  peer_free(&p);
}

static void established_user_timeout_ends_retransmission(void **state) {
  /* EVIDENCE: RFC 9293 MUST-21, 3.9.1; RFC 5482 3; Linux tcp(7),
   * TCP_USER_TIMEOUT */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_USER_TIMEOUT, 3000);
  peer_app_send(&p, 100);
  peer_pass(&p, 3000 * PAIR_MS); /* it counts from the first timeout */
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_true(peer_sent(&p) >= 3);
  peer_pass(&p, 500 * PAIR_MS);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  uint32_t sent = peer_sent(&p);
  assert_true(sent <= 8); /* the time ended it, not the number */
  peer_pass(&p, 10000 * PAIR_MS);
  assert_int_equal(peer_sent(&p), sent);
  assert_int_equal(tcp_error(p.conn), PH_ETIMEDOUT);
  peer_free(&p);
}

static void established_user_timeout_is_forgotten_after_an_ack(void **state) {
  /* EVIDENCE: RFC 5482 3: data that stay unacknowledged for so long */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_USER_TIMEOUT, 3000);
  for (uint32_t i = 1; i <= 4; i++) {
    peer_app_send(&p, 100);
    peer_pass(&p, 2000 * PAIR_MS);
    peer_ack(&p, first + 100 * i);
  }
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  /* And a long one keeps trying beyond the usual number. */
  set(&p, TCP_SETTING_USER_TIMEOUT, 3000 * 1000);
  peer_app_send(&p, 100);
  peer_pass(&p, 2900 * PAIR_S);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_pass(&p, 200 * PAIR_S);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  peer_free(&p);
}

static void closed_window_user_timeout_ends_answered_probes(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_USER_TIMEOUT: also while the window is 0 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_USER_TIMEOUT, 5000);
  p.wnd = 0;
  peer_ack(&p, first);
  peer_app_send(&p, 100);
  int seconds = 0;
  while (peer_state(&p) == TCP_STATE_ESTABLISHED && seconds < 30) {
    peer_pass(&p, 500 * PAIR_MS);
    if (peer_state(&p) == TCP_STATE_ESTABLISHED) {
      peer_ack(&p, first);
    }
    seconds++;
  }
  assert_in_range(seconds, 10, 12);
  assert_int_equal(tcp_error(p.conn), PH_ETIMEDOUT);
  peer_free(&p);
}

static void keepalive_user_timeout_replaces_the_count(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_USER_TIMEOUT with SO_KEEPALIVE */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  keepalive_on(&p);
  set(&p, TCP_SETTING_USER_TIMEOUT, 19000);
  peer_pass(&p, 19 * PAIR_S); /* probes at 10, 12, ... 18 */
  assert_int_equal(peer_sent(&p), 5);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  peer_free(&p);
}

static void connect_gives_up(struct peer *p, int option, int32_t value,
                             uint32_t syns, uint64_t after_ms) {
  struct ph_addr to = pair_addr(1);
  peer_listen(p, NULL);
  p->conn = tcp_open(p->stack, &p->owner);
  set(p, option, value);
  assert_int_equal(tcp_connect(p->stack, p->conn, &to, PEER_PORT), 0);
  peer_pass(p, (after_ms - 100) * PAIR_MS);
  assert_int_equal(peer_state(p), TCP_STATE_SYN_SENT);
  peer_pass(p, 200 * PAIR_MS);
  assert_int_equal(peer_state(p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p->conn), PH_ETIMEDOUT);
  assert_int_equal(peer_sent(p), syns);
  peer_free(p);
}

static void syn_sent_gives_up_as_told(void **state) {
  /* EVIDENCE: RFC 9293 3.8.3 (MUST-20: R2 of a SYN); Linux tcp(7), TCP_SYNCNT,
   * TCP_USER_TIMEOUT */
  (void)state;
  struct peer p;
  connect_gives_up(&p, TCP_SETTING_SYNCNT, 2, 3, 1000 + 2000 + 4000);
  connect_gives_up(&p, TCP_SETTING_USER_TIMEOUT, 2500, 2, 2500);
}

static void fin_wait_2_ends_as_linger2_says(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_LINGER2 */
  (void)state;
  for (int32_t seconds = -1; seconds <= 5; seconds += 6) {
    struct peer p;
    peer_passive(&p, NULL);
    set(&p, TCP_SETTING_LINGER2, seconds);
    struct tcp_conn *conn = p.conn;
    tcp_close(p.stack, conn, false);
    p.conn = NULL;
    peer_ack(&p, first + 1);
    if (seconds > 0) {
      assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_2);
      peer_pass(&p, 4900 * PAIR_MS);
      assert_int_equal(tcp_of(p.stack)->conns_open, 2);
      peer_pass(&p, 200 * PAIR_MS);
    }
    assert_int_equal(tcp_of(p.stack)->conns_open, 1);
    peer_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_idle_sends_nothing_without_keepalive),
      cmocka_unit_test(established_keepalive_idle_is_two_hours_by_default),
      cmocka_unit_test(established_keepalive_answered_goes_on),
      cmocka_unit_test(established_keepalive_unanswered_resets),
      cmocka_unit_test(established_keepalive_waits_for_data_in_flight),
      cmocka_unit_test(established_keepalive_switched_off_stops),
      cmocka_unit_test(accepted_has_the_keepalive_of_its_listener),
      cmocka_unit_test(established_user_timeout_ends_retransmission),
      cmocka_unit_test(established_user_timeout_is_forgotten_after_an_ack),
      cmocka_unit_test(closed_window_user_timeout_ends_answered_probes),
      cmocka_unit_test(keepalive_user_timeout_replaces_the_count),
      cmocka_unit_test(syn_sent_gives_up_as_told),
      cmocka_unit_test(fin_wait_2_ends_as_linger2_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
