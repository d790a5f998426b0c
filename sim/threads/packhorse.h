/* SPDX-License-Identifier: Apache-2.0 */
/* Packhorse in a program on Linux: a TCP/IP stack of its own, in a library that
 * any number of threads may call.
 *
 *   struct packhorse_config config = {.tap = "ph0", .address =
 * {"10.0.0.1/24"}}; struct packhorse *stack = packhorse_start(&config); int fd
 * = packhorse_socket(AF_INET, SOCK_STREAM, 0);
 *
 * The socket calls have POSIX's names with a prefix, its meaning and its
 * results: -1 and errno. Types, structures and constants are those of the
 * system's own headers. With
 *
 *   #define PACKHORSE_BSD_NAMES
 *   #include "sim/threads/packhorse.h"
 *
 * the plain names mean them: a program that says socket(), connect() and
 * close() uses this stack, unchanged. Descriptors are the stack's: they name
 * nothing of the system's, and the system's name nothing here (stdin is no
 * descriptor for packhorse_poll()). SIGPIPE is never raised; signals interrupt
 * no call; calls are no cancellation points. A close() wakes who waits for the
 * descriptor in another thread: their calls end with EBADF. The stack does not
 * survive fork().
 *
 * docs/programmers_guide.md, section 5.
 */
#ifndef PH_SIM_THREADS_PACKHORSE_H
#define PH_SIM_THREADS_PACKHORSE_H

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#pragma GCC visibility push(default)

/* ---- A stack ------------------------------------------------------------- */

enum { PACKHORSE_ADDRESSES = 4 };

/* All but `tap` or `frames_fd` may be 0. */
struct packhorse_config {
  /* A TAP device of Linux, made if there is none; Linux's end of it is the
   * administrator's: ip address add 10.0.0.2/24 dev ph0, ip link set ph0 up. */
  const char *tap;
  /* Without `tap`: every read() and write() of it is an Ethernet frame. It is
   * the stack's until packhorse_free(), which closes it; if packhorse_start()
   * fails it stays the caller's. */
  int frames_fd;
  /* And before each is a struct virtio_net_hdr, as TAP has it: super-segments
   * of up to 64 KiB cross whole, without checksums. */
  bool frames_vnet;
  uint8_t mac[6]; /* one by chance */
  uint16_t mtu;   /* 576 to 9000; 1500 */
  /* Of either family: "10.0.0.1/24", "fd00::1/64", "10.0.0.254", "fd00::fe".
   * packhorse_start() waits a second or two for the sign that nobody else has
   * an IPv6 address; EADDRINUSE: somebody has. A link-local one is made, and
   * what routers advertise is taken. */
  const char *address[PACKHORSE_ADDRESSES];
  const char *gateway[PACKHORSE_ADDRESSES];
  const char *name_server;
  /* Or ask a DHCP server (RFC 2131) for these: packhorse_start() waits so many
   * milliseconds for an address, then it is ETIMEDOUT; it takes 5 s at least,
   * mostly 10 (the others are asked whether they have it). 0: don't ask. */
  uint32_t dhcp_ms;
  bool ipv4_only;
  uint32_t sockets; /* and as many connections; up to 100 000; 1024 */
};

/* A stack and the thread that drives it; NULL and errno. The strings are not
 * kept. */
struct packhorse *packhorse_start(const struct packhorse_config *config);

/* This thread's calls go to `stack`; NULL: to the oldest one that there is,
 * where those of threads go that never asked. */
void packhorse_use(struct packhorse *stack);

/* No more calls: those that wait end with ENETDOWN, as do all that come later.
 * Every descriptor is closed; for at most `wait_ms` what was written is still
 * sent and acknowledged. Once. */
void packhorse_stop(struct packhorse *stack, int wait_ms);

/* After packhorse_stop(), when no thread will use it any more. */
void packhorse_free(struct packhorse *stack);

/* ---- Sockets ------------------------------------------------------------- */

int packhorse_socket(int domain, int type, int protocol);
int packhorse_bind(int fd, const void *addr, socklen_t len);
int packhorse_listen(int fd, int backlog);
int packhorse_accept(int fd, void *addr, socklen_t *len);
int packhorse_accept4(int fd, void *addr, socklen_t *len, int flags);
int packhorse_connect(int fd, const void *addr, socklen_t len);
int packhorse_shutdown(int fd, int how);
int packhorse_close(int fd);

ssize_t packhorse_send(int fd, const void *data, size_t len, int flags);
ssize_t packhorse_sendto(int fd, const void *data, size_t len, int flags,
                         const void *addr, socklen_t addr_len);
ssize_t packhorse_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t packhorse_write(int fd, const void *data, size_t len);
ssize_t packhorse_writev(int fd, const struct iovec *iov, int count);
ssize_t packhorse_recv(int fd, void *data, size_t len, int flags);
ssize_t packhorse_recvfrom(int fd, void *data, size_t len, int flags,
                           void *addr, socklen_t *addr_len);
ssize_t packhorse_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t packhorse_read(int fd, void *data, size_t len);
ssize_t packhorse_readv(int fd, const struct iovec *iov, int count);

int packhorse_setsockopt(int fd, int level, int option, const void *value,
                         socklen_t len);
int packhorse_getsockopt(int fd, int level, int option, void *value,
                         socklen_t *len);
int packhorse_getsockname(int fd, void *addr, socklen_t *len);
int packhorse_getpeername(int fd, void *addr, socklen_t *len);
int packhorse_fcntl(int fd, int command, ...);
int packhorse_ioctl(int fd, unsigned long request, ...);

int packhorse_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int packhorse_select(int nfds, fd_set *readfds, fd_set *writefds,
                     fd_set *exceptfds, struct timeval *timeout);
int packhorse_epoll_create(int size);
int packhorse_epoll_create1(int flags);
int packhorse_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int packhorse_epoll_wait(int epfd, struct epoll_event *events, int max_events,
                         int timeout_ms);

int packhorse_getaddrinfo(const char *node, const char *service,
                          const struct addrinfo *hints,
                          struct addrinfo **result);
void packhorse_freeaddrinfo(struct addrinfo *list);
int packhorse_getnameinfo(const void *addr, socklen_t len, char *host,
                          socklen_t host_len, char *service,
                          socklen_t service_len, int flags);
const char *packhorse_gai_strerror(int error);

#pragma GCC visibility pop

#ifdef PACKHORSE_BSD_NAMES
#define socket packhorse_socket
#define bind packhorse_bind
#define listen packhorse_listen
#define accept packhorse_accept
#define accept4 packhorse_accept4
#define connect packhorse_connect
#define shutdown packhorse_shutdown
#define close packhorse_close
#define send packhorse_send
#define sendto packhorse_sendto
#define sendmsg packhorse_sendmsg
#define write packhorse_write
#define writev packhorse_writev
#define recv packhorse_recv
#define recvfrom packhorse_recvfrom
#define recvmsg packhorse_recvmsg
#define read packhorse_read
#define readv packhorse_readv
#define setsockopt packhorse_setsockopt
#define getsockopt packhorse_getsockopt
#define getsockname packhorse_getsockname
#define getpeername packhorse_getpeername
#define fcntl packhorse_fcntl
#define ioctl packhorse_ioctl
#define poll packhorse_poll
#define select packhorse_select
#define epoll_create packhorse_epoll_create
#define epoll_create1 packhorse_epoll_create1
#define epoll_ctl packhorse_epoll_ctl
#define epoll_wait packhorse_epoll_wait
#define getaddrinfo packhorse_getaddrinfo
#define freeaddrinfo packhorse_freeaddrinfo
#define getnameinfo packhorse_getnameinfo
#define gai_strerror packhorse_gai_strerror
#endif

#endif
