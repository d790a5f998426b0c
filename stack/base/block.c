/* SPDX-License-Identifier: Apache-2.0 */
/* Reference-counted DMA blocks. */
#include "stack/base/block.h"

#include "stack/base/assert.h"

enum { MOVER_PART = 2 };

void ph_block_pool_init(struct ph_block_pool *pool, struct ph_block *blocks,
                        uint8_t *data, uint32_t count, uint32_t size) {
  *pool = (struct ph_block_pool){.count = count,
                                 .available = count,
                                 .low_water = count,
                                 .block_size = size};
  /* The first block is given out first: addresses then rise. */
  for (uint32_t i = count; i-- > 0;) {
    blocks[i] = (struct ph_block){.data = data + (size_t)i * size,
                                  .next = pool->free,
                                  .pool = pool,
                                  .size = size};
    pool->free = &blocks[i];
  }
  ph_block_pool_reserve(pool, 0);
}

void ph_block_pool_reserve(struct ph_block_pool *pool, uint32_t reserve) {
  pool->reserve = reserve;
  pool->half = pool->count > reserve ? (pool->count - reserve) / 2 : 0;
}

uint32_t ph_block_share(const struct ph_block_pool *pool, uint32_t moved) {
  uint32_t spare = ph_block_spare(pool);
  return ph_max_u32(ph_block_for_anyone(pool),
                    ph_min_u32(moved, spare / MOVER_PART));
}

uint32_t ph_block_earned(const struct ph_block_pool *pool, uint32_t moved) {
  uint64_t spare = ph_block_spare(pool);
  return moved < pool->half ? (uint32_t)(spare * moved / (moved + pool->half))
                            : moved;
}

struct ph_block *ph_block_get(struct ph_block_pool *pool) {
  return ph_block_get_here(pool);
}

struct ph_block *ph_block_get_chain(struct ph_block_pool *pool,
                                    uint32_t count) {
  struct ph_block *first = pool->free;
  struct ph_block *last = NULL;
  count = ph_min_u32(count, pool->available);
  if (count == 0) {
    return NULL;
  }
  struct ph_block *block = first;
  for (uint32_t i = 0; i < count; i++) {
    block->refs = 1;
    last = block;
    block = block->next;
  }
  pool->free = last->next;
  last->next = NULL;
  pool->available -= count;
  pool->low_water = ph_min_u32(pool->low_water, pool->available);
  return first;
}

/* ph_block_put_chain() of at least one: what falls goes back together. */
static struct ph_block *put_together(struct ph_block *first, uint32_t count) {
  struct ph_block_pool *pool = first->pool;
  struct ph_block *free = pool->free;
  uint32_t freed = 0;
  for (; first && count > 0; count--) {
    struct ph_block *next = first->next;
    PH_ASSERT(first->refs > 0 && first->pool == pool);
    if (--first->refs == 0) {
      first->next = free;
      free = first;
      freed++;
    } else { /* the device still reads it */
      first->next = NULL;
    }
    first = next;
  }
  if (!pool->released) {
    pool->free = free;
    pool->available += freed;
    return first;
  }
  for (; freed > 0; freed--) {
    struct ph_block *block = free;
    free = block->next;
    pool->released(pool, block);
  }
  return first;
}

struct ph_block *ph_block_put_chain(struct ph_block *first, uint32_t count) {
  if (PH_SHORT_WAYS && first) {
    return put_together(first, count);
  }
  while (first && count-- > 0) {
    struct ph_block *block = first;
    first = block->next;
    block->next = NULL;
    ph_block_put(block);
  }
  return first;
}
