/* SPDX-License-Identifier: Apache-2.0 */
/* The tool's command lines, and what it writes, inside a test. */
#ifndef PH_TESTS_COSIM_COMMAND_H
#define PH_TESTS_COSIM_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "sim/run/transfer.h"
#include "sim/tool/options_parse.h"

/* Parse "packhorse LINE": words are parted by spaces, a `+` is a space inside
 * one. The options point into memory that the next call takes again. */
int command_parse(struct options *options, const char *line);

/* From here on what is written to `fd`, stdout or stderr, goes into a file. */
struct command_capture {
  int fd, saved;
  FILE *file;
};
typedef int command_fn(const struct options *options);
/* Parse a line and run its command: the status, and what it wrote to `fd`. */
int command_run(command_fn *command, const char *line, int fd, char *text,
                size_t size);

void command_capture(struct command_capture *capture, int fd);
/* The end of that; `text` is what was written, cut to `size` - 1. */
void command_captured(const struct command_capture *capture, char *text,
                      size_t size);

/* The transfer of a line, without its report; it must succeed. */
void command_transfer_ok(struct transfer *result, const char *line);

#endif
