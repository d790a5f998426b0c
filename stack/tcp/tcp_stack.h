/* SPDX-License-Identifier: Apache-2.0 */
/* What all connections of a stack share: pools, tables, what was registered. */
#ifndef PH_TCP_TCP_STACK_H
#define PH_TCP_TCP_STACK_H

#include "stack/base/hash.h"
#include "stack/base/list.h"
#include "stack/tcp/tcp.h"
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_range.h"
#include "stack/wire/tcp_wire.h"

struct tcp_conn;
struct tcp_listener;
struct tcp_out;

/* What is named most often comes first, as in struct tcp_conn. */
struct tcp_stack {
  struct ph_stack *stack;
  struct tcp_conn *pending, **pending_end; /* whom tcp_poll() looks at */
  struct tcp_range *free_ranges;
  uint32_t ranges_available, ranges_count;
  uint32_t chunks_available, chunks_count;
  struct tcp_chunk *free_chunks;
  struct tcp_listener *free_listeners;
  struct ph_tcp_features features;
  const struct tcp_arq_sender *arq;  /* NULL until somebody asks for it; */
  const struct tcp_by_sack *by_sack; /* likewise */
  const struct tcp_conn *dsack_conn; /* reports `dsack` next; NULL: nobody */
  struct tcp_sack_block dsack;
  uint32_t max_conns, conns_open;
  uint32_t floor; /* blocks that each queue is sure of: 1, in a small pool 0 */
  uint32_t rtx_users; /* of `outs`, those with at least one range of `rtx` */
  struct tcp_plpmtud *plpmtud; /* records of searches, */
  uint16_t plpmtud_free;       /* the first free one's number */
  uint16_t path_hint;          /* of the last tcp_connect() */
  uint8_t cc;                  /* the number of congestion control's default */
  struct ph_link time_wait;    /* nobody's, in TIME-WAIT or FIN-WAIT-2 */
  struct tcp_conn *found;      /* in the table, by the last lookup, or NULL */
  struct ph_link free_conns;
  tcp_notify_fn *notify;
  struct tcp_conn *conns;
  const struct tcp_keepalive *keepalive; /* NULL until somebody asks for it */
  /* Looks at what limits a connection now; NULL: nobody asked. */
  void (*look)(struct ph_stack *stack, struct tcp_conn *conn);
  /* tcp_urgent_pointer(), from the first urgent octet on. */
  uint16_t (*urgent_pointer)(const struct tcp_conn *conn, uint32_t seq,
                             uint8_t *flags);
  /* Algorithms by number: the default, and those that somebody asked for by
   * name. */
  const struct tcp_cc_ops *algorithms[TCP_CC_COUNT];
  struct tcp_range *ranges;              /* the whole pool */
  const struct tcp_out_sharing *sharing; /* of `outs`; NULL: enough for all */
  struct tcp_out *outs;                  /* the whole pool, */
  struct tcp_out *free_outs;             /* of which these are nobody's */
  uint32_t outs_count, outs_available;
  uint32_t out_hand; /* the next to be looked at when there is none */
  uint32_t max_sndbuf, max_rcvbuf; /* of tuning */
  uint32_t table_mask, ports_mask;
  uint32_t *table;           /* by both ends */
  struct ph_link *ports;     /* by local port */
  struct ph_hash_key secret; /* ISN, ports */
  struct ph_ends_key table_key;
  /* Chooses initial sequence numbers; tests put their own here. */
  uint32_t (*isn)(struct ph_stack *stack, const struct tcp_conn *conn);
  struct tcp_listener *listeners[64]; /* by local port */
  /* tcp_choose_listener(), from the first SO_REUSEPORT on. */
  struct tcp_listener *(*choose_listener)(
      struct tcp_stack *tcp, struct tcp_listener *first, uint32_t count,
      const struct ph_addr *addr, uint16_t port, const struct ph_addr *peer,
      uint16_t peer_port);
  uint16_t next_ephemeral[256]; /* RFC 6056 3.3.4: table */
};

static inline struct tcp_stack *tcp_of(const struct ph_stack *stack) {
  return stack->module[PH_MODULE_TCP];
}

#endif
