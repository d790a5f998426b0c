/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, broadcasts and interfaces: the same calls on the host's kernel, in a
 * network namespace whose only interface is the loopback one, and on ours; then
 * between two of our hosts. */
#include <string.h>

#include "stack/ip/ipv6.h"
#include "tests/stack/both.h"
#include "tests/stack/netns.h"

static struct sockaddr_in at(uint32_t address, uint16_t port) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};
  put_be32((uint8_t *)&in.sin_addr, address);
  return in;
}

static struct ip_mreqn mreq(uint32_t group, uint32_t address) {
  struct ip_mreqn m = {.imr_ifindex = 0};
  put_be32((uint8_t *)&m.imr_multiaddr, group);
  put_be32((uint8_t *)&m.imr_address, address);
  return m;
}

enum { GROUP = 0x6f010203 }; /* with 0x80000000: 239.1.2.3 */
#define GROUP_IP (0x80000000u | GROUP)
#define LO 0x7f000001u

static long member(struct api *a, long fd, int option, uint32_t group,
                   uint32_t address) {
  struct ip_mreqn m = mreq(group, address);
  return s_setsockopt(a, fd, IPPROTO_IP, option, &m, sizeof(m));
}

static void groups_are_joined_once_and_left_once(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  struct ip_mreqn m = mreq(GROUP_IP, LO);
  R(member(a, fd, IP_DROP_MEMBERSHIP, GROUP_IP, LO));
  R(member(a, fd, IP_ADD_MEMBERSHIP, GROUP_IP, LO));
  R(member(a, fd, IP_ADD_MEMBERSHIP, GROUP_IP, LO));
  R(member(a, fd, IP_DROP_MEMBERSHIP, GROUP_IP + 1, LO));
  R(member(a, fd, IP_DROP_MEMBERSHIP, GROUP_IP, LO));
  R(member(a, fd, IP_DROP_MEMBERSHIP, GROUP_IP, LO));
  R(member(a, fd, IP_ADD_MEMBERSHIP, 0x0a000001, LO));       /* no group */
  R(member(a, fd, IP_ADD_MEMBERSHIP, GROUP_IP, 0x01020304)); /* not ours */
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 8));
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, 7));
  m.imr_ifindex = 77;
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
  R(s_close(a, fd)); /* leaves what it is a member of */
  fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(member(a, fd, IP_DROP_MEMBERSHIP, GROUP_IP, LO));
  R(s_close(a, fd));
}
SAME(groups_are_joined_once_and_left_once)

static void options_of_groups(struct api *a) {
  static const int values[] = {-2, -1, 0, 1, 64, 255, 256};
  static const int v6[] = {IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP};
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long six = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  R(option(a, fd, IPPROTO_IP, IP_MULTICAST_TTL));
  R(option(a, fd, IPPROTO_IP, IP_MULTICAST_LOOP));
  R(option(a, six, IPPROTO_IPV6, v6[0]));
  R(option(a, six, IPPROTO_IPV6, v6[1]));
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    R(set_option(a, fd, IPPROTO_IP, IP_MULTICAST_TTL, values[i]));
    R(option(a, fd, IPPROTO_IP, IP_MULTICAST_TTL));
    R(set_option(a, six, IPPROTO_IPV6, v6[0], values[i]));
    R(option(a, six, IPPROTO_IPV6, v6[0]));
  }
  for (int i = 0; i < 2; i++) {
    R(set_option(a, fd, IPPROTO_IP, IP_MULTICAST_LOOP, i));
    R(option(a, fd, IPPROTO_IP, IP_MULTICAST_LOOP));
    R(set_option(a, six, IPPROTO_IPV6, v6[1], i));
    R(option(a, six, IPPROTO_IPV6, v6[1]));
  }
  struct in_addr address = at(LO, 0).sin_addr, back = {0};
  unsigned len = sizeof(back);
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_MULTICAST_IF, &address, 4));
  R(s_getsockopt(a, fd, IPPROTO_IP, IP_MULTICAST_IF, &back, &len));
  note(a, __LINE__, "its address", (long)back.s_addr);
  address.s_addr = 0x01020304;
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_MULTICAST_IF, &address, 4));
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_MULTICAST_IF, &address, 3));
  R(set_option(a, six, IPPROTO_IPV6, IPV6_MULTICAST_IF, 77));
  struct ipv6_mreq m = {.ipv6mr_interface = 77};
  R(s_setsockopt(a, six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)));
  m.ipv6mr_multiaddr.s6_addr[0] = 0xff;
  m.ipv6mr_multiaddr.s6_addr[1] = 5;
  R(s_setsockopt(a, six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)));
  R(s_setsockopt(a, six, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, 19));
  R(s_setsockopt(a, fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)));
  R(s_close(a, fd));
  R(s_close(a, six));
}
SAME(options_of_groups)

static long receiver(struct api *a, const struct sockaddr_in *name) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_option(a, fd, SOL_SOCKET, SO_REUSEADDR, 1));
  R(s_bind(a, fd, name, sizeof(*name)));
  return fd;
}

static void group_datagram_is_for_each_socket_of_the_port(struct api *a) {
  struct sockaddr_in in = at(0, htons(5353));
  char buf[8];
  long first = receiver(a, &in), second = receiver(a, &in);
  in = at(GROUP_IP, htons(5353));
  long named = receiver(a, &in); /* bound to the group */
  in = at(LO, htons(5353));
  long unicast = receiver(a, &in);
  long sender = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  struct in_addr by = at(LO, 0).sin_addr;
  R(s_setsockopt(a, sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)));
  const long all[] = {first, second, named, unicast};
  for (int step = 0; step < 3; step++) {
    in = at(GROUP_IP, htons(5353));
    R(s_sendto(a, sender, "group", 5, &in, sizeof(in)));
    settle(a);
    for (int i = 0; i < 4; i++) {
      R(s_recv(a, all[i], buf, sizeof(buf), MSG_DONTWAIT));
    }
    R(step == 0   ? member(a, first, IP_ADD_MEMBERSHIP, GROUP_IP, LO)
      : step == 1 ? member(a, first, IP_DROP_MEMBERSHIP, GROUP_IP, LO)
                  : 0);
  }
  for (int i = 0; i < 4; i++) {
    R(s_close(a, all[i]));
  }
  R(s_close(a, sender));
}
SAME(group_datagram_is_for_each_socket_of_the_port)

static void raw_socket_hears_its_groups(struct api *a) {
  char buf[64];
  struct sockaddr_in in = at(GROUP_IP, 0);
  struct in_addr by = at(LO, 0).sin_addr;
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  long sender = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  R(member(a, fd, IP_ADD_MEMBERSHIP, GROUP_IP, LO));
  R(s_setsockopt(a, sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)));
  R(s_sendto(a, sender, "abc", 3, &in, sizeof(in)));
  settle(a);
  R(s_recv(a, fd, buf, sizeof(buf), MSG_DONTWAIT));
  note(a, __LINE__, "time to live", buf[8]);
  R(s_close(a, fd));
  R(s_close(a, sender));
}
SAME(raw_socket_hears_its_groups)

static void broadcast_needs_permission_and_devices_have_names(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  long stream = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  char name[16] = "x";
  unsigned len = sizeof(name);
  R(option(a, fd, SOL_SOCKET, SO_BROADCAST));
  R(set_option(a, fd, SOL_SOCKET, SO_BROADCAST, 5));
  R(option(a, fd, SOL_SOCKET, SO_BROADCAST));
  R(set_option(a, stream, SOL_SOCKET, SO_BROADCAST, 5));
  R(option(a, stream, SOL_SOCKET, SO_BROADCAST));
  R(s_getsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
  note(a, __LINE__, "length", (long)len);
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, "nothing", 7));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  len = sizeof(name);
  R(s_getsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
  note(a, __LINE__, "length", (long)len);
  note(a, __LINE__, "name", strcmp(name, "lo"));
  len = 15;
  R(s_getsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
  struct sockaddr_in in = at(LO, htons(9));
  R(s_sendto(a, fd, "x", 1, &in, sizeof(in)));
  R(s_setsockopt(a, fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
  R(s_close(a, fd));
  R(s_close(a, stream));
}
SAME(broadcast_needs_permission_and_devices_have_names)

/* ---- Two hosts ----------------------------------------------------------- */

static struct pair *two_hosts(struct ph_stack *s[2]) {
  const struct pair_options options = {.socket = {.max_sockets = 8},
                                       .ipv6 = true};
  struct pair *pair = pair_new(&options);
  for (int i = 0; i < 2; i++) {
    s[i] = &pair->host[i].stack;
    ph_stack_set_now(s[i], pair->now_ns);
    assert_int_equal(ph_loopback_init(s[i]), 0);
    assert_int_equal(ph_ip_reassembly_init(s[i], NULL), 0);
  }
  return pair;
}

static int bound(struct ph_stack *stack, int domain, uint16_t port) {
  struct ph_sockaddr_in6 in = {.sin6_family = (uint16_t)domain,
                               .sin6_port = htons(port)};
  int fd = ph_socket(stack, domain, PH_SOCK_DGRAM | PH_SOCK_NONBLOCK, 0);
  assert_int_equal(ph_bind(stack, fd, &in, domain == AF_INET ? 16 : 28), 0);
  return fd;
}

static void pass(struct pair *pair, struct ph_stack *s[2]) {
  pair_pass(pair, 100 * PAIR_MS);
  ph_stack_set_now(s[0], pair->now_ns);
  ph_stack_set_now(s[1], pair->now_ns);
}

/* A group of either family, and the options about it. */
struct group {
  union {
    struct sockaddr_in v4;
    struct ph_sockaddr_in6 v6;
  } to;
  ph_socklen_t to_len, mreq_len;
  union {
    struct ip_mreqn v4;
    struct ph_ipv6_mreq v6;
  } mreq;
  int domain, level, by, add, loop;
};

static const struct group *groups(void) {
  static struct group g[2] = {
      {.to_len = sizeof(struct sockaddr_in),
       .mreq_len = sizeof(struct ip_mreqn),
       .domain = PH_AF_INET,
       .level = PH_IPPROTO_IP,
       .by = PH_IP_MULTICAST_IF,
       .add = PH_IP_ADD_MEMBERSHIP,
       .loop = PH_IP_MULTICAST_LOOP},
      {.to.v6 = {.sin6_family = PH_AF_INET6, .sin6_addr = {0xff, 5, [15] = 9}},
       .to_len = sizeof(struct ph_sockaddr_in6),
       .mreq.v6 = {.ipv6mr_multiaddr = {0xff, 5, [15] = 9}},
       .mreq_len = sizeof(struct ph_ipv6_mreq),
       .domain = PH_AF_INET6,
       .level = PH_IPPROTO_IPV6,
       .by = PH_IPV6_MULTICAST_IF,
       .add = PH_IPV6_JOIN_GROUP,
       .loop = PH_IPV6_MULTICAST_LOOP}};
  g[0].to.v4 = at(GROUP_IP, htons(6000));
  g[0].mreq.v4 = mreq(GROUP_IP, 0);
  g[0].mreq.v4.imr_ifindex = 1; /* there is no route */
  g[1].to.v6.sin6_port = htons(6000);
  return g;
}

static int group_sender(struct ph_stack *stack, const struct group *g) {
  struct ip_mreqn index4 = {.imr_ifindex = 1};
  int index6 = 1;
  bool six = g->domain == PH_AF_INET6;
  int fd = bound(stack, g->domain, 0);
  assert_int_equal(
      ph_setsockopt(stack, fd, g->level, g->by, six ? (void *)&index6 : &index4,
                    six ? sizeof(index6) : sizeof(index4)),
      0);
  return fd;
}

/* Both hosts, or only the other one, get what the first sends. */
static void group_exchange(struct pair *pair, struct ph_stack *s[2], int sender,
                           const int fd[2], const struct group *g, size_t len,
                           bool here) {
  char data[4000], buf[4000];
  memset(data, 'a' + (int)(len % 20), sizeof(data));
  assert_int_equal(ph_sendto(s[0], sender, data, len, 0, &g->to, g->to_len),
                   len);
  pass(pair, s);
  for (int h = 0; h < 2; h++) {
    long n = ph_recv(s[h], fd[h], buf, sizeof(buf), 0);
    assert_int_equal(n, h == 0 && !here ? -PH_EAGAIN : (long)len);
    assert_false(n > 0 && memcmp(buf, data, len));
  }
}

static void group_datagram_reaches_members_there_and_here(void **state) {
  /* EVIDENCE: RFC 1112 6.1, 7.1; RFC 3493 5.2 (IPV6_JOIN_GROUP, _LOOP) */
  (void)state;
  struct ph_stack *s[2];
  struct pair *pair = two_hosts(s);
  for (int d = 0; d < 2; d++) {
    const struct group *g = &groups()[d];
    int off = 0, fd[2];
    char buf[8];
    int sender = group_sender(s[0], g);
    for (int i = 0; i < 2; i++) {
      fd[i] = bound(s[i], g->domain, 6000);
    }
    assert_int_equal(ph_sendto(s[0], sender, "x", 1, 0, &g->to, g->to_len), 1);
    pass(pair, s);
    for (int i = 0; i < 2; i++) { /* nobody is a member yet */
      assert_int_equal(ph_recv(s[i], fd[i], buf, 8, 0), -PH_EAGAIN);
      assert_int_equal(
          ph_setsockopt(s[i], fd[i], g->level, g->add, &g->mreq, g->mreq_len),
          0);
    }
    pass(pair, s);
    group_exchange(pair, s, sender, fd, g, 0, true);
    group_exchange(pair, s, sender, fd, g, 90, true);
    group_exchange(pair, s, sender, fd, g, 1400, true);
    group_exchange(pair, s, sender, fd, g, 4000, true); /* in fragments */
    assert_int_equal(
        ph_setsockopt(s[0], sender, g->level, g->loop, &off, sizeof(off)), 0);
    group_exchange(pair, s, sender, fd, g, 10, false);
    assert_int_equal(ph_close(s[0], fd[0]), 0);
    assert_int_equal(ph_close(s[1], fd[1]), 0);
    int again = bound(s[1], g->domain, 6000); /* the memberships ended */
    assert_int_equal(ph_sendto(s[0], sender, "z", 1, 0, &g->to, g->to_len), 1);
    pass(pair, s);
    assert_int_equal(ph_recv(s[1], again, buf, 8, 0), -PH_EAGAIN);
    assert_int_equal(ph_close(s[1], again), 0);
    assert_int_equal(ph_close(s[0], sender), 0);
  }
  pass(pair, s);
  pair_free(pair);
}

static void broadcast_reaches_all_sockets_of_the_port(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.5; SO_BROADCAST of POSIX.1-2017 2.10.16 */
  (void)state;
  struct ph_stack *s[2];
  struct pair *pair = two_hosts(s);
  struct sockaddr_in to = at(0x0a0000ff, htons(6000));
  int one = 1, fd[3];
  char buf[8];
  for (int i = 0; i < 3; i++) { /* two there, one here */
    struct sockaddr_in in = at(0, htons(6000));
    fd[i] =
        ph_socket(s[i < 2], PH_AF_INET, PH_SOCK_DGRAM | PH_SOCK_NONBLOCK, 0);
    assert_int_equal(ph_setsockopt(s[i < 2], fd[i], PH_SOL_SOCKET,
                                   PH_SO_REUSEADDR, &one, sizeof(one)),
                     0);
    assert_int_equal(ph_bind(s[i < 2], fd[i], &in, sizeof(in)), 0);
  }
  int sender = bound(s[0], PH_AF_INET, 0);
  assert_int_equal(ph_sendto(s[0], sender, "x", 1, 0, &to, sizeof(to)),
                   -PH_EACCES);
  assert_int_equal(ph_setsockopt(s[0], sender, PH_SOL_SOCKET, PH_SO_BROADCAST,
                                 &one, sizeof(one)),
                   0);
  assert_int_equal(ph_sendto(s[0], sender, "x", 1, 0, &to, sizeof(to)), 1);
  pass(pair, s);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(ph_recv(s[i < 2], fd[i], buf, 8, 0), 1);
    assert_int_equal(ph_close(s[i < 2], fd[i]), 0);
  }
  /* Nobody there: no ICMP error comes back (RFC 1122 3.2.2). */
  uint64_t errors = s[1]->stats.IcmpOutMsgs;
  assert_int_equal(ph_sendto(s[0], sender, "x", 1, 0, &to, sizeof(to)), 1);
  pass(pair, s);
  assert_int_equal(s[1]->stats.IcmpOutMsgs, errors);
  assert_int_equal(ph_close(s[0], sender), 0);
  pair_free(pair);
}

static void memberships_are_bounded(void **state) {
  /* EVIDENCE: docs/ip/udp.md: memberships come from a pool */
  (void)state;
  struct ph_stack *s[2];
  struct pair *pair = two_hosts(s);
  int fd = bound(s[0], PH_AF_INET, 0);
  for (uint32_t i = 0; i < 20; i++) {
    struct ip_mreqn m = mreq(GROUP_IP + i, 0x0a000001);
    assert_int_equal(ph_setsockopt(s[0], fd, PH_IPPROTO_IP,
                                   PH_IP_ADD_MEMBERSHIP, &m, sizeof(m)),
                     i < 16 ? 0 : -PH_ENOBUFS);
  }
  assert_int_equal(ph_close(s[0], fd), 0);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_are_joined_once_and_left_once_as_on_linux),
      cmocka_unit_test(options_of_groups_as_on_linux),
      cmocka_unit_test(
          group_datagram_is_for_each_socket_of_the_port_as_on_linux),
      cmocka_unit_test(raw_socket_hears_its_groups_as_on_linux),
      cmocka_unit_test(
          broadcast_needs_permission_and_devices_have_names_as_on_linux),
      cmocka_unit_test(group_datagram_reaches_members_there_and_here),
      cmocka_unit_test(broadcast_reaches_all_sockets_of_the_port),
      cmocka_unit_test(memberships_are_bounded),
  };
  both_host_is_missing = !netns_enter();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
