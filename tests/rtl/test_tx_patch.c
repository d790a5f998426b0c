/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: tx_patch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dut_tx_patch.h"
#include "tests/rtl/tb.h"

TB_DUT(tx_patch)

static void put_patch(void *ctx, const struct tb_frame *frame) {
  *((struct dut_tx_patch *)ctx)->s_patch = frame->user;
}

struct bench {
  struct dut_tx_patch *d;
  struct tb *tb;
  struct tb_source *in;
  struct tb_sink *out;
};

static void open_bench(struct bench *b, unsigned in_stall, unsigned out_stall) {
  struct dut_tx_patch *d = b->d = dut_tx_patch_new();
  b->tb = tb_new_tx_patch(d);
  tb_clock(b->tb, d->clk_i, d->rst_ni, 64);
  struct tb_port in = {d->s_valid, d->s_ready, d->s_data, d->s_keep,
                       d->s_last,  NULL,       8};
  struct tb_port out = {d->m_valid, d->m_ready, d->m_data, d->m_keep,
                        d->m_last,  NULL,       8};
  b->in = tb_source_new(b->tb, 0, &in, in_stall, 1);
  b->out = tb_sink_new(b->tb, 0, &out, out_stall, 2);
  b->in->on_first = put_patch;
  b->in->ctx = d;
  tb_reset(b->tb);
}

static void close_bench(struct bench *b) {
  tb_delete(b->tb);
  dut_tx_patch_delete(b->d);
}

/* Every offset in a frame of each length, also beyond its end. */
static void patch_every_offset_changes_two_bytes(void **state) {
  (void)state;
  for (unsigned stall = 0; stall <= 128; stall += 64) {
    struct bench b;
    struct tb_rand r = {3};
    open_bench(&b, stall, stall);
    uint8_t data[80];
    for (unsigned len = 1; len <= sizeof(data); len += 1 + len / 9)
      for (unsigned offset = 0; offset <= len + 9; offset++) {
        bool enable = !tb_rand_chance(&r, 40);
        uint16_t value = (uint16_t)tb_rand64(&r);
        size_t count = b.out->count + 1;
        tb_rand_fill(&r, data, len);
        tb_source_push(b.in, data, len)->user =
            (uint64_t)enable << 32 | (uint64_t)offset << 16 | value;
        tb_run_until(b.tb, b.out, count, 400);
        if (enable && offset < len) data[offset] = (uint8_t)(value >> 8);
        if (enable && offset + 1 < len) data[offset + 1] = (uint8_t)value;
        const struct tb_frame *f = tb_sink_pop(b.out);
        assert_int_equal(f->len, len);
        assert_memory_equal(f->data, data, len);
      }
    close_bench(&b);
  }
}

/* Offset 65535 must not wrap to the frame's start. */
static void patch_at_the_highest_offset_touches_nothing(void **state) {
  (void)state;
  struct bench b;
  open_bench(&b, 0, 0);
  uint8_t data[64] = {0};
  tb_source_push(b.in, data, sizeof(data))->user = 0x1ffffffffu;
  tb_run_until(b.tb, b.out, 1, 100);
  assert_memory_equal(tb_sink_pop(b.out)->data, data, sizeof(data));
  close_bench(&b);
}

static void patch_takes_a_beat_in_every_cycle(void **state) {
  (void)state;
  struct bench b;
  struct tb_rand r = {5};
  open_bench(&b, 0, 0);
  uint8_t data[72];
  tb_rand_fill(&r, data, sizeof(data));
  for (int n = 0; n < 100; n++) tb_source_push(b.in, data, 65)->user = 0;
  tb_run_until(b.tb, b.out, 100, 2000);
  assert_int_equal(b.out->frames[99].end - b.out->frames[0].first, 899);
  close_bench(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patch_every_offset_changes_two_bytes),
      cmocka_unit_test(patch_at_the_highest_offset_touches_nothing),
      cmocka_unit_test(patch_takes_a_beat_in_every_cycle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
