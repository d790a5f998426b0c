/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: fifo = cdc_fifo -GWidth=64 -GDepth=8 */
/* DUT: pulse = cdc_pulse -GCountW=4 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dut_fifo.h"
#include "dut_pulse.h"
#include "tests/rtl/tb.h"

TB_DUT(fifo)
TB_DUT(pulse)

static const uint64_t periods[][2] = {{64, 64}, {64, 65},  {50, 64},
                                      {64, 50}, {10, 130}, {130, 10}};
enum { CLOCKS = sizeof(periods) / sizeof(*periods) };

static void fifo_any_clocks_every_entry_arrives_in_order(void **state) {
  (void)state;
  for (size_t k = 0; k < 3 * CLOCKS; k++) {
    enum { ENTRIES = 1000 };
    struct dut_fifo *d = dut_fifo_new();
    struct tb *tb = tb_new_fifo(d);
    tb_clock(tb, d->wr_clk_i, d->wr_rst_ni, periods[k / 3][0]);
    tb_clock(tb, d->rd_clk_i, d->rd_rst_ni, periods[k / 3][1]);
    struct tb_port wr = {d->wr_valid, d->wr_ready, d->wr_data, NULL,
                         NULL,        NULL,        8};
    struct tb_port rd = {d->rd_valid, d->rd_ready, d->rd_data, NULL,
                         NULL,        NULL,        8};
    struct tb_source *in = tb_source_new(tb, 0, &wr, k % 3 == 1 ? 100 : 0, k);
    struct tb_sink *out = tb_sink_new(tb, 1, &rd, k % 3 == 2 ? 100 : 0, k + 1);
    tb_reset(tb);
    for (uint64_t i = 0; i < ENTRIES; i++) tb_source_push(in, &i, 8);
    tb_run_until(tb, out, ENTRIES, 60000);
    tb_run(tb, 64);
    assert_false(*d->wr_busy_o);
    assert_int_equal(out->count, ENTRIES);
    for (uint64_t i = 0; i < ENTRIES; i++)
      assert_true(*(const uint64_t *)(void *)out->frames[i].data == i);
    tb_delete(tb);
    dut_fifo_delete(d);
  }
}

static void fifo_reader_rests_takes_as_many_as_it_has_places(void **state) {
  (void)state;
  struct dut_fifo *d = dut_fifo_new();
  struct tb *tb = tb_new_fifo(d);
  tb_clock(tb, d->wr_clk_i, d->wr_rst_ni, 64);
  tb_clock(tb, d->rd_clk_i, d->rd_rst_ni, 64);
  struct tb_port wr = {d->wr_valid, d->wr_ready, d->wr_data, NULL,
                       NULL,        NULL,        8};
  struct tb_source *in = tb_source_new(tb, 0, &wr, 0, 1);
  *d->rd_ready = 0;
  tb_reset(tb);
  for (uint64_t i = 0; i < 20; i++) tb_source_push(in, &i, 8);
  tb_run(tb, 100);
  assert_int_equal(in->sent, 8);
  assert_true(*d->wr_busy_o);
  assert_true(*d->rd_valid);
  tb_delete(tb);
  dut_fifo_delete(d);
}

struct pulses {
  struct dut_pulse *d;
  struct tb_rand rand;
  unsigned chance;
  uint64_t sent, seen;
};

static void pulse_drive(void *self) {
  struct pulses *p = self;
  *p->d->src_pulse_i = tb_rand_chance(&p->rand, p->chance);
  p->sent += *p->d->src_pulse_i;
}

static void pulse_sample(void *self) {
  struct pulses *p = self;
  p->seen += *p->d->dst_pulse_o;
}

static void pulse_any_clocks_none_is_lost_or_invented(void **state) {
  (void)state;
  for (size_t k = 0; k < CLOCKS; k++) {
    struct pulses p = {.d = dut_pulse_new(), .rand = {k}};
    struct tb *tb = tb_new_pulse(p.d);
    tb_clock(tb, p.d->src_clk_i, p.d->src_rst_ni, periods[k][0]);
    tb_clock(tb, p.d->dst_clk_i, p.d->dst_rst_ni, periods[k][1]);
    struct tb_agent put = {.drive = pulse_drive, .self = &p};
    struct tb_agent get = {.sample = pulse_sample, .self = &p};
    tb_agent(tb, 0, &put);
    tb_agent(tb, 1, &get);
    tb_reset(tb);
    /* At most three quarters of what the other clock can show. */
    uint64_t rate = 192 * periods[k][0] / periods[k][1];
    p.chance = rate > 256 ? 256 : (unsigned)rate;
    if (periods[k][0] < periods[k][1]) p.chance /= 2;
    tb_run(tb, 20000);
    p.chance = 0;
    *p.d->src_pulse_i = 0;
    tb_run(tb, 1000);
    assert_true(p.sent > 500);
    assert_int_equal(p.seen, p.sent);
    tb_delete(tb);
    dut_pulse_delete(p.d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fifo_any_clocks_every_entry_arrives_in_order),
      cmocka_unit_test(fifo_reader_rests_takes_as_many_as_it_has_places),
      cmocka_unit_test(pulse_any_clocks_none_is_lost_or_invented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
