/* SPDX-License-Identifier: Apache-2.0 */
/* A pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986): arming is O(1),
 * removing the earliest or any other timer O(log n) amortized.
 *
 * The children of a node are a list from `child` over `sibling`. `prev` is the
 * left neighbour, or the parent for the leftmost child; NULL for the root.
 */
#include "stack/base/timer.h"

#include "stack/base/assert.h"

/* Join two trees; ties stay with `a`. */
static struct ph_timer *meld(struct ph_timer *a, struct ph_timer *b) {
  if (b->deadline_ns < a->deadline_ns) {
    struct ph_timer *swap = a;
    a = b;
    b = swap;
  }
  b->sibling = a->child;
  if (a->child) {
    a->child->prev = b;
  }
  b->prev = a;
  a->child = b;
  return a;
}

/* Join a list of siblings into one tree: pairs from the left, then the
 * results from the right. Returns NULL for an empty list. */
static struct ph_timer *meld_children(struct ph_timer *first) {
  struct ph_timer *pairs = NULL; /* a stack, linked by `sibling` */
  while (first) {
    struct ph_timer *a = first;
    struct ph_timer *b = a->sibling;
    first = b ? b->sibling : NULL;
    a->sibling = NULL;
    if (b) {
      b->sibling = NULL;
      a = meld(a, b);
    }
    a->sibling = pairs;
    pairs = a;
  }
  struct ph_timer *tree = NULL;
  while (pairs) {
    struct ph_timer *next = pairs->sibling;
    pairs->sibling = NULL;
    tree = tree ? meld(pairs, tree) : pairs;
    pairs = next;
  }
  if (tree) {
    tree->prev = NULL;
  }
  return tree;
}

static void heap_insert(struct ph_timers *timers, struct ph_timer *timer) {
  timer->child = NULL;
  timer->sibling = NULL;
  timer->prev = NULL;
  timers->root = timers->root ? meld(timers->root, timer) : timer;
}

static void heap_remove(struct ph_timers *timers, struct ph_timer *timer) {
  if (timers->root == timer) {
    timers->root = meld_children(timer->child);
    return;
  }
  PH_ASSERT(timer->prev);
  if (timer->prev->child == timer) {
    timer->prev->child = timer->sibling;
  } else {
    timer->prev->sibling = timer->sibling;
  }
  if (timer->sibling) {
    timer->sibling->prev = timer->prev;
  }
  struct ph_timer *rest = meld_children(timer->child);
  if (rest) {
    timers->root = meld(timers->root, rest);
  }
}

void ph_timer_set(struct ph_timers *timers, struct ph_timer *timer,
                  uint64_t deadline_ns) {
  deadline_ns += !deadline_ns; /* 0 says that it is not armed */
  if (timer->deadline_ns == deadline_ns) {
    return;
  }
  ph_timer_cancel(timers, timer);
  timer->deadline_ns = deadline_ns;
  heap_insert(timers, timer);
}

void ph_timer_cancel(struct ph_timers *timers, struct ph_timer *timer) {
  if (ph_timer_armed(timer)) {
    heap_remove(timers, timer);
    timer->deadline_ns = 0;
  }
}

void ph_timers_run(struct ph_stack *stack, struct ph_timers *timers,
                   uint64_t now_ns) {
  while (timers->root && timers->root->deadline_ns <= now_ns) {
    struct ph_timer *timer = timers->root;
    ph_timer_cancel(timers, timer);
    timer->fn(stack, timer);
  }
}
