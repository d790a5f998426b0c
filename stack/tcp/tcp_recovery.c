/* SPDX-License-Identifier: Apache-2.0 */
/* Loss recovery: when it starts, goes on and ends. Which ranges are lost is
 * found elsewhere, and how much may be sent, too:
 *
 *                 finds losses                    paces the repair
 *   with SACK     tcp_rack.c, RFC 8985            tcp_prr.c, RFC 6937
 *                 (or tcp_rfc6675.c)
 *   without       here, NewReno: RFC 5681 3.2,    tcp_prr.c
 *                 RFC 6582
 *   timeout       all that RFC 8985 6.3 says      slow start
 *
 * Limited transmit (RFC 3042) needs no rule: a duplicate ACK takes a segment
 * out of the pipe, and a new one may go.
 *
 *   NONE --loss found--> FAST --all up to `recover` acknowledged--> NONE
 *   any --timeout--> LOSS --all up to `recover` acknowledged--> NONE
 *   LOSS --RFC 6582 4.1, no SACK--> FAST --> LOSS or NONE
 *
 * Without SACK, `sacked_bytes` is what duplicate ACKs say has arrived: one MSS
 * for each, but never more than can have. */
#include "stack/tcp/tcp_internal.h"
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_pmtu.h"

static uint32_t outstanding(const struct tcp_conn *conn) {
  return conn->snd_nxt - conn->snd_una;
}

/* ---- Fast recovery ------------------------------------------------------ */

static void enter_fast(struct ph_stack *stack, struct tcp_conn *conn,
                       uint32_t recover, uint32_t flight) {
  /* RFC 5681 3.2: without the segments of limited transmit. */
  flight = ph_min_u32(flight, conn->cwnd);
  tcp_undo_begin(conn);
  conn->ssthresh = conn->out->cc->ssthresh(conn, flight, false);
  conn->out->bytes_acked_ca = 0;
  conn->out->recover = recover;
  conn->recovery = TCP_RECOVERY_FAST;
  tcp_ecn_reduced(conn);
  stack->stats.TcpFastRetrans++;
  tcp_prr_enter(conn);
  const struct tcp_by_sack *by_sack = tcp_by_sack(stack, conn);
  if (by_sack) {
    by_sack->started(conn);
  }
}

static void grow(struct ph_stack *stack, struct tcp_conn *conn,
                 const struct tcp_ack *info) {
  if (info->acked > 0 && tcp_cwnd_is_used(conn)) {
    /* Not what SACK or duplicate ACKs had told before. */
    uint32_t n = ph_min_u32(info->acked, info->delivered);
    conn->out->cc->acked(conn, stack->now_ns, n);
  }
}

/* ---- With SACK ---------------------------------------------------------- */

static void count_dupack(struct ph_stack *stack, struct tcp_conn *conn) {
  stack->stats.TcpDupAcksIn++;
  conn->dupacks = (uint8_t)(conn->dupacks + (conn->dupacks < UINT8_MAX));
}

/* Duplicate ACKs say so. Returns the bytes that congestion has cost. */
static uint32_t first_is_lost(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_range *first = conn->out->rtx.first;
  if (tcp_plpmtud_lost(stack, conn, first)) {
    tcp_rtx_mark_lost(conn, first);
    return 0;
  }
  tcp_rtx_mark_first_lost(tcp_of(stack), conn, conn->snd_mss);
  return conn->out->lost_bytes;
}

static void find_losses(struct ph_stack *stack, struct tcp_conn *conn,
                        struct tcp_ack *info) {
  if (!conn->use_rack) {
    if (conn->recovery == TCP_RECOVERY_NONE &&
        conn->dupacks == TCP_DUPACK_THRESHOLD && conn->out->lost_bytes == 0) {
      info->lost = first_is_lost(stack, conn);
    }
    tcp_of(stack)->by_sack->mark_lost(stack, conn, info);
    return;
  }
  if (info->reordered && !conn->reordering_seen) {
    conn->reordering_seen = true;
    stack->stats.TcpReorderSeen++;
  }
  const struct tcp_rack *rack = &conn->out->loss.rack;
  if (info->dsack || rack->dsack_in_round) {
    tcp_rack_on_dsack(conn, info);
  }
  if (rack->tlp_out && tcp_tlp_process_ack(conn, info)) {
    stack->stats.TcpLossProbeRecovery++;
    if (conn->recovery == TCP_RECOVERY_NONE) {
      uint32_t flight = ph_min_u32(outstanding(conn) + info->acked, conn->cwnd);
      conn->ssthresh = conn->out->cc->ssthresh(conn, flight, false);
      conn->cwnd = ph_min_u32(conn->cwnd, conn->ssthresh);
      tcp_ecn_reduced(conn);
    }
  }
  info->lost = tcp_rack_detect_loss(stack, conn);
}

static void recovery_ended(struct tcp_conn *conn) {
  conn->recovery = TCP_RECOVERY_NONE;
  conn->out->undo.until = conn->snd_nxt;
  if (conn->use_rack) {
    tcp_rack_recovery_ended(conn);
  }
}

static void sack_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                        struct tcp_ack *info) {
  if (info->acked > 0) {
    conn->dupacks = 0;
  } else if (info->sacked_new) { /* a duplicate ACK of RFC 6675 2 */
    count_dupack(stack, conn);
  }
  find_losses(stack, conn, info);
  bool recovered = seq_geq(conn->snd_una, conn->out->recover);
  if (conn->recovery == TCP_RECOVERY_FAST && !recovered) {
    tcp_prr_ack(conn, info, false);
    return;
  }
  bool ended = conn->recovery != TCP_RECOVERY_NONE && recovered;
  if (ended) {
    if (conn->recovery == TCP_RECOVERY_FAST) {
      conn->cwnd = conn->ssthresh; /* RFC 6937 3 */
      conn->cwnd_limited = false;  /* this ACK was for the old window */
    }
    recovery_ended(conn);
  }
  /* Losses of what was sent since the last recovery began are new ones; a
   * smaller path MTU (RFC 1191 6.4) marks ranges without being one. */
  if (conn->recovery == TCP_RECOVERY_NONE && conn->out->lost_bytes > 0 &&
      (info->lost > 0 || ended)) {
    enter_fast(stack, conn, conn->snd_nxt, outstanding(conn) + info->acked);
    tcp_prr_ack(conn, info, true);
    return;
  }
  grow(stack, conn, info);
}

void tcp_on_loss(struct ph_stack *stack, struct tcp_conn *conn) {
  const struct tcp_ack info = {.lost = 1};
  if (conn->recovery == TCP_RECOVERY_NONE) {
    enter_fast(stack, conn, conn->snd_nxt, outstanding(conn));
  }
  if (conn->recovery == TCP_RECOVERY_FAST) {
    tcp_prr_ack(conn, &info, true); /* no ACK may be left that lets it go */
  }
}

/* ---- Without SACK: RFC 6582 3.2 ----------------------------------------- */

static void reno_dupack(struct ph_stack *stack, struct tcp_conn *conn,
                        struct tcp_ack *info) {
  /* A segment has left the network, but the first has not; and against peers
   * that invent duplicates, none that was sent since the recovery began (RFC
   * 5681 3.2 (4)). After a timeout it may be anything. */
  uint32_t able = conn->recovery == TCP_RECOVERY_FAST
                      ? conn->out->recover - conn->snd_una
                      : outstanding(conn);
  uint32_t gone = ph_max_u32(conn->out->lost_bytes, conn->snd_mss) +
                  conn->out->sacked_bytes;
  if (conn->recovery != TCP_RECOVERY_LOSS && able > gone) {
    info->delivered = ph_min_u32(conn->snd_mss, able - gone);
    conn->out->sacked_bytes += info->delivered;
  }
  if (conn->recovery == TCP_RECOVERY_FAST) {
    stack->stats.TcpDupAcksIn++;
    tcp_prr_ack(conn, info, false);
    return;
  }
  count_dupack(stack, conn);
  /* Step 1: "the Cumulative Acknowledgment field covers more than recover";
   * after a timeout `recover` is the highest sequence number sent, and 4.1
   * believes in a loss if the last ACK did not jump. */
  if (conn->dupacks == TCP_DUPACK_THRESHOLD &&
      (seq_geq(conn->snd_una, conn->out->recover) ||
       (conn->cwnd > conn->snd_mss &&
        conn->out->last_acked <= 4u * conn->snd_mss))) {
    if (tcp_plpmtud_lost(stack, conn, conn->out->rtx.first)) {
      tcp_rtx_mark_lost(conn, conn->out->rtx.first);
      return; /* too long, not lost to congestion */
    }
    /* Step 2. After a timeout it ends where sending had come to; what is
     * marked lost behind that is none of its business. */
    const struct tcp_range *lost = conn->out->lost.first;
    enter_fast(stack, conn, lost ? lost->seq : conn->snd_nxt,
               outstanding(conn) - conn->out->lost_bytes);
    tcp_rtx_mark_first_lost(tcp_of(stack), conn, conn->snd_mss);
    tcp_prr_ack(conn, info, true);
  }
}

/* Step 3, partial acknowledgement: the next hole is at snd_una. Not if this
 * is the rest of what was sent a moment ago, of which the peer acknowledges a
 * few bytes at a time. */
static void reno_partial(struct ph_stack *stack, struct tcp_conn *conn,
                         struct tcp_ack *info) {
  const struct tcp_range *first = conn->out->rtx.first;
  bool hole = info->acked >= conn->snd_mss ||
              !(first && (first->u.tx.flags & TCP_RANGE_RETRANSMITTED));
  if (hole) {
    tcp_rtx_mark_first_lost(tcp_of(stack), conn, conn->snd_mss);
  }
  tcp_prr_ack(conn, info, hole);
}

static void reno_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                        struct tcp_ack *info) {
  if (info->acked == 0) {
    if (info->dupack) {
      reno_dupack(stack, conn, info);
    }
    return;
  }
  conn->dupacks = 0;
  /* Behind the hole that was filled is what duplicate ACKs have counted. */
  uint32_t known =
      info->acked > conn->snd_mss ? info->acked - conn->snd_mss : 0;
  known = ph_min_u32(known, conn->out->sacked_bytes);
  /* Crumbs add up: no more can have left the network than is out. */
  if (conn->out->sacked_bytes - known > outstanding(conn)) {
    known = conn->out->sacked_bytes - outstanding(conn);
  }
  conn->out->sacked_bytes -= known;
  info->delivered -= known;
  if (conn->recovery == TCP_RECOVERY_FAST &&
      seq_lt(conn->snd_una, conn->out->recover)) {
    reno_partial(stack, conn, info);
    return;
  }
  conn->out->sacked_bytes = 0;
  if (conn->recovery == TCP_RECOVERY_FAST) { /* full acknowledgement */
    conn->cwnd = ph_min_u32(
        conn->ssthresh,
        ph_max_u32(outstanding(conn), conn->snd_mss) + conn->snd_mss);
    conn->recovery = seq_lt(conn->snd_una, conn->out->loss_recover)
                         ? TCP_RECOVERY_LOSS
                         : TCP_RECOVERY_NONE;
    conn->out->recover = conn->out->loss_recover;
    return;
  }
  if (conn->recovery == TCP_RECOVERY_LOSS &&
      seq_geq(conn->snd_una, conn->out->recover)) {
    conn->recovery = TCP_RECOVERY_NONE;
  }
  grow(stack, conn, info);
}

/* ---- Both --------------------------------------------------------------- */

void tcp_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                struct tcp_ack *info) {
  if (conn->out->undo.cwnd) {
    tcp_undo_on_ack(stack, conn, info);
  }
  if (conn->sack_ok && !conn->arq) {
    sack_on_ack(stack, conn, info);
  } else if (conn->arq) {
    tcp_of(stack)->arq->on_ack(stack, conn, info);
  } else {
    reno_on_ack(stack, conn, info);
  }
}

/* The retransmission timer expired: RFC 6298 (5.4) to (5.6). */
void tcp_on_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  uint64_t horizon = UINT64_MAX;
  stack->stats.TcpTimeouts++;
  tcp_undo_timeout(conn);
  if (conn->recovery == TCP_RECOVERY_NONE) {
    tcp_undo_begin(conn);
  }
  if (conn->backoff == 0) { /* RFC 5681 (4): once per loss, not per timeout */
    conn->ssthresh = conn->out->cc->ssthresh(conn, outstanding(conn), true);
  }
  if (conn->out->rtx.first &&
      (conn->out->rtx.first->u.tx.flags & TCP_RANGE_SACKED)) {
    stack->stats.TcpSackReneging++;
  }
  conn->out->bytes_acked_ca = 0;
  conn->out->recover = conn->out->loss_recover =
      conn->snd_nxt; /* RFC 6582 3.2 step 4 */
  conn->recovery = TCP_RECOVERY_LOSS;
  conn->dupacks = 0;
  tcp_ecn_reduced(conn);
  if (conn->use_rack) {
    struct tcp_rack *rack = &conn->out->loss.rack;
    horizon = tcp_rack_rto_horizon(stack, conn); /* RFC 8985 6.3 */
    rack->tlp_out = rack->pto = false;
    tcp_out_timer_clear(conn);
  }
  /* RFC 2018 8: the peer may have dropped what it sacked. */
  tcp_rtx_mark_sent_by(tcp, conn, horizon, true);
  conn->out->sacked_bytes = 0;
  /* The loss window of RFC 5681 3.1, beside what is not lost. */
  conn->cwnd = tcp_flight(conn) + conn->snd_mss;
}
