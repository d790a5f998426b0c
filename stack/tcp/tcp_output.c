/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: what may go now, in which order.
 *
 *   lost ranges first, then new data, then the FIN (with the last data), and
 *   if none of these carried the acknowledgement that is due, a pure ACK.
 *
 * Data leaves in super-segments of many MSS with one header; whoever is below
 * cuts them. How much may leave is the least of: the peer's window, the
 * congestion window, the device's longest packet, 1 ms at the estimated rate.
 *
 * When the device, a pool or a block is busy, nothing has changed: the data
 * stay in the send queue, the connection stays on the pending list and is
 * tried again when the device has room (netif_on_writable), at the next poll,
 * or after TCP_RETRY_NS. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_predict.h"
#include "stack/tcp/tcp_rtx.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_tlp.h"
#include "stack/tcp/tcp_transmit.h"

enum { ETH_HEADER_LEN = 14 };

enum sent { SENT_ALL, SENT_BLOCKED, SENT_WINDOW_CLOSED };

void tcp_pend(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (!conn->pending) {
    conn->pending = true;
    conn->next_pending = NULL;
    *tcp->pending_end = conn;
    tcp->pending_end = &conn->next_pending;
  }
}

static void retry_later(struct ph_stack *stack, struct tcp_conn *conn) {
  tcp_pend(stack, conn);
  tcp_timer_start(stack, conn, TCP_TIMER_RETRY, TCP_RETRY_NS);
}

/* Take the list as it is: who is still blocked comes back at its end. */
PH_APART static void output_pending(struct ph_stack *stack,
                                    struct tcp_stack *tcp) {
  struct tcp_conn *conn = tcp->pending;
  tcp->pending = NULL;
  tcp->pending_end = &tcp->pending;
  while (conn) {
    struct tcp_conn *next = conn->next_pending;
    conn->pending = false;
    if (conn->sndq_len > 0) {
      tcp_output(stack, conn);
    } else { /* an ACK is due */
      tcp_output_any(stack, conn);
    }
    conn = next;
  }
}

void tcp_poll(struct ph_stack *stack) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (tcp->pending) {
    output_pending(stack, tcp);
  }
}

/* tcp_transmit() of any segment. */
static PH_APART int transmit(struct ph_stack *stack, struct tcp_conn *conn,
                             uint32_t seq, uint8_t flags, struct tcp_pos *pos,
                             uint32_t len) {
  return tcp_transmit(stack, conn, seq, flags, pos, len, false);
}

/* The same without payload. */
static PH_APART PH_APART_IF_SMALL int transmit_bare(struct ph_stack *stack,
                                                    struct tcp_conn *conn,
                                                    uint32_t seq,
                                                    uint8_t flags) {
  return PH_SHORT_WAYS ? tcp_transmit(stack, conn, seq, flags, NULL, 0, false)
                       : transmit(stack, conn, seq, flags, NULL, 0);
}

/* The longest payload of one packet, a multiple of the MSS. */
static uint32_t max_payload(struct ph_stack *stack, struct tcp_conn *conn,
                            uint32_t mss) {
  if (conn->snd_urg || conn->arq) {
    return mss; /* each segment has a pointer of its own; frames of ARQ */
  }
  const struct netif_caps *caps = &tcp_path(stack, conn)->netif->caps;
  uint32_t headers = conn->ip_header_len + TCP_HEADER_LEN +
                     tcp_options_always(conn) + conn->snd_mss - mss;
  uint32_t limit = IP_MAX_LEN - headers;
  if (caps->max_super > ETH_HEADER_LEN + headers + mss) {
    limit = ph_min_u32(limit, caps->max_super - ETH_HEADER_LEN - headers);
  }
  if (conn->srtt_ns > TCP_MS) { /* at most 1 ms of the estimated rate */
    uint64_t burst = (uint64_t)conn->cwnd * TCP_MS / conn->srtt_ns;
    limit = ph_min_u32(limit,
                       ph_max_u32(2 * mss, ph_min_u32((uint32_t)burst, limit)));
  }
  return limit - limit % mss;
}

static uint8_t data_flags(const struct tcp_conn *conn, uint32_t seq,
                          uint32_t len, bool fin) {
  uint8_t flags = TCP_ACK;
  /* The end of the last write is in it. */
  if (seq_lt(seq, conn->snd_push) && seq_geq(seq + len, conn->snd_push)) {
    flags |= TCP_PSH;
  }
  return fin ? flags | TCP_FIN : flags;
}

/* ---- Lost ranges -------------------------------------------------------- */

bool tcp_range_busy(const struct tcp_range *range, uint32_t len) {
  uint32_t data = range->len - !!(range->u.tx.flags & TCP_RANGE_FIN);
  struct tcp_pos pos = {range->u.tx.block, range->u.tx.offset};
  return tcp_sendq_busy(pos, ph_min_u32(data, len));
}

/* How much of a lost range may be sent now. */
static uint32_t lost_allowed(struct ph_stack *stack, struct tcp_conn *conn,
                             const struct tcp_range *range) {
  uint32_t mss = tcp_payload_mss(stack, conn);
  uint32_t n = ph_min_u32(range->len, max_payload(stack, conn, mss));
  bool first = range->seq == conn->snd_una;
  uint32_t space = tcp_cwnd_space(conn);
  if (n > space) {
    conn->cwnd_limited = true;
    n = space - space % mss;
  }
  int32_t window = seq_diff(conn->snd_una + conn->snd_wnd, range->seq);
  if (first && window < (int32_t)mss) {
    window = (int32_t)mss; /* RFC 9293 3.8.6.1: retransmission goes on */
  }
  return window <= 0 ? 0 : ph_min_u32(n, (uint32_t)window);
}

/* The first `n` bytes of a range again. False if that can't be done now. */
static bool resend(struct ph_stack *stack, struct tcp_conn *conn,
                   struct tcp_range *range, uint32_t n) {
  uint32_t mss = tcp_payload_mss(stack, conn);
  if (tcp_range_busy(range, n)) {
    return false;
  }
  if (n < range->len) {
    /* Without a record for the rest it has its turn when `n` bytes are
     * acknowledged. */
    (void)tcp_rtx_split(tcp_of(stack), conn, range, n);
  }
  bool fin = (range->u.tx.flags & TCP_RANGE_FIN) && n == range->len;
  struct tcp_pos pos = {range->u.tx.block, range->u.tx.offset};
  uint32_t data = n - fin;
  if (transmit(stack, conn, range->seq, data_flags(conn, range->seq, data, fin),
               &pos, data) < 0) {
    return false;
  }
  uint32_t segs = data ? (data + mss - 1) / mss : 1;
  stack->stats.TcpRetransSegs += segs;
  conn->retransmissions += segs;
  conn->counters.bytes_retrans += data;
  tcp_undo_resent(conn, range->seq, n);
  tcp_rtx_resent(stack, conn, range, n, mss);
  tcp_prr_sent(conn, n);
  return true;
}

static bool send_lost(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_range *range;
  while ((range = conn->out->lost.first) != NULL &&
         conn->out->undo.frto != TCP_FRTO_SECOND) {
    uint32_t n = lost_allowed(stack, conn, range);
    if (n == 0) {
      return true;
    }
    bool first = range == conn->out->rtx.first;
    uint32_t end = range->seq + n;
    if (!resend(stack, conn, range, n)) {
      return false;
    }
    const struct tcp_by_sack *by_sack = tcp_by_sack(stack, conn);
    if (by_sack) {
      by_sack->resent(conn, end);
    }
    if (first && conn->recovery == TCP_RECOVERY_FAST && conn->sack_ok) {
      /* RFC 6675 6: it has a whole RTO, like any first transmission. */
      tcp_rtx_timer_start(stack, conn);
    }
  }
  return true;
}

/* ---- New data ----------------------------------------------------------- */

/* May a partial segment that ends the queue be sent? Nagle's algorithm (RFC
 * 9293 3.7.4) in Minshall's form: not while another partial one is out. */
static bool tail_allowed(const struct tcp_conn *conn) {
  if (conn->fin_queued || conn->push) {
    return true;
  }
  if (conn->more || conn->cork) {
    return false;
  }
  return conn->nodelay || seq_leq(conn->snd_sml, conn->snd_una);
}

/* A longer super-segment can leave soon: ACKs are on their way. They are not if
 * the first of what is out has left within half a round trip, nor if they are
 * so rare that nothing has left for a millisecond (as in Linux). The rest of a
 * window that the peer fills with what is out waits, however soon. */
static bool better_later(const struct ph_stack *stack,
                         const struct tcp_conn *conn, uint32_t n, uint32_t mss,
                         bool by_window) {
  const struct tcp_range *first = conn->out->rtx.first;
  const struct tcp_range *last = conn->out->sent.last;
  return n < ph_min_u32(conn->cwnd, conn->snd_wnd) / 4 &&
         tcp_flight(conn) >= 2 * mss && conn->recovery == TCP_RECOVERY_NONE &&
         conn->dupacks == 0 && first && last &&
         stack->now_ns - last->u.tx.sent_at_ns <= TCP_MS &&
         (by_window ||
          stack->now_ns - first->u.tx.sent_at_ns >= conn->srtt_ns / 2);
}

/* How many bytes of new data to send in the next packet; 0 with *closed set if
 * it is the peer's window that forbids. */
static PH_APART_IF_SMALL uint32_t new_allowed(struct ph_stack *stack,
                                              struct tcp_conn *conn,
                                              uint32_t unsent, uint32_t mss,
                                              bool *closed) {
  uint32_t super = unsent <= mss ? mss : max_payload(stack, conn, mss);
  int32_t left = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  uint32_t window = left > 0 ? (uint32_t)left : 0;
  uint32_t space = tcp_cwnd_space(conn);
  uint32_t n = ph_min_u32(unsent, super);
  bool by_window = n > window;
  n = ph_min_u32(n, window);
  conn->cwnd_limited = n > space;
  if (n > space) {
    n = space - space % mss;
  } else if (by_window && n >= mss) {
    n -= n % mss;
  } else if (by_window &&
             (n == 0 || (n < conn->snd_max_wnd / 2 && !conn->sws_override))) {
    *closed = true; /* RFC 9293 3.8.6.2.1: silly window avoidance */
    return 0;
  } else if (!by_window && n == unsent && n % mss != 0 && !tail_allowed(conn)) {
    n -= n % mss;
  }
  return n < unsent && n < super && better_later(stack, conn, n, mss, by_window)
             ? 0
             : n;
}

/* An answer follows a request: acknowledge by piggyback from now on. */
static inline void piggyback(const struct ph_stack *stack,
                             struct tcp_conn *conn) {
  if ((conn->quickack > 0 || !conn->delay_acks) && conn->bytes_received > 0 &&
      stack->now_ms - conn->last_rx_ms < TCP_DELACK_NS / TCP_MS) {
    conn->quickack = 0;
    conn->delay_acks = true;
  }
}

/* The next `n` bytes of the queue, of which `unsent` are left, in segments of
 * `mss`: tcp_payload_mss(). */
static bool send_next(struct ph_stack *stack, struct tcp_conn *conn, uint32_t n,
                      uint32_t unsent, uint32_t mss) {
  uint32_t seq = conn->snd_nxt;
  bool fin = conn->fin_queued && n == unsent &&
             seq_lt(seq + n, conn->snd_una + conn->snd_wnd);
  struct tcp_pos pos = conn->out->sndq_next;
  tcp_pos_advance(&pos, 0);
  uint8_t flags = data_flags(conn, seq, n, fin);
  if (n > mss && tcp_of(stack)->features.push_bursts) {
    flags |= TCP_PSH;
  }
  struct tcp_pos end = pos;
  if (transmit(stack, conn, seq, flags, &end, n) < 0) {
    return false;
  }
  tcp_rtx_sent(stack, conn, seq, n + fin, pos, fin ? TCP_RANGE_FIN : 0, mss);
  if (conn->recovery == TCP_RECOVERY_FAST) {
    tcp_prr_sent(conn, n + fin);
  }
  conn->out->sndq_next = end;
  conn->snd_nxt = seq + n + fin;
  uint32_t flight = conn->snd_nxt - conn->snd_una;
  conn->out->flight_max =
      seq == conn->snd_una ? flight : ph_max_u32(conn->out->flight_max, flight);
  conn->fin_sent = fin;
  if (n % mss != 0) {
    conn->snd_sml = seq + n;
  }
  piggyback(stack, conn);
  return true;
}

bool tcp_output_mtu_probe(struct ph_stack *stack, struct tcp_conn *conn,
                          uint16_t size) {
  uint16_t mss = conn->snd_mss;
  uint16_t mtu = conn->mtu;
  uint32_t seq = conn->snd_nxt;
  conn->snd_mss = (uint16_t)(size - tcp_headers_len(conn)); /* not cut, */
  conn->mtu = size; /* nor fragmented by anybody */
  uint32_t n = tcp_payload_mss(stack, conn);
  bool sent = send_next(stack, conn, n, tcp_unsent_bytes(conn), n);
  conn->snd_mss = mss;
  conn->mtu = mtu;
  if (!sent || conn->out->rtx.last->seq != seq) {
    return false; /* without a record nobody can tell what becomes of it */
  }
  conn->out->rtx.last->u.tx.flags |= TCP_RANGE_PROBE;
  return true;
}

/* Nothing is out: since when? */
static inline void was_idle(const struct ph_stack *stack,
                            struct tcp_conn *conn) {
  uint32_t idle_ms = stack->now_ms - conn->counters.last_sent_ms;
  if (idle_ms > TCP_RTO_MIN_NS / TCP_MS && /* no RTO is shorter */
      idle_ms * TCP_MS > tcp_rto(conn)) {
    tcp_cc_idle(conn, idle_ms);
  }
}

static enum sent send_new(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t unsent = tcp_unsent_bytes(conn);
  if (unsent > 0 && conn->snd_nxt == conn->snd_una) {
    was_idle(stack, conn);
  }
  while (unsent > 0) {
    if (conn->plpmtud) {
      if (tcp_plpmtud_probe(stack, conn, unsent)) {
        return SENT_ALL; /* all that may go until there is room for a probe */
      }
      unsent = tcp_unsent_bytes(conn);
    }
    bool closed = false;
    uint32_t mss = tcp_payload_mss(stack, conn);
    uint32_t n = new_allowed(stack, conn, unsent, mss, &closed);
    if (n == 0) {
      return closed ? SENT_WINDOW_CLOSED : SENT_ALL;
    }
    if (!send_next(stack, conn, n, unsent, mss)) {
      return SENT_BLOCKED;
    }
    unsent -= n;
  }
  return SENT_ALL;
}

/* The FIN alone, when the data before it have left. */
static enum sent send_fin(struct ph_stack *stack, struct tcp_conn *conn) {
  if (!conn->fin_queued || conn->fin_sent || tcp_unsent_bytes(conn) > 0) {
    return SENT_ALL;
  }
  if (seq_geq(conn->snd_nxt, conn->snd_una + conn->snd_wnd)) {
    return SENT_WINDOW_CLOSED;
  }
  struct tcp_pos none = {NULL, 0};
  if (transmit_bare(stack, conn, conn->snd_nxt, TCP_FIN | TCP_ACK) < 0) {
    return SENT_BLOCKED;
  }
  if (PH_SHORT_WAYS && conn->snd_nxt == conn->snd_una) {
    tcp_rtx_sent_alone(stack, conn, 1, TCP_RANGE_FIN);
  } else {
    tcp_rtx_sent(stack, conn, conn->snd_nxt, 1, none, TCP_RANGE_FIN,
                 conn->snd_mss);
  }
  conn->snd_nxt++;
  conn->fin_sent = true;
  return SENT_ALL;
}

/* ---- The whole ---------------------------------------------------------- */

/* Nothing is out whose ACK would make us look again, and the tail is corked. */
static bool tail_corked(const struct tcp_conn *conn) {
  return (conn->more || conn->cork) && !conn->push && !conn->fin_queued &&
         conn->state >= TCP_STATE_ESTABLISHED && tcp_unsent_bytes(conn) > 0;
}

/* It has nothing to wait for. */
static void stop_rtx_timer(struct tcp_conn *conn) {
  conn->persist = conn->cork_wait = false;
  tcp_timer_clear(conn, TCP_TIMER_RTX);
}

static void set_rtx_timer(struct ph_stack *stack, struct tcp_conn *conn,
                          bool window_closed) {
  if (conn->out->rtx.first) {
    if (conn->persist || conn->cork_wait ||
        conn->deadline[TCP_TIMER_RTX] == UINT64_MAX) {
      conn->persist = conn->cork_wait = false;
      tcp_timer_start(stack, conn, TCP_TIMER_RTX, tcp_rto_backed_off(conn));
    }
  } else if (window_closed) {
    conn->cork_wait = false;
    if (!conn->persist || conn->deadline[TCP_TIMER_RTX] == UINT64_MAX) {
      conn->persist = true;
      conn->backoff = conn->probes = 0;
      tcp_rtx_timer_start(stack, conn);
    }
  } else if (tail_corked(conn)) {
    conn->persist = false;
    if (!conn->cork_wait) {
      conn->cork_wait = true;
      tcp_rtx_timer_start(stack, conn);
    }
  } else {
    stop_rtx_timer(conn);
  }
}

/* The application waits for blocks: look again later. */
static void set_retry(struct ph_stack *stack, struct tcp_conn *conn) {
  if (tcp_sendq_allowance(stack, conn) > 0) {
    conn->tx_block_wait = false;
    tcp_wake(stack, conn, TCP_READY_OUT);
  } else {
    uint64_t wait = conn->sndq_len > 0 ? TCP_BLOCK_WAIT_NS : TCP_RETRY_NS;
    tcp_timer_start(stack, conn, TCP_TIMER_RETRY, wait);
  }
}

static bool send_syn(struct ph_stack *stack, struct tcp_conn *conn) {
  uint8_t flags =
      conn->state == TCP_STATE_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;
  if (conn->syn_due) {
    flags |= tcp_ecn_syn_flags(conn);
    if (transmit_bare(stack, conn, conn->snd_una, flags) < 0) {
      return false;
    }
    conn->syn_due = false;
    conn->syn_sent_ns = stack->now_ns;
  }
  return true;
}

static PH_APART_IF_SMALL bool send_ack(struct ph_stack *stack,
                                       struct tcp_conn *conn, bool with_fin) {
  if (conn->ack_now) {
    uint8_t flags = with_fin ? TCP_ACK | TCP_FIN : TCP_ACK;
    if (transmit_bare(stack, conn, conn->snd_nxt - with_fin, flags) < 0) {
      return false;
    }
    stack->stats.TcpPureAcksOut++;
  }
  return true;
}

/* FreeBSD's ACKs say an unacknowledged FIN again. */
static bool repeats_fin(const struct ph_stack *stack,
                        const struct tcp_conn *conn) {
  return conn->fin_sent && conn->snd_una != conn->snd_nxt &&
         tcp_of(stack)->features.bsd_close;
}

/* All that waits, `n` bytes: send_new() of a connection that is quiet to send.
 * What send_lost() and send_fin() look for is not there. */
static inline void output_quietly(struct ph_stack *stack, struct tcp_conn *conn,
                                  uint32_t n) {
  uint32_t seq = conn->snd_nxt;
  tcp_out_need(stack, conn);
  was_idle(stack, conn);
  struct tcp_pos end = tcp_sendq_front(conn);
  uint8_t flags = data_flags(conn, seq, n, false);
  if (tcp_transmit(stack, conn, seq, flags, &end, n, true) < 0) {
    retry_later(stack, conn);
    return;
  }
  tcp_rtx_sent_alone(stack, conn, n, 0);
  conn->out->sndq_next = end;
  conn->snd_nxt = seq + n;
  conn->out->flight_max = n;
  conn->cwnd_limited = false;
  if (n < conn->snd_mss) {
    conn->snd_sml = seq + n;
  }
  piggyback(stack, conn);
  conn->deadline[TCP_TIMER_RTX] = stack->now_ns + tcp_rto(conn);
  tcp_tlp_arm(stack, conn); /* for then at the latest */
}

/* What is out or waits to be, and the timers for what is out then. False if
 * something was busy. */
static bool send_waiting(struct ph_stack *stack, struct tcp_conn *conn) {
  enum sent sent = SENT_BLOCKED;
  uint32_t snd_nxt = conn->snd_nxt;
  tcp_out_need(stack, conn);
  do {
    if (send_lost(stack, conn)) {
      sent = send_new(stack, conn);
      if (sent == SENT_ALL) {
        sent = send_fin(stack, conn);
      }
    }
  } while (sent != SENT_BLOCKED && conn->recovery == TCP_RECOVERY_FAST &&
           tcp_by_sack(stack, conn) &&
           tcp_by_sack(stack, conn)->next_seg(stack, conn));
  set_rtx_timer(stack, conn, sent == SENT_WINDOW_CLOSED);
  if (conn->snd_nxt != snd_nxt) {
    tcp_tlp_schedule(stack, conn);
    tcp_tell_room(stack, conn); /* TCP_NOTSENT_LOWAT */
  }
  return sent != SENT_BLOCKED;
}

PH_APART void tcp_output_any(struct ph_stack *stack, struct tcp_conn *conn) {
  bool ok = true;
  if (conn->state == TCP_STATE_CLOSED || conn->state == TCP_STATE_LISTEN) {
    return;
  }
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    ok = send_syn(stack, conn);
  } else if (conn->state != TCP_STATE_TIME_WAIT) {
    if (conn->sndq_len > 0 || conn->snd_nxt != conn->snd_una ||
        (conn->fin_queued && !conn->fin_sent)) {
      ok = send_waiting(stack, conn);
    } else {
      stop_rtx_timer(conn);
    }
    if (conn->tx_block_wait) {
      set_retry(stack, conn);
    }
  }
  if (conn->state != TCP_STATE_SYN_SENT) {
    ok = send_ack(stack, conn, repeats_fin(stack, conn)) && ok;
  }
  if (!ok) {
    retry_later(stack, conn);
  }
}

void tcp_output(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t n = conn->sndq_len;
  if (PH_SHORT_WAYS && PH_USUAL(tcp_is_quiet_to_send(tcp_of(stack), conn, n))) {
    output_quietly(stack, conn, n);
  } else {
    tcp_output_any(stack, conn);
  }
  tcp_look(stack, conn);
}

void tcp_output_syn_once(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->syn_due = true;
  (void)send_syn(stack, conn);
}

void tcp_output_syn(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->syn_due = true;
  tcp_output_any(stack, conn);
}

/* A segment below the window makes the peer say where it stands (as Linux
 * does; it carries no new octet, docs/stack.md, deviations). */
void tcp_output_probe(struct ph_stack *stack, struct tcp_conn *conn) {
  (void)transmit_bare(stack, conn, conn->snd_una - 1, TCP_ACK);
}

PH_APART enum tcp_probe tcp_output_loss_probe(struct ph_stack *stack,
                                              struct tcp_conn *conn) {
  uint32_t mss = tcp_payload_mss(stack, conn);
  uint32_t unsent = tcp_unsent_bytes(conn);
  int32_t left = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  uint32_t n = ph_min_u32(unsent, mss);
  if (n > 0 && left >= (int32_t)n && (n == mss || tail_allowed(conn))) {
    return send_next(stack, conn, n, unsent, mss) ? TCP_PROBE_NEW
                                                  : TCP_PROBE_NONE;
  }
  struct tcp_range *range = conn->out->rtx.last;
  if (range->len > mss) {
    /* The last segment of it, which may be a short one. */
    if (!tcp_rtx_split(tcp_of(stack), conn, range,
                       (range->len - 1) / mss * mss)) {
      return TCP_PROBE_NONE;
    }
    range = range->next;
  }
  return resend(stack, conn, range, range->len) ? TCP_PROBE_LAST
                                                : TCP_PROBE_NONE;
}

void tcp_ack_at_once(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->ack_now = true;
  if (!send_ack(stack, conn, false)) {
    retry_later(stack, conn);
  }
}
