/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sim_fatal(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("packhorse: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

void *sim_alloc(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) {
    sim_fatal("no memory for %zu bytes", size);
  }
  return memory;
}

void *sim_realloc(void *old, size_t size) {
  void *memory = realloc(old, size ? size : 1);
  if (!memory) {
    sim_fatal("no memory for %zu bytes", size);
  }
  return memory;
}
