/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: fifo = frame_fifo_async -GDepth=64 -GMaxFrames=8 */
/* DUT: drop = frame_fifo_async -GDepth=64 -GMaxFrames=8 -GDropWhenFull=1 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dut_fifo.h"
#include "dut_drop.h"
#include "tests/rtl/tb.h"

TB_DUT(fifo)
TB_DUT(drop)

enum { DEPTH = 64, MAX_FRAMES = 8, MAX_LEN = DEPTH * 8 };

struct bench {
  struct tb *tb;
  struct tb_source *in;
  struct tb_sink *out;
  uint8_t *drop, *flush, *overflow, *wr_busy, *rd_busy;
  uint64_t *wr_meta, *rd_meta;
  unsigned overflows;
  struct tb_agent watch;
};

/* user of a frame: its metadata in the low 33 bits, bit 63 asks for a drop. */
enum { DROP_BIT = 63 };

static void put_meta(void *ctx, const struct tb_frame *frame, size_t offset) {
  struct bench *b = ctx;
  bool last = offset + 8 >= frame->len;
  /* Both count with the last beat only. */
  *b->wr_meta = last ? frame->user & 0x1ffffffffu : 0x155555555u;
  *b->drop = last ? frame->user >> DROP_BIT & 1 : (frame->len ^ offset) & 1;
}

static void get_meta(void *ctx, struct tb_frame *frame) {
  frame->user = *((struct bench *)ctx)->rd_meta;
}

static void count_overflow(void *self) {
  struct bench *b = self;
  b->overflows += *b->overflow;
}

#define BENCH(b, name, d, wr_period, rd_period, wr_stall, rd_stall)        \
  do {                                                                     \
    struct tb_port wr = {d->wr_valid, d->wr_ready, d->wr_data, d->wr_keep, \
                         d->wr_last,  NULL,        8};                     \
    struct tb_port rd = {d->rd_valid, d->rd_ready, d->rd_data, d->rd_keep, \
                         d->rd_last,  NULL,        8};                     \
    memset(b, 0, sizeof(*b));                                              \
    (b)->tb = tb_new_##name(d);                                            \
    tb_clock((b)->tb, d->wr_clk_i, d->wr_rst_ni, wr_period);               \
    tb_clock((b)->tb, d->rd_clk_i, d->rd_rst_ni, rd_period);               \
    (b)->drop = d->wr_drop;                                                \
    (b)->flush = d->wr_flush;                                              \
    (b)->overflow = d->stat_overflow;                                      \
    (b)->wr_busy = d->wr_busy_o;                                           \
    (b)->rd_busy = d->rd_busy_o;                                           \
    (b)->wr_meta = d->wr_meta;                                             \
    (b)->rd_meta = d->rd_meta;                                             \
    (b)->in = tb_source_new((b)->tb, 0, &wr, wr_stall, 1);                 \
    (b)->out = tb_sink_new((b)->tb, 1, &rd, rd_stall, 2);                  \
    (b)->in->on_beat = put_meta;                                           \
    (b)->out->on_last = get_meta;                                          \
    (b)->in->ctx = (b)->out->ctx = b;                                      \
    (b)->watch = (struct tb_agent){.sample = count_overflow, .self = b};   \
    tb_agent((b)->tb, 0, &(b)->watch);                                     \
    *(b)->flush = 0;                                                       \
    tb_reset((b)->tb);                                                     \
  } while (0)

static void push(struct bench *b, const void *data, size_t len, uint64_t meta) {
  tb_source_push(b->in, data, len)->user = meta;
}

/* Everything has left: both sides say so, and say it for ever. */
static void assert_drained(struct bench *b) {
  tb_run(b->tb, 64);
  assert_false(*b->wr_busy);
  assert_false(*b->rd_busy);
}

/* Random frames, a quarter of them dropped, for one pair of clocks. */
static void traffic(uint64_t wr_period, uint64_t rd_period, unsigned wr_stall,
                    unsigned rd_stall) {
  enum { FRAMES = 300 };
  struct dut_fifo *d = dut_fifo_new();
  struct bench b;
  struct tb_rand r = {wr_period * 1000 + rd_period + wr_stall};
  static uint8_t data[FRAMES][MAX_LEN];
  size_t len[FRAMES], kept = 0;
  uint64_t meta[FRAMES];
  BENCH(&b, fifo, d, wr_period, rd_period, wr_stall, rd_stall);
  for (int i = 0; i < FRAMES; i++) {
    bool is_long = tb_rand_chance(&r, 16);
    len[i] = 1 + tb_rand_below(&r, is_long ? MAX_LEN : 100);
    meta[i] = tb_rand64(&r) & 0x1ffffffffu;
    tb_rand_fill(&r, data[i], len[i]);
    bool drop = tb_rand_chance(&r, 64);
    push(&b, data[i], len[i], meta[i] | (uint64_t)drop << DROP_BIT);
    if (drop) len[i] = 0;
    kept += !drop;
  }
  tb_run_until(b.tb, b.out, kept, 200000);
  while (!tb_source_idle(b.in)) tb_run(b.tb, 1); /* dropped ones at the end */
  assert_drained(&b);
  assert_int_equal(b.out->count, kept);
  assert_int_equal(b.overflows, 0);
  for (int i = 0; i < FRAMES; i++) {
    if (!len[i]) continue;
    const struct tb_frame *f = tb_sink_pop(b.out);
    assert_int_equal(f->len, len[i]);
    assert_memory_equal(f->data, data[i], len[i]);
    assert_int_equal(f->user, meta[i]);
  }
  tb_delete(b.tb);
  dut_fifo_delete(d);
}

static void any_clocks_random_stalls_frames_arrive_in_order(void **state) {
  (void)state;
  static const uint64_t periods[][2] = {{64, 64}, {64, 65}, {50, 64}, {64, 50},
                                        {10, 97}, {97, 10}, {40, 80}};
  for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
    traffic(periods[i][0], periods[i][1], 0, 0);
    traffic(periods[i][0], periods[i][1], 80, 0);
    traffic(periods[i][0], periods[i][1], 0, 80);
    traffic(periods[i][0], periods[i][1], 60, 60);
  }
}

/* No beat is lost between beats or frames once the reader has begun. */
static void equal_clocks_no_stalls_one_beat_per_cycle(void **state) {
  (void)state;
  for (size_t beats = 1; beats <= 9; beats++) {
    enum { FRAMES = 100 };
    struct dut_fifo *d = dut_fifo_new();
    struct bench b;
    uint8_t data[80] = {1};
    BENCH(&b, fifo, d, 64, 64, 0, 0);
    for (int i = 0; i < FRAMES; i++) push(&b, data, beats * 8, (uint64_t)i);
    tb_run_until(b.tb, b.out, FRAMES, 10000);
    uint64_t cycles =
        b.out->frames[FRAMES - 1].end - b.out->frames[20].first + 1;
    /* Slots come back after a round trip: 8 of them carry one-beat frames at
     * less than the full rate. */
    if (beats >= 2) assert_int_equal(cycles, (FRAMES - 20) * beats);
    tb_delete(b.tb);
    dut_fifo_delete(d);
  }
}

static void full_dropping_frame_is_dropped_whole_and_counted(void **state) {
  (void)state;
  struct dut_drop *d = dut_drop_new();
  struct bench b;
  struct tb_rand r = {7};
  uint8_t data[MAX_LEN + 64];
  BENCH(&b, drop, d, 64, 200, 0, 128);
  enum { FRAMES = 400 };
  size_t len[FRAMES];
  for (int i = 0; i < FRAMES; i++) {
    len[i] = 4 + tb_rand_below(&r, sizeof(data) - 4);
    for (size_t k = 0; k < len[i]; k++) data[k] = (uint8_t)(k * 3 + i);
    push(&b, data, len[i], (uint64_t)i);
  }
  uint64_t start = b.tb->clock[0].cycles, beats = 0;
  while (!tb_source_idle(b.in)) tb_run(b.tb, 1);
  for (int i = 0; i < FRAMES; i++) beats += (len[i] + 7) / 8;
  assert_int_equal(b.tb->clock[0].cycles - start, beats); /* always ready */
  tb_run(b.tb, 2000);
  assert_drained(&b);
  assert_true(b.out->count > 20);
  assert_int_equal(b.out->count + b.overflows, FRAMES);
  for (uint64_t previous = 0; b.out->taken < b.out->count;) {
    const struct tb_frame *f = tb_sink_pop(b.out);
    assert_true(f->user >= previous && f->user < FRAMES);
    previous = f->user + 1;
    assert_int_equal(f->len, len[f->user]);
    for (size_t k = 0; k < f->len; k++)
      assert_int_equal(f->data[k], (uint8_t)(k * 3 + f->user));
  }
  tb_delete(b.tb);
  dut_drop_delete(d);
}

static void frame_slots_full_frame_is_dropped_and_counted(void **state) {
  (void)state;
  struct dut_drop *d = dut_drop_new();
  struct bench b;
  BENCH(&b, drop, d, 64, 64, 0, 256);
  for (int i = 0; i < MAX_FRAMES + 3; i++) push(&b, "12345678", 8, 5);
  tb_run(b.tb, 100);
  assert_int_equal(b.overflows, 3);
  b.out->stall = 0;
  tb_run(b.tb, 100);
  assert_int_equal(b.out->count, MAX_FRAMES);
  assert_drained(&b);
  tb_delete(b.tb);
  dut_drop_delete(d);
}

/* Waiting can't help a frame longer than the RAM: it is dropped. */
static void waiting_frame_longer_than_ram_is_dropped(void **state) {
  (void)state;
  struct dut_fifo *d = dut_fifo_new();
  struct bench b;
  static uint8_t data[MAX_LEN + 8];
  BENCH(&b, fifo, d, 64, 64, 0, 100);
  push(&b, data, MAX_LEN, 1);
  push(&b, data, MAX_LEN + 8, 2);
  push(&b, data, 60, 3);
  push(&b, data, MAX_LEN + 1, 4);
  push(&b, data, 61, 5);
  tb_run(b.tb, 2000);
  assert_int_equal(b.overflows, 2);
  assert_int_equal(b.out->count, 3);
  assert_int_equal(b.out->frames[0].len, MAX_LEN);
  assert_int_equal(b.out->frames[1].user, 3);
  assert_int_equal(b.out->frames[2].user, 5);
  assert_drained(&b);
  tb_delete(b.tb);
  dut_fifo_delete(d);
}

static void flush_open_frame_is_forgotten(void **state) {
  (void)state;
  struct dut_fifo *d = dut_fifo_new();
  struct bench b;
  BENCH(&b, fifo, d, 64, 64, 0, 0);
  *d->wr_valid = 1;
  *d->wr_last = 0;
  *d->wr_keep = 0xff;
  *d->wr_data = 0xbad;
  b.in->agent.drive = NULL;
  tb_run(b.tb, 5);
  *d->wr_valid = 0;
  *b.flush = 1;
  tb_run(b.tb, 1);
  *b.flush = 0;
  assert_drained(&b);
  *d->wr_valid = 1;
  *d->wr_last = 1;
  *d->wr_drop = 0;
  *d->wr_data = 0x900d;
  tb_run(b.tb, 1);
  *d->wr_valid = 0;
  tb_run_until(b.tb, b.out, 1, 50);
  assert_int_equal(b.out->frames[0].len, 8);
  assert_int_equal(b.out->frames[0].data[0], 0x0d);
  assert_drained(&b);
  tb_delete(b.tb);
  dut_fifo_delete(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_clocks_random_stalls_frames_arrive_in_order),
      cmocka_unit_test(equal_clocks_no_stalls_one_beat_per_cycle),
      cmocka_unit_test(full_dropping_frame_is_dropped_whole_and_counted),
      cmocka_unit_test(frame_slots_full_frame_is_dropped_and_counted),
      cmocka_unit_test(waiting_frame_longer_than_ram_is_dropped),
      cmocka_unit_test(flush_open_frame_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
