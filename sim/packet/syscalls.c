/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: finding them, running them, comparing what they return. */
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/packet/call.h"
#include "sim/packet/symbols.h"

/* ---- Descriptors -------------------------------------------------------- */

void fd_forget(struct run *run, int live) {
  for (unsigned i = 0; i < run->fd_count; i++) {
    if (run->fds[i].live == live) {
      run->fds[i--] = run->fds[--run->fd_count];
    }
  }
  if (run->last_tcp_fd == live) {
    run->last_tcp_fd = -1;
  }
}

void fd_map(struct run *run, int script, int live) {
  for (unsigned i = 0; i < run->fd_count; i++) {
    if (run->fds[i].script == script) {
      run->fds[i] = run->fds[--run->fd_count];
      break;
    }
  }
  if (run->fd_count < FDS_MAX) {
    run->fds[run->fd_count++] = (struct script_fd){script, live};
  }
}

int fd_script(const struct run *run, int live) {
  for (unsigned i = 0; i < run->fd_count; i++) {
    if (run->fds[i].live == live) {
      return run->fds[i].script;
    }
  }
  return -1;
}

/* ---- Results ------------------------------------------------------------ */

static void print_result(long result, char *to, size_t size) {
  if (result < 0) {
    snprintf(to, size, "-1 %s (%s)", symbol_errno_name((int)-result),
             ph_strerror((int)result));
  } else {
    snprintf(to, size, "%ld", result);
  }
}

bool call_differs(struct run *run, const struct call *call, const char *what,
                  int64_t expected, int64_t came) {
  return run_fail(run, "%s(): %s: expected %lld (0x%llx), came %lld (0x%llx)",
                  call->spec->name, what, (long long)expected,
                  (unsigned long long)expected, (long long)came,
                  (unsigned long long)came);
}

static bool result_differs(struct run *run, const struct call *call,
                           int64_t expected) {
  char came[96];
  print_result(call->result, came, sizeof(came));
  return run_fail(run, "%s(): expected %lld%s%s, came %s", call->spec->name,
                  (long long)expected, call->spec->error ? " " : "",
                  call->spec->error ? call->spec->error : "", came);
}

static bool check_error(struct run *run, const struct call *call) {
  int error = symbol_errno(call->spec->error);
  if (!error) {
    return run_wrong(run, call->event->line, "'%.40s' is no name of an errno.",
                     call->spec->error);
  }
  return call->result == -error || result_differs(run, call, -1);
}

static bool check_result(struct run *run, struct call *call) {
  const struct expr *wanted = call->spec->result;
  int64_t expected;
  if (wanted->kind == EXPR_ELLIPSIS) {
    return true;
  }
  if (!arg_number(run, wanted, &expected)) {
    return false;
  }
  if (expected < 0) {
    if (call->result >= 0) {
      return result_differs(run, call, expected);
    }
    return !call->spec->error || check_error(run, call);
  }
  if (call->row->returns_fd && call->result >= 0) {
    fd_map(run, (int)expected, (int)call->result);
    return true;
  }
  return call->result == expected || result_differs(run, call, expected);
}

static bool check_call(struct run *run, struct call *call) {
  char came[96];
  print_result(call->result, came, sizeof(came));
  run_verbose(run, "  %11.6f   %s() = %s\n", (double)call->world.done_ns / 1e9,
              call->spec->name, came);
  return check_result(run, call) &&
         (call->result < 0 || !call->row->check || call->row->check(run, call));
}

/* ---- Blocking calls ----------------------------------------------------- */

static bool check_end(struct run *run, struct call *call) {
  int64_t start = call->end_us - call->spec->end_us + call->event->time_us;
  int64_t share =
      (call->end_us - start) * run->settings.tolerance_permille / 1000;
  int64_t least = run->settings.tolerance_us;
  int64_t tolerance = share > least ? share : least;
  bool late = run_now_us(run) > call->end_us + tolerance;
  int64_t done_us = call->world.done_ns / 1000;
  if (!call->world.done) {
    return !late ||
           run_fail(run, "%s(): should have returned at %.6f, but still sleeps",
                    call->spec->name, (double)call->end_us / 1e6);
  }
  run->blocked = NULL;
  if (done_us < call->end_us - tolerance ||
      done_us > call->end_us + tolerance) {
    return run_fail(run, "%s(): expected to return at %.6f, but did at %.6f",
                    call->spec->name, (double)call->end_us / 1e6,
                    (double)done_us / 1e6);
  }
  return check_call(run, call);
}

bool run_blocked(struct run *run, bool wait) {
  struct call *call = run->blocked;
  if (!call) {
    return true;
  }
  if (wait && !call->world.done) {
    int64_t until = call->end_us + run->settings.tolerance_us +
                    (call->end_us * run->settings.tolerance_permille / 1000);
    world_run(run->world, (until + 1) * 1000, false, &call->world);
  }
  const struct script_event *event = run->event;
  run->event = call->event;
  bool good = check_end(run, call);
  run->event = good ? event : run->event;
  return good;
}

/* ---- Running ------------------------------------------------------------ */

static const struct call_row *find_row(const char *name) {
  const struct call_row *const tables[] = {calls_socket, calls_io, calls_option,
                                           calls_message, calls_epoll};
  for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
    for (const struct call_row *row = tables[i]; row->name; row++) {
      if (strcmp(row->name, name) == 0) {
        return row;
      }
    }
  }
  return NULL;
}

static void body(struct ph_stack *stack, void *arg) {
  struct call *call = arg;
  call->stack = stack;
  call->result = call->row->execute(call);
}

static struct call *make_call(struct run *run, const struct call_spec *spec) {
  struct call *call = sim_alloc(sizeof(*call));
  call->next = run->calls;
  run->calls = call;
  call->spec = spec;
  call->event = run->event;
  call->row = find_row(spec->name);
  call->end_us = spec->end_us + run->event_us - run->event->time_us;
  call->world.fn = body;
  call->world.arg = call;
  for (const struct expr *arg = spec->args; arg; arg = arg->next) {
    if (call->arg_count < CALL_ARGS) {
      call->arg[call->arg_count] = arg;
    }
    call->arg_count++;
  }
  return call;
}

void run_calls_free(struct run *run) {
  while (run->calls) {
    struct call *next = run->calls->next;
    for (int i = 0; i < run->calls->iov_count; i++) {
      free(run->calls->iov[i].iov_base);
    }
    free(run->calls->buffer);
    free(run->calls);
    run->calls = next;
  }
}

bool run_call(struct run *run, const struct call_spec *spec) {
  if (!run_blocked(run, true) || !run_wait(run)) {
    return false;
  }
  struct call *call = make_call(run, spec);
  const struct call_row *row = call->row;
  if (!row && lacks_call(spec->name)) {
    return run_skip(run, run->event->line, lacks_call(spec->name));
  }
  if (!row) {
    return run_wrong(run, run->event->line,
                     "'%.60s' is no system call that is known here.",
                     spec->name);
  }
  if (call->arg_count < row->args_least || call->arg_count > row->args_most) {
    return run_wrong(run, run->event->line, "%s() wants %u to %u arguments.",
                     row->name, row->args_least, row->args_most);
  }
  if (row->prepare && !row->prepare(run, call)) {
    return false;
  }
  world_start(run->world, &call->world);
  if (row->started && !row->started(run, call)) {
    return false;
  }
  if (spec->blocking) {
    run->blocked = call;
    return run_blocked(run, false);
  }
  if (!call->world.done) {
    return run_fail(run,
                    "%s() sleeps: a call that does is written +0...0.1 %s()",
                    spec->name, spec->name);
  }
  return check_call(run, call);
}

struct inside {
  void (*fn)(struct ph_stack *stack, void *arg);
  void *arg;
};

static void inside_body(struct ph_stack *stack, void *arg) {
  struct inside *inside = arg;
  inside->fn(stack, inside->arg);
}

bool run_in_stack(struct run *run,
                  void (*fn)(struct ph_stack *stack, void *arg), void *arg) {
  struct inside inside = {fn, arg};
  struct world_call call = {.fn = inside_body, .arg = &inside};
  world_start(run_world(run), &call);
  return call.done;
}
