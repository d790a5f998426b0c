/* SPDX-License-Identifier: Apache-2.0 */
/* A script from its first event to its last. */
#include "sim/packet/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/packet/run_internal.h"

enum {
  IPV6_LONGER = 20, /* its header, than IPv4's */
  IPV6_LEAST = 1280,
};

enum { FILE_MAX = 16 << 20 };

int64_t run_now_us(const struct run *run) {
  return run->world ? world_now(run->world) / 1000 : 0;
}

int64_t run_tolerance(const struct run *run, int64_t expected_us) {
  int64_t since = expected_us - run->last_event_us;
  int64_t share = since * run->settings.tolerance_permille / 1000;
  int64_t least = run->settings.tolerance_us;
  return share > least ? share : least;
}

struct world *run_world(struct run *run) {
  if (!run->world) {
    const struct run_settings *set = &run->settings;
    run->world = settings_world(set, run->options->nic);
    flows_init(&run->flows, set->bind_port, set->connect_port);
  }
  return run->world;
}

/* Simulated time ends after 213 days. */
static const int64_t time_max_us = INT64_C(10000000) * 1000000;

/* ---- Time --------------------------------------------------------------- */

static bool resolve_time(struct run *run, const struct script_event *last) {
  const struct script_event *event = run->event;
  bool relative = event->time_kind == TIME_RELATIVE ||
                  event->time_kind == TIME_RELATIVE_RANGE ||
                  event->time_kind == TIME_ANY;
  bool range = event->time_kind == TIME_ABSOLUTE_RANGE ||
               event->time_kind == TIME_RELATIVE_RANGE;
  bool inbound = event->kind == EVENT_PACKET && event->u.packet->inbound;
  int64_t from = 0;
  if (relative && last) {
    /* Packets to the stack keep the distance that the script gives them. */
    from = inbound && run->last_was_inbound ? run->event_us : run_now_us(run);
  }
  if (!last && event->time_us != 0) {
    return run_wrong(run, event->line, "the first event must be at time 0.");
  }
  run->last_event_us = run->event_us;
  run->event_us = from + event->time_us;
  run->event_end_us = range ? from + event->time_end_us : run->event_us;
  run->last_was_inbound = inbound;
  if (run->event_end_us > time_max_us) {
    return run_wrong(run, event->line, "this is too late for any test.");
  }
  if (!relative && last && last->time_kind == TIME_ABSOLUTE &&
      run->event_us < run->last_event_us) {
    return run_wrong(
        run, event->line, "time goes backwards, from %.6f to %.6f.",
        (double)run->last_event_us / 1e6, (double)run->event_us / 1e6);
  }
  return true;
}

bool run_wait(struct run *run) {
  world_run(run_world(run), run->event_us * 1000, false, NULL);
  if (!run_blocked(run, false)) {
    return false;
  }
  int64_t now = run_now_us(run);
  if (now > run->event_us + run_tolerance(run, run->event_us)) {
    return run_fail(run, "this was to happen at %.6f, but it is %.6f already",
                    (double)run->event_us / 1e6, (double)now / 1e6);
  }
  return true;
}

/* ---- Events ------------------------------------------------------------- */

static bool run_event(struct run *run) {
  const struct script_event *event = run->event;
  switch (event->kind) {
    case EVENT_PACKET:
      return event->u.packet->inbound ? run_packet_in(run, event->u.packet)
                                      : run_packet_out(run, event->u.packet);
    case EVENT_CALL:
      return run_call(run, event->u.call);
    case EVENT_COMMAND:
      return run_wait(run) && run_command(run, event->line, event->u.text);
    default:
      return run_wait(run) && run_code(run, event->u.text);
  }
}

static bool run_events(struct run *run) {
  const struct script_event *last = NULL;
  for (run->event = run->script.events; run->event;
       run->event = run->event->next) {
    if (!resolve_time(run, last) || !run_event(run) ||
        !run_blocked(run, false)) {
      return false;
    }
    run->result->events++;
    last = run->event;
  }
  run->event = last;
  return run_blocked(run, true);
}

static bool run_all(struct run *run) {
  const struct script *script = &run->script;
  const struct script_option *option;
  settings_init(run);
  if (lacks_script(run)) {
    return false;
  }
  for (option = script->options; option; option = option->next) {
    if (!settings_option(run, option)) {
      return false;
    }
  }
  bool mtu_given = false;
  for (size_t i = 0; i < run->options->setting_count; i++) {
    const struct definition *given = &run->options->settings[i];
    const struct script_option one = {.name = given->name,
                                      .value = given->value};
    mtu_given |= strcmp(given->name, "mtu") == 0;
    if (!settings_option(run, &one)) {
      return false;
    }
  }
  if (run->options->ip == RUN_IPV6 && run->settings.ipv6 && !mtu_given) {
    run->settings.mtu += IPV6_LONGER; /* segments are as over IPv4 */
  }
  if (script->init_command &&
      !run_command(run, script->init_line, script->init_command)) {
    return false;
  }
  if (run->settings.ipv6 && run->settings.mtu < IPV6_LEAST) {
    return run_skip(run, 1, "IPv6 over links with an MTU below 1280");
  }
  if (!run_events(run)) {
    return false;
  }
  const char *why;
  if (run->world && !world_check(run->world, &why)) {
    return run_fail(run, "%s", why);
  }
  return true;
}

/* ---- A run -------------------------------------------------------------- */

static void free_run(struct run *run) {
  if (run->world) {
    run->result->virtual_us = run_now_us(run);
    world_destroy(run->world);
  }
  while (run->queue) {
    struct world_packet *next = run->queue->next;
    free(run->queue);
    run->queue = next;
  }
  run_calls_free(run);
  script_free(&run->script);
  free(run->history);
  free(run);
}

enum run_outcome run_script(const struct run_options *options, const char *path,
                            const char *text, size_t len,
                            struct run_result *result) {
  struct run *run = sim_alloc(sizeof(*run));
  *result = (struct run_result){.outcome = RUN_PASSED};
  run->options = options;
  run->result = result;
  run->last_tcp_fd = -1;
  run->history = sim_alloc(HISTORY_MAX * sizeof(*run->history));
  if (!script_parse(&run->script, path, text, len, options->definitions,
                    options->definition_count, result->text)) {
    result->outcome = run->script.skipped ? RUN_SKIPPED : RUN_WRONG;
  } else {
    run_all(run);
  }
  free_run(run);
  return result->outcome;
}

enum run_outcome run_file(const struct run_options *options, const char *path,
                          struct run_result *result) {
  *result = (struct run_result){.outcome = RUN_WRONG};
  FILE *file = fopen(path, "rb");
  char *text = file ? malloc(FILE_MAX + 1) : NULL;
  size_t len = text ? fread(text, 1, FILE_MAX + 1, file) : 0;
  if (!text || ferror(file)) {
    snprintf(result->text, RUN_TEXT_MAX, "%.200s: %s.", path, strerror(errno));
  } else if (len > FILE_MAX) {
    snprintf(result->text, RUN_TEXT_MAX,
             "%.200s: a script has at most %d bytes.", path, FILE_MAX);
  } else {
    run_conditions(options, text, len);
    run_script(options, path, text, len, result);
  }
  free(text);
  if (file) {
    fclose(file);
  }
  return result->outcome;
}
