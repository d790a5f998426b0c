/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/run/state.h"

#include "sim/core/util.h"
#include "sim/run/record.h"

/* No command needs more; a transfer that hangs ends here. */
#define RUN_DEADLINE (20000 * SIM_S)
#define RUN_DRAIN (2 * SIM_MS)

double run_wall_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool run_open_files(struct run *run) {
  const struct options *options = run->options;
  if (options->pcapng || options->record || options->watch) {
    run->capture = capture_open(options->pcapng);
    if (!run->capture) {
      fprintf(stderr, "packhorse: --pcapng %s: %s.\n", options->pcapng,
              strerror(errno));
      return false;
    }
  }
  if (options->timeline || options->explain) {
    run->timeline = timeline_open(options->timeline, options->explain != NULL);
    if (!run->timeline) {
      fprintf(stderr, "packhorse: --timeline %s: %s.\n", options->timeline,
              strerror(errno));
      if (run->capture) {
        capture_close(run->capture);
      }
      return false;
    }
  }
  return true;
}

/* `host` may stand in the run, too. */
static void name_waves(struct run *run, unsigned index, const char *host) {
  char name[TOPOLOGY_NAME];
  snprintf(name, sizeof(name), "%s", host);
  if (run->options->waves) {
    snprintf(run->waves[index], sizeof(run->waves[index]), "%.480s-%s.vcd",
             run->options->waves, name);
  }
}

static struct host_config host_config_of(struct run *run, unsigned index) {
  const struct options *options = run->options;
  const struct topology_host *host = &run->topology.hosts[index];
  const struct host_port_config *port = &host->ports[0];
  name_waves(run, index, host->name);
  struct host_config config = {
      .name = host->name,
      .index = index,
      .ip = port->ip,
      .prefix_len = port->prefix_len,
      .ipv6 = options->ipv6,
      .ip6 = port->ip6,
      .prefix6_len = port->prefix6_len,
      .advertise = port->advertise,
      .autoconf = host->autoconf,
      .nic = host->nic,
      .offload = host->offload,
      .lro = host->lro,
      .mtu = port->mtu,
      .mss = host->forwarding ? 0 : options->mss,
      .more = host->ports + 1,
      .more_count = host->port_count - 1,
      .routes = host->routes,
      .route_count = host->route_count,
      .forwarding = host->forwarding,
      .tcp = &options->tcp,
      .sndbuf = options->sndbuf,
      .rcvbuf = options->rcvbuf,
      .mem_latency_ns = options->mem_latency_ns,
      .cost = &options->cost,
      .seed = options->seed,
      .max_cycles = options->max_cycles,
      .no_idle_skip = options->no_idle_skip,
      .waves = options->waves && host->nic == HOST_NIC_RTL ? run->waves[index]
                                                           : NULL,
      .timeline = run->timeline,
      .probe = options->record ? record_probe : NULL,
      .probe_ctx = options->record,
  };
  memcpy(config.mac, port->mac, sizeof(config.mac));
  return config;
}

void run_parse_topology(struct topology *topology,
                        const struct options *options) {
  const struct topology_defaults defaults = options_topology_defaults(options);
  const char *text = options->topology ? options->topology : "client - server";
  if (!topology_parse(topology, text, &defaults)) {
    sim_fatal("--topology: %s", topology->error);
  }
}

struct host_config run_lone_host(struct run *run) {
  const struct options *options = run->options;
  run_parse_topology(&run->topology, options);
  struct host_config config = host_config_of(run, 0);
  config.name = "host";
  config.ip = options->address;
  config.prefix_len = options->prefix_len;
  memcpy(config.mac, options->mac, sizeof(config.mac));
  name_waves(run, 0, config.name);
  return config;
}

bool run_start(struct run *run, const struct options *options) {
  struct host_config hosts[SIM_HOSTS];
  *run = (struct run){.options = options, .started = run_wall_clock()};
  run_parse_topology(&run->topology, options);
  if (!run_open_files(run)) {
    return false;
  }
  const struct topology *topology = &run->topology;
  for (unsigned i = 0; i < topology->host_count; i++) {
    hosts[i] = host_config_of(run, i);
  }
  sim_init_graph(&run->sim, hosts, topology->host_count, topology->links,
                 topology->link_count, options->seed, run->capture);
  if (options->record) {
    record_watch(options->record, run->capture, &run->topology);
  }
  return true;
}

sim_time run_client_start(const struct run *run) {
  return RUN_CLIENT_START + (run->options->autoconf ? RUN_AUTOCONF : 0);
}

struct ph_addr run_address(const struct run *run, unsigned index) {
  return topology_address(&run->topology.hosts[index], run->options->ipv6);
}

static void write_state(struct run *run) {
  const char *name = run->options->state;
  FILE *to = fopen(name, "w");
  if (to) {
    fputs(STATE_TITLE, to);
    for (unsigned i = 0; i < run->topology.host_count; i++) {
      state_write_host(to, run->topology.hosts[i].name,
                       host_stack(run->sim.host[i]));
    }
  }
  if (!to || (ferror(to) | fclose(to)) != 0) {
    fprintf(stderr, "packhorse: --state %s: %s.\n", name, strerror(errno));
    run->unwritten = true;
  }
}

void run_simulate(struct run *run, unsigned wait_for) {
  const struct options *options = run->options;
  if (options->state_at_us) {
    sim_time at = options->state_at_us * SIM_US;
    run->finished =
        sim_run(&run->sim, sim_time_min(at, RUN_DEADLINE), wait_for);
    write_state(run);
  }
  if (!run->finished) {
    run->finished = sim_run(&run->sim, RUN_DEADLINE, wait_for);
  }
  run->sim_ps = sim_now(&run->sim);
  if (run->finished) {
    sim_drain(&run->sim, sim_now(&run->sim) + RUN_DRAIN);
  }
  if (options->state && !options->state_at_us) {
    write_state(run);
  }
}

bool run_close_timeline(struct run *run) {
  bool good = !run->timeline || timeline_close(run->timeline);
  run->timeline = NULL;
  if (!good) {
    fprintf(stderr, "packhorse: %s could not be written.\n",
            run->options->timeline);
  }
  return good;
}

bool run_close_files(struct run *run) {
  const struct options *options = run->options;
  bool good = true;
  if (run->capture && !capture_close(run->capture)) {
    fprintf(stderr, "packhorse: %s could not be written.\n", options->pcapng);
    good = false;
  }
  if (!options->explain) {
    good = run_close_timeline(run) && good;
  }
  return good;
}

/* Every field is a count. */
static void add_stats(struct link_stats *sum, const struct link_stats *stats) {
  uint64_t counts[2][sizeof(*sum) / sizeof(uint64_t)];
  memcpy(counts[0], sum, sizeof(*sum));
  memcpy(counts[1], stats, sizeof(*stats));
  for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++) {
    counts[0][i] += counts[1][i];
  }
  memcpy(sum, counts[0], sizeof(*sum));
}

bool run_finish(struct run *run) {
  run->healthy = true;
  /* First: reading the NIC's counters is an event too. */
  run->event_hash = sim_event_hash(&run->sim);
  for (unsigned i = 0; i < run->sim.host_count; i++) {
    const char *why;
    host_get_report(run->sim.host[i], &run->host[i]);
    run->stats[i] = host_stack(run->sim.host[i])->stats;
    if (!host_check(run->sim.host[i], &why)) {
      run->healthy = false;
      snprintf(run->why, sizeof(run->why), "%s", why);
    }
  }
  for (unsigned i = 0; i < run->sim.link_count; i++) {
    for (int d = 0; d < 2; d++) {
      run->links[i][d] = run->sim.links[i].link.direction[d].stats;
      add_stats(&run->link[d], &run->links[i][d]);
    }
  }
  sim_destroy(&run->sim);
  bool good = run_close_files(run) && !run->unwritten;
  run->wall_s = run_wall_clock() - run->started;
  return good;
}

uint64_t run_sum(const uint64_t *first, size_t size) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < SIM_HOSTS; i++) {
    uint64_t value;
    memcpy(&value, (const char *)first + i * size, sizeof(value));
    sum += value;
  }
  return sum;
}

#define HOSTS(field) run_sum(&run->host[0].field, sizeof(run->host[0]))
#define STAT(field) run_sum(&run->stats[0].field, sizeof(run->stats[0]))

uint64_t run_host_ns(const struct run *run) {
  return HOSTS(cpu_ps) / SIM_NS;
}

/* --- JSON ----------------------------------------------------------------- */

static uint64_t both(const struct run *run, size_t offset) {
  uint64_t sum = 0;
  for (int i = 0; i < 2; i++) {
    uint64_t value;
    memcpy(&value, (const char *)&run->link[i] + offset, sizeof(value));
    sum += value;
  }
  return sum;
}

#define BOTH(field) both(run, offsetof(struct link_stats, field))

void run_json(const struct run *run, struct json *json) {
  const struct options *options = run->options;
  json_text(json, "nic", options->nic == HOST_NIC_RTL ? "rtl" : "soft");
  json_text(json, "offload", options_offload_name(options->offload));
  json_u64(json, "ip_version", options->ipv6 ? 6 : 4);
  json_u64(json, "hosts", run->topology.host_count);
  json_text(json, "cpu", options->cost.title);
  json_u64(json, "seed", options->seed);
  json_u64(json, "sim_ns", run->sim_ps / SIM_NS);
  json_u64(json, "cycles", HOSTS(cycles));
  json_real(json, "wall_s", run->wall_s);
  json_hash(json, "event_hash", run->event_hash);
  json_u64(json, "wire_frames", BOTH(frames));
  json_u64(json, "wire_bytes", BOTH(bytes));
  for (int kind = 0; kind < FRAME_KIND_COUNT; kind++) {
    char key[32];
    snprintf(key, sizeof(key), "frames_%s",
             frame_kind_name((enum frame_kind)kind));
    json_u64(json, key,
             run->link[0].kind_frames[kind] + run->link[1].kind_frames[kind]);
  }
  json_u64(json, "super_segments", HOSTS(super_segments));
  json_u64(json, "nic_packets", HOSTS(packets));
  json_u64(json, "sw_segments", STAT(SwSegments));
  json_u64(json, "sw_checksum_bytes", STAT(SwChecksumBytes));
  json_u64(json, "sw_verify_bytes", STAT(SwVerifyBytes));
  json_u64(json, "retransmissions", STAT(TcpRetransSegs));
  json_u64(json, "fast_retransmits", STAT(TcpFastRetrans));
  json_u64(json, "timeouts", STAT(TcpTimeouts));
  json_u64(json, "out_of_order", STAT(TcpOutOfOrder));
  json_u64(json, "checksum_errors",
           STAT(TcpInCsumErrors) + STAT(IpInCsumErrors) +
               STAT(UdpInCsumErrors) + STAT(IcmpInCsumErrors));
  json_u64(json, "faults_lost", BOTH(lost));
  json_u64(json, "faults_queue_full", BOTH(queue_full));
  json_u64(json, "faults_too_long", BOTH(too_long));
  json_u64(json, "faults_dup", BOTH(dup));
  json_u64(json, "faults_reorder", BOTH(reorder));
  json_u64(json, "faults_fcs", BOTH(fcs));
  json_u64(json, "faults_flip", BOTH(flip));
  json_u64(json, "ecn_marks", BOTH(ce));
  json_u64(json, "nic_tx_frames", HOSTS(nic_tx_frames));
  json_u64(json, "nic_rx_frames", HOSTS(nic_rx_frames));
  json_u64(json, "nic_super_segments", HOSTS(nic_super_segments));
  json_u64(json, "nic_segments", HOSTS(nic_segments));
  json_u64(json, "nic_csum_inserted", HOSTS(nic_csum_inserted));
  json_u64(json, "nic_csum_good", HOSTS(nic_csum_good));
  json_u64(json, "nic_csum_bad", HOSTS(nic_csum_bad));
  json_u64(json, "nic_bad_frames", HOSTS(nic_bad_frames));
  json_u64(json, "nic_coalesced", HOSTS(nic_coalesced));
  json_u64(json, "nic_overflows", HOSTS(nic_overflows));
  json_u64(json, "nic_errors", HOSTS(nic_errors));
  json_u64(json, "host_ns", run_host_ns(run));
  json_u64(json, "interrupts", HOSTS(interrupts));
  json_u64(json, "register_accesses",
           HOSTS(register_reads) + HOSTS(register_writes));
}

/* --- Report --------------------------------------------------------------- */

void run_print_frames(const struct run *run) {
  static const char *const kinds[FRAME_KIND_COUNT] = {
      "TCP data", "TCP ACK", "TCP SYN, FIN, RST", "UDP", "ICMP",
      "ARP",      "other"};
  if (run->topology.link_count > 1) {
    topology_print_links(&run->topology, run->links);
    return;
  }
  printf(
      "On the wire                 client > server         "
      "server > client\n");
  for (int kind = 0; kind < FRAME_KIND_COUNT; kind++) {
    const struct link_stats *a = &run->link[0], *b = &run->link[1];
    if (a->kind_frames[kind] + b->kind_frames[kind] == 0) {
      continue;
    }
    printf("  %-18s %8llu frames %10llu B %8llu frames %10llu B\n", kinds[kind],
           (unsigned long long)a->kind_frames[kind],
           (unsigned long long)a->kind_bytes[kind],
           (unsigned long long)b->kind_frames[kind],
           (unsigned long long)b->kind_bytes[kind]);
  }
}

static void print_fault(const char *name, const char *effect, uint64_t a,
                        uint64_t b) {
  if (a + b) {
    printf("  %-11s %8llu + %-8llu %s\n", name, (unsigned long long)a,
           (unsigned long long)b, effect);
  }
}

void run_print_faults(const struct run *run) {
  const struct link_stats *a = &run->link[0], *b = &run->link[1];
  bool any = false;
  for (unsigned i = 0; i < run->topology.link_count; i++) {
    any |= link_has_faults(&run->topology.links[i].link);
  }
  if (!any) {
    return;
  }
  printf("\nFaults of the %s\n",
         run->topology.link_count > 1
             ? "links (from left + from right)"
             : "wire (client > server + server > client)");
  print_fault("lost", "frames; the receiver saw a gap", a->lost, b->lost);
  print_fault("queue full", "frames dropped", a->queue_full, b->queue_full);
  print_fault("too long", "packets for the path's MTU (no ICMP)", a->too_long,
              b->too_long);
  print_fault("duplicated", "frames; TCP dropped the second", a->dup, b->dup);
  print_fault("reordered", "frames; queued out of order", a->reorder,
              b->reorder);
  print_fault("fcs", "frames damaged; the MAC dropped them", a->fcs, b->fcs);
  print_fault("flip", "frames damaged, FCS repaired; a checksum caught it",
              a->flip, b->flip);
  print_fault("marked", "packets told of congestion (ECN)", a->ce, b->ce);
  printf("How it was repaired\n");
  printf(
      "  %llu frames dropped by the MACs, %llu packets by checksums of IP, "
      "%llu of TCP\n",
      (unsigned long long)HOSTS(nic_bad_frames),
      (unsigned long long)STAT(IpInCsumErrors),
      (unsigned long long)STAT(TcpInCsumErrors));
  printf("  %llu duplicate ACKs, %llu segments kept out of order\n",
         (unsigned long long)STAT(TcpDupAcksIn),
         (unsigned long long)STAT(TcpOutOfOrder));
  printf("  %llu segments sent again: %llu fast retransmits, %llu timeouts\n",
         (unsigned long long)STAT(TcpRetransSegs),
         (unsigned long long)STAT(TcpFastRetrans),
         (unsigned long long)STAT(TcpTimeouts));
}

void run_print_files(const struct run *run) {
  const struct options *options = run->options;
  if (options->pcapng) {
    printf(
        "\nCapture   %s   (super-segments and their segments side by side: "
        "wireshark %s,\n          filter 'frame.interface_name == "
        "\"server:host-tx\"' or any of host-tx, wire-tx, wire-rx, "
        "host-rx)\n",
        options->pcapng, options->pcapng);
  }
  if (options->timeline) {
    printf(
        "%sTimeline  %s   (every packet from write() to read(): open it in "
        "ui.perfetto.dev)\n",
        options->pcapng ? "" : "\n", options->timeline);
  }
  if (options->waves) {
    printf("Waves     %s-%s.vcd, %s-%s.vcd   (gtkwave)\n", options->waves,
           run->topology.hosts[RUN_CLIENT].name, options->waves,
           run->topology.hosts[RUN_SERVER].name);
  }
}

void run_print_end(const struct run *run) {
  run_print_frames(run);
  run_print_faults(run);
  printf("\nevent hash %016llx\n", (unsigned long long)run->event_hash);
  run_print_files(run);
}
