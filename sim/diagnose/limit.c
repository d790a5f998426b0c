/* SPDX-License-Identifier: Apache-2.0 */
/* The time from one byte of new data to the next is a pause, and each pause has
 * one reason (docs/diagnose.md). All is seen as by the sender: acknowledgements
 * are moved to when they arrive there, by the round trip between the place of
 * the recording and the sender, which the handshake shows. */
#include "sim/diagnose/limit.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/diagnose/measure.h"

enum {
  TIMELY = 20,           /* an answer comes within 1/20 of a round trip, */
  TIMELY_LEAST = 5000,   /* at least these, */
  TIMELY_MOST = 1000000, /* at most these ns */
  /* A queue stands if it costs such a part of a round trip; if a buffer might
     be what limits, the second: bursts out of one look like a queue, too. */
  QUEUE = 8,
  DEEP_QUEUE = 2,
  PLATEAU_RTTS = 8,
  LEAST_SEGMENTS = 10,
  NEAR_SEGMENTS = 4,
  LEAST_RTTS = 3,
};

/* Reasons of a pause that are not final. */
enum {
  BURST = LIMIT_COUNT, /* none: back to back with what was before */
};

struct pause {
  int64_t begin, end;
  int64_t flight; /* at its begin */
  uint8_t reason; /* enum limit, or BURST */
  bool repaired;  /* something had been lost before */
  bool queue;     /* a queue stood, */
  bool deep;      /* a deep one */
  bool written;   /* it follows, or precedes, the end of a write() */
  bool ended;     /* it follows the end of a write(), and ends with an ACK */
};

struct watch {
  struct path path;
  int64_t timely;
  int64_t shift; /* by which ACKs are moved: `outer`, or a little less */
  int64_t late;  /* a segment appears by so much later than what it answers */
  /* As of now. */
  bool begun;
  int64_t una, nxt, edge, window, recover;
  int64_t last_new, last_news, last_acked, last_len;
  bool last_ended; /* the last segment was the end of what was written */
  int64_t room;    /* that it left in the window, */
  int64_t quarter; /* of the widest window until then */
  int64_t flight;  /* with it */
  int64_t opened;  /* then there was room again, or -1 */
  int64_t waited;  /* for a window that opened without an ACK of data */
  int64_t rtt;     /* of the inner part: the least of this round, or -1, */
  int64_t round;   /* which began then */
  size_t oldest;   /* index of the first segment that is not acknowledged */
  bool lost;
  struct limit_report *report;
  struct pause *pauses;
  size_t count, capacity_count;
};

static void prepare(struct watch *w) {
  path_measure(&w->path);
  int64_t base = path_rtt(&w->path), timely = base / TIMELY;
  timely = timely > TIMELY_LEAST ? timely : TIMELY_LEAST;
  w->timely = timely < TIMELY_MOST ? timely : TIMELY_MOST;
  w->shift = w->path.outer > w->timely / 2 ? w->path.outer - w->timely / 2 : 0;
  /* Behind a slow link a full segment comes later than a SYN did. */
  if (w->path.outer > base / 10) {
    w->late = path_time(&w->path, w->path.mss);
  }
}

/* --- Pauses --------------------------------------------------------------- */

/* A queue stands before the narrowest link: for a round trip, no segment's was
 * about as short as the shortest. */
static bool queue_stands(const struct watch *w, int64_t part) {
  int64_t slack = path_rtt(&w->path) / part;
  return w->rtt - w->path.inner > slack;
}

static struct pause *add_pause(struct watch *w, int64_t begin, int64_t end,
                               uint8_t reason) {
  if (w->count == w->capacity_count) {
    w->capacity_count = w->capacity_count ? w->capacity_count * 2 : 256;
    w->pauses = sim_realloc(w->pauses, w->capacity_count * sizeof(*w->pauses));
  }
  struct pause *pause = &w->pauses[w->count++];
  *pause = (struct pause){
      .begin = begin,
      .end = end,
      .flight = w->flight,
      .reason = reason,
      .repaired = w->lost,
      .queue = queue_stands(w, QUEUE),
      .deep = queue_stands(w, DEEP_QUEUE),
  };
  return pause;
}

static uint8_t reason_of_window(const struct watch *w) {
  bool slow = w->waited > path_rtt(&w->path) / QUEUE;
  if (slow || w->window < w->report->window_most / 4 * 3) {
    return LIMIT_RECEIVER;
  }
  return queue_stands(w, DEEP_QUEUE) ? LIMIT_WIRE : LIMIT_RECEIVE_BUFFER;
}

/* New data leaves at `now`: why not before? */
static void end_pause(struct watch *w, const struct flow_segment *next) {
  int64_t now = next->ns, len = next->payload;
  /* A short one that an ACK lets go was held back by Nagle's algorithm. */
  bool ended = w->last_ended || len % w->path.mss != 0;
  int64_t begin = w->last_new, gap = now - begin;
  int64_t longest = len > w->last_len ? len : w->last_len;
  int64_t line = path_time(&w->path, longest + longest / 4);
  bool answer = now - w->last_news <= w->timely + w->late;
  /* No word of what is out: it is lost, and what leaves now is a probe. */
  bool silent = w->last_news < begin && w->nxt - w->una > w->path.mss &&
                gap > path_rtt(&w->path) * 9 / 5;
  bool repair = w->una < w->recover || silent;
  /* A sender may wait until a quarter of the window is open. */
  bool full =
      w->room < w->path.mss || (w->room < w->quarter && answer && !repair);
  if (full && gap > w->timely) {
    bool all = w->opened < 0 || answer || now - w->opened <= w->timely;
    int64_t until = all ? now : w->opened;
    (void)add_pause(w, begin, until, reason_of_window(w));
    begin = until;
  }
  if (begin >= now) {
    return;
  }
  uint8_t reason = LIMIT_SENDER;
  if (gap <= w->timely || (gap <= line && !w->last_ended)) {
    reason = BURST;
  } else if (answer || repair) {
    reason = queue_stands(w, QUEUE) &&
                     !(repair && gap > 2 * (w->rtt + w->path.outer))
                 ? LIMIT_WIRE
                 : LIMIT_CONGESTION;
  }
  struct pause *pause = add_pause(w, begin, now, reason);
  pause->written = ended;
  pause->ended = ended && answer && !repair;
}

static void see_data(struct watch *w, const struct flow_segment *segment) {
  int64_t end = segment->seq + segment->payload;
  w->report->segments++;
  if (w->begun && end <= w->nxt) {
    w->report->again++;
    w->recover = w->nxt;
    w->lost = true;
    return;
  }
  if (w->begun) {
    end_pause(w, segment);
  } else {
    w->begun = true;
    w->una = w->una > segment->seq ? w->una : segment->seq;
    w->nxt = segment->seq;
  }
  if (end - w->nxt < 1 << 30) {
    w->report->bytes += (uint64_t)(end - w->nxt);
    w->nxt = end;
  }
  int64_t flight = w->nxt - w->una;
  if (flight > w->report->flight_most) {
    w->report->flight_most = flight;
  }
  w->last_new = segment->ns;
  w->last_len = segment->payload;
  w->last_ended = path_ends_write(&w->path, segment);
  w->room = w->edge - w->nxt;
  w->quarter = w->report->window_most / 4;
  w->flight = flight;
  w->opened = -1;
  w->waited = 0;
}

/* The round trip of the last segment that `ack` covers, or of one that it
 * begins to, as far as it was not sent twice. */
static void sample(struct watch *w, const struct flow_segment *ack) {
  const struct flow *flow = w->path.flow;
  int64_t sent = -1;
  for (; w->oldest < flow->count; w->oldest++) {
    const struct flow_segment *segment = &flow->segments[w->oldest];
    if (segment->ns > ack->ns) {
      break;
    }
    if (path_is_data(&w->path, segment)) {
      bool begins = segment->seq < ack->ack && segment->seq >= w->una;
      sent = begins ? segment->ns : sent;
      if (segment->seq + segment->payload > ack->ack) {
        break;
      }
    }
  }
  if (sent < 0 || w->una < w->recover) {
    return;
  }
  int64_t rtt = ack->ns - sent;
  if (rtt < RTT_MOST && (!w->path.timed || rtt < w->path.inner)) {
    w->path.inner = rtt;
    w->path.timed = true;
  }
  if (w->rtt < 0 || rtt < w->rtt || ack->ns - w->round > rtt + w->path.outer) {
    w->round = rtt < w->rtt ? w->round : ack->ns;
    w->rtt = rtt;
  }
}

static void see_ack(struct watch *w, const struct flow_segment *ack,
                    int64_t now) {
  int64_t edge = ack->ack + ack->window;
  bool advances = ack->ack > w->una;
  bool moves = edge > w->edge;
  /* What comes with data may be what the application waited for. */
  bool news = ack->payload == 0;
  if (ack->window > w->report->window_most) {
    w->report->window_most = ack->window;
  }
  if (advances) {
    if (w->begun) {
      sample(w, ack);
    }
    w->una = ack->ack;
    w->last_acked = now;
    w->waited = 0;
  }
  if (moves) {
    w->edge = edge;
    if (w->room < w->path.mss && !advances) {
      int64_t since = w->last_acked > w->last_new ? w->last_acked : w->last_new;
      w->waited = now - since;
    }
    if (w->opened < 0 && edge - w->nxt >= w->path.mss) {
      w->opened = now;
    }
  }
  w->window = ack->window;
  w->last_news = news ? now : w->last_news;
}

/* All in the order of the sender: an ACK is there `outer` later. */
static void look_through(struct watch *w) {
  const struct flow *flow = w->path.flow;
  size_t a = 0, d = 0;
  for (;;) {
    while (a < flow->count && !path_is_ack(&w->path, &flow->segments[a])) {
      a++;
    }
    while (d < flow->count && !path_is_data(&w->path, &flow->segments[d])) {
      d++;
    }
    if (d == flow->count) {
      return;
    }
    if (a < flow->count &&
        flow->segments[a].ns + w->shift <= flow->segments[d].ns) {
      see_ack(w, &flow->segments[a], flow->segments[a].ns + w->shift);
      a++;
    } else {
      see_data(w, &flow->segments[d]);
      d++;
    }
  }
}

/* --- Pauses together ------------------------------------------------------ */

/* What came back to back for a whole round trip filled the wire; less than that
 * was a burst, for whose end there is the reason that the next pause has. Short
 * pauses between do not count. */
static void settle_bursts(struct watch *w) {
  int64_t base = path_rtt(&w->path);
  size_t begin = 0;
  int64_t still = 0;
  for (size_t i = 0; i <= w->count; i++) {
    const struct pause *pause = i < w->count ? &w->pauses[i] : NULL;
    int64_t run = i > begin ? w->pauses[i - 1].end - w->pauses[begin].begin : 0;
    if (pause && pause->reason == BURST) {
      continue;
    }
    int64_t len = pause ? pause->end - pause->begin : 0;
    if (pause && i > begin && len <= base / 20 && still + len <= run / 20) {
      still += len;
      continue;
    }
    for (size_t k = begin; k < i; k++) {
      struct pause *inside = &w->pauses[k];
      if (run >= base) {
        inside->reason = LIMIT_WIRE;
      } else if (inside->reason == BURST) {
        inside->reason = pause ? pause->reason : LIMIT_CONGESTION;
      }
    }
    begin = i + 1;
    still = 0;
  }
}

/* Who has nothing to send ends what it sends with a short segment, but for an
 * odd one that fits. If there are hardly any, data that come by themselves are
 * not written late: the sender paces them, by its congestion window. */
static void settle_paced(struct watch *w) {
  int64_t written = 0, all = 0;
  for (size_t i = 0; i < w->count; i++) {
    const struct pause *pause = &w->pauses[i];
    int64_t len = pause->reason == LIMIT_SENDER ? pause->end - pause->begin : 0;
    written += pause->written ? len : 0;
    all += len;
  }
  for (size_t i = 0; i < w->count && written < all / 10; i++) {
    struct pause *pause = &w->pauses[i];
    if (pause->reason == LIMIT_SENDER && !pause->written) {
      pause->reason = pause->queue ? LIMIT_WIRE : LIMIT_CONGESTION;
    }
  }
}

/* A window, or so it seems: it could be a buffer, too. */
static bool may_be_buffer(const struct pause *pause) {
  return pause->reason == LIMIT_CONGESTION ||
         (pause->reason == LIMIT_WIRE && !pause->deep);
}

/* If nearly all that ACKs let go comes after the end of what was written, it is
 * not a window that they opened: short segments waited for them (Nagle), or the
 * application for room in its send buffer. */
static void settle_ends(struct watch *w) {
  int64_t ended = 0, other = 0;
  for (size_t i = 0; i < w->count; i++) {
    const struct pause *pause = &w->pauses[i];
    if (pause->reason == LIMIT_CONGESTION || pause->reason == LIMIT_WIRE) {
      *(pause->ended ? &ended : &other) += pause->end - pause->begin;
    }
  }
  for (size_t i = 0; i < w->count && ended > 4 * other; i++) {
    struct pause *pause = &w->pauses[i];
    if (pause->ended && may_be_buffer(pause)) {
      pause->reason = LIMIT_SENDER;
    }
  }
}

/* The pauses up to `end` since so much was out for the first time. */
static void hold(struct watch *w, size_t end, int64_t flight) {
  bool reached = false;
  for (size_t i = 0; i < end; i++) {
    struct pause *pause = &w->pauses[i];
    reached |= pause->flight >= flight;
    if (reached && may_be_buffer(pause)) {
      pause->reason = LIMIT_SENDER;
    }
  }
}

/* Without a loss a congestion window grows with every round trip. What is out
 * and does not grow is all that was written, as far as the send buffer lets the
 * application write. */
static void settle_plateau(struct watch *w) {
  int64_t span = PLATEAU_RTTS * path_rtt(&w->path);
  int64_t before = 0, now = 0, begun = w->count ? w->pauses[0].begin : 0;
  bool plateau = false;
  for (size_t i = 0; i < w->count && !w->pauses[i].repaired; i++) {
    struct pause *pause = &w->pauses[i];
    if (pause->end - begun > span) {
      bool was = plateau;
      plateau = before > 0 && now < before + 2 * w->path.mss;
      before = now;
      now = 0;
      begun = pause->end;
      if (plateau && !was) {
        hold(w, i, before - 2 * w->path.mss);
      }
    }
    now = pause->flight > now ? pause->flight : now;
    if (plateau && may_be_buffer(pause)) {
      pause->reason = LIMIT_SENDER;
    }
  }
}

/* --- The whole ------------------------------------------------------------ */

static struct watch new_watch(const struct flow *flow, unsigned sender,
                              struct limit_report *report) {
  return (struct watch){.path = {.flow = flow, .sender = sender},
                        .report = report,
                        .opened = -1,
                        .rtt = -1};
}

void limit_judge(struct limit_report *report) {
  report->verdict = LIMIT_SENDER;
  for (int i = 1; i < LIMIT_COUNT; i++) {
    if (report->ns[i] > report->ns[report->verdict]) {
      report->verdict = (enum limit)i;
    }
  }
}

void limit_of_counters(const uint64_t ns[LIMIT_COUNT + 1],
                       struct limit_report *report) {
  memset(report, 0, sizeof(*report));
  for (int i = 0; i <= LIMIT_COUNT; i++) {
    report->ns[i ? i - 1 : LIMIT_SENDER] += (int64_t)(ns[i] & INT64_MAX);
    report->total_ns += (int64_t)(ns[i] & INT64_MAX);
  }
  report->known = report->total_ns > 0;
  limit_judge(report);
}

void limit_of_flow(const struct flow *flow, unsigned sender,
                   struct limit_report *report) {
  struct watch w = new_watch(flow, sender, report);
  memset(report, 0, sizeof(*report));
  path_measure_handshake(&w.path);
  prepare(&w);
  if (!w.path.timed) {
    /* Without a handshake: the least time from data to their ACK. */
    look_through(&w);
    struct watch again = new_watch(flow, sender, report);
    again.path.inner = w.path.inner;
    again.path.timed = w.path.timed;
    path_measure_echoes(&again.path);
    free(w.pauses);
    w = again;
    memset(report, 0, sizeof(*report));
    prepare(&w);
  }
  look_through(&w);
  settle_paced(&w);
  settle_ends(&w);
  settle_plateau(&w);
  settle_bursts(&w);
  for (size_t i = 0; i < w.count; i++) {
    int64_t len = w.pauses[i].end - w.pauses[i].begin;
    report->ns[w.pauses[i].reason] += len;
    report->total_ns += len;
  }
  report->base_rtt_ns = path_rtt(&w.path);
  report->outer_ns = w.path.outer;
  report->capacity = w.path.capacity * 1e9;
  report->recorded = true;
  /* Without anything that tells where the place is: next to the sender, unless
   * all is acknowledged as soon as it is seen. */
  bool near = w.path.placed || report->flight_most > NEAR_SEGMENTS * w.path.mss;
  report->known = w.path.timed && near && report->segments >= LEAST_SEGMENTS &&
                  report->total_ns >= LEAST_RTTS * path_rtt(&w.path);
  limit_judge(report);
  free(w.pauses);
}
