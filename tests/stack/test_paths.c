/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: what a host remembers of where its packets go, and what makes it look
 * again (docs/stack_lower.md). */
#include "tests/stack/lower.h"
#include "tests/stack/tcp_peer.h"

enum { PORT = 9, STRANGERS = 2000 };
#define STRANGER 0x0b000000u /* 11.0.0.0, behind the peer */
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 0x66};

static uint64_t made(const struct lower *host) {
  return host->stack.stats.IpPathsMade;
}

/* A host with a neighbour that it knows, which is its way to everywhere. */
static struct lower *host_new(struct udp_pcb *pcb, uint32_t to) {
  struct lower *host = lower_new(NULL);
  struct ph_addr addr = ph_addr_v4(to);
  lower_learn_peer(host);
  assert_int_equal(
      ph_ipv4_add_route(&host->stack, 0, 0, LOWER_PEER, &host->netif), 0);
  udp_open(&host->stack, pcb, 65536);
  assert_int_equal(udp_connect(pcb, &addr, PORT), 0);
  return host;
}

static const uint8_t *last_frame(const struct lower *host) {
  return host->frame[(host->count - 1) % LOWER_FRAMES];
}

/* A datagram leaves, at once, for this neighbour and this host. */
static void expect_sent(struct lower *host, struct udp_pcb *pcb,
                        const uint8_t *mac, uint32_t to) {
  uint32_t count = host->count;
  struct ph_addr addr = ph_addr_v4(to);
  ph_stack_set_now(&host->stack, host->stack.now_ns + 1000);
  assert_int_equal(udp_sendto(pcb, "x", 1, &addr, PORT), 1);
  assert_int_equal(host->count, count + 1);
  const uint8_t *f = last_frame(host);
  assert_memory_equal(f, mac, 6);
  assert_memory_equal(f + 6, host->netif.mac, 6);
  assert_int_equal(get_be16(f + 12), ETH_TYPE_IPV4);
  assert_int_equal(csum_data(f + 14, 20, 0), 0xffff);
  assert_int_equal(get_be32(f + 26), LOWER_HOST);
  assert_int_equal(get_be32(f + 30), to);
}

/* The peer has a new MAC and says so. */
static void learn_mac(struct lower *host, uint32_t ip, const uint8_t *mac) {
  uint8_t f[BARE_ARP_LEN];
  bare_arp(f, host->netif.mac, mac, ARP_OPER_REQUEST, ip, LOWER_HOST);
  lower_receive(host, f, sizeof(f));
}

static void close_all(struct lower *host, struct udp_pcb *pcb) {
  udp_close(pcb);
  lower_free(host);
}

/* ---- The table ----------------------------------------------------------- */

static void path_in_use_outlives_any_number_of_strangers(void **state) {
  /* EVIDENCE: docs/stack_lower.md (paths: bounded, the oldest gives way) */
  (void)state;
  struct udp_pcb pcb, any;
  struct lower *host = host_new(&pcb, STRANGER);
  udp_open(&host->stack, &any, 65536);
  size_t arena = host->stack.arena_left;
  uint64_t before = made(host);
  assert_int_equal(before, 1);
  for (uint32_t i = 1; i <= STRANGERS; i++) {
    expect_sent(host, &any, LOWER_PEER_MAC, STRANGER + i);
    expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  }
  /* The one in use was looked up once: by who chose its source address and by
   * who gave it. */
  assert_in_range(made(host) - before, STRANGERS, STRANGERS + 1);
  assert_int_equal(host->stack.arena_left, arena);
  udp_close(&any);
  close_all(host, &pcb);
}

static void path_evicted_its_hint_leads_nobody_astray(void **state) {
  /* EVIDENCE: docs/decisions/0009-paths.md (a hint is verified) */
  (void)state;
  struct udp_pcb pcb, any;
  struct lower *host = host_new(&pcb, STRANGER);
  udp_open(&host->stack, &any, 65536);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  uint16_t hint = pcb.path;
  for (uint32_t i = 1; i <= STRANGERS; i++) {
    expect_sent(host, &any, LOWER_PEER_MAC, STRANGER + i);
  }
  const struct ip_paths *paths = host->stack.module[PH_MODULE_IP];
  assert_int_not_equal(ph_addr_to_v4(&paths->path[hint].dst), STRANGER);
  uint64_t before = made(host);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  assert_int_equal(made(host), before + 1);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  assert_int_equal(made(host), before + 1);
  udp_close(&any);
  close_all(host, &pcb);
}

static void paths_are_as_many_as_asked_for_in_whole_sets(void **state) {
  /* EVIDENCE: docs/stack_lower.md (ph_ip_config.max_paths) */
  (void)state;
  static const uint32_t asked[] = {0, 1, 5, 512};
  static const uint32_t sets[] = {64, 1, 2, 128};
  static _Alignas(64) uint8_t arena[1 << 18];
  static struct pkt pkts[1];
  struct lower *host = lower_new(NULL); /* for its random source */
  for (size_t i = 0; i < PH_ARRAY_LEN(asked); i++) {
    struct ph_stack stack;
    struct ph_stack_config config = {.platform = &host->bare.platform,
                                     .arena = arena,
                                     .arena_size = sizeof(arena),
                                     .pkt_memory = pkts,
                                     .pkt_count = 1};
    struct ph_ip_config paths = {.max_paths = asked[i]};
    assert_int_equal(ph_stack_init(&stack, &config), 0);
    assert_int_equal(ph_ip_init(&stack, &paths), 0);
    size_t left = stack.arena_left;
    assert_int_equal(ph_ip_init(&stack, NULL), 0); /* again: nothing */
    assert_int_equal(stack.arena_left, left);
    const struct ip_paths *table = stack.module[PH_MODULE_IP];
    assert_int_equal(table->set_mask + 1, sets[i]);
  }
  lower_free(host);
}

/* ---- Routes and interfaces ----------------------------------------------- */

static void path_better_route_is_taken_by_the_next_packet(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.2 (routes may change) */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  struct ph_stack *stack = &host->stack;
  learn_mac(host, LOWER_PEER + 1, other_mac);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  assert_int_equal(
      ph_ipv4_add_route(stack, STRANGER, 24, LOWER_PEER + 1, &host->netif), 0);
  expect_sent(host, &pcb, other_mac, STRANGER);
  assert_int_equal(
      ph_ipv4_remove_route(stack, STRANGER, 24, LOWER_PEER, &host->netif),
      -PH_ENOENT);
  expect_sent(host, &pcb, other_mac, STRANGER);
  assert_int_equal(
      ph_ipv4_remove_route(stack, STRANGER, 24, LOWER_PEER + 1, &host->netif),
      0);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  assert_int_equal(ph_ipv4_remove_route(stack, 0, 0, LOWER_PEER, &host->netif),
                   0);
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), -PH_ENETUNREACH);
  close_all(host, &pcb);
}

static uint32_t backup_count;

static int backup_transmit(struct netif *netif, struct pkt *pkt) {
  (void)netif;
  backup_count++;
  pkt_put(pkt);
  return 0;
}

static void path_interface_down_the_other_is_taken_until_it_is_up(
    void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.2, 3.3.1.5 */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  static const struct netif_ops ops = {.transmit = backup_transmit};
  struct netif backup = {.name = "eth1",
                         .ops = &ops,
                         .caps.mtu = 1500,
                         .mac = {2, 0, 0, 0, 1, 1},
                         .up = true};
  assert_int_equal(netif_add(&host->stack, &backup), 0);
  assert_int_equal(ph_ipv4_add_address(&host->stack, &backup, 0xc0a80001, 24),
                   0);
  assert_int_equal(ph_ipv4_add_route(&host->stack, 0, 0, 0xc0a80002, &backup),
                   0);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  netif_set_up(&host->netif, false);
  uint32_t before = host->count;
  backup_count = 0;
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), 1);
  assert_int_equal(host->count, before);
  assert_int_equal(backup_count, 1); /* asks for its neighbour */
  netif_set_up(&host->netif, true);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  netif_set_up(&host->netif, false);
  netif_set_up(&backup, false);
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), -PH_ENETUNREACH);
  while (ph_stack_next_deadline(&host->stack) != UINT64_MAX) {
    ph_stack_poll(&host->stack, ph_stack_next_deadline(&host->stack));
  }
  close_all(host, &pcb);
}

static void path_mtu_lowered_is_seen_at_once_and_for_ten_minutes(void **state) {
  /* EVIDENCE: RFC 1191 6.3 */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  struct ph_addr to = ph_addr_v4(STRANGER);
  uint64_t start = host->stack.now_ns;
  assert_int_equal(udp_get_path_mtu(&pcb), 1500);
  ip_lower_path_mtu(&host->stack, &to, 1000);
  assert_int_equal(udp_get_path_mtu(&pcb), 1000);
  ph_stack_set_now(&host->stack, start + 300 * PAIR_S);
  ip_lower_path_mtu(&host->stack, &to, 900);
  assert_int_equal(udp_get_path_mtu(&pcb), 900);
  ph_stack_set_now(&host->stack, start + 899 * PAIR_S);
  assert_int_equal(udp_get_path_mtu(&pcb), 900);
  ph_stack_set_now(&host->stack, start + 901 * PAIR_S);
  assert_int_equal(udp_get_path_mtu(&pcb), 1500);
  close_all(host, &pcb);
}

/* ---- Neighbours ---------------------------------------------------------- */

static void path_mac_changes_the_next_packet_goes_there(void **state) {
  /* EVIDENCE: RFC 826 "Merge_flag"; RFC 1122 2.3.2.1 */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  uint64_t before = made(host);
  ph_stack_set_now(&host->stack, host->stack.now_ns + 2 * PAIR_S);
  learn_mac(host, LOWER_PEER, other_mac);
  expect_sent(host, &pcb, other_mac, STRANGER);
  expect_sent(host, &pcb, other_mac, STRANGER);
  assert_int_equal(made(host), before); /* the route was not asked */
  close_all(host, &pcb);
}

static void path_silent_neighbour_is_asked_and_packets_wait(void **state) {
  /* EVIDENCE: RFC 1122 2.3.2.1 (stale entries), 2.3.2.2 (packets are kept) */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  uint64_t start = host->stack.now_ns;
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  ph_stack_set_now(&host->stack, start + 44 * PAIR_S);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  /* In use for 45 s without a word: asked, and used meanwhile. */
  ph_stack_set_now(&host->stack, start + 46 * PAIR_S);
  uint32_t count = host->count;
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), 1);
  assert_int_equal(host->count, count + 2);
  assert_int_equal(get_be16(host->frame[count] + 12), ETH_TYPE_ARP);
  assert_int_equal(get_be16(last_frame(host) + 12), ETH_TYPE_IPV4);
  /* After 60 s it is not believed any more. */
  ph_stack_set_now(&host->stack, start + 61 * PAIR_S);
  count = host->count;
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), 1);
  assert_int_equal(host->count, count + 1);
  assert_int_equal(get_be16(last_frame(host) + 12), ETH_TYPE_ARP);
  learn_mac(host, LOWER_PEER, other_mac);
  assert_int_equal(host->count, count + 3); /* what waited, our answer */
  assert_memory_equal(host->frame[count + 1], other_mac, 6);
  expect_sent(host, &pcb, other_mac, STRANGER);
  close_all(host, &pcb);
}

static void path_neighbour_forgotten_is_asked_again(void **state) {
  /* EVIDENCE: docs/stack_lower.md (an ARP entry that another took) */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  assert_int_equal(
      ph_ipv4_add_address(&host->stack, &host->netif, 0x0a010001, 16), 0);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  for (uint32_t i = 2; i < 4000; i++) { /* more than the cache holds */
    ph_stack_set_now(&host->stack, host->stack.now_ns + 1000);
    learn_mac(host, 0x0a010000 + i, other_mac);
  }
  uint32_t count = host->count;
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), 1);
  assert_int_equal(host->count, count + 1);
  assert_int_equal(get_be16(last_frame(host) + 12), ETH_TYPE_ARP);
  learn_mac(host, LOWER_PEER, LOWER_PEER_MAC);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  close_all(host, &pcb);
}

/* The other way round: traffic of a path keeps its neighbour known. */
static void path_in_use_keeps_its_neighbour_known(void **state) {
  /* EVIDENCE: docs/stack_lower.md (the least recently used gives way) */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  assert_int_equal(
      ph_ipv4_add_address(&host->stack, &host->netif, 0x0a010001, 16), 0);
  for (uint32_t i = 2; i < 4000; i++) {
    ph_stack_set_now(&host->stack, host->stack.now_ns + 1000);
    learn_mac(host, 0x0a010000 + i, other_mac);
    expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  }
  close_all(host, &pcb);
}

static void path_device_full_datagram_is_not_sent_and_counts_nothing(
    void **state) {
  /* EVIDENCE: docs/stack_lower.md (-PH_EAGAIN travels back up) */
  (void)state;
  struct udp_pcb pcb;
  struct lower *host = host_new(&pcb, STRANGER);
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  uint16_t id = get_be16(last_frame(host) + 18);
  uint64_t requests = host->stack.stats.IpOutRequests;
  host->full_after = 0;
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), -PH_EAGAIN);
  assert_int_equal(host->stack.stats.IpOutRequests, requests);
  host->full_after = -1;
  expect_sent(host, &pcb, LOWER_PEER_MAC, STRANGER);
  assert_int_equal(get_be16(last_frame(host) + 18), (uint16_t)(id + 1));
  close_all(host, &pcb);
}

/* ---- Connections --------------------------------------------------------- */

static void established_route_removed_data_waits_for_another(void **state) {
  /* EVIDENCE: RFC 9293 3.9.1.8; RFC 1122 3.3.1.2 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct netif *netif = &p.pair->host[0].netif;
  assert_int_equal(ph_ipv4_remove_route(p.stack, 0x0a000000, 24, 0, netif), 0);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100);
  assert_int_equal(peer_sent(&p), 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  assert_int_equal(p.conn->soft_error, PH_ENETUNREACH);
  assert_int_equal(ph_ipv4_add_route(p.stack, 0x0a000000, 24, 0, netif), 0);
  peer_pass(&p, 5 * PAIR_S);
  assert_true(peer_sent(&p) > 0);
  assert_int_equal(peer_seg(&p, 0)->len, 100);
  peer_ack(&p, p.conn->snd_nxt);
  assert_int_equal(p.conn->sndq_len, 0);
  peer_free(&p);
}

static void established_interface_down_data_leaves_when_it_is_up(void **state) {
  /* EVIDENCE: RFC 9293 3.9.1.8 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  netif_set_up(&p.pair->host[0].netif, false);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100);
  peer_pass(&p, PAIR_S);
  assert_int_equal(peer_sent(&p), 0);
  netif_set_up(&p.pair->host[0].netif, true);
  peer_pass(&p, 5 * PAIR_S);
  assert_true(peer_sent(&p) > 0);
  peer_ack(&p, p.conn->snd_nxt);
  assert_int_equal(p.conn->sndq_len, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
  peer_free(&p);
}

static uint8_t seen_mac[6];

static uint32_t look(struct pair *pair, int from, uint8_t *data, uint32_t len) {
  (void)pair;
  if (from == 0 && get_be16(data + 12) == ETH_TYPE_IPV4) {
    memcpy(seen_mac, data, 6);
  }
  return len;
}

static void established_peer_moves_segments_follow_its_mac(void **state) {
  /* EVIDENCE: RFC 826 "Merge_flag" */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  p.pair->mangle = look;
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_memory_equal(seen_mac, p.pair->host[1].netif.mac, 6);
  peer_ack(&p, p.conn->snd_nxt);
  peer_pass(&p, 2 * PAIR_S);
  uint8_t f[42] = {2,    0, 0, 0, 0, 1, 2, 0, 0, 0, 0,
                   0x66, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
  memcpy(f + 22, other_mac, 6);
  put_be32(f + 28, LOWER_PEER);
  put_be32(f + 38, LOWER_HOST);
  pair_receive(p.pair, f, sizeof(f));
  assert_int_equal(peer_app_send(&p, 1), 1);
  assert_memory_equal(seen_mac, other_mac, 6);
  peer_ack(&p, p.conn->snd_nxt);
  peer_free(&p);
}

static void established_path_evicted_stream_goes_on(void **state) {
  /* EVIDENCE: docs/decisions/0009-paths.md */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(
      ph_ipv4_add_route(p.stack, 0, 0, LOWER_PEER, &p.pair->host[0].netif), 0);
  for (uint32_t round = 0; round < 4; round++) {
    for (uint32_t i = 0; i < STRANGERS; i++) {
      struct ph_addr dst = ph_addr_v4(STRANGER + i);
      ph_stack_set_now(p.stack, p.stack->now_ns + 1);
      assert_int_equal(ip_path_find(p.stack, NULL, NULL, &dst)->error, 0);
    }
    peer_mark(&p);
    assert_int_equal(peer_app_send(&p, 10), 10);
    assert_int_equal(peer_sent(&p), 1);
    assert_int_equal(peer_seg(&p, 0)->len, 10);
    peer_ack(&p, p.conn->snd_nxt);
  }
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(path_in_use_outlives_any_number_of_strangers),
      cmocka_unit_test(path_evicted_its_hint_leads_nobody_astray),
      cmocka_unit_test(paths_are_as_many_as_asked_for_in_whole_sets),
      cmocka_unit_test(path_better_route_is_taken_by_the_next_packet),
      cmocka_unit_test(path_interface_down_the_other_is_taken_until_it_is_up),
      cmocka_unit_test(path_mtu_lowered_is_seen_at_once_and_for_ten_minutes),
      cmocka_unit_test(path_mac_changes_the_next_packet_goes_there),
      cmocka_unit_test(path_silent_neighbour_is_asked_and_packets_wait),
      cmocka_unit_test(path_neighbour_forgotten_is_asked_again),
      cmocka_unit_test(path_in_use_keeps_its_neighbour_known),
      cmocka_unit_test(
          path_device_full_datagram_is_not_sent_and_counts_nothing),
      cmocka_unit_test(established_route_removed_data_waits_for_another),
      cmocka_unit_test(established_interface_down_data_leaves_when_it_is_up),
      cmocka_unit_test(established_peer_moves_segments_follow_its_mac),
      cmocka_unit_test(established_path_evicted_stream_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
