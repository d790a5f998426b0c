/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs as applications of a run: `packhorse example NAME`. */
#ifndef PH_SIM_TOOL_EXAMPLE_H
#define PH_SIM_TOOL_EXAMPLE_H

#include <stdbool.h>

/* Prints a line for each. */
void example_list(void);

/* Is there one, and does it speak the family? False after a sentence on
 * stderr. */
bool example_known(const char *name, bool ipv6);

#endif
