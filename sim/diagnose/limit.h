/* SPDX-License-Identifier: Apache-2.0 */
/* What limited a connection, and for how much of its time: docs/diagnose.md
 * defines each of these. */
#ifndef PH_SIM_DIAGNOSE_LIMIT_H
#define PH_SIM_DIAGNOSE_LIMIT_H

#include "sim/diagnose/flow.h"

enum limit {
  LIMIT_SENDER,         /* the application there has nothing to send */
  LIMIT_SEND_BUFFER,    /* it would, but its buffer is full of what is out */
  LIMIT_RECEIVER,       /* the application there does not read */
  LIMIT_RECEIVE_BUFFER, /* its buffer is smaller than what the path holds */
  LIMIT_CONGESTION,     /* the congestion window is */
  LIMIT_WIRE,           /* the path carries no more */
  LIMIT_COUNT
};

const char *limit_name(enum limit limit);

/* One direction of a connection, from its first byte of data to its last. */
struct limit_report {
  bool known;    /* there was enough to tell */
  bool recorded; /* by a recording, which can't see the send buffer */
  enum limit verdict;
  int64_t ns[LIMIT_COUNT]; /* their sum is total_ns */
  int64_t total_ns;
  int64_t base_rtt_ns; /* the least round trip; 0: not known */
  int64_t outer_ns;    /* of it, between the place and the sender */
  uint64_t bytes;      /* first transmissions */
  uint64_t segments, again;
  uint32_t window_most; /* the widest that the receiver offered */
  int64_t flight_most;
  double capacity; /* bytes per second of the narrowest link; 0: not seen */
};

/* From what a stack has counted, in the order of enum ph_limit: nothing to send
 * at all comes before the rest, and is the sending application, too. */
void limit_of_counters(const uint64_t ns[LIMIT_COUNT + 1],
                       struct limit_report *report);

/* Sets the verdict: the largest share. */
void limit_judge(struct limit_report *report);

/* What the recording of `flow` says of what end `sender` sent. A full send
 * buffer can't be told from an application that does not write: it counts as
 * LIMIT_SENDER. */
void limit_of_flow(const struct flow *flow, unsigned sender,
                   struct limit_report *report);

/* The share of one of them, rounded. */
unsigned limit_percent(const struct limit_report *report, enum limit limit);

enum { LIMIT_SENTENCE = 400 };

/* One sentence; LIMIT_SENTENCE bytes are enough. */
void limit_sentence(const struct limit_report *report, char *text, size_t size);

#endif
