/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS (RFC 9293 3.10.6): a snapshot for netstat and TCP_INFO. It may walk
 * the records of what is out; nothing else asks so rarely. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_settings.h"

static uint32_t segments(uint32_t bytes, uint32_t mss) {
  return mss > 0 ? (bytes + mss - 1) / mss : 0;
}

/* Segments out, by what has become of them. */
static void count_out(const struct tcp_conn *conn, struct tcp_info *info) {
  if (conn->out == &tcp_out_none) {
    info->unacked_segs = segments(conn->snd_nxt - conn->snd_una, conn->snd_mss);
  }
  const struct tcp_range *range = conn->out->rtx.first;
  for (; range; range = range->next) {
    uint32_t n = segments(range->len, conn->snd_mss);
    uint32_t flags = range->u.tx.flags;
    info->unacked_segs += n;
    info->sacked_segs += flags & TCP_RANGE_SACKED ? n : 0;
    /* What was sent again counts as lost until it is known to have arrived, as
     * in Linux. Outside of a recovery it was a probe. */
    bool again = (flags & (TCP_RANGE_RETRANSMITTED | TCP_RANGE_SACKED)) ==
                     TCP_RANGE_RETRANSMITTED &&
                 conn->recovery != TCP_RECOVERY_NONE;
    info->lost_segs += flags & TCP_RANGE_LOST || again ? n : 0;
    info->retrans_segs +=
        (flags & (TCP_RANGE_RETRANSMITTED | TCP_RANGE_LOST |
                  TCP_RANGE_SACKED)) == TCP_RANGE_RETRANSMITTED
            ? n
            : 0;
  }
}

static uint8_t ca_state(const struct tcp_conn *conn) {
  switch (conn->recovery) {
    case TCP_RECOVERY_LOSS:
      return TCP_INFO_LOSS;
    case TCP_RECOVERY_NONE:
      if (conn->ecn_ok && conn->out != &tcp_out_none &&
          seq_lt(conn->snd_una, conn->out->ecn_until)) {
        return TCP_INFO_CWR;
      }
      return conn->dupacks > 0 || conn->out->sacked_bytes > 0
                 ? TCP_INFO_DISORDER
                 : TCP_INFO_OPEN;
    default:
      return TCP_INFO_RECOVERY;
  }
}

static uint32_t min_rtt_us(const struct tcp_conn *conn) {
  const struct tcp_rack *rack = &conn->out->loss.rack;
  return conn->use_rack && conn->rtt_valid
             ? ph_min_u32(rack->min_rtt_us[0], rack->min_rtt_us[1])
             : UINT32_MAX;
}

static void synchronized(struct ph_stack *stack, struct tcp_conn *conn,
                         struct tcp_info *info) {
  uint32_t now_ms = stack->now_ms;
  uint32_t out = conn->snd_nxt - conn->snd_una;
  info->unsent = conn->fin_sent ? 0 : conn->sndq_len - out;
  info->bytes_sent = conn->bytes_acked + conn->counters.bytes_retrans + out -
                     (conn->fin_sent && out > 0);
  info->pmtu = conn->mtu;
  info->advmss = tcp_link_mss(stack, conn);
  info->last_sent_ms = now_ms - conn->counters.last_sent_ms;
  info->last_ack_ms = now_ms - conn->heard_ms;
  info->last_received_ms = now_ms - conn->last_rx_ms;
  info->ca_state = ca_state(conn);
  info->min_rtt_us = min_rtt_us(conn);
  info->reordering_seen = conn->use_rack && conn->reordering_seen;
  memcpy(info->limit_ns, conn->out->limit_ns, sizeof(info->limit_ns));
  count_out(conn, info);
  /* Of the data segments sent, less those that were sent again, those are out
   * that are not sacked; and our SYN has arrived. */
  uint32_t first = conn->counters.data_segs_out -
                   ph_min_u32(conn->counters.data_segs_out,
                              segments((uint32_t)conn->counters.bytes_retrans,
                                       conn->snd_mss));
  uint32_t held = info->unacked_segs - info->sacked_segs;
  info->delivered_segs = 1 + first - ph_min_u32(first, held);
  info->rcv_rtt_ns =
      conn->rcv_space_valid && conn->rtt_valid ? conn->srtt_ns : 0;
}

void tcp_get_info(struct ph_stack *stack, struct tcp_conn *conn,
                  struct tcp_info *info) {
  bool quick = conn->quickack > 0;
  tcp_look(stack, conn);
  *info = (struct tcp_info){
      .state = (enum tcp_state)conn->state,
      .local = conn->local,
      .remote = conn->remote,
      .local_port = conn->local_port,
      .remote_port = conn->remote_port,
      .recv_queue = conn->rcvq_len,
      .send_queue = conn->sndq_len,
      .cwnd = conn->cwnd,
      .ssthresh = conn->ssthresh,
      .snd_wnd = conn->snd_wnd,
      .rcv_wnd = conn->rcv_edge - conn->rcv_nxt,
      .rcv_limit = conn->rcvbuf / 2,
      .snd_mss = tcp_get_mss(conn),
      .rcv_mss = conn->rcv_mss,
      .srtt_ns = conn->srtt_ns,
      .rttvar_ns = conn->rttvar_ns,
      .rto_ns = tcp_rto_backed_off(conn),
      .ato_ns =
          conn->state < TCP_STATE_SYN_RECEIVED || quick ? 0 : TCP_DELACK_NS,
      .min_rtt_us = UINT32_MAX,
      .bytes_acked =
          conn->state >= TCP_STATE_ESTABLISHED ? conn->bytes_acked : 0,
      .bytes_received = conn->bytes_received,
      .counters = conn->counters,
      .retransmissions = conn->retransmissions,
      .retransmits = conn->persist ? 0 : conn->backoff,
      .backoff = conn->backoff,
      .probes = conn->probes,
      .snd_wscale = conn->snd_wscale,
      .rcv_wscale = conn->rcv_wscale,
      .wscale_ok = conn->wscale_ok,
      .sack_ok = conn->sack_ok,
      .ts_ok = conn->ts_ok,
      .ecn_ok = conn->ecn_ok,
  };
  if (conn->state == TCP_STATE_LISTEN) {
    info->recv_queue = info->unacked_segs = conn->listener->accept_count;
    info->send_queue = info->sacked_segs = conn->listener->backlog;
  } else if (conn->state >= TCP_STATE_ESTABLISHED) {
    synchronized(stack, conn, info);
  }
}
