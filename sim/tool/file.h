/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_SIM_TOOL_FILE_H
#define PH_SIM_TOOL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* All of `file`, whatever it is: a pipe has no size. 0, and the caller frees
 * `*data`; or 2 after a sentence. */
int file_load(FILE *file, const char *name, uint8_t **data, size_t *size);

/* The same of a file that is to be opened. */
int file_load_name(const char *name, uint8_t **data, size_t *size);

#endif
