/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/offload_model.h"

#include <stdlib.h>
#include <string.h>

enum {
  ETH_LEN = 14,
  VLAN_LEN = 4,
  PROTO_TCP = 6,
  PROTO_UDP = 17,
  GSO_TCPV4 = 1,
  GSO_ECN = 0x80,
  TCP_CSUM_OFFSET = 16,
  TCP_FIN = 0x01,
  TCP_PSH = 0x08,
  TCP_CWR = 0x80
};

/* What a frame's headers say, as far as its bytes reach. */
struct headers {
  bool is_ipv4, is_ipv6, is_frag;
  uint8_t proto;
  size_t l3, l4, l4_len;
};

static uint16_t get16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p) {
  return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v) {
  put16(p, (uint16_t)(v >> 16));
  put16(p + 2, (uint16_t)v);
}

uint16_t model_sum(const uint8_t *data, size_t len, uint16_t sum) {
  uint64_t s = sum;
  for (size_t i = 0; i + 1 < len; i += 2) s += get16(data + i);
  if (len % 2) s += (uint64_t)data[len - 1] << 8;
  while (s >> 16) s = (s & 0xffff) + (s >> 16);
  return (uint16_t)s;
}

static struct headers parse(const uint8_t *frame, size_t len) {
  struct headers h = {.l3 = ETH_LEN};
  if (len < ETH_LEN) return h;
  uint16_t type = get16(frame + 12);
  if (type == 0x8100) {
    h.l3 += VLAN_LEN;
    type = len >= h.l3 ? get16(frame + 16) : 0;
  }
  const uint8_t *ip = frame + h.l3;
  if (type == 0x0800 && len >= h.l3 + 20 && ip[0] >> 4 == 4) {
    size_t header = (size_t)(ip[0] & 15) * 4, total = get16(ip + 2);
    if (header < 20 || total < header || h.l3 + header > len) return h;
    h.is_ipv4 = true;
    h.is_frag = (get16(ip + 6) & 0x3fff) != 0;
    h.proto = ip[9];
    h.l4 = h.l3 + header;
    h.l4_len = total - header;
  } else if (type == 0x86dd && len >= h.l3 + 40 && ip[0] >> 4 == 6) {
    h.is_ipv6 = true;
    h.proto = ip[6];
    h.l4 = h.l3 + 40;
    h.l4_len = get16(ip + 4);
  }
  return h;
}

/* Sum of pseudo-header and L4 (RFC 9293 3.1, RFC 768, RFC 8200 8.1). */
static uint16_t l4_sum(const uint8_t *frame, const struct headers *h,
                       size_t l4_len) {
  uint8_t pseudo[40] = {0};
  size_t at = 0;
  if (h->is_ipv4) {
    memcpy(pseudo, frame + h->l3 + 12, 8);
    at = 8;
  } else {
    memcpy(pseudo, frame + h->l3 + 8, 32);
    at = 32;
  }
  put16(pseudo + at, h->proto);
  put16(pseudo + at + 2, (uint16_t)l4_len);
  return model_sum(frame + h->l4, l4_len, model_sum(pseudo, at + 4, 0));
}

static uint8_t *append(struct model_frames *out, const uint8_t *data,
                       size_t len) {
  out->data = realloc(out->data, (out->count + 1) * sizeof(*out->data));
  out->len = realloc(out->len, (out->count + 1) * sizeof(*out->len));
  uint8_t *copy = malloc(len);
  if (!out->data || !out->len || !copy) abort();
  memcpy(copy, data, len);
  out->data[out->count] = copy;
  out->len[out->count++] = len;
  return copy;
}

void model_frames_free(struct model_frames *frames) {
  for (size_t i = 0; i < frames->count; i++) free(frames->data[i]);
  free(frames->data);
  free(frames->len);
  memset(frames, 0, sizeof(*frames));
}

/* Bytes of all headers, or 0 if this is nothing that can be cut. */
static size_t tso_header_len(const uint8_t *frame, size_t len,
                             const struct model_tx_meta *meta,
                             const struct headers *h) {
  if ((meta->gso_type & ~GSO_ECN) != GSO_TCPV4 || meta->gso_size == 0) return 0;
  if (!meta->needs_csum || meta->csum_offset != TCP_CSUM_OFFSET) return 0;
  if (!h->is_ipv4 || h->is_frag || h->proto != PROTO_TCP) return 0;
  if (meta->csum_start != h->l4 || h->l4 + 20 > len) return 0;
  size_t doff = (size_t)(frame[h->l4 + 12] >> 4) * 4;
  if (doff < 20 || h->l4 + doff > len) return 0;
  return h->l4 + doff;
}

enum model_verdict model_tso(const uint8_t *frame, size_t len,
                             const struct model_tx_meta *meta, size_t max_frame,
                             struct model_frames *out) {
  struct headers h = parse(frame, len);
  size_t header_len = tso_header_len(frame, len, meta, &h);
  if (meta->error) return MODEL_DROP_ERROR;
  if (header_len == 0 || header_len + meta->gso_size > max_frame)
    return MODEL_DROP_BAD_GSO;
  out->header_len = header_len;
  uint8_t *segment = malloc(header_len + meta->gso_size);
  if (!segment) abort();
  size_t at = header_len, k = 0;
  do {
    size_t part = len - at < meta->gso_size ? len - at : meta->gso_size;
    bool last = at + part == len;
    memcpy(segment, frame, header_len);
    memcpy(segment + header_len, frame + at, part);
    uint8_t *ip = segment + h.l3, *tcp = segment + h.l4;
    put16(ip + 2, (uint16_t)(header_len - h.l3 + part));
    put16(ip + 4, (uint16_t)(get16(ip + 4) + k));
    put16(ip + 10, 0);
    put16(ip + 10, (uint16_t)~model_sum(ip, h.l4 - h.l3, 0));
    put32(tcp + 4, get32(tcp + 4) + (uint32_t)(k * meta->gso_size));
    if (!last) tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (k > 0) tcp[13] &= (uint8_t)~TCP_CWR;
    put16(tcp + TCP_CSUM_OFFSET, 0);
    size_t l4_len = header_len - h.l4 + part;
    put16(tcp + TCP_CSUM_OFFSET, (uint16_t)~l4_sum(segment, &h, l4_len));
    append(out, segment, header_len + part);
    at += part;
    k++;
  } while (at < len);
  free(segment);
  return MODEL_SENT;
}

/* Zero means "no checksum" in UDP alone. Where no IP header leads to the sum's
 * start, the place of the field tells UDP. */
static bool is_udp_sum(const struct headers *h,
                       const struct model_tx_meta *meta) {
  if ((h->is_ipv4 || h->is_ipv6) && h->l4 == meta->csum_start)
    return h->proto == PROTO_UDP;
  return meta->csum_offset == 6;
}

enum model_verdict model_tx(const uint8_t *frame, size_t len,
                            const struct model_tx_meta *meta, size_t max_frame,
                            struct model_frames *out) {
  if (meta->error) return MODEL_DROP_ERROR;
  if (meta->gso_type) return model_tso(frame, len, meta, max_frame, out);
  if (len < ETH_LEN) return MODEL_DROP_ERROR;
  if (len > max_frame) return MODEL_DROP_OVERSIZE;
  if (!meta->needs_csum) {
    append(out, frame, len);
    return MODEL_SENT;
  }
  size_t field = (size_t)meta->csum_start + meta->csum_offset;
  if (field + 2 > len) return MODEL_DROP_BAD_CSUM;
  struct headers h = parse(frame, len);
  uint16_t sum =
      (uint16_t)~model_sum(frame + meta->csum_start, len - meta->csum_start, 0);
  if (sum == 0 && is_udp_sum(&h, meta)) sum = 0xffff;
  put16(append(out, frame, len) + field, sum);
  return MODEL_SENT;
}

struct model_rx_meta model_rx(const uint8_t *frame, size_t len) {
  struct headers h = parse(frame, len);
  struct model_rx_meta m = {
      .is_ipv4 = h.is_ipv4,
      .is_ipv6 = h.is_ipv6,
      .is_frag = h.is_frag,
      .is_tcp = !h.is_frag && h.proto == PROTO_TCP,
      .is_udp = !h.is_frag && h.proto == PROTO_UDP,
      .l3_offset = (uint8_t)h.l3,
      .l4_offset = (uint8_t)h.l4,
      .length = (uint16_t)(len > 0xffff ? 0xffff : len),
  };
  if (h.is_ipv4)
    m.ip_csum_ok = model_sum(frame + h.l3, h.l4 - h.l3, 0) == 0xffff;
  if (h.l4 + h.l4_len > len) return m; /* cut short: nothing to sum */
  if (m.is_tcp) {
    m.l4_csum_checked = h.l4_len >= 20;
  } else if (m.is_udp && h.l4_len >= 8) {
    bool none = get16(frame + h.l4 + 6) == 0;
    m.l4_csum_checked =
        get16(frame + h.l4 + 4) == h.l4_len && !(none && h.is_ipv4);
    if (none) return m; /* RFC 8200 8.1: never right over IPv6 */
  }
  m.l4_csum_ok = m.l4_csum_checked && l4_sum(frame, &h, h.l4_len) == 0xffff;
  return m;
}
