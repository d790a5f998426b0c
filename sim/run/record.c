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

static void seen(void *ctx, const struct capture_packet *packet) {
  struct record *record = ctx;
  unsigned host = packet->interface / PLACES;
  record->frames++;
  struct record_segment segment = {
      .place = (enum record_place)(packet->interface % PLACES),
      .at = packet->time,
      .arrived = SIM_NEVER,
      .id = packet->id,
      .marks = packet->marks,
      .bytes = packet->wire_len,
  };
  if (host >= RECORD_HOSTS ||
      !read_segment(&segment, packet->data, packet->len)) {
    return;
  }
  bool out = segment.place == RECORD_HOST_TX || segment.place == RECORD_WIRE_TX;
  segment.from = out ? host : 1 - host;
  scale_window(record, &segment);
  record->segments = grow(record->segments, record->segment_count,
                          &record->segment_room, sizeof(segment));
  record->segments[record->segment_count++] = segment;
}

void record_watch(struct record *record, struct capture *capture) {
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

/* Each segment that arrived belongs to the first equal one that left and has
 * not arrived yet; one that the wire made twice belongs to none. */
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
    for (size_t k = oldest; k < i; k++) {
      struct record_segment *out = &record->segments[k];
      if (record_on_wire(out) && out->arrived == SIM_NEVER &&
          !(out->marks & FRAME_DROPPED) && same(out, in)) {
        out->arrived = in->at;
        out->marks |= in->marks;
        break;
      }
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
