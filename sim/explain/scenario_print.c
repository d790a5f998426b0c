/* SPDX-License-Identifier: Apache-2.0 */
/* The diagram in the terminal, the explanation and the claims. */
#include <stdio.h>
#include <string.h>

#include "sim/explain/journey.h"
#include "sim/explain/scenario.h"

enum { MARGIN = 25, CALL = 14, ARROW = 44, WIDTH = 92, INDENT = 6 };

static double since(const struct scenario_story *story, sim_time at) {
  return scenario_ms(at - story->steps[0].at);
}

/* `fill` of dashes with the label near its sender's end. */
static void print_arrow(const struct scenario_step *step) {
  char line[ARROW + 1];
  size_t len = strlen(step->label);
  len = len < ARROW - 6 ? len : ARROW - 6;
  bool left = step->host == RUN_CLIENT;
  bool lost = step->arrived == SIM_NEVER;
  memset(line, '-', ARROW);
  line[ARROW] = 0;
  size_t at = left ? 2 : ARROW - 2 - len;
  line[at - 1] = line[at + len] = ' ';
  memcpy(line + at, step->label, len);
  if (left) {
    memset(line + ARROW - 6, lost ? ' ' : '-', lost ? 6 : 5);
    line[ARROW - 1] = lost ? ' ' : '>';
    line[ARROW - 7] = lost ? 'X' : line[ARROW - 7];
  } else {
    memset(line, lost ? ' ' : '-', lost ? 6 : 1);
    line[0] = lost ? ' ' : '<';
    line[6] = lost ? 'X' : line[6];
  }
  fputs(line, stdout);
}

static void print_row(const struct scenario_story *story,
                      const struct scenario_step *step) {
  bool left = step->host == RUN_CLIENT;
  char here[16], there[16] = "lost";
  snprintf(here, sizeof(here), "%.3f", since(story, step->at));
  if (step->segment) {
    if (step->arrived != SIM_NEVER) {
      snprintf(there, sizeof(there), "%.3f", since(story, step->arrived));
    }
    printf("%4u%c%*s |", step->number, step->notable ? '*' : ' ', MARGIN - 6,
           left ? here : there);
    print_arrow(step);
    printf("| %s\n", left ? there : here);
    return;
  }
  char text[SCENARIO_LABEL + 20];
  snprintf(text, sizeof(text), step->kind == STEP_STATE ? "[%s]" : "%s",
           step->label);
  if (left) {
    printf("%-*s %*s |%*s|\n", CALL, text, MARGIN - CALL - 2, here, ARROW, "");
  } else {
    printf("%*s |%*s| %-10s %s\n", MARGIN - 1, "", ARROW, "", here, text);
  }
}

static void print_text(const char *text) {
  unsigned column = INDENT;
  for (const char *at = text; *at;) {
    size_t len = strcspn(at, " ");
    if (column + len + 1 > WIDTH) {
      printf("\n%*s", INDENT, "");
      column = INDENT;
    }
    printf("%s%.*s", column > INDENT ? " " : "", (int)len, at);
    column += (unsigned)len + (column > INDENT);
    at += len;
    at += strspn(at, " ");
  }
  putchar('\n');
}

void scenario_print(const struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  printf("%s: %s\n\n%*s", run->scenario->name, run->scenario->title, INDENT,
         "");
  print_text(run->scenario->idea);
  printf("\n%*s  client%*sserver\n", MARGIN - 8, "ms", ARROW - 6, "");
  for (unsigned i = 0; i < story->step_count; i++) {
    print_row(story, &story->steps[i]);
  }
  printf("\nWhat happened (* is what the scenario is about)\n");
  for (unsigned i = 0; i < story->step_count; i++) {
    const struct scenario_step *step = &story->steps[i];
    if (step->text[0]) {
      printf("%4u%c ", step->number, step->notable ? '*' : ' ');
      print_text(step->text);
    }
  }
  printf("\nWhat it shows\n");
  for (unsigned i = 0; i < story->claim_count; i++) {
    printf("  %s ", story->claims[i].holds ? "yes" : "NO ");
    print_text(story->claims[i].text);
  }
}

void scenario_json(const struct scenario_story *story) {
  const struct scenario_run *run = story->run;
  unsigned segments = 0, lost = 0, resent = 0, held = 0;
  for (unsigned i = 0; i < story->step_count; i++) {
    const struct record_segment *segment = story->steps[i].segment;
    segments += segment != NULL;
    lost += segment && segment->arrived == SIM_NEVER;
    resent += segment && scenario_resent(run, segment);
  }
  for (unsigned i = 0; i < story->claim_count; i++) {
    held += story->claims[i].holds;
  }
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", scenario_holds(story));
  json_text(&json, "scenario", run->scenario->name);
  json_u64(&json, "segments", segments);
  json_u64(&json, "segments_lost", lost);
  json_u64(&json, "segments_again", resent);
  json_u64(&json, "claims", story->claim_count);
  json_u64(&json, "claims_hold", held);
  run_json(&run->run, &json);
  json_end(&json);
}
