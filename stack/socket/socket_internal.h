/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of stack/socket share: the descriptor table and how a call
 * waits. */
#ifndef PH_SOCKET_SOCKET_INTERNAL_H
#define PH_SOCKET_SOCKET_INTERNAL_H

#include "stack/base/list.h"
#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/udp.h"

/* Of SO_RCVTIMEO and SO_SNDTIMEO, besides milliseconds. */
#define SOCK_FOR_EVER 0u
#define SOCK_NO_WAIT UINT32_MAX

enum { SOCK_LINGER_MAX = 0xffffff }; /* seconds: 194 days */

/* What recvmsg() tells of a datagram. */
enum {
  SOCK_TELL_TIME = 1,
  SOCK_TELL_INFO4 = 2,
  SOCK_TELL_INFO6 = 4,
  SOCK_TELL_TTL = 8,
  SOCK_TELL_TOS = 16,
  SOCK_TELL_HOPS = 32,
  SOCK_TELL_TCLASS = 64,
  SOCK_TELL_TIME_NS = 128,
};

/* What a descriptor's slot holds: a socket, that is its options and a
 * connection or a datagram endpoint, or an epoll instance. */
struct ph_sock {
  struct tcp_conn *tcp; /* a stream socket, or NULL */
  union {
    struct udp_pcb *udp;      /* a datagram socket, */
    struct sock_epoll *epoll; /* or with is_epoll an epoll instance */
  };
  struct sock_watch *watches;              /* by epoll instances */
  uint32_t rcv_timeout_ms, snd_timeout_ms; /* SOCK_FOR_EVER, SOCK_NO_WAIT */
  union {
    uint32_t sndbuf;    /* of a datagram socket; TCP has its own */
    uint32_t rcv_lowat; /* of a stream, if low_water: SO_RCVLOWAT */
  };
  uint32_t generation;    /* changes when the descriptor is closed */
  uint32_t linger_s : 24; /* at most SOCK_LINGER_MAX */
  uint32_t tell : 8;      /* SOCK_TELL_* */
  uint16_t pollers;       /* ph_poll() calls that wait for this slot */
  union {
    uint8_t inherited; /* by what accept() makes */
    struct {
      bool linger : 1;
      bool low_water : 1;
      bool ipv6 : 1;    /* of PH_AF_INET6 */
      bool only_v6 : 1; /* IPV6_V6ONLY */
      bool broadcast : 1;
      bool reuse_addr : 1;
      bool reuse_port : 1;
      bool wr_shutdown : 1; /* of a datagram socket, which accepts nothing */
    };
  };
  bool open : 1;
  bool is_epoll : 1;
  bool closing : 1; /* close() lingers: no descriptor any more */
  bool nonblock : 1;
  bool cloexec : 1;     /* kept for F_GETFD; there is no exec() */
  bool connecting : 1;  /* connect() has not yet reported its result */
  bool connected : 1;   /* it has, or accept() made it: only AF_UNSPEC undoes */
  bool rd_shutdown : 1; /* of a datagram socket */
};

/* One waiting ph_poll() or ph_select(), on its caller's stack. */
struct sock_poller {
  struct sock_poller *next;
  void *object; /* it waits on this */
};

/* Free descriptors: a bit each, and above 64 words a bit each, so that the
 * lowest is found in three steps. */
enum { SOCK_MAP_LEVELS = 3, SOCK_MAP_MAX = 64 * 64 * 64 };

/* socket_multicast.c, if it is there. */
struct sock_multicast {
  int (*set)(struct ph_stack *stack, struct ph_sock *sock, int level,
             int option, const void *value, ph_socklen_t len);
  int (*get)(struct ph_stack *stack, const struct ph_sock *sock, int level,
             int option, void *value, ph_socklen_t *len, int32_t *number);
  void (*close)(struct ph_stack *stack, struct ph_sock *sock);
};

struct sock_table {
  struct ph_sock *socks; /* by descriptor */
  uint32_t count;
  uint32_t default_sndbuf, default_rcvbuf;
  uint64_t *free_map[SOCK_MAP_LEVELS];
  struct udp_pcb *free_udp;
  struct sock_poller *pollers;
  const struct sock_multicast *multicast;
  struct udp_group *free_groups;
  struct ip_listed *free_sources;
  /* recvmsg() with MSG_ERRQUEUE of a datagram socket, once one asked for it. */
  long (*recv_error)(struct ph_stack *stack, struct ph_sock *sock,
                     struct ph_msghdr *msg);
  struct sock_epoll *free_epolls;
  struct sock_watch *free_watches;
  const struct sock_epoll_ops *epoll; /* from the first instance on */
  /* sock_linger(), from the first SO_LINGER on. */
  void (*linger)(struct ph_stack *stack, struct ph_sock *sock);
};

static inline struct sock_table *sock_table_of(const struct ph_stack *stack) {
  return stack->module[PH_MODULE_SOCKET];
}

/* What is open there, of any kind, without counting; or NULL. */
static inline struct ph_sock *sock_get(const struct ph_stack *stack, int fd) {
  const struct sock_table *table = sock_table_of(stack);
  if ((uint32_t)fd >= table->count) { /* a negative one is larger than all */
    return NULL;
  }
  struct ph_sock *sock = &table->socks[fd];
  return sock->open && !sock->closing ? sock : NULL;
}
/* Count the call and find the socket; NULL if `fd` is not one, and then
 * sock_missing() says why. */
static inline struct ph_sock *sock_enter(struct ph_stack *stack, int fd) {
  const struct sock_table *table = sock_table_of(stack);
  stack->stats.SocketCalls++;
  if ((uint32_t)fd >= table->count) {
    return NULL;
  }
  struct ph_sock *sock = &table->socks[fd];
  return sock->open && !sock->closing && !sock->is_epoll ? sock : NULL;
}
int sock_missing(const struct ph_stack *stack, int fd);
/* The lowest free descriptor, opened; -PH_EMFILE. */
int sock_alloc(struct ph_stack *stack, struct ph_sock **out) PH_MUST_USE;
void sock_release(struct ph_stack *stack, struct ph_sock *sock);

/* When a wait that starts now with this timeout ends. */
uint64_t sock_deadline(const struct ph_stack *stack, uint32_t timeout_ms);
/* Would a call on this socket wait? */
static inline bool sock_waits(const struct ph_stack *stack,
                              const struct ph_sock *sock, bool dont_wait) {
  return !dont_wait && !sock->nonblock && stack->platform->wait;
}
/* Wait until `sock` (descriptor `fd`) may be ready for `events`. 0: look again.
 * -PH_EAGAIN: must not block, or the deadline has passed. -PH_EINTR.
 * -PH_EBADF: closed meanwhile. */
int sock_wait(struct ph_stack *stack, struct ph_sock *sock, int fd,
              uint32_t events, uint64_t deadline_ns,
              bool dont_wait) PH_MUST_USE;
/* POLL* bits now, at least those of `events` and POLLERR, POLLHUP; what is
 * missing of `events` will be told to sock_notify(). */
uint32_t sock_ready(struct ph_sock *sock, uint32_t events);
/* When a poll that starts now with this timeout ends. */
uint64_t sock_poll_deadline(const struct ph_stack *stack, int timeout_ms);
/* `sock` became ready for these POLL* bits, or is closed (POLLNVAL). */
void sock_notify(struct ph_stack *stack, struct ph_sock *sock, uint32_t ready);
/* Memory for the descriptors; 0, -PH_EINVAL, -PH_ENOMEM. */
int sock_table_init(struct ph_stack *stack, struct sock_table *table,
                    uint32_t count) PH_MUST_USE;

/* SO_LINGER with time, at close(): wait until the peer has everything, or time
 * is up. The descriptor is closed then. */
void sock_linger(struct ph_stack *stack, struct ph_sock *sock);

/* ---- socket_tcp_info.c ---------------------------------------------------
 */
void sock_tcp_info(struct ph_stack *stack, struct tcp_conn *conn,
                   struct ph_tcp_info *out);

/* ---- socket_options.c ---------------------------------------------------- */
/* The number that setsockopt() was given, as Linux takes it at this level: 0,
 * -PH_EFAULT, -PH_EINVAL (too short). */
int sock_take_number(int level, const void *value, ph_socklen_t len,
                     int32_t *number) PH_MUST_USE;
/* Give at most `*len` bytes: 0, -PH_EFAULT. */
int sock_put_bytes(void *value, ph_socklen_t *len, const void *from,
                   uint32_t size) PH_MUST_USE;
/* What functions that get an option return if it is a number, which they have
 * set; 0: they have given it. */
enum { SOCK_NUMBER = 1 };

/* ---- socket_ip.c -------------------------------------------------------- */
/* Of IPPROTO_IP and, of a socket of that family, IPPROTO_IPV6. */
int sock_set_ip(struct ph_stack *stack, struct ph_sock *sock, int level,
                int option, int32_t number) PH_MUST_USE;
int sock_get_ip(struct ph_sock *sock, int level, int option,
                int32_t *number) PH_MUST_USE;

/* ---- socket_udp.c -------------------------------------------------------- */
/* Of a UDP socket, neither raw nor for ping. */
int sock_set_udp(struct ph_stack *stack, struct ph_sock *sock, int option,
                 int32_t number) PH_MUST_USE;
int sock_get_udp(const struct ph_sock *sock, int option,
                 int32_t *number) PH_MUST_USE;
static inline bool sock_is_udp(const struct ph_sock *sock) {
  return sock->udp && !sock->udp->kind;
}

/* ---- socket_raw.c ------------------------------------------------------- */
/* PH_ICMP_FILTER of SOL_RAW, PH_ICMP6_FILTER of IPPROTO_ICMPV6. */
int sock_set_filter(struct ph_sock *sock, int level, int option,
                    const void *value, ph_socklen_t len) PH_MUST_USE;
int sock_get_filter(const struct ph_sock *sock, int level, int option,
                    void *value, ph_socklen_t *len) PH_MUST_USE;

/* ---- socket_epoll.c ------------------------------------------------------ */
int sock_epoll_init(struct ph_stack *stack, struct sock_table *table,
                    const struct ph_socket_config *config) PH_MUST_USE;
/* What sockets need of it once there are instances: who never makes one does
 * not carry it along. */
struct sock_epoll {
  const struct sock_epoll_ops *ops;
  struct ph_link watches, ready;
  struct ph_link again; /* stay ready; empty but while they are collected */
  struct ph_sock *sock; /* its descriptor's slot: what waiters wait on */
  struct sock_epoll *next_free;
};
struct sock_epoll_ops {
  /* Tell the instances that watch `sock`. */
  void (*notify)(struct ph_stack *stack, const struct ph_sock *sock,
                 uint32_t ready);
  /* POLLIN if ph_epoll_wait() would return something. */
  uint32_t (*ready)(struct ph_sock *sock);
  /* The descriptor is being closed: nobody watches it any more; an instance
   * goes back to its pool. */
  void (*forget)(struct ph_stack *stack, struct ph_sock *sock);
};

/* ---- socket_address.c ---------------------------------------------------- */
/* The unspecified address of the socket's family. */
struct ph_addr sock_any(const struct ph_sock *sock);
/* TCP or UDP learns it, unless bind() gave another. */
void sock_set_any(struct ph_sock *sock);
/* A socket address that fits the socket to address and port: 0, -PH_EINVAL (too
 * short), -PH_EAFNOSUPPORT. */
int sock_addr_in(const struct ph_sock *sock, const void *addr, ph_socklen_t len,
                 struct ph_addr *ip, uint16_t *port) PH_MUST_USE;
/* As a destination an unspecified address is this host: as in Linux, 4.2BSD. */
void sock_this_host(struct ph_addr *ip);
/* The other way, cut to *len as POSIX says. `addr` may be NULL. */
void sock_addr_out(const struct ph_sock *sock, const struct ph_addr *ip,
                   uint16_t port, void *addr, ph_socklen_t *len);

/* ---- socket_error.c ------------------------------------------------------ */
/* IP_RECVERR, IPV6_RECVERR: 0, -PH_ENOPROTOOPT. */
int sock_set_errors(struct ph_stack *stack, struct ph_sock *sock, bool v4,
                    bool on) PH_MUST_USE;

/* ---- socket_control_send.c ----------------------------------------------- */
struct sock_control {
  struct udp_tx tx;   /* of a datagram socket */
  struct ph_addr src; /* what tx.src may point to */
};
/* msg_control, which is not empty: 0, -PH_EINVAL, -PH_EFAULT, -PH_ENODEV, or
 * why the datagram can't be sent at all. */
int sock_take_control(struct ph_stack *stack, const struct ph_sock *sock,
                      const struct ph_msghdr *msg,
                      struct sock_control *c) PH_MUST_USE;

/* ---- socket_control.c ---------------------------------------------------- */
/* What the last datagram's reader asked to be told, into msg_control; also
 * PH_MSG_CTRUNC into msg_flags. */
void sock_put_control(struct ph_stack *stack, const struct ph_sock *sock,
                      struct ph_msghdr *msg);
/* Append a message to msg_control, which has `room` bytes in all. */
struct sock_messages {
  struct ph_msghdr *msg;
  size_t room;
};
void sock_put_message(const struct sock_messages *to, int32_t level,
                      int32_t type, const void *data, uint32_t len);
/* The options that ask for it: 0 (get: 0 or 1), -PH_ENOPROTOOPT: none. */
int sock_set_tell(struct ph_sock *sock, int level, int option,
                  int32_t on) PH_MUST_USE;
int sock_get_tell(const struct ph_sock *sock, int level,
                  int option) PH_MUST_USE;

#endif
