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
enum {
  TCP_RCV_SLACK = 255, /* a scaled window field rounds up by at most this */
  /* The least that tcp_rcv_limit() ever is: the window that one block serves.
   */
  TCP_RCV_LIMIT_MIN = PH_BLOCK_SIZE - TCP_RCV_SLACK - 1,
};
/* How many blocks who has read so much may have; `anyone`: who has not. */
uint32_t tcp_rcv_share(const struct tcp_conn *conn,
                       const struct ph_block_pool *pool, uint32_t anyone);
/* How many bytes may wait and be on their way together, `most` at most. */
static PH_INLINE uint32_t tcp_rcv_limit(const struct ph_stack *stack,
                                        const struct tcp_conn *conn,
                                        uint32_t most) {
  uint32_t share = ph_block_for_anyone(&stack->blocks);
  if (!PH_SHORT_WAYS ||
      ((uint64_t)share * PH_BLOCK_SIZE < (uint64_t)most + TCP_RCV_SLACK &&
       conn->bytes_received > conn->rcvq_len)) {
    share = tcp_rcv_share(conn, &stack->blocks, share);
  }
  share = ph_min_u32(share, UINT16_MAX); /* of them one is half read */
  uint32_t limit =
      share < 2 ? TCP_RCV_LIMIT_MIN : share * PH_BLOCK_SIZE - TCP_RCV_SLACK;
  return ph_min_u32(limit, most);
}
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
