/* SPDX-License-Identifier: Apache-2.0 */
/* What a script's options set: --name=value at its top. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "sim/packet/run_internal.h"

/* 192.168.0.2 of 192.168.0.1, and 192.0.2.1 of RFC 5737. */
/* Of packetdrill's test runner. */
static const struct ph_addr local6 = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17,
                                       0xd6, [15] = 1}},
                            gateway6 = {{0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6,
                                         0x88, 0x88, [15] = 1}},
                            remote6 = {
                                {0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d, [15] = 1}};
static const uint32_t local_ip = 0xc0a80002, gateway_ip = 0xc0a80001,
                      remote_ip = 0xc0000201;

enum {
  PORT = 8080,
  TOLERANCE_US = 4000,
  TOLERANCE_PERMILLE = 125,
  MTU = 1500,
  BUFFER = 262144,
  BUFFER_BSD = 2 * 65536, /* of which the peer may fill half */
};

void settings_profile(struct run_settings *settings, enum run_profile profile) {
  *settings = (struct run_settings){
      .local_ip = local_ip,
      .gateway_ip = gateway_ip,
      .remote_ip = remote_ip,
      .local6 = local6,
      .gateway6 = gateway6,
      .remote6 = remote6,
      .prefix_len = 16,
      .mtu = MTU,
      .bind_port = PORT,
      .connect_port = PORT,
      .tolerance_us = TOLERANCE_US,
      .tolerance_permille = TOLERANCE_PERMILLE,
      .sndbuf = BUFFER,
      .rcvbuf = BUFFER,
  };
  /* Both offer SACK, window scale and timestamps. */
  settings->tcp.features.sack = PH_TCP_ON;
  settings->tcp.features.timestamps = PH_TCP_ON;
  /* Linux takes segments without the timestamps agreed on, FreeBSD does not. */
  settings->tcp.features.missing_timestamps =
      profile == RUN_PROFILE_LINUX ? PH_TCP_ON : PH_TCP_OFF;
  if (profile == RUN_PROFILE_BSD) {
    ph_tcp_profile_bsd(&settings->tcp.features);
    settings->rcvbuf = BUFFER_BSD;
  }
}

void settings_init(struct run *run) {
  const struct run_options *options = run->options;
  settings_profile(&run->settings, options->profile);
  run->settings.ipv6 = options->ip == RUN_IPV6;
  run->settings.mapped = options->ip == RUN_IPV4_MAPPED;
  run->settings.tcp.features.push_bursts = options->push_bursts;
  if (options->tolerance_us >= 0) {
    run->settings.tolerance_us = options->tolerance_us;
  }
  if (options->tolerance_permille >= 0) {
    run->settings.tolerance_permille = options->tolerance_permille;
  }
}

/* packetdrill's gateway may be the host's own address, at the other end of its
 * tunnel: then the neighbour there is the gateway. */
static uint32_t gateway_of(const struct run_settings *settings) {
  return settings->gateway_ip == settings->local_ip ? settings->local_ip ^ 1u
                                                    : settings->gateway_ip;
}

struct world *settings_world(const struct run_settings *settings,
                             enum host_nic nic) {
  const struct world_config config = {
      .nic = nic,
      .local_ip = settings->local_ip,
      .gateway_ip = gateway_of(settings),
      .ipv6 = settings->ipv6 || settings->mapped,
      .local6 = settings->local6,
      .gateway6 = settings->gateway6,
      .prefix_len = settings->prefix_len,
      .mtu = settings->mtu,
      .coalesced_mss = settings->mss,
      .sndbuf = settings->sndbuf,
      .rcvbuf = settings->rcvbuf,
      .tcp = &settings->tcp,
  };
  return world_create(&config);
}

enum option_kind {
  OPTION_NUMBER, /* into `offset`, of `size` bytes */
  OPTION_ADDRESS,
  OPTION_FLAG,
  OPTION_IGNORED, /* what it sets does not exist here */
  OPTION_TAKEN,   /* by the parser */
  OPTION_REFUSED, /* can't be done here; `why` */
  OPTION_VERSION,
  OPTION_NETMASK,
  OPTION_PERCENT,
};

struct option_row {
  const char *name;
  enum option_kind kind;
  size_t offset, size;
  int64_t least, most;
  const char *why;
};

#define AT(field)                       \
  offsetof(struct run_settings, field), \
      sizeof(((struct run_settings *)0)->field)

static const struct option_row rows[] = {
    {"local_ip", OPTION_ADDRESS, AT(local_ip), 0, 0, NULL},
    {"remote_ip", OPTION_ADDRESS, AT(remote_ip), 0, 0, NULL},
    {"gateway_ip", OPTION_ADDRESS, AT(gateway_ip), 0, 0, NULL},
    {"netmask_ip", OPTION_NETMASK, 0, 0, 0, 0, NULL},
    {"ip_version", OPTION_VERSION, 0, 0, 0, 0, NULL},
    {"bind_port", OPTION_NUMBER, AT(bind_port), 1, 65535, NULL},
    {"connect_port", OPTION_NUMBER, AT(connect_port), 1, 65535, NULL},
    {"mtu", OPTION_NUMBER, AT(mtu), 576, 9000, NULL},
    {"tolerance_usecs", OPTION_NUMBER, AT(tolerance_us), 0, 1000000000, NULL},
    {"tolerance_percent", OPTION_PERCENT, 0, 0, 0, 0, NULL},
    {"tcp_ts_tick_usecs", OPTION_NUMBER, AT(ts_tick_us), 0, 1000000, NULL},
    {"strict_segments", OPTION_FLAG, AT(strict_segments), 0, 0, NULL},
    {"define", OPTION_TAKEN, 0, 0, 0, 0, NULL},
    {"verbose", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"debug", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    /* TS ecr is always computed where it was not seen. */
    {"tcp_ts_ecr_scaled", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"send_omit_free", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"mss", OPTION_NUMBER, AT(mss), 0, 65535, NULL},
    {"speed", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"code_command", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"code_format", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"code_sockopt", OPTION_IGNORED, 0, 0, 0, 0, NULL},
    {"non_fatal", OPTION_REFUSED, 0, 0, 0, 0, "every difference is a failure"},
    {"dry_run", OPTION_REFUSED, 0, 0, 0, 0, "a script is run or it is not"},
    {"is_anyip", OPTION_REFUSED, 0, 0, 0, 0, "the host has one address"},
    {"init_scripts", OPTION_REFUSED, 0, 0, 0, 0, "commands are never run"},
    {"wire_client", OPTION_REFUSED, 0, 0, 0, 0, "there is no second machine"},
    {"wire_server", OPTION_REFUSED, 0, 0, 0, 0, "there is no second machine"},
    {"so_filename", OPTION_REFUSED, 0, 0, 0, 0, "the stack is built in"},
    {"so_flags", OPTION_REFUSED, 0, 0, 0, 0, "the stack is built in"},
};

bool run_is_setting(const char *name, size_t len) {
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
      return rows[i].kind != OPTION_TAKEN;
    }
  }
  return false;
}

static bool set_number(struct run *run, const struct script_option *option,
                       const struct option_row *row) {
  char *end = NULL;
  const char *text = option->value ? option->value : "";
  long long value = strtoll(text, &end, 0);
  if (!*text || *end || value < row->least || value > row->most) {
    return run_wrong(run, option->line,
                     "--%s wants a number from %lld to %lld.", row->name,
                     (long long)row->least, (long long)row->most);
  }
  uint16_t small = (uint16_t)value;
  int64_t large = value;
  memcpy((char *)&run->settings + row->offset,
         row->size == sizeof(small) ? (const void *)&small : &large, row->size);
  return true;
}

static bool read_address(struct run *run, const struct script_option *option,
                         uint32_t *address) {
  char text[32];
  struct in_addr in;
  snprintf(text, sizeof(text), "%s", option->value ? option->value : "");
  text[strcspn(text, "/")] = '\0';
  if (inet_pton(AF_INET, text, &in) != 1) {
    return run_wrong(run, option->line, "--%s wants an IPv4 address.",
                     option->name);
  }
  *address = ntohl(in.s_addr);
  return true;
}

/* --local_ip=fd3d::1: of scripts over IPv6. */
static bool set_address6(struct run *run, const struct script_option *option) {
  struct run_settings *s = &run->settings;
  struct ph_addr *to = strcmp(option->name, "local_ip") == 0    ? &s->local6
                       : strcmp(option->name, "remote_ip") == 0 ? &s->remote6
                                                                : &s->gateway6;
  char text[64];
  snprintf(text, sizeof(text), "%s", option->value);
  text[strcspn(text, "/")] = '\0';
  return inet_pton(AF_INET6, text, to->bytes) == 1 ||
         run_wrong(run, option->line, "--%s wants an address.", option->name);
}

static bool set_netmask(struct run *run, const struct script_option *option) {
  uint32_t mask;
  if (!read_address(run, option, &mask)) {
    return false;
  }
  uint8_t len = 0;
  while (len < 32 && mask & 0x80000000u >> len) {
    len++;
  }
  run->settings.prefix_len = len;
  return len == 0 || len == 32 || mask << len
             ? run_wrong(run, option->line, "this is no netmask.")
             : true;
}

static bool set_version(struct run *run, const struct script_option *option) {
  const char *value = option->value ? option->value : "";
  if (strcmp(value, "ipv4") == 0) {
    run->settings.ipv6 = run->settings.mapped = false;
    return true;
  }
  if (strcmp(value, "ipv4-mapped-ipv6") == 0) {
    run->settings.mapped = true;
    run->settings.ipv6 = false;
    return true;
  }
  if (strcmp(value, "ipv6") == 0) {
    run->settings.ipv6 = true;
    run->settings.mapped = false;
    return true;
  }
  return run_wrong(run, option->line,
                   "--ip_version is ipv4, ipv4-mapped-ipv6 or ipv6.");
}

static bool set_percent(struct run *run, const struct script_option *option) {
  char *end = NULL;
  const char *text = option->value ? option->value : "";
  double value = strtod(text, &end);
  if (!*text || *end || !(value >= 0 && value <= 100)) {
    return run_wrong(run, option->line,
                     "--tolerance_percent wants a number from 0 to 100.");
  }
  if (run->options->tolerance_permille < 0) {
    run->settings.tolerance_permille = (int64_t)(value * 10);
  }
  return true;
}

bool settings_option(struct run *run, const struct script_option *option) {
  const struct option_row *row = NULL;
  uint32_t address;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    row = strcmp(rows[i].name, option->name) == 0 ? &rows[i] : row;
  }
  if (!row) {
    return run_wrong(run, option->line, "--%s is no option of scripts.",
                     option->name);
  }
  switch (row->kind) {
    case OPTION_NUMBER:
      return set_number(run, option, row);
    case OPTION_ADDRESS:
      if (option->value && strchr(option->value, ':')) {
        return set_address6(run, option);
      }
      if (!read_address(run, option, &address)) {
        return false;
      }
      memcpy((char *)&run->settings + row->offset, &address, sizeof(address));
      return true;
    case OPTION_NETMASK:
      return set_netmask(run, option);
    case OPTION_VERSION:
      return set_version(run, option);
    case OPTION_PERCENT:
      return set_percent(run, option);
    case OPTION_FLAG:
      run->settings.strict_segments = true;
      return true;
    case OPTION_REFUSED:
      return run_wrong(run, option->line, "--%s can't be had here: %s.",
                       row->name, row->why);
    default:
      return true;
  }
}
