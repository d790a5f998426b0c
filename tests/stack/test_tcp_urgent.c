/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent data: RFC 9293 3.8.5, RFC 6093. */
#include <string.h>

#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* The peer sends text with an urgent pointer `up` behind its start. */
static void urgent(struct peer *p, const char *text, uint16_t up) {
  p->urg = up;
  peer_send(p, TCP_ACK | TCP_URG, p->seq, text, (uint32_t)strlen(text));
  p->urg = 0;
  p->seq += (uint32_t)strlen(text);
}

static void plain(struct peer *p, const char *text) {
  peer_send(p, TCP_ACK, p->seq, text, (uint32_t)strlen(text));
  p->seq += (uint32_t)strlen(text);
}

/* What the next read returns. */
static void reads(struct peer *p, const char *expected) {
  char got[100] = {0};
  long n = tcp_recv(p->stack, p->conn, got, sizeof(got), false);
  assert_int_equal(n, strlen(expected));
  assert_string_equal(got, expected);
}

static void reads_nothing(struct peer *p) {
  char got[9];
  assert_int_equal(tcp_recv(p->stack, p->conn, got, sizeof(got), false),
                   -PH_EAGAIN);
}

static long oob(struct peer *p, char *octet, bool peek) {
  return tcp_recv_urgent(p->stack, p->conn, octet, 1, peek);
}

static bool pri(const struct peer *p) {
  return tcp_ready(p->conn) & TCP_READY_PRI;
}

/* ---- Receiving ---------------------------------------------------------- */

static void octet_is_read_by_itself_and_left_out_of_the_stream(void **state) {
  /* EVIDENCE: RFC 9293 MUST-30; RFC 9293 3.8.5 (MUST-32), RFC 6093 5
   */
  (void)state;
  struct peer p;
  char octet = 0;
  peer_passive(&p, NULL);
  urgent(&p, "abcUde", 4);
  assert_true(pri(&p));
  assert_false(tcp_at_mark(p.conn));
  assert_int_equal(tcp_unread(p.conn), 3); /* up to the mark */
  assert_int_equal(oob(&p, &octet, true), 1);
  assert_int_equal(octet, 'U');
  assert_int_equal(oob(&p, &octet, false), 1);
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL); /* once */
  assert_false(pri(&p));
  reads(&p, "abc"); /* stops at the mark */
  assert_true(tcp_at_mark(p.conn));
  reads(&p, "de");
  assert_false(tcp_at_mark(p.conn));
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL);
  peer_free(&p);
}

static void octet_that_nobody_took_is_gone_behind_the_mark(void **state) {
  /* EVIDENCE: RFC 6093 3.1 (as sockets do it) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  urgent(&p, "U", 1);
  assert_true(tcp_at_mark(p.conn));
  assert_false(tcp_ready(p.conn) & TCP_READY_IN); /* alone */
  assert_int_equal(tcp_unread(p.conn), 0);
  assert_true(pri(&p));
  plain(&p, "v");
  assert_true(tcp_ready(p.conn) & TCP_READY_IN);
  reads(&p, "v");
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL);
  assert_false(pri(&p));
  reads_nothing(&p);
  peer_free(&p);
}

static void inline_octet_is_read_in_its_place(void **state) {
  /* EVIDENCE: RFC 9293 MUST-33; RFC 6093 6 (SO_OOBINLINE SHOULD be used) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  assert_false(tcp_get_oob_inline(p.conn));
  tcp_set_oob_inline(p.conn, true);
  assert_true(tcp_get_oob_inline(p.conn));
  urgent(&p, "abUc", 3);
  assert_true(pri(&p));
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL);
  assert_int_equal(tcp_unread(p.conn), 4);
  reads(&p, "ab");
  assert_true(tcp_at_mark(p.conn));
  reads(&p, "Uc");
  assert_false(tcp_at_mark(p.conn));
  assert_false(pri(&p));
  peer_free(&p);
}

static void peek_stops_at_the_mark_and_goes_on_behind_it(void **state) {
  /* EVIDENCE: RFC 9293 MUST-33; RFC 9293 3.8.5 (as sockets do it) */
  (void)state;
  struct peer p;
  char got[9] = {0};
  peer_passive(&p, NULL);
  urgent(&p, "abUcd", 3);
  assert_int_equal(tcp_peek(p.stack, p.conn, got, 9, 0), 2);
  assert_int_equal(tcp_peek(p.stack, p.conn, got, 9, 1), 1);
  assert_int_equal(got[0], 'b');
  assert_int_equal(tcp_peek(p.stack, p.conn, got, 9, 2), 2);
  assert_memory_equal(got, "cd", 2);
  assert_int_equal(tcp_peek(p.stack, p.conn, got, 9, 4), -PH_EAGAIN);
  reads(&p, "ab");
  assert_int_equal(tcp_recv(p.stack, p.conn, got, 9, true), 2);
  assert_true(tcp_at_mark(p.conn)); /* a look moves nothing */
  reads(&p, "cd");
  peer_free(&p);
}

static void octet_is_announced_before_it_comes(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5 (MUST-32: told how far it is) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  urgent(&p, "ab", 5); /* three bytes behind this segment */
  assert_false(pri(&p));
  assert_int_equal(oob(&p, &octet, false), -PH_EAGAIN);
  assert_int_equal(tcp_unread(p.conn), 2);
  reads(&p, "ab");
  plain(&p, "cd");
  assert_int_equal(oob(&p, &octet, false), -PH_EAGAIN);
  plain(&p, "Ue");
  assert_true(pri(&p));
  assert_int_equal(oob(&p, &octet, false), 1);
  assert_int_equal(octet, 'U');
  reads(&p, "cd");
  reads(&p, "e");
  peer_free(&p);
}

static void octet_behind_a_hole_waits_for_it(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5, 3.10.7.4 (sixth, seventh) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  p.seq = first + 3;
  urgent(&p, "Uz", 1);
  assert_int_equal(oob(&p, &octet, false), -PH_EAGAIN);
  p.seq = first;
  plain(&p, "abc");
  assert_true(pri(&p));
  assert_int_equal(oob(&p, &octet, false), 1);
  assert_int_equal(octet, 'U');
  reads(&p, "abc");
  reads(&p, "z");
  peer_free(&p);
}

static void later_pointer_moves_the_mark_and_it_never_moves_back(void **state) {
  /* EVIDENCE: RFC 9293 MUST-31, MUST-32; RFC 9293 3.10.7.4 (sixth: RCV.UP <-
   * max(RCV.UP, SEG.UP)) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  urgent(&p, "abUd", 3);
  urgent(&p, "efVh", 3);
  assert_int_equal(oob(&p, &octet, true), 1);
  assert_int_equal(octet, 'V');
  p.seq -= 4;
  urgent(&p, "efVh", 1); /* again, pointing back */
  assert_int_equal(oob(&p, &octet, true), 1);
  assert_int_equal(octet, 'V');
  reads(&p, "abUdef"); /* the old one is ordinary now */
  reads(&p, "h");
  peer_free(&p);
}

static void old_mark_at_the_front_is_left_out_when_it_moves(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5 (as sockets do it) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  urgent(&p, "U", 1);
  urgent(&p, "V", 1);
  assert_int_equal(oob(&p, &octet, false), 1);
  assert_int_equal(octet, 'V');
  assert_true(tcp_at_mark(p.conn));
  plain(&p, "w");
  reads(&p, "w");
  peer_free(&p);
}

static void pointers_at_the_edges(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5, RFC 6093 5 (CVE-2019-12255: pointer 0) */
  (void)state;
  const struct {
    uint16_t up;
    long expected; /* of the urgent octet */
    char octet;
  } cases[] = {
      {0, -PH_EINVAL, 0},     {1, 1, 'a'}, {4, 1, 'd'}, {5, -PH_EAGAIN, 0},
      {65535, -PH_EAGAIN, 0},
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    struct peer p;
    char octet = 0;
    peer_passive(&p, NULL);
    urgent(&p, "abcd", cases[i].up);
    assert_int_equal(oob(&p, &octet, false), cases[i].expected);
    assert_int_equal(octet, cases[i].octet);
    uint32_t total = 0;
    long n;
    while ((n = tcp_recv(p.stack, p.conn, NULL, 2, false)) > 0) {
      total += (uint32_t)n;
    }
    assert_int_equal(total, cases[i].octet ? 3 : 4);
    peer_free(&p);
  }
}

static void pointer_to_what_was_received_is_ignored(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (sixth: in advance of the data consumed) */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  plain(&p, "abcd");
  p.seq = first + 2;
  urgent(&p, "cdef", 2); /* to the "d", which came without */
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL);
  reads(&p, "abcdef");
  peer_free(&p);
}

/* A URG flag on a SYN, in SYN-SENT, at the FIN, and from the other states. */
static void urgent_where_there_is_no_text_does_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (sixth: "this should not occur") */
  (void)state;
  struct peer p;
  char octet;
  peer_active(&p, NULL);
  p.urg = 1;
  peer_send(&p, TCP_SYN | TCP_ACK | TCP_URG, (uint32_t)PAIR_ISS, NULL, 0);
  p.seq = first;
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(oob(&p, &octet, false), -PH_EINVAL);
  /* At the FIN: the stream ends in front of the mark. */
  peer_send(&p, TCP_FIN | TCP_ACK | TCP_URG, p.seq, NULL, 0);
  p.seq++;
  assert_int_equal(oob(&p, &octet, false), 0);
  assert_int_equal(tcp_recv(p.stack, p.conn, &octet, 1, false), 0);
  peer_send(&p, TCP_ACK | TCP_URG, p.seq, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSE_WAIT);
  peer_free(&p);
  for (int s = TCP_STATE_CLOSED; s <= TCP_STATE_TIME_WAIT; s++) {
    for (uint32_t up = 0; up < 4; up++) {
      peer_into(&p, (enum tcp_state)s);
      p.urg = (uint16_t)up;
      peer_send(&p, TCP_ACK | TCP_URG, p.seq, "xy", 2);
      tcp_check_invariants(p.stack);
      peer_free(&p);
    }
  }
}

static void zero_window_lets_the_pointer_in(void **state) {
  /* EVIDENCE: RFC 9293 MUST-66; RFC 9293 3.10.7.4 (first: "valid ACKs, URGs,
   * and RSTs") */
  (void)state;
  struct peer p;
  char octet;
  peer_passive(&p, NULL);
  tcp_set_rcvbuf(p.conn, 4096);
  while (p.conn->rcv_edge != p.conn->rcv_nxt) {
    uint32_t left = p.conn->rcv_edge - p.conn->rcv_nxt;
    peer_data(&p, ph_min_u32(left, 1000));
  }
  p.urg = 1;
  peer_send(&p, TCP_ACK | TCP_URG, p.seq, NULL, 0);
  assert_int_equal(oob(&p, &octet, false), -PH_EAGAIN); /* announced */
  peer_free(&p);
}

/* ---- Sending ------------------------------------------------------------ */

static void send_points_behind_the_last_octet_until_it_is_acked(void **state) {
  /* EVIDENCE: RFC 9293 MUST-62; RFC 9293 3.8.5 (MUST-30), RFC 6093 5 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.conn->nodelay = true;
  assert_int_equal(tcp_send_urgent(p.stack, p.conn, "abU", 3), 3);
  const struct pair_seg *seg = peer_seg(&p, 0);
  assert_int_equal(seg->flags, TCP_ACK | TCP_PSH | TCP_URG);
  assert_int_equal(seg->urg, 3);
  assert_int_equal(peer_app_send(&p, 10), 10); /* behind it */
  assert_int_equal(pair_last(p.pair, 1)->flags & TCP_URG, 0);
  assert_int_equal(pair_last(p.pair, 1)->urg, 0);
  peer_pass(&p, 400 * PAIR_MS); /* a retransmission points there, too */
  bool again = false;
  for (uint32_t i = 2; i < peer_sent(&p); i++) {
    seg = peer_seg(&p, i);
    if (seg->seq == first) {
      again = true;
      assert_true(seg->flags & TCP_URG);
      assert_int_equal(seg->urg, 3);
    }
  }
  assert_true(again);
  peer_ack(&p, first + 13);
  assert_false(p.conn->snd_urg);
  assert_int_equal(peer_app_send(&p, 10), 10);
  assert_int_equal(pair_last(p.pair, 1)->flags & TCP_URG, 0);
  peer_free(&p);
}

static void long_send_points_from_each_segment(void **state) {
  /* EVIDENCE: RFC 9293 MUST-31, MUST-62; RFC 9293 3.8.5 (an offset from
   * SEG.SEQ) */
  (void)state;
  static const uint8_t data[5000];
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(tcp_send_urgent(p.stack, p.conn, data, 5000), 5000);
  assert_int_equal(peer_sent(&p), 5);
  for (uint32_t i = 0; i < 5; i++) { /* not as one super-segment */
    assert_true(peer_seg(&p, i)->flags & TCP_URG);
    assert_int_equal(peer_seg(&p, i)->urg, 5000 - 1000 * i);
  }
  assert_int_equal(p.stack->stats.TcpOutSuperSegs, 0);
  peer_free(&p);
}

static void pointer_out_of_reach_is_not_sent(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5 (16 bits) */
  (void)state;
  struct tcp_conn conn = {.snd_una = 0xffffff00u, .snd_urg = true};
  uint8_t flags = TCP_ACK;
  conn.snd_nxt = conn.snd_una + 200000;
  conn.snd_up = conn.snd_una + 100000;
  assert_int_equal(tcp_urgent_pointer(&conn, conn.snd_una, &flags), 0);
  assert_int_equal(flags, TCP_ACK);
  assert_int_equal(tcp_urgent_pointer(&conn, conn.snd_una + 34465, &flags),
                   65535);
  assert_int_equal(flags, TCP_ACK | TCP_URG);
  flags = TCP_ACK;
  conn.snd_nxt = conn.snd_una; /* nothing of it is out: as far as it goes */
  assert_int_equal(tcp_urgent_pointer(&conn, conn.snd_una, &flags), 65535);
  assert_int_equal(flags, TCP_ACK | TCP_URG);
  flags = TCP_ACK;
  assert_int_equal(tcp_urgent_pointer(&conn, conn.snd_up, &flags), 0);
}

static void closed_window_does_not_hold_the_pointer_back(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5 (the urgent mode is told at once) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 0;
  peer_ack(&p, p.ack);
  peer_mark(&p);
  assert_int_equal(tcp_send_urgent(p.stack, p.conn, "abU", 3), 3);
  peer_expect(&p, TCP_ACK | TCP_URG, first, first, 0);
  assert_int_equal(peer_seg(&p, 0)->urg, 3);
  p.wnd = 1000;
  peer_ack(&p, p.ack);
  assert_int_equal(pair_last(p.pair, 1)->len, 3);
  assert_int_equal(pair_last(p.pair, 1)->urg, 3);
  peer_free(&p);
}

/* Two stacks: every mark arrives, in order, whatever the wire loses. */
static void pair_over_a_bad_wire_sees_the_marks(void **state) {
  /* EVIDENCE: RFC 9293 3.8.5 (both ends) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct pair_ends ends;
  pair_establish(pair, 1, &ends);
  pair->loss_ppm = pair->reorder_ppm = 100000;
  for (uint32_t i = 0; i < 50; i++) {
    char got[20] = {0}, octet = 0;
    struct ph_stack *s = &pair->host[0].stack;
    ph_stack_set_now(&pair->host[1].stack, pair->now_ns);
    assert_int_equal(
        tcp_send(&pair->host[1].stack, ends.client, "abc", 3, false), 3);
    assert_int_equal(
        tcp_send_urgent(&pair->host[1].stack, ends.client, "dU", 2), 2);
    while (ends.server->bytes_received < 5 * (i + 1)) {
      pair_pass(pair, 10 * PAIR_MS);
    }
    assert_int_equal(tcp_recv_urgent(s, ends.server, &octet, 1, false), 1);
    assert_int_equal(octet, 'U');
    assert_int_equal(tcp_recv(s, ends.server, got, 20, false), 4);
    assert_string_equal(got, "abcd");
    assert_true(tcp_at_mark(ends.server));
  }
  tcp_close(&pair->host[1].stack, ends.client, true);
  tcp_close(&pair->host[0].stack, ends.server, true);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(octet_is_read_by_itself_and_left_out_of_the_stream),
      cmocka_unit_test(octet_that_nobody_took_is_gone_behind_the_mark),
      cmocka_unit_test(inline_octet_is_read_in_its_place),
      cmocka_unit_test(peek_stops_at_the_mark_and_goes_on_behind_it),
      cmocka_unit_test(octet_is_announced_before_it_comes),
      cmocka_unit_test(octet_behind_a_hole_waits_for_it),
      cmocka_unit_test(later_pointer_moves_the_mark_and_it_never_moves_back),
      cmocka_unit_test(old_mark_at_the_front_is_left_out_when_it_moves),
      cmocka_unit_test(pointers_at_the_edges),
      cmocka_unit_test(pointer_to_what_was_received_is_ignored),
      cmocka_unit_test(urgent_where_there_is_no_text_does_nothing),
      cmocka_unit_test(zero_window_lets_the_pointer_in),
      cmocka_unit_test(send_points_behind_the_last_octet_until_it_is_acked),
      cmocka_unit_test(long_send_points_from_each_segment),
      cmocka_unit_test(pointer_out_of_reach_is_not_sent),
      cmocka_unit_test(closed_window_does_not_hold_the_pointer_back),
      cmocka_unit_test(pair_over_a_bad_wire_sees_the_marks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
