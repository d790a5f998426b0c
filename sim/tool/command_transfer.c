/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "sim/tool/transfer.h"

/* Longer transfers run again without offloads only when they are asked to. */
enum { COMPARE_MAX = 20000000 };

/* The same transfer without offloads, and without files. */
static int compare(struct transfer *plain, const struct options *options) {
  struct options changed = *options;
  changed.offload = HOST_OFFLOAD_NONE;
  changed.pcapng = changed.timeline = changed.waves = changed.output = NULL;
  int status = transfer_run(plain, &changed, false);
  /* The report reads the options of a run. */
  plain->run.options = options;
  return status;
}

int command_transfer(const struct options *options) {
  struct transfer transfer, plain;
  bool bar = !options->json && isatty(STDERR_FILENO);
  int status = transfer_run(&transfer, options, bar);
  if (status) {
    return status;
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
