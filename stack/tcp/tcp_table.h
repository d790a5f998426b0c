/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections by both ends: tcp_conn.c. */
#ifndef PH_TCP_TCP_TABLE_H
#define PH_TCP_TCP_TABLE_H

#include "stack/tcp/tcp_internal.h"

static inline bool tcp_has_ends(const struct tcp_conn *conn,
                                const struct ph_addr *local,
                                uint16_t local_port,
                                const struct ph_addr *remote,
                                uint16_t remote_port) {
  return conn->local_port == local_port && conn->remote_port == remote_port &&
         ph_addr_equal(&conn->remote, remote) &&
         ph_addr_equal(&conn->local, local);
}
struct tcp_conn *tcp_table_find(struct tcp_stack *tcp,
                                const struct ph_addr *local,
                                uint16_t local_port,
                                const struct ph_addr *remote,
                                uint16_t remote_port);
/* Packets come in trains: first a look at the connection that was found last,
 * or made since.
 * It is in the table as long as tcp->found points to it. */
static inline struct tcp_conn *tcp_lookup(struct tcp_stack *tcp,
                                          const struct ph_addr *local,
                                          uint16_t local_port,
                                          const struct ph_addr *remote,
                                          uint16_t remote_port) {
  struct tcp_conn *conn = tcp->found;
  return PH_SHORT_WAYS && conn &&
                 tcp_has_ends(conn, local, local_port, remote, remote_port)
             ? conn
             : tcp_table_find(tcp, local, local_port, remote, remote_port);
}
void tcp_table_insert(struct tcp_stack *tcp, struct tcp_conn *conn);

#endif
