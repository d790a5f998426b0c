/* SPDX-License-Identifier: Apache-2.0 */
/* Running scripts against the stack. */
#ifndef PH_SIM_PACKET_RUN_H
#define PH_SIM_PACKET_RUN_H

#include <stdio.h>

#include "sim/host/host.h"
#include "sim/packet/ast.h"

enum run_ip { RUN_IPV4, RUN_IPV6, RUN_IPV4_MAPPED };
enum run_profile { RUN_PROFILE_LINUX, RUN_PROFILE_BSD };

struct run_options {
  enum host_nic nic;
  enum run_profile profile;
  int64_t tolerance_us;       /* -1: the script's, or 4000 */
  int64_t tolerance_permille; /* of the time since the event before; -1: 125 */
  /* What scripts run over that do not say it; the MTU is 20 longer over IPv6,
   * so that segments are what they are over IPv4. */
  enum run_ip ip;
  bool push_bursts; /* ph_tcp_features.push_bursts */
  bool verbose;     /* every packet and call, to `out` */
  const struct definition *definitions;
  size_t definition_count;
  const struct definition *settings; /* options of scripts, after theirs */
  size_t setting_count;
  FILE *out;
};

/* Is it an option that a script may begin with (without "--")? */
bool run_is_setting(const char *name, size_t len);

enum run_outcome {
  RUN_PASSED,
  RUN_FAILED,  /* the stack did something else */
  RUN_WRONG,   /* the script can't be run: a mistake, or a word not known */
  RUN_SKIPPED, /* it is about something that this stack does not have */
};

enum { RUN_TEXT_MAX = 16384 };

struct run_result {
  enum run_outcome outcome;
  unsigned events;         /* that were run */
  int64_t virtual_us;      /* script time that passed */
  char text[RUN_TEXT_MAX]; /* failed: line, expected, came, history; wrong and
                              skipped: one sentence */
};

/* Runs a script of `len` bytes. */
enum run_outcome run_script(const struct run_options *options, const char *path,
                            const char *text, size_t len,
                            struct run_result *result);

/* The same for a file; one that can't be read is RUN_WRONG. */
enum run_outcome run_file(const struct run_options *options, const char *path,
                          struct run_result *result);

#endif
