/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a packet are told in three files: journey_down.c from write()
 * or a router's stack to the wire, journey_up.c from the wire to a stack or
 * read(), journey_stages.c what lies between, and the order of all. */
#ifndef PH_SIM_EXPLAIN_JOURNEY_WALK_H
#define PH_SIM_EXPLAIN_JOURNEY_WALK_H

#include "sim/explain/journey_events.h"

/* Of an interface that is busy: 15 bytes (IEEE 802.3 46.3.1.4), and lane. */
#define JOURNEY_GAP (20 * UINT64_C(800))

typedef const struct timeline_event *event_ptr;

/* Where the packet is, and what is known of it there. */
struct walk {
  struct journey *journey;
  const struct journey_events *events;
  const struct topology *topology;
  const struct journey_segment *segment; /* that is followed; NULL: not sent */
  unsigned hop;
  unsigned nic;      /* of the hop, from 1: by which it came in or goes out */
  uint64_t id;       /* of the packet, here */
  sim_time since;    /* when the hop's stack got it */
  uint32_t gso_size; /* of the packet, here */
  event_ptr descriptor; /* of the hop's driver, of a NIC with rings */
};

/* Adds a stage of this hop. */
__attribute__((format(printf, 6, 7))) void journey_stage(
    struct walk *walk, enum journey_place place, const char *title,
    const char *source, sim_time at, const char *format, ...);

/* Says why the way ends here. */
__attribute__((format(printf, 2, 3))) void journey_ends(struct walk *walk,
                                                        const char *format,
                                                        ...);

/* What is looked for at this hop: anything about the byte in its packet since
 * the stack got it. */
struct journey_want journey_here(const struct walk *walk,
                                 enum timeline_track track, const char *name);

static inline const struct journey_hop *journey_hop(const struct walk *walk) {
  return &walk->journey->hops[walk->hop];
}

/* The link that leaves this hop. */
static inline const struct journey_link *journey_link(const struct walk *walk) {
  return &walk->segment->links[walk->hop];
}

/* Picoseconds as nanoseconds, for sentences. */
static inline double journey_ns(sim_time time) {
  return (double)time / (double)SIM_NS;
}

/* From the application to the sender's stack; then, of every hop, from the
 * stack to the frame that starts. False: no frame did. */
void journey_write(struct walk *walk, event_ptr write);
bool journey_down(struct walk *walk);

/* From the wire to the driver: the event of its taking the frame, or NULL: the
 * way has ended. Then from TCP to the application. */
event_ptr journey_up(struct walk *walk, const struct journey_link *link);
void journey_input(struct walk *walk);

#endif
