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
      "driver",      "TCP/IP stack", "application"};
  return names[place];
}

const char *journey_host_name(unsigned host) {
  return host == RUN_CLIENT ? "client" : "server";
}

/* --- Looking up ----------------------------------------------------------- */

static bool carries(const struct timeline_event *event, uint32_t seq) {
  return event->payload && seq - event->seq < event->payload;
}

static bool matches(const struct timeline_event *event,
                    const struct journey_want *want) {
  uint64_t beat = event->address / BEAT * BEAT;
  return event->host == want->host && event->track == want->track &&
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
                   unsigned sender, const struct journey_events *events) {
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
          "packhorse: --explain %s: the %s sent data packets 1 to %u, none is "
          "called %s.\n",
          which, journey_host_name(sender), packets->count, which);
  return -1;
}

/* --- Segments ------------------------------------------------------------- */

static sim_time begin_of(const struct timeline_event *event) {
  return event ? event->begin : SIM_NEVER;
}

static sim_time end_of(const struct timeline_event *event) {
  return event ? event->end : SIM_NEVER;
}

static void follow_receive(struct journey *journey,
                           const struct journey_events *events,
                           struct journey_segment *segment) {
  struct journey_want want = {.host = 1 - journey->sender,
                              .track = TIMELINE_WIRE_RX,
                              .packet = journey->id,
                              .has_seq = true,
                              .seq = segment->seq,
                              .since = segment->out};
  const struct timeline_event *event = journey_first(events, &want);
  segment->in = begin_of(event);
  segment->arrived = end_of(event);
  want.track = TIMELINE_DMA_WRITE;
  segment->stored = begin_of(journey_first(events, &want));
  want.track = TIMELINE_DRIVER;
  want.name = "rx_used";
  segment->taken = begin_of(journey_first(events, &want));
  want.track = TIMELINE_DMA_WRITE;
  want.name = NULL;
  want.until = segment->taken == SIM_NEVER ? 0 : segment->taken;
  segment->written = end_of(journey_last(events, &want));
  want.track = TIMELINE_STACK;
  want.name = "tcp_input";
  want.until = 0;
  segment->input = begin_of(journey_first(events, &want));
  /* Whoever brought them in the end: the bytes are read once. */
  want.track = TIMELINE_APP;
  want.name = "read";
  want.packet = 0;
  want.seq = segment->seq + segment->payload - 1;
  event = journey_first(events, &want);
  segment->read = begin_of(event);
  segment->done = end_of(event);
}

static void follow_segment(struct journey *journey,
                           const struct journey_events *events,
                           const struct timeline_event *out) {
  struct journey_segment *segment =
      &journey->segments[journey->segment_count++];
  *segment = (struct journey_segment){.seq = out->seq,
                                      .payload = out->payload,
                                      .frame = (uint32_t)out->bytes,
                                      .out = out->begin,
                                      .sent = out->end};
  struct journey_want want = {.host = journey->sender,
                              .track = TIMELINE_DMA_READ,
                              .packet = journey->id,
                              .has_seq = true,
                              .seq = out->seq,
                              .since = journey->asked_to_send};
  segment->asked = begin_of(journey_first(events, &want));
  want.seq = out->seq + out->payload - 1;
  segment->fetched = end_of(journey_first(events, &want));
  follow_receive(journey, events, segment);
}

static void follow_segments(struct journey *journey,
                            const struct journey_events *events) {
  for (size_t i = from_time(events, journey->asked_to_send);
       i < events->count && journey->segment_count < JOURNEY_SEGMENTS; i++) {
    const struct timeline_event *event = &events->all[i];
    if (event->host == journey->sender && event->track == TIMELINE_WIRE_TX &&
        event->packet == journey->id && event->payload) {
      follow_segment(journey, events, event);
    }
  }
}

/* --- The whole ------------------------------------------------------------ */

bool journey_find(struct journey *journey, const struct options *options,
                  struct timeline *timeline) {
  struct journey_events events;
  struct packets packets = {0};
  unsigned sender =
      options->command == COMMAND_DOWNLOAD ? RUN_SERVER : RUN_CLIENT;
  events.all = timeline_events(timeline, &events.count);
  collect(&packets, sender, &events);
  long chosen = choose(&packets, options->explain, sender, &events);
  if (chosen < 0) {
    free(packets.all);
    return false;
  }
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
  struct journey_want want = {.host = sender,
                              .track = TIMELINE_STACK,
                              .name = "tcp_output",
                              .packet = packet->id};
  journey->asked_to_send = begin_of(journey_first(&events, &want));
  want.track = TIMELINE_DRIVER;
  want.name = "tx_used";
  journey->freed = begin_of(journey_last(&events, &want));
  free(packets.all);
  follow_segments(journey, &events);
  journey_stages(journey, &events);
  return true;
}
