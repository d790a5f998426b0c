/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: dma_read -GNumClients=3 */
/* DUT: dma_write -GNumClients=3 */
/* The two halves of the AXI4 master against the memory model, which checks the
 * protocol: random addresses and lengths from every client at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dut_dma_read.h"
#include "dut_dma_write.h"
#include "tests/rtl/model/axi_mem.h"
#include "tests/rtl/tb.h"

TB_DUT(dma_read)
TB_DUT(dma_write)

enum { CLIENTS = 3, QUEUE = 64 };
#ifdef PH_GATES
enum { REQUESTS = 200 };
#else
enum { REQUESTS = 2000 };
#endif
static const uint64_t base =
    0xfffffffffff00000ull; /* the top of the address space */
enum { SIZE = 0xf0000 };

/* Port vectors are flat: client i has bits [W*i +: W]. */
static void put_bits(void *port, unsigned width, unsigned client,
                     uint64_t value) {
  uint8_t *p = port;
  for (unsigned i = 0; i < width; i++) {
    unsigned bit = width * client + i;
    p[bit / 8] = (uint8_t)((p[bit / 8] & ~(1u << bit % 8)) |
                           ((value >> i & 1u) << bit % 8));
  }
}

/* --- Reads ---------------------------------------------------------------- */
struct request {
  uint64_t addr;
  uint32_t len, got;
};

struct reader {
  struct dut_dma_read *d;
  struct axi_mem *mem;
  struct tb_rand rand;
  struct tb_agent agent;
  struct request wait[CLIENTS][QUEUE];
  unsigned head[CLIENTS], tail[CLIENTS], asked, done, errors;
  bool offer[CLIENTS], withdraw;
};

static void reader_drive(void *self) {
  struct reader *r = self;
  uint8_t valid = 0;
  for (unsigned c = 0; c < CLIENTS; c++) {
    /* A request may be withdrawn: then another takes its place. */
    if (r->withdraw && tb_rand_chance(&r->rand, 20)) r->offer[c] = false;
    if (!r->offer[c] && r->asked < REQUESTS &&
        r->tail[c] - r->head[c] < QUEUE) {
      struct request *q = &r->wait[c][r->tail[c] % QUEUE];
      q->len = 1 + tb_rand_below(&r->rand,
                                 tb_rand_chance(&r->rand, 128) ? 40 : 4096);
      q->addr = base + tb_rand_below(&r->rand, SIZE - 4096);
      if (tb_rand_chance(&r->rand, 50)) q->addr |= 0xff0;
      q->got = 0;
      r->offer[c] = true;
      put_bits(r->d->rd_req_addr, 64, c, q->addr);
      put_bits(r->d->rd_req_len, 13, c, q->len);
    }
    valid |= (uint8_t)(r->offer[c] << c);
  }
  *r->d->rd_req_valid = valid;
}

static void reader_beat(struct reader *r, unsigned c) {
  assert_true(r->head[c] != r->tail[c]);
  struct request *q = &r->wait[c][r->head[c] % QUEUE];
  uint64_t at = q->addr + q->got;
  uint32_t lane = at & 15, n = 16 - lane;
  if (n > q->len - q->got) n = q->len - q->got;
  if (*r->d->rd_rsp_err) {
    r->errors++;
  } else {
    assert_memory_equal((uint8_t *)r->d->rd_rsp_data + lane,
                        axi_mem_at(r->mem, at), n);
  }
  q->got += n;
  if (q->got == q->len) {
    r->head[c]++;
    r->done++;
  }
}

static void reader_sample(void *self) {
  struct reader *r = self;
  for (unsigned c = 0; c < CLIENTS; c++)
    if (*r->d->rd_rsp_valid >> c & 1) reader_beat(r, c);
  for (unsigned c = 0; c < CLIENTS; c++) {
    if (r->offer[c] && *r->d->rd_req_ready >> c & 1) {
      r->offer[c] = false;
      r->tail[c]++;
      r->asked++;
    }
  }
}

static void run_reader(unsigned latency, unsigned stall, bool withdraw,
                       bool fail) {
  struct dut_dma_read *d = dut_dma_read_new();
  struct tb *tb = tb_new_dma_read(d);
  tb_clock(tb, d->clk_i, d->rst_ni, 64);
  const struct axi_mem_port port = {.arid = d->m_axi_arid,
                                    .arlen = d->m_axi_arlen,
                                    .arsize = d->m_axi_arsize,
                                    .arburst = d->m_axi_arburst,
                                    .arvalid = d->m_axi_arvalid,
                                    .arready = d->m_axi_arready,
                                    .araddr = d->m_axi_araddr,
                                    .rid = d->m_axi_rid,
                                    .rresp = d->m_axi_rresp,
                                    .rlast = d->m_axi_rlast,
                                    .rvalid = d->m_axi_rvalid,
                                    .rready = d->m_axi_rready,
                                    .rdata = d->m_axi_rdata};
  struct axi_mem *mem = axi_mem_new(tb, 0, &port, base, SIZE, 5);
  static struct reader r;
  memset(&r, 0, sizeof r);
  r.d = d;
  r.mem = mem;
  r.rand.state = latency + stall;
  r.withdraw = withdraw;
  r.agent = (struct tb_agent){reader_drive, reader_sample, &r, 0, NULL};
  mem->read_latency = latency;
  mem->stall = stall;
  axi_mem_permit(mem, base, SIZE, AXI_MEM_READ);
  tb_rand_fill(&r.rand, mem->data, SIZE);
  if (fail) {
    mem->fail_from = base + 0x1000;
    mem->fail_to = base + 0x8000;
  }
  tb_reset(tb);
  tb_agent(tb, 0, &r.agent);
  for (int i = 0; i < 3000000 && r.done < REQUESTS; i++) tb_step(tb);
  assert_true(r.done >= REQUESTS);
  tb_run(tb, 20000); /* what was still offered */
  assert_int_equal(r.done, r.asked);
  assert_int_equal(mem->violations, 0);
  assert_int_equal(r.errors > 0, fail);
  if (latency > 100) assert_true(mem->max_reads_open >= 32);
  assert_int_equal(*d->busy_o, 0);
  tb_delete(tb);
  axi_mem_delete(mem);
  dut_dma_read_delete(d);
}

static void reads_come_back_in_client_order(void **state) {
  (void)state;
  run_reader(0, 0, false, false);
  run_reader(20, 60, true, false);
  run_reader(150, 0, false, false);
  run_reader(30, 150, true, false);
}

static void read_errors_are_reported_with_their_beats(void **state) {
  (void)state;
  run_reader(10, 20, false, true);
}

/* --- Writes --------------------------------------------------------------- */
struct burst {
  uint64_t addr;
  unsigned beats;
  bool tag;
  uint8_t data[16][16];
  uint16_t strb[16];
};

struct writer {
  struct dut_dma_write *d;
  struct axi_mem *mem;
  struct tb_rand rand;
  struct tb_agent agent;
  struct burst wait[CLIENTS][QUEUE]; /* offered or without completion */
  unsigned head[CLIENTS], data[CLIENTS], tail[CLIENTS], beat[CLIENTS], asked,
      done, errors;
  bool offer[CLIENTS];
  uint8_t *shadow;
};

static void writer_new_burst(struct writer *w, unsigned c) {
  struct burst *q = &w->wait[c][w->tail[c] % QUEUE];
  unsigned offset = tb_rand_below(&w->rand, 256);
  unsigned bytes = 1 + tb_rand_below(&w->rand, 256 - offset);
  /* Each client writes blocks of its own, so that order does not matter. */
  unsigned block = CLIENTS * tb_rand_below(&w->rand, SIZE / 256 / CLIENTS) + c;
  q->addr = base + 256ull * block + offset;
  q->beats = (offset % 16 + bytes + 15) / 16;
  q->tag = tb_rand_chance(&w->rand, 128);
  tb_rand_fill(&w->rand, q->data, sizeof q->data);
  for (unsigned i = 0; i < 16; i++) {
    unsigned strb = 0xffff;
    if (i == 0) strb &= 0xffffu << offset % 16;
    unsigned end = offset % 16 + bytes;
    if (16 * i + 16 > end)
      strb &= end > 16 * i ? (1u << (end - 16 * i)) - 1u : 0;
    q->strb[i] = (uint16_t)strb;
  }
  put_bits(w->d->wr_req_addr, 64, c, q->addr);
  put_bits(w->d->wr_req_beats, 4, c, q->beats - 1);
  put_bits(w->d->wr_req_tag, 1, c, q->tag);
}

static void writer_drive(void *self) {
  struct writer *w = self;
  uint8_t valid = 0, dat = 0;
  for (unsigned c = 0; c < CLIENTS; c++) {
    if (!w->offer[c] && w->asked < REQUESTS &&
        w->tail[c] - w->head[c] < QUEUE - 1 && tb_rand_chance(&w->rand, 200)) {
      w->offer[c] = true;
      writer_new_burst(w, c);
    }
    valid |= (uint8_t)(w->offer[c] << c);
    if (w->data[c] != w->tail[c] || w->offer[c]) {
      struct burst *q = &w->wait[c][w->data[c] % QUEUE];
      memcpy((uint8_t *)w->d->wr_dat_data + 16 * c, q->data[w->beat[c]], 16);
      put_bits(w->d->wr_dat_strb, 16, c, q->strb[w->beat[c]]);
      dat |= (uint8_t)(1u << c);
    }
  }
  *w->d->wr_req_valid = valid;
  *w->d->wr_dat_valid = dat;
}

static void writer_shadow(struct writer *w, const struct burst *q) {
  for (unsigned i = 0; i < q->beats; i++)
    for (unsigned k = 0; k < 16; k++)
      if (q->strb[i] >> k & 1)
        w->shadow[(q->addr & ~15ull) - base + 16 * i + k] = q->data[i][k];
}

static void writer_sample(void *self) {
  struct writer *w = self;
  for (unsigned c = 0; c < CLIENTS; c++) {
    if (*w->d->wr_done >> c & 1) {
      struct burst *q = &w->wait[c][w->head[c]++ % QUEUE];
      assert_int_equal(*w->d->wr_done_tag, q->tag);
      w->errors += *w->d->wr_done_err;
      w->done++;
    }
    if (*w->d->wr_dat_ready >> c & 1) {
      struct burst *q = &w->wait[c][w->data[c] % QUEUE];
      if (++w->beat[c] == q->beats) {
        writer_shadow(w, q);
        w->beat[c] = 0;
        w->data[c]++;
      }
    }
    if (w->offer[c] && *w->d->wr_req_ready >> c & 1) {
      w->offer[c] = false;
      w->tail[c]++;
      w->asked++;
    }
  }
}

static void run_writer(unsigned latency, unsigned stall, bool fail) {
  struct dut_dma_write *d = dut_dma_write_new();
  struct tb *tb = tb_new_dma_write(d);
  tb_clock(tb, d->clk_i, d->rst_ni, 64);
  const struct axi_mem_port port = {.awid = d->m_axi_awid,
                                    .awlen = d->m_axi_awlen,
                                    .awsize = d->m_axi_awsize,
                                    .awburst = d->m_axi_awburst,
                                    .awvalid = d->m_axi_awvalid,
                                    .awready = d->m_axi_awready,
                                    .awaddr = d->m_axi_awaddr,
                                    .wdata = d->m_axi_wdata,
                                    .wstrb = d->m_axi_wstrb,
                                    .wlast = d->m_axi_wlast,
                                    .wvalid = d->m_axi_wvalid,
                                    .wready = d->m_axi_wready,
                                    .bid = d->m_axi_bid,
                                    .bresp = d->m_axi_bresp,
                                    .bvalid = d->m_axi_bvalid,
                                    .bready = d->m_axi_bready};
  struct axi_mem *mem = axi_mem_new(tb, 0, &port, base, SIZE, 6);
  static struct writer w;
  memset(&w, 0, sizeof w);
  w.d = d;
  w.mem = mem;
  w.rand.state = latency + stall;
  w.shadow = calloc(1, SIZE);
  w.agent = (struct tb_agent){writer_drive, writer_sample, &w, 0, NULL};
  mem->write_latency = latency;
  mem->stall = stall;
  axi_mem_permit(mem, base, SIZE, AXI_MEM_WRITE);
  if (fail) {
    mem->fail_from = base + 0x10000;
    mem->fail_to = base + 0x20000;
  }
  tb_reset(tb);
  tb_agent(tb, 0, &w.agent);
  for (int i = 0; i < 3000000 && w.done < REQUESTS; i++) tb_step(tb);
  assert_true(w.done >= REQUESTS);
  tb_run(tb, 3000); /* what was still offered */
  assert_int_equal(w.done, w.asked);
  assert_int_equal(mem->violations, 0);
  assert_int_equal(w.errors > 0, fail);
  if (!fail) assert_memory_equal(w.shadow, mem->data, SIZE);
  if (latency > 100) assert_true(mem->max_writes_open >= 16);
  assert_int_equal(*d->busy_o, 0);
  free(w.shadow);
  tb_delete(tb);
  axi_mem_delete(mem);
  dut_dma_write_delete(d);
}

static void writes_land_and_complete_in_order(void **state) {
  (void)state;
  run_writer(0, 0, false);
  run_writer(20, 60, false);
  run_writer(300, 0, false);
  run_writer(30, 150, false);
}

static void write_errors_are_reported_with_their_bursts(void **state) {
  (void)state;
  run_writer(10, 20, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_come_back_in_client_order),
      cmocka_unit_test(read_errors_are_reported_with_their_beats),
      cmocka_unit_test(writes_land_and_complete_in_order),
      cmocka_unit_test(write_errors_are_reported_with_their_bursts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
