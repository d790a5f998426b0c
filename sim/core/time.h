/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated time: picoseconds since the start in 64 bits (213 days). A clock is
 * a ratio; its n-th edge is computed, so no rounded period accumulates. */
#ifndef PH_SIM_CORE_TIME_H
#define PH_SIM_CORE_TIME_H

#include <stdint.h>

typedef uint64_t sim_time; /* picoseconds */

#define SIM_NEVER UINT64_MAX
#define SIM_NS UINT64_C(1000)
#define SIM_US UINT64_C(1000000)
#define SIM_MS UINT64_C(1000000000)
#define SIM_S UINT64_C(1000000000000)

/* A clock with a period of num / den picoseconds. */
struct sim_clock {
  uint64_t num, den;
};

__extension__ typedef unsigned __int128 sim_u128;

/* Time of edge `n`: floor(n * num / den). */
static inline sim_time sim_clock_edge(const struct sim_clock *clock,
                                      uint64_t n) {
  return (sim_time)((sim_u128)n * clock->num / clock->den);
}

/* The first edge at or after `time`. */
static inline uint64_t sim_clock_edge_from(const struct sim_clock *clock,
                                           sim_time time) {
  uint64_t n = (uint64_t)((sim_u128)time * clock->den / clock->num);
  while (sim_clock_edge(clock, n) < time) {
    n++;
  }
  return n;
}

/* a + b, but SIM_NEVER absorbs. */
static inline sim_time sim_time_add(sim_time a, sim_time b) {
  return a > SIM_NEVER - b ? SIM_NEVER : a + b;
}

static inline sim_time sim_time_min(sim_time a, sim_time b) {
  return a < b ? a : b;
}

static inline sim_time sim_time_max(sim_time a, sim_time b) {
  return a > b ? a : b;
}

#endif
