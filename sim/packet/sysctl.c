/* SPDX-License-Identifier: Apache-2.0 */
/* `commands` of scripts. None is ever run: the few that prepare a test are
 * understood. sysctl sets what the stack has settings for; what prepares
 * devices and routes of a real machine has nothing to do here. */
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"

enum { WORD = 256 };

/* ---- Settings ----------------------------------------------------------- */

static bool middle_of_three(const char *value, uint32_t *to) {
  unsigned least, middle, most;
  if (sscanf(value, "%u %u %u", &least, &middle, &most) != 3 || middle < 1024 ||
      middle > 64u << 20) {
    return false;
  }
  *to = middle;
  return true;
}

static bool set_rmem(struct run_settings *set, const char *value) {
  return middle_of_three(value, &set->rcvbuf);
}

static bool set_wmem(struct run_settings *set, const char *value) {
  return middle_of_three(value, &set->sndbuf);
}

/* 0, 1 and 2 as the setting of a feature. */
static bool feature(uint8_t *to, const char *value, const uint8_t of[3]) {
  if (*value < '0' || *value > '2' || value[1] || !of[*value - '0']) {
    return false;
  }
  *to = of[*value - '0'];
  return true;
}

static const uint8_t off_on[3] = {PH_TCP_OFF, PH_TCP_ON, 0};

static bool set_sack(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.sack, value, off_on);
}

static bool set_dsack(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.dsack, value, off_on);
}

static bool set_recovery(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.rack, value, off_on);
}

static bool set_cookies(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.cookies, value, off_on);
}

static bool set_timestamps(struct run_settings *set, const char *value) {
  static const uint8_t of[3] = {PH_TCP_OFF, PH_TCP_ON, PH_TCP_ON};
  return feature(&set->tcp.features.timestamps, value, of);
}

static bool set_ecn(struct run_settings *set, const char *value) {
  static const uint8_t of[3] = {PH_TCP_OFF, PH_TCP_ON, PH_TCP_ON_REQUEST};
  return feature(&set->tcp.features.ecn, value, of);
}

static bool set_mtu_probing(struct run_settings *set, const char *value) {
  static const uint8_t of[3] = {PH_TCP_OFF, PH_TCP_ON_REQUEST, PH_TCP_ON};
  return feature(&set->tcp.features.mtu_probing, value, of);
}

static bool set_congestion(struct run_settings *set, const char *value) {
  bool reno = strcmp(value, "reno") == 0 || strcmp(value, "newreno") == 0;
  set->tcp.congestion = reno ? "reno" : "cubic";
  return reno || strcmp(value, "cubic") == 0;
}

struct sysctl_row {
  const char *name;
  bool (*set)(struct run_settings *set, const char *value);
  const char *ours; /* not to be set: what the stack does; NULL: nothing here
                       has to do with it */
};

static const struct sysctl_row rows[] = {
    {"net.inet.tcp.sack.enable", set_sack, NULL},
    {"net.inet.tcp.ecn.enable", set_ecn, NULL},
    {"net.inet.tcp.rfc1323", set_timestamps, NULL},
    {"net.inet.tcp.syncookies", set_cookies, NULL},
    {"net.inet.tcp.cc.algorithm", set_congestion, NULL},
    {"net.ipv4.tcp_rmem", set_rmem, NULL},
    {"net.ipv4.tcp_wmem", set_wmem, NULL},
    {"net.ipv4.tcp_window_scaling", NULL, "1"},
    {"net.ipv4.tcp_min_tso_segs", NULL, "2"},
    {"net.ipv4.tcp_moderate_rcvbuf", NULL, "1"},
    {"net.ipv4.tcp_no_metrics_save", NULL, "1"},
    {"net.ipv4.tcp_slow_start_after_idle", NULL, "0"},
    {"net.ipv4.tcp_retrans_collapse", NULL, "0"},
    {"net.ipv4.tcp_fin_timeout", NULL, "60"},
    {"net.ipv4.tcp_syn_retries", NULL, "6"},
    {"net.ipv4.tcp_synack_retries", NULL, "5"},
    {"net.ipv4.tcp_retries1", NULL, "3"},
    {"net.ipv4.tcp_retries2", NULL, "15"},
    {"net.ipv4.tcp_rfc1337", NULL, "1"},
    {"net.ipv4.tcp_stdurg", NULL, "0"},
    {"net.ipv4.tcp_fastopen", NULL, "0"},
    {"net.ipv4.tcp_frto", NULL, "0"},
    {"net.ipv4.tcp_sack", set_sack, NULL},
    {"net.ipv4.tcp_dsack", set_dsack, NULL},
    {"net.ipv4.tcp_timestamps", set_timestamps, NULL},
    {"net.ipv4.tcp_ecn", set_ecn, NULL},
    {"net.ipv4.tcp_ecn_fallback", NULL, NULL},
    {"net.ipv4.tcp_congestion_control", set_congestion, NULL},
    {"net.ipv4.tcp_recovery", set_recovery, NULL},
    {"net.ipv4.tcp_early_retrans", NULL, NULL},
    {"net.ipv4.tcp_syncookies", set_cookies, NULL},
    {"net.ipv4.tcp_reordering", NULL, NULL},
    {"net.ipv4.tcp_max_reordering", NULL, NULL},
    {"net.ipv4.tcp_mtu_probing", set_mtu_probing, NULL},
    {"net.ipv4.tcp_base_mss", NULL, NULL},
    {"net.ipv4.tcp_tso_win_divisor", NULL, NULL},
    {"net.ipv4.tcp_tso_rtt_log", NULL, NULL},
    {"net.ipv4.tcp_limit_output_bytes", NULL, NULL},
    {"net.ipv4.tcp_notsent_lowat", NULL, NULL},
    {"net.ipv4.tcp_autocorking", NULL, NULL},
    {"net.ipv4.tcp_invalid_ratelimit", NULL, NULL},
    {"net.ipv4.tcp_challenge_ack_limit", NULL, NULL},
    {"net.ipv4.tcp_adv_win_scale", NULL, NULL},
    {"net.ipv4.tcp_app_win", NULL, NULL},
    {"net.ipv4.tcp_workaround_signed_windows", NULL, NULL},
    {"net.ipv4.tcp_comp_sack_delay_ns", NULL, NULL},
    {"net.ipv4.tcp_comp_sack_nr", NULL, NULL},
    {"net.ipv4.tcp_comp_sack_slack_ns", NULL, NULL},
    {"net.ipv4.tcp_pacing_ss_ratio", NULL, NULL},
    {"net.ipv4.tcp_pacing_ca_ratio", NULL, NULL},
    {"net.ipv4.tcp_min_rtt_wlen", NULL, NULL},
    {"net.ipv4.tcp_thin_linear_timeouts", NULL, NULL},
    {"net.ipv4.tcp_orphan_retries", NULL, NULL},
    {"net.ipv4.tcp_abort_on_overflow", NULL, NULL},
    {"net.ipv4.tcp_tw_reuse", NULL, NULL},
    {"net.ipv4.tcp_keepalive_time", NULL, NULL},
    {"net.ipv4.tcp_keepalive_intvl", NULL, NULL},
    {"net.ipv4.tcp_keepalive_probes", NULL, NULL},
    {"net.ipv4.ip_no_pmtu_disc", NULL, NULL},
    {"net.ipv4.icmp_ratelimit", NULL, NULL},
    {"net.ipv4.ip_forward", NULL, NULL},
    {"net.core.rmem_max", NULL, NULL},
    {"net.core.wmem_max", NULL, NULL},
    {"net.core.rmem_default", NULL, NULL},
    {"net.core.wmem_default", NULL, NULL},
    {"net.core.default_qdisc", NULL, NULL},
    {"net.core.optmem_max", NULL, NULL},
    {"net.core.somaxconn", NULL, NULL},
};

/* FreeBSD's tree, and devices: nothing of it is ours. */
static bool of_another_machine(const char *name) {
  static const char *const prefixes[] = {
      "net.inet.",      "net.inet6.",      "kern.",           "net.ipv6.",
      "net.ipv4.conf.", "net.ipv4.route.", "net.ipv4.neigh.", "net.netfilter."};
  for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
    if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
      return true;
    }
  }
  return false;
}

static void set_features(struct ph_stack *stack, void *features) {
  tcp_set_features(stack, features);
}

static bool apply(struct run *run, unsigned line, const char *name,
                  const char *value) {
  const struct sysctl_row *row = NULL;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    row = strcmp(rows[i].name, name) == 0 ? &rows[i] : row;
  }
  if (!row) {
    return of_another_machine(name) ||
           run_wrong(run, line, "sysctl '%.80s' is not known here.", name);
  }
  if (row->set && !row->set(&run->settings, value)) {
    return run_wrong(run, line, "sysctl %s: '%.60s' is no value of it.", name,
                     value);
  }
  if (row->set && run->world) { /* connections made from now on */
    return run_in_stack(run, set_features, &run->settings.tcp.features);
  }
  if (row->ours && strcmp(row->ours, value) != 0) {
    run_verbose(run, "  note: line %u: %s stays %s\n", line, name, row->ours);
  }
  return true;
}

/* ---- Words -------------------------------------------------------------- */

/* The next word up to white space; quotes are taken off. False: no more. */
static bool next_word(const char **at, char word[WORD]) {
  const char *p = *at;
  size_t n = 0;
  char mark = '\0';
  p += strspn(p, " \t\r");
  if (!*p) {
    return false;
  }
  for (; *p && (mark || !strchr(" \t\r", *p)); p++) {
    if (mark ? *p == mark : *p == '"' || *p == '\'') {
      mark = mark ? '\0' : *p;
    } else if (n < WORD - 1) {
      word[n++] = *p;
    }
  }
  word[n] = '\0';
  *at = p;
  return true;
}

/* net.ipv4.tcp_sack=1, or /proc/sys/net/ipv4/tcp_sack=1. */
static bool assignment(struct run *run, unsigned line, char *word) {
  static const char proc[] = "/proc/sys/";
  char *name = word, *equals = strchr(word, '=');
  if (!equals) {
    return true; /* it is only looked at */
  }
  *equals = '\0';
  if (strncmp(name, proc, sizeof(proc) - 1) == 0) {
    name += sizeof(proc) - 1;
    for (char *p = name; *p; p++) {
      *p = *p == '/' ? '.' : *p;
    }
  }
  return apply(run, line, name, equals + 1);
}

static bool is_setup(const char *program) {
  static const char *const names[] = {
      "ip",      "tc",    "ethtool",     "ifconfig",       "modprobe",
      "kldload", "route", "sockstat",    "nstat",          "ss",
      "netstat", "sync",  "true",        "echo",           "sleep",
      "grep",    "cat",   "rm",          "mkdir",          "tcpdump",
      "killall", "arp",   "defaults.sh", "set_sysctls.py", "conntrack"};
  const char *slash = strrchr(program, '/');
  const char *name = slash ? slash + 1 : program;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (strcmp(name, names[i]) == 0) {
      return true;
    }
  }
  return false;
}

static bool one_command(struct run *run, unsigned line, const char *text) {
  char word[WORD];
  const char *at = text;
  if (!next_word(&at, word)) {
    return true;
  }
  bool sysctl =
      strcmp(word, "sysctl") == 0 || strcmp(word, "/sbin/sysctl") == 0;
  size_t len = strlen(word);
  bool setter = len >= 14 && strcmp(word + len - 14, "set_sysctls.py") == 0;
  if (!sysctl && !is_setup(word)) {
    return run_wrong(run, line,
                     "the command '%.80s' is not known here, and commands are "
                     "never run.",
                     word);
  }
  while ((sysctl || setter) && next_word(&at, word)) {
    if (word[0] != '-' && !assignment(run, line, word)) {
      return false;
    }
  }
  return true;
}

bool run_command(struct run *run, unsigned line, const char *text) {
  char *copy = strdup(text);
  bool good = copy != NULL;
  char *rest = copy, *part;
  while (good && (part = strsep(&rest, "\n;&|"))) {
    char *comment = strchr(part, '#');
    if (comment) {
      *comment = '\0';
    }
    good = one_command(run, line, part);
  }
  free(copy);
  return good;
}
