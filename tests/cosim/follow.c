/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "tests/cosim/command.h"

void follow_run(struct follow *follow, const char *line) {
  assert_int_equal(command_parse(&follow->options, line), 0);
  assert_int_equal(transfer_run(&follow->transfer, &follow->options, false), 0);
  assert_true(follow->transfer.ok);
}

void follow_packet(struct follow *follow, struct journey *journey,
                   const char *which) {
  follow->options.explain = which;
  assert_true(
      journey_find(journey, &follow->options, follow->transfer.run.timeline));
}

void follow_done(struct follow *follow) {
  assert_true(run_close_timeline(&follow->transfer.run));
}

void follow_check_titles(const struct journey *journey,
                         const char *const *titles, unsigned count) {
  sim_time sum = 0;
  assert_int_equal(journey->stage_count, count);
  for (unsigned i = 0; i < count; i++) {
    const struct journey_stage *stage = &journey->stages[i];
    const char *found = strstr(stage->title, titles[i]);
    if (!found) {
      fail_msg("stage %u is '%s', not '%s'", i + 1, stage->title, titles[i]);
    }
    assert_true(stage->at >= journey_before(journey, i));
    assert_true(strlen(stage->text) > 20);
    assert_int_equal(stage->text[strlen(stage->text) - 1], '.');
    assert_int_equal(access(stage->source, R_OK), 0);
    sum += stage->at - journey_before(journey, i);
  }
  assert_true(sum > 0);
  assert_int_equal(sum, journey_end(journey) - journey->start);
}
