/* SPDX-License-Identifier: Apache-2.0 */
/* Resets (RFC 9293 3.5.2) and challenge ACKs (RFC 5961). */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_options.h"

/* What a reset says. */
struct reset {
  uint16_t src_port, dst_port;
  uint32_t seq, ack;
  uint8_t flags;
};

/* The options are all that `pkt`, which may be NULL, holds. */
static void send(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                 struct ip_tx tx, const struct reset *reset) {
  if (!pkt) {
    return;
  }
  uint32_t hlen = TCP_HEADER_LEN + pkt->len;
  uint8_t *h = pkt_prepend(pkt, TCP_HEADER_LEN);
  put_be32(h, (uint32_t)reset->src_port << 16 | reset->dst_port);
  put_be32(h + 4, reset->seq);
  put_be32(h + 8, reset->ack);
  put_be32(h + 12, hlen / 4 << 28 | (uint32_t)reset->flags << 16);
  put_be32(h + 16, (uint32_t)ip_path_pseudo_sum(path, IP_PROTO_TCP, pkt->len)
                       << 16);
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_start = 0;
  pkt->csum_offset = 16;
  stack->stats.TcpOutSegs++;
  stack->stats.TcpOutRsts++;
  /* It is not worth keeping when the device is full. */
  if (path->family->output(stack, pkt, path, tx) == -PH_EAGAIN) {
    pkt_put(pkt);
  }
}

void tcp_send_reset(struct ph_stack *stack, const struct tcp_seg *seg,
                    const struct ip_rx *rx) {
  if (seg->flags & TCP_RST) {
    return; /* never in answer to a reset */
  }
  const struct ip_tx tx = {.protocol = IP_PROTO_TCP, .dont_fragment = true};
  /* <SEQ=SEG.ACK><CTL=RST>, or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
  struct reset reset = {.src_port = seg->dst_port,
                        .dst_port = seg->src_port,
                        .seq = seg->ack,
                        .flags = TCP_RST};
  if (!(seg->flags & TCP_ACK)) {
    reset.seq = 0;
    reset.ack = seg->seq + tcp_seg_len(seg);
    reset.flags = TCP_RST | TCP_ACK;
  }
  send(stack, ph_stack_get_pkt(stack, TCP_HEADROOM),
       ip_path_find(stack, NULL, &rx->dst, &rx->src), tx, &reset);
}

/* A reset from `seq` on that says so; if it has an ACK, with options. */
static void reset_from(struct ph_stack *stack, struct tcp_conn *conn,
                       uint32_t seq, uint8_t flags) {
  const struct reset reset = {
      .src_port = conn->local_port,
      .dst_port = conn->remote_port,
      .seq = seq,
      .ack = flags & TCP_ACK ? conn->rcv_nxt : 0,
      .flags = flags,
  };
  struct ip_path *path = tcp_path(stack, conn);
  struct pkt *pkt = ph_stack_get_pkt(stack, TCP_HEADROOM);
  if (pkt && (flags & TCP_ACK)) { /* RFC 7323 3.2: SHOULD be sent, too */
    (void)tcp_options_push(stack, conn, path, pkt, flags);
  }
  send(stack, pkt, path, tcp_ip_tx(conn, path, 0), &reset);
}

void tcp_reset_peer(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->state >= TCP_STATE_SYN_RECEIVED &&
      conn->state != TCP_STATE_TIME_WAIT) {
    reset_from(stack, conn, conn->snd_nxt, TCP_RST | TCP_ACK);
  }
}

void tcp_refuse_data(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg) {
  stack->stats.TcpEstabResets++;
  reset_from(stack, conn, seg->ack, TCP_RST);
  tcp_conn_free(stack, conn);
}

void tcp_abort(struct ph_stack *stack, struct tcp_conn *conn) {
  tcp_reset_peer(stack, conn);
  tcp_conn_free(stack, conn);
}

/* RFC 5961 7: at most one per TCP_CHALLENGE_NS and connection. A limit per
 * host would be a side channel (CVE-2016-5696). */
void tcp_challenge_ack(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t now_ms = stack->now_ms;
  if (now_ms - conn->challenge_ms < TCP_CHALLENGE_NS / TCP_MS) {
    return;
  }
  conn->challenge_ms = now_ms;
  stack->stats.TcpChallengeAcks++;
  tcp_ack_at_once(stack, conn);
}
