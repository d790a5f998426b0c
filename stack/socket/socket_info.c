/* SPDX-License-Identifier: Apache-2.0 */
/* What netstat shows. */
#include "stack/socket/socket_internal.h"

_Static_assert((int)PH_LIMIT_WIRE == (int)TCP_LIMIT_WIRE &&
                   (int)PH_LIMIT_COUNT == (int)TCP_LIMIT_COUNT,
               "one list of limits");

static void describe_tcp(struct ph_stack *stack, struct tcp_conn *conn,
                         struct ph_socket_info *info) {
  struct tcp_info tcp;
  tcp_get_info(stack, conn, &tcp);
  *info = (struct ph_socket_info){
      .type = PH_SOCK_STREAM,
      .state = tcp_state_name(tcp.state),
      .local = tcp.local,
      .remote = tcp.remote,
      .local_port = tcp.local_port,
      .remote_port = tcp.remote_port,
      .recv_queue = tcp.recv_queue,
      .send_queue = tcp.send_queue,
      .cwnd = tcp.cwnd,
      .ssthresh = tcp.ssthresh,
      .snd_wnd = tcp.snd_wnd,
      .rcv_wnd = tcp.rcv_wnd,
      .mss = tcp.snd_mss,
      .srtt_ns = tcp.srtt_ns,
      .rto_ns = tcp.rto_ns,
      .retransmissions = tcp.retransmissions,
      .bytes_sent = tcp.bytes_acked,
      .bytes_received = tcp.bytes_received,
  };
  memcpy(info->limit_ns, tcp.limit_ns, sizeof(info->limit_ns));
}

int ph_socket_info(struct ph_stack *stack, int fd,
                   struct ph_socket_info *info) {
  const struct ph_sock *sock = sock_get(stack, fd);
  if (!sock) {
    return -PH_EBADF;
  }
  if (sock->is_epoll) {
    return -PH_ENOTSOCK;
  }
  if (sock->tcp) {
    describe_tcp(stack, sock->tcp, info);
    return 0;
  }
  *info = (struct ph_socket_info){
      .type = PH_SOCK_DGRAM,
      .state = "",
      .local = sock->udp->local,
      .remote = sock->udp->remote,
      .local_port = sock->udp->local_port,
      .remote_port = sock->udp->remote_port,
      .recv_queue = sock->udp->queued,
  };
  return 0;
}

int ph_socket_next(struct ph_stack *stack, int fd) {
  uint32_t limit = sock_table_of(stack)->count;
  for (; fd >= 0 && (uint32_t)fd < limit; fd++) {
    if (sock_get(stack, fd)) {
      return fd;
    }
  }
  return -PH_EBADF;
}

int ph_orphan_info(struct ph_stack *stack, uint32_t index,
                   struct ph_socket_info *info) {
  struct tcp_conn *conn = tcp_orphan(stack, index);
  if (!conn) {
    return -PH_ENOENT;
  }
  describe_tcp(stack, conn, info);
  return 0;
}
