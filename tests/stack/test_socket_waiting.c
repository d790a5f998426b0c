/* SPDX-License-Identifier: Apache-2.0 */
/* When a stream is readable and when accept() returns, if the owner has asked
 * for more than a byte and more than a handshake: SO_RCVLOWAT,
 * TCP_DEFER_ACCEPT. When it is writable: TCP_NOTSENT_LOWAT. The same scripts on
 * the host's kernel. */
#include "tests/stack/both.h"

#include <stdio.h>
#include <string.h>

enum { DEFER_ACCEPT = 9 }; /* TCP_DEFER_ACCEPT */

static void low_water_numbers(struct api *a) {
  static const int values[] = {0, 1, 5, -1, 100, 4000};
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(option(a, fd, SOL_SOCKET, SO_RCVLOWAT));
  for (int i = 0; i < 6; i++) {
    R(set_option(a, fd, SOL_SOCKET, SO_RCVLOWAT, values[i]));
    if (values[i] >= 0) { /* else what the memory limits of the host allow */
      R(option(a, fd, SOL_SOCKET, SO_RCVLOWAT));
    }
  }
  R(set_option(a, fd, SOL_SOCKET, SO_RCVBUF, 10000));
  R(set_option(a, fd, SOL_SOCKET, SO_RCVLOWAT, 1 << 20));
  R(option(a, fd, SOL_SOCKET, SO_RCVLOWAT)); /* half of the buffer */
  R(option(a, fd, SOL_SOCKET, SO_SNDLOWAT));
  R(set_option(a, fd, SOL_SOCKET, SO_SNDLOWAT, 5));
  R(s_close(a, fd));
}

static void low_water_poll(struct api *a) {
  struct trio t;
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  char buf[64];
  trio_open(a, &t);
  long ep = FD(s_epoll_create(a, 0));
  R(s_epoll_ctl(a, ep, EPOLL_CTL_ADD, t.server, &event));
  R(set_option(a, t.server, SOL_SOCKET, SO_RCVLOWAT, 10));
  R(s_send(a, t.client, "12345", 5, 0));
  settle(a);
  R(s_poll(a, t.server, POLLIN | POLLRDNORM)); /* not enough */
  R(s_epoll_wait(a, ep, &event, 1, 0));
  R(s_pending(a, t.server));
  R(s_send(a, t.client, "12345", 5, 0));
  settle(a);
  R(s_poll(a, t.server, POLLIN | POLLRDNORM));
  R(s_epoll_wait(a, ep, &event, 1, 0));
  R(s_epoll_wait(a, ep, &event, 1, 0));
  R(s_recv(a, t.server, buf, 4, 0)); /* no more than was asked for */
  R(s_poll(a, t.server, POLLIN));    /* 6 are left */
  R(set_option(a, t.server, SOL_SOCKET, SO_RCVLOWAT, 6));
  R(s_poll(a, t.server, POLLIN));
  R(set_option(a, t.server, SOL_SOCKET, SO_RCVLOWAT, 10));
  R(s_shutdown(a, t.client, SHUT_WR)); /* there will never be more */
  settle(a);
  R(s_poll(a, t.server, POLLIN));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  R(s_close(a, ep));
  trio_close(a, &t);
}

static void low_water_reads(struct api *a) {
  struct trio t;
  struct timeval soon = {0, 50000};
  char buf[64];
  trio_open(a, &t);
  R(set_option(a, t.server, SOL_SOCKET, SO_RCVLOWAT, 10));
  R(s_send(a, t.client, "1234567", 7, 0));
  settle(a);
  R(s_recv(a, t.server, buf, 2, MSG_DONTWAIT)); /* no wait: what there is */
  R(s_recv(a, t.server, buf, 3, 0)); /* at most what was asked for: no wait */
  R(s_setsockopt(a, t.server, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
  R(s_recv(a, t.server, buf, sizeof(buf), MSG_PEEK)); /* waits; then 2 */
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  R(s_send(a, t.client, "123456789abc", 12, 0));
  settle(a);
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  trio_close(a, &t);
}

/* A client of a listener that had an option before it listened; nothing is
 * accepted yet. */
static void trio_wait(struct api *a, struct trio *t, int flags, int level,
                      int name, int value) {
  struct sockaddr_in in = local(0);
  t->listener = FD(s_socket(a, AF_INET, SOCK_STREAM | flags, 0));
  R(s_bind(a, t->listener, &in, sizeof(in)));
  R(set_option(a, t->listener, level, name, value));
  R(s_listen(a, t->listener, 4));
  in.sin_port = port_of(a, t->listener);
  t->client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, t->client, &in, sizeof(in))); /* for the client it stands */
  settle(a);
}

static void low_water_is_inherited(struct api *a) {
  struct trio t;
  char buf[64];
  struct timeval soon = {0, 50000};
  trio_wait(a, &t, 0, SOL_SOCKET, SO_RCVLOWAT, 8);
  R(s_poll(a, t.listener, POLLIN)); /* of a listener it means nothing */
  t.server = FD(s_accept(a, t.listener, 0));
  R(option(a, t.server, SOL_SOCKET, SO_RCVLOWAT));
  R(s_send(a, t.client, "1234", 4, 0));
  settle(a);
  R(s_poll(a, t.server, POLLIN));
  R(s_setsockopt(a, t.server, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  trio_close(a, &t);
}

static void defer_numbers(struct api *a) {
  static const int values[] = {1, 2, 3, 4, 7, 8, 31, 100, 1000, 0, -5};
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(option(a, fd, IPPROTO_TCP, DEFER_ACCEPT));
  for (int i = 0; i < 11; i++) {
    R(set_option(a, fd, IPPROTO_TCP, DEFER_ACCEPT, values[i]));
    R(option(a, fd, IPPROTO_TCP, DEFER_ACCEPT));
  }
  R(s_close(a, fd));
}

static void defer_until_data(struct api *a) {
  struct trio t;
  char buf[8];
  trio_wait(a, &t, SOCK_NONBLOCK, IPPROTO_TCP, DEFER_ACCEPT, 5);
  R(s_poll(a, t.listener, POLLIN));
  R(s_accept(a, t.listener, 0));
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(s_poll(a, t.listener, POLLIN));
  t.server = FD(s_accept(a, t.listener, 0));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  R(s_send(a, t.server, "def", 3, 0));
  settle(a);
  R(s_recv(a, t.client, buf, sizeof(buf), 0));
  trio_close(a, &t);
}

static void defer_until_fin(struct api *a) {
  struct trio t;
  char buf[8];
  trio_wait(a, &t, SOCK_NONBLOCK, IPPROTO_TCP, DEFER_ACCEPT, 5);
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(s_poll(a, t.listener, POLLIN));
  t.server = FD(s_accept(a, t.listener, 0));
  R(s_recv(a, t.server, buf, sizeof(buf), 0));
  trio_close(a, &t);
}

/* Bytes that wait to be sent. */
static long unsent(struct api *a, long fd) {
  struct ph_tcp_info info = {0};
  unsigned len = sizeof(info);
  long result = s_getsockopt(a, fd, IPPROTO_TCP, PH_TCP_INFO, &info, &len);
  return result < 0 ? result : (long)info.tcpi_notsent_bytes;
}

static void unsent_low_water(struct api *a) {
  static char kilobyte[1000];
  static char all[1 << 20];
  enum { LOWAT = 20000, PACKET = 65536 };
  struct trio t;
  trio_open(a, &t);
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_NOTSENT_LOWAT, LOWAT));
  R(set_option(a, t.server, SOL_SOCKET, SO_RCVBUF, 20000));
  long n;
  while ((n = s_send(a, t.client, kilobyte, 1000, MSG_DONTWAIT)) > 0) {
    settle(a);
  }
  R(n);
  R(unsent(a, t.client) >= LOWAT);
  R(unsent(a, t.client) <= LOWAT + PACKET);
  R(s_poll(a, t.client, POLLOUT));
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_NOTSENT_LOWAT, 0));
  R(s_poll(a, t.client, POLLOUT)); /* there is room in the buffer */
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_NOTSENT_LOWAT, LOWAT));
  R(s_poll(a, t.client, POLLOUT));
  for (int i = 0; i < 20000 && s_poll(a, t.client, POLLOUT) == 0; i++) {
    (void)s_recv(a, t.server, all, sizeof(all), MSG_DONTWAIT);
    settle(a);
  }
  R(s_poll(a, t.client, POLLOUT));
  R(unsent(a, t.client) < LOWAT / 2);
  trio_close(a, &t);
}

SAME(unsent_low_water)
SAME(low_water_numbers)
SAME(low_water_poll)
SAME(low_water_reads)
SAME(low_water_is_inherited)
SAME(defer_numbers)
SAME(defer_until_data)
SAME(defer_until_fin)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unsent_low_water_as_on_linux),
      cmocka_unit_test(low_water_numbers_as_on_linux),
      cmocka_unit_test(low_water_poll_as_on_linux),
      cmocka_unit_test(low_water_reads_as_on_linux),
      cmocka_unit_test(low_water_is_inherited_as_on_linux),
      cmocka_unit_test(defer_numbers_as_on_linux),
      cmocka_unit_test(defer_until_data_as_on_linux),
      cmocka_unit_test(defer_until_fin_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
