/* SPDX-License-Identifier: Apache-2.0 */
/* The software segmenter and checksummer: byte for byte what a device with
 * TSO does (Virtio 1.2 5.1.6.2). Payload is never copied, segments refer to
 * the blocks of the super-segment; each has a header of its own. */
#include "stack/base/errno.h"
#include "stack/netif/cutter.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"
#include "stack/wire/tcp_wire.h"

/* The length of the IP header in front of TCP, 0 if it is not what gso_type
 * says. In IPv6 nothing stands between the two. */
static uint32_t ip_header_len(const struct pkt *pkt) {
  const uint8_t *ip = pkt->head + ETH_HDR_LEN;
  switch (pkt->gso_type & ~PKT_GSO_ECN) {
    case PKT_GSO_TCPV4:
      return ip[0] >> 4 == 4 && (ip[0] & 15u) * 4 >= IPV4_HDR_LEN &&
                     ip[IPV4_OFF_PROTO] == 6
                 ? (ip[0] & 15u) * 4
                 : 0;
    case PKT_GSO_TCPV6:
      return ip[0] >> 4 == 6 && ip[IPV6_OFF_NEXT] == 6 ? IPV6_HDR_LEN : 0;
    default:
      return 0;
  }
}

/* Check that this is a frame that can be cut. */
static bool cutter_init(struct cutter *cut, const struct pkt *pkt) {
  if (pkt->gso_size == 0 || pkt->csum != PKT_CSUM_PARTIAL ||
      pkt->head_len < ETH_HDR_LEN + IPV4_HDR_LEN + TCP_HEADER_LEN) {
    return false;
  }
  uint32_t ihl = ip_header_len(pkt);
  uint32_t l4 = ETH_HDR_LEN + ihl;
  if (ihl == 0 || l4 + TCP_HEADER_LEN > pkt->head_len ||
      pkt->csum_start != l4) {
    return false;
  }
  uint32_t doff = (uint32_t)(pkt->head[l4 + TCP_OFF_DATA] >> 4) * 4;
  uint32_t hdr_len = l4 + doff;
  if (doff < TCP_HEADER_LEN || hdr_len > pkt->head_len ||
      hdr_len > PKT_ROOM - CUTTER_HEADROOM) {
    return false;
  }
  *cut = (struct cutter){
      .pkt = pkt, .l4 = l4, .hdr_len = hdr_len, .payload = pkt->len - hdr_len};
  return true;
}

/* A packet with a copy of the header; NULL: counted. */
static struct pkt *start(struct ph_stack *stack, const struct cutter *cut) {
  const struct pkt *pkt = cut->pkt;
  struct pkt *piece = pkt_get(&stack->pkts, CUTTER_HEADROOM);
  if (!piece) {
    stack->stats.PktExhausted++;
    return NULL;
  }
  memcpy(piece->head, pkt->head, cut->hdr_len);
  piece->head_len = piece->len = cut->hdr_len;
  piece->id = pkt->id;
  piece->looped = pkt->looped;
  piece->csum = pkt->csum;
  piece->csum_start = pkt->csum_start;
  piece->csum_offset = pkt->csum_offset;
  return piece;
}

/* Append the next `len` bytes of the payload. False: they don't fit. */
static bool take(struct cutter *cut, struct pkt *to, uint32_t len) {
  const struct pkt *pkt = cut->pkt;
  while (len > 0) {
    struct pkt_frag from = {pkt->lent, pkt->head + cut->hdr_len,
                            pkt->head_len - cut->hdr_len};
    if (cut->part > 0) {
      from = pkt->frags[cut->part - 1];
    }
    uint32_t n = ph_min_u32(len, from.len - cut->offset);
    uint8_t *data = from.data + cut->offset;
    if (n > 0 && !from.block) {
      if (to->head + to->head_len + n > to->room + PKT_ROOM) {
        return false;
      }
      memcpy(to->head + to->head_len, data, n);
      to->head_len += n;
      to->len += n;
    } else if (n > 0 && !pkt_add_frag(to, from.block, data, n)) {
      return false;
    }
    len -= n;
    cut->offset += n;
    if (cut->offset == from.len) {
      cut->part++;
      cut->offset = 0;
    }
  }
  return true;
}

int cutter_cut(struct ph_stack *stack, struct cutter *cut, cutter_room_fn *room,
               cutter_edit_fn *edit, int (*emit)(void *ctx, struct pkt *piece),
               void *ctx) {
  uint32_t count = 0, at = 0;
  do {
    struct pkt *piece = start(stack, cut);
    if (!piece) {
      return -PH_ENOBUFS;
    }
    uint32_t len = room ? room(cut, piece, at)
                        : ph_min_u32(cut->pkt->gso_size, cut->payload - at);
    if (!take(cut, piece, len)) {
      pkt_put(piece);
      return -PH_EINVAL;
    }
    edit(cut, piece, count, at);
    ++*cut->pieces;
    count++;
    at += len;
    int error = emit(ctx, piece);
    if (error) {
      return error;
    }
  } while (at < cut->payload);
  return (int)count;
}

uint16_t cutter_edit_ip(uint8_t *ip, uint32_t ihl, uint32_t protocol,
                        uint32_t len, uint32_t index) {
  if (ip[0] >> 4 == 6) {
    put_be16(ip + IPV6_OFF_LEN, (uint16_t)len);
    return csum_data(ip + IPV6_OFF_SRC, 32, protocol + len);
  }
  put_be16(ip + IPV4_OFF_LEN, (uint16_t)(ihl + len));
  put_be16(ip + IPV4_OFF_ID, (uint16_t)(get_be16(ip + IPV4_OFF_ID) + index));
  put_be16(ip + IPV4_OFF_CSUM, 0);
  put_be16(ip + IPV4_OFF_CSUM, (uint16_t)~csum_data(ip, ihl, 0));
  return csum_data(ip + IPV4_OFF_SRC, 8, protocol + len);
}

/* Segment `index` starts `at` bytes into the payload: its IP header, sequence
 * number and flags. */
static void edit_header(const struct cutter *cut, struct pkt *segment,
                        uint32_t index, uint32_t at) {
  uint8_t *ip = segment->head + ETH_HDR_LEN;
  uint8_t *tcp = segment->head + cut->l4;
  uint32_t tcp_len = segment->len - cut->l4;
  put_be16(tcp + TCP_OFF_CSUM,
           cutter_edit_ip(ip, cut->l4 - ETH_HDR_LEN, 6, tcp_len, index));
  put_be32(tcp + TCP_OFF_SEQ, get_be32(tcp + TCP_OFF_SEQ) + at);
  if (segment->len - cut->hdr_len + at < cut->payload) { /* not the last */
    tcp[TCP_OFF_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
  }
  if (index > 0) { /* RFC 3168 6.1.2: told once */
    tcp[TCP_OFF_FLAGS] &= (uint8_t)~TCP_CWR;
  }
}

int netif_segment(struct ph_stack *stack, struct pkt *pkt,
                  int (*emit)(void *ctx, struct pkt *segment), void *ctx) {
  struct cutter cut;
  if (!cutter_init(&cut, pkt)) {
    return -PH_EINVAL;
  }
  cut.pieces = &stack->stats.SwSegments;
  return cutter_cut(stack, &cut, NULL, edit_header, emit, ctx);
}

void netif_checksum(struct ph_stack *stack, struct pkt *pkt) {
  uint32_t at = (uint32_t)pkt->csum_start + pkt->csum_offset;
  if (pkt->csum != PKT_CSUM_PARTIAL || at + 2 > pkt->head_len) {
    return;
  }
  /* The field holds the pseudo-header's sum, so it is summed with the rest. */
  uint16_t sum = (uint16_t)~csum_pkt(pkt, pkt->csum_start, 0);
  if (sum == 0 && pkt->csum_offset == UDP_OFF_CSUM) {
    sum = 0xffff; /* RFC 768: zero would say "no checksum" */
  }
  put_be16(pkt->head + at, sum);
  pkt->csum = PKT_CSUM_NONE;
  stack->stats.SwChecksumBytes += pkt->len - pkt->csum_start;
}
