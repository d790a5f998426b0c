/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of sequence numbers, and sets of them: tcp_range.c. */
#ifndef PH_TCP_TCP_RANGE_H
#define PH_TCP_TCP_RANGE_H

#include "stack/base/block.h"
#include "stack/base/seq.h"

/* A piece of the send queue or of the out-of-order queue. */
struct tcp_chunk {
  struct tcp_chunk *next;
  struct ph_block *block; /* one reference */
  uint8_t *data;
  uint32_t len;
  uint32_t copied; /* the block is ours alone: later bytes may be appended */
};

struct tcp_chunks {
  struct tcp_chunk *head, *tail;
};

enum {
  TCP_RANGE_LOST = 1,          /* to be sent again */
  TCP_RANGE_RETRANSMITTED = 2, /* sent more than once: no RTT sample (Karn) */
  TCP_RANGE_SACKED = 4,        /* the peer holds it */
  TCP_RANGE_FIN = 8,           /* its last sequence number is the FIN */
  TCP_RANGE_PARTIAL = 16,      /* only its first `resent` bytes were sent again:
                                  there was no record for the rest */
  TCP_RANGE_PROBE = 32,        /* of the path's MTU: tcp_plpmtud.c */
};

/* The record of one range, from one pool. In order through prev and next,
 * found by sequence number through a splay tree: left and right. */
struct tcp_range {
  struct tcp_range *left, *right, *prev, *next;
  uint32_t seq, len;
  union {
    struct {                  /* retransmission queue */
      uint64_t sent_at_ns;    /* the last transmission: xmit_ts of RFC 8985 */
      struct ph_block *block; /* holds byte `seq`; the send queue's reference */
      struct tcp_range *after, *before; /* in `sent` or `lost` */
      uint16_t offset;                  /* into `block` */
      uint16_t flags;
      uint16_t resent; /* if TCP_RANGE_PARTIAL */
      uint16_t mss;    /* of the segments that it was sent in */
    } tx;
    struct { /* out-of-order queue */
      struct tcp_chunks rx;
      uint32_t newer, older; /* runs by recency: tcp_sack_blocks.c */
    };
  } u;
};

struct tcp_ranges {
  struct tcp_range *root, *first, *last;
};

/* Records of the retransmission queue in an order of their own. */
struct tcp_range_list {
  struct tcp_range *first, *last;
};

/* The range with the greatest seq not above `seq`, or NULL. O(log n)
 * amortized; the tree is rearranged. */
struct tcp_range *tcp_ranges_floor(struct tcp_ranges *set, uint32_t seq);
/* Insert, not behind all others; must not overlap another. */
void tcp_ranges_insert_among(struct tcp_ranges *set, struct tcp_range *range);
/* Behind all others there is nothing to search: they become its left side. */
static inline void tcp_ranges_append(struct tcp_ranges *set,
                                     struct tcp_range *range) {
  range->left = set->root;
  range->right = range->next = NULL;
  range->prev = set->last;
  *(set->last ? &set->last->next : &set->first) = range;
  set->root = set->last = range;
}
static inline void tcp_ranges_insert(struct tcp_ranges *set,
                                     struct tcp_range *range) {
  if (!set->root || seq_gt(range->seq, set->last->seq)) {
    tcp_ranges_append(set, range);
  } else {
    tcp_ranges_insert_among(set, range);
  }
}
void tcp_ranges_remove(struct tcp_ranges *set, struct tcp_range *range);

#endif
