/* SPDX-License-Identifier: Apache-2.0 */
/* Retransmission timeout, RFC 6298. Samples are in nanoseconds; the clock
 * granularity G is 1 ms. Instead of (2.4)'s minimum of 1 s, the variance counts
 * as 200 ms at least, as in Linux (docs/deviations.md): an ACK may be delayed
 * so long on any path. */
#include "stack/tcp/tcp_internal.h"

static void set_rto(struct tcp_conn *conn) {
  uint64_t k = 4 * conn->rttvar_ns;
  uint64_t rto =
      conn->srtt_ns + (k > TCP_RTO_MIN_NS ? k : TCP_RTO_MIN_NS); /* (2.3), */
  conn->rto_ns = rto > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : rto; /* (2.4), (2.5) */
}

void tcp_rto_init(struct tcp_conn *conn) {
  conn->rto_ns = TCP_RTO_INITIAL_NS; /* (2.1) */
  conn->srtt_ns = conn->rttvar_ns = 0;
  conn->rtt_valid = false;
}

void tcp_rto_sample(struct tcp_conn *conn, uint64_t r_ns) {
  if (!conn->rtt_valid) { /* (2.2) */
    conn->rtt_valid = true;
    conn->srtt_ns = r_ns;
    conn->rttvar_ns = r_ns / 2;
  } else { /* (2.3): alpha = 1/8, beta = 1/4 */
    uint64_t diff =
        conn->srtt_ns > r_ns ? conn->srtt_ns - r_ns : r_ns - conn->srtt_ns;
    conn->rttvar_ns = conn->rttvar_ns - conn->rttvar_ns / 4 + diff / 4;
    conn->srtt_ns = conn->srtt_ns - conn->srtt_ns / 8 + r_ns / 8;
  }
  set_rto(conn);
}

uint64_t tcp_rto_backed_off(const struct tcp_conn *conn) {
  uint64_t rto = conn->rto_ns; /* (5.5) */
  for (uint32_t i = 0; i < conn->backoff && rto < TCP_RTO_MAX_NS; i++) {
    rto *= 2;
  }
  return rto > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : rto;
}
