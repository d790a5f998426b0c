/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/xgmii.h"

#include <stdlib.h>
#include <string.h>

uint32_t crc32_ieee(uint32_t crc, const void *data, size_t len) {
  static uint32_t table[256];
  const uint8_t *byte = data;
  for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
    table[i] = c;
  }
  crc = ~crc;
  for (size_t i = 0; i < len; i++)
    crc = crc >> 8 ^ table[(crc ^ byte[i]) & 0xff];
  return ~crc;
}

/* --- Characters to words ---------------------------------------------------
 */

static void *resize(void *array, size_t size) {
  array = realloc(array, size);
  if (!array) abort();
  return array;
}

void xgmii_line_free(struct xgmii_line *line) {
  free(line->data);
  free(line->ctrl);
  memset(line, 0, sizeof(*line));
}

void xgmii_put(struct xgmii_line *line, uint8_t data, bool ctrl) {
  if (line->taken == line->count && line->count % 8 == 0)
    line->taken = line->count = 0;
  if (line->count == line->capacity) {
    line->capacity = line->capacity ? line->capacity * 2 : 4096;
    line->data = resize(line->data, line->capacity);
    line->ctrl = resize(line->ctrl, line->capacity);
  }
  line->data[line->count] = data;
  line->ctrl[line->count++] = ctrl;
}

void xgmii_put_idle(struct xgmii_line *line, size_t count) {
  while (count--) xgmii_put(line, XGMII_IDLE, true);
}

void xgmii_put_align(struct xgmii_line *line, unsigned lane) {
  while (line->count % 8 != lane) xgmii_put_idle(line, 1);
}

void xgmii_put_frame(struct xgmii_line *line, const void *frame, size_t len) {
  xgmii_put(line, XGMII_START, true);
  for (int i = 0; i < 6; i++) xgmii_put(line, XGMII_PREAMBLE, false);
  xgmii_put(line, XGMII_SFD, false);
  for (size_t i = 0; i < len; i++)
    xgmii_put(line, ((const uint8_t *)frame)[i], false);
  xgmii_put(line, XGMII_TERMINATE, true);
}

struct xgmii_word xgmii_take(struct xgmii_line *line) {
  struct xgmii_word word = {0};
  if (xgmii_line_empty(line)) return XGMII_IDLE_WORD;
  for (unsigned lane = 0; lane < 8; lane++) {
    if (line->taken == line->count) xgmii_put_idle(line, 1);
    word.data |= (uint64_t)line->data[line->taken] << 8 * lane;
    word.ctrl = (uint8_t)(word.ctrl | line->ctrl[line->taken++] << lane);
  }
  return word;
}

bool xgmii_line_empty(const struct xgmii_line *line) {
  return line->taken == line->count;
}

/* --- Words to frames -------------------------------------------------------
 */

static void finish(struct xgmii_decoder *d, uint8_t code) {
  struct xgmii_frame *f = &d->frame;
  d->open = false;
  f->damaged = code != XGMII_TERMINATE;
  f->code = code;
  /* Six preamble bytes and the SFD stand ahead of the frame. */
  f->bad_preamble = d->count < 7 || d->buffer[6] != XGMII_SFD;
  for (size_t i = 0; i < 6 && i < d->count; i++)
    if (d->buffer[i] != XGMII_PREAMBLE) f->bad_preamble = true;
  f->data = d->buffer + 7;
  f->len = d->count < 7 ? 0 : d->count - 7;
  d->ended = d->position;
  d->any = true;
  if (d->on_frame) d->on_frame(d->ctx, f);
}

static void decode_char(struct xgmii_decoder *d, uint8_t data, bool ctrl) {
  if (d->open && ctrl) finish(d, data);
  if (!ctrl) {
    if (!d->open) {
      d->stray++;
      return;
    }
    if (d->count == d->capacity) {
      d->capacity = d->capacity ? d->capacity * 2 : 16384;
      d->buffer = resize(d->buffer, d->capacity);
    }
    d->buffer[d->count++] = data;
  } else if (data == XGMII_START) {
    memset(&d->frame, 0, sizeof(d->frame));
    d->open = true;
    d->count = 0;
    d->frame.start = d->position;
    d->frame.first = !d->any;
    d->frame.gap = d->position - d->ended;
  } else if (data == XGMII_TERMINATE) {
    /* The one of the frame that just ended, or after an error code. */
    if (d->ended != d->position) d->ended = d->position;
  }
}

void xgmii_decode(struct xgmii_decoder *d, struct xgmii_word word) {
  if (!d->buffer) {
    d->capacity = 16384;
    d->buffer = resize(NULL, d->capacity);
  }
  for (unsigned lane = 0; lane < 8; lane++) {
    decode_char(d, (uint8_t)(word.data >> 8 * lane), word.ctrl >> lane & 1);
    d->position++;
  }
}

void xgmii_decoder_free(struct xgmii_decoder *d) {
  free(d->buffer);
  d->buffer = NULL;
}
