/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/soft_lro.h"

#include <string.h>

#include "sim/host/soft_offload.h"

enum {
  IP = FRAME_ETH_HEADER,
  IP_HEADER = 20, /* options are left alone */
  TCP = IP + IP_HEADER,
  PROTOCOL_TCP = 6,
  FLAG_PSH = 8,
  FLAG_ACK = 16,
  IP_MAX = 65535,
};

/* Where payload starts and how long it is; false: not to be coalesced. Flags
 * are ACK and perhaps PSH, so nothing that a connection must see at once. */
static bool parse(const struct frame *frame, uint32_t *headers,
                  uint32_t *payload) {
  const uint8_t *data = frame->data;
  uint32_t len = frame->len - FRAME_FCS_LEN;
  if (frame->len < FRAME_MIN || frame_get16(data + 12) != 0x0800 ||
      data[IP] != 0x45 || data[IP + 9] != PROTOCOL_TCP ||
      !soft_verify(data, len)) {
    return false;
  }
  uint32_t ip_len = frame_get16(data + IP + 2);
  *headers = TCP + (data[TCP + 12] >> 4) * 4u;
  if (*headers < TCP + 20 || *headers >= IP + ip_len ||
      (data[TCP + 13] & ~FLAG_PSH) != FLAG_ACK || (data[TCP + 12] & 15)) {
    return false;
  }
  *payload = IP + ip_len - *headers;
  return true;
}

static bool same(const uint8_t *a, const uint8_t *b, uint32_t from,
                 uint32_t to) {
  return memcmp(a + from, b + from, to - from) == 0;
}

bool soft_lro_begin(struct soft_lro *lro, const struct frame *frame) {
  uint32_t payload;
  lro->len = 0;
  if (!parse(frame, &lro->headers, &payload)) {
    return false;
  }
  lro->len = lro->headers + payload;
  lro->gso_size = (uint16_t)payload;
  lro->segments = 1;
  lro->closed = frame->data[TCP + 13] & FLAG_PSH;
  memcpy(lro->data, frame->data, lro->len);
  return true;
}

bool soft_lro_add(struct soft_lro *lro, const struct frame *frame) {
  const uint8_t *data = frame->data;
  uint32_t headers, payload;
  if (lro->closed || !parse(frame, &headers, &payload) ||
      headers != lro->headers || payload > lro->gso_size ||
      lro->len + payload > IP + IP_MAX) {
    return false;
  }
  /* Addresses, type, version, TOS; flags of fragments, TTL, protocol; the IP
   * addresses and ports; then acknowledgment, window, urgent pointer and
   * options. The identification counts on. */
  uint16_t id = frame_get16(lro->data + IP + 4);
  if (!same(data, lro->data, 0, IP + 2) ||
      !same(data, lro->data, IP + 6, IP + 10) ||
      !same(data, lro->data, IP + 12, TCP + 4) ||
      !same(data, lro->data, TCP + 8, TCP + 13) ||
      !same(data, lro->data, TCP + 14, TCP + 16) ||
      !same(data, lro->data, TCP + 18, headers) ||
      frame_get16(data + IP + 4) != (uint16_t)(id + lro->segments) ||
      frame_get32(data + TCP + 4) !=
          frame_get32(lro->data + TCP + 4) + (lro->len - lro->headers)) {
    return false;
  }
  memcpy(lro->data + lro->len, data + headers, payload);
  lro->len += payload;
  lro->segments++;
  lro->data[TCP + 13] |= data[TCP + 13] & FLAG_PSH;
  lro->closed = data[TCP + 13] & FLAG_PSH || payload < lro->gso_size;
  return true;
}

void soft_lro_end(struct soft_lro *lro) {
  frame_put16(lro->data + IP + 2, (uint16_t)(lro->len - IP));
  frame_put16(lro->data + IP + 10, 0);
  frame_put16(lro->data + IP + 10,
              (uint16_t)~frame_sum(lro->data + IP, IP_HEADER, 0));
}
