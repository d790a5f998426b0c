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
