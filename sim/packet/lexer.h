/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the script language. Text of tokens lies in the script's source or
 * in its arena. */
#ifndef PH_SIM_PACKET_LEXER_H
#define PH_SIM_PACKET_LEXER_H

#include "sim/packet/ast.h"

enum token_kind {
  TOKEN_END,
  TOKEN_WORD,
  TOKEN_INT,
  TOKEN_HEX,
  TOKEN_FLOAT,
  TOKEN_STRING, /* "..." without quotes, escapes as they stand */
  TOKEN_BACKQUOTED,
  TOKEN_CODE,    /* %{ ... }% */
  TOKEN_ADDRESS, /* 192.0.2.1 */
  TOKEN_OPTION,  /* --name */
  TOKEN_ELLIPSIS,
  TOKEN_CHAR, /* any other; number is the character */
  TOKEN_BAD,  /* text says why */
};

struct token {
  enum token_kind kind;
  unsigned line;
  const char *text; /* not terminated */
  size_t len;
  int64_t number; /* INT, HEX, CHAR; FLOAT: microseconds or millionths */
  bool glued;     /* nothing stands between it and the token before */
};

struct lexer {
  const char *at, *end;
  unsigned line;
  const struct definition *definitions;
  size_t definition_count;
};

void lexer_init(struct lexer *lexer, const char *text, size_t len,
                const struct definition *definitions, size_t count);
struct token lexer_next(struct lexer *lexer);

/* The rest of an option behind '=', up to white space; quotes are kept
 * together. */
struct token lexer_option_value(struct lexer *lexer);

/* Skip what stands up to and with ')', as in `(Operation now in progress)`;
 * false: there is none. */
bool lexer_skip_note(struct lexer *lexer);

#endif
