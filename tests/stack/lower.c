/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/lower.h"

#include "tests/stack/poison.h"

enum { ARENA = 1 << 20 };

const uint8_t LOWER_PEER_MAC[6] = {2, 0, 0, 0, 0, 2};

static int record(struct netif *netif, struct pkt *pkt) {
  struct lower *host = netif->device;
  if (host->full_after == 0) {
    return -PH_EAGAIN;
  }
  if (host->full_after > 0) {
    host->full_after--;
  }
  uint32_t i = host->count++ % LOWER_FRAMES;
  free(host->frame[i]);
  host->frame[i] = malloc(pkt->len);
  assert_non_null(host->frame[i]);
  host->len[i] = pkt->len;
  host->csum[i] = pkt->csum;
  host->gso[i] = pkt->gso_type;
  pkt_copy(pkt, 0, host->frame[i], pkt->len);
  pkt_put(pkt);
  return 0;
}

static const struct netif_ops OPS = {.transmit = record};

struct lower *lower_new(const struct netif_caps *caps) {
  struct lower *host = calloc(1, sizeof(*host));
  assert_non_null(host);
  host->full_after = -1;
  bare_init(&host->bare, &host->stack, ARENA);
  assert_int_equal(ph_ipv4_init(&host->stack), 0);
  assert_int_equal(ph_ip_routes_init(&host->stack, 0), 0);
  ph_netif_fragment_init(&host->stack);
  arp_on_conflict(&host->stack, NULL);
  assert_int_equal(ph_udp_init(&host->stack), 0);
  assert_int_equal(ph_loopback_init(&host->stack), 0);
  host->netif = (struct netif){.name = "eth0",
                               .ops = &OPS,
                               .device = host,
                               .mac = {2, 0, 0, 0, 0, 1},
                               .up = true};
  host->netif.caps = caps ? *caps : (struct netif_caps){.mtu = 1500};
  assert_int_equal(netif_add(&host->stack, &host->netif), 0);
  assert_int_equal(
      ph_ipv4_add_address(&host->stack, &host->netif, LOWER_HOST, 24), 0);
  return host;
}

void lower_free(struct lower *host) {
  bare_free(&host->bare, &host->stack);
  for (int i = 0; i < LOWER_FRAMES; i++) {
    free(host->frame[i]);
  }
  free(host);
}

void lower_receive(struct lower *host, const void *frame, uint32_t len) {
  struct pkt *pkt = pkt_get(&host->stack.pkts, 0);
  struct ph_block *block = ph_block_get(&host->stack.blocks);
  assert_non_null(pkt);
  assert_non_null(block);
  pkt->lent = block;
  pkt->head = block->data;
  poison_fill(block->data, block->size, frame, len);
  pkt->head_len = pkt->len = len;
  netif_input(&host->netif, pkt);
}

void lower_learn_peer(struct lower *host) {
  uint8_t f[BARE_ARP_LEN];
  bare_arp(f, host->netif.mac, LOWER_PEER_MAC, ARP_OPER_REQUEST, LOWER_PEER,
           LOWER_HOST);
  lower_receive(host, f, sizeof(f));
}

uint8_t *lower_ip(struct lower *host, uint8_t protocol, uint32_t payload_len) {
  uint8_t *f = host->scratch;
  memset(f, 0, sizeof(host->scratch));
  memcpy(f, host->netif.mac, 6);
  memcpy(f + 6, LOWER_PEER_MAC, 6);
  put_be16(f + 12, ETH_TYPE_IPV4);
  f[14] = 0x45;
  put_be16(f + 16, (uint16_t)(20 + payload_len));
  f[22] = 64;
  f[23] = protocol;
  put_be32(f + 26, LOWER_PEER);
  put_be32(f + 30, LOWER_HOST);
  lower_ip_sum(host);
  return f + 34;
}

void lower_ip_sum(struct lower *host) {
  uint8_t *ip = LOWER_IP(host);
  put_be16(ip + 10, 0);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, (ip[0] & 15u) * 4, 0));
}
