/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios: one way of TCP each, played by two applications on two hosts,
 * drawn as a sequence diagram and explained from what the run recorded.
 *
 *   scenario.c        what is played: settings of hosts and wire, calls
 *   scenario_play.c   plays it
 *   scenario_story.c  says of each step what happened and why
 *   scenario_claims.c what the scenario shows, checked
 *   scenario_print.c  the diagram in the terminal
 *   scenario_draw.c   the diagram as SVG
 */
#ifndef PH_SIM_EXPLAIN_SCENARIO_H
#define PH_SIM_EXPLAIN_SCENARIO_H

#include "sim/run/record.h"
#include "sim/run/run.h"

enum {
  SCENARIO_ACTS = 24,
  SCENARIO_STEPS = 160,
  SCENARIO_CLAIMS = 8,
  SCENARIO_TEXT = 400,
  SCENARIO_LABEL = 72,
};

/* What an application does; `n` is a number of bytes or of microseconds. */
enum scenario_act {
  ACT_END,
  ACT_CONNECT,
  ACT_ACCEPT,
  ACT_WRITE,
  ACT_READ, /* until so many bytes were read, or none are left */
  ACT_NODELAY,
  ACT_SLEEP_US,
  ACT_SHUTDOWN, /* for writing */
  ACT_CLOSE,
};

struct scenario_do {
  enum scenario_act act;
  uint32_t n;
};

struct scenario_story;

struct scenario {
  const char *name;
  const char *title; /* what it shows, one line */
  const char *idea;  /* the mechanism, two or three sentences */
  const char *wire;
  uint32_t rcvbuf; /* of both hosts; 0: the default */
  struct ph_tcp_features features;
  struct scenario_do client[SCENARIO_ACTS], server[SCENARIO_ACTS];
  /* Says what was shown: claims, with the numbers of the run. */
  void (*conclude)(struct scenario_story *story);
};

/* By name; NULL: none. */
const struct scenario *scenario_find(const char *name);

/* False after one sentence on stderr that names those that there are. */
bool scenario_known(const char *name);

void scenario_list(void);

/* A run that is over. */
struct scenario_run {
  const struct scenario *scenario;
  struct options options;
  struct run run;
  struct record record;
  int error[RECORD_HOSTS];      /* of the first call that failed */
  uint64_t bytes[RECORD_HOSTS]; /* that its application read */
};

/* 0: it ran; 1 or 2: it could not, after a sentence. scenario_free() in any
 * case. */
int scenario_play(struct scenario_run *run, const struct scenario *scenario,
                  const struct options *options);
void scenario_free(struct scenario_run *run);

/* --- The story ------------------------------------------------------------ */

enum scenario_kind {
  STEP_SEGMENT,
  STEP_CALL,  /* of an application */
  STEP_STATE, /* of a connection */
};

/* A line of the diagram. */
struct scenario_step {
  enum scenario_kind kind;
  unsigned number; /* of a segment, from 1 */
  unsigned host;   /* that sends, calls or changes */
  sim_time at, arrived;
  const struct record_segment *segment; /* or NULL */
  char label[SCENARIO_LABEL];           /* in the diagram */
  char text[SCENARIO_TEXT];             /* why; "" if that is all */
  bool notable;                         /* the scenario is about this one */
};

struct scenario_claim {
  bool holds;
  char text[SCENARIO_TEXT];
};

struct scenario_story {
  const struct scenario_run *run;
  struct scenario_step steps[SCENARIO_STEPS];
  unsigned step_count, segment_count;
  bool cut; /* there were more steps */
  struct scenario_claim claims[SCENARIO_CLAIMS];
  unsigned claim_count;
};

void scenario_tell(struct scenario_story *story,
                   const struct scenario_run *run);

/* One more claim; `conclude` calls it. */
void scenario_claim(struct scenario_story *story, bool holds,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All claims hold, and the run was a good one. */
bool scenario_holds(const struct scenario_story *story);

void scenario_print(const struct scenario_story *story);
void scenario_json(const struct scenario_story *story);

/* Draws it; false after a sentence on stderr. */
bool scenario_draw(const struct scenario_story *story, const char *path);

/* --- Looking into the record ---------------------------------------------- */

/* The n-th segment on the wire from 0 that `host` sent, or NULL. */
const struct record_segment *scenario_sent(const struct scenario_run *run,
                                           unsigned host, unsigned n);

/* Data whose first byte was on the wire before. */
bool scenario_resent(const struct scenario_run *run,
                     const struct record_segment *segment);

/* The counter among `names` (NULL at its end) that rose at the sender nearest
 * to the moment at which it sent this; NULL: none. */
const char *scenario_cause(const struct scenario_run *run,
                           const struct record_segment *segment,
                           const char *const *names);

static inline double scenario_ms(sim_time time) {
  return (double)time / (double)SIM_MS;
}

#endif
