/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/packets.h"

#include <string.h>

#include "sim/wire/frame.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"
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
  if (ip[0] >> 4 == 6) {
    return frame_sum(ip + IPV6_OFF_SRC, 32,
                     protocol + (len & 0xffff) + (len >> 16));
  }
  return frame_sum(ip + IPV4_OFF_SRC, 8,
                   protocol + (len & 0xffff) + (len >> 16));
}

static uint32_t ip_len(const struct packet_ends *ends) {
  return ends->ipv6 ? (uint32_t)IPV6_HDR_LEN : (uint32_t)IPV4_HDR_LEN;
}

static void write_ipv6(uint8_t *ip, uint8_t protocol, uint32_t total,
                       const struct packet_spec *spec,
                       const struct packet_ends *ends) {
  put_be32(ip, 6u << 28 | (uint32_t)spec->tos << 20);
  put_be16(ip + IPV6_OFF_LEN, (uint16_t)(total - IPV6_HDR_LEN));
  ip[IPV6_OFF_NEXT] = protocol;
  ip[IPV6_OFF_HOPS] = spec->ttl ? spec->ttl : TTL;
  memcpy(ip + IPV6_OFF_SRC, ends->remote6.bytes, 16);
  memcpy(ip + IPV6_OFF_DST, ends->local6.bytes, 16);
}

static void write_ip(uint8_t *ip, uint8_t protocol, uint32_t total,
                     const struct packet_spec *spec,
                     const struct packet_ends *ends) {
  if (ends->ipv6) {
    write_ipv6(ip, protocol, total, spec, ends);
    return;
  }
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
  uint8_t *tcp = ip + ip_len(ends);
  if (ip_len(ends) + len > PACKET_BYTES_MAX) {
    return 0;
  }
  write_ip(ip, PROTO_TCP, ip_len(ends) + len, spec, ends);
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
  return ip_len(ends) + len;
}

static uint32_t write_udp(uint8_t *ip, const struct packet_spec *spec,
                          const struct packet_ends *ends) {
  uint32_t len = UDP_HDR_LEN + spec->len;
  uint8_t *udp = ip + ip_len(ends);
  if (ip_len(ends) + len > PACKET_BYTES_MAX) {
    return 0;
  }
  write_ip(ip, PROTO_UDP, ip_len(ends) + len, spec, ends);
  memset(udp, 0, len);
  put_be16(udp + UDP_OFF_SRC, ends->remote_port);
  put_be16(udp + UDP_OFF_DST, ends->local_port);
  put_be16(udp + UDP_OFF_LEN, (uint16_t)len);
  uint16_t sum = (uint16_t)~frame_sum(udp, len, pseudo_sum(ip, PROTO_UDP, len));
  put_be16(udp + UDP_OFF_CSUM, sum ? sum : 0xffff);
  return ip_len(ends) + len;
}

/* What an ICMP error quotes: the IP header of a packet that the stack sent and
 * the first eight bytes behind it (RFC 792). */
static uint32_t write_quote(uint8_t *to, const struct icmp_spec *icmp,
                            const struct packet_ends *ends) {
  const struct packet_spec none = {.tos_check = TOS_ANY};
  const struct packet_ends back = {.ipv6 = ends->ipv6,
                                   .remote_ip = ends->local_ip,
                                   .local_ip = ends->remote_ip,
                                   .remote6 = ends->local6,
                                   .local6 = ends->remote6};
  bool tcp = icmp->quoted == PACKET_TCP;
  uint32_t len = icmp->quoted_len +
                 (tcp ? (uint32_t)TCP_HEADER_LEN : (uint32_t)UDP_HDR_LEN);
  uint8_t *l4 = to + ip_len(ends);
  write_ip(to, tcp ? PROTO_TCP : PROTO_UDP, ip_len(ends) + len, &none, &back);
  memset(l4, 0, 8);
  put_be16(l4, ends->local_port);
  put_be16(l4 + 2, ends->remote_port);
  if (tcp) {
    put_be32(l4 + TCP_OFF_SEQ, icmp->quoted_seq + ends->ack_add);
  } else {
    put_be16(l4 + UDP_OFF_LEN, (uint16_t)len);
  }
  return ip_len(ends) + 8;
}

/* What ICMP and ICMPv6 call the same thing (RFC 792, RFC 4443). */
static const struct {
  uint8_t type, code, type6, code6;
} same_icmp[] = {
    {ICMP_UNREACHABLE, ICMP_UNREACH_NET, ICMP6_UNREACHABLE,
     ICMP6_UNREACH_ROUTE},
    {ICMP_UNREACHABLE, ICMP_UNREACH_HOST, ICMP6_UNREACHABLE,
     ICMP6_UNREACH_ADDRESS},
    {ICMP_UNREACHABLE, ICMP_UNREACH_PROTO, ICMP6_PARAMETER, ICMP6_PARAM_NEXT},
    {ICMP_UNREACHABLE, ICMP_UNREACH_PORT, ICMP6_UNREACHABLE,
     ICMP6_UNREACH_PORT},
    {ICMP_UNREACHABLE, ICMP_UNREACH_TOO_BIG, ICMP6_TOO_BIG, 0},
    {ICMP_UNREACHABLE, ICMP_UNREACH_ADMIN_PROHIBITED, ICMP6_UNREACHABLE,
     ICMP6_UNREACH_ADMIN},
    {ICMP_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0},
    {ICMP_PARAMETER, 0, ICMP6_PARAMETER, ICMP6_PARAM_FIELD},
    {ICMP_ECHO, 0, ICMP6_ECHO, 0},
    {ICMP_ECHO_REPLY, 0, ICMP6_ECHO_REPLY, 0},
};
enum { SAME_ICMP = sizeof(same_icmp) / sizeof(same_icmp[0]) };

/* The header of ICMP becomes that of ICMPv6. */
static void put_icmp6(uint8_t *to, const struct icmp_spec *icmp) {
  for (int i = 0; i < SAME_ICMP; i++) {
    if (icmp->type == same_icmp[i].type && icmp->code == same_icmp[i].code) {
      to[0] = same_icmp[i].type6;
      to[1] = same_icmp[i].code6;
    }
  }
  if (to[0] == ICMP6_TOO_BIG) {
    put_be32(to + 4, icmp->mtu);
  }
}

static uint32_t write_icmp(uint8_t *ip, const struct packet_spec *spec,
                           const struct packet_ends *ends) {
  const struct icmp_spec *icmp = &spec->icmp;
  uint8_t *to = ip + ip_len(ends);
  uint32_t len = ICMP_HDR_LEN;
  bool echo = icmp->type == ICMP_ECHO || icmp->type == ICMP_ECHO_REPLY;
  memset(to, 0, len);
  to[0] = icmp->type;
  to[1] = icmp->code;
  put_be16(to + 4, echo ? icmp->id : 0);
  put_be16(to + 6, icmp->mtu);
  if (ends->ipv6) {
    put_icmp6(to, icmp);
  }
  if (!echo) {
    len += write_quote(to + len, icmp, ends);
  }
  uint8_t protocol = ends->ipv6 ? (uint8_t)IPV6_NEXT_ICMP : (uint8_t)PROTO_ICMP;
  write_ip(ip, protocol, ip_len(ends) + len, spec, ends);
  uint32_t start = ends->ipv6 ? pseudo_sum(ip, protocol, len) : 0;
  put_be16(to + 2, (uint16_t)~frame_sum(to, len, start));
  return ip_len(ends) + len;
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
  bool ipv6 = ip[0] >> 4 == 6;
  bool none =
      !ipv6 && protocol == PROTO_UDP && get_be16(l4 + UDP_OFF_CSUM) == 0;
  if (ipv6 && protocol == PROTO_ICMP) {
    protocol = IPV6_NEXT_ICMP;
  }
  uint32_t start = protocol == PROTO_ICMP ? 0 : pseudo_sum(ip, protocol, len);
  return none || frame_sum(l4, len, start) == 0xffff;
}

/* The length of the IP header, 0 if it is wrong. */
static uint32_t read_ipv4(const uint8_t *ip, uint32_t len,
                          struct packet_view *view, const char **why) {
  uint32_t header = len < IPV4_HDR_LEN ? 0 : (ip[0] & 15) * 4u;
  *why = "it is no whole IPv4 packet";
  if (header < IPV4_HDR_LEN || ip[0] >> 4 != 4 || header > len ||
      get_be16(ip + IPV4_OFF_LEN) != len) {
    return 0;
  }
  view->tos = ip[IPV4_OFF_TOS];
  view->ttl = ip[IPV4_OFF_TTL];
  view->protocol = ip[IPV4_OFF_PROTO];
  if (frame_sum(ip, header, 0) != 0xffff) {
    *why = "the checksum of its IP header is wrong";
    return 0;
  }
  return header;
}

static uint32_t read_ipv6(const uint8_t *ip, uint32_t len,
                          struct packet_view *view, const char **why) {
  *why = "it is no whole IPv6 packet";
  if (len < IPV6_HDR_LEN ||
      IPV6_HDR_LEN + (uint32_t)get_be16(ip + IPV6_OFF_LEN) != len) {
    return 0;
  }
  view->tos = (uint8_t)(get_be16(ip) >> 4);
  view->ttl = ip[IPV6_OFF_HOPS];
  view->protocol = ip[IPV6_OFF_NEXT] == IPV6_NEXT_ICMP ? (uint8_t)PROTO_ICMP
                                                       : ip[IPV6_OFF_NEXT];
  return IPV6_HDR_LEN;
}

/* ICMPv6's words in those of ICMP. */
static void take_icmp6(struct packet_view *view, const uint8_t *l4) {
  for (int i = SAME_ICMP; i-- > 0;) {
    if (l4[0] == same_icmp[i].type6 && l4[1] == same_icmp[i].code6) {
      view->type = same_icmp[i].type;
      view->code = same_icmp[i].code;
    }
  }
}

bool packet_read(const uint8_t *ip, uint32_t len, struct packet_view *view,
                 const char **why) {
  *view = (struct packet_view){0};
  bool ipv6 = len > 0 && ip[0] >> 4 == 6;
  uint32_t header =
      ipv6 ? read_ipv6(ip, len, view, why) : read_ipv4(ip, len, view, why);
  if (header == 0) {
    return false;
  }
  const uint8_t *l4 = ip + header;
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
  if (ipv6 && view->protocol == PROTO_ICMP) {
    take_icmp6(view, l4);
  }
  if (view->protocol != PROTO_ICMP) {
    view->src_port = get_be16(l4);
    view->dst_port = get_be16(l4 + 2);
  }
  *why = "its transport checksum is wrong";
  return good_sum(ip, l4, len, view->protocol);
}
