/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/rng.h"

#include <string.h>

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

void sim_rng_init(struct sim_rng *rng, uint64_t seed, const char *name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a of the name */
  for (const char *c = name; *c; c++) {
    hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
  }
  uint64_t state = seed;
  state = splitmix64(&state) ^ hash;
  for (int i = 0; i < 4; i++) {
    rng->s[i] = splitmix64(&state);
  }
}

static uint64_t rotl(uint64_t x, int k) {
  return x << k | x >> (64 - k);
}

uint64_t sim_rng_next(struct sim_rng *rng) {
  uint64_t *s = rng->s;
  uint64_t result = rotl(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

uint32_t sim_rng_below(struct sim_rng *rng, uint32_t bound) {
  return (uint32_t)((sim_rng_next(rng) >> 32) * bound >> 32);
}

bool sim_rng_chance(struct sim_rng *rng, uint64_t threshold) {
  return sim_rng_next(rng) >> 32 < threshold;
}

void sim_rng_fill(struct sim_rng *rng, void *to, size_t n) {
  uint8_t *p = to;
  while (n) {
    uint64_t word = sim_rng_next(rng);
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (uint8_t)(word >> 8 * i);
    }
    size_t step = n < 8 ? n : 8;
    memcpy(p, bytes, step);
    p += step;
    n -= step;
  }
}
