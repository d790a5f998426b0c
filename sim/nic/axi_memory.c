/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/nic/axi_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void axi_memory_init(struct axi_memory *m, struct host_mem *mem) {
  memset(m, 0, sizeof *m);
  m->mem = mem;
  m->read_burst = -1;
}

void axi_memory_knobs(struct axi_memory *m, const struct nic_memory *knobs) {
  m->knobs = *knobs;
}

uint8_t axi_memory_refuse(struct axi_memory *m, uint64_t addr, uint16_t strb,
                          uint8_t id, bool write, uint64_t cycle) {
  struct host_mem_violation *v = &m->mem->violation;
  if (v->count++ == 0) {
    v->addr = addr;
    v->cycle = cycle;
    v->strb = strb;
    v->id = id;
    v->write = write;
  }
  return AXI_DECERR;
}

void axi_memory_mask(const struct host_mem *mem, uint64_t offset,
                     uint64_t data[2]) {
  uint16_t readable = mem->readable[offset / 16];
  for (unsigned i = 0; i < 16; i++) {
    if (!(readable >> i & 1)) { /* a value that no test data hold by chance */
      uint64_t poison = UINT64_C(0xdb) << (i % 8 * 8);
      data[i / 8] = (data[i / 8] & ~(UINT64_C(0xff) << (i % 8 * 8))) | poison;
    }
  }
}

void axi_memory_store(struct host_mem *mem, uint64_t offset,
                      const struct axi_beat *beat) {
  const uint8_t *from = (const uint8_t *)beat->data;
  for (unsigned i = 0; i < 16; i++) {
    if (beat->strb >> i & 1) {
      mem->base[offset + i] = from[i];
    }
  }
}

void axi_memory_unsupported(const char *what, uint64_t addr) {
  fprintf(stderr, "nic: AXI master: %s (address 0x%" PRIx64 ")\n", what, addr);
  abort();
}
