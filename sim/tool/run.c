/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/tool/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
  if (options->pcapng) {
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

struct host_config run_host_config(struct run *run, unsigned index) {
  const struct options *options = run->options;
  static const char *const names[2] = {"client", "server"};
  if (options->waves) {
    snprintf(run->waves[index], sizeof(run->waves[index]), "%.480s-%s.vcd",
             options->waves, names[index]);
  }
  return (struct host_config){
      .name = names[index],
      .index = index,
      .ip = index == RUN_CLIENT ? RUN_CLIENT_IP : RUN_SERVER_IP,
      .prefix_len = 24,
      .mac = {0x02, 0x50, 0x48, 0, 0, (uint8_t)(index + 1)},
      .nic = options->nic,
      .offload = options->offload,
      .mtu = options->mtu,
      .mss = options->mss,
      .tcp = &options->tcp,
      .sndbuf = options->sndbuf,
      .rcvbuf = options->rcvbuf,
      .mem_latency_ns = options->mem_latency_ns,
      .cost = &options->cost,
      .seed = options->seed,
      .max_cycles = options->max_cycles,
      .no_idle_skip = options->no_idle_skip,
      .waves = options->waves ? run->waves[index] : NULL,
      .timeline = run->timeline,
  };
}

bool run_start(struct run *run, const struct options *options) {
  *run = (struct run){.options = options, .started = run_wall_clock()};
  if (!run_open_files(run)) {
    return false;
  }
  const struct host_config hosts[2] = {run_host_config(run, RUN_CLIENT),
                                       run_host_config(run, RUN_SERVER)};
  sim_init(&run->sim, hosts, &options->link, options->seed, run->capture);
  return true;
}

void run_simulate(struct run *run, unsigned wait_for) {
  run->finished = sim_run(&run->sim, RUN_DEADLINE, wait_for);
  run->sim_ps = sim_now(&run->sim);
  if (run->finished) {
    sim_drain(&run->sim, sim_now(&run->sim) + RUN_DRAIN);
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

bool run_finish(struct run *run) {
  run->healthy = true;
  /* First: reading the NIC's counters is an event too. */
  run->event_hash = sim_event_hash(&run->sim);
  for (unsigned i = 0; i < 2; i++) {
    const char *why;
    host_get_report(run->sim.host[i], &run->host[i]);
    run->stats[i] = host_stack(run->sim.host[i])->stats;
    run->link[i] = run->sim.links[0].link.direction[i].stats;
    if (!host_check(run->sim.host[i], &why)) {
      run->healthy = false;
      snprintf(run->why, sizeof(run->why), "%s", why);
    }
  }
  sim_destroy(&run->sim);
  bool good = run_close_files(run);
  run->wall_s = run_wall_clock() - run->started;
  return good;
}

uint64_t run_host_ns(const struct run *run) {
  return (run->host[0].cpu_ps + run->host[1].cpu_ps) / SIM_NS;
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
#define NIC(field) (run->host[0].field + run->host[1].field)
#define STAT(field) (run->stats[0].field + run->stats[1].field)

void run_json(const struct run *run, struct json *json) {
  const struct options *options = run->options;
  json_text(json, "nic", options->nic == HOST_NIC_RTL ? "rtl" : "soft");
  json_text(json, "offload", options_offload_name(options->offload));
  json_text(json, "cpu", options->cost.title);
  json_u64(json, "seed", options->seed);
  json_u64(json, "sim_ns", run->sim_ps / SIM_NS);
  json_u64(json, "cycles", run->host[0].cycles + run->host[1].cycles);
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
  json_u64(json, "super_segments", NIC(super_segments));
  json_u64(json, "nic_packets", NIC(packets));
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
  json_u64(json, "nic_tx_frames", NIC(nic_tx_frames));
  json_u64(json, "nic_rx_frames", NIC(nic_rx_frames));
  json_u64(json, "nic_super_segments", NIC(nic_super_segments));
  json_u64(json, "nic_segments", NIC(nic_segments));
  json_u64(json, "nic_csum_inserted", NIC(nic_csum_inserted));
  json_u64(json, "nic_csum_good", NIC(nic_csum_good));
  json_u64(json, "nic_csum_bad", NIC(nic_csum_bad));
  json_u64(json, "nic_bad_frames", NIC(nic_bad_frames));
  json_u64(json, "nic_overflows", NIC(nic_overflows));
  json_u64(json, "nic_errors", NIC(nic_errors));
  json_u64(json, "host_ns", run_host_ns(run));
  json_u64(json, "interrupts",
           run->host[0].interrupts + run->host[1].interrupts);
  json_u64(json, "register_accesses",
           run->host[0].register_reads + run->host[1].register_reads +
               run->host[0].register_writes + run->host[1].register_writes);
}

/* --- Report --------------------------------------------------------------- */

void run_print_frames(const struct run *run) {
  static const char *const kinds[FRAME_KIND_COUNT] = {
      "TCP data", "TCP ACK", "TCP SYN, FIN, RST", "UDP", "ICMP",
      "ARP",      "other"};
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
  if (!link_has_faults(&run->options->link)) {
    return;
  }
  printf("\nFaults of the wire (client > server + server > client)\n");
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
      (unsigned long long)(run->host[0].nic_bad_frames +
                           run->host[1].nic_bad_frames),
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
    printf("Waves     %s-client.vcd, %s-server.vcd   (gtkwave)\n",
           options->waves, options->waves);
  }
}
