/* SPDX-License-Identifier: Apache-2.0 */
/* What each packet asks of the receive window: tcp_window.c. */
#ifndef PH_TCP_TCP_WINDOW_H
#define PH_TCP_TCP_WINDOW_H

#include "stack/tcp/tcp_memory.h"

enum { TCP_WINDOW_UNSCALED_MAX = 65535 };

/* How far the edge could move if memory were no matter. */
static inline int32_t tcp_window_growth_at_most(const struct tcp_conn *conn) {
  uint32_t taken = conn->rcvq_len + (conn->rcv_edge - conn->rcv_nxt);
  return (int32_t)(conn->rcvbuf / 2 - taken);
}

/* False if the window's edge could not move by as much as the peer is told of
 * at once, however much memory there were. */
static inline bool tcp_window_may_grow(const struct tcp_conn *conn) {
  uint32_t limit = ph_min_u32(conn->rcvbuf / 2, TCP_RCV_LIMIT_MIN);
  return tcp_window_growth_at_most(conn) >=
         (int32_t)ph_min_u32(ph_max_u32(conn->rcv_mss, 1), limit / 2);
}

/* May the edge move with this packet? Not while what was offered last is
 * there, and not for less than a segment or half the window. */
static inline bool tcp_window_edge_may_move(const struct tcp_conn *conn) {
  if (conn->rcv_nxt == conn->rcv_acked &&
      conn->rcv_edge - conn->rcv_nxt >= 2u * conn->rcv_mss) {
    return false;
  }
  int32_t most = tcp_window_growth_at_most(conn);
  return most > 0 && !conn->fin_received &&
         (uint32_t)most >= ph_min_u32(conn->rcv_mss, conn->rcvbuf / 4);
}

/* Move it, if memory lets it go far enough; `whole`: any step will do. */
void tcp_window_move(const struct ph_stack *stack, struct tcp_conn *conn,
                     bool whole);

/* The header's window field; moves rcv_edge. */
static PH_INLINE uint16_t tcp_window_field(const struct ph_stack *stack,
                                           struct tcp_conn *conn,
                                           uint8_t flags) {
  bool bsd = tcp_of(stack)->features.whole_window;
  if (bsd ? tcp_window_growth_at_most(conn) > 0
          : tcp_window_edge_may_move(conn)) {
    tcp_window_move(stack, conn, bsd);
  }
  uint32_t left = conn->rcv_edge - conn->rcv_nxt;
  if (flags & TCP_SYN) {
    return (uint16_t)ph_min_u32(left, TCP_WINDOW_UNSCALED_MAX);
  }
  uint8_t scale = conn->wscale_ok ? conn->rcv_wscale : 0;
  left = (left + (bsd ? 0 : (1u << scale) - 1)) >> scale;
  left = ph_min_u32(left, TCP_WINDOW_UNSCALED_MAX);
  conn->rcv_adv = seq_max(conn->rcv_adv, conn->rcv_nxt + (left << scale));
  return (uint16_t)left;
}

/* An ACK left. */
static inline void tcp_ack_sent(struct tcp_conn *conn) {
  if (conn->quickack > 0 && conn->rcv_acked != conn->rcv_nxt) {
    conn->quickack--;
  }
  conn->ack_now = conn->ack_delayed = false;
  conn->rcv_acked = conn->rcv_nxt;
  tcp_timer_clear(conn, TCP_TIMER_DELACK);
}

#endif
