/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding: which packets go on, what is changed in them, and what their
 * senders are told. */
#include "tests/stack/router.h"

enum { ETH = 14 };
#define SECOND UINT64_C(1000000000)

static const uint8_t *ip_of_frame(const struct router_frame *f) {
  return f->data + ETH;
}

static void sum_is_good(const uint8_t *ip) {
  assert_int_equal(csum_data(ip, (ip[0] & 15u) * 4, 0), 0xffff);
}

/* The last frame is an ICMP error by `port` to its host 2, from the router's
 * address there; returns it. */
static const uint8_t *icmp_sent(const struct router *r, int port, uint8_t type,
                                uint8_t code) {
  const struct router_frame *f = router_sent(r, port);
  const uint8_t *ip = ip_of_frame(f);
  assert_int_equal(ip[IPV4_OFF_PROTO], IP_PROTO_ICMP);
  assert_int_equal(get_be32(ip + IPV4_OFF_SRC), router_ip(port, 1));
  assert_int_equal(get_be32(ip + IPV4_OFF_DST), router_ip(port, 2));
  const uint8_t *m = ip + IPV4_HDR_LEN;
  uint32_t len = f->len - ETH - IPV4_HDR_LEN;
  assert_int_equal(csum_data(m, len, 0), 0xffff);
  assert_int_equal(m[0], type);
  assert_int_equal(m[1], code);
  return m;
}

static const uint8_t *icmp6_sent(const struct router *r, int port, uint8_t type,
                                 uint8_t code) {
  const struct router_frame *f = router_sent(r, port);
  const uint8_t *ip = ip_of_frame(f);
  struct ph_addr src = router_ip6(port, 1), dst = router_ip6(port, 2);
  assert_int_equal(ip[IPV6_OFF_NEXT], IPV6_NEXT_ICMP);
  assert_memory_equal(ip + IPV6_OFF_SRC, src.bytes, 16);
  assert_memory_equal(ip + IPV6_OFF_DST, dst.bytes, 16);
  uint32_t len = f->len - ETH - IPV6_HDR_LEN;
  assert_int_equal(csum_data(ip + 8, 32 + len, 58 + len), 0xffff);
  assert_int_equal(ip[IPV6_HDR_LEN], type);
  assert_int_equal(ip[IPV6_HDR_LEN + 1], code);
  return ip + IPV6_HDR_LEN;
}

static void router_packet_for_another_link_goes_on(void **state) {
  /* EVIDENCE: RFC 1812 5.2.1 (forwarding), 5.3.1 (TTL); RFC 1624 3; RFC
   * 791 3.1b */
  (void)state;
  struct router *r = router_new(NULL);
  uint8_t before[40];
  for (uint32_t ttl = 2; ttl < 256; ttl++) { /* each changes the sum's carry */
    router_packet(r, 0, router_ip(1, 2), 20);
    ROUTER_IP(r)[IPV4_OFF_TTL] = (uint8_t)ttl;
    put_be16(ROUTER_IP(r) + IPV4_OFF_ID, (uint16_t)(ttl * 257));
    router_receive(r, 0);
    memcpy(before, ROUTER_IP(r), 40);
    const struct router_frame *f = router_sent(r, 1);
    const uint8_t *ip = ip_of_frame(f);
    assert_int_equal(f->len, ETH + 40);
    assert_memory_equal(f->data, ((const uint8_t[]){2, 0, 0, 0, 1, 2}), 6);
    assert_memory_equal(f->data + 6, r->netif[1].mac, 6);
    assert_int_equal(ip[IPV4_OFF_TTL], ttl - 1);
    sum_is_good(ip);
    before[IPV4_OFF_TTL]--;
    put_be16(before + IPV4_OFF_CSUM, get_be16(ip + IPV4_OFF_CSUM));
    assert_memory_equal(ip, before, 40);
  }
  assert_int_equal(r->stack.stats.IpForwDatagrams, 254);
  router_free(r);
}

static void host_packet_for_another_is_dropped(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3, 3.3.4.2 */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr six = router_ip6(1, 2);
  ph_ip_set_forwarding(&r->stack, false);
  router_packet(r, 0, router_ip(1, 2), 20);
  router_receive(r, 0);
  router_packet6(r, 0, &six, 20);
  router_receive(r, 0);
  assert_int_equal(r->count, 0);
  assert_int_equal(r->stack.stats.IpInAddrErrors, 1);
  assert_int_equal(r->stack.stats.Ip6InAddrErrors, 1);
  router_free(r);
}

static void router_ttl_used_up_sender_is_told(void **state) {
  /* EVIDENCE: RFC 1812 5.3.1, 4.3.2.3, 4.3.2.4; RFC 792 2a */
  (void)state;
  struct router *r = router_new(NULL);
  for (uint8_t ttl = 0; ttl < 2; ttl++) {
    router_packet(r, 0, router_ip(1, 2), 900);
    ROUTER_IP(r)[IPV4_OFF_TTL] = ttl;
    router_receive(r, 0);
    const uint8_t *m = icmp_sent(r, 0, ICMP_TIME_EXCEEDED, 0);
    assert_int_equal(router_sent(r, 0)->len, ETH + 576);
    assert_memory_equal(m + 8, ROUTER_IP(r), 548);
  }
  assert_int_equal(r->stack.stats.IpInHdrErrors, 2);
  assert_int_equal(r->stack.stats.IpForwDatagrams, 0);
  router_free(r);
}

static void router_error_is_only_about_what_may_cause_one(void **state) {
  /* EVIDENCE: RFC 1812 4.3.2.7; RFC 1122 3.2.2; RFC 792 9a, 9b */
  (void)state;
  struct router *r = router_new(NULL);
  for (uint32_t type = 0; type < 256; type++) {
    uint8_t *h = router_packet(r, 0, router_ip(1, 2), 20);
    ROUTER_IP(r)[IPV4_OFF_TTL] = 1;
    ROUTER_IP(r)[IPV4_OFF_PROTO] = IP_PROTO_ICMP;
    h[0] = (uint8_t)type;
    uint32_t before = r->count;
    router_pass(r, SECOND / 500); /* the rate limit allows one */
    router_receive(r, 0);
    assert_int_equal(r->count - before, type == 0 || type == 8 || type >= 13);
  }
  uint32_t before = r->count;
  router_packet(r, 0, router_ip(1, 2), 20);
  ROUTER_IP(r)[IPV4_OFF_TTL] = 1;
  put_be16(ROUTER_IP(r) + IPV4_OFF_FRAG, 1); /* a later fragment */
  router_receive(r, 0);
  assert_int_equal(r->count, before);
  router_free(r);
}

static void router_without_route_sender_is_told(void **state) {
  /* EVIDENCE: RFC 1812 4.3.3.1 (code 0); RFC 792 1a; RFC 1122 3.3.4.3 */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr far = {{0x20, 2}};
  router_packet(r, 2, 0xc0a80001, 20);
  router_receive(r, 2);
  (void)icmp_sent(r, 2, ICMP_UNREACHABLE, ICMP_UNREACH_NET);
  assert_int_equal(r->stack.stats.IpOutNoRoutes, 1);
  router_packet6(r, 2, &far, 20);
  router_receive(r, 2);
  (void)icmp6_sent(r, 2, ICMP6_UNREACHABLE, ICMP6_UNREACH_ROUTE);
  assert_int_equal(r->stack.stats.Ip6OutNoRoutes, 1);
  router_free(r);
}

static void router_next_hop_of_the_longest_prefix_is_taken(void **state) {
  /* EVIDENCE: RFC 1812 5.2.4.3 (longest match) */
  (void)state;
  struct router *r = router_new(NULL);
  assert_int_equal(
      ph_ipv4_add_route(&r->stack, 0, 0, router_ip(1, 2), &r->netif[1]), 0);
  assert_int_equal(ph_ipv4_add_route(&r->stack, 0xc0a80000, 16, router_ip(2, 2),
                                     &r->netif[2]),
                   0);
  router_packet(r, 0, 0xc0a90001, 20);
  router_receive(r, 0);
  assert_int_equal(router_sent(r, 1)->data[4], 1);
  router_packet(r, 0, 0xc0a80001, 20);
  router_receive(r, 0);
  assert_int_equal(router_sent(r, 2)->data[4], 2);
  router_packet(r, 2, 0xc0a80001, 20); /* back by where it came: no redirect */
  router_receive(r, 2);
  assert_int_equal(r->count, 3);
  assert_int_equal(router_sent(r, 2)->len, ETH + 40);
  router_free(r);
}

static void router_addresses_that_may_not_pass_are_dropped(void **state) {
  /* EVIDENCE: RFC 1812 5.3.7, 5.3.4, 5.3.5.2; RFC 2644 2; RFC 3927 2.6.2 */
  (void)state;
  struct router *r = router_new(NULL);
  static const uint32_t bad_dst[] = {
      0,          0x00000001, 0x7f000001, 0xe0000001, 0xefffffff,
      0xf0000001, 0xfffffffe, 0xffffffff, 0x0a0001ff, 0xa9fe0102};
  static const uint32_t bad_src[] = {0x00000001, 0x7f000001, 0xe0000001,
                                     0xf0000001, 0xffffffff, 0x0a0000ff,
                                     0x0a000001, 0x0a000201, 0xa9fe0102};
  assert_int_equal(
      ph_ipv4_add_route(&r->stack, 0, 0, router_ip(1, 2), &r->netif[1]), 0);
  for (uint32_t i = 0; i < PH_ARRAY_LEN(bad_dst); i++) {
    router_packet(r, 0, bad_dst[i], 20);
    router_receive(r, 0);
  }
  for (uint32_t i = 0; i < PH_ARRAY_LEN(bad_src); i++) {
    router_packet(r, 0, router_ip(1, 2), 20);
    put_be32(ROUTER_IP(r) + IPV4_OFF_SRC, bad_src[i]);
    router_receive(r, 0);
  }
  router_packet(r, 0, router_ip(1, 2), 20);
  memset(r->scratch, 0xff, 6); /* in a frame to all */
  router_receive(r, 0);
  assert_int_equal(r->count, 0);
  /* The frame to 255.255.255.255 was for the router, which knows no UDP. */
  assert_int_equal(
      r->stack.stats.IpInAddrErrors + r->stack.stats.IpInUnknownProtos,
      PH_ARRAY_LEN(bad_dst) + PH_ARRAY_LEN(bad_src) + 1);
  router_free(r);
}

static void router_options_to_write_into_are_refused(void **state) {
  /* EVIDENCE: RFC 7126 4.3, 4.4, 4.5, 4.6; RFC 791 3.1c
   */
  (void)state;
  struct router *r = router_new(NULL);
  for (uint32_t kind = 0; kind < 256; kind++) {
    bool refused = kind == IPV4_OPT_LSRR || kind == IPV4_OPT_SSRR ||
                   kind == IPV4_OPT_RECORD_ROUTE || kind == IPV4_OPT_TIMESTAMP;
    uint8_t *h = router_packet(r, 0, router_ip(1, 2), 28);
    ROUTER_IP(r)[0] = 0x47;
    memset(h, 1, 8);
    h[0] = (uint8_t)kind;
    h[1] = kind > 1 ? 8 : 1;
    uint32_t before = r->count;
    router_receive(r, 0);
    assert_int_equal(r->count - before, !refused);
    if (!refused) {
      sum_is_good(ip_of_frame(router_sent(r, 1)));
      assert_memory_equal(ip_of_frame(router_sent(r, 1)) + 20, h, 28);
    }
  }
  assert_int_equal(r->stack.stats.IpInHdrErrors, 4);
  router_free(r);
}

static void router_too_long_and_not_to_be_fragmented_sender_is_told(
    void **state) {
  /* EVIDENCE: RFC 1191 4; RFC 1812 4.3.3.1 (code 4); RFC 792 1d; RFC 791 3.2b
   */
  (void)state;
  struct router *r = router_new(NULL);
  r->netif[1].caps.mtu = 1400;
  for (uint32_t len = 1400; len <= 1401; len++) {
    router_packet(r, 0, router_ip(1, 2), len - IPV4_HDR_LEN);
    put_be16(ROUTER_IP(r) + IPV4_OFF_FRAG, IPV4_DF);
    router_receive(r, 0);
    if (len == 1400) {
      assert_int_equal(router_sent(r, 1)->len, ETH + 1400);
    }
  }
  const uint8_t *m = icmp_sent(r, 0, ICMP_UNREACHABLE, ICMP_UNREACH_TOO_BIG);
  assert_int_equal(get_be32(m + 4), 1400);
  assert_int_equal(r->stack.stats.IpFragFails, 1);
  router_free(r);
}

static void router6_packet_goes_on_or_its_sender_is_told(void **state) {
  /* EVIDENCE: RFC 8200 3 (hop limit), 5; RFC 4443 3.2, 3.3 */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr dst = router_ip6(2, 2);
  router_packet6(r, 0, &dst, 33);
  router_receive(r, 0);
  const struct router_frame *f = router_sent(r, 2);
  const uint8_t *ip = ip_of_frame(f);
  assert_memory_equal(f->data, ((const uint8_t[]){2, 0, 0, 0, 2, 2}), 6);
  assert_int_equal(ip[IPV6_OFF_HOPS], 63);
  ROUTER_IP(r)[IPV6_OFF_HOPS] = 63;
  assert_memory_equal(ip, ROUTER_IP(r), IPV6_HDR_LEN + 33);
  assert_int_equal(r->stack.stats.Ip6OutForwDatagrams, 1);
  router_packet6(r, 0, &dst, 33);
  ROUTER_IP(r)[IPV6_OFF_HOPS] = 1;
  router_receive(r, 0);
  const uint8_t *m = icmp6_sent(r, 0, ICMP6_TIME_EXCEEDED, 0);
  assert_memory_equal(m + 8, ROUTER_IP(r), IPV6_HDR_LEN + 33);
  r->netif[2].caps.mtu = 1280;
  router_packet6(r, 0, &dst, 1241);
  router_receive(r, 0);
  m = icmp6_sent(r, 0, ICMP6_TOO_BIG, 0);
  assert_int_equal(get_be32(m + 4), 1280);
  router_packet6(r, 0, &dst, 1240);
  router_receive(r, 0);
  assert_int_equal(router_sent(r, 2)->len, ETH + 1280);
  router_free(r);
}

static void router6_addresses_that_may_not_pass_are_dropped(void **state) {
  /* EVIDENCE: RFC 4291 2.5.2, 2.5.3, 2.5.6, 2.7; RFC 4443 3.1 (code 2) */
  (void)state;
  struct router *r = router_new(NULL);
  static const struct ph_addr bad[] = {
      {{0}},
      {{[15] = 1}},
      {{0xfe, 0x80, [15] = 9}},
      {{0xff, 0x0e, [15] = 9}},
      {{[10] = 0xff, [11] = 0xff, [12] = 10, [14] = 1, [15] = 2}}};
  struct ph_addr dst = router_ip6(1, 2);
  for (uint32_t i = 0; i < PH_ARRAY_LEN(bad); i++) {
    router_packet6(r, 0, &bad[i], 20);
    router_receive(r, 0);
    if (i != 2) { /* its sender is told: below */
      router_packet6(r, 0, &dst, 20);
      memcpy(ROUTER_IP(r) + IPV6_OFF_SRC, bad[i].bytes, 16);
      router_receive(r, 0);
    }
  }
  struct ph_addr own = router_ip6(1, 1);
  router_packet6(r, 0, &dst, 20);
  memcpy(ROUTER_IP(r) + IPV6_OFF_SRC, own.bytes, 16);
  router_receive(r, 0);
  assert_int_equal(r->count, 0);
  assert_int_equal(r->stack.stats.Ip6InAddrErrors, 10);
  router_free(r);
}

static void router_neighbour_that_does_not_answer_sender_is_told(void **state) {
  /* EVIDENCE: RFC 1812 4.3.3.1 (code 1); RFC 792 1b; RFC 4443 3.1 (code 3) */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr six = router_ip6(1, 9);
  router_packet(r, 0, router_ip(1, 9), 20);
  router_receive(r, 0);
  router_pass(r, 3 * SECOND);
  const uint8_t *m = icmp_sent(r, 0, ICMP_UNREACHABLE, ICMP_UNREACH_HOST);
  assert_int_equal(get_be32(m + 8 + IPV4_OFF_DST), router_ip(1, 9));
  router_packet6(r, 0, &six, 20);
  router_receive(r, 0);
  router_pass(r, 4 * SECOND);
  m = icmp6_sent(r, 0, ICMP6_UNREACHABLE, ICMP6_UNREACH_ADDRESS);
  assert_memory_equal(m + 8 + IPV6_OFF_DST, six.bytes, 16);
  router_free(r);
}

static void router6_neighbour_is_asked_for_with_own_address(void **state) {
  /* EVIDENCE: RFC 4861 7.2.2 (the source of a solicitation is an address of
   * the interface) */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr own = router_ip6(1, 1);
  struct ph_addr six = router_ip6(1, 9);
  router_packet6(r, 0, &six, 20);
  router_receive(r, 0);
  const uint8_t *ip = ip_of_frame(router_sent(r, 1));
  assert_int_equal(ip[IPV6_HDR_LEN], ICMP6_NS);
  assert_memory_equal(ip + IPV6_OFF_SRC, own.bytes, 16);
  router_pass(r, 4 * SECOND); /* it gives up */
  router_free(r);
}

static void router_full_device_packet_is_dropped(void **state) {
  /* EVIDENCE: RFC 1812 5.3.6 (congestion) */
  (void)state;
  struct router *r = router_new(NULL);
  struct ph_addr six = router_ip6(1, 2);
  r->full = true;
  router_packet(r, 0, router_ip(1, 2), 20);
  router_receive(r, 0);
  router_packet6(r, 0, &six, 20);
  router_receive(r, 0);
  assert_int_equal(r->stack.stats.NetifDrops, 2);
  assert_int_equal(r->stack.stats.IpForwDatagrams, 0);
  router_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(router_packet_for_another_link_goes_on),
      cmocka_unit_test(host_packet_for_another_is_dropped),
      cmocka_unit_test(router_ttl_used_up_sender_is_told),
      cmocka_unit_test(router_error_is_only_about_what_may_cause_one),
      cmocka_unit_test(router_without_route_sender_is_told),
      cmocka_unit_test(router_next_hop_of_the_longest_prefix_is_taken),
      cmocka_unit_test(router_addresses_that_may_not_pass_are_dropped),
      cmocka_unit_test(router_options_to_write_into_are_refused),
      cmocka_unit_test(router_too_long_and_not_to_be_fragmented_sender_is_told),
      cmocka_unit_test(router6_packet_goes_on_or_its_sender_is_told),
      cmocka_unit_test(router6_addresses_that_may_not_pass_are_dropped),
      cmocka_unit_test(router_neighbour_that_does_not_answer_sender_is_told),
      cmocka_unit_test(router6_neighbour_is_asked_for_with_own_address),
      cmocka_unit_test(router_full_device_packet_is_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
