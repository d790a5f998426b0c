/* SPDX-License-Identifier: Apache-2.0 */
/* Passive open: listeners, the queue of half-open connections (SYN queue) and
 * the queue of those that wait for accept(). Both are bounded by the backlog,
 * as in Linux. When the accept queue is full a SYN is dropped, and the last ACK
 * of a handshake ignored, so that the peer tries again. When the SYN queue is
 * full, a SYN is answered with a cookie (tcp_cookie.c). */
#include "stack/tcp/tcp_listen.h"

#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_table.h"

enum { BACKLOG_MAX = 4096 };

static struct tcp_listener **hash_slot(struct tcp_stack *tcp, uint16_t port) {
  return &tcp->listeners[port % PH_ARRAY_LEN(tcp->listeners)];
}

/* How well a listener's address fits: not, any address, this one. */
static int fit(const struct tcp_listener *l, const struct ph_addr *addr,
               uint16_t port) {
  if (l->conn->local_port != port) {
    return 0;
  }
  const struct ip_bound bound = tcp_bound_to(l->conn);
  return !ip_bound_takes(&bound, addr) ? 0 : ip_addr_is_any(bound.addr) ? 1 : 2;
}

/* Of `count` from `first` on that fit as well: the one that a keyed hash of
 * both ends says, always the same for the same ends. */
struct tcp_listener *tcp_choose_listener(
    struct tcp_stack *tcp, struct tcp_listener *first, uint32_t count,
    const struct ph_addr *addr, uint16_t port, const struct ph_addr *peer,
    uint16_t peer_port) {
  uint32_t hash = ph_hash_ends(&tcp->table_key, addr, port, peer, peer_port);
  uint32_t skip = hash % count;
  int best_fit = fit(first, addr, port);
  while (skip > 0 || fit(first, addr, port) != best_fit) {
    skip -= fit(first, addr, port) == best_fit;
    first = first->next;
    PH_ASSERT(first); /* `count` of them follow */
  }
  return first;
}

/* The best fit. Of several (SO_REUSEPORT) one is chosen. */
struct tcp_listener *tcp_find_listener(struct tcp_stack *tcp,
                                       const struct ph_addr *addr,
                                       uint16_t port,
                                       const struct ph_addr *peer,
                                       uint16_t peer_port) {
  struct tcp_listener *best = NULL;
  int best_fit = 0;
  uint32_t count = 0;
  for (struct tcp_listener *l = *hash_slot(tcp, port); l; l = l->next) {
    int f = fit(l, addr, port);
    if (f > best_fit) {
      best = l;
      best_fit = f;
      count = 0;
    }
    count += f > 0 && f == best_fit;
  }
  return count > 1 ? tcp->choose_listener(tcp, best, count, addr, port, peer,
                                          peer_port)
                   : best;
}

int tcp_listen(struct ph_stack *stack, struct tcp_conn *conn,
               uint32_t backlog) {
  struct tcp_stack *tcp = tcp_of(stack);
  backlog = ph_min_u32(backlog, BACKLOG_MAX);
  if (conn->state == TCP_STATE_LISTEN) {
    conn->listener->backlog = backlog;
    return 0;
  }
  if (conn->state != TCP_STATE_CLOSED || conn->done) {
    return -PH_EINVAL;
  }
  if (!conn->bound) {
    const struct ph_addr any = conn->local; /* of its family */
    int result = tcp_bind(stack, conn, &any, 0, false);
    if (result < 0) {
      return result;
    }
  }
  if (!tcp_port_allowed(tcp, conn, &conn->local, conn->local_port)) {
    return -PH_EADDRINUSE; /* another listens there since bind() */
  }
  struct tcp_listener *listener = tcp->free_listeners;
  if (!listener) {
    return -PH_ENOBUFS;
  }
  tcp->free_listeners = listener->next;
  *listener = (struct tcp_listener){.conn = conn, .backlog = backlog};
  struct tcp_listener **slot = hash_slot(tcp, conn->local_port);
  listener->next = *slot;
  *slot = listener;
  conn->listener = listener;
  conn->state = TCP_STATE_LISTEN;
  return 0;
}

/* As in Linux, one more than the backlog may wait for accept(). */
static bool accept_queue_full(const struct tcp_listener *listener) {
  return listener->accept_count > listener->backlog;
}

PH_SHARED void tcp_listen_name(struct tcp_conn *conn,
                               const struct tcp_listener *listener,
                               const struct tcp_seg *syn,
                               const struct ip_rx *rx) {
  conn->path = listener->conn->path;
  conn->local = rx->dst;
  conn->remote = rx->src;
  conn->remote_port = syn->src_port;
  conn->passive = true;
  tcp_settings_inherit(conn, listener->conn);
}

/* A child in SYN-RECEIVED, at this SYN; NULL if the pool is empty. */
static struct tcp_conn *make_child(struct ph_stack *stack,
                                   struct tcp_listener *listener,
                                   const struct tcp_seg *syn,
                                   const struct ip_rx *rx,
                                   struct ip_path *path) {
  struct tcp_conn *conn = tcp_open(stack, NULL);
  if (!conn) {
    return NULL;
  }
  tcp_listen_name(conn, listener, syn, rx);
  tcp_port_claim(tcp_of(stack), conn, syn->dst_port);
  tcp_table_insert(tcp_of(stack), conn);
  conn->listener = listener;
  ph_link_append(&listener->syn_queue, &conn->link);
  listener->syn_count++;
  tcp_start(stack, conn, path, syn->new_iss);
  tcp_take_syn(stack, conn, syn);
  conn->state = TCP_STATE_SYN_RECEIVED;
  stack->stats.TcpPassiveOpens++;
  return conn;
}

/* To where a segment came from. The listener's hint is of the last one: those
 * of one peer come in trains. */
static struct ip_path *path_back(struct ph_stack *stack,
                                 struct tcp_listener *listener,
                                 const struct ip_rx *rx) {
  return ip_path_get(stack, &listener->conn->path, &rx->dst, &rx->src);
}

/* A SYN for a listener: step "third, check for a SYN" of 3.10.7.2. */
static void listen_syn(struct ph_stack *stack, struct tcp_listener *listener,
                       const struct tcp_seg *seg, const struct ip_rx *rx) {
  if (accept_queue_full(listener)) {
    stack->stats.TcpListenOverflows++;
    return;
  }
  struct ip_path *path = path_back(stack, listener, rx);
  if (path->error) {
    return;
  }
  bool room = listener->syn_count < ph_max_u32(listener->backlog, 1) &&
              tcp_of(stack)->features.cookies != PH_TCP_ALWAYS;
  struct tcp_conn *conn =
      room ? make_child(stack, listener, seg, rx, path) : NULL;
  if (conn) {
    tcp_output_syn(stack, conn);
    tcp_rtx_timer_start(stack, conn);
  } else if (tcp_of(stack)->features.cookies != PH_TCP_OFF) {
    tcp_cookie_send(stack, listener, seg, rx);
  } else {
    stack->stats.TcpListenOverflows++;
  }
}

/* An ACK for a listener: of a SYN cookie, or of nothing. */
static struct tcp_conn *listen_ack(struct ph_stack *stack,
                                   struct tcp_listener *listener,
                                   const struct tcp_seg *seg,
                                   const struct ip_rx *rx) {
  struct tcp_seg syn;
  if ((seg->flags & TCP_SYN) ||
      !tcp_cookie_check(stack, listener, seg, rx, &syn)) {
    tcp_send_reset(stack, seg, rx);
    return NULL;
  }
  struct ip_path *path = path_back(stack, listener, rx);
  bool room = !accept_queue_full(listener) && !path->error;
  struct tcp_conn *conn =
      room ? make_child(stack, listener, &syn, rx, path) : NULL;
  if (conn) {
    tcp_rtx_timer_start(stack, conn);
    conn->syn_sent_ns = 0; /* not known: no sample of the round-trip time */
  } else {
    stack->stats.TcpListenOverflows++; /* its data will come again */
  }
  return conn;
}

/* RFC 9293 3.10.7.2. */
struct tcp_conn *tcp_listen_input(struct ph_stack *stack,
                                  struct tcp_listener *listener,
                                  const struct tcp_seg *seg,
                                  const struct ip_rx *rx) {
  if (seg->flags & TCP_RST) {
    return NULL;
  }
  if (seg->flags & TCP_ACK) {
    return listen_ack(stack, listener, seg, rx);
  }
  if (seg->flags & TCP_SYN) {
    listen_syn(stack, listener, seg, rx);
  }
  return NULL;
}

/* As in Linux, not for one that a cookie brought back: it would take the place
 * that there was none of. */
uint32_t tcp_listen_defer(const struct tcp_conn *conn) {
  return conn->listener && conn->syn_sent_ns > 0
             ? conn->listener->conn->settings.defer_accept
             : 0;
}

bool tcp_listen_defers(struct tcp_conn *conn, const struct tcp_seg *seg) {
  bool defers = conn->backoff < tcp_listen_defer(conn) && seg->len == 0 &&
                !(seg->flags & TCP_FIN);
  conn->deferred |= defers;
  return defers;
}

bool tcp_listen_established(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_listener *listener = conn->listener;
  if (!listener) {
    return true; /* simultaneous open */
  }
  if (accept_queue_full(listener)) {
    stack->stats.TcpListenOverflows++;
    return false;
  }
  ph_link_remove(&conn->link);
  ph_link_append(&listener->accept_queue, &conn->link);
  listener->syn_count--;
  listener->accept_count++;
  conn->accept_queued = true;
  tcp_wake(stack, listener->conn, TCP_READY_IN);
  return true;
}

struct tcp_conn *tcp_accept(struct ph_stack *stack, struct tcp_conn *listener) {
  (void)stack;
  struct tcp_listener *l = listener->listener;
  if (listener->state != TCP_STATE_LISTEN ||
      !ph_link_linked(&l->accept_queue)) {
    return NULL;
  }
  struct tcp_conn *conn =
      PH_CONTAINER_OF(ph_link_next(&l->accept_queue), struct tcp_conn, link);
  tcp_listener_forget(conn);
  ph_link_remove(&conn->link);
  return conn;
}

void tcp_listener_forget(struct tcp_conn *conn) {
  if (conn->listener && conn->state != TCP_STATE_LISTEN) {
    if (conn->accept_queued) {
      conn->listener->accept_count--;
    } else {
      conn->listener->syn_count--;
    }
    conn->accept_queued = false;
    conn->listener = NULL;
  }
}

void tcp_listener_close(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_listener *listener = conn->listener;
  while (ph_link_linked(&listener->syn_queue)) {
    tcp_conn_free(stack, PH_CONTAINER_OF(ph_link_next(&listener->syn_queue),
                                         struct tcp_conn, link));
  }
  while (ph_link_linked(&listener->accept_queue)) {
    struct tcp_conn *child = PH_CONTAINER_OF(
        ph_link_next(&listener->accept_queue), struct tcp_conn, link);
    tcp_abort(stack, child);
  }
  struct tcp_listener **slot = hash_slot(tcp, conn->local_port);
  while (*slot != listener) {
    slot = &(*slot)->next;
  }
  *slot = listener->next;
  conn->listener = NULL;
  listener->next = tcp->free_listeners;
  tcp->free_listeners = listener;
}
