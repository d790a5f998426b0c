/* SPDX-License-Identifier: Apache-2.0 */
/* What the first segments of a connection say. */
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_window.h"

void tcp_take_syn(struct ph_stack *stack, struct tcp_conn *conn,
                  const struct tcp_seg *seg) {
  uint32_t promised = conn->rcv_edge - conn->rcv_nxt; /* in our SYN */
  conn->rcv_nxt = conn->rcv_acked = seg->seq + 1;
  conn->rcv_edge = conn->rcv_adv = conn->rcv_nxt + promised;
  tcp_options_take_syn(stack, conn, seg);
  conn->snd_wnd = conn->snd_max_wnd = seg->wnd;
  conn->snd_wl1 = seg->seq;
  conn->snd_wl2 = conn->snd_una;
  /* What our SYN could not say, with its field of 16 bits. */
  if (promised == 0 || promised >= TCP_WINDOW_UNSCALED_MAX) {
    uint32_t limit;
    tcp_window_open(stack, conn, tcp_window_growth(stack, conn, &limit));
  }
}

void tcp_established(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg) {
  conn->state = TCP_STATE_ESTABLISHED;
  conn->snd_una = seg->ack;
  conn->snd_wnd = seg->flags & TCP_SYN
                      ? seg->wnd /* never scaled, RFC 7323 2.2 */
                      : (uint32_t)seg->wnd << conn->snd_wscale;
  conn->snd_max_wnd = conn->snd_wnd;
  conn->snd_wl1 = seg->seq;
  conn->snd_wl2 = seg->ack;
  conn->backoff = 0;
  conn->quickack = conn->delay_acks ? 0 : TCP_QUICKACK_SEGS;
  conn->heard_ms = conn->last_rx_ms = stack->now_ms;
  tcp_timer_clear(conn, TCP_TIMER_RTX);
  tcp_cc_init(conn);
  if (tcp_of(stack)->features.mtu_probing == PH_TCP_ON ||
      conn->snd_mss + tcp_options_always(conn) != conn->peer_mss) {
    tcp_plpmtud_start(stack, conn);
  } /* else the peer takes no more, whatever the path does */
  conn->use_rack =
      conn->sack_ok && !conn->arq && !tcp_of(stack)->features.by_sack;
  if (conn->arq) {
    tcp_of(stack)->arq->start(conn);
  }
  if (!conn->syn_retransmitted) {
    if (conn->syn_sent_ns) { /* else SYN cookie */
      tcp_rto_sample(conn, stack->now_ns - conn->syn_sent_ns);
    }
  } else {
    conn->cwnd = conn->snd_mss; /* RFC 5681 3.1 */
    tcp_ts_sample(stack, conn, seg);
    tcp_rto_set(conn, 3 * TCP_S); /* RFC 6298 (5.7) */
  }
  conn->bytes_acked = 0; /* syn_sent_ns has done its work */
  if (conn->fin_queued) {
    conn->state = TCP_STATE_FIN_WAIT_1;
  }
  if (conn->keepalive) {
    tcp_of(stack)->keepalive->start(stack, conn);
  }
  tcp_wake(stack, conn, TCP_READY_OUT);
}
