/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence number arithmetic modulo 2^32 (RFC 9293 3.4): `a` is before `b` if
 * the way from `a` up to `b` is shorter than 2^31. */
#ifndef PH_BASE_SEQ_H
#define PH_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* `a - b` as a signed distance. */
static inline int32_t seq_diff(uint32_t a, uint32_t b) {
  return (int32_t)(a - b);
}
static inline bool seq_lt(uint32_t a, uint32_t b) {
  return seq_diff(a, b) < 0;
}
static inline bool seq_leq(uint32_t a, uint32_t b) {
  return seq_diff(a, b) <= 0;
}
static inline bool seq_gt(uint32_t a, uint32_t b) {
  return seq_diff(a, b) > 0;
}
static inline bool seq_geq(uint32_t a, uint32_t b) {
  return seq_diff(a, b) >= 0;
}
static inline uint32_t seq_max(uint32_t a, uint32_t b) {
  return seq_gt(a, b) ? a : b;
}
static inline uint32_t seq_min(uint32_t a, uint32_t b) {
  return seq_lt(a, b) ? a : b;
}
/* True if `first <= seq < first + len`. */
static inline bool seq_in(uint32_t seq, uint32_t first, uint32_t len) {
  return seq - first < len;
}

#endif
