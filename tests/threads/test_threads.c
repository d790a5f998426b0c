/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on two stacks. Built with the address and with the thread
 * sanitizer. Nothing sleeps: who must have come somewhere is waited for. */
#include "tests/threads/pair.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim/threads/threads.h"

enum { ROUNDS = 6, ECHO_MAX = 150000 };

/* --- Streams -------------------------------------------------------------- */

/* One of several threads that accept from one listener: each connection's bytes
 * go back until it ends. A connection whose first byte is 0 is the last. */
static void echo(void *arg) {
  const int listener = *(const int *)arg;
  for (bool last = false; !last;) {
    char data[5000];
    bool first = true;
    ssize_t n;
    int fd = packhorse_accept(listener, NULL, NULL);
    CHECK(fd >= 0);
    while (fd >= 0 && (n = packhorse_recv(fd, data, sizeof(data), 0)) > 0) {
      last |= first && data[0] == 0;
      first = false;
      send_all(fd, data, (size_t)n);
    }
    CHECK(packhorse_close(fd) == 0);
    last |= fd < 0;
  }
}

struct stream {
  int fd;
  uint32_t seed;
  size_t size;
};

static void stream_send(void *arg) {
  const struct stream *stream = arg;
  static _Thread_local uint8_t data[ECHO_MAX];
  for (size_t i = 0; i < stream->size; i++) {
    data[i] = pattern(stream->seed, i);
  }
  data[0] = 1;
  send_all(stream->fd, data, stream->size);
  CHECK(packhorse_shutdown(stream->fd, SHUT_WR) == 0);
}

struct client {
  struct packhorse *stack;
  uint32_t number;
};

/* Sends in one thread what it receives in another. */
static void client(void *arg) {
  const struct client *self = arg;
  const uint32_t number = self->number;
  static _Thread_local uint8_t data[ECHO_MAX];
  for (uint32_t round = 0; round < ROUNDS; round++) {
    struct stream stream = {
        .fd = connect_to(PORT),
        .seed = number * 100 + round,
        .size = 1 + (number * 7919u + round * 104729u) % (ECHO_MAX - 1)};
    struct worker sender;
    char more;
    memset(data, 0, stream.size);
    worker_start(&sender, self->stack, stream_send, &stream);
    recv_all(stream.fd, data, stream.size);
    CHECK(packhorse_recv(stream.fd, &more, 1, 0) == 0);
    worker_join(&sender);
    CHECK(packhorse_close(stream.fd) == 0);
    size_t bad = data[0] != 1;
    for (size_t i = 1; i < stream.size; i++) {
      bad += data[i] != pattern(stream.seed, i);
    }
    CHECK(bad == 0);
  }
}

/* Who cuts: the stack, or nobody. */
static void check_cutting(struct packhorse *stack) {
  pthread_mutex_lock(&stack->lock);
  const struct ph_stats *stats = &stack->stack.stats;
  const struct netif *netif = &stack->frames.netif;
  if (stack->frames.vnet) {
    CHECK(stats->SwSegments == 0 && stats->SwChecksumBytes == 0 &&
          stats->SwVerifyBytes == 0);
    CHECK(netif->tx_bytes > 1600 * netif->tx_packets);
  } else {
    CHECK(stats->SwSegments > 0);
  }
  pthread_mutex_unlock(&stack->lock);
}

static void many_threads_stream_both_ways_at_once(void **state) {
  const struct pair *pair = *state;
  enum { SERVERS = 4, CLIENTS = 8 };
  struct worker servers[SERVERS], clients[CLIENTS];
  struct client selves[CLIENTS];
  packhorse_use(pair->server);
  int listener = listen_on(PORT);
  for (int i = 0; i < SERVERS; i++) {
    worker_start(&servers[i], pair->server, echo, &listener);
  }
  for (uint32_t i = 0; i < CLIENTS; i++) {
    selves[i] = (struct client){pair->client, i};
    worker_start(&clients[i], pair->client, client, &selves[i]);
  }
  for (int i = 0; i < CLIENTS; i++) {
    worker_join(&clients[i]);
  }
  packhorse_use(pair->client);
  for (int i = 0; i < SERVERS; i++) { /* each ends one */
    char zero = 0;
    int fd = connect_to(PORT);
    send_all(fd, &zero, 1);
    recv_all(fd, &zero, 1);
    CHECK(packhorse_close(fd) == 0);
  }
  for (int i = 0; i < SERVERS; i++) {
    worker_join(&servers[i]);
  }
  check_cutting(pair->server);
  check_cutting(pair->client);
}

/* --- Closing while others wait -------------------------------------------- */

/* A call that waits for a descriptor which another thread closes. */
struct waiting {
  int fd, result, error;
  void (*call)(struct waiting *waiting);
};

static void in_recv(struct waiting *w) {
  char byte;
  w->result = (int)packhorse_recv(w->fd, &byte, 1, 0);
}
static void in_accept(struct waiting *w) {
  w->result = packhorse_accept(w->fd, NULL, NULL);
}
static void in_poll(struct waiting *w) {
  struct pollfd in = {.fd = w->fd, .events = POLLIN};
  w->result = packhorse_poll(&in, 1, -1) == 1 ? in.revents : -2;
}
static void in_epoll(struct waiting *w) {
  struct epoll_event event;
  w->result = packhorse_epoll_wait(w->fd, &event, 1, -1);
}
static void in_send(struct waiting *w) {
  static const char data[1 << 20]; /* more than both buffers hold */
  ssize_t n;
  do {
    n = packhorse_send(w->fd, data, sizeof(data), 0);
  } while (n > 0);
  w->result = (int)n;
}

static void run_waiting(void *arg) {
  struct waiting *waiting = arg;
  waiting->call(waiting);
  waiting->error = errno;
}

/* `count` threads wait in a call on `fd` of `stack`, which is closed. */
static void close_under(struct packhorse *stack, int fd,
                        void (*call)(struct waiting *waiting), int result,
                        int error) {
  enum { COUNT = 3 };
  struct worker workers[COUNT];
  struct waiting waiting[COUNT];
  for (int i = 0; i < COUNT; i++) {
    waiting[i] = (struct waiting){.fd = fd, .call = call};
    worker_start(&workers[i], stack, run_waiting, &waiting[i]);
  }
  await_waiters(stack, COUNT);
  CHECK(packhorse_close(fd) == 0);
  for (int i = 0; i < COUNT; i++) {
    worker_join(&workers[i]);
    CHECK(waiting[i].result == result);
    CHECK(error == 0 || waiting[i].error == error);
  }
}

static void close_wakes_every_thread_that_waits(void **state) {
  const struct pair *pair = *state;
  packhorse_use(pair->server);
  int listener = listen_on(PORT);
  close_under(pair->server, listen_on(PORT + 1), in_accept, -1, EBADF);
  close_under(pair->server, listen_on(PORT + 1), in_poll, POLLNVAL, 0);
  close_under(pair->server, packhorse_epoll_create1(0), in_epoll, -1, EBADF);
  close_under(pair->server, packhorse_socket(AF_INET, SOCK_DGRAM, 0), in_poll,
              POLLNVAL, 0);
  struct sockaddr_in any = {.sin_family = AF_INET};
  int udp = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(packhorse_bind(udp, &any, sizeof(any)) == 0);
  close_under(pair->server, udp, in_recv, -1, EBADF);
  packhorse_use(pair->client);
  close_under(pair->client, connect_to(PORT), in_recv, -1, EBADF);
  close_under(pair->client, connect_to(PORT), in_send, -1, EBADF);
  packhorse_use(pair->server);
  CHECK(packhorse_close(listener) == 0);
}

/* --- poll() and epoll across threads -------------------------------------- */

static void poll_in_many_threads_sees_one_byte(void **state) {
  const struct pair *pair = *state;
  enum { COUNT = 6 };
  struct worker workers[COUNT];
  struct waiting waiting[COUNT];
  packhorse_use(pair->server);
  int listener = listen_on(PORT);
  packhorse_use(pair->client);
  int fd = connect_to(PORT);
  for (int i = 0; i < COUNT; i++) {
    waiting[i] = (struct waiting){.fd = fd, .call = in_poll};
    worker_start(&workers[i], pair->client, run_waiting, &waiting[i]);
  }
  await_waiters(pair->client, COUNT);
  packhorse_use(pair->server);
  int peer = packhorse_accept(listener, NULL, NULL);
  send_all(peer, "x", 1);
  for (int i = 0; i < COUNT; i++) {
    worker_join(&workers[i]);
    CHECK(waiting[i].result == POLLIN);
  }
}

/* Workers share an epoll instance; with EPOLLONESHOT a connection belongs to
 * one of them at a time. */
struct shared {
  int epoll;
  atomic_uint bytes, ended;
  unsigned connections;
  atomic_uint busy[64];
};

static void epoll_worker(void *arg) {
  struct shared *shared = arg;
  while (atomic_load(&shared->ended) < shared->connections) {
    struct epoll_event event;
    int n = packhorse_epoll_wait(shared->epoll, &event, 1, -1);
    if (n != 1) {
      CHECK(n == -1 && errno == EBADF); /* all is done */
      return;
    }
    int fd = event.data.fd;
    char data[64];
    CHECK(atomic_fetch_add(&shared->busy[fd % 64], 1) == 0);
    ssize_t got = packhorse_recv(fd, data, sizeof(data), MSG_DONTWAIT);
    CHECK(got >= 0);
    atomic_fetch_sub(&shared->busy[fd % 64], 1);
    if (got > 0) {
      atomic_fetch_add(&shared->bytes, (unsigned)got);
      event =
          (struct epoll_event){.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
      CHECK(packhorse_epoll_ctl(shared->epoll, EPOLL_CTL_MOD, fd, &event) == 0);
    } else {
      CHECK(packhorse_close(fd) == 0);
      if (atomic_fetch_add(&shared->ended, 1) + 1 == shared->connections) {
        CHECK(packhorse_close(shared->epoll) == 0);
      }
    }
  }
}

static void send_pieces(void *arg) {
  const uint32_t *number = arg;
  int fd = connect_to(PORT);
  for (uint32_t i = 0; i < 40; i++) {
    send_all(fd, "0123456789", 1 + (i + *number) % 10);
  }
  CHECK(packhorse_close(fd) == 0);
}

static void epoll_shared_by_threads_gives_each_event_to_one(void **state) {
  const struct pair *pair = *state;
  enum { SERVERS = 4, CLIENTS = 12 };
  struct worker servers[SERVERS], clients[CLIENTS];
  uint32_t numbers[CLIENTS];
  struct shared shared = {.connections = CLIENTS};
  packhorse_use(pair->server);
  int listener = listen_on(PORT);
  shared.epoll = packhorse_epoll_create1(0);
  for (int i = 0; i < SERVERS; i++) {
    worker_start(&servers[i], pair->server, epoll_worker, &shared);
  }
  for (uint32_t i = 0; i < CLIENTS; i++) {
    numbers[i] = i;
    worker_start(&clients[i], pair->client, send_pieces, &numbers[i]);
  }
  for (int i = 0; i < CLIENTS; i++) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    event.data.fd = packhorse_accept(listener, NULL, NULL);
    CHECK(packhorse_epoll_ctl(shared.epoll, EPOLL_CTL_ADD, event.data.fd,
                              &event) == 0);
  }
  for (int i = 0; i < CLIENTS; i++) {
    worker_join(&clients[i]);
  }
  for (int i = 0; i < SERVERS; i++) {
    worker_join(&servers[i]);
  }
  assert_int_equal(shared.bytes, CLIENTS * 40 * 55 / 10);
}

/* --- Datagrams ------------------------------------------------------------ */

static void answer_datagrams(void *arg) {
  const int fd = *(const int *)arg;
  char data[1500];
  for (;;) {
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    ssize_t n = packhorse_recvfrom(fd, data, sizeof(data), 0, &from, &len);
    if (n < 0) {
      CHECK(errno == EBADF);
      return;
    }
    CHECK(packhorse_sendto(fd, data, (size_t)n, 0, &from, len) == n);
  }
}

static void ask_datagrams(void *arg) {
  const uint32_t number = *(const uint32_t *)arg;
  struct sockaddr_in to = server_address(PORT);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(packhorse_connect(fd, &to, sizeof(to)) == 0);
  for (uint32_t i = 0; i < 100; i++) {
    uint32_t question[2] = {number, i}, answer[3] = {0};
    CHECK(packhorse_send(fd, question, sizeof(question), 0) ==
          sizeof(question));
    CHECK(packhorse_recv(fd, answer, sizeof(answer), 0) == sizeof(question));
    CHECK(memcmp(question, answer, sizeof(question)) == 0);
  }
  CHECK(packhorse_close(fd) == 0);
}

static void threads_ask_and_answer_datagrams(void **state) {
  const struct pair *pair = *state;
  enum { SERVERS = 2, CLIENTS = 5 };
  struct worker servers[SERVERS], clients[CLIENTS];
  uint32_t numbers[CLIENTS];
  struct sockaddr_in at = server_address(PORT);
  packhorse_use(pair->server);
  int fd = packhorse_socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(packhorse_bind(fd, &at, sizeof(at)) == 0);
  for (int i = 0; i < SERVERS; i++) { /* one socket for all of them */
    worker_start(&servers[i], pair->server, answer_datagrams, &fd);
  }
  for (uint32_t i = 0; i < CLIENTS; i++) {
    numbers[i] = i;
    worker_start(&clients[i], pair->client, ask_datagrams, &numbers[i]);
  }
  for (int i = 0; i < CLIENTS; i++) {
    worker_join(&clients[i]);
  }
  packhorse_use(pair->server);
  CHECK(packhorse_close(fd) == 0);
  for (int i = 0; i < SERVERS; i++) {
    worker_join(&servers[i]);
  }
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)
#define TEST_VNET(name) \
  { #name "_in_super_segments", name, pair_setup_vnet, pair_teardown, NULL }
  const struct CMUnitTest tests[] = {
      TEST(many_threads_stream_both_ways_at_once),
      TEST_VNET(many_threads_stream_both_ways_at_once),
      TEST(close_wakes_every_thread_that_waits),
      TEST(poll_in_many_threads_sees_one_byte),
      TEST(epoll_shared_by_threads_gives_each_event_to_one),
      TEST(threads_ask_and_answer_datagrams),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
