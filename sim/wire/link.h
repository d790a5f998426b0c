/* SPDX-License-Identifier: Apache-2.0 */
/* The wire between two ends: a link with a rate, a delay and a queue, and
 * faults that are seeded and scripted in one line.
 *
 * The link stores and forwards, like a switch: a frame enters with its last
 * byte, waits until the frames before it are out at `rate`, and its first byte
 * appears at the other end `delay` after its transmission began. So a frame
 * that ends at time t arrives at t + delay at the earliest, and the two ends
 * may be simulated apart by that much.
 *
 * Per frame and direction, in this order: loss; mtu; a full queue; the
 * congestion mark; fcs; flip; dup; reorder.
 *
 * The ends are a (0) and b (1). The tool's client is a, its server b.
 */
#ifndef PH_SIM_WIRE_LINK_H
#define PH_SIM_WIRE_LINK_H

#include "sim/core/rng.h"
#include "sim/wire/frame.h"

enum { LINK_LISTED = 64 };

/* When a fault strikes: with a probability, or at numbered frames. */
struct link_fault {
  uint64_t threshold; /* of 2^32 */
  uint32_t listed_count;
  uint64_t listed[LINK_LISTED]; /* the first frame of a direction is 1 */
};

/* What a direction does to frames: its queue and its faults. */
struct link_way {
  uint32_t queue_packets; /* frames that may wait; 0: any number */
  uint64_t queue_bytes;   /* bytes that may wait; 0: any number */
  /* Mark ECN-capable packets that find at least so much waiting; 0: off. */
  uint32_t ecn_packets;
  uint64_t ecn_bytes;
  /* IP packets longer than this vanish if they may not be fragmented: a black
   * hole on the path (RFC 4821); 0: off. */
  uint32_t mtu;
  struct link_fault loss, dup, reorder, fcs, flip;
};

struct link_config {
  uint64_t rate_bps;      /* default 10 Gb/s; 0: no limit of its own */
  sim_time delay;         /* default 1 us, at least LINK_DELAY_MIN */
  struct link_way way[2]; /* 0: from end 0 to end 1 */
  uint64_t seed;          /* 0: the run's */
};

/* The software of a host looks at its device at exact times; a register access
 * takes a few cycles, and this much delay covers them. */
#define LINK_DELAY_MIN (200 * SIM_NS)

/* What a direction did. */
struct link_stats {
  uint64_t frames, bytes; /* accepted from the sender; bytes with FCS */
  uint64_t kind_frames[FRAME_KIND_COUNT], kind_bytes[FRAME_KIND_COUNT];
  uint64_t delivered;
  uint64_t lost, too_long, queue_full, fcs, flip, dup, reorder, ce;
  uint64_t errors; /* frames that the sender ended with an error code */
};

struct link_wait {
  sim_time leaves;
  uint32_t bytes;
};

struct link_direction {
  struct link_stats stats;
  struct sim_rng rng[5];     /* one stream per fault */
  sim_time free_at;          /* the transmitter has sent all before it */
  struct link_wait *waiting; /* ring of frames whose transmission has not begun
                                at the last look */
  size_t wait_first, wait_count, wait_capacity;
  uint64_t wait_bytes;
};

/* A frame for the other end, whose first byte arrives at `start`. Takes
 * `frame`. */
typedef void link_deliver_fn(void *ctx, unsigned direction, struct frame *frame,
                             sim_time start);

struct link {
  struct link_config config;
  struct link_direction direction[2]; /* 0: from end 0 to end 1 */
  link_deliver_fn *deliver;
  void *ctx;
};

/* Defaults: 10 Gb/s, 1 us, no faults. */
void link_config_init(struct link_config *config);

/* Reads `delay=5us rate=1Gbps queue=100 ecn=50 mtu=1400 drop=3,7 loss=0.01
 * dup=.. reorder=.. fcs=.. flip=.. seed=7` on top of what is in `config`.
 * Numbers from 1 name frames of each direction, numbers below 1 are
 * probabilities. Words behind `a>b:` or `b>a:` hold for that direction alone,
 * behind `both:` (and at first) for both. delay, rate and seed are the whole
 * link's wherever they stand. On failure writes one sentence and returns false.
 */
bool link_config_parse(struct link_config *config, const char *text,
                       char *error, size_t error_size);

/* `seed`: taken when the configuration has none. */
void link_init(struct link *link, const struct link_config *config,
               uint64_t seed, link_deliver_fn *deliver, void *ctx);
void link_destroy(struct link *link);

/* The last byte of a frame leaves the sender at `end`; calls of one direction
 * come in the order of `end`. Delivers at once with the future time of arrival
 * (none, one or two frames). Returns FRAME_DROPPED and the other marks that the
 * frame got, for the sender's capture. */
unsigned link_send(struct link *link, unsigned direction, const uint8_t *data,
                   uint32_t len, sim_time end, bool error, uint64_t id);

/* Time that `len` bytes and their overhead take at the link's rate. */
sim_time link_time(const struct link_config *config, uint64_t len);

/* True if any fault, a limit of the queue or a congestion mark is set. */
bool link_has_faults(const struct link_config *config);

#endif
