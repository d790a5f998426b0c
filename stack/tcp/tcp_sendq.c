/* SPDX-License-Identifier: Apache-2.0 */
/* The send queue: what the application wrote and the peer has not yet
 * acknowledged, in blocks that the device reads by DMA.
 *
 * Bytes are copied once, when they are written. A segment refers to the blocks,
 * so a block returns to its pool when the peer has acknowledged its bytes *and*
 * the device has let go of the last packet that refers to it.
 *
 * 1. Every block but the last is full: byte seq's block is found by dividing.
 * 2. sndq_head is byte snd_una, sndq_next is byte snd_nxt (after a SYN).
 * 3. Bytes are only ever added behind sndq_tail_used; what a packet refers to
 *    never changes.
 */
#include "stack/tcp/tcp_memory.h"

void tcp_pos_advance(struct tcp_pos *pos, uint32_t n) {
  while (pos->block && n >= pos->block->size - pos->offset) {
    if (!pos->block->next) {
      break; /* the end of the queue */
    }
    n -= pos->block->size - pos->offset;
    pos->block = pos->block->next;
    pos->offset = 0;
  }
  pos->offset += n;
}

/* A block more behind the tail; false if there is none. */
static bool grow(struct ph_stack *stack, struct tcp_conn *conn) {
  struct ph_block *block = ph_block_get(&stack->blocks);
  if (!block) {
    return false;
  }
  struct ph_block *tail = conn->sndq_tail;
  conn->sndq_tail = block;
  conn->sndq_tail_used = 0;
  if (tail) {
    tail->next = block;
  } else {
    conn->sndq_head = conn->sndq_next = (struct tcp_pos){block, 0};
    stack->blocks.reserve -= tcp_of(stack)->floor; /* it is taken */
  }
  return true;
}

uint32_t tcp_sendq_append(struct ph_stack *stack, struct tcp_conn *conn,
                          const uint8_t *data, uint32_t len) {
  uint32_t done = 0;
  uint32_t allowance = 0;
  while (done < len) {
    struct ph_block *tail = conn->sndq_tail;
    if (!tail || conn->sndq_tail_used == tail->size) {
      allowance = allowance ? allowance : tcp_sendq_allowance(stack, conn);
      if (allowance == 0 || !grow(stack, conn)) {
        stack->stats.BlockExhausted++;
        break;
      }
      allowance--;
      tail = conn->sndq_tail;
    }
    uint32_t n = ph_min_u32(len - done, tail->size - conn->sndq_tail_used);
    memcpy(tail->data + conn->sndq_tail_used, data + done, n);
    conn->sndq_tail_used += n;
    conn->sndq_len += n;
    done += n;
  }
  stack->stats.CopiedBytes += done;
  return done;
}

/* The queue is empty: its first block is owed again. */
static void emptied(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->sndq_tail = NULL;
  stack->blocks.reserve += tcp_of(stack)->floor;
}

void tcp_sendq_ack(struct ph_stack *stack, struct tcp_conn *conn, uint32_t n) {
  conn->sndq_len -= n;
  while (conn->sndq_head.block) {
    struct ph_block *block = conn->sndq_head.block;
    uint32_t step = ph_min_u32(n, block->size - conn->sndq_head.offset);
    conn->sndq_head.offset += step;
    n -= step;
    if (conn->sndq_head.offset < block->size && conn->sndq_len > 0) {
      return;
    }
    /* The block is done: full and acknowledged, or the queue is empty. */
    conn->sndq_head = (struct tcp_pos){block->next, 0};
    if (conn->sndq_next.block == block) {
      conn->sndq_next = conn->sndq_head;
    }
    if (conn->sndq_tail == block) {
      emptied(stack, conn);
    }
    block->next = NULL;
    ph_block_put(block);
  }
}

void tcp_sendq_free(struct ph_stack *stack, struct tcp_conn *conn) {
  struct ph_block *block = conn->sndq_head.block;
  if (block) {
    emptied(stack, conn);
  }
  while (block) {
    struct ph_block *next = block->next;
    block->next = NULL;
    ph_block_put(block);
    block = next;
  }
  conn->sndq_head = conn->sndq_next = (struct tcp_pos){NULL, 0};
  conn->sndq_len = 0;
}

bool tcp_sendq_add_frags(struct pkt *pkt, struct tcp_pos pos, uint32_t len) {
  while (len > 0) {
    if (pos.offset == pos.block->size) {
      pos = (struct tcp_pos){pos.block->next, 0};
    }
    uint32_t n = ph_min_u32(len, pos.block->size - pos.offset);
    if (!pkt_add_frag(pkt, pos.block, pos.block->data + pos.offset, n)) {
      return false;
    }
    pos.offset += n;
    len -= n;
  }
  return true;
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
