/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that have options of their own instead of a run's. */
#ifndef PH_SIM_TOOL_OPTIONS_OWN_H
#define PH_SIM_TOOL_OPTIONS_OWN_H

#include <getopt.h>
#include <stdbool.h>

struct options_own {
  const char *command, *help;
  const char *operands;       /* what is expected if they are missing */
  bool many;                  /* any number of operands, else one */
  const char *shorts;         /* as getopt has them */
  const struct option *longs; /* with --help as 'h' */
  /* Takes one option: 0, or 2 after a sentence. */
  int (*take)(void *ctx, int code, char *value);
};

/* How many operands there are, the first at `*operands`; or the negated exit
 * status: 0 after --help, -2 after a sentence on stderr. */
int options_own_read(const struct options_own *own, void *ctx, int argc,
                     char **argv, char ***operands);

#endif
