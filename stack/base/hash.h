/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes: SipHash-2-4 (Aumasson, Bernstein 2012) for what an attacker
 * must not predict (initial sequence numbers, ports), universal hashes, which
 * cost a few multiplications, for tables. */
#ifndef PH_BASE_HASH_H
#define PH_BASE_HASH_H

#include "stack/base/types.h"

struct ph_stack;

struct ph_hash_key {
  uint64_t k0, k1;
};

/* The secret of ph_hash_ends(): a word for each of what is hashed. */
struct ph_ends_key {
  uint32_t k[10];
};

/* A fresh secret from the platform's random source. */
void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key);

void ph_ends_key_init(struct ph_stack *stack, struct ph_ends_key *key);

/* SipHash-2-4 of a message in words of eight bytes, the last of which is
 * ph_siphash24_last(): what is left, 0 to 7 bytes, and the length of all. */
uint64_t ph_siphash24(const struct ph_hash_key *key, const uint64_t *words,
                      uint32_t count);
static inline uint64_t ph_siphash24_last(uint64_t rest, size_t len) {
  return (uint64_t)len << 56 | rest;
}
uint64_t ph_siphash24_addr(const struct ph_hash_key *key,
                           const struct ph_addr *addr);

/* What a hash of both ends is for: 0 and nothing, or a number of your own and
 * one more word to be hashed. */
struct ph_hash_use {
  uint32_t domain, word;
};

/* SipHash-2-4 of a connection's two ends. */
uint64_t ph_siphash24_ends(const struct ph_hash_key *key,
                           const struct ph_addr *local, uint16_t local_port,
                           const struct ph_addr *remote, uint16_t remote_port,
                           struct ph_hash_use use);

/* A cheap keyed hash of one word, for small tables that strangers can't fill:
 * the upper half of a multiplication. */
static inline uint32_t ph_hash_u32(const struct ph_hash_key *key,
                                   uint32_t word) {
  return (uint32_t)((word ^ key->k0) * (key->k1 | 1) >> 32);
}

/* Table hash of a connection's two ends: NH of UMAC (Black, Halevi, Krawczyk,
 * Krovetz, Rogaway 1999), which is universal: who does not know the key can't
 * choose ends that collide. The hash itself is never seen from outside. */
static inline uint32_t ph_hash_ends(const struct ph_ends_key *key,
                                    const struct ph_addr *local,
                                    uint16_t local_port,
                                    const struct ph_addr *remote,
                                    uint16_t remote_port) {
  const uint32_t *k = key->k;
  uint32_t a[4], b[4];
  memcpy(a, local->bytes, 16);
  memcpy(b, remote->bytes, 16);
  uint32_t ports = (uint32_t)local_port << 16 | remote_port;
  uint64_t hash =
      (uint64_t)(a[3] + k[0]) * (b[3] + k[1]) + (uint64_t)(ports + k[2]) * k[3];
  if (a[0] | b[0]) { /* not IPv4: three words of each end more */
    for (int i = 0; i < 3; i++) {
      hash += (uint64_t)(a[i] + k[4 + 2 * i]) * (b[i] + k[5 + 2 * i]);
    }
  }
  return (uint32_t)(hash >> 32) ^ (uint32_t)hash;
}

#endif
