/* SPDX-License-Identifier: Apache-2.0 */
/* The scoreboard: what SACK blocks say about the retransmission queue (RFC
 * 2018 5, D-SACK of RFC 2883).
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
 * What it means for recovery say RFC 8985 (tcp_rack.c) or RFC 6675
 * (tcp_rfc6675.c). */
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
    tcp_of(stack)->by_sack->sacked(conn, was.seq + end);
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
