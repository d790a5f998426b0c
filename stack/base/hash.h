/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes: SipHash (Aumasson, Bernstein 2012). 2-4 for what an attacker
 * must not predict (initial sequence numbers, ports); 1-3, the cheaper one
 * that Linux and Rust use, for hash tables. */
#ifndef PH_BASE_HASH_H
#define PH_BASE_HASH_H

#include "stack/base/types.h"

struct ph_stack;

struct ph_hash_key {
  uint64_t k0, k1;
};

/* A fresh secret from the platform's random source. */
void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key);

/* SipHash-2-4 of `len` bytes. */
uint64_t ph_siphash24(const struct ph_hash_key *key, const void *data,
                      size_t len);

/* SipHash-1-3 of `count` 64-bit words (as if stored little-endian). */
uint64_t ph_siphash13_words(const struct ph_hash_key *key,
                            const uint64_t *words, uint32_t count);

/* A cheap keyed hash of one word, for small tables that strangers can't fill:
 * the upper half of a multiplication. */
static inline uint32_t ph_hash_u32(const struct ph_hash_key *key,
                                   uint32_t word) {
  return (uint32_t)((word ^ key->k0) * (key->k1 | 1) >> 32);
}

/* Table hash of a connection's two ends. */
uint64_t ph_hash_ends(const struct ph_hash_key *key,
                      const struct ph_addr *local, uint16_t local_port,
                      const struct ph_addr *remote, uint16_t remote_port);

#endif
