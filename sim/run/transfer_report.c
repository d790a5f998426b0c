/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "sim/run/transfer.h"

void transfer_json(const struct transfer *transfer) {
  const struct run *run = &transfer->run;
  double goodput = transfer_goodput_bps(transfer);
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", transfer->ok);
  json_u64(&json, "bytes", transfer->bytes);
  json_u64(&json, "bytes_received", transfer->received);
  json_text(&json, "sha256_sent", transfer->sha256_sent);
  json_text(&json, "sha256_received", transfer->sha256_received);
  json_real(&json, "goodput_gbps", goodput / 1e9);
  json_real(&json, "goodput_limit_gbps", options_limit_bps(run->options) / 1e9);
  json_real(&json, "goodput_limit_ratio",
            goodput / options_limit_bps(run->options));
  json_real(&json, "host_ns_per_byte",
            (double)run_host_ns(run) / (double)transfer->bytes);
  run_json(run, &json);
  json_end(&json);
}

static void print_address(const struct ph_addr *addr, uint16_t port,
                          char text[ADDRESS_PORT_TEXT]) {
  char plain[ADDRESS_TEXT];
  bool any = ip_addr_is_any(addr);
  address_and_port(text, any ? "*" : address_text(addr, plain), port);
}

static void print_sockets(const struct transfer *transfer) {
  printf(
      "\nSockets, when the last byte was written and read\n"
      "  host    Recv-Q  Send-Q local            remote           state     "
      "   cwnd     rtt us  resent\n");
  for (unsigned i = 0; i < transfer->socket_count; i++) {
    const struct transfer_socket *socket = &transfer->sockets[i];
    const struct ph_socket_info *info = &socket->info;
    char local[ADDRESS_PORT_TEXT], remote[ADDRESS_PORT_TEXT];
    print_address(&info->local, info->local_port, local);
    print_address(&info->remote, info->remote_port, remote);
    printf("  %-7s %6u %7u %-16s %-16s %-11s %7u %8.1f %6llu\n",
           transfer->run.topology.hosts[socket->host].name, info->recv_queue,
           info->send_queue, local, remote, info->state, info->cwnd,
           (double)info->srtt_ns / 1e3,
           (unsigned long long)info->retransmissions);
  }
}

static void print_failure(const struct transfer *transfer) {
  const struct run *run = &transfer->run;
  if (!run->healthy) {
    printf("FAILED: %s\n", run->why);
  } else if (!run->finished) {
    printf("FAILED: the transfer hangs\n");
  } else if (transfer->sender_error || transfer->receiver_error) {
    printf("FAILED: sender: %s; receiver: %s\n",
           ph_strerror(transfer->sender_error),
           ph_strerror(transfer->receiver_error));
  } else {
    printf(
        "FAILED: %llu of %llu bytes arrived%s\n",
        (unsigned long long)transfer->received,
        (unsigned long long)transfer->bytes,
        transfer->received == transfer->bytes ? ", not all of them right" : "");
  }
  printf(
      "  again: the same command with --seed %llu; add --pcapng, --timeline "
      "or --waves to look inside\n",
      (unsigned long long)run->options->seed);
}

static void print_column(const char *title, const struct transfer *t,
                         const struct transfer *plain,
                         double (*value)(const struct transfer *),
                         const char *unit) {
  double first = value(t);
  int digits = *unit ? 3 : 0;
  printf("  %-34s %12.*f", title, digits, first);
  if (plain) {
    printf(" %16.*f", digits, value(plain));
  }
  printf("  %s\n", unit);
}

static double goodput(const struct transfer *t) {
  return transfer_goodput_bps(t) / 1e9;
}
static double of_limit(const struct transfer *t) {
  return 100 * transfer_goodput_bps(t) / options_limit_bps(t->run.options);
}
static double duration_us(const struct transfer *t) {
  return (double)(t->finished_ns - t->started_ns) / 1e3;
}
static double host_us(const struct transfer *t) {
  return (double)run_host_ns(&t->run) / 1e3;
}
static double host_ns_byte(const struct transfer *t) {
  return (double)run_host_ns(&t->run) / (double)t->bytes;
}
/* Over all hosts. */
#define SUM(t, of, field) \
  (double)run_sum(&(t)->run.of[0].field, sizeof((t)->run.of[0]))

static double handed(const struct transfer *t) {
  return SUM(t, host, packets);
}
static double supers(const struct transfer *t) {
  return SUM(t, host, super_segments);
}
static double cut(const struct transfer *t) {
  return SUM(t, host, nic_segments);
}
static double interrupts(const struct transfer *t) {
  return SUM(t, host, interrupts);
}
static double wire_frames(const struct transfer *t) {
  return (double)(t->run.link[0].frames + t->run.link[1].frames);
}
static double sw_cut(const struct transfer *t) {
  return SUM(t, stats, SwSegments);
}
static double sw_summed(const struct transfer *t) {
  double sum = SUM(t, stats, SwChecksumBytes) + SUM(t, stats, SwVerifyBytes);
  return sum / 1e6;
}

static void print_numbers(const struct transfer *t,
                          const struct transfer *plain) {
  printf(
      "\n  %-34s %12s%s\n", "",
      t->run.options->offload == HOST_OFFLOAD_ALL ? "offloads on" : "this run",
      plain ? "     offloads off" : "");
  print_column("goodput, simulated time", t, plain, goodput, "Gb/s");
  print_column("of the wire's limit", t, plain, of_limit, "%");
  print_column("connect to last read", t, plain, duration_us, "us");
  print_column("time of both hosts' software", t, plain, host_us, "us");
  print_column("  per byte", t, plain, host_ns_byte, "ns");
  print_column("interrupts taken", t, plain, interrupts, "");
  print_column("packets handed to the NICs", t, plain, handed, "");
  print_column("  of these super-segments", t, plain, supers, "");
  print_column("  cut by the NICs into segments", t, plain, cut, "");
  print_column("frames on the wire", t, plain, wire_frames, "");
  print_column("segments cut by software", t, plain, sw_cut, "");
  print_column("summed by software", t, plain, sw_summed, "MB");
  printf(
      "  (the wire's limit is %.3f Gb/s at MSS %u; software costs what the "
      "table '%s' says)\n",
      options_limit_bps(t->run.options) / 1e9, options_mss(t->run.options),
      t->run.options->cost.title);
}

static const char *nic_names(const struct run *run) {
  unsigned rtl = 0;
  for (unsigned i = 0; i < run->topology.host_count; i++) {
    rtl += run->topology.hosts[i].nic == HOST_NIC_RTL;
  }
  return rtl == 0 ? "C" : rtl == run->topology.host_count ? "RTL" : "RTL and C";
}

void transfer_report(const struct transfer *transfer,
                     const struct transfer *plain) {
  const struct run *run = &transfer->run;
  const struct options *options = run->options;
  double cycles = SUM(transfer, host, cycles);
  if (!transfer->ok) {
    print_failure(transfer);
  }
  bool http = options->command == COMMAND_DOWNLOAD;
  unsigned from = http ? RUN_SERVER : RUN_CLIENT;
  struct ph_addr ends[2] = {run_address(run, from), run_address(run, 1 - from)};
  char text[2][ADDRESS_TEXT];
  printf("%llu bytes %s from %s (%s) to %s (%s), %s, NICs in %s\n",
         (unsigned long long)transfer->bytes, http ? "by HTTP" : "over TCP",
         address_text(&ends[0], text[0]), run->topology.hosts[from].name,
         address_text(&ends[1], text[1]), run->topology.hosts[1 - from].name,
         transfer->ok ? "bit exact" : "NOT RECEIVED WHOLE", nic_names(run));
  printf("  sha256 sent     %s\n  sha256 received %s\n\n",
         transfer->sha256_sent, transfer->sha256_received);
  if (options->topology) {
    topology_print(&run->topology, options->ipv6);
  }
  run_print_frames(run);
  print_numbers(transfer, plain);
  print_sockets(transfer);
  run_print_faults(run);
  printf("\n%.3f s of wall clock for %.3f ms of simulated time", run->wall_s,
         (double)run->sim_ps / 1e9);
  if (cycles > 0) {
    printf("; %.0f NIC cycles evaluated, %.2f M per second", cycles,
           cycles / run->wall_s / 1e6);
  }
  printf("\nevent hash %016llx (the same on every machine; seed %llu)\n",
         (unsigned long long)run->event_hash,
         (unsigned long long)options->seed);
  run_print_files(run);
  printf(
      "\nMore: packhorse %s --help; packhorse download --wire 'loss=0.01'; "
      "packhorse help\n",
      options->command == COMMAND_DOWNLOAD ? "download" : "throughput");
}
