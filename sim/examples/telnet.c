/* SPDX-License-Identifier: Apache-2.0 */
/* telnet HOST PORT: types lines at telnetd or another server and shows what it
 * answers. The line ^C interrupts what runs there.
 */
#include <stdio.h>
#include <string.h>

#include "sim/examples/nvt.h"

enum { LINE = 256, PATIENCE_MS = 20 };

/* The screen: of equal lines one after the other it shows the first, and how
 * many more there were. */
struct screen {
  size_t len;
  unsigned long more;
  char line[LINE], last[LINE];
};

static void show_more(struct screen *screen) {
  if (screen->more > 0) {
    say("%s (%lu times more)", screen->last, screen->more);
  }
  screen->more = 0;
}

static void show(struct screen *screen, const char *data, int len) {
  for (int i = 0; i < len; i++) {
    if (data[i] == '\n') {
      screen->line[screen->len] = 0;
      screen->len = 0;
      if (strcmp(screen->line, screen->last) == 0) {
        screen->more++;
      } else {
        show_more(screen);
        snprintf(screen->last, sizeof(screen->last), "%s", screen->line);
        say("%s", screen->line);
      }
    } else if (data[i] != '\r' && screen->len + 1 < LINE) {
      screen->line[screen->len++] = data[i];
    }
  }
}

/* A line of the keyboard goes to the server. */
static bool type(struct nvt *nvt, const char *line) {
  if (strcmp(line, "^C") == 0) {
    say("^C");
    return nvt_synch(nvt, true);
  }
  return nvt_print(nvt, line) && nvt_print(nvt, "\r\n");
}

/* After the server's Synch: the end of a line may be among what was dropped. */
static void end_synch(struct nvt *nvt, struct screen *screen) {
  show_more(screen);
  screen->len = 0;
  say("(%zu bytes of output were dropped)", nvt->dropped);
  nvt->dropped = nvt->synchs = 0;
}

static void talk(struct nvt *nvt, struct screen *screen) {
  char line[LINE], data[4096];
  int typed = 0, len = 0;
  bool alive = true;
  while (alive && len >= 0) {
    struct pollfd in = {.fd = nvt->fd, .events = POLLIN | POLLPRI};
    typed = typed < 0 ? -1 : keyboard(line, sizeof(line), 0);
    alive = typed != 1 || type(nvt, line);
    if (poll(&in, 1, typed == 1 ? 0 : PATIENCE_MS) > 0) {
      len = nvt_take(nvt, data, sizeof(data));
      if (nvt->synchs > 0) {
        end_synch(nvt, screen);
      }
      show(screen, data, len);
    }
  }
}

int example_telnet(int argc, char **argv) {
  struct nvt nvt;
  struct screen screen = {.len = 0};
  int fd = argc == 2 ? net_connect(argv[0], argv[1]) : -1;
  if (fd < 0) {
    return 1;
  }
  if (nvt_init(&nvt, fd)) {
    talk(&nvt, &screen);
  }
  show_more(&screen);
  close(fd);
  say("the connection ended");
  return 0;
}
