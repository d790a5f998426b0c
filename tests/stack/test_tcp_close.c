/* SPDX-License-Identifier: Apache-2.0 */
/* Closing: FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT,
 * and resets on close. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static void close_app(struct peer *p) {
  ph_stack_set_now(p->stack, p->pair->now_ns);
  tcp_close(p->stack, p->conn, false);
}

static uint32_t open_conns(const struct peer *p) {
  return tcp_of(p->stack)->conns_open - 1; /* without the listener */
}

static void peer_fin(struct peer *p) {
  peer_send(p, TCP_FIN | TCP_ACK, p->seq, NULL, 0);
  p->seq++;
}

static void established_close_goes_through_all_states(void **state) {
  /* EVIDENCE: RFC 9293 MUST-13; RFC 9293 3.6 (case 1), figure 5 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  close_app(&p);
  p.conn = NULL;
  peer_expect(&p, TCP_FIN | TCP_ACK, first, first, 0);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_1);
  peer_ack(&p, first + 1);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_2);
  peer_mark(&p);
  peer_fin(&p);
  peer_expect(&p, TCP_ACK, first + 1, first + 1, 0);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_pass(&p, 59 * PAIR_S);
  assert_int_equal(open_conns(&p), 1);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void established_fin_goes_through_close_wait_and_last_ack(void **state) {
  /* EVIDENCE: RFC 9293 MUST-12; RFC 9293 3.6 (case 2) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  peer_fin(&p);
  peer_pass(&p, PAIR_MS);
  peer_expect(&p, TCP_ACK, first, first + 1, 0);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_CLOSE_WAIT);
  assert_int_equal(tcp_recv(p.stack, conn, NULL, 9, false), 0);
  assert_int_equal(peer_app_send(&p, 100), 100); /* half-closed */
  peer_mark(&p);
  close_app(&p);
  p.conn = NULL;
  peer_expect(&p, TCP_FIN | TCP_ACK, first + 100, first + 1, 0);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_LAST_ACK);
  peer_ack(&p, first + 101);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void established_fin_then_close_is_one_segment(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.3 (an ACK may ride on what is sent anyway) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_mark(&p);
  peer_fin(&p);
  assert_int_equal(peer_sent(&p), 0);
  close_app(&p);
  p.conn = NULL;
  peer_expect(&p, TCP_FIN | TCP_ACK, first, first + 1, 0);
  assert_int_equal(peer_sent(&p), 1);
  peer_ack(&p, first + 1);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void established_fin_without_answer_is_acknowledged_soon(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.3 (MUST-40), 3.10.7.4 (eighth) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_mark(&p);
  peer_fin(&p);
  peer_pass(&p, PAIR_MS - 1000);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 1000);
  peer_expect(&p, TCP_ACK, first, first + 1, 0);
  peer_pass(&p, PAIR_S);
  assert_int_equal(peer_sent(&p), 1); /* and once is enough */
  p.seq--;
  peer_mark(&p);
  peer_fin(&p); /* again: the ACK was lost */
  peer_expect(&p, TCP_ACK, first, first + 1, 0);
  peer_free(&p);
}

/* What waits behind a hole that nobody will read is given back with the ACK of
 * the FIN, and the peer's FIN is still awaited. */
static void fin_wait_1_with_a_hole_acknowledged_gives_memory_back(
    void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (fifth, FIN-WAIT-1); RFC 2018 8 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  struct tcp_conn *conn = p.conn;
  p.seq += 100;
  peer_data(&p, 1000);
  assert_true(conn->rcv_held > 0);
  close_app(&p);
  p.conn = NULL;
  assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_1);
  peer_ack(&p, first + 1);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_2);
  assert_int_equal(conn->rcv_held, 0);
  tcp_check_invariants(p.stack);
  p.seq -= 1100;
  peer_fin(&p);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

/* The second of two FINs at different places is none: with the ACK of ours it
 * must not leave behind what waits for the first one for ever. */
static void fin_wait_1_two_fins_does_not_wait_for_ever(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (hostile: the FIN moves) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  peer_send(&p, TCP_FIN | TCP_ACK, p.seq + 100, NULL, 0);
  close_app(&p);
  p.conn = NULL;
  p.ack = first + 1;
  peer_fin(&p);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_FIN_WAIT_2);
  peer_pass(&p, 61 * PAIR_S);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void fin_wait_1_fin_closes_simultaneously(void **state) {
  /* EVIDENCE: RFC 9293 3.6 (case 3), figure 13 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  close_app(&p);
  p.conn = NULL;
  peer_fin(&p);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_CLOSING);
  peer_ack(&p, first + 1);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

static void fin_wait_1_fin_with_ack_of_fin_goes_to_time_wait(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (eighth check, FIN-WAIT-1) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  close_app(&p);
  p.conn = NULL;
  p.ack = first + 1;
  peer_fin(&p);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

static void established_close_sends_queued_data_before_fin(void **state) {
  /* EVIDENCE: RFC 9293 3.10.4 (ESTABLISHED) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 1000;
  peer_ack(&p, first);
  peer_mark(&p);
  peer_app_send(&p, 2500);
  close_app(&p);
  p.conn = NULL;
  for (uint32_t i = 1; i <= 3; i++) {
    peer_ack(&p, first + ph_min_u32(1000 * i, 2500));
  }
  const struct pair_seg *last = pair_last(p.pair, 1);
  assert_int_equal(last->flags, TCP_FIN | TCP_ACK | TCP_PSH);
  assert_int_equal(last->seq, first + 2000);
  assert_int_equal(last->len, 500);
  peer_free(&p);
}

static void established_close_with_unread_data_resets(void **state) {
  /* EVIDENCE: RFC 9293 SHLD-3, MAY-1, 3.10.4; RFC 2525 2.17 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, 10);
  peer_mark(&p);
  close_app(&p);
  p.conn = NULL;
  peer_expect(&p, TCP_RST | TCP_ACK, first, first + 10, 0);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void fin_wait_2_data_after_close_resets(void **state) {
  /* EVIDENCE: RFC 9293 3.6.1 (SHLD-3) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  close_app(&p);
  p.conn = NULL;
  peer_ack(&p, first + 1);
  peer_mark(&p);
  peer_data(&p, 10);
  assert_int_equal(pair_last(p.pair, 1)->flags, TCP_RST);
  assert_int_equal(pair_last(p.pair, 1)->seq, first + 1); /* its ACK's */
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void fin_wait_2_of_nobody_ends_after_60_s(void **state) {
  /* EVIDENCE: Linux tcp(7), tcp_fin_timeout */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  close_app(&p);
  p.conn = NULL;
  peer_ack(&p, first + 1);
  peer_pass(&p, 59 * PAIR_S);
  assert_int_equal(open_conns(&p), 1);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void fin_wait_2_with_owner_stays(void **state) {
  /* EVIDENCE: RFC 9293 3.6 (case 1: the user may receive until the FIN) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(tcp_shutdown(p.stack, p.conn, false, true), 0);
  peer_ack(&p, first + 1);
  peer_pass(&p, 600 * PAIR_S);
  assert_int_equal(peer_state(&p), TCP_STATE_FIN_WAIT_2);
  peer_data(&p, 10);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 99, false), 10);
  assert_int_equal(peer_app_send(&p, 1), -PH_EPIPE);
  peer_free(&p);
}

/* Into TIME-WAIT, nobody's. */
static struct tcp_conn *time_wait(struct peer *p) {
  peer_passive(p, NULL);
  struct tcp_conn *conn = p->conn;
  close_app(p);
  p->conn = NULL;
  p->ack = first + 1;
  peer_fin(p);
  peer_mark(p);
  return conn;
}

static void time_wait_fin_again_is_acked_and_restarts_2msl(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (eighth check, TIME-WAIT) */
  (void)state;
  struct peer p;
  struct tcp_conn *conn = time_wait(&p);
  peer_pass(&p, 50 * PAIR_S);
  peer_send(&p, TCP_FIN | TCP_ACK, first, NULL, 0);
  peer_expect(&p, TCP_ACK, first + 1, first + 1, 0);
  peer_pass(&p, 50 * PAIR_S);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_pass(&p, 11 * PAIR_S);
  assert_int_equal(open_conns(&p), 0);
  peer_free(&p);
}

static void time_wait_rst_is_ignored(void **state) {
  /* EVIDENCE: RFC 1337 4a; RFC 1337 4 (F1) */
  (void)state;
  struct peer p;
  struct tcp_conn *conn = time_wait(&p);
  peer_send(&p, TCP_RST, p.seq, NULL, 0);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

static void time_wait_later_syn_opens_anew(void **state) {
  /* EVIDENCE: RFC 9293 3.6.1 (MAY-2) */
  (void)state;
  struct peer p;
  (void)time_wait(&p);
  peer_send(&p, TCP_SYN, p.seq - 10, NULL, 0); /* an old one: only an ACK */
  assert_int_equal(pair_last(p.pair, 1)->flags, TCP_ACK);
  peer_send(&p, TCP_SYN, p.seq + 1000, NULL, 0);
  assert_int_equal(pair_last(p.pair, 1)->flags, TCP_SYN | TCP_ACK);
  peer_free(&p);
}

static void time_wait_pile_gives_way_to_new_connections(void **state) {
  /* EVIDENCE: docs/stack.md, connections */
  (void)state;
  struct peer p;
  struct pair_options options = {.tcp = {.max_connections = 3}};
  peer_passive(&p, &options);
  close_app(&p);
  p.ack = first + 1;
  peer_fin(&p);
  struct tcp_conn *a = tcp_open(p.stack, &p.owner);
  struct tcp_conn *b = tcp_open(p.stack, &p.owner);
  assert_non_null(a);
  assert_non_null(b);
  assert_null(tcp_open(p.stack, &p.owner));
  tcp_close(p.stack, a, false);
  tcp_close(p.stack, b, false);
  p.conn = NULL;
  peer_free(&p);
}

static void close_wait_rst_is_a_broken_pipe(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (second check), Linux tcp_reset() */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_fin(&p);
  peer_send(&p, TCP_RST, p.seq, NULL, 0);
  assert_int_equal(tcp_error(p.conn), PH_EPIPE);
  peer_free(&p);
}

static void established_early_fin_waits_for_the_hole(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (eighth check) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.seq = first + 100;
  peer_fin(&p);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  p.seq = first;
  peer_data(&p, 100);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSE_WAIT);
  assert_int_equal(pair_last(p.pair, 1)->ack, first + 101);
  peer_free(&p);
}

static void any_state_any_flags_survives(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7 (robustness: 256 flags in eleven states) */
  (void)state;
  static const uint32_t offset[] = {0, (uint32_t)-1, 1, 0x80000000u, 70000};
  for (int s = TCP_STATE_CLOSED; s <= TCP_STATE_TIME_WAIT; s++) {
    struct peer p;
    peer_into(&p, (enum tcp_state)s);
    for (uint32_t flags = 0; flags < 256; flags++) {
      for (size_t i = 0; i < PH_ARRAY_LEN(offset); i++) {
        /* The reset that fits ends the state: at the end. */
        if (!((flags & TCP_RST) && offset[i] == 0)) {
          peer_send(&p, (uint8_t)flags, p.seq + offset[i], "abc", flags & 3);
        }
      }
    }
    peer_pass(&p, PAIR_MS);
    peer_send(&p, TCP_RST | TCP_ACK, p.seq, NULL, 0);
    peer_pass(&p, PAIR_MS);
    peer_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_close_goes_through_all_states),
      cmocka_unit_test(established_fin_goes_through_close_wait_and_last_ack),
      cmocka_unit_test(established_fin_then_close_is_one_segment),
      cmocka_unit_test(established_fin_without_answer_is_acknowledged_soon),
      cmocka_unit_test(fin_wait_1_with_a_hole_acknowledged_gives_memory_back),
      cmocka_unit_test(fin_wait_1_two_fins_does_not_wait_for_ever),
      cmocka_unit_test(fin_wait_1_fin_closes_simultaneously),
      cmocka_unit_test(fin_wait_1_fin_with_ack_of_fin_goes_to_time_wait),
      cmocka_unit_test(established_close_sends_queued_data_before_fin),
      cmocka_unit_test(established_close_with_unread_data_resets),
      cmocka_unit_test(fin_wait_2_data_after_close_resets),
      cmocka_unit_test(fin_wait_2_of_nobody_ends_after_60_s),
      cmocka_unit_test(fin_wait_2_with_owner_stays),
      cmocka_unit_test(time_wait_fin_again_is_acked_and_restarts_2msl),
      cmocka_unit_test(time_wait_rst_is_ignored),
      cmocka_unit_test(time_wait_later_syn_opens_anew),
      cmocka_unit_test(time_wait_pile_gives_way_to_new_connections),
      cmocka_unit_test(close_wait_rst_is_a_broken_pipe),
      cmocka_unit_test(established_early_fin_waits_for_the_hole),
      cmocka_unit_test(any_state_any_flags_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
