/* SPDX-License-Identifier: Apache-2.0 */
/* A process whose words name an example program. */
#ifndef PH_SIM_EXAMPLES_CONSOLE_H
#define PH_SIM_EXAMPLES_CONSOLE_H

/* Run the program that argv[0] names with the words behind it; the exit status.
 * Prints the list of programs if there is none of that name. */
int console_run(int argc, char **argv, const char *usage);

#endif
