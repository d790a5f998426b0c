/* SPDX-License-Identifier: Apache-2.0 */
/* The driver against a device that walks the rings from the specification:
 * random traffic in every ring format, and buffers that are held back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>

#include "tests/driver/net_bench.h"

/* Transmit frames of every shape; the host reaps only when interrupted and the
 * device works only when notified, so a lost wake-up ends the test. */
static void transmit_random(uint64_t features, uint16_t size, uint32_t frames) {
  bench_start(features, 8, size);
  uint16_t max = virtio_net_max_frags(&B->net);
  uint32_t sent = 0, reaped = 0, idle = 0;
  while (reaped < frames) {
    bool moved = false;
    for (uint32_t n = bench_random(12); n && sent < frames; n--) {
      uint32_t frags =
          bench_random(4) ? bench_random(3) : bench_random(max + 1u);
      frags = frags < max ? frags : max;
      int error = bench_send(frags);
      if (error) {
        assert_int_equal(error, -VIRTIO_EAGAIN);
        assert_true(frags > 0 || virtq_free(&B->net.queue[1]) < 2);
        break;
      }
      sent++;
      moved = true;
    }
    virtio_net_kick(&B->net);
    uint32_t before = B->held_count;
    bench_device_takes(bench_random(8));
    bench_device_returns(bench_random(8));
    moved |= before != B->held_count;
    if (B->dev.interrupt) {
      assert_int_equal(virtio_net_interrupt(&B->net), 1);
      do {
        virtio_net_interrupts_off(&B->net);
        reaped += bench_reap_all();
        bench_device_returns(
            bench_random(2)); /* too late for the reap, no interrupt */
      } while (virtio_net_interrupts_on(
          &B->net, (uint16_t)(virtio_net_tx_in_flight(&B->net)
                                  ? virtio_net_tx_in_flight(&B->net) - 1
                                  : 0)));
      moved = true;
    }
    idle = moved ? 0 : idle + 1;
    assert_in_range(idle, 0, 1000); /* a wake-up was lost */
  }
  assert_int_equal(B->live, 0);
  assert_int_equal(virtq_free(&B->net.queue[1]), size);
  assert_int_equal(B->net.stats.tx_frames, frames);
}

/* EVIDENCE: Virtio 1.2 2.7, 5.1.6.2 */
static void running_random_transmit_arrives_whole(void **unused) {
  (void)unused;
  transmit_random(UINT64_MAX, 256, 6000);
  transmit_random(UINT64_MAX, 32, 3000);
  transmit_random(NO_INDIRECT, 64, 3000);
  transmit_random(NO_EVENT, 64, 3000);
  transmit_random(NO_INDIRECT & NO_EVENT, 32, 3000);
  transmit_random(UINT64_C(1) << 32, 16, 3000);
  transmit_random(UINT64_MAX, 2, 500);
}

static void running_indices_wrap_past_65536(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 1024);
  for (uint32_t i = 0; i < 70000; i++) {
    assert_int_equal(bench_send(0), 0);
    virtio_net_kick(&B->net);
    bench_device_takes(1);
    bench_device_returns(1);
    assert_int_equal(bench_reap_all(), 1);
  }
}

static void running_super_segment_is_one_ring_entry(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 32);
  for (int i = 0; i < 32; i++) {
    assert_int_equal(bench_send(VIRTIO_NET_MAX_FRAGS), 0);
  }
  assert_false(virtio_net_can_transmit(&B->net));
  assert_int_equal(bench_send(0), -VIRTIO_EAGAIN);
  virtio_net_kick(&B->net);
  bench_device_takes(32);
  assert_int_equal(B->held_count, 32);
  assert_true(B->held[0].indirect);
  bench_device_returns(32);
  assert_int_equal(bench_reap_all(), 32);
  assert_true(virtio_net_can_transmit(&B->net));
}

/* EVIDENCE: Virtio 1.2 2.7.7.2: one notification wakes, a busy device is left
 * alone. */
static void running_busy_device_is_not_notified(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 256);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(bench_send(1), 0);
    virtio_net_kick(&B->net);
  }
  assert_int_equal(B->dev.notifications[SOFT_TX], 1);
  bench_device_takes(1000);
  assert_int_equal(B->held_count, 100);
  assert_int_equal(bench_send(1), 0);
  virtio_net_kick(&B->net);
  assert_int_equal(B->dev.notifications[SOFT_TX], 2);
  bench_device_takes(1000);
  bench_device_returns(1000);
  assert_int_equal(bench_reap_all(), 101);
}

/* Used elements are withheld while everything else goes on: each byte that the
 * device may still read stays as it was. */
static void running_withheld_used_keeps_every_byte(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 128);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(bench_send(bench_random(20)), 0);
  }
  virtio_net_kick(&B->net);
  bench_device_takes(20);
  struct soft_chain kept[20];
  uint32_t kept_record[20];
  memcpy(kept, B->held, sizeof kept);
  memcpy(kept_record, B->held_record, sizeof kept_record);
  B->held_count = 0;
  for (int i = 0; i < 20000; i++) {
    if (bench_send(bench_random(4))) {
      bench_device_returns(1000);
      bench_reap_all();
    }
    virtio_net_kick(&B->net);
    bench_device_takes(bench_random(4));
    bench_device_returns(bench_random(4));
    bench_reap_all();
    const struct record *record = &B->records[kept_record[i % 20]];
    assert_true(record->live);
    bench_compare(&kept[i % 20], record);
  }
  bench_device_takes(1000);
  bench_device_returns(1000);
  for (int i = 0; i < 20; i++) {
    soft_use(&B->dev, SOFT_TX, &kept[i], 0);
  }
  bench_reap_all();
  assert_int_equal(B->live, 0);
}

static void running_ecn_segments_need_host_ecn(void **unused) {
  /* EVIDENCE: Virtio 1.2 5.1.3.1 (HOST_ECN), 5.1.6.2.1 (GSO_ECN) */
  (void)unused;
  for (int with = 0; with < 2; with++) {
    bench_start(with ? UINT64_MAX : ~(UINT64_C(1) << 13), 8, 32);
    struct virtio_net_frame frame = {.head = B->arena + BUFFERS_AT + 12,
                                     .head_len = 60,
                                     .headroom = true,
                                     .needs_csum = true,
                                     .gso_type = 0x81,
                                     .gso_size = 1000};
    assert_int_equal(virtio_net_transmit(&B->net, &frame),
                     with ? 0 : -VIRTIO_EINVAL);
  }
}

static void running_wrong_frame_is_refused(void **unused) {
  (void)unused;
  bench_start(~(UINT64_C(1) | UINT64_C(5) << 11 | UINT64_C(1) << 56), 8, 32);
  static uint8_t outside[64];
  uint8_t *inside = B->arena + BUFFERS_AT;
  struct virtio_net_frame frame = {.head = inside + 12, .head_len = 60};
  frame.needs_csum = true; /* CSUM was not offered */
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  frame.needs_csum = false;
  frame.gso_type = 1;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  frame.gso_type = 5;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  frame.gso_type = 0;
  frame.head_len = 0;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  frame.head_len = 60;
  const struct virtq_buf bad[2] = {{inside, 10}, {outside, 10}};
  frame.frags = bad;
  frame.frag_count = 2;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EFAULT);
  const struct virtq_buf empty = {inside, 0};
  frame.frags = &empty;
  frame.frag_count = 1;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EFAULT);
  frame.frag_count = VIRTIO_NET_MAX_FRAGS + 1;
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  assert_int_equal(virtq_free(&B->net.queue[1]), 32); /* nothing happened */
  assert_int_equal(B->net.stats.tx_frames, 0);
  assert_int_equal(bench_send(3), 0);
}

/* One random frame arrives, if there is a buffer. How many: 0 or 1. */
static uint32_t receive_more(bool may, uint32_t k, uint8_t frame[][RX_BUFFER],
                             uint32_t *len, uint8_t *flags) {
  if (!may) {
    return 0;
  }
  uint8_t hdr[12] = {0};
  len[k] = 1 + bench_random(RX_BUFFER - 12);
  bench_fill(frame[k], len[k]);
  flags[k] = hdr[0] = bench_random(2) ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
  return soft_receive(&B->dev, hdr, frame[k], len[k]);
}

static void receive_random(uint64_t features, uint16_t size, uint32_t frames) {
  bench_start(features, size, 8);
  bench_post_all(size);
  assert_int_equal(virtio_net_post(&B->net, bench_rx_buffer(0), NULL),
                   -VIRTIO_EAGAIN);
  static uint8_t frame[16][RX_BUFFER];
  uint32_t len[16], in = 0, out = 0, idle = 0;
  uint8_t flags[16];
  while (out < frames) {
    uint32_t burst = bench_random(9);
    bool moved = false;
    while (burst-- && receive_more(in < frames && in - out < 16, in % 16, frame,
                                   len, flags)) {
      in++;
      moved = true;
    }
    if (B->dev.interrupt) {
      moved = true;
      assert_int_equal(virtio_net_interrupt(&B->net), 1);
      do {
        virtio_net_interrupts_off(&B->net);
        struct virtio_net_received r;
        while (virtio_net_harvest(&B->net, bench_buffer_of, &r) > 0) {
          assert_false(r.bad);
          assert_int_equal(r.len, len[out % 16]);
          assert_int_equal(r.csum_valid,
                           flags[out % 16] != 0 && (features & 2) != 0);
          assert_memory_equal((uint8_t *)r.cookie + 12, frame[out % 16], r.len);
          out++;
          memset(r.cookie, 0xee, RX_BUFFER);
          assert_int_equal(virtio_net_post(&B->net, r.cookie, r.cookie), 0);
          if (bench_random(3) == 0) {
            virtio_net_kick(&B->net);
          }
        }
        virtio_net_kick(&B->net);
        in += receive_more(in < frames && in - out < 16, in % 16, frame, len,
                           flags);
      } while (virtio_net_interrupts_on(&B->net, 0));
    }
    idle = moved ? 0 : idle + 1;
    assert_in_range(idle, 0, 1000);
  }
  assert_int_equal(B->net.stats.rx_frames, frames);
}

/* EVIDENCE: Virtio 1.2 5.1.6.4 */
static void running_random_receive_arrives_whole(void **unused) {
  (void)unused;
  receive_random(UINT64_MAX, 256, 3000);
  receive_random(UINT64_MAX, 2, 500);
  receive_random(NO_EVENT, 16, 2000);
  receive_random(~UINT64_C(2), 16, 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BENCH_TEST(running_random_transmit_arrives_whole),
      BENCH_TEST(running_indices_wrap_past_65536),
      BENCH_TEST(running_super_segment_is_one_ring_entry),
      BENCH_TEST(running_busy_device_is_not_notified),
      BENCH_TEST(running_withheld_used_keeps_every_byte),
      BENCH_TEST(running_ecn_segments_need_host_ecn),
      BENCH_TEST(running_wrong_frame_is_refused),
      BENCH_TEST(running_random_receive_arrives_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
