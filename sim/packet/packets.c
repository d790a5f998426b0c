/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/packets.h"

#include <string.h>

#include "sim/wire/frame.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, TTL = 64 };

/* ---- Options ------------------------------------------------------------ */

uint32_t packet_option_len(const uint8_t *options, uint32_t len, uint32_t at) {
  if (options[at] <= TCP_OPT_NOP) {
    return 1;
  }
  uint32_t own = at + 1 < len ? options[at + 1] : 0;
  return own < 2 || own > len - at ? len - at : own;
}

const uint8_t *packet_timestamps(const uint8_t *options, uint32_t len) {
  for (uint32_t at = 0; at < len; at += packet_option_len(options, len, at)) {
    if (options[at] == TCP_OPT_TIMESTAMPS &&
        packet_option_len(options, len, at) == 10) {
      return options + at + 2;
    }
  }
  return NULL;
}

/* SACK blocks of a packet to the stack speak of its sequence numbers. */
static void move_sack(uint8_t *options, uint32_t len, uint32_t add) {
  for (uint32_t at = 0; at < len; at += packet_option_len(options, len, at)) {
    uint32_t own = packet_option_len(options, len, at);
    if (options[at] == TCP_OPT_SACK) {
      for (uint32_t i = at + 2; i + 4 <= at + own; i += 4) {
        put_be32(options + i, get_be32(options + i) + add);
      }
    }
  }
}

/* ---- Writing ------------------------------------------------------------ */

static uint32_t pseudo_sum(const uint8_t *ip, uint8_t protocol, uint32_t len) {
  return frame_sum(ip + IPV4_OFF_SRC, 8,
                   protocol + (len & 0xffff) + (len >> 16));
}

static void write_ip(uint8_t *ip, uint8_t protocol, uint32_t total,
                     const struct packet_spec *spec,
                     const struct packet_ends *ends) {
  memset(ip, 0, IPV4_HDR_LEN);
  ip[0] = 0x45;
  ip[IPV4_OFF_TOS] = spec->tos;
  put_be16(ip + IPV4_OFF_LEN, (uint16_t)total);
  put_be16(ip + IPV4_OFF_FRAG, IPV4_DF);
  ip[IPV4_OFF_TTL] = spec->ttl ? spec->ttl : TTL;
  ip[IPV4_OFF_PROTO] = protocol;
  put_be32(ip + IPV4_OFF_SRC, ends->remote_ip);
  put_be32(ip + IPV4_OFF_DST, ends->local_ip);
  put_be16(ip + IPV4_OFF_CSUM, (uint16_t)~frame_sum(ip, IPV4_HDR_LEN, 0));
}

static uint32_t write_tcp(uint8_t *ip, const struct packet_spec *spec,
                          const struct packet_ends *ends) {
  uint32_t header = TCP_HEADER_LEN + spec->options_len;
  uint32_t len = header + spec->len;
  uint8_t *tcp = ip + IPV4_HDR_LEN;
  if (IPV4_HDR_LEN + len > PACKET_BYTES_MAX) {
    return 0;
  }
  write_ip(ip, PROTO_TCP, IPV4_HDR_LEN + len, spec, ends);
  memset(tcp, 0, len);
  put_be16(tcp, ends->remote_port);
  put_be16(tcp + 2, ends->local_port);
  put_be32(tcp + TCP_OFF_SEQ, spec->seq + ends->seq_add);
  if (spec->flags & TCP_ACK) {
    put_be32(tcp + TCP_OFF_ACK, spec->ack + ends->ack_add);
  }
  tcp[TCP_OFF_DATA] = (uint8_t)(header / 4 << 4 | spec->ae);
  tcp[TCP_OFF_FLAGS] = spec->flags;
  put_be16(tcp + TCP_OFF_WND, (uint16_t)spec->win);
  put_be16(tcp + TCP_OFF_URG, spec->urg);
  memcpy(tcp + TCP_HEADER_LEN, spec->options, spec->options_len);
  move_sack(tcp + TCP_HEADER_LEN, spec->options_len, ends->ack_add);
  const uint8_t *ts =
      packet_timestamps(tcp + TCP_HEADER_LEN, spec->options_len);
  if (ts && ends->has_ecr) {
    put_be32(tcp + (ts - tcp) + 4, ends->ecr);
  }
  put_be16(tcp + TCP_OFF_CSUM,
           (uint16_t)~frame_sum(tcp, len, pseudo_sum(ip, PROTO_TCP, len)));
  return IPV4_HDR_LEN + len;
}

static uint32_t write_udp(uint8_t *ip, const struct packet_spec *spec,
                          const struct packet_ends *ends) {
  uint32_t len = UDP_HDR_LEN + spec->len;
  uint8_t *udp = ip + IPV4_HDR_LEN;
  if (IPV4_HDR_LEN + len > PACKET_BYTES_MAX) {
    return 0;
  }
  write_ip(ip, PROTO_UDP, IPV4_HDR_LEN + len, spec, ends);
  memset(udp, 0, len);
  put_be16(udp + UDP_OFF_SRC, ends->remote_port);
  put_be16(udp + UDP_OFF_DST, ends->local_port);
  put_be16(udp + UDP_OFF_LEN, (uint16_t)len);
  uint16_t sum = (uint16_t)~frame_sum(udp, len, pseudo_sum(ip, PROTO_UDP, len));
  put_be16(udp + UDP_OFF_CSUM, sum ? sum : 0xffff);
  return IPV4_HDR_LEN + len;
}

/* What an ICMP error quotes: the IP header of a packet that the stack sent and
 * the first eight bytes behind it (RFC 792). */
static uint32_t write_quote(uint8_t *to, const struct icmp_spec *icmp,
                            const struct packet_ends *ends) {
  const struct packet_spec none = {.tos_check = TOS_ANY};
  const struct packet_ends back = {.remote_ip = ends->local_ip,
                                   .local_ip = ends->remote_ip};
  bool tcp = icmp->quoted == PACKET_TCP;
  uint32_t len = icmp->quoted_len +
                 (tcp ? (uint32_t)TCP_HEADER_LEN : (uint32_t)UDP_HDR_LEN);
  uint8_t *l4 = to + IPV4_HDR_LEN;
  write_ip(to, tcp ? PROTO_TCP : PROTO_UDP, IPV4_HDR_LEN + len, &none, &back);
  memset(l4, 0, 8);
  put_be16(l4, ends->local_port);
  put_be16(l4 + 2, ends->remote_port);
  if (tcp) {
    put_be32(l4 + TCP_OFF_SEQ, icmp->quoted_seq + ends->ack_add);
  } else {
    put_be16(l4 + UDP_OFF_LEN, (uint16_t)len);
  }
  return IPV4_HDR_LEN + 8;
}

static uint32_t write_icmp(uint8_t *ip, const struct packet_spec *spec,
                           const struct packet_ends *ends) {
  const struct icmp_spec *icmp = &spec->icmp;
  uint8_t *to = ip + IPV4_HDR_LEN;
  uint32_t len = ICMP_HDR_LEN;
  bool echo = icmp->type == ICMP_ECHO || icmp->type == ICMP_ECHO_REPLY;
  memset(to, 0, len);
  to[0] = icmp->type;
  to[1] = icmp->code;
  put_be16(to + 4, echo ? icmp->id : 0);
  put_be16(to + 6, icmp->mtu);
  if (!echo) {
    len += write_quote(to + len, icmp, ends);
  }
  put_be16(to + 2, (uint16_t)~frame_sum(to, len, 0));
  write_ip(ip, PROTO_ICMP, IPV4_HDR_LEN + len, spec, ends);
  return IPV4_HDR_LEN + len;
}

uint32_t packet_write(uint8_t *to, const struct packet_spec *spec,
                      const struct packet_ends *ends) {
  switch (spec->kind) {
    case PACKET_TCP:
      return write_tcp(to, spec, ends);
    case PACKET_UDP:
      return write_udp(to, spec, ends);
    default:
      return write_icmp(to, spec, ends);
  }
}

/* ---- Reading ------------------------------------------------------------ */

static bool read_tcp(const uint8_t *l4, uint32_t len,
                     struct packet_view *view) {
  uint32_t header = len < TCP_HEADER_LEN ? 0 : (l4[TCP_OFF_DATA] >> 4) * 4u;
  if (header < TCP_HEADER_LEN || header > len) {
    return false;
  }
  view->seq = get_be32(l4 + TCP_OFF_SEQ);
  view->ack = get_be32(l4 + TCP_OFF_ACK);
  view->flags = l4[TCP_OFF_FLAGS];
  view->ae = l4[TCP_OFF_DATA] & 1;
  view->win = get_be16(l4 + TCP_OFF_WND);
  view->urg = get_be16(l4 + TCP_OFF_URG);
  view->options = l4 + TCP_HEADER_LEN;
  view->options_len = (uint8_t)(header - TCP_HEADER_LEN);
  view->payload = l4 + header;
  view->payload_len = len - header;
  return true;
}

static bool read_short(const uint8_t *l4, uint32_t len,
                       struct packet_view *view) {
  if (len < UDP_HDR_LEN) {
    return false;
  }
  if (view->protocol == PROTO_ICMP) {
    view->type = l4[0];
    view->code = l4[1];
    view->mtu = get_be16(l4 + 6);
  }
  view->payload = l4 + UDP_HDR_LEN;
  view->payload_len = len - UDP_HDR_LEN;
  return true;
}

static bool good_sum(const uint8_t *ip, const uint8_t *l4, uint32_t len,
                     uint8_t protocol) {
  bool none = protocol == PROTO_UDP && get_be16(l4 + UDP_OFF_CSUM) == 0;
  uint32_t start = protocol == PROTO_ICMP ? 0 : pseudo_sum(ip, protocol, len);
  return none || frame_sum(l4, len, start) == 0xffff;
}

bool packet_read(const uint8_t *ip, uint32_t len, struct packet_view *view,
                 const char **why) {
  uint32_t header = len < IPV4_HDR_LEN ? 0 : (ip[0] & 15) * 4u;
  *view = (struct packet_view){0};
  *why = "it is no whole IPv4 packet";
  if (header < IPV4_HDR_LEN || ip[0] >> 4 != 4 || header > len ||
      get_be16(ip + IPV4_OFF_LEN) != len) {
    return false;
  }
  const uint8_t *l4 = ip + header;
  view->tos = ip[IPV4_OFF_TOS];
  view->ttl = ip[IPV4_OFF_TTL];
  view->protocol = ip[IPV4_OFF_PROTO];
  view->src = get_be32(ip + IPV4_OFF_SRC);
  view->dst = get_be32(ip + IPV4_OFF_DST);
  if (frame_sum(ip, header, 0) != 0xffff) {
    *why = "the checksum of its IP header is wrong";
    return false;
  }
  len -= header;
  bool tcp = view->protocol == PROTO_TCP;
  if (!tcp && view->protocol != PROTO_UDP && view->protocol != PROTO_ICMP) {
    *why = "it is neither TCP, UDP nor ICMP";
    return false;
  }
  if (tcp ? !read_tcp(l4, len, view) : !read_short(l4, len, view)) {
    *why = "its transport header is not whole";
    return false;
  }
  if (view->protocol != PROTO_ICMP) {
    view->src_port = get_be16(l4);
    view->dst_port = get_be16(l4 + 2);
  }
  *why = "its transport checksum is wrong";
  return good_sum(ip, l4, len, view->protocol);
}
