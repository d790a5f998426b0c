/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs on Linux's own sockets. */
#include "sim/examples/console.h"

int main(int argc, char **argv) {
  return console_run(argc - 1, argv + 1, "linux PROGRAM [WORD]...");
}
