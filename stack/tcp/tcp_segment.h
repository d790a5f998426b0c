/* SPDX-License-Identifier: Apache-2.0 */
/* A segment on its way through input: tcp_parse.h takes it out of a packet,
 * tcp_input.c does what RFC 9293 3.10.7 says. */
#ifndef PH_TCP_TCP_SEGMENT_H
#define PH_TCP_TCP_SEGMENT_H

#include "stack/ip/ip.h"
#include "stack/wire/tcp_wire.h"

struct tcp_conn;

/* A segment as it came in, then as the steps of input trim it. */
struct tcp_seg {
  uint32_t seq, ack;
  uint32_t up;       /* with TCP_URG: SEG.SEQ + SEG.UP */
  uint32_t len;      /* payload bytes left */
  uint32_t data_len; /* payload bytes that arrived */
  uint32_t offset;   /* of the payload left, in the packet */
  uint16_t src_port, dst_port;
  uint16_t wnd;
  uint8_t flags;
  uint8_t ecn;                /* field of the IP header */
  bool at_edge;               /* starts at Last.ACK.sent or before */
  uint32_t new_iss;           /* of what a SYN opens; 0: as tcp_isn() says */
  bool dsack;                 /* dsack_block is valid, once validated: */
  struct tcp_options options; /* SACK blocks: see tcp_sack_validate() */
  struct tcp_sack_block dsack_block;
};

/* SEG.LEN of RFC 9293 3.3.1. */
static inline uint32_t tcp_seg_len(const struct tcp_seg *seg) {
  return seg->len + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN);
}

/* ---- tcp_fin.c ---------------------------------------------------------- */
/* Our FIN is acknowledged, by a segment with the peer's FIN if `fin_follows`.
 * False: that was the connection's end. */
bool tcp_fin_acked(struct ph_stack *stack, struct tcp_conn *conn,
                   bool fin_follows);
/* The same, of a connection that nobody owns: with its FIN all that it sent is
 * acknowledged, and what this ACK could tell is of no use any more. */
bool tcp_fin_acked_orphan(struct ph_stack *stack, struct tcp_conn *conn,
                          const struct tcp_seg *seg);
/* The eighth step, of a segment with a FIN or when one was seen before. */
void tcp_process_fin(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg);

/* ---- tcp_segment.c, tcp_icmp.c, tcp_input.c ----------------------------- */
void tcp_input(struct ph_stack *stack, struct pkt *pkt, const struct ip_rx *rx);
void tcp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info);
/* Learn from the peer's SYN. */
void tcp_take_syn(struct ph_stack *stack, struct tcp_conn *conn,
                  const struct tcp_seg *seg);
void tcp_established(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg);

/* ---- tcp_reset.c -------------------------------------------------------- */
void tcp_send_reset(struct ph_stack *stack, const struct tcp_seg *seg,
                    const struct ip_rx *rx);
/* Send a reset, where the state has one to send. */
void tcp_reset_peer(struct ph_stack *stack, struct tcp_conn *conn);
/* Data for nobody: reset as if there were no connection, which is freed. */
void tcp_refuse_data(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg);
/* Reset the peer and free the connection. */
void tcp_abort(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_challenge_ack(struct ph_stack *stack, struct tcp_conn *conn);

#endif
