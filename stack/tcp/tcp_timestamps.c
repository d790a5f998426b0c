/* SPDX-License-Identifier: Apache-2.0 */
/* Timestamps, RFC 7323: protection against wrapped sequence numbers (5) and
 * round-trip times of segments that were sent twice (4).
 *
 *   TS.Recent  conn->ts_recent  the peer's clock, echoed in every segment
 *   Last.ACK.sent  conn->rcv_acked
 *
 * Our clock ticks in milliseconds from an offset that belongs to the pair of
 * ends and to our secret (7.1): nobody learns how long we are up, and a later
 * connection of the same ends goes on where this one was, so that a peer in
 * TIME-WAIT can tell its SYN from an old one (RFC 6191). */
#include "stack/tcp/tcp_options.h"

/* 5.5: after that long without a segment the peer's clock may have passed half
 * its circle. */
enum { PAWS_IDLE_S = 24 * 24 * 3600 };

uint32_t tcp_ts_now(const struct ph_stack *stack, const struct tcp_conn *conn) {
  return stack->now_ms + conn->ts_offset;
}

void tcp_ts_start(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->ts_offset =
      (uint32_t)(tcp_hash_secret(tcp_of(stack), conn, conn->local_port) >> 32);
}

static uint32_t now_s(const struct ph_stack *stack) {
  return (uint32_t)(stack->now_ns / TCP_S);
}

/* 5.3 R1: older than what we have, which is not out of date itself. */
static bool is_old(const struct ph_stack *stack, const struct tcp_conn *conn,
                   uint32_t ts_val) {
  return seq_lt(ts_val, conn->ts_recent) &&
         now_s(stack) - conn->ts_recent_s <= PAWS_IDLE_S;
}

enum tcp_ts_verdict tcp_ts_check(const struct ph_stack *stack,
                                 const struct tcp_conn *conn,
                                 const struct tcp_seg *seg) {
  if (seg->flags & TCP_RST) {
    return TCP_TS_GOOD; /* 5.2: a reset MUST NOT be subjected to it */
  }
  if (seg->options.has_timestamps) {
    return is_old(stack, conn, seg->options.ts_val) ? TCP_TS_OLD : TCP_TS_GOOD;
  }
  /* 3.2: dropped silently, and never the end of the connection. A SYN is let
   * through to its challenge ACK: the peer may have forgotten us. */
  return (seg->flags & TCP_SYN) ||
                 tcp_of(stack)->features.missing_timestamps == PH_TCP_ON
             ? TCP_TS_GOOD
             : TCP_TS_MISSING;
}

void tcp_ts_take(const struct ph_stack *stack, struct tcp_conn *conn,
                 const struct tcp_seg *seg) {
  conn->ts_recent = seg->options.ts_val;
  conn->ts_recent_s = now_s(stack);
}

void tcp_ts_update(const struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg) {
  /* 4.3 (2), 5.3 R3: the caller knows that the segment starts where our last
   * ACK ended, or before; so a delayed ACK echoes the first that it covers. */
  if (seg->options.has_timestamps &&
      !is_old(stack, conn, seg->options.ts_val)) {
    tcp_ts_take(stack, conn, seg);
  }
}

/* When the first SYN left: each of those that followed waited as long as all
 * before it together, and one second more. */
static uint64_t first_syn_ns(const struct tcp_conn *conn) {
  uint64_t at = conn->syn_sent_ns;
  uint64_t wait = TCP_RTO_INITIAL_NS;
  for (uint32_t i = 0; i < conn->backoff; i++) {
    at -= wait < at ? wait : at;
    wait = 2 * wait < TCP_RTO_MAX_NS ? 2 * wait : TCP_RTO_MAX_NS;
  }
  return at;
}

bool tcp_ts_answers_syn(const struct ph_stack *stack,
                        const struct tcp_conn *conn,
                        const struct tcp_seg *seg) {
  if (!seg->options.has_timestamps || seg->options.ts_ecr == 0) {
    return true; /* as in Linux: some echo nothing in a SYN-ACK */
  }
  uint32_t from = (uint32_t)(first_syn_ns(conn) / TCP_MS) + conn->ts_offset;
  return seg->options.ts_ecr - from <= tcp_ts_now(stack, conn) - from;
}

void tcp_ts_sample(const struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg) {
  if (!conn->ts_ok || !seg->options.has_timestamps) {
    return;
  }
  uint32_t ms = tcp_ts_now(stack, conn) - seg->options.ts_ecr;
  if (ms <= TCP_RTO_MAX_NS / TCP_MS) { /* else we never sent it */
    tcp_rto_sample(conn, ms == 0 ? TCP_MS : ms * TCP_MS); /* 5.4: a tick */
  }
}
