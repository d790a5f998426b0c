/* SPDX-License-Identifier: Apache-2.0 */
/* poll, select and epoll on our sockets and on the host's. */
#include <string.h>

#include "tests/stack/both.h"

enum { BAD = 999, FILL = 300000 };
static const int every = POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM |
                         POLLWRNORM | POLLRDBAND | POLLWRBAND;
static const uint32_t in_out = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

static long watch(struct api *a, long ep, int op, long fd, uint32_t events,
                  uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return s_epoll_ctl(a, ep, op, fd, &event);
}

/* What an instance reports: events and data of the first, and how many. */
static long look(struct api *a, long ep) {
  struct epoll_event events[8] = {{0}};
  long n = s_epoll_wait(a, ep, events, 8, 0);
  return n <= 0 ? n
                : (long)(events[0].events + (events[0].data.u64 << 32) +
                         ((uint64_t)n << 48));
}

/* ---- poll ---------------------------------------------------------------- */

static void polls(struct api *a) {
  struct trio t;
  char c;
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_poll(a, fd, every));
  R(s_listen(a, fd, 1));
  R(s_poll(a, fd, every));
  R(s_close(a, fd));
  R(s_poll(a, fd, every));
  R(s_poll(a, -1, every));
  fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_poll(a, fd, every));
  R(s_close(a, fd));
  trio_open(a, &t);
  R(s_poll(a, t.client, every));
  R(s_poll(a, t.client, 0));
  R(s_send(a, t.client, "x", 1, 0));
  settle(a);
  R(s_poll(a, t.server, every));
  R(s_poll(a, t.server, POLLOUT));
  R(s_recv(a, t.server, &c, 1, 0));
  R(s_poll(a, t.server, every));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(s_poll(a, t.client, every));
  R(s_poll(a, t.server, every));
  R(s_poll(a, t.server, POLLIN));
  R(s_shutdown(a, t.server, SHUT_WR));
  settle(a);
  R(s_poll(a, t.client, every));
  R(s_poll(a, t.server, every));
  R(s_poll(a, t.server, 0));
  trio_close(a, &t);
}

/* ---- select -------------------------------------------------------------- */

struct sets {
  fd_set r, w, e;
};

static void ask(struct sets *sets, long fd) {
  memset(sets, 0, sizeof(*sets));
  FD_SET((int)fd, &sets->r);
  FD_SET((int)fd, &sets->w);
  FD_SET((int)fd, &sets->e);
}

static long answer(const struct sets *sets, long fd) {
  return !!FD_ISSET((int)fd, &sets->r) + 2 * !!FD_ISSET((int)fd, &sets->w) +
         4 * !!FD_ISSET((int)fd, &sets->e);
}

static void selects(struct api *a) {
  struct trio t;
  struct sets set;
  struct timeval zero = {0, 0}, bad = {-1, 0}, some = {0, 5000};
  trio_open(a, &t);
  long top = t.server > t.client ? t.server + 1 : t.client + 1;
  ask(&set, t.client);
  R(s_select(a, top, &set.r, &set.w, &set.e, &zero));
  R(answer(&set, t.client));
  R(s_send(a, t.client, "x", 1, 0));
  settle(a);
  ask(&set, t.server);
  FD_SET((int)t.client, &set.r);
  R(s_select(a, top, &set.r, &set.w, &set.e, NULL));
  R(answer(&set, t.server));
  R(answer(&set, t.client));
  ask(&set, t.server);
  R(s_select(a, top, NULL, &set.w, NULL, NULL));
  R(s_select(a, top, &set.r, NULL, NULL, NULL));
  R(s_select(a, top, NULL, NULL, &set.e, &zero));
  R(FD_ISSET((int)t.server, &set.e));
  R(s_select(a, 0, &set.r, &set.w, &set.e, &zero));
  R(s_select(a, -1, &set.r, &set.w, &set.e, &zero));
  R(s_select(a, top, &set.r, &set.w, &set.e, &bad));
  ask(&set, t.client);
  R(s_select(a, top, &set.r, NULL, NULL, &some));
  R(some.tv_sec);
  R(some.tv_usec);
  R(answer(&set, t.client));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  ask(&set, t.server);
  R(s_select(a, top, &set.r, &set.w, &set.e, &zero));
  R(answer(&set, t.server));
  R(s_close(a, t.server));
  ask(&set, t.server);
  R(s_select(a, t.server + 1, &set.r, &set.w, &set.e, &zero));
  R(s_close(a, t.client));
  R(s_close(a, t.listener));
  settle(a);
}

/* ---- epoll --------------------------------------------------------------- */

static void epoll_arguments(struct api *a) {
  struct epoll_event events[2];
  volatile int minus_one = -1; /* the compiler looks through constants */
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_epoll_create(a, 1));
  long ep = FD(s_epoll_create(a, EPOLL_CLOEXEC));
  R(s_fcntl(a, ep, F_GETFD, 0));
  R(s_fcntl(a, ep, F_SETFD, 0));
  R(s_fcntl(a, ep, F_GETFD, 0));
  R(watch(a, ep, EPOLL_CTL_MOD, fd, EPOLLIN, 1));
  R(watch(a, ep, EPOLL_CTL_DEL, fd, EPOLLIN, 1));
  R(watch(a, ep, 77, fd, EPOLLIN, 1));
  R(watch(a, ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
  R(watch(a, fd, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
  R(watch(a, BAD, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
  R(watch(a, ep, EPOLL_CTL_ADD, BAD, EPOLLIN, 1));
  R(watch(a, -1, EPOLL_CTL_ADD, -1, EPOLLIN, 1));
  R(s_epoll_ctl(a, ep, EPOLL_CTL_ADD, fd, NULL));
  R(watch(a, ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
  R(watch(a, ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1));
  R(s_epoll_wait(a, ep, events, 0, 0));
  R(s_epoll_wait(a, ep, events, minus_one, 0));
  R(s_epoll_wait(a, BAD, events, 1, 0));
  R(s_epoll_wait(a, fd, events, 1, 0));
  R(look(a, ep));
  R(s_epoll_ctl(a, ep, EPOLL_CTL_DEL, fd, NULL));
  R(look(a, ep));
  char c;
  R(s_send(a, ep, &c, 1, 0));
  R(s_recv(a, ep, &c, 1, 0));
  R(s_listen(a, ep, 1));
  R(s_accept(a, ep, 0));
  R(s_shutdown(a, ep, 0));
  R(set_option(a, ep, SOL_SOCKET, SO_REUSEADDR, 1));
  R(s_close(a, ep));
  R(s_close(a, ep));
  R(s_close(a, fd));
}

static void epoll_level(struct api *a) {
  struct trio t;
  char buf[8];
  trio_open(a, &t);
  long ep = FD(s_epoll_create(a, 0));
  R(watch(a, ep, EPOLL_CTL_ADD, t.server, EPOLLIN | EPOLLRDHUP, 7));
  R(watch(a, ep, EPOLL_CTL_ADD, t.listener, EPOLLIN, 8));
  R(look(a, ep));
  R(s_poll(a, ep, every));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(s_poll(a, ep, every));
  R(look(a, ep));
  R(look(a, ep));
  R(s_recv(a, t.server, buf, 2, 0));
  R(look(a, ep));
  R(s_recv(a, t.server, buf, 2, 0));
  R(look(a, ep));
  R(s_poll(a, ep, every));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, in_out, 9));
  R(look(a, ep));
  R(look(a, ep));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, 0, 9));
  R(look(a, ep));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(look(a, ep));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, EPOLLRDHUP, 10));
  R(look(a, ep));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, 0, 9));
  R(s_shutdown(a, t.server, SHUT_WR));
  settle(a);
  R(look(a, ep)); /* hanging up is told unasked */
  struct sockaddr_in in = local(port_of(a, t.listener));
  long c = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, c, &in, sizeof(in)));
  settle(a);
  R(s_close(a, t.server)); /* leaves the instance by itself */
  R(look(a, ep));
  t.server = FD(s_accept(a, t.listener, 0));
  R(look(a, ep));
  R(s_close(a, c));
  trio_close(a, &t);
  R(look(a, ep));
  R(s_close(a, ep));
}

static void epoll_edge(struct api *a) {
  struct trio t;
  char buf[8];
  static char fill[FILL];
  trio_open(a, &t);
  R(s_fcntl(a, t.client, F_SETFL, O_NONBLOCK));
  R(s_fcntl(a, t.server, F_SETFL, O_NONBLOCK));
  long ep = FD(s_epoll_create(a, 0));
  R(watch(a, ep, EPOLL_CTL_ADD, t.server, in_out | EPOLLET, 1));
  R(look(a, ep));
  R(look(a, ep));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(look(a, ep));
  R(look(a, ep));
  R(s_recv(a, t.server, buf, 1, 0));
  R(look(a, ep)); /* what is left is not news */
  R(s_send(a, t.client, "d", 1, 0));
  settle(a);
  R(look(a, ep)); /* that is */
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, in_out | EPOLLET, 2));
  R(look(a, ep)); /* and asking anew */
  R(look(a, ep));
  R(s_send(a, t.client, "e", 1, 0));
  settle(a);
  R(s_recv(a, t.server, buf, 8, 0));
  R(look(a, ep)); /* room to write is all that is left */
  R(look(a, ep));
  /* Full, and empty again. */
  while (s_send(a, t.server, fill, FILL, 0) > 0) {
    settle(a);
  }
  R(look(a, ep));
  while (s_recv(a, t.client, fill, FILL, 0) > 0) {
    settle(a);
  }
  settle(a);
  R(look(a, ep));
  R(look(a, ep));
  R(s_close(a, t.client));
  settle(a);
  R(look(a, ep));
  R(look(a, ep));
  R(s_close(a, ep));
  R(s_close(a, t.server));
  R(s_close(a, t.listener));
  settle(a);
}

static void epoll_oneshot(struct api *a) {
  struct trio t;
  char buf[8];
  trio_open(a, &t);
  long ep = FD(s_epoll_create(a, 0));
  R(watch(a, ep, EPOLL_CTL_ADD, t.server, EPOLLIN | EPOLLONESHOT, 3));
  R(look(a, ep));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(look(a, ep));
  R(look(a, ep));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(look(a, ep));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, EPOLLIN | EPOLLONESHOT, 4));
  R(look(a, ep));
  R(s_recv(a, t.server, buf, 8, 0));
  R(watch(a, ep, EPOLL_CTL_MOD, t.server, EPOLLIN | EPOLLONESHOT | EPOLLET, 5));
  R(look(a, ep));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(look(a, ep));
  R(look(a, ep));
  R(s_recv(a, t.server, buf, 8, 0));
  trio_close(a, &t);
  R(s_close(a, ep));
}

static void epoll_connects(struct api *a) {
  struct sockaddr_in in = local(0);
  long ep = FD(s_epoll_create(a, 0));
  long s = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, s, &in, sizeof(in)));
  in.sin_port = port_of(a, s);
  /* Refused, then made. */
  for (int i = 0; i < 2; i++) {
    long c = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    R(s_connect(a, c, &in, sizeof(in)));
    R(watch(a, ep, EPOLL_CTL_ADD, c, in_out | EPOLLET, 1));
    settle(a);
    R(look(a, ep));
    R(look(a, ep));
    R(option(a, c, SOL_SOCKET, SO_ERROR));
    R(s_close(a, c));
    R(s_listen(a, s, 4));
    settle(a);
  }
  R(s_close(a, s));
  settle(a);
  R(s_close(a, ep));
}

static void epoll_shares(struct api *a) {
  struct trio t;
  struct epoll_event events[4];
  trio_open(a, &t);
  long one = FD(s_epoll_create(a, 0));
  long two = FD(s_epoll_create(a, 0));
  R(watch(a, one, EPOLL_CTL_ADD, t.server, EPOLLIN, 1));
  R(watch(a, two, EPOLL_CTL_ADD, t.server, EPOLLIN | EPOLLET, 2));
  R(watch(a, one, EPOLL_CTL_ADD, t.client, EPOLLOUT, 3));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(look(a, two));
  R(look(a, two));
  /* One at a time: each gets its turn. */
  R(s_epoll_wait(a, one, events, 1, 0));
  uint64_t first = events[0].data.u64;
  R(s_epoll_wait(a, one, events, 1, 0));
  R(events[0].data.u64 == first);
  R(s_epoll_wait(a, one, events, 4, -1));
  R(s_close(a, one));
  R(look(a, two));
  trio_close(a, &t);
  R(look(a, two));
  R(s_close(a, two));
}

SAME(polls)
SAME(selects)
SAME(epoll_arguments)
SAME(epoll_level)
SAME(epoll_edge)
SAME(epoll_oneshot)
SAME(epoll_connects)
SAME(epoll_shares)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(polls_as_on_linux),
      cmocka_unit_test(selects_as_on_linux),
      cmocka_unit_test(epoll_arguments_as_on_linux),
      cmocka_unit_test(epoll_level_as_on_linux),
      cmocka_unit_test(epoll_edge_as_on_linux),
      cmocka_unit_test(epoll_oneshot_as_on_linux),
      cmocka_unit_test(epoll_connects_as_on_linux),
      cmocka_unit_test(epoll_shares_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
