/* SPDX-License-Identifier: Apache-2.0 */
/* epoll: events are {events = EPOLLIN, fd = 4}, or ptr, u32, u64 for fd; of
 * epoll_wait one, or several in [ ]. */
#include <string.h>

#include "sim/packet/call.h"

static bool read_event(struct run *run, const struct expr *expr,
                       uint32_t *events, uint64_t *data) {
  static const char *const names[] = {"fd", "u32", "u64", "ptr"};
  int64_t value = 0;
  const struct expr *field = arg_field(expr, "events");
  if (!field) {
    return run_wrong(run, expr->line, "{events=, fd=} is wanted here.");
  }
  if (!arg_number(run, field, &value)) {
    return false;
  }
  *events = (uint32_t)value;
  *data = 0;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    field = arg_field(expr, names[i]);
    if (field && !arg_number(run, field, &value)) {
      return false;
    }
    *data = field ? (uint64_t)value : *data;
  }
  return true;
}

static bool prepare_create(struct run *run, struct call *call) {
  return arg_number(run, call->arg[0], &call->number[0]);
}

static long execute_create(struct call *call) {
  return ph_epoll_create(call->stack, (int)call->number[0]);
}

static long execute_create1(struct call *call) {
  return ph_epoll_create1(call->stack, (int)call->number[0]);
}

static bool prepare_ctl(struct run *run, struct call *call) {
  int fd;
  uint32_t events = 0;
  uint64_t data = 0;
  if (!arg_fd(run, call->arg[0], &call->fd) ||
      !arg_number(run, call->arg[1], &call->number[0]) ||
      !arg_fd(run, call->arg[2], &fd)) {
    return false;
  }
  if (call->arg[3]->kind == EXPR_STRUCT &&
      !read_event(run, call->arg[3], &events, &data)) {
    return false;
  }
  call->number[1] = fd;
  call->events[0] =
      (struct ph_epoll_event){.events = events, .data = {.u64 = data}};
  return true;
}

static long execute_ctl(struct call *call) {
  return ph_epoll_ctl(call->stack, call->fd, (int)call->number[0],
                      (int)call->number[1], &call->events[0]);
}

static bool prepare_wait(struct run *run, struct call *call) {
  return arg_fd(run, call->arg[0], &call->fd) &&
         arg_number(run, call->arg[2], &call->number[0]) &&
         arg_number(run, call->arg[3], &call->number[1]);
}

static long execute_wait(struct call *call) {
  int most = (int)call->number[0];
  return ph_epoll_wait(call->stack, call->fd, call->events,
                       most > CALL_POLLS ? CALL_POLLS : most,
                       (int)call->number[1]);
}

static bool check_wait(struct run *run, struct call *call) {
  const struct expr *wanted = call->arg[1];
  if (wanted->kind == EXPR_LIST) {
    wanted = wanted->items;
  }
  for (long i = 0; i < call->result && wanted; i++, wanted = wanted->next) {
    struct ph_epoll_event came;
    uint32_t events;
    uint64_t data;
    memcpy(&came, &call->events[i], sizeof(came));
    if (wanted->kind != EXPR_STRUCT) {
      return true;
    }
    if (!read_event(run, wanted, &events, &data)) {
      return false;
    }
    if (events != came.events) {
      return call_differs(run, call, "events", events, came.events);
    }
    if (data != came.data.u64) {
      return call_differs(run, call, "data", (int64_t)data,
                          (int64_t)came.data.u64);
    }
    if (call->arg[1]->kind != EXPR_LIST) {
      return true;
    }
  }
  return true;
}

const struct call_row calls_epoll[] = {
    {"epoll_create", 1, 1, prepare_create, execute_create, NULL, NULL, true},
    {"epoll_create1", 1, 1, prepare_create, execute_create1, NULL, NULL, true},
    {"epoll_ctl", 4, 4, prepare_ctl, execute_ctl, NULL, NULL, false},
    {"epoll_wait", 4, 4, prepare_wait, execute_wait, check_wait, NULL, false},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, false},
};
