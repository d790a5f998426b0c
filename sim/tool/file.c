/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

static int cannot_read(const char *name) {
  fprintf(stderr, "packhorse: %s: %s.\n", name,
          errno ? strerror(errno) : "it can't be read");
  return 2;
}

int file_load(FILE *file, const char *name, uint8_t **data, size_t *size) {
  size_t capacity = 1 << 20;
  errno = 0;
  *size = 0;
  *data = sim_alloc(capacity);
  size_t got;
  while ((got = fread(*data + *size, 1, capacity - *size, file)) > 0) {
    *size += got;
    if (*size == capacity) {
      capacity *= 2;
      *data = sim_realloc(*data, capacity);
    }
  }
  if (ferror(file)) {
    free(*data);
    *data = NULL;
    return cannot_read(name);
  }
  return 0;
}

int file_load_name(const char *name, uint8_t **data, size_t *size) {
  errno = 0;
  *data = NULL;
  FILE *file = fopen(name, "rb");
  if (!file) {
    return cannot_read(name);
  }
  int status = file_load(file, name, data, size);
  fclose(file);
  return status;
}
