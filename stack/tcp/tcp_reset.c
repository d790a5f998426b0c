/* SPDX-License-Identifier: Apache-2.0 */
/* Segments without a connection or without payload: resets (RFC 9293 3.5.2),
 * challenge ACKs (RFC 5961), the SYN-ACK with a cookie. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_options.h"

/* The header in front of the options, which are all that `pkt` holds. */
static void put_bare(struct pkt *pkt, const struct ip_path *path,
                     uint16_t src_port, uint16_t dst_port, uint32_t seq,
                     uint32_t ack, uint8_t flags) {
  uint32_t hlen = TCP_HEADER_LEN + pkt->len;
  uint8_t *h = pkt_prepend(pkt, TCP_HEADER_LEN);
  memset(h, 0, TCP_HEADER_LEN);
  put_be16(h, src_port);
  put_be16(h + 2, dst_port);
  put_be32(h + 4, seq);
  put_be32(h + 8, ack);
  h[12] = (uint8_t)(hlen / 4 << 4);
  h[13] = flags;
  put_be16(h + 16, ip_path_pseudo_sum(path, IP_PROTO_TCP, pkt->len));
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_start = 0;
  pkt->csum_offset = 16;
}

/* A segment without payload; with the options of `conn`, if there is one. */
static void send_bare(struct ph_stack *stack, struct ip_path *path,
                      struct ip_tx tx, struct tcp_conn *conn, uint16_t src_port,
                      uint16_t dst_port, uint32_t seq, uint32_t ack,
                      uint8_t flags) {
  struct pkt *pkt = pkt_get(&stack->pkts, TCP_HEADROOM);
  if (!pkt) {
    stack->stats.PktExhausted++;
    return;
  }
  if (conn) { /* RFC 7323 3.2: SHOULD be sent in a reset, too */
    (void)tcp_options_push(stack, conn, path, pkt, flags);
  }
  put_bare(pkt, path, src_port, dst_port, seq, ack, flags);
  pkt->id = ++stack->next_packet_id;
  stack->stats.TcpOutSegs++;
  stack->stats.TcpOutRsts++;
  /* A reset is not worth keeping when the device is full. */
  if (path->family->output(stack, pkt, path, tx) == -PH_EAGAIN) {
    pkt_put(pkt);
  }
}

void tcp_send_stateless(struct ph_stack *stack, struct tcp_conn *ends,
                        uint32_t iss, uint16_t window, const uint8_t *options,
                        uint32_t len) {
  struct pkt *pkt = pkt_get(&stack->pkts, TCP_HEADROOM);
  if (!pkt) {
    stack->stats.PktExhausted++;
    return;
  }
  struct ip_path *path = tcp_path(stack, ends);
  struct ip_tx tx = {.protocol = IP_PROTO_TCP, .dont_fragment = true};
  memcpy(pkt_prepend(pkt, len), options, len);
  put_bare(pkt, path, ends->local_port, ends->remote_port, iss, ends->rcv_nxt,
           TCP_SYN | TCP_ACK);
  put_be16(pkt->head + 14, window);
  pkt->id = ++stack->next_packet_id;
  stack->stats.TcpOutSegs++;
  if (path->family->output(stack, pkt, path, tx) == -PH_EAGAIN) {
    pkt_put(pkt);
  }
}

void tcp_send_reset(struct ph_stack *stack, const struct tcp_seg *seg,
                    const struct ip_rx *rx) {
  if (seg->flags & TCP_RST) {
    return; /* never in answer to a reset */
  }
  struct ip_tx tx = {.protocol = IP_PROTO_TCP, .dont_fragment = true};
  struct ip_path *path = ip_path_find(stack, NULL, &rx->dst, &rx->src);
  if (seg->flags & TCP_ACK) { /* <SEQ=SEG.ACK><CTL=RST> */
    send_bare(stack, path, tx, NULL, seg->dst_port, seg->src_port, seg->ack, 0,
              TCP_RST);
  } else { /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
    send_bare(stack, path, tx, NULL, seg->dst_port, seg->src_port, 0,
              seg->seq + tcp_seg_len(seg), TCP_RST | TCP_ACK);
  }
}

void tcp_reset_peer(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->state >= TCP_STATE_SYN_RECEIVED &&
      conn->state != TCP_STATE_TIME_WAIT) {
    struct ip_path *path = tcp_path(stack, conn);
    send_bare(stack, path, tcp_ip_tx(conn, path, 0), conn, conn->local_port,
              conn->remote_port, conn->snd_nxt, conn->rcv_nxt,
              TCP_RST | TCP_ACK);
  }
}

void tcp_refuse_data(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg) {
  struct ip_path *path = tcp_path(stack, conn);
  stack->stats.TcpEstabResets++;
  send_bare(stack, path, tcp_ip_tx(conn, path, 0), NULL, conn->local_port,
            conn->remote_port, seg->ack, 0, TCP_RST);
  tcp_conn_free(stack, conn);
}

void tcp_abort(struct ph_stack *stack, struct tcp_conn *conn) {
  tcp_reset_peer(stack, conn);
  tcp_conn_free(stack, conn);
}

/* RFC 5961 7: at most one per TCP_CHALLENGE_NS and connection. A limit per
 * host would be a side channel (CVE-2016-5696). */
void tcp_challenge_ack(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t now_ms = tcp_now_ms(stack);
  if (now_ms - conn->challenge_ms < TCP_CHALLENGE_NS / TCP_MS) {
    return;
  }
  conn->challenge_ms = now_ms;
  stack->stats.TcpChallengeAcks++;
  tcp_ack_at_once(stack, conn);
}
