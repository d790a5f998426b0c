/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet (IEEE 802.3-2022 3.1) and ARP for IPv4 over it (RFC 826): where the
 * fields are. */
#ifndef PH_WIRE_ETH_WIRE_H
#define PH_WIRE_ETH_WIRE_H

#include "stack/base/types.h"
#include "stack/wire/bytes.h"

enum {
  ETH_ADDR_LEN = 6,
  ETH_HDR_LEN = 14,
  ETH_OFF_DST = 0,
  ETH_OFF_SRC = 6,
  ETH_OFF_TYPE = 12,
  ETH_TYPE_MIN = 0x0600, /* below it is a length (802.3 3.2.6) */
  ETH_TYPE_IPV4 = 0x0800,
  ETH_TYPE_ARP = 0x0806,
  ETH_TYPE_VLAN = 0x8100,  /* 802.1Q customer tag */
  ETH_TYPE_SVLAN = 0x88a8, /* 802.1Q service tag */
};

enum {
  ARP_LEN = 28,
  ARP_OFF_HTYPE = 0,
  ARP_OFF_PTYPE = 2,
  ARP_OFF_HLEN = 4,
  ARP_OFF_PLEN = 5,
  ARP_OFF_OPER = 6,
  ARP_OFF_SHA = 8,
  ARP_OFF_SPA = 14,
  ARP_OFF_THA = 18,
  ARP_OFF_TPA = 24,
  ARP_HTYPE_ETHERNET = 1,
  ARP_OPER_REQUEST = 1,
  ARP_OPER_REPLY = 2,
};

/* The group bit: multicast or broadcast (802.3 3.2.3). */
static inline bool eth_addr_is_group(const uint8_t *addr) {
  return addr[0] & 1;
}

static inline bool eth_addr_is_zero(const uint8_t *addr) {
  return (addr[0] | addr[1] | addr[2] | addr[3] | addr[4] | addr[5]) == 0;
}

#endif
