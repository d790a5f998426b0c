/* SPDX-License-Identifier: Apache-2.0 */
/* What is out, what of it is lost, and how it is repaired: the variables of
 * each algorithm, and what its file offers to the others of stack/tcp. */
#ifndef PH_TCP_TCP_RECOVERY_H
#define PH_TCP_TCP_RECOVERY_H

#include "stack/base/stack.h"

struct tcp_conn;
struct tcp_pos;
struct tcp_range;
struct tcp_seg;
struct tcp_stack;

/* The variables of RFC 8985 5.3. Times are those of the sender's clock; 0 in
 * xmit_ns: nothing delivered yet. */
struct tcp_rack {
  uint8_t reo_wnd_mult, reo_wnd_persist;
  bool dsack_in_round : 1; /* dsack_round is valid */
  bool pto : 1;            /* out->deadline is the PTO's */
  bool tlp_out : 1;        /* tlp_end_seq is valid */
  bool tlp_is_retrans : 1;
  uint32_t rtt_us;
  uint64_t xmit_ns; /* RACK.xmit_ts; with end_seq it is RACK.segment */
  uint32_t end_seq, fack, dsack_round;
  uint32_t min_rtt_us[2]; /* of this window of time and of the one before */
  uint32_t window_ms;     /* when this one began */
  uint32_t tlp_end_seq;
};

/* Those of RFC 6675 2, where it is used without RFC 8985. */
struct tcp_rfc6675 {
  uint32_t high_rxt, rescue_rxt;
  uint32_t high_sacked; /* the highest sequence number sacked, plus one */
  uint32_t lost_edge;   /* IsLost() is marked below */
  bool rescue_used;     /* rescue_rxt is valid */
  bool rescuing;        /* what is sent next is the rescue retransmission */
};

/* Textbook ARQ in place of loss recovery and congestion control. N and the
 * timeout are the connection's. */
struct tcp_arq_state {
  uint64_t progress_ns; /* snd_una moved */
  uint32_t echoes;      /* duplicate ACKs of what was given up, still due */
};

/* What a recovery that was not needed is taken back with: tcp_undo.c. */
enum tcp_frto { TCP_FRTO_OFF, TCP_FRTO_FIRST, TCP_FRTO_SECOND };
struct tcp_undo {
  uint32_t cwnd; /* before the recovery; 0: nothing to take back */
  uint32_t ssthresh;
  uint32_t until; /* after the recovery: until this is acknowledged */
  uint32_t sum;   /* of what was sent again and not reported twice */
  uint8_t frto;   /* enum tcp_frto */
};

/* RFC 6937's, valid in fast recovery. */
struct tcp_prr {
  uint32_t delivered, out, recover_fs;
};

/* What one ACK said, filled in by the steps that read it. Bytes. */
struct tcp_ack {
  uint32_t prior_fack; /* RACK.fack before it */
  uint32_t acked;      /* snd_una moved by */
  uint32_t delivered;  /* left the network, each byte once */
  uint32_t lost;       /* found lost */
  uint32_t ts_ecr_ms;  /* TSecr as a time of our clock, if has_ts */
  /* When the last of what was acknowledged, or sacked, was sent (0: nothing);
   * an RTT, unless part of it was retransmitted. */
  uint64_t acked_sent_ns, sacked_sent_ns;
  uint64_t resent_ns; /* what was acknowledged had been sent again then, or 0 */
  uint32_t dsack_left, dsack_right; /* if dsack */
  bool acked_retransmitted;
  bool has_ts;
  bool dupack;     /* without news, or of RFC 5681 2 */
  bool reordered;  /* what was delivered lies below prior_fack */
  bool sacked_new; /* a block had news */
  bool has_sack;
  bool dsack, dsack_tlp; /* a duplicate was reported; it was the probe */
};

/* ---- tcp_rtx.c ---------------------------------------------------------- */
void tcp_rtx_sent(struct ph_stack *stack, struct tcp_conn *conn, uint32_t seq,
                  uint32_t len, struct tcp_pos pos, uint32_t flags,
                  uint32_t mss);
/* Split behind the first `at` bytes; false if there is no record. */
bool tcp_rtx_split(struct tcp_stack *tcp, struct tcp_conn *conn,
                   struct tcp_range *range, uint32_t at);
/* Forget what is before `ack`, and say in `info` what that delivered. */
void tcp_rtx_ack(struct ph_stack *stack, struct tcp_conn *conn, uint32_t ack,
                 struct tcp_ack *info);
void tcp_rtx_mark_lost(struct tcp_conn *conn, struct tcp_range *range);
/* Nothing is lost: all of it is in flight again. */
void tcp_rtx_unmark_lost(struct tcp_conn *conn);
/* Bytes [from, to) of a range that is not yet are sacked; from and to are
 * bounds of segments. False if there was no record to tell. */
bool tcp_rtx_mark_sacked(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_range *range, uint32_t from, uint32_t to);
/* Mark the first range lost, and those of the others that were last sent at
 * `sent_by_ns` or before. The peer may have dropped what it sacked: `forget`
 * those marks first. */
void tcp_rtx_mark_sent_by(struct tcp_stack *tcp, struct tcp_conn *conn,
                          uint64_t sent_by_ns, bool forget);
void tcp_rtx_mark_first_lost(struct tcp_stack *tcp, struct tcp_conn *conn,
                             uint32_t len);
/* The first lost range is conn->out->lost.first: sent again in this order. */
/* The first `n` bytes, or all of it, were sent again. */
void tcp_rtx_resent(struct ph_stack *stack, struct tcp_conn *conn,
                    struct tcp_range *range, uint32_t n, uint32_t mss);
/* Of a range in flight only the first `n` bytes are: the rest is lost. */
void tcp_rtx_sent_in_part(struct tcp_range *range, uint32_t n);
void tcp_rtx_free(struct tcp_stack *tcp, struct tcp_conn *conn);

/* ---- tcp_recovery.c ----------------------------------------------------- */
/* An ACK was read: find losses, start, go on with or end a recovery. */
void tcp_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                struct tcp_ack *info);
/* The reordering timer found losses. */
void tcp_on_loss(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_on_timeout(struct ph_stack *stack, struct tcp_conn *conn);

/* ---- tcp_undo.c --------------------------------------------------------- */
/* The window is about to be reduced, for a recovery that begins. */
void tcp_undo_begin(struct tcp_conn *conn);
/* A timeout begins one, before anything is marked. */
void tcp_undo_timeout(struct tcp_conn *conn);
/* `n` bytes from `seq` on were sent again. */
void tcp_undo_resent(struct tcp_conn *conn, uint32_t seq, uint32_t n);
/* Was it needed? Only if out->undo.cwnd. */
void tcp_undo_on_ack(struct ph_stack *stack, struct tcp_conn *conn,
                     const struct tcp_ack *info);

/* ---- tcp_sack.c --------------------------------------------------------- */
/* Read the blocks of a segment that acknowledges up to seg->ack. */
void tcp_sack_input(struct ph_stack *stack, struct tcp_conn *conn,
                    const struct tcp_seg *seg, struct tcp_ack *info);
/* DupThresh segments were sacked, by number or by bytes. */
bool tcp_sack_dupthresh(const struct tcp_conn *conn);

/* ---- tcp_rfc6675.c ------------------------------------------------------- */
/* Recovery by SACK without RACK: tcp_stack.by_sack, of connections with SACK
 * that have neither use_rack nor arq. */
struct tcp_by_sack {
  /* The connection has a new tcp_out. */
  void (*init)(struct tcp_conn *conn);
  /* What ends at `end` is sacked. */
  void (*sacked)(struct tcp_conn *conn, uint32_t end);
  /* Mark what IsLost() says. */
  void (*mark_lost)(struct ph_stack *stack, struct tcp_conn *conn,
                    struct tcp_ack *info);
  /* Fast recovery begins. */
  void (*started)(struct tcp_conn *conn);
  /* A lost range that ends at `end` was sent again. */
  void (*resent)(struct tcp_conn *conn, uint32_t end);
  /* NextSeg() (3) and (4), when there is nothing new to send: true if something
   * was marked to be sent again. */
  bool (*next_seg)(struct ph_stack *stack, struct tcp_conn *conn);
};

/* ---- tcp_rack.c, tcp_tlp.c, tcp_prr.c ------------------------------------ */
void tcp_rack_init(struct tcp_conn *conn);
/* RFC 8985 6.2 steps 1 to 3, for one range that the ACK delivered. */
void tcp_rack_delivered(const struct ph_stack *stack, struct tcp_conn *conn,
                        const struct tcp_range *range, uint32_t end_seq,
                        struct tcp_ack *info);
/* Steps 4 and 5; returns the bytes newly marked lost. */
uint32_t tcp_rack_detect_loss(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_rack_on_dsack(struct tcp_conn *conn, const struct tcp_ack *info);
void tcp_rack_recovery_ended(struct tcp_conn *conn);
void tcp_rack_timeout(struct ph_stack *stack, struct tcp_conn *conn);
/* 6.3: what was sent by then is lost when the RTO expires. */
uint64_t tcp_rack_rto_horizon(const struct ph_stack *stack,
                              const struct tcp_conn *conn);

/* RFC 8985 7.2: start the PTO, if this is the time for one. */
void tcp_tlp_schedule(struct ph_stack *stack, struct tcp_conn *conn);
/* No PTO: nothing is out, or what is out is not to be probed. */
void tcp_tlp_cancel(struct tcp_conn *conn);
void tcp_tlp_timeout(struct ph_stack *stack, struct tcp_conn *conn);
/* 7.4; true if the probe has repaired a loss. */
bool tcp_tlp_process_ack(struct tcp_conn *conn, const struct tcp_ack *info);

void tcp_prr_enter(struct tcp_conn *conn);
/* `force`: one segment must go out now. */
void tcp_prr_ack(struct tcp_conn *conn, const struct tcp_ack *info, bool force);
/* In fast recovery: `n` bytes were sent. */
void tcp_prr_sent(struct tcp_conn *conn, uint32_t n);

/* ---- tcp_arq.c ---------------------------------------------------------- */
/* False if the receiver keeps nothing that is out of order. */
bool tcp_arq_keeps(const struct tcp_conn *conn);
/* Its sender, for a connection with `arq`: tcp_stack.arq, from tcp_set_arq()
 * on.
 */
struct tcp_arq_sender {
  /* What the SYN does not offer. */
  void (*options)(struct tcp_conn *conn);
  /* Established: the fixed window. */
  void (*start)(struct tcp_conn *conn);
  void (*on_ack)(struct ph_stack *stack, struct tcp_conn *conn,
                 const struct tcp_ack *info);
  /* Start ARQ's own timer; when it fires. */
  void (*schedule)(struct ph_stack *stack, struct tcp_conn *conn);
  void (*timeout)(struct ph_stack *stack, struct tcp_conn *conn);
  /* The retransmission timer of RFC 6298 fired: long silence. */
  void (*silence)(struct ph_stack *stack, struct tcp_conn *conn);
};

/* ---- tcp_output.c ------------------------------------------------------- */
/* Send a loss probe (RFC 8985 7.3): a new segment if there is one, whatever
 * cwnd says, else the last one again. */
enum tcp_probe { TCP_PROBE_NONE, TCP_PROBE_NEW, TCP_PROBE_LAST };
enum tcp_probe tcp_output_loss_probe(struct ph_stack *stack,
                                     struct tcp_conn *conn);

#endif
