/* SPDX-License-Identifier: Apache-2.0 */
/* A host's stack: its memory, its modules and its poll loop. */
#include "stack/base/stack.h"

#include "stack/base/errno.h"

enum { ARENA_ALIGN = 64 };

int ph_stack_init(struct ph_stack *stack,
                  const struct ph_stack_config *config) {
  if (!config->platform || !config->platform->random || !config->arena ||
      (uintptr_t)config->arena % ARENA_ALIGN != 0 ||
      (uintptr_t)config->block_memory % PH_BLOCK_SIZE != 0 ||
      (config->block_count > 0 && !config->block_memory) ||
      !config->pkt_memory || config->pkt_count == 0) {
    return -PH_EINVAL;
  }
  memset(stack, 0, sizeof(*stack));
  stack->platform = config->platform;
  stack->route_generation = 1; /* 0: of what was never looked up */
  stack->arena = config->arena;
  stack->arena_left = config->arena_size;
  struct ph_block *blocks = ph_stack_alloc(
      stack, (size_t)config->block_count * sizeof(struct ph_block));
  if (!blocks) {
    return -PH_EINVAL;
  }
  ph_block_pool_init(&stack->blocks, blocks, config->block_memory,
                     config->block_count, PH_BLOCK_SIZE);
  pkt_pool_init(&stack->pkts, config->pkt_memory, config->pkt_count);
  return 0;
}

void *ph_stack_alloc(struct ph_stack *stack, size_t size) {
  if (size > stack->arena_left) {
    return NULL;
  }
  void *memory = stack->arena;
  size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  if (rounded > stack->arena_left) {
    rounded = stack->arena_left;
  }
  stack->arena += rounded;
  stack->arena_left -= rounded;
  memset(memory, 0, size);
  return memory;
}

void *ph_stack_alloc_list(struct ph_stack *stack, size_t count, size_t size,
                          size_t link) {
  uint8_t *first = ph_stack_alloc(stack, count * size);
  for (uint8_t *next = first; first && --count > 0;) {
    uint8_t *object = next;
    next += size;
    memcpy(object + link, &next, sizeof(next));
  }
  return first;
}

struct pkt *ph_stack_get_pkt(struct ph_stack *stack, uint32_t reserve) {
  return ph_stack_get_pkt_here(stack, reserve);
}

struct pkt *ph_stack_pkt(struct ph_stack *stack, uint32_t reserve,
                         uint32_t len) {
  struct pkt *pkt = ph_stack_get_pkt(stack, reserve);
  if (pkt) {
    memset(pkt->head, 0, len);
    pkt->head_len = pkt->len = len;
  }
  return pkt;
}

void ph_stack_timer_at(struct ph_stack *stack, struct ph_timer *timer,
                       uint64_t at_ns) {
  if (at_ns == UINT64_MAX) {
    ph_timer_cancel(&stack->timers, timer);
  } else {
    ph_timer_set(&stack->timers, timer, at_ns);
  }
}

void ph_stack_timer_in(struct ph_stack *stack, struct ph_timer *timer,
                       uint64_t ns) {
  ph_timer_set(&stack->timers, timer, stack->now_ns + ns);
}

void ph_stack_random(struct ph_stack *stack, void *to, size_t n) {
  stack->platform->random(stack->platform->ctx, to, n);
}

uint64_t ph_stack_random_delay(struct ph_stack *stack, uint64_t most) {
  uint32_t random;
  ph_stack_random(stack, &random, sizeof(random));
  return (most >> 20) * (random >> 12); /* 20 random bits of it */
}

void ph_stack_timer_within(struct ph_stack *stack, struct ph_timer *timer,
                           uint64_t most) {
  ph_stack_timer_in(stack, timer, 1 + ph_stack_random_delay(stack, most));
}

void ph_stack_poll(struct ph_stack *stack, uint64_t now_ns) {
  ph_stack_set_now(stack, now_ns);
  if (stack->poll_input) {
    stack->poll_input(stack);
  }
  if (ph_timers_next(&stack->timers) <= stack->now_ns) {
    ph_timers_run(stack, &stack->timers, stack->now_ns);
  }
  if (stack->poll_output) {
    stack->poll_output(stack);
  }
}

uint64_t ph_stack_next_deadline(const struct ph_stack *stack) {
  return ph_timers_next(&stack->timers);
}
