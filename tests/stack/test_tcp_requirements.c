/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements of RFC 9293 appendix B that no other test is about: header
 * fields, options, addresses, what IP is told, and what the application is. */
#include "stack/wire/checksum.h"
#include "tests/stack/tcp_peer.h"

enum { IP_AT = 14, TCP_AT = 34 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* ---- The header ---------------------------------------------------------- */

static void established_window_of_65535_is_used_in_full(void **state) {
  /* EVIDENCE: RFC 9293 MUST-1 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 65535;
  peer_ack(&p, first);
  p.conn->cwnd = 100000;
  peer_mark(&p);
  peer_app_send(&p, 100000);
  assert_int_equal(p.conn->snd_nxt, first + 65 * PEER_MSS);
  peer_free(&p);
}

static void established_silly_window_waits_for_the_override(void **state) {
  /* EVIDENCE: RFC 9293 MUST-38, 3.8.6.2.1 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 500; /* of 60000 before */
  peer_ack(&p, first);
  peer_mark(&p);
  peer_app_send(&p, 2000);
  peer_pass(&p, 100 * PAIR_MS);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, PAIR_S);
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->seq, first);
  assert_int_equal(peer_seg(&p, 0)->len, 500);
  peer_free(&p);
}

struct seen {
  uint32_t segments, wrong, ttl_sum, tos_sum;
};

/* Judges each frame as a receiver would. */
static uint32_t judge(struct pair *pair, int from, uint8_t *f, uint32_t len) {
  struct seen *seen = pair->drop_ctx;
  uint8_t *ip = f + IP_AT;
  if (len < TCP_AT + 20 || get_be16(f + 12) != 0x800 || from != 0 ||
      ip[9] != IP_PROTO_TCP) {
    return len;
  }
  uint32_t n = get_be16(ip + 2) - 20u;
  uint8_t pseudo[12] = {0};
  memcpy(pseudo, ip + 12, 8);
  pseudo[9] = IP_PROTO_TCP;
  put_be16(pseudo + 10, (uint16_t)n);
  seen->segments++;
  seen->wrong += csum_data(f + TCP_AT, n, csum_data(pseudo, 12, 0)) != 0xffff;
  seen->ttl_sum += ip[8];
  seen->tos_sum += ip[1];
  return len;
}

static void every_segment_has_its_checksum(void **state) {
  /* EVIDENCE: RFC 9293 MUST-2 */
  (void)state;
  const struct pair_options options = {.software = true};
  struct peer p;
  struct seen seen = {0};
  peer_passive(&p, &options);
  p.pair->mangle = judge;
  p.pair->drop_ctx = &seen;
  for (uint32_t len = 1; len < 1000; len += 37) { /* odd and even */
    assert_int_equal(peer_app_send(&p, len), len);
    pair_pass(p.pair, PAIR_MS);
    peer_ack(&p, p.conn->snd_nxt);
  }
  peer_data(&p, 3);
  peer_pass(&p, PAIR_S);            /* a pure ACK */
  tcp_close(p.stack, p.conn, true); /* a reset */
  p.conn = NULL;
  peer_send(&p, TCP_ACK, 77, "x", 1); /* and one of nobody */
  assert_true(seen.segments > 27);
  assert_int_equal(seen.wrong, 0);
  peer_free(&p);
}

/* ---- Options ------------------------------------------------------------- */

static void syn_with(struct peer *p, const uint8_t *options, uint32_t len) {
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = OUR_PORT,
                       .seq = (uint32_t)PAIR_ISS,
                       .flags = TCP_SYN,
                       .wnd = PEER_WND,
                       .options = options,
                       .options_len = len};
  peer_listen(p, NULL);
  pair_inject(p->pair, &tx);
  pair_pass(p->pair, PAIR_MS);
  p->seq = first;
  peer_ack(p, first);
  p->conn = tcp_accept(p->stack, p->listener);
  assert_non_null(p->conn);
  tcp_set_owner(p->conn, &p->owner);
}

static void syn_options_unknown_and_unaligned_are_read(void **state) {
  /* EVIDENCE: RFC 9293 MUST-4, MUST-5, MUST-6, MUST-64 */
  (void)state;
  static const uint8_t unknown[] = {200, 5, 1, 2, 3, 1, 2, 4, 3, 0, 0, 0};
  static const uint8_t unaligned[] = {1, 2, 4, 3, 0, 0, 0, 0};
  static const uint8_t ended[] = {1, 1, 0, 2, 2, 4, 3, 0};
  struct peer p;
  syn_with(&p, unknown, sizeof(unknown));
  assert_int_equal(tcp_get_mss(p.conn), 768);
  peer_free(&p);
  syn_with(&p, unaligned, sizeof(unaligned));
  assert_int_equal(tcp_get_mss(p.conn), 768);
  peer_free(&p);
  syn_with(&p, ended, sizeof(ended)); /* nothing counts behind the end */
  assert_int_equal(tcp_get_mss(p.conn), 536);
  peer_free(&p);
}

static void mss_option_is_in_syns_only(void **state) {
  /* EVIDENCE: RFC 9293 MUST-65, MUST-67, MUST-14, SHLD-5 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  peer_app_send(&p, 3000);
  p.seq += 100;
  peer_data(&p, 100); /* a duplicate ACK with a block */
  assert_int_equal(tcp_shutdown(p.stack, p.conn, false, true), 0);
  for (uint32_t i = 0; i < p.pair->log_count; i++) {
    const struct pair_seg *seg = &p.pair->log[i];
    if (seg->from == 0) {
      assert_int_equal(seg->mss, seg->flags & TCP_SYN ? 1460 : 0);
    }
  }
  assert_true(peer_sent(&p) >= 4);
  peer_free(&p);
}

/* ---- Opening ------------------------------------------------------------- */

static void syn_received_of_active_open_rst_is_refused(void **state) {
  /* EVIDENCE: RFC 9293 MUST-11, MUST-12 */
  (void)state;
  struct peer p;
  peer_into(&p, TCP_STATE_SYN_RECEIVED);
  peer_send(&p, TCP_RST, first, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ECONNREFUSED);
  peer_free(&p);
  /* Of a passive one nobody is told. */
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  pair_pass(p.pair, PAIR_MS);
  peer_send(&p, TCP_RST, first, NULL, 0);
  assert_int_equal(tcp_get_state(p.listener), TCP_STATE_LISTEN);
  assert_int_equal(tcp_error(p.listener), 0);
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  peer_free(&p);
}

static void listen_beside_connections_leaves_them(void **state) {
  /* EVIDENCE: RFC 9293 MUST-41, MUST-42 */
  (void)state;
  struct peer p;
  struct ph_addr any = ph_addr_v4(0);
  struct ph_addr to = pair_addr(1);
  int owner;
  peer_passive(&p, NULL); /* established on OUR_PORT, whose listener goes */
  tcp_close(p.stack, p.listener, false);
  struct tcp_conn *active = tcp_open(p.stack, &owner);
  assert_int_equal(tcp_bind(p.stack, active, &any, OUR_PORT, true), 0);
  assert_int_equal(tcp_connect(p.stack, active, &to, 99), 0);
  assert_int_equal(tcp_get_state(active), TCP_STATE_SYN_SENT);
  p.listener = tcp_open(p.stack, &p.listener_owner);
  assert_int_equal(tcp_bind(p.stack, p.listener, &any, OUR_PORT, true), 0);
  assert_int_equal(tcp_listen(p.stack, p.listener, 2), 0);
  assert_int_equal(tcp_get_state(active), TCP_STATE_SYN_SENT);
  /* A second listener is an error and changes nothing. */
  struct tcp_conn *again = tcp_open(p.stack, &owner);
  assert_int_equal(tcp_bind(p.stack, again, &any, OUR_PORT, true),
                   -PH_EADDRINUSE);
  tcp_close(p.stack, again, false);
  peer_data(&p, 10);
  assert_int_equal(p.conn->rcvq_len, 10);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  tcp_close(p.stack, active, true);
  peer_free(&p);
}

/* Host 0 gets 10.0.0.9 besides, as its second address. */
static struct ph_addr second_address(struct peer *p) {
  assert_int_equal(
      ph_ipv4_add_address(p->stack, &p->pair->host[0].netif, 0x0a000009, 24),
      0);
  return ph_addr_v4(0x0a000009);
}

static uint32_t sources; /* of frames: the last octets, one bit each */

static uint32_t note_source(struct pair *pair, int from, uint8_t *f,
                            uint32_t len) {
  (void)pair;
  if (from == 0 && get_be16(f + 12) == 0x800) {
    sources |= 1u << (f[IP_AT + 15] & 15);
  }
  return len;
}

static void connect_has_the_address_that_ip_or_bind_chose(void **state) {
  /* EVIDENCE: RFC 9293 MUST-43, MUST-44, MUST-45 */
  (void)state;
  struct peer p;
  struct ph_addr to = pair_addr(1);
  struct ph_addr ours = pair_addr(0);
  struct tcp_info info;
  peer_active(&p, NULL);
  struct ph_addr other = second_address(&p);
  tcp_get_info(p.stack, p.conn, &info);
  assert_true(ph_addr_equal(&info.local, &ours)); /* IP's choice */
  struct tcp_conn *bound = tcp_open(p.stack, &p.owner);
  assert_int_equal(tcp_bind(p.stack, bound, &other, 0, false), 0);
  assert_int_equal(tcp_connect(p.stack, bound, &to, PEER_PORT + 1), 0);
  p.pair->mangle = note_source;
  sources = 0;
  peer_pass(&p, 5 * PAIR_S); /* SYNs of both again */
  assert_int_equal(sources, 1u << 1 | 1u << 9);
  tcp_close(p.stack, p.conn, true);
  p.conn = bound;
  p.port = bound->local_port;
  /* Nobody speaks to 10.0.0.9 here, so the answer is made by hand. */
  bound->state = TCP_STATE_ESTABLISHED;
  bound->snd_una = first;
  bound->snd_wnd = bound->snd_max_wnd = PEER_WND;
  bound->snd_mss = 500;
  tcp_cc_init(bound);
  tcp_timer_clear(bound, TCP_TIMER_RTX);
  sources = 0;
  peer_app_send(&p, 100);
  peer_pass(&p, 10 * PAIR_S); /* and retransmissions, each with a new route */
  assert_int_equal(sources, 1u << 9);
  peer_free(&p);
}

static void listen_at_one_address_is_deaf_at_another(void **state) {
  /* EVIDENCE: RFC 9293 MUST-43 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  struct ph_addr other = second_address(&p);
  struct tcp_conn *listener = tcp_open(p.stack, &p.owner);
  assert_int_equal(tcp_bind(p.stack, listener, &other, 81, false), 0);
  assert_int_equal(tcp_listen(p.stack, listener, 2), 0);
  p.port = 81;
  peer_send(&p, TCP_SYN, 1000, NULL, 0); /* to 10.0.0.1 */
  peer_pass(&p, PAIR_MS);
  peer_expect(&p, TCP_RST | TCP_ACK, 0, 1001, 0);
  tcp_close(p.stack, listener, false);
  peer_free(&p);
}

static void connect_to_a_group_is_refused(void **state) {
  /* EVIDENCE: RFC 9293 MUST-46; errno is Linux's */
  (void)state;
  static const uint32_t groups[] = {0x0a0000ff, 0xffffffff, 0xe0000001,
                                    0xefffffff};
  struct peer p;
  peer_listen(&p, NULL);
  p.conn = tcp_open(p.stack, &p.owner);
  for (size_t i = 0; i < PH_ARRAY_LEN(groups); i++) {
    struct ph_addr to = ph_addr_v4(groups[i]);
    assert_int_equal(tcp_connect(p.stack, p.conn, &to, 99), -PH_ENETUNREACH);
    assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  }
  pair_pass(p.pair, PAIR_S);
  assert_int_equal(p.pair->log_count, 0);
  struct ph_addr to = pair_addr(1); /* it is as good as new */
  assert_int_equal(tcp_connect(p.stack, p.conn, &to, 99), 0);
  peer_free(&p);
}

/* ---- What IP is told, and what it tells ---------------------------------- */

static void owner_sets_dscp_and_ttl_of_every_segment(void **state) {
  /* EVIDENCE: RFC 9293 MUST-48, MUST-49, SHLD-21, SHLD-22 */
  (void)state;
  struct peer p;
  struct seen seen = {0};
  peer_listen(&p, NULL);
  *tcp_marks(p.listener) = (struct ip_marks){.ttl = 7, .tos = 0xb8};
  p.pair->mangle = judge;
  p.pair->drop_ctx = &seen;
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  pair_pass(p.pair, PAIR_MS);
  p.seq = first;
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener); /* has its listener's */
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  peer_app_send(&p, 10);
  peer_data(&p, 10);
  pair_pass(p.pair, PAIR_MS);
  assert_int_equal(seen.segments, 3);
  assert_int_equal(seen.ttl_sum, 3 * 7);
  assert_int_equal(seen.tos_sum, 3 * 0xb8);
  tcp_marks(p.conn)->tos = 0; /* changes while the connection lasts */
  tcp_marks(p.conn)->ttl = 0; /* the default */
  tcp_close(p.stack, p.conn, true);
  p.conn = NULL;
  pair_pass(p.pair, PAIR_MS);
  assert_int_equal(seen.segments, 4);
  assert_int_equal(seen.ttl_sum, 3 * 7 + 64);
  assert_int_equal(seen.tos_sum, 3 * 0xb8);
  peer_free(&p);
}

static void soft_errors_are_told_once_and_abort_nothing(void **state) {
  /* EVIDENCE: RFC 9293 MUST-47, MUST-54, MUST-56, SHLD-20, SHLD-25; Linux
   * SO_ERROR */
  (void)state;
  static const struct {
    enum ip_error error;
    int number;
  } soft[] = {
      {IP_ERROR_NET_UNREACHABLE, PH_ENETUNREACH},
      {IP_ERROR_HOST_UNREACHABLE, PH_EHOSTUNREACH},
      {IP_ERROR_TIME_EXCEEDED, PH_EHOSTUNREACH},
      {IP_ERROR_PARAMETER, PH_EPROTO},
  };
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 100);
  for (size_t i = 0; i < PH_ARRAY_LEN(soft); i++) {
    peer_error(&p, soft[i].error, 0, first,
               PEER_PORT + 1); /* of another connection */
    assert_int_equal(tcp_take_any_error(p.conn), 0);
    peer_error(&p, soft[i].error, 0, first, PEER_PORT);
    assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
    assert_int_equal(tcp_error(p.conn), 0); /* no call fails for it */
    assert_int_equal(tcp_take_any_error(p.conn), soft[i].number);
    assert_int_equal(tcp_take_any_error(p.conn), 0);
  }
  peer_free(&p);
}

static uint32_t told; /* TCP_READY_* */

static void note_ready(struct ph_stack *stack, void *owner, uint32_t ready) {
  (void)stack;
  (void)owner;
  told |= ready;
}

static void urgent_octet_is_told_when_it_comes(void **state) {
  /* EVIDENCE: RFC 9293 MUST-32 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  tcp_set_notify(p.stack, note_ready);
  told = 0;
  p.urg = 3;
  peer_send(&p, TCP_ACK | TCP_URG, p.seq, "ab", 2); /* the third is next */
  assert_int_equal(told & TCP_READY_PRI, 0);
  p.seq += 2;
  p.urg = 1;
  peer_send(&p, TCP_ACK | TCP_URG, p.seq, "U", 1);
  assert_int_equal(told & TCP_READY_PRI, TCP_READY_PRI);
  told = 0; /* the pointer moves on */
  p.seq += 1;
  p.urg = 2;
  peer_send(&p, TCP_ACK | TCP_URG, p.seq, "cV", 2);
  assert_int_equal(told & TCP_READY_PRI, TCP_READY_PRI);
  p.urg = 0;
  peer_free(&p);
}

/* ---- Acknowledging ------------------------------------------------------- */

static void segments_that_came_together_get_one_ack(void **state) {
  /* EVIDENCE: RFC 9293 MUST-58, MUST-59 */
  (void)state;
  static uint8_t data[8 * 1460];
  struct pair *pair = pair_new(NULL);
  struct pair_ends ends;
  pair_establish(pair, 1, &ends);
  pair_pass(pair, PAIR_S);
  uint32_t mark = pair->log_count;
  assert_int_equal(
      tcp_send(&pair->host[1].stack, ends.client, data, sizeof(data), false),
      sizeof(data));
  pair_pass(pair, 60000); /* they are there, the answer is on its way */
  assert_int_equal(pair_count(pair, 1, mark), 8);
  assert_int_equal(pair_count(pair, 0, mark), 1);
  assert_int_equal(pair_last(pair, 1)->ack, ends.server->rcv_nxt);
  assert_int_equal(ends.server->rcvq_len, sizeof(data));
  tcp_close(&pair->host[1].stack, ends.client, true);
  pair_pass(pair, PAIR_S);
  tcp_close(&pair->host[0].stack, ends.server, true);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_window_of_65535_is_used_in_full),
      cmocka_unit_test(established_silly_window_waits_for_the_override),
      cmocka_unit_test(every_segment_has_its_checksum),
      cmocka_unit_test(syn_options_unknown_and_unaligned_are_read),
      cmocka_unit_test(mss_option_is_in_syns_only),
      cmocka_unit_test(syn_received_of_active_open_rst_is_refused),
      cmocka_unit_test(listen_beside_connections_leaves_them),
      cmocka_unit_test(connect_has_the_address_that_ip_or_bind_chose),
      cmocka_unit_test(listen_at_one_address_is_deaf_at_another),
      cmocka_unit_test(connect_to_a_group_is_refused),
      cmocka_unit_test(owner_sets_dscp_and_ttl_of_every_segment),
      cmocka_unit_test(soft_errors_are_told_once_and_abort_nothing),
      cmocka_unit_test(urgent_octet_is_told_when_it_comes),
      cmocka_unit_test(segments_that_came_together_get_one_ack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
