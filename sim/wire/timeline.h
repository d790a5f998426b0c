/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline: what happened to each packet, stage by stage, as Chrome trace
 * JSON, which ui.perfetto.dev opens. A host is a process, a part of it a
 * thread; events with the same packet id are joined by arrows. */
#ifndef PH_SIM_WIRE_TIMELINE_H
#define PH_SIM_WIRE_TIMELINE_H

#include <stdbool.h>

#include "sim/core/time.h"

struct timeline;

enum timeline_track {
  TIMELINE_CPU, /* entries of software */
  TIMELINE_APP, /* write() and read() */
  TIMELINE_STACK,
  TIMELINE_DRIVER,
  TIMELINE_REGISTERS,
  TIMELINE_DMA_READ,
  TIMELINE_DMA_WRITE,
  TIMELINE_WIRE_TX,
  TIMELINE_WIRE_RX,
  TIMELINE_TRACKS
};

/* Opens `path` for writing. NULL: it can't be written; errno says why. */
struct timeline *timeline_open(const char *path);

void timeline_host(struct timeline *timeline, unsigned host, const char *name);

/* Something that lasts from `begin` to `end` (equal: a moment). `id` 0: no
 * packet. `name` is plain ASCII without quotes. `value` and its `unit` go to
 * the event's arguments; unit NULL: none. */
void timeline_add(struct timeline *timeline, unsigned host,
                  enum timeline_track track, const char *name, sim_time begin,
                  sim_time end, uint64_t id, const char *unit, uint64_t value);

/* False if anything could not be written. */
bool timeline_close(struct timeline *timeline);

#endif
