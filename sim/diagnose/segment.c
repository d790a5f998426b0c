/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/diagnose/segment.h"

#include <string.h>

#include "sim/wire/frame.h"

enum {
  LINK_NULL = 0, /* BSD loopback: the family in the byte order of the host */
  LINK_ETHERNET = 1,
  LINK_RAW_OLD = 12,
  LINK_RAW = 101,
  LINK_LOOP = 108,
  LINK_SLL = 113,
  LINK_IPV4 = 228,
  LINK_IPV6 = 229,
  LINK_SLL2 = 276,
  TYPE_IPV4 = 0x0800,
  TYPE_VLAN = 0x8100,
  TYPE_IPV6 = 0x86dd,
  TYPE_QINQ = 0x88a8,
  VLAN_LEN = 4,
  VLANS = 2,
  IPV4_LEAST = 20,
  IPV6_LEN = 40,
  TCP_LEAST = 20,
  PROTO_TCP = 6,
  EXTENSIONS = 8, /* of an IPv6 packet; more are not followed */
  OPTION_END = 0,
  OPTION_NOP = 1,
  OPTION_MSS = 2,
  OPTION_SCALE = 3,
  OPTION_SACK = 5,
  OPTION_TIMESTAMPS = 8,
};

/* What is left to read: `len` bytes are there, `wire` were. */
struct part {
  const uint8_t *data;
  size_t len, wire;
};

static bool skip(struct part *part, size_t n) {
  if (part->len < n) {
    return false;
  }
  part->data += n;
  part->len -= n;
  part->wire -= n;
  return true;
}

/* --- The link's header ---------------------------------------------------- */

/* How long it is, and where in it the EtherType stands (-1: there is none). */
static bool link_header(unsigned link_type, size_t *len, int *type_at) {
  static const struct {
    unsigned link_type;
    size_t len;
    int type_at;
  } links[] = {
      {LINK_NULL, 4, -1}, {LINK_ETHERNET, 14, 12}, {LINK_RAW_OLD, 0, -1},
      {LINK_RAW, 0, -1},  {LINK_LOOP, 4, -1},      {LINK_SLL, 16, 14},
      {LINK_IPV4, 0, -1}, {LINK_IPV6, 0, -1},      {LINK_SLL2, 20, 0},
  };
  for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
    if (links[i].link_type == link_type) {
      *len = links[i].len;
      *type_at = links[i].type_at;
      return true;
    }
  }
  return false;
}

bool segment_link_known(unsigned link_type) {
  size_t len;
  int type_at;
  return link_header(link_type, &len, &type_at);
}

/* Moves to the IP header. */
static bool skip_link(struct part *part, unsigned link_type) {
  size_t len;
  int type_at;
  if (!link_header(link_type, &len, &type_at) || part->len < len) {
    return false;
  }
  unsigned type = type_at < 0 ? 0 : frame_get16(part->data + type_at);
  part->data += len;
  part->len -= len;
  part->wire -= len;
  for (int i = 0; i < VLANS && (type == TYPE_VLAN || type == TYPE_QINQ); i++) {
    if (part->len < VLAN_LEN) {
      return false;
    }
    type = frame_get16(part->data + 2);
    (void)skip(part, VLAN_LEN);
  }
  return type_at < 0 || type == TYPE_IPV4 || type == TYPE_IPV6;
}

/* --- IP ------------------------------------------------------------------- */

/* The IP header says that the rest has `len` bytes; less than there are if the
 * frame was padded. 0: a super-segment whose length did not fit. */
static bool trim(struct part *part, size_t len) {
  if (len == 0) {
    return true;
  }
  if (len > part->wire) {
    return false;
  }
  part->wire = len;
  part->len = part->len < len ? part->len : len;
  return true;
}

/* Moves to the TCP header. Of fragments only the first would have one, and it
 * does not tell how long the segment is. */
static bool skip_ipv4(struct part *part, struct segment *segment) {
  const uint8_t *h = part->data;
  if (part->len < IPV4_LEAST) {
    return false;
  }
  size_t header = (h[0] & 15u) * 4u;
  unsigned total = frame_get16(h + 2);
  if (header < IPV4_LEAST || h[9] != PROTO_TCP ||
      (frame_get16(h + 6) & 0x3fff) || (total && total < header)) {
    return false;
  }
  segment->from = ph_addr_v4(frame_get32(h + 12));
  segment->to = ph_addr_v4(frame_get32(h + 16));
  return trim(part, total) && skip(part, header);
}

/* RFC 8200 4: extension headers that may stand before TCP's. */
static bool is_extension(unsigned next) {
  return next == 0 || next == 43 || next == 60 || next == 135;
}

static bool skip_ipv6(struct part *part, struct segment *segment) {
  const uint8_t *h = part->data;
  if (part->len < IPV6_LEN) {
    return false;
  }
  size_t payload = frame_get16(h + 4);
  unsigned next = h[6];
  memcpy(segment->from.bytes, h + 8, 16);
  memcpy(segment->to.bytes, h + 24, 16);
  (void)skip(part, IPV6_LEN);
  if (!trim(part, payload)) {
    return false;
  }
  for (int i = 0; i < EXTENSIONS && is_extension(next); i++) {
    if (part->len < 8) {
      return false;
    }
    next = part->data[0];
    if (!skip(part, (part->data[1] + 1u) * 8u)) {
      return false;
    }
  }
  return next == PROTO_TCP;
}

/* --- TCP ------------------------------------------------------------------ */

static void read_option(struct segment *segment, const uint8_t *option,
                        size_t len) {
  if (option[0] == OPTION_MSS && len == 4) {
    segment->mss = frame_get16(option + 2);
  } else if (option[0] == OPTION_SCALE && len == 3) {
    /* RFC 7323 2.3: more than 14 is taken as 14. */
    segment->scale = (int8_t)(option[2] < 14 ? option[2] : 14);
  } else if (option[0] == OPTION_TIMESTAMPS) {
    segment->timestamps = len == 10;
    segment->ts_val = len == 10 ? frame_get32(option + 2) : 0;
    segment->ts_ecr = len == 10 ? frame_get32(option + 6) : 0;
  } else if (option[0] == OPTION_SACK) {
    for (size_t at = 2; at + 8 <= len && segment->sack_count < SEGMENT_SACKS;
         at += 8) {
      uint32_t *block = segment->sack[segment->sack_count++];
      block[0] = frame_get32(option + at);
      block[1] = frame_get32(option + at + 4);
    }
  }
}

static void read_options(struct segment *segment, const uint8_t *at,
                         size_t left) {
  while (left > 0 && at[0] != OPTION_END) {
    size_t len = at[0] == OPTION_NOP ? 1 : left > 1 ? at[1] : 0;
    if (len == 0 || len > left || (at[0] != OPTION_NOP && len < 2)) {
      return;
    }
    read_option(segment, at, len);
    at += len;
    left -= len;
  }
}

static bool read_tcp(struct segment *segment, const struct part *part) {
  const uint8_t *h = part->data;
  if (part->len < TCP_LEAST) {
    return false;
  }
  size_t header = (h[12] >> 4) * 4u;
  if (header < TCP_LEAST || header > part->len) {
    return false;
  }
  segment->from_port = frame_get16(h);
  segment->to_port = frame_get16(h + 2);
  segment->seq = frame_get32(h + 4);
  segment->ack = frame_get32(h + 8);
  segment->flags = h[13];
  segment->window = frame_get16(h + 14);
  segment->payload = (uint32_t)(part->wire - header);
  segment->scale = -1;
  read_options(segment, h + TCP_LEAST, header - TCP_LEAST);
  return true;
}

bool segment_read(struct segment *segment, unsigned link_type,
                  const uint8_t *data, size_t len, size_t wire_len) {
  struct part part = {data, len, wire_len > len ? wire_len : len};
  memset(segment, 0, sizeof(*segment));
  if (!skip_link(&part, link_type) || part.len == 0) {
    return false;
  }
  bool ip = part.data[0] >> 4 == 4   ? skip_ipv4(&part, segment)
            : part.data[0] >> 4 == 6 ? skip_ipv6(&part, segment)
                                     : false;
  return ip && read_tcp(segment, &part);
}
