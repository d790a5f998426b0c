/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: IPv6 input, neighbour discovery, router advertisements and MLD
 * against whatever comes from the link.
 *
 * The input is a program for its surroundings: the first byte says what the
 * host heeds; then come steps: a message of ICMPv6 with addresses and hop limit
 * of some choice, a chain of extension headers, any frame, time, a datagram or
 * a connection to an address of some choice, membership of a group. Checksums
 * are right unless the step says otherwise. The neighbour is a real one.
 *
 * Looked at after every step: the counts of packets that wait and of unsure
 * neighbours are what the cache holds, tables are within their bounds. At the
 * end every pool must be as full as at the start (pair_free). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/ip/ipv6_internal.h"
#include "stack/udp/udp.h"
#include "stack/wire/checksum.h"
#include "tests/stack/tcp_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200, PORT = 80, MOST = 400 };

struct world {
  struct pair *pair;
  struct ph_stack *stack;
  struct ipv6_link *link;
  struct udp_pcb udp;
  const uint8_t *at, *end;
};

static uint8_t u8(struct world *w) {
  return w->at < w->end ? *w->at++ : 0;
}

static void take(struct world *w, uint8_t *to, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    to[i] = u8(w);
  }
}

/* One of those that matter, or any. */
static struct ph_addr address(struct world *w) {
  static const struct ph_addr some[] = {
      {{0}},
      {{[15] = 1}},
      {{0x20, 1, 0xd, 0xb8, [15] = 1}},
      {{0x20, 1, 0xd, 0xb8, [15] = 2}},
      {{0x20, 1, 0xd, 0xb8, [15] = 3}},
      {{0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 1}},
      {{0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 2}},
      {{0xfe, 0x80, [15] = 0xaa}},
      {{0xff, 2, [15] = 1}},
      {{0xff, 2, [15] = 0x16}},
      {{0xff, 2, [11] = 1, [12] = 0xff, [15] = 1}},
      {{0xff, 0x15, [15] = 7}},
      {{0x20, 1, 0xd, 0xb8, 0, 9, [15] = 1}},
      {{[10] = 0xff, [11] = 0xff, 10, 0, 0, 2}},
  };
  uint8_t which = u8(w);
  struct ph_addr a;
  if (which < 0xe0) {
    a = some[which % PH_ARRAY_LEN(some)];
    if (which >= 0x80) {
      a.bytes[14] ^= u8(w);
      a.bytes[7] ^= which & 3;
    }
    return a;
  }
  take(w, a.bytes, 16);
  return a;
}

static void deliver(struct world *w, uint8_t *frame, uint32_t len) {
  const uint8_t *dst = frame + 14 + IPV6_OFF_DST;
  static const uint8_t macs[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  memcpy(frame, macs, 14);
  put_be16(frame + 12, ETH_TYPE_IPV6);
  if (dst[0] == 0xff) {
    put_be16(frame, 0x3333);
    memcpy(frame + 2, dst + 12, 4);
  }
  pair_receive(w->pair, frame, len);
}

/* Headers for `len` bytes behind 54. */
static uint8_t *begin(struct world *w, uint8_t *frame, uint8_t next,
                      uint32_t len) {
  uint8_t *ip = frame + 14;
  memset(frame, 0, 54);
  ip[0] = 0x60;
  put_be16(ip + IPV6_OFF_LEN, (uint16_t)len);
  ip[IPV6_OFF_NEXT] = next;
  struct ph_addr src = address(w), dst = address(w);
  memcpy(ip + IPV6_OFF_SRC, src.bytes, 16);
  memcpy(ip + IPV6_OFF_DST, dst.bytes, 16);
  return frame + 54;
}

static void sum(uint8_t *frame, uint32_t at, uint32_t len) {
  uint8_t *m = frame + 54 + at;
  if (len < at + 8) {
    return;
  }
  put_be16(m + 2, 0);
  put_be16(m + 2, (uint16_t)~csum_data(m, len - at,
                                       csum_data(frame + 14 + IPV6_OFF_SRC, 32,
                                                 IPV6_NEXT_ICMP + len - at)));
}

static void step_icmp(struct world *w) {
  static const uint8_t types[] = {1,   2,   3,   4,   128, 129, 130, 131,
                                  132, 133, 134, 135, 136, 137, 143, 200};
  uint8_t frame[54 + 8 + MOST];
  uint8_t how = u8(w);
  uint32_t len = 4 + u8(w);
  bool alert = how & 0x40;
  uint8_t *m =
      begin(w, frame, alert ? 0 : IPV6_NEXT_ICMP, len + (alert ? 8 : 0));
  if (alert) {
    static const uint8_t header[8] = {IPV6_NEXT_ICMP, 0, 5, 2, 0, 0, 1, 0};
    memcpy(m, header, 8);
    m += 8;
  }
  frame[14 + IPV6_OFF_HOPS] = how & 0x20 ? u8(w) : alert ? 1 : 255;
  m[0] = types[how % PH_ARRAY_LEN(types)];
  m[1] = m[2] = m[3] = 0;
  take(w, m + 4, len - 4);
  if (!(how & 0x80)) {
    sum(frame, alert ? 8 : 0, len + (alert ? 8 : 0));
  }
  deliver(w, frame, 54 + len + (alert ? 8 : 0));
}

static void step_headers(struct world *w) {
  uint8_t frame[54 + MOST];
  uint8_t next = u8(w);
  uint32_t len = u8(w);
  uint8_t *p = begin(w, frame, next, len);
  frame[14 + IPV6_OFF_HOPS] = 64;
  take(w, p, len);
  deliver(w, frame, 54 + len);
}

static void step_frame(struct world *w) {
  uint8_t frame[54 + MOST] = {0};
  uint32_t len = 14 + u8(w);
  take(w, frame + 14, len - 14);
  deliver(w, frame, len < 54 ? len : 54 + (len - 54));
}

static void step_call(struct world *w) {
  struct ph_addr to = address(w);
  (void)ip_addr_put_zone(&to, w->pair->host[0].netif.index);
  switch (u8(w) & 3) {
    case 0: {
      struct tcp_conn *conn = tcp_open(w->stack, NULL);
      if (conn) {
        (void)tcp_connect(w->stack, conn, &to, PORT);
        tcp_close(w->stack, conn, true);
      }
      break;
    }
    case 1:
      if (ph_ipv6_join(w->stack, &w->pair->host[0].netif, &to) == 0 &&
          (u8(w) & 1)) {
        assert_int_equal(ph_ipv6_leave(w->stack, &w->pair->host[0].netif, &to),
                         0);
      }
      break;
    default:
      (void)!udp_sendto(&w->udp, "x", 1, &to, 9);
  }
}

static void check(struct world *w) {
  uint32_t queued = 0, unsure = 0, autoconf = 0;
  for (uint32_t i = 0; i < ND_SETS * ND_WAYS; i++) {
    const struct nd_neighbour *n =
        &w->link->neighbours[i / ND_WAYS][i % ND_WAYS];
    uint32_t own = 0;
    for (const struct pkt *p = n->waiting.head; p; p = p->next) {
      own++;
    }
    assert_int_equal(own, n->waiting.count);
    assert_true(own <= ETH_WAITING_MAX);
    assert_true(own == 0 || n->state == ND_INCOMPLETE);
    queued += own;
    unsure += n->state == ND_DELAY || n->state == ND_PROBE;
  }
  assert_int_equal(queued, w->link->queued);
  assert_int_equal(unsure, w->stack->neighbours_unsure);
  const struct ipv6_state *v6 = ipv6_of(w->stack);
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    autoconf += v6->addresses[i].state && v6->addresses[i].autoconf;
  }
  assert_true(autoconf <= IPV6_MAX_AUTOCONF);
  assert_true(w->link->mtu >= IPV6_MIN_MTU && w->link->mtu <= 1500);
  assert_true(w->link->hops >= IPV6_HOPS_MIN);
}

static void step(struct world *w) {
  uint8_t what = u8(w);
  switch (what & 7) {
    case 0:
    case 1:
    case 2:
      step_icmp(w);
      break;
    case 3:
      step_headers(w);
      break;
    case 4:
      step_frame(w);
      break;
    case 5:
      pair_pass(w->pair, UINT64_C(1) << (what >> 3) % 36);
      break;
    default:
      step_call(w);
  }
  check(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct pair_options options = {
      .ipv6 = true, .blocks_each = 64, .tcp = {.max_connections = 8}};
  struct world w = {.at = data, .end = data + size};
  w.pair = pair_new(&options);
  w.stack = &w.pair->host[0].stack;
  w.link = w.pair->host[0].netif.ipv6;
  uint8_t config = u8(&w);
  struct ipv6_state *v6 = ipv6_of(w.stack);
  v6->config.ignore_ra = config & 1;
  v6->config.accept_redirects = config & 2;
  v6->config.skip_dad = config & 4;
  ph_stack_set_now(w.stack, w.pair->now_ns);
  assert_int_equal(ph_loopback_init(w.stack), 0);
  if (config & 8) { /* a router that is heard as one */
    const struct ph_ipv6_advertise advertise = {.interval_s = 4, .mtu = 1400};
    ph_ip_set_forwarding(w.stack, true);
    assert_int_equal(
        ph_ipv6_advertise(w.stack, &w.pair->host[0].netif, &advertise), 0);
  }
  assert_int_equal(ph_udp_init(w.stack), 0);
  udp_open(w.stack, &w.udp, 65536);
  udp_set_any(&w.udp, &(struct ph_addr){{0}});
  assert_int_equal(udp_bind(&w.udp, &w.udp.any, 9), 0);
  for (int i = 0; i < STEPS && w.at < w.end; i++) {
    step(&w);
  }
  pair_pass(w.pair, 300 * PAIR_S); /* whoever waits gives up */
  check(&w);
  assert_int_equal(w.link->queued, 0);
  udp_close(&w.udp);
  pair_free(w.pair);
  return 0;
}
