/* SPDX-License-Identifier: Apache-2.0 */
/* Connections as objects: the pools, the tables that find them, their birth
 * and death. What a packet costs does not depend on how many there are. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_options.h"
#include "stack/tcp/tcp_memory.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_sendq.h"
#include "stack/tcp/tcp_settings.h"
#include "stack/tcp/tcp_table.h"

enum {
  DEFAULT_CONNECTIONS = 256,
  DEFAULT_LISTENERS = 16,
  DEFAULT_SENDERS = 4096,
  DEFAULT_RANGES = 4096,
  DEFAULT_CHUNKS = 8192,
  DEFAULT_BUFFER = 256 * 1024,
  DEFAULT_MAX_SNDBUF = 8 << 20,
  DEFAULT_MAX_RCVBUF = 16 << 20, /* half of it is window: 8 MiB, scale 8 */
};

static const struct ip_protocol tcp_protocol = {tcp_input, tcp_icmp_error};

static uint32_t round_up_pow2(uint32_t n) {
  uint32_t size = 16;
  while (size < n && size < 1u << 20) {
    size *= 2;
  }
  return size;
}

static bool make_pools(struct tcp_stack *tcp, uint32_t listeners,
                       uint32_t ranges, uint32_t chunks) {
  struct ph_stack *stack = tcp->stack;
  tcp->free_listeners =
      ph_stack_alloc_list(stack, listeners, sizeof(struct tcp_listener),
                          offsetof(struct tcp_listener, next));
  tcp->ranges = tcp->free_ranges =
      ph_stack_alloc_list(stack, ranges, sizeof(struct tcp_range),
                          offsetof(struct tcp_range, next));
  tcp->free_chunks =
      ph_stack_alloc_list(stack, chunks, sizeof(struct tcp_chunk),
                          offsetof(struct tcp_chunk, next));
  tcp->conns = ph_stack_alloc(stack, tcp->max_conns * sizeof(*tcp->conns));
  if (!tcp->free_listeners || !tcp->ranges || !tcp->free_chunks ||
      !tcp->conns) {
    return false;
  }
  for (uint32_t i = 0; i < tcp->max_conns; i++) {
    struct tcp_conn *conn = &tcp->conns[i];
    ph_link_append(&tcp->free_conns, &conn->link);
  }
  tcp->ranges_count = tcp->ranges_available = ranges;
  tcp->chunks_count = tcp->chunks_available = chunks;
  return true;
}

static bool make_tables(struct tcp_stack *tcp) {
  uint32_t size = round_up_pow2(tcp->max_conns);
  tcp->table_mask = size - 1;
  tcp->ports_mask = size - 1;
  tcp->table = ph_stack_alloc(tcp->stack, size * sizeof(*tcp->table));
  tcp->ports = ph_stack_alloc(tcp->stack, size * sizeof(*tcp->ports));
  if (!tcp->table || !tcp->ports) {
    return false;
  }
  return true;
}

/* A feature is a byte, and 0 is its default; or a pointer without one. */
static void set_features(struct tcp_stack *tcp,
                         const struct ph_tcp_features *features) {
  static const struct ph_tcp_features defaults = {
      .sack = PH_TCP_ON,
      .dsack = PH_TCP_ON,
      .timestamps = PH_TCP_ON_REQUEST,
      .missing_timestamps = PH_TCP_OFF,
      .ecn = PH_TCP_ON_REQUEST,
      .cookies = PH_TCP_ON,
      .window_scale = TCP_RCV_WSCALE,
      .mtu_probing = PH_TCP_ON_REQUEST,
  };
  uint8_t *to = (uint8_t *)&tcp->features;
  for (uint32_t i = 0; i < sizeof(defaults); i++) {
    uint8_t set = ((const uint8_t *)features)[i];
    to[i] = set ? set : ((const uint8_t *)&defaults)[i];
  }
  if (features->by_sack) { /* there may be such connections from now on */
    tcp->by_sack = features->by_sack;
  }
}

void ph_tcp_profile_bsd(struct ph_tcp_features *features) {
  features->timestamps = PH_TCP_ON;
  features->bsd_order = true;
  features->whole_window = true;
  features->bsd_close = true;
  features->by_sack = &tcp_rfc6675;
  features->window_scale = 6;
}

void tcp_set_features(struct ph_stack *stack,
                      const struct ph_tcp_features *features) {
  set_features(tcp_of(stack), features);
}

int ph_tcp_init(struct ph_stack *stack, const struct ph_tcp_config *config) {
  static const struct ph_tcp_config defaults;
  config = config ? config : &defaults;
  struct tcp_stack *tcp = ph_stack_alloc(stack, sizeof(*tcp));
  if (!tcp) {
    return -PH_ENOMEM;
  }
  tcp->algorithms[TCP_CC_CUBIC] = &tcp_cubic;
  tcp->cc = config->congestion ? tcp_cc_find(tcp, config->congestion, SIZE_MAX)
                               : (uint8_t)TCP_CC_CUBIC;
  if (tcp->cc == 0) {
    return -PH_ENOENT;
  }
  tcp->stack = stack;
  tcp->isn = tcp_isn;
  tcp->pending_end = &tcp->pending;
  const uint32_t conns =
      config->max_connections ? config->max_connections : DEFAULT_CONNECTIONS;
  tcp->max_conns = conns;
  tcp->max_sndbuf =
      config->max_sndbuf ? config->max_sndbuf : (uint32_t)DEFAULT_MAX_SNDBUF;
  tcp->max_rcvbuf =
      config->max_rcvbuf ? config->max_rcvbuf : (uint32_t)DEFAULT_MAX_RCVBUF;
  set_features(tcp, &config->features);
  uint32_t senders = ph_min_u32(
      config->max_senders ? config->max_senders : (uint32_t)DEFAULT_SENDERS,
      conns);
  tcp->sharing = senders < conns ? &tcp_out_sharing : NULL;
  uint32_t ranges =
      senders + (config->max_ranges ? config->max_ranges : DEFAULT_RANGES);
  if (!make_pools(
          tcp,
          config->max_listeners ? config->max_listeners : DEFAULT_LISTENERS,
          ranges, config->max_chunks ? config->max_chunks : DEFAULT_CHUNKS) ||
      !make_tables(tcp) || !tcp_out_init(tcp, senders) ||
      !tcp_plpmtud_init(tcp)) {
    return -PH_ENOMEM;
  }
  tcp_memory_init(tcp);
  ph_hash_key_init(stack, &tcp->secret);
  ph_ends_key_init(stack, &tcp->table_key);
  tcp_port_init(tcp);
  stack->module[PH_MODULE_TCP] = tcp;
  stack->poll_output = tcp_poll;
  netif_on_writable(stack, tcp_poll);
  return ip_register_protocol(stack, IP_PROTO_TCP, &tcp_protocol);
}

void tcp_set_notify(struct ph_stack *stack, tcp_notify_fn *fn) {
  tcp_of(stack)->notify = fn;
}

/* ---- Finding ------------------------------------------------------------ */

/* The table has places of connections in their pool: one more than the
 * distance from its start in units of 8 bytes; 0 is nobody's. */
static PH_APART_IF_SMALL struct tcp_conn *conn_at(const struct tcp_stack *tcp,
                                                  uint32_t place) {
  return place ? (void *)((char *)tcp->conns + ((size_t)place * 8 - 8)) : NULL;
}
static uint32_t place_of(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn) {
  return (uint32_t)(((uintptr_t)conn - (uintptr_t)tcp->conns) / 8) + 1;
}

static inline uint32_t *table_slot(const struct tcp_stack *tcp,
                                   const struct ph_addr *local,
                                   uint16_t local_port,
                                   const struct ph_addr *remote,
                                   uint16_t remote_port) {
  uint32_t hash =
      ph_hash_ends(&tcp->table_key, local, local_port, remote, remote_port);
  return &tcp->table[hash & tcp->table_mask];
}

/* It is asked for next: tcp_lookup(). */
static inline void remember(struct tcp_stack *tcp, struct tcp_conn *conn) {
  if (PH_SHORT_WAYS) {
    tcp->found = conn;
  }
}

struct tcp_conn *tcp_table_find(struct tcp_stack *tcp,
                                const struct ph_addr *local,
                                uint16_t local_port,
                                const struct ph_addr *remote,
                                uint16_t remote_port) {
  struct tcp_conn *conn =
      conn_at(tcp, *table_slot(tcp, local, local_port, remote, remote_port));
  while (conn && !tcp_has_ends(conn, local, local_port, remote, remote_port)) {
    conn = conn_at(tcp, conn->hash_next);
  }
  if (conn) {
    remember(tcp, conn);
  }
  return conn;
}

void tcp_table_insert(struct tcp_stack *tcp, struct tcp_conn *conn) {
  uint32_t *slot = table_slot(tcp, &conn->local, conn->local_port,
                              &conn->remote, conn->remote_port);
  conn->hash_next = *slot;
  *slot = place_of(tcp, conn);
  conn->hashed = true;
  remember(tcp, conn); /* the answer comes next */
}

static void tcp_table_remove(struct tcp_stack *tcp, struct tcp_conn *conn) {
  if (!conn->hashed) {
    return;
  }
  uint32_t *slot = table_slot(tcp, &conn->local, conn->local_port,
                              &conn->remote, conn->remote_port);
  struct tcp_conn *other;
  while ((other = conn_at(tcp, *slot)) != conn) {
    slot = &other->hash_next;
  }
  *slot = conn->hash_next;
  conn->hashed = false;
  if (tcp->found == conn) {
    remember(tcp, NULL);
  }
}

/* ---- Birth and death ---------------------------------------------------- */

struct tcp_conn *tcp_open(struct ph_stack *stack, void *owner) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (!ph_link_linked(&tcp->free_conns)) {
    /* The oldest in TIME-WAIT has waited longest for a stray segment, or in
     * FIN-WAIT-2 for a FIN. */
    if (!ph_link_linked(&tcp->time_wait)) {
      return NULL;
    }
    tcp_conn_free(stack, PH_CONTAINER_OF(ph_link_next(&tcp->time_wait),
                                         struct tcp_conn, link));
  }
  struct tcp_conn *conn =
      PH_CONTAINER_OF(ph_link_next(&tcp->free_conns), struct tcp_conn, link);
  ph_link_remove(&conn->link);
  struct tcp_conn *next_pending = conn->next_pending;
  bool pending = conn->pending; /* since its last life */
  memset(conn, 0, sizeof(*conn));
  conn->next_pending = next_pending;
  conn->pending = pending;
  conn->owner = owner;
  conn->sndbuf = conn->rcvbuf = DEFAULT_BUFFER;
  conn->rcv_owed = (uint16_t)tcp->floor;
  tcp_out_clear(conn);
  tcp_timer_init(conn);
  tcp->conns_open++;
  return conn;
}

void tcp_set_owner(struct tcp_conn *conn, void *owner) {
  conn->owner = owner;
}

static void tcp_conn_free_queues(struct ph_stack *stack, struct tcp_conn *conn,
                                 bool received_too) {
  struct tcp_stack *tcp = tcp_of(stack);
  tcp_out_free(tcp, conn);
  tcp_sendq_free(stack, conn);
  if (received_too) {
    if (conn->rcvq.head) {
      tcp_chunks_free(tcp, conn, &conn->rcvq);
    }
    conn->rcvq_len = 0;
  }
  conn->rcv_edge = conn->rcv_adv = conn->rcv_nxt; /* nothing is owed any more */
  tcp_rcv_account(tcp, conn);
}

/* Take the connection out of everything that can still move it. */
static void detach(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  tcp_listener_forget(conn);
  tcp_table_remove(tcp, conn);
  ph_link_remove(&conn->link);
  ph_timer_cancel(&stack->timers, &conn->timer);
  tcp_timer_init(conn);
  conn->tx_block_wait = false;
  tcp_plpmtud_free(tcp, conn);
  tcp_sack_sent(tcp, conn); /* what it would report is gone with it */
}

void tcp_conn_free(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  detach(stack, conn);
  tcp_conn_free_queues(stack, conn, true);
  tcp_port_release(conn);
  conn->state = TCP_STATE_CLOSED;
  conn->owner = NULL;
  tcp->conns_open--;
  ph_link_append(&tcp->free_conns, &conn->link);
}

/* A fresh connection in the place of one that has had its life. */
static struct tcp_conn *renew(struct ph_stack *stack, struct tcp_conn *conn) {
  const struct tcp_conn old = *conn;
  if (conn->state == TCP_STATE_TIME_WAIT) {
    tcp_close(stack, conn, false);
  } else {
    tcp_conn_free(stack, conn);
  }
  struct tcp_conn *fresh = tcp_open(stack, old.owner); /* that one is free */
  tcp_settings_inherit(fresh, &old);
  if (old.addr_given) {
    fresh->local = old.local;
    fresh->addr_given = true;
  }
  if (old.port_given) {
    tcp_port_claim(tcp_of(stack), fresh, old.local_port);
    fresh->named = fresh->port_given = true;
  }
  return fresh;
}

struct tcp_conn *tcp_disconnect(struct ph_stack *stack, struct tcp_conn *conn) {
  int error = 0;
  switch (conn->state) {
    case TCP_STATE_LISTEN:
      tcp_listener_close(stack, conn);
      break;
    case TCP_STATE_SYN_SENT:
      error = PH_ECONNRESET;
      break;
    case TCP_STATE_SYN_RECEIVED:
    case TCP_STATE_ESTABLISHED:
    case TCP_STATE_CLOSE_WAIT:
    case TCP_STATE_FIN_WAIT_1:
    case TCP_STATE_FIN_WAIT_2:
      tcp_reset_peer(stack, conn);
      error = PH_ECONNRESET;
      break;
    default:
      break;
  }
  struct tcp_conn *fresh = renew(stack, conn);
  fresh->error = (uint8_t)error;
  return fresh;
}

void tcp_conn_drop(struct ph_stack *stack, struct tcp_conn *conn, int error) {
  if (!conn->owner) {
    tcp_conn_free(stack, conn);
    return;
  }
  detach(stack, conn);
  tcp_conn_free_queues(stack, conn, false);
  conn->state = TCP_STATE_CLOSED;
  conn->done = true;
  conn->error = (uint8_t)error;
  tcp_wake(stack, conn,
           TCP_READY_IN | TCP_READY_OUT | TCP_READY_HUP | TCP_READY_RDHUP |
               (error ? TCP_READY_ERR : 0));
}

void tcp_enter_time_wait(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  conn->state = TCP_STATE_TIME_WAIT;
  tcp_plpmtud_free(tcp, conn);
  tcp_out_free(tcp, conn);
  tcp_sendq_free(stack, conn);
  tcp_rcv_account(tcp, conn);
  tcp_timer_clear(conn, TCP_TIMER_RTX);
  tcp_timer_start(stack, conn, TCP_TIMER_LIFE, TCP_2MSL_NS);
  if (!conn->owner) {
    ph_link_remove(&conn->link);
    ph_link_append(&tcp->time_wait, &conn->link);
  }
}

void tcp_linger_fin_wait_2(struct ph_stack *stack, struct tcp_conn *conn) {
  tcp_timer_start(stack, conn, TCP_TIMER_LIFE, tcp_fin_wait_2_ns(conn));
  ph_link_remove(&conn->link);
  ph_link_append(&tcp_of(stack)->time_wait, &conn->link);
}

void tcp_wake(struct ph_stack *stack, struct tcp_conn *conn, uint32_t ready) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (conn->owner && tcp->notify) {
    tcp->notify(stack, conn->owner, ready);
  }
}

struct tcp_conn *tcp_orphan(struct ph_stack *stack, uint32_t index) {
  struct tcp_stack *tcp = tcp_of(stack);
  for (uint32_t i = 0; i < tcp->max_conns; i++) {
    struct tcp_conn *conn = &tcp->conns[i];
    if (conn->hashed && !conn->owner && !conn->listener && index-- == 0) {
      return conn;
    }
  }
  return NULL;
}
