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
  FILE *file; /* or NULL */
  bool first;
  uint64_t begun[IDS]; /* id whose flow has begun, by its low bits */
  bool keep, sorted;
  struct timeline_event *events;
  size_t count, capacity;
};

/* Trace times are microseconds; six decimals keep every picosecond. */
#define TIME "%" PRIu64 ".%06" PRIu64
#define TIME_ARGS(t) (t) / SIM_US, (t) % SIM_US

struct timeline *timeline_open(const char *path, bool keep) {
  FILE *file = path ? fopen(path, "w") : NULL;
  if (path && !file) {
    return NULL;
  }
  struct timeline *timeline = sim_alloc(sizeof(*timeline));
  timeline->file = file;
  timeline->first = true;
  timeline->keep = keep;
  if (file) {
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file);
  }
  return timeline;
}

/* --- The file ------------------------------------------------------------- */

static void separate(struct timeline *timeline) {
  fputs(timeline->first ? "\n" : ",\n", timeline->file);
  timeline->first = false;
}

void timeline_host(struct timeline *timeline, unsigned host, const char *name) {
  static const char *const tracks[TIMELINE_TRACKS] = {
      "cpu",      "application", "stack",    "driver", "registers",
      "dma read", "dma write",   "wire out", "wire in"};
  if (!timeline->file) {
    return;
  }
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
static void add_flow(struct timeline *timeline,
                     const struct timeline_event *event, sim_time time) {
  uint64_t id = event->packet;
  bool begun = timeline->begun[id % IDS] == id;
  timeline->begun[id % IDS] = id;
  separate(timeline);
  fprintf(timeline->file,
          "{\"ph\":\"%s\",\"cat\":\"packet\",\"name\":\"packet\",\"pid\":%u,"
          "\"tid\":%u,\"ts\":" TIME ",\"id\":%" PRIu64 ",\"bp\":\"e\"}",
          begun ? "t" : "s", event->host + PID_BASE, (unsigned)event->track,
          TIME_ARGS(time), id);
}

static void add_number(FILE *file, bool *first, const char *name,
                       uint64_t value) {
  if (value) {
    fprintf(file, "%s\"%s\":%" PRIu64, *first ? "" : ",", name, value);
    *first = false;
  }
}

/* `suffix` belongs to the name. */
static void write_slice(struct timeline *timeline,
                        const struct timeline_event *event, const char *suffix,
                        sim_time begin, sim_time length) {
  FILE *file = timeline->file;
  bool first = true;
  separate(timeline);
  char where[24] = ""; /* a register is named by its offset */
  if (event->track == TIMELINE_REGISTERS && event->address) {
    snprintf(where, sizeof(where), " 0x%03" PRIx64, event->address);
  }
  fprintf(file,
          "{\"ph\":\"X\",\"name\":\"%s%s%s\",\"pid\":%u,\"tid\":%u,\"ts\":" TIME
          ",\"dur\":" TIME ",\"args\":{",
          event->name, where, suffix, event->host + PID_BASE,
          (unsigned)event->track, TIME_ARGS(begin), TIME_ARGS(length));
  add_number(file, &first, "packet", event->packet);
  add_number(file, &first, "bytes", event->bytes);
  if (event->address) {
    fprintf(file, "%s\"address\":\"0x%" PRIx64 "\"", first ? "" : ",",
            event->address);
    first = false;
  }
  if (event->payload) {
    fprintf(file, "%s\"seq\":%" PRIu32, first ? "" : ",", event->seq);
    first = false;
  }
  add_number(file, &first, "payload", event->payload);
  add_number(file, &first, "gso_size", event->gso_size);
  add_number(file, &first, "pieces", event->pieces);
  fputs("}}", file);
  if (event->packet) {
    add_flow(timeline, event, begin);
  }
}

/* Bursts overlap, which slices of one row must not: each is two moments. */
static void write_event(struct timeline *timeline,
                        const struct timeline_event *event) {
  if (event->track == TIMELINE_DMA_READ || event->track == TIMELINE_DMA_WRITE) {
    write_slice(timeline, event, "", event->begin, 0);
    write_slice(timeline, event,
                event->track == TIMELINE_DMA_READ ? " arrives" : " is written",
                event->end, 0);
  } else {
    write_slice(timeline, event, "", event->begin,
                event->end > event->begin ? event->end - event->begin : 0);
  }
}

/* --- Adding and keeping --------------------------------------------------- */

void timeline_add(struct timeline *timeline,
                  const struct timeline_event *event) {
  if (timeline->file) {
    write_event(timeline, event);
  }
  if (!timeline->keep) {
    return;
  }
  if (timeline->count == timeline->capacity) {
    timeline->capacity = timeline->capacity ? timeline->capacity * 2 : 4096;
    timeline->events = sim_realloc(
        timeline->events, timeline->capacity * sizeof(*timeline->events));
  }
  timeline->events[timeline->count++] = *event;
  timeline->sorted = false;
}

/* Neighbours in the array are older: merge keeps the order of equals. */
static void merge(const struct timeline_event *from, size_t left, size_t middle,
                  size_t right, struct timeline_event *to) {
  size_t a = left, b = middle;
  for (size_t i = left; i < right; i++) {
    bool first = b == right || (a < middle && from[a].begin <= from[b].begin);
    to[i] = from[first ? a++ : b++];
  }
}

const struct timeline_event *timeline_events(struct timeline *timeline,
                                             size_t *count) {
  size_t n = timeline->count;
  *count = n;
  if (timeline->sorted || n == 0) {
    return timeline->events;
  }
  struct timeline_event *from = timeline->events;
  struct timeline_event *to = sim_alloc(timeline->capacity * sizeof(*to));
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t left = 0; left < n; left += 2 * width) {
      size_t middle = left + width < n ? left + width : n;
      size_t right = left + 2 * width < n ? left + 2 * width : n;
      merge(from, left, middle, right, to);
    }
    struct timeline_event *swap = from;
    from = to;
    to = swap;
  }
  free(to);
  timeline->events = from;
  timeline->sorted = true;
  return timeline->events;
}

bool timeline_close(struct timeline *timeline) {
  bool good = true;
  if (timeline->file) {
    fputs("\n]}\n", timeline->file);
    good = !ferror(timeline->file);
    good = fclose(timeline->file) == 0 && good;
  }
  free(timeline->events);
  free(timeline);
  return good;
}
