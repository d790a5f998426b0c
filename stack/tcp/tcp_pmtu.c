/* SPDX-License-Identifier: Apache-2.0 */
/* The path's MTU and what a connection makes of it. conn->mtu is the
 * longest IP packet that is sent; snd_mss follows from it, from the peer's MSS
 * option and from options in every segment.
 *
 * When the MTU falls, segments in flight that are longer are lost for certain,
 * and no others are (RFC 1191 6.4, RFC 8201 5.4): each range keeps the length
 * of the segments it was sent in, so exactly they are sent again, at once, cut
 * anew. The network was not congested: cwnd, ssthresh and backoff stay. */
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_options.h"

uint32_t tcp_headers_len(const struct tcp_conn *conn) {
  return conn->ip_header_len + TCP_HEADER_LEN + tcp_options_always(conn);
}

uint16_t tcp_mtu_max(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t mss = ph_min_u32(tcp_link_mss(stack, conn), conn->peer_mss);
  return (uint16_t)(mss + conn->ip_header_len + TCP_HEADER_LEN);
}

static uint32_t payload_of(const struct tcp_range *range) {
  return range->len - !!(range->u.tx.flags & TCP_RANGE_FIN);
}

uint32_t tcp_packet_len_at(struct tcp_conn *conn, uint32_t seq) {
  const struct tcp_range *range = tcp_ranges_floor(&conn->out->rtx, seq);
  if (!range || seq_geq(seq, range->seq + payload_of(range))) {
    return 0;
  }
  uint32_t mss = range->u.tx.mss;
  uint32_t at = (seq - range->seq) / mss * mss;
  uint32_t payload = payload_of(range) - at;
  if (payload >= mss) { /* a full one, perhaps with SACK blocks in front */
    payload = ph_max_u32(mss, conn->snd_mss);
  }
  return payload + tcp_headers_len(conn);
}

/* Mark what was sent in segments with more than `mss` bytes lost. The last
 * segment of a range may be a short one. */
static void mark_longer(struct tcp_stack *tcp, struct tcp_conn *conn,
                        uint32_t mss) {
  struct tcp_range *range = conn->out->rtx.first;
  for (; range; range = range->next) {
    uint32_t payload = payload_of(range);
    uint32_t size = ph_min_u32(payload, range->u.tx.mss);
    if (size <= mss ||
        (range->u.tx.flags & (TCP_RANGE_LOST | TCP_RANGE_SACKED))) {
      continue;
    }
    uint32_t tail = payload % size;
    if (tail > 0 && tail <= mss) { /* else all of it is sent again */
      (void)tcp_rtx_split(tcp, conn, range, payload - tail);
    }
    tcp_rtx_mark_lost(conn, range);
  }
}

void tcp_path_mtu_fell(struct ph_stack *stack, struct tcp_conn *conn,
                       uint16_t mtu, uint16_t fits) {
  conn->mtu = mtu;
  tcp_sync_mss(conn);
  stack->stats.TcpPathMtuFell++;
  uint32_t headers = tcp_headers_len(conn);
  mark_longer(tcp_of(stack), conn, fits > headers ? fits - headers : 0);
  if (conn->out->lost_bytes == 0) {
    return;
  }
  if (!conn->sack_ok && conn->recovery == TCP_RECOVERY_NONE) {
    /* Short segments that passed make duplicate ACKs: RFC 6582 shall not take
     * them for news of another loss. */
    conn->out->recover = conn->snd_nxt;
    conn->out->last_acked = UINT32_MAX;
  }
  tcp_tlp_schedule(stack, conn); /* what it waits for will not come */
  tcp_timer_start(stack, conn, TCP_TIMER_RTX, tcp_rto_backed_off(conn));
  tcp_pend(stack, conn);
}

void tcp_route_refresh(struct ph_stack *stack, struct tcp_conn *conn) {
  struct ip_path *path = tcp_path(stack, conn);
  if (path->error) {
    return; /* what was known of it will do until there is a way again */
  }
  conn->mtu = tcp_plpmtud_route(stack, conn, ip_path_mtu(stack, path));
  if (conn->state >= TCP_STATE_ESTABLISHED) {
    tcp_sync_mss(conn);
  }
}
