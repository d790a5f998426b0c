/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbour discovery: resolution, unreachability, checks, bounds; duplicate
 * address detection. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 0x33};
static const struct ph_addr any6;

static void open_udp(struct lower *host, struct udp_pcb *udp) {
  udp_open(&host->stack, udp, 65536);
  udp_set_any(udp, &any6);
}

static struct lower *sender_new(struct udp_pcb *udp) {
  struct lower *host = lower6_new(NULL);
  open_udp(host, udp);
  return host;
}

static void sender_free(struct lower *host, struct udp_pcb *udp) {
  udp_close(udp);
  lower_free(host);
}

static long send_to(struct udp_pcb *udp, const struct ph_addr *to) {
  return udp_sendto(udp, "x", 1, to, 9);
}

static const char *state_of(struct lower *host, const struct ph_addr *addr,
                            struct ph_nd_info *info) {
  for (uint32_t i = 0; ph_nd_info(&host->netif, i, info) == 0; i++) {
    if (ph_addr_equal(&info->address, addr)) {
      return info->state;
    }
  }
  return "none";
}

#define EXPECT_STATE(host, name)                                     \
  do {                                                               \
    struct ph_nd_info info_;                                         \
    assert_string_equal(state_of(host, &lower6_peer, &info_), name); \
  } while (0)

/* The last frame solicits `target`: by multicast, or where it was. */
static void expect_solicit(const struct lower *host,
                           const struct ph_addr *target, bool multicast) {
  const uint8_t *f = lower6_frame(host, 1);
  const uint8_t *m = lower6_icmp(host, 1);
  struct ph_addr group = ipv6_solicited_group(target);
  assert_int_equal(m[0], ICMP6_NS);
  assert_int_equal(f[14 + IPV6_OFF_HOPS], 255);
  assert_memory_equal(m + ND_OFF_TARGET, target->bytes, 16);
  assert_memory_equal(f + 14 + IPV6_OFF_DST,
                      multicast ? group.bytes : target->bytes, 16);
  assert_int_equal(m[24], ND_OPT_SOURCE_MAC);
  assert_memory_equal(m + 26, host->netif.mac, 6);
  if (multicast) {
    const uint8_t mac[6] = {0x33,
                            0x33,
                            0xff,
                            target->bytes[13],
                            target->bytes[14],
                            target->bytes[15]};
    assert_memory_equal(f, mac, 6);
  }
}

/* The peer advertises itself with these flags. */
static void advertise(struct lower *host, uint8_t flags, const uint8_t *mac) {
  uint8_t *m = lower6_nd(host, ICMP6_NA, &lower6_peer, mac);
  m[ND_OFF_FLAGS] = flags;
  lower6_receive_icmp(host);
}

static void unknown_neighbour_is_solicited_and_packets_wait(void **state) {
  /* EVIDENCE: RFC 4861 7.2.2; RFC 4861 7.2a */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(send_to(&udp, &lower6_peer), 1);
  }
  assert_int_equal(host->count, 1);
  expect_solicit(host, &lower6_peer, true);
  EXPECT_STATE(host, "INCOMPLETE");
  advertise(host, ND_NA_SOLICITED | ND_NA_OVERRIDE, LOWER_PEER_MAC);
  EXPECT_STATE(host, "REACHABLE");
  assert_int_equal(host->count, 4);
  for (uint32_t n = 1; n <= 3; n++) {
    assert_memory_equal(lower6_frame(host, n), LOWER_PEER_MAC, 6);
    assert_int_equal(lower6_frame(host, n)[14 + IPV6_OFF_NEXT], 17);
  }
  sender_free(host, &udp);
}

static void nobody_answers_three_times_packets_fail(void **state) {
  /* EVIDENCE: RFC 4861 7.2.2 (MAX_MULTICAST_SOLICIT), 10; RFC 4861 7.2a,
   * 7.2b */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  assert_int_equal(udp_connect(&udp, &lower6_peer, 9), 0);
  assert_int_equal(udp_sendto(&udp, "x", 1, NULL, 0), 1);
  lower6_pass(host, 2 * LOWER6_S + 1);
  assert_int_equal(host->count, 3);
  expect_solicit(host, &lower6_peer, true);
  assert_int_equal(udp_take_error(&udp), 0);
  lower6_pass(host, LOWER6_S);
  assert_int_equal(host->count, 3);
  assert_int_equal(host->stack.stats.NdResolveFailed, 1);
  assert_int_equal(udp_take_error(&udp), PH_EHOSTUNREACH);
  EXPECT_STATE(host, "none");
  sender_free(host, &udp);
}

static void queue_of_a_neighbour_is_bounded_and_keeps_the_latest(void **state) {
  /* EVIDENCE: RFC 4861 7.2.2 (the oldest is replaced); RFC 4861 7.2b */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  for (int i = 0; i < 20; i++) {
    char c = (char)('a' + i);
    assert_int_equal(udp_sendto(&udp, &c, 1, &lower6_peer, 9), 1);
  }
  assert_int_equal(host->stack.stats.NdResolveFailed, 20 - ETH_WAITING_MAX);
  advertise(host, ND_NA_SOLICITED, LOWER_PEER_MAC);
  assert_int_equal(host->count, 1 + ETH_WAITING_MAX);
  assert_int_equal(lower6_frame(host, 1)[14 + 40 + 8], 'a' + 19);
  sender_free(host, &udp);
}

static void used_stale_neighbour_is_delayed_then_probed_then_gone(
    void **state) {
  /* EVIDENCE: RFC 4861 7.3.2, 7.3.3; RFC 4861 7.3b */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  lower6_learn_peer(host);
  EXPECT_STATE(host, "STALE");
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  EXPECT_STATE(host, "DELAY");
  uint32_t count = host->count;
  lower6_pass(host, 5 * LOWER6_S - 1);
  assert_int_equal(host->count, count);
  lower6_pass(host, 1);
  EXPECT_STATE(host, "PROBE");
  assert_int_equal(host->count, count + 1);
  expect_solicit(host, &lower6_peer, false);
  assert_memory_equal(lower6_frame(host, 1), LOWER_PEER_MAC, 6);
  assert_int_equal(send_to(&udp, &lower6_peer), 1); /* still goes there */
  assert_int_equal(host->count, count + 2);
  lower6_pass(host, 2 * LOWER6_S);
  assert_int_equal(host->count, count + 4);
  lower6_pass(host, LOWER6_S);
  EXPECT_STATE(host, "none");
  assert_int_equal(host->stack.stats.NdUnreachable, 1);
  assert_int_equal(host->stack.neighbours_unsure, 0);
  sender_free(host, &udp);
}

static void probe_answered_neighbour_is_reachable(void **state) {
  /* EVIDENCE: RFC 4861 7.3.3, appendix C; RFC 4861 7.3b */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  lower6_learn_peer(host);
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  lower6_pass(host, 5 * LOWER6_S);
  EXPECT_STATE(host, "PROBE");
  advertise(host, ND_NA_SOLICITED, NULL); /* no option needed: it was unicast */
  EXPECT_STATE(host, "REACHABLE");
  lower6_pass(host, 14 * LOWER6_S); /* at least half of 30 s */
  EXPECT_STATE(host, "REACHABLE");
  lower6_pass(host, 32 * LOWER6_S); /* at most 45 s */
  EXPECT_STATE(host, "STALE");
  uint32_t count = host->count;
  lower6_pass(host, 1000 * LOWER6_S); /* nobody uses it: nobody is asked */
  assert_int_equal(host->count, count);
  sender_free(host, &udp);
}

/* Appendix C's rows for advertisements of a known neighbour. */
static void advertisement_changes_the_state_as_in_appendix_c(void **state) {
  /* EVIDENCE: RFC 4861 7.2.5, appendix C; RFC 4861 7.2e */
  (void)state;
  enum { S = ND_NA_SOLICITED, O = ND_NA_OVERRIDE };
  static const struct {
    bool reachable; /* before; else STALE */
    uint8_t flags;
    int mac; /* 0 none, 1 the same, 2 another */
    const char *after;
    bool moved;
  } rows[] = {
      {false, 0, 0, "STALE", false},
      {false, 0, 1, "STALE", false},
      {false, 0, 2, "STALE", false},
      {false, S, 0, "REACHABLE", false},
      {false, S, 1, "REACHABLE", false},
      {false, S, 2, "STALE", false},
      {false, O, 1, "STALE", false},
      {false, O, 2, "STALE", true},
      {false, S | O, 2, "REACHABLE", true},
      {true, 0, 0, "REACHABLE", false},
      {true, 0, 1, "REACHABLE", false},
      {true, 0, 2, "STALE", false},
      {true, S, 2, "STALE", false},
      {true, O, 1, "REACHABLE", false},
      {true, O, 2, "STALE", true},
      {true, S | O, 1, "REACHABLE", false},
      {true, S | O, 2, "REACHABLE", true},
  };
  for (size_t i = 0; i < PH_ARRAY_LEN(rows); i++) {
    struct lower *host = lower6_new(NULL);
    struct ph_nd_info info;
    lower6_learn_peer(host);
    assert_string_equal(state_of(host, &lower6_peer, &info), "STALE");
    if (rows[i].reachable) {
      advertise(host, S | O, LOWER_PEER_MAC);
    }
    advertise(host, rows[i].flags,
              rows[i].mac == 0   ? NULL
              : rows[i].mac == 1 ? LOWER_PEER_MAC
                                 : other_mac);
    assert_string_equal(state_of(host, &lower6_peer, &info), rows[i].after);
    assert_memory_equal(info.mac, rows[i].moved ? other_mac : LOWER_PEER_MAC,
                        6);
    lower_free(host);
  }
}

static void incomplete_needs_a_link_layer_address(void **state) {
  /* EVIDENCE: RFC 4861 7.2.5; RFC 4861 7.2e */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  advertise(host, ND_NA_SOLICITED, NULL);
  EXPECT_STATE(host, "INCOMPLETE");
  advertise(host, 0, LOWER_PEER_MAC); /* unsolicited: good enough to send */
  EXPECT_STATE(host, "DELAY");
  assert_int_equal(host->count, 2);
  sender_free(host, &udp);
}

static void advertisement_of_a_stranger_makes_no_entry(void **state) {
  /* EVIDENCE: RFC 4861 7.2.5 (no entry: discarded); RFC 4861 7.2e */
  (void)state;
  struct lower *host = lower6_new(NULL);
  advertise(host, ND_NA_SOLICITED | ND_NA_OVERRIDE, LOWER_PEER_MAC);
  EXPECT_STATE(host, "none");
  lower_free(host);
}

/* A header of a neighbour that moved is not used any more. */
static void changed_address_is_used_by_the_next_packet(void **state) {
  /* EVIDENCE: RFC 4861 7.2.5 (override) */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  lower6_learn_peer(host);
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  assert_memory_equal(lower6_frame(host, 1), LOWER_PEER_MAC, 6);
  advertise(host, ND_NA_SOLICITED | ND_NA_OVERRIDE, other_mac);
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  assert_memory_equal(lower6_frame(host, 1), other_mac, 6);
  sender_free(host, &udp);
}

static void solicitation_is_answered_with_override_and_solicited(void **state) {
  /* EVIDENCE: RFC 4861 7.2.3, 7.2.4; RFC 4861 7.2c, 7.2d */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_learn_peer(host);
  const uint8_t *f = lower6_frame(host, 1);
  const uint8_t *m = lower6_icmp(host, 1);
  assert_int_equal(m[0], ICMP6_NA);
  assert_int_equal(m[4], ND_NA_SOLICITED | ND_NA_OVERRIDE);
  assert_int_equal(f[14 + IPV6_OFF_HOPS], 255);
  assert_memory_equal(m + 8, lower6_host.bytes, 16);
  assert_memory_equal(f + 14 + IPV6_OFF_DST, lower6_peer.bytes, 16);
  assert_int_equal(m[24], ND_OPT_TARGET_MAC);
  assert_memory_equal(m + 26, host->netif.mac, 6);
  /* DAD of another node for our address: told to all, not solicited. */
  lower6_nd(host, ICMP6_NS, &lower6_host, NULL);
  struct ph_addr group = ipv6_solicited_group(&lower6_host);
  lower6_set_src(host, &any6);
  lower6_set_dst(host, &group);
  lower6_receive_icmp(host);
  m = lower6_icmp(host, 1);
  assert_int_equal(m[4], ND_NA_OVERRIDE);
  assert_memory_equal(lower6_frame(host, 1) + 14 + IPV6_OFF_DST,
                      ipv6_all_nodes.bytes, 16);
  lower_free(host);
}

/* Nothing is answered or learnt, and it is counted. */
static void expect_bad(struct lower *host) {
  uint64_t before = host->stack.stats.NdInErrors;
  uint32_t count = host->count;
  lower6_receive_icmp(host);
  assert_int_equal(host->stack.stats.NdInErrors, before + 1);
  assert_int_equal(host->count, count);
  EXPECT_STATE(host, "none");
}

static void messages_that_fail_a_check_are_not_used(void **state) {
  /* EVIDENCE: RFC 4861 6.1.1, 6.1.2, 7.1.1, 7.1.2, 8.1; RFC 4861 6.1a, 7.1a,
   * 7.1b */
  (void)state;
  struct lower *host = lower6_new(NULL);
  static const uint8_t types[] = {ICMP6_NS, ICMP6_NA, ICMP6_RS, ICMP6_RA,
                                  ICMP6_REDIRECT};
  for (size_t t = 0; t < sizeof(types); t++) {
    for (uint32_t hops = 0; hops < 255; hops++) {
      lower6_nd(host, types[t], &lower6_host, LOWER_PEER_MAC);
      LOWER6_IP(host)[IPV6_OFF_HOPS] = (uint8_t)hops;
      expect_bad(host);
    }
    lower6_nd(host, types[t], &lower6_host, LOWER_PEER_MAC)[1] = 1; /* code */
    expect_bad(host);
  }
  for (size_t t = 0; t < 2; t++) {
    for (uint32_t len = 8; len < 24; len++) {
      lower6_nd(host, types[t], &lower6_host, NULL);
      put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
      expect_bad(host);
    }
    for (uint32_t units = 0; units < 256; units++) { /* of 8: option length */
      if (units != 1) {
        lower6_nd(host, types[t], &lower6_host, LOWER_PEER_MAC)[25] =
            (uint8_t)units;
        expect_bad(host);
      }
    }
    for (uint32_t len = 25; len < 32; len++) { /* half an option */
      lower6_nd(host, types[t], &lower6_host, LOWER_PEER_MAC);
      put_be16(LOWER6_IP(host) + IPV6_OFF_LEN, (uint16_t)len);
      expect_bad(host);
    }
    lower6_nd(host, types[t], &ipv6_all_nodes, LOWER_PEER_MAC);
    expect_bad(host);
  }
  lower6_nd(host, ICMP6_NS, &lower6_host, LOWER_PEER_MAC);
  lower6_set_src(host, &any6); /* DAD with a source address, */
  struct ph_addr group = ipv6_solicited_group(&lower6_host);
  lower6_set_dst(host, &group);
  expect_bad(host);
  lower6_nd(host, ICMP6_NS, &lower6_host, NULL);
  lower6_set_src(host, &any6); /* or not to the solicited-node group */
  expect_bad(host);
  lower6_nd(host, ICMP6_NA, &lower6_peer, LOWER_PEER_MAC)[4] = ND_NA_SOLICITED;
  lower6_set_dst(host, &ipv6_all_nodes);
  expect_bad(host);
  lower_free(host);
}

static void strangers_do_not_push_out_who_is_used(void **state) {
  /* EVIDENCE: RFC 3756 4.3.2 (neighbour discovery denial of service) */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  lower6_learn_peer(host);
  advertise(host, ND_NA_SOLICITED | ND_NA_OVERRIDE, LOWER_PEER_MAC);
  assert_int_equal(send_to(&udp, &lower6_peer), 1);
  for (uint32_t i = 0; i < 10000; i++) {
    struct ph_addr src = lower6_peer;
    put_be32(src.bytes + 8, i + 1);
    lower6_nd(host, ICMP6_NS, &lower6_host, other_mac);
    lower6_set_src(host, &src);
    lower6_receive_icmp(host);
  }
  EXPECT_STATE(host, "REACHABLE");
  struct ph_nd_info info;
  uint32_t entries = 0;
  while (ph_nd_info(&host->netif, entries, &info) == 0) {
    entries++;
  }
  assert_true(entries <= ND_SETS * ND_WAYS);
  sender_free(host, &udp);
}

static void scan_of_a_subnet_is_bounded(void **state) {
  /* EVIDENCE: RFC 6583 6.2 (neighbour cache exhaustion) */
  (void)state;
  struct udp_pcb udp;
  struct lower *host = sender_new(&udp);
  for (uint32_t i = 0; i < 5000; i++) {
    struct ph_addr to = lower6_peer;
    put_be32(to.bytes + 8, i + 1);
    assert_int_equal(send_to(&udp, &to), 1);
    assert_true(host->stack.pkts.count - host->stack.pkts.available <=
                ETH_LINK_WAITING_MAX);
  }
  lower6_pass(host, 10 * LOWER6_S);
  assert_int_equal(host->stack.pkts.available, host->stack.pkts.count);
  assert_int_equal(host->stack.stats.NdResolveFailed, 5000);
  sender_free(host, &udp);
}

/* ---- Duplicate address detection ----------------------------------------- */

static const char *address_state(struct lower *host,
                                 const struct ph_addr *addr) {
  struct ph_ipv6_address_info info;
  for (uint32_t i = 0; ph_ipv6_address_info(&host->stack, i, &info) == 0; i++) {
    if (ph_addr_equal(&info.address, addr)) {
      return info.state;
    }
  }
  return "none";
}

static struct lower *tentative(void) {
  const struct ph_ipv6_config config = {.ignore_ra = true};
  struct lower *host = lower6_new(&config);
  assert_int_equal(
      ph_ipv6_add_address(&host->stack, &host->netif, &lower6_host, 64, false),
      0);
  return host;
}

/* How many solicitations for DAD of `addr` were sent. */
static uint32_t dad_probes(const struct lower *host,
                           const struct ph_addr *addr) {
  uint32_t probes = 0;
  for (uint32_t n = 1; n <= host->count; n++) {
    const uint8_t *m = lower6_icmp(host, n);
    const uint8_t *ip = lower6_frame(host, n) + 14;
    struct ph_addr group = ipv6_solicited_group(addr);
    if (m[0] == ICMP6_NS && memcmp(m + 8, addr->bytes, 16) == 0) {
      assert_memory_equal(ip + IPV6_OFF_SRC, any6.bytes, 16);
      assert_memory_equal(ip + IPV6_OFF_DST, group.bytes, 16);
      assert_int_equal(get_be16(ip + IPV6_OFF_LEN), 24); /* no option */
      probes++;
    }
  }
  return probes;
}

static void address_is_tentative_until_nobody_objects(void **state) {
  /* EVIDENCE: RFC 4862 5.4, 5.4.2; RFC 4862 5.3a, 5.4a, 5.4b */
  (void)state;
  struct lower *host = tentative();
  assert_string_equal(address_state(host, &lower6_host), "tentative");
  assert_string_equal(address_state(host, &lower6_host_ll), "tentative");
  lower6_echo(host, 4); /* receives nothing */
  uint64_t errors = host->stack.stats.Ip6InAddrErrors;
  lower6_receive(host);
  assert_int_equal(host->stack.stats.Ip6InAddrErrors, errors + 1);
  lower6_pass(host, LOWER6_S - 1);
  assert_string_equal(address_state(host, &lower6_host), "tentative");
  lower6_pass(host, LOWER6_S + 2);
  assert_string_equal(address_state(host, &lower6_host), "preferred");
  assert_string_equal(address_state(host, &lower6_host_ll), "preferred");
  assert_int_equal(dad_probes(host, &lower6_host), 1);
  assert_int_equal(dad_probes(host, &lower6_host_ll), 1);
  lower_free(host);
}

static void tentative_address_asked_for_or_advertised_is_duplicate(
    void **state) {
  /* EVIDENCE: RFC 4862 5.4.3, 5.4.4, 5.4.5; RFC 4862 5.4c, 5.4d, 5.4e */
  (void)state;
  for (int advert = 0; advert < 2; advert++) {
    struct lower *host = tentative();
    struct ph_addr group = ipv6_solicited_group(&lower6_host);
    lower6_pass(host, LOWER6_S / 2);
    if (advert) {
      lower6_nd(host, ICMP6_NA, &lower6_host, other_mac)[4] = ND_NA_OVERRIDE;
      lower6_set_src(host, &lower6_host);
      lower6_set_dst(host, &ipv6_all_nodes);
    } else {
      lower6_nd(host, ICMP6_NS, &lower6_host, NULL);
      lower6_set_src(host, &any6);
      lower6_set_dst(host, &group);
    }
    lower6_receive_icmp(host);
    assert_string_equal(address_state(host, &lower6_host), "duplicate");
    assert_int_equal(host->stack.stats.NdDuplicates, 1);
    lower6_pass(host, 10 * LOWER6_S);
    assert_string_equal(address_state(host, &lower6_host), "duplicate");
    uint32_t count = host->count;
    lower6_nd(host, ICMP6_NS, &lower6_host, LOWER_PEER_MAC);
    lower6_set_dst(host, &group);
    lower6_receive_icmp(host);
    assert_int_equal(host->count, count); /* it does not defend it */
    lower_free(host);
  }
}

static void tentative_address_resolved_by_others_is_not_duplicate(
    void **state) {
  /* EVIDENCE: RFC 4862 5.4.3 (a unicast source: silently ignored); RFC 4862
   * 5.4c */
  (void)state;
  struct lower *host = tentative();
  struct ph_addr group = ipv6_solicited_group(&lower6_host);
  lower6_nd(host, ICMP6_NS, &lower6_host, LOWER_PEER_MAC);
  lower6_set_dst(host, &group);
  uint32_t count = host->count;
  lower6_receive_icmp(host);
  assert_int_equal(host->count, count);
  assert_string_equal(address_state(host, &lower6_host), "tentative");
  lower_free(host);
}

static void duplicate_link_local_address_silences_the_interface(void **state) {
  /* EVIDENCE: RFC 4862 5.4.5 (made of a hardware address); RFC 4862 5.4f */
  (void)state;
  struct lower *host = tentative();
  struct udp_pcb udp;
  open_udp(host, &udp);
  struct ph_addr group = ipv6_solicited_group(&lower6_host_ll);
  lower6_nd(host, ICMP6_NS, &lower6_host_ll, NULL);
  lower6_set_src(host, &any6);
  lower6_set_dst(host, &group);
  lower6_receive_icmp(host);
  lower6_pass(host, 3 * LOWER6_S);
  assert_int_equal(send_to(&udp, &lower6_peer), -PH_ENETUNREACH);
  sender_free(host, &udp);
}

static void defended_address_stays_ours(void **state) {
  /* EVIDENCE: RFC 4862 5.4.4 (an address that is assigned) */
  (void)state;
  struct lower *host = lower6_new(NULL);
  lower6_nd(host, ICMP6_NA, &lower6_host, other_mac)[4] = ND_NA_OVERRIDE;
  lower6_set_src(host, &lower6_host);
  lower6_set_dst(host, &ipv6_all_nodes);
  expect_bad(host);
  assert_string_equal(address_state(host, &lower6_host), "preferred");
  lower_free(host);
}

static void link_that_is_down_delays_the_probe(void **state) {
  /* EVIDENCE: RFC 4862 5.4.2 (nobody could hear it) */
  (void)state;
  struct lower *host = tentative();
  netif_set_up(&host->netif, false);
  lower6_pass(host, 20 * LOWER6_S);
  assert_string_equal(address_state(host, &lower6_host), "tentative");
  netif_set_up(&host->netif, true);
  lower6_pass(host, 3 * LOWER6_S);
  assert_string_equal(address_state(host, &lower6_host), "preferred");
  assert_int_equal(dad_probes(host, &lower6_host), 1);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unknown_neighbour_is_solicited_and_packets_wait),
      cmocka_unit_test(nobody_answers_three_times_packets_fail),
      cmocka_unit_test(queue_of_a_neighbour_is_bounded_and_keeps_the_latest),
      cmocka_unit_test(used_stale_neighbour_is_delayed_then_probed_then_gone),
      cmocka_unit_test(probe_answered_neighbour_is_reachable),
      cmocka_unit_test(advertisement_changes_the_state_as_in_appendix_c),
      cmocka_unit_test(incomplete_needs_a_link_layer_address),
      cmocka_unit_test(advertisement_of_a_stranger_makes_no_entry),
      cmocka_unit_test(changed_address_is_used_by_the_next_packet),
      cmocka_unit_test(solicitation_is_answered_with_override_and_solicited),
      cmocka_unit_test(messages_that_fail_a_check_are_not_used),
      cmocka_unit_test(strangers_do_not_push_out_who_is_used),
      cmocka_unit_test(scan_of_a_subnet_is_bounded),
      cmocka_unit_test(address_is_tentative_until_nobody_objects),
      cmocka_unit_test(tentative_address_asked_for_or_advertised_is_duplicate),
      cmocka_unit_test(tentative_address_resolved_by_others_is_not_duplicate),
      cmocka_unit_test(duplicate_link_local_address_silences_the_interface),
      cmocka_unit_test(defended_address_stays_ours),
      cmocka_unit_test(link_that_is_down_delays_the_probe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
