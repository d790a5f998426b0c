/* SPDX-License-Identifier: Apache-2.0 */
/* Packets: direction, IP information, ports, then TCP, UDP or ICMP. */
#include <string.h>

#include "sim/packet/parser_internal.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"

enum { PORT_MAX = 65535, LEN_MAX = 65535 };

/* ---- IP information: [ect0], (tos 0x10), [ttl 64], [flowlabel 0x1] --------
 */

static bool parse_ecn(struct parser *parser, struct packet_spec *packet) {
  static const char *const names[] = {"noecn", "ect1", "ect0", "ce"};
  for (uint8_t i = 0; i < 4; i++) {
    if (parser_take_word(parser, names[i])) {
      packet->tos_check = TOS_ECN;
      packet->tos = i;
      return true;
    }
  }
  if (parser_is_word(parser, "ect01")) {
    if (packet->inbound) {
      parser_fail(parser, parser->token.line,
                  "ect01 is for packets that the stack sends: ect0 or ect1?");
    }
    parser_advance(parser);
    packet->tos_check = TOS_ECT01;
    return true;
  }
  return false;
}

static void parse_ip_info(struct parser *parser, struct packet_spec *packet) {
  char close = parser_is_char(parser, '[') ? ']' : ')';
  parser_advance(parser);
  do {
    if (parse_ecn(parser, packet)) {
      continue;
    }
    if (parser_take_word(parser, "tos")) {
      packet->tos = (uint8_t)parser_number(parser, 0, 255, "tos");
      packet->tos_check = TOS_ALL;
    } else if (parser_take_word(parser, "ttl")) {
      packet->ttl = (uint8_t)parser_number(parser, 0, 255, "ttl");
    } else if (parser_take_word(parser, "flowlabel")) {
      /* IPv4 has none; the number has no meaning here. */
      parser_number(parser, 0, 0xfffff, "flowlabel");
    } else {
      parser_expected(parser,
                      "ect0, ect1, ect01, ce, noecn, tos, ttl or "
                      "flowlabel");
    }
  } while (parser_take_char(parser, ','));
  parser_need_char(parser, close);
}

/* ---- TCP ---------------------------------------------------------------- */

/* AE, CWR, ECE as a number. */
static void add_ace(struct packet_spec *packet, int ace) {
  packet->flags |= (uint8_t)((ace & 1 ? TCP_ECE : 0) | (ace & 2 ? TCP_CWR : 0));
  packet->ae = ace & 4;
}

static bool add_flag(struct packet_spec *packet, char c) {
  switch (c) {
    case 'F':
      packet->flags |= TCP_FIN;
      return true;
    case 'S':
      packet->flags |= TCP_SYN;
      return true;
    case 'R':
      packet->flags |= TCP_RST;
      return true;
    case 'P':
      packet->flags |= TCP_PSH;
      return true;
    case '.':
      packet->flags |= TCP_ACK;
      return true;
    case 'U':
      packet->flags |= TCP_URG;
      return true;
    case 'E':
      packet->flags |= TCP_ECE;
      return true;
    case 'W':
      packet->flags |= TCP_CWR;
      return true;
    case 'A':
      packet->ae = true;
      return true;
    default:
      if (c < '0' || c > '7') {
        return false;
      }
      add_ace(packet, c - '0');
      return true;
  }
}

/* ".5": ACK, and 5 in the three bits AE, CWR, ECE (RFC 9768 3.2.2). */
static void parse_ace(struct parser *parser, struct packet_spec *packet) {
  struct token token = parser->token;
  if (token.len != 2 || token.text[0] != '.' || token.text[1] > '7') {
    parser_expected(parser, "flags such as S, P. or .5 (the ACE field)");
    return;
  }
  packet->flags |= TCP_ACK;
  add_ace(packet, token.text[1] - '0');
  parser_advance(parser);
}

static void parse_flags(struct parser *parser, struct packet_spec *packet) {
  if (parser_take_char(parser, '-')) {
    return; /* no flag */
  }
  bool any = false;
  /* "P5." and "5." are written too. */
  if (!parser->failed &&
      (parser->token.kind == TOKEN_WORD || parser->token.kind == TOKEN_INT)) {
    for (size_t i = 0; i < parser->token.len; i++) {
      if (!add_flag(packet, parser->token.text[i])) {
        parser_expected(parser, "the flags F S R P . U E W A, 'udp' or 'icmp'");
        return;
      }
    }
    parser_advance(parser);
    any = true;
  }
  if (!parser->failed && parser->token.kind == TOKEN_FLOAT) {
    parse_ace(parser, packet);
  } else if (parser_take_char(parser, '.')) {
    packet->flags |= TCP_ACK;
  } else if (!any) {
    parser_expected(parser, "the flags F S R P . U E W A, 'udp' or 'icmp'");
  }
}

/* start:end(length) */
static void parse_seq(struct parser *parser, uint32_t *seq, uint32_t *len) {
  unsigned line = parser->token.line;
  *seq = (uint32_t)parser_number(parser, 0, UINT32_MAX, "a sequence number");
  parser_need_char(parser, ':');
  uint32_t end =
      (uint32_t)parser_number(parser, 0, UINT32_MAX, "a sequence number");
  parser_need_char(parser, '(');
  *len = (uint32_t)parser_number(parser, 0, LEN_MAX, "a length");
  parser_need_char(parser, ')');
  if (!parser->failed && end != *seq + *len) {
    parser_fail(parser, line,
                "%u:%u(%u): the length does not fit the "
                "sequence numbers",
                *seq, end, *len);
  }
}

static void parse_tcp(struct parser *parser, struct packet_spec *packet) {
  unsigned line = parser->token.line;
  packet->kind = PACKET_TCP;
  parse_flags(parser, packet);
  if (!packet->inbound && parser->token.kind == TOKEN_ELLIPSIS) {
    packet->any_seq = true; /* ...(0) */
    parser_advance(parser);
    parser_need_char(parser, '(');
    packet->len = (uint32_t)parser_number(parser, 0, LEN_MAX, "a length");
    parser_need_char(parser, ')');
  } else {
    parse_seq(parser, &packet->seq, &packet->len);
  }
  if (parser_take_word(parser, "ack")) {
    packet->ack =
        (uint32_t)parser_number(parser, 0, UINT32_MAX, "an ack number");
  }
  packet->win = WINDOW_ANY;
  if (parser_take_word(parser, "win")) {
    packet->win = (int32_t)parser_number(parser, 0, UINT16_MAX, "a window");
  }
  if (parser_take_word(parser, "urg")) {
    packet->urg =
        (uint16_t)parser_number(parser, 0, UINT16_MAX, "an urgent pointer");
  }
  if (parser_is_char(parser, '<')) {
    parse_tcp_options(parser, packet);
  }
  if (packet->inbound && packet->win == WINDOW_ANY) {
    packet->win = 0;
    if (!(packet->flags & TCP_RST)) {
      parser_fail(parser, line, "a packet to the stack wants a window: win N");
    }
  }
}

/* ---- UDP, ICMP ---------------------------------------------------------- */

/* A number before '>' is a port; else it may be a flag. */
static bool at_ports(const struct parser *parser) {
  struct lexer ahead = parser->lexer;
  struct token next = lexer_next(&ahead);
  return !parser->failed && parser->token.kind == TOKEN_INT &&
         next.kind == TOKEN_CHAR && next.number == '>';
}

static void parse_ports(struct parser *parser, struct packet_spec *packet) {
  if (at_ports(parser)) {
    packet->src_port = (uint16_t)parser_number(parser, 0, PORT_MAX, "a port");
    parser_need_char(parser, '>');
    packet->dst_port = (uint16_t)parser_number(parser, 0, PORT_MAX, "a port");
  }
}

static void parse_udp(struct parser *parser, struct packet_spec *packet) {
  packet->kind = PACKET_UDP;
  parse_ports(parser, packet);
  parser_need_char(parser, '(');
  packet->len = (uint32_t)parser_number(parser, 0, LEN_MAX, "a length");
  parser_need_char(parser, ')');
}

/* What the ICMP message quotes: [1:1461(1460)], [udp (1000)]. */
static void parse_quote(struct parser *parser, struct icmp_spec *icmp) {
  icmp->has_quote = true;
  icmp->quoted = PACKET_TCP;
  if (parser_take_word(parser, "udp")) {
    icmp->quoted = PACKET_UDP;
    parser_need_char(parser, '(');
    icmp->quoted_len = (uint32_t)parser_number(parser, 0, LEN_MAX, "a length");
    parser_need_char(parser, ')');
  } else {
    parse_seq(parser, &icmp->quoted_seq, &icmp->quoted_len);
  }
  parser_need_char(parser, ']');
}

/* ---- All ---------------------------------------------------------------- */

static void refuse_tunnels(struct parser *parser) {
  static const char *const words[] = {"ipv4",  "ipv6", "gre",
                                      "GREv0", "mpls", "psp"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (parser_is_word(parser, words[i])) {
      parser_skip(parser, parser->token.line,
                  "packets inside packets (tunnels)");
    }
  }
}

/* FreeBSD's scripts have the quote in front: [1:1461(1460)] icmp ... */
static bool at_quote(const struct parser *parser) {
  struct lexer ahead = parser->lexer;
  struct token next = lexer_next(&ahead);
  bool udp = next.kind == TOKEN_WORD && next.len == 3 &&
             memcmp(next.text, "udp", 3) == 0;
  return parser_is_char(parser, '[') && (next.kind == TOKEN_INT || udp);
}

struct packet_spec *parse_packet(struct parser *parser) {
  struct packet_spec *packet = script_alloc(parser->script, sizeof(*packet));
  packet->inbound = parser_is_char(parser, '<');
  parser_advance(parser);
  refuse_tunnels(parser);
  if (at_quote(parser)) {
    parser_advance(parser);
    parse_quote(parser, &packet->icmp);
  } else if (parser_is_char(parser, '[') || parser_is_char(parser, '(')) {
    parse_ip_info(parser, packet);
  }
  parse_ports(parser, packet);
  if (parser_take_word(parser, "udp")) {
    parse_udp(parser, packet);
  } else if (parser_take_word(parser, "icmp")) {
    packet->kind = PACKET_ICMP;
    parse_icmp(parser, packet);
    if (!packet->icmp.has_quote && parser_take_char(parser, '[')) {
      parse_quote(parser, &packet->icmp);
    }
  } else if (packet->icmp.has_quote) {
    parser_expected(parser, "icmp behind a quote");
  } else {
    parse_tcp(parser, packet);
  }
  if (parser_is_char(parser, '{')) {
    parser_skip(parser, parser->token.line, "mutated packets ({mut ...})");
  }
  return packet;
}
