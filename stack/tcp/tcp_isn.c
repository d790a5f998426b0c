/* SPDX-License-Identifier: Apache-2.0 */
/* Initial sequence numbers, RFC 6528 3: ISN = M + F(localip, localport,
 * remoteip, remoteport, secretkey), where M is the 4 microsecond timer and F
 * is SipHash-2-4, a pseudo-random function under a secret key. */
#include "stack/tcp/tcp_internal.h"

enum { ISN_TICK_NS = 4000 };

uint64_t tcp_hash_word(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                       uint16_t local_port, uint32_t domain, uint32_t word) {
  return ph_siphash24_ends(&tcp->secret, &conn->local, local_port,
                           &conn->remote, conn->remote_port,
                           (struct ph_hash_use){domain, word});
}

uint64_t tcp_hash_secret(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn, uint16_t local_port) {
  return tcp_hash_word(tcp, conn, local_port, 0, 0);
}

uint32_t tcp_isn(struct ph_stack *stack, const struct tcp_conn *conn) {
  uint32_t m = (uint32_t)(stack->now_ns / ISN_TICK_NS);
  return m + (uint32_t)tcp_hash_secret(tcp_of(stack), conn, conn->local_port);
}
