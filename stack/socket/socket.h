/* SPDX-License-Identifier: Apache-2.0 */
/* BSD sockets. Calls return a count or 0, or -PH_E... with Linux's numbers;
 * constants and structures have Linux's values and layouts (asserted in
 * tests/stack/test_abi.c), so that a program's own headers may be used.
 *
 * The core never blocks: a call on a blocking socket that can't go on asks
 * ph_platform.wait() and tries again; without that hook, or with PH_O_NONBLOCK
 * or PH_MSG_DONTWAIT, it returns -PH_EAGAIN.
 */
#ifndef PH_SOCKET_SOCKET_H
#define PH_SOCKET_SOCKET_H

#include "stack/base/errno.h"
#include "stack/base/stack.h"

enum { PH_AF_UNSPEC = 0, PH_AF_INET = 2, PH_AF_INET6 = 10 };
enum {
  PH_SOCK_STREAM = 1,
  PH_SOCK_DGRAM = 2,
  PH_SOCK_RAW = 3,
  PH_SOCK_NONBLOCK = 04000,
  PH_SOCK_CLOEXEC = 02000000,
};
enum {
  PH_IPPROTO_IP = 0,
  PH_IPPROTO_ICMP = 1,
  PH_IPPROTO_TCP = 6,
  PH_IPPROTO_UDP = 17,
  PH_IPPROTO_IPV6 = 41,
  PH_IPPROTO_ICMPV6 = 58,
  PH_IPPROTO_RAW = 255
};
enum { PH_SHUT_RD = 0, PH_SHUT_WR = 1, PH_SHUT_RDWR = 2 };
enum {
  PH_MSG_OOB = 1,
  PH_MSG_PEEK = 2,
  PH_MSG_CTRUNC = 8,
  PH_MSG_TRUNC = 0x20,
  PH_MSG_DONTWAIT = 0x40,
  PH_MSG_WAITALL = 0x100,
  PH_MSG_ERRQUEUE = 0x2000,
  PH_MSG_NOSIGNAL = 0x4000,
  PH_MSG_MORE = 0x8000,
  PH_MSG_WAITFORONE = 0x10000, /* ph_recvmmsg(): then what is there */
};
enum {
  PH_POLLIN = 1,
  PH_POLLPRI = 2,
  PH_POLLOUT = 4,
  PH_POLLERR = 8,
  PH_POLLHUP = 16,
  PH_POLLNVAL = 32,
  PH_POLLRDNORM = 0x40, /* with POLLIN */
  PH_POLLRDBAND = 0x80,
  PH_POLLWRNORM = 0x100, /* with POLLOUT */
  PH_POLLWRBAND = 0x200,
  PH_POLLRDHUP = 0x2000
};
/* The low bits are poll()'s. */
enum {
  PH_EPOLLIN = PH_POLLIN,
  PH_EPOLLPRI = PH_POLLPRI,
  PH_EPOLLOUT = PH_POLLOUT,
  PH_EPOLLERR = PH_POLLERR,
  PH_EPOLLHUP = PH_POLLHUP,
  PH_EPOLLRDNORM = PH_POLLRDNORM,
  PH_EPOLLWRNORM = PH_POLLWRNORM,
  PH_EPOLLRDHUP = PH_POLLRDHUP,
};
#define PH_EPOLLWAKEUP (1u << 29) /* accepted; there is no sleep to prevent */
#define PH_EPOLLONESHOT (1u << 30)
#define PH_EPOLLET (1u << 31)
enum { PH_EPOLL_CLOEXEC = 02000000 };
enum { PH_EPOLL_CTL_ADD = 1, PH_EPOLL_CTL_DEL = 2, PH_EPOLL_CTL_MOD = 3 };
enum { PH_FD_SETSIZE = 1024 };
enum { PH_SOL_SOCKET = 1, PH_SOL_RAW = 255 };
enum { PH_ICMP_FILTER = 1, PH_ICMP6_FILTER = 1 };
enum { PH_UDP_SEGMENT = 103, PH_UDP_GRO = 104 };
enum {
  PH_IP_PKTINFO = 8,
  PH_IP_MTU_DISCOVER = 10, /* PH_PMTUDISC_* */
  PH_IP_RECVERR = 11,
  PH_IP_RECVTTL = 12,
  PH_IP_RECVTOS = 13,
  PH_IPV6_RECVHOPLIMIT = 51,
  PH_IPV6_HOPLIMIT = 52,
  PH_IPV6_RECVTCLASS = 66,
};
/* May packets be fragmented? Of datagrams: always; those that the path does not
 * take whole; never, they are refused; never, whatever the path is said to
 * take. TCP makes none that need it. */
enum {
  PH_PMTUDISC_DONT = 0,
  PH_PMTUDISC_WANT = 1,
  PH_PMTUDISC_DO = 2,
  PH_PMTUDISC_PROBE = 3,
};
enum {
  PH_IP_MULTICAST_IF = 32, /* struct ph_ip_mreqn, or an address */
  PH_IP_MULTICAST_TTL = 33,
  PH_IP_MULTICAST_LOOP = 34,
  PH_IP_ADD_MEMBERSHIP = 35, /* struct ph_ip_mreqn, or its first two */
  PH_IP_DROP_MEMBERSHIP = 36,
  PH_IP_UNBLOCK_SOURCE = 37, /* struct ph_ip_mreq_source */
  PH_IP_BLOCK_SOURCE = 38,
  PH_IP_ADD_SOURCE_MEMBERSHIP = 39,
  PH_IP_DROP_SOURCE_MEMBERSHIP = 40,
  PH_IP_MSFILTER = 41,        /* struct ph_ip_msfilter */
  PH_MCAST_JOIN_GROUP = 42,   /* struct ph_group_req, of both families */
  PH_MCAST_BLOCK_SOURCE = 43, /* struct ph_group_source_req */
  PH_MCAST_UNBLOCK_SOURCE = 44,
  PH_MCAST_LEAVE_GROUP = 45,
  PH_MCAST_JOIN_SOURCE_GROUP = 46,
  PH_MCAST_LEAVE_SOURCE_GROUP = 47,
  PH_MCAST_MSFILTER = 48, /* struct ph_group_filter */
  PH_IP_MULTICAST_ALL = 49,
};
enum { PH_MCAST_EXCLUDE = 0, PH_MCAST_INCLUDE = 1 };
struct ph_ip_mreq_source { /* network order */
  uint32_t imr_multiaddr, imr_interface, imr_sourceaddr;
};
struct ph_ip_msfilter { /* network order but the numbers */
  uint32_t imsf_multiaddr, imsf_interface, imsf_fmode, imsf_numsrc;
  uint32_t imsf_slist[];
};
struct ph_sockaddr_storage {
  uint16_t ss_family;
  uint8_t ss_bytes[126];
} __attribute__((aligned(sizeof(long))));
struct ph_group_req {
  uint32_t gr_interface; /* its index; 0: by the route */
  struct ph_sockaddr_storage gr_group;
};
struct ph_group_source_req {
  uint32_t gsr_interface;
  struct ph_sockaddr_storage gsr_group, gsr_source;
};
struct ph_group_filter {
  uint32_t gf_interface;
  struct ph_sockaddr_storage gf_group;
  uint32_t gf_fmode, gf_numsrc;
  struct ph_sockaddr_storage gf_slist[];
};
struct ph_ip_mreqn {
  uint32_t imr_multiaddr, imr_address; /* network order */
  int32_t imr_ifindex;
};
enum { PH_IP_TOS = 1, PH_IP_TTL = 2, PH_IP_HDRINCL = 3, PH_IP_MTU = 14 };
enum {
  PH_IPV6_UNICAST_HOPS = 16,
  PH_IPV6_MULTICAST_IF = 17,
  PH_IPV6_MULTICAST_HOPS = 18,
  PH_IPV6_MULTICAST_LOOP = 19,
  PH_IPV6_JOIN_GROUP = 20, /* struct ph_ipv6_mreq */
  PH_IPV6_LEAVE_GROUP = 21,
  PH_IPV6_MTU_DISCOVER = 23,
  PH_IPV6_MTU = 24,
  PH_IPV6_RECVERR = 25,
  PH_IPV6_V6ONLY = 26,
  PH_IPV6_MULTICAST_ALL = 29,
  PH_IPV6_RECVPKTINFO = 49,
  PH_IPV6_PKTINFO = 50,
  PH_IPV6_TCLASS = 67,
};
struct ph_ipv6_mreq {
  uint8_t ipv6mr_multiaddr[16];
  int32_t ipv6mr_ifindex; /* 0: the first */
};
enum {
  PH_SO_REUSEADDR = 2,
  PH_SO_TYPE = 3,
  PH_SO_ERROR = 4,
  PH_SO_BROADCAST = 6,
  PH_SO_SNDBUF = 7,
  PH_SO_RCVBUF = 8,
  PH_SO_KEEPALIVE = 9,
  PH_SO_OOBINLINE = 10,
  PH_SO_LINGER = 13,
  PH_SO_REUSEPORT = 15,
  PH_SO_RCVLOWAT = 18, /* of streams */
  PH_SO_SNDLOWAT = 19, /* read only: 1 */
  PH_SO_RCVTIMEO = 20,
  PH_SO_SNDTIMEO = 21,
  PH_SO_BINDTODEVICE = 25, /* the interface's name; of datagram sockets */
  PH_SO_TIMESTAMP = 29,    /* by the stack's time */
  PH_SO_ACCEPTCONN = 30,
  PH_SO_TIMESTAMPNS = 35, /* one of the two */
  PH_SO_PROTOCOL = 38,
  PH_SO_DOMAIN = 39,
};
enum {
  PH_TCP_NODELAY = 1,
  PH_TCP_MAXSEG = 2,
  PH_TCP_CORK = 3,
  PH_TCP_KEEPIDLE = 4,
  PH_TCP_KEEPINTVL = 5,
  PH_TCP_KEEPCNT = 6,
  PH_TCP_SYNCNT = 7,
  PH_TCP_LINGER2 = 8,
  PH_TCP_DEFER_ACCEPT = 9,
  PH_TCP_INFO = 11,
  PH_TCP_QUICKACK = 12,
  PH_TCP_CONGESTION = 13,
  PH_TCP_USER_TIMEOUT = 18,
  PH_TCP_NOTSENT_LOWAT = 25,
  PH_TCP_INQ = 36,     /* also the type of the control message */
  PH_TCP_ARQ = 0x5048, /* ours: struct ph_tcp_arq */
};
/* Textbook ARQ instead of loss recovery and congestion control: see
 * docs/tcp/arq.md. To be set at both ends before the connection is made. */
enum {
  PH_TCP_ARQ_OFF = 0,
  PH_TCP_ARQ_STOP_AND_WAIT = 1,
  PH_TCP_ARQ_GO_BACK_N = 2,
  PH_TCP_ARQ_SELECTIVE_REPEAT = 3,
};
/* setsockopt() may give the mode alone; the rest is 0 then, the default. */
struct ph_tcp_arq {
  int32_t mode;             /* PH_TCP_ARQ_* */
  uint32_t window;          /* N in segments, 1 to 32767; default 16 */
  uint32_t timeout_percent; /* of the round trip time, 100 to 10000; 125 */
};
enum { PH_F_GETFD = 1, PH_F_SETFD = 2, PH_F_GETFL = 3, PH_F_SETFL = 4 };
enum { PH_FD_CLOEXEC = 1, PH_O_NONBLOCK = 04000 };
enum {
  PH_FIONREAD = 0x541B,
  PH_SIOCATMARK = 0x8905, /* is the next byte the urgent one? */
  PH_FIONBIO = 0x5421,
  PH_SIOCOUTQ = 0x5411,    /* bytes that the peer has not acknowledged */
  PH_SIOCOUTQNSD = 0x894B, /* of these, bytes never sent */
};

typedef uint32_t ph_socklen_t;

struct ph_sockaddr {
  uint16_t sa_family;
  char sa_data[14];
};

struct ph_sockaddr_in {
  uint16_t sin_family; /* PH_AF_INET */
  uint16_t sin_port;   /* network order */
  uint32_t sin_addr;   /* network order */
  uint8_t sin_zero[8];
};

struct ph_sockaddr_in6 {
  uint16_t sin6_family; /* PH_AF_INET6 */
  uint16_t sin6_port;   /* network order */
  uint32_t sin6_flowinfo;
  uint8_t sin6_addr[16];  /* may be IPv4-mapped, unless IPV6_V6ONLY */
  uint32_t sin6_scope_id; /* of a link-local address: the interface's index */
};

struct ph_msghdr {
  void *msg_name; /* struct ph_sockaddr_in or _in6, or NULL */
  ph_socklen_t msg_namelen;
  struct ph_iovec *msg_iov; /* stack/base/types.h */
  size_t msg_iovlen;
  void *msg_control;     /* read by ph_sendmsg(), filled by ph_recvmsg() */
  size_t msg_controllen; /* its room; how much of it was filled */
  int msg_flags;         /* set by ph_recvmsg(): PH_MSG_TRUNC */
};

struct ph_pollfd {
  int fd;
  int16_t events;
  int16_t revents;
};

struct ph_mmsghdr {
  struct ph_msghdr msg_hdr;
  uint32_t msg_len; /* bytes sent or received */
};

struct ph_timespec {
  int64_t tv_sec, tv_nsec;
};

struct ph_timeval {
  int64_t tv_sec, tv_usec;
};

struct ph_fd_set {
  unsigned long fds_bits[PH_FD_SETSIZE / (8 * sizeof(unsigned long))];
};

union ph_epoll_data {
  void *ptr;
  int fd;
  uint32_t u32;
  uint64_t u64;
};

#ifdef __x86_64__ /* Linux has the 32-bit layout there */
#define PH_EPOLL_PACKED __attribute__((packed))
#else
#define PH_EPOLL_PACKED
#endif
struct ph_epoll_event {
  uint32_t events;
  union ph_epoll_data data;
} PH_EPOLL_PACKED;

enum {
  PH_TCPI_OPT_TIMESTAMPS = 1,
  PH_TCPI_OPT_SACK = 2,
  PH_TCPI_OPT_WSCALE = 4,
  PH_TCPI_OPT_ECN = 8,
};

/* TCP_INFO. Times in us unless _ms; windows in segments where Linux has them
 * so. What this stack does not measure is 0: docs/programmers_guide.md. */
struct ph_tcp_info {
  uint8_t tcpi_state, tcpi_ca_state;
  uint8_t tcpi_retransmits; /* consecutive timeouts */
  uint8_t tcpi_probes;      /* without an answer */
  uint8_t tcpi_backoff;
  uint8_t tcpi_options; /* PH_TCPI_OPT_... */
  uint8_t tcpi_wscale;  /* theirs in the low half, ours in the high */
  uint8_t tcpi_flags;
  uint32_t tcpi_rto, tcpi_ato, tcpi_snd_mss, tcpi_rcv_mss;
  uint32_t tcpi_unacked, tcpi_sacked, tcpi_lost, tcpi_retrans, tcpi_fackets;
  uint32_t tcpi_last_data_sent, tcpi_last_ack_sent; /* ms ago */
  uint32_t tcpi_last_data_recv, tcpi_last_ack_recv;
  uint32_t tcpi_pmtu, tcpi_rcv_ssthresh, tcpi_rtt, tcpi_rttvar;
  uint32_t tcpi_snd_ssthresh, tcpi_snd_cwnd; /* segments */
  uint32_t tcpi_advmss, tcpi_reordering, tcpi_rcv_rtt, tcpi_rcv_space;
  uint32_t tcpi_total_retrans; /* segments */
  uint64_t tcpi_pacing_rate, tcpi_max_pacing_rate;
  uint64_t tcpi_bytes_acked, tcpi_bytes_received;
  uint32_t tcpi_segs_out, tcpi_segs_in, tcpi_notsent_bytes, tcpi_min_rtt;
  uint32_t tcpi_data_segs_in, tcpi_data_segs_out;
  uint64_t tcpi_delivery_rate, tcpi_busy_time, tcpi_rwnd_limited;
  uint64_t tcpi_sndbuf_limited;
  uint32_t tcpi_delivered, tcpi_delivered_ce;
  uint64_t tcpi_bytes_sent, tcpi_bytes_retrans;
  uint32_t tcpi_dsack_dups, tcpi_reord_seen, tcpi_rcv_ooopack, tcpi_snd_wnd;
};

struct ph_socket_config {
  uint32_t max_sockets;    /* descriptors 0 .. max_sockets - 1; <= 262144 */
  uint32_t max_epolls;     /* epoll instances; 0: 16 */
  uint32_t max_watches;    /* sockets in them; 0: up to 256 */
  uint32_t default_sndbuf; /* to start with, in bytes; 0: 256 KiB. How far */
  uint32_t default_rcvbuf; /* they grow is ph_tcp_config's */
};

/* After ph_ipv4_init(), ph_udp_init(), ph_tcp_init(). */
int ph_socket_init(struct ph_stack *stack,
                   const struct ph_socket_config *config) PH_MUST_USE;

/* Then: the options for groups (PH_IP_MULTICAST_..., PH_IPV6_JOIN_GROUP, ...).
 * `memberships` of all sockets together, and eight times as many senders in
 * their filters. 0, -PH_ENOMEM. */
int ph_multicast_init(struct ph_stack *stack, uint32_t memberships) PH_MUST_USE;

int ph_socket(struct ph_stack *stack, int domain, int type, int protocol);
int ph_bind(struct ph_stack *stack, int fd, const void *addr, ph_socklen_t len);
int ph_listen(struct ph_stack *stack, int fd, int backlog);
int ph_accept(struct ph_stack *stack, int fd, void *addr, ph_socklen_t *len);
int ph_accept4(struct ph_stack *stack, int fd, void *addr, ph_socklen_t *len,
               int flags);
int ph_connect(struct ph_stack *stack, int fd, const void *addr,
               ph_socklen_t len);
long ph_send(struct ph_stack *stack, int fd, const void *data, size_t len,
             int flags);
long ph_sendto(struct ph_stack *stack, int fd, const void *data, size_t len,
               int flags, const void *addr, ph_socklen_t addr_len);
long ph_recv(struct ph_stack *stack, int fd, void *data, size_t len, int flags);
long ph_recvfrom(struct ph_stack *stack, int fd, void *data, size_t len,
                 int flags, void *addr, ph_socklen_t *addr_len);
long ph_writev(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
               int count);
long ph_readv(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
              int count);
/* `flags`: PH_MSG_...; those that a call does not know are ignored. */
long ph_sendmsg(struct ph_stack *stack, int fd, const struct ph_msghdr *msg,
                int flags);
long ph_recvmsg(struct ph_stack *stack, int fd, struct ph_msghdr *msg,
                int flags);
/* Up to 1024 messages. How many were sent or received; an error if it was none.
 * `timeout` is looked at after each message, as in Linux; NULL: none. */
int ph_sendmmsg(struct ph_stack *stack, int fd, struct ph_mmsghdr *messages,
                uint32_t count, int flags);
int ph_recvmmsg(struct ph_stack *stack, int fd, struct ph_mmsghdr *messages,
                uint32_t count, int flags, struct ph_timespec *timeout);
int ph_shutdown(struct ph_stack *stack, int fd, int how);
int ph_close(struct ph_stack *stack, int fd);
int ph_setsockopt(struct ph_stack *stack, int fd, int level, int option,
                  const void *value, ph_socklen_t len);
int ph_getsockopt(struct ph_stack *stack, int fd, int level, int option,
                  void *value, ph_socklen_t *len);
int ph_getsockname(struct ph_stack *stack, int fd, void *addr,
                   ph_socklen_t *len);
int ph_getpeername(struct ph_stack *stack, int fd, void *addr,
                   ph_socklen_t *len);
int ph_fcntl(struct ph_stack *stack, int fd, int command, int argument);
int ph_ioctl(struct ph_stack *stack, int fd, unsigned long request,
             void *argument);

/* `timeout_ms` < 0: for ever. */
int ph_poll(struct ph_stack *stack, struct ph_pollfd *fds, uint32_t count,
            int timeout_ms);
/* Descriptors from PH_FD_SETSIZE on can't be asked for. `timeout` NULL: for
 * ever; as in Linux, what is left of it is stored. */
int ph_select(struct ph_stack *stack, int nfds, struct ph_fd_set *readfds,
              struct ph_fd_set *writefds, struct ph_fd_set *exceptfds,
              struct ph_timeval *timeout);
/* An epoll instance is a descriptor, closed by ph_close(). The cost of an event
 * does not grow with the number of sockets watched. It can't watch another
 * instance; ph_poll() and ph_select() can. */
int ph_epoll_create(struct ph_stack *stack, int size);
int ph_epoll_create1(struct ph_stack *stack, int flags);
int ph_epoll_ctl(struct ph_stack *stack, int epfd, int op, int fd,
                 struct ph_epoll_event *event);
int ph_epoll_wait(struct ph_stack *stack, int epfd,
                  struct ph_epoll_event *events, int max_events,
                  int timeout_ms);

/* For netstat: describes descriptor `fd`; -PH_EBADF if it is free,
 * -PH_ENOTSOCK if it is an epoll instance. */
/* What limits a connection, one at each moment: docs/diagnose.md. */
enum ph_limit {
  PH_LIMIT_IDLE, /* all that was written has arrived */
  PH_LIMIT_SENDER,
  PH_LIMIT_SEND_BUFFER,
  PH_LIMIT_RECEIVER,
  PH_LIMIT_RECEIVE_BUFFER,
  PH_LIMIT_CONGESTION,
  PH_LIMIT_WIRE,
  PH_LIMIT_COUNT
};

struct ph_socket_info {
  int type;
  const char *state; /* "ESTABLISHED", ...; "" for datagram sockets */
  struct ph_addr local, remote;
  uint16_t local_port, remote_port;
  uint32_t recv_queue, send_queue;                /* bytes */
  uint32_t cwnd, ssthresh, snd_wnd, rcv_wnd, mss; /* bytes */
  uint64_t srtt_ns, rto_ns;
  uint64_t retransmissions;
  uint64_t bytes_sent, bytes_received;
  uint64_t limit_ns[PH_LIMIT_COUNT]; /* if ph_tcp_count_limits() was called */
};
int ph_socket_info(struct ph_stack *stack, int fd, struct ph_socket_info *info);
/* The lowest open descriptor from `fd` on; -PH_EBADF past the last. */
int ph_socket_next(struct ph_stack *stack, int fd);
/* Connections that no descriptor names any more (TIME-WAIT, ...); `index`
 * from 0; -PH_ENOENT past the last. */
int ph_orphan_info(struct ph_stack *stack, uint32_t index,
                   struct ph_socket_info *info);

#endif
