/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the calls of packhorse.h: a stack, and how one enters and
 * leaves it. Two kinds there are: a stack with a lock and a thread that drives
 * it (threads.h), and a host of the simulation, whose programs are coroutines
 * of one thread. */
#ifndef PH_SIM_THREADS_BSD_H
#define PH_SIM_THREADS_BSD_H

#include "stack/base/stack.h"

struct bsd_world {
  struct ph_stack *stack;
  /* Before and after a call on the stack. `enter` may be NULL; it returns 0 or
   * the error that the call returns instead. `leave` comes after what `enter`
   * accepted only; it returns the result, perhaps another one. */
  int (*enter)(struct bsd_world *world);
  long (*leave)(struct bsd_world *world, long result);
  struct bsd_world *younger; /* bsd_add_default()'s */
};

/* Whose stack the calls of this thread use; NULL: the first one's that there
 * is. */
void bsd_set_world(struct bsd_world *world);
struct bsd_world *bsd_get_world(void);

/* The one for threads that name none is the oldest; without any calls answer
 * ENETDOWN. */
void bsd_add_default(struct bsd_world *world);
void bsd_remove_default(struct bsd_world *world);

#endif
