/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum: 64 bits at a time in the host's byte order, which
 * the sum does not depend on but for a final swap (RFC 1071 2 (B)). */
#include "stack/wire/checksum.h"

#include "stack/base/assert.h"
#include "stack/wire/bytes.h"
#include "stack/wire/ip_wire.h"

static inline uint64_t load64(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

static inline uint16_t swap16(uint16_t x) {
  return (uint16_t)(x << 8 | x >> 8);
}

/* The sum of 8 more bytes: one addition and one addition of its carry. */
#define ADD_WORD(p) carries += __builtin_add_overflow(sum, load64(p), &sum)

/* Folded sum of the bytes as words in the host's order. */
static uint16_t sum_native(const uint8_t *p, uint32_t len) {
  uint64_t sum = 0;
  uint64_t carries = 0;
  for (; PH_SHORT_WAYS && len >= 64; len -= 64, p += 64) {
    ADD_WORD(p);
    ADD_WORD(p + 8);
    ADD_WORD(p + 16);
    ADD_WORD(p + 24);
    ADD_WORD(p + 32);
    ADD_WORD(p + 40);
    ADD_WORD(p + 48);
    ADD_WORD(p + 56);
  }
  for (; len >= 8; len -= 8, p += 8) {
    ADD_WORD(p);
  }
  if (len > 0) {
    uint8_t rest[8] = {0};
    for (uint32_t i = 0; i < len; i++) {
      rest[i] = p[i];
    }
    ADD_WORD(rest);
  }
  /* `carries` is less than 2^29; each is worth 1 modulo 2^16 - 1. */
  sum = (sum & 0xffffffff) + (sum >> 32) + carries;
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint16_t native_to_network(uint16_t sum) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return swap16(sum);
#else
  return sum;
#endif
}

uint16_t csum_data(const void *data, uint32_t len, uint32_t sum) {
  return csum_fold(csum_fold(sum) +
                   (uint32_t)native_to_network(sum_native(data, len)));
}

uint16_t csum_pkt(const struct pkt *pkt, uint32_t from, uint32_t sum) {
  PH_ASSERT(from <= pkt->len);
  uint32_t total = 0;
  uint32_t position = 0; /* bytes summed; odd: the next piece is swapped */
  for (uint32_t i = 0; i <= pkt->nfrags; i++) {
    const uint8_t *data = i == 0 ? pkt->head : pkt->frags[i - 1].data;
    uint32_t len = i == 0 ? pkt->head_len : pkt->frags[i - 1].len;
    uint32_t skip = ph_min_u32(from, len);
    from -= skip;
    uint16_t piece = sum_native(data + skip, len - skip);
    total += (position & 1) ? swap16(piece) : piece;
    position += len - skip;
  }
  return csum_fold(csum_fold(sum) +
                   (uint32_t)native_to_network(csum_fold(total)));
}

enum { ICMP_OFF_CSUM = 2 };

void csum_put_ipv4(uint8_t *h, uint32_t ihl) {
  put_be16(h + IPV4_OFF_CSUM, 0);
  put_be16(h + IPV4_OFF_CSUM, (uint16_t)~csum_data(h, ihl, 0));
}

void csum_put_icmp(struct pkt *pkt, uint32_t sum) {
  put_be16(pkt->head + ICMP_OFF_CSUM, 0);
  put_be16(pkt->head + ICMP_OFF_CSUM, (uint16_t)~csum_pkt(pkt, 0, sum));
}
