/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are not cut: checksum completion, drops, rates, rest. */
/* DUT: offload_tx */
#include "tests/rtl/model/offload_bench.h"

static struct bench bench;
static uint8_t frame[OFFLOAD_MAX];

/* Turns a right checksum into the partial one: the folded pseudo-header sum.
 * Completing adds the field to the L4 sum, so that field' = csum + ~l4 sum. */
static void seed_field(uint8_t *data, size_t len,
                       const struct model_tx_meta *m) {
  size_t at = (size_t)m->csum_start + m->csum_offset;
  uint8_t csum[2] = {data[at], data[at + 1]};
  data[at] = data[at + 1] = 0;
  uint16_t l4 = model_sum(data + m->csum_start, len - m->csum_start, 0);
  uint16_t pseudo = (uint16_t) ~(uint16_t)(csum[0] << 8 | csum[1]);
  uint8_t inverse[2] = {(uint8_t)(~l4 >> 8), (uint8_t)~l4};
  pseudo = model_sum(inverse, 2, pseudo);
  data[at] = (uint8_t)(pseudo >> 8);
  data[at + 1] = (uint8_t)pseudo;
}

/* EVIDENCE: Virtio 1.2 5.1.6.2, RFC 1071 */
static void frames_any_stalls_checksums_complete(void **state) {
  (void)state;
  static const uint8_t stalls[][2] = {{0, 0}, {128, 0}, {0, 128}, {100, 100}};
  for (unsigned s = 0; s < 4; s++) {
    struct bench *b = &bench;
    struct tb_rand r = {100 + s};
    bench_open(b, stalls[s][0], stalls[s][1], 7 + s);
    for (int n = 0; n < 300; n++) {
      struct offload_shape shape =
          offload_any(&r, tb_rand_chance(&r, 64) ? 1300 : 80);
      size_t len = offload_build(&r, &shape, frame);
      struct model_tx_meta m = {.queue = (uint8_t)n};
      if (shape.proto != 1) {
        m = bench_csum(&shape);
        uint8_t right[OFFLOAD_MAX];
        memcpy(right, frame, len);
        seed_field(frame, len, &m);
        bench_push(b, frame, len, m);
        /* The completed frame is the one a stack would have summed itself. */
        assert_memory_equal(b->expect.data[b->expect.count - 1], right, len);
      } else {
        m.csum_start = (uint16_t)tb_rand64(&r); /* must not be looked at */
        m.csum_offset = (uint16_t)tb_rand64(&r);
        bench_push(b, frame, len, m);
      }
    }
    bench_drain(b);
    bench_check(b);
    assert_true(b->csums > 100);
    bench_close(b);
  }
}

/* Any start, odd ones too, and any field, behind or before the start's parity.
 */
static void csum_every_start_and_field(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {5};
  bench_open(b, 20, 20, 3);
  for (unsigned start = 0; start < 50; start++) {
    for (unsigned offset = 0; offset < 24; offset += 1 + start % 3) {
      size_t len = start + offset + 2 + tb_rand_below(&r, 12);
      if (len < 14) len = 14;
      tb_rand_fill(&r, frame, len);
      bench_push(b, frame, len,
                 (struct model_tx_meta){.needs_csum = true,
                                        .csum_start = (uint16_t)start,
                                        .csum_offset = (uint16_t)offset});
    }
  }
  bench_drain(b);
  bench_check(b);
  bench_close(b);
}

/* EVIDENCE: RFC 768 (a checksum of 0 is sent as 0xffff), UDP only */
static void csum_of_zero_is_ffff_for_udp_only(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {6};
  bench_open(b, 0, 0, 3);
  for (int n = 0; n < 64; n++) {
    struct offload_shape shape = {.vlan = n & 1,
                                  .ipv6 = n >> 1 & 1,
                                  .proto = n >> 2 & 1 ? 6 : 17,
                                  .ip_options = (unsigned)n >> 3,
                                  .payload = 2 + 2 * tb_rand_below(&r, 40)};
    size_t len = offload_build(&r, &shape, frame);
    struct model_tx_meta m = bench_csum(&shape);
    /* Make the whole sum 0xffff by the last word. */
    frame[len - 2] = frame[len - 1] = 0;
    uint16_t rest = model_sum(frame + m.csum_start, len - m.csum_start, 0);
    frame[len - 2] = (uint8_t)(~rest >> 8);
    frame[len - 1] = (uint8_t)~rest;
    bench_push(b, frame, len, m);
    size_t at = (size_t)m.csum_start + m.csum_offset;
    const uint8_t *sent = b->expect.data[b->expect.count - 1];
    assert_int_equal(sent[at], shape.proto == 17 ? 0xff : 0);
  }
  bench_drain(b);
  bench_check(b);
  bench_close(b);
}

/* Each cause of a drop, each side of its edge; good frames between them. */
static void bad_frames_are_dropped_and_counted(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {8};
  bench_open(b, 30, 30, 9);
  tb_rand_fill(&r, frame, sizeof(frame));
  memset(frame + 12, 0, 2);
  struct model_tx_meta plain = {0}, bad = {.error = true};
  for (size_t len = 1; len < 20; len++) bench_push(b, frame, len, plain);
  for (size_t len = MAX_FRAME - 9; len < MAX_FRAME + 20; len++)
    bench_push(b, frame, len, plain);
  bench_push(b, frame, 60000,
             plain); /* ended at the limit, the rest swallowed */
  for (size_t len = 1; len < 100; len += 9) bench_push(b, frame, len, bad);
  for (uint32_t over = 0; over < 4; over++) {
    struct model_tx_meta m = {.needs_csum = true, .csum_start = 40};
    m.csum_offset = (uint16_t)(17 + over); /* ends at 59 + over of 60 */
    bench_push(b, frame, 60, m);
    m = (struct model_tx_meta){.needs_csum = true, .csum_start = 0xfffe};
    m.csum_offset = (uint16_t)over; /* the sum of both must not wrap */
    bench_push(b, frame, 60, m);
    bench_push(b, frame, 100 + over, plain);
  }
  for (size_t len = 1; len < 40; len += 3) { /* aborted reads */
    bench_send(b, frame, len, plain)->err = true;
    b->want_drops[MODEL_DROP_ERROR]++;
    bench_push(b, frame, 64, plain);
  }
  bench_drain(b);
  bench_check(b);
  for (int i = MODEL_DROP_BAD_CSUM; i < MODEL_VERDICTS; i++)
    assert_true(b->drops[i] > 0 || i == MODEL_DROP_BAD_GSO);
  bench_close(b);
}

/* EVIDENCE: design 2.2, at most ceil(bytes/8) + 2 cycles per frame */
static void frames_of_every_size_leave_at_rate(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {9};
  for (size_t len = 60; len <= MAX_FRAME; len += len < 80 ? 1 : 119) {
    bench_open(b, 0, 0, 1);
    tb_rand_fill(&r, frame, len);
    for (int n = 0; n < 40; n++)
      bench_push(b, frame, len,
                 (struct model_tx_meta){
                     .needs_csum = true, .csum_start = 34, .csum_offset = 16});
    bench_drain(b);
    uint64_t cycles = b->out->frames[39].end - b->out->frames[9].end;
    assert_true(cycles <= 30 * ((len + 7) / 8 + 2));
    bench_check(b);
    bench_close(b);
  }
}

/* After rest nothing stirs, whatever the input ports hold. */
static void idle_block_stays_idle(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {10};
  bench_open(b, 0, 0, 1);
  tb_rand_fill(&r, frame, 100);
  bench_push(b, frame, 100, (struct model_tx_meta){0});
  bench_drain(b);
  for (int n = 0; n < 1000; n++) {
    tb_rand_fill(&r, b->d->s_data, 8);
    tb_step(b->tb);
    assert_false(*b->d->busy_o || *b->d->m_valid);
  }
  bench_check(b);
  bench_close(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_any_stalls_checksums_complete),
      cmocka_unit_test(csum_every_start_and_field),
      cmocka_unit_test(csum_of_zero_is_ffff_for_udp_only),
      cmocka_unit_test(bad_frames_are_dropped_and_counted),
      cmocka_unit_test(frames_of_every_size_leave_at_rate),
      cmocka_unit_test(idle_block_stays_idle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
