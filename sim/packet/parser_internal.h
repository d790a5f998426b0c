/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the parser: a hand-written recursive descent with one
 * token of look-ahead. After the first error every function returns at once;
 * what they return then is not used. */
#ifndef PH_SIM_PACKET_PARSER_INTERNAL_H
#define PH_SIM_PACKET_PARSER_INTERNAL_H

#include "sim/packet/lexer.h"

struct parser {
  struct lexer lexer;
  struct token token; /* the next */
  struct script *script;
  bool failed;
  char *error; /* SCRIPT_ERROR_MAX bytes */
};

/* Note the first error: one sentence without path and full stop. */
void parser_fail(struct parser *parser, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The script is about something that is not built: "WHAT is not built". */
void parser_skip(struct parser *parser, unsigned line, const char *what);
/* "expected WHAT, but found ...". */
void parser_expected(struct parser *parser, const char *what);

void parser_advance(struct parser *parser);
bool parser_is_char(const struct parser *parser, char c);
bool parser_is_word(const struct parser *parser, const char *word);
/* Take the token if it is this one. */
bool parser_take_char(struct parser *parser, char c);
bool parser_take_word(struct parser *parser, const char *word);
void parser_need_char(struct parser *parser, char c);
/* A decimal or hexadecimal number in least .. most; `what` names it. */
int64_t parser_number(struct parser *parser, int64_t least, int64_t most,
                      const char *what);
/* The token's text in the arena, terminated. */
const char *parser_text(struct parser *parser, const struct token *token);

struct expr *parse_expression(struct parser *parser, unsigned depth);
struct expr *parse_expression_list(struct parser *parser, char close,
                                   unsigned depth);
struct packet_spec *parse_packet(struct parser *parser);
/* The options between '<' and '>', which are taken here. */
void parse_tcp_options(struct parser *parser, struct packet_spec *packet);
void parse_icmp(struct parser *parser, struct packet_spec *packet);

#endif
