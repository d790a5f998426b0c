/* SPDX-License-Identifier: Apache-2.0 */
/* The send queue: tcp_sendq.c. */
#ifndef PH_TCP_TCP_SENDQ_H
#define PH_TCP_TCP_SENDQ_H

#include "stack/tcp/tcp_internal.h"

/* Move `pos` on by `n` bytes, over the ends of blocks. */
void tcp_pos_walk(struct tcp_pos *pos, uint32_t n);
static inline void tcp_pos_advance(struct tcp_pos *pos, uint32_t n) {
  if (PH_SHORT_WAYS && pos->block && n < PH_BLOCK_SIZE - pos->offset) {
    pos->offset += n;
  } else {
    tcp_pos_walk(pos, n);
  }
}

/* Byte snd_una. */
static inline struct tcp_pos tcp_sendq_front(const struct tcp_conn *conn) {
  return (struct tcp_pos){conn->sndq_head, conn->sndq_offset};
}

/* Nothing is sent of what begins at `pos`. */
static inline void tcp_sendq_set_ends(struct tcp_conn *conn,
                                      struct tcp_pos pos) {
  conn->sndq_head = pos.block;
  conn->sndq_offset = pos.offset;
  if (conn->out != &tcp_out_none) {
    conn->out->sndq_next = pos;
  }
}

/* The queue begins with `block`. */
static inline void tcp_sendq_begin(struct ph_stack *stack,
                                   struct tcp_conn *conn,
                                   struct ph_block *block) {
  tcp_sendq_set_ends(conn, (struct tcp_pos){block, 0});
  stack->blocks.reserve -= tcp_of(stack)->floor; /* it is taken */
}

/* Copy in; returns how many bytes there were blocks for. */
uint32_t tcp_sendq_append_any(struct ph_stack *stack, struct tcp_conn *conn,
                              const uint8_t *data, uint32_t len);
static PH_INLINE uint32_t tcp_sendq_append(struct ph_stack *stack,
                                           struct tcp_conn *conn,
                                           const uint8_t *data, uint32_t len) {
  struct ph_block *block = NULL;
  if (PH_SHORT_WAYS && !conn->sndq_tail && len <= PH_BLOCK_SIZE &&
      (tcp_of(stack)->floor || ph_block_spare(&stack->blocks) > 0)) {
    /* One block: it is sure of that, or nobody else is. */
    block = ph_block_get_here(&stack->blocks);
  }
  if (!block) {
    return tcp_sendq_append_any(stack, conn, data, len);
  }
  tcp_sendq_begin(stack, conn, block);
  memcpy(block->data, data, len);
  conn->sndq_tail = block;
  conn->sndq_len = len;
  stack->stats.CopiedBytes += len;
  return len;
}

void tcp_sendq_free(struct ph_stack *stack, struct tcp_conn *conn);
/* The first `n` bytes are acknowledged, and others are not. */
void tcp_sendq_ack_part(struct tcp_conn *conn, uint32_t n);
/* The first `n` bytes are. */
static inline void tcp_sendq_ack(struct ph_stack *stack, struct tcp_conn *conn,
                                 uint32_t n) {
  conn->sndq_len -= n;
  if (conn->sndq_len == 0) {
    tcp_sendq_free(stack, conn);
  } else {
    tcp_sendq_ack_part(conn, n);
  }
}
/* Refer to `len` bytes, more than 0, from *pos on, and move it behind them. */
void tcp_sendq_add_blocks(struct pkt *pkt, struct tcp_pos *pos, uint32_t len);
static inline void tcp_sendq_add_frags(struct pkt *pkt, struct tcp_pos *pos,
                                       uint32_t len) {
  if (PH_SHORT_WAYS &&
      len < PH_BLOCK_SIZE - pos->offset) { /* all in this one */
    (void)pkt_add_frag(pkt, pos->block, pos->block->data + pos->offset, len);
    pos->offset += len;
  } else {
    struct tcp_pos at = *pos;
    tcp_sendq_add_blocks(pkt, &at, len);
    *pos = at;
  }
}
/* True if some packet still refers to a block of these bytes. */
bool tcp_sendq_busy(struct tcp_pos pos, uint32_t len);

#endif
