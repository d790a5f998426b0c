/* SPDX-License-Identifier: Apache-2.0 */
/* poll() and select(). While a call waits, each of its sockets counts it as a
 * poller, so that a socket nobody polls costs nothing to wake. */
#include "stack/socket/socket_internal.h"

enum { BITS = 8 * sizeof(unsigned long) };

enum { NORM_SHIFT = 6 }; /* the bit that goes with each of IN and OUT */
_Static_assert(PH_POLLRDNORM == PH_POLLIN << NORM_SHIFT &&
                   PH_POLLWRNORM == PH_POLLOUT << NORM_SHIFT,
               "Linux's values");

static uint32_t with_norm(uint32_t ready) {
  return ready | (ready & (PH_POLLIN | PH_POLLOUT)) << NORM_SHIFT;
}

static uint32_t udp_ready(const struct ph_sock *sock) {
  uint32_t ready = sock->udp->waiting ? 0 : PH_POLLOUT | PH_POLLWRBAND;
  ready |= sock->udp->queued_len > 0 ? PH_POLLIN : 0;
  ready |= sock->udp->error || sock->udp->errors ? PH_POLLERR : 0;
  ready |= sock->rd_shutdown ? PH_POLLIN | PH_POLLRDHUP : 0;
  ready |= sock->rd_shutdown && sock->wr_shutdown ? PH_POLLHUP : 0;
  return ready;
}

/* A stream without SO_RCVLOWAT. POLLWRNORM asks for POLLOUT. */
static inline uint32_t stream_ready(struct ph_sock *sock, uint32_t events) {
  return with_norm(
      tcp_ready_for(sock->tcp, events | (events >> NORM_SHIFT & PH_POLLOUT)));
}

PH_APART static uint32_t any_ready(struct ph_sock *sock, uint32_t events) {
  if (sock->tcp) {
    uint32_t ready = stream_ready(sock, events);
    if (sock->low_water && !tcp_readable(sock->tcp, sock->rcv_lowat)) {
      ready &= ~(uint32_t)(PH_POLLIN | PH_POLLRDNORM);
    }
    return ready;
  }
  return sock->is_epoll ? sock->epoll->ops->ready(sock)
                        : with_norm(udp_ready(sock));
}

static inline uint32_t ready_for(struct ph_sock *sock, uint32_t events) {
  return PH_SHORT_WAYS && sock->tcp && !sock->low_water
             ? stream_ready(sock, events)
             : any_ready(sock, events);
}

uint32_t sock_ready(struct ph_sock *sock, uint32_t events) {
  return ready_for(sock, events);
}

uint64_t sock_poll_deadline(const struct ph_stack *stack, int timeout_ms) {
  return timeout_ms < 0 ? UINT64_MAX
                        : stack->now_ns + (uint64_t)timeout_ms * 1000000u;
}

/* ---- Waiting ------------------------------------------------------------- */

static void count_poller(struct ph_sock *sock, int change) {
  if (change > 0 || sock->pollers > 0) {
    sock->pollers = (uint16_t)(sock->pollers + change);
  }
}

static void leave(struct sock_table *table, const struct sock_poller *poller) {
  struct sock_poller **at = &table->pollers;
  while (*at != poller) {
    at = &(*at)->next;
  }
  *at = poller->next;
}

/* What poll() and select() have in common: look until something is ready,
 * and count as a poller of each descriptor meanwhile. */
struct waiter {
  int (*look)(const struct ph_stack *stack, void *call);
  void (*count)(const struct ph_stack *stack, const void *call, int change);
  void *call;
};

static int wait_ready(struct ph_stack *stack, const struct waiter *waiter,
                      uint64_t deadline) {
  const struct ph_platform *platform = stack->platform;
  struct sock_table *table = sock_table_of(stack);
  for (;;) {
    int ready = waiter->look(stack, waiter->call);
    if (ready != 0 || stack->now_ns >= deadline || !platform->wait) {
      return ready;
    }
    struct sock_poller poller = {table->pollers, waiter->call};
    table->pollers = &poller;
    waiter->count(stack, waiter->call, 1);
    int result = platform->wait(platform->ctx, waiter->call, ~0u, deadline);
    waiter->count(stack, waiter->call, -1);
    leave(table, &poller);
    if (result < 0 && result != -PH_ETIMEDOUT) {
      return result;
    }
  }
}

/* ---- poll() -------------------------------------------------------------- */

struct poll_call {
  struct ph_pollfd *fds;
  uint32_t count;
};

/* Is one descriptor ready? */
static inline int look_at(const struct ph_stack *stack,
                          struct ph_pollfd *entry) {
  struct ph_sock *sock = sock_get(stack, entry->fd);
  uint32_t events = (uint16_t)entry->events;
  events |= PH_POLLERR | PH_POLLHUP | PH_POLLNVAL;
  uint32_t now = sock ? ready_for(sock, events) & events : PH_POLLNVAL;
  if (!sock && entry->fd < 0) {
    now = 0; /* POSIX: it is not asked for */
  }
  entry->revents = (int16_t)now;
  return now != 0;
}

static PH_APART_IF_SMALL int poll_look(const struct ph_stack *stack,
                                       struct ph_pollfd *fds, uint32_t count) {
  int ready = 0;
  for (uint32_t i = 0; i < count; i++) {
    ready += look_at(stack, &fds[i]);
  }
  return ready;
}

static int poll_call_look(const struct ph_stack *stack, void *call) {
  const struct poll_call *poll = call;
  return poll_look(stack, poll->fds, poll->count);
}

/* The slot counts, whatever is open there when the call returns. */
static void poll_count(const struct ph_stack *stack, const void *call,
                       int change) {
  const struct poll_call *poll = call;
  const struct sock_table *table = sock_table_of(stack);
  for (uint32_t i = 0; i < poll->count; i++) {
    if (poll->fds[i].fd >= 0 && (uint32_t)poll->fds[i].fd < table->count) {
      count_poller(&table->socks[poll->fds[i].fd], change);
    }
  }
}

/* Look at several, or wait. */
PH_APART PH_APART_IF_SMALL static int poll_all(struct ph_stack *stack,
                                               struct ph_pollfd *fds,
                                               uint32_t count, int timeout_ms) {
  int ready = poll_look(stack, fds, count);
  if (ready != 0 || timeout_ms == 0) {
    return ready;
  }
  struct poll_call call = {fds, count};
  const struct waiter waiter = {poll_call_look, poll_count, &call};
  return wait_ready(stack, &waiter, sock_poll_deadline(stack, timeout_ms));
}

int ph_poll(struct ph_stack *stack, struct ph_pollfd *fds, uint32_t count,
            int timeout_ms) {
  stack->stats.SocketCalls++;
  return count == 1 && timeout_ms == 0
             ? look_at(stack, fds)
             : poll_all(stack, fds, count, timeout_ms);
}

/* ---- select() ------------------------------------------------------------ */

enum { READ, WRITE, EXCEPT, SETS };

struct select_call {
  uint32_t count;
  struct ph_fd_set *set[SETS]; /* NULL: not asked */
  struct ph_fd_set asked[SETS];
};

static bool is_set(const struct ph_fd_set *set, uint32_t fd) {
  return set->fds_bits[fd / BITS] >> fd % BITS & 1;
}

/* As in Linux: what poll() calls ready for each set. */
static uint32_t events_of(int set) {
  static const uint32_t events[SETS] = {
      PH_POLLIN | PH_POLLRDNORM | PH_POLLRDBAND | PH_POLLHUP | PH_POLLERR,
      PH_POLLOUT | PH_POLLWRNORM | PH_POLLWRBAND | PH_POLLERR,
      PH_POLLPRI,
  };
  return events[set];
}

static bool asks(const struct select_call *call, uint32_t fd) {
  return is_set(&call->asked[READ], fd) || is_set(&call->asked[WRITE], fd) ||
         is_set(&call->asked[EXCEPT], fd);
}

static int select_look(const struct ph_stack *stack, void *arg) {
  struct select_call *call = arg;
  int ready = 0;
  for (int s = 0; s < SETS; s++) {
    if (call->set[s]) {
      memset(call->set[s], 0, (call->count + BITS - 1) / BITS * (BITS / 8));
    }
  }
  for (uint32_t fd = 0; fd < call->count; fd++) {
    struct ph_sock *sock = asks(call, fd) ? sock_get(stack, (int)fd) : NULL;
    uint32_t now = sock ? sock_ready(sock, ~0u) : 0;
    for (int s = 0; s < SETS && now != 0; s++) {
      if (call->set[s] && is_set(&call->asked[s], fd) && (now & events_of(s))) {
        call->set[s]->fds_bits[fd / BITS] |= 1ul << fd % BITS;
        ready++;
      }
    }
  }
  return ready;
}

static void select_count(const struct ph_stack *stack, const void *arg,
                         int change) {
  const struct select_call *call = arg;
  for (uint32_t fd = 0; fd < call->count; fd++) {
    if (asks(call, fd)) {
      count_poller(&sock_table_of(stack)->socks[fd], change);
    }
  }
}

static int select_deadline(const struct ph_stack *stack,
                           const struct ph_timeval *timeout,
                           uint64_t *deadline) {
  *deadline = UINT64_MAX;
  if (!timeout) {
    return 0;
  }
  if (timeout->tv_sec < 0 || timeout->tv_usec < 0) {
    return -PH_EINVAL;
  }
  if (timeout->tv_sec < INT32_MAX && timeout->tv_usec < INT32_MAX) {
    *deadline = stack->now_ns + (uint64_t)timeout->tv_sec * 1000000000u +
                (uint64_t)timeout->tv_usec * 1000u;
  }
  return 0;
}

int ph_select(struct ph_stack *stack, int nfds, struct ph_fd_set *readfds,
              struct ph_fd_set *writefds, struct ph_fd_set *exceptfds,
              struct ph_timeval *timeout) {
  struct select_call call = {.set = {readfds, writefds, exceptfds}};
  const struct waiter waiter = {select_look, select_count, &call};
  uint64_t deadline;
  stack->stats.SocketCalls++;
  int result = select_deadline(stack, timeout, &deadline);
  if (result < 0 || nfds < 0) {
    return -PH_EINVAL;
  }
  call.count = ph_min_u32((uint32_t)nfds, PH_FD_SETSIZE);
  call.count = ph_min_u32(call.count, sock_table_of(stack)->count);
  for (int s = 0; s < SETS; s++) {
    if (call.set[s]) {
      memcpy(&call.asked[s], call.set[s],
             (call.count + BITS - 1) / BITS * (BITS / 8));
    }
  }
  for (uint32_t fd = 0; fd < call.count; fd++) {
    if (asks(&call, fd) && !sock_get(stack, (int)fd)) {
      return -PH_EBADF;
    }
  }
  result = wait_ready(stack, &waiter, deadline);
  if (timeout && deadline != UINT64_MAX) { /* as Linux: what is left of it */
    uint64_t left = deadline > stack->now_ns ? deadline - stack->now_ns : 0;
    timeout->tv_sec = (int64_t)(left / 1000000000u);
    timeout->tv_usec = (int64_t)(left % 1000000000u / 1000u);
  }
  return result;
}
