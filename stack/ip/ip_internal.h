/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_IP_IP_INTERNAL_H
#define PH_IP_IP_INTERNAL_H

#include "stack/base/hash.h"
#include "stack/ip/ip.h"
#include "stack/ip/ip_trie.h"
#include "stack/wire/ip_wire.h"

enum {
  IPV4_MAX_ADDRESSES = 16,
  IPV4_ID_COUNTERS = 1024, /* a power of two */
  IPV4_TTL_DEFAULT = 64,   /* RFC 1700 */
  IPV4_MIN_MTU = 68,       /* RFC 791 3.2 */
  IPV4_PMTU_FLOOR = 552,   /* as Linux: what an ICMP may lower a path to */
  IPV4_MSS_DEFAULT = 536,  /* RFC 9293 3.7.1 */
  IP_PATHS_DEFAULT = 256,
  IP_ROUTES_DEFAULT = 256,
  IP_NOWHERE_MTU = 1280, /* of a path that does not exist */
  IP_PMTU_ENTRIES = 64,
  IP_PMTU_WAYS = 4,
  ICMP_BURST = 50, /* errors at once, then one per ICMP_INTERVAL_NS */
  ICMP_INTERVAL_NS = 1000000,
};

struct ipv4_address {
  uint32_t ip, mask;
  uint32_t broadcast; /* 0: it has none (RFC 3021: /31 and /32) */
  struct netif *netif;
};

/* What is known of the path to `dst`; until_ns 0: a free place. */
struct ip_pmtu {
  struct ph_addr dst;
  uint64_t until_ns;
  uint16_t mtu;
};

struct ip_fragment;
struct ip_reassembly;

/* What is long comes last, so that other offsets stay short. */
struct ip_state {
  struct ip_paths paths;               /* ip_path.c */
  const struct ip_family *families[2]; /* IPv4, IPv6; NULL without */
  uint64_t good_ends; /* addresses as in the header of the last good packet */
  const struct netif *good_netif; /* to us, from there; NULL: none yet */
  uint32_t address_count;
  uint32_t gateway;               /* if there are no routes; 0: not even that */
  const struct ip_routes *routes; /* what `trie` needs; NULL: there are none */
  uint64_t pmtu_until_ns;         /* the youngest entry's end */
  const struct ip_tap *tap;
  struct ip_groups *groups; /* ip_membership.c; NULL: nobody listens to any */
  uint64_t icmp_refilled_ns;
  uint32_t icmp_tokens;
  struct ipv6_state *v6;
  struct ph_hash_key key;
  /* eth_input_fn of IPv6. */
  void (*ipv6_input)(struct netif *netif, struct pkt *pkt, bool group);
  /* ipv4_reassemble() and ip_reassemble(), or NULL. */
  struct pkt *(*reassemble4)(struct ph_stack *stack, struct pkt *pkt,
                             bool broadcast);
  struct pkt *(*reassemble)(struct ph_stack *stack, struct pkt *pkt,
                            const struct ip_fragment *fragment);
  struct ip_reassembly *reassembly;
  /* What to do with packets for others; NULL in a host. Takes `pkt`, which
   * starts at an IP header that was checked; `group`: of the frame. */
  void (*forward4)(struct netif *netif, struct pkt *pkt, bool group);
  void (*forward6)(struct netif *netif, struct pkt *pkt, bool group);
  void (*forward4_failed)(struct ph_stack *stack, const struct pkt *pkt);
  struct netif *loopback; /* NULL until there is one: ip_loopback.c; then */
  void (*loop_back)(struct ph_stack *stack, const struct pkt *pkt,
                    const struct ip_path *path, struct ip_tx tx);
  bool (*heard4)(const struct netif *netif, uint32_t group); /* igmp.c's, */
  bool (*from_switch)(const struct netif *netif, const uint8_t *h); /* too */
  icmp_echo_fn *echo_fn; /* told by take_echo; both NULL: nobody asked */
  void (*take_echo)(struct ph_stack *stack, const struct pkt *pkt,
                    const struct ip_rx *rx);
  void *echo_ctx;
  struct ip_path nowhere;
  struct netif no_netif;
  /* Of paths that need no neighbour, and that don't know theirs yet. */
  struct eth_neighbour always, never;
  struct ip_trie trie; /* routes of both families: ip_route.c */
  struct ipv4_address addresses[IPV4_MAX_ADDRESSES];
  const struct ip_protocol *protocols[256];
  uint16_t ids[IPV4_ID_COUNTERS];       /* next identification by destination */
  struct ip_pmtu pmtu[IP_PMTU_ENTRIES]; /* ip_pmtu.c */
};

extern const struct ip_family ipv4_family;

static inline struct ip_state *ip_of(struct ph_stack *stack) {
  return stack->module[PH_MODULE_IP];
}

/* The packet ends here, and is counted. */
void ip_drop(struct pkt *pkt, uint64_t *counter);

/* True for ::ffff:0:0/96. */
bool ip_addr_is_v4(const struct ph_addr *addr);

/* May an ICMP error of either family be sent now? Counts it if so. */
bool icmp_take_token(struct ph_stack *stack);

/* eth_input_fn; `group`: sent to a link-layer group. Takes `pkt`. */
void ipv4_input(struct netif *netif, struct pkt *pkt, bool group);

/* What a transport learns of a packet with the IPv4 header `h`. */
static PH_SHARED struct ip_rx ipv4_rx(const uint8_t *h, bool broadcast) {
  return (struct ip_rx){.src = ph_addr_v4(get_be32(h + IPV4_OFF_SRC)),
                        .dst = ph_addr_v4(get_be32(h + IPV4_OFF_DST)),
                        .protocol = h[IPV4_OFF_PROTO],
                        .ttl = h[IPV4_OFF_TTL],
                        .tos = h[IPV4_OFF_TOS],
                        .broadcast = broadcast,
                        .family = &ipv4_family};
}

/* ip_state.forward4, forward6: ipv4_forward.c, ipv6_forward.c. */
void ipv4_forward(struct netif *netif, struct pkt *pkt, bool group);
void ipv6_forward(struct netif *netif, struct pkt *pkt, bool group);

/* A packet that was forwarded could not be delivered on its last link: tell its
 * sender. `pkt` starts at its IP header. */
void ipv4_forward_failed(struct ph_stack *stack, const struct pkt *pkt);

/* The functions of ipv4_family: ipv4_output.c, ipv4_route.c. */
int ipv4_output(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                struct ip_tx tx);
int ipv4_route(struct ph_stack *stack, const struct ph_addr *src,
               struct ip_path *path);

/* What IPv4 needs of the table of routes: ip_route.c. */
struct ip_routes {
  const struct ip_route *(*lookup_v4)(const struct ip_trie *trie, uint32_t ip);
  /* That of a subnet of ours; again: 0. */
  int (*add_subnet)(struct ph_stack *stack, const struct ipv4_address *address);
  int (*set_default)(struct ph_stack *stack, uint32_t router,
                     struct netif *netif, bool on);
};
int ip_paths_init(struct ph_stack *stack, struct ip_state *ip, uint32_t count);

/* One of ours, 127/8 included. */
bool ipv4_is_own(const struct ip_state *ip, uint32_t address);

/* ip_state.loop_back: see ip_loop_back(). */
void ip_group_loop_back(struct ph_stack *stack, const struct pkt *pkt,
                        const struct ip_path *path, struct ip_tx tx);

/* ip_family.heard of IPv4: ip_group.c. */
bool ipv4_heard(const struct netif *netif, const struct ph_addr *addr);

/* 255.255.255.255 or a subnet's broadcast address; `netif` NULL: of any. */
bool ipv4_is_broadcast(const struct ip_state *ip, uint32_t address,
                       const struct netif *netif);

/* Tell the transport that the packet of ours with the IP header at `header`
 * (`len` bytes are there) failed. `info` says why; what it says of the packet
 * is filled in. False if it is none of ours. */
bool ipv4_report_error(struct ph_stack *stack, const uint8_t *header,
                       uint32_t len, struct ip_error_info *info);

/* The transport of this number, and raw sockets. */
void ip_tell_error(struct ph_stack *stack, uint8_t number,
                   const struct ip_error_info *info);

void icmp_input(struct ph_stack *stack, struct pkt *pkt,
                const struct ip_rx *rx);

/* ip_family.send_error and icmp_output of IPv4. */
void icmp_send_error(struct ph_stack *stack, const struct pkt *pkt,
                     const struct ip_rx *rx, enum ip_error error);
int icmp_output(struct ph_stack *stack, struct pkt *pkt,
                const struct ph_addr *src, const struct ph_addr *dst,
                uint8_t tos);

/* An error of this type, code and fifth to eighth byte about `pkt`, whose IPv4
 * header is at pkt->l3, unless RFC 1122 3.2.2 or RFC 1812 4.3.2.7 forbids it.
 */
void icmp_send(struct ph_stack *stack, const struct pkt *pkt,
               const struct ip_rx *rx, uint8_t type, uint8_t code,
               uint32_t word);

/* An ICMP error of either family that quotes of `pkt`, from its IP header on,
 * what fits into `most` bytes; NULL: not now (icmp_take_token()). */
struct pkt *icmp_make_error(struct ph_stack *stack, const struct pkt *pkt,
                            uint8_t type, uint8_t code, uint32_t word,
                            uint32_t most);
/* What came goes back as a message of this type. */
void icmp_turn_round(struct pkt *pkt, uint8_t type);

/* Give an echo reply to who asked for it; at most a block of its data. */
void icmp_take_echo(struct ph_stack *stack, const struct pkt *pkt,
                    const struct ip_rx *rx);
static inline void icmp_tell_echo(struct ph_stack *stack, const struct pkt *pkt,
                                  const struct ip_rx *rx) {
  if (ip_of(stack)->take_echo) {
    ip_of(stack)->take_echo(stack, pkt, rx);
  }
}

#endif
