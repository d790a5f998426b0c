/* SPDX-License-Identifier: Apache-2.0 */
/* The retransmission queue: what was sent and not yet acknowledged, as records
 * of ranges. It holds no data; a record knows the place of its first byte in
 * the send queue. A transmission makes one record however long it is; records
 * are split where a loss, a SACK block or an acknowledgement ends inside, and
 * what is sacked side by side becomes one record again.
 *
 * 1. The records cover [snd_una, snd_nxt) without gap or overlap (the SYN is
 *    not recorded: its state says that it is outstanding).
 * 2. A record is in exactly one of three states:
 *      in flight  in the list `sent`, in the order of its last transmission;
 *      lost       in the list `lost`, by sequence number;
 *      sacked     in neither.
 *    So whoever asks "what was sent first" or "what is to be sent again" looks
 *    at the front of a list, and never walks over what is of no interest.
 * 3. A connection can always have one record (tcp_range_reserve), and as many
 *    more as are free in the pool. When there is none, the last record grows
 *    (its time is that of its last byte, and not used for RTT), a SACK block
 *    is ignored, a lost range is sent again piece by piece
 *    (TCP_RANGE_PARTIAL); no data is lost.
 */
#include "stack/tcp/tcp_rtx.h"

#include "stack/tcp/tcp_sendq.h"

/* The longest record that a timeout makes of several: bounds the steps to a
 * place inside it. */
enum { MERGE_MAX = 256 * 1024 };

/* ---- The two lists ------------------------------------------------------ */

static struct tcp_range_list *list_of(struct tcp_out *out,
                                      const struct tcp_range *range) {
  if (range->u.tx.flags & TCP_RANGE_SACKED) {
    return NULL;
  }
  return range->u.tx.flags & TCP_RANGE_LOST ? &out->lost : &out->sent;
}

/* Behind `at`, or in front if that is NULL. */
static void list_insert(struct tcp_range_list *list, struct tcp_range *at,
                        struct tcp_range *range) {
  range->u.tx.before = at;
  range->u.tx.after = at ? at->u.tx.after : list->first;
  *(at ? &at->u.tx.after : &list->first) = range;
  *(range->u.tx.after ? &range->u.tx.after->u.tx.before : &list->last) = range;
}

static void list_remove(struct tcp_out *out, struct tcp_range *range) {
  struct tcp_range_list *list = list_of(out, range);
  struct tcp_range *before = range->u.tx.before;
  struct tcp_range *after = range->u.tx.after;
  if (list) {
    *(before ? &before->u.tx.after : &list->first) = after;
    *(after ? &after->u.tx.before : &list->last) = before;
  }
}

/* Losses are found in the order of sending: nearly always this is the end of
 * the list, or the front when a retransmission was lost. */
static void lost_insert(struct tcp_out *out, struct tcp_range *range) {
  struct tcp_range *at = out->lost.last;
  if (out->lost.first && seq_lt(range->seq, out->lost.first->seq)) {
    at = NULL;
  }
  while (at && seq_gt(at->seq, range->seq)) {
    at = at->u.tx.before;
  }
  list_insert(&out->lost, at, range);
}

/* ---- Records ------------------------------------------------------------ */

static void set_flags(struct tcp_range *range, uint32_t set, uint32_t clear) {
  range->u.tx.flags = (uint16_t)((range->u.tx.flags & ~clear) | set);
}

/* Add `n` bytes to what the range's state counts. */
static void count(struct tcp_out *out, const struct tcp_range *range,
                  uint32_t n) {
  if (range->u.tx.flags & TCP_RANGE_LOST) {
    out->lost_bytes += n;
  } else if (range->u.tx.flags & TCP_RANGE_SACKED) {
    out->sacked_bytes += n;
  }
}

static inline struct tcp_range *record_get(struct tcp_stack *tcp,
                                           struct tcp_out *out) {
  bool first = !out->rtx.root;
  uint32_t keep = first ? 0 : tcp_range_reserve(tcp) + out->records;
  struct tcp_range *range = tcp_range_get(tcp, keep);
  if (range) {
    out->records++;
    tcp->rtx_users += first;
  }
  return range;
}

static void record_put(struct tcp_stack *tcp, struct tcp_out *out,
                       struct tcp_range *range) {
  count(out, range, 0 - range->len);
  list_remove(out, range);
  tcp_ranges_remove(&out->rtx, range);
  tcp_range_put(tcp, range);
  out->records--;
  tcp->rtx_users -= !out->rtx.root;
}

static void advance(struct tcp_range *range, uint32_t n) {
  struct tcp_pos pos = {range->u.tx.block, range->u.tx.offset};
  tcp_pos_advance(&pos, n);
  range->u.tx.block = pos.block;
  range->u.tx.offset = (uint16_t)pos.offset;
}

/* Take `n` bytes off the front. */
static void trim(struct tcp_conn *conn, struct tcp_range *range, uint32_t n) {
  count(conn->out, range, 0 - n);
  advance(range, n);
  range->seq += n;
  range->len -= n;
  if (range->u.tx.flags & TCP_RANGE_PARTIAL) {
    if (n < range->u.tx.resent) {
      range->u.tx.resent = (uint16_t)(range->u.tx.resent - n);
    } else {
      tcp_rtx_mark_lost(conn, range); /* now the rest has its turn */
    }
  }
}

/* What follows `range` becomes part of it. */
static void merge_next(struct tcp_stack *tcp, struct tcp_conn *conn,
                       struct tcp_range *range) {
  uint32_t len = range->next->len;
  uint32_t flags = range->next->u.tx.flags;
  record_put(tcp, conn->out, range->next);
  range->len += len;
  count(conn->out, range, len);
  set_flags(range, (flags & TCP_RANGE_FIN) | TCP_RANGE_RETRANSMITTED, 0);
}

void tcp_rtx_sent(struct ph_stack *stack, struct tcp_conn *conn, uint32_t seq,
                  uint32_t len, struct tcp_pos pos, uint32_t flags,
                  uint32_t mss) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_out *out = conn->out;
  struct tcp_range *range = record_get(tcp, out);
  if (range) {
    tcp_rtx_fill(range, seq, len, pos, flags, mss);
    tcp_ranges_insert(&out->rtx, range);
  } else {
    range = out->rtx.last;
    if (range->u.tx.flags & TCP_RANGE_LOST) {
      range->len += len; /* sent twice, at worst */
      out->lost_bytes += len;
      set_flags(range, flags | TCP_RANGE_RETRANSMITTED, 0);
      return;
    }
    count(out, range, 0 - range->len); /* forget that it was sacked */
    list_remove(out, range);
    range->len += len;
    set_flags(range, flags | TCP_RANGE_RETRANSMITTED, TCP_RANGE_SACKED);
  }
  range->u.tx.sent_at_ns = stack->now_ns;
  list_insert(&out->sent, out->sent.last, range);
}

bool tcp_rtx_split(struct tcp_stack *tcp, struct tcp_conn *conn,
                   struct tcp_range *range, uint32_t at) {
  struct tcp_range *back = record_get(tcp, conn->out);
  if (!back) {
    return false;
  }
  back->seq = range->seq + at;
  back->len = range->len - at;
  back->u.tx = range->u.tx;
  advance(back, at);
  range->len = at;
  set_flags(range, 0, TCP_RANGE_FIN);
  tcp_ranges_insert(&conn->out->rtx, back);
  struct tcp_range_list *list = list_of(conn->out, range);
  if (list) {
    list_insert(list, range, back);
  }
  if (range->u.tx.flags & TCP_RANGE_PARTIAL) {
    uint32_t resent = range->u.tx.resent;
    if (resent >= at) {
      set_flags(range, 0, TCP_RANGE_PARTIAL);
    }
    if (resent > at) {
      back->u.tx.resent = (uint16_t)(resent - at);
    } else {
      tcp_rtx_mark_lost(conn, back);
    }
  }
  return true;
}

void tcp_rtx_free(struct tcp_stack *tcp, struct tcp_conn *conn) {
  struct tcp_out *out = conn->out;
  struct tcp_range *next;
  tcp->rtx_users -= out->rtx.first != NULL;
  for (struct tcp_range *range = out->rtx.first; range; range = next) {
    next = range->next;
    tcp_range_put(tcp, range);
  }
  out->rtx = (struct tcp_ranges){0};
  out->sent = out->lost = (struct tcp_range_list){0};
  out->records = out->lost_bytes = out->sacked_bytes = 0;
}

/* ---- Delivered ---------------------------------------------------------- */

/* All that was out, in one record, was sent once and has arrived. */
static void only_acked(struct ph_stack *stack, struct tcp_conn *conn,
                       struct tcp_range *range, struct tcp_ack *info) {
  info->delivered = range->len;
  info->acked_sent_ns = range->u.tx.sent_at_ns;
  if (conn->use_rack) {
    tcp_rack_delivered(stack, conn, range, tcp_range_end(range), info);
  }
  tcp_rtx_forget_only(tcp_of(stack), conn->out, range);
}

PH_APART static void some_acked(struct ph_stack *stack, struct tcp_conn *conn,
                                uint32_t ack, struct tcp_ack *info) {
  struct tcp_out *out = conn->out;
  struct tcp_range *range;
  while ((range = out->rtx.first) != NULL && seq_lt(range->seq, ack)) {
    uint32_t n = ph_min_u32(ack - range->seq, range->len);
    if (!(range->u.tx.flags & TCP_RANGE_SACKED)) {
      info->delivered += n;
      info->acked_sent_ns = range->u.tx.sent_at_ns;
      /* Karn's algorithm, RFC 6298 (3). */
      if (range->u.tx.flags & TCP_RANGE_RETRANSMITTED) {
        info->acked_retransmitted = true;
        info->resent_ns = range->u.tx.sent_at_ns;
      }
      if (conn->use_rack) {
        tcp_rack_delivered(stack, conn, range, range->seq + n, info);
      }
    }
    if (n == range->len) {
      record_put(tcp_of(stack), out, range);
    } else {
      trim(conn, range, n);
    }
  }
}

void tcp_rtx_ack(struct ph_stack *stack, struct tcp_conn *conn, uint32_t ack,
                 struct tcp_ack *info) {
  struct tcp_range *first = conn->out->rtx.first;
  if (PH_SHORT_WAYS && first && first == conn->out->rtx.last &&
      (first->u.tx.flags | TCP_RANGE_FIN) == TCP_RANGE_FIN &&
      tcp_range_end(first) == ack) {
    only_acked(stack, conn, first, info);
  } else {
    some_acked(stack, conn, ack, info);
  }
}

/* The sacked record in front of `range` takes its first `n` bytes. */
static void give_to_prev(struct tcp_conn *conn, struct tcp_range *range,
                         uint32_t n) {
  range->prev->len += n;
  count(conn->out, range->prev, n);
  trim(conn, range, n);
}

/* The sacked record behind it takes its last `n` bytes. */
static void give_to_next(struct tcp_conn *conn, struct tcp_range *range,
                         uint32_t n) {
  struct tcp_range *next = range->next;
  count(conn->out, range, 0 - n);
  range->len -= n;
  next->seq -= n;
  next->len += n;
  next->u.tx.block = range->u.tx.block;
  next->u.tx.offset = range->u.tx.offset;
  advance(next, range->len);
  count(conn->out, next, n);
}

static bool is_sacked(const struct tcp_range *range) {
  return range && (range->u.tx.flags & TCP_RANGE_SACKED);
}

PH_APART bool tcp_rtx_mark_sacked(struct tcp_stack *tcp, struct tcp_conn *conn,
                                  struct tcp_range *range, uint32_t from,
                                  uint32_t to) {
  uint32_t end = tcp_range_end(range);
  if (from == range->seq && to != end && is_sacked(range->prev)) {
    give_to_prev(conn, range, to - from);
    return true;
  }
  if (from != range->seq && to == end && is_sacked(range->next)) {
    give_to_next(conn, range, to - from);
    return true;
  }
  if (to != end && !tcp_rtx_split(tcp, conn, range, to - range->seq)) {
    return false;
  }
  if (from != range->seq) {
    if (!tcp_rtx_split(tcp, conn, range, from - range->seq)) {
      return false;
    }
    range = range->next;
  }
  count(conn->out, range, 0 - range->len);
  list_remove(conn->out, range);
  set_flags(range, TCP_RANGE_SACKED, TCP_RANGE_LOST | TCP_RANGE_PARTIAL);
  count(conn->out, range, range->len);
  if (is_sacked(range->next)) {
    merge_next(tcp, conn, range);
  }
  if (is_sacked(range->prev)) {
    merge_next(tcp, conn, range->prev);
  }
  return true;
}

/* ---- Lost --------------------------------------------------------------- */

void tcp_rtx_mark_lost(struct tcp_conn *conn, struct tcp_range *range) {
  if (range->u.tx.flags & TCP_RANGE_LOST) {
    return;
  }
  list_remove(conn->out, range);
  set_flags(range, TCP_RANGE_LOST, TCP_RANGE_PARTIAL);
  count(conn->out, range, range->len);
  lost_insert(conn->out, range);
}

/* `sent` is in the order of sending, and what was lost is older than nearly
 * all of it. */
void tcp_rtx_unmark_lost(struct tcp_conn *conn) {
  struct tcp_range *range;
  while ((range = conn->out->lost.last) != NULL) {
    list_remove(conn->out, range);
    count(conn->out, range, 0 - range->len);
    set_flags(range, 0, TCP_RANGE_LOST);
    struct tcp_range *at = NULL;
    struct tcp_range *next = conn->out->sent.first;
    while (next && next->u.tx.sent_at_ns < range->u.tx.sent_at_ns) {
      at = next;
      next = next->u.tx.after;
    }
    list_insert(&conn->out->sent, at, range);
  }
}

void tcp_rtx_mark_sent_by(struct tcp_stack *tcp, struct tcp_conn *conn,
                          uint64_t sent_by_ns, bool forget) {
  struct tcp_out *out = conn->out;
  struct tcp_range *next;
  for (struct tcp_range *range = out->rtx.first; range; range = next) {
    next = range->next;
    bool sacked = is_sacked(range);
    if (sacked && forget) {
      count(out, range, 0 - range->len);
      set_flags(range, 0, TCP_RANGE_SACKED);
      list_insert(&out->sent, out->sent.last, range);
    }
    if (sacked
            ? forget
            : range == out->rtx.first || range->u.tx.sent_at_ns <= sent_by_ns) {
      tcp_rtx_mark_lost(conn, range);
    }
    /* Ranges with the same mark: one record says it all. */
    struct tcp_range *prev = range->prev;
    if (prev && (prev->u.tx.flags & range->u.tx.flags & TCP_RANGE_LOST) &&
        prev->len + range->len <= MERGE_MAX) {
      merge_next(tcp, conn, prev);
    }
  }
}

void tcp_rtx_mark_first_lost(struct tcp_stack *tcp, struct tcp_conn *conn,
                             uint32_t len) {
  struct tcp_range *first = conn->out->rtx.first;
  if (!first || is_sacked(first)) { /* reneging is for the timeout */
    return;
  }
  if (first->len > len) {
    (void)tcp_rtx_split(tcp, conn, first, len);
  }
  tcp_rtx_mark_lost(conn, first);
}

void tcp_rtx_sent_in_part(struct tcp_range *range, uint32_t n) {
  set_flags(range, TCP_RANGE_PARTIAL, 0);
  range->u.tx.resent = (uint16_t)n;
}

void tcp_rtx_resent(struct ph_stack *stack, struct tcp_conn *conn,
                    struct tcp_range *range, uint32_t n, uint32_t mss) {
  count(conn->out, range, 0 - range->len);
  list_remove(conn->out, range);
  set_flags(range, TCP_RANGE_RETRANSMITTED,
            TCP_RANGE_LOST | TCP_RANGE_PARTIAL | TCP_RANGE_PROBE);
  if (n < range->len) {
    tcp_rtx_sent_in_part(range, n);
  }
  range->u.tx.mss = (uint16_t)mss;
  range->u.tx.sent_at_ns = stack->now_ns;
  list_insert(&conn->out->sent, conn->out->sent.last, range);
}
