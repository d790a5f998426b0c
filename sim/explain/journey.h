/* SPDX-License-Identifier: Apache-2.0 */
/* One packet followed through a run: what the timeline says of it, put in
 * order. The byte that is followed is the packet's first; it travels in its
 * first segment.
 *
 * A stage ends at its moment `at`; it took from the end of the stage before to
 * there. So the durations of the stages sum up to the total, from the call of
 * write() that brings the byte to the end of the read() that takes it.
 *
 * The way leads over hosts: the sender (0), routers, the receiver. Which they
 * are is seen from the frames and the NICs that they leave by. A router may
 * make one packet of several (LRO): from there on the byte is in a packet of
 * another name.
 */
#ifndef PH_SIM_EXPLAIN_JOURNEY_H
#define PH_SIM_EXPLAIN_JOURNEY_H

#include "sim/run/options.h"
#include "sim/run/topology.h"

enum {
  JOURNEY_HOSTS = SIM_HOSTS,
  JOURNEY_STAGES = 22 + 17 * JOURNEY_HOSTS,
  JOURNEY_SEGMENTS = 128,
  JOURNEY_TEXT = 480
};

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
  PLACE_ROUTE, /* a router's stack */
  PLACE_COUNT
};

struct journey_stage {
  enum journey_place place;
  unsigned hop; /* whose: an index of journey->hops; of the wire: who sends */
  const char *title;
  const char *source; /* the file to read */
  sim_time at;
  char text[JOURNEY_TEXT]; /* what happened, in whole sentences */
};

/* A host on the way. */
struct journey_hop {
  unsigned host;
  char name[TOPOLOGY_NAME];
  bool rtl;
};

/* A segment on its way over one link, from the NIC of one hop into the memory
 * of the next. Times that are not known are SIM_NEVER. */
struct journey_link {
  uint64_t id;             /* of the packet that it is in */
  unsigned nic;            /* that it leaves by, from 1 */
  sim_time asked, fetched; /* its first byte asked for, its last one there */
  sim_time out, sent;      /* start and end on the wire */
  sim_time in, arrived;
  sim_time stored, written; /* first and last byte into the receive buffer */
  sim_time taken;           /* by the driver */
};

/* A piece of the packet on the wire. */
struct journey_segment {
  uint32_t seq, payload;
  uint32_t frame; /* bytes with headers and FCS */
  struct journey_link links[JOURNEY_HOSTS];
  unsigned link_count; /* that it was sent to */
  sim_time input;      /* by TCP */
  sim_time read, done; /* the read() with its last byte */
};

struct journey {
  const struct options *options;
  unsigned number, count; /* of the data packets, from 1 */
  uint64_t id;            /* in the timeline and the capture */
  unsigned sender;        /* host */
  struct journey_hop hops[JOURNEY_HOSTS];
  unsigned hop_count;           /* as far as any segment came */
  char receiver[TOPOLOGY_NAME]; /* its name, even if none came there */
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

/* Do all, or any, of the hosts on the way have a NIC with a clock? */
bool journey_all_rtl(const struct journey *journey);
bool journey_any_rtl(const struct journey *journey);

/* Is there another host between the sender and its peer? */
static inline bool journey_over_routers(const struct journey *journey) {
  return journey->hop_count > 1 && journey->hops[1].host != 1 - journey->sender;
}

/* The segment on the link that ends at the receiver; if it did not come so far,
 * one with no time known. */
const struct journey_link *journey_arrival(
    const struct journey *journey, const struct journey_segment *segment);

const char *journey_place_name(enum journey_place place);

/* Of a run of two hosts. */
const char *journey_host_name(unsigned host);

/* Prints the explanation. */
void journey_print(const struct journey *journey);

/* Draws it into a file; false after a sentence on stderr. */
bool journey_draw(const struct journey *journey, const char *path);

#endif
