/* SPDX-License-Identifier: Apache-2.0 */
/* Loss recovery between two stacks: what a wire loses is sent again once, at
 * once, and without a timeout. Round trips take 10 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { MSS = 1460 };

/* Loses transmissions of the segment that holds byte `at[i]` of the stream,
 * `times[i]` times. */
struct plan {
  uint32_t count;
  uint32_t at[16], times[16];
  uint32_t percent; /* of the segments with data, at random */
  uint32_t rng;
  uint32_t drops;
};

struct transfer {
  struct pair_ends ends;
  struct plan plan;
  uint64_t size, sent, received;
  uint64_t done_ns;
};

static bool drop_planned(struct pair *pair, const struct pair_seg *seg) {
  struct plan *plan = pair->drop_ctx;
  uint32_t first = seg->seq - ((uint32_t)PAIR_ISS + 1);
  plan->rng = plan->rng * 1664525u + 1013904223u;
  if (seg->from == 1 && seg->len > 0 &&
      (plan->rng >> 16) % 100 < plan->percent) {
    plan->drops++;
    return true;
  }
  for (uint32_t i = 0; seg->from == 1 && i < plan->count; i++) {
    if (plan->at[i] - first < seg->len && plan->times[i] > 0) {
      plan->times[i]--;
      plan->drops++;
      return true;
    }
  }
  return false;
}

static bool pump(struct pair *pair, void *ctx) {
  struct transfer *t = ctx;
  pair_write(&pair->host[1].stack, t->ends.client, &t->sent, t->size, 65536);
  (void)pair_read(&pair->host[0].stack, t->ends.server, &t->received, 65536);
  return t->received == t->size;
}

static struct pair *begin(struct transfer *t,
                          const struct pair_options *options) {
  struct pair *pair = pair_new(options);
  pair->delay_ns = 5 * PAIR_MS;
  pair_establish(pair, 1, &t->ends);
  pair->drop = drop_planned;
  pair->drop_ctx = &t->plan;
  return pair;
}

static void run(struct pair *pair, struct transfer *t, uint64_t limit_ns) {
  uint64_t start = pair->now_ns;
  assert_true(pair_run(pair, limit_ns, pump, t));
  t->done_ns = pair->now_ns - start;
}

static void end(struct pair *pair, struct transfer *t) {
  pair_pass(pair, PAIR_S);
  assert_null(t->ends.client->out->rtx.first);
  tcp_close(&pair->host[1].stack, t->ends.client, true);
  pair_pass(pair, PAIR_S);
  tcp_close(&pair->host[0].stack, t->ends.server, true);
  pair_free(pair);
}

/* The plan is carried out; each drop costs one retransmission, no timeout. */
static void expect_exact(const struct pair_options *options,
                         struct transfer *t) {
  struct pair *pair = begin(t, options);
  run(pair, t, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_true(t->plan.drops > 0);
  assert_int_equal(stats->TcpRetransSegs, t->plan.drops);
  assert_int_equal(stats->TcpTimeouts, 0);
  end(pair, t);
}

static void single_loss_in_a_window_costs_one_retransmission(void **state) {
  /* EVIDENCE: RFC 8985 3, 9.3; RFC 6675 5 */
  (void)state;
  struct transfer t = {.size = 1000000,
                       .plan = {.count = 1, .at = {300000}, .times = {1}}};
  expect_exact(NULL, &t);
}

static void many_losses_in_a_window_cost_one_each(void **state) {
  /* EVIDENCE: RFC 5681 4.3a; RFC 8985 6.2, RFC 6675 4 (NextSeg) */
  (void)state;
  struct transfer t = {.size = 1000000, .plan = {.count = 12}};
  for (uint32_t i = 0; i < 12; i++) {
    t.plan.at[i] = 300000 + i * 3 * MSS;
    t.plan.times[i] = 1;
  }
  expect_exact(NULL, &t);
}

static void lost_retransmissions_cost_no_timeout(void **state) {
  /* EVIDENCE: RFC 8985 3.4 */
  (void)state;
  struct transfer t = {
      .size = 1000000,
      .plan = {.count = 2, .at = {300000, 330000}, .times = {4, 3}}};
  expect_exact(NULL, &t);
}

static void rfc_6675_alone_repairs_single_and_many_losses(void **state) {
  /* EVIDENCE: RFC 6675 5 */
  (void)state;
  const struct pair_options options = {
      .tcp = {.features = {.by_sack = &tcp_rfc6675}}};
  struct transfer t = {.size = 1000000, .plan = {.count = 10}};
  for (uint32_t i = 0; i < 10; i++) {
    t.plan.at[i] = 300000 + i * 4 * MSS;
    t.plan.times[i] = 1;
  }
  struct pair *pair = begin(&t, &options);
  run(pair, &t, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_int_equal(t.plan.drops, 10);
  assert_in_range(stats->TcpRetransSegs, 10, 12); /* NextSeg (3) and (4) */
  assert_int_equal(stats->TcpTimeouts, 0);
  end(pair, &t);
}

static void newreno_repairs_one_loss_a_round_trip(void **state) {
  /* EVIDENCE: RFC 6582 3.2 */
  (void)state;
  const struct pair_options options = {
      .tcp = {.features = {.sack = PH_TCP_OFF}}};
  struct transfer t = {
      .size = 1000000,
      .plan = {.count = 3, .at = {300000, 306000, 318000}, .times = {1, 1, 1}}};
  expect_exact(&options, &t);
}

static void lost_tail_is_repaired_in_round_trips_not_timeouts(void **state) {
  /* EVIDENCE: RFC 8985 7 (tail loss probe) */
  (void)state;
  for (uint32_t lost = 1; lost <= 5; lost++) {
    struct transfer t = {.size = 20 * MSS, .plan = {.count = lost}};
    for (uint32_t i = 0; i < lost; i++) {
      t.plan.at[i] = (20 - 1 - i) * MSS;
      t.plan.times[i] = 1;
    }
    struct pair *pair = begin(&t, NULL);
    run(pair, &t, PAIR_S);
    const struct ph_stats *stats = &pair->host[1].stack.stats;
    assert_int_equal(t.plan.drops, lost);
    assert_int_equal(stats->TcpTimeouts, 0);
    assert_true(stats->TcpLossProbes > 0);
    assert_int_equal(stats->TcpRetransSegs, lost);
    /* Two round trips to send, two of silence, five to repair; a lone
     * segment may be waited upon by its receiver. */
    assert_true(t.done_ns < (lost == 1 ? 105 : 95) * PAIR_MS);
    end(pair, &t);
  }
}

static void small_reordering_resends_next_to_nothing(void **state) {
  /* EVIDENCE: RFC 8985 6.2 (reordering window) */
  (void)state;
  struct transfer t = {.size = 5000000};
  struct pair *pair = begin(&t, NULL);
  pair->reorder_ppm = 20000;
  pair->reorder_ns = 2 * PAIR_MS; /* below min_RTT / 4 */
  run(pair, &t, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_true(pair->host[0].stack.stats.TcpOutOfOrder > 50);
  assert_true(t.ends.client->reordering_seen);
  assert_true(stats->TcpRetransSegs <= 5); /* until it is known */
  assert_int_equal(stats->TcpTimeouts, 0);
  end(pair, &t);
}

static void large_reordering_widens_the_window(void **state) {
  /* EVIDENCE: RFC 8985 6.2 (step 4: DSACK-based adaptation) */
  (void)state;
  struct transfer t = {.size = 5000000};
  struct pair *pair = begin(&t, NULL);
  pair->reorder_ppm = 20000;
  pair->reorder_ns = 6 * PAIR_MS; /* more than min_RTT / 2 */
  run(pair, &t, 60 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  uint64_t late = pair->host[0].stack.stats.TcpOutOfOrder;
  assert_true(stats->TcpDsackIn > 0);
  assert_true(stats->TcpRetransSegs < late / 2);
  assert_int_equal(stats->TcpTimeouts, 0);
  end(pair, &t);
}

static void random_loss_costs_little_more_than_what_was_lost(void **state) {
  /* EVIDENCE: RFC 8985 3, RFC 6937 3 */
  (void)state;
  uint64_t drops = 0, timeouts = 0;
  for (uint32_t percent = 1; percent <= 10; percent++) {
    struct transfer t = {.size = 2000000, .plan = {.percent = percent}};
    struct pair *pair = begin(&t, NULL);
    run(pair, &t, 600 * PAIR_S);
    const struct ph_stats *stats = &pair->host[1].stack.stats;
    assert_true(t.plan.drops > 5);
    /* A probe may be one too many. */
    assert_in_range(stats->TcpRetransSegs, t.plan.drops - stats->TcpLossProbes,
                    t.plan.drops + stats->TcpLossProbes);
    assert_true(percent >= 3 || stats->TcpTimeouts == 0);
    drops += t.plan.drops;
    timeouts += stats->TcpTimeouts;
    end(pair, &t);
  }
  /* Left for the timer: a window so small that all of it was lost. */
  assert_true(timeouts <= drops / 20);
}

static void loss_reordering_and_duplication_need_no_timeout(void **state) {
  /* EVIDENCE: RFC 8985 3 */
  (void)state;
  struct transfer t = {.size = 5000000, .plan = {.percent = 1}};
  struct pair *pair = begin(&t, NULL);
  pair->reorder_ppm = 10000;
  pair->reorder_ns = 2 * PAIR_MS;
  pair->dup_ppm = 10000;
  run(pair, &t, 600 * PAIR_S);
  const struct ph_stats *stats = &pair->host[1].stack.stats;
  assert_int_equal(stats->TcpTimeouts, 0);
  assert_true(stats->TcpRetransSegs <= t.plan.drops + t.plan.drops / 4);
  end(pair, &t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(single_loss_in_a_window_costs_one_retransmission),
      cmocka_unit_test(many_losses_in_a_window_cost_one_each),
      cmocka_unit_test(lost_retransmissions_cost_no_timeout),
      cmocka_unit_test(rfc_6675_alone_repairs_single_and_many_losses),
      cmocka_unit_test(newreno_repairs_one_loss_a_round_trip),
      cmocka_unit_test(lost_tail_is_repaired_in_round_trips_not_timeouts),
      cmocka_unit_test(small_reordering_resends_next_to_nothing),
      cmocka_unit_test(large_reordering_widens_the_window),
      cmocka_unit_test(random_loss_costs_little_more_than_what_was_lost),
      cmocka_unit_test(loss_reordering_and_duplication_need_no_timeout),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
