/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/run/state.h"

enum { BACKLOG = 4, SEND_BUFFER = 1 << 20 };

/* Left over from a session that ended early: nobody listens there. */
static bool is_stale(const struct sockaddr_un *name) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool stale = connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 &&
               errno == ECONNREFUSED;
  close(fd);
  return stale;
}

bool control_open(struct control *control, const char *path) {
  *control = (struct control){.path = path, .fd = -1};
  if (!path) {
    return true;
  }
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(name.sun_path)) {
    fprintf(stderr, "packhorse: --control %s: expected at most %zu bytes.\n",
            path, sizeof(name.sun_path) - 1);
    return false;
  }
  memcpy(name.sun_path, path, strlen(path));
  if (is_stale(&name)) {
    unlink(path);
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 ||
      listen(fd, BACKLOG) != 0) {
    fprintf(stderr, "packhorse: --control %s: %s.\n", path, strerror(errno));
    if (fd >= 0) {
      close(fd);
    }
    return false;
  }
  control->fd = fd;
  return true;
}

/* What does not fit into the socket's buffer is cut: a reader that does not
 * read must not stop the session. */
static void answer(int to, const char *host, struct ph_stack *stack) {
  char *text = NULL;
  size_t len = 0;
  FILE *memory = open_memstream(&text, &len);
  if (memory) {
    fputs(STATE_TITLE, memory);
    state_write_host(memory, host, stack);
    fclose(memory);
    int room = SEND_BUFFER;
    (void)setsockopt(to, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    (void)!send(to, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    free(text);
  }
  close(to);
}

void control_answer(struct control *control, const char *host,
                    struct ph_stack *stack) {
  int to;
  while (control->fd >= 0 &&
         (to = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
    answer(to, host, stack);
  }
}

void control_close(struct control *control) {
  if (control->fd >= 0) {
    close(control->fd);
    unlink(control->path);
  }
}
