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

static inline uint64_t sip_end(struct sip *s) {
  s->v2 ^= 0xff;
  for (int i = 0; i < 4; i++) {
    sip_round(s);
  }
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t ph_siphash24(const struct ph_hash_key *key, const uint64_t *words,
                      uint32_t count) {
  struct sip s = sip_start(key);
  for (const uint64_t *end = words + count; words < end; words++) {
    sip_word(&s, *words);
  }
  return sip_end(&s);
}

uint64_t ph_siphash24_addr(const struct ph_hash_key *key,
                           const struct ph_addr *addr) {
  uint64_t words[3] = {[2] = ph_siphash24_last(0, sizeof(addr->bytes))};
  memcpy(words, addr->bytes, sizeof(addr->bytes));
  return ph_siphash24(key, words, 3);
}

/* The words are: the addresses, in one word if both are of IPv4, else in four;
 * what it is for, if for something; the ports. So its length says what kind
 * of message it is, and messages that differ in anything differ. */
uint64_t ph_siphash24_ends(const struct ph_hash_key *key,
                           const struct ph_addr *local, uint16_t local_port,
                           const struct ph_addr *remote, uint16_t remote_port,
                           struct ph_hash_use use) {
  uint32_t ports = (uint32_t)local_port << 16 | remote_port;
  uint64_t words[6];
  uint32_t count = 1;
  if (ph_addr_is_v4(local) && ph_addr_is_v4(remote)) {
    words[0] = (uint64_t)ph_addr_to_v4(local) << 32 | ph_addr_to_v4(remote);
    if (PH_SHORT_WAYS && use.domain == 0) {
      struct sip s = sip_start(key);
      sip_word(&s, words[0]);
      sip_word(&s, ph_siphash24_last(ports, 8 + sizeof(ports)));
      return sip_end(&s);
    }
  } else {
    memcpy(words, local->bytes, 16);
    memcpy(words + 2, remote->bytes, 16);
    count = 4;
  }
  if (use.domain != 0) {
    words[count++] = (uint64_t)use.domain << 32 | use.word;
  }
  words[count] = ph_siphash24_last(ports, count * 8 + sizeof(ports));
  return ph_siphash24(key, words, count + 1);
}

void ph_hash_key_init(struct ph_stack *stack, struct ph_hash_key *key) {
  ph_stack_random(stack, key, sizeof(*key));
}

void ph_ends_key_init(struct ph_stack *stack, struct ph_ends_key *key) {
  ph_stack_random(stack, key, sizeof(*key));
}
