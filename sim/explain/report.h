/* SPDX-License-Identifier: Apache-2.0 */
/* One self-contained HTML page of a transfer: time-sequence plot, windows,
 * buffers and queues, the way of chosen packets, super-segments beside their
 * segments, offloads on beside off. The page holds the run as JSON; report.js
 * draws it, report.css dresses it. It asks for nothing over a network. */
#ifndef PH_SIM_EXPLAIN_REPORT_H
#define PH_SIM_EXPLAIN_REPORT_H

#include "sim/run/record.h"
#include "sim/run/transfer.h"

/* What the page is built of: report.css and report.js as they are. */
extern const char report_css[], report_js[];

/* One run of the page. */
struct report_side {
  const struct transfer *transfer;
  const struct record *record;
};

/* Writes the page. The timeline of `with` is still open. `plain`: the same
 * transfer without offloads; its transfer may be NULL. False after a sentence
 * on stderr. */
bool report_write(const char *path, struct report_side with,
                  struct report_side plain);

/* The page with any other JSON in it, which `data` writes. */
typedef void report_data_fn(FILE *file, const void *ctx);
bool report_page(const char *path, report_data_fn *data, const void *ctx);

/* The JSON in the page; report_data.c. */
void report_data(FILE *file, struct report_side with, struct report_side plain);

#endif
