/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/options_value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_dashed(char *to, size_t size, const char *from) {
  snprintf(to, size, "%s", from);
  for (; *to; to++) {
    if (*to == '_') {
      *to = '-';
    }
  }
}

int options_complain(const char *option, const char *value,
                     const char *expected) {
  char name[32];
  options_dashed(name, sizeof(name), option);
  fprintf(stderr, "packhorse: --%s %s: expected %s.\n", name, value, expected);
  return 2;
}

bool options_number(const char *text, uint64_t least, uint64_t most,
                    uint64_t *value) {
  const struct {
    const char *name;
    uint64_t factor;
  } units[] = {{"", 1},           {"k", 1000},   {"M", 1000000},
               {"G", 1000000000}, {"KiB", 1024}, {"MiB", 1048576}};
  char *end;
  if (*text < '0' || *text > '9') {
    return false;
  }
  uint64_t number = strtoull(text, &end, 10);
  for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
    if (strcmp(end, units[i].name) == 0) {
      if (number > most / units[i].factor) {
        return false;
      }
      *value = number * units[i].factor;
      return *value >= least;
    }
  }
  return false;
}

int options_number32(const char *option, const char *text, uint32_t least,
                     uint32_t most, uint32_t *value) {
  uint64_t number;
  if (!options_number(text, least, most, &number)) {
    char expected[64];
    snprintf(expected, sizeof(expected), "a number from %u to %u", least, most);
    return options_complain(option, text, expected);
  }
  *value = (uint32_t)number;
  return 0;
}

int options_number16(const char *option, const char *text, uint16_t least,
                     uint16_t most, uint16_t *value) {
  uint32_t number = 0;
  int status = options_number32(option, text, least, most, &number);
  *value = (uint16_t)number;
  return status;
}

int options_number64(const char *option, const char *text, uint64_t *value) {
  return options_number(text, 1, UINT64_C(1000000000000), value)
             ? 0
             : options_complain(option, text,
                                "a positive number such as 1500000");
}

int options_address(const char *text, uint32_t *to, uint8_t *prefix_len) {
  char copy[32];
  snprintf(copy, sizeof(copy), "%s", text);
  char *slash = strchr(copy, '/');
  uint64_t length = 24;
  struct in_addr address;
  if (slash) {
    *slash++ = 0;
  }
  if ((slash && !options_number(slash, 1, 30, &length)) ||
      inet_pton(AF_INET, copy, &address) != 1) {
    return options_complain("address", text, "an address such as 10.0.0.1/24");
  }
  *to = ntohl(address.s_addr);
  *prefix_len = (uint8_t)length;
  return 0;
}

int options_mac(const char *text, uint8_t mac[6]) {
  unsigned byte[6];
  char more;
  if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) ||
      sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2],
             &byte[3], &byte[4], &byte[5], &more) != 6 ||
      byte[0] & 1) {
    return options_complain(
        "mac", text, "the address of one station such as 02:50:48:00:00:01");
  }
  for (int i = 0; i < 6; i++) {
    mac[i] = (uint8_t)byte[i];
  }
  return 0;
}
