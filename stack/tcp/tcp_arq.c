/* SPDX-License-Identifier: Apache-2.0 */
/* Automatic repeat request as textbooks have it, to learn from: TCP's segments
 * and acknowledgements, with a window of N segments that nothing moves instead
 * of congestion control, and one rule for what is sent again:
 *
 *                     out of order   lost is                      sent again
 *   stop-and-wait     dropped        not acknowledged in T0       it (N = 1)
 *   go-back-N         dropped        the first, by 3 duplicate    all from it
 *                                    ACKs or T0 without progress
 *   selective repeat  kept, SACKed   each not acknowledged in T0  it alone
 *                                    after it was sent
 *
 * T0 is timeout_percent of the measured round trip time, or what RFC 6298 has
 * if that is longer (without its minimum), and never doubles. The
 * retransmission timer of RFC 6298 runs besides as on every connection: it
 * finds out when nobody answers any more, and reneging (RFC 2018 8).
 *
 * N is of segments in the network: selective repeat goes on with new ones
 * while it waits for a lost one, up to the window that the peer offers. The
 * receiver acknowledges every segment at once, and sends no longer segments.
 * docs/tcp/arq.md derives what all this should yield. */
#include "stack/tcp/tcp_internal.h"

enum {
  WINDOW_DEFAULT = 16,
  WINDOW_MAX = 32767,
  PERCENT_DEFAULT = 125,
  PERCENT_MIN = 100,
  PERCENT_MAX = 10000,
};

/* ---- The option ---------------------------------------------------------- */

struct tcp_arq tcp_get_arq(const struct tcp_conn *conn) {
  return conn->arq
             ? (struct tcp_arq){conn->arq, conn->arq_window, conn->arq_percent}
             : (struct tcp_arq){TCP_ARQ_OFF, 0, 0};
}

static void options(struct tcp_conn *conn) {
  conn->sack_ok = conn->sack_ok && conn->arq == TCP_ARQ_SELECTIVE_REPEAT;
  conn->ecn_ok = false; /* no congestion control that could answer it */
}

static void start(struct tcp_conn *conn) {
  conn->cwnd = (uint32_t)conn->arq_window * conn->snd_mss;
}

/* ---- The receiver -------------------------------------------------------- */

bool tcp_arq_keeps(const struct tcp_conn *conn) {
  return conn->arq == TCP_ARQ_OFF || conn->arq == TCP_ARQ_SELECTIVE_REPEAT;
}

/* ---- The sender ---------------------------------------------------------- */

/* T0. */
static uint64_t timeout_ns(const struct tcp_conn *conn) {
  uint64_t t0 = conn->srtt_ns / 100 * conn->arq_percent;
  uint64_t rfc6298 = conn->srtt_ns + 4 * conn->rttvar_ns;
  return !conn->rtt_valid ? tcp_rto(conn) : t0 > rfc6298 ? t0 : rfc6298;
}

/* When the first of what is in flight is lost. */
static uint64_t deadline(const struct tcp_conn *conn) {
  uint64_t since = conn->out->sent.first->u.tx.sent_at_ns;
  if (conn->arq != TCP_ARQ_SELECTIVE_REPEAT &&
      conn->out->loss.arq.progress_ns > since) {
    since = conn->out->loss.arq.progress_ns; /* one timer for the window */
  }
  return since + timeout_ns(conn);
}

static void schedule(struct ph_stack *stack, struct tcp_conn *conn) {
  if (!conn->out->rtx.first) {
    tcp_out_timer_clear(conn);
  } else if (conn->out->sent.first) {
    tcp_out_timer_set(stack, conn, deadline(conn));
  } else { /* all of it is to be sent again, as soon as the device takes it */
    tcp_out_timer_set(stack, conn, stack->now_ns + timeout_ns(conn));
  }
}

/* Go back N: all that was sent from snd_una on is sent again. */
static void go_back(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t out = (conn->snd_nxt - conn->snd_una) / conn->snd_mss;
  uint32_t seen = conn->dupacks + 1u; /* and the hole has none */
  tcp_rtx_mark_sent_by(tcp_of(stack), conn, UINT64_MAX, true);
  conn->out->sacked_bytes = 0;
  conn->out->loss.arq.echoes = out > seen ? out - seen : 0;
  conn->dupacks = 0;
}

/* A duplicate ACK says something about the first segment unless it was caused
 * by one that was sent before its last transmission: those of the flight that
 * was given up are as many as that had segments behind the hole, and all of
 * that kind are here within a round trip. */
static bool tells(const struct ph_stack *stack, struct tcp_conn *conn) {
  const struct tcp_range *first = conn->out->rtx.first;
  if (conn->out->loss.arq.echoes > 0) {
    conn->out->loss.arq.echoes--;
    return false;
  }
  return first && !(first->u.tx.flags & TCP_RANGE_LOST) &&
         stack->now_ns - first->u.tx.sent_at_ns >= conn->srtt_ns;
}

static void on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_ack *info) {
  conn->cwnd = (uint32_t)conn->arq_window * conn->snd_mss;
  if (info->acked > 0) {
    conn->out->loss.arq.progress_ns = stack->now_ns;
    conn->out->loss.arq.echoes = 0; /* the wire keeps the order */
    conn->dupacks = 0;
  } else if (info->dupack && conn->arq == TCP_ARQ_GO_BACK_N &&
             tells(stack, conn)) {
    stack->stats.TcpDupAcksIn++;
    conn->dupacks++;
    if (conn->dupacks == TCP_DUPACK_THRESHOLD) {
      stack->stats.TcpFastRetrans++;
      go_back(stack, conn);
    }
  }
  schedule(stack, conn);
}

static void timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_range *first = conn->out->sent.first;
  if (first && deadline(conn) <= stack->now_ns) {
    stack->stats.TcpTimeouts++;
    if (conn->arq == TCP_ARQ_SELECTIVE_REPEAT) {
      while ((first = conn->out->sent.first) != NULL &&
             deadline(conn) <= stack->now_ns) {
        tcp_rtx_mark_lost(conn, first);
      }
    } else {
      go_back(stack, conn);
    }
    tcp_pend(stack, conn);
  }
  schedule(stack, conn);
}

static void silence(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->out->rtx.first->u.tx.flags & TCP_RANGE_SACKED) {
    stack->stats.TcpSackReneging++; /* RFC 2018 8 */
    go_back(stack, conn);
  }
  timeout(stack, conn);
}

/* ---- Setting it ---------------------------------------------------------- */

/* Who never asks for it does not carry the sender along. */
static const struct tcp_arq_sender arq_sender = {options,  start,   on_ack,
                                                 schedule, timeout, silence};

int tcp_set_arq(struct ph_stack *stack, struct tcp_conn *conn,
                const struct tcp_arq *arq) {
  uint32_t window = arq->window ? arq->window : (uint32_t)WINDOW_DEFAULT;
  uint32_t percent =
      arq->timeout_percent ? arq->timeout_percent : (uint32_t)PERCENT_DEFAULT;
  bool fresh =
      conn->state == TCP_STATE_CLOSED || conn->state == TCP_STATE_LISTEN;
  if (!fresh || conn->done || arq->mode < TCP_ARQ_OFF ||
      arq->mode > TCP_ARQ_SELECTIVE_REPEAT || window > WINDOW_MAX ||
      percent < PERCENT_MIN || percent > PERCENT_MAX) {
    return -PH_EINVAL;
  }
  conn->arq = (unsigned)arq->mode & 3u;
  conn->w_max = 0; /* which shares its place with */
  if (conn->arq) {
    conn->arq_window =
        conn->arq == TCP_ARQ_STOP_AND_WAIT ? 1 : (uint16_t)window;
    conn->arq_percent = (uint16_t)percent;
  }
  tcp_of(stack)->arq = &arq_sender;
  return 0;
}
