/* SPDX-License-Identifier: Apache-2.0 */
/* httpd PORT DIR [CONNECTIONS [IDLE_S]]: a web server (RFC 9110, 9112) for many
 * connections at once in one thread. No call but epoll_wait() ever waits: each
 * connection remembers how far it got. Who does not send a request or take its
 * answer is dropped. The server ends when so many connections have ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/example.h"
#include "sim/examples/http_message.h"

enum { EVENTS = 64, REQUEST_MAX = 2048, PIECE = 16384, TURN = 16, IDLE_S = 60 };

/* It reads a request, sends `out` and `left` bytes of `file`, and so on. */
struct conn {
  int fd;
  bool keep_alive, parting; /* parting: it waits for the client's end */
  int64_t until;            /* something must have moved */
  struct conn *older, *newer;
  FILE *file;
  long left;
  size_t in_len, out_len, out_at;
  char in[REQUEST_MAX], out[PIECE];
};

struct server {
  const char *dir;
  int epoll, listener;
  int64_t idle_ms;
  struct conn list; /* in a ring, by `until` */
  long ended;
  bool full; /* there was no room for a connection */
};

static void drop_file(struct conn *conn) {
  if (conn->file) {
    fclose(conn->file);
  }
  conn->file = NULL;
}

static void part(struct server *server, struct conn *conn) {
  conn->older->newer = conn->newer;
  conn->newer->older = conn->older;
  drop_file(conn);
  close(conn->fd);
  free(conn);
  server->ended++;
}

static void has_moved(struct server *server, struct conn *conn) {
  if (conn->older) {
    conn->older->newer = conn->newer;
    conn->newer->older = conn->older;
  }
  conn->until = now_ms() + server->idle_ms;
  conn->older = server->list.older;
  conn->newer = &server->list;
  conn->older->newer = conn->newer->older = conn;
}

/* One whole request, which ends at `end`, or NULL: it is too long. */
static void serve(struct conn *conn, const char *dir, char *end) {
  struct http_request request = {.keep_alive = false};
  int status = end ? http_request_read(&request, conn->in, end) : 431;
  conn->left = 0;
  if (status == 200) {
    conn->file = http_open(dir, request.path, &conn->left);
    status = conn->file ? 200 : 404;
  }
  conn->keep_alive = request.keep_alive;
  conn->out_len = http_answer(conn->out, sizeof(conn->out), status, conn->left,
                              conn->keep_alive);
  if (request.head) {
    drop_file(conn);
  }
  if (end) {
    conn->in_len -= (size_t)(end - conn->in);
    memmove(conn->in, end, conn->in_len);
  }
}

/* Take a request. 1: there is something to do; 0: not yet; -1: it is over. */
static int take(struct conn *conn, const char *dir) {
  char *end = conn->parting ? NULL : http_request_end(conn->in, conn->in_len);
  if (end || conn->in_len == REQUEST_MAX) {
    serve(conn, dir, end);
    return 1;
  }
  ssize_t n =
      recv(conn->fd, conn->in + conn->in_len, REQUEST_MAX - conn->in_len, 0);
  conn->in_len += n > 0 && !conn->parting ? (size_t)n : 0;
  return n > 0 ? 1 : n < 0 && errno == EAGAIN ? 0 : -1;
}

/* Send a piece, and read the next one. The same results. */
static int give(struct server *server, struct conn *conn) {
  ssize_t n = send(conn->fd, conn->out + conn->out_at,
                   conn->out_len - conn->out_at, MSG_NOSIGNAL);
  if (n < 0) {
    return errno == EAGAIN ? 0 : -1;
  }
  has_moved(server, conn);
  conn->out_at += (size_t)n;
  if (conn->out_at < conn->out_len) {
    return 1;
  }
  conn->out_at = conn->out_len = 0;
  if (conn->file && conn->left > 0) {
    size_t most = conn->left < PIECE ? (size_t)conn->left : PIECE;
    conn->out_len = fread(conn->out, 1, most, conn->file);
    conn->left -= (long)conn->out_len;
    return conn->out_len > 0 ? 1 : -1; /* -1: it has become shorter */
  }
  drop_file(conn);
  /* A close() while bytes come would take the answer back (RFC 9112 9.6). */
  conn->parting = !conn->keep_alive;
  conn->in_len = conn->parting ? 0 : conn->in_len;
  return conn->parting && shutdown(conn->fd, SHUT_WR) < 0 ? -1 : 1;
}

/* Go on as far as it gets in its turn: TURN pieces and requests. False: it is
 * over. */
static bool go_on(struct server *server, struct conn *conn) {
  int more = 1;
  for (int i = 0; i < TURN && more > 0; i++) {
    more = conn->out_len > 0 ? give(server, conn) : take(conn, server->dir);
  }
  bool out = conn->out_len > 0 || more > 0;
  struct epoll_event event = {.events = out ? EPOLLOUT : EPOLLIN,
                              .data.ptr = conn};
  return more >= 0 &&
         epoll_ctl(server->epoll, EPOLL_CTL_MOD, conn->fd, &event) == 0;
}

static void welcome(struct server *server) {
  int fd;
  while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct conn *conn = calloc(1, sizeof(*conn));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (!conn || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
      free(conn);
      close(fd);
    } else {
      conn->fd = fd;
      has_moved(server, conn);
    }
  }
  server->full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS;
}

/* Until something happens or somebody has been idle for too long. */
static bool wait_once(struct server *server) {
  struct epoll_event events[EVENTS];
  struct conn *list = &server->list;
  int64_t left = list->newer->until - now_ms();
  int ms = list->newer == list ? -1 : left > 0 ? (int)left : 0;
  int n = epoll_wait(server->epoll, events, EVENTS, ms);
  if (n < 0) {
    return errno == EINTR;
  }
  for (int i = 0; i < n; i++) {
    struct conn *conn = events[i].data.ptr;
    if (!conn) {
      welcome(server);
    } else if (!go_on(server, conn)) {
      part(server, conn);
    }
  }
  while (list->newer != list &&
         (server->full || list->newer->until <= now_ms())) {
    part(server, list->newer);
    server->full = false;
  }
  return true;
}

int example_httpd(int argc, char **argv) {
  struct epoll_event event = {.events = EPOLLIN};
  long most = argc > 2 ? atol(argv[2]) : 0, idle = argc > 3 ? atoi(argv[3]) : 0;
  struct server server = {
      .dir = argv[1],
      .epoll = epoll_create1(0),
      .listener = net_listen(argv[0], 256),
      .idle_ms = 1000 * (idle > 0 && idle < 86400 ? idle : IDLE_S)};
  server.list.older = server.list.newer = &server.list;
  if (server.listener < 0 || server.epoll < 0 ||
      fcntl(server.listener, F_SETFL, O_NONBLOCK) < 0 ||
      epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event) < 0) {
    return 1;
  }
  while ((most == 0 || server.ended < most) && wait_once(&server)) {
  }
  say("%ld connections served", server.ended);
  close(server.epoll);
  close(server.listener);
  return 0;
}
