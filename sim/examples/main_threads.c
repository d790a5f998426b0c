/* SPDX-License-Identifier: Apache-2.0 */
/* The example programs on a stack of their own, which reaches Linux over a TAP
 * device. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/examples/console.h"
#include "sim/threads/packhorse.h"

enum { PATIENCE_MS = 5000 };

static const char usage[] =
    "packhorse [--tap NAME] [--address A/N]... [--gateway A]... "
    "[--name-server A] PROGRAM [WORD]...";

/* False: no such option. The last of a kind stands if there are too many. */
static bool set(struct packhorse_config *config, int code, const char *value) {
  int last = PACKHORSE_ADDRESSES - 1, i = 0;
  const char **list = code == 'a' ? config->address : config->gateway;
  switch (code) {
    case 't':
      config->tap = value;
      return true;
    case 'n':
      config->name_server = value;
      return true;
    case 'a':
    case 'g':
      while (i < last && list[i]) {
        i++;
      }
      list[i] = value;
      return true;
    default:
      return false;
  }
}

int main(int argc, char **argv) {
  static const struct option longs[] = {
      {"tap", required_argument, NULL, 't'},
      {"address", required_argument, NULL, 'a'},
      {"gateway", required_argument, NULL, 'g'},
      {"name-server", required_argument, NULL, 'n'},
      {NULL, 0, NULL, 0},
  };
  struct packhorse_config config = {.tap = "ph0"};
  int code;
  while ((code = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
    if (!set(&config, code, optarg)) {
      return 2;
    }
  }
  if (!config.address[0]) {
    config.address[0] = "10.0.0.1/24";
  }
  struct packhorse *stack = packhorse_start(&config);
  if (!stack) {
    fprintf(stderr, "%s with %s: %s\n", config.tap, config.address[0],
            strerror(errno));
    return 2;
  }
  int status = console_run(argc - optind, argv + optind, usage);
  packhorse_stop(stack, PATIENCE_MS);
  packhorse_free(stack);
  return status;
}
