/* SPDX-License-Identifier: Apache-2.0 */
/* BSD sockets on both hosts: results and errno values as on Linux. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

static struct ph_sockaddr_in name(int host, uint16_t port) {
  struct ph_sockaddr_in in = {.sin_family = PH_AF_INET};
  uint8_t *p = (uint8_t *)&in;
  put_be16(p + 2, port);
  put_be32(p + 4, host < 0 ? 0 : 0x0a000001u + (uint32_t)host);
  return in;
}

struct world {
  struct pair *pair;
  struct ph_stack *a, *b; /* client and server */
  int listener, client, server;
};

static void world_new(struct world *w, bool blocking) {
  struct pair_options options = {.socket = {.max_sockets = 16},
                                 .blocking = blocking};
  w->pair = pair_new(&options);
  w->a = &w->pair->host[0].stack;
  w->b = &w->pair->host[1].stack;
  ph_stack_set_now(w->a, w->pair->now_ns);
  ph_stack_set_now(w->b, w->pair->now_ns);
  w->client = w->server = w->listener = -1;
}

static void world_free(struct world *w) {
  for (int fd = 0; fd < 16; fd++) {
    (void)ph_close(w->a, fd);
    (void)ph_close(w->b, fd);
  }
  pair_pass(w->pair, PAIR_S);
  pair_free(w->pair);
}

static void world_listen(struct world *w) {
  struct ph_sockaddr_in in = name(-1, 80);
  w->listener = ph_socket(w->b, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(w->listener, 0);
  assert_int_equal(ph_bind(w->b, w->listener, &in, sizeof(in)), 0);
  assert_int_equal(ph_listen(w->b, w->listener, 5), 0);
}

static void world_connect(struct world *w) {
  struct ph_sockaddr_in to = name(1, 80);
  world_listen(w);
  w->client = ph_socket(w->a, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(w->a, w->client, &to, sizeof(to)), 0);
  struct ph_sockaddr_in from;
  ph_socklen_t len = sizeof(from);
  w->server = ph_accept(w->b, w->listener, &from, &len);
  assert_int_equal(w->server, 1);
  assert_int_equal(len, sizeof(from));
  assert_int_equal(get_be32((uint8_t *)&from.sin_addr), 0x0a000001);
}

static void bad_arguments_are_refused(void **state) {
  /* EVIDENCE: POSIX.1-2017 socket(), bind(), listen(), accept() */
  (void)state;
  struct world w;
  struct ph_sockaddr_in in = name(-1, 80);
  struct ph_sockaddr_in foreign = name(5, 80);
  world_new(&w, false);
  assert_int_equal(ph_socket(w.a, 99, PH_SOCK_STREAM, 0), -PH_EAFNOSUPPORT);
  assert_int_equal(ph_socket(w.a, PH_AF_INET, 77, 0), -PH_EINVAL);
  assert_int_equal(ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 17),
                   -PH_EPROTONOSUPPORT);
  assert_int_equal(ph_bind(w.a, 3, &in, sizeof(in)), -PH_EBADF);
  int fd = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  int other = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_bind(w.a, fd, &in, 4), -PH_EINVAL);
  assert_int_equal(ph_bind(w.a, fd, &foreign, sizeof(foreign)),
                   -PH_EADDRNOTAVAIL);
  assert_int_equal(ph_bind(w.a, fd, &in, sizeof(in)), 0);
  assert_int_equal(ph_bind(w.a, fd, &in, sizeof(in)), -PH_EINVAL);
  assert_int_equal(ph_bind(w.a, other, &in, sizeof(in)), -PH_EADDRINUSE);
  assert_int_equal(ph_accept(w.a, fd, NULL, NULL), -PH_EINVAL);
  assert_int_equal(ph_send(w.a, fd, "x", 1, 0), -PH_EPIPE);
  assert_int_equal(ph_recv(w.a, fd, &in, 1, 0), -PH_ENOTCONN);
  assert_int_equal(ph_shutdown(w.a, fd, PH_SHUT_WR), -PH_ENOTCONN);
  assert_int_equal(ph_close(w.a, fd), 0);
  assert_int_equal(ph_close(w.a, fd), -PH_EBADF);
  world_free(&w);
}

static void descriptors_are_the_lowest_and_run_out(void **state) {
  /* EVIDENCE: POSIX.1-2017 2.14 (file descriptor allocation) */
  (void)state;
  struct world w;
  world_new(&w, false);
  for (int i = 0; i < 16; i++) {
    assert_int_equal(ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0), i);
  }
  assert_int_equal(ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0), -PH_EMFILE);
  assert_int_equal(ph_close(w.a, 7), 0);
  assert_int_equal(ph_socket(w.a, PH_AF_INET, PH_SOCK_DGRAM, 0), 7);
  world_free(&w);
}

static void blocking_connect_send_recv_close(void **state) {
  /* EVIDENCE: POSIX.1-2017 connect(), send(), recv() */
  (void)state;
  struct world w;
  static uint8_t out[100000], in[100000];
  world_new(&w, true);
  world_connect(&w);
  for (size_t i = 0; i < sizeof(out); i++) {
    out[i] = pair_byte(i);
  }
  assert_int_equal(ph_send(w.a, w.client, out, sizeof(out), 0), sizeof(out));
  assert_int_equal(ph_recv(w.b, w.server, in, sizeof(in), PH_MSG_WAITALL),
                   sizeof(in));
  assert_memory_equal(in, out, sizeof(in));
  assert_int_equal(ph_close(w.a, w.client), 0);
  assert_int_equal(ph_recv(w.b, w.server, in, 1, 0), 0);
  assert_int_equal(w.a->stats.CopiedBytes, sizeof(out));
  assert_int_equal(w.b->stats.CopiedBytes, sizeof(out));
  assert_int_equal(w.a->stats.SocketCalls, 4);
  world_free(&w);
}

static void nonblocking_connect_reports_progress(void **state) {
  /* EVIDENCE: POSIX.1-2017 connect(): EINPROGRESS, EALREADY, EISCONN */
  (void)state;
  struct world w;
  struct ph_sockaddr_in to = name(1, 80);
  world_new(&w, true);
  world_listen(&w);
  int fd = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), -PH_EINPROGRESS);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), -PH_EALREADY);
  assert_int_equal(ph_send(w.a, fd, "x", 1, 0), -PH_EAGAIN);
  struct ph_pollfd poll = {.fd = fd, .events = PH_POLLOUT};
  assert_int_equal(ph_poll(w.a, &poll, 1, 1000), 1);
  assert_int_equal(poll.revents, PH_POLLOUT);
  int32_t error = -1;
  ph_socklen_t len = sizeof(error);
  assert_int_equal(
      ph_getsockopt(w.a, fd, PH_SOL_SOCKET, PH_SO_ERROR, &error, &len), 0);
  assert_int_equal(error, 0);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), 0);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), -PH_EISCONN);
  world_free(&w);
}

static void refused_connect_can_be_tried_again(void **state) {
  /* EVIDENCE: POSIX.1-2017 connect(): ECONNREFUSED */
  (void)state;
  struct world w;
  struct ph_sockaddr_in to = name(1, 80);
  world_new(&w, true);
  int fd = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), -PH_ECONNREFUSED);
  world_listen(&w);
  assert_int_equal(ph_connect(w.a, fd, &to, sizeof(to)), 0);
  world_free(&w);
}

static void receive_timeout_says_again(void **state) {
  /* EVIDENCE: Linux socket(7), SO_RCVTIMEO */
  (void)state;
  struct world w;
  uint8_t byte;
  world_new(&w, true);
  world_connect(&w);
  int64_t tv[2] = {0, 250000};
  assert_int_equal(ph_setsockopt(w.b, w.server, PH_SOL_SOCKET, PH_SO_RCVTIMEO,
                                 tv, sizeof(tv)),
                   0);
  uint64_t before = w.pair->now_ns;
  assert_int_equal(ph_recv(w.b, w.server, &byte, 1, 0), -PH_EAGAIN);
  assert_int_equal(w.pair->now_ns - before, 250 * PAIR_MS);
  assert_int_equal(ph_recv(w.b, w.server, &byte, 1, PH_MSG_DONTWAIT),
                   -PH_EAGAIN);
  world_free(&w);
}

static void reset_gives_econnreset_then_epipe(void **state) {
  /* EVIDENCE: POSIX.1-2017 recv(), send() */
  (void)state;
  struct world w;
  uint8_t byte;
  world_new(&w, true);
  world_connect(&w);
  int32_t linger[2] = {1, 0};
  assert_int_equal(ph_setsockopt(w.a, w.client, PH_SOL_SOCKET, PH_SO_LINGER,
                                 linger, sizeof(linger)),
                   0);
  assert_int_equal(ph_close(w.a, w.client), 0);
  assert_int_equal(ph_recv(w.b, w.server, &byte, 1, 0), -PH_ECONNRESET);
  assert_int_equal(ph_recv(w.b, w.server, &byte, 1, 0), 0);
  assert_int_equal(ph_send(w.b, w.server, "x", 1, 0), -PH_EPIPE);
  world_free(&w);
}

static void shutdown_write_is_end_of_file_and_epipe(void **state) {
  /* EVIDENCE: POSIX.1-2017 shutdown() */
  (void)state;
  struct world w;
  uint8_t byte;
  world_new(&w, true);
  world_connect(&w);
  assert_int_equal(ph_shutdown(w.a, w.client, PH_SHUT_WR), 0);
  assert_int_equal(ph_send(w.a, w.client, "x", 1, 0), -PH_EPIPE);
  assert_int_equal(ph_recv(w.b, w.server, &byte, 1, 0), 0);
  assert_int_equal(ph_send(w.b, w.server, "y", 1, 0), 1);
  assert_int_equal(ph_recv(w.a, w.client, &byte, 1, 0), 1);
  world_free(&w);
}

static void buffers_are_doubled_and_clamped(void **state) {
  /* EVIDENCE: Linux socket(7), SO_SNDBUF, SO_RCVBUF */
  (void)state;
  struct world w;
  world_new(&w, false);
  int fd = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  static const int32_t cases[][2] = {
      {100000, 200000}, {1, 4608}, {1 << 30, 16 << 20}, {-1, 16 << 20}};
  for (size_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    int32_t value = cases[i][0];
    ph_socklen_t len = sizeof(value);
    assert_int_equal(ph_setsockopt(w.a, fd, PH_SOL_SOCKET, PH_SO_SNDBUF, &value,
                                   sizeof(value)),
                     0);
    assert_int_equal(
        ph_getsockopt(w.a, fd, PH_SOL_SOCKET, PH_SO_SNDBUF, &value, &len), 0);
    assert_int_equal(value, cases[i][1]);
  }
  world_free(&w);
}

static void poll_reports_what_is_ready(void **state) {
  /* EVIDENCE: POSIX.1-2017 poll() */
  (void)state;
  struct world w;
  world_new(&w, true);
  world_connect(&w);
  struct ph_pollfd fds[3] = {{.fd = w.server, .events = PH_POLLIN},
                             {.fd = -1, .events = PH_POLLIN},
                             {.fd = 9, .events = PH_POLLIN}};
  assert_int_equal(ph_poll(w.b, fds, 2, 10), 0);
  assert_int_equal(ph_send(w.a, w.client, "x", 1, 0), 1);
  assert_int_equal(ph_poll(w.b, fds, 2, -1), 1);
  assert_int_equal(fds[0].revents, PH_POLLIN);
  assert_int_equal(fds[1].revents, 0);
  assert_int_equal(ph_poll(w.b, fds, 3, 0), 2);
  assert_int_equal(fds[2].revents, PH_POLLNVAL);
  world_free(&w);
}

static void small_send_buffer_blocks_until_read(void **state) {
  /* EVIDENCE: POSIX.1-2017 send() (blocking) */
  (void)state;
  struct world w;
  static uint8_t buf[60000];
  world_new(&w, false);
  world_listen(&w);
  w.client = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  struct ph_sockaddr_in to = name(1, 80);
  int32_t size = 5000;
  assert_int_equal(ph_setsockopt(w.a, w.client, PH_SOL_SOCKET, PH_SO_SNDBUF,
                                 &size, sizeof(size)),
                   0);
  assert_int_equal(ph_connect(w.a, w.client, &to, sizeof(to)),
                   -PH_EINPROGRESS); /* nothing here can wait */
  pair_pass(w.pair, 10 * PAIR_MS);
  assert_int_equal(ph_send(w.a, w.client, buf, sizeof(buf), 0), 10000);
  assert_int_equal(ph_send(w.a, w.client, buf, sizeof(buf), 0), -PH_EAGAIN);
  int32_t queued = 0;
  assert_int_equal(ph_ioctl(w.a, w.client, PH_SIOCOUTQ, &queued), 0);
  assert_int_equal(queued, 10000);
  pair_pass(w.pair, 100 * PAIR_MS);
  struct ph_pollfd poll = {.fd = w.client, .events = PH_POLLOUT};
  assert_int_equal(ph_poll(w.a, &poll, 1, 0), 1);
  world_free(&w);
}

static void vectors_names_and_info_agree(void **state) {
  /* EVIDENCE: POSIX.1-2017 writev(), readv(), getsockname(), getpeername() */
  (void)state;
  struct world w;
  char one[3], two[3];
  world_new(&w, true);
  world_connect(&w);
  struct ph_iovec out[2] = {{"abc", 3}, {"def", 3}};
  struct ph_iovec in[2] = {{one, 3}, {two, 3}};
  assert_int_equal(ph_writev(w.a, w.client, out, 2), 6);
  pair_pass(w.pair, PAIR_MS);
  int32_t ready = 0;
  assert_int_equal(ph_ioctl(w.b, w.server, PH_FIONREAD, &ready), 0);
  assert_int_equal(ready, 6);
  assert_int_equal(ph_readv(w.b, w.server, in, 2), 6);
  assert_memory_equal(one, "abc", 3);
  assert_memory_equal(two, "def", 3);
  struct ph_sockaddr_in ours, theirs;
  ph_socklen_t len = sizeof(ours);
  assert_int_equal(ph_getsockname(w.a, w.client, &ours, &len), 0);
  assert_int_equal(ph_getpeername(w.b, w.server, &theirs, &len), 0);
  assert_memory_equal(&ours, &theirs, sizeof(ours));
  struct ph_socket_info info;
  assert_int_equal(ph_socket_info(w.a, w.client, &info), 0);
  assert_string_equal(info.state, "ESTABLISHED");
  assert_int_equal(info.bytes_sent, 6);
  assert_int_equal(ph_socket_info(w.a, 15, &info), -PH_EBADF);
  world_free(&w);
}

static void datagrams_go_both_ways(void **state) {
  /* EVIDENCE: POSIX.1-2017 sendto(), recvfrom() */
  (void)state;
  struct world w;
  uint8_t buf[8];
  world_new(&w, true);
  struct ph_sockaddr_in to = name(1, 9000), from;
  ph_socklen_t len = sizeof(from);
  int a = ph_socket(w.a, PH_AF_INET, PH_SOCK_DGRAM, 0);
  int b = ph_socket(w.b, PH_AF_INET, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_bind(w.b, b, &to, sizeof(to)), 0);
  assert_int_equal(ph_send(w.a, a, "x", 1, 0), -PH_EDESTADDRREQ);
  assert_int_equal(ph_sendto(w.a, a, "question", 8, 0, &to, sizeof(to)), 8);
  assert_int_equal(ph_recvfrom(w.b, b, buf, 4, 0, &from, &len), 4);
  assert_int_equal(ph_sendto(w.b, b, "answer", 6, 0, &from, len), 6);
  assert_int_equal(ph_recv(w.a, a, buf, 8, 0), 6);
  assert_memory_equal(buf, "answer", 6);
  world_free(&w);
}

static void tcp_info(struct ph_stack *stack, int fd, struct ph_tcp_info *info) {
  ph_socklen_t len = sizeof(*info);
  assert_int_equal(
      ph_getsockopt(stack, fd, PH_IPPROTO_TCP, PH_TCP_INFO, info, &len), 0);
  assert_int_equal(len, sizeof(*info));
}

static void tcp_info_tells_what_happened(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_INFO; RFC 9293 3.10.6 */
  (void)state;
  struct world w;
  struct ph_tcp_info info;
  static uint8_t buf[14600];
  world_new(&w, true);
  w.pair->delay_ns = 20 * PAIR_MS;
  world_connect(&w);
  tcp_info(w.a, w.client, &info);
  assert_in_range(info.tcpi_rtt, 80000, 81000); /* with address resolution */
  assert_in_range(info.tcpi_rttvar, 40000, 40500);
  assert_in_range(info.tcpi_rto, 200000, 300000);
  assert_int_equal(info.tcpi_snd_cwnd, 10);
  assert_int_equal(info.tcpi_snd_ssthresh, 0x7fffffff);
  assert_int_equal(info.tcpi_advmss, 1460);
  assert_int_equal(info.tcpi_pmtu, 1500);
  assert_int_equal(info.tcpi_wscale, 8 | 8 << 4);
  assert_int_equal(info.tcpi_options & PH_TCPI_OPT_WSCALE, PH_TCPI_OPT_WSCALE);
  assert_int_equal(info.tcpi_segs_in, 1);
  assert_int_equal(info.tcpi_segs_out, 2);
  uint32_t mss = info.tcpi_snd_mss;
  w.pair->drop_next[0] = 1;
  assert_int_equal(ph_send(w.a, w.client, buf, 5 * mss, 0), 5 * mss);
  tcp_info(w.a, w.client, &info);
  assert_int_equal(info.tcpi_unacked, 5);
  assert_int_equal(info.tcpi_delivered, 1); /* the SYN */
  assert_int_equal(info.tcpi_bytes_sent, 5 * mss);
  assert_int_equal(info.tcpi_data_segs_out, 5);
  pair_pass(w.pair, 44 * PAIR_MS);
  tcp_info(w.a, w.client, &info);
  assert_int_equal(info.tcpi_ca_state, 3); /* recovery */
  assert_true(info.tcpi_retrans + info.tcpi_lost >= 1);
  assert_int_equal(info.tcpi_last_data_sent <= 44, true);
  pair_pass(w.pair, 400 * PAIR_MS);
  tcp_info(w.a, w.client, &info);
  assert_int_equal(info.tcpi_ca_state, 0);
  assert_int_equal(info.tcpi_unacked, 0);
  assert_int_equal(info.tcpi_total_retrans, 1);
  assert_int_equal(info.tcpi_delivered, 6);
  assert_int_equal(info.tcpi_bytes_retrans, mss);
  assert_int_equal(info.tcpi_bytes_sent, 6 * mss);
  assert_int_equal(info.tcpi_bytes_acked, 5 * mss);
  assert_true(info.tcpi_snd_ssthresh < 10);
  assert_in_range(info.tcpi_last_ack_recv, 300, 400);
  tcp_info(w.b, w.server, &info);
  assert_int_equal(info.tcpi_bytes_received, 5 * mss);
  assert_int_equal(info.tcpi_data_segs_in, 5);
  assert_int_equal(info.tcpi_rcv_ooopack, 4);
  assert_in_range(info.tcpi_last_data_recv, 300, 400);
  world_free(&w);
}

static void epoll_wait_blocks_until_data_or_its_timeout(void **state) {
  /* EVIDENCE: Linux epoll_wait(2) */
  (void)state;
  struct world w;
  world_new(&w, true);
  world_connect(&w);
  int ep = ph_epoll_create1(w.b, 0);
  struct ph_epoll_event event = {.events = PH_EPOLLIN, .data.fd = w.server};
  assert_int_equal(ph_epoll_ctl(w.b, ep, PH_EPOLL_CTL_ADD, w.server, &event),
                   0);
  uint64_t before = w.pair->now_ns;
  assert_int_equal(ph_epoll_wait(w.b, ep, &event, 1, 30), 0);
  assert_int_equal(w.pair->now_ns - before, 30 * PAIR_MS);
  assert_int_equal(ph_send(w.a, w.client, "x", 1, 0), 1);
  assert_int_equal(ph_epoll_wait(w.b, ep, &event, 1, -1), 1);
  assert_int_equal(event.data.fd, w.server);
  assert_int_equal(event.events, PH_EPOLLIN);
  world_free(&w);
}

static void lingering_close_waits_for_the_peer_or_its_time(void **state) {
  /* EVIDENCE: POSIX.1-2017 close(), SO_LINGER; Linux socket(7) */
  (void)state;
  for (int lost = 0; lost < 2; lost++) {
    struct world w;
    world_new(&w, true);
    w.pair->delay_ns = 30 * PAIR_MS;
    world_connect(&w);
    int32_t linger[2] = {1, 2};
    assert_int_equal(ph_setsockopt(w.a, w.client, PH_SOL_SOCKET, PH_SO_LINGER,
                                   linger, sizeof(linger)),
                     0);
    assert_int_equal(ph_fcntl(w.a, w.client, PH_F_SETFL, PH_O_NONBLOCK), 0);
    assert_int_equal(ph_send(w.a, w.client, "x", 1, 0), 1);
    w.pair->loss_ppm = lost ? 1000000 : 0;
    uint64_t before = w.pair->now_ns;
    assert_int_equal(ph_close(w.a, w.client), 0);
    uint64_t took = w.pair->now_ns - before;
    assert_in_range(took / PAIR_MS, lost ? 2000 : 60, lost ? 2000 : 101);
    w.pair->loss_ppm = 0;
    world_free(&w);
  }
}

static void reuse_port_spreads_connections(void **state) {
  /* EVIDENCE: Linux socket(7), SO_REUSEPORT */
  (void)state;
  enum { LISTENERS = 3, CONNECTIONS = 60 };
  const struct pair_options options = {.socket = {.max_sockets = 100},
                                       .blocking = true};
  struct pair *pair = pair_new(&options);
  struct ph_stack *a = &pair->host[0].stack, *b = &pair->host[1].stack;
  struct ph_sockaddr_in in = name(-1, 80), to = name(1, 80);
  int one = 1, listener[LISTENERS], accepted[LISTENERS] = {0};
  ph_stack_set_now(a, pair->now_ns);
  ph_stack_set_now(b, pair->now_ns);
  for (int i = 0; i < LISTENERS; i++) {
    listener[i] =
        ph_socket(b, PH_AF_INET, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
    assert_int_equal(ph_setsockopt(b, listener[i], PH_SOL_SOCKET,
                                   PH_SO_REUSEPORT, &one, sizeof(one)),
                     0);
    assert_int_equal(ph_bind(b, listener[i], &in, sizeof(in)), 0);
    assert_int_equal(ph_listen(b, listener[i], CONNECTIONS), 0);
  }
  for (int i = 0; i < CONNECTIONS; i++) {
    int fd = ph_socket(a, PH_AF_INET, PH_SOCK_STREAM, 0);
    assert_int_equal(ph_connect(a, fd, &to, sizeof(to)), 0);
  }
  pair_pass(pair, PAIR_MS);
  for (int i = 0; i < LISTENERS; i++) {
    while (ph_accept(b, listener[i], NULL, NULL) >= 0) {
      accepted[i]++;
    }
    assert_in_range(accepted[i], 8, 35);
  }
  assert_int_equal(accepted[0] + accepted[1] + accepted[2], CONNECTIONS);
  for (int fd = 0; fd < 100; fd++) {
    (void)ph_close(a, fd);
    (void)ph_close(b, fd);
  }
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

static void epoll_pools_run_out_and_come_back(void **state) {
  /* EVIDENCE: Linux epoll_create(2), epoll_ctl(2): ENOMEM, ENOSPC */
  (void)state;
  const struct pair_options options = {
      .socket = {.max_sockets = 16, .max_epolls = 2, .max_watches = 3}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *stack = &pair->host[0].stack;
  struct ph_epoll_event event = {.events = PH_EPOLLIN};
  for (int round = 0; round < 3; round++) {
    int fd[4];
    int one = ph_epoll_create1(stack, 0);
    int two = ph_epoll_create1(stack, 0);
    assert_int_equal(ph_epoll_create1(stack, 0), -PH_ENOMEM);
    for (int i = 0; i < 4; i++) {
      fd[i] = ph_socket(stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
      assert_int_equal(ph_epoll_ctl(stack, i % 2 ? one : two, PH_EPOLL_CTL_ADD,
                                    fd[i], &event),
                       i < 3 ? 0 : -PH_ENOSPC);
    }
    assert_int_equal(ph_close(stack, round == 1 ? one : fd[0]), 0);
    assert_int_equal(ph_epoll_ctl(stack, two, PH_EPOLL_CTL_ADD, fd[3], &event),
                     0);
    assert_int_equal(ph_epoll_ctl(stack, two, PH_EPOLL_CTL_ADD, one, &event),
                     round == 1 ? -PH_EBADF : -PH_EINVAL); /* no nesting */
    for (int i = 0; i < 16; i++) {
      (void)ph_close(stack, i);
    }
  }
  pair_free(pair);
}

static void many_descriptors_give_the_lowest_free(void **state) {
  /* EVIDENCE: POSIX.1-2017 2.14 (file descriptor allocation) */
  (void)state;
  enum { MANY = 5000 };
  static const int closed[] = {4999, 4096, 4095, 64, 63, 0};
  const struct pair_options options = {
      .socket = {.max_sockets = MANY, .max_epolls = MANY, .max_watches = 1}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *stack = &pair->host[0].stack;
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(ph_epoll_create1(stack, 0), i);
  }
  for (size_t i = 0; i < PH_ARRAY_LEN(closed); i++) {
    assert_int_equal(ph_close(stack, closed[i]), 0);
    assert_int_equal(ph_epoll_create1(stack, 0), closed[i]);
    assert_int_equal(ph_close(stack, closed[i]), 0);
  }
  for (size_t i = PH_ARRAY_LEN(closed); i-- > 0;) {
    assert_int_equal(ph_epoll_create1(stack, 0), closed[i]);
  }
  assert_true(ph_epoll_create1(stack, 0) < 0);
  pair_free(pair);
}

static void loopback_carries_a_stream(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3 (g) */
  (void)state;
  struct world w;
  static uint8_t out[50000], in[50000];
  struct ph_sockaddr_in to = name(-1, 80);
  world_new(&w, true);
  assert_int_equal(ph_loopback_init(w.a), 0);
  put_be32((uint8_t *)&to + 4, 0x7f000001);
  int listener = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_bind(w.a, listener, &to, sizeof(to)), 0);
  assert_int_equal(ph_listen(w.a, listener, 1), 0);
  int client = ph_socket(w.a, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_connect(w.a, client, &to, sizeof(to)), 0);
  int server = ph_accept(w.a, listener, NULL, NULL);
  assert_int_equal(server, 2);
  for (size_t i = 0; i < sizeof(out); i++) {
    out[i] = pair_byte(i);
  }
  assert_int_equal(ph_send(w.a, client, out, sizeof(out), 0), sizeof(out));
  assert_int_equal(ph_recv(w.a, server, in, sizeof(in), PH_MSG_WAITALL),
                   sizeof(in));
  assert_memory_equal(in, out, sizeof(in));
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_arguments_are_refused),
      cmocka_unit_test(descriptors_are_the_lowest_and_run_out),
      cmocka_unit_test(blocking_connect_send_recv_close),
      cmocka_unit_test(nonblocking_connect_reports_progress),
      cmocka_unit_test(refused_connect_can_be_tried_again),
      cmocka_unit_test(receive_timeout_says_again),
      cmocka_unit_test(reset_gives_econnreset_then_epipe),
      cmocka_unit_test(shutdown_write_is_end_of_file_and_epipe),
      cmocka_unit_test(buffers_are_doubled_and_clamped),
      cmocka_unit_test(poll_reports_what_is_ready),
      cmocka_unit_test(small_send_buffer_blocks_until_read),
      cmocka_unit_test(vectors_names_and_info_agree),
      cmocka_unit_test(datagrams_go_both_ways),
      cmocka_unit_test(tcp_info_tells_what_happened),
      cmocka_unit_test(epoll_wait_blocks_until_data_or_its_timeout),
      cmocka_unit_test(lingering_close_waits_for_the_peer_or_its_time),
      cmocka_unit_test(reuse_port_spreads_connections),
      cmocka_unit_test(epoll_pools_run_out_and_come_back),
      cmocka_unit_test(many_descriptors_give_the_lowest_free),
      cmocka_unit_test(loopback_carries_a_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
