/* SPDX-License-Identifier: Apache-2.0 */
/* What host software costs in simulated time: a table of integers, applied to
 * counts of work (docs/decisions/0005-host-software-in-simulated-time.md).
 *
 * A table in a file has one `name value` per line, `#` starts a comment; names
 * and units are those of COST_MAP. What a file does not name keeps the value of
 * `default`.
 */
#ifndef PH_SIM_CORE_COST_H
#define PH_SIM_CORE_COST_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/core/time.h"

/* X(name, default in picoseconds per unit, why). The default processor executes
 * 3 instructions per nanosecond (3 GHz at one instruction per cycle, which
 * network code reaches). Instructions per frame and summed byte were counted
 * with callgrind over a download by this stack (-O2); entries are what an
 * operating system needs around it. */
#define COST_MAP(X)                                                           \
  X(entry, 300000, "application resumed: a context switch, 900 instructions") \
  X(interrupt, 600000, "trap, acknowledge, softirq: 1800 instructions")       \
  X(timer, 150000, "timer interrupt and dispatch: 450 instructions")          \
  X(socket_call, 100000, "system call and socket lookup: 300 instructions")   \
  X(segment_in, 350000, "input of one frame: 1050 instructions, counted")     \
  X(segment_out, 350000, "output of one packet: 1050 instructions, counted")  \
  X(segment_cut, 150000, "segment cut by software: 450, counted")             \
  X(byte_copied, 60, "a copy through the caches: 16 bytes per ns")            \
  X(byte_summed, 370, "sum in software: 1.1 instructions, counted")           \
  X(register_read, 400000, "an uncached read waits for the device")           \
  X(register_write, 30000, "a posted write")

enum cost_item {
#define X(name, value, why) COST_##name,
  COST_MAP(X)
#undef X
      COST_COUNT
};

struct cost_table {
  const char *title;       /* "ideal", "default" or the file's name; the table
                              does not own it */
  uint64_t ps[COST_COUNT]; /* per unit */
  uint64_t entry_least;    /* ps that any entry costs at least */
};

/* Counts of work since some start. */
struct cost_counts {
  uint64_t n[COST_COUNT];
};

/* `name`: "ideal" (1 ns per entry and nothing else), "default", or a file.
 * On failure writes one sentence to `error` and returns false. */
bool cost_table_load(struct cost_table *table, const char *name, char *error,
                     size_t error_size);

/* Simulated time of the work between two counts. */
sim_time cost_of(const struct cost_table *table,
                 const struct cost_counts *before,
                 const struct cost_counts *after);

/* Name and explanation of an item; static. */
const char *cost_item_name(enum cost_item item);
const char *cost_item_reason(enum cost_item item);

#endif
