/* SPDX-License-Identifier: Apache-2.0 */
/* Reference-counted memory blocks that a device may read or write by DMA.
 *
 * A block is one piece of payload memory. The send queue of a socket is made
 * of 4 KiB blocks of the stack's pool; received data lie in blocks of a
 * device's receive pool and are lent to sockets. Whoever stores a pointer to
 * a block holds a reference; at zero the block goes back to its pool.
 */
#ifndef PH_BASE_BLOCK_H
#define PH_BASE_BLOCK_H

#include "stack/base/assert.h"
#include "stack/base/types.h"

enum { PH_BLOCK_SIZE = 4096 };

struct ph_block_pool;

struct ph_block {
  uint8_t *data;              /* `size` bytes, device-visible */
  struct ph_block *next;      /* free list, or the holder's queue */
  struct ph_block_pool *pool; /* where it goes at zero */
  uint32_t refs;              /* holders */
  uint32_t size;              /* bytes */
};

struct ph_block_pool {
  struct ph_block *free;
  uint32_t count;      /* blocks in all */
  uint32_t block_size; /* bytes of each */
  uint32_t available;  /* on the free list */
  uint32_t low_water;  /* least `available` ever seen */
  uint32_t reserve;    /* blocks to keep free: they are promised to others */
  uint32_t half;       /* of the rest, for who moves data: ph_block_share() */
  /* If set, called instead of ph_block_recycle() when a block's last reference
   * falls (a device's receive pool puts the block back into its ring). It may
   * call ph_block_recycle() itself. */
  void (*released)(struct ph_block_pool *pool, struct ph_block *block);
  void *owner;
};

/* Carve `count` blocks of `size` bytes out of `data` (device-visible, aligned
 * to 4096) with descriptors in `blocks`. The pool keeps both for ever. */
void ph_block_pool_init(struct ph_block_pool *pool, struct ph_block *blocks,
                        uint8_t *data, uint32_t count, uint32_t size);

/* Keep `reserve` blocks free from the start. */
void ph_block_pool_reserve(struct ph_block_pool *pool, uint32_t reserve);

/* Free blocks that are not promised to anybody. */
static inline uint32_t ph_block_spare(const struct ph_block_pool *pool) {
  return pool->available > pool->reserve ? pool->available - pool->reserve : 0;
}

/* How many blocks anyone may have beside what was promised: a part of the upper
 * half of what was to share at the start. */
enum { PH_BLOCK_ANYONE_PART = 4 };
static inline uint32_t ph_block_for_anyone(const struct ph_block_pool *pool) {
  uint32_t spare = ph_block_spare(pool);
  return spare > pool->half ? (spare - pool->half) / PH_BLOCK_ANYONE_PART : 0;
}

/* How many blocks one holder may have beside what it was promised, if it has
 * moved `moved` blocks of data (read them, had them acknowledged). Of what was
 * to share at the start, the upper half is for anyone, the lower half only for
 * who moves data; nobody may have more than a part of what is spare now, so
 * that many get equal shares (dynamic thresholds, Choudhury and Hahne 1998). */
uint32_t ph_block_share(const struct ph_block_pool *pool, uint32_t moved);

/* How much of `moved` counts when little is spare: a part of the spare blocks
 * that grows with what was moved, all of it from `half` on. So many that moved
 * a little and then stopped don't use up what one that goes on needs. */
uint32_t ph_block_earned(const struct ph_block_pool *pool, uint32_t moved);

/* A block with one reference, or NULL when the pool is empty. */
struct ph_block *ph_block_get(struct ph_block_pool *pool);
/* The same, made a part of the caller. */
static PH_INLINE struct ph_block *ph_block_get_here(
    struct ph_block_pool *pool) {
  struct ph_block *block = pool->free;
  if (block) {
    pool->free = block->next;
    pool->available--;
    pool->low_water = ph_min_u32(pool->low_water, pool->available);
    block->refs = 1;
    block->next = NULL;
  }
  return block;
}

/* The same for who was not promised one: NULL also when all are promised. */
static inline struct ph_block *ph_block_get_spare(struct ph_block_pool *pool) {
  return ph_block_spare(pool) > 0 ? ph_block_get(pool) : NULL;
}

/* Up to `count` blocks, linked by `next` in the order of the free list, with
 * one reference each: fewer when the pool runs dry, NULL when it is empty. */
struct ph_block *ph_block_get_chain(struct ph_block_pool *pool, uint32_t count);

static inline void ph_block_ref(struct ph_block *block) {
  block->refs++;
}

/* Put a block without references on the free list. */
static inline void ph_block_recycle(struct ph_block *block) {
  struct ph_block_pool *pool = block->pool;
  PH_ASSERT(block->refs == 0);
  block->next = pool->free;
  pool->free = block;
  pool->available++;
}

/* The last reference fell: back to the pool. */
static inline void ph_block_release(struct ph_block *block) {
  if (block->pool->released) {
    block->pool->released(block->pool, block);
  } else {
    ph_block_recycle(block);
  }
}

/* Drop one reference. */
static inline void ph_block_put(struct ph_block *block) {
  PH_ASSERT(block->refs > 0);
  if (--block->refs == 0) {
    ph_block_release(block);
  }
}

/* Drop one reference on each of `count` blocks of one pool, linked by `next`
 * from `first` on, or of all if there are fewer; returns the next one. The
 * links are gone. */
struct ph_block *ph_block_put_chain(struct ph_block *first, uint32_t count);

/* True if this block may stay with a socket: the pool keeps `reserve` free
 * blocks for the device. Otherwise copy the data and give the block back. */
static inline bool ph_block_lendable(const struct ph_block *block) {
  return block->pool->available >= block->pool->reserve;
}

#endif
