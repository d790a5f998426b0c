/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 (RFC 8200 3, 4), ICMPv6 (RFC 4443 2.1), neighbour discovery (RFC 4861
 * 4) and MLD (RFC 3810 5): where the fields are, and which addresses are
 * special (RFC 4291 2.4). */
#ifndef PH_WIRE_IPV6_WIRE_H
#define PH_WIRE_IPV6_WIRE_H

#include "stack/base/types.h"
#include "stack/wire/bytes.h"

enum {
  ETH_TYPE_IPV6 = 0x86dd,
  IPV6_HDR_LEN = 40,
  IPV6_OFF_LEN = 4, /* of what follows the header */
  IPV6_OFF_NEXT = 6,
  IPV6_OFF_HOPS = 7,
  IPV6_OFF_SRC = 8,
  IPV6_OFF_DST = 24,
  IPV6_MIN_MTU = 1280, /* RFC 8200 5 */
};

/* Values of Next Header that are extension headers, or none. */
enum {
  IPV6_NEXT_HOP_BY_HOP = 0,
  IPV6_NEXT_ROUTING = 43,
  IPV6_NEXT_FRAGMENT = 44,
  IPV6_NEXT_ICMP = 58,
  IPV6_NEXT_NONE = 59,
  IPV6_NEXT_DESTINATION = 60,
};

/* Options of the hop-by-hop and destination options headers. */
enum {
  IPV6_OPT_PAD1 = 0,
  IPV6_OPT_PADN = 1,
  IPV6_OPT_ROUTER_ALERT = 5,
};

enum {
  IPV6_EXT_UNIT = 8, /* lengths of extension headers count these */
  IPV6_ROUTING_OFF_TYPE = 2,
  IPV6_ROUTING_OFF_LEFT = 3,
  IPV6_FRAG_LEN = 8,
  IPV6_FRAG_OFF_OFFSET = 2,
  IPV6_FRAG_OFF_ID = 4,
  IPV6_FRAG_OFFSET_MASK = 0xfff8, /* in bytes as it stands */
  IPV6_FRAG_MORE = 1,
};

enum {
  ICMP6_HDR_LEN = 8,
  ICMP6_OFF_CSUM = 2,
  ICMP6_UNREACHABLE = 1,
  ICMP6_TOO_BIG = 2,
  ICMP6_TIME_EXCEEDED = 3,
  ICMP6_PARAMETER = 4,
  ICMP6_ECHO = 128, /* from here on: no errors */
  ICMP6_ECHO_REPLY = 129,
  ICMP6_MLD_QUERY = 130,
  ICMP6_MLD1_REPORT = 131,
  ICMP6_MLD1_DONE = 132,
  ICMP6_RS = 133,
  ICMP6_RA = 134,
  ICMP6_NS = 135,
  ICMP6_NA = 136,
  ICMP6_REDIRECT = 137,
  ICMP6_MLD2_REPORT = 143,
  ICMP6_UNREACH_ROUTE = 0,
  ICMP6_UNREACH_ADMIN = 1,
  ICMP6_UNREACH_SCOPE = 2,
  ICMP6_UNREACH_ADDRESS = 3,
  ICMP6_UNREACH_PORT = 4,
  ICMP6_UNREACH_POLICY = 5,
  ICMP6_UNREACH_REJECT = 6,
  ICMP6_PARAM_FIELD = 0,
  ICMP6_PARAM_NEXT = 1,
  ICMP6_PARAM_OPTION = 2,
  ICMP6_PARAM_FIRST_FRAGMENT = 3, /* RFC 7112 5 */
};

/* Neighbour discovery: offsets from the ICMPv6 header. */
enum {
  ND_HOPS = 255,
  ND_OFF_TARGET = 8, /* NS, NA, redirect */
  ND_OFF_FLAGS = 4,  /* NA */
  ND_NA_ROUTER = 0x80,
  ND_NA_SOLICITED = 0x40,
  ND_NA_OVERRIDE = 0x20,
  ND_SOLICIT_LEN = 24, /* NS and NA without options */
  ND_RS_LEN = 8,
  ND_RA_LEN = 16,
  ND_RA_OFF_HOPS = 4,
  ND_RA_OFF_LIFETIME = 6,
  ND_RA_OFF_REACHABLE = 8,
  ND_RA_OFF_RETRANS = 12,
  ND_REDIRECT_LEN = 40,
  ND_REDIRECT_OFF_DST = 24,
  ND_OPT_UNIT = 8,
  ND_OPT_SOURCE_MAC = 1,
  ND_OPT_TARGET_MAC = 2,
  ND_OPT_PREFIX = 3,
  ND_OPT_MTU = 5,
  ND_OPT_MAC_LEN = 8,
  ND_OPT_PREFIX_LEN = 32,
  ND_PREFIX_OFF_BITS = 2,
  ND_PREFIX_OFF_FLAGS = 3,
  ND_PREFIX_OFF_VALID = 4,
  ND_PREFIX_OFF_PREFERRED = 8,
  ND_PREFIX_OFF_PREFIX = 16,
  ND_PREFIX_ON_LINK = 0x80,
  ND_PREFIX_AUTONOMOUS = 0x40,
};

enum {
  MLD1_LEN = 24,
  MLD_OFF_DELAY = 4,
  MLD_OFF_GROUP = 8,
  MLD_OFF_ROBUSTNESS = 24, /* then the number of senders, and they */
};

static inline bool ipv6_is_multicast(const uint8_t *a) {
  return a[0] == 0xff;
}
/* 1 interface, 2 link, 5 site, e global, ... (RFC 4291 2.7). */
static inline uint8_t ipv6_multicast_scope(const uint8_t *a) {
  return a[1] & 15;
}
/* fe80::/10. */
static PH_SHARED bool ipv6_is_link_local(const uint8_t *a) {
  return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}
static inline bool ipv6_is_zero(const uint8_t *a, uint32_t len) {
  uint8_t any = 0;
  for (uint32_t i = 0; i < len; i++) {
    any |= a[i];
  }
  return any == 0;
}
/* Half an address at a time: these are asked about every packet. */
static inline uint64_t ipv6_half(const uint8_t *a) {
  uint64_t word;
  memcpy(&word, a, sizeof(word));
  return word;
}
static inline bool ipv6_is_unspecified(const uint8_t *a) {
  return (ipv6_half(a) | ipv6_half(a + 8)) == 0;
}
static inline bool ipv6_is_loopback(const uint8_t *a) {
  return ipv6_half(a) == 0 && a[15] == 1 && ipv6_is_zero(a + 8, 7);
}
/* ::ffff:0:0/96: never on the wire. */
static inline bool ipv6_is_mapped(const uint8_t *a) {
  return ipv6_half(a) == 0 && (a[8] | a[9]) == 0 && a[10] == 0xff &&
         a[11] == 0xff;
}
/* What one interface may have: neither `::`, `::1`, mapped nor a group. */
static PH_SHARED bool ipv6_is_unicast(const uint8_t *a) {
  return !ipv6_is_unspecified(a) && !ipv6_is_multicast(a) &&
         !ipv6_is_loopback(a) && !ipv6_is_mapped(a);
}

#endif
