/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library for a real program: a stack, its lock, its device. */
#ifndef PH_SIM_THREADS_THREADS_H
#define PH_SIM_THREADS_THREADS_H

#include <pthread.h>

#include "sim/threads/bsd.h"
#include "stack/netif/netif.h"

enum { THREADS_WAITER_LISTS = 64 };

/* An interface whose frames are what read() and write() of a descriptor move:
 * a TAP device, or one end of a pair of datagram sockets. */
struct frames {
  int fd;
  bool stalled; /* the last frame did not fit: told when there is room */
  bool more;    /* a poll left frames unread */
  bool dead;    /* the other end is gone */
  struct netif netif;
  struct ph_block_pool pool;
  struct ph_block *blocks;
  uint8_t *memory;
  uint32_t block_size;
  uint8_t *packet; /* one, as it is sent */
};

/* Attaches it to `stack`. `fd` stays the caller's until frames_close(). 0,
 * -PH_EINVAL, -PH_ENOMEM. */
int frames_open(struct frames *frames, struct ph_stack *stack, int fd,
                const uint8_t mac[6], uint16_t mtu) PH_MUST_USE;
/* Closes the descriptor too. */
void frames_close(struct frames *frames);

struct waiter;

/* Everything here is under `lock`, but what never changes and `kick_fd`. */
struct packhorse {
  struct bsd_world world; /* first: what the socket calls know */
  struct ph_stack stack;
  struct ph_platform platform;
  struct frames frames;
  pthread_mutex_t lock;
  pthread_cond_t turned; /* while stopping: the driver has polled, or a thread
                            has left */
  pthread_t driver;
  int kick_fd;           /* an eventfd: the driver looks again */
  uint64_t sleeps_until; /* of the driver; 0: it is awake, or will be */
  struct waiter *waiters[THREADS_WAITER_LISTS]; /* by object */
  unsigned waiting;                             /* of them, in wait_for() */
  unsigned inside;                              /* threads in a call */
  bool settling; /* packhorse_start() waits on `turned` */
  bool stopping, ended;
  void *memory;
  size_t memory_size;
};

#endif
