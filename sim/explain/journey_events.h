/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in a timeline that was kept: shared by the files that make
 * a journey. */
#ifndef PH_SIM_EXPLAIN_JOURNEY_EVENTS_H
#define PH_SIM_EXPLAIN_JOURNEY_EVENTS_H

#include "sim/explain/journey.h"

struct journey_events {
  const struct timeline_event *all;
  size_t count;
};

/* What is looked for; fields that are 0 or NULL match anything. */
struct journey_want {
  unsigned host, nic;
  enum timeline_track track;
  const char *name;
  uint64_t packet;
  uint64_t address; /* inside the burst's beats */
  bool has_seq;     /* carries byte `seq` of the stream */
  uint32_t seq;
  sim_time since, until; /* its begin, inclusive; until 0: for ever */
  sim_time ends_by;      /* its end, inclusive; 0: whenever */
};

/* The first or last (by begin) event that matches, or NULL. */
const struct timeline_event *journey_first(const struct journey_events *events,
                                           const struct journey_want *want);
const struct timeline_event *journey_last(const struct journey_events *events,
                                          const struct journey_want *want);

/* The driver of `want->host` takes byte `want->seq`, in packet `want->packet`
 * or, if its NIC makes one packet of several, in one of another name that no
 * other frame brought the byte for. NULL: it does not. */
const struct timeline_event *journey_taken(const struct journey_events *events,
                                           const struct journey_want *want);

/* Fills journey->stages; segments are known. */
void journey_stages(struct journey *journey,
                    const struct journey_events *events,
                    const struct topology *topology);

#endif
