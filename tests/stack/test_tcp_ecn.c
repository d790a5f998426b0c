/* SPDX-License-Identifier: Apache-2.0 */
/* Explicit congestion notification: RFC 3168. */
#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

enum { NOT_ECT = 0, ECT_1 = 1, ECT_0 = 2, CE = 3 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static const struct pair_options on = {.tcp.features.ecn = PH_TCP_ON};

static const struct pair_seg *last(const struct peer *p) {
  return pair_last(p->pair, 1);
}

/* A SYN with these flags and this ECN field; returns the flags of the answer.
 */
static uint8_t answer_to_syn(struct peer *p, const struct pair_options *options,
                             uint8_t flags, uint8_t tos) {
  peer_listen(p, options);
  p->tos = tos;
  peer_send(p, TCP_SYN | flags, (uint32_t)PAIR_ISS, NULL, 0);
  pair_pass(p->pair, PAIR_MS);
  p->tos = 0;
  p->seq = first;
  return last(p)->flags & (TCP_ECE | TCP_CWR);
}

/* A connection with ECN that the peer opened, quiet. */
static void ecn_peer(struct peer *p, const struct pair_options *options) {
  assert_int_equal(answer_to_syn(p, options, TCP_ECE | TCP_CWR, NOT_ECT),
                   TCP_ECE);
  p->ack = last(p)->seq + 1;
  peer_ack(p, p->ack);
  p->conn = tcp_accept(p->stack, p->listener);
  assert_non_null(p->conn);
  assert_true(p->conn->ecn_ok);
  tcp_set_owner(p->conn, &p->owner);
  p->conn->snd_mss = p->conn->peer_mss = PEER_MSS;
  p->conn->cwnd = 10 * PEER_MSS;
  p->conn->quickack = 0;
  peer_mark(p);
}

static void ack_with(struct peer *p, uint8_t flags, uint32_t ack) {
  p->ack = ack;
  peer_send(p, TCP_ACK | flags, p->seq, NULL, 0);
}

/* ---- The handshake ------------------------------------------------------ */

static void syn_ack_answers_an_ecn_setup_syn_only(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1a, 6.1.1b */
  (void)state;
  static const struct pair_options off = {.tcp.features.ecn = PH_TCP_OFF};
  const struct {
    const struct pair_options *options;
    uint8_t flags, tos, answer;
  } cases[] = {
      {NULL, TCP_ECE | TCP_CWR, NOT_ECT, TCP_ECE},
      {&on, TCP_ECE | TCP_CWR, NOT_ECT, TCP_ECE},
      {&off, TCP_ECE | TCP_CWR, NOT_ECT, 0},
      {NULL, 0, NOT_ECT, 0},
      {NULL, TCP_ECE, NOT_ECT, 0},
      {NULL, TCP_CWR, NOT_ECT, 0},
      {NULL, TCP_ECE | TCP_CWR, ECT_0, 0}, /* a SYN MUST NOT have ECT */
      {NULL, TCP_ECE | TCP_CWR, CE, 0},
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    struct peer p;
    assert_int_equal(
        answer_to_syn(&p, cases[i].options, cases[i].flags, cases[i].tos),
        cases[i].answer);
    assert_int_equal(last(&p)->tos, NOT_ECT); /* of the SYN-ACK */
    peer_free(&p);
  }
}

static void syn_again_without_ecn_takes_it_back(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1e; RFC 3168 6.1.1 (non-ECN-setup SYN
   * received), 6.1.1.1 */
  (void)state;
  struct peer p;
  assert_int_equal(answer_to_syn(&p, NULL, TCP_ECE | TCP_CWR, NOT_ECT),
                   TCP_ECE);
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  assert_int_equal(last(&p)->flags, TCP_SYN | TCP_ACK);
  peer_free(&p);
}

static void active_open_asks_when_on_and_the_answer_decides(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1a */
  (void)state;
  const struct {
    uint8_t flags, tos;
    bool ok;
  } answers[] = {
      {TCP_ECE, NOT_ECT, true},
      {0, NOT_ECT, false},
      {TCP_ECE | TCP_CWR, NOT_ECT, false}, /* sends back what it gets */
      {TCP_CWR, NOT_ECT, false},
      {TCP_ECE, CE, false},
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(answers); i++) {
    struct peer p;
    peer_listen(&p, &on);
    struct ph_addr to = pair_addr(1);
    p.conn = tcp_open(p.stack, &p.owner);
    assert_int_equal(tcp_connect(p.stack, p.conn, &to, PEER_PORT), 0);
    pair_pass(p.pair, PAIR_MS);
    assert_int_equal(last(&p)->flags, TCP_SYN | TCP_ECE | TCP_CWR);
    assert_int_equal(last(&p)->tos, NOT_ECT);
    p.port = last(&p)->src_port;
    p.ack = last(&p)->seq + 1;
    p.tos = answers[i].tos;
    peer_send(&p, TCP_SYN | TCP_ACK | answers[i].flags, (uint32_t)PAIR_ISS,
              NULL, 0);
    assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
    assert_int_equal(p.conn->ecn_ok, answers[i].ok);
    peer_free(&p);
  }
}

static void active_open_by_default_does_not_ask(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1f; RFC 3168 6.1.1 (Linux's tcp_ecn = 2) */
  (void)state;
  struct peer p;
  peer_active(&p, NULL); /* checks that the flags are SYN alone */
  peer_send(&p, TCP_SYN | TCP_ACK | TCP_ECE, (uint32_t)PAIR_ISS, NULL, 0);
  assert_false(p.conn->ecn_ok);
  peer_free(&p);
}

static void second_syn_goes_without(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1.1a */
  (void)state;
  struct peer p;
  peer_listen(&p, &on);
  struct ph_addr to = pair_addr(1);
  p.conn = tcp_open(p.stack, &p.owner);
  assert_int_equal(tcp_connect(p.stack, p.conn, &to, PEER_PORT), 0);
  pair_pass(p.pair, 1500 * PAIR_MS);
  assert_int_equal(last(&p)->flags, TCP_SYN);
  p.port = last(&p)->src_port;
  p.ack = last(&p)->seq + 1;
  /* The answer to the first one, late. */
  peer_send(&p, TCP_SYN | TCP_ACK | TCP_ECE, (uint32_t)PAIR_ISS, NULL, 0);
  assert_false(p.conn->ecn_ok);
  peer_free(&p);
}

/* ---- Who is ECN-capable ------------------------------------------------- */

static void only_new_data_is_ect(void **state) {
  /* EVIDENCE: RFC 3168 6.1.1c, 6.1.5a; RFC 3168 6.1.4 (pure ACKs), 6.1.5
   * (retransmissions), 6.1.6 (probes) */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  assert_int_equal(peer_app_send(&p, 2000), 2000);
  assert_int_equal(peer_sent(&p), 2);
  assert_int_equal(peer_seg(&p, 0)->tos, ECT_0);
  assert_int_equal(peer_seg(&p, 1)->tos, ECT_0);
  peer_pass(&p, 1000 * PAIR_MS);
  assert_true(peer_sent(&p) > 2);
  for (uint32_t i = 2; i < peer_sent(&p); i++) {
    assert_int_equal(peer_seg(&p, i)->tos, NOT_ECT);
  }
  p.wnd = 0;
  peer_ack(&p, p.ack + 2000);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100);
  peer_pass(&p, 1000 * PAIR_MS); /* window probes */
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(last(&p)->tos, NOT_ECT);
  peer_mark(&p);
  peer_data(&p, 100);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(peer_seg(&p, 0)->tos, NOT_ECT);
  p.wnd = 1000;
  peer_ack(&p, p.ack);
  assert_int_equal(last(&p)->len, 100);
  assert_int_equal(last(&p)->tos, ECT_0);
  peer_ack(&p, p.ack + 100);
  assert_int_equal(tcp_shutdown(p.stack, p.conn, false, true), 0);
  assert_true(last(&p)->flags & TCP_FIN);
  assert_int_equal(last(&p)->tos, NOT_ECT); /* no data in it */
  peer_free(&p);
}

static void without_agreement_nothing_is_ect(void **state) {
  /* EVIDENCE: RFC 3168 5a, 6.1.1d */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 2000), 2000);
  assert_int_equal(last(&p)->tos, NOT_ECT);
  p.tos = CE;
  uint32_t cwnd = p.conn->cwnd;
  ack_with(&p, TCP_ECE, p.ack + 1000);
  assert_true(p.conn->cwnd >= cwnd);
  peer_data(&p, 100);
  assert_int_equal(last(&p)->flags & TCP_ECE, 0);
  peer_free(&p);
}

/* ---- Receiver ----------------------------------------------------------- */

static void mark_is_echoed_until_cwr(void **state) {
  /* EVIDENCE: RFC 3168 6.1.3a, 6.1.3c */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  p.tos = ECT_0;
  peer_data(&p, 100);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(last(&p)->flags, TCP_ACK);
  peer_mark(&p);
  p.tos = CE;
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK | TCP_ECE, first, p.seq, 0); /* at once */
  p.tos = ECT_0;
  peer_data(&p, 100);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(last(&p)->flags, TCP_ACK | TCP_ECE); /* again */
  assert_int_equal(peer_app_send(&p, 10), 10);
  assert_int_equal(last(&p)->flags, TCP_ACK | TCP_PSH | TCP_ECE); /* on data */
  peer_mark(&p);
  peer_send(&p, TCP_ACK | TCP_CWR, p.seq, "x", 1);
  p.seq++;
  peer_expect(&p, TCP_ACK, first + 10, p.seq, 0);
  assert_int_equal(p.stack->stats.TcpEcnCeIn, 1);
  peer_free(&p);
}

static void mark_on_the_segment_with_cwr_starts_again(void **state) {
  /* EVIDENCE: RFC 3168 6.1.3b; RFC 3168 6.1.3 (CWR, then a later CE) */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  p.tos = CE;
  peer_data(&p, 100);
  peer_send(&p, TCP_ACK | TCP_CWR, p.seq, "x", 1);
  p.seq++;
  assert_int_equal(last(&p)->flags, TCP_ACK | TCP_ECE);
  assert_int_equal(last(&p)->ack, p.seq);
  peer_free(&p);
}

static void mark_outside_the_window_is_ignored(void **state) {
  /* EVIDENCE: RFC 3168 6.1.5b; RFC 3168 6.1.5 (out-of-window data) */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  peer_data(&p, 100);
  p.tos = CE;
  p.seq = first; /* old */
  peer_data(&p, 100);
  assert_int_equal(last(&p)->flags, TCP_ACK);
  peer_send(&p, TCP_ACK, p.seq + 10000000, "x", 1);
  assert_int_equal(last(&p)->flags, TCP_ACK);
  peer_send(&p, TCP_ACK, p.seq, NULL, 0); /* pure ACKs are not ECN-capable */
  peer_mark(&p);
  p.tos = NOT_ECT;
  peer_data(&p, 2000 - 800);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(last(&p)->flags, TCP_ACK);
  assert_int_equal(p.stack->stats.TcpEcnCeIn, 0);
  peer_free(&p);
}

static void mark_out_of_order_is_echoed_in_the_duplicate_ack(void **state) {
  /* EVIDENCE: RFC 3168 6.1.3 */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  p.tos = CE;
  p.seq += 100;
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK | TCP_ECE, first, first, 0);
  peer_free(&p);
}

/* ---- Sender ------------------------------------------------------------- */

static void echo_halves_once_for_a_window_and_says_cwr_once(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2a, 6.1.2b, 6.1.2c */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  assert_int_equal(tcp_set_congestion(p.stack, p.conn, "reno", 4), 0);
  assert_int_equal(peer_app_send(&p, 30000), 30000);
  assert_int_equal(p.conn->cwnd, 10000);
  uint32_t una = p.conn->snd_una;
  ack_with(&p, TCP_ECE, una + 1000);
  assert_int_equal(p.conn->cwnd, 5000);
  assert_int_equal(p.conn->ssthresh, 5000);
  for (uint32_t i = 2; i <= 10; i++) { /* the rest of that window */
    ack_with(&p, TCP_ECE, una + 1000 * i);
    assert_int_equal(p.conn->cwnd, 5000);
  }
  assert_int_equal(p.stack->stats.TcpEcnReduced, 1);
  uint32_t cwr = 0;
  for (uint32_t i = 0; i < peer_sent(&p); i++) {
    const struct pair_seg *seg = peer_seg(&p, i);
    if (seg->flags & TCP_CWR) {
      cwr++;
      assert_int_equal(seg->seq, una + 10000); /* the first new one */
      assert_int_equal(seg->tos, ECT_0);
    }
  }
  assert_int_equal(cwr, 1);
  uint32_t nxt = p.conn->snd_nxt;
  uint32_t flight = nxt - p.conn->snd_una;
  ack_with(&p, TCP_ECE, nxt); /* a new window, marked again */
  assert_int_equal(p.conn->cwnd, ph_max_u32(flight / 2, 2 * PEER_MSS));
  assert_int_equal(p.stack->stats.TcpEcnReduced, 2);
  peer_free(&p);
}

/* Nothing is retransmitted, and growth goes on when ECE stops. */
static void echo_retransmits_nothing(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2d */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  assert_int_equal(peer_app_send(&p, 100000), 100000);
  uint32_t una = p.conn->snd_una;
  for (uint32_t i = 1; i <= 60; i++) {
    ack_with(&p, i <= 10 ? TCP_ECE : 0, una + 1000 * i);
  }
  assert_int_equal(p.conn->retransmissions, 0);
  assert_int_equal(p.stack->stats.TcpEcnReduced, 1);
  assert_true(p.conn->cwnd > p.conn->ssthresh);
  peer_free(&p);
}

/* The duplicate ACK, the old ACK and the ACK of nothing reduce nothing. */
static void echo_without_news_is_ignored(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2 (no reaction to what is not in this window) */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  uint32_t cwnd = p.conn->cwnd;
  ack_with(&p, TCP_ECE, p.ack); /* nothing is out */
  assert_int_equal(p.conn->cwnd, cwnd);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  ack_with(&p, TCP_ECE, p.conn->snd_una);
  assert_int_equal(p.conn->cwnd, cwnd);
  peer_free(&p);
}

static void retransmission_timeout_tells_cwr(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2c; RFC 3168 6.1.2 (reduced for any reason) */
  (void)state;
  struct peer p;
  ecn_peer(&p, NULL);
  assert_int_equal(peer_app_send(&p, 1000), 1000);
  peer_pass(&p, 1000 * PAIR_MS);
  assert_true(p.conn->retransmissions > 0);
  for (uint32_t i = 0; i < peer_sent(&p); i++) {
    assert_int_equal(peer_seg(&p, i)->flags & TCP_CWR, 0);
  }
  peer_ack(&p, p.ack + 1000);
  assert_int_equal(peer_app_send(&p, 1000), 1000);
  assert_true(last(&p)->flags & TCP_CWR);
  peer_ack(&p, p.ack + 1000);
  assert_int_equal(peer_app_send(&p, 500), 500);
  assert_int_equal(last(&p)->flags & TCP_CWR, 0);
  peer_free(&p);
}

/* CWR is in the first segment of a super-segment only, whoever cuts it: a
 * device that can't is not asked to. */
static void super_segment_says_cwr_in_its_first(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2 (once), Virtio 1.2 5.1.6.2.1 (GSO_ECN) */
  (void)state;
  for (int software = 0; software < 2; software++) {
    struct pair_options options = {.software = software};
    struct peer p;
    ecn_peer(&p, &options);
    p.conn->ecn_cwr = true;
    uint64_t cut = p.stack->stats.SwSegments;
    assert_int_equal(peer_app_send(&p, 8000), 8000);
    assert_int_equal(p.stack->stats.SwSegments - cut, 8);
    assert_int_equal(peer_sent(&p), 8);
    for (uint32_t i = 0; i < 8; i++) {
      assert_int_equal(peer_seg(&p, i)->flags & TCP_CWR, i ? 0 : TCP_CWR);
      assert_int_equal(peer_seg(&p, i)->tos, ECT_0);
    }
    peer_ack(&p, p.ack + 8000);
    cut = p.stack->stats.SwSegments;
    assert_int_equal(peer_app_send(&p, 8000), 8000);
    assert_int_equal(p.stack->stats.SwSegments - cut, software ? 8 : 0);
    peer_free(&p);
  }
}

/* ---- Two stacks and a router that marks --------------------------------- */

/* Every tenth data frame that is ECN-capable gets CE; the IP sum with it. */
static uint32_t mark_some(struct pair *pair, int from, uint8_t *data,
                          uint32_t len) {
  static uint32_t count;
  uint8_t *ip = data + 14;
  if (from == 1 && len > 100 && (ip[1] & 3) == ECT_0 && ++count % 10 == 0) {
    uint32_t sum = (uint32_t)get_be16(ip + 10) + 0xffff - 1; /* RFC 1624 */
    ip[1] |= CE;
    sum = (sum & 0xffff) + (sum >> 16);
    put_be16(ip + 10, (uint16_t)sum);
  }
  (void)pair;
  return len;
}

static bool received_all(struct pair *pair, void *ctx) {
  const struct pair_ends *ends = ctx;
  uint8_t sink[65536];
  while (tcp_recv(&pair->host[0].stack, ends->server, sink, sizeof(sink),
                  false) > 0) {
  }
  return ends->server->bytes_received >= 500000;
}

static void pair_with_marks_slows_down_without_loss(void **state) {
  /* EVIDENCE: RFC 9293 SHLD-8; RFC 3168 5, 6.1 */
  (void)state;
  struct pair *pair = pair_new(&on);
  struct pair_ends ends;
  static const uint8_t data[1000];
  pair_establish(pair, 1, &ends);
  assert_true(ends.client->ecn_ok && ends.server->ecn_ok);
  pair->mangle = mark_some;
  for (uint32_t sent = 0; sent < 500000;) {
    ph_stack_set_now(&pair->host[1].stack, pair->now_ns);
    long n =
        tcp_send(&pair->host[1].stack, ends.client, data, sizeof(data), false);
    if (n > 0) {
      sent += (uint32_t)n;
    } else {
      (void)pair_run(pair, PAIR_MS, received_all, &ends);
    }
  }
  assert_true(pair_run(pair, 100 * PAIR_S, received_all, &ends));
  assert_true(pair->host[0].stack.stats.TcpEcnCeIn > 5);
  assert_true(pair->host[1].stack.stats.TcpEcnReduced > 2);
  assert_int_equal(ends.client->retransmissions, 0);
  tcp_close(&pair->host[1].stack, ends.client, true);
  tcp_close(&pair->host[0].stack, ends.server, true);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(syn_ack_answers_an_ecn_setup_syn_only),
      cmocka_unit_test(syn_again_without_ecn_takes_it_back),
      cmocka_unit_test(active_open_asks_when_on_and_the_answer_decides),
      cmocka_unit_test(active_open_by_default_does_not_ask),
      cmocka_unit_test(second_syn_goes_without),
      cmocka_unit_test(only_new_data_is_ect),
      cmocka_unit_test(without_agreement_nothing_is_ect),
      cmocka_unit_test(mark_is_echoed_until_cwr),
      cmocka_unit_test(mark_on_the_segment_with_cwr_starts_again),
      cmocka_unit_test(mark_outside_the_window_is_ignored),
      cmocka_unit_test(mark_out_of_order_is_echoed_in_the_duplicate_ack),
      cmocka_unit_test(echo_halves_once_for_a_window_and_says_cwr_once),
      cmocka_unit_test(echo_retransmits_nothing),
      cmocka_unit_test(echo_without_news_is_ignored),
      cmocka_unit_test(retransmission_timeout_tells_cwr),
      cmocka_unit_test(super_segment_says_cwr_in_its_first),
      cmocka_unit_test(pair_with_marks_slows_down_without_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
