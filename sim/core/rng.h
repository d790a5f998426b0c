/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: one seed, one named stream per subsystem, so that a draw more
 * in one subsystem changes nothing in another. xoshiro256** seeded through
 * splitmix64 (Blackman, Vigna 2018); never used for secrets of real machines.
 */
#ifndef PH_SIM_CORE_RNG_H
#define PH_SIM_CORE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_rng {
  uint64_t s[4];
};

/* The stream `name` of `seed`. */
void sim_rng_init(struct sim_rng *rng, uint64_t seed, const char *name);

uint64_t sim_rng_next(struct sim_rng *rng);

/* Uniform in 0 .. bound - 1; bound > 0. */
uint32_t sim_rng_below(struct sim_rng *rng, uint32_t bound);

/* True in `threshold` of 2^32 cases; UINT32_MAX + 1 is always. */
bool sim_rng_chance(struct sim_rng *rng, uint64_t threshold);

void sim_rng_fill(struct sim_rng *rng, void *to, size_t n);

#endif
