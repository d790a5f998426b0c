/* SPDX-License-Identifier: Apache-2.0 */
/* Options on segments of a connection: reading them, whatever they hold, and
 * the room that ours take. */
#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static void send_options(struct peer *p, uint8_t flags, const uint8_t *options,
                         uint32_t len) {
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = p->port,
                       .seq = p->seq,
                       .ack = p->ack,
                       .flags = flags,
                       .wnd = p->wnd,
                       .options = options,
                       .options_len = len,
                       .data = "x",
                       .len = 1};
  pair_inject(p->pair, &tx);
  p->seq++;
}

static uint32_t next_random(uint32_t *rng) {
  *rng = *rng * 1664525u + 1013904223u;
  return *rng >> 8;
}

/* The way without a loop and the parser agree, on each of its bytes. */
static void aligned_timestamps_are_read_like_any(void **state) {
  /* EVIDENCE: RFC 7323 appendix A (the layout), RFC 9293 3.1 MUST-6 */
  (void)state;
  const uint8_t aligned[12] = {1, 1, 8, 10, 0xff, 1, 2, 3, 4, 5, 6, 7};
  for (uint32_t bit = 0; bit <= 96; bit++) {
    uint8_t header[TCP_HEADER_LEN + 12] = {0};
    struct tcp_options fast, slow;
    memcpy(header + TCP_HEADER_LEN, aligned, sizeof(aligned));
    if (bit < 96) {
      header[TCP_HEADER_LEN + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    tcp_options_read(header, sizeof(header), &fast);
    tcp_parse_options(header + TCP_HEADER_LEN, 12, &slow);
    assert_int_equal(fast.has_timestamps, slow.has_timestamps);
    assert_int_equal(fast.has_timestamps, bit >= 32);
    if (fast.has_timestamps) {
      assert_int_equal(fast.ts_val, slow.ts_val);
      assert_int_equal(fast.ts_ecr, slow.ts_ecr);
    }
    assert_int_equal(fast.sack_count, slow.sack_count);
    assert_false(fast.has_mss || fast.has_wscale || fast.sack_permitted);
  }
}

/* The way by words and the way by options write and read the same, with each
 * bit another. */
static void usual_syn_options_are_read_like_any(void **state) {
  /* EVIDENCE: RFC 9293 3.7.1 (MSS), RFC 2018 2, RFC 7323 2.2 (the formats) */
  (void)state;
  const struct tcp_options said = {.has_mss = true,
                                   .has_wscale = true,
                                   .sack_permitted = true,
                                   .mss = 1460,
                                   .wscale = 8};
  uint8_t usual[TCP_MAX_OPTIONS_LEN], words[TCP_SYN_OPTIONS_LEN];
  assert_int_equal(tcp_build_options(usual, &said), sizeof(words));
  tcp_put_syn_options(words, said.mss, said.wscale);
  assert_memory_equal(usual, words, sizeof(words));
  uint32_t by_words = 0;
  for (uint32_t bit = 0; bit <= 8 * sizeof(words); bit++) {
    uint8_t header[TCP_HEADER_LEN + sizeof(words)] = {0};
    struct tcp_options fast, slow;
    uint8_t *options = header + TCP_HEADER_LEN;
    memcpy(options, words, sizeof(words));
    if (bit < 8 * sizeof(words)) {
      options[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    by_words += tcp_get_syn_options(options, sizeof(words), &fast);
    tcp_options_read(header, sizeof(header), &fast);
    tcp_parse_options(options, sizeof(words), &slow);
    assert_int_equal(fast.has_mss, slow.has_mss);
    assert_int_equal(fast.has_wscale, slow.has_wscale);
    assert_int_equal(fast.sack_permitted, slow.sack_permitted);
    assert_int_equal(fast.has_timestamps, slow.has_timestamps);
    assert_int_equal(fast.sack_count, slow.sack_count);
    if (fast.has_mss) {
      assert_int_equal(fast.mss, slow.mss);
    }
    if (fast.has_wscale) {
      assert_int_equal(fast.wscale, slow.wscale);
    }
  }
  assert_int_equal(by_words, 16 + 8 + 1); /* another MSS or scale, or as is */
}

static void no_options_are_read_as_none(void **state) {
  /* EVIDENCE: RFC 9293 3.1 */
  (void)state;
  uint8_t header[TCP_HEADER_LEN] = {0};
  struct tcp_options o;
  memset(&o, 0xff, sizeof(o));
  tcp_options_read(header, sizeof(header), &o);
  assert_int_equal(o.sack_count, 0);
  assert_false(o.has_timestamps || o.has_mss || o.has_wscale ||
               o.sack_permitted);
}

/* Each kind, each length, in each place of the 40 bytes: the segment's octet
 * is taken, the connection goes on. */
static void established_any_option_is_survived(void **state) {
  /* EVIDENCE: RFC 9293 3.1 MUST-5, MUST-6, MUST-7 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  for (uint32_t kind = 0; kind < 256; kind += kind < 10 ? 1 : 35) {
    for (uint32_t len = 0; len <= 41; len++) {
      for (uint32_t at = 0; at < 40; at += 13) {
        uint8_t options[40];
        memset(options, at % 2 ? 1 : 0x55, sizeof(options));
        memset(options, 1, at);
        options[at] = (uint8_t)kind;
        options[at + (at < 39)] = (uint8_t)len;
        send_options(&p, TCP_ACK, options, 40);
        assert_int_equal(p.conn->rcv_nxt, p.seq);
      }
    }
  }
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(p.conn->snd_wscale, 0);
  assert_int_equal(p.conn->snd_mss, PEER_MSS);
  peer_free(&p);
}

static void established_random_options_are_survived(void **state) {
  /* EVIDENCE: RFC 9293 3.1 MUST-7 */
  (void)state;
  struct peer p;
  uint32_t rng = 3;
  peer_passive_with(&p, NULL, PEER_SACK);
  assert_int_equal(peer_app_send(&p, 5000), 5000);
  for (uint32_t i = 0; i < 4000; i++) {
    uint8_t options[40];
    uint32_t len = next_random(&rng) % 11 * 4;
    for (uint32_t b = 0; b < len; b++) {
      options[b] =
          (uint8_t)(next_random(&rng) % (next_random(&rng) % 2 ? 12 : 256));
    }
    send_options(&p, TCP_ACK, options, len);
    assert_int_equal(p.conn->rcv_nxt, p.seq);
    tcp_check_invariants(p.stack);
  }
  peer_free(&p);
}

/* MSS, window scale and SACK-permitted count in a SYN only. */
static void established_syn_options_change_nothing(void **state) {
  /* EVIDENCE: RFC 7323 2.2d; RFC 2018 2; RFC 9293 3.7.1 (only in SYN) */
  (void)state;
  struct peer p;
  const uint8_t options[] = {2, 4, 0, 100, 4, 2, 1, 3, 3, 7, 1, 1};
  peer_passive(&p, NULL);
  send_options(&p, TCP_ACK, options, sizeof(options));
  assert_int_equal(p.conn->snd_mss, PEER_MSS);
  assert_int_equal(p.conn->snd_wscale, 0);
  assert_false(p.conn->sack_ok);
  peer_free(&p);
}

static void syn_with_mss(uint16_t mss, uint32_t expected) {
  struct peer p;
  const uint8_t options[] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss};
  peer_listen(&p, NULL);
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = OUR_PORT,
                       .seq = (uint32_t)PAIR_ISS,
                       .flags = TCP_SYN,
                       .wnd = PEER_WND,
                       .options = options,
                       .options_len = 4};
  pair_inject(p.pair, &tx);
  pair_pass(p.pair, PAIR_MS);
  p.seq = first;
  peer_ack(&p, first);
  p.conn = tcp_accept(p.stack, p.listener);
  assert_non_null(p.conn);
  assert_int_equal(p.conn->snd_mss, expected);
  tcp_set_owner(p.conn, &p.owner);
  peer_free(&p);
}

static void syn_mss_at_its_edges(void **state) {
  /* EVIDENCE: RFC 9293 MUST-14, MUST-16, 3.7.1; RFC 6691 2 */
  (void)state;
  syn_with_mss(0, TCP_MSS_MIN);
  syn_with_mss(1, TCP_MSS_MIN);
  syn_with_mss(47, TCP_MSS_MIN);
  syn_with_mss(1460, 1460);
  syn_with_mss(65535, 1460); /* the path's */
}

static const uint8_t whole[][34] = {
    {2, 4, 5, 180},
    {3, 3, 7},
    {4, 2},
    {5, 10, 0, 0, 0, 1, 0, 0, 0, 9},
    {5, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 20, 0, 0, 0, 30},
    {8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
};

static uint32_t found(const struct tcp_options *o) {
  return (uint32_t)(o->has_mss + o->has_wscale + o->sack_permitted +
                    o->has_timestamps) +
         o->sack_count;
}

static void option_cut_at_each_byte_is_none(void **state) {
  /* EVIDENCE: RFC 9293 3.1 MUST-7; AMNESIA:33 (options past the header) */
  (void)state;
  for (size_t i = 0; i < PH_ARRAY_LEN(whole); i++) {
    for (uint32_t nops = 0; nops < 4; nops++) {
      for (uint32_t len = 0; len <= whole[i][1]; len++) {
        struct tcp_options o;
        uint8_t *end = malloc(nops + len + !(nops + len)); /* and no more */
        memset(end, TCP_OPT_NOP, nops);
        memcpy(end + nops, whole[i], len);
        tcp_parse_options(end, nops + len, &o);
        uint32_t all = whole[i][0] == 5 ? whole[i][1] / 8u : 1;
        assert_int_equal(found(&o), len == whole[i][1] ? all : 0);
        free(end);
      }
    }
  }
}

/* Of two of a kind the first counts, whatever stands between them. */
static void option_given_twice_counts_once(void **state) {
  /* EVIDENCE: stack/wire/tcp_wire.h (of two options the first counts) */
  (void)state;
  for (size_t i = 0; i < PH_ARRAY_LEN(whole); i++) {
    uint32_t len = whole[i][1];
    uint8_t bytes[80];
    struct tcp_options once, twice;
    memcpy(bytes, whole[i], len);
    tcp_parse_options(bytes, len, &once);
    bytes[len] = TCP_OPT_NOP;
    memcpy(bytes + len + 1, whole[i], len);
    for (uint32_t b = 2; b < len; b++) {
      bytes[len + 1 + b] ^= 0x55;
    }
    tcp_parse_options(bytes, 2 * len + 1, &twice);
    assert_int_equal(found(&twice), found(&once));
    assert_true(!once.has_mss || twice.mss == once.mss);
    assert_true(!once.has_wscale || twice.wscale == once.wscale);
    assert_true(!once.has_timestamps ||
                (twice.ts_val == once.ts_val && twice.ts_ecr == once.ts_ecr));
    for (uint32_t n = 0; n < once.sack_count; n++) {
      assert_int_equal(twice.sack[n].left, once.sack[n].left);
      assert_int_equal(twice.sack[n].right, once.sack[n].right);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aligned_timestamps_are_read_like_any),
      cmocka_unit_test(usual_syn_options_are_read_like_any),
      cmocka_unit_test(no_options_are_read_as_none),
      cmocka_unit_test(established_any_option_is_survived),
      cmocka_unit_test(established_random_options_are_survived),
      cmocka_unit_test(established_syn_options_change_nothing),
      cmocka_unit_test(syn_mss_at_its_edges),
      cmocka_unit_test(option_cut_at_each_byte_is_none),
      cmocka_unit_test(option_given_twice_counts_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
