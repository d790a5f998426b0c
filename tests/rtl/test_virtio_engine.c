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
  const struct packet p = {plain_header,     frame, sizeof frame, 1, 0,
                           HOST_RING_DIRECT, false};
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

#ifdef PH_GATES
enum { FRAMES = 60 };
#else
enum { FRAMES = 400 };
#endif

static void run_mix(const struct mix *m, uint64_t seed) {
  struct bench *b = bench_new(seed);
  bench_traffic(b, m);
  print_message(
      "  %u frames each way, %llu cycles, %llu dropped, %llu irqs, %llu "
      "kicks\n",
      m->frames, (unsigned long long)b->tb->clock[0].cycles,
      (unsigned long long)b->stat[STAT_NO_BUFFER], (unsigned long long)b->irqs,
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
  const struct mix m = {FEAT_INDIRECT | FEAT_EVENT_IDX | FEAT_CSUM | FEAT_TSO4 |
                            FEAT_ECN | FEAT_GUEST_CSUM,
                        256,
                        256,
                        78,
                        40,
                        FRAMES,
                        1514,
                        20};
  run_mix(&m, 12);
}

static void latency_zero_and_no_stalls(void **state) {
  (void)state;
  const struct mix m = {
      FEAT_EVENT_IDX | FEAT_INDIRECT, 32, 32, 0, 0, FRAMES, 200, 4};
  run_mix(&m, 13);
}

static void latency_200_with_stalls(void **state) {
  (void)state;
  const struct mix m = {
      FEAT_EVENT_IDX | FEAT_CSUM, 128, 128, 200, 120, FRAMES, 1514, 3};
  run_mix(&m, 14);
}

static void small_rings_wrap_and_fill(void **state) {
  (void)state;
  const struct mix m = {FEAT_EVENT_IDX, 8, 8, 20, 30, FRAMES, 120, 2};
  run_mix(&m, 15);
}

static void largest_ring(void **state) {
  (void)state;
  const struct mix m = {
      FEAT_EVENT_IDX | FEAT_INDIRECT, 1024, 1024, 50, 0, FRAMES, 200, 8};
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
