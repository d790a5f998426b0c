/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_UDP_UDP_INTERNAL_H
#define PH_UDP_UDP_INTERNAL_H

#include "stack/base/hash.h"
#include "stack/udp/udp.h"

enum {
  UDP_HEADROOM = 72,
  UDP_INLINE_MAX = 96, /* bytes that lie behind the header, not in blocks */
  UDP_MAX_LEN = 65507,
  UDP_BUCKETS = 256, /* a power of two */
  UDP_PORT_FIRST = 49152,
  UDP_PORT_COUNT = 16384, /* RFC 6335 6 */
};

struct udp_state {
  struct udp_pcb *raw; /* raw.c's */
  void (*open_raw)(struct udp_pcb *pcb, uint8_t protocol, bool ping);
  /* udp_shared.c; NULL: no port is shared. Takes `pkt`. */
  void (*deliver_to_all)(struct ph_stack *stack, struct pkt *pkt,
                         const struct ip_rx *rx, uint32_t ifindex);
  /* udp_use_interfaces(); NULL: nobody cares which. */
  struct ip_path *(*path_by)(struct udp_pcb *pcb, const struct ph_addr *dst,
                             const struct udp_tx *how, struct ip_path *path,
                             bool fixed);
  struct udp_pcb *waiting; /* for room in a device */
  /* Does it want what `source` sent to this group? NULL: as all do. */
  bool (*hears)(const struct udp_pcb *pcb, const struct ph_addr *group,
                const struct ph_addr *source, uint32_t ifindex);
  struct ph_hash_key key;
  uint64_t port_counter;
  struct udp_pcb *buckets[UDP_BUCKETS]; /* by local port */
};

/* In front of a queued datagram, in place of the headers (42 bytes or more,
 * with the link's). */
struct udp_meta {
  uint8_t src[16], dst[16];
  uint8_t port[2];
  uint8_t ifindex, ttl, tos;
};

static inline struct udp_state *udp_of(struct ph_stack *stack) {
  return stack->module[PH_MODULE_UDP];
}

static inline struct udp_pcb **udp_bucket(struct udp_state *udp,
                                          uint16_t port) {
  return &udp->buckets[port % UDP_BUCKETS];
}

static inline struct ip_bound udp_bound_to(const struct udp_pcb *pcb) {
  return (struct ip_bound){&pcb->local, pcb->only_v6};
}

static inline bool udp_hears(struct ph_stack *stack, const struct udp_pcb *pcb,
                             const struct ip_rx *rx, uint32_t ifindex) {
  const struct udp_state *udp = udp_of(stack);
  return !udp->hears || udp->hears(pcb, &rx->dst, &rx->src, ifindex);
}

/* How well a datagram fits an endpoint: -1 not at all; connected to its sender
 * is better than bound to its address, that than bound to any. */
static inline int udp_score(const struct udp_pcb *p,
                            const struct ph_addr *local, uint16_t local_port,
                            const struct ph_addr *remote, uint16_t remote_port,
                            uint32_t ifindex) {
  if (p->local_port != local_port ||
      (p->connected &&
       !(p->remote_port == remote_port && ph_addr_equal(&p->remote, remote))) ||
      (p->tx.device && ifindex && p->tx.device != ifindex)) {
    return -1;
  }
  const struct ip_bound bound = udp_bound_to(p);
  bool mine = ph_addr_equal(&p->local, local);
  return mine || ip_bound_takes(&bound, local)
             ? (p->tx.device ? 4 : 0) + (p->connected ? 2 : 0) + (mine ? 1 : 0)
             : -1;
}

void udp_input(struct ph_stack *stack, struct pkt *pkt, const struct ip_rx *rx);
void udp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info);
void udp_drop_queue(struct udp_pcb *pcb);
/* What strangers can't predict: of ports, and identifiers of echoes. */
uint64_t udp_next_random(struct udp_state *udp);

/* The sum, or more than any datagram if it is too long. */
uint32_t udp_total_len(const struct ph_iovec *iov, uint32_t count);
/* The path from where `pcb` is bound, or as `how` says. */
struct ip_path *udp_find_path(struct udp_pcb *pcb, const struct ph_addr *dst,
                              const struct udp_tx *how);
/* Copy pieces into a packet: the first `in_line` bytes behind its header, the
 * rest into blocks. False: there are none left. */
bool udp_fill(struct ph_stack *stack, struct pkt *pkt,
              const struct ph_iovec *iov, uint32_t count, uint32_t in_line);
/* What goes to a group or broadcast: may it, its time to live, and a copy for
 * this host. 0, -PH_EACCES. */
int udp_send_group(struct udp_pcb *pcb, const struct pkt *pkt,
                   const struct ip_path *path, const struct udp_tx *how,
                   struct ip_tx *tx);
/* The device is full: `pcb` is told when it no longer is. */
void udp_wait_for_room(struct udp_pcb *pcb);
/* Queue `pkt`, which starts at what the reader gets; `port`: 2 bytes. Takes it.
 */
void udp_enqueue(struct ph_stack *stack, struct udp_pcb *pcb, struct pkt *pkt,
                 const struct ip_rx *rx, const uint8_t *port);
/* A packet of its own with what `pkt` has from `start` (in its linear part) on,
 * or NULL. */
struct pkt *udp_copy(struct ph_stack *stack, const struct pkt *pkt,
                     const uint8_t *start);
/* An ICMP error about what `pcb` sent to `port`; its payload starts `skip`
 * bytes into the transport's part. Only who is connected is told, or asked for
 * it. */
void udp_tell_error(struct udp_pcb *pcb, const struct ip_error_info *info,
                    uint32_t skip, uint16_t port);
/* What a packet costs while it waits. */
uint32_t udp_footprint(const struct pkt *pkt);

#endif
