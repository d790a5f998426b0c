/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of senders (RFC 3678): the same calls on the host's kernel, in a
 * network namespace whose only interface is the loopback one, and on ours; then
 * between two of our hosts, of both families. */
#include <string.h>

#include "stack/ip/ipv6.h"
#include "stack/udp/udp_internal.h"
#include "tests/stack/both.h"
#include "tests/stack/netns.h"

#define GROUP_IP 0xef010203u
#define LO 0x7f000001u
#define A 0x7f000002u
#define B 0x7f000003u

static uint32_t network(uint32_t address) {
  uint32_t to;
  put_be32((uint8_t *)&to, address);
  return to;
}

static struct sockaddr_in at(uint32_t address, uint16_t port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = network(address)};
}

static long source(struct api *a, long fd, int option, uint32_t group,
                   uint32_t sender) {
  const struct ip_mreq_source m = {.imr_multiaddr.s_addr = network(group),
                                   .imr_interface.s_addr = network(LO),
                                   .imr_sourceaddr.s_addr = network(sender)};
  return s_setsockopt(a, fd, IPPROTO_IP, option, &m, sizeof(m));
}

static long member(struct api *a, long fd, int option) {
  const struct ip_mreqn m = {.imr_multiaddr.s_addr = network(GROUP_IP),
                             .imr_address.s_addr = network(LO)};
  return s_setsockopt(a, fd, IPPROTO_IP, option, &m, sizeof(m));
}

static uint32_t loopback_index(const struct api *a) {
  struct netif *n = a->stack ? netif_first(a->stack) : NULL;
  while (n && !n->loopback) {
    n = netif_by_index(a->stack, n->index + 1u);
  }
  return n ? n->index : 1;
}

/* What IP_MSFILTER tells. */
static void show(struct api *a, long fd) {
  char memory[IP_MSFILTER_SIZE(4)] = {0};
  struct ip_msfilter *f = (void *)memory;
  unsigned len = sizeof(memory);
  f->imsf_multiaddr.s_addr = network(GROUP_IP);
  f->imsf_interface.s_addr = network(LO);
  f->imsf_numsrc = 4;
  R(s_getsockopt(a, fd, IPPROTO_IP, IP_MSFILTER, f, &len));
  note(a, __LINE__, "mode", (long)f->imsf_fmode);
  note(a, __LINE__, "senders", (long)f->imsf_numsrc);
  note(a, __LINE__, "length", (long)len);
}

static void senders_are_blocked_and_unblocked(struct api *a) {
  /* EVIDENCE: RFC 3678 4.1.1, 4.1.2 */
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(source(a, fd, IP_BLOCK_SOURCE, GROUP_IP, A)); /* no member */
  R(member(a, fd, IP_ADD_MEMBERSHIP));
  show(a, fd);
  R(source(a, fd, IP_UNBLOCK_SOURCE, GROUP_IP, A));
  R(source(a, fd, IP_BLOCK_SOURCE, GROUP_IP, A));
  R(source(a, fd, IP_BLOCK_SOURCE, GROUP_IP, A));
  R(source(a, fd, IP_BLOCK_SOURCE, GROUP_IP, B));
  show(a, fd);
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A)); /* other mode */
  R(source(a, fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP_IP, A));
  R(source(a, fd, IP_UNBLOCK_SOURCE, GROUP_IP, A));
  R(source(a, fd, IP_UNBLOCK_SOURCE, GROUP_IP, B));
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A)); /* nobody left */
  show(a, fd);
  R(source(a, fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP_IP, A)); /* leaves */
  show(a, fd);
  R(member(a, fd, IP_DROP_MEMBERSHIP));
  R(s_close(a, fd));
}
SAME(senders_are_blocked_and_unblocked)

static void senders_are_joined_one_by_one(struct api *a) {
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  struct ip_mreq_source m = {.imr_multiaddr.s_addr = network(GROUP_IP)};
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, LO, A)); /* no group */
  R(source(a, fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP_IP, A));
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A));
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A));
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, B));
  R(source(a, fd, IP_BLOCK_SOURCE, GROUP_IP, B));
  R(member(a, fd, IP_ADD_MEMBERSHIP));
  show(a, fd);
  R(source(a, fd, IP_DROP_SOURCE_MEMBERSHIP, GROUP_IP, A));
  show(a, fd);
  R(member(a, fd, IP_DROP_MEMBERSHIP));
  for (uint32_t i = 0; i < 12; i++) { /* igmp_max_msf */
    R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A + i));
  }
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_BLOCK_SOURCE, &m, sizeof(m) - 1));
  R(s_close(a, fd)); /* leaves what it is a member of */
  fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  show(a, fd);
  R(s_close(a, fd));
}
SAME(senders_are_joined_one_by_one)

static long set_filter(struct api *a, long fd, uint32_t mode, uint32_t count,
                       unsigned len) {
  char memory[IP_MSFILTER_SIZE(16)] = {0};
  struct ip_msfilter *f = (void *)memory;
  f->imsf_multiaddr.s_addr = network(GROUP_IP);
  f->imsf_interface.s_addr = network(LO);
  f->imsf_fmode = mode;
  f->imsf_numsrc = count;
  for (uint32_t i = 0; i < 16; i++) {
    struct in_addr in = {network(A + i)};
    memcpy(memory + IP_MSFILTER_SIZE(0) + 4 * i, &in, sizeof(in));
  }
  return s_setsockopt(a, fd, IPPROTO_IP, IP_MSFILTER, f, len);
}

static void filters_are_replaced_as_a_whole(struct api *a) {
  /* EVIDENCE: RFC 3678 4.1.3 */
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_filter(a, fd, MCAST_INCLUDE, 2, IP_MSFILTER_SIZE(2)));
  R(member(a, fd, IP_ADD_MEMBERSHIP));
  R(set_filter(a, fd, MCAST_INCLUDE, 2, IP_MSFILTER_SIZE(2)));
  show(a, fd);
  R(set_filter(a, fd, MCAST_EXCLUDE, 1, IP_MSFILTER_SIZE(2)));
  show(a, fd);
  R(set_filter(a, fd, MCAST_EXCLUDE, 0, IP_MSFILTER_SIZE(0)));
  show(a, fd);
  R(set_filter(a, fd, 2, 0, IP_MSFILTER_SIZE(0)));
  R(set_filter(a, fd, MCAST_EXCLUDE, 2, IP_MSFILTER_SIZE(1)));
  R(set_filter(a, fd, MCAST_EXCLUDE, 0, IP_MSFILTER_SIZE(0) - 1));
  R(set_filter(a, fd, MCAST_EXCLUDE, 11, IP_MSFILTER_SIZE(11)));
  R(set_filter(a, fd, MCAST_EXCLUDE, 10, IP_MSFILTER_SIZE(10)));
  show(a, fd);
  R(set_filter(a, fd, MCAST_INCLUDE, 0, IP_MSFILTER_SIZE(0))); /* leaves */
  show(a, fd);
  R(member(a, fd, IP_DROP_MEMBERSHIP));
  R(s_close(a, fd));
}
SAME(filters_are_replaced_as_a_whole)

static void requests_of_both_families_work_on_ipv4(struct api *a) {
  /* EVIDENCE: RFC 3678 5.1 */
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  struct group_req g = {.gr_interface = loopback_index(a)};
  struct group_source_req s = {.gsr_interface = g.gr_interface};
  struct sockaddr_in group = at(GROUP_IP, 0), sender = at(A, 0);
  memcpy(&s.gsr_group, &group, sizeof(group));
  memcpy(&s.gsr_source, &sender, sizeof(sender));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)));
  memcpy(&g.gr_group, &group, sizeof(group));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g) - 1));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_JOIN_GROUP, &g, sizeof(g)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &s, sizeof(s)));
  show(a, fd);
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_UNBLOCK_SOURCE, &s, sizeof(s)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof(g)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &g, sizeof(g)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &s, sizeof(s)));
  show(a, fd);
  struct group_filter f = {.gf_interface = g.gr_interface,
                           .gf_fmode = MCAST_EXCLUDE,
                           .gf_numsrc = 1};
  memcpy(&f.gf_group, &group, sizeof(group));
  memcpy(&f.gf_slist[0], &sender, sizeof(sender));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_MSFILTER, &f, sizeof(f)));
  show(a, fd);
  unsigned len = sizeof(f);
  memset(&f.gf_slist[0], 0, sizeof(f.gf_slist[0]));
  R(s_getsockopt(a, fd, IPPROTO_IP, MCAST_MSFILTER, &f, &len));
  note(a, __LINE__, "mode", (long)f.gf_fmode);
  note(a, __LINE__, "length", (long)len);
  memcpy(&sender, &f.gf_slist[0], sizeof(sender));
  note(a, __LINE__, "sender", (long)sender.sin_addr.s_addr);
  s.gsr_source.ss_family = AF_INET6;
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &s, sizeof(s)));
  s.gsr_interface = 77;
  s.gsr_source.ss_family = AF_INET;
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &s, sizeof(s)));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &s, 8));
  R(s_setsockopt(a, fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, &g, sizeof(g)));
  R(s_close(a, fd));
}
SAME(requests_of_both_families_work_on_ipv4)

static long receiver(struct api *a) {
  struct sockaddr_in in = at(0, 5354);
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_option(a, fd, SOL_SOCKET, SO_REUSEADDR, 1));
  R(s_bind(a, fd, &in, sizeof(in)));
  return fd;
}

static void socket_hears_the_senders_that_it_wants(struct api *a) {
  /* EVIDENCE: RFC 3678 3; RFC 3376 3.1 */
  long fd[4], sender[2];
  char buf[8];
  struct in_addr by = {network(LO)};
  for (int i = 0; i < 4; i++) {
    fd[i] = receiver(a);
  }
  R(source(a, fd[0], IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A));
  R(member(a, fd[1], IP_ADD_MEMBERSHIP));
  R(source(a, fd[1], IP_BLOCK_SOURCE, GROUP_IP, A));
  /* The third has no membership, the fourth hears only its own. */
  R(option(a, fd[3], IPPROTO_IP, IP_MULTICAST_ALL));
  R(set_option(a, fd[3], IPPROTO_IP, IP_MULTICAST_ALL, 0));
  R(set_option(a, fd[3], IPPROTO_IP, IP_MULTICAST_ALL, 2));
  R(option(a, fd[3], IPPROTO_IP, IP_MULTICAST_ALL));
  for (int i = 0; i < 2; i++) {
    struct sockaddr_in from = at(i ? B : A, 0), to = at(GROUP_IP, 5354);
    sender[i] = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
    R(s_bind(a, sender[i], &from, sizeof(from)));
    R(s_setsockopt(a, sender[i], IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)));
    R(s_sendto(a, sender[i], "group", 5, &to, sizeof(to)));
    settle(a);
    for (int h = 0; h < 4; h++) {
      R(s_recv(a, fd[h], buf, sizeof(buf), MSG_DONTWAIT));
    }
  }
  for (int i = 0; i < 4; i++) {
    R(s_close(a, fd[i]));
  }
  R(s_close(a, sender[0]));
  R(s_close(a, sender[1]));
}
SAME(socket_hears_the_senders_that_it_wants)

static void raw_socket_hears_the_senders_that_it_wants(struct api *a) {
  char buf[64];
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  struct in_addr by = {network(LO)};
  R(source(a, fd, IP_ADD_SOURCE_MEMBERSHIP, GROUP_IP, A));
  for (int i = 0; i < 2; i++) {
    struct sockaddr_in from = at(i ? A : B, 0), to = at(GROUP_IP, 0);
    long sender = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
    R(s_bind(a, sender, &from, sizeof(from)));
    R(s_setsockopt(a, sender, IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof(by)));
    R(s_sendto(a, sender, "abc", 3, &to, sizeof(to)));
    settle(a);
    R(s_recv(a, fd, buf, sizeof(buf), MSG_DONTWAIT));
    R(s_close(a, sender));
  }
  R(s_close(a, fd));
}
SAME(raw_socket_hears_the_senders_that_it_wants)

/* ---- Two hosts ----------------------------------------------------------- */

static void pass(struct pair *pair, struct ph_stack *s[2]) {
  pair_pass(pair, 100 * PAIR_MS);
  ph_stack_set_now(s[0], pair->now_ns);
  ph_stack_set_now(s[1], pair->now_ns);
}

static void ipv6_socket_hears_the_senders_that_it_wants(void **state) {
  /* EVIDENCE: RFC 3678 5.1; RFC 3810 4.1 */
  (void)state;
  const struct pair_options options = {.socket = {.max_sockets = 8},
                                       .ipv6 = true};
  struct pair *pair = pair_new(&options);
  struct ph_stack *s[2] = {&pair->host[0].stack, &pair->host[1].stack};
  const struct ph_sockaddr_in6 to = {.sin6_family = PH_AF_INET6,
                                     .sin6_port = htons(6000),
                                     .sin6_addr = {0xff, 5, [15] = 9}};
  struct ph_sockaddr_in6 any = {.sin6_family = PH_AF_INET6,
                                .sin6_port = htons(6000)};
  struct ph_group_source_req req = {.gsr_interface = 1};
  struct ph_addr src;
  char buf[8];
  int one = 1, kinds = PH_SOCK_DGRAM | PH_SOCK_NONBLOCK;
  pass(pair, s);
  int sender = ph_socket(s[0], PH_AF_INET6, kinds, 0);
  int fd = ph_socket(s[1], PH_AF_INET6, kinds, 0);
  assert_int_equal(ph_bind(s[1], fd, &any, sizeof(any)), 0);
  assert_int_equal(ph_setsockopt(s[0], sender, PH_IPPROTO_IPV6,
                                 PH_IPV6_MULTICAST_IF, &one, sizeof(one)),
                   0);
  struct ph_addr group;
  memcpy(group.bytes, to.sin6_addr, 16);
  assert_int_equal(ip_source_by(s[0], &pair->host[0].netif, &group, &src), 0);
  struct ph_sockaddr_in6 from = {.sin6_family = PH_AF_INET6};
  memcpy(&req.gsr_group, &to, sizeof(to));
  for (int wanted = 0; wanted < 2; wanted++) {
    memcpy(from.sin6_addr, src.bytes, 16);
    from.sin6_addr[15] ^= (uint8_t)!wanted;
    memcpy(&req.gsr_source, &from, sizeof(from));
    assert_int_equal(
        ph_setsockopt(s[1], fd, PH_IPPROTO_IPV6, PH_MCAST_JOIN_SOURCE_GROUP,
                      &req, sizeof(req)),
        0);
    assert_int_equal(ph_sendto(s[0], sender, "x", 1, 0, &to, sizeof(to)), 1);
    pass(pair, s);
    assert_int_equal(ph_recv(s[1], fd, buf, 8, 0), wanted ? 1 : -PH_EAGAIN);
  }
  struct ph_group_filter f = {.gf_interface = 1};
  ph_socklen_t len = sizeof(f);
  memcpy(&f.gf_group, &to, sizeof(to));
  assert_int_equal(
      ph_getsockopt(s[1], fd, PH_IPPROTO_IPV6, PH_MCAST_MSFILTER, &f, &len), 0);
  assert_int_equal(f.gf_fmode, PH_MCAST_INCLUDE);
  assert_int_equal(f.gf_numsrc, 2);
  assert_int_equal(len, sizeof(f));
  assert_int_equal(ph_close(s[0], sender), 0);
  assert_int_equal(ph_close(s[1], fd), 0);
  pass(pair, s);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(senders_are_blocked_and_unblocked_as_on_linux),
      cmocka_unit_test(senders_are_joined_one_by_one_as_on_linux),
      cmocka_unit_test(filters_are_replaced_as_a_whole_as_on_linux),
      cmocka_unit_test(requests_of_both_families_work_on_ipv4_as_on_linux),
      cmocka_unit_test(socket_hears_the_senders_that_it_wants_as_on_linux),
      cmocka_unit_test(raw_socket_hears_the_senders_that_it_wants_as_on_linux),
      cmocka_unit_test(ipv6_socket_hears_the_senders_that_it_wants),
  };
  both_host_is_missing = !netns_enter();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
