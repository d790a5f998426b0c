/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/udp_echo.h"

void udp_echo_server(struct ph_stack *stack, const struct app_env *env,
                     const struct udp_echo_config *config,
                     struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  struct app_peer any = app_any(config->port, config->ipv6);
  int fd = ph_socket(stack, any.family, PH_SOCK_DGRAM, 0);
  if (fd < 0) {
    result->error = fd;
    return;
  }
  result->error = ph_bind(stack, fd, &any.address, any.len);
  while (!result->error &&
         (config->count == 0 || result->operations < config->count)) {
    struct ph_sockaddr_in6 from; /* or the shorter one of IPv4 */
    ph_socklen_t from_len = sizeof from;
    long n = ph_recvfrom(stack, fd, config->buffer, config->buffer_len, 0,
                         &from, &from_len);
    if (n >= 0) {
      n = ph_sendto(stack, fd, config->buffer, (size_t)n, 0, &from, from_len);
    }
    if (n < 0) {
      result->error = (int)n;
      break;
    }
    result->operations++;
    result->bytes += (uint64_t)n;
    result->finished_ns = stack->now_ns;
    app_progress(env, result->operations, config->count);
  }
  ph_close(stack, fd);
}

/* Wait for the echo of the `len` bytes at `sent`. 1: it came, 0: it did not.
 * Late echoes of earlier datagrams are passed over: their number, the first
 * four bytes, is another. */
static int await_echo(struct ph_stack *stack, int fd,
                      const struct udp_echo_config *config,
                      const uint8_t *sent) {
  uint8_t *got = (uint8_t *)config->buffer + config->size;
  uint64_t deadline =
      stack->now_ns + (uint64_t)config->timeout_ms * UINT64_C(1000000);
  while (stack->now_ns < deadline) {
    struct ph_pollfd ready = {.fd = fd, .events = PH_POLLIN};
    uint64_t left_ms = (deadline - stack->now_ns + 999999) / 1000000;
    int polled = ph_poll(stack, &ready, 1, (int)left_ms);
    if (polled <= 0) {
      return polled;
    }
    long n = ph_recv(stack, fd, got, config->size, PH_MSG_TRUNC);
    if (n == -PH_EAGAIN) {
      continue;
    }
    if (n < 0) {
      return (int)n;
    }
    if (config->size >= 4 && n >= 4 && memcmp(got, sent, 4) != 0) {
      continue;
    }
    bool same =
        (uint64_t)n == config->size && memcmp(got, sent, config->size) == 0;
    return same ? 1 : -PH_EBADMSG;
  }
  return 0;
}

static void note_round_trip(struct app_result *result, uint64_t ns) {
  result->min_ns =
      result->operations == 0 || ns < result->min_ns ? ns : result->min_ns;
  result->max_ns = ns > result->max_ns ? ns : result->max_ns;
  result->total_ns += ns;
  result->operations++;
}

/* Number first, then a pattern that depends on it. */
static void fill(uint8_t *bytes, uint32_t size, uint32_t number) {
  for (uint32_t i = 0; i < size; i++) {
    uint32_t byte = i < 4 ? number >> 8 * i : app_pattern_byte(number, i);
    bytes[i] = (uint8_t)byte;
  }
}

static int exchange(struct ph_stack *stack, const struct app_env *env,
                    const struct udp_echo_config *config, int fd,
                    struct app_result *result) {
  for (uint32_t i = 0; i < config->count; i++) {
    fill(config->buffer, config->size, i);
    uint64_t sent_ns = stack->now_ns;
    long n = ph_send(stack, fd, config->buffer, config->size, 0);
    if (n < 0) {
      return (int)n;
    }
    int answer = await_echo(stack, fd, config, config->buffer);
    if (answer < 0) {
      return answer;
    }
    if (answer) {
      note_round_trip(result, stack->now_ns - sent_ns);
      result->bytes += config->size;
    } else {
      result->lost++;
    }
    result->finished_ns = stack->now_ns;
    app_progress(env, i + 1, config->count);
  }
  return 0;
}

void udp_echo_client(struct ph_stack *stack, const struct app_env *env,
                     const struct udp_echo_config *config,
                     struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  if (config->size > UDP_ECHO_MAX ||
      config->buffer_len < 2 * (size_t)config->size) {
    result->error = -PH_EINVAL;
    return;
  }
  struct app_peer peer = app_peer(config->ip, &config->ip6, config->port);
  int fd = ph_socket(stack, peer.family, PH_SOCK_DGRAM, 0);
  if (fd < 0) {
    result->error = fd;
    return;
  }
  result->error = ph_connect(stack, fd, &peer.address, peer.len);
  if (!result->error) {
    result->error = exchange(stack, env, config, fd, result);
  }
  ph_close(stack, fd);
}
