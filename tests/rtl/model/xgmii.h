/* SPDX-License-Identifier: Apache-2.0 */
/* XGMII of 64 bits as a sequence of characters (IEEE 802.3-2022 clause 46), for
 * the tests of the MAC and for the simulator's wire.
 *
 * The encoder turns frames into characters, one per lane, and hands them out in
 * words; the decoder takes words and gives frames back. Both are plain models:
 * byte by byte, without knowledge of how the RTL does it.
 */
#ifndef PH_TESTS_RTL_MODEL_XGMII_H
#define PH_TESTS_RTL_MODEL_XGMII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  XGMII_IDLE = 0x07, /* table 46-3 */
  XGMII_SEQUENCE = 0x9c,
  XGMII_START = 0xfb,
  XGMII_TERMINATE = 0xfd,
  XGMII_ERROR = 0xfe,
  XGMII_PREAMBLE = 0x55,
  XGMII_SFD = 0xd5,
};

/* FCS of IEEE 802.3 3.2.9; it goes out lowest byte first. `crc` is the result
 * for the bytes before, 0 at the start. */
uint32_t crc32_ieee(uint32_t crc, const void *data, size_t len);

/* One word: lane i in bits 8i+7..8i of `data` and bit i of `ctrl`. */
struct xgmii_word {
  uint64_t data;
  uint8_t ctrl;
};
#define XGMII_IDLE_WORD \
  ((struct xgmii_word){.data = 0x0707070707070707u, .ctrl = 0xff})

/* --- Characters to words ---------------------------------------------------
 */
/* A queue of characters; owned arrays, free with xgmii_line_free. */
struct xgmii_line {
  uint8_t *data;
  uint8_t *ctrl; /* 0 or 1 per character */
  size_t count, capacity, taken;
};
void xgmii_line_free(struct xgmii_line *line);
/* One character. */
void xgmii_put(struct xgmii_line *line, uint8_t data, bool ctrl);
void xgmii_put_idle(struct xgmii_line *line, size_t count);
/* Idles up to `lane` of a word, 0 or 4. */
void xgmii_put_align(struct xgmii_line *line, unsigned lane);
/* Start, preamble, SFD, the `len` bytes, terminate. The caller sees to the
 * lane, the padding and the FCS. */
void xgmii_put_frame(struct xgmii_line *line, const void *frame, size_t len);
/* The next word; idle characters fill what is missing. */
struct xgmii_word xgmii_take(struct xgmii_line *line);
bool xgmii_line_empty(const struct xgmii_line *line);

/* --- Words to frames -------------------------------------------------------
 */
struct xgmii_frame {
  uint8_t *data; /* destination address to FCS; owned by the decoder */
  size_t len;
  uint64_t start; /* number of the start character since the decoder began */
  uint64_t gap;   /* characters from the terminate before to this start */
  bool first;     /* no frame was before: gap means nothing */
  bool damaged;   /* a control code other than terminate ended it */
  uint8_t code;   /* that code */
  bool bad_preamble;
};
struct xgmii_decoder {
  uint64_t position; /* characters so far */
  uint64_t ended;    /* position of the last terminate */
  bool any, open;
  uint8_t *buffer;
  size_t capacity, count; /* characters since start, start not counted */
  struct xgmii_frame frame;
  void (*on_frame)(void *ctx, const struct xgmii_frame *frame);
  void *ctx;
  uint64_t stray; /* characters that may not stand outside frames */
};
void xgmii_decode(struct xgmii_decoder *d, struct xgmii_word word);
void xgmii_decoder_free(struct xgmii_decoder *d);

#endif
