/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/offload_frames.h"

#include <string.h>

#include "tests/rtl/model/offload_model.h"

enum { TCP = 6, UDP = 17 };

static void put16(uint8_t *p, size_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

size_t offload_l4(const struct offload_shape *s) {
  size_t l3 = s->vlan ? 18 : 14;
  return l3 + (s->ipv6 ? 40 : 20 + 4 * (size_t)s->ip_options);
}

size_t offload_header_len(const struct offload_shape *s) {
  size_t l4_header = s->proto == TCP   ? 20 + 4 * (size_t)s->tcp_options
                     : s->proto == UDP ? 8
                                       : 0;
  return offload_l4(s) + l4_header;
}

static void build_ip(const struct offload_shape *s, uint8_t *ip, size_t total,
                     size_t header) {
  if (s->ipv6) {
    ip[0] = (uint8_t)(0x60 | (ip[0] & 15));
    put16(ip + 4, total - header);
    ip[6] = s->proto;
    return;
  }
  ip[0] = (uint8_t)(0x40 | header / 4);
  put16(ip + 2, total);
  put16(ip + 6, 0x4000); /* DF */
  ip[9] = s->proto;
  put16(ip + 10, 0);
  put16(ip + 10, (uint16_t)~model_sum(ip, header, 0));
}

size_t offload_build(struct tb_rand *r, const struct offload_shape *s,
                     uint8_t *frame) {
  size_t l3 = s->vlan ? 18 : 14, l4 = offload_l4(s);
  size_t len = offload_header_len(s) + s->payload, l4_len = len - l4;
  tb_rand_fill(r, frame, len);
  if (s->vlan) put16(frame + 12, 0x8100);
  put16(frame + l3 - 2, s->ipv6 ? 0x86dd : 0x0800);
  build_ip(s, frame + l3, len - l3, l4 - l3);
  uint8_t extra[4] = {0, s->proto, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};
  uint16_t pseudo = s->ipv6 ? model_sum(frame + l3 + 8, 32, 0)
                            : model_sum(frame + l3 + 12, 8, 0);
  pseudo = model_sum(extra, 4, pseudo);
  uint8_t *field = frame + l4 + (s->proto == TCP ? 16 : 6);
  if (s->proto == TCP)
    frame[l4 + 12] =
        (uint8_t)((5 + s->tcp_options) << 4 | (frame[l4 + 12] & 15));
  else if (s->proto == UDP)
    put16(frame + l4 + 4, l4_len);
  else
    return len;
  put16(field, 0);
  uint16_t sum = (uint16_t)~model_sum(frame + l4, l4_len, pseudo);
  put16(field, s->proto == UDP && sum == 0 ? 0xffff : sum);
  return len;
}

struct offload_shape offload_any(struct tb_rand *r, size_t max_payload) {
  static const uint8_t protos[] = {TCP, TCP, UDP, UDP, 1};
  return (struct offload_shape){
      .vlan = tb_rand_chance(r, 64),
      .ipv6 = tb_rand_chance(r, 64),
      .proto = protos[tb_rand_below(r, 5)],
      .ip_options = tb_rand_chance(r, 128) ? tb_rand_below(r, 11) : 0,
      .tcp_options = tb_rand_chance(r, 192) ? tb_rand_below(r, 11) : 0,
      .payload = tb_rand_below(r, (uint32_t)max_payload + 1),
  };
}
