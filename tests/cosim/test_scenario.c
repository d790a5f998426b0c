/* SPDX-License-Identifier: Apache-2.0 */
/* Each scenario shows what it says it shows, with both kinds of NIC; its
 * diagram is the capture; a run that shows something else is not explained
 * away; recording a run changes nothing of it. */
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
#include "sim/explain/scenario.h"
#include "sim/run/transfer.h"
#include "sim/wire/pcap.h"
#include "tests/cosim/command.h"

#define CAPTURE "build/test/scenario.pcapng"
#define PICTURE "build/test/scenario.svg"

static const char *const NAMES[] = {"handshake",   "loss",  "dupack", "reorder",
                                    "zero-window", "nagle", "close"};
enum { COUNT = sizeof(NAMES) / sizeof(NAMES[0]), FRAMES = 256 };

struct fixture {
  struct options options;
  struct scenario_run run;
  struct scenario_story story;
};

static struct fixture *play(const struct scenario *scenario,
                            const char *options) {
  struct fixture *fixture = sim_alloc(sizeof(*fixture));
  char line[256];
  snprintf(line, sizeof(line), "scenario %s %s", scenario->name, options);
  assert_int_equal(command_parse(&fixture->options, line), 0);
  assert_int_equal(scenario_play(&fixture->run, scenario, &fixture->options),
                   0);
  scenario_tell(&fixture->story, &fixture->run);
  return fixture;
}

static void done(struct fixture *fixture) {
  scenario_free(&fixture->run);
  free(fixture);
}

static void check_holds(const struct fixture *fixture) {
  const struct scenario_story *story = &fixture->story;
  assert_true(story->claim_count >= 4);
  for (unsigned i = 0; i < story->claim_count; i++) {
    if (!story->claims[i].holds) {
      fail_msg("%s: %s", fixture->run.scenario->name, story->claims[i].text);
    }
  }
  assert_true(scenario_holds(story));
  for (unsigned i = 0; i < story->step_count; i++) {
    const struct scenario_step *step = &story->steps[i];
    assert_true(strlen(step->label) > 0);
    assert_true(!step->segment || strlen(step->text) > 5);
    assert_true(i == 0 || step->at >= story->steps[i - 1].at);
  }
}

static void every_scenario_soft_nic_holds(void **state) {
  (void)state;
  for (int i = 0; i < COUNT; i++) {
    struct fixture *fixture = play(scenario_find(NAMES[i]), "--nic soft");
    check_holds(fixture);
    done(fixture);
  }
}

static void every_scenario_over_ipv6_holds(void **state) {
  (void)state;
  for (int i = 0; i < COUNT; i++) {
    struct fixture *fixture = play(scenario_find(NAMES[i]), "--nic soft -6");
    check_holds(fixture);
    /* Every frame is counted by what it carries. */
    const struct link_stats *link = fixture->run.run.link;
    assert_true(link[0].kind_frames[FRAME_KIND_HANDSHAKE] > 0);
    assert_true(link[0].kind_frames[FRAME_KIND_ICMP] > 0); /* ND */
    assert_int_equal(link[0].kind_frames[FRAME_KIND_OTHER], 0);
    done(fixture);
  }
}

static void every_scenario_rtl_nic_holds(void **state) {
  (void)state;
  for (int i = 0; i < COUNT; i++) {
    struct fixture *fixture = play(scenario_find(NAMES[i]), "--nic rtl");
    check_holds(fixture);
    done(fixture);
  }
}

/* --- Against the capture -------------------------------------------------- */

struct frame_seen {
  uint64_t time_ns;
  unsigned from, flags;
  uint32_t seq, ack, payload;
  uint16_t window;
};

static unsigned read_interface(const char *name, unsigned from,
                               struct frame_seen *seen, unsigned count) {
  static uint8_t bytes[1 << 20];
  static struct pcap pcap;
  struct pcap_frame frame;
  FILE *file = fopen(CAPTURE, "rb");
  assert_non_null(file);
  size_t size = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  assert_true(pcap_open(&pcap, bytes, size, name));
  while (pcap_next(&pcap, &frame) == 1) {
    const uint8_t *tcp = frame.data + 34;
    if (frame.len < 54 || frame.data[12] != 8 || frame.data[13] != 0) {
      continue; /* ARP */
    }
    assert_true(count < FRAMES);
    seen[count++] = (struct frame_seen){
        .time_ns = (uint64_t)(frame.time / 1000),
        .from = from,
        .flags = tcp[13],
        .seq = frame_get32(tcp + 4),
        .ack = frame_get32(tcp + 8),
        .payload = frame_get16(frame.data + 16) - 20u - (tcp[12] >> 4) * 4u,
        .window = frame_get16(tcp + 14),
    };
  }
  assert_true(pcap.only_met);
  return count;
}

static unsigned read_capture(struct frame_seen *seen) {
  unsigned count = read_interface("client:wire-tx", RUN_CLIENT, seen, 0);
  return read_interface("server:wire-tx", RUN_SERVER, seen, count);
}

/* Data that went out again. */
static unsigned repeated(const struct frame_seen *seen, unsigned count) {
  unsigned times = 0;
  for (unsigned i = 0; i < count; i++) {
    for (unsigned k = 0; k < i; k++) {
      if (seen[i].payload && seen[k].payload && seen[i].from == seen[k].from &&
          seen[i].seq == seen[k].seq) {
        times++;
        break;
      }
    }
  }
  return times;
}

static void diagram_segments_equal_the_capture(void **state) {
  (void)state;
  static struct frame_seen seen[FRAMES];
  static const unsigned again[COUNT] = {0, 1, 1, 0, 0, 0, 0};
  for (int i = 0; i < COUNT; i++) {
    struct fixture *fixture =
        play(scenario_find(NAMES[i]), "--nic soft --pcapng " CAPTURE);
    unsigned count = read_capture(seen), at[2] = {0, 0}, drawn = 0;
    while (at[1] < count && seen[at[1]].from == RUN_CLIENT) {
      at[1]++;
    }
    for (unsigned k = 0; k < fixture->story.step_count; k++) {
      const struct record_segment *segment = fixture->story.steps[k].segment;
      if (!segment) {
        continue;
      }
      const struct frame_seen *frame = &seen[at[segment->from]++];
      assert_int_equal(frame->from, segment->from);
      assert_int_equal(frame->time_ns, segment->at / SIM_NS);
      assert_int_equal(frame->flags, segment->flags);
      assert_int_equal(frame->seq, segment->seq);
      assert_int_equal(frame->ack, segment->ack);
      assert_int_equal(frame->payload, segment->payload);
      drawn++;
    }
    assert_int_equal(drawn, count);
    assert_int_equal(repeated(seen, count), again[i]);
    done(fixture);
  }
}

static void nagle_writes_leave_as_the_capture_shows(void **state) {
  (void)state;
  static struct frame_seen seen[FRAMES];
  static const uint32_t sizes[] = {100, 300, 100, 100, 100, 100};
  struct fixture *fixture =
      play(scenario_find("nagle"), "--nic soft --pcapng " CAPTURE);
  unsigned count = read_capture(seen), data = 0;
  for (unsigned i = 0; i < count; i++) {
    if (seen[i].payload) {
      assert_true(data < 6);
      assert_int_equal(seen[i].payload, sizes[data++]);
    }
  }
  assert_int_equal(data, 6);
  done(fixture);
}

static void zero_window_capture_has_probes_and_no_data(void **state) {
  (void)state;
  static struct frame_seen seen[FRAMES];
  struct fixture *fixture =
      play(scenario_find("zero-window"), "--nic soft --pcapng " CAPTURE);
  unsigned count = read_capture(seen), probes = 0;
  uint64_t shut = 0, open = 0;
  for (unsigned i = 0; i < count; i++) {
    if (seen[i].from == RUN_SERVER && seen[i].window == 0 && !shut) {
      shut = seen[i].time_ns;
    }
    if (shut && seen[i].from == RUN_SERVER && seen[i].window && !open) {
      open = seen[i].time_ns;
    }
  }
  assert_true(shut && open > shut + 1000000000);
  for (unsigned i = 0; i < count; i++) {
    /* Later than what was on its way when the window closed. */
    if (seen[i].from == RUN_CLIENT && seen[i].time_ns > shut + 2000000 &&
        seen[i].time_ns < open) {
      assert_int_equal(seen[i].payload, 0);
      probes++;
    }
  }
  assert_int_equal(probes, 3);
  done(fixture);
}

/* --- What must not hold --------------------------------------------------- */

static void scenario_without_its_fault_does_not_hold(void **state) {
  (void)state;
  static const char *const names[] = {"loss", "dupack", "reorder"};
  for (int i = 0; i < 3; i++) {
    struct scenario harmless = *scenario_find(names[i]);
    harmless.wire = "rate=100Mbps delay=1ms";
    struct fixture *fixture = play(&harmless, "--nic soft");
    assert_false(scenario_holds(&fixture->story));
    done(fixture);
  }
}

static void scenario_with_more_loss_does_not_hold(void **state) {
  (void)state;
  struct scenario worse = *scenario_find("loss");
  worse.wire = "rate=100Mbps delay=1ms client>server: drop=6,9";
  struct fixture *fixture = play(&worse, "--nic soft");
  assert_false(scenario_holds(&fixture->story));
  done(fixture);
}

static void nagle_switched_off_at_once_does_not_hold(void **state) {
  (void)state;
  struct scenario hasty = *scenario_find("nagle");
  memmove(&hasty.client[2], &hasty.client[1],
          sizeof(hasty.client) - 2 * sizeof(hasty.client[0]));
  hasty.client[1] = (struct scenario_do){ACT_NODELAY, 0};
  struct fixture *fixture = play(&hasty, "--nic soft");
  assert_false(scenario_holds(&fixture->story));
  done(fixture);
}

/* --- What the user gets --------------------------------------------------- */

static unsigned occurrences(const char *text, const char *word) {
  unsigned count = 0;
  for (; (text = strstr(text, word)) != NULL; text++) {
    count++;
  }
  return count;
}

static void command_prints_every_segment_and_draws_it(void **state) {
  (void)state;
  static char text[65536], picture[1 << 18];
  assert_int_equal(command_run(command_scenario,
                               "scenario loss --nic soft --picture " PICTURE,
                               STDOUT_FILENO, text, sizeof(text)),
                   0);
  FILE *file = fopen(PICTURE, "r");
  assert_non_null(file);
  picture[fread(picture, 1, sizeof(picture) - 1, file)] = 0;
  fclose(file);
  struct fixture *fixture = play(scenario_find("loss"), "--nic soft");
  unsigned count = fixture->story.segment_count;
  assert_int_equal(occurrences(picture, "class=\"segment "), count);
  assert_int_equal(occurrences(picture, "segment lost"), 1);
  assert_int_equal(occurrences(picture, "segment again"), 1);
  assert_int_equal(occurrences(picture, "http"), 1); /* the name space */
  assert_int_equal(occurrences(text, "->|") + occurrences(text, "|<-"),
                   count - 1);
  assert_int_equal(occurrences(text, "| lost"), 1);
  assert_non_null(strstr(text, "2921..4380 again"));
  assert_null(strstr(text, "\n  NO "));
  done(fixture);
}

static void recording_a_run_changes_no_event(void **state) {
  (void)state;
  static const char *const line =
      "throughput --bytes 300k --nic soft --wire drop=20";
  static struct transfer plain, watched;
  struct options options;
  struct record record;
  assert_int_equal(command_parse(&options, line), 0);
  assert_int_equal(transfer_run(&plain, &options, false), 0);
  record_init(&record);
  options.record = &record;
  assert_int_equal(transfer_run(&watched, &options, false), 0);
  record_close(&record);
  assert_true(plain.run.event_hash == watched.run.event_hash);
  assert_true(record.segment_count > 500 && record.sample_count > 100);
  record_destroy(&record);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_scenario_soft_nic_holds),
      cmocka_unit_test(every_scenario_over_ipv6_holds),
      cmocka_unit_test(every_scenario_rtl_nic_holds),
      cmocka_unit_test(diagram_segments_equal_the_capture),
      cmocka_unit_test(nagle_writes_leave_as_the_capture_shows),
      cmocka_unit_test(zero_window_capture_has_probes_and_no_data),
      cmocka_unit_test(scenario_without_its_fault_does_not_hold),
      cmocka_unit_test(scenario_with_more_loss_does_not_hold),
      cmocka_unit_test(nagle_switched_off_at_once_does_not_hold),
      cmocka_unit_test(command_prints_every_segment_and_draws_it),
      cmocka_unit_test(recording_a_run_changes_no_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
