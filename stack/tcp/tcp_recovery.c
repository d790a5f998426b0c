/* SPDX-License-Identifier: Apache-2.0 */
/* Loss recovery without SACK: fast retransmit (RFC 5681 3.2), NewReno fast
 * recovery (RFC 6582), limited transmit (RFC 3042, in tcp_cwnd_space), and
 * what a retransmission timeout does (RFC 5681 3.1, RFC 6298 5).
 *
 * The steps below are those of RFC 6582 3.2; `recover` is its variable. In
 * fast recovery cwnd is inflated by what duplicate ACKs say has left the
 * network, and the first unacknowledged segment goes out whatever cwnd says.
 * After a timeout the heuristic of 4.1 tells a retransmission that was lost
 * again from duplicate ACKs for retransmissions that were not needed.
 */
#include "stack/tcp/tcp_internal.h"

uint32_t tcp_flight(const struct tcp_conn *conn) {
  return conn->snd_nxt - conn->snd_una - conn->lost_bytes;
}

uint32_t tcp_cwnd_space(const struct tcp_conn *conn) {
  uint32_t flight = tcp_flight(conn);
  uint32_t cwnd = conn->cwnd;
  if (conn->recovery == TCP_RECOVERY_NONE &&
      conn->dupacks < TCP_DUPACK_THRESHOLD) {
    cwnd += (uint32_t)conn->dupacks * conn->snd_mss; /* RFC 3042 2 */
  }
  return cwnd > flight ? cwnd - flight : 0;
}

/* Step 2: enter fast recovery. After a timeout it ends where sending had come
 * to, and what is marked lost behind that is none of its business. */
static void enter_fast_recovery(struct ph_stack *stack, struct tcp_conn *conn) {
  const struct tcp_range *lost = tcp_rtx_next_lost(conn);
  conn->ssthresh = conn->cc->ssthresh(conn, tcp_flight(conn), false);
  conn->recover = lost ? lost->seq : conn->snd_nxt;
  conn->recovery = TCP_RECOVERY_FAST;
  conn->cwnd = conn->ssthresh + TCP_DUPACK_THRESHOLD * conn->snd_mss;
  conn->bytes_acked_ca = 0;
  stack->stats.TcpFastRetrans++;
  tcp_rtx_mark_first_lost(tcp_of(stack), conn, conn->snd_mss);
}

void tcp_on_dupack(struct ph_stack *stack, struct tcp_conn *conn) {
  stack->stats.TcpDupAcksIn++;
  if (conn->recovery == TCP_RECOVERY_FAST) {
    /* Step 3: a segment has left the network; no more than are out can (RFC
     * 5681 3.2, against peers that invent them). */
    if (conn->cwnd < conn->ssthresh + (conn->snd_nxt - conn->snd_una)) {
      conn->cwnd += conn->snd_mss;
    }
    return;
  }
  if (conn->dupacks < UINT8_MAX) {
    conn->dupacks++;
  }
  /* Step 1: "the Cumulative Acknowledgment field covers more than recover";
   * after a timeout `recover` is the highest sequence number sent, and 4.1
   * believes in a loss if the last ACK did not jump. */
  if (conn->dupacks == TCP_DUPACK_THRESHOLD &&
      (seq_geq(conn->snd_una, conn->recover) ||
       (conn->cwnd > conn->snd_mss &&
        conn->last_acked <= 4u * conn->snd_mss))) {
    enter_fast_recovery(stack, conn);
  }
}

/* `acked` bytes were newly acknowledged; snd_una has moved. */
void tcp_on_acked(struct ph_stack *stack, struct tcp_conn *conn,
                  uint32_t acked) {
  conn->dupacks = 0;
  if (conn->recovery == TCP_RECOVERY_FAST) {
    if (seq_geq(conn->snd_una, conn->recover)) { /* full acknowledgement */
      uint32_t flight = conn->snd_nxt - conn->snd_una;
      conn->cwnd = ph_min_u32(
          conn->ssthresh, ph_max_u32(flight, conn->snd_mss) + conn->snd_mss);
      conn->recovery = seq_lt(conn->snd_una, conn->loss_recover)
                           ? TCP_RECOVERY_LOSS
                           : TCP_RECOVERY_NONE;
      conn->recover = conn->loss_recover;
      return;
    }
    /* Partial acknowledgement: the next hole is at snd_una. */
    tcp_rtx_mark_first_lost(tcp_of(stack), conn, conn->snd_mss);
    conn->cwnd -= ph_min_u32(acked, conn->cwnd - conn->snd_mss);
    if (acked >= conn->snd_mss) {
      conn->cwnd += conn->snd_mss;
    }
    return;
  }
  if (conn->recovery == TCP_RECOVERY_LOSS &&
      seq_geq(conn->snd_una, conn->recover)) {
    conn->recovery = TCP_RECOVERY_NONE;
  }
  if (conn->cwnd_limited || conn->recovery == TCP_RECOVERY_LOSS) {
    conn->cc->acked(conn, stack->now_ns, acked);
  }
}

/* The retransmission timer expired: RFC 6298 (5.4) to (5.6). */
void tcp_on_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  stack->stats.TcpTimeouts++;
  if (conn->backoff == 0) { /* RFC 5681 (4): once per loss, not per timeout */
    conn->ssthresh =
        conn->cc->ssthresh(conn, conn->snd_nxt - conn->snd_una, true);
  }
  conn->cwnd = conn->snd_mss; /* the loss window, RFC 5681 3.1 */
  conn->bytes_acked_ca = 0;
  conn->recover = conn->loss_recover = conn->snd_nxt; /* RFC 6582 3.2 step 4 */
  conn->recovery = TCP_RECOVERY_LOSS;
  conn->dupacks = 0;
  tcp_rtx_mark_all_lost(tcp_of(stack), conn);
}
