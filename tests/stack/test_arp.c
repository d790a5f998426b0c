/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet and ARP against a hostile link. */
#include "tests/stack/lower.h"

#include "stack/eth/eth.h"

static uint8_t *arp(struct lower *host, uint16_t oper, uint32_t spa,
                    uint32_t tpa) {
  uint8_t *f = host->scratch;
  memset(f, 0, 64);
  bare_arp(f, host->netif.mac, LOWER_PEER_MAC, oper, spa, tpa);
  return f;
}

static int ping(struct lower *host, uint32_t to) {
  struct ph_addr addr = ph_addr_v4(to);
  return icmp_send_echo(&host->stack, &addr, 1, 1, (const uint8_t *)"abc", 3);
}

static void arp_request_for_us_is_answered(void **state) {
  /* EVIDENCE: RFC 826 2c */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  assert_int_equal(host->count, 1);
  const uint8_t *f = host->frame[0];
  assert_memory_equal(f, LOWER_PEER_MAC, 6);
  assert_int_equal(get_be16(f + 20), ARP_OPER_REPLY);
  assert_memory_equal(f + 22, host->netif.mac, 6);
  assert_int_equal(get_be32(f + 28), LOWER_HOST);
  assert_int_equal(get_be32(f + 38), LOWER_PEER);
  lower_free(host);
}

static void arp_every_truncation_and_field_is_checked(void **state) {
  /* EVIDENCE: RFC 826 2a; lwIP bug 108 (short frames) */
  (void)state;
  struct lower *host = lower_new(NULL);
  arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
  for (uint32_t len = 0; len < 42; len++) {
    lower_receive(host, host->scratch, len);
  }
  assert_int_equal(host->stack.stats.EthInErrors, 14);
  assert_int_equal(host->stack.stats.ArpInErrors, 28);
  for (int bit = 0; bit < 64; bit++) { /* types, lengths, operation */
    uint8_t *f = arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
    f[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    lower_receive(host, f, 42);
  }
  const uint32_t bad[] = {LOWER_HOST, 0xffffffff, 0xe0000001, 0x7f000001};
  for (size_t i = 0; i < PH_ARRAY_LEN(bad); i++) {
    arp(host, ARP_OPER_REQUEST, bad[i], LOWER_HOST);
    lower_receive(host, host->scratch, 42);
  }
  assert_int_equal(host->stack.stats.ArpInErrors, 28 + 64 + 4);
  struct arp_info info;
  assert_int_equal(arp_info(&host->netif, 0, &info), -PH_ENOENT);
  assert_int_equal(host->count, 1); /* our address was defended */
  assert_int_equal(host->stack.stats.ArpConflicts, 1);
  lower_free(host);
}

static void arp_unknown_neighbour_packet_waits_for_the_reply(void **state) {
  /* EVIDENCE: RFC 826 1a; RFC 1122 2.3.2.2 */
  (void)state;
  struct lower *host = lower_new(NULL);
  assert_int_equal(ping(host, LOWER_PEER), 0);
  assert_int_equal(host->count, 1);
  assert_int_equal(get_be16(host->frame[0] + 12), ETH_TYPE_ARP);
  lower_receive(host, arp(host, ARP_OPER_REPLY, LOWER_PEER, LOWER_HOST), 42);
  assert_int_equal(host->count, 2);
  assert_int_equal(get_be16(host->frame[1] + 12), ETH_TYPE_IPV4);
  assert_memory_equal(host->frame[1], LOWER_PEER_MAC, 6);
  lower_free(host);
}

static void arp_silent_neighbour_three_tries_then_dropped(void **state) {
  /* EVIDENCE: RFC 1122 2.3.2.1, 2.3.2.2 */
  (void)state;
  struct lower *host = lower_new(NULL);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(ping(host, LOWER_PEER), 0);
  }
  assert_int_equal(host->stack.stats.ArpResolveFailed, 12);
  while (ph_stack_next_deadline(&host->stack) != UINT64_MAX) {
    ph_stack_poll(&host->stack, ph_stack_next_deadline(&host->stack));
  }
  assert_int_equal(host->count, 3);
  assert_int_equal(host->stack.now_ns, UINT64_C(4000000000));
  assert_int_equal(host->stack.stats.ArpResolveFailed, 20);
  lower_free(host);
}

static void arp_scan_of_the_subnet_stays_bounded(void **state) {
  /* EVIDENCE: RFC 1122 2.3.2.1: cache exhaustion */
  (void)state;
  struct lower *host = lower_new(NULL);
  for (uint32_t i = 2; i < 255; i++) {
    (void)ping(host, 0x0a000000 + i);
    assert_true(host->stack.pkts.available >= 256 - 128);
  }
  for (uint32_t i = 2; i < 255; i++) { /* and a flood of requests */
    arp(host, ARP_OPER_REQUEST, 0x0a000000 + i, LOWER_HOST);
    lower_receive(host, host->scratch, 42);
  }
  while (ph_stack_next_deadline(&host->stack) != UINT64_MAX) {
    ph_stack_poll(&host->stack, ph_stack_next_deadline(&host->stack));
  }
  lower_free(host);
}

static void arp_stranger_and_fresh_change_are_not_learned(void **state) {
  /* EVIDENCE: RFC 826 2b; docs/stack_lower.md */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct arp_info info;
  arp(host, ARP_OPER_REPLY, LOWER_PEER, LOWER_HOST); /* nobody asked */
  lower_receive(host, host->scratch, 42);
  arp(host, ARP_OPER_REQUEST, 0xc0a80001, LOWER_HOST); /* other subnet */
  lower_receive(host, host->scratch, 42);
  assert_int_equal(arp_info(&host->netif, 0, &info), -PH_ENOENT);
  lower_learn_peer(host);
  uint8_t *f = arp(host, ARP_OPER_REPLY, LOWER_PEER, LOWER_HOST);
  f[27] = 0x66;
  lower_receive(host, f, 42);
  assert_int_equal(arp_info(&host->netif, 0, &info), 0);
  assert_memory_equal(info.mac, LOWER_PEER_MAC, 6);
  lower_free(host);
}

static void arp_entry_in_use_is_asked_for_again_before_it_expires(
    void **state) {
  /* EVIDENCE: RFC 1122 2.3.2.1 (1), docs/stack_lower.md */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  uint64_t start = host->stack.now_ns;
  uint32_t sent = host->count;
  ph_stack_set_now(&host->stack, start + UINT64_C(44000000000));
  assert_int_equal(ping(host, LOWER_PEER), 0);
  assert_int_equal(host->count, sent + 1);
  ph_stack_set_now(&host->stack, start + UINT64_C(50000000000));
  assert_int_equal(ping(host, LOWER_PEER), 0); /* goes out, and a question */
  assert_int_equal(host->count, sent + 3);
  int asked = get_be16(host->frame[sent + 1] + 12) == ETH_TYPE_ARP ? 1 : 2;
  assert_int_equal(get_be16(host->frame[sent + (uint32_t)asked] + 20),
                   ARP_OPER_REQUEST);
  arp(host, ARP_OPER_REPLY, LOWER_PEER, LOWER_HOST);
  lower_receive(host, host->scratch, 42);
  ph_stack_set_now(&host->stack, start + UINT64_C(90000000000));
  assert_int_equal(ping(host, LOWER_PEER), 0);
  assert_int_equal(host->count, sent + 4);
  /* Nobody asked for a minute: it is not believed any more. */
  ph_stack_set_now(&host->stack, start + UINT64_C(200000000000));
  assert_int_equal(ping(host, LOWER_PEER), 0);
  assert_int_equal(host->count, sent + 5);
  assert_int_equal(get_be16(host->frame[sent + 4] + 12), ETH_TYPE_ARP);
  arp(host, ARP_OPER_REPLY, LOWER_PEER, LOWER_HOST);
  lower_receive(host, host->scratch, 42);
  assert_int_equal(host->count, sent + 6);
  lower_free(host);
}

static void arp_lie_about_one_neighbour_leaves_the_others(void **state) {
  /* EVIDENCE: RFC 826; cache poisoning */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct arp_info info;
  lower_learn_peer(host);
  ph_stack_set_now(&host->stack, host->stack.now_ns + UINT64_C(5000000000));
  for (uint32_t i = 3; i < 200; i++) { /* answers nobody asked for */
    arp(host, ARP_OPER_REPLY, 0x0a000000 + i, LOWER_HOST);
    host->scratch[27] = (uint8_t)i;
    lower_receive(host, host->scratch, 42);
  }
  assert_int_equal(arp_info(&host->netif, 0, &info), 0);
  assert_int_equal(info.ip, LOWER_PEER);
  assert_memory_equal(info.mac, LOWER_PEER_MAC, 6);
  assert_int_equal(arp_info(&host->netif, 1, &info), -PH_ENOENT);
  lower_free(host);
}

static void eth_foreign_tagged_and_group_source_are_dropped(void **state) {
  /* EVIDENCE: IEEE 802.3-2022 3.2; IEEE 802.1Q 9.6 */
  (void)state;
  struct lower *host = lower_new(NULL);
  uint8_t *f = arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
  f[5] ^= 1;
  lower_receive(host, f, 42);
  f = arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
  put_be16(f + 12, ETH_TYPE_VLAN);
  lower_receive(host, f, 42);
  f = arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
  put_be16(f + 12, 28); /* a length */
  lower_receive(host, f, 42);
  f = arp(host, ARP_OPER_REQUEST, LOWER_PEER, LOWER_HOST);
  f[6] |= 1;
  lower_receive(host, f, 42);
  assert_int_equal(host->stack.stats.EthInErrors, 4);
  assert_int_equal(host->count, 0);
  lower_free(host);
}

/* ---- Conflicts ----------------------------------------------------------- */

enum { WANTED = 0x0a000063 };

static int verdict; /* of the probe; -1: none yet */

static void probed(struct ph_stack *stack, struct arp_probe *probe,
                   bool conflict) {
  assert_int_equal(probe->ip, WANTED);
  assert_int_equal(verdict, -1);
  verdict = conflict;
  if (!conflict) {
    assert_int_equal(ph_ipv4_add_address(stack, probe->netif, probe->ip, 24),
                     0);
  }
}

static void wait_ns(struct lower *host, uint64_t ns) {
  uint64_t end = host->stack.now_ns + ns;
  while (ph_stack_next_deadline(&host->stack) <= end) {
    ph_stack_poll(&host->stack, ph_stack_next_deadline(&host->stack));
  }
  ph_stack_poll(&host->stack, end);
}

/* Another host, 02:..:09, says or asks something. */
static void other(struct lower *host, uint16_t oper, uint32_t spa,
                  uint32_t tpa) {
  uint8_t f[42] = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff,          2, 0, 0, 0, 0, 9, 8, 6, 0, 1,
      8,    0,    6,    4,    0,    (uint8_t)oper, 2, 0, 0, 0, 0, 9};
  put_be32(f + 28, spa);
  put_be32(f + 38, tpa);
  lower_receive(host, f, sizeof(f));
}

static const uint8_t *arp_of(const struct lower *host, uint32_t i) {
  assert_in_range(i, 0, host->count - 1);
  assert_int_equal(get_be16(host->frame[i] + 12), ETH_TYPE_ARP);
  return host->frame[i] + 14;
}

static void arp_free_address_is_probed_then_announced(void **state) {
  /* EVIDENCE: RFC 5227 2.1.1a, 2.1.1c, 2.3a */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct arp_probe probe = {.netif = NULL};
  uint64_t start = host->stack.now_ns;
  verdict = -1;
  assert_int_equal(arp_probe_start(&host->netif, &probe, WANTED, probed), 0);
  assert_int_equal(arp_probe_start(&host->netif, &probe, WANTED, probed),
                   -PH_EINVAL);
  uint64_t last = start;
  for (uint32_t i = 0; i < 3; i++) {
    while (host->count == i) {
      wait_ns(host, 1000000);
    }
    const uint8_t *p = arp_of(host, i);
    assert_int_equal(get_be32(p + 14), 0);
    assert_int_equal(get_be32(p + 24), WANTED);
    uint64_t gap = host->stack.now_ns - last;
    assert_in_range(gap, i ? 999000000 : 0, i ? 2001000000 : 1001000000);
    last = host->stack.now_ns;
  }
  wait_ns(host, 1990000000);
  assert_int_equal(verdict, -1);
  wait_ns(host, 20000000);
  assert_int_equal(verdict, 0);
  wait_ns(host, 3000000000);
  assert_int_equal(host->count, 5);
  for (uint32_t i = 3; i < 5; i++) {
    assert_int_equal(get_be32(arp_of(host, i) + 14), WANTED);
    assert_int_equal(get_be32(arp_of(host, i) + 24), WANTED);
  }
  assert_null(probe.netif);
  lower_free(host);
}

static void arp_address_of_another_is_a_conflict(void **state) {
  /* EVIDENCE: RFC 5227 2.1.1b */
  (void)state;
  for (int how = 0; how < 4; how++) {
    struct lower *host = lower_new(NULL);
    struct arp_probe probe = {.netif = NULL};
    verdict = -1;
    assert_int_equal(arp_probe_start(&host->netif, &probe, WANTED, probed), 0);
    wait_ns(host, 2000000000);
    switch (how) {
      case 0: /* it answers */
        other(host, ARP_OPER_REPLY, WANTED, 0);
        break;
      case 1: /* it asks somebody */
        other(host, ARP_OPER_REQUEST, WANTED, LOWER_PEER);
        break;
      case 2: /* it probes, too */
        other(host, ARP_OPER_REQUEST, 0, WANTED);
        break;
      default: /* it only wants to know who has it */
        other(host, ARP_OPER_REQUEST, LOWER_PEER, WANTED);
        break;
    }
    assert_int_equal(verdict, how < 3 ? 1 : -1);
    assert_int_equal(probe.netif == NULL, how < 3);
    uint32_t count = host->count;
    wait_ns(host, 1000000);
    arp_probe_stop(&probe);
    wait_ns(host, 10000000000);
    assert_int_equal(host->count, count);
    lower_free(host);
  }
}

static uint32_t conflicts;

static void told(struct netif *netif, uint32_t ip) {
  (void)netif;
  assert_int_equal(ip, LOWER_HOST);
  conflicts++;
}

static void arp_our_address_is_defended_not_too_often(void **state) {
  /* EVIDENCE: RFC 5227 2.4a */
  (void)state;
  struct lower *host = lower_new(NULL);
  conflicts = 0;
  arp_on_conflict(&host->stack, told);
  for (uint32_t i = 0; i < 30; i++) { /* one a second */
    other(host, ARP_OPER_REPLY, LOWER_HOST, LOWER_PEER);
    wait_ns(host, 1000000000);
  }
  assert_int_equal(conflicts, 30);
  assert_int_equal(host->stack.stats.ArpConflicts, 30);
  assert_int_equal(host->count, 3);
  assert_int_equal(get_be32(arp_of(host, 0) + 14), LOWER_HOST);
  assert_int_equal(get_be32(arp_of(host, 0) + 24), LOWER_HOST);
  lower_free(host);
}

static void arp_request_carries_nothing_of_older_packets(void **state) {
  /* EVIDENCE: RFC 826 (ar$tha); CVE-2003-0001 (bytes of older frames) */
  (void)state;
  static const uint8_t unknown[6];
  struct lower *host = lower_new(NULL);
  uint32_t sent = host->count;
  assert_int_equal(ping(host, LOWER_HOST + 7), 0);
  assert_int_equal(host->count, sent + 1);
  const uint8_t *f = host->frame[sent];
  assert_int_equal(get_be16(f + 20), ARP_OPER_REQUEST);
  assert_memory_equal(f + 32, unknown, 6);
  for (int i = 0; i < 10; i++) { /* nobody answers */
    ph_stack_poll(&host->stack, host->stack.now_ns + 1000000000);
  }
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arp_request_for_us_is_answered),
      cmocka_unit_test(arp_request_carries_nothing_of_older_packets),
      cmocka_unit_test(arp_every_truncation_and_field_is_checked),
      cmocka_unit_test(arp_unknown_neighbour_packet_waits_for_the_reply),
      cmocka_unit_test(arp_silent_neighbour_three_tries_then_dropped),
      cmocka_unit_test(arp_scan_of_the_subnet_stays_bounded),
      cmocka_unit_test(arp_stranger_and_fresh_change_are_not_learned),
      cmocka_unit_test(arp_entry_in_use_is_asked_for_again_before_it_expires),
      cmocka_unit_test(arp_lie_about_one_neighbour_leaves_the_others),
      cmocka_unit_test(arp_free_address_is_probed_then_announced),
      cmocka_unit_test(arp_address_of_another_is_a_conflict),
      cmocka_unit_test(arp_our_address_is_defended_not_too_often),
      cmocka_unit_test(eth_foreign_tagged_and_group_source_are_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
