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
#include "stack/tcp/tcp_window.h"

/* The window that memory allows now, if it may be `limit` wide. */
static uint32_t offer(const struct tcp_conn *conn, uint32_t limit, bool whole) {
  uint32_t wnd = limit > conn->rcvq_len ? limit - conn->rcvq_len : 0;
  /* The first and the last block may be mostly read or mostly empty. */
  uint32_t budget = conn->rcvbuf + 2 * PH_BLOCK_SIZE;
  uint32_t memory = budget > conn->rcv_held ? budget - conn->rcv_held : 0;
  wnd = ph_min_u32(wnd, memory);
  uint32_t most = conn->wscale_ok
                      ? (uint32_t)TCP_WINDOW_UNSCALED_MAX << conn->rcv_wscale
                      : TCP_WINDOW_UNSCALED_MAX;
  return whole ? wnd : ph_min_u32(wnd, most);
}

uint32_t tcp_window_growth(const struct ph_stack *stack,
                           const struct tcp_conn *conn, uint32_t *limit) {
  if (tcp_window_growth_at_most(conn) <= 0) {
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

void tcp_window_move(const struct ph_stack *stack, struct tcp_conn *conn,
                     bool whole) {
  uint32_t limit;
  uint32_t grow = tcp_window_growth(stack, conn, &limit);
  if (grow > 0 && (whole || grow >= ph_min_u32(conn->rcv_mss, limit / 2))) {
    tcp_window_open(stack, conn, grow);
  }
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
