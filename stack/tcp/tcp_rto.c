/* SPDX-License-Identifier: Apache-2.0 */
/* Retransmission timeout, RFC 6298. Samples are in nanoseconds; the clock
 * granularity G is 1 ms. Instead of (2.4)'s minimum of 1 s, the variance counts
 * as 200 ms at least, as in Linux (docs/deviations.md): an ACK may be delayed
 * so long on any path. */
#include "stack/tcp/tcp_internal.h"

void tcp_rto_sample(struct tcp_conn *conn, uint64_t r_ns) {
  if (!conn->rtt_valid) { /* (2.2) */
    conn->rtt_valid = true;
    conn->srtt_ns = r_ns;
    conn->rttvar_ns = r_ns / 2;
  } else {
    if (conn->syn_retransmitted) { /* (2.2) again, not (5.7) */
      conn->syn_retransmitted = false;
      conn->rttvar_ns = conn->srtt_ns / 2;
    }
    /* (2.3): alpha = 1/8, beta = 1/4 */
    uint64_t diff =
        conn->srtt_ns > r_ns ? conn->srtt_ns - r_ns : r_ns - conn->srtt_ns;
    conn->rttvar_ns = conn->rttvar_ns - conn->rttvar_ns / 4 + diff / 4;
    conn->srtt_ns = conn->srtt_ns - conn->srtt_ns / 8 + r_ns / 8;
  }
}

/* (5.5). So often is enough: 200 ms << 10 is more than TCP_RTO_MAX_NS. */
enum { DOUBLED_MAX = 10 };
_Static_assert(TCP_RTO_MIN_NS << DOUBLED_MAX > TCP_RTO_MAX_NS, "");

uint64_t tcp_rto_backed_off(const struct tcp_conn *conn) {
  uint64_t rto = tcp_rto(conn) << ph_min_u32(conn->backoff, DOUBLED_MAX);
  return rto > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : rto;
}
