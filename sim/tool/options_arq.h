/* SPDX-License-Identifier: Apache-2.0 */
/* The options of throughput --arq. 0, or 2 after one sentence to stderr. */
#ifndef PH_SIM_TOOL_OPTIONS_ARQ_H
#define PH_SIM_TOOL_OPTIONS_ARQ_H

#include "sim/tool/options_parse.h"

int options_arq_modes(struct arq_grid *grid, const char *text);
int options_arq_loss(struct arq_grid *grid, const char *text);
int options_arq_delay(struct arq_grid *grid, const char *text);

/* Nothing of it without --arq; with it, defaults for what was not given. */
int options_arq_check(struct options *options);

/* "go-back-n". */
const char *options_arq_name(int32_t mode);

#endif
