/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is there or the program ends, and the one way to end it. */
#ifndef PH_SIM_CORE_UTIL_H
#define PH_SIM_CORE_UTIL_H

#include <stddef.h>

/* Prints "packhorse: " and the text, then exits with status 1. */
void sim_fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* Zeroed memory; the caller frees it. Ends the program when there is none. */
void *sim_alloc(size_t size);
void *sim_realloc(void *old, size_t size);

#endif
