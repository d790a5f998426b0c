/* SPDX-License-Identifier: Apache-2.0 */
/* Inside stack/tcp: who may have how much memory. */
#ifndef PH_TCP_TCP_MEMORY_H
#define PH_TCP_TCP_MEMORY_H

#include "stack/tcp/tcp_internal.h"

/* ---- tcp_memory.c ------------------------------------------------------- */
void tcp_memory_init(struct tcp_stack *tcp);
/* Bring pool->reserve up to date after any change of rcv_nxt, rcv_edge,
 * rcvq_len or rcv_blocks. */
void tcp_rcv_account(struct tcp_stack *tcp, struct tcp_conn *conn);
/* The same when a block of the pool was put under a queue, and no more. */
static inline void tcp_rcv_block_taken(struct tcp_stack *tcp,
                                       struct tcp_conn *conn) {
  conn->rcv_blocks++;
  if (conn->rcv_owed > 0) {
    conn->rcv_owed--;
    tcp->stack->blocks.reserve--;
  }
}
/* How many bytes may wait and be on their way together, `most` at most. */
uint32_t tcp_rcv_limit(const struct ph_stack *stack,
                       const struct tcp_conn *conn, uint32_t most);
/* The least that this ever is: the window that one block serves. */
enum { TCP_RCV_LIMIT_MIN = PH_BLOCK_SIZE - 256 };
/* A block to copy into, or NULL; of those that are promised to nobody, or one
 * that was promised. */
struct ph_block *tcp_rcv_spare_block(struct tcp_stack *tcp,
                                     const struct tcp_conn *conn);
static PH_INLINE struct ph_block *tcp_rcv_block(struct tcp_stack *tcp,
                                                const struct tcp_conn *conn,
                                                bool in_order) {
  bool promised = conn->rcv_owed > 0 && (in_order || !conn->rcv_packed);
  return promised ? ph_block_get_here(&tcp->stack->blocks)
                  : tcp_rcv_spare_block(tcp, conn);
}
/* How many blocks more of a device's pool may stay with this connection. */
uint32_t tcp_rcv_lendable(const struct tcp_stack *tcp,
                          const struct tcp_conn *conn,
                          const struct ph_block_pool *pool);
/* How many blocks more the send queue may take before it has to ask again; 0:
 * none. */
uint32_t tcp_sendq_allowance(const struct ph_stack *stack,
                             const struct tcp_conn *conn);

/* ---- tcp_buffers.c ------------------------------------------------------ */
/* The application has read. */
void tcp_rcvbuf_tune(const struct ph_stack *stack, struct tcp_conn *conn);
/* cwnd may have grown. */
void tcp_sndbuf_grow(const struct ph_stack *stack, struct tcp_conn *conn);
static inline void tcp_sndbuf_tune(const struct ph_stack *stack,
                                   struct tcp_conn *conn) {
  if (!conn->sndbuf_set && conn->cwnd > conn->sndbuf / 2) {
    tcp_sndbuf_grow(stack, conn);
  }
}

#endif
