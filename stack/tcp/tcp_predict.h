/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments tcp_input.c and tcp_output.c take the short way:
 * docs/stack.md, Prediction. */
#ifndef PH_TCP_TCP_PREDICT_H
#define PH_TCP_TCP_PREDICT_H

#include "stack/tcp/tcp_internal.h"

/* The next one in order, with all that it has inside the window: the first four
 * steps find nothing to do or to cut. */
static inline bool tcp_is_next(const struct tcp_conn *conn,
                               const struct tcp_seg *seg) {
  return !(seg->flags & (TCP_SYN | TCP_RST)) && seg->seq == conn->rcv_nxt &&
         seg->len + (seg->flags & TCP_FIN) <= conn->rcv_edge - conn->rcv_nxt;
}

/* Header prediction (Jacobson 1990): the same, and no FIN. */
static inline bool tcp_is_predicted(const struct tcp_conn *conn,
                                    const struct tcp_seg *seg) {
  return !(seg->flags & TCP_FIN) && tcp_is_next(conn, seg);
}

/* What else is rare has not happened to the connection: no FIN seen or sent,
 * nothing urgent, nothing lost, no probe of the path, none of the options that
 * want something of each segment. */
static inline bool tcp_is_quiet(const struct tcp_conn *conn) {
  bool rare = conn->ts_ok || conn->ecn_ok || conn->snd_urg || conn->rcv_urg ||
              conn->fin_seen || !conn->use_rack;
  return !rare && conn->owner && conn->state == TCP_STATE_ESTABLISHED &&
         conn->recovery == TCP_RECOVERY_NONE && !conn->plpmtud &&
         conn->snd_wnd > 0;
}

/* The same before sending: all that is out are the `n` bytes that wait, one
 * segment that both windows take, and nothing holds them back or wants an
 * option. */
static inline bool tcp_is_quiet_to_send(const struct tcp_stack *tcp,
                                        const struct tcp_conn *conn,
                                        uint32_t n) {
  bool rare = conn->more || conn->cork || conn->cork_wait || conn->persist ||
              conn->tx_block_wait || conn->room_wanted || conn->fin_queued ||
              conn->backoff;
  return !rare && n > 0 && conn->snd_nxt == conn->snd_una &&
         n <= conn->snd_mss && n <= conn->cwnd && n <= conn->snd_wnd &&
         tcp_is_quiet(conn) && tcp->dsack_conn != conn &&
         !conn->out->ooo.first && !conn->out->loss.rack.tlp_out;
}

#endif
