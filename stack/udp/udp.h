/* SPDX-License-Identifier: Apache-2.0 */
/* UDP (RFC 768, RFC 8085). The socket layer embeds or allocates a `udp_pcb`
 * per datagram socket; datagrams wait in it as packets, bounded by the memory
 * that they hold. Datagrams are not fragmented: what exceeds the MTU is
 * refused. */
#ifndef PH_UDP_UDP_H
#define PH_UDP_UDP_H

#include "stack/ip/ip.h"

enum udp_event {
  UDP_EVENT_READABLE = 1, /* a datagram arrived */
  UDP_EVENT_WRITABLE = 2, /* after -PH_EAGAIN: the device has room again */
  UDP_EVENT_ERROR = 4,    /* `pcb->error` was set */
};

/* How a datagram came. */
struct udp_info {
  struct ph_addr to;
  uint32_t ifindex; /* of the interface */
  uint8_t ttl, tos;
  uint16_t segment; /* of several that were read at once; 0: one */
  uint64_t time_ns;
};

struct udp_pcb;

/* How datagrams go out: an endpoint's settings, or those of one datagram. */
struct udp_tx {
  /* May a datagram of `len` bytes go by this path, fragmented or not; to be cut
   * into how many bytes each (`*segment`)? NULL: in fragments if need be. */
  int (*fit)(struct udp_pcb *pcb, const struct udp_tx *how,
             struct ip_path *path, uint32_t len, struct ip_tx *tx,
             uint16_t *segment);
  const struct ph_addr *src; /* one of ours; NULL: where it is bound, or what
                                the route chooses */
  uint16_t segment; /* UDP_SEGMENT: what is longer is cut into such; 0: no */
  struct ip_marks marks;
  uint8_t multicast_ttl; /* 1 to start with */
  /* Indices of interfaces, 0: any; others after udp_use_interfaces(). */
  uint8_t multicast_if, device;
  uint8_t mtu_discover; /* 0: may be fragmented; 1: unless it fits the path; 2,
                           3: may not */
};

/* What became of a datagram that was sent; the numbers are Linux's. */
enum { UDP_ERROR_LOCAL = 1, UDP_ERROR_ICMP = 2, UDP_ERROR_ICMP6 = 3 };
struct udp_error {
  struct ph_addr to;   /* the datagram's destination */
  struct ph_addr from; /* who says so; of a local error nobody: `::` */
  struct ph_addr at;   /* which address of ours was told */
  uint32_t info;       /* the MTU, or ICMP's pointer */
  uint16_t port;       /* of `to` */
  uint8_t error;       /* positive */
  uint8_t origin;      /* UDP_ERROR_* */
  uint8_t type, code;  /* of the ICMP message */
  uint8_t ttl, tos;    /* of the packet that it came in */
};

/* An endpoint has datagrams of UDP, or of IP itself (raw.h): then its own
 * functions stand behind udp_bind() and so on. */
struct udp_kind {
  int (*bind)(struct udp_pcb *pcb, const struct ph_addr *addr, uint16_t port);
  long (*send)(struct udp_pcb *pcb, const struct ph_iovec *iov, uint32_t count,
               size_t len, const struct ph_addr *addr,
               const struct udp_tx *how);
  void (*close)(struct udp_pcb *pcb);
};

struct udp_pcb {
  struct udp_pcb *next;      /* hash chain */
  struct udp_pcb *wait_next; /* list of those that wait for the device */
  struct ph_stack *stack;
  struct ph_addr local, remote;     /* unspecified: any */
  uint16_t local_port, remote_port; /* 0: not bound, not connected */
  bool bound, connected, waiting;
  bool address_chosen; /* `local` came from the route, not udp_bind() */
  bool reuse_address;  /* set before udp_bind(), after udp_share_ports(); */
  bool only_v6;        /* too: `::` takes no IPv4 */
  bool tell_info;      /* fill `info` when a datagram is read */
  uint8_t error;       /* positive; see udp_take_error() */
  uint16_t path;       /* a hint for ip_path_get() */
  const struct udp_kind *kind; /* NULL: UDP */
  struct pkt *head, *tail;
  uint32_t queued;     /* bytes held */
  uint32_t queued_len; /* datagrams in the queue */
  /* From ph_stack_poll() or udp_sendto(); may be NULL. Must not close. */
  void (*event)(struct udp_pcb *pcb, uint32_t events);
  uint32_t taken;     /* datagrams read so far, up to 2^16 */
  uint32_t rcvbuf;    /* bytes of memory that the queue may hold */
  bool broadcast;     /* may send to broadcast addresses */
  bool members_only;  /* hears only groups that it joined itself */
  bool no_loop;       /* what it sends to groups is not for this host */
  struct udp_tx tx;   /* tx.device: also where it hears */
  struct ph_addr any; /* udp_set_any() */
  struct udp_info info;
  uint8_t protocol;         /* of raw.h's; 0: UDP */
  bool raw;                 /* and not for ping */
  bool header_included;     /* IP_HDRINCL */
  bool errors4, errors6;    /* udp_set_errors() */
  uint32_t filter[8];       /* a bit for each ICMP type that is not wanted */
  struct udp_group *groups; /* those that it joined, its owner's */
  /* udp_set_errors(): queue `error` of what was sent to `port`; its payload
   * starts `skip` bytes into the transport's part, if `info` has one. False:
   * its family's errors are not asked for. */
  bool (*queue_error)(struct udp_pcb *pcb, const struct ip_error_info *info,
                      uint32_t skip, uint16_t port, int error);
  struct pkt *errors, *errors_tail;
  /* udp_set_reuseport(): who of those that are bound like this one, the first
   * of them in its bucket, gets what `remote` sends; NULL: it shares with
   * nobody.
   */
  struct udp_pcb *(*share)(struct udp_pcb *first, const struct ph_addr *remote,
                           uint16_t remote_port);
  /* udp_set_gro(): copy what is read together with the first datagram behind it
   * and count it in `*taken`; NULL: nothing is. */
  uint32_t (*gather)(struct udp_pcb *pcb, const struct ph_iovec *iov,
                     uint32_t count, uint32_t *taken);
  void *owner;
};

/* After ph_ipv4_init(). 0, -PH_ENOMEM. */
int ph_udp_init(struct ph_stack *stack) PH_MUST_USE;

/* From now on `reuse_address` may be set. */
void udp_share_ports(struct ph_stack *stack);

/* From now on udp_tx.multicast_if and .device may be set. */
void udp_use_interfaces(struct ph_stack *stack);

/* Make `pcb` (memory of the caller) a fresh, unbound one for IPv4;
 * udp_set_any() with `::` makes it one for both families. */
void udp_open(struct ph_stack *stack, struct udp_pcb *pcb, uint32_t rcvbuf);

/* What an unbound endpoint is: any address of IPv4 (`::ffff:0.0.0.0`), or any
 * at all (`::`). */
void udp_set_any(struct udp_pcb *pcb, const struct ph_addr *any);

/* Then make it an endpoint of IP itself (raw.h): of one protocol, or for ICMP
 * echo. -PH_EPROTONOSUPPORT: not without ph_raw_init(). */
int udp_open_raw(struct udp_pcb *pcb, uint8_t protocol, bool ping) PH_MUST_USE;

/* Unbind and free what is queued. The memory is the caller's again. */
void udp_close(struct udp_pcb *pcb);

/* `port` 0: choose one. 0, -PH_EINVAL (bound already), -PH_EADDRNOTAVAIL,
 * -PH_EADDRINUSE. */
int udp_bind(struct udp_pcb *pcb, const struct ph_addr *addr,
             uint16_t port) PH_MUST_USE;

/* Fix the other end, bind if needed; again: move. 0, -PH_ENETUNREACH,
 * -PH_EADDRINUSE, -PH_EINVAL (port 0). */
int udp_connect(struct udp_pcb *pcb, const struct ph_addr *addr,
                uint16_t port) PH_MUST_USE;

/* connect(AF_UNSPEC): any sender again; the local port stays. */
void udp_disconnect(struct udp_pcb *pcb);

/* Send one datagram, copied. `addr` NULL: to the connected end. `len`, or
 * -PH_EDESTADDRREQ, -PH_EMSGSIZE, -PH_EAGAIN (device full: UDP_EVENT_WRITABLE
 * follows), -PH_ENOBUFS, -PH_ENETUNREACH, -PH_EINVAL, -PH_ECONNREFUSED (what an
 * ICMP message told). */
long udp_sendto(struct udp_pcb *pcb, const void *data, size_t len,
                const struct ph_addr *addr, uint16_t port) PH_MUST_USE;

/* To 255.255.255.255 by this interface, which needs no address: `src` may be
 * 0.0.0.0. `pcb` is bound. */
long udp_broadcast(struct udp_pcb *pcb, struct netif *netif,
                   const struct ph_addr *src, const void *data, size_t len,
                   uint16_t port) PH_MUST_USE;

/* The same from `count` pieces that are one datagram, sent as `how` says:
 * `&pcb->tx`, or a copy of it that was changed. */
long udp_sendv(struct udp_pcb *pcb, const struct ph_iovec *iov, uint32_t count,
               const struct ph_addr *addr, uint16_t port,
               const struct udp_tx *how) PH_MUST_USE;

/* Copy the first datagram's first `len` bytes and drop it (`peek`: keep it).
 * Returns the datagram's full length, which may exceed `len`; -PH_EAGAIN if
 * none waits; -PH_ECONNREFUSED as above. `from` and `port` may be NULL. */
long udp_recvfrom(struct udp_pcb *pcb, void *data, size_t len, bool peek,
                  struct ph_addr *from, uint16_t *port) PH_MUST_USE;

/* The same into `count` pieces. */
long udp_recvv(struct udp_pcb *pcb, const struct ph_iovec *iov, uint32_t count,
               bool peek, struct ph_addr *from, uint16_t *port) PH_MUST_USE;

/* May datagrams be fragmented (udp_tx.mtu_discover)? */
void udp_set_mtu_discover(struct udp_tx *tx, uint8_t mode);

/* Datagrams longer than `segment` (not 0) are cut into such (UDP_SEGMENT), by
 * the device or after ph_netif_segment_udp_init(). */
void udp_set_segment(struct udp_tx *tx, uint16_t segment);

/* Reads may return several datagrams of one length at once (UDP_GRO). */
void udp_set_gro(struct udp_pcb *pcb, bool on);

/* Length of the first datagram (FIONREAD), 0 if none. */
uint32_t udp_next_len(const struct udp_pcb *pcb);

/* The MTU of the path to the peer; 0: not connected. */
uint16_t udp_get_path_mtu(struct udp_pcb *pcb);

/* Share the address and port with others that do, too (SO_REUSEPORT); set
 * before udp_bind(). */
void udp_set_reuseport(struct udp_pcb *pcb, bool on);

/* Keep what becomes of datagrams to IPv4, or IPv6, addresses; or forget it. */
void udp_set_errors(struct udp_pcb *pcb, bool v4, bool on);

/* Take the first of these errors: the length of what is there of the datagram's
 * payload, copied as by udp_recvv(), or -PH_EAGAIN. The next one, if any, is
 * then the pending error. */
long udp_take_queued_error(struct udp_pcb *pcb, const struct ph_iovec *iov,
                           uint32_t count, struct udp_error *error) PH_MUST_USE;

/* The pending error (positive), which is thereby cleared; SO_ERROR. */
int udp_take_error(struct udp_pcb *pcb);

#endif
