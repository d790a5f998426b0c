/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 and SipHash-1-3. */
#include "stack/base/hash.h"

#include "stack/base/stack.h"

struct sip {
  uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned n) {
  return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip *s) {
  s->v0 += s->v1;
  s->v1 = rotl(s->v1, 13) ^ s->v0;
  s->v0 = rotl(s->v0, 32);
  s->v2 += s->v3;
  s->v3 = rotl(s->v3, 16) ^ s->v2;
  s->v0 += s->v3;
  s->v3 = rotl(s->v3, 21) ^ s->v0;
  s->v2 += s->v1;
  s->v1 = rotl(s->v1, 17) ^ s->v2;
  s->v2 = rotl(s->v2, 32);
}

static inline struct sip sip_start(const struct ph_hash_key *key) {
  struct sip s = {key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du,
                  key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u};
  return s;
}

static uint64_t load_le(const uint8_t *p, size_t n) {
  uint64_t word = 0;
  for (size_t i = 0; i < n; i++) {
    word |= (uint64_t)p[i] << (8 * i);
  }
  return word;
}

uint64_t ph_siphash24(const struct ph_hash_key *key, const void *data,
                      size_t len) {
  const uint8_t *p = data;
  struct sip s = sip_start(key);
  size_t left = len;
  for (; left >= 8; left -= 8, p += 8) {
    uint64_t word = load_le(p, 8);
    s.v3 ^= word;
    sip_round(&s);
    sip_round(&s);
    s.v0 ^= word;
  }
  uint64_t last = (uint64_t)len << 56 | load_le(p, left);
  s.v3 ^= last;
  sip_round(&s);
  sip_round(&s);
  s.v0 ^= last;
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; i++) {
    sip_round(&s);
  }
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static inline uint64_t sip13(const struct ph_hash_key *key,
                             const uint64_t *words, uint32_t count) {
  struct sip s = sip_start(key);
  for (uint32_t i = 0; i < count; i++) {
    s.v3 ^= words[i];
    sip_round(&s);
    s.v0 ^= words[i];
  }
  uint64_t last = (uint64_t)count << 59; /* 8 * count in the top byte */
  s.v3 ^= last;
  sip_round(&s);
  s.v0 ^= last;
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; i++) {
    sip_round(&s);
  }
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* The same for two words, without a loop. */
static inline uint64_t sip13_two(const struct ph_hash_key *key, uint64_t a,
                                 uint64_t b) {
  struct sip s = sip_start(key);
  s.v3 ^= a;
  sip_round(&s);
  s.v0 ^= a;
  s.v3 ^= b;
  sip_round(&s);
  s.v0 ^= b;
  s.v3 ^= (uint64_t)16 << 56;
  sip_round(&s);
  s.v0 ^= (uint64_t)16 << 56;
  s.v2 ^= 0xff;
  sip_round(&s);
  sip_round(&s);
  sip_round(&s);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t ph_siphash13_words(const struct ph_hash_key *key,
                            const uint64_t *words, uint32_t count) {
  return sip13(key, words, count);
}

uint64_t ph_hash_ends(const struct ph_hash_key *key,
                      const struct ph_addr *local, uint16_t local_port,
                      const struct ph_addr *remote, uint16_t remote_port) {
  uint64_t words[5];
  uint64_t ports = (uint64_t)local_port << 16 | remote_port;
  memcpy(&words[0], local->bytes, 16);
  memcpy(&words[2], remote->bytes, 16);
  if ((words[0] | words[2]) == 0) { /* IPv4: two words say all */
    uint64_t ends = words[1] >> 32 << 32 | words[3] >> 32;
    return sip13_two(key, ends, ports);
  }
  words[4] = ports;
  return sip13(key, words, 5);
}

void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key) {
  stack->platform->random(stack->platform->ctx, key, sizeof(*key));
}
