/* SPDX-License-Identifier: Apache-2.0 */
/* One seeded run of two hosts whose limit is known from how it was set up: a
 * kind of limit is drawn first, then rates, buffers, paces and losses such that
 * this limit is the lowest by a factor of two. What was true at each moment is
 * integrated from inside of both hosts, with the link's rate and delay known.
 */
#ifndef PH_TESTS_COSIM_DIAGNOSE_RUN_H
#define PH_TESTS_COSIM_DIAGNOSE_RUN_H

#include "sim/diagnose/limit.h"

struct diagnose_run {
  uint64_t seed;
  /* Drawn. Rates in bytes per second. */
  enum limit kind;
  uint64_t rate_bps, delay_us;
  uint64_t write_rate, read_rate;
  uint32_t app_buffer, sndbuf, rcvbuf;
  double loss;
  uint64_t queue;
  uint64_t bytes;
  const char *congestion;
  /* What came of it. */
  bool ok;
  struct limit_report truth;
  struct limit_report counted; /* by the sender's stack */
};

void diagnose_run_draw(struct diagnose_run *run, uint64_t seed);

/* Runs it with a capture in `path`. False: the transfer failed. */
bool diagnose_run(struct diagnose_run *run, const char *path);

/* The direction that carried the data, as seen at `place` ("client:wire"). */
bool diagnose_run_read(const char *path, const char *place,
                       struct limit_report *report);

/* As a recording can tell it: a full send buffer is a sending application. */
void diagnose_join(struct limit_report *report);

/* The largest difference of a share, in points of 100. */
double diagnose_difference(const struct limit_report *a,
                           const struct limit_report *b);

#endif
