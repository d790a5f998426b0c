/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/run/state.h"
#include "sim/tool/netstat.h"

static FILE *open_file(const char *name, bool regular, bool *is_state) {
  char title[sizeof(STATE_TITLE)] = "";
  FILE *file = fopen(name, "r");
  if (file && regular) {
    *is_state =
        fgets(title, sizeof(title), file) && strcmp(title, STATE_TITLE) == 0;
    rewind(file);
  }
  return file;
}

static FILE *open_any(const char *name, bool *is_state) {
  struct stat about = {0};
  *is_state = false;
  if (stat(name, &about) != 0 || !S_ISSOCK(about.st_mode)) {
    return open_file(name, S_ISREG(about.st_mode), is_state);
  }
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (strlen(name) >= sizeof(to.sun_path)) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  memcpy(to.sun_path, name, strlen(name));
  *is_state = true;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
    return fdopen(fd, "r");
  }
  int error = errno;
  if (fd >= 0) {
    close(fd);
  }
  errno = error;
  return NULL;
}

FILE *netstat_open(const char *name, bool *is_state) {
  FILE *file = open_any(name, is_state);
  if (!file) {
    fprintf(stderr, "packhorse: %s: %s.\n", name, strerror(errno));
  }
  return file;
}
