/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong arguments get exactly one sentence and status 2; right ones are what
 * they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/tool/options_parse.h"
#include "tests/cosim/command.h"

/* The status of a command line, and what was written to stderr. */
static int parse_quietly(struct options *options, const char *line, char *text,
                         size_t size) {
  struct command_capture capture;
  command_capture(&capture, STDERR_FILENO);
  int status = command_parse(options, line);
  command_captured(&capture, text, size);
  return status;
}

static const char *const WRONG_LINES[] = {
    "",
    "dowload",
    "download --byte",
    "report --explain first",
    "report --report",
    "udp --picture page.svg",
    "scenario",
    "scenario lost",
    "scenario loss close",
    "scenario loss --wire loss=0.1",
    "download --bytes",
    "download --bytes 0",
    "download --bytes -5",
    "download --bytes 10q",
    "download --bytes 99999999999999999999",
    "download --mtu 10",
    "download --mtu 9001",
    "download --mss 1461",
    "download --offload some",
    "download --nic hard",
    "download --wire loss",
    "download --wire loss=2.5",
    "download --cpu no/such/file",
    "download --mem-latency 0",
    "download --app-buffer 0",
    "download --sndbuf 1",
    "download --seed x",
    "download --tap ph0",
    "download file",
    "download --nic soft --waves x",
    "download --explain",
    "download --explain 0",
    "download --explain -1",
    "download --explain biggest",
    "download --explain 1 --json",
    "download --picture p.svg",
    "ping --explain 1",
    "ping --bytes 5",
    "ping --size 1473",
    "ping --count 0",
    "udp --size 65508",
    "udp --interval 5",
    "throughput --output f",
    "throughput --loss 0.1",
    "throughput --plot p.svg",
    "throughput --arq some",
    "throughput --arq all --loss 0.1,",
    "throughput --arq all --loss 0.6",
    "throughput --arq all --delay 5",
    "throughput --arq all --window 3",
    "throughput --arq all --timeout 99",
    "throughput --arq all --json",
    "throughput --arq all --loss 0 --delay 1ms --pcapng f",
    "throughput --arq go-back-n --delay 1ms --pcapng f",
    "download --arq all",
    "tap --wire loss=0.1",
    "tap --address 10.0.0",
    "replay",
    "replay a b",
    "replay a --bytes 5",
    "replay a --speed fast",
    "replay a --interface",
    "replay a --mac 02:50:48:00:00",
    "replay a --mac 02:50:48:00:00:01:02",
    "replay a --mac 03:50:48:00:00:01",
    "replay a --mac 02:50:48:00:00:0x",
    "replay a --wire a>c:+loss=0.1",
    "ping a",
    "tap --address 10.0.0.1/33",
};

static void wrong_arguments_get_one_sentence_and_status_2(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(WRONG_LINES) / sizeof(WRONG_LINES[0]); i++) {
    struct options options;
    char text[1024];
    int status = parse_quietly(&options, WRONG_LINES[i], text, sizeof(text));
    size_t len = strlen(text);
    if (status != 2 || strncmp(text, "packhorse: ", 11) != 0 || len < 20 ||
        strcmp(text + len - 2, ".\n") != 0 ||
        strchr(text, '\n') != text + len - 1) {
      fail_msg("'%s': status %d, text '%s'", WRONG_LINES[i], status, text);
    }
  }
}

static void options_are_what_they_say(void **state) {
  (void)state;
  struct options options;
  assert_int_equal(
      command_parse(&options,
                    "download --bytes 3M --mtu 9000 --mss 1400 --offload "
                    "csum --nic soft --sndbuf 64KiB --rcvbuf 1MiB"),
      0);
  assert_int_equal(options.bytes, 3000000);
  assert_int_equal(options.mtu, 9000);
  assert_int_equal(options_mss(&options), 1400);
  assert_int_equal(options.offload, HOST_OFFLOAD_CSUM);
  assert_int_equal(options.nic, HOST_NIC_SOFT);
  assert_int_equal(options.sndbuf, 65536);
  assert_int_equal(options.rcvbuf, 1048576);
  assert_int_equal(command_parse(&options,
                                 "throughput --cpu=ideal --json --wire="
                                 "rate=1Gbps"),
                   0);
  assert_string_equal(options.cost.title, "ideal");
  assert_true(options.json);
  assert_int_equal(options.link.rate_bps, 1000000000);
  assert_int_equal(options.tcp.features.timestamps, PH_TCP_DEFAULT);
  assert_int_equal(command_parse(&options, "tap --timestamps --ecn"), 0);
  assert_int_equal(options.tcp.features.timestamps, PH_TCP_ON);
  assert_int_equal(options.tcp.features.ecn, PH_TCP_ON);
  assert_int_equal(command_parse(&options,
                                 "replay --speed line file.pcap --mac "
                                 "02:50:48:AB:cd:7f --interface 3"),
                   0);
  assert_string_equal(options.file, "file.pcap");
  assert_string_equal(options.interface, "3");
  assert_true(options.line_rate);
  static const uint8_t mac[6] = {0x02, 0x50, 0x48, 0xab, 0xcd, 0x7f};
  assert_memory_equal(options.mac, mac, 6);
  assert_int_equal(
      command_parse(&options, "download --explain slowest --picture p.svg"), 0);
  assert_string_equal(options.explain, "slowest");
  assert_string_equal(options.picture, "p.svg");
  assert_int_equal(command_parse(&options, "throughput --explain 8589934615"),
                   0);
  assert_int_equal(command_parse(&options, "tap --address 192.168.7.2/30"), 0);
  assert_int_equal(options.address, 0xc0a80702);
  assert_int_equal(options.prefix_len, 30);
}

static void limit_is_what_the_wire_carries(void **state) {
  (void)state;
  struct options options;
  assert_int_equal(command_parse(&options, "download"), 0);
  /* 1460 of 1538 bytes of 10 Gb/s. */
  assert_int_equal((long)(options_limit_bps(&options) / 1e6), 9492);
  assert_int_equal(command_parse(&options, "download --wire rate=1Gbps"), 0);
  assert_int_equal((long)(options_limit_bps(&options) / 1e6), 949);
}

static void help_needs_no_right_options(void **state) {
  (void)state;
  struct options options;
  assert_int_equal(command_parse(&options, "download --help"), 0);
  assert_true(options.help);
  assert_int_equal(command_parse(&options, "download --mss 8000 --help"), 0);
  assert_int_equal(command_parse(&options, "help cpu"), 0);
  assert_string_equal(options.topic, "cpu");
  assert_int_equal(command_parse(&options, "--help"), 0);
  assert_int_equal(options.command, COMMAND_HELP);
}

/* The command of a printed line, its quoted blanks as command_parse() has them;
 * false: it is none. */
static bool printed_command(char *line, char *command, size_t size) {
  static const char tool[] = "build/packhorse ";
  bool quoted = false;
  size_t len = 0;
  if (strncmp(line, tool, sizeof(tool) - 1) != 0) {
    return false;
  }
  line[strcspn(line, "#&\n")] = 0;
  for (char *c = line + sizeof(tool) - 1; *c && len + 1 < size; c++) {
    if (*c == '\'') {
      quoted = !quoted;
    } else {
      command[len++] = quoted && *c == ' ' ? '+' : *c;
    }
  }
  command[len] = 0;
  return true;
}

static unsigned check_document(const char *path) {
  char line[4096], command[400];
  unsigned count = 0;
  bool fenced = false;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof(line), file)) {
    struct options options;
    fenced ^= strncmp(line, "```", 3) == 0;
    if (fenced && printed_command(line, command, sizeof(command))) {
      count++;
      if (command_parse(&options, command) != 0) {
        fail_msg("%s: %s", path, command);
      }
    }
  }
  fclose(file);
  return count;
}

static void commands_that_documents_print_are_understood(void **state) {
  (void)state;
  glob_t documents;
  unsigned count = 0;
  assert_int_equal(glob("docs/*.md", 0, NULL, &documents), 0);
  count += check_document("README.md");
  for (size_t i = 0; i < documents.gl_pathc; i++) {
    count += check_document(documents.gl_pathv[i]);
  }
  globfree(&documents);
  assert_in_range(count, 40, 400);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong_arguments_get_one_sentence_and_status_2),
      cmocka_unit_test(options_are_what_they_say),
      cmocka_unit_test(limit_is_what_the_wire_carries),
      cmocka_unit_test(help_needs_no_right_options),
      cmocka_unit_test(commands_that_documents_print_are_understood),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
