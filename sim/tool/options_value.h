/* SPDX-License-Identifier: Apache-2.0 */
/* Values on the command line: what they may be, and what is said if they are
 * not. Names of options are identifiers, with '_' where users write '-'. */
#ifndef PH_SIM_TOOL_OPTIONS_VALUE_H
#define PH_SIM_TOOL_OPTIONS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The name as users write it, at most `size` bytes with the final 0. */
void options_dashed(char *to, size_t size, const char *from);

/* Says what was expected; returns 2, the exit status. */
int options_complain(const char *option, const char *value,
                     const char *expected);

/* A number with an optional suffix k, M, G (powers of 1000) or KiB, MiB. False:
 * it is none, or not from `least` to `most`. */
bool options_number(const char *text, uint64_t least, uint64_t most,
                    uint64_t *value);

/* The same; 0, or 2 after one sentence on stderr. */
int options_number32(const char *option, const char *text, uint32_t least,
                     uint32_t most, uint32_t *value);
int options_number16(const char *option, const char *text, uint16_t least,
                     uint16_t most, uint16_t *value);
/* From 1 to 10^12. */
int options_number64(const char *option, const char *text, uint64_t *value);

/* Of our host: an address with the length of its prefix (24), an Ethernet
 * address. 0, or 2 after one sentence on stderr. */
int options_address(const char *text, uint32_t *to, uint8_t *prefix_len);
int options_mac(const char *text, uint8_t mac[6]);

#endif
