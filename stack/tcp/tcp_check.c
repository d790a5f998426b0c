/* SPDX-License-Identifier: Apache-2.0 */
/* The first steps of SEGMENT ARRIVES, RFC 9293 3.10.7.4: is the segment one of
 * this connection and of this time? Timestamp (RFC 7323 5), sequence number,
 * reset and SYN (RFC 5961). What is not is answered, at most once in a while,
 * with an ACK that says where we stand, and tells a blind attacker nothing. */
#include "stack/tcp/tcp_options.h"

/* ---- First: sequence number --------------------------------------------- */

/* The window as the peer may have seen it: scaling rounds up, and any that was
 * ever offered counts (RFC 7323 2.4). */
static uint32_t window(const struct tcp_conn *conn) {
  return seq_max(conn->rcv_edge, conn->rcv_adv) - conn->rcv_nxt;
}

/* The four cases of "first, check sequence number". Of a reset only the
 * sequence number counts, not the text in it (3.5.3). */
static bool acceptable(const struct tcp_conn *conn, const struct tcp_seg *seg) {
  uint32_t len = seg->flags & TCP_RST ? 0 : tcp_seg_len(seg);
  uint32_t wnd = window(conn);
  if (len == 0) {
    return wnd == 0 ? seg->seq == conn->rcv_nxt
                    : seq_in(seg->seq, conn->rcv_nxt, wnd);
  }
  /* Any overlap: a coalesced segment may reach out at both ends. */
  return wnd > 0 && seq_lt(seg->seq, conn->rcv_nxt + wnd) &&
         seq_gt(seg->seq + len, conn->rcv_nxt);
}

/* What of a segment is below rcv_nxt arrived before (RFC 2883 4). */
static void report_duplicate(struct ph_stack *stack, struct tcp_conn *conn,
                             const struct tcp_seg *seg) {
  uint32_t end = seg->seq + tcp_seg_len(seg);
  if (seq_lt(seg->seq, conn->rcv_nxt)) {
    tcp_dsack(stack, conn, seg->seq, seq_min(end, conn->rcv_nxt));
  }
}

/* Cut what lies outside the window. */
void tcp_trim(struct ph_stack *stack, struct tcp_conn *conn,
              struct tcp_seg *seg) {
  if (seq_lt(seg->seq, conn->rcv_nxt)) {
    uint32_t skip = conn->rcv_nxt - seg->seq;
    if (seg->flags & TCP_SYN) {
      seg->flags &= (uint8_t)~TCP_SYN;
      skip--;
    }
    if (skip > 0) {
      report_duplicate(stack, conn, seg);
      conn->ack_now = true;
    }
    skip = ph_min_u32(skip, seg->len);
    seg->offset += skip;
    seg->len -= skip;
    seg->seq = conn->rcv_nxt;
  }
  uint32_t end = conn->rcv_nxt + window(conn);
  if (seq_gt(seg->seq + seg->len, end)) {
    seg->len = end - seg->seq;
    seg->flags &= (uint8_t)~TCP_FIN;
  }
}

/* "If an incoming segment is not acceptable, an acknowledgment should be sent
 * in reply", but two ends must not ping-pong with empty ones. */
static void reject(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg) {
  if (tcp_seg_len(seg) == 0 || (seg->flags & TCP_SYN)) {
    tcp_challenge_ack(stack, conn);
  } else {
    report_duplicate(stack, conn, seg);
    tcp_ack_at_once(stack, conn);
  }
}

/* RFC 7323 5.3 R1, before all others, on a connection with timestamps. */
bool tcp_check_timestamps(struct ph_stack *stack, struct tcp_conn *conn,
                          struct tcp_seg *seg) {
  seg->at_edge = seq_leq(seg->seq, conn->rcv_acked);
  switch (tcp_ts_check(stack, conn, seg)) {
    case TCP_TS_OLD:
      stack->stats.TcpPawsDrops++;
      reject(stack, conn, seg);
      return false;
    case TCP_TS_MISSING:
      stack->stats.TcpTsMissing++;
      return false;
    default:
      return true;
  }
}

/* The peer's SYN once more: its SEQ is IRS. */
static bool repeats_syn(const struct tcp_conn *conn,
                        const struct tcp_seg *seg) {
  return conn->state == TCP_STATE_SYN_RECEIVED && (seg->flags & TCP_SYN) &&
         seg->seq + 1 == conn->rcv_nxt;
}

bool tcp_check_seq(struct ph_stack *stack, struct tcp_conn *conn,
                   struct tcp_seg *seg) {
  if (acceptable(conn, seg)) {
    return true;
  }
  if (seg->flags & TCP_RST) {
    return false;
  }
  /* "If the RCV.WND is zero, ... special allowance should be made to accept
   * valid ACKs": a probe's ACK field counts, its octets do not. */
  if (seg->seq == conn->rcv_nxt && window(conn) == 0 &&
      !(seg->flags & TCP_SYN)) {
    seg->len = 0;
    seg->flags &= (uint8_t)~TCP_FIN;
    conn->ack_now = true;
    return true;
  }
  if (repeats_syn(conn, seg)) {
    if (seg->flags & TCP_ACK) {
      return true; /* simultaneous open, RFC 9293 figure 8 */
    }
    tcp_ecn_take_syn(conn, seg); /* without ECN the second time? */
    tcp_output_syn(stack, conn); /* our SYN-ACK was lost */
    return false;
  }
  if (conn->state == TCP_STATE_TIME_WAIT && (seg->flags & TCP_FIN)) {
    tcp_timer_start(stack, conn, TCP_TIMER_LIFE, TCP_2MSL_NS);
  }
  reject(stack, conn, seg);
  return false;
}

/* ---- Second: RST -------------------------------------------------------- */

bool tcp_check_rst(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg) {
  if (!(seg->flags & TCP_RST)) {
    return true;
  }
  if (seg->seq != conn->rcv_nxt) {
    tcp_challenge_ack(stack, conn); /* RFC 5961 3.2 */
    return false;
  }
  int error = PH_ECONNRESET;
  switch (conn->state) {
    case TCP_STATE_SYN_RECEIVED:
      stack->stats.TcpAttemptFails++;
      error = PH_ECONNREFUSED; /* a passive one just goes back to LISTEN */
      break;
    case TCP_STATE_ESTABLISHED:
      stack->stats.TcpEstabResets++;
      break;
    case TCP_STATE_CLOSE_WAIT:
      stack->stats.TcpEstabResets++;
      error = tcp_of(stack)->features.bsd_close ? PH_ECONNRESET : PH_EPIPE;
      break;
    case TCP_STATE_TIME_WAIT:
      return false; /* RFC 1337 4 (F1): a stray reset must not end it */
    default:
      break;
  }
  tcp_conn_drop(stack, conn, error);
  return false;
}

/* ---- Fourth: SYN -------------------------------------------------------- */

bool tcp_check_syn(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg) {
  if (!(seg->flags & TCP_SYN) || repeats_syn(conn, seg)) {
    return true;
  }
  tcp_challenge_ack(stack, conn); /* RFC 5961 4.2 */
  return false;
}
