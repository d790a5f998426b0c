/* SPDX-License-Identifier: Apache-2.0 */
/* What the software wire between two stacks reads in the frames. */
#include "tests/stack/tcp_pair_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stack/wire/ipv6_wire.h"

enum { ETH = 14, IP = 20 };

static void parse_sack(const uint8_t *p, struct pair_seg *seg) {
  seg->sack_count = (uint8_t)((p[1] - 2) / 8);
  assert_true(p[1] == 2 + 8 * seg->sack_count && seg->sack_count <= 4);
  for (uint32_t i = 0; i < seg->sack_count; i++) {
    seg->sack[i].left = get_be32(p + 2 + 8 * i);
    seg->sack[i].right = get_be32(p + 6 + 8 * i);
  }
}

static void parse_options(const uint8_t *p, uint32_t len,
                          struct pair_seg *seg) {
  seg->wscale = -1;
  seg->options_len = (uint8_t)len;
  memcpy(seg->options, p, len);
  for (uint32_t i = 0; i + 1 < len && p[i] != 0;
       i += p[i] == 1 ? 1 : p[i + 1]) {
    if (p[i] == 2) {
      seg->mss = (uint16_t)(p[i + 2] << 8 | p[i + 3]);
    } else if (p[i] == 3) {
      seg->wscale = p[i + 2];
    } else if (p[i] == 4) {
      seg->sack_permitted = true;
    } else if (p[i] == 5) {
      parse_sack(p + i, seg);
    } else if (p[i] == 8) {
      seg->has_ts = true;
      seg->ts_val = get_be32(p + i + 2);
      seg->ts_ecr = get_be32(p + i + 6);
    }
  }
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
  parse_options(h + 20, hlen - 20, seg);
  return true;
}
