/* SPDX-License-Identifier: Apache-2.0 */
/* Extension headers against a hostile wire: RFC 8200 4. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

/* It is dropped and counted, and a Parameter Problem points at `pointer`. */
static void problem(struct lower *host, uint8_t code, uint32_t pointer) {
  uint8_t sent[1500];
  uint32_t len = 40u + get_be16(LOWER6_IP(host) + IPV6_OFF_LEN);
  memcpy(sent, LOWER6_IP(host), len);
  uint64_t before = lower6_drops(host);
  uint32_t count = host->count;
  lower6_receive(host);
  assert_int_equal(lower6_drops(host), before + 1);
  assert_int_equal(host->count, count + 1);
  const uint8_t *m = lower6_icmp(host, 1);
  assert_int_equal(m[0], ICMP6_PARAMETER);
  assert_int_equal(m[1], code);
  assert_int_equal(get_be32(m + 4), pointer);
  assert_memory_equal(m + 8, sent, len < 1232 ? len : 1232);
}

/* A chain of `count` destination options headers of 8 bytes, then an echo
 * request; the first is `first`. */
static void chain(struct lower *host, uint8_t first, uint32_t count) {
  uint8_t *p =
      lower6_ip(host, count ? first : (uint8_t)IPV6_NEXT_ICMP, 8 * count + 12);
  for (uint32_t i = 0; i < count; i++, p += 8) {
    p[0] = i + 1 < count ? IPV6_NEXT_DESTINATION : IPV6_NEXT_ICMP;
    p[2] = IPV6_OPT_PADN;
    p[3] = 4;
  }
  p[0] = ICMP6_ECHO;
  lower6_sum(host, 8 * count);
}

static void extension_headers_are_walked(void **state) {
  /* EVIDENCE: RFC 8200 4.1, 4.3, 4.6; RFC 8200 4a, 4e */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t count = 0; count <= IPV6_MAX_HEADERS; count++) {
    uint32_t sent = host->count;
    chain(host, IPV6_NEXT_HOP_BY_HOP, count);
    lower6_receive(host);
    assert_int_equal(host->count, sent + 1);
    assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_ECHO_REPLY);
  }
  lower_free(host);
}

static void extension_headers_beyond_a_bound_are_dropped(void **state) {
  /* EVIDENCE: RFC 8504 5.3 (a host may limit them) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  chain(host, IPV6_NEXT_DESTINATION, 17);
  lower6_expect_drop(host);
  chain(host, IPV6_NEXT_DESTINATION, 100);
  lower6_expect_drop(host);
  lower_free(host);
}

static void extension_header_lengths_that_lie_are_dropped(void **state) {
  /* EVIDENCE: RFC 8200 4.2 (Hdr Ext Len) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  static const uint8_t kinds[] = {IPV6_NEXT_HOP_BY_HOP, IPV6_NEXT_DESTINATION,
                                  IPV6_NEXT_ROUTING};
  for (size_t k = 0; k < PH_ARRAY_LEN(kinds); k++) {
    for (uint32_t len = 2; len < 256; len++) { /* of 8: past the end */
      chain(host, kinds[k], 1);
      host->scratch[55] = (uint8_t)len;
      lower6_expect_drop(host);
    }
    for (uint32_t have = 0; have < 8; have++) { /* cut inside the header */
      chain(host, kinds[k], 1);
      put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)have);
      lower6_expect_drop(host);
    }
  }
  lower_free(host);
}

static void option_lengths_that_lie_are_problems(void **state) {
  /* EVIDENCE: RFC 8200 4.2; RFC 4443 3.4a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t len = 5; len < 256; len++) {
    lower6_pass(host, 2 * LOWER6_MS);
    chain(host, IPV6_NEXT_DESTINATION, 1);
    host->scratch[57] = (uint8_t)len;
    problem(host, ICMP6_PARAM_FIELD, 42);
  }
  chain(host, IPV6_NEXT_DESTINATION, 1); /* a type without a length */
  memset(host->scratch + 56, 0, 5);
  host->scratch[61] = IPV6_OPT_PADN;
  problem(host, ICMP6_PARAM_FIELD, 47);
  lower_free(host);
}

static void hop_by_hop_not_first_is_a_problem(void **state) {
  /* EVIDENCE: RFC 8200 4.1 (hop-by-hop only right behind the IPv6 header); RFC
   * 8200 4c */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  chain(host, IPV6_NEXT_DESTINATION, 2);
  host->scratch[54] = IPV6_NEXT_HOP_BY_HOP;
  problem(host, ICMP6_PARAM_NEXT, 40);
  lower_free(host);
}

static void unknown_options_are_treated_as_their_bits_say(void **state) {
  /* EVIDENCE: RFC 8200 4.2 (action bits), RFC 4443 2.4 (e.3); RFC 4443 2.4e;
   * RFC 8200 4d */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (int group = 0; group < 2; group++) {
    for (uint32_t action = 0; action < 4; action++) {
      lower6_pass(host, 10 * LOWER6_MS);
      uint64_t before = lower6_drops(host);
      uint32_t count = host->count;
      chain(host, IPV6_NEXT_DESTINATION, 1);
      host->scratch[56] = (uint8_t)(action << 6 | 0x1e);
      if (group) {
        lower6_set_dst(host, &ipv6_all_nodes);
        lower6_sum(host, 8);
      }
      lower6_receive(host);
      bool answered = action == 0 || action == 2 || (action == 3 && !group);
      assert_int_equal(host->count, count + answered);
      assert_int_equal(lower6_drops(host), before + (action > 0));
      if (answered && action > 0) {
        const uint8_t *m = lower6_icmp(host, 1);
        assert_int_equal(m[0], ICMP6_PARAMETER);
        assert_int_equal(m[1], ICMP6_PARAM_OPTION);
        assert_int_equal(get_be32(m + 4), 42);
      }
    }
  }
  lower_free(host);
}

static void routing_headers_are_not_followed(void **state) {
  /* EVIDENCE: RFC 8200 4.4, RFC 5095 3 (type 0); RFC 8200 4f */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t type = 0; type < 256; type += 51) {
    lower6_pass(host, 10 * LOWER6_MS);
    chain(host, IPV6_NEXT_ROUTING, 1);
    host->scratch[56] = (uint8_t)type;
    host->scratch[57] = 1; /* segments left */
    problem(host, ICMP6_PARAM_FIELD, 42);
    chain(host, IPV6_NEXT_ROUTING, 1);
    host->scratch[56] = (uint8_t)type;
    host->scratch[57] = 0;
    uint32_t count = host->count;
    lower6_receive(host);
    assert_int_equal(host->count, count + 1);
    assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_ECHO_REPLY);
  }
  lower_free(host);
}

static void unknown_next_header_is_a_problem(void **state) {
  /* EVIDENCE: RFC 8200 4 (unrecognized Next Header), RFC 4443 3.4; RFC 4443
   * 3.4a; RFC 8200 4b, 4l */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  static const uint8_t unknown[] = {1 /* ICMP of IPv4 */, 50, 51, 99, 253};
  for (size_t i = 0; i < sizeof(unknown); i++) {
    lower6_ip(host, unknown[i], 16);
    problem(host, ICMP6_PARAM_NEXT, IPV6_OFF_NEXT);
  }
  chain(host, IPV6_NEXT_DESTINATION, 2);
  host->scratch[62] = 99;
  problem(host, ICMP6_PARAM_NEXT, 48);
  lower6_ip(host, IPV6_NEXT_NONE, 16);
  lower6_expect_drop(host);
  lower_free(host);
}

/* An echo request in a fragment with this offset and flag field. */
static void fragment(struct lower *host, uint16_t field, uint32_t data) {
  uint8_t *p = lower6_ip(host, IPV6_NEXT_FRAGMENT, 16 + data);
  p[0] = IPV6_NEXT_ICMP;
  put_be16(p + 2, field);
  put_be32(p + 4, 77);
  p[8] = ICMP6_ECHO;
  lower6_sum(host, 8);
}

static void atomic_fragments_are_whole_packets(void **state) {
  /* EVIDENCE: RFC 8200 4.5, RFC 6946 4; RFC 8200 4j */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  uint32_t count = host->count;
  fragment(host, 0, 4);
  lower6_receive(host);
  assert_int_equal(host->count, count + 1);
  assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_ECHO_REPLY);
  fragment(host, 6, 4); /* reserved bits are ignored */
  lower6_receive(host);
  assert_int_equal(host->count, count + 2);
  lower_free(host);
}

static void fragments_are_checked_and_handed_on(void **state) {
  /* EVIDENCE: RFC 8200 4.5 (length, offset, first fragment), RFC 7112 5; RFC
   * 8200 4g, 4h, 4i */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  fragment(host, 8, 8);
  lower6_expect_drop(host); /* nobody builds them */
  assert_int_equal(ph_ip_reassembly_init(&host->stack, NULL), 0);
  fragment(host, 8 | IPV6_FRAG_MORE, 8);
  lower6_receive(host);
  assert_int_equal(host->stack.stats.Ip6ReasmReqds, 1);
  fragment(host, IPV6_FRAG_MORE, 7); /* not a multiple of 8 */
  problem(host, ICMP6_PARAM_FIELD, IPV6_OFF_LEN);
  fragment(host, 0xfff8, 8); /* beyond 65535 */
  problem(host, ICMP6_PARAM_FIELD, 42);
  fragment(host, IPV6_FRAG_MORE, 0);
  host->scratch[54] = IPV6_NEXT_DESTINATION; /* the chain goes on elsewhere */
  host->scratch[63] = 40;
  problem(host, ICMP6_PARAM_FIRST_FRAGMENT, 0);
  assert_int_equal(host->stack.stats.Ip6ReasmReqds, 1);
  lower6_pass(host, 60 * LOWER6_S);
  lower_free(host);
}

static void errors_are_never_about_errors_or_groups(void **state) {
  /* EVIDENCE: RFC 4443 2.4 (e); RFC 4443 2.4e */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  /* An error that is not delivered: destination options with an unknown option
   * in front of an ICMPv6 error, and of a redirect. */
  for (int redirect = 0; redirect < 2; redirect++) {
    chain(host, IPV6_NEXT_DESTINATION, 1);
    host->scratch[56] = 0x9e;
    host->scratch[62] = redirect ? ICMP6_REDIRECT : ICMP6_UNREACHABLE;
    lower6_expect_drop(host);
  }
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8); /* to a group: no port there */
  u[1] = u[3] = 9;
  u[5] = 8;
  lower6_set_dst(host, &ipv6_all_nodes);
  put_be16(u + 6, (uint16_t)~csum_data(
                      u, 8, csum_data(LOWER6_IP(host) + 8, 32, 17 + 8)));
  lower6_expect_drop(host);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extension_headers_are_walked),
      cmocka_unit_test(extension_headers_beyond_a_bound_are_dropped),
      cmocka_unit_test(extension_header_lengths_that_lie_are_dropped),
      cmocka_unit_test(option_lengths_that_lie_are_problems),
      cmocka_unit_test(hop_by_hop_not_first_is_a_problem),
      cmocka_unit_test(unknown_options_are_treated_as_their_bits_say),
      cmocka_unit_test(routing_headers_are_not_followed),
      cmocka_unit_test(unknown_next_header_is_a_problem),
      cmocka_unit_test(atomic_fragments_are_whole_packets),
      cmocka_unit_test(fragments_are_checked_and_handed_on),
      cmocka_unit_test(errors_are_never_about_errors_or_groups),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
