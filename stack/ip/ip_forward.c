/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding: what both families share.
 *
 * A packet goes on as it came. What the device had coalesced stays one
 * super-segment with its gso_size, so that the device of the way out cuts it
 * again or the software below it does (stack/netif/segment.c), and a checksum
 * that a device vouches for is not looked at. Since everything that an
 * interface coalesces here can be cut in software, none needs to have that
 * turned off while the host is a router. */
#include "stack/ip/ip_forward.h"

#include "stack/wire/eth_wire.h"
#include "stack/wire/tcp_wire.h"

void ph_ip_set_forwarding(struct ph_stack *stack, bool on) {
  struct ip_state *ip = ip_of(stack);
  on = on && ip->routes;
  ip->forward4 = on ? ipv4_forward : NULL;
  ip->forward6 = on ? ipv6_forward : NULL;
  ip->forward4_failed = ipv4_forward_failed;
  ph_netif_fragment_init(stack);
}

uint32_t ip_forward_longest(const struct pkt *pkt, uint32_t l4) {
  if (pkt->csum == PKT_CSUM_PARTIAL &&
      pkt->csum_start + pkt->csum_offset + 2u > ETH_HDR_LEN + pkt->head_len) {
    return 0; /* Ethernet's padding, or a device that lies */
  }
  if (pkt->gso_type == PKT_GSO_NONE) {
    return pkt->len;
  }
  /* Who sums nothing can't have coalesced, nor may what is wrong be summed
   * anew. */
  if (l4 == 0 || pkt->csum == PKT_CSUM_NONE || pkt->gso_size == 0 ||
      pkt->head_len < l4 + TCP_HEADER_LEN) {
    return 0;
  }
  uint32_t header = l4 + (uint32_t)(pkt->head[l4 + TCP_OFF_DATA] >> 4) * 4;
  if (header < l4 + TCP_HEADER_LEN || header > pkt->head_len) {
    return 0;
  }
  return header + pkt->gso_size;
}

void ip_forward_offload(struct pkt *pkt, uint32_t l4, uint16_t pseudo_sum) {
  if (pkt->gso_type != PKT_GSO_NONE && pkt->gso_type != PKT_GSO_FRAGMENT) {
    put_be16(pkt->head + l4 + TCP_OFF_CSUM, pseudo_sum);
    pkt->csum = PKT_CSUM_PARTIAL;
    pkt->csum_start = (uint16_t)l4;
    pkt->csum_offset = TCP_OFF_CSUM;
  } else if (pkt->csum == PKT_CSUM_PARTIAL) { /* it counted from the frame */
    pkt->csum_start = (uint16_t)(pkt->csum_start - ETH_HDR_LEN);
  } else {
    pkt->csum = PKT_CSUM_NONE; /* it is in its place */
  }
}
