/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about names: bind, listen, accept, connect, getsockname,
 * getpeername. */
#include "stack/socket/socket_internal.h"

enum { IN6_LEAST = 24 }; /* without a scope id, as in RFC 2133 */

int ph_bind(struct ph_stack *stack, int fd, const void *addr,
            ph_socklen_t len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  struct ph_addr ip;
  uint16_t port;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (sock->ipv6 && sock->udp && len < IN6_LEAST) {
    return -PH_EINVAL; /* a name of IPv4 is none for bind() */
  }
  int result = sock_addr_in(sock, addr, len, &ip, &port);
  if (result < 0) {
    return result;
  }
  if (sock->ipv6 && sock->only_v6 && ip_addr_is_mapped(&ip)) {
    return -PH_EINVAL;
  }
  if (sock->tcp) {
    return tcp_bind(stack, sock->tcp, &ip, port, false);
  }
  PH_ASSERT(sock->udp);
  sock->udp->reuse_address = sock->reuse_addr;
  return udp_bind(sock->udp, &ip, port);
}

int ph_listen(struct ph_stack *stack, int fd, int backlog) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (!sock->tcp) {
    return -PH_EOPNOTSUPP;
  }
  return tcp_listen(stack, sock->tcp,
                    backlog < 0 ? UINT32_MAX : (uint32_t)backlog);
}

int ph_accept4(struct ph_stack *stack, int fd, void *addr, ph_socklen_t *len,
               int flags) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (flags & ~(PH_SOCK_NONBLOCK | PH_SOCK_CLOEXEC)) {
    return -PH_EINVAL;
  }
  if (!sock->tcp) {
    return -PH_EOPNOTSUPP;
  }
  uint64_t deadline = sock_deadline(stack, sock->rcv_timeout_ms);
  for (;;) {
    if (tcp_get_state(sock->tcp) != TCP_STATE_LISTEN) {
      return -PH_EINVAL;
    }
    if (tcp_ready(sock->tcp) & TCP_READY_IN) {
      break;
    }
    int result = sock_wait(stack, sock, fd, PH_POLLIN, deadline, false);
    if (result < 0) {
      return result;
    }
  }
  struct ph_sock *child;
  int child_fd = sock_alloc(stack, &child);
  if (child_fd < 0) {
    return child_fd; /* the connection stays in the queue */
  }
  child->tcp = tcp_accept(stack, sock->tcp);
  child->inherited = sock->inherited;
  child->nonblock = flags & PH_SOCK_NONBLOCK;
  child->cloexec = flags & PH_SOCK_CLOEXEC;
  child->connected = true;
  child->linger_s = sock->linger_s;
  child->rcv_lowat = sock->rcv_lowat;
  tcp_set_owner(child->tcp, child);
  if (addr) {
    uint16_t port;
    struct ph_addr ip = tcp_get_remote(child->tcp, &port);
    sock_addr_out(child, &ip, port, addr, len);
  }
  return child_fd;
}

int ph_accept(struct ph_stack *stack, int fd, void *addr, ph_socklen_t *len) {
  return ph_accept4(stack, fd, addr, len, 0);
}

/* Wait for the result of a connection attempt. */
static int connect_result(struct ph_stack *stack, struct ph_sock *sock, int fd,
                          int not_yet) {
  uint64_t deadline = sock_deadline(stack, sock->snd_timeout_ms);
  for (;;) {
    enum tcp_state state = tcp_get_state(sock->tcp);
    if (state == TCP_STATE_CLOSED) {
      int error = tcp_take_error(sock->tcp);
      sock->connecting = false;
      sock->tcp = tcp_disconnect(stack, sock->tcp); /* as new, as in Linux */
      sock_set_any(sock);
      return error ? -error : -PH_ECONNABORTED;
    }
    if (state != TCP_STATE_SYN_SENT && state != TCP_STATE_SYN_RECEIVED) {
      sock->connecting = false;
      sock->connected = true;
      return 0;
    }
    int result = sock_wait(stack, sock, fd, PH_POLLOUT, deadline, false);
    if (result < 0) {
      return result == -PH_EAGAIN ? not_yet : result;
    }
  }
}

static int connect_tcp(struct ph_stack *stack, struct ph_sock *sock, int fd,
                       const struct ph_addr *ip, uint16_t port) {
  int result = tcp_connect(stack, sock->tcp, ip, port);
  if (result < 0) {
    return result;
  }
  sock->connecting = true;
  if (!sock_waits(stack, sock, false)) {
    return -PH_EINPROGRESS;
  }
  return connect_result(stack, sock, fd, -PH_EINPROGRESS);
}

/* connect(AF_UNSPEC): the socket is as new, but for its options and name. */
static int dissolve(struct ph_stack *stack, struct ph_sock *sock) {
  if (sock->udp) {
    udp_disconnect(sock->udp);
    return 0;
  }
  sock->tcp = tcp_disconnect(stack, sock->tcp);
  sock_set_any(sock);
  sock->connecting = sock->connected = false;
  sock_notify(stack, sock, sock_ready(sock, ~0u));
  return 0;
}

int ph_connect(struct ph_stack *stack, int fd, const void *addr,
               ph_socklen_t len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  struct ph_addr ip;
  uint16_t port;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (addr && len >= sizeof(uint16_t)) {
    uint16_t family;
    memcpy(&family, addr, sizeof(family));
    if (family == PH_AF_UNSPEC) {
      return dissolve(stack, sock);
    }
  }
  if (sock->tcp && sock->connecting) { /* before a look at the name */
    return connect_result(stack, sock, fd, -PH_EALREADY);
  }
  if (sock->tcp &&
      (sock->connected || tcp_get_state(sock->tcp) != TCP_STATE_CLOSED)) {
    return -PH_EISCONN;
  }
  int result = sock_addr_in(sock, addr, len, &ip, &port);
  if (result < 0) {
    return result;
  }
  if (sock->only_v6 && ip_addr_is_mapped(&ip)) {
    return -PH_ENETUNREACH;
  }
  sock_this_host(&ip);
  return sock->tcp ? connect_tcp(stack, sock, fd, &ip, port)
                   : udp_connect(sock->udp, &ip, port);
}

/* Our name, or the peer's of who has one. */
static int get_name(struct ph_stack *stack, int fd, bool peer, void *addr,
                    ph_socklen_t *len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  struct ph_socket_info info;
  int result = ph_socket_info(stack, fd, &info);
  enum tcp_state state =
      sock->tcp ? tcp_get_state(sock->tcp) : TCP_STATE_ESTABLISHED;
  if (result < 0) {
    return result;
  }
  if (peer && (info.remote_port == 0 || state < TCP_STATE_ESTABLISHED ||
               state == TCP_STATE_TIME_WAIT)) {
    return -PH_ENOTCONN;
  }
  sock_addr_out(sock, peer ? &info.remote : &info.local,
                peer ? info.remote_port : info.local_port, addr, len);
  return 0;
}

int ph_getsockname(struct ph_stack *stack, int fd, void *addr,
                   ph_socklen_t *len) {
  return get_name(stack, fd, false, addr, len);
}

int ph_getpeername(struct ph_stack *stack, int fd, void *addr,
                   ph_socklen_t *len) {
  return get_name(stack, fd, true, addr, len);
}
