/* SPDX-License-Identifier: Apache-2.0 */
/* The receive queue of one short message, as requests and responses are:
 * tcp_recvq.c. */
#ifndef PH_TCP_TCP_RECVQ_H
#define PH_TCP_TCP_RECVQ_H

#include "stack/tcp/tcp_memory.h"

static inline struct tcp_chunk *tcp_chunk_get(struct tcp_stack *tcp) {
  struct tcp_chunk *chunk = tcp->free_chunks;
  if (chunk) {
    tcp->free_chunks = chunk->next;
    tcp->chunks_available--;
  }
  return chunk;
}

/* Append a chunk of `len` bytes at `data`; takes over one reference. */
static PH_INLINE bool tcp_chunk_append(struct tcp_stack *tcp,
                                       struct tcp_conn *conn,
                                       struct tcp_chunks *to,
                                       struct ph_block *block, uint8_t *data,
                                       uint32_t len, bool copied) {
  struct tcp_chunk *chunk = tcp_chunk_get(tcp);
  if (!chunk) {
    return false;
  }
  chunk->next = NULL;
  chunk->block = block;
  chunk->data = data;
  chunk->len = len;
  chunk->copied = copied;
  conn->rcv_held += block->size;
  if (copied) {
    tcp_rcv_block_taken(tcp, conn);
  }
  *(to->tail ? &to->tail->next : &to->head) = chunk;
  to->tail = chunk;
  return true;
}

/* Copy `len` bytes of `pkt` into the queue, which is empty: they lie in its
 * linear part from `from` on and are too few to be lent. False if it is not so,
 * or there is no memory, with nothing done. */
static PH_INLINE bool tcp_recvq_take_message(struct tcp_stack *tcp,
                                             struct tcp_conn *conn,
                                             const struct pkt *pkt,
                                             uint32_t from, uint32_t len) {
  if (conn->rcvq.head || len >= TCP_COPY_BREAK || from + len > pkt->head_len) {
    return false;
  }
  struct ph_block *block = tcp_rcv_block(tcp, conn, true);
  if (!block) {
    return false;
  }
  if (!tcp_chunk_append(tcp, conn, &conn->rcvq, block, block->data, len,
                        true)) {
    ph_block_put(block);
    return false;
  }
  memcpy(block->data, pkt->head + from, len);
  return true;
}

/* Read all that waits, which lies in one piece and fits into `len` bytes.
 * Returns how many, or 0: it is not so. */
static PH_INLINE uint32_t tcp_recvq_read_message(struct tcp_stack *tcp,
                                                 struct tcp_conn *conn,
                                                 uint8_t *to, uint32_t len) {
  struct tcp_chunk *chunk = conn->rcvq.head;
  if (!to || !chunk || chunk != conn->rcvq.tail || chunk->len > len) {
    return 0;
  }
  struct ph_block *block = chunk->block;
  len = chunk->len;
  memcpy(to, chunk->data, len);
  tcp->stack->stats.CopiedBytes += len;
  conn->rcv_held -= block->size;
  conn->rcv_blocks = (uint16_t)(conn->rcv_blocks - chunk->copied);
  conn->rcvq = (struct tcp_chunks){NULL, NULL};
  conn->rcvq_len = 0;
  conn->rcv_packed = false;
  chunk->next = tcp->free_chunks;
  tcp->free_chunks = chunk;
  tcp->chunks_available++;
  ph_block_put(block);
  tcp_rcv_account(tcp, conn);
  return len;
}

#endif
