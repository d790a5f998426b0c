/* SPDX-License-Identifier: Apache-2.0 */
/* UDP_SEGMENT and UDP_GRO: on the host's kernel and on ours, over the software
 * wire, and for a device that cuts datagrams itself. */
#include <string.h>

#include "tests/stack/control.h"
#include "tests/stack/lower.h"

enum { ALL = 65507, OPTION_SEGMENT = 103, OPTION_GRO = 104 };

static uint8_t data[ALL + 1], got[ALL + 1];

static void fill(void) {
  for (uint32_t i = 0; i < sizeof(data); i++) {
    data[i] = pair_byte(i);
  }
}

/* ---- On the host's kernel and on ours ------------------------------------ */

struct scene {
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
  void *to;
  unsigned len;
  long receiver, sender;
};

static void scene_open(struct api *a, struct scene *s, bool six) {
  fill();
  s->in4 = local(0);
  s->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                 .sin6_addr = in6addr_loopback};
  s->to = six ? (void *)&s->in6 : &s->in4;
  s->len = six ? sizeof(s->in6) : sizeof(s->in4);
  s->receiver = FD(s_socket(a, six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
  s->sender = FD(s_socket(a, six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
  R(s_bind(a, s->receiver, s->to, s->len));
  R(s_sockname(a, s->receiver, s->to, &s->len));
}

static void scene_close(struct api *a, const struct scene *s) {
  R(s_close(a, s->receiver));
  R(s_close(a, s->sender));
}

/* Read what is there: how long each is, and whether it is what was sent. */
static void drain(struct api *a, const struct scene *s) {
  size_t at = 0;
  settle(a);
  for (;;) {
    long n =
        control_receive(a, s->receiver, got, sizeof(got), 64, MSG_DONTWAIT);
    if (n < 0) {
      return;
    }
    note(a, __LINE__, "as sent", memcmp(got, data + at, (size_t)n));
    at += (size_t)n;
  }
}

static void options_of_segments(struct api *a) {
  struct scene s;
  static const int values[] = {0, 1, 1472, 65535, 65536, -1, 0};
  scene_open(a, &s, false);
  for (size_t i = 0; i < PH_ARRAY_LEN(values); i++) {
    R(set_option(a, s.sender, IPPROTO_UDP, OPTION_SEGMENT, values[i]));
    R(option(a, s.sender, IPPROTO_UDP, OPTION_SEGMENT));
    R(set_option(a, s.sender, IPPROTO_UDP, OPTION_GRO, values[i]));
    R(option(a, s.sender, IPPROTO_UDP, OPTION_GRO));
  }
  R(s_setsockopt(a, s.sender, IPPROTO_UDP, OPTION_GRO, data, 3));
  R(set_option(a, s.sender, IPPROTO_UDP, 999, 1));
  R(option(a, s.sender, IPPROTO_UDP, 999));
  scene_close(a, &s);
  long fd = FD(s_socket(a, AF_INET, SOCK_STREAM, 0));
  R(set_option(a, fd, IPPROTO_UDP, OPTION_SEGMENT, 1000));
  R(s_close(a, fd));
}

static void segments_arrive(struct api *a, bool six, bool gro) {
  static const int sizes[][2] = {{1000, 1},    {1000, 999},  {1000, 1000},
                                 {1000, 1001}, {1000, 2000}, {1000, 2500},
                                 {1, 128},     {1, 129},     {7, 100},
                                 {512, 40000}, {1472, 60000}};
  struct scene s;
  scene_open(a, &s, six);
  R(set_option(a, s.receiver, IPPROTO_UDP, OPTION_GRO, gro));
  R(set_option(a, s.receiver, SOL_SOCKET, SO_RCVBUF, 1 << 20));
  for (size_t i = 0; i < PH_ARRAY_LEN(sizes); i++) {
    R(set_option(a, s.sender, IPPROTO_UDP, OPTION_SEGMENT, sizes[i][0]));
    if (gro && sizes[i][1] > 64 * sizes[i][0]) {
      continue; /* of ours more than one read */
    }
    R(s_sendto(a, s.sender, data, (size_t)sizes[i][1], s.to, s.len));
    drain(a, &s);
  }
  if (!six) { /* IPv6 has room for 20 more: docs/deviations.md */
    R(s_sendto(a, s.sender, data, ALL + 1, s.to, s.len));
  }
  R(s_sendto(a, s.sender, data, 0, s.to, s.len));
  drain(a, &s);
  scene_close(a, &s);
}

static void segments_arrive_one_by_one(struct api *a) {
  segments_arrive(a, false, false);
}
static void segments_arrive_one_by_one_by_ipv6(struct api *a) {
  segments_arrive(a, true, false);
}
static void segments_are_read_together(struct api *a) {
  segments_arrive(a, false, true);
}
static void segments_are_read_together_by_ipv6(struct api *a) {
  segments_arrive(a, true, true);
}

static void segments_of_one_call(struct api *a) {
  struct scene s;
  scene_open(a, &s, false);
  R(set_option(a, s.receiver, IPPROTO_UDP, OPTION_GRO, 1));
  for (uint16_t size = 0; size < 600; size = (uint16_t)(size + 97)) {
    struct control c = {.used = 0};
    control_add(&c, IPPROTO_UDP, OPTION_SEGMENT, &size, sizeof(size));
    R(control_send(a, s.sender, &c, data, 1000, s.to, s.len));
    drain(a, &s);
  }
  for (size_t len = 0; len < 8; len++) {
    struct control c = {.used = 0};
    control_add(&c, IPPROTO_UDP, OPTION_SEGMENT, "\x10\0\0\0\0\0\0", len);
    R(control_send(a, s.sender, &c, data, 40, s.to, s.len));
    c.used = 0;
    control_add(&c, IPPROTO_UDP, OPTION_GRO, "\x10\0\0\0\0\0\0", len);
    R(control_send(a, s.sender, &c, data, 40, s.to, s.len));
    drain(a, &s);
  }
  scene_close(a, &s);
}

SAME(options_of_segments)
SAME(segments_arrive_one_by_one)
SAME(segments_arrive_one_by_one_by_ipv6)
SAME(segments_are_read_together)
SAME(segments_are_read_together_by_ipv6)
SAME(segments_of_one_call)

/* ---- Frames -------------------------------------------------------------- */

enum { HEADERS = 42 };

static void super_device_without_uso_datagrams_are_exact(void **state) {
  /* EVIDENCE: Virtio 1.2 5.1.6.2 (GSO_UDP_L4); RFC 768; RFC 6864 4.1 */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  fill();
  lower_learn_peer(host);
  ph_netif_segment_udp_init(&host->stack);
  udp_open(&host->stack, &pcb, 65536);
  udp_set_segment(&pcb.tx, 1000);
  uint32_t first = host->count;
  assert_int_equal(udp_sendto(&pcb, data, 5300, &peer, 9), 5300);
  assert_int_equal(host->count - first, 6);
  for (uint32_t i = 0; i < 6; i++) {
    const uint8_t *f = host->frame[first + i];
    uint32_t n = i < 5 ? 1000 : 300;
    assert_int_equal(host->len[first + i], HEADERS + n);
    assert_int_equal(host->gso[first + i], PKT_GSO_NONE);
    assert_int_equal(get_be16(f + 16), 28 + n);
    assert_int_equal(csum_data(f + 14, 20, 0), 0xffff);
    assert_int_equal(
        (uint16_t)(get_be16(f + 18) - get_be16(host->frame[first] + 18)), i);
    assert_int_equal(get_be16(f + 38), 8 + n);
    assert_int_equal(csum_data(f + 34, 8 + n, csum_data(f + 26, 8, 17 + 8 + n)),
                     0xffff);
    assert_memory_equal(f + HEADERS, data + 1000 * i, n);
  }
  /* The next packet's identification is none of theirs. */
  assert_int_equal(udp_sendto(&pcb, data, 10, &peer, 9), 10);
  assert_int_equal((uint16_t)(get_be16(host->frame[first + 6] + 18) -
                              get_be16(host->frame[first] + 18)),
                   6);
  assert_int_equal(host->stack.stats.SwSegments, 6);
  udp_close(&pcb);
  lower_free(host);
}

static void super_device_with_uso_gets_it_whole(void **state) {
  /* EVIDENCE: Virtio 1.2 5.1.3.1 (HOST_USO), 5.1.6.2 (GSO_UDP_L4) */
  (void)state;
  const struct netif_caps caps = {
      .tx_csum = true, .uso = true, .max_super = 65535, .mtu = 1500};
  struct lower *host = lower_new(&caps);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  fill();
  lower_learn_peer(host);
  udp_open(&host->stack, &pcb, 65536);
  udp_set_segment(&pcb.tx, 1472);
  uint32_t first = host->count;
  assert_int_equal(udp_sendto(&pcb, data, 60000, &peer, 9), 60000);
  assert_int_equal(host->count - first, 1);
  assert_int_equal(host->gso[first], PKT_GSO_UDP);
  assert_int_equal(host->csum[first], PKT_CSUM_PARTIAL);
  assert_int_equal(host->len[first], HEADERS + 60000);
  assert_memory_equal(host->frame[first] + HEADERS, data, 60000);
  assert_int_equal(host->stack.stats.SwSegments, 0);
  assert_int_equal(udp_sendto(&pcb, data, 1472, &peer, 9), 1472);
  assert_int_equal(host->gso[first + 1], PKT_GSO_NONE);
  /* 41 datagrams were made of it: each has an identification. */
  assert_int_equal((uint16_t)(get_be16(host->frame[first + 1] + 18) -
                              get_be16(host->frame[first] + 18)),
                   41);
  udp_close(&pcb);
  lower_free(host);
}

static void super_that_can_not_be_cut_is_refused(void **state) {
  /* EVIDENCE: RFC 1191 2; the host's kernel (EMSGSIZE, EINVAL) */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  lower_learn_peer(host);
  uint32_t first = host->count;
  udp_open(&host->stack, &pcb, 65536);
  udp_set_segment(&pcb.tx, 1473);
  assert_int_equal(udp_sendto(&pcb, data, 3000, &peer, 9), -PH_EMSGSIZE);
  assert_int_equal(udp_sendto(&pcb, data, 1472, &peer, 9), 1472);
  assert_int_equal(host->count - first, 1);
  udp_set_segment(&pcb.tx, 2);
  assert_int_equal(udp_sendto(&pcb, data, 257, &peer, 9), -PH_EINVAL);
  /* Nobody was asked to cut in software: dropped and counted. */
  uint64_t drops = host->stack.stats.NetifDrops;
  assert_true(udp_sendto(&pcb, data, 256, &peer, 9) < 0);
  assert_int_equal(host->stack.stats.NetifDrops, drops + 1);
  /* A device that becomes full takes it whole or not at all. */
  ph_netif_segment_udp_init(&host->stack);
  host->full_after = 0;
  assert_int_equal(udp_sendto(&pcb, data, 6, &peer, 9), 6); /* they wait */
  assert_int_equal(udp_sendto(&pcb, data, 6, &peer, 9), -PH_EAGAIN);
  host->full_after = -1;
  netif_writable(&host->netif);
  assert_int_equal(host->count - first, 4);
  udp_close(&pcb);
  lower_free(host);
}

/* ---- Between two hosts --------------------------------------------------- */

struct ends {
  struct pair *pair;
  struct ph_stack *tx, *rx;
  int sender, receiver;
};

static void ends_open(struct ends *e, bool six) {
  const struct pair_options options = {
      .socket = {.max_sockets = 8}, .software = true, .ipv6 = true};
  struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(9)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
  struct ph_addr peer = six ? pair_addr6(1) : pair_addr(1);
  void *name = six ? (void *)&in6 : &in4;
  unsigned len = six ? sizeof(in6) : sizeof(in4);
  int size = 1 << 20;
  fill();
  e->pair = pair_new(&options);
  e->tx = &e->pair->host[0].stack;
  e->rx = &e->pair->host[1].stack;
  ph_stack_set_now(e->tx, e->pair->now_ns);
  int type = PH_SOCK_DGRAM | PH_SOCK_NONBLOCK;
  e->sender = ph_socket(e->tx, six ? PH_AF_INET6 : PH_AF_INET, type, 0);
  e->receiver = ph_socket(e->rx, six ? PH_AF_INET6 : PH_AF_INET, type, 0);
  assert_int_equal(ph_bind(e->rx, e->receiver, name, len), 0);
  memcpy(&in4.sin_addr, peer.bytes + 12, 4);
  memcpy(&in6.sin6_addr, peer.bytes, 16);
  assert_int_equal(ph_connect(e->tx, e->sender, name, len), 0);
  assert_int_equal(ph_setsockopt(e->rx, e->receiver, PH_SOL_SOCKET,
                                 PH_SO_RCVBUF, &size, sizeof(size)),
                   0);
  assert_int_equal(ph_send(e->tx, e->sender, data, 1, 0), 1); /* ARP, ND */
  pair_pass(e->pair, 10 * PAIR_MS);
  assert_int_equal(ph_recv(e->rx, e->receiver, got, 1, 0), 1);
}

static void ends_close(struct ends *e) {
  assert_int_equal(ph_close(e->tx, e->sender), 0);
  assert_int_equal(ph_close(e->rx, e->receiver), 0);
  pair_free(e->pair);
}

static void ends_set(const struct ends *e, int segment, int gro) {
  assert_int_equal(ph_setsockopt(e->tx, e->sender, PH_IPPROTO_UDP,
                                 PH_UDP_SEGMENT, &segment, sizeof(segment)),
                   0);
  assert_int_equal(ph_setsockopt(e->rx, e->receiver, PH_IPPROTO_UDP, PH_UDP_GRO,
                                 &gro, sizeof(gro)),
                   0);
}

static void ends_send(struct ends *e, size_t len) {
  ph_stack_set_now(e->tx, e->pair->now_ns);
  assert_int_equal(ph_send(e->tx, e->sender, data, len, 0), (long)len);
  pair_pass(e->pair, 10 * PAIR_MS);
}

static long ends_recv(struct ends *e, size_t room, int flags) {
  return ph_recv(e->rx, e->receiver, got, room, flags);
}

static void super_between_hosts_arrives_whole(void **state) {
  /* EVIDENCE: RFC 768; RFC 8200 8.1 (each datagram has its checksum) */
  (void)state;
  for (int six = 0; six < 2; six++) {
    struct ends e;
    ends_open(&e, six);
    for (int gro = 0; gro < 2; gro++) {
      ends_set(&e, 1400, gro);
      ends_send(&e, 64 * 1000);
      uint32_t at = 0, reads = 0;
      for (long n; (n = ends_recv(&e, sizeof(got), 0)) > 0; reads++) {
        assert_memory_equal(got, data + at, (size_t)n);
        at += (uint32_t)n;
      }
      assert_int_equal(at, 64 * 1000);
      assert_int_equal(reads, gro ? 1 : 46);
    }
    assert_int_equal(e.rx->stats.UdpInCsumErrors, 0);
    ends_close(&e);
  }
}

/* Datagrams that the device's pool can't lend are copied into the stack's
 * blocks, which are of another size. */
static void burst_beyond_what_the_device_lends_is_counted_right(void **state) {
  /* EVIDENCE: regression: the queue's level fell below zero */
  (void)state;
  struct ends e;
  ends_open(&e, false);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 100; i++) {
      ends_send(&e, 1000);
    }
    for (int i = 0; i < 100; i++) {
      assert_int_equal(ends_recv(&e, sizeof(got), 0), 1000);
    }
    assert_int_equal(ends_recv(&e, sizeof(got), 0), -PH_EAGAIN);
  }
  assert_true(e.rx->blocks.low_water < PAIR_BLOCKS);
  ends_close(&e);
}

static void gro_reads_neighbours_of_one_length(void **state) {
  /* EVIDENCE: udp(7), UDP_GRO */
  (void)state;
  struct ends e;
  ends_open(&e, false);
  ends_set(&e, 0, 1);
  static const size_t sent[] = {100, 100, 50, 50, 50, 60, 0, 0, 20, 20};
  static const long want[] = {250, 100, 60, 0, 0, 40};
  for (size_t i = 0; i < PH_ARRAY_LEN(sent); i++) {
    ends_send(&e, sent[i]);
  }
  for (size_t i = 0; i < PH_ARRAY_LEN(want); i++) {
    assert_int_equal(ends_recv(&e, sizeof(got), MSG_PEEK), want[i]);
    assert_int_equal(ends_recv(&e, sizeof(got), 0), want[i]);
  }
  assert_int_equal(ends_recv(&e, sizeof(got), 0), -PH_EAGAIN);
  /* As many as fit whole; one that does not fit alone is cut, as ever. */
  for (int i = 0; i < 70; i++) {
    ends_send(&e, 10);
  }
  assert_int_equal(ends_recv(&e, 29, 0), 20);
  assert_int_equal(ends_recv(&e, 5, 0), 5);
  assert_int_equal(ends_recv(&e, sizeof(got), 0), 640); /* 64 */
  assert_int_equal(ends_recv(&e, sizeof(got), 0), 30);
  /* Into several pieces. */
  ends_send(&e, 10);
  ends_send(&e, 10);
  struct ph_iovec v[4] = {{got, 3}, {got + 3, 0}, {got + 3, 9}, {got + 12, 9}};
  memset(got, 0, 32);
  assert_int_equal(ph_readv(e.rx, e.receiver, v, 4), 20);
  assert_memory_equal(got, data, 10);
  assert_memory_equal(got + 10, data, 10);
  ends_close(&e);
}

static void gro_other_sender_or_tos_is_read_apart(void **state) {
  /* EVIDENCE: udp(7), UDP_GRO; RFC 3168 5.3 (the ECN field is one packet's) */
  (void)state;
  struct ends e;
  ends_open(&e, false);
  ends_set(&e, 0, 1);
  for (int tos = 0; tos < 3; tos++) {
    assert_int_equal(ph_setsockopt(e.tx, e.sender, PH_IPPROTO_IP, PH_IP_TOS,
                                   &tos, sizeof(tos)),
                     0);
    ends_send(&e, 10);
  }
  int ttl = 3;
  assert_int_equal(ph_setsockopt(e.tx, e.sender, PH_IPPROTO_IP, PH_IP_TTL, &ttl,
                                 sizeof(ttl)),
                   0);
  ends_send(&e, 10);
  assert_int_equal(ph_close(e.tx, e.sender), 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(0x0a000002);
  e.sender = ph_socket(e.tx, PH_AF_INET, PH_SOCK_DGRAM, 0);
  assert_int_equal(ph_connect(e.tx, e.sender, &to, sizeof(to)), 0);
  ends_send(&e, 10);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(ends_recv(&e, sizeof(got), 0), 10);
  }
  ends_close(&e);
}

static void super_to_a_group_is_heard_here_too(void **state) {
  /* EVIDENCE: RFC 1112 6.1 */
  (void)state;
  struct ends e;
  ends_open(&e, false);
  ends_set(&e, 500, 0);
  assert_int_equal(ph_loopback_init(e.tx), 0);
  struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(9)};
  group.sin_addr.s_addr = htonl(0xe0000001);
  int own = ph_socket(e.tx, PH_AF_INET, PH_SOCK_DGRAM | PH_SOCK_NONBLOCK, 0);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(9)};
  assert_int_equal(ph_bind(e.tx, own, &any, sizeof(any)), 0);
  ph_stack_set_now(e.tx, e.pair->now_ns);
  assert_int_equal(
      ph_sendto(e.tx, e.sender, data, 1200, 0, &group, sizeof(group)), 1200);
  pair_pass(e.pair, 10 * PAIR_MS);
  for (int i = 0; i < 3; i++) {
    long n = i < 2 ? 500 : 200;
    assert_int_equal(ends_recv(&e, sizeof(got), 0), n);
    assert_int_equal(ph_recv(e.tx, own, got, sizeof(got), 0), n);
    assert_memory_equal(got, data + 500 * i, (size_t)n);
  }
  assert_int_equal(ph_close(e.tx, own), 0);
  ends_close(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_of_segments_as_on_linux),
      cmocka_unit_test(segments_arrive_one_by_one_as_on_linux),
      cmocka_unit_test(segments_arrive_one_by_one_by_ipv6_as_on_linux),
      cmocka_unit_test(segments_are_read_together_as_on_linux),
      cmocka_unit_test(segments_are_read_together_by_ipv6_as_on_linux),
      cmocka_unit_test(segments_of_one_call_as_on_linux),
      cmocka_unit_test(super_device_without_uso_datagrams_are_exact),
      cmocka_unit_test(super_device_with_uso_gets_it_whole),
      cmocka_unit_test(super_that_can_not_be_cut_is_refused),
      cmocka_unit_test(super_between_hosts_arrives_whole),
      cmocka_unit_test(burst_beyond_what_the_device_lends_is_counted_right),
      cmocka_unit_test(gro_reads_neighbours_of_one_length),
      cmocka_unit_test(gro_other_sender_or_tos_is_read_apart),
      cmocka_unit_test(super_to_a_group_is_heard_here_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
