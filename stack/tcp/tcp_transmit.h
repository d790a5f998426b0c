/* SPDX-License-Identifier: Apache-2.0 */
/* One segment of a connection as a packet, for tcp_output.c. */
#ifndef PH_TCP_TCP_TRANSMIT_H
#define PH_TCP_TCP_TRANSMIT_H

#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_sendq.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_window.h"
#include "stack/wire/ip_wire.h"

/* The header without options and checksum. */
static inline void tcp_put_fields(uint8_t *h, const struct tcp_conn *conn,
                                  uint32_t seq, uint32_t hlen, uint8_t flags,
                                  uint16_t wnd) {
  put_be32(h, (uint32_t)conn->local_port << 16 | conn->remote_port);
  put_be32(h + 4, seq);
  put_be32(h + 8, flags & TCP_ACK ? conn->rcv_nxt : 0);
  put_be32(h + 12, hlen / 4 << 28 | (uint32_t)flags << 16 | wnd);
}

/* The checksum is left to the device or to the software checksummer; urgent
 * pointer. */
static inline void tcp_put_partial_checksum(struct pkt *pkt, uint8_t *h,
                                            const struct ip_path *path,
                                            uint32_t len, uint32_t up) {
  uint32_t sum = ip_path_pseudo_sum(path, IP_PROTO_TCP, len);
  put_be32(h + 16, sum << 16 | up);
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_start = 0;
  pkt->csum_offset = 16;
}

/* Send one packet of `len` bytes at *pos, which moves behind them (NULL: none).
 * 0, or -PH_EAGAIN and nothing has happened. `quiet`: it is data of at most one
 * segment, of a connection of which tcp_is_quiet_to_send() is true. */
static PH_INLINE int tcp_transmit(struct ph_stack *stack, struct tcp_conn *conn,
                                  uint32_t seq, uint8_t flags,
                                  struct tcp_pos *pos, uint32_t len,
                                  const bool quiet) {
  uint32_t now_ms = stack->now_ms;
  struct ip_path *path = tcp_path(stack, conn);
  struct netif *netif = path->netif;
  if (netif->ops->can_transmit && !netif->ops->can_transmit(netif)) {
    return -PH_EAGAIN;
  }
  struct pkt *pkt = ph_stack_get_pkt_here(stack, TCP_HEADROOM);
  if (!pkt) {
    return -PH_EAGAIN;
  }
  uint8_t options = !quiet && tcp_options_due(tcp_of(stack), conn, flags)
                        ? tcp_options_push(stack, conn, path, pkt, flags)
                        : 0;
  uint32_t hlen = TCP_HEADER_LEN + options;
  uint8_t ecn =
      !quiet && conn->ecn_ok ? tcp_ecn_send(conn, seq, len, &flags) : 0;
  uint8_t *h = pkt_prepend(pkt, TCP_HEADER_LEN);
  if (quiet || (pos && len > 0)) {
    tcp_sendq_add_frags(pkt, pos, len);
  }
  uint32_t up = !quiet && conn->snd_urg
                    ? tcp_of(stack)->urgent_pointer(conn, seq, &flags)
                    : 0;
  tcp_put_fields(h, conn, seq, hlen, flags,
                 tcp_window_field(stack, conn, flags));
  tcp_put_partial_checksum(pkt, h, path, hlen + len, up);
  uint32_t segs = 1;
  uint32_t mss = conn->snd_mss + tcp_options_always(conn) - options;
  if (!quiet && len > mss) {
    pkt->gso_type = path->family->gso_tcp;
    if (flags & TCP_CWR) { /* only the first segment says it */
      pkt->gso_type |= PKT_GSO_ECN;
    }
    pkt->gso_size = (uint16_t)mss;
    segs = (len + mss - 1) / mss;
  }
  ph_stack_trace(stack, pkt->id, "tcp_output");
  struct ip_tx tx = tcp_ip_tx(conn, path, ecn);
  int error = path->family->output(stack, pkt, path, tx);
  if (error == -PH_EAGAIN) {
    pkt_put(pkt);
    return error;
  }
  if (error && path->error) { /* RFC 9293 3.9.1.8: told, no reason to give up */
    conn->soft_error = (uint8_t)-path->error;
  }
  /* Any other failure is a loss on the way: the peer's silence tells. */
  stack->stats.TcpOutSegs += segs;
  if (segs > 1) {
    stack->stats.TcpOutSuperSegs++;
  }
  tcp_count_out(&conn->counters, segs, len, now_ms);
  if (!quiet && (flags & TCP_CWR)) {
    conn->ecn_cwr = false;
  }
  if (quiet || (flags & TCP_ACK)) {
    if (!quiet) {
      tcp_sack_sent(tcp_of(stack), conn);
    }
    tcp_ack_sent(conn);
  }
  return 0;
}

#endif
