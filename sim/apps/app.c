/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/app.h"

enum { NS_PER_S = 1000000000 };

void app_pace(struct ph_stack *stack, const struct app_env *env,
              struct app_pace *pace, uint64_t bytes) {
  if (pace->rate == 0 || !env->sleep_ns) {
    return;
  }
  if (pace->bytes == 0) {
    pace->started_ns = stack->now_ns;
  }
  pace->bytes += bytes;
  /* Whole seconds apart, so that the product stays in 64 bits. */
  uint64_t due = pace->started_ns + pace->bytes / pace->rate * NS_PER_S +
                 pace->bytes % pace->rate * NS_PER_S / pace->rate;
  if (due > stack->now_ns) {
    env->sleep_ns(env->ctx, due - stack->now_ns);
  }
}

void app_progress(const struct app_env *env, uint64_t done, uint64_t total) {
  if (env->progress) {
    env->progress(env->ctx, done, total);
  }
}

static uint16_t swap16(uint16_t v) {
  return (uint16_t)(v << 8 | v >> 8);
}

struct ph_sockaddr_in app_address(uint32_t ip, uint16_t port) {
  struct ph_sockaddr_in address = {.sin_family = PH_AF_INET};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  address.sin_port = swap16(port);
  address.sin_addr =
      (uint32_t)swap16((uint16_t)ip) << 16 | swap16((uint16_t)(ip >> 16));
#else
  address.sin_port = port;
  address.sin_addr = ip;
#endif
  return address;
}

struct app_peer app_any(uint16_t port, bool ipv6) {
  struct app_peer peer = {.family = ipv6 ? PH_AF_INET6 : PH_AF_INET};
  struct ph_sockaddr_in v4 = app_address(0, port);
  if (ipv6) {
    peer.address.v6 = (struct ph_sockaddr_in6){.sin6_family = PH_AF_INET6,
                                               .sin6_port = v4.sin_port};
    peer.len = sizeof peer.address.v6;
  } else {
    peer.address.v4 = v4;
    peer.len = sizeof peer.address.v4;
  }
  return peer;
}

struct app_peer app_peer(uint32_t ip, const struct ph_addr *ip6,
                         uint16_t port) {
  static const struct ph_addr none = {{0}};
  bool ipv6 = !ph_addr_equal(ip6, &none);
  struct app_peer peer = app_any(port, ipv6);
  if (ipv6) {
    memcpy(peer.address.v6.sin6_addr, ip6->bytes, sizeof ip6->bytes);
  } else {
    peer.address.v4.sin_addr = app_address(ip, port).sin_addr;
  }
  return peer;
}

int app_connect(struct ph_stack *stack, uint32_t ip, uint16_t port) {
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  if (fd < 0) {
    return fd;
  }
  struct ph_sockaddr_in address = app_address(ip, port);
  int error = ph_connect(stack, fd, &address, sizeof address);
  if (error) {
    ph_close(stack, fd);
    return error;
  }
  return fd;
}

int app_listen(struct ph_stack *stack, uint16_t port, int backlog, bool ipv6) {
  struct app_peer any = app_any(port, ipv6);
  int fd = ph_socket(stack, any.family, PH_SOCK_STREAM, 0);
  if (fd < 0) {
    return fd;
  }
  int one = 1;
  int error = ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_REUSEADDR, &one,
                            sizeof one);
  if (!error) {
    error = ph_bind(stack, fd, &any.address, any.len);
  }
  if (!error) {
    error = ph_listen(stack, fd, backlog);
  }
  if (error) {
    ph_close(stack, fd);
    return error;
  }
  return fd;
}

int app_send_all(struct ph_stack *stack, int fd, const void *data, size_t len) {
  const uint8_t *bytes = data;
  while (len > 0) {
    long n = ph_send(stack, fd, bytes, len, 0);
    if (n < 0) {
      return (int)n;
    }
    bytes += n;
    len -= (size_t)n;
  }
  return 0;
}

int app_parse_u64(const char *text, const char *end, uint64_t *value) {
  uint64_t v = 0;
  if (text == end) {
    return -PH_EINVAL;
  }
  for (; text < end; text++) {
    if (*text < '0' || *text > '9') {
      return -PH_EINVAL;
    }
    uint64_t digit = (uint64_t)(*text - '0');
    if (v > (UINT64_MAX - digit) / 10) {
      return -PH_EINVAL;
    }
    v = v * 10 + digit;
  }
  *value = v;
  return 0;
}

uint8_t app_pattern_byte(uint64_t seed, uint64_t offset) {
  /* One round of a 64-bit mixer per 8 bytes: no period that a lost or repeated
   * segment could hide in. */
  uint64_t x = (offset >> 3) + seed * UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  x ^= x >> 31;
  return (uint8_t)(x >> (offset & 7) * 8);
}

static long pattern_read(void *ctx, void *to, size_t len) {
  struct app_pattern *pattern = ctx;
  uint8_t *bytes = to;
  size_t n = 0;
  for (; n < len && pattern->offset < pattern->size; n++) {
    bytes[n] = app_pattern_byte(pattern->seed, pattern->offset++);
  }
  return (long)n;
}

struct app_source app_pattern_source(struct app_pattern *pattern) {
  return (struct app_source){pattern, pattern->size, pattern_read};
}
