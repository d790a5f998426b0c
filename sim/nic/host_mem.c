/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/nic/host_mem.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, BEAT = 16 };

static bool add_rights(struct host_mem *mem, size_t size) {
  mem->readable = calloc(size / BEAT, sizeof *mem->readable);
  mem->writable = calloc(size / BEAT, sizeof *mem->writable);
  mem->size = size;
  return mem->readable && mem->writable;
}

struct host_mem *host_mem_create(size_t size) {
  if (size == 0 || size > SIZE_MAX - PAGE) {
    return NULL;
  }
  size = (size + PAGE - 1) / PAGE * PAGE;
  struct host_mem *mem = calloc(1, sizeof *mem);
  if (!mem) {
    return NULL;
  }
  mem->base = aligned_alloc(PAGE, size);
  if (!add_rights(mem, size) || !mem->base) {
    host_mem_destroy(mem);
    return NULL;
  }
  memset(mem->base, 0, size);
  return mem;
}

struct host_mem *host_mem_view(const struct host_mem *of) {
  struct host_mem *mem = calloc(1, sizeof *mem);
  if (!mem) {
    return NULL;
  }
  mem->base = of->base;
  mem->is_view = true;
  if (!add_rights(mem, of->size)) {
    host_mem_destroy(mem);
    return NULL;
  }
  return mem;
}

void host_mem_destroy(struct host_mem *mem) {
  if (mem) {
    if (!mem->is_view) {
      free(mem->base);
    }
    free(mem->readable);
    free(mem->writable);
    free(mem);
  }
}

void *host_mem_data(struct host_mem *mem) {
  return mem->base;
}

size_t host_mem_size(const struct host_mem *mem) {
  return mem->size;
}

uint64_t host_mem_bus(const struct host_mem *mem, const void *ptr) {
  uintptr_t at = (uintptr_t)ptr, base = (uintptr_t)mem->base;
  if (at < base || at - base >= mem->size) {
    return 0;
  }
  return HOST_MEM_BASE + (at - base);
}

void *host_mem_ptr(struct host_mem *mem, uint64_t bus, size_t len) {
  uint64_t offset = bus - HOST_MEM_BASE;
  if (bus < HOST_MEM_BASE || offset > mem->size || len > mem->size - offset) {
    return NULL;
  }
  return mem->base + offset;
}

/* Sets or clears the bits of `len` bytes from `first` in one bitmap. */
static void mark(uint16_t *map, uint64_t first, uint64_t len, bool set) {
  while (len > 0) {
    unsigned low = (unsigned)(first % BEAT);
    unsigned count = len < BEAT - low ? (unsigned)len : BEAT - low;
    uint16_t bits = (uint16_t)(((1u << count) - 1) << low);
    uint16_t *word = &map[first / BEAT];
    *word = (uint16_t)(set ? *word | bits : *word & ~bits);
    first += count;
    len -= count;
  }
}

bool host_mem_allow(struct host_mem *mem, uint64_t bus, size_t len,
                    unsigned access) {
  if (!host_mem_ptr(mem, bus, len)) {
    return false;
  }
  mark(mem->readable, bus - HOST_MEM_BASE, len, access & HOST_MEM_READ);
  mark(mem->writable, bus - HOST_MEM_BASE, len, access & HOST_MEM_WRITE);
  return true;
}

const struct host_mem_violation *host_mem_violation(
    const struct host_mem *mem) {
  return &mem->violation;
}

void host_mem_violation_clear(struct host_mem *mem) {
  memset(&mem->violation, 0, sizeof mem->violation);
}
