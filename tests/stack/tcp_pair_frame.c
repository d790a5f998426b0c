/* SPDX-License-Identifier: Apache-2.0 */
/* What the software wire between two stacks reads in the frames. */
#include "tests/stack/tcp_pair_frame.h"

#include <string.h>

#include "stack/wire/ipv6_wire.h"

enum { ETH = 14, IP = 20 };

static bool parse_sack(const uint8_t *p, struct pair_seg *seg) {
  seg->sack_count = (uint8_t)((p[1] - 2) / 8);
  if (p[1] != 2 + 8 * seg->sack_count || seg->sack_count > 4) {
    return false;
  }
  for (uint32_t i = 0; i < seg->sack_count; i++) {
    seg->sack[i].left = get_be32(p + 2 + 8 * i);
    seg->sack[i].right = get_be32(p + 6 + 8 * i);
  }
  return true;
}

/* One option, whole; false: its length is wrong. */
static bool parse_option(const uint8_t *p, struct pair_seg *seg) {
  static const uint8_t lengths[9] = {[2] = 4, [3] = 3, [4] = 2, [8] = 10};
  if (p[0] < 9 && lengths[p[0]] && p[1] != lengths[p[0]]) {
    return false;
  }
  if (p[0] == 2) {
    seg->mss = get_be16(p + 2);
  } else if (p[0] == 3) {
    seg->wscale = p[2];
  } else if (p[0] == 4) {
    seg->sack_permitted = true;
  } else if (p[0] == 8) {
    seg->has_ts = true;
    seg->ts_val = get_be32(p + 2);
    seg->ts_ecr = get_be32(p + 6);
  }
  return p[0] != 5 || parse_sack(p, seg);
}

/* False: they are not well formed (a router passes on what others made). */
static bool parse_options(const uint8_t *p, uint32_t len,
                          struct pair_seg *seg) {
  seg->wscale = -1;
  seg->options_len = (uint8_t)len;
  memcpy(seg->options, p, len);
  for (uint32_t i = 0; i < len && p[i] != 0; i += p[i] == 1 ? 1 : p[i + 1]) {
    if (p[i] != 1 && (i + 1 >= len || p[i + 1] < 2 || p[i + 1] > len - i ||
                      !parse_option(p + i, seg))) {
      return false;
    }
  }
  return true;
}

bool pair_frame_is_ipv6(const uint8_t *f) {
  return get_be16(f + 12) == ETH_TYPE_IPV6;
}

uint32_t pair_frame_ip_len(const uint8_t *f, uint32_t len) {
  if (len >= ETH + IPV6_HDR_LEN + 20u && pair_frame_is_ipv6(f)) {
    return f[ETH + IPV6_OFF_NEXT] == IP_PROTO_TCP ? IPV6_HDR_LEN : 0;
  }
  return len >= ETH + IP + 20 && f[12] == 8 && f[13] == 0 &&
                 f[ETH + 9] == IP_PROTO_TCP
             ? IP
             : 0;
}

bool pair_frame_parse(const uint8_t *f, uint32_t len, struct pair_seg *seg) {
  uint32_t ip_len = pair_frame_ip_len(f, len);
  if (ip_len == 0) {
    return false;
  }
  const uint8_t *h = f + ETH + ip_len;
  uint32_t hlen = (h[12] >> 4) * 4u;
  if (hlen < 20 || hlen > len - ETH - ip_len) {
    return false;
  }
  uint32_t total = pair_frame_is_ipv6(f)
                       ? IPV6_HDR_LEN + (uint32_t)get_be16(f + ETH + 4)
                       : get_be16(f + ETH + 2);
  seg->src_port = (uint16_t)(h[0] << 8 | h[1]);
  seg->dst_port = (uint16_t)(h[2] << 8 | h[3]);
  seg->seq = get_be32(h + 4);
  seg->ack = get_be32(h + 8);
  seg->flags = h[13];
  seg->urg = get_be16(h + 18);
  seg->tos =
      pair_frame_is_ipv6(f) ? (uint8_t)(get_be16(f + ETH) >> 4) : f[ETH + 1];
  seg->df = pair_frame_is_ipv6(f) || (f[ETH + 6] & 0x40);
  seg->wnd = get_be16(h + 14);
  seg->len = total - ip_len - hlen;
  return parse_options(h + 20, hlen - 20, seg);
}
