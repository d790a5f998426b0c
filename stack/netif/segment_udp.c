/* SPDX-License-Identifier: Apache-2.0 */
/* The software segmenter for UDP: what a device with USO does (Virtio 1.2
 * 5.1.6.2, VIRTIO_NET_HDR_GSO_UDP_L4). A super-datagram becomes datagrams of
 * gso_size bytes, the last as long as what is left; each has its own length,
 * checksum and, in IPv4, identification. */
#include "stack/base/errno.h"
#include "stack/netif/cutter.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

enum { PROTO_UDP = 17 };

static bool cutter_init(struct cutter *cut, const struct pkt *pkt,
                        uint32_t l3) {
  uint32_t l4 = pkt->csum_start;
  uint32_t hdr_len = l4 + UDP_HDR_LEN;
  if (pkt->gso_size == 0 || pkt->csum != PKT_CSUM_PARTIAL ||
      l4 < l3 + IPV4_HDR_LEN || hdr_len > pkt->head_len ||
      hdr_len > PKT_ROOM - CUTTER_HEADROOM) {
    return false;
  }
  *cut = (struct cutter){.pkt = pkt,
                         .l3 = l3,
                         .l4 = l4,
                         .hdr_len = hdr_len,
                         .payload = pkt->len - hdr_len};
  return true;
}

static void edit(const struct cutter *cut, struct pkt *datagram, uint32_t index,
                 uint32_t at) {
  uint8_t *ip = datagram->head + cut->l3;
  uint8_t *udp = datagram->head + cut->l4;
  uint32_t len = datagram->len - cut->l4;
  (void)at;
  put_be16(udp + UDP_OFF_LEN, (uint16_t)len);
  put_be16(udp + UDP_OFF_CSUM,
           cutter_edit_ip(ip, cut->l4 - cut->l3, PROTO_UDP, len, index));
}

static int segment_udp(struct netif *netif, const struct pkt *pkt,
                       int (*emit)(void *ctx, struct pkt *segment), void *ctx) {
  struct ph_stack *stack = netif->stack;
  struct cutter cut;
  if (!cutter_init(&cut, pkt, netif->loopback ? 0 : ETH_HDR_LEN)) {
    return -PH_EINVAL;
  }
  cut.pieces = &stack->stats.SwSegments;
  return cutter_cut(stack, &cut, NULL, edit, emit, ctx);
}

void ph_netif_segment_udp_init(struct ph_stack *stack) {
  netif_set_udp_segmenter(stack, segment_udp);
}
