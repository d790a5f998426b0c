/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/explain/report.h"

/* Both files become a part of the program as they are, with a zero behind. */
#define INCLUDE(name, path)                                 \
  __asm__(".pushsection .rodata\n.global " #name "\n" #name \
          ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n")
INCLUDE(report_css, "sim/explain/report.css");
INCLUDE(report_js, "sim/explain/report.js");

static void write_page(FILE *file, report_data_fn *data, const void *ctx) {
  fputs(
      "<!doctype html>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,"
      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n"
      "<title>Packhorse: report of a run</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<style>\n",
      file);
  fputs(report_css, file);
  fputs(
      "</style>\n</head>\n<body>\n<main id=\"page\"></main>\n"
      "<noscript>This page draws its plots with a script of its own.</noscript>"
      "\n<script id=\"run\" type=\"application/json\">\n",
      file);
  data(file, ctx);
  fputs("</script>\n<script>\n", file);
  fputs(report_js, file);
  fputs("</script>\n</body>\n</html>\n", file);
}

bool report_page(const char *path, report_data_fn *data, const void *ctx) {
  FILE *file = fopen(path, "w");
  if (!file) {
    fprintf(stderr, "packhorse: --report %s: %s.\n", path, strerror(errno));
    return false;
  }
  write_page(file, data, ctx);
  bool good = !ferror(file);
  good = fclose(file) == 0 && good;
  if (!good) {
    fprintf(stderr, "packhorse: --report %s: it could not be written.\n", path);
  }
  return good;
}

/* Of one run, and of the same without offloads. */
static void data_of_sides(FILE *file, const void *ctx) {
  const struct report_side *sides = ctx;
  report_data(file, sides[0], sides[1]);
}

bool report_write(const char *path, struct report_side with,
                  struct report_side plain) {
  const struct report_side sides[2] = {with, plain};
  return report_page(path, data_of_sides, sides);
}
