/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in a run between two hosts, kept in memory: every TCP segment
 * at the four places of the capture, the calls of applications, the states and
 * windows of connections, and which counters of the stacks moved when; over
 * routers, every frame on each link, too. `scenario` tells it, `report` draws
 * it. Nothing here changes the run. */
#ifndef PH_SIM_RUN_RECORD_H
#define PH_SIM_RUN_RECORD_H

#include "sim/host/host.h"
#include "sim/run/topology.h"
#include "sim/wire/capture.h"

enum { RECORD_SACKS = 4, RECORD_TEXT = 96, RECORD_HOSTS = 2 };

/* The interfaces of a host in the capture, in their order. */
enum record_place {
  RECORD_HOST_TX,
  RECORD_WIRE_TX,
  RECORD_WIRE_RX,
  RECORD_HOST_RX
};

enum record_flag {
  RECORD_FIN = 1,
  RECORD_SYN = 2,
  RECORD_RST = 4,
  RECORD_PSH = 8,
  RECORD_ACK = 16
};

/* A TCP segment. At RECORD_WIRE_TX it knows its arrival, too. */
struct record_segment {
  enum record_place place;
  unsigned from;     /* host that sent it */
  sim_time at;       /* its first byte passes this place */
  sim_time arrived;  /* first byte at the other end; SIM_NEVER: lost */
  uint64_t id;       /* of the packet */
  unsigned marks;    /* enum frame_mark */
  unsigned flags;    /* enum record_flag */
  uint16_t ports[2]; /* of the sender, of the receiver */
  uint32_t seq, ack;
  uint32_t window;         /* bytes, scaled */
  uint32_t payload, bytes; /* the frame's, as captured */
  uint32_t mss;            /* option of a SYN, or 0 */
  int scale;               /* option of a SYN, or -1 */
  bool sack_permitted;
  unsigned sack_count;
  uint32_t sack[RECORD_SACKS][2];
};

/* A frame on a link of a network with routers. */
struct record_crossing {
  unsigned link, direction; /* as in topology.h */
  sim_time at;              /* its first byte leaves the NIC */
  sim_time arrived;         /* and reaches the other one; SIM_NEVER: lost */
  uint64_t id;
  uint32_t bytes, seq; /* `seq`: 0 unless it is TCP */
  bool dropped;        /* before it entered the queue */
};

enum record_kind {
  RECORD_CALL,    /* an application begins a call */
  RECORD_RETURN,  /* and it returns */
  RECORD_STATE,   /* a connection changes its state */
  RECORD_COUNTER, /* `name` rose by `value` */
};

struct record_note {
  enum record_kind kind;
  unsigned host;
  sim_time at;
  const char *name; /* call, state or counter; static */
  int64_t value;    /* bytes of a call, its result, by how much */
};

/* A connection as it is from `at` on. Bytes; times in ns. */
struct record_sample {
  unsigned host;
  sim_time at;
  uint32_t cwnd, ssthresh, snd_wnd, rcv_wnd, send_queue, recv_queue;
  uint64_t srtt_ns, rto_ns;
};

struct record {
  struct record_segment *segments; /* in the order of the capture */
  size_t segment_count, segment_room;
  struct record_note *notes; /* each host's in order; see record_close() */
  size_t note_count, note_room;
  struct record_sample *samples;
  size_t sample_count, sample_room;
  struct record_crossing *crossings; /* in the order of `at` */
  size_t crossing_count, crossing_room;
  uint64_t frames; /* captured, of any kind, at any place */
  /* While it is being made. */
  const struct topology *topology;
  size_t oldest[SIM_LINKS][2]; /* crossing that may still be under way */
  struct ph_stats stats[RECORD_HOSTS];
  struct record_sample last[RECORD_HOSTS];
  const char *state[RECORD_HOSTS];
  int scale[RECORD_HOSTS]; /* of the SYN that it sent */
  uint32_t iss[RECORD_HOSTS];
  bool known[RECORD_HOSTS]; /* `iss` is */
};

void record_init(struct record *record);
void record_destroy(struct record *record);

/* The hooks: of the capture and of a host's configuration. `topology` lives as
 * long as the run. */
void record_watch(struct record *record, struct capture *capture,
                  const struct topology *topology);
void record_probe(void *ctx, struct host *host, sim_time now);

/* An application's call; static `name`. */
void record_note(struct record *record, enum record_kind kind, unsigned host,
                 sim_time at, const char *name, int64_t value);

/* The run is over: pair what left with what arrived, sort. */
void record_close(struct record *record);

/* True for a segment that is on the wire, at its sender. */
static inline bool record_on_wire(const struct record_segment *segment) {
  return segment->place == RECORD_WIRE_TX;
}

/* Sequence number space that it takes. */
static inline uint32_t record_len(const struct record_segment *segment) {
  return segment->payload + ((segment->flags & RECORD_SYN) != 0) +
         ((segment->flags & RECORD_FIN) != 0);
}

/* Relative to the first SYN of its sender; of its peer for `ack` and SACK. */
uint32_t record_seq(const struct record *record,
                    const struct record_segment *segment);
uint32_t record_ack(const struct record *record,
                    const struct record_segment *segment, uint32_t number);

/* How many bytes wait in the queue of a link, as steps in the order of their
 * times: `*points` becomes an array to be freed; returns how many there are. */
struct record_level {
  sim_time at;
  int64_t bytes;
};
size_t record_queue(const struct record *record, unsigned link,
                    unsigned direction, struct record_level **points);

/* By how much a host's counter rose in the notes between two times, both
 * included. */
uint64_t record_count(const struct record *record, unsigned host,
                      const char *name, sim_time from, sim_time to);

#endif
