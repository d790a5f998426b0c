/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/host_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, ENTRY = 16 };
enum { TABLE_BYTES = ENTRY * HOST_RING_ELEMS };

void host_ring_init(struct host_ring *r, struct axi_mem *mem, uint16_t size,
                    bool writes, bool event_idx, uint64_t seed) {
  memset(r, 0, sizeof *r);
  r->mem = mem;
  r->size = size;
  r->writes = writes;
  r->event_idx = event_idx;
  r->rand.state = seed;
  /* 2.7: alignment 16, 2 and 4, and no more. */
  r->desc = axi_mem_alloc(mem, ENTRY * (uint64_t)size + 16, 32) + 16;
  r->avail = axi_mem_alloc(mem, 6 + 2ull * size + 34, 16) + 2 +
             2 * tb_rand_below(&r->rand, 7);
  r->used = axi_mem_alloc(mem, 6 + 8ull * size + 34, 16) +
            4 * tb_rand_below(&r->rand, 4);
  r->tables = axi_mem_alloc(mem, (uint64_t)TABLE_BYTES * size, 16);
  axi_mem_permit(mem, r->desc, ENTRY * (uint64_t)size, AXI_MEM_READ);
  axi_mem_permit(mem, r->avail, 6 + 2ull * size, AXI_MEM_READ);
  axi_mem_permit(mem, r->used, 6 + 8ull * size, AXI_MEM_WRITE);
  memset(axi_mem_at(mem, r->avail), 0, 6 + 2ull * size);
  memset(axi_mem_at(mem, r->used), 0, 6 + 8ull * size);
  r->free = calloc(size, sizeof *r->free);
  r->chain = calloc(size, sizeof *r->chain);
  for (unsigned i = 0; i < size; i++) r->free[i] = (uint16_t)i;
  r->free_count = size;
}

void host_ring_free(struct host_ring *r) {
  free(r->free);
  free(r->chain);
}

void host_ring_write_desc(struct axi_mem *m, uint64_t table, unsigned i,
                          uint64_t addr, uint32_t len, uint16_t flags,
                          uint16_t next) {
  uint64_t at = table + (uint64_t)ENTRY * i;
  axi_mem_put64(m, at, addr);
  axi_mem_put32(m, at + 8, len);
  axi_mem_put16(m, at + 12, flags);
  axi_mem_put16(m, at + 14, next);
}

void host_ring_post_head(struct host_ring *r, uint16_t head) {
  axi_mem_put16(r->mem, r->avail + 4 + 2ull * (r->avail_idx % r->size), head);
  r->avail_idx++;
}

static uint16_t take_desc(struct host_ring *r) {
  unsigned i = tb_rand_below(&r->rand, r->free_count);
  uint16_t desc = r->free[i];
  r->free[i] = r->free[--r->free_count];
  return desc;
}

static void permit(struct host_ring *r, const struct host_chain *c, bool on) {
  unsigned perms = !on ? 0 : r->writes ? AXI_MEM_WRITE : AXI_MEM_READ;
  for (unsigned i = 0; i < c->count; i++)
    axi_mem_permit(r->mem, c->elem[i].addr, c->elem[i].len, perms);
  if (c->table)
    axi_mem_permit(r->mem, c->table, TABLE_BYTES, on ? AXI_MEM_READ : 0);
}

/* Elements [from, count) as a table; sometimes its entries are not in order. */
static void write_table(struct host_ring *r, struct host_chain *c,
                        unsigned from) {
  uint16_t flags = r->writes ? WRITE : 0;
  unsigned n = c->count - from;
  uint16_t order[HOST_RING_ELEMS];
  for (unsigned i = 0; i < n; i++) order[i] = (uint16_t)i;
  if (n > 2 && tb_rand_chance(&r->rand, 64)) {
    unsigned a = 1 + tb_rand_below(&r->rand, n - 1);
    unsigned b = 1 + tb_rand_below(&r->rand, n - 1);
    uint16_t swap = order[a];
    order[a] = order[b];
    order[b] = swap;
  }
  for (unsigned i = 0; i < n; i++) {
    bool last = i + 1 == n;
    host_ring_write_desc(r->mem, c->table, order[i], c->elem[from + i].addr,
                         c->elem[from + i].len,
                         (uint16_t)(flags | (last ? 0 : NEXT)),
                         last ? 0 : order[i + 1]);
  }
}

int host_ring_add(struct host_ring *r, const struct host_elem *elems,
                  unsigned count, enum host_ring_mode mode, uint64_t user) {
  if (mode == HOST_RING_MIXED && count < 2) mode = HOST_RING_INDIRECT;
  unsigned direct = mode == HOST_RING_DIRECT ? count : mode == HOST_RING_MIXED;
  unsigned descs = mode == HOST_RING_DIRECT ? count : direct + 1;
  if (r->free_count < descs || count > HOST_RING_ELEMS) return -1;
  uint16_t first = take_desc(r), id = first;
  struct host_chain *c = &r->chain[first];
  memset(c, 0, sizeof *c);
  c->posted = true;
  c->count = count;
  c->user = user;
  memcpy(c->elem, elems, count * sizeof *elems);
  if (descs > direct) c->table = r->tables + (uint64_t)TABLE_BYTES * first;
  uint16_t flags = r->writes ? WRITE : 0;
  for (unsigned i = 0; i < descs; i++) {
    bool more = i + 1 < descs;
    uint16_t next = more ? take_desc(r) : 0;
    c->descs[c->desc_count++] = id;
    if (i < direct) {
      host_ring_write_desc(r->mem, r->desc, id, elems[i].addr, elems[i].len,
                           (uint16_t)(flags | (more ? NEXT : 0)), next);
    } else {
      uint32_t bytes = (uint32_t)(ENTRY * (count - direct));
      host_ring_write_desc(r->mem, r->desc, id, c->table, bytes, INDIRECT, 0);
      write_table(r, c, direct);
    }
    id = next;
  }
  permit(r, c, true);
  r->posted++;
  host_ring_post_head(r, first);
  return first;
}

bool host_ring_publish(struct host_ring *r) {
  uint16_t old = r->kicked_idx;
  axi_mem_put16(r->mem, r->avail + 2, r->avail_idx);
  r->kicked_idx = r->avail_idx;
  bool kick;
  if (r->event_idx) {
    uint16_t event = axi_mem_get16(r->mem, r->used + 4 + 8ull * r->size);
    kick =
        (uint16_t)(r->avail_idx - event - 1) < (uint16_t)(r->avail_idx - old);
  } else {
    kick = !(axi_mem_get16(r->mem, r->used) & 1);
  }
  r->kicks += kick;
  return kick;
}

bool host_ring_get(struct host_ring *r, uint16_t *head, uint32_t *len,
                   uint64_t *user) {
  uint16_t idx = axi_mem_get16(r->mem, r->used + 2);
  if (idx == r->used_idx) return false;
  if ((uint16_t)(idx - r->used_idx) > r->size) {
    fprintf(stderr, "host_ring: used.idx jumped to %u\n", idx);
    abort();
  }
  uint64_t at = r->used + 4 + 8ull * (r->used_idx % r->size);
  uint32_t id = axi_mem_get32(r->mem, at);
  *len = axi_mem_get32(r->mem, at + 4);
  if (id >= r->size || !r->chain[id].posted) {
    fprintf(stderr, "host_ring: used id %u was not posted\n", id);
    abort();
  }
  /* A second publication of the same place would show this again. */
  axi_mem_put32(r->mem, at, 0xffffffff);
  struct host_chain *c = &r->chain[id];
  permit(r, c, false);
  c->posted = false;
  for (unsigned i = 0; i < c->desc_count; i++)
    r->free[r->free_count++] = c->descs[i];
  *head = (uint16_t)id;
  *user = c->user;
  r->used_idx++;
  r->posted--;
  return true;
}

bool host_ring_enable_irq(struct host_ring *r, bool on) {
  if (r->event_idx) {
    uint16_t event = on ? r->used_idx : (uint16_t)(r->used_idx - 1);
    axi_mem_put16(r->mem, r->avail + 4 + 2ull * r->size, event);
  } else {
    axi_mem_put16(r->mem, r->avail, on ? 0 : 1);
  }
  return axi_mem_get16(r->mem, r->used + 2) != r->used_idx;
}
