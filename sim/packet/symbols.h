/* SPDX-License-Identifier: Apache-2.0 */
/* Names of numbers in scripts: constants of sockets with Linux's values, and
 * errno. */
#ifndef PH_SIM_PACKET_SYMBOLS_H
#define PH_SIM_PACKET_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

bool symbol_value(const char *name, int64_t *value);

/* errno's number of "EAGAIN", or 0. */
int symbol_errno(const char *name);
/* "EAGAIN" for 11; never NULL. */
const char *symbol_errno_name(int number);

#endif
