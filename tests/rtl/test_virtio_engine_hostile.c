/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: engine_dma */
/* A driver that breaks every rule of Virtio 1.2 2.7: what the device does about
 * each broken rule, and random garbage at speed. The device must never touch
 * memory that was not given to it, never hang, and be as new after a reset. */
#include "tests/rtl/model/engine_bench.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { RX = 0, TX = 1 };

#ifdef PH_GATES
enum { STORMS = 6, STORM_CYCLES = 600 };
#else
enum { STORMS = 60, STORM_CYCLES = 2500 };
#endif

static const struct mix good = {
    FEAT_EVENT_IDX | FEAT_INDIRECT | FEAT_CSUM | FEAT_TSO4 | FEAT_ECN,
    32,
    32,
    20,
    20,
    12,
    300,
    4};

/* --- One rule each -------------------------------------------------------- */
struct fixture {
  struct bench *b;
  uint64_t area; /* 64 KiB that the device may read and write */
};

static struct fixture fixture_new(uint64_t features) {
  struct fixture f = {bench_new(31), 0};
  bench_start(f.b, 16, 16, features);
  f.area = f.b->big_base;
  axi_mem_permit(f.b->mem, f.area, 65536, AXI_MEM_READ | AXI_MEM_WRITE);
  return f;
}

static void run_steps(struct bench *b, unsigned cycles) {
  for (unsigned i = 0; i < cycles; i++) tb_step(b->tb);
}

/* Posts head 0 of a queue and runs. */
static void post_and_run(struct fixture *f, unsigned queue) {
  struct host_ring *r = queue == TX ? &f->b->tx : &f->b->rx;
  host_ring_post_head(r, 0);
  host_ring_publish(r);
  bench_driver_ok(f->b);
  run_steps(f->b, 600);
}

/* Resets, then ordinary traffic must pass. */
static void recovers(struct fixture *f) {
  struct bench *b = f->b;
  bench_stop(b, 3000);
  while (!tb_source_idle(b->in)) tb_step(b->tb);
  b->resets = 0;
  bench_traffic(b, &good);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

static void desc(struct fixture *f, unsigned queue, unsigned i, uint64_t addr,
                 uint32_t len, uint16_t flags, uint16_t next) {
  struct host_ring *r = queue == TX ? &f->b->tx : &f->b->rx;
  host_ring_write_desc(f->b->mem, r->desc, i, addr, len, flags, next);
}

/* The chain is refused: its head comes back with length 0, nothing leaves. */
static void chain_is_refused(struct fixture *f, unsigned queue,
                             enum stat stat) {
  struct bench *b = f->b;
  struct host_ring *r = queue == TX ? &b->tx : &b->rx;
  post_and_run(f, queue);
  assert_int_equal(b->stat[stat], 1);
  assert_int_equal(b->resets, 0);
  assert_int_equal(axi_mem_get16(b->mem, r->used + 2), 1);
  assert_int_equal(axi_mem_get32(b->mem, r->used + 4), 0);
  assert_int_equal(axi_mem_get32(b->mem, r->used + 8), 0);
  for (size_t i = 0; i < b->out->count; i++) assert_true(b->out->frames[i].err);
  assert_int_equal(b->stat[STAT_TX_PACKETS], 0);
  recovers(f);
}

static void tx_loop_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 100, NEXT, 1);
  desc(&f, TX, 1, f.area, 100, NEXT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void tx_next_outside_table_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 100, NEXT, 16);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void tx_writable_element_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 100, WRITE, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void rx_readable_element_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, RX, 0, f.area, 2000, WRITE | NEXT, 1);
  desc(&f, RX, 1, f.area, 2000, 0, 0);
  chain_is_refused(&f, RX, STAT_CHAIN);
}

static void indirect_without_the_feature_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 32, INDIRECT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void indirect_length_not_whole_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_INDIRECT);
  desc(&f, TX, 0, f.area, 40, INDIRECT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void indirect_length_zero_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_INDIRECT);
  desc(&f, TX, 0, f.area, 0, INDIRECT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void indirect_with_next_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_INDIRECT);
  desc(&f, TX, 0, f.area, 32, INDIRECT | NEXT, 1);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void nested_indirect_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_INDIRECT);
  host_ring_write_desc(f.b->mem, f.area, 0, f.area + 64, 32, INDIRECT, 0);
  desc(&f, TX, 0, f.area, 32, INDIRECT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void loop_in_an_indirect_table_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_INDIRECT);
  for (unsigned i = 0; i < 5; i++)
    host_ring_write_desc(f.b->mem, f.area, i, f.area + 4096, 20, NEXT,
                         i == 4 ? 2 : (uint16_t)(i + 1));
  desc(&f, TX, 0, f.area, 80, INDIRECT, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

static void header_with_unaccepted_checksum_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_TSO4);
  *(uint8_t *)axi_mem_at(f.b->mem, f.area) = 1;
  desc(&f, TX, 0, f.area, 100, 0, 0);
  chain_is_refused(&f, TX, STAT_HEADER);
}

static void gso_without_checksum_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_TSO4 | FEAT_CSUM);
  *(uint8_t *)axi_mem_at(f.b->mem, f.area + 1) = 1;
  desc(&f, TX, 0, f.area, 100, 0, 0);
  chain_is_refused(&f, TX, STAT_HEADER);
}

/* EVIDENCE: Virtio 1.2 5.1.6.2.1 (GSO_ECN only with HOST_ECN) */
static void ecn_without_the_feature_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_TSO4 | FEAT_CSUM);
  *(uint8_t *)axi_mem_at(f.b->mem, f.area) = 1;
  *(uint8_t *)axi_mem_at(f.b->mem, f.area + 1) = 0x81;
  desc(&f, TX, 0, f.area, 100, 0, 0);
  chain_is_refused(&f, TX, STAT_HEADER);
}

static void ecn_without_a_gso_type_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_TSO4 | FEAT_CSUM | FEAT_ECN);
  *(uint8_t *)axi_mem_at(f.b->mem, f.area) = 1;
  *(uint8_t *)axi_mem_at(f.b->mem, f.area + 1) = 0x80;
  desc(&f, TX, 0, f.area, 100, 0, 0);
  chain_is_refused(&f, TX, STAT_HEADER);
}

static void unknown_gso_type_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(FEAT_TSO4 | FEAT_CSUM);
  *(uint8_t *)axi_mem_at(f.b->mem, f.area) = 1;
  *(uint8_t *)axi_mem_at(f.b->mem, f.area + 1) = 4;
  desc(&f, TX, 0, f.area, 100, 0, 0);
  chain_is_refused(&f, TX, STAT_HEADER);
}

static void short_packets_are_refused(void **state) {
  (void)state;
  for (uint32_t len = 0; len < 26; len++) {
    struct fixture f = fixture_new(0);
    desc(&f, TX, 0, f.area + len, len, 0, 0);
    chain_is_refused(&f, TX, STAT_HEADER);
  }
}

static void over_long_packet_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 65536, NEXT, 1);
  desc(&f, TX, 1, f.area, 27, 0, 0);
  post_and_run(&f, TX);
  run_steps(f.b, 12000);
  assert_int_equal(f.b->stat[STAT_CHAIN], 1);
  assert_int_equal(f.b->stat[STAT_TX_PACKETS], 0);
  assert_int_equal(axi_mem_get16(f.b->mem, f.b->tx.used + 2), 1);
  recovers(&f);
}

static void length_of_4_gigabytes_is_refused(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  desc(&f, TX, 0, f.area, 0xffffffff, 0, 0);
  chain_is_refused(&f, TX, STAT_CHAIN);
}

/* The largest packet, 65550 bytes over 22 elements of an indirect table. */
static void largest_packet_passes(void **state) {
  (void)state;
  static uint8_t frame[65550];
  static const uint8_t header[12];
  struct bench *b = bench_new(32);
  bench_start(b, 32, 32, FEAT_INDIRECT | FEAT_EVENT_IDX);
  bench_random_frame(b, frame, sizeof frame);
  const struct packet p = {
      header, frame, sizeof frame, 22, 12, HOST_RING_INDIRECT, false};
  for (int i = 0; i < 2; i++) assert_true(bench_send(b, &p));
  bench_kick(b, TX);
  bench_driver_ok(b);
  for (int i = 0; i < 20000 && b->sent.head < 2; i++) bench_step(b);
  assert_int_equal(b->sent.head, 2);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

/* --- Broken rings and the bus: DEVICE_NEEDS_RESET ------------------------- */
static void asks_for_reset(struct fixture *f, enum stat stat) {
  struct bench *b = f->b;
  assert_true(b->stat[stat] >= 1);
  assert_int_equal(b->resets, 1);
  uint64_t moved = b->mem->reads + b->mem->writes;
  b->notify = 3;
  uint8_t frame[100] = {0};
  bench_arrive(b, frame, sizeof frame, 0);
  run_steps(b, 500);
  assert_int_equal(b->mem->reads + b->mem->writes, moved);
  assert_true(tb_source_idle(b->in)); /* eaten, not blocked */
  assert_int_equal(*b->d->busy_o, 0);
  recovers(f);
}

static void available_index_jump_asks_for_reset(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  f.b->tx.avail_idx = 16; /* post_and_run makes it 17 > 16 */
  post_and_run(&f, TX);
  asks_for_reset(&f, STAT_JUMP);
}

static void head_outside_table_asks_for_reset(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  host_ring_post_head(&f.b->rx, 16);
  host_ring_publish(&f.b->rx);
  bench_driver_ok(f.b);
  run_steps(f.b, 600);
  asks_for_reset(&f, STAT_HEAD);
}

static void read_error_asks_for_reset(void **state) {
  (void)state;
  for (unsigned which = 0; which < 3; which++) {
    struct fixture f = fixture_new(0);
    struct host_ring *r = &f.b->tx;
    const uint64_t at[] = {r->avail + 2, r->desc, f.area};
    desc(&f, TX, 0, f.area, 100, 0, 0);
    f.b->mem->fail_from = at[which];
    f.b->mem->fail_to = at[which] + 1;
    post_and_run(&f, TX);
    f.b->mem->fail_to = 0;
    assert_int_equal(f.b->stat[STAT_TX_PACKETS], 0);
    asks_for_reset(&f, STAT_AXI_READ);
  }
}

static void write_error_asks_for_reset(void **state) {
  (void)state;
  for (unsigned which = 0; which < 3; which++) {
    struct fixture f = fixture_new(0);
    struct host_ring *r = &f.b->rx;
    const uint64_t at[] = {f.area, r->used + 4, r->used + 2};
    desc(&f, RX, 0, f.area, 2000, WRITE, 0);
    uint8_t frame[80] = {0};
    f.b->mem->fail_from = at[which];
    f.b->mem->fail_to = at[which] + 2;
    bench_arrive(f.b, frame, sizeof frame, 0);
    host_ring_post_head(r, 0);
    host_ring_publish(r);
    bench_driver_ok(f.b);
    run_steps(f.b, 100);
    bench_arrive(f.b, frame, sizeof frame, 0);
    run_steps(f.b, 600);
    f.b->mem->fail_to = 0;
    assert_int_equal(axi_mem_get16(f.b->mem, r->used + 2), 0);
    assert_int_equal(f.b->irqs, 0);
    asks_for_reset(&f, STAT_AXI_WRITE);
  }
}

/* --- Receive buffers ------------------------------------------------------ */
static void too_long_frame_is_dropped_and_its_buffer_reused(void **state) {
  (void)state;
  struct bench *b = bench_new(33);
  bench_start(b, 16, 16, 0);
  bench_post(b, 12 + 100, 3, HOST_RING_DIRECT);
  host_ring_publish(&b->rx);
  bench_driver_ok(b);
  uint8_t frame[200];
  bench_random_frame(b, frame, sizeof frame);
  run_steps(b, 100);
  bench_arrive(b, frame, 101, 0);
  bench_arrive(b, frame, 100, 0);
  bench_arrive(b, frame, 60, 0);
  for (int i = 0; i < 600; i++) bench_step(b);
  assert_int_equal(b->stat[STAT_TOO_LONG], 1);
  assert_int_equal(b->stat[STAT_NO_BUFFER], 1);
  assert_int_equal(b->rx_done, 1);
  assert_int_equal(b->rx_skipped, 1);
  assert_int_equal(b->mem->violations, 0);
  bench_delete(b);
}

static void elements_of_no_bytes_are_skipped(void **state) {
  (void)state;
  struct fixture f = fixture_new(0);
  for (unsigned q = 0; q < 2; q++) {
    uint16_t w = q == RX ? WRITE : 0;
    desc(&f, q, 0, f.area, 0, (uint16_t)(NEXT | w), 1);
    desc(&f, q, 1, f.area + 256, 112, (uint16_t)(NEXT | w), 2);
    desc(&f, q, 2, f.area, 0, w, 0);
  }
  uint8_t frame[100] = {0};
  host_ring_post_head(&f.b->rx, 0);
  host_ring_publish(&f.b->rx);
  post_and_run(&f, TX);
  bench_arrive(f.b, frame, sizeof frame, 0);
  run_steps(f.b, 600);
  assert_int_equal(f.b->stat[STAT_TX_PACKETS], 1);
  assert_int_equal(f.b->stat[STAT_RX_PACKETS], 1);
  assert_int_equal(f.b->out->frames[0].len, 100);
  assert_int_equal(axi_mem_get32(f.b->mem, f.b->rx.used + 8), 112);
  while (tb_sink_pop(f.b->out) != NULL) continue;
  recovers(&f);
}

/* --- Storms --------------------------------------------------------------- */
static uint64_t any_address(struct bench *b) {
  return b->big_base + tb_rand_below(&b->rand, 60000);
}

/* Fields at random, but addresses inside what the device was given. */
static void random_desc(struct bench *b, uint64_t table, unsigned i,
                        unsigned size) {
  static const uint32_t lens[] = {0, 1, 12, 13, 60, 100, 1500, 2000};
  uint16_t flags = (uint16_t)tb_rand_below(&b->rand, 8);
  uint64_t addr = any_address(b);
  uint32_t len = lens[tb_rand_below(&b->rand, 8)];
  if (flags & INDIRECT) {
    addr = b->big_base + 65536 + 16 * tb_rand_below(&b->rand, 1000);
    len = 16 * tb_rand_below(&b->rand, 9) +
          (tb_rand_chance(&b->rand, 30) ? 4 : 0);
  }
  host_ring_write_desc(b->mem, table, i, addr, len, flags,
                       (uint16_t)tb_rand_below(&b->rand, size + 1));
}

static void scramble(struct bench *b, bool wild) {
  struct host_ring *ring[2] = {&b->rx, &b->tx};
  for (unsigned q = 0; q < 2; q++) {
    struct host_ring *r = ring[q];
    for (unsigned i = 0; i < r->size; i++) {
      random_desc(b, r->desc, i, r->size);
      if (wild && tb_rand_chance(&b->rand, 8))
        tb_rand_fill(&b->rand, axi_mem_at(b->mem, r->desc + 16 * i), 16);
      if (q == RX && tb_rand_chance(&b->rand, 200))
        *(uint8_t *)axi_mem_at(b->mem, r->desc + 16 * i + 12) = WRITE;
    }
  }
  for (unsigned i = 0; i < 1100; i++) random_desc(b, b->big_base + 65536, i, 8);
}

static void storm(struct bench *b, bool wild) {
  static const uint64_t features[] = {
      0, FEAT_INDIRECT, FEAT_EVENT_IDX | FEAT_INDIRECT | FEAT_CSUM};
  uint8_t frame[600];
  b->mem->read_latency = tb_rand_below(&b->rand, 60);
  b->mem->write_latency = tb_rand_below(&b->rand, 60);
  b->mem->stall = tb_rand_below(&b->rand, 100);
  bench_start(b, 32, 32, features[tb_rand_below(&b->rand, 3)]);
  axi_mem_permit(b->mem, b->big_base, 65536 + 20000,
                 AXI_MEM_READ | AXI_MEM_WRITE);
  scramble(b, wild);
  if (tb_rand_chance(&b->rand, 64)) { /* and memory that fails somewhere */
    const uint64_t at[] = {b->rx.used, b->tx.desc, b->tx.avail, b->big_base};
    b->mem->fail_from =
        at[tb_rand_below(&b->rand, 4)] + tb_rand_below(&b->rand, 400);
    b->mem->fail_to = b->mem->fail_from + 100;
  }
  bench_driver_ok(b);
  unsigned cycles = STORM_CYCLES / 2 + tb_rand_below(&b->rand, STORM_CYCLES);
  for (unsigned c = 0; c < cycles; c++) {
    tb_step(b->tb);
    if (tb_rand_chance(&b->rand, 20)) {
      struct host_ring *r = tb_rand_chance(&b->rand, 128) ? &b->rx : &b->tx;
      uint32_t heads = r->size + (tb_rand_chance(&b->rand, 1) ? 1 : 0);
      unsigned n = tb_rand_below(&b->rand, 4);
      uint16_t used = axi_mem_get16(b->mem, r->used + 2);
      while (n-- && (uint16_t)(r->avail_idx - used) < r->size)
        host_ring_post_head(r, (uint16_t)tb_rand_below(&b->rand, heads));
      if (tb_rand_below(&b->rand, 3000) == 0)
        r->avail_idx = (uint16_t)tb_rand64(&b->rand);
      host_ring_publish(r);
    }
    if (tb_rand_chance(&b->rand, 40))
      b->notify |= 1 + tb_rand_below(&b->rand, 3);
    if (tb_rand_chance(&b->rand, 2)) scramble(b, wild);
    if (tb_source_idle(b->in) && tb_rand_chance(&b->rand, 30))
      bench_arrive(b, frame, 20 + tb_rand_below(&b->rand, 500), 0);
  }
}

static void run_storms(bool wild, uint64_t seed) {
  struct bench *b = bench_new(seed);
  for (unsigned i = 0; i < STORMS; i++) {
    b->mem->quiet = wild;
    storm(b, wild);
    if (!wild) assert_int_equal(b->mem->violations, 0);
    bench_stop(b, 20000);
    for (int k = 0; k < 2000 && !tb_source_idle(b->in); k++) tb_step(b->tb);
    assert_true(tb_source_idle(b->in));
    b->resets = b->mem->violations = b->mem->fail_to = 0;
    b->mem->quiet = false;
    bench_traffic(b, &good);
    bench_stop(b, 3000);
  }
  print_message(
      "  tx %llu rx %llu, refused: chain %llu header %llu long %llu none %llu, "
      "broken: jump %llu head %llu read %llu write %llu\n",
      (unsigned long long)b->stat[STAT_TX_PACKETS],
      (unsigned long long)b->stat[STAT_RX_PACKETS],
      (unsigned long long)b->stat[STAT_CHAIN],
      (unsigned long long)b->stat[STAT_HEADER],
      (unsigned long long)b->stat[STAT_TOO_LONG],
      (unsigned long long)b->stat[STAT_NO_BUFFER],
      (unsigned long long)b->stat[STAT_JUMP],
      (unsigned long long)b->stat[STAT_HEAD],
      (unsigned long long)b->stat[STAT_AXI_READ],
      (unsigned long long)b->stat[STAT_AXI_WRITE]);
  bench_delete(b);
}

static void storm_inside_given_memory(void **state) {
  (void)state;
  run_storms(false, 41);
}

static void storm_with_wild_addresses(void **state) {
  (void)state;
  run_storms(true, 42);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tx_loop_is_refused),
      cmocka_unit_test(tx_next_outside_table_is_refused),
      cmocka_unit_test(tx_writable_element_is_refused),
      cmocka_unit_test(rx_readable_element_is_refused),
      cmocka_unit_test(indirect_without_the_feature_is_refused),
      cmocka_unit_test(indirect_length_not_whole_is_refused),
      cmocka_unit_test(indirect_length_zero_is_refused),
      cmocka_unit_test(indirect_with_next_is_refused),
      cmocka_unit_test(nested_indirect_is_refused),
      cmocka_unit_test(loop_in_an_indirect_table_is_refused),
      cmocka_unit_test(header_with_unaccepted_checksum_is_refused),
      cmocka_unit_test(gso_without_checksum_is_refused),
      cmocka_unit_test(ecn_without_the_feature_is_refused),
      cmocka_unit_test(ecn_without_a_gso_type_is_refused),
      cmocka_unit_test(unknown_gso_type_is_refused),
      cmocka_unit_test(short_packets_are_refused),
      cmocka_unit_test(over_long_packet_is_refused),
      cmocka_unit_test(length_of_4_gigabytes_is_refused),
      cmocka_unit_test(largest_packet_passes),
      cmocka_unit_test(available_index_jump_asks_for_reset),
      cmocka_unit_test(head_outside_table_asks_for_reset),
      cmocka_unit_test(read_error_asks_for_reset),
      cmocka_unit_test(write_error_asks_for_reset),
      cmocka_unit_test(too_long_frame_is_dropped_and_its_buffer_reused),
      cmocka_unit_test(elements_of_no_bytes_are_skipped),
      cmocka_unit_test(storm_inside_given_memory),
      cmocka_unit_test(storm_with_wild_addresses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
