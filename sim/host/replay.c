/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/replay.h"

#include <stdlib.h>
#include <string.h>

#include "sim/host/host_internal.h"
#include "stack/ip/ip.h"

enum {
  HOST_END, /* the directions of the link: from the host, to the host */
  RECORDING_END,
  ETH_SOURCE = 6,
  ETH_TYPE = 12,
  ETHERTYPE_ARP = 0x0806,
  IPV4_SOURCE = 12,
  /* RFC 826, behind the Ethernet header. */
  ARP_LEN = 28,
  ARP_OPERATION = 6,
  ARP_SENDER = 8, /* Ethernet and IPv4 address */
  ARP_SENDER_IP = 14,
  ARP_TARGET = 18,
  ARP_TARGET_IP = 24,
  ARP_REQUEST = 1,
  ARP_REPLY = 2,
  FLUSH_STEPS = 256,
};

/* As in sim.c: captured frames carry the time of their start. */
#define CAPTURE_SLACK (100 * SIM_US)
#define PS_PER_S INT64_C(1000000000000)

/* --- Neighbours ----------------------------------------------------------- */

static struct replay_neighbour *neighbour(struct replay *replay, uint32_t ip) {
  uint32_t slot = ip * UINT32_C(2654435761) >> 20;
  return &replay->neighbours[slot % REPLAY_NEIGHBOURS];
}

static void learn(struct replay *replay, const struct frame *frame) {
  uint32_t offset, ip_len;
  if (!frame_ipv4(frame->data, frame->len, &offset, &ip_len) ||
      frame->data[ETH_SOURCE] & 1) {
    return;
  }
  uint32_t ip = frame_get32(frame->data + offset + IPV4_SOURCE);
  struct replay_neighbour *entry = neighbour(replay, ip);
  entry->ip = ip;
  memcpy(entry->mac, frame->data + ETH_SOURCE, 6);
}

/* What the host sent reaches the recording, which hears ARP requests only. */
static void answer_arp(struct replay *replay, const struct frame *frame,
                       sim_time start) {
  const uint8_t *request = frame->data + FRAME_ETH_HEADER;
  if (frame->len < FRAME_MIN || !frame_fcs_good(frame->data, frame->len) ||
      frame_get16(frame->data + ETH_TYPE) != ETHERTYPE_ARP ||
      frame_get16(request + ARP_OPERATION) != ARP_REQUEST) {
    return;
  }
  uint32_t ip = frame_get32(request + ARP_TARGET_IP);
  const struct replay_neighbour *entry = neighbour(replay, ip);
  if (ip == 0 || entry->ip != ip) {
    return;
  }
  struct frame *answer = frame_copy(frame->data, FRAME_MIN, 0);
  uint8_t *arp = answer->data + FRAME_ETH_HEADER;
  memcpy(answer->data, replay->mac, 6);
  memcpy(answer->data + ETH_SOURCE, entry->mac, 6);
  memcpy(arp + ARP_TARGET, request + ARP_SENDER, 10);
  memcpy(arp + ARP_SENDER, entry->mac, 6);
  frame_put32(arp + ARP_SENDER_IP, ip);
  frame_put16(arp + ARP_OPERATION, ARP_REPLY);
  memset(arp + ARP_LEN, 0, FRAME_MIN - FRAME_ETH_HEADER - ARP_LEN);
  frame_set_fcs(answer->data, answer->len);
  sim_heap_push(&replay->answers,
                start + link_time(&replay->link.config, frame->len), 0, 0,
                answer);
  replay->stats.arp_answers++;
}

/* --- The link ------------------------------------------------------------- */

static unsigned emit(void *ctx, unsigned host, const uint8_t *data,
                     uint32_t len, sim_time end, bool error, uint64_t id) {
  struct replay *replay = ctx;
  (void)host;
  return link_send(&replay->link, HOST_END, data, len, end, error, id);
}

static void deliver(void *ctx, unsigned direction, struct frame *frame,
                    sim_time start) {
  struct replay *replay = ctx;
  if (direction == HOST_END) {
    answer_arp(replay, frame, start);
    free(frame);
    return;
  }
  replay->last_arrival = sim_time_max(replay->last_arrival, start);
  host_arrive(replay->host, frame, start);
}

/* --- The recording -------------------------------------------------------- */

/* A frame as it was on the wire, with FCS. What was recorded without FCS was
 * seen before the MAC padded it (802.3-2022 4.2.3.3). */
static struct frame *make_frame(struct replay *replay,
                                const struct pcap_frame *from) {
  uint32_t len = from->wire_len;
  bool cut = from->len < from->wire_len;
  if (!from->fcs_len) {
    uint32_t least = FRAME_MIN - FRAME_FCS_LEN;
    len = (len < least ? least : len) + FRAME_FCS_LEN;
  }
  struct frame *frame = sim_alloc(sizeof(*frame) + len);
  frame->len = len;
  frame->id = replay->pcap.frames;
  memcpy(frame->data, from->data, from->len);
  replay->stats.cut += cut;
  if ((!from->fcs_len || cut) && len >= FRAME_FCS_LEN) {
    frame_set_fcs(frame->data, len);
    frame->data[len - 1] ^= from->crc_error ? 0xff : 0;
  }
  return frame;
}

static bool is_own(const struct replay *replay, const struct pcap_frame *from) {
  return from->len >= ETH_TYPE &&
         memcmp(from->data + ETH_SOURCE, replay->mac, 6) == 0;
}

static sim_time end_of(struct replay *replay, const struct pcap_frame *from) {
  sim_time end = sim_time_max(REPLAY_START, replay->last_end);
  if (replay->line_rate) {
    return sim_time_max(end, replay->link.direction[RECORDING_END].free_at);
  }
  pcap_time since = from->time - replay->first;
  if (since < 0 || REPLAY_START + (sim_time)since < replay->last_end) {
    replay->stats.back++;
    return end;
  }
  return REPLAY_START + (sim_time)since;
}

/* The file was read once already: nothing can be wrong with it any more. */
static void fetch(struct replay *replay) {
  struct pcap_frame from;
  replay->next = NULL;
  replay->next_end = SIM_NEVER;
  while (pcap_next(&replay->pcap, &from) > 0) {
    if (!replay->first_known) {
      replay->first_known = true;
      replay->first = from.time;
    }
    replay->stats.recorded++;
    if (is_own(replay, &from)) {
      replay->stats.own++;
      continue;
    }
    replay->next = make_frame(replay, &from);
    replay->next_error = from.symbol_error;
    replay->next_end = end_of(replay, &from);
    return;
  }
}

static void send_next(struct replay *replay) {
  struct frame *frame = replay->next;
  learn(replay, frame);
  replay->last_end = replay->next_end;
  replay->stats.sent++;
  replay->stats.bytes += frame->len;
  link_send(&replay->link, RECORDING_END, frame->data, frame->len,
            replay->next_end, replay->next_error, frame->id);
  free(frame);
  fetch(replay);
}

static void send_answer(struct replay *replay) {
  struct sim_event event;
  if (sim_heap_pop(&replay->answers, &event)) {
    struct frame *frame = event.payload;
    link_send(&replay->link, RECORDING_END, frame->data, frame->len, event.time,
              false, 0);
    free(frame);
  }
}

/* --- Time ----------------------------------------------------------------- */

/* The host is advanced to the time before which nothing can arrive: the next
 * frame's, or that of an answer to what the host may send now. */
static void advance(struct replay *replay, sim_time next) {
  sim_time mine = host_next(replay->host);
  sim_time delay = replay->link.config.delay;
  sim_time until = sim_time_min(next, sim_time_add(mine, delay));
  host_advance(replay->host, sim_time_add(until, delay));
  if (replay->capture && ++replay->steps % FLUSH_STEPS == 0 &&
      mine > CAPTURE_SLACK) {
    capture_flush(replay->capture, mine - CAPTURE_SLACK);
  }
}

void replay_run(struct replay *replay) {
  for (;;) {
    sim_time answer = sim_heap_next(&replay->answers);
    sim_time next = sim_time_min(replay->next_end, answer);
    sim_time mine = host_next(replay->host);
    sim_time last = sim_time_max(replay->last_arrival, REPLAY_START);
    if (!replay->next && sim_time_min(next, mine) >= last + REPLAY_DRAIN) {
      return;
    }
    if (next > mine) {
      advance(replay, next);
    } else if (answer < replay->next_end) {
      send_answer(replay);
    } else {
      send_next(replay);
    }
  }
}

/* --- Making --------------------------------------------------------------- */

bool replay_open(struct replay *replay, const uint8_t *data, size_t size,
                 const char *only, bool line_rate) {
  struct pcap *pcap = &replay->pcap;
  struct pcap_frame frame;
  pcap_time first = 0;
  bool known = false;
  int got = 0;
  replay->line_rate = line_rate;
  if (!pcap_open(pcap, data, size, only)) {
    return false;
  }
  while (!*pcap->why && (got = pcap_next(pcap, &frame)) > 0) {
    first = known ? first : frame.time;
    known = true;
    if (!line_rate && (frame.time - first) / PS_PER_S >= REPLAY_SPAN_S) {
      got = pcap_wrong(pcap,
                       "frame %llu came more than %d s after the first, which "
                       "only --speed line can replay",
                       (unsigned long long)pcap->frames, REPLAY_SPAN_S);
    }
  }
  if (got == 0 && only && !pcap->only_met) {
    got = pcap_wrong(pcap, "there is no interface '%.40s'", only);
  }
  return got == 0 && pcap_open(pcap, data, size, only);
}

/* Every address of the recording is on the link: whoever routed for it there
 * answers for it. */
static void add_route(struct host *host, void *arg) {
  (void)arg;
  if (ph_ipv4_add_route(&host->stack, 0, 0, 0, host->ports[0].netif)) {
    sim_fatal("host %s: no room for a default route", host->config.name);
  }
}

void replay_start(struct replay *replay, const struct host_config *host,
                  const struct link_config *link, uint64_t seed) {
  struct host_config config = *host;
  config.emit = emit;
  config.emit_ctx = replay;
  config.capture = replay->capture;
  memcpy(replay->mac, host->mac, sizeof(replay->mac));
  sim_heap_init(&replay->answers);
  link_init(&replay->link, link, seed, deliver, replay);
  replay->host = host_create(&config);
  host_spawn(replay->host, 0, add_route, NULL);
  fetch(replay);
}

void replay_close(struct replay *replay) {
  struct sim_event event;
  while (sim_heap_pop(&replay->answers, &event)) {
    free(event.payload);
  }
  sim_heap_destroy(&replay->answers);
  free(replay->next);
  host_destroy(replay->host);
  link_destroy(&replay->link);
}
