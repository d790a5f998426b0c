/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wire/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/heap.h"
#include "sim/core/util.h"

/* Section 4 of the draft. */
enum {
  BLOCK_SECTION = 0x0A0D0D0A,
  BLOCK_INTERFACE = 1,
  BLOCK_PACKET = 6,
  BYTE_ORDER_MAGIC = 0x1A2B3C4D,
  LINKTYPE_ETHERNET = 1,
  OPT_END = 0,
  OPT_COMMENT = 1,
  OPT_IF_NAME = 2,
  OPT_IF_DESCRIPTION = 3,
  OPT_IF_TSRESOL = 9,
  OPT_IF_FCSLEN = 13,
  OPT_SHB_APPL = 4,
  OPT_EPB_FLAGS = 2,
  OPT_EPB_PACKETID = 5,
  /* if_tsresol: 10^-9. Wireshark's conversion of finer units overflows after
     18 ms. */
  NANOSECONDS = 9,
  FLAG_FCS_SHIFT = 5,
  COMMENT_MAX = 200,
  SNAP_LEN = 65600, /* a super-segment fits; longer frames are cut */
  BLOCK_MAX = 66000 + COMMENT_MAX,
};
#define FLAG_CRC_ERROR (UINT32_C(1) << 24)
#define FLAG_SYMBOL_ERROR (UINT32_C(1) << 31)

struct packet {
  unsigned interface, marks;
  uint32_t flags;
  uint64_t id;
  uint32_t len, wire_len; /* in the capture; of the packet */
  char comment[COMMENT_MAX];
  uint8_t data[];
};

struct capture {
  FILE *file; /* or NULL */
  capture_seen_fn *seen;
  void *seen_ctx;
  struct sim_heap heap;
  unsigned interfaces;
  uint8_t fcs_len[1024];
  uint64_t packets;
  uint8_t block[BLOCK_MAX];
  size_t len; /* of the block that is being built */
};

static void put32(struct capture *capture, uint32_t value) {
  memcpy(capture->block + capture->len, &value, 4);
  capture->len += 4;
}

static void put_bytes(struct capture *capture, const void *data, size_t len) {
  memcpy(capture->block + capture->len, data, len);
  capture->len += len;
  while (capture->len % 4) {
    capture->block[capture->len++] = 0;
  }
}

static void put_option(struct capture *capture, unsigned code, const void *data,
                       size_t len) {
  put32(capture, (uint32_t)len << 16 | code);
  put_bytes(capture, data, len);
}

static void put_text(struct capture *capture, unsigned code, const char *text) {
  if (text && *text) {
    put_option(capture, code, text, strlen(text));
  }
}

/* A block is: type, length, body, length again. */
static void begin(struct capture *capture, uint32_t type) {
  capture->len = 0;
  put32(capture, type);
  put32(capture, 0);
}

static void end(struct capture *capture) {
  put32(capture, OPT_END);
  uint32_t total = (uint32_t)capture->len + 4;
  put32(capture, total);
  memcpy(capture->block + 4, &total, 4);
  if (capture->file) {
    fwrite(capture->block, 1, capture->len, capture->file);
  }
}

struct capture *capture_open(const char *path) {
  FILE *file = path ? fopen(path, "wb") : NULL;
  if (path && !file) {
    return NULL;
  }
  struct capture *capture = sim_alloc(sizeof(*capture));
  capture->file = file;
  sim_heap_init(&capture->heap);
  begin(capture, BLOCK_SECTION);
  put32(capture, BYTE_ORDER_MAGIC);
  put32(capture, 1);          /* version 1.0 */
  put32(capture, UINT32_MAX); /* section length: not said */
  put32(capture, UINT32_MAX);
  put_text(capture, OPT_SHB_APPL, "packhorse");
  end(capture);
  return capture;
}

void capture_watch(struct capture *capture, capture_seen_fn *seen, void *ctx) {
  capture->seen = seen;
  capture->seen_ctx = ctx;
}

unsigned capture_interface(struct capture *capture, const char *name,
                           const char *description, unsigned fcs_len) {
  static const uint8_t resolution = NANOSECONDS;
  uint8_t fcs = (uint8_t)fcs_len;
  if (capture->interfaces == sizeof(capture->fcs_len)) {
    sim_fatal("a capture has at most %zu interfaces", sizeof(capture->fcs_len));
  }
  begin(capture, BLOCK_INTERFACE);
  put32(capture, LINKTYPE_ETHERNET);
  put32(capture, 0); /* no limit of length */
  put_text(capture, OPT_IF_NAME, name);
  put_text(capture, OPT_IF_DESCRIPTION, description);
  put_option(capture, OPT_IF_TSRESOL, &resolution, 1);
  put_option(capture, OPT_IF_FCSLEN, &fcs, 1);
  end(capture);
  capture->fcs_len[capture->interfaces] = fcs;
  return capture->interfaces++;
}

static void describe(char *text, size_t size, unsigned marks,
                     const char *comment) {
  static const struct {
    unsigned mark;
    const char *text;
  } words[] = {
      {FRAME_ERROR, "damaged: ended with an error code"},
      {FRAME_BAD_FCS, "damaged: a bit was flipped, the FCS is wrong"},
      {FRAME_FLIPPED, "damaged: a bit was flipped and the FCS repaired"},
      {FRAME_DUPLICATE, "duplicated by the wire"},
      {FRAME_REORDERED, "delayed by the wire"},
      {FRAME_DROPPED, "dropped by the wire"},
      {FRAME_CE, "congestion marked by the wire"},
  };
  size_t n = (size_t)snprintf(text, size, "%s", comment ? comment : "");
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (marks & words[i].mark && n < size) {
      n += (size_t)snprintf(text + n, size - n, "%s%s", n ? "; " : "",
                            words[i].text);
    }
  }
}

void capture_add(struct capture *capture, unsigned interface, sim_time time,
                 enum capture_direction direction, const uint8_t *data,
                 uint32_t len, unsigned marks, uint64_t id,
                 const char *comment) {
  uint32_t wire_len = len;
  len = len < SNAP_LEN ? len : SNAP_LEN;
  struct packet *packet = sim_alloc(sizeof(*packet) + len);
  packet->interface = interface;
  packet->marks = marks;
  packet->id = id;
  packet->len = len;
  packet->wire_len = wire_len;
  packet->flags = (uint32_t)direction | (uint32_t)capture->fcs_len[interface]
                                            << FLAG_FCS_SHIFT;
  if (marks & (FRAME_BAD_FCS | FRAME_FLIPPED)) {
    packet->flags |= FLAG_CRC_ERROR;
  }
  if (marks & FRAME_ERROR) {
    packet->flags |= FLAG_SYMBOL_ERROR;
  }
  describe(packet->comment, sizeof(packet->comment), marks, comment);
  memcpy(packet->data, data, len);
  sim_heap_push(&capture->heap, time, interface, 0, packet);
}

static void write_packet(struct capture *capture,
                         const struct sim_event *event) {
  const struct packet *packet = event->payload;
  begin(capture, BLOCK_PACKET);
  put32(capture, packet->interface);
  put32(capture, (uint32_t)(event->time / SIM_NS >> 32));
  put32(capture, (uint32_t)(event->time / SIM_NS));
  put32(capture, packet->len);
  put32(capture, packet->wire_len);
  put_bytes(capture, packet->data, packet->len);
  put_text(capture, OPT_COMMENT, packet->comment);
  put_option(capture, OPT_EPB_FLAGS, &packet->flags, 4);
  if (packet->id) {
    put_option(capture, OPT_EPB_PACKETID, &packet->id, 8);
  }
  end(capture);
  capture->packets++;
  if (capture->seen) {
    capture->seen(capture->seen_ctx, &(struct capture_packet){
                                         .time = event->time,
                                         .interface = packet->interface,
                                         .marks = packet->marks,
                                         .id = packet->id,
                                         .len = packet->len,
                                         .wire_len = packet->wire_len,
                                         .data = packet->data,
                                     });
  }
}

void capture_flush(struct capture *capture, sim_time time) {
  struct sim_event event;
  while (sim_heap_next(&capture->heap) < time &&
         sim_heap_pop(&capture->heap, &event)) {
    write_packet(capture, &event);
    free(event.payload);
  }
}

uint64_t capture_packets(const struct capture *capture) {
  return capture->packets;
}

bool capture_close(struct capture *capture) {
  capture_flush(capture, SIM_NEVER);
  bool good = !capture->file || !ferror(capture->file);
  good = (!capture->file || fclose(capture->file) == 0) && good;
  sim_heap_destroy(&capture->heap);
  free(capture);
  return good;
}
