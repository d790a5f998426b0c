/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/net_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct bench *B;

uint32_t bench_random(uint32_t below) {
  B->random = B->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((B->random >> 33) % below);
}

void bench_start(uint64_t features, uint16_t rx_size, uint16_t tx_size) {
  soft_device_init(&B->dev, B->arena, ARENA);
  memset(B->arena, 0, ARENA);
  memset(B->allowed, 0, ARENA);
  B->dev.allowed = B->allowed;
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

int bench_setup(void **unused) {
  (void)unused;
  B = calloc(1, sizeof *B);
  assert_non_null(B);
  B->arena = aligned_alloc(4096, ARENA);
  B->allowed = calloc(1, ARENA);
  assert_non_null(B->allowed);
  B->records = calloc(FRAMES, sizeof *B->records);
  assert_non_null(B->arena);
  assert_non_null(B->records);
  return 0;
}

int bench_teardown(void **unused) {
  (void)unused;
  for (uint32_t i = 0; i < FRAMES; i++) {
    free(B->records[i].expect);
  }
  free(B->records);
  free(B->state);
  free(B->arena);
  free(B->allowed);
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

void bench_fill(uint8_t *p, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    p[i] = (uint8_t)bench_random(256);
  }
}

/* A frame of random shape; its bytes are remembered. */
static void make_frame(struct record *record, uint32_t frags) {
  uint32_t index = (uint32_t)(record - B->records);
  struct virtio_net_frame *f = &record->frame;
  memset(f, 0, sizeof *f);
  record->head_at =
      B->arena + BUFFERS_AT + (size_t)TX_BUFFERS * 3072 + (size_t)index * 448;
  f->head = record->head_at + 12 + bench_random(8);
  f->head_len = bench_random(8) ? 14 + bench_random(107)
                                : 14 + bench_random(HEAD_MAX - 14);
  f->headroom = bench_random(2) != 0;
  f->frags = record->frags;
  f->frag_count = (uint16_t)frags;
  f->needs_csum = bench_random(2) && (B->net.features & 1);
  f->csum_start = (uint16_t)bench_random(65536);
  f->csum_offset = (uint16_t)bench_random(65536);
  f->hdr_len = (uint16_t)f->head_len;
  if (f->needs_csum && (B->net.features >> VIRTIO_NET_F_HOST_TSO4 & 1)) {
    f->gso_type = (uint8_t[]){
        0, 1, 0x81,
        5}[bench_random(B->net.features >> VIRTIO_NET_F_HOST_USO & 1 ? 4 : 3)];
    f->gso_size = (uint16_t)(1 + bench_random(9000));
  }
  f->cookie = record;
  bench_fill(f->head, f->head_len);
  record->expect = realloc(record->expect, SUPER_MAX);
  assert_non_null(record->expect);
  memcpy(record->expect, f->head, f->head_len);
  record->len = f->head_len;
  for (uint32_t i = 0; i < frags; i++) {
    uint8_t *p = B->arena + BUFFERS_AT +
                 (size_t)bench_random(TX_BUFFERS * 3072 - TX_BUFFER);
    record->frags[i] = (struct virtq_buf){
        p, 1 + bench_random(bench_random(4) ? 200 : TX_BUFFER)};
    memcpy(record->expect + record->len, p, record->frags[i].len);
    record->len += record->frags[i].len;
  }
}

int bench_send(uint32_t frags) {
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
void bench_compare(const struct soft_chain *chain,
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
void bench_device_takes(uint32_t limit) {
  while (limit-- && soft_take(&B->dev, SOFT_TX, &B->held[B->held_count])) {
    uint32_t index = B->queued[B->queue_head++ % FRAMES];
    B->held_record[B->held_count] = index;
    bench_compare(&B->held[B->held_count], &B->records[index]);
    B->held_count++;
  }
}

/* Return held chains in random order; check once more that no byte changed. */
void bench_device_returns(uint32_t count) {
  while (count-- && B->held_count) {
    uint32_t i = bench_random(B->held_count);
    bench_compare(&B->held[i], &B->records[B->held_record[i]]);
    soft_use(&B->dev, SOFT_TX, &B->held[i], 0);
    B->held_count--;
    B->held[i] = B->held[B->held_count];
    B->held_record[i] = B->held_record[B->held_count];
  }
}

void bench_came_back(void *cookie) {
  struct record *record = cookie;
  assert_true(record->live);
  record->live = false;
  B->live--;
}

void bench_forget_queue(void) {
  B->queue_head = B->queue_tail;
  B->held_count = 0;
}

uint32_t bench_reap_all(void) {
  uint32_t n = 0;
  void *cookie;
  int result;
  while ((result = virtio_net_reap(&B->net, &cookie)) > 0) {
    bench_came_back(cookie);
    n++;
  }
  assert_int_equal(result, 0);
  return n;
}

/* --- Receive -------------------------------------------------------------- */

const uint8_t *bench_buffer_of(void *cookie) {
  return cookie;
}

uint8_t *bench_rx_buffer(uint32_t i) {
  return B->arena + RX_AT + (size_t)i * RX_BUFFER;
}

void bench_post_all(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(
        virtio_net_post(&B->net, bench_rx_buffer(i), bench_rx_buffer(i)), 0);
  }
  virtio_net_kick(&B->net);
}
