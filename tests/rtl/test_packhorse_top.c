/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: packhorse_top */
/* The whole device at its pins: bring-up, frames around a loop of the XGMII,
 * three unrelated clocks, resets in the middle of work, hostile registers. The
 * property modules of both AXI ports are on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "driver/ph_regs.h"
#include "dut_packhorse_top.h"
#include "tests/rtl/model/axi_mem.h"
#include "tests/rtl/model/axil_master.h"
#include "tests/rtl/model/host_ring.h"
#include "tests/rtl/tb.h"

TB_DUT(packhorse_top)

enum {
  QUEUE_SEL = 0x030,
  QUEUE_READY = 0x044,
  QUEUE_NOTIFY = 0x050,
  INTERRUPT_STATUS = 0x060,
  INTERRUPT_ACK = 0x064,
  STATUS = 0x070,
  HDR = 12,
  RING = 16,
  BUFFER = 2048,
  LOOP_WORDS = 1 << 16,
};
#define FEATURES_LOW UINT32_C(0x30010829)
#define FEATURES_HIGH UINT32_C(0x80000013)
#define MEM_BASE UINT64_C(0x200000000)

struct word {
  uint64_t data;
  uint8_t ctrl;
};

struct bench {
  struct dut_packhorse_top *dut;
  struct tb *tb;
  struct axil_master bus;
  struct axi_mem *mem;
  struct host_ring ring[2]; /* 0 receive, 1 transmit */
  struct tb_rand rand;
  /* Loop: whole frames of words from the transmitter to the receiver. */
  struct word *words;
  size_t written, whole, played, gap;
  struct tb_agent tx_wire, rx_wire;
};

static void sample_tx(void *self) {
  struct bench *b = self;
  uint64_t data = *b->dut->xgmii_txd_o;
  uint8_t ctrl = *b->dut->xgmii_txc_o;
  if (ctrl == 0xff && data == UINT64_C(0x0707070707070707)) {
    return;
  }
  assert_true(b->written < LOOP_WORDS);
  b->words[b->written++] = (struct word){data, ctrl};
  for (unsigned lane = 0; lane < 8; lane++) {
    if ((ctrl >> lane & 1) && (data >> 8 * lane & 0xff) == 0xfd) {
      b->whole = b->written;
    }
  }
}

static void drive_rx(void *self) {
  struct bench *b = self;
  struct word idle = {UINT64_C(0x0707070707070707), 0xff}, w = idle;
  if (b->played < b->whole) {
    w = b->words[b->played++];
  }
  *b->dut->xgmii_rxd_i = w.data;
  *b->dut->xgmii_rxc_i = w.ctrl;
}

static void clock_once(void *user) {
  tb_run(((struct bench *)user)->tb, 1);
}

static struct bench *bench_new(const uint64_t period[3], uint64_t seed) {
  struct bench *b = calloc(1, sizeof *b);
  b->words = calloc(LOOP_WORDS, sizeof *b->words);
  b->rand.state = seed;
  struct dut_packhorse_top *d = b->dut = dut_packhorse_top_new();
  b->tb = tb_new_packhorse_top(d);
  tb_clock(b->tb, d->clk_i, d->rst_ni, period[0]);
  tb_clock(b->tb, d->mac_tx_clk_i, d->mac_tx_rst_ni, period[1]);
  tb_clock(b->tb, d->mac_rx_clk_i, d->mac_rx_rst_ni, period[2]);
  b->tx_wire = (struct tb_agent){.sample = sample_tx, .self = b};
  b->rx_wire = (struct tb_agent){.drive = drive_rx, .self = b};
  tb_agent(b->tb, 1, &b->tx_wire);
  tb_agent(b->tb, 2, &b->rx_wire);
  const struct axi_mem_port port = AXI_MEM_PORT(d);
  b->mem = axi_mem_new(b->tb, 0, &port, MEM_BASE, 1 << 20, seed);
  b->mem->read_latency = 20;
  b->mem->write_latency = 30;
  b->mem->shuffle = true;
  AXIL_MASTER_BIND(&b->bus, d);
  b->bus.clock = clock_once;
  b->bus.user = b;
  b->bus.random = (uint32_t)seed | 1;
  b->bus.timeout = 20000;
  tb_reset(b->tb);
  tb_run(b->tb, 100);
  return b;
}

static void bench_delete(struct bench *b) {
  host_ring_free(&b->ring[0]);
  host_ring_free(&b->ring[1]);
  axi_mem_delete(b->mem);
  tb_delete(b->tb);
  dut_packhorse_top_delete(b->dut);
  free(b->words);
  free(b);
}

static uint32_t rd(struct bench *b, uint32_t offset) {
  uint32_t value = 0;
  assert_true(axil_read(&b->bus, offset, &value));
  return value;
}

static void wr(struct bench *b, uint32_t offset, uint32_t value) {
  assert_true(axil_write(&b->bus, offset, value, 0xf));
}

static uint64_t stat(struct bench *b, uint32_t offset) {
  uint64_t low = rd(b, offset);
  return low | (uint64_t)rd(b, offset + 4) << 32;
}

static void post_receive(struct bench *b, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    uint64_t at =
        axi_mem_alloc(b->mem, BUFFER, 1 + tb_rand_below(&b->rand, 64));
    const struct host_elem elem = {at, BUFFER};
    assert_true(host_ring_add(&b->ring[0], &elem, 1, HOST_RING_DIRECT, at) >=
                0);
  }
  host_ring_publish(&b->ring[0]);
}

/* The accesses of Linux 6.12 from probe to DRIVER_OK, with fresh rings. */
static void bring_up(struct bench *b) {
  assert_int_equal(rd(b, 0x000), 0x74726976);
  assert_int_equal(rd(b, 0x004), 2);
  assert_int_equal(rd(b, 0x008), 1);
  (void)rd(b, 0x00c);
  wr(b, STATUS, 0);
  assert_int_equal(rd(b, STATUS), 0);
  /* The old life is over: its memory may be used again. */
  host_ring_free(&b->ring[0]);
  host_ring_free(&b->ring[1]);
  axi_mem_release_all(b->mem);
  wr(b, STATUS, 1);
  wr(b, STATUS, 3);
  wr(b, 0x014, 1);
  uint32_t high = rd(b, 0x010);
  wr(b, 0x014, 0);
  uint32_t low = rd(b, 0x010);
  assert_int_equal(low & FEATURES_LOW, FEATURES_LOW);
  assert_int_equal(high, FEATURES_HIGH);
  wr(b, 0x024, 1);
  wr(b, 0x020, high);
  wr(b, 0x024, 0);
  wr(b, 0x020, low);
  wr(b, STATUS, 0xb);
  assert_int_equal(rd(b, STATUS), 0xb);
  for (unsigned q = 0; q < 2; q++) {
    struct host_ring *r = &b->ring[q];
    host_ring_init(r, b->mem, RING, q == 0, true, tb_rand64(&b->rand));
    wr(b, QUEUE_SEL, q);
    assert_int_equal(rd(b, QUEUE_READY), 0);
    assert_int_equal(rd(b, 0x034), 1024);
    wr(b, 0x038, RING);
    const uint64_t area[3] = {r->desc, r->avail, r->used};
    for (uint32_t i = 0; i < 3; i++) {
      wr(b, 0x080 + 16 * i, (uint32_t)area[i]);
      wr(b, 0x084 + 16 * i, (uint32_t)(area[i] >> 32));
    }
    wr(b, QUEUE_READY, 1);
  }
  post_receive(b, 8); /* before DRIVER_OK, as Linux does */
  host_ring_enable_irq(&b->ring[0], true);
  wr(b, STATUS, 0xf);
  assert_int_equal(rd(b, STATUS), 0xf);
}

static void make_frame(struct bench *b, uint8_t *frame, size_t len) {
  static const uint8_t head[14] = {
      2, 0x50, 0x48, 0,  0,  1,    6,
      7, 8,    9,    10, 11, 0x88, 0xb5}; /* to the station itself */
  tb_rand_fill(&b->rand, frame, len);
  memcpy(frame, head, sizeof head);
}

static void send_frame(struct bench *b, const uint8_t *frame, size_t len) {
  uint64_t at =
      axi_mem_alloc(b->mem, HDR + len, 1 + tb_rand_below(&b->rand, 64));
  memset(axi_mem_at(b->mem, at), 0, HDR);
  memcpy(axi_mem_at(b->mem, at + HDR), frame, len);
  const struct host_elem elems[2] = {{at, HDR}, {at + HDR, (uint32_t)len}};
  assert_true(host_ring_add(&b->ring[1], elems, 2, HOST_RING_INDIRECT, 0) >= 0);
  if (host_ring_publish(&b->ring[1])) {
    wr(b, QUEUE_NOTIFY, 1);
  }
}

/* Waits for interrupts until `frame` was received. */
static void expect_frame(struct bench *b, const uint8_t *frame, size_t len) {
  uint16_t head;
  uint32_t used;
  uint64_t at;
  bool got = false;
  for (int i = 0; i < 20000 && !got; i++) {
    tb_run(b->tb, 1);
    if (*b->dut->irq_o) { /* of either queue */
      wr(b, INTERRUPT_ACK, rd(b, INTERRUPT_STATUS));
      got = host_ring_get(&b->ring[0], &head, &used, &at);
    }
  }
  assert_true(got);
  size_t wire = len < 60 ? 60 : len;
  assert_int_equal(used, HDR + wire);
  assert_memory_equal(axi_mem_at(b->mem, at + HDR), frame, len);
  assert_int_equal(axi_mem_get16(b->mem, at + 10), 1); /* num_buffers */
  host_ring_enable_irq(&b->ring[0], true);
}

static void reap_transmit(struct bench *b) {
  uint16_t head;
  uint32_t used;
  uint64_t user;
  while (host_ring_get(&b->ring[1], &head, &used, &user)) {
    assert_int_equal(used, 0);
  }
}

static void frames_go_round(struct bench *b, unsigned count) {
  uint8_t frame[1514];
  for (unsigned i = 0; i < count; i++) {
    size_t len = i % 3 == 0 ? 14 + tb_rand_below(&b->rand, 60)
                            : 60 + tb_rand_below(&b->rand, 1455);
    make_frame(b, frame, len);
    send_frame(b, frame, len);
    expect_frame(b, frame, len);
    reap_transmit(b);
    post_receive(b, 1);
    wr(b, QUEUE_NOTIFY, 0);
    b->written = b->whole = b->played = 0;
  }
}

static void settle(struct bench *b) {
  for (int i = 0; i < 5000 && *b->dut->busy_o; i++) {
    tb_run(b->tb, 1);
  }
  assert_false(*b->dut->busy_o);
}

static const uint64_t one_clock[3] = {6400, 6400, 6400};

/* EVIDENCE: Virtio 1.2 3.1.1, 4.2.2 */
static void linux_bring_up_then_frames_go_round(void **state) {
  (void)state;
  struct bench *b = bench_new(one_clock, 1);
  bring_up(b);
  frames_go_round(b, 12);
  settle(b);
  assert_int_equal(stat(b, PH_REGS_STAT_TX_FRAMES_OFFSET), 12);
  assert_int_equal(stat(b, PH_REGS_STAT_RX_FRAMES_OFFSET), 12);
  assert_int_equal(stat(b, PH_REGS_STAT_TX_BYTES_OFFSET),
                   stat(b, PH_REGS_STAT_RX_BYTES_OFFSET));
  assert_int_equal(stat(b, PH_REGS_STAT_TX_CHAINS_OFFSET), 12);
  assert_int_equal(stat(b, PH_REGS_STAT_RX_CHAINS_OFFSET), 12);
  assert_int_equal(rd(b, PH_REGS_ERROR_STATUS_OFFSET), 0);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

static void unrelated_clocks_change_nothing(void **state) {
  (void)state;
  static const uint64_t periods[][3] = {
      {4000, 6400, 6401}, {6400, 6399, 6401}, {11000, 6400, 6389}};
  for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
    struct bench *b = bench_new(periods[i], 2 + i);
    bring_up(b);
    frames_go_round(b, 6);
    settle(b);
    assert_int_equal(stat(b, PH_REGS_STAT_RX_FRAMES_OFFSET), 6);
    assert_int_equal(stat(b, PH_REGS_STAT_TX_BYTES_OFFSET),
                     stat(b, PH_REGS_STAT_RX_BYTES_OFFSET));
    assert_int_equal(rd(b, PH_REGS_ERROR_STATUS_OFFSET), 0);
    assert_int_equal(b->mem->violations, 0);
    bench_delete(b);
  }
}

/* EVIDENCE: Virtio 1.2 2.4; no DMA after the response to Status<-0 */
static void reset_in_any_cycle_then_a_new_life_works(void **state) {
  (void)state;
#ifdef PH_GATES
  const unsigned step = 97;
#else
  const unsigned step = 11;
#endif
  struct bench *b = bench_new(one_clock, 7);
  uint8_t frame[1514];
  for (unsigned n = 0; n < 900; n += step) {
    bring_up(b);
    for (int i = 0; i < 3; i++) {
      make_frame(b, frame, 700);
      send_frame(b, frame, 700);
    }
    tb_run(b->tb, n);
    wr(b, STATUS, 0);
    uint64_t reads = b->mem->reads, writes = b->mem->writes;
    assert_true(axi_mem_idle(b->mem));
    assert_false(*b->dut->irq_o);
    tb_run(b->tb, 400); /* what still loops finds no queue */
    assert_true(b->mem->reads == reads && b->mem->writes == writes);
    b->written = b->whole = b->played = 0;
    bring_up(b);
    frames_go_round(b, 1);
  }
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

static void axi_error_asks_for_a_reset_that_heals(void **state) {
  (void)state;
  struct bench *b = bench_new(one_clock, 9);
  uint8_t frame[200];
  for (unsigned write = 0; write < 2; write++) {
    bring_up(b);
    b->mem->fail_from = write ? b->ring[1].used : b->ring[1].avail;
    b->mem->fail_to = b->mem->fail_from + 4;
    make_frame(b, frame, sizeof frame);
    send_frame(b, frame, sizeof frame);
    for (int i = 0; i < 3000 && !(rd(b, STATUS) & 0x40); i++) {
    }
    assert_int_equal(rd(b, STATUS), 0x4f);
    assert_true(*b->dut->irq_o);
    assert_true(rd(b, INTERRUPT_STATUS) & 2);
    b->mem->fail_from = b->mem->fail_to = 0;
    wr(b, STATUS, 0);
    tb_run(b->tb, 1000);
    b->written = b->whole = b->played = 0;
    bring_up(b);
    frames_go_round(b, 2);
    settle(b);
    uint32_t offset = write ? PH_REGS_STAT_AXI_WRITE_ERRORS_OFFSET
                            : PH_REGS_STAT_AXI_READ_ERRORS_OFFSET;
    assert_true(stat(b, offset) >= 1);
  }
  bench_delete(b);
}

static void disabled_transmitter_drops_and_a_reset_still_ends(void **state) {
  (void)state;
  struct bench *b = bench_new(one_clock, 11);
  uint8_t frame[1514];
  bring_up(b);
  wr(b, PH_REGS_MAC_CONTROL_OFFSET,
     rd(b, PH_REGS_MAC_CONTROL_OFFSET) & ~PH_REGS_MAC_CONTROL_TX_ENABLE_MASK);
  for (int i = 0; i < 60; i++) {
    make_frame(b, frame, sizeof frame);
    send_frame(b, frame, sizeof frame);
    tb_run(b->tb, 400);
    reap_transmit(b);
    axi_mem_idle(b->mem);
  }
  settle(b);
  assert_int_equal(stat(b, PH_REGS_STAT_TX_FRAMES_OFFSET), 0);
  wr(b, STATUS, 0);
  wr(b, PH_REGS_MAC_CONTROL_OFFSET, 0x1b);
  bring_up(b);
  frames_go_round(b, 2);
  bench_delete(b);
}

/* EVIDENCE: robustness 19: registers at random and at their edges */
static void register_storm_then_a_good_driver_works(void **state) {
  (void)state;
#ifdef PH_GATES
  enum { ROUNDS = 1, ACCESSES = 600 };
#else
  enum { ROUNDS = 4, ACCESSES = 2500 };
#endif
  struct bench *b = bench_new(one_clock, 13);
  for (int round = 0; round < ROUNDS; round++) {
    bring_up(b);
    for (int i = 0; i < ACCESSES; i++) {
      static const uint32_t edges[] = {
          0, 1, 2, 3, 0xf, 0xb, 0x100, 0x400, 0x80000000, 0xffffffff};
      uint32_t offset = tb_rand_below(&b->rand, 0x40) * 4, value;
      offset = tb_rand_chance(&b->rand, 20) ? offset + 0x1000 : offset;
      value = tb_rand_chance(&b->rand, 128) ? edges[tb_rand_below(&b->rand, 10)]
                                            : (uint32_t)tb_rand64(&b->rand);
      if (tb_rand_chance(&b->rand, 100)) {
        (void)rd(b, offset);
      } else {
        uint8_t strb = tb_rand_chance(&b->rand, 230)
                           ? 0xf
                           : (uint8_t)tb_rand_below(&b->rand, 16);
        assert_true(axil_write(&b->bus, offset, value, strb));
      }
    }
    wr(b, STATUS, 0);
    /* The MAC as a board would set it up. */
    wr(b, PH_REGS_MAC_CONTROL_OFFSET, 0x1b);
    wr(b, PH_REGS_MAC_IFG_OFFSET, 12);
    wr(b, PH_REGS_MAX_FRAME_OFFSET, 9018);
    wr(b, PH_REGS_STATION_LOW_OFFSET, 0x00485002);
    wr(b, PH_REGS_STATION_HIGH_OFFSET, 0x0100);
    wr(b, PH_REGS_IRQ_MODERATION_OFFSET, 0);
    tb_run(b->tb, 2000);
    b->written = b->whole = b->played = 0;
    bring_up(b);
    frames_go_round(b, 2);
    settle(b);
    assert_true(stat(b, PH_REGS_STAT_REGISTER_ERRORS_OFFSET) > 50);
  }
  bench_delete(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linux_bring_up_then_frames_go_round),
      cmocka_unit_test(unrelated_clocks_change_nothing),
      cmocka_unit_test(reset_in_any_cycle_then_a_new_life_works),
      cmocka_unit_test(axi_error_asks_for_a_reset_that_heals),
      cmocka_unit_test(disabled_transmitter_drops_and_a_reset_still_ends),
      cmocka_unit_test(register_storm_then_a_good_driver_works),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
