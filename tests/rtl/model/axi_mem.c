/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/axi_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(struct axi_mem *m, const char *what, uint64_t addr) {
  if (m->violations++ == 0 && !m->quiet) {
    fprintf(stderr, "axi_mem: cycle %llu: %s at %llx\n",
            (unsigned long long)m->cycle, what, (unsigned long long)addr);
  }
}

static bool inside(const struct axi_mem *m, uint64_t addr, uint64_t bytes) {
  return addr >= m->base && addr - m->base <= m->size &&
         bytes <= m->size - (addr - m->base);
}

static bool fails(const struct axi_mem *m, uint64_t addr) {
  return addr >= m->fail_from && addr < m->fail_to;
}

static void check_address(struct axi_mem *m, uint64_t addr, unsigned beats,
                          unsigned size, unsigned burst) {
  uint64_t end = (addr & ~15ull) + 16ull * beats - 1;
  if (addr >> 12 != end >> 12) complain(m, "burst crosses 4 KB", addr);
  if (size != 4 || burst != 1) complain(m, "not INCR of 16 bytes", addr);
  if (beats > 16) complain(m, "burst longer than 16 beats", addr);
}

/* --- Reads ---------------------------------------------------------------- */
static void read_take(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  if (*p->arvalid) {
    if (m->ar_wait && m->ar_held != *p->araddr)
      complain(m, "AR changed while it waited", *p->araddr);
    m->ar_held = *p->araddr;
  } else if (m->ar_wait) {
    complain(m, "ARVALID withdrawn", m->ar_held);
  }
  m->ar_wait = *p->arvalid && !*p->arready;
  if (!*p->arvalid || !*p->arready) return;
  unsigned id = *p->arid;
  struct axi_mem_burst *b = &m->read[id][m->read_tail[id]++ % AXI_MEM_BURSTS];
  b->addr = *p->araddr;
  b->beats = *p->arlen + 1u;
  b->beat = 0;
  b->due = m->cycle + m->read_latency;
  check_address(m, b->addr, b->beats, *p->arsize, *p->arburst);
  m->reads++;
  if (++m->reads_open > m->max_reads_open) m->max_reads_open = m->reads_open;
  if (m->reads_open >= AXI_MEM_BURSTS) abort();
}

/* The bytes that the master may use of one beat. */
static void read_beat(struct axi_mem *m, struct axi_mem_burst *b, unsigned id) {
  const struct axi_mem_port *p = &m->port;
  uint64_t line = (b->addr & ~15ull) + 16ull * b->beat;
  uint64_t first = b->beat ? line : b->addr;
  *p->rid = (uint8_t)id;
  *p->rresp = 0;
  if (fails(m, first)) {
    *p->rresp = 2;
    memset(p->rdata, 0xa5, 16);
  } else if (!inside(m, line, 16)) {
    *p->rresp = 3;
    memset(p->rdata, 0x5a, 16);
    complain(m, "read outside memory", first);
  } else {
    if (!(m->perms[first - m->base] & AXI_MEM_READ))
      complain(m, "read without permission", first);
    memcpy(p->rdata, m->data + (line - m->base), 16);
  }
  *p->rlast = b->beat + 1 == b->beats;
  *p->rvalid = 1;
}

static void read_drive(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  *p->arready = !tb_rand_chance(&m->rand, m->stall);
  if (*p->rvalid) return; /* held until taken */
  if (tb_rand_chance(&m->rand, m->stall)) return;
  unsigned first = tb_rand_below(&m->rand, AXI_MEM_IDS);
  for (unsigned i = 0; i < AXI_MEM_IDS; i++) {
    unsigned id = (first + i) % AXI_MEM_IDS;
    if (m->read_head[id] == m->read_tail[id]) continue;
    struct axi_mem_burst *b = &m->read[id][m->read_head[id] % AXI_MEM_BURSTS];
    if (b->due > m->cycle) continue;
    read_beat(m, b, id);
    return;
  }
}

static void read_sample(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  if (*p->rvalid && *p->rready) {
    struct axi_mem_burst *b =
        &m->read[*p->rid][m->read_head[*p->rid] % AXI_MEM_BURSTS];
    m->read_beats++;
    if (++b->beat == b->beats) {
      m->read_head[*p->rid]++;
      m->reads_open--;
    }
  }
  read_take(m);
}

/* --- Writes --------------------------------------------------------------- */
static void write_take(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  if (*p->awvalid) {
    if (m->aw_wait && m->aw_held != *p->awaddr)
      complain(m, "AW changed while it waited", *p->awaddr);
    m->aw_held = *p->awaddr;
  } else if (m->aw_wait) {
    complain(m, "AWVALID withdrawn", m->aw_held);
  }
  m->aw_wait = *p->awvalid && !*p->awready;
  if (!*p->awvalid || !*p->awready) return;
  struct axi_mem_burst *b = &m->write[m->write_tail++ % AXI_MEM_BURSTS];
  memset(b, 0, sizeof *b);
  b->addr = *p->awaddr;
  b->beats = *p->awlen + 1u;
  b->id = *p->awid;
  b->due = UINT64_MAX;
  check_address(m, b->addr, b->beats, *p->awsize, *p->awburst);
  m->writes++;
  unsigned open = m->write_tail - m->write_head;
  if (open > m->max_writes_open) m->max_writes_open = open;
  if (open >= AXI_MEM_BURSTS) abort();
  if (m->on_write) m->on_write(m->ctx, b->addr);
}

static void write_beat(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  uint8_t now[18];
  memcpy(now, p->wdata, 16);
  memcpy(now + 16, p->wstrb, 2);
  if (m->w_wait && (!*p->wvalid || memcmp(now, m->w_held, 18)))
    complain(m, "W changed while it waited", 0);
  memcpy(m->w_held, now, 18);
  m->w_wait = *p->wvalid && !*p->wready;
  if (!*p->wvalid || !*p->wready) return;
  if (m->write_data == m->write_tail) {
    complain(m, "data before the address", 0);
    return;
  }
  struct axi_mem_burst *b = &m->write[m->write_data % AXI_MEM_BURSTS];
  if (b->beat < 16) {
    memcpy(b->data[b->beat], p->wdata, 16);
    b->strb[b->beat] = *p->wstrb;
    if (b->beat == 0 && (*p->wstrb & ((1u << (b->addr & 15)) - 1u)))
      complain(m, "strobe below the address", b->addr);
  }
  m->write_beats++;
  b->beat++;
  if (*p->wlast != (b->beat == b->beats)) complain(m, "WLAST", b->addr);
  if (b->beat == b->beats) {
    m->write_data++;
    b->due = m->cycle + m->write_latency;
    b->apply = m->shuffle
                   ? m->cycle + tb_rand_below(&m->rand, m->write_latency + 1)
                   : b->due;
  }
}

static void write_apply(struct axi_mem *m, struct axi_mem_burst *b) {
  b->applied = true;
  for (unsigned i = 0; i < b->beats && i < 16; i++) {
    for (unsigned lane = 0; lane < 16; lane++) {
      uint64_t addr = (b->addr & ~15ull) + 16ull * i + lane;
      if (!(b->strb[i] >> lane & 1)) continue;
      if (fails(m, addr)) {
        b->error = true;
      } else if (!inside(m, addr, 1)) {
        b->error = true;
        complain(m, "write outside memory", addr);
      } else {
        if (!(m->perms[addr - m->base] & AXI_MEM_WRITE))
          complain(m, "write without permission", addr);
        m->data[addr - m->base] = b->data[i][lane];
      }
    }
  }
}

static void write_drive(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  *p->awready = !tb_rand_chance(&m->rand, m->stall);
  *p->wready = !tb_rand_chance(&m->rand, m->stall);
  for (unsigned i = m->write_head; i != m->write_data; i++) {
    struct axi_mem_burst *b = &m->write[i % AXI_MEM_BURSTS];
    if (!b->applied && b->apply <= m->cycle) write_apply(m, b);
  }
  if (*p->bvalid || m->write_head == m->write_data) return;
  if (tb_rand_chance(&m->rand, m->stall)) return;
  struct axi_mem_burst *b = &m->write[m->write_head % AXI_MEM_BURSTS];
  if (b->due > m->cycle || !b->applied) return;
  *p->bid = (uint8_t)b->id;
  *p->bresp = b->error ? 2 : 0;
  *p->bvalid = 1;
}

static void write_sample(struct axi_mem *m) {
  const struct axi_mem_port *p = &m->port;
  if (*p->bvalid && *p->bready) m->write_head++;
  write_beat(m);
  write_take(m);
}

/* --- Agent ---------------------------------------------------------------- */
static void drive(void *self) {
  struct axi_mem *m = self;
  m->cycle++;
  if (m->port.arvalid) {
    /* A response that was taken falls before the next one rises. */
    if (m->r_taken) *m->port.rvalid = 0;
    read_drive(m);
  }
  if (m->port.awvalid) {
    if (m->b_taken) *m->port.bvalid = 0;
    write_drive(m);
  }
}

static void sample(void *self) {
  struct axi_mem *m = self;
  if (m->port.arvalid) {
    read_sample(m);
    m->r_taken = *m->port.rvalid && *m->port.rready;
  }
  if (m->port.awvalid) {
    write_sample(m);
    m->b_taken = *m->port.bvalid && *m->port.bready;
  }
}

struct axi_mem *axi_mem_new(struct tb *tb, unsigned clock,
                            const struct axi_mem_port *port, uint64_t base,
                            uint64_t size, uint64_t seed) {
  struct axi_mem *m = calloc(1, sizeof *m);
  m->port = *port;
  m->base = base;
  m->size = size;
  m->data = calloc(1, size);
  m->perms = calloc(1, size);
  m->next = base;
  m->tb = tb;
  m->rand.state = seed;
  m->read_latency = m->write_latency = 10;
  for (unsigned i = 0; i < AXI_MEM_IDS; i++)
    m->read[i] = calloc(AXI_MEM_BURSTS, sizeof *m->read[i]);
  m->write = calloc(AXI_MEM_BURSTS, sizeof *m->write);
  m->agent.drive = drive;
  m->agent.sample = sample;
  m->agent.self = m;
  tb_agent(tb, clock, &m->agent);
  return m;
}

void axi_mem_delete(struct axi_mem *m) {
  for (unsigned i = 0; i < AXI_MEM_IDS; i++) free(m->read[i]);
  free(m->write);
  free(m->data);
  free(m->perms);
  free(m);
}

bool axi_mem_idle(const struct axi_mem *m) {
  return m->reads_open == 0 && m->write_head == m->write_tail;
}

uint64_t axi_mem_alloc(struct axi_mem *m, uint64_t bytes, unsigned align) {
  uint64_t addr = (m->next + align - 1) / align * align;
  if (!inside(m, addr, bytes)) abort();
  m->next = addr + bytes;
  return addr;
}

void axi_mem_release_all(struct axi_mem *m) {
  m->next = m->base;
  memset(m->perms, 0, m->size);
}

void axi_mem_permit(struct axi_mem *m, uint64_t addr, uint64_t bytes,
                    unsigned perms) {
  if (!inside(m, addr, bytes)) abort();
  memset(m->perms + (addr - m->base), (int)perms, bytes);
}

void *axi_mem_at(struct axi_mem *m, uint64_t addr) {
  return m->data + (addr - m->base);
}

uint16_t axi_mem_get16(struct axi_mem *m, uint64_t addr) {
  const uint8_t *p = axi_mem_at(m, addr);
  return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t axi_mem_get32(struct axi_mem *m, uint64_t addr) {
  return axi_mem_get16(m, addr) | (uint32_t)axi_mem_get16(m, addr + 2) << 16;
}

void axi_mem_put16(struct axi_mem *m, uint64_t addr, uint16_t value) {
  uint8_t *p = axi_mem_at(m, addr);
  p[0] = (uint8_t)value;
  p[1] = (uint8_t)(value >> 8);
}

void axi_mem_put32(struct axi_mem *m, uint64_t addr, uint32_t value) {
  axi_mem_put16(m, addr, (uint16_t)value);
  axi_mem_put16(m, addr + 2, (uint16_t)(value >> 16));
}

void axi_mem_put64(struct axi_mem *m, uint64_t addr, uint64_t value) {
  axi_mem_put32(m, addr, (uint32_t)value);
  axi_mem_put32(m, addr + 4, (uint32_t)(value >> 32));
}
