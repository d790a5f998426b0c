/* SPDX-License-Identifier: Apache-2.0 */
/* A router with three recording interfaces, for tests of forwarding: 10.0.N.1
 * and 2001:db8:N::1 on interface N, of which host 2 there is known. */
#ifndef PH_TESTS_STACK_ROUTER_H
#define PH_TESTS_STACK_ROUTER_H

#include "stack/ip/ipv6.h"
#include "stack/wire/ipv6_wire.h"
#include "tests/stack/lower.h"

enum { ROUTER_PORTS = 3, ROUTER_FRAMES = 128 };

struct router_frame {
  int port;
  uint32_t len;
  uint8_t csum, gso_type;
  uint16_t gso_size, csum_start, csum_offset;
  uint8_t *data;
};

struct router {
  struct ph_stack stack;
  struct netif netif[ROUTER_PORTS];
  struct bare bare;
  bool full; /* the devices take nothing */
  uint32_t count;
  struct router_frame frame[ROUTER_FRAMES];
  /* What comes in next. */
  uint8_t scratch[66000];
  uint8_t gso_type, csum;
  uint16_t gso_size, csum_start, csum_offset;
};

/* `caps` of every interface; NULL: 1500 bytes and no offload. */
struct router *router_new(const struct netif_caps *caps);
void router_free(struct router *r); /* asserts that nothing leaked */

/* 10.0.`port`.`host`, 2001:db8:`port`::`host`. */
static inline uint32_t router_ip(int port, int host) {
  return 0x0a000000u | (uint32_t)port << 8 | (uint32_t)host;
}
struct ph_addr router_ip6(int port, int host);

/* Write headers into scratch: from host 2 on `port` to `dst`; returns what is
 * behind the IP header. `protocol` is UDP, whose length and ports are right. */
uint8_t *router_packet(struct router *r, int port, uint32_t dst, uint32_t len);
uint8_t *router_packet6(struct router *r, int port, const struct ph_addr *dst,
                        uint32_t len);
/* Sum the IPv4 header and deliver what was written; the first 1000 bytes lie in
 * the linear part, the rest in blocks behind it. */
void router_receive(struct router *r, int port);
void router_pass(struct router *r, uint64_t ns);
/* The last frame; there is one, and it went out by `port`. */
const struct router_frame *router_sent(const struct router *r, int port);
#define ROUTER_IP(r) ((r)->scratch + 14)

#endif
