/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of IPv6 share. */
#ifndef PH_IP_IPV6_INTERNAL_H
#define PH_IP_IPV6_INTERNAL_H

#include "stack/ip/ip_internal.h"
#include "stack/ip/ip_membership.h"
#include "stack/ip/ipv6.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ipv6_wire.h"

enum {
  IPV6_MAX_ADDRESSES = 32,
  IPV6_MAX_AUTOCONF = 8, /* of these per interface, by what routers said */
  IPV6_MAX_PREFIXES = 32,
  IPV6_MAX_LEARNT = 16, /* of these, by what routers said */
  IPV6_MAX_ROUTERS = 8,
  IPV6_MAX_REDIRECTS = 32,
  IPV6_MAX_HEADERS = 16, /* extension headers of a packet */
  IPV6_HOPS_DEFAULT = 64,
  IPV6_HOPS_MIN = 32,      /* a router's advice below it is not taken */
  IPV6_MSS_DEFAULT = 1220, /* RFC 9293 3.7.1 */
  ND_SETS = 64,            /* a power of two; ND_SETS * ND_WAYS neighbours */
  ND_WAYS = 4,
  ND_MAX_SOLICIT = 3, /* RFC 4861 10: multicast and unicast, and RS */
  ND_HEADROOM = 96,   /* Ethernet, IPv6, hop-by-hop options, the driver's */
};
#define IPV6_SECOND UINT64_C(1000000000)
#define IPV6_MS UINT64_C(1000000)
#define IPV6_FOREVER UINT64_MAX
#define ND_REACHABLE_NS (30 * IPV6_SECOND)
#define ND_RETRANS_NS IPV6_SECOND
#define ND_DELAY_NS (5 * IPV6_SECOND) /* DELAY_FIRST_PROBE_TIME */
#define ND_RS_INTERVAL_NS (4 * IPV6_SECOND)
#define ND_START_DELAY_NS IPV6_SECOND /* at most, before the first RS, DAD */

enum ipv6_address_state {
  IPV6_ADDRESS_FREE,
  IPV6_ADDRESS_TENTATIVE, /* receives nothing but neighbour discovery */
  IPV6_ADDRESS_READY,
  IPV6_ADDRESS_DUPLICATE, /* another node has it */
};

struct ipv6_address {
  struct ph_addr addr; /* with its zone */
  struct ipv6_link *link;
  uint64_t valid_until_ns, preferred_until_ns;
  struct ph_timer timer; /* of DAD, then of the end */
  uint8_t prefix_len;
  uint8_t state;       /* enum ipv6_address_state */
  uint8_t probes_left; /* of DAD */
  bool autoconf;       /* RFC 4862 5.5.3 */
};

/* A prefix that is on the link. */
struct ipv6_prefix {
  struct ph_addr prefix;
  struct ipv6_link *link; /* NULL: a free place */
  uint64_t until_ns;
  uint8_t len;
  bool learnt; /* from a router advertisement */
};

struct ipv6_router {
  struct ph_addr addr;
  struct ipv6_link *link; /* NULL: a free place */
  uint64_t until_ns;
  bool failed; /* it did not answer since it last advertised itself */
};

/* A better first hop for one destination (RFC 4861 8). */
struct ipv6_redirect {
  struct ph_addr dst, next_hop;
  struct ipv6_link *link; /* NULL: a free place */
};

enum nd_state {
  ND_FREE,
  ND_INCOMPLETE, /* asked; packets wait; the timer runs */
  ND_REACHABLE,  /* until eth.fresh_until_ns, then STALE */
  ND_STALE,      /* good until it is used */
  ND_DELAY,      /* used; a hint from above may come; the timer runs */
  ND_PROBE,      /* asked again, by unicast; the timer runs */
};

struct nd_neighbour {
  struct eth_neighbour eth; /* fresh unless INCOMPLETE or STALE */
  struct ph_addr addr;      /* with its zone */
  struct ipv6_link *link;
  struct ph_timer timer;
  struct eth_waiting waiting;
  uint8_t state;  /* enum nd_state */
  uint8_t probes; /* sent */
  bool is_router;
};

/* What IPv6 knows of an interface. */
struct ipv6_link {
  struct ipv6_link *next;
  struct netif *netif;
  struct ph_stack *stack; /* the interface's */
  struct ph_ends_key key; /* of the neighbours' table */
  uint64_t reachable_ns, base_reachable_ns, retrans_ns;
  uint16_t mtu; /* what routers said, at most the device's */
  uint8_t hops;
  uint8_t solicits_left; /* router solicitations */
  bool disabled;         /* its link-local address is a duplicate */
  bool has_router;       /* one answered */
  uint32_t queued;       /* packets that wait for neighbours */
  struct ph_timer solicit_timer;
  struct ip_group_link groups;
  /* Of a router that advertises itself (nd_advertise.c), else NULL. */
  struct nd_advertiser *advertiser;
  bool (*solicited)(struct ipv6_link *link, const uint8_t *message,
                    uint32_t len, const struct ip_rx *rx);
  struct nd_neighbour neighbours[ND_SETS][ND_WAYS];
};

struct ipv6_state {
  struct ph_ipv6_config config;
  struct ph_stack *stack;
  struct ipv6_link *links; /* of interfaces with a link layer */
  uint32_t address_end;    /* none behind it was ever used */
  uint32_t router_turn;    /* when none is known to be reachable */
  uint32_t redirect_next;
  struct ph_timer expiry; /* of the first prefix or router */
  struct ipv6_router routers[IPV6_MAX_ROUTERS];
  struct ipv6_prefix prefixes[IPV6_MAX_PREFIXES];
  struct ipv6_redirect redirects[IPV6_MAX_REDIRECTS];
  struct ipv6_address addresses[IPV6_MAX_ADDRESSES];
};

extern const struct ip_family ipv6_family;

static inline struct ipv6_state *ipv6_of(const struct ph_stack *stack) {
  const struct ip_state *ip = stack->module[PH_MODULE_IP];
  return ip->v6;
}
static inline struct ipv6_link *ipv6_link_of(const struct netif *netif) {
  return netif->ipv6;
}
static inline struct ph_stack *ipv6_stack_of(const struct ipv6_link *link) {
  return link->stack;
}
static inline uint16_t ipv6_link_mtu(const struct ipv6_link *link) {
  uint16_t device = link->netif->caps.mtu;
  return link->mtu < device ? link->mtu : device;
}

/* ---- ipv6.c: addresses as such ------------------------------------------- */
/* Link-local unicast, and groups of the interface's or link's scope. */
static inline bool ipv6_has_zone(const struct ph_addr *a) {
  return ipv6_is_link_local(a->bytes) ||
         (a->bytes[0] == 0xff && (a->bytes[1] == 1 || a->bytes[1] == 2));
}
static inline uint8_t ipv6_zone(const struct ph_addr *a) {
  return ipv6_has_zone(a) ? a->bytes[3] : 0;
}
static inline void ipv6_set_zone(struct ph_addr *a, const struct netif *netif) {
  if (ipv6_is_link_local(a->bytes)) {
    a->bytes[3] = netif->index;
  }
}
static inline void ipv6_clear_zone(uint8_t *a) {
  if (ipv6_is_link_local(a) || (a[0] == 0xff && (a[1] == 1 || a[1] == 2))) {
    a[2] = a[3] = 0;
  }
}
/* The bytes at `from`, as seen on `netif`. */
static inline struct ph_addr ipv6_addr_at(const uint8_t *from,
                                          const struct netif *netif) {
  struct ph_addr a;
  memcpy(a.bytes, from, 16);
  ipv6_set_zone(&a, netif);
  return a;
}
/* How many leading bits are equal. */
uint32_t ipv6_common_bits(const struct ph_addr *a, const struct ph_addr *b);
/* ff02::1:ffxx:xxxx of an address (RFC 4291 2.7.1). */
struct ph_addr ipv6_solicited_group(const struct ph_addr *a);
extern const struct ph_addr ipv6_all_nodes, ipv6_all_routers, ipv6_all_mld2;
/* When a lifetime in seconds that starts now ends; 0xffffffff is for ever. */
uint64_t ipv6_lifetime_end(const struct ph_stack *stack, uint32_t seconds);

/* ---- ipv6_address.c ------------------------------------------------------ */
/* Ours and usable; `::1` too. */
bool ipv6_is_own(const struct ipv6_state *v6, const struct ph_addr *addr);
/* The same in any state, or NULL. */
struct ipv6_address *ipv6_address_find(struct ipv6_state *v6,
                                       const struct ph_addr *addr);
/* Make one; NULL if there is no room. DAD begins unless `ready`. */
struct ipv6_address *ipv6_address_add(struct ipv6_link *link,
                                      const struct ph_addr *addr,
                                      uint8_t prefix_len, bool ready);
/* Another node has it (RFC 4862 5.4.5). */
void ipv6_address_duplicate(struct ph_stack *stack,
                            struct ipv6_address *address);
/* Watch over its end, which has changed. */
void ipv6_address_watch(struct ph_stack *stack, struct ipv6_address *address);
/* A source for packets to `dst` by this interface (RFC 6724 5), or NULL. */
const struct ipv6_address *ipv6_choose_source(const struct ph_stack *stack,
                                              const struct ipv6_link *link,
                                              const struct ph_addr *dst);
/* The interface's usable link-local address, or NULL. */
const struct ipv6_address *ipv6_link_local(const struct ipv6_link *link);
/* fe80::/64 and others: the interface's identifier behind a prefix. */
struct ph_addr ipv6_eui64(const struct netif *netif, const uint8_t *prefix);

/* ---- ipv6_route.c -------------------------------------------------------- */
int ipv6_route(struct ph_stack *stack, const struct ph_addr *src,
               struct ip_path *path);
/* Where packets to a unicast address that is not link-local go, or NULL. */
struct ipv6_link *ipv6_next_hop(struct ipv6_state *v6,
                                const struct ph_addr *dst,
                                struct ph_addr *next_hop);
/* A lifetime changed: paths are made anew, now and when the first one ends. */
void ipv6_watch_expiry(struct ph_stack *stack);
void ipv6_expiry_timer(struct ph_stack *stack, struct ph_timer *timer);
/* Add, prolong or (until_ns 0) remove a prefix of the link. */
void ipv6_prefix_set(struct ipv6_link *link, const struct ph_addr *prefix,
                     uint8_t len, uint64_t until_ns, bool learnt);
/* The same for a default router. */
void ipv6_router_set(struct ipv6_link *link, const struct ph_addr *addr,
                     uint64_t until_ns);
struct ipv6_router *ipv6_router_find(struct ipv6_state *v6,
                                     const struct ph_addr *addr);
/* Where `dst` goes by way of `link` unless redirected; NULL: to itself. */
void ipv6_redirect_set(struct ipv6_link *link, const struct ph_addr *dst,
                       const struct ph_addr *next_hop);
/* Nothing goes by way of this neighbour any more. */
void ipv6_next_hop_failed(struct ipv6_link *link, const struct ph_addr *addr);

/* ---- ipv6_input.c, ipv6_extension.c -------------------------------------- */
/* eth_input_fn. */
void ipv6_input(struct netif *netif, struct pkt *pkt, bool group);

/* The chain of headers of a packet. */
struct ipv6_chain {
  uint32_t at;       /* of the header that follows, from the IPv6 header */
  uint32_t next_at;  /* of the Next Header field that says what it is */
  uint8_t next;      /* what it is */
  bool router_alert; /* the hop-by-hop options have it (RFC 2711) */
  bool rebuilt;      /* of fragments */
};

/* Walk the extension headers of the packet that starts at the IPv6 header.
 * True: `chain` is at the upper layer; `*pkt` is another one if it was rebuilt
 * of fragments. False: `*pkt` was taken. */
bool ipv6_walk(struct ph_stack *stack, struct pkt **pkt, const struct ip_rx *rx,
               struct ipv6_chain *chain);

/* Where the upper layer begins in `len` bytes from an IPv6 header on, without
 * judging what is in between; 0: not there, or a later fragment. */
uint32_t ipv6_upper_at(const uint8_t *ip, uint32_t len, uint8_t *next);

/* ---- ipv6_forward.c ------------------------------------------------------ */
/* A packet that was forwarded could not be delivered on its last link: tell its
 * sender. `pkt` starts at its IP header. */
void ipv6_forward_failed(const struct pkt *pkt);

/* ---- ipv6_output.c ------------------------------------------------------- */
int ipv6_output(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                struct ip_tx tx);
void ipv6_prepare(struct ph_stack *stack, struct ip_path *path);
uint16_t ipv6_pseudo_sum(const struct ph_addr *src, const struct ph_addr *dst,
                         uint8_t protocol, uint32_t len);
/* Push the header for `next` in front of the packet. NULL: no room. */
uint8_t *ipv6_push_header(struct pkt *pkt, const struct ph_addr *src,
                          const struct ph_addr *dst, uint8_t next, uint8_t hops,
                          uint8_t tos);
/* Finish and send a message of neighbour discovery or MLD, which starts at its
 * ICMPv6 header, on this link; to a group, or to `mac`. `src` NULL: from `::`.
 * Takes it. */
void ipv6_send_on_link(struct ipv6_link *link, struct pkt *pkt,
                       const struct ph_addr *src, const struct ph_addr *dst,
                       const uint8_t *mac);

/* ---- icmpv6.c ------------------------------------------------------------ */
void icmpv6_input(struct ph_stack *stack, struct pkt *pkt,
                  const struct ip_rx *rx, bool router_alert);
/* ip_family's. */
void icmpv6_send_error(struct ph_stack *stack, const struct pkt *pkt,
                       const struct ip_rx *rx, enum ip_error error);
int icmpv6_output(struct ph_stack *stack, struct pkt *pkt,
                  const struct ph_addr *src, const struct ph_addr *dst,
                  uint8_t tos);
/* An error of this type, code and fifth to eighth byte about `pkt`, whose IPv6
 * header is at pkt->l3; unless RFC 4443 2.4 (e) and (f) forbid it. */
void icmpv6_send(struct ph_stack *stack, const struct pkt *pkt,
                 const struct ip_rx *rx, uint8_t type, uint8_t code,
                 uint32_t word);
/* Tell the transport that the packet of ours at `ip` (`len` bytes are there)
 * failed. `info` says why; what it says of the packet is filled in. False if it
 * is none of ours. */
bool ipv6_report_error(struct netif *netif, const uint8_t *ip, uint32_t len,
                       struct ip_error_info *info);

/* ---- nd_*.c -------------------------------------------------------------- */
void nd_link_init(struct ipv6_link *link);
/* Send the IPv6 packet to the neighbour at once or, while it is being asked
 * for, later; `*neighbour` is what is known of it. Result as eth_output(). */
int nd_output(struct ipv6_link *link, struct pkt *pkt,
              const struct ph_addr *next_hop, struct eth_neighbour **neighbour);
struct nd_neighbour *nd_find(struct ipv6_link *link,
                             const struct ph_addr *addr);
/* A packet of the neighbour told its link-layer address; NULL: it told none.
 * Makes an entry if there is a place that is not in use. */
struct nd_neighbour *nd_learn(struct ipv6_link *link,
                              const struct ph_addr *addr, const uint8_t *mac);
/* That is its address now. */
void nd_set_mac(struct nd_neighbour *n, const uint8_t *mac);
/* It was heard to answer; sends what waits for it. */
void nd_reachable(struct nd_neighbour *n);
void nd_stale(struct nd_neighbour *n);
/* ip_family.confirm */
void nd_confirm(struct ph_stack *stack, const struct ip_path *path);
/* Solicit `target`; `mac` NULL: by multicast. `src` NULL: DAD, from `::`. */
void nd_send_solicit(struct ipv6_link *link, const struct ph_addr *src,
                     const struct ph_addr *target, const uint8_t *mac);

/* What the first option of this kind has in it, in a message of `len` bytes
 * whose options start at `from`, or NULL. */
const uint8_t *nd_option(const uint8_t *message, uint32_t len, uint32_t from,
                         uint8_t kind);
/* The same of a link-layer address; a group is none. */
const uint8_t *nd_mac_option(const uint8_t *message, uint32_t len,
                             uint32_t from, uint8_t kind);
/* True if no option has length 0 or runs past the end (RFC 4861 4.6). */
bool nd_options_good(const uint8_t *message, uint32_t len, uint32_t from);

/* A message of types 133 to 137 with a good checksum; stays the caller's. */
void nd_input(struct ipv6_link *link, const struct pkt *pkt,
              const struct ip_rx *rx);
bool nd_router_advert(struct ipv6_link *link, const uint8_t *message,
                      uint32_t len, const struct ip_rx *rx);
/* A message of ours whose first `len` bytes are 0 but for the type, and the
 * option with our link-layer address. NULL: no memory. */
struct pkt *nd_message_new(struct ipv6_link *link, uint8_t type, uint32_t len);
void nd_append_mac(struct pkt *pkt, const struct ipv6_link *link, uint8_t kind);
/* Ask for routers. */
void nd_solicit_routers(struct ipv6_link *link);
void nd_solicit_timer(struct ph_stack *stack, struct ph_timer *timer);
/* RFC 4861 6.3.2: between a half and one and a half of the base. */
void nd_draw_reachable(struct ipv6_link *link);

/* ---- mld.c --------------------------------------------------------------- */
void mld_link_init(struct ipv6_link *link);
/* Does anybody listen to it there? */
static inline bool mld_heard(const struct ipv6_link *link,
                             const struct ph_addr *group) {
  return ip_group_heard(&link->groups, group);
}
/* For ourselves, whoever sends; counted. */
int mld_join(struct ipv6_link *link, const struct ph_addr *group) PH_MUST_USE;
int mld_leave(struct ipv6_link *link, const struct ph_addr *group);
/* Another host told an old querier of a group. */
void mld_report(struct ipv6_link *link, const uint8_t *message, uint32_t len);
/* A query, from its ICMPv6 header on; false: malformed. */
bool mld_query(struct ipv6_link *link, const uint8_t *message, uint32_t len,
               const struct ip_rx *rx, bool router_alert);

#endif
