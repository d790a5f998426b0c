/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion avoidance of RFC 5681, the "reno" of TCP_CONGESTION. */
#include "stack/tcp/tcp_internal.h"

static void newreno_acked(struct tcp_conn *conn, uint64_t now_ns,
                          uint32_t acked) {
  (void)now_ns;
  acked = tcp_cc_slow_start(conn, acked);
  if (acked == 0) {
    return;
  }
  /* One segment per window of bytes acknowledged (RFC 5681 3.1, the
   * recommended way; RFC 3465). */
  conn->out->bytes_acked_ca += acked;
  if (conn->out->bytes_acked_ca >= conn->cwnd) {
    conn->out->bytes_acked_ca -= conn->cwnd;
    conn->cwnd = ph_min_u32(conn->cwnd + conn->snd_mss, TCP_CWND_MAX);
  }
}

static uint32_t newreno_ssthresh(struct tcp_conn *conn, uint32_t flight,
                                 bool timeout) {
  (void)timeout;
  return ph_max_u32(flight / 2, 2u * conn->snd_mss); /* (4) */
}

const struct tcp_cc_ops tcp_newreno = {
    .name = "reno",
    .acked = newreno_acked,
    .ssthresh = newreno_ssthresh,
};
