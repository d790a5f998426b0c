/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse example: each program on simulated hosts, against its peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#define PACKHORSE
#include "sim/examples/example.h"
#include "sim/run/run.h"
#include "sim/tool/commands.h"
#include "sim/tool/example.h"
#include "tests/cosim/command.h"

enum { TEXT = 32768 };

static int run(const char *line, int fd, char *text) {
  return command_run(command_example, line, fd, text, TEXT);
}

/* A run whose every program is content, and what their screens showed. */
static void shows(const char *line, const char *const *wanted) {
  static char text[TEXT];
  assert_int_equal(run(line, STDOUT_FILENO, text), 0);
  for (; *wanted; wanted++) {
    if (!strstr(text, *wanted)) {
      fail_msg("%s: no '%s' in\n%s", line, *wanted, text);
    }
  }
}

static void http_serves_40_connections_at_once(void **state) {
  (void)state;
  static const char *const wanted[] = {
      "40 of 40 whole: status 200, 100000 bytes each, sum 017bd83a",
      "2 of 2 whole: status 200, 600 bytes each, sum 2c3bbc55",
      "42 connections served", NULL};
  shows("example http --nic soft", wanted);
  shows("example http --nic soft -6", wanted);
  shows("example http --nic soft --wire loss=0.02", wanted);
  shows("example http", wanted);
  shows("example http --nic soft --topology client+-+r1+-+r2+-+server", wanted);
}

static void smtp_sends_a_mail_with_dots(void **state) {
  /* EVIDENCE: RFC 5321 4.5.2 (transparency) */
  (void)state;
  static const char *const wanted[] = {"250 8BITMIME",
                                       "mail from <ann@client> to <bob@server>",
                                       "mail from <ann@client> to <cy@server>",
                                       "354 end with a dot",
                                       "| Subject: two dots\n",
                                       "| .profile begins with one,\n",
                                       "| .\n",
                                       "5 lines\n",
                                       "250 OK, taken",
                                       "221 bye",
                                       "smtpsend  sent\n",
                                       NULL};
  shows("example smtp --nic soft", wanted);
  shows("example smtp --nic soft -6 --wire loss=0.1", wanted);
  shows("example smtp", wanted);
}

static void ftp_moves_files_with_pasv_and_port(void **state) {
  /* EVIDENCE: RFC 959 4.1.2 (PORT, PASV), 5.4 (sequences of replies) */
  (void)state;
  static const char *const wanted[] = {
      "227 come to (10,0,0,2,",
      "ftp       RETR data.bin: 100000 bytes, sum 017bd83a\n",
      "ftpd      RETR data.bin: 100000 bytes, sum 017bd83a\n",
      "ftp       STOR up.bin: 100000 bytes, sum ",
      "ftpd      STOR up.bin: 100000 bytes, sum ",
      "  100000 Jan 1 1970 data.bin\n",
      "     600 Jan 1 1970 index.html\n",
      "  100000 Jan 1 1970 up.bin\n",
      "221 bye",
      NULL};
  shows("example ftp --nic soft", wanted);
  shows("example ftp --nic soft --wire loss=0.05", wanted);
  shows("example ftp", wanted);
  static char text[TEXT];
  assert_int_equal(run("example ftp -6", STDERR_FILENO, text), 2);
  assert_string_equal(text, "packhorse: example ftp: it speaks IPv4 only.\n");
}

static void telnet_interrupts_with_urgent_data(void **state) {
  /* EVIDENCE: RFC 854 (The TELNET "Synch" Signal) */
  (void)state;
  static const char *const wanted[] = {
      "telnet    one two\n",
      "yes: interrupted; 18 bytes typed before were dropped\n",
      "times more)\n",
      "bytes of output were dropped)\n",
      "telnet    interrupted\n",
      "telnet    after it\n",
      "the connection ended\n",
      NULL};
  static char text[TEXT];
  shows("example telnet --nic soft", wanted);
  shows("example telnet --nic soft -6", wanted);
  shows("example telnet", wanted);
  assert_int_equal(
      run("example telnet --nic soft --wire loss=0.02", STDOUT_FILENO, text),
      0);
  assert_non_null(strstr(text, "telnet    interrupted\n"));
  assert_null(strstr(text, "typed ahead\n")); /* it was never obeyed */
}

static void chat_is_heard_by_all_of_a_group(void **state) {
  /* EVIDENCE: RFC 1112 6.1 (loopback of multicasts), 7.1 (joining) */
  (void)state;
  static const char *const wanted[] = {
      "client   cy        * ann is here\n",
      "client   cy        <ann> hello all\n",
      "server   bob       <ann> hello all\n",
      "client   ann       <bob> hi ann\n",
      "client   cy        <bob> hi ann\n",
      "server   bob       <ann> (to you) psst\n",
      "server   bob       <cy> I heard that\n",
      "server   bob       * ann has left\n",
      "server   bob       * dan is not here\n",
      NULL};
  static char text[TEXT];
  shows("example chat --nic soft", wanted);
  shows("example chat", wanted);
  assert_int_equal(run("example chat --nic soft", STDOUT_FILENO, text), 0);
  const char *said = strstr(text, "psst"); /* nobody else hears that */
  assert_null(strstr(said + 1, "psst"));
}

/* A server has one session at a time; the first caller never says a word. */
static void silent_peer(const char *server, const char *port,
                        const char *caller, const char *typed,
                        const char *wanted) {
  static char text[TEXT];
  char silent[32];
  struct options options;
  struct command_capture capture;
  snprintf(silent, sizeof(silent), "telnet SERVER %s", port);
  const struct example scene = {
      .name = "silence",
      .parts = {{RUN_SERVER, 0, "server", server, NULL, NULL},
                {RUN_CLIENT, 1, "silent", silent, "900000 too late", NULL},
                {RUN_CLIENT, 50, "caller", caller, typed, NULL}}};
  command_capture(&capture, STDOUT_FILENO);
  assert_int_equal(command_parse(&options, "example http --nic soft"), 0);
  int status = example_play(&scene, &options);
  command_captured(&capture, text, sizeof(text));
  assert_int_equal(status, 0);
  assert_non_null(strstr(text, "silent    the connection ended\n"));
  assert_null(strstr(text, "too late"));
  if (!strstr(text, wanted)) {
    fail_msg("no '%s' in\n%s", wanted, text);
  }
}

static void silent_peer_is_hung_up_on(void **state) {
  (void)state;
  silent_peer("smtpd 25 1", "25", "smtpsend SERVER 25 a b", "60 text",
              "caller    sent\n");
  silent_peer("ftpd 21 DIR 2", "21", "ftp SERVER 21 DIR", "60 get data.bin",
              "caller    RETR data.bin: 100000 bytes, sum 017bd83a\n");
  silent_peer("httpd 80 DIR 2", "80", "httpget SERVER 80 / 1", NULL,
              "caller    1 of 1 whole");
  silent_peer("telnetd 23 2", "23", "telnet SERVER 23", "60 echo 1\n60 exit",
              "caller    bye\n");
}

/* A line of which a byte comes now and then. */
static int dribble(int argc, char **argv) {
  int fd = net_connect(argv[0], argv[1]), sent = 0;
  struct pollfd nothing = {.fd = -1};
  assert_int_equal(argc, 2);
  while (fd >= 0 && sent < 100 && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
    (void)poll(&nothing, 1, 250 * 1000);
    sent++;
  }
  close(fd);
  say(sent < 5 ? "hung up on" : "still heard");
  return 0;
}

static void line_that_comes_byte_by_byte_has_five_minutes_in_all(void **state) {
  (void)state;
  static char text[TEXT];
  struct options options;
  struct command_capture capture;
  static const struct example scene = {
      .name = "dribble",
      .parts = {{RUN_SERVER, 0, "server", "smtpd 25 1", NULL, NULL},
                {RUN_CLIENT, 1, "slow", "dribble SERVER 25", NULL, dribble},
                {RUN_CLIENT, 400000, "caller", "smtpsend SERVER 25 a b",
                 "60 text", NULL}}};
  command_capture(&capture, STDOUT_FILENO);
  assert_int_equal(command_parse(&options, "example http --nic soft"), 0);
  int status = example_play(&scene, &options);
  command_captured(&capture, text, sizeof(text));
  if (status) {
    fail_msg("%s", text);
  }
  assert_non_null(strstr(text, "slow      hung up on\n"));
  assert_non_null(strstr(text, "caller    sent\n"));
}

static void same_run_gives_the_same_hash(void **state) {
  (void)state;
  static char text[TEXT], again[TEXT];
  const char *line = "example http --nic soft --seed 7";
  assert_int_equal(run(line, STDOUT_FILENO, text), 0);
  assert_int_equal(run(line, STDOUT_FILENO, again), 0);
  assert_string_equal(text, again);
}

static void json_is_one_object(void **state) {
  (void)state;
  static char text[TEXT];
  assert_int_equal(run("example http --nic soft --json", STDOUT_FILENO, text),
                   0);
  assert_non_null(strstr(text, "\"ok\": true"));
  assert_non_null(strstr(text, "\"programs\": 3"));
  assert_non_null(strstr(text, "\"programs_failed\": 0"));
}

static void program_that_fails_makes_the_run_fail(void **state) {
  (void)state;
  static char text[TEXT];
  assert_int_equal(
      run("example http --nic soft --wire loss=0.9999", STDOUT_FILENO, text),
      1);
  assert_non_null(strstr(text, "FAILED: a program"));
}

static void wrong_words_get_one_sentence_and_status_2(void **state) {
  (void)state;
  static char text[TEXT];
  static const char *const wrong[] = {"example", "example gopher",
                                      "example http http"};
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    assert_int_equal(run(wrong[i], STDERR_FILENO, text), 2);
    assert_memory_equal(text, "packhorse: ", 11);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(http_serves_40_connections_at_once),
      cmocka_unit_test(smtp_sends_a_mail_with_dots),
      cmocka_unit_test(ftp_moves_files_with_pasv_and_port),
      cmocka_unit_test(telnet_interrupts_with_urgent_data),
      cmocka_unit_test(chat_is_heard_by_all_of_a_group),
      cmocka_unit_test(silent_peer_is_hung_up_on),
      cmocka_unit_test(line_that_comes_byte_by_byte_has_five_minutes_in_all),
      cmocka_unit_test(same_run_gives_the_same_hash),
      cmocka_unit_test(json_is_one_object),
      cmocka_unit_test(program_that_fails_makes_the_run_fail),
      cmocka_unit_test(wrong_words_get_one_sentence_and_status_2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
