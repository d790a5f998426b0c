/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wire/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

enum fault { LOSS, DUP, REORDER, FCS, FLIP };

enum {
  REORDER_FRAMES = 5, /* a reordered frame is passed by up to so many */
  FULL_FRAME = 1518,
};

void link_config_init(struct link_config *config) {
  *config = (struct link_config){
      .rate_bps = UINT64_C(10000000000),
      .delay = SIM_US,
  };
}

sim_time link_time(const struct link_config *config, uint64_t len) {
  if (config->rate_bps == 0) {
    return 0;
  }
  return (sim_time)((sim_u128)(len + FRAME_OVERHEAD) * 8 * SIM_S /
                    config->rate_bps);
}

static bool fault_set(const struct link_fault *fault) {
  return fault->threshold || fault->listed_count;
}

static bool way_has_faults(const struct link_way *way) {
  return fault_set(&way->loss) || fault_set(&way->dup) ||
         fault_set(&way->reorder) || fault_set(&way->fcs) ||
         fault_set(&way->flip) || way->queue_packets || way->queue_bytes ||
         way->ecn_packets || way->ecn_bytes || way->mtu;
}

bool link_has_faults(const struct link_config *config) {
  return way_has_faults(&config->way[0]) || way_has_faults(&config->way[1]);
}

void link_init(struct link *link, const struct link_config *config,
               uint64_t seed, link_deliver_fn *deliver, void *ctx) {
  *link = (struct link){.config = *config, .deliver = deliver, .ctx = ctx};
  for (int d = 0; d < 2; d++) {
    static const char *const names[5] = {"loss", "dup", "reorder", "fcs",
                                         "flip"};
    for (int i = 0; i < 5; i++) {
      char name[32];
      snprintf(name, sizeof(name), "wire %d %s", d, names[i]);
      sim_rng_init(&link->direction[d].rng[i],
                   config->seed ? config->seed : seed, name);
    }
  }
}

void link_destroy(struct link *link) {
  free(link->direction[0].waiting);
  free(link->direction[1].waiting);
}

/* Does the fault strike this frame? A draw is made only where a probability is
 * set, so faults do not disturb each other. */
static bool strikes(struct link_direction *dir, const struct link_fault *fault,
                    enum fault which) {
  for (uint32_t i = 0; i < fault->listed_count; i++) {
    if (fault->listed[i] == dir->stats.frames) {
      return true;
    }
  }
  return fault->threshold && sim_rng_chance(&dir->rng[which], fault->threshold);
}

/* Forget frames whose transmission has begun by `now`. */
static void queue_drain(struct link_direction *dir, sim_time now) {
  while (dir->wait_count && dir->waiting[dir->wait_first].leaves <= now) {
    dir->wait_bytes -= dir->waiting[dir->wait_first].bytes;
    dir->wait_first = (dir->wait_first + 1) % dir->wait_capacity;
    dir->wait_count--;
  }
}

static void queue_add(struct link_direction *dir, sim_time leaves,
                      uint32_t bytes) {
  if (dir->wait_count == dir->wait_capacity) {
    size_t capacity = dir->wait_capacity ? dir->wait_capacity * 2 : 64;
    struct link_wait *ring = sim_alloc(capacity * sizeof(*ring));
    for (size_t i = 0; i < dir->wait_count; i++) {
      ring[i] = dir->waiting[(dir->wait_first + i) % dir->wait_capacity];
    }
    free(dir->waiting);
    dir->waiting = ring;
    dir->wait_first = 0;
    dir->wait_capacity = capacity;
  }
  size_t last = (dir->wait_first + dir->wait_count++) % dir->wait_capacity;
  dir->waiting[last] = (struct link_wait){leaves, bytes};
  dir->wait_bytes += bytes;
}

static void flip_bit(struct sim_rng *rng, uint8_t *data, uint32_t len) {
  uint32_t bit = sim_rng_below(rng, len * 8);
  data[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Flip a bit of the IPv4 packet and repair the FCS. Other frames have no
 * checksum of their own and stay whole. */
static void flip_packet(struct link_direction *dir, struct frame *frame) {
  uint32_t offset, ip_len;
  if (frame->marks & (FRAME_ERROR | FRAME_BAD_FCS) ||
      frame->len < FRAME_FCS_LEN ||
      !frame_ipv4(frame->data, frame->len - FRAME_FCS_LEN, &offset, &ip_len)) {
    return;
  }
  flip_bit(&dir->rng[FLIP], frame->data + offset, ip_len);
  frame_set_fcs(frame->data, frame->len);
  frame->marks |= FRAME_FLIPPED;
  dir->stats.flip++;
}

/* RFC 3168 5: ECT(0) and ECT(1) become CE. The header checksum is moved by as
 * much (RFC 1624 (3)), so that a wrong one stays wrong. False: not
 * ECN-capable, or marked already. */
static bool mark_ipv4(uint8_t *ip) {
  uint16_t before = frame_get16(ip);
  if ((before & 3) == 0 || (before & 3) == 3) {
    return false;
  }
  uint16_t after = before | 3;
  uint32_t sum =
      (uint32_t)(uint16_t)~frame_get16(ip + 10) + (uint16_t)~before + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  frame_put16(ip, after);
  frame_put16(ip + 10, (uint16_t)~sum);
  return true;
}

/* The same field in the traffic class of IPv6 (RFC 8200 7), which no checksum
 * covers. */
static bool mark_ipv6(uint8_t *ip) {
  unsigned ecn = ip[1] >> 4 & 3;
  if (ecn == 0 || ecn == 3) {
    return false;
  }
  ip[1] |= 3 << 4;
  return true;
}

/* Like a router: a frame that arrived damaged is not made good. */
static void mark_congestion(struct link_direction *dir, struct frame *frame) {
  uint32_t offset, ip_len;
  bool marked = false;
  if (frame->marks & FRAME_ERROR || !frame_fcs_good(frame->data, frame->len)) {
    return;
  }
  if (frame_ipv4(frame->data, frame->len - FRAME_FCS_LEN, &offset, &ip_len)) {
    marked = mark_ipv4(frame->data + offset);
  } else if (frame_ipv6(frame->data, frame->len - FRAME_FCS_LEN, &offset)) {
    marked = mark_ipv6(frame->data + offset);
  }
  if (marked) {
    frame_set_fcs(frame->data, frame->len);
    frame->marks |= FRAME_CE;
    dir->stats.ce++;
  }
}

static bool queue_long(const struct link_way *way,
                       const struct link_direction *dir) {
  return (way->ecn_packets && dir->wait_count >= way->ecn_packets) ||
         (way->ecn_bytes && dir->wait_bytes >= way->ecn_bytes);
}

/* The queue marks, then the wire damages. */
static void treat(const struct link_way *way, struct link_direction *dir,
                  struct frame *frame) {
  if (queue_long(way, dir)) {
    mark_congestion(dir, frame);
  }
  if (strikes(dir, &way->fcs, FCS) && frame->len) {
    flip_bit(&dir->rng[FCS], frame->data, frame->len);
    frame->marks |= FRAME_BAD_FCS;
    dir->stats.fcs++;
  }
  if (strikes(dir, &way->flip, FLIP)) {
    flip_packet(dir, frame);
  }
}

/* Send at the link's rate; returns when the first byte arrives. */
static sim_time transmit(struct link *link, struct link_direction *dir,
                         uint32_t len, sim_time now) {
  sim_time begin = sim_time_max(now, dir->free_at);
  dir->free_at = begin + link_time(&link->config, len);
  if (begin > now) {
    queue_add(dir, begin, len);
  }
  return begin + link->config.delay;
}

static bool queue_full(const struct link_way *way,
                       const struct link_direction *dir, uint32_t len) {
  return (way->queue_packets && dir->wait_count >= way->queue_packets) ||
         (way->queue_bytes && dir->wait_bytes + len > way->queue_bytes);
}

/* An IPv4 packet with DF that is longer than the path takes. */
static bool too_long(const struct link_way *way, const uint8_t *data,
                     uint32_t len) {
  enum { ETH = 14, DF = 0x40 };
  return way->mtu && len >= ETH + 20 + FRAME_FCS_LEN && data[12] == 0x08 &&
         data[13] == 0x00 && (data[ETH + 6] & DF) &&
         (uint32_t)(data[ETH + 2] << 8 | data[ETH + 3]) > way->mtu;
}

static void count(struct link_stats *stats, const uint8_t *data, uint32_t len) {
  enum frame_kind kind =
      frame_kind_of(data, len > FRAME_FCS_LEN ? len - FRAME_FCS_LEN : 0);
  stats->frames++;
  stats->bytes += len;
  stats->kind_frames[kind]++;
  stats->kind_bytes[kind] += len;
}

unsigned link_send(struct link *link, unsigned direction, const uint8_t *data,
                   uint32_t len, sim_time end, bool error, uint64_t id) {
  struct link_direction *dir = &link->direction[direction];
  const struct link_way *way = &link->config.way[direction];
  count(&dir->stats, data, len);
  dir->stats.errors += error;
  queue_drain(dir, end);
  if (strikes(dir, &way->loss, LOSS)) {
    dir->stats.lost++;
    return FRAME_DROPPED;
  }
  if (too_long(way, data, len)) {
    dir->stats.too_long++;
    return FRAME_DROPPED;
  }
  if (queue_full(way, dir, len)) {
    dir->stats.queue_full++;
    return FRAME_DROPPED;
  }
  struct frame *frame = frame_copy(data, len, id);
  frame->marks = error ? FRAME_ERROR : 0;
  treat(way, dir, frame);
  struct frame *twin = NULL;
  if (strikes(dir, &way->dup, DUP)) {
    twin = frame_copy(frame->data, len, id);
    twin->marks = frame->marks | FRAME_DUPLICATE;
    dir->stats.dup++;
  }
  sim_time start = transmit(link, dir, len, end);
  if (strikes(dir, &way->reorder, REORDER)) {
    start += REORDER_FRAMES * link_time(&link->config, FULL_FRAME);
    frame->marks |= FRAME_REORDERED;
    dir->stats.reorder++;
  }
  unsigned marks = frame->marks;
  dir->stats.delivered++;
  link->deliver(link->ctx, direction, frame, start);
  if (twin) {
    dir->stats.delivered++;
    link->deliver(link->ctx, direction, twin, transmit(link, dir, len, end));
  }
  return marks;
}
