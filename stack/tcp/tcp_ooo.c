/* SPDX-License-Identifier: Apache-2.0 */
/* The out-of-order queue (RFC 9293 3.10.7.4: "segments with higher beginning
 * sequence numbers SHOULD be held for later processing").
 *
 * Runs are maximal: each is one range of consecutive bytes with its chunks;
 * two runs never touch. A segment is placed in O(log n). Where it overlaps
 * what is there, the bytes that came first stay. Memory is bounded by
 * SO_RCVBUF: a segment whose storage would exceed it is dropped, for the peer
 * will send it again.
 */
#include "stack/tcp/tcp_options.h"

/* Take `run` out of the queue; its chunks stay where they are. */
static void run_remove(struct tcp_stack *tcp, struct tcp_conn *conn,
                       struct tcp_range *run) {
  tcp_sack_forget(tcp, conn, run);
  tcp_ranges_remove(&conn->out->ooo, run);
}

/* Append [seq, seq + len) behind `run`; the bytes are at `from` in `pkt`. */
static uint32_t run_extend(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct tcp_range *run, struct pkt *pkt,
                           uint32_t from, uint32_t len) {
  uint32_t got = tcp_chunks_take(tcp, conn, &run->u.rx, pkt, from, len);
  run->len += got;
  struct tcp_range *next = run->next;
  if (next && run->seq + run->len == next->seq) {
    run_remove(tcp, conn, next);
    tcp_chunks_concat(&run->u.rx, &next->u.rx);
    run->len += next->len;
    tcp_range_put(tcp, next);
  }
  return got;
}

static struct tcp_range *run_new(struct tcp_stack *tcp, struct tcp_conn *conn,
                                 uint32_t seq) {
  struct tcp_range *run = tcp_range_get(tcp, tcp_range_reserve(tcp));
  if (run) {
    run->seq = seq;
    run->len = 0;
    run->u.rx = (struct tcp_chunks){NULL, NULL};
    run->u.newer = run->u.older = 0;
    tcp_ranges_insert(&conn->out->ooo, run);
  }
  return run;
}

PH_APART bool tcp_ooo_insert(struct tcp_stack *tcp, struct tcp_conn *conn,
                             struct pkt *pkt, uint32_t from, uint32_t seq,
                             uint32_t len) {
  const uint32_t start = seq;
  const uint32_t end = seq + len;
  struct tcp_sack_block twice = {0, 0}; /* the first part that we had */
  bool stored = false;
  tcp_out_need(tcp->stack, conn);
  while (seq_lt(seq, end)) {
    struct tcp_range *run = tcp_ranges_floor(&conn->out->ooo, seq);
    if (run && seq_lt(seq, run->seq + run->len)) {
      if (twice.left == twice.right) {
        twice = (struct tcp_sack_block){seq, seq_min(run->seq + run->len, end)};
      }
      tcp_sack_touch(tcp, conn, run);
      seq = run->seq + run->len; /* already there */
      continue;
    }
    struct tcp_range *next = run ? run->next : conn->out->ooo.first;
    uint32_t stop = next && seq_lt(next->seq, end) ? next->seq : end;
    if (conn->rcv_held >= conn->rcvbuf) {
      tcp->stack->stats.TcpRcvBufDrops++;
      break;
    }
    if (!run || run->seq + run->len != seq) {
      run = run_new(tcp, conn, seq);
      if (!run) {
        tcp->stack->stats.TcpRcvBufDrops++;
        break;
      }
    }
    uint32_t got =
        run_extend(tcp, conn, run, pkt, from + (seq - start), stop - seq);
    tcp_sack_touch(tcp, conn, run);
    if (run->len == 0) { /* nothing could be stored: no empty runs */
      run_remove(tcp, conn, run);
      tcp_range_put(tcp, run);
    }
    stored |= got > 0;
    if (got < stop - seq) {
      break;
    }
    seq = stop;
  }
  tcp_dsack(tcp->stack, conn, twice.left, twice.right);
  return stored;
}

bool tcp_ooo_deliver(struct tcp_stack *tcp, struct tcp_conn *conn) {
  bool moved = false;
  struct tcp_range *run;
  while ((run = conn->out->ooo.first) != NULL &&
         seq_leq(run->seq, conn->rcv_nxt)) {
    uint32_t overlap = ph_min_u32(conn->rcv_nxt - run->seq, run->len);
    if (tcp->dsack_conn != conn) { /* what filled the hole reached into it */
      tcp_dsack(tcp->stack, conn, run->seq, run->seq + overlap);
    }
    run_remove(tcp, conn, run);
    tcp_chunks_drop_front(tcp, conn, &run->u.rx, overlap);
    conn->rcv_nxt += run->len - overlap;
    conn->rcvq_len += run->len - overlap;
    tcp_chunks_concat(&conn->rcvq, &run->u.rx);
    tcp_range_put(tcp, run);
    moved = true;
  }
  return moved;
}

void tcp_ooo_free(struct tcp_stack *tcp, struct tcp_conn *conn) {
  struct tcp_range *run;
  while ((run = conn->out->ooo.first) != NULL) {
    run_remove(tcp, conn, run);
    tcp_chunks_free(tcp, conn, &run->u.rx);
    tcp_range_put(tcp, run);
  }
}
