/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, windows, sequence numbers and coalesced segments as no sane peer
 * makes them. */
#include "stack/tcp/tcp_options.h"
#include "stack/wire/checksum.h"
#include "tests/stack/tcp_peer.h"

enum { ETH = 14, IP = 20 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* ---- Headers ------------------------------------------------------------ */

/* One bit of the TCP segment is damaged on its way. */
static uint32_t damaged_bit;

static uint32_t damage(struct pair *pair, int from, uint8_t *data,
                       uint32_t len) {
  (void)pair;
  if (from == 1 && len > ETH + IP + 20 && data[12] == 8 && data[13] == 0) {
    data[ETH + IP + damaged_bit / 8] ^= (uint8_t)(1u << damaged_bit % 8);
  }
  return len;
}

static void checksum_bit_errors_are_dropped(void **state) {
  /* EVIDENCE: RFC 9293 3.1 (MUST-3) */
  (void)state;
  struct pair_options software = {.software = true};
  for (damaged_bit = 0; damaged_bit < 24 * 8; damaged_bit++) {
    struct pair *pair = pair_new(&software);
    struct pair_ends ends;
    pair_establish(pair, 1, &ends);
    uint64_t errors = pair->host[0].stack.stats.TcpInErrs;
    ph_stack_set_now(&pair->host[1].stack, pair->now_ns);
    pair->mangle = damage;
    assert_int_equal(
        tcp_send(&pair->host[1].stack, ends.client, "abcd", 4, false), 4);
    pair_pass(pair, PAIR_MS);
    assert_int_equal(pair->host[0].stack.stats.TcpInErrs - errors, 1);
    assert_int_equal(ends.server->bytes_received, 0);
    pair->mangle = NULL; /* the retransmission is whole */
    pair_pass(pair, PAIR_S);
    assert_int_equal(ends.server->bytes_received, 4);
    tcp_close(&pair->host[1].stack, ends.client, true);
    tcp_close(&pair->host[0].stack, ends.server, true);
    pair_free(pair);
  }
}

/* Every data offset with every length of segment. */
static void data_offset_outside_the_segment_is_dropped(void **state) {
  /* EVIDENCE: RFC 9293 3.1 (data offset) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  for (uint32_t words = 0; words < 16; words++) {
    for (uint32_t len = 0; len <= 64; len++) {
      uint8_t f[ETH + IP + 64] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
      uint8_t *ip = f + ETH;
      ip[0] = 0x45;
      put_be16(ip + 2, (uint16_t)(IP + len));
      ip[8] = 64;
      ip[9] = IP_PROTO_TCP;
      put_be32(ip + 12, 0x0a000002);
      put_be32(ip + 16, 0x0a000001);
      put_be16(ip + 10, (uint16_t)~csum_data(ip, IP, 0));
      uint8_t h[64] = {PEER_PORT >> 8, PEER_PORT & 0xff, 0, OUR_PORT};
      put_be32(h + 4, p.seq);
      put_be32(h + 8, p.ack);
      h[12] = (uint8_t)(words << 4 | (len & 15)); /* reserved bits: any */
      h[13] = TCP_ACK;
      put_be16(h + 14, PEER_WND);
      memset(h + 20, 1, 44);
      memcpy(ip + IP, h, len);
      uint64_t errors = p.stack->stats.TcpInErrs;
      pair_receive(p.pair, f, ETH + IP + len);
      bool good = words >= 5 && words * 4 <= len;
      assert_int_equal(p.stack->stats.TcpInErrs - errors, !good);
      p.seq += good ? len - words * 4 : 0;
      assert_int_equal(p.conn->rcv_nxt, p.seq);
      p.pair->log_count = 0;
    }
  }
  peer_free(&p);
}

/* All flags to a closed port, a listener, and half-open connections. */
static void all_flags_before_the_connection_are_answered_by_the_book(void **s) {
  /* EVIDENCE: RFC 9293 3.10.7.1, 3.10.7.2, 3.10.7.3, 3.5.2 */
  (void)s;
  for (uint32_t flags = 0; flags < 256; flags++) {
    for (int st = TCP_STATE_CLOSED; st <= TCP_STATE_SYN_RECEIVED; st++) {
      struct peer p;
      peer_into(&p, (enum tcp_state)st);
      pair_pass(p.pair, PAIR_MS);
      peer_mark(&p);
      uint32_t ack = p.ack = p.ack + 77; /* acknowledges nothing of ours */
      peer_send(&p, (uint8_t)flags, p.seq, "abc", 3);
      pair_pass(p.pair, PAIR_MS);
      uint32_t sent = peer_sent(&p);
      uint8_t answer = sent ? peer_seg(&p, 0)->flags : 0;
      assert_true(sent <= 1);
      if ((flags & TCP_RST) && st != TCP_STATE_SYN_RECEIVED) {
        assert_int_equal(sent, 0); /* never in answer to a reset */
      } else if (st <= TCP_STATE_SYN_SENT && (flags & TCP_ACK)) {
        assert_int_equal(answer, TCP_RST);
        assert_int_equal(peer_seg(&p, 0)->seq, ack);
      } else if (st == TCP_STATE_CLOSED) {
        assert_int_equal(answer, TCP_RST | TCP_ACK);
        assert_int_equal(peer_seg(&p, 0)->ack,
                         p.seq + 3 + !!(flags & TCP_SYN) + !!(flags & TCP_FIN));
      } else if (st == TCP_STATE_LISTEN) {
        assert_int_equal(answer & ~TCP_ECE,
                         flags & TCP_SYN ? TCP_SYN | TCP_ACK : 0);
      }
      peer_free(&p);
    }
  }
}

/* ---- Sequence numbers --------------------------------------------------- */

/* Two versions of the same bytes: those that came first are read. */
static void other_bytes_in_an_overlap_change_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (what was received is acknowledged) */
  (void)state;
  struct peer p;
  char got[32] = {0};
  peer_passive_with(&p, NULL, PEER_SACK);
  peer_send(&p, TCP_ACK, first + 4, "EFGH", 4);
  peer_send(&p, TCP_ACK, first + 2, "xxxxxxxx", 8); /* over both ends */
  peer_send(&p, TCP_ACK, first + 3, "yyyyyyyyy", 9);
  peer_send(&p, TCP_ACK, first, "AB", 2);
  assert_int_equal(tcp_recv(p.stack, p.conn, got, sizeof(got), false), 12);
  assert_string_equal(got, "ABxxEFGHxxyy");
  peer_free(&p);
}

/* A blind attacker that hits the window with data but not the ACK (RFC 5961
 * 5), at every edge of what an ACK may name. */
static void blind_data_needs_an_ack_in_range(void **state) {
  /* EVIDENCE: RFC 5961 5.2 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 1000), 1000);
  peer_ack(&p, p.ack + 1000);
  const uint32_t una = p.conn->snd_una, max = p.conn->snd_max_wnd;
  const struct {
    uint32_t ack;
    bool good;
  } cases[] = {
      {una - max, true},
      {una - max - 1, false},
      {una, true},
      {una + 1, false},
      {una + 0x7fffffffu, false},
      {una + 0x80000000u, false},
      {una - 0x7fffffffu, false},
      {una - max + 1, true},
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    uint32_t before = p.conn->rcv_nxt;
    peer_pass(&p, PAIR_S); /* the limit of challenge ACKs */
    peer_mark(&p);
    p.ack = cases[i].ack;
    p.seq = before;
    peer_data(&p, 10);
    assert_int_equal(p.conn->rcv_nxt - before, cases[i].good ? 10 : 0);
    assert_int_equal(peer_seg(&p, 0)->ack, p.conn->rcv_nxt);
  }
  peer_free(&p);
}

/* ---- Windows ------------------------------------------------------------ */

static void syn_of_a_shut_window_opens_later(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6 (zero window) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.wnd = 0;
  peer_send(&p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
  pair_pass(p.pair, PAIR_MS);
  p.seq = first;
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100);
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 4 * PAIR_S); /* probes, with nothing in them */
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(pair_last(p.pair, 1)->len, 0);
  p.wnd = 100;
  peer_ack(&p, first);
  assert_int_equal(pair_last(p.pair, 1)->len, 100);
  peer_free(&p);
}

static void send_syn(struct peer *p, uint8_t wscale) {
  const uint8_t options[] = {2, 4, 5, 180, 1, 3, 3, wscale};
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = OUR_PORT,
                       .seq = (uint32_t)PAIR_ISS,
                       .flags = TCP_SYN,
                       .wnd = 1000,
                       .options = options,
                       .options_len = sizeof(options)};
  pair_inject(p->pair, &tx);
  pair_pass(p->pair, PAIR_MS);
}

static void window_scale_counts_up_to_14_and_from_the_first_syn(void **state) {
  /* EVIDENCE: RFC 7323 2.2, 2.3 (more than 14 means 14) */
  (void)state;
  const struct {
    uint8_t sent, used;
  } cases[] = {{0, 0}, {1, 1}, {14, 14}, {15, 14}, {255, 14}};
  for (uint32_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    struct peer p;
    peer_listen(&p, NULL);
    send_syn(&p, cases[i].sent);
    assert_int_equal(pair_last(p.pair, 1)->wscale, TCP_RCV_WSCALE);
    send_syn(&p, 7); /* again, and otherwise */
    p.seq = first;
    p.wnd = 3;
    peer_ack(&p, first);
    p.conn = tcp_accept(p.stack, p.listener);
    assert_non_null(p.conn);
    tcp_set_owner(p.conn, &p.owner);
    assert_int_equal(p.conn->snd_wscale, cases[i].used);
    assert_int_equal(p.conn->snd_wnd, 3u << cases[i].used);
    peer_free(&p);
  }
}

/* The peer opens its window byte by byte: no segment of one byte leaves. */
static void crumbs_of_window_are_not_taken(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.2.1 (SWS avoidance) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.wnd = 0;
  peer_ack(&p, p.ack);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  peer_mark(&p);
  for (p.wnd = 1; p.wnd < PEER_MSS; p.wnd++) {
    peer_ack(&p, p.ack);
  }
  assert_int_equal(peer_sent(&p), 0);
  p.wnd = PEER_MSS;
  peer_ack(&p, p.ack);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->len, PEER_MSS);
  peer_free(&p);
}

/* ---- Coalesced segments ------------------------------------------------- */

/* 1400 bytes that were 14 segments of 100: an ACK for the bytes, not for the
 * segment. */
static void coalesced_segment_counts_by_its_bytes(void **state) {
  /* EVIDENCE: RFC 9293 3.8.6.3, RFC 5681 4.2 (every second full segment) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.conn->quickack = 0;
  p.conn->rcv_mss = 100;
  p.pair->rx_gso_size = 100;
  peer_mark(&p);
  peer_data(&p, 1400);
  peer_expect(&p, TCP_ACK, first, first + 1400, 0);
  assert_int_equal(p.conn->rcv_mss, 100); /* not taken for a larger MSS */
  peer_mark(&p);
  peer_data(&p, 100); /* half of what an ACK is for */
  assert_int_equal(peer_sent(&p), 0);
  peer_data(&p, 100);
  assert_int_equal(peer_sent(&p), 1);
  peer_free(&p);
}

/* Flags, timestamp and mark of a coalesced segment hold for all of it. */
static void coalesced_segment_with_everything_is_one_segment(void **state) {
  /* EVIDENCE: RFC 7323 5.3, RFC 3168 6.1.3, RFC 9293 3.10.7.4 */
  (void)state;
  struct peer p;
  char octet = 0;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  p.conn->ecn_ok = true;
  p.pair->rx_gso_size = 500;
  p.tos = 3;
  p.urg = 1200;
  p.ts_val = PEER_TS + 9;
  static uint8_t data[1400];
  data[1199] = 'U';
  peer_send(&p, TCP_ACK | TCP_PSH | TCP_URG | TCP_FIN, p.seq, data, 1400);
  const struct pair_seg *seg = pair_last(p.pair, 1);
  assert_int_equal(seg->ack, first + 1401);
  assert_int_equal(seg->ts_ecr, PEER_TS + 9);
  assert_true(seg->flags & TCP_ECE);
  assert_int_equal(tcp_recv_urgent(p.stack, p.conn, &octet, 1, false), 1);
  assert_int_equal(octet, 'U');
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSE_WAIT);
  peer_free(&p);
}

static void coalesced_duplicate_is_one_report(void **state) {
  /* EVIDENCE: RFC 2883 4 (the contiguous sequence received twice) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  p.pair->rx_gso_size = 100;
  peer_data(&p, 600);
  p.seq = first + 200;
  peer_data(&p, 1000); /* 400 of them for the second time */
  const struct pair_seg *seg = pair_last(p.pair, 1);
  assert_int_equal(seg->ack, first + 1200);
  assert_int_equal(seg->sack_count, 1);
  assert_int_equal(seg->sack[0].left, first + 200);
  assert_int_equal(seg->sack[0].right, first + 600);
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checksum_bit_errors_are_dropped),
      cmocka_unit_test(data_offset_outside_the_segment_is_dropped),
      cmocka_unit_test(
          all_flags_before_the_connection_are_answered_by_the_book),
      cmocka_unit_test(other_bytes_in_an_overlap_change_nothing),
      cmocka_unit_test(blind_data_needs_an_ack_in_range),
      cmocka_unit_test(syn_of_a_shut_window_opens_later),
      cmocka_unit_test(window_scale_counts_up_to_14_and_from_the_first_syn),
      cmocka_unit_test(crumbs_of_window_are_not_taken),
      cmocka_unit_test(coalesced_segment_counts_by_its_bytes),
      cmocka_unit_test(coalesced_segment_with_everything_is_one_segment),
      cmocka_unit_test(coalesced_duplicate_is_one_report),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
