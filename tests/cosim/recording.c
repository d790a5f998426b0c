/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/wire/frame.h"

static void put8(struct recording *r, unsigned value) {
  if (r->len == sizeof(r->bytes)) {
    abort();
  }
  r->bytes[r->len++] = (uint8_t)value;
}

static void put(struct recording *r, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) {
    int shift = 8 * (r->big_endian ? bytes - 1 - i : i);
    put8(r, (unsigned)(value >> shift & 0xff));
  }
}

static void put_bytes(struct recording *r, const void *data, size_t len) {
  const uint8_t *from = data;
  for (size_t i = 0; i < len; i++) {
    put8(r, from[i]);
  }
}

static void pad(struct recording *r, size_t begin) {
  while ((r->len - begin) % 4) {
    put8(r, 0);
  }
}

/* --- pcap ----------------------------------------------------------------- */

void recording_pcap(struct recording *r, bool big_endian, bool nano,
                    uint32_t link) {
  r->len = 0;
  r->big_endian = big_endian;
  put(r, nano ? 0xa1b23c4d : 0xa1b2c3d4, 4);
  put(r, 2, 2);
  put(r, 4, 2);
  put(r, 0, 8);
  put(r, 262144, 4);
  put(r, link, 4);
}

void recording_add(struct recording *r, uint32_t seconds, uint32_t fraction,
                   const uint8_t *data, uint32_t len, uint32_t wire_len) {
  put(r, seconds, 4);
  put(r, fraction, 4);
  put(r, len, 4);
  put(r, wire_len, 4);
  put_bytes(r, data, len);
}

/* --- pcapng --------------------------------------------------------------- */

static size_t begin(struct recording *r, uint32_t type) {
  size_t at = r->len;
  put(r, type, 4);
  put(r, 0, 4);
  return at;
}

static void end(struct recording *r, size_t at) {
  uint32_t len = (uint32_t)(r->len - at) + 4;
  put(r, len, 4);
  r->len = at + 4;
  put(r, len, 4);
  r->len = at + len;
}

static void option(struct recording *r, unsigned code, uint64_t value,
                   int bytes) {
  size_t at = r->len;
  put(r, code, 2);
  put(r, (uint64_t)bytes, 2);
  put(r, value, bytes);
  pad(r, at);
}

void recording_section(struct recording *r, bool big_endian) {
  r->big_endian = big_endian;
  size_t at = begin(r, 0x0A0D0D0A);
  put(r, 0x1A2B3C4D, 4);
  put(r, 1, 2);
  put(r, 0, 2);
  put(r, UINT64_MAX, 8);
  end(r, at);
}

void recording_interface(struct recording *r,
                         const struct recording_interface *interface) {
  size_t at = begin(r, 1);
  put(r, interface->link, 2);
  put(r, 0, 2);
  put(r, interface->snaplen, 4);
  if (interface->name) {
    size_t name = r->len;
    put(r, 2, 2);
    put(r, strlen(interface->name), 2);
    put_bytes(r, interface->name, strlen(interface->name));
    pad(r, name);
  }
  if (interface->resolution >= 0) {
    option(r, 9, (uint64_t)interface->resolution, 1);
  }
  if (interface->fcs_len >= 0) {
    option(r, 13, (uint64_t)interface->fcs_len, 1);
  }
  if (interface->offset_s != -1) {
    option(r, 14, (uint64_t)interface->offset_s, 8);
  }
  put(r, 0, 4);
  end(r, at);
}

void recording_packet(struct recording *r, uint32_t interface, uint64_t stamp,
                      const uint8_t *data, uint32_t len, uint32_t wire_len,
                      uint32_t flags) {
  size_t at = begin(r, 6);
  put(r, interface, 4);
  put(r, stamp >> 32, 4);
  put(r, stamp & 0xffffffff, 4);
  put(r, len, 4);
  put(r, wire_len, 4);
  put_bytes(r, data, len);
  pad(r, at);
  if (flags) {
    option(r, 2, flags, 4);
    put(r, 0, 4);
  }
  end(r, at);
}

void recording_simple(struct recording *r, const uint8_t *data, uint32_t len,
                      uint32_t wire_len) {
  size_t at = begin(r, 3);
  put(r, wire_len, 4);
  put_bytes(r, data, len);
  pad(r, at);
  end(r, at);
}

void recording_block(struct recording *r, uint32_t type, const void *body,
                     uint32_t len) {
  size_t at = begin(r, type);
  put_bytes(r, body, len);
  pad(r, at);
  end(r, at);
}

void recording_save(const struct recording *r, size_t size, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(r->bytes, 1, size, file) != size || fclose(file) != 0) {
    abort();
  }
}

/* --- Frames --------------------------------------------------------------- */

static uint8_t *make_ip(uint8_t *frame, unsigned protocol, uint32_t len) {
  static const uint8_t ethernet[FRAME_ETH_HEADER] = {
      0x02, 0x50, 0x48, 0, 0, 1, 0x02, 0, 0, 0, 0, 9, 0x08, 0x00};
  uint8_t *ip = frame + FRAME_ETH_HEADER;
  memcpy(frame, ethernet, sizeof(ethernet));
  memset(ip, 0, 20);
  ip[0] = 0x45;
  frame_put16(ip + 2, (uint16_t)(20 + len));
  ip[8] = 64;
  ip[9] = (uint8_t)protocol;
  frame_put32(ip + 12, 0x0a000009);
  frame_put32(ip + 16, 0x0a000001);
  frame_put16(ip + 10, (uint16_t)~frame_sum(ip, 20, 0));
  return ip + 20;
}

uint32_t recording_udp(uint8_t *frame, uint32_t payload) {
  uint8_t *udp = make_ip(frame, 17, 8 + payload);
  frame_put16(udp, 5000);
  frame_put16(udp + 2, 7);
  frame_put16(udp + 4, (uint16_t)(8 + payload));
  frame_put16(udp + 6, 0);
  for (uint32_t i = 0; i < payload; i++) {
    udp[8 + i] = (uint8_t)(i * 7);
  }
  uint32_t pseudo = 17 + 8 + payload;
  pseudo += frame_sum(frame + 26, 8, 0);
  frame_put16(udp + 6, (uint16_t)~frame_sum(udp, 8 + payload, pseudo));
  return FRAME_ETH_HEADER + 20 + 8 + payload;
}

uint32_t recording_ping(uint8_t *frame) {
  uint8_t *icmp = make_ip(frame, 1, 64);
  memset(icmp, 0, 64);
  icmp[0] = 8;
  frame_put16(icmp + 2, (uint16_t)~frame_sum(icmp, 64, 0));
  return FRAME_ETH_HEADER + 20 + 64;
}
