/* SPDX-License-Identifier: Apache-2.0 */
/* What forwarding is for both families: how long a packet is that a device may
 * still have to cut, and how its checksum and its segments travel on. */
#ifndef PH_IP_IP_FORWARD_H
#define PH_IP_IP_FORWARD_H

#include "stack/base/errno.h"
#include "stack/ip/ip_internal.h"

/* The longest packet that comes out of `pkt`, whose transport header lies `l4`
 * behind the IP header that it starts with: its own length or, of a
 * super-segment, that of its longest segment (headers and gso_size). 0: it
 * can't be cut, or its
 * checksum is nowhere. */
uint32_t ip_forward_longest(const struct pkt *pkt, uint32_t l4);

/* The same for sending on: the checksum is again what a device or the software
 * below completes, or what it was. `pseudo_sum`: of a super-segment. */
void ip_forward_offload(struct pkt *pkt, uint32_t l4, uint16_t pseudo_sum);

/* Neither needs to be asked: the device has left nothing to be done. */
static inline bool ip_forward_plain(const struct pkt *pkt) {
  return pkt->gso_type == PKT_GSO_NONE && pkt->csum != PKT_CSUM_PARTIAL;
}

/* It was given to its neighbour; it is taken. */
static inline void ip_forward_sent(struct ph_stack *stack, struct pkt *pkt,
                                   int error, uint64_t *forwarded) {
  if (error == 0) {
    ++*forwarded;
  } else if (error == -PH_EAGAIN) { /* the device is full: its queue drops */
    stack->stats.NetifDrops++;
    pkt_put(pkt);
  }
}

#endif
