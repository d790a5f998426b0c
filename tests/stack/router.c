/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/router.h"

#include "tests/stack/poison.h"

enum { ARENA = 4 << 20, LINEAR = 1000, ETH = 14 };

static int record(struct netif *netif, struct pkt *pkt) {
  struct router *r = netif->device;
  if (r->full) {
    return -PH_EAGAIN;
  }
  struct router_frame *f = &r->frame[r->count++ % ROUTER_FRAMES];
  free(f->data);
  *f = (struct router_frame){.port = netif->index - 2, /* after loopback */
                             .len = pkt->len,
                             .csum = pkt->csum,
                             .gso_type = pkt->gso_type,
                             .gso_size = pkt->gso_size,
                             .csum_start = pkt->csum_start,
                             .csum_offset = pkt->csum_offset,
                             .data = malloc(pkt->len)};
  assert_non_null(f->data);
  pkt_copy(pkt, 0, f->data, pkt->len);
  pkt_put(pkt);
  return 0;
}

static const struct netif_ops OPS = {.transmit = record};

struct ph_addr router_ip6(int port, int host) {
  return (struct ph_addr){
      {0x20, 1, 0x0d, 0xb8, 0, (uint8_t)port, [15] = (uint8_t)host}};
}

/* Host 2 of the port says who it is. */
static void learn(struct router *r, int port) {
  uint8_t *f = r->scratch;
  const uint8_t mac[6] = {2, 0, 0, 0, (uint8_t)port, 2};
  memset(f, 0, 128);
  bare_arp(f, r->netif[port].mac, mac, ARP_OPER_REQUEST, router_ip(port, 2),
           router_ip(port, 1));
  router_receive(r, port);
  struct ph_addr us = router_ip6(port, 1);
  uint8_t *h = router_packet6(r, port, &us, 32);
  uint8_t *ip = ROUTER_IP(r);
  memset(h, 0, 32);
  ip[IPV6_OFF_NEXT] = IPV6_NEXT_ICMP;
  ip[IPV6_OFF_HOPS] = ND_HOPS;
  h[0] = ICMP6_NS;
  memcpy(h + 8, us.bytes, 16);
  h[24] = ND_OPT_SOURCE_MAC;
  h[25] = 1;
  memcpy(h + 26, mac, 6);
  put_be16(h + 2, (uint16_t)~csum_data(ip + 8, 32 + 32, 58 + 32));
  router_receive(r, port);
}

struct router *router_new(const struct netif_caps *caps) {
  struct router *r = calloc(1, sizeof(*r));
  const struct ph_ipv6_config quiet = {
      .ignore_ra = true, .skip_dad = true, .no_link_local = true};
  assert_non_null(r);
  bare_init(&r->bare, &r->stack, ARENA);
  assert_int_equal(ph_ipv4_init(&r->stack), 0);
  assert_int_equal(ph_ip_routes_init(&r->stack, 0), 0);
  assert_int_equal(ph_ipv6_init_with(&r->stack, &quiet), 0);
  assert_int_equal(ph_loopback_init(&r->stack), 0);
  for (int i = 0; i < ROUTER_PORTS; i++) {
    struct netif *netif = &r->netif[i];
    *netif = (struct netif){.name = "eth",
                            .ops = &OPS,
                            .device = r,
                            .mac = {2, 0, 0, 0, (uint8_t)i, 1},
                            .up = true};
    netif->caps = caps ? *caps : (struct netif_caps){.mtu = 1500};
    struct ph_addr six = router_ip6(i, 1);
    assert_int_equal(netif_add(&r->stack, netif), 0);
    assert_int_equal(ph_ipv4_add_address(&r->stack, netif, router_ip(i, 1), 24),
                     0);
    assert_int_equal(ph_ipv6_add_address(&r->stack, netif, &six, 64, true), 0);
    learn(r, i);
  }
  ph_ip_set_forwarding(&r->stack, true);
  router_pass(r, 3000000000); /* groups are reported */
  r->count = 0;
  memset(&r->stack.stats, 0, sizeof(r->stack.stats));
  return r;
}

void router_free(struct router *r) {
  bare_free(&r->bare, &r->stack);
  for (int i = 0; i < ROUTER_FRAMES; i++) {
    free(r->frame[i].data);
  }
  free(r);
}

void router_pass(struct router *r, uint64_t ns) {
  uint64_t end = r->stack.now_ns + ns;
  while (ph_stack_next_deadline(&r->stack) <= end) {
    ph_stack_poll(&r->stack, ph_stack_next_deadline(&r->stack));
  }
  ph_stack_poll(&r->stack, end);
}

static void udp(uint8_t *h, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    h[i] = (uint8_t)(i * 7);
  }
  if (len >= UDP_HDR_LEN) {
    put_be16(h, 1000);
    put_be16(h + 2, 2000);
    put_be16(h + 4, (uint16_t)len);
    put_be16(h + 6, 0x1234);
  }
}

static void ethernet(struct router *r, int port, uint16_t type) {
  memset(r->scratch, 0, 128);
  memcpy(r->scratch, r->netif[port].mac, 6);
  r->scratch[6] = 2;
  r->scratch[10] = (uint8_t)port;
  r->scratch[11] = 2;
  put_be16(r->scratch + 12, type);
}

uint8_t *router_packet(struct router *r, int port, uint32_t dst, uint32_t len) {
  uint8_t *ip = ROUTER_IP(r);
  ethernet(r, port, ETH_TYPE_IPV4);
  ip[0] = 0x45;
  put_be16(ip + IPV4_OFF_LEN, (uint16_t)(IPV4_HDR_LEN + len));
  put_be16(ip + IPV4_OFF_ID, 77);
  ip[IPV4_OFF_TTL] = 64;
  ip[IPV4_OFF_PROTO] = IP_PROTO_UDP;
  put_be32(ip + IPV4_OFF_SRC, router_ip(port, 2));
  put_be32(ip + IPV4_OFF_DST, dst);
  udp(ip + IPV4_HDR_LEN, len);
  return ip + IPV4_HDR_LEN;
}

uint8_t *router_packet6(struct router *r, int port, const struct ph_addr *dst,
                        uint32_t len) {
  uint8_t *ip = ROUTER_IP(r);
  struct ph_addr src = router_ip6(port, 2);
  ethernet(r, port, ETH_TYPE_IPV6);
  ip[0] = 0x60;
  put_be16(ip + IPV6_OFF_LEN, (uint16_t)len);
  ip[IPV6_OFF_NEXT] = IP_PROTO_UDP;
  ip[IPV6_OFF_HOPS] = 64;
  memcpy(ip + IPV6_OFF_SRC, src.bytes, 16);
  memcpy(ip + IPV6_OFF_DST, dst->bytes, 16);
  udp(ip + IPV6_HDR_LEN, len);
  return ip + IPV6_HDR_LEN;
}

void router_receive(struct router *r, int port) {
  uint8_t *ip = ROUTER_IP(r);
  uint16_t type = get_be16(r->scratch + 12);
  uint32_t len = ETH + ARP_LEN;
  if (type == ETH_TYPE_IPV4) {
    len = ETH + get_be16(ip + IPV4_OFF_LEN);
    put_be16(ip + IPV4_OFF_CSUM, 0);
    put_be16(ip + IPV4_OFF_CSUM,
             (uint16_t)~csum_data(ip, (ip[0] & 15u) * 4, 0));
  } else if (type == ETH_TYPE_IPV6) {
    len = ETH + IPV6_HDR_LEN + get_be16(ip + IPV6_OFF_LEN);
  }
  struct pkt *pkt = pkt_get(&r->stack.pkts, 0);
  struct ph_block *block = ph_block_get(&r->stack.blocks);
  uint32_t first = ph_min_u32(len, ETH + LINEAR);
  pkt->lent = block;
  pkt->head = block->data;
  poison_fill(block->data, block->size, r->scratch, first);
  pkt->head_len = pkt->len = first;
  for (uint32_t at = first; at < len; at += PH_BLOCK_SIZE) {
    block = ph_block_get(&r->stack.blocks);
    uint32_t n = ph_min_u32(len - at, PH_BLOCK_SIZE);
    memcpy(block->data, r->scratch + at, n);
    assert_true(pkt_add_frag(pkt, block, block->data, n));
    ph_block_put(block);
  }
  pkt->gso_type = r->gso_type;
  pkt->gso_size = r->gso_size;
  pkt->csum = r->csum;
  pkt->csum_start = r->csum_start;
  pkt->csum_offset = r->csum_offset;
  netif_input(&r->netif[port], pkt);
}

const struct router_frame *router_sent(const struct router *r, int port) {
  assert_true(r->count > 0);
  const struct router_frame *f = &r->frame[(r->count - 1) % ROUTER_FRAMES];
  assert_int_equal(f->port, port);
  return f;
}
