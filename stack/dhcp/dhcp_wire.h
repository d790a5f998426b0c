/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP messages: RFC 2131 2, options of RFC 2132 3, 5, 8, 9.
 *
 * 1. An option's length must lie inside its field; the last one is "end".
 * 2. "Overload" sends the reader to `file`, then `sname`, each once; there it
 *    means nothing, so that nothing goes in circles.
 * 3. A known option of another length than its own is malformed; of one that is
 *    there twice the first counts. */
#ifndef PH_DHCP_DHCP_WIRE_H
#define PH_DHCP_DHCP_WIRE_H

#include "stack/base/types.h"

enum {
  DHCP_SERVER_PORT = 67,
  DHCP_CLIENT_PORT = 68,
  DHCP_HEADER_LEN = 240,  /* with the cookie */
  DHCP_MESSAGE_MIN = 300, /* what is sent is no shorter: RFC 951 */
  DHCP_MESSAGE_MAX = 576, /* what everybody takes: RFC 2131 2 */
  DHCP_DNS_MAX = 3,
  DHCP_DOMAIN_MAX = 64,
};
enum dhcp_type {
  DHCP_DISCOVER = 1,
  DHCP_OFFER,
  DHCP_REQUEST,
  DHCP_DECLINE,
  DHCP_ACK,
  DHCP_NAK,
  DHCP_RELEASE,
  DHCP_INFORM,
};
enum { DHCP_TO_SERVER = 1, DHCP_TO_CLIENT = 2 }; /* op */
enum { DHCP_FLAG_BROADCAST = 0x8000 };

/* Addresses in host order; 0: not there. */
struct dhcp_message {
  uint8_t op;
  uint8_t type; /* enum dhcp_type */
  uint32_t xid;
  uint16_t secs, flags;
  uint32_t ciaddr, yiaddr, giaddr;
  uint8_t chaddr[6];
  /* Options. */
  uint32_t mask, router, requested, server;
  uint32_t lease_s, t1_s, t2_s; /* 0: not there */
  uint32_t dns[DHCP_DNS_MAX];
  uint16_t mtu;
  char domain[DHCP_DOMAIN_MAX]; /* "": not there */
};

/* 0, or -PH_EBADMSG. */
int dhcp_read(const uint8_t *msg, uint32_t len,
              struct dhcp_message *m) PH_MUST_USE;

/* Into `to`, DHCP_MESSAGE_MAX bytes of room: its length. */
uint32_t dhcp_write(uint8_t *to, const struct dhcp_message *m);

/* How many leading bits a mask has; -PH_EINVAL: it has holes, or none. */
int dhcp_prefix_len(uint32_t mask);

#endif
