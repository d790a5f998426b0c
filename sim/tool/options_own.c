/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/options_own.h"

#include <stdio.h>

static int unknown(const char *command, const char *option) {
  fprintf(stderr,
          "packhorse: %s: '%s' has no such option, or it lacks its value "
          "('packhorse %s --help' lists them).\n",
          option, command, command);
  return -2;
}

int options_own_read(const struct options_own *own, void *ctx, int argc,
                     char **argv, char ***operands) {
  int code;
  opterr = 0;
  optind = 0;
  while ((code = getopt_long(argc, argv, own->shorts, own->longs, NULL)) !=
         -1) {
    if (code == 'h') {
      fputs(own->help, stdout);
      return 0;
    }
    if (code == '?') {
      return unknown(own->command, argv[optind - 1]);
    }
    int status = own->take(ctx, code, optarg);
    if (status) {
      return -status;
    }
  }
  int count = argc - optind;
  if (count == 0 || (count > 1 && !own->many)) {
    fprintf(stderr, "packhorse: %s: expected %s.\n", own->command,
            own->operands);
    return -2;
  }
  *operands = argv + optind;
  return count;
}
