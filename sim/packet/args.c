/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of system calls as values. */
#include <arpa/inet.h>
#include <string.h>

#include "sim/packet/call.h"
#include "sim/packet/symbols.h"

enum { SIZE_MAX_MIB = 64, FD_NEVER = 1 << 20 };

static bool wrong_kind(struct run *run, const struct expr *expr,
                       const char *what) {
  return run_wrong(run, expr->line, "%s is wanted here.", what);
}

/* htons(80), inet_addr("1.2.3.4"): in the script's order, the one that a person
 * reads. */
static bool call_value(struct run *run, const struct expr *expr,
                       int64_t *value) {
  const struct expr *item = expr->items;
  struct in_addr in;
  if (strcmp(expr->text, "htons") == 0 && item && item->kind == EXPR_INT) {
    *value = item->number & 0xffff;
    return true;
  }
  if (strcmp(expr->text, "inet_addr") == 0 && item &&
      item->kind == EXPR_STRING) {
    *value = inet_pton(AF_INET, item->text, &in) == 1 ? ntohl(in.s_addr) : 0;
    return true;
  }
  return run_wrong(run, expr->line, "'%.40s(...)' is no number.", expr->text);
}

static bool one_number(struct run *run, const struct expr *expr,
                       int64_t *value) {
  switch (expr->kind) {
    case EXPR_INT:
      *value = expr->number;
      return true;
    case EXPR_WORD:
      return symbol_value(expr->text, value) ||
             run_wrong(run, expr->line,
                       "'%.60s' is no name that is known here.", expr->text);
    case EXPR_CALL:
      return call_value(run, expr, value);
    default:
      return wrong_kind(run, expr, "a number or a name of one");
  }
}

bool arg_number(struct run *run, const struct expr *expr, int64_t *value) {
  int64_t all = 0, one;
  for (; expr->kind == EXPR_OR; expr = expr->left) {
    if (!one_number(run, expr->right, &one)) {
      return false;
    }
    all |= one;
  }
  if (!one_number(run, expr, &one)) {
    return false;
  }
  *value = all | one;
  return true;
}

bool arg_number_or(struct run *run, const struct expr *expr, int64_t otherwise,
                   int64_t *value) {
  *value = otherwise;
  return expr->kind == EXPR_ELLIPSIS || arg_number(run, expr, value);
}

bool arg_size(struct run *run, const struct expr *expr, size_t *size) {
  int64_t value;
  if (!arg_number(run, expr, &value)) {
    return false;
  }
  if (value < 0 || value > (int64_t)SIZE_MAX_MIB << 20) {
    return run_wrong(run, expr->line, "a buffer may have 0 to %d MiB.",
                     SIZE_MAX_MIB);
  }
  *size = (size_t)value;
  return true;
}

bool arg_fd(struct run *run, const struct expr *expr, int *fd) {
  int64_t value;
  if (!arg_number(run, expr, &value)) {
    return false;
  }
  *fd = value < 0 ? -1 : FD_NEVER;
  for (unsigned i = 0; i < run->fd_count; i++) {
    if (run->fds[i].script == value) {
      *fd = run->fds[i].live;
    }
  }
  return true;
}

const struct expr *arg_field(const struct expr *expr, const char *name) {
  for (const struct expr *item = expr->items; item; item = item->next) {
    if (item->kind == EXPR_ASSIGN && strcmp(item->text, name) == 0) {
      return item->right;
    }
  }
  return NULL;
}

/* The same end as an IPv6 or an IPv4-mapped address; `ip` 0: any. */
static void put_address6(const struct run *run, struct call *call, uint32_t ip,
                         uint16_t port) {
  const struct run_settings *s = &run->settings;
  struct ph_addr end = ip == s->local_ip ? s->local6 : s->remote6;
  struct ph_sockaddr_in6 addr = {.sin6_family = PH_AF_INET6,
                                 .sin6_port = htons(port)};
  if (s->mapped) {
    end = ph_addr_v4(ip);
  }
  if (ip != 0) {
    memcpy(addr.sin6_addr, end.bytes, sizeof(addr.sin6_addr));
  }
  memcpy(call->addr, &addr, sizeof(addr));
  call->addr_len = sizeof(addr);
  call->has_addr = true;
}

bool arg_address(struct run *run, struct call *call, const struct expr *expr,
                 uint32_t ip, uint16_t port) {
  int64_t family = AF_INET, number = port, script_ip = ip;
  if (expr->kind == EXPR_INT && expr->number == 0) {
    return true; /* NULL */
  }
  if (expr->kind == EXPR_STRUCT) {
    const struct expr *f = arg_field(expr, "sa_family");
    const struct expr *p = arg_field(expr, "sin_port");
    const struct expr *a = arg_field(expr, "sin_addr");
    if ((f && !arg_number(run, f, &family)) ||
        (p && !arg_number_or(run, p, port, &number)) ||
        (a && !arg_number_or(run, a, ip, &script_ip))) {
      return false;
    }
  } else if (expr->kind != EXPR_ELLIPSIS) {
    return wrong_kind(run, expr, "a socket address or '...'");
  }
  if ((family == AF_INET6 || expr->kind == EXPR_ELLIPSIS) &&
      (run->settings.mapped || run->settings.ipv6)) {
    put_address6(run, call, script_ip == 0 ? 0 : ip, (uint16_t)number);
    return true;
  }
  struct ph_sockaddr_in addr = {
      .sin_family = (uint16_t)family,
      .sin_port = htons((uint16_t)number),
      .sin_addr = htonl(script_ip == 0 ? 0 : ip),
  };
  memcpy(call->addr, &addr, sizeof(addr));
  call->addr_len = sizeof(addr);
  call->has_addr = true;
  return true;
}

/* ---- Values of options -------------------------------------------------- */

static const struct {
  const char *name;
  unsigned offset, size, whole;
} fields[] = {
    {"onoff", 0, 4, 8},    {"l_onoff", 0, 4, 8}, {"linger", 4, 4, 8},
    {"l_linger", 4, 4, 8}, {"tv_sec", 0, 8, 16}, {"tv_usec", 8, 8, 16},
};

static bool struct_value(struct run *run, struct call *call,
                         const struct expr *expr) {
  for (const struct expr *item = expr->items; item; item = item->next) {
    size_t i = 0;
    while (i < sizeof(fields) / sizeof(fields[0]) &&
           (item->kind != EXPR_ASSIGN ||
            strcmp(fields[i].name, item->text) != 0)) {
      i++;
    }
    int64_t value;
    if (i == sizeof(fields) / sizeof(fields[0])) {
      return run_wrong(run, item->line,
                       "'%.40s' is no field of a structure that is known here.",
                       item->text);
    }
    if (!arg_number(run, item->right, &value)) {
      return false;
    }
    int32_t small = (int32_t)value;
    memcpy(call->value + fields[i].offset,
           fields[i].size == 4 ? (const void *)&small : &value, fields[i].size);
    call->value_len = fields[i].whole;
  }
  return true;
}

bool arg_value(struct run *run, struct call *call, const struct expr *expr) {
  int64_t value = 0;
  memset(call->value, 0, sizeof(call->value));
  call->value_len = 0;
  if (expr->kind == EXPR_LIST) {
    const struct expr *item = expr->items;
    for (; item && call->value_len + 4 <= CALL_VALUE; item = item->next) {
      if (!arg_number_or(run, item, 0, &value)) {
        return false;
      }
      int32_t small = (int32_t)value;
      memcpy(call->value + call->value_len, &small, sizeof(small));
      call->value_len += 4;
    }
    return true;
  }
  if (expr->kind == EXPR_STRUCT) {
    return struct_value(run, call, expr);
  }
  if (expr->kind == EXPR_STRING) {
    size_t len = expr->text_len;
    len = len < CALL_VALUE - 1 ? len : CALL_VALUE - 1;
    memcpy(call->value, expr->text, len);
    call->value_len = (ph_socklen_t)len + 1;
    return true;
  }
  return expr->kind == EXPR_ELLIPSIS || arg_number(run, expr, &value);
}
