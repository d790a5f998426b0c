/* SPDX-License-Identifier: Apache-2.0 */
/* Two stacks with their threads, and a software wire between them. */
#ifndef PH_TESTS_THREADS_PAIR_H
#define PH_TESTS_THREADS_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>

#include "sim/threads/packhorse.h"

enum { PORT = 7777, THREADS_MAX = 16 };

struct pair {
  struct packhorse *server, *client; /* 10.0.0.1, 10.0.0.2 */
};

/* Made and freed by each test; NULL: it does that by itself. */
int pair_setup(void **state);
int pair_setup_vnet(void **state); /* with virtio_net_hdr on the wire */
int pair_teardown(void **state);
/* A stack on `fd`. */
struct packhorse *pair_start(int fd, const char *address);

/* In a thread of its own: fn(arg), whose calls go to `stack`. */
struct worker {
  pthread_t thread;
  struct packhorse *stack;
  void (*fn)(void *arg);
  void *arg;
};
void worker_start(struct worker *worker, struct packhorse *stack,
                  void (*fn)(void *arg), void *arg);
void worker_join(struct worker *worker);

/* Threads have no assert: what is wrong is counted and printed, and
 * pair_teardown() fails. */
#define CHECK(condition) check_that(condition, #condition, __FILE__, __LINE__)
void check_that(int good, const char *what, const char *file, int line);

/* Until so many calls wait in `stack`. */
void await_waiters(struct packhorse *stack, unsigned count);

struct sockaddr_in server_address(uint16_t port);
/* On the stack of the calling thread; they fail the test. */
int listen_on(uint16_t port);
int connect_to(uint16_t port);
void send_all(int fd, const void *data, size_t len);
void recv_all(int fd, void *data, size_t len);
uint8_t pattern(uint32_t seed, size_t offset);

#endif
