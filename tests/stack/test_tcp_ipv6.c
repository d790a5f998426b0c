/* SPDX-License-Identifier: Apache-2.0 */
/* TCP over IPv6, between two stacks: the code is that of IPv4, so that here is
 * only what the family could break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stack/ip/ipv6_internal.h"
#include "tests/stack/tcp_pair.h"

struct transfer {
  struct pair_ends ends;
  uint64_t size, sent, received;
  bool closed;
};

static bool pump(struct pair *pair, void *ctx) {
  struct transfer *t = ctx;
  struct ph_stack *c = &pair->host[t->ends.client_owner].stack;
  struct ph_stack *s = &pair->host[!t->ends.client_owner].stack;
  pair_write(c, t->ends.client, &t->sent, t->size, 65536);
  if (t->sent == t->size && !t->closed) {
    t->closed = true;
    tcp_close(c, t->ends.client, false);
  }
  return pair_read(s, t->ends.server, &t->received, 65536);
}

static void transfer(struct pair *pair, uint64_t size, uint64_t limit_ns) {
  struct transfer t = {.size = size};
  pair_establish(pair, 1, &t.ends);
  assert_true(pair_run(pair, limit_ns, pump, &t));
  assert_int_equal(t.received, size);
  tcp_close(&pair->host[0].stack, t.ends.server, false);
  pair_pass(pair, PAIR_S);
}

static struct pair *open_pair(bool software) {
  const struct pair_options options = {.ipv6 = true, .software = software};
  return pair_new(&options);
}

static void established_ipv6_bulk_arrives_in_super_segments(void **state) {
  /* EVIDENCE: RFC 8200 8.1 (TCP's pseudo-header), RFC 9293 3.7.1; RFC 8200 6a,
   * 8c */
  (void)state;
  struct pair *pair = open_pair(false);
  transfer(pair, 1500000, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_int_equal(stats->TcpRetransSegs, 0);
  assert_true(stats->TcpOutSuperSegs > 0);
  assert_int_equal(stats->SwSegments, 0);
  assert_int_equal(stats->IpOutRequests, 0);
  assert_true(stats->Ip6OutRequests > 0);
  assert_int_equal(pair->log[0].mss, 1440);
  pair_free(pair);
}

static void established_ipv6_is_cut_and_summed_in_software(void **state) {
  /* EVIDENCE: RFC 8200 8.1, RFC 9293 3.1 (checksum); RFC 8200 8a */
  (void)state;
  struct pair *pair = open_pair(true);
  transfer(pair, 700001, 60 * PAIR_S);
  const struct ph_stats *out = &pair->host[1].stack.stats;
  const struct ph_stats *in = &pair->host[0].stack.stats;
  assert_true(out->SwSegments > 400);
  assert_true(out->SwChecksumBytes > 700000);
  assert_true(in->SwVerifyBytes > 700000);
  assert_int_equal(in->TcpInCsumErrors, 0);
  pair_free(pair);
}

static void established_ipv6_bad_wire_arrives_bit_exact(void **state) {
  /* EVIDENCE: RFC 9293 3.8.1 */
  (void)state;
  struct pair *pair = open_pair(true);
  pair->loss_ppm = 10000;
  pair->dup_ppm = 1000;
  pair->reorder_ppm = 10000;
  transfer(pair, 3000000, 3600 * PAIR_S);
  assert_true(pair->host[1].stack.stats.TcpRetransSegs > 0);
  pair_free(pair);
}

static void established_ipv6_path_mtu_is_learnt_from_too_big(void **state) {
  /* EVIDENCE: RFC 8201 3 (path MTU discovery), RFC 4443 3.2; RFC 4443 3.2a;
   * RFC 8200 5b; RFC 8201 3a, 4c, 5c */
  (void)state;
  struct pair *pair = open_pair(false);
  pair->path_mtu = 1400;
  pair->path_icmp = true;
  transfer(pair, 300000, 60 * PAIR_S);
  assert_true(pair->host[1].stack.stats.Icmp6InPktTooBigs > 0);
  assert_true(pair->host[1].stack.stats.TcpPathMtuFell > 0);
  uint32_t longest = 0;
  for (uint32_t i = pair->log_count / 2; i < pair->log_count; i++) {
    longest = ph_max_u32(longest, pair->log[i].len);
  }
  /* 40 of IPv6, 20 of TCP; timestamps are not spoken here. */
  assert_int_equal(longest, 1400 - 60);
  pair_free(pair);
}

static void established_ipv6_black_hole_ends_at_1280(void **state) {
  /* EVIDENCE: RFC 4821 7.7, RFC 8201 4 (the least MTU); RFC 8201 4d */
  (void)state;
  struct pair *pair = open_pair(false);
  pair->path_mtu = IPV6_MIN_MTU;
  transfer(pair, 100000, 600 * PAIR_S);
  for (uint32_t i = 0; i < pair->log_count; i++) {
    assert_true(pair->log[i].dropped || pair->log[i].len <= 1280 - 60);
  }
  pair_free(pair);
}

static void listening_on_any_takes_both_families(void **state) {
  /* EVIDENCE: RFC 3493 5.3 (IPV6_V6ONLY off) */
  (void)state;
  struct pair *pair = open_pair(false);
  struct ph_stack *s = &pair->host[0].stack;
  struct ph_stack *c = &pair->host[1].stack;
  static const struct ph_addr any;
  int owner;
  struct tcp_conn *listener = tcp_open(s, &owner);
  assert_int_equal(tcp_bind(s, listener, &any, 80, false), 0);
  assert_int_equal(tcp_listen(s, listener, 8), 0);
  struct ph_addr to[2] = {pair_addr(0), pair_addr6(0)};
  for (int i = 0; i < 2; i++) {
    struct tcp_conn *client = tcp_open(c, &owner);
    ph_stack_set_now(c, pair->now_ns);
    assert_int_equal(tcp_connect(c, client, &to[i], 80), 0);
    pair_pass(pair, PAIR_S);
    struct tcp_conn *server = tcp_accept(s, listener);
    assert_non_null(server);
    uint16_t port;
    struct ph_addr peer = tcp_get_remote(server, &port);
    struct ph_addr wanted = i ? pair_addr6(1) : pair_addr(1);
    assert_true(ph_addr_equal(&peer, &wanted));
    tcp_close(c, client, false);
    tcp_close(s, server, false);
  }
  tcp_close(s, listener, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

/* The MSS option of each SYN becomes padding. */
static uint32_t strip_mss(struct pair *pair, int from, uint8_t *f,
                          uint32_t len) {
  uint8_t *tcp = f + 14 + IPV6_HDR_LEN;
  (void)pair;
  (void)from;
  if (f[14 + IPV6_OFF_NEXT] == IP_PROTO_TCP && (tcp[13] & TCP_SYN)) {
    assert_int_equal(tcp[20], TCP_OPT_MSS);
    memset(tcp + 20, TCP_OPT_NOP, 4);
  }
  return len;
}

static void syn_without_mss_gets_segments_of_1220(void **state) {
  /* EVIDENCE: RFC 9293 3.7.1 (MUST-15: 1220 for IPv6) */
  (void)state;
  struct pair *pair = open_pair(false);
  pair->mangle = strip_mss;
  transfer(pair, 100000, 60 * PAIR_S);
  uint32_t longest = 0;
  for (uint32_t i = 0; i < pair->log_count; i++) {
    longest = ph_max_u32(longest, pair->log[i].len);
  }
  assert_int_equal(longest, 1220);
  pair_free(pair);
}

/* Nobody knows the host's neighbours but the host itself. */
static const char *neighbour_state(struct pair *pair, int host) {
  struct ph_nd_info info;
  struct ph_addr peer = pair_addr6(!host);
  for (uint32_t i = 0; ph_nd_info(&pair->host[host].netif, i, &info) == 0;
       i++) {
    if (ph_addr_equal(&info.address, &peer)) {
      return info.state;
    }
  }
  return "";
}

static void established_progress_confirms_the_neighbour(void **state) {
  /* EVIDENCE: RFC 4861 7.3.1 (hints from upper layers), 7.3.3; RFC 4861
   * 7.3a */
  (void)state;
  struct pair *pair = open_pair(false);
  struct transfer t = {.size = 10};
  pair_establish(pair, 1, &t.ends);
  struct ph_stack *c = &pair->host[1].stack;
  assert_string_equal(neighbour_state(pair, 1), "REACHABLE");
  pair_pass(pair, 100 * PAIR_S);
  assert_string_equal(neighbour_state(pair, 1), "STALE");
  uint64_t solicits = c->stats.Icmp6OutMsgs;
  assert_int_equal(tcp_send(c, t.ends.client, "x", 1, false), 1);
  assert_string_equal(neighbour_state(pair, 1), "DELAY");
  pair_pass(pair, PAIR_S);
  assert_string_equal(neighbour_state(pair, 1), "REACHABLE");
  assert_int_equal(c->stats.Icmp6OutMsgs, solicits); /* nobody was asked */
  tcp_close(c, t.ends.client, true);
  tcp_close(&pair->host[0].stack, t.ends.server, true);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(established_ipv6_bulk_arrives_in_super_segments),
      cmocka_unit_test(established_ipv6_is_cut_and_summed_in_software),
      cmocka_unit_test(established_ipv6_bad_wire_arrives_bit_exact),
      cmocka_unit_test(established_ipv6_path_mtu_is_learnt_from_too_big),
      cmocka_unit_test(established_ipv6_black_hole_ends_at_1280),
      cmocka_unit_test(listening_on_any_takes_both_families),
      cmocka_unit_test(syn_without_mss_gets_segments_of_1220),
      cmocka_unit_test(established_progress_confirms_the_neighbour),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
