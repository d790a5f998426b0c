/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP segment in a frame of a recording, of either family. The frame is never
 * trusted, and may be cut behind the headers: lengths are those that the IP
 * header says. */
#ifndef PH_SIM_DIAGNOSE_SEGMENT_H
#define PH_SIM_DIAGNOSE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/types.h"

enum { SEGMENT_SACKS = 4 };

enum segment_flag {
  SEGMENT_FIN = 1,
  SEGMENT_SYN = 2,
  SEGMENT_RST = 4,
  SEGMENT_PSH = 8,
  SEGMENT_ACK = 16,
};

struct segment {
  struct ph_addr from, to;
  uint16_t from_port, to_port;
  uint32_t seq, ack;
  uint32_t payload; /* bytes */
  uint16_t window;  /* as it stands in the header */
  uint16_t mss;     /* option of a SYN, or 0 */
  int8_t scale;     /* option of a SYN, or -1 */
  uint8_t flags;    /* enum segment_flag */
  bool timestamps;  /* the option is there: */
  uint32_t ts_val, ts_ecr;
  uint8_t sack_count;
  uint32_t sack[SEGMENT_SACKS][2];
};

/* Link types of recordings (LINKTYPE_...) that segment_read() knows. */
bool segment_link_known(unsigned link_type);

/* Reads the segment out of the first `len` bytes of a frame that had
 * `wire_len`, FCS not among them. False: there is none, or its header is not
 * all there. */
bool segment_read(struct segment *segment, unsigned link_type,
                  const uint8_t *data, size_t len, size_t wire_len);

#endif
