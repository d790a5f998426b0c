/* SPDX-License-Identifier: Apache-2.0 */
/* What sysctls of Linux and FreeBSD set here. */
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"

/* ---- Settings ----------------------------------------------------------- */

/* "least default most". */
static bool three_sizes(const char *value, uint32_t *middle, uint32_t *most) {
  unsigned least, sizes[2];
  if (sscanf(value, "%u %u %u", &least, &sizes[0], &sizes[1]) != 3 ||
      sizes[0] < 1024 || sizes[0] > 64u << 20) {
    return false;
  }
  *middle = sizes[0];
  *most = sizes[1];
  return true;
}

/* The scale lets the largest buffer be offered: 16 bits for what is left. */
static bool set_rmem(struct run_settings *set, const char *value) {
  uint32_t most;
  uint8_t scale = 1;
  if (!three_sizes(value, &set->rcvbuf, &most)) {
    return false;
  }
  while (scale < 14 && most >> (16 + scale)) {
    scale++;
  }
  set->tcp.features.window_scale = scale;
  return true;
}

static bool set_wmem(struct run_settings *set, const char *value) {
  uint32_t most;
  return three_sizes(value, &set->sndbuf, &most);
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
static const uint8_t off_on_always[3] = {PH_TCP_OFF, PH_TCP_ON, PH_TCP_ALWAYS};

static bool set_sack(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.sack, value, off_on);
}

static bool set_dsack(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.dsack, value, off_on);
}

static bool set_recovery(struct run_settings *set, const char *value) {
  uint8_t rack = 0;
  bool known = feature(&rack, value, off_on);
  set->tcp.features.by_sack = rack == PH_TCP_OFF ? &tcp_rfc6675 : NULL;
  return known;
}

static bool set_cookies(struct run_settings *set, const char *value) {
  return feature(&set->tcp.features.cookies, value, off_on_always);
}

/* FreeBSD: 1: both, 2: window scale only; 0 and 3 are without it. */
static bool set_rfc1323(struct run_settings *set, const char *value) {
  static const uint8_t of[3] = {0, PH_TCP_ON, PH_TCP_OFF};
  return feature(&set->tcp.features.timestamps, value, of);
}

static bool bytes_of(const char *value, uint32_t most, uint32_t *to) {
  char *end;
  unsigned long bytes = strtoul(value, &end, 10);
  *to = (uint32_t)bytes;
  return *value && !*end && bytes >= 1024 && bytes <= most;
}

/* The window; the memory is twice that. */
static bool set_recvspace(struct run_settings *set, const char *value) {
  uint32_t bytes;
  bool good = bytes_of(value, 32u << 20, &bytes);
  set->rcvbuf = good ? 2 * bytes : set->rcvbuf;
  return good;
}

static bool set_sendspace(struct run_settings *set, const char *value) {
  return bytes_of(value, 64u << 20, &set->sndbuf);
}

/* The scale lets a SYN promise the largest buffer. */
static bool set_maxsockbuf(struct run_settings *set, const char *value) {
  uint32_t bytes;
  if (!bytes_of(value, UINT32_MAX, &bytes)) {
    return false;
  }
  uint8_t scale = 1;
  while (scale < 14 && (UINT64_C(65535) << scale) < bytes) {
    scale++;
  }
  set->tcp.features.window_scale = scale;
  return true;
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
  bool must;        /* a script that wants anything else is skipped */
};

static const struct sysctl_row rows[] = {
    {"net.inet.tcp.sack.enable", set_sack, NULL, false},
    {"net.inet.tcp.ecn.enable", set_ecn, NULL, false},
    {"net.inet.tcp.rfc1323", set_rfc1323, NULL, false},
    {"net.inet.tcp.syncookies", set_cookies, NULL, false},
    {"net.inet.tcp.cc.algorithm", set_congestion, NULL, false},
    {"net.inet.tcp.recvspace", set_recvspace, NULL, false},
    {"net.inet.tcp.sendspace", set_sendspace, NULL, false},
    {"kern.ipc.maxsockbuf", set_maxsockbuf, NULL, false},
    {"net.inet.tcp.insecure_rst", NULL, "0", true},
    {"net.inet.tcp.insecure_syn", NULL, "0", true},
    {"net.inet.tcp.insecure_ack", NULL, "0", true},
    {"net.inet.tcp.icmp_may_rst", NULL, "1", true},
    {"net.inet.tcp.blackhole", NULL, "0", true},
    {"net.inet.tcp.drop_synfin", NULL, "0", true},
    {"net.inet.tcp.rexmit_initial", NULL, "1000", true},
    {"net.inet.tcp.rexmit_drop_options", NULL, "0", true},
    {"net.inet.tcp.ecn.maxretries", NULL, "1", true},
    {"net.inet.tcp.mssdflt", NULL, "536", true},
    {"net.inet.tcp.initcwnd_segments", NULL, "10", true},
    {"net.ipv4.tcp_rmem", set_rmem, NULL, false},
    {"net.ipv4.tcp_wmem", set_wmem, NULL, false},
    {"net.ipv4.tcp_window_scaling", NULL, "1", true},
    {"net.ipv4.tcp_min_tso_segs", NULL, "2", false},
    {"net.ipv4.tcp_moderate_rcvbuf", NULL, "1", false},
    {"net.ipv4.tcp_no_metrics_save", NULL, "1", false},
    {"net.ipv4.tcp_slow_start_after_idle", NULL, "0", false},
    {"net.ipv4.tcp_retrans_collapse", NULL, "0", false},
    {"net.ipv4.tcp_fin_timeout", NULL, "60", false},
    {"net.ipv4.tcp_syn_retries", NULL, "6", false},
    {"net.ipv4.tcp_synack_retries", NULL, "5", false},
    {"net.ipv4.tcp_retries1", NULL, "3", false},
    {"net.ipv4.tcp_retries2", NULL, "15", false},
    {"net.ipv4.tcp_rfc1337", NULL, "1", false},
    {"net.ipv4.tcp_stdurg", NULL, "0", false},
    {"net.ipv4.tcp_fastopen", NULL, NULL, false},
    {"net.ipv4.tcp_fastopen_key", NULL, NULL, false},
    {"net.ipv4.tcp_fastopen_blackhole_timeout_sec", NULL, NULL, false},
    {"net.ipv4.tcp_fack", NULL, NULL, false},
    {"net.ipv4.tcp_low_latency", NULL, NULL, false},
    {"net.ipv4.tcp_rto_max_ms", NULL, "120000", true},
    {"net.ipv4.tcp_rto_min_us", NULL, "200000", false},
    {"net.ipv4.tcp_shrink_window", NULL, "0", true},
    {"net.ipv4.tcp_mtu_probe_floor", NULL, NULL, false},
    {"net.ipv4.tcp_probe_interval", NULL, NULL, false},
    {"net.ipv4.tcp_probe_threshold", NULL, NULL, false},
    {"net.ipv4.tcp_min_snd_mss", NULL, NULL, false},
    {"net.ipv4.tcp_comp_sack_rtt_percent", NULL, NULL, false},
    {"net.ipv4.tcp_backlog_ack_defer", NULL, NULL, false},
    {"net.ipv4.tcp_max_syn_backlog", NULL, NULL, false},
    {"net.ipv4.tcp_max_tw_buckets", NULL, NULL, false},
    {"net.ipv4.tcp_migrate_req", NULL, NULL, false},
    {"net.ipv4.tcp_reflect_tos", NULL, NULL, false},
    {"net.ipv4.tcp_ecn_option", NULL, NULL, false},
    {"net.ipv4.tcp_ecn_option_beacon", NULL, NULL, false},
    {"net.ipv4.tcp_syn_linear_timeouts", NULL, "0", true},
    {"net.ipv4.tcp_plb_enabled", NULL, NULL, false},
    {"net.ipv4.tcp_available_congestion_control", NULL, NULL, false},
    {"net.ipv4.tcp_allowed_congestion_control", NULL, NULL, false},
    {"net.ipv4.ip_local_port_range", NULL, NULL, false},
    {"net.ipv4.ip_nonlocal_bind", NULL, NULL, false},
    {"net.ipv4.fib_multipath_hash_policy", NULL, NULL, false},
    {"net.ipv4.icmp_echo_ignore_all", NULL, NULL, false},
    {"net.ipv4.icmp_ratemask", NULL, NULL, false},
    {"net.ipv4.tcp_frto", NULL, "0", false},
    {"net.ipv4.tcp_sack", set_sack, NULL, false},
    {"net.ipv4.tcp_dsack", set_dsack, NULL, false},
    {"net.ipv4.tcp_timestamps", set_timestamps, NULL, false},
    {"net.ipv4.tcp_ecn", set_ecn, NULL, false},
    {"net.ipv4.tcp_ecn_fallback", NULL, NULL, false},
    {"net.ipv4.tcp_congestion_control", set_congestion, NULL, false},
    {"net.ipv4.tcp_recovery", set_recovery, NULL, false},
    {"net.ipv4.tcp_early_retrans", NULL, NULL, false},
    {"net.ipv4.tcp_syncookies", set_cookies, NULL, false},
    {"net.ipv4.tcp_reordering", NULL, NULL, false},
    {"net.ipv4.tcp_max_reordering", NULL, NULL, false},
    {"net.ipv4.tcp_mtu_probing", set_mtu_probing, NULL, false},
    {"net.ipv4.tcp_base_mss", NULL, NULL, false},
    {"net.ipv4.tcp_tso_win_divisor", NULL, NULL, false},
    {"net.ipv4.tcp_tso_rtt_log", NULL, NULL, false},
    {"net.ipv4.tcp_limit_output_bytes", NULL, NULL, false},
    {"net.ipv4.tcp_notsent_lowat", NULL, NULL, false},
    {"net.ipv4.tcp_autocorking", NULL, NULL, false},
    {"net.ipv4.tcp_invalid_ratelimit", NULL, "500", true},
    {"net.ipv4.tcp_challenge_ack_limit", NULL, NULL, false},
    {"net.ipv4.tcp_adv_win_scale", NULL, NULL, false},
    {"net.ipv4.tcp_app_win", NULL, NULL, false},
    {"net.ipv4.tcp_workaround_signed_windows", NULL, NULL, false},
    {"net.ipv4.tcp_comp_sack_delay_ns", NULL, NULL, false},
    {"net.ipv4.tcp_comp_sack_nr", NULL, NULL, false},
    {"net.ipv4.tcp_comp_sack_slack_ns", NULL, NULL, false},
    {"net.ipv4.tcp_pacing_ss_ratio", NULL, NULL, false},
    {"net.ipv4.tcp_pacing_ca_ratio", NULL, NULL, false},
    {"net.ipv4.tcp_min_rtt_wlen", NULL, NULL, false},
    {"net.ipv4.tcp_thin_linear_timeouts", NULL, NULL, false},
    {"net.ipv4.tcp_orphan_retries", NULL, NULL, false},
    {"net.ipv4.tcp_abort_on_overflow", NULL, NULL, false},
    {"net.ipv4.tcp_tw_reuse", NULL, NULL, false},
    {"net.ipv4.tcp_keepalive_time", NULL, NULL, false},
    {"net.ipv4.tcp_keepalive_intvl", NULL, NULL, false},
    {"net.ipv4.tcp_keepalive_probes", NULL, NULL, false},
    {"net.ipv4.ip_no_pmtu_disc", NULL, NULL, false},
    {"net.ipv4.icmp_ratelimit", NULL, NULL, false},
    {"net.ipv4.ip_forward", NULL, NULL, false},
    {"net.core.rmem_max", NULL, NULL, false},
    {"net.core.wmem_max", NULL, NULL, false},
    {"net.core.rmem_default", NULL, NULL, false},
    {"net.core.wmem_default", NULL, NULL, false},
    {"net.core.default_qdisc", NULL, NULL, false},
    {"net.core.optmem_max", NULL, NULL, false},
    {"net.core.somaxconn", NULL, NULL, false},
};

/* Linux 6.18: 3 to 5 speak of accurate ECN. */
static bool is_accurate_ecn(const struct sysctl_row *row, const char *value) {
  return strcmp(row->name, "net.ipv4.tcp_ecn") == 0 && *value >= '3' &&
         *value <= '5' && !value[1];
}

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

bool run_sysctl(struct run *run, unsigned line, const char *name,
                const char *value) {
  const struct sysctl_row *row = NULL;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    row = strcmp(rows[i].name, name) == 0 ? &rows[i] : row;
  }
  if (!row) {
    return of_another_machine(name) ||
           run_wrong(run, line, "sysctl '%.80s' is not known here.", name);
  }
  if (is_accurate_ecn(row, value)) {
    return run_skip(run, line, "accurate ECN (RFC 9768)");
  }
  if (row->must && strcmp(row->ours, value) != 0) {
    char what[80];
    snprintf(what, sizeof(what), "%s other than %s", name, row->ours);
    return run_skip(run, line, what);
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
