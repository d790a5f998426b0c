/* SPDX-License-Identifier: Apache-2.0 */
/* Paths narrower than the link between two stacks: one that says so by ICMP,
 * and black holes (RFC 4821). Host 1 sends to host 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

struct flow {
  struct pair *pair;
  struct pair_ends ends;
  struct tcp_conn *from; /* the sender's */
  struct ph_stack *stack;
  uint64_t want, sent, got;
};

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  pair_write(f->stack, f->from, &f->sent, f->want, 65536);
  (void)pair_read(&pair->host[0].stack, f->ends.server, &f->got, 65536);
  return f->got == f->want && f->from->snd_una == f->from->snd_nxt;
}

static void flow_new(struct flow *f, const struct pair_options *options) {
  *f = (struct flow){.pair = pair_new(options)};
  pair_establish(f->pair, 1, &f->ends);
  f->from = f->ends.client;
  f->stack = &f->pair->host[1].stack;
}

/* `bytes` more go through, within `ns`. */
static void move(struct flow *f, uint64_t bytes, uint64_t ns) {
  f->want += bytes;
  assert_true(pair_run(f->pair, ns, pump, f));
}

static void flow_free(struct flow *f) {
  tcp_close(f->stack, f->from, false);
  pair_pass(f->pair, PAIR_S);
  tcp_close(&f->pair->host[0].stack, f->ends.server, false);
  pair_pass(f->pair, PAIR_S);
  pair_free(f->pair);
}

/* The longest segment of host 1 that arrived since log index `since`. */
static uint32_t longest(const struct pair *pair, uint32_t since) {
  uint32_t len = 0;
  for (uint32_t i = since; i < pair->log_count; i++) {
    const struct pair_seg *seg = &pair->log[i];
    if (seg->from == 1 && !seg->dropped) {
      len = ph_max_u32(len, seg->len);
    }
  }
  return len;
}

static void icmp_path_narrower_than_the_link_costs_no_window(void **state) {
  /* EVIDENCE: RFC 1191 6.4; RFC 5681 3.1 (no congestion) */
  (void)state;
  struct flow f;
  flow_new(&f, NULL);
  move(&f, 500000, 5 * PAIR_S);
  uint32_t cwnd = f.from->cwnd;
  f.pair->path_mtu = 1000;
  f.pair->path_icmp = true;
  move(&f, 500000, 5 * PAIR_S);
  assert_int_equal(tcp_get_path_mtu(f.from), 1000);
  assert_int_equal(f.from->snd_mss, 960);
  assert_true(f.from->cwnd >= cwnd);
  assert_int_equal(f.stack->stats.TcpTimeouts, 0);
  assert_int_equal(f.stack->stats.TcpFastRetrans, 0);
  assert_int_equal(f.stack->stats.TcpPathMtuFell, 1);
  flow_free(&f);
}

static void icmp_path_is_narrow_from_the_start_for_the_next_connection(
    void **state) {
  /* EVIDENCE: RFC 1191 5.2 */
  (void)state;
  struct flow f;
  struct pair_ends second;
  flow_new(&f, NULL);
  f.pair->path_mtu = 1200;
  f.pair->path_icmp = true;
  move(&f, 100000, 5 * PAIR_S);
  uint32_t mark = f.pair->log_count;
  pair_establish(f.pair, 1, &second);
  assert_int_equal(second.client->snd_mss, 1160);
  /* What we take does not depend on the path (RFC 1191 3.1). */
  assert_int_equal(f.pair->log[mark].mss, 1460);
  tcp_close(f.stack, second.client, true);
  tcp_close(&f.pair->host[0].stack, second.server, true);
  flow_free(&f);
}

static void icmp_path_that_became_wide_is_found_after_ten_minutes(
    void **state) {
  /* EVIDENCE: RFC 4821 7.3b; RFC 1191 6.3, RFC 4821 7.3 (ten minutes) */
  (void)state;
  struct flow f;
  flow_new(&f, NULL);
  f.pair->path_mtu = 1200;
  f.pair->path_icmp = true;
  f.pair->delay_ns = 5 * PAIR_MS; /* ICMP is faster than duplicate ACKs */
  move(&f, 100000, 5 * PAIR_S);
  pair_pass(f.pair, 590 * PAIR_S);
  move(&f, 100000, 5 * PAIR_S);
  assert_int_equal(f.stack->stats.TcpMtuProbes, 0);
  f.pair->path_mtu = 1400;
  pair_pass(f.pair, 20 * PAIR_S);
  move(&f, 1000000, 5 * PAIR_S);
  /* The first probe was too long, ICMP said 1400, the second passed. */
  assert_int_equal(tcp_get_path_mtu(f.from), 1400);
  assert_int_equal(f.stack->stats.TcpMtuProbes, 2);
  assert_int_equal(f.stack->stats.TcpMtuProbesFailed, 1);
  assert_int_equal(f.stack->stats.TcpFastRetrans, 0);
  assert_int_equal(f.stack->stats.TcpTimeouts, 0);
  f.pair->path_mtu = 0;
  pair_pass(f.pair, 610 * PAIR_S);
  move(&f, 100000, 5 * PAIR_S);
  assert_int_equal(f.from->snd_mss, 1460);
  flow_free(&f);
}

/* From a path of `mtu`, silent about it, to the MTU that is found. */
static uint16_t through_black_hole(uint16_t mtu, const struct pair_options *o) {
  struct flow f;
  flow_new(&f, o);
  move(&f, 100000, 5 * PAIR_S);
  f.pair->path_mtu = mtu;
  /* Full segments: a short one would pass, and its SACK is news of a loss. */
  move(&f, 40 * 1460, 20 * PAIR_S);
  move(&f, 2000000, 60 * PAIR_S);
  const struct ph_stats *s = &f.stack->stats;
  uint16_t found = tcp_get_path_mtu(f.from);
  assert_true(found <= mtu);
  assert_true(s->TcpMtuBlackHoles > 0);
  assert_int_equal(s->TcpMtuProbes,
                   s->TcpMtuProbesPassed + s->TcpMtuProbesFailed);
  /* Probes that failed are not congestion. */
  assert_int_equal(s->TcpFastRetrans, 0);
  uint64_t timeouts = s->TcpTimeouts;
  uint32_t mark = f.pair->log_count;
  move(&f, 100000, 5 * PAIR_S);
  assert_int_equal(s->TcpTimeouts, timeouts);
  assert_true(longest(f.pair, mark) <= found - 40u);
  flow_free(&f);
  return found;
}

static void black_hole_is_found_and_then_the_path_mtu(void **state) {
  /* EVIDENCE: RFC 4821 7.3a, 7.6.1, 7.6.2, 7.7a, 7.7b; RFC 4821 7.7
   * (timeouts), 7.3 (search), 7.6 (outcome) */
  (void)state;
  const uint16_t mtus[] = {1499, 1492, 1400, 1280, 1100, 1024};
  for (size_t i = 0; i < PH_ARRAY_LEN(mtus); i++) {
    uint16_t found = through_black_hole(mtus[i], NULL);
    assert_in_range(found, mtus[i] - 8u, mtus[i]);
  }
}

static void black_hole_below_the_base_ends_at_the_floor(void **state) {
  /* EVIDENCE: RFC 4821 7.7b; RFC 4821 7.7; the search goes up from there */
  (void)state;
  const uint16_t mtus[] = {1000, 700, 576};
  for (size_t i = 0; i < PH_ARRAY_LEN(mtus); i++) {
    uint16_t found = through_black_hole(mtus[i], NULL);
    assert_in_range(found, mtus[i] - 8u, mtus[i]);
  }
}

static void black_hole_without_sack_is_found_too(void **state) {
  /* EVIDENCE: RFC 4821 7.6.2 (loss by duplicate ACKs) */
  (void)state;
  const struct pair_options no_sack = {.tcp.features.sack = PH_TCP_OFF};
  const struct pair_options no_rack = {.tcp.features.by_sack = &tcp_rfc6675};
  assert_in_range(through_black_hole(1400, &no_sack), 1392, 1400);
  assert_in_range(through_black_hole(1400, &no_rack), 1392, 1400);
}

static void black_hole_below_the_floor_is_passed_in_fragments(void **state) {
  /* EVIDENCE: RFC 791 2.3 (without DF a router may fragment) */
  (void)state;
  struct flow f;
  flow_new(&f, NULL);
  move(&f, 100000, 5 * PAIR_S);
  f.pair->path_mtu = 400;
  move(&f, 100000, 60 * PAIR_S);
  assert_int_equal(tcp_get_path_mtu(f.from), 552);
  uint32_t fragmented = 0;
  for (uint32_t i = 0; i < f.pair->log_count; i++) {
    const struct pair_seg *seg = &f.pair->log[i];
    if (seg->from == 1 && seg->len == 512 && !seg->dropped) {
      assert_false(seg->df);
      fragmented++;
    }
  }
  assert_true(fragmented > 100);
  flow_free(&f);
}

static void black_hole_with_probing_off_ends_the_connection(void **state) {
  /* EVIDENCE: docs/tcp/path_mtu.md (what the setting does) */
  (void)state;
  struct flow f;
  const struct pair_options off = {.tcp.features.mtu_probing = PH_TCP_OFF};
  flow_new(&f, &off);
  move(&f, 10000, 5 * PAIR_S);
  f.pair->path_mtu = 1400;
  f.want += 100000;
  (void)pair_run(f.pair, 60 * PAIR_S, pump, &f);
  assert_int_equal(f.stack->stats.TcpMtuBlackHoles, 0);
  assert_int_equal(tcp_get_path_mtu(f.from), 1500);
  assert_int_equal(f.got, 10000);
  f.pair->path_mtu = 0;
  move(&f, 0, 200 * PAIR_S);
  flow_free(&f);
}

static void outage_is_no_black_hole(void **state) {
  /* EVIDENCE: RFC 4821 7.7a; RFC 4821 7.7 (short segments don't pass either) */
  (void)state;
  struct flow f;
  flow_new(&f, NULL);
  move(&f, 100000, 5 * PAIR_S);
  f.pair->loss_ppm = 1000000;
  f.want += 1000000;
  (void)pair_run(f.pair, 3 * PAIR_S, pump, &f);
  assert_true(f.stack->stats.TcpTimeouts >= 3);
  assert_true(f.from->snd_mss < 1460); /* suspected */
  f.pair->loss_ppm = 0;
  uint32_t mark = f.pair->log_count;
  move(&f, 1000000, 60 * PAIR_S);
  assert_int_equal(longest(f.pair, mark), 1460);
  assert_int_equal(f.from->snd_mss, 1460);
  assert_int_equal(f.stack->stats.TcpMtuBlackHoles, 0);
  assert_int_equal(f.stack->stats.TcpMtuProbes, 0);
  flow_free(&f);
}

/* Segments and ACKs that are lost at random: many timeouts, sometimes three in
 * a row, but long segments get through as well as short ones. */
static void plain_loss_is_no_black_hole(void **state) {
  /* EVIDENCE: RFC 4821 7.7a; RFC 4821 7.7 (only if it depends on the length) */
  (void)state;
  uint64_t suspected = 0, found = 0;
  for (uint32_t seed = 1; seed <= 10; seed++) {
    struct flow f;
    flow_new(&f, NULL);
    f.pair->rng = seed;
    f.pair->loss_ppm = 150000;
    move(&f, 1000000, 1200 * PAIR_S);
    suspected += f.stack->stats.TcpPathMtuFell;
    found += f.stack->stats.TcpMtuBlackHoles;
    f.pair->loss_ppm = 0;
    flow_free(&f);
  }
  print_message("%u suspected, %u found\n", (unsigned)suspected,
                (unsigned)found);
  assert_true(suspected > 20);
  assert_true(found <= suspected / 20);
}

/* Of a path that lets everything through for a while and then only short
 * segments: data that had arrived before are no evidence of long ones. */
static void black_hole_in_the_middle_of_a_window_is_found(void **state) {
  /* EVIDENCE: RFC 4821 7.7a; RFC 4821 7.7 (what arrived before says nothing) */
  (void)state;
  for (uint32_t seed = 1; seed <= 10; seed++) {
    struct flow f;
    const struct pair_options o = {
        .tcp.features.sack = seed % 3 == 0 ? PH_TCP_OFF : PH_TCP_ON,
        .tcp.features.by_sack = seed % 3 == 1 ? &tcp_rfc6675 : NULL};
    flow_new(&f, &o);
    f.pair->rng = seed;
    f.pair->delay_ns = 5 * PAIR_MS;
    f.pair->loss_ppm = 50000;
    f.want = 2000000;
    (void)pair_run(f.pair, 200 * PAIR_MS, pump, &f);
    f.pair->loss_ppm = 0;
    f.pair->path_mtu = 1300;
    move(&f, 1000000, 120 * PAIR_S);
    assert_in_range(tcp_get_path_mtu(f.from), 1292, 1300);
    assert_int_equal(f.stack->stats.TcpMtuBlackHoles, 1);
    flow_free(&f);
  }
}

static void small_segments_that_time_out_are_no_black_hole(void **state) {
  /* EVIDENCE: RFC 4821 7.7 (only of packets longer than the base) */
  (void)state;
  struct flow f;
  flow_new(&f, NULL);
  f.pair->loss_ppm = 1000000;
  f.want = 900;
  (void)pair_run(f.pair, 10 * PAIR_S, pump, &f);
  assert_true(f.stack->stats.TcpTimeouts > 3);
  assert_int_equal(f.stack->stats.TcpMtuBlackHoles, 0);
  f.pair->loss_ppm = 0;
  move(&f, 0, 60 * PAIR_S);
  flow_free(&f);
}

static void always_on_starts_small_and_grows_by_probes(void **state) {
  /* EVIDENCE: RFC 4821 7.2a, 7.2b, 7.6.1; RFC 4821 7.2 (base), 7.3 (search) */
  (void)state;
  struct flow f;
  const struct pair_options on = {.tcp.features.mtu_probing = PH_TCP_ON};
  flow_new(&f, &on);
  assert_int_equal(f.from->snd_mss, 1024 - 40);
  move(&f, 100000, 5 * PAIR_S);
  assert_int_equal(f.from->snd_mss, 1460);
  assert_int_equal(f.stack->stats.TcpRetransSegs, 0);
  flow_free(&f);
  /* Silent and narrow from the start: not one timeout. */
  flow_new(&f, &on);
  f.pair->path_mtu = 1300;
  move(&f, 3000000, 30 * PAIR_S);
  assert_in_range(tcp_get_path_mtu(f.from), 1292, 1300);
  assert_int_equal(f.stack->stats.TcpTimeouts, 0);
  assert_int_equal(f.stack->stats.TcpFastRetrans, 0);
  flow_free(&f);
}

static void probe_is_followed_by_enough_to_find_its_loss(void **state) {
  /* EVIDENCE: RFC 4821 7.4b; RFC 4821 7.4 */
  (void)state;
  struct flow f;
  const struct pair_options on = {.tcp.features.mtu_probing = PH_TCP_ON};
  flow_new(&f, &on);
  move(&f, 3000, PAIR_S);
  assert_int_equal(f.stack->stats.TcpMtuProbes, 0); /* too little to send */
  f.pair->path_mtu = 1300;
  uint32_t mark = f.pair->log_count;
  move(&f, 50000, 5 * PAIR_S);
  uint32_t probe = mark;
  while (probe + 1 < f.pair->log_count && !f.pair->log[probe].dropped) {
    probe++;
  }
  uint32_t behind = 0;
  for (uint32_t i = probe + 1; f.pair->log[i].from == 1; i++) {
    behind++;
  }
  assert_true(behind >= 4);
  assert_int_equal(f.stack->stats.TcpTimeouts, 0);
  flow_free(&f);
}

static void search_under_loss_and_reordering_stays_exact(void **state) {
  /* EVIDENCE: RFC 4821 7.4a; RFC 4821 7.6.3 (inconclusive) */
  (void)state;
  for (uint32_t seed = 1; seed <= 20; seed++) {
    struct flow f;
    const struct pair_options on = {
        .tcp.features.mtu_probing = PH_TCP_ON,
        .tcp.features.sack = seed % 3 == 0 ? PH_TCP_OFF : PH_TCP_ON,
        .tcp.features.by_sack = seed % 3 == 1 ? &tcp_rfc6675 : NULL};
    flow_new(&f, &on);
    f.pair->rng = seed;
    f.pair->path_mtu = (uint16_t)(1030 + seed * 20);
    f.pair->path_icmp = seed % 2;
    f.pair->loss_ppm = 10000;
    f.pair->reorder_ppm = 10000;
    move(&f, 2000000, 600 * PAIR_S);
    assert_true(f.from->mtu <= f.pair->path_mtu);
    f.pair->loss_ppm = f.pair->reorder_ppm = 0;
    flow_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(icmp_path_narrower_than_the_link_costs_no_window),
      cmocka_unit_test(
          icmp_path_is_narrow_from_the_start_for_the_next_connection),
      cmocka_unit_test(icmp_path_that_became_wide_is_found_after_ten_minutes),
      cmocka_unit_test(black_hole_is_found_and_then_the_path_mtu),
      cmocka_unit_test(black_hole_below_the_base_ends_at_the_floor),
      cmocka_unit_test(black_hole_without_sack_is_found_too),
      cmocka_unit_test(black_hole_below_the_floor_is_passed_in_fragments),
      cmocka_unit_test(black_hole_with_probing_off_ends_the_connection),
      cmocka_unit_test(outage_is_no_black_hole),
      cmocka_unit_test(plain_loss_is_no_black_hole),
      cmocka_unit_test(black_hole_in_the_middle_of_a_window_is_found),
      cmocka_unit_test(small_segments_that_time_out_are_no_black_hole),
      cmocka_unit_test(always_on_starts_small_and_grows_by_probes),
      cmocka_unit_test(probe_is_followed_by_enough_to_find_its_loss),
      cmocka_unit_test(search_under_loss_and_reordering_stays_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
