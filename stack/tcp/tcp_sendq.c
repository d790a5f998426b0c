/* SPDX-License-Identifier: Apache-2.0 */
/* The send queue: what the application wrote and the peer has not yet
 * acknowledged, in blocks that the device reads by DMA.
 *
 * Bytes are copied once, when they are written. A segment refers to the blocks,
 * so a block returns to its pool when the peer has acknowledged its bytes *and*
 * the device has let go of the last packet that refers to it.
 *
 * 1. Every block but the last is full: byte seq's block is found by dividing,
 *    and so is where the last byte lies in it.
 * 2. Byte snd_una is at sndq_offset of sndq_head, out->sndq_next is byte
 * snd_nxt (after a SYN).
 * 3. Bytes are only ever added behind the last; what a packet refers to never
 *    changes.
 */
#include "stack/tcp/tcp_sendq.h"

#include "stack/tcp/tcp_memory.h"

void tcp_pos_walk(struct tcp_pos *pos, uint32_t n) {
  struct ph_block *block = pos->block;
  n += pos->offset;
  while (block && n >= block->size && block->next) { /* not beyond the end */
    n -= block->size;
    block = block->next;
  }
  *pos = (struct tcp_pos){block, n};
}

/* Fill what is free of the tail; returns how many bytes. */
static uint32_t fill_tail(struct tcp_conn *conn, const uint8_t *data,
                          uint32_t len) {
  uint32_t used = (conn->sndq_offset + conn->sndq_len) % PH_BLOCK_SIZE;
  if (used == 0) {
    return 0; /* it is full, or there is none */
  }
  uint32_t n = ph_min_u32(len, conn->sndq_tail->size - used);
  memcpy(conn->sndq_tail->data + used, data, n);
  conn->sndq_len += n;
  return n;
}

/* Put `chain`, empty blocks for `len` bytes or less, behind the tail, which is
 * full, and fill it; returns how many bytes went in. */
static uint32_t fill_chain(struct ph_stack *stack, struct tcp_conn *conn,
                           struct ph_block *chain, const uint8_t *data,
                           uint32_t len) {
  if (conn->sndq_tail) {
    conn->sndq_tail->next = chain;
  } else {
    tcp_sendq_begin(stack, conn, chain);
  }
  struct ph_block *last = chain;
  uint32_t done = 0;
  for (struct ph_block *block = chain; block; block = block->next) {
    uint32_t n = ph_min_u32(len - done, block->size);
    memcpy(block->data, data + done, n);
    done += n;
    last = block;
  }
  conn->sndq_tail = last;
  conn->sndq_len += done;
  return done;
}

uint32_t tcp_sendq_append_any(struct ph_stack *stack, struct tcp_conn *conn,
                              const uint8_t *data, uint32_t len) {
  uint32_t done = fill_tail(conn, data, len);
  while (done < len) {
    uint32_t blocks = (len - done - 1) / PH_BLOCK_SIZE + 1;
    if (blocks > 1 || conn->sndq_tail || !tcp_of(stack)->floor) {
      blocks = ph_min_u32(blocks, tcp_sendq_allowance(stack, conn));
    } /* else it is the one that it is sure of */
    struct ph_block *chain = PH_SHORT_WAYS && blocks != 1
                                 ? ph_block_get_chain(&stack->blocks, blocks)
                             : blocks > 0 ? ph_block_get(&stack->blocks)
                                          : NULL;
    if (!chain) {
      stack->stats.BlockExhausted++;
      break;
    }
    done += fill_chain(stack, conn, chain, data + done, len - done);
  }
  stack->stats.CopiedBytes += done;
  return done;
}

void tcp_sendq_ack_part(struct tcp_conn *conn, uint32_t n) {
  tcp_pos_advance(&conn->out->sndq_next,
                  0); /* off a full block: it may go now */
  n += conn->sndq_offset;
  conn->sndq_head = ph_block_put_chain(conn->sndq_head, n / PH_BLOCK_SIZE);
  conn->sndq_offset = n % PH_BLOCK_SIZE;
}

void tcp_sendq_free(struct ph_stack *stack, struct tcp_conn *conn) {
  struct ph_block *first = conn->sndq_head;
  if (!first) {
    return;
  }
  bool only = first == conn->sndq_tail;
  stack->blocks.reserve += tcp_of(stack)->floor; /* the first is owed again */
  tcp_sendq_set_ends(conn, (struct tcp_pos){NULL, 0});
  conn->sndq_tail = NULL;
  conn->sndq_len = 0;
  if (PH_SHORT_WAYS && only) {
    ph_block_put(first);
  } else {
    (void)ph_block_put_chain(first, UINT32_MAX);
  }
}

void tcp_sendq_add_blocks(struct pkt *pkt, struct tcp_pos *pos, uint32_t len) {
  struct pkt_frag *frag = pkt->frags + pkt->nfrags;
  tcp_pos_advance(pos, 0);
  struct ph_block *block = pos->block;
  uint32_t offset = pos->offset;
  pkt->len += len;
  for (;;) {
    uint32_t n = ph_min_u32(len, PH_BLOCK_SIZE - offset);
    PH_ASSERT(frag < pkt->frags + PKT_MAX_FRAGS);
    ph_block_ref(block);
    *frag++ = (struct pkt_frag){block, block->data + offset, n};
    offset += n;
    len -= n;
    if (len == 0) {
      break;
    }
    block = block->next;
    offset = 0;
  }
  *pos = (struct tcp_pos){block, offset};
  pkt->nfrags = (uint8_t)(frag - pkt->frags);
}

bool tcp_sendq_busy(struct tcp_pos pos, uint32_t len) {
  while (len > 0) {
    if (pos.offset == pos.block->size) {
      pos = (struct tcp_pos){pos.block->next, 0};
    }
    if (pos.block->refs > 1) {
      return true;
    }
    uint32_t n = ph_min_u32(len, pos.block->size - pos.offset);
    pos.offset += n;
    len -= n;
  }
  return false;
}
