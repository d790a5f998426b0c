/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 input and ICMPv6 against a hostile wire. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

static void ipv6_echo_request_is_answered_with_its_data(void **state) {
  /* EVIDENCE: RFC 4443 4.1, 4.2 (echo reply); RFC 4443 2.2a, 4.2a */
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
  /* EVIDENCE: RFC 8200 3; RFC 8200 3a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  lower6_echo(host, 20);
  uint32_t sent = host->count;
  for (uint32_t len = 0; len < 82; len++) {
    uint64_t before = lower6_drops(host);
    lower_receive(host, host->scratch, len);
    assert_int_equal(lower6_drops(host), before + 1);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void ipv6_payload_length_lies_are_dropped(void **state) {
  /* EVIDENCE: RFC 8200 3 (payload length); RFC 8200 3a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (uint32_t len = 0; len < 65536; len++) {
    lower6_echo(host, 20);
    if (len == 28) {
      continue;
    }
    put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
    uint64_t before = lower6_drops(host);
    lower_receive(host, host->scratch, 82);
    assert_int_equal(lower6_drops(host), before + 1);
  }
  /* Padding behind what the length says is cut. */
  lower6_echo(host, 20);
  uint32_t count = host->count;
  lower_receive(host, host->scratch, 90);
  assert_int_equal(host->count, count + 1);
  lower_free(host);
}

static void ipv6_wrong_version_is_dropped(void **state) {
  /* EVIDENCE: RFC 8200 3 (version); RFC 8200 3a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  for (uint32_t version = 0; version < 16; version++) {
    lower6_echo(host, 4);
    LOWER6_IP(host)[0] = (uint8_t)(version << 4);
    if (version != 6) {
      lower6_expect_drop(host);
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
    lower6_expect_drop(host);
  }
  for (size_t i = 0; i < PH_ARRAY_LEN(destinations); i++) {
    lower6_echo(host, 4);
    lower6_set_dst(host, &destinations[i]);
    lower6_sum(host, 0);
    lower6_expect_drop(host);
  }
  lower6_echo(host, 4); /* unicast inside a group's frame */
  put_be16(host->scratch, 0x3333);
  lower6_expect_drop(host);
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8); /* from ourselves (LAND) */
  u[1] = u[3] = 9;
  u[5] = 8;
  lower6_set_src(host, &lower6_host);
  lower6_expect_drop(host);
  lower_free(host);
}

static void icmpv6_bad_checksums_are_dropped(void **state) {
  /* EVIDENCE: RFC 4443 2.3; RFC 4443 2.3a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  for (uint32_t bit = 0; bit < 16; bit++) {
    uint8_t *m = lower6_echo(host, 9);
    m[2 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    lower6_expect_drop(host);
  }
  assert_int_equal(host->stack.stats.Icmp6InCsumErrors, 16);
  lower_free(host);
}

static void errors_are_limited_in_rate(void **state) {
  /* EVIDENCE: RFC 4443 2.4 (f); RFC 4443 2.4f */
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
  /* EVIDENCE: RFC 4443 3.1 (code 4), RFC 8200 8.1; RFC 4443 2.4c, 3.1a; RFC
   * 8200 8b */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  uint8_t *u = lower6_ip(host, IP_PROTO_UDP, 8 + 1300);
  u[1] = u[3] = 9;
  put_be16(u + 4, 8 + 1300);
  lower6_expect_drop(host); /* checksum 0 is an error over IPv6 */
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
  /* EVIDENCE: RFC 4443 2.4 (d), 3.1, 3.3, 3.4; RFC 4443 2.4a, 2.4d, 3.1b,
   * 3.3a; RFC 8201 4a */
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
    lower6_expect_drop(host);
    assert_int_equal(udp_take_error(&udp), 0);
  }
  error_about(host, ICMP6_TOO_BIG, 0, IPV6_MIN_MTU - 1, 48);
  lower6_expect_drop(host);         /* RFC 8201 4 */
  error_about(host, 200, 0, 0, 48); /* informs of the unknown */
  lower6_expect_drop(host);
  udp_close(&udp);
  lower_free(host);
}

static void too_big_lowers_the_path_of_a_connected_endpoint(void **state) {
  /* EVIDENCE: RFC 8201 3, 4; RFC 8201 3a, 4b, 5a */
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
  uint32_t frames = host->count;
  assert_int_equal(udp_sendto(&udp, data, 1353, NULL, 0), 1353);
  assert_int_equal(host->count, frames + 2); /* fragments */
  assert_int_equal(udp_sendto(&udp, data, 1352, NULL, 0), 1352);
  assert_int_equal(host->count, frames + 3);
  error_about(host, ICMP6_TOO_BIG, 0, 1450, 48); /* never raised */
  lower6_receive(host);
  (void)udp_take_error(&udp);
  assert_int_equal(udp_get_path_mtu(&udp), 1400);
  udp_close(&udp);
  lower_free(host);
}

static void lowered_path_is_forgotten_after_ten_minutes(void **state) {
  /* EVIDENCE: RFC 8201 5.3 (stale information); RFC 8201 5b */
  (void)state;
  struct lower *host = lower6_new(NULL);
  struct ip_path *path = ip_path_find(&host->stack, NULL, NULL, &lower6_peer);
  assert_int_equal(ip_path_mtu(&host->stack, path), 1500);
  ip_lower_path_mtu(&host->stack, &lower6_peer, 1300);
  lower6_pass(host, 599 * LOWER6_S);
  path = ip_path_find(&host->stack, NULL, NULL, &lower6_peer);
  assert_int_equal(ip_path_mtu(&host->stack, path), 1300);
  lower6_pass(host, 2 * LOWER6_S);
  path = ip_path_find(&host->stack, NULL, NULL, &lower6_peer);
  assert_int_equal(ip_path_mtu(&host->stack, path), 1500);
  lower_free(host);
}

static void small_links_carry_no_ipv6(void **state) {
  /* EVIDENCE: RFC 8200 5 (1280 at least); RFC 8200 5a */
  (void)state;
  for (uint16_t mtu = 1279; mtu <= 1280; mtu++) {
    const struct netif_caps caps = {.mtu = mtu};
    struct lower *host = lower_new(&caps);
    assert_int_equal(ph_ipv6_init(&host->stack), 0);
    int result =
        ph_ipv6_add_address(&host->stack, &host->netif, &lower6_host, 64, true);
    assert_int_equal(result, mtu < 1280 ? -PH_EINVAL : 0);
    lower6_echo(host, 4);
    uint64_t errors = host->stack.stats.Ip6InAddrErrors;
    lower6_receive(host);
    assert_int_equal(host->stack.stats.Ip6InAddrErrors, errors + (mtu < 1280));
    lower6_pass(host, 10 * LOWER6_S);
    lower_free(host);
  }
}

static void options_of_ipv6_reach_the_wire(void **state) {
  /* EVIDENCE: RFC 8200 7 (traffic class), RFC 3542 6; RFC 8200 7a */
  (void)state;
  struct lower *host = lower6_new(NULL);
  struct udp_pcb udp;
  lower6_learn_peer(host);
  udp_open(&host->stack, &udp, 65536);
  udp_set_any(&udp, &(struct ph_addr){{0}});
  udp.tx.marks.tos = 0xb9;
  udp.tx.marks.ttl = 7;
  assert_int_equal(udp_sendto(&udp, "x", 1, &lower6_peer, 9), 1);
  const uint8_t *ip = lower6_frame(host, 1) + 14;
  assert_int_equal(get_be32(ip), 0x6b900000); /* and no flow label */
  assert_int_equal(ip[IPV6_OFF_HOPS], 7);
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
  /* EVIDENCE: RFC 8200 8.1, RFC 4007 9; RFC 8200 8a */
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
      cmocka_unit_test(errors_are_limited_in_rate),
      cmocka_unit_test(datagram_to_closed_port_is_unreachable),
      cmocka_unit_test(errors_reach_their_endpoint_as_soft_errors),
      cmocka_unit_test(too_big_lowers_the_path_of_a_connected_endpoint),
      cmocka_unit_test(lowered_path_is_forgotten_after_ten_minutes),
      cmocka_unit_test(small_links_carry_no_ipv6),
      cmocka_unit_test(options_of_ipv6_reach_the_wire),
      cmocka_unit_test(own_addresses_are_reached_by_loopback),
      cmocka_unit_test(pseudo_header_sum_leaves_zones_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
