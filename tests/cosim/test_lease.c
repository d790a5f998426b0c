/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse dhcp: a lease from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "tests/cosim/command.h"

static char text[16384];

static int run(const char *line, int fd) {
  return command_run(command_dhcp, line, fd, text, sizeof(text));
}

/* These words come in this order. */
static void in_order(const char *const *words) {
  const char *at = text;
  for (; *words; words++) {
    at = strstr(at, *words);
    assert_non_null(at);
  }
}

static uint32_t count(const char *word) {
  uint32_t n = 0;
  for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
    n++;
  }
  return n;
}

static void lease_is_asked_for_probed_used_and_given_back(void **state) {
  /* EVIDENCE: RFC 2131 3.1a, 4.4.1b, 4.4.6a */
  (void)state;
  static const char *const words[] = {
      "client asks, server gives",
      "-> DISCOVER  an address for 02:50:48:00:00:01?",
      "<- OFFER     10.0.0.100/24 for 3600 s, server 10.0.0.2\n",
      "-> REQUEST   10.0.0.100 of server 10.0.0.2",
      "<- ACK       10.0.0.100/24 for 3600 s, server 10.0.0.2",
      "-> ARP       who has 10.0.0.100?",
      "-> ARP       who has 10.0.0.100?",
      "-> ARP       who has 10.0.0.100?",
      "-> ARP       10.0.0.100 is mine",
      "-> RELEASE   10.0.0.100",
      "after 12 s: BOUND, 10.0.0.100/24 until 360",
      NULL};
  static const char *const nics[] = {"dhcp --seconds 12 --nic soft",
                                     "dhcp --seconds 12"};
  char first[sizeof(text)];
  for (int i = 0; i < 2; i++) {
    assert_int_equal(run(nics[i], STDOUT_FILENO), 0);
    in_order(words);
    memcpy(first, text, sizeof(text));
    assert_int_equal(run(nics[i], STDOUT_FILENO), 0);
    assert_string_equal(first, text); /* with its event hash */
  }
}

static void lease_is_renewed_while_it_lasts(void **state) {
  /* EVIDENCE: RFC 2131 4.4.5a */
  (void)state;
  assert_int_equal(
      run("dhcp --nic soft --seconds 100 --lease 60", STDOUT_FILENO), 0);
  assert_int_equal(count("REQUEST   10.0.0.100, for longer"), 3);
  assert_int_equal(count("<- ACK"), 4);
  assert_non_null(strstr(text, "after 100 s: BOUND"));
}

static void address_of_another_host_is_declined(void **state) {
  /* EVIDENCE: RFC 2131 3.1e, 4.4.1b */
  (void)state;
  static const char *const words[] = {
      "-> ARP       who has 10.0.0.100?",
      "<- ARP       10.0.0.100 is at 02:50:48:00:00:02",
      "-> DECLINE   10.0.0.100 of server 10.0.0.2: somebody has it",
      "<- ACK       10.0.0.101/24",
      "after 30 s: BOUND, 10.0.0.101/24",
      NULL};
  assert_int_equal(
      run("dhcp --nic soft --conflict --seconds 30", STDOUT_FILENO), 0);
  in_order(words);
  assert_int_equal(
      run("dhcp --nic soft --conflict --seconds 5 --json", STDOUT_FILENO),
      1); /* none yet */
  assert_non_null(strstr(text, "\"ok\": false"));
  assert_non_null(strstr(text, "\"state\": \"INIT\""));
  assert_non_null(strstr(text, "\"declined\": 1"));
}

static void router_gives_itself_as_router(void **state) {
  (void)state;
  assert_int_equal(
      run("dhcp --nic soft --topology client+-+r1+-+server", STDOUT_FILENO), 0);
  assert_non_null(strstr(text, "client asks, r1 gives"));
  assert_non_null(strstr(text, "server 10.0.0.2, router 10.0.0.2"));
  assert_int_equal(run("dhcp --nic soft --json --wire loss=0.9999 "
                       "--seconds 20",
                       STDOUT_FILENO),
                   1);
  assert_non_null(strstr(text, "\"state\": \"SELECTING\""));
  assert_int_equal(run("dhcp --nic soft --json --seconds 20", STDOUT_FILENO),
                   0);
  assert_non_null(strstr(text, "\"address\": \"10.0.0.100\""));
  assert_non_null(strstr(text, "\"messages\": 5"));
}

static void wrong_words_get_one_sentence_and_status_2(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "dhcp now",       "dhcp --seconds 0",      "dhcp --lease x",
      "dhcp -6",        "dhcp --from r1",        "dhcp --seconds",
      "ping --lease 5", "dhcp --topology client"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
    assert_int_equal(run(wrong[i], STDERR_FILENO), 2);
    assert_memory_equal(text, "packhorse: ", 11);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lease_is_asked_for_probed_used_and_given_back),
      cmocka_unit_test(lease_is_renewed_while_it_lasts),
      cmocka_unit_test(address_of_another_host_is_declined),
      cmocka_unit_test(router_gives_itself_as_router),
      cmocka_unit_test(wrong_words_get_one_sentence_and_status_2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
