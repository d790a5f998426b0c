/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/diagnose/measure.h"

#include <stdlib.h>

#include "sim/core/util.h"

enum {
  TRAIN = 8, /* segments that show the rate of a link */
  STALLED = 20,
  MSS_DEFAULT = 1460,
  TIMESTAMPS = 12, /* bytes of the option, padded */
};

/* The two halves of the round trip: from a SYN to its answer, from that to the
 * third segment. */
void path_measure_handshake(struct path *path) {
  const struct flow *flow = path->flow;
  int64_t syn = -1, answer = -1, third = -1;
  for (size_t i = 0; i < flow->count && third < 0; i++) {
    const struct flow_segment *segment = &flow->segments[i];
    if (segment->flags & SEGMENT_SYN) {
      if (segment->from == 0) {
        syn = answer < 0 ? segment->ns : syn;
      } else {
        answer = segment->ns;
      }
    } else if (segment->from == 0 && answer >= 0) {
      third = segment->ns;
    }
  }
  if (syn < 0 || answer < 0 || third < 0) {
    return;
  }
  int64_t half[2] = {answer - syn, third - answer};
  if (half[0] < RTT_MOST && half[1] < RTT_MOST) {
    path->inner = half[path->sender];
    path->outer = half[!path->sender];
    path->timed = path->placed = true;
  }
}

/* Without a handshake, timestamps (RFC 7323 4) show the half of the round trip
 * that lies between the place and the sender: the least time from a segment of
 * the receiver to the first data that echo its timestamp. */
void path_measure_echoes(struct path *path) {
  const struct flow *flow = path->flow;
  int64_t least = RTT_MOST;
  size_t k = 0;
  for (size_t i = 0; i < flow->count; i++) {
    const struct flow_segment *data = &flow->segments[i];
    if (!path_is_data(path, data) || !data->timestamps) {
      continue;
    }
    while (k < i && (flow->segments[k].from == path->sender ||
                     !flow->segments[k].timestamps ||
                     (int32_t)(flow->segments[k].ts_val - data->ts_ecr) < 0)) {
      k++;
    }
    int64_t took = data->ns - flow->segments[k].ns;
    if (k < i && flow->segments[k].ts_val == data->ts_ecr && took < least) {
      least = took;
    }
  }
  path->placed = least < RTT_MOST;
  path->outer = path->placed ? least : 0;
}

/* The payload of a full segment: the longest that was seen; if some are longer
 * than the SYNs allow, they were not cut yet, and it is what the SYNs allow. */
static int64_t measure_mss(const struct path *path) {
  const struct flow_end *end = path->flow->end;
  int64_t most = end[0].mss && end[1].mss
                     ? (end[0].mss < end[1].mss ? end[0].mss : end[1].mss)
                     : MSS_DEFAULT;
  int64_t mss = 0;
  if (end[0].timestamps && end[1].timestamps && most > 2 * TIMESTAMPS) {
    most -= TIMESTAMPS;
  }
  for (size_t i = 0; i < path->flow->count; i++) {
    const struct flow_segment *segment = &path->flow->segments[i];
    if (path_is_data(path, segment) && segment->payload > mss) {
      mss = segment->payload;
    }
  }
  return mss > most || mss == 0 ? most : mss;
}

/* PSH stands at the end of a write(), or of every burst, or nowhere. Only the
 * first tells anything: then it is rare. */
static bool push_tells(const struct path *path) {
  size_t all = 0, pushed = 0;
  for (size_t i = 0; i < path->flow->count; i++) {
    const struct flow_segment *segment = &path->flow->segments[i];
    if (path_is_data(path, segment)) {
      all++;
      pushed += (segment->flags & SEGMENT_PSH) != 0;
    }
  }
  return pushed * 8 < all;
}

bool path_ends_write(const struct path *path,
                     const struct flow_segment *segment) {
  return segment->payload % path->mss != 0 ||
         (path->push_tells && (segment->flags & SEGMENT_PSH));
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The rate of the narrowest link before the place: the highest at which TRAIN
 * segments followed each other, but for one in STALLED of such trains. A
 * machine that stood still for a moment hands on at once what had come
 * meanwhile; and what an application wrote one by one does not show the rate.
 */
static double measure_capacity(const struct path *path) {
  const struct flow_segment *train[TRAIN];
  double *rates = sim_alloc((path->flow->count + 1) * sizeof(*rates));
  size_t have = 0, count = 0;
  for (size_t i = 0; i < path->flow->count; i++) {
    const struct flow_segment *segment = &path->flow->segments[i];
    if (!path_is_data(path, segment)) {
      continue;
    }
    train[have % TRAIN] = segment;
    have++;
    if (have >= TRAIN) {
      const struct flow_segment *first = train[have % TRAIN];
      double bytes = 0;
      for (size_t k = 1; k < TRAIN; k++) {
        bytes += train[(have + k) % TRAIN]->payload;
      }
      if (segment->ns > first->ns) {
        rates[count++] = bytes / (double)(segment->ns - first->ns);
      }
    }
    have = path_ends_write(path, segment) ? 0 : have;
  }
  qsort(rates, count, sizeof(*rates), by_value);
  double capacity = count ? rates[count - 1 - count / STALLED] : 0;
  free(rates);
  return capacity;
}

int64_t path_time(const struct path *path, int64_t bytes) {
  double ns = path->capacity > 0 ? (double)bytes / path->capacity : 0;
  return ns < (double)RTT_MOST ? (int64_t)ns : RTT_MOST;
}

void path_measure(struct path *path) {
  path->mss = measure_mss(path);
  path->push_tells = push_tells(path);
  path->capacity = measure_capacity(path);
}
