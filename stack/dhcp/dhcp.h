/* SPDX-License-Identifier: Apache-2.0 */
/* A DHCP client, and a small server for simulated networks (RFC 2131). Both run
 * by themselves, from the stack's timers and datagrams. docs/ip/dhcp.md. */
#ifndef PH_DHCP_DHCP_H
#define PH_DHCP_DHCP_H

#include "stack/base/stack.h"
#include "stack/dhcp/dhcp_wire.h"
#include "stack/eth/eth.h"
#include "stack/udp/udp.h"

/* ---- Client -------------------------------------------------------------- */

/* RFC 2131 4.4, figure 5. */
enum dhcp_state {
  DHCP_STATE_STOPPED,
  DHCP_STATE_INIT,       /* a moment of silence, at random */
  DHCP_STATE_SELECTING,  /* asks for offers */
  DHCP_STATE_REQUESTING, /* took one, waits for the server's word */
  DHCP_STATE_PROBING,    /* asks whether somebody has the address (RFC 5227) */
  DHCP_STATE_BOUND,
  DHCP_STATE_RENEWING,  /* from T1: asks its server */
  DHCP_STATE_REBINDING, /* from T2: asks all */
};

/* What was given. Addresses in host order; times as ph_stack.now_ns. */
struct ph_dhcp_lease {
  uint32_t address, router, server; /* router 0: none */
  uint8_t prefix_len;
  uint32_t dns[DHCP_DNS_MAX];      /* 0: no more */
  uint16_t mtu;                    /* 0: not told */
  uint64_t t1_ns, t2_ns, until_ns; /* UINT64_MAX: for ever */
  char domain[DHCP_DOMAIN_MAX];
};

/* Memory of the caller, who looks only at `state` and `lease`. One client for
 * each stack. What is long comes last: code that names the rest is shorter. */
struct ph_dhcp {
  enum dhcp_state state;
  bool no_probe; /* the address is used at once; set before */
  /* An address was given, prolonged, or (`lease` NULL) is gone. May be NULL.
   * Who resolves names tells the resolver then. */
  void (*event)(void *ctx, const struct ph_dhcp_lease *lease);
  void *ctx;
  struct ph_stack *stack;
  struct netif *netif;
  uint32_t xid;
  uint32_t tries;
  uint64_t started_ns; /* of this attempt: for `secs` */
  uint64_t asked_ns;   /* the last REQUEST; a lease begins there */
  struct ph_timer timer;
  struct ph_dhcp_lease lease; /* from BOUND on */
  struct arp_probe probe;
  struct dhcp_message offer; /* that was taken */
  struct udp_pcb pcb;
};

/* Ask for an address for `netif`; when nobody else has it (4 to 7 s) gives it
 * to the interface, with its subnet, a default route and the MTU, takes it away
 * when the lease ends. Somebody has it: as ph_dhcp_decline(). `event` and `ctx`
 * are set before. After ph_udp_init(). 0, -PH_EADDRINUSE. */
int ph_dhcp_start(struct ph_stack *stack, struct ph_dhcp *dhcp,
                  struct netif *netif) PH_MUST_USE;

/* Somebody else has the address (RFC 2131 3.1 (5)): tell the server, ask again
 * in 10 s. */
void ph_dhcp_decline(struct ph_dhcp *dhcp);

/* Give the address back (RFC 2131 4.4.6) and stop. */
void ph_dhcp_stop(struct ph_dhcp *dhcp);

const char *ph_dhcp_state_name(enum dhcp_state state);

/* ---- Server -------------------------------------------------------------- */

struct ph_dhcp_entry {
  uint8_t mac[6];
  bool declined;     /* in use by a stranger */
  uint64_t until_ns; /* 0: never given */
};

/* Memory of the caller. For simulated networks: one subnet, no relays, what was
 * given is forgotten with the stack. */
struct ph_dhcp_server {
  uint32_t address; /* our own; what follows is told to clients */
  uint8_t prefix_len;
  uint32_t router;
  uint32_t dns[DHCP_DNS_MAX];
  uint16_t mtu;
  uint32_t lease_s;
  uint32_t first; /* the pool: as many addresses as entries */
  struct ph_dhcp_entry *entries;
  uint32_t count;
  char domain[DHCP_DOMAIN_MAX];
  struct ph_stack *stack;
  struct netif *netif;
  struct udp_pcb pcb;
};

/* The fields up to `domain` are set, entries zero. 0, -PH_EADDRINUSE,
 * -PH_EINVAL. */
int ph_dhcp_server_start(struct ph_stack *stack, struct ph_dhcp_server *server,
                         struct netif *netif) PH_MUST_USE;
void ph_dhcp_server_stop(struct ph_dhcp_server *server);

#endif
