/* SPDX-License-Identifier: Apache-2.0 */
/* The stack for many threads: one lock, a thread that drives it, and condition
 * variables for those who wait.
 *
 * 1. The stack is touched under the lock only. A socket call holds it from its
 *    begin to its end, but while it waits.
 * 2. A call that waits does so in ph_platform.wait(): it is on the list of
 *    waiters before it lets others in, so that no wake is lost.
 * 3. The driver polls the stack when frames come and when a deadline is due.
 *    Who leaves a call does what is due already, and kicks the driver if the
 *    next deadline comes before it would wake.
 * 4. Nothing waits inside the driver: frames_poll() and the stack never block.
 */
#include "sim/threads/threads.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "sim/threads/packhorse.h"
#include "sim/threads/start.h"
#include "stack/socket/socket.h"

enum { NS_PER_S = 1000000000 };
#define SETTLE_NS (UINT64_C(10) * NS_PER_S)

/* A call that waits for `object`, on its thread's stack. */
struct waiter {
  struct waiter *next;
  const void *object;
  uint32_t events;
  bool woken;
  pthread_cond_t wake;
};

static uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns) {
  return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
                           .tv_nsec = (long)(ns % NS_PER_S)};
}

static void cond_init(pthread_cond_t *cond) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(cond, &attr);
  pthread_condattr_destroy(&attr);
}

/* --- The driver ----------------------------------------------------------- */

static void kick(struct packhorse *ph) {
  const uint64_t one = 1;
  ph->sleeps_until = 0;
  while (write(ph->kick_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

/* Do what is due, and see to it that what is next is done in time. */
static void catch_up(struct packhorse *ph) {
  uint64_t now = clock_ns();
  ph_stack_set_now(&ph->stack, now);
  if (ph_stack_next_deadline(&ph->stack) <= now) {
    ph_stack_poll(&ph->stack, now);
  }
  if (ph_stack_next_deadline(&ph->stack) < ph->sleeps_until ||
      (ph->sleeps_until && ph->frames.stalled)) {
    kick(ph);
  }
}

/* Without the lock: until frames come, there is room for one, `until`, or a
 * kick. */
static void sleep_until(const struct packhorse *ph, uint64_t until,
                        bool want_room, bool dead) {
  struct pollfd fds[2] = {{.fd = ph->kick_fd, .events = POLLIN},
                          {.fd = dead ? -1 : ph->frames.fd, .events = POLLIN}};
  uint64_t now = clock_ns(), kicks;
  fds[1].events |= want_room ? POLLOUT : 0;
  struct timespec wait = timespec_of(until > now ? until - now : 0);
  ppoll(fds, 2, until == UINT64_MAX ? NULL : &wait, NULL);
  if (fds[0].revents & POLLIN && read(ph->kick_fd, &kicks, sizeof(kicks)) < 0) {
    return; /* somebody's kick that another look has answered */
  }
}

static void *drive(void *arg) {
  struct packhorse *ph = arg;
  pthread_mutex_lock(&ph->lock);
  while (!ph->ended) {
    ph_stack_poll(&ph->stack, clock_ns());
    if (ph->stopping || ph->settling) {
      pthread_cond_broadcast(&ph->turned);
    }
    uint64_t until = ph->frames.more ? 0 : ph_stack_next_deadline(&ph->stack);
    bool stalled = ph->frames.stalled, dead = ph->frames.dead;
    ph->sleeps_until = until;
    pthread_mutex_unlock(&ph->lock);
    sleep_until(ph, until, stalled, dead);
    pthread_mutex_lock(&ph->lock);
    ph->sleeps_until = 0;
  }
  pthread_mutex_unlock(&ph->lock);
  return NULL;
}

/* --- The platform --------------------------------------------------------- */

static void fill_random(void *ctx, void *to, size_t n) {
  uint8_t *bytes = to;
  (void)ctx;
  while (n > 0) {
    ssize_t got = getrandom(bytes, n, 0);
    if (got < 0 && errno != EINTR) {
      abort(); /* secrets that are none are worse than no program */
    }
    bytes += got > 0 ? got : 0;
    n -= got > 0 ? (size_t)got : 0;
  }
}

static struct waiter **list_of(struct packhorse *ph, const void *object) {
  /* Objects are far apart; their low bits say nothing. */
  return &ph->waiters[(uintptr_t)object / 64 % THREADS_WAITER_LISTS];
}

static void forget(struct packhorse *ph, const struct waiter *waiter) {
  struct waiter **at = list_of(ph, waiter->object);
  while (*at != waiter) {
    at = &(*at)->next;
  }
  *at = waiter->next;
}

static int wait_for(void *ctx, void *object, uint32_t events,
                    uint64_t deadline_ns) {
  struct packhorse *ph = ctx;
  struct waiter waiter = {.object = object, .events = events};
  struct waiter **list = list_of(ph, object);
  const struct timespec deadline = timespec_of(deadline_ns);
  int error = 0;
  cond_init(&waiter.wake);
  waiter.next = *list;
  *list = &waiter;
  ph->waiting++;
  catch_up(ph);
  while (!waiter.woken && !ph->stopping && error != ETIMEDOUT) {
    error = deadline_ns == UINT64_MAX
                ? pthread_cond_wait(&waiter.wake, &ph->lock)
                : pthread_cond_timedwait(&waiter.wake, &ph->lock, &deadline);
  }
  ph->waiting--;
  forget(ph, &waiter);
  pthread_cond_destroy(&waiter.wake);
  ph_stack_set_now(&ph->stack, clock_ns());
  return waiter.woken ? 0 : ph->stopping ? -PH_EINTR : -PH_ETIMEDOUT;
}

static void wake(void *ctx, void *object, uint32_t events) {
  const uint32_t always = PH_POLLERR | PH_POLLHUP | PH_POLLRDHUP | PH_POLLNVAL;
  struct packhorse *ph = ctx;
  struct waiter *waiter = *list_of(ph, object);
  for (; waiter; waiter = waiter->next) {
    if (waiter->object == object && events & (waiter->events | always)) {
      waiter->woken = true;
      pthread_cond_signal(&waiter->wake);
    }
  }
}

/* --- Calls ---------------------------------------------------------------- */

static int enter(struct bsd_world *world) {
  struct packhorse *ph = (struct packhorse *)world;
  pthread_mutex_lock(&ph->lock);
  if (ph->stopping) {
    pthread_mutex_unlock(&ph->lock);
    return -PH_ENETDOWN;
  }
  ph->inside++;
  ph_stack_set_now(&ph->stack, clock_ns());
  return 0;
}

static long leave(struct bsd_world *world, long result) {
  struct packhorse *ph = (struct packhorse *)world;
  catch_up(ph);
  if (--ph->inside == 0 && ph->stopping) {
    pthread_cond_broadcast(&ph->turned);
  }
  /* Nothing else interrupts. */
  result = result == -PH_EINTR ? -PH_ENETDOWN : result;
  pthread_mutex_unlock(&ph->lock);
  return result;
}

/* --- Begin and end -------------------------------------------------------- */

static void destroy(struct packhorse *ph) {
  if (ph->kick_fd >= 0) {
    close(ph->kick_fd);
  }
  if (ph->memory) {
    munmap(ph->memory, ph->memory_size);
  }
  frames_close(&ph->frames);
  pthread_cond_destroy(&ph->turned);
  pthread_mutex_destroy(&ph->lock);
  free(ph);
}

/* Signals are for the program's own threads. */
static int start_driver(struct packhorse *ph) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&ph->driver, NULL, drive, ph);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* Wait for DHCP, if it is asked, and for duplicate address detection (RFC 4862
 * 5.4), without which IPv6 addresses are not to be used. 0, or what is wrong.
 */
static int settle(struct packhorse *ph, const struct packhorse_config *config) {
  const uint64_t wait_ns =
      config->dhcp_ms ? config->dhcp_ms * UINT64_C(1000000) : SETTLE_NS;
  const struct timespec deadline = timespec_of(clock_ns() + wait_ns);
  int timed_out = 0;
  pthread_mutex_lock(&ph->lock);
  ph_stack_set_now(&ph->stack, clock_ns());
  int error = config->dhcp_ms ? start_dhcp(ph) : 0;
  catch_up(ph);
  ph->settling = true;
  while (!error && !timed_out &&
         (error = start_is_settled(ph, config)) == -PH_EAGAIN) {
    timed_out = pthread_cond_timedwait(&ph->turned, &ph->lock, &deadline);
    error = timed_out ? -PH_ETIMEDOUT : 0;
  }
  ph->settling = false;
  pthread_mutex_unlock(&ph->lock);
  return error;
}

struct packhorse *packhorse_start(const struct packhorse_config *config) {
  struct packhorse *ph = calloc(1, sizeof(*ph));
  if (!ph) {
    return NULL;
  }
  ph->world =
      (struct bsd_world){.stack = &ph->stack, .enter = enter, .leave = leave};
  ph->platform = (struct ph_platform){
      .ctx = ph, .random = fill_random, .wait = wait_for, .wake = wake};
  pthread_mutex_init(&ph->lock, NULL);
  cond_init(&ph->turned);
  ph->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  ph->frames.fd = -1;
  int error = ph->kick_fd < 0 ? -errno : start_stack(ph, config, clock_ns());
  if (!error) {
    error = -start_driver(ph);
  }
  if (!error && (error = settle(ph, config)) != 0) {
    packhorse_stop(ph, 0);
  }
  if (error) {
    if (!config->tap) {
      ph->frames.fd = -1; /* stays the caller's */
    }
    destroy(ph);
    errno = -error;
    return NULL;
  }
  bsd_add_default(&ph->world);
  return ph;
}

void packhorse_use(struct packhorse *ph) {
  bsd_set_world(ph ? &ph->world : NULL);
}

/* Does a connection still have to say something? */
static bool is_busy(struct packhorse *ph) {
  struct ph_socket_info info;
  for (uint32_t i = 0; ph_orphan_info(&ph->stack, i, &info) == 0; i++) {
    if (strcmp(info.state, "TIME-WAIT") != 0 &&
        strcmp(info.state, "FIN-WAIT-2") != 0) {
      return true;
    }
  }
  return false;
}

static void wake_all(struct packhorse *ph) {
  for (int i = 0; i < THREADS_WAITER_LISTS; i++) {
    struct waiter *waiter = ph->waiters[i];
    for (; waiter; waiter = waiter->next) {
      pthread_cond_signal(&waiter->wake);
    }
  }
}

void packhorse_stop(struct packhorse *ph, int wait_ms) {
  pthread_mutex_lock(&ph->lock);
  ph->stopping = true;
  wake_all(ph);
  while (ph->inside > 0) {
    pthread_cond_wait(&ph->turned, &ph->lock);
  }
  uint64_t end = clock_ns() + (uint64_t)(wait_ms > 0 ? wait_ms : 0) * 1000000u;
  const struct timespec deadline = timespec_of(end);
  ph_stack_set_now(&ph->stack, clock_ns());
  if (ph->dhcp.state != DHCP_STATE_STOPPED) {
    ph_dhcp_stop(&ph->dhcp);
  }
  int fd = -1;
  while ((fd = ph_socket_next(&ph->stack, fd + 1)) >= 0) {
    (void)ph_close(&ph->stack, fd);
  }
  catch_up(ph);
  int error = 0;
  while (error != ETIMEDOUT && wait_ms > 0 && is_busy(ph)) {
    error = pthread_cond_timedwait(&ph->turned, &ph->lock, &deadline);
  }
  ph->ended = true;
  kick(ph);
  pthread_mutex_unlock(&ph->lock);
  pthread_join(ph->driver, NULL);
}

void packhorse_free(struct packhorse *ph) {
  bsd_remove_default(&ph->world);
  destroy(ph);
}
