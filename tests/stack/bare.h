/* SPDX-License-Identifier: Apache-2.0 */
/* What the stack of a test of the lower layers stands on: memory, a clock at
 * one second, and random numbers that are the same in every run. */
#ifndef PH_TESTS_STACK_BARE_H
#define PH_TESTS_STACK_BARE_H

#include "stack/base/stack.h"

struct bare {
  struct ph_platform platform;
  void *arena, *blocks, *pkts;
  uint64_t seed;
};

void bare_init(struct bare *bare, struct ph_stack *stack, size_t arena_size);
void bare_free(struct bare *bare, struct ph_stack *stack); /* and no leak */

/* An ARP frame; the Ethernet addresses may stand in it already. */
enum { BARE_ARP_LEN = 42 };
void bare_arp(uint8_t frame[BARE_ARP_LEN], const uint8_t to[6],
              const uint8_t from[6], uint16_t oper, uint32_t spa, uint32_t tpa);

#endif
