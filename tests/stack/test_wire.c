/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums and TCP options against slow and obvious models. */
#include "tests/stack/lower.h"

#include "stack/base/hash.h"

static uint16_t model_sum(const uint8_t *p, uint32_t len, uint32_t sum) {
  for (uint32_t i = 0; i < len; i++) {
    sum += (i & 1) ? p[i] : (uint32_t)p[i] << 8;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)sum;
}

static void csum_every_length_and_alignment_equals_model(void **state) {
  /* EVIDENCE: RFC 1071 1, 4.1 */
  (void)state;
  uint8_t data[400];
  for (uint32_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 197 + (i >> 3) * 31);
  }
  for (int ones = 0; ones < 2; ones++) {
    for (uint32_t from = 0; from < 16; from++) {
      for (uint32_t len = 0; len < 300; len++) {
        assert_int_equal(csum_data(data + from, len, 0x1234),
                         model_sum(data + from, len, 0x1234));
      }
    }
    memset(data, 0xff, sizeof(data)); /* carries everywhere */
  }
}

static void csum_ipv4_header_is_good_if_model_says_so(void **state) {
  /* EVIDENCE: RFC 1071 1 */
  (void)state;
  uint32_t good = 0;
  uint8_t h[20];
  for (uint32_t round = 0; round < 4000; round++) {
    for (uint32_t i = 0; i < sizeof(h); i++) {
      h[i] = round & 1 ? 0xff : (uint8_t)(round * 31 + i * (round >> 3));
    }
    h[0] = 0x45;
    put_be16(h + 10, 0);
    uint16_t right = (uint16_t)~model_sum(h, sizeof(h), 0);
    for (int off = -2; off <= 2; off++) {
      put_be16(h + 10, (uint16_t)(right + off));
      bool model = model_sum(h, sizeof(h), 0) == 0xffff;
      assert_int_equal(csum_ipv4_header_good(h), model);
      good += model;
    }
  }
  assert_true(good >= 4000 && good < 3 * 4000);
}

static void csum_packet_split_at_every_byte_equals_whole(void **state) {
  /* EVIDENCE: RFC 1071 2 (B): odd pieces are swapped */
  (void)state;
  struct lower *host = lower_new(NULL);
  uint8_t data[97];
  for (uint32_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 89 + 3);
  }
  for (uint32_t a = 0; a <= sizeof(data); a++) {
    for (uint32_t b = a; b <= sizeof(data); b += 5) {
      struct pkt *pkt = pkt_get(&host->stack.pkts, 0);
      struct ph_block *block = ph_block_get(&host->stack.blocks);
      memcpy(pkt->head, data, a);
      pkt->head_len = pkt->len = a;
      memcpy(block->data, data, sizeof(data));
      assert_true(pkt_add_frag(pkt, block, block->data + a, b - a));
      assert_true(pkt_add_frag(pkt, block, block->data + b,
                               (uint32_t)sizeof(data) - b));
      ph_block_put(block);
      for (uint32_t from = 0; from < sizeof(data); from += 11) {
        assert_int_equal(
            csum_pkt(pkt, from, 7),
            model_sum(data + from, (uint32_t)sizeof(data) - from, 7));
      }
      pkt_put(pkt);
    }
  }
  lower_free(host);
}

static void tcp_options_built_are_parsed_back(void **state) {
  /* EVIDENCE: RFC 9293 MUST-68, 3.1; RFC 7323 2.2, 3.2; RFC 2018 2, 3 */
  (void)state;
  for (int mask = 0; mask < 16; mask++) {
    for (uint8_t blocks = 0; blocks <= 4; blocks++) {
      struct tcp_options in = {.has_mss = mask & 1,
                               .mss = 1460,
                               .has_wscale = (mask & 2) != 0,
                               .wscale = 8,
                               .sack_permitted = (mask & 4) != 0,
                               .has_timestamps = (mask & 8) != 0,
                               .ts_val = 0xdeadbeef,
                               .ts_ecr = 1,
                               .sack_count = blocks};
      for (uint32_t i = 0; i < 4; i++) {
        in.sack[i] = (struct tcp_sack_block){i * 10, i * 10 + 5};
      }
      uint8_t bytes[40];
      uint32_t len = tcp_build_options(bytes, &in);
      struct tcp_options out;
      assert_true(len <= 40 && len % 4 == 0);
      tcp_parse_options(bytes, len, &out);
      assert_int_equal(out.has_mss, in.has_mss);
      assert_int_equal(out.has_wscale, in.has_wscale);
      assert_int_equal(out.sack_permitted, in.sack_permitted);
      assert_int_equal(out.has_timestamps, in.has_timestamps);
      assert_true(out.sack_count <= blocks);
      assert_true(out.sack_count == blocks || len > 40 - 8);
      for (uint32_t i = 0; i < out.sack_count; i++) {
        assert_int_equal(out.sack[i].left, in.sack[i].left);
        assert_int_equal(out.sack[i].right, in.sack[i].right);
      }
    }
  }
}

static void tcp_syn_options_in_the_order_of_freebsd(void **state) {
  /* EVIDENCE: RFC 9293 MUST-69; RFC 9293 3.1 (options begin anywhere, END fills
   * the word) */
  (void)state;
  struct tcp_options o = {.has_mss = true,
                          .mss = 1460,
                          .has_wscale = true,
                          .wscale = 6,
                          .sack_permitted = true,
                          .has_timestamps = true,
                          .ts_val = 100,
                          .bsd_order = true};
  uint8_t bytes[40];
  assert_int_equal(tcp_build_options(bytes, &o), 20);
  assert_memory_equal(bytes, ((uint8_t[]){2, 4,  5, 180, 1, 3,   3, 6, 4, 2,
                                          8, 10, 0, 0,   0, 100, 0, 0, 0, 0}),
                      20);
  o.has_timestamps = false;
  assert_int_equal(tcp_build_options(bytes, &o), 12);
  assert_memory_equal(bytes + 8, ((uint8_t[]){4, 2, 0, 0}), 4);
}

static void tcp_options_every_kind_length_and_end_stay_inside(void **state) {
  /* EVIDENCE: RFC 9293 3.1 (MUST-7): a bad length is survived */
  (void)state;
  for (int kind = 0; kind < 256; kind++) {
    for (int len = 0; len < 256; len++) {
      for (uint32_t have = 1; have <= 40; have += have < 12 ? 1 : 7) {
        uint8_t *exact = malloc(have); /* ASan sees a byte too far */
        memset(exact, TCP_OPT_NOP, have);
        exact[0] = (uint8_t)kind;
        if (have > 1) {
          exact[1] = (uint8_t)len;
        }
        struct tcp_options out;
        tcp_parse_options(exact, have, &out);
        if (kind == TCP_OPT_MSS) {
          assert_int_equal(out.has_mss, len == 4 && have >= 4);
        }
        assert_true(out.sack_count <= 4);
        free(exact);
      }
    }
  }
}

static void siphash24_reference_vectors_match(void **state) {
  /* EVIDENCE: Aumasson, Bernstein 2012, appendix A */
  (void)state;
  struct ph_hash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  uint64_t words[] = {0x0706050403020100u,
                      ph_siphash24_last(0x0e0d0c0b0a0908u, 15)};
  assert_true(ph_siphash24(&key, words, 2) == 0xa129ca6149be45e5u);
  words[0] = ph_siphash24_last(0, 0);
  assert_true(ph_siphash24(&key, words, 1) == 0x726fdb47dd0e0e31u);
}

static uint64_t ends_hash(uint64_t k0, struct ph_addr local, uint16_t port,
                          struct ph_addr remote, uint32_t domain,
                          uint32_t word) {
  struct ph_hash_key key = {k0, 0};
  return ph_siphash24_ends(&key, &local, port, &remote, 80,
                           (struct ph_hash_use){domain, word});
}

static void siphash24_of_ends_differs_with_all_of_them(void **state) {
  /* EVIDENCE: RFC 6528 3 */
  (void)state;
  const struct ph_addr a = ph_addr_v4(0x0a000001), b = ph_addr_v4(0x0a000002);
  const struct ph_addr long_a = {{0xfe, 0x80, [15] = 1}};
  const struct ph_addr compat_a = {{[12] = 10, [15] = 1}};
  const uint64_t hash[] = {
      ends_hash(0, a, 1, b, 0, 0),        ends_hash(0, b, 1, a, 0, 0),
      ends_hash(0, a, 2, b, 0, 0),        ends_hash(1, a, 1, b, 0, 0),
      ends_hash(0, a, 1, b, 1, 0),        ends_hash(0, a, 1, b, 1, 1),
      ends_hash(0, a, 1, b, 2, 0),        ends_hash(0, a, 1, a, 0, 0),
      ends_hash(0, long_a, 1, b, 0, 0),   ends_hash(0, b, 1, long_a, 0, 0),
      ends_hash(0, compat_a, 1, b, 0, 0), ends_hash(0, compat_a, 1, b, 1, 0),
  };
  for (size_t i = 0; i < PH_ARRAY_LEN(hash); i++) {
    for (size_t j = 0; j < i; j++) {
      assert_true(hash[i] != hash[j]);
      assert_true((uint32_t)hash[i] != (uint32_t)hash[j]);
    }
  }
}

static void siphash24_of_ends_is_siphash24_of_their_bytes(void **state) {
  (void)state;
  struct ph_hash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  struct ph_addr local = ph_addr_v4(0x07060504),
                 remote = ph_addr_v4(0x03020100);
  const uint64_t words[] = {0x0706050403020100u,
                            ph_siphash24_last(0x0b0a0908u, 12)};
  assert_true(ph_siphash24_ends(&key, &local, 0x0b0a, &remote, 0x0908,
                                (struct ph_hash_use){0}) ==
              ph_siphash24(&key, words, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csum_every_length_and_alignment_equals_model),
      cmocka_unit_test(csum_ipv4_header_is_good_if_model_says_so),
      cmocka_unit_test(csum_packet_split_at_every_byte_equals_whole),
      cmocka_unit_test(tcp_options_built_are_parsed_back),
      cmocka_unit_test(tcp_syn_options_in_the_order_of_freebsd),
      cmocka_unit_test(tcp_options_every_kind_length_and_end_stay_inside),
      cmocka_unit_test(siphash24_reference_vectors_match),
      cmocka_unit_test(siphash24_of_ends_differs_with_all_of_them),
      cmocka_unit_test(siphash24_of_ends_is_siphash24_of_their_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
