/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that move data, with every flag, on our sockets and on the host's. */
#include <linux/sockios.h>
#include <string.h>

#include "tests/stack/both.h"

static const int all_events = POLLIN | POLLOUT | POLLRDHUP;

static void vectors_of_a_stream(struct api *a) {
  struct trio t;
  char one[4] = "abc", two[8] = "defghij", none[1], in1[3], in2[20] = {0};
  struct iovec out[4] = {{one, 3}, {none, 0}, {two, 7}, {none, 0}};
  volatile int minus_one = -1; /* the compiler looks through constants */
  struct iovec in[3] = {{in1, 3}, {none, 0}, {in2, 20}};
  trio_open(a, &t);
  R(s_writev(a, t.client, out, 4));
  settle(a);
  R(s_pending(a, t.server));
  R(s_readv(a, t.server, in, 3));
  R(memcmp(in1, "abc", 3));
  R(memcmp(in2, "defghij", 8));
  R(s_writev(a, t.client, out, 0));
  R(s_writev(a, t.client, out, minus_one));
  R(s_readv(a, t.server, in, minus_one));
  R(s_readv(a, t.server, in, 0));
  R(s_writev(a, t.client, out + 1, 1));
  R(s_readv(a, t.server, in + 1, 1));
  struct iovec many[1100] = {{one, 1}};
  R(s_writev(a, t.client, many, 1024));
  R(s_writev(a, t.client, many, 1025));
  R(s_readv(a, t.server, many, 1025));
  out[0].iov_len = (size_t)-1;
  R(s_writev(a, t.client, out, 2));
  R(s_writev(a, -1, out, 1));
  R(s_readv(a, -1, out, 1));
  trio_close(a, &t);
}

static void messages_of_a_stream(struct api *a) {
  struct trio t;
  char one[8] = "message", two[8] = "s of it", buf[64] = {0}, name[64];
  char control[64];
  struct iovec out[2] = {{one, 7}, {two, 7}};
  struct iovec in[2] = {{buf, 4}, {buf + 4, 60}};
  struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
  trio_open(a, &t);
  R(s_sendmsg(a, t.client, &msg, 0));
  settle(a);
  msg = (struct msghdr){.msg_iov = in,
                        .msg_iovlen = 2,
                        .msg_name = name,
                        .msg_namelen = sizeof(name),
                        .msg_control = control,
                        .msg_controllen = sizeof(control),
                        .msg_flags = -1};
  R(s_recvmsg(a, t.server, &msg, MSG_PEEK));
  R(memcmp(buf, "messages of it", 14));
  memset(buf, 0, sizeof(buf));
  msg.msg_namelen = sizeof(name);
  R(s_recvmsg(a, t.server, &msg, 0));
  R(memcmp(buf, "messages of it", 14));
  R(msg.msg_namelen);
  R((long)msg.msg_controllen);
  R(msg.msg_flags);
  R(s_recvmsg(a, t.server, &msg, MSG_DONTWAIT));
  R(s_recvmsg(a, t.server, &msg, MSG_ERRQUEUE));
  R(s_recvmsg(a, t.server, &msg, MSG_OOB));
  /* To somewhere else: not looked at. */
  struct sockaddr_in in_name = local(7);
  msg = (struct msghdr){.msg_iov = out,
                        .msg_iovlen = 1,
                        .msg_name = &in_name,
                        .msg_namelen = sizeof(in_name)};
  R(s_sendmsg(a, t.client, &msg, 0));
  msg.msg_iovlen = 0;
  R(s_sendmsg(a, t.client, &msg, 0));
  struct iovec many[1025] = {{one, 1}};
  msg = (struct msghdr){.msg_iov = many, .msg_iovlen = 1025};
  R(s_sendmsg(a, t.client, &msg, 0));
  R(s_recvmsg(a, t.client, &msg, MSG_DONTWAIT));
  settle(a);
  unsigned len = sizeof(in_name);
  R(s_recvfrom(a, t.server, buf, 64, 0, &in_name, &len));
  R((long)len);
  R(s_sendmsg(a, -1, &msg, 0));
  R(s_recvmsg(a, -1, &msg, 0));
  trio_close(a, &t);
}

static void messages_of_datagrams(struct api *a) {
  struct sockaddr_in to = local(0), from;
  char one[8] = "message", two[8] = "s of it", buf[64] = {0};
  struct iovec out[2] = {{one, 7}, {two, 7}};
  struct iovec in[2] = {{buf, 4}, {buf + 4, 60}};
  long s = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long c = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, s, &to, sizeof(to)));
  to.sin_port = port_of(a, s);
  struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
  R(s_sendmsg(a, c, &msg, 0));
  msg.msg_name = &to;
  msg.msg_namelen = 3;
  R(s_sendmsg(a, c, &msg, 0));
  msg.msg_namelen = sizeof(to);
  R(s_sendmsg(a, c, &msg, 0));
  R(s_sendmsg(a, c, &msg, 0));
  R(s_sendmsg(a, c, &msg, 0));
  settle(a);
  struct msghdr rcv = {.msg_iov = in,
                       .msg_iovlen = 2,
                       .msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_flags = -1};
  R(s_recvmsg(a, s, &rcv, 0));
  R(memcmp(buf, "messages of it", 14));
  R(rcv.msg_flags);
  R(rcv.msg_namelen);
  R(from.sin_family);
  R((long)from.sin_addr.s_addr);
  R(from.sin_port == port_of(a, c));
  in[1].iov_len = 6;
  R(s_recvmsg(a, s, &rcv, MSG_PEEK));
  R(rcv.msg_flags);
  R(s_recvmsg(a, s, &rcv, MSG_PEEK | MSG_TRUNC));
  R(s_recvmsg(a, s, &rcv, 0));
  R(rcv.msg_flags);
  R(s_recvmsg(a, s, &rcv, MSG_TRUNC));
  R(rcv.msg_flags);
  R(s_recvmsg(a, s, &rcv, MSG_DONTWAIT));
  R(s_close(a, s));
  R(s_close(a, c));
}

static void vectors_of_datagrams(struct api *a) {
  struct sockaddr_in to = local(0);
  char one[8] = "message", two[8] = "s of it", buf[64] = {0};
  struct iovec out[2] = {{one, 7}, {two, 7}};
  struct iovec in[2] = {{buf, 4}, {buf + 4, 60}};
  long s = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long c = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, s, &to, sizeof(to)));
  to.sin_port = port_of(a, s);
  R(s_connect(a, c, &to, sizeof(to)));
  R(s_writev(a, c, out, 2));
  R(s_writev(a, c, out, 0));
  out[0].iov_len = out[1].iov_len = 0;
  R(s_writev(a, c, out, 2));
  R(s_send(a, c, NULL, 0, 0));
  settle(a);
  in[1].iov_len = 60;
  R(s_readv(a, s, in, 2));
  R(s_readv(a, s, in, 2));
  R(s_recv(a, s, buf, 1, MSG_DONTWAIT));
  static char big[40000];
  out[0] = out[1] = (struct iovec){big, sizeof(big)};
  R(s_writev(a, c, out, 2));
  out[0].iov_len = 7000; /* in several blocks, in one datagram */
  out[1].iov_len = 9000;
  big[6999] = 'x';
  R(s_writev(a, c, out, 2));
  settle(a);
  static char got[65536];
  R(s_recv(a, s, got, sizeof(got), MSG_DONTWAIT));
  R(got[6999]);
  R(got[13999]);
  R(s_close(a, s));
  R(s_close(a, c));
}

static void peek_wait_and_cut(struct api *a) {
  struct trio t;
  char buf[64] = {0};
  struct {
    long s, us;
  } time = {0, 20000};
  trio_open(a, &t);
  R(s_send(a, t.client, "0123456789", 10, 0));
  settle(a);
  R(s_recv(a, t.server, buf, 4, MSG_PEEK));
  R(s_recv(a, t.server, buf, 10, MSG_PEEK | MSG_WAITALL));
  R(s_recv(a, t.server, buf, 4, MSG_PEEK | MSG_TRUNC));
  R(s_recv(a, t.server, buf, 4, MSG_WAITALL));
  R(memcmp(buf, "0123", 4));
  R(s_recv(a, t.server, NULL, 2, MSG_TRUNC));
  R(s_setsockopt(a, t.server, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL | MSG_PEEK));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL | MSG_DONTWAIT));
  R(memcmp(buf, "6789", 4));
  R(s_recv(a, t.server, buf, 1, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 1, 0));
  R(s_send(a, t.client, "end", 3, 0));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL | MSG_PEEK));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 64, MSG_PEEK));
  trio_close(a, &t);
  /* What came before a reset is read, then the error. */
  struct linger linger = {1, 0};
  trio_open(a, &t);
  R(s_send(a, t.client, "abc", 3, 0));
  settle(a);
  R(s_setsockopt(a, t.client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
  R(s_close(a, t.client));
  settle(a);
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  trio_close(a, &t);
}

static void corks(struct api *a) {
  struct trio t;
  char buf[64];
  trio_open(a, &t);
  R(option(a, t.client, IPPROTO_TCP, PH_TCP_CORK));
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_CORK, 5));
  R(option(a, t.client, IPPROTO_TCP, PH_TCP_CORK));
  R(s_send(a, t.client, "abc", 3, 0));
  R(s_pending(a, t.server)); /* on the host: not a moment later either */
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_CORK, 0));
  settle(a);
  R(s_pending(a, t.server));
  R(s_send(a, t.client, "def", 3, MSG_MORE));
  R(s_send(a, t.client, "ghi", 3, MSG_MORE));
  R(s_pending(a, t.server));
  R(s_send(a, t.client, "jkl", 3, 0));
  settle(a);
  R(s_pending(a, t.server));
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_CORK, 1));
  R(s_send(a, t.client, "m", 1, 0));
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_NODELAY, 1));
  settle(a);
  R(s_pending(a, t.server));
  R(s_send(a, t.client, "n", 1, 0));
  R(s_shutdown(a, t.client, SHUT_WR));
  settle(a);
  R(s_recv(a, t.server, buf, 64, MSG_WAITALL));
  trio_close(a, &t);
  long u = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_option(a, u, IPPROTO_TCP, PH_TCP_CORK, 1));
  R(option(a, u, IPPROTO_TCP, PH_TCP_CORK));
  R(s_close(a, u));
}

static void queues_and_flags(struct api *a) {
  struct trio t;
  char buf[64];
  int n = 1;
  trio_open(a, &t);
  R(s_ioctl(a, t.client, SIOCOUTQ, &n));
  R(n);
  R(s_ioctl(a, t.client, SIOCOUTQNSD, &n));
  R(n);
  R(s_ioctl(a, t.client, FIONREAD, &n));
  R(n);
  R(s_ioctl(a, t.listener, FIONREAD, &n));
  R(s_ioctl(a, t.listener, SIOCOUTQ, &n));
  R(s_ioctl(a, t.listener, SIOCOUTQNSD, &n));
  R(s_ioctl(a, t.client, 0x1234, &n));
  R(s_fcntl(a, t.client, F_GETFL, 0));
  R(s_fcntl(a, t.client, F_SETFL, O_NONBLOCK));
  R(s_fcntl(a, t.client, F_GETFL, 0));
  R(s_recv(a, t.client, buf, 1, 0));
  R(s_recv(a, t.client, buf, 64, MSG_WAITALL));
  n = 0;
  R(s_ioctl(a, t.client, FIONBIO, &n));
  R(s_fcntl(a, t.client, F_GETFL, 0));
  R(s_fcntl(a, t.client, F_GETFD, 0));
  R(s_fcntl(a, t.client, F_SETFD, FD_CLOEXEC));
  R(s_fcntl(a, t.client, F_GETFD, 0));
  R(s_fcntl(a, t.client, 999, 0));
  R(s_fcntl(a, -1, F_GETFL, 0));
  R(set_option(a, t.client, IPPROTO_TCP, PH_TCP_CORK, 1));
  R(s_send(a, t.client, "corked", 6, 0));
  R(s_ioctl(a, t.client, SIOCOUTQ, &n));
  R(n);
  R(s_ioctl(a, t.client, SIOCOUTQNSD, &n));
  R(n);
  R(s_poll(a, t.client, all_events));
  trio_close(a, &t);
  /* accept4() and its flags. */
  struct sockaddr_in in = local(0);
  t.listener = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  R(s_listen(a, t.listener, 4));
  in.sin_port = port_of(a, t.listener);
  for (int i = 0; i < 3; i++) {
    static const int flags[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC};
    t.client = FD(s_socket(a, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    R(s_fcntl(a, t.client, F_GETFD, 0));
    R(s_connect(a, t.client, &in, sizeof(in)));
    settle(a);
    R(s_accept(a, t.listener, 1));
    t.server = FD(s_accept(a, t.listener, flags[i]));
    R(s_fcntl(a, t.server, F_GETFL, 0));
    R(s_fcntl(a, t.server, F_GETFD, 0));
    R(s_close(a, t.server));
    R(s_close(a, t.client));
    settle(a);
  }
  R(s_close(a, t.listener));
}

SAME(vectors_of_a_stream)
SAME(messages_of_a_stream)
SAME(messages_of_datagrams)
SAME(vectors_of_datagrams)
SAME(peek_wait_and_cut)
SAME(corks)
SAME(queues_and_flags)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors_of_a_stream_as_on_linux),
      cmocka_unit_test(messages_of_a_stream_as_on_linux),
      cmocka_unit_test(messages_of_datagrams_as_on_linux),
      cmocka_unit_test(vectors_of_datagrams_as_on_linux),
      cmocka_unit_test(peek_wait_and_cut_as_on_linux),
      cmocka_unit_test(corks_as_on_linux),
      cmocka_unit_test(queues_and_flags_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
