/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion control: slow start and congestion avoidance of RFC 5681,
 * behind struct tcp_cc_ops so that others can stand beside it.
 *
 * The window grows by bytes newly acknowledged, without RFC 5681's limit of
 * one segment per ACK: an ACK for a coalesced 64 KiB segment stands for the
 * 22 that it replaces. It does not grow while something else limits us. */
#include "stack/tcp/tcp_internal.h"

enum { CWND_MAX = 1 << 30 };

static void newreno_acked(struct tcp_conn *conn, uint32_t acked) {
  if (conn->cwnd < conn->ssthresh) { /* slow start, (2) */
    uint32_t grow = ph_min_u32(acked, conn->ssthresh - conn->cwnd);
    conn->cwnd = ph_min_u32(conn->cwnd + grow, CWND_MAX);
    acked -= grow;
  }
  if (acked == 0) {
    return;
  }
  /* Congestion avoidance: one segment per window of bytes acknowledged
   * (RFC 5681 3.1, the recommended way; RFC 3465). */
  conn->bytes_acked_ca += acked;
  if (conn->bytes_acked_ca >= conn->cwnd) {
    conn->bytes_acked_ca -= conn->cwnd;
    conn->cwnd = ph_min_u32(conn->cwnd + conn->snd_mss, CWND_MAX);
  }
}

static uint32_t newreno_ssthresh(const struct tcp_conn *conn, uint32_t flight) {
  return ph_max_u32(flight / 2, 2u * conn->snd_mss); /* (4) */
}

static const struct tcp_cc_ops newreno = {
    "reno",
    newreno_acked,
    newreno_ssthresh,
};

const struct tcp_cc_ops *tcp_cc_default(void) {
  return &newreno;
}

void tcp_cc_init(struct tcp_conn *conn) {
  uint32_t mss = conn->snd_mss;
  /* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)). */
  conn->cwnd =
      ph_min_u32(TCP_INITIAL_WINDOW_SEGS * mss, ph_max_u32(2 * mss, 14600));
  conn->ssthresh = UINT32_MAX; /* "arbitrarily high" */
  conn->bytes_acked_ca = 0;
}
