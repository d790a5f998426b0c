/* SPDX-License-Identifier: Apache-2.0 */
/* How long a segment may be: what ICMP says of the path (tcp_icmp.c, RFC 1191,
 * RFC 5927), what probes and silence say of it (tcp_plpmtud.c, RFC 4821), and
 * what follows for the connection (tcp_pmtu.c). */
#ifndef PH_TCP_TCP_PMTU_H
#define PH_TCP_TCP_PMTU_H

#include "stack/tcp/tcp_internal.h"

/* ---- tcp_pmtu.c --------------------------------------------------------- */

/* Bytes of an IP packet in front of the payload, when no SACK blocks are. */
uint32_t tcp_headers_len(const struct tcp_conn *conn);
/* The largest path MTU that could be of use. */
uint16_t tcp_mtu_max(struct ph_stack *stack, struct tcp_conn *conn);
/* The IP length of the segment in flight that has byte `seq`; 0: there is
 * none with payload. */
uint32_t tcp_packet_len_at(struct tcp_conn *conn, uint32_t seq);
/* The path takes only `mtu`: shorter segments from now on, and those that are
 * out and longer than `fits` are sent again. That is no sign of congestion. */
void tcp_path_mtu_fell(struct ph_stack *stack, struct tcp_conn *conn,
                       uint16_t mtu, uint16_t fits);
/* Look at the path's MTU again: it may have changed. */
void tcp_route_refresh(struct ph_stack *stack, struct tcp_conn *conn);

/* ---- tcp_plpmtud.c ------------------------------------------------------ */

/* Is there a black hole? tcp_plpmtud.c. */
enum tcp_hole { TCP_HOLE_NONE, TCP_HOLE_SUSPECTED, TCP_HOLE_ON_TRIAL };

/* The state of a search, out of line: few connections have one. MTUs. */
struct tcp_plpmtud {
  uint64_t again_ns; /* when a search that is over begins anew */
  uint64_t trial_ns; /* since when, if on trial */
  uint32_t probe_end;
  uint16_t search_low;  /* known to pass */
  uint16_t search_high; /* not known to be too long */
  uint16_t probe_size;  /* of the probe that is out; 0: none is */
  uint16_t next_free;
  uint16_t mtu_before; /* if suspected: until then */
  uint16_t mtu_short;  /* if on trial: what passed */
  uint8_t hole;        /* enum tcp_hole */
  bool try_high;       /* search_high itself was not tried yet */
  bool failed_once;    /* the size to be tried was, and lost alone */
};

bool tcp_plpmtud_init(struct tcp_stack *tcp);
void tcp_plpmtud_free(struct tcp_stack *tcp, struct tcp_conn *conn);
/* The connection is established, and longer packets could be of use: its MTU,
 * until there is more to say. */
void tcp_plpmtud_start(struct ph_stack *stack, struct tcp_conn *conn);
/* The path was looked at again and says `mtu`; returns what to believe. */
uint16_t tcp_plpmtud_route(const struct ph_stack *stack, struct tcp_conn *conn,
                           uint16_t mtu);
/* A verified ICMP says that the path takes `mtu`. */
void tcp_plpmtud_too_big(struct ph_stack *stack, struct tcp_conn *conn,
                         uint32_t seq, uint16_t mtu);
/* The retransmission timer expired, before anything is done about it. */
void tcp_plpmtud_timeout(struct ph_stack *stack, struct tcp_conn *conn);
/* snd_una has moved. */
void tcp_plpmtud_acked(struct ph_stack *stack, struct tcp_conn *conn,
                       const struct tcp_ack *info);
/* `range` was found lost and is about to be marked so. True if it was a probe,
 * and its length was why: no congestion. */
bool tcp_plpmtud_lost(struct ph_stack *stack, struct tcp_conn *conn,
                      const struct tcp_range *range);
/* `unsent` bytes may be sent: send a probe of them, if this is the time for
 * one. True: nothing else may be sent now, there will be room for one. */
bool tcp_plpmtud_probe(struct ph_stack *stack, struct tcp_conn *conn,
                       uint32_t unsent);

/* ---- tcp_output.c ------------------------------------------------------- */

/* New data in one packet of `size` bytes, more than conn->mtu. False: not now.
 */
bool tcp_output_mtu_probe(struct ph_stack *stack, struct tcp_conn *conn,
                          uint16_t size);

#endif
