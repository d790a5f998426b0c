/* SPDX-License-Identifier: Apache-2.0 */
/* Every lie that a device can tell, and the driver's life
 * across resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>

#include "tests/driver/net_bench.h"

/* --- Hostile devices ------------------------------------------------------ */

static void receive_one(enum soft_lie lie) {
  static const uint8_t hdr[12];
  static const uint8_t frame[60];
  B->dev.lie = lie;
  assert_true(soft_receive(&B->dev, hdr, frame, sizeof frame));
}

/* Everything is refused, until a reset brings each buffer home once. */
static void assert_broken(uint32_t tx_held, uint32_t rx_held) {
  struct virtio_net_received r;
  void *cookie;
  assert_non_null(B->net.broken);
  assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r),
                   -VIRTIO_EIO);
  assert_int_equal(virtio_net_reap(&B->net, &cookie), -VIRTIO_EIO);
  assert_int_equal(virtio_net_post(&B->net, bench_rx_buffer(0), NULL),
                   -VIRTIO_EIO);
  assert_int_equal(bench_send(0), -VIRTIO_EIO);
  assert_false(virtio_net_can_transmit(&B->net));
  uint64_t notified = B->dev.notifications[0] + B->dev.notifications[1];
  virtio_net_kick(&B->net);
  assert_int_equal(B->dev.notifications[0] + B->dev.notifications[1], notified);
  assert_int_equal(virtio_net_stop(&B->net), 0);
  uint32_t tx = 0, rx = 0;
  while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
    bench_came_back(cookie);
    tx++;
  }
  while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
    rx++;
  }
  assert_int_equal(tx, tx_held);
  assert_int_equal(rx, rx_held);
  assert_int_equal(virtio_net_start(&B->net), 0);
  assert_null(B->net.broken);
  bench_post_all(4);
  receive_one(SOFT_HONEST);
  assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r), 1);
  assert_false(r.bad);
}

static void lying_receive_breaks(enum soft_lie lie, int taken) {
  bench_start(UINT64_MAX, 16, 8);
  bench_post_all(8);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(bench_send(2), 0);
  }
  struct virtio_net_received r;
  receive_one(SOFT_HONEST);
  assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r), 1);
  receive_one(lie);
  for (int i = 0; i < taken; i++) {
    assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r), 1);
  }
  if (lie == SOFT_LEN_BELOW_HEADER) {
    assert_true(r.bad);
    assert_int_equal(r.len, 0);
  } else {
    assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r),
                     -VIRTIO_EIO);
  }
  assert_broken(3, 7 - (uint32_t)taken);
}

/* EVIDENCE: Virtio 1.2 2.7.8 */
static void running_device_lies_about_receive_is_broken(void **unused) {
  (void)unused;
  lying_receive_breaks(SOFT_ID_OUT_OF_RANGE, 0);
  lying_receive_breaks(SOFT_ID_HUGE, 0);
  lying_receive_breaks(SOFT_ID_NOT_OUTSTANDING, 0);
  lying_receive_breaks(SOFT_ID_TWICE, 1);
  lying_receive_breaks(SOFT_LEN_TOO_LONG, 0);
  lying_receive_breaks(SOFT_LEN_MAX, 0);
  lying_receive_breaks(SOFT_LEN_BELOW_HEADER, 1);
  lying_receive_breaks(SOFT_INDEX_JUMP, 0);
  lying_receive_breaks(SOFT_INDEX_BACK, 0);
}

static void lying_transmit_breaks(uint64_t features, enum soft_lie lie,
                                  uint32_t taken) {
  bench_start(features, 8, 64);
  bench_post_all(4);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(bench_send(1), 0);
  }
  virtio_net_kick(&B->net);
  bench_device_takes(6);
  B->dev.lie = lie;
  soft_use(&B->dev, SOFT_TX, &B->held[0], 0);
  B->held_count = 0;
  void *cookie;
  for (uint32_t i = 0; i < taken; i++) {
    assert_int_equal(virtio_net_reap(&B->net, &cookie), 1);
    bench_came_back(cookie);
  }
  assert_int_equal(virtio_net_reap(&B->net, &cookie), -VIRTIO_EIO);
  bench_forget_queue();
  assert_broken(6 - taken, 4);
}

static void running_device_lies_about_transmit_is_broken(void **unused) {
  (void)unused;
  for (int i = 0; i < 2; i++) {
    uint64_t features = i ? NO_INDIRECT : UINT64_MAX;
    lying_transmit_breaks(features, SOFT_ID_OUT_OF_RANGE, 0);
    lying_transmit_breaks(features, SOFT_ID_HUGE, 0);
    lying_transmit_breaks(features, SOFT_ID_NOT_OUTSTANDING, 0);
    lying_transmit_breaks(features, SOFT_ID_TWICE, 1);
    lying_transmit_breaks(features, SOFT_INDEX_JUMP, 0);
    lying_transmit_breaks(features, SOFT_INDEX_BACK, 0);
  }
}

/* A chain that was added but not published is not the device's to return. */
static void running_unpublished_id_is_broken(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 8);
  assert_int_equal(bench_send(0), 0);
  virtio_net_kick(&B->net);
  assert_int_equal(bench_send(0), 0);
  bench_device_takes(1);
  B->held[0].head = (uint16_t)(B->held[0].head + 1);
  soft_use(&B->dev, SOFT_TX, &B->held[0], 0);
  void *cookie;
  assert_int_equal(virtio_net_reap(&B->net, &cookie), -VIRTIO_EIO);
  assert_non_null(B->net.broken);
}

/* The descriptor table and the rings are overwritten while everything is in
 * flight: what the driver knows lies elsewhere. */
static void running_device_scribbles_on_rings_is_survived(void **unused) {
  (void)unused;
  for (uint32_t round = 0; round < 300; round++) {
    bench_start(round & 1 ? UINT64_MAX : NO_INDIRECT, 16, 64);
    B->random += round;
    struct virtio_net_memory need;
    virtio_net_memory(&B->config, &need);
    bench_post_all(16);
    while (bench_send(bench_random(4)) == 0) {
    }
    virtio_net_kick(&B->net);
    uint32_t live = B->live;
    bench_fill(B->arena, (uint32_t)need.device_bytes);
    struct virtio_net_received r;
    void *cookie;
    for (int i = 0; i < 100; i++) {
      if (virtio_net_reap(&B->net, &cookie) > 0) {
        bench_came_back(cookie);
      }
      (void)!virtio_net_harvest(&B->net, bench_buffer_of, &r);
      (void)!virtio_net_interrupts_on(&B->net, 0);
      virtio_net_kick(&B->net);
    }
    assert_int_equal(virtio_net_stop(&B->net), 0);
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      bench_came_back(cookie);
    }
    assert_int_equal(B->live, 0);
    assert_true(live > 0);
    bench_forget_queue();
  }
}

/* EVIDENCE: Virtio 1.2 5.1.6.4.1 */
static void running_lying_receive_header_is_dropped(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 8);
  bench_post_all(16);
  static const uint8_t frame[60];
  static const struct {
    uint8_t hdr[12];
    bool bad, valid;
  } cases[] = {
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false, false},
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0}, false, false}, /* num_buffers */
      {{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, false, true},
      {{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, true, false}, /* coalesced */
      {{0, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}, true, false},
      {{1, 0, 0, 0, 0, 0, 42, 0, 16, 0, 1, 0}, false, true},
      {{1, 0, 0, 0, 0, 0, 43, 0, 16, 0, 1, 0}, true, true}, /* past the end */
      {{1, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1, 0}, true, true},
      {{0xfc, 0, 9, 9, 9, 9, 255, 255, 255, 255, 1, 0}, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct virtio_net_received r;
    assert_true(soft_receive(&B->dev, cases[i].hdr, frame, sizeof frame));
    assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r), 1);
    assert_int_equal(r.bad, cases[i].bad);
    assert_int_equal(r.csum_valid, cases[i].valid);
    assert_null(B->net.broken);
  }
  struct virtio_net_received r;
  assert_true(soft_receive(&B->dev, cases[0].hdr, frame, 0));
  assert_int_equal(virtio_net_harvest(&B->net, bench_buffer_of, &r), 1);
  assert_true(r.bad); /* a header without a frame */
}

/* --- Life ------------------------------------------------------------------
 */

/* EVIDENCE: Virtio 1.2 2.4.1 */
static void stopped_restart_returns_and_reuses_all(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 16);
  for (int round = 0; round < 50; round++) {
    bench_post_all(16);
    for (int i = 0; i < 10; i++) {
      assert_int_equal(bench_send(bench_random(14)), 0);
    }
    virtio_net_kick(&B->net);
    bench_device_takes(bench_random(10));
    bench_device_returns(bench_random(5));
    B->held_count = 0;
    assert_int_equal(virtio_net_stop(&B->net), 0);
    assert_int_equal(B->dev.queue[0].ready, 0);
    void *cookie;
    uint32_t rx = 0;
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      bench_came_back(cookie);
    }
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
      rx++;
    }
    assert_int_equal(B->live, 0);
    assert_int_equal(rx, 16);
    bench_forget_queue();
    assert_int_equal(virtio_net_start(&B->net), 0);
  }
}

static void stopped_unconfirmed_reset_keeps_memory_away(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 16);
  bench_post_all(16);
  B->dev.deaf_to_reset = true;
  assert_int_equal(virtio_net_stop(&B->net), -VIRTIO_EIO);
  void *cookie;
  assert_false(virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie));
  assert_int_equal(bench_send(0), -VIRTIO_EIO);
  B->dev.deaf_to_reset = false;
  assert_int_equal(virtio_net_stop(&B->net), 0);
  assert_true(virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie));
}

static void running_link_change_is_noticed(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 16);
  assert_true(B->net.link_up);
  soft_set_link(&B->dev, false);
  assert_int_equal(virtio_net_interrupt(&B->net), VIRTIO_INTERRUPT_CONFIG);
  assert_false(B->net.link_up);
  soft_set_link(&B->dev, true);
  assert_int_equal(virtio_net_interrupt(&B->net), VIRTIO_INTERRUPT_CONFIG);
  assert_true(B->net.link_up);
  soft_need_reset(&B->dev);
  assert_int_equal(virtio_net_interrupt(&B->net), VIRTIO_INTERRUPT_CONFIG);
  assert_broken(0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(running_device_lies_about_receive_is_broken),
      BENCH_TEST(running_device_lies_about_transmit_is_broken),
      BENCH_TEST(running_unpublished_id_is_broken),
      BENCH_TEST(running_device_scribbles_on_rings_is_survived),
      BENCH_TEST(running_lying_receive_header_is_dropped),
      BENCH_TEST(stopped_restart_returns_and_reuses_all),
      BENCH_TEST(stopped_unconfirmed_reset_keeps_memory_away),
      BENCH_TEST(running_link_change_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
