/* SPDX-License-Identifier: Apache-2.0 */
/* How a datagram came, as control messages of recvmsg(), for who asked (RFC
 * 3542 6, ip(7), socket(7)). Layouts and order are Linux's. */
#include "stack/socket/socket_internal.h"

enum { HEADER_LEN = 16, ALIGN = 8 };

struct control {
  uint8_t *at;
  size_t room, used;
  int flags;
};

/* struct cmsghdr and the data; what does not fit is cut, as in Linux. */
static void put(struct control *c, int32_t level, int32_t type,
                const void *data, uint32_t len) {
  const struct {
    uint64_t cmsg_len;
    int32_t cmsg_level, cmsg_type;
  } header = {HEADER_LEN + len, level, type};
  size_t left = c->room - c->used;
  if (left < HEADER_LEN + len) {
    c->flags |= PH_MSG_CTRUNC;
  }
  if (left < HEADER_LEN) {
    return;
  }
  uint32_t fits = (uint32_t)(left - HEADER_LEN < len ? left - HEADER_LEN : len);
  uint32_t space = (HEADER_LEN + len + ALIGN - 1) / ALIGN * ALIGN;
  memcpy(c->at + c->used, &header, HEADER_LEN);
  if (fits < len) {
    const uint64_t cut = HEADER_LEN + fits;
    memcpy(c->at + c->used, &cut, sizeof(cut));
  }
  memcpy(c->at + c->used + HEADER_LEN, data, fits);
  c->used += space < left ? space : left;
}

static PH_APART_IF_SMALL void put_number(struct control *c, int32_t level,
                                         int32_t type, int32_t number) {
  put(c, level, type, &number, sizeof(number));
}

/* struct in_pktinfo: the interface, whom to answer from, whom it was sent to.
 */
static void put_info4(struct ph_stack *stack, struct control *c,
                      const struct udp_info *info) {
  struct {
    int32_t ipi_ifindex;
    uint8_t ipi_spec_dst[4], ipi_addr[4];
  } m = {.ipi_ifindex = (int32_t)info->ifindex};
  struct ph_addr local = info->to;
  struct netif *netif = netif_by_index(stack, info->ifindex);
  if (netif && !ip_is_local(stack, &info->to) &&
      ip_source_by(stack, netif, &info->to, &local) < 0) {
    local = ph_addr_v4(0);
  }
  memcpy(m.ipi_spec_dst, local.bytes + 12, 4);
  memcpy(m.ipi_addr, info->to.bytes + 12, 4);
  put(c, PH_IPPROTO_IP, PH_IP_PKTINFO, &m, sizeof(m));
}

/* struct in6_pktinfo. */
static void put_info6(struct control *c, const struct udp_info *info) {
  struct {
    uint8_t ipi6_addr[16];
    uint32_t ipi6_ifindex;
  } m = {.ipi6_ifindex = info->ifindex};
  struct ph_addr to = info->to;
  (void)ip_addr_take_zone(&to);
  memcpy(m.ipi6_addr, to.bytes, 16);
  put(c, PH_IPPROTO_IPV6, PH_IPV6_PKTINFO, &m, sizeof(m));
}

/* struct timeval, or timespec. */
static void put_time(struct control *c, uint32_t tell, uint64_t ns) {
  int64_t time[2] = {(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};
  if (tell & SOCK_TELL_TIME_NS) {
    put(c, PH_SOL_SOCKET, PH_SO_TIMESTAMPNS, time, sizeof(time));
  } else if (tell & SOCK_TELL_TIME) {
    time[1] /= 1000;
    put(c, PH_SOL_SOCKET, PH_SO_TIMESTAMP, time, sizeof(time));
  }
}

/* TCP_INQ: what is left to read of a stream. */
static void put_inq(struct control *c, const struct tcp_conn *conn) {
  int32_t inq = tcp_inq(conn);
  if (inq >= 0) {
    put_number(c, PH_IPPROTO_TCP, PH_TCP_INQ, inq);
  }
}

void sock_add_control(struct ph_msghdr *msg, size_t room,
                      const struct sock_message *m, int *msg_flags) {
  struct control c = {
      .at = msg->msg_control, .room = room, .used = msg->msg_controllen};
  put(&c, m->level, m->type, m->data, m->len);
  msg->msg_controllen = c.used;
  *msg_flags |= c.flags;
}

void sock_put_control(struct ph_stack *stack, const struct ph_sock *sock,
                      struct ph_msghdr *msg, int *msg_flags) {
  const struct udp_pcb *udp = sock->udp;
  struct control c = {.at = msg->msg_control,
                      .room = msg->msg_control ? msg->msg_controllen : 0};
  msg->msg_controllen = 0;
  if (sock->tcp) {
    put_inq(&c, sock->tcp);
    msg->msg_controllen = c.used;
    *msg_flags |= c.flags;
  }
  if (!udp || !udp->tell_info) {
    return;
  }
  const struct udp_info *info = &udp->info;
  bool v4 = ip_addr_is_mapped(&info->to);
  put_time(&c, sock->tell, info->time_ns);
  if (sock->tell & SOCK_TELL_INFO6) {
    put_info6(&c, info);
  }
  if (v4 && (sock->tell & SOCK_TELL_INFO4)) {
    put_info4(stack, &c, info);
  }
  if (v4 && (sock->tell & SOCK_TELL_TTL)) {
    put_number(&c, PH_IPPROTO_IP, PH_IP_TTL, info->ttl);
  }
  if (v4 && (sock->tell & SOCK_TELL_TOS)) {
    put(&c, PH_IPPROTO_IP, PH_IP_TOS, &info->tos, sizeof(info->tos));
  }
  if (!v4 && (sock->tell & SOCK_TELL_HOPS)) {
    put_number(&c, PH_IPPROTO_IPV6, PH_IPV6_HOPLIMIT, info->ttl);
  }
  if (!v4 && (sock->tell & SOCK_TELL_TCLASS)) {
    put_number(&c, PH_IPPROTO_IPV6, PH_IPV6_TCLASS, info->tos);
  }
  if (info->segment > 0) {
    put_number(&c, PH_IPPROTO_UDP, PH_UDP_GRO, info->segment);
  }
  msg->msg_controllen = c.used;
  *msg_flags |= c.flags;
}

/* Which option asks for which message; 0: none does. */
static uint32_t tell_of(int level, int option) {
  static const struct {
    uint8_t level, option, bit;
  } asks[] = {
      {PH_SOL_SOCKET, PH_SO_TIMESTAMP, SOCK_TELL_TIME},
      {PH_SOL_SOCKET, PH_SO_TIMESTAMPNS, SOCK_TELL_TIME_NS},
      {PH_IPPROTO_IP, PH_IP_PKTINFO, SOCK_TELL_INFO4},
      {PH_IPPROTO_IP, PH_IP_RECVTTL, SOCK_TELL_TTL},
      {PH_IPPROTO_IP, PH_IP_RECVTOS, SOCK_TELL_TOS},
      {PH_IPPROTO_IPV6, PH_IPV6_RECVPKTINFO, SOCK_TELL_INFO6},
      {PH_IPPROTO_IPV6, PH_IPV6_RECVHOPLIMIT, SOCK_TELL_HOPS},
      {PH_IPPROTO_IPV6, PH_IPV6_RECVTCLASS, SOCK_TELL_TCLASS},
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(asks); i++) {
    if (asks[i].level == level && asks[i].option == option) {
      return asks[i].bit;
    }
  }
  return 0;
}

int sock_set_tell(struct ph_sock *sock, int level, int option, int32_t on) {
  uint32_t bit = tell_of(level, option);
  if (bit == 0) {
    return -PH_ENOPROTOOPT;
  }
  if (level == PH_SOL_SOCKET) { /* one of the two; off: neither */
    sock->tell &= (uint8_t) ~(SOCK_TELL_TIME | SOCK_TELL_TIME_NS);
  }
  sock->tell = (uint8_t)(on ? sock->tell | bit : sock->tell & ~bit);
  if (sock->udp) {
    sock->udp->tell_info = sock->tell != 0 || sock->udp->gather;
  }
  return 0;
}

int sock_get_tell(const struct ph_sock *sock, int level, int option) {
  uint32_t bit = tell_of(level, option);
  return bit == 0 ? -PH_ENOPROTOOPT : (sock->tell & bit) != 0;
}
