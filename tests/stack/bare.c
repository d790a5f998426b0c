/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/bare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/wire/eth_wire.h"
#include "tests/stack/poison.h"

enum { BLOCKS = 512, PKTS = 256 };

static void random_bytes(void *ctx, void *to, size_t n) {
  struct bare *bare = ctx;
  uint8_t *p = to;
  while (n-- > 0) {
    bare->seed = bare->seed * 6364136223846793005u + 1442695040888963407u;
    *p++ = (uint8_t)(bare->seed >> 56);
  }
}

void bare_init(struct bare *bare, struct ph_stack *stack, size_t arena_size) {
  *bare = (struct bare){
      .platform = {.ctx = bare, .random = random_bytes},
      .arena = aligned_alloc(64, arena_size),
      .blocks = aligned_alloc(4096, BLOCKS * PH_BLOCK_SIZE),
      .pkts = aligned_alloc(64, PKTS * sizeof(struct pkt)),
      .seed = 1,
  };
  /* What is sent without having been written is noticed. */
  memset(bare->pkts, 0xa5, PKTS * sizeof(struct pkt));
  const struct ph_stack_config config = {.platform = &bare->platform,
                                         .arena = bare->arena,
                                         .arena_size = arena_size,
                                         .block_memory = bare->blocks,
                                         .block_count = BLOCKS,
                                         .pkt_memory = bare->pkts,
                                         .pkt_count = PKTS};
  assert_int_equal(ph_stack_init(stack, &config), 0);
  stack->blocks.released = poison_release;
  ph_stack_set_now(stack, 1000000000);
}

void bare_free(struct bare *bare, struct ph_stack *stack) {
  assert_int_equal(stack->pkts.available, PKTS);
  assert_int_equal(stack->blocks.available, BLOCKS);
  free(bare->arena);
  free(bare->blocks);
  free(bare->pkts);
}

void bare_arp(uint8_t frame[BARE_ARP_LEN], const uint8_t to[6],
              const uint8_t from[6], uint16_t oper, uint32_t spa,
              uint32_t tpa) {
  static const uint8_t ethernet_and_ipv4[6] = {0, 1, 8, 0, 6, 4};
  memmove(frame, to, 6);
  memmove(frame + 6, from, 6);
  memset(frame + 12, 0, BARE_ARP_LEN - 12);
  put_be16(frame + 12, ETH_TYPE_ARP);
  memcpy(frame + 14, ethernet_and_ipv4, 6);
  put_be16(frame + 20, oper);
  memcpy(frame + 22, frame + 6, 6);
  put_be32(frame + 28, spa);
  put_be32(frame + 38, tpa);
}
