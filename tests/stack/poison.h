/* SPDX-License-Identifier: Apache-2.0 */
/* A receive buffer whose end is the frame's end: under AddressSanitizer the
 * rest of the block can't be read. */
#ifndef PH_TESTS_STACK_POISON_H
#define PH_TESTS_STACK_POISON_H

#include <stdint.h>
#include <string.h>

#include "stack/base/block.h"

void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

static inline void poison_fill(uint8_t *block, uint32_t size, const void *frame,
                               uint32_t len) {
  __asan_unpoison_memory_region(block, size);
  if (len > 0) {
    memcpy(block, frame, len);
  }
  __asan_poison_memory_region(block + len, size - len);
}

/* For ph_block_pool.released of a pool that others write to as well. */
static inline void poison_release(struct ph_block_pool *pool,
                                  struct ph_block *block) {
  (void)pool;
  __asan_unpoison_memory_region(block->data, block->size);
  ph_block_recycle(block);
}

#endif
