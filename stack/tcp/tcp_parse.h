/* SPDX-License-Identifier: Apache-2.0 */
/* From packet to segment: header checks, checksum. For tcp_input.c. */
#ifndef PH_TCP_TCP_PARSE_H
#define PH_TCP_TCP_PARSE_H

#include "stack/tcp/tcp_options.h"
#include "stack/wire/checksum.h"

static inline bool tcp_checksum_good(struct ph_stack *stack,
                                     const struct pkt *pkt,
                                     const struct ip_rx *rx) {
  if (pkt->csum != PKT_CSUM_NONE) {
    return true; /* verified by the device, or never left this host */
  }
  stack->stats.SwVerifyBytes += pkt->len;
  uint32_t sum =
      rx->family->pseudo_sum(&rx->src, &rx->dst, IP_PROTO_TCP, pkt->len);
  return csum_pkt(pkt, 0, sum) == 0xffff;
}

/* Cut the header off `pkt` and read what each segment of a connection has.
 * Returns its length, or 0: it is no segment. */
static inline uint32_t tcp_parse(struct ph_stack *stack, struct pkt *pkt,
                                 const struct ip_rx *rx, struct tcp_seg *seg) {
  const uint8_t *h = pkt->head;
  uint32_t hlen = pkt->head_len >= TCP_HEADER_LEN ? (h[12] >> 4) * 4u : 0;
  if (hlen < TCP_HEADER_LEN || hlen > pkt->head_len) {
    stack->stats.TcpInErrs++;
    return 0;
  }
  if (!tcp_checksum_good(stack, pkt, rx)) {
    stack->stats.TcpInErrs++;
    stack->stats.TcpInCsumErrors++;
    return 0;
  }
  seg->src_port = get_be16(h);
  seg->dst_port = get_be16(h + 2);
  seg->seq = get_be32(h + 4);
  seg->ack = get_be32(h + 8);
  seg->flags = h[13];
  seg->wnd = get_be16(h + 14);
  seg->len = seg->data_len = pkt->len - hlen;
  seg->offset = 0;
  seg->dsack = false;
  seg->options.sack_count = 0;
  pkt_strip(pkt, hlen);
  return hlen;
}

/* The rest, of a header of `hlen` bytes: what tcp_is_predicted() segments don't
 * have. */
static inline void tcp_parse_rest(const struct pkt *pkt, uint32_t hlen,
                                  const struct ip_rx *rx, struct tcp_seg *seg) {
  const uint8_t *h = pkt->head - hlen;
  seg->at_edge = false;
  seg->ecn = rx->tos & 3;
  seg->new_iss = 0;
  if (seg->flags & TCP_URG) {
    seg->up = seg->seq + get_be16(h + TCP_OFF_URG);
    if (seg->up == seg->seq) {
      seg->flags &= (uint8_t)~TCP_URG; /* points at nothing */
    }
  }
  if (PH_SHORT_WAYS && hlen == TCP_HEADER_LEN) {
    tcp_options_clear(&seg->options);
  } else {
    tcp_options_read(h, hlen, &seg->options);
  }
}

#endif
