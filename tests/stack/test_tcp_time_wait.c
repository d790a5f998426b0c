/* SPDX-License-Identifier: Apache-2.0 */
/* TIME-WAIT: what ends it early (RFC 6191, 9293 3.6.1) and what must not (RFC
 * 1337). */
#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* Into TIME-WAIT; p->conn stays its owner's unless the test lets go. */
static void time_wait(struct peer *p, uint32_t has) {
  peer_passive_with(p, NULL, has);
  assert_int_equal(tcp_shutdown(p->stack, p->conn, false, true), 0);
  p->ack++;
  peer_send(p, TCP_FIN | TCP_ACK, p->seq, NULL, 0);
  p->seq++;
  assert_int_equal(peer_state(p), TCP_STATE_TIME_WAIT);
  peer_mark(p);
}

static void let_go(struct peer *p) {
  tcp_close(p->stack, p->conn, false);
  p->conn = NULL;
}

/* A SYN with or without timestamp; true if it opened a connection. */
static bool syn_opens(struct peer *p, uint32_t seq, bool with,
                      uint32_t ts_val) {
  p->timestamps = with;
  p->ts_val = ts_val;
  p->ts_ecr = 0;
  p->ack = 0;
  peer_mark(p);
  peer_send(p, TCP_SYN, seq, NULL, 0);
  assert_int_equal(peer_sent(p), 1);
  if (peer_seg(p, 0)->flags == (TCP_SYN | TCP_ACK)) {
    assert_int_equal(peer_seg(p, 0)->ack, seq + 1);
    return true;
  }
  assert_int_equal(peer_seg(p, 0)->flags, TCP_ACK); /* RFC 5961 4 */
  return false;
}

static void syn_is_judged_by_timestamp_then_by_number(void **state) {
  /* EVIDENCE: RFC 6191 2a, 2b, 2c, 2d; RFC 9293 SHLD-4; RFC 9293 3.6.1 (MAY-2)
   */
  (void)state;
  const struct {
    bool had, with;
    int32_t seq, ts; /* beside the last ones seen plus one, and seen */
    bool opens;
  } cases[] = {
      {false, false, 0, 0, true},         {false, false, -1, 0, false},
      {false, false, 1000, 0, true},      {false, false, -1000, 0, false},
      {false, false, INT32_MAX, 0, true}, {false, false, INT32_MIN, 0, false},
      {true, true, -1000, 1, true},  /* a later clock, whatever the number */
      {true, true, 1000, -1, false}, /* an earlier one, whatever the number */
      {true, true, 0, 0, true},           {true, true, -1, 0, false},
      {true, true, 0, INT32_MIN, false},  {true, true, -1, INT32_MAX, true},
      {true, false, 0, 0, true},          {true, false, -1, 0, false},
      {false, true, -1000, 0, true}, /* the new one is protected */
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    struct peer p;
    time_wait(&p, cases[i].had ? PEER_TIMESTAMPS : 0);
    let_go(&p);
    assert_int_equal(syn_opens(&p, first + 1 + (uint32_t)cases[i].seq,
                               cases[i].with, PEER_TS + (uint32_t)cases[i].ts),
                     cases[i].opens);
    peer_free(&p);
  }
}

static void new_connection_starts_above_the_old(void **state) {
  /* EVIDENCE: RFC 9293 3.6.1 (MAY-2 (1): ISS larger than the largest used) */
  (void)state;
  struct peer p;
  time_wait(&p, 0);
  let_go(&p);
  assert_true(syn_opens(&p, first + 1, false, 0));
  assert_int_equal(peer_seg(&p, 0)->seq, first + 1 + 65537);
  p.ack = peer_seg(&p, 0)->seq + 1;
  p.seq = first + 2;
  peer_ack(&p, p.ack);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  peer_data(&p, 10);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 99, false), 10);
  peer_free(&p);
}

static void owner_of_the_old_one_sees_its_end(void **state) {
  /* EVIDENCE: RFC 9293 3.6.1 */
  (void)state;
  struct peer p;
  time_wait(&p, 0);
  assert_true(syn_opens(&p, first + 1, false, 0));
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_recv(p.stack, p.conn, NULL, 99, false), 0);
  assert_int_equal(tcp_error(p.conn), 0);
  peer_free(&p);
}

static void nobody_listens_so_nothing_reopens(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (TIME-WAIT, SYN) */
  (void)state;
  struct peer p;
  time_wait(&p, 0);
  tcp_close(p.stack, p.listener, false);
  p.listener = NULL;
  assert_false(syn_opens(&p, first + 1000, false, 0));
  assert_int_equal(peer_state(&p), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

static void syn_with_fin_or_ack_reopens_nothing(void **state) {
  /* EVIDENCE: RFC 5961 4.2 */
  (void)state;
  const uint8_t flags[] = {TCP_SYN | TCP_FIN, TCP_SYN | TCP_ACK,
                           TCP_SYN | TCP_FIN | TCP_ACK};
  for (uint32_t i = 0; i < PH_ARRAY_LEN(flags); i++) {
    struct peer p;
    time_wait(&p, 0);
    peer_send(&p, flags[i], first + 1000, NULL, 0);
    assert_int_equal(peer_state(&p), TCP_STATE_TIME_WAIT);
    assert_int_equal(peer_sent(&p), 1);
    assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK);
    peer_free(&p);
  }
}

/* Old duplicates of every kind, then the real end. */
static void old_duplicates_do_not_end_it(void **state) {
  /* EVIDENCE: RFC 1337 2a; RFC 1337 2 (assassination), 4 (F1) */
  (void)state;
  struct peer p;
  time_wait(&p, 0);
  let_go(&p);
  struct tcp_conn *conn = tcp_orphan(p.stack, 0);
  assert_non_null(conn);
  const uint8_t flags[] = {TCP_ACK, TCP_RST, TCP_RST | TCP_ACK,
                           TCP_FIN | TCP_ACK, TCP_PSH | TCP_ACK};
  for (uint32_t i = 0; i < PH_ARRAY_LEN(flags); i++) {
    for (int32_t off = -2; off <= 2; off++) {
      peer_send(&p, flags[i], p.seq + (uint32_t)off, "xyz", off == 0 ? 0 : 3);
      assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
    }
  }
  peer_pass(&p, 61 * PAIR_S);
  assert_null(tcp_orphan(p.stack, 0));
  peer_free(&p);
}

static void old_segment_is_dropped_by_its_timestamp(void **state) {
  /* EVIDENCE: RFC 7323 5.3 (R1), in TIME-WAIT */
  (void)state;
  struct peer p;
  time_wait(&p, PEER_TIMESTAMPS);
  uint64_t deadline = p.conn->deadline[TCP_TIMER_LIFE];
  peer_pass(&p, 10 * PAIR_S);
  p.ts_val = PEER_TS - 1;
  peer_send(&p, TCP_FIN | TCP_ACK, first, NULL, 0);
  assert_int_equal(p.conn->deadline[TCP_TIMER_LIFE], deadline);
  assert_int_equal(p.stack->stats.TcpPawsDrops, 1);
  p.ts_val = PEER_TS; /* the peer's retransmission restarts 2 MSL */
  peer_send(&p, TCP_FIN | TCP_ACK, first, NULL, 0);
  assert_true(p.conn->deadline[TCP_TIMER_LIFE] > deadline);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(syn_is_judged_by_timestamp_then_by_number),
      cmocka_unit_test(new_connection_starts_above_the_old),
      cmocka_unit_test(owner_of_the_old_one_sees_its_end),
      cmocka_unit_test(nobody_listens_so_nothing_reopens),
      cmocka_unit_test(syn_with_fin_or_ack_reopens_nothing),
      cmocka_unit_test(old_duplicates_do_not_end_it),
      cmocka_unit_test(old_segment_is_dropped_by_its_timestamp),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
