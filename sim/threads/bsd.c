/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX's names and results over the calls of stack/socket and stack/dns, whose
 * structures and numbers are Linux's already (tests/stack/test_abi.c). */
#include "sim/threads/bsd.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "sim/threads/packhorse.h"
#include "stack/dns/netdb.h"

static _Thread_local struct bsd_world *current;

/* In order of age, under the lock; the oldest is read without it. */
static pthread_mutex_t worlds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bsd_world *_Atomic oldest;

void bsd_set_world(struct bsd_world *world) {
  current = world;
}

struct bsd_world *bsd_get_world(void) {
  return current ? current : atomic_load(&oldest);
}

void bsd_add_default(struct bsd_world *world) {
  pthread_mutex_lock(&worlds_lock);
  struct bsd_world *last = atomic_load(&oldest);
  while (last && last->younger) {
    last = last->younger;
  }
  if (last) {
    last->younger = world;
  } else {
    atomic_store(&oldest, world);
  }
  pthread_mutex_unlock(&worlds_lock);
}

void bsd_remove_default(struct bsd_world *world) {
  pthread_mutex_lock(&worlds_lock);
  struct bsd_world *before = atomic_load(&oldest);
  if (before == world) {
    atomic_store(&oldest, world->younger);
  } else {
    while (before->younger != world) {
      before = before->younger;
    }
    before->younger = world->younger;
  }
  pthread_mutex_unlock(&worlds_lock);
  current = current == world ? NULL : current;
}

/* One call: where it goes, and its result. */
struct call {
  struct bsd_world *world;
  struct ph_stack *stack;
  long result;
};

/* False: there is no stack to call. */
static bool begin(struct call *call) {
  call->world = bsd_get_world();
  call->result = call->world ? 0 : -PH_ENETDOWN;
  if (call->world && call->world->enter) {
    call->result = call->world->enter(call->world);
  }
  call->stack = call->result ? NULL : call->world->stack;
  return call->stack != NULL;
}

/* POSIX's result. errno is set last: leaving may wake others. */
static long end(const struct call *call) {
  long result = call->result;
  if (call->stack) {
    result = call->world->leave(call->world, result);
  }
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

/* The body of a function that makes one call on `call.stack`. */
#define RETURN(type, expression) \
  struct call call;              \
  if (begin(&call)) {            \
    call.result = (expression);  \
  }                              \
  return (type)end(&call)

/* --- Sockets -------------------------------------------------------------- */

int packhorse_socket(int domain, int type, int protocol) {
  RETURN(int, ph_socket(call.stack, domain, type, protocol));
}

int packhorse_bind(int fd, const void *addr, socklen_t len) {
  RETURN(int, ph_bind(call.stack, fd, addr, len));
}

int packhorse_listen(int fd, int backlog) {
  RETURN(int, ph_listen(call.stack, fd, backlog));
}

int packhorse_accept(int fd, void *addr, socklen_t *len) {
  RETURN(int, ph_accept(call.stack, fd, addr, len));
}

int packhorse_accept4(int fd, void *addr, socklen_t *len, int flags) {
  RETURN(int, ph_accept4(call.stack, fd, addr, len, flags));
}

int packhorse_connect(int fd, const void *addr, socklen_t len) {
  RETURN(int, ph_connect(call.stack, fd, addr, len));
}

int packhorse_shutdown(int fd, int how) {
  RETURN(int, ph_shutdown(call.stack, fd, how));
}

int packhorse_close(int fd) {
  RETURN(int, ph_close(call.stack, fd));
}

/* --- Data ----------------------------------------------------------------- */

ssize_t packhorse_send(int fd, const void *data, size_t len, int flags) {
  RETURN(ssize_t, ph_send(call.stack, fd, data, len, flags));
}

ssize_t packhorse_sendto(int fd, const void *data, size_t len, int flags,
                         const void *addr, socklen_t addr_len) {
  RETURN(ssize_t, ph_sendto(call.stack, fd, data, len, flags, addr, addr_len));
}

ssize_t packhorse_sendmsg(int fd, const struct msghdr *msg, int flags) {
  RETURN(ssize_t, ph_sendmsg(call.stack, fd, (const void *)msg, flags));
}

ssize_t packhorse_write(int fd, const void *data, size_t len) {
  return packhorse_send(fd, data, len, 0);
}

ssize_t packhorse_writev(int fd, const struct iovec *iov, int count) {
  RETURN(ssize_t, ph_writev(call.stack, fd, (const void *)iov, count));
}

ssize_t packhorse_recv(int fd, void *data, size_t len, int flags) {
  RETURN(ssize_t, ph_recv(call.stack, fd, data, len, flags));
}

ssize_t packhorse_recvfrom(int fd, void *data, size_t len, int flags,
                           void *addr, socklen_t *addr_len) {
  RETURN(ssize_t,
         ph_recvfrom(call.stack, fd, data, len, flags, addr, addr_len));
}

ssize_t packhorse_recvmsg(int fd, struct msghdr *msg, int flags) {
  RETURN(ssize_t, ph_recvmsg(call.stack, fd, (void *)msg, flags));
}

ssize_t packhorse_read(int fd, void *data, size_t len) {
  return packhorse_recv(fd, data, len, 0);
}

ssize_t packhorse_readv(int fd, const struct iovec *iov, int count) {
  RETURN(ssize_t, ph_readv(call.stack, fd, (const void *)iov, count));
}

/* --- Options and names ---------------------------------------------------- */

int packhorse_setsockopt(int fd, int level, int option, const void *value,
                         socklen_t len) {
  RETURN(int, ph_setsockopt(call.stack, fd, level, option, value, len));
}

int packhorse_getsockopt(int fd, int level, int option, void *value,
                         socklen_t *len) {
  RETURN(int, ph_getsockopt(call.stack, fd, level, option, value, len));
}

int packhorse_getsockname(int fd, void *addr, socklen_t *len) {
  RETURN(int, ph_getsockname(call.stack, fd, addr, len));
}

int packhorse_getpeername(int fd, void *addr, socklen_t *len) {
  RETURN(int, ph_getpeername(call.stack, fd, addr, len));
}

/* F_GETFD and F_GETFL have no argument: what stands in its place is ignored. */
int packhorse_fcntl(int fd, int command, ...) {
  va_list args;
  va_start(args, command);
  int argument = va_arg(args, int);
  va_end(args);
  RETURN(int, ph_fcntl(call.stack, fd, command, argument));
}

int packhorse_ioctl(int fd, unsigned long request, ...) {
  va_list args;
  va_start(args, request);
  void *argument = va_arg(args, void *);
  va_end(args);
  RETURN(int, ph_ioctl(call.stack, fd, request, argument));
}

/* --- Waiting for several -------------------------------------------------- */

int packhorse_poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
  RETURN(int, count > UINT32_MAX ? -PH_EINVAL
                                 : ph_poll(call.stack, (void *)fds,
                                           (uint32_t)count, timeout_ms));
}

int packhorse_select(int nfds, fd_set *readfds, fd_set *writefds,
                     fd_set *exceptfds, struct timeval *timeout) {
  RETURN(int, ph_select(call.stack, nfds, (void *)readfds, (void *)writefds,
                        (void *)exceptfds, (void *)timeout));
}

int packhorse_epoll_create(int size) {
  RETURN(int, ph_epoll_create(call.stack, size));
}

int packhorse_epoll_create1(int flags) {
  RETURN(int, ph_epoll_create1(call.stack, flags));
}

int packhorse_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event) {
  RETURN(int, ph_epoll_ctl(call.stack, epfd, op, fd, (void *)event));
}

int packhorse_epoll_wait(int epfd, struct epoll_event *events, int max_events,
                         int timeout_ms) {
  RETURN(int, ph_epoll_wait(call.stack, epfd, (void *)events, max_events,
                            timeout_ms));
}

/* --- Names of hosts ------------------------------------------------------- */

/* These return an EAI_..., not -1; errno says more of EAI_SYSTEM alone. */
static int end_name(struct call *call) {
  int result = call->stack ? (int)call->result : EAI_SYSTEM;
  if (call->stack) {
    call->result = result == EAI_SYSTEM ? -PH_EINTR : 0;
  }
  (void)end(call);
  return result;
}

int packhorse_getaddrinfo(const char *node, const char *service,
                          const struct addrinfo *hints,
                          struct addrinfo **result) {
  struct call call;
  if (begin(&call)) {
    call.result = ph_getaddrinfo(call.stack, node, service, (const void *)hints,
                                 (void *)result);
  }
  return end_name(&call);
}

void packhorse_freeaddrinfo(struct addrinfo *list) {
  struct call call;
  if (begin(&call)) {
    ph_freeaddrinfo(call.stack, (void *)list);
    (void)end(&call);
  }
}

int packhorse_getnameinfo(const void *addr, socklen_t len, char *host,
                          socklen_t host_len, char *service,
                          socklen_t service_len, int flags) {
  struct call call;
  if (begin(&call)) {
    call.result = ph_getnameinfo(call.stack, addr, len, host, host_len, service,
                                 service_len, flags);
  }
  return end_name(&call);
}

const char *packhorse_gai_strerror(int error) {
  return ph_gai_strerror(error);
}
