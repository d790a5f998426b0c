/* SPDX-License-Identifier: Apache-2.0 */
/* Options of segments in both directions, and what depends on them: selective
 * acknowledgements of the receiver (RFC 2018, 2883), timestamps (RFC 7323),
 * and ECN (RFC 3168), which the SYNs agree on too. */
#ifndef PH_TCP_TCP_OPTIONS_H
#define PH_TCP_TCP_OPTIONS_H

#include "stack/tcp/tcp_internal.h"

enum { TCP_TIMESTAMPS_LEN = 12 }; /* with two NOPs (RFC 7323 appendix A) */

/* ---- tcp_check.c -------------------------------------------------------- */

/* The first, second and fourth step of RFC 9293 3.10.7.4, in this order. False:
 * the segment is done with; after tcp_check_rst() the connection may be gone.
 */
bool tcp_check_timestamps(struct ph_stack *stack, struct tcp_conn *conn,
                          struct tcp_seg *seg);
bool tcp_check_seq(struct ph_stack *stack, struct tcp_conn *conn,
                   struct tcp_seg *seg);
bool tcp_check_rst(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg);
bool tcp_check_syn(struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg);
/* Cut what lies outside the window. */
void tcp_trim(struct ph_stack *stack, struct tcp_conn *conn,
              struct tcp_seg *seg);

/* ---- tcp_time_wait.c ---------------------------------------------------- */

/* A segment for a connection in TIME-WAIT: true if it is a SYN that opens the
 * pair of ends anew. The old connection has gone then, and seg->new_iss says
 * where the next one must start. */
bool tcp_time_wait_reopens(struct ph_stack *stack, struct tcp_conn *conn,
                           struct tcp_seg *seg);

/* ---- tcp_options.c ------------------------------------------------------ */

/* Read the options of a segment with header `h` of `hlen` bytes: all that
 * segments of a connection usually carry is found without a loop. */
void tcp_options_read(const uint8_t *h, uint32_t hlen,
                      struct tcp_options *options);

/* Push the options of a segment with these flags; returns their length. */
uint8_t tcp_options_push(struct ph_stack *stack, struct tcp_conn *conn,
                         const struct ip_path *path, struct pkt *pkt,
                         uint8_t flags);

/* What a new connection offers, or would accept. */
void tcp_options_start(struct ph_stack *stack, struct tcp_conn *conn);

/* Decide at the peer's SYN what both ends speak, and take what it says. */
void tcp_options_take_syn(struct ph_stack *stack, struct tcp_conn *conn,
                          const struct tcp_seg *seg);

/* Bytes that every segment with payload gives to options. */
static inline uint32_t tcp_options_always(const struct tcp_conn *conn) {
  return conn->ts_ok ? TCP_TIMESTAMPS_LEN : 0;
}

/* The MSS for a path of `mtu`. */
static inline uint16_t tcp_local_mss(const struct tcp_conn *conn,
                                     uint16_t mtu) {
  uint32_t headers = TCP_HEADER_LEN + conn->ip_header_len;
  uint32_t mss = ph_max_u32(mtu, headers + TCP_MSS_MIN) - headers;
  if (conn->user_mss) {
    mss = ph_min_u32(mss, conn->user_mss);
  }
  return (uint16_t)mss;
}
/* snd_mss from what the peer takes and from the path's MTU. */
static inline void tcp_sync_mss(struct tcp_conn *conn) {
  uint32_t mss = tcp_local_mss(conn, conn->mtu);
  mss = ph_min_u32(mss, conn->peer_mss);
  conn->snd_mss = (uint16_t)(mss - tcp_options_always(conn));
}

/* Has a segment with these flags any options? Most have none. */
static inline bool tcp_options_due(const struct tcp_stack *tcp,
                                   const struct tcp_conn *conn, uint8_t flags) {
  return conn->ts_ok || conn->out->ooo.first || tcp->dsack_conn == conn ||
         (flags & TCP_SYN);
}

/* ---- tcp_timestamps.c --------------------------------------------------- */

enum tcp_ts_verdict { TCP_TS_GOOD, TCP_TS_OLD, TCP_TS_MISSING };

/* Choose the offset of our clock for this pair of ends. */
void tcp_ts_start(struct ph_stack *stack, struct tcp_conn *conn);
/* Our clock: TSval. */
uint32_t tcp_ts_now(const struct ph_stack *stack, const struct tcp_conn *conn);
/* What RFC 7323 says of a segment of a connection with timestamps. */
enum tcp_ts_verdict tcp_ts_check(const struct ph_stack *stack,
                                 const struct tcp_conn *conn,
                                 const struct tcp_seg *seg);
/* TS.Recent from the peer's SYN. */
void tcp_ts_take(const struct ph_stack *stack, struct tcp_conn *conn,
                 const struct tcp_seg *seg);
/* TS.Recent from an acceptable segment that starts at Last.ACK.sent or before.
 */
void tcp_ts_update(const struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg);
/* In SYN-SENT with timestamps, of a segment with an ACK: it echoes one of our
 * SYNs. */
bool tcp_ts_answers_syn(const struct ph_stack *stack,
                        const struct tcp_conn *conn, const struct tcp_seg *seg);
/* A sample of the round-trip time from TSecr (RFC 7323 4), if it can be one. */
void tcp_ts_sample(const struct ph_stack *stack, struct tcp_conn *conn,
                   const struct tcp_seg *seg);

/* ---- tcp_ecn.c ---------------------------------------------------------- */

/* ECE and CWR of our SYN or SYN-ACK. */
uint8_t tcp_ecn_syn_flags(struct tcp_conn *conn);
/* What the peer's SYN or SYN-ACK says; again if it comes again. */
void tcp_ecn_take_syn(struct tcp_conn *conn, const struct tcp_seg *seg);
/* The ECN field of a segment; adds ECE and CWR to its flags. */
uint8_t tcp_ecn_send(const struct tcp_conn *conn, uint32_t seq, uint32_t len,
                     uint8_t *flags);
/* Recovery or a timeout reduced the window. */
void tcp_ecn_reduced(struct tcp_conn *conn);
/* An ACK with ECE, before snd_una moves. */
void tcp_ecn_echo(struct ph_stack *stack, struct tcp_conn *conn,
                  const struct tcp_seg *seg);
/* Payload inside the window. */
void tcp_ecn_receive(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_seg *seg);

/* ---- tcp_urgent.c ------------------------------------------------------- */

/* Bytes were appended to the send queue, the last of them urgent. */
void tcp_urgent_written(struct tcp_conn *conn);
/* tcp_stack.urgent_pointer: that of a segment at `seq`; sets TCP_URG in its
 * flags. */
uint16_t tcp_urgent_pointer(const struct tcp_conn *conn, uint32_t seq,
                            uint8_t *flags);
/* snd_una has moved, while snd_urg. */
void tcp_urgent_acked(struct tcp_conn *conn);
/* The sixth step of RFC 9293 3.10.7.4. */
void tcp_process_urgent(struct ph_stack *stack, struct tcp_conn *conn,
                        const struct tcp_seg *seg);
/* The seventh may have brought the octet. */
void tcp_urgent_data_came(struct ph_stack *stack, struct tcp_conn *conn);

/* While conn->rcv_urg is not 0: how many of `n` bytes a read may take now (at
 * the mark the octet is dropped before); after a read; the same for a look at
 * what is `*offset` bytes behind; what FIONREAD says; what can be read. */
uint32_t tcp_urgent_read_limit(struct ph_stack *stack, struct tcp_conn *conn,
                               uint32_t n);
void tcp_urgent_passed(struct tcp_conn *conn);
uint32_t tcp_urgent_peek_limit(const struct tcp_conn *conn, uint32_t *offset,
                               uint32_t n);
uint32_t tcp_urgent_unread(const struct tcp_conn *conn);
uint32_t tcp_urgent_ready(const struct tcp_conn *conn);

/* ---- tcp_sack_blocks.c -------------------------------------------------- */

/* `run` holds the segment that just arrived: its block comes first (RFC 2018
 * 4 (1)). */
void tcp_sack_touch(struct tcp_stack *tcp, struct tcp_conn *conn,
                    struct tcp_range *run);
/* `run` is about to leave the out-of-order queue. */
void tcp_sack_forget(struct tcp_stack *tcp, struct tcp_conn *conn,
                     struct tcp_range *run);

/* [left, right) arrived again: the next ACK says so (RFC 2883 4). */
void tcp_dsack(struct ph_stack *stack, struct tcp_conn *conn, uint32_t left,
               uint32_t right);

/* The blocks for the next segment, at most `max`; returns how many. */
uint32_t tcp_sack_blocks(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn, struct tcp_sack_block *to,
                         uint32_t max);

/* A segment with blocks left. */
static inline void tcp_sack_sent(struct tcp_stack *tcp,
                                 const struct tcp_conn *conn) {
  if (tcp->dsack_conn == conn) {
    tcp->dsack_conn = NULL;
  }
}

/* Bytes of SACK that the next segment carries. */
uint32_t tcp_sack_len(const struct tcp_stack *tcp, const struct tcp_conn *conn);

/* Payload of a full segment now: options that are not in every segment take
 * from it (RFC 6691 2). */
static inline uint32_t tcp_payload_mss(const struct ph_stack *stack,
                                       const struct tcp_conn *conn) {
  const struct tcp_stack *tcp = tcp_of(stack);
  uint32_t mss = conn->snd_mss;
  if (conn->out->ooo.first || tcp->dsack_conn == conn) {
    mss -= tcp_sack_len(tcp, conn); /* TCP_MSS_MIN has room for it */
  }
  PH_ASSERT(mss > 0);
  return mss;
}

/* Keep of the blocks in seg->options only those that can be true (RFC 2018 5),
 * and set seg->dsack apart (RFC 2883 4). */
void tcp_sack_validate(const struct tcp_conn *conn, struct tcp_seg *seg);

#endif
