/* SPDX-License-Identifier: Apache-2.0 */
/* epoll (Linux epoll(7)): the ready list.
 *
 * A watch ties a socket to an epoll instance. When the socket becomes ready,
 * sock_notify() walks the socket's own watches (one, usually) and appends each
 * to its instance's ready list unless it is there already. ph_epoll_wait()
 * takes watches off that list, asks each socket what it is ready for now and
 * reports those that still are. So an event costs the same whether ten sockets
 * are watched or ten thousand.
 *
 * 1. A watch whose socket may be ready for what it asks is on the ready list.
 * 2. Level-triggered: after a report it goes back to the end of the list, and
 *    leaves when a later look finds the socket not ready.
 * 3. Edge-triggered: after a report it is off the list until sock_notify()
 *    says that something changed.
 * 4. One-shot: after a report it asks for nothing, until EPOLL_CTL_MOD. */
#include "stack/socket/socket_internal.h"

enum {
  DEFAULT_EPOLLS = 16,
  DEFAULT_WATCHES = 256,
  EVENTS_MAX = INT32_MAX / (int)sizeof(struct ph_epoll_event),
};

/* Not asked for but always told. */
static const uint32_t always = PH_EPOLLERR | PH_EPOLLHUP;
/* How, not what. */
static const uint32_t modes = PH_EPOLLET | PH_EPOLLONESHOT | PH_EPOLLWAKEUP;

struct sock_watch {
  struct ph_link of_epoll;         /* epoll->watches */
  struct ph_link ready;            /* epoll->ready, or in none */
  struct sock_watch *next_of_sock; /* sock->watches; or the next free one */
  struct sock_epoll *epoll;
  struct ph_sock *sock;
  uint64_t data;
  uint32_t events;
};

int sock_epoll_init(struct ph_stack *stack, struct sock_table *table,
                    const struct ph_socket_config *config) {
  uint32_t epolls =
      config->max_epolls ? config->max_epolls : (uint32_t)DEFAULT_EPOLLS;
  uint32_t watches = config->max_watches
                         ? config->max_watches
                         : ph_min_u32(config->max_sockets, DEFAULT_WATCHES);
  epolls = ph_min_u32(epolls, config->max_sockets);
  table->free_epolls =
      ph_stack_alloc_list(stack, epolls, sizeof(struct sock_epoll),
                          offsetof(struct sock_epoll, next_free));
  table->free_watches =
      ph_stack_alloc_list(stack, watches, sizeof(struct sock_watch),
                          offsetof(struct sock_watch, next_of_sock));
  return table->free_epolls && table->free_watches ? 0 : -PH_ENOMEM;
}

/* ---- Watches ------------------------------------------------------------- */

static struct sock_watch *find(const struct sock_epoll *epoll,
                               const struct ph_sock *sock) {
  struct sock_watch *watch = sock->watches;
  while (watch && watch->epoll != epoll) {
    watch = watch->next_of_sock;
  }
  return watch;
}

static void drop(struct ph_stack *stack, struct sock_watch *watch) {
  struct sock_table *table = sock_table_of(stack);
  struct sock_watch **at = &watch->sock->watches;
  while (*at != watch) {
    at = &(*at)->next_of_sock;
  }
  *at = watch->next_of_sock;
  ph_link_remove(&watch->of_epoll);
  ph_link_remove(&watch->ready);
  watch->next_of_sock = table->free_watches;
  table->free_watches = watch;
}

static uint32_t events_of(const struct sock_watch *watch) {
  uint32_t events = watch->events & ~modes;
  return sock_ready(watch->sock, events) & events;
}

static void make_ready(struct ph_stack *stack, struct sock_watch *watch) {
  if (!ph_link_linked(&watch->ready)) {
    ph_link_append(&watch->epoll->ready, &watch->ready);
  }
  sock_notify(stack, watch->epoll->sock, PH_POLLIN);
}

static void tell_watchers(struct ph_stack *stack, const struct ph_sock *sock,
                          uint32_t ready) {
  struct sock_watch *watch = sock->watches;
  for (; watch; watch = watch->next_of_sock) {
    if (watch->events & ~modes & ready) {
      make_ready(stack, watch);
    }
  }
}

static uint32_t instance_ready(struct ph_sock *sock) {
  struct ph_link *list = &sock->epoll->ready;
  while (ph_link_linked(list)) {
    struct sock_watch *watch =
        PH_CONTAINER_OF(ph_link_next(list), struct sock_watch, ready);
    if (events_of(watch)) {
      return PH_POLLIN | PH_POLLRDNORM;
    }
    ph_link_remove(&watch->ready);
  }
  return 0;
}

static void forget(struct ph_stack *stack, struct ph_sock *sock) {
  while (sock->watches) {
    drop(stack, sock->watches);
  }
  if (sock->is_epoll) {
    struct sock_table *table = sock_table_of(stack);
    struct sock_epoll *epoll = sock->epoll;
    while (ph_link_linked(&epoll->watches)) {
      drop(stack, PH_CONTAINER_OF(ph_link_next(&epoll->watches),
                                  struct sock_watch, of_epoll));
    }
    epoll->next_free = table->free_epolls;
    table->free_epolls = epoll;
  }
}

static const struct sock_epoll_ops epoll_ops = {tell_watchers, instance_ready,
                                                forget};

/* ---- The calls ----------------------------------------------------------- */

int ph_epoll_create1(struct ph_stack *stack, int flags) {
  struct sock_table *table = sock_table_of(stack);
  struct sock_epoll *epoll = table->free_epolls;
  struct ph_sock *sock;
  stack->stats.SocketCalls++;
  if (flags & ~PH_EPOLL_CLOEXEC) {
    return -PH_EINVAL;
  }
  if (!epoll) {
    return -PH_ENOMEM;
  }
  int fd = sock_alloc(stack, &sock);
  if (fd >= 0) {
    table->free_epolls = epoll->next_free;
    *epoll = (struct sock_epoll){.ops = &epoll_ops, .sock = sock};
    table->epoll = &epoll_ops;
    sock->is_epoll = true;
    sock->epoll = epoll;
    sock->cloexec = flags & PH_EPOLL_CLOEXEC;
  }
  return fd;
}

int ph_epoll_create(struct ph_stack *stack, int size) {
  return size > 0 ? ph_epoll_create1(stack, 0) : -PH_EINVAL;
}

static int add(struct ph_stack *stack, struct sock_epoll *epoll,
               struct ph_sock *sock, const struct ph_epoll_event *event) {
  struct sock_table *table = sock_table_of(stack);
  struct sock_watch *watch = table->free_watches;
  if (sock->is_epoll) { /* no nesting: docs/deviations.md */
    return -PH_EINVAL;
  }
  if (!watch) {
    return -PH_ENOSPC;
  }
  table->free_watches = watch->next_of_sock;
  *watch = (struct sock_watch){.epoll = epoll,
                               .sock = sock,
                               .next_of_sock = sock->watches,
                               .data = event->data.u64,
                               .events = event->events | always};
  ph_link_append(&epoll->watches, &watch->of_epoll);
  sock->watches = watch;
  if (events_of(watch)) {
    make_ready(stack, watch);
  }
  return 0;
}

static int modify(struct ph_stack *stack, struct sock_watch *watch,
                  const struct ph_epoll_event *event) {
  watch->events = event->events | always;
  watch->data = event->data.u64;
  if (events_of(watch)) {
    make_ready(stack, watch);
  }
  return 0;
}

int ph_epoll_ctl(struct ph_stack *stack, int epfd, int op, int fd,
                 struct ph_epoll_event *event) {
  stack->stats.SocketCalls++;
  const struct ph_sock *self = sock_get(stack, epfd);
  struct ph_sock *sock = sock_get(stack, fd);
  if (op != PH_EPOLL_CTL_DEL && !event) {
    return -PH_EFAULT;
  }
  if (!self || !sock) {
    return -PH_EBADF;
  }
  if (self == sock || !self->is_epoll) {
    return -PH_EINVAL;
  }
  struct sock_watch *watch = find(self->epoll, sock);
  switch (op) {
    case PH_EPOLL_CTL_ADD:
      return watch ? -PH_EEXIST : add(stack, self->epoll, sock, event);
    case PH_EPOLL_CTL_MOD:
      return watch ? modify(stack, watch, event) : -PH_ENOENT;
    case PH_EPOLL_CTL_DEL:
      if (watch) {
        drop(stack, watch);
      }
      return watch ? 0 : -PH_ENOENT;
    default:
      return -PH_EINVAL;
  }
}

/* Report up to `max` watches of the ready list. Those that stay on it are
 * collected aside, or they would be looked at again. */
static PH_APART_IF_SMALL int collect(struct sock_epoll *epoll,
                                     struct ph_epoll_event *events, int max) {
  int count = 0;
  while (count < max && ph_link_linked(&epoll->ready)) {
    struct sock_watch *watch =
        PH_CONTAINER_OF(ph_link_next(&epoll->ready), struct sock_watch, ready);
    uint32_t now = events_of(watch);
    ph_link_remove(&watch->ready);
    if (now == 0) {
      continue;
    }
    events[count].events = now;
    events[count++].data.u64 = watch->data;
    if (watch->events & PH_EPOLLONESHOT) {
      watch->events &= modes;
    } else if (!(watch->events & PH_EPOLLET)) {
      ph_link_append(&epoll->again, &watch->ready);
    }
  }
  ph_link_move(&epoll->ready, &epoll->again);
  return count;
}

int ph_epoll_wait(struct ph_stack *stack, int epfd,
                  struct ph_epoll_event *events, int max_events,
                  int timeout_ms) {
  const struct ph_platform *platform = stack->platform;
  stack->stats.SocketCalls++;
  struct ph_sock *self = sock_get(stack, epfd);
  if (max_events <= 0 || max_events > EVENTS_MAX) {
    return -PH_EINVAL;
  }
  if (!self) {
    return -PH_EBADF;
  }
  if (!self->is_epoll) {
    return -PH_EINVAL;
  }
  if (!events) {
    return -PH_EFAULT;
  }
  uint64_t deadline = sock_poll_deadline(stack, timeout_ms);
  uint32_t generation = self->generation;
  for (;;) {
    int count = collect(self->epoll, events, max_events);
    if (count > 0 || stack->now_ns >= deadline || !platform->wait) {
      return count;
    }
    int result = platform->wait(platform->ctx, self, PH_POLLIN, deadline);
    if (!self->open || self->generation != generation) {
      return -PH_EBADF;
    }
    if (result < 0 && result != -PH_ETIMEDOUT) {
      return result;
    }
  }
}
