/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs as applications of a run: `packhorse example NAME`. */
#ifndef PH_SIM_TOOL_EXAMPLE_H
#define PH_SIM_TOOL_EXAMPLE_H

#include "sim/run/options.h"

enum { EXAMPLE_PARTS = 4 };

/* A program of an example. In its words SERVER is the server's address, SELF
 * the host's, DIR its directory, in which there are data.bin (100 kB) and
 * index.html on the server, up.bin on the client. */
struct example_part {
  unsigned host;
  uint32_t start_ms;
  const char *who; /* what its screen is called */
  const char *line;
  const char *typed; /* lines, each behind the millisecond it is typed at */
  /* Runs with the words behind the first instead of the program that this
   * names; NULL: that one. */
  int (*fn)(int argc, char **argv);
};

struct example {
  const char *name, *text;
  bool ipv4_only;
  struct example_part parts[EXAMPLE_PARTS];
};

/* Prints a line for each. */
void example_list(void);

/* Is there one, and does it speak the family? False after a sentence on
 * stderr. */
bool example_known(const char *name, bool ipv6);

/* Runs it and reports; the exit status. */
int example_play(const struct example *example, const struct options *options);

#endif
