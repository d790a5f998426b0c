/* SPDX-License-Identifier: Apache-2.0 */
/* poll(). While a call waits, each of its sockets counts it as a poller, so
 * that a socket nobody polls costs nothing to wake. */
#include "stack/socket/socket_internal.h"

uint32_t sock_ready(const struct ph_sock *sock) {
  if (sock->tcp) {
    return tcp_ready(sock->tcp);
  }
  uint32_t ready = sock->udp->waiting ? 0 : PH_POLLOUT;
  ready |= sock->udp->queued_len > 0 ? PH_POLLIN : 0;
  ready |= sock->udp->error ? PH_POLLERR : 0;
  ready |= sock->rd_shutdown ? PH_POLLIN | PH_POLLRDHUP : 0;
  ready |= sock->rd_shutdown && sock->wr_shutdown ? PH_POLLHUP : 0;
  return ready;
}

static int look(const struct ph_stack *stack, struct ph_pollfd *fds,
                uint32_t count) {
  int ready = 0;
  for (uint32_t i = 0; i < count; i++) {
    const struct ph_sock *sock = sock_get(stack, fds[i].fd);
    uint32_t always = PH_POLLERR | PH_POLLHUP | PH_POLLNVAL;
    uint32_t now = sock ? sock_ready(sock) : PH_POLLNVAL;
    now &= (uint16_t)fds[i].events | always;
    fds[i].revents = fds[i].fd < 0 ? 0 : (int16_t)now;
    ready += fds[i].revents != 0;
  }
  return ready;
}

static void count_poller(const struct ph_stack *stack,
                         const struct ph_pollfd *fds, uint32_t count,
                         int change) {
  for (uint32_t i = 0; i < count; i++) {
    struct ph_sock *sock = sock_get(stack, fds[i].fd);
    if (sock && (change > 0 || sock->pollers > 0)) {
      sock->pollers = (uint16_t)(sock->pollers + change);
    }
  }
}

static void leave(struct sock_table *table, const struct sock_poller *poller) {
  struct sock_poller **at = &table->pollers;
  while (*at != poller) {
    at = &(*at)->next;
  }
  *at = poller->next;
}

int ph_poll(struct ph_stack *stack, struct ph_pollfd *fds, uint32_t count,
            int timeout_ms) {
  const struct ph_platform *platform = stack->platform;
  struct sock_table *table = sock_table_of(stack);
  stack->stats.SocketCalls++;
  uint64_t deadline = timeout_ms < 0
                          ? UINT64_MAX
                          : stack->now_ns + (uint64_t)timeout_ms * 1000000u;
  for (;;) {
    int ready = look(stack, fds, count);
    if (ready > 0 || stack->now_ns >= deadline || !platform->wait) {
      return ready;
    }
    struct sock_poller poller = {table->pollers, fds};
    table->pollers = &poller;
    count_poller(stack, fds, count, 1);
    int result = platform->wait(platform->ctx, fds, ~0u, deadline);
    count_poller(stack, fds, count, -1);
    leave(table, &poller);
    if (result < 0 && result != -PH_ETIMEDOUT) {
      return result;
    }
  }
}
