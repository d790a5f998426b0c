/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/http_client.h"

#include <stdio.h>
#include <string.h>

struct response {
  int status;
  bool has_length; /* else the content ends with the connection */
  bool keep_alive;
  uint64_t length;
};

static int send_request(struct ph_stack *stack, int fd,
                        const struct http_client_config *config, bool last) {
  char head[1024];
  int n = snprintf(head, sizeof head,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: packhorse\r\n"
                   "Connection: %s\r\n\r\n",
                   config->path, config->host, last ? "close" : "keep-alive");
  if (n < 0 || (size_t)n >= sizeof head) {
    return -PH_EINVAL;
  }
  return app_send_all(stack, fd, head, (size_t)n);
}

/* RFC 9112 4: version, three digits, text. */
static bool parse_status_line(struct http_text line,
                              struct response *response) {
  struct http_text part[3];
  uint64_t status = 0;
  if (!http_split3(line, part, true) || part[0].len != 8 ||
      memcmp(part[0].at, "HTTP/1.", 7) != 0 || part[1].len != 3 ||
      !http_parse_length(part[1], &status) || status < 100) {
    return false;
  }
  response->status = (int)status;
  response->keep_alive = part[0].at[7] >= '1';
  return true;
}

static bool parse_response_field(struct http_text line,
                                 struct response *response) {
  struct http_field field;
  if (!http_parse_field(line, &field)) {
    return false;
  }
  if (http_text_like(field.name, "content-length")) {
    uint64_t length = 0;
    if (!http_parse_length(field.value, &length) ||
        (response->has_length && length != response->length)) {
      return false; /* RFC 9112 6.3 (5) */
    }
    response->has_length = true;
    response->length = length;
  } else if (http_text_like(field.name, "transfer-encoding")) {
    return false; /* HTTP/1.1 clients may get it; this one asks for nothing that
                     needs it */
  } else if (http_text_like(field.name, "connection") &&
             http_text_like(field.value, "close")) {
    response->keep_alive = false;
  }
  return true;
}

static int parse_response(const struct http_reader *reader,
                          struct response *response) {
  size_t pos = 0;
  struct http_text line;
  *response = (struct response){.status = 0};
  if (!http_next_line(reader, &pos, &line) ||
      !parse_status_line(line, response)) {
    return -PH_EBADMSG;
  }
  for (int lines = 0; http_next_line(reader, &pos, &line); lines++) {
    if (lines == HTTP_LINES_MAX || !parse_response_field(line, response)) {
      return -PH_EBADMSG;
    }
  }
  return 0;
}

/* Give `len` bytes of content to the sink. */
static int take(struct ph_stack *stack, const struct app_env *env,
                struct app_sink *sink, const void *bytes, size_t len,
                const struct response *response, uint64_t *done,
                struct app_result *result) {
  int error = sink->write(sink->ctx, bytes, len);
  if (!error) {
    *done += len;
    result->bytes += len;
    result->finished_ns = stack->now_ns;
    app_progress(env, *done, response->has_length ? response->length : 0);
  }
  return error;
}

static int read_content(struct ph_stack *stack, const struct app_env *env,
                        const struct http_client_config *config, int fd,
                        const struct response *response, struct app_sink *sink,
                        struct app_result *result) {
  struct http_reader *reader = config->reader;
  struct app_pace pace = {.rate = config->rate};
  uint64_t length = response->has_length ? response->length : UINT64_MAX;
  uint64_t done = 0;
  http_drop_head(reader);
  size_t early = reader->len < length ? reader->len : (size_t)length;
  int error = early ? take(stack, env, sink, reader->bytes, early, response,
                           &done, result)
                    : 0;
  reader->head = early; /* what remains belongs to the next response */
  http_drop_head(reader);
  while (!error && done < length) {
    uint64_t left = length - done;
    size_t want = left < config->buffer_len ? (size_t)left : config->buffer_len;
    struct ph_pollfd ready = {.fd = fd, .events = PH_POLLIN};
    int polled = ph_poll(stack, &ready, 1, config->idle_ms);
    if (polled <= 0) {
      return polled ? polled : -PH_ETIMEDOUT;
    }
    long n = ph_recv(stack, fd, config->buffer, want, 0);
    if (n == 0) {
      return response->has_length ? -PH_EBADMSG : 0;
    }
    if (n < 0) {
      return (int)n;
    }
    error = take(stack, env, sink, config->buffer, (size_t)n, response, &done,
                 result);
    app_pace(stack, env, &pace, (uint64_t)n);
  }
  return error;
}

/* One request and its response. Returns 1 if the connection goes on, 0 if it
 * ended, or an error. */
static int fetch(struct ph_stack *stack, const struct app_env *env,
                 const struct http_client_config *config, int fd, bool last,
                 struct app_sink *sink, struct app_result *result) {
  struct response response;
  int error = send_request(stack, fd, config, last);
  if (error) {
    return error;
  }
  error = http_read_head(stack, fd, config->reader, config->idle_ms);
  if (error <= 0) {
    return error ? error : -PH_EBADMSG;
  }
  error = parse_response(config->reader, &response);
  if (error) {
    return error;
  }
  result->status = response.status;
  result->operations++;
  if (response.status != 200) {
    return -PH_ENOENT;
  }
  error = read_content(stack, env, config, fd, &response, sink, result);
  return error ? error : response.keep_alive && response.has_length;
}

static int connect_to(struct ph_stack *stack,
                      const struct http_client_config *config) {
  struct app_peer server = app_peer(config->ip, &config->ip6, config->port);
  int fd = ph_socket(stack, server.family, PH_SOCK_STREAM, 0);
  if (fd < 0) {
    return fd;
  }
  int bytes = (int)config->recv_buffer;
  int error = 0;
  if (bytes) {
    error = ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_RCVBUF, &bytes,
                          sizeof bytes);
  }
  if (!error) {
    error = ph_connect(stack, fd, &server.address, server.len);
  }
  if (error) {
    ph_close(stack, fd);
    return error;
  }
  return fd;
}

void http_client(struct ph_stack *stack, const struct app_env *env,
                 const struct http_client_config *config, struct app_sink *sink,
                 struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  int fd = -1, more = 0;
  for (uint32_t i = 0; i < config->requests; i++) {
    if (more == 0) {
      config->reader->len = 0;
      fd = connect_to(stack, config);
      if (fd < 0) {
        result->error = fd;
        return;
      }
    }
    more =
        fetch(stack, env, config, fd, i + 1 == config->requests, sink, result);
    if (more <= 0) {
      ph_close(stack, fd);
      fd = -1;
    }
    if (more < 0) {
      result->error = more;
      return;
    }
  }
  if (fd >= 0) {
    ph_close(stack, fd);
  }
}
