/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: what is heard, and what routers are told (MLDv2, MLDv1). */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

static const struct ph_addr group = {{0xff, 0x15, [14] = 1, [15] = 2}};

/* The last frame reports `group` in this way. */
static void expect_report(const struct lower *host, uint8_t record) {
  const uint8_t *f = lower6_frame(host, 1);
  const uint8_t *m = lower6_icmp(host, 1);
  static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 0x16};
  assert_memory_equal(f, mac, 6);
  assert_int_equal(f[14 + IPV6_OFF_HOPS], 1);
  assert_memory_equal(f + 14 + IPV6_OFF_DST, ipv6_all_mld2.bytes, 16);
  assert_int_equal(f[14 + 40 + 2], IPV6_OPT_ROUTER_ALERT);
  assert_int_equal(m[0], ICMP6_MLD2_REPORT);
  assert_int_equal(get_be16(m + 6), 1);
  assert_int_equal(m[8], record);
  assert_memory_equal(m + 12, group.bytes, 16);
}

static void join_and_leave_are_reported_twice(void **state) {
  /* EVIDENCE: RFC 3810 6.1, 9.1 (Robustness Variable) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
  expect_report(host, CHANGE_TO_EXCLUDE);
  assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
  assert_int_equal(host->count, 1);
  lower6_pass(host, 5 * LOWER6_S);
  assert_int_equal(host->count, 2);
  expect_report(host, CHANGE_TO_EXCLUDE);
  assert_int_equal(ph_ipv6_leave(&host->stack, &host->netif, &group), 0);
  assert_int_equal(host->count, 2); /* another still listens */
  assert_int_equal(ph_ipv6_leave(&host->stack, &host->netif, &group), 0);
  expect_report(host, CHANGE_TO_INCLUDE);
  lower6_pass(host, 5 * LOWER6_S);
  assert_int_equal(host->count, 4);
  assert_int_equal(ph_ipv6_leave(&host->stack, &host->netif, &group),
                   -PH_ENOENT);
  lower_free(host);
}

static void joined_group_is_received(void **state) {
  /* EVIDENCE: RFC 3810 4.1 (a node receives what it listens to); RFC 4443
   * 4.2b */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  for (int member = 0; member < 2; member++) {
    if (member) {
      assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
    }
    uint64_t echos = host->stack.stats.Icmp6InEchos;
    lower6_echo(host, 4);
    lower6_set_dst(host, &group);
    lower6_receive_icmp(host);
    assert_int_equal(host->stack.stats.Icmp6InEchos, echos + (uint64_t)member);
  }
  const uint8_t *ip = lower6_frame(host, 1) + 14; /* from our own address */
  assert_memory_equal(ip + IPV6_OFF_SRC, lower6_host.bytes, 16);
  lower_free(host);
}

static uint8_t *query(struct lower *host, uint32_t len, uint16_t delay) {
  uint8_t *p = lower6_ip(host, IPV6_NEXT_HOP_BY_HOP, 8 + len);
  static const uint8_t alert[8] = {IPV6_NEXT_ICMP, 0, 5, 2, 0, 0, 1, 0};
  memcpy(p, alert, 8);
  p[8] = ICMP6_MLD_QUERY;
  put_be16(p + 12, delay);
  LOWER6_IP(host)[IPV6_OFF_HOPS] = 1;
  lower6_set_src(host, &lower6_router_ll);
  lower6_set_dst(host, &ipv6_all_nodes);
  return p + 8;
}

static void filters_of_senders_are_reported(void **state) {
  /* EVIDENCE: RFC 3810 5.2.12, 6.1, 6.2 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  static struct ip_listed peer, other;
  peer.addr = lower6_peer;
  other = (struct ip_listed){&peer, lower6_router_ll};
  const struct ip_filter one = {&peer, false}, two = {&other, false};
  assert_int_equal(ip_listen(&host->netif, &group, NULL, &one), 0);
  expect_report(host, ALLOW_NEW_SOURCES);
  assert_int_equal(get_be16(lower6_icmp(host, 1) + 10), 1);
  assert_memory_equal(lower6_icmp(host, 1) + 28, lower6_peer.bytes, 16);
  assert_int_equal(ip_listen(&host->netif, &group, &one, &two), 0);
  lower6_pass(host, 5 * LOWER6_S);
  uint8_t *m = query(host, 28 + 32, 500);
  memcpy(m + 8, group.bytes, 16);
  put_be16(m + 26, 2);
  memcpy(m + 28, lower6_host.bytes, 16);
  memcpy(m + 44, lower6_peer.bytes, 16);
  lower6_sum(host, 8);
  lower6_receive(host);
  lower6_pass(host, LOWER6_S);
  expect_report(host, MODE_IS_INCLUDE);
  assert_int_equal(get_be16(lower6_icmp(host, 1) + 10), 1);
  assert_memory_equal(lower6_icmp(host, 1) + 28, lower6_peer.bytes, 16);
  assert_int_equal(ip_listen(&host->netif, &group, &two, &one), 0);
  expect_report(host, BLOCK_OLD_SOURCES);
  assert_memory_equal(lower6_icmp(host, 1) + 28, lower6_router_ll.bytes, 16);
  lower_free(host);
}

static void query_is_answered_within_its_time(void **state) {
  /* EVIDENCE: RFC 3810 5.1.3, 6.2 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
  lower6_pass(host, 5 * LOWER6_S);
  uint32_t count = host->count;
  memcpy(query(host, 28, 2000) + 8, group.bytes, 16); /* of this group */
  lower6_sum(host, 8);
  lower6_receive(host);
  assert_int_equal(host->count, count);
  lower6_pass(host, 2 * LOWER6_S + 1);
  assert_int_equal(host->count, count + 1);
  expect_report(host, MODE_IS_EXCLUDE);
  query(host, 28, 10000); /* of all: two solicited-node groups besides */
  lower6_sum(host, 8);
  lower6_receive(host);
  lower6_pass(host, 10 * LOWER6_S + 1);
  assert_int_equal(host->count, count + 1 + 1);
  assert_int_equal(get_be16(lower6_icmp(host, 1) + 6), 2);
  lower_free(host);
}

static void old_querier_gets_reports_of_version_1(void **state) {
  /* EVIDENCE: RFC 3810 8.2.1, RFC 2710 3 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  query(host, 24, 100);
  lower6_sum(host, 8);
  lower6_receive(host);
  lower6_pass(host, LOWER6_S);
  assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
  assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_MLD1_REPORT);
  assert_memory_equal(lower6_icmp(host, 1) + 8, group.bytes, 16);
  assert_memory_equal(lower6_frame(host, 1) + 14 + IPV6_OFF_DST, group.bytes,
                      16);
  assert_int_equal(ph_ipv6_leave(&host->stack, &host->netif, &group), 0);
  assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_MLD1_DONE);
  lower6_pass(host, 300 * LOWER6_S);
  assert_int_equal(ph_ipv6_join(&host->stack, &host->netif, &group), 0);
  assert_int_equal(lower6_icmp(host, 1)[0], ICMP6_MLD2_REPORT);
  lower_free(host);
}

static void queries_that_fail_a_check_are_ignored(void **state) {
  /* EVIDENCE: RFC 3810 5.1.14, 6.2 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  uint64_t errors = host->stack.stats.Icmp6InErrors;
  for (int i = 0; i < 7; i++) {
    uint32_t len = i == 0 ? 8 : i == 1 ? 27 : 28;
    uint8_t *m = query(host, len, 100);
    if (i == 2) {
      LOWER6_IP(host)[IPV6_OFF_HOPS] = 2;
    } else if (i == 3) {
      lower6_set_src(host, &lower6_peer);
    } else if (i == 4) {
      m[-6] = IPV6_OPT_PADN; /* no router alert */
    } else if (i == 5) {
      memcpy(m + 8, lower6_peer.bytes, 16); /* no group */
    }
    if (i == 6) {
      put_be16(m + 26, 1); /* a sender that is not there */
    }
    lower6_sum(host, 8);
    lower6_receive(host);
    assert_int_equal(host->stack.stats.Icmp6InErrors, ++errors);
  }
  uint32_t count = host->count;
  lower6_pass(host, 20 * LOWER6_S);
  assert_int_equal(host->count, count);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(join_and_leave_are_reported_twice),
      cmocka_unit_test(joined_group_is_received),
      cmocka_unit_test(filters_of_senders_are_reported),
      cmocka_unit_test(query_is_answered_within_its_time),
      cmocka_unit_test(old_querier_gets_reports_of_version_1),
      cmocka_unit_test(queries_that_fail_a_check_are_ignored),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
