/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of sendmsg(): the same calls on the host's kernel and on
 * ours. */
#include <string.h>

#include "stack/wire/ip_wire.h"
#include "tests/stack/control.h"
#include "tests/stack/netns.h"

/* A socket that tells everything of what it receives, and its name. */
static long listener(struct api *a, int family, void *name, unsigned len) {
  static const int names[][2] = {
      {IPPROTO_IP, IP_PKTINFO},          {IPPROTO_IP, IP_RECVTTL},
      {IPPROTO_IP, IP_RECVTOS},          {IPPROTO_IPV6, IPV6_RECVPKTINFO},
      {IPPROTO_IPV6, IPV6_RECVHOPLIMIT}, {IPPROTO_IPV6, IPV6_RECVTCLASS}};
  uint32_t first = family == AF_INET ? 0 : 3;
  long fd = FD(s_socket(a, family, SOCK_DGRAM, 0));
  R(s_bind(a, fd, name, len));
  R(s_sockname(a, fd, name, &len));
  for (uint32_t i = first; i < first + 3; i++) {
    R(set_option(a, fd, names[i][0], names[i][1], 1));
  }
  return fd;
}

static void receive(struct api *a, long fd) {
  char data[8];
  settle(a);
  (void)control_receive(a, fd, data, sizeof(data), 256, MSG_DONTWAIT);
}

/* A byte with one message. */
static long send_with(struct api *a, long fd, int level, int type,
                      const void *data, size_t len, const void *to,
                      unsigned to_len) {
  struct control c = {.used = 0};
  control_add(&c, level, type, data, len);
  return control_send(a, fd, &c, "x", 1, to, to_len);
}

static struct in_pktinfo info4(uint32_t ifindex, uint32_t src) {
  struct in_pktinfo info = {.ipi_ifindex = (int)ifindex};
  info.ipi_spec_dst.s_addr = htonl(src);
  return info;
}

static void ttl_and_tos_of_one_datagram(struct api *a) {
  struct sockaddr_in to = local(0);
  long fd = listener(a, AF_INET, &to, sizeof(to));
  long from = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  for (int value = -2; value < 258; value += 13) {
    R(send_with(a, from, IPPROTO_IP, IP_TTL, &value, sizeof(value), &to,
                sizeof(to)));
    R(send_with(a, from, IPPROTO_IP, IP_TOS, &value, sizeof(value), &to,
                sizeof(to)));
    struct control c = {.used = 0};
    control_add(&c, IPPROTO_IP, IP_TOS, &(uint8_t){(uint8_t)value}, 1);
    control_add_int(&c, IPPROTO_IP, IP_TTL, 7);
    R(control_send(a, from, &c, "xy", 2, &to, sizeof(to)));
    for (int i = 0; i < 3; i++) {
      receive(a, fd);
    }
  }
  R(s_connect(a, from, &to, sizeof(to)));
  R(send_with(a, from, IPPROTO_IP, IP_TTL, &(int){9}, sizeof(int), NULL, 0));
  R(s_send(a, from, "x", 1, 0)); /* as before */
  receive(a, fd);
  receive(a, fd);
  R(s_close(a, fd));
  R(s_close(a, from));
}

static void source_of_one_datagram(struct api *a) {
  struct sockaddr_in to = local(0);
  long fd = listener(a, AF_INET, &to, sizeof(to));
  long from = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  uint32_t lo = control_loopback(a);
  const struct in_pktinfo infos[] = {
      info4(0, 0),          info4(0, 0x7f000001),  info4(0, 0x7f000002),
      info4(lo, 0),         info4(lo, 0x7f000003), info4(77, 0),
      info4(0, 0xc0000201), info4(lo, 0xc0000201), info4(0, 0xe0000001)};
  for (size_t i = 0; i < PH_ARRAY_LEN(infos); i++) {
    struct sockaddr_in who = {.sin_family = 0};
    unsigned len = sizeof(who);
    char data[4];
    long n = send_with(a, from, IPPROTO_IP, IP_PKTINFO, &infos[i],
                       sizeof(infos[i]), &to, sizeof(to));
    bool ours = i != 6 && i != 7; /* EINVAL in Linux before 6.17 */
    note(a, __LINE__, "sent", ours || n >= 0 ? n : -1);
    settle(a);
    R(s_recvfrom(a, fd, data, sizeof(data), MSG_DONTWAIT, &who, &len));
    note(a, __LINE__, "its source", ntohl(who.sin_addr.s_addr));
  }
  R(s_close(a, fd));
  R(s_close(a, from));
}

static void hops_class_and_source_of_ipv6(struct api *a) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_addr = in6addr_loopback};
  long fd = listener(a, AF_INET6, &to, sizeof(to));
  long from = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  uint32_t lo = control_loopback(a);
  for (int value = -2; value < 258; value += 13) {
    R(send_with(a, from, IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value),
                &to, sizeof(to)));
    R(send_with(a, from, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value), &to,
                sizeof(to)));
    receive(a, fd);
    receive(a, fd);
  }
  const struct in6_pktinfo infos[] = {
      {in6addr_loopback, 0},  {in6addr_loopback, lo},
      {in6addr_any, lo},      {in6addr_any, 77},
      {in6addr_loopback, 77}, {{{{0x20, 1, 0xd, 0xb8, [15] = 9}}}, 0},
      {both_mapped, 0}};
  for (size_t i = 0; i < PH_ARRAY_LEN(infos); i++) {
    R(send_with(a, from, IPPROTO_IPV6, IPV6_PKTINFO, &infos[i],
                sizeof(infos[i]), &to, sizeof(to)));
    receive(a, fd);
  }
  R(s_close(a, fd));
  R(s_close(a, from));
}

/* A socket for both families sends to IPv4: its own messages count. */
static void messages_of_a_mapped_destination(struct api *a) {
  struct sockaddr_in in = local(0);
  long fd = listener(a, AF_INET, &in, sizeof(in));
  long from = FD(s_socket(a, AF_INET6, SOCK_DGRAM, 0));
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_addr = both_mapped,
                            .sin6_port = in.sin_port};
  const struct in6_pktinfo infos[] = {
      {both_mapped, 0}, {in6addr_loopback, 0}, {in6addr_any, 0}};
  struct control c = {.used = 0};
  control_add_int(&c, IPPROTO_IP, IP_TTL, 12);
  control_add_int(&c, IPPROTO_IPV6, IPV6_HOPLIMIT, 14);
  R(control_send(a, from, &c, "x", 1, &to, sizeof(to)));
  receive(a, fd);
  for (size_t i = 0; i < PH_ARRAY_LEN(infos); i++) {
    R(send_with(a, from, IPPROTO_IPV6, IPV6_PKTINFO, &infos[i],
                sizeof(infos[i]), &to, sizeof(to)));
    receive(a, fd);
  }
  R(s_close(a, fd));
  R(s_close(a, from));
}

/* Every type of some levels with data of every length up to 24. */
static void strange_messages(struct api *a, bool six) {
  static const int levels[] = {SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6,
                               IPPROTO_TCP, 12345};
  static const int types[] = {1, 2, 8, IP_RETOPTS, 50, 52, 67, IP_ORIGDSTADDR,
                              99};
  static const uint8_t zeros[24];
  char data[4];
  struct sockaddr_in in4 = local(0);
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_addr = in6addr_loopback};
  void *to = six ? (void *)&in6 : &in4;
  unsigned to_len = six ? sizeof(in6) : sizeof(in4);
  int family = six ? AF_INET6 : AF_INET;
  long fd = listener(a, family, to, to_len);
  long from = FD(s_socket(a, family, SOCK_DGRAM, 0));
  for (size_t i = 0; i < PH_ARRAY_LEN(levels) * PH_ARRAY_LEN(types); i++) {
    int type = types[i % PH_ARRAY_LEN(types)];
    for (size_t len = 0; len <= sizeof(zeros); len += 4 - len % 4 / 2) {
      struct control c = {.used = 0};
      bool old = levels[i / PH_ARRAY_LEN(types)] == IPPROTO_IPV6 &&
                 (type == IPV6_2292PKTINFO || type == IPV6_2292HOPLIMIT);
      bool options =
          levels[i / PH_ARRAY_LEN(types)] == IPPROTO_IP && type == IP_RETOPTS;
      if (old || options) {
        continue; /* not built: docs/deviations.md */
      }
      control_add(&c, levels[i / PH_ARRAY_LEN(types)], type, zeros, len);
      R(control_send(a, from, &c, "x", 1, to, to_len));
      settle(a);
      R(s_recv(a, fd, data, sizeof(data), MSG_DONTWAIT));
    }
  }
  R(s_close(a, fd));
  R(s_close(a, from));
}

static void messages_that_are_unknown_or_of_a_wrong_length(struct api *a) {
  strange_messages(a, false);
}

static void messages_that_are_strange_for_ipv6(struct api *a) {
  strange_messages(a, true);
}

static void messages_whose_length_is_a_lie(struct api *a) {
  struct sockaddr_in to = local(0);
  long fd = listener(a, AF_INET, &to, sizeof(to));
  long from = FD(s_socket(a, AF_INET, SOCK_DGRAM, 0));
  struct control c = {.used = 0};
  R(control_send(a, from, &c, "x", 1, &to, sizeof(to)));
  receive(a, fd);
  control_add_int(&c, IPPROTO_IP, IP_TTL, 12);
  control_add_int(&c, IPPROTO_IP, IP_TTL, 13);
  static const uint64_t lengths[] = {
      0,  1,  15,         16,         19,
      20, 21, 24,         32,         47,
      48, 49, UINT32_MAX, UINT64_MAX, UINT64_MAX - 7};
  for (size_t cut = 0; cut <= 48; cut++) {
    struct control part = c;
    part.used = cut;
    R(control_send(a, from, &part, "x", 1, &to, sizeof(to)));
    receive(a, fd);
  }
  for (size_t i = 0; i < PH_ARRAY_LEN(lengths); i++) {
    for (size_t at = 0; at <= 24; at += 24) {
      struct control bad = c;
      memcpy(bad.bytes + at, &lengths[i], sizeof(lengths[i]));
      R(control_send(a, from, &bad, "x", 1, &to, sizeof(to)));
      receive(a, fd);
    }
  }
  R(control_send(a, from, &c, "x", 1, NULL, 0)); /* to whom? */
  R(s_close(a, fd));
  R(s_close(a, from));
}

static void messages_to_a_stream(struct api *a) {
  struct trio t;
  char data[8];
  trio_open(a, &t);
  for (int type = 0; type < 4; type++) {
    struct control c = {.used = 0};
    control_add_int(&c, SOL_SOCKET, type, 0);
    R(control_send(a, t.client, &c, "x", 1, NULL, 0));
    c.used = 0;
    control_add_int(&c, IPPROTO_IP, type, 900);
    R(control_send(a, t.client, &c, "x", 1, NULL, 0));
  }
  settle(a);
  R(s_recv(a, t.server, data, sizeof(data), MSG_DONTWAIT));
  trio_close(a, &t);
}

/* ICMP echo by a raw socket and by in6addr_loopback for ping, seen by a raw
 * one. */
static void messages_to_raw_and_ping_sockets(struct api *a) {
  struct sockaddr_in to = local(0);
  static const uint8_t request[16] = {8, 0, 0xf7, 0xff};
  long see = FD(s_socket(a, AF_INET, SOCK_RAW, IPPROTO_ICMP));
  for (int ping = 0; ping < 2; ping++) {
    long fd =
        FD(s_socket(a, AF_INET, ping ? SOCK_DGRAM : SOCK_RAW, IPPROTO_ICMP));
    const struct in_pktinfo info = info4(0, 0x7f000005);
    struct control c = {.used = 0};
    uint8_t packet[64] = {0};
    control_add_int(&c, IPPROTO_IP, IP_TTL, 21 + ping);
    control_add_int(&c, IPPROTO_IP, IP_TOS, 0x20);
    control_add(&c, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    R(control_send(a, fd, &c, request, sizeof(request), &to, sizeof(to)));
    settle(a);
    R(s_recv(a, see, packet, sizeof(packet), MSG_DONTWAIT));
    note(a, __LINE__, "TOS", packet[1]);
    note(a, __LINE__, "TTL", packet[8]);
    note(a, __LINE__, "source", get_be32(packet + 12));
    R(s_recv(a, see, packet, sizeof(packet), MSG_DONTWAIT)); /* the reply */
    note(a, __LINE__, "its destination", get_be32(packet + 16));
    c.used = 0;
    control_add_int(&c, IPPROTO_IP, IP_TTL, 0);
    R(control_send(a, fd, &c, request, sizeof(request), &to, sizeof(to)));
    R(s_close(a, fd));
  }
  R(s_close(a, see));
}

#define SAME_3542(script)                          \
  static void script##_as_on_linux(void **state) { \
    /* EVIDENCE: RFC 3542 6; the host's kernel */  \
    (void)state;                                   \
    compare(script);                               \
  }
SAME_3542(ttl_and_tos_of_one_datagram)
SAME_3542(source_of_one_datagram)
SAME_3542(hops_class_and_source_of_ipv6)
SAME_3542(messages_of_a_mapped_destination)
SAME_3542(messages_that_are_unknown_or_of_a_wrong_length)
SAME_3542(messages_that_are_strange_for_ipv6)
SAME_3542(messages_whose_length_is_a_lie)
SAME_3542(messages_to_a_stream)
SAME_3542(messages_to_raw_and_ping_sockets)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ttl_and_tos_of_one_datagram_as_on_linux),
      cmocka_unit_test(source_of_one_datagram_as_on_linux),
      cmocka_unit_test(hops_class_and_source_of_ipv6_as_on_linux),
      cmocka_unit_test(messages_of_a_mapped_destination_as_on_linux),
      cmocka_unit_test(
          messages_that_are_unknown_or_of_a_wrong_length_as_on_linux),
      cmocka_unit_test(messages_that_are_strange_for_ipv6_as_on_linux),
      cmocka_unit_test(messages_whose_length_is_a_lie_as_on_linux),
      cmocka_unit_test(messages_to_a_stream_as_on_linux),
      cmocka_unit_test(messages_to_raw_and_ping_sockets_as_on_linux),
  };
  both_host_is_missing = !netns_enter();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
