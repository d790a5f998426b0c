/* SPDX-License-Identifier: Apache-2.0 */
/* What routers advertise, addresses made of prefixes, redirects. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

static const struct ph_addr any6;
static const struct ph_addr prefix64 = {{0x20, 1, 0xd, 0xb8, 0, 5}};
static const struct ph_addr far_away = {{0x20, 1, 0xd, 0xb8, 0, 9, [15] = 1}};
static const struct ph_addr second_ll = {{0xfe, 0x80, [15] = 0xbb}};
static const uint8_t router_mac[6] = {2, 0, 0, 0, 0, 0xaa};
static const uint8_t second_mac[6] = {2, 0, 0, 0, 0, 0xbb};

/* 2001:db8:0:5:0000:00ff:fe00:0001 */
static struct ph_addr slaac(void) {
  struct ph_addr a = prefix64;
  memcpy(a.bytes + 8, lower6_host_ll.bytes + 8, 8);
  return a;
}

struct ra {
  const struct ph_addr *from;
  const uint8_t *mac;
  uint16_t lifetime;
  uint8_t hops;
  uint32_t reachable_ms, retrans_ms;
  uint32_t mtu; /* 0: no option */
  const struct ph_addr *prefix;
  uint8_t prefix_len, flags;
  uint32_t valid, preferred;
};

static const struct ra usual = {
    .from = &lower6_router_ll,
    .mac = router_mac,
    .lifetime = 1800,
    .hops = 64,
    .prefix = &prefix64,
    .prefix_len = 64,
    .flags = ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS,
    .valid = 86400,
    .preferred = 14400};

static uint8_t *write_ra(struct lower *host, const struct ra *ra) {
  uint8_t *m = lower6_ip(host, IPV6_NEXT_ICMP, 16);
  uint32_t len = 16;
  m[0] = ICMP6_RA;
  m[4] = ra->hops;
  put_be16(m + 6, ra->lifetime);
  put_be32(m + 8, ra->reachable_ms);
  put_be32(m + 12, ra->retrans_ms);
  if (ra->mac) {
    m[len] = ND_OPT_SOURCE_MAC;
    m[len + 1] = 1;
    memcpy(m + len + 2, ra->mac, 6);
    len += 8;
  }
  if (ra->mtu) {
    m[len] = ND_OPT_MTU;
    m[len + 1] = 1;
    put_be32(m + len + 4, ra->mtu);
    len += 8;
  }
  if (ra->prefix) {
    m[len] = ND_OPT_PREFIX;
    m[len + 1] = 4;
    m[len + 2] = ra->prefix_len;
    m[len + 3] = ra->flags;
    put_be32(m + len + 4, ra->valid);
    put_be32(m + len + 8, ra->preferred);
    memcpy(m + len + 16, ra->prefix->bytes, 16);
    len += 32;
  }
  put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
  lower6_set_src(host, ra->from);
  lower6_set_dst(host, &ipv6_all_nodes);
  return m;
}

static void send_ra(struct lower *host, const struct ra *ra) {
  write_ra(host, ra);
  lower6_receive_icmp(host);
}

/* A host that listens to routers, its link-local address ready. */
static struct lower *listener(void) {
  const struct ph_ipv6_config config = {.accept_redirects = false};
  struct lower *host = lower6_new(&config);
  lower6_pass(host, 3 * LOWER6_S);
  return host;
}

static bool find(struct lower *host, const struct ph_addr *addr,
                 struct ph_ipv6_address_info *info) {
  for (uint32_t i = 0; ph_ipv6_address_info(&host->stack, i, info) == 0; i++) {
    if (ph_addr_equal(&info->address, addr)) {
      return true;
    }
  }
  return false;
}

static int path_error(struct lower *host, const struct ph_addr *to) {
  return ip_path_find(&host->stack, NULL, NULL, to)->error;
}

static const struct ph_addr *hop(struct lower *host, const struct ph_addr *to) {
  static struct ph_addr next;
  next = ip_path_find(&host->stack, NULL, NULL, to)->next_hop;
  (void)ip_addr_take_zone(&next);
  return &next;
}

static uint32_t solicitations(const struct lower *host) {
  uint32_t count = 0;
  for (uint32_t n = 1; n <= host->count; n++) {
    count += lower6_icmp(host, n)[0] == ICMP6_RS;
  }
  return count;
}

static void start_solicits_routers_three_times(void **state) {
  /* EVIDENCE: RFC 4861 6.3.7, 10 (MAX_RTR_SOLICITATIONS); RFC 4861 6.3f */
  (void)state;
  struct lower *host = listener();
  lower6_pass(host, 60 * LOWER6_S);
  assert_int_equal(solicitations(host), 3);
  for (uint32_t n = 1; n <= host->count; n++) {
    const uint8_t *ip = lower6_frame(host, n) + 14;
    if (lower6_icmp(host, n)[0] == ICMP6_RS) {
      assert_int_equal(ip[IPV6_OFF_HOPS], 255);
      assert_memory_equal(ip + IPV6_OFF_DST, ipv6_all_routers.bytes, 16);
    }
  }
  lower_free(host);
}

static void advertisement_ends_the_solicitations(void **state) {
  /* EVIDENCE: RFC 4861 6.3.7; RFC 4861 6.3f */
  (void)state;
  struct lower *host = listener();
  uint32_t before = solicitations(host);
  send_ra(host, &usual);
  lower6_pass(host, 60 * LOWER6_S);
  assert_int_equal(solicitations(host), before);
  lower_free(host);
}

static void advertised_prefix_makes_an_address_and_a_route(void **state) {
  /* EVIDENCE: RFC 4862 5.5.3, RFC 4861 6.3.4, 6.3.6; RFC 4861 6.3a; RFC 4862
   * 5.5b */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ph_addr addr = slaac();
  struct ph_addr near = prefix64;
  near.bytes[15] = 7;
  assert_int_not_equal(path_error(host, &far_away), 0);
  send_ra(host, &usual);
  assert_true(find(host, &addr, &info));
  assert_string_equal(info.state, "tentative");
  assert_true(info.autoconf);
  assert_int_equal(info.valid_until_ns, host->stack.now_ns + 86400 * LOWER6_S);
  lower6_pass(host, 3 * LOWER6_S);
  assert_true(find(host, &addr, &info));
  assert_string_equal(info.state, "preferred");
  assert_int_equal(path_error(host, &far_away), 0);
  assert_true(ph_addr_equal(hop(host, &far_away), &lower6_router_ll));
  assert_true(ph_addr_equal(hop(host, &near), &near));
  struct ph_addr src = ip_path_find(&host->stack, NULL, NULL, &near)->src;
  assert_true(ph_addr_equal(&src, &addr));
  lower_free(host);
}

static void lifetimes_end_address_prefix_and_router(void **state) {
  /* EVIDENCE: RFC 4862 5.5.4 (preferred, valid), RFC 4861 6.3.5; RFC 4861
   * 6.3b; RFC 4862 5.5d */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ph_addr addr = slaac();
  send_ra(host, &usual);
  lower6_pass(host, 1799 * LOWER6_S);
  assert_int_equal(path_error(host, &far_away), 0);
  lower6_pass(host, 2 * LOWER6_S);
  assert_int_not_equal(path_error(host, &far_away), 0); /* no router */
  lower6_pass(host, 12600 * LOWER6_S);
  assert_true(find(host, &addr, &info));
  assert_string_equal(info.state, "deprecated");
  lower6_pass(host, 72000 * LOWER6_S);
  assert_false(find(host, &addr, &info));
  lower_free(host);
}

static void lifetime_is_not_cut_below_two_hours(void **state) {
  /* EVIDENCE: RFC 4862 5.5.3 (e); RFC 4862 5.5c */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ph_addr addr = slaac();
  struct ra ra = usual;
  send_ra(host, &ra);
  lower6_pass(host, 3 * LOWER6_S);
  ra.valid = ra.preferred = 60;
  send_ra(host, &ra);
  assert_true(find(host, &addr, &info)); /* rule 3: two hours */
  assert_int_equal(info.valid_until_ns, host->stack.now_ns + 7200 * LOWER6_S);
  assert_int_equal(info.preferred_until_ns, host->stack.now_ns + 60 * LOWER6_S);
  uint64_t until = info.valid_until_ns;
  lower6_pass(host, 3600 * LOWER6_S);
  send_ra(host, &ra);
  assert_true(find(host, &addr, &info)); /* rule 2: left as it is */
  assert_int_equal(info.valid_until_ns, until);
  ra.valid = 5000; /* rule 1: longer than what remains */
  send_ra(host, &ra);
  assert_true(find(host, &addr, &info));
  assert_int_equal(info.valid_until_ns, host->stack.now_ns + 5000 * LOWER6_S);
  lower_free(host);
}

static void prefixes_that_make_no_address(void **state) {
  /* EVIDENCE: RFC 4862 5.5.3 (a) to (d), RFC 4861 4.6.2; RFC 4862 5.5a */
  (void)state;
  static const struct ph_addr link_local = {{0xfe, 0x80}};
  static const struct ph_addr group = {{0xff, 2}};
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ra ra = usual;
  ra.preferred = ra.valid + 1;
  send_ra(host, &ra);
  ra = usual;
  ra.prefix_len = 63;
  send_ra(host, &ra);
  ra.prefix_len = 129;
  send_ra(host, &ra);
  ra = usual;
  ra.flags = ND_PREFIX_ON_LINK;
  send_ra(host, &ra);
  ra = usual;
  ra.valid = ra.preferred = 0;
  send_ra(host, &ra);
  ra = usual;
  ra.prefix = &link_local;
  send_ra(host, &ra);
  ra.prefix = &group;
  send_ra(host, &ra);
  ra.prefix = &any6;
  send_ra(host, &ra);
  assert_int_equal(ph_ipv6_address_info(&host->stack, 1, &info), -PH_ENOENT);
  lower_free(host);
}

static void advertisements_that_fail_a_check_are_not_used(void **state) {
  /* EVIDENCE: RFC 4861 6.1.2; RFC 4861 6.1a */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ra ra = usual;
  uint64_t errors = host->stack.stats.NdInErrors;
  ra.from = &lower6_peer; /* not link-local */
  send_ra(host, &ra);
  assert_int_equal(host->stack.stats.NdInErrors, ++errors);
  write_ra(host, &usual);
  LOWER6_IP(host)[IPV6_OFF_HOPS] = 254;
  lower6_receive_icmp(host);
  assert_int_equal(host->stack.stats.NdInErrors, ++errors);
  write_ra(host, &usual)[17] = 0; /* an option of length 0 */
  lower6_receive_icmp(host);
  assert_int_equal(host->stack.stats.NdInErrors, ++errors);
  write_ra(host, &usual)[25] = 200; /* past the end */
  lower6_receive_icmp(host);
  assert_int_equal(host->stack.stats.NdInErrors, ++errors);
  for (uint32_t len = 8; len < 16; len++) {
    write_ra(host, &usual);
    put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
    lower6_receive_icmp(host);
    assert_int_equal(host->stack.stats.NdInErrors, ++errors);
  }
  assert_int_equal(ph_ipv6_address_info(&host->stack, 1, &info), -PH_ENOENT);
  assert_int_not_equal(path_error(host, &far_away), 0);
  lower_free(host);
}

static void parameters_are_taken_within_bounds(void **state) {
  /* EVIDENCE: RFC 4861 6.3.4 (hop limit, MTU, timers); RFC 4861 6.3c */
  (void)state;
  static const struct {
    uint32_t mtu, took;
  } mtus[] = {{1400, 1400}, {1279, 1400}, {0, 1400},   {1501, 1400},
              {9000, 1400}, {1280, 1280}, {1500, 1500}};
  struct lower *host = listener();
  struct ipv6_link *link = host->netif.ipv6;
  struct ra ra = usual;
  send_ra(host, &usual);
  lower6_pass(host, 3 * LOWER6_S);
  for (size_t i = 0; i < PH_ARRAY_LEN(mtus); i++) {
    ra.mtu = mtus[i].mtu;
    send_ra(host, &ra);
    struct ip_path *path = ip_path_find(&host->stack, NULL, NULL, &far_away);
    assert_int_equal(ip_path_mtu(&host->stack, path), mtus[i].took);
  }
  ra = usual;
  ra.hops = 1; /* would cut us off */
  send_ra(host, &ra);
  assert_int_equal(link->hops, 64);
  ra.hops = 32;
  send_ra(host, &ra);
  assert_int_equal(link->hops, 32);
  ra.hops = 0; /* unspecified */
  ra.retrans_ms = 1;
  ra.reachable_ms = 3600001;
  send_ra(host, &ra);
  assert_int_equal(link->hops, 32);
  assert_int_equal(link->retrans_ns, 100 * LOWER6_MS);
  assert_int_equal(link->base_reachable_ns, 30 * LOWER6_S);
  ra.retrans_ms = UINT32_MAX;
  ra.reachable_ms = 10000;
  send_ra(host, &ra);
  assert_int_equal(link->retrans_ns, 60 * LOWER6_S);
  assert_true(link->reachable_ns >= 5 * LOWER6_S &&
              link->reachable_ns <= 15 * LOWER6_S);
  lower_free(host);
}

static void storm_of_advertisements_is_bounded(void **state) {
  /* EVIDENCE: RFC 6104 (rogue router advertisements), RFC 4861 11 */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  send_ra(host, &usual); /* the good one comes first and stays */
  lower6_pass(host, 3 * LOWER6_S);
  for (uint32_t i = 0; i < 10000; i++) {
    struct ph_addr from = lower6_router_ll;
    struct ph_addr prefix = {{0x20, 1, 0xdb, 0x80}};
    struct ra ra = usual;
    put_be32(from.bytes + 8, i + 1);
    put_be32(prefix.bytes + 4, i);
    ra.from = &from;
    ra.prefix = &prefix;
    send_ra(host, &ra);
  }
  uint32_t count = 0;
  while (ph_ipv6_address_info(&host->stack, count, &info) == 0) {
    count++;
  }
  assert_int_equal(count, 1 + IPV6_MAX_AUTOCONF);
  assert_true(host->stack.stats.NdTableFull > 9000);
  struct ph_addr addr = slaac();
  assert_true(find(host, &addr, &info));
  assert_true(ph_addr_equal(hop(host, &far_away), &lower6_router_ll));
  lower6_pass(host, 10 * LOWER6_S);
  lower_free(host);
}

static void router_that_does_not_answer_gives_way_to_another(void **state) {
  /* EVIDENCE: RFC 4861 6.3.6 (default router selection), 7.3.3; RFC 4861 6.3d,
   * 6.3e */
  (void)state;
  struct lower *host = listener();
  struct udp_pcb udp;
  struct ra ra = usual;
  udp_open(&host->stack, &udp, 65536);
  udp_set_any(&udp, &any6);
  send_ra(host, &ra);
  ra.from = &second_ll;
  ra.mac = second_mac;
  send_ra(host, &ra);
  lower6_pass(host, 3 * LOWER6_S);
  assert_int_equal(udp_sendto(&udp, "x", 1, &far_away, 9), 1);
  assert_memory_equal(lower6_frame(host, 1), router_mac, 6);
  lower6_pass(host, 20 * LOWER6_S); /* DELAY, then PROBE: nobody answers */
  assert_int_equal(udp_sendto(&udp, "x", 1, &far_away, 9), 1);
  assert_memory_equal(lower6_frame(host, 1), second_mac, 6);
  send_ra(host, &usual); /* it is back */
  assert_int_equal(udp_sendto(&udp, "x", 1, &far_away, 9), 1);
  assert_memory_equal(lower6_frame(host, 1), router_mac, 6);
  udp_close(&udp);
  lower_free(host);
}

static void router_that_says_goodbye_is_not_used(void **state) {
  /* EVIDENCE: RFC 4861 6.3.4 (Router Lifetime 0), 7.2.5 (IsRouter); RFC 4861
   * 6.3b, 7.2f */
  (void)state;
  struct lower *host = listener();
  struct ra ra = usual;
  send_ra(host, &ra);
  lower6_pass(host, 3 * LOWER6_S);
  assert_int_equal(path_error(host, &far_away), 0);
  ra.lifetime = 0;
  send_ra(host, &ra);
  assert_int_not_equal(path_error(host, &far_away), 0);
  send_ra(host, &usual);
  assert_int_equal(path_error(host, &far_away), 0);
  lower6_nd(host, ICMP6_NA, &lower6_router_ll, router_mac); /* a host now */
  lower6_set_src(host, &lower6_router_ll);
  lower6_set_dst(host, &ipv6_all_nodes);
  lower6_receive_icmp(host);
  assert_int_not_equal(path_error(host, &far_away), 0);
  lower_free(host);
}

static void redirect(struct lower *host, const struct ph_addr *from) {
  uint8_t *m = lower6_ip(host, IPV6_NEXT_ICMP, 48);
  m[0] = ICMP6_REDIRECT;
  memcpy(m + 8, second_ll.bytes, 16);
  memcpy(m + 24, far_away.bytes, 16);
  m[40] = ND_OPT_TARGET_MAC;
  m[41] = 1;
  memcpy(m + 42, second_mac, 6);
  lower6_set_src(host, from);
  lower6_set_dst(host, &lower6_host_ll);
  lower6_receive_icmp(host);
}

static void redirect_is_heeded_only_if_asked_for_and_of_the_router(
    void **state) {
  /* EVIDENCE: RFC 4861 8.1, 8.3; RFC 4861 8a */
  (void)state;
  for (int on = 0; on < 2; on++) {
    const struct ph_ipv6_config config = {.accept_redirects = on};
    struct lower *host = lower6_new(&config);
    lower6_pass(host, 3 * LOWER6_S);
    send_ra(host, &usual);
    lower6_pass(host, 3 * LOWER6_S);
    redirect(host, &second_ll); /* not the router that we use */
    assert_true(ph_addr_equal(hop(host, &far_away), &lower6_router_ll));
    redirect(host, &lower6_router_ll);
    assert_true(ph_addr_equal(hop(host, &far_away),
                              on ? &second_ll : &lower6_router_ll));
    lower_free(host);
  }
}

static void given_route_and_address_stand_against_advertisements(void **state) {
  /* EVIDENCE: RFC 4861 6.3.4 (what is configured is not changed); RFC 4861
   * 6.3a */
  (void)state;
  struct lower *host = listener();
  struct ph_ipv6_address_info info;
  struct ph_addr addr = slaac();
  struct ra ra = usual;
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &addr, 64, true), 0);
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &addr, 64, true),
      -PH_EEXIST);
  assert_int_equal(
      ph_ipv6_add_route(&host->stack, &any6, 0, &second_ll, &host->netif), 0);
  ra.valid = ra.preferred = 0;
  send_ra(host, &ra);
  assert_true(find(host, &addr, &info));
  assert_int_equal(info.valid_until_ns, UINT64_MAX);
  assert_true(ph_addr_equal(hop(host, &far_away), &second_ll));
  struct ph_addr near = prefix64;
  near.bytes[15] = 9;
  assert_true(ph_addr_equal(hop(host, &near), &near));
  lower_free(host);
}

static void deprecated_address_is_not_chosen(void **state) {
  /* EVIDENCE: RFC 4862 5.5.4, RFC 6724 5 (rule 3); RFC 4862 5.5e */
  (void)state;
  struct lower *host = listener();
  struct ph_addr old = slaac();
  static const struct ph_addr given = {{0x20, 2, [15] = 1}};
  struct ra ra = usual;
  ra.preferred = 100;
  send_ra(host, &ra);
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &given, 64, true), 0);
  lower6_pass(host, 3 * LOWER6_S);
  struct ph_addr src = ip_path_find(&host->stack, NULL, NULL, &far_away)->src;
  assert_true(ph_addr_equal(&src, &old)); /* the longer prefix */
  lower6_pass(host, 100 * LOWER6_S);
  src = ip_path_find(&host->stack, NULL, NULL, &far_away)->src;
  assert_true(ph_addr_equal(&src, &given));
  src = ip_path_find(&host->stack, NULL, &old, &far_away)->src;
  assert_true(ph_addr_equal(&src, &old)); /* who has it keeps it */
  lower_free(host);
}

static void source_is_of_the_right_scope_and_the_longest_prefix(void **state) {
  /* EVIDENCE: RFC 6724 5 (rules 1, 2, 3, 8) */
  (void)state;
  const struct ph_ipv6_config config = {.skip_dad = true, .ignore_ra = true};
  struct lower *host = lower6_new(&config);
  static const struct ph_addr a = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}};
  static const struct ph_addr b = {{0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1}};
  static const struct ph_addr to_b = {{0x20, 1, 0xd, 0xb8, 0, 2, [15] = 9}};
  static const struct ph_addr to_a = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 9}};
  struct ph_addr ll = {{0xfe, 0x80, 0, host->netif.index, [15] = 9}};
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &a, 64, true), 0);
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &b, 64, true), 0);
  struct ph_addr src = ip_path_find(&host->stack, NULL, NULL, &to_b)->src;
  assert_true(ph_addr_equal(&src, &b));
  src = ip_path_find(&host->stack, NULL, NULL, &to_a)->src;
  assert_true(ph_addr_equal(&src, &a));
  src = ip_path_find(&host->stack, NULL, NULL, &ll)->src;
  assert_int_equal(ip_addr_take_zone(&src), host->netif.index);
  assert_true(ph_addr_equal(&src, &lower6_host_ll));
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(start_solicits_routers_three_times),
      cmocka_unit_test(advertisement_ends_the_solicitations),
      cmocka_unit_test(advertised_prefix_makes_an_address_and_a_route),
      cmocka_unit_test(lifetimes_end_address_prefix_and_router),
      cmocka_unit_test(lifetime_is_not_cut_below_two_hours),
      cmocka_unit_test(prefixes_that_make_no_address),
      cmocka_unit_test(advertisements_that_fail_a_check_are_not_used),
      cmocka_unit_test(parameters_are_taken_within_bounds),
      cmocka_unit_test(storm_of_advertisements_is_bounded),
      cmocka_unit_test(router_that_does_not_answer_gives_way_to_another),
      cmocka_unit_test(router_that_says_goodbye_is_not_used),
      cmocka_unit_test(redirect_is_heeded_only_if_asked_for_and_of_the_router),
      cmocka_unit_test(given_route_and_address_stand_against_advertisements),
      cmocka_unit_test(deprecated_address_is_not_chosen),
      cmocka_unit_test(source_is_of_the_right_scope_and_the_longest_prefix),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
