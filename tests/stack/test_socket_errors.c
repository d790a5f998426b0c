/* SPDX-License-Identifier: Apache-2.0 */
/* IP_RECVERR, IPV6_RECVERR and MSG_ERRQUEUE: the same calls on the host's
 * kernel and on ours; and errors of routers, which only ours has here. */
#include <string.h>

#include "stack/udp/raw.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"
#include "tests/stack/control.h"
#include "tests/stack/netns.h"

/* A socket, and the name of a port that nobody listens to. */
struct scene {
  struct sockaddr_in6 to; /* or _in */
  unsigned len;
  long fd;
};

static void scene_open(struct api *a, struct scene *s, int family,
                       const struct in6_addr *addr) {
  struct sockaddr_in in4 = local(0);
  memset(s, 0, sizeof(*s));
  s->len = sizeof(s->to);
  s->to.sin6_family = AF_INET6;
  s->to.sin6_addr = *addr;
  if (family == AF_INET) {
    s->len = sizeof(in4);
    memcpy(&s->to, &in4, sizeof(in4));
  }
  long closed = FD(s_socket(a, family, SOCK_DGRAM, 0));
  unsigned len = s->len;
  R(s_bind(a, closed, &s->to, len));
  R(s_sockname(a, closed, &s->to, &len));
  R(s_close(a, closed));
  s->fd = FD(s_socket(a, family, SOCK_DGRAM, 0));
}

static void read_error(struct api *a, const struct scene *s, size_t len,
                       size_t room, int flags) {
  _Alignas(8) uint8_t control[CONTROL_ROOM] = {0};
  uint8_t data[256];
  struct sockaddr_in6 name;
  struct iovec v = {data, len};
  struct msghdr m = {.msg_name = &name,
                     .msg_namelen = sizeof(name),
                     .msg_iov = &v,
                     .msg_iovlen = 1,
                     .msg_control = control,
                     .msg_controllen = room};
  memset(&name, 0, sizeof(name));
  long n = R(s_recvmsg(a, s->fd, &m, MSG_ERRQUEUE | flags));
  if (n < 0) {
    return;
  }
  note(a, __LINE__, "length of the name", (long)m.msg_namelen);
  note(a, __LINE__, "is its destination",
       memcmp(&name, &s->to, m.msg_namelen) == 0);
  for (long i = 0; i < n; i++) {
    note(a, __LINE__, "a byte of the datagram", data[i]);
  }
  control_note(a, &m);
}

static void look(struct api *a, const struct scene *s) {
  R(s_poll(a, s->fd, POLLIN | POLLOUT | POLLPRI));
}

static void refused(struct api *a, int family, const struct in6_addr *addr,
                    bool connect) {
  struct scene s;
  char data[8];
  scene_open(a, &s, family, addr);
  for (int on = 0; on < 2; on++) {
    R(set_option(a, s.fd, IPPROTO_IP, IP_RECVERR, on));
    R(option(a, s.fd, IPPROTO_IP, IP_RECVERR));
    R(set_option(a, s.fd, IPPROTO_IPV6, IPV6_RECVERR, on));
    if (family == AF_INET6) {
      R(option(a, s.fd, IPPROTO_IPV6, IPV6_RECVERR));
    }
    if (connect) {
      R(s_connect(a, s.fd, &s.to, s.len));
    }
    const void *to = connect ? NULL : &s.to;
    unsigned to_len = connect ? 0 : s.len;
    read_error(a, &s, 64, 256, 0); /* never waits */
    R(s_sendto(a, s.fd, "hello", 5, to, to_len));
    settle(a);
    look(a, &s);
    R(s_recv(a, s.fd, data, sizeof(data), MSG_DONTWAIT));
    look(a, &s);
    R(s_recv(a, s.fd, data, sizeof(data), MSG_DONTWAIT));
    read_error(a, &s, 64, 256, 0);
    read_error(a, &s, 64, 256, 0);
    look(a, &s);
    /* Two wait: the second is pending when the first was read. */
    R(s_sendto(a, s.fd, "1", 1, to, to_len));
    settle(a);
    R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
    R(s_sendto(a, s.fd, "22", 2, to, to_len));
    settle(a);
    R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
    read_error(a, &s, 64, 256, MSG_DONTWAIT);
    R(s_sendto(a, s.fd, "333", 3, to, to_len));
    settle(a);
    R(s_sendto(a, s.fd, "333", 3, to, to_len)); /* the error's turn */
    settle(a);
    look(a, &s);
    read_error(a, &s, 2, 20, 0);
    R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
    read_error(a, &s, 0, 0, 0);
    look(a, &s);
    R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
  }
  R(s_sendto(a, s.fd, "x", 1, connect ? NULL : &s.to, connect ? 0 : s.len));
  settle(a);
  R(set_option(a, s.fd, IPPROTO_IP, IP_RECVERR, 0)); /* forgets them */
  R(set_option(a, s.fd, IPPROTO_IPV6, IPV6_RECVERR, 0));
  read_error(a, &s, 64, 256, 0);
  R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
  R(s_close(a, s.fd));
}

static void refused_by_ipv4(struct api *a) {
  refused(a, AF_INET, &in6addr_loopback, true);
  refused(a, AF_INET, &in6addr_loopback, false);
}

static void refused_by_ipv6(struct api *a) {
  refused(a, AF_INET6, &in6addr_loopback, true);
  refused(a, AF_INET6, &in6addr_loopback, false);
}

static void refused_by_a_mapped_address(struct api *a) {
  refused(a, AF_INET6, &both_mapped, true);
  refused(a, AF_INET6, &both_mapped, false);
}

static void how_the_message_came(struct api *a) {
  struct scene s;
  scene_open(a, &s, AF_INET, &in6addr_loopback);
  R(set_option(a, s.fd, IPPROTO_IP, IP_RECVERR, 1));
  R(set_option(a, s.fd, IPPROTO_IP, IP_RECVTTL, 1));
  R(set_option(a, s.fd, SOL_SOCKET, SO_TIMESTAMP, 1));
  R(s_sendto(a, s.fd, "hello", 5, &s.to, s.len));
  settle(a);
  read_error(a, &s, 64, 256, 0);
  for (size_t room = 0; room < 120; room += 8) {
    R(s_sendto(a, s.fd, "hello", 5, &s.to, s.len));
    settle(a);
    read_error(a, &s, 64, room, 0);
  }
  R(s_close(a, s.fd));
}

static void errors_by_recvfrom(struct api *a) {
  struct scene s;
  struct sockaddr_in from;
  unsigned len = sizeof(from);
  char data[8] = {0};
  scene_open(a, &s, AF_INET, &in6addr_loopback);
  R(set_option(a, s.fd, IPPROTO_IP, IP_RECVERR, 1));
  R(s_sendto(a, s.fd, "hello", 5, &s.to, s.len));
  settle(a);
  R(option(a, s.fd, SOL_SOCKET, SO_ERROR));
  R(s_sendto(a, s.fd, "world", 5, &s.to, s.len));
  settle(a);
  R(s_recvfrom(a, s.fd, data, 2, MSG_ERRQUEUE, &from, &len));
  note(a, __LINE__, "length of the name", (long)len);
  note(a, __LINE__, "its destination", memcmp(&from, &s.to, len));
  R(s_recv(a, s.fd, data, sizeof(data), MSG_ERRQUEUE));
  R(s_recv(a, s.fd, data, sizeof(data), MSG_ERRQUEUE));
  note(a, __LINE__, "data", memcmp(data, "world", 5));
  R(s_close(a, s.fd));
}

static void no_errors_of_a_stream(struct api *a) {
  struct trio t;
  char data[8];
  trio_open(a, &t);
  R(s_recv(a, t.client, data, sizeof(data), MSG_ERRQUEUE));
  trio_close(a, &t);
}

#define SAME_1122(script)                                      \
  static void script##_as_on_linux(void **state) {             \
    /* EVIDENCE: RFC 1122 4.1.3.3; the host's kernel, ip(7) */ \
    (void)state;                                               \
    compare(script);                                           \
  }
SAME_1122(refused_by_ipv4)
SAME_1122(refused_by_ipv6)
SAME_1122(refused_by_a_mapped_address)
SAME_1122(how_the_message_came)
SAME_1122(errors_by_recvfrom)
SAME_1122(no_errors_of_a_stream)

/* ---- Errors of routers --------------------------------------------------- */

static uint8_t sent_[1600];
static uint32_t sent_len_;

static uint32_t keep(struct pair *pair, int from, uint8_t *data, uint32_t len) {
  (void)pair;
  if (from == 0 && data[12] == 8 && data[13] == 0) {
    sent_len_ = len - 14;
    memcpy(sent_, data + 14, sent_len_);
  }
  return len;
}

struct told {
  struct {
    uint32_t ee_errno;
    uint8_t origin, type, code, pad;
    uint32_t info, data;
    struct ph_sockaddr_in offender;
  } ee;
  uint8_t data[64];
  long n;
};

static struct told take(struct ph_stack *s, int fd) {
  struct told t = {.n = 0};
  _Alignas(8) uint8_t control[128];
  struct ph_iovec v = {t.data, sizeof(t.data)};
  struct ph_msghdr m = {.msg_iov = &v,
                        .msg_iovlen = 1,
                        .msg_control = control,
                        .msg_controllen = sizeof(control)};
  t.n = ph_recvmsg(s, fd, &m, PH_MSG_ERRQUEUE);
  if (t.n >= 0) {
    assert_int_equal(m.msg_controllen, 16 + sizeof(t.ee));
    memcpy(&t.ee, control + 16, sizeof(t.ee));
  }
  return t;
}

static int open_with_errors(struct ph_stack *s, int type, int protocol) {
  int on = 1;
  int fd = ph_socket(s, PH_AF_INET, type | PH_SOCK_NONBLOCK, protocol);
  assert_true(fd >= 0);
  assert_int_equal(
      ph_setsockopt(s, fd, PH_IPPROTO_IP, PH_IP_RECVERR, &on, sizeof(on)), 0);
  return fd;
}

static struct pair *routers_open(void) {
  const struct pair_options options = {.socket = {.max_sockets = 8}};
  struct pair *pair = pair_new(&options);
  struct ph_stack *s = &pair->host[0].stack;
  assert_int_equal(ph_raw_init(s), 0);
  pair->mangle = keep;
  pair->host[1].netif.up = false; /* it hears nothing */
  pair->to_test = true;
  static const uint8_t arp[42] = {2,  0, 0, 0, 0, 1, 2, 0, 0, 0, 0,  2, 8, 6,
                                  0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 2,
                                  10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
  pair_receive(pair, arp, sizeof(arp));
  ph_stack_set_now(s, pair->now_ns);
  return pair;
}

static struct sockaddr_in host_of(uint32_t address) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(address);
  return to;
}

static void routers_errors_reach_udp_ping_and_raw_sockets(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.3, 3.4; RFC 792 (time exceeded, parameter) */
  (void)state;
  static const struct {
    int type, protocol;
    uint32_t skip; /* in front of the payload, with the IP header */
  } kinds[] = {{PH_SOCK_DGRAM, 0, 28},
               {PH_SOCK_DGRAM, PH_IPPROTO_ICMP, 20},
               {PH_SOCK_RAW, 200, 20}};
  static const struct {
    uint8_t type, code;
    uint16_t mtu;
    uint32_t error, info;
  } messages[] = {{11, 0, 0, PH_EHOSTUNREACH, 0},
                  {3, 1, 0, PH_EHOSTUNREACH, 0},
                  {3, 0, 0, PH_ENETUNREACH, 0},
                  {3, 4, 1400, PH_EMSGSIZE, 1400},
                  {12, 0, 0, PH_EPROTO, 0}};
  struct pair *pair = routers_open();
  struct ph_stack *s = &pair->host[0].stack;
  const struct sockaddr_in to = host_of(0x0a000002);
  uint8_t data[40] = {8, 0};
  for (size_t k = 0; k < PH_ARRAY_LEN(kinds); k++) {
    int fd = open_with_errors(s, kinds[k].type, kinds[k].protocol);
    for (size_t i = 0; i < PH_ARRAY_LEN(messages); i++) {
      ph_stack_set_now(s, pair->now_ns);
      assert_int_equal(ph_sendto(s, fd, data, sizeof(data), 0, &to, sizeof(to)),
                       sizeof(data));
      pair_icmp(pair, 0, messages[i].type, messages[i].code, messages[i].mtu,
                sent_, kinds[k].skip + 12);
      pair_pass(pair, 10 * PAIR_MS);
      struct told t = take(s, fd);
      assert_int_equal(t.n, 12);
      assert_memory_equal(t.data, sent_ + kinds[k].skip, 12);
      assert_int_equal(t.ee.ee_errno, messages[i].error);
      assert_int_equal(t.ee.origin, 2);
      assert_int_equal(t.ee.type, messages[i].type);
      assert_int_equal(t.ee.code, messages[i].code);
      assert_int_equal(t.ee.info, messages[i].info);
      assert_int_equal(t.ee.offender.sin_family, PH_AF_INET);
      assert_int_equal(take(s, fd).n, -PH_EAGAIN);
    }
    assert_int_equal(ph_close(s, fd), 0);
  }
  pair_free(pair);
}

static void neighbour_that_does_not_answer_is_told(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.6, 2.3.2.2 */
  (void)state;
  struct pair *pair = routers_open();
  struct ph_stack *s = &pair->host[0].stack;
  const struct sockaddr_in to = host_of(0x0a000009);
  int fd = open_with_errors(s, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_sendto(s, fd, "hello", 5, 0, &to, sizeof(to)), 5);
  pair_pass(pair, 10 * PAIR_S);
  struct told t = take(s, fd);
  assert_int_equal(t.n, 5);
  assert_memory_equal(t.data, "hello", 5);
  assert_int_equal(t.ee.ee_errno, PH_EHOSTUNREACH);
  assert_int_equal(t.ee.type, 3);
  assert_int_equal(t.ee.code, 1);
  assert_int_equal(ntohl(t.ee.offender.sin_addr), 0x0a000001);
  assert_int_equal(ph_close(s, fd), 0);
  pair_free(pair);
}

static void too_long_for_the_path_is_told_by_ourselves(void **state) {
  /* EVIDENCE: RFC 1191 6.5; ip(7), SO_EE_ORIGIN_LOCAL */
  (void)state;
  static uint8_t data[2000];
  struct pair *pair = routers_open();
  struct ph_stack *s = &pair->host[0].stack;
  const struct sockaddr_in to = host_of(0x0a000002);
  int fd = open_with_errors(s, PH_SOCK_DGRAM, 0);
  for (int mode = PH_PMTUDISC_DO; mode <= PH_PMTUDISC_PROBE; mode++) {
    assert_int_equal(ph_setsockopt(s, fd, PH_IPPROTO_IP, PH_IP_MTU_DISCOVER,
                                   &mode, sizeof(mode)),
                     0);
    assert_int_equal(ph_sendto(s, fd, data, 1500, 0, &to, sizeof(to)),
                     -PH_EMSGSIZE);
    struct ph_pollfd p = {fd, PH_POLLOUT, 0};
    assert_int_equal(ph_poll(s, &p, 1, 0), 1);
    assert_int_equal(p.revents, PH_POLLOUT | PH_POLLERR);
    struct told t = take(s, fd);
    assert_int_equal(t.n, 0);
    assert_int_equal(t.ee.ee_errno, PH_EMSGSIZE);
    assert_int_equal(t.ee.origin, 1);
    assert_int_equal(t.ee.info, 1500);
    assert_int_equal(t.ee.offender.sin_family, 0);
    assert_int_equal(ph_sendto(s, fd, data, 1, 0, &to, sizeof(to)), 1);
  }
  assert_int_equal(ph_close(s, fd), 0);
  pair_free(pair);
}

static void errors_beyond_the_buffer_are_lost_and_counted(void **state) {
  /* EVIDENCE: robustness: nobody can fill memory with errors */
  (void)state;
  struct pair *pair = routers_open();
  struct ph_stack *s = &pair->host[0].stack;
  const struct sockaddr_in to = host_of(0x0a000002);
  int fd = open_with_errors(s, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_sendto(s, fd, "x", 1, 0, &to, sizeof(to)), 1);
  for (int i = 0; i < 1000; i++) {
    pair_icmp(pair, 0, 3, 3, 0, sent_, 29);
    pair_pass(pair, 2 * PAIR_MS);
  }
  uint32_t n = 0;
  while (take(s, fd).n == 1) {
    n++;
  }
  assert_in_range(n, 10, 250);
  assert_int_equal(s->stats.UdpRcvbufErrors, 1000 - n);
  pair_icmp(pair, 0, 3, 3, 0, sent_, 29); /* and again, to be closed with */
  pair_pass(pair, 2 * PAIR_MS);
  assert_int_equal(ph_close(s, fd), 0);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refused_by_ipv4_as_on_linux),
      cmocka_unit_test(refused_by_ipv6_as_on_linux),
      cmocka_unit_test(refused_by_a_mapped_address_as_on_linux),
      cmocka_unit_test(how_the_message_came_as_on_linux),
      cmocka_unit_test(errors_by_recvfrom_as_on_linux),
      cmocka_unit_test(no_errors_of_a_stream_as_on_linux),
      cmocka_unit_test(routers_errors_reach_udp_ping_and_raw_sockets),
      cmocka_unit_test(neighbour_that_does_not_answer_is_told),
      cmocka_unit_test(too_long_for_the_path_is_told_by_ourselves),
      cmocka_unit_test(errors_beyond_the_buffer_are_lost_and_counted),
  };
  both_host_is_missing = !netns_enter();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
