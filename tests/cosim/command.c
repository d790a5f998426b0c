/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs the above first */
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 24 };

int command_parse(struct options *options, const char *line) {
  static char copy[512];
  static char *argv[WORDS]; /* commands keep them */
  char *rest;
  int argc = 0;
  snprintf(copy, sizeof(copy), "packhorse %s", line);
  for (char *word = strtok_r(copy, " ", &rest); word && argc < WORDS - 1;
       word = strtok_r(NULL, " ", &rest)) {
    for (char *c = word; *c; c++) {
      *c = *c == '+' ? ' ' : *c;
    }
    argv[argc++] = word;
  }
  argv[argc] = NULL;
  return options_parse(options, argc, argv);
}

void command_capture(struct command_capture *capture, int fd) {
  *capture = (struct command_capture){.fd = fd, .file = tmpfile()};
  assert_non_null(capture->file);
  fflush(NULL);
  capture->saved = dup(fd);
  assert_true(capture->saved >= 0);
  assert_true(dup2(fileno(capture->file), fd) >= 0);
}

void command_captured(const struct command_capture *capture, char *text,
                      size_t size) {
  fflush(NULL);
  assert_true(dup2(capture->saved, capture->fd) >= 0);
  close(capture->saved);
  rewind(capture->file);
  text[fread(text, 1, size - 1, capture->file)] = 0;
  fclose(capture->file);
}

int command_run(command_fn *command, const char *line, int fd, char *text,
                size_t size) {
  static struct options options; /* a run refers to it */
  struct command_capture capture;
  command_capture(&capture, fd);
  int status = command_parse(&options, line);
  if (status == 0) {
    status = command(&options);
  }
  command_captured(&capture, text, size);
  return status;
}

void command_transfer_ok(struct transfer *result, const char *line) {
  static struct options options; /* the report refers to it */
  assert_int_equal(command_parse(&options, line), 0);
  assert_int_equal(transfer_run(result, &options, false), 0);
  if (!result->ok) {
    fail_msg("not ok: packhorse %s: sender %d, receiver %d, %llu of %llu, %s",
             line, result->sender_error, result->receiver_error,
             (unsigned long long)result->received,
             (unsigned long long)result->bytes, result->run.why);
  }
}
