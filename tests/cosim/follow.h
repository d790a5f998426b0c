/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer that is over, whose packets can be followed: for tests of
 * --explain. */
#ifndef PH_TESTS_COSIM_FOLLOW_H
#define PH_TESTS_COSIM_FOLLOW_H

#include "sim/explain/journey.h"
#include "sim/run/transfer.h"

struct follow {
  struct options options;
  struct transfer transfer;
};

/* Runs "packhorse LINE" (tests/cosim/command.h), which must go well. */
void follow_run(struct follow *follow, const char *line);

/* The packet that --explain names so. */
void follow_packet(struct follow *follow, struct journey *journey,
                   const char *which);

void follow_done(struct follow *follow);

/* The stages have these titles, or parts of them ("doorbell" may be "no
 * doorbell"), words and files to read, and their durations sum up. */
void follow_check_titles(const struct journey *journey,
                         const char *const *titles, unsigned count);

#endif
