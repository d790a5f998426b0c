/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/core/util.h"
#include "sim/tool/commands.h"
#include "sim/explain/scenario.h"

/* What went wrong, if anything did. */
static void print_failure(const struct scenario_run *run) {
  for (unsigned i = 0; i < RECORD_HOSTS; i++) {
    if (run->error[i]) {
      printf("FAILED: a call of the %s: %s\n", i ? "server" : "client",
             ph_strerror(run->error[i]));
    }
  }
  if (!run->run.healthy) {
    printf("FAILED: %s\n", run->run.why);
  }
}

static int show(const struct scenario_story *story,
                const struct options *options) {
  const struct scenario_run *run = story->run;
  bool good = !options->picture || scenario_draw(story, options->picture);
  if (options->json) {
    scenario_json(story);
  } else {
    scenario_print(story);
    print_failure(run);
    printf("\nevent hash %016llx\n", (unsigned long long)run->run.event_hash);
    if (options->picture && good) {
      printf("Picture   %s   (any browser shows it)\n", options->picture);
    }
    run_print_files(&run->run);
  }
  return good && scenario_holds(story) ? 0 : 1;
}

int command_scenario(const struct options *options) {
  struct scenario_run *run = sim_alloc(sizeof(*run));
  struct scenario_story *story = sim_alloc(sizeof(*story));
  int status = scenario_play(run, scenario_find(options->topic), options);
  if (status == 0) {
    scenario_tell(story, run);
    status = show(story, options);
  }
  scenario_free(run);
  free(run);
  free(story);
  return status;
}
