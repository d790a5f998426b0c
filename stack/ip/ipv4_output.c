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

/* How many packets the device will make of `pkt`, which starts at the transport
 * header: each gets an identification. */
static inline uint16_t segment_count(const struct pkt *pkt) {
  if (pkt->gso_size == 0) {
    return 1;
  }
  uint32_t header = pkt->gso_type == PKT_GSO_UDP
                        ? (uint32_t)UDP_HDR_LEN
                        : (uint32_t)(pkt->head[TCP_OFF_DATA] >> 4) * 4;
  uint32_t payload = pkt->len - header;
  return (uint16_t)((payload + pkt->gso_size - 1) / pkt->gso_size);
}

/* One copy of what the path has ready, two stores of what is the packet's own;
 * the checksum starts from the sum of what is constant (RFC 1071 2 (A)). */
static PH_INLINE void put_header(uint8_t *h, const struct ip_path *path,
                                 struct ip_tx tx, uint32_t len, uint16_t id) {
  uint32_t ttl = tx.ttl ? tx.ttl : (uint32_t)IPV4_TTL_DEFAULT;
  uint32_t frag = tx.dont_fragment ? IPV4_DF : 0;
  uint32_t life = ttl << 8 | tx.protocol;
  uint32_t sum = path->header_sum + tx.tos + len + id + frag + life;
  memcpy(h, path->header, ETH_HDR_LEN + IPV4_HDR_LEN);
  h += ETH_HDR_LEN;
  put_be32(h, 0x45000000 | (uint32_t)tx.tos << 16 | len);
  put_be32(h + IPV4_OFF_ID, (uint32_t)id << 16 | frag);
  put_be32(h + IPV4_OFF_TTL, life << 16 | (uint16_t)~csum_fold(sum));
}

/* Take the headers off again: -PH_EAGAIN is as if nothing had happened. */
static int take_back(struct ph_stack *stack, struct pkt *pkt,
                     const struct ip_path *path, uint32_t len) {
  uint16_t *id = &ip_of(stack)->ids[path->id_counter];
  (void)pkt_pull(pkt, len);
  pkt->csum_start = (uint16_t)(pkt->csum_start - len);
  if (pkt->gso_type == PKT_GSO_FRAGMENT) {
    pkt->gso_type = PKT_GSO_NONE;
    pkt->gso_size = 0;
  }
  *id = (uint16_t)(*id - segment_count(pkt));
  stack->stats.IpOutRequests--;
  return -PH_EAGAIN;
}

/* The interface did not take it, and has let go of it unless it is busy. */
static PH_APART int not_sent(struct ph_stack *stack, struct pkt *pkt,
                             const struct ip_path *path, int error) {
  stack->stats.EthOutFrames--;
  return error == -PH_EAGAIN
             ? take_back(stack, pkt, path, ETH_HDR_LEN + IPV4_HDR_LEN)
             : error;
}

static PH_APART PH_APART_IF_SMALL int discard(struct ph_stack *stack,
                                              struct pkt *pkt, int error) {
  stack->stats.IpOutDiscards++;
  pkt_put(pkt);
  return error;
}

/* The link header is not ready, or there is none. `pkt` starts with it. */
static PH_APART int send_slowly(struct ph_stack *stack, struct pkt *pkt,
                                struct ip_path *path) {
  (void)pkt_pull(pkt, ETH_HDR_LEN);
  pkt->csum_start = (uint16_t)(pkt->csum_start - ETH_HDR_LEN);
  int error;
  if (path->netif->loopback) {
    error = netif_output(path->netif, pkt);
  } else {
    struct eth_neighbour *neighbour;
    error = arp_output(path->netif, pkt, ph_addr_to_v4(&path->next_hop),
                       &neighbour);
    ip_path_take_neighbour(path, neighbour);
  }
  return error == -PH_EAGAIN ? take_back(stack, pkt, path, IPV4_HDR_LEN)
                             : error;
}

/* Longer than the link takes: it is a super-segment, or it is to be fragmented
 * when it leaves (stack/netif/fragment.c). */
static PH_APART bool may_be_longer(struct ph_stack *stack, struct pkt *pkt,
                                   const struct netif *netif, uint32_t len,
                                   struct ip_tx tx) {
  if (len > 65535 || (pkt->gso_type == PKT_GSO_NONE &&
                      (tx.dont_fragment || !netif_fragments(stack)))) {
    stack->stats.IpFragFails++;
    return false;
  }
  if (pkt->gso_type == PKT_GSO_NONE) {
    pkt->gso_type = PKT_GSO_FRAGMENT;
    pkt->gso_size = netif->caps.mtu;
  }
  return true;
}

int ip_send_made(struct ph_stack *stack, struct pkt *pkt,
                 struct ip_path *path) {
  uint8_t *h = pkt->head;
  uint32_t ihl = pkt->head_len > 0 ? (h[0] & 15u) * 4 : 0;
  stack->stats.IpOutRequests++;
  if (ihl < IPV4_HDR_LEN || ihl > pkt->head_len) {
    return discard(stack, pkt, -PH_EINVAL);
  }
  if (path->error || pkt->len > path->netif->caps.mtu) {
    return discard(stack, pkt, path->error ? path->error : -PH_EMSGSIZE);
  }
  if (get_be32(h + IPV4_OFF_SRC) == 0) {
    memcpy(h + IPV4_OFF_SRC, path->src.bytes + 12, 4);
  }
  if (get_be16(h + IPV4_OFF_ID) == 0) {
    put_be16(h + IPV4_OFF_ID, ip_of(stack)->ids[path->id_counter]++);
  }
  put_be16(h + IPV4_OFF_LEN, (uint16_t)pkt->len);
  csum_put_ipv4(h, ihl);
  struct eth_neighbour *neighbour;
  int error = path->netif->loopback ? netif_output(path->netif, pkt)
              : path->group
                  ? eth_output(path->netif, pkt, path->header, ETH_TYPE_IPV4)
                  : arp_output(path->netif, pkt, ph_addr_to_v4(&path->next_hop),
                               &neighbour);
  stack->stats.IpOutRequests -= error == -PH_EAGAIN;
  return error;
}

/* What the link takes. */
static PH_INLINE int output(struct ph_stack *stack, struct pkt *pkt,
                            struct ip_path *path, struct ip_tx tx,
                            uint16_t segments) {
  uint32_t len = pkt->len + IPV4_HDR_LEN;
  uint8_t *header = pkt_prepend(pkt, ETH_HDR_LEN + IPV4_HDR_LEN);
  pkt->csum_start = (uint16_t)(pkt->csum_start + ETH_HDR_LEN + IPV4_HDR_LEN);
  uint16_t *id = &ip_of(stack)->ids[path->id_counter];
  put_header(header, path, tx, len, *id);
  path->used_ns = stack->now_ns;
  *id = (uint16_t)(*id + segments);
  if (!ip_path_ready(stack, path)) {
    return send_slowly(stack, pkt, path);
  }
  path->neighbour->used_ns = stack->now_ns;
  stack->stats.EthOutFrames++;
  int error = netif_output(path->netif, pkt);
  return error ? not_sent(stack, pkt, path, error) : 0;
}

static PH_APART int output_any(struct ph_stack *stack, struct pkt *pkt,
                               struct ip_path *path, struct ip_tx tx) {
  uint32_t len = pkt->len + IPV4_HDR_LEN;
  if (path->error) {
    return discard(stack, pkt, path->error);
  }
  uint16_t segments = segment_count(pkt);
  if (len > path->netif->caps.mtu &&
      !may_be_longer(stack, pkt, path->netif, len, tx)) {
    return discard(stack, pkt, -PH_EMSGSIZE);
  }
  return output(stack, pkt, path, tx, segments);
}

int ipv4_output(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                struct ip_tx tx) {
  stack->stats.IpOutRequests++;
  bool usual = !path->error && pkt->gso_size == 0 &&
               pkt->len + IPV4_HDR_LEN <= path->netif->caps.mtu;
  return PH_SHORT_WAYS && PH_USUAL(usual) ? output(stack, pkt, path, tx, 1)
                                          : output_any(stack, pkt, path, tx);
}

/* What is constant of the headers; an identification counter per destination,
 * keyed (RFC 6864 4.3, RFC 7739 for why keyed); and who the frame is for if
 * nobody is to be asked: all, or a group (RFC 1112 6.4). */
static void prepare(struct ph_stack *stack, struct ip_path *path) {
  struct ip_state *ip = ip_of(stack);
  uint32_t dst = ph_addr_to_v4(&path->dst);
  uint8_t *h = path->header + ETH_HDR_LEN;
  put_be16(path->header + ETH_OFF_TYPE, ETH_TYPE_IPV4);
  h[0] = 0x45;
  memcpy(h + IPV4_OFF_SRC, path->src.bytes + 12, 4);
  memcpy(h + IPV4_OFF_DST, path->dst.bytes + 12, 4);
  path->pseudo_sum = csum_data(h + IPV4_OFF_SRC, 8, 0);
  path->header_sum = csum_fold(0x4500u + path->pseudo_sum);
  path->id_counter = (uint16_t)(ph_hash_u32(&ip->key, dst) % IPV4_ID_COUNTERS);
  bool asks = !path->group || path->netif->loopback;
  path->neighbour = asks ? &ip->never : &ip->always;
  if (ipv4_is_multicast(dst)) {
    put_be16(path->header, 0x0100);
    put_be32(path->header + 2, 0x5e000000 | (dst & 0x7fffff));
  } else if (path->group) {
    memset(path->header, 0xff, ETH_ADDR_LEN);
  }
}

const struct ip_family ipv4_family = {
    .af = 2,
    .header_len = IPV4_HDR_LEN,
    .pmtu_floor = IPV4_PMTU_FLOOR,
    .mss_default = IPV4_MSS_DEFAULT,
    .gso_tcp = PKT_GSO_TCPV4,
    .fragmented_on_path = true,
    .route = ipv4_route,
    .prepare = prepare,
    .pseudo_sum = pseudo_sum,
    .output = ipv4_output,
    .is_local = is_local,
    .heard = ipv4_heard,
    .send_error = icmp_send_error,
    .icmp_echo = ICMP_ECHO,
    .icmp_output = icmp_output,
};
