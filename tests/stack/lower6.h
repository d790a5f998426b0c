/* SPDX-License-Identifier: Apache-2.0 */
/* A host with one recording interface that speaks IPv6, and packets of its
 * neighbour made by hand. */
#ifndef PH_TESTS_STACK_LOWER6_H
#define PH_TESTS_STACK_LOWER6_H

#include "stack/ip/ipv6.h"
#include "stack/wire/ipv6_wire.h"
#include "tests/stack/lower.h"

#define LOWER6_MS UINT64_C(1000000)
#define LOWER6_S UINT64_C(1000000000)

/* 2001:db8::1 is the host (02:..:01), 2001:db8::2 its peer (02:..:02); both
 * have link-local addresses made of these. */
extern const struct ph_addr lower6_host, lower6_peer, lower6_host_ll,
    lower6_peer_ll, lower6_router_ll;

/* With `config`, no address is given; NULL: the host's is, ready at once, and
 * nobody looks for routers. */
struct lower *lower6_new(const struct ph_ipv6_config *config);
/* Let time pass; what is sent meanwhile is recorded. */
void lower6_pass(struct lower *host, uint64_t ns);

/* Write Ethernet and IPv6 headers into scratch, from the peer to the host;
 * returns the payload. */
uint8_t *lower6_ip(struct lower *host, uint8_t next, uint32_t payload_len);
#define LOWER6_IP(h) ((h)->scratch + 14)
void lower6_set_src(struct lower *host, const struct ph_addr *src);
void lower6_set_dst(struct lower *host, const struct ph_addr *dst);
/* Put the checksum of an ICMPv6 message `at` bytes behind the IPv6 header. */
void lower6_sum(struct lower *host, uint32_t at);
/* Deliver what was written. */
void lower6_receive(struct lower *host);
/* The same after summing an ICMPv6 message right behind the header. */
void lower6_receive_icmp(struct lower *host);

/* An echo request with `len` bytes of data. */
uint8_t *lower6_echo(struct lower *host, uint32_t len);
/* The peer becomes known, by a solicitation for the host. */
void lower6_learn_peer(struct lower *host);
/* A neighbour solicitation or advertisement of `target` with a link-layer
 * address option (unless `mac` is NULL) is written, not sent. */
uint8_t *lower6_nd(struct lower *host, uint8_t type,
                   const struct ph_addr *target, const uint8_t *mac);

/* The `n`th frame from the end, n = 1 is the last; its ICMPv6 message if it is
 * one with a good checksum, else the test fails. */
const uint8_t *lower6_frame(const struct lower *host, uint32_t n);
const uint8_t *lower6_icmp(const struct lower *host, uint32_t n);

/* What was dropped, for whatever reason. */
uint64_t lower6_drops(const struct lower *host);
/* Receive what is in scratch: it is dropped, counted once, and nobody answers.
 */
void lower6_expect_drop(struct lower *host);

#endif
