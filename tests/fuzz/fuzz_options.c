/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: the options of a TCP header against a slow reader of the standards
 * that shares nothing with ours. The input is the option bytes of one segment;
 * of a longer one the first 40 count.
 *
 * Ours has two ways in: tcp_parse_options() and, for what segments usually
 * carry, tcp_options_read(). Both must say what the reference says, read
 * nothing behind the header (each input is a block of its own under
 * AddressSanitizer), and what they say must survive being written again. */
#include <stdlib.h>
#include <string.h>

#include "stack/tcp/tcp_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact) {
  if (!fact) {
    abort();
  }
}

/* ---- The reference ------------------------------------------------------ */

struct option {
  uint32_t at, len;
};

/* RFC 9293 3.1: where the options are. A list that goes wrong ends there. */
static uint32_t list_options(const uint8_t *data, uint32_t len,
                             struct option list[40]) {
  uint32_t count = 0;
  for (uint32_t at = 0; at < len;) {
    uint32_t rest = len - at;
    if (data[at] == 0) {
      break;
    }
    uint32_t n = data[at] == 1 ? 1 : rest > 1 ? data[at + 1] : 0;
    if (n == 0 || n > rest || (n == 1 && data[at] != 1)) {
      break;
    }
    list[count++] = (struct option){at, n};
    at += n;
  }
  return count;
}

/* The first option of that kind and that length, or of any length of blocks if
 * `len` is 0; -1: none. */
static int find(const uint8_t *data, const struct option *list, uint32_t count,
                uint8_t kind, uint32_t len) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t n = list[i].len;
    bool blocks = n == 10 || n == 18 || n == 26 || n == 34;
    if (data[list[i].at] == kind && (len ? n == len : blocks)) {
      return (int)i;
    }
  }
  return -1;
}

static uint64_t number(const uint8_t *p, uint32_t bytes) {
  return bytes ? number(p, bytes - 1) * 256 + p[bytes - 1] : 0;
}

static void reference(const uint8_t *data, uint32_t len,
                      struct tcp_options *o) {
  struct option list[40];
  uint32_t count = list_options(data, len, list);
  int mss = find(data, list, count, 2, 4);
  int wscale = find(data, list, count, 3, 3);
  int permitted = find(data, list, count, 4, 2);
  int sack = find(data, list, count, 5, 0);
  int times = find(data, list, count, 8, 10);
  memset(o, 0, sizeof(*o));
  o->sack_permitted = permitted >= 0;
  if (mss >= 0) {
    o->has_mss = true;
    o->mss = (uint16_t)number(data + list[mss].at + 2, 2);
  }
  if (wscale >= 0) {
    o->has_wscale = true;
    o->wscale = (uint8_t)number(data + list[wscale].at + 2, 1);
  }
  if (times >= 0) {
    o->has_timestamps = true;
    o->ts_val = (uint32_t)number(data + list[times].at + 2, 4);
    o->ts_ecr = (uint32_t)number(data + list[times].at + 6, 4);
  }
  if (sack >= 0) {
    o->sack_count = (uint8_t)(list[sack].len / 8);
    for (uint32_t i = 0; i < o->sack_count; i++) {
      const uint8_t *p = data + list[sack].at + 2 + 8 * i;
      o->sack[i].left = (uint32_t)number(p, 4);
      o->sack[i].right = (uint32_t)number(p + 4, 4);
    }
  }
}

/* ---- The comparison ----------------------------------------------------- */

static void require_same(const struct tcp_options *a,
                         const struct tcp_options *b, uint32_t blocks) {
  require(a->has_mss == b->has_mss && (!a->has_mss || a->mss == b->mss));
  require(a->has_wscale == b->has_wscale);
  require(!a->has_wscale || a->wscale == b->wscale);
  require(a->sack_permitted == b->sack_permitted);
  require(a->has_timestamps == b->has_timestamps);
  require(!a->has_timestamps ||
          (a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr));
  require(a->sack_count == blocks && b->sack_count >= blocks);
  for (uint32_t i = 0; i < blocks; i++) {
    require(a->sack[i].left == b->sack[i].left);
    require(a->sack[i].right == b->sack[i].right);
  }
}

/* What was read, written and read again is the same, but for blocks that did
 * not fit. */
static void write_again(struct tcp_options *o, bool bsd_order) {
  uint8_t bytes[TCP_MAX_OPTIONS_LEN];
  struct tcp_options again;
  o->bsd_order = bsd_order;
  uint32_t len = tcp_build_options(bytes, o);
  require(len % 4 == 0 && len <= TCP_MAX_OPTIONS_LEN);
  reference(bytes, len, &again);
  if (bsd_order) {
    o->sack_count = 0; /* a SYN's order: no blocks */
  }
  uint32_t more = again.sack_count ? 8 : 12; /* the next block would take */
  require(again.sack_count == o->sack_count ||
          len + more > TCP_MAX_OPTIONS_LEN);
  require_same(&again, o, again.sack_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint32_t len = (uint32_t)(size < 40 ? size : 40);
  struct tcp_options want, got;
  reference(data, len, &want);

  uint8_t *alone = malloc(len ? len : 1); /* nothing can be read behind it */
  memcpy(alone, data, len);
  memset(&got, 0xa5, sizeof(got));
  tcp_parse_options(alone, len, &got);
  require_same(&got, &want, want.sack_count);
  free(alone);

  uint32_t words = len / 4 * 4; /* a header's options are words */
  reference(data, words, &want);
  uint8_t *h = calloc(1, TCP_HEADER_LEN + words);
  memcpy(h + TCP_HEADER_LEN, data, words);
  memset(&got, 0xa5, sizeof(got));
  tcp_options_read(h, TCP_HEADER_LEN + words, &got);
  require_same(&got, &want, want.sack_count);
  free(h);

  struct tcp_options bsd = want;
  write_again(&want, false);
  write_again(&bsd, true);
  return 0;
}
