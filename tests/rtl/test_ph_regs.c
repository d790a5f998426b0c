/* SPDX-License-Identifier: Apache-2.0 */
/* The vendor page from the generated table: every reset value, every bit, every
 * unknown word; error bits, counters and their latch. */
/* DUT: ph_regs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "driver/ph_regs.h"
#include "dut_ph_regs.h"
#include "tests/rtl/model/ph_regs_table.h"

#define PAGE 0x1000u
#define WORDS (sizeof ph_regs_words / sizeof ph_regs_words[0])

static struct dut_ph_regs *dut;
static uint64_t now;

static void clock(void) {
  *dut->clk_i = 0;
  dut_ph_regs_eval(dut);
  dut_ph_regs_time(dut, now++);
  *dut->clk_i = 1;
  dut_ph_regs_eval(dut);
  dut_ph_regs_time(dut, now++);
}

static void settle(void) {
  for (int i = 0; i < 200 && *dut->busy_o; i++) {
    clock();
  }
  assert_false(*dut->busy_o);
}

static int setup(void **state) {
  (void)state;
  dut = dut_ph_regs_new();
  *dut->rst_ni = 0;
  for (int i = 0; i < 3; i++) {
    clock();
  }
  *dut->rst_ni = 1;
  clock();
  settle();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  dut_ph_regs_delete(dut);
  return 0;
}

static uint32_t access_reg(uint32_t offset, int we, uint32_t value,
                           uint8_t strb) {
  *dut->reg_req_i = 1;
  *dut->reg_we_i = (uint8_t)we;
  *dut->reg_addr_i = (uint16_t)(offset & 0xfff);
  *dut->reg_wdata_i = value;
  *dut->reg_wstrb_i = strb;
  clock();
  *dut->reg_req_i = 0;
  assert_true(*dut->reg_gnt_o); /* the answer, in the next cycle */
  uint32_t word = *dut->reg_rdata_o;
  clock();
  assert_false(*dut->reg_gnt_o);
  return word;
}

static uint32_t rd(uint32_t offset) {
  return access_reg(offset, 0, 0, 0);
}

static void wr(uint32_t offset, uint32_t value) {
  access_reg(offset, 1, value, 0xf);
}

static uint64_t rd64(uint32_t offset) {
  uint64_t low = rd(offset);
  return low | (uint64_t)rd(offset + 4) << 32;
}

static void event(uint32_t offset) {
  uint32_t index = (offset - PH_REGS_STAT_TX_FRAMES_OFFSET) / 8;
  memset(dut->stat_i, 0, (PH_REGS_STAT_COUNT + 31) / 32 * 4);
  ((uint32_t *)dut->stat_i)[index / 32] = 1u << (index % 32);
}

static void no_event(void) {
  memset(dut->stat_i, 0, (PH_REGS_STAT_COUNT + 31) / 32 * 4);
}

static void reset_every_word_has_its_value(void **state) {
  (void)state;
  for (size_t i = 0; i < WORDS; i++) {
    assert_int_equal(rd(ph_regs_words[i].offset), ph_regs_words[i].reset);
  }
  settle();
  assert_int_equal(rd64(PH_REGS_STAT_REGISTER_ERRORS_OFFSET), 0);
}

/* Values that a register refuses stay without effect and are counted; single
 * bits on top of the reset value reach every bit of the others. */
static void write_every_bit_reads_back_or_is_counted(void **state) {
  (void)state;
  for (size_t i = 0; i < WORDS; i++) {
    const struct ph_regs_word *w = &ph_regs_words[i];
    uint32_t seen_set = 0, seen_clear = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
      settle();
      uint64_t errors = rd64(PH_REGS_STAT_REGISTER_ERRORS_OFFSET);
      uint32_t before = rd(w->offset);
      uint32_t value = w->reset ^ (1u << (bit % 32));
      if (bit >= 32) { /* and with another low byte, for the smallest values */
        value ^= 0x5a & w->writable;
      }
      wr(w->offset, value);
      settle();
      uint32_t after = rd(w->offset);
      if (w->offset >= PH_REGS_STAT_REGISTER_ERRORS_OFFSET &&
          w->offset <= PH_REGS_STAT_REGISTER_ERRORS_OFFSET + 4) {
        continue; /* counts this very access */
      }
      if (rd64(PH_REGS_STAT_REGISTER_ERRORS_OFFSET) == errors) {
        assert_int_equal(after & w->writable, value & w->writable);
        assert_int_equal(value & ~(w->writable | w->w1c), 0);
        seen_set |= after;
        seen_clear |= ~after;
      } else if (w->offset != PH_REGS_ERROR_STATUS_OFFSET) {
        assert_int_equal(after, before);
      }
    }
    if (w->writable && w->offset != PH_REGS_MAX_FRAME_OFFSET &&
        w->offset != PH_REGS_MTU_OFFSET) {
      assert_int_equal(seen_set & w->writable, w->writable);
      assert_int_equal(seen_clear & w->writable, w->writable);
    }
    if (w->writable) {
      wr(w->offset, w->reset);
      assert_int_equal(rd(w->offset), w->reset);
    }
  }
}

static void unknown_offset_reads_zero_and_counts(void **state) {
  (void)state;
  uint64_t expected = 0;
  for (uint32_t offset = PAGE; offset < 2 * PAGE; offset += 4) {
    int known = 0;
    for (size_t i = 0; i < WORDS; i++) {
      known |= ph_regs_words[i].offset == offset;
    }
    if (!known) {
      assert_int_equal(rd(offset), 0);
      expected++;
    }
  }
  access_reg(PH_REGS_MTU_OFFSET, 1, 1400, 0x3); /* half a word */
  expected++;
  settle();
  assert_int_equal(rd(PH_REGS_MTU_OFFSET), 1500);
  assert_int_equal(rd64(PH_REGS_STAT_REGISTER_ERRORS_OFFSET), expected);
  assert_int_equal(rd(PH_REGS_ERROR_STATUS_OFFSET),
                   PH_REGS_ERROR_STATUS_REGISTER_MASK);
}

static void driver_ok_locks_station_address_and_mtu(void **state) {
  (void)state;
  wr(PH_REGS_STATION_LOW_OFFSET, 0x44332211);
  wr(PH_REGS_STATION_HIGH_OFFSET, 0x6655);
  assert_true(*dut->cfg_mac_addr_o == 0x112233445566);
  *dut->driver_ok_i = 1;
  wr(PH_REGS_STATION_LOW_OFFSET, 0);
  wr(PH_REGS_STATION_HIGH_OFFSET, 0);
  wr(PH_REGS_MTU_OFFSET, 9000);
  assert_true(*dut->cfg_mac_addr_o == 0x112233445566);
  assert_int_equal(*dut->cfg_mtu_o, 1500);
  settle();
  assert_int_equal(rd64(PH_REGS_STAT_REGISTER_ERRORS_OFFSET), 3);
  *dut->driver_ok_i = 0;
}

static void every_counter_counts_its_own_event(void **state) {
  (void)state;
  for (uint32_t i = 0; i < PH_REGS_STAT_COUNT; i++) {
    event(PH_REGS_STAT_TX_FRAMES_OFFSET + 8 * i);
    *dut->stat_tx_bytes_i = 0x1234;
    *dut->stat_rx_bytes_i = 0xffff;
    for (uint32_t n = 0; n <= i; n++) {
      clock();
    }
    no_event();
  }
  settle();
  for (uint32_t i = 0; i < PH_REGS_STAT_COUNT; i++) {
    uint32_t offset = PH_REGS_STAT_TX_FRAMES_OFFSET + 8 * i;
    uint64_t expected = i + 1;
    if (offset == PH_REGS_STAT_TX_BYTES_OFFSET) {
      expected *= 0x1234;
    } else if (offset == PH_REGS_STAT_RX_BYTES_OFFSET) {
      expected *= 0xffff;
    }
    assert_true(rd64(offset) == expected);
  }
}

static void every_event_at_once_in_every_cycle_loses_none(void **state) {
  (void)state;
  uint64_t cycles = 70000, last = 0; /* rx_bytes passes 2^32 */
  for (uint32_t i = 0; i < PH_REGS_STAT_COUNT; i++) {
    ((uint32_t *)dut->stat_i)[i / 32] |= 1u << (i % 32);
  }
  *dut->stat_tx_bytes_i = 1;
  /* More than the largest frame in eight cycles. */
  *dut->stat_rx_bytes_i = 0x1fff;
  for (uint64_t i = 0; i < cycles / 4; i++) { /* as often as AXI4-Lite can */
    *dut->reg_req_i = 1;
    *dut->reg_we_i = 0;
    *dut->reg_addr_i = PH_REGS_STAT_RX_BYTES_OFFSET & 0xfff;
    clock();
    *dut->reg_req_i = 0;
    clock();
    clock();
    clock();
  }
  no_event();
  settle();
  for (uint32_t i = 0; i < PH_REGS_STAT_COUNT; i++) {
    uint32_t offset = PH_REGS_STAT_TX_FRAMES_OFFSET + 8 * i;
    uint64_t unit = offset == PH_REGS_STAT_RX_BYTES_OFFSET ? 0x1fff : 1;
    last = rd64(offset);
    assert_true(last == unit * cycles);
  }
}

static void low_word_read_latches_the_high_word(void **state) {
  (void)state;
  *dut->stat_rx_bytes_i = 0xffff;
  for (uint32_t i = 0; i < 65537; i++) { /* sum 2^32 - 1 */
    event(PH_REGS_STAT_RX_BYTES_OFFSET);
    clock();
    no_event();
    clock();
    clock();
  }
  settle();
  assert_int_equal(rd(PH_REGS_STAT_RX_BYTES_OFFSET), 0xffffffff);
  event(PH_REGS_STAT_RX_BYTES_OFFSET);
  *dut->stat_rx_bytes_i = 1;
  clock();
  no_event();
  settle();
  assert_int_equal(rd(PH_REGS_STAT_RX_BYTES_OFFSET + 4), 0);
  assert_int_equal(rd(PH_REGS_STAT_RX_BYTES_OFFSET), 0);
  assert_int_equal(rd(PH_REGS_STAT_RX_BYTES_OFFSET + 4), 1);
}

static void error_bit_event_beats_clear(void **state) {
  (void)state;
  uint32_t all = ph_regs_words[0].offset ? 0x1ff : 0;
  for (unsigned bit = 0; bit < 9; bit++) {
    *dut->error_i = (uint16_t)(1u << bit);
    clock();
    *dut->error_i = 0;
    clock();
    assert_int_equal(rd(PH_REGS_ERROR_STATUS_OFFSET), 1u << bit);
    wr(PH_REGS_ERROR_STATUS_OFFSET, all & ~(1u << bit));
    assert_int_equal(rd(PH_REGS_ERROR_STATUS_OFFSET), 1u << bit);
    *dut->error_i = (uint16_t)(1u << bit); /* with the clear */
    wr(PH_REGS_ERROR_STATUS_OFFSET, 1u << bit);
    *dut->error_i = 0;
    assert_int_equal(rd(PH_REGS_ERROR_STATUS_OFFSET), 1u << bit);
    wr(PH_REGS_ERROR_STATUS_OFFSET, 1u << bit);
    assert_int_equal(rd(PH_REGS_ERROR_STATUS_OFFSET), 0);
  }
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(reset_every_word_has_its_value),
      T(write_every_bit_reads_back_or_is_counted),
      T(unknown_offset_reads_zero_and_counts),
      T(driver_ok_locks_station_address_and_mtu),
      T(every_counter_counts_its_own_event),
      T(every_event_at_once_in_every_cycle_loses_none),
      T(low_word_read_latches_the_high_word),
      T(error_bit_event_beats_clear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
