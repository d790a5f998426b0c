/* SPDX-License-Identifier: Apache-2.0 */
/* A reduction of the window for what was not lost is taken back (RFC 9438 4.9,
 * RFC 4015): what was late arrived after all. Three witnesses:
 *
 *   timestamps  Eifel, RFC 3522: the ACK for what was sent again echoes the
 *               time of an earlier transmission, so that was what arrived.
 *   D-SACK      RFC 3708: the peer has reported a duplicate of each segment
 *               that was sent again, and of no other. It may do so for one
 * round trip after the recovery has ended. F-RTO       RFC 5682 2.1, of a
 * timeout: after the first ACK new data is sent instead of what seems lost; a
 * second ACK that advances can only be for what was never sent again.
 *
 *      timeout          ACK, part of it          ACK that advances
 *   ----------> FIRST ------------------> SECOND -----------------> undo
 *                 |   anything else         |    duplicate ACK
 *                 +----------> OFF <--------+
 *
 * What is taken back: cwnd and ssthresh are at least what they were, what is
 * marked lost is in flight again, the recovery is over. That it does not happen
 * again is the business of RACK's reordering window (tcp_rack.c, step 4) and of
 * the RTO, which has measured how late it was. */
#include "stack/tcp/tcp_internal.h"

void tcp_undo_begin(struct tcp_conn *conn) {
  conn->out->undo.cwnd = conn->cwnd;
  conn->out->undo.ssthresh = conn->ssthresh;
  conn->out->undo.sum = 0;
}

/* Of a run of bytes: runs may be cut or joined, and no two sets of them have
 * the same sum (but for one in 2^32). */
static uint32_t mixed(uint32_t seq) {
  seq = (seq ^ seq >> 16) * 0x85ebca6bu; /* MurmurHash3's finalizer */
  seq = (seq ^ seq >> 13) * 0xc2b2ae35u;
  return seq ^ seq >> 16;
}

static uint32_t sum_of(uint32_t from, uint32_t to) {
  return mixed(to) - mixed(from);
}

void tcp_undo_resent(struct tcp_conn *conn, uint32_t seq, uint32_t n) {
  if (conn->out->undo.cwnd) {
    conn->out->undo.sum += sum_of(seq, seq + n);
  }
}

void tcp_undo_timeout(struct tcp_conn *conn) {
  /* RFC 5682 2.1 (1): not of what was sent again before, nor if it may be that
   * the peer holds what is behind the first segment. */
  bool first = conn->recovery == TCP_RECOVERY_NONE && conn->backoff == 0;
  bool clean = conn->out->sacked_bytes == 0 && conn->out->lost_bytes == 0;
  conn->out->undo.frto = first && clean ? TCP_FRTO_FIRST : TCP_FRTO_OFF;
}

/* Step (2b) can be taken: there are new segments that may go. */
static bool can_send_new(const struct tcp_conn *conn) {
  int32_t window = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  return tcp_unsent_bytes(conn) >= conn->snd_mss &&
         window >= (int32_t)conn->snd_mss;
}

/* RFC 5682 2.1 (2), (3). */
static bool frto_says_so(struct tcp_conn *conn, const struct tcp_ack *info) {
  uint8_t was = conn->out->undo.frto;
  conn->out->undo.frto = TCP_FRTO_OFF;
  if (conn->recovery != TCP_RECOVERY_LOSS || info->acked == 0) {
    return false;
  }
  if (was == TCP_FRTO_FIRST && seq_lt(conn->snd_una, conn->out->recover) &&
      can_send_new(conn)) {
    conn->out->undo.frto = TCP_FRTO_SECOND;
  }
  return was == TCP_FRTO_SECOND;
}

/* RFC 3522 3.2 (5): earlier than the retransmission. */
static bool timestamp_says_so(const struct tcp_conn *conn,
                              const struct tcp_ack *info) {
  return conn->recovery != TCP_RECOVERY_NONE && info->has_ts &&
         info->resent_ns > 0 &&
         seq_lt(info->ts_ecr_ms, (uint32_t)(info->resent_ns / TCP_MS));
}

/* RFC 3708 2: all that was sent again since the recovery began was needless.
 * A duplicate that the network made leaves a sum that is never 0. */
static bool dsack_says_so(struct tcp_conn *conn, const struct tcp_ack *info) {
  if (!info->dsack || info->dsack_tlp || conn->out->undo.sum == 0) {
    return false;
  }
  conn->out->undo.sum -= sum_of(info->dsack_left, info->dsack_right);
  return conn->out->undo.sum == 0;
}

static void undo(struct tcp_conn *conn) {
  conn->cwnd = ph_max_u32(conn->cwnd, conn->out->undo.cwnd);
  conn->ssthresh = ph_max_u32(conn->ssthresh, conn->out->undo.ssthresh);
  if (conn->ssthresh == UINT32_MAX && conn->out->cc->init) {
    conn->out->cc->init(conn); /* the initial slow start goes on */
  }
  conn->out->undo.cwnd = 0;
  conn->out->undo.frto = TCP_FRTO_OFF;
  conn->dupacks = 0;
  conn->cwnd_limited = false; /* this ACK was for the smaller window */
  conn->recovery = TCP_RECOVERY_NONE;
  if (!conn->sack_ok) {
    conn->out->sacked_bytes = 0; /* what duplicate ACKs said */
  }
  tcp_rtx_unmark_lost(conn);
}

void tcp_undo_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_ack *info) {
  if (conn->recovery == TCP_RECOVERY_NONE &&
      seq_gt(conn->snd_una, conn->out->undo.until)) {
    conn->out->undo.cwnd = 0; /* a round trip without a report: it was needed */
    return;
  }
  if (timestamp_says_so(conn, info)) {
    stack->stats.TcpUndoTimestamps++;
  } else if (conn->out->undo.frto && frto_says_so(conn, info)) {
    stack->stats.TcpUndoFrto++;
  } else if (dsack_says_so(conn, info)) {
    stack->stats.TcpUndoDsack++;
  } else {
    return;
  }
  undo(conn);
}
