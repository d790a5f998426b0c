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

/* Frame numbers and probabilities with commas between them. */
static bool read_fault(struct link_fault *fault, const char *text) {
  for (text += strspn(text, ","); *text; text += strspn(text, ",")) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || (*end && *end != ',') || !(number >= 0) ||
        number > 9e15) {
      return false;
    }
    if (number < 1) {
      fault->threshold = (uint64_t)(number * 4294967296.0 + 0.5);
    } else if (number == floor(number) && fault->listed_count < LINK_LISTED) {
      fault->listed[fault->listed_count++] = (uint64_t)number;
    } else {
      return false;
    }
    text = end;
  }
  return true;
}

enum key {
  KEY_DELAY,
  KEY_RATE,
  KEY_SEED,
  /* The rest may differ between the directions. */
  KEY_QUEUE,
  KEY_ECN,
  KEY_MTU,
  KEY_DROP,
  KEY_LOSS,
  KEY_DUP,
  KEY_REORDER,
  KEY_FCS,
  KEY_FLIP,
  KEY_COUNT
};

static const struct {
  const char *name, *wanted;
} keys[KEY_COUNT] = {
    {"delay", "a time of 200ns or more such as 5us"},
    {"rate", "a rate such as 1Gbps or 100Mbps"},
    {"seed", "a positive integer"},
    {"queue", "a number of packets such as 100, or of bytes such as 64KiB"},
    {"ecn", "a number of waiting packets such as 20, or of bytes: 30KiB"},
    {"mtu", "a number of bytes from 68 to 65535"},
    {"drop", "frame numbers such as 3,7 or a probability below 1"},
    {"loss", "a probability below 1 or frame numbers such as 3,7"},
    {"dup", "a probability below 1 or frame numbers such as 3,7"},
    {"reorder", "a probability below 1 or frame numbers such as 3,7"},
    {"fcs", "a probability below 1 or frame numbers such as 3,7"},
    {"flip", "a probability below 1 or frame numbers such as 3,7"},
};

/* Which directions the words behind it are for: bit d. */
enum { WAY_BOTH = 3 };
static const struct {
  const char *name;
  unsigned ways;
} directions[] = {
    {"a>b:", 1},           {"b>a:", 2},         {"client>server:", 1},
    {"server>client:", 2}, {"both:", WAY_BOTH},
};

/* A number of packets, or with a unit of bytes; the other one is then off. */
static bool read_amount(const char *value, uint32_t *packets, uint64_t *bytes) {
  uint64_t number;
  *packets = 0;
  *bytes = 0;
  if (read_integer(value, &number)) {
    *packets = (uint32_t)number;
    return number <= UINT32_MAX;
  }
  return read_unit(value, byte_units, bytes);
}

static bool read_link_key(struct link_config *config, enum key key,
                          const char *value) {
  switch (key) {
    case KEY_DELAY:
      return read_unit(value, time_units, &config->delay) &&
             config->delay >= LINK_DELAY_MIN;
    case KEY_RATE:
      return read_unit(value, rate_units, &config->rate_bps) &&
             config->rate_bps >= 1000;
    default:
      return read_integer(value, &config->seed) && config->seed > 0;
  }
}

static bool read_mtu(uint32_t *mtu, const char *value) {
  uint64_t number;
  bool good = read_integer(value, &number) && number >= 68 && number <= 65535;
  *mtu = good ? (uint32_t)number : 0;
  return good;
}

static bool read_way_key(struct link_way *way, enum key key,
                         const char *value) {
  switch (key) {
    case KEY_QUEUE:
      return read_amount(value, &way->queue_packets, &way->queue_bytes);
    case KEY_ECN:
      return read_amount(value, &way->ecn_packets, &way->ecn_bytes);
    case KEY_MTU:
      return read_mtu(&way->mtu, value);
    case KEY_DROP:
    case KEY_LOSS:
      return read_fault(&way->loss, value);
    case KEY_DUP:
      return read_fault(&way->dup, value);
    case KEY_REORDER:
      return read_fault(&way->reorder, value);
    case KEY_FCS:
      return read_fault(&way->fcs, value);
    default:
      return read_fault(&way->flip, value);
  }
}

static bool read_key(struct link_config *config, unsigned ways, enum key key,
                     const char *value) {
  if (key < KEY_QUEUE) {
    return read_link_key(config, key, value);
  }
  for (unsigned d = 0; d < 2; d++) {
    if (ways >> d & 1 && !read_way_key(&config->way[d], key, value)) {
      return false;
    }
  }
  return true;
}

static bool read_item(struct link_config *config, unsigned ways, char *item,
                      char *error, size_t error_size) {
  char *value = strchr(item, '=');
  if (value) {
    *value++ = 0;
  }
  for (int key = 0; key < KEY_COUNT; key++) {
    if (strcmp(item, keys[key].name) != 0) {
      continue;
    }
    if (value && *value && read_key(config, ways, (enum key)key, value)) {
      return true;
    }
    snprintf(error, error_size, "--wire: %s=%.60s is not valid, expected %s",
             item, value ? value : "", keys[key].wanted);
    return false;
  }
  snprintf(
      error, error_size,
      "--wire: '%.40s' is unknown, expected delay=, rate=, seed=, "
      "queue=, ecn=, mtu=, drop=, loss=, dup=, reorder=, fcs=, flip=, or a "
      "direction: a>b:, b>a: or both:",
      item);
  return false;
}

/* Reads the direction at the beginning of `item`, if there is one, and passes
 * over it. */
static bool read_direction(char **item, unsigned *ways, char *error,
                           size_t error_size) {
  char *colon = strchr(*item, ':');
  char *equals = strchr(*item, '=');
  if (!colon || (equals && equals < colon)) {
    return true;
  }
  size_t len = (size_t)(colon - *item) + 1;
  for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
    if (strlen(directions[i].name) == len &&
        strncmp(*item, directions[i].name, len) == 0) {
      *ways = directions[i].ways;
      *item += len;
      return true;
    }
  }
  snprintf(error, error_size,
           "--wire: '%.*s' is no direction, expected a>b: (or "
           "client>server:), b>a: (or server>client:) or both:",
           len < 40 ? (int)len : 40, *item);
  return false;
}

bool link_config_parse(struct link_config *config, const char *text,
                       char *error, size_t error_size) {
  char copy[1024];
  unsigned ways = WAY_BOTH;
  if (strlen(text) >= sizeof(copy)) {
    snprintf(error, error_size, "--wire: at most %zu characters are read",
             sizeof(copy) - 1);
    return false;
  }
  snprintf(copy, sizeof(copy), "%s", text);
  char *rest;
  for (char *item = strtok_r(copy, " \t", &rest); item;
       item = strtok_r(NULL, " \t", &rest)) {
    if (!read_direction(&item, &ways, error, error_size) ||
        (*item && !read_item(config, ways, item, error, error_size))) {
      return false;
    }
  }
  return true;
}
