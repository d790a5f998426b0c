/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: where packets to one destination go, and the link and IP header that
 * is ready for them. One bounded table per stack, for every family and every
 * transport (docs/decisions/0009-paths.md).
 *
 * Who sends to the same place again keeps a hint, the number of an entry, and
 * asks ip_path_get() for each packet. A hint is verified, not trusted: the
 * entry must be of these two addresses, and made since routes, addresses,
 * interfaces or path MTUs last changed (ph_stack.route_generation). If it is
 * not, or was given to others, the path is looked up again. So nobody counts
 * references, an entry may go at any time, and a packet can't go astray.
 *
 * The neighbour's MAC is copied into the header and used as long as ARP (ND)
 * says that it is fresh and has not moved to another version: struct
 * eth_neighbour. Else the packet goes through ARP, which asks, confirms or lets
 * it wait, and the header is made up to date. */
#ifndef PH_IP_IP_PATH_H
#define PH_IP_IP_PATH_H

#include "stack/eth/eth.h"

enum {
  IP_PATH_LINK_LEN = 14,   /* Ethernet */
  IP_PATH_HEADER_MAX = 54, /* and IPv6 */
};

struct ip_path {
  /* What is verified. */
  struct ph_addr dst, src; /* `src`: our address there */
  uint64_t generation;     /* of the routes that it was made of; 0: free */
  struct netif *netif;     /* never NULL in a path that was found */
  const struct ip_family *family;
  struct eth_neighbour *neighbour;
  /* What goes into a packet. */
  uint32_t neighbour_version; /* whose MAC is in `header` */
  uint16_t pseudo_sum; /* folded sum of both addresses: ip_path_pseudo_sum() */
  uint16_t header_sum; /* of what is constant in the IPv4 header */
  uint16_t id_counter; /* IPv4: which identification is the next */
  bool src_chosen;     /* by the route: nobody asked for `src` */
  bool group;          /* the destination is a broadcast or multicast address */
  uint16_t mtu;        /* ip_path_mtu() */
  uint16_t link_mtu;   /* of the first link */
  int error; /* there is no way: -PH_ENETUNREACH; packets are dropped */
  uint64_t mtu_until_ns;
  uint64_t used_ns; /* by the last packet */
  struct ph_addr next_hop;
  uint8_t header[IP_PATH_HEADER_MAX]; /* link, IP: what is constant of them */
};

/* The first thing in the state of module IP. */
struct ip_paths {
  struct ip_path *path; /* IP_PATH_WAYS to a set */
  uint32_t set_mask;
};

/* The path to `dst` from `src`, which may be unspecified or NULL: the route
 * chooses. Never NULL; see `error`. It is good until the next packet comes or
 * goes; `*hint`, which may start as 0, is what to keep. `hint` may be NULL. */
struct ip_path *ip_path_find(struct ph_stack *stack, uint16_t *hint,
                             const struct ph_addr *src,
                             const struct ph_addr *dst);

/* The same for who asked before. */
static inline struct ip_path *ip_path_get(struct ph_stack *stack,
                                          uint16_t *hint,
                                          const struct ph_addr *src,
                                          const struct ph_addr *dst) {
  const struct ip_paths *paths = stack->module[PH_MODULE_IP];
  struct ip_path *path = &paths->path[*hint];
  if (PH_SHORT_WAYS && path->generation == stack->route_generation &&
      ph_addr_equal(&path->dst, dst) &&
      (src ? ph_addr_equal(&path->src, src) : path->src_chosen)) {
    return path;
  }
  return ip_path_find(stack, hint, src, dst);
}

/* Fill in mtu and mtu_until_ns: ip_pmtu.c. */
void ip_pmtu_refresh(struct ph_stack *stack, struct ip_path *path);

/* True if the header may be used as it is; else ARP or ND are to be asked. */
static inline bool ip_path_ready(const struct ph_stack *stack,
                                 const struct ip_path *path) {
  return stack->now_ns < path->neighbour->fresh_until_ns &&
         path->neighbour_version == path->neighbour->version;
}

/* `neighbour` is where frames of this path go. */
static inline void ip_path_take_neighbour(struct ip_path *path,
                                          struct eth_neighbour *neighbour) {
  path->neighbour = neighbour;
  path->neighbour_version = neighbour->version;
  memcpy(path->header, neighbour->mac, sizeof(neighbour->mac));
}

/* Folded, uncomplemented sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1:
 * the same numbers in another order). */
static inline uint16_t ip_path_pseudo_sum(const struct ip_path *path,
                                          uint8_t protocol, uint32_t len) {
  uint32_t sum = path->pseudo_sum + protocol + (len & 0xffff) + (len >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)(sum + (sum >> 16));
}

/* The longest IP packet that the path takes, as far as is known. */
static inline uint16_t ip_path_mtu(struct ph_stack *stack,
                                   struct ip_path *path) {
  if (stack->now_ns >= path->mtu_until_ns) {
    ip_pmtu_refresh(stack, path);
  }
  return path->mtu;
}

/* A packet to `dst` was too big for `mtu`. Only for who has checked that it was
 * his packet and that it was longer. */
void ip_lower_path_mtu(struct ph_stack *stack, const struct ph_addr *dst,
                       uint16_t mtu);

#endif
