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
  uint32_t part;    /* cut next from what is behind the header in the linear
                       part (0), or from frags[part - 1] */
  uint32_t offset;  /* inside it */
  uint64_t *pieces; /* are counted there */
};

/* What makes a piece, the copy of the header, a packet of its own. `index` and
 * `at`: how many pieces and how many bytes of the payload are in front of it.
 */
typedef void cutter_edit_fn(const struct cutter *cut, struct pkt *piece,
                            uint32_t index, uint32_t at);
/* How much of the payload from `at` on goes into this piece. */
typedef uint32_t cutter_room_fn(const struct cutter *cut, struct pkt *piece,
                                uint32_t at);

/* Cut the packet into pieces, of gso_size bytes of payload if `room` is NULL,
 * and give them to `emit`, which takes them. Payload is not copied: blocks are
 * referred to, but for what lies in the packet's own room. Returns the number
 * of pieces or -PH_E... */
int cutter_cut(struct ph_stack *stack, struct cutter *cut, cutter_room_fn *room,
               cutter_edit_fn *edit, int (*emit)(void *ctx, struct pkt *piece),
               void *ctx);

/* Of piece `index`, with `len` bytes behind the IP header of `ihl`: its
 * lengths, IPv4's identification (RFC 6864: one each) and checksum. Returns the
 * sum of the pseudo-header. */
uint16_t cutter_edit_ip(uint8_t *ip, uint32_t ihl, uint32_t protocol,
                        uint32_t len, uint32_t index);

#endif
