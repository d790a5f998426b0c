/* SPDX-License-Identifier: Apache-2.0 */
/* What the recording of a connection shows of its path, before it is looked
 * through for what limited it. */
#ifndef PH_SIM_DIAGNOSE_MEASURE_H
#define PH_SIM_DIAGNOSE_MEASURE_H

#include "sim/diagnose/flow.h"

static const int64_t RTT_MOST = INT64_C(1) << 40; /* a quarter of an hour */

struct path {
  const struct flow *flow;
  unsigned sender;      /* the end whose data are looked at */
  int64_t outer, inner; /* round trips: place - sender, place - receiver */
  bool timed;           /* `inner` is known, */
  bool placed;          /* and `outer` */
  int64_t mss;
  bool push_tells; /* PSH ends what an application wrote */
  double capacity; /* bytes per ns; 0: not known */
};

static inline bool path_is_data(const struct path *path,
                                const struct flow_segment *segment) {
  return segment->from == path->sender && segment->payload > 0 &&
         !(segment->flags & (SEGMENT_SYN | SEGMENT_RST));
}

static inline bool path_is_ack(const struct path *path,
                               const struct flow_segment *segment) {
  return segment->from != path->sender && (segment->flags & SEGMENT_ACK) &&
         !(segment->flags & SEGMENT_RST);
}

static inline int64_t path_rtt(const struct path *path) {
  return path->inner + path->outer;
}

/* It is the last of what was written, or looks so. */
bool path_ends_write(const struct path *path,
                     const struct flow_segment *segment);

/* What so many bytes take at the narrowest link before the place. */
int64_t path_time(const struct path *path, int64_t bytes);

/* The two halves of the round trip, by the handshake; nothing if it is not
 * there. */
void path_measure_handshake(struct path *path);

/* Without it: `outer`, by timestamps; nothing if there are none. */
void path_measure_echoes(struct path *path);

/* All the rest. */
void path_measure(struct path *path);

#endif
