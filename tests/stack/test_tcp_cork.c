/* SPDX-License-Identifier: Apache-2.0 */
/* What holds a partial segment back: TCP_CORK, MSG_MORE, and what lets go. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static void write_more(struct peer *p, uint32_t len, bool more) {
  static const uint8_t bytes[4000];
  ph_stack_set_now(p->stack, p->pair->now_ns);
  assert_int_equal(tcp_send(p->stack, p->conn, bytes, len, more), len);
}

static void set(struct peer *p, int option, int32_t value) {
  ph_stack_set_now(p->stack, p->pair->now_ns);
  assert_int_equal(tcp_set(p->stack, p->conn, option, value), 0);
}

static void corked_full_segments_go_and_the_tail_waits(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_CORK */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_CORK, 1);
  write_more(&p, 2500, false);
  assert_int_equal(peer_sent(&p), 2);
  assert_int_equal(peer_seg(&p, 1)->len, PEER_MSS);
  peer_ack(&p, first + 2000);
  peer_mark(&p);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  set(&p, TCP_SETTING_CORK, 0);
  peer_expect(&p, TCP_ACK | TCP_PSH, first + 2000, first, 500);
  peer_free(&p);
}

static void corked_tail_goes_after_its_time_however_often_written(
    void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_CORK: a ceiling of 200 ms */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  for (int round = 0; round < 2; round++) {
    if (round == 0) {
      set(&p, TCP_SETTING_CORK, 1);
    }
    for (int i = 0; i < 10; i++) { /* 180 ms */
      write_more(&p, 1, true);
      peer_pass(&p, 20 * PAIR_MS);
    }
    peer_pass(&p, 20 * PAIR_MS);
    assert_int_equal(peer_sent(&p), 1);
    assert_int_equal(peer_seg(&p, 0)->len, 10);
    assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK | TCP_PSH);
    peer_ack(&p, peer_seg(&p, 0)->seq + 10);
    peer_mark(&p);
  }
  peer_free(&p);
}

static void corked_tail_waits_with_nodelay_after_it_was_pushed_once(
    void **state) {
  /* EVIDENCE: Linux tcp(7): TCP_NODELAY forces a flush, corked or not */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_CORK, 1);
  write_more(&p, 40, false);
  assert_int_equal(peer_sent(&p), 0);
  set(&p, TCP_SETTING_NODELAY, 1);
  assert_int_equal(peer_sent(&p), 1);
  peer_ack(&p, first + 40);
  peer_mark(&p);
  write_more(&p, 40, false);
  assert_int_equal(peer_sent(&p), 0); /* the cork is stronger */
  peer_free(&p);
}

static void more_is_not_pushed_and_the_next_write_is(void **state) {
  /* EVIDENCE: RFC 9293 3.9.1.2 (PSH); Linux send(2), MSG_MORE */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  write_more(&p, 1500, true);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK);
  peer_mark(&p);
  write_more(&p, 200, false);
  assert_int_equal(peer_sent(&p), 1); /* the first partial one */
  assert_int_equal(peer_seg(&p, 0)->len, 700);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_ACK | TCP_PSH);
  peer_free(&p);
}

static void more_ends_with_the_next_segment_and_the_cork_does_not(
    void **state) {
  /* EVIDENCE: Linux send(2), MSG_MORE: of one write; tcp(7), TCP_CORK */
  (void)state;
  for (int cork = 0; cork < 2; cork++) {
    struct peer p;
    peer_passive(&p, NULL);
    set(&p, TCP_SETTING_CORK, cork);
    write_more(&p, 100, !cork);
    assert_int_equal(peer_sent(&p), 0);
    peer_data(&p, 10);
    bool sent = false;
    for (uint32_t i = 0; i < peer_sent(&p); i++) {
      sent |= peer_seg(&p, i)->len == 100;
    }
    assert_int_equal(sent, !cork);
    peer_free(&p);
  }
}

static void corked_close_sends_all(void **state) {
  /* EVIDENCE: RFC 9293 3.10.4 (CLOSE): queued data are sent */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  set(&p, TCP_SETTING_CORK, 1);
  write_more(&p, 100, true);
  assert_int_equal(tcp_shutdown(p.stack, p.conn, false, true), 0);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->len, 100);
  assert_int_equal(peer_seg(&p, 0)->flags & TCP_FIN, TCP_FIN);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(corked_full_segments_go_and_the_tail_waits),
      cmocka_unit_test(corked_tail_goes_after_its_time_however_often_written),
      cmocka_unit_test(corked_tail_waits_with_nodelay_after_it_was_pushed_once),
      cmocka_unit_test(more_is_not_pushed_and_the_next_write_is),
      cmocka_unit_test(more_ends_with_the_next_segment_and_the_cork_does_not),
      cmocka_unit_test(corked_close_sends_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
