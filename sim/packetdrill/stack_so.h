/* SPDX-License-Identifier: Apache-2.0 */
/* The stack behind packetdrill's interface: one world, one lock, threads.
 *
 * packetdrill has two threads: the first runs the script, a second one makes
 * the call that may block. Simulated time moves in usleep(), netdev_receive()
 * and by a microsecond in each gettimeofday(), since packetdrill spins on it.
 * A call that sleeps waits on a condition variable with the lock released.
 * When it is done while the other thread lets time pass, that thread gives way
 * until the first one has looked at the clock, so that it sees the time at
 * which its call returned.
 */
#ifndef PH_SIM_PACKETDRILL_STACK_SO_H
#define PH_SIM_PACKETDRILL_STACK_SO_H

#include <pthread.h>

#include "sim/packet/run_internal.h"

enum { SO_FDS = 4096 };

struct so_call {
  struct so_call *next; /* those that sleep */
  struct world_call world;
  pthread_t thread;
  long (*fn)(struct ph_stack *stack, void *args);
  void *args;
  long result; /* -errno */
};

struct so {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct world *world;
  struct run_settings settings;
  struct so_call *sleeping;
  bool handing_over; /* to `heir`, which has not looked at the clock yet */
  pthread_t heir;
  bool ended; /* free() was called while a call slept: time stands still */
  /* Descriptors handed out are real ones, so that a close() by the host is
   * good; live[fd] is the stack's plus one. */
  int live[SO_FDS];
};

/* NULL after a sentence on stderr. */
struct so *so_create(const char *flags);
void so_destroy(struct so *so);

/* fn(stack, args) as a system call: waits while it sleeps. */
long so_run(struct so *so, long (*fn)(struct ph_stack *stack, void *args),
            void *args);

/* With the lock held: let time pass; stops at a packet if asked. */
void so_pass(struct so *so, int64_t until_ns, bool stop_on_packet);
/* With the lock held: sleepers whose call is done go on. */
void so_wake(struct so *so);

/* A real descriptor for the stack's `live`, or -EMFILE. */
int so_fd_make(struct so *so, int live);
/* The stack's descriptor, or one that is never open. */
int so_fd(const struct so *so, int fd);

#endif
