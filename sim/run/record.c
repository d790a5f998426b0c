/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/record.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

enum {
  PLACES = 4,
  FDS = 16,
  PROTO_TCP = 6,
  OPTION_END = 0,
  OPTION_NOP = 1,
  OPTION_MSS = 2,
  OPTION_SCALE = 3,
  OPTION_SACK_PERMITTED = 4,
  OPTION_SACK = 5,
  BYTE_PS = 800, /* at the NICs' 10 Gb/s */
  PREAMBLE = 8,
  GAP = 20, /* the longest of an interface that is busy, and a lane */
};

/* Names of the counters, in the order of struct ph_stats. */
static const char *const counter_names[] = {
#define X(name, text) #name,
    PH_STATS_MAP(X)
#undef X
};

void record_init(struct record *record) {
  *record = (struct record){.scale = {-1, -1}};
}

void record_destroy(struct record *record) {
  free(record->segments);
  free(record->notes);
  free(record->samples);
  free(record->crossings);
}

/* Room for one more of `size` bytes. */
static void *grow(void *all, size_t count, size_t *room, size_t size) {
  if (count < *room) {
    return all;
  }
  *room = *room ? *room * 2 : 256;
  return sim_realloc(all, *room * size);
}

/* --- Segments ------------------------------------------------------------- */

static void read_option(struct record_segment *segment, const uint8_t *option,
                        unsigned len) {
  switch (option[0]) {
    case OPTION_MSS:
      segment->mss = len == 4 ? frame_get16(option + 2) : 0;
      break;
    case OPTION_SCALE:
      segment->scale = len == 3 ? option[2] : -1;
      break;
    case OPTION_SACK_PERMITTED:
      segment->sack_permitted = len == 2;
      break;
    case OPTION_SACK:
      for (unsigned at = 2; at + 8 <= len && segment->sack_count < RECORD_SACKS;
           at += 8) {
        uint32_t *block = segment->sack[segment->sack_count++];
        block[0] = frame_get32(option + at);
        block[1] = frame_get32(option + at + 4);
      }
      break;
    default:
      break;
  }
}

static void read_options(struct record_segment *segment, const uint8_t *at,
                         size_t len) {
  while (len > 0 && at[0] != OPTION_END) {
    size_t this = at[0] == OPTION_NOP ? 1 : len > 1 ? at[1] : 0;
    if (this == 0 || this > len || (at[0] != OPTION_NOP && this < 2)) {
      return;
    }
    read_option(segment, at, (unsigned)this);
    at += this;
    len -= this;
  }
}

/* False: no TCP segment whose header is all there. */
static bool read_segment(struct record_segment *segment, const uint8_t *data,
                         uint32_t len) {
  uint32_t seq, payload;
  if (!frame_tcp(data, len, &seq, &payload)) {
    return false;
  }
  struct frame_payload in;
  (void)frame_payload(data, len, &in); /* it is there */
  uint32_t start = in.offset;
  const uint8_t *tcp = data + start;
  uint32_t header = (tcp[12] >> 4) * 4u;
  if (header < 20 || start + header > len) {
    return false;
  }
  segment->seq = seq;
  segment->payload = payload;
  segment->ports[0] = frame_get16(tcp);
  segment->ports[1] = frame_get16(tcp + 2);
  segment->ack = frame_get32(tcp + 8);
  segment->flags = tcp[13];
  segment->window = frame_get16(tcp + 14);
  segment->scale = -1;
  read_options(segment, tcp + 20, header - 20);
  return true;
}

/* RFC 7323 2.2: the window of a SYN is never scaled; of others only if both
 * SYNs had the option. */
static void scale_window(struct record *record,
                         struct record_segment *segment) {
  unsigned from = segment->from;
  if (segment->flags & RECORD_SYN) {
    record->scale[from] = segment->scale;
    record->iss[from] = segment->seq;
    record->known[from] = true;
  } else if (record->scale[0] >= 0 && record->scale[1] >= 0) {
    segment->window <<= record->scale[from];
  }
}

/* --- Links ---------------------------------------------------------------- */

/* The link of a NIC; 0: the NIC is its left end. */
static unsigned link_of(const struct record *record, struct sim_end nic,
                        unsigned *end) {
  unsigned link = record->topology->hosts[nic.host].link_of[nic.port];
  const struct sim_end *left = &record->topology->links[link].end[0];
  *end = left->host != nic.host || left->port != nic.port;
  return link;
}

/* The frame that this one arrived as. Twins that the wire made arrive once. */
static void arrive(struct record *record, unsigned link, unsigned direction,
                   const struct record_segment *frame) {
  size_t *oldest = &record->oldest[link][direction];
  bool passed = true; /* nothing before it is still under way */
  for (size_t i = *oldest; i < record->crossing_count; i++) {
    struct record_crossing *crossing = &record->crossings[i];
    if (crossing->link != link || crossing->direction != direction ||
        crossing->dropped || crossing->arrived != SIM_NEVER) {
      *oldest = passed ? i + 1 : *oldest;
      continue;
    }
    if (crossing->id == frame->id && crossing->seq == frame->seq &&
        crossing->bytes == frame->bytes) {
      crossing->arrived = frame->at;
      return;
    }
    passed = false;
  }
}

/* A frame at one of a NIC's two places on the wire. */
static void cross(struct record *record, struct sim_end nic,
                  const struct record_segment *frame) {
  unsigned end, link = link_of(record, nic, &end);
  if (frame->place == RECORD_WIRE_RX && !(frame->marks & FRAME_DUPLICATE)) {
    arrive(record, link, 1 - end, frame);
  } else if (frame->place == RECORD_WIRE_TX) {
    record->crossings =
        grow(record->crossings, record->crossing_count, &record->crossing_room,
             sizeof(*record->crossings));
    record->crossings[record->crossing_count++] =
        (struct record_crossing){.link = link,
                                 .direction = end,
                                 .at = frame->at,
                                 .arrived = SIM_NEVER,
                                 .id = frame->id,
                                 .bytes = frame->bytes,
                                 .seq = frame->seq,
                                 .dropped = frame->marks & FRAME_DROPPED};
  }
}

/* The NIC that an interface of the capture is of: they come in the order of
 * hosts and of their NICs. */
static struct sim_end nic_of(const struct record *record, unsigned interface) {
  struct sim_end nic = {0, interface / PLACES};
  while (nic.port >= record->topology->hosts[nic.host].port_count) {
    nic.port -= record->topology->hosts[nic.host++].port_count;
  }
  return nic;
}

static void seen(void *ctx, const struct capture_packet *packet) {
  struct record *record = ctx;
  struct sim_end nic = nic_of(record, packet->interface);
  unsigned host = nic.host;
  record->frames++;
  struct record_segment segment = {
      .place = (enum record_place)(packet->interface % PLACES),
      .at = packet->time,
      .arrived = SIM_NEVER,
      .id = packet->id,
      .marks = packet->marks,
      .bytes = packet->wire_len,
  };
  bool tcp = read_segment(&segment, packet->data, packet->len);
  if (record->topology->host_count > RECORD_HOSTS) {
    cross(record, nic, &segment);
  }
  if (host >= RECORD_HOSTS || !tcp) {
    return;
  }
  bool out = segment.place == RECORD_HOST_TX || segment.place == RECORD_WIRE_TX;
  segment.from = out ? host : 1 - host;
  scale_window(record, &segment);
  record->segments = grow(record->segments, record->segment_count,
                          &record->segment_room, sizeof(segment));
  record->segments[record->segment_count++] = segment;
}

void record_watch(struct record *record, struct capture *capture,
                  const struct topology *topology) {
  record->topology = topology;
  capture_watch(capture, seen, record);
}

/* --- Notes and samples ---------------------------------------------------- */

void record_note(struct record *record, enum record_kind kind, unsigned host,
                 sim_time at, const char *name, int64_t value) {
  record->notes = grow(record->notes, record->note_count, &record->note_room,
                       sizeof(*record->notes));
  record->notes[record->note_count++] =
      (struct record_note){kind, host, at, name, value};
}

/* The connection of a host: the one that is named first, or that nobody names
 * any more. */
static bool find_connection(struct ph_stack *stack,
                            struct ph_socket_info *info) {
  for (int fd = 0; fd < FDS; fd++) {
    if (ph_socket_info(stack, fd, info) == 0 && info->remote_port != 0 &&
        info->type == PH_SOCK_STREAM) {
      return true;
    }
  }
  return ph_orphan_info(stack, 0, info) == 0;
}

static void note_counters(struct record *record, unsigned host,
                          const struct ph_stats *now, sim_time at) {
  const uint64_t *old = (const uint64_t *)(const void *)&record->stats[host];
  const uint64_t *new = (const uint64_t *)(const void *)now;
  for (size_t i = 0; i < sizeof(counter_names) / sizeof(*counter_names); i++) {
    /* What is about TCP: the rest moves with every packet. */
    if (new[i] != old[i] && strncmp(counter_names[i], "Tcp", 3) == 0) {
      record_note(record, RECORD_COUNTER, host, at, counter_names[i],
                  (int64_t)(new[i] - old[i]));
    }
  }
  record->stats[host] = *now;
}

void record_probe(void *ctx, struct host *host, sim_time now) {
  struct record *record = ctx;
  unsigned index = host_index(host);
  struct ph_stack *stack = host_stack(host);
  struct ph_socket_info info;
  if (index >= RECORD_HOSTS) {
    return;
  }
  note_counters(record, index, &stack->stats, now);
  const char *state = "CLOSED";
  struct record_sample sample = {.host = index, .at = now};
  if (find_connection(stack, &info)) {
    state = info.state;
    sample.cwnd = info.cwnd;
    sample.ssthresh = info.ssthresh;
    sample.snd_wnd = info.snd_wnd;
    sample.rcv_wnd = info.rcv_wnd;
    sample.send_queue = info.send_queue;
    sample.recv_queue = info.recv_queue;
    sample.srtt_ns = info.srtt_ns;
    sample.rto_ns = info.rto_ns;
  }
  if (record->state[index] ? strcmp(record->state[index], state) != 0
                           : strcmp(state, "CLOSED") != 0) {
    record_note(record, RECORD_STATE, index, now, state, 0);
    record->state[index] = state;
  }
  struct record_sample *last = &record->last[index];
  sim_time at = last->at;
  last->at = now;
  if (memcmp(last, &sample, sizeof(sample)) == 0) {
    last->at = at;
    return;
  }
  *last = sample;
  record->samples = grow(record->samples, record->sample_count,
                         &record->sample_room, sizeof(sample));
  record->samples[record->sample_count++] = sample;
}

/* --- The end -------------------------------------------------------------- */

static bool same(const struct record_segment *a,
                 const struct record_segment *b) {
  return a->from == b->from && a->seq == b->seq && a->ack == b->ack &&
         a->payload == b->payload && a->flags == b->flags &&
         a->window == b->window;
}

/* What left as `in`, which arrived: the equal one in the packet of that name.
 * A router may have made one packet of several: then it is the last equal one,
 * because what was sent again would arrive later. Equal ACKs may have one name:
 * then it is the first. NULL: the wire made `in` twice. */
static struct record_segment *origin(const struct record *record,
                                     const struct record_segment *in,
                                     size_t oldest) {
  struct record_segment *other = NULL;
  for (struct record_segment *out = record->segments + oldest; out < in;
       out++) {
    if (!record_on_wire(out) || out->marks & FRAME_DROPPED || !same(out, in)) {
      continue;
    }
    bool arrived = out->arrived != SIM_NEVER;
    if (out->id == in->id && (in->payload || !arrived)) {
      return arrived ? NULL : out;
    }
    other = arrived || (other && !in->payload) ? other : out;
  }
  return in->marks & FRAME_DUPLICATE ? NULL : other;
}

static void pair(struct record *record) {
  size_t oldest = 0;
  for (size_t i = 0; i < record->segment_count; i++) {
    const struct record_segment *in = &record->segments[i];
    if (in->place != RECORD_WIRE_RX) {
      continue;
    }
    while (oldest < i && record->segments[oldest].at + SIM_S < in->at) {
      oldest++;
    }
    struct record_segment *out = origin(record, in, oldest);
    if (out) {
      out->arrived = in->at;
      out->marks |= in->marks;
    }
  }
}

/* Each host's notes are in order, and no host runs far ahead of the other: few
 * have to move, and those of equal times stay as they are. */
static void sort_notes(struct record *record) {
  for (size_t i = 1; i < record->note_count; i++) {
    struct record_note note = record->notes[i];
    size_t to = i;
    for (; to > 0 && record->notes[to - 1].at > note.at; to--) {
      record->notes[to] = record->notes[to - 1];
    }
    record->notes[to] = note;
  }
}

void record_close(struct record *record) {
  pair(record);
  sort_notes(record);
}

/* --- Reading -------------------------------------------------------------- */

uint32_t record_seq(const struct record *record,
                    const struct record_segment *segment) {
  return segment->seq - record->iss[segment->from];
}

uint32_t record_ack(const struct record *record,
                    const struct record_segment *segment, uint32_t number) {
  return number - record->iss[1 - segment->from];
}

static int earlier(const void *a, const void *b) {
  const struct record_level *x = a, *y = b;
  return x->at != y->at ? (x->at < y->at ? -1 : 1)
                        : (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* A frame enters the link with its last byte; its first one arrives a delay
 * after the link began to send it. */
size_t record_queue(const struct record *record, unsigned link,
                    unsigned direction, struct record_level **points) {
  const sim_time delay = record->topology->links[link].link.delay;
  struct record_level *all =
      sim_alloc((2 * record->crossing_count + 1) * sizeof(*all));
  size_t count = 0;
  for (size_t i = 0; i < record->crossing_count; i++) {
    const struct record_crossing *crossing = &record->crossings[i];
    sim_time entered = crossing->at + (PREAMBLE + crossing->bytes) * BYTE_PS;
    if (crossing->link == link && crossing->direction == direction &&
        crossing->arrived != SIM_NEVER &&
        crossing->arrived > entered + delay + GAP * BYTE_PS) {
      all[count++] = (struct record_level){entered, crossing->bytes};
      all[count++] = (struct record_level){crossing->arrived - delay,
                                           -(int64_t)crossing->bytes};
    }
  }
  qsort(all, count, sizeof(*all), earlier);
  for (size_t i = 1; i < count; i++) {
    all[i].bytes += all[i - 1].bytes;
  }
  *points = all;
  return count;
}

uint64_t record_count(const struct record *record, unsigned host,
                      const char *name, sim_time from, sim_time to) {
  uint64_t sum = 0;
  for (size_t i = 0; i < record->note_count; i++) {
    const struct record_note *note = &record->notes[i];
    if (note->kind == RECORD_COUNTER && note->host == host &&
        note->at >= from && note->at <= to && strcmp(note->name, name) == 0) {
      sum += (uint64_t)note->value;
    }
  }
  return sum;
}
