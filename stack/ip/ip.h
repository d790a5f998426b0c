/* SPDX-License-Identifier: Apache-2.0 */
/* The network layer as transports see it: addresses of 16 bytes and one table
 * of functions per family. No transport tests the family. */
#ifndef PH_IP_IP_H
#define PH_IP_IP_H

#include "stack/ip/ip_path.h"

enum {
  IP_PROTO_ICMP = 1,
  IP_PROTO_IGMP = 2,
  IP_PROTO_TCP = 6,
  IP_PROTO_UDP = 17,
  IP_PROTO_ICMPV6 = 58,
};

/* A handler of echo replies (ping). */
typedef void icmp_echo_fn(void *ctx, const struct ph_addr *from, uint16_t id,
                          uint16_t seq, const uint8_t *data, uint32_t len,
                          uint8_t ttl);

/* What goes into the IP header beside the addresses. */
struct ip_tx {
  uint8_t protocol;
  uint8_t ttl; /* 0: default 64 */
  uint8_t tos; /* DSCP and ECN bits */
  bool dont_fragment;
};

/* What the owner of a connection or an endpoint chose for its packets. */
struct ip_marks {
  uint8_t ttl; /* as above */
  uint8_t tos;
};

/* What a transport learns of a received packet; `pkt` starts at the transport
 * header and ends with the IP payload. */
struct ip_rx {
  struct ph_addr src, dst;
  uint8_t protocol;
  uint8_t ttl, tos;
  bool broadcast; /* link or IP broadcast/multicast */
  const struct ip_family *family;
};

enum ip_error {
  IP_ERROR_NET_UNREACHABLE,
  IP_ERROR_HOST_UNREACHABLE,
  IP_ERROR_PROTO_UNREACHABLE,
  IP_ERROR_PORT_UNREACHABLE,
  IP_ERROR_TOO_BIG, /* mtu holds the next hop's */
  IP_ERROR_TIME_EXCEEDED,
  IP_ERROR_REASSEMBLY, /* fragments did not come in time */
  IP_ERROR_PARAMETER,
  IP_ERROR_ADMIN_PROHIBITED,
};

/* What a socket is told of it: Linux's number, positive. */
uint8_t ip_errno(enum ip_error error);

struct ip_error_info {
  enum ip_error error;
  struct ph_addr src, dst; /* of the packet that we had sent */
  uint16_t mtu;
  const uint8_t *icmp;      /* the message, at least 8 bytes, */
  const struct ip_rx *rx;   /* and how it came; NULL: we say so ourselves */
  const uint8_t *transport; /* its first transport bytes */
  uint32_t transport_len;   /* how many of them are there (>= 8) */
};

struct ip_protocol {
  /* Takes `pkt`. */
  void (*input)(struct ph_stack *stack, struct pkt *pkt,
                const struct ip_rx *rx);
  /* An ICMP error about a packet of this protocol; may be NULL. */
  void (*error)(struct ph_stack *stack, const struct ip_error_info *info);
};

struct ip_family {
  int af;               /* PH_AF_INET, PH_AF_INET6 */
  uint16_t header_len;  /* without options */
  uint16_t pmtu_floor;  /* no path MTU below; an IPv4 packet of this length or
                           less may be fragmented on the way */
  uint16_t mss_default; /* what a peer takes that names none */
  uint8_t gso_tcp;      /* enum pkt_gso for TCP */
  uint8_t icmp_echo;    /* the message that asks for an echo */
  bool udp_sum_needed;  /* a UDP checksum of 0 is an error */
  bool fragmented_on_path; /* routers may fragment our packets */
  /* Paths to groups may have to leave by the `netif` that is set. Fill in
   * `netif`, `src`, `next_hop`, `group` and, unless it is the device's,
   * `link_mtu` of a path whose `dst` is set: 0 or -PH_ENETUNREACH. `src` NULL:
   * the route chooses. */
  int (*route)(struct ph_stack *stack, const struct ph_addr *src,
               struct ip_path *path);
  /* Then the header, the sums, and who the neighbour is if none is asked. */
  void (*prepare)(struct ph_stack *stack, struct ip_path *path);
  /* Folded, uncomplemented pseudo-header sum with length `len`. */
  uint16_t (*pseudo_sum)(const struct ph_addr *src, const struct ph_addr *dst,
                         uint8_t protocol, uint32_t len);
  /* Push the headers and send. `pkt` starts at the transport header and was
   * made with room for the others, as UDP_HEADROOM. Takes `pkt` unless
   * -PH_EAGAIN, with which the packet is as it was before the call. */
  int (*output)(struct ph_stack *stack, struct pkt *pkt, struct ip_path *path,
                struct ip_tx tx);
  /* Is it one of ours? */
  bool (*is_local)(struct ph_stack *stack, const struct ph_addr *addr);
  /* Is this group listened to on that interface? True also of broadcasts. */
  bool (*heard)(const struct netif *netif, const struct ph_addr *addr);
  /* See ip_send_unreachable(). */
  void (*send_error)(struct ph_stack *stack, const struct pkt *pkt,
                     const struct ip_rx *rx, enum ip_error error);
  /* Sum and send an ICMP message; takes `pkt`, also when the device is full.
   * `src` NULL: what the route chooses. */
  int (*icmp_output)(struct ph_stack *stack, struct pkt *pkt,
                     const struct ph_addr *src, const struct ph_addr *dst,
                     uint8_t tos);
  /* The neighbour that packets of this path go to was heard to make progress
   * (RFC 4861 7.3.1); NULL: nobody needs to know. */
  void (*confirm)(struct ph_stack *stack, const struct ip_path *path);
};

/* The family of an address, NULL if that family was never registered. `::` is
 * an address of IPv6. */
const struct ip_family *ip_family_of(struct ph_stack *stack,
                                     const struct ph_addr *addr);

/* True for `::` and `::ffff:0.0.0.0`. */
bool ip_addr_is_any(const struct ph_addr *addr);

/* ::ffff:0:0/96. */
bool ip_addr_is_mapped(const struct ph_addr *addr);

/* A link-local address gets the interface's index into it; 0: none, which only
 * other addresses may have. False: that can't be. */
bool ip_addr_put_zone(struct ph_addr *addr, uint32_t zone);

/* The index of the interface that a link-local address belongs to, which is
 * taken out of it: it is as on the wire then. 0: it needs none. */
uint32_t ip_addr_take_zone(struct ph_addr *addr);

/* What an endpoint is bound to: an address, or any. `::` is any address of
 * either family unless `only_v6` (RFC 3493 5.3); `::ffff:0.0.0.0` is any IPv4
 * address. */
struct ip_bound {
  const struct ph_addr *addr;
  bool only_v6;
};

/* Is a packet to `to` for who is bound so? */
bool ip_bound_takes(const struct ip_bound *bound, const struct ph_addr *to);

/* Is there an address that both would take? */
bool ip_bound_overlap(const struct ip_bound *a, const struct ip_bound *b);

/* Who sees packets beside the protocols (raw sockets). `input`: of `pkt`, which
 * starts behind the IP header and stays the caller's; true if somebody took a
 * copy. `error`: an ICMP error about a packet of `protocol`. NULL: nobody. */
struct ip_tap {
  bool (*input)(struct ph_stack *stack, const struct pkt *pkt,
                const struct ip_rx *rx);
  void (*error)(struct ph_stack *stack, uint8_t protocol,
                const struct ip_error_info *info);
};
void ip_set_tap(struct ph_stack *stack, const struct ip_tap *tap);

/* Send an IPv4 packet that has its header: length, checksum and, if they are 0,
 * source and identification are filled in. Takes `pkt` unless -PH_EAGAIN. */
int ip_send_made(struct ph_stack *stack, struct pkt *pkt,
                 struct ip_path *path) PH_MUST_USE;

/* If sockets of this host listen to the group or broadcast that the path goes
 * to, and there is a loopback interface, they get a copy of `pkt`, which starts
 * at the transport header. */
void ip_loop_back(struct ph_stack *stack, const struct pkt *pkt,
                  const struct ip_path *path, struct ip_tx tx);

/* The source of packets to `dst` that leave by `netif`: 0, -PH_ENETUNREACH if
 * they would not. */
int ip_source_by(struct ph_stack *stack, struct netif *netif,
                 const struct ph_addr *dst, struct ph_addr *src) PH_MUST_USE;

/* The interface that has this IPv4 address, or NULL. */
struct netif *ipv4_netif_of(struct ph_stack *stack, uint32_t address);

/* 224/4 or ff00::/8. */
bool ip_addr_is_multicast(const struct ph_addr *addr);

int ip_register_protocol(struct ph_stack *stack, uint8_t protocol,
                         const struct ip_protocol *handlers) PH_MUST_USE;

struct ph_ip_config {
  uint32_t max_paths; /* destinations that are remembered; 0: 256 */
};

/* Before the families, for who wants other sizes; `config` NULL: none. 0,
 * -PH_ENOMEM. */
int ph_ip_init(struct ph_stack *stack,
               const struct ph_ip_config *config) PH_MUST_USE;

/* Bounds of reassembly; zeros are defaults. */
struct ph_reassembly_config {
  uint32_t max_datagrams; /* that are incomplete; 64 */
  uint32_t max_blocks;    /* of 4 KiB for them; a quarter of the stack's */
};

/* Build packets of received fragments, of both families; without it they are
 * dropped. `config` NULL: all zero. 0, -PH_ENOMEM. */
int ph_ip_reassembly_init(struct ph_stack *stack,
                          const struct ph_reassembly_config *config)
    PH_MUST_USE;

/* IPv4: eth, ARP, ICMP with it. */
int ph_ipv4_init(struct ph_stack *stack) PH_MUST_USE;

/* After ph_ipv4_init() or ph_ip_init(): a table of at most `max` routes of both
 * families (0: 256; at most 32766). ph_ipv6_init() calls it too; again: does
 * nothing. Without it a host knows its links and its gateway:
 * ph_ipv4_set_gateway(). 0, -PH_ENOMEM. */
int ph_ip_routes_init(struct ph_stack *stack, uint32_t max) PH_MUST_USE;

/* Where packets go that are for none of our links (RFC 1122 3.3.1.2), if there
 * is no table of routes; host order, 0: nowhere. */
void ph_ipv4_set_gateway(struct ph_stack *stack, uint32_t gateway);

/* After the families: the loopback interface, for packets to our own addresses,
 * 127/8 and ::1. 0, -PH_ENOMEM. */
int ph_loopback_init(struct ph_stack *stack) PH_MUST_USE;

/* A default router on that interface, or no longer: a route, or the gateway if
 * there is no table. As ph_ipv4_add_route(), ph_ipv4_remove_route(). */
int ph_ipv4_set_default(struct ph_stack *stack, uint32_t router,
                        struct netif *netif, bool on) PH_MUST_USE;

/* Give an interface an address (host order) and its subnet route. */
int ph_ipv4_add_address(struct ph_stack *stack, struct netif *netif,
                        uint32_t address, uint8_t prefix_len) PH_MUST_USE;

/* Take it away again, with its subnet's route. 0, -PH_ENOENT. */
int ph_ipv4_remove_address(struct ph_stack *stack, struct netif *netif,
                           uint32_t address);

/* Add a route, after ph_ip_routes_init(); the longest prefix wins, of equal
 * ones the first whose interface is up. `destination` of IPv4 is mapped, its
 * `prefix_len` counts from the IPv4 address; host bits do not matter.
 * `next_hop` NULL: on the link. 0, -PH_EINVAL, -PH_EEXIST, -PH_ENOMEM. */
int ph_ip_add_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif) PH_MUST_USE;

/* Remove the route that was added with the same arguments. 0, -PH_EINVAL,
 * -PH_ENOENT. */
int ph_ip_del_route(struct ph_stack *stack, const struct ph_addr *destination,
                    uint8_t prefix_len, const struct ph_addr *next_hop,
                    struct netif *netif);

/* The same for IPv4 (host order); next_hop 0: on the link. A destination with
 * host bits is -PH_EINVAL. */
int ph_ipv4_add_route(struct ph_stack *stack, uint32_t destination,
                      uint8_t prefix_len, uint32_t next_hop,
                      struct netif *netif) PH_MUST_USE;
int ph_ipv4_remove_route(struct ph_stack *stack, uint32_t destination,
                         uint8_t prefix_len, uint32_t next_hop,
                         struct netif *netif) PH_MUST_USE;

/* Be a router, or no longer: what comes for others goes on by the routes, for
 * both families (stack/ip/ip_forward.h), after ph_ip_routes_init(). Redirects
 * are never sent. */
void ph_ip_set_forwarding(struct ph_stack *stack, bool on);

/* For who answers without a connection: find the path, then as
 * ip_family.output. */
int ip_send(struct ph_stack *stack, struct pkt *pkt, const struct ph_addr *src,
            const struct ph_addr *dst, struct ip_tx tx) PH_MUST_USE;

/* The path to 255.255.255.255 by this interface, from `src`, which is 0.0.0.0
 * of who has no address yet (RFC 1122 3.2.1.3 (a)); in memory of the caller. */
void ipv4_broadcast_path(struct netif *netif, const struct ph_addr *src,
                         struct ip_path *path);

/* What was sent by this path arrived: its first hop is there (RFC 4861 7.3.1).
 * Needed only while stack->neighbours_unsure is not 0. */
static inline void ip_confirm(struct ph_stack *stack,
                              const struct ip_path *path) {
  if (path->family->confirm) {
    path->family->confirm(stack, path);
  }
}

/* True if `addr` is one of ours. */
bool ip_is_local(struct ph_stack *stack, const struct ph_addr *addr);

/* The routes of a family, `index` from 0; -PH_ENOENT past the last. What is on
 * the link has an unspecified next hop. */
struct ph_route_info {
  struct ph_addr destination, next_hop;
  struct netif *netif;
  uint8_t prefix_len;
};
int ph_ipv4_route_info(struct ph_stack *stack, uint32_t index,
                       struct ph_route_info *info);

/* Send an ICMP error about the received packet whose IP header starts at
 * `pkt->l3` (rate-limited; RFC 1122 3.2.2 and RFC 4443 2.4 say about what
 * never). Used by UDP for port unreachable. */
void ip_send_unreachable(struct ph_stack *stack, const struct pkt *pkt,
                         const struct ip_rx *rx, enum ip_error error);

/* Echo (ping): replies are given to the registered handler. */
void icmp_on_echo_reply(struct ph_stack *stack, icmp_echo_fn *fn, void *ctx);
int icmp_send_echo(struct ph_stack *stack, const struct ph_addr *to,
                   uint16_t id, uint16_t seq, const uint8_t *data,
                   uint32_t len) PH_MUST_USE;

#endif
