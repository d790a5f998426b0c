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
  uint32_t count;     /* blocks in all */
  uint32_t available; /* on the free list */
  uint32_t low_water; /* least `available` ever seen */
  uint32_t reserve;   /* blocks to keep free: see ph_block_lendable() */
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

/* A block with one reference, or NULL when the pool is empty. */
struct ph_block *ph_block_get(struct ph_block_pool *pool);

static inline void ph_block_ref(struct ph_block *block) {
  block->refs++;
}

/* The last reference fell: back to its pool, or to who asked for it. */
void ph_block_release(struct ph_block *block);

/* Drop one reference. */
static inline void ph_block_put(struct ph_block *block) {
  PH_ASSERT(block->refs > 0);
  if (--block->refs == 0) {
    ph_block_release(block);
  }
}

/* Put a block without references on the free list. */
void ph_block_recycle(struct ph_block *block);

/* True if this block may stay with a socket: the pool keeps `reserve` free
 * blocks for the device. Otherwise copy the data and give the block back. */
static inline bool ph_block_lendable(const struct ph_block *block) {
  return block->pool->available >= block->pool->reserve;
}

#endif
