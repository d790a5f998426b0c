/* SPDX-License-Identifier: Apache-2.0 */
/* SYN cookies (RFC 4987 3.6, appendix A): when a listener's SYN queue is full,
 * or no connection is free, the SYN-ACK goes out and nothing is kept. What must
 * be known when the ACK comes back is in the sequence number that it
 * acknowledges:
 *
 *   cookie = h1(ends) + SEG.SEQ + minute << 24 +
 *            (h2(ends, minute, SEG.SEQ) + mss) mod 2^24
 *
 * h1 and h2 are SipHash under a secret, so that a cookie can't be made by
 * somebody who has not seen the SYN-ACK; `minute` counts minutes, so that one
 * is good for two; `mss` is an index into a table. If the peer speaks
 * timestamps, the low bits of ours, which it echoes, hold its window scale and
 * whether SACK was offered; else the connection does without both. ECN is not
 * spoken. The round-trip time is not known, and a SYN-ACK that is lost is not
 * sent again: the peer's SYN is.
 *
 * A listener that has sent no cookie for two minutes looks at none. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_settings.h"

enum {
  H1 = 1, /* domains of the hash; 0 is the ISN's */
  H2 = 2,
  MINUTES_VALID = 2,
  DATA_MASK = 0xffffff,
  TS_WSCALE = 15, /* low bits of TSval: the scale, or this: none */
  TS_SACK = 16,
  TS_MASK = 31,
};
#define MINUTE_NS (60 * TCP_S)

static const uint16_t mss_table[] = {48,   536,  1220, 1300,
                                     1400, 1440, 1460, 8940};

static uint32_t hash(const struct tcp_stack *tcp, const struct tcp_conn *ends,
                     uint32_t domain, uint32_t word) {
  return (uint32_t)tcp_hash_word(tcp, ends, ends->local_port, domain, word);
}

static uint32_t minute_of(const struct ph_stack *stack) {
  return (uint32_t)(stack->now_ns / MINUTE_NS) & 0xff;
}

static uint32_t make(const struct tcp_stack *tcp, const struct tcp_conn *ends,
                     uint32_t seq, uint32_t minute, uint32_t mss_index) {
  uint32_t data = hash(tcp, ends, H2 + minute, seq) + mss_index;
  return hash(tcp, ends, H1, 0) + seq + (minute << 24) + (data & DATA_MASK);
}

/* The index in a cookie, or -1. */
static int read(const struct ph_stack *stack, const struct tcp_conn *ends,
                uint32_t cookie, uint32_t seq) {
  const struct tcp_stack *tcp = tcp_of(stack);
  cookie -= hash(tcp, ends, H1, 0) + seq;
  uint32_t minute = cookie >> 24;
  if (((minute_of(stack) - minute) & 0xff) >= MINUTES_VALID) {
    return -1;
  }
  uint32_t index = (cookie - hash(tcp, ends, H2 + minute, seq)) & DATA_MASK;
  return index < PH_ARRAY_LEN(mss_table) ? (int)index : -1;
}

/* A connection that is nowhere but on our caller's stack: for what is computed
 * from both ends and from the listener's settings. */
static PH_APART_IF_SMALL void set_ends(struct tcp_conn *conn,
                                       const struct tcp_listener *listener,
                                       const struct tcp_seg *seg,
                                       const struct ip_rx *rx) {
  memset(conn, 0, sizeof(*conn));
  tcp_out_clear(conn);
  tcp_listen_name(conn, listener, seg, rx);
  conn->local_port = seg->dst_port;
}

/* What the SYN-ACK says, from what the SYN said; but for the window it is what
 * tcp_take_syn() does, which owes the peer memory. */
static void answer(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *syn, uint32_t cookie) {
  tcp_start(stack, conn, tcp_path(stack, conn), cookie);
  tcp_options_take_syn(stack, conn, syn);
  conn->state = TCP_STATE_SYN_RECEIVED;
  conn->rcv_nxt = conn->rcv_acked = conn->rcv_edge = syn->seq + 1;
  uint32_t limit;
  conn->rcv_edge += tcp_window_growth(stack, conn, &limit);
  conn->ecn_ok = false;
  if (!conn->ts_ok) {
    conn->sack_ok = conn->wscale_ok = false;
    return;
  }
  uint32_t bits = (conn->wscale_ok ? conn->snd_wscale : (uint32_t)TS_WSCALE) |
                  (conn->sack_ok ? (uint32_t)TS_SACK : 0);
  /* Not ahead of our clock: the peer must not see it go back. */
  conn->ts_offset -= (stack->now_ms - bits) & TS_MASK;
}

static uint32_t mss_index(const struct tcp_seg *seg,
                          const struct ip_family *family) {
  uint32_t mss =
      seg->options.has_mss ? seg->options.mss : (uint32_t)family->mss_default;
  uint32_t i = PH_ARRAY_LEN(mss_table) - 1;
  while (i > 0 && mss_table[i] > mss) {
    i--;
  }
  return i;
}

void tcp_cookie_send(struct ph_stack *stack, struct tcp_listener *listener,
                     const struct tcp_seg *seg, const struct ip_rx *rx) {
  struct tcp_conn conn;
  set_ends(&conn, listener, seg, rx);
  answer(stack, &conn, seg,
         make(tcp_of(stack), &conn, seg->seq, minute_of(stack),
              mss_index(seg, rx->family)));
  tcp_output_syn_once(stack, &conn);
  listener->cookies_until_ns = stack->now_ns + MINUTES_VALID * MINUTE_NS;
  stack->stats.TcpSyncookiesSent++;
}

bool tcp_cookie_check(struct ph_stack *stack,
                      const struct tcp_listener *listener,
                      const struct tcp_seg *seg, const struct ip_rx *rx,
                      struct tcp_seg *syn) {
  struct tcp_conn ends;
  if (stack->now_ns >= listener->cookies_until_ns) {
    return false;
  }
  set_ends(&ends, listener, seg, rx);
  int index = read(stack, &ends, seg->ack - 1, seg->seq - 1);
  if (index < 0) {
    stack->stats.TcpSyncookiesFailed++;
    return false;
  }
  *syn = *seg;
  syn->flags = TCP_SYN;
  syn->seq = seg->seq - 1;
  syn->len = syn->data_len = 0;
  syn->new_iss = seg->ack - 1;
  syn->options.has_mss = true;
  syn->options.mss = mss_table[index];
  syn->options.has_wscale = syn->options.sack_permitted = false;
  if (seg->options.has_timestamps) {
    tcp_ts_start(stack, &ends);
    uint32_t bits = seg->options.ts_ecr - ends.ts_offset;
    syn->options.has_wscale = (bits & TS_WSCALE) != TS_WSCALE;
    syn->options.wscale = bits & TS_WSCALE;
    syn->options.sack_permitted = bits & TS_SACK;
  }
  stack->stats.TcpSyncookiesRecv++;
  return true;
}
