/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: a recording to the reader and to the judge of connections. The
 * first byte says which: odd, the rest is a file as it is; even, steps of ten
 * bytes of which a file with segments of one connection is made, so that what
 * stands behind the file's format gets looked at.
 *
 * The file lies in memory of its own length. Judged: each direction's shares
 * make up its time, nothing is negative, and there is a sentence. */
#include <stdlib.h>
#include <string.h>

#include "sim/diagnose/connection.h"
#include "sim/wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 10, STEPS = 400, RECORD = 16, FRAME = 66, HEADER = 24 };

static void require(bool fact) {
  if (!fact) {
    abort();
  }
}

static void judge(const struct limit_report *report) {
  char text[LIMIT_SENTENCE] = "";
  int64_t sum = 0;
  for (int i = 0; i < LIMIT_COUNT; i++) {
    require(report->ns[i] >= 0);
    require(limit_percent(report, (enum limit)i) <= 100);
    sum += report->ns[i];
  }
  require(sum == report->total_ns);
  require(report->base_rtt_ns >= 0 && report->outer_ns >= 0);
  require(report->again <= report->segments);
  limit_sentence(report, text, sizeof(text));
  require(strlen(text) > 10 && text[strlen(text) - 1] == '.');
}

static void read_file(const uint8_t *data, size_t size) {
  struct flows flows;
  struct connections connections;
  uint8_t *copy = malloc(size ? size : 1); /* one byte more would be seen */
  memcpy(copy, data, size);
  bool good = flows_read(&flows, copy, size);
  require(good || *flows.why);
  free(copy); /* nothing points into it */
  connections_find(&connections, &flows, NULL);
  require(connections.count <= flows.count);
  for (size_t i = 0; i < connections.count; i++) {
    judge(&connections.connection[i].way[0]);
    judge(&connections.connection[i].way[1]);
  }
  connections_free(&connections);
  flows_free(&flows);
}

/* --- Steps ---------------------------------------------------------------- */

static void put_le32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) {
    to[i] = (uint8_t)(value >> 8 * i);
  }
}

/* One segment: who sends it and its flags; time since the one before, as a
 * power of two of microseconds; sequence and acknowledgement number in 64ths of
 * a kilobyte; window; payload. */
static void put_segment(uint8_t *record, const uint8_t *step, uint64_t us) {
  uint8_t *frame = record + RECORD, *ip = frame + 14, *tcp = ip + 20;
  unsigned from = step[0] >> 7, payload = frame_get16(step + 8);
  unsigned syn = step[0] & SEGMENT_SYN;
  unsigned header = syn ? 32 : 20;
  memset(record, 0, RECORD + FRAME);
  put_le32(record, (uint32_t)(us / 1000000));
  put_le32(record + 4, (uint32_t)(us % 1000000));
  put_le32(record + 8, FRAME);
  put_le32(record + 12, 34 + header + payload);
  frame_put16(frame + 12, 0x0800);
  ip[0] = 0x45;
  frame_put16(ip + 2, (uint16_t)(20 + header + payload));
  ip[9] = 6;
  frame_put32(ip + 12, 1 + from);
  frame_put32(ip + 16, 2 - from);
  frame_put16(tcp, (uint16_t)(1 + from));
  frame_put16(tcp + 2, (uint16_t)(2 - from));
  frame_put32(tcp + 4, frame_get16(step + 2) * 16u);
  frame_put32(tcp + 8, frame_get16(step + 4) * 16u);
  tcp[12] = (uint8_t)(header / 4 << 4);
  tcp[13] = step[0] & 0x1f;
  frame_put16(tcp + 14, frame_get16(step + 6));
  if (syn) {
    static const uint8_t options[12] = {2, 4, 0, 16, 3, 3, 7, 1, 1, 1, 1, 1};
    memcpy(tcp + 20, options, sizeof(options));
  }
}

static void read_steps(const uint8_t *data, size_t size) {
  static uint8_t file[HEADER + STEPS * (RECORD + FRAME)];
  static const uint8_t header[HEADER] = {0xd4, 0xc3, 0xb2, 0xa1,     2,
                                         0,    4,    0,    [18] = 4, [20] = 1};
  size_t len = sizeof(header);
  uint64_t us = 0;
  memcpy(file, header, len);
  for (size_t i = 0; i < STEPS && size >= STEP; i++) {
    us += UINT64_C(1) << (data[1] & 31);
    put_segment(file + len, data, us);
    len += RECORD + FRAME;
    data += STEP;
    size -= STEP;
  }
  read_file(file, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 0 && (data[0] & 1)) {
    read_file(data + 1, size - 1);
  } else if (size > 0) {
    read_steps(data + 1, size - 1);
  }
  return 0;
}
