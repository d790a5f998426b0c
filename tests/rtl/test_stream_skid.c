/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: stream_skid -GWidth=32 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dut_stream_skid.h"

static void skid_random_stalls_keeps_order(void **state) {
  (void)state;
  struct dut_stream_skid *d = dut_stream_skid_new();
  uint32_t sent = 0, received = 0, seed = 1;
  *d->rst_ni = 0;
  for (int cycle = 0; cycle < 4000; cycle++) {
    *d->clk_i = 0;
    dut_stream_skid_eval(d);
    if (cycle > 2) *d->rst_ni = 1;
    seed = seed * 1664525u + 1013904223u;
    if (!*d->s_valid) *d->s_valid = (seed >> 30) != 0;
    *d->m_ready = (seed >> 28 & 3) != 0;
    *d->s_data = sent;
    dut_stream_skid_eval(d);
    int put = *d->s_valid && *d->s_ready && *d->rst_ni;
    if (*d->m_valid && *d->m_ready) assert_int_equal(*d->m_data, received++);
    *d->clk_i = 1;
    dut_stream_skid_eval(d);
    if (put) {
      sent++;
      *d->s_valid = 0;
    }
  }
  assert_true(received > 1000);
  dut_stream_skid_delete(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(skid_random_stalls_keeps_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
