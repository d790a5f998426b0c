/* SPDX-License-Identifier: Apache-2.0 */
/* socket(), close(), shutdown(), and how a call waits. */
#include "stack/socket/socket_internal.h"

enum { DEFAULT_BUFFER = 256 * 1024, UDP_MAX = 256 };

/* Those who wait. */
PH_APART static void tell(struct ph_stack *stack, struct ph_sock *sock,
                          uint32_t ready) {
  const struct ph_platform *platform = stack->platform;
  if (sock->watches) {
    sock_table_of(stack)->epoll->notify(stack, sock, ready);
  }
  if (!platform->wake) {
    return;
  }
  platform->wake(platform->ctx, sock, ready);
  if (sock->pollers > 0) {
    struct sock_poller *poller = sock_table_of(stack)->pollers;
    for (; poller; poller = poller->next) {
      platform->wake(platform->ctx, poller->object, ready);
    }
  }
}

void sock_notify(struct ph_stack *stack, struct ph_sock *sock, uint32_t ready) {
  if (sock->watches || stack->platform->wake) {
    tell(stack, sock, ready);
  }
}

/* TCP or UDP: `owner` became ready. */
static void notify(struct ph_stack *stack, void *owner, uint32_t ready) {
  sock_notify(stack, owner, ready);
}

static void udp_event(struct udp_pcb *udp, uint32_t events) {
  uint32_t ready = 0;
  ready |= events & UDP_EVENT_READABLE ? PH_POLLIN : 0;
  ready |= events & UDP_EVENT_WRITABLE ? PH_POLLOUT : 0;
  ready |= events & UDP_EVENT_ERROR ? PH_POLLERR : 0;
  notify(udp->stack, udp->owner, ready);
}

/* A UDP endpoint from the pool, or NULL. */
static struct udp_pcb *sock_udp_open(struct ph_stack *stack,
                                     struct ph_sock *sock) {
  struct sock_table *table = sock_table_of(stack);
  struct udp_pcb *udp = table->free_udp;
  if (udp) {
    table->free_udp = udp->next;
    udp_open(stack, udp, table->default_rcvbuf);
    udp->event = udp_event;
    udp->owner = sock;
  }
  return udp;
}

static void sock_udp_close(struct ph_stack *stack, struct ph_sock *sock) {
  struct sock_table *table = sock_table_of(stack);
  if (sock->udp->groups) {
    table->multicast->close(stack, sock);
  }
  udp_close(sock->udp);
  sock->udp->next = table->free_udp;
  table->free_udp = sock->udp;
}

int ph_socket_init(struct ph_stack *stack,
                   const struct ph_socket_config *config) {
  struct sock_table *table = ph_stack_alloc(stack, sizeof(*table));
  if (!table) {
    return -PH_ENOMEM;
  }
  int result = sock_table_init(stack, table, config->max_sockets);
  if (result == 0) {
    result = sock_epoll_init(stack, table, config);
  }
  if (result < 0) {
    return result;
  }
  table->default_sndbuf =
      config->default_sndbuf ? config->default_sndbuf : DEFAULT_BUFFER;
  table->default_rcvbuf =
      config->default_rcvbuf ? config->default_rcvbuf : DEFAULT_BUFFER;
  stack->module[PH_MODULE_SOCKET] = table;
  if (stack->module[PH_MODULE_TCP]) {
    tcp_set_notify(stack, notify);
  }
  uint32_t udps = ph_min_u32(config->max_sockets, UDP_MAX);
  table->free_udp = ph_stack_alloc_list(stack, udps, sizeof(struct udp_pcb),
                                        offsetof(struct udp_pcb, next));
  return table->free_udp ? 0 : -PH_ENOMEM;
}

uint64_t sock_deadline(const struct ph_stack *stack, uint32_t timeout_ms) {
  uint64_t wait = timeout_ms == SOCK_NO_WAIT ? 0 : timeout_ms * 1000000ull;
  return timeout_ms == SOCK_FOR_EVER ? UINT64_MAX : stack->now_ns + wait;
}

int sock_wait(struct ph_stack *stack, struct ph_sock *sock, int fd,
              uint32_t events, uint64_t deadline_ns, bool dont_wait) {
  const struct ph_platform *platform = stack->platform;
  if (!sock_waits(stack, sock, dont_wait) || stack->now_ns >= deadline_ns) {
    return -PH_EAGAIN;
  }
  uint32_t generation = sock->generation;
  int result = platform->wait(platform->ctx, sock, events, deadline_ns);
  if (sock_get(stack, fd) != sock || sock->generation != generation) {
    return -PH_EBADF;
  }
  /* After a timeout the caller looks once more, then the deadline says so. */
  return result == -PH_ETIMEDOUT ? 0 : result;
}

/* Is the family there? IPv6 is if somebody registered it. */
static bool has_domain(struct ph_stack *stack, int domain) {
  static const struct ph_addr any6;
  return domain == PH_AF_INET ||
         (domain == PH_AF_INET6 && ip_family_of(stack, &any6));
}

static int ping_protocol(int domain) {
  return domain == PH_AF_INET ? PH_IPPROTO_ICMP : PH_IPPROTO_ICMPV6;
}

static int check_kind(struct ph_stack *stack, int domain, int type,
                      int protocol) {
  if (!has_domain(stack, domain)) {
    return -PH_EAFNOSUPPORT;
  }
  switch (type) {
    case PH_SOCK_STREAM:
      return protocol == 0 || protocol == PH_IPPROTO_TCP ? 0
                                                         : -PH_EPROTONOSUPPORT;
    case PH_SOCK_DGRAM:
      return protocol == 0 || protocol == PH_IPPROTO_UDP ||
                     protocol == ping_protocol(domain)
                 ? 0
                 : -PH_EPROTONOSUPPORT;
    case PH_SOCK_RAW:
      return protocol > 0 && protocol <= PH_IPPROTO_RAW ? 0
             : protocol == 0                            ? -PH_EPROTONOSUPPORT
                                                        : -PH_EINVAL;
    default:
      return -PH_EINVAL;
  }
}

int ph_socket(struct ph_stack *stack, int domain, int type, int protocol) {
  stack->stats.SocketCalls++;
  int kind = type & ~(PH_SOCK_NONBLOCK | PH_SOCK_CLOEXEC);
  int result = check_kind(stack, domain, kind, protocol);
  if (result < 0) {
    return result;
  }
  struct ph_sock *sock;
  int fd = sock_alloc(stack, &sock);
  if (fd < 0) {
    return fd;
  }
  sock->nonblock = type & PH_SOCK_NONBLOCK;
  sock->cloexec = type & PH_SOCK_CLOEXEC;
  if (kind == PH_SOCK_STREAM && stack->module[PH_MODULE_TCP]) {
    sock->tcp = tcp_open(stack, sock);
  } else if (kind != PH_SOCK_STREAM && stack->module[PH_MODULE_UDP]) {
    sock->udp = sock_udp_open(stack, sock);
  } else {
    sock_release(stack, sock);
    return -PH_EPROTONOSUPPORT;
  }
  if (!sock->tcp && !sock->udp) {
    sock_release(stack, sock);
    return -PH_ENOBUFS;
  }
  sock->ipv6 = domain == PH_AF_INET6;
  sock_set_any(sock);
  if (sock->udp && protocol != 0 &&
      (kind == PH_SOCK_RAW || protocol != PH_IPPROTO_UDP)) {
    result = udp_open_raw(sock->udp, (uint8_t)protocol, kind == PH_SOCK_DGRAM);
    if (result < 0) {
      (void)ph_close(stack, fd);
      return result;
    }
  }
  if (sock->tcp) {
    const struct sock_table *table = sock_table_of(stack);
    tcp_start_buffers(sock->tcp, table->default_sndbuf, table->default_rcvbuf);
  }
  return fd;
}

/* As in Linux also on a non-blocking socket. */
void sock_linger(struct ph_stack *stack, struct ph_sock *sock) {
  const struct ph_platform *platform = stack->platform;
  uint64_t deadline = stack->now_ns + sock->linger_s * 1000000000ull;
  if (!platform->wait || tcp_unread(sock->tcp) > 0 ||
      tcp_get_state(sock->tcp) < TCP_STATE_ESTABLISHED ||
      tcp_shutdown(stack, sock->tcp, false, true) < 0) {
    return;
  }
  sock->closing = true;
  sock_notify(stack, sock, PH_POLLNVAL); /* whoever waits finds it closed */
  for (;;) {
    enum tcp_state state = tcp_get_state(sock->tcp);
    bool sent = state == TCP_STATE_CLOSED || state == TCP_STATE_FIN_WAIT_2 ||
                state == TCP_STATE_TIME_WAIT;
    if (sent || stack->now_ns >= deadline ||
        platform->wait(platform->ctx, sock, PH_POLLOUT | PH_POLLHUP,
                       deadline) == -PH_EINTR) {
      return;
    }
  }
}

int ph_close(struct ph_stack *stack, int fd) {
  stack->stats.SocketCalls++;
  struct ph_sock *sock = sock_get(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  if (sock->tcp) {
    if (sock->linger && sock->linger_s > 0) {
      sock_table_of(stack)->linger(stack, sock);
    }
    tcp_close(stack, sock->tcp, sock->linger && sock->linger_s == 0);
  } else if (!sock->is_epoll) {
    sock_udp_close(stack, sock);
  }
  sock_release(stack, sock);
  return 0;
}

int ph_shutdown(struct ph_stack *stack, int fd, int how) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (how < PH_SHUT_RD || how > PH_SHUT_RDWR) {
    return -PH_EINVAL;
  }
  bool read = how != PH_SHUT_WR;
  bool write = how != PH_SHUT_RD;
  if (sock->tcp) {
    return tcp_shutdown(stack, sock->tcp, read, write);
  }
  sock->rd_shutdown |= read;
  sock->wr_shutdown |= write;
  notify(stack, sock, sock_ready(sock, ~0u));
  return sock->udp->connected ? 0 : -PH_ENOTCONN;
}
