/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of stack/tcp share. Names of protocol variables are those of
 * RFC 9293 3.3.1, RFC 5681 and RFC 6298.
 *
 * Invariants (checked by tcp_check_invariants() in tests):
 *  1. snd_una <= snd_nxt; the ranges of `rtx` cover [snd_una, snd_nxt) without
 *     gap or overlap, but for a SYN.
 *  2. The send queue holds the bytes from snd_una (after the SYN) on; the last
 *     of its sndq_len bytes is the last that the application wrote.
 *  3. lost_bytes is the sum of the ranges marked TCP_RANGE_LOST, sacked_bytes
 *     of those marked TCP_RANGE_SACKED (without SACK: what duplicate ACKs say);
 *     the first kind is in the list `lost` by sequence number, ranges that are
 *     neither are in `sent` by the time of their last transmission.
 *  4. rcv_nxt <= rcv_edge, and rcv_edge never moves back.
 *  5. Out-of-order runs lie in (rcv_nxt, rcv_edge + scaling slack], disjoint
 *     and not adjacent.
 *  6. rcv_held is the sum of the block sizes under all chunks of the receive
 *     and out-of-order queues; rcv_blocks counts those of the stack's pool.
 *  7. The pool's reserve is the sum of rcv_owed and of the floors of empty send
 *     queues over all connections, those in the pool included, and is never
 *     more than what is free (but for blocks that the device still reads).
 */
#ifndef PH_TCP_TCP_INTERNAL_H
#define PH_TCP_TCP_INTERNAL_H

#include "stack/base/errno.h"
#include "stack/base/hash.h"
#include "stack/base/list.h"
#include "stack/base/seq.h"
#include "stack/tcp/tcp.h"
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_range.h"
#include "stack/tcp/tcp_recovery.h"
#include "stack/tcp/tcp_segment.h"
#include "stack/tcp/tcp_stack.h"
#include "stack/wire/tcp_wire.h"

#define TCP_MS 1000000ull
#define TCP_S 1000000000ull

enum {
  TCP_HEADROOM = 152,    /* in front of the TCP header: Ethernet and IP, then
                            up to 40 bytes of TCP in PKT_ROOM */
  TCP_COPY_BREAK = 512,  /* shorter payloads are copied, not lent */
  TCP_MSS_DEFAULT = 536, /* what TCP_MAXSEG says before there is a peer */
  TCP_MSS_MIN = 48,      /* a peer's MSS below this is raised to it */
  TCP_RCV_WSCALE = 8,    /* 65535 << 8 covers the largest buffer, 8 MiB */
  TCP_INITIAL_WINDOW_SEGS = 10, /* RFC 6928 */
  TCP_QUICKACK_SEGS = 16, /* acknowledged at once when a connection starts */
  TCP_SYN_RETRIES = 6,
  TCP_SYNACK_RETRIES = 5,
  TCP_RETRIES = 15, /* R2 of RFC 9293 3.8.3: over 15 minutes */
  TCP_ORPHAN_RETRIES = 8,
  TCP_DUPACK_THRESHOLD = 3, /* RFC 5681 3.2 */
  TCP_COALESCED_MAX = 64,   /* segments that one packet is believed to be */
  TCP_CWND_MAX = 1 << 30,
};

#define TCP_DELACK_NS (40 * TCP_MS)
#define TCP_FIN_DELACK_NS (1 * TCP_MS) /* for our own FIN to carry the ACK */
#define TCP_RTO_INITIAL_NS (1 * TCP_S)
#define TCP_RTO_MIN_NS (200 * TCP_MS)
#define TCP_RTO_MAX_NS (120 * TCP_S)
#define TCP_2MSL_NS (60 * TCP_S)
#define TCP_FIN_WAIT_2_NS (60 * TCP_S)
#define TCP_RETRY_NS (1 * TCP_MS) /* a resource was missing: look again */
#define TCP_BLOCK_WAIT_NS (100 * TCP_MS) /* the same, while ACKs are due */
#define TCP_CHALLENGE_NS (500 * TCP_MS)  /* RFC 5961 7, per connection */

/* ---- A connection ------------------------------------------------------- */

/* Deadlines of a connection; they and its tcp_out's share one ph_timer. */
enum tcp_timer {
  TCP_TIMER_RTX, /* RTO, SYN, persist, or cork */
  TCP_TIMER_DELACK,
  TCP_TIMER_RETRY, /* device, pool or block was not free */
  TCP_TIMER_LIFE,  /* keepalive; the end of TIME-WAIT, FIN-WAIT-2 */
  TCP_TIMER_COUNT
};

enum tcp_recovery {
  TCP_RECOVERY_NONE,
  TCP_RECOVERY_FAST, /* RFC 6582, RFC 6675, RFC 8985 */
  TCP_RECOVERY_LOSS, /* after a timeout, until `recover` is acknowledged */
};

/* A place in the send queue. */
struct tcp_pos {
  struct ph_block *block;
  uint32_t offset;
};

/* What a connection needs to know while data are out, and likes to remember
 * between two flights. There are fewer of these than connections: who has
 * none when it sends takes one from who needs it least (tcp_out.c). */
struct tcp_out {
  union {
    struct tcp_out *next;        /* of those that are nobody's */
    const struct tcp_cc_ops *cc; /* congestion control */
  };
  struct tcp_ranges rtx; /* the retransmission queue */
  struct tcp_range_list sent, lost;
  uint32_t lost_bytes, sacked_bytes;
  uint32_t recover;
  uint32_t ecn_until; /* no reduction for ECE on an ACK up to here */
  uint32_t bytes_acked_ca;
  uint32_t records;  /* in `rtx` */
  uint64_t deadline; /* RFC 8985: of the reordering timer, or the PTO of TLP; or
                        of the timer of ARQ */
  union {
    struct tcp_rack rack;
    struct tcp_rfc6675 rfc6675; /* if not use_rack */
    struct tcp_arq_state arq;   /* if `arq` */
  } loss;
  struct tcp_undo undo;
  struct tcp_prr prr;
  uint32_t loss_recover;    /* `recover` of the last timeout */
  uint32_t flight_max;      /* bytes out at most since there were none */
  struct tcp_pos sndq_next; /* byte snd_nxt of the send queue */
  uint32_t last_acked;      /* bytes that the last ACK to advance covered */
  uint32_t sack_newest;     /* the run that changed last: tcp_sack_blocks.c */
  struct tcp_ranges ooo;    /* received out of order */
  struct tcp_conn *conn;    /* whose it is */
  bool used;                /* since the hand of tcp_out.c passed */
  /* What limits it, since when, and how long each did: tcp_limit.c. */
  uint8_t limit; /* enum tcp_limit */
  uint32_t low_us, low_until;
  uint64_t limit_since_ns;
  uint64_t limit_ns[TCP_LIMIT_COUNT + 1];
  union {
    struct tcp_cubic cubic;
    struct tcp_hystart hystart;
  } cc_state;
};

struct tcp_listener;

/* What is named most often comes first: an offset below 128 is one byte of an
 * instruction, not four. */
struct tcp_conn {
  struct tcp_out *out; /* tcp_out_none, or its own */
  uint8_t state;       /* enum tcp_state */
  uint8_t error;       /* pending, positive */
  uint8_t soft_error;
  uint8_t recovery;      /* enum tcp_recovery */
  uint8_t ip_header_len; /* of the family */
  uint8_t dupacks;
  uint8_t backoff; /* consecutive timeouts or probes */
  uint8_t probes;  /* without an answer */
  union {
    uint8_t inherited; /* a child has its listener's */
    struct {
      bool reuse_addr : 1;
      bool reuse_port : 1;
      bool keepalive : 1;
      bool delay_acks : 1; /* no quick ACKs: TCP_QUICKACK 0, or interactive */
      bool nodelay : 1;
      bool cork : 1;       /* TCP_CORK: as MSG_MORE, until it is taken off */
      bool oob_inline : 1; /* SO_OOBINLINE */
      bool sndbuf_set : 1; /* by the user */
    };
  };
  bool rcvbuf_set : 1; /* likewise */
  bool pending : 1;    /* waits for tcp_poll(), even if it has died since */
  bool bound : 1;      /* in a port bucket */
  bool hashed : 1;     /* in the connection table */
  bool more : 1;       /* MSG_MORE: hold the partial tail back */
  bool push : 1;       /* whatever holds the tail back, it goes now */
  bool cork_wait : 1;  /* TCP_TIMER_RTX ends what holds it back */
  bool passive : 1;    /* opened by a listener */
  bool ack_now : 1;
  bool ack_delayed : 1; /* data received, ACK pending */
  bool fin_queued : 1;  /* the application is done sending */
  bool fin_sent : 1;
  bool fin_seen : 1;     /* fin_seq is valid */
  bool fin_received : 1; /* the FIN was reached in order */
  bool rcv_shutdown : 1;
  bool wscale_ok : 1;
  bool cwnd_limited : 1;
  bool persist : 1; /* TCP_TIMER_RTX is the persist timer */
  bool rtt_valid : 1;
  bool room_wanted : 1;   /* the owner wants to be told that it can write */
  bool tx_block_wait : 1; /* the application waits for blocks */
  bool named : 1;         /* by bind() */
  bool port_given : 1;    /* bind() asked for this very port */
  bool addr_given : 1;    /* and for this address */
  bool only_v6 : 1;       /* IPV6_V6ONLY: `::` takes no IPv4 */
  bool sws_override : 1;  /* send into a silly window */
  bool done : 1;          /* had its life: CLOSED for good */
  bool accept_queued : 1;
  bool syn_due : 1; /* a SYN or SYN-ACK is to be sent */
  bool syn_retransmitted : 1;
  bool deferred : 1;     /* the handshake is over but for data: DEFER_ACCEPT */
  bool use_rack : 1;     /* with SACK: RFC 8985, else RFC 6675 */
  bool partial_seen : 1; /* the last ACK in fast recovery was partial */
  bool sack_ok : 1;      /* SACK is offered; after the SYNs: is spoken */
  bool rcv_space_valid : 1;
  bool rcv_packed : 1; /* memory is short: nothing is lent until all is read */
  bool ts_ok : 1;      /* timestamps likewise */
  bool ecn_ok : 1;     /* ECN likewise */
  bool ecn_ece : 1;    /* CE received, CWR not yet */
  bool ecn_cwr : 1;    /* the next new data has CWR */
  bool snd_urg : 1;    /* snd_up is ahead of snd_una */
  bool urg_next : 1;   /* what is written now ends in an urgent octet */
  uint8_t rcv_urg : 2; /* enum tcp_urgent */
  uint8_t arq : 2;     /* enum tcp_arq_mode */
  bool out_lost : 1;   /* without a tcp_out: snd_una on is to be sent again */
  bool reordering_seen : 1; /* RFC 8985 6.2 step 3 */
  uint8_t quickack;
  /* Send sequence variables. ISS of the RFC is snd_una until our SYN is
   * acknowledged, IRS is rcv_nxt - 1 until then: nobody asks later. */
  uint32_t snd_una, snd_nxt, snd_wnd;
  uint16_t snd_mss;
  uint16_t mtu; /* the longest IP packet that is sent: tcp_pmtu.c */
  /* Receive sequence variables. rcv_edge is the right edge of the window that
   * we owe the peer; rcv_wnd of the RFC is rcv_edge - rcv_nxt. */
  uint32_t rcv_nxt, rcv_edge;
  uint32_t cwnd, ssthresh;
  uint32_t sndq_len, rcvq_len; /* from snd_una on; in order, not read */
  uint16_t local_port, remote_port;
  uint16_t path, plpmtud; /* numbers: tcp_path(), tcp_plpmtud.c */
  uint32_t rcvbuf;
  uint32_t rcv_held; /* memory under both receive queues */
  uint16_t rcv_mss;
  uint8_t snd_wscale, rcv_wscale;
  uint16_t rcv_blocks;  /* blocks of the stack's pool in the receive queues */
  uint16_t rcv_owed;    /* blocks kept free for what may still arrive */
  struct ph_link link;  /* free, SYN, accept or TIME-WAIT list */
  uint32_t snd_max_wnd; /* largest ever offered: SWS avoidance */
  uint32_t snd_push;    /* end of the last write that was to be pushed */
  uint32_t fin_seq;
  uint32_t sndq_offset; /* of byte snd_una in sndq_head */
  uint64_t deadline[TCP_TIMER_COUNT];

  /* Names and places. */
  void *owner;
  struct tcp_listener *listener; /* in LISTEN: its own; in SYN-RECEIVED or not
                                    yet accepted: the one it came from */
  struct ph_addr local, remote;
  struct tcp_conn *next_pending; /* while `pending` */
  struct ph_link port_link;      /* of one local port's bucket */
  struct ph_timer timer;
  uint32_t hash_next; /* in its bucket: tcp_conn.c */
  uint16_t user_mss;
  uint16_t peer_mss; /* of its SYN */

  /* More sequence variables: of the send side, */
  uint32_t snd_wl1, snd_wl2;
  uint32_t snd_up;  /* behind the urgent octet */
  uint32_t snd_sml; /* end of the last small segment: Nagle */
  /* and of the receive side. rcv_adv is the highest that a header has said: at
   * most one unit of the scale beyond rcv_edge. */
  uint32_t rcv_adv;
  uint32_t rcv_acked; /* rcv_nxt when the last ACK left; Last.ACK.sent */
  uint32_t ts_recent, ts_recent_s; /* TS.Recent, and when, in seconds */
  uint32_t ts_offset;              /* of our clock */
  uint32_t rcv_up;                 /* the urgent octet */

  /* Congestion control and RTT. */
  union {
    uint32_t w_max; /* of RFC 9438 */
    struct {
      uint16_t arq_window, arq_percent; /* if `arq`: no congestion control */
    };
  };
  uint32_t retransmissions; /* segments */
  uint32_t sndbuf;
  uint32_t heard_ms;           /* the last valid segment came */
  uint64_t srtt_ns, rttvar_ns; /* RTO follows: tcp_rto() */
  uint32_t challenge_ms;       /* the last challenge ACK left */
  uint32_t last_rx_ms;         /* data, or the handshake's end, came */

  /* Queues. To send: full blocks but for the head's front and the tail's end.
   */
  struct ph_block *sndq_head, *sndq_tail;
  struct tcp_chunks rcvq;
  uint32_t rcv_space_seq, rcv_space_time; /* read up to here then */

  uint32_t silent_ms;           /* the first timeout or probe since an answer */
  struct tcp_settings settings; /* tcp_info.h, */
  struct tcp_counters counters; /* too */

  union {
    uint64_t bytes_acked;
    uint64_t syn_sent_ns; /* before ESTABLISHED */
  };
  uint64_t bytes_received;
};

/* Closed by its owner, or never had one and is not waiting for accept(). */
static inline bool tcp_is_orphan(const struct tcp_conn *conn) {
  return !conn->owner && !conn->listener;
}

/* Who finds losses by SACK if that is not RACK, or NULL. */
static inline const struct tcp_by_sack *tcp_by_sack(
    const struct ph_stack *stack, const struct tcp_conn *conn) {
  return conn->sack_ok && !conn->use_rack && !conn->arq ? tcp_of(stack)->by_sack
                                                        : NULL;
}

/* Where its packets go; never NULL. */
static inline struct ip_path *tcp_path(struct ph_stack *stack,
                                       struct tcp_conn *conn) {
  return ip_path_get(stack, &conn->path, &conn->local, &conn->remote);
}

/* It is known where to: what follows from the path. */
static inline void tcp_take_path(struct ph_stack *stack, struct tcp_conn *conn,
                                 struct ip_path *path) {
  conn->mtu = ip_path_mtu(stack, path);
  conn->ip_header_len = (uint8_t)path->family->header_len;
}

/* The IP header of its packets. */
static inline struct ip_tx tcp_ip_tx(const struct tcp_conn *conn,
                                     const struct ip_path *path, uint8_t ecn) {
  const struct ip_marks *marks = &conn->settings.marks;
  return (struct ip_tx){.protocol = IP_PROTO_TCP,
                        .ttl = marks->ttl,
                        .tos = (uint8_t)(marks->tos | ecn),
                        .dont_fragment = conn->mtu > path->family->pmtu_floor};
}

/* ---- tcp_range.c -------------------------------------------------------- */
/* A record, unless that would leave no more than `keep`. */
static inline struct tcp_range *tcp_range_get(struct tcp_stack *tcp,
                                              uint32_t keep) {
  struct tcp_range *range = tcp->free_ranges;
  if (!range || tcp->ranges_available <= keep) {
    return NULL;
  }
  tcp->free_ranges = range->next;
  tcp->ranges_available--;
  return range;
}
static inline void tcp_range_put(struct tcp_stack *tcp,
                                 struct tcp_range *range) {
  range->next = tcp->free_ranges;
  tcp->free_ranges = range;
  tcp->ranges_available++;
}
/* Records promised to those of `outs` that have none in their `rtx`. */
static inline uint32_t tcp_range_reserve(const struct tcp_stack *tcp) {
  return tcp->outs_count - tcp->rtx_users;
}

/* ---- tcp_limit.c --------------------------------------------------------- */
static inline void tcp_look(struct ph_stack *stack, struct tcp_conn *conn) {
  if (tcp_of(stack)->look) {
    tcp_of(stack)->look(stack, conn);
  }
}

/* ---- tcp_out.c ---------------------------------------------------------- */
/* What a connection has that owns none: nothing, and never written to. */
extern const struct tcp_out tcp_out_none;
bool tcp_out_init(struct tcp_stack *tcp, uint32_t count);
/* What is needed if there are fewer of these than connections. */
struct tcp_out_sharing {
  /* Take one away from who would miss it least. */
  void (*take_away)(struct ph_stack *stack);
  /* It was taken away while data were out, and this is a new one. */
  void (*rebuild)(struct ph_stack *stack, struct tcp_conn *conn);
};
extern const struct tcp_out_sharing tcp_out_sharing;
/* The connection is new, or done with sending. */
static PH_SHARED void tcp_out_clear(struct tcp_conn *conn) {
  conn->out = (struct tcp_out *)(uintptr_t)&tcp_out_none;
  conn->out_lost = false;
}
void tcp_out_give(struct tcp_stack *tcp, struct tcp_conn *conn);
static inline void tcp_out_free(struct tcp_stack *tcp, struct tcp_conn *conn) {
  if (conn->out != &tcp_out_none) {
    tcp_out_give(tcp, conn);
  } else {
    conn->out_lost = false;
  }
}
void tcp_out_take(struct ph_stack *stack, struct tcp_conn *conn);
/* Before data are sent, or something is heard of them: conn->out is its own
 * from here on. What others had there may be forgotten. */
static inline void tcp_out_need(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->out == &tcp_out_none) {
    tcp_out_take(stack, conn);
  }
  conn->out->used = true;
}

/* ---- tcp_recvq.c -------------------------------------------------------- */
/* Take payload [from, from + len) of `pkt`, lent or copied, behind `to`.
 * Returns how many bytes there was memory for. What is lent up to the packet's
 * end leaves the packet. */
uint32_t tcp_chunks_take(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, struct pkt *pkt, uint32_t from,
                         uint32_t len);
/* tcp_rcv_account() is left to the caller. */
void tcp_chunks_drop_front(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct tcp_chunks *from, uint32_t n);
void tcp_chunks_concat(struct tcp_chunks *to, struct tcp_chunks *from);
void tcp_chunks_free(struct tcp_stack *tcp, struct tcp_conn *conn,
                     struct tcp_chunks *from);
/* `to` NULL: discard. */
uint32_t tcp_recvq_read(struct tcp_stack *tcp, struct tcp_conn *conn,
                        uint8_t *to, uint32_t len);
/* Copy [offset, offset + len), which is there. */
void tcp_recvq_peek(struct tcp_stack *tcp, const struct tcp_conn *conn,
                    void *to, uint32_t len, uint32_t offset);

/* ---- tcp_ooo.c ---------------------------------------------------------- */
/* True if at least one byte was new and stored. */
bool tcp_ooo_insert(struct tcp_stack *tcp, struct tcp_conn *conn,
                    struct pkt *pkt, uint32_t from, uint32_t seq, uint32_t len);
/* Move what has become in order to the receive queue. */
bool tcp_ooo_deliver(struct tcp_stack *tcp, struct tcp_conn *conn);
void tcp_ooo_free(struct tcp_stack *tcp, struct tcp_conn *conn);

/* ---- tcp_rto.c ---------------------------------------------------------- */
/* Until the next sample: what is not yet known of the variance makes it so
 * long. */
static inline void tcp_rto_set(struct tcp_conn *conn, uint64_t rto_ns) {
  conn->rttvar_ns = rto_ns > conn->srtt_ns ? (rto_ns - conn->srtt_ns) / 4 : 0;
}
/* RTO of RFC 6298, without backoff. */
static inline uint64_t tcp_rto(const struct tcp_conn *conn) {
  uint64_t k = 4 * conn->rttvar_ns;
  uint64_t rto =
      conn->srtt_ns + (k > TCP_RTO_MIN_NS ? k : TCP_RTO_MIN_NS); /* (2.3), */
  return rto > TCP_RTO_MAX_NS ? TCP_RTO_MAX_NS : rto; /* (2.4), (2.5) */
}
void tcp_rto_sample(struct tcp_conn *conn, uint64_t r_ns);
uint64_t tcp_rto_backed_off(const struct tcp_conn *conn);

static inline uint32_t tcp_range_end(const struct tcp_range *range) {
  return range->seq + range->len;
}

/* ---- tcp_isn.c, tcp_port.c ---------------------------------------------- */
uint64_t tcp_hash_secret(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn, uint16_t local_port);
/* For other purposes (`domain` not 0), and of one more word. */
uint64_t tcp_hash_word(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                       uint16_t local_port, uint32_t domain, uint32_t word);
uint32_t tcp_isn(struct ph_stack *stack, const struct tcp_conn *conn);

/* What a connection or a listener was bound to. */
static inline struct ip_bound tcp_bound_to(const struct tcp_conn *conn) {
  return (struct ip_bound){&conn->local, conn->only_v6};
}
void tcp_port_claim(struct tcp_stack *tcp, struct tcp_conn *conn,
                    uint16_t port);
void tcp_port_release(struct tcp_conn *conn);
/* May `conn` have this name, as far as others on the port go? NULL: one that
 * shares nothing. */
bool tcp_port_allowed(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                      const struct ph_addr *addr, uint16_t port);
/* Claim an ephemeral port; 0 or -PH_EADDRNOTAVAIL. */
int tcp_port_pick(struct tcp_stack *tcp, struct tcp_conn *conn);

/* ---- tcp_conn.c, tcp.c -------------------------------------------------- */
/* Back to the pool with all it holds. */
void tcp_conn_free(struct ph_stack *stack, struct tcp_conn *conn);
/* The connection is over: told to its owner with `error` (0: as it should
 * end), or freed if it has none. */
void tcp_conn_drop(struct ph_stack *stack, struct tcp_conn *conn, int error);
void tcp_enter_time_wait(struct ph_stack *stack, struct tcp_conn *conn);
/* A connection in FIN-WAIT-2 without an owner waits for the peer's FIN, but
 * not for ever, and gives way to new ones. */
void tcp_linger_fin_wait_2(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_wake(struct ph_stack *stack, struct tcp_conn *conn, uint32_t ready);
/* The MSS for its own link, which is what a SYN says. */
uint16_t tcp_link_mss(struct ph_stack *stack, struct tcp_conn *conn);
/* Set the variables that don't depend on the peer, but for its path; ISS is
 * `iss`, or, if that is 0, chosen. */
void tcp_start(struct ph_stack *stack, struct tcp_conn *conn,
               struct ip_path *path, uint32_t iss);
bool tcp_writable(const struct tcp_conn *conn);
/* If the owner waits for room and there is some: tell it. */
void tcp_tell_room(struct ph_stack *stack, struct tcp_conn *conn);

/* ---- tcp_timer.c -------------------------------------------------------- */
void tcp_timer_init(struct tcp_conn *conn);
static inline void tcp_timer_arm(struct ph_stack *stack, struct tcp_conn *conn,
                                 uint64_t deadline_ns) {
  /* Not armed is 0, and then the least that there is. */
  if (deadline_ns <= conn->timer.deadline_ns - 1) {
    ph_timer_set(&stack->timers, &conn->timer, deadline_ns);
  }
}
static inline void tcp_timer_set(struct ph_stack *stack, struct tcp_conn *conn,
                                 enum tcp_timer which, uint64_t deadline_ns) {
  conn->deadline[which] = deadline_ns;
  tcp_timer_arm(stack, conn, deadline_ns);
}
static inline void tcp_timer_start(struct ph_stack *stack,
                                   struct tcp_conn *conn, enum tcp_timer which,
                                   uint64_t wait_ns) {
  tcp_timer_set(stack, conn, which, stack->now_ns + wait_ns);
}
/* RFC 6298 (5.1), (5.3). */
static inline void tcp_rtx_timer_start(struct ph_stack *stack,
                                       struct tcp_conn *conn) {
  tcp_timer_start(stack, conn, TCP_TIMER_RTX, tcp_rto(conn));
}
static inline void tcp_timer_clear(struct tcp_conn *conn,
                                   enum tcp_timer which) {
  conn->deadline[which] = UINT64_MAX;
}
/* The timer of what is out, of a connection with a tcp_out of its own. */
static inline void tcp_out_timer_set(struct ph_stack *stack,
                                     struct tcp_conn *conn,
                                     uint64_t deadline_ns) {
  conn->out->deadline = deadline_ns;
  tcp_timer_arm(stack, conn, deadline_ns);
}
static inline void tcp_out_timer_clear(struct tcp_conn *conn) {
  conn->out->deadline = UINT64_MAX;
}
void tcp_timer_fired(struct ph_stack *stack, struct ph_timer *timer);

/* ---- tcp_output.c, tcp_window.c ----------------------------------------- */
/* Have tcp_output() called at the end of this poll. */
void tcp_pend(struct ph_stack *stack, struct tcp_conn *conn);
/* Bytes believed to be in the network: `pipe` of RFC 6675. */
static inline uint32_t tcp_flight(const struct tcp_conn *conn) {
  uint32_t gone = conn->out->lost_bytes + conn->out->sacked_bytes;
  uint32_t out = conn->snd_nxt - conn->snd_una;
  return out > gone ? out - gone : 0;
}
/* Bytes that congestion control lets go now. */
static inline uint32_t tcp_cwnd_space(const struct tcp_conn *conn) {
  uint32_t flight = tcp_flight(conn);
  return conn->cwnd > flight ? conn->cwnd - flight : 0;
}
/* The window is used, so it may grow. In slow start it may be twice what is, as
 * in Linux: else an application that writes little by little begins with a
 * small one each time. */
static inline bool tcp_cwnd_is_used(const struct tcp_conn *conn) {
  return conn->cwnd_limited || conn->recovery == TCP_RECOVERY_LOSS ||
         (conn->cwnd < conn->ssthresh &&
          conn->cwnd / 2 < conn->out->flight_max);
}
/* Bytes of the send queue that were never sent. */
static inline uint32_t tcp_unsent_bytes(const struct tcp_conn *conn) {
  return conn->fin_sent ? 0 : conn->sndq_len - (conn->snd_nxt - conn->snd_una);
}
void tcp_poll(struct ph_stack *stack);
void tcp_output(struct ph_stack *stack, struct tcp_conn *conn);
/* The same for who knows that it is not data alone. */
void tcp_output_any(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_output_syn(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_output_probe(struct ph_stack *stack, struct tcp_conn *conn);
void tcp_ack_at_once(struct ph_stack *stack, struct tcp_conn *conn);
/* True if the device still has a packet with the first `len` bytes. */
bool tcp_range_busy(const struct tcp_range *range, uint32_t len);

/* As on the wire, before they were coalesced. */
static inline uint32_t tcp_seg_size(const struct tcp_seg *seg,
                                    const struct pkt *pkt) {
  return pkt->gso_size ? pkt->gso_size : seg->data_len;
}
/* The peer's segments are as long as `size`; false if that is no news. */
static inline bool tcp_segs_grew(struct tcp_conn *conn, uint32_t size) {
  if (size <= conn->rcv_mss) {
    return false;
  }
  conn->rcv_mss = (uint16_t)ph_min_u32(size, UINT16_MAX);
  return true;
}
/* How far right the window's edge could move now; and, if that is not 0, how
 * wide the window could be. */
uint32_t tcp_window_growth(const struct ph_stack *stack,
                           const struct tcp_conn *conn, uint32_t *limit);
/* Move it by `grow`. */
void tcp_window_open(const struct ph_stack *stack, struct tcp_conn *conn,
                     uint32_t grow);
/* Two segments of `size` in a row: that is a full-sized one now, less than
 * rcv_mss, as when the peer's path MTU falls; unless they are short and end
 * what was written, as in Linux. */
void tcp_segs_fell(struct tcp_conn *conn, uint32_t size, uint8_t flags);
/* An ACK that is not urgent: with what is sent next, or after `delay_ns`. */
static inline void tcp_ack_later(struct ph_stack *stack, struct tcp_conn *conn,
                                 uint64_t delay_ns) {
  uint64_t deadline_ns = stack->now_ns + delay_ns;
  conn->ack_delayed = true;
  if (deadline_ns < conn->deadline[TCP_TIMER_DELACK]) {
    tcp_timer_set(stack, conn, TCP_TIMER_DELACK, deadline_ns);
  }
}

#endif
