/* SPDX-License-Identifier: Apache-2.0 */
/* How often `diagnose` is right: seeded runs whose truth is known, seen at four
 * places of the path. `diagnose [FIRST [LAST]]` shows what was wrong or far
 * off, then the figures. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/cosim/diagnose_run.h"

enum { PLACES = 4, POINTS = 5 };

static const char *const places[PLACES] = {"client:host", "client:wire",
                                           "server:wire", "server:host"};

static void print(const char *what, const struct limit_report *report) {
  printf("  %-12s %-22s", what, limit_name(report->verdict));
  for (int i = 0; i < LIMIT_COUNT; i++) {
    printf(" %4u %%", limit_percent(report, (enum limit)i));
  }
  printf("\n");
}

static void describe(const struct diagnose_run *run) {
  printf(
      "seed %llu: %s, %llu Mb/s, %llu us, %s, loss %.5f, queue %llu\n"
      "  buffers %u %u, paces %llu %llu, calls of %u\n",
      (unsigned long long)run->seed, limit_name(run->kind),
      (unsigned long long)run->rate_bps / 1000000,
      (unsigned long long)run->delay_us, run->congestion, run->loss,
      (unsigned long long)run->queue, run->sndbuf, run->rcvbuf,
      (unsigned long long)run->write_rate, (unsigned long long)run->read_rate,
      run->app_buffer);
}

struct score {
  unsigned seen, right, near, agree; /* with the counters */
};

/* The counters tell all six apart. */
static void judge_counters(struct score *score,
                           const struct diagnose_run *run) {
  bool good = run->counted.verdict == run->kind;
  bool near = diagnose_difference(&run->counted, &run->truth) <= POINTS;
  score->seen++;
  score->right += good;
  score->near += near;
  if (!good || !near) {
    describe(run);
    print("truth", &run->truth);
    print("counters", &run->counted);
  }
}

static void judge(struct score *score, const struct diagnose_run *run,
                  const char *path) {
  struct limit_report truth = run->truth;
  struct limit_report counted = run->counted;
  diagnose_join(&truth);
  diagnose_join(&counted);
  enum limit kind = run->kind == LIMIT_SEND_BUFFER ? LIMIT_SENDER : run->kind;
  bool described = false;
  for (int i = 0; i < PLACES; i++) {
    struct limit_report report = {0};
    bool good = diagnose_run_read(path, places[i], &report) && report.known &&
                report.verdict == kind;
    bool near = diagnose_difference(&report, &truth) <= POINTS;
    score->seen++;
    score->right += good;
    score->near += near;
    score->agree += diagnose_difference(&report, &counted) <= POINTS;
    if (!good || !near) {
      if (!described) {
        describe(run);
        print("truth", &truth);
      }
      described = true;
      print(places[i], &report);
    }
  }
}

int main(int argc, char **argv) {
  uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  int fd = mkstemp(path);
  struct score score = {0}, counters = {0};
  if (fd < 0) {
    return 1;
  }
  close(fd);
  for (uint64_t seed = first; seed <= last; seed++) {
    struct diagnose_run run;
    diagnose_run_draw(&run, seed);
    if (!diagnose_run(&run, path) || run.truth.verdict != run.kind) {
      describe(&run);
      print("truth", &run.truth);
      unlink(path);
      fprintf(stderr, "diagnose: this run is not what it was drawn for\n");
      return 1;
    }
    judge(&score, &run, path);
    judge_counters(&counters, &run);
  }
  unlink(path);
  printf("diagnose_verdicts %.4f\n", (double)score.right / score.seen);
  printf("diagnose_shares %.4f\n", (double)score.near / score.seen);
  printf("diagnose_agree %.4f\n", (double)score.agree / score.seen);
  printf("diagnose_counters %.4f\n", (double)counters.right / counters.seen);
  printf("diagnose_counter_shares %.4f\n",
         (double)counters.near / counters.seen);
  return 0;
}
