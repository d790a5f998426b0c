/* SPDX-License-Identifier: Apache-2.0 */
/* One packet followed over routers: each hop's stages are there, the byte is
 * not lost sight of where packets are made one, and where it ends is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sim/core/util.h"
#include "tests/cosim/follow.h"

/* Who has it, and the names of whom it passed; times never go back. */
static void check_hops(const struct journey *journey, const char *names) {
  char seen[128] = "";
  size_t len = 0;
  for (unsigned i = 0; i < journey->hop_count; i++) {
    len += (size_t)snprintf(seen + len, sizeof(seen) - len, "%s%s",
                            i ? " " : "", journey->hops[i].name);
  }
  assert_string_equal(seen, names);
  for (unsigned i = 1; i < journey->stage_count; i++) {
    assert_true(journey->stages[i].hop >= journey->stages[i - 1].hop);
    assert_true(journey->stages[i].at >= journey->stages[i - 1].at);
  }
  for (unsigned i = 0; i < journey->segment_count; i++) {
    const struct journey_segment *s = &journey->segments[i];
    sim_time before = journey->asked_to_send;
    for (unsigned k = 0; k < s->link_count; k++) {
      const struct journey_link *link = &s->links[k];
      assert_true(before <= link->out && link->out < link->sent);
      if (k + 1 < s->link_count) {
        assert_true(link->sent <= link->in && link->in < link->arrived);
        assert_true(link->arrived <= link->taken);
      }
      before = link->taken;
    }
  }
}

static unsigned count_stages(const struct journey *journey, const char *title) {
  unsigned count = 0;
  for (unsigned i = 0; i < journey->stage_count; i++) {
    count += strcmp(journey->stages[i].title, title) == 0;
  }
  return count;
}

static bool came_whole(const struct journey *journey) {
  uint32_t payload = 0;
  for (unsigned i = 0; i < journey->segment_count; i++) {
    const struct journey_segment *s = &journey->segments[i];
    payload += s->link_count == journey->hop_count - 1 &&
                       s->input != SIM_NEVER && s->done != SIM_NEVER
                   ? s->payload
                   : 0;
  }
  return payload == journey->payload;
}

static void super_segment_passes_every_stage_of_each_router(void **state) {
  (void)state;
  static const char *const own[] = {
      "write()",      "TCP sends",   "descriptors", "doorbell",
      "fetch: index", "fetch: ring", "fetch: desc", "fetch: table",
      "DMA: data",    "cut and",     "on the wire", "delay"};
  static const char *const routers[] = {
      "MAC receives", "DMA: frame",  "used ring",   "interrupt",
      "driver takes", "IP forwards", "descriptors", "doorbell",
      "fetch: index", "fetch: ring", "fetch: desc", "DMA: data",
      "checksum",     "on the wire", "delay"};
  static const char *const last[] = {
      "MAC receives", "DMA: frame",   "used ring", "interrupt",
      "driver takes", "TCP receives", "read()"};
  const char *titles[64];
  struct follow fixture;
  struct journey journey;
  follow_run(&fixture,
             "download --bytes 100000 --no-compare --explain largest "
             "--topology client+-+r1+-+r2+-+server");
  follow_packet(&fixture, &journey, "largest");
  memcpy(titles, own, sizeof(own));
  unsigned count = PH_ARRAY_LEN(own);
  for (int router = 0; router < 2; router++) {
    memcpy(titles + count, routers, sizeof(routers));
    count += (unsigned)PH_ARRAY_LEN(routers);
  }
  memcpy(titles + count, last, sizeof(last));
  count += (unsigned)PH_ARRAY_LEN(last);
  follow_check_titles(&journey, titles, count);
  check_hops(&journey, "server r2 r1 client");
  assert_true(journey.complete && came_whole(&journey));
  assert_int_equal(journey.gso_size, 1460);
  follow_done(&fixture);
}

/* Which NICs, offloads, families and ways there are: all of it arrives. */
static void way_is_complete_over_any_kind_of_router(void **state) {
  (void)state;
  static const struct {
    const char *line, *hops;
  } runs[] = {
      {"download --nic soft --topology client+-+r1+-+server",
       "server r1 client"},
      {"throughput --topology client+-+r1(nic=soft)+-+r2+-+server",
       "client r1 r2 server"},
      {"download -6 --nic soft --topology client+-+r1+-+server",
       "server r1 client"},
      {"download --nic soft --offload none --topology a+-+b+-+c+-+d",
       "d c b a"},
      {"throughput --nic soft --from d --to a --topology a+-+b+-+c,+d;+c+-+b",
       "d b a"},
      {"download --nic soft --topology client+-+r(lro=yes)+-+server(lro=yes)",
       "server r client"},
  };
  for (size_t i = 0; i < PH_ARRAY_LEN(runs); i++) {
    struct follow fixture;
    struct journey journey;
    char line[200], number[16];
    snprintf(line, sizeof(line), "%s --bytes 200000 --no-compare --explain 1",
             runs[i].line);
    follow_run(&fixture, line);
    follow_packet(&fixture, &journey, "1");
    unsigned count = journey.count;
    for (unsigned n = 1; n <= count; n++) {
      snprintf(number, sizeof(number), "%u", n);
      follow_packet(&fixture, &journey, number);
      check_hops(&journey, runs[i].hops);
      assert_true(journey.complete && came_whole(&journey));
      assert_int_equal(count_stages(&journey, "IP forwards"),
                       journey.hop_count - 2);
    }
    follow_done(&fixture);
  }
}

/* What LRO makes one packet of is in a packet of one name from there on. */
static void coalesced_segments_are_followed_and_keep_their_size(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char number[16];
  unsigned forwarded = 0, renamed = 0;
  follow_run(&fixture,
             "download --nic soft --bytes 2000000 --no-compare --explain 1 "
             "--topology client+-+r1(lro=yes)+-+r2(lro=yes)+-+server");
  follow_packet(&fixture, &journey, "1");
  for (unsigned n = journey.count; n >= 1; n--) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    assert_true(journey.complete && came_whole(&journey));
    for (unsigned i = 0; i < journey.stage_count; i++) {
      const char *text = journey.stages[i].text;
      forwarded += strstr(text, "its gso_size of 1460 goes with it") != NULL;
    }
    for (unsigned i = 0; i < journey.segment_count; i++) {
      renamed += journey.segments[i].links[2].id != journey.id;
    }
  }
  assert_true(forwarded > 0 && renamed > 0);
  follow_done(&fixture);
}

static void way_over_as_many_hosts_as_there_may_be_is_whole(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char line[512];
  size_t len = (size_t)snprintf(
      line, sizeof(line),
      "download --nic soft --bytes 50000 --no-compare --explain largest "
      "--topology h0");
  for (int i = 1; i < SIM_HOSTS; i++) {
    len += (size_t)snprintf(line + len, sizeof(line) - len, "+-+h%d", i);
  }
  follow_run(&fixture, line);
  follow_packet(&fixture, &journey, "largest");
  assert_int_equal(journey.hop_count, SIM_HOSTS);
  assert_int_equal(count_stages(&journey, "IP forwards"), SIM_HOSTS - 2);
  assert_true(journey.complete && came_whole(&journey));
  assert_true(journey.stage_count <= JOURNEY_STAGES);
  follow_done(&fixture);
}

static void way_ends_where_a_link_lost_it(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char number[16];
  unsigned lost = 0, said = 0;
  follow_run(&fixture,
             "download --nic soft --bytes 300000 --no-compare --explain 1 "
             "--topology client+-+r1+-[loss=0.1]-+r2+-+server");
  follow_packet(&fixture, &journey, "1");
  for (unsigned n = 1; n <= journey.count; n++) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    for (unsigned i = 0; i < journey.segment_count; i++) {
      const struct journey_segment *s = &journey.segments[i];
      bool here = s->link_count == 2 && s->links[1].in == SIM_NEVER;
      assert_true(here || s->links[s->link_count - 1].in != SIM_NEVER);
      lost += here;
      said += here && i == 0;
      assert_int_equal(here && i == 0, i == 0 && journey.end[0] != 0);
    }
    if (journey.end[0]) {
      assert_non_null(strstr(journey.end, "the wire lost"));
      assert_int_equal(journey.stages[journey.stage_count - 1].hop, 1);
    }
  }
  /* Right end to left end: from r2 to r1. */
  assert_int_equal(lost, fixture.transfer.run.links[1][1].lost);
  assert_true(lost > 2 && said > 0);
  follow_done(&fixture);
}

static void way_ends_at_a_router_whose_next_link_is_too_short(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  char number[16];
  unsigned ended = 0;
  follow_run(&fixture,
             "download --nic soft --bytes 100000 --no-compare --explain 1 "
             "--topology client+-+r1+-[mtu=1300]-+r2+-+server");
  follow_packet(&fixture, &journey, "1");
  for (unsigned n = 1; n <= journey.count; n++) {
    snprintf(number, sizeof(number), "%u", n);
    follow_packet(&fixture, &journey, number);
    if (journey.segments[0].frame > 1300 + 18) {
      check_hops(&journey, "server r2");
      assert_non_null(strstr(journey.end, "IP in r2 did not forward it"));
      assert_non_null(strstr(journey.end, "MTU"));
      assert_false(journey.complete);
      ended++;
    } else {
      assert_true(journey.complete && came_whole(&journey));
    }
  }
  assert_true(ended > 0 && ended < journey.count);
  follow_done(&fixture);
}

static void queue_of_a_slow_link_is_a_stage(void **state) {
  (void)state;
  struct follow fixture;
  struct journey journey;
  follow_run(
      &fixture,
      "download --nic soft --bytes 300000 --no-compare --explain slowest "
      "--topology client+-[rate=100Mbps+delay=1ms]-+r1+-+server");
  follow_packet(&fixture, &journey, "slowest");
  assert_true(journey.complete);
  assert_int_equal(count_stages(&journey, "queue of the link"), 1);
  for (unsigned i = 0; i < journey.stage_count; i++) {
    const struct journey_stage *stage = &journey.stages[i];
    if (strcmp(stage->title, "queue of the link") == 0) {
      assert_int_equal(stage->hop, 1);
      assert_non_null(strstr(stage->text, "100 Mb/s"));
      assert_true(stage->at - journey_before(&journey, i) > SIM_MS);
      assert_int_equal(stage[1].at - stage->at, SIM_MS);
    }
  }
  follow_done(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(super_segment_passes_every_stage_of_each_router),
      cmocka_unit_test(way_is_complete_over_any_kind_of_router),
      cmocka_unit_test(coalesced_segments_are_followed_and_keep_their_size),
      cmocka_unit_test(way_over_as_many_hosts_as_there_may_be_is_whole),
      cmocka_unit_test(way_ends_where_a_link_lost_it),
      cmocka_unit_test(way_ends_at_a_router_whose_next_link_is_too_short),
      cmocka_unit_test(queue_of_a_slow_link_is_a_stage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
