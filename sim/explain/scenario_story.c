/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a run: its segments, calls and states in the order of time, and
 * of each what happened and why. Nothing is known in advance: what is said
 * follows from the numbers in the segments, from the counters of the stack that
 * rose at that moment, and from what the wire did. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explain/journey.h"
#include "sim/explain/scenario.h"

/* What is known of a direction when a segment of it is told. */
struct direction {
  uint32_t sent;  /* sequence numbers that were on the wire, relative */
  uint32_t acked; /* the last acknowledgment number that its host sent */
  uint32_t window;
  unsigned repeated;       /* this acknowledgment number, so often */
  uint32_t written, mss;   /* by the application; of SYN */
  sim_time syn_at;         /* when its SYN left */
  sim_time write_at[64];   /* calls of write() */
  uint32_t write_from[64]; /* and the first byte of each, relative */
  unsigned writes;
};

struct teller {
  struct scenario_story *story;
  const struct scenario_run *run;
  struct direction way[RECORD_HOSTS];
};

static void say(struct scenario_step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct scenario_step *step, const char *format, ...) {
  size_t len = strlen(step->text);
  va_list args;
  va_start(args, format);
  vsnprintf(step->text + len, sizeof(step->text) - len, format, args);
  va_end(args);
}

static const char *other(const struct scenario_step *step) {
  return step->host == RUN_CLIENT ? "server" : "client";
}

/* --- Looking into the record ---------------------------------------------- */

const struct record_segment *scenario_sent(const struct scenario_run *run,
                                           unsigned host, unsigned n) {
  for (size_t i = 0; i < run->record.segment_count; i++) {
    const struct record_segment *segment = &run->record.segments[i];
    if (record_on_wire(segment) && segment->from == host && n-- == 0) {
      return segment;
    }
  }
  return NULL;
}

bool scenario_resent(const struct scenario_run *run,
                     const struct record_segment *segment) {
  const struct record *record = &run->record;
  for (size_t i = 0; i < record->segment_count; i++) {
    const struct record_segment *before = &record->segments[i];
    if (before == segment) {
      return false;
    }
    if (record_on_wire(before) && before->from == segment->from &&
        segment->seq - before->seq < record_len(before)) {
      return true;
    }
  }
  return false;
}

const char *scenario_cause(const struct scenario_run *run,
                           const struct record_segment *segment,
                           const char *const *names) {
  const sim_time near = 300 * SIM_US;
  const struct record *record = &run->record;
  const char *cause = NULL;
  sim_time least = near;
  for (size_t i = 0; i < record->note_count; i++) {
    const struct record_note *note = &record->notes[i];
    sim_time apart = note->at > segment->at ? note->at - segment->at
                                            : segment->at - note->at;
    if (note->kind != RECORD_COUNTER || note->host != segment->from ||
        apart >= least) {
      continue;
    }
    for (const char *const *name = names; *name; name++) {
      if (strcmp(*name, note->name) == 0) {
        cause = note->name;
        least = apart;
      }
    }
  }
  return cause;
}

static bool caused_by(const struct scenario_run *run,
                      const struct record_segment *segment, const char *name) {
  const char *const names[] = {name, NULL};
  return scenario_cause(run, segment, names) != NULL;
}

/* A host's connection at a time. */
static struct record_sample sample_at(const struct record *record,
                                      unsigned host, sim_time at) {
  struct record_sample last = {0};
  for (size_t i = 0; i < record->sample_count; i++) {
    const struct record_sample *sample = &record->samples[i];
    if (sample->host == host && sample->at <= at) {
      last = *sample;
    }
  }
  return last;
}

/* Segments that left behind this one and arrived before it. */
static unsigned passed_by(const struct scenario_run *run,
                          const struct record_segment *segment) {
  unsigned count = 0;
  for (size_t i = 0; i < run->record.segment_count; i++) {
    const struct record_segment *later = &run->record.segments[i];
    count += record_on_wire(later) && later->from == segment->from &&
             later->at > segment->at && later->arrived < segment->arrived;
  }
  return count;
}

/* Times that the sender had been told, when it sent this, that it is missing:
 * ACKs of its first byte beyond the first, and the last byte that SACK named.
 */
static unsigned told_missing(const struct scenario_run *run,
                             const struct record_segment *segment,
                             uint32_t *sacked) {
  unsigned count = 0;
  *sacked = 0;
  for (size_t i = 0; i < run->record.segment_count; i++) {
    const struct record_segment *ack = &run->record.segments[i];
    if (!record_on_wire(ack) || ack->from == segment->from ||
        ack->arrived > segment->at || ack->ack != segment->seq) {
      continue;
    }
    count++;
    for (unsigned k = 0; k < ack->sack_count; k++) {
      uint32_t last = record_ack(&run->record, ack, ack->sack[k][1]) - 1;
      *sacked = last > *sacked ? last : *sacked;
    }
  }
  return count ? count - 1 : 0;
}

/* --- Segments ------------------------------------------------------------- */

static void tell_wire(const struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  if (segment->arrived == SIM_NEVER) {
    say(step, " The wire loses it.");
    step->notable = true;
  } else if (segment->marks & FRAME_REORDERED) {
    say(step, " The wire holds it up: %u that left later arrive before it.",
        passed_by(teller->run, segment));
    step->notable = true;
  }
}

static void tell_syn(struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  const struct record *record = &teller->run->record;
  struct direction *way = &teller->way[step->host];
  bool answer = segment->flags & RECORD_ACK;
  char scale[32] = "";
  way->mss = segment->mss;
  way->syn_at = way->syn_at ? way->syn_at : segment->at;
  if (segment->scale >= 0) {
    snprintf(scale, sizeof(scale), " scale 2^%d", segment->scale);
  }
  snprintf(step->label, sizeof(step->label), "SYN%s seq 0%s MSS %u%s",
           answer ? " ACK" : "", answer ? " ack 1" : "", segment->mss, scale);
  say(step,
      "The %s's sequence numbers begin at %u, here written as 0; the SYN takes "
      "that number, the first byte will be 1. It offers a window of %u bytes, "
      "takes segments of %u bytes,",
      journey_host_name(step->host), segment->seq, segment->window,
      segment->mss);
  if (segment->scale >= 0) {
    say(step, " will shift its later windows by %d bits,", segment->scale);
  }
  say(step, "%s SACK.",
      segment->sack_permitted ? " and understands" : " and does not offer");
  if (answer) {
    say(step, " It acknowledges the other SYN: the next byte it expects is %u.",
        record_ack(record, segment, segment->ack));
  }
}

/* A retransmission. */
static void tell_again(struct teller *teller, struct scenario_step *step) {
  static const char *const causes[] = {
      "TcpTimeouts",        "TcpLossProbes",       "TcpFastRetrans",
      "TcpLostRetransmits", "TcpZeroWindowProbes", NULL};
  const struct record_segment *segment = step->segment;
  const char *cause = scenario_cause(teller->run, segment, causes);
  uint32_t sacked;
  unsigned told = told_missing(teller->run, segment, &sacked);
  step->notable = true;
  say(step, "Sent again:");
  if (cause && strcmp(cause, "TcpTimeouts") == 0) {
    say(step, " the retransmission timer ran out.");
  } else if (cause && strcmp(cause, "TcpLossProbes") == 0) {
    say(step, " a tail loss probe, to hear of the last segments.");
  } else if (cause && strcmp(cause, "TcpZeroWindowProbes") == 0) {
    say(step, " it asks whether the window is still closed.");
  } else {
    say(step, " the %s has repeated %u times that byte %u is missing",
        other(step), told, record_seq(&teller->run->record, segment));
    if (sacked) {
      say(step, " and that it has bytes up to %u", sacked);
    }
    say(step, "; no timer had to run out.");
  }
}

/* A segment that is not full left long after the write() of its first byte: why
 * it waited follows from what the sender knew. */
static void tell_wait(const struct teller *teller, struct scenario_step *step,
                      uint32_t seq, sim_time held) {
  const struct record_segment *segment = step->segment;
  const struct direction *back = &teller->way[1 - step->host];
  if (held < 200 * SIM_US || segment->payload >= teller->way[step->host].mss) {
    return;
  }
  uint32_t room = back->acked + back->window - seq;
  if (segment->payload == room) {
    say(step,
        " The first of its bytes waited %.3f ms: the window had room for no "
        "more than these %u, less than a full segment.",
        scenario_ms(held), room);
  } else if (seq == back->acked) {
    say(step,
        " The first of its bytes waited %.3f ms: they were less than a full "
        "segment, and bytes before them were not acknowledged until now.",
        scenario_ms(held));
  } else {
    return;
  }
  step->notable = true;
}

/* How long the first byte waited behind its write(), and why. */
static void tell_held(const struct teller *teller, struct scenario_step *step,
                      uint32_t seq) {
  const struct direction *way = &teller->way[step->host];
  const struct record_segment *segment = step->segment;
  unsigned first = 0, last = 0;
  for (unsigned i = 0; i < way->writes; i++) {
    first = way->write_from[i] <= seq ? i : first;
    last = way->write_from[i] < seq + segment->payload ? i : last;
  }
  if (way->writes == 0) {
    return;
  }
  if (last > first) {
    say(step, " It carries %u calls of write().", last - first + 1);
  }
  tell_wait(teller, step, seq, segment->at - way->write_at[first]);
}

static void tell_data(struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  const struct record *record = &teller->run->record;
  struct direction *way = &teller->way[step->host];
  uint32_t seq = record_seq(record, segment);
  bool fin = segment->flags & RECORD_FIN;
  bool again = seq < way->sent;
  snprintf(step->label, sizeof(step->label), "%s%u..%u%s%s", fin ? "FIN " : "",
           seq, seq + segment->payload - 1, again ? " again" : "",
           segment->flags & RECORD_PSH ? " PSH" : "");
  if (again) {
    tell_again(teller, step);
    return;
  }
  say(step, "%u bytes.", segment->payload);
  tell_held(teller, step, seq);
  if (fin) {
    say(step, " And no more will come: FIN takes number %u.",
        seq + segment->payload);
  }
}

static void tell_fin(struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  uint32_t seq = record_seq(&teller->run->record, segment);
  snprintf(step->label, sizeof(step->label), "FIN ACK seq %u ack %u", seq,
           record_ack(&teller->run->record, segment, segment->ack));
  say(step,
      "The %s sends no more: the FIN takes sequence number %u and wants to be "
      "acknowledged like a byte.",
      journey_host_name(step->host), seq);
  if (seq < teller->way[step->host].sent) {
    say(step, " It was sent before.");
  }
}

/* --- ACKs ----------------------------------------------------------------- */

static void tell_sack(const struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  const struct record *record = &teller->run->record;
  uint32_t ack = record_ack(record, segment, segment->ack);
  for (unsigned i = 0; i < segment->sack_count; i++) {
    uint32_t from = record_ack(record, segment, segment->sack[i][0]);
    uint32_t to = record_ack(record, segment, segment->sack[i][1]);
    size_t len = strlen(step->label);
    snprintf(step->label + len, sizeof(step->label) - len, " %s %u..%u",
             from < ack ? "D-SACK" : "SACK", from, to - 1);
    if (from < ack) {
      say(step, " Bytes %u to %u came a second time (D-SACK).", from, to - 1);
      step->notable = true;
    } else {
      say(step, " It has bytes %u to %u.", from, to - 1);
    }
  }
}

static void tell_window(struct teller *teller, struct scenario_step *step,
                        const struct direction *way) {
  const struct record_segment *segment = step->segment;
  struct record_sample now =
      sample_at(&teller->run->record, step->host, segment->at);
  if (segment->window == 0) {
    say(step,
        " The receive buffer is full: %u bytes wait for the application, "
        "the window is 0 and the %s must stop.",
        now.recv_queue, other(step));
    step->notable = true;
  } else if (way->window == 0 && way->repeated) {
    say(step, " The window is open again: %u bytes.", segment->window);
    step->notable = true;
  }
}

static void tell_repeated(struct teller *teller, struct scenario_step *step,
                          uint32_t ack) {
  struct direction *way = &teller->way[step->host];
  const struct record_segment *segment = step->segment;
  bool owes = teller->way[1 - step->host].sent > ack;
  if (segment->window != way->window) {
    say(step, "Nothing new has arrived; the window is %u bytes now.",
        segment->window);
  } else if (owes) {
    say(step, "Duplicate ACK %u: byte %u is still what it waits for.",
        way->repeated, ack);
    step->notable = true;
  } else {
    say(step, "An answer without news: byte %u is what comes next.", ack);
  }
}

static bool is_probe(const struct teller *teller,
                     const struct scenario_step *step) {
  return caused_by(teller->run, step->segment, "TcpZeroWindowProbes") &&
         teller->way[1 - step->host].window == 0;
}

/* Was this answered? */
static void tell_silence(const struct teller *teller,
                         struct scenario_step *step) {
  const struct record *record = &teller->run->record;
  sim_time before = 0, arrived = step->arrived;
  for (size_t i = 0; i < record->segment_count; i++) {
    const struct record_segment *answer = &record->segments[i];
    if (!record_on_wire(answer) || answer->from == step->host) {
      continue;
    }
    if (answer->at >= arrived && answer->at < arrived + SIM_MS) {
      return;
    }
    before = answer->at < arrived ? answer->at : before;
  }
  say(step,
      " The %s does not answer: it did %.3f ms ago, and answers old numbers no "
      "more often than twice a second (RFC 5961 7).",
      other(step), scenario_ms(arrived - before));
}

static void tell_ack(struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  struct direction *way = &teller->way[step->host];
  uint32_t ack = record_ack(&teller->run->record, segment, segment->ack);
  snprintf(step->label, sizeof(step->label), "ACK %u win %u", ack,
           segment->window);
  if (is_probe(teller, step)) {
    struct record_sample now =
        sample_at(&teller->run->record, step->host, segment->at);
    snprintf(step->label, sizeof(step->label), "probe seq %u",
             record_seq(&teller->run->record, segment));
    say(step,
        "Window probe: %u bytes wait for room; the number is an old one, so "
        "the %s must answer with its window.",
        now.send_queue, other(step));
    tell_silence(teller, step);
    step->notable = true;
    return;
  }
  if (way->acked == 0) {
    sim_time rtt = segment->at - way->syn_at;
    say(step,
        "The third step: both know that the other hears them, %.3f ms "
        "after the first SYN.",
        scenario_ms(rtt));
  } else if (ack == way->acked) {
    tell_repeated(teller, step, ack);
  } else {
    say(step, "Everything before byte %u has arrived, %u more than before.",
        ack, ack - way->acked);
  }
  if (caused_by(teller->run, segment, "TcpDelayedAcks")) {
    say(step,
        " It was delayed: the %s waited for a second segment or for data "
        "of its own to send along.",
        journey_host_name(step->host));
  }
  tell_sack(teller, step);
  tell_window(teller, step, way);
}

static void tell_segment(struct teller *teller, struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  struct direction *way = &teller->way[step->host];
  const struct record *record = &teller->run->record;
  uint32_t ack = record_ack(record, segment, segment->ack);
  if (segment->flags & RECORD_RST) {
    snprintf(step->label, sizeof(step->label), "RST");
    say(step, "The connection is torn down.");
  } else if (segment->flags & RECORD_SYN) {
    tell_syn(teller, step);
  } else if (segment->payload) {
    tell_data(teller, step);
  } else if (segment->flags & RECORD_FIN) {
    tell_fin(teller, step);
  } else {
    way->repeated = way->acked == ack ? way->repeated + 1 : 0;
    tell_ack(teller, step);
  }
  tell_wire(teller, step);
  uint32_t end = record_seq(record, segment) + record_len(segment);
  way->sent = end > way->sent ? end : way->sent;
  if (segment->flags & RECORD_ACK) {
    way->repeated = way->acked == ack ? way->repeated : 0;
    way->acked = ack;
  }
  way->window = segment->window;
}

/* --- Calls and states ----------------------------------------------------- */

static void remember_write(struct direction *way,
                           const struct record_note *note) {
  if (way->writes < sizeof(way->write_at) / sizeof(way->write_at[0])) {
    way->write_at[way->writes] = note->at;
    way->write_from[way->writes++] = way->written + 1;
  }
  way->written += (uint32_t)note->value;
}

/* False: it says nothing that the line before did not. */
static bool tell_call(struct teller *teller, struct scenario_step *step,
                      const struct record_note *note) {
  bool returns = note->kind == RECORD_RETURN;
  bool write = strcmp(note->name, "write") == 0;
  bool waits =
      strcmp(note->name, "read") == 0 || strcmp(note->name, "accept") == 0;
  bool both = strcmp(note->name, "connect") == 0;
  if (returns ? !waits && !both : waits) {
    return false;
  }
  if (write) {
    remember_write(&teller->way[step->host], note);
  }
  if (returns) {
    snprintf(step->label, sizeof(step->label), "%s() = %lld", note->name,
             (long long)note->value);
  } else if (write) {
    snprintf(step->label, sizeof(step->label), "write(%lld)",
             (long long)note->value);
  } else {
    bool option = strcmp(note->name, "TCP_NODELAY") == 0;
    snprintf(step->label, sizeof(step->label), "%s%s", note->name,
             option ? "" : "()");
  }
  return true;
}

static bool tell_note(struct teller *teller, struct scenario_step *step,
                      const struct record_note *note) {
  step->kind = note->kind == RECORD_STATE ? STEP_STATE : STEP_CALL;
  if (note->kind == RECORD_COUNTER) {
    return false;
  }
  if (note->kind == RECORD_STATE) {
    snprintf(step->label, sizeof(step->label), "%s", note->name);
    return true;
  }
  return tell_call(teller, step, note);
}

/* --- The whole ------------------------------------------------------------ */

static struct scenario_step *add(struct scenario_story *story, unsigned host,
                                 sim_time at) {
  if (story->step_count == SCENARIO_STEPS) {
    story->cut = true;
    return NULL;
  }
  struct scenario_step *step = &story->steps[story->step_count++];
  *step = (struct scenario_step){.host = host, .at = at, .arrived = SIM_NEVER};
  return step;
}

static void add_note(struct teller *teller, const struct record_note *note) {
  struct scenario_step *step = add(teller->story, note->host, note->at);
  if (step && !tell_note(teller, step, note)) {
    teller->story->step_count--;
  }
}

static void add_segment(struct teller *teller,
                        const struct record_segment *segment) {
  struct scenario_step *step = add(teller->story, segment->from, segment->at);
  if (step) {
    step->kind = STEP_SEGMENT;
    step->segment = segment;
    step->number = ++teller->story->segment_count;
    step->arrived = segment->arrived;
    tell_segment(teller, step);
  }
}

void scenario_tell(struct scenario_story *story,
                   const struct scenario_run *run) {
  struct teller teller = {.story = story, .run = run};
  const struct record *record = &run->record;
  *story = (struct scenario_story){.run = run};
  size_t note = 0;
  for (size_t i = 0; i < record->segment_count; i++) {
    const struct record_segment *segment = &record->segments[i];
    if (!record_on_wire(segment)) {
      continue;
    }
    for (; note < record->note_count && record->notes[note].at <= segment->at;
         note++) {
      add_note(&teller, &record->notes[note]);
    }
    add_segment(&teller, segment);
  }
  for (; note < record->note_count; note++) {
    add_note(&teller, &record->notes[note]);
  }
  run->scenario->conclude(story);
}

void scenario_claim(struct scenario_story *story, bool holds,
                    const char *format, ...) {
  if (story->claim_count == SCENARIO_CLAIMS) {
    abort();
  }
  struct scenario_claim *claim = &story->claims[story->claim_count++];
  claim->holds = holds;
  va_list args;
  va_start(args, format);
  vsnprintf(claim->text, sizeof(claim->text), format, args);
  va_end(args);
}

bool scenario_holds(const struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  bool good = run->run.finished && run->run.healthy && !story->cut &&
              !run->error[0] && !run->error[1];
  for (unsigned i = 0; i < story->claim_count; i++) {
    good = good && story->claims[i].holds;
  }
  return good;
}
