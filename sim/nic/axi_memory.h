/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory as an AXI4 slave, one call of each half per cycle. Private to
 * sim/nic; in a header because it runs in the model's inner loop.
 *
 * 1. A burst is accepted while fewer than AXI_MEMORY_DEPTH are open.
 * 2. Data of a read are looked up when their beat is presented; data of a write
 *    become visible when its response is presented.
 * 3. Bursts of one ID are answered in order. Without jitter so are all others.
 * 4. What is presented is held until it is taken.
 */
#ifndef PH_SIM_NIC_AXI_MEMORY_H
#define PH_SIM_NIC_AXI_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sim/nic/event_hash.h"
#include "sim/nic/host_mem.h"
#include "sim/nic/nic_model.h"

enum {
  AXI_MEMORY_DEPTH = 64,   /* bursts open per direction, a power of two */
  AXI_MEMORY_BEATS = 1024, /* write beats that wait for their response */
  AXI_OKAY = 0,
  AXI_SLVERR = 2,
  AXI_DECERR = 3,
};

struct axi_burst {
  uint64_t addr;  /* as given */
  uint64_t ready; /* cycle from which it may be answered */
  uint32_t beats;
  uint32_t beat;  /* next beat; of a write: beats received */
  uint32_t first; /* write: index of the first beat in beat ring */
  uint8_t id;
  bool fail; /* an injected error */
  bool done;
};

struct axi_beat {
  uint64_t data[2];
  uint16_t strb;
};

struct axi_memory {
  struct host_mem *mem;
  struct nic_memory knobs;
  uint64_t fail_read_skip, fail_read_count;
  uint64_t fail_write_skip, fail_write_count;
  void (*observe)(void *user, uint64_t cycle, enum nic_event event,
                  uint64_t addr, uint64_t len, unsigned id);
  void *user;
  uint64_t *hash;

  /* Rings: [head, tail) are open. */
  struct axi_burst reads[AXI_MEMORY_DEPTH], writes[AXI_MEMORY_DEPTH];
  uint32_t read_head, read_tail, write_head, write_tail;
  uint32_t write_data; /* the write that takes the next W beat */
  struct axi_beat beats[AXI_MEMORY_BEATS];
  uint32_t beat_head, beat_tail;
  uint64_t read_next, write_next; /* earliest cycle of the next beat (gap) */
  int32_t read_burst; /* read being answered beat by beat, -1: none */

  /* Outputs of the slave in this cycle. */
  bool arready, awready, wready, rvalid, bvalid;
  uint8_t rid, rresp, bid, bresp;
  bool rlast;
  uint64_t rdata[2];
  uint32_t rburst, bburst; /* ring index that the answer belongs to */
};

/* A random number of the cycle and purpose alone, so that skipped idle cycles
 * change nothing. */
static inline uint32_t axi_random(const struct axi_memory *m, uint64_t cycle,
                                  uint64_t purpose) {
  uint64_t h = event_mix(m->knobs.seed * 16 + purpose, cycle);
  return (uint32_t)(event_mix(h, purpose) >> 32);
}

enum axi_purpose { AXI_FOR_AR, AXI_FOR_R, AXI_FOR_AW, AXI_FOR_W, AXI_FOR_B };

static inline bool axi_stall(const struct axi_memory *m, uint64_t cycle,
                             enum axi_purpose purpose) {
  return m->knobs.stall &&
         (axi_random(m, cycle, (uint64_t)purpose) & 255) < m->knobs.stall;
}

static inline uint64_t axi_delay(const struct axi_memory *m, uint64_t cycle,
                                 uint32_t latency) {
  uint64_t delay = latency ? latency : 1;
  if (m->knobs.jitter) {
    delay += axi_random(m, cycle, 8 + (latency & 1)) % (m->knobs.jitter + 1);
  }
  return delay;
}

static inline bool axi_memory_idle(const struct axi_memory *m) {
  return m->read_head == m->read_tail && m->write_head == m->write_tail;
}

/* Makes an AXI memory over `mem`; hash, observe and user are filled by the
 * caller. */
void axi_memory_init(struct axi_memory *m, struct host_mem *mem);
void axi_memory_knobs(struct axi_memory *m, const struct nic_memory *knobs);

/* Slow paths: a beat that memory refuses or that is not wholly readable. */
uint8_t axi_memory_refuse(struct axi_memory *m, uint64_t addr, uint16_t strb,
                          uint8_t id, bool write, uint64_t cycle);
void axi_memory_mask(const struct host_mem *mem, uint64_t offset,
                     uint64_t data[2]);
void axi_memory_store(struct host_mem *mem, uint64_t offset,
                      const struct axi_beat *beat);
void axi_memory_unsupported(const char *what, uint64_t addr);

/* The beat of `burst` that comes next, looked up now. */
static inline void axi_lookup(struct axi_memory *m, struct axi_burst *burst,
                              uint64_t cycle) {
  uint64_t addr = (burst->addr & ~UINT64_C(15)) + 16 * (uint64_t)burst->beat;
  uint64_t offset = addr - HOST_MEM_BASE;
  m->rresp = burst->fail ? AXI_SLVERR : AXI_OKAY;
  m->rdata[0] = m->rdata[1] = 0;
  if (addr < HOST_MEM_BASE || offset >= m->mem->size ||
      !m->mem->readable[offset / 16]) {
    m->rresp = axi_memory_refuse(m, addr, 0xffff, burst->id, false, cycle);
  } else if (!burst->fail) {
    memcpy(m->rdata, m->mem->base + offset, 16);
    if (m->mem->readable[offset / 16] != 0xffff) {
      axi_memory_mask(m->mem, offset, m->rdata);
    }
  }
}

/* Which open read is answered next; -1 when none is ready. */
static inline int32_t axi_pick_read(struct axi_memory *m, uint64_t cycle) {
  uint32_t seen = 0; /* IDs with an older open burst */
  for (uint32_t i = m->read_head; i != m->read_tail; i++) {
    struct axi_burst *burst = &m->reads[i % AXI_MEMORY_DEPTH];
    if (burst->done || seen >> burst->id & 1) {
      continue;
    }
    if (burst->ready <= cycle) {
      return (int32_t)(i % AXI_MEMORY_DEPTH);
    }
    if (!m->knobs.jitter) {
      break;
    }
    seen |= 1u << burst->id;
  }
  return -1;
}

static inline void axi_present_read(struct axi_memory *m, uint64_t cycle) {
  if (m->rvalid || m->read_head == m->read_tail || cycle < m->read_next ||
      axi_stall(m, cycle, AXI_FOR_R)) {
    return;
  }
  /* With jitter the beats of different IDs interleave. */
  if (m->read_burst < 0 || m->knobs.jitter) {
    m->read_burst = axi_pick_read(m, cycle);
  }
  if (m->read_burst < 0) {
    return;
  }
  struct axi_burst *burst = &m->reads[m->read_burst];
  axi_lookup(m, burst, cycle);
  m->rid = burst->id;
  m->rlast = burst->beat + 1 == burst->beats;
  m->rburst = (uint32_t)m->read_burst;
  m->rvalid = true;
}

/* Makes the data of a write visible; returns the response. */
static inline uint8_t axi_commit(struct axi_memory *m, struct axi_burst *burst,
                                 uint64_t cycle) {
  uint8_t resp = burst->fail ? AXI_SLVERR : AXI_OKAY;
  for (uint32_t i = 0; i < burst->beats && !burst->fail; i++) {
    const struct axi_beat *beat =
        &m->beats[(burst->first + i) % AXI_MEMORY_BEATS];
    uint64_t addr = (burst->addr & ~UINT64_C(15)) + 16 * (uint64_t)i;
    uint64_t offset = addr - HOST_MEM_BASE;
    if (beat->strb == 0) {
      continue;
    }
    if (addr < HOST_MEM_BASE || offset >= m->mem->size ||
        (beat->strb & ~m->mem->writable[offset / 16])) {
      resp = axi_memory_refuse(m, addr, beat->strb, burst->id, true, cycle);
    } else if (beat->strb == 0xffff) {
      memcpy(m->mem->base + offset, beat->data, 16);
    } else {
      axi_memory_store(m->mem, offset, beat);
    }
  }
  return resp;
}

static inline void axi_present_response(struct axi_memory *m, uint64_t cycle) {
  uint32_t seen = 0;
  if (m->bvalid || m->write_head == m->write_tail ||
      axi_stall(m, cycle, AXI_FOR_B)) {
    return;
  }
  for (uint32_t i = m->write_head; i != m->write_data; i++) {
    struct axi_burst *burst = &m->writes[i % AXI_MEMORY_DEPTH];
    if (burst->done || seen >> burst->id & 1) {
      continue;
    }
    if (burst->ready <= cycle) {
      m->bresp = axi_commit(m, burst, cycle);
      m->bid = burst->id;
      m->bburst = i % AXI_MEMORY_DEPTH;
      m->bvalid = true;
      return;
    }
    if (!m->knobs.jitter) {
      return;
    }
    seen |= 1u << burst->id;
  }
}

/* First half of a cycle: decides the slave's outputs, from registers only. */
static inline void axi_memory_drive(struct axi_memory *m, uint64_t cycle) {
  m->arready = m->read_tail - m->read_head < AXI_MEMORY_DEPTH &&
               !axi_stall(m, cycle, AXI_FOR_AR);
  m->awready = m->write_tail - m->write_head < AXI_MEMORY_DEPTH &&
               m->beat_tail - m->beat_head <= AXI_MEMORY_BEATS - 512 &&
               !axi_stall(m, cycle, AXI_FOR_AW);
  m->wready = m->write_data != m->write_tail && cycle >= m->write_next &&
              !axi_stall(m, cycle, AXI_FOR_W);
  axi_present_response(m, cycle);
  axi_present_read(m, cycle);
}

/* An address that the master offered in this cycle and the slave took. */
static inline void axi_memory_take_read(struct axi_memory *m, uint64_t cycle,
                                        uint64_t addr, uint32_t beats,
                                        uint8_t id) {
  struct axi_burst *burst = &m->reads[m->read_tail++ % AXI_MEMORY_DEPTH];
  burst->addr = addr;
  burst->beats = beats;
  burst->beat = 0;
  burst->id = id;
  burst->done = false;
  burst->ready = cycle + axi_delay(m, cycle, m->knobs.read_latency);
  burst->fail = m->fail_read_count > 0 && m->fail_read_skip == 0;
  if (burst->fail) {
    m->fail_read_count--;
  } else if (m->fail_read_skip) {
    m->fail_read_skip--;
  }
  event_hash(m->hash, cycle, EVENT_AR, addr, (uint64_t)id << 32 | beats);
  if (m->observe) {
    m->observe(m->user, cycle, NIC_EVENT_READ, addr, 16 * (uint64_t)beats, id);
  }
}

static inline void axi_memory_take_write(struct axi_memory *m, uint64_t cycle,
                                         uint64_t addr, uint32_t beats,
                                         uint8_t id) {
  struct axi_burst *burst = &m->writes[m->write_tail++ % AXI_MEMORY_DEPTH];
  burst->addr = addr;
  burst->beats = beats;
  burst->beat = 0;
  burst->id = id;
  burst->done = false;
  burst->fail = m->fail_write_count > 0 && m->fail_write_skip == 0;
  if (burst->fail) {
    m->fail_write_count--;
  } else if (m->fail_write_skip) {
    m->fail_write_skip--;
  }
  event_hash(m->hash, cycle, EVENT_AW, addr, (uint64_t)id << 32 | beats);
  if (m->observe) {
    m->observe(m->user, cycle, NIC_EVENT_WRITE, addr, 16 * (uint64_t)beats, id);
  }
}

static inline void axi_memory_take_data(struct axi_memory *m, uint64_t cycle,
                                        uint64_t low, uint64_t high,
                                        uint16_t strb, bool last) {
  struct axi_burst *burst = &m->writes[m->write_data % AXI_MEMORY_DEPTH];
  struct axi_beat *beat = &m->beats[m->beat_tail % AXI_MEMORY_BEATS];
  if (burst->beat == 0) {
    burst->first = m->beat_tail % AXI_MEMORY_BEATS;
  }
  m->beat_tail++;
  beat->data[0] = low;
  beat->data[1] = high;
  beat->strb = strb;
  burst->beat++;
  if (last != (burst->beat == burst->beats)) {
    axi_memory_unsupported("WLAST out of place", burst->addr);
  }
  m->write_next = cycle + 1 + m->knobs.beat_gap;
  event_hash(m->hash, cycle, EVENT_W, low ^ strb, high);
  if (last) {
    burst->ready = cycle + axi_delay(m, cycle, m->knobs.write_latency);
    m->write_data++;
  }
}

/* The beat or response that is presented was taken in this cycle. */
static inline void axi_memory_read_taken(struct axi_memory *m, uint64_t cycle) {
  struct axi_burst *burst = &m->reads[m->rburst];
  event_hash(m->hash, cycle, EVENT_R, m->rdata[0] ^ m->rid,
             m->rdata[1] ^ m->rresp);
  m->rvalid = false;
  m->read_next = cycle + 1 + m->knobs.beat_gap;
  if (++burst->beat < burst->beats) {
    return;
  }
  burst->done = true;
  m->read_burst = -1;
  if (m->observe) {
    m->observe(m->user, cycle, NIC_EVENT_READ_DATA, burst->addr,
               16 * (uint64_t)burst->beats, burst->id);
  }
  while (m->read_head != m->read_tail &&
         m->reads[m->read_head % AXI_MEMORY_DEPTH].done) {
    m->read_head++;
  }
}

static inline void axi_memory_response_taken(struct axi_memory *m,
                                             uint64_t cycle) {
  struct axi_burst *burst = &m->writes[m->bburst];
  event_hash(m->hash, cycle, EVENT_B, m->bid, m->bresp);
  m->bvalid = false;
  burst->done = true;
  if (m->observe) {
    m->observe(m->user, cycle, NIC_EVENT_WRITE_DONE, burst->addr,
               16 * (uint64_t)burst->beats, burst->id);
  }
  while (m->write_head != m->write_data &&
         m->writes[m->write_head % AXI_MEMORY_DEPTH].done) {
    m->beat_head += m->writes[m->write_head % AXI_MEMORY_DEPTH].beats;
    m->write_head++;
  }
}

#endif
