/* SPDX-License-Identifier: Apache-2.0 */
/* Fields in network byte order at any alignment. A raw uint16_t or uint32_t
 * in the stack is always in host order. */
#ifndef PH_WIRE_BYTES_H
#define PH_WIRE_BYTES_H

#include <stdint.h>

/* Whole words: compilers do not always see that bytes side by side are one. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint16_t swap_be16(uint16_t value) {
  return __builtin_bswap16(value);
}
static inline uint32_t swap_be32(uint32_t value) {
  return __builtin_bswap32(value);
}
#else
static inline uint16_t swap_be16(uint16_t value) {
  return value;
}
static inline uint32_t swap_be32(uint32_t value) {
  return value;
}
#endif

static inline uint16_t get_be16(const uint8_t *p) {
  uint16_t word;
  __builtin_memcpy(&word, p, sizeof(word));
  return swap_be16(word);
}
static inline uint32_t get_be32(const uint8_t *p) {
  uint32_t word;
  __builtin_memcpy(&word, p, sizeof(word));
  return swap_be32(word);
}
static inline void put_be16(uint8_t *p, uint16_t value) {
  uint16_t word = swap_be16(value);
  __builtin_memcpy(p, &word, sizeof(word));
}
static inline void put_be32(uint8_t *p, uint32_t value) {
  uint32_t word = swap_be32(value);
  __builtin_memcpy(p, &word, sizeof(word));
}

#endif
