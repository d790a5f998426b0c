/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet (IEEE 802.3-2022 3): frames to handlers by EtherType, and ARP
 * (RFC 826) for the way back. */
#ifndef PH_ETH_ETH_H
#define PH_ETH_ETH_H

#include "stack/netif/netif.h"

/* Takes `pkt`, which starts behind the Ethernet header; `group`: it was sent
 * to a group address. */
typedef void eth_input_fn(struct netif *netif, struct pkt *pkt, bool group);

/* From now on every interface that has a link layer gets one. 0, -PH_ENOMEM. */
int ph_eth_init(struct ph_stack *stack) PH_MUST_USE;

/* Register the receiver of one EtherType; at most 4. 0, -PH_ENOMEM. */
int eth_register(struct ph_stack *stack, uint16_t type,
                 eth_input_fn *fn) PH_MUST_USE;

/* Push the header and send; `dst` NULL: broadcast. Takes `pkt` unless
 * -PH_EAGAIN, with which it is as
 * it was. */
int eth_output(struct netif *netif, struct pkt *pkt, const uint8_t *dst,
               uint16_t type) PH_MUST_USE;
/* The same for who keeps nothing for later: takes `pkt` in every case. */
void eth_send(struct netif *netif, struct pkt *pkt, const uint8_t *dst,
              uint16_t type);

/* Tell ARP an address of the interface (host order) and its subnet: it answers
 * for the address, asks from it and learns the subnet's neighbours. At most
 * 8. 0, -PH_ENOMEM. */
int arp_add_address(struct netif *netif, uint32_t address,
                    uint8_t prefix_len) PH_MUST_USE;

/* It is no longer ours. */
void arp_remove_address(struct netif *netif, uint32_t address);

/* What is known of a neighbour, for who prepares headers (stack/ip/ip_path.h):
 * as long as the version is the same and it is fresh, frames may go to `mac`
 * without asking; they note that in used_ns. It stays where it is for ever. */
struct eth_neighbour {
  uint64_t fresh_until_ns; /* 0: not known, or needs to be confirmed */
  uint64_t used_ns;
  uint32_t version; /* moves on with `mac`, and with whose it is */
  uint8_t mac[6];
};

/* Packets that wait until a neighbour's address is known, a few per neighbour
 * and per interface (RFC 1122 2.3.2.2, RFC 4861 7.2.2: the latest). */
enum { ETH_WAITING_MAX = 8, ETH_LINK_WAITING_MAX = 128 };
struct eth_waiting {
  struct pkt *head;
  uint32_t *on_link; /* how many wait on its interface */
  uint32_t count;
};
/* Takes `pkt`. One that is too many is dropped, and counted in `lost`. */
void eth_wait(struct eth_waiting *waiting, struct pkt *pkt, uint64_t *lost);
/* The first, which waits no longer, or NULL. */
struct pkt *eth_wait_next(struct eth_waiting *waiting);
/* The address is known: all are sent. */
void eth_wait_end(struct eth_waiting *waiting, struct netif *netif,
                  const uint8_t *dst, uint16_t type);

/* Send the IPv4 packet to the neighbour `next_hop` (host order) at once or,
 * while it is being asked for, later; `*neighbour` is what is known of it.
 * Result as eth_output(). */
int arp_output(struct netif *netif, struct pkt *pkt, uint32_t next_hop,
               struct eth_neighbour **neighbour) PH_MUST_USE;

/* Register who is shown packets that nobody answered for, IP header first;
 * they stay ARP's. */
void arp_on_unresolved(struct ph_stack *stack,
                       void (*fn)(struct ph_stack *stack,
                                  const struct pkt *pkt));

/* Is an address free (RFC 5227)? For who is about to use one: three probes in
 * at most 7 seconds, then `done`. If it is free, `done` gives it to the
 * interface, and two announcements follow; else the probe has ended. */
struct arp_probe;
typedef void arp_probe_fn(struct ph_stack *stack, struct arp_probe *probe,
                          bool conflict);
struct arp_probe {
  struct netif *netif; /* NULL: it does not run */
  struct arp_probe *next;
  struct ph_timer timer;
  arp_probe_fn *done;
  uint32_t ip;
  uint8_t sent; /* probes, then announcements */
};

/* `probe` stays the caller's, and where it is until it has ended; its `netif`
 * is NULL. 0; -PH_EINVAL: it runs, or the interface has no link layer. */
int arp_probe_start(struct netif *netif, struct arp_probe *probe, uint32_t ip,
                    arp_probe_fn *done) PH_MUST_USE;
void arp_probe_stop(struct arp_probe *probe);

/* Say that an address is ours. */
void arp_announce(struct netif *netif, uint32_t ip);

/* Defend our addresses against other hosts that use them, and tell this one
 * (NULL: nobody). Without it they are only counted in ArpInErrors. */
typedef void arp_conflict_fn(struct netif *netif, uint32_t ip);
void arp_on_conflict(struct ph_stack *stack, arp_conflict_fn *fn);

/* For `arp -n` and tests: entry `index` from 0; -PH_ENOENT past the last. */
struct arp_info {
  uint32_t ip;
  uint8_t mac[6];
  bool resolved;
  uint32_t queued; /* packets that wait */
};
int arp_info(struct netif *netif, uint32_t index, struct arp_info *info);

#endif
