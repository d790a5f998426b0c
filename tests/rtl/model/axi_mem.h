/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory behind an AXI4 slave port of 128 bits, for the tests of masters.
 *
 * Reads: data of equal IDs come in order, those of different IDs in any order,
 * beat by beat. Writes: a burst changes memory at some cycle between its last
 * beat and its response (`shuffle`: any; else at the response), so that a
 * master that does not wait for responses is seen to fail. Each byte has
 * permissions; what the master reads or writes beyond them is counted, with a
 * message for the first. Protocol rules of AMBA AXI4 that the model checks:
 * payload holds while valid waits (A3.2.1), bursts stay inside 4 KB (A3.4.1),
 * WLAST where AWLEN says (A3.4.1), strobes not below the first address
 * (A3.4.3). */
#ifndef PH_TESTS_RTL_MODEL_AXI_MEM_H
#define PH_TESTS_RTL_MODEL_AXI_MEM_H

#include "tests/rtl/tb.h"

enum { AXI_MEM_READ = 1, AXI_MEM_WRITE = 2 };
enum { AXI_MEM_BURSTS = 512, AXI_MEM_IDS = 16 };

/* Ports of the master, from dut_<name>.h. A read-only or write-only master
 * leaves the other half NULL (arvalid or awvalid decides). */
struct axi_mem_port {
  uint8_t *arid, *arlen, *arsize, *arburst, *arvalid, *arready;
  uint64_t *araddr;
  uint8_t *rid, *rresp, *rlast, *rvalid, *rready;
  uint32_t *rdata;
  uint8_t *awid, *awlen, *awsize, *awburst, *awvalid, *awready;
  uint64_t *awaddr;
  uint32_t *wdata;
  uint16_t *wstrb;
  uint8_t *wlast, *wvalid, *wready;
  uint8_t *bid, *bresp, *bvalid, *bready;
};

/* Of a verilated module with the usual names. */
#define AXI_MEM_PORT(d)                                                        \
  {                                                                            \
    (d)->m_axi_arid, (d)->m_axi_arlen, (d)->m_axi_arsize, (d)->m_axi_arburst,  \
        (d)->m_axi_arvalid, (d)->m_axi_arready, (d)->m_axi_araddr,             \
        (d)->m_axi_rid, (d)->m_axi_rresp, (d)->m_axi_rlast, (d)->m_axi_rvalid, \
        (d)->m_axi_rready, (d)->m_axi_rdata, (d)->m_axi_awid,                  \
        (d)->m_axi_awlen, (d)->m_axi_awsize, (d)->m_axi_awburst,               \
        (d)->m_axi_awvalid, (d)->m_axi_awready, (d)->m_axi_awaddr,             \
        (d)->m_axi_wdata, (d)->m_axi_wstrb, (d)->m_axi_wlast,                  \
        (d)->m_axi_wvalid, (d)->m_axi_wready, (d)->m_axi_bid,                  \
        (d)->m_axi_bresp, (d)->m_axi_bvalid, (d)->m_axi_bready                 \
  }

struct axi_mem_burst {
  uint64_t addr, due, apply;
  unsigned id, beats, beat;
  bool applied, error;
  uint8_t data[16][16];
  uint16_t strb[16];
};

struct axi_mem {
  struct axi_mem_port port;
  uint64_t base, size;
  uint8_t *data;  /* size bytes */
  uint8_t *perms; /* AXI_MEM_* of each byte */
  uint64_t next;  /* for axi_mem_alloc */
  /* Knobs; may change at any time. */
  unsigned read_latency, write_latency; /* cycles */
  unsigned stall;                       /* of 256, on every channel */
  bool shuffle;                         /* writes land in any order */
  bool quiet;                           /* no message for violations */
  uint64_t fail_from, fail_to;          /* addresses that answer SLVERR */
  /* What was seen. */
  uint64_t violations, reads, writes, read_beats, write_beats;
  unsigned max_reads_open, max_writes_open;
  void (*on_write)(void *ctx, uint64_t addr); /* a burst's address is taken */
  void *ctx;
  /* State. */
  struct tb *tb;
  struct tb_rand rand;
  struct tb_agent agent;
  uint64_t cycle;
  struct axi_mem_burst *read[AXI_MEM_IDS]; /* rings of AXI_MEM_BURSTS */
  unsigned read_head[AXI_MEM_IDS], read_tail[AXI_MEM_IDS], reads_open;
  struct axi_mem_burst *write;
  unsigned write_head, write_data, write_tail;
  bool ar_wait, aw_wait, w_wait, r_taken, b_taken;
  uint64_t ar_held, aw_held;
  uint8_t w_held[18];
};

struct axi_mem *axi_mem_new(struct tb *tb, unsigned clock,
                            const struct axi_mem_port *port, uint64_t base,
                            uint64_t size, uint64_t seed);
void axi_mem_delete(struct axi_mem *m);
/* No transaction is open. */
bool axi_mem_idle(const struct axi_mem *m);
/* Fresh memory, never given back but by axi_mem_release_all(). */
uint64_t axi_mem_alloc(struct axi_mem *m, uint64_t bytes, unsigned align);
void axi_mem_release_all(struct axi_mem *m);
/* Sets the permissions of a range. */
void axi_mem_permit(struct axi_mem *m, uint64_t addr, uint64_t bytes,
                    unsigned perms);
/* Host pointer to a bus address inside the memory. */
void *axi_mem_at(struct axi_mem *m, uint64_t addr);
uint16_t axi_mem_get16(struct axi_mem *m, uint64_t addr);
uint32_t axi_mem_get32(struct axi_mem *m, uint64_t addr);
void axi_mem_put16(struct axi_mem *m, uint64_t addr, uint16_t value);
void axi_mem_put32(struct axi_mem *m, uint64_t addr, uint32_t value);
void axi_mem_put64(struct axi_mem *m, uint64_t addr, uint64_t value);

#endif
