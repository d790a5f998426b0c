/* SPDX-License-Identifier: Apache-2.0 */
/* What forwarding costs: UDP packets in frames of 64 bytes through a router
 * between two software interfaces, to random destinations inside its routes.
 * Counted is measured_forward() without bed_wire_copy(), which writes the
 * frames (tests/bench/bench.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/ip/ip.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

enum {
  ARENA = 16 << 20,
  PKTS = 64,
  NEIGHBOURS = 16, /* next hops on the way out */
  PACKETS = 10000,
  FRAME = 60, /* and the FCS */
};

struct bench {
  struct ph_stack stack;
  struct ph_platform platform;
  struct netif netif[2];
  uint32_t destinations[PACKETS];
  uint64_t rng, sent;
};

static void fail(const char *what) {
  fprintf(stderr, "bench_forward: %s\n", what);
  exit(1);
}

static uint32_t next_random(struct bench *b) {
  b->rng = b->rng * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(b->rng >> 32);
}

static void random_bytes(void *ctx, void *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ((uint8_t *)to)[i] = (uint8_t)next_random(ctx);
  }
}

static int transmit(struct netif *netif, struct pkt *pkt) {
  struct bench *b = netif->device;
  b->sent++;
  pkt_put(pkt);
  return 0;
}

/* The wire's own work: what a device would have written. */
void bed_wire_copy(uint8_t *to, const void *from, size_t len);
__attribute__((noinline)) void bed_wire_copy(uint8_t *to, const void *from,
                                             size_t len) {
  memcpy(to, from, len);
}

static void receive(struct netif *netif, const uint8_t *frame, uint32_t len) {
  struct pkt *pkt = pkt_get(&netif->stack->pkts, 32);
  if (!pkt) {
    fail("no packet");
  }
  bed_wire_copy(pkt->head, frame, len);
  pkt->head_len = pkt->len = len;
  netif_input(netif, pkt);
}

/* The next hop says who it is. */
static void learn(struct bench *b, uint32_t n) {
  uint8_t f[ETH_HDR_LEN + ARP_LEN] = {0};
  uint8_t *p = f + ETH_HDR_LEN;
  const uint8_t mac[ETH_ADDR_LEN] = {2, 0, 0, 0, 1, (uint8_t)(2 + n)};
  memset(f, 0xff, ETH_ADDR_LEN);
  memcpy(f + ETH_OFF_SRC, mac, ETH_ADDR_LEN);
  put_be16(f + ETH_OFF_TYPE, ETH_TYPE_ARP);
  put_be16(p + ARP_OFF_HTYPE, ARP_HTYPE_ETHERNET);
  put_be16(p + ARP_OFF_PTYPE, ETH_TYPE_IPV4);
  p[ARP_OFF_HLEN] = ETH_ADDR_LEN;
  p[ARP_OFF_PLEN] = 4;
  put_be16(p + ARP_OFF_OPER, ARP_OPER_REQUEST);
  memcpy(p + ARP_OFF_SHA, mac, ETH_ADDR_LEN);
  put_be32(p + ARP_OFF_SPA, 0x0a000102 + n);
  put_be32(p + ARP_OFF_TPA, 0x0a000101);
  receive(&b->netif[1], f, sizeof f);
}

static void make_host(struct bench *b, uint32_t routes) {
  static const struct netif_ops ops = {.transmit = transmit};
  b->rng = 1;
  b->platform = (struct ph_platform){.ctx = b, .random = random_bytes};
  const struct ph_stack_config config = {
      .platform = &b->platform,
      .arena = aligned_alloc(64, ARENA),
      .arena_size = ARENA,
      .pkt_memory = aligned_alloc(64, PKTS * sizeof(struct pkt)),
      .pkt_count = PKTS};
  if (ph_stack_init(&b->stack, &config) || ph_ipv4_init(&b->stack) ||
      ph_ip_routes_init(&b->stack, routes + 8)) {
    fail("no stack");
  }
  ph_stack_set_now(&b->stack, 1000000000);
  for (uint32_t i = 0; i < 2; i++) {
    b->netif[i] = (struct netif){.name = "eth",
                                 .ops = &ops,
                                 .device = b,
                                 .caps = {.mtu = 1500, .rx_csum = true},
                                 .mac = {2, 0, 0, 0, (uint8_t)i, 1},
                                 .up = true};
    if (netif_add(&b->stack, &b->netif[i]) ||
        ph_ipv4_add_address(&b->stack, &b->netif[i], 0x0a000001 + (i << 8),
                            24)) {
      fail("no interface");
    }
  }
  ph_ip_set_forwarding(&b->stack, true);
}

/* Prefixes of 12 to 24 bits in 11/8 to 126/8, and destinations inside them. */
static void make_routes(struct bench *b, uint32_t routes) {
  uint32_t *prefix = calloc(routes, sizeof *prefix);
  uint32_t *host_bits = calloc(routes, sizeof *host_bits);
  for (uint32_t i = 0; i < routes;) {
    uint8_t len = (uint8_t)(12 + next_random(b) % 13);
    uint32_t address =
        (11 + next_random(b) % 116) << 24 | (next_random(b) & 0xffffff);
    address &= ipv4_mask(len);
    int error = ph_ipv4_add_route(&b->stack, address, len,
                                  0x0a000102 + next_random(b) % NEIGHBOURS,
                                  &b->netif[1]);
    if (error && error != -PH_EEXIST) {
      fail("no route");
    }
    if (!error) {
      host_bits[i] = ~ipv4_mask(len);
      prefix[i++] = address;
    }
  }
  for (uint32_t i = 0; i < PACKETS; i++) {
    uint32_t n = next_random(b) % routes;
    b->destinations[i] = prefix[n] | (next_random(b) & host_bits[n]);
  }
  free(prefix);
  free(host_bits);
}

void measured_forward(struct bench *b, uint8_t (*frames)[FRAME]);
__attribute__((noinline)) void measured_forward(struct bench *b,
                                                uint8_t (*frames)[FRAME]) {
  for (uint32_t i = 0; i < PACKETS; i++) {
    receive(&b->netif[0], frames[i], FRAME);
  }
}

static void make_frame(const struct bench *b, uint8_t *f, uint32_t dst) {
  uint8_t *ip = f + ETH_HDR_LEN;
  memset(f, 0, FRAME);
  memcpy(f, b->netif[0].mac, ETH_ADDR_LEN);
  f[ETH_OFF_SRC] = 2;
  f[ETH_OFF_SRC + 5] = 9;
  put_be16(f + ETH_OFF_TYPE, ETH_TYPE_IPV4);
  ip[0] = 0x45;
  put_be16(ip + IPV4_OFF_LEN, FRAME - ETH_HDR_LEN);
  ip[IPV4_OFF_TTL] = 64;
  ip[IPV4_OFF_PROTO] = IP_PROTO_UDP;
  put_be32(ip + IPV4_OFF_SRC, 0x0a000009);
  put_be32(ip + IPV4_OFF_DST, dst);
  put_be16(ip + IPV4_OFF_CSUM, (uint16_t)~csum_data(ip, IPV4_HDR_LEN, 0));
}

int main(int argc, char **argv) {
  static struct bench bench;
  static uint8_t frames[PACKETS][FRAME];
  uint32_t routes = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
  if (routes == 0) {
    fail("usage: forward ROUTES");
  }
  make_host(&bench, routes);
  make_routes(&bench, routes);
  for (uint32_t i = 0; i < NEIGHBOURS; i++) {
    learn(&bench, i);
  }
  for (uint32_t i = 0; i < PACKETS; i++) {
    make_frame(&bench, frames[i], bench.destinations[i]);
  }
  bench.sent = 0;
  measured_forward(&bench, frames);
  if (bench.sent != PACKETS || bench.stack.stats.IpForwDatagrams != PACKETS) {
    fail("not all of them were forwarded");
  }
  printf("forwarded %d packets\n", (int)PACKETS);
  return 0;
}
