/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_SIM_TOOL_FILE_H
#define PH_SIM_TOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

/* All of a file, whatever it is: a pipe has no size. 0, and the caller frees
 * `*data`; or 2 after a sentence. */
int file_load(const char *name, uint8_t **data, size_t *size);

#endif
