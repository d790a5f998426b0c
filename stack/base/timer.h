/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: a pairing of deadline and callback, O(log n) or better; embedded in
 * their owner, so none is ever allocated. */
#ifndef PH_BASE_TIMER_H
#define PH_BASE_TIMER_H

#include "stack/base/types.h"

struct ph_stack;
struct ph_timer;

typedef void ph_timer_fn(struct ph_stack *stack, struct ph_timer *timer);

/* A pairing heap node. */
struct ph_timer {
  uint64_t deadline_ns; /* 0: not armed */
  ph_timer_fn *fn;
  struct ph_timer *child, *sibling, *prev; /* prev == NULL: not in the heap
                                              unless it is the root */
};

struct ph_timers {
  struct ph_timer *root;
};

static inline bool ph_timer_armed(const struct ph_timer *timer) {
  return timer->deadline_ns != 0;
}

/* Arm, or move if armed. Equal deadlines fire in the order of arming is not
 * promised; the order is deterministic. */
void ph_timer_set(struct ph_timers *timers, struct ph_timer *timer,
                  uint64_t deadline_ns);
void ph_timer_cancel(struct ph_timers *timers, struct ph_timer *timer);

/* Run all that are due at `now_ns`; also those that callbacks arm at or before
 * `now_ns`, so a callback must not arm itself again for now. */
void ph_timers_run(struct ph_stack *stack, struct ph_timers *timers,
                   uint64_t now_ns);

/* The earliest deadline, UINT64_MAX if none is armed. */
static inline uint64_t ph_timers_next(const struct ph_timers *timers) {
  return timers->root ? timers->root->deadline_ns : UINT64_MAX;
}

#endif
