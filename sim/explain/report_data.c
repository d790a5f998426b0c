/* SPDX-License-Identifier: Apache-2.0 */
/* The run as JSON: tables of numbers, whose columns report.js names again.
 * Times are nanoseconds since the first segment; sequence numbers are relative.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/explain/journey.h"
#include "sim/explain/report.h"

enum {
  MOST_SEGMENTS = 9000, /* of one run: the page stays below 2 MB */
  MOST_SAMPLES = 6000,
  MOST_JOURNEYS = 48,
  CYCLE_PS = 6400,
};

struct writer {
  FILE *file;
  struct report_side side;
  unsigned sender;
  sim_time start;
};

static void put_text(FILE *file, const char *text) {
  fputc('"', file);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\' || c == '<' || c == '>' || c < 0x20 || c > 0x7e) {
      fprintf(file, "\\u%04x", c);
    } else {
      fputc(c, file);
    }
  }
  fputc('"', file);
}

/* -1: never. */
static long long ns(const struct writer *writer, sim_time time) {
  return time == SIM_NEVER
             ? -1
             : ((long long)time - (long long)writer->start) / (long long)SIM_NS;
}

static void separate(FILE *file, size_t count) {
  fputs(count ? ",\n" : "\n", file);
}

/* --- Segments ------------------------------------------------------------- */

static void put_sacks(const struct writer *writer,
                      const struct record_segment *segment) {
  const struct record *record = writer->side.record;
  fputc('[', writer->file);
  for (unsigned i = 0; i < segment->sack_count; i++) {
    fprintf(writer->file, "%s[%u,%u]", i ? "," : "",
            record_ack(record, segment, segment->sack[i][0]),
            record_ack(record, segment, segment->sack[i][1]));
  }
  fputc(']', writer->file);
}

/* Those on the wire, at their sender:
 * [from, at, arrived, seq, payload, ack, window, flags, marks, again, packet,
 *  bytes, sacks] */
static size_t put_segments(const struct writer *writer) {
  const struct record *record = writer->side.record;
  uint32_t high[RECORD_HOSTS] = {0, 0};
  size_t count = 0, left_out = 0;
  fputs("\"segments\":[", writer->file);
  for (size_t i = 0; i < record->segment_count; i++) {
    const struct record_segment *segment = &record->segments[i];
    if (!record_on_wire(segment)) {
      continue;
    }
    if (count == MOST_SEGMENTS) {
      left_out++;
      continue;
    }
    uint32_t seq = record_seq(record, segment);
    uint32_t end = seq + record_len(segment);
    bool again = record_len(segment) && seq < high[segment->from];
    high[segment->from] = end > high[segment->from] ? end : high[segment->from];
    separate(writer->file, count++);
    fprintf(writer->file, "[%u,%lld,%lld,%u,%u,%u,%u,%u,%u,%d,%" PRIu64 ",%u,",
            segment->from, ns(writer, segment->at),
            ns(writer, segment->arrived), seq, segment->payload,
            segment->flags & RECORD_ACK
                ? record_ack(record, segment, segment->ack)
                : 0,
            segment->window, segment->flags, segment->marks, again, segment->id,
            segment->bytes);
    put_sacks(writer, segment);
    fputc(']', writer->file);
  }
  fputs("],\n", writer->file);
  return left_out;
}

/* What the sender's stack handed to the NIC: [packet, at, seq, payload, bytes]
 */
static void put_packets(const struct writer *writer) {
  const struct record *record = writer->side.record;
  size_t count = 0;
  fputs("\"packets\":[", writer->file);
  for (size_t i = 0; i < record->segment_count && count < MOST_SEGMENTS; i++) {
    const struct record_segment *segment = &record->segments[i];
    if (segment->place == RECORD_HOST_TX && segment->payload &&
        segment->from == writer->sender) {
      separate(writer->file, count++);
      fprintf(writer->file, "[%" PRIu64 ",%lld,%u,%u,%u]", segment->id,
              ns(writer, segment->at), record_seq(record, segment),
              segment->payload, segment->bytes);
    }
  }
  fputs("],\n", writer->file);
}

/* [host, at, cwnd, ssthresh, snd_wnd, rcv_wnd, send_queue, recv_queue]; if
 * there are too many, only every n-th. */
static void put_samples(const struct writer *writer) {
  const struct record *record = writer->side.record;
  size_t count = 0, step = record->sample_count / MOST_SAMPLES + 1;
  fputs("\"samples\":[", writer->file);
  for (size_t i = 0; i < record->sample_count; i += step) {
    const struct record_sample *sample = &record->samples[i];
    if (sample->at < writer->start) {
      continue;
    }
    separate(writer->file, count++);
    fprintf(writer->file, "[%u,%lld,%u,%u,%u,%u,%u,%u]", sample->host,
            ns(writer, sample->at), sample->cwnd, sample->ssthresh,
            sample->snd_wnd, sample->rcv_wnd, sample->send_queue,
            sample->recv_queue);
  }
  fputs("],\n", writer->file);
}

/* --- Journeys ------------------------------------------------------------- */

/* A time of a journey that may not be known. */
static void put_time(const struct writer *writer, sim_time time) {
  if (time == SIM_NEVER) {
    fputs("null", writer->file);
  } else {
    fprintf(writer->file, "%.1f",
            ((double)time - (double)writer->start) / (double)SIM_NS);
  }
}

static void put_stage(const struct writer *writer,
                      const struct journey *journey, unsigned index) {
  const struct journey_stage *stage = &journey->stages[index];
  sim_time took = stage->at - journey_before(journey, index);
  const struct journey_hop *hop = &journey->hops[stage->hop];
  bool over = stage->place == PLACE_WIRE && journey_over_routers(journey);
  char place[64];
  snprintf(place, sizeof(place), "%s%s%s%s%s", journey_place_name(stage->place),
           over ? " from " : "", over ? hop->name : "", over ? " to " : "",
           over ? hop[1].name : "");
  fprintf(writer->file, "%s\n [%u,", index ? "," : "",
          stage->place == PLACE_WIRE         ? 1u
          : stage->hop == 0                  ? 0u
          : hop->host == 1 - journey->sender ? 2u
                                             : 3u);
  put_text(writer->file, place);
  fputc(',', writer->file);
  put_text(writer->file, stage->title);
  fputc(',', writer->file);
  put_time(writer, stage->at);
  fprintf(writer->file, ",%.1f,%.0f,", (double)took / (double)SIM_NS,
          hop->rtl ? (double)took / CYCLE_PS : -1.0);
  put_text(writer->file, stage->text);
  fputc(',', writer->file);
  put_text(writer->file, stage->source);
  fputc(',', writer->file);
  put_text(writer->file, hop->name);
  fputc(']', writer->file);
}

static void put_journey(const struct writer *writer,
                        const struct journey *journey) {
  fprintf(writer->file,
          "{\"number\":%u,\"packet\":%" PRIu64
          ",\"payload\":%u,\"gso\":%u,\"complete\":%s,\"start\":",
          journey->number, journey->id, journey->payload, journey->gso_size,
          journey->complete ? "true" : "false");
  put_time(writer, journey->start);
  fputs(",\"end\":", writer->file);
  put_text(writer->file, journey->end);
  fputs(",\"stages\":[", writer->file);
  for (unsigned i = 0; i < journey->stage_count; i++) {
    put_stage(writer, journey, i);
  }
  fputs("]}", writer->file);
}

/* All packets, or so many of them, evenly apart. */
static void put_journeys(const struct writer *writer) {
  struct run *run = (struct run *)&writer->side.transfer->run;
  struct options options = *run->options;
  struct journey *journey = sim_alloc(sizeof(*journey));
  char number[16];
  fputs("\"journeys\":[", writer->file);
  options.explain = "first";
  if (run->timeline && journey_find(journey, &options, run->timeline)) {
    unsigned count = journey->count;
    unsigned shown = count < MOST_JOURNEYS ? count : MOST_JOURNEYS;
    for (unsigned i = 0; i < shown; i++) {
      snprintf(number, sizeof(number), "%u",
               1 + (unsigned)((uint64_t)i * (count - 1) /
                              (shown > 1 ? shown - 1 : 1)));
      options.explain = number;
      if (journey_find(journey, &options, run->timeline)) {
        separate(writer->file, i);
        put_journey(writer, journey);
      }
    }
  }
  fputs("],\n", writer->file);
  free(journey);
}

/* --- Numbers -------------------------------------------------------------- */

/* Over all hosts. */
#define STAT(transfer, field)                       \
  ((double)run_sum(&(transfer)->run.stats[0].field, \
                   sizeof((transfer)->run.stats[0])))
#define HOSTS(transfer, field)                     \
  ((double)run_sum(&(transfer)->run.host[0].field, \
                   sizeof((transfer)->run.host[0])))

enum { FIGURES = 11 };

static void fill(const struct transfer *transfer, double value[FIGURES]) {
  const struct run *run = &transfer->run;
  unsigned at = 0;
  value[at++] = transfer_goodput_bps(transfer) / 1e9;
  value[at++] = (double)(transfer->finished_ns - transfer->started_ns) / 1e6;
  value[at++] = (double)run_host_ns(run) / (double)transfer->bytes;
  value[at++] = HOSTS(transfer, packets);
  value[at++] = HOSTS(transfer, super_segments);
  value[at++] = STAT(transfer, SwSegments);
  value[at++] = STAT(transfer, SwChecksumBytes);
  value[at++] = STAT(transfer, SwVerifyBytes);
  value[at++] = HOSTS(transfer, interrupts);
  value[at++] =
      HOSTS(transfer, register_reads) + HOSTS(transfer, register_writes);
  value[at++] = STAT(transfer, TcpRetransSegs);
}

/* [name, unit, digits, with, without] */
static void put_figures(const struct writer *writer, struct report_side plain) {
  static const struct {
    const char *name, *unit;
    int digits;
  } names[FIGURES] = {
      {"goodput", "Gb/s", 3},
      {"connect() to the last read()", "ms", 3},
      {"host time", "ns per byte", 4},
      {"packets handed to the NICs", "", 0},
      {"of these, super-segments", "", 0},
      {"segments cut by software", "", 0},
      {"bytes summed by software", "", 0},
      {"bytes verified by software", "", 0},
      {"interrupts", "", 0},
      {"register accesses", "", 0},
      {"segments sent again", "", 0},
  };
  double with[FIGURES], without[FIGURES] = {0};
  fill(writer->side.transfer, with);
  if (plain.transfer) {
    fill(plain.transfer, without);
  }
  fputs("\"figures\":[", writer->file);
  for (unsigned i = 0; i < FIGURES; i++) {
    separate(writer->file, i);
    fprintf(writer->file, "[\"%s\",\"%s\",%d,%.6g", names[i].name,
            names[i].unit, names[i].digits, with[i]);
    if (plain.transfer) {
      fprintf(writer->file, ",%.6g", without[i]);
    }
    fputc(']', writer->file);
  }
  fputs("],\n", writer->file);
}

/* A counter of all hosts: `first` is that of host 0. */
static void put_counter(const struct writer *writer, size_t *count,
                        const char *name, const uint64_t *first) {
  const struct run *run = &writer->side.transfer->run;
  if (run_sum(first, sizeof(run->stats[0])) == 0) {
    return;
  }
  separate(writer->file, (*count)++);
  fprintf(writer->file, "[\"%s\"", name);
  for (unsigned i = 0; i < run->topology.host_count; i++) {
    uint64_t value;
    memcpy(&value, (const char *)first + i * sizeof(run->stats[0]),
           sizeof(value));
    fprintf(writer->file, ",%" PRIu64, value);
  }
  fputc(']', writer->file);
}

/* Those that are not 0: [name, and of each host] */
static void put_counters(const struct writer *writer) {
  const struct run *run = &writer->side.transfer->run;
  size_t count = 0;
  fputs("\"counters\":[", writer->file);
#define X(name, text) put_counter(writer, &count, #name, &run->stats[0].name);
  PH_STATS_MAP(X)
#undef X
  fputs("],\n", writer->file);
}

/* --- Hosts and links ------------------------------------------------------ */

static void put_hosts(const struct writer *writer) {
  const struct topology *topology = &writer->side.transfer->run.topology;
  fputs("\"hosts\":[", writer->file);
  for (unsigned i = 0; i < topology->host_count; i++) {
    separate(writer->file, i);
    put_text(writer->file, topology->hosts[i].name);
  }
  fputs("],\n", writer->file);
}

/* [name, bits per second, delay, frames, of these lost, on the way of the data,
 *  [[at, bytes that wait] ...]] */
static void put_link(const struct writer *writer, unsigned link,
                     unsigned direction) {
  const struct run *run = &writer->side.transfer->run;
  const struct topology *topology = &run->topology;
  const struct sim_link_config *config = &topology->links[link];
  const struct link_stats *stats = &run->links[link][direction];
  const uint64_t *payload = &stats->kind_bytes[FRAME_KIND_DATA];
  const uint64_t *back =
      &run->links[link][1 - direction].kind_bytes[FRAME_KIND_DATA];
  struct record_level *points;
  char name[2 * TOPOLOGY_NAME + 8];
  snprintf(name, sizeof(name), "%s > %s",
           topology->hosts[config->end[direction].host].name,
           topology->hosts[config->end[1 - direction].host].name);
  size_t count = record_queue(writer->side.record, link, direction, &points);
  fputc('[', writer->file);
  put_text(writer->file, name);
  fprintf(writer->file, ",%llu,%.0f,%llu,%llu,%d,[",
          (unsigned long long)config->link.rate_bps,
          (double)config->link.delay / (double)SIM_NS,
          (unsigned long long)stats->frames,
          (unsigned long long)(stats->frames - stats->delivered + stats->dup),
          *payload > *back);
  for (size_t i = 0; i < count && i < MOST_SAMPLES; i++) {
    fprintf(writer->file, "%s[%lld,%lld]", i ? "," : "",
            ns(writer, points[i].at), (long long)points[i].bytes);
  }
  fputs("]]", writer->file);
  free(points);
}

/* Of a network with routers. */
static void put_links(const struct writer *writer) {
  const struct run *run = &writer->side.transfer->run;
  const struct topology *topology = &run->topology;
  size_t count = 0;
  fputs("\"links\":[", writer->file);
  for (unsigned i = 0; i < 2 * topology->link_count; i++) {
    if (topology->host_count > RECORD_HOSTS &&
        run->links[i / 2][i % 2].frames) {
      separate(writer->file, count++);
      put_link(writer, i / 2, i % 2);
    }
  }
  fputs("],\n", writer->file);
}

/* --- The whole ------------------------------------------------------------ */

static struct writer writer_for(FILE *file, struct report_side side) {
  const struct record *record = side.record;
  return (struct writer){
      .file = file,
      .side = side,
      .sender = side.transfer->run.options->command == COMMAND_DOWNLOAD
                    ? RUN_SERVER
                    : RUN_CLIENT,
      .start = record->segment_count ? record->segments[0].at : 0};
}

static void put_head(const struct writer *writer, size_t left_out) {
  const struct transfer *transfer = writer->side.transfer;
  const struct options *options = transfer->run.options;
  FILE *file = writer->file;
  fprintf(file,
          "\"command\":\"%s\",\"nic\":\"%s\",\"offload\":\"%s\",\"bytes\":%llu,"
          "\"ok\":%s,\"hash\":\"%016llx\",\"seed\":%llu,\"sender\":%u,"
          "\"rate\":%llu,\"delay\":%.0f,\"mss\":%u,\"left_out\":%zu,"
          "\"sha256\":\"%s\"",
          options->command == COMMAND_DOWNLOAD ? "download" : "throughput",
          options->nic == HOST_NIC_RTL ? "RTL" : "software",
          options_offload_name(options->offload),
          (unsigned long long)transfer->received,
          transfer->ok ? "true" : "false",
          (unsigned long long)transfer->run.event_hash,
          (unsigned long long)options->seed, writer->sender,
          (unsigned long long)options->link.rate_bps,
          (double)options->link.delay / (double)SIM_NS, options_mss(options),
          left_out, transfer->sha256_received);
}

void report_data(FILE *file, struct report_side with,
                 struct report_side plain) {
  struct writer writer = writer_for(file, with);
  fputs("{\n", file);
  put_packets(&writer);
  put_samples(&writer);
  put_journeys(&writer);
  put_figures(&writer, plain);
  put_counters(&writer);
  put_hosts(&writer);
  put_links(&writer);
  size_t left_out = put_segments(&writer);
  if (plain.transfer) {
    struct writer without = writer_for(file, plain);
    fputs("\"plain\":{\n", file);
    put_packets(&without);
    (void)put_segments(&without);
    fputs("\"offload\":\"none\"},\n", file);
  }
  put_head(&writer, left_out);
  fputs("}\n", file);
}
