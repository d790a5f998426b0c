/* SPDX-License-Identifier: Apache-2.0 */
/* What packetdrill asks of a shared object with --so_filename: it calls
 * packetdrill_interface_init() once, with the value of --so_flags or NULL, and
 * then the functions of the table with `userdata` first. They return what the
 * system calls of the same name do: -1 with errno, or a count. */
#ifndef PH_SIM_PACKETDRILL_INTERFACE_H
#define PH_SIM_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
  void *userdata;
  void (*free)(void *u);
  int (*socket)(void *u, int domain, int type, int protocol);
  int (*bind)(void *u, int fd, const struct sockaddr *addr, socklen_t len);
  int (*listen)(void *u, int fd, int backlog);
  int (*accept)(void *u, int fd, struct sockaddr *addr, socklen_t *len);
  int (*connect)(void *u, int fd, const struct sockaddr *addr, socklen_t len);
  ssize_t (*read)(void *u, int fd, void *data, size_t len);
  ssize_t (*readv)(void *u, int fd, const struct iovec *iov, int count);
  ssize_t (*recv)(void *u, int fd, void *data, size_t len, int flags);
  ssize_t (*recvfrom)(void *u, int fd, void *data, size_t len, int flags,
                      struct sockaddr *addr, socklen_t *addr_len);
  ssize_t (*recvmsg)(void *u, int fd, struct msghdr *msg, int flags);
  ssize_t (*write)(void *u, int fd, const void *data, size_t len);
  ssize_t (*writev)(void *u, int fd, const struct iovec *iov, int count);
  ssize_t (*send)(void *u, int fd, const void *data, size_t len, int flags);
  ssize_t (*sendto)(void *u, int fd, const void *data, size_t len, int flags,
                    const struct sockaddr *addr, socklen_t addr_len);
  ssize_t (*sendmsg)(void *u, int fd, const struct msghdr *msg, int flags);
  int (*fcntl)(void *u, int fd, int command, ...);
  int (*ioctl)(void *u, int fd, unsigned long request, ...);
  int (*close)(void *u, int fd);
  int (*shutdown)(void *u, int fd, int how);
  int (*getsockopt)(void *u, int fd, int level, int name, void *value,
                    socklen_t *len);
  int (*setsockopt)(void *u, int fd, int level, int name, const void *value,
                    socklen_t len);
  int (*poll)(void *u, struct pollfd *fds, nfds_t count, int timeout_ms);
  /* One IP packet to the stack. */
  int (*netdev_send)(void *u, const void *packet, size_t len);
  /* The next that leaves it: waits. `time_us` is on gettimeofday()'s clock. */
  int (*netdev_receive)(void *u, void *packet, size_t *len, long long *time_us);
  int (*usleep)(void *u, useconds_t us);
  int (*gettimeofday)(void *u, struct timeval *tv, struct timezone *tz);
  int (*epoll_create)(void *u, int size);
  int (*epoll_ctl)(void *u, int epfd, int op, int fd,
                   struct epoll_event *event);
  int (*epoll_wait)(void *u, int epfd, struct epoll_event *events, int most,
                    int timeout_ms);
  int (*pipe)(void *u, int fds[2]);
  int (*splice)(void *u, int in, loff_t *in_at, int out, loff_t *out_at,
                size_t len, unsigned flags);
};

void packetdrill_interface_init(const char *flags,
                                struct packetdrill_interface *interface);

#endif
