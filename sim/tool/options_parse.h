/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: GNU-style long options, the same names in every command
 * that has them. Wrong arguments get one sentence and exit status 2. */
#ifndef PH_SIM_TOOL_OPTIONS_PARSE_H
#define PH_SIM_TOOL_OPTIONS_PARSE_H

#include "sim/run/options.h"

/* Reads argv. 0, or 2 after writing one sentence to stderr. */
int options_parse(struct options *options, int argc, char **argv);

/* Prints the help of a command, the list of commands (COMMAND_HELP), or a
 * topic ("cpu", "wire", or a command's name); false: no such topic. */
void options_help(enum command command);
bool options_help_topic(const char *topic);

/* Do they go together? 0, or 2 after a sentence. Sets what follows from
 * them. */
int options_check(struct options *options);

#endif
