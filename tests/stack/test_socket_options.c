/* SPDX-License-Identifier: Apache-2.0 */
/* Socket options, names and their conflicts, and what becomes of a socket after
 * a connection: on our sockets and on the host's. */
#include <string.h>

#include "tests/stack/both.h"

static const int all_events = POLLIN | POLLOUT | POLLRDHUP;

/* ---- Options that are one number ---------------------------------------- */

static void number(struct api *a, long fd, int level, int name,
                   const int *values, int count) {
  R(option(a, fd, level, name));
  for (int i = 0; i < count; i++) {
    R(set_option(a, fd, level, name, values[i]));
    R(option(a, fd, level, name));
  }
}
#define NUMBER(level, name, ...)                         \
  do {                                                   \
    const int values_[] = {__VA_ARGS__};                 \
    number(a, fd, level, name, values_,                  \
           (int)(sizeof(values_) / sizeof(values_[0]))); \
  } while (0)

static void numbers(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  NUMBER(SOL_SOCKET, SO_KEEPALIVE, 1, 7, 0);
  NUMBER(SOL_SOCKET, SO_REUSEADDR, 1, -1, 0);
  NUMBER(SOL_SOCKET, SO_REUSEPORT, 1, 2, 0);
  NUMBER(IPPROTO_TCP, PH_TCP_NODELAY, 1, 9, 0);
  NUMBER(IPPROTO_TCP, PH_TCP_CORK, 1, 0);
  NUMBER(IPPROTO_TCP, PH_TCP_KEEPIDLE, 0, 1, -1, 32767, 32768, 60);
  NUMBER(IPPROTO_TCP, PH_TCP_KEEPINTVL, 0, 1, -1, 32767, 32768, 60);
  NUMBER(IPPROTO_TCP, PH_TCP_KEEPCNT, 0, 1, -1, 127, 128);
  NUMBER(IPPROTO_TCP, PH_TCP_SYNCNT, 0, 1, -1, 127, 128, 2);
  NUMBER(IPPROTO_TCP, PH_TCP_LINGER2, 5, 0, 120, 7, -5, 9);
  NUMBER(IPPROTO_TCP, PH_TCP_QUICKACK, 0, 1);
  NUMBER(IPPROTO_TCP, PH_TCP_USER_TIMEOUT, 1000, -1, 0, 2000000000);
  NUMBER(IPPROTO_TCP, PH_TCP_NOTSENT_LOWAT, 1000, 0, -1, 131072);
  NUMBER(IPPROTO_IP, IP_TTL, 1, 255, 256, 0, -2, -1);
  NUMBER(IPPROTO_IP, IP_TOS, 0xb8, 0xff, 0x103, -1, 0);
  R(option(a, fd, IPPROTO_IP, IP_MTU)); /* no peer, no path */
  R(option(a, fd, SOL_SOCKET, SO_PROTOCOL));
  R(option(a, fd, SOL_SOCKET, SO_DOMAIN));
  R(set_option(a, fd, SOL_SOCKET, SO_PROTOCOL, 1));
  R(set_option(a, fd, SOL_SOCKET, SO_ACCEPTCONN, 1));
  R(option(a, fd, SOL_SOCKET, SO_ACCEPTCONN));
  R(s_listen(a, fd, 1));
  R(option(a, fd, SOL_SOCKET, SO_ACCEPTCONN));
  R(s_close(a, fd));
  fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(option(a, fd, SOL_SOCKET, SO_PROTOCOL));
  R(option(a, fd, SOL_SOCKET, SO_ACCEPTCONN));
  NUMBER(SOL_SOCKET, SO_REUSEPORT, 1, 0);
  NUMBER(IPPROTO_IP, IP_TTL, 1, 256, 0, -1);
  NUMBER(IPPROTO_IP, IP_TOS, 0xb9, 0);
  R(option(a, fd, IPPROTO_IP, IP_MTU));
  R(s_close(a, fd));
}

static void linger_values(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  static const struct linger values[] = {{1, 5}, {0, 7}, {2, 0}, {1, 65535}};
  for (int i = 0; i < 4; i++) {
    struct linger got = {-1, -1};
    unsigned len = sizeof(got);
    R(s_setsockopt(a, fd, SOL_SOCKET, SO_LINGER, &values[i],
                   sizeof(values[i])));
    R(s_getsockopt(a, fd, SOL_SOCKET, SO_LINGER, &got, &len));
    R(got.l_onoff);
    R(got.l_linger);
    R((long)len);
  }
  R(s_close(a, fd));
}

/* A child has its listener's options. */
static void inherited(struct api *a) {
  struct trio t;
  struct sockaddr_in in = local(0);
  struct linger linger = {1, 3};
  unsigned len = sizeof(linger);
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, t.listener, &in, sizeof(in)));
  static const int level[] = {SOL_SOCKET,  SOL_SOCKET,  IPPROTO_TCP,
                              IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP,
                              IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP};
  static const int name[] = {
      SO_KEEPALIVE,        SO_REUSEADDR,   PH_TCP_NODELAY,
      PH_TCP_KEEPIDLE,     PH_TCP_KEEPCNT, PH_TCP_LINGER2,
      PH_TCP_USER_TIMEOUT, PH_TCP_CORK,    PH_TCP_NOTSENT_LOWAT};
  for (int i = 0; i < 9; i++) {
    R(set_option(a, t.listener, level[i], name[i], 1));
  }
  R(s_setsockopt(a, t.listener, SOL_SOCKET, SO_LINGER, &linger, len));
  R(s_listen(a, t.listener, 1));
  in.sin_port = port_of(a, t.listener);
  t.client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, t.client, &in, sizeof(in)));
  settle(a);
  t.server = FD(s_accept(a, t.listener, 0));
  for (int i = 0; i < 9; i++) {
    R(option(a, t.server, level[i], name[i]));
  }
  linger.l_linger = 0;
  R(s_getsockopt(a, t.server, SOL_SOCKET, SO_LINGER, &linger, &len));
  R(linger.l_linger);
  R(option(a, t.server, SOL_SOCKET, SO_ACCEPTCONN));
  trio_close(a, &t);
}

/* ---- Who may have which name --------------------------------------------- */

/* Two sockets with these options on one port: what bind() and listen() say, in
 * either order; then the address is any for the second. */
static void share(struct api *a, int first, int second) {
  for (int any = 0; any < 2; any++) {
    struct sockaddr_in in = local(0);
    long fd[2];
    for (int i = 0; i < 2; i++) {
      int options = i ? second : first;
      fd[i] = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
      R(set_option(a, fd[i], SOL_SOCKET, SO_REUSEADDR, options & 1));
      R(set_option(a, fd[i], SOL_SOCKET, SO_REUSEPORT, options >> 1 & 1));
      in.sin_addr.s_addr = i && any ? 0 : local(0).sin_addr.s_addr;
      R(s_bind(a, fd[i], &in, sizeof(in)));
      in.sin_port = i ? in.sin_port : port_of(a, fd[i]);
    }
    R(s_listen(a, fd[1], 1));
    R(s_listen(a, fd[0], 1));
    long third = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
    R(set_option(a, third, SOL_SOCKET, SO_REUSEADDR, second & 1));
    R(set_option(a, third, SOL_SOCKET, SO_REUSEPORT, second >> 1 & 1));
    R(s_bind(a, third, &in, sizeof(in)));
    R(s_listen(a, third, 1));
    R(s_close(a, third));
    R(s_close(a, fd[0]));
    R(s_close(a, fd[1]));
    settle(a);
  }
}

static void shared_ports(struct api *a) {
  for (int first = 0; first < 4; first++) {
    for (int second = 0; second < 4; second++) {
      share(a, first, second);
    }
  }
}

static void ports_of_connections(struct api *a) {
  struct trio t;
  struct sockaddr_in in, out = local(0);
  trio_open(a, &t);
  in = local(port_of(a, t.listener));
  /* The same two ends twice: only one connection. */
  long one = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  long two = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(set_option(a, one, SOL_SOCKET, SO_REUSEADDR, 1));
  R(set_option(a, two, SOL_SOCKET, SO_REUSEADDR, 1));
  R(s_bind(a, one, &out, sizeof(out)));
  out.sin_port = port_of(a, one);
  R(s_bind(a, two, &out, sizeof(out)));
  R(s_connect(a, one, &in, sizeof(in)));
  R(s_connect(a, two, &in, sizeof(in)));
  R(s_poll(a, two, all_events));
  R(s_close(a, two));
  R(s_close(a, one));
  trio_close(a, &t);
}

/* One more than the backlog may wait; who comes later gets no answer. */
static void backlogs(struct api *a) {
  for (int backlog = 1; backlog <= 3; backlog++) {
    struct sockaddr_in in = local(0);
    long client[6];
    long s = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    R(s_bind(a, s, &in, sizeof(in)));
    in.sin_port = port_of(a, s);
    R(s_listen(a, s, 5));
    R(s_listen(a, s, backlog));
    for (int i = 0; i < 6; i++) {
      client[i] = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      R(s_connect(a, client[i], &in, sizeof(in)));
      settle(a);
      R(s_poll(a, client[i], all_events));
    }
    for (int i = 0; i < 6; i++) {
      long fd = s_accept(a, s, 0);
      R(fd < 0 ? fd : 0);
      if (fd >= 0) {
        R(s_close(a, fd));
      }
    }
    for (int i = 0; i < 6; i++) {
      R(s_close(a, client[i]));
    }
    R(s_close(a, s));
    settle(a);
  }
}

/* ---- The end of a connection, and another -------------------------------- */

static void refused_keeps_its_name(struct api *a) {
  struct sockaddr_in in = local(0), mine = local(0);
  /* Two ports that are free now. */
  long s = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, s, &in, sizeof(in)));
  R(s_bind(a, fd, &mine, sizeof(mine)));
  in.sin_port = port_of(a, s);
  mine.sin_port = port_of(a, fd);
  R(s_close(a, fd));
  fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(set_option(a, fd, IPPROTO_TCP, PH_TCP_KEEPIDLE, 77));
  R(set_option(a, fd, IPPROTO_TCP, PH_TCP_NODELAY, 1));
  R(s_bind(a, fd, &mine, sizeof(mine)));
  R(s_connect(a, fd, &in, sizeof(in)));
  R(port_of(a, fd) == mine.sin_port);
  R(s_bind(a, fd, &mine, sizeof(mine)));
  R(s_listen(a, s, 2));
  R(s_connect(a, fd, &in, sizeof(in)));
  settle(a);
  R(port_of(a, fd) == mine.sin_port);
  R(option(a, fd, IPPROTO_TCP, PH_TCP_KEEPIDLE));
  R(option(a, fd, IPPROTO_TCP, PH_TCP_NODELAY));
  R(s_close(a, fd));
  R(s_close(a, s));
  settle(a);
  /* Without bind() it has no name after a failure. */
  s = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, s, &in, sizeof(in)));
  fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  in.sin_port = port_of(a, s);
  R(s_connect(a, fd, &in, sizeof(in)));
  unsigned len = sizeof(mine);
  R(s_sockname(a, fd, &mine, &len));
  R((long)mine.sin_addr.s_addr);
  R(s_peername(a, fd, &mine, &len));
  R(s_listen(a, fd, 1));
  R(s_poll(a, fd, all_events));
  R(s_close(a, fd));
  R(s_close(a, s));
}

static void dissolved(struct api *a) {
  struct trio t;
  struct sockaddr_in in, none = {.sin_family = AF_UNSPEC}, name;
  unsigned len = sizeof(name);
  char buf[8];
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, fd, &none, sizeof(none)));
  R(s_connect(a, fd, &none, 2));
  R(s_connect(a, fd, &none, 1));
  R(option(a, fd, SOL_SOCKET, SO_ERROR));
  R(s_close(a, fd));
  trio_open(a, &t);
  in = local(port_of(a, t.listener));
  R(s_connect(a, t.client, &none, sizeof(none)));
  settle(a);
  R(s_poll(a, t.client, all_events));
  R(option(a, t.client, SOL_SOCKET, SO_ERROR));
  R(option(a, t.client, SOL_SOCKET, SO_ERROR));
  R(s_poll(a, t.server, all_events));
  R(option(a, t.server, SOL_SOCKET, SO_ERROR));
  R(s_peername(a, t.client, &name, &len));
  R(s_sockname(a, t.client, &name, &len));
  R((long)name.sin_addr.s_addr);
  R(s_send(a, t.client, "x", 1, 0));
  R(s_recv(a, t.client, buf, 1, 0));
  /* Connected again, then a listener. */
  R(s_connect(a, t.client, &in, sizeof(in)));
  settle(a);
  R(s_close(a, t.server));
  t.server = FD(s_accept(a, t.listener, 0));
  R(s_send(a, t.client, "again", 5, 0));
  settle(a);
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_connect(a, t.client, &none, sizeof(none)));
  R(option(a, t.client, SOL_SOCKET, SO_ERROR));
  R(s_listen(a, t.client, 1));
  R(s_connect(a, t.client, &none, sizeof(none)));
  R(option(a, t.client, SOL_SOCKET, SO_ACCEPTCONN));
  R(option(a, t.client, SOL_SOCKET, SO_ERROR));
  R(s_listen(a, t.client, 1));
  R(s_connect(a, t.listener, &none, sizeof(none)));
  R(s_connect(a, t.client, &in, sizeof(in)));
  trio_close(a, &t);
}

static void after_the_end(struct api *a) {
  struct trio t;
  struct sockaddr_in in;
  struct linger linger = {1, 0};
  char buf[8];
  trio_open(a, &t);
  in = local(port_of(a, t.listener));
  R(s_setsockopt(a, t.server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_close(a, t.server));
  settle(a);
  R(s_connect(a, t.client, &in, sizeof(in))); /* still "connected" */
  R(s_recv(a, t.client, buf, 8, 0));
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_listen(a, t.client, 1));
  R(s_shutdown(a, t.client, SHUT_RDWR));
  R(s_close(a, t.client));
  R(s_close(a, t.listener));
  /* Not yet asked, it may be tried again. */
  trio_open(a, &t);
  in = local(port_of(a, t.listener));
  R(s_close(a, t.client));
  t.client = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  R(s_connect(a, t.client, &in, sizeof(in)));
  settle(a);
  R(s_close(a, t.server));
  t.server = FD(s_accept(a, t.listener, 0));
  R(s_setsockopt(a, t.server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_close(a, t.server));
  settle(a);
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_connect(a, t.client, &in, sizeof(in)));
  settle(a);
  R(s_connect(a, t.client, &in, sizeof(in)));
  R(s_close(a, t.client));
  R(s_close(a, t.listener));
  settle(a);
}

static void lingering_close(struct api *a) {
  struct trio t;
  struct linger linger = {1, 1};
  char buf[8];
  trio_open(a, &t);
  R(s_setsockopt(a, t.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_send(a, t.client, "abc", 3, 0));
  R(s_close(a, t.client)); /* the FIN is acknowledged at once */
  settle(a);
  R(s_recv(a, t.server, buf, 8, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_send(a, t.server, "x", 1, 0));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_close(a, t.server));
  R(s_close(a, t.listener));
  settle(a);
  /* Unread data: a reset, and nothing to wait for. */
  trio_open(a, &t);
  R(s_setsockopt(a, t.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_send(a, t.server, "abc", 3, 0));
  settle(a);
  R(s_close(a, t.client));
  settle(a);
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, buf, 8, 0));
  R(s_close(a, t.server));
  R(s_close(a, t.listener));
  settle(a);
}

/* ---- TCP_INFO: what does not depend on time ------------------------------ */

static void info(struct api *a, long fd) {
  struct ph_tcp_info now;
  unsigned len = 104; /* as the first that had all the common fields */
  memset(&now, 0xee, sizeof(now));
  R(s_getsockopt(a, fd, IPPROTO_TCP, PH_TCP_INFO, &now, &len));
  R((long)len);
  R(now.tcpi_state);
  R(now.tcpi_ca_state);
  R(now.tcpi_retransmits);
  R(now.tcpi_probes);
  R(now.tcpi_backoff);
  R(now.tcpi_unacked);
  R(now.tcpi_lost);
  R(now.tcpi_sacked);
  R(now.tcpi_retrans);
  R(now.tcpi_total_retrans);
  R(now.tcpi_fackets);
  len = 5;
  R(s_getsockopt(a, fd, IPPROTO_TCP, PH_TCP_INFO, &now, &len));
  R((long)len);
  len = sizeof(now);
  R(s_getsockopt(a, fd, IPPROTO_TCP, PH_TCP_INFO, &now, &len) < 0);
  R(now.tcpi_bytes_received != 0);
  R(now.tcpi_data_segs_in);
  R(now.tcpi_data_segs_out);
  R(now.tcpi_notsent_bytes);
  R(now.tcpi_delivered);
}

static void infos(struct api *a) {
  struct trio t;
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  info(a, fd);
  R(s_close(a, fd));
  trio_open(a, &t);
  info(a, t.listener);
  info(a, t.client);
  info(a, t.server);
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(s_send(a, t.server, "defg", 4, 0));
  settle(a);
  info(a, t.client);
  info(a, t.server);
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  info(a, t.server);
  trio_close(a, &t);
}

SAME(infos)
SAME(numbers)
SAME(linger_values)
SAME(inherited)
SAME(shared_ports)
SAME(ports_of_connections)
SAME(backlogs)
SAME(refused_keeps_its_name)
SAME(dissolved)
SAME(after_the_end)
SAME(lingering_close)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(infos_as_on_linux),
      cmocka_unit_test(numbers_as_on_linux),
      cmocka_unit_test(linger_values_as_on_linux),
      cmocka_unit_test(inherited_as_on_linux),
      cmocka_unit_test(shared_ports_as_on_linux),
      cmocka_unit_test(ports_of_connections_as_on_linux),
      cmocka_unit_test(backlogs_as_on_linux),
      cmocka_unit_test(refused_keeps_its_name_as_on_linux),
      cmocka_unit_test(dissolved_as_on_linux),
      cmocka_unit_test(after_the_end_as_on_linux),
      cmocka_unit_test(lingering_close_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
