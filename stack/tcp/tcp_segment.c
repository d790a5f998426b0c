/* SPDX-License-Identifier: Apache-2.0 */
/* From packet to segment: header checks, checksum; and what the first segments
 * of a connection say. */
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_pmtu.h"
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
  if (seg->flags & TCP_URG) {
    seg->up = seg->seq + get_be16(h + TCP_OFF_URG);
    if (seg->up == seg->seq) {
      seg->flags &= (uint8_t)~TCP_URG; /* points at nothing */
    }
  }
  if (hlen == TCP_HEADER_LEN) {
    tcp_options_clear(&seg->options);
  } else {
    tcp_options_read(h, hlen, &seg->options);
  }
  pkt_strip(pkt, hlen);
  return true;
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
  conn->rcv_edge = conn->rcv_adv = conn->rcv_nxt + promised;
  tcp_options_take_syn(stack, conn, seg);
  conn->snd_wnd = conn->snd_max_wnd = seg->wnd;
  conn->snd_wl1 = seg->seq;
  conn->snd_wl2 = conn->iss;
  uint32_t limit;
  tcp_window_open(stack, conn, tcp_window_growth(stack, conn, &limit));
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
  conn->heard_ms = conn->last_rx_ms = tcp_now_ms(stack);
  tcp_timer_clear(conn, TCP_TIMER_RTX);
  tcp_cc_init(conn);
  tcp_plpmtud_start(stack, conn);
  conn->use_rack =
      conn->sack_ok && !conn->arq && tcp_of(stack)->features.rack != PH_TCP_OFF;
  if (conn->arq) {
    tcp_arq_start(conn);
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
  conn->bytes_acked = 0; /* syn_sent_ns has done its work */
  if (conn->fin_queued) {
    conn->state = TCP_STATE_FIN_WAIT_1;
  }
  if (conn->keepalive) {
    tcp_of(stack)->keepalive->start(stack, conn);
  }
  tcp_wake(stack, conn, TCP_READY_OUT);
}
