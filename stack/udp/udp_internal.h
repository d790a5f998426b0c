/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_UDP_UDP_INTERNAL_H
#define PH_UDP_UDP_INTERNAL_H

#include "stack/base/hash.h"
#include "stack/udp/udp.h"

enum {
  UDP_BUCKETS = 256, /* a power of two */
  UDP_PORT_FIRST = 49152,
  UDP_PORT_COUNT = 16384, /* RFC 6335 6 */
};

struct udp_state {
  struct udp_pcb *buckets[UDP_BUCKETS]; /* by local port */
  struct udp_pcb *waiting;              /* for room in a device */
  struct ph_hash_key key;
  uint64_t port_counter;
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

void udp_input(struct ph_stack *stack, struct pkt *pkt, const struct ip_rx *rx);
void udp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info);
void udp_drop_queue(struct udp_pcb *pcb);

#endif
