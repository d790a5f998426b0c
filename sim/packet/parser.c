/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: options, an initial command, events. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/packet/parser_internal.h"

enum { ARENA_CHUNK = 16384, TIME_MAX_S = 1000000 };

/* ---- Memory ------------------------------------------------------------- */

void *script_alloc(struct script *script, size_t size) {
  size = (size + 15) / 16 * 16;
  struct arena_chunk *chunk = script->arena;
  if (!chunk || chunk->size - chunk->used < size) {
    size_t bytes = size > ARENA_CHUNK ? size : ARENA_CHUNK;
    chunk = sim_alloc(sizeof(*chunk) + bytes);
    chunk->size = bytes;
    chunk->next = script->arena;
    script->arena = chunk;
  }
  void *memory = chunk->bytes + chunk->used;
  chunk->used += size;
  return memory;
}

void script_free(struct script *script) {
  while (script->arena) {
    struct arena_chunk *next = script->arena->next;
    free(script->arena);
    script->arena = next;
  }
}

/* ---- Tokens ------------------------------------------------------------- */

void parser_fail(struct parser *parser, unsigned line, const char *format,
                 ...) {
  if (parser->failed) {
    return;
  }
  char text[SCRIPT_ERROR_MAX / 2];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  snprintf(parser->error, SCRIPT_ERROR_MAX, "%.160s:%u: %s.",
           parser->script->path, line, text);
  parser->failed = true;
}

void parser_skip(struct parser *parser, unsigned line, const char *what) {
  parser->script->skipped = !parser->failed || parser->script->skipped;
  parser_fail(parser, line, "not built: %s", what);
}

void parser_expected(struct parser *parser, const char *what) {
  const struct token *token = &parser->token;
  if (token->kind == TOKEN_BAD) {
    parser_fail(parser, token->line, "%s", token->text);
  } else if (token->kind == TOKEN_END) {
    parser_fail(parser, token->line, "expected %s, but the script ends here",
                what);
  } else {
    char text[32];
    size_t n = 0;
    for (; n < token->len && n < sizeof(text) - 1; n++) {
      char c = token->text[n];
      text[n] = c >= ' ' && c < 127 ? c : '?';
    }
    text[n] = '\0';
    parser_fail(parser, token->line, "expected %s, but found '%s'", what, text);
  }
}

void parser_advance(struct parser *parser) {
  if (!parser->failed) {
    parser->token = lexer_next(&parser->lexer);
  }
}

bool parser_is_char(const struct parser *parser, char c) {
  return !parser->failed && parser->token.kind == TOKEN_CHAR &&
         parser->token.number == c;
}

bool parser_is_word(const struct parser *parser, const char *word) {
  return !parser->failed && parser->token.kind == TOKEN_WORD &&
         parser->token.len == strlen(word) &&
         memcmp(parser->token.text, word, parser->token.len) == 0;
}

bool parser_take_char(struct parser *parser, char c) {
  bool is = parser_is_char(parser, c);
  if (is) {
    parser_advance(parser);
  }
  return is;
}

bool parser_take_word(struct parser *parser, const char *word) {
  bool is = parser_is_word(parser, word);
  if (is) {
    parser_advance(parser);
  }
  return is;
}

void parser_need_char(struct parser *parser, char c) {
  char what[4] = {'\'', c, '\'', '\0'};
  if (!parser_take_char(parser, c)) {
    parser_expected(parser, what);
  }
}

int64_t parser_number(struct parser *parser, int64_t least, int64_t most,
                      const char *what) {
  int64_t value = parser->token.number;
  if (parser->failed) {
    return least;
  }
  if (parser->token.kind != TOKEN_INT && parser->token.kind != TOKEN_HEX) {
    parser_expected(parser, what);
    return least;
  }
  if (value < least || value > most) {
    parser_fail(parser, parser->token.line,
                "%s must be from %lld to %lld, not %lld", what,
                (long long)least, (long long)most, (long long)value);
    return least;
  }
  parser_advance(parser);
  return value;
}

const char *parser_text(struct parser *parser, const struct token *token) {
  char *text = script_alloc(parser->script, token->len + 1);
  if (token->len) {
    memcpy(text, token->text, token->len);
  }
  return text;
}

/* ---- Times -------------------------------------------------------------- */

static int64_t parse_time(struct parser *parser) {
  struct token token = parser->token;
  bool whole = token.kind == TOKEN_INT;
  if (parser->failed) {
    return 0;
  }
  if (!whole && token.kind != TOKEN_FLOAT) {
    parser_expected(parser, "a time in seconds");
    return 0;
  }
  int64_t most = whole ? TIME_MAX_S : TIME_MAX_S * INT64_C(1000000);
  if (token.number < 0 || token.number > most) {
    parser_fail(parser, token.line, "a time is from 0 to %d seconds",
                TIME_MAX_S);
    return 0;
  }
  parser_advance(parser);
  return whole ? token.number * 1000000 : token.number;
}

static void parse_event_time(struct parser *parser,
                             struct script_event *event) {
  event->line = parser->token.line;
  if (parser_take_char(parser, '*')) {
    event->time_kind = TIME_ANY;
    return;
  }
  bool relative = parser_take_char(parser, '+');
  event->time_kind = relative ? TIME_RELATIVE : TIME_ABSOLUTE;
  event->time_us = parse_time(parser);
  if (parser_take_char(parser, '~')) {
    event->time_kind = relative ? TIME_RELATIVE_RANGE : TIME_ABSOLUTE_RANGE;
    if (relative) {
      parser_need_char(parser, '+');
    }
    event->time_end_us = parse_time(parser);
    if (event->time_end_us < event->time_us) {
      parser_fail(parser, event->line, "this time range ends before it begins");
    }
  }
}

/* ---- System calls ------------------------------------------------------- */

static struct call_spec *parse_call(struct parser *parser,
                                    const struct script_event *event) {
  struct call_spec *call = script_alloc(parser->script, sizeof(*call));
  if (parser->token.kind == TOKEN_ELLIPSIS) {
    parser_advance(parser);
    call->blocking = true;
    call->end_us = parse_time(parser);
    if (call->end_us < event->time_us) {
      parser_fail(parser, event->line, "this call ends before it begins");
    }
  }
  if (parser->token.kind != TOKEN_WORD) {
    parser_expected(parser,
                    "a packet ('<' or '>'), a system call, `a command` "
                    "or %{ code }%");
    return call;
  }
  struct token name = parser->token;
  parser_advance(parser);
  call->name = parser_text(parser, &name);
  parser_need_char(parser, '(');
  call->args = parse_expression_list(parser, ')', 0);
  parser_need_char(parser, '=');
  call->result = parse_expression(parser, 0);
  if (!parser->failed && parser->token.kind == TOKEN_WORD) {
    struct token error = parser->token;
    parser_advance(parser);
    call->error = parser_text(parser, &error);
  }
  if (parser_is_char(parser, '(')) {
    if (!lexer_skip_note(&parser->lexer)) {
      parser_fail(parser, parser->token.line, "a '(' is not closed");
    }
    parser_advance(parser);
  }
  return call;
}

/* ---- Events ------------------------------------------------------------- */

static void parse_action(struct parser *parser, struct script_event *event) {
  struct token token = parser->token;
  if (parser_is_char(parser, '<') || parser_is_char(parser, '>')) {
    event->kind = EVENT_PACKET;
    event->u.packet = parse_packet(parser);
  } else if (token.kind == TOKEN_BACKQUOTED || token.kind == TOKEN_CODE) {
    event->kind = token.kind == TOKEN_CODE ? EVENT_CODE : EVENT_COMMAND;
    event->u.text = parser_text(parser, &token);
    parser_advance(parser);
  } else {
    event->kind = EVENT_CALL;
    event->u.call = parse_call(parser, event);
  }
  bool outbound = event->kind == EVENT_PACKET && !event->u.packet->inbound;
  bool exact =
      event->time_kind == TIME_ABSOLUTE || event->time_kind == TIME_RELATIVE;
  if (!outbound && !exact) {
    parser_fail(parser, event->line,
                "only packets that the stack sends ('>') may come at any time "
                "or in a range of time");
  }
}

static bool at_event(const struct parser *parser) {
  return parser->token.kind == TOKEN_INT || parser->token.kind == TOKEN_FLOAT ||
         parser_is_char(parser, '+') || parser_is_char(parser, '*');
}

static void parse_events(struct parser *parser) {
  struct script_event **end = &parser->script->events;
  while (!parser->failed && at_event(parser)) {
    struct script_event *event = script_alloc(parser->script, sizeof(*event));
    parse_event_time(parser, event);
    if (!parser->failed) {
      parse_action(parser, event);
    }
    *end = event;
    end = &event->next;
  }
  if (!parser->failed && !parser->script->events) {
    parser_expected(parser, "the first event");
  }
}

static void parse_options(struct parser *parser) {
  struct script_option **end = &parser->script->options;
  while (!parser->failed && parser->token.kind == TOKEN_OPTION) {
    struct script_option *option =
        script_alloc(parser->script, sizeof(*option));
    option->line = parser->token.line;
    option->name = parser_text(parser, &parser->token);
    if (parser->lexer.at < parser->lexer.end && *parser->lexer.at == '=') {
      parser->lexer.at++;
      struct token value = lexer_option_value(&parser->lexer);
      if (value.kind == TOKEN_BAD) {
        parser_fail(parser, value.line, "%s", value.text);
      }
      option->value = parser_text(parser, &value);
    }
    *end = option;
    end = &option->next;
    parser_advance(parser);
  }
}

static const char *parse_command(struct parser *parser, unsigned *line) {
  const char *text = NULL;
  if (!parser->failed && parser->token.kind == TOKEN_BACKQUOTED) {
    *line = parser->token.line;
    text = parser_text(parser, &parser->token);
    parser_advance(parser);
  }
  return text;
}

/* --define=NAME=VALUE holds from here on. */
static void take_definitions(struct parser *parser,
                             const struct definition *given, size_t count) {
  size_t more = 0;
  struct script_option *option;
  for (option = parser->script->options; option; option = option->next) {
    more += strcmp(option->name, "define") == 0;
  }
  struct definition *all =
      script_alloc(parser->script, (count + more + 1) * sizeof(*all));
  size_t n = 0;
  for (option = parser->script->options; option; option = option->next) {
    const char *equals = option->value ? strchr(option->value, '=') : NULL;
    if (strcmp(option->name, "define") != 0) {
      continue;
    }
    if (!equals) {
      parser_fail(parser, option->line, "--define wants NAME=VALUE");
      return;
    }
    struct token name = {.text = option->value,
                         .len = (size_t)(equals - option->value)};
    all[n++] = (struct definition){parser_text(parser, &name), equals + 1};
  }
  for (size_t i = 0; i < count; i++) { /* the command line's come last: win */
    all[n++] = given[i];
  }
  parser->lexer.definitions = all;
  parser->lexer.definition_count = n;
}

bool script_parse(struct script *script, const char *path, const char *text,
                  size_t len, const struct definition *definitions,
                  size_t definition_count, char error[SCRIPT_ERROR_MAX]) {
  *script = (struct script){.path = path};
  struct parser parser = {.script = script, .error = error};
  lexer_init(&parser.lexer, text, len, definitions, definition_count);
  parser_advance(&parser);
  parse_options(&parser);
  take_definitions(&parser, definitions, definition_count);
  script->init_command = parse_command(&parser, &script->init_line);
  parse_events(&parser);
  script->cleanup_command = parse_command(&parser, &script->cleanup_line);
  if (!parser.failed && parser.token.kind != TOKEN_END) {
    parser_expected(&parser, "a time");
  }
  return !parser.failed;
}
