/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/nic/xgmii_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREAMBLE = 8, GAP = 12, GAP_MIN = 9 };

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (!memory) {
    fprintf(stderr, "nic: out of memory\n");
    abort();
  }
  return memory;
}

uint32_t nic_fcs(const uint8_t *data, size_t len) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < len; i++) {
    /* Four bits at a time: the remainders of the sixteen nibbles. */
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    crc ^= data[i];
    crc = crc >> 4 ^ nibble[crc & 15];
    crc = crc >> 4 ^ nibble[crc & 15];
  }
  return ~crc;
}

void xgmii_wire_init(struct xgmii_wire *w) {
  memset(w, 0, sizeof *w);
  w->queue_end = &w->queue;
  w->done_end = &w->done;
}

void xgmii_wire_destroy(struct xgmii_wire *w) {
  while (w->queue) {
    xgmii_wire_pop(w);
  }
  while (w->done) {
    struct xgmii_incoming *next = w->done->next;
    free(w->done);
    w->done = next;
  }
}

/* --- Towards the NIC ------------------------------------------------------ */

/* When the start character goes out (46.3.1.4: the gap counts from the
 * terminate character and is 12 on average; the start is on lane 0 or 4). */
static uint64_t place(struct xgmii_wire *w, uint64_t now, uint64_t wanted) {
  if (wanted >= now && (!w->used || wanted >= w->free_at + GAP_MIN)) {
    uint64_t start = (wanted + 3) & ~UINT64_C(3);
    w->deficit = 0;
    return start;
  }
  if (!w->used || w->free_at + GAP <= now) {
    w->deficit = 0;
    return (now + 3) & ~UINT64_C(3);
  }
  /* Round down while the deficit allows it, else up. */
  uint64_t ideal = w->free_at + GAP;
  unsigned over = (unsigned)(ideal & 3);
  if (over + w->deficit <= 3) {
    w->deficit += over;
    return ideal - over;
  }
  w->deficit -= 4 - over;
  return ideal + 4 - over;
}

static void put_byte(struct xgmii_outgoing *f, size_t at, uint8_t value,
                     bool control) {
  unsigned shift = (unsigned)(at % 8) * 8;
  f->data[at / 8] &= ~(UINT64_C(0xff) << shift);
  f->data[at / 8] |= (uint64_t)value << shift;
  f->ctrl[at / 8] = (uint8_t)((f->ctrl[at / 8] & ~(1u << at % 8)) |
                              (control ? 1u : 0u) << at % 8);
}

uint64_t xgmii_wire_put(struct xgmii_wire *w, uint64_t cycle,
                        const uint8_t *data, size_t len, uint64_t start,
                        unsigned flags) {
  size_t fcs = flags & NIC_FRAME_ADD_FCS ? 4 : 0;
  size_t error = flags & NIC_FRAME_ERROR ? 1 : 0;
  start = place(w, 8 * cycle, start);
  size_t lane = start % 8, at = lane;
  size_t bytes = PREAMBLE + len + fcs + error + 1;
  struct xgmii_outgoing *f = (struct xgmii_outgoing *)allocate(sizeof *f);
  f->next = NULL;
  f->cycle = start / 8;
  f->start = start;
  f->end = start + bytes - 1;
  f->len = len + fcs;
  f->words = (lane + bytes + 7) / 8;
  f->data = (uint64_t *)allocate(f->words * sizeof *f->data);
  f->ctrl = (uint8_t *)allocate(f->words);
  for (size_t i = 0; i < f->words; i++) {
    f->data[i] = XGMII_IDLE_DATA;
    f->ctrl[i] = 0xff;
  }
  put_byte(f, at++, XGMII_START, true);
  for (int i = 1; i < PREAMBLE; i++) {
    put_byte(f, at++, i == PREAMBLE - 1 ? XGMII_SFD : XGMII_PREAMBLE, false);
  }
  for (size_t i = 0; i < len; i++) {
    put_byte(f, at++, data[i], false);
  }
  uint32_t crc = fcs ? nic_fcs(data, len) : 0;
  for (size_t i = 0; i < fcs; i++) {
    put_byte(f, at++, (uint8_t)(crc >> 8 * i), false);
  }
  if (error) {
    put_byte(f, at++, XGMII_ERROR, true);
  }
  put_byte(f, at, XGMII_TERMINATE, true);
  w->free_at = f->end;
  w->used = true;
  *w->queue_end = f;
  w->queue_end = &f->next;
  w->queued++;
  return start;
}

void xgmii_wire_pop(struct xgmii_wire *w) {
  struct xgmii_outgoing *f = w->queue;
  w->queue = f->next;
  if (!w->queue) {
    w->queue_end = &w->queue;
  }
  w->queued--;
  w->word = 0;
  free(f->data);
  free(f->ctrl);
  free(f);
}

/* --- From the NIC --------------------------------------------------------- */

static void finish(struct xgmii_wire *w, uint64_t end) {
  struct xgmii_incoming *f =
      (struct xgmii_incoming *)allocate(sizeof *f + w->len);
  f->next = NULL;
  f->start = w->start;
  f->end = end;
  f->len = w->len;
  f->flags = w->damaged ? NIC_FRAME_ERROR : 0;
  memcpy(f->data, w->buffer, w->len);
  *w->done_end = f;
  w->done_end = &f->next;
  w->in_frame = false;
}

static void take_byte(struct xgmii_wire *w, uint8_t value) {
  if (w->preamble) {
    w->preamble--;
    w->damaged |= value != (w->preamble ? XGMII_PREAMBLE : XGMII_SFD);
  } else if (w->len < XGMII_FRAME_MAX) {
    w->buffer[w->len++] = value;
  } else {
    w->damaged = true;
  }
}

bool xgmii_wire_decode(struct xgmii_wire *w, uint64_t cycle, uint64_t data,
                       uint8_t ctrl) {
  bool ended = false;
  for (unsigned lane = 0; lane < 8; lane++) {
    uint8_t value = (uint8_t)(data >> 8 * lane);
    bool control = ctrl >> lane & 1;
    if (!w->in_frame) {
      if (control && value == XGMII_START) {
        w->in_frame = true;
        w->preamble = PREAMBLE - 1;
        w->damaged = false;
        w->start = 8 * cycle + lane;
        w->len = 0;
      }
    } else if (!control) {
      take_byte(w, value);
    } else {
      /* Anything but a terminate inside a frame makes it a bad one. */
      w->damaged |= value != XGMII_TERMINATE || w->preamble;
      if (value == XGMII_TERMINATE || value == XGMII_IDLE) {
        finish(w, 8 * cycle + lane);
        ended = true;
      }
    }
  }
  return ended;
}
