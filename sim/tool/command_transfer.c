/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "sim/tool/journey.h"
#include "sim/tool/transfer.h"

/* Longer transfers run again without offloads only when they are asked to. */
enum { COMPARE_MAX = 20000000 };

/* The same transfer without offloads, and without files. */
static int compare(struct transfer *plain, const struct options *options) {
  struct options changed = *options;
  changed.offload = HOST_OFFLOAD_NONE;
  changed.pcapng = changed.timeline = changed.waves = changed.output = NULL;
  changed.explain = changed.picture = changed.state = NULL;
  changed.state_at_us = 0;
  int status = transfer_run(plain, &changed, false);
  /* The report reads the options of a run. */
  plain->run.options = options;
  return status;
}

/* The way of one packet, instead of the report. */
static int explain(struct transfer *transfer) {
  struct run *run = &transfer->run;
  const struct options *options = run->options;
  static struct journey journey;
  bool good = journey_find(&journey, options, run->timeline);
  if (good) {
    journey_print(&journey);
    good = !options->picture || journey_draw(&journey, options->picture);
    if (good && options->picture) {
      printf("\nPicture   %s   (any browser shows it)\n", options->picture);
    }
  }
  good = run_close_timeline(run) && good;
  if (good) {
    run_print_files(run);
  }
  if (!transfer->ok) {
    fprintf(stderr,
            "packhorse: the transfer failed; without --explain the "
            "same command says how.\n");
  }
  return good && transfer->ok ? 0 : 1;
}

int command_transfer(const struct options *options) {
  struct transfer transfer, plain;
  bool bar = !options->json && isatty(STDERR_FILENO);
  int status = transfer_run(&transfer, options, bar);
  if (status) {
    (void)run_close_timeline(&transfer.run);
    return status;
  }
  if (options->explain) {
    return explain(&transfer);
  }
  if (options->json) {
    transfer_json(&transfer);
    return transfer.ok ? 0 : 1;
  }
  bool beside = options->compare && transfer.ok &&
                options->offload == HOST_OFFLOAD_ALL &&
                transfer.bytes <= COMPARE_MAX;
  if (beside) {
    status = compare(&plain, options);
    if (status) {
      return status;
    }
  }
  transfer_report(&transfer, beside ? &plain : NULL);
  return transfer.ok && !(beside && !plain.ok) ? 0 : 1;
}
