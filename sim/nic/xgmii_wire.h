/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of the NIC's XGMII (IEEE 802.3-2022 clause 46, 64 bits wide):
 * frames to words towards the NIC, words to frames from it. Private to sim/nic.
 * Lane 0 is the lowest byte of a word; control characters have their bit in the
 * control byte.
 */
#ifndef PH_SIM_NIC_XGMII_WIRE_H
#define PH_SIM_NIC_XGMII_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/nic/nic_model.h"

#define XGMII_IDLE_DATA UINT64_C(0x0707070707070707)
enum {
  XGMII_IDLE = 0x07,
  XGMII_START = 0xfb,
  XGMII_TERMINATE = 0xfd,
  XGMII_ERROR = 0xfe,
  XGMII_PREAMBLE = 0x55,
  XGMII_SFD = 0xd5,
  XGMII_FRAME_MAX = 65536, /* longer transmitted frames are cut and flagged */
};

/* A frame on its way to the NIC: whole words, already encoded. */
struct xgmii_outgoing {
  struct xgmii_outgoing *next;
  uint64_t cycle; /* of the first word */
  uint64_t start; /* byte times */
  uint64_t end;
  size_t len;
  size_t words;
  uint64_t *data;
  uint8_t *ctrl;
};

/* A frame that the NIC sent. */
struct xgmii_incoming {
  struct xgmii_incoming *next;
  uint64_t start, end;
  size_t len;
  unsigned flags;
  uint8_t data[];
};

struct xgmii_wire {
  /* Towards the NIC. */
  struct xgmii_outgoing *queue, **queue_end;
  size_t queued;
  size_t word;      /* next word of the first frame; 0: not started */
  uint64_t free_at; /* byte time of the last terminate */
  bool used;        /* free_at means something */
  unsigned deficit; /* of the average gap, 0..3 bytes */

  /* From the NIC. */
  struct xgmii_incoming *done, **done_end;
  bool in_frame;
  unsigned preamble; /* bytes still to come before the frame */
  bool damaged;
  uint64_t start;
  size_t len;
  uint8_t buffer[XGMII_FRAME_MAX];
};

void xgmii_wire_init(struct xgmii_wire *w);
void xgmii_wire_destroy(struct xgmii_wire *w);

/* Queues a frame; see nic_frame_put(). `cycle` is the next to be driven. */
uint64_t xgmii_wire_put(struct xgmii_wire *w, uint64_t cycle,
                        const uint8_t *data, size_t len, uint64_t start,
                        unsigned flags);

/* Removes the first frame after its last word was driven. */
void xgmii_wire_pop(struct xgmii_wire *w);

/* One word from the NIC that is not all data of a running frame or all idle.
 * Returns true when it ended a frame, then last in `done`. */
bool xgmii_wire_decode(struct xgmii_wire *w, uint64_t cycle, uint64_t data,
                       uint8_t ctrl);

#endif
