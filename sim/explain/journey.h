/* SPDX-License-Identifier: Apache-2.0 */
/* One packet followed through a run: what the timeline says of it, put in
 * order. The byte that is followed is the packet's first; it travels in its
 * first segment.
 *
 * A stage ends at its moment `at`; it took from the end of the stage before to
 * there. So the durations of the stages sum up to the total, from the call of
 * write() that brings the byte to the end of the read() that takes it.
 */
#ifndef PH_SIM_EXPLAIN_JOURNEY_H
#define PH_SIM_EXPLAIN_JOURNEY_H

#include "sim/run/options.h"

enum { JOURNEY_STAGES = 20, JOURNEY_SEGMENTS = 128, JOURNEY_TEXT = 480 };

/* Where a stage happens. */
enum journey_place {
  PLACE_TX_APP,
  PLACE_TX_STACK,
  PLACE_TX_DRIVER,
  PLACE_TX_RINGS, /* the NIC fetches what the driver made available */
  PLACE_TX_DMA,   /* the NIC reads the data */
  PLACE_TX_CUT,   /* TSO, checksum, frame FIFO */
  PLACE_WIRE,
  PLACE_RX_NIC,  /* MAC, checksum, write into a buffer */
  PLACE_RX_RING, /* used ring and interrupt */
  PLACE_RX_DRIVER,
  PLACE_RX_STACK,
  PLACE_RX_APP,
  PLACE_COUNT
};

struct journey_stage {
  enum journey_place place;
  const char *title;
  const char *source; /* the file to read */
  sim_time at;
  char text[JOURNEY_TEXT]; /* what happened, in whole sentences */
};

/* A piece of the packet on the wire. Times that are not known are SIM_NEVER. */
struct journey_segment {
  uint32_t seq, payload;
  uint32_t frame;          /* bytes with headers and FCS */
  sim_time asked, fetched; /* its first byte asked for, its last one there */
  sim_time out, sent;      /* start and end on the wire */
  sim_time in, arrived;
  sim_time stored, written; /* first and last byte into the receive buffer */
  sim_time taken;           /* by the driver */
  sim_time input;           /* by TCP */
  sim_time read, done;      /* the read() with its last byte */
};

struct journey {
  const struct options *options;
  unsigned number, count; /* of the data packets, from 1 */
  uint64_t id;            /* in the timeline and the capture */
  unsigned sender;        /* host */
  uint32_t seq, payload, gso_size;
  sim_time start;                /* write() begins */
  sim_time asked_to_send, freed; /* tcp_output; the driver frees the packet */
  struct journey_stage stages[JOURNEY_STAGES];
  unsigned stage_count;
  struct journey_segment segments[JOURNEY_SEGMENTS];
  unsigned segment_count;
  bool complete;          /* the byte was read */
  char end[JOURNEY_TEXT]; /* why it was not */
};

/* Follows the packet that options->explain names. False after one sentence on
 * stderr: there is no such packet. */
bool journey_find(struct journey *journey, const struct options *options,
                  struct timeline *timeline);

static inline sim_time journey_end(const struct journey *journey) {
  return journey->stage_count ? journey->stages[journey->stage_count - 1].at
                              : journey->start;
}

/* When the stage before this one ended. */
static inline sim_time journey_before(const struct journey *journey,
                                      unsigned stage) {
  return stage ? journey->stages[stage - 1].at : journey->start;
}

const char *journey_place_name(enum journey_place place);
const char *journey_host_name(unsigned host);

/* Prints the explanation. */
void journey_print(const struct journey *journey);

/* Draws it into a file; false after a sentence on stderr. */
bool journey_draw(const struct journey *journey, const char *path);

#endif
