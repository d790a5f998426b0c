/* SPDX-License-Identifier: Apache-2.0 */
/* The one-line script of a link. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/wire/link.h"

struct unit {
  const char *name;
  double factor;
};

static const struct unit time_units[] = {{"ps", 1},   {"ns", 1e3}, {"us", 1e6},
                                         {"ms", 1e9}, {"s", 1e12}, {0}};
static const struct unit rate_units[] = {
    {"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {0}};
static const struct unit byte_units[] = {
    {"B", 1},    {"kB", 1e3},      {"KB", 1e3}, {"KiB", 1024},
    {"MB", 1e6}, {"MiB", 1048576}, {0}};

/* A number and its unit, rounded; false if it is malformed or above 2^53. */
static bool read_unit(const char *text, const struct unit *units,
                      uint64_t *value) {
  char *end;
  double number = strtod(text, &end);
  if (end == text || !(number >= 0)) {
    return false;
  }
  for (; units->name; units++) {
    if (strcmp(end, units->name) == 0) {
      number = number * units->factor + 0.5;
      if (number > 9e15) {
        return false;
      }
      *value = (uint64_t)number;
      return true;
    }
  }
  return false;
}

static bool read_integer(const char *text, uint64_t *value) {
  char *end;
  *value = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == 0;
}

static bool read_fault(struct link_fault *fault, char *text) {
  char *rest;
  for (char *item = strtok_r(text, ",", &rest); item;
       item = strtok_r(NULL, ",", &rest)) {
    char *end;
    double number = strtod(item, &end);
    if (end == item || *end || !(number >= 0) || number > 9e15) {
      return false;
    }
    if (number < 1) {
      fault->threshold = (uint64_t)(number * 4294967296.0 + 0.5);
    } else if (number == floor(number) && fault->listed_count < LINK_LISTED) {
      fault->listed[fault->listed_count++] = (uint64_t)number;
    } else {
      return false;
    }
  }
  return true;
}

static const struct {
  const char *name, *wanted;
} keys[] = {
    {"delay", "a time of 200ns or more such as 5us"},
    {"rate", "a rate such as 1Gbps or 100Mbps"},
    {"queue", "a number of packets such as 100, or of bytes such as 64KiB"},
    {"ecn", "a number of waiting packets such as 20"},
    {"drop", "frame numbers such as 3,7 or a probability below 1"},
    {"loss", "a probability below 1 or frame numbers such as 3,7"},
    {"dup", "a probability below 1 or frame numbers such as 3,7"},
    {"reorder", "a probability below 1 or frame numbers such as 3,7"},
    {"fcs", "a probability below 1 or frame numbers such as 3,7"},
    {"flip", "a probability below 1 or frame numbers such as 3,7"},
    {"seed", "a positive integer"},
};

static bool read_queue(struct link_config *config, const char *value) {
  uint64_t number;
  if (read_integer(value, &number) && number <= UINT32_MAX) {
    config->queue_packets = (uint32_t)number;
    config->queue_bytes = 0;
    return true;
  }
  config->queue_packets = 0;
  return read_unit(value, byte_units, &config->queue_bytes);
}

static bool read_key(struct link_config *config, size_t key, char *value) {
  uint64_t number;
  switch (key) {
    case 0:
      return read_unit(value, time_units, &config->delay) &&
             config->delay >= LINK_DELAY_MIN;
    case 1:
      return read_unit(value, rate_units, &config->rate_bps) &&
             config->rate_bps >= 1000;
    case 2:
      return read_queue(config, value);
    case 3:
      if (!read_integer(value, &number) || number > UINT32_MAX) {
        return false;
      }
      config->ecn_packets = (uint32_t)number;
      return true;
    case 4:
    case 5:
      return read_fault(&config->loss, value);
    case 6:
      return read_fault(&config->dup, value);
    case 7:
      return read_fault(&config->reorder, value);
    case 8:
      return read_fault(&config->fcs, value);
    case 9:
      return read_fault(&config->flip, value);
    default:
      return read_integer(value, &config->seed) && config->seed > 0;
  }
}

static bool read_item(struct link_config *config, char *item, char *error,
                      size_t error_size) {
  char *value = strchr(item, '=');
  if (value) {
    *value++ = 0;
  }
  for (size_t key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
    if (strcmp(item, keys[key].name) != 0) {
      continue;
    }
    char copy[64];
    snprintf(copy, sizeof(copy), "%s", value ? value : "");
    if (value && *value && read_key(config, key, value)) {
      return true;
    }
    snprintf(error, error_size, "--wire: %s=%s is not valid, expected %s", item,
             copy, keys[key].wanted);
    return false;
  }
  snprintf(error, error_size,
           "--wire: '%.40s' is unknown, expected delay=, rate=, queue=, ecn=, "
           "drop=, loss=, dup=, reorder=, fcs=, flip= or seed=",
           item);
  return false;
}

bool link_config_parse(struct link_config *config, const char *text,
                       char *error, size_t error_size) {
  char copy[1024];
  if (strlen(text) >= sizeof(copy)) {
    snprintf(error, error_size, "--wire: at most %zu characters are read",
             sizeof(copy) - 1);
    return false;
  }
  snprintf(copy, sizeof(copy), "%s", text);
  char *rest;
  for (char *item = strtok_r(copy, " \t", &rest); item;
       item = strtok_r(NULL, " \t", &rest)) {
    if (!read_item(config, item, error, error_size)) {
      return false;
    }
  }
  return true;
}
