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

static inline void sip_word(struct sip *s, uint64_t word) {
  s->v3 ^= word;
  sip_round(s);
  sip_round(s);
  s->v0 ^= word;
}

/* The last word holds 0 to 7 bytes and the length of all. */
static inline uint64_t sip_end(struct sip *s, uint64_t rest, size_t len) {
  sip_word(s, (uint64_t)len << 56 | rest);
  s->v2 ^= 0xff;
  for (int i = 0; i < 4; i++) {
    sip_round(s);
  }
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t load_le(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

uint64_t ph_siphash24(const struct ph_hash_key *key, const void *data,
                      size_t len) {
  const uint8_t *p = data;
  struct sip s = sip_start(key);
  for (size_t left = len; left >= 8; left -= 8, p += 8) {
    sip_word(&s, load_le(p));
  }
  uint64_t rest = 0;
  for (size_t i = 0; i < len % 8; i++) {
    rest |= (uint64_t)p[i] << (8 * i);
  }
  return sip_end(&s, rest, len);
}

/* The words are: the addresses, in one word if both are of IPv4, else in four;
 * what it is for, if for something; the ports. So its length says what kind
 * of message it is, and messages that differ in anything differ. */
uint64_t ph_siphash24_ends(const struct ph_hash_key *key,
                           const struct ph_addr *local, uint16_t local_port,
                           const struct ph_addr *remote, uint16_t remote_port,
                           struct ph_hash_use use) {
  struct sip s = sip_start(key);
  size_t len = 4;
  if (ph_addr_is_v4(local) && ph_addr_is_v4(remote)) {
    sip_word(&s, (uint64_t)ph_addr_to_v4(local) << 32 | ph_addr_to_v4(remote));
    len += 8;
  } else {
    sip_word(&s, load_le(local->bytes));
    sip_word(&s, load_le(local->bytes + 8));
    sip_word(&s, load_le(remote->bytes));
    sip_word(&s, load_le(remote->bytes + 8));
    len += 32;
  }
  if (use.domain != 0) {
    sip_word(&s, (uint64_t)use.domain << 32 | use.word);
    len += 8;
  }
  return sip_end(&s, (uint32_t)local_port << 16 | remote_port, len);
}

void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key) {
  stack->platform->random(stack->platform->ctx, key, sizeof(*key));
}

void ph_ends_key_init(struct ph_stack *stack, struct ph_ends_key *key) {
  stack->platform->random(stack->platform->ctx, key, sizeof(*key));
}
