/* SPDX-License-Identifier: Apache-2.0 */
/* Socket calls on our stack or on the host's kernel, with the same results:
 * a count or -errno. */
#ifndef PH_TESTS_STACK_BOTH_H
#define PH_TESTS_STACK_BOTH_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { RESULTS = 4000 };

struct api {
  struct ph_stack *stack; /* NULL: the host's sockets */
  struct pair *pair;
  int count;
  struct {
    int line;
    const char *what;
    long result;
  } results[RESULTS];
};

#define CALL(a, ours, theirs) \
  ((a)->stack ? (long)(ours) : ((long)(theirs) < 0 ? -(long)errno : last_))
/* The host's result is needed after errno was looked at. */
static long last_ __attribute__((unused));
#define HOST(expression) (last_ = (long)(expression))

static inline long s_socket(struct api *a, int d, int t, int p) {
  return CALL(a, ph_socket(a->stack, d, t, p), HOST(socket(d, t, p)));
}
static inline long s_bind(struct api *a, long fd, const void *n, unsigned len) {
  return CALL(a, ph_bind(a->stack, (int)fd, n, len),
              HOST(bind((int)fd, n, len)));
}
static inline long s_listen(struct api *a, long fd, int backlog) {
  return CALL(a, ph_listen(a->stack, (int)fd, backlog),
              HOST(listen((int)fd, backlog)));
}
static inline long s_accept(struct api *a, long fd, int flags) {
  return CALL(a, ph_accept4(a->stack, (int)fd, NULL, NULL, flags),
              HOST(accept4((int)fd, NULL, NULL, flags)));
}
static inline long s_connect(struct api *a, long fd, const void *n,
                             unsigned len) {
  return CALL(a, ph_connect(a->stack, (int)fd, n, len),
              HOST(connect((int)fd, n, len)));
}
static inline long s_send(struct api *a, long fd, const void *p, size_t n,
                          int f) {
  return CALL(a, ph_send(a->stack, (int)fd, p, n, f),
              HOST(send((int)fd, p, n, f | MSG_NOSIGNAL)));
}
static inline long s_sendto(struct api *a, long fd, const void *p, size_t n,
                            const void *to, unsigned len) {
  return CALL(a, ph_sendto(a->stack, (int)fd, p, n, 0, to, len),
              HOST(sendto((int)fd, p, n, MSG_NOSIGNAL, to, len)));
}
static inline long s_recv(struct api *a, long fd, void *p, size_t n, int f) {
  return CALL(a, ph_recv(a->stack, (int)fd, p, n, f),
              HOST(recv((int)fd, p, n, f)));
}
static inline long s_shutdown(struct api *a, long fd, int how) {
  return CALL(a, ph_shutdown(a->stack, (int)fd, how),
              HOST(shutdown((int)fd, how)));
}
static inline long s_close(struct api *a, long fd) {
  return CALL(a, ph_close(a->stack, (int)fd), HOST(close((int)fd)));
}
static inline long s_getsockopt(struct api *a, long fd, int l, int o, void *v,
                                unsigned *len) {
  return CALL(a, ph_getsockopt(a->stack, (int)fd, l, o, v, len),
              HOST(getsockopt((int)fd, l, o, v, len)));
}
static inline long s_setsockopt(struct api *a, long fd, int l, int o,
                                const void *v, unsigned len) {
  return CALL(a, ph_setsockopt(a->stack, (int)fd, l, o, v, len),
              HOST(setsockopt((int)fd, l, o, v, len)));
}
static inline long s_sockname(struct api *a, long fd, void *n, unsigned *len) {
  return CALL(a, ph_getsockname(a->stack, (int)fd, n, len),
              HOST(getsockname((int)fd, n, len)));
}
static inline long s_peername(struct api *a, long fd, void *n, unsigned *len) {
  return CALL(a, ph_getpeername(a->stack, (int)fd, n, len),
              HOST(getpeername((int)fd, n, len)));
}
static inline long s_pending(struct api *a, long fd) {
  int n = 0;
  long r = CALL(a, ph_ioctl(a->stack, (int)fd, PH_FIONREAD, &n),
                HOST(ioctl((int)fd, FIONREAD, &n)));
  return r < 0 ? r : n;
}
static inline long s_poll(struct api *a, long fd, int events) {
  struct ph_pollfd ours = {(int)fd, (int16_t)events, 0};
  struct pollfd theirs = {(int)fd, (short)events, 0};
  long r = CALL(a, ph_poll(a->stack, &ours, 1, 0), HOST(poll(&theirs, 1, 0)));
  return r < 0 ? r : a->stack ? ours.revents : theirs.revents;
}
static inline long s_sendmsg(struct api *a, long fd, struct msghdr *m, int f) {
  return CALL(a, ph_sendmsg(a->stack, (int)fd, (void *)m, f),
              HOST(sendmsg((int)fd, m, f | MSG_NOSIGNAL)));
}
static inline long s_recvmsg(struct api *a, long fd, struct msghdr *m, int f) {
  return CALL(a, ph_recvmsg(a->stack, (int)fd, (void *)m, f),
              HOST(recvmsg((int)fd, m, f)));
}
static inline long s_sendmmsg(struct api *a, long fd, struct mmsghdr *m,
                              unsigned count, int f) {
  return CALL(a, ph_sendmmsg(a->stack, (int)fd, (void *)m, count, f),
              HOST(sendmmsg((int)fd, m, count, f | MSG_NOSIGNAL)));
}
static inline long s_recvmmsg(struct api *a, long fd, struct mmsghdr *m,
                              unsigned count, int f, struct timespec *t) {
  return CALL(a, ph_recvmmsg(a->stack, (int)fd, (void *)m, count, f, (void *)t),
              HOST(recvmmsg((int)fd, m, count, f, t)));
}
static inline long s_writev(struct api *a, long fd, struct iovec *v, int n) {
  return CALL(a, ph_writev(a->stack, (int)fd, (void *)v, n),
              HOST(writev((int)fd, v, n)));
}
static inline long s_readv(struct api *a, long fd, struct iovec *v, int n) {
  return CALL(a, ph_readv(a->stack, (int)fd, (void *)v, n),
              HOST(readv((int)fd, v, n)));
}
static inline long s_recvfrom(struct api *a, long fd, void *p, size_t n, int f,
                              void *from, unsigned *len) {
  return CALL(a, ph_recvfrom(a->stack, (int)fd, p, n, f, from, len),
              HOST(recvfrom((int)fd, p, n, f, from, len)));
}
static inline long s_ioctl(struct api *a, long fd, unsigned long request,
                           int *value) {
  return CALL(a, ph_ioctl(a->stack, (int)fd, request, value),
              HOST(ioctl((int)fd, request, value)));
}
static inline long s_fcntl(struct api *a, long fd, int command, int argument) {
  return CALL(a, ph_fcntl(a->stack, (int)fd, command, argument),
              HOST(fcntl((int)fd, command, argument)));
}
static inline long s_epoll_create(struct api *a, int flags) {
  return CALL(a, ph_epoll_create1(a->stack, flags), HOST(epoll_create1(flags)));
}
static inline long s_epoll_ctl(struct api *a, long ep, int op, long fd,
                               struct epoll_event *event) {
  return CALL(a, ph_epoll_ctl(a->stack, (int)ep, op, (int)fd, (void *)event),
              HOST(epoll_ctl((int)ep, op, (int)fd, event)));
}
static inline long s_epoll_wait(struct api *a, long ep,
                                struct epoll_event *events, int max, int ms) {
  return CALL(a, ph_epoll_wait(a->stack, (int)ep, (void *)events, max, ms),
              HOST(epoll_wait((int)ep, events, max, ms)));
}
static inline long s_select(struct api *a, long n, fd_set *r, fd_set *w,
                            fd_set *e, struct timeval *t) {
  return CALL(
      a,
      ph_select(a->stack, (int)n, (void *)r, (void *)w, (void *)e, (void *)t),
      HOST(select((int)n, r, w, e, t)));
}
/* Let what was sent arrive. The host's loopback needs no time of its own, but a
 * busy host may leave the work to a thread. */
static inline void settle(struct api *a) {
  if (a->pair) {
    pair_pass(a->pair, 200 * PAIR_MS);
  } else {
    usleep(300);
  }
}

/* Write a result down: both runs must give the same list. */
void note(struct api *a, int line, const char *what, long result);
long note_result(struct api *a, int line, const char *what, long result);
#define R(call) note_result(a, __LINE__, #call, (call))
/* A new descriptor: only whether it is one. */
#define FD(call) \
  (fd_ = (call), note(a, __LINE__, #call, fd_ < 0 ? fd_ : 0), fd_)
static long fd_ __attribute__((unused));

/* ::ffff:127.0.0.1 */
extern const struct in6_addr both_mapped;
/* 127.0.0.1, with a port in network order. */
struct sockaddr_in local(uint16_t port);
/* By getsockname(), in network order. */
uint16_t port_of(struct api *a, long fd);
/* An option that is an int. */
int option(struct api *a, long fd, int level, int name);
long set_option(struct api *a, long fd, int level, int name, int value);

/* A listener and a connection to it. */
struct trio {
  long listener, client, server;
};
void trio_open(struct api *a, struct trio *t);
void trio_close(struct api *a, const struct trio *t);

/* There is no host to compare with: see netns.h. */
extern bool both_host_is_missing;

/* Run on the host's sockets, then on ours, and compare. */
void compare(void (*script)(struct api *a));

#define SAME(script)                                     \
  static void script##_as_on_linux(void **state) {       \
    /* EVIDENCE: the host's kernel; POSIX.1-2017 2.10 */ \
    (void)state;                                         \
    compare(script);                                     \
  }

#endif
