/* SPDX-License-Identifier: Apache-2.0 */
/* SEGMENT ARRIVES, RFC 9293 3.10.7, one function per step:
 *
 *   tcp_input        checksum, lookup; 3.10.7.1 CLOSED, 3.10.7.2 LISTEN
 *   syn_sent_input   3.10.7.3
 *   synchronized     3.10.7.4:
 *     tcp_check_seq    first, with the trimming to the window: tcp_check.c
 *     tcp_check_rst    second (RFC 5961 3)
 *     tcp_check_syn    fourth (RFC 5961 4)
 *     tcp_check_ack    fifth, tcp_process_ack does the arithmetic
 *     tcp_process_urgent sixth: tcp_urgent.c
 *     tcp_process_data seventh
 *     tcp_process_fin  eighth: tcp_fin.c
 *
 * (The third, security, does not exist.) A step returns false when the segment
 * is done with; the connection may then be gone. Nothing is sent from here but
 * duplicate ACKs, challenge ACKs and resets: the rest waits for tcp_poll(), so
 * that one ACK answers all that arrived together. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_memory.h"
#include "stack/tcp/tcp_parse.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_predict.h"
#include "stack/tcp/tcp_recvq.h"
#include "stack/tcp/tcp_rtx.h"
#include "stack/tcp/tcp_sendq.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_table.h"

/* ---- Fifth: ACK --------------------------------------------------------- */

static PH_INLINE void update_window(struct ph_stack *stack,
                                    struct tcp_conn *conn,
                                    const struct tcp_seg *seg) {
  bool closed = conn->snd_wnd == 0;
  if (seq_lt(conn->snd_wl1, seg->seq) ||
      (conn->snd_wl1 == seg->seq && seq_leq(conn->snd_wl2, seg->ack))) {
    conn->snd_wnd = (uint32_t)seg->wnd << conn->snd_wscale;
    conn->snd_wl1 = seg->seq;
    conn->snd_wl2 = seg->ack;
    conn->snd_max_wnd = ph_max_u32(conn->snd_max_wnd, conn->snd_wnd);
  }
  if (closed && conn->snd_wnd > 0 && conn->snd_nxt != conn->snd_una &&
      conn->backoff > 0) {
    /* What is out was a probe of a window that had shrunk; now it counts. */
    conn->backoff = 0;
    tcp_rtx_timer_start(stack, conn);
  }
}

/* What was sent at `sent_ns`, once, was acknowledged now. */
static inline void sample_rtt(const struct ph_stack *stack,
                              struct tcp_conn *conn, uint64_t sent_ns) {
  tcp_rto_sample(conn, stack->now_ns - sent_ns);
  if (conn->out->cc->rtt) {
    conn->out->cc->rtt(conn, stack->now_ns - sent_ns);
  }
}

/* The SACK blocks, and the round trip time that this ACK measured. */
static void process_sack(struct ph_stack *stack, struct tcp_conn *conn,
                         const struct tcp_seg *seg, struct tcp_ack *info) {
  if (seg->dsack || seg->options.sack_count > 0) {
    tcp_sack_input(stack, conn, seg, info);
  }
  uint64_t sent_ns = info->acked_retransmitted ? 0 : info->acked_sent_ns;
  sent_ns = sent_ns ? sent_ns : info->sacked_sent_ns;
  if (sent_ns) {
    sample_rtt(stack, conn, sent_ns);
  } else if (info->acked > 0) {
    tcp_ts_sample(stack, conn, seg); /* which of the copies it was for */
  }
}

/* Marks that lie behind would seem ahead after 2 GiB. So they are drawn along,
 * not with each ACK, but when snd_una passes a multiple of 256 MiB: with the
 * widest window, 1 GiB, they never lag by more than 5/4 GiB. */
enum { MARKS_SHIFT = 28 };
static void draw_marks(struct tcp_conn *conn) {
  conn->out->recover = seq_max(conn->out->recover, conn->snd_una);
  conn->out->loss_recover = seq_max(conn->out->loss_recover, conn->snd_una);
  conn->out->ecn_until = seq_max(conn->out->ecn_until, conn->snd_una);
  conn->snd_sml = seq_max(conn->snd_sml, conn->snd_una);
  conn->snd_push = seq_max(conn->snd_push, conn->snd_una);
}

/* No probe or repair is on its way that an ACK could make known as needless. */
static inline bool nothing_to_undo(const struct tcp_conn *conn) {
  const struct tcp_rack *rack = &conn->out->loss.rack;
  return !rack->tlp_out && !rack->dsack_in_round && conn->out->undo.cwnd == 0;
}

/* The ACK for what was sent first, as it was expected: loss recovery would find
 * nothing in it. With `quiet` the connection and the segment are known to be
 * usual. */
static inline bool nothing_to_recover(const struct tcp_conn *conn,
                                      const struct tcp_seg *seg,
                                      const struct tcp_ack *info, bool quiet) {
  bool usual =
      quiet || (conn->use_rack && conn->recovery == TCP_RECOVERY_NONE &&
                !seg->dsack && seg->options.sack_count == 0);
  return usual && nothing_to_undo(conn) && info->acked_sent_ns &&
         !info->reordered && !info->acked_retransmitted &&
         conn->out->sacked_bytes + conn->out->lost_bytes == 0 &&
         !tcp_rack_in_question(conn);
}

/* All that is left to do then; `all`: it is known that nothing else is out. */
static inline void acked_in_order(struct ph_stack *stack, struct tcp_conn *conn,
                                  uint32_t acked, uint64_t sent_ns, bool all) {
  sample_rtt(stack, conn, sent_ns);
  conn->dupacks = 0;
  if (tcp_cwnd_is_used(conn)) {
    conn->out->cc->acked(conn, stack->now_ns, acked);
  }
  conn->partial_seen = false;
  if (!all && conn->out->rtx.first) {
    tcp_rtx_timer_start(stack, conn); /* RFC 6298 (5.3) */
    tcp_tlp_schedule(stack, conn);
    return;
  }
  tcp_timer_clear(conn, TCP_TIMER_RTX); /* (5.2) */
  tcp_out_timer_clear(conn);
  conn->out->loss.rack.pto = false;
  tcp_look(stack, conn);
}

/* The ACK may tell of losses, and there may be more out. */
static void some_acked(struct ph_stack *stack, struct tcp_conn *conn,
                       const struct tcp_seg *seg, struct tcp_ack *info) {
  process_sack(stack, conn, seg, info);
  bool partial = !conn->sack_ok && conn->recovery == TCP_RECOVERY_FAST &&
                 seq_lt(conn->snd_una, conn->out->recover);
  tcp_on_ack(stack, conn, info);
  /* RFC 6298 (5.2), (5.3); in fast recovery only the first partial ACK
   * restarts it (RFC 6582 3.2, the impatient variant). */
  if (!conn->out->rtx.first) {
    tcp_timer_clear(conn, TCP_TIMER_RTX);
    tcp_look(stack, conn);
  } else if (!partial || !conn->partial_seen) {
    tcp_rtx_timer_start(stack, conn);
  }
  conn->partial_seen = partial;
  if (conn->use_rack && !conn->out->rtx.first) {
    tcp_tlp_cancel(conn);
  } else {
    tcp_tlp_schedule(stack, conn);
  }
}

/* What is known of an ACK before it is processed. */
enum ack_kind {
  ACK_ANY,
  ACK_QUIET, /* the connection is: tcp_is_quiet(), */
  ACK_ONLY,  /* and it is for the one record that is out: tcp_rtx_is_only() */
};

/* SND.UNA < SEG.ACK =< SND.NXT. With ACK_ONLY there is no `info`. */
static PH_INLINE bool tcp_process_ack(struct ph_stack *stack,
                                      struct tcp_conn *conn,
                                      const struct tcp_seg *seg,
                                      struct tcp_ack *info,
                                      const enum ack_kind kind) {
  const bool quiet = kind != ACK_ANY;
  uint32_t acked = seg->ack - conn->snd_una;
  bool fin = !quiet && conn->fin_sent && seg->ack == conn->snd_nxt;
  uint64_t sent_ns = 0;
  if (kind == ACK_ONLY) {
    sent_ns = tcp_rtx_only_acked(stack, conn);
  } else {
    info->acked = acked;
    tcp_rtx_ack(stack, conn, seg->ack, info);
  }
  tcp_sendq_ack(stack, conn, acked - fin);
  bool far = (conn->snd_una ^ seg->ack) >> MARKS_SHIFT;
  conn->snd_una = seg->ack;
  if (far) {
    draw_marks(conn);
  }
  conn->bytes_acked += acked - fin;
  if (!quiet && conn->snd_urg) {
    tcp_urgent_acked(conn);
  }
  conn->soft_error = 0;
  conn->backoff = 0;
  if (stack->neighbours_unsure) {
    ip_confirm(stack, tcp_path(stack, conn));
  }
  conn->out->last_acked = acked;
  if (!quiet && conn->plpmtud) {
    tcp_plpmtud_acked(stack, conn, info);
  }
  if (kind == ACK_ONLY) {
    acked_in_order(stack, conn, acked, sent_ns, true);
  } else if (PH_SHORT_WAYS && nothing_to_recover(conn, seg, info, quiet)) {
    acked_in_order(stack, conn, acked, info->acked_sent_ns, false);
  } else {
    some_acked(stack, conn, seg, info);
  }
  tcp_sndbuf_tune(stack, conn);
  if (conn->room_wanted) {
    tcp_tell_room(stack, conn);
  }
  return fin ? tcp_fin_acked(stack, conn, false) : true;
}

static bool is_dupack(const struct tcp_conn *conn,
                      const struct tcp_seg *seg) { /* RFC 5681 2 */
  return seg->ack == conn->snd_una && seg->data_len == 0 &&
         conn->snd_nxt != conn->snd_una &&
         !(seg->flags & (TCP_SYN | TCP_FIN)) &&
         (uint32_t)seg->wnd << conn->snd_wscale == conn->snd_wnd;
}

static bool syn_received_ack(struct ph_stack *stack, struct tcp_conn *conn,
                             const struct tcp_seg *seg,
                             const struct ip_rx *rx) {
  if (seq_leq(seg->ack, conn->snd_una) || seq_gt(seg->ack, conn->snd_nxt)) {
    tcp_send_reset(stack, seg, rx);
    return false;
  }
  if (tcp_listen_defers(conn, seg)) {
    stack->stats.TcpDeferAcceptDrops++;
    return false;
  }
  if (!tcp_listen_established(stack, conn)) {
    return false;
  }
  if (seg->at_edge) {
    tcp_ts_update(stack, conn, seg);
  }
  tcp_established(stack, conn, seg);
  return true;
}

static PH_APART_IF_SMALL bool tcp_check_ack(struct ph_stack *stack,
                                            struct tcp_conn *conn,
                                            struct tcp_seg *seg,
                                            const struct ip_rx *rx) {
  if (!(seg->flags & TCP_ACK)) {
    return false;
  }
  if (conn->state == TCP_STATE_SYN_RECEIVED) {
    return syn_received_ack(stack, conn, seg, rx);
  }
  if (seq_gt(seg->ack, conn->snd_nxt) ||
      seq_lt(seg->ack, conn->snd_una - conn->snd_max_wnd)) {
    tcp_challenge_ack(stack, conn); /* RFC 5961 5.2 */
    return false;
  }
  if (seg->at_edge) {
    tcp_ts_update(stack, conn, seg);
  }
  conn->probes = 0;
  conn->heard_ms = stack->now_ms;
  conn->more = false; /* as in Linux: MSG_MORE holds only against one write */
  if (seg->options.sack_count > 0) {
    uint32_t given = seg->options.sack_count;
    tcp_sack_validate(conn, seg);
    stack->stats.TcpSackDiscarded +=
        given - seg->options.sack_count - seg->dsack;
  }
  if (conn->ecn_ok && (seg->flags & TCP_ECE)) {
    tcp_ecn_echo(stack, conn, seg);
  }
  bool advances = seq_gt(seg->ack, conn->snd_una);
  bool dupack = !advances && is_dupack(conn, seg);
  if (seq_leq(conn->snd_una, seg->ack)) {
    update_window(stack, conn, seg);
  }
  if (!advances && conn->snd_nxt == conn->snd_una) {
    return true; /* nothing is out that it could be about */
  }
  if (conn->fin_sent && seg->ack == conn->snd_nxt && tcp_is_orphan(conn)) {
    return tcp_fin_acked_orphan(stack, conn, seg);
  }
  tcp_out_need(stack, conn);
  struct tcp_ack info = {
      .prior_fack = conn->out->loss.rack.fack,
      .ts_ecr_ms = seg->options.ts_ecr - conn->ts_offset,
      .has_ts = conn->ts_ok && seg->options.has_timestamps,
      .dupack = dupack,
  };
  if (advances) {
    return tcp_process_ack(stack, conn, seg, &info, ACK_ANY);
  }
  process_sack(stack, conn, seg, &info); /* a late ACK may carry new blocks */
  if (dupack || info.has_sack) {
    tcp_on_ack(stack, conn, &info);
  }
  if (info.sacked_new) {
    tcp_tlp_schedule(stack, conn); /* not while something is sacked */
  }
  return true;
}

/* ---- Seventh: the segment text ------------------------------------------ */

/* RFC 9293 3.8.6.3, RFC 5681 4.2: an ACK at least for every second full-sized
 * segment, counted in bytes; within 40 ms; at once while the connection is
 * new. */
static inline void schedule_ack(struct ph_stack *stack, struct tcp_conn *conn,
                                bool at_once) {
  uint32_t unacked = conn->rcv_nxt - conn->rcv_acked;
  if (at_once || conn->quickack > 0 || unacked >= 2u * conn->rcv_mss ||
      conn->arq) {
    conn->ack_now = true;
  } else {
    tcp_ack_later(stack, conn, TCP_DELACK_NS);
  }
}

/* Take the payload, which starts at rcv_nxt, and what waited for it; returns
 * how many bytes of the payload there was memory for. */
static uint32_t take_in_order(struct tcp_stack *tcp, struct tcp_conn *conn,
                              const struct tcp_seg *seg, struct pkt *pkt) {
  bool holes = conn->out->ooo.first != NULL;
  uint32_t got =
      tcp_chunks_take(tcp, conn, &conn->rcvq, pkt, seg->offset, seg->len);
  if (got < seg->len && holes) {
    /* What waits behind a hole must not keep out what fills it. */
    tcp_ooo_free(tcp, conn);
    got += tcp_chunks_take(tcp, conn, &conn->rcvq, pkt, seg->offset + got,
                           seg->len - got);
  }
  conn->rcv_nxt += got;
  conn->rcvq_len += got;
  if (holes) {
    (void)tcp_ooo_deliver(tcp, conn);
    tcp_rcv_account(tcp, conn);
  }
  return got;
}

static PH_INLINE void in_order(struct ph_stack *stack, struct tcp_conn *conn,
                               const struct tcp_seg *seg, struct pkt *pkt) {
  struct tcp_stack *tcp = tcp_of(stack);
  uint32_t before = conn->rcv_nxt;
  bool at_once = false; /* is the ACK due? */
  if (PH_SHORT_WAYS &&
      PH_USUAL(!conn->out->ooo.first &&
               tcp_recvq_take_message(tcp, conn, pkt, seg->offset, seg->len))) {
    conn->rcv_nxt += seg->len;
    conn->rcvq_len += seg->len;
  } else {
    at_once = conn->out->ooo.first != NULL;
    at_once |= take_in_order(tcp, conn, seg, pkt) < seg->len;
  }
  /* What the rounded window let in beyond the edge is in: move it along. Else
   * what waits and what is promised are together what they were. */
  if (seq_leq(conn->rcv_edge, conn->rcv_nxt)) {
    conn->rcv_edge = conn->rcv_nxt;
    tcp_rcv_account(tcp, conn);
  }
  conn->bytes_received += conn->rcv_nxt - before;
  conn->last_rx_ms = conn->heard_ms; /* now */
  uint32_t size = tcp_seg_size(seg, pkt);
  if (!tcp_segs_grew(conn, size) &&
      conn->rcv_nxt - conn->rcv_acked == 2 * size) {
    tcp_segs_fell(conn, size, seg->flags);
  }
  schedule_ack(stack, conn, at_once);
  if (conn->rcv_nxt != before) {
    tcp_wake(stack, conn, TCP_READY_IN);
  }
}

static bool tcp_process_data(struct ph_stack *stack, struct tcp_conn *conn,
                             struct tcp_seg *seg, struct pkt *pkt) {
  if (conn->fin_seen && seq_gt(seg->seq + seg->len, conn->fin_seq)) {
    /* Bytes behind the peer's FIN do not exist. */
    seg->len = seq_lt(seg->seq, conn->fin_seq) ? conn->fin_seq - seg->seq : 0;
  }
  if (seg->len == 0 || conn->state > TCP_STATE_FIN_WAIT_2) {
    return true;
  }
  if (tcp_is_orphan(conn)) {
    /* RFC 9293 3.10.4 / RFC 1122 4.2.2.13: nobody will read it. */
    tcp_refuse_data(stack, conn, seg);
    return false;
  }
  if (conn->ecn_ok) {
    tcp_ecn_receive(stack, conn, seg);
  }
  if (seg->seq == conn->rcv_nxt) {
    in_order(stack, conn, seg, pkt);
    return true;
  }
  if (!tcp_arq_keeps(conn)) {
    seg->flags &= (uint8_t)~TCP_FIN;
  } else if (tcp_ooo_insert(tcp_of(stack), conn, pkt, seg->offset, seg->seq,
                            seg->len)) {
    stack->stats.TcpOutOfOrder++;
    (void)tcp_segs_grew(conn, tcp_seg_size(seg, pkt));
    conn->counters.ooo_segs++;
  }
  /* RFC 5681 4.2: a duplicate ACK. If counting them is all that the peer can
   * do: one for each segment of a coalesced one. */
  uint32_t dupacks = 1;
  if (pkt->gso_size > 0 && !conn->sack_ok) {
    dupacks = ph_min_u32((seg->data_len + pkt->gso_size - 1) / pkt->gso_size,
                         TCP_COALESCED_MAX);
  }
  while (dupacks-- > 0) {
    tcp_ack_at_once(stack, conn);
  }
  return true;
}

/* ---- The states --------------------------------------------------------- */

/* The sixth step and the seventh. */
static bool process_text(struct ph_stack *stack, struct tcp_conn *conn,
                         struct tcp_seg *seg, struct pkt *pkt) {
  if (seg->flags & TCP_URG) {
    tcp_process_urgent(stack, conn, seg);
  }
  if (seg->len > 0 && !tcp_process_data(stack, conn, seg, pkt)) {
    return false;
  }
  if (conn->rcv_urg) {
    tcp_urgent_data_came(stack, conn);
  }
  return true;
}

/* Could tcp_output() do anything? A segment that was expected, with its ACK
 * delayed and nothing to send, needs none. */
static inline bool output_due(const struct tcp_conn *conn) {
  bool flagged = conn->ack_now || conn->cork_wait || conn->persist ||
                 conn->tx_block_wait || conn->syn_due;
  return flagged || conn->recovery != TCP_RECOVERY_NONE ||
         tcp_unsent_bytes(conn) > 0 || (conn->fin_queued && !conn->fin_sent) ||
         conn->out->lost.first ||
         (conn->out->rtx.first && conn->deadline[TCP_TIMER_RTX] == UINT64_MAX);
}

/* Data or an ACK, or both, which the fifth step of RFC 9293 3.10.7.4 accepts,
 * and no duplicate ACK. */
static inline bool is_usual(const struct tcp_conn *conn,
                            const struct tcp_seg *seg) {
  uint32_t acked = seg->ack - conn->snd_una;
  uint32_t out = conn->snd_nxt - conn->snd_una;
  return (seg->flags & ~TCP_PSH) == TCP_ACK && acked <= out && seg->wnd != 0 &&
         (acked > 0 || out == 0 || seg->len > 0);
}

/* A predicted segment of a quiet connection, as usual. The fifth step and the
 * seventh without what could not be. */
static inline void quiet_input(struct ph_stack *stack, struct tcp_conn *conn,
                               const struct tcp_seg *seg, struct pkt *pkt) {
  tcp_count_in(&conn->counters, seg->data_len, pkt->gso_size);
  conn->probes = 0;
  conn->heard_ms = stack->now_ms;
  conn->more = false;
  update_window(stack, conn, seg);
  if (seg->ack != conn->snd_una) {
    if (PH_USUAL(seg->ack == conn->snd_nxt && tcp_rtx_is_only(conn) &&
                 nothing_to_undo(conn))) {
      conn->out->used = true;
      (void)tcp_process_ack(stack, conn, seg, NULL, ACK_ONLY);
    } else {
      tcp_out_need(stack, conn);
      struct tcp_ack info = {.prior_fack = conn->out->loss.rack.fack};
      (void)tcp_process_ack(stack, conn, seg, &info, ACK_QUIET);
    }
  }
  if (seg->len > 0) {
    in_order(stack, conn, seg, pkt);
  }
  if (output_due(conn)) {
    tcp_pend(stack, conn);
  }
}

static void synchronized(struct ph_stack *stack, struct tcp_conn *conn,
                         struct tcp_seg *seg, struct pkt *pkt,
                         const struct ip_rx *rx) {
  if (conn->ts_ok && !tcp_check_timestamps(stack, conn, seg)) {
    return;
  }
  if (!PH_SHORT_WAYS || !tcp_is_next(conn, seg)) {
    if (!tcp_check_seq(stack, conn, seg) || !tcp_check_rst(stack, conn, seg) ||
        !tcp_check_syn(stack, conn, seg)) {
      return;
    }
    tcp_trim(stack, conn, seg);
  }
  if (!tcp_check_ack(stack, conn, seg, rx) ||
      !process_text(stack, conn, seg, pkt)) {
    return;
  }
  if ((seg->flags & TCP_FIN) || conn->fin_seen) {
    tcp_process_fin(stack, conn, seg);
  }
  if (output_due(conn)) {
    tcp_pend(stack, conn);
  }
}

/* RFC 9293 3.10.7.3. */
static void syn_sent_input(struct ph_stack *stack, struct tcp_conn *conn,
                           struct tcp_seg *seg, struct pkt *pkt,
                           const struct ip_rx *rx) {
  bool ack = seg->flags & TCP_ACK;
  if (ack &&
      (seq_leq(seg->ack, conn->snd_una) || seq_gt(seg->ack, conn->snd_nxt))) {
    tcp_send_reset(stack, seg, rx);
    return;
  }
  if (ack && conn->ts_ok && !tcp_ts_answers_syn(stack, conn, seg)) {
    stack->stats.TcpTsNotOurs++;
    tcp_send_reset(stack, seg, rx);
    return;
  }
  if (seg->flags & TCP_RST) {
    if (ack) {
      stack->stats.TcpAttemptFails++;
      tcp_conn_drop(stack, conn, PH_ECONNREFUSED);
    }
    return;
  }
  if (!(seg->flags & TCP_SYN)) {
    return;
  }
  tcp_take_syn(stack, conn, seg);
  if (!ack) { /* simultaneous open */
    conn->state = TCP_STATE_SYN_RECEIVED;
    tcp_output_syn(stack, conn);
    return;
  }
  tcp_established(stack, conn, seg);
  conn->ack_now = true;
  seg->flags &= (uint8_t)~TCP_SYN;
  seg->seq++;
  tcp_trim(stack, conn, seg);
  if (seg->len > 0 && !tcp_process_data(stack, conn, seg, pkt)) {
    return;
  }
  if (seg->flags & TCP_FIN) {
    tcp_process_fin(stack, conn, seg);
  }
  tcp_pend(stack, conn);
}

/* Anything else, for `conn` or, if that is NULL, for nobody yet. */
static void deliver_any(struct ph_stack *stack, struct tcp_conn *conn,
                        struct tcp_seg *seg, struct pkt *pkt,
                        const struct ip_rx *rx) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (seg->src_port == 0 || seg->dst_port == 0) {
    return;
  }
  if (conn && conn->state == TCP_STATE_TIME_WAIT &&
      tcp_time_wait_reopens(stack, conn, seg)) {
    conn = NULL; /* its place is free for a new one */
  }
  if (conn) {
    tcp_count_in(&conn->counters, seg->data_len, pkt->gso_size);
  }
  if (!conn) {
    struct tcp_listener *listener = tcp_find_listener(
        tcp, &rx->dst, seg->dst_port, &rx->src, seg->src_port);
    if (listener) {
      conn = tcp_listen_input(stack, listener, seg, rx);
    } else {
      tcp_send_reset(stack, seg, rx); /* 3.10.7.1 */
    }
    if (!conn) {
      return;
    }
  }
  if (conn->state == TCP_STATE_SYN_SENT) {
    syn_sent_input(stack, conn, seg, pkt, rx);
  } else {
    synchronized(stack, conn, seg, pkt, rx);
  }
}

void tcp_input(struct ph_stack *stack, struct pkt *pkt,
               const struct ip_rx *rx) {
  struct tcp_seg seg;
  uint32_t hlen;
  stack->stats.TcpInSegs++;
  ph_stack_trace(stack, pkt->id, "tcp_input");
  if (!rx->broadcast && (hlen = tcp_parse(stack, pkt, rx, &seg)) > 0) {
    struct tcp_conn *conn = tcp_lookup(tcp_of(stack), &rx->dst, seg.dst_port,
                                       &rx->src, seg.src_port);
    bool quiet =
        PH_USUAL(conn && tcp_is_quiet(conn) && hlen == TCP_HEADER_LEN &&
                 tcp_is_predicted(conn, &seg) && is_usual(conn, &seg));
    if (PH_SHORT_WAYS && quiet) {
      quiet_input(stack, conn, &seg, pkt);
    } else {
      tcp_parse_rest(pkt, hlen, rx, &seg);
      deliver_any(stack, conn, &seg, pkt, rx);
    }
  }
  pkt_put_short(pkt);
}
