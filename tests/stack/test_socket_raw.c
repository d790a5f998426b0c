/* SPDX-License-Identifier: Apache-2.0 */
/* Raw and ping sockets: the same calls on the host's kernel, in a network
 * namespace, and on ours. */
#include <string.h>

#include <netinet/icmp6.h>

#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"
#include "tests/stack/both.h"
#include "tests/stack/netns.h"

enum { ICMP_FILTER_OPTION = 1 };

/* An ICMP echo request with `len` bytes in all; the checksum is right. */
static void echo(uint8_t *p, uint8_t type, uint16_t id, uint16_t seq,
                 size_t len) {
  for (size_t i = 0; i < len; i++) {
    p[i] = (uint8_t)i;
  }
  p[0] = type;
  p[1] = 0;
  put_be16(p + 2, 0);
  put_be16(p + 4, id);
  put_be16(p + 6, seq);
  put_be16(p + 2, (uint16_t)~csum_data(p, (uint32_t)len, 0));
}

static uint8_t buf[2048];

/* Receive one and write down what it is, from the ICMP header on. */
static void receive(struct api *a, long fd, uint32_t header) {
  struct sockaddr_in6 from;
  unsigned len = sizeof(from);
  memset(buf, 0, sizeof(buf));
  memset(&from, 0, sizeof(from));
  long n = R(s_recvfrom(a, fd, buf, sizeof(buf), MSG_DONTWAIT, &from, &len));
  if (n < 0) {
    return;
  }
  note(a, __LINE__, "length of a name", (long)len);
  note(a, __LINE__, "family", from.sin6_family);
  note(a, __LINE__, "port", from.sin6_port);
  note(a, __LINE__, "type", buf[header]);
  note(a, __LINE__, "code", buf[header + 1]);
  note(a, __LINE__, "sequence", get_be16(buf + header + 6));
  note(a, __LINE__, "a byte of the data", buf[n - 1]);
}

static void raw_icmp_socket_hears_request_and_reply(struct api *a) {
  struct sockaddr_in to = local(0);
  uint8_t p[1200];
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, IPPROTO_ICMP));
  R(option(a, fd, SOL_SOCKET, SO_TYPE));
  R(option(a, fd, SOL_SOCKET, SO_PROTOCOL));
  R(port_of(a, fd));
  for (size_t len = 8; len < sizeof(p); len += 397) {
    echo(p, 8, 77, (uint16_t)len, len);
    R(s_sendto(a, fd, p, len, &to, sizeof(to)));
    settle(a);
    receive(a, fd, 20);
    note(a, __LINE__, "version and length", buf[0]);
    note(a, __LINE__, "total length", get_be16(buf + 2));
    note(a, __LINE__, "time to live", buf[8]);
    note(a, __LINE__, "protocol", buf[9]);
    note(a, __LINE__, "checksum of it", csum_data(buf, 20, 0));
    receive(a, fd, 20);
    receive(a, fd, 20); /* no third */
  }
  R(s_close(a, fd));
}

static void raw_icmp_filter_leaves_out_what_it_names(struct api *a) {
  struct sockaddr_in to = local(0);
  uint8_t p[64];
  uint32_t filter = ~(1u << 0); /* only replies */
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, IPPROTO_ICMP));
  R(s_setsockopt(a, fd, SOL_RAW, ICMP_FILTER_OPTION, &filter, sizeof(filter)));
  filter = 0;
  unsigned len = sizeof(filter);
  R(s_getsockopt(a, fd, SOL_RAW, ICMP_FILTER_OPTION, &filter, &len));
  note(a, __LINE__, "filter", (long)filter);
  note(a, __LINE__, "length", (long)len);
  echo(p, 8, 5, 6, sizeof(p));
  R(s_sendto(a, fd, p, sizeof(p), &to, sizeof(to)));
  settle(a);
  receive(a, fd, 20);
  receive(a, fd, 20);
  R(s_close(a, fd));
  fd = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  R(s_setsockopt(a, fd, SOL_RAW, ICMP_FILTER_OPTION, &filter, sizeof(filter)));
  R(s_close(a, fd));
  fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  R(s_setsockopt(a, fd, SOL_RAW, ICMP_FILTER_OPTION, &filter, sizeof(filter)));
  R(s_setsockopt(a, fd, IPPROTO_IP, IP_HDRINCL, &filter, sizeof(filter)));
  R(s_close(a, fd));
}

static void raw_icmpv6_socket_sums_and_filters(struct api *a) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_addr = in6addr_loopback};
  uint8_t p[400];
  uint32_t filter[8];
  long fd = FD(s_socket(a, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
  R(option(a, fd, SOL_SOCKET, SO_TYPE));
  R(option(a, fd, SOL_SOCKET, SO_PROTOCOL));
  for (int i = 0; i < 2; i++) {
    echo(p, 128, 9, (uint16_t)i, sizeof(p)); /* the sum is IPv4's: wrong */
    R(s_sendto(a, fd, p, sizeof(p), &to, sizeof(to)));
    settle(a);
    receive(a, fd, 0);
    receive(a, fd, 0);
    memset(filter, 0xff, sizeof(filter));
    filter[129 / 32] &= ~(1u << 129 % 32);
    R(s_setsockopt(a, fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter,
                   sizeof(filter)));
  }
  R(s_close(a, fd));
}

static void raw_socket_of_an_unknown_protocol(struct api *a) {
  struct sockaddr_in to = local(0);
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  long other = FD(s_socket(a, AF_INET, SOCK_RAW, 200));
  R(s_bind(a, fd, &to, sizeof(to)));
  R(s_send(a, other, "abc", 3, 0)); /* to whom? */
  R(s_connect(a, other, &to, sizeof(to)));
  R(s_send(a, other, "abc", 3, 0));
  settle(a);
  R(s_pending(a, fd));
  R(s_poll(a, fd, POLLIN | POLLOUT));
  R(s_recv(a, fd, buf, sizeof(buf), MSG_DONTWAIT));
  note(a, __LINE__, "protocol", buf[9]);
  R(s_recv(a, other, buf, sizeof(buf), MSG_DONTWAIT)); /* a copy for each */
  R(s_listen(a, fd, 1));
  R(s_close(a, fd));
  R(s_close(a, other));
}

static void raw_socket_with_its_own_header(struct api *a) {
  struct sockaddr_in to = local(0);
  uint8_t p[28] = {0x45, 0x10, [8] = 33, [9] = 1, [20] = 8};
  long fd = FD(s_socket(a, AF_INET, SOCK_RAW, IPPROTO_RAW));
  long listener = FD(s_socket(a, AF_INET, SOCK_RAW, IPPROTO_ICMP));
  R(option(a, fd, IPPROTO_IP, IP_HDRINCL));
  R(option(a, listener, IPPROTO_IP, IP_HDRINCL));
  echo(p + 20, 8, 3, 4, 8);
  put_be32(p + 16, 0x7f000001);
  R(s_sendto(a, fd, p, sizeof(p), &to, sizeof(to)));
  settle(a);
  receive(a, listener, 20);
  note(a, __LINE__, "time to live", buf[8]);
  note(a, __LINE__, "type of service", buf[1]);
  note(a, __LINE__, "source", get_be32(buf + 12));
  note(a, __LINE__, "length", get_be16(buf + 2));
  p[0] = 0x4f;
  R(s_sendto(a, fd, p, sizeof(p), &to, sizeof(to))); /* longer than all */
  R(s_recv(a, fd, buf, sizeof(buf), MSG_DONTWAIT));  /* sends only */
  R(s_close(a, fd));
  R(s_close(a, listener));
}

static void ping_sockets_get_their_replies(struct api *a) {
  struct sockaddr_in to = local(0);
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
                             .sin6_addr = in6addr_loopback};
  uint8_t p[100];
  for (int six = 0; six < 2; six++) {
    int domain = six ? AF_INET6 : AF_INET;
    const void *name = six ? (const void *)&to6 : &to;
    unsigned len = six ? sizeof(to6) : sizeof(to);
    int protocol = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    long fd = FD(s_socket(a, domain, SOCK_DGRAM, protocol));
    long other = FD(s_socket(a, domain, SOCK_DGRAM, protocol));
    R(option(a, fd, SOL_SOCKET, SO_TYPE));
    R(option(a, fd, SOL_SOCKET, SO_PROTOCOL));
    for (uint16_t i = 0; i < 3; i++) {
      echo(p, six ? 128 : 8, 0, i, sizeof(p) - i * 45);
      R(s_sendto(a, i == 2 ? other : fd, p, sizeof(p) - i * 45, name, len));
    }
    settle(a);
    receive(a, fd, 0);
    receive(a, fd, 0);
    receive(a, fd, 0);
    receive(a, other, 0);
    /* The identifier is the port. */
    uint8_t self[28] = {0};
    unsigned self_len = sizeof(self);
    R(s_sockname(a, other, self, &self_len));
    note(a, __LINE__, "identifier", memcmp(buf + 4, self + 2, 2));
    p[0] = 0;
    R(s_sendto(a, fd, p, sizeof(p), name, len)); /* a reply */
    R(s_sendto(a, fd, p, 7, name, len));         /* half a header */
    R(s_close(a, fd));
    R(s_close(a, other));
  }
}

static void ping_identifiers_can_be_chosen_once(struct api *a) {
  struct sockaddr_in at = local(htons(4242));
  long fd = FD(s_socket(a, AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
  long other = FD(s_socket(a, AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
  R(s_bind(a, fd, &at, sizeof(at)));
  R(port_of(a, fd));
  R(s_bind(a, other, &at, sizeof(at)));
  R(s_bind(a, fd, &at, sizeof(at)));
  R(s_close(a, fd));
  R(s_bind(a, other, &at, sizeof(at)));
  R(s_close(a, other));
}

static void kinds_of_sockets_that_are_not_there(struct api *a) {
  R(s_socket(a, AF_INET, SOCK_RAW, 0));
  R(s_socket(a, AF_INET, SOCK_RAW, 300));
  R(s_socket(a, AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6));
  R(s_socket(a, AF_INET6, SOCK_DGRAM, IPPROTO_ICMP));
  R(s_socket(a, AF_INET, SOCK_STREAM, IPPROTO_ICMP));
}

SAME(raw_icmp_socket_hears_request_and_reply)
SAME(raw_icmp_filter_leaves_out_what_it_names)
SAME(raw_icmpv6_socket_sums_and_filters)
SAME(raw_socket_of_an_unknown_protocol)
SAME(raw_socket_with_its_own_header)
SAME(ping_sockets_get_their_replies)
SAME(ping_identifiers_can_be_chosen_once)
SAME(kinds_of_sockets_that_are_not_there)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(raw_icmp_socket_hears_request_and_reply_as_on_linux),
      cmocka_unit_test(raw_icmp_filter_leaves_out_what_it_names_as_on_linux),
      cmocka_unit_test(raw_icmpv6_socket_sums_and_filters_as_on_linux),
      cmocka_unit_test(raw_socket_of_an_unknown_protocol_as_on_linux),
      cmocka_unit_test(raw_socket_with_its_own_header_as_on_linux),
      cmocka_unit_test(ping_sockets_get_their_replies_as_on_linux),
      cmocka_unit_test(ping_identifiers_can_be_chosen_once_as_on_linux),
      cmocka_unit_test(kinds_of_sockets_that_are_not_there_as_on_linux),
  };
  both_host_is_missing = !netns_enter();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
