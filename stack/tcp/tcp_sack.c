/* SPDX-License-Identifier: Apache-2.0 */
/* The scoreboard: what SACK blocks say about the retransmission queue (RFC
 * 2018 5, D-SACK of RFC 2883), and recovery by it alone (RFC 6675).
 *
 * The scoreboard is the records themselves (tcp_rtx.c). A block is looked up by
 * its left edge; what it covers becomes one sacked record, so the same block in
 * the next ACK costs one look, and an ACK costs what it newly sacks.
 *
 * The peer is not trusted. A block must lie between the acknowledgement and
 * snd_nxt (tcp_sack_validate). Marks are made for whole segments only, counted
 * from the start of a record: one-byte blocks inside segments ("SACK Panic")
 * make no records, and there are never more than segments. Without a record to
 * split with, the block is ignored. A mark is a hint: the data stay until they
 * are acknowledged and are sent again after a timeout (RFC 2018 8).
 *
 * RFC 6675 takes part only where RACK is off: IsLost(),
 * NextSeg() (3) and (4). NextSeg() (1) and (2) are tcp_output.c's order, Pipe
 * is tcp_flight(). */
#include "stack/tcp/tcp_pmtu.h"

/* ---- Reading blocks ----------------------------------------------------- */

/* Bytes [at, to) of one range that is not sacked. */
static void sack_range(struct ph_stack *stack, struct tcp_conn *conn,
                       struct tcp_range *range, uint32_t at, uint32_t to,
                       struct tcp_ack *info) {
  const struct tcp_range was = *range;
  uint32_t mss = range->u.tx.mss;
  uint32_t from = at - range->seq;
  from = (from + mss - 1) / mss * mss;
  uint32_t end = to - range->seq;
  if (end != range->len) {
    end -= end % mss;
  }
  if (from >= end) {
    return; /* not one whole segment */
  }
  if (!tcp_rtx_mark_sacked(tcp_of(stack), conn, range, was.seq + from,
                           was.seq + end)) {
    stack->stats.TcpSackIgnored++;
    return;
  }
  info->sacked_new = true;
  info->delivered += end - from;
  if (!(was.u.tx.flags & TCP_RANGE_RETRANSMITTED)) {
    info->sacked_sent_ns = was.u.tx.sent_at_ns;
  }
  if (conn->use_rack) {
    tcp_rack_delivered(stack, conn, &was, was.seq + end, info);
  } else if (!conn->arq) {
    struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
    v->high_sacked = seq_max(v->high_sacked, was.seq + end);
  }
}

static void sack_block(struct ph_stack *stack, struct tcp_conn *conn,
                       const struct tcp_sack_block *block,
                       struct tcp_ack *info) {
  uint32_t at = block->left;
  while (seq_lt(at, block->right)) {
    struct tcp_range *range = tcp_ranges_floor(&conn->out->rtx, at);
    if (!range) {
      return;
    }
    uint32_t end = tcp_range_end(range);
    if (!(range->u.tx.flags & TCP_RANGE_SACKED)) {
      sack_range(stack, conn, range, at, seq_min(block->right, end), info);
    }
    at = end;
  }
}

void tcp_sack_input(struct ph_stack *stack, struct tcp_conn *conn,
                    const struct tcp_seg *seg, struct tcp_ack *info) {
  const struct tcp_rack *rack = &conn->out->loss.rack;
  info->has_sack = seg->dsack || seg->options.sack_count > 0;
  if (seg->dsack) {
    stack->stats.TcpDsackIn++;
    info->dsack = true;
    info->dsack_left = seg->dsack_block.left;
    info->dsack_right = seg->dsack_block.right;
    info->dsack_tlp = conn->use_rack && rack->tlp_out && rack->tlp_is_retrans &&
                      seg->dsack_block.right == rack->tlp_end_seq;
  }
  for (uint32_t i = 0; i < seg->options.sack_count; i++) {
    const struct tcp_sack_block *block = &seg->options.sack[i];
    if (seq_gt(block->left, conn->snd_una)) {
      sack_block(stack, conn, block, info);
    } else if (seq_gt(block->right, conn->snd_una)) {
      stack->stats.TcpSackDiscarded++; /* then why was it not acknowledged? */
    }
  }
}

bool tcp_sack_dupthresh(const struct tcp_conn *conn) {
  return conn->dupacks >= TCP_DUPACK_THRESHOLD ||
         conn->out->sacked_bytes > (TCP_DUPACK_THRESHOLD - 1u) * conn->snd_mss;
}

/* ---- RFC 6675 ----------------------------------------------------------- */

static bool is_outstanding(const struct tcp_range *range) {
  return !(range->u.tx.flags & (TCP_RANGE_LOST | TCP_RANGE_SACKED));
}

/* IsLost(): DupThresh discontiguous runs, or more than DupThresh - 1 segments,
 * are sacked above. That holds for all below a place; those below the place of
 * last time are marked, or sent again, already. */
void tcp_sack_mark_lost(struct ph_stack *stack, struct tcp_conn *conn,
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

void tcp_sack_recovery_started(struct tcp_conn *conn) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  v->high_rxt = conn->snd_una; /* "(4.3)" */
  v->rescue_used = v->rescuing = false;
}

void tcp_sack_resent(struct tcp_conn *conn, uint32_t end) {
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  if (!v->rescuing) { /* NextSeg (4): "HighRxt MUST NOT be updated" */
    v->high_rxt = seq_max(v->high_rxt, end);
  }
  v->rescuing = false;
}

/* The first range that may be sent again by (1.a) and (1.b). */
static struct tcp_range *unsacked_hole(struct tcp_conn *conn) {
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

bool tcp_sack_next_seg(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_rfc6675 *v = &conn->out->loss.rfc6675;
  uint32_t mss = conn->snd_mss;
  PH_ASSERT(mss > 0);
  if (!conn->sack_ok || conn->use_rack || conn->out->lost_bytes > 0 ||
      conn->recovery != TCP_RECOVERY_FAST || tcp_cwnd_space(conn) < mss) {
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
