/* SPDX-License-Identifier: Apache-2.0 */
/* TCP header (RFC 9293 3.1) and options: MSS (RFC 9293 3.7.1), window scale
 * and timestamps (RFC 7323), SACK (RFC 2018). */
#ifndef PH_WIRE_TCP_WIRE_H
#define PH_WIRE_TCP_WIRE_H

#include "stack/base/types.h"
#include "stack/wire/bytes.h"

enum {
  TCP_HEADER_LEN = 20,
  TCP_OFF_SEQ = 4,
  TCP_OFF_ACK = 8,
  TCP_OFF_DATA = 12, /* data offset in the upper four bits */
  TCP_OFF_FLAGS = 13,
  TCP_OFF_WND = 14,
  TCP_OFF_CSUM = 16,
  TCP_OFF_URG = 18,
};
enum {
  TCP_FIN = 1,
  TCP_SYN = 2,
  TCP_RST = 4,
  TCP_PSH = 8,
  TCP_ACK = 16,
  TCP_URG = 32,
  TCP_ECE = 64,
  TCP_CWR = 128,
};
enum {
  TCP_OPT_END = 0,
  TCP_OPT_NOP = 1,
  TCP_OPT_MSS = 2,
  TCP_OPT_WSCALE = 3,
  TCP_OPT_SACK_PERMITTED = 4,
  TCP_OPT_SACK = 5,
  TCP_OPT_TIMESTAMPS = 8,
  TCP_MAX_SACK_BLOCKS = 4,
  TCP_MAX_OPTIONS_LEN = 40,
};

struct tcp_sack_block {
  uint32_t left, right; /* right is one past the last byte */
};

struct tcp_options {
  bool has_mss, has_wscale, sack_permitted, has_timestamps;
  uint8_t sack_count;
  bool bsd_order; /* to build a SYN's in the order of FreeBSD */
  uint8_t wscale; /* as received: more than 14 means 14 */
  uint16_t mss;   /* as received: may be 0 */
  uint32_t ts_val, ts_ecr;
  struct tcp_sack_block sack[TCP_MAX_SACK_BLOCKS]; /* as received */
};

/* No options. */
static inline void tcp_options_clear(struct tcp_options *options) {
  options->has_mss = options->has_wscale = false;
  options->sack_permitted = options->has_timestamps = false;
  options->sack_count = 0;
  options->bsd_order = false;
}

/* What a SYN usually has, as Linux lays it out and tcp_build_options() does:
 * MSS, SACK-permitted, window scale; each fills a word. */
enum {
  TCP_SYN_OPTIONS_LEN = 12,
  TCP_SYN_HEAD_MSS = TCP_OPT_MSS << 8 | 4,
  TCP_SYN_WORD_SACK =
      TCP_OPT_NOP << 24 | TCP_OPT_NOP << 16 | TCP_OPT_SACK_PERMITTED << 8 | 2,
  TCP_SYN_HEAD_WSCALE = TCP_OPT_NOP << 16 | TCP_OPT_WSCALE << 8 | 3,
};
static inline void tcp_put_syn_options(uint8_t *p, uint16_t mss,
                                       uint8_t wscale) {
  put_be32(p, (uint32_t)TCP_SYN_HEAD_MSS << 16 | mss);
  put_be32(p + 4, TCP_SYN_WORD_SACK);
  put_be32(p + 8, (uint32_t)TCP_SYN_HEAD_WSCALE << 8 | wscale);
}
/* False, and nothing is read: the options are laid out in another way. */
static inline bool tcp_get_syn_options(const uint8_t *p, uint32_t len,
                                       struct tcp_options *options) {
  if (len != TCP_SYN_OPTIONS_LEN || get_be16(p) != TCP_SYN_HEAD_MSS ||
      get_be32(p + 4) != TCP_SYN_WORD_SACK ||
      get_be32(p + 8) >> 8 != TCP_SYN_HEAD_WSCALE) {
    return false;
  }
  tcp_options_clear(options);
  options->has_mss = options->sack_permitted = options->has_wscale = true;
  options->mss = get_be16(p + 2);
  options->wscale = p[11];
  return true;
}

/* Read the option bytes of a segment. Unknown kinds and known kinds of a wrong
 * length are skipped, at a length that cannot be it stops; of two options of
 * one kind the first counts. Only `sack[0 .. sack_count)` is written. */
void tcp_parse_options(const uint8_t *data, uint32_t len,
                       struct tcp_options *options);

/* Write the options that are set in an order that keeps words aligned: MSS,
 * SACK-permitted with timestamps, NOP and window scale, SACK; with `bsd_order`
 * MSS, NOP and window scale, SACK-permitted, timestamps. Blocks that do
 * not fit into 40 bytes are left out. Returns the length, a multiple of 4. */
uint32_t tcp_build_options(uint8_t *to, const struct tcp_options *options);

#endif
