/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting a packet's payload into packets that refer to its blocks: what the
 * segmenter (segment.c) and the fragmenter (fragment.c) share. */
#ifndef PH_NETIF_CUTTER_H
#define PH_NETIF_CUTTER_H

#include "stack/netif/netif.h"

enum { CUTTER_HEADROOM = 32 }; /* the driver's header goes there */

struct cutter {
  const struct pkt *pkt; /* a whole Ethernet frame */
  uint32_t l3, l4;       /* offsets of the IP header, of what is behind it */
  uint32_t hdr_len;      /* what every piece has a copy of */
  uint32_t payload;      /* bytes in all */
  uint32_t part;   /* cut next from what is behind the header in the linear
                      part (0), or from frags[part - 1] */
  uint32_t offset; /* inside it */
};

/* A packet with a copy of the first `hdr_len` bytes; NULL: counted. */
struct pkt *cutter_start(struct ph_stack *stack, const struct cutter *cut,
                         uint32_t hdr_len);

/* Append the next `len` bytes of the payload to `to`: blocks are referred to,
 * what lies in the packet's own room is copied. False: they don't fit. */
bool cutter_take(struct cutter *cut, struct pkt *to, uint32_t len);

/* Of piece `index`, with `len` bytes behind the IP header of `ihl`: its
 * lengths, IPv4's identification (RFC 6864: one each) and checksum. Returns the
 * sum of the pseudo-header. */
uint16_t cutter_edit_ip(uint8_t *ip, uint32_t ihl, uint32_t protocol,
                        uint32_t len, uint32_t index);

#endif
