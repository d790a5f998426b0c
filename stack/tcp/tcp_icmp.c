/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors about our segments (RFC 9293 3.9.2.2, RFC 5461), under the rules
 * of RFC 5927, because anybody can send one:
 *
 * 1. The sequence number quoted is in flight (4.1).
 * 2. "Too big" is believed only of a segment that really was longer than the
 *    MTU reported (7): our records know how long it was. It lowers the MTU,
 *    never below the family's floor, and never raises it.
 * 3. In the synchronized states every other error is soft: it is remembered,
 *    and is what a timeout reports if the peer is not heard again (RFC 1122
 *    4.2.3.9). While the connection is being opened there is nothing to lose,
 *    and who waits is better told: it ends there, as in Linux (RFC 5461 4.1).
 *
 * Source quench does not get here (RFC 6633), nor do redirects. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_table.h"

static void too_big(struct ph_stack *stack, struct tcp_conn *conn, uint32_t seq,
                    uint16_t mtu) {
  if (conn->state >= TCP_STATE_ESTABLISHED) {
    tcp_out_need(stack, conn);
  }
  if (mtu >= tcp_packet_len_at(conn, seq)) {
    stack->stats.TcpIcmpIgnored++;
    return;
  }
  uint16_t floor = tcp_path(stack, conn)->family->pmtu_floor;
  uint16_t lowered = mtu > floor ? mtu : floor;
  ip_lower_path_mtu(stack, &conn->remote, lowered);
  tcp_plpmtud_too_big(stack, conn, seq, lowered);
  if (lowered < conn->mtu) {
    tcp_path_mtu_fell(stack, conn, lowered, mtu);
  }
}

void tcp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info) {
  if (info->transport_len < 8) {
    return;
  }
  struct tcp_conn *conn =
      tcp_lookup(tcp_of(stack), &info->src, get_be16(info->transport),
                 &info->dst, get_be16(info->transport + 2));
  uint32_t seq = get_be32(info->transport + 4);
  if (!conn || seq_lt(seq, conn->snd_una) || seq_geq(seq, conn->snd_nxt)) {
    stack->stats.TcpIcmpIgnored++;
    return;
  }
  if (info->error == IP_ERROR_TOO_BIG) {
    too_big(stack, conn, seq, info->mtu);
    return;
  }
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    stack->stats.TcpAttemptFails++;
    tcp_conn_drop(stack, conn, ip_errno(info->error));
  } else {
    conn->soft_error = ip_errno(info->error);
  }
}
