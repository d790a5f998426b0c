/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop around the Verilated NIC. One clock drives all three domains.
 *
 * A cycle has two halves. In the first the clock is low and the inputs of the
 * cycle are applied, which the surroundings derive from registers only; then
 * every output is final and what was accepted is known. The second is the
 * rising edge. Outputs come from flip-flops, so the build without waves
 * evaluates the second alone.
 *
 * A cycle is idle when neither the NIC (busy_o) nor its surroundings have
 * anything under way. After two idle cycles every flip-flop holds its value, so
 * idle stretches are skipped: nothing can happen before the next frame from the
 * wire, or the next tick if a timer is armed.
 */
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "driver/ph_regs.h"
#include "sim/nic/nic_top.h"

extern "C" {
#include "sim/nic/axi_memory.h"
#include "sim/nic/event_hash.h"
#include "sim/nic/nic_model.h"
#include "sim/nic/xgmii_wire.h"
}

namespace {

constexpr uint64_t kResetCycles = 16;
constexpr uint64_t kHung = 1000000; /* cycles without a register response */
/* A tick every microsecond: 625 / 4 cycles, never accumulated. */
constexpr uint64_t kTickCycles = 625, kTickCount = 4;

struct Access {   /* the register access under way */
  bool aw, w, ar; /* still to be accepted */
  bool active, done;
  uint32_t rdata;
};

}  // namespace

struct nic {
  nic_top *top;
  bool no_idle_skip;
  bool in_reset; /* nic_create() is not done */
  void (*observe)(void *user, uint64_t cycle, enum nic_event event,
                  uint64_t addr, uint64_t len, unsigned id);
  void *user;

  uint64_t cycle;
  uint64_t evaluated;
  uint64_t tick; /* cycle of the next tick */
  unsigned idle; /* idle cycles in a row */
  uint64_t hash;
  bool irq;

  struct axi_memory axi;
  struct xgmii_wire wire;
  struct xgmii_incoming *taken; /* lent to the caller */
  Access access;

  void event(enum nic_event what, uint64_t addr, uint64_t len) {
    if (observe) {
      observe(user, cycle, what, addr, len, 0);
    }
  }
};

namespace {

/* The first tick at or after `cycle`: tick k is in cycle floor(k * 625 / 4). */
uint64_t tick_from(uint64_t cycle) {
  uint64_t k = cycle * kTickCount / kTickCycles;
  while (k == 0 || k * kTickCycles / kTickCount < cycle) {
    k++;
  }
  return k * kTickCycles / kTickCount;
}

void drive_axi(nic *n) {
  nic_top *top = n->top;
  struct axi_memory *m = &n->axi;
  axi_memory_drive(m, n->cycle);
  top->m_axi_arready = m->arready;
  top->m_axi_awready = m->awready;
  top->m_axi_wready = m->wready;
  top->m_axi_rvalid = m->rvalid;
  top->m_axi_bvalid = m->bvalid;
  if (m->rvalid) {
    top->m_axi_rid = m->rid;
    top->m_axi_rresp = m->rresp;
    top->m_axi_rlast = m->rlast;
    memcpy(top->m_axi_rdata.data(), m->rdata, sizeof m->rdata);
  }
  if (m->bvalid) {
    top->m_axi_bid = m->bid;
    top->m_axi_bresp = m->bresp;
  }
}

void sample_axi(nic *n) {
  nic_top *top = n->top;
  struct axi_memory *m = &n->axi;
  if (top->m_axi_arvalid && m->arready) {
    if (top->m_axi_arsize != 4 || top->m_axi_arburst != 1) {
      axi_memory_unsupported("read burst", top->m_axi_araddr);
    }
    axi_memory_take_read(m, n->cycle, top->m_axi_araddr, top->m_axi_arlen + 1u,
                         top->m_axi_arid);
  }
  if (top->m_axi_wvalid && m->wready) {
    uint64_t data[2];
    memcpy(data, top->m_axi_wdata.data(), sizeof data);
    axi_memory_take_data(m, n->cycle, data[0], data[1], top->m_axi_wstrb,
                         top->m_axi_wlast);
  }
  if (top->m_axi_awvalid && m->awready) {
    if (top->m_axi_awsize != 4 || top->m_axi_awburst != 1) {
      axi_memory_unsupported("write burst", top->m_axi_awaddr);
    }
    axi_memory_take_write(m, n->cycle, top->m_axi_awaddr, top->m_axi_awlen + 1u,
                          top->m_axi_awid);
  }
  if (m->rvalid && top->m_axi_rready) {
    axi_memory_read_taken(m, n->cycle);
  }
  if (m->bvalid && top->m_axi_bready) {
    axi_memory_response_taken(m, n->cycle);
  }
}

void drive_wire(nic *n) {
  struct xgmii_wire *w = &n->wire;
  uint64_t data = XGMII_IDLE_DATA;
  uint8_t ctrl = 0xff;
  if (w->queue && w->queue->cycle <= n->cycle) {
    struct xgmii_outgoing *f = w->queue;
    if (w->word == 0) {
      n->event(NIC_EVENT_RX_START, f->start, 0);
    }
    data = f->data[w->word];
    ctrl = f->ctrl[w->word];
    event_hash(&n->hash, n->cycle, EVENT_XGMII_RX, data, ctrl);
    if (++w->word == f->words) {
      n->event(NIC_EVENT_RX_END, f->end, f->len);
      xgmii_wire_pop(w);
    }
  }
  n->top->xgmii_rxd_i = data;
  n->top->xgmii_rxc_i = ctrl;
}

/* Returns whether the word was idle. */
bool sample_wire(nic *n) {
  struct xgmii_wire *w = &n->wire;
  uint64_t data = n->top->xgmii_txd_o;
  uint8_t ctrl = n->top->xgmii_txc_o;
  if (ctrl == 0xff && data == XGMII_IDLE_DATA && !w->in_frame) {
    return true;
  }
  event_hash(&n->hash, n->cycle, EVENT_XGMII_TX, data, ctrl);
  if (ctrl == 0 && w->in_frame && !w->preamble &&
      w->len + 8 <= XGMII_FRAME_MAX) {
    memcpy(w->buffer + w->len, &data, 8);
    w->len += 8;
    return false;
  }
  bool was_in_frame = w->in_frame;
  struct xgmii_incoming **end = w->done_end;
  if (xgmii_wire_decode(w, n->cycle, data, ctrl)) {
    n->event(NIC_EVENT_TX_END, (*end)->end, (*end)->len);
  }
  if (w->in_frame && (!was_in_frame || end != w->done_end)) {
    n->event(NIC_EVENT_TX_START, w->start, 0);
  }
  return false;
}

void sample_axil(nic *n) {
  nic_top *top = n->top;
  Access *a = &n->access;
  if (a->aw && top->s_axil_awready) {
    a->aw = false;
    event_hash(&n->hash, n->cycle, EVENT_AXIL_AW, top->s_axil_awaddr, 0);
  }
  if (a->w && top->s_axil_wready) {
    a->w = false;
    event_hash(&n->hash, n->cycle, EVENT_AXIL_W, top->s_axil_wdata,
               top->s_axil_wstrb);
  }
  if (a->ar && top->s_axil_arready) {
    a->ar = false;
    event_hash(&n->hash, n->cycle, EVENT_AXIL_AR, top->s_axil_araddr, 0);
  }
  if (top->s_axil_bvalid && top->s_axil_bready) {
    event_hash(&n->hash, n->cycle, EVENT_AXIL_B, top->s_axil_bresp, 0);
    a->done = true;
  }
  if (top->s_axil_rvalid && top->s_axil_rready) {
    event_hash(&n->hash, n->cycle, EVENT_AXIL_R, top->s_axil_rdata, 0);
    a->rdata = top->s_axil_rdata;
    a->done = true;
  }
}

/* Evaluates cycle n->cycle. */
void cycle(nic *n) {
  nic_top *top = n->top;
  Access *a = &n->access;
  bool tick = n->cycle == n->tick;
  top->tick_i = tick;
  if (tick) {
    n->tick = tick_from(n->cycle + 1);
  }
  drive_axi(n);
  drive_wire(n);
  if (a->active) {
    top->s_axil_awvalid = a->aw;
    top->s_axil_wvalid = a->w;
    top->s_axil_arvalid = a->ar;
  }
  uint64_t ps = n->in_reset ? NIC_NO_WAVES : n->cycle * 6400;
  top->low(ps);
  sample_axi(n);
  bool wire_idle = sample_wire(n);
  if (a->active) {
    sample_axil(n);
  }
  top->rise(ps);
  n->cycle++;
  n->evaluated++;
  if ((top->irq_o != 0) != n->irq) {
    n->irq = !n->irq;
    event_hash(&n->hash, n->cycle, EVENT_IRQ, n->irq, 0);
    n->event(NIC_EVENT_IRQ, 0, n->irq);
  }
  bool idle = wire_idle && !top->busy_o && n->wire.word == 0 && !a->active &&
              axi_memory_idle(&n->axi);
  n->idle = idle && !tick ? n->idle + 1 : 0;
}

/* The next cycle that must be evaluated. */
uint64_t next_event(const nic *n) {
  if (n->idle < 2) {
    return n->cycle;
  }
  uint64_t next = UINT64_MAX;
  if (n->top->timer_armed_o) {
    next = n->tick;
  }
  if (n->wire.queue && n->wire.queue->cycle < next) {
    next = n->wire.queue->cycle;
  }
  return next < n->cycle ? n->cycle : next;
}

void skip_to(nic *n, uint64_t target) {
  n->cycle = target;
  n->tick = tick_from(target);
}

uint32_t access(nic *n) {
  Access *a = &n->access;
  uint64_t start = n->cycle;
  a->active = true;
  a->done = false;
  n->idle = 0;
  n->top->s_axil_bready = 1;
  n->top->s_axil_rready = 1;
  while (!a->done) {
    if (n->cycle - start > kHung) {
      fprintf(stderr, "nic: no register response since cycle %" PRIu64 "\n",
              start);
      abort();
    }
    cycle(n);
  }
  a->active = false;
  n->top->s_axil_awvalid = n->top->s_axil_wvalid = 0;
  n->top->s_axil_arvalid = 0;
  return a->rdata;
}

void check_access(uint32_t offset, unsigned size) {
  if ((size != 1 && size != 2 && size != 4) || offset % size ||
      offset >= 0x2000) {
    fprintf(stderr, "nic: register access of %u bytes at 0x%x\n", size,
            (unsigned)offset);
    abort();
  }
}

}  // namespace

extern "C" {

struct nic *nic_create(const struct nic_config *config) {
  nic *n = new (std::nothrow) nic();
  if (!n) {
    return nullptr;
  }
  n->top = config->waves ? nic_top_traced(config->waves) : nic_top_fast();
  if (!n->top) {
    delete n;
    return nullptr;
  }
  axi_memory_init(&n->axi, config->mem);
  axi_memory_knobs(&n->axi, &config->memory);
  n->axi.hash = &n->hash;
  xgmii_wire_init(&n->wire);
  n->no_idle_skip = true;
  n->in_reset = true;
  n->tick = UINT64_MAX;
  n->top->xgmii_rxd_i = XGMII_IDLE_DATA;
  n->top->xgmii_rxc_i = 0xff;
  n->top->rst_ni = n->top->mac_tx_rst_ni = n->top->mac_rx_rst_ni = 0;
  for (uint64_t i = 0; i < kResetCycles; i++) {
    cycle(n);
  }
  n->top->rst_ni = n->top->mac_tx_rst_ni = n->top->mac_rx_rst_ni = 1;
  n->in_reset = false;
  n->cycle = 0;
  n->evaluated = 0;
  n->idle = 0;
  n->hash = 0;
  n->irq = false;
  n->tick = tick_from(0);
  n->no_idle_skip = config->no_idle_skip;
  n->observe = n->axi.observe = config->observe;
  n->user = n->axi.user = config->user;
  return n;
}

void nic_destroy(struct nic *nic) {
  if (!nic) {
    return;
  }
  delete nic->top;
  xgmii_wire_destroy(&nic->wire);
  free(nic->taken);
  delete nic;
}

void nic_set_memory(struct nic *nic, const struct nic_memory *memory) {
  axi_memory_knobs(&nic->axi, memory);
}

void nic_fail_reads(struct nic *nic, uint64_t skip, uint64_t count) {
  nic->axi.fail_read_skip = skip;
  nic->axi.fail_read_count = count;
}

void nic_fail_writes(struct nic *nic, uint64_t skip, uint64_t count) {
  nic->axi.fail_write_skip = skip;
  nic->axi.fail_write_count = count;
}

uint64_t nic_cycle(const struct nic *nic) {
  return nic->cycle;
}

unsigned nic_run(struct nic *nic, uint64_t max_cycles, unsigned stop_mask) {
  uint64_t limit = max_cycles > UINT64_MAX - nic->cycle
                       ? UINT64_MAX
                       : nic->cycle + max_cycles;
  for (;;) {
    unsigned stop = 0;
    if ((stop_mask & NIC_STOP_IRQ) && nic->irq) {
      stop |= NIC_STOP_IRQ;
    }
    if ((stop_mask & NIC_STOP_FRAME) && nic->wire.done) {
      stop |= NIC_STOP_FRAME;
    }
    if ((stop_mask & NIC_STOP_IDLE) && next_event(nic) > nic->cycle) {
      stop |= NIC_STOP_IDLE;
    }
    if (stop || nic->cycle >= limit) {
      return stop;
    }
    uint64_t next = nic->no_idle_skip ? nic->cycle : next_event(nic);
    if (next > nic->cycle) {
      skip_to(nic, next < limit ? next : limit);
    } else {
      cycle(nic);
    }
  }
}

uint64_t nic_next_event(const struct nic *nic) {
  return next_event(nic);
}

uint64_t nic_evaluated(const struct nic *nic) {
  return nic->evaluated;
}

uint32_t nic_read(struct nic *nic, uint32_t offset, unsigned size) {
  check_access(offset, size);
  nic->access.ar = true;
  nic->top->s_axil_araddr = (uint16_t)offset;
  nic->top->s_axil_arprot = 0;
  uint32_t value = access(nic) >> 8 * (offset & 3);
  if (size < 4) {
    value &= (1u << 8 * size) - 1;
  }
  nic->event(NIC_EVENT_REG_READ, offset, value);
  return value;
}

void nic_write(struct nic *nic, uint32_t offset, uint32_t value,
               unsigned size) {
  check_access(offset, size);
  nic->access.aw = nic->access.w = true;
  nic->top->s_axil_awaddr = (uint16_t)offset;
  nic->top->s_axil_awprot = 0;
  nic->top->s_axil_wdata = value << 8 * (offset & 3);
  nic->top->s_axil_wstrb =
      (uint8_t)((size == 4 ? 15u : (1u << size) - 1) << (offset & 3));
  access(nic);
  nic->event(NIC_EVENT_REG_WRITE, offset, value);
}

void nic_provision(struct nic *nic, const uint8_t mac[6], uint16_t mtu) {
  uint32_t low = (uint32_t)mac[0] | (uint32_t)mac[1] << 8 |
                 (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
  nic_write(nic, PH_REGS_STATION_LOW_OFFSET, low, 4);
  nic_write(nic, PH_REGS_STATION_HIGH_OFFSET,
            (uint32_t)mac[4] | (uint32_t)mac[5] << 8, 4);
  nic_write(nic, PH_REGS_MTU_OFFSET, mtu, 4);
  nic_write(nic, PH_REGS_MAX_FRAME_OFFSET, mtu + 22u, 4);
}

bool nic_irq(const struct nic *nic) {
  return nic->irq;
}

bool nic_frame_get(struct nic *nic, struct nic_frame *frame) {
  struct xgmii_incoming *f = nic->wire.done;
  if (!f) {
    return false;
  }
  nic->wire.done = f->next;
  if (!f->next) {
    nic->wire.done_end = &nic->wire.done;
  }
  free(nic->taken);
  nic->taken = f;
  frame->data = f->data;
  frame->len = f->len;
  frame->start = f->start;
  frame->end = f->end;
  frame->flags = f->flags;
  return true;
}

uint64_t nic_frame_put(struct nic *nic, const uint8_t *data, size_t len,
                       uint64_t start, unsigned flags) {
  return xgmii_wire_put(&nic->wire, nic->cycle, data, len, start, flags);
}

size_t nic_frames_pending(const struct nic *nic) {
  return nic->wire.queued;
}

uint64_t nic_event_hash(const struct nic *nic) {
  return nic->hash;
}

uint64_t nic_state_hash(const struct nic *nic) {
  uint64_t hash = 0, word;
  nic->top->tick_i = 0; /* an input that holds until it is driven again */
  const char *image = static_cast<const char *>(nic->top->image);
  for (size_t i = 0; i + 8 <= nic->top->image_size; i += 8) {
    memcpy(&word, image + i, 8);
    hash = event_mix(hash, word);
  }
  return hash;
}

} /* extern "C" */
