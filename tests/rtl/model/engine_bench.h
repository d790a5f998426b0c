/* SPDX-License-Identifier: Apache-2.0 */
/* Bench of virtio_engine + dma: a driver with two split rings on axi_mem, the
 * registers that virtio_mmio would hold, a frame source and a frame sink.
 *
 * Every frame that the driver sends must come out whole and in order with its
 * metadata; every frame that comes in must be delivered in order or be counted
 * as dropped. The driver works by interrupt and notification only, so a lost
 * one shows as a test that does not finish. Included by the tests, because it
 * needs the generated dut_engine_dma.h. */
#ifndef PH_TESTS_RTL_MODEL_ENGINE_BENCH_H
#define PH_TESTS_RTL_MODEL_ENGINE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dut_engine_dma.h"
#include "tests/rtl/model/axi_mem.h"
#include "tests/rtl/model/host_ring.h"
#include "tests/rtl/tb.h"

TB_DUT(engine_dma)

enum {
  FEAT_CSUM = 1 << 0,
  FEAT_GUEST_CSUM = 1 << 1,
  FEAT_TSO4 = 1 << 11,
  FEAT_ECN = 1 << 13
};
enum { FEAT_INDIRECT = 1 << 28, FEAT_EVENT_IDX = 1 << 29 };
enum { BENCH_SLOTS = 1200, BENCH_SLOT_BYTES = 4096, BENCH_BIG_BYTES = 1 << 17 };
enum { RX_VERIFIED = 1, RX_CHECKED = 2, RX_ERROR = 4 };
#define BENCH_BASE 0x7fff0000ull /* the memory lies across 2^31 */

enum stat {
  STAT_TX_PACKETS,
  STAT_RX_PACKETS,
  STAT_NO_BUFFER,
  STAT_TOO_LONG,
  STAT_JUMP,
  STAT_HEAD,
  STAT_CHAIN,
  STAT_HEADER,
  STAT_AXI_READ,
  STAT_AXI_WRITE,
  STATS
};

struct expected {
  uint8_t *data;
  size_t len;
  uint64_t meta; /* transmit: the 58 bits below `queue`; receive: RX_* */
};

struct fifo {
  struct expected *item;
  size_t head, tail, capacity;
};

struct bench {
  struct dut_engine_dma *d;
  struct tb *tb;
  struct axi_mem *mem;
  struct host_ring rx, tx;
  struct tb_source *in;
  struct tb_sink *out;
  struct tb_rand rand;
  struct tb_agent agent;
  bool alive, polling; /* polling: look at the used rings in every cycle */
  uint16_t size[2];
  unsigned notify; /* pending, by queue */
  uint8_t qcfg_queue;
  uint64_t irqs, resets, stat[STATS];
  bool irq;
  uint64_t slot_base, big_base;
  uint16_t free_slot[BENCH_SLOTS];
  unsigned free_slots;
  struct fifo sent, pushed; /* expected on the wire, expected by the driver */
  uint64_t tx_done, rx_done, rx_skipped, tx_bad;
};

static inline void fifo_push(struct fifo *f, const void *data, size_t len,
                             uint64_t meta) {
  if (f->tail == f->capacity) {
    f->capacity = f->capacity ? 2 * f->capacity : 64;
    f->item = realloc(f->item, f->capacity * sizeof *f->item);
  }
  struct expected *e = &f->item[f->tail++];
  e->data = malloc(len ? len : 1);
  memcpy(e->data, data, len);
  e->len = len;
  e->meta = meta;
}

static inline void fifo_clear(struct fifo *f) {
  for (size_t i = 0; i < f->tail; i++) free(f->item[i].data);
  free(f->item);
  memset(f, 0, sizeof *f);
}

/* --- virtio_mmio's side ------------------------------------------------- */
static inline void bench_drive(void *self) {
  struct bench *b = self;
  struct dut_engine_dma *d = b->d;
  struct host_ring *r = b->qcfg_queue == 0 ? &b->rx : &b->tx;
  *d->qcfg_size = b->size[b->qcfg_queue & 1];
  *d->qcfg_desc = r->desc;
  *d->qcfg_driver = r->avail;
  *d->qcfg_device = r->used;
  *d->notify_valid = b->notify != 0;
  *d->notify_queue = b->notify & 1 ? 0 : 1;
  b->notify &= ~(b->notify & 1 ? 1u : 2u);
}

static inline void bench_sample(void *self) {
  struct bench *b = self;
  struct dut_engine_dma *d = b->d;
  uint8_t *const pulse[STATS] = {
      d->stat_tx_packets,        d->stat_rx_packets,
      d->stat_rx_drop_no_buffer, d->stat_rx_drop_too_long,
      d->stat_err_avail_jump,    d->stat_err_bad_head,
      d->stat_err_bad_chain,     d->stat_err_bad_header,
      d->stat_err_axi_read,      d->stat_err_axi_write};
  b->qcfg_queue = *d->qcfg_queue;
  if (*d->isr_used) {
    b->irq = true;
    b->irqs++;
  }
  b->resets += *d->needs_reset;
  for (unsigned i = 0; i < STATS; i++) b->stat[i] += *pulse[i];
}

static inline void bench_rx_first(void *ctx, const struct tb_frame *f) {
  struct bench *b = ctx;
  uint32_t *m = b->d->rx_meta;
  uint64_t checked = (f->user & RX_CHECKED) != 0, ok = f->user & RX_VERIFIED;
  m[0] = (uint32_t)((f->user & RX_ERROR) != 0) | (uint32_t)(f->len << 1);
  m[1] = 0;
  m[2] = (uint32_t)(ok << 1 | checked << 2);
}

static inline void bench_tx_last(void *ctx, struct tb_frame *f) {
  struct bench *b = ctx;
  const uint32_t *m = b->d->tx_meta;
  f->user = (m[0] | (uint64_t)m[1] << 32) & ((1ull << 58) - 1);
}

static inline struct bench *bench_new(uint64_t seed) {
  struct bench *b = calloc(1, sizeof *b);
  struct dut_engine_dma *d = b->d = dut_engine_dma_new();
  b->tb = tb_new_engine_dma(d);
  b->rand.state = seed;
  tb_clock(b->tb, d->clk_i, d->rst_ni, 64);
  const struct axi_mem_port axi = AXI_MEM_PORT(d);
  b->mem = axi_mem_new(b->tb, 0, &axi, BENCH_BASE, 32u << 20, seed + 1);
  const struct tb_port rx = {d->rx_valid, d->rx_ready, d->rx_data, d->rx_keep,
                             d->rx_last,  NULL,        8};
  const struct tb_port tx = {d->tx_valid, d->tx_ready, d->tx_data, d->tx_keep,
                             d->tx_last,  d->tx_err,   8};
  b->in = tb_source_new(b->tb, 0, &rx, 0, seed + 2);
  b->in->on_first = bench_rx_first;
  b->in->ctx = b;
  b->out = tb_sink_new(b->tb, 0, &tx, 0, seed + 3);
  b->out->on_last = bench_tx_last;
  b->out->ctx = b;
  b->agent = (struct tb_agent){bench_drive, bench_sample, b, 0, NULL};
  tb_agent(b->tb, 0, &b->agent);
  tb_reset(b->tb);
  return b;
}

static inline void bench_delete(struct bench *b) {
  if (b->alive) {
    host_ring_free(&b->rx);
    host_ring_free(&b->tx);
  }
  fifo_clear(&b->sent);
  fifo_clear(&b->pushed);
  tb_delete(b->tb);
  axi_mem_delete(b->mem);
  dut_engine_dma_delete(b->d);
  free(b);
}

/* Fresh rings and buffers. The queues are ready, DRIVER_OK follows with
 * bench_driver_ok, so that buffers can be posted before it. */
static inline void bench_start(struct bench *b, uint16_t rx_size,
                               uint16_t tx_size, uint64_t features) {
  axi_mem_release_all(b->mem);
  bool event = (features & FEAT_EVENT_IDX) != 0;
  host_ring_init(&b->rx, b->mem, rx_size, true, event, tb_rand64(&b->rand));
  host_ring_init(&b->tx, b->mem, tx_size, false, event, tb_rand64(&b->rand));
  b->size[0] = rx_size;
  b->size[1] = tx_size;
  b->slot_base =
      axi_mem_alloc(b->mem, (uint64_t)BENCH_SLOTS * BENCH_SLOT_BYTES, 4096);
  b->big_base = axi_mem_alloc(b->mem, 64ull * BENCH_BIG_BYTES, 4096);
  b->free_slots = 0;
  for (unsigned i = 0; i < BENCH_SLOTS; i++)
    b->free_slot[b->free_slots++] = (uint16_t)i;
  *b->d->features = features | 1ull << 32;
  *b->d->queue_ready = 3;
  b->alive = true;
  b->irq = false;
}

static inline void bench_driver_ok(struct bench *b) {
  *b->d->driver_ok = 1;
}

/* Device reset: stops, waits for idle, forgets what was expected. */
static inline void bench_stop(struct bench *b, unsigned limit) {
  struct dut_engine_dma *d = b->d;
  *d->dev_stop = 1;
  *d->driver_ok = 0;
  *d->queue_ready = 0;
  unsigned waited = 0;
  do {
    tb_step(b->tb);
    assert_true(waited++ < limit);
  } while (!*d->dev_idle);
  assert_true(axi_mem_idle(b->mem));
  uint64_t reads = b->mem->reads, writes = b->mem->writes, irqs = b->irqs;
  tb_run(b->tb, 50);
  assert_true(*d->dev_idle);
  assert_int_equal(b->mem->reads, reads);
  assert_int_equal(b->mem->writes, writes);
  assert_int_equal(b->irqs, irqs);
  *d->dev_stop = 0;
  host_ring_free(&b->rx);
  host_ring_free(&b->tx);
  b->alive = false;
  b->notify = 0;
  fifo_clear(&b->sent);
  fifo_clear(&b->pushed);
  const struct tb_frame *f;
  while ((f = tb_sink_pop(b->out)) != NULL) b->tx_bad += f->err;
}

/* --- Driver --------------------------------------------------------------- */
/* Spreads `bytes` over `count` elements from `at`, with gaps and any alignment.
 */
static inline unsigned bench_cut(struct bench *b, uint64_t at, size_t bytes,
                                 unsigned count, unsigned header,
                                 struct host_elem *e) {
  unsigned n = 0;
  size_t left = bytes;
  while (left) {
    size_t len =
        n + 1 >= count ? left : 1 + tb_rand_below(&b->rand, (uint32_t)left);
    if (n == 0 && header) len = header < left ? header : left;
    at += tb_rand_below(&b->rand, 20);
    e[n++] = (struct host_elem){at, (uint32_t)len};
    at += len;
    left -= len;
  }
  return n;
}

static inline uint64_t bench_slot(struct bench *b, size_t bytes,
                                  uint64_t *user) {
  if (bytes + 600 > BENCH_SLOT_BYTES) {
    static unsigned big;
    big = (big + 1) % 64;
    *user = BENCH_SLOTS;
    return b->big_base + (uint64_t)big * BENCH_BIG_BYTES;
  }
  assert_true(b->free_slots > 0);
  *user = b->free_slot[--b->free_slots];
  return b->slot_base + *user * BENCH_SLOT_BYTES;
}

static inline void bench_slot_free(struct bench *b, uint64_t user) {
  if (user < BENCH_SLOTS) b->free_slot[b->free_slots++] = (uint16_t)user;
}

struct packet {
  const uint8_t *header; /* 12 bytes */
  const uint8_t *frame;
  size_t len;
  unsigned elems;       /* elements, at most */
  unsigned header_elem; /* bytes of the first element; 0: any */
  enum host_ring_mode mode;
  bool bad; /* not expected on the wire */
};

static inline uint64_t bench_meta(const uint8_t *h) {
  uint64_t start = h[6] | (uint64_t)h[7] << 8, off = h[8] | (uint64_t)h[9] << 8;
  uint64_t size = h[4] | (uint64_t)h[5] << 8;
  return (uint64_t)(h[0] & 1) << 57 | start << 41 | off << 25 |
         (uint64_t)h[1] << 17 | size << 1;
}

/* False when the ring is full. */
static inline bool bench_send(struct bench *b, const struct packet *p) {
  struct host_elem e[HOST_RING_ELEMS];
  if (b->tx.free_count < p->elems + 1 || b->free_slots == 0) return false;
  uint64_t user;
  uint64_t at = bench_slot(b, p->len + 12, &user);
  unsigned n = bench_cut(b, at, p->len + 12, p->elems, p->header_elem, e);
  size_t pos = 0;
  for (unsigned i = 0; i < n; i++) {
    uint8_t *to = axi_mem_at(b->mem, e[i].addr);
    for (uint32_t k = 0; k < e[i].len; k++, pos++)
      to[k] = pos < 12 ? p->header[pos] : p->frame[pos - 12];
  }
  assert_true(host_ring_add(&b->tx, e, n, p->mode, user) >= 0);
  if (!p->bad) fifo_push(&b->sent, p->frame, p->len, bench_meta(p->header));
  return true;
}

static inline void bench_kick(struct bench *b, unsigned queue) {
  if (host_ring_publish(queue ? &b->tx : &b->rx)) b->notify |= 1u << queue;
}

/* Posts one receive chain of `bytes` in up to `elems` elements. */
static inline bool bench_post(struct bench *b, size_t bytes, unsigned elems,
                              enum host_ring_mode mode) {
  struct host_elem e[HOST_RING_ELEMS];
  if (b->rx.free_count < elems + 1 || b->free_slots == 0) return false;
  uint64_t user;
  uint64_t at = bench_slot(b, bytes, &user);
  unsigned n = bench_cut(b, at, bytes, elems, 0, e);
  for (unsigned i = 0; i < n; i++)
    memset(axi_mem_at(b->mem, e[i].addr), 0xee, e[i].len);
  assert_true(host_ring_add(&b->rx, e, n, mode, user) >= 0);
  return true;
}

/* A frame from the wire. */
static inline void bench_arrive(struct bench *b, const void *frame, size_t len,
                                unsigned flags) {
  struct tb_frame *f = tb_source_push(b->in, frame, len);
  f->user = flags;
  if (!(flags & RX_ERROR)) fifo_push(&b->pushed, frame, len, flags);
}

static inline bool bench_matches(struct bench *b, const uint8_t *got,
                                 size_t len) {
  const struct expected *e = &b->pushed.item[b->pushed.head];
  bool verified = (e->meta & 3) == 3 && *b->d->features & FEAT_GUEST_CSUM;
  const uint8_t header[12] = {
      verified ? 2 : 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  return len == e->len + 12 && !memcmp(got, header, 12) &&
         !memcmp(got + 12, e->data, e->len);
}

static inline void bench_rx_used(struct bench *b) {
  static uint8_t got[1 << 17];
  uint16_t head;
  uint32_t len;
  uint64_t user;
  while (host_ring_get(&b->rx, &head, &len, &user)) {
    const struct host_chain *c = &b->rx.chain[head];
    size_t n = 0;
    for (unsigned i = 0; i < c->count; i++) {
      memcpy(got + n, axi_mem_at(b->mem, c->elem[i].addr), c->elem[i].len);
      n += c->elem[i].len;
    }
    assert_true(len <= n);
    for (size_t i = len; i < n; i++) assert_int_equal(got[i], 0xee);
    bench_slot_free(b, user);
    if (len == 0) continue; /* a chain that the device refused */
    while (b->pushed.head < b->pushed.tail && !bench_matches(b, got, len)) {
      b->pushed.head++;
      b->rx_skipped++;
    }
    assert_true(b->pushed.head < b->pushed.tail);
    b->pushed.head++;
    b->rx_done++;
  }
}

static inline void bench_tx_used(struct bench *b) {
  uint16_t head;
  uint32_t len;
  uint64_t user;
  while (host_ring_get(&b->tx, &head, &len, &user)) {
    assert_int_equal(len, 0);
    bench_slot_free(b, user);
    b->tx_done++;
  }
}

static inline void bench_check_wire(struct bench *b) {
  const struct tb_frame *f;
  while ((f = tb_sink_pop(b->out)) != NULL) {
    if (f->err) {
      b->tx_bad++;
      continue;
    }
    assert_true(b->sent.head < b->sent.tail);
    const struct expected *e = &b->sent.item[b->sent.head++];
    assert_int_equal(f->len, e->len);
    assert_memory_equal(f->data, e->data, e->len);
    assert_true(f->user == e->meta);
  }
}

/* One cycle of the hardware, then the driver if it was called. */
static inline void bench_step(struct bench *b) {
  tb_step(b->tb);
  bench_check_wire(b);
  if (b->polling) {
    bench_rx_used(b);
    bench_tx_used(b);
  } else if (b->irq) {
    b->irq = false;
    do bench_rx_used(b);
    while (host_ring_enable_irq(&b->rx, true));
    do bench_tx_used(b);
    while (host_ring_enable_irq(&b->tx, true));
  }
}

static inline void bench_random_frame(struct bench *b, uint8_t *frame,
                                      size_t len) {
  tb_rand_fill(&b->rand, frame, len);
}

/* --- Random traffic ------------------------------------------------------- */
struct mix {
  uint64_t features;
  uint16_t rx_size, tx_size;
  unsigned latency, stall, frames;
  size_t max_len;
  unsigned elems;
};

static inline enum host_ring_mode bench_random_mode(struct bench *b,
                                                    const struct mix *m) {
  if (!(m->features & FEAT_INDIRECT)) return HOST_RING_DIRECT;
  return (enum host_ring_mode)tb_rand_below(&b->rand, 3);
}

/* A header that the accepted features allow. */
static inline void bench_random_header(struct bench *b, uint64_t features,
                                       uint8_t *h) {
  tb_rand_fill(&b->rand, h, 12);
  h[0] &= 0xfe; /* flags other than NEEDS_CSUM are the driver's affair */
  h[1] = 0;
  if (features & FEAT_CSUM) h[0] |= (uint8_t)tb_rand_below(&b->rand, 2);
  if (h[0] & 1 && features & FEAT_TSO4)
    h[1] = (uint8_t)tb_rand_below(&b->rand, 2);
  if (h[1] && features & FEAT_ECN && tb_rand_chance(&b->rand, 128))
    h[1] |= 0x80;
}

static inline void bench_send_random(struct bench *b, const struct mix *m) {
  static uint8_t frame[1 << 16];
  uint8_t header[12];
  size_t len = 14 + tb_rand_below(&b->rand, (uint32_t)m->max_len - 13);
  if (tb_rand_chance(&b->rand, 128)) len = 14 + len % 80;
  bench_random_header(b, m->features, header);
  bench_random_frame(b, frame, len);
  struct packet p = {header,
                     frame,
                     len,
                     1 + tb_rand_below(&b->rand, m->elems),
                     tb_rand_chance(&b->rand, 100) ? 12 : 0,
                     bench_random_mode(b, m),
                     false};
  bench_send(b, &p);
}

static inline void bench_post_random(struct bench *b, const struct mix *m) {
  bench_post(b, 12 + m->max_len + tb_rand_below(&b->rand, 300),
             1 + tb_rand_below(&b->rand, m->elems), bench_random_mode(b, m));
}

static inline void bench_settle(struct bench *b, unsigned cycles) {
  for (unsigned i = 0; i < cycles; i++) bench_step(b);
}

/* Runs until everything sent and everything that came in is accounted for. */
static inline void bench_traffic(struct bench *b, const struct mix *m) {
  static uint8_t frame[1 << 16];
  b->mem->read_latency = b->mem->write_latency = m->latency;
  b->mem->stall = b->in->stall = b->out->stall = m->stall;
  b->mem->shuffle = true;
  bench_start(b, m->rx_size, m->tx_size, m->features);
  host_ring_enable_irq(&b->rx, true);
  host_ring_enable_irq(&b->tx, true);
  unsigned sent = 0, came = 0;
  uint64_t tx0 = b->tx_done, rx0 = b->rx_done + b->stat[STAT_NO_BUFFER];
  for (unsigned i = 0; i < m->rx_size; i++) bench_post_random(b, m);
  host_ring_publish(&b->rx);
  bench_driver_ok(b);
  for (uint64_t cycle = 0; cycle < 400000; cycle++) {
    bench_step(b);
    if (tb_rand_chance(&b->rand, 20)) {
      unsigned n = 1 + tb_rand_below(&b->rand, 4);
      while (n-- && sent < m->frames && b->tx.free_count > m->elems + 1u) {
        bench_send_random(b, m);
        sent++;
      }
      bench_kick(b, 1);
      while (b->rx.free_count > m->elems + 1u && b->free_slots > 300)
        bench_post_random(b, m);
      bench_kick(b, 0);
    }
    if (came < m->frames && tb_rand_chance(&b->rand, 30) &&
        tb_source_idle(b->in)) {
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
  bench_settle(b, 8 * m->latency + 400);
  assert_int_equal(*b->d->busy_o, 0);
}

#endif
