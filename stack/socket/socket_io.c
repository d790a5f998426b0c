/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that move data. A blocking stream call loops over TCP's
 * try-operations; what was moved before an error or a timeout counts. */
#include "stack/socket/socket_internal.h"

enum { IOV_MAX = 1024 };

static bool dont_wait(int flags) {
  return flags & PH_MSG_DONTWAIT;
}

/* ---- Streams ------------------------------------------------------------ */

static long stream_send(struct ph_stack *stack, struct ph_sock *sock, int fd,
                        const uint8_t *data, size_t len, int flags) {
  uint64_t deadline = sock_deadline(stack, sock->snd_timeout_ns);
  size_t done = 0;
  for (;;) {
    long n = tcp_send(stack, sock->tcp, data + done, len - done,
                      flags & PH_MSG_MORE);
    if (n >= 0) {
      done += (size_t)n;
      if (done == len) {
        return (long)done;
      }
      continue;
    }
    if (n != -PH_EAGAIN) {
      return done ? (long)done : n;
    }
    int result =
        sock_wait(stack, sock, fd, PH_POLLOUT, deadline, dont_wait(flags));
    if (result < 0) {
      return done ? (long)done : result;
    }
  }
}

static long stream_recv(struct ph_stack *stack, struct ph_sock *sock, int fd,
                        uint8_t *data, size_t len, int flags) {
  uint64_t deadline = sock_deadline(stack, sock->rcv_timeout_ns);
  bool peek = flags & PH_MSG_PEEK;
  bool all = (flags & PH_MSG_WAITALL) && !peek;
  bool discard = (flags & PH_MSG_TRUNC) && !peek;
  size_t done = 0;
  for (;;) {
    long n = tcp_recv(stack, sock->tcp, discard ? NULL : data + done,
                      len - done, peek);
    if (n > 0) {
      done += (size_t)n;
      if (!all || done == len) {
        return (long)done;
      }
      continue;
    }
    if (n != -PH_EAGAIN) {
      return done ? (long)done : n;
    }
    int result =
        sock_wait(stack, sock, fd, PH_POLLIN, deadline, dont_wait(flags));
    if (result < 0) {
      return done ? (long)done : result;
    }
  }
}

/* ---- Datagrams ---------------------------------------------------------- */

static long datagram_send(struct ph_stack *stack, struct ph_sock *sock, int fd,
                          const void *data, size_t len, int flags,
                          const struct ph_addr *ip, uint16_t port) {
  uint64_t deadline = sock_deadline(stack, sock->snd_timeout_ns);
  if (!ip && !sock->udp->connected) {
    return -PH_EDESTADDRREQ;
  }
  for (;;) {
    long n = sock->wr_shutdown ? -PH_EPIPE
                               : udp_sendto(sock->udp, data, len, ip, port);
    if (n != -PH_EAGAIN) {
      return n;
    }
    int result =
        sock_wait(stack, sock, fd, PH_POLLOUT, deadline, dont_wait(flags));
    if (result < 0) {
      return result;
    }
  }
}

static long datagram_recv(struct ph_stack *stack, struct ph_sock *sock, int fd,
                          void *data, size_t len, int flags, struct ph_addr *ip,
                          uint16_t *port) {
  uint64_t deadline = sock_deadline(stack, sock->rcv_timeout_ns);
  for (;;) {
    long n = udp_recvfrom(sock->udp, data, len, flags & PH_MSG_PEEK, ip, port);
    if (n == -PH_EAGAIN && sock->rd_shutdown) {
      *ip = ph_addr_v4(0);
      *port = 0;
      return 0;
    }
    if (n != -PH_EAGAIN) { /* MSG_TRUNC asks for the datagram's own length */
      return n > (long)len && !(flags & PH_MSG_TRUNC) ? (long)len : n;
    }
    int result =
        sock_wait(stack, sock, fd, PH_POLLIN, deadline, dont_wait(flags));
    if (result < 0) {
      return result;
    }
  }
}

/* ---- The calls ---------------------------------------------------------- */

long ph_sendto(struct ph_stack *stack, int fd, const void *data, size_t len,
               int flags, const void *addr, ph_socklen_t addr_len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  if (flags & PH_MSG_OOB) {
    return -PH_EOPNOTSUPP;
  }
  if (sock->tcp) { /* as in Linux, a stream ignores the address */
    return stream_send(stack, sock, fd, data, len, flags);
  }
  struct ph_addr ip;
  uint16_t port = 0;
  if (addr) {
    int result = sock_addr_in(addr, addr_len, &ip, &port);
    if (result < 0) {
      return result;
    }
  }
  return datagram_send(stack, sock, fd, data, len, flags, addr ? &ip : NULL,
                       port);
}

long ph_send(struct ph_stack *stack, int fd, const void *data, size_t len,
             int flags) {
  return ph_sendto(stack, fd, data, len, flags, NULL, 0);
}

long ph_recvfrom(struct ph_stack *stack, int fd, void *data, size_t len,
                 int flags, void *addr, ph_socklen_t *addr_len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  if ((flags & PH_MSG_OOB) && sock->tcp) {
    return -PH_EINVAL; /* as a socket without urgent data */
  }
  if (sock->tcp) {
    return stream_recv(stack, sock, fd, data, len, flags);
  }
  struct ph_addr ip;
  uint16_t port = 0;
  long n = datagram_recv(stack, sock, fd, data, len, flags, &ip, &port);
  if (n >= 0) {
    sock_addr_out(&ip, port, addr, addr_len);
  }
  return n;
}

long ph_recv(struct ph_stack *stack, int fd, void *data, size_t len,
             int flags) {
  return ph_recvfrom(stack, fd, data, len, flags, NULL, NULL);
}

/* A datagram's vector must be one datagram; without a buffer to gather in,
 * only a single element is. */
static int check_vector(const struct ph_sock *sock, const struct ph_iovec *iov,
                        int count) {
  size_t total = 0;
  if (count < 0 || count > IOV_MAX) {
    return -PH_EINVAL;
  }
  for (int i = 0; i < count; i++) {
    if (iov[i].iov_len > (size_t)INT32_MAX - total) {
      return -PH_EINVAL;
    }
    total += iov[i].iov_len;
  }
  return sock->udp && count > 1 ? -PH_EOPNOTSUPP : 0;
}

long ph_writev(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
               int count) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  int result = check_vector(sock, iov, count);
  if (result < 0) {
    return result;
  }
  long done = 0;
  for (int i = 0; i < count; i++) {
    long n = sock->tcp
                 ? stream_send(stack, sock, fd, iov[i].iov_base, iov[i].iov_len,
                               i + 1 < count ? PH_MSG_MORE : 0)
                 : datagram_send(stack, sock, fd, iov[i].iov_base,
                                 iov[i].iov_len, 0, NULL, 0);
    if (n < 0) {
      return done ? done : n;
    }
    done += n;
    if ((size_t)n < iov[i].iov_len) {
      break;
    }
  }
  return done;
}

long ph_readv(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
              int count) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  int result = check_vector(sock, iov, count);
  if (result < 0) {
    return result;
  }
  long done = 0;
  for (int i = 0; i < count; i++) {
    /* Only the first may wait: what is there is the result. */
    int flags = done > 0 ? PH_MSG_DONTWAIT : 0;
    struct ph_addr ip;
    uint16_t port;
    long n = sock->tcp ? stream_recv(stack, sock, fd, iov[i].iov_base,
                                     iov[i].iov_len, flags)
                       : datagram_recv(stack, sock, fd, iov[i].iov_base,
                                       iov[i].iov_len, flags, &ip, &port);
    if (n < 0) {
      return done ? done : n;
    }
    done += n;
    if ((size_t)n < iov[i].iov_len) {
      break;
    }
  }
  return done;
}
