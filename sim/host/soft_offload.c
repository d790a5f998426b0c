/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/soft_offload.h"

#include <string.h>

#include "sim/wire/frame.h"

enum {
  PROTO_TCP = 6,
  PROTO_UDP = 17,
  TCP_CSUM = 16,
  TCP_FIN = 1,
  TCP_PSH = 8,
  TCP_CWR = 0x80,
  SEGMENT_MAX = 16384,
};

void soft_checksum(uint8_t *frame, size_t len, uint16_t start,
                   uint16_t offset) {
  if ((size_t)start + offset + 2 > len) {
    return;
  }
  /* The field holds the pseudo-header's sum, so it is simply summed too. */
  uint16_t sum = (uint16_t)~frame_sum(frame + start, len - start, 0);
  frame_put16(frame + start + offset, sum ? sum : 0xffff);
}

static uint32_t pseudo_sum(const uint8_t *ip, uint32_t transport_len) {
  if (ip[0] >> 4 == 6) {
    return (uint32_t)frame_sum(ip + 8, 32, ip[6]) + transport_len;
  }
  return (uint32_t)frame_sum(ip + 12, 8, ip[9]) + transport_len;
}

/* Headers of segment `n`, whose payload starts `from` bytes into the whole. */
static void edit_headers(uint8_t *frame, uint32_t ip_at, uint32_t tcp_at,
                         size_t len, unsigned n, uint32_t from, bool last) {
  uint8_t *ip = frame + ip_at;
  uint8_t *tcp = frame + tcp_at;
  if (ip[0] >> 4 == 6) {
    frame_put16(ip + 4, (uint16_t)(len - tcp_at));
  } else {
    frame_put16(ip + 2, (uint16_t)(len - ip_at));
    frame_put16(ip + 4, (uint16_t)(frame_get16(ip + 4) + n));
    frame_put16(ip + 10, 0);
    frame_put16(ip + 10, (uint16_t)~frame_sum(ip, tcp_at - ip_at, 0));
  }
  frame_put32(tcp + 4, frame_get32(tcp + 4) + from);
  if (!last) {
    tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
  }
  if (n > 0) {
    tcp[13] &= (uint8_t)~TCP_CWR;
  }
  frame_put16(tcp + TCP_CSUM, 0);
  uint32_t pseudo = pseudo_sum(ip, (uint32_t)(len - tcp_at));
  frame_put16(tcp + TCP_CSUM, (uint16_t)~frame_sum(tcp, len - tcp_at, pseudo));
}

unsigned soft_segment(const uint8_t *frame, size_t len, uint16_t gso_size,
                      void (*emit)(void *ctx, uint8_t *frame, size_t len),
                      void *ctx) {
  uint32_t ip_at = FRAME_ETH_HEADER;
  if (len < ip_at + 40 || gso_size == 0) {
    return 0;
  }
  bool ipv6 = frame[ip_at] >> 4 == 6 && len >= ip_at + 60;
  if ((!ipv6 && frame[ip_at] >> 4 != 4) ||
      frame[ip_at + (ipv6 ? 6 : 9)] != PROTO_TCP) {
    return 0;
  }
  uint32_t tcp_at = ip_at + (ipv6 ? 40 : (frame[ip_at] & 15u) * 4);
  size_t header = tcp_at + (frame[tcp_at + 12] >> 4) * 4u;
  if (header >= len || header + gso_size > SEGMENT_MAX) {
    return 0;
  }
  uint8_t segment[SEGMENT_MAX];
  unsigned n = 0;
  for (size_t from = header; from < len; from += gso_size, n++) {
    size_t payload = len - from < gso_size ? len - from : gso_size;
    memcpy(segment, frame, header);
    memcpy(segment + header, frame + from, payload);
    edit_headers(segment, ip_at, tcp_at, header + payload, n,
                 (uint32_t)(from - header), from + payload == len);
    emit(ctx, segment, header + payload);
  }
  return n;
}

bool soft_verify(const uint8_t *frame, size_t len) {
  uint32_t at, ip_len;
  if (!frame_ipv4(frame, len, &at, &ip_len)) {
    return false;
  }
  const uint8_t *ip = frame + at;
  uint32_t header = (ip[0] & 15u) * 4;
  bool fragment = frame_get16(ip + 6) & 0x3fff;
  if (header < 20 || header > ip_len || fragment ||
      frame_sum(ip, header, 0) != 0xffff) {
    return false;
  }
  const uint8_t *transport = ip + header;
  uint32_t transport_len = ip_len - header;
  if (ip[9] == PROTO_UDP && transport_len >= 8) {
    uint32_t udp_len = frame_get16(transport + 4);
    /* A checksum of zero says that there is none (RFC 768). */
    if (udp_len < 8 || udp_len > transport_len ||
        frame_get16(transport + 6) == 0) {
      return false;
    }
    transport_len = udp_len;
  } else if (ip[9] != PROTO_TCP || transport_len < 20) {
    return false;
  }
  return frame_sum(transport, transport_len, pseudo_sum(ip, transport_len)) ==
         0xffff;
}
