/* SPDX-License-Identifier: Apache-2.0 */
/* TIME-WAIT and the next connection of the same ends.
 *
 * The state keeps segments of the old connection from being taken for those of
 * a new one. A reset does not end it (RFC 1337 4 (F1); tcp_check_rst), nor does
 * anything else that is old. A SYN that is surely younger than all that was
 * seen does: by its timestamp, which RFC 6191 prefers, or by its sequence
 * number (RFC 9293 3.6.1). Any other SYN is answered with an ACK (RFC 5961 4).
 */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_options.h"

/* Ahead of all that the old connection sent, and of what a window might let
 * through (Linux takes as much). */
enum { ISS_STEP = 65535 + 2 };

/* The rules of RFC 6191 2, in its order. `rcv_nxt` is one behind the last
 * sequence number seen, ts_recent the last timestamp. */
static bool is_younger(const struct ph_stack *stack,
                       const struct tcp_conn *conn, const struct tcp_seg *seg) {
  bool by_seq = seq_geq(seg->seq, conn->rcv_nxt);
  bool with = seg->options.has_timestamps &&
              tcp_of(stack)->features.timestamps != PH_TCP_OFF;
  if (!with) {
    return by_seq;
  }
  if (!conn->ts_ok || seq_gt(seg->options.ts_val, conn->ts_recent)) {
    return true;
  }
  return seg->options.ts_val == conn->ts_recent && by_seq;
}

bool tcp_time_wait_reopens(struct ph_stack *stack, struct tcp_conn *conn,
                           struct tcp_seg *seg) {
  if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN ||
      !is_younger(stack, conn, seg) ||
      !tcp_find_listener(tcp_of(stack), &conn->local, conn->local_port,
                         &conn->remote, conn->remote_port)) {
    return false;
  }
  /* RFC 9293 3.6.1 (1): an ISS above the last one used; 0 would mean none. */
  seg->new_iss = conn->snd_nxt + ISS_STEP;
  seg->new_iss += seg->new_iss == 0;
  tcp_conn_drop(stack, conn, 0); /* an owner that still has it sees its end */
  return true;
}
