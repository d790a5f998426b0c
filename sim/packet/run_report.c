/* SPDX-License-Identifier: Apache-2.0 */
/* What a failure says: the line, what was expected, what came, what passed. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"

enum { LINE = 400, SHOWN = 100 };

static void show(struct run *run, const struct seen_packet *seen, char *to,
                 size_t size);

void run_remember(struct run *run, bool inbound, int64_t time_ns,
                  const uint8_t *packet, uint32_t len) {
  struct seen_packet *seen = &run->history[run->history_count++ % HISTORY_MAX];
  *seen = (struct seen_packet){
      .time_ns = time_ns, .inbound = inbound, .whole = len};
  seen->len = len < sizeof(seen->data) ? len : (uint32_t)sizeof(seen->data);
  memcpy(seen->data, packet, seen->len);
  if (run->options->verbose) {
    char line[LINE + 32];
    show(run, seen, line, sizeof(line));
    run_verbose(run, "%s", line);
  }
}

/* Headers are read as if the payload were there. */
static void show(struct run *run, const struct seen_packet *seen, char *to,
                 size_t size) {
  struct packet_view view;
  const char *why;
  uint8_t *whole = calloc(1, seen->whole + 1);
  memcpy(whole, seen->data, seen->len);
  /* Checksums over what is not there are wrong; the fields are read. */
  packet_read(whole, seen->whole, &view, &why);
  const struct flow *flow = flows_of_live(&run->flows, &view, seen->inbound);
  uint32_t shift = flow_shift(flow);
  const struct packet_base base = {
      .seq_sub = seen->inbound ? 0 : shift,
      .ack_sub = seen->inbound ? shift : 0,
      .ports = run->flows.count > 1 || !flow,
  };
  char line[LINE];
  packet_print(&view, &base, line, sizeof(line));
  snprintf(to, size, "  %11.6f %c %s\n", (double)seen->time_ns / 1e9,
           seen->inbound ? '<' : '>', line);
  free(whole);
}

static void add_history(struct run *run) {
  char *text = run->result->text;
  uint64_t count = run->history_count;
  uint64_t first = count > SHOWN ? count - SHOWN : 0;
  size_t used = strlen(text);
  used += (size_t)snprintf(text + used, RUN_TEXT_MAX - used,
                           count ? "  Segments so far%s:\n" : "%s",
                           first ? ", the last of them" : "");
  for (uint64_t i = first; i < count; i++) {
    char line[LINE + 32];
    show(run, &run->history[i % HISTORY_MAX], line, sizeof(line));
    size_t len = strlen(line);
    if (used + len + 1 > RUN_TEXT_MAX) {
      return;
    }
    memcpy(text + used, line, len + 1);
    used += len;
  }
}

bool run_fail(struct run *run, const char *format, ...) {
  struct run_result *result = run->result;
  va_list args;
  va_start(args, format);
  int n = snprintf(result->text, RUN_TEXT_MAX, "%.200s:%u: ", run->script.path,
                   run->event ? run->event->line : 0);
  n += vsnprintf(result->text + n, (size_t)(RUN_TEXT_MAX / 4), format, args);
  va_end(args);
  n = n < RUN_TEXT_MAX / 2 ? n : RUN_TEXT_MAX / 2;
  snprintf(result->text + n, (size_t)(RUN_TEXT_MAX - n), "\n");
  result->outcome = RUN_FAILED;
  add_history(run);
  return false;
}

bool run_wrong(struct run *run, unsigned line, const char *format, ...) {
  struct run_result *result = run->result;
  va_list args;
  va_start(args, format);
  int n = snprintf(result->text, RUN_TEXT_MAX, "%.200s:%u: ", run->script.path,
                   line);
  vsnprintf(result->text + n, (size_t)(RUN_TEXT_MAX / 4), format, args);
  va_end(args);
  result->outcome = RUN_WRONG;
  return false;
}

bool run_skip(struct run *run, unsigned line, const char *what) {
  run_wrong(run, line, "not built: %s.", what);
  run->result->outcome = RUN_SKIPPED;
  return false;
}

void run_verbose(struct run *run, const char *format, ...) {
  if (run->options->verbose && run->options->out) {
    va_list args;
    va_start(args, format);
    vfprintf(run->options->out, format, args);
    va_end(args);
  }
}
