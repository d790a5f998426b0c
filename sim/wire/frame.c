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

bool frame_tcp(const uint8_t *data, size_t len, uint32_t *seq,
               uint32_t *payload) {
  if (len < FRAME_ETH_HEADER + 20 || frame_get16(data + 12) != ETHERTYPE_IPV4 ||
      data[14] >> 4 != 4) {
    return false;
  }
  const uint8_t *ip = data + FRAME_ETH_HEADER;
  uint32_t header = (ip[0] & 15u) * 4;
  uint32_t total = frame_get16(ip + 2);
  if (ip[9] != PROTO_TCP || len < FRAME_ETH_HEADER + header + 20u) {
    return false;
  }
  const uint8_t *tcp = ip + header;
  header += (tcp[12] >> 4) * 4u;
  *seq = frame_get32(tcp + 4);
  *payload = total > header ? total - header : 0;
  return total >= header;
}

enum frame_kind frame_kind_of(const uint8_t *data, size_t len) {
  uint32_t offset, ip_len;
  if (!frame_ipv4(data, len, &offset, &ip_len)) {
    return len >= FRAME_ETH_HEADER && frame_get16(data + 12) == ETHERTYPE_ARP
               ? FRAME_KIND_ARP
               : FRAME_KIND_OTHER;
  }
  const uint8_t *ip = data + offset;
  uint32_t header = (ip[0] & 15u) * 4;
  if (ip[9] == PROTO_UDP) {
    return FRAME_KIND_UDP;
  }
  if (ip[9] == PROTO_ICMP) {
    return FRAME_KIND_ICMP;
  }
  if (ip[9] != PROTO_TCP || ip_len < header + 20) {
    return FRAME_KIND_OTHER;
  }
  const uint8_t *tcp = ip + header;
  if (ip_len > header + (tcp[12] >> 4) * 4u) {
    return FRAME_KIND_DATA;
  }
  return tcp[13] & TCP_FIN_SYN_RST ? FRAME_KIND_HANDSHAKE : FRAME_KIND_ACK;
}

const char *frame_kind_name(enum frame_kind kind) {
  static const char *const names[FRAME_KIND_COUNT] = {
      "data", "ack", "handshake", "udp", "icmp", "arp", "other"};
  return names[kind];
}

uint64_t frame_key(const uint8_t *data, size_t len) {
  uint32_t offset, ip_len;
  if (!frame_ipv4(data, len, &offset, &ip_len) || ip_len < 28) {
    return 0;
  }
  const uint8_t *ip = data + offset;
  const uint8_t *transport = ip + (ip[0] & 15u) * 4;
  if (transport + 8 > data + len) {
    return 0;
  }
  uint64_t key = (uint64_t)frame_get16(ip + 4) << 48 |
                 (uint64_t)frame_get16(transport) << 32 |
                 frame_get32(transport + 4);
  return (key ^ (uint64_t)ip[15] << 40 ^ (uint64_t)ip[9] << 24) + 1;
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
