/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/threads/pair.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/threads/threads.h"

static atomic_int wrong;

void check_that(int good, const char *what, const char *file, int line) {
  if (!good) {
    atomic_fetch_add(&wrong, 1);
    fprintf(stderr, "%s:%d: not so: %s (errno %s)\n", file, line, what,
            strerror(errno));
  }
}

static struct packhorse *start(int fd, const char *address, bool vnet) {
  const struct packhorse_config config = {
      .frames_fd = fd, .frames_vnet = vnet, .address = {address}};
  return packhorse_start(&config);
}

struct packhorse *pair_start(int fd, const char *address) {
  return start(fd, address, false);
}

static int setup(void **state, bool vnet) {
  int wire[2];
  struct pair *pair = calloc(1, sizeof(*pair));
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, wire), 0);
  pair->server = start(wire[0], "10.0.0.1/24", vnet);
  pair->client = start(wire[1], "10.0.0.2/24", vnet);
  assert_non_null(pair->server);
  assert_non_null(pair->client);
  *state = pair;
  return 0;
}

int pair_setup(void **state) {
  return setup(state, false);
}

int pair_setup_vnet(void **state) {
  return setup(state, true);
}

int pair_teardown(void **state) {
  struct pair *pair = *state;
  packhorse_use(NULL);
  packhorse_stop(pair->client, 0);
  packhorse_stop(pair->server, 0);
  packhorse_free(pair->client);
  packhorse_free(pair->server);
  free(pair);
  return atomic_exchange(&wrong, 0);
}

static void *work(void *arg) {
  struct worker *worker = arg;
  packhorse_use(worker->stack);
  worker->fn(worker->arg);
  return NULL;
}

void worker_start(struct worker *worker, struct packhorse *stack,
                  void (*fn)(void *arg), void *arg) {
  worker->stack = stack;
  worker->fn = fn;
  worker->arg = arg;
  assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
}

void worker_join(struct worker *worker) {
  assert_int_equal(pthread_join(worker->thread, NULL), 0);
}

void await_waiters(struct packhorse *stack, unsigned count) {
  for (unsigned seen = 0; seen < count;) {
    pthread_mutex_lock(&stack->lock);
    seen = stack->waiting;
    pthread_mutex_unlock(&stack->lock);
    sched_yield();
  }
}

struct sockaddr_in server_address(uint16_t port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(0x0a000001)};
}

int listen_on(uint16_t port) {
  struct sockaddr_in at = server_address(port);
  int fd = packhorse_socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0);
  CHECK(packhorse_bind(fd, &at, sizeof(at)) == 0);
  CHECK(packhorse_listen(fd, 64) == 0);
  return fd;
}

int connect_to(uint16_t port) {
  struct sockaddr_in at = server_address(port);
  int fd = packhorse_socket(AF_INET, SOCK_STREAM, 0);
  CHECK(fd >= 0);
  CHECK(packhorse_connect(fd, &at, sizeof(at)) == 0);
  return fd;
}

void send_all(int fd, const void *data, size_t len) {
  const char *bytes = data;
  while (len > 0) {
    ssize_t n = packhorse_send(fd, bytes, len, 0);
    CHECK(n > 0);
    if (n <= 0) {
      return;
    }
    bytes += n;
    len -= (size_t)n;
  }
}

void recv_all(int fd, void *data, size_t len) {
  char *bytes = data;
  while (len > 0) {
    ssize_t n = packhorse_recv(fd, bytes, len, 0);
    CHECK(n > 0);
    if (n <= 0) {
      return;
    }
    bytes += n;
    len -= (size_t)n;
  }
}

uint8_t pattern(uint32_t seed, size_t offset) {
  uint32_t x = (uint32_t)(offset / 4) * 2654435761u + seed * 40503u;
  return (uint8_t)((x ^ x >> 15) >> offset % 4 * 8);
}
