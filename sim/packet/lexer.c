/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/lexer.h"

#include <string.h>

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
static bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '_';
}
static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

void lexer_init(struct lexer *lexer, const char *text, size_t len,
                const struct definition *definitions, size_t count) {
  *lexer = (struct lexer){.at = text,
                          .end = text + len,
                          .line = 1,
                          .definitions = definitions,
                          .definition_count = count};
}

static size_t left(const struct lexer *lexer) {
  return (size_t)(lexer->end - lexer->at);
}

static char peek(const struct lexer *lexer, size_t ahead) {
  return ahead < left(lexer) ? lexer->at[ahead] : '\0';
}

static void skip(struct lexer *lexer, size_t n) {
  for (; n > 0 && lexer->at < lexer->end; n--) {
    lexer->line += *lexer->at == '\n';
    lexer->at++;
  }
}

static struct token bad(const struct lexer *lexer, const char *why) {
  return (struct token){
      .kind = TOKEN_BAD, .line = lexer->line, .text = why, .len = strlen(why)};
}

/* Where `what` begins from `from` on, or SIZE_MAX. */
static size_t find(const struct lexer *lexer, size_t from, const char *what) {
  size_t n = strlen(what);
  for (size_t i = from; i + n <= left(lexer); i++) {
    if (memcmp(lexer->at + i, what, n) == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

/* White space and comments; false: a comment has no end. */
static bool skip_blank(struct lexer *lexer) {
  while (lexer->at < lexer->end) {
    if (is_space(*lexer->at)) {
      skip(lexer, 1);
    } else if (*lexer->at == '#' ||
               (*lexer->at == '/' && peek(lexer, 1) == '/')) {
      while (lexer->at < lexer->end && *lexer->at != '\n') {
        skip(lexer, 1);
      }
    } else if (*lexer->at == '/' && peek(lexer, 1) == '*') {
      size_t close = find(lexer, 2, "*/");
      if (close == SIZE_MAX) {
        return false;
      }
      skip(lexer, close + 2);
    } else {
      break;
    }
  }
  return true;
}

static struct token take(struct lexer *lexer, enum token_kind kind,
                         size_t len) {
  struct token token = {
      .kind = kind, .line = lexer->line, .text = lexer->at, .len = len};
  skip(lexer, len);
  return token;
}

/* ---- Quoted things ------------------------------------------------------ */

static struct token quoted(struct lexer *lexer, enum token_kind kind) {
  char mark = *lexer->at;
  size_t i = 1;
  while (i < left(lexer) && lexer->at[i] != mark) {
    i += lexer->at[i] == '\\' ? 2 : 1;
  }
  if (i >= left(lexer)) {
    return bad(lexer, "a quote is not closed");
  }
  struct token token = {
      .kind = kind, .line = lexer->line, .text = lexer->at + 1, .len = i - 1};
  skip(lexer, i + 1);
  return token;
}

static struct token code(struct lexer *lexer) {
  size_t close = find(lexer, 2, "}%");
  if (close == SIZE_MAX) {
    return bad(lexer, "%{ is not closed by }%");
  }
  struct token token = {.kind = TOKEN_CODE,
                        .line = lexer->line,
                        .text = lexer->at + 2,
                        .len = close - 2};
  skip(lexer, close + 2);
  return token;
}

/* ---- Numbers and words -------------------------------------------------- */

/* false: more than 18 digits. */
static bool decimal(const char *text, size_t len, int64_t *value) {
  *value = 0;
  for (size_t i = 0; i < len && i < 18; i++) {
    *value = *value * 10 + (text[i] - '0');
  }
  return len <= 18;
}

static bool hexadecimal(const char *text, size_t len, int64_t *value) {
  uint64_t sum = 0;
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    int digit = is_digit(c)            ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) {
      return false;
    }
    sum = sum << 4 | (uint64_t)digit;
  }
  *value = (int64_t)sum;
  return len > 0 && len <= 16;
}

static size_t digits(const struct lexer *lexer, size_t from) {
  size_t n = 0;
  while (is_digit(peek(lexer, from + n))) {
    n++;
  }
  return n;
}

/* Length of a.b.c.d from here, or 0. */
static size_t address_len(const struct lexer *lexer) {
  size_t at = 0;
  for (int i = 0; i < 4; i++) {
    size_t n = digits(lexer, at);
    if (n == 0 || n > 3) {
      return 0;
    }
    at += n;
    if (i < 3 && peek(lexer, at++) != '.') {
      return 0;
    }
  }
  return at;
}

/* `whole` digits, '.', `parts` digits, from `from` on: in millionths. */
static struct token fraction(struct lexer *lexer, size_t from, size_t whole,
                             size_t parts, bool negative) {
  int64_t units, value = 0;
  if (!decimal(lexer->at + from, whole, &units) || units > INT64_C(1) << 40) {
    return bad(lexer, "this number is too large");
  }
  for (size_t i = 0; i < 6; i++) {
    value =
        value * 10 + (i < parts ? lexer->at[from + whole + 1 + i] - '0' : 0);
  }
  value += units * 1000000;
  struct token token = take(lexer, TOKEN_FLOAT, from + whole + 1 + parts);
  token.number = negative ? -value : value;
  return token;
}

static struct token number(struct lexer *lexer) {
  bool negative = *lexer->at == '-';
  size_t from = negative;
  size_t whole = digits(lexer, from);
  if (!negative && address_len(lexer)) {
    return take(lexer, TOKEN_ADDRESS, address_len(lexer));
  }
  size_t parts =
      peek(lexer, from + whole) == '.' ? digits(lexer, from + whole + 1) : 0;
  if (parts > 0) {
    return fraction(lexer, from, whole, parts, negative);
  }
  int64_t value;
  if (!decimal(lexer->at + from, whole, &value)) {
    return bad(lexer, "this number is too large");
  }
  struct token token = take(lexer, TOKEN_INT, from + whole);
  token.number = negative ? -value : value;
  return token;
}

static const char *defined(const struct lexer *lexer, const char *text,
                           size_t len) {
  for (size_t i = lexer->definition_count; i-- > 0;) {
    const char *name = lexer->definitions[i].name;
    if (strlen(name) == len && memcmp(name, text, len) == 0) {
      return lexer->definitions[i].value;
    }
  }
  return NULL;
}

/* The value of a -D symbol as a token in the symbol's place. */
static struct token substituted(const char *value, unsigned line) {
  size_t len = strlen(value);
  struct token token = {
      .kind = TOKEN_WORD, .line = line, .text = value, .len = len};
  if (len >= 2 && (*value == '"' || *value == '`') &&
      value[len - 1] == *value) {
    token.kind = *value == '"' ? TOKEN_STRING : TOKEN_BACKQUOTED;
    token.text++;
    token.len -= 2;
    return token;
  }
  size_t sign = *value == '-';
  size_t n = 0;
  while (is_digit(value[sign + n])) {
    n++;
  }
  if (n > 0 && sign + n == len && decimal(value + sign, n, &token.number)) {
    token.kind = TOKEN_INT;
    token.number = sign ? -token.number : token.number;
  } else if (strncmp(value, "0x", 2) == 0 &&
             hexadecimal(value + 2, len - 2, &token.number)) {
    token.kind = TOKEN_HEX;
  }
  return token;
}

static struct token word(struct lexer *lexer) {
  size_t len = 0;
  bool all_digits = true;
  while (is_word(peek(lexer, len))) {
    all_digits = all_digits && is_digit(lexer->at[len]);
    len++;
  }
  if (all_digits) {
    return number(lexer);
  }
  int64_t value;
  if (len > 2 && lexer->at[0] == '0' && lexer->at[1] == 'x' &&
      hexadecimal(lexer->at + 2, len - 2, &value)) {
    struct token token = take(lexer, TOKEN_HEX, len);
    token.number = value;
    return token;
  }
  const char *replacement = defined(lexer, lexer->at, len);
  if (replacement) {
    struct token token = substituted(replacement, lexer->line);
    skip(lexer, len);
    return token;
  }
  return take(lexer, TOKEN_WORD, len);
}

static struct token option(struct lexer *lexer) {
  size_t len = 2;
  while (is_word(peek(lexer, len)) || peek(lexer, len) == '-') {
    len++;
  }
  struct token token = take(lexer, TOKEN_OPTION, len);
  token.text += 2;
  token.len -= 2;
  return token;
}

/* ---- Tokens ------------------------------------------------------------- */

static struct token any(struct lexer *lexer) {
  char c = *lexer->at;
  if (is_word(c)) {
    return word(lexer);
  }
  if (c == '.' && peek(lexer, 1) == '.' && peek(lexer, 2) == '.') {
    return take(lexer, TOKEN_ELLIPSIS, 3);
  }
  if (c == '-' && peek(lexer, 1) == '-' && is_word(peek(lexer, 2))) {
    return option(lexer);
  }
  if ((c == '.' && is_digit(peek(lexer, 1))) ||
      (c == '-' && (is_digit(peek(lexer, 1)) ||
                    (peek(lexer, 1) == '.' && is_digit(peek(lexer, 2)))))) {
    return number(lexer);
  }
  if (c == '%' && peek(lexer, 1) == '{') {
    return code(lexer);
  }
  if (c == '"' || c == '`') {
    return quoted(lexer, c == '"' ? TOKEN_STRING : TOKEN_BACKQUOTED);
  }
  struct token token = take(lexer, TOKEN_CHAR, 1);
  token.number = (unsigned char)c;
  return token;
}

struct token lexer_next(struct lexer *lexer) {
  const char *before = lexer->at;
  if (!skip_blank(lexer)) {
    return bad(lexer, "a comment is not closed by */");
  }
  if (lexer->at >= lexer->end) {
    return (struct token){.kind = TOKEN_END, .line = lexer->line};
  }
  bool glued = lexer->at == before;
  struct token token = any(lexer);
  token.glued = glued;
  return token;
}

struct token lexer_option_value(struct lexer *lexer) {
  size_t len = 0;
  char mark = '\0';
  while (len < left(lexer) && (mark || !is_space(lexer->at[len]))) {
    char c = lexer->at[len++];
    if (mark ? c == mark : c == '"' || c == '`') {
      mark = mark ? '\0' : c;
    }
  }
  return mark ? bad(lexer, "a quote is not closed")
              : take(lexer, TOKEN_WORD, len);
}

bool lexer_skip_note(struct lexer *lexer) {
  size_t close = find(lexer, 0, ")");
  if (close == SIZE_MAX) {
    return false;
  }
  skip(lexer, close + 1);
  return true;
}
