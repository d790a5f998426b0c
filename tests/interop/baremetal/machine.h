/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs on bare metal have of the machine, QEMU's "virt": the four
 * library functions, a console, the switch. */
#ifndef PH_TESTS_INTEROP_BAREMETAL_MACHINE_H
#define PH_TESTS_INTEROP_BAREMETAL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool machine_same(const uint8_t *a, const uint8_t *b, size_t n);
void machine_print(const char *text);
void machine_print_number(uint64_t v);

/* Says so and switches the machine off. */
_Noreturn void machine_finish(const char *text, bool good);

#endif
