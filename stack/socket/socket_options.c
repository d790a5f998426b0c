/* SPDX-License-Identifier: Apache-2.0 */
/* setsockopt, getsockopt, fcntl, ioctl. Types and values are Linux's. */
#include "stack/base/text.h"
#include "stack/socket/socket_internal.h"

enum {
  BUFFER_SET_MAX = 8 << 20, /* what a user may ask for, before doubling, if
                               TCP's buffers don't tune themselves further */
  SNDBUF_MIN = 4608,
  RCVBUF_MIN = 2304,
};

struct linger_value {
  int32_t onoff, seconds;
};

_Static_assert(sizeof(struct ph_timeval) == 16, "Linux's layout");

int sock_take_number(int level, const void *value, ph_socklen_t len,
                     int32_t *number) {
  bool octet = level == PH_IPPROTO_IP && len < sizeof(*number);
  *number = 0;
  if (!value && !(octet && len == 0)) {
    return -PH_EFAULT;
  }
  if (len < sizeof(*number) && !octet) {
    return -PH_EINVAL;
  }
  if (octet) { /* as Linux takes it there; none is 0 */
    *number = len > 0 ? *(const uint8_t *)value : 0;
  } else {
    memcpy(number, value, sizeof(*number));
  }
  return 0;
}

int sock_put_bytes(void *value, ph_socklen_t *len, const void *from,
                   uint32_t size) {
  if (!value || !len) {
    return -PH_EFAULT;
  }
  *len = ph_min_u32(*len, size);
  memcpy(value, from, *len);
  return 0;
}

static int put_number(int level, void *value, ph_socklen_t *len,
                      int32_t number) {
  uint8_t octet = (uint8_t)number;
  if (level == PH_IPPROTO_IP && len && *len > 0 && *len < sizeof(number) &&
      octet == number) { /* as in Linux */
    *len = sizeof(octet);
    return sock_put_bytes(value, len, &octet, sizeof(octet));
  }
  return sock_put_bytes(value, len, &number, sizeof(number));
}

/* ---- SOL_SOCKET --------------------------------------------------------- */

/* As in Linux: clamped, doubled, and at least the minimum. */
static PH_APART_IF_SMALL uint32_t buffer_size(const struct ph_stack *stack,
                                              int32_t asked, uint32_t least) {
  uint32_t most = ph_max_u32(BUFFER_SET_MAX, tcp_max_buffer(stack) / 2);
  uint32_t bytes = asked < 0 ? most : (uint32_t)asked;
  return ph_max_u32(2 * ph_min_u32(bytes, most), least);
}

/* Parts of a millisecond count as a whole one. */
static int set_timeout(uint32_t *timeout_ms, const void *value,
                       ph_socklen_t len) {
  struct ph_timeval tv;
  if (!value || len < sizeof(tv)) {
    return value ? -PH_EINVAL : -PH_EFAULT;
  }
  memcpy(&tv, value, sizeof(tv));
  if (tv.tv_usec < 0 || tv.tv_usec >= 1000000) {
    return -PH_EDOM;
  }
  if (tv.tv_sec < 0) { /* as in Linux: no wait at all */
    *timeout_ms = SOCK_NO_WAIT;
    return 0;
  }
  bool years = tv.tv_sec > 4000000; /* 46 days: for ever */
  *timeout_ms = years ? SOCK_FOR_EVER
                      : (uint32_t)tv.tv_sec * 1000u +
                            ((uint32_t)tv.tv_usec + 999u) / 1000u;
  return 0;
}

static int set_linger(struct ph_stack *stack, struct ph_sock *sock,
                      const void *value, ph_socklen_t len) {
  struct linger_value linger;
  if (!value || len < sizeof(linger)) {
    return value ? -PH_EINVAL : -PH_EFAULT;
  }
  memcpy(&linger, value, sizeof(linger));
  sock_table_of(stack)->linger = sock_linger;
  sock->linger = linger.onoff != 0;
  if (sock->linger) { /* as in Linux, switched off it keeps its time */
    sock->linger_s =
        ph_min_u32((uint32_t)linger.seconds, SOCK_LINGER_MAX) & SOCK_LINGER_MAX;
  }
  return 0;
}

static void set_rcvbuf(const struct ph_stack *stack, struct ph_sock *sock,
                       int32_t asked) {
  uint32_t bytes = buffer_size(stack, asked, RCVBUF_MIN);
  if (sock->tcp) {
    tcp_set_rcvbuf(sock->tcp, bytes);
  } else {
    sock->udp->rcvbuf = bytes;
  }
}

static void set_sndbuf(const struct ph_stack *stack, struct ph_sock *sock,
                       int32_t asked) {
  uint32_t bytes = buffer_size(stack, asked, SNDBUF_MIN);
  if (sock->tcp) {
    tcp_set_sndbuf(sock->tcp, bytes);
  } else {
    sock->sndbuf = bytes;
  }
}

/* As in Linux: at most what the buffer can hold, which grows for it unless the
 * user has set it. */
static int set_rcvlowat(struct ph_stack *stack, struct ph_sock *sock,
                        int32_t asked) {
  if (!sock->tcp) {
    return -PH_ENOPROTOOPT;
  }
  uint32_t bytes = asked < 0 ? INT32_MAX : (uint32_t)asked;
  bytes = tcp_want_unread(stack, sock->tcp, bytes);
  sock->low_water = bytes > 1;
  sock->rcv_lowat = ph_max_u32(bytes, 1);
  sock_notify(stack, sock, sock_ready(sock, ~0u)); /* it may be enough now */
  return 0;
}

static void set_reuse(struct ph_stack *stack, struct ph_sock *sock) {
  if (sock->tcp) {
    tcp_set_reuse(stack, sock->tcp, sock->reuse_addr, sock->reuse_port);
  } else {
    udp_share_ports(stack);
    udp_set_reuseport(sock->udp, sock->reuse_port);
  }
}

enum { NAME_MAX = 16 }; /* IFNAMSIZ */

/* By name; an empty one: any. */
static int set_device(struct ph_stack *stack, struct ph_sock *sock,
                      const char *name, ph_socklen_t len) {
  const struct netif *netif = NULL;
  char text[NAME_MAX];
  uint32_t n = 0;
  if (!sock->udp) {
    return -PH_ENOPROTOOPT;
  }
  if (!name && len > 0) {
    return -PH_EFAULT;
  }
  for (; n < len && n < NAME_MAX - 1 && name[n]; n++) {
    text[n] = name[n];
  }
  text[n] = '\0';
  if (n > 0) {
    netif = netif_first(stack);
    while (netif && !ph_text_equal(netif->name, text)) {
      netif = netif->next;
    }
    if (!netif) {
      return -PH_ENODEV;
    }
  }
  udp_use_interfaces(stack);
  sock->udp->tx.device = netif ? netif->index : 0;
  return 0;
}

static int get_device(struct ph_stack *stack, const struct ph_sock *sock,
                      void *value, ph_socklen_t *len) {
  const struct netif *netif =
      sock->udp ? netif_by_index(stack, sock->udp->tx.device) : NULL;
  uint32_t n = netif ? ph_text_len(netif->name) : 0;
  if (len && *len < NAME_MAX && n > 0) {
    return -PH_EINVAL;
  }
  return sock_put_bytes(value, len, n ? netif->name : "", n ? n + 1 : 0);
}

/* Those that are no number; SOCK_NUMBER: any other. */
static int set_socket_struct(struct ph_stack *stack, struct ph_sock *sock,
                             int option, const void *value, ph_socklen_t len) {
  switch (option) {
    case PH_SO_RCVTIMEO:
      return set_timeout(&sock->rcv_timeout_ms, value, len);
    case PH_SO_SNDTIMEO:
      return set_timeout(&sock->snd_timeout_ms, value, len);
    case PH_SO_LINGER:
      return set_linger(stack, sock, value, len);
    case PH_SO_BINDTODEVICE:
      return set_device(stack, sock, value, len);
    default:
      return SOCK_NUMBER;
  }
}

static int set_buffer(struct ph_stack *stack, struct ph_sock *sock, int option,
                      int32_t number) {
  switch (option) {
    case PH_SO_SNDBUF:
      set_sndbuf(stack, sock, number);
      sock_notify(stack, sock,
                  sock_ready(sock, ~0u)); /* there may be room now */
      return 0;
    case PH_SO_RCVBUF:
      set_rcvbuf(stack, sock, number);
      return 0;
    case PH_SO_RCVLOWAT:
      return set_rcvlowat(stack, sock, number);
    default:
      return sock_set_tell(sock, PH_SOL_SOCKET, option, number);
  }
}

static int set_socket_number(struct ph_stack *stack, struct ph_sock *sock,
                             int option, int32_t number) {
  bool on = number != 0;
  if (option == PH_SO_KEEPALIVE || option == PH_SO_OOBINLINE) {
    if (sock->tcp && option == PH_SO_KEEPALIVE) {
      tcp_set_keepalive(stack, sock->tcp, on);
    } else if (sock->tcp) {
      tcp_set_oob_inline(sock->tcp, on);
    }
    return 0;
  }
  switch (option) {
    case PH_SO_BROADCAST:
      sock->broadcast = on;
      if (sock->udp) {
        sock->udp->broadcast = on;
      }
      return 0;
    case PH_SO_REUSEADDR:
      sock->reuse_addr = on;
      set_reuse(stack, sock);
      return 0;
    case PH_SO_REUSEPORT:
      sock->reuse_port = on;
      set_reuse(stack, sock);
      return 0;
    default:
      return set_buffer(stack, sock, option, number);
  }
}

static int get_timeout(uint32_t timeout_ms, void *value, ph_socklen_t *len) {
  uint32_t ms = timeout_ms == SOCK_NO_WAIT ? 0 : timeout_ms;
  struct ph_timeval tv = {ms / 1000, ms % 1000 * 1000};
  return sock_put_bytes(value, len, &tv, sizeof(tv));
}

static int get_socket_struct(struct ph_stack *stack, const struct ph_sock *sock,
                             int option, void *value, ph_socklen_t *len) {
  struct linger_value linger = {sock->linger, (int32_t)sock->linger_s};
  switch (option) {
    case PH_SO_BINDTODEVICE:
      return get_device(stack, sock, value, len);
    case PH_SO_LINGER:
      return sock_put_bytes(value, len, &linger, sizeof(linger));
    case PH_SO_RCVTIMEO:
      return get_timeout(sock->rcv_timeout_ms, value, len);
    case PH_SO_SNDTIMEO:
      return get_timeout(sock->snd_timeout_ms, value, len);
    default:
      return -PH_ENOPROTOOPT;
  }
}

/* What only streams or only datagram sockets have, or each in its way; -1:
 * none of these. */
static int32_t get_stream_number(const struct ph_stack *stack,
                                 struct tcp_conn *tcp, int option) {
  switch (option) {
    case PH_SO_KEEPALIVE:
      return tcp_get_keepalive(tcp);
    case PH_SO_OOBINLINE:
      return tcp_get_oob_inline(tcp);
    case PH_SO_PROTOCOL:
      return PH_IPPROTO_TCP;
    case PH_SO_TYPE:
      return PH_SOCK_STREAM;
    case PH_SO_ERROR:
      return tcp_take_any_error(tcp);
    case PH_SO_SNDBUF:
      return (int32_t)tcp_get_sndbuf(tcp);
    case PH_SO_RCVBUF:
      return (int32_t)tcp_tell_rcvbuf(stack, tcp);
    case PH_SO_ACCEPTCONN:
      return tcp_get_state(tcp) == TCP_STATE_LISTEN;
    default:
      return -1;
  }
}

static PH_APART_IF_SMALL int32_t get_datagram_number(const struct ph_sock *sock,
                                                     int option) {
  struct udp_pcb *udp = sock->udp;
  switch (option) {
    case PH_SO_KEEPALIVE:
    case PH_SO_OOBINLINE:
    case PH_SO_ACCEPTCONN:
      return 0;
    case PH_SO_PROTOCOL:
      return udp->protocol > 0 ? udp->protocol : PH_IPPROTO_UDP;
    case PH_SO_TYPE:
      return udp->raw ? PH_SOCK_RAW : PH_SOCK_DGRAM;
    case PH_SO_ERROR:
      return udp_take_error(udp);
    case PH_SO_SNDBUF:
      return (int32_t)sock->sndbuf;
    case PH_SO_RCVBUF:
      return (int32_t)udp->rcvbuf;
    default:
      return -1;
  }
}

static PH_APART_IF_SMALL int32_t get_socket_number(const struct ph_stack *stack,
                                                   const struct ph_sock *sock,
                                                   int option) {
  switch (option) {
    case PH_SO_BROADCAST:
      return sock->broadcast;
    case PH_SO_REUSEADDR:
      return sock->reuse_addr;
    case PH_SO_REUSEPORT:
      return sock->reuse_port;
    case PH_SO_DOMAIN:
      return sock->ipv6 ? PH_AF_INET6 : PH_AF_INET;
    case PH_SO_RCVLOWAT:
      return sock->low_water ? (int32_t)sock->rcv_lowat : 1;
    case PH_SO_SNDLOWAT:
      return 1;
    default:
      break;
  }
  int32_t number = sock->tcp ? get_stream_number(stack, sock->tcp, option)
                             : get_datagram_number(sock, option);
  return number >= 0 ? number : sock_get_tell(sock, PH_SOL_SOCKET, option);
}

/* ---- IPPROTO_TCP -------------------------------------------------------- */

static int set_arq(struct ph_stack *stack, struct ph_sock *sock,
                   const void *value, ph_socklen_t len) {
  struct ph_tcp_arq arq = {0, 0, 0};
  int result = sock_take_number(PH_IPPROTO_TCP, value, len, &arq.mode);
  if (result < 0) {
    return result;
  }
  memcpy(&arq, value, ph_min_u32(len, sizeof(arq)));
  const struct tcp_arq to = {arq.mode, arq.window, arq.timeout_percent};
  return tcp_set_arq(stack, sock->tcp, &to);
}

static int get_arq(const struct ph_sock *sock, void *value, ph_socklen_t *len) {
  struct tcp_arq from = tcp_get_arq(sock->tcp);
  const struct ph_tcp_arq arq = {from.mode, from.window, from.timeout_percent};
  return sock_put_bytes(value, len, &arq, sizeof(arq));
}

static int set_tcp_struct(struct ph_stack *stack, struct ph_sock *sock,
                          int option, const void *value, ph_socklen_t len) {
  if (option == PH_TCP_CONGESTION) {
    if (len < 1) {
      return -PH_EINVAL;
    }
    return value ? tcp_set_congestion(stack, sock->tcp, value, len)
                 : -PH_EFAULT;
  }
  return option == PH_TCP_ARQ ? set_arq(stack, sock, value, len) : SOCK_NUMBER;
}

static int get_tcp_info(struct ph_stack *stack, const struct ph_sock *sock,
                        void *value, ph_socklen_t *len) {
  struct ph_tcp_info info;
  sock_tcp_info(stack, sock->tcp, &info);
  return sock_put_bytes(value, len, &info, sizeof(info));
}

static int get_tcp_struct(struct ph_stack *stack, const struct ph_sock *sock,
                          int option, void *value, ph_socklen_t *len) {
  char name[16] = {0}; /* TCP_CA_NAME_MAX */
  const char *congestion = tcp_get_congestion(stack, sock->tcp);
  switch (option) {
    case PH_TCP_ARQ:
      return get_arq(sock, value, len);
    case PH_TCP_INFO:
      return get_tcp_info(stack, sock, value, len);
    case PH_TCP_CONGESTION:
      memcpy(name, congestion, ph_text_len(congestion));
      return sock_put_bytes(value, len, name, sizeof(name));
    default:
      return -PH_ENOPROTOOPT;
  }
}

/* ---- The calls ---------------------------------------------------------- */

/* The levels of which sockets like it have numbers. */
static bool has_level(const struct ph_sock *sock, int level) {
  return level == PH_IPPROTO_IP || (level == PH_IPPROTO_IPV6 && sock->ipv6) ||
         (level == PH_IPPROTO_UDP && sock_is_udp(sock));
}

static int set_number(struct ph_stack *stack, struct ph_sock *sock, int level,
                      int option, const void *value, ph_socklen_t len) {
  int32_t number;
  int error = sock_take_number(level, value, len, &number);
  if (error) {
    return error;
  }
  switch (level) {
    case PH_SOL_SOCKET:
      return set_socket_number(stack, sock, option, number);
    case PH_IPPROTO_TCP:
      return tcp_set(stack, sock->tcp, option, number);
    case PH_IPPROTO_UDP:
      return sock_set_udp(stack, sock, option, number);
    default:
      return sock_set_ip(stack, sock, level, option, number);
  }
}

int ph_setsockopt(struct ph_stack *stack, int fd, int level, int option,
                  const void *value, ph_socklen_t len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  int result = SOCK_NUMBER;
  const struct sock_multicast *multicast = sock_table_of(stack)->multicast;
  if (level == PH_SOL_SOCKET) {
    result = set_socket_struct(stack, sock, option, value, len);
  } else if (level == PH_IPPROTO_TCP && sock->tcp) {
    result = set_tcp_struct(stack, sock, option, value, len);
  } else if (multicast && sock->udp) {
    result = multicast->set(stack, sock, level, option, value, len);
  }
  if (result != SOCK_NUMBER) {
    return result;
  }
  if (level == PH_SOL_SOCKET || (level == PH_IPPROTO_TCP && sock->tcp) ||
      has_level(sock, level)) {
    return set_number(stack, sock, level, option, value, len);
  }
  return sock->udp ? sock_set_filter(sock, level, option, value, len)
                   : -PH_ENOPROTOOPT;
}

static int get_number(struct ph_stack *stack, struct ph_sock *sock, int level,
                      int option, int32_t *number) {
  int error;
  switch (level) {
    case PH_SOL_SOCKET:
      *number = get_socket_number(stack, sock, option);
      return *number < 0 ? *number : SOCK_NUMBER;
    case PH_IPPROTO_TCP:
      error = tcp_get(sock->tcp, option, number);
      return error ? error : SOCK_NUMBER;
    case PH_IPPROTO_UDP:
      return sock_get_udp(sock, option, number);
    default:
      return sock_get_ip(sock, level, option, number);
  }
}

int ph_getsockopt(struct ph_stack *stack, int fd, int level, int option,
                  void *value, ph_socklen_t *len) {
  struct ph_sock *sock = sock_enter(stack, fd);
  if (!sock) {
    return sock_missing(stack, fd);
  }
  int32_t number = 0;
  int result = -PH_ENOPROTOOPT;
  const struct sock_multicast *multicast = sock_table_of(stack)->multicast;
  if (level == PH_SOL_SOCKET) {
    result = get_socket_struct(stack, sock, option, value, len);
  } else if (level == PH_IPPROTO_TCP) {
    if (!sock->tcp) {
      return -PH_EOPNOTSUPP;
    }
    result = get_tcp_struct(stack, sock, option, value, len);
  } else if (multicast && sock->udp) {
    result = multicast->get(stack, sock, level, option, value, len, &number);
  }
  if (result == -PH_ENOPROTOOPT) {
    if (level == PH_SOL_SOCKET || level == PH_IPPROTO_TCP ||
        has_level(sock, level)) {
      result = get_number(stack, sock, level, option, &number);
    } else if (sock->udp) {
      result = sock_get_filter(sock, level, option, value, len);
    }
  }
  return result == SOCK_NUMBER ? put_number(level, value, len, number) : result;
}

int ph_fcntl(struct ph_stack *stack, int fd, int command, int argument) {
  enum { O_RDWR_LINUX = 2 };
  stack->stats.SocketCalls++;
  struct ph_sock *sock = sock_get(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  switch (command) {
    case PH_F_GETFD:
      return sock->cloexec ? PH_FD_CLOEXEC : 0;
    case PH_F_SETFD:
      sock->cloexec = argument & PH_FD_CLOEXEC;
      return 0;
    case PH_F_GETFL:
      return O_RDWR_LINUX | (sock->nonblock ? PH_O_NONBLOCK : 0);
    case PH_F_SETFL:
      sock->nonblock = argument & PH_O_NONBLOCK;
      return 0;
    default:
      return -PH_EINVAL;
  }
}

int ph_ioctl(struct ph_stack *stack, int fd, unsigned long request,
             void *argument) {
  struct ph_sock *sock = sock_enter(stack, fd);
  int32_t number = 0;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (!argument) {
    return -PH_EFAULT;
  }
  struct tcp_info info = {.recv_queue = 0};
  if (sock->tcp) {
    tcp_get_info(stack, sock->tcp, &info);
  }
  bool listening = info.state == TCP_STATE_LISTEN;
  switch (request) {
    case PH_FIONBIO:
      memcpy(&number, argument, sizeof(number));
      sock->nonblock = number != 0;
      return 0;
    case PH_FIONREAD:
      number = (int32_t)(sock->tcp ? tcp_unread(sock->tcp)
                                   : udp_next_len(sock->udp));
      break;
    case PH_SIOCATMARK:
      if (!sock->tcp) {
        return -PH_ENOTTY;
      }
      number = tcp_at_mark(sock->tcp);
      listening = false; /* as in Linux */
      break;
    case PH_SIOCOUTQ:
      number = (int32_t)info.send_queue;
      break;
    case PH_SIOCOUTQNSD:
      number = (int32_t)info.unsent;
      break;
    default:
      return -PH_ENOTTY;
  }
  if (listening) {
    return -PH_EINVAL;
  }
  memcpy(argument, &number, sizeof(number));
  return 0;
}
