/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 (RFC 8200): set-up, and what a person may look at. Transports see it
 * through ip.h alone.
 *
 * Zones (RFC 4007): inside the stack the second 16-bit word of a link-local
 * address, which is zero on the wire, holds the index of its interface. So a
 * link-local address names one host, and nobody carries a scope id beside it.
 */
#ifndef PH_IP_IPV6_H
#define PH_IP_IPV6_H

#include "stack/ip/ip.h"

/* What all interfaces do; zero is the default of a host. */
struct ph_ipv6_config {
  bool ignore_ra;        /* no router solicitations, no autoconfiguration */
  bool accept_redirects; /* RFC 4861 8.3: off unless asked for */
  bool skip_dad;         /* addresses are ready at once (simulations, tests) */
  bool no_link_local;    /* no address but those that are given */
};

/* IPv6 with neighbour discovery, address autoconfiguration and MLDv2, beside
 * ph_ipv4_init() or alone; before interfaces are added, which then get a
 * link-local address and ask for routers. `config` NULL: all zero. 0,
 * -PH_ENOMEM. */
int ph_ipv6_init_with(struct ph_stack *stack,
                      const struct ph_ipv6_config *config) PH_MUST_USE;
int ph_ipv6_init(struct ph_stack *stack) PH_MUST_USE;

/* Give an interface an address; its prefix is on the link. It is usable when
 * duplicate address detection has passed (a second), at once with `no_dad`.
 * 0, -PH_EINVAL, -PH_EEXIST, -PH_ENOMEM. */
int ph_ipv6_add_address(struct ph_stack *stack, struct netif *netif,
                        const struct ph_addr *address, uint8_t prefix_len,
                        bool no_dad) PH_MUST_USE;

/* Add a route; longest prefix wins, before what routers told. `next_hop` NULL:
 * on the link. 0, -PH_EINVAL, -PH_ENOMEM. */
int ph_ipv6_add_route(struct ph_stack *stack, const struct ph_addr *destination,
                      uint8_t prefix_len, const struct ph_addr *next_hop,
                      struct netif *netif) PH_MUST_USE;

/* What there is on links, the routes that were given and the default routers,
 * `index` from 0; -PH_ENOENT past the last, and without IPv6. */
int ph_ipv6_route_info(struct ph_stack *stack, uint32_t index,
                       struct ph_route_info *info);

/* What a router says of itself on a link (RFC 4861 6.2.1); 0: the default. The
 * prefixes are those of the addresses that it was given there, for
 * autoconfiguration if they have 64 bits. */
struct ph_ipv6_advertise {
  uint16_t interval_s;    /* at most between two; 4 to 1800, default 600 */
  uint16_t lifetime_s;    /* as a default router; at least the interval, at most
                             9000, default three intervals */
  uint16_t mtu;           /* that all are to use; default: none is named */
  uint32_t valid_s;       /* of prefixes; default 30 days */
  uint32_t preferred_s;   /* default 7 days */
  bool no_default_router; /* prefixes and parameters alone */
};

/* Be heard as a router on this link, by hosts that configure themselves; again:
 * with other values. Who does not forward says that it is no default router. To
 * be called at the start, after the addresses were given. 0, -PH_EINVAL,
 * -PH_ENOMEM. */
int ph_ipv6_advertise(struct ph_stack *stack, struct netif *netif,
                      const struct ph_ipv6_advertise *config) PH_MUST_USE;
/* Be a router there no longer: this is said three times, now and in the next
 * seconds (RFC 4861 6.2.5). */
void ph_ipv6_advertise_cease(struct ph_stack *stack, struct netif *netif);

/* Join or leave a multicast group on an interface (RFC 3810); counted, so each
 * join needs its leave. 0, -PH_EINVAL, -PH_ENOMEM; -PH_ENOENT: was no member.
 */
int ph_ipv6_join(struct ph_stack *stack, struct netif *netif,
                 const struct ph_addr *group) PH_MUST_USE;
int ph_ipv6_leave(struct ph_stack *stack, struct netif *netif,
                  const struct ph_addr *group) PH_MUST_USE;

/* Our addresses, `index` from 0; -PH_ENOENT past the last. */
struct ph_ipv6_address_info {
  struct ph_addr address; /* as ip_addr_take_zone() leaves it */
  struct netif *netif;
  uint8_t prefix_len;
  const char *state; /* "tentative", "preferred", "deprecated", "duplicate" */
  bool autoconf;
  uint64_t valid_until_ns, preferred_until_ns; /* UINT64_MAX: for ever */
};
int ph_ipv6_address_info(struct ph_stack *stack, uint32_t index,
                         struct ph_ipv6_address_info *info);

/* The neighbour cache of an interface, in the same way. */
struct ph_nd_info {
  struct ph_addr address;
  uint8_t mac[6];
  const char *state; /* "INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE" */
  bool is_router;
  uint32_t queued; /* packets that wait */
};
int ph_nd_info(struct netif *netif, uint32_t index, struct ph_nd_info *info);

#endif
