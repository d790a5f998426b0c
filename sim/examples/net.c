/* SPDX-License-Identifier: Apache-2.0 */
/* What every program needs of a socket. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/examples/example.h"

enum { FAREWELL_MS = 1000 };

void net_clean(char *text) {
  for (char *c = text; *c; c++) {
    *c = *c < ' ' || *c > '~' ? '?' : *c;
  }
}

void say(const char *format, ...) {
  char text[1200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  net_clean(text);
  screen(text);
}

int net_connect(const char *host, const char *port) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list, *at;
  int fd = -1;
  int error = getaddrinfo(host, port, &hints, &list);
  if (error) {
    say("%s: %s", host, gai_strerror(error));
    return -1;
  }
  for (at = list; at && fd < 0; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 &&
        (!net_patient(fd) || connect(fd, at->ai_addr, at->ai_addrlen) < 0)) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(list);
  if (fd < 0) {
    say("%s port %s: no connection", host, port);
  }
  return fd;
}

int net_listen(const char *port, int backlog) {
  const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                 .ai_family = AF_INET6,
                                 .ai_socktype = SOCK_STREAM};
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  struct addrinfo *list;
  int one = 1, zero = 0;
  if (getaddrinfo(NULL, port, &hints, &list) != 0) {
    say("%s: no port", port);
    return -1;
  }
  v4.sin_port = ((const struct sockaddr_in6 *)(void *)list->ai_addr)->sin6_port;
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  bool two = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
                                   sizeof(zero)) == 0;
  if (!two) {
    fd = socket(AF_INET, SOCK_STREAM, 0);
  }
  const void *address = two ? (const void *)list->ai_addr : &v4;
  socklen_t len = two ? list->ai_addrlen : sizeof(v4);
  if (fd < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
      bind(fd, address, len) < 0 || listen(fd, backlog) < 0) {
    say("port %s: %s", port, strerror(errno));
    if (fd >= 0) {
      close(fd);
    }
    fd = -1;
  }
  freeaddrinfo(list);
  if (fd >= 0) {
    say("listening on port %s", port);
  }
  return fd;
}

bool net_patient(int fd) {
  const struct timeval patience = {.tv_sec = NET_PATIENCE_S};
  return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ==
             0 &&
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ==
             0;
}

int net_accept(int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd >= 0 && !net_patient(fd)) {
    close(fd);
    fd = -1;
  }
  return fd;
}

bool net_send(int fd, const void *data, size_t len) {
  const char *bytes = data;
  while (len > 0) {
    ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
    if (n < 0) {
      return false;
    }
    bytes += n;
    len -= (size_t)n;
  }
  return true;
}

bool net_print(int fd, const char *format, ...) {
  char text[1200];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  return len >= 0 && (size_t)len < sizeof(text) &&
         net_send(fd, text, (size_t)len);
}

int net_line(struct net_lines *lines, char *line, size_t size) {
  int64_t until = now_ms() + NET_PATIENCE_S * 1000;
  for (size_t n = 0;;) {
    if (lines->at == lines->len) {
      ssize_t got = recv(lines->fd, lines->data, sizeof(lines->data), 0);
      if (got <= 0 || now_ms() > until) {
        return -1;
      }
      lines->at = 0;
      lines->len = (size_t)got;
    }
    char c = lines->data[lines->at++];
    if (c == '\n') {
      n -= n > 0 && line[n - 1] == '\r';
      line[n] = 0;
      return (int)n;
    }
    if (n + 1 == size) {
      lines->too_long = true;
      return -1;
    }
    line[n++] = c;
  }
}

void net_farewell(int fd, const char *text) {
  char data[1024];
  struct pollfd in = {.fd = fd, .events = POLLIN};
  int64_t until = now_ms() + FAREWELL_MS;
  if (net_print(fd, "%s", text) && shutdown(fd, SHUT_WR) == 0) {
    while (now_ms() < until && poll(&in, 1, FAREWELL_MS) == 1 &&
           recv(fd, data, sizeof(data), 0) > 0) {
    }
  }
}

uint32_t net_sum(uint32_t sum, const void *data, size_t len) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++) {
    sum = (sum ^ bytes[i]) * 0x01000193;
  }
  return sum;
}
