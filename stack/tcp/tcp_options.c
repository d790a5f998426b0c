/* SPDX-License-Identifier: Apache-2.0 */
/* Options of our segments and of the peer's.
 *
 * What may be used is decided by the two SYNs: each end says there what it
 * can, and an option that only one of them had is never sent (RFC 7323 2.2,
 * 3.2, RFC 2018 2). Before the peer's SYN, `sack_ok` and `ts_ok` say what
 * we offer or would accept, after it what both ends speak.
 *
 * The MSS option counts no options (RFC 6691 2): the sender shortens its
 * payload. snd_mss is what is left behind options that every segment carries;
 * tcp_payload_mss() takes off those that only some do. */
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_pmtu.h"

enum {
  TCP_WSCALE_MAX = 14,
  /* NOP, NOP, kind and length in one word: RFC 7323 appendix A. */
  TIMESTAMPS_HEAD =
      TCP_OPT_NOP << 24 | TCP_OPT_NOP << 16 | TCP_OPT_TIMESTAMPS << 8 | 10,
};

/* ---- From the peer ------------------------------------------------------ */

void tcp_options_read(const uint8_t *h, uint32_t hlen,
                      struct tcp_options *options) {
  const uint8_t *p = h + TCP_HEADER_LEN;
  uint32_t len = hlen - TCP_HEADER_LEN;
  if (PH_SHORT_WAYS && tcp_get_syn_options(p, len, options)) {
    return;
  }
  if (!PH_SHORT_WAYS || len != TCP_TIMESTAMPS_LEN ||
      get_be32(p) != TIMESTAMPS_HEAD) {
    tcp_parse_options(p, len, options);
  } else {
    tcp_options_clear(options);
    options->has_timestamps = true;
    options->ts_val = get_be32(p + 4);
    options->ts_ecr = get_be32(p + 8);
  }
}

/* Of what SYN or SYN-ACK offers. As in Linux, a buffer of the user's has the
 * scale that its window needs, so that a small one is told exactly. */
static uint8_t window_scale(const struct ph_tcp_features *f,
                            const struct tcp_conn *conn) {
  uint8_t scale = f->window_scale;
  if (conn->rcvbuf_set && !f->whole_window) {
    while (scale > 0 &&
           (uint32_t)UINT16_MAX << (scale - 1) >= conn->rcvbuf / 2) {
      scale--;
    }
  }
  return scale;
}

void tcp_options_start(struct ph_stack *stack, struct tcp_conn *conn) {
  const struct ph_tcp_features *f = &tcp_of(stack)->features;
  uint8_t least = conn->passive ? PH_TCP_ON_REQUEST : PH_TCP_ON;
  conn->sack_ok = f->sack >= least;
  conn->ts_ok = f->timestamps >= least;
  conn->ecn_ok = f->ecn >= least;
  conn->rcv_wscale = window_scale(f, conn);
  if (conn->arq) {
    tcp_of(stack)->arq->options(conn);
  }
  if (conn->ts_ok && !conn->passive) {
    tcp_ts_start(stack, conn);
  }
}

void tcp_options_take_syn(struct ph_stack *stack, struct tcp_conn *conn,
                          const struct tcp_seg *seg) {
  const struct tcp_options *options = &seg->options;
  conn->sack_ok = conn->sack_ok && options->sack_permitted;
  conn->ts_ok = conn->ts_ok && options->has_timestamps;
  tcp_ecn_take_syn(conn, seg);
  if (conn->ts_ok) {
    tcp_ts_take(stack, conn, seg);
    if (conn->passive) {
      tcp_ts_start(stack, conn);
    }
  }
  uint32_t mss = options->has_mss
                     ? options->mss
                     : (uint32_t)tcp_path(stack, conn)->family->mss_default;
  mss = ph_max_u32(mss, TCP_MSS_MIN);
  conn->peer_mss = (uint16_t)mss;
  tcp_sync_mss(conn);
  conn->wscale_ok = options->has_wscale;
  if (conn->wscale_ok) { /* RFC 7323 2.3: more than 14 counts as 14 */
    conn->snd_wscale = (uint8_t)ph_min_u32(options->wscale, TCP_WSCALE_MAX);
  } else {
    conn->snd_wscale = conn->rcv_wscale = 0;
  }
  if (tcp_of(stack)->features.whole_window) {
    uint32_t half = conn->rcvbuf / 2;
    conn->rcvbuf = 2 * ((half + mss - 1) / mss * mss);
  }
}

/* ---- To the peer -------------------------------------------------------- */

static bool says_wscale(const struct tcp_conn *conn) {
  return conn->state == TCP_STATE_SYN_SENT || conn->wscale_ok;
}

/* MSS, SACK-permitted, timestamps, window scale (RFC 9293 3.7.1, RFC 2018 2,
 * RFC 7323 2.2, 3.2). */
static void syn_options(const struct ph_stack *stack,
                        const struct tcp_conn *conn, const struct ip_path *path,
                        struct tcp_options *o) {
  o->has_mss = true;
  o->mss = tcp_local_mss(conn, path->link_mtu);
  o->sack_permitted = conn->sack_ok;
  o->has_wscale = says_wscale(conn);
  o->wscale = conn->rcv_wscale;
  o->bsd_order = tcp_of(stack)->features.bsd_order;
}

/* A SYN that says all of this, and has no timestamps. */
static bool syn_is_usual(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn) {
  return conn->sack_ok && !conn->ts_ok && says_wscale(conn) &&
         !tcp->features.bsd_order;
}

static void put_timestamps(const struct ph_stack *stack,
                           const struct tcp_conn *conn, uint8_t *p) {
  put_be32(p, TIMESTAMPS_HEAD);
  put_be32(p + 4, tcp_ts_now(stack, conn));
  put_be32(p + 8, conn->ts_recent); /* 0 before the peer's SYN */
}

uint8_t tcp_options_push(struct ph_stack *stack, struct tcp_conn *conn,
                         const struct ip_path *path, struct pkt *pkt,
                         uint8_t flags) {
  const struct tcp_stack *tcp = tcp_of(stack);
  bool sack = (conn->out->ooo.first || tcp->dsack_conn == conn) &&
              conn->sack_ok && !(flags & TCP_RST);
  if (PH_SHORT_WAYS && !(flags & TCP_SYN) && !sack) { /* as nearly always */
    if (!conn->ts_ok) {
      return 0;
    }
    put_timestamps(stack, conn, pkt_prepend(pkt, TCP_TIMESTAMPS_LEN));
    return TCP_TIMESTAMPS_LEN;
  }
  if (PH_SHORT_WAYS && (flags & TCP_SYN) && syn_is_usual(tcp, conn)) {
    tcp_put_syn_options(pkt_prepend(pkt, TCP_SYN_OPTIONS_LEN),
                        tcp_local_mss(conn, path->link_mtu), conn->rcv_wscale);
    return TCP_SYN_OPTIONS_LEN;
  }
  uint8_t bytes[TCP_MAX_OPTIONS_LEN];
  struct tcp_options o;
  tcp_options_clear(&o);
  if (conn->ts_ok) {
    o.has_timestamps = true;
    o.ts_val = tcp_ts_now(stack, conn);
    o.ts_ecr = conn->ts_recent;
  }
  if (flags & TCP_SYN) {
    syn_options(stack, conn, path, &o);
  } else if (PH_SHORT_WAYS || sack) { /* a short way took it if not */
    o.sack_count =
        (uint8_t)tcp_sack_blocks(tcp, conn, o.sack, TCP_MAX_SACK_BLOCKS);
  }
  uint32_t len = tcp_build_options(bytes, &o);
  memcpy(pkt_prepend(pkt, len), bytes, len);
  return (uint8_t)len;
}
