/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: engine_dma */
/* Device reset and queue reset at any cycle: every AXI transaction finishes,
 * nothing moves afterwards, and the next life starts from nothing. */
#include "tests/rtl/model/engine_bench.h"

#ifdef PH_GATES
enum { LIVES = 6, FRAMES = 10 };
#else
enum { LIVES = 120, FRAMES = 12 };
#endif

static const struct mix busy_mix = {
    FEAT_EVENT_IDX | FEAT_INDIRECT | FEAT_CSUM, 64, 64, 40, 40, 100000, 600, 5};

/* Traffic of `mix` for some cycles, without waiting for it. */
static void run_some(struct bench *b, const struct mix *m, unsigned cycles) {
  static uint8_t frame[2048];
  b->mem->read_latency = tb_rand_below(&b->rand, 100);
  b->mem->write_latency = tb_rand_below(&b->rand, 100);
  b->mem->stall = b->out->stall = m->stall;
  b->mem->shuffle = true;
  bench_start(b, m->rx_size, m->tx_size, m->features);
  for (unsigned i = 0; i < m->rx_size; i++) bench_post_random(b, m);
  host_ring_publish(&b->rx);
  bench_driver_ok(b);
  for (unsigned i = 0; i < cycles; i++) {
    bench_step(b);
    if (tb_rand_chance(&b->rand, 30)) {
      if (b->tx.free_count > m->elems + 1u) bench_send_random(b, m);
      bench_kick(b, 1);
    }
    if (tb_rand_chance(&b->rand, 30) && tb_source_idle(b->in)) {
      size_t len = 14 + tb_rand_below(&b->rand, 600);
      bench_random_frame(b, frame, len);
      bench_arrive(b, frame, len, 0);
    }
  }
}

/* Frames of the old life that still arrive are dropped. */
static void drain(struct bench *b) {
  for (int i = 0; i < 2000 && !tb_source_idle(b->in); i++) tb_step(b->tb);
  assert_true(tb_source_idle(b->in));
  tb_run(b->tb, 10);
  assert_int_equal(*b->d->busy_o, 0);
  assert_int_equal(b->out->open.len, 0);
}

static void reset_at_any_cycle_then_a_fresh_life(void **state) {
  (void)state;
  struct bench *b = bench_new(21);
  for (unsigned life = 0; life < LIVES; life++) {
    run_some(b, &busy_mix, tb_rand_below(&b->rand, life % 3 ? 1500 : 300));
    bench_stop(b, 5000);
    drain(b);
    struct mix m = busy_mix;
    m.frames = FRAMES;
    m.latency = 20;
    m.features = life & 1 ? FEAT_EVENT_IDX : 0;
    bench_traffic(b, &m);
    bench_stop(b, 5000);
  }
  assert_int_equal(b->mem->violations, 0);
  assert_true(b->tx_bad > 0); /* some stops cut a frame */
  bench_delete(b);
}

/* DRIVER_OK off: frames are eaten, nothing is fetched. */
static void no_driver_no_dma(void **state) {
  (void)state;
  struct bench *b = bench_new(22);
  uint8_t frame[100] = {0};
  for (int i = 0; i < 5; i++) bench_arrive(b, frame, sizeof frame, 0);
  b->notify = 3;
  for (int i = 0; i < 300; i++) tb_step(b->tb);
  assert_true(tb_source_idle(b->in));
  assert_int_equal(b->stat[STAT_NO_BUFFER], 5);
  assert_int_equal(b->mem->reads + b->mem->writes, 0);
  assert_int_equal(*b->d->busy_o, 0);
  bench_delete(b);
}

/* The transmit queue is reset while the receive queue works on. */
static void queue_reset_leaves_the_other_queue_alone(void **state) {
  (void)state;
  struct bench *b = bench_new(23);
  uint8_t frame[200];
  for (unsigned round = 0; round < 20; round++) {
    run_some(b, &busy_mix, 200 + tb_rand_below(&b->rand, 500));
    *b->d->queue_stop = 2;
    unsigned waited = 0;
    while (!(*b->d->queue_idle & 2)) {
      tb_step(b->tb);
      assert_true(waited++ < 3000);
    }
    assert_int_equal(*b->d->queue_idle, 2);
    *b->d->queue_ready = 1;
    *b->d->queue_stop = 0;
    uint64_t before = b->rx_done;
    for (int i = 0; i < 3000 && !tb_source_idle(b->in); i++) bench_step(b);
    b->polling = true; /* an interrupt may have gone with the queue */
    for (int i = 0; i < 10; i++) {
      bench_random_frame(b, frame, sizeof frame);
      bench_arrive(b, frame, sizeof frame, 0);
    }
    for (int i = 0; i < 4000 && b->pushed.head < b->pushed.tail; i++)
      bench_step(b);
    assert_true(b->rx_done >= before + 10);
    b->polling = false;
    bench_stop(b, 5000);
    drain(b);
  }
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_driver_no_dma),
      cmocka_unit_test(reset_at_any_cycle_then_a_fresh_life),
      cmocka_unit_test(queue_reset_leaves_the_other_queue_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
