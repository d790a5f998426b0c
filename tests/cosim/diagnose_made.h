/* SPDX-License-Identifier: Apache-2.0 */
/* Segments made by hand, into a recording. */
#ifndef PH_TESTS_COSIM_DIAGNOSE_MADE_H
#define PH_TESTS_COSIM_DIAGNOSE_MADE_H

#include "sim/diagnose/segment.h"
#include "tests/cosim/recording.h"

enum {
  MADE_MSS = 1000,
  MADE_RTT_US = 20000,
  MADE_ETHERNET = 1,
  MADE_RAW = 101,
  MADE_SLL = 113,
  MADE_FIRST_SEQ = -100, /* below the wrap */
};

/* A TCP segment between 10.0.0.1:1000 (end 0) and 10.0.0.2:80 (end 1). */
struct made {
  unsigned from, flags;
  int seq, ack; /* relative to MADE_FIRST_SEQ of either end */
  unsigned window, payload;
  int scale;     /* >= 0: MADE_MSS and window scale options */
  unsigned link; /* 0: Ethernet */
  bool vlan, ipv6;
  bool total_zero;         /* as of a super-segment */
  uint32_t ts_val, ts_ecr; /* 0: no timestamps */
  uint16_t port;           /* of end 0; 0: 1000 */
};

/* Its frame without the payload; returns the length of that. */
uint32_t made_frame(const struct made *made, uint8_t *frame,
                    uint32_t *wire_len);

/* The recording that all of these go into. */
extern struct recording made_recording;
void made_add(uint32_t us, struct made made);

/* A new one, as seen by end 0, which sends; the path's round trip is
 * MADE_RTT_US. */
void made_open(void);
/* The segment with that number, and the ACK of so many. */
void made_data(uint32_t us, int segment, unsigned payload, unsigned push);
void made_ack(uint32_t us, int segments, unsigned window);

#endif
