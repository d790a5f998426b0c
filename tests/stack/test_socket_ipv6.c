/* SPDX-License-Identifier: Apache-2.0 */
/* AF_INET6 sockets: the same calls on the host's kernel and on ours. */
#include <string.h>

#include "stack/ip/ipv6.h"
#include "tests/stack/both.h"

static struct sockaddr_in6 name6(const struct in6_addr *addr, uint16_t port) {
  struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = port};
  in.sin6_addr = *addr;
  return in;
}

static const struct in6_addr any;

static uint16_t port6(struct api *a, long fd) {
  struct sockaddr_in6 in;
  unsigned len = sizeof(in);
  memset(&in, 0xee, sizeof(in));
  R(s_sockname(a, fd, &in, &len));
  note(a, __LINE__, "length of a name", (long)len);
  note(a, __LINE__, "family of a name", in.sin6_family);
  note(a, __LINE__, "scope of a name", (long)in.sin6_scope_id);
  return in.sin6_port;
}

/* Write down an address that a call gave. */
static void note_addr(struct api *a, const struct sockaddr_in6 *in) {
  for (int i = 0; i < 16; i++) {
    note(a, __LINE__, "a byte of an address", in->sin6_addr.s6_addr[i]);
  }
}

static void peers(struct api *a, long fd) {
  struct sockaddr_in6 in;
  unsigned len = sizeof(in);
  memset(&in, 0, sizeof(in));
  R(s_peername(a, fd, &in, &len));
  note(a, __LINE__, "length of a name", (long)len);
  note_addr(a, &in);
}

/* A connection by IPv6, or of an IPv4 client to a socket for both. */
static void exchange(struct api *a, long listener, long client,
                     const void *name, unsigned len) {
  char buf[8] = "";
  R(s_connect(a, client, name, len));
  settle(a);
  long server = FD(s_accept(a, listener, 0));
  R(s_send(a, client, "hello", 5, 0));
  settle(a);
  R(s_recv(a, server, buf, sizeof(buf), 0));
  note(a, __LINE__, "what came", memcmp(buf, "hello", 5));
  peers(a, server);
  R(option(a, server, SOL_SOCKET, SO_DOMAIN));
  R(s_close(a, client));
  R(s_close(a, server));
  settle(a);
}

static long listener6(struct api *a, const struct in6_addr *addr,
                      uint16_t *port) {
  struct sockaddr_in6 in = name6(addr, 0);
  long fd = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  R(s_bind(a, fd, &in, sizeof(in)));
  R(s_listen(a, fd, 4));
  *port = port6(a, fd);
  return fd;
}

static void stream_over_loopback(struct api *a) {
  uint16_t port;
  long listener = listener6(a, &in6addr_loopback, &port);
  struct sockaddr_in6 in = name6(&in6addr_loopback, port);
  long client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  exchange(a, listener, client, &in, sizeof(in));
  in = name6(&any, port); /* this host */
  client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  exchange(a, listener, client, &in, sizeof(in));
  R(s_close(a, listener));
}
SAME(stream_over_loopback)

static void any_takes_both_families(struct api *a) {
  uint16_t port;
  long listener = listener6(a, &any, &port);
  struct sockaddr_in in4 = local(port);
  struct sockaddr_in6 in = name6(&both_mapped, port);
  long client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  exchange(a, listener, client, &in4, sizeof(in4));
  client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  exchange(a, listener, client, &in, sizeof(in));
  in = name6(&in6addr_loopback, port);
  client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  exchange(a, listener, client, &in, sizeof(in));
  R(s_close(a, listener));
}
SAME(any_takes_both_families)

static void v6only_takes_ipv6_alone(struct api *a) {
  struct sockaddr_in6 in = name6(&any, 0);
  long fd = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  R(option(a, fd, IPPROTO_IPV6, IPV6_V6ONLY));
  R(set_option(a, fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  R(option(a, fd, IPPROTO_IPV6, IPV6_V6ONLY));
  R(s_bind(a, fd, &in, sizeof(in)));
  R(set_option(a, fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)); /* too late */
  R(s_listen(a, fd, 4));
  uint16_t port = port6(a, fd);
  struct sockaddr_in in4 = local(port);
  long client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, client, &in4, sizeof(in4))); /* refused */
  R(s_close(a, client));
  /* The same port is free in the other family. */
  in4.sin_addr.s_addr = 0;
  long other = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_bind(a, other, &in4, sizeof(in4)));
  R(s_listen(a, other, 4));
  in4 = local(port);
  client = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(s_connect(a, client, &in4, sizeof(in4)));
  settle(a);
  long server = FD(s_accept(a, other, 0));
  R(s_close(a, server));
  R(s_close(a, client));
  R(s_close(a, other));
  in = name6(&in6addr_loopback, port);
  client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  exchange(a, fd, client, &in, sizeof(in));
  R(s_close(a, fd));
  /* And who is for IPv6 alone reaches no IPv4. */
  client = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  R(set_option(a, client, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  in = name6(&both_mapped, port);
  R(s_connect(a, client, &in, sizeof(in)));
  in.sin6_port = 0;
  R(s_bind(a, client, &in, sizeof(in)));
  R(s_close(a, client));
}
SAME(v6only_takes_ipv6_alone)

static void ports_of_both_families_conflict_unless_v6only(struct api *a) {
  for (int only = 0; only < 2; only++) {
    struct sockaddr_in6 in = name6(&any, 0);
    long six = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
    R(set_option(a, six, IPPROTO_IPV6, IPV6_V6ONLY, only));
    R(s_bind(a, six, &in, sizeof(in)));
    struct sockaddr_in in4 = local(port6(a, six));
    for (int any4 = 0; any4 < 2; any4++) {
      long four = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
      in4.sin_addr.s_addr = any4 ? 0 : in4.sin_addr.s_addr;
      R(s_bind(a, four, &in4, sizeof(in4)));
      R(s_close(a, four));
    }
    R(s_close(a, six));
  }
}
SAME(ports_of_both_families_conflict_unless_v6only)

static void names_of_a_wrong_kind_are_refused(struct api *a) {
  struct sockaddr_in in4 = local(0);
  struct sockaddr_in6 in = name6(&in6addr_loopback, 0);
  static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM};
  for (int k = 0; k < 2; k++) {
    long six = FD(s_socket(a, AF_INET6, kinds[k], 0));
    long four = FD(s_socket(a, AF_INET, kinds[k], 0));
    R(s_bind(a, six, &in4, sizeof(in4)));
    R(s_bind(a, six, &in, 23));
    R(s_bind(a, four, &in, sizeof(in)));
    R(s_bind(a, six, &in, 24)); /* without a scope id, as in RFC 2133 */
    in.sin6_family = 99;
    in.sin6_port = htons(9);
    R(s_connect(a, six, &in, sizeof(in)));
    in = name6(&in6addr_loopback, 0);
    R(s_close(a, six));
    R(s_close(a, four));
  }
  /* A link-local address needs its interface. */
  static const struct in6_addr link_local = {
      {{0xfe, 0x80, [14] = 0x12, [15] = 0x34}}};
  long fd = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  in = name6(&link_local, 0);
  R(s_bind(a, fd, &in, sizeof(in)));
  in.sin6_port = htons(9);
  R(s_connect(a, fd, &in, sizeof(in)));
  R(s_close(a, fd));
}
SAME(names_of_a_wrong_kind_are_refused)

static void datagrams_of_both_families(struct api *a) {
  struct sockaddr_in6 in = name6(&any, 0), from;
  char buf[8];
  long server = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  R(s_bind(a, server, &in, sizeof(in)));
  uint16_t port = port6(a, server);
  struct sockaddr_in in4 = local(port);
  const struct in6_addr *to[] = {&in6addr_loopback, &both_mapped, &any};
  for (int i = 0; i < 4; i++) {
    long client = FD(s_socket(a, i < 3 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
    in = name6(to[i % 3], port);
    R(i < 3 ? s_sendto(a, client, "abc", 3, &in, sizeof(in))
            : s_sendto(a, client, "abc", 3, &in4, sizeof(in4)));
    settle(a);
    unsigned len = sizeof(from);
    memset(&from, 0, sizeof(from));
    R(s_recvfrom(a, server, buf, sizeof(buf), 0, &from, &len));
    note(a, __LINE__, "length of a name", (long)len);
    note(a, __LINE__, "family", from.sin6_family);
    note_addr(a, &from);
    R(s_sendto(a, server, "de", 2, &from, len)); /* and back */
    settle(a);
    R(s_recv(a, client, buf, sizeof(buf), 0));
    R(s_close(a, client));
  }
  R(s_close(a, server));
}
SAME(datagrams_of_both_families)

static void connected_datagram_socket_has_names_of_its_peers_family(
    struct api *a) {
  struct sockaddr_in6 in = name6(&in6addr_loopback, htons(40001));
  struct sockaddr_in in4 = local(htons(40001));
  for (int i = 0; i < 2; i++) {
    long fd = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
    struct sockaddr_in6 self;
    R(i == 1 ? s_connect(a, fd, &in4, sizeof(in4))
             : s_connect(a, fd, &in, sizeof(in)));
    unsigned len = sizeof(self);
    memset(&self, 0, sizeof(self));
    R(s_sockname(a, fd, &self, &len));
    note_addr(a, &self);
    peers(a, fd);
    R(s_close(a, fd));
  }
}
SAME(connected_datagram_socket_has_names_of_its_peers_family)

static void options_of_ipv6(struct api *a) {
  static const int kinds[] = {SOCK_STREAM, SOCK_DGRAM};
  static const int values[] = {-2, -1, 1, 64, 255, 256};
  for (int k = 0; k < 2; k++) {
    long fd = FD(s_socket(a, AF_INET6, kinds[k], 0));
    R(option(a, fd, SOL_SOCKET, SO_DOMAIN));
    R(option(a, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    R(option(a, fd, IPPROTO_IPV6, IPV6_TCLASS));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
      R(set_option(a, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, values[i]));
      R(option(a, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
      R(set_option(a, fd, IPPROTO_IPV6, IPV6_TCLASS, values[i]));
      R(option(a, fd, IPPROTO_IPV6, IPV6_TCLASS));
    }
    int number = 1;
    R(s_setsockopt(a, fd, IPPROTO_IPV6, IPV6_V6ONLY, &number, 3));
    R(s_setsockopt(a, fd, IPPROTO_IPV6, 9999, &number, sizeof(number)));
    unsigned len = sizeof(number);
    R(s_getsockopt(a, fd, IPPROTO_IPV6, IPV6_MTU, &number, &len));
    R(set_option(a, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
    R(option(a, fd, IPPROTO_IPV6, IPV6_RECVPKTINFO));
    R(s_close(a, fd));
  }
  long four = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(set_option(a, four, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  R(s_close(a, four));
}
SAME(options_of_ipv6)

static void packet_information_tells_the_destination(struct api *a) {
  struct sockaddr_in6 in = name6(&any, 0);
  char buf[8];
  _Alignas(8) char control[64];
  long server = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  R(s_bind(a, server, &in, sizeof(in)));
  R(set_option(a, server, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
  in = name6(&in6addr_loopback, port6(a, server));
  long client = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  for (size_t room = 0; room <= sizeof(control); room += 40) {
    struct iovec v = {buf, sizeof(buf)};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = room};
    R(s_sendto(a, client, "x", 1, &in, sizeof(in)));
    settle(a);
    memset(control, 0, sizeof(control));
    R(s_recvmsg(a, server, &m, 0));
    note(a, __LINE__, "flags", m.msg_flags);
    note(a, __LINE__, "control length", (long)m.msg_controllen);
    const struct cmsghdr *c = (const void *)control;
    if (m.msg_controllen > 0) {
      note(a, __LINE__, "cmsg_len", (long)c->cmsg_len);
      note(a, __LINE__, "cmsg_level", c->cmsg_level);
      note(a, __LINE__, "cmsg_type", c->cmsg_type);
      note(a, __LINE__, "::1", memcmp(CMSG_DATA(c), &in6addr_loopback, 16));
    }
  }
  R(s_close(a, client));
  R(s_close(a, server));
}
SAME(packet_information_tells_the_destination)

static void failed_connect_leaves_a_socket_for_both(struct api *a) {
  struct sockaddr_in6 in = name6(&in6addr_loopback, htons(40002));
  long fd = FD(s_socket(a, AF_INET6, SOCK_STREAM, 0));
  R(s_connect(a, fd, &in, sizeof(in))); /* refused */
  uint16_t port;
  long listener = listener6(a, &any, &port);
  in = name6(&both_mapped, port);
  exchange(a, listener, fd, &in, sizeof(in));
  R(s_close(a, listener));
}
SAME(failed_connect_leaves_a_socket_for_both)

/* Link-local addresses have their interface in sin6_scope_id; two hosts. */
static void link_local_peers_talk_by_scope(void **state) {
  /* EVIDENCE: RFC 3493 3.3 (sin6_scope_id), RFC 4007 6, 11 */
  (void)state;
  const struct pair_options options = {.socket = {.max_sockets = 8},
                                       .ipv6 = true};
  struct pair *pair = pair_new(&options);
  struct ph_stack *s[2] = {&pair->host[0].stack, &pair->host[1].stack};
  struct ph_sockaddr_in6 in = {.sin6_family = PH_AF_INET6,
                               .sin6_port = htons(7)};
  struct ph_sockaddr_in6 from;
  ph_socklen_t len = sizeof(from);
  char buf[4];
  int a = ph_socket(s[0], PH_AF_INET6, PH_SOCK_DGRAM, 0);
  int b = ph_socket(s[1], PH_AF_INET6, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_bind(s[0], a, &in, sizeof(in)), 0);
  in.sin6_addr[0] = 0xfe;
  in.sin6_addr[1] = 0x80;
  in.sin6_addr[8] = 0;
  in.sin6_addr[11] = 0xff;
  in.sin6_addr[12] = 0xfe;
  in.sin6_addr[15] = 1; /* of 02:00:00:00:00:01 */
  in.sin6_scope_id = pair->host[1].netif.index;
  ph_stack_set_now(s[1], pair->now_ns);
  assert_int_equal(ph_sendto(s[1], b, "hi", 2, 0, &in, sizeof(in)), 2);
  pair_pass(pair, PAIR_S);
  assert_int_equal(ph_recvfrom(s[0], a, buf, 4, PH_MSG_DONTWAIT, &from, &len),
                   2);
  assert_int_equal(from.sin6_addr[0], 0xfe);
  assert_int_equal(from.sin6_addr[3], 0); /* no zone in the bytes */
  assert_int_equal(from.sin6_addr[15], 2);
  assert_int_equal(from.sin6_scope_id, pair->host[0].netif.index);
  assert_int_equal(ph_sendto(s[0], a, "ho", 2, 0, &from, len), 2);
  pair_pass(pair, PAIR_S);
  assert_int_equal(ph_recv(s[1], b, buf, 4, PH_MSG_DONTWAIT), 2);
  in.sin6_scope_id = 77; /* no such interface */
  assert_int_equal(ph_sendto(s[1], b, "hi", 2, 0, &in, sizeof(in)),
                   -PH_ENETUNREACH);
  assert_int_equal(ph_close(s[0], a), 0);
  assert_int_equal(ph_close(s[1], b), 0);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stream_over_loopback_as_on_linux),
      cmocka_unit_test(any_takes_both_families_as_on_linux),
      cmocka_unit_test(v6only_takes_ipv6_alone_as_on_linux),
      cmocka_unit_test(
          ports_of_both_families_conflict_unless_v6only_as_on_linux),
      cmocka_unit_test(names_of_a_wrong_kind_are_refused_as_on_linux),
      cmocka_unit_test(datagrams_of_both_families_as_on_linux),
      cmocka_unit_test(
          connected_datagram_socket_has_names_of_its_peers_family_as_on_linux),
      cmocka_unit_test(options_of_ipv6_as_on_linux),
      cmocka_unit_test(packet_information_tells_the_destination_as_on_linux),
      cmocka_unit_test(failed_connect_leaves_a_socket_for_both_as_on_linux),
      cmocka_unit_test(link_local_peers_talk_by_scope),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
