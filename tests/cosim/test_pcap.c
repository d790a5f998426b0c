/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of recordings: what it understands, and that no file makes it read
 * outside of its bytes, loop or crash. Every file lies in memory of exactly its
 * size, so that the address sanitizer sees one byte too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/rng.h"
#include "sim/wire/pcap.h"
#include "tests/cosim/recording.h"

enum { LEN = 61, FRAMES = 6 };
#define PS INT64_C(1000000000000)

static struct recording recording;
static uint8_t data[LEN];

static void make_data(void) {
  for (unsigned i = 0; i < LEN; i++) {
    data[i] = (uint8_t)(i + 1);
  }
}

/* --- What it understands -------------------------------------------------- */

static struct pcap pcap;

static void open_recording(const char *only) {
  assert_true(pcap_open(&pcap, recording.bytes, recording.len, only));
}

static struct pcap_frame next(void) {
  struct pcap_frame frame;
  if (pcap_next(&pcap, &frame) != 1) {
    fail_msg("no frame: %s", pcap.why);
  }
  return frame;
}

static void at_end(void) {
  struct pcap_frame frame;
  assert_int_equal(pcap_next(&pcap, &frame), 0);
  assert_string_equal(pcap.why, "");
}

static void pcap_of_either_order_and_resolution_is_read(void **state) {
  /* EVIDENCE: draft-ietf-opsawg-pcap 4, 5 */
  (void)state;
  make_data();
  for (int kind = 0; kind < 4; kind++) {
    bool nano = kind & 1;
    recording_pcap(&recording, kind & 2, nano, 1);
    recording_add(&recording, 0x80000001, 5, data, LEN, LEN);
    recording_add(&recording, 0x80000001, 999999, data, LEN - 1, 1500);
    open_recording(NULL);
    struct pcap_frame frame = next();
    assert_int_equal(frame.len, LEN);
    assert_int_equal(frame.wire_len, LEN);
    assert_int_equal(frame.fcs_len, 0);
    assert_memory_equal(frame.data, data, LEN);
    assert_true(frame.time ==
                (pcap_time)0x80000001 * PS + 5 * (nano ? 1000 : 1000000));
    frame = next();
    assert_int_equal(frame.len, LEN - 1);
    assert_int_equal(frame.wire_len, 1500);
    assert_true(frame.time == (pcap_time)0x80000001 * PS +
                                  INT64_C(999999) * (nano ? 1000 : 1000000));
    at_end();
  }
}

static void pcap_link_type_may_say_that_there_is_an_fcs(void **state) {
  /* EVIDENCE: draft-ietf-opsawg-pcap 4 (LinkType and additional information) */
  (void)state;
  recording_pcap(&recording, false, false, 0x24000001);
  recording_add(&recording, 1, 0, data, LEN, LEN);
  open_recording(NULL);
  assert_int_equal(next().fcs_len, 4);
}

static const struct recording_interface plain = {1, 0, NULL, -1, -1, -1};

static void pcapng_times_follow_resolution_and_offset(void **state) {
  /* EVIDENCE: draft-ietf-opsawg-pcapng 4.2 (if_tsresol, if_tsoffset) */
  (void)state;
  static const struct {
    int resolution;
    int64_t offset_s;
    uint64_t stamp;
    int64_t seconds, ps;
  } cases[] = {
      {-1, -1, UINT64_C(3000000007), 3000, 7000000},
      {9, -1, UINT64_C(3000000007), 3, 7000},
      {0, -1, 12, 12, 0},
      {12, -1, UINT64_C(3000000000007), 3, 7},
      {19, -1, UINT64_C(10000000000000000000), 1, 0},
      {15, -1, 7999, 0, 7},
      {127, -1, UINT64_MAX, 0, 0},
      {0x80 + 10, -1, 1024 * 5 + 512, 5, PS / 2},
      {0x80 + 63, -1, UINT64_C(3) << 62, 1, PS / 2},
      {0x80 + 64, -1, UINT64_MAX, 0, 0},
      {6, 1000, 1500000, 1001, PS / 2},
      {6, -1000, 1500000, -999, PS / 2},
      {0, INT64_MAX, 0, INT64_MAX, 0},
      {0, INT64_MIN, 0, INT64_MIN, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct recording_interface interface = plain;
    interface.resolution = cases[i].resolution;
    interface.offset_s = cases[i].offset_s;
    recording.len = 0;
    recording_section(&recording, i & 1);
    recording_interface(&recording, &interface);
    recording_packet(&recording, 0, cases[i].stamp, data, LEN, LEN, 0);
    open_recording(NULL);
    pcap_time want = (pcap_time)cases[i].seconds * PS + cases[i].ps;
    if (next().time != want) {
      fail_msg("case %zu", i);
    }
    at_end();
  }
}

/* Sections of both orders, blocks that nobody knows, all kinds of packets. */
static void make_pcapng(void) {
  struct recording_interface named = plain;
  named.name = "eth1";
  named.fcs_len = 4;
  named.snaplen = 40;
  make_data();
  recording.len = 0;
  recording_section(&recording, false);
  recording_interface(&recording, &plain);
  recording_interface(&recording, &named);
  recording_packet(&recording, 0, 1000000, data, LEN, LEN, 0);
  recording_block(&recording, 0x0BAD, "whatever", 8);
  recording_packet(&recording, 1, 2000000, data, LEN, LEN, 1u << 24 | 1);
  recording_section(&recording, true);
  recording_interface(&recording, &named);
  recording_simple(&recording, data, 40, LEN);
  recording_packet(&recording, 0, 3000000, data, LEN, 1500, 1u << 31 | 4 << 5);
  /* The obsolete block: 16 bits of interface, 16 of drops. */
  uint8_t old[20 + 4] = {0, 0, 0, 9, 0, 0, 0, 0, 0, 0x3d, 0x09,
                         0, 0, 0, 0, 4, 0, 0, 0, 4, 9,    9};
  recording_block(&recording, 2, old, sizeof(old));
  recording_section(&recording, false);
  recording_interface(&recording, &plain);
  recording_packet(&recording, 0, 5000000, data, 1, 1, 0);
}

static void pcapng_sections_blocks_and_flags_are_read(void **state) {
  /* EVIDENCE: draft-ietf-opsawg-pcapng 4.1, 4.2, 4.3, 4.4, A */
  (void)state;
  make_pcapng();
  open_recording(NULL);
  struct pcap_frame frame[FRAMES];
  for (int i = 0; i < FRAMES; i++) {
    frame[i] = next();
  }
  at_end();
  assert_int_equal(frame[0].fcs_len, 0);
  assert_false(frame[0].crc_error);
  assert_int_equal(frame[1].interface, 1);
  assert_int_equal(frame[1].fcs_len, 4);
  assert_true(frame[1].crc_error);
  assert_false(frame[1].symbol_error);
  /* No time of its own: that of the frame before. */
  assert_int_equal(frame[2].len, 40);
  assert_int_equal(frame[2].wire_len, LEN);
  assert_true(frame[2].time == frame[1].time);
  assert_true(frame[3].symbol_error);
  assert_int_equal(frame[3].wire_len, 1500);
  assert_int_equal(frame[4].len, 4);
  assert_true(frame[4].time == 4 * PS);
  assert_int_equal(frame[5].fcs_len, 0);
  assert_int_equal(frame[5].len, 1);
}

static void one_interface_can_be_chosen_by_name_or_number(void **state) {
  (void)state;
  make_pcapng();
  static const struct {
    const char *only;
    unsigned frames;
    bool met;
  } cases[] = {{"eth1", 4, true}, {"0", 5, true},      {"1", 1, true},
               {"eth", 0, false}, {"eth11", 0, false}, {"7", 0, false},
               {"", 0, false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    open_recording(cases[i].only);
    for (unsigned n = 0; n < cases[i].frames; n++) {
      next();
    }
    at_end();
    assert_int_equal(pcap.only_met, cases[i].met);
  }
}

/* --- What it refuses ------------------------------------------------------ */

static void refused(const char *words) {
  struct pcap_frame frame;
  bool good = pcap_open(&pcap, recording.bytes, recording.len, NULL);
  while (good && pcap_next(&pcap, &frame) == 1) {
  }
  if (!strstr(pcap.why, words)) {
    fail_msg("'%s' is not in '%s'", words, pcap.why);
  }
  assert_int_equal(pcap_next(&pcap, &frame), -1);
}

static void wrong_pcap_gets_a_sentence(void **state) {
  (void)state;
  make_data();
  recording_pcap(&recording, false, false, 113);
  refused("link type 113");
  recording_pcap(&recording, false, false, 0x14000001);
  refused("2 bytes of FCS");
  recording_pcap(&recording, true, false, 1);
  recording.bytes[5] = 3;
  refused("version 3");
  recording_pcap(&recording, false, false, 1);
  recording.bytes[1] = 0xcd, recording.bytes[0] = 0x34;
  refused("modified");
  recording.bytes[0] = 0x1f, recording.bytes[1] = 0x8b;
  refused("compressed");
  memcpy(recording.bytes, "GIF8", 4);
  refused("neither pcap nor pcapng");
  recording.len = 3;
  refused("3 bytes");
  recording_pcap(&recording, false, false, 1);
  recording_add(&recording, 0, 0, data, LEN, 300000);
  refused("frame 1 claims 300000 bytes");
  recording_pcap(&recording, false, false, 1);
  recording_add(&recording, 0, 0, data, LEN, LEN);
  recording_add(&recording, 0, 0, data, LEN, LEN);
  recording.len -= 1;
  refused("inside frame 2: 60 of 61 bytes");
  recording.len -= LEN;
  refused("inside the header of frame 2");
}

static void wrong_pcapng_gets_a_sentence(void **state) {
  (void)state;
  struct recording_interface interface = plain;
  recording.len = 0;
  recording_section(&recording, false);
  size_t section = recording.len;
  recording_packet(&recording, 0, 0, data, LEN, LEN, 0);
  refused("names interface 0, 0 have been described");
  recording.len = section;
  interface.link = 105;
  recording_interface(&recording, &interface);
  recording_packet(&recording, 0, 0, data, LEN, LEN, 0);
  refused("link type 105");
  recording.len = section;
  interface.link = 1;
  interface.fcs_len = 5;
  recording_interface(&recording, &interface);
  refused("5 bytes of FCS");
  recording.len = section;
  for (int i = 0; i <= PCAP_INTERFACES; i++) {
    recording_interface(&recording, &plain);
  }
  refused("more than 256 interfaces");
  recording.len = section;
  recording_interface(&recording, &plain);
  recording_packet(&recording, 0, 0, data, LEN, LEN, 3 << 5);
  refused("3 bytes of FCS");
  recording.len = section;
  recording_block(&recording, 1, data, 4);
  refused("too short");
  recording.len = section;
  recording_simple(&recording, data, LEN, LEN);
  refused("no interface");
  recording.bytes[8] = 0;
  refused("byte order");
}

/* --- Hostile files -------------------------------------------------------- */

static volatile unsigned sum; /* so that nobody leaves out a look */

/* Reads `size` bytes to the end. Looks at every byte of every frame. */
static unsigned read_all(const uint8_t *bytes, size_t size, const char *only) {
  static struct pcap reader;
  struct pcap_frame frame;
  unsigned frames = 0;
  uint8_t *copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  int got = pcap_open(&reader, copy, size, only) ? 1 : -1;
  while (got > 0 && (got = pcap_next(&reader, &frame)) > 0) {
    assert_true(frame.len <= frame.wire_len);
    assert_true(frame.wire_len <= PCAP_FRAME_MAX);
    assert_true(frame.fcs_len == 0 || frame.fcs_len == 4);
    for (uint32_t i = 0; i < frame.len; i++) {
      sum += frame.data[i];
    }
    frames++;
    assert_true(frames <= size);
  }
  /* Either the end of the file or a sentence. */
  assert_true((got == 0) == (*reader.why == 0));
  assert_true(got == 0 || strlen(reader.why) > 10);
  assert_null(strchr(reader.why, '\n'));
  assert_true(got < 0 || reader.at == size);
  free(copy);
  return frames;
}

/* The kinds of file; false: there are no more. */
static bool make_file(int kind) {
  make_data();
  if (kind < 4) {
    recording_pcap(&recording, kind & 1, kind & 2, 1);
    for (uint32_t i = 0; i < FRAMES; i++) {
      recording_add(&recording, i, i, data, LEN - i, LEN);
    }
  } else if (kind == 4) {
    make_pcapng();
  } else if (kind == 5) { /* its options at both ends of their ranges */
    recording.len = 0;
    recording_section(&recording, true);
    for (int i = 0; i < 3; i++) {
      const struct recording_interface interface = {
          1, i ? 0 : 32, i ? "an interface" : "", i * 100, 4 * i, INT64_MIN};
      if (i < 2) {
        recording_interface(&recording, &interface);
      }
    }
    for (uint32_t i = 0; i < FRAMES; i++) {
      recording_packet(&recording, i & 1, UINT64_MAX - i, data, i, LEN,
                       i << 24 | 1);
    }
  }
  return kind < 6;
}

static void file_cut_at_any_length_is_survived(void **state) {
  (void)state;
  for (int kind = 0; make_file(kind); kind++) {
    assert_int_equal(read_all(recording.bytes, recording.len, NULL), FRAMES);
    unsigned last = 0;
    for (size_t size = 0; size <= recording.len; size++) {
      unsigned frames = read_all(recording.bytes, size, NULL);
      assert_in_range(frames, last, FRAMES);
      last = frames;
    }
  }
}

static void every_changed_byte_is_survived(void **state) {
  (void)state;
  static const uint8_t values[] = {0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xfe, 0xff};
  for (int kind = 0; make_file(kind); kind++) {
    for (size_t at = 0; at < recording.len; at++) {
      uint8_t saved = recording.bytes[at];
      for (size_t i = 0; i < sizeof(values) + 8; i++) {
        uint8_t flipped = (uint8_t)(saved ^ (1u << (i & 7)));
        recording.bytes[at] = flipped;
        if (i >= 8) {
          recording.bytes[at] = values[i - 8];
        }
        read_all(recording.bytes, recording.len, NULL);
      }
      recording.bytes[at] = saved;
    }
  }
}

/* Lengths are words: each word of the file becomes a number around a limit. */
static void every_changed_word_is_survived(void **state) {
  (void)state;
  for (int kind = 0; make_file(kind); kind++) {
    const uint32_t values[] = {0,          1,
                               3,          4,
                               8,          11,
                               12,         16,
                               28,         31,
                               32,         LEN - 1,
                               LEN + 1,    262143,
                               262144,     262145,
                               0x7fffffff, 0x80000000,
                               0xfffffff0, 0xfffffffc,
                               0xffffffff, (uint32_t)recording.len};
    for (size_t at = 0; at + 4 <= recording.len; at += 1) {
      uint8_t saved[4];
      memcpy(saved, recording.bytes + at, 4);
      for (size_t i = 0; i < 2 * sizeof(values) / sizeof(values[0]); i++) {
        uint32_t value = values[i / 2];
        for (unsigned b = 0; b < 4; b++) {
          unsigned shift = 8 * (i & 1 ? 3 - b : b);
          recording.bytes[at + b] = (uint8_t)(value >> shift);
        }
        read_all(recording.bytes, recording.len, NULL);
      }
      memcpy(recording.bytes + at, saved, 4);
    }
  }
}

static void random_damage_is_survived(void **state) {
  (void)state;
  static uint8_t copy[8192];
  struct sim_rng rng;
  sim_rng_init(&rng, 7, "pcap");
  for (int kind = 0; make_file(kind); kind++) {
    assert_true(recording.len <= sizeof(copy));
    for (int round = 0; round < 20000; round++) {
      size_t size = recording.len;
      memcpy(copy, recording.bytes, size);
      for (uint32_t n = 1 + sim_rng_below(&rng, 6); n > 0; n--) {
        size_t at = sim_rng_below(&rng, (uint32_t)size);
        size_t from = sim_rng_below(&rng, (uint32_t)size);
        copy[at] =
            sim_rng_below(&rng, 2) ? copy[from] : (uint8_t)sim_rng_next(&rng);
      }
      if (sim_rng_below(&rng, 4) == 0) {
        size = sim_rng_below(&rng, (uint32_t)size);
      }
      read_all(copy, size, round & 1 ? "eth1" : NULL);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pcap_of_either_order_and_resolution_is_read),
      cmocka_unit_test(pcap_link_type_may_say_that_there_is_an_fcs),
      cmocka_unit_test(pcapng_times_follow_resolution_and_offset),
      cmocka_unit_test(pcapng_sections_blocks_and_flags_are_read),
      cmocka_unit_test(one_interface_can_be_chosen_by_name_or_number),
      cmocka_unit_test(wrong_pcap_gets_a_sentence),
      cmocka_unit_test(wrong_pcapng_gets_a_sentence),
      cmocka_unit_test(file_cut_at_any_length_is_survived),
      cmocka_unit_test(every_changed_byte_is_survived),
      cmocka_unit_test(every_changed_word_is_survived),
      cmocka_unit_test(random_damage_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
