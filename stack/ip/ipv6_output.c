/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 output: RFC 8200 3. A host's packets have no extension headers, but for
 * the router alert of MLD. The flow label is 0 (RFC 6437 3 allows it). */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ipv6_internal.h"
#include "stack/wire/checksum.h"

enum { HOPS_MULTICAST = 1 }; /* RFC 3493 5.2 */

static inline uint32_t sum_words(const uint8_t *a) {
  uint32_t w[4];
  memcpy(w, a, 16);
  uint64_t sum = (uint64_t)w[0] + w[1] + w[2] + w[3];
  sum = (sum & 0xffffffff) + (sum >> 32);
  return csum_fold((uint32_t)((sum & 0xffff) + (sum >> 16)));
}

uint16_t ipv6_pseudo_sum(const struct ph_addr *src, const struct ph_addr *dst,
                         uint8_t protocol, uint32_t len) {
  uint16_t both = csum_fold(sum_words(src->bytes) + sum_words(dst->bytes));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  both = (uint16_t)(both << 8 | both >> 8);
#endif
  /* Zones are not on the wire: take them out, by their complement. */
  uint32_t zones =
      (uint32_t)(0xffff - ipv6_zone(src)) + (uint32_t)(0xffff - ipv6_zone(dst));
  return csum_fold(csum_fold(zones) + (uint32_t)both + protocol +
                   (len & 0xffff) + (len >> 16));
}

uint8_t *ipv6_push_header(struct pkt *pkt, const struct ph_addr *src,
                          const struct ph_addr *dst, uint8_t next, uint8_t hops,
                          uint8_t tos) {
  uint32_t len = pkt->len;
  uint8_t *h = pkt_push(pkt, IPV6_HDR_LEN);
  if (h) {
    put_be32(h, 6u << 28 | (uint32_t)tos << 20);
    put_be16(h + IPV6_OFF_LEN, (uint16_t)len);
    h[IPV6_OFF_NEXT] = next;
    h[IPV6_OFF_HOPS] = hops;
    memcpy(h + IPV6_OFF_SRC, src->bytes, 16);
    memcpy(h + IPV6_OFF_DST, dst->bytes, 16);
    ipv6_clear_zone(h + IPV6_OFF_SRC);
    ipv6_clear_zone(h + IPV6_OFF_DST);
    pkt->csum_start = (uint16_t)(pkt->csum_start + IPV6_HDR_LEN);
  }
  return h;
}

/* 33:33 and the last four bytes of the group (RFC 2464 7). */
static void group_mac(const struct ph_addr *group, uint8_t mac[ETH_ADDR_LEN]) {
  put_be16(mac, 0x3333);
  memcpy(mac + 2, group->bytes + 12, 4);
}

static int discard(struct ph_stack *stack, struct pkt *pkt, int error) {
  stack->stats.Ip6OutDiscards++;
  pkt_put(pkt);
  return error;
}

/* Take the headers off again: -PH_EAGAIN is as if nothing had happened. */
static PH_APART_IF_SMALL int take_back(struct ph_stack *stack, struct pkt *pkt,
                                       uint32_t len) {
  if (pkt->gso_type == PKT_GSO_FRAGMENT) {
    len += IPV6_FRAG_LEN;
    pkt->gso_type = PKT_GSO_NONE;
    pkt->gso_size = 0;
  }
  (void)pkt_pull(pkt, len);
  pkt->csum_start = (uint16_t)(pkt->csum_start - len);
  stack->stats.Ip6OutRequests--;
  return -PH_EAGAIN;
}

/* The link header is not ready, or there is none. `pkt` starts with it. */
static int send_slowly(struct ph_stack *stack, struct pkt *pkt,
                       struct ip_path *path) {
  (void)pkt_pull(pkt, ETH_HDR_LEN);
  pkt->csum_start = (uint16_t)(pkt->csum_start - ETH_HDR_LEN);
  int error;
  if (path->netif->loopback) {
    error = netif_output(path->netif, pkt);
  } else {
    struct eth_neighbour *neighbour;
    error = nd_output(path->netif->ipv6, pkt, &path->next_hop, &neighbour);
    ip_path_take_neighbour(path, neighbour);
  }
  return error == -PH_EAGAIN ? take_back(stack, pkt, IPV6_HDR_LEN) : error;
}

/* One copy of what the path has ready, three stores of what is the packet's
 * own. */
static void put_header(uint8_t *h, const struct ip_path *path, struct ip_tx tx,
                       uint32_t payload_len) {
  uint8_t hops = path->header[ETH_HDR_LEN + IPV6_OFF_HOPS];
  memcpy(h, path->header, ETH_HDR_LEN + IPV6_HDR_LEN);
  h += ETH_HDR_LEN;
  put_be32(h, 6u << 28 | (uint32_t)tx.tos << 20);
  put_be32(h + IPV6_OFF_LEN, payload_len << 16 | (uint32_t)tx.protocol << 8 |
                                 (tx.ttl ? tx.ttl : hops));
}

/* RFC 8200 4.5: a header that the fragmenter (stack/netif/fragment.c) copies
 * and fills in; its identification can't be guessed (RFC 7739 5.3). */
static bool push_fragment_header(struct ph_stack *stack, struct pkt *pkt,
                                 uint32_t mtu, struct ip_tx *tx) {
  uint8_t *h = pkt_push(pkt, IPV6_FRAG_LEN);
  if (!h) {
    return false;
  }
  memset(h, 0, IPV6_FRAG_LEN);
  h[0] = tx->protocol;
  ph_stack_random(stack, h + IPV6_FRAG_OFF_ID, 4);
  tx->protocol = IPV6_NEXT_FRAGMENT;
  pkt->csum_start = (uint16_t)(pkt->csum_start + IPV6_FRAG_LEN);
  pkt->gso_type = PKT_GSO_FRAGMENT;
  pkt->gso_size = (uint16_t)mtu;
  return true;
}

/* Longer than the path takes: it is a super-segment, or a probe that the link
 * takes (RFC 4821 7.1), or it is fragmented. */
static bool may_be_longer(struct ph_stack *stack, struct pkt *pkt,
                          struct ip_path *path, struct ip_tx *tx) {
  if (pkt->len > 65535) {
    return false;
  }
  if (pkt->gso_type != PKT_GSO_NONE) {
    return true;
  }
  return tx->dont_fragment ? pkt->len + IPV6_HDR_LEN <= path->netif->caps.mtu
                           : push_fragment_header(stack, pkt, path->mtu, tx);
}

int ipv6_output(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                struct ip_tx tx) {
  stack->stats.Ip6OutRequests++;
  if (path->error) {
    return discard(stack, pkt, path->error);
  }
  if (pkt->len + IPV6_HDR_LEN > ip_path_mtu(stack, path) &&
      !may_be_longer(stack, pkt, path, &tx)) {
    return discard(stack, pkt, -PH_EMSGSIZE);
  }
  uint32_t len = pkt->len;
  uint8_t *header = pkt_prepend(pkt, ETH_HDR_LEN + IPV6_HDR_LEN);
  pkt->csum_start = (uint16_t)(pkt->csum_start + ETH_HDR_LEN + IPV6_HDR_LEN);
  put_header(header, path, tx, len);
  path->used_ns = stack->now_ns;
  if (!ip_path_ready(stack, path)) {
    return send_slowly(stack, pkt, path);
  }
  path->neighbour->used_ns = stack->now_ns;
  int error = netif_output(path->netif, pkt);
  stack->stats.EthOutFrames += error == 0;
  return error == -PH_EAGAIN ? take_back(stack, pkt, ETH_HDR_LEN + IPV6_HDR_LEN)
                             : error;
}

/* What is constant of the headers, and who the frame is for if it is a group:
 * nobody is asked then. */
void ipv6_prepare(struct ph_stack *stack, struct ip_path *path) {
  struct ip_state *ip = ip_of(stack);
  const struct ipv6_link *link = path->netif->ipv6;
  uint8_t *h = path->header + ETH_HDR_LEN;
  put_be16(path->header + ETH_OFF_TYPE, ETH_TYPE_IPV6);
  h[IPV6_OFF_HOPS] = path->group ? (uint8_t)HOPS_MULTICAST
                     : link      ? link->hops
                                 : (uint8_t)IPV6_HOPS_DEFAULT;
  memcpy(h + IPV6_OFF_SRC, path->src.bytes, 16);
  memcpy(h + IPV6_OFF_DST, path->dst.bytes, 16);
  ipv6_clear_zone(h + IPV6_OFF_SRC);
  ipv6_clear_zone(h + IPV6_OFF_DST);
  path->pseudo_sum = csum_data(h + IPV6_OFF_SRC, 32, 0);
  path->neighbour = path->group ? &ip->always : &ip->never;
  path->neighbour_version = path->neighbour->version;
  if (path->group) {
    group_mac(&path->dst, path->header);
  }
}

/* RFC 2711: a hop-by-hop header of one router alert for MLD, and padding. */
static bool push_router_alert(struct pkt *pkt) {
  static const uint8_t header[IPV6_EXT_UNIT] = {
      IPV6_NEXT_ICMP, 0, IPV6_OPT_ROUTER_ALERT, 2, 0, 0, IPV6_OPT_PADN, 0};
  uint8_t *h = pkt_push(pkt, sizeof(header));
  if (h) {
    memcpy(h, header, sizeof(header));
  }
  return h != NULL;
}

void ipv6_send_on_link(struct ipv6_link *link, struct pkt *pkt,
                       const struct ph_addr *src, const struct ph_addr *dst,
                       const uint8_t *mac) {
  static const struct ph_addr unspecified;
  struct ph_stack *stack = ipv6_stack_of(link);
  uint8_t type = pkt->head[0];
  bool nd = type >= ICMP6_RS && type <= ICMP6_REDIRECT;
  src = src ? src : &unspecified;
  csum_put_icmp(pkt, ipv6_pseudo_sum(src, dst, IPV6_NEXT_ICMP, pkt->len));
  stack->stats.Icmp6OutMsgs++;
  stack->stats.Ip6OutRequests++;
  uint8_t next = nd ? (uint8_t)IPV6_NEXT_ICMP : (uint8_t)IPV6_NEXT_HOP_BY_HOP;
  uint8_t hops = nd ? (uint8_t)ND_HOPS : 1;
  if ((!nd && !push_router_alert(pkt)) ||
      !ipv6_push_header(pkt, src, dst, next, hops, 0)) {
    (void)discard(stack, pkt, 0);
    return;
  }
  struct eth_neighbour *neighbour;
  uint8_t group[ETH_ADDR_LEN];
  if (!mac && ipv6_is_multicast(dst->bytes)) {
    group_mac(dst, group);
    mac = group;
  }
  int error = mac ? eth_output(link->netif, pkt, mac, ETH_TYPE_IPV6)
                  : nd_output(link, pkt, dst, &neighbour);
  /* It is said again, or asked for again. */
  (void)netif_drop_refused(stack, pkt, error);
}
