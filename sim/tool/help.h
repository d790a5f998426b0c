/* SPDX-License-Identifier: Apache-2.0 */
/* 'packhorse help TOPIC': the texts that belong to no single command. */
#ifndef PH_SIM_TOOL_HELP_H
#define PH_SIM_TOOL_HELP_H

#include <stdbool.h>

/* Prints the text about "cpu" or "wire"; false: there is none. */
bool help_topic(const char *topic);

#endif
