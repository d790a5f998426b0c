/* SPDX-License-Identifier: Apache-2.0 */
/* The retransmission queue: what was sent and not yet acknowledged, as records
 * of ranges. It holds no data; a record knows the place of its first byte in
 * the send queue. A transmission makes one record however long it is; records
 * are split where a loss or an acknowledgement ends inside.
 *
 * 1. The records cover [snd_una, snd_nxt) without gap or overlap (the SYN is
 *    not recorded: its state says that it is outstanding).
 * 2. A connection can always have one record (tcp_range_reserve). When the
 *    pool has no more, the last record is extended: the time of sending
 *    becomes inexact (and is not used for RTT), no data is lost.
 */
#include "stack/tcp/tcp_internal.h"

static struct tcp_range *record_get(struct tcp_stack *tcp,
                                    struct tcp_conn *conn) {
  bool first = !conn->rtx.root;
  struct tcp_range *range =
      tcp_range_get(tcp, first ? 0 : tcp_range_reserve(tcp));
  tcp->rtx_users += first && range;
  return range;
}

static void record_put(struct tcp_stack *tcp, struct tcp_conn *conn,
                       struct tcp_range *range) {
  if (range->u.tx.flags & TCP_RANGE_LOST) {
    conn->lost_bytes -= range->len;
  }
  if (conn->rtx_hint == range) {
    conn->rtx_hint = range->next;
  }
  tcp_ranges_remove(&conn->rtx, range);
  tcp_range_put(tcp, range);
  tcp->rtx_users -= !conn->rtx.root;
}

void tcp_rtx_sent(struct ph_stack *stack, struct tcp_conn *conn, uint32_t seq,
                  uint32_t len, struct tcp_pos pos, uint32_t flags) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_range *range = record_get(tcp, conn);
  if (range) {
    range->seq = seq;
    range->len = len;
    range->u.tx.sent_at_ns = stack->now_ns;
    range->u.tx.block = pos.block;
    range->u.tx.offset = pos.offset;
    range->u.tx.flags = flags;
    tcp_ranges_insert(&conn->rtx, range);
    return;
  }
  range = conn->rtx.last;
  if (range->u.tx.flags & TCP_RANGE_LOST) {
    conn->lost_bytes += len;
  }
  range->len += len;
  range->u.tx.flags |= flags | TCP_RANGE_RETRANSMITTED;
}

bool tcp_rtx_split(struct tcp_stack *tcp, struct tcp_conn *conn,
                   struct tcp_range *range, uint32_t at) {
  struct tcp_range *back = record_get(tcp, conn);
  if (!back) {
    return false;
  }
  struct tcp_pos pos = {range->u.tx.block, range->u.tx.offset};
  tcp_pos_advance(&pos, at);
  back->seq = range->seq + at;
  back->len = range->len - at;
  back->u.tx = range->u.tx;
  back->u.tx.block = pos.block;
  back->u.tx.offset = pos.offset;
  range->len = at;
  range->u.tx.flags &= ~(uint32_t)TCP_RANGE_FIN;
  tcp_ranges_insert(&conn->rtx, back);
  return true;
}

uint64_t tcp_rtx_ack(struct ph_stack *stack, struct tcp_conn *conn,
                     uint32_t ack) {
  struct tcp_stack *tcp = tcp_of(stack);
  uint64_t sent_at_ns = 0;
  struct tcp_range *range;
  while ((range = conn->rtx.first) != NULL && seq_lt(range->seq, ack)) {
    uint32_t n = ack - range->seq;
    /* Karn's algorithm, RFC 6298 (3). */
    sent_at_ns = range->u.tx.flags & TCP_RANGE_RETRANSMITTED
                     ? 0
                     : range->u.tx.sent_at_ns;
    if (n >= range->len) {
      record_put(tcp, conn, range);
      continue;
    }
    if (range->u.tx.flags & TCP_RANGE_LOST) {
      conn->lost_bytes -= n;
    }
    struct tcp_pos pos = {range->u.tx.block, range->u.tx.offset};
    tcp_pos_advance(&pos, n);
    range->u.tx.block = pos.block;
    range->u.tx.offset = pos.offset;
    range->seq += n;
    range->len -= n;
    break;
  }
  return sent_at_ns;
}

void tcp_rtx_mark_all_lost(struct tcp_stack *tcp, struct tcp_conn *conn) {
  struct tcp_range *first = conn->rtx.first;
  if (!first) {
    return;
  }
  /* All get the same mark, so one record says it all. */
  while (first->next) {
    struct tcp_range *next = first->next;
    first->u.tx.flags |= next->u.tx.flags;
    uint32_t len = next->len;
    if (next->u.tx.flags & TCP_RANGE_LOST) {
      conn->lost_bytes -= len;
      next->u.tx.flags &= ~(uint32_t)TCP_RANGE_LOST;
    }
    record_put(tcp, conn, next);
    first->len += len;
  }
  first->u.tx.flags |= TCP_RANGE_LOST | TCP_RANGE_RETRANSMITTED;
  conn->lost_bytes = first->len;
  conn->rtx_hint = first;
}

void tcp_rtx_mark_first_lost(struct tcp_stack *tcp, struct tcp_conn *conn,
                             uint32_t len) {
  struct tcp_range *first = conn->rtx.first;
  if (!first) {
    return;
  }
  if (first->len > len) {
    (void)tcp_rtx_split(tcp, conn, first, len);
  }
  if (!(first->u.tx.flags & TCP_RANGE_LOST)) {
    first->u.tx.flags |= TCP_RANGE_LOST;
    conn->lost_bytes += first->len;
  }
  conn->rtx_hint = first;
}

struct tcp_range *tcp_rtx_next_lost(struct tcp_conn *conn) {
  if (conn->lost_bytes == 0) {
    return NULL;
  }
  struct tcp_range *range = conn->rtx_hint;
  while (range && !(range->u.tx.flags & TCP_RANGE_LOST)) {
    range = range->next;
  }
  conn->rtx_hint = range;
  return range;
}

void tcp_rtx_resent(struct ph_stack *stack, struct tcp_conn *conn,
                    struct tcp_range *range) {
  conn->lost_bytes -= range->len;
  range->u.tx.flags &= ~(uint32_t)TCP_RANGE_LOST;
  range->u.tx.flags |= TCP_RANGE_RETRANSMITTED;
  range->u.tx.sent_at_ns = stack->now_ns;
}

void tcp_rtx_free(struct tcp_stack *tcp, struct tcp_conn *conn) {
  while (conn->rtx.first) {
    record_put(tcp, conn, conn->rtx.first);
  }
}
