/* SPDX-License-Identifier: Apache-2.0 */
/* Proportional rate reduction, RFC 9937 (it was RFC 6937): how much goes out
 * for each ACK of a fast recovery, so that it ends with as much in the network
 * as ssthresh says.
 *
 * While more than ssthresh is in the network, ssthresh/RecoverFS of what was
 * delivered is sent: the window shrinks evenly over the round trip. When there
 * is less, because much was lost or little was there to send, no more goes out
 * than was delivered; a segment more (slow start) only for an ACK that advances
 * and tells of no further loss ("SafeACK").
 *
 * cwnd is set to `pipe` plus what may go now (sndcnt), so that sending needs
 * to know nothing of this. Without SACK, `pipe` and DeliveredData are counted
 * from duplicate ACKs (tcp_recovery.c). */
#include "stack/tcp/tcp_internal.h"

void tcp_prr_enter(struct tcp_conn *conn) {
  conn->out->prr.delivered = conn->out->prr.out = 0;
  conn->out->prr.recover_fs = ph_max_u32(conn->snd_nxt - conn->snd_una, 1);
}

void tcp_prr_ack(struct tcp_conn *conn, const struct tcp_ack *info,
                 bool force) {
  struct tcp_prr *prr = &conn->out->prr;
  uint32_t mss = conn->snd_mss;
  uint32_t pipe = tcp_flight(conn);
  uint32_t sndcnt;
  prr->delivered += info->delivered;
  if (pipe > conn->ssthresh) {
    uint64_t share =
        ((uint64_t)prr->delivered * conn->ssthresh + prr->recover_fs - 1) /
        prr->recover_fs;
    sndcnt = share > prr->out ? (uint32_t)(share - prr->out) : 0;
  } else {
    uint32_t limit = prr->delivered > prr->out ? prr->delivered - prr->out : 0;
    bool safe_ack = info->acked > 0 && info->lost == 0;
    limit = ph_max_u32(limit, info->delivered) + (safe_ack ? mss : 0);
    sndcnt = ph_min_u32(conn->ssthresh - pipe, limit);
  }
  if (force || prr->out == 0) { /* RFC 6675 5 (4.3), RFC 6582 3.2 */
    sndcnt = ph_max_u32(sndcnt, mss);
  }
  conn->cwnd = pipe + sndcnt;
}

void tcp_prr_sent(struct tcp_conn *conn, uint32_t n) {
  conn->out->prr.out += n;
}
