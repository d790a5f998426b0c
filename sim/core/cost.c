/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/core/cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *reason;
  uint64_t ps;
} items[COST_COUNT] = {
#define X(name, value, why) {#name, why, value},
    COST_MAP(X)
#undef X
};

const char *cost_item_name(enum cost_item item) {
  return items[item].name;
}

const char *cost_item_reason(enum cost_item item) {
  return items[item].reason;
}

static bool read_line(struct cost_table *table, const char *line,
                      const char *file, int number, char *error,
                      size_t error_size) {
  char name[32];
  uint64_t value;
  int end = 0;
  if (sscanf(line, " %31s", name) != 1 || name[0] == '#') {
    return true;
  }
  if (sscanf(line, " %31s %" SCNu64 " %n", name, &value, &end) != 2 ||
      (line[end] && line[end] != '#')) {
    snprintf(error, error_size,
             "%s line %d: expected a name and a number of picoseconds", file,
             number);
    return false;
  }
  for (int i = 0; i < COST_COUNT; i++) {
    if (strcmp(name, items[i].name) == 0) {
      if (value > SIM_S) {
        snprintf(error, error_size, "%s line %d: at most one second is allowed",
                 file, number);
        return false;
      }
      table->ps[i] = value;
      return true;
    }
  }
  snprintf(error, error_size,
           "%s line %d: there is no cost named '%s' ('packhorse help cpu' "
           "lists them)",
           file, number, name);
  return false;
}

static bool read_table(struct cost_table *table, const char *name, char *error,
                       size_t error_size) {
  FILE *file = fopen(name, "r");
  if (!file) {
    snprintf(error, error_size,
             "--cpu %s: neither 'ideal' nor 'default' nor a file that can be "
             "read",
             name);
    return false;
  }
  char line[256];
  bool good = true;
  for (int number = 1; good && fgets(line, sizeof(line), file); number++) {
    line[strcspn(line, "\r\n")] = 0;
    good = read_line(table, line, name, number, error, error_size);
  }
  fclose(file);
  return good;
}

bool cost_table_load(struct cost_table *table, const char *name, char *error,
                     size_t error_size) {
  *table = (struct cost_table){.title = name, .entry_least = SIM_NS};
  if (strcmp(name, "ideal") == 0) {
    return true;
  }
  for (int i = 0; i < COST_COUNT; i++) {
    table->ps[i] = items[i].ps;
  }
  return strcmp(name, "default") == 0 ||
         read_table(table, name, error, error_size);
}

sim_time cost_of(const struct cost_table *table,
                 const struct cost_counts *before,
                 const struct cost_counts *after) {
  sim_time sum = 0;
  for (int i = 0; i < COST_COUNT; i++) {
    sum += (after->n[i] - before->n[i]) * table->ps[i];
  }
  return sum;
}
