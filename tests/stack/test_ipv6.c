/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 input and ICMPv6 against a hostile wire; extension headers. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

static uint64_t drops(const struct lower *host) {
  const struct ph_stats *s = &host->stack.stats;
  return s->EthInErrors + s->Ip6InHdrErrors + s->Ip6InAddrErrors +
         s->Ip6InTruncatedPkts + s->Ip6InUnknownProtos + s->Ip6InDiscards +
         s->Ip6ReasmFails + s->Icmp6InErrors + s->NdInErrors + s->UdpInErrors +
         s->UdpNoPorts;
}

/* It is dropped, counted once, and nobody answers. */
static void expect_drop(struct lower *host) {
  uint64_t before = drops(host);
  uint32_t count = host->count;
  lower6_receive(host);
  assert_int_equal(drops(host), before + 1);
  assert_int_equal(host->count, count);
}

/* It is dropped and counted, and a Parameter Problem points at `pointer`. */
static void problem(struct lower *host, uint8_t code, uint32_t pointer) {
  uint8_t sent[1500];
  uint32_t len = 40u + get_be16(LOWER6_IP(host) + IPV6_OFF_LEN);
  memcpy(sent, LOWER6_IP(host), len);
  uint64_t before = drops(host);
  uint32_t count = host->count;
  lower6_receive(host);
  assert_int_equal(drops(host), before + 1);
  assert_int_equal(host->count, count + 1);
  const uint8_t *m = lower6_icmp(host, 1);
  assert_int_equal(m[0], ICMP6_PARAMETER);
  assert_int_equal(m[1], code);
  assert_int_equal(get_be32(m + 4), pointer);
  assert_memory_equal(m + 8, sent, len < 1232 ? len : 1232);
}

static void ipv6_echo_request_is_answered_with_its_data(void **state) {
  /* EVIDENCE: RFC 4443 4.1, 4.2 (echo reply) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t len = 0; len < 1440; len += 53) {
    lower6_echo(host, len);
    lower6_receive(host);
    const uint8_t *m = lower6_icmp(host, 1);
    assert_memory_equal(lower6_frame(host, 1), LOWER_PEER_MAC, 6);
    assert_int_equal(m[0], ICMP6_ECHO_REPLY);
    assert_memory_equal(m + 4, host->scratch + 58, 4 + len);
    assert_memory_equal(m - 16, lower6_peer.bytes, 16);
    assert_memory_equal(m - 32, lower6_host.bytes, 16);
    assert_int_equal(m[-33], 64); /* hop limit */
  }
  lower_free(host);
}

static void ipv6_every_truncation_is_dropped_and_counted(void **state) {
  /* EVIDENCE: RFC 8200 3 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  lower6_echo(host, 20);
  uint32_t sent = host->count;
  for (uint32_t len = 0; len < 82; len++) {
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, len);
    assert_int_equal(drops(host), before + 1);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void ipv6_payload_length_lies_are_dropped(void **state) {
  /* EVIDENCE: RFC 8200 3 (payload length) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t len = 0; len < 65536; len++) {
    lower6_echo(host, 20);
    if (len == 28) {
      continue;
    }
    put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, 82);
    assert_int_equal(drops(host), before + 1);
  }
  /* Padding behind what the length says is cut. */
  lower6_echo(host, 20);
  uint32_t count = host->count;
  lower_receive(host, host->scratch, 90);
  assert_int_equal(host->count, count + 1);
  lower_free(host);
}

static void ipv6_wrong_version_is_dropped(void **state) {
  /* EVIDENCE: RFC 8200 3 (version) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  for (uint32_t version = 0; version < 16; version++) {
    lower6_echo(host, 4);
    LOWER6_IP(host)[0] = (uint8_t)(version << 4);
    if (version != 6) {
      expect_drop(host);
    }
  }
  lower_free(host);
}

static void ipv6_impossible_addresses_are_dropped(void **state) {
  /* EVIDENCE: RFC 4291 2.5.2, 2.5.3, 2.7; RFC 8200 3 */
  (void)state;
  static const struct ph_addr sources[] = {
      {{0xff, 2, [15] = 1}},                     /* a group */
      {{[15] = 1}},                              /* ::1 */
      {{[10] = 0xff, [11] = 0xff, 10, 0, 0, 2}}, /* mapped */
      {{0xfe, 0x80, 0, 1, [15] = 2}},            /* with a zone on the wire */
  };
  static const struct ph_addr destinations[] = {
      {{[15] = 1}},
      {{0}},
      {{[10] = 0xff, [11] = 0xff, 10, 0, 0, 1}},
      {{0x20, 1, 0xd, 0xb8, [15] = 9}}, /* another host's */
      {{0xff, 2, [15] = 0x77}},         /* a group that nobody joined */
  };
  struct lower *host = lower6_new(NULL);
  for (size_t i = 0; i < PH_ARRAY_LEN(sources); i++) {
    lower6_echo(host, 4);
    lower6_set_src(host, &sources[i]);
    lower6_sum(host, 0);
    expect_drop(host);
  }
  for (size_t i = 0; i < PH_ARRAY_LEN(destinations); i++) {
    lower6_echo(host, 4);
    lower6_set_dst(host, &destinations[i]);
    lower6_sum(host, 0);
    expect_drop(host);
  }
  lower6_echo(host, 4); /* unicast inside a group's frame */
  put_be16(host->scratch, 0x3333);
  expect_drop(host);
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8); /* from ourselves (LAND) */
  u[1] = u[3] = 9;
  u[5] = 8;
  lower6_set_src(host, &lower6_host);
  expect_drop(host);
  lower_free(host);
}

static void icmpv6_bad_checksums_are_dropped(void **state) {
  /* EVIDENCE: RFC 4443 2.3 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  for (uint32_t bit = 0; bit < 16; bit++) {
    uint8_t *m = lower6_echo(host, 9);
    m[2 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    expect_drop(host);
  }
  assert_int_equal(host->stack.stats.Icmp6InCsumErrors, 16);
  lower_free(host);
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
  /* EVIDENCE: RFC 8200 4.1, 4.3, 4.6 */
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
  expect_drop(host);
  chain(host, IPV6_NEXT_DESTINATION, 100);
  expect_drop(host);
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
      expect_drop(host);
    }
    for (uint32_t have = 0; have < 8; have++) { /* cut inside the header */
      chain(host, kinds[k], 1);
      put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)have);
      expect_drop(host);
    }
  }
  lower_free(host);
}

static void option_lengths_that_lie_are_problems(void **state) {
  /* EVIDENCE: RFC 8200 4.2 */
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
  /* EVIDENCE: RFC 8200 4.1 (hop-by-hop only right behind the IPv6 header) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  chain(host, IPV6_NEXT_DESTINATION, 2);
  host->scratch[54] = IPV6_NEXT_HOP_BY_HOP;
  problem(host, ICMP6_PARAM_NEXT, 40);
  lower_free(host);
}

static void unknown_options_are_treated_as_their_bits_say(void **state) {
  /* EVIDENCE: RFC 8200 4.2 (action bits), RFC 4443 2.4 (e.3) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (int group = 0; group < 2; group++) {
    for (uint32_t action = 0; action < 4; action++) {
      lower6_pass(host, 10 * LOWER6_MS);
      uint64_t before = drops(host);
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
      assert_int_equal(drops(host), before + (action > 0));
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
  /* EVIDENCE: RFC 8200 4.4, RFC 5095 3 (type 0) */
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
  /* EVIDENCE: RFC 8200 4 (unrecognized Next Header), RFC 4443 3.4 */
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
  expect_drop(host);
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

static uint32_t fragments_seen;

static void see_fragment(struct ph_stack *stack, struct pkt *pkt, uint32_t at) {
  (void)stack;
  assert_int_equal(at, 40);
  assert_int_equal(pkt->head[0] >> 4, 6);
  fragments_seen++;
  pkt_put(pkt);
}

static void atomic_fragments_are_whole_packets(void **state) {
  /* EVIDENCE: RFC 8200 4.5, RFC 6946 4 */
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
  /* EVIDENCE: RFC 8200 4.5 (length, offset, first fragment), RFC 7112 5 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  fragment(host, 8, 8);
  expect_drop(host); /* nobody builds them */
  ipv6_on_fragment(&host->stack, see_fragment);
  fragments_seen = 0;
  fragment(host, 8 | IPV6_FRAG_MORE, 8);
  lower6_receive(host);
  assert_int_equal(fragments_seen, 1);
  fragment(host, IPV6_FRAG_MORE, 7); /* not a multiple of 8 */
  problem(host, ICMP6_PARAM_FIELD, IPV6_OFF_LEN);
  fragment(host, 0xfff8, 8); /* beyond 65535 */
  problem(host, ICMP6_PARAM_FIELD, 42);
  fragment(host, IPV6_FRAG_MORE, 0);
  host->scratch[54] = IPV6_NEXT_DESTINATION; /* the chain goes on elsewhere */
  host->scratch[63] = 40;
  problem(host, ICMP6_PARAM_FIRST_FRAGMENT, 0);
  assert_int_equal(fragments_seen, 1);
  lower_free(host);
}

static void errors_are_never_about_errors_or_groups(void **state) {
  /* EVIDENCE: RFC 4443 2.4 (e) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  /* An error that is not delivered: destination options with an unknown option
   * in front of an ICMPv6 error, and of a redirect. */
  for (int redirect = 0; redirect < 2; redirect++) {
    chain(host, IPV6_NEXT_DESTINATION, 1);
    host->scratch[56] = 0x9e;
    host->scratch[62] = redirect ? ICMP6_REDIRECT : ICMP6_UNREACHABLE;
    expect_drop(host);
  }
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8); /* to a group: no port there */
  u[1] = u[3] = 9;
  u[5] = 8;
  lower6_set_dst(host, &ipv6_all_nodes);
  put_be16(u + 6, (uint16_t)~csum_data(
                      u, 8, csum_data(LOWER6_IP(host) + 8, 32, 17 + 8)));
  expect_drop(host);
  lower_free(host);
}

static void errors_are_limited_in_rate(void **state) {
  /* EVIDENCE: RFC 4443 2.4 (f) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  uint32_t count = host->count;
  for (int i = 0; i < 200; i++) {
    lower6_ip(host, 99, 16);
    lower6_receive(host);
  }
  assert_int_equal(host->count, count + ICMP_BURST);
  assert_int_equal(host->stack.stats.IcmpOutRateLimited, 200 - ICMP_BURST);
  lower6_pass(host, 10 * LOWER6_MS);
  for (int i = 0; i < 200; i++) {
    lower6_ip(host, 99, 16);
    lower6_receive(host);
  }
  assert_int_equal(host->count, count + ICMP_BURST + 10);
  lower_free(host);
}

static void datagram_to_closed_port_is_unreachable(void **state) {
  /* EVIDENCE: RFC 4443 3.1 (code 4), RFC 8200 8.1 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8 + 1300);
  u[1] = u[3] = 9;
  put_be16(u + 4, 8 + 1300);
  expect_drop(host); /* checksum 0 is an error over IPv6 */
  put_be16(u + 6, (uint16_t)~csum_data(
                      u, 1308, csum_data(LOWER6_IP(host) + 8, 32, 17 + 1308)));
  lower6_receive(host);
  const uint8_t *m = lower6_icmp(host, 1);
  assert_int_equal(m[0], ICMP6_UNREACHABLE);
  assert_int_equal(m[1], ICMP6_UNREACH_PORT);
  assert_int_equal(host->len[(host->count - 1) % LOWER_FRAMES], 14 + 1280);
  assert_memory_equal(m + 8, LOWER6_IP(host), 1232);
  lower_free(host);
}

/* An error of the peer about a datagram that the host sent from port 5000 to
 * 6000, cut to `quote` bytes. */
static void error_about(struct lower *host, uint8_t type, uint8_t code,
                        uint32_t word, uint32_t quote) {
  uint8_t *m = lower6_ip(host, IPV6_NEXT_ICMP, 8 + quote);
  uint8_t q[48] = {0x60, [IPV6_OFF_LEN + 1] = 8, [IPV6_OFF_NEXT] = 17};
  memcpy(q + IPV6_OFF_SRC, lower6_host.bytes, 16);
  memcpy(q + IPV6_OFF_DST, lower6_peer.bytes, 16);
  put_be16(q + 40, 5000);
  put_be16(q + 42, 6000);
  q[45] = 8;
  m[0] = type;
  m[1] = code;
  put_be32(m + 4, word);
  memcpy(m + 8, q, quote);
  lower6_sum(host, 0);
}

static void errors_reach_their_endpoint_as_soft_errors(void **state) {
  /* EVIDENCE: RFC 4443 2.4 (d), 3.1, 3.3, 3.4 */
  (void)state;
  static const struct {
    uint8_t type, code;
    int error;
  } rows[] = {{ICMP6_UNREACHABLE, 0, PH_ENETUNREACH},
              {ICMP6_UNREACHABLE, 1, PH_EHOSTUNREACH},
              {ICMP6_UNREACHABLE, 3, PH_EHOSTUNREACH},
              {ICMP6_UNREACHABLE, 4, PH_ECONNREFUSED},
              {ICMP6_UNREACHABLE, 200, PH_EHOSTUNREACH},
              {ICMP6_TIME_EXCEEDED, 0, PH_EHOSTUNREACH},
              {ICMP6_PARAMETER, 0, PH_EPROTO},
              {ICMP6_PARAMETER, 1, PH_ENOPROTOOPT},
              {100, 0, PH_EHOSTUNREACH}};
  struct lower *host = lower6_new(NULL);
  struct udp_pcb udp;
  lower6_learn_peer(host);
  udp_open(&host->stack, &udp, 65536);
  udp_set_any(&udp, &(struct ph_addr){{0}});
  assert_int_equal(udp_bind(&udp, &udp.any, 5000), 0);
  assert_int_equal(udp_connect(&udp, &lower6_peer, 6000), 0);
  for (size_t i = 0; i < PH_ARRAY_LEN(rows); i++) {
    error_about(host, rows[i].type, rows[i].code, 0, 48);
    lower6_receive(host);
    assert_int_equal(udp_take_error(&udp), rows[i].error);
  }
  for (uint32_t quote = 0; quote < 48; quote++) { /* cut at each byte */
    error_about(host, ICMP6_UNREACHABLE, 4, 0, quote);
    expect_drop(host);
    assert_int_equal(udp_take_error(&udp), 0);
  }
  error_about(host, ICMP6_TOO_BIG, 0, IPV6_MIN_MTU - 1, 48);
  expect_drop(host);                /* RFC 8201 4 */
  error_about(host, 200, 0, 0, 48); /* informs of the unknown */
  expect_drop(host);
  udp_close(&udp);
  lower_free(host);
}

static void too_big_lowers_the_path_of_a_connected_endpoint(void **state) {
  /* EVIDENCE: RFC 8201 3, 4 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  struct udp_pcb udp;
  static uint8_t data[1452];
  lower6_learn_peer(host);
  udp_open(&host->stack, &udp, 65536);
  udp_set_any(&udp, &(struct ph_addr){{0}});
  assert_int_equal(udp_bind(&udp, &udp.any, 5000), 0);
  assert_int_equal(udp_connect(&udp, &lower6_peer, 6000), 0);
  assert_int_equal(udp_sendto(&udp, data, 1452, NULL, 0), 1452);
  error_about(host, ICMP6_TOO_BIG, 0, 1400, 48);
  lower6_receive(host);
  assert_int_equal(udp_take_error(&udp), PH_EMSGSIZE);
  assert_int_equal(udp_get_path_mtu(&udp), 1400);
  assert_int_equal(udp_sendto(&udp, data, 1353, NULL, 0), -PH_EMSGSIZE);
  assert_int_equal(udp_sendto(&udp, data, 1352, NULL, 0), 1352);
  error_about(host, ICMP6_TOO_BIG, 0, 1450, 48); /* never raised */
  lower6_receive(host);
  (void)udp_take_error(&udp);
  assert_int_equal(udp_get_path_mtu(&udp), 1400);
  udp_close(&udp);
  lower_free(host);
}

static void own_addresses_are_reached_by_loopback(void **state) {
  /* EVIDENCE: RFC 4291 2.5.3 (::1 never leaves the host) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  static const struct ph_addr one = {{[15] = 1}};
  const struct ph_addr *to[] = {&one, &lower6_host};
  uint32_t sent = host->count;
  for (int i = 0; i < 2; i++) {
    struct udp_pcb a, b;
    char got[8] = "";
    udp_open(&host->stack, &a, 65536);
    udp_open(&host->stack, &b, 65536);
    udp_set_any(&a, &(struct ph_addr){{0}});
    assert_int_equal(udp_bind(&a, &a.any, 7), 0);
    assert_int_equal(udp_sendto(&b, "hello", 5, to[i], 7), 5);
    lower6_pass(host, LOWER6_MS);
    struct ph_addr from;
    assert_int_equal(udp_recvfrom(&a, got, 8, false, &from, NULL), 5);
    assert_true(ph_addr_equal(&from, to[i]));
    assert_memory_equal(got, "hello", 5);
    udp_close(&a);
    udp_close(&b);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void pseudo_header_sum_leaves_zones_out(void **state) {
  /* EVIDENCE: RFC 8200 8.1, RFC 4007 9 */
  (void)state;
  for (uint32_t i = 0; i < 1000; i++) {
    struct ph_addr a, b;
    uint8_t wire[32];
    for (uint32_t n = 0; n < 16; n++) {
      a.bytes[n] = (uint8_t)(i * 7 + n * 31);
      b.bytes[n] = (uint8_t)(i * 13 + n * 101);
    }
    if (i & 1) {
      memset(a.bytes, 0, 8);
      a.bytes[0] = 0xfe;
      a.bytes[1] = 0x80;
      a.bytes[3] = (uint8_t)i;
    }
    memcpy(wire, a.bytes, 16);
    memcpy(wire + 16, b.bytes, 16);
    ipv6_clear_zone(wire);
    ipv6_clear_zone(wire + 16);
    if (memcmp(wire + 16, b.bytes, 16) != 0) {
      continue;
    }
    uint16_t wanted = csum_data(wire, 32, 6 + 1000 + i);
    assert_int_equal(ipv6_pseudo_sum(&a, &b, 6, 1000 + i) % 0xffff,
                     wanted % 0xffff);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ipv6_echo_request_is_answered_with_its_data),
      cmocka_unit_test(ipv6_every_truncation_is_dropped_and_counted),
      cmocka_unit_test(ipv6_payload_length_lies_are_dropped),
      cmocka_unit_test(ipv6_wrong_version_is_dropped),
      cmocka_unit_test(ipv6_impossible_addresses_are_dropped),
      cmocka_unit_test(icmpv6_bad_checksums_are_dropped),
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
      cmocka_unit_test(errors_are_limited_in_rate),
      cmocka_unit_test(datagram_to_closed_port_is_unreachable),
      cmocka_unit_test(errors_reach_their_endpoint_as_soft_errors),
      cmocka_unit_test(too_big_lowers_the_path_of_a_connected_endpoint),
      cmocka_unit_test(own_addresses_are_reached_by_loopback),
      cmocka_unit_test(pseudo_header_sum_leaves_zones_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
