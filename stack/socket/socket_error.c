/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_ERRQUEUE: what became of datagrams (ip(7), IP_RECVERR). Layouts and
 * results are Linux's. */
#include "stack/socket/socket_internal.h"

/* struct sock_extended_err, and who told it. */
struct extended_error {
  uint32_t ee_errno;
  uint8_t ee_origin, ee_type, ee_code, ee_pad;
  uint32_t ee_info, ee_data;
  struct ph_sockaddr_in6 offender; /* or _in */
};

static void put_error(const struct ph_sock *sock, const struct udp_error *from,
                      const struct sock_messages *to) {
  struct extended_error ee = {.ee_errno = from->error,
                              .ee_origin = from->origin,
                              .ee_type = from->type,
                              .ee_code = from->code,
                              .ee_info = from->info};
  ph_socklen_t len = sock->ipv6 ? sizeof(struct ph_sockaddr_in6)
                                : sizeof(struct ph_sockaddr_in);
  if (from->origin != UDP_ERROR_LOCAL) {
    sock_addr_out(sock, &from->from, 0, &ee.offender, &len);
  }
  sock_put_message(to, sock->ipv6 ? PH_IPPROTO_IPV6 : PH_IPPROTO_IP,
                   sock->ipv6 ? PH_IPV6_RECVERR : PH_IP_RECVERR, &ee,
                   (uint32_t)offsetof(struct extended_error, offender) + len);
}

static long recv_error(struct ph_stack *stack, struct ph_sock *sock,
                       struct ph_msghdr *msg) {
  struct udp_error error;
  struct udp_pcb *udp = sock->udp;
  size_t total = 0;
  for (size_t i = 0; i < msg->msg_iovlen; i++) {
    total += msg->msg_iov[i].iov_len;
  }
  long n = udp_take_queued_error(udp, msg->msg_iov, (uint32_t)msg->msg_iovlen,
                                 &error);
  if (n < 0) {
    return n;
  }
  const struct sock_messages to = {msg,
                                   msg->msg_control ? msg->msg_controllen : 0};
  msg->msg_flags = PH_MSG_ERRQUEUE | ((size_t)n > total ? PH_MSG_TRUNC : 0);
  msg->msg_controllen = 0;
  sock_addr_out(sock, &error.to, error.port, msg->msg_name, &msg->msg_namelen);
  if (error.origin != UDP_ERROR_LOCAL) { /* how the ICMP message came */
    udp->info = (struct udp_info){.to = error.at,
                                  .ttl = error.ttl,
                                  .tos = error.tos,
                                  .time_ns = stack->now_ns};
    msg->msg_controllen = to.room;
    sock_put_control(stack, sock, msg);
  }
  put_error(sock, &error, &to);
  return (size_t)n > total ? (long)total : n;
}

int sock_set_errors(struct ph_stack *stack, struct ph_sock *sock, bool v4,
                    bool on) {
  if (!sock->udp) {
    return -PH_ENOPROTOOPT;
  }
  sock_table_of(stack)->recv_error = recv_error;
  udp_set_errors(sock->udp, v4, on);
  return 0;
}
