/* SPDX-License-Identifier: Apache-2.0 */
/* One stack against segments made by hand: the test is host 1, the peer. Its
 * sequence numbers start 100 below the wrap, like the stack's. */
#ifndef PH_TESTS_STACK_TCP_PEER_H
#define PH_TESTS_STACK_TCP_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { PEER_PORT = 4000, OUR_PORT = 80, PEER_WND = 60000, PEER_MSS = 1000 };

struct peer {
  struct pair *pair;
  struct ph_stack *stack; /* under test */
  struct tcp_conn *conn, *listener;
  int owner, listener_owner;
  uint16_t port; /* the stack's */
  uint32_t seq;  /* next of ours, the peer */
  uint32_t ack;  /* what the peer acknowledges: next of the stack */
  uint16_t wnd;
  uint32_t mark; /* log index: what came before is not counted */
  /* What peer_send() and the peer's SYN carry besides. */
  bool sack_permitted, timestamps;
  uint32_t ts_val, ts_ecr;
  struct tcp_sack_block sack[4];
  uint32_t sack_count;
  uint8_t tos;
  uint16_t urg;
};

/* What the peer's SYN says. */
enum { PEER_SACK = 1, PEER_TIMESTAMPS = 2, PEER_TS = 1000 };
/* The stack accepts a connection of a peer that has these (PEER_*); its
 * timestamp starts at PEER_TS and stands still unless the test moves it. */
void peer_passive_with(struct peer *peer, const struct pair_options *options,
                       uint32_t has);

/* A stack with a listener on OUR_PORT. `options` may be NULL. */
void peer_listen(struct peer *peer, const struct pair_options *options);
/* The stack accepts the peer's connection / connects to the peer. */
void peer_passive(struct peer *peer, const struct pair_options *options);
void peer_active(struct peer *peer, const struct pair_options *options);
/* A fresh peer whose connection is in `state`; in CLOSED the peer talks to a
 * port where nobody listens. */
void peer_into(struct peer *peer, enum tcp_state state);
/* Frees all; the connection too if the test did not close it. */
void peer_free(struct peer *peer);

/* Send a segment with these fields and the peer's ack and window. */
void peer_send(struct peer *peer, uint8_t flags, uint32_t seq, const void *data,
               uint32_t len);
/* Send `len` bytes of the test stream at the peer's seq, which moves on. */
void peer_data(struct peer *peer, uint32_t len);
/* A pure ACK for everything below `ack`. */
void peer_ack(struct peer *peer, uint32_t ack);

/* Sequence number of the stack's segment `n` of PEER_MSS, from 0 on. */
uint32_t peer_at(uint32_t n);
/* An ACK with these blocks. */
void peer_sack(struct peer *peer, uint32_t ack, uint32_t count,
               const struct tcp_sack_block *blocks);
/* ACK up to segment `ack`, segments [from, to) sacked. */
void peer_sack1(struct peer *peer, uint32_t ack, uint32_t from, uint32_t to);

/* An ICMP error about the stack's segment at `seq` arrives. */
void peer_icmp(struct peer *peer, uint8_t type, uint8_t code, uint16_t mtu,
               uint32_t seq);

/* The same as IP tells it to TCP, at once, with the port that is quoted. */
void peer_error(struct peer *peer, enum ip_error error, uint16_t mtu,
                uint32_t seq, uint16_t port);

/* Let time pass and forget what was sent so far. */
void peer_pass(struct peer *peer, uint64_t ns);
void peer_mark(struct peer *peer);
/* How many segments the stack has sent since the mark; the `n`th of them. */
uint32_t peer_sent(const struct peer *peer);
const struct pair_seg *peer_seg(const struct peer *peer, uint32_t n);
/* Exactly one segment since the mark, with these fields. */
void peer_expect(const struct peer *peer, uint8_t flags, uint32_t seq,
                 uint32_t ack, uint32_t len);

long peer_app_send(struct peer *peer, uint32_t len);
enum tcp_state peer_state(const struct peer *peer);

#endif
