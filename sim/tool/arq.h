/* SPDX-License-Identifier: Apache-2.0 */
/* Throughput of the three ARQ protocols: what a run measured beside what the
 * textbook has (docs/tcp/arq.md). */
#ifndef PH_SIM_TOOL_ARQ_H
#define PH_SIM_TOOL_ARQ_H

#include "sim/tool/options_arq.h"

/* What the formulas are of. Times in seconds. */
struct arq_model {
  int32_t mode;
  double loss;       /* p, of a data frame */
  double frame;      /* T: a data frame occupies the wire */
  double round_trip; /* R, without queues */
  double timeout;    /* T0, in round trips */
  double window;     /* N; stop-and-wait has 1 */
  double bytes;      /* payload of a frame */
};

/* Bits per second of payload. */
double arq_formula(const struct arq_model *model);

struct arq_point {
  struct arq_model model;
  sim_time delay;
  double measured, formula; /* bits per second */
  uint64_t resent, timeouts;
  bool ok; /* the run went well, bit exact */
};

/* False after a sentence on stderr. */
bool arq_plot(const char *name, const struct options *options,
              const struct arq_point *points, unsigned count);

#endif
