/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_OOB, SO_OOBINLINE, SIOCATMARK and POLLPRI, on our sockets and on the
 * host's. */
#include <string.h>

#include "tests/stack/both.h"

static const int all_events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP;

static long oob_inline(struct api *a, long fd, int on) {
  return s_setsockopt(a, fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

static long at_mark(struct api *a, long fd) {
  int mark = -1;
  long result = s_ioctl(a, fd, SIOCATMARK, &mark);
  return result < 0 ? result : mark;
}

static long pending(struct api *a, long fd) {
  int n = -1;
  long result = s_ioctl(a, fd, FIONREAD, &n);
  return result < 0 ? result : n;
}

/* Everything that can be asked, then one read. */
static void look(struct api *a, long fd) {
  char buf[64] = {0};
  R(at_mark(a, fd));
  R(pending(a, fd));
  R(s_poll(a, fd, all_events));
  R(s_recv(a, fd, buf, sizeof(buf), MSG_OOB | MSG_PEEK | MSG_DONTWAIT));
  R(buf[0]);
  memset(buf, 0, sizeof(buf));
  R(s_recv(a, fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT));
  R(memcmp(buf, "abcdefgh", 3));
  R(at_mark(a, fd));
  memset(buf, 0, sizeof(buf));
  R(s_recv(a, fd, buf, sizeof(buf), MSG_DONTWAIT));
  for (int i = 0; i < 8; i++) {
    R(buf[i]);
  }
}

static void mark_in_the_middle(struct api *a) {
  for (int in_line = 0; in_line < 2; in_line++) {
    struct trio t;
    trio_open(a, &t);
    R(oob_inline(a, t.server, in_line));
    R(s_send(a, t.client, "abcU", 4, MSG_OOB));
    R(s_send(a, t.client, "def", 3, 0));
    settle(a);
    look(a, t.server);
    look(a, t.server);
    look(a, t.server);
    trio_close(a, &t);
  }
}

static void mark_alone(struct api *a) {
  for (int in_line = 0; in_line < 2; in_line++) {
    struct trio t;
    trio_open(a, &t);
    R(oob_inline(a, t.server, in_line));
    R(s_send(a, t.client, "U", 1, MSG_OOB));
    settle(a);
    look(a, t.server);
    R(s_send(a, t.client, "xyz", 3, 0));
    settle(a);
    look(a, t.server);
    trio_close(a, &t);
  }
}

static void octet_taken_once(struct api *a) {
  struct trio t;
  char c[4] = {0};
  trio_open(a, &t);
  R(s_recv(a, t.server, c, 1, MSG_OOB));
  R(s_send(a, t.client, "aU", 2, MSG_OOB));
  settle(a);
  R(s_recv(a, t.server, c, 4, MSG_OOB));
  R(c[0]);
  R(s_recv(a, t.server, c, 4, MSG_OOB));
  R(s_poll(a, t.server, all_events));
  R(at_mark(a, t.server));
  R(s_recv(a, t.server, c, 4, 0));
  R(at_mark(a, t.server));
  R(s_poll(a, t.server, all_events));
  R(s_recv(a, t.server, c, 4, MSG_DONTWAIT));
  R(at_mark(a, t.server));
  trio_close(a, &t);
}

static void two_marks(struct api *a) {
  struct trio t;
  char c[16] = {0};
  trio_open(a, &t);
  R(s_send(a, t.client, "abU", 3, MSG_OOB));
  R(s_send(a, t.client, "cV", 2, MSG_OOB));
  R(s_send(a, t.client, "d", 1, 0));
  settle(a);
  R(s_recv(a, t.server, c, 1, MSG_OOB));
  R(c[0]);
  R(s_recv(a, t.server, c, 16, 0));
  R(memcmp(c, "abUc", 4));
  R(s_recv(a, t.server, c, 16, 0));
  R(c[0]);
  trio_close(a, &t);
}

static void waiting_for_all_stops_at_the_mark(struct api *a) {
  struct trio t;
  char c[16] = {0};
  trio_open(a, &t);
  R(s_send(a, t.client, "abU", 3, MSG_OOB));
  R(s_send(a, t.client, "cdefgh", 6, 0));
  settle(a);
  R(s_recv(a, t.server, c, 8, MSG_WAITALL));
  R(s_recv(a, t.server, c, 4, MSG_WAITALL));
  R(memcmp(c, "cdef", 4));
  trio_close(a, &t);
}

static void message_with_a_mark(struct api *a) {
  struct trio t;
  char one[4] = "abc", two[4] = "dU", buf[8] = {0};
  struct iovec out[2] = {{one, 3}, {two, 2}}, in[1] = {{buf, 8}};
  struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};
  trio_open(a, &t);
  R(s_sendmsg(a, t.client, &msg, MSG_OOB));
  settle(a);
  msg = (struct msghdr){.msg_iov = in, .msg_iovlen = 1};
  R(s_recvmsg(a, t.server, &msg, MSG_OOB));
  R(msg.msg_flags);
  R(buf[0]);
  R(s_recvmsg(a, t.server, &msg, 0));
  R(msg.msg_flags);
  R(memcmp(buf, "abcd", 4));
  trio_close(a, &t);
}

static void option_and_where_there_is_none(struct api *a) {
  struct trio t;
  char c;
  int value = -1;
  unsigned len = sizeof(value);
  trio_open(a, &t);
  R(s_getsockopt(a, t.server, SOL_SOCKET, SO_OOBINLINE, &value, &len));
  R(value);
  R(oob_inline(a, t.listener, 7));
  R(s_getsockopt(a, t.listener, SOL_SOCKET, SO_OOBINLINE, &value, &len));
  R(value);
  R(at_mark(a, t.listener));
  R(at_mark(a, t.client));
  R(s_send(a, t.client, "", 0, MSG_OOB));
  R(s_close(a, t.client));
  settle(a);
  R(s_recv(a, t.server, &c, 1, MSG_OOB));
  t.client = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_send(a, t.client, "x", 1, MSG_OOB));
  R(oob_inline(a, t.client, 1));
  trio_close(a, &t);
}

SAME(mark_in_the_middle)
SAME(mark_alone)
SAME(octet_taken_once)
SAME(two_marks)
SAME(waiting_for_all_stops_at_the_mark)
SAME(message_with_a_mark)
SAME(option_and_where_there_is_none)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mark_in_the_middle_as_on_linux),
      cmocka_unit_test(mark_alone_as_on_linux),
      cmocka_unit_test(octet_taken_once_as_on_linux),
      cmocka_unit_test(two_marks_as_on_linux),
      cmocka_unit_test(waiting_for_all_stops_at_the_mark_as_on_linux),
      cmocka_unit_test(message_with_a_mark_as_on_linux),
      cmocka_unit_test(option_and_where_there_is_none_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
