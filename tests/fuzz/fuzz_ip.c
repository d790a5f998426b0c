/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: IPv4 input, ARP, reassembly of both families and forwarding
 * against whatever comes from the link.
 *
 * The input is a program for the surroundings: the first byte says whether the
 * host is a router, and what bounds reassembly has; then come steps: an IPv4
 * packet with options, addresses, fragment field and protocol of some choice,
 * a fragment of IPv6, an ARP packet, an IGMP message, any frame, time. Header
 * checksums are right unless the step says otherwise.
 *
 * Looked at after every step: reassembly holds no more blocks than it may. At
 * the end every pool must be as full as at the start (pair_free). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/ip/igmp.h"
#include "stack/ip/ip_membership.h"
#include "stack/ip/ipv6.h"
#include "stack/udp/udp.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"
#include "tests/stack/tcp_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200, PORT = 80, MOST = 600, BLOCKS_MAX = 24, ETH = 14 };

struct world {
  struct pair *pair;
  struct ph_stack *stack;
  struct udp_pcb udp;
  uint32_t blocks;
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

static uint32_t address(struct world *w) {
  static const uint32_t some[] = {
      0x0a000001, 0x0a000002, 0x0a000003, 0x0a0000ff, 0x0a000000, 0,
      0x7f000001, 0xe0000001, 0xe0000016, 0xffffffff, 0xc0a80001, 0xa9fe0001};
  uint8_t which = u8(w);
  uint32_t a = some[which % PH_ARRAY_LEN(some)];
  return which >= 0xc0 ? a ^ u8(w) : a;
}

static void deliver(struct world *w, uint8_t *frame, uint32_t len,
                    uint16_t type, bool group) {
  static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  memcpy(frame, macs, sizeof macs);
  if (group) {
    memset(frame, 0xff, 6);
  }
  put_be16(frame + 12, type);
  pair_receive(w->pair, frame, len);
}

static void step_ipv4(struct world *w) {
  static const uint8_t protocols[] = {17, 17, 1, 6, 2, 4, 17, 255};
  uint8_t frame[ETH + 60 + MOST];
  uint8_t *ip = frame + ETH;
  uint8_t how = u8(w), field = u8(w);
  uint32_t ihl = how & 8 ? 20 + 4u * (u8(w) % 11) : 20;
  uint32_t len = how & 16 ? u8(w) * 2u : (u8(w) & 31u) * 8;
  memset(frame, 0, sizeof frame);
  take(w, ip + 20, ihl - 20);
  ip[0] = (uint8_t)(0x40 | ihl / 4);
  ip[1] = how & 16 ? u8(w) : 0;
  put_be16(ip + 2, (uint16_t)(ihl + len));
  put_be16(ip + 4, field >> 6);
  put_be16(ip + 6, (uint16_t)(how & 32 ? u8(w) << 8 | u8(w)
                                       : (field & 31) | (field & 32) << 8));
  ip[8] = how & 64 ? u8(w) : 64;
  ip[9] = protocols[how & 7];
  put_be32(ip + 12, address(w));
  put_be32(ip + 16, address(w));
  take(w, ip + ihl, ph_min_u32(len, 24));
  if (!(how & 128)) {
    put_be16(ip + 10, (uint16_t)~csum_data(ip, ihl, 0));
  }
  deliver(w, frame, ETH + ihl + len, ETH_TYPE_IPV4, false);
}

static void step_ipv6_fragment(struct world *w) {
  uint8_t frame[ETH + 64 + MOST];
  uint8_t *ip = frame + ETH;
  static const struct ph_addr ends[3] = {{{0x20, 1, 0xd, 0xb8, [15] = 1}},
                                         {{0x20, 1, 0xd, 0xb8, [15] = 2}},
                                         {{0x20, 1, 0xd, 0xb9, [15] = 2}}};
  uint8_t how = u8(w);
  uint32_t len = how & 16 ? u8(w) * 2u : (u8(w) & 31u) * 8;
  uint32_t ext = how & 8 ? 8 : 0;
  memset(frame, 0, sizeof frame);
  ip[0] = 0x60;
  put_be16(ip + IPV6_OFF_LEN, (uint16_t)(8 + ext + len));
  ip[IPV6_OFF_NEXT] = ext ? IPV6_NEXT_DESTINATION : IPV6_NEXT_FRAGMENT;
  ip[IPV6_OFF_HOPS] = how & 64 ? u8(w) : 64;
  memcpy(ip + IPV6_OFF_SRC, ends[1].bytes, 16);
  memcpy(ip + IPV6_OFF_DST, ends[how & 128 ? 2 : 0].bytes, 16);
  uint8_t *h = ip + IPV6_HDR_LEN;
  if (ext) {
    h[0] = IPV6_NEXT_FRAGMENT;
    h[2] = 1;
    h[3] = 4;
    h += 8;
  }
  static const uint8_t next[] = {17, 58, 6, 44, 60, 0, 43, 59};
  h[0] = next[how & 7];
  put_be16(h + 2, (uint16_t)(how & 32 ? u8(w) << 8 | u8(w)
                                      : (u8(w) & 31) * 8 + (how >> 5 & 1)));
  h[3] |= u8(w) & 1;
  h[7] = u8(w) & 3;
  take(w, h + 8, ph_min_u32(len, 24));
  deliver(w, frame, ETH + 48 + ext + len, ETH_TYPE_IPV6, false);
}

/* Mostly queries, to hosts that listen with filters of senders. */
static void step_igmp(struct world *w, uint8_t how) {
  static const uint8_t types[] = {IGMP_QUERY, IGMP_QUERY, IGMP_V2_REPORT, 0xff};
  uint8_t frame[ETH + 24 + 256] = {0};
  uint8_t *ip = frame + ETH, *m = ip + 24;
  uint32_t len = how & 64 ? 8 : 12 + u8(w) % 60u * 4;
  put_be32(ip, 0x46000000 | (24 + len));
  ip[8] = 1;
  ip[9] = IP_PROTO_IGMP;
  put_be32(ip + 12, 0x0a000002);
  put_be32(ip + 16, 0xe0000001);
  put_be32(ip + 20, 0x94040000);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, 24, 0));
  m[0] = types[how & 3];
  m[1] = u8(w);
  put_be32(m + 4, how & 128 ? 0xef000001 + (u8(w) & 1) : 0);
  m[8] = u8(w);
  put_be16(m + 10, (uint16_t)(how & 16 ? u8(w) : (len - 12) / 4));
  for (uint32_t at = 12; at < len; at += 4) {
    put_be32(m + at, 0x0a000000 + u8(w));
  }
  put_be16(m + 2, (uint16_t)~csum_data(m, len, 0));
  deliver(w, frame, ETH + 24 + len, ETH_TYPE_IPV4, true);
}

static void step_arp(struct world *w) {
  uint8_t frame[ETH + ARP_LEN] = {0};
  uint8_t *p = frame + ETH;
  uint8_t how = u8(w);
  if (how & 32) {
    step_igmp(w, how);
    return;
  }
  put_be16(p, 1);
  put_be16(p + 2, ETH_TYPE_IPV4);
  p[4] = 6;
  p[5] = 4;
  p[7] = (uint8_t)(1 + (how & 1));
  p[8] = 2;
  p[13] = how & 2 ? 1 : 2;
  put_be32(p + 14, address(w));
  p[18] = 2;
  put_be32(p + 24, address(w));
  if (how & 4) {
    p[u8(w) % ARP_LEN] = u8(w);
  }
  deliver(w, frame, how & 8 ? ETH + u8(w) % ARP_LEN : ETH + ARP_LEN,
          ETH_TYPE_ARP, how & 16);
}

static void step_frame(struct world *w) {
  uint8_t frame[ETH + 255] = {0};
  uint32_t len = u8(w);
  take(w, frame + ETH, len);
  deliver(w, frame, ETH + len, u8(w) & 1 ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6,
          false);
}

static void drain(struct world *w) {
  static uint8_t got[65536];
  struct ph_addr from;
  uint16_t port;
  while (udp_recvfrom(&w->udp, got, sizeof got, false, &from, &port) >= 0) {
  }
}

static void step(struct world *w) {
  switch (u8(w) % 8) {
    case 0:
    case 1:
    case 2:
      step_ipv4(w);
      break;
    case 3:
    case 4:
      step_ipv6_fragment(w);
      break;
    case 5:
      step_arp(w);
      break;
    case 6:
      step_frame(w);
      break;
    default:
      pair_pass(w->pair, u8(w) * (PAIR_S / 4));
      break;
  }
  drain(w);
  assert_true(w->blocks - w->stack->blocks.available <= BLOCKS_MAX + 16);
}

/* One group whoever sends but two, one from one sender alone. */
static void join(struct world *w) {
  struct ip_listed one = {NULL, ph_addr_v4(0x0a000002)};
  struct ip_listed two = {&one, ph_addr_v4(0x0a000003)};
  const struct ip_filter all_but = {&two, true}, only = {&one, false};
  const struct ph_addr a = ph_addr_v4(0xef000001), b = ph_addr_v4(0xef000002);
  struct netif *netif = &w->pair->host[0].netif;
  if (ph_igmp_init(w->stack) || ip_listen(netif, &a, NULL, &all_but) ||
      ip_listen(netif, &b, NULL, &only)) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct pair_options options = {.software = true, .ipv6 = true};
  const struct ph_reassembly_config bounds = {.max_datagrams = 6,
                                              .max_blocks = BLOCKS_MAX};
  struct world w = {.at = data, .end = data + size};
  w.pair = pair_new(&options);
  w.stack = &w.pair->host[0].stack;
  w.pair->to_test = true;
  uint8_t how = u8(&w);
  ph_ip_set_forwarding(w.stack, how & 1);
  if (ph_udp_init(w.stack) || ph_ip_reassembly_init(w.stack, &bounds)) {
    abort();
  }
  if (how & 2) {
    w.pair->host[0].netif.caps.mtu = 576;
  }
  join(&w);
  udp_open(w.stack, &w.udp, 1 << 18);
  udp_set_any(&w.udp, &(struct ph_addr){{0}});
  if (udp_bind(&w.udp, &w.udp.any, PORT)) {
    abort();
  }
  w.blocks = w.stack->blocks.available;
  for (int i = 0; i < STEPS && w.at < w.end; i++) {
    step(&w);
  }
  udp_close(&w.udp);
  pair_pass(w.pair, 70 * PAIR_S);
  pair_free(w.pair);
  return 0;
}
