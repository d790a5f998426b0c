/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of RFC 9293 3.10.1 to 3.10.6: OPEN, SEND, RECEIVE, CLOSE, ABORT,
 * STATUS. */
#include "stack/tcp/tcp.h"

#include "stack/base/text.h"
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_recvq.h"
#include "stack/tcp/tcp_sendq.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_table.h"
#include "stack/tcp/tcp_window.h"
#include "stack/wire/ip_wire.h"

const char *tcp_state_name(enum tcp_state state) {
  static const char names[] =
      "CLOSED\0LISTEN\0SYN-SENT\0SYN-RECEIVED\0ESTABLISHED\0FIN-WAIT-1\0"
      "FIN-WAIT-2\0CLOSE-WAIT\0CLOSING\0LAST-ACK\0TIME-WAIT";
  return ph_text_nth(names, state);
}

enum tcp_state tcp_get_state(const struct tcp_conn *conn) {
  return (enum tcp_state)conn->state;
}

/* ---- OPEN --------------------------------------------------------------- */

uint16_t tcp_link_mss(struct ph_stack *stack, struct tcp_conn *conn) {
  return tcp_local_mss(conn, tcp_path(stack, conn)->link_mtu);
}

void tcp_start(struct ph_stack *stack, struct tcp_conn *conn,
               struct ip_path *path, uint32_t iss) {
  conn->snd_una = iss ? iss : tcp_of(stack)->isn(stack, conn);
  conn->challenge_ms = stack->now_ms - (uint32_t)(TCP_CHALLENGE_NS / TCP_MS);
  conn->snd_nxt = conn->snd_sml = conn->snd_push = conn->snd_una + 1;
  conn->rcv_mss = TCP_MSS_DEFAULT; /* until longer ones come */
  conn->snd_mss = conn->peer_mss = path->family->mss_default;
  tcp_take_path(stack, conn, path);
  tcp_silence_begins(stack, conn);
  tcp_options_start(stack, conn);
  tcp_rto_set(conn, TCP_RTO_INITIAL_NS); /* RFC 6298 (2.1) */
}

int tcp_connect(struct ph_stack *stack, struct tcp_conn *conn,
                const struct ph_addr *addr, uint16_t port) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct ph_addr bound = conn->local;
  conn->path = tcp->path_hint;
  struct ip_path *path = ip_path_get(
      stack, &conn->path, ip_addr_is_any(&bound) ? NULL : &bound, addr);
  tcp->path_hint = conn->path;
  if (path->error) {
    return path->error;
  }
  if (path->group) {
    return -PH_ENETUNREACH; /* RFC 9293 3.9.1.1 (MUST-46), errno as in Linux */
  }
  conn->local = path->src;
  conn->remote = *addr;
  conn->remote_port = port;
  int result = 0;
  if (!conn->bound) {
    result = tcp_port_pick(tcp, conn);
  } else if (tcp_lookup(tcp, &conn->local, conn->local_port, addr, port)) {
    result = -PH_EADDRNOTAVAIL;
  }
  if (result < 0) {
    conn->local = bound;
    return result;
  }
  tcp_table_insert(tcp, conn);
  tcp_start(stack, conn, path, 0);
  conn->state = TCP_STATE_SYN_SENT;
  stack->stats.TcpActiveOpens++;
  tcp_output_syn(stack, conn);
  tcp_rtx_timer_start(stack, conn);
  return 0;
}

/* ---- SEND --------------------------------------------------------------- */

static uint32_t sndbuf_free(const struct tcp_conn *conn) {
  return conn->sndbuf > conn->sndq_len ? conn->sndbuf - conn->sndq_len : 0;
}

/* How much may be written behind `unsent` bytes. As in Linux TCP_NOTSENT_LOWAT
 * stops only the packet that begins behind it. */
static PH_APART uint32_t room_behind(const struct tcp_conn *conn,
                                     uint32_t unsent) {
  uint32_t room = sndbuf_free(conn);
  uint32_t lowat = conn->settings.notsent_lowat;
  if (lowat > 0) {
    uint32_t most = unsent < lowat ? ph_max_u32(lowat - unsent, IP_MAX_LEN) : 0;
    room = ph_min_u32(room, most);
  }
  return room;
}

/* As in Linux: a third of the buffer must be free, or poll() would wake the
 * writer for crumbs; and no more than half of TCP_NOTSENT_LOWAT unsent. */
bool tcp_writable(const struct tcp_conn *conn) {
  uint32_t lowat = conn->settings.notsent_lowat;
  return !conn->tx_block_wait &&
         sndbuf_free(conn) >=
             ph_min_u32(conn->sndq_len / 2 + 1, conn->sndbuf) &&
         (lowat == 0 || 2ull * tcp_unsent_bytes(conn) < lowat);
}

void tcp_tell_room(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->room_wanted && tcp_writable(conn)) {
    conn->room_wanted = false;
    tcp_wake(stack, conn, TCP_READY_OUT);
  }
}

static bool can_send_state(const struct tcp_conn *conn) {
  return conn->state == TCP_STATE_ESTABLISHED ||
         conn->state == TCP_STATE_CLOSE_WAIT;
}

/* Not ESTABLISHED, or something is to be told: an error, or 0 if data may be
 * queued all the same. */
static PH_APART long refusal(struct tcp_conn *conn) {
  if (conn->error) {
    return -tcp_take_error(conn);
  }
  if (conn->fin_queued || conn->done) {
    return -PH_EPIPE;
  }
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    return -PH_EAGAIN;
  }
  /* As in Linux; POSIX would say ENOTCONN. */
  return can_send_state(conn) ? 0 : -PH_EPIPE;
}

long tcp_send(struct ph_stack *stack, struct tcp_conn *conn, const void *data,
              size_t len, bool more) {
  if (conn->state != TCP_STATE_ESTABLISHED || conn->error) {
    long error = refusal(conn);
    if (error) {
      return error;
    }
  }
  if (len == 0) {
    return 0;
  }
  uint32_t room = conn->sndbuf;
  uint32_t unsent = 0;
  if (!PH_SHORT_WAYS || conn->sndq_len > 0 || len > PH_BLOCK_SIZE) {
    unsent = tcp_unsent_bytes(conn);
    room = room_behind(conn, unsent);
  }
  uint32_t want = len < room ? (uint32_t)len : room;
  uint32_t n = want > 0 ? tcp_sendq_append(stack, conn, data, want) : 0;
  if (n < len) {
    conn->tx_block_wait = n < want || (conn->tx_block_wait && want == 0);
    conn->room_wanted = true;
  } else {
    conn->tx_block_wait = false;
  }
  if (n == 0) {
    if (conn->tx_block_wait) {
      tcp_output(stack, conn); /* looks again later */
    }
    return -PH_EAGAIN;
  }
  ph_stack_trace_stream(stack, conn->snd_una + conn->sndq_len - n, n, "write");
  if (!more) {
    conn->snd_push = conn->snd_una + conn->sndq_len;
  }
  if (conn->urg_next) {
    tcp_urgent_written(conn);
  }
  conn->more = more;
  conn->push = false;
  /* Does a longest packet wait already? More behind it changes nothing. */
  if (unsent <= IP_MAX_LEN || conn->tx_block_wait) {
    tcp_output(stack, conn);
  }
  return (long)n;
}

/* ---- RECEIVE ------------------------------------------------------------ */

/* Tell the peer when reading has opened the window by enough to matter: at
 * once if it may be waiting, else by more than a quarter of the window. A peer
 * that has never sent as much as it may send now is not waiting: it learns of a
 * wider window with the ACK of what it sends next. */
static void window_update(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t left = conn->rcv_edge - conn->rcv_nxt;
  if (conn->state < TCP_STATE_ESTABLISHED || conn->fin_received ||
      conn->bytes_received < left ||
      (PH_SHORT_WAYS && !tcp_window_may_grow(conn))) {
    return;
  }
  uint32_t limit;
  uint32_t grow = tcp_window_growth(stack, conn, &limit);
  if (grow == 0) {
    return;
  }
  uint32_t least = ph_min_u32(conn->rcv_mss, limit / 2);
  bool waiting = left < ph_max_u32(2u * conn->rcv_mss, limit / 8);
  if (grow < least || !(waiting || grow > limit / 4)) {
    return;
  }
  tcp_window_open(stack, conn, grow);
  stack->stats.TcpWindowUpdates++;
  tcp_ack_at_once(stack, conn);
}

static PH_APART_IF_SMALL long nothing_to_read(struct tcp_conn *conn) {
  if (conn->error) {
    return -tcp_take_error(conn);
  }
  if (conn->fin_received || conn->rcv_shutdown || conn->done) {
    return 0;
  }
  if (conn->state == TCP_STATE_CLOSED || conn->state == TCP_STATE_LISTEN) {
    return -PH_ENOTCONN;
  }
  return -PH_EAGAIN;
}

long tcp_recv(struct ph_stack *stack, struct tcp_conn *conn, void *data,
              size_t len, bool peek) {
  if (peek) {
    return tcp_peek(stack, conn, data, len, 0);
  }
  uint32_t n = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
  if (conn->rcv_urg) {
    n = tcp_urgent_read_limit(stack, conn, n);
  }
  if (conn->rcvq_len == 0) {
    return nothing_to_read(conn);
  }
  uint32_t message =
      PH_SHORT_WAYS ? tcp_recvq_read_message(tcp_of(stack), conn, data, n) : 0;
  n = PH_USUAL(message > 0) ? message
                            : tcp_recvq_read(tcp_of(stack), conn, data, n);
  uint32_t end = conn->rcv_nxt - conn->fin_received; /* of what is there */
  ph_stack_trace_stream(stack, end - conn->rcvq_len - n, n, "read");
  if (conn->rcv_urg) {
    tcp_urgent_passed(conn);
  }
  tcp_rcvbuf_tune(stack, conn);
  window_update(stack, conn);
  return (long)n;
}

long tcp_peek(struct ph_stack *stack, struct tcp_conn *conn, void *data,
              size_t len, size_t offset) {
  uint32_t n = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
  uint32_t from = offset < UINT32_MAX ? (uint32_t)offset : UINT32_MAX - 1;
  if (conn->rcv_urg) {
    n = tcp_urgent_peek_limit(conn, &from, n);
  }
  if (from >= conn->rcvq_len) {
    return nothing_to_read(conn);
  }
  n = ph_min_u32(n, conn->rcvq_len - from);
  if (data) {
    tcp_recvq_peek(tcp_of(stack), conn, data, n, from);
  }
  return (long)n;
}

uint32_t tcp_unread(const struct tcp_conn *conn) {
  return conn->rcv_urg ? tcp_urgent_unread(conn) : conn->rcvq_len;
}

/* ---- CLOSE, ABORT ------------------------------------------------------- */

/* The application has no more to send: FIN behind what is queued. */
static void queue_fin(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->fin_queued) {
    return;
  }
  conn->fin_queued = true;
  if (conn->state == TCP_STATE_ESTABLISHED) {
    conn->state = TCP_STATE_FIN_WAIT_1;
  } else if (conn->state == TCP_STATE_CLOSE_WAIT) {
    conn->state = TCP_STATE_LAST_ACK;
  }
  tcp_output_any(stack, conn);
}

int tcp_shutdown(struct ph_stack *stack, struct tcp_conn *conn, bool read,
                 bool write) {
  if (conn->state == TCP_STATE_LISTEN) {
    if (read) { /* as in Linux: it stops listening */
      tcp_listener_close(stack, conn);
      conn->state = TCP_STATE_CLOSED;
      tcp_wake(stack, conn, TCP_READY_IN | TCP_READY_HUP);
    }
    return 0;
  }
  if (conn->state < TCP_STATE_SYN_SENT || conn->state == TCP_STATE_TIME_WAIT) {
    return -PH_ENOTCONN;
  }
  conn->rcv_shutdown |= read;
  if (write && conn->state == TCP_STATE_SYN_SENT) {
    tcp_conn_drop(stack, conn, 0);
    return 0;
  }
  if (write) {
    queue_fin(stack, conn);
  }
  tcp_wake(stack, conn, tcp_ready(conn));
  return 0;
}

PH_APART void tcp_close(struct ph_stack *stack, struct tcp_conn *conn,
                        bool abort) {
  conn->owner = NULL;
  switch (conn->state) {
    case TCP_STATE_LISTEN:
      tcp_listener_close(stack, conn);
      tcp_conn_free(stack, conn);
      return;
    case TCP_STATE_CLOSED:
    case TCP_STATE_SYN_SENT:
      tcp_conn_free(stack, conn);
      return;
    case TCP_STATE_TIME_WAIT:
      tcp_chunks_free(tcp_of(stack), conn, &conn->rcvq);
      conn->rcvq_len = 0;
      tcp_rcv_account(tcp_of(stack), conn);
      ph_link_append(&tcp_of(stack)->time_wait, &conn->link);
      return;
    default:
      break;
  }
  /* RFC 9293 3.10.4, RFC 2525 2.17: data that nobody will read must not look
   * delivered. */
  bool no_linger2 = conn->state == TCP_STATE_FIN_WAIT_2 &&
                    conn->settings.linger2_s < 0; /* as in Linux */
  if (abort || conn->rcvq_len > 0 || no_linger2) {
    tcp_abort(stack, conn);
    return;
  }
  if (conn->state == TCP_STATE_FIN_WAIT_2) {
    tcp_linger_fin_wait_2(stack, conn);
  }
  queue_fin(stack, conn);
}

/* ---- STATUS and options ------------------------------------------------- */

uint32_t tcp_ready(const struct tcp_conn *conn) {
  if (conn->state == TCP_STATE_LISTEN) {
    return conn->listener->accept_count ? TCP_READY_IN : 0;
  }
  bool read_done = conn->fin_received || conn->rcv_shutdown || conn->done;
  uint32_t ready = conn->error ? TCP_READY_ERR : 0;
  if (conn->state == TCP_STATE_CLOSED ||
      (read_done && (conn->fin_queued || conn->done))) {
    ready |= TCP_READY_HUP;
  }
  if (read_done) {
    ready |= TCP_READY_IN | TCP_READY_RDHUP;
  }
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    return ready;
  }
  if (conn->rcv_urg) {
    ready |= tcp_urgent_ready(conn);
  } else if (conn->rcvq_len > 0) {
    ready |= TCP_READY_IN;
  }
  if (tcp_writable(conn) || conn->fin_queued || conn->done) {
    ready |= TCP_READY_OUT;
  }
  return ready;
}

bool tcp_readable(const struct tcp_conn *conn, uint32_t least) {
  return conn->state == TCP_STATE_LISTEN || tcp_unread(conn) >= least ||
         conn->fin_received || conn->rcv_shutdown || conn->done ||
         conn->error || conn->rcv_edge - conn->rcv_nxt <= conn->rcv_mss;
}

PH_APART static uint32_t any_ready_for(struct tcp_conn *conn, uint32_t events) {
  uint32_t ready = tcp_ready(conn);
  conn->room_wanted |= (events & ~ready & TCP_READY_OUT) != 0;
  return ready;
}

uint32_t tcp_ready_for(struct tcp_conn *conn, uint32_t events) {
  if (PH_SHORT_WAYS && !(events & TCP_READY_OUT) &&
      conn->state == TCP_STATE_ESTABLISHED &&
      !(conn->rcv_shutdown || conn->rcv_urg) && !conn->error) {
    return conn->rcvq_len > 0 ? TCP_READY_IN : 0; /* a reader, as most are */
  }
  if (PH_SHORT_WAYS && conn->state == TCP_STATE_LISTEN) {
    return conn->listener->accept_count ? TCP_READY_IN : 0;
  }
  return any_ready_for(conn, events);
}

struct ph_addr tcp_get_remote(const struct tcp_conn *conn, uint16_t *port) {
  *port = conn->remote_port;
  return conn->remote;
}

int tcp_error(const struct tcp_conn *conn) {
  return conn->error;
}

int tcp_take_error(struct tcp_conn *conn) {
  int error = conn->error;
  conn->error = 0;
  return error;
}

/* As in Linux: what SO_ERROR returns. */
int tcp_take_any_error(struct tcp_conn *conn) {
  int error = tcp_take_error(conn);
  if (error == 0) { /* the asynchronous report of RFC 9293 3.9.1.8 */
    error = conn->soft_error;
    conn->soft_error = 0;
  }
  return error;
}
