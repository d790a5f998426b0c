/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071). Sums are one's-complement sums of 16-bit
 * words in network order, kept in host order, not complemented: what goes into
 * a header is `~sum`, and a header with a good checksum sums up to 0xffff. */
#ifndef PH_WIRE_CHECKSUM_H
#define PH_WIRE_CHECKSUM_H

#include "stack/base/pkt.h"

/* Add the carries (RFC 1071 4.1). */
static inline uint16_t csum_fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

/* `sum` plus `len` bytes, folded; an odd last byte is padded with zero. */
uint16_t csum_data(const void *data, uint32_t len, uint32_t sum);

/* `sum` plus the packet's bytes from offset `from` to its end, folded. */
uint16_t csum_pkt(const struct pkt *pkt, uint32_t from, uint32_t sum);

#endif
