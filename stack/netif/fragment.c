/* SPDX-License-Identifier: Apache-2.0 */
/* The fragmenter: RFC 791 3.2 and RFC 8200 4.5. It works where super-segments
 * are cut, below ARP and neighbour discovery, so that a packet waits there as a
 * whole, and goes to a device that becomes full as a whole or not at all. */
#include "stack/base/errno.h"
#include "stack/netif/cutter.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"

/* RFC 791 3.1: later fragments have only the options that say so ("copied").
 * Returns the length of the header that `ip` is rewritten to. */
static PH_APART_IF_SMALL uint32_t keep_copied_options(uint8_t *ip,
                                                      uint32_t ihl) {
  uint32_t to = IPV4_HDR_LEN;
  for (uint32_t at = IPV4_HDR_LEN; at < ihl && ip[at] != IPV4_OPT_END;) {
    uint32_t len = ip[at] == IPV4_OPT_NOP || at + 1 == ihl ? 1 : ip[at + 1];
    len = ph_min_u32(ph_max_u32(len, 1), ihl - at);
    if (ip[at] & IPV4_OPT_COPIED) {
      memmove(ip + to, ip + at, len);
      to += len;
    }
    at += len;
  }
  for (; to % 4 != 0; to++) {
    ip[to] = IPV4_OPT_END;
  }
  ip[0] = (uint8_t)(0x40 | to / 4);
  return to;
}

/* The length of the IP header, or what takes its place, at `ip`. */
static uint32_t header_len(const uint8_t *ip) {
  return ip[0] >> 4 == 6 ? (uint32_t)IPV6_HDR_LEN + IPV6_FRAG_LEN
                         : (ip[0] & 15u) * 4;
}

static void edit(const struct cutter *cut, struct pkt *fragment, uint32_t index,
                 uint32_t at) {
  uint8_t *ip = fragment->head + cut->l3;
  uint32_t len = fragment->len - cut->l3;
  bool more = len - header_len(ip) + at < cut->payload;
  (void)index;
  if (ip[0] >> 4 == 6) {
    uint8_t *h = ip + IPV6_HDR_LEN;
    put_be16(ip + IPV6_OFF_LEN, (uint16_t)(len - IPV6_HDR_LEN));
    put_be16(h + IPV6_FRAG_OFF_OFFSET,
             (uint16_t)(at | (more ? (uint32_t)IPV6_FRAG_MORE : 0u)));
    return;
  }
  /* A fragment of a fragment begins where that one did. */
  uint32_t field = get_be16(ip + IPV4_OFF_FRAG) + at / 8;
  put_be16(ip + IPV4_OFF_LEN, (uint16_t)len);
  put_be16(ip + IPV4_OFF_FRAG,
           (uint16_t)(field | (more ? (uint32_t)IPV4_MF : 0u)));
  csum_put_ipv4(ip, (ip[0] & 15u) * 4);
}

/* Check that this is a packet that can be fragmented. */
static bool cutter_init(struct cutter *cut, const struct pkt *pkt,
                        uint32_t l3) {
  if (pkt->head_len < l3 + IPV4_HDR_LEN) {
    return false;
  }
  uint32_t header = header_len(pkt->head + l3);
  if (header < IPV4_HDR_LEN || l3 + header > pkt->head_len ||
      l3 + header > PKT_ROOM - CUTTER_HEADROOM || header + 8 > pkt->gso_size) {
    return false;
  }
  *cut = (struct cutter){.pkt = pkt,
                         .l3 = l3,
                         .hdr_len = l3 + header,
                         .payload = pkt->len - l3 - header};
  return true;
}

/* Later fragments may have a shorter header; all but the last have a multiple
 * of 8 bytes. */
static uint32_t room(const struct cutter *cut, struct pkt *fragment,
                     uint32_t at) {
  uint8_t *ip = fragment->head + cut->l3;
  if (at > 0 && ip[0] >> 4 == 4) {
    fragment->head_len = fragment->len =
        cut->l3 + keep_copied_options(ip, header_len(ip));
  }
  uint32_t most = cut->pkt->gso_size - (fragment->len - cut->l3);
  uint32_t left = cut->payload - at;
  return left <= most ? left : most & ~7u;
}

int netif_fragment(struct netif *netif, const struct pkt *pkt,
                   int (*emit)(void *ctx, struct pkt *fragment), void *ctx) {
  struct ph_stack *stack = netif->stack;
  struct ph_stats *stats = &stack->stats;
  struct cutter cut;
  if (!cutter_init(&cut, pkt, netif->loopback ? 0 : ETH_HDR_LEN)) {
    return -PH_EINVAL;
  }
  bool v6 = pkt->head[cut.l3] >> 4 == 6;
  cut.pieces = v6 ? &stats->Ip6FragCreates : &stats->IpFragCreates;
  int count = cutter_cut(stack, &cut, room, edit, emit, ctx);
  if (count > 0) {
    ++*(v6 ? &stats->Ip6FragOKs : &stats->IpFragOKs);
  }
  return count;
}

void ph_netif_fragment_init(struct ph_stack *stack) {
  netif_set_fragmenter(stack, netif_fragment);
}
