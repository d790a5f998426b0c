/* SPDX-License-Identifier: Apache-2.0 */
/* A packet on its way through the stack: a linear part with the headers, then
 * fragments that point into reference-counted blocks.
 *
 * Transmit: TCP takes a pkt, appends payload fragments, and each layer below
 * pushes its header in front of `head` within `room`. The netif's transmit
 * owns the packet from a successful call on and frees it when the device has
 * read it; the header therefore needs no copy.
 * Receive: the netif makes a pkt whose linear part lies in `frags[0]`'s block
 * or, for a copied frame, in `room`. Layers pull their headers. The protocol
 * that takes the payload holds references to the blocks.
 */
#ifndef PH_BASE_PKT_H
#define PH_BASE_PKT_H

#include "stack/base/block.h"

enum {
  PKT_MAX_FRAGS = 19, /* 64 KiB in 4 KiB blocks, any alignment, and one */
  PKT_ROOM = 192,     /* Ethernet 18 + IP 60 + TCP 60, aligned */
};

/* Who vouches for the transport checksum. */
enum pkt_csum {
  PKT_CSUM_NONE,     /* receive: not verified. transmit: complete in place */
  PKT_CSUM_VERIFIED, /* receive: the device verified it */
  PKT_CSUM_PARTIAL,  /* transmit: the field holds the folded pseudo-header
                        sum; sum from csum_start and store at csum_offset;
                        receive: so, too, and the data are good */
};

/* Values of virtio_net_hdr.gso_type (Virtio 1.2 5.1.6). */
enum pkt_gso {
  PKT_GSO_NONE = 0,
  PKT_GSO_TCPV4 = 1,
  PKT_GSO_TCPV6 = 4,
  PKT_GSO_UDP = 5,
  PKT_GSO_ECN = 0x80,
  PKT_GSO_FRAGMENT = 0x40, /* never a device's: an IP packet that is to be
                              fragmented; gso_size is the MTU */
};

struct pkt_frag {
  struct ph_block *block; /* one reference held by the packet */
  uint8_t *data;          /* first byte, inside the block */
  uint32_t len;           /* bytes */
};

struct netif;

struct pkt {
  struct pkt *next; /* free list, or the holder's queue */
  struct pkt_pool *pool;
  uint8_t *head;    /* first byte of the linear part */
  uint64_t time_ns; /* when it came; of what waits in a socket's queue */
  /* What pkt_get() clears stands together. */
  uint32_t head_len; /* bytes of the linear part */
  uint8_t nfrags;
  uint8_t csum;          /* enum pkt_csum */
  uint8_t gso_type;      /* enum pkt_gso */
  uint16_t gso_size;     /* payload bytes per segment */
  uint16_t csum_start;   /* from `head` as it is now: layers that push add;
                            receive: from the frame's first byte */
  uint16_t csum_offset;  /* from csum_start */
  uint32_t len;          /* head_len + all fragments */
  struct ph_block *lent; /* receive: block under the linear part, one
                            reference held; NULL if it lies in `room` */
  uint8_t *l3;           /* receive: the IP header, still in the linear part */
  struct netif *netif;   /* receive: where it came in */
  struct netif *looped;  /* a copy for this host of what left there, to a group
                          */
  uint64_t id; /* one id per packet for timeline and capture; 0 none */
  struct pkt_frag frags[PKT_MAX_FRAGS];
  _Alignas(64) uint8_t room[PKT_ROOM]; /* device-visible */
};

struct pkt_pool {
  struct pkt *free;
  uint32_t count, available, low_water;
};

void pkt_pool_init(struct pkt_pool *pool, struct pkt *pkts, uint32_t count);

/* An empty packet with `reserve` bytes kept free in front of `head`, or NULL.
 */
struct pkt *pkt_get(struct pkt_pool *pool, uint32_t reserve);
/* The same, made a part of the caller, where the compiler sees that the packet
 * is empty. */
static PH_INLINE struct pkt *pkt_get_here(struct pkt_pool *pool,
                                          uint32_t reserve) {
  struct pkt *pkt = pool->free;
  if (!pkt) {
    return NULL;
  }
  PH_ASSERT(reserve <= PKT_ROOM);
  pool->free = pkt->next;
  pool->available--;
  if (pool->available < pool->low_water) {
    pool->low_water = pool->available;
  }
  pkt->next = NULL;
  pkt->head = pkt->room + reserve;
  _Static_assert(PKT_CSUM_NONE == 0 && PKT_GSO_NONE == 0, "cleared");
  memset(&pkt->head_len, 0, /* neither `room` nor `frags` is touched */
         offsetof(struct pkt, frags) - offsetof(struct pkt, head_len));
  return pkt;
}

/* The packet, and the block under its linear part. */
static inline void pkt_put_linear(struct pkt *pkt) {
  struct pkt_pool *pool = pkt->pool;
  struct ph_block *lent = pkt->lent;
  pkt->next = pool->free;
  pool->free = pkt;
  pool->available++;
  if (lent) {
    ph_block_put(lent);
  }
}

/* Free the packet and drop its block references. */
void pkt_put(struct pkt *pkt);
/* The same for who mostly has packets without fragments. */
static inline void pkt_put_short(struct pkt *pkt) {
  if (PH_SHORT_WAYS && PH_USUAL(pkt->nfrags == 0)) {
    pkt_put_linear(pkt);
  } else {
    pkt_put(pkt);
  }
}

/* Grow the linear part at the front by `n` bytes of the room that the caller
 * has reserved. */
static inline uint8_t *pkt_prepend(struct pkt *pkt, uint32_t n) {
  PH_ASSERT((size_t)(pkt->head - pkt->room) >= n);
  pkt->head -= n;
  pkt->head_len += n;
  pkt->len += n;
  return pkt->head;
}

/* The same for a packet of any origin; NULL if there is no room. */
static inline uint8_t *pkt_push(struct pkt *pkt, uint32_t n) {
  const uint8_t *floor = pkt->lent ? pkt->lent->data : pkt->room;
  if ((size_t)(pkt->head - floor) < n) {
    return NULL;
  }
  pkt->head -= n;
  pkt->head_len += n;
  pkt->len += n;
  return pkt->head;
}

/* Cut `n` bytes off the front of the linear part, which has them. */
static inline void pkt_strip(struct pkt *pkt, uint32_t n) {
  pkt->head_len -= n;
  pkt->head += n;
  pkt->len -= n;
}

/* The same for a packet of any origin; false if it is shorter. */
static inline bool pkt_pull(struct pkt *pkt, uint32_t n) {
  if (pkt->head_len < n) {
    return false;
  }
  pkt->head += n;
  pkt->head_len -= n;
  pkt->len -= n;
  return true;
}

/* Append a fragment; takes a new reference on `block`. False if full. */
static inline bool pkt_add_frag(struct pkt *pkt, struct ph_block *block,
                                uint8_t *data, uint32_t len) {
  if (pkt->nfrags == PKT_MAX_FRAGS) {
    return false;
  }
  PH_ASSERT(data >= block->data && data + len <= block->data + block->size);
  ph_block_ref(block);
  pkt->frags[pkt->nfrags++] = (struct pkt_frag){block, data, len};
  pkt->len += len;
  return true;
}

/* Keep only the first `len` bytes (Ethernet padding is cut here). */
void pkt_cut_end(struct pkt *pkt, uint32_t len);
static inline void pkt_trim(struct pkt *pkt, uint32_t len) {
  if (pkt->len > len) {
    pkt_cut_end(pkt, len);
  }
}

/* Copy `len` bytes from offset `from`; the range must lie inside. */
void pkt_copy(const struct pkt *pkt, uint32_t from, void *to, uint32_t len);

#endif
