/* SPDX-License-Identifier: Apache-2.0 */
/* throughput --arq: the formulas where textbooks give numbers, and runs beside
 * them (docs/tcp/arq.md). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/tool/arq.h"
#include "sim/tool/commands.h"
#include "tests/cosim/command.h"

/* 1 byte per frame, T = 1 s: the result is 8 U, U the textbook's utilization.
 */
static double utilization(int32_t mode, double p, double r, double n) {
  const struct arq_model model = {mode, p, 1, r, 1, n, 1};
  return arq_formula(&model) / 8;
}

static void expect_near(double value, double expected) {
  if (fabs(value - expected) > 1e-9) {
    fail_msg("%.12g, expected %.12g", value, expected);
  }
}

static void formulas_are_the_textbooks(void **state) {
  (void)state;
  double r = 21; /* 1 + 2a for a = 10 */
  expect_near(utilization(PH_TCP_ARQ_STOP_AND_WAIT, 0.1, r, 1), 0.9 / 21);
  expect_near(utilization(PH_TCP_ARQ_SELECTIVE_REPEAT, 0.1, r, 7),
              7 * 0.9 / 21);
  expect_near(utilization(PH_TCP_ARQ_SELECTIVE_REPEAT, 0.1, r, 21), 0.9);
  expect_near(utilization(PH_TCP_ARQ_SELECTIVE_REPEAT, 0.1, r, 40), 0.9);
  /* (1 - p) / (1 + 2ap), and what the three duplicates cost. */
  double d = 21 + 3 / 0.99;
  expect_near(utilization(PH_TCP_ARQ_GO_BACK_N, 0.01, r, 21),
              1 / (1 + 0.01 / 0.99 * d));
  expect_near(utilization(PH_TCP_ARQ_GO_BACK_N, 0, r, 7), 7.0 / 21);
}

/* Runs a command line; what it printed is in `text`. */
static int run(const char *line, char *text, size_t size) {
  return command_run(command_arq, line, STDOUT_FILENO, text, size);
}

static void grid_is_within_ten_percent_of_the_formulas(void **state) {
  (void)state;
  char text[8192];
  int status =
      run("throughput --arq all --bytes 3M --loss 0,0.01,0.05 --delay 500us",
          text, sizeof(text));
  if (status != 0 || !strstr(text, "9 runs, all bit exact")) {
    fail_msg("%s", text);
  }
}

static void narrow_window_is_within_ten_percent(void **state) {
  (void)state;
  char text[8192];
  int status =
      run("throughput --arq go-back-n --bytes 3M --loss 0.01,0.05 --delay 2ms "
          "--window 12",
          text, sizeof(text));
  if (status != 0 || !strstr(text, "2 runs, all bit exact")) {
    fail_msg("%s", text);
  }
}

static void rtl_does_the_same(void **state) {
  (void)state;
  char text[8192];
  int status =
      run("throughput --arq all --nic rtl --bytes 200k --loss 0 --delay 200us",
          text, sizeof(text));
  if (status != 0 || !strstr(text, "RTL NIC") ||
      !strstr(text, "3 runs, all bit exact")) {
    fail_msg("%s", text);
  }
}

static void plot_is_one_svg_with_a_mark_for_each_run(void **state) {
  (void)state;
  char name[] = "/tmp/arq_plot_XXXXXX";
  char line[128], text[8192];
  static char svg[65536];
  int fd = mkstemp(name);
  assert_true(fd >= 0);
  snprintf(line, sizeof(line),
           "throughput --arq stop-and-wait --bytes 500k --loss 0,0.02 "
           "--delay 300us --plot %s",
           name);
  (void)run(line, text, sizeof(text));
  FILE *file = fdopen(fd, "r");
  svg[fread(svg, 1, sizeof(svg) - 1, file)] = 0;
  fclose(file);
  unlink(name);
  assert_non_null(strstr(svg, "<svg xmlns="));
  assert_non_null(strstr(svg, "</svg>"));
  unsigned marks = 0; /* squares; one more in the legend */
  for (const char *at = svg; (at = strstr(at, "h8v8h-8z")) != NULL; at++) {
    marks++;
  }
  assert_int_equal(marks, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formulas_are_the_textbooks),
      cmocka_unit_test(grid_is_within_ten_percent_of_the_formulas),
      cmocka_unit_test(narrow_window_is_within_ten_percent),
      cmocka_unit_test(rtl_does_the_same),
      cmocka_unit_test(plot_is_one_svg_with_a_mark_for_each_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
