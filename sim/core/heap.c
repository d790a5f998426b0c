/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/heap.h"

#include <stdlib.h>

#include "sim/core/util.h"

static bool before(const struct sim_event *a, const struct sim_event *b) {
  if (a->time != b->time) {
    return a->time < b->time;
  }
  if (a->host != b->host) {
    return a->host < b->host;
  }
  if (a->source != b->source) {
    return a->source < b->source;
  }
  return a->sequence < b->sequence;
}

void sim_heap_init(struct sim_heap *heap) {
  *heap = (struct sim_heap){0};
}

void sim_heap_destroy(struct sim_heap *heap) {
  free(heap->events);
  *heap = (struct sim_heap){0};
}

void sim_heap_push(struct sim_heap *heap, sim_time time, uint32_t host,
                   uint32_t source, void *payload) {
  if (heap->count == heap->capacity) {
    heap->capacity = heap->capacity ? heap->capacity * 2 : 64;
    heap->events =
        sim_realloc(heap->events, heap->capacity * sizeof(*heap->events));
  }
  struct sim_event event = {time, host, source, heap->next_sequence++, payload};
  size_t i = heap->count++;
  while (i > 0 && before(&event, &heap->events[(i - 1) / 2])) {
    heap->events[i] = heap->events[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  heap->events[i] = event;
}

const struct sim_event *sim_heap_peek(const struct sim_heap *heap) {
  return heap->count ? &heap->events[0] : NULL;
}

bool sim_heap_pop(struct sim_heap *heap, struct sim_event *event) {
  if (heap->count == 0) {
    return false;
  }
  *event = heap->events[0];
  struct sim_event last = heap->events[--heap->count];
  size_t i = 0;
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= heap->count) {
      break;
    }
    if (child + 1 < heap->count &&
        before(&heap->events[child + 1], &heap->events[child])) {
      child++;
    }
    if (!before(&heap->events[child], &last)) {
      break;
    }
    heap->events[i] = heap->events[child];
    i = child;
  }
  if (heap->count) {
    heap->events[i] = last;
  }
  return true;
}

sim_time sim_heap_next(const struct sim_heap *heap) {
  return heap->count ? heap->events[0].time : SIM_NEVER;
}
