/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/options_parse.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/ping.h"
#include "sim/apps/probe.h"
#include "sim/apps/udp_echo.h"
#include "sim/tool/example.h"
#include "sim/tool/help.h"
#include "sim/tool/options_arq.h"
#include "sim/tool/options_value.h"
#include "sim/explain/scenario.h"

enum {
  D = 1 << COMMAND_DOWNLOAD | 1 << COMMAND_REPORT,
  P = 1 << COMMAND_PING,
  U = 1 << COMMAND_UDP,
  T = 1 << COMMAND_THROUGHPUT,
  W = 1 << COMMAND_TRACEROUTE,
  A = 1 << COMMAND_TAP,
  R = 1 << COMMAND_REPLAY,
  S = 1 << COMMAND_SCENARIO,
  E = 1 << COMMAND_EXAMPLE,
  H = 1 << COMMAND_DHCP,
  SIM = D | P | U | T | W | E,
  ALL = SIM | A | R | S | H,
  MIN_MTU = 576,
  MAX_MTU = 9000,
  FIRST_CODE = 256,
};

#define OPTIONS_MAP(X)                                                         \
  X(bytes, "N", D | T | A, "how much to transfer (1500000; suffixes k M G)")   \
  X(file, "FILE", D | A, "transfer this file")                                 \
  X(output, "FILE", D | A, "write at the receiver what was received")          \
  X(count, "N", P | U, "how many requests (4)")                                \
  X(size, "N", P | U | W, "payload bytes of each (56)")                        \
  X(ttl, "N", P, "time to live or hop limit of the requests (64)")             \
  X(probe, "KIND", W, "icmp: echo requests; udp: unlikely ports (icmp)")       \
  X(max_hops, "N", W, "how far to look, 1 to 255 (30)")                        \
  X(queries, "N", W, "probes for each hop, 1 to 10 (3)")                       \
  X(interval, "MS", P, "milliseconds from one request to the next (1)")        \
  X(seconds, "N", H, "how long to look, then the address goes back (10)")      \
  X(lease, "S", H, "for how long an address is given (3600)")                  \
  X(conflict, NULL, H, "another host has the first address already")           \
  X(mtu, "N", ALL, "largest IP packet, 576 to 9000 (1500)")                    \
  X(mss, "N", D | T, "largest TCP segment (MTU - 40)")                         \
  X(offload, "KIND", ALL, "all: checksum and TSO; csum: checksum; none (all)") \
  X(nic, "KIND", ALL, "rtl: the Verilated RTL; soft: a NIC in C (rtl)")        \
  X(wire, "SCRIPT", SIM | R | H,                                               \
    "rate, delay, faults per direction: see 'help wire'")                      \
  X(topology, "NET", SIM | H,                                                  \
    "more hosts, routers, links: see 'help topology'")                         \
  X(from, "HOST", SIM | H, "of a topology: the client (client, or the first)") \
  X(to, "HOST", SIM, "of a topology: the server (server, or the last)")        \
  X(ipv6, NULL, SIM | S, "speak IPv6; -6 is the same")                         \
  X(autoconf, NULL, D | T | P | U | W,                                         \
    "of -6 and --topology: hosts learn their addresses from routers")          \
  X(mem_latency, "NS", ALL, "latency of host memory in nanoseconds (200)")     \
  X(cpu, "TABLE", ALL, "cost of software: ideal, default or a file (default)") \
  X(app_buffer, "N", D | T | A, "bytes per read() and write() (65536)")        \
  X(sndbuf, "N", D | T | A, "send buffer of a socket, bytes (262144)")         \
  X(rcvbuf, "N", D | T | A, "receive buffer of a socket, bytes (262144)")      \
  X(timestamps, NULL, D | T | A, "offer TCP timestamps (RFC 7323)")            \
  X(ecn, NULL, D | T | A, "offer explicit congestion notification (RFC 3168)") \
  X(read_rate, "N", D | T, "bytes per second that the receiver reads")         \
  X(write_rate, "N", D | T, "bytes per second that the sender writes")         \
  X(seed, "N", ALL, "seed of every random choice (1)")                         \
  X(pcapng, "FILE", ALL, "capture, for Wireshark")                             \
  X(timeline, "FILE", ALL, "timeline, for ui.perfetto.dev")                    \
  X(explain, "PACKET", D | T,                                                  \
    "follow one data packet: its number, first, largest or slowest")           \
  X(picture, "FILE", D | T | S | P | H,                                        \
    "draw its way, the scenario or the exchange (SVG)")                        \
  X(state, "FILE", SIM,                                                        \
    "the hosts' sockets, routes and counters, for netstat")                    \
  X(state_at, "US", SIM, "at this simulated microsecond, not at the end")      \
  X(control, "SOCKET", A, "answer netstat there while the session runs")       \
  X(waves, "PREFIX", ALL, "waves of the RTL: PREFIX-<host>.vcd")               \
  X(report, "FILE", D | T, "an HTML page of the run, for any browser")         \
  X(json, NULL, SIM | R | S | H,                                               \
    "print one JSON object instead of the report")                             \
  X(arq, "MODE", T,                                                            \
    "stop-and-wait, go-back-n, selective-repeat or all: a table")              \
  X(loss, "LIST", T, "of --arq: probabilities (0,0.001,0.003,0.01,0.03,0.1)")  \
  X(delay, "LIST", T, "of --arq: one way (500us,2ms)")                         \
  X(window, "N", T, "of --arq: segments (as many as fill the wire)")           \
  X(timeout, "PERCENT", T, "of --arq: of the round trip (125)")                \
  X(plot, "FILE", T, "of --arq: throughput against loss (SVG)")                \
  X(no_compare, NULL, D | T, "do not run again without offloads")              \
  X(max_cycles, "N", ALL, "run the model at most so far per call")             \
  X(no_idle_skip, NULL, ALL, "evaluate idle cycles too")                       \
  X(tap, "NAME", A, "TAP device to make or to use (ph0)")                      \
  X(netns, "NAME", A, "network namespace to put it into, made if missing")     \
  X(address, "A/N", A | R, "address of our host (10.0.0.1/24)")                \
  X(mac, "MAC", R, "Ethernet address of our host (02:50:48:00:00:01)")         \
  X(speed, "HOW", R, "recorded: at the recorded times; line: back to back")    \
  X(interface, "NAME", R, "replay frames of this interface only (or number)")  \
  X(serve, NULL, A, "serve --file or --bytes by HTTP on port 80 (default)")    \
  X(fetch, "URL", A, "download http://A.B.C.D[:PORT]/PATH from Linux")         \
  X(log, "FILE", A, "record what Linux sends")                                 \
  X(replay, "FILE", A, "the recorded session again, without Linux")            \
  X(duration, "S", A, "stop after so many seconds of wall clock")              \
  X(help, NULL, ALL, "this text")

enum option_code {
  OPTION_BASE = FIRST_CODE,
#define X(name, arg, commands, text) OPTION_##name,
  OPTIONS_MAP(X)
#undef X
      OPTION_END
};

enum { OPTION_COUNT = OPTION_END - OPTION_BASE - 1 };

static const struct {
  const char *name, *arg, *text;
  int commands;
} table[OPTION_COUNT] = {
#define X(name, arg, commands, text) {#name, arg, text, commands},
    OPTIONS_MAP(X)
#undef X
};

static const struct {
  const char *name, *text;
} commands[COMMAND_COUNT] = {
    {"download", "a file crosses by HTTP from one host to the other"},
    {"ping", "ICMP echo from one host to the other"},
    {"udp", "UDP datagrams to an echo server and back"},
    {"throughput", "one TCP connection, as fast as it goes"},
    {"traceroute", "the routers between client and server"},
    {"tap", "one host at one end, the Linux kernel at the other"},
    {"replay", "the frames of a pcap or pcapng FILE go to one host"},
    {"packet", "scripts of packets and socket calls against the stack"},
    {"scenario", "TCP shows one of its ways, draws and explains it: NAME"},
    {"netstat", "sockets, counters and routes of a run or a session"},
    {"report", "an HTML page of a download, or of a recording FILE"},
    {"resolve", "a host gets its address by DHCP and asks for a NAME"},
    {"example", "programs on the socket interface, host to host: NAME"},
    {"dhcp", "a host gets an address, renews it and gives it back"},
    {"diagnose", "what limited the connections of a pcapng or pcap FILE"},
    {"help",
     "this list; 'help COMMAND', 'help cpu', 'wire' or 'topology' for more"},
};

static bool has_name(enum command command) {
  return command == COMMAND_SCENARIO || command == COMMAND_EXAMPLE;
}

/* --- Help ----------------------------------------------------------------- */

void options_help(enum command command) {
  if (command == COMMAND_HELP) {
    printf("usage: packhorse COMMAND [OPTION]...\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++) {
      printf("  %-11s %s\n", commands[i].name, commands[i].text);
    }
    printf("\n'packhorse COMMAND --help' lists the options of a command.\n");
    return;
  }
  printf("usage: packhorse %s%s [OPTION]...\n\n%s.\n\n", commands[command].name,
         command == COMMAND_REPLAY ? " FILE"
         : has_name(command)       ? " NAME"
                                   : "",
         commands[command].text);
  if (command == COMMAND_SCENARIO) {
    scenario_list();
  }
  if (command == COMMAND_EXAMPLE) {
    example_list();
  }
  for (int i = 0; i < OPTION_COUNT; i++) {
    if (table[i].commands & 1 << command) {
      char left[40], name[32];
      options_dashed(name, sizeof(name), table[i].name);
      snprintf(left, sizeof(left), "--%s %s", name,
               table[i].arg ? table[i].arg : "");
      printf("  %-20s %s\n", left, table[i].text);
    }
  }
}

bool options_help_topic(const char *topic) {
  if (help_topic(topic)) {
    return true;
  }
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(topic, commands[i].name) == 0) {
      options_help((enum command)i);
      return true;
    }
  }
  return false;
}

/* --- Values --------------------------------------------------------------- */

static int set_offload(struct options *options, const char *text) {
  for (int i = HOST_OFFLOAD_ALL; i <= HOST_OFFLOAD_NONE; i++) {
    if (strcmp(text, options_offload_name((enum host_offload)i)) == 0) {
      options->offload = (enum host_offload)i;
      return 0;
    }
  }
  return options_complain("offload", text, "all, csum or none");
}

static int set_nic(struct options *options, const char *text) {
  bool soft = strcmp(text, "soft") == 0;
  if (!soft && strcmp(text, "rtl") != 0) {
    return options_complain("nic", text, "rtl or soft");
  }
  options->nic_given = true;
  options->nic = soft ? HOST_NIC_SOFT : HOST_NIC_RTL;
  return 0;
}

static int set_wire(struct options *options, const char *text) {
  char error[256];
  options->wire_given = true;
  if (link_config_parse(&options->link, text, error, sizeof(error))) {
    return 0;
  }
  fprintf(stderr, "packhorse: %s.\n", error);
  return 2;
}

static int set_cpu(struct options *options, const char *text) {
  char error[256];
  if (cost_table_load(&options->cost, text, error, sizeof(error))) {
    return 0;
  }
  fprintf(stderr, "packhorse: %s.\n", error);
  return 2;
}

static int set_speed(struct options *options, const char *text) {
  options->line_rate = strcmp(text, "line") == 0;
  if (!options->line_rate && strcmp(text, "recorded") != 0) {
    return options_complain("speed", text, "recorded or line");
  }
  return 0;
}

/* Options whose value is kept as it is. */
static int set_text(struct options *options, int code, const char *value) {
#define X(name) \
  { OPTION_##name, offsetof(struct options, name) }
  static const struct {
    int code;
    size_t at;
  } texts[] = {X(file),      X(output), X(topology), X(from),    X(to),
               X(interface), X(pcapng), X(timeline), X(picture), X(state),
               X(control),   X(waves),  X(tap),      X(netns),   X(fetch),
               X(log),       X(replay), X(report)};
#undef X
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    if (texts[i].code == code) {
      memcpy((char *)options + texts[i].at, &value, sizeof(value));
      return 0;
    }
  }
  return -1;
}

static int set_traffic(struct options *options, int code, const char *value) {
  switch (code) {
    case OPTION_bytes:
      options->bytes_given = true;
      return options_number64("bytes", value, &options->bytes);
    case OPTION_count:
      return options_number32("count", value, 1, 1000000, &options->count);
    case OPTION_size:
      return options_number32("size", value, 0,
                              options->command == COMMAND_PING ? PING_SIZE_MAX
                              : options->command == COMMAND_TRACEROUTE
                                  ? PROBE_SIZE_MAX
                                  : UDP_ECHO_MAX,
                              &options->size);
    case OPTION_ttl:
      return options_number32("ttl", value, 1, 255, &options->ttl);
    case OPTION_probe:
      options->probe_udp = strcmp(value, "udp") == 0;
      return options->probe_udp || strcmp(value, "icmp") == 0
                 ? 0
                 : options_complain("probe", value, "icmp or udp");
    case OPTION_max_hops:
      return options_number32("max_hops", value, 1, 255, &options->max_hops);
    case OPTION_queries:
      return options_number32("queries", value, 1, TRACEROUTE_QUERIES,
                              &options->queries);
    case OPTION_interval:
      return options_number32("interval", value, 0, 3600000,
                              &options->interval_ms);
    case OPTION_seconds:
      return options_number32("seconds", value, 1, 1000000, &options->seconds);
    case OPTION_lease:
      return options_number32("lease", value, 1, 1000000, &options->lease_s);
    case OPTION_conflict:
      options->conflict = true;
      return 0;
    case OPTION_app_buffer:
      return options_number32("app_buffer", value, 1, 16 << 20,
                              &options->app_buffer);
    case OPTION_sndbuf:
      return options_number32("sndbuf", value, 4096, 64 << 20,
                              &options->sndbuf);
    case OPTION_rcvbuf:
      return options_number32("rcvbuf", value, 4096, 64 << 20,
                              &options->rcvbuf);
    case OPTION_read_rate:
      return options_number64("read_rate", value, &options->read_rate);
    case OPTION_write_rate:
      return options_number64("write_rate", value, &options->write_rate);
    default:
      return -1;
  }
}

static int set_machine(struct options *options, int code, const char *value) {
  switch (code) {
    case OPTION_mtu:
      return options_number16("mtu", value, MIN_MTU, MAX_MTU, &options->mtu);
    case OPTION_mss:
      return options_number16("mss", value, MIN_MTU - 40, MAX_MTU - 40,
                              &options->mss);
    case OPTION_offload:
      return set_offload(options, value);
    case OPTION_nic:
      return set_nic(options, value);
    case OPTION_wire:
      return set_wire(options, value);
    case OPTION_ipv6:
      options->ipv6 = true;
      return 0;
    case OPTION_autoconf:
      options->autoconf = true;
      return 0;
    case OPTION_mem_latency:
      return options_number32("mem_latency", value, 1, 100000,
                              &options->mem_latency_ns);
    case OPTION_cpu:
      return set_cpu(options, value);
    case OPTION_seed:
      return options_number64("seed", value, &options->seed);
    case OPTION_max_cycles:
      return options_number64("max_cycles", value, &options->max_cycles);
    case OPTION_mac:
      return options_mac(value, options->mac);
    case OPTION_speed:
      return set_speed(options, value);
    case OPTION_no_idle_skip:
      options->no_idle_skip = true;
      return 0;
    case OPTION_timestamps:
      options->tcp.features.timestamps = PH_TCP_ON;
      return 0;
    case OPTION_ecn:
      options->tcp.features.ecn = PH_TCP_ON;
      return 0;
    default:
      return -1;
  }
}

static int set_arq(struct options *options, int code, const char *value) {
  struct arq_grid *grid = &options->arq_grid;
  switch (code) {
    case OPTION_arq:
      return options_arq_modes(grid, value);
    case OPTION_loss:
      return options_arq_loss(grid, value);
    case OPTION_delay:
      return options_arq_delay(grid, value);
    case OPTION_window:
      return options_number32("window", value, 4, 4096, &grid->window);
    case OPTION_timeout:
      return options_number32("timeout", value, 100, 10000,
                              &grid->timeout_percent);
    case OPTION_plot:
      grid->plot = value;
      return 0;
    default:
      return -1;
  }
}

/* The number of a packet is not known to be right before the run. */
static int set_explain(struct options *options, const char *text) {
  static const char *const words[] = {"first", "largest", "slowest"};
  uint64_t number;
  bool known = options_number(text, 1, UINT64_MAX - 1, &number);
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    known |= strcmp(text, words[i]) == 0;
  }
  options->explain = text;
  return known ? 0
               : options_complain("explain", text,
                                  "the number of a packet, first, largest or "
                                  "slowest");
}

static int set_other(struct options *options, int code, const char *value) {
  switch (code) {
    case OPTION_explain:
      return set_explain(options, value);
    case OPTION_state_at:
      return options_number64("state_at", value, &options->state_at_us);
    case OPTION_json:
      options->json = true;
      return 0;
    case OPTION_no_compare:
      options->compare = false;
      return 0;
    case OPTION_address:
      return options_address(value, &options->address, &options->prefix_len);
    case OPTION_serve:
      options->serve = true;
      return 0;
    case OPTION_duration:
      return options_number32("duration", value, 1, 1000000,
                              &options->duration_s);
    default:
      options->help = true;
      return 0;
  }
}

/* --- Parsing -------------------------------------------------------------- */

static void set_defaults(struct options *options, enum command command) {
  char error[8];
  *options = (struct options){
      .command = command,
      .bytes = command == COMMAND_THROUGHPUT ? 10000000 : 1500000,
      .report = command == COMMAND_REPORT ? "report.html" : NULL,
      .count = 4,
      .size = 56,
      .interval_ms = 1,
      .max_hops = 30,
      .queries = 3,
      .seconds = 10,
      .lease_s = 3600,
      .mtu = 1500,
      .mem_latency_ns = 200,
      .app_buffer = 65536,
      .sndbuf = 262144,
      .rcvbuf = 262144,
      .seed = 1,
      .nic = HOST_NIC_RTL,
      .compare = true,
      .tap = "ph0",
      .address = 0x0a000001,
      .prefix_len = 24,
      .mac = {0x02, 0x50, 0x48, 0, 0, 1},
  };
  link_config_init(&options->link);
  if (!cost_table_load(&options->cost, "default", error, sizeof(error))) {
    abort();
  }
}

static int unknown_option(char **argv, const char *command, int code) {
  const char *word = argv[optind - 1];
  if (code == ':') {
    fprintf(stderr,
            "packhorse: %s: this option needs a value ('packhorse %s --help' "
            "says which).\n",
            word, command);
  } else {
    fprintf(stderr,
            "packhorse: %s: '%s' has no such option ('packhorse %s --help' "
            "lists them).\n",
            word, command, command);
  }
  return 2;
}

static int parse_command(struct options *options, int argc, char **argv) {
  struct option longs[OPTION_COUNT + 1] = {0};
  char names[OPTION_COUNT][32];
  int count = 0;
  for (int i = 0; i < OPTION_COUNT; i++) {
    if (table[i].commands & 1 << options->command) {
      options_dashed(names[count], sizeof(names[count]), table[i].name);
      longs[count] = (struct option){
          names[count], table[i].arg ? required_argument : no_argument, NULL,
          OPTION_BASE + 1 + i};
      count++;
    }
  }
  const char *command = commands[options->command].name;
  opterr = 0;
  optind = 0;
  int code;
  while ((code = getopt_long(argc, argv, ":6", longs, NULL)) != -1) {
    if (code == '?' || code == ':') {
      return unknown_option(argv, command, code);
    }
    if (code == '6' && !(table[OPTION_ipv6 - OPTION_BASE - 1].commands &
                         1 << options->command)) {
      return unknown_option(argv, command, '?');
    }
    code = code == '6' ? OPTION_ipv6 : code;
    int status = set_text(options, code, optarg);
    status = status < 0 ? set_traffic(options, code, optarg) : status;
    status = status < 0 ? set_machine(options, code, optarg) : status;
    status = status < 0 ? set_arq(options, code, optarg) : status;
    status = status < 0 ? set_other(options, code, optarg) : status;
    if (status) {
      return status;
    }
  }
  if (options->command == COMMAND_REPLAY && optind < argc) {
    options->file = argv[optind++];
  }
  if (has_name(options->command) && optind < argc) {
    options->topic = argv[optind++];
  }
  if (optind < argc) {
    fprintf(stderr,
            "packhorse: %s: '%s' takes %s only ('packhorse %s --help' "
            "lists them).\n",
            argv[optind], command,
            options->command == COMMAND_REPLAY ? "one FILE and options"
            : has_name(options->command)       ? "one NAME and options"
                                               : "options",
            command);
    return 2;
  }
  return options->help ? 0 : options_check(options);
}

static int complain_command(const char *word) {
  fprintf(stderr,
          word ? "packhorse: '%s' is no command, expected "
               : "packhorse: expected a command: ",
          word);
  for (int i = 0; i < COMMAND_COUNT; i++) {
    fprintf(stderr, "%s%s", commands[i].name,
            i + 2 < COMMAND_COUNT    ? ", "
            : i + 2 == COMMAND_COUNT ? " or "
                                     : ".\n");
  }
  return 2;
}

int options_parse(struct options *options, int argc, char **argv) {
  set_defaults(options, COMMAND_HELP);
  if (argc < 2) {
    return complain_command(NULL);
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    return 0;
  }
  for (int i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(argv[1], commands[i].name) == 0) {
      set_defaults(options, (enum command)i);
      if (i == COMMAND_HELP) {
        options->topic = argc > 2 ? argv[2] : NULL;
        return 0;
      }
      bool recording = i == COMMAND_REPORT && argc > 2 && argv[2][0] != '-';
      if (i == COMMAND_PACKET || i == COMMAND_NETSTAT || i == COMMAND_RESOLVE ||
          i == COMMAND_DIAGNOSE || recording) {
        options->args = argv + 1;
        options->arg_count = argc - 1;
        return 0;
      }
      return parse_command(options, argc - 1, argv + 1);
    }
  }
  return complain_command(argv[1]);
}
