/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wire/frame.h"

#include <string.h>
#include <zlib.h>

#include "sim/core/util.h"

enum {
  ETHERTYPE_IPV4 = 0x0800,
  ETHERTYPE_ARP = 0x0806,
  ETHERTYPE_IPV6 = 0x86dd,
  IPV6_HEADER = 40,
  PROTO_ICMP = 1,
  PROTO_TCP = 6,
  PROTO_UDP = 17,
  PROTO_ICMPV6 = 58,
  IPV6_HOP_BY_HOP = 0,
  IPV6_FRAGMENT = 44,
  IPV6_LAST_OF_SOURCE = 22,
  TCP_FIN_SYN_RST = 7,
};

struct frame *frame_copy(const uint8_t *data, uint32_t len, uint64_t id) {
  struct frame *frame = sim_alloc(sizeof(*frame) + len);
  frame->id = id;
  frame->len = len;
  memcpy(frame->data, data, len);
  return frame;
}

/* zlib's CRC-32 is that of IEEE 802.3. */
uint32_t frame_fcs(const uint8_t *data, size_t len) {
  return (uint32_t)crc32(0, data, (uInt)len);
}

void frame_set_fcs(uint8_t *data, size_t len) {
  uint32_t fcs = frame_fcs(data, len - FRAME_FCS_LEN);
  for (int i = 0; i < FRAME_FCS_LEN; i++) {
    data[len - FRAME_FCS_LEN + (size_t)i] = (uint8_t)(fcs >> 8 * i);
  }
}

bool frame_fcs_good(const uint8_t *data, size_t len) {
  if (len < FRAME_FCS_LEN) {
    return false;
  }
  uint32_t fcs = frame_fcs(data, len - FRAME_FCS_LEN);
  const uint8_t *end = data + len - FRAME_FCS_LEN;
  return fcs == ((uint32_t)end[3] << 24 | (uint32_t)end[2] << 16 |
                 (uint32_t)end[1] << 8 | end[0]);
}

bool frame_ipv4(const uint8_t *data, size_t len, uint32_t *offset,
                uint32_t *ip_len) {
  if (len < FRAME_ETH_HEADER + 20 || frame_get16(data + 12) != ETHERTYPE_IPV4 ||
      data[14] >> 4 != 4) {
    return false;
  }
  *offset = FRAME_ETH_HEADER;
  *ip_len = frame_get16(data + FRAME_ETH_HEADER + 2);
  return *ip_len >= 20 && *ip_len <= len - FRAME_ETH_HEADER;
}

bool frame_ipv6(const uint8_t *data, size_t len, uint32_t *offset) {
  *offset = FRAME_ETH_HEADER;
  return len >= FRAME_ETH_HEADER + IPV6_HEADER &&
         frame_get16(data + 12) == ETHERTYPE_IPV6 &&
         data[FRAME_ETH_HEADER] >> 4 == 6;
}

/* Headers of IPv6 that may stand in front, in units of eight bytes. */
static bool is_extension(uint8_t protocol) {
  return protocol == IPV6_HOP_BY_HOP || protocol == IPV6_FRAGMENT;
}

bool frame_payload(const uint8_t *data, size_t len,
                   struct frame_payload *payload) {
  const uint8_t *ip = data + FRAME_ETH_HEADER;
  uint16_t type = len >= FRAME_ETH_HEADER + 20 ? frame_get16(data + 12) : 0;
  uint32_t header, total;
  if (type == ETHERTYPE_IPV4 && ip[0] >> 4 == 4) {
    header = (ip[0] & 15u) * 4;
    total = frame_get16(ip + 2);
    payload->protocol = ip[9];
  } else if (type == ETHERTYPE_IPV6 && ip[0] >> 4 == 6 &&
             len >= FRAME_ETH_HEADER + IPV6_HEADER + 8) {
    header = IPV6_HEADER;
    total = IPV6_HEADER + frame_get16(ip + 4);
    payload->protocol = ip[6];
    if (is_extension(payload->protocol)) {
      payload->protocol = ip[IPV6_HEADER];
      header += 8;
    }
  } else {
    return false;
  }
  payload->offset = FRAME_ETH_HEADER + header;
  payload->len = total > header ? total - header : 0;
  return total >= header && len >= payload->offset;
}

bool frame_tcp(const uint8_t *data, size_t len, uint32_t *seq,
               uint32_t *payload) {
  struct frame_payload in;
  if (!frame_payload(data, len, &in) || in.protocol != PROTO_TCP ||
      len < in.offset + 20u) {
    return false;
  }
  const uint8_t *tcp = data + in.offset;
  uint32_t header = (tcp[12] >> 4) * 4u;
  *seq = frame_get32(tcp + 4);
  *payload = in.len > header ? in.len - header : 0;
  return in.len >= header;
}

enum frame_kind frame_kind_of(const uint8_t *data, size_t len) {
  struct frame_payload in;
  if (!frame_payload(data, len, &in) || in.len > len - in.offset) {
    return len >= FRAME_ETH_HEADER && frame_get16(data + 12) == ETHERTYPE_ARP
               ? FRAME_KIND_ARP
               : FRAME_KIND_OTHER;
  }
  if (in.protocol == PROTO_UDP) {
    return FRAME_KIND_UDP;
  }
  if (in.protocol == PROTO_ICMP || in.protocol == PROTO_ICMPV6) {
    return FRAME_KIND_ICMP;
  }
  if (in.protocol != PROTO_TCP || in.len < 20) {
    return FRAME_KIND_OTHER;
  }
  const uint8_t *tcp = data + in.offset;
  if (in.len > (tcp[12] >> 4) * 4u) {
    return FRAME_KIND_DATA;
  }
  return tcp[13] & TCP_FIN_SYN_RST ? FRAME_KIND_HANDSHAKE : FRAME_KIND_ACK;
}

const char *frame_kind_name(enum frame_kind kind) {
  static const char *const names[FRAME_KIND_COUNT] = {
      "data", "ack", "handshake", "udp", "icmp", "arp", "other"};
  return names[kind];
}

/* Of a TCP segment without payload, one of many with the same number: the rest
 * of its header, with ACK, window and SACK blocks; FNV-1a. */
static uint64_t ack_key(const uint8_t *tcp, uint32_t tcp_len, size_t len) {
  uint64_t key = UINT64_C(0xcbf29ce484222325);
  if (tcp_len < 20 || tcp_len > len || (tcp[12] >> 4) * 4u != tcp_len) {
    return 0;
  }
  for (uint32_t i = 8; i < tcp_len; i++) {
    key = (key ^ tcp[i]) * UINT64_C(0x100000001b3);
  }
  return key;
}

uint64_t frame_key(const uint8_t *data, size_t len) {
  struct frame_payload in;
  if (!frame_payload(data, len, &in) || in.len < 8 || len < in.offset + 8u) {
    return 0;
  }
  const uint8_t *ip = data + FRAME_ETH_HEADER;
  const uint8_t *transport = data + in.offset;
  bool v4 = ip[0] >> 4 == 4; /* IPv6 has no identification */
  uint64_t key =
      (uint64_t)frame_get16(ip + (v4 ? 4 : IPV6_LAST_OF_SOURCE)) << 48 |
      (uint64_t)frame_get16(transport) << 32 | frame_get32(transport + 4);
  if (in.protocol == PROTO_TCP) {
    key ^= ack_key(transport, in.len, len - in.offset);
  }
  return (key ^ (uint64_t)ip[15] << 40 ^ (uint64_t)in.protocol << 24) + 1;
}

uint16_t frame_sum(const uint8_t *data, size_t len, uint32_t sum) {
  for (; len >= 2; data += 2, len -= 2) {
    sum += frame_get16(data);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  if (len) {
    sum += (uint32_t)data[0] << 8;
  }
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)((sum & 0xffff) + (sum >> 16));
}
