/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose: seeded runs, whose limit is known from how they were set up; and
 * the commands diagnose and report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "tests/cosim/command.h"
#include "tests/cosim/diagnose_made.h"
#include "tests/cosim/diagnose_run.h"

enum { ROUNDS = 20, RUNS = 12 };

static char text[32768];

static uint32_t round_us(int round) {
  return (uint32_t)(round + 1) * MADE_RTT_US;
}

/* --- Seeded runs -----------------------------------------------------------
 */

static void seeded_runs_get_their_verdict_at_each_place(void **state) {
  (void)state;
  static const char *const places[] = {"client:host", "client:wire",
                                       "server:wire", "server:host"};
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  int fd = mkstemp(path);
  unsigned near = 0;
  assert_true(fd >= 0);
  close(fd);
  for (uint64_t seed = 1; seed <= RUNS; seed++) {
    struct diagnose_run run;
    diagnose_run_draw(&run, seed);
    assert_true(diagnose_run(&run, path));
    assert_int_equal(run.truth.verdict, run.kind);
    diagnose_join(&run.truth);
    for (int i = 0; i < 4; i++) {
      struct limit_report report;
      assert_true(diagnose_run_read(path, places[i], &report));
      if (!report.known || report.verdict != run.truth.verdict) {
        fail_msg("seed %u at %s: %s, expected %s", (unsigned)seed, places[i],
                 limit_name(report.verdict), limit_name(run.truth.verdict));
      }
      near += diagnose_difference(&report, &run.truth) <= 5;
    }
    diagnose_join(&run.counted);
    assert_int_equal(run.counted.verdict, run.truth.verdict);
    assert_true(diagnose_difference(&run.counted, &run.truth) <= 5);
  }
  unlink(path);
  assert_in_range(near, 4 * RUNS * 95 / 100, 4 * RUNS);
}

/* --- The command -----------------------------------------------------------
 */

static int command(const char *format, const char *file, int to) {
  char line[256];
  snprintf(line, sizeof(line), format, file);
  return command_run(command_diagnose, line, to, text, sizeof(text));
}

static void has(const char *part) {
  if (!strstr(text, part)) {
    fail_msg("no '%s' in:\n%s", part, text);
  }
}

static void command_says_a_sentence_or_json(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  made_open();
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      made_data(round_us(i) + 10, 8 * i + k, MADE_MSS, 0);
    }
    made_ack(round_us(i + 1), 8 * (i + 1), 2000);
  }
  recording_save(&made_recording, made_recording.len, path);
  assert_int_equal(command("diagnose %s", path, STDOUT_FILENO), 0);
  has("10.0.0.1:1000 -> 10.0.0.2:80   160000 bytes");
  has("  receive window 100 %\n");
  has("All of the receive window was in flight for 100 % of the time: 8000 "
      "bytes are too few for a round trip of 20 ms;");
  assert_int_equal(command("diagnose --json %s", path, STDOUT_FILENO), 0);
  has("\"verdict\": \"receive window\"");
  has("\"receive window\": 1.0000");
  assert_int_equal(command("diagnose --at moon %s", path, STDERR_FILENO), 1);
  has("no TCP connection with data at moon.\n");
  recording_save(&made_recording, 20, path);
  assert_int_equal(command("diagnose %s", path, STDERR_FILENO), 2);
  has("the file ends inside its header");
  unlink(path);
  assert_int_equal(command("diagnose %s", path, STDERR_FILENO), 2);
  has("No such file");
  assert_int_equal(command("diagnose%s", "", STDERR_FILENO), 2);
  has("expected one FILE: a recording or a state");
  assert_int_equal(command("diagnose --loud %s", path, STDERR_FILENO), 2);
  has("--loud: 'diagnose' has no such option");
}

static int report(const char *format, const char *file, int to) {
  char line[256];
  snprintf(line, sizeof(line), format, file);
  return command_run(command_report, line, to, text, sizeof(text));
}

static void report_draws_a_connection_of_a_recording(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  char page[64];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  snprintf(page, sizeof(page), "%s.html", path);
  made_open();
  made_data(MADE_RTT_US, 0, MADE_MSS, 0);
  made_data(MADE_RTT_US, 0, MADE_MSS, 0); /* again */
  made_ack(2 * MADE_RTT_US, 1, 2000);
  recording_save(&made_recording, made_recording.len, path);
  char line[200];
  snprintf(line, sizeof(line), "report %s --report %s", path, page);
  assert_int_equal(report("%s", line, STDOUT_FILENO), 0);
  FILE *file = fopen(page, "r");
  assert_non_null(file);
  bool first = false, second = false, hosts = false;
  while (fgets(text, sizeof(text), file)) {
    first |=
        strncmp(text, "[0,20000000,20000000,1,1000,1,64000,16,0,0,", 43) == 0;
    second |=
        strncmp(text, "[0,20000000,20000000,1,1000,1,64000,16,0,1,", 43) == 0;
    hosts |= strstr(text, "[\"10.0.0.1:1000\",\"10.0.0.2:80\"]") != NULL;
  }
  fclose(file);
  assert_true(first && second && hosts);
  unlink(page);
  assert_int_equal(report("report %s --connection 2", path, STDERR_FILENO), 2);
  has("no such TCP connection; there are 1.\n");
  assert_int_equal(report("report %s --connection x", path, STDERR_FILENO), 2);
  has("expected the number of a connection, from 1");
  assert_int_equal(report("report %s --bytes 5", path, STDERR_FILENO), 2);
  has("--bytes: 'report FILE' has no such option");
  unlink(path);
}

static void command_reads_the_counters_of_a_run(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  char line[256];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  snprintf(line, sizeof(line),
           "throughput --nic soft --bytes 8M --wire delay=2ms --rcvbuf 65536 "
           "--state-at 400000 --state %s",
           path);
  assert_int_equal(
      command_run(command_transfer, line, STDOUT_FILENO, text, sizeof(text)),
      0);
  assert_int_equal(command("diagnose %s", path, STDOUT_FILENO), 0);
  has("10.0.0.1:");
  has(" -> 10.0.0.2:5001 ");
  has(", seen at client\n");
  has("All of the receive window was in flight for 9");
  has(" bytes are too few for a round trip of 4");
  assert_int_equal(
      command("diagnose --json --at server %s", path, STDERR_FILENO), 1);
  has("no TCP connection with data at server.\n");
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seeded_runs_get_their_verdict_at_each_place),
      cmocka_unit_test(command_says_a_sentence_or_json),
      cmocka_unit_test(report_draws_a_connection_of_a_recording),
      cmocka_unit_test(command_reads_the_counters_of_a_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
