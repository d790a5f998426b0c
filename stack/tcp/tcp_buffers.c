/* SPDX-License-Identifier: Apache-2.0 */
/* Socket buffers that tune themselves while the user has set none.
 *
 * Receive (Fisk and Feng, "Dynamic right-sizing in TCP", 2001, as in Linux):
 * what the application copied in one round trip is what the path and the
 * sender delivered in it. The window should be twice that, so that a sender
 * that doubles per round trip is never held back. A slow reader copies little
 * and keeps a small buffer. Half of SO_RCVBUF is window (tcp_window.c).
 *
 * Send: cwnd is what the path takes; the same again waits behind it.
 *
 * Both only grow, up to the limits of ph_tcp_config. They are limits, not
 * memory: how much of them the pool grants is tcp_memory.c's. */
#include "stack/tcp/tcp_memory.h"

enum {
  SPARE_SEGS = 16, /* as in Linux: for bursts, and to start with */
  UNIT_SHIFT = 10, /* time in units of 1024 ns: 32 bits last for 73 minutes */
};

/* `copied` bytes were read in `passed` units of time, which are at least as
 * many as a round trip has, `round`; `spare` is for bursts. */
PH_APART static void grow_rcvbuf(const struct tcp_stack *tcp,
                                 struct tcp_conn *conn, uint64_t copied,
                                 uint64_t spare, uint32_t round,
                                 uint32_t passed) {
  uint64_t window = 2 * (copied * round / passed) + spare;
  uint32_t most = tcp->max_rcvbuf;
  uint32_t rcvbuf = 2 * window < most ? (uint32_t)(2 * window) : most;
  conn->rcvbuf = ph_max_u32(conn->rcvbuf, rcvbuf);
}

void tcp_rcvbuf_tune(const struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->rcvbuf_set) {
    return;
  }
  uint32_t now = (uint32_t)(stack->now_ns >> UNIT_SHIFT);
  uint32_t read = conn->rcv_nxt - conn->rcvq_len;
  /* The handshake knows the round trip, unless a SYN was lost. */
  uint64_t rtt = conn->rtt_valid ? conn->srtt_ns : TCP_RTO_MIN_NS;
  uint32_t round = ph_max_u32((uint32_t)(rtt >> UNIT_SHIFT), 1);
  uint32_t passed = now - conn->rcv_space_time;
  if (!conn->rcv_space_valid) {
    conn->rcv_space_valid = true;
  } else if (passed < round) {
    return;
  } else {
    uint64_t copied = read - conn->rcv_space_seq;
    uint64_t spare = (uint64_t)SPARE_SEGS * conn->rcv_mss;
    conn->rcv_space_seq = read;
    conn->rcv_space_time = now;
    if (2 * (2 * copied + spare) > conn->rcvbuf) {
      grow_rcvbuf(tcp_of(stack), conn, copied, spare, round, passed);
    }
    return;
  }
  conn->rcv_space_seq = read;
  conn->rcv_space_time = now;
}

void tcp_sndbuf_grow(const struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t sndbuf = ph_min_u32(2 * conn->cwnd, tcp_of(stack)->max_sndbuf);
  conn->sndbuf = ph_max_u32(conn->sndbuf, sndbuf);
}

void tcp_set_sndbuf(struct tcp_conn *conn, uint32_t bytes) {
  conn->sndbuf = bytes;
  conn->sndbuf_set = true;
}

void tcp_set_rcvbuf(struct tcp_conn *conn, uint32_t bytes) {
  conn->rcvbuf = bytes;
  conn->rcvbuf_set = true;
}

uint32_t tcp_want_unread(const struct ph_stack *stack, struct tcp_conn *conn,
                         uint32_t bytes) {
  uint32_t most = conn->rcvbuf_set ? conn->rcvbuf : tcp_of(stack)->max_rcvbuf;
  bytes = ph_min_u32(bytes, most / 2);
  conn->rcvbuf = ph_max_u32(conn->rcvbuf, 2 * bytes);
  return bytes;
}

void tcp_start_buffers(struct tcp_conn *conn, uint32_t sndbuf,
                       uint32_t rcvbuf) {
  conn->sndbuf = conn->sndbuf_set ? conn->sndbuf : sndbuf;
  conn->rcvbuf = conn->rcvbuf_set ? conn->rcvbuf : rcvbuf;
}

uint32_t tcp_max_buffer(const struct ph_stack *stack) {
  return ph_max_u32(tcp_of(stack)->max_sndbuf, tcp_of(stack)->max_rcvbuf);
}

uint32_t tcp_get_sndbuf(const struct tcp_conn *conn) {
  return conn->sndbuf;
}

uint32_t tcp_get_rcvbuf(const struct tcp_conn *conn) {
  return conn->rcvbuf;
}
