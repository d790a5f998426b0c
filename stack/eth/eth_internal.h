/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_ETH_ETH_INTERNAL_H
#define PH_ETH_ETH_INTERNAL_H

#include "stack/base/hash.h"
#include "stack/eth/eth.h"

enum {
  ETH_MAX_TYPES = 4,
  ARP_MAX_ADDRESSES = 8,
  ARP_SETS = 64, /* a power of two; the cache holds ARP_SETS * ARP_WAYS */
  ARP_WAYS = 4,
  ARP_TRIES = 3,
};
#define ARP_SECOND UINT64_C(1000000000)
#define ARP_RETRY_NS ARP_SECOND          /* RFC 1122 2.3.2.1: one a second */
#define ARP_LIFE_NS (60 * ARP_SECOND)    /* RFC 1122 2.3.2.1 (1) */
#define ARP_REFRESH_NS (45 * ARP_SECOND) /* older and in use: ask again */
#define ARP_LOCK_NS ARP_SECOND           /* a fresh answer stands this long */

enum arp_state {
  ARP_STATE_FREE,
  ARP_STATE_INCOMPLETE, /* asked; packets wait; the timer runs */
  ARP_STATE_RESOLVED, /* its MAC is good until ARP_LIFE_NS after `confirmed` */
};

struct arp_entry {
  struct eth_neighbour neighbour; /* fresh until ARP_REFRESH_NS */
  uint32_t ip;
  uint8_t state; /* enum arp_state */
  uint8_t tries;
  uint64_t confirmed_ns, asked_ns;
  struct ph_timer timer;
  struct eth_link *link;
  struct eth_waiting waiting;
};

struct arp_address {
  uint32_t ip, mask;
  uint64_t defend_ns; /* not again before (RFC 5227 2.4) */
};

struct eth_link {
  struct netif *netif;
  struct ph_hash_key key;
  struct arp_address addresses[ARP_MAX_ADDRESSES];
  uint32_t address_count;
  struct arp_probe *probes; /* that run: arp_conflict.c */
  uint32_t queued;
  struct arp_entry entries[ARP_SETS][ARP_WAYS];
};

struct eth_type {
  uint16_t type;
  eth_input_fn *fn;
};

struct eth_state {
  struct eth_type types[ETH_MAX_TYPES]; /* the last that was registered first */
  uint32_t type_count;
  /* Look for conflicts in a valid ARP packet: arp_conflict.c; NULL: nobody
   * asked for it. */
  void (*conflict_input)(struct eth_link *link, const uint8_t *p);
  arp_conflict_fn *conflict;
  void (*unresolved)(struct ph_stack *stack, const struct pkt *pkt);
};

void arp_link_init(struct eth_link *link);

/* A request or reply of these addresses; `tha` NULL: to all. */
void arp_send(struct eth_link *link, uint16_t oper, uint32_t spa, uint32_t tpa,
              const uint8_t *tha);

/* eth_input_fn of ARP. */
void arp_input(struct netif *netif, struct pkt *pkt, bool group);

#endif
