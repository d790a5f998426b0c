/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: engine_dma */
/* The used ring: order of publication, interrupts and notifications
 * (Virtio 1.2 2.7.7, 2.7.8, 2.7.10, 2.7.13.3). */
#include "tests/rtl/model/engine_bench.h"

static const uint8_t header[12];
static uint8_t frame[256];

static void send_frames(struct bench *b, unsigned n, size_t len) {
  const struct packet p = {header, frame, len, 1, 0, HOST_RING_DIRECT, false};
  while (n--) assert_true(bench_send(b, &p));
  bench_kick(b, 1);
}

static void run_steps(struct bench *b, unsigned cycles) {
  for (unsigned i = 0; i < cycles; i++) tb_step(b->tb);
  bench_check_wire(b);
}

static struct bench *ready(uint64_t features, uint64_t seed) {
  struct bench *b = bench_new(seed);
  bench_start(b, 64, 64, features);
  host_ring_enable_irq(&b->tx, false);
  bench_driver_ok(b);
  run_steps(b, 200);
  return b;
}

/* EVIDENCE: Virtio 1.2 2.7.13.3.1. Writes land at any time before their
 * response, the driver looks at the ring in every cycle: an index that leads
 * its elements, or elements that lead their payload, is seen. */
static void nothing_is_published_before_it_is_written(void **state) {
  (void)state;
  for (unsigned latency = 1; latency < 200; latency += 33) {
    struct bench *b = bench_new(50 + latency);
    struct mix m = {
        FEAT_EVENT_IDX | FEAT_INDIRECT, 64, 64, latency, 30, 60, 400, 3};
    b->polling = true;
    bench_traffic(b, &m);
    bench_delete(b);
  }
}

/* EVIDENCE: Virtio 1.2 2.7.13.3.1. One element at a time, reads are quick and
 * writes land late: at the interrupt memory already shows the index. */
static void interrupt_follows_the_index(void **state) {
  (void)state;
  struct bench *b = ready(0, 61);
  host_ring_enable_irq(&b->tx, true);
  b->mem->shuffle = true;
  b->mem->read_latency = 2;
  b->mem->write_latency = 100;
  for (unsigned i = 1; i <= 40; i++) {
    send_frames(b, 1, 60);
    for (unsigned k = 0; k < 2000 && b->irqs < i; k++) tb_step(b->tb);
    assert_int_equal(b->irqs, i);
    assert_int_equal(axi_mem_get16(b->mem, b->tx.used + 2), i);
    bench_tx_used(b);
  }
  bench_delete(b);
}

/* EVIDENCE: Virtio 1.2 2.7.7.2 */
static void no_interrupt_flag_is_obeyed(void **state) {
  (void)state;
  struct bench *b = ready(0, 62);
  send_frames(b, 3, 60);
  run_steps(b, 800);
  assert_int_equal(axi_mem_get16(b->mem, b->tx.used + 2), 3);
  assert_int_equal(b->irqs, 0);
  host_ring_enable_irq(&b->tx, true);
  send_frames(b, 1, 60);
  run_steps(b, 800);
  assert_int_equal(b->irqs, 1);
  bench_delete(b);
}

/* EVIDENCE: Virtio 1.2 2.7.7.2 (VIRTIO_F_EVENT_IDX): the interrupt comes with
 * the element that used_event names, neither before nor again after. */
static void used_event_names_the_element_that_interrupts(void **state) {
  (void)state;
  struct bench *b = ready(FEAT_EVENT_IDX, 63);
  axi_mem_put16(b->mem, b->tx.avail + 4 + 2 * 64, 2);
  for (unsigned i = 0; i < 6; i++) {
    send_frames(b, 1, 60);
    run_steps(b, 800);
    assert_int_equal(axi_mem_get16(b->mem, b->tx.used + 2), i + 1);
    assert_int_equal(b->irqs, i >= 2);
  }
  bench_delete(b);
}

/* EVIDENCE: Virtio 1.2 2.7.10.1: asleep, avail_event asks for the next entry.
 */
static void asleep_the_device_asks_for_a_notification(void **state) {
  (void)state;
  struct bench *b = ready(FEAT_EVENT_IDX, 64);
  for (unsigned i = 0; i < 5; i++) {
    send_frames(b, 1 + i, 60);
    assert_int_equal(b->tx.kicks, i + 1);
    run_steps(b, 800);
    assert_int_equal(axi_mem_get16(b->mem, b->tx.used + 4 + 8 * 64),
                     b->tx.avail_idx);
    assert_int_equal(*b->d->busy_o, 0);
  }
  bench_delete(b);
}

static void tick(struct bench *b) {
  *b->d->tick_i = 1;
  tb_step(b->tb);
  *b->d->tick_i = 0;
  run_steps(b, 20);
}

static void moderation_counts_elements_and_ticks(void **state) {
  (void)state;
  struct bench *b = ready(0, 65);
  host_ring_enable_irq(&b->tx, true);
  *b->d->cfg_irq_count = 4;
  *b->d->cfg_irq_ticks = 3;
  send_frames(b, 3, 60);
  run_steps(b, 800);
  assert_int_equal(b->irqs, 0);
  assert_int_equal(*b->d->timer_armed_o, 1);
  assert_int_equal(*b->d->busy_o, 0);
  tick(b);
  tick(b);
  assert_int_equal(b->irqs, 0);
  tick(b);
  assert_int_equal(b->irqs, 1);
  assert_int_equal(*b->d->timer_armed_o, 0);
  send_frames(b, 3, 60);
  run_steps(b, 800);
  assert_int_equal(b->irqs, 1);
  send_frames(b, 1, 60);
  run_steps(b, 800);
  assert_int_equal(b->irqs, 2);
  assert_int_equal(*b->d->timer_armed_o, 0);
  bench_delete(b);
}

#ifdef PH_GATES
enum { MANY = 700 };
#else
enum { MANY = 66000 }; /* the 16-bit indices wrap */
#endif

static void indices_wrap(void **state) {
  (void)state;
  struct bench *b = bench_new(66);
  bench_start(b, 256, 256, FEAT_EVENT_IDX);
  bench_random_frame(b, frame, sizeof frame);
  bench_driver_ok(b);
  host_ring_enable_irq(&b->tx, true);
  const struct packet p = {header, frame, 20, 1, 0, HOST_RING_DIRECT, false};
  unsigned sent = 0;
  for (unsigned i = 0; i < 2000000 && b->tx_done < MANY; i++) {
    if (b->tx.free_count > 64 && sent < MANY) {
      while (b->tx.free_count > 4 && sent < MANY) sent += bench_send(b, &p);
      bench_kick(b, 1);
    }
    bench_step(b);
    if (b->sent.head == b->sent.tail) fifo_clear(&b->sent);
  }
  assert_int_equal(b->tx_done, MANY);
  assert_int_equal(b->stat[STAT_TX_PACKETS], MANY);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_published_before_it_is_written),
      cmocka_unit_test(interrupt_follows_the_index),
      cmocka_unit_test(no_interrupt_flag_is_obeyed),
      cmocka_unit_test(used_event_names_the_element_that_interrupts),
      cmocka_unit_test(asleep_the_device_asks_for_a_notification),
      cmocka_unit_test(moderation_counts_elements_and_ticks),
      cmocka_unit_test(indices_wrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
