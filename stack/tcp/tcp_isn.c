/* SPDX-License-Identifier: Apache-2.0 */
/* Initial sequence numbers, RFC 6528 3: ISN = M + F(localip, localport,
 * remoteip, remoteport, secretkey), where M is the 4 microsecond timer and F
 * is SipHash-2-4, a pseudo-random function under a secret key. */
#include "stack/tcp/tcp_internal.h"

enum { ISN_TICK_NS = 4000 };

struct ends {
  struct ph_addr local, remote;
  uint16_t local_port, remote_port;
  uint32_t domain; /* what the hash is for */
  uint64_t word;   /* of domains other than 0 */
};

uint64_t tcp_hash_word(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                       uint16_t local_port, uint32_t domain, uint32_t word) {
  struct ends ends = {.local = conn->local,
                      .remote = conn->remote,
                      .local_port = local_port,
                      .remote_port = conn->remote_port,
                      .domain = domain,
                      .word = word};
  size_t len = domain ? sizeof(ends) : offsetof(struct ends, word);
  return ph_siphash24(&tcp->secret, &ends, len);
}

uint64_t tcp_hash_secret(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn, uint16_t local_port) {
  return tcp_hash_word(tcp, conn, local_port, 0, 0);
}

uint32_t tcp_isn(struct ph_stack *stack, const struct tcp_conn *conn) {
  uint32_t m = (uint32_t)(stack->now_ns / ISN_TICK_NS);
  return m + (uint32_t)tcp_hash_secret(tcp_of(stack), conn, conn->local_port);
}
