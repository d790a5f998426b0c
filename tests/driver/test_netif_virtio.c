/* SPDX-License-Identifier: Apache-2.0 */
/* The adapter between stack and driver: packets in place, receive buffers lent
 * and returned, back-pressure, interrupts, and life across a broken device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/netif/netif_virtio.h"
#include "tests/driver/soft_device.h"

enum {
  ARENA = 8 << 20,
  BLOCKS = 256,
  PKTS = 512,
  RING = 64,
  RX_BLOCKS = 160,
  HEADERS = 54, /* Ethernet, IPv4, TCP */
  ROOM = 12 + HEADERS,
};

struct host {
  uint8_t *arena; /* device-visible: blocks, packets, the interface's memory */
  void *stack_arena;
  struct soft_device dev;
  struct ph_stack stack;
  struct netif_virtio virtio;
  struct ph_platform platform;
  uint64_t random;
  struct pkt *received[1024]; /* kept by the test */
  uint32_t received_count;
  uint32_t writable;
  uint32_t polls;
};

static struct host *H;

static uint32_t rnd(uint32_t below) {
  H->random = H->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((H->random >> 33) % below);
}

static void platform_random(void *ctx, void *to, size_t n) {
  (void)ctx;
  memset(to, 0x5a, n);
}

static void keep_input(struct netif *netif, struct pkt *pkt) {
  assert_ptr_equal(netif, &H->virtio.netif);
  assert_ptr_equal(pkt->netif, netif);
  assert_in_range(H->received_count, 0, 1023);
  H->received[H->received_count++] = pkt;
}

static void on_writable(struct ph_stack *stack) {
  assert_ptr_equal(stack, &H->stack);
  H->writable++;
}

static void start(uint64_t features, uint64_t mask) {
  size_t pkts = (PKTS * sizeof(struct pkt) + 4095) / 4096 * 4096;
  uint8_t *pkt_memory = H->arena + BLOCKS * PH_BLOCK_SIZE;
  uint8_t *device_memory = pkt_memory + pkts;
  H->platform = (struct ph_platform){.random = platform_random};
  struct netif_virtio_config config = {.name = "eth0",
                                       .platform = &H->dev.platform,
                                       .features = mask,
                                       .tx_size = RING,
                                       .rx_size = RING,
                                       .rx_blocks = RX_BLOCKS};
  struct netif_virtio_memory need;
  netif_virtio_memory(&config, &need);
  assert_true((size_t)(device_memory - H->arena) + need.device_bytes <= ARENA);
  size_t arena_size = (need.arena_bytes + (64 << 10)) / 64 * 64;
  H->stack_arena = aligned_alloc(64, arena_size);
  assert_non_null(H->stack_arena);
  const struct ph_stack_config stack_config = {
      .platform = &H->platform,
      .arena = H->stack_arena,
      .arena_size = arena_size,
      .block_memory = H->arena,
      .block_count = BLOCKS,
      .pkt_memory = (struct pkt *)(void *)pkt_memory,
      .pkt_count = PKTS,
  };
  soft_device_init(&H->dev, H->arena, ARENA);
  H->dev.offered &= features;
  assert_int_equal(ph_stack_init(&H->stack, &stack_config), 0);
  assert_int_equal(ph_netif_init(&H->stack), 0);
  assert_int_equal(
      netif_virtio_init(&H->stack, &H->virtio, &config, device_memory), 0);
  H->virtio.netif.input = keep_input;
  netif_on_writable(&H->stack, on_writable);
}

static int setup(void **unused) {
  (void)unused;
  H = calloc(1, sizeof *H);
  assert_non_null(H);
  H->arena = aligned_alloc(4096, ARENA);
  assert_non_null(H->arena);
  memset(H->arena, 0, ARENA);
  H->random = 17;
  return 0;
}

/* Every test ends with all pools full. */
static int teardown(void **unused) {
  (void)unused;
  for (uint32_t i = 0; i < H->received_count; i++) {
    pkt_put(H->received[i]);
  }
  H->dev.deaf_to_reset = false;
  bool stopped = netif_virtio_stop(&H->virtio) == 0;
  bool full = H->virtio.pool.available == RX_BLOCKS &&
              H->stack.blocks.available == BLOCKS &&
              H->stack.pkts.available == PKTS;
  free(H->stack_arena);
  free(H->arena);
  free(H);
  return stopped && full ? 0 : -1;
}

/* What a host does: serve the interrupt, keep the deadline. */
static void run_host(void) {
  for (int i = 0; i < 20; i++) {
    bool due = ph_stack_next_deadline(&H->stack) <= H->stack.now_ns + 1;
    if (H->dev.interrupt) {
      due |= netif_virtio_interrupt(&H->virtio);
    }
    if (!due) {
      return;
    }
    H->polls++;
    ph_stack_poll(&H->stack, H->stack.now_ns + 1);
  }
}

/* A packet with `frags` fragments of fresh blocks, which it alone holds. */
static struct pkt *make_pkt(uint32_t frags) {
  struct pkt *pkt = pkt_get(&H->stack.pkts, ROOM);
  assert_non_null(pkt);
  uint8_t *head = pkt_push(pkt, HEADERS);
  for (uint32_t i = 0; i < HEADERS; i++) {
    head[i] = (uint8_t)rnd(256);
  }
  for (uint32_t i = 0; i < frags; i++) {
    struct ph_block *block = ph_block_get(&H->stack.blocks);
    assert_non_null(block);
    uint32_t at = rnd(1000), len = 1 + rnd(3000);
    for (uint32_t k = 0; k < len; k++) {
      block->data[at + k] = (uint8_t)rnd(256);
    }
    assert_true(pkt_add_frag(pkt, block, block->data + at, len));
    ph_block_put(block);
  }
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_start = 34;
  pkt->csum_offset = 16;
  return pkt;
}

static int transmit(struct pkt *pkt) {
  return H->virtio.netif.ops->transmit(&H->virtio.netif, pkt);
}

static void assert_chain_is(const struct soft_chain *chain,
                            const struct pkt *pkt) {
  static uint8_t seen[1 << 17], want[1 << 17];
  uint32_t n = soft_gather(chain, seen, sizeof seen);
  assert_int_equal(n, pkt->len + 12);
  pkt_copy(pkt, 0, want, pkt->len);
  assert_memory_equal(seen + 12, want, pkt->len);
  assert_int_equal(seen[0], pkt->csum == PKT_CSUM_PARTIAL);
  assert_int_equal(seen[1], pkt->gso_type);
}

static void deliver(uint32_t len, uint8_t flags) {
  static uint8_t frame[2048];
  uint8_t hdr[12] = {flags};
  for (uint32_t i = 0; i < len; i++) {
    frame[i] = (uint8_t)(i * 7 + len);
  }
  assert_true(soft_receive(&H->dev, hdr, frame, len));
}

/* --- Tests ---------------------------------------------------------------- */

static void starting_caps_follow_features(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  const struct netif *netif = &H->virtio.netif;
  static const uint8_t mac[6] = {2, 0x50, 0x48, 0, 0, 7};
  assert_memory_equal(netif->mac, mac, 6);
  assert_true(netif->up && netif->caps.tx_csum && netif->caps.tso4 &&
              netif->caps.tso_ecn && netif->caps.uso && netif->caps.rx_csum);
  assert_false(netif->caps.tso6 || netif->caps.lro);
  assert_int_equal(netif->caps.mtu, 1500);
  assert_int_equal(netif->caps.max_super, 65535);
  assert_ptr_equal(netif_first(&H->stack), netif);
}

static void starting_masked_offloads_are_off(void **unused) {
  (void)unused;
  start(UINT64_MAX,
        ~(virtio_bit(VIRTIO_NET_F_CSUM) | virtio_bit(VIRTIO_NET_F_GUEST_CSUM)));
  const struct netif_caps *caps = &H->virtio.netif.caps;
  assert_false(caps->tx_csum || caps->tso4 || caps->tso_ecn || caps->uso ||
               caps->rx_csum);
  assert_int_equal(caps->max_super, 0);
}

static void running_small_packet_is_sent_in_place(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  struct pkt *pkt = make_pkt(0);
  assert_int_equal(transmit(pkt), 0);
  struct soft_chain chain;
  assert_true(soft_take(&H->dev, SOFT_TX, &chain));
  assert_int_equal(chain.count, 1);
  assert_ptr_equal(chain.bufs[0].ptr, pkt->head - 12);
  assert_chain_is(&chain, pkt);
  assert_int_equal(H->stack.pkts.available, PKTS - 1);
  soft_use(&H->dev, SOFT_TX, &chain, 0);
  run_host();
  assert_int_equal(H->stack.pkts.available, PKTS);
}

static void running_super_segment_takes_one_entry(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  struct pkt *pkt = make_pkt(PKT_MAX_FRAGS);
  pkt->gso_type = PKT_GSO_TCPV4;
  pkt->gso_size = 1460;
  assert_int_equal(transmit(pkt), 0);
  struct soft_chain chain;
  assert_true(soft_take(&H->dev, SOFT_TX, &chain));
  assert_true(chain.indirect);
  assert_int_equal(chain.count, 1 + PKT_MAX_FRAGS);
  assert_chain_is(&chain, pkt);
  soft_use(&H->dev, SOFT_TX, &chain, 0);
  run_host();
}

/* A device that offers nothing but USO cuts UDP, and only UDP. */
static void running_super_datagram_is_the_device_s_to_cut(void **unused) {
  /* EVIDENCE: Virtio 1.2 5.1.3.1 (HOST_USO), 5.1.6.2 (GSO_UDP_L4) */
  (void)unused;
  start(~(virtio_bit(VIRTIO_NET_F_HOST_TSO4)), 0);
  struct netif *netif = &H->virtio.netif;
  assert_true(netif->caps.uso && !netif->caps.tso4 && netif->caps.max_super);
  struct pkt *pkt = make_pkt(PKT_MAX_FRAGS);
  pkt->gso_type = PKT_GSO_UDP;
  pkt->gso_size = 1472;
  assert_int_equal(netif_output(netif, pkt), 0);
  struct soft_chain chain;
  assert_true(soft_take(&H->dev, SOFT_TX, &chain));
  assert_chain_is(&chain, pkt);
  soft_use(&H->dev, SOFT_TX, &chain, 0);
  run_host();
}

static void running_packet_without_headroom_is_sent(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  struct pkt *pkt = pkt_get(&H->stack.pkts, 0);
  pkt->head_len = pkt->len = PKT_ROOM;
  memset(pkt->head, 0x77, PKT_ROOM);
  assert_int_equal(transmit(pkt), 0);
  struct soft_chain chain;
  assert_true(soft_take(&H->dev, SOFT_TX, &chain));
  assert_chain_is(&chain, pkt);
  soft_use(&H->dev, SOFT_TX, &chain, 0);
  run_host();
}

/* The device withholds a used element while the sender's references fall and
 * the pool is used up by others: no byte in flight changes. */
static void running_withheld_blocks_are_not_reused(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  struct pkt *pkt = make_pkt(8);
  static uint8_t before[1 << 16];
  pkt_copy(pkt, 0, before, pkt->len);
  uint32_t len = pkt->len;
  assert_int_equal(transmit(pkt), 0);
  struct soft_chain withheld, chain;
  assert_true(soft_take(&H->dev, SOFT_TX, &withheld));
  assert_int_equal(H->stack.blocks.available, BLOCKS - 8);
  for (int round = 0; round < 50; round++) {
    struct ph_block *taken[BLOCKS];
    uint32_t n = 0;
    while ((taken[n] = ph_block_get(&H->stack.blocks))) {
      memset(taken[n++]->data, round, PH_BLOCK_SIZE);
    }
    while (n) {
      ph_block_put(taken[--n]);
    }
    assert_int_equal(transmit(make_pkt(4)), 0);
    assert_true(soft_take(&H->dev, SOFT_TX, &chain));
    soft_use(&H->dev, SOFT_TX, &chain, 0);
    run_host();
    static uint8_t seen[1 << 16];
    assert_int_equal(soft_gather(&withheld, seen, sizeof seen), len + 12);
    assert_memory_equal(seen + 12, before, len);
  }
  assert_int_equal(H->stack.blocks.available, BLOCKS - 8);
  soft_use(&H->dev, SOFT_TX, &withheld, 0);
  run_host();
  assert_int_equal(H->stack.blocks.available, BLOCKS);
}

static void running_ring_full_says_when_writable(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  for (int i = 0; i < RING; i++) {
    assert_int_equal(transmit(make_pkt(1)), 0);
  }
  assert_false(H->virtio.netif.ops->can_transmit(&H->virtio.netif));
  struct pkt *pkt = make_pkt(1);
  uint32_t len = pkt->len;
  assert_int_equal(transmit(pkt), -PH_EAGAIN);
  assert_int_equal(pkt->len, len); /* as it was */
  run_host();
  assert_int_equal(H->writable, 0);
  struct soft_chain chain;
  while (soft_take(&H->dev, SOFT_TX, &chain)) {
    soft_use(&H->dev, SOFT_TX, &chain, 0);
    run_host();
  }
  assert_int_equal(H->writable, 1);
  assert_true(H->virtio.netif.ops->can_transmit(&H->virtio.netif));
  assert_int_equal(transmit(pkt), 0);
  assert_int_equal(H->stack.pkts.available, PKTS - 1);
}

/* The last frame of a burst always interrupts: nothing stays behind. */
static void running_last_transmit_comes_home(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  for (int round = 0; round < 400; round++) {
    struct soft_chain held[RING];
    uint32_t n = 0;
    for (uint32_t i = 1 + rnd(20); i; i--) {
      assert_int_equal(transmit(make_pkt(rnd(3))), 0);
      if (rnd(2) && soft_take(&H->dev, SOFT_TX, &held[n])) {
        n++;
      }
      if (rnd(3) == 0 && n) {
        soft_use(&H->dev, SOFT_TX, &held[--n], 0);
      }
      if (rnd(3) == 0) {
        run_host();
      }
    }
    while (soft_take(&H->dev, SOFT_TX, &held[n])) {
      n++;
    }
    while (n) {
      soft_use(&H->dev, SOFT_TX, &held[--n], 0);
    }
    run_host();
    assert_int_equal(H->stack.pkts.available, PKTS);
    assert_int_equal(H->stack.blocks.available, BLOCKS);
  }
}

static void running_small_frame_is_copied_large_is_lent(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  deliver(60, 0);
  deliver(1514, VIRTIO_NET_HDR_F_DATA_VALID);
  run_host();
  assert_int_equal(H->received_count, 2);
  const struct pkt *small = H->received[0], *large = H->received[1];
  assert_int_equal(small->len, 60);
  assert_null(small->lent);
  assert_int_equal(small->csum, PKT_CSUM_NONE);
  assert_int_equal(small->head[59], (uint8_t)(59 * 7 + 60));
  assert_int_equal(large->len, 1514);
  assert_int_equal(large->head_len, 1514);
  assert_non_null(large->lent);
  assert_int_equal(large->lent->refs, 1);
  assert_int_equal(large->csum, PKT_CSUM_VERIFIED);
  assert_int_equal(large->head[1513], (uint8_t)(1513 * 7 + 1514));
  assert_int_not_equal(small->id, large->id);
  assert_int_equal(H->virtio.pool.available, RX_BLOCKS - 1);
}

/* Sockets that never read hold all that may be lent; the ring stays full. */
static void running_lent_buffers_leave_a_full_ring(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  uint32_t lent = 0;
  for (int i = 0; i < 500; i++) {
    deliver(1000, 0);
    run_host();
    struct pkt *pkt = H->received[H->received_count - 1];
    if (ph_block_lendable(pkt->lent)) {
      lent++;
    } else {
      pkt_put(pkt); /* copied by the socket, given back */
      H->received_count--;
    }
    /* Full, but for a batch that waits to be returned. */
    assert_in_range(virtio_net_rx_in_flight(&H->virtio.net), RING - 15, RING);
  }
  assert_int_equal(lent, RX_BLOCKS - RING);
  while (H->received_count) {
    pkt_put(H->received[--H->received_count]);
  }
  assert_int_equal(H->virtio.pool.available, RX_BLOCKS);
}

/* Everything is lent, against the rule: the first that comes back goes into the
 * ring at once, without a poll. */
static void running_starved_ring_is_refilled_by_release(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  static const uint8_t hdr[12], frame[1000];
  while (soft_receive(&H->dev, hdr, frame, sizeof frame)) {
    run_host();
  }
  assert_int_equal(H->received_count, RX_BLOCKS);
  assert_int_equal(H->virtio.pool.available, 0);
  pkt_put(H->received[--H->received_count]);
  assert_true(soft_receive(&H->dev, hdr, frame, sizeof frame));
  run_host();
  assert_int_equal(H->received_count, RX_BLOCKS);
}

static void running_no_packet_free_drops_and_counts(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  struct pkt *all[PKTS];
  for (int i = 0; i < PKTS; i++) {
    all[i] = pkt_get(&H->stack.pkts, 0);
  }
  for (int i = 0; i < 200; i++) {
    deliver(1000, 0);
    run_host();
  }
  for (int i = 0; i < PKTS; i++) {
    pkt_put(all[i]);
  }
  assert_int_equal(H->received_count, 0);
  assert_int_equal(H->stack.stats.PktExhausted, 200);
  assert_int_equal(H->stack.stats.NetifDrops, 200);
  deliver(1000, 0);
  run_host();
  assert_int_equal(H->received_count, 1);
}

static void running_traffic_both_ways_loses_nothing(void **unused) {
  (void)unused;
  for (int kind = 0; kind < 2; kind++) {
    start(kind ? ~(UINT64_C(1) << 29) : UINT64_MAX, 0);
    uint32_t in = 0, out = 0;
    static const uint8_t hdr[12], frame[1514];
    for (int step = 0; step < 20000; step++) {
      struct soft_chain chain;
      switch (rnd(4)) {
        case 0:
          in += soft_receive(&H->dev, hdr, frame, 14 + rnd(1500));
          break;
        case 1:
          if (H->stack.blocks.available > 4) {
            struct pkt *pkt = make_pkt(rnd(4));
            if (transmit(pkt)) {
              pkt_put(pkt);
            }
          }
          break;
        case 2:
          if (soft_take(&H->dev, SOFT_TX, &chain)) {
            soft_use(&H->dev, SOFT_TX, &chain, 0);
          }
          break;
        default:
          run_host();
      }
      while (H->received_count > rnd(100)) {
        pkt_put(H->received[--H->received_count]);
        out++;
      }
    }
    struct soft_chain chain;
    while (soft_take(&H->dev, SOFT_TX, &chain)) {
      soft_use(&H->dev, SOFT_TX, &chain, 0);
    }
    run_host();
    assert_int_equal(in, out + H->received_count);
    assert_int_equal(H->stack.blocks.available, BLOCKS);
    assert_int_equal(H->stack.pkts.available, PKTS - H->received_count);
    assert_true(in > 3000);
    if (kind == 0) {
      while (H->received_count) {
        pkt_put(H->received[--H->received_count]);
      }
      assert_int_equal(netif_virtio_stop(&H->virtio), 0);
      free(H->stack_arena);
    }
  }
}

/* A flood does not keep poll from returning; what is left is announced. */
static void running_flood_is_polled_in_pieces(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  for (int i = 0; i < RING; i++) {
    deliver(60, 0);
  }
  assert_true(netif_virtio_interrupt(&H->virtio));
  ph_stack_poll(&H->stack, 1000);
  assert_int_equal(H->received_count, RING);
  while (H->received_count) {
    pkt_put(H->received[--H->received_count]);
  }
  run_host();
  deliver(60, 0);
  run_host();
  assert_int_equal(H->received_count, 1);
}

static void running_liar_takes_interface_down_restart_repairs(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 10; i++) {
      assert_int_equal(transmit(make_pkt(3)), 0);
    }
    deliver(1000, 0);
    H->dev.lie = round & 1 ? SOFT_ID_OUT_OF_RANGE : SOFT_LEN_TOO_LONG;
    deliver(1000, 0);
    run_host();
    assert_non_null(netif_virtio_broken(&H->virtio));
    assert_false(H->virtio.netif.up);
    struct pkt *pkt = make_pkt(1);
    assert_int_equal(transmit(pkt), -PH_EIO);
    pkt_put(pkt);
    assert_int_equal(netif_virtio_restart(&H->virtio), 0);
    assert_true(H->virtio.netif.up);
    assert_int_equal(H->stack.blocks.available, BLOCKS);
    assert_int_equal(H->stack.pkts.available, PKTS - H->received_count);
    assert_int_equal(H->virtio.pool.available, RX_BLOCKS - H->received_count);
  }
}

static void stopped_unconfirmed_reset_keeps_everything(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  assert_int_equal(transmit(make_pkt(3)), 0);
  H->dev.deaf_to_reset = true;
  assert_int_equal(netif_virtio_restart(&H->virtio), -PH_EIO);
  assert_false(H->virtio.netif.up);
  assert_int_equal(H->stack.blocks.available, BLOCKS - 3);
  assert_int_equal(H->stack.pkts.available, PKTS - 1);
}

static void running_link_change_shows(void **unused) {
  (void)unused;
  start(UINT64_MAX, 0);
  soft_set_link(&H->dev, false);
  run_host();
  assert_false(H->virtio.netif.up);
  soft_set_link(&H->dev, true);
  run_host();
  assert_true(H->virtio.netif.up);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(starting_caps_follow_features),
      TEST(starting_masked_offloads_are_off),
      TEST(running_small_packet_is_sent_in_place),
      TEST(running_super_segment_takes_one_entry),
      TEST(running_super_datagram_is_the_device_s_to_cut),
      TEST(running_packet_without_headroom_is_sent),
      TEST(running_withheld_blocks_are_not_reused),
      TEST(running_ring_full_says_when_writable),
      TEST(running_last_transmit_comes_home),
      TEST(running_small_frame_is_copied_large_is_lent),
      TEST(running_lent_buffers_leave_a_full_ring),
      TEST(running_starved_ring_is_refilled_by_release),
      TEST(running_no_packet_free_drops_and_counts),
      TEST(running_traffic_both_ways_loses_nothing),
      TEST(running_flood_is_polled_in_pieces),
      TEST(running_liar_takes_interface_down_restart_repairs),
      TEST(stopped_unconfirmed_reset_keeps_everything),
      TEST(running_link_change_shows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
