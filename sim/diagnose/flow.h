/* SPDX-License-Identifier: Apache-2.0 */
/* The TCP connections of a recording, segment by segment, as they passed one
 * place each. What is shown in several places (interfaces) of the recording is
 * several flows here: `diagnose` takes the one next to the sender.
 *
 * Sequence numbers are relative to the first SYN of their sender, or to the
 * first byte that was seen, and never wrap. */
#ifndef PH_SIM_DIAGNOSE_FLOW_H
#define PH_SIM_DIAGNOSE_FLOW_H

#include "sim/diagnose/segment.h"
#include "sim/wire/pcap.h"

enum { FLOW_NAME = 64, FLOWS_MOST = 65536 };

struct flow_segment {
  int64_t ns;     /* since the recording's first frame */
  uint64_t order; /* in the file */
  int64_t seq, ack;
  uint32_t payload;
  uint32_t window;   /* bytes, scaled */
  uint32_t wire_len; /* of the frame */
  uint8_t from;      /* which end: 0, 1 */
  uint8_t flags;     /* enum segment_flag */
  bool timestamps;   /* the next two are known */
  uint32_t ts_val, ts_ecr;
  uint8_t sack_count; /* blocks, relative like `ack` */
  int64_t sack[SEGMENT_SACKS][2];
};

/* An end of the connection. */
struct flow_end {
  struct ph_addr address;
  uint16_t port;
  uint16_t mss;    /* of its SYN; 0: not seen, or none */
  int scale;       /* of its SYN; -1: it had none, or was not seen */
  bool timestamps; /* of its SYN */
  bool syn_seen;   /* its SYN or SYN-ACK is in the recording */
  bool fin_seen;   /* it closed its direction, */
  bool rst_seen;   /* or broke off */
  bool started;    /* `first` is known */
  uint32_t first;  /* sequence number that counts as 0 */
  uint64_t bytes;  /* payload, each byte once: the highest that was seen */
};

/* One connection at one place. End 0 sent the first SYN, or else the first
 * segment that was seen. */
struct flow {
  struct flow_end end[2];
  char place[FLOW_NAME];         /* of the recording; empty: it has only one */
  bool scale_guessed;            /* no SYN was seen: see flow.c */
  struct flow_segment *segments; /* sorted by time */
  size_t count, room;
  size_t place_id;
  uint32_t next; /* in its bucket */
};

struct flows {
  struct flow *flow;
  size_t count, room;
  uint64_t frames, other; /* read; of them, no TCP */
  uint64_t unknown_links; /* of them, of a link type that is not known */
  uint64_t left_out;      /* segments: of more than FLOWS_MOST connections */
  char why[240];          /* what ended the reading early, or empty */
  uint32_t *bucket;
};

/* Reads all of a recording in memory. False: it is none; `why` says so. A
 * recording that ends in the middle is read up to there (true, with `why`). */
bool flows_read(struct flows *flows, const uint8_t *data, size_t size);
void flows_free(struct flows *flows);

#endif
