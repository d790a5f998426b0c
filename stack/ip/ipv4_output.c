/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 output: RFC 791 3.1, identification after RFC 6864. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"

static uint16_t pseudo_sum(const struct ph_addr *src, const struct ph_addr *dst,
                           uint8_t protocol, uint32_t len) {
  const uint8_t *s = src->bytes + 12;
  const uint8_t *d = dst->bytes + 12;
  uint32_t sum = (uint32_t)get_be16(s) + get_be16(s + 2) + get_be16(d) +
                 get_be16(d + 2) + protocol + (len & 0xffff) + (len >> 16);
  return csum_fold(sum);
}

static bool is_local(struct ph_stack *stack, const struct ph_addr *addr) {
  return ipv4_is_own(ip_of(stack), ph_addr_to_v4(addr));
}

const struct ip_family ipv4_family = {
    .af = 2,
    .header_len = IPV4_HDR_LEN,
    .pmtu_floor = IPV4_PMTU_FLOOR,
    .mss_default = IPV4_MSS_DEFAULT,
    .gso_tcp = PKT_GSO_TCPV4,
    .fragmented_on_path = true,
    .route = ipv4_route,
    .pseudo_sum = pseudo_sum,
    .output = ipv4_output,
    .is_local = is_local,
    .send_error = icmp_send_error,
    .send_echo = icmp_send_echo_v4,
};

/* How many packets the device will make of `pkt`, which starts at the TCP
 * header if it is to be cut: each gets an identification. */
static uint16_t segment_count(const struct pkt *pkt) {
  if (pkt->gso_type == PKT_GSO_NONE || pkt->gso_size == 0) {
    return 1;
  }
  uint32_t header = pkt->gso_type == PKT_GSO_UDP
                        ? (uint32_t)UDP_HDR_LEN
                        : (uint32_t)(pkt->head[TCP_OFF_DATA] >> 4) * 4;
  uint32_t payload = pkt->len - header;
  return (uint16_t)((payload + pkt->gso_size - 1) / pkt->gso_size);
}

static void build_header(uint8_t *h, const struct ip_tx *tx, uint32_t len,
                         uint16_t id) {
  h[0] = 0x45;
  h[IPV4_OFF_TOS] = tx->tos;
  put_be16(h + IPV4_OFF_LEN, (uint16_t)len);
  put_be16(h + IPV4_OFF_ID, id);
  put_be16(h + IPV4_OFF_FRAG, tx->dont_fragment ? IPV4_DF : 0);
  h[IPV4_OFF_TTL] = tx->ttl ? tx->ttl : IPV4_TTL_DEFAULT;
  h[IPV4_OFF_PROTO] = tx->protocol;
  put_be16(h + IPV4_OFF_CSUM, 0);
  memcpy(h + IPV4_OFF_SRC, tx->src.bytes + 12, 4);
  memcpy(h + IPV4_OFF_DST, tx->dst.bytes + 12, 4);
  put_be16(h + IPV4_OFF_CSUM, (uint16_t)~csum_ipv4_header(h));
}

static int send(struct pkt *pkt, uint32_t dst, const struct ip_route *route) {
  struct netif *netif = route->netif;
  if (netif->loopback) {
    return netif_output(netif, pkt);
  }
  if (!route->group) {
    return arp_output(netif, pkt, ph_addr_to_v4(&route->next_hop));
  }
  if (ipv4_is_multicast(dst)) { /* RFC 1112 6.4 */
    uint8_t mac[ETH_ADDR_LEN] = {0x01,
                                 0x00,
                                 0x5e,
                                 (uint8_t)(dst >> 16 & 0x7f),
                                 (uint8_t)(dst >> 8),
                                 (uint8_t)dst};
    return eth_output(netif, pkt, mac, ETH_TYPE_IPV4);
  }
  return eth_output(netif, pkt, NULL, ETH_TYPE_IPV4);
}

static int discard(struct ph_stack *stack, struct pkt *pkt, int error) {
  stack->stats.IpOutDiscards++;
  pkt_put(pkt);
  return error;
}

int ipv4_output(struct ph_stack *stack, struct pkt *pkt, const struct ip_tx *tx,
                const struct ip_route *route) {
  struct ip_state *ip = ip_of(stack);
  struct ip_route found;
  stack->stats.IpOutRequests++;
  if (!route) {
    int error = ipv4_route(stack, &tx->dst, &tx->src, &found);
    if (error) {
      return discard(stack, pkt, error);
    }
    route = &found;
  }
  uint32_t len = pkt->len + IPV4_HDR_LEN;
  if (len > 65535 ||
      (pkt->gso_type == PKT_GSO_NONE && len > route->netif->caps.mtu)) {
    return discard(stack, pkt, -PH_EMSGSIZE); /* fragments are not made */
  }
  uint16_t segments = segment_count(pkt);
  uint8_t *header = pkt_push(pkt, IPV4_HDR_LEN);
  if (!header) {
    return discard(stack, pkt, -PH_EINVAL);
  }
  /* A counter per destination, keyed: RFC 6864 4.3, RFC 7739 for why keyed. */
  uint32_t dst = ph_addr_to_v4(&tx->dst);
  uint16_t *id = &ip->ids[ph_hash_u32(&ip->key, dst) % IPV4_ID_COUNTERS];
  build_header(header, tx, len, *id);
  pkt->csum_start = (uint16_t)(pkt->csum_start + IPV4_HDR_LEN);
  int error = send(pkt, dst, route);
  if (error == -PH_EAGAIN) {
    (void)pkt_pull(pkt, IPV4_HDR_LEN);
    pkt->csum_start = (uint16_t)(pkt->csum_start - IPV4_HDR_LEN);
    stack->stats.IpOutRequests--;
  } else {
    *id = (uint16_t)(*id + segments);
  }
  return error;
}
