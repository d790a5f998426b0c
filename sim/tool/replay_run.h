/* SPDX-License-Identifier: Apache-2.0 */
/* A whole replay: the file, the host with its servers, the result. */
#ifndef PH_SIM_TOOL_REPLAY_RUN_H
#define PH_SIM_TOOL_REPLAY_RUN_H

#include "sim/host/replay.h"
#include "sim/run/run.h"

struct replay_result {
  /* As of a run of two hosts, of which there is the first only: link[0] is what
   * the host sent; link[1] has the faults that hit the recording. */
  struct run run;
  struct replay_stats stats;
  struct app_result http, echo;
  bool ok;
};

/* 0, or the exit status after one sentence on stderr: 2 if the file can't be
 * read or replayed, 1 if a result could not be written. */
int replay_file(struct replay_result *result, const struct options *options);

/* The report as text, and as one JSON object. */
void replay_print(const struct replay_result *result);
void replay_json(const struct replay_result *result);

#endif
