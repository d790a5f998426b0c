/* SPDX-License-Identifier: Apache-2.0 */
/* Options, modes, readiness. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sim/core/util.h"
#include "sim/packet/call.h"

enum { FUNCTION_BLK = 8192 };

/* ---- setsockopt, getsockopt --------------------------------------------- */

static bool prepare_option(struct run *run, struct call *call) {
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_number(run, call->arg[1], &call->number[0]) ||
      !arg_number(run, call->arg[2], &call->number[1])) {
    return false;
  }
  const char *lacks = lacks_option(call->number[0], call->number[1]);
  return !lacks || call->spec->result->number != 0 ||
         run_skip(run, call->event->line, lacks);
}

/* What may be set and changes nothing that a script can see: FreeBSD's choice
 * between its stacks, of which there is one here, and marks for others. */
static bool means_nothing(const struct call *call) {
  int64_t level = call->number[0], name = call->number[1];
  return name == FUNCTION_BLK ||
         (level == SOL_SOCKET && (name == SO_DEBUG || name == SO_PRIORITY)) ||
         (level == IPPROTO_IP && name == IP_FREEBIND);
}

static bool prepare_setsockopt(struct run *run, struct call *call) {
  int64_t len;
  if (!prepare_option(run, call)) {
    return false;
  }
  bool function = call->number[1] == FUNCTION_BLK;
  if ((!function && !arg_value(run, call, call->arg[3])) ||
      !arg_number_or(run, call->arg[4], call->value_len, &len)) {
    return false;
  }
  if (len < 0 || (!function && len > CALL_VALUE)) {
    return run_wrong(run, call->arg[4]->line,
                     "a value of an option has 0 to %d bytes.", CALL_VALUE);
  }
  call->value_len = (ph_socklen_t)len;
  return true;
}

static long execute_setsockopt(struct call *call) {
  if (means_nothing(call)) {
    return 0;
  }
  return ph_setsockopt(call->stack, call->fd, (int)call->number[0],
                       (int)call->number[1], call->value, call->value_len);
}

static bool prepare_getsockopt(struct run *run, struct call *call) {
  const struct expr *len = call->arg[4];
  int64_t room = CALL_VALUE;
  if (!prepare_option(run, call)) {
    return false;
  }
  if (len->kind == EXPR_LIST && len->items &&
      !arg_number_or(run, len->items, CALL_VALUE, &room)) {
    return false;
  }
  call->value_len =
      room < 0 || room > CALL_VALUE ? CALL_VALUE : (ph_socklen_t)room;
  return true;
}

static long execute_getsockopt(struct call *call) {
  return ph_getsockopt(call->stack, call->fd, (int)call->number[0],
                       (int)call->number[1], call->value, &call->value_len);
}

/* The value as the script wrote it, against what came. */
static bool check_value(struct run *run, struct call *call,
                        const struct expr *wanted) {
  uint8_t came[CALL_VALUE];
  ph_socklen_t came_len = call->value_len;
  if (wanted->kind == EXPR_ELLIPSIS ||
      (wanted->kind == EXPR_LIST && wanted->items &&
       wanted->items->kind == EXPR_ELLIPSIS)) {
    return true;
  }
  memcpy(came, call->value, sizeof(came));
  if (!arg_value(run, call, wanted)) {
    return false;
  }
  ph_socklen_t len = call->value_len < came_len ? call->value_len : came_len;
  if (wanted->kind == EXPR_STRING) {
    return strncmp((char *)call->value, (char *)came, came_len) == 0 ||
           run_fail(run, "%s(): expected \"%s\", came \"%.*s\"",
                    call->spec->name, wanted->text, (int)came_len,
                    (char *)came);
  }
  for (ph_socklen_t i = 0; i + 4 <= len; i += 4) {
    int32_t expected, actual;
    memcpy(&expected, call->value + i, 4);
    memcpy(&actual, came + i, 4);
    if (expected != actual) {
      return call_differs(run, call, "value", expected, actual);
    }
  }
  return true;
}

static bool check_getsockopt(struct run *run, struct call *call) {
  return check_value(run, call, call->arg[3]);
}

/* ---- fcntl, ioctl ------------------------------------------------------- */

static bool prepare_fcntl(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_number(run, call->arg[1], &call->number[0]) &&
         (call->arg_count < 3 ||
          arg_number(run, call->arg[2], &call->number[1]));
}

static long execute_fcntl(struct call *call) {
  return ph_fcntl(call->stack, call->fd, (int)call->number[0],
                  (int)call->number[1]);
}

static bool prepare_ioctl(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_number(run, call->arg[1], &call->number[0]) &&
         (call->arg_count < 3 || arg_value(run, call, call->arg[2]));
}

static long execute_ioctl(struct call *call) {
  call->value_len = sizeof(int32_t);
  return ph_ioctl(call->stack, call->fd, (unsigned long)call->number[0],
                  call->value);
}

static bool check_ioctl(struct run *run, struct call *call) {
  return call->arg_count < 3 || check_value(run, call, call->arg[2]);
}

/* ---- poll --------------------------------------------------------------- */

static bool prepare_poll(struct run *run, struct call *call) {
  const struct expr *list = call->arg[0];
  int64_t count = 0;
  if (list->kind != EXPR_LIST || !arg_number(run, call->arg[1], &count) ||
      !arg_number(run, call->arg[2], &call->number[1])) {
    return list->kind == EXPR_LIST ? false
                                   : run_wrong(run, list->line,
                                               "[{fd=, events=}, ...] is "
                                               "wanted here.");
  }
  unsigned n = 0;
  for (const struct expr *item = list->items; item; item = item->next, n++) {
    const struct expr *fd = arg_field(item, "fd");
    const struct expr *events = arg_field(item, "events");
    int64_t value;
    if (!fd || !events || n == CALL_POLLS) {
      return run_wrong(run, item->line, "up to %d of {fd=, events=, revents=}.",
                       CALL_POLLS);
    }
    if (!arg_fd(run, fd, &call->polls[n].fd) ||
        !arg_number(run, events, &value)) {
      return false;
    }
    call->polls[n].events = (int16_t)value;
  }
  call->number[0] = count;
  return count == (int64_t)n ||
         run_wrong(run, list->line, "%lld descriptors, but %u are given.",
                   (long long)count, n);
}

static long execute_poll(struct call *call) {
  return ph_poll(call->stack, call->polls, (uint32_t)call->number[0],
                 (int)call->number[1]);
}

static bool check_poll(struct run *run, struct call *call) {
  unsigned n = 0;
  for (const struct expr *item = call->arg[0]->items; item;
       item = item->next, n++) {
    const struct expr *wanted = arg_field(item, "revents");
    int64_t expected = 0;
    if (wanted && wanted->kind == EXPR_ELLIPSIS) {
      continue;
    }
    if (wanted && !arg_number(run, wanted, &expected)) {
      return false;
    }
    if ((int16_t)expected != call->polls[n].revents) {
      return call_differs(run, call, "revents", expected,
                          call->polls[n].revents);
    }
  }
  return true;
}

const struct call_row calls_option[] = {
    {"setsockopt", 5, 5, prepare_setsockopt, execute_setsockopt, NULL, NULL,
     false},
    {"getsockopt", 5, 5, prepare_getsockopt, execute_getsockopt,
     check_getsockopt, NULL, false},
    {"fcntl", 2, 3, prepare_fcntl, execute_fcntl, NULL, NULL, false},
    {"ioctl", 2, 3, prepare_ioctl, execute_ioctl, check_ioctl, NULL, false},
    {"poll", 3, 3, prepare_poll, execute_poll, check_poll, NULL, false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
