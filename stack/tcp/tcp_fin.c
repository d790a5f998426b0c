/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of a connection, RFC 9293 3.6: what the peer's ACK of our FIN
 * changes, and what its FIN does (3.10.7.4, the eighth step). When both have
 * come the connection is over: in TIME-WAIT at the end that closed first. */
#include "stack/tcp/tcp_memory.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_sendq.h"

bool tcp_fin_acked(struct ph_stack *stack, struct tcp_conn *conn,
                   bool fin_follows) {
  switch (conn->state) {
    case TCP_STATE_FIN_WAIT_1:
      conn->state = TCP_STATE_FIN_WAIT_2;
      if (!conn->out->ooo.first) {
        tcp_out_free(tcp_of(stack), conn); /* nothing more will be sent */
      }
      if (!conn->owner && conn->settings.linger2_s < 0) {
        tcp_conn_drop(stack, conn, 0); /* as in Linux: TCP_LINGER2 */
        return false;
      }
      if (!conn->owner && !fin_follows) {
        tcp_linger_fin_wait_2(stack, conn);
      }
      tcp_wake(stack, conn, TCP_READY_OUT); /* a lingering close() waits */
      return true;
    case TCP_STATE_CLOSING:
      tcp_enter_time_wait(stack, conn);
      tcp_wake(stack, conn, TCP_READY_OUT);
      return true;
    case TCP_STATE_LAST_ACK:
      tcp_conn_drop(stack, conn, 0);
      return false;
    default:
      return true;
  }
}

bool tcp_fin_acked_orphan(struct ph_stack *stack, struct tcp_conn *conn,
                          const struct tcp_seg *seg) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (stack->neighbours_unsure) {
    ip_confirm(stack, tcp_path(stack, conn));
  }
  if (conn->state != TCP_STATE_LAST_ACK) { /* then all of it is freed */
    bool incomplete = conn->out->ooo.first != NULL; /* nobody will read it */
    tcp_out_free(tcp, conn);
    if (incomplete) {
      tcp_rcv_account(tcp, conn);
    }
    tcp_sendq_free(stack, conn);
    tcp_plpmtud_free(tcp, conn);
    tcp_timer_clear(conn, TCP_TIMER_RTX);
    conn->snd_una = conn->snd_nxt;
    conn->recovery = TCP_RECOVERY_NONE;
    conn->backoff = 0;
  }
  bool fin_follows = (seg->flags & TCP_FIN) && seg->len == 0 &&
                     seg->seq == conn->rcv_nxt && !conn->fin_seen;
  return tcp_fin_acked(stack, conn, fin_follows);
}

void tcp_process_fin(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg) {
  if (!conn->fin_received && seq_gt(conn->rcv_nxt, conn->fin_seq)) {
    conn->fin_seen = false; /* there was text behind it: it was none */
  }
  if ((seg->flags & TCP_FIN) && !conn->fin_seen) {
    conn->fin_seen = true;
    conn->fin_seq = seg->seq + seg->len;
  }
  if (!conn->fin_seen || conn->fin_received || conn->rcv_nxt != conn->fin_seq) {
    if ((seg->flags & TCP_FIN) && seg->len == 0 &&
        seq_gt(seg->seq, conn->rcv_nxt)) {
      tcp_ack_at_once(stack, conn); /* RFC 5681 4.2: it left a hole behind */
    }
    return;
  }
  conn->fin_received = true;
  conn->rcv_nxt++;
  conn->rcv_edge++; /* a FIN takes no memory: the window stays */
  tcp_rcv_account(tcp_of(stack), conn);
  if (conn->state == TCP_STATE_ESTABLISHED) {
    /* Most applications close, too, when they read the end: one segment is
     * then ACK and FIN. */
    tcp_ack_later(stack, conn, TCP_FIN_DELACK_NS);
  } else {
    conn->ack_now = true;
  }
  switch (conn->state) {
    case TCP_STATE_ESTABLISHED:
      conn->state = TCP_STATE_CLOSE_WAIT;
      break;
    case TCP_STATE_FIN_WAIT_1:
      conn->state = TCP_STATE_CLOSING; /* simultaneous close */
      break;
    case TCP_STATE_FIN_WAIT_2:
      tcp_enter_time_wait(stack, conn);
      break;
    default:
      break;
  }
  tcp_wake(
      stack, conn,
      TCP_READY_IN | TCP_READY_RDHUP | (conn->fin_queued ? TCP_READY_HUP : 0));
}
