/* SPDX-License-Identifier: Apache-2.0 */
/* Timers against a sorted model; blocks and packets. */
#include "tests/stack/lower.h"

enum { TIMERS = 200 };

struct fixture {
  struct ph_timers timers;
  struct ph_timer timer[TIMERS];
  uint64_t fired_ns, last_ns;
  uint32_t fired;
};

struct wrapped {
  struct ph_stack stack; /* unused by the callback but for its address */
  struct fixture f;
};

static void fire(struct ph_stack *stack, struct ph_timer *timer) {
  struct fixture *f = &((struct wrapped *)(void *)stack)->f;
  assert_true(timer->deadline_ns >= f->last_ns);
  assert_false(ph_timer_armed(timer));
  f->last_ns = timer->deadline_ns;
  f->fired++;
}

static void timers_random_set_move_cancel_fire_in_order(void **state) {
  /* EVIDENCE: stack/base/timer.h */
  (void)state;
  struct wrapped *w = calloc(1, sizeof(*w));
  struct fixture *f = &w->f;
  uint64_t seed = 7;
  uint64_t now = 0;
  for (int i = 0; i < TIMERS; i++) {
    f->timer[i].fn = fire;
  }
  for (int step = 0; step < 20000; step++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    struct ph_timer *t = &f->timer[(seed >> 33) % TIMERS];
    if ((seed >> 50) % 4 == 0) {
      ph_timer_cancel(&f->timers, t);
    } else {
      ph_timer_set(&f->timers, t, now + 1 + (seed >> 40) % 1000);
    }
    uint64_t first = UINT64_MAX;
    uint32_t due = 0;
    now += (seed >> 58) % 8;
    for (int i = 0; i < TIMERS; i++) {
      if (ph_timer_armed(&f->timer[i])) {
        first =
            f->timer[i].deadline_ns < first ? f->timer[i].deadline_ns : first;
        due += f->timer[i].deadline_ns <= now;
      }
    }
    assert_true(ph_timers_next(&f->timers) == first);
    f->fired = 0;
    f->last_ns = 0;
    ph_timers_run(&w->stack, &f->timers, now);
    assert_int_equal(f->fired, due);
  }
  free(w);
}

static void pkt_trim_copy_push_pull_keep_count(void **state) {
  /* EVIDENCE: stack/base/pkt.h */
  (void)state;
  for (uint32_t keep = 0; keep <= 60; keep++) {
    struct lower *host = lower_new(NULL);
    struct pkt *pkt = pkt_get(&host->stack.pkts, 20);
    uint8_t out[60];
    pkt->head_len = pkt->len = 30;
    memset(pkt->head, 1, 30);
    for (uint8_t i = 0; i < 3; i++) {
      struct ph_block *block = ph_block_get(&host->stack.blocks);
      memset(block->data, 2 + i, 10);
      assert_true(pkt_add_frag(pkt, block, block->data, 10));
      ph_block_put(block);
    }
    pkt_trim(pkt, keep);
    assert_int_equal(pkt->len, keep);
    for (uint32_t from = 0; from < keep; from++) {
      pkt_copy(pkt, from, out, keep - from);
      for (uint32_t i = from; i < keep; i++) {
        assert_int_equal(out[i - from], i < 30 ? 1 : 2 + (i - 30) / 10);
      }
    }
    assert_int_equal(pkt_pull(pkt, 31), false);
    assert_null(pkt_push(pkt, 21));
    assert_non_null(pkt_push(pkt, 20));
    assert_int_equal(pkt->len, keep + 20);
    pkt_put(pkt);
    lower_free(host);
  }
}

static void pools_exhausted_give_null_and_recover(void **state) {
  /* EVIDENCE: stack/base/block.h, pkt.h */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct ph_block *blocks[512];
  for (int i = 0; i < 512; i++) {
    blocks[i] = ph_block_get(&host->stack.blocks);
    assert_non_null(blocks[i]);
  }
  assert_null(ph_block_get(&host->stack.blocks));
  ph_block_ref(blocks[0]);
  ph_block_put(blocks[0]);
  assert_int_equal(host->stack.blocks.available, 0);
  assert_int_equal(host->stack.blocks.low_water, 0);
  for (int i = 0; i < 512; i++) {
    ph_block_put(blocks[i]);
  }
  lower_free(host);
}

static void block_chain_from_nearly_dry_pool_is_short(void **state) {
  /* EVIDENCE: stack/base/block.h */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct ph_block_pool *pool = &host->stack.blocks;
  struct ph_block *most = ph_block_get_chain(pool, 509);
  struct ph_block *rest = ph_block_get_chain(pool, 16);
  assert_int_equal(pool->available, 0);
  assert_int_equal(pool->low_water, 0);
  assert_null(ph_block_get_chain(pool, 1));
  assert_null(ph_block_get(pool));
  uint32_t count = 0;
  for (struct ph_block *b = rest; b; b = b->next) {
    assert_int_equal(b->refs, 1);
    count++;
  }
  assert_int_equal(count, 3);
  ph_block_ref(rest->next); /* some packet has the second, too */
  struct ph_block *held = rest->next;
  struct ph_block *third = held->next;
  assert_ptr_equal(ph_block_put_chain(rest, 2), third);
  assert_int_equal(pool->available, 1);
  assert_null(held->next);
  assert_null(ph_block_put_chain(third, 1));
  assert_int_equal(pool->available, 2);
  assert_null(ph_block_get_chain(pool, 0));
  ph_block_put(held);
  assert_null(ph_block_put_chain(most, UINT32_MAX));
  assert_int_equal(pool->available, 512);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timers_random_set_move_cancel_fire_in_order),
      cmocka_unit_test(pkt_trim_copy_push_pull_keep_count),
      cmocka_unit_test(pools_exhausted_give_null_and_recover),
      cmocka_unit_test(block_chain_from_nearly_dry_pool_is_short),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
