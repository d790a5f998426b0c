/* SPDX-License-Identifier: Apache-2.0 */
/* packetdrill's table: each function runs the stack's and turns -errno into -1
 * and errno. Layouts and numbers are Linux's on both sides. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/packetdrill/interface.h"
#include "sim/packetdrill/stack_so.h"
#include "stack/ip/ipv6.h"

enum { POLLS_MAX = 64 };

/* No time of a script is as far from its begin. */
#define EPOCH_US INT64_C(1600000000000000)
/* netdev_receive() gives up when nothing leaves in this virtual time. */
#define GIVE_UP_NS INT64_C(64000000000)

static long result_of(long result) {
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

/* The arguments of any call. */
struct args {
  struct so *so;
  int fd, a, b;
  unsigned long request;
  void *data;
  const void *in;
  size_t len;
  void *addr;
  ph_socklen_t *addr_len;
  const void *to;
  ph_socklen_t to_len;
};

/* ---- Addresses ---------------------------------------------------------- */

/* A name that a call gave, into what the caller has room for. */
static void give_name(const struct ph_sockaddr_in6 *name, ph_socklen_t name_len,
                      struct sockaddr *addr, socklen_t *len) {
  if (addr && len) {
    memcpy(addr, name, *len < name_len ? *len : name_len);
    *len = name_len;
  }
}

/* ---- Sockets ------------------------------------------------------------ */

static long do_socket(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_socket(stack, a->fd, a->a, a->b);
}

static long new_fd(struct so *so, long live) {
  return result_of(live < 0 ? live : so_fd_make(so, (int)live));
}

static int so_socket(void *u, int domain, int type, int protocol) {
  struct so *so = u;
  struct args args = {.fd = domain, .a = type, .b = protocol};
  return (int)new_fd(so, so_run(so, do_socket, &args));
}

static int add_address(struct ph_stack *stack, struct netif *netif,
                       const struct args *a) {
  struct ph_sockaddr_in in4;
  struct ph_sockaddr_in6 in6;
  struct ph_addr addr = ph_addr_v4(0);
  memcpy(&in4, a->to, sizeof(in4)); /* bind() found that it is whole */
  if (in4.sin_family == PH_AF_INET6) {
    memcpy(&in6, a->to, sizeof(in6));
    memcpy(addr.bytes, in6.sin6_addr, sizeof(in6.sin6_addr));
  } else {
    memcpy(addr.bytes + 12, &in4.sin_addr, 4);
  }
  return in4.sin_family == PH_AF_INET6 && !ip_addr_is_mapped(&addr)
             ? ph_ipv6_add_address(stack, netif, &addr, 64, true)
             : ph_ipv4_add_address(stack, netif, ph_addr_to_v4(&addr),
                                   a->so->settings.prefix_len);
}

/* packetdrill gives each run another address of its own choice: it becomes ours
 * when a socket takes it. */
static long do_bind(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  int result = ph_bind(stack, a->fd, a->to, a->to_len);
  struct netif *netif = netif_first(stack);
  while (netif && netif->loopback) {
    netif = netif->next;
  }
  if (result != -PH_EADDRNOTAVAIL || !netif ||
      add_address(stack, netif, a) < 0) {
    return result;
  }
  return ph_bind(stack, a->fd, a->to, a->to_len);
}

static int so_bind(void *u, int fd, const struct sockaddr *addr,
                   socklen_t len) {
  struct args args = {.so = u, .fd = so_fd(u, fd), .to = addr, .to_len = len};
  return (int)result_of(so_run(u, do_bind, &args));
}

static long do_listen(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_listen(stack, a->fd, a->a);
}

static int so_listen(void *u, int fd, int backlog) {
  struct args args = {.fd = so_fd(u, fd), .a = backlog};
  return (int)result_of(so_run(u, do_listen, &args));
}

static long do_accept(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_accept(stack, a->fd, a->addr, a->addr_len);
}

static int so_accept(void *u, int fd, struct sockaddr *addr, socklen_t *len) {
  struct ph_sockaddr_in6 name = {0};
  ph_socklen_t name_len = sizeof(name);
  struct args args = {.fd = so_fd(u, fd), .addr = &name, .addr_len = &name_len};
  long live = so_run(u, do_accept, &args);
  if (live >= 0) {
    give_name(&name, name_len, addr, len);
  }
  return (int)new_fd(u, live);
}

static long do_connect(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_connect(stack, a->fd, a->to, a->to_len);
}

static int so_connect(void *u, int fd, const struct sockaddr *addr,
                      socklen_t len) {
  struct args args = {.fd = so_fd(u, fd), .to = addr, .to_len = len};
  return (int)result_of(so_run(u, do_connect, &args));
}

static long do_shutdown(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_shutdown(stack, a->fd, a->a);
}

static int so_shutdown(void *u, int fd, int how) {
  struct args args = {.fd = so_fd(u, fd), .a = how};
  return (int)result_of(so_run(u, do_shutdown, &args));
}

static long do_close(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_close(stack, a->fd);
}

static int so_close(void *u, int fd) {
  struct so *so = u;
  struct args args = {.fd = so_fd(so, fd)};
  long result = so_run(so, do_close, &args);
  if (fd >= 0 && fd < SO_FDS && so->live[fd] && result != -PH_EBADF) {
    so->live[fd] = 0;
    close(fd);
  }
  return (int)result_of(result);
}

/* ---- Bytes -------------------------------------------------------------- */

static long do_recvfrom(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_recvfrom(stack, a->fd, a->data, a->len, a->a, a->addr, a->addr_len);
}

static ssize_t so_recvfrom(void *u, int fd, void *data, size_t len, int flags,
                           struct sockaddr *addr, socklen_t *addr_len) {
  struct ph_sockaddr_in6 name = {0};
  ph_socklen_t name_len = sizeof(name);
  struct args args = {.fd = so_fd(u, fd),
                      .data = data,
                      .len = len,
                      .a = flags,
                      .addr = addr ? &name : NULL,
                      .addr_len = addr ? &name_len : NULL};
  long result = so_run(u, do_recvfrom, &args);
  if (result >= 0 && addr && name.sin6_family) {
    give_name(&name, name_len, addr, addr_len);
  }
  return result_of(result);
}

static ssize_t so_recv(void *u, int fd, void *data, size_t len, int flags) {
  return so_recvfrom(u, fd, data, len, flags, NULL, NULL);
}

static ssize_t so_read(void *u, int fd, void *data, size_t len) {
  return so_recvfrom(u, fd, data, len, 0, NULL, NULL);
}

static long do_sendto(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_sendto(stack, a->fd, a->in, a->len, a->a, a->to, a->to_len);
}

static ssize_t so_sendto(void *u, int fd, const void *data, size_t len,
                         int flags, const struct sockaddr *addr,
                         socklen_t addr_len) {
  const void *to = addr;
  struct args args = {.fd = so_fd(u, fd),
                      .in = data,
                      .len = len,
                      .a = flags,
                      .to = to,
                      .to_len = addr_len};
  return result_of(so_run(u, do_sendto, &args));
}

static ssize_t so_send(void *u, int fd, const void *data, size_t len,
                       int flags) {
  return so_sendto(u, fd, data, len, flags, NULL, 0);
}

static ssize_t so_write(void *u, int fd, const void *data, size_t len) {
  return so_sendto(u, fd, data, len, 0, NULL, 0);
}

static long do_readv(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_readv(stack, a->fd, a->in, a->a);
}

static ssize_t so_readv(void *u, int fd, const struct iovec *iov, int count) {
  struct args args = {.fd = so_fd(u, fd), .in = iov, .a = count};
  return result_of(so_run(u, do_readv, &args));
}

static long do_writev(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_writev(stack, a->fd, a->in, a->a);
}

static ssize_t so_writev(void *u, int fd, const struct iovec *iov, int count) {
  struct args args = {.fd = so_fd(u, fd), .in = iov, .a = count};
  return result_of(so_run(u, do_writev, &args));
}

static long do_recvmsg(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_recvmsg(stack, a->fd, a->data, a->a);
}

static ssize_t so_recvmsg(void *u, int fd, struct msghdr *msg, int flags) {
  struct args args = {.fd = so_fd(u, fd), .data = msg, .a = flags};
  return result_of(so_run(u, do_recvmsg, &args));
}

static long do_sendmsg(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_sendmsg(stack, a->fd, a->in, a->a);
}

static ssize_t so_sendmsg(void *u, int fd, const struct msghdr *msg,
                          int flags) {
  struct args args = {.fd = so_fd(u, fd), .in = msg, .a = flags};
  return result_of(so_run(u, do_sendmsg, &args));
}

/* ---- Options and modes -------------------------------------------------- */

static long do_fcntl(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_fcntl(stack, a->fd, a->a, a->b);
}

static int so_fcntl(void *u, int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  struct args args = {.fd = so_fd(u, fd), .a = command, .b = va_arg(list, int)};
  va_end(list);
  return (int)result_of(so_run(u, do_fcntl, &args));
}

static long do_ioctl(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_ioctl(stack, a->fd, a->request, a->data);
}

static int so_ioctl(void *u, int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  struct args args = {
      .fd = so_fd(u, fd), .request = request, .data = va_arg(list, void *)};
  va_end(list);
  return (int)result_of(so_run(u, do_ioctl, &args));
}

static long do_getsockopt(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_getsockopt(stack, a->fd, a->a, a->b, a->data, a->addr_len);
}

static int so_getsockopt(void *u, int fd, int level, int name, void *value,
                         socklen_t *len) {
  struct args args = {.fd = so_fd(u, fd),
                      .a = level,
                      .b = name,
                      .data = value,
                      .addr_len = len};
  return (int)result_of(so_run(u, do_getsockopt, &args));
}

static long do_setsockopt(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_setsockopt(stack, a->fd, a->a, a->b, a->in, a->to_len);
}

static int so_setsockopt(void *u, int fd, int level, int name,
                         const void *value, socklen_t len) {
  struct args args = {
      .fd = so_fd(u, fd), .a = level, .b = name, .in = value, .to_len = len};
  return (int)result_of(so_run(u, do_setsockopt, &args));
}

/* ---- Readiness ---------------------------------------------------------- */

static long do_poll(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_poll(stack, a->data, (uint32_t)a->len, a->a);
}

static int so_poll(void *u, struct pollfd *fds, nfds_t count, int timeout_ms) {
  struct ph_pollfd live[POLLS_MAX];
  if (count > POLLS_MAX) {
    return (int)result_of(-PH_EINVAL);
  }
  for (nfds_t i = 0; i < count; i++) {
    live[i] =
        (struct ph_pollfd){.fd = so_fd(u, fds[i].fd), .events = fds[i].events};
  }
  struct args args = {.data = live, .len = count, .a = timeout_ms};
  long result = so_run(u, do_poll, &args);
  for (nfds_t i = 0; i < count; i++) {
    fds[i].revents = live[i].revents;
  }
  return (int)result_of(result);
}

static long do_epoll_create(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_epoll_create(stack, a->a);
}

static int so_epoll_create(void *u, int size) {
  struct args args = {.a = size};
  return (int)new_fd(u, so_run(u, do_epoll_create, &args));
}

static long do_epoll_ctl(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_epoll_ctl(stack, a->fd, a->a, a->b, a->data);
}

static int so_epoll_ctl(void *u, int epfd, int op, int fd,
                        struct epoll_event *event) {
  struct args args = {
      .fd = so_fd(u, epfd), .a = op, .b = so_fd(u, fd), .data = event};
  return (int)result_of(so_run(u, do_epoll_ctl, &args));
}

static long do_epoll_wait(struct ph_stack *stack, void *args) {
  const struct args *a = args;
  return ph_epoll_wait(stack, a->fd, a->data, a->a, a->b);
}

static int so_epoll_wait(void *u, int epfd, struct epoll_event *events,
                         int most, int timeout_ms) {
  struct args args = {
      .fd = so_fd(u, epfd), .data = events, .a = most, .b = timeout_ms};
  return (int)result_of(so_run(u, do_epoll_wait, &args));
}

/* ---- Packets and time --------------------------------------------------- */

static int so_netdev_send(void *u, const void *packet, size_t len) {
  struct so *so = u;
  if (len == 0 || len > PACKET_BYTES_MAX ||
      (*(const uint8_t *)packet >> 4 != 4 &&
       *(const uint8_t *)packet >> 4 != 6)) {
    return (int)result_of(-PH_EAFNOSUPPORT);
  }
  pthread_mutex_lock(&so->lock);
  world_inject(so->world, packet, (uint32_t)len);
  so_wake(so);
  pthread_mutex_unlock(&so->lock);
  return 0;
}

static int so_netdev_receive(void *u, void *packet, size_t *len,
                             long long *time_us) {
  struct so *so = u;
  pthread_mutex_lock(&so->lock);
  so_pass(so, world_now(so->world) + GIVE_UP_NS, true);
  struct world_packet *came = world_take(so->world);
  if (came) {
    *len = came->len < *len ? came->len : *len;
    memcpy(packet, came->data, *len);
    *time_us = EPOCH_US + came->time_ns / 1000;
    free(came);
  } else {
    *len = 0; /* packetdrill says that this is no packet, and ends */
    *time_us = EPOCH_US + world_now(so->world) / 1000;
  }
  pthread_mutex_unlock(&so->lock);
  return 0;
}

static int so_usleep(void *u, useconds_t us) {
  struct so *so = u;
  pthread_mutex_lock(&so->lock);
  so_pass(so, world_now(so->world) + (int64_t)us * 1000, false);
  pthread_mutex_unlock(&so->lock);
  return 0;
}

static int so_gettimeofday(void *u, struct timeval *tv, struct timezone *tz) {
  struct so *so = u;
  (void)tz;
  pthread_mutex_lock(&so->lock);
  if (so->handing_over && pthread_equal(so->heir, pthread_self())) {
    so->handing_over = false;
    pthread_cond_broadcast(&so->changed);
  } else if (!so->ended) {
    so_pass(so, world_now(so->world) + 1000, false);
  }
  int64_t us = EPOCH_US + world_now(so->world) / 1000;
  pthread_mutex_unlock(&so->lock);
  *tv = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
  return 0;
}

/* ---- What the stack has not --------------------------------------------- */

static int so_pipe(void *u, int fds[2]) {
  (void)u;
  (void)fds;
  return (int)result_of(-PH_ENOSYS);
}

static int so_splice(void *u, int in, loff_t *in_at, int out, loff_t *out_at,
                     size_t len, unsigned flags) {
  (void)u, (void)in, (void)in_at, (void)out, (void)out_at, (void)len;
  (void)flags;
  return (int)result_of(-PH_ENOSYS);
}

static void so_free(void *u) {
  so_destroy(u);
}

__attribute__((visibility("default"))) void packetdrill_interface_init(
    const char *flags, struct packetdrill_interface *interface) {
  struct so *so = so_create(flags);
  if (!so) {
    exit(2);
  }
  *interface = (struct packetdrill_interface){
      .userdata = so,
      .free = so_free,
      .socket = so_socket,
      .bind = so_bind,
      .listen = so_listen,
      .accept = so_accept,
      .connect = so_connect,
      .read = so_read,
      .readv = so_readv,
      .recv = so_recv,
      .recvfrom = so_recvfrom,
      .recvmsg = so_recvmsg,
      .write = so_write,
      .writev = so_writev,
      .send = so_send,
      .sendto = so_sendto,
      .sendmsg = so_sendmsg,
      .fcntl = so_fcntl,
      .ioctl = so_ioctl,
      .close = so_close,
      .shutdown = so_shutdown,
      .getsockopt = so_getsockopt,
      .setsockopt = so_setsockopt,
      .poll = so_poll,
      .netdev_send = so_netdev_send,
      .netdev_receive = so_netdev_receive,
      .usleep = so_usleep,
      .gettimeofday = so_gettimeofday,
      .epoll_create = so_epoll_create,
      .epoll_ctl = so_epoll_ctl,
      .epoll_wait = so_epoll_wait,
      .pipe = so_pipe,
      .splice = so_splice,
  };
}
