/* SPDX-License-Identifier: Apache-2.0 */
/* Explicit congestion notification, RFC 3168.
 *
 *   sender                    router                     receiver
 *   data, ECT(0)  ---------> queue long: CE  ----------> ecn_ece = true
 *   window reduced <------------------------------------ ACK, ECE (each one)
 *   new data, CWR  ------------------------------------> ecn_ece = false
 *
 * Only new data is ECN-capable: no retransmission, no pure ACK, no probe
 * (6.1.4, 6.1.5, 6.1.6). A window is reduced at most once for what was in
 * flight, whether a mark, a loss or both say so (6.1.2). */
#include "stack/tcp/tcp_options.h"

enum { ECN_NOT_ECT = 0, ECN_ECT_0 = 2, ECN_CE = 3, ECN_MASK = 3 };

/* ---- The handshake (6.1.1) ---------------------------------------------- */

uint8_t tcp_ecn_syn_flags(struct tcp_conn *conn) {
  if (conn->state == TCP_STATE_SYN_SENT && conn->syn_retransmitted) {
    conn->ecn_ok = false; /* 6.1.1.1: something on the way may drop these */
  }
  if (!conn->ecn_ok) {
    return 0;
  }
  return conn->state == TCP_STATE_SYN_SENT ? TCP_ECE | TCP_CWR : TCP_ECE;
}

/* An ECN-setup SYN has both flags, an ECN-setup SYN-ACK only ECE: one that has
 * both comes from a host that sends back what it was sent. */
void tcp_ecn_take_syn(struct tcp_conn *conn, const struct tcp_seg *seg) {
  uint8_t flags = seg->flags & (TCP_ECE | TCP_CWR);
  uint8_t setup = seg->flags & TCP_ACK ? TCP_ECE : TCP_ECE | TCP_CWR;
  /* A SYN that claims to be ECN-capable passed something that sets all bits
   * (a SYN MUST NOT have ECT): do not rely on it, as in Linux. */
  conn->ecn_ok = conn->ecn_ok && flags == setup && seg->ecn == ECN_NOT_ECT;
}

/* ---- Sending ------------------------------------------------------------ */

uint8_t tcp_ecn_send(const struct tcp_conn *conn, uint32_t seq, uint32_t len,
                     uint8_t *flags) {
  if (!conn->ecn_ok || (*flags & TCP_SYN)) {
    return ECN_NOT_ECT;
  }
  if (conn->ecn_ece) {
    *flags |= TCP_ECE;
  }
  if (len == 0 || seq != conn->snd_nxt) {
    return ECN_NOT_ECT;
  }
  if (conn->ecn_cwr) {
    *flags |= TCP_CWR;
  }
  return ECN_ECT_0;
}

/* The window was reduced, for whatever reason: say so (6.1.2), and not again
 * before something sent from now on is acknowledged. */
void tcp_ecn_reduced(struct tcp_conn *conn) {
  conn->ecn_cwr = conn->ecn_ok;
  conn->out->ecn_until = conn->snd_nxt;
}

void tcp_ecn_echo(struct ph_stack *stack, struct tcp_conn *conn,
                  const struct tcp_seg *seg) {
  conn->cwnd_limited = false; /* no growth by an ACK that says "congestion" */
  if (conn->recovery != TCP_RECOVERY_NONE || conn->snd_nxt == conn->snd_una) {
    return;
  }
  tcp_out_need(stack, conn);
  if (seq_leq(seg->ack, conn->out->ecn_until)) {
    return;
  }
  stack->stats.TcpEcnReduced++;
  conn->ssthresh = conn->out->cc->ssthresh(conn, tcp_flight(conn), false);
  conn->cwnd = ph_min_u32(conn->cwnd, conn->ssthresh);
  conn->out->bytes_acked_ca = 0;
  tcp_ecn_reduced(conn);
}

/* ---- Receiving ---------------------------------------------------------- */

void tcp_ecn_receive(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg) {
  if (seg->flags & TCP_CWR) { /* 6.1.3: ECE until then */
    conn->ecn_ece = false;
    conn->ack_now = true; /* its window may be one segment */
  }
  if (seg->ecn == ECN_CE) {
    stack->stats.TcpEcnCeIn++;
    conn->ack_now |= !conn->ecn_ece;
    conn->ecn_ece = true;
  }
}
