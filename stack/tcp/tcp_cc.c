/* SPDX-License-Identifier: Apache-2.0 */
/* What the congestion control algorithms have in common: the table of their
 * names, the initial window and slow start.
 *
 * The window grows by bytes newly acknowledged, without RFC 5681's limit of
 * one segment per ACK: an ACK for a coalesced 64 KiB segment stands for the
 * 22 that it replaces. It does not grow while something else limits us. */
#include "stack/tcp/tcp_internal.h"

uint8_t tcp_cc_find(struct tcp_stack *tcp, const char *name, size_t len) {
  static const struct tcp_cc_ops *const algorithms[TCP_CC_COUNT] = {
      [TCP_CC_CUBIC] = &tcp_cubic, [TCP_CC_NEWRENO] = &tcp_newreno};
  for (int i = TCP_CC_CUBIC; i < TCP_CC_COUNT; i++) {
    const char *known = algorithms[i]->name;
    size_t n = 0;
    while (n < len && known[n] && known[n] == name[n]) {
      n++;
    }
    if (known[n] == 0 && (n == len || name[n] == 0)) {
      tcp->algorithms[i] = algorithms[i];
      return (uint8_t)i;
    }
  }
  return 0;
}

/* What the connection's owner or else the stack's chose. */
static inline const struct tcp_cc_ops *chosen(const struct ph_stack *stack,
                                              const struct tcp_conn *conn) {
  const struct tcp_stack *tcp = tcp_of(stack);
  uint32_t number = conn->settings.congestion;
  return tcp->algorithms[number ? number : tcp->cc];
}

const char *tcp_cc_name(const struct ph_stack *stack,
                        const struct tcp_conn *conn) {
  return chosen(stack, conn)->name;
}

/* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)). */
static uint32_t initial_window(const struct tcp_conn *conn) {
  uint32_t mss = conn->snd_mss;
  return ph_min_u32(TCP_INITIAL_WINDOW_SEGS * mss, ph_max_u32(2 * mss, 14600));
}

void tcp_cc_init(struct tcp_conn *conn) {
  conn->cwnd = initial_window(conn);
  conn->ssthresh = UINT32_MAX; /* "arbitrarily high", RFC 5681 3.1 */
}

void tcp_cc_start(const struct ph_stack *stack, struct tcp_conn *conn) {
  conn->out->cc = chosen(stack, conn);
  conn->out->cc_state.cubic = (struct tcp_cubic){.cwnd_prior = conn->cwnd};
  if (conn->ssthresh == UINT32_MAX && conn->out->cc->init) {
    conn->out->cc->init(conn);
  }
}

/* RFC 5681 4.1: what the network took a while ago it need not take now. Half
 * of cwnd is forgotten for each RTO of silence (RFC 2861 2, as in Linux), down
 * to the restart window; ssthresh remembers three quarters of it, so that slow
 * start brings it back quickly. */
void tcp_cc_idle(struct tcp_conn *conn, uint32_t idle_ms) {
  uint32_t rto_ms = (uint32_t)(tcp_rto(conn) / TCP_MS);
  uint32_t restart = ph_min_u32(initial_window(conn), conn->cwnd);
  if (conn->cwnd == restart || conn->counters.data_segs_out == 0) {
    return;
  }
  if (conn->ssthresh != UINT32_MAX) {
    conn->ssthresh = ph_max_u32(conn->ssthresh, conn->cwnd - conn->cwnd / 4);
  }
  for (; idle_ms > rto_ms && conn->cwnd > restart; idle_ms -= rto_ms) {
    conn->cwnd /= 2;
  }
  conn->cwnd = ph_max_u32(conn->cwnd, restart);
  conn->out->bytes_acked_ca = 0;
}

uint32_t tcp_cc_slow_start(struct tcp_conn *conn, uint32_t acked) {
  if (conn->cwnd >= conn->ssthresh) {
    return acked;
  }
  uint32_t grow = ph_min_u32(acked, conn->ssthresh - conn->cwnd);
  conn->cwnd = ph_min_u32(conn->cwnd + grow, TCP_CWND_MAX); /* RFC 5681 (2) */
  return acked - grow;
}
