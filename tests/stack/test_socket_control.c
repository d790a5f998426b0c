/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of datagrams and IP_MTU_DISCOVER: the same calls on the
 * host's kernel and on ours. */
#include <string.h>

#include "tests/stack/control.h"

static void receive(struct api *a, long fd, size_t room, int flags) {
  char buf[8];
  (void)control_receive(a, fd, buf, sizeof(buf), room, flags);
}

static void messages_that_were_asked_for_are_told(struct api *a) {
  static const int names[2][5][2] = {{{IPPROTO_IP, IP_PKTINFO},
                                      {IPPROTO_IP, IP_RECVTTL},
                                      {IPPROTO_IP, IP_RECVTOS},
                                      {SOL_SOCKET, SO_TIMESTAMP},
                                      {SOL_SOCKET, SO_BROADCAST}},
                                     {{IPPROTO_IPV6, IPV6_RECVPKTINFO},
                                      {IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
                                      {IPPROTO_IPV6, IPV6_RECVTCLASS},
                                      {SOL_SOCKET, SO_TIMESTAMP},
                                      {SOL_SOCKET, SO_BROADCAST}}};
  for (int six = 0; six < 2; six++) {
    struct sockaddr_in in4 = local(0);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_addr = in6addr_loopback};
    void *name = six ? (void *)&in6 : &in4;
    unsigned len = six ? sizeof(in6) : sizeof(in4);
    long fd = FD(s_socket(a, six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
    long from = FD(s_socket(a, six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
    R(s_bind(a, fd, name, len));
    R(s_sockname(a, fd, name, &len));
    R(set_option(a, from, six ? IPPROTO_IPV6 : IPPROTO_IP,
                 six ? IPV6_UNICAST_HOPS : IP_TTL, 33));
    R(set_option(a, from, six ? IPPROTO_IPV6 : IPPROTO_IP,
                 six ? IPV6_TCLASS : IP_TOS, 0x10));
    for (int i = 0; i < 5; i++) {
      R(option(a, fd, names[six][i][0], names[six][i][1]));
      R(set_option(a, fd, names[six][i][0], names[six][i][1], 7));
      R(option(a, fd, names[six][i][0], names[six][i][1]));
      R(s_sendto(a, from, "x", 1, name, len));
      settle(a);
      receive(a, fd, 256, MSG_PEEK);
      receive(a, fd, 256, 0);
    }
    for (size_t room = 0; room < 120; room += 4) {
      R(s_sendto(a, from, "x", 1, name, len));
      settle(a);
      receive(a, fd, room, 0);
    }
    for (int i = 0; i < 4; i++) {
      R(set_option(a, fd, names[six][i][0], names[six][i][1], 0));
    }
    R(s_sendto(a, from, "x", 1, name, len));
    settle(a);
    receive(a, fd, 256, 0);
    R(s_close(a, fd));
    R(s_close(a, from));
  }
}
static void messages_that_were_asked_for_are_told_as_on_linux(void **state) {
  /* EVIDENCE: RFC 1122 4.1.4b; RFC 3542 6; the host's kernel */
  (void)state;
  compare(messages_that_were_asked_for_are_told);
}

/* SO_TIMESTAMP and SO_TIMESTAMPNS: the last in6addr_loopback that was asked
 * for. */
static void times_of_two_kinds(struct api *a) {
  static const int names[] = {SO_TIMESTAMP, SO_TIMESTAMPNS};
  struct sockaddr_in to = local(0);
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long from = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, fd, &to, sizeof(to)));
  to.sin_port = port_of(a, fd);
  for (int i = 0; i < 16; i++) {
    R(set_option(a, fd, SOL_SOCKET, names[i & 1], i >> 1 & 1));
    R(set_option(a, fd, SOL_SOCKET, names[i >> 2 & 1], i >> 3 & 1));
    R(option(a, fd, SOL_SOCKET, SO_TIMESTAMP));
    R(option(a, fd, SOL_SOCKET, SO_TIMESTAMPNS));
    R(s_sendto(a, from, "x", 1, &to, sizeof(to)));
    settle(a);
    receive(a, fd, 256, 0);
  }
  R(s_close(a, fd));
  R(s_close(a, from));
}
SAME(times_of_two_kinds)

static void path_mtu_modes(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long six = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  R(option(a, six, IPPROTO_IPV6, IPV6_MTU_DISCOVER));
  for (int mode = 0; mode < 4; mode++) {
    R(set_option(a, fd, IPPROTO_IP, IP_MTU_DISCOVER, mode));
    R(option(a, fd, IPPROTO_IP, IP_MTU_DISCOVER));
    R(set_option(a, six, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode));
    R(option(a, six, IPPROTO_IPV6, IPV6_MTU_DISCOVER));
  }
  R(set_option(a, fd, IPPROTO_IP, IP_MTU_DISCOVER, 77));
  R(set_option(a, fd, IPPROTO_IP, IP_MTU_DISCOVER, -1));
  R(s_close(a, fd));
  R(s_close(a, six));
}
SAME(path_mtu_modes)

/* ---- Between two hosts --------------------------------------------------- */

static bool df_[8];
static uint32_t len_[8], count_;

static uint32_t look(struct pair *pair, int from, uint8_t *data, uint32_t len) {
  (void)pair;
  if (from == 0 && data[12] == 8 && data[13] == 0 && data[23] == 17 &&
      count_ < 8) {
    df_[count_] = data[20] & 0x40;
    len_[count_++] = len - 14;
  }
  return len;
}

static void mtu_discover_sets_df_and_refuses_what_does_not_fit(void **state) {
  /* EVIDENCE: RFC 1191 2, RFC 1122 4.1.4 (options from the application) */
  (void)state;
  const struct pair_options options = {.socket = {.max_sockets = 8}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *s = &pair->host[0].stack;
  static char data[3000];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(0x0a000002);
  ph_stack_set_now(s, pair->now_ns);
  int fd = ph_socket(s, PH_AF_INET, PH_SOCK_DGRAM | PH_SOCK_NONBLOCK, 0);
  assert_int_equal(ph_sendto(s, fd, data, 1, 0, &to, sizeof(to)), 1); /* ARP */
  pair_pass(pair, PAIR_S);
  pair->mangle = look;
  for (int mode = 0; mode < 4; mode++) {
    ph_stack_set_now(s, pair->now_ns);
    assert_int_equal(ph_setsockopt(s, fd, PH_IPPROTO_IP, PH_IP_MTU_DISCOVER,
                                   &mode, sizeof(mode)),
                     0);
    count_ = 0;
    assert_int_equal(ph_sendto(s, fd, data, 1472, 0, &to, sizeof(to)), 1472);
    pair_pass(pair, 10 * PAIR_MS);
    assert_int_equal(count_, 1);
    assert_int_equal(len_[0], 1500);
    assert_int_equal(df_[0], mode != 0);
    long n = ph_sendto(s, fd, data, 2000, 0, &to, sizeof(to));
    pair_pass(pair, 10 * PAIR_MS);
    assert_int_equal(n, mode < 2 ? 2000 : -PH_EMSGSIZE);
    assert_int_equal(count_, mode < 2 ? 3 : 1);
    assert_false(mode < 2 && (df_[1] || df_[2]));
  }
  assert_int_equal(ph_close(s, fd), 0);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_that_were_asked_for_are_told_as_on_linux),
      cmocka_unit_test(times_of_two_kinds_as_on_linux),
      cmocka_unit_test(path_mtu_modes_as_on_linux),
      cmocka_unit_test(mtu_discover_sets_df_and_refuses_what_does_not_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
