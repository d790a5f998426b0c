/* SPDX-License-Identifier: Apache-2.0 */
/* Screen and keyboard of a program that runs in a process of its own: stdout
 * and stdin, whose descriptor is Linux's in every world. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <poll.h>
#include <unistd.h>

#include "sim/examples/console.h"
#include "sim/examples/example.h"

void screen(const char *line) {
  printf("%s\n", line);
  fflush(stdout);
}

/* A process has one keyboard. */
static struct {
  char data[1024];
  size_t len;
  bool ended;
} typed;

/* Take the first line of what was typed: a whole one, or what is there when
 * nothing more comes or fits. */
static bool take_line(char *line, size_t size) {
  const char *end = memchr(typed.data, '\n', typed.len);
  bool rest =
      !end && typed.len > 0 && (typed.ended || typed.len == sizeof(typed.data));
  size_t used = end ? (size_t)(end - typed.data) + 1 : rest ? typed.len : 0;
  size_t len = end ? used - 1 : used;
  len = len < size ? len : size - 1;
  memcpy(line, typed.data, len);
  line[len] = 0;
  typed.len -= used;
  memmove(typed.data, typed.data + used, typed.len);
  return used > 0;
}

int keyboard(char *line, size_t size, int wait_ms) {
  while (!take_line(line, size)) {
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (typed.ended) {
      return -1;
    }
    if (poll(&in, 1, wait_ms) <= 0) {
      return 0;
    }
    ssize_t n = read(STDIN_FILENO, typed.data + typed.len,
                     sizeof(typed.data) - typed.len);
    typed.ended = n <= 0;
    typed.len += n > 0 ? (size_t)n : 0;
  }
  return 1;
}

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int console_run(int argc, char **argv, const char *usage) {
  const struct example_program *program =
      argc > 0 ? example_find(argv[0]) : NULL;
  if (program) {
    return example_run(program, argc - 1, argv + 1);
  }
  printf("usage: %s\n\n", usage);
  for (program = example_programs; program->name; program++) {
    printf("  %-8s %-32s %s\n", program->name, program->usage, program->text);
  }
  return 2;
}
