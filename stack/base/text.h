/* SPDX-License-Identifier: Apache-2.0 */
/* Text: tables without pointers, and what of <string.h> the stack needs. */
#ifndef PH_BASE_TEXT_H
#define PH_BASE_TEXT_H

#include "stack/base/types.h"

/* The `n`-th, from 0, of texts that stand one behind the other, each with its
 * end: "one\0" "two\0" "three". There must be so many. */
const char *ph_text_nth(const char *texts, uint32_t n);

/* Without the end. */
uint32_t ph_text_len(const char *text);

bool ph_text_equal(const char *a, const char *b);

#endif
