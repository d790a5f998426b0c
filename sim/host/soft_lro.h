/* SPDX-License-Identifier: Apache-2.0 */
/* Coalescing of received TCP segments, as a NIC's LRO does it under the rules
 * of virtio's GUEST_TSO4: what comes out can be cut again into exactly what
 * came in, so a router may forward it whole. */
#ifndef PH_SIM_HOST_SOFT_LRO_H
#define PH_SIM_HOST_SOFT_LRO_H

#include "sim/wire/frame.h"

enum { SOFT_LRO_MAX = 14 + 65535 }; /* bytes of a coalesced frame */

struct soft_lro {
  uint32_t len;      /* of the frame so far, without FCS; 0: none is begun */
  uint32_t headers;  /* of it, Ethernet's to TCP's */
  uint16_t gso_size; /* payload bytes of each segment but the last */
  unsigned segments;
  bool closed; /* nothing may follow: a short segment, or PSH */
  uint8_t data[SOFT_LRO_MAX];
};

/* Begin with a frame (with FCS). False: it is no TCP segment over IPv4 that may
 * be coalesced, or its checksums are wrong. */
bool soft_lro_begin(struct soft_lro *lro, const struct frame *frame);

/* Append the next one. False: it does not continue what was begun. */
bool soft_lro_add(struct soft_lro *lro, const struct frame *frame);

/* Length and IP checksum of what there is now. TCP's checksum stays that of the
 * first segment: whoever sends it on sums anew. */
void soft_lro_end(struct soft_lro *lro);

#endif
