/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/diagnose_made.h"

#include <string.h>

#include "sim/wire/frame.h"

struct recording made_recording;

uint32_t made_frame(const struct made *made, uint8_t *frame,
                    uint32_t *wire_len) {
  uint32_t at = 0;
  uint16_t type = made->ipv6 ? 0x86dd : 0x0800;
  bool opens = made->scale >= 0 && (made->flags & SEGMENT_SYN);
  unsigned options = opens ? 8 : made->ts_val ? 12 : 0;
  unsigned tcp = 20 + options;
  memset(frame, 0, 128);
  if (made->link == MADE_SLL) {
    at = 16;
  } else if (made->link == 0) {
    at = 14;
    if (made->vlan) {
      frame_put16(frame + 12, 0x8100);
      at = 18;
    }
  }
  if (at) {
    frame_put16(frame + at - 2, type);
  }
  uint8_t *ip = frame + at;
  if (made->ipv6) {
    ip[0] = 0x60;
    frame_put16(ip + 4, (uint16_t)(8 + tcp + made->payload));
    ip[6] = 60; /* a destination options header stands before TCP */
    ip[23] = (uint8_t)(1 + made->from);
    ip[39] = (uint8_t)(2 - made->from);
    ip[40] = 6;
    at += 48;
  } else {
    ip[0] = 0x45;
    frame_put16(ip + 2,
                made->total_zero ? 0 : (uint16_t)(20 + tcp + made->payload));
    ip[9] = 6;
    frame_put32(ip + 12, 0x0a000001 + made->from);
    frame_put32(ip + 16, 0x0a000002 - made->from);
    at += 20;
  }
  uint8_t *h = frame + at;
  uint16_t port = made->port ? made->port : 1000;
  frame_put16(h, made->from ? 80 : port);
  frame_put16(h + 2, made->from ? port : 80);
  frame_put32(h + 4, (uint32_t)(MADE_FIRST_SEQ + made->seq));
  frame_put32(h + 8, (uint32_t)(MADE_FIRST_SEQ + made->ack));
  h[12] = (uint8_t)(tcp / 4 << 4);
  h[13] = (uint8_t)made->flags;
  frame_put16(h + 14, (uint16_t)made->window);
  if (made->ts_val) {
    frame_put32(h + 20, 0x0101080a);
    frame_put32(h + 24, made->ts_val);
    frame_put32(h + 28, made->ts_ecr);
  } else if (options) {
    static const uint8_t plain[8] = {2, 4, MADE_MSS >> 8, MADE_MSS & 255, 1, 3,
                                     3, 0};
    memcpy(h + 20, plain, 8);
    h[27] = (uint8_t)made->scale;
  }
  *wire_len = at + tcp + made->payload;
  return at + tcp;
}

void made_add(uint32_t us, struct made made) {
  uint8_t frame[128];
  uint32_t wire_len;
  uint32_t len = made_frame(&made, frame, &wire_len);
  recording_add(&made_recording, us / 1000000, us % 1000000, frame, len,
                wire_len);
}

void made_open(void) {
  recording_pcap(&made_recording, false, false, MADE_ETHERNET);
  made_add(0, (struct made){.flags = SEGMENT_SYN, .window = 65535, .scale = 3});
  made_add(MADE_RTT_US, (struct made){.from = 1,
                                      .flags = SEGMENT_SYN | SEGMENT_ACK,
                                      .ack = 1,
                                      .window = 8000,
                                      .scale = 2});
  made_add(
      MADE_RTT_US,
      (struct made){.flags = SEGMENT_ACK, .seq = 1, .ack = 1, .window = 8000});
}

void made_data(uint32_t us, int segment, unsigned payload, unsigned push) {
  made_add(us, (struct made){.flags = SEGMENT_ACK | push,
                             .seq = 1 + segment * MADE_MSS,
                             .ack = 1,
                             .window = 8000,
                             .payload = payload});
}

void made_ack(uint32_t us, int segments, unsigned window) {
  made_add(us, (struct made){.from = 1,
                             .flags = SEGMENT_ACK,
                             .seq = 1,
                             .ack = 1 + segments * MADE_MSS,
                             .window = window});
}
