/* SPDX-License-Identifier: Apache-2.0 */
/* TCP options, as bytes in the order in which they stand, and ICMP's types. */
#include <string.h>

#include "sim/packet/parser_internal.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"

enum {
  OPT_MD5 = 19,           /* RFC 2385 */
  OPT_FAST_OPEN = 34,     /* RFC 7413 */
  OPT_EXPERIMENTAL = 254, /* RFC 6994 */
  FAST_OPEN_EXID = 0xf989,
};

/* ---- TCP options -------------------------------------------------------- */

/* Room for `len` bytes more, or NULL after an error. */
static uint8_t *add(struct parser *parser, struct packet_spec *packet,
                    size_t len) {
  size_t used = packet->options_len;
  if (!parser->failed && used + len > PACKET_OPTIONS_MAX) {
    parser_fail(parser, parser->token.line,
                "TCP options may have %d bytes, these need more",
                PACKET_OPTIONS_MAX);
  }
  if (parser->failed) {
    return NULL;
  }
  packet->options_len = (uint8_t)(used + len);
  return packet->options + used;
}

static void add_option(struct parser *parser, struct packet_spec *packet,
                       uint8_t kind, const void *data, size_t len) {
  uint8_t *to = add(parser, packet, 2 + len);
  if (to) {
    to[0] = kind;
    to[1] = (uint8_t)(2 + len);
    if (len) {
      memcpy(to + 2, data, len);
    }
  }
}

static void add_byte(struct parser *parser, struct packet_spec *packet,
                     uint8_t kind) {
  uint8_t *to = add(parser, packet, 1);
  if (to) {
    *to = kind;
  }
}

static int nibble(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* The hexadecimal digits behind the option's name, if any, after `at` bytes
 * that `data` has already. */
static void add_cookie(struct parser *parser, struct packet_spec *packet,
                       uint8_t kind, uint8_t *data, size_t at) {
  struct token token = parser->token;
  bool given = token.kind == TOKEN_WORD || token.kind == TOKEN_INT ||
               token.kind == TOKEN_HEX;
  for (size_t i = 0; given && i < token.len; i++) {
    if (nibble(token.text[i]) < 0) { /* a name that -D was to define */
      parser_skip(parser, token.line, "TCP Fast Open (RFC 7413)");
    }
  }
  if (!parser->failed && given) {
    if (token.len % 2 || token.len / 2 > PACKET_OPTIONS_MAX - 2 - at) {
      parser_expected(parser, "an even number of hexadecimal digits");
      return;
    }
    for (size_t i = 0; i < token.len; i += 2) {
      int high = nibble(token.text[i]), low = nibble(token.text[i + 1]);
      data[at++] = (uint8_t)(high << 4 | low);
    }
    parser_advance(parser);
  }
  add_option(parser, packet, kind, data, at);
}

static uint32_t number32(struct parser *parser, const char *what) {
  return (uint32_t)parser_number(parser, 0, UINT32_MAX, what);
}

/* A number, or an ellipsis in a packet that the stack sends. */
static uint32_t stamp(struct parser *parser, const struct packet_spec *packet,
                      const char *what, bool *any) {
  if (!packet->inbound && parser->token.kind == TOKEN_ELLIPSIS) {
    parser_advance(parser);
    *any = true;
    return 0;
  }
  return number32(parser, what);
}

static void parse_timestamps(struct parser *parser,
                             struct packet_spec *packet) {
  uint8_t data[8];
  if (!parser_take_word(parser, "val")) {
    parser_expected(parser, "'val'");
  }
  put_be32(data, stamp(parser, packet, "TS val", &packet->any_ts_val));
  if (!parser_take_word(parser, "ecr")) {
    parser_expected(parser, "'ecr'");
  }
  put_be32(data + 4, stamp(parser, packet, "TS ecr", &packet->any_ts_ecr));
  add_option(parser, packet, TCP_OPT_TIMESTAMPS, data, sizeof(data));
}

static void parse_sack(struct parser *parser, struct packet_spec *packet) {
  uint8_t data[PACKET_OPTIONS_MAX];
  size_t len = 0;
  while (!parser->failed && (parser->token.kind == TOKEN_INT || len == 0)) {
    if (len + 8 > sizeof(data)) {
      parser_fail(parser, parser->token.line,
                  "these SACK blocks do not fit into a segment");
      return;
    }
    put_be32(data + len, number32(parser, "a SACK block's left edge"));
    parser_need_char(parser, ':');
    put_be32(data + len + 4, number32(parser, "a SACK block's right edge"));
    len += 8;
  }
  add_option(parser, packet, TCP_OPT_SACK, data, len);
}

static void parse_option(struct parser *parser, struct packet_spec *packet) {
  uint8_t data[PACKET_OPTIONS_MAX];
  if (parser_take_word(parser, "nop")) {
    add_byte(parser, packet, TCP_OPT_NOP);
  } else if (parser_take_word(parser, "eol")) {
    add_byte(parser, packet, TCP_OPT_END);
  } else if (parser_take_word(parser, "mss")) {
    put_be16(data, (uint16_t)parser_number(parser, 0, UINT16_MAX, "mss"));
    add_option(parser, packet, TCP_OPT_MSS, data, 2);
  } else if (parser_take_word(parser, "wscale")) {
    data[0] = (uint8_t)parser_number(parser, 0, UINT8_MAX, "wscale");
    add_option(parser, packet, TCP_OPT_WSCALE, data, 1);
  } else if (parser_take_word(parser, "sackOK")) {
    add_option(parser, packet, TCP_OPT_SACK_PERMITTED, data, 0);
  } else if (parser_take_word(parser, "sack")) {
    parse_sack(parser, packet);
  } else if (parser_take_word(parser, "TS")) {
    parse_timestamps(parser, packet);
  } else if (parser_take_word(parser, "FO")) {
    add_cookie(parser, packet, OPT_FAST_OPEN, data, 0);
  } else if (parser_take_word(parser, "FOEXP")) {
    put_be16(data, FAST_OPEN_EXID);
    add_cookie(parser, packet, OPT_EXPERIMENTAL, data, 2);
  } else if (parser_take_word(parser, "md5")) {
    add_cookie(parser, packet, OPT_MD5, data, 0);
  } else if (parser_is_word(parser, "ECN")) {
    parser_skip(parser, parser->token.line, "accurate ECN (RFC 9768)");
  } else if (parser_is_word(parser, "mp_capable") ||
             parser_is_word(parser, "mp_join") ||
             parser_is_word(parser, "dss") ||
             parser_is_word(parser, "add_address")) {
    parser_skip(parser, parser->token.line, "Multipath TCP (RFC 8684)");
  } else {
    parser_expected(parser,
                    "a TCP option: mss, wscale, sackOK, sack, TS, nop, "
                    "eol, FO, FOEXP or md5");
  }
}

void parse_tcp_options(struct parser *parser, struct packet_spec *packet) {
  unsigned line = parser->token.line;
  parser_need_char(parser, '<');
  if (parser->token.kind == TOKEN_ELLIPSIS) {
    parser_advance(parser);
    packet->any_options = true;
    if (packet->inbound) {
      parser_fail(parser, line,
                  "<...> is for packets that the stack sends: which options?");
    }
  } else if (!parser_is_char(parser, '>')) {
    do {
      parse_option(parser, packet);
    } while (parser_take_char(parser, ','));
  }
  parser_need_char(parser, '>');
  /* The header is made of words: the rest is filled up with zero. */
  while (packet->options_len % 4) {
    packet->options[packet->options_len++] = TCP_OPT_END;
  }
}

/* ---- ICMP --------------------------------------------------------------- */

struct icmp_name {
  const char *name;
  uint8_t type, code;
};

static const struct icmp_name types[] = {
    {"echo_reply", ICMP_ECHO_REPLY, 0},
    {"echo_request", ICMP_ECHO, 0},
    {"echo", ICMP_ECHO, 0},
    {"unreachable", ICMP_UNREACHABLE, 0},
    {"source_quench", 4, 0},
    {"redirect", ICMP_REDIRECT, 0},
    {"time_exceeded", ICMP_TIME_EXCEEDED, 0},
    {"parameter_problem", ICMP_PARAMETER, 0},
};

static const struct icmp_name codes[] = {
    {"net_unreachable", ICMP_UNREACHABLE, ICMP_UNREACH_NET},
    {"host_unreachable", ICMP_UNREACHABLE, ICMP_UNREACH_HOST},
    {"protocol_unreachable", ICMP_UNREACHABLE, ICMP_UNREACH_PROTO},
    {"port_unreachable", ICMP_UNREACHABLE, ICMP_UNREACH_PORT},
    {"frag_needed", ICMP_UNREACHABLE, ICMP_UNREACH_TOO_BIG},
    {"source_route_failed", ICMP_UNREACHABLE, 5},
    {"net_unknown", ICMP_UNREACHABLE, 6},
    {"host_unknown", ICMP_UNREACHABLE, 7},
    {"source_host_isolated", ICMP_UNREACHABLE, 8},
    {"net_prohibited", ICMP_UNREACHABLE, ICMP_UNREACH_NET_PROHIBITED},
    {"host_prohibited", ICMP_UNREACHABLE, ICMP_UNREACH_HOST_PROHIBITED},
    {"net_unreachable_for_tos", ICMP_UNREACHABLE, 11},
    {"host_unreachable_for_tos", ICMP_UNREACHABLE, 12},
    {"comm_prohibited", ICMP_UNREACHABLE, ICMP_UNREACH_ADMIN_PROHIBITED},
    {"host_precedence_violation", ICMP_UNREACHABLE, 14},
    {"precedence_cutoff", ICMP_UNREACHABLE, 15},
    {"packet_filtered", ICMP_UNREACHABLE, ICMP_UNREACH_ADMIN_PROHIBITED},
    {"precedence_violation", ICMP_UNREACHABLE, 14},
    {"ttl_exceeded_in_transit", ICMP_TIME_EXCEEDED, 0},
    {"frag_reass_exceeded", ICMP_TIME_EXCEEDED, 1},
    {"code_0", ICMP_PARAMETER, 0},
    {"code_1", ICMP_PARAMETER, 1},
    {"code_2", ICMP_PARAMETER, 2},
    {"ttl_exceeded", ICMP_TIME_EXCEEDED, 0},
    {"fragment_reassembly_time_exceeded", ICMP_TIME_EXCEEDED, 1},
};

void parse_icmp(struct parser *parser, struct packet_spec *packet) {
  struct icmp_spec *icmp = &packet->icmp;
  size_t i = 0;
  while (i < sizeof(types) / sizeof(types[0]) &&
         !parser_is_word(parser, types[i].name)) {
    i++;
  }
  if (parser->failed || i == sizeof(types) / sizeof(types[0])) {
    parser_expected(parser, "a type of ICMP such as unreachable");
    return;
  }
  icmp->type = types[i].type;
  parser_advance(parser);
  for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    if (codes[i].type == icmp->type &&
        parser_take_word(parser, codes[i].name)) {
      icmp->code = codes[i].code;
    }
  }
  if (parser_take_word(parser, "mtu")) {
    icmp->mtu = (uint16_t)parser_number(parser, 0, UINT16_MAX, "an MTU");
  }
  if (parser_take_word(parser, "id")) {
    icmp->id = (uint16_t)parser_number(parser, 0, UINT16_MAX, "an id");
  }
}
