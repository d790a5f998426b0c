/* SPDX-License-Identifier: Apache-2.0 */
/* The seam between stack and device (docs/decisions/0003-netif-seam.md).
 *
 * A device says what it can do; TCP always emits super-segments; below IP one
 * segmenter cuts what the device can't and one checksummer sums what it can't.
 */
#ifndef PH_NETIF_NETIF_H
#define PH_NETIF_NETIF_H

#include "stack/base/stack.h"

struct netif_caps {
  bool tx_csum;       /* completes PKT_CSUM_PARTIAL */
  bool tso4;          /* cuts PKT_GSO_TCPV4; needs tx_csum */
  bool tso6;          /* cuts PKT_GSO_TCPV6; needs tx_csum */
  bool tso_ecn;       /* cuts PKT_GSO_ECN too: CWR in the first segment only */
  bool uso;           /* cuts PKT_GSO_UDP; needs tx_csum */
  bool rx_csum;       /* reports PKT_CSUM_VERIFIED */
  bool lro;           /* delivers coalesced segments with gso_size set */
  uint32_t max_super; /* longest frame to cut, bytes; 0 without TSO */
  uint16_t mtu;       /* IP bytes */
};

struct netif {
  struct netif *next;
  const char *name; /* "eth0"; static */
  const struct netif_ops *ops;
  void *device; /* the ops' own state */
  struct ph_stack *stack;
  struct netif_caps caps;
  uint8_t mac[6];
  uint8_t index; /* from 1, by netif_add(); what a scope id names */
  bool up;       /* administratively and carrier: netif_set_up() */
  bool loopback; /* no link layer */
  void *link;    /* state of the eth module for this interface */
  void *ipv6;    /* state of IPv6 for it */
  void *igmp;    /* IPv4's groups on it: struct ip_group_link */
  void (*input)(struct netif *netif, struct pkt *pkt); /* upward handler, set
                                                          by eth */
  /* Segments cut in software that the full device could not take yet; while
   * there are any, netif_output() answers -PH_EAGAIN. */
  struct pkt *backlog, *backlog_tail;
  uint64_t rx_packets, tx_packets, tx_busy, rx_bytes, tx_bytes;
};

struct netif_ops {
  /* Hand one frame to the device. 0: the device owns `pkt` and frees it when
   * it has been read. -PH_EAGAIN: the ring is full, the caller keeps it and
   * is told by netif_writable(). Other errors: the caller keeps it. */
  int (*transmit)(struct netif *netif, struct pkt *pkt);
  /* Reap finished transmits; deliver received frames by netif_input(). Called
   * from ph_stack_poll(). */
  void (*poll)(struct netif *netif);
  /* True if transmit would take a packet of the largest kind now. */
  bool (*can_transmit)(struct netif *netif);
};

/* Called by ph_ipv4_init() too; again: does nothing. */
int ph_netif_init(struct ph_stack *stack) PH_MUST_USE;

/* Attach an interface; the caller filled name, ops, device, caps, mac. */
int netif_add(struct ph_stack *stack, struct netif *netif) PH_MUST_USE;

/* The interface works, or no longer does: packets look for their way anew. To
 * be called, too, when `caps` have changed, with what `up` is. */
void netif_set_up(struct netif *netif, bool up);

/* Register who is told of each interface, present or to come (eth). At most 6.
 */
int netif_on_added(struct ph_stack *stack,
                   int (*fn)(struct netif *netif)) PH_MUST_USE;

struct netif *netif_first(struct ph_stack *stack);

/* The interface with this index, or NULL. */
struct netif *netif_by_index(struct ph_stack *stack, uint32_t index);

/* Send one whole frame: cuts and sums in software what `caps` lack, then
 * transmits. Takes `pkt` in every case but -PH_EAGAIN. */
int netif_output(struct netif *netif, struct pkt *pkt) PH_MUST_USE;

/* Of who keeps nothing for later: drop `pkt` if sending it gave -PH_EAGAIN, and
 * count it. Returns `error`. */
int netif_drop_refused(struct ph_stack *stack, struct pkt *pkt, int error);

/* A frame came in; called by ops->poll. Takes `pkt`. */
void netif_input(struct netif *netif, struct pkt *pkt);

/* Register who is told that a full device has room again (TCP, UDP); at most 4.
 */
void netif_on_writable(struct ph_stack *stack,
                       void (*fn)(struct ph_stack *stack));
/* Called by ops->poll when room appeared after -PH_EAGAIN. */
void netif_writable(struct netif *netif);

/* The software segmenter: cut `pkt` (a whole Ethernet frame with
 * PKT_GSO_TCPV4 or _TCPV6) into frames of at most gso_size payload bytes, each
 * with its final headers and PKT_CSUM_PARTIAL, given to `emit` in order.
 * Returns the number of segments or -PH_E...; `pkt` stays with the caller.
 * `emit` takes its packet. */
int netif_segment(struct ph_stack *stack, struct pkt *pkt,
                  int (*emit)(void *ctx, struct pkt *segment),
                  void *ctx) PH_MUST_USE;

/* The same for PKT_GSO_FRAGMENT, by `netif`: IP fragments of at most gso_size
 * bytes each, header included. An IPv6 packet has its fragment header already,
 * right behind the IPv6 header. Complete the checksum first. */
typedef int netif_fragment_fn(struct netif *netif, const struct pkt *pkt,
                              int (*emit)(void *ctx, struct pkt *fragment),
                              void *ctx) PH_MUST_USE;
netif_fragment_fn netif_fragment;

/* After ph_netif_init(): packets that are longer than a link takes leave as
 * fragments; without it they are refused with -PH_EMSGSIZE. ph_ipv6_init() and
 * ph_ip_set_forwarding() call it too. */
void ph_netif_fragment_init(struct ph_stack *stack);
bool netif_fragments(struct ph_stack *stack);
/* Who does it. */
void netif_set_fragmenter(struct ph_stack *stack, netif_fragment_fn *fn);

/* The same for PKT_GSO_UDP. Once it was called, super-datagrams are cut in
 * software for devices that don't; before, they are dropped. */
void ph_netif_segment_udp_init(struct ph_stack *stack);
/* Who does it. */
void netif_set_udp_segmenter(struct ph_stack *stack, netif_fragment_fn *fn);

/* The software checksummer: complete PKT_CSUM_PARTIAL in place. */
void netif_checksum(struct ph_stack *stack, struct pkt *pkt);

#endif
