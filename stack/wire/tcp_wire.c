/* SPDX-License-Identifier: Apache-2.0 */
/* TCP options. */
#include "stack/wire/tcp_wire.h"

static PH_APART_IF_SMALL void parse_sack(const uint8_t *p, uint32_t len,
                                         struct tcp_options *o) {
  uint32_t count = (len - 2) / 8;
  if (o->sack_count > 0 || count == 0 || count > TCP_MAX_SACK_BLOCKS ||
      len != 2 + 8 * count) {
    return;
  }
  for (uint32_t i = 0; i < count; i++) {
    o->sack[i] = (struct tcp_sack_block){get_be32(p + 2 + 8 * i),
                                         get_be32(p + 6 + 8 * i)};
  }
  o->sack_count = (uint8_t)count;
}

/* One option with kind, length `len` (2 or more, inside the header), data. */
static PH_APART PH_APART_IF_SMALL void parse_option(const uint8_t *p,
                                                    uint32_t len,
                                                    struct tcp_options *o) {
  switch (p[0]) {
    case TCP_OPT_MSS:
      if (len == 4 && !o->has_mss) {
        o->has_mss = true;
        o->mss = get_be16(p + 2);
      }
      break;
    case TCP_OPT_WSCALE:
      if (len == 3 && !o->has_wscale) {
        o->has_wscale = true;
        o->wscale = p[2];
      }
      break;
    case TCP_OPT_SACK_PERMITTED:
      o->sack_permitted |= len == 2;
      break;
    case TCP_OPT_SACK:
      parse_sack(p, len, o);
      break;
    case TCP_OPT_TIMESTAMPS:
      if (len == 10 && !o->has_timestamps) {
        o->has_timestamps = true;
        o->ts_val = get_be32(p + 2);
        o->ts_ecr = get_be32(p + 6);
      }
      break;
    default:
      break; /* RFC 9293 3.1: unknown options are skipped by their length */
  }
}

void tcp_parse_options(const uint8_t *data, uint32_t len,
                       struct tcp_options *options) {
  const uint8_t *end = data + len;
  tcp_options_clear(options);
  for (const uint8_t *p = data; p < end && *p != TCP_OPT_END;) {
    if (*p == TCP_OPT_NOP) {
      p++;
      continue;
    }
    /* A length of 0 or 1 would never advance, a long one would read past the
     * header (RFC 9293 3.1 MUST-7). */
    if (end - p < 2 || p[1] < 2 || p[1] > end - p) {
      return;
    }
    parse_option(p, p[1], options);
    p += p[1];
  }
}

static PH_APART_IF_SMALL uint8_t *put_timestamps(uint8_t *p,
                                                 const struct tcp_options *o) {
  /* Two bytes go in front: SACK-permitted if it is due. */
  p[0] = o->sack_permitted ? TCP_OPT_SACK_PERMITTED : TCP_OPT_NOP;
  p[1] = o->sack_permitted ? 2 : TCP_OPT_NOP;
  p[2] = TCP_OPT_TIMESTAMPS;
  p[3] = 10;
  put_be32(p + 4, o->ts_val);
  put_be32(p + 8, o->ts_ecr);
  return p + 12;
}

static uint8_t *put_wscale(uint8_t *p, const struct tcp_options *o) {
  p[0] = TCP_OPT_NOP;
  p[1] = TCP_OPT_WSCALE;
  p[2] = 3;
  p[3] = o->wscale;
  return p + 4;
}

/* What FreeBSD's SYN has behind the MSS; a word's rest is filled with END. */
static uint8_t *put_bsd(uint8_t *p, const struct tcp_options *o) {
  if (o->has_wscale) {
    p = put_wscale(p, o);
  }
  if (o->has_timestamps) {
    return put_timestamps(p, o);
  }
  if (o->sack_permitted) {
    p[0] = TCP_OPT_SACK_PERMITTED;
    p[1] = 2;
    p[2] = p[3] = TCP_OPT_END;
    p += 4;
  }
  return p;
}

uint32_t tcp_build_options(uint8_t *to, const struct tcp_options *options) {
  uint8_t *p = to;
  if (options->has_mss) {
    p[0] = TCP_OPT_MSS;
    p[1] = 4;
    put_be16(p + 2, options->mss);
    p += 4;
  }
  if (options->bsd_order) {
    return (uint32_t)(put_bsd(p, options) - to);
  }
  if (options->has_timestamps) {
    p = put_timestamps(p, options);
  } else if (options->sack_permitted) {
    p[0] = p[1] = TCP_OPT_NOP;
    p[2] = TCP_OPT_SACK_PERMITTED;
    p[3] = 2;
    p += 4;
  }
  if (options->has_wscale) {
    p = put_wscale(p, options);
  }
  uint32_t room = TCP_MAX_OPTIONS_LEN - (uint32_t)(p - to);
  uint32_t blocks =
      room < 12 ? 0 : ph_min_u32(options->sack_count, (room - 4) / 8);
  if (blocks > 0) {
    p[0] = p[1] = TCP_OPT_NOP;
    p[2] = TCP_OPT_SACK;
    p[3] = (uint8_t)(2 + 8 * blocks);
    p += 4;
  }
  for (uint32_t i = 0; i < blocks; i++, p += 8) {
    put_be32(p, options->sack[i].left);
    put_be32(p + 4, options->sack[i].right);
  }
  return (uint32_t)(p - to);
}
