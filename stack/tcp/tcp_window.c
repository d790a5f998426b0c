/* SPDX-License-Identifier: Apache-2.0 */
/* The receive window (RFC 9293 3.8.6): what we offer, and when an ACK that is
 * due counts as sent.
 *
 * The peer may fill half of SO_RCVBUF with bytes that the application has not
 * read; the other half is for the memory that lent blocks waste. rcv_edge is
 * the promise: it only moves right, and only by steps worth a segment (silly
 * window avoidance, 3.8.6.2.2). The field of the header is rounded up to the
 * scale from the same rcv_edge each time, so what the peer sees wanders above
 * rcv_edge by less than one unit and never below. */
#include "stack/tcp/tcp_memory.h"

enum { WINDOW_UNSCALED_MAX = 65535 };

/* The window that memory allows now, if it may be `limit` wide. */
static uint32_t offer(const struct tcp_conn *conn, uint32_t limit, bool whole) {
  uint32_t wnd = limit > conn->rcvq_len ? limit - conn->rcvq_len : 0;
  /* The first and the last block may be mostly read or mostly empty. */
  uint32_t budget = conn->rcvbuf + 2 * PH_BLOCK_SIZE;
  uint32_t memory = budget > conn->rcv_held ? budget - conn->rcv_held : 0;
  wnd = ph_min_u32(wnd, memory);
  uint32_t most = conn->wscale_ok
                      ? (uint32_t)WINDOW_UNSCALED_MAX << conn->rcv_wscale
                      : WINDOW_UNSCALED_MAX;
  return whole ? wnd : ph_min_u32(wnd, most);
}

/* How far the edge could move if memory were no matter. */
static int32_t growth_at_most(const struct tcp_conn *conn) {
  uint32_t taken = conn->rcvq_len + (conn->rcv_edge - conn->rcv_nxt);
  return (int32_t)(conn->rcvbuf / 2 - taken);
}

bool tcp_window_may_grow(const struct tcp_conn *conn) {
  uint32_t limit = ph_min_u32(conn->rcvbuf / 2, TCP_RCV_LIMIT_MIN);
  return growth_at_most(conn) >=
         (int32_t)ph_min_u32(ph_max_u32(conn->rcv_mss, 1), limit / 2);
}

uint32_t tcp_window_growth(const struct ph_stack *stack,
                           const struct tcp_conn *conn, uint32_t *limit) {
  if (growth_at_most(conn) <= 0) {
    return 0;
  }
  /* Memory pressure: docs/stack.md. */
  *limit = tcp_rcv_limit(stack, conn, conn->rcvbuf / 2);
  bool whole = tcp_of(stack)->features.whole_window;
  int32_t grow =
      seq_diff(conn->rcv_nxt + offer(conn, *limit, whole), conn->rcv_edge);
  return grow > 0 ? (uint32_t)grow : 0;
}

void tcp_window_open(const struct ph_stack *stack, struct tcp_conn *conn,
                     uint32_t grow) {
  conn->rcv_edge += grow;
  tcp_rcv_account(tcp_of(stack), conn);
}

/* May the edge move with this packet? Not while what was offered last is
 * there, and not for less than a segment or half the window. */
static bool edge_may_move(const struct tcp_conn *conn) {
  if (conn->rcv_nxt == conn->rcv_acked &&
      conn->rcv_edge - conn->rcv_nxt >= 2u * conn->rcv_mss) {
    return false;
  }
  int32_t most = growth_at_most(conn);
  return most > 0 && !conn->fin_received &&
         (uint32_t)most >= ph_min_u32(conn->rcv_mss, conn->rcvbuf / 4);
}

PH_APART static void move_edge(const struct ph_stack *stack,
                               struct tcp_conn *conn, bool whole) {
  uint32_t limit;
  uint32_t grow = tcp_window_growth(stack, conn, &limit);
  if (grow > 0 && (whole || grow >= ph_min_u32(conn->rcv_mss, limit / 2))) {
    tcp_window_open(stack, conn, grow);
  }
}

uint16_t tcp_window_field(const struct ph_stack *stack, struct tcp_conn *conn,
                          uint8_t flags) {
  bool bsd = tcp_of(stack)->features.whole_window;
  if (bsd ? growth_at_most(conn) > 0 : edge_may_move(conn)) {
    move_edge(stack, conn, bsd);
  }
  uint32_t left = conn->rcv_edge - conn->rcv_nxt;
  if (flags & TCP_SYN) {
    return (uint16_t)ph_min_u32(left, WINDOW_UNSCALED_MAX);
  }
  uint8_t scale = conn->wscale_ok ? conn->rcv_wscale : 0;
  left = (left + (bsd ? 0 : (1u << scale) - 1)) >> scale;
  left = ph_min_u32(left, WINDOW_UNSCALED_MAX);
  conn->rcv_adv = seq_max(conn->rcv_adv, conn->rcv_nxt + (left << scale));
  return (uint16_t)left;
}

uint32_t tcp_tell_rcvbuf(const struct ph_stack *stack,
                         const struct tcp_conn *conn) {
  bool half = tcp_of(stack)->features.whole_window;
  return half ? conn->rcvbuf / 2 : conn->rcvbuf;
}

void tcp_segs_fell(struct tcp_conn *conn, uint32_t size, uint8_t flags) {
  if (size >= TCP_MSS_MIN && (size >= TCP_MSS_DEFAULT || !(flags & TCP_PSH))) {
    conn->rcv_mss = (uint16_t)size;
  }
}

void tcp_ack_sent(struct tcp_conn *conn) {
  if (conn->quickack > 0 && conn->rcv_acked != conn->rcv_nxt) {
    conn->quickack--;
  }
  conn->ack_now = conn->ack_delayed = false;
  conn->rcv_acked = conn->rcv_nxt;
  tcp_timer_clear(conn, TCP_TIMER_DELACK);
}

void tcp_ack_later(struct ph_stack *stack, struct tcp_conn *conn,
                   uint64_t delay_ns) {
  uint64_t deadline_ns = stack->now_ns + delay_ns;
  conn->ack_delayed = true;
  if (deadline_ns < conn->deadline[TCP_TIMER_DELACK]) {
    tcp_timer_set(stack, conn, TCP_TIMER_DELACK, deadline_ns);
  }
}
