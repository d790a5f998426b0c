/* SPDX-License-Identifier: Apache-2.0 */
/* telnetd PORT [SESSIONS]: a remote shell of four commands (RFC 854), of which
 * one does not end by itself. Meanwhile nothing is read but urgent data: what
 * is typed waits, an interrupt does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/nvt.h"

enum { LINE = 256 };

struct shell {
  struct nvt nvt;
  bool running; /* the command `yes` */
  bool cr;      /* the last byte was CR */
  size_t len;
  size_t given; /* bytes of `yes` */
  char line[LINE];
};

/* False: the session ends. */
static bool obey(struct shell *shell, const char *line) {
  const struct nvt *nvt = &shell->nvt;
  if (strcmp(line, "exit") == 0) {
    (void)nvt_print(nvt, "bye\r\n");
    return false;
  }
  if (strcmp(line, "help") == 0) {
    return nvt_print(nvt, "help, echo WORDS, yes (for ever), exit\r\n");
  }
  if (strncmp(line, "echo ", 5) == 0) {
    return nvt_print(nvt, line + 5) && nvt_print(nvt, "\r\n");
  }
  shell->running = strcmp(line, "yes") == 0;
  return shell->running || !*line || nvt_print(nvt, "no such command\r\n");
}

/* Bytes that were typed. A command that runs leaves the rest of them unread. */
static bool take_typed(struct shell *shell, const char *data, int len) {
  bool alive = true;
  for (int i = 0; i < len && alive; i++) {
    bool end = data[i] == '\r' || (data[i] == '\n' && !shell->cr);
    shell->cr = data[i] == '\r';
    if (end) {
      shell->line[shell->len] = 0;
      shell->len = 0;
      alive = obey(shell, shell->line);
    } else if (data[i] != '\n' && shell->len + 1 < LINE) {
      shell->line[shell->len++] = data[i];
    }
  }
  return alive;
}

/* The user wants it to end, and to see nothing more of it. */
static bool interrupt(struct shell *shell) {
  if (shell->running) {
    say("yes: interrupted; %zu bytes typed before were dropped",
        shell->nvt.dropped);
  }
  shell->nvt.interrupted = false;
  shell->nvt.dropped = 0;
  shell->running = false;
  shell->len = 0;
  return nvt_synch(&shell->nvt, false) &&
         nvt_print(&shell->nvt, "interrupted\r\n");
}

/* One more line; a full connection may cut it. */
static bool say_yes(struct shell *shell) {
  static const char yes[] = "y\r\n";
  size_t at = shell->given % 3;
  ssize_t n =
      send(shell->nvt.fd, yes + at, 3 - at, MSG_DONTWAIT | MSG_NOSIGNAL);
  shell->given += n > 0 ? (size_t)n : 0;
  return n >= 0 || errno == EAGAIN;
}

static void serve(struct shell *shell) {
  char data[512];
  bool alive = nvt_print(&shell->nvt, "packhorse: type help\r\n");
  while (alive) {
    struct pollfd fd = {.fd = shell->nvt.fd, .events = POLLPRI};
    fd.events |= shell->running ? POLLOUT : POLLIN;
    if (poll(&fd, 1, NET_PATIENCE_S * 1000) <= 0) {
      return; /* the user has gone home */
    }
    if (shell->running && !(fd.revents & POLLPRI) && !shell->nvt.synch) {
      alive = say_yes(shell);
      continue;
    }
    int len = nvt_take(&shell->nvt, data, sizeof(data));
    alive = len >= 0 && take_typed(shell, data, len);
    if (alive && shell->nvt.interrupted && !shell->nvt.synch) {
      alive = interrupt(shell);
    }
  }
}

int example_telnetd(int argc, char **argv) {
  long most = argc > 1 ? atol(argv[1]) : 0;
  int listener = net_listen(argv[0], 8);
  for (long i = 0; listener >= 0 && (most == 0 || i < most); i++) {
    struct shell shell = {.running = false};
    int fd = net_accept(listener);
    if (fd < 0) {
      return 1;
    }
    if (nvt_init(&shell.nvt, fd)) {
      serve(&shell);
    }
    close(fd);
  }
  if (listener >= 0) {
    close(listener);
  }
  return listener < 0;
}
