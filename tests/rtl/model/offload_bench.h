/* SPDX-License-Identifier: Apache-2.0 */
/* A bench around offload_tx: what was sent with which metadata, what must come
 * out, and what did. Included by the tests of offload_tx, which define the DUT.
 */
#ifndef PH_TESTS_RTL_MODEL_OFFLOAD_BENCH_H
#define PH_TESTS_RTL_MODEL_OFFLOAD_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dut_offload_tx.h"
#include "tests/rtl/model/offload_frames.h"
#include "tests/rtl/model/offload_model.h"
#include "tests/rtl/tb.h"

TB_DUT(offload_tx)

/* SEGMENT_BUFFER: parameter MaxFrame of the DUT, which bounds every frame. */
enum { MAX_FRAME = 1514, SEGMENT_BUFFER = 2048, DROPPED = 0, KEPT = 1 };

struct bench {
  struct dut_offload_tx *d;
  struct tb *tb;
  struct tb_source *in;
  struct tb_sink *out;
  struct tb_agent watch;
  struct model_tx_meta meta[4096]; /* by tb_frame.user of the source */
  size_t metas;
  struct model_frames expect; /* complete frames, in order */
  size_t compared;            /* of them */
  unsigned drops[MODEL_VERDICTS], want_drops[MODEL_VERDICTS];
  unsigned csums, segments, supers;
};

static void bench_meta(void *ctx, const struct tb_frame *frame) {
  struct bench *b = ctx;
  const struct model_tx_meta *m = &b->meta[frame->user];
  uint32_t *w = *(uint32_t(*)[3])(void *)b->d->s_meta;
  uint64_t low = (uint64_t)m->error | (uint64_t)m->gso_size << 1 |
                 (uint64_t)m->gso_type << 17 | (uint64_t)m->csum_offset << 25 |
                 (uint64_t)m->csum_start << 41 | (uint64_t)m->needs_csum << 57 |
                 (uint64_t)m->queue << 58;
  w[0] = (uint32_t)low;
  w[1] = (uint32_t)(low >> 32);
  w[2] = m->queue >> 6;
}

/* Does the patch as the MAC side will; user becomes DROPPED or KEPT. */
static void bench_verdict(void *ctx, struct tb_frame *frame) {
  struct bench *b = ctx;
  frame->user = *b->d->m_drop ? DROPPED : KEPT;
  uint64_t patch = *b->d->m_patch;
  if (*b->d->m_drop || !(patch >> 32 & 1)) return;
  size_t at = patch >> 16 & 0xffff;
  assert_true(at + 2 <= frame->len);
  frame->data[at] = (uint8_t)(patch >> 8);
  frame->data[at + 1] = (uint8_t)patch;
}

static void bench_watch(void *self) {
  struct bench *b = self;
  b->drops[MODEL_DROP_BAD_CSUM] += *b->d->stat_tx_drop_bad_csum;
  b->drops[MODEL_DROP_BAD_GSO] += *b->d->stat_tx_drop_bad_gso;
  b->drops[MODEL_DROP_ERROR] += *b->d->stat_tx_drop_error;
  b->drops[MODEL_DROP_OVERSIZE] += *b->d->stat_tx_drop_oversize;
  b->csums += *b->d->stat_tx_csum;
  b->segments += *b->d->stat_tx_segments;
  b->supers += *b->d->stat_tx_super_segments;
}

static void bench_open(struct bench *b, unsigned in_stall, unsigned out_stall,
                       uint64_t seed) {
  memset(b, 0, sizeof(*b));
  struct dut_offload_tx *d = b->d = dut_offload_tx_new();
  b->tb = tb_new_offload_tx(d);
  tb_clock(b->tb, d->clk_i, d->rst_ni, 64);
  struct tb_port in = {d->s_valid, d->s_ready, d->s_data, d->s_keep,
                       d->s_last,  d->s_err,   8};
  struct tb_port out = {d->m_valid, d->m_ready, d->m_data, d->m_keep,
                        d->m_last,  NULL,       8};
  b->in = tb_source_new(b->tb, 0, &in, in_stall, seed);
  b->out = tb_sink_new(b->tb, 0, &out, out_stall, seed + 1);
  b->in->on_first = bench_meta;
  b->out->on_last = bench_verdict;
  b->in->ctx = b->out->ctx = b;
  b->watch = (struct tb_agent){.sample = bench_watch, .self = b};
  tb_agent(b->tb, 0, &b->watch);
  *d->flush_i = 0;
  *d->cfg_max_frame = MAX_FRAME;
  tb_reset(b->tb);
}

static struct tb_frame *bench_send(struct bench *b, const uint8_t *frame,
                                   size_t len, struct model_tx_meta meta) {
  assert_true(b->metas < sizeof(b->meta) / sizeof(b->meta[0]));
  b->meta[b->metas] = meta;
  struct tb_frame *f = tb_source_push(b->in, frame, len);
  f->user = b->metas++;
  return f;
}

static size_t bench_limit(const struct bench *b) {
  return *b->d->cfg_max_frame < SEGMENT_BUFFER ? *b->d->cfg_max_frame
                                               : SEGMENT_BUFFER;
}

/* Sends, and notes what the model says must leave. */
static void bench_push(struct bench *b, const uint8_t *frame, size_t len,
                       struct model_tx_meta meta) {
  bench_send(b, frame, len, meta);
  b->want_drops[model_tx(frame, len, &meta, bench_limit(b), &b->expect)]++;
}

/* Runs until all is quiet: the block must come to rest. */
static void bench_drain(struct bench *b) {
  size_t idle = 0;
  for (uint64_t n = 0; idle < 8; n++) {
    assert_true(n < 2000000);
    tb_step(b->tb);
    idle = tb_source_idle(b->in) && !*b->d->busy_o && !*b->d->s_valid ? idle + 1
                                                                      : 0;
  }
}

/* The frames that left since the last call, dropped ones aside, are the
 * model's, and each counter says what the model says. */
static void bench_check(struct bench *b) {
  const struct tb_frame *f;
  while ((f = tb_sink_pop(b->out))) {
    assert_true(f->len <= bench_limit(b) + (f->user == DROPPED ? 8 : 0));
    if (f->user == DROPPED) continue;
    assert_true(b->compared < b->expect.count);
    assert_int_equal(f->len, b->expect.len[b->compared]);
    assert_memory_equal(f->data, b->expect.data[b->compared], f->len);
    b->compared++;
  }
  assert_int_equal(b->compared, b->expect.count);
  for (int i = MODEL_DROP_BAD_CSUM; i < MODEL_VERDICTS; i++)
    assert_int_equal(b->drops[i], b->want_drops[i]);
}

static void bench_close(struct bench *b) {
  model_frames_free(&b->expect);
  tb_delete(b->tb);
  dut_offload_tx_delete(b->d);
}

/* Metadata as a driver writes them: checksum from the L4 header on. */
static inline struct model_tx_meta bench_csum(const struct offload_shape *s) {
  return (struct model_tx_meta){.queue = 1,
                                .needs_csum = true,
                                .csum_start = (uint16_t)offload_l4(s),
                                .csum_offset = s->proto == 6 ? 16 : 6};
}

#endif
