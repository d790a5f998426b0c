/* SPDX-License-Identifier: Apache-2.0 */
/* httpget HOST PORT PATH COUNT: so many connections at once, each fetches PATH.
 * What comes must be what Content-Length says, and the same on all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/examples/example.h"

enum { HEAD_MAX = 1024, EVENTS = 64, COUNT_MAX = 10000 };

struct fetch {
  int fd, status;
  bool asked, has_head, done, good;
  size_t head_len;
  long length, got;
  uint32_t sum;
  char head[HEAD_MAX + 1];
};

struct job {
  const char *host, *path;
  int epoll, open;
  const struct addrinfo *to;
};

static void end_fetch(struct job *job, struct fetch *fetch) {
  close(fetch->fd);
  fetch->done = true;
  fetch->good = fetch->has_head && fetch->got == fetch->length;
  job->open--;
}

static bool begin_fetch(struct job *job, struct fetch *fetch) {
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = fetch};
  fetch->fd = socket(job->to->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fetch->fd < 0) {
    return false;
  }
  job->open++;
  if ((connect(fetch->fd, job->to->ai_addr, job->to->ai_addrlen) < 0 &&
       errno != EINPROGRESS) ||
      epoll_ctl(job->epoll, EPOLL_CTL_ADD, fetch->fd, &event) < 0) {
    end_fetch(job, fetch);
    return false;
  }
  return true;
}

/* The connection is made or refused. A request fits into any send buffer. */
static bool ask(const struct job *job, struct fetch *fetch) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = fetch};
  int error = 0;
  socklen_t len = sizeof(error);
  fetch->asked = true;
  return getsockopt(fetch->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
         error == 0 &&
         net_print(fetch->fd,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                   job->path, job->host) &&
         epoll_ctl(job->epoll, EPOLL_CTL_MOD, fetch->fd, &event) == 0;
}

static void take_content(struct fetch *fetch, const char *data, size_t len) {
  fetch->got += (long)len;
  fetch->sum = net_sum(fetch->sum, data, len);
}

/* What came belongs to the head as long as that has no end. */
static bool take_head(struct fetch *fetch, const char *data, size_t len) {
  size_t room = HEAD_MAX - fetch->head_len, n = len < room ? len : room;
  memcpy(fetch->head + fetch->head_len, data, n);
  fetch->head[fetch->head_len + n] = 0;
  char *end = strstr(fetch->head, "\r\n\r\n");
  if (!end) {
    fetch->head_len += n;
    return n == len;
  }
  size_t used = (size_t)(end + 4 - fetch->head) - fetch->head_len;
  const char *length = strcasestr(fetch->head, "\r\ncontent-length:");
  fetch->has_head = length &&
                    sscanf(fetch->head, "HTTP/1.1 %d", &fetch->status) == 1 &&
                    sscanf(length + 17, "%ld", &fetch->length) == 1;
  take_content(fetch, data + used, len - used);
  return fetch->has_head;
}

/* Take what has come. False: it is over. */
static bool take(struct fetch *fetch) {
  char data[8192];
  ssize_t n;
  while ((n = recv(fetch->fd, data, sizeof(data), 0)) > 0) {
    if (fetch->has_head) {
      take_content(fetch, data, (size_t)n);
    } else if (!take_head(fetch, data, (size_t)n)) {
      return false;
    }
    if (fetch->got > fetch->length) {
      return false; /* and who knows how much more */
    }
  }
  return n < 0 && errno == EAGAIN;
}

static void fetch_all(struct job *job, struct fetch *fetches, int count) {
  struct epoll_event events[EVENTS];
  for (int i = 0; i < count; i++) {
    fetches[i].sum = NET_SUM_START;
    if (!begin_fetch(job, &fetches[i])) {
      say("connection %d: %s", i, strerror(errno));
    }
  }
  while (job->open > 0) {
    int n = epoll_wait(job->epoll, events, EVENTS, NET_PATIENCE_S * 1000);
    for (int i = 0; i < n; i++) {
      struct fetch *fetch = events[i].data.ptr;
      if (!(fetch->asked ? take(fetch) : ask(job, fetch))) {
        end_fetch(job, fetch);
      }
    }
    if (n == 0 || (n < 0 && errno != EINTR)) {
      return; /* nothing of any for so long */
    }
  }
}

static int report(const struct fetch *fetches, int count) {
  int good = 0;
  for (int i = 0; i < count; i++) {
    good += fetches[i].good && fetches[i].status == fetches[0].status &&
            fetches[i].got == fetches[0].got &&
            fetches[i].sum == fetches[0].sum;
  }
  say("%d of %d whole: status %d, %ld bytes each, sum %08x", good, count,
      fetches[0].status, fetches[0].got, fetches[0].sum);
  return good == count && fetches[0].status == 200 ? 0 : 1;
}

int example_httpget(int argc, char **argv) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list;
  int count = atoi(argv[argc - 1]);
  if (count < 1 || count > COUNT_MAX) {
    say("COUNT: 1 to 10000");
    return 2;
  }
  int error = getaddrinfo(argv[0], argv[1], &hints, &list);
  if (error) {
    say("%s: %s", argv[0], gai_strerror(error));
    return 1;
  }
  struct job job = {argv[0], argv[2], epoll_create1(0), 0, list};
  struct fetch *fetches = calloc((size_t)count, sizeof(*fetches));
  int status = 1;
  if (fetches && job.epoll >= 0) {
    fetch_all(&job, fetches, count);
    status = report(fetches, count);
  }
  free(fetches);
  freeaddrinfo(list);
  close(job.epoll);
  return status;
}
