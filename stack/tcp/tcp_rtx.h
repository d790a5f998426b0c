/* SPDX-License-Identifier: Apache-2.0 */
/* The retransmission queue of one record, which is all of a request or of a
 * response: tcp_rtx.c. */
#ifndef PH_TCP_TCP_RTX_H
#define PH_TCP_TCP_RTX_H

#include "stack/tcp/tcp_rack.h"
#include "stack/tcp/tcp_sendq.h"

static inline void tcp_rtx_fill(struct tcp_range *range, uint32_t seq,
                                uint32_t len, struct tcp_pos pos,
                                uint32_t flags, uint32_t mss) {
  range->seq = seq;
  range->len = len;
  range->u.tx.block = pos.block;
  range->u.tx.offset = (uint16_t)pos.offset;
  range->u.tx.flags = (uint16_t)flags;
  range->u.tx.mss = (uint16_t)mss;
}

/* The first `len` bytes of the send queue, or the FIN behind an empty one, were
 * sent in one segment while nothing else was out. */
static inline void tcp_rtx_sent_alone(struct ph_stack *stack,
                                      struct tcp_conn *conn, uint32_t len,
                                      uint32_t flags) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_out *out = conn->out;
  struct tcp_range *range = tcp_range_get(tcp, 0);
  tcp_rtx_fill(range, conn->snd_una, len, tcp_sendq_front(conn), flags,
               conn->snd_mss);
  range->u.tx.sent_at_ns = stack->now_ns;
  range->left = range->right = range->prev = range->next = NULL;
  range->u.tx.before = range->u.tx.after = NULL;
  out->rtx = (struct tcp_ranges){range, range, range};
  out->sent = (struct tcp_range_list){range, range};
  out->records = 1;
  tcp->rtx_users++;
}

/* All that is out is one record, which was sent once. */
static inline bool tcp_rtx_is_only(const struct tcp_conn *conn) {
  const struct tcp_range *first = conn->out->rtx.first;
  return first && first == conn->out->rtx.last && first->u.tx.flags == 0;
}

/* Forget the only record. */
static inline void tcp_rtx_forget_only(struct tcp_stack *tcp,
                                       struct tcp_out *out,
                                       struct tcp_range *range) {
  out->rtx = (struct tcp_ranges){0};
  out->sent = (struct tcp_range_list){0};
  out->records = 0;
  tcp->rtx_users--;
  tcp_range_put(tcp, range);
}

/* It was delivered: tcp_rtx_is_only(). Returns when it was sent. */
static inline uint64_t tcp_rtx_only_acked(struct ph_stack *stack,
                                          struct tcp_conn *conn) {
  struct tcp_range *range = conn->out->rtx.first;
  uint64_t sent_ns = range->u.tx.sent_at_ns;
  uint32_t end_seq = tcp_range_end(range);
  tcp_rtx_forget_only(tcp_of(stack), conn->out, range);
  tcp_rack_only_delivered(stack, conn, sent_ns, end_seq);
  return sent_ns;
}

#endif
