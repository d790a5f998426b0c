/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: engine_dma */
/* Traffic through the ring engine: random chains, alignments and lengths, both
 * directions at once, interrupts and notifications as the rings ask. */
#include "tests/rtl/model/engine_bench.h"

static const uint8_t plain_header[12];

static void one_frame_out(void **state) {
  (void)state;
  struct bench *b = bench_new(1);
  bench_start(b, 16, 16, 0);
  bench_driver_ok(b);
  uint8_t frame[60];
  bench_random_frame(b, frame, sizeof frame);
  const struct packet p = {plain_header, frame, sizeof frame, 1, 0, HOST_RING_DIRECT, false};
  assert_true(bench_send(b, &p));
  bench_kick(b, 1);
  for (int i = 0; i < 600 && b->tx_done < 1; i++) bench_step(b);
  assert_int_equal(b->tx_done, 1);
  assert_int_equal(b->sent.head, 1);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

static void one_frame_in(void **state) {
  (void)state;
  struct bench *b = bench_new(2);
  bench_start(b, 16, 16, FEAT_GUEST_CSUM);
  for (int i = 0; i < 4; i++) bench_post(b, 1600, 1, HOST_RING_DIRECT);
  host_ring_publish(&b->rx); /* no kick: before DRIVER_OK */
  bench_driver_ok(b);
  for (int i = 0; i < 200; i++) bench_step(b);
  uint8_t frame[99];
  bench_random_frame(b, frame, sizeof frame);
  bench_arrive(b, frame, sizeof frame, RX_CHECKED | RX_VERIFIED);
  for (int i = 0; i < 600 && b->rx_done < 1; i++) bench_step(b);
  assert_int_equal(b->rx_done, 1);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

/* --- Random traffic ------------------------------------------------------- */
struct mix {
  uint64_t features;
  uint16_t rx_size, tx_size;
  unsigned latency, stall, frames;
  size_t max_len;
  unsigned elems;
};

static enum host_ring_mode random_mode(struct bench *b, const struct mix *m) {
  if (!(m->features & FEAT_INDIRECT)) return HOST_RING_DIRECT;
  return (enum host_ring_mode)tb_rand_below(&b->rand, 3);
}

/* A header that the accepted features allow. */
static void random_header(struct bench *b, uint64_t features, uint8_t *h) {
  tb_rand_fill(&b->rand, h, 12);
  h[0] &= 0xfe; /* flags other than NEEDS_CSUM are the driver's affair */
  h[1] = 0;
  if (features & FEAT_CSUM) h[0] |= (uint8_t)tb_rand_below(&b->rand, 2);
  if (h[0] & 1 && features & FEAT_TSO4) h[1] = (uint8_t)tb_rand_below(&b->rand, 2);
}

static void send_random(struct bench *b, const struct mix *m) {
  static uint8_t frame[1 << 16];
  uint8_t header[12];
  size_t len = 14 + tb_rand_below(&b->rand, (uint32_t)m->max_len - 13);
  if (tb_rand_chance(&b->rand, 128)) len = 14 + len % 80;
  random_header(b, m->features, header);
  bench_random_frame(b, frame, len);
  struct packet p = {header, frame, len, 1 + tb_rand_below(&b->rand, m->elems),
                     tb_rand_chance(&b->rand, 100) ? 12 : 0, random_mode(b, m), false};
  bench_send(b, &p);
}

static void post_random(struct bench *b, const struct mix *m) {
  bench_post(b, 12 + m->max_len + tb_rand_below(&b->rand, 300),
             1 + tb_rand_below(&b->rand, m->elems), random_mode(b, m));
}

static void settle(struct bench *b, unsigned cycles) {
  for (unsigned i = 0; i < cycles; i++) bench_step(b);
}

/* Runs until everything sent and everything that came in is accounted for. */
static void traffic(struct bench *b, const struct mix *m) {
  static uint8_t frame[1 << 16];
  b->mem->read_latency = b->mem->write_latency = m->latency;
  b->mem->stall = b->in->stall = b->out->stall = m->stall;
  b->mem->shuffle = true;
  bench_start(b, m->rx_size, m->tx_size, m->features);
  host_ring_enable_irq(&b->rx, true);
  host_ring_enable_irq(&b->tx, true);
  unsigned sent = 0, came = 0;
  uint64_t tx0 = b->tx_done, rx0 = b->rx_done + b->stat[STAT_NO_BUFFER];
  for (unsigned i = 0; i < m->rx_size; i++) post_random(b, m);
  host_ring_publish(&b->rx);
  bench_driver_ok(b);
  for (uint64_t cycle = 0; cycle < 400000; cycle++) {
    bench_step(b);
    if (tb_rand_chance(&b->rand, 20)) {
      unsigned n = 1 + tb_rand_below(&b->rand, 4);
      while (n-- && sent < m->frames && b->tx.free_count > m->elems + 1u) {
        send_random(b, m);
        sent++;
      }
      bench_kick(b, 1);
      while (b->rx.free_count > m->elems + 1u && b->free_slots > 300) post_random(b, m);
      bench_kick(b, 0);
    }
    if (came < m->frames && tb_rand_chance(&b->rand, 30) && tb_source_idle(b->in)) {
      size_t len = 14 + tb_rand_below(&b->rand, (uint32_t)m->max_len - 13);
      bench_random_frame(b, frame, len);
      bench_arrive(b, frame, len, tb_rand_below(&b->rand, 4));
      came++;
    }
    if (sent == m->frames && came == m->frames && b->tx_done - tx0 == sent &&
        b->sent.head == b->sent.tail &&
        b->rx_done + b->stat[STAT_NO_BUFFER] - rx0 == came)
      break;
  }
  assert_int_equal(b->tx_done - tx0, m->frames);
  assert_int_equal(b->sent.head, b->sent.tail);
  assert_int_equal(b->rx_done + b->stat[STAT_NO_BUFFER] - rx0, m->frames);
  assert_int_equal(b->mem->violations, 0);
  assert_int_equal(b->resets, 0);
  settle(b, 3 * m->latency + 200);
  assert_int_equal(*b->d->busy_o, 0);
}

#ifdef PH_GATES
enum { FRAMES = 60 };
#else
enum { FRAMES = 400 };
#endif

static void run_mix(const struct mix *m, uint64_t seed) {
  struct bench *b = bench_new(seed);
  traffic(b, m);
  print_message("  %u frames each way, %llu cycles, %llu dropped, %llu irqs, %llu kicks\n",
                m->frames, (unsigned long long)b->tb->clock[0].cycles,
                (unsigned long long)b->stat[STAT_NO_BUFFER],
                (unsigned long long)b->irqs,
                (unsigned long long)(b->tx.kicks + b->rx.kicks));
  bench_delete(b);
}

static void random_direct_chains_arrive_whole(void **state) {
  (void)state;
  const struct mix m = {0, 64, 64, 30, 60, FRAMES, 300, 6};
  run_mix(&m, 11);
}

static void random_indirect_chains_with_events_arrive_whole(void **state) {
  (void)state;
  const struct mix m = {FEAT_INDIRECT | FEAT_EVENT_IDX | FEAT_CSUM | FEAT_TSO4 | FEAT_GUEST_CSUM,
                        256, 256, 78, 40, FRAMES, 1514, 20};
  run_mix(&m, 12);
}

static void latency_zero_and_no_stalls(void **state) {
  (void)state;
  const struct mix m = {FEAT_EVENT_IDX | FEAT_INDIRECT, 32, 32, 0, 0, FRAMES, 200, 4};
  run_mix(&m, 13);
}

static void latency_200_with_stalls(void **state) {
  (void)state;
  const struct mix m = {FEAT_EVENT_IDX | FEAT_CSUM, 128, 128, 200, 120, FRAMES, 1514, 3};
  run_mix(&m, 14);
}

static void small_rings_wrap_and_fill(void **state) {
  (void)state;
  const struct mix m = {FEAT_EVENT_IDX, 8, 8, 20, 30, FRAMES, 120, 2};
  run_mix(&m, 15);
}

static void largest_ring(void **state) {
  (void)state;
  const struct mix m = {FEAT_EVENT_IDX | FEAT_INDIRECT, 1024, 1024, 50, 0, FRAMES, 200, 8};
  run_mix(&m, 16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_frame_out),
      cmocka_unit_test(one_frame_in),
      cmocka_unit_test(random_direct_chains_arrive_whole),
      cmocka_unit_test(random_indirect_chains_with_events_arrive_whole),
      cmocka_unit_test(latency_zero_and_no_stalls),
      cmocka_unit_test(latency_200_with_stalls),
      cmocka_unit_test(small_rings_wrap_and_fill),
      cmocka_unit_test(largest_ring),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
