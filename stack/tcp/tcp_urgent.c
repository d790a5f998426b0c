/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent data, RFC 9293 3.8.5 and RFC 6093: one octet in the stream to which
 * the sender points ahead. Sockets call it out-of-band.
 *
 *                 copied          rcv_up        rcv_nxt
 *   ... read ... |  bytes before  |U|  behind  |      pointer = rcv_up + 1
 *
 * The pointer is to the octet behind the urgent one (RFC 6093 5, as everybody
 * does), so one of 0 points at nothing. The octet stays in its place in the
 * queue. A read stops in front of it; the next one leaves it out and goes on,
 * or, with SO_OOBINLINE, has it first. It can be read by itself as soon as all
 * before it has arrived. A pointer further ahead moves the mark, and the octet
 * that was urgent becomes an ordinary one; it never moves back. */
#include "stack/tcp/tcp_options.h"

enum tcp_urgent {
  TCP_URGENT_NONE,
  TCP_URGENT_ANNOUNCED, /* rcv_up is valid and was not read by itself */
  TCP_URGENT_READ,      /* rcv_up is valid, the octet was read by itself */
};

/* ---- Sending ------------------------------------------------------------ */

void tcp_urgent_written(struct tcp_conn *conn) {
  conn->snd_up = conn->snd_una + conn->sndq_len;
  conn->snd_urg = true;
}

uint16_t tcp_urgent_pointer(const struct tcp_conn *conn, uint32_t seq,
                            uint8_t *flags) {
  int32_t ahead = seq_diff(conn->snd_up, seq);
  if (!conn->snd_urg || ahead <= 0 || (*flags & (TCP_SYN | TCP_RST))) {
    return 0;
  }
  if (ahead > (int32_t)UINT16_MAX) {
    /* As far as it goes, if no octet is there yet that it would name. */
    if (seq_leq(seq + UINT16_MAX, conn->snd_nxt)) {
      return 0;
    }
    ahead = UINT16_MAX;
  }
  *flags |= TCP_URG;
  return (uint16_t)ahead;
}

long tcp_send_urgent(struct ph_stack *stack, struct tcp_conn *conn,
                     const void *data, size_t len) {
  tcp_of(stack)->urgent_pointer = tcp_urgent_pointer;
  conn->urg_next = true;
  long n = tcp_send(stack, conn, data, len, false);
  conn->urg_next = false;
  /* The peer is told even if its window lets nothing through (3.8.5). */
  if (n > 0 && seq_lt(conn->snd_nxt, conn->snd_up)) {
    tcp_ack_at_once(stack, conn);
  }
  return n;
}

void tcp_urgent_acked(struct tcp_conn *conn) {
  if (seq_geq(conn->snd_una, conn->snd_up)) {
    conn->snd_urg = false;
  }
}

/* ---- Receiving: the sixth step of RFC 9293 3.10.7.4 --------------------- */

/* Behind the last octet in order. */
static PH_APART_IF_SMALL uint32_t data_end(const struct tcp_conn *conn) {
  return conn->rcv_nxt - conn->fin_received;
}

/* The next octet that the application has not read. */
static uint32_t copied(const struct tcp_conn *conn) {
  return data_end(conn) - conn->rcvq_len;
}

static bool arrived(const struct tcp_conn *conn) {
  return conn->rcv_urg == TCP_URGENT_ANNOUNCED &&
         seq_lt(conn->rcv_up, data_end(conn));
}

void tcp_process_urgent(struct ph_stack *stack, struct tcp_conn *conn,
                        const struct tcp_seg *seg) {
  uint32_t octet = seg->up - 1;
  if (!(seg->flags & TCP_URG) || conn->state < TCP_STATE_ESTABLISHED ||
      conn->state > TCP_STATE_FIN_WAIT_2 || tcp_is_orphan(conn) ||
      seq_lt(octet, conn->rcv_nxt) ||
      (conn->rcv_urg && seq_leq(octet, conn->rcv_up))) {
    return; /* has passed, or is known */
  }
  if (conn->rcv_urg && !conn->oob_inline && tcp_at_mark(conn) &&
      conn->rcvq_len > 0) {
    /* The application stands at the old mark: that octet is not for it. */
    (void)tcp_recvq_read(tcp_of(stack), conn, NULL, 1);
  }
  conn->rcv_up = octet;
  conn->rcv_urg = TCP_URGENT_ANNOUNCED;
}

void tcp_urgent_data_came(struct ph_stack *stack, struct tcp_conn *conn) {
  if (arrived(conn)) {
    tcp_wake(stack, conn, TCP_READY_PRI);
  }
}

/* ---- Reading ------------------------------------------------------------ */

uint32_t tcp_urgent_read_limit(struct ph_stack *stack, struct tcp_conn *conn,
                               uint32_t n) {
  uint32_t before = conn->rcv_up - copied(conn);
  if (before > 0) {
    return ph_min_u32(n, before);
  }
  if (!conn->oob_inline && conn->rcvq_len > 0) {
    (void)tcp_recvq_read(tcp_of(stack), conn, NULL, 1);
    conn->rcv_urg = TCP_URGENT_NONE;
  }
  return n;
}

void tcp_urgent_passed(struct tcp_conn *conn) {
  if (seq_gt(copied(conn), conn->rcv_up)) {
    conn->rcv_urg = TCP_URGENT_NONE;
  }
}

uint32_t tcp_urgent_peek_limit(const struct tcp_conn *conn, uint32_t *offset,
                               uint32_t n) {
  uint32_t before = conn->rcv_up - copied(conn);
  if (*offset < before) {
    return ph_min_u32(n, before - *offset);
  }
  *offset += !conn->oob_inline; /* the octet is left out */
  return n;
}

long tcp_recv_urgent(struct ph_stack *stack, struct tcp_conn *conn, void *data,
                     size_t len, bool peek) {
  if (conn->oob_inline || conn->rcv_urg != TCP_URGENT_ANNOUNCED) {
    return -PH_EINVAL;
  }
  if (!arrived(conn)) {
    return conn->state == TCP_STATE_CLOSED || conn->rcv_shutdown ||
                   conn->fin_received
               ? 0
               : -PH_EAGAIN;
  }
  if (len > 0 && data) {
    tcp_recvq_peek(tcp_of(stack), conn, data, 1, conn->rcv_up - copied(conn));
  }
  if (!peek) {
    conn->rcv_urg = TCP_URGENT_READ;
  }
  return len > 0;
}

bool tcp_mark_ahead(const struct tcp_conn *conn, size_t offset) {
  return conn->rcv_urg && conn->rcv_up - copied(conn) == offset;
}

bool tcp_at_mark(const struct tcp_conn *conn) {
  return tcp_mark_ahead(conn, 0);
}

uint32_t tcp_urgent_unread(const struct tcp_conn *conn) {
  if (!conn->rcv_urg || conn->oob_inline ||
      seq_geq(conn->rcv_up, data_end(conn))) {
    return conn->rcvq_len;
  }
  return conn->rcv_up - copied(conn);
}

uint32_t tcp_urgent_ready(const struct tcp_conn *conn) {
  uint32_t ready = arrived(conn) ? TCP_READY_PRI : 0;
  /* Alone at the front, it is nothing that a read would return. */
  bool alone = !conn->oob_inline && tcp_at_mark(conn);
  return conn->rcvq_len > alone ? ready | TCP_READY_IN : ready;
}

PH_APART_IF_SMALL void tcp_set_oob_inline(struct tcp_conn *conn, bool on) {
  conn->oob_inline = on;
}

bool tcp_get_oob_inline(const struct tcp_conn *conn) {
  return conn->oob_inline;
}
