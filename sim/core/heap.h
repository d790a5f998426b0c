/* SPDX-License-Identifier: Apache-2.0 */
/* The event heap. Events leave it ordered by (time, host, source, sequence), so
 * that ties never depend on addresses or on the order of hash tables. */
#ifndef PH_SIM_CORE_HEAP_H
#define PH_SIM_CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/core/time.h"

struct sim_event {
  sim_time time;
  uint32_t host;     /* which end it concerns */
  uint32_t source;   /* what made it; a small number per kind of source */
  uint64_t sequence; /* set by sim_heap_push(): order of the calls */
  void *payload;     /* the caller's; the heap never looks at it */
};

struct sim_heap {
  struct sim_event *events;
  size_t count, capacity;
  uint64_t next_sequence;
};

void sim_heap_init(struct sim_heap *heap);

/* Frees the heap's own memory; payloads that are left belong to the caller. */
void sim_heap_destroy(struct sim_heap *heap);

/* Adds an event. Ends the program when memory is exhausted. */
void sim_heap_push(struct sim_heap *heap, sim_time time, uint32_t host,
                   uint32_t source, void *payload);

/* The first event, or NULL; valid until the heap changes. */
const struct sim_event *sim_heap_peek(const struct sim_heap *heap);

/* Takes the first event out; false when the heap is empty. */
bool sim_heap_pop(struct sim_heap *heap, struct sim_event *event);

/* Time of the first event, SIM_NEVER when there is none. */
sim_time sim_heap_next(const struct sim_heap *heap);

#endif
