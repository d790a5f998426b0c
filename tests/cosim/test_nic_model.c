/* SPDX-License-Identifier: Apache-2.0 */
/* The NIC as a C object: its results do not depend on how time is cut, on idle
 * skipping or on waves; a sleeping NIC changes no flip-flop; wrong accesses to
 * host memory are named. Frames go round a loop of the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "driver/ph_regs.h"
#include "sim/nic/nic_model.h"

enum { RING = 16, HDR = 12, FRAMES = 6, LEN = 300, DELAY = 4000 };

struct desc {
  uint64_t addr;
  uint32_t len;
  uint16_t flags, next;
};

struct queue {
  struct desc *desc;
  uint16_t *avail, *used; /* flags, idx, ring */
  uint8_t *buffer;        /* RING x 2048 bytes */
};

struct setup {
  uint64_t slice; /* cycles of each nic_run(); 0: as far as it goes */
  bool no_idle_skip;
  const char *waves;
  uint32_t flip;   /* byte of the first frame to change, 0: none */
  uint64_t offset; /* extra cycles before the first notification */
  struct nic_memory memory;
};

struct host {
  struct host_mem *mem;
  struct nic *nic;
  struct queue q[2]; /* 0 receive, 1 transmit */
  uint64_t slice;
};

static void wr(struct host *h, uint32_t offset, uint32_t value) {
  nic_write(h->nic, offset, value, 4);
}

static void wr64(struct host *h, uint32_t offset, const void *at) {
  uint64_t bus = host_mem_bus(h->mem, at);
  wr(h, offset, (uint32_t)bus);
  wr(h, offset + 4, (uint32_t)(bus >> 32));
}

static void allow(struct host *h, const void *at, size_t len, unsigned how) {
  assert_true(host_mem_allow(h->mem, host_mem_bus(h->mem, at), len, how));
}

static void start(struct host *h, const struct setup *s) {
  memset(h, 0, sizeof *h);
  h->mem = host_mem_create(1 << 20);
  assert_non_null(h->mem);
  const struct nic_config config = {.mem = h->mem,
                                    .memory = s->memory,
                                    .no_idle_skip = s->no_idle_skip,
                                    .waves = s->waves};
  h->nic = nic_create(&config);
  assert_non_null(h->nic);
  h->slice = s->slice;
  wr(h, 0x070, 1);
  wr(h, 0x070, 3);
  wr(h, 0x024, 1);
  wr(h, 0x020, 1); /* VERSION_1 */
  wr(h, 0x070, 0xb);
  for (uint32_t i = 0; i < 2; i++) {
    struct queue *q = &h->q[i];
    uint8_t *at = (uint8_t *)host_mem_data(h->mem) + 0x40000 * i + 0x1000;
    q->desc = (struct desc *)(void *)at;
    q->avail = (uint16_t *)(void *)(at + 0x200);
    q->used = (uint16_t *)(void *)(at + 0x400);
    q->buffer = at + 0x1000;
    allow(h, q->desc, sizeof *q->desc * RING, HOST_MEM_READ);
    allow(h, q->avail, 6 + 2 * RING, HOST_MEM_READ);
    allow(h, q->used, 6 + 8 * RING, HOST_MEM_WRITE);
    allow(h, q->buffer, 2048 * RING, i ? HOST_MEM_READ : HOST_MEM_WRITE);
    wr(h, 0x030, i);
    wr(h, 0x038, RING);
    wr64(h, 0x080, q->desc);
    wr64(h, 0x090, q->avail);
    wr64(h, 0x0a0, q->used);
    wr(h, 0x044, 1);
  }
  wr(h, 0x070, 0xf);
}

static void post(struct host *h, unsigned queue, uint32_t len) {
  struct queue *q = &h->q[queue];
  uint16_t slot = (uint16_t)(q->avail[1] % RING);
  q->desc[slot].addr = host_mem_bus(h->mem, q->buffer + 2048 * slot);
  q->desc[slot].len = len;
  q->desc[slot].flags = queue == 0 ? 2 : 0;
  q->avail[2 + slot] = slot;
  q->avail[1]++;
  wr(h, 0x050, queue);
}

/* Runs until `cycle`, looping frames back DELAY cycles later. */
static void run_until(struct host *h, uint64_t cycle) {
  while (nic_cycle(h->nic) < cycle) {
    uint64_t left = cycle - nic_cycle(h->nic);
    nic_run(h->nic, h->slice && h->slice < left ? h->slice : left,
            NIC_STOP_FRAME);
    struct nic_frame frame;
    while (nic_frame_get(h->nic, &frame)) {
      assert_int_equal(frame.flags, 0);
      assert_int_equal(nic_fcs(frame.data, frame.len), 0x2144df1c);
      nic_frame_put(h->nic, frame.data, frame.len, frame.start + 8 * DELAY, 0);
    }
  }
}

/* One whole run; returns the event hash. */
static uint64_t loop_frames(const struct setup *s, uint64_t *evaluated) {
  struct host h;
  start(&h, s);
  for (int i = 0; i < FRAMES; i++) {
    post(&h, 0, 2048);
  }
  run_until(&h, 2000 + s->offset);
  for (unsigned i = 0; i < FRAMES; i++) {
    uint8_t *packet = h.q[1].buffer + 2048 * i;
    memset(packet, 0, HDR);
    for (unsigned k = 0; k < LEN; k++) {
      packet[HDR + k] = (uint8_t)(k < 6 ? 0xff : k * 7 + i);
    }
    if (i == 0 && s->flip) {
      packet[HDR + s->flip] ^= 1;
    }
    post(&h, 1, HDR + LEN);
  }
  run_until(&h, 20000);
  assert_int_equal(h.q[0].used[1], FRAMES);
  assert_int_equal(h.q[1].used[1], FRAMES);
  for (unsigned i = 0; i < FRAMES; i++) {
    assert_memory_equal(h.q[0].buffer + 2048 * i + HDR,
                        h.q[1].buffer + 2048 * i + HDR, LEN);
  }
  assert_true(nic_irq(h.nic));
  assert_int_equal(nic_read(h.nic, PH_REGS_STAT_RX_FRAMES_OFFSET, 4), FRAMES);
  assert_int_equal(host_mem_violation(h.mem)->count, 0);
  uint64_t hash = nic_event_hash(h.nic);
  if (evaluated) {
    *evaluated = nic_evaluated(h.nic);
  }
  nic_destroy(h.nic);
  host_mem_destroy(h.mem);
  return hash;
}

static const struct nic_memory quick = {.read_latency = 20,
                                        .write_latency = 20};
static const struct nic_memory wild = {.read_latency = 30,
                                       .write_latency = 50,
                                       .beat_gap = 1,
                                       .jitter = 40,
                                       .stall = 60,
                                       .seed = 5};

static void hash_is_the_same_however_time_is_cut(void **state) {
  (void)state;
  static const uint64_t slices[] = {1, 7, 1000, 1000000};
  const struct nic_memory *memory[] = {&quick, &wild};
  for (int m = 0; m < 2; m++) {
    struct setup s = {.memory = *memory[m]};
    uint64_t evaluated, all;
    uint64_t hash = loop_frames(&s, &evaluated);
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
      s.slice = slices[i];
      assert_true(loop_frames(&s, NULL) == hash);
    }
    s.slice = 0;
    s.no_idle_skip = true;
    assert_true(loop_frames(&s, &all) == hash);
    assert_true(evaluated < all / 2); /* and something was skipped */
  }
}

static void hash_is_the_same_with_waves(void **state) {
  (void)state;
  char path[] = "/tmp/ph_waves_XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  struct setup s = {.memory = quick};
  uint64_t hash = loop_frames(&s, NULL);
  s.waves = path;
  assert_true(loop_frames(&s, NULL) == hash);
  FILE *vcd = fopen(path, "r");
  assert_non_null(vcd);
  fseek(vcd, 0, SEEK_END);
  assert_true(ftell(vcd) > 100000);
  fclose(vcd);
  remove(path);
}

static void hash_differs_by_one_bit_or_one_cycle(void **state) {
  (void)state;
  struct setup s = {.memory = quick};
  uint64_t hash = loop_frames(&s, NULL);
  s.flip = 100;
  assert_true(loop_frames(&s, NULL) != hash);
  s.flip = 0;
  s.offset = 1;
  assert_true(loop_frames(&s, NULL) != hash);
  s.offset = 0;
  s.memory.read_latency++;
  assert_true(loop_frames(&s, NULL) != hash);
}

/* A thousand clocks of an idle NIC, before and after work and while its
 * buffers wait: not one bit of its state changes. */
static void sleeping_nic_changes_no_state(void **state) {
  (void)state;
  struct setup s = {.memory = quick, .no_idle_skip = true};
  struct host h;
  start(&h, &s);
  for (int round = 0; round < 3; round++) {
    assert_int_equal(nic_run(h.nic, 5000, NIC_STOP_IDLE), NIC_STOP_IDLE);
    uint64_t before = nic_state_hash(h.nic), cycle = nic_cycle(h.nic);
    for (int i = 0; i < 1000; i++) {
      nic_run(h.nic, 1, 0);
      assert_true(nic_state_hash(h.nic) == before);
    }
    assert_true(nic_cycle(h.nic) == cycle + 1000);
    assert_int_equal(nic_run(h.nic, 10, NIC_STOP_IDLE), NIC_STOP_IDLE);
    assert_true(nic_next_event(h.nic) == UINT64_MAX);
    post(&h, 0, 2048);
    memset(h.q[1].buffer, 0xff, HDR + LEN);
    memset(h.q[1].buffer, 0, HDR);
    post(&h, 1, HDR + LEN);
    run_until(&h, nic_cycle(h.nic) + 6000);
  }
  nic_destroy(h.nic);
  host_mem_destroy(h.mem);
}

static void access_outside_the_given_memory_is_named(void **state) {
  (void)state;
  struct setup s = {.memory = quick};
  struct host h;
  start(&h, &s);
  uint64_t wrong = host_mem_bus(h.mem, h.q[1].buffer) + 2048 * RING + 64;
  h.q[1].desc[0].addr = wrong;
  h.q[1].desc[0].len = 100;
  h.q[1].avail[2] = 0;
  h.q[1].avail[1] = 1;
  wr(&h, 0x050, 1);
  nic_run(h.nic, 1000, 0);
  const struct host_mem_violation *v = host_mem_violation(h.mem);
  assert_true(v->count > 0);
  assert_true(v->addr >= wrong - 15 && v->addr < wrong + 100);
  assert_int_equal(v->id, 0);
  assert_false(v->write);
  assert_int_equal(nic_read(h.nic, 0x070, 4), 0x4f); /* and a reset is asked */
  nic_destroy(h.nic);
  host_mem_destroy(h.mem);
}

static void injected_errors_ask_for_a_reset(void **state) {
  (void)state;
  for (int write = 0; write < 2; write++) {
    struct setup s = {.memory = quick};
    struct host h;
    start(&h, &s);
    if (write) {
      nic_fail_writes(h.nic, 0, 1);
    } else {
      nic_fail_reads(h.nic, 1, 1);
    }
    memset(h.q[1].buffer, 0, HDR + LEN);
    post(&h, 1, HDR + LEN);
    nic_run(h.nic, 2000, 0);
    assert_int_equal(nic_read(h.nic, 0x070, 4), 0x4f);
    wr(&h, 0x070, 0);
    assert_int_equal(nic_read(h.nic, 0x070, 1), 0);
    nic_destroy(h.nic);
    host_mem_destroy(h.mem);
  }
}

static void provision_is_what_the_driver_sees(void **state) {
  (void)state;
  static const uint8_t mac[6] = {2, 0x11, 0x22, 0x33, 0x44, 0x55};
  struct host_mem *mem = host_mem_create(4096);
  const struct nic_config config = {.mem = mem};
  struct nic *nic = nic_create(&config);
  nic_provision(nic, mac, 9000);
  for (uint32_t i = 0; i < 6; i++) {
    assert_int_equal(nic_read(nic, 0x100 + i, 1), mac[i]);
  }
  assert_int_equal(nic_read(nic, 0x10a, 2), 9000);
  assert_int_equal(nic_read(nic, 0x106, 2), 1);
  assert_int_equal(nic_read(nic, 0x10c, 4), 10000);
  assert_int_equal(nic_read(nic, PH_REGS_MAX_FRAME_OFFSET, 4), 9022);
  nic_destroy(nic);
  host_mem_destroy(mem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hash_is_the_same_however_time_is_cut),
      cmocka_unit_test(hash_is_the_same_with_waves),
      cmocka_unit_test(hash_differs_by_one_bit_or_one_cycle),
      cmocka_unit_test(sleeping_nic_changes_no_state),
      cmocka_unit_test(access_outside_the_given_memory_is_named),
      cmocka_unit_test(injected_errors_ask_for_a_reset),
      cmocka_unit_test(provision_is_what_the_driver_sees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
