/* SPDX-License-Identifier: Apache-2.0 */
/* %{ code }%: the part of Python that assertions about TCP_INFO use.
 *
 *   assert EXPRESSION [, message]    name = EXPRESSION    print(...)
 *
 * Expressions have numbers, names (tcpi_..., constants, variables), or, and,
 * not, comparisons (also chained), | ^ & << >> + - * / // % and unary signs,
 * parentheses, abs(), int(), min(), max(). Statements end with a line or ';'.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"
#include "sim/packet/symbols.h"
#include "sim/packet/tcpinfo.h"

enum { NAME = VARIABLE_NAME, DEPTH = 40 };

struct eval {
  struct run *run;
  const char *at; /* of the statement */
  unsigned depth;
  bool failed; /* run_wrong() or run_fail() was called */
  bool asked;  /* `info` is fresh */
  struct tcpinfo info;
};

static double fail(struct eval *e, const char *what) {
  if (!e->failed) {
    run_wrong(e->run, e->run->event->line, "in %%{ }%%: %s at '%.30s'.", what,
              e->at);
  }
  e->failed = true;
  return 0;
}

static void blank(struct eval *e) {
  e->at += strspn(e->at, " \t\r");
}

/* Take an operator, if what follows does not make it a longer one. */
static bool op(struct eval *e, const char *text, const char *not_before) {
  size_t n = strlen(text);
  blank(e);
  if (e->failed || strncmp(e->at, text, n) != 0 ||
      (e->at[n] && strchr(not_before, e->at[n]))) {
    return false;
  }
  e->at += n;
  return true;
}

static bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (c >= '0' && c <= '9');
}

static bool keyword(struct eval *e, const char *word) {
  size_t n = strlen(word);
  blank(e);
  if (e->failed || strncmp(e->at, word, n) != 0 || name_char(e->at[n])) {
    return false;
  }
  e->at += n;
  return true;
}

static double parse_or(struct eval *e);

static int64_t whole(struct eval *e, double value) {
  if (!(value >= -9e15 && value <= 9e15)) {
    fail(e, "a number that is too large");
    return 0;
  }
  return (int64_t)value;
}

/* ---- Names -------------------------------------------------------------- */

static double info_value(struct eval *e, const char *name) {
  double value = 0;
  if (lacks_info(name)) {
    run_skip(e->run, e->run->event->line, lacks_info(name));
    e->failed = true;
    return 0;
  }
  if (!e->asked) {
    e->asked = true;
    e->info = (struct tcpinfo){.fd = e->run->last_tcp_fd};
    if (e->info.fd < 0 || !run_in_stack(e->run, tcpinfo_ask, &e->info) ||
        e->info.result < 0) {
      return fail(e, "there is no connection to ask for TCP_INFO");
    }
  }
  switch (tcpinfo_field(&e->info, name, &value)) {
    case TCPINFO_GOOD:
      return value;
    case TCPINFO_ABSENT:
      return fail(e, "the stack's TCP_INFO ends before this field");
    default:
      return fail(e, "TCP_INFO has no such field");
  }
}

static double variable(struct eval *e, const char *name) {
  int64_t symbol;
  for (unsigned i = 0; i < e->run->variable_count; i++) {
    if (strcmp(e->run->variables[i].name, name) == 0) {
      return e->run->variables[i].value;
    }
  }
  if (strncmp(name, "tcpi_", 5) == 0 || lacks_info(name)) {
    return info_value(e, name);
  }
  if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0) {
    return *name == 'T';
  }
  return symbol_value(name, &symbol) ? (double)symbol
                                     : fail(e, "a name that is not known");
}

static double function(struct eval *e, const char *name) {
  double value = parse_or(e);
  while (op(e, ",", "")) {
    double next = parse_or(e);
    bool less = strcmp(name, "min") == 0;
    value = less ? fmin(value, next) : fmax(value, next);
  }
  if (!op(e, ")", "")) {
    return fail(e, "')' is wanted");
  }
  if (strcmp(name, "abs") == 0) {
    return fabs(value);
  }
  if (strcmp(name, "int") == 0) {
    return trunc(value);
  }
  bool known = strcmp(name, "min") == 0 || strcmp(name, "max") == 0 ||
               strcmp(name, "float") == 0;
  return known ? value : fail(e, "a function that is not known");
}

static bool take_name(struct eval *e, char name[NAME]) {
  size_t n = 0;
  blank(e);
  if (*e->at >= '0' && *e->at <= '9') {
    return false;
  }
  while (name_char(e->at[n])) {
    n++;
  }
  if (n == 0 || n >= NAME) {
    return false;
  }
  memcpy(name, e->at, n);
  name[n] = '\0';
  e->at += n;
  return true;
}

/* ---- Expressions, loosest last ------------------------------------------ */

static double parse_atom(struct eval *e) {
  char name[NAME];
  double value;
  if (op(e, "(", "")) {
    value = parse_or(e);
    return op(e, ")", "") ? value : fail(e, "')' is wanted");
  }
  if (take_name(e, name)) {
    return op(e, "(", "") ? function(e, name) : variable(e, name);
  }
  char *end;
  bool hex = strncmp(e->at, "0x", 2) == 0;
  value = hex ? (double)strtoull(e->at, &end, 16) : strtod(e->at, &end);
  bool number = (*e->at >= '0' && *e->at <= '9') || *e->at == '.';
  if (!number || end == e->at) {
    return fail(e, "a value is wanted");
  }
  e->at = end;
  return value;
}

static double parse_unary(struct eval *e) {
  double sign = 1;
  bool invert = false;
  for (;;) {
    if (op(e, "-", "")) {
      sign = -sign;
    } else if (op(e, "~", "")) {
      invert = !invert;
    } else if (!op(e, "+", "")) {
      break;
    }
  }
  double value = sign * parse_atom(e);
  return invert ? (double)~whole(e, value) : value;
}

static double divide(struct eval *e, double a, double b, char kind) {
  if (b == 0) {
    return fail(e, "a division by zero");
  }
  double quotient = a / b;
  return kind == '/'   ? quotient
         : kind == 'f' ? floor(quotient)
                       : a - b * floor(quotient);
}

static double parse_product(struct eval *e) {
  double value = parse_unary(e);
  for (;;) {
    if (op(e, "*", "*")) {
      value *= parse_unary(e);
    } else if (op(e, "//", "")) {
      value = divide(e, value, parse_unary(e), 'f');
    } else if (op(e, "/", "/")) {
      value = divide(e, value, parse_unary(e), '/');
    } else if (op(e, "%", "")) {
      value = divide(e, value, parse_unary(e), '%');
    } else {
      return value;
    }
  }
}

static double parse_sum(struct eval *e) {
  double value = parse_product(e);
  for (;;) {
    if (op(e, "+", "")) {
      value += parse_product(e);
    } else if (op(e, "-", "")) {
      value -= parse_product(e);
    } else {
      return value;
    }
  }
}

static double parse_shift(struct eval *e) {
  double value = parse_sum(e);
  for (;;) {
    bool left = op(e, "<<", "");
    if (!left && !op(e, ">>", "")) {
      return value;
    }
    int64_t by = whole(e, parse_sum(e));
    if (by < 0 || by > 52) {
      return fail(e, "a shift that is too far");
    }
    value = left ? value * (double)(INT64_C(1) << by)
                 : floor(value / (double)(INT64_C(1) << by));
  }
}

static double parse_bits(struct eval *e) {
  double value = parse_shift(e);
  for (;;) {
    if (op(e, "&", "&")) {
      value = (double)(whole(e, value) & whole(e, parse_shift(e)));
    } else if (op(e, "|", "|")) {
      value = (double)(whole(e, value) | whole(e, parse_shift(e)));
    } else if (op(e, "^", "")) {
      value = (double)(whole(e, value) ^ whole(e, parse_shift(e)));
    } else {
      return value;
    }
  }
}

/* a < b <= c holds if both do. */
static double parse_comparison(struct eval *e) {
  double left = parse_bits(e);
  bool all = true, any = false;
  for (;;) {
    int kind = op(e, "==", "")    ? 0
               : op(e, "!=", "")  ? 1
               : op(e, "<=", "")  ? 2
               : op(e, ">=", "")  ? 3
               : op(e, "<", "<=") ? 4
               : op(e, ">", ">=") ? 5
                                  : -1;
    if (kind < 0) {
      return any ? all : left;
    }
    double right = parse_bits(e);
    const bool holds[] = {left == right, left != right, left <= right,
                          left >= right, left<right, left> right};
    all = all && holds[kind];
    any = true;
    left = right;
  }
}

static double parse_not(struct eval *e) {
  bool invert = false, any = false;
  while (keyword(e, "not")) {
    invert = !invert;
    any = true;
  }
  double value = parse_comparison(e);
  return any ? (value == 0) != !invert : value;
}

static double parse_and(struct eval *e) {
  double value = parse_not(e);
  while (keyword(e, "and")) {
    double next = parse_not(e);
    value = value != 0 ? next : value;
  }
  return value;
}

static double parse_or(struct eval *e) {
  if (++e->depth > DEPTH) {
    return fail(e, "parentheses that are too deep");
  }
  double value = parse_and(e);
  while (keyword(e, "or")) {
    double next = parse_and(e);
    value = value != 0 ? value : next;
  }
  e->depth--;
  return value;
}

/* ---- Statements --------------------------------------------------------- */

/* Names of TCP_INFO in the statement with their values. */
static void describe(struct eval *e, const char *from, char *to, size_t size) {
  size_t used = 0;
  to[0] = '\0';
  for (const char *p = from; (p = strstr(p, "tcpi_")) && e->asked;) {
    char name[NAME];
    double value;
    size_t n = 0;
    while (n < NAME - 1 && name_char(p[n])) {
      n++;
    }
    memcpy(name, p, n);
    name[n] = '\0';
    p += n;
    if (tcpinfo_field(&e->info, name, &value) == TCPINFO_GOOD &&
        used < size - 1) {
      used += (size_t)snprintf(to + used, size - used, "%s%s = %.0f",
                               used ? ", " : "; ", name, value);
      used = used < size ? used : size - 1;
    }
  }
}

static void assertion(struct eval *e, const char *statement) {
  double value = parse_or(e);
  blank(e);
  if (e->failed) {
    return;
  }
  if (*e->at && *e->at != ',') { /* behind a comma stands a message */
    fail(e, "something is too much");
  } else if (value == 0) {
    char came[400];
    describe(e, statement, came, sizeof(came));
    run_fail(e->run, "%.200s does not hold%s", statement, came);
    e->failed = true;
  }
}

static void assign(struct eval *e, const char *name) {
  struct run *run = e->run;
  double value = parse_or(e);
  unsigned i = 0;
  while (i < run->variable_count && strcmp(run->variables[i].name, name)) {
    i++;
  }
  blank(e);
  if (i == VARIABLES_MAX || *e->at) {
    fail(e, *e->at ? "something is too much" : "a variable too many");
  } else if (!e->failed) {
    snprintf(run->variables[i].name, NAME, "%s", name);
    run->variables[i].value = value;
    run->variable_count =
        i == run->variable_count ? i + 1 : run->variable_count;
  }
}

static void statement(struct eval *e, const char *text) {
  char name[NAME];
  e->at = text;
  blank(e);
  text = e->at;
  if (!*text || *text == '#' || keyword(e, "print") || keyword(e, "pass") ||
      keyword(e, "import")) {
    return;
  }
  if (keyword(e, "assert")) {
    assertion(e, text);
  } else if (take_name(e, name) && op(e, "=", "=")) {
    assign(e, name);
  } else {
    fail(e, "'assert', 'name = value' or 'print' is wanted");
  }
}

/* Cut at line ends and ';' outside of parentheses and quotes. */
static char *next_statement(char **rest) {
  char *start = *rest, *p = start;
  int depth = 0;
  char mark = '\0';
  if (!start) {
    return NULL;
  }
  for (; *p; p++) {
    bool quote = *p == '"' || *p == '\'';
    mark = mark ? (*p == mark || *p == '\n' ? '\0' : mark) : quote ? *p : '\0';
    depth += !mark && *p == '(' ? 1 : !mark && *p == ')' ? -1 : 0;
    if (*p == '\\' && p[1] == '\n') {
      *p++ = ' ';
      *p = ' ';
    } else if (!mark && (*p == ';' || *p == '\n')) {
      if (depth <= 0) {
        break;
      }
      *p = ' ';
    }
  }
  *rest = *p ? p + 1 : NULL;
  while (p > start && (p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\r')) {
    p--;
  }
  *p = '\0';
  return start;
}

bool run_code(struct run *run, const char *text) {
  struct eval e = {.run = run};
  char *copy = strdup(text), *rest = copy, *part;
  while (!e.failed && (part = next_statement(&rest))) {
    statement(&e, part);
  }
  free(copy);
  return !e.failed;
}
