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

/* The sum of an IPv4 header without options: five words in the host's byte
 * order, swapped in the end (RFC 1071 2 (B)). */
static inline uint16_t csum_ipv4_header(const uint8_t *h) {
  uint64_t a, b;
  uint32_t c;
  memcpy(&a, h, 8);
  memcpy(&b, h + 8, 8);
  memcpy(&c, h + 16, 4);
  uint64_t sum = (uint32_t)a + (a >> 32) + (uint32_t)b + (b >> 32) + c;
  sum = (sum & 0xffffffff) + (sum >> 32);
  uint16_t folded = csum_fold((uint32_t)((sum & 0xffff) + (sum >> 16)));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  folded = (uint16_t)(folded << 8 | folded >> 8);
#endif
  return folded;
}

/* Is it right? A header's sum is never 0, and it is 0xffff if the sum without
 * carries is a multiple of that, in any byte order and with words of any
 * multiple of 16 bits: 2^16 is 1 modulo 0xffff. */
static inline bool csum_ipv4_header_good(const uint8_t *h) {
  uint32_t a, b, c, d, e;
  memcpy(&a, h, 4);
  memcpy(&b, h + 4, 4);
  memcpy(&c, h + 8, 4);
  memcpy(&d, h + 12, 4);
  memcpy(&e, h + 16, 4);
  return ((uint64_t)a + b + c + d + e) % 0xffff == 0;
}

/* `sum` plus `len` bytes, folded; an odd last byte is padded with zero. */
uint16_t csum_data(const void *data, uint32_t len, uint32_t sum);

/* `sum` plus the packet's bytes from offset `from` to its end, folded. */
uint16_t csum_pkt(const struct pkt *pkt, uint32_t from, uint32_t sum);

/* Fill in the checksum of an IPv4 header of `ihl` bytes. */
void csum_put_ipv4(uint8_t *h, uint32_t ihl);
/* That of a message of ICMP, ICMPv6 or IGMP, which the packet starts with, over
 * `sum`, too. */
void csum_put_icmp(struct pkt *pkt, uint32_t sum);

#endif
