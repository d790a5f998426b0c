/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wire/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/core/util.h"

enum {
  IDS = 65536, /* packet ids whose arrows are remembered */
  PID_BASE = 1,
};

struct timeline {
  FILE *file;
  bool first;
  uint64_t begun[IDS]; /* id whose flow has begun, by its low bits */
};

/* Trace times are microseconds; six decimals keep every picosecond. */
#define TIME "%" PRIu64 ".%06" PRIu64
#define TIME_ARGS(t) (t) / SIM_US, (t) % SIM_US

struct timeline *timeline_open(const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) {
    return NULL;
  }
  struct timeline *timeline = sim_alloc(sizeof(*timeline));
  timeline->file = file;
  timeline->first = true;
  fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file);
  return timeline;
}

static void separate(struct timeline *timeline) {
  fputs(timeline->first ? "\n" : ",\n", timeline->file);
  timeline->first = false;
}

void timeline_host(struct timeline *timeline, unsigned host, const char *name) {
  static const char *const tracks[TIMELINE_TRACKS] = {
      "cpu",      "application", "stack",    "driver", "registers",
      "dma read", "dma write",   "wire out", "wire in"};
  separate(timeline);
  fprintf(timeline->file,
          "{\"ph\":\"M\",\"pid\":%u,\"name\":\"process_name\","
          "\"args\":{\"name\":\"%s\"}}",
          host + PID_BASE, name);
  for (unsigned i = 0; i < TIMELINE_TRACKS; i++) {
    separate(timeline);
    fprintf(timeline->file,
            "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"thread_name\","
            "\"args\":{\"name\":\"%s\"}}",
            host + PID_BASE, i, tracks[i]);
    separate(timeline);
    fprintf(timeline->file,
            "{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,"
            "\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%u}}",
            host + PID_BASE, i, i);
  }
}

/* An arrow to this event from the last one with the same id. */
static void add_flow(struct timeline *timeline, unsigned host,
                     enum timeline_track track, sim_time time, uint64_t id) {
  bool begun = timeline->begun[id % IDS] == id;
  timeline->begun[id % IDS] = id;
  separate(timeline);
  fprintf(timeline->file,
          "{\"ph\":\"%s\",\"cat\":\"packet\",\"name\":\"packet\",\"pid\":%u,"
          "\"tid\":%u,\"ts\":" TIME ",\"id\":%" PRIu64 ",\"bp\":\"e\"}",
          begun ? "t" : "s", host + PID_BASE, (unsigned)track, TIME_ARGS(time),
          id);
}

void timeline_add(struct timeline *timeline, unsigned host,
                  enum timeline_track track, const char *name, sim_time begin,
                  sim_time end, uint64_t id, const char *unit, uint64_t value) {
  sim_time length = end > begin ? end - begin : 0;
  separate(timeline);
  fprintf(timeline->file,
          "{\"ph\":\"X\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":" TIME
          ",\"dur\":" TIME ",\"args\":{",
          name, host + PID_BASE, (unsigned)track, TIME_ARGS(begin),
          TIME_ARGS(length));
  if (id) {
    fprintf(timeline->file, "\"packet\":%" PRIu64 "%s", id, unit ? "," : "");
  }
  if (unit) {
    fprintf(timeline->file, "\"%s\":%" PRIu64, unit, value);
  }
  fputs("}}", timeline->file);
  if (id) {
    add_flow(timeline, host, track, begin, id);
  }
}

bool timeline_close(struct timeline *timeline) {
  fputs("\n]}\n", timeline->file);
  bool good = !ferror(timeline->file);
  good = fclose(timeline->file) == 0 && good;
  free(timeline);
  return good;
}
