/* SPDX-License-Identifier: Apache-2.0 */
/* One script of socket calls, right and wrong ones, run twice over 127.0.0.1:
 * on our sockets and on the host's. Every result and errno must be the same. */
#include "tests/stack/both.h"

/* ---- The scripts -------------------------------------------------------- */

enum { BAD = 999 };

static const int all_events = POLLIN | POLLOUT | POLLRDHUP;

static void bad_descriptors(struct api *a) {
  struct sockaddr_in in = local(0);
  unsigned len = sizeof(in);
  char c = 0;
  for (long fd = -1; fd <= BAD; fd += BAD + 1) {
    R(s_bind(a, fd, &in, sizeof(in)));
    R(s_listen(a, fd, 1));
    R(s_accept(a, fd, 0));
    R(s_connect(a, fd, &in, sizeof(in)));
    R(s_send(a, fd, &c, 1, 0));
    R(s_recv(a, fd, &c, 1, 0));
    R(s_shutdown(a, fd, 0));
    R(s_close(a, fd));
    R(s_getsockopt(a, fd, SOL_SOCKET, SO_ERROR, &c, &len));
    R(s_setsockopt(a, fd, SOL_SOCKET, SO_SNDBUF, &c, 1));
    R(s_sockname(a, fd, &in, &len));
    R(s_peername(a, fd, &in, &len));
    R(s_poll(a, fd, POLLIN));
  }
}

static void wrong_arguments(struct api *a) {
  struct sockaddr_in in = local(0);
  struct sockaddr_in foreign = local(0);
  char buf[8] = {0};
  put_be32((uint8_t *)&foreign.sin_addr, 0x08080808);
  R(s_socket(a, 99, SOCK_STREAM, 0));
  R(s_socket(a, AF_INET, 77, 0));
  R(s_socket(a, AF_INET, SOCK_STREAM, IPPROTO_UDP));
  R(s_socket(a, AF_INET, SOCK_DGRAM, IPPROTO_TCP));
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, fd, &in, 4));
  R(s_bind(a, fd, &foreign, sizeof(foreign)));
  in.sin_family = 77;
  R(s_bind(a, fd, &in, sizeof(in)));
  R(s_connect(a, fd, &in, sizeof(in)));
  in.sin_family = AF_INET;
  R(s_connect(a, fd, &in, 3));
  R(s_accept(a, fd, 0));
  R(s_accept(a, fd, 12345));
  R(s_send(a, fd, buf, 1, 0));
  R(s_send(a, fd, buf, 0, 0));
  R(s_recv(a, fd, buf, 1, 0));
  R(s_recv(a, fd, buf, 1, MSG_OOB));
  R(s_shutdown(a, fd, SHUT_WR));
  R(s_shutdown(a, fd, 3));
  R(s_shutdown(a, fd, -1));
  R(s_poll(a, fd, POLLIN | POLLOUT));
  R(s_bind(a, fd, &in, sizeof(in)));
  R(s_bind(a, fd, &in, sizeof(in)));
  in.sin_port = port_of(a, fd);
  long other = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, other, &in, sizeof(in)));
  R(s_listen(a, fd, 0));
  R(s_listen(a, fd, 5));
  R(s_listen(a, fd, -1));
  R(s_connect(a, fd, &in, sizeof(in)));
  R(s_recv(a, fd, buf, 1, MSG_DONTWAIT));
  R(s_send(a, fd, buf, 1, MSG_DONTWAIT));
  R(s_poll(a, fd, POLLIN | POLLOUT));
  unsigned len = sizeof(in);
  R(s_peername(a, fd, &in, &len));
  R(s_close(a, other));
  R(s_close(a, fd));
  R(s_close(a, fd));
}

static void options(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  int one = 1;
  R(option(a, fd, SOL_SOCKET, SO_TYPE));
  R(option(a, fd, SOL_SOCKET, SO_ERROR));
  R(option(a, fd, SOL_SOCKET, SO_REUSEADDR));
  R(option(a, fd, SOL_SOCKET, SO_ACCEPTCONN));
  R(option(a, fd, IPPROTO_TCP, PH_TCP_NODELAY));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
  R(option(a, fd, SOL_SOCKET, SO_REUSEADDR));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_REUSEADDR, &one, 1));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_ERROR, &one, sizeof(one)));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_TYPE, &one, sizeof(one)));
  R(s_setsockopt(a, fd, SOL_SOCKET, 9999, &one, sizeof(one)));
  R(s_setsockopt(a, fd, IPPROTO_TCP, 9999, &one, sizeof(one)));
  R(s_setsockopt(a, fd, IPPROTO_TCP, PH_TCP_NODELAY, &one, sizeof(one)));
  R(option(a, fd, IPPROTO_TCP, PH_TCP_NODELAY));
  R(option(a, fd, SOL_SOCKET, 9999));
  for (int mss = 0; mss < 40000; mss += mss < 100 ? 8 : 7000) {
    R(s_setsockopt(a, fd, IPPROTO_TCP, PH_TCP_MAXSEG, &mss, sizeof(mss)));
  }
  for (int size = 0; size <= 100000; size = size * 3 + 1000) {
    R(s_setsockopt(a, fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
    R(option(a, fd, SOL_SOCKET, SO_SNDBUF));
    R(s_setsockopt(a, fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
    R(option(a, fd, SOL_SOCKET, SO_RCVBUF));
  }
  struct {
    long s, us;
  } time = {1, 1000000};
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
  time.us = 5;
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_RCVTIMEO, &time, 8));
  struct linger linger = {1, 0};
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_LINGER, &linger, 4));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  unsigned len = 2;
  int value = -1;
  R(s_getsockopt(a, fd, SOL_SOCKET, SO_TYPE, &value, &len));
  R((long)len);
  R(value & 0xffff);
  len = 100;
  R(s_getsockopt(a, fd, SOL_SOCKET, SO_TYPE, &value, &len));
  R((long)len);
  R(s_close(a, fd));
}

static void streams(struct api *a) {
  struct trio t;
  struct sockaddr_in in;
  unsigned len = sizeof(in);
  char buf[64] = "0123456789abcdefghij";
  trio_open(a, &t);
  R(s_poll(a, t.client, all_events));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 1, MSG_DONTWAIT));
  R(s_recv(a, t.server, buf, 0, MSG_DONTWAIT));
  R(s_send(a, t.client, buf, 0, 0));
  R(s_send(a, t.client, buf, 20, 0));
  settle(a);
  R(s_pending(a, t.server));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 5, MSG_PEEK));
  R(s_recv(a, t.server, buf, 5, MSG_TRUNC));
  R(s_recv(a, t.server, buf, 64, MSG_DONTWAIT));
  R(buf[0]);
  R(s_recv(a, t.server, buf, 1, MSG_OOB));
  R(s_connect(a, t.client, &in, 2));
  R(s_peername(a, t.client, &in, &len));
  len = 5;
  R(s_peername(a, t.client, &in, &len));
  R((long)len);
  in = local(0);
  R(s_bind(a, t.client, &in, sizeof(in)));
  R(s_listen(a, t.client, 1));
  R(s_accept(a, t.client, 0));
  in.sin_port = 5;
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_sendto(a, t.client, buf, 3, &in, sizeof(in)));
  settle(a);
  R(s_recv(a, t.server, buf, 64, 0));
  trio_close(a, &t);
}

static void half_close(struct api *a) {
  struct trio t;
  char buf[8] = "abc";
  unsigned len = sizeof(struct sockaddr_in);
  struct sockaddr_in in;
  trio_open(a, &t);
  R(s_send(a, t.client, buf, 3, 0));
  R(s_shutdown(a, t.client, SHUT_WR));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_send(a, t.client, buf, 1, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_send(a, t.server, buf, 2, 0));
  settle(a);
  R(s_poll(a, t.client, all_events));
  R(s_recv(a, t.client, buf, 8, 0));
  R(s_recv(a, t.client, buf, 8, MSG_DONTWAIT));
  R(s_shutdown(a, t.server, SHUT_RDWR));
  settle(a);
  R(s_poll(a, t.client, all_events));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.client, buf, 8, 0));
  R(s_send(a, t.server, buf, 8, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_shutdown(a, t.server, SHUT_WR));
  R(s_peername(a, t.server, &in, &len));
  R(s_peername(a, t.client, &in, &len));
  trio_close(a, &t);
}

static void shutdown_read(struct api *a) {
  struct trio t;
  char buf[8] = "abc";
  trio_open(a, &t);
  R(s_shutdown(a, t.server, SHUT_RD));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_send(a, t.client, buf, 3, 0));
  settle(a);
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_send(a, t.server, buf, 3, 0));
  settle(a);
  R(s_recv(a, t.client, buf, 8, 0));
  trio_close(a, &t);
}

static void resets(struct api *a) {
  struct trio t;
  struct linger linger = {1, 0};
  char buf[8] = "abc";
  trio_open(a, &t);
  R(s_setsockopt(a, t.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_close(a, t.client));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(option(a, t.server, SOL_SOCKET, SO_ERROR));
  R(option(a, t.server, SOL_SOCKET, SO_ERROR));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_send(a, t.server, buf, 8, 0));
  R(s_shutdown(a, t.server, SHUT_WR));
  trio_close(a, &t);
  /* Unread data at close: the peer sees a reset. */
  trio_open(a, &t);
  R(s_send(a, t.server, buf, 3, 0));
  settle(a);
  R(s_close(a, t.client));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  trio_close(a, &t);
  /* Writing to a closed socket: first taken, then a broken pipe. */
  trio_open(a, &t);
  R(s_close(a, t.client));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_send(a, t.server, buf, 3, 0));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_send(a, t.server, buf, 3, 0));
  R(s_send(a, t.server, buf, 3, 0));
  R(s_recv(a, t.server, buf, 8, 0));
  trio_close(a, &t);
}

static void refused(struct api *a) {
  struct sockaddr_in in = local(0);
  char buf[8];
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, fd, &in, sizeof(in)));
  in.sin_port = port_of(a, fd);
  long c = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, c, &in, sizeof(in)));
  R(option(a, c, SOL_SOCKET, SO_ERROR));
  R(s_poll(a, c, all_events));
  R(s_recv(a, c, buf, 8, MSG_DONTWAIT));
  R(s_send(a, c, buf, 8, MSG_DONTWAIT));
  R(s_connect(a, c, &in, sizeof(in)));
  R(s_close(a, c));
  c = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  R(s_connect(a, c, &in, sizeof(in)));
  settle(a);
  R(s_poll(a, c, all_events));
  R(s_connect(a, c, &in, sizeof(in)));
  R(option(a, c, SOL_SOCKET, SO_ERROR));
  R(s_close(a, c));
  R(s_close(a, fd));
}

static void nonblocking(struct api *a) {
  struct trio t;
  struct sockaddr_in in = local(0);
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  R(s_bind(a, t.listener, &in, sizeof(in)));
  R(s_listen(a, t.listener, 4));
  R(s_accept(a, t.listener, 0));
  in.sin_port = port_of(a, t.listener);
  t.client = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  R(s_connect(a, t.client, &in, sizeof(in)));
  settle(a);
  R(s_poll(a, t.client, all_events));
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_connect(a, t.client, &in, sizeof(in)));
  t.server = FD(s_accept(a, t.listener, SOCK_NONBLOCK));
  R(s_accept(a, t.listener, SOCK_NONBLOCK));
  trio_close(a, &t);
}

static void datagrams(struct api *a) {
  struct sockaddr_in in = local(0);
  struct sockaddr_in none = {.sin_family = AF_UNSPEC};
  char buf[64] = "datagram";
  unsigned len = sizeof(in);
  long s = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long c = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_poll(a, c, all_events));
  R(s_listen(a, s, 1));
  R(s_accept(a, s, 0));
  R(s_send(a, c, buf, 8, 0));
  R(s_bind(a, s, &in, sizeof(in)));
  R(s_bind(a, s, &in, sizeof(in)));
  in.sin_port = port_of(a, s);
  R(s_recv(a, s, buf, 8, MSG_DONTWAIT));
  R(s_sendto(a, c, buf, 8, &in, 3));
  R(s_sendto(a, c, buf, 8, &in, sizeof(in)));
  R(s_sendto(a, c, buf, 0, &in, sizeof(in)));
  R(s_sendto(a, c, buf, 20, &in, sizeof(in)));
  settle(a);
  R(s_pending(a, s));
  R(s_poll(a, s, all_events));
  R(s_recv(a, s, buf, 4, MSG_PEEK | MSG_TRUNC));
  R(s_recv(a, s, buf, 4, 0));
  R(s_recv(a, s, buf, 64, 0));
  R(s_recv(a, s, buf, 4, MSG_TRUNC));
  R(s_recv(a, s, buf, 4, MSG_DONTWAIT));
  R(s_recv(a, s, buf, 4, MSG_OOB | MSG_DONTWAIT));
  R(s_peername(a, c, &in, &len));
  R(s_shutdown(a, c, SHUT_WR));
  R(s_connect(a, c, &in, sizeof(in)));
  R(s_peername(a, c, &in, &len));
  R(s_send(a, c, buf, 8, 0));
  R(s_connect(a, c, &none, sizeof(none)));
  R(s_send(a, c, buf, 8, 0));
  R(s_connect(a, c, &in, sizeof(in)));
  R(s_close(a, s));
  R(s_send(a, c, buf, 8, 0));
  settle(a);
  R(s_poll(a, c, all_events));
  R(s_send(a, c, buf, 8, 0));
  settle(a);
  R(s_recv(a, c, buf, 8, MSG_DONTWAIT));
  R(s_shutdown(a, c, SHUT_RDWR));
  R(s_recv(a, c, buf, 8, 0));
  R(s_send(a, c, buf, 8, 0));
  R(s_close(a, c));
}

static void to_itself(struct api *a) {
  struct sockaddr_in in = local(0);
  char buf[8] = "self";
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, fd, &in, sizeof(in)));
  in.sin_port = port_of(a, fd);
  R(s_connect(a, fd, &in, sizeof(in)));
  R(s_send(a, fd, buf, 4, 0));
  settle(a);
  R(s_recv(a, fd, buf, 8, 0));
  R(s_shutdown(a, fd, SHUT_WR));
  settle(a);
  R(s_recv(a, fd, buf, 8, 0));
  R(s_poll(a, fd, all_events));
  R(s_close(a, fd));
  settle(a);
}

static void listeners(struct api *a) {
  struct trio t;
  char buf[8] = "abc";
  struct sockaddr_in in = local(0);
  int one = 1;
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_listen(a, t.listener, 4)); /* takes a port by itself */
  in.sin_port = port_of(a, t.listener);
  t.client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_send(a, t.client, buf, 3, 0));
  settle(a);
  R(s_close(a, t.listener)); /* with a connection that waits */
  settle(a);
  R(s_poll(a, t.client, all_events));
  R(s_recv(a, t.client, buf, 8, 0));
  R(s_close(a, t.client));
  /* The port of a connection that lives may be listened to anew only with
   * SO_REUSEADDR. */
  trio_open(a, &t);
  in.sin_port = port_of(a, t.listener);
  R(s_close(a, t.listener));
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, t.listener, &in, sizeof(in)));
  R(s_setsockopt(a, t.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
  R(s_bind(a, t.listener, &in, sizeof(in)));
  trio_close(a, &t);
  /* To nobody's address is to this host. */
  trio_open(a, &t);
  in.sin_port = port_of(a, t.listener);
  in.sin_addr.s_addr = 0;
  long c = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, c, &in, sizeof(in)));
  R(s_close(a, c));
  trio_close(a, &t);
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_listen(a, t.listener, 4));
  R(s_shutdown(a, t.listener, SHUT_WR));
  R(s_poll(a, t.listener, all_events));
  R(s_shutdown(a, t.listener, SHUT_RD));
  R(s_poll(a, t.listener, all_events));
  R(s_accept(a, t.listener, 0));
  R(s_close(a, t.listener));
}

SAME(bad_descriptors)
SAME(wrong_arguments)
SAME(options)
SAME(streams)
SAME(half_close)
SAME(shutdown_read)
SAME(resets)
SAME(refused)
SAME(nonblocking)
SAME(datagrams)
SAME(to_itself)
SAME(listeners)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_descriptors_as_on_linux),
      cmocka_unit_test(wrong_arguments_as_on_linux),
      cmocka_unit_test(options_as_on_linux),
      cmocka_unit_test(streams_as_on_linux),
      cmocka_unit_test(half_close_as_on_linux),
      cmocka_unit_test(shutdown_read_as_on_linux),
      cmocka_unit_test(resets_as_on_linux),
      cmocka_unit_test(refused_as_on_linux),
      cmocka_unit_test(nonblocking_as_on_linux),
      cmocka_unit_test(datagrams_as_on_linux),
      cmocka_unit_test(to_itself_as_on_linux),
      cmocka_unit_test(listeners_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
