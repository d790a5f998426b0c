/* SPDX-License-Identifier: Apache-2.0 */
/* TCP (RFC 9293) as the socket layer sees it.
 *
 * A connection is made by tcp_open(), belongs to its owner (a socket) until
 * tcp_close(), and lives on without an owner as long as the protocol needs
 * it. Nothing here blocks: a call that can't go on returns -PH_EAGAIN and the
 * owner is told by the notify handler when it is worth trying again.
 */
#ifndef PH_TCP_TCP_H
#define PH_TCP_TCP_H

#include "stack/ip/ip.h"
#include "stack/tcp/tcp_info.h"

struct tcp_conn;

/* Bits of readiness; the values are poll()'s. */
enum {
  TCP_READY_IN = 1,
  TCP_READY_PRI = 2, /* an urgent octet */
  TCP_READY_OUT = 4,
  TCP_READY_ERR = 8,
  TCP_READY_HUP = 16,
  TCP_READY_RDHUP = 0x2000,
};

enum tcp_state {
  TCP_STATE_CLOSED,
  TCP_STATE_LISTEN,
  TCP_STATE_SYN_SENT,
  TCP_STATE_SYN_RECEIVED,
  TCP_STATE_ESTABLISHED,
  TCP_STATE_FIN_WAIT_1,
  TCP_STATE_FIN_WAIT_2,
  TCP_STATE_CLOSE_WAIT,
  TCP_STATE_CLOSING,
  TCP_STATE_LAST_ACK,
  TCP_STATE_TIME_WAIT,
};

/* Whether a feature of the SYN is used. */
enum ph_tcp_setting {
  PH_TCP_DEFAULT,
  PH_TCP_OFF,        /* neither offered nor accepted */
  PH_TCP_ON_REQUEST, /* accepted when the peer offers it */
  PH_TCP_ON,         /* offered too */
  PH_TCP_ALWAYS,     /* of cookies: for every SYN, not only in need */
};

/* What connections may negotiate (Linux: net.ipv4.tcp_*). */
struct ph_tcp_features {
  uint8_t sack;       /* enum ph_tcp_setting; default on */
  uint8_t dsack;      /* report duplicates (RFC 2883); default on */
  uint8_t timestamps; /* default on request */
  /* On: take segments without timestamps after both SYNs had them, as Linux
   * does; RFC 7323 3.2 says they SHOULD be dropped. Default off. */
  uint8_t missing_timestamps;
  uint8_t ecn;     /* default on request, as in Linux */
  uint8_t cookies; /* SYN cookies when the SYN queue is full; default on */
  bool bsd_order;  /* a SYN's options stand as FreeBSD's do */
  /* The receive window as FreeBSD's: it grows to whole segments with the peer's
   * SYN, moves with every ACK, and is rounded down to the scale; without a
   * scale it may be more than the header can say; SO_RCVBUF tells it. */
  bool whole_window;
  /* Ends as FreeBSD's: an ACK says the FIN again that the peer has not
   * acknowledged; a reset in CLOSE-WAIT is ECONNRESET, not EPIPE. */
  bool bsd_close;
  uint8_t window_scale; /* of our SYNs, 1 .. 14; default 8 */
  bool push_bursts;     /* PSH at the end of every super-segment too, as Linux
                           since 5.5; else only where a write ends */
  /* Search for the path's MTU with probes (RFC 4821): always, or (on request)
   * after a black hole or an ICMP. Default on request. */
  uint8_t mtu_probing;
  /* Who finds losses by SACK: NULL is RFC 8985, &tcp_rfc6675 RFC 6675. */
  const struct tcp_by_sack *by_sack;
};
extern const struct tcp_by_sack tcp_rfc6675;

/* Sizes of the pools; 0 takes the default. */
struct ph_tcp_config {
  uint32_t max_connections; /* default 256 */
  uint32_t max_listeners;   /* default 16 */
  uint32_t max_senders;     /* connections with data out at the same time
                               (more can have, and recover from losses as if
                               there were no SACK); default 4096, never more
                               than max_connections */
  uint32_t max_ranges;      /* retransmission and out-of-order records above
                               the one that each of those is sure of; default
                               4096 */
  uint32_t max_chunks;      /* pieces in receive queues; default 8192 */
  uint32_t max_sndbuf;      /* buffers that nobody set tune themselves up to */
  uint32_t max_rcvbuf;      /* these; default 8 MiB, 16 MiB */
  const char *congestion;   /* of new connections; NULL: "cubic" */
  struct ph_tcp_features features;
};

/* Called once, after ph_ipv4_init(). `config` may be NULL and is copied.
 * Returns 0, -PH_ENOMEM when the arena is too small, or -PH_ENOENT if there is
 * no such congestion control. */
int ph_tcp_init(struct ph_stack *stack,
                const struct ph_tcp_config *config) PH_MUST_USE;

/* Settings that make connections look like FreeBSD's: the order of a SYN's
 * options, timestamps offered, window scale 6, whole windows, its ends of
 * connections, losses by RFC 6675. */
void ph_tcp_profile_bsd(struct ph_tcp_features *features);

/* From now on count what limits connections, and for how long: enum tcp_limit
 * of TCP_INFO and ph_socket_info(). */
void ph_tcp_count_limits(struct ph_stack *stack);

/* Change what connections made from now on may negotiate. */
void tcp_set_features(struct ph_stack *stack,
                      const struct ph_tcp_features *features);

/* The owner of a connection became ready for `ready` (TCP_READY_*). Called
 * from inside any TCP function; it must not call back into TCP. */
typedef void tcp_notify_fn(struct ph_stack *stack, void *owner, uint32_t ready);
void tcp_set_notify(struct ph_stack *stack, tcp_notify_fn *fn);

/* A connection in CLOSED, or NULL when the pool is empty and no connection in
 * TIME-WAIT can be given up for it. */
struct tcp_conn *tcp_open(struct ph_stack *stack, void *owner);

/* Change who is notified: an accepted connection gets its socket here. */
void tcp_set_owner(struct tcp_conn *conn, void *owner);

/* Give the local end a name. Port 0 takes an ephemeral port (RFC 6056).
 * 0, -PH_EINVAL (has one), -PH_EADDRINUSE, -PH_EADDRNOTAVAIL. */
int tcp_bind(struct ph_stack *stack, struct tcp_conn *conn,
             const struct ph_addr *addr, uint16_t port,
             bool reuse_addr) PH_MUST_USE;

/* CLOSED to LISTEN, or a new backlog. 0, -PH_EINVAL, -PH_ENOBUFS (no listener
 * record), -PH_EADDRINUSE. */
int tcp_listen(struct ph_stack *stack, struct tcp_conn *conn,
               uint32_t backlog) PH_MUST_USE;

/* Take the oldest established connection off a listener; NULL if none. It has
 * no owner yet. */
struct tcp_conn *tcp_accept(struct ph_stack *stack, struct tcp_conn *listener);

/* CLOSED to SYN-SENT. 0: the SYN is on its way. -PH_ENETUNREACH,
 * -PH_EADDRNOTAVAIL (no port free), -PH_EADDRINUSE. */
int tcp_connect(struct ph_stack *stack, struct tcp_conn *conn,
                const struct ph_addr *addr, uint16_t port) PH_MUST_USE;

/* Append up to `len` bytes to the send queue: one copy, counted in
 * CopiedBytes. `more` holds a partial segment back (MSG_MORE). Returns how many
 * bytes were taken (at least 1), -PH_EAGAIN (queue full, or not yet
 * connected), -PH_EPIPE, or the connection's pending error. */
long tcp_send(struct ph_stack *stack, struct tcp_conn *conn, const void *data,
              size_t len, bool more);

/* Take up to `len` bytes out of the receive queue. `data` NULL discards them
 * (MSG_TRUNC); `peek` leaves them. 0 is the end of the stream; -PH_EAGAIN,
 * -PH_ENOTCONN, or the connection's pending error. */
long tcp_recv(struct ph_stack *stack, struct tcp_conn *conn, void *data,
              size_t len, bool peek);

/* As tcp_recv() with `peek`, but from byte `offset` of the queue on. */
long tcp_peek(struct ph_stack *stack, struct tcp_conn *conn, void *data,
              size_t len, size_t offset);

/* Would a reader who wants `least` bytes at once be told to read? Also if no
 * more can come, because the peer is done or the window is full. */
bool tcp_readable(const struct tcp_conn *conn, uint32_t least);
/* A reader waits for that many: returns how many the receive buffer can hold,
 * which grows if the user has set none. */
uint32_t tcp_want_unread(const struct ph_stack *stack, struct tcp_conn *conn,
                         uint32_t bytes);

/* Bytes that wait to be read. */
uint32_t tcp_unread(const struct tcp_conn *conn);
/* The same, and one more if the end of the stream follows; or -1 if TCP_INQ is
 * off. */
int32_t tcp_inq(const struct tcp_conn *conn);

/* connect(AF_UNSPEC): end whatever it is, with a reset if the peer must know
 * (then the pending error is ECONNRESET). Returns a connection in CLOSED in its
 * place, of the same owner, with the same settings and with the address and
 * port that tcp_bind() was given; `conn` is dead. */
struct tcp_conn *tcp_disconnect(struct ph_stack *stack, struct tcp_conn *conn);

/* The same as tcp_send(), and the last byte taken is urgent (MSG_OOB). */
long tcp_send_urgent(struct ph_stack *stack, struct tcp_conn *conn,
                     const void *data, size_t len);

/* Take the urgent octet by itself (MSG_OOB): 1; 0 at the end of the stream or
 * if `len` is 0; -PH_EINVAL: there is none, it was read, or SO_OOBINLINE is on;
 * -PH_EAGAIN: announced, not here yet. */
long tcp_recv_urgent(struct ph_stack *stack, struct tcp_conn *conn, void *data,
                     size_t len, bool peek);

/* SIOCATMARK: the next byte to read is the urgent one. */
bool tcp_at_mark(const struct tcp_conn *conn);
/* The byte `offset` behind it is. */
bool tcp_mark_ahead(const struct tcp_conn *conn, size_t offset);

/* SO_OOBINLINE: the urgent octet is read in its place. */
void tcp_set_oob_inline(struct tcp_conn *conn, bool on);
bool tcp_get_oob_inline(const struct tcp_conn *conn);

/* Half-close. `read`: later tcp_recv() returns 0; a listener stops listening.
 * `write`: FIN after what is queued. 0 or -PH_ENOTCONN. */
int tcp_shutdown(struct ph_stack *stack, struct tcp_conn *conn, bool read,
                 bool write) PH_MUST_USE;

/* The owner lets go: the pointer is dead afterwards. Queued data still goes
 * out, then FIN. Unread data, or `abort` (SO_LINGER with zero time), makes it
 * a reset. */
void tcp_close(struct ph_stack *stack, struct tcp_conn *conn, bool abort);

/* What tcp_send/tcp_recv would find now: TCP_READY_*. */
uint32_t tcp_ready(const struct tcp_conn *conn);

/* The same for an owner who waits for `events`; of TCP_READY_IN and _OUT those
 * that it does not wait for may be left out. If there is no room and it waits
 * for TCP_READY_OUT, it is told when there is again. (Otherwise only that the
 * connection is made, or over, is told.) */
uint32_t tcp_ready_for(struct tcp_conn *conn, uint32_t events);

/* The pending error, positive, or 0; tcp_take_error() also clears it. */
int tcp_error(const struct tcp_conn *conn);
int tcp_take_error(struct tcp_conn *conn);
/* The same, or else the last soft error: an ICMP message that told of no more
 * than trouble on the way. */
int tcp_take_any_error(struct tcp_conn *conn);

enum tcp_state tcp_get_state(const struct tcp_conn *conn);
const char *tcp_state_name(enum tcp_state state);

/* Options. Buffer sizes are limits in bytes of memory; the receive window is
 * at most half of `rcvbuf` (the rest is for what lent blocks waste). */
/* From where the buffers that nobody sets start to tune themselves. */
void tcp_start_buffers(struct tcp_conn *conn, uint32_t sndbuf, uint32_t rcvbuf);
/* From now on this size: no more tuning. */
void tcp_set_sndbuf(struct tcp_conn *conn, uint32_t bytes);
void tcp_set_rcvbuf(struct tcp_conn *conn, uint32_t bytes);
/* In force now. */
/* The greater of max_sndbuf and max_rcvbuf. */
uint32_t tcp_max_buffer(const struct ph_stack *stack);
uint32_t tcp_get_sndbuf(const struct tcp_conn *conn);
uint32_t tcp_get_rcvbuf(const struct tcp_conn *conn);
/* What SO_RCVBUF tells of them. */
uint32_t tcp_tell_rcvbuf(const struct ph_stack *stack,
                         const struct tcp_conn *conn);
uint16_t tcp_get_mss(const struct tcp_conn *conn);
/* The path's MTU; 0: not connected. */
uint16_t tcp_get_path_mtu(const struct tcp_conn *conn);
/* SO_REUSEADDR, SO_REUSEPORT: looked at by tcp_bind() and tcp_listen(), of
 * this connection and of the others on its port. */
void tcp_set_reuse(struct ph_stack *stack, struct tcp_conn *conn, bool addr,
                   bool port);
/* TTL and DSCP of its packets, to read and to change. */
struct ip_marks *tcp_marks(struct tcp_conn *conn);
/* SO_KEEPALIVE, RFC 9293 3.8.4. */
void tcp_set_keepalive(struct ph_stack *stack, struct tcp_conn *conn, bool on);
bool tcp_get_keepalive(const struct tcp_conn *conn);

/* Options of IPPROTO_TCP that are one number; the values are Linux's. */
enum tcp_setting {
  TCP_SETTING_NODELAY = 1,
  TCP_SETTING_MAXSEG = 2,       /* bytes, 88 .. 32767; 0: as the path allows */
  TCP_SETTING_CORK = 3,         /* partial segments wait for it to be taken off,
                                   at most one retransmission timeout */
  TCP_SETTING_KEEPIDLE = 4,     /* seconds, 1 .. 32767; default 7200 */
  TCP_SETTING_KEEPINTVL = 5,    /* seconds, 1 .. 32767; default 75 */
  TCP_SETTING_KEEPCNT = 6,      /* 1 .. 127; default 9 */
  TCP_SETTING_SYNCNT = 7,       /* retransmissions, 1 .. 127; default 6 */
  TCP_SETTING_LINGER2 = 8,      /* seconds in FIN-WAIT-2, at most 120; 0: the
                                   default, 60; < 0: none */
  TCP_SETTING_DEFER_ACCEPT = 9, /* seconds to wait for data; rounded up to
                                   retransmissions of the SYN-ACK */
  TCP_SETTING_QUICKACK = 12,
  TCP_SETTING_USER_TIMEOUT = 18,  /* ms; 0: by number of retransmissions */
  TCP_SETTING_NOTSENT_LOWAT = 25, /* bytes written and never sent, from which on
                                     no more are taken; 0: any number */
  TCP_SETTING_INQ = 36,           /* 1: recvmsg() tells what is left */
};
/* 0, -PH_EINVAL (range), -PH_ENOPROTOOPT (no such option). */
int tcp_set(struct ph_stack *stack, struct tcp_conn *conn, int option,
            int32_t value) PH_MUST_USE;
int tcp_get(const struct tcp_conn *conn, int option,
            int32_t *value) PH_MUST_USE;
/* TCP_CONGESTION: "cubic" or "reno", `len` bytes or up to a 0; 0 or
 * -PH_ENOENT. It may change at any time. */
int tcp_set_congestion(struct ph_stack *stack, struct tcp_conn *conn,
                       const char *name, size_t len) PH_MUST_USE;
const char *tcp_get_congestion(const struct ph_stack *stack,
                               const struct tcp_conn *conn);

/* Textbook ARQ instead of loss recovery and congestion control, to learn from
 * and to compare: docs/tcp/arq.md. Not for a network that others use. */
enum tcp_arq_mode {
  TCP_ARQ_OFF,
  TCP_ARQ_STOP_AND_WAIT,
  TCP_ARQ_GO_BACK_N,
  TCP_ARQ_SELECTIVE_REPEAT,
};
struct tcp_arq {
  int32_t mode;             /* enum tcp_arq_mode */
  uint32_t window;          /* N, segments, up to 32767; 0: 16. Stop-and-wait
                               has always 1 */
  uint32_t timeout_percent; /* of the round trip time, 100 to 10000; 0: 125 */
};
/* Before the connection is made, at both ends; children have their listener's.
 * 0 or -PH_EINVAL (range, or too late). */
int tcp_set_arq(struct ph_stack *stack, struct tcp_conn *conn,
                const struct tcp_arq *arq) PH_MUST_USE;
struct tcp_arq tcp_get_arq(const struct tcp_conn *conn);

/* Linux's enum tcp_ca_state. */
enum {
  TCP_INFO_OPEN = 0,
  TCP_INFO_DISORDER = 1,
  TCP_INFO_CWR = 2, /* ECN has reduced cwnd, less than a round trip ago */
  TCP_INFO_RECOVERY = 3,
  TCP_INFO_LOSS = 4,
};

/* A snapshot for netstat and TCP_INFO. What is not known yet is 0, or the
 * largest number where a least is asked. */
struct tcp_info {
  enum tcp_state state;
  uint32_t recv_queue; /* bytes not read; for a listener: connections waiting */
  uint32_t send_queue; /* bytes not acknowledged; for a listener: backlog */
  uint32_t unsent;     /* of these, never sent */
  uint32_t cwnd, ssthresh, snd_wnd, rcv_wnd, snd_mss, rcv_mss;
  uint32_t rcv_limit; /* the widest that the window may become */
  uint16_t advmss;    /* the MSS that we announced */
  uint16_t pmtu;
  uint64_t srtt_ns, rttvar_ns;
  uint64_t rto_ns; /* with the backoff of repeated timeouts */
  uint64_t ato_ns; /* by how much ACKs are delayed now */
  uint32_t min_rtt_us;
  uint32_t last_sent_ms, last_received_ms; /* data, so long ago */
  uint32_t last_ack_ms;                    /* an ACK received */
  uint64_t bytes_sent, bytes_acked, bytes_received;
  struct tcp_counters counters;
  uint32_t retransmissions; /* segments */
  /* Segments out; for a listener as recv_queue and send_queue. */
  uint32_t unacked_segs, sacked_segs, lost_segs, retrans_segs;
  uint32_t delivered_segs; /* arrived, as far as we know; data and SYN */
  uint64_t rcv_rtt_ns;     /* what the receive buffer is tuned by, or 0 */
  uint8_t retransmits;     /* consecutive timeouts */
  uint8_t backoff;         /* these, or probes of a closed window */
  uint8_t probes;          /* not answered */
  uint8_t ca_state;
  uint8_t snd_wscale, rcv_wscale;
  bool wscale_ok, sack_ok, ts_ok, ecn_ok; /* spoken on this connection */
  bool reordering_seen;
  uint16_t local_port, remote_port;
  uint64_t limit_ns[TCP_LIMIT_COUNT]; /* if they are counted */
  struct ph_addr local, remote;
};
void tcp_get_info(struct ph_stack *stack, struct tcp_conn *conn,
                  struct tcp_info *info);

/* The peer's end. */
/* What a connection is that bind() gave no address: any of IPv4
 * (`::ffff:0.0.0.0`), any at all (`::`), or with `only_v6` any of IPv6. */
void tcp_set_any(struct tcp_conn *conn, const struct ph_addr *any,
                 bool only_v6);

struct ph_addr tcp_get_remote(const struct tcp_conn *conn, uint16_t *port);

/* The `index`th connection without an owner; NULL past the last. */
struct tcp_conn *tcp_orphan(struct ph_stack *stack, uint32_t index);

#endif
