/* SPDX-License-Identifier: Apache-2.0 */
/* What the NIC in C coalesces, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/host/soft_lro.h"
#include "sim/host/soft_offload.h"

enum { IP = 14, TCP = 34, HEADERS = 54, PAYLOAD = 100, PIECES = 8 };

static struct soft_lro L;
static struct frame *F[PIECES];

/* Both checksums, and the FCS. */
static void sum(struct frame *frame) {
  uint8_t *d = frame->data;
  uint32_t len = frame->len - FRAME_FCS_LEN, tcp_len = len - TCP;
  frame_put16(d + IP + 10, 0);
  frame_put16(d + IP + 10, (uint16_t)~frame_sum(d + IP, 20, 0));
  frame_put16(d + TCP + 16, 0);
  uint32_t pseudo = frame_sum(d + IP + 12, 8, 6 + tcp_len);
  frame_put16(d + TCP + 16, (uint16_t)~frame_sum(d + TCP, tcp_len, pseudo));
  frame_set_fcs(d, frame->len);
}

/* Segment `n` of a flow that begins 100 bytes below the wrap. */
static struct frame *segment(unsigned n, uint32_t payload, uint8_t flags) {
  static const uint8_t start[HEADERS] = {
      2,    0, 0,  0, 0,    1,    2,    0, 0,  0,  0, 2, 8,  0,
      0x45, 0, 0,  0, 0xff, 0xfe, 0x40, 0, 64, 6,  0, 0, 10, 0,
      0,    1, 10, 0, 0,    2,    0x80, 1, 0,  80, 0, 0, 0,  0,
      1,    2, 3,  4, 0x50, 0,    1,    0, 0,  0,  0, 0};
  uint8_t d[HEADERS + PAYLOAD + FRAME_FCS_LEN];
  memcpy(d, start, HEADERS);
  frame_put16(d + IP + 2, (uint16_t)(40 + payload));
  frame_put16(d + IP + 4, (uint16_t)(0xfffe + n));
  frame_put32(d + TCP + 4, 0u - 100u + n * PAYLOAD);
  d[TCP + 13] = flags;
  for (uint32_t i = 0; i < payload; i++) {
    d[HEADERS + i] = (uint8_t)(n * 31 + i);
  }
  struct frame *frame = frame_copy(d, HEADERS + payload + FRAME_FCS_LEN, 0);
  sum(frame);
  return frame;
}

static unsigned CUT;

static void same_as_before(void *ctx, uint8_t *frame, size_t len) {
  (void)ctx;
  struct frame *piece = frame_copy(frame, (uint32_t)len + FRAME_FCS_LEN, 0);
  sum(piece); /* the segmenter continues a sum that the coalescer left */
  assert_int_equal(piece->len, F[CUT]->len);
  assert_memory_equal(piece->data, F[CUT]->data, len);
  free(piece);
  CUT++;
}

static void segments_in_order_are_coalesced_and_cut_again_the_same(
    void **state) {
  (void)state;
  for (unsigned i = 0; i < PIECES; i++) {
    bool last = i == PIECES - 1;
    F[i] = segment(i, last ? 60 : PAYLOAD, last ? 0x18 : 0x10);
    assert_true(i ? soft_lro_add(&L, F[i]) : soft_lro_begin(&L, F[i]));
  }
  struct frame *more = segment(PIECES, PAYLOAD, 0x10);
  assert_false(soft_lro_add(&L, more)); /* PSH ends it */
  soft_lro_end(&L);
  assert_int_equal(L.segments, PIECES);
  assert_int_equal(L.gso_size, PAYLOAD);
  CUT = 0;
  assert_int_equal(
      soft_segment(L.data, L.len, L.gso_size, same_as_before, NULL), PIECES);
  for (unsigned i = 0; i < PIECES; i++) {
    free(F[i]);
  }
  free(more);
}

/* EVIDENCE: Virtio 1.2 5.1.6.4.1 (a coalesced packet is one that can be cut) */
static void segment_that_differs_in_any_header_byte_stays_alone(void **state) {
  (void)state;
  for (unsigned at = 0; at < HEADERS; at++) {
    if (at == IP + 10 || at == IP + 11 || at == TCP + 16 || at == TCP + 17) {
      continue; /* checksums, made right again */
    }
    struct frame *first = segment(0, PAYLOAD, 0x10);
    struct frame *next = segment(1, PAYLOAD, 0x10);
    next->data[at] ^= 1;
    sum(next);
    assert_true(soft_lro_begin(&L, first));
    if (soft_lro_add(&L, next)) {
      fail_msg("byte %u differs", at);
    }
    free(first);
    free(next);
  }
}

static void segment_that_may_not_be_coalesced_stays_alone(void **state) {
  (void)state;
  struct frame *first = segment(0, PAYLOAD, 0x10);
  struct frame *small = segment(1, 20, 0x10);
  struct frame *next = segment(1, PAYLOAD, 0x10);
  struct frame *wrong = segment(1, PAYLOAD, 0x10);
  struct frame *ack = segment(0, 6, 0x10);
  wrong->data[HEADERS] ^= 1;
  frame_set_fcs(wrong->data, wrong->len);
  assert_true(soft_lro_begin(&L, first));
  assert_false(soft_lro_add(&L, wrong)); /* its checksum */
  assert_true(soft_lro_add(&L, small));
  assert_false(soft_lro_add(&L, next)); /* a short one ends it */
  frame_put16(ack->data + IP + 2, 40);  /* padding is no payload */
  sum(ack);
  assert_false(soft_lro_begin(&L, ack));
  static const uint8_t flags[] = {0x11, 0x12, 0x14, 0x30, 0x50, 0x90, 0x00};
  for (size_t i = 0; i < sizeof(flags); i++) {
    struct frame *special = segment(0, PAYLOAD, flags[i]);
    assert_false(soft_lro_begin(&L, special));
    free(special);
  }
  free(first);
  free(small);
  free(next);
  free(wrong);
  free(ack);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(segments_in_order_are_coalesced_and_cut_again_the_same),
      cmocka_unit_test(segment_that_differs_in_any_header_byte_stays_alone),
      cmocka_unit_test(segment_that_may_not_be_coalesced_stays_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
