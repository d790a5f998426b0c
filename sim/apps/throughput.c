/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/throughput.h"

/* The receive buffer decides the window scale, so that all of this is set
 * before the connection exists. */
static int set_options(struct ph_stack *stack, int fd,
                       const struct throughput_config *config) {
  int error = 0;
  if (config->send_buffer) {
    int bytes = (int)config->send_buffer;
    error = ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_SNDBUF, &bytes,
                          sizeof bytes);
  }
  if (!error && config->recv_buffer) {
    int bytes = (int)config->recv_buffer;
    error = ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_RCVBUF, &bytes,
                          sizeof bytes);
  }
  if (!error && config->arq.mode) {
    error = ph_setsockopt(stack, fd, PH_IPPROTO_TCP, PH_TCP_ARQ, &config->arq,
                          sizeof config->arq);
  }
  return error;
}

/* Returns 0 at the end of the source. */
static int send_source(struct ph_stack *stack, const struct app_env *env,
                       const struct throughput_config *config, int fd,
                       struct app_source *source, struct app_result *result) {
  struct app_pace pace = {.rate = config->rate};
  long n;
  while ((n = source->read(source->ctx, config->buffer, config->buffer_len)) >
         0) {
    int error = app_send_all(stack, fd, config->buffer, (size_t)n);
    if (error) {
      return error;
    }
    result->bytes += (uint64_t)n;
    result->finished_ns = stack->now_ns;
    app_progress(env, result->bytes, source->size);
    app_pace(stack, env, &pace, (uint64_t)n);
  }
  return (int)n;
}

/* Returns 0 at the end of the stream. */
static int receive_stream(struct ph_stack *stack, const struct app_env *env,
                          const struct throughput_config *config, int fd,
                          struct app_sink *sink, struct app_result *result) {
  struct app_pace pace = {.rate = config->rate};
  long n;
  while ((n = ph_recv(stack, fd, config->buffer, config->buffer_len, 0)) > 0) {
    int error = sink->write(sink->ctx, config->buffer, (size_t)n);
    if (error) {
      return error;
    }
    result->bytes += (uint64_t)n;
    result->finished_ns = stack->now_ns;
    app_progress(env, result->bytes, 0);
    app_pace(stack, env, &pace, (uint64_t)n);
  }
  return (int)n;
}

void throughput_send(struct ph_stack *stack, const struct app_env *env,
                     const struct throughput_config *config,
                     struct app_source *source, struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  struct app_peer peer = app_peer(config->ip, &config->ip6, config->port);
  int fd = ph_socket(stack, peer.family, PH_SOCK_STREAM, 0);
  if (fd < 0) {
    result->error = fd;
    return;
  }
  int error = set_options(stack, fd, config);
  if (!error) {
    error = ph_connect(stack, fd, &peer.address, peer.len);
  }
  if (!error) {
    result->operations = 1;
    result->connected_ns = stack->now_ns;
    error = send_source(stack, env, config, fd, source, result);
  }
  if (!error) {
    error = ph_shutdown(stack, fd, PH_SHUT_WR);
  }
  /* The peer's FIN says that it has read everything. */
  char end = 0;
  if (!error) {
    error = (int)ph_recv(stack, fd, &end, sizeof end, 0);
  }
  result->error = error > 0 ? -PH_EPROTO : error;
  ph_close(stack, fd);
}

void throughput_receive(struct ph_stack *stack, const struct app_env *env,
                        const struct throughput_config *config,
                        struct app_sink *sink, struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  int listener = app_listen(stack, config->port, 1, config->ipv6);
  if (listener < 0) {
    result->error = listener;
    return;
  }
  int fd = set_options(stack, listener, config);
  if (!fd) {
    fd = ph_accept(stack, listener, NULL, NULL);
  }
  if (fd >= 0) {
    result->operations = 1;
    result->connected_ns = stack->now_ns;
    result->error = receive_stream(stack, env, config, fd, sink, result);
    ph_close(stack, fd);
  } else {
    result->error = fd;
  }
  ph_close(stack, listener);
}
