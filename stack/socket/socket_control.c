/* SPDX-License-Identifier: Apache-2.0 */
/* How a datagram came, as control messages of recvmsg(), for who asked (RFC
 * 3542 6, ip(7), socket(7)). Layouts and order are Linux's. */
#include "stack/socket/socket_internal.h"

enum { HEADER_LEN = 16, ALIGN = 8 };

/* struct cmsghdr and the data; what does not fit is cut, as in Linux. */
void sock_put_message(const struct sock_messages *to, int32_t level,
                      int32_t type, const void *data, uint32_t len) {
  const struct {
    uint64_t cmsg_len;
    int32_t cmsg_level, cmsg_type;
  } header = {HEADER_LEN + len, level, type};
  struct ph_msghdr *msg = to->msg;
  size_t left = to->room - msg->msg_controllen;
  if (left < HEADER_LEN + len) {
    msg->msg_flags |= PH_MSG_CTRUNC;
  }
  if (left < HEADER_LEN) {
    return;
  }
  uint32_t fits = (uint32_t)(left - HEADER_LEN < len ? left - HEADER_LEN : len);
  uint32_t space = (HEADER_LEN + len + ALIGN - 1) / ALIGN * ALIGN;
  uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;
  memcpy(at, &header, HEADER_LEN);
  if (fits < len) {
    const uint64_t cut = HEADER_LEN + fits;
    memcpy(at, &cut, sizeof(cut));
  }
  memcpy(at + HEADER_LEN, data, fits);
  msg->msg_controllen += space < left ? space : left;
}

static PH_APART_IF_SMALL void put_number(const struct sock_messages *to,
                                         int32_t level, int32_t type,
                                         int32_t number) {
  sock_put_message(to, level, type, &number, sizeof(number));
}

/* struct in_pktinfo: the interface, whom to answer from, whom it was sent to.
 */
static void put_info4(struct ph_stack *stack, const struct sock_messages *to,
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
  sock_put_message(to, PH_IPPROTO_IP, PH_IP_PKTINFO, &m, sizeof(m));
}

/* struct in6_pktinfo. */
static void put_info6(const struct sock_messages *to,
                      const struct udp_info *info) {
  struct {
    uint8_t ipi6_addr[16];
    uint32_t ipi6_ifindex;
  } m = {.ipi6_ifindex = info->ifindex};
  struct ph_addr addr = info->to;
  (void)ip_addr_take_zone(&addr);
  memcpy(m.ipi6_addr, addr.bytes, 16);
  sock_put_message(to, PH_IPPROTO_IPV6, PH_IPV6_PKTINFO, &m, sizeof(m));
}

/* struct timeval, or timespec. */
static void put_time(const struct sock_messages *to, uint32_t tell,
                     uint64_t ns) {
  int64_t time[2] = {(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};
  if (tell & SOCK_TELL_TIME_NS) {
    sock_put_message(to, PH_SOL_SOCKET, PH_SO_TIMESTAMPNS, time, sizeof(time));
  } else if (tell & SOCK_TELL_TIME) {
    time[1] /= 1000;
    sock_put_message(to, PH_SOL_SOCKET, PH_SO_TIMESTAMP, time, sizeof(time));
  }
}

/* TCP_INQ: what is left to read of a stream. */
static void put_inq(const struct sock_messages *to,
                    const struct tcp_conn *conn) {
  int32_t inq = tcp_inq(conn);
  if (inq >= 0) {
    put_number(to, PH_IPPROTO_TCP, PH_TCP_INQ, inq);
  }
}

/* What of IPv4 or of IPv6 is only an octet of the header. */
static void put_octets(const struct sock_messages *to, uint32_t tell, bool v4,
                       const struct udp_info *info) {
  if (tell & (v4 ? SOCK_TELL_TTL : SOCK_TELL_HOPS)) {
    put_number(to, v4 ? PH_IPPROTO_IP : PH_IPPROTO_IPV6,
               v4 ? PH_IP_TTL : PH_IPV6_HOPLIMIT, info->ttl);
  }
  if (tell & (v4 ? SOCK_TELL_TOS : SOCK_TELL_TCLASS)) {
    const int32_t number = info->tos;
    sock_put_message(to, v4 ? PH_IPPROTO_IP : PH_IPPROTO_IPV6,
                     v4 ? PH_IP_TOS : PH_IPV6_TCLASS,
                     v4 ? (const void *)&info->tos : &number,
                     v4 ? sizeof(info->tos) : sizeof(number));
  }
}

void sock_put_control(struct ph_stack *stack, const struct ph_sock *sock,
                      struct ph_msghdr *msg) {
  const struct udp_pcb *udp = sock->udp;
  const struct sock_messages to = {msg,
                                   msg->msg_control ? msg->msg_controllen : 0};
  msg->msg_controllen = 0;
  if (sock->tcp) {
    put_inq(&to, sock->tcp);
  }
  if (!udp || !udp->tell_info) {
    return;
  }
  const struct udp_info *info = &udp->info;
  bool v4 = ip_addr_is_mapped(&info->to);
  put_time(&to, sock->tell, info->time_ns);
  if (sock->tell & SOCK_TELL_INFO6) {
    put_info6(&to, info);
  }
  if (v4 && (sock->tell & SOCK_TELL_INFO4)) {
    put_info4(stack, &to, info);
  }
  put_octets(&to, sock->tell, v4, info);
  if (info->segment > 0) {
    put_number(&to, PH_IPPROTO_UDP, PH_UDP_GRO, info->segment);
  }
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
