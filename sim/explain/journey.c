/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/explain/journey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/explain/journey_events.h"
#include "sim/run/run.h"

enum { BEAT = 16 };

const char *journey_place_name(enum journey_place place) {
  static const char *const names[PLACE_COUNT] = {
      "application", "TCP/IP stack", "driver",
      "NIC: rings",  "NIC: DMA",     "NIC: cut",
      "wire",        "NIC: receive", "NIC: used, interrupt",
      "driver",      "TCP/IP stack", "application",
      "TCP/IP stack"};
  return names[place];
}

const char *journey_host_name(unsigned host) {
  return host == RUN_CLIENT ? "client" : "server";
}

bool journey_all_rtl(const struct journey *journey) {
  bool all = true;
  for (unsigned i = 0; i < journey->hop_count; i++) {
    all &= journey->hops[i].rtl;
  }
  return all;
}

bool journey_any_rtl(const struct journey *journey) {
  bool any = false;
  for (unsigned i = 0; i < journey->hop_count; i++) {
    any |= journey->hops[i].rtl;
  }
  return any;
}

const struct journey_link *journey_arrival(
    const struct journey *journey, const struct journey_segment *segment) {
  static const struct journey_link none = {
      .asked = SIM_NEVER,
      .fetched = SIM_NEVER,
      .out = SIM_NEVER,
      .sent = SIM_NEVER,
      .in = SIM_NEVER,
      .arrived = SIM_NEVER,
      .stored = SIM_NEVER,
      .written = SIM_NEVER,
      .taken = SIM_NEVER,
  };
  unsigned to = segment->link_count;
  return journey->hops[to].host == 1 - journey->sender ? &segment->links[to - 1]
                                                       : &none;
}

/* --- Looking up ----------------------------------------------------------- */

static bool carries(const struct timeline_event *event, uint32_t seq) {
  return event->payload && seq - event->seq < event->payload;
}

static bool matches(const struct timeline_event *event,
                    const struct journey_want *want) {
  uint64_t beat = event->address / BEAT * BEAT;
  return event->host == want->host && event->track == want->track &&
         (!want->nic || event->nic == want->nic) &&
         (!want->packet || event->packet == want->packet) &&
         (!want->has_seq || carries(event, want->seq)) &&
         (!want->address || want->address - beat < event->bytes) &&
         (!want->ends_by || event->end <= want->ends_by) &&
         (!want->name || strcmp(event->name, want->name) == 0);
}

/* Index of the first event that begins at `time` or later. */
static size_t from_time(const struct journey_events *events, sim_time time) {
  size_t low = 0, high = events->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (events->all[middle].begin < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const struct timeline_event *journey_first(const struct journey_events *events,
                                           const struct journey_want *want) {
  for (size_t i = from_time(events, want->since); i < events->count; i++) {
    const struct timeline_event *event = &events->all[i];
    if (want->until && event->begin > want->until) {
      return NULL;
    }
    if (matches(event, want)) {
      return event;
    }
  }
  return NULL;
}

const struct timeline_event *journey_last(const struct journey_events *events,
                                          const struct journey_want *want) {
  size_t i = want->until ? from_time(events, want->until + 1) : events->count;
  while (i > 0 && events->all[i - 1].begin >= want->since) {
    const struct timeline_event *event = &events->all[--i];
    if (matches(event, want)) {
      return event;
    }
  }
  return NULL;
}

/* --- Choosing ------------------------------------------------------------- */

/* The data packets of the run in the order in which the sender sent them. */
struct packet {
  uint64_t id;
  uint32_t seq, payload, gso_size;
  sim_time given;
};

struct packets {
  struct packet *all;
  unsigned count;
};

static void add_packet(struct packets *packets,
                       const struct timeline_event *event) {
  if (packets->count && packets->all[packets->count - 1].id == event->packet) {
    /* Cut by the stack: the pieces keep the name. */
    packets->all[packets->count - 1].payload += event->payload;
    return;
  }
  if ((packets->count & (packets->count - 1)) == 0) { /* full: 0, 1, 2, 4... */
    packets->all = sim_realloc(
        packets->all, (packets->count * 2 + 1) * sizeof(*packets->all));
  }
  packets->all[packets->count++] = (struct packet){
      event->packet, event->seq, event->payload, event->gso_size, event->begin};
}

static void collect(struct packets *packets, unsigned sender,
                    const struct journey_events *events) {
  for (size_t i = 0; i < events->count; i++) {
    const struct timeline_event *event = &events->all[i];
    if (event->host == sender && event->track == TIMELINE_STACK &&
        event->payload && strcmp(event->name, "transmit") == 0) {
      add_packet(packets, event);
    }
  }
}

/* From the write() of the packet's first byte to the read() that took it; 0 if
 * either is missing. */
static sim_time duration(const struct journey_events *events, unsigned sender,
                         const struct packet *packet) {
  struct journey_want want = {.host = sender,
                              .track = TIMELINE_APP,
                              .name = "write",
                              .has_seq = true,
                              .seq = packet->seq,
                              .until = packet->given};
  const struct timeline_event *write = journey_last(events, &want);
  want.host = 1 - sender;
  want.name = "read";
  want.since = packet->given;
  want.until = 0;
  const struct timeline_event *read = journey_first(events, &want);
  return write && read ? read->end - write->begin : 0;
}

static unsigned extreme(const struct packets *packets, unsigned sender,
                        const struct journey_events *events, bool slowest) {
  unsigned best = 0;
  sim_time most = 0;
  for (unsigned i = 0; i < packets->count; i++) {
    sim_time value = slowest ? duration(events, sender, &packets->all[i])
                             : packets->all[i].payload;
    if (value > most) {
      most = value;
      best = i;
    }
  }
  return best;
}

/* Index of the packet that `which` names, or -1 after a sentence. */
static long choose(const struct packets *packets, const char *which,
                   unsigned sender, const char *name,
                   const struct journey_events *events) {
  if (packets->count == 0) {
    fprintf(stderr, "packhorse: --explain %s: the run sent no data.\n", which);
    return -1;
  }
  if (strcmp(which, "first") == 0) {
    return 0;
  }
  if (strcmp(which, "largest") == 0 || strcmp(which, "slowest") == 0) {
    return extreme(packets, sender, events, *which == 's');
  }
  uint64_t number = strtoull(which, NULL, 10);
  for (unsigned i = 0; i < packets->count; i++) {
    if (number == i + 1u || number == packets->all[i].id) {
      return i;
    }
  }
  fprintf(stderr,
          "packhorse: --explain %s: %s sent data packets 1 to %u, none is "
          "called %s.\n",
          which, name, packets->count, which);
  return -1;
}

/* --- Segments ------------------------------------------------------------- */

static sim_time begin_of(const struct timeline_event *event) {
  return event ? event->begin : SIM_NEVER;
}

static sim_time end_of(const struct timeline_event *event) {
  return event ? event->end : SIM_NEVER;
}

const struct timeline_event *journey_taken(const struct journey_events *events,
                                           const struct journey_want *want) {
  struct journey_want taken = {.host = want->host,
                               .nic = want->nic,
                               .track = TIMELINE_DRIVER,
                               .name = "rx_used",
                               .packet = want->packet,
                               .has_seq = true,
                               .seq = want->seq,
                               .since = want->since};
  const struct timeline_event *event = journey_first(events, &taken);
  if (event) {
    return event;
  }
  taken.packet = 0;
  event = journey_first(events, &taken);
  if (!event) {
    return NULL;
  }
  taken.track = TIMELINE_WIRE_RX;
  taken.name = NULL;
  taken.until = event->begin;
  for (const struct timeline_event *frame;
       (frame = journey_first(events, &taken));
       taken.since = frame->begin + 1) {
    if (frame->packet != want->packet) {
      return NULL;
    }
  }
  return event;
}

/* What is followed, and where it is. */
struct follower {
  struct journey *journey;
  const struct journey_events *events;
  const struct topology *topology;
  struct journey_segment *segment;
  unsigned host; /* that sends it now */
};

static void add_hop(const struct follower *follower, unsigned index,
                    unsigned host) {
  struct journey *journey = follower->journey;
  const struct topology_host *in = &follower->topology->hosts[host];
  if (index == journey->hop_count) {
    struct journey_hop *hop = &journey->hops[journey->hop_count++];
    *hop = (struct journey_hop){.host = host, .rtl = in->nic == HOST_NIC_RTL};
    memcpy(hop->name, in->name, sizeof(hop->name));
  }
}

/* When its NIC read it. */
static void follow_fetch(const struct follower *follower,
                         struct journey_link *link, sim_time since) {
  const struct journey_segment *segment = follower->segment;
  struct journey_want want = {.host = follower->host,
                              .nic = link->nic,
                              .track = TIMELINE_DMA_READ,
                              .name = "transmit data",
                              .packet = link->id,
                              .has_seq = true,
                              .seq = segment->seq,
                              .since = since};
  link->asked = begin_of(journey_first(follower->events, &want));
  want.seq = segment->seq + segment->payload - 1;
  link->fetched = end_of(journey_first(follower->events, &want));
}

/* Over one link and into memory. The event of the driver that took it, or NULL:
 * it was lost. */
static const struct timeline_event *follow_link(
    const struct follower *follower, struct journey_link *link,
    const struct timeline_event *out, struct sim_end to) {
  struct journey_want want = {.host = to.host,
                              .nic = to.port + 1,
                              .track = TIMELINE_WIRE_RX,
                              .packet = link->id,
                              .has_seq = true,
                              .seq = follower->segment->seq,
                              .since = out->begin};
  const struct timeline_event *event = journey_first(follower->events, &want);
  link->in = begin_of(event);
  link->arrived = end_of(event);
  if (!event) {
    return NULL;
  }
  want.since = event->begin;
  event = journey_taken(follower->events, &want);
  link->taken = begin_of(event);
  want.track = TIMELINE_DMA_WRITE;
  link->stored = begin_of(journey_first(follower->events, &want));
  want.until = event ? event->begin : 0;
  link->written = end_of(journey_last(follower->events, &want));
  return event;
}

/* A router hands it to a NIC again; the frame that comes of it, or NULL. */
static const struct timeline_event *follow_router(
    const struct follower *follower, const struct timeline_event *taken,
    sim_time *given) {
  struct journey_want want = {.host = taken->host,
                              .track = TIMELINE_STACK,
                              .name = "transmit",
                              .packet = taken->packet,
                              .has_seq = true,
                              .seq = follower->segment->seq,
                              .since = taken->begin};
  const struct timeline_event *event = journey_first(follower->events, &want);
  if (!event) {
    return NULL;
  }
  *given = event->begin;
  want.track = TIMELINE_WIRE_TX;
  want.name = NULL;
  want.nic = event->nic;
  want.since = event->begin;
  return journey_first(follower->events, &want);
}

/* Whoever brought them in the end: the bytes are read once. */
static void follow_input(const struct follower *follower,
                         const struct timeline_event *taken) {
  struct journey_segment *segment = follower->segment;
  struct journey_want want = {
      .host = 1 - follower->journey->sender,
      .track = TIMELINE_STACK,
      .name = "tcp_input",
      .packet = taken ? taken->packet : follower->journey->id,
      .has_seq = true,
      .seq = segment->seq,
      .since = segment->links[0].out};
  segment->input = begin_of(journey_first(follower->events, &want));
  want.track = TIMELINE_APP;
  want.name = "read";
  want.packet = 0;
  want.seq = segment->seq + segment->payload - 1;
  const struct timeline_event *event = journey_first(follower->events, &want);
  segment->read = begin_of(event);
  segment->done = end_of(event);
}

static void follow_segment(struct follower *follower,
                           const struct timeline_event *out) {
  struct journey *journey = follower->journey;
  struct journey_segment *segment =
      &journey->segments[journey->segment_count++];
  const struct timeline_event *taken = NULL;
  sim_time given = journey->asked_to_send;
  follower->segment = segment;
  *segment = (struct journey_segment){
      .seq = out->seq, .payload = out->payload, .frame = (uint32_t)out->bytes};
  for (follower->host = journey->sender;
       out && segment->link_count + 1 < JOURNEY_HOSTS;) {
    struct journey_link *link = &segment->links[segment->link_count++];
    *link = (struct journey_link){.id = out->packet,
                                  .nic = out->nic,
                                  .out = out->begin,
                                  .sent = out->end,
                                  .in = SIM_NEVER,
                                  .arrived = SIM_NEVER,
                                  .stored = SIM_NEVER,
                                  .written = SIM_NEVER,
                                  .taken = SIM_NEVER};
    follow_fetch(follower, link, given);
    struct sim_end to =
        topology_neighbour(follower->topology, follower->host, out->nic - 1);
    add_hop(follower, segment->link_count, to.host);
    taken = follow_link(follower, link, out, to);
    follower->host = to.host;
    out = taken && to.host != 1 - journey->sender
              ? follow_router(follower, taken, &given)
              : NULL;
  }
  follow_input(follower, taken);
}

static void follow_segments(struct follower *follower) {
  struct journey *journey = follower->journey;
  const struct journey_events *events = follower->events;
  for (size_t i = from_time(events, journey->asked_to_send);
       i < events->count && journey->segment_count < JOURNEY_SEGMENTS; i++) {
    const struct timeline_event *event = &events->all[i];
    if (event->host == journey->sender && event->track == TIMELINE_WIRE_TX &&
        event->packet == journey->id && event->payload) {
      follow_segment(follower, event);
    }
  }
}

/* --- The whole ------------------------------------------------------------ */

static void follow(struct journey *journey, const struct journey_events *events,
                   const struct topology *topology) {
  struct journey_want want = {.host = journey->sender,
                              .track = TIMELINE_STACK,
                              .name = "tcp_output",
                              .packet = journey->id};
  struct follower follower = {journey, events, topology, NULL, 0};
  journey->asked_to_send = begin_of(journey_first(events, &want));
  want.track = TIMELINE_DRIVER;
  want.name = "tx_used";
  journey->freed = begin_of(journey_last(events, &want));
  add_hop(&follower, 0, journey->sender);
  memcpy(journey->receiver, topology->hosts[1 - journey->sender].name,
         sizeof(journey->receiver));
  follow_segments(&follower);
  journey_stages(journey, events, topology);
}

bool journey_find(struct journey *journey, const struct options *options,
                  struct timeline *timeline) {
  struct journey_events events;
  struct packets packets = {0};
  unsigned sender =
      options->command == COMMAND_DOWNLOAD ? RUN_SERVER : RUN_CLIENT;
  struct topology *topology = sim_alloc(sizeof(*topology));
  run_parse_topology(topology, options);
  events.all = timeline_events(timeline, &events.count);
  collect(&packets, sender, &events);
  long chosen = choose(&packets, options->explain, sender,
                       topology->hosts[sender].name, &events);
  if (chosen >= 0) {
    const struct packet *packet = &packets.all[chosen];
    *journey = (struct journey){
        .options = options,
        .number = (unsigned)chosen + 1,
        .count = packets.count,
        .id = packet->id,
        .sender = sender,
        .seq = packet->seq,
        .payload = packet->payload,
        .gso_size = packet->gso_size,
    };
    follow(journey, &events, topology);
  }
  free(packets.all);
  free(topology);
  return chosen >= 0;
}
