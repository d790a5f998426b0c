/* SPDX-License-Identifier: Apache-2.0 */
/* #ifdef NAME, #ifndef NAME, #else, #endif at the begin of a line: FreeBSD's
 * scripts tell so what its stack does and what the standard says. Lines that
 * are not to be read become blank, so that line numbers stay. */
#include <string.h>

#include "sim/packet/run_internal.h"

enum { NESTED_MAX = 16, NAME_MAX_LEN = 64 };

struct conditions {
  const struct run_options *options;
  unsigned depth;
  bool active[NESTED_MAX + 1]; /* [0]: outside of all */
};

static bool is_name(const char *at, size_t len, const char *name) {
  return strlen(name) == len && memcmp(at, name, len) == 0;
}

static bool is_defined(const struct run_options *options, const char *name,
                       size_t len) {
  bool bsd = options->profile == RUN_PROFILE_BSD;
  if (is_name(name, len, bsd ? "FreeBSD" : "Linux")) {
    return true;
  }
  for (size_t i = 0; i < options->definition_count; i++) {
    if (is_name(name, len, options->definitions[i].name)) {
      return true;
    }
  }
  return false;
}

/* True: the line is one of ours. */
static bool take_line(struct conditions *c, const char *line, size_t len) {
  static const char blanks[] = " \t\r";
  char word[NAME_MAX_LEN], name[NAME_MAX_LEN] = "";
  char text[2 * NAME_MAX_LEN];
  size_t n = len < sizeof(text) - 1 ? len : sizeof(text) - 1;
  memcpy(text, line, n);
  text[n] = '\0';
  if (sscanf(text, "%63s %63s", word, name) < 1) {
    return false;
  }
  bool unless = strcmp(word, "#ifndef") == 0;
  if (unless || strcmp(word, "#ifdef") == 0) {
    bool now = is_defined(c->options, name, strcspn(name, blanks)) != unless;
    if (c->depth < NESTED_MAX) {
      c->depth++;
      c->active[c->depth] = now && c->active[c->depth - 1];
    }
    return true;
  }
  if (c->depth > 0 && strcmp(word, "#else") == 0) {
    c->active[c->depth] = !c->active[c->depth] && c->active[c->depth - 1];
    return true;
  }
  if (c->depth > 0 && strcmp(word, "#endif") == 0) {
    c->depth--;
    return true;
  }
  return false;
}

void run_conditions(const struct run_options *options, char *text, size_t len) {
  struct conditions c = {.options = options, .active = {true}};
  for (size_t at = 0; at < len;) {
    const char *end = memchr(text + at, '\n', len - at);
    size_t n = end ? (size_t)(end - text) - at : len - at;
    if (take_line(&c, text + at, n) || !c.active[c.depth]) {
      memset(text + at, ' ', n);
    }
    at += n + 1;
  }
}
