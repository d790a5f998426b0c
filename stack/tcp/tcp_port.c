/* SPDX-License-Identifier: Apache-2.0 */
/* Local ports: who has which, who may share, and which one an unnamed end
 * gets (RFC 6056 3.3.4, algorithm 4, double hash: one secret hash of the
 * address pair and the other port chooses where the search begins, another one
 * of many counters that say how far it has come. So ports are not predictable,
 * each destination goes through all before it sees one again, and nobody learns
 * from its own ports how many connections go to others). */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_table.h"

enum { PORT_FIRST = 32768, PORT_COUNT = 28232 }; /* to 60999, as in Linux */

static PH_APART_IF_SMALL struct ph_link *bucket(const struct tcp_stack *tcp,
                                                uint16_t port) {
  return &tcp->ports[port & tcp->ports_mask];
}

void tcp_port_claim(struct tcp_stack *tcp, struct tcp_conn *conn,
                    uint16_t port) {
  conn->local_port = port;
  conn->bound = true;
  ph_link_append(bucket(tcp, port), &conn->port_link);
}

void tcp_port_release(struct tcp_conn *conn) {
  if (conn->bound) {
    ph_link_remove(&conn->port_link);
    conn->bound = false;
    conn->named = false;
  }
}

/* May `conn` share its port with `other`? As in Linux: with SO_REUSEADDR on
 * both while the other doesn't listen, with SO_REUSEPORT on both always.
 * (Linux also asks for one user; here everything belongs to one.) */
static bool may_share(const struct tcp_conn *conn,
                      const struct tcp_conn *other) {
  return (conn->reuse_addr && other->reuse_addr &&
          other->state != TCP_STATE_LISTEN) ||
         (conn->reuse_port && other->reuse_port);
}

bool tcp_port_allowed(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                      const struct ph_addr *addr, uint16_t port) {
  const struct ph_link *head = bucket(tcp, port);
  const struct ip_bound wanted = {addr, conn && conn->only_v6};
  for (const struct ph_link *l = ph_link_next(head); l != head;
       l = ph_link_next(l)) {
    const struct tcp_conn *other =
        PH_CONTAINER_OF(l, struct tcp_conn, port_link);
    const struct ip_bound has = tcp_bound_to(other);
    if (other->local_port == port && other != conn &&
        ip_bound_overlap(&has, &wanted) && !(conn && may_share(conn, other))) {
      return false;
    }
  }
  return true;
}

/* Is nobody there at all? */
static bool unused(const struct tcp_stack *tcp, const struct ph_addr *addr,
                   uint16_t port) {
  return tcp_port_allowed(tcp, NULL, addr, port);
}

/* May tcp_connect() take this port by itself? Not one that somebody named, and
 * not for a pair of ends that exists. */
static bool connect_allowed(struct tcp_stack *tcp, const struct tcp_conn *conn,
                            uint16_t port) {
  const struct ph_link *head = bucket(tcp, port);
  bool used = false; /* whoever has ends has claimed its port */
  for (const struct ph_link *l = ph_link_next(head); l != head;
       l = ph_link_next(l)) {
    const struct tcp_conn *other =
        PH_CONTAINER_OF(l, struct tcp_conn, port_link);
    if (other->local_port == port && other->named && !other->passive) {
      return false;
    }
    used |= other->local_port == port;
  }
  return !used ||
         !tcp_lookup(tcp, &conn->local, port, &conn->remote, conn->remote_port);
}

int tcp_bind(struct ph_stack *stack, struct tcp_conn *conn,
             const struct ph_addr *addr, uint16_t port, bool reuse_addr) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (conn->bound || conn->state != TCP_STATE_CLOSED) {
    return -PH_EINVAL;
  }
  if (!ip_addr_is_any(addr) && !ip_is_local(stack, addr)) {
    return -PH_EADDRNOTAVAIL;
  }
  conn->reuse_addr |= reuse_addr;
  bool given = port != 0;
  if (!given) {
    uint32_t start = 0;
    ph_stack_random(stack, &start, sizeof(start));
    for (uint32_t i = 0; i < PORT_COUNT && port == 0; i++) {
      uint16_t p = (uint16_t)(PORT_FIRST + (start + i) % PORT_COUNT);
      port = unused(tcp, addr, p) ? p : 0;
    }
    if (port == 0) {
      return -PH_EADDRINUSE;
    }
  } else if (!tcp_port_allowed(tcp, conn, addr, port)) {
    return -PH_EADDRINUSE;
  }
  conn->local = *addr;
  tcp_port_claim(tcp, conn, port);
  conn->named = true;
  conn->port_given = given;
  conn->addr_given = !ip_addr_is_any(addr);
  return 0;
}

void tcp_port_init(struct tcp_stack *tcp) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(tcp->next_ephemeral); i++) {
    uint64_t word = ph_siphash24_last(i, sizeof(i));
    tcp->next_ephemeral[i] = (uint16_t)ph_siphash24(&tcp->secret, &word, 1);
  }
}

int tcp_port_pick(struct tcp_stack *tcp, struct tcp_conn *conn) {
  uint64_t hash = tcp_hash_secret(tcp, conn, 0);
  uint32_t offset = (uint32_t)hash;
  uint16_t *next =
      &tcp->next_ephemeral[(hash >> 32) % PH_ARRAY_LEN(tcp->next_ephemeral)];
  for (uint32_t i = 0; i < PORT_COUNT; i++) {
    uint32_t n = offset % PORT_COUNT + *next;
    *next = (uint16_t)((*next + 1u) % PORT_COUNT);
    uint16_t port = (uint16_t)(PORT_FIRST + n % PORT_COUNT);
    if (connect_allowed(tcp, conn, port)) {
      tcp_port_claim(tcp, conn, port);
      return 0;
    }
  }
  return -PH_EADDRNOTAVAIL;
}
