/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "sim/explain/journey.h"
#include "sim/explain/report.h"
#include "sim/run/transfer.h"

/* Longer transfers run again without offloads only when they are asked to. */
enum { COMPARE_MAX = 20000000 };

/* The same transfer without offloads, and without files. */
static int compare(struct transfer *plain, const struct options *options,
                   struct record *record) {
  struct options changed = *options;
  changed.offload = HOST_OFFLOAD_NONE;
  changed.report = NULL;
  changed.record = record;
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

static bool worth_comparing(const struct transfer *transfer) {
  const struct options *options = transfer->run.options;
  return options->compare && transfer->ok &&
         options->offload == HOST_OFFLOAD_ALL && transfer->bytes <= COMPARE_MAX;
}

/* The run with everything recorded, and a page of it beside the usual report.
 */
static int report(const struct options *options) {
  struct transfer transfer, plain;
  struct record record, plain_record;
  struct options changed = *options;
  record_init(&record);
  record_init(&plain_record);
  changed.record = &record;
  changed.explain = "first"; /* keeps the timeline */
  int status = transfer_run(&transfer, &changed, false);
  bool beside = status == 0 && worth_comparing(&transfer);
  if (beside) {
    status = compare(&plain, options, &plain_record);
  }
  if (status == 0) {
    record_close(&record);
    record_close(&plain_record);
    bool good = report_write(
        options->report, (struct report_side){&transfer, &record},
        (struct report_side){beside ? &plain : NULL, &plain_record});
    if (options->json) {
      transfer_json(&transfer);
    } else {
      transfer_report(&transfer, beside ? &plain : NULL);
      printf("\nReport    %s   (any browser shows it)\n", options->report);
    }
    status = good && transfer.ok && !(beside && !plain.ok) ? 0 : 1;
  }
  status = run_close_timeline(&transfer.run) ? status : 1;
  record_destroy(&record);
  record_destroy(&plain_record);
  return status;
}

int command_transfer(const struct options *options) {
  struct transfer transfer, plain;
  if (options->report) {
    return report(options);
  }
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
  bool beside = worth_comparing(&transfer);
  if (beside) {
    status = compare(&plain, options, NULL);
    if (status) {
      return status;
    }
  }
  transfer_report(&transfer, beside ? &plain : NULL);
  return transfer.ok && !(beside && !plain.ok) ? 0 : 1;
}
