/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse resolve: DHCP and a name, from end to end. */
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

static int run(const char *line, int fd, char *text, size_t size) {
  return command_run(command_resolve, line, fd, text, size);
}

static void host_without_address_resolves_a_name(void **state) {
  (void)state;
  char text[4096], again[4096];
  assert_int_equal(run("resolve ftp", STDOUT_FILENO, text, sizeof(text)), 0);
  assert_non_null(strstr(text, "DHCP: 10.0.0.100/24, name server 10.0.0.2"));
  assert_non_null(strstr(text, "ftp: www.lab\n"));
  assert_non_null(strstr(text, "192.0.2.1\n"));
  assert_int_equal(run("resolve ftp", STDOUT_FILENO, again, sizeof(again)), 0);
  assert_string_equal(text, again); /* with its event hash */
}

static void name_server_is_asked_over_ipv6(void **state) {
  (void)state;
  char text[4096];
  assert_int_equal(run("resolve -6 www", STDOUT_FILENO, text, sizeof(text)), 0);
  assert_non_null(strstr(text, "DHCP: 10.0.0.100/24"));
  assert_non_null(strstr(text, "www of fd00::2: www.lab\n"));
  assert_non_null(strstr(text, "2001:db8::1\n"));
  assert_int_equal(
      run("resolve --ipv6 --json www", STDOUT_FILENO, text, sizeof(text)), 0);
  assert_non_null(strstr(text, "\"ip_version\": 6"));
}

static void picture_shows_what_the_hosts_say(void **state) {
  (void)state;
  static const char *const words[] = {"DHCP DISCOVER",
                                      "DHCP OFFER 10.0.0.100",
                                      "DHCP REQUEST 10.0.0.100",
                                      "DHCP ACK 10.0.0.100",
                                      "ARP: who has 10.0.0.2?",
                                      "DNS: www.lab, A",
                                      "DNS: www.lab: 1 of A",
                                      "DHCP RELEASE 10.0.0.100",
                                      "</svg>"};
  static char text[65536];
  char path[] = "/tmp/ladder-XXXXXX", line[80];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  snprintf(line, sizeof(line), "resolve www --picture %s", path);
  assert_int_equal(run(line, STDOUT_FILENO, text, sizeof(text)), 0);
  ssize_t len = read(fd, text, sizeof(text) - 1);
  assert_true(len > 0);
  text[len] = 0;
  const char *at = text;
  for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
    at = strstr(at, words[i]);
    assert_non_null(at);
  }
  close(fd);
  unlink(path);
  assert_int_equal(run("resolve www --picture /nowhere/x.svg", STDERR_FILENO,
                       text, sizeof(text)),
                   1);
  assert_non_null(strstr(text, "packhorse: --picture /nowhere/x.svg: "));
}

static void zone_is_what_the_server_says(void **state) {
  (void)state;
  char text[4096];
  assert_int_equal(run("resolve --json --zone a.b=10.9.8.7 a.b", STDOUT_FILENO,
                       text, sizeof(text)),
                   0);
  assert_non_null(strstr(text, "\"address\": \"10.9.8.7\""));
  assert_non_null(strstr(text, "\"dhcp_address\": \"10.0.0.100\""));
  assert_int_equal(run("resolve nothing", STDOUT_FILENO, text, sizeof(text)),
                   1);
  assert_non_null(strstr(text, "nothing: name or service not known\n"));
}

static void wrong_words_get_one_sentence_and_status_2(void **state) {
  (void)state;
  static const char *const wrong[][2] = {
      {"resolve", "packhorse: resolve: expected one NAME"},
      {"resolve a b", "packhorse: resolve: expected one NAME"},
      {"resolve --zone b a", "packhorse: --zone b: expected name=address"},
      {"resolve --some a", "packhorse: --some: 'resolve' has no such option"},
      {"resolve --zone", "packhorse: --zone: 'resolve' has no such option, or"},
  };
  char text[1024];
  for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
    assert_int_equal(run(wrong[i][0], STDERR_FILENO, text, sizeof(text)), 2);
    assert_ptr_equal(strstr(text, wrong[i][1]), text);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(host_without_address_resolves_a_name),
      cmocka_unit_test(name_server_is_asked_over_ipv6),
      cmocka_unit_test(picture_shows_what_the_hosts_say),
      cmocka_unit_test(zone_is_what_the_server_says),
      cmocka_unit_test(wrong_words_get_one_sentence_and_status_2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
