/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments and results of system calls. */
#include <string.h>

#include "sim/packet/parser_internal.h"

enum { DEPTH_MAX = 32 };

static struct expr *make(struct parser *parser, enum expr_kind kind) {
  struct expr *expr = script_alloc(parser->script, sizeof(*expr));
  expr->kind = kind;
  expr->line = parser->token.line;
  expr->text = "";
  return expr;
}

struct expr *parse_expression_list(struct parser *parser, char close,
                                   unsigned depth) {
  struct expr *first = NULL, **end = &first;
  if (parser_take_char(parser, close)) {
    return NULL;
  }
  while (!parser->failed) {
    *end = parse_expression(parser, depth + 1);
    if (parser->failed) {
      break;
    }
    end = &(*end)->next;
    if (!parser_take_char(parser, ',')) {
      parser_need_char(parser, close);
      break;
    }
  }
  return first;
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* \n \t \r \0 \\ \" \xHH; anything else stands for itself. */
static size_t unescape(const char *from, size_t len, char *to) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) {
    char c = from[i];
    if (c != '\\' || i + 1 == len) {
      to[n++] = c;
      continue;
    }
    c = from[++i];
    if (c == 'x' && i + 2 < len && hex_digit(from[i + 1]) >= 0 &&
        hex_digit(from[i + 2]) >= 0) {
      to[n++] = (char)(hex_digit(from[i + 1]) << 4 | hex_digit(from[i + 2]));
      i += 2;
    } else {
      static const char names[] = "ntr0", values[] = "\n\t\r\0";
      const char *at = c ? strchr(names, c) : NULL;
      to[n++] = at ? values[at - names] : c;
    }
  }
  return n;
}

/* Neighbouring strings are one. "..." behind a string: its beginning. */
static struct expr *parse_string(struct parser *parser) {
  struct expr *expr = make(parser, EXPR_STRING);
  while (!parser->failed && parser->token.kind == TOKEN_STRING) {
    struct token token = parser->token;
    char *text = script_alloc(parser->script, expr->text_len + token.len + 1);
    memcpy(text, expr->text, expr->text_len);
    expr->text_len += unescape(token.text, token.len, text + expr->text_len);
    expr->text = text;
    parser_advance(parser);
  }
  if (parser->token.kind == TOKEN_ELLIPSIS) {
    parser_advance(parser);
  }
  return expr;
}

/* WORD, WORD(...), WORD = expression, WORD(...) = expression. */
static struct expr *parse_word(struct parser *parser, unsigned depth) {
  struct expr *expr = make(parser, EXPR_WORD);
  struct token token = parser->token;
  expr->text = parser_text(parser, &token);
  expr->text_len = token.len;
  parser_advance(parser);
  if (parser_take_char(parser, '(')) {
    expr->kind = EXPR_CALL;
    expr->items = parse_expression_list(parser, ')', depth);
  }
  if (parser_take_char(parser, '=')) {
    expr->kind = EXPR_ASSIGN;
    expr->left = expr->items;
    expr->items = NULL;
    expr->right = parse_expression(parser, depth + 1);
  }
  return expr;
}

static struct expr *parse_primary(struct parser *parser, unsigned depth) {
  struct expr *expr;
  switch (parser->token.kind) {
    case TOKEN_ELLIPSIS:
      expr = make(parser, EXPR_ELLIPSIS);
      parser_advance(parser);
      return expr;
    case TOKEN_INT:
    case TOKEN_HEX:
      expr = make(parser, EXPR_INT);
      expr->number = parser->token.number;
      parser_advance(parser);
      return expr;
    case TOKEN_STRING:
      return parse_string(parser);
    case TOKEN_WORD:
      return parse_word(parser, depth);
    default:
      break;
  }
  if (parser_is_char(parser, '[')) {
    expr = make(parser, EXPR_LIST);
    parser_advance(parser);
    expr->items = parse_expression_list(parser, ']', depth);
    return expr;
  }
  if (parser_is_char(parser, '{')) {
    expr = make(parser, EXPR_STRUCT);
    parser_advance(parser);
    expr->items = parse_expression_list(parser, '}', depth);
    return expr;
  }
  parser_expected(parser, "a value");
  return make(parser, EXPR_ELLIPSIS);
}

struct expr *parse_expression(struct parser *parser, unsigned depth) {
  if (depth > DEPTH_MAX) {
    parser_fail(parser, parser->token.line, "this is nested too deeply");
  }
  if (parser->failed) {
    return make(parser, EXPR_ELLIPSIS);
  }
  struct expr *expr = parse_primary(parser, depth);
  while (parser_is_char(parser, '|')) {
    struct expr *both = make(parser, EXPR_OR);
    parser_advance(parser);
    both->left = expr;
    both->right = parse_primary(parser, depth + 1);
    expr = both;
  }
  return expr;
}
