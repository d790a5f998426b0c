/* SPDX-License-Identifier: Apache-2.0 */
/* Raw IP endpoints and ping endpoints: datagram endpoints (udp.h) without UDP.
 *
 * Raw: a copy of each packet of one protocol, with its IP header in IPv4 and
 * without in IPv6 (RFC 3542 3); what is sent gets an IP header, unless
 * `header_included`. Ping: ICMP echo requests and the replies to them, without
 * IP header; the identifier is the endpoint's port. As in Linux. */
#ifndef PH_UDP_RAW_H
#define PH_UDP_RAW_H

#include "stack/udp/udp.h"

enum { RAW_PROTO_RAW = 255 }; /* send only, with header */

/* After ph_udp_init(): udp_open_raw() works. 0, -PH_EINVAL. */
int ph_raw_init(struct ph_stack *stack) PH_MUST_USE;

#endif
