/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: tcp_listen.c. */
#ifndef PH_TCP_TCP_LISTEN_H
#define PH_TCP_TCP_LISTEN_H

#include "stack/tcp/tcp_internal.h"

struct tcp_listener {
  struct tcp_listener *next; /* of one bucket, or free */
  struct tcp_conn *conn;
  struct tcp_link syn_queue;    /* SYN-RECEIVED */
  struct tcp_link accept_queue; /* established, not accepted */
  uint32_t backlog, syn_count, accept_count;
};

struct tcp_listener *tcp_find_listener(struct tcp_stack *tcp,
                                       const struct ph_addr *addr,
                                       uint16_t port,
                                       const struct ph_addr *peer,
                                       uint16_t peer_port);
void tcp_listen_input(struct ph_stack *stack, struct tcp_listener *listener,
                      const struct tcp_seg *seg, const struct ip_rx *rx);
/* The handshake is complete; false if the accept queue is full. */
bool tcp_listen_established(struct ph_stack *stack, struct tcp_conn *conn);
/* A connection leaves its listener's queues. */
void tcp_listener_forget(struct tcp_conn *conn);
void tcp_listener_close(struct ph_stack *stack, struct tcp_conn *conn);

#endif
