/* SPDX-License-Identifier: Apache-2.0 */
/* What the example applications share: where their data come from and go to, a
 * clock to pace themselves by, and what they report.
 *
 * An application is one function that makes blocking socket calls on the stack
 * it is given and returns when it is done. It knows nothing of what runs below:
 * a simulated NIC, a TAP device or a software wire.
 */
#ifndef PH_SIM_APPS_APP_H
#define PH_SIM_APPS_APP_H

#include "stack/socket/socket.h"

/* The environment of an application. Hooks may be NULL. */
struct app_env {
  void *ctx;
  /* Sleep; NULL: nothing is paced. */
  void (*sleep_ns)(void *ctx, uint64_t ns);
  /* `done` bytes of `total` (0: unknown) have been moved. */
  void (*progress)(void *ctx, uint64_t done, uint64_t total);
};

/* Where data come from. `read` fills up to `len` bytes and returns how many; 0
 * at the end; negative: an error. */
struct app_source {
  void *ctx;
  uint64_t size; /* bytes in all */
  long (*read)(void *ctx, void *to, size_t len);
};

/* Where data go. `write` takes all `len` bytes; 0 or a negative error. */
struct app_sink {
  void *ctx;
  int (*write)(void *ctx, const void *from, size_t len);
};

struct app_result {
  int error;             /* 0, or -PH_E... that ended the application */
  int status;            /* HTTP status of the last response; else 0 */
  uint64_t operations;   /* requests, connections, datagrams or echoes */
  uint64_t bytes;        /* payload moved */
  uint64_t started_ns;   /* `connect` or `accept` was called */
  uint64_t connected_ns; /* throughput: the connection is made */
  uint64_t finished_ns;  /* last payload byte read or accepted for sending */
  uint64_t lost;         /* datagrams or echoes without an answer */
  uint64_t min_ns, max_ns, total_ns; /* round trips */
};

/* A pace in bytes per second; 0: as fast as it goes. */
struct app_pace {
  uint64_t rate;
  uint64_t started_ns, bytes;
};

/* Sleep until `bytes` more are due. */
void app_pace(struct ph_stack *stack, const struct app_env *env,
              struct app_pace *pace, uint64_t bytes);

void app_progress(const struct app_env *env, uint64_t done, uint64_t total);

/* An IPv4 socket address; both arguments in host order. */
struct ph_sockaddr_in app_address(uint32_t ip, uint16_t port);

/* Whom a socket call names, of either family. `ip6` holds unless it is `::`,
 * then `ip` (host order) does. */
struct app_peer {
  union {
    struct ph_sockaddr_in v4;
    struct ph_sockaddr_in6 v6;
  } address;
  ph_socklen_t len;
  int family;
};
struct app_peer app_peer(uint32_t ip, const struct ph_addr *ip6, uint16_t port);

/* To bind to: any address; with `ipv6` of both families. */
struct app_peer app_any(uint16_t port, bool ipv6);

/* A connected TCP socket, or -PH_E.... */
int app_connect(struct ph_stack *stack, uint32_t ip, uint16_t port);

/* A listening TCP socket, or -PH_E...; `ipv6`: for both families. */
int app_listen(struct ph_stack *stack, uint16_t port, int backlog, bool ipv6);

/* Send all of it on a blocking socket; 0 or -PH_E.... */
int app_send_all(struct ph_stack *stack, int fd, const void *data, size_t len);

/* An unsigned decimal number that ends where `end` points; -PH_EINVAL if there
 * is no digit, anything else, or more than fits. */
int app_parse_u64(const char *text, const char *end, uint64_t *value);

/* A source of `size` bytes that no two offsets share for long: byte i depends
 * on i and `seed`. `app_pattern_byte` says what byte `offset` is. */
struct app_pattern {
  uint64_t seed, offset, size;
};
struct app_source app_pattern_source(struct app_pattern *pattern);
uint8_t app_pattern_byte(uint64_t seed, uint64_t offset);

#endif
