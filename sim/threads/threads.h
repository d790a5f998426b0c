/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library for a real program: a stack, its lock, its device. */
#ifndef PH_SIM_THREADS_THREADS_H
#define PH_SIM_THREADS_THREADS_H

#include <pthread.h>

#include "sim/threads/bsd.h"
#include "stack/dhcp/dhcp.h"
#include "stack/netif/netif.h"

enum { THREADS_WAITER_LISTS = 64 };

enum { FRAMES_BLOCKS = 17 }; /* of 4 KiB: the longest frame */

/* An interface whose frames are what readv() and writev() of a descriptor move:
 * a TAP device, or one end of a pair of sockets that keep messages apart. */
struct frames {
  int fd;
  bool vnet;    /* a struct virtio_net_hdr is in front of each */
  bool stalled; /* the last frame did not fit: told when there is room */
  bool more;    /* a poll left frames unread */
  bool dead;    /* the other end is gone */
  struct netif netif;
  struct ph_block_pool pool;
  struct ph_block *blocks;
  uint8_t *memory;
  /* The next frame is read into `want` of them. */
  struct ph_block *ready[FRAMES_BLOCKS];
  uint32_t ready_count, want;
  uint8_t *scratch; /* a frame for which there are no blocks */
};

struct frames_config {
  int fd; /* non-blocking; stays the caller's until frames_close() */
  bool vnet;
  uint16_t mtu;
  uint8_t mac[6];
};

/* Attaches it to `stack`: 0, -PH_EINVAL, -PH_ENOMEM. */
int frames_open(struct frames *frames, struct ph_stack *stack,
                const struct frames_config *config) PH_MUST_USE;
/* Closes the descriptor too. */
void frames_close(struct frames *frames);

struct waiter;

/* Everything here is under `lock`, but what never changes and `kick_fd`. */
struct packhorse {
  struct bsd_world world; /* first: what the socket calls know */
  struct ph_stack stack;
  struct ph_platform platform;
  struct frames frames;
  struct ph_dhcp dhcp;
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
