/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery by what is sacked alone, RFC 6675: IsLost(), NextSeg() (3) and (4).
 * NextSeg() (1) and (2) are tcp_output.c's order, Pipe is tcp_flight(), the
 * scoreboard is tcp_sack.c's. It takes part only in connections that are made
 * while features.by_sack names it; others have RFC 8985, and a program that
 * never names it does not carry it along. */
#include "stack/tcp/tcp_pmtu.h"

static bool is_outstanding(const struct tcp_range *range) {
  return !(range->u.tx.flags & (TCP_RANGE_LOST | TCP_RANGE_SACKED));
}

/* IsLost(): DupThresh discontiguous runs, or more than DupThresh - 1 segments,
 * are sacked above. That holds for all below a place; those below the place of
 * last time are marked, or sent again, already. */
static void mark_lost(struct ph_stack *stack, struct tcp_conn *conn,
                      struct tcp_ack *info) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  uint32_t runs = 0;
  uint32_t bytes = 0;
  struct tcp_range *range = conn->out->rtx.last;
  /* What lies behind goes along, or it would seem ahead after 2 GiB. */
  v->high_sacked = seq_max(v->high_sacked, conn->snd_una);
  v->lost_edge = seq_max(v->lost_edge, conn->snd_una);
  for (; range; range = range->prev) {
    if (range->u.tx.flags & TCP_RANGE_SACKED) {
      runs++;
      bytes += range->len;
    } else if (runs >= TCP_DUPACK_THRESHOLD ||
               bytes > (TCP_DUPACK_THRESHOLD - 1u) * conn->snd_mss) {
      break;
    }
  }
  if (!range) {
    return;
  }
  uint32_t edge = tcp_range_end(range);
  for (; range && seq_gt(tcp_range_end(range), v->lost_edge);
       range = range->prev) {
    if (is_outstanding(range) &&
        !(range->u.tx.flags & TCP_RANGE_RETRANSMITTED)) {
      if (!tcp_plpmtud_lost(stack, conn, range)) {
        info->lost += range->len;
      }
      tcp_rtx_mark_lost(conn, range);
    }
  }
  v->lost_edge = seq_max(v->lost_edge, edge);
}

static void started(struct tcp_conn *conn) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  v->high_rxt = conn->snd_una; /* "(4.3)" */
  v->rescue_used = v->rescuing = false;
}

static void resent(struct tcp_conn *conn, uint32_t end) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  if (!v->rescuing) { /* NextSeg (4): "HighRxt MUST NOT be updated" */
    v->high_rxt = seq_max(v->high_rxt, end);
  }
  v->rescuing = false;
}

/* The first range that may be sent again by (1.a) and (1.b). */
static PH_APART_IF_SMALL struct tcp_range *unsacked_hole(
    struct tcp_conn *conn) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  struct tcp_range *range =
      tcp_ranges_floor(&conn->out->rtx, seq_max(v->high_rxt, conn->snd_una));
  while (range && seq_lt(range->seq, v->high_sacked)) {
    if (is_outstanding(range) &&
        !(range->u.tx.flags & TCP_RANGE_RETRANSMITTED)) {
      return range;
    }
    /* What was passed was sent again, or is sacked. */
    v->high_rxt = seq_max(v->high_rxt, tcp_range_end(range));
    range = range->next;
  }
  return NULL;
}

/* Send it again although it may be in the network: then it is there twice, and
 * Pipe counts both (SetPipe). */
static void mark_doubtful(struct tcp_conn *conn, struct tcp_range *range) {
  conn->cwnd -= ph_min_u32(conn->cwnd, range->len);
  tcp_rtx_mark_lost(conn, range);
}

static bool next_seg(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  uint32_t mss = conn->snd_mss;
  PH_ASSERT(mss > 0);
  if (conn->out->lost_bytes > 0 || conn->recovery != TCP_RECOVERY_FAST ||
      tcp_cwnd_space(conn) < mss) {
    return false;
  }
  struct tcp_range *range = unsacked_hole(conn); /* (3) */
  if (range) {
    if (range->len > mss && !tcp_rtx_split(tcp, conn, range, mss)) {
      return false;
    }
    mark_doubtful(conn, range);
    return true;
  }
  if (v->rescue_used && seq_leq(conn->snd_una, v->rescue_rxt)) {
    return false;
  }
  for (range = conn->out->rtx.last;
       range && !is_outstanding(range);) { /* (4) */
    range = range->prev;
  }
  if (!range) {
    return false;
  }
  if (range->len > mss) {
    if (!tcp_rtx_split(tcp, conn, range, (range->len - 1) / mss * mss)) {
      return false;
    }
    range = range->next;
  }
  v->rescue_rxt = conn->out->recover;
  v->rescue_used = v->rescuing = true;
  mark_doubtful(conn, range);
  return true;
}

/* What starts a flight, before anything is sacked. */
static void init(struct tcp_conn *conn) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  v->high_sacked = v->lost_edge = conn->snd_una;
}

static void sacked(struct tcp_conn *conn, uint32_t end) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  v->high_sacked = seq_max(v->high_sacked, end);
}

const struct tcp_by_sack tcp_rfc6675 = {
    .init = init,
    .sacked = sacked,
    .mark_lost = mark_lost,
    .started = started,
    .resent = resent,
    .next_seg = next_seg,
};
