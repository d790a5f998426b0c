/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: tcp_listen.c. */
#ifndef PH_TCP_TCP_LISTEN_H
#define PH_TCP_TCP_LISTEN_H

#include "stack/tcp/tcp_internal.h"

struct tcp_listener {
  struct tcp_listener *next; /* of one bucket, or free */
  struct tcp_conn *conn;
  struct ph_link syn_queue;    /* SYN-RECEIVED */
  struct ph_link accept_queue; /* established, not accepted */
  uint32_t backlog, syn_count, accept_count;
  uint64_t cookies_until_ns; /* a SYN cookie may come back until then */
};

struct tcp_listener *tcp_find_listener(struct tcp_stack *tcp,
                                       const struct ph_addr *addr,
                                       uint16_t port,
                                       const struct ph_addr *peer,
                                       uint16_t peer_port);
/* Which of `count` that share a port, from `first` on. */
struct tcp_listener *tcp_choose_listener(
    struct tcp_stack *tcp, struct tcp_listener *first, uint32_t count,
    const struct ph_addr *addr, uint16_t port, const struct ph_addr *peer,
    uint16_t peer_port);
/* A segment for a listener. A connection if one was made that the segment is
 * now for: a SYN cookie came back. */
struct tcp_conn *tcp_listen_input(struct ph_stack *stack,
                                  struct tcp_listener *listener,
                                  const struct tcp_seg *seg,
                                  const struct ip_rx *rx);
/* TCP_DEFER_ACCEPT: as many times the SYN-ACK's timer must expire before an
 * ACK without data ends the handshake. */
uint32_t tcp_listen_defer(const struct tcp_conn *conn);
/* This one does not. */
bool tcp_listen_defers(struct tcp_conn *conn, const struct tcp_seg *seg);
/* What a child is from its SYN on, but for its port. */
void tcp_listen_name(struct tcp_conn *conn, const struct tcp_listener *listener,
                     const struct tcp_seg *syn, const struct ip_rx *rx);
/* The handshake is complete; false if the accept queue is full. */
bool tcp_listen_established(struct ph_stack *stack, struct tcp_conn *conn);
/* A connection leaves its listener's queues. */
void tcp_listener_forget(struct tcp_conn *conn);
void tcp_listener_close(struct ph_stack *stack, struct tcp_conn *conn);

/* ---- tcp_port.c ---------------------------------------------------------- */

/* The counters of tcp_port_pick() begin anywhere. */
void tcp_port_init(struct tcp_stack *tcp);

/* ---- tcp_cookie.c, tcp_output.c -------------------------------------------
 */

/* Answer a SYN with a cookie. */
void tcp_cookie_send(struct ph_stack *stack, struct tcp_listener *listener,
                     const struct tcp_seg *seg, const struct ip_rx *rx);
/* True if an ACK brings back one of ours; `syn` is then the SYN that it
 * answered, with what the cookie kept of it, and new_iss the cookie. */
bool tcp_cookie_check(struct ph_stack *stack,
                      const struct tcp_listener *listener,
                      const struct tcp_seg *seg, const struct ip_rx *rx,
                      struct tcp_seg *syn);
/* Send the SYN-ACK of a connection that is nowhere listed. */
void tcp_output_syn_once(struct ph_stack *stack, struct tcp_conn *conn);

#endif
