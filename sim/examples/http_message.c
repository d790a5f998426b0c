/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/examples/http_message.h"

#include <string.h>
#include <sys/stat.h>

#define TOKEN                  \
  "!#$%&'*+-.^_`|~0123456789"  \
  "abcdefghijklmnopqrstuvwxyz" \
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ" /* RFC 9110 5.6.2 */

/* What the fields say. */
struct fields {
  unsigned hosts;
  bool content, close;
};

char *http_request_end(char *text, size_t len) {
  char *end = memmem(text, len, "\r\n\r\n", 4);
  return end ? end + 4 : NULL;
}

/* A line of text, which has no other ends than CR LF, and no control characters
 * but a tab. The next one, or NULL. */
static char *cut_line(char *line, const char *end) {
  for (char *p = line; p < end; p++) {
    if (p[0] == '\r' && p[1] == '\n') {
      *p = 0;
      return p + 2;
    }
    if (((unsigned char)*p < ' ' && *p != '\t') || *p == 127) {
      return NULL;
    }
  }
  return NULL;
}

/* A name, at once a colon, and a value. */
static bool read_field(struct fields *fields, const char *line) {
  size_t name = strspn(line, TOKEN);
  if (name == 0 || line[name] != ':') {
    return false;
  }
  fields->hosts += name == 4 && strncasecmp(line, "host", name) == 0;
  fields->content |=
      (name == 14 && strncasecmp(line, "content-length", name) == 0) ||
      (name == 17 && strncasecmp(line, "transfer-encoding", name) == 0);
  fields->close |= name == 10 && strncasecmp(line, "connection", name) == 0 &&
                   strcasestr(line + name, "close");
  return true;
}

/* Method, target and version, a blank between them. The version's second
 * number, or -1. */
static int read_line(char *line, char **target) {
  *target = strchr(line, ' ');
  char *version = *target ? strchr(*target + 1, ' ') : NULL;
  if (!version || strspn(line, TOKEN) != (size_t)(*target - line) ||
      strncmp(version, " HTTP/1.", 8) != 0 || version[8] < '0' ||
      version[8] > '9' || version[9]) {
    return -1;
  }
  *(*target)++ = *version = 0;
  return version[8] - '0';
}

int http_request_read(struct http_request *request, char *text, char *end) {
  struct fields fields = {.hosts = 0};
  char *target, *line = cut_line(text, end);
  int version = line ? read_line(text, &target) : -1;
  request->keep_alive = false;
  if (version < 0) {
    return 400;
  }
  while (line < end - 2) {
    char *next = cut_line(line, end);
    if (!next || !read_field(&fields, line)) {
      return 400;
    }
    line = next;
  }
  /* Of HTTP/1.1 one Host is a must (RFC 9112 3.2); no request here has content.
   */
  if (fields.hosts > 1 || (version >= 1 && fields.hosts == 0) ||
      fields.content) {
    return 400;
  }
  request->head = strcmp(text, "HEAD") == 0;
  if (!request->head && strcmp(text, "GET") != 0) {
    return 405;
  }
  target[strcspn(target, "?")] = 0;
  request->path = target;
  request->keep_alive = version >= 1 && !fields.close;
  return 200;
}

FILE *http_open(const char *dir, const char *path, long *size) {
  char name[512];
  struct stat st;
  if (path[0] != '/' || strstr(path, "..") ||
      snprintf(name, sizeof(name), "%s%s%s", dir, path,
               path[strlen(path) - 1] == '/' ? "index.html" : "") >=
          (int)sizeof(name)) {
    return NULL;
  }
  FILE *file = fopen(name, "rb");
  if (file && (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode))) {
    fclose(file);
    file = NULL;
  }
  *size = file ? (long)st.st_size : 0;
  return file;
}

size_t http_answer(char *to, size_t size, int status, long content,
                   bool keep_alive) {
  return (size_t)snprintf(
      to, size,
      "HTTP/1.1 %d %s\r\nContent-Length: %ld\r\n%sConnection: %s\r\n\r\n",
      status, status == 200 ? "OK" : "Error", content,
      status == 405 ? "Allow: GET, HEAD\r\n" : "",
      keep_alive ? "keep-alive" : "close");
}
