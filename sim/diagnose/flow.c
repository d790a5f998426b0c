/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/diagnose/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

enum {
  BUCKETS = 4096,
  CHAIN_MOST = 512, /* in a bucket; of 65536 connections 16 would be usual */

  PS_PER_NS = 1000,
  GUESS_MOST = 14, /* RFC 7323 2.3 */
};

static const uint32_t NONE = UINT32_MAX;

/* --- Places --------------------------------------------------------------- */

/* Interfaces of one direction each, "server:wire-tx" and "server:wire-rx", are
 * one place: the name without its end. */
static size_t place_name(const struct pcap_interface *interface, char *name) {
  size_t len = interface->name ? interface->name_len : 0;
  const char *text = (const char *)interface->name;
  if (len > 3 && (memcmp(text + len - 3, "-tx", 3) == 0 ||
                  memcmp(text + len - 3, "-rx", 3) == 0)) {
    len -= 3;
  }
  len = len < FLOW_NAME - 1 ? len : FLOW_NAME - 1;
  for (size_t i = 0; i < len; i++) { /* the file's bytes go to a terminal */
    unsigned char c = (unsigned char)text[i];
    bool plain = c > ' ' && c < 0x7f && c != '"' && c != '\\';
    name[i] = plain ? (char)c : '?';
  }
  name[len] = '\0';
  return len;
}

/* The first interface that is the same place. */
static size_t place_of(const struct pcap *pcap, unsigned interface) {
  char name[FLOW_NAME], other[FLOW_NAME];
  if (place_name(&pcap->interface[interface], name) == 0) {
    return interface;
  }
  for (unsigned i = 0; i < interface; i++) {
    (void)place_name(&pcap->interface[i], other);
    if (strcmp(name, other) == 0) {
      return i;
    }
  }
  return interface;
}

/* --- Connections ---------------------------------------------------------- */

static uint32_t mix(uint32_t hash, const uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    hash = (hash ^ bytes[i]) * 16777619u;
  }
  return hash;
}

/* The same for both directions. */
static uint32_t bucket_of(const struct segment *segment, size_t place) {
  uint32_t a = mix(2166136261u, segment->from.bytes, 16) * 31 +
               segment->from_port * 2654435761u;
  uint32_t b = mix(2166136261u, segment->to.bytes, 16) * 31 +
               segment->to_port * 2654435761u;
  return (a + b + (uint32_t)place) % BUCKETS;
}

/* 0 or 1: which end of `flow` sent it; -1: it is of another connection. */
static int direction(const struct flow *flow, const struct segment *segment) {
  for (int i = 0; i < 2; i++) {
    const struct flow_end *from = &flow->end[i], *to = &flow->end[1 - i];
    if (from->port == segment->from_port && to->port == segment->to_port &&
        ph_addr_equal(&from->address, &segment->from) &&
        ph_addr_equal(&to->address, &segment->to)) {
      return i;
    }
  }
  return -1;
}

/* Ports that are used again begin a new connection: a SYN after the end of the
 * old one, or with another number. */
static bool starts_anew(const struct flow *flow, int from,
                        const struct segment *segment) {
  const struct flow_end *end = &flow->end[from];
  if (!(segment->flags & SEGMENT_SYN) || (segment->flags & SEGMENT_ACK)) {
    return false;
  }
  return end->started && (!end->syn_seen || segment->seq != end->first);
}

static struct flow *add_flow(struct flows *flows, const struct segment *segment,
                             const struct pcap *pcap, unsigned interface,
                             size_t place, uint32_t bucket) {
  if (flows->count == flows->room) {
    flows->room = flows->room ? flows->room * 2 : 64;
    flows->flow = sim_realloc(flows->flow, flows->room * sizeof(*flows->flow));
  }
  struct flow *flow = &flows->flow[flows->count];
  /* A SYN-ACK comes from end 1. */
  bool answer = (segment->flags & (SEGMENT_SYN | SEGMENT_ACK)) ==
                (SEGMENT_SYN | SEGMENT_ACK);
  memset(flow, 0, sizeof(*flow));
  flow->end[answer].address = segment->from;
  flow->end[answer].port = segment->from_port;
  flow->end[!answer].address = segment->to;
  flow->end[!answer].port = segment->to_port;
  flow->end[0].scale = flow->end[1].scale = -1;
  flow->place_id = place;
  (void)place_name(&pcap->interface[interface], flow->place);
  flow->next = flows->bucket[bucket];
  flows->bucket[bucket] = (uint32_t)flows->count++;
  return flow;
}

/* --- Segments ------------------------------------------------------------- */

/* A number of 32 bits as one that does not wrap, next to `near`. */
static int64_t unwrap(int64_t near, uint32_t number, uint32_t first) {
  uint32_t relative = number - first;
  return near + (int32_t)(relative - (uint32_t)near);
}

static void start(struct flow_end *end, uint32_t first) {
  if (!end->started) {
    end->started = true;
    end->first = first;
  }
}

static void note_syn(struct flow_end *end, const struct segment *segment) {
  end->first = segment->seq;
  end->started = end->syn_seen = true;
  end->mss = segment->mss;
  end->scale = segment->scale;
  end->timestamps = segment->timestamps;
}

static void add_segment(struct flow *flow, int from,
                        const struct segment *segment, int64_t ns,
                        uint64_t order, uint32_t wire_len) {
  struct flow_end *mine = &flow->end[from], *other = &flow->end[1 - from];
  if (segment->flags & SEGMENT_SYN) {
    note_syn(mine, segment);
  }
  start(mine, segment->seq);
  if (segment->flags & SEGMENT_ACK) {
    start(other, segment->ack);
  }
  if (flow->count == flow->room) {
    flow->room = flow->room ? flow->room * 2 : 16;
    flow->segments =
        sim_realloc(flow->segments, flow->room * sizeof(*flow->segments));
  }
  struct flow_segment *to = &flow->segments[flow->count++];
  *to = (struct flow_segment){
      .ns = ns,
      .order = order,
      .seq = unwrap((int64_t)mine->bytes, segment->seq, mine->first),
      .payload = segment->payload,
      .window = segment->window,
      .wire_len = wire_len,
      .from = (uint8_t)from,
      .flags = segment->flags,
      .timestamps = segment->timestamps,
      .ts_val = segment->ts_val,
      .ts_ecr = segment->ts_ecr,
  };
  if (segment->flags & SEGMENT_ACK) {
    to->ack = unwrap((int64_t)other->bytes, segment->ack, other->first);
    to->sack_count = segment->sack_count;
    for (unsigned i = 0; i < segment->sack_count; i++) {
      for (int side = 0; side < 2; side++) {
        to->sack[i][side] =
            unwrap(to->ack, segment->sack[i][side], other->first);
      }
    }
  }
  int64_t end = to->seq + segment->payload;
  /* Numbers far from all that was seen are of no use, and of no one. */
  if (end > (int64_t)mine->bytes && end - (int64_t)mine->bytes < 1 << 30) {
    mine->bytes = (uint64_t)end;
  }
  mine->fin_seen |= (segment->flags & SEGMENT_FIN) != 0;
  mine->rst_seen |= (segment->flags & SEGMENT_RST) != 0;
}

/* --- Windows -------------------------------------------------------------- */

/* RFC 7323 2.2: the window of a SYN is never scaled, others only if both SYNs
 * had the option. If no SYN was seen, the scale of an end is guessed: the least
 * that makes its windows wide enough for what was sent into them. (What is
 * guessed too low shows as a window that is never more than just full.) */
static int guess_scale(const struct flow *flow, unsigned end) {
  int64_t ack = 0;
  uint32_t window = 0;
  int scale = 0;
  bool known = false;
  for (size_t i = 0; i < flow->count; i++) {
    const struct flow_segment *segment = &flow->segments[i];
    if (segment->from == end && (segment->flags & SEGMENT_ACK)) {
      ack = segment->ack;
      window = segment->window;
      known = true;
    } else if (segment->from != end && known && window > 0) {
      int64_t out = segment->seq + segment->payload - ack;
      while (scale < GUESS_MOST && out > (int64_t)window << scale &&
             out < 1 << 30) {
        scale++;
      }
    }
  }
  return scale;
}

static void scale_windows(struct flow *flow) {
  int scale[2] = {0, 0};
  if (flow->end[0].syn_seen && flow->end[1].syn_seen) {
    if (flow->end[0].scale >= 0 && flow->end[1].scale >= 0) {
      scale[0] = flow->end[0].scale;
      scale[1] = flow->end[1].scale;
    }
  } else {
    flow->scale_guessed = true;
    for (unsigned end = 0; end < 2; end++) {
      scale[end] = flow->end[end].syn_seen
                       ? (flow->end[end].scale > 0 ? flow->end[end].scale : 0)
                       : guess_scale(flow, end);
    }
  }
  for (size_t i = 0; i < flow->count; i++) {
    struct flow_segment *segment = &flow->segments[i];
    if (!(segment->flags & SEGMENT_SYN)) {
      segment->window <<= scale[segment->from];
    }
  }
}

static int by_time(const void *a, const void *b) {
  const struct flow_segment *x = a, *y = b;
  if (x->ns != y->ns) {
    return x->ns < y->ns ? -1 : 1;
  }
  return x->order < y->order ? -1 : x->order > y->order;
}

/* --- The whole ------------------------------------------------------------ */

/* Nanoseconds, such that the difference of two of them is a number, too. */
static int64_t since(pcap_time first, pcap_time time) {
  const int64_t most = INT64_C(1) << 61;
  pcap_time ns = (time - first) / PS_PER_NS;
  return ns > most ? most : ns < -most ? -most : (int64_t)ns;
}

static void take(struct flows *flows, const struct pcap *pcap,
                 const struct pcap_frame *frame, pcap_time first) {
  struct segment segment;
  unsigned link_type = pcap->interface[frame->interface].link_type;
  uint32_t wire_len = frame->wire_len - frame->fcs_len;
  uint32_t len = frame->len < wire_len ? frame->len : wire_len;
  flows->unknown_links += !segment_link_known(link_type);
  /* What arrived damaged was not heard. */
  if (frame->crc_error || frame->symbol_error ||
      !segment_read(&segment, link_type, frame->data, len, wire_len)) {
    flows->other++;
    return;
  }
  size_t place = place_of(pcap, frame->interface);
  uint32_t bucket = bucket_of(&segment, place);
  struct flow *flow = NULL;
  int from = -1;
  unsigned looked = 0;
  for (uint32_t i = flows->bucket[bucket]; i != NONE && from < 0;
       i = flows->flow[i].next) {
    looked++;
    flow = &flows->flow[i];
    from = flow->place_id == place ? direction(flow, &segment) : -1;
  }
  if (from < 0 || starts_anew(flow, from, &segment)) {
    /* No file keeps us longer than its length allows: chains are short. */
    if (flows->count == FLOWS_MOST || looked >= CHAIN_MOST) {
      flows->left_out++;
      return;
    }
    flow = add_flow(flows, &segment, pcap, frame->interface, place, bucket);
    from = direction(flow, &segment);
  }
  add_segment(flow, from, &segment, since(first, frame->time), flows->frames,
              frame->wire_len);
}

bool flows_read(struct flows *flows, const uint8_t *data, size_t size) {
  struct pcap *pcap = sim_alloc(sizeof(*pcap));
  struct pcap_frame frame;
  pcap_time first = 0;
  int got = 0;
  memset(flows, 0, sizeof(*flows));
  flows->bucket = sim_alloc(BUCKETS * sizeof(*flows->bucket));
  memset(flows->bucket, 0xff, BUCKETS * sizeof(*flows->bucket));
  bool good = pcap_open_any(pcap, data, size);
  while (good && (got = pcap_next(pcap, &frame)) > 0) {
    first = flows->frames ? first : frame.time;
    flows->frames++;
    take(flows, pcap, &frame, first);
  }
  if (!good || got < 0) {
    snprintf(flows->why, sizeof(flows->why), "%s", pcap->why);
  }
  for (size_t i = 0; i < flows->count; i++) {
    struct flow *flow = &flows->flow[i];
    qsort(flow->segments, flow->count, sizeof(*flow->segments), by_time);
    scale_windows(flow);
  }
  free(pcap);
  return good;
}

void flows_free(struct flows *flows) {
  for (size_t i = 0; i < flows->count; i++) {
    free(flows->flow[i].segments);
  }
  free(flows->flow);
  free(flows->bucket);
  memset(flows, 0, sizeof(*flows));
}
