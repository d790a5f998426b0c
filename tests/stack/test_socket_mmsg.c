/* SPDX-License-Identifier: Apache-2.0 */
/* sendmmsg(), recvmmsg() and sockets that share a port: the same calls on the
 * host's kernel and on ours. */
#include <string.h>

#include "tests/stack/control.h"

enum { MANY = 6 };

struct scene {
  struct sockaddr_in to;
  long receiver, sender;
  char data[MANY][16];
  struct iovec iov[MANY];
  struct mmsghdr m[MANY];
};

static void prepare(struct scene *s, size_t len) {
  for (size_t i = 0; i < MANY; i++) {
    memset(s->data[i], (int)('a' + i), sizeof(s->data[i]));
    s->iov[i] = (struct iovec){s->data[i], len};
    s->m[i] = (struct mmsghdr){
        .msg_hdr = {.msg_iov = &s->iov[i], .msg_iovlen = 1}, .msg_len = 77};
  }
}

static void scene_open(struct api *a, struct scene *s) {
  memset(s, 0, sizeof(*s));
  s->to = local(0);
  s->receiver = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  s->sender = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, s->receiver, &s->to, sizeof(s->to)));
  s->to.sin_port = port_of(a, s->receiver);
  R(s_connect(a, s->sender, &s->to, sizeof(s->to)));
}

static void scene_close(struct api *a, const struct scene *s) {
  R(s_close(a, s->receiver));
  R(s_close(a, s->sender));
}

static void note_all(struct api *a, const struct scene *s) {
  for (size_t i = 0; i < MANY; i++) {
    note(a, __LINE__, "msg_len", s->m[i].msg_len);
    note(a, __LINE__, "its flags", s->m[i].msg_hdr.msg_flags);
    note(a, __LINE__, "its first byte", s->data[i][0]);
  }
}

static void several_messages_in_one_call(struct api *a) {
  struct scene s;
  struct timespec second = {1, 0}, none = {0, 0}, wrong = {0, 1000000000};
  scene_open(a, &s);
  R(s_recvmmsg(a, s.receiver, s.m, MANY, MSG_DONTWAIT, NULL));
  R(s_recvmmsg(a, s.receiver, s.m, MANY, MSG_DONTWAIT, &wrong));
  R(s_recvmmsg(a, s.receiver, s.m, 0, MSG_DONTWAIT, &second));
  R(s_sendmmsg(a, s.sender, s.m, 0, 0));
  for (unsigned count = 1; count <= MANY; count++) {
    prepare(&s, count);
    R(s_sendmmsg(a, s.sender, s.m, count, 0));
    note_all(a, &s);
    settle(a);
    prepare(&s, 3);
    R(s_recvmmsg(a, s.receiver, s.m, MANY - 1, MSG_DONTWAIT, NULL));
    note_all(a, &s);
    prepare(&s, 3);
    R(s_recvmmsg(a, s.receiver, s.m, MANY, MSG_WAITFORONE | MSG_DONTWAIT,
                 NULL));
  }
  prepare(&s, 5);
  R(s_sendmmsg(a, s.sender, s.m, MANY, 0));
  settle(a);
  prepare(&s, 16);
  R(s_recvmmsg(a, s.receiver, s.m, MANY, 0, &none)); /* one, then it is over */
  note_all(a, &s);
  prepare(&s, 16);
  R(s_recvmmsg(a, s.receiver, s.m, 2, 0, &second)); /* does not wait */
  note_all(a, &s);
  prepare(&s, 16);
  R(s_recvmmsg(a, s.receiver, s.m, MANY, MSG_WAITFORONE, NULL));
  note_all(a, &s);
  scene_close(a, &s);
  R(s_sendmmsg(a, s.sender, s.m, 1, 0));
  R(s_recvmmsg(a, s.sender, s.m, 1, 0, NULL));
}

/* An error in the middle: those before it were sent. */
static void several_messages_of_which_one_fails(struct api *a) {
  struct scene s;
  scene_open(a, &s);
  prepare(&s, 4);
  s.m[2].msg_hdr.msg_iovlen = 2000;
  R(s_sendmmsg(a, s.sender, s.m, MANY, 0));
  note_all(a, &s);
  R(s_sendmmsg(a, s.sender, s.m + 2, 2, 0));
  settle(a);
  prepare(&s, 4);
  s.m[1].msg_hdr.msg_iovlen = 2000;
  R(s_recvmmsg(a, s.receiver, s.m, MANY, MSG_DONTWAIT, NULL));
  R(option(a, s.receiver, SOL_SOCKET, SO_ERROR)); /* what stopped it */
  R(option(a, s.receiver, SOL_SOCKET, SO_ERROR));
  scene_close(a, &s);
}

static void several_pieces_of_a_stream(struct api *a) {
  struct trio t;
  struct scene s;
  trio_open(a, &t);
  prepare(&s, 9);
  R(s_sendmmsg(a, t.client, s.m, MANY, 0));
  settle(a);
  prepare(&s, 16);
  R(s_recvmmsg(a, t.server, s.m, MANY, MSG_DONTWAIT, NULL));
  note_all(a, &s);
  trio_close(a, &t);
}

/* ---- SO_REUSEPORT -------------------------------------------------------- */

enum { FLOWS = 24 };

static long on_port(struct api *a, struct sockaddr_in *in, bool share) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_option(a, fd, SOL_SOCKET, SO_REUSEPORT, share));
  long result = R(s_bind(a, fd, in, sizeof(*in)));
  if (result == 0) {
    in->sin_port = port_of(a, fd);
  }
  return fd;
}

/* Who got it: 0 to 2, or -1. */
static int taken_by(struct api *a, const long fd[3], char *data) {
  for (int i = 0; i < 3; i++) {
    long n = s_recv(a, fd[i], data, 1, MSG_DONTWAIT);
    if (n == 1) {
      return i;
    }
  }
  return -1;
}

static void port_is_shared_by_flow(struct api *a) {
  struct sockaddr_in in = local(0);
  long fd[3], flow[4];
  int got[3] = {0};
  bool moved = false;
  for (int i = 0; i < 3; i++) {
    fd[i] = on_port(a, &in, true);
  }
  struct sockaddr_in other = in;
  long alone = on_port(a, &other, false); /* EADDRINUSE */
  R(s_close(a, alone));
  for (int f = 0; f < FLOWS; f++) {
    int first = -1;
    flow[f % 4] = s_socket(a, AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < 3; i++) {
      char data = 0;
      (void)s_sendto(a, flow[f % 4], "x", 1, &in, sizeof(in));
      settle(a);
      int who = taken_by(a, fd, &data);
      moved |= who < 0 || (first >= 0 && who != first);
      first = who;
    }
    got[first < 0 ? 0 : first]++;
    (void)s_close(a, flow[f % 4]);
  }
  note(a, __LINE__, "a flow went to two", moved);
  note(a, __LINE__, "all got some", got[0] > 0 && got[1] > 0 && got[2] > 0);
  for (int i = 0; i < 3; i++) {
    R(s_close(a, fd[i]));
  }
}

static void port_is_not_shared_by_reuse_of_two_kinds(struct api *a) {
  for (int options = 0; options < 16; options++) {
    struct sockaddr_in in = local(0);
    long fd[2];
    for (int i = 0; i < 2; i++) {
      fd[i] = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
      R(set_option(a, fd[i], SOL_SOCKET, SO_REUSEADDR, options >> (2 * i) & 1));
      R(set_option(a, fd[i], SOL_SOCKET, SO_REUSEPORT,
                   options >> (2 * i + 1) & 1));
      R(s_bind(a, fd[i], &in, sizeof(in)));
      in.sin_port = i == 0 ? port_of(a, fd[0]) : in.sin_port;
    }
    R(s_close(a, fd[0]));
    R(s_close(a, fd[1]));
  }
}

static void connected_member_hears_its_peer(struct api *a) {
  struct sockaddr_in in = local(0), peer = local(0);
  char data[4];
  long one = on_port(a, &in, true);
  long two = on_port(a, &in, true);
  long from = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, from, &peer, sizeof(peer)));
  peer.sin_port = port_of(a, from);
  R(s_connect(a, one, &peer, sizeof(peer)));
  for (int i = 0; i < 3; i++) {
    R(s_sendto(a, from, "x", 1, &in, sizeof(in)));
    settle(a);
    R(s_recv(a, two, data, sizeof(data), MSG_DONTWAIT));
    R(s_recv(a, one, data, sizeof(data), MSG_DONTWAIT));
  }
  R(s_close(a, one));
  R(s_sendto(a, from, "x", 1, &in, sizeof(in)));
  settle(a);
  R(s_recv(a, two, data, sizeof(data), MSG_DONTWAIT));
  R(s_close(a, two));
  R(s_close(a, from));
}

SAME(several_messages_in_one_call)
SAME(several_messages_of_which_one_fails)
SAME(several_pieces_of_a_stream)
SAME(port_is_shared_by_flow)
SAME(port_is_not_shared_by_reuse_of_two_kinds)
SAME(connected_member_hears_its_peer)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_messages_in_one_call_as_on_linux),
      cmocka_unit_test(several_messages_of_which_one_fails_as_on_linux),
      cmocka_unit_test(several_pieces_of_a_stream_as_on_linux),
      cmocka_unit_test(port_is_shared_by_flow_as_on_linux),
      cmocka_unit_test(port_is_not_shared_by_reuse_of_two_kinds_as_on_linux),
      cmocka_unit_test(connected_member_hears_its_peer_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
