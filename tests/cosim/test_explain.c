/* SPDX-License-Identifier: Apache-2.0 */
/* One packet followed from write() to read(): every stage is there, in order,
 * the durations sum up, every byte that the NIC read is accounted for, and
 * looking changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/core/util.h"
#include "sim/tool/commands.h"
#include "sim/explain/journey.h"
#include "sim/run/transfer.h"
#include "tests/cosim/command.h"
#include "tests/cosim/follow.h"

enum { TEXT = 32768 };
#define PICTURE "build/test/explain.svg"

/* --- Stages --------------------------------------------------------------- */

static void check_stages(const struct journey *journey,
                         const char *const *titles, unsigned count) {
  follow_check_titles(journey, titles, count);
  for (unsigned i = 1; i < count; i++) {
    assert_true(journey->stages[i].place >= journey->stages[i - 1].place);
  }
}

static void rtl_super_segment_passes_every_stage_in_order(void **state) {
  (void)state;
  static const char *const titles[] = {"write()",
                                       "TCP sends",
                                       "descriptors",
                                       "doorbell",
                                       "fetch: index",
                                       "fetch: ring entry",
                                       "fetch: descriptor",
                                       "fetch: table",
                                       "DMA: data",
                                       "cut and checksum",
                                       "on the wire",
                                       "delay",
                                       "MAC receives",
                                       "DMA: frame",
                                       "used ring",
                                       "interrupt",
                                       "driver takes",
                                       "TCP receives",
                                       "read()"};
  struct follow fixture;
  struct journey journey;
  follow_run(&fixture,
             "download --bytes 100000 --mem-latency 500 --explain largest");
  follow_packet(&fixture, &journey, "largest");
  assert_true(journey.complete);
  assert_int_equal(journey.gso_size, 1460);
  check_stages(&journey, titles, PH_ARRAY_LEN(titles));
  follow_done(&fixture);
}

static void soft_super_segment_passes_the_stages_that_are_there(void **state) {
  (void)state;
  static const char *const titles[] = {
      "write()",      "TCP sends",    "handed over",  "frame starts",
      "on the wire",  "delay",        "MAC receives", "interrupt",
      "driver takes", "TCP receives", "read()"};
  struct follow fixture;
  struct journey journey;
  follow_run(&fixture, "download --bytes 300000 --nic soft --explain largest");
  follow_packet(&fixture, &journey, "largest");
  assert_true(journey.complete);
  check_stages(&journey, titles, PH_ARRAY_LEN(titles));
  follow_done(&fixture);
}

static void segments_are_in_order_and_carry_the_whole_packet(void **state) {
  (void)state;
  static const char *const lines[] = {
      "download --bytes 100000 --explain largest",
      "download --bytes 100000 --offload csum --explain largest",
      "throughput --bytes 100000 --explain largest",
  };
  for (size_t k = 0; k < PH_ARRAY_LEN(lines); k++) {
    struct follow fixture;
    struct journey journey;
    follow_run(&fixture, lines[k]);
    follow_packet(&fixture, &journey, "largest");
    uint32_t seq = journey.seq;
    assert_true(journey.segment_count > 4);
    for (unsigned i = 0; i < journey.segment_count; i++) {
      const struct journey_segment *s = &journey.segments[i];
      const struct journey_link *link = &s->links[0];
      assert_int_equal(s->link_count, 1);
      assert_int_equal(s->seq, seq);
      seq += s->payload;
      const sim_time times[] = {
          link->asked,   link->fetched, link->out, link->sent, link->in,
          link->arrived, link->taken,   s->input,  s->read,    s->done};
      for (size_t t = 1; t < PH_ARRAY_LEN(times); t++) {
        assert_true(times[t - 1] <= times[t]);
      }
      assert_true(link->in <= link->stored && link->stored < link->written);
      assert_true(link->written <= link->taken && s->done != SIM_NEVER);
      /* Its bytes at 10 Gb/s, and the preamble's. */
      assert_int_equal(link->sent - link->out, (s->frame + 8) * 800);
    }
    assert_int_equal(seq - journey.seq, journey.payload);
    follow_done(&fixture);
  }
}

static void every_packet_is_found_by_number_and_by_id(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey, same;
  char number[32];
  uint64_t bytes = 0;
  follow_run(&fixture, "download --bytes 60000 --explain first");
  follow_packet(&fixture, &journey, "first");
  assert_int_equal(journey.number, 1);
  for (unsigned n = 1; n <= journey.count; n++) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    assert_int_equal(journey.number, n);
    assert_true(journey.complete);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)journey.id);
    follow_packet(&fixture, &same, number);
    assert_int_equal(same.number, n);
    bytes += journey.payload;
  }
  /* The file, and the head of the HTTP response. */
  assert_true(bytes > 60000 && bytes < 60300);
  follow_done(&fixture);
}

static void slowest_packet_is_slower_than_all(void **state) {
  (void)state;
  struct follow fixture;
  struct journey slowest, journey;
  char number[32];
  follow_run(&fixture, "download --bytes 200000 --nic soft --explain slowest");
  follow_packet(&fixture, &slowest, "slowest");
  for (unsigned n = 1; n <= slowest.count; n++) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    assert_true(journey_end(&journey) - journey.start <=
                journey_end(&slowest) - slowest.start);
  }
  follow_done(&fixture);
}

/* --- What the timeline says ----------------------------------------------- */

static void every_byte_that_the_nic_reads_has_one_packet(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char number[32];
  follow_run(&fixture, "download --bytes 150000 --explain first");
  follow_packet(&fixture, &journey, "first");
  size_t count;
  const struct timeline_event *events =
      timeline_events(fixture.transfer.run.timeline, &count);
  for (unsigned n = 1; n <= journey.count; n++) {
    uint64_t read = 0, frames = 0;
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    for (size_t i = 0; i < count; i++) {
      const struct timeline_event *event = &events[i];
      assert_true(!i || events[i - 1].begin <= event->begin);
      if (event->packet == journey.id) {
        bool data = strcmp(event->name, "transmit data") == 0;
        bool taken = strcmp(event->name, "rx_used") == 0;
        read += data ? event->payload : 0;
        frames += taken ? event->payload : 0;
      }
    }
    assert_int_equal(read, journey.payload);
    assert_int_equal(frames, journey.payload);
  }
  follow_done(&fixture);
}

static void looking_changes_no_event(void **state) {
  (void)state;
  static const char *const nics[2] = {"rtl", "soft"};
  for (int i = 0; i < 2; i++) {
    uint64_t hash[3];
    for (int k = 0; k < 3; k++) {
      static const char *const looks[3] = {
          "", "--explain slowest",
          "--explain 2 --timeline build/test/explain.json"};
      struct follow fixture;
      char line[200];
      snprintf(line, sizeof(line),
               "download --bytes 60000 --nic %s --wire loss=0.02 %s %s",
               nics[i], i ? "--topology client+-+r+-+server" : "", looks[k]);
      follow_run(&fixture, line);
      hash[k] = fixture.transfer.run.event_hash;
      follow_done(&fixture);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_int_equal(hash[0], hash[2]);
  }
  assert_int_equal(
      system("python3 -c 'import json; json.load(open(\"build/test/"
             "explain.json\"))'"),
      0);
  remove("build/test/explain.json");
}

static void lost_segment_ends_the_way_with_a_reason(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char number[32];
  unsigned lost = 0;
  follow_run(&fixture,
             "download --bytes 60000 --wire server>client:+drop=5 --explain "
             "first");
  follow_packet(&fixture, &journey, "first");
  for (unsigned n = 1; n <= journey.count; n++) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    for (unsigned i = 0; i < journey.segment_count; i++) {
      const struct journey_segment *s = &journey.segments[i];
      lost += s->links[0].in == SIM_NEVER;
      /* Sent again, the bytes are read all the same. */
      assert_true(s->done != SIM_NEVER);
    }
    assert_int_equal(journey.complete, journey.end[0] == 0);
    if (journey.segments[0].links[0].in == SIM_NEVER) {
      assert_non_null(strstr(journey.end, "the wire lost"));
    }
  }
  assert_int_equal(lost, 1);
  follow_done(&fixture);
}

/* --- Text and picture ----------------------------------------------------- */

static void durations_in_the_text_sum_up_to_its_total(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  static char text[TEXT];
  struct command_capture capture;
  follow_run(&fixture, "download --bytes 100000 --explain largest");
  follow_packet(&fixture, &journey, "largest");
  command_capture(&capture, STDOUT_FILENO);
  journey_print(&journey);
  command_captured(&capture, text, TEXT);
  double sum = 0, share = 0, total = 0;
  unsigned rows = 0, width = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *plus = strstr(line, " +"), *percent = strstr(line, " % ");
    if (plus && percent) {
      sum += strtod(plus + 2, NULL);
      share += strtod(percent - 5, NULL);
      rows++;
    }
    if (strncmp(line, "      total", 11) == 0) {
      total = strtod(line + 11, NULL);
    }
    width = ph_max_u32(width, (uint32_t)strlen(line));
  }
  assert_int_equal(rows, journey.stage_count);
  assert_true(width <= 100);
  assert_true(sum > total - 0.02 && sum < total + 0.02);
  assert_true(share > 99 && share < 101);
  follow_done(&fixture);
}

static bool file_has(const char *path, const char *words) {
  static char text[1 << 18];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof(text) - 1, file)] = 0;
  fclose(file);
  return strstr(text, words) != NULL;
}

static void picture_is_well_formed_and_shows_each_stage(void **state) {
  (void)state;
  static const char *const lines[] = {
      "download --bytes 100000 --mem-latency 500 --explain largest",
      "download --bytes 2000000 --nic soft --explain largest",
      "download --bytes 10 --explain first",
      "download --bytes 60000 --offload none --explain largest",
      ("download --bytes 60000 --explain largest --topology "
       "client+-+r1(nic=soft)+-+r2+-+server"),
  };
  for (size_t k = 0; k < PH_ARRAY_LEN(lines); k++) {
    struct follow fixture;
    struct journey journey;
    follow_run(&fixture, lines[k]);
    follow_packet(&fixture, &journey, fixture.options.explain);
    assert_true(journey_draw(&journey, PICTURE));
    assert_int_equal(system("python3 -c 'import xml.dom.minidom as m; "
                            "m.parse(\"" PICTURE "\")'"),
                     0);
    for (unsigned i = 0; i < journey.stage_count; i++) {
      char words[64];
      snprintf(words, sizeof(words), ">%s<", journey.stages[i].title);
      assert_true(file_has(PICTURE, words));
    }
    /* Everything is in the file itself. */
    assert_false(file_has(PICTURE, "href"));
    assert_false(file_has(PICTURE, "<script"));
    assert_false(file_has(PICTURE, "nan"));
    follow_done(&fixture);
  }
  remove(PICTURE);
}

static void packet_that_is_not_there_gets_one_sentence_and_status_1(
    void **state) {
  (void)state;
  static char text[TEXT];
  assert_int_equal(
      command_run(command_transfer,
                  "download --bytes 5000 --nic soft --explain 4711",
                  STDERR_FILENO, text, TEXT),
      1);
  size_t len = strlen(text);
  assert_int_equal(strncmp(text, "packhorse: --explain 4711: ", 27), 0);
  assert_ptr_equal(strchr(text, '\n'), text + len - 1);
  assert_int_equal(text[len - 2], '.');
}

static void picture_that_can_not_be_written_is_said(void **state) {
  (void)state;
  static char text[TEXT], report[TEXT];
  struct options options;
  struct command_capture capture, out;
  assert_int_equal(command_parse(&options,
                                 "download --bytes 5000 --nic soft --explain 1 "
                                 "--picture no/such/p.svg"),
                   0);
  command_capture(&out, STDOUT_FILENO);
  command_capture(&capture, STDERR_FILENO);
  int status = command_transfer(&options);
  command_captured(&capture, text, TEXT);
  command_captured(&out, report, TEXT);
  assert_int_equal(status, 1);
  assert_non_null(strstr(text, "--picture no/such/p.svg: "));
  assert_non_null(strstr(report, "write()"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rtl_super_segment_passes_every_stage_in_order),
      cmocka_unit_test(soft_super_segment_passes_the_stages_that_are_there),
      cmocka_unit_test(segments_are_in_order_and_carry_the_whole_packet),
      cmocka_unit_test(every_packet_is_found_by_number_and_by_id),
      cmocka_unit_test(slowest_packet_is_slower_than_all),
      cmocka_unit_test(every_byte_that_the_nic_reads_has_one_packet),
      cmocka_unit_test(looking_changes_no_event),
      cmocka_unit_test(lost_segment_ends_the_way_with_a_reason),
      cmocka_unit_test(durations_in_the_text_sum_up_to_its_total),
      cmocka_unit_test(picture_is_well_formed_and_shows_each_stage),
      cmocka_unit_test(packet_that_is_not_there_gets_one_sentence_and_status_1),
      cmocka_unit_test(picture_that_can_not_be_written_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
