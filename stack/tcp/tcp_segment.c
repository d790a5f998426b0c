/* SPDX-License-Identifier: Apache-2.0 */
/* From packet to segment and back: header checks, checksum, and
 * ICMP errors, which quote a segment of ours. */
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/wire/checksum.h"

static bool checksum_good(struct ph_stack *stack, const struct pkt *pkt,
                          const struct ip_rx *rx) {
  if (pkt->csum != PKT_CSUM_NONE) {
    return true; /* verified by the device, or never left this host */
  }
  stack->stats.SwVerifyBytes += pkt->len;
  uint32_t sum =
      rx->family->pseudo_sum(&rx->src, &rx->dst, IP_PROTO_TCP, pkt->len);
  return csum_pkt(pkt, 0, sum) == 0xffff;
}

/* Cut the header off `pkt`; false if the segment is not one. */
static bool parse(struct ph_stack *stack, struct pkt *pkt,
                  const struct ip_rx *rx, struct tcp_seg *seg) {
  const uint8_t *h = pkt->head;
  uint32_t hlen = pkt->head_len >= TCP_HEADER_LEN ? (h[12] >> 4) * 4u : 0;
  if (hlen < TCP_HEADER_LEN || hlen > pkt->head_len) {
    stack->stats.TcpInErrs++;
    return false;
  }
  if (!checksum_good(stack, pkt, rx)) {
    stack->stats.TcpInErrs++;
    stack->stats.TcpInCsumErrors++;
    return false;
  }
  seg->src_port = get_be16(h);
  seg->dst_port = get_be16(h + 2);
  seg->seq = get_be32(h + 4);
  seg->ack = get_be32(h + 8);
  seg->flags = h[13];
  seg->wnd = get_be16(h + 14);
  seg->len = seg->data_len = pkt->len - hlen;
  seg->offset = 0;
  seg->dsack = seg->at_edge = false;
  seg->ecn = rx->tos & 3;
  seg->new_iss = 0;
  seg->up = seg->seq + get_be16(h + TCP_OFF_URG);
  if (seg->up == seg->seq) {
    seg->flags &= (uint8_t)~TCP_URG; /* points at nothing */
  }
  tcp_options_read(h, hlen, &seg->options);
  return pkt_pull(pkt, hlen);
}

void tcp_input(struct ph_stack *stack, struct pkt *pkt,
               const struct ip_rx *rx) {
  struct tcp_seg seg;
  stack->stats.TcpInSegs++;
  ph_stack_trace(stack, pkt->id, "tcp_input");
  if (!rx->broadcast && parse(stack, pkt, rx, &seg) && seg.src_port != 0 &&
      seg.dst_port != 0) {
    tcp_deliver(stack, &seg, pkt, rx);
  }
  pkt_put(pkt);
}

void tcp_take_syn(struct ph_stack *stack, struct tcp_conn *conn,
                  const struct tcp_seg *seg) {
  uint32_t promised = conn->rcv_edge - conn->rcv_nxt; /* in our SYN */
  conn->irs = seg->seq;
  conn->rcv_nxt = conn->rcv_acked = seg->seq + 1;
  conn->rcv_edge = conn->rcv_nxt + promised;
  tcp_options_take_syn(stack, conn, seg);
  conn->snd_wnd = conn->snd_max_wnd = seg->wnd;
  conn->snd_wl1 = seg->seq;
  conn->snd_wl2 = conn->iss;
  tcp_window_open(stack, conn, tcp_window_growth(stack, conn));
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
  conn->heard_ms = tcp_now_ms(stack);
  tcp_timer_clear(conn, TCP_TIMER_RTX);
  tcp_cc_init(conn);
  conn->use_rack = conn->sack_ok && tcp_of(stack)->features.rack != PH_TCP_OFF;
  if (conn->use_rack) {
    tcp_rack_init(conn);
  } else {
    conn->loss.rfc6675 = (struct tcp_rfc6675){.high_sacked = conn->snd_una,
                                              .lost_edge = conn->snd_una};
  }
  if (!conn->syn_retransmitted) {
    if (conn->syn_sent_ns) { /* else SYN cookie */
      tcp_rto_sample(conn, stack->now_ns - conn->syn_sent_ns);
    }
  } else {
    conn->cwnd = conn->snd_mss; /* RFC 5681 3.1 */
    tcp_ts_sample(stack, conn, seg);
    conn->rto_ns = 3 * TCP_S; /* RFC 6298 (5.7) */
  }
  if (conn->fin_queued) {
    conn->state = TCP_STATE_FIN_WAIT_1;
  }
  tcp_keepalive_start(stack, conn);
  tcp_wake(stack, conn, TCP_READY_OUT);
}

/* ---- ICMP (RFC 9293 3.9.2.2, RFC 5927) ----------------------------------- */

void tcp_route_refresh(struct ph_stack *stack, struct tcp_conn *conn) {
  struct ip_route route;
  if (conn->route.family->route(stack, &conn->remote, &conn->route.src,
                                &route) == 0) {
    struct ph_addr src = conn->route.src;
    conn->route = route;
    conn->route.src = src;
  }
}

static int error_of(enum ip_error error) {
  switch (error) {
    case IP_ERROR_NET_UNREACHABLE:
      return PH_ENETUNREACH;
    case IP_ERROR_PORT_UNREACHABLE:
      return PH_ECONNREFUSED;
    case IP_ERROR_PROTO_UNREACHABLE:
      return PH_ENOPROTOOPT;
    case IP_ERROR_PARAMETER:
      return PH_EPROTO;
    default:
      return PH_EHOSTUNREACH;
  }
}

/* RFC 1191 6.4: the path takes only `mtu`; what is out is lost. */
static void lower_mss(struct ph_stack *stack, struct tcp_conn *conn,
                      uint16_t mtu) {
  uint16_t mss =
      (uint16_t)(tcp_local_mss(conn, mtu) - tcp_options_always(conn));
  if (mss >= conn->snd_mss || conn->state < TCP_STATE_ESTABLISHED) {
    return;
  }
  conn->snd_mss = mss;
  conn->route.mtu = (uint16_t)ph_max_u32(mtu, TCP_PMTU_MIN);
  tcp_rtx_mark_sent_by(tcp_of(stack), conn, UINT64_MAX, false);
  tcp_pend(stack, conn);
}

void tcp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info) {
  if (info->transport_len < 8) {
    return;
  }
  struct tcp_conn *conn =
      tcp_lookup(tcp_of(stack), &info->src, get_be16(info->transport),
                 &info->dst, get_be16(info->transport + 2));
  uint32_t seq = get_be32(info->transport + 4);
  /* RFC 5927 4.1: only what is in flight can have been answered. */
  if (!conn || seq_lt(seq, conn->snd_una) || seq_geq(seq, conn->snd_nxt)) {
    return;
  }
  if (info->error == IP_ERROR_TOO_BIG) {
    if (info->mtu > 0) {
      lower_mss(stack, conn, info->mtu);
    }
    return;
  }
  int error = error_of(info->error);
  if (conn->state == TCP_STATE_SYN_SENT) {
    stack->stats.TcpAttemptFails++;
    tcp_conn_drop(stack, conn, error);
  } else {
    conn->soft_error = (uint8_t)error; /* may pass (RFC 1122 4.2.3.9) */
  }
}
