/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791 3.1), ICMP (RFC 792) and UDP (RFC 768): where the fields are,
 * and which addresses are special (RFC 1122 3.2.1.3). */
#ifndef PH_WIRE_IP_WIRE_H
#define PH_WIRE_IP_WIRE_H

#include "stack/base/types.h"
#include "stack/wire/bytes.h"

enum {
  IPV4_HDR_LEN = 20,
  IPV4_OFF_TOS = 1,
  IPV4_OFF_LEN = 2,
  IPV4_OFF_ID = 4,
  IPV4_OFF_FRAG = 6,
  IPV4_OFF_TTL = 8,
  IPV4_OFF_PROTO = 9,
  IPV4_OFF_CSUM = 10,
  IPV4_OFF_SRC = 12,
  IPV4_OFF_DST = 16,
  IPV4_DF = 0x4000,
  IPV4_MF = 0x2000,
  IPV4_FRAG_MASK = 0x3fff, /* MF and offset */
  IPV4_OPT_END = 0,
  IPV4_OPT_NOP = 1,
  IPV4_OPT_COPIED = 0x80, /* in the kind: into every fragment */
  IPV4_OPT_RECORD_ROUTE = 7,
  IPV4_OPT_TIMESTAMP = 68,
  IPV4_OPT_LSRR = 131,
  IPV4_OPT_SSRR = 137,
  IP_MAX_LEN = 65535, /* no packet is longer */
};

enum {
  ICMP_HDR_LEN = 8,
  ICMP_ECHO_REPLY = 0,
  ICMP_UNREACHABLE = 3,
  ICMP_REDIRECT = 5,
  ICMP_ECHO = 8,
  ICMP_TIME_EXCEEDED = 11,
  ICMP_PARAMETER = 12,
  ICMP_TIMESTAMP = 13, /* from here on: no errors */
  ICMP_UNREACH_NET = 0,
  ICMP_UNREACH_HOST = 1,
  ICMP_UNREACH_PROTO = 2,
  ICMP_UNREACH_PORT = 3,
  ICMP_UNREACH_TOO_BIG = 4,
  ICMP_UNREACH_NET_PROHIBITED = 9,
  ICMP_UNREACH_HOST_PROHIBITED = 10,
  ICMP_UNREACH_ADMIN_PROHIBITED = 13,
};

enum {
  UDP_HDR_LEN = 8,
  UDP_OFF_SRC = 0,
  UDP_OFF_DST = 2,
  UDP_OFF_LEN = 4,
  UDP_OFF_CSUM = 6,
};

static inline bool ipv4_is_multicast(uint32_t ip) {
  return ip >> 28 == 0xe;
}
static inline bool ipv4_is_loopback(uint32_t ip) {
  return ip >> 24 == 127;
}
/* 0/8: "this network", never a destination (RFC 1122 3.2.1.3 (a), (b)). */
static inline bool ipv4_is_zero_net(uint32_t ip) {
  return ip >> 24 == 0;
}
/* 240/4 with 255.255.255.255. */
static inline bool ipv4_is_class_e(uint32_t ip) {
  return ip >> 28 == 0xf;
}
/* What a host may have beside 127/8: neither 0/8 nor multicast nor class E. */
static inline bool ipv4_is_unicast(uint32_t ip) {
  uint32_t net = ip >> 24;
  return net - 1 < 223 && net != 127;
}
static inline uint32_t ipv4_mask(uint8_t prefix_len) {
  return prefix_len == 0 ? 0 : UINT32_MAX << (32 - prefix_len);
}
/* The other way. */
static inline uint8_t ipv4_prefix_len(uint32_t mask) {
  return (uint8_t)(mask ? 32 - __builtin_ctz(mask) : 0);
}

#endif
