/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4, and where the secrets come from. */
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
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
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

void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key) {
  stack->platform->random(stack->platform->ctx, key, sizeof(*key));
}

void ph_ends_key_init(struct ph_stack *stack, struct ph_ends_key *key) {
  stack->platform->random(stack->platform->ctx, key, sizeof(*key));
}
