/* SPDX-License-Identifier: Apache-2.0 */
/* httpd PORT DIR [CONNECTIONS]: a web server (RFC 9110, 9112) for many
 * connections at once in one thread. No call but epoll_wait() ever waits: each
 * connection remembers how far it got. It ends when so many connections have
 * ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/examples/example.h"

enum { EVENTS = 64, REQUEST_MAX = 2048, PIECE = 16384 };

/* A connection reads a request, then sends what `out` holds and after it the
 * rest of `file`, then reads the next. */
struct conn {
  int fd;
  bool keep_alive; /* until its requests say otherwise */
  FILE *file;
  size_t in_len, out_len, out_at;
  char in[REQUEST_MAX + 1], out[PIECE];
};

/* The file that a path names, if it lies in `dir` and is one. */
static FILE *open_path(const char *dir, const char *path, long *size) {
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

/* After another status than these it is not known where the next request would
 * begin. */
static void answer(struct conn *conn, int status, long size) {
  conn->keep_alive = conn->keep_alive && (status == 200 || status == 404);
  conn->out_at = 0;
  conn->out_len = (size_t)snprintf(
      conn->out, sizeof(conn->out),
      "HTTP/1.1 %d %s\r\nContent-Length: %ld\r\n%sConnection: %s\r\n\r\n",
      status, status == 200 ? "OK" : "Error", size,
      status == 405 ? "Allow: GET, HEAD\r\n" : "",
      conn->keep_alive ? "keep-alive" : "close");
}

/* One whole request, which ends at `end`, or NULL: it is too long. */
static void serve(struct conn *conn, const char *dir, char *end) {
  char method[8], path[256];
  int version = 0;
  long size = 0;
  bool good = end && sscanf(conn->in, "%7[A-Z] %255[!-~] HTTP/1.%d\r\n", method,
                            path, &version) == 3;
  if (!good) {
    answer(conn, end ? 400 : 431, 0);
    return;
  }
  end[-2] = 0; /* the fields are a string, each begins behind CR LF */
  conn->keep_alive =
      version >= 1 && !strcasestr(conn->in, "\r\nconnection: close\r\n");
  bool head = strcmp(method, "HEAD") == 0;
  if ((version >= 1 && !strcasestr(conn->in, "\r\nhost:")) ||
      strcasestr(conn->in, "\r\ncontent-length:") ||
      strcasestr(conn->in, "\r\ntransfer-encoding:")) {
    answer(conn, 400, 0); /* no request here has content */
  } else if (!head && strcmp(method, "GET") != 0) {
    answer(conn, 405, 0);
  } else {
    path[strcspn(path, "?")] = 0;
    conn->file = open_path(dir, path, &size);
    answer(conn, conn->file ? 200 : 404, size);
    if (conn->file && head) {
      fclose(conn->file);
      conn->file = NULL;
    }
  }
  conn->in_len -= (size_t)(end - conn->in);
  memmove(conn->in, end, conn->in_len);
}

/* Take a request: 1: it is answered; 0: none yet; -1: no more come. */
static int take(struct conn *conn, const char *dir) {
  for (;;) {
    conn->in[conn->in_len] = 0;
    char *end = strstr(conn->in, "\r\n\r\n");
    if (end || conn->in_len == REQUEST_MAX) {
      serve(conn, dir, end ? end + 4 : NULL);
      return 1;
    }
    ssize_t n =
        recv(conn->fd, conn->in + conn->in_len, REQUEST_MAX - conn->in_len, 0);
    if (n <= 0) {
      return n < 0 && errno == EAGAIN ? 0 : -1;
    }
    conn->in_len += (size_t)n;
  }
}

/* Send what there is. False: it is over. */
static bool give(struct conn *conn) {
  while (conn->out_len > 0) {
    ssize_t n = send(conn->fd, conn->out + conn->out_at,
                     conn->out_len - conn->out_at, MSG_NOSIGNAL);
    if (n < 0) {
      return errno == EAGAIN;
    }
    conn->out_at += (size_t)n;
    if (conn->out_at == conn->out_len) {
      conn->out_at = 0;
      conn->out_len =
          conn->file ? fread(conn->out, 1, sizeof(conn->out), conn->file) : 0;
    }
  }
  if (conn->file) {
    fclose(conn->file);
    conn->file = NULL;
  }
  return conn->keep_alive;
}

/* Go on as far as it gets. False: it is over. */
static bool go_on(int epoll, struct conn *conn, const char *dir) {
  bool alive = give(conn);
  int taken = 1;
  while (alive && conn->out_len == 0 && (taken = take(conn, dir)) > 0) {
    alive = give(conn);
  }
  struct epoll_event event = {.events = conn->out_len > 0 ? EPOLLOUT : EPOLLIN,
                              .data.ptr = conn};
  return alive && taken >= 0 &&
         epoll_ctl(epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0;
}

static void welcome(int epoll, int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct conn *conn = calloc(1, sizeof(*conn));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (!conn || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
      free(conn);
      close(fd);
    } else {
      conn->fd = fd;
      conn->keep_alive = true;
    }
  }
}

static void part(struct conn *conn) {
  if (conn->file) {
    fclose(conn->file);
  }
  close(conn->fd);
  free(conn);
}

int example_httpd(int argc, char **argv) {
  struct epoll_event events[EVENTS], event = {.events = EPOLLIN};
  long most = argc > 2 ? atol(argv[2]) : 0, ended = 0;
  int listener = net_listen(argv[0], 256), epoll = epoll_create1(0);
  if (listener < 0 || epoll < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
      epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
    return 1;
  }
  while (most == 0 || ended < most) {
    int n = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      struct conn *conn = events[i].data.ptr;
      if (!conn) {
        welcome(epoll, listener);
      } else if (!go_on(epoll, conn, argv[1])) {
        part(conn);
        ended++;
      }
    }
    if (n < 0 && errno != EINTR) {
      return 1;
    }
  }
  say("%ld connections served", ended);
  close(epoll);
  close(listener);
  return 0;
}
