/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of stack/socket share: the descriptor table and how a call
 * waits. */
#ifndef PH_SOCKET_SOCKET_INTERNAL_H
#define PH_SOCKET_SOCKET_INTERNAL_H

#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/udp.h"

/* A socket: a descriptor's slot and what TCP or UDP doesn't know. Exactly one
 * of `tcp` and `udp` is set while it is open. */
struct ph_sock {
  struct ph_sock *next_free;
  struct tcp_conn *tcp;
  struct udp_pcb *udp;
  uint64_t rcv_timeout_ns, snd_timeout_ns; /* 0: for ever */
  uint32_t sndbuf, rcvbuf;
  uint32_t generation; /* changes when the descriptor is closed */
  uint32_t linger_s;
  uint16_t pollers; /* ph_poll() calls that wait for it */
  uint16_t maxseg;
  bool open : 1;
  bool nonblock : 1;
  bool cloexec : 1; /* kept for F_GETFD; there is no exec() */
  bool linger : 1;
  bool reuse_addr : 1;
  bool nodelay : 1;
  bool connecting : 1; /* connect() has not yet reported its result */
  bool rd_shutdown : 1, wr_shutdown : 1; /* of a datagram socket */
};

/* One waiting ph_poll(), on its caller's stack. */
struct sock_poller {
  struct sock_poller *next;
  struct ph_pollfd *fds; /* the object it waits on */
};

struct sock_table {
  struct ph_sock *socks; /* by descriptor */
  uint32_t count;
  uint32_t default_sndbuf, default_rcvbuf;
  struct udp_pcb *free_udp;
  struct sock_poller *pollers;
  uint32_t lowest_free; /* no free descriptor is below */
};

static inline struct sock_table *sock_table_of(const struct ph_stack *stack) {
  return stack->module[PH_MODULE_SOCKET];
}

/* Count the call and find the socket; NULL if `fd` is not one. */
struct ph_sock *sock_enter(struct ph_stack *stack, int fd);
/* The same without counting. */
struct ph_sock *sock_get(const struct ph_stack *stack, int fd);
/* The lowest free descriptor, opened; -PH_EMFILE. */
int sock_alloc(struct ph_stack *stack, struct ph_sock **out) PH_MUST_USE;
void sock_release(struct ph_stack *stack, struct ph_sock *sock);

/* When a wait that starts now with this timeout ends. */
uint64_t sock_deadline(const struct ph_stack *stack, uint64_t timeout_ns);
/* Wait until `sock` (descriptor `fd`) may be ready for `events`. 0: look again.
 * -PH_EAGAIN: must not block, or the deadline has passed. -PH_EINTR.
 * -PH_EBADF: closed meanwhile. */
int sock_wait(struct ph_stack *stack, struct ph_sock *sock, int fd,
              uint32_t events, uint64_t deadline_ns,
              bool dont_wait) PH_MUST_USE;
/* A UDP endpoint from the pool, or NULL; and back. */
struct udp_pcb *sock_udp_open(struct ph_stack *stack, struct ph_sock *sock);
void sock_udp_close(struct ph_stack *stack, struct ph_sock *sock);
/* POLL* bits now. */
uint32_t sock_ready(const struct ph_sock *sock);
/* Give a new connection the options set on the socket. */
void sock_apply_options(struct ph_stack *stack, struct ph_sock *sock);

/* struct sockaddr_in to address and port: 0, -PH_EINVAL (too short),
 * -PH_EAFNOSUPPORT. */
int sock_addr_in(const void *addr, ph_socklen_t len, struct ph_addr *ip,
                 uint16_t *port) PH_MUST_USE;
/* The other way, cut to *len as POSIX says. `addr` may be NULL. */
void sock_addr_out(const struct ph_addr *ip, uint16_t port, void *addr,
                   ph_socklen_t *len);

#endif
