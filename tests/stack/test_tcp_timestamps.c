/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps: RFC 7323. */
#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static const struct pair_options on = {.tcp.features.timestamps = PH_TCP_ON};

static const struct pair_seg *last(const struct peer *p) {
  return pair_last(p->pair, 1);
}

/* ---- Negotiation -------------------------------------------------------- */

static void syn_with_timestamps_is_answered_with_them(void **state) {
  /* EVIDENCE: RFC 7323 3.2 (negotiation; TSecr) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  const struct pair_seg *syn_ack = &p.pair->log[0];
  assert_true(syn_ack->has_ts);
  assert_int_equal(syn_ack->ts_ecr, PEER_TS);
  assert_memory_equal(syn_ack->options + 4, ((uint8_t[]){4, 2, 8, 10}), 4);
  assert_int_equal(p.conn->snd_mss, PEER_MSS - 12);
  peer_free(&p);
}

static void syn_without_timestamps_gets_none(void **state) {
  /* EVIDENCE: RFC 7323 3.2c; RFC 7323 3.2 (MUST NOT unless both had it) */
  (void)state;
  struct peer p;
  peer_passive(&p, &on);
  assert_false(p.pair->log[0].has_ts);
  p.timestamps = true; /* out of the blue: ignored */
  peer_data(&p, 100);
  assert_int_equal(p.conn->rcv_nxt, p.seq);
  assert_int_equal(last(&p)->options_len, 0);
  peer_free(&p);
}

static void timestamps_off_are_not_accepted(void **state) {
  /* EVIDENCE: RFC 7323 3.2 (an option) */
  (void)state;
  struct pair_options off = {.tcp.features.timestamps = PH_TCP_OFF};
  struct peer p;
  peer_passive_with(&p, &off, PEER_TIMESTAMPS);
  assert_false(p.pair->log[0].has_ts);
  assert_int_equal(p.conn->snd_mss, PEER_MSS);
  peer_free(&p);
}

/* By default an active open offers none, and takes none that nobody asked for.
 */
static void active_open_on_request_offers_none(void **state) {
  /* EVIDENCE: RFC 7323 3.2 */
  (void)state;
  struct peer p;
  peer_active(&p, NULL);
  assert_false(last(&p)->has_ts);
  p.timestamps = true;
  p.ts_val = 7;
  peer_send(&p, TCP_SYN | TCP_ACK, (uint32_t)PAIR_ISS, NULL, 0);
  p.seq = first;
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_false(last(&p)->has_ts);
  peer_free(&p);
}

static void active_open_offers_and_echoes(void **state) {
  /* EVIDENCE: RFC 7323 3.2f; RFC 7323 3.2 (TSecr 0 without ACK) */
  (void)state;
  struct peer p;
  peer_active(&p, &on);
  assert_true(last(&p)->has_ts);
  assert_int_equal(last(&p)->ts_ecr, 0);
  p.timestamps = true;
  p.ts_val = 0xfffffff0u;
  p.ts_ecr = last(&p)->ts_val;
  peer_send(&p, TCP_SYN | TCP_ACK, (uint32_t)PAIR_ISS, NULL, 0);
  p.seq = first;
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(last(&p)->ts_ecr, 0xfffffff0u);
  peer_free(&p);
}

static void syn_sent_echo_of_another_time_is_refused(void **state) {
  /* EVIDENCE: RFC 7323 3.2 (TSecr of a SYN-ACK); RFC 9293 3.10.7.3 */
  (void)state;
  struct peer p;
  peer_active(&p, &on);
  uint32_t sent = last(&p)->ts_val;
  p.timestamps = true;
  p.ts_val = 7;
  const uint32_t wrong[] = {sent - 1, sent + 100000, sent + 0x80000000u, 1};
  for (uint32_t i = 0; i < PH_ARRAY_LEN(wrong); i++) {
    peer_mark(&p);
    p.ts_ecr = wrong[i];
    peer_send(&p, TCP_SYN | TCP_ACK, (uint32_t)PAIR_ISS, NULL, 0);
    assert_int_equal(peer_state(&p), TCP_STATE_SYN_SENT);
    peer_expect(&p, TCP_RST, p.ack, 0, 0);
    assert_int_equal(p.stack->stats.TcpTsNotOurs, i + 1);
  }
  peer_free(&p);
}

static void syn_sent_echo_of_any_of_our_syns_will_do(void **state) {
  /* EVIDENCE: RFC 7323 3.2; as Linux: 0 as well */
  (void)state;
  for (uint32_t i = 0; i < 5; i++) {
    struct peer p;
    peer_active(&p, &on);
    uint32_t sent[2] = {last(&p)->ts_val, 0};
    peer_pass(&p, 8 * PAIR_S); /* at 1, 3 and 7 s again */
    sent[1] = last(&p)->ts_val;
    assert_in_range(sent[1] - sent[0], 6990, 7010);
    p.timestamps = true;
    p.ts_val = 7;
    const uint32_t echo[] = {sent[0], sent[0] + 3000, sent[1], 0, sent[0] - 5};
    p.ts_ecr = echo[i];
    peer_send(&p, TCP_SYN | TCP_ACK, (uint32_t)PAIR_ISS, NULL, 0);
    assert_int_equal(peer_state(&p),
                     i < 4 ? TCP_STATE_ESTABLISHED : TCP_STATE_SYN_SENT);
    p.seq = first;
    peer_free(&p);
  }
}

static void every_segment_has_them_and_a_full_one_is_shorter(void **state) {
  /* EVIDENCE: RFC 7323 3.2a; RFC 7323 3.2 (MUST in every non-RST segment), RFC
   * 6691 2 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  assert_int_equal(peer_sent(&p), 6);
  for (uint32_t i = 0; i < 6; i++) { /* cut by the device: header copied */
    assert_true(peer_seg(&p, i)->has_ts);
    assert_int_equal(peer_seg(&p, i)->options_len, 12);
    assert_memory_equal(peer_seg(&p, i)->options, ((uint8_t[]){1, 1, 8, 10}),
                        4);
    assert_int_equal(peer_seg(&p, i)->len, i < 5 ? PEER_MSS - 12 : 60);
    assert_int_equal(peer_seg(&p, i)->ts_ecr, PEER_TS);
  }
  peer_pass(&p, 300 * PAIR_MS); /* a retransmission has a new time */
  assert_int_equal(last(&p)->ts_val - peer_seg(&p, 0)->ts_val,
                   (last(&p)->time_ns - peer_seg(&p, 0)->time_ns) / PAIR_MS);
  peer_free(&p);
}

static void reset_of_a_connection_has_them(void **state) {
  /* EVIDENCE: RFC 7323 3.2b; RFC 7323 3.2 (SHOULD be sent in an RST) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  tcp_close(p.stack, p.conn, true);
  p.conn = NULL;
  assert_int_equal(last(&p)->flags, TCP_RST | TCP_ACK);
  assert_true(last(&p)->has_ts);
  assert_int_equal(last(&p)->ts_ecr, PEER_TS);
  peer_free(&p);
}

static void blocks_beside_timestamps_are_three(void **state) {
  /* EVIDENCE: RFC 2018 4b; RFC 2018 3 (three with timestamps) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  for (uint32_t i = 1; i <= 5; i++) {
    p.seq = first + 200 * i;
    peer_data(&p, 100);
  }
  assert_int_equal(last(&p)->sack_count, 3);
  assert_int_equal(last(&p)->options_len, 40);
  assert_int_equal(last(&p)->sack[0].left, first + 1000);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 1000), 1000);
  assert_int_equal(peer_seg(&p, 0)->len, PEER_MSS - 40);
  assert_int_equal(peer_seg(&p, 0)->options_len, 40);
  peer_free(&p);
}

/* ---- TS.Recent ---------------------------------------------------------- */

static void delayed_ack_echoes_the_first_segment(void **state) {
  /* EVIDENCE: RFC 7323 4.3a; RFC 7323 4.3 (A) delayed ACKs */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.conn->quickack = 0;
  p.conn->rcv_mss = 1000;
  peer_mark(&p);
  p.ts_val = PEER_TS + 1;
  peer_data(&p, 100);
  p.ts_val = PEER_TS + 2;
  peer_data(&p, 90); /* not two of a length: those are full-sized */
  assert_int_equal(peer_sent(&p), 0);
  peer_pass(&p, 50 * PAIR_MS);
  assert_int_equal(peer_seg(&p, 0)->ts_ecr, PEER_TS + 1);
  peer_free(&p);
}

static void hole_echoes_the_last_in_order_and_its_filling_the_filler(void **s) {
  /* EVIDENCE: RFC 7323 4.3b; RFC 7323 4.3 (B), (C) */
  (void)s;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.ts_val = PEER_TS + 1;
  peer_data(&p, 100);
  p.ts_val = PEER_TS + 3;
  p.seq += 100;
  peer_data(&p, 100); /* out of order */
  assert_int_equal(last(&p)->ts_ecr, PEER_TS + 1);
  p.ts_val = PEER_TS + 2; /* sent before the one that came first */
  p.seq = first + 100;
  peer_data(&p, 100);
  assert_int_equal(last(&p)->ack, first + 300);
  assert_int_equal(last(&p)->ts_ecr, PEER_TS + 2);
  peer_free(&p);
}

/* A retransmission from before what was acknowledged takes the echo along. */
static void overlapping_retransmission_updates(void **state) {
  /* EVIDENCE: RFC 7323 5.3b; RFC 7323 4.3 (2) (SEG.SEQ =< Last.ACK.sent) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  peer_data(&p, 100);
  p.ts_val = PEER_TS + 5;
  p.seq = first + 50;
  peer_data(&p, 100);
  assert_int_equal(last(&p)->ack, first + 150);
  assert_int_equal(last(&p)->ts_ecr, PEER_TS + 5);
  peer_free(&p);
}

static void segment_with_a_bad_ack_updates_nothing(void **state) {
  /* EVIDENCE: RFC 5961 5.2, RFC 7323 5.3 (R3: acceptable) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.ts_val = PEER_TS + 1000;
  peer_ack(&p, p.ack + 5); /* not yet sent */
  assert_int_equal(p.conn->ts_recent, PEER_TS);
  p.seq += 100000; /* outside the window */
  p.ack -= 5;
  peer_ack(&p, p.ack);
  p.seq -= 100000;
  assert_int_equal(p.conn->ts_recent, PEER_TS);
  peer_free(&p);
}

/* ---- PAWS --------------------------------------------------------------- */

static void old_timestamp_is_acked_and_dropped(void **state) {
  /* EVIDENCE: RFC 7323 5.3a; RFC 7323 5.3 (R1) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK | PEER_TIMESTAMPS);
  p.ts_val = PEER_TS - 1;
  peer_mark(&p);
  peer_data(&p, 100);
  peer_expect(&p, TCP_ACK, first, first, 0);
  assert_int_equal(p.stack->stats.TcpPawsDrops, 1);
  p.seq = first;
  p.ts_val = PEER_TS; /* equal is good */
  peer_data(&p, 100);
  assert_int_equal(p.conn->rcv_nxt, first + 100);
  peer_free(&p);
}

/* The same sequence number, one circle later. */
static void segment_of_the_last_circle_is_dropped(void **state) {
  /* EVIDENCE: RFC 7323 5.1, 5.2 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.ts_val = 0x7fffffffu + PEER_TS; /* the farthest that is newer */
  peer_data(&p, 10);
  assert_int_equal(p.conn->ts_recent, 0x7fffffffu + PEER_TS);
  p.ts_val = PEER_TS;
  peer_data(&p, 10);
  assert_int_equal(p.conn->rcv_nxt, first + 10);
  p.seq = first + 10;
  p.ts_val = 0x80000001u + PEER_TS; /* wraps and goes on */
  peer_data(&p, 10);
  p.ts_val += 0x70000000u;
  peer_data(&p, 10);
  assert_int_equal(p.conn->rcv_nxt, first + 30);
  peer_free(&p);
}

static void after_24_days_the_old_one_counts_no_more(void **state) {
  /* EVIDENCE: RFC 7323 5.5a; RFC 7323 5.5 (outdated timestamps) */
  (void)state;
  const uint64_t day = 24 * 3600 * PAIR_S;
  for (int late = 0; late < 2; late++) {
    struct peer p;
    peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
    p.pair->now_ns += 24 * day + (uint64_t)late * 2 * PAIR_S;
    p.ts_val = PEER_TS - 1;
    peer_data(&p, 100);
    assert_int_equal(p.conn->rcv_nxt, late ? first + 100 : first);
    assert_int_equal(p.conn->ts_recent, late ? PEER_TS - 1 : PEER_TS);
    peer_free(&p);
  }
}

static void reset_with_an_old_timestamp_resets(void **state) {
  /* EVIDENCE: RFC 7323 5.2a; RFC 7323 5.2 (an RST MUST NOT be subjected to
   * PAWS) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.ts_val = PEER_TS - 1;
  peer_send(&p, TCP_RST, p.seq, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_int_equal(tcp_error(p.conn), PH_ECONNRESET);
  peer_free(&p);
}

static void missing_timestamp_is_dropped_silently(void **state) {
  /* EVIDENCE: RFC 7323 3.2d, 3.2e; RFC 7323 3.2 (SHOULD silently drop, MUST NOT
   * abort) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
  p.timestamps = false;
  peer_mark(&p);
  peer_data(&p, 100);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(p.stack->stats.TcpTsMissing, 1);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_send(&p, TCP_SYN, p.seq, NULL, 0); /* a peer that has forgotten */
  peer_expect(&p, TCP_ACK, first, first, 0);
  peer_send(&p, TCP_RST, first, NULL, 0); /* 3.2: non-RST only */
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  peer_free(&p);
}

static void missing_timestamp_is_taken_if_set_so(void **state) {
  /* EVIDENCE: RFC 7323 3.2 (SHOULD: a setting, as Linux does) */
  (void)state;
  struct pair_options lenient = {.tcp.features.missing_timestamps = PH_TCP_ON};
  struct peer p;
  peer_passive_with(&p, &lenient, PEER_TIMESTAMPS);
  p.timestamps = false;
  peer_data(&p, 100);
  assert_int_equal(p.conn->rcv_nxt, first + 100);
  p.timestamps = true;
  peer_data(&p, 100);
  assert_int_equal(p.conn->rcv_nxt, first + 200);
  peer_free(&p);
}

/* ---- Round-trip times --------------------------------------------------- */

/* After a timeout the ACK tells which of the two transmissions it answers. */
static void retransmitted_segment_gives_a_sample(void **state) {
  /* EVIDENCE: RFC 7323 4.1a; RFC 6298 (3) (Karn, unless timestamps) */
  (void)state;
  for (int with = 0; with < 2; with++) {
    struct peer p;
    peer_passive_with(&p, NULL, with ? PEER_TIMESTAMPS : 0);
    uint64_t srtt = p.conn->srtt_ns;
    assert_int_equal(peer_app_send(&p, 100), 100);
    peer_pass(&p, 250 * PAIR_MS);
    assert_int_equal(peer_sent(&p), 2);
    p.ts_ecr = peer_seg(&p, 0)->ts_val; /* the first one, late */
    uint64_t rtt = p.pair->now_ns / PAIR_MS * PAIR_MS -
                   peer_seg(&p, 0)->time_ns / PAIR_MS * PAIR_MS;
    peer_ack(&p, p.ack + 100);
    assert_int_equal(p.conn->srtt_ns, with ? srtt - srtt / 8 + rtt / 8 : srtt);
    peer_free(&p);
  }
}

static void impossible_echo_is_no_sample(void **state) {
  /* EVIDENCE: RFC 7323 3.2 (TSecr), 4.1 */
  (void)state;
  const int32_t ahead[] = {1, 1000000, INT32_MAX, INT32_MIN, -130000};
  for (uint32_t i = 0; i < PH_ARRAY_LEN(ahead); i++) {
    struct peer p;
    peer_passive_with(&p, NULL, PEER_TIMESTAMPS);
    uint64_t srtt = p.conn->srtt_ns;
    assert_int_equal(peer_app_send(&p, 100), 100);
    peer_pass(&p, 250 * PAIR_MS);
    p.ts_ecr = tcp_ts_now(p.stack, p.conn) + (uint32_t)ahead[i];
    peer_ack(&p, p.ack + 100);
    assert_int_equal(p.conn->srtt_ns, srtt);
    assert_int_equal(p.conn->snd_una, p.conn->snd_nxt);
    peer_free(&p);
  }
}

static void retransmitted_syn_ack_gives_a_sample(void **state) {
  /* EVIDENCE: RFC 7323 4.1, RFC 6298 (5.7) */
  (void)state;
  struct peer p;
  peer_listen(&p, NULL);
  p.timestamps = true;
  p.ts_val = PEER_TS;
  const uint8_t options[] = {1, 1, 8, 10, 0, 0, 3, 232, 0, 0, 0, 0};
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = OUR_PORT,
                       .seq = (uint32_t)PAIR_ISS,
                       .flags = TCP_SYN,
                       .wnd = PEER_WND,
                       .options = options,
                       .options_len = 12};
  pair_inject(p.pair, &tx);
  pair_pass(p.pair, 1200 * PAIR_MS);
  p.seq = first;
  p.ts_ecr = last(&p)->ts_val; /* the second SYN-ACK, 200 ms ago */
  uint64_t sent_ns = last(&p)->time_ns;
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  tcp_set_owner(p.conn, &p.owner);
  assert_int_equal(p.conn->srtt_ns,
                   (p.pair->now_ns / PAIR_MS - sent_ns / PAIR_MS) * PAIR_MS);
  assert_int_equal(tcp_rto(p.conn), 3 * PAIR_S);
  uint64_t srtt = p.conn->srtt_ns; /* the next sample goes on from it */
  assert_int_equal(peer_app_send(&p, 1), 1);
  peer_pass(&p, 200 * PAIR_MS);
  p.ts_ecr = last(&p)->ts_val;
  peer_ack(&p, first + 1);
  assert_int_equal(p.conn->srtt_ns, srtt);
  assert_int_equal(p.conn->rttvar_ns, srtt / 2 - srtt / 8);
  peer_free(&p);
}

/* ---- The clock ---------------------------------------------------------- */

static void offsets_differ_by_the_ends_and_stay_for_them(void **state) {
  /* EVIDENCE: RFC 7323 7.1a; RFC 6191 3a; RFC 6191 2 (monotonic for the same
   * ends) */
  (void)state;
  struct peer p;
  uint32_t offset[3];
  for (uint32_t i = 0; i < 3; i++) {
    peer_listen(&p, &on);
    struct ph_addr to = pair_addr(1);
    struct ph_addr any = ph_addr_v4(0);
    p.conn = tcp_open(p.stack, &p.owner);
    assert_int_equal(
        tcp_bind(p.stack, p.conn, &any, (uint16_t)(5000 + i / 2), true), 0);
    assert_int_equal(tcp_connect(p.stack, p.conn, &to, PEER_PORT), 0);
    offset[i] = p.conn->ts_offset;
    peer_free(&p);
  }
  assert_int_equal(offset[0], offset[1]);
  assert_int_not_equal(offset[0], offset[2]);
}

/* Two stacks, losses and reordering, timestamps and SACK on every segment. */
static bool done(struct pair *pair, void *ctx) {
  (void)pair;
  const struct pair_ends *ends = ctx;
  return ends->server->bytes_received >= 300000;
}

static void pair_with_losses_is_exact(void **state) {
  /* EVIDENCE: RFC 7323 4, 5, RFC 2018 (both ends of one stack) */
  (void)state;
  for (int software = 0; software < 2; software++) {
    struct pair_options options = on;
    options.software = software;
    struct pair *pair = pair_new(&options);
    struct pair_ends ends;
    pair_establish(pair, 1, &ends);
    assert_true(ends.client->ts_ok && ends.server->ts_ok);
    assert_int_equal(ends.client->snd_mss, 1448);
    pair->loss_ppm = 20000;
    pair->reorder_ppm = 20000;
    pair->dup_ppm = 20000;
    uint8_t data[1000];
    tcp_set_rcvbuf(ends.server, 1 << 20);
    for (uint32_t sent = 0; sent < 300000;) {
      for (uint32_t i = 0; i < sizeof(data); i++) {
        data[i] = pair_byte(sent + i);
      }
      ph_stack_set_now(&pair->host[1].stack, pair->now_ns);
      long n = tcp_send(&pair->host[1].stack, ends.client, data,
                        ph_min_u32(sizeof(data), 300000 - sent), false);
      if (n < 0) {
        assert_int_equal(n, -PH_EAGAIN);
        pair_pass(pair, PAIR_MS);
      } else {
        sent += (uint32_t)n;
      }
    }
    uint32_t at = 0;
    assert_true(pair_run(pair, 100 * PAIR_S, done, &ends));
    long n;
    while ((n = tcp_recv(&pair->host[0].stack, ends.server, data, sizeof(data),
                         false)) > 0) {
      for (long i = 0; i < n; i++) {
        assert_int_equal(data[i], pair_byte(at++));
      }
    }
    assert_int_equal(at, 300000);
    tcp_close(&pair->host[1].stack, ends.client, true);
    tcp_close(&pair->host[0].stack, ends.server, true);
    pair_free(pair);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(syn_with_timestamps_is_answered_with_them),
      cmocka_unit_test(syn_without_timestamps_gets_none),
      cmocka_unit_test(timestamps_off_are_not_accepted),
      cmocka_unit_test(active_open_on_request_offers_none),
      cmocka_unit_test(active_open_offers_and_echoes),
      cmocka_unit_test(syn_sent_echo_of_another_time_is_refused),
      cmocka_unit_test(syn_sent_echo_of_any_of_our_syns_will_do),
      cmocka_unit_test(every_segment_has_them_and_a_full_one_is_shorter),
      cmocka_unit_test(reset_of_a_connection_has_them),
      cmocka_unit_test(blocks_beside_timestamps_are_three),
      cmocka_unit_test(delayed_ack_echoes_the_first_segment),
      cmocka_unit_test(
          hole_echoes_the_last_in_order_and_its_filling_the_filler),
      cmocka_unit_test(overlapping_retransmission_updates),
      cmocka_unit_test(segment_with_a_bad_ack_updates_nothing),
      cmocka_unit_test(old_timestamp_is_acked_and_dropped),
      cmocka_unit_test(segment_of_the_last_circle_is_dropped),
      cmocka_unit_test(after_24_days_the_old_one_counts_no_more),
      cmocka_unit_test(reset_with_an_old_timestamp_resets),
      cmocka_unit_test(missing_timestamp_is_dropped_silently),
      cmocka_unit_test(missing_timestamp_is_taken_if_set_so),
      cmocka_unit_test(retransmitted_segment_gives_a_sample),
      cmocka_unit_test(impossible_echo_is_no_sample),
      cmocka_unit_test(retransmitted_syn_ack_gives_a_sample),
      cmocka_unit_test(offsets_differ_by_the_ends_and_stay_for_them),
      cmocka_unit_test(pair_with_losses_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
