/* SPDX-License-Identifier: Apache-2.0 */
/* What limits a connection, and for how long: docs/diagnose.md defines the
 * limits. Only a stack that was asked to count does it (Linux: tcp_chrono).
 *
 * The connection is looked at whenever it may have sent, and when all is
 * acknowledged; what holds then holds until the next look. The sums live beside
 * what else is known of data that are out (struct tcp_out), so a connection
 * that is idle does not pay for them; if another one needs that record, they
 * begin anew. */
#include "stack/tcp/tcp_memory.h"
#include "stack/tcp/tcp_settings.h"

/* A queue stands if it costs a part of a round trip: 1/8, but 1/2 if a buffer
 * might be what limits, for bursts out of one look like a queue, too. */
enum { QUEUE = 8, DEEP_QUEUE = 2 };

/* No segment of this round trip had one that was short: the least of it is kept
 * in low_us, until low_until is acknowledged. */
static bool queue_stands(struct tcp_conn *conn, uint32_t part) {
  struct tcp_out *out = conn->out;
  const struct tcp_rack *rack = &out->loss.rack;
  if (!conn->use_rack || rack->rtt_us == 0) {
    return false;
  }
  if (out->low_us == 0 || rack->rtt_us < out->low_us ||
      seq_geq(conn->snd_una, out->low_until)) {
    out->low_us = rack->rtt_us;
    out->low_until = conn->snd_nxt;
  }
  uint32_t least = ph_min_u32(rack->min_rtt_us[0], rack->min_rtt_us[1]);
  return out->low_us > least && out->low_us - least > least / part;
}

/* A larger buffer does not help if the path is full already. */
static enum tcp_limit unless_full(struct tcp_conn *conn, enum tcp_limit limit) {
  uint32_t part = limit == TCP_LIMIT_CONGESTION ? QUEUE : DEEP_QUEUE;
  return queue_stands(conn, part) ? TCP_LIMIT_WIRE : limit;
}

static enum tcp_limit limit_now(struct tcp_conn *conn) {
  const struct tcp_out *out = conn->out;
  uint32_t unsent = tcp_unsent_bytes(conn);
  int32_t left = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  uint32_t room = left > 0 ? (uint32_t)left : 0;
  uint32_t space = tcp_cwnd_space(conn);
  if (unsent <= room && unsent <= space && out->lost_bytes == 0) {
    if (conn->fin_queued && unsent == 0) {
      return TCP_LIMIT_OVER;
    }
    if (!tcp_writable(conn)) {
      return unless_full(conn, TCP_LIMIT_SEND_BUFFER);
    }
    return conn->snd_nxt == conn->snd_una ? TCP_LIMIT_IDLE : TCP_LIMIT_SENDER;
  }
  if (room < space && out->lost_bytes == 0) {
    return conn->snd_wnd / 3 < conn->snd_max_wnd / 4
               ? TCP_LIMIT_RECEIVER
               : unless_full(conn, TCP_LIMIT_RECEIVE_BUFFER);
  }
  /* `pending` is who waits for the device. */
  return conn->pending ? TCP_LIMIT_WIRE
                       : unless_full(conn, TCP_LIMIT_CONGESTION);
}

static void look(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_out *out = conn->out;
  if (out == &tcp_out_none || conn->state < TCP_STATE_ESTABLISHED) {
    return;
  }
  if (out->limit_since_ns > 0) {
    out->limit_ns[out->limit] += stack->now_ns - out->limit_since_ns;
  } else if (conn->snd_nxt == conn->snd_una) {
    return; /* nothing was ever sent */
  }
  out->limit_since_ns = stack->now_ns;
  out->limit = (uint8_t)limit_now(conn);
}

void ph_tcp_count_limits(struct ph_stack *stack) {
  tcp_of(stack)->look = look;
}
