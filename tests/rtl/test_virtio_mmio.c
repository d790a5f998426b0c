/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-mmio register file, read as bus traces. The ring engine and the
 * vendor page are played by the test. */
/* DUT: virtio_mmio */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dut_virtio_mmio.h"
#include "tests/rtl/model/axil_master.h"

enum {
  DEVICE_FEATURES = 0x010,
  DEVICE_FEATURES_SEL = 0x014,
  DRIVER_FEATURES = 0x020,
  DRIVER_FEATURES_SEL = 0x024,
  QUEUE_SEL = 0x030,
  QUEUE_SIZE_MAX = 0x034,
  QUEUE_SIZE = 0x038,
  QUEUE_READY = 0x044,
  QUEUE_NOTIFY = 0x050,
  INTERRUPT_STATUS = 0x060,
  INTERRUPT_ACK = 0x064,
  STATUS = 0x070,
  QUEUE_DESC = 0x080,
  QUEUE_DRIVER = 0x090,
  QUEUE_DEVICE = 0x0a0,
  CONFIG_GENERATION = 0x0fc,
  CONFIG = 0x100,
};
#define OFFERED_HIGH                                       \
  UINT32_C(0x80000013) /* VERSION_1 ACCESS_ ORDER_PLATFORM \
                        */
#define LOW_BITS                                                            \
  (1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 11 | 1u << 13 | 1u << 16 | \
   1u << 28 | 1u << 29)

static struct dut_virtio_mmio *dut;
static struct axil_master bus;
static uint64_t now;
static unsigned errors, notifies, last_notify;
static unsigned idle_after; /* cycles from a stop to idle */
static unsigned stop_cycles;

static void clock(void *user) {
  (void)user;
  /* The engine answers a stop some cycles later and until it ends. */
  dut_virtio_mmio_eval(dut);
  int stop = *dut->dev_stop_o || *dut->queue_stop_o;
  stop_cycles = stop ? stop_cycles + 1 : 0;
  int idle = stop && stop_cycles > idle_after;
  *dut->dev_idle_i = (uint8_t)idle;
  *dut->queue_idle_i = idle ? 3 : 0;
  /* The vendor page answers in the next cycle with its own address. */
  uint8_t req = *dut->reg_req_o;
  uint32_t rdata = 0x5a000000u | *dut->reg_addr_o;
  dut_virtio_mmio_eval(dut);
  errors += *dut->stat_err_register_o;
  if (*dut->notify_valid_o) {
    notifies++;
    last_notify = *dut->notify_queue_o;
  }
  *dut->clk_i = 0;
  dut_virtio_mmio_eval(dut);
  dut_virtio_mmio_time(dut, now++);
  *dut->clk_i = 1;
  dut_virtio_mmio_eval(dut);
  *dut->reg_gnt_i = req;
  *dut->reg_rdata_i = rdata;
  dut_virtio_mmio_eval(dut);
  dut_virtio_mmio_time(dut, now++);
}

static uint32_t rd(uint32_t offset) {
  uint32_t value = 0;
  assert_true(axil_read(&bus, offset, &value));
  return value;
}

static void wr(uint32_t offset, uint32_t value) {
  assert_true(axil_write(&bus, offset, value, 0xf));
}

static int setup(void **state) {
  (void)state;
  dut = dut_virtio_mmio_new();
  AXIL_MASTER_BIND(&bus, dut);
  bus.clock = clock;
  bus.random = 0x1234567;
  bus.timeout = 2000;
  errors = notifies = 0;
  idle_after = 3;
  *dut->cfg_mac_addr_i = 0x020304050607;
  *dut->cfg_mtu_i = 1500;
  *dut->cfg_link_up_i = 1;
  for (int i = 0; i < 3; i++) {
    clock(NULL);
  }
  *dut->rst_ni = 1;
  clock(NULL);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  dut_virtio_mmio_delete(dut);
  return 0;
}

static void write_features(uint32_t low, uint32_t high) {
  wr(DRIVER_FEATURES_SEL, 1);
  wr(DRIVER_FEATURES, high);
  wr(DRIVER_FEATURES_SEL, 0);
  wr(DRIVER_FEATURES, low);
}

static void negotiate(uint32_t low, uint32_t high) {
  wr(STATUS, 0);
  wr(STATUS, 1);
  wr(STATUS, 3);
  write_features(low, high);
  wr(STATUS, 0xb);
}

static void set_queue(uint32_t q, uint32_t size, uint64_t base) {
  wr(QUEUE_SEL, q);
  wr(QUEUE_SIZE, size);
  wr(QUEUE_DESC, (uint32_t)base);
  wr(QUEUE_DESC + 4, (uint32_t)(base >> 32));
  wr(QUEUE_DRIVER, (uint32_t)base + 0x1000);
  wr(QUEUE_DRIVER + 4, (uint32_t)(base >> 32));
  wr(QUEUE_DEVICE, (uint32_t)base + 0x1240);
  wr(QUEUE_DEVICE + 4, (uint32_t)(base >> 32));
}

static void start(void) {
  negotiate(LOW_BITS, OFFERED_HIGH);
  for (uint32_t q = 0; q < 2; q++) {
    set_queue(q, 256, 0x123456000 + 0x10000 * q);
    wr(QUEUE_READY, 1);
  }
  wr(STATUS, 0xf);
  assert_int_equal(rd(STATUS), 0xf);
  assert_int_equal(*dut->driver_ok_o, 1);
}

/* EVIDENCE: Virtio 1.2 4.2.2, 3.1.1 (the access trace of Linux 6.12) */
static void linux_trace_is_answered(void **state) {
  (void)state;
  assert_int_equal(rd(0x000), 0x74726976);
  assert_int_equal(rd(0x004), 2);
  assert_int_equal(rd(0x008), 1);
  (void)rd(0x00c);
  wr(STATUS, 0);
  assert_int_equal(rd(STATUS), 0);
  wr(STATUS, 1);
  assert_int_equal(rd(STATUS), 1);
  wr(STATUS, 3);
  wr(DEVICE_FEATURES_SEL, 1);
  assert_int_equal(rd(DEVICE_FEATURES), OFFERED_HIGH);
  wr(DEVICE_FEATURES_SEL, 0);
  assert_int_equal(rd(DEVICE_FEATURES), LOW_BITS);
  write_features(LOW_BITS, OFFERED_HIGH);
  assert_int_equal(rd(STATUS), 3);
  wr(STATUS, 0xb);
  assert_int_equal(rd(STATUS), 0xb);
  assert_int_equal(rd(CONFIG_GENERATION), 0);
  for (uint32_t i = 0; i < 6; i++) {
    assert_int_equal((rd(CONFIG + i) >> (8 * (i & 3))) & 0xff, 2 + i);
  }
  for (uint32_t q = 0; q < 2; q++) {
    wr(QUEUE_SEL, q);
    assert_int_equal(rd(QUEUE_READY), 0);
    assert_int_equal(rd(QUEUE_SIZE_MAX), 1024);
    set_queue(q, 256, 0x123456000 + 0x10000 * q);
    wr(QUEUE_READY, 1);
    assert_int_equal(rd(QUEUE_READY), 1);
  }
  wr(STATUS, 0xf);
  wr(QUEUE_NOTIFY, 0);
  assert_int_equal(last_notify, 0);
  assert_int_equal(rd(CONFIG + 6) >> 16, 1);
  wr(QUEUE_NOTIFY, 1);
  assert_int_equal(last_notify, 1);
  assert_int_equal(notifies, 2);
  assert_int_equal(errors, 0);
  assert_true(*dut->features_o == ((uint64_t)OFFERED_HIGH << 32 | LOW_BITS));
}

/* EVIDENCE: Virtio 1.2 2.2.2, 5.1.3.1, 6.1 */
static void features_that_make_no_set_are_refused(void **state) {
  (void)state;
  static const struct {
    uint32_t low, high;
    int legal;
  } sets[] = {{0, 1, 1},
              {LOW_BITS, OFFERED_HIGH, 1},
              {1u << 5, 1, 1},
              {LOW_BITS, 0, 0},
              {1u << 11, 1, 0},
              {1u << 11 | 1, 1, 1},
              {1u << 13, 1, 0},
              {1u << 13 | 1, 1, 0},
              {1u << 13 | 1u << 11, 1, 0},
              {1u << 13 | 1u << 11 | 1, 1, 1},
              {1u << 15, 1, 0},
              {0, 5, 0},
              {0, 1u << 31 | 1, 1},
              {0xffffffff, ~0u, 0}};
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    negotiate(sets[i].low, sets[i].high);
    assert_int_equal(rd(STATUS), sets[i].legal ? 0xb : 3);
    wr(STATUS, 0xf); /* DRIVER_OK only after FEATURES_OK */
    assert_int_equal(*dut->driver_ok_o, sets[i].legal);
  }
  negotiate(1u << 11 | 1, 1);
  write_features(0, 1); /* frozen */
  wr(STATUS, 0xf);
  assert_true(*dut->features_o == (UINT64_C(1) << 32 | 1u << 11 | 1));
  wr(STATUS, 0);
  wr(STATUS, 3);
  wr(DRIVER_FEATURES_SEL, 2); /* bits 64 and up exist in no offer */
  wr(DRIVER_FEATURES, 1);
  write_features(0, 1);
  wr(STATUS, 0xb);
  assert_int_equal(rd(STATUS), 3);
  wr(DEVICE_FEATURES_SEL, 2);
  assert_int_equal(rd(DEVICE_FEATURES), 0);
}

static void status_bit_once_set_stays_until_reset(void **state) {
  (void)state;
  start();
  errors = 0;
  wr(STATUS, 1);
  assert_int_equal(rd(STATUS), 0xf);
  wr(STATUS, 0x8f);
  assert_int_equal(rd(STATUS), 0x8f);
  wr(STATUS, 0x30 | 0x8f);
  wr(STATUS, 0x100);
  assert_int_equal(rd(STATUS), 0x8f);
  assert_int_equal(errors, 3);
}

/* EVIDENCE: Virtio 1.2 2.2.2 FEATURES_OK alone fails to be set; 2.1 each bit is
   a step of its own, FAILED arrives whatever stands beside it */
static void status_write_with_a_wrong_bit_sets_the_others(void **state) {
  (void)state;
  errors = 0;
  wr(STATUS, 0);
  wr(STATUS, 0x1);
  write_features(0, 0); /* no VERSION_1: FEATURES_OK will be refused */
  wr(STATUS, 0x3);
  assert_int_equal(errors, 0);
  wr(STATUS, 0xb);
  assert_int_equal(rd(STATUS), 0x3);
  assert_int_equal(errors, 1);
  wr(STATUS, 0x80 | 0x30 | 0x3); /* reserved bits beside FAILED */
  assert_int_equal(rd(STATUS), 0x83);
  assert_int_equal(errors, 2);
  wr(STATUS, 0);
  wr(STATUS, 0x1);
  wr(STATUS, 0x2); /* lacks ACKNOWLEDGE, which stays */
  assert_int_equal(rd(STATUS), 0x3);
  assert_int_equal(errors, 3);
  wr(STATUS, 0x7); /* DRIVER_OK before FEATURES_OK */
  assert_int_equal(rd(STATUS), 0x3);
  assert_false(*dut->driver_ok_o);
  assert_int_equal(errors, 4);
}

static void read_config_engine_sees_what_the_driver_wrote(void **state) {
  (void)state;
  start();
  for (uint8_t q = 0; q < 2; q++) {
    *dut->qcfg_queue_i = q;
    clock(NULL);
    uint64_t base = 0x123456000 + 0x10000 * (uint64_t)q;
    assert_int_equal(*dut->qcfg_size_o, 256);
    assert_true(*dut->qcfg_desc_o == base);
    assert_true(*dut->qcfg_driver_o == base + 0x1000);
    assert_true(*dut->qcfg_device_o == base + 0x1240);
  }
  assert_int_equal(*dut->queue_ready_o, 3);
}

/* EVIDENCE: Virtio 1.2 4.2.2.1 (2.7: sizes and alignments) */
static void queue_with_a_bad_value_never_gets_ready(void **state) {
  (void)state;
  static const uint32_t bad_size[] = {0, 3, 2048, 65536, 0x80000000, 1000};
  negotiate(0, 1);
  wr(QUEUE_SEL, 0);
  wr(QUEUE_READY, 1); /* nothing written yet */
  assert_int_equal(rd(QUEUE_READY), 0);
  for (size_t i = 0; i < sizeof bad_size / sizeof bad_size[0]; i++) {
    wr(STATUS, 0);
    negotiate(0, 1);
    errors = 0;
    set_queue(0, bad_size[i], 0x1000);
    wr(QUEUE_READY, 1);
    assert_int_equal(rd(QUEUE_READY), 0);
    assert_int_equal(errors, 2);
  }
  static const struct {
    uint32_t offset, bits;
  } align[] = {{QUEUE_DESC, 8}, {QUEUE_DRIVER, 1}, {QUEUE_DEVICE, 2}};
  for (size_t i = 0; i < 3; i++) {
    wr(STATUS, 0);
    negotiate(0, 1);
    wr(QUEUE_SEL, 0);
    wr(QUEUE_SIZE, 8);
    for (uint32_t r = QUEUE_DESC; r <= QUEUE_DEVICE; r += 0x10) {
      wr(r, 0x1000 | (r == align[i].offset ? align[i].bits : 0));
      wr(r + 4, 0);
    }
    wr(QUEUE_READY, 1);
    assert_int_equal(rd(QUEUE_READY), 0);
  }
  wr(QUEUE_SEL, 2); /* no such queue */
  errors = 0;
  assert_int_equal(rd(QUEUE_SIZE_MAX), 0);
  assert_int_equal(rd(QUEUE_READY), 0);
  assert_int_equal(errors, 0); /* looking is no error, setting is */
  set_queue(0x102, 8, 0x1000);
  wr(QUEUE_READY, 1);
  assert_int_equal(*dut->queue_ready_o, 0);
  assert_int_equal(errors, 8);
  wr(STATUS, 0);
  errors = 0;
  set_queue(0, 8, 0x1000); /* before FEATURES_OK */
  wr(QUEUE_READY, 1);
  assert_int_equal(*dut->queue_ready_o, 0);
  assert_int_equal(errors, 8);
}

static void queue_ready_freezes_its_registers(void **state) {
  (void)state;
  start();
  errors = 0;
  set_queue(0, 16, 0x9000);
  assert_int_equal(errors, 7);
  *dut->qcfg_queue_i = 0;
  clock(NULL);
  assert_int_equal(*dut->qcfg_size_o, 256);
  assert_true(*dut->qcfg_desc_o == 0x123456000);
}

/* EVIDENCE: Virtio 1.2 2.1.2, 2.4; design: no DMA after the response */
static void reset_is_answered_only_when_the_engine_is_idle(void **state) {
  (void)state;
  for (idle_after = 0; idle_after < 200; idle_after += 33) {
    start();
    *dut->isr_used_i = 1;
    clock(NULL);
    *dut->isr_used_i = 0;
    clock(NULL);
    assert_int_equal(*dut->irq_o, 1);
    wr(STATUS, 0);
    assert_true(bus.cycles > idle_after);
    assert_int_equal(rd(STATUS), 0);
    assert_int_equal(*dut->queue_ready_o, 0);
    assert_int_equal(*dut->irq_o, 0);
    assert_int_equal(*dut->dev_stop_o, 0);
    assert_int_equal(rd(INTERRUPT_STATUS), 0);
    wr(QUEUE_SEL, 0);
    wr(QUEUE_READY, 1); /* old addresses do not come back */
    assert_int_equal(rd(QUEUE_READY), 0);
  }
}

static void queue_ready_zero_stops_one_queue(void **state) {
  (void)state;
  start();
  idle_after = 150;
  wr(QUEUE_SEL, 1);
  wr(QUEUE_READY, 0);
  assert_true(bus.cycles > 150);
  assert_int_equal(*dut->queue_ready_o, 1);
  wr(QUEUE_READY, 0); /* again: nothing to wait for */
  assert_true(bus.cycles < 30);
  unsigned before = notifies;
  errors = 0;
  wr(QUEUE_NOTIFY, 1);
  wr(QUEUE_NOTIFY, 2);
  wr(QUEUE_NOTIFY, 0x10000);
  assert_int_equal(notifies, before);
  assert_int_equal(errors, 3);
  wr(QUEUE_READY, 1); /* its registers are still there */
  assert_int_equal(*dut->queue_ready_o, 3);
}

/* EVIDENCE: Virtio 1.2 4.2.2.1 InterruptStatus; a new event beats an
 * acknowledge of the same cycle */
static void interrupt_event_beats_acknowledge(void **state) {
  (void)state;
  start();
  bus.random = 0;
  for (int delay = 0; delay < 12; delay++) {
    *dut->isr_used_i = 1;
    clock(NULL);
    *dut->isr_used_i = 0;
    clock(NULL);
    assert_int_equal(rd(INTERRUPT_STATUS), 1);
    /* The acknowledge, with an event `delay` cycles after its start. */
    *bus.awaddr = INTERRUPT_ACK;
    *bus.wdata = 1;
    *bus.wstrb = 0xf;
    *bus.awvalid = *bus.wvalid = 1;
    for (int i = 0; i < 12; i++) {
      *dut->isr_used_i = i == delay;
      int falls = *dut->irq_o;
      clock(NULL);
      *bus.awvalid = *bus.wvalid = 0;
      *bus.bready = 1;
      falls &= !*dut->irq_o;
      assert_false(falls && i == delay);
    }
    *dut->isr_used_i = 0;
    clock(NULL);
    *bus.bready = 0;
    /* An event at or after the acknowledge is still there. */
    uint32_t expected = delay >= 2;
    assert_int_equal(rd(INTERRUPT_STATUS), expected);
    wr(INTERRUPT_ACK, 1);
    assert_int_equal(rd(INTERRUPT_STATUS), 0);
  }
}

static void link_change_and_needs_reset_raise_the_config_interrupt(
    void **state) {
  (void)state;
  start();
  *dut->cfg_link_up_i = 0;
  clock(NULL);
  clock(NULL);
  assert_int_equal(*dut->irq_o, 1);
  assert_int_equal(rd(INTERRUPT_STATUS), 2);
  assert_int_equal(rd(CONFIG_GENERATION), 1);
  assert_int_equal(rd(CONFIG + 4) >> 16, 0);
  wr(INTERRUPT_ACK, 2);
  assert_int_equal(*dut->irq_o, 0);
  *dut->needs_reset_i = 1;
  clock(NULL);
  *dut->needs_reset_i = 0;
  assert_int_equal(rd(STATUS), 0x4f);
  assert_int_equal(rd(INTERRUPT_STATUS), 2);
  wr(STATUS, 0);
  assert_int_equal(rd(STATUS), 0);
  negotiate(0, 1); /* without STATUS: no interrupt of the link */
  wr(STATUS, 0xf);
  *dut->cfg_link_up_i = 1;
  clock(NULL);
  clock(NULL);
  assert_int_equal(*dut->irq_o, 0);
  assert_int_equal(rd(CONFIG_GENERATION), 2);
}

static void access_that_means_nothing_is_counted_and_answered(void **state) {
  (void)state;
  static const uint32_t read_only_or_absent[] = {
      0x000, 0x004, 0x008, 0x00c, 0x010, 0x018, 0x034, 0x040, 0x060,
      0x0b0, 0x0c0, 0x0c4, 0x0fc, 0x100, 0x104, 0x118, 0xffc};
  static const uint32_t unreadable[] = {0x014, 0x018, 0x020, 0x030, 0x038,
                                        0x050, 0x080, 0x0ac, 0x0c0, 0x118,
                                        0xffc, 0x071, 0x003};
  start();
  errors = 0;
  for (size_t i = 0; i < sizeof read_only_or_absent / 4; i++) {
    wr(read_only_or_absent[i], 0xffffffff);
    assert_int_equal(errors, i + 1);
  }
  errors = 0;
  for (size_t i = 0; i < sizeof unreadable / 4; i++) {
    (void)rd(unreadable[i]);
    assert_int_equal(errors, i + 1);
  }
  errors = 0;
  assert_true(axil_write(&bus, STATUS, 0, 0x1)); /* not a whole word */
  assert_true(axil_write(&bus, STATUS, 0, 0x0));
  assert_int_equal(rd(STATUS), 0xf);
  assert_int_equal(errors, 2);
  wr(INTERRUPT_ACK, 4);
  assert_int_equal(errors, 3);
  for (uint32_t offset = 0xb0; offset < 0xc0; offset += 4) {
    assert_int_equal(rd(offset), 0xffffffff); /* no shared memory */
  }
  assert_int_equal(rd(CONFIG + 8), 1500u << 16 | 1);
  assert_int_equal(rd(CONFIG + 12), 10000);
  assert_int_equal(rd(CONFIG + 16), 1);
  assert_int_equal(errors, 3);
}

static void vendor_page_is_forwarded(void **state) {
  (void)state;
  assert_int_equal(rd(0x1000), 0x5a000000);
  assert_int_equal(rd(0x1ffc), 0x5a000ffc);
  wr(0x1abc, 7);
  assert_int_equal(errors, 0);
}

static void access_storm_ends_in_a_device_that_works(void **state) {
  (void)state;
  uint32_t x = 0x2545f491;
  for (int i = 0; i < 30000; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    uint32_t offset = (x >> 3) & (x & 0x700 ? 0xfc : 0x1ffc), value;
    *dut->isr_used_i = (x >> 20 & 7) == 0;
    *dut->needs_reset_i = (x >> 23 & 63) == 0;
    *dut->cfg_link_up_i = x >> 30 & 1;
    idle_after = x >> 16 & 15;
    if (x & 1) {
      assert_true(axil_read(&bus, offset, &value));
    } else {
      value = x >> 28 & 1 ? x * 0x9e3779b1u : x >> 12 & 0xf;
      assert_true(axil_write(&bus, offset, value, x & 6 ? 0xf : x >> 8 & 0xf));
    }
    assert_false(*dut->driver_ok_o && !(*dut->features_o >> 32 & 1));
  }
  *dut->isr_used_i = *dut->needs_reset_i = 0;
  start();
  *dut->isr_used_i = 1;
  clock(NULL);
  *dut->isr_used_i = 0;
  clock(NULL);
  assert_int_equal(*dut->irq_o, 1);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(linux_trace_is_answered),
      T(features_that_make_no_set_are_refused),
      T(status_bit_once_set_stays_until_reset),
      T(status_write_with_a_wrong_bit_sets_the_others),
      T(read_config_engine_sees_what_the_driver_wrote),
      T(queue_with_a_bad_value_never_gets_ready),
      T(queue_ready_freezes_its_registers),
      T(reset_is_answered_only_when_the_engine_is_idle),
      T(queue_ready_zero_stops_one_queue),
      T(interrupt_event_beats_acknowledge),
      T(link_change_and_needs_reset_raise_the_config_interrupt),
      T(access_that_means_nothing_is_counted_and_answered),
      T(vendor_page_is_forwarded),
      T(access_storm_ends_in_a_device_that_works),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
