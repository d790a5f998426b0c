/* SPDX-License-Identifier: Apache-2.0 */
/* The driver against a device that walks the rings from the specification:
 * random traffic in every ring format, buffers that are held back, resets, and
 * every lie that a device can tell (robustness group 16). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "driver/virtio_net.h"
#include "tests/driver/soft_device.h"

enum {
  ARENA = 16 << 20,
  BUFFERS_AT = 4 << 20, /* transmit buffers */
  RX_AT = 12 << 20,     /* receive buffers */
  RX_BUFFER = 2048,
  TX_BUFFER = 4096,
  TX_BUFFERS = 2048,
  FRAMES = 4096, /* transmit records */
  HEAD_MAX = 400,
  SUPER_MAX = 80000,
};

/* A frame between transmit and reap. */
struct record {
  uint8_t head[12 + HEAD_MAX]; /* for frames sent from elsewhere: unused */
  uint8_t *head_at;            /* where it lies in the arena */
  struct virtio_net_frame frame;
  struct virtq_buf frags[VIRTIO_NET_MAX_FRAGS];
  uint8_t *expect; /* the frame's bytes at the time of transmit */
  uint32_t len;
  bool live;
};

struct bench {
  uint8_t *arena;
  void *state;
  struct soft_device dev;
  struct virtio_net net;
  struct virtio_net_config config;
  uint64_t random;
  struct record *records;
  uint32_t queued[FRAMES]; /* records in the order of transmit */
  uint32_t queue_head, queue_tail;
  uint32_t live; /* records whose cookie is out */
  struct soft_chain held[1024];
  uint32_t held_record[1024];
  uint32_t held_count;
};

static struct bench *B;

static uint32_t rnd(uint32_t below) {
  B->random = B->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((B->random >> 33) % below);
}

static void bench_start(uint64_t features, uint16_t rx_size, uint16_t tx_size) {
  soft_device_init(&B->dev, B->arena, ARENA);
  memset(B->arena, 0, ARENA);
  B->dev.offered &= features;
  B->random = features ^ rx_size ^ (uint64_t)tx_size << 32;
  B->config = (struct virtio_net_config){.features = UINT64_MAX,
                                         .rx_size = rx_size,
                                         .tx_size = tx_size,
                                         .rx_buffer_size = RX_BUFFER,
                                         .header_slots = true};
  struct virtio_net_memory need;
  virtio_net_memory(&B->config, &need);
  assert_in_range(need.device_bytes, 1, BUFFERS_AT);
  free(B->state);
  B->state = aligned_alloc(64, need.state_bytes);
  assert_non_null(B->state);
  assert_int_equal(virtio_net_init(&B->net, &B->dev.platform, &B->config,
                                   B->arena, B->state),
                   0);
  assert_int_equal(virtio_net_start(&B->net), 0);
  assert_int_equal(B->dev.accepted, B->dev.offered);
}

static int setup(void **unused) {
  (void)unused;
  B = calloc(1, sizeof *B);
  assert_non_null(B);
  B->arena = aligned_alloc(4096, ARENA);
  B->records = calloc(FRAMES, sizeof *B->records);
  assert_non_null(B->arena);
  assert_non_null(B->records);
  return 0;
}

static int teardown(void **unused) {
  (void)unused;
  for (uint32_t i = 0; i < FRAMES; i++) {
    free(B->records[i].expect);
  }
  free(B->records);
  free(B->state);
  free(B->arena);
  free(B);
  return 0;
}

/* --- Transmit ------------------------------------------------------------- */

static struct record *free_record(void) {
  for (uint32_t i = 0; i < FRAMES; i++) {
    if (!B->records[i].live) {
      return &B->records[i];
    }
  }
  fail_msg("no record free");
  return NULL;
}

static void fill(uint8_t *p, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    p[i] = (uint8_t)rnd(256);
  }
}

/* A frame of random shape; its bytes are remembered. */
static void make_frame(struct record *record, uint32_t frags) {
  uint32_t index = (uint32_t)(record - B->records);
  struct virtio_net_frame *f = &record->frame;
  memset(f, 0, sizeof *f);
  record->head_at =
      B->arena + BUFFERS_AT + (size_t)TX_BUFFERS * 3072 + (size_t)index * 448;
  f->head = record->head_at + 12 + rnd(8);
  f->head_len = rnd(8) ? 14 + rnd(107) : 14 + rnd(HEAD_MAX - 14);
  f->headroom = rnd(2) != 0;
  f->frags = record->frags;
  f->frag_count = (uint16_t)frags;
  f->needs_csum = rnd(2) && (B->net.features & 1);
  f->csum_start = (uint16_t)rnd(65536);
  f->csum_offset = (uint16_t)rnd(65536);
  f->hdr_len = (uint16_t)f->head_len;
  if (f->needs_csum && (B->net.features >> VIRTIO_NET_F_HOST_TSO4 & 1)) {
    f->gso_type = rnd(2) ? 1 : 0;
    f->gso_size = (uint16_t)(1 + rnd(9000));
  }
  f->cookie = record;
  fill(f->head, f->head_len);
  record->expect = realloc(record->expect, SUPER_MAX);
  assert_non_null(record->expect);
  memcpy(record->expect, f->head, f->head_len);
  record->len = f->head_len;
  for (uint32_t i = 0; i < frags; i++) {
    uint8_t *p =
        B->arena + BUFFERS_AT + (size_t)rnd(TX_BUFFERS * 3072 - TX_BUFFER);
    record->frags[i] = (struct virtq_buf){p, 1 + rnd(rnd(4) ? 200 : TX_BUFFER)};
    memcpy(record->expect + record->len, p, record->frags[i].len);
    record->len += record->frags[i].len;
  }
}

static int send(uint32_t frags) {
  struct record *record = free_record();
  make_frame(record, frags);
  int error = virtio_net_transmit(&B->net, &record->frame);
  if (!error) {
    record->live = true;
    B->live++;
    B->queued[B->queue_tail++ % FRAMES] = (uint32_t)(record - B->records);
  }
  return error;
}

static uint32_t le16_at(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8;
}

/* What the device sees must be what was sent. */
static void compare(const struct soft_chain *chain,
                    const struct record *record) {
  static uint8_t seen[SUPER_MAX];
  uint32_t n = soft_gather(chain, seen, sizeof seen);
  const struct virtio_net_frame *f = &record->frame;
  assert_int_equal(n, record->len + 12);
  assert_memory_equal(seen + 12, record->expect, record->len);
  assert_int_equal(seen[0], f->needs_csum ? 1 : 0);
  assert_int_equal(seen[1], f->gso_type);
  assert_int_equal(le16_at(seen + 4), f->gso_type ? f->gso_size : 0);
  assert_int_equal(le16_at(seen + 6), f->needs_csum ? f->csum_start : 0);
  assert_int_equal(le16_at(seen + 8), f->needs_csum ? f->csum_offset : 0);
  assert_int_equal(le16_at(seen + 10), 0);
  if (f->headroom && f->frag_count == 0) {
    assert_int_equal(chain->count, 1);
    assert_ptr_equal(chain->bufs[0].ptr + 12, f->head);
  }
}

/* The device takes what it may and holds it. */
static void device_takes(uint32_t limit) {
  while (limit-- && soft_take(&B->dev, SOFT_TX, &B->held[B->held_count])) {
    uint32_t index = B->queued[B->queue_head++ % FRAMES];
    B->held_record[B->held_count] = index;
    compare(&B->held[B->held_count], &B->records[index]);
    B->held_count++;
  }
}

/* Return held chains in random order; check once more that no byte changed. */
static void device_returns(uint32_t count) {
  while (count-- && B->held_count) {
    uint32_t i = rnd(B->held_count);
    compare(&B->held[i], &B->records[B->held_record[i]]);
    soft_use(&B->dev, SOFT_TX, &B->held[i], 0);
    B->held_count--;
    B->held[i] = B->held[B->held_count];
    B->held_record[i] = B->held_record[B->held_count];
  }
}

static uint32_t reap_all(void) {
  uint32_t n = 0;
  void *cookie;
  int result;
  while ((result = virtio_net_reap(&B->net, &cookie)) > 0) {
    struct record *record = cookie;
    assert_true(record->live);
    record->live = false;
    B->live--;
    n++;
  }
  assert_int_equal(result, 0);
  return n;
}

static const uint64_t NO_INDIRECT = ~(UINT64_C(1) << 28);
static const uint64_t NO_EVENT = ~(UINT64_C(1) << 29);

/* Transmit frames of every shape; the host reaps only when interrupted and the
 * device works only when notified, so a lost wake-up ends the test. */
static void transmit_random(uint64_t features, uint16_t size, uint32_t frames) {
  bench_start(features, 8, size);
  uint16_t max = virtio_net_max_frags(&B->net);
  uint32_t sent = 0, reaped = 0, idle = 0;
  while (reaped < frames) {
    bool moved = false;
    for (uint32_t n = rnd(12); n && sent < frames; n--) {
      uint32_t frags = rnd(4) ? rnd(3) : rnd(max + 1u);
      frags = frags < max ? frags : max;
      int error = send(frags);
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
    device_takes(rnd(8));
    device_returns(rnd(8));
    moved |= before != B->held_count;
    if (B->dev.interrupt) {
      assert_int_equal(virtio_net_interrupt(&B->net), 1);
      do {
        virtio_net_interrupts_off(&B->net);
        reaped += reap_all();
        device_returns(rnd(2)); /* too late for the reap, no interrupt */
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
    assert_int_equal(send(0), 0);
    virtio_net_kick(&B->net);
    device_takes(1);
    device_returns(1);
    assert_int_equal(reap_all(), 1);
  }
}

static void running_super_segment_is_one_ring_entry(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 32);
  for (int i = 0; i < 32; i++) {
    assert_int_equal(send(VIRTIO_NET_MAX_FRAGS), 0);
  }
  assert_false(virtio_net_can_transmit(&B->net));
  assert_int_equal(send(0), -VIRTIO_EAGAIN);
  virtio_net_kick(&B->net);
  device_takes(32);
  assert_int_equal(B->held_count, 32);
  assert_true(B->held[0].indirect);
  device_returns(32);
  assert_int_equal(reap_all(), 32);
  assert_true(virtio_net_can_transmit(&B->net));
}

/* EVIDENCE: Virtio 1.2 2.7.7.2: one notification wakes, a busy device is left
 * alone. */
static void running_busy_device_is_not_notified(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 256);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(send(1), 0);
    virtio_net_kick(&B->net);
  }
  assert_int_equal(B->dev.notifications[SOFT_TX], 1);
  device_takes(1000);
  assert_int_equal(B->held_count, 100);
  assert_int_equal(send(1), 0);
  virtio_net_kick(&B->net);
  assert_int_equal(B->dev.notifications[SOFT_TX], 2);
  device_takes(1000);
  device_returns(1000);
  assert_int_equal(reap_all(), 101);
}

/* Used elements are withheld while everything else goes on: each byte that the
 * device may still read stays as it was. */
static void running_withheld_used_keeps_every_byte(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 8, 128);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(send(rnd(20)), 0);
  }
  virtio_net_kick(&B->net);
  device_takes(20);
  struct soft_chain kept[20];
  uint32_t kept_record[20];
  memcpy(kept, B->held, sizeof kept);
  memcpy(kept_record, B->held_record, sizeof kept_record);
  B->held_count = 0;
  for (int i = 0; i < 20000; i++) {
    if (send(rnd(4))) {
      device_returns(1000);
      reap_all();
    }
    virtio_net_kick(&B->net);
    device_takes(rnd(4));
    device_returns(rnd(4));
    reap_all();
    const struct record *record = &B->records[kept_record[i % 20]];
    assert_true(record->live);
    compare(&kept[i % 20], record);
  }
  device_takes(1000);
  device_returns(1000);
  for (int i = 0; i < 20; i++) {
    soft_use(&B->dev, SOFT_TX, &kept[i], 0);
  }
  reap_all();
  assert_int_equal(B->live, 0);
}

static void running_wrong_frame_is_refused(void **unused) {
  (void)unused;
  bench_start(~UINT64_C(1) & ~(UINT64_C(1) << 11), 8, 32);
  static uint8_t outside[64];
  uint8_t *inside = B->arena + BUFFERS_AT;
  struct virtio_net_frame frame = {.head = inside + 12, .head_len = 60};
  frame.needs_csum = true; /* CSUM was not offered */
  assert_int_equal(virtio_net_transmit(&B->net, &frame), -VIRTIO_EINVAL);
  frame.needs_csum = false;
  frame.gso_type = 1;
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
  assert_int_equal(send(3), 0);
}

/* --- Receive -------------------------------------------------------------- */

static const uint8_t *buffer_of(void *cookie) {
  return cookie;
}

static uint8_t *rx_buffer(uint32_t i) {
  return B->arena + RX_AT + (size_t)i * RX_BUFFER;
}

static void post_all(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(virtio_net_post(&B->net, rx_buffer(i), rx_buffer(i)), 0);
  }
  virtio_net_kick(&B->net);
}

/* One random frame arrives, if there is a buffer. How many: 0 or 1. */
static uint32_t receive_more(bool may, uint32_t k, uint8_t frame[][RX_BUFFER],
                             uint32_t *len, uint8_t *flags) {
  if (!may) {
    return 0;
  }
  uint8_t hdr[12] = {0};
  len[k] = 1 + rnd(RX_BUFFER - 12);
  fill(frame[k], len[k]);
  flags[k] = hdr[0] = rnd(2) ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
  return soft_receive(&B->dev, hdr, frame[k], len[k]);
}

static void receive_random(uint64_t features, uint16_t size, uint32_t frames) {
  bench_start(features, size, 8);
  post_all(size);
  assert_int_equal(virtio_net_post(&B->net, rx_buffer(0), NULL),
                   -VIRTIO_EAGAIN);
  static uint8_t frame[16][RX_BUFFER];
  uint32_t len[16], in = 0, out = 0, idle = 0;
  uint8_t flags[16];
  while (out < frames) {
    uint32_t burst = rnd(9);
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
        while (virtio_net_harvest(&B->net, buffer_of, &r) > 0) {
          assert_false(r.bad);
          assert_int_equal(r.len, len[out % 16]);
          assert_int_equal(r.csum_valid,
                           flags[out % 16] != 0 && (features & 2) != 0);
          assert_memory_equal((uint8_t *)r.cookie + 12, frame[out % 16], r.len);
          out++;
          memset(r.cookie, 0xee, RX_BUFFER);
          assert_int_equal(virtio_net_post(&B->net, r.cookie, r.cookie), 0);
          if (rnd(3) == 0) {
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
  assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), -VIRTIO_EIO);
  assert_int_equal(virtio_net_reap(&B->net, &cookie), -VIRTIO_EIO);
  assert_int_equal(virtio_net_post(&B->net, rx_buffer(0), NULL), -VIRTIO_EIO);
  assert_int_equal(send(0), -VIRTIO_EIO);
  assert_false(virtio_net_can_transmit(&B->net));
  uint64_t notified = B->dev.notifications[0] + B->dev.notifications[1];
  virtio_net_kick(&B->net);
  assert_int_equal(B->dev.notifications[0] + B->dev.notifications[1], notified);
  assert_int_equal(virtio_net_stop(&B->net), 0);
  uint32_t tx = 0, rx = 0;
  while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
    struct record *record = cookie;
    assert_true(record->live);
    record->live = false;
    B->live--;
    tx++;
  }
  while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
    rx++;
  }
  assert_int_equal(tx, tx_held);
  assert_int_equal(rx, rx_held);
  assert_int_equal(virtio_net_start(&B->net), 0);
  assert_null(B->net.broken);
  post_all(4);
  receive_one(SOFT_HONEST);
  assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), 1);
  assert_false(r.bad);
}

static void lying_receive_breaks(enum soft_lie lie, int taken) {
  bench_start(UINT64_MAX, 16, 8);
  post_all(8);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(send(2), 0);
  }
  struct virtio_net_received r;
  receive_one(SOFT_HONEST);
  assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), 1);
  receive_one(lie);
  for (int i = 0; i < taken; i++) {
    assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), 1);
  }
  if (lie == SOFT_LEN_BELOW_HEADER) {
    assert_true(r.bad);
    assert_int_equal(r.len, 0);
  } else {
    assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), -VIRTIO_EIO);
  }
  assert_broken(3, 7 - (uint32_t)taken);
}

/* EVIDENCE: Virtio 1.2 2.7.8 (robustness group 16) */
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
  post_all(4);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(send(1), 0);
  }
  virtio_net_kick(&B->net);
  device_takes(6);
  B->dev.lie = lie;
  soft_use(&B->dev, SOFT_TX, &B->held[0], 0);
  B->held_count = 0;
  void *cookie;
  for (uint32_t i = 0; i < taken; i++) {
    assert_int_equal(virtio_net_reap(&B->net, &cookie), 1);
    ((struct record *)cookie)->live = false;
    B->live--;
  }
  assert_int_equal(virtio_net_reap(&B->net, &cookie), -VIRTIO_EIO);
  B->queue_head = B->queue_tail;
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
  assert_int_equal(send(0), 0);
  virtio_net_kick(&B->net);
  assert_int_equal(send(0), 0);
  device_takes(1);
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
    post_all(16);
    while (send(rnd(4)) == 0) {
    }
    virtio_net_kick(&B->net);
    uint32_t live = B->live;
    fill(B->arena, (uint32_t)need.device_bytes);
    struct virtio_net_received r;
    void *cookie;
    for (int i = 0; i < 100; i++) {
      if (virtio_net_reap(&B->net, &cookie) > 0) {
        ((struct record *)cookie)->live = false;
        B->live--;
      }
      (void)!virtio_net_harvest(&B->net, buffer_of, &r);
      (void)!virtio_net_interrupts_on(&B->net, 0);
      virtio_net_kick(&B->net);
    }
    assert_int_equal(virtio_net_stop(&B->net), 0);
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      assert_true(((struct record *)cookie)->live);
      ((struct record *)cookie)->live = false;
      B->live--;
    }
    assert_int_equal(B->live, 0);
    assert_true(live > 0);
    B->queue_head = B->queue_tail;
  }
}

/* EVIDENCE: Virtio 1.2 5.1.6.4.1 */
static void running_lying_receive_header_is_dropped(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 8);
  post_all(16);
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
    assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), 1);
    assert_int_equal(r.bad, cases[i].bad);
    assert_int_equal(r.csum_valid, cases[i].valid);
    assert_null(B->net.broken);
  }
  struct virtio_net_received r;
  assert_true(soft_receive(&B->dev, cases[0].hdr, frame, 0));
  assert_int_equal(virtio_net_harvest(&B->net, buffer_of, &r), 1);
  assert_true(r.bad); /* a header without a frame */
}

/* --- Life ------------------------------------------------------------------
 */

/* EVIDENCE: Virtio 1.2 2.4.1 */
static void stopped_restart_returns_and_reuses_all(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 16);
  for (int round = 0; round < 50; round++) {
    post_all(16);
    for (int i = 0; i < 10; i++) {
      assert_int_equal(send(rnd(14)), 0);
    }
    virtio_net_kick(&B->net);
    device_takes(rnd(10));
    device_returns(rnd(5));
    B->held_count = 0;
    assert_int_equal(virtio_net_stop(&B->net), 0);
    assert_int_equal(B->dev.queue[0].ready, 0);
    void *cookie;
    uint32_t rx = 0;
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      ((struct record *)cookie)->live = false;
      B->live--;
    }
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
      rx++;
    }
    assert_int_equal(B->live, 0);
    assert_int_equal(rx, 16);
    B->queue_head = B->queue_tail;
    assert_int_equal(virtio_net_start(&B->net), 0);
  }
}

static void stopped_unconfirmed_reset_keeps_memory_away(void **unused) {
  (void)unused;
  bench_start(UINT64_MAX, 16, 16);
  post_all(16);
  B->dev.deaf_to_reset = true;
  assert_int_equal(virtio_net_stop(&B->net), -VIRTIO_EIO);
  void *cookie;
  assert_false(virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie));
  assert_int_equal(send(0), -VIRTIO_EIO);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(running_random_transmit_arrives_whole),
      TEST(running_indices_wrap_past_65536),
      TEST(running_super_segment_is_one_ring_entry),
      TEST(running_busy_device_is_not_notified),
      TEST(running_withheld_used_keeps_every_byte),
      TEST(running_wrong_frame_is_refused),
      TEST(running_random_receive_arrives_whole),
      TEST(running_device_lies_about_receive_is_broken),
      TEST(running_device_lies_about_transmit_is_broken),
      TEST(running_unpublished_id_is_broken),
      TEST(running_device_scribbles_on_rings_is_survived),
      TEST(running_lying_receive_header_is_dropped),
      TEST(stopped_restart_returns_and_reuses_all),
      TEST(stopped_unconfirmed_reset_keeps_memory_away),
      TEST(running_link_change_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
