/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/explain/scenario_claims.h"

#include <stdio.h>
#include <string.h>

#include "sim/explain/scenario.h"

/* --- Looking -------------------------------------------------------------- */

static uint64_t counted(const struct scenario_run *run, unsigned host,
                        const char *name) {
  return record_count(&run->record, host, name, 0, SIM_NEVER);
}

/* The next segment on the wire of `host` behind `after` (NULL: the first). */
static const struct record_segment *next_of(
    const struct scenario_run *run, unsigned host,
    const struct record_segment *after) {
  const struct record *record = &run->record;
  const struct record_segment *end = record->segments + record->segment_count;
  for (const struct record_segment *at = after ? after + 1 : record->segments;
       at < end; at++) {
    if (record_on_wire(at) && at->from == host) {
      return at;
    }
  }
  return NULL;
}

static const struct record_segment *first_again(const struct scenario_run *run,
                                                unsigned host,
                                                unsigned *count) {
  const struct record_segment *first = NULL;
  *count = 0;
  for (const struct record_segment *at = next_of(run, host, NULL); at;
       at = next_of(run, host, at)) {
    if (scenario_resent(run, at)) {
      first = first ? first : at;
      ++*count;
    }
  }
  return first;
}

static const struct record_segment *first_lost(const struct scenario_run *run,
                                               unsigned host, unsigned *count) {
  const struct record_segment *first = NULL;
  *count = 0;
  for (const struct record_segment *at = next_of(run, host, NULL); at;
       at = next_of(run, host, at)) {
    if (at->arrived == SIM_NEVER) {
      first = first ? first : at;
      ++*count;
    }
  }
  return first;
}

/* ACKs without data of the number `ack`, that `host` sent and that arrived
 * until `until`; `last` is when the last of them did. */
static unsigned acks_of(const struct scenario_run *run, unsigned host,
                        uint32_t ack, sim_time until, sim_time *last) {
  unsigned count = 0;
  for (const struct record_segment *at = next_of(run, host, NULL); at;
       at = next_of(run, host, at)) {
    if (at->ack == ack && at->payload == 0 && at->arrived <= until) {
      count++;
      *last = at->arrived;
    }
  }
  return count;
}

/* A host's connection just before a time. */
static struct record_sample before(const struct scenario_run *run,
                                   unsigned host, sim_time time) {
  struct record_sample found = {0};
  for (size_t i = 0; i < run->record.sample_count; i++) {
    const struct record_sample *sample = &run->record.samples[i];
    if (sample->host == host && sample->at < time) {
      found = *sample;
    }
  }
  return found;
}

static void all_arrived(struct scenario_story *story, uint64_t expected) {
  const struct scenario_run *run = story->run;
  uint64_t read = run->bytes[RUN_SERVER];
  scenario_claim(story, read == expected,
                 "The server's application read all %llu of %llu bytes, in "
                 "order.",
                 (unsigned long long)read, (unsigned long long)expected);
}

/* --- handshake ------------------------------------------------------------ */

static sim_time returned(const struct scenario_run *run, unsigned host,
                         const char *name) {
  for (size_t i = 0; i < run->record.note_count; i++) {
    const struct record_note *note = &run->record.notes[i];
    if (note->kind == RECORD_RETURN && note->host == host &&
        strcmp(note->name, name) == 0) {
      return note->at;
    }
  }
  return 0;
}

void scenario_claims_handshake(struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  const struct record_segment *syn = next_of(run, RUN_CLIENT, NULL);
  const struct record_segment *answer = next_of(run, RUN_SERVER, NULL);
  const struct record_segment *ack = syn ? next_of(run, RUN_CLIENT, syn) : NULL;
  if (!answer || !ack) {
    scenario_claim(story, false, "Three segments make a connection.");
    return;
  }
  scenario_claim(
      story,
      syn->flags == RECORD_SYN && answer->flags == (RECORD_SYN | RECORD_ACK) &&
          ack->flags == RECORD_ACK && !next_of(run, RUN_CLIENT, ack),
      "Three segments make the connection: SYN, SYN with ACK, ACK; from the "
      "first to the third pass %.3f ms, one round trip.",
      scenario_ms(ack->at - syn->at));
  scenario_claim(story,
                 answer->ack == syn->seq + 1 && ack->ack == answer->seq + 1 &&
                     ack->seq == syn->seq + 1,
                 "Each SYN takes one number of its sequence space: %u is "
                 "acknowledged as %u, %u as %u.",
                 syn->seq, answer->ack, answer->seq, ack->ack);
  scenario_claim(story, syn->mss && answer->mss,
                 "No data segment will carry more than %u bytes: the smaller "
                 "of %u and %u.",
                 syn->mss < answer->mss ? syn->mss : answer->mss, syn->mss,
                 answer->mss);
  sim_time connected = returned(run, RUN_CLIENT, "connect");
  sim_time accepted = returned(run, RUN_SERVER, "accept");
  scenario_claim(story, connected > answer->arrived && accepted > ack->arrived,
                 "connect() returns %.3f us after the answer came, accept() "
                 "%.3f us after the third segment: the client may send half a "
                 "round trip earlier.",
                 scenario_ms(connected - answer->arrived) * 1e3,
                 scenario_ms(accepted - ack->arrived) * 1e3);
}

/* --- loss, dupack, reorder ------------------------------------------------ */

static void claim_one_loss(struct scenario_story *story,
                           const struct record_segment *lost, unsigned count) {
  const struct record *record = &story->run->record;
  uint32_t from = lost ? record_seq(record, lost) : 0;
  scenario_claim(story, count == 1, "The wire lost %u segment: bytes %u to %u.",
                 count, from, lost ? from + lost->payload - 1 : 0);
}

static void claim_no_timer(struct scenario_story *story,
                           const struct record_segment *lost,
                           const struct record_segment *again) {
  const struct scenario_run *run = story->run;
  uint64_t timeouts = counted(run, RUN_CLIENT, "TcpTimeouts");
  uint64_t fast = counted(run, RUN_CLIENT, "TcpFastRetrans");
  struct record_sample sample = before(run, RUN_CLIENT, again->at);
  sim_time took = again->at - lost->at;
  scenario_claim(story,
                 timeouts == 0 && fast == 1 && took < sample.rto_ns * SIM_NS,
                 "It was sent again %.3f ms after the first time, by a fast "
                 "retransmit (%llu of them, %llu timeouts); the retransmission "
                 "timer would have taken %.3f ms.",
                 scenario_ms(took), (unsigned long long)fast,
                 (unsigned long long)timeouts, (double)sample.rto_ns / 1e6);
}

/* The one segment that the wire lost, and when it was sent again. Returns how
 * many were sent again; 0: there is nothing more to say. */
static unsigned one_loss(struct scenario_story *story,
                         const struct record_segment **lost,
                         const struct record_segment **again) {
  unsigned losses, agains;
  *lost = first_lost(story->run, RUN_CLIENT, &losses);
  *again = first_again(story->run, RUN_CLIENT, &agains);
  claim_one_loss(story, *lost, losses);
  if (!*lost || !*again) {
    scenario_claim(story, false, "It was sent again.");
    return 0;
  }
  return agains;
}

void scenario_claims_loss(struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  const struct record_segment *lost, *again;
  unsigned agains = one_loss(story, &lost, &again);
  unsigned behind = 0;
  if (agains == 0) {
    return;
  }
  for (const struct record_segment *at = lost;
       (at = next_of(run, RUN_CLIENT, at)) != NULL;) {
    behind += at->payload != 0 && at->at < again->at;
  }
  uint64_t kept = counted(run, RUN_SERVER, "TcpOutOfOrder");
  scenario_claim(story, kept >= behind && behind > 0,
                 "The receiver kept the %u data segments behind the gap and "
                 "named them by SACK; none of them was sent again.",
                 behind);
  scenario_claim(story, agains == 1 && again->seq == lost->seq,
                 "Of %u segments only the lost one was sent again, once.",
                 behind + 1);
  claim_no_timer(story, lost, again);
  all_arrived(story, UINT64_C(8) * 1460);
}

void scenario_claims_dupack(struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  const struct record_segment *lost, *again;
  unsigned sacks = 0;
  if (one_loss(story, &lost, &again) == 0) {
    return;
  }
  for (const struct record_segment *at = NULL;
       (at = next_of(run, RUN_SERVER, at)) != NULL;) {
    sacks += at->sack_count;
  }
  scenario_claim(story, sacks == 0, "No segment carried SACK (%u did).", sacks);
  sim_time third = 0;
  unsigned acks = acks_of(run, RUN_SERVER, lost->seq, again->at, &third);
  scenario_claim(story, acks == 4 && again->seq == lost->seq,
                 "The sender had got %u duplicate ACKs of byte %u when it sent "
                 "it again, %.3f us after the last of them.",
                 acks - 1, record_seq(&run->record, lost),
                 scenario_ms(again->at - third) * 1e3);
  claim_no_timer(story, lost, again);
  struct record_sample calm = before(run, RUN_CLIENT, lost->at);
  struct record_sample after = before(run, RUN_CLIENT, again->at + SIM_MS);
  scenario_claim(story, after.ssthresh < calm.cwnd,
                 "A loss means congestion: the congestion window was %u bytes, "
                 "its slow-start threshold is %u bytes now.",
                 calm.cwnd, after.ssthresh);
  all_arrived(story, UINT64_C(7) * 1460);
}

/* Duplicate ACKs for a segment until it was acknowledged. */
static unsigned duplicates(const struct scenario_run *run,
                           const struct record_segment *segment) {
  sim_time last;
  unsigned acks = acks_of(run, RUN_SERVER, segment->seq, SIM_NEVER, &last);
  return acks ? acks - 1 : 0;
}

void scenario_claims_reorder(struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  unsigned held = 0, agains, most = 0;
  for (const struct record_segment *at = NULL;
       (at = next_of(run, RUN_CLIENT, at)) != NULL;) {
    if (at->marks & FRAME_REORDERED) {
      unsigned times = duplicates(run, at);
      uint32_t from = record_seq(&run->record, at);
      scenario_claim(story, times >= 1,
                     "The wire held bytes %u to %u up; %u duplicate ACKs told "
                     "the sender of a gap.",
                     from, from + at->payload - 1, times);
      held++;
      most = times > most ? times : most;
    }
  }
  first_again(run, RUN_CLIENT, &agains);
  uint64_t resent = counted(run, RUN_CLIENT, "TcpRetransSegs");
  uint64_t known = counted(run, RUN_CLIENT, "TcpReorderSeen");
  scenario_claim(story, known == 1,
                 "From the first one the sender learned that this path changes "
                 "the order (TcpReorderSeen is %llu), and waits a quarter of "
                 "a round trip before it calls a segment lost.",
                 (unsigned long long)known);
  scenario_claim(story, held == 2 && most >= 3 && agains == 0 && resent == 0,
                 "So %u duplicate ACKs made it send nothing again (%u segments "
                 "sent twice), where three are enough without RACK.",
                 most, agains);
  all_arrived(story, UINT64_C(14) * 1460);
}

/* --- zero-window ---------------------------------------------------------- */

struct closed {
  const struct record_segment *shut,
      *open; /* window 0; the first other one behind it */
  sim_time probes[8];
  unsigned probe_count;
  unsigned data;                     /* segments with data while it was shut */
  const struct record_segment *next; /* data behind the opening */
};

static void find_closed(const struct scenario_run *run, struct closed *closed) {
  for (const struct record_segment *at = NULL;
       (at = next_of(run, RUN_SERVER, at)) != NULL;) {
    if (at->window == 0 && !closed->shut) {
      closed->shut = at;
    }
    if (closed->shut && at->window && !closed->open) {
      closed->open = at;
    }
  }
  if (!closed->open) {
    return;
  }
  for (const struct record_segment *at = NULL;
       (at = next_of(run, RUN_CLIENT, at)) != NULL;) {
    bool shut =
        at->at > closed->shut->arrived && at->at < closed->open->arrived;
    closed->data += shut && at->payload;
    if (shut && closed->probe_count < 8) {
      closed->probes[closed->probe_count++] = at->at;
    }
    if (at->at > closed->open->arrived && at->payload && !closed->next) {
      closed->next = at;
    }
  }
}

void scenario_claims_zero_window(struct scenario_story *story) {
  struct closed closed = {0};
  find_closed(story->run, &closed);
  if (!closed.open || !closed.next) {
    scenario_claim(story, false, "The window was shut, and opened again.");
    return;
  }
  sim_time shut = closed.shut->arrived, open = closed.open->arrived;
  scenario_claim(story, closed.data == 0,
                 "The window was 0 for %.3f ms; the sender sent %u data "
                 "segments in this time.",
                 scenario_ms(open - shut), closed.data);
  char gaps[128] = "";
  bool rarer = closed.probe_count >= 2;
  sim_time last = shut, gap = 0;
  for (unsigned i = 0; i < closed.probe_count; i++) {
    sim_time this = closed.probes[i] - last;
    size_t len = strlen(gaps);
    snprintf(gaps + len, sizeof(gaps) - len, "%s%.0f", i ? ", " : "",
             scenario_ms(this));
    rarer = rarer && this > gap;
    gap = this;
    last = closed.probes[i];
  }
  uint64_t probes = counted(story->run, RUN_CLIENT, "TcpZeroWindowProbes");
  scenario_claim(story, rarer && probes == closed.probe_count,
                 "%u probes asked for the window, ever less often: after %s "
                 "ms.",
                 closed.probe_count, gaps);
  scenario_claim(story, closed.next->at - open < SIM_MS,
                 "When the application had read, a window update of %u bytes "
                 "told so, and data flowed %.3f us after it came.",
                 closed.open->window,
                 scenario_ms(closed.next->at - open) * 1e3);
  all_arrived(story, 16384);
}

/* --- nagle ---------------------------------------------------------------- */

/* When write() number n from 0 was called. */
static sim_time write_at(const struct scenario_run *run, unsigned n) {
  for (size_t i = 0; i < run->record.note_count; i++) {
    const struct record_note *note = &run->record.notes[i];
    if (note->kind == RECORD_CALL && strcmp(note->name, "write") == 0 &&
        n-- == 0) {
      return note->at;
    }
  }
  return 0;
}

void scenario_claims_nagle(struct scenario_story *story) {
  enum { ALONE, TOGETHER, PLAIN, DATA = 6 };
  const struct scenario_run *run = story->run;
  const struct record_segment *data[DATA] = {0};
  unsigned count = 0;
  for (const struct record_segment *at = NULL;
       (at = next_of(run, RUN_CLIENT, at)) != NULL;) {
    if (at->payload && count < DATA) {
      data[count] = at;
    }
    count += at->payload != 0;
  }
  if (count != DATA) {
    scenario_claim(story, false, "8 writes made %u segments, not %d.", count,
                   DATA);
    return;
  }
  const struct record_segment *ack = next_of(run, RUN_SERVER, NULL);
  while (ack && ack->ack != data[TOGETHER]->seq) {
    ack = next_of(run, RUN_SERVER, ack);
  }
  scenario_claim(story, data[ALONE]->payload == 100,
                 "The first write of 100 bytes left at once, %.3f us after the "
                 "call: nothing was unacknowledged.",
                 scenario_ms(data[ALONE]->at - write_at(run, 0)) * 1e3);
  sim_time answer = ack ? ack->arrived : SIM_NEVER;
  scenario_claim(
      story,
      data[TOGETHER]->payload == 300 && data[TOGETHER]->at > answer &&
          data[TOGETHER]->at - answer < 100 * SIM_US,
      "The next three waited, the first of them %.3f ms, until the "
      "ACK of the first came, and left %.3f us later in one segment "
      "of %u bytes.",
      scenario_ms(data[TOGETHER]->at - write_at(run, 1)),
      scenario_ms(data[TOGETHER]->at - answer) * 1e3, data[TOGETHER]->payload);
  sim_time longest = 0;
  bool single = true;
  for (unsigned i = PLAIN; i < DATA; i++) {
    sim_time held = data[i]->at - write_at(run, i + 2);
    longest = held > longest ? held : longest;
    single = single && data[i]->payload == 100;
  }
  scenario_claim(story, single && longest < 100 * SIM_US,
                 "With TCP_NODELAY four writes made four segments; none waited "
                 "longer than %.3f us.",
                 scenario_ms(longest) * 1e3);
  all_arrived(story, 800);
}

/* --- close ---------------------------------------------------------------- */

/* The states that a host's connection went through, joined by `, `; in how
 * long the one called `of` lasted. */
static void states(const struct scenario_run *run, unsigned host, char *text,
                   size_t size, const char *of, sim_time *lasted) {
  sim_time since = SIM_NEVER;
  text[0] = 0;
  for (size_t i = 0; i < run->record.note_count; i++) {
    const struct record_note *note = &run->record.notes[i];
    if (note->kind != RECORD_STATE || note->host != host) {
      continue;
    }
    size_t len = strlen(text);
    snprintf(text + len, size - len, "%s%s", len ? ", " : "", note->name);
    if (since != SIM_NEVER) {
      *lasted = note->at - since;
      since = SIM_NEVER;
    }
    if (strcmp(note->name, of) == 0) {
      since = note->at;
    }
  }
}

static const struct record_segment *fin_of(const struct scenario_run *run,
                                           unsigned host) {
  const struct record_segment *at = next_of(run, host, NULL);
  while (at && !(at->flags & RECORD_FIN)) {
    at = next_of(run, host, at);
  }
  return at;
}

void scenario_claims_close(struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  char client[160], server[160];
  sim_time lasted = 0, unused;
  states(run, RUN_CLIENT, client, sizeof(client), "TIME-WAIT", &lasted);
  states(run, RUN_SERVER, server, sizeof(server), "", &unused);
  scenario_claim(story,
                 strstr(client,
                        "ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, "
                        "TIME-WAIT, CLOSED") != NULL,
                 "The client closed first: %s.", client);
  scenario_claim(
      story,
      strstr(server, "ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED") != NULL,
      "The server closed second: %s.", server);
  const struct record_segment *first = fin_of(run, RUN_CLIENT);
  const struct record_segment *second = fin_of(run, RUN_SERVER);
  if (!first || !second) {
    scenario_claim(story, false, "Both sent a FIN.");
    return;
  }
  unsigned later = 0;
  for (const struct record_segment *at = first;
       (at = next_of(run, RUN_SERVER, at)) != NULL;) {
    later += at->payload;
  }
  scenario_claim(story, later == 2000 && run->bytes[RUN_CLIENT] == later,
                 "One direction was closed, the other not: the server sent %u "
                 "more bytes behind the client's FIN, which read %llu.",
                 later, (unsigned long long)run->bytes[RUN_CLIENT]);
  sim_time last = 0;
  bool both = acks_of(run, RUN_SERVER, first->seq + record_len(first),
                      SIM_NEVER, &last) &&
              acks_of(run, RUN_CLIENT, second->seq + record_len(second),
                      SIM_NEVER, &last);
  scenario_claim(story, both,
                 "Each FIN took one sequence number and was acknowledged.");
  scenario_claim(story, lasted >= 59 * SIM_S && lasted <= 61 * SIM_S,
                 "The client stayed in TIME-WAIT for %.3f s.",
                 scenario_ms(lasted) / 1e3);
}
