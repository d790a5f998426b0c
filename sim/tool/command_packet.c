/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse packet: scripts of the packetdrill language against the stack. */
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run.h"
#include "sim/run/json.h"
#include "sim/tool/commands.h"
#include "sim/tool/options_own.h"

enum {
  DEFINITIONS_MAX = 64,
  PERMILLE_MAX = 1000,
  STATUS_SKIPPED = 77, /* as test drivers have it */
};

enum {
  CODE_NIC = 256,
  CODE_PROFILE,
  CODE_PUSH,
  CODE_IP,
  CODE_TOLERANCE,
  CODE_PERCENT,
  CODE_JSON,
  CODE_QUIET,
};

struct packet_command {
  struct run_options run;
  struct definition definitions[DEFINITIONS_MAX];
  struct definition settings[DEFINITIONS_MAX];
  bool json, quiet;
  unsigned passed, failed, wrong, skipped;
};

static const struct option longs[] = {
    {"nic", required_argument, NULL, CODE_NIC},
    {"profile", required_argument, NULL, CODE_PROFILE},
    {"push", required_argument, NULL, CODE_PUSH},
    {"ip-version", required_argument, NULL, CODE_IP},
    {"ip_version", required_argument, NULL, CODE_IP},
    {"tolerance_usecs", required_argument, NULL, CODE_TOLERANCE},
    {"tolerance_percent", required_argument, NULL, CODE_PERCENT},
    {"define", required_argument, NULL, 'D'},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, CODE_QUIET},
    {"json", no_argument, NULL, CODE_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: packhorse packet [OPTION]... FILE...\n\n"
    "Scripts of the packetdrill language against the stack, in virtual "
    "time.\nThe language: docs/packet_scripts.md.\n\n"
    "  --nic KIND               soft: a NIC in C; rtl: driver and RTL "
    "(soft)\n"
    "  --profile NAME           linux or bsd: what the stack looks like "
    "(linux)\n"
    "  --push WHERE             PSH: write: where a write ends; burst: where "
    "a "
    "burst\n                           of segments does too (write)\n"
    "  --ip-version V           ipv4, ipv6 or ipv4-mapped-ipv6: what "
    "scripts run over\n                           that do not say it (ipv4); "
    "over ipv6 the MTU is 20 longer\n"
    "  --tolerance_usecs N      how far times may be off (4000)\n"
    "  --tolerance_percent N    the same, of the time since the event before "
    "(12.5)\n"
    "  -D, --define NAME=VALUE  what NAME means in the scripts\n"
    "  --NAME=VALUE             any option that a script may begin with\n"
    "  -v, --verbose            every packet and call\n"
    "  --quiet                  only scripts that do not pass, and the sum\n"
    "  --json                   one JSON object for each script, then the "
    "sum\n"
    "  --help                   this text\n\n"
    "Exit status 0: all pass; 1: one failed; 2: one is no script, or can't "
    "be run;\n77: all were skipped.\n";

static int wrong(const char *option, const char *value, const char *expected) {
  fprintf(stderr, "packhorse: %s %s: expected %s.\n", option, value, expected);
  return 2;
}

static int set_number(const char *option, const char *text, double factor,
                      double most, int64_t *to) {
  char *end;
  double value = strtod(text, &end);
  if (!*text || *end || !(value >= 0 && value <= most)) {
    return wrong(option, text, "a number, not negative");
  }
  *to = (int64_t)(value * factor);
  return 0;
}

static int set_definition(struct packet_command *command, char *text) {
  char *equals = strchr(text, '=');
  if (!equals || equals == text ||
      command->run.definition_count == DEFINITIONS_MAX) {
    return wrong("-D", text, "NAME=VALUE, at most 64 times");
  }
  *equals = '\0';
  command->definitions[command->run.definition_count++] =
      (struct definition){text, equals + 1};
  return 0;
}

static int set_name(const char *option, const char *text, const char *zero,
                    const char *one, unsigned *to) {
  *to = strcmp(text, one) == 0;
  if (!*to && strcmp(text, zero) != 0) {
    char expected[64];
    snprintf(expected, sizeof(expected), "%s or %s", zero, one);
    return wrong(option, text, expected);
  }
  return 0;
}

static int set_ip(const char *text, enum run_ip *to) {
  static const char *const names[] = {"ipv4", "ipv6", "ipv4-mapped-ipv6"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(text, names[i]) == 0) {
      *to = (enum run_ip)i;
      return 0;
    }
  }
  return wrong("--ip-version", text, "ipv4, ipv6 or ipv4-mapped-ipv6");
}

static int set_option(void *ctx, int code, char *value) {
  struct packet_command *command = ctx;
  unsigned which = 0;
  int status;
  switch (code) {
    case CODE_NIC:
      status = set_name("--nic", value, "soft", "rtl", &which);
      command->run.nic = which ? HOST_NIC_RTL : HOST_NIC_SOFT;
      return status;
    case CODE_PROFILE:
      status = set_name("--profile", value, "linux", "bsd", &which);
      command->run.profile = which ? RUN_PROFILE_BSD : RUN_PROFILE_LINUX;
      return status;
    case CODE_PUSH:
      status = set_name("--push", value, "write", "burst", &which);
      command->run.push_bursts = which;
      return status;
    case CODE_IP:
      return set_ip(value, &command->run.ip);
    case CODE_TOLERANCE:
      return set_number("--tolerance_usecs", value, 1, 1e9,
                        &command->run.tolerance_us);
    case CODE_PERCENT:
      return set_number("--tolerance_percent", value, 10, 100,
                        &command->run.tolerance_permille);
    case 'D':
      return set_definition(command, value);
    case 'v':
      command->run.verbose = true;
      return 0;
    case CODE_QUIET:
      command->quiet = true;
      return 0;
    default:
      command->json = true;
      return 0;
  }
}

static const char *const outcomes[] = {"ok", "FAIL", "WRONG", "SKIP"};

static void report(struct packet_command *command, const char *path,
                   const struct run_result *result) {
  if (command->json) {
    struct json json;
    json_begin(&json, stdout);
    json_text(&json, "script", path);
    json_text(&json, "outcome", outcomes[result->outcome]);
    json_u64(&json, "events", result->events);
    json_u64(&json, "virtual_us", (uint64_t)result->virtual_us);
    json_text(&json, "text", result->text);
    json_end(&json);
    return;
  }
  if (result->outcome == RUN_PASSED && command->quiet) {
    return;
  }
  printf("  %-5s %s  (%.3f s)\n", outcomes[result->outcome], path,
         (double)result->virtual_us / 1e6);
  if (result->outcome != RUN_PASSED) {
    printf("%s%s", result->text,
           result->outcome >= RUN_WRONG && *result->text ? "\n" : "");
  }
}

static void sum(const struct packet_command *command) {
  if (command->json) {
    struct json json;
    json_begin(&json, stdout);
    json_u64(&json, "passed", command->passed);
    json_u64(&json, "failed", command->failed);
    json_u64(&json, "wrong", command->wrong);
    json_u64(&json, "skipped", command->skipped);
    json_end(&json);
  } else {
    printf("%u passed, %u failed", command->passed,
           command->failed + command->wrong);
    printf(command->skipped ? ", %u skipped\n" : "\n", command->skipped);
  }
}

static int run_all(struct packet_command *command, char **paths, int count) {
  struct run_result *result = malloc(sizeof(*result));
  if (!result) {
    return 2;
  }
  for (int i = 0; i < count; i++) {
    enum run_outcome outcome = run_file(&command->run, paths[i], result);
    command->passed += outcome == RUN_PASSED;
    command->failed += outcome == RUN_FAILED;
    command->wrong += outcome == RUN_WRONG;
    command->skipped += outcome == RUN_SKIPPED;
    report(command, paths[i], result);
    fflush(stdout);
  }
  free(result);
  sum(command);
  if (command->wrong || command->failed) {
    return command->wrong ? 2 : 1;
  }
  return command->skipped && !command->passed ? STATUS_SKIPPED : 0;
}

static bool is_long(const char *name, size_t len) {
  for (const struct option *row = longs; row->name; row++) {
    if (strlen(row->name) == len && memcmp(row->name, name, len) == 0) {
      return true;
    }
  }
  return false;
}

/* Options of scripts, such as --mtu=1280, may stand on the command line: take
 * them out. Returns how many words are left. */
static int take_settings(struct packet_command *command, char **argv,
                         int argc) {
  int left = 0;
  for (int i = 0; i < argc; i++) {
    char *name = argv[i] + 2;
    bool may = i > 0 && strncmp(argv[i], "--", 2) == 0 &&
               command->run.setting_count < DEFINITIONS_MAX;
    size_t len = may ? strcspn(name, "=") : 0;
    if (!may || is_long(name, len) || !run_is_setting(name, len)) {
      argv[left++] = argv[i];
      continue;
    }
    char *value = name[len] ? name + len + 1 : NULL;
    name[len] = '\0';
    command->settings[command->run.setting_count++] =
        (struct definition){name, value};
  }
  return left;
}

int command_packet(const struct options *options) {
  static const struct options_own own = {
      .command = "packet",
      .help = help,
      .operands = "script files",
      .many = true,
      .shorts = "D:v",
      .longs = longs,
      .take = set_option,
  };
  struct packet_command command = {
      .run = {.tolerance_us = -1, .tolerance_permille = -1, .out = stdout}};
  char **files;
  command.run.definitions = command.definitions;
  command.run.settings = command.settings;
  int argc = take_settings(&command, options->args, options->arg_count);
  int count = options_own_read(&own, &command, argc, options->args, &files);
  return count > 0 ? run_all(&command, files, count) : -count;
}
