/* SPDX-License-Identifier: Apache-2.0 */
/* Answers GET and HEAD. Whatever is wrong gets its status and the end of the
 * connection; a request is never guessed at (RFC 9112 2.2, 11.2). */
#include "sim/apps/http_server.h"

#include <stdio.h>
#include <string.h>

struct request {
  bool head_only;  /* HEAD */
  bool keep_alive; /* RFC 9112 9.3 */
  struct http_text path;
};

/* RFC 9112 3: method, target, version. Returns 0 or a status. */
static int parse_request_line(struct http_text line, struct request *request,
                              bool *version_1_1) {
  struct http_text part[3];
  if (!http_split3(line, part, false)) {
    return 400;
  }
  if (part[2].len != 8 || memcmp(part[2].at, "HTTP/", 5) != 0 ||
      part[2].at[6] != '.') {
    return 400;
  }
  if (part[2].at[5] != '1') {
    return 505;
  }
  *version_1_1 = part[2].at[7] >= '1';
  request->keep_alive = *version_1_1;
  request->head_only = http_text_is(part[0], "HEAD");
  if (!request->head_only && !http_text_is(part[0], "GET")) {
    return 405;
  }
  if (part[1].at[0] != '/') {
    return 400;
  }
  request->path = part[1];
  const char *query = memchr(part[1].at, '?', part[1].len);
  if (query) {
    request->path.len = (size_t)(query - part[1].at);
  }
  return 0;
}

/* One field line. Returns 0 or a status. */
static int parse_request_field(struct http_text line, struct request *request,
                               unsigned *hosts) {
  struct http_field field;
  uint64_t length = 0;
  if (!http_parse_field(line, &field)) {
    return 400;
  }
  if (http_text_like(field.name, "host")) {
    (*hosts)++;
  } else if (http_text_like(field.name, "connection")) {
    if (http_text_like(field.value, "close")) {
      request->keep_alive = false;
    } else if (http_text_like(field.value, "keep-alive")) {
      request->keep_alive = true;
    }
  } else if (http_text_like(field.name, "transfer-encoding")) {
    return 400; /* no request here has content */
  } else if (http_text_like(field.name, "content-length")) {
    if (!http_parse_length(field.value, &length) || length != 0) {
      return 400;
    }
  }
  return 0;
}

/* Returns 0 or the status of what is wrong. */
static int parse_request(const struct http_reader *reader,
                         struct request *request) {
  size_t pos = 0;
  struct http_text line;
  bool version_1_1 = false;
  *request = (struct request){.keep_alive = false};
  if (!http_next_line(reader, &pos, &line)) {
    return 400;
  }
  int status = parse_request_line(line, request, &version_1_1);
  unsigned hosts = 0;
  for (int lines = 0; !status && http_next_line(reader, &pos, &line); lines++) {
    status = lines == HTTP_LINES_MAX
                 ? 431
                 : parse_request_field(line, request, &hosts);
  }
  if (!status && (hosts > 1 || (version_1_1 && hosts == 0))) {
    status = 400; /* RFC 9112 3.2 */
  }
  return status;
}

static const char *reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "HTTP Version Not Supported";
  }
}

static int send_head(struct ph_stack *stack, int fd, int status,
                     uint64_t length, bool keep_alive) {
  char head[256];
  int n = snprintf(head, sizeof head,
                   "HTTP/1.1 %d %s\r\nContent-Length: %llu\r\n%s"
                   "Content-Type: application/octet-stream\r\n"
                   "Connection: %s\r\n\r\n",
                   status, reason_of(status), (unsigned long long)length,
                   status == 405 ? "Allow: GET, HEAD\r\n" : "",
                   keep_alive ? "keep-alive" : "close");
  return app_send_all(stack, fd, head, (size_t)n);
}

static int send_content(struct ph_stack *stack, const struct app_env *env,
                        const struct http_server_config *config, int fd,
                        struct app_source *source, struct app_result *result) {
  struct app_pace pace = {.rate = config->rate};
  uint64_t done = 0;
  while (done < source->size) {
    uint64_t left = source->size - done;
    size_t want = left < config->buffer_len ? (size_t)left : config->buffer_len;
    long n = source->read(source->ctx, config->buffer, want);
    if (n <= 0) {
      return n ? (int)n : -PH_EIO; /* shorter than the length that was sent */
    }
    int error = app_send_all(stack, fd, config->buffer, (size_t)n);
    if (error) {
      return error;
    }
    done += (uint64_t)n;
    result->bytes += (uint64_t)n;
    app_progress(env, done, source->size);
    app_pace(stack, env, &pace, (uint64_t)n);
  }
  return 0;
}

/* Answer the request in the reader. Returns 1 to go on, 0 to close, or an
 * error. */
static int answer(struct ph_stack *stack, const struct app_env *env,
                  const struct http_server_config *config, int fd,
                  struct app_result *result) {
  struct request request;
  struct app_source source = {.size = 0};
  int status = parse_request(config->reader, &request);
  bool keep_alive = status == 0 && request.keep_alive;
  if (status == 0) {
    status = config->open(config->ctx, request.path, &source) ? 200 : 404;
  }
  result->status = status;
  result->operations++;
  uint64_t length = status == 200 ? source.size : 0;
  int error = send_head(stack, fd, status, length, keep_alive);
  if (!error && status == 200 && !request.head_only) {
    error = send_content(stack, env, config, fd, &source, result);
  }
  result->finished_ns = stack->now_ns;
  http_drop_head(config->reader);
  return error ? error : keep_alive;
}

/* Requests of one connection, one after the other (they may be pipelined). */
static int serve(struct ph_stack *stack, const struct app_env *env,
                 const struct http_server_config *config, int fd,
                 struct app_result *result) {
  config->reader->len = 0;
  int more = 1;
  while (more > 0) {
    int error = http_read_head(stack, fd, config->reader, config->idle_ms);
    if (error == -PH_EMSGSIZE || error == -PH_ETIMEDOUT) {
      /* An idle connection between requests is just closed. */
      if (error == -PH_EMSGSIZE || config->reader->len > 0) {
        result->status = error == -PH_EMSGSIZE ? 431 : 408;
        result->operations++;
        return send_head(stack, fd, result->status, 0, false);
      }
      return 0;
    }
    if (error <= 0) {
      return error;
    }
    more = answer(stack, env, config, fd, result);
  }
  return more;
}

/* Close so that the peer sees the answer: unread bytes would turn the end into
 * a reset (RFC 9112 9.6). Bounded, for a peer that never stops. */
static void close_gently(struct ph_stack *stack,
                         const struct http_server_config *config, int fd) {
  if (ph_shutdown(stack, fd, PH_SHUT_WR) == 0) {
    for (int i = 0; i < 16; i++) {
      struct ph_pollfd ready = {.fd = fd, .events = PH_POLLIN};
      if (ph_poll(stack, &ready, 1, config->idle_ms) <= 0 ||
          ph_recv(stack, fd, config->reader->bytes, HTTP_HEAD_MAX, 0) <= 0) {
        break;
      }
    }
  }
  ph_close(stack, fd);
}

void http_server(struct ph_stack *stack, const struct app_env *env,
                 const struct http_server_config *config,
                 struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  int listener = app_listen(stack, config->port, config->backlog, config->ipv6);
  if (listener < 0) {
    result->error = listener;
    return;
  }
  for (uint32_t i = 0; config->connections == 0 || i < config->connections;
       i++) {
    int fd = ph_accept(stack, listener, NULL, NULL);
    if (fd < 0) {
      result->error = fd;
      break;
    }
    /* What goes wrong in one connection is no reason to stop serving. */
    result->error = serve(stack, env, config, fd, result);
    close_gently(stack, config, fd);
  }
  ph_close(stack, listener);
}
