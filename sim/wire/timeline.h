/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline: what happened to each packet, stage by stage. It is written as
 * Chrome trace JSON, which ui.perfetto.dev opens (a host is a process, a part
 * of it a thread; events with the same packet id are joined by arrows), or kept
 * in memory for who wants to follow a packet (sim/explain/journey.h), or both.
 */
#ifndef PH_SIM_WIRE_TIMELINE_H
#define PH_SIM_WIRE_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

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

/* Something that lasts from `begin` to `end` (equal: a moment). Fields that are
 * 0 are not known. */
struct timeline_event {
  const char *name; /* plain ASCII without quotes; static */
  enum timeline_track track;
  unsigned host;
  unsigned nic; /* which of the host's, from 1; 0: none */
  sim_time begin, end;
  uint64_t packet;   /* id; 0: of no packet */
  uint64_t address;  /* bus address, or offset of a register */
  uint64_t bytes;    /* how much of it */
  uint32_t seq;      /* TCP sequence number of its first payload byte */
  uint32_t payload;  /* TCP payload bytes; 0: `seq` means nothing */
  uint32_t gso_size; /* of a super-segment: payload bytes of each segment */
  uint32_t pieces;   /* buffers that a descriptor chain names */
};

/* Opens `path` for writing; NULL: writes nothing. `keep`: remember every event.
 * NULL: it can't be written; errno says why. */
struct timeline *timeline_open(const char *path, bool keep);

void timeline_host(struct timeline *timeline, unsigned host, const char *name);

/* Adds a copy of `event`. */
void timeline_add(struct timeline *timeline,
                  const struct timeline_event *event);

/* What was kept, sorted by begin; equal ones in the order of their adding. The
 * timeline owns it until it is closed. */
const struct timeline_event *timeline_events(struct timeline *timeline,
                                             size_t *count);

/* False if anything could not be written. */
bool timeline_close(struct timeline *timeline);

#endif
