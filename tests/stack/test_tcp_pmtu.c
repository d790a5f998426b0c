/* SPDX-License-Identifier: Apache-2.0 */
/* Path MTU discovery by ICMP (RFC 1191), whom to believe (RFC 5927), and what
 * other ICMP errors do. The peer's MSS is 1000: a full segment is a packet of
 * 1040 bytes. */
#include "stack/ip/ip_internal.h"
#include "tests/stack/tcp_peer.h"

enum { UNREACH = 3, TOO_BIG = 4, QUENCH = 4, TIME_EXCEEDED = 11, PARAM = 12 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static void too_big(struct peer *p, uint16_t mtu, uint32_t seq) {
  peer_icmp(p, UNREACH, TOO_BIG, mtu, seq);
}

static uint16_t mss(const struct peer *p) {
  return tcp_get_mss(p->conn);
}

static void established_too_big_resends_what_was_too_long_at_once(
    void **state) {
  /* EVIDENCE: RFC 4821 3a; RFC 1191 6.4 (resend, and no other segment) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  const uint32_t wrote = 3 * PEER_MSS + 500;
  p.conn->nodelay = true;
  peer_app_send(&p, wrote);
  peer_pass(&p, PAIR_MS);
  uint32_t cwnd = p.conn->cwnd;
  uint32_t ssthresh = p.conn->ssthresh;
  uint64_t rto = tcp_rto_backed_off(p.conn);
  peer_mark(&p);
  too_big(&p, 800, first);
  /* 3000 bytes again in segments of 760; the 500 behind them had passed. */
  const uint32_t lens[] = {760, 760, 760, 720};
  uint32_t at = 0;
  assert_int_equal(peer_sent(&p), 4);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(peer_seg(&p, i)->seq, first + at);
    assert_int_equal(peer_seg(&p, i)->len, lens[i]);
    assert_true(peer_seg(&p, i)->df);
    at += lens[i];
  }
  assert_int_equal(p.conn->cwnd, cwnd);
  assert_int_equal(p.conn->ssthresh, ssthresh);
  assert_int_equal(p.conn->backoff, 0);
  assert_int_equal(tcp_rto_backed_off(p.conn), rto);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  assert_int_equal(p.stack->stats.TcpFastRetrans, 0);
  peer_mark(&p);
  peer_pass(&p, 50 * PAIR_MS);
  peer_ack(&p, first + wrote);
  assert_int_equal(p.stack->stats.TcpFastRetrans, 0);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  peer_free(&p);
}

static void established_duplicate_acks_of_short_segments_are_no_congestion(
    void **state) {
  /* EVIDENCE: RFC 1191 6.4 (without SACK) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.conn->nodelay = true;
  peer_app_send(&p, PEER_MSS);
  for (int i = 0; i < 4; i++) {
    peer_app_send(&p, 100);
  }
  peer_pass(&p, PAIR_MS);
  uint32_t cwnd = p.conn->cwnd;
  too_big(&p, 800, first);
  for (int i = 0; i < 4; i++) {
    peer_ack(&p, first);
  }
  assert_int_equal(p.conn->cwnd, cwnd);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.stack->stats.TcpFastRetrans, 0);
  peer_free(&p);
}

static void established_too_big_of_what_fits_is_ignored(void **state) {
  /* EVIDENCE: RFC 5927 7 (the segment must have been longer) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 300);
  peer_pass(&p, PAIR_MS);
  too_big(&p, 600, first); /* it was 340 long */
  too_big(&p, 340, first);
  assert_int_equal(mss(&p), PEER_MSS);
  assert_int_equal(p.stack->stats.TcpIcmpIgnored, 2);
  assert_int_equal(p.stack->stats.TcpRetransSegs, 0);
  peer_free(&p);
}

static void established_too_big_never_raises(void **state) {
  /* EVIDENCE: RFC 1191 3 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 10 * PEER_MSS);
  peer_pass(&p, PAIR_MS);
  too_big(&p, 700, first);
  assert_int_equal(mss(&p), 660);
  too_big(&p, 900, first);
  too_big(&p, 1500, first);
  too_big(&p, 65535, first);
  assert_int_equal(mss(&p), 660);
  peer_free(&p);
}

static void established_mtu_of_an_old_router_takes_the_next_plateau(
    void **state) {
  /* EVIDENCE: RFC 1191 5, 7.1 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, PEER_MSS);
  peer_pass(&p, PAIR_MS);
  uint8_t packet[28] = {0x45};
  put_be16(packet + 2, 1040);
  packet[9] = IP_PROTO_TCP;
  put_be32(packet + 12, 0x0a000001);
  put_be32(packet + 16, 0x0a000002);
  put_be16(packet + 20, OUR_PORT);
  put_be16(packet + 22, PEER_PORT);
  put_be32(packet + 24, first);
  pair_icmp(p.pair, 0, UNREACH, TOO_BIG, 0, packet, sizeof(packet));
  peer_pass(&p, PAIR_MS);
  assert_int_equal(mss(&p), 1006 - 40);
  peer_free(&p);
}

static void established_mtu_below_the_floor_lets_routers_fragment(
    void **state) {
  /* EVIDENCE: RFC 5927 7.2 (a floor), RFC 1191 6.1 (DF) */
  (void)state;
  const uint16_t mtus[] = {1, 68, 296, 551, 552};
  for (size_t i = 0; i < PH_ARRAY_LEN(mtus); i++) {
    struct peer p;
    peer_passive(&p, NULL);
    peer_app_send(&p, 2 * PEER_MSS);
    peer_pass(&p, PAIR_MS);
    assert_true(peer_seg(&p, 0)->df);
    peer_mark(&p);
    too_big(&p, mtus[i], first);
    assert_int_equal(mss(&p), 552 - 40);
    assert_int_equal(peer_seg(&p, 0)->len, 552 - 40);
    assert_false(peer_seg(&p, 0)->df);
    peer_free(&p);
  }
}

static void established_short_segment_on_a_narrow_path_is_sent_without_df(
    void **state) {
  /* EVIDENCE: RFC 1191 6.1 (a path narrower than the floor) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 400); /* 440 bytes: longer than 296, not than 552 */
  peer_pass(&p, PAIR_MS);
  peer_mark(&p);
  too_big(&p, 296, first);
  peer_expect(&p, TCP_ACK | TCP_PSH, first, (uint32_t)PAIR_ISS + 1, 400);
  assert_false(peer_seg(&p, 0)->df);
  peer_free(&p);
}

static void established_timestamps_count_in_the_path_mtu(void **state) {
  /* EVIDENCE: RFC 6691 2 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  peer_app_send(&p, 2 * PEER_MSS);
  peer_pass(&p, PAIR_MS);
  too_big(&p, 800, first);
  assert_int_equal(mss(&p), 800 - 40 - 12);
  struct tcp_info info;
  tcp_get_info(p.stack, p.conn, &info);
  assert_int_equal(info.pmtu, 800);
  assert_int_equal(tcp_get_path_mtu(p.conn), 800);
  peer_free(&p);
}

static void established_too_big_in_recovery_goes_on_with_it(void **state) {
  /* EVIDENCE: RFC 1191 6.4; RFC 6937 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  peer_app_send(&p, 8 * PEER_MSS);
  peer_pass(&p, 20 * PAIR_MS);
  p.sack[0] =
      (struct tcp_sack_block){first + 4 * PEER_MSS, first + 8 * PEER_MSS};
  p.sack_count = 1;
  peer_ack(&p, first);
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_FAST);
  too_big(&p, 700, first);
  p.sack_count = 0;
  for (uint32_t at = 0; at <= 8 * PEER_MSS; at += 500) {
    peer_ack(&p, first + at);
    peer_pass(&p, PAIR_MS);
  }
  assert_int_equal(p.conn->recovery, TCP_RECOVERY_NONE);
  assert_int_equal(p.conn->sndq_len, 0);
  assert_int_equal(p.stack->stats.TcpTimeouts, 0);
  peer_free(&p);
}

static struct netif *netif_of(struct ph_stack *stack) {
  return &PH_CONTAINER_OF(stack, struct pair_host, stack)->netif;
}

static uint16_t path_mtu(struct ph_stack *stack, const struct ph_addr *dst) {
  struct ip_path *path = ip_path_find(stack, NULL, NULL, dst);
  assert_int_equal(path->error, 0);
  return ip_path_mtu(stack, path);
}

static void path_mtu_is_known_to_the_next_connection_for_ten_minutes(
    void **state) {
  /* EVIDENCE: RFC 4821 5.2a, 5.2b; RFC 1191 5.2, 6.3 */
  (void)state;
  struct peer p;
  struct ph_addr peer = pair_addr(1);
  struct ph_addr other = pair_addr(7);
  peer_passive(&p, NULL);
  assert_int_equal(path_mtu(p.stack, &peer), 1500);
  peer_app_send(&p, PEER_MSS);
  peer_pass(&p, PAIR_MS);
  too_big(&p, 700, first);
  assert_int_equal(path_mtu(p.stack, &peer), 700);
  struct netif *netif = netif_of(p.stack);
  netif->caps.mtu = 600;
  netif_set_up(netif, true);
  assert_int_equal(path_mtu(p.stack, &peer), 600);
  netif->caps.mtu = 1500;
  netif_set_up(netif, true);
  assert_int_equal(path_mtu(p.stack, &other), 1500);
  peer_pass(&p, 599 * PAIR_S);
  assert_int_equal(path_mtu(p.stack, &peer), 700);
  peer_pass(&p, 2 * PAIR_S);
  assert_int_equal(path_mtu(p.stack, &peer), 1500);
  peer_free(&p);
}

static void path_mtu_table_full_forgets_the_oldest(void **state) {
  /* EVIDENCE: docs/tcp/path_mtu.md (memory is bounded) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  uint64_t now = p.pair->now_ns;
  assert_int_equal(ph_ipv4_add_route(p.stack, 0, 0, 0, netif_of(p.stack)), 0);
  for (uint32_t i = 0; i < 10000; i++) {
    struct ph_addr to = ph_addr_v4(0x0b000000u + i);
    ph_stack_set_now(p.stack, now + i);
    ip_lower_path_mtu(p.stack, &to, 1000);
    assert_int_equal(path_mtu(p.stack, &to), 1000);
    ip_lower_path_mtu(p.stack, &to, 1200);
    assert_int_equal(path_mtu(p.stack, &to), 1000);
  }
  uint32_t known = 0;
  for (uint32_t i = 0; i < 10000; i++) {
    struct ph_addr to = ph_addr_v4(0x0b000000u + i);
    known += path_mtu(p.stack, &to) == 1000;
  }
  assert_int_equal(known, IP_PMTU_ENTRIES);
  peer_free(&p);
}

/* ---- Other errors -------------------------------------------------------- */

static void established_errors_are_soft_and_told_at_the_timeout(void **state) {
  /* EVIDENCE: RFC 1122 3.2.2.4, 3.2.2.5, 4.2.3.9; RFC 9293 3.9.2.2 (MUST-56) */
  (void)state;
  const struct {
    uint8_t type, code;
    int error;
  } errors[] = {
      {UNREACH, 0, PH_ENETUNREACH},   {UNREACH, 1, PH_EHOSTUNREACH},
      {UNREACH, 2, PH_ENOPROTOOPT},   {UNREACH, 3, PH_ECONNREFUSED},
      {UNREACH, 13, PH_EHOSTUNREACH}, {TIME_EXCEEDED, 0, PH_EHOSTUNREACH},
      {PARAM, 0, PH_EPROTO}};
  for (size_t i = 0; i < PH_ARRAY_LEN(errors); i++) {
    struct peer p;
    peer_passive(&p, NULL);
    peer_app_send(&p, 100);
    peer_pass(&p, PAIR_MS);
    peer_icmp(&p, errors[i].type, errors[i].code, 0, first);
    assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
    assert_int_equal(tcp_error(p.conn), 0);
    peer_pass(&p, 1800 * PAIR_S);
    assert_int_equal(tcp_take_error(p.conn), errors[i].error);
    peer_free(&p);
  }
}

static void established_soft_error_is_forgotten_when_the_peer_answers(
    void **state) {
  /* EVIDENCE: RFC 1122 4.2.3.9 (soft) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 100);
  peer_pass(&p, PAIR_MS);
  peer_icmp(&p, UNREACH, 1, 0, first);
  peer_ack(&p, first + 100);
  peer_app_send(&p, 100);
  peer_pass(&p, 1800 * PAIR_S);
  assert_int_equal(tcp_take_error(p.conn), PH_ETIMEDOUT);
  peer_free(&p);
}

static void established_source_quench_and_redirect_do_nothing(void **state) {
  /* EVIDENCE: RFC 6633 3, RFC 9293 3.9.2.2 (MUST-55) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 100);
  peer_pass(&p, PAIR_MS);
  uint32_t cwnd = p.conn->cwnd;
  peer_icmp(&p, QUENCH, 0, 0, first);
  peer_icmp(&p, 5, 1, 0, first);
  assert_int_equal(p.conn->cwnd, cwnd);
  assert_int_equal(p.conn->soft_error, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static void syn_sent_unreachable_ends_the_attempt(void **state) {
  /* EVIDENCE: RFC 5461 4.1 */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  peer_icmp(&p, UNREACH, 1, 0, (uint32_t)PAIR_ISS + 5); /* not ours */
  peer_icmp(&p, UNREACH, TOO_BIG, 500, (uint32_t)PAIR_ISS);
  assert_int_equal(peer_state(&p), TCP_STATE_SYN_SENT);
  peer_icmp(&p, UNREACH, 0, 0, (uint32_t)PAIR_ISS);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_take_error(p.conn), PH_ENETUNREACH);
  peer_free(&p);
}

static void syn_received_unreachable_frees_the_place(void **state) {
  /* EVIDENCE: RFC 5461 4.1 */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  peer_pass(&p, PAIR_MS);
  assert_int_equal(tcp_of(p.stack)->conns_open, 2);
  peer_icmp(&p, UNREACH, 1, 0, (uint32_t)PAIR_ISS + 1);
  assert_int_equal(tcp_of(p.stack)->conns_open, 2);
  peer_icmp(&p, UNREACH, 1, 0, (uint32_t)PAIR_ISS);
  assert_int_equal(tcp_of(p.stack)->conns_open, 1);
  peer_free(&p);
}

static void time_wait_and_closed_ignore_errors(void **state) {
  /* EVIDENCE: RFC 5927 4.1 */
  (void)state;
  struct peer p;
  peer_into(&p, TCP_STATE_TIME_WAIT);
  for (uint32_t i = 0; i < 4; i++) {
    peer_icmp(&p, UNREACH, (uint8_t)i, 0, p.conn->snd_nxt - i);
    too_big(&p, 68, p.conn->snd_nxt - i);
  }
  assert_int_equal(peer_state(&p), TCP_STATE_TIME_WAIT);
  peer_free(&p);
}

static void quote_cut_at_each_byte_does_no_harm(void **state) {
  /* EVIDENCE: RFC 1122 3.2.2 (8 bytes of the transport are enough) */
  (void)state;
  for (uint32_t quote = 0; quote <= 60; quote++) {
    struct peer p;
    peer_passive(&p, NULL);
    peer_app_send(&p, PEER_MSS);
    peer_pass(&p, PAIR_MS);
    uint8_t packet[60] = {0x45};
    put_be16(packet + 2, 1040);
    packet[9] = IP_PROTO_TCP;
    put_be32(packet + 12, 0x0a000001);
    put_be32(packet + 16, 0x0a000002);
    put_be16(packet + 20, OUR_PORT);
    put_be16(packet + 22, PEER_PORT);
    put_be32(packet + 24, first);
    packet[32] = 0xf0;
    pair_icmp(p.pair, 0, UNREACH, TOO_BIG, 700, packet, quote);
    pair_icmp(p.pair, 0, UNREACH, 1, 0, packet, quote);
    peer_pass(&p, PAIR_MS);
    assert_int_equal(mss(&p), quote < 28 ? PEER_MSS : 660);
    assert_int_equal(p.conn->soft_error, quote < 28 ? 0 : PH_EHOSTUNREACH);
    assert_int_equal(p.stack->stats.IcmpInErrors, quote < 28 ? 2 : 0);
    peer_free(&p);
  }
}

static void every_type_and_code_leaves_the_connection_alive(void **state) {
  /* EVIDENCE: RFC 9293 3.9.2.2 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_app_send(&p, 3 * PEER_MSS);
  for (uint32_t type = 0; type < 256; type++) {
    for (uint32_t code = 0; code < 256; code += code < 20 ? 1 : 37) {
      peer_icmp(&p, (uint8_t)type, (uint8_t)code, (uint16_t)(type * code),
                p.conn->snd_una);
    }
    p.pair->log_count = 0;
    peer_ack(&p, p.conn->snd_nxt);
    peer_app_send(&p, PEER_MSS);
    peer_pass(&p, PAIR_MS);
  }
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_true(mss(&p) >= 552 - 40);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_too_big_resends_what_was_too_long_at_once),
      cmocka_unit_test(
          established_duplicate_acks_of_short_segments_are_no_congestion),
      cmocka_unit_test(established_too_big_of_what_fits_is_ignored),
      cmocka_unit_test(established_too_big_never_raises),
      cmocka_unit_test(established_mtu_of_an_old_router_takes_the_next_plateau),
      cmocka_unit_test(established_mtu_below_the_floor_lets_routers_fragment),
      cmocka_unit_test(
          established_short_segment_on_a_narrow_path_is_sent_without_df),
      cmocka_unit_test(established_timestamps_count_in_the_path_mtu),
      cmocka_unit_test(established_too_big_in_recovery_goes_on_with_it),
      cmocka_unit_test(
          path_mtu_is_known_to_the_next_connection_for_ten_minutes),
      cmocka_unit_test(path_mtu_table_full_forgets_the_oldest),
      cmocka_unit_test(established_errors_are_soft_and_told_at_the_timeout),
      cmocka_unit_test(
          established_soft_error_is_forgotten_when_the_peer_answers),
      cmocka_unit_test(established_source_quench_and_redirect_do_nothing),
      cmocka_unit_test(syn_sent_unreachable_ends_the_attempt),
      cmocka_unit_test(syn_received_unreachable_frees_the_place),
      cmocka_unit_test(time_wait_and_closed_ignore_errors),
      cmocka_unit_test(quote_cut_at_each_byte_does_no_harm),
      cmocka_unit_test(every_type_and_code_leaves_the_connection_alive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
