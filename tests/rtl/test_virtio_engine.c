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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_frame_out),
      cmocka_unit_test(one_frame_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
