/* SPDX-License-Identifier: Apache-2.0 */
/* A host with one recording interface, for tests of the lower layers. */
#ifndef PH_TESTS_STACK_LOWER_H
#define PH_TESTS_STACK_LOWER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/ip/ip.h"
#include "stack/udp/udp.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"
#include "tests/stack/bare.h"

enum { LOWER_FRAMES = 64, LOWER_FRAME_MAX = 66000 };
#define LOWER_HOST 0x0a000001u /* 10.0.0.1 */
#define LOWER_PEER 0x0a000002u

struct lower {
  struct ph_stack stack;
  struct netif netif;
  struct bare bare;
  int full_after; /* transmit answers -PH_EAGAIN after so many; -1 never */
  uint32_t count; /* frames sent */
  uint32_t len[LOWER_FRAMES];
  uint8_t csum[LOWER_FRAMES], gso[LOWER_FRAMES];
  uint8_t *frame[LOWER_FRAMES];
  uint8_t scratch[2048];
};

extern const uint8_t LOWER_PEER_MAC[6];

struct lower *lower_new(const struct netif_caps *caps);
void lower_free(struct lower *host); /* asserts that nothing leaked */
void lower_receive(struct lower *host, const void *frame, uint32_t len);
void lower_learn_peer(struct lower *host); /* an ARP request of the peer */
/* Write Ethernet and IPv4 headers into scratch; returns the payload. */
uint8_t *lower_ip(struct lower *host, uint8_t protocol, uint32_t payload_len);
void lower_ip_sum(struct lower *host);
#define LOWER_IP(h) ((h)->scratch + 14)

#endif
