/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a recording. */
#include <stdio.h>
#include <string.h>

#include "sim/tool/replay_run.h"

/* --- JSON ----------------------------------------------------------------- */

static void json_nic(struct json *json, const struct host_report *nic) {
  json_u64(json, "nic_rx_bytes", nic->nic_rx_bytes);
  json_u64(json, "nic_fcs_errors", nic->nic_fcs_errors);
  json_u64(json, "nic_runts", nic->nic_runts);
  json_u64(json, "nic_oversize", nic->nic_oversize);
  json_u64(json, "nic_code_errors", nic->nic_code_errors);
  json_u64(json, "nic_filtered", nic->nic_filtered);
}

void replay_json(const struct replay_result *result) {
  const struct replay_stats *stats = &result->stats;
  const struct ph_stats *stack = &result->run.stats[0];
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", result->ok);
  json_u64(&json, "frames_recorded", stats->recorded);
  json_u64(&json, "frames_replayed", stats->sent);
  json_u64(&json, "bytes_replayed", stats->bytes);
  json_u64(&json, "frames_own", stats->own);
  json_u64(&json, "frames_cut", stats->cut);
  json_u64(&json, "frames_back", stats->back);
  json_u64(&json, "arp_answers", stats->arp_answers);
  json_u64(&json, "http_requests", result->http.operations);
  json_u64(&json, "echoes", result->echo.operations);
  json_nic(&json, &result->run.host[0]);
  run_json(&result->run, &json);
#define X(name, text) json_u64(&json, "stack_" #name, stack->name);
  PH_STATS_MAP(X)
#undef X
  json_end(&json);
}

/* --- Text ----------------------------------------------------------------- */

static void line(uint64_t count, const char *text) {
  if (count) {
    printf("  %10llu  %s\n", (unsigned long long)count, text);
  }
}

static void print_frames(const struct replay_result *result) {
  const struct options *options = result->run.options;
  const struct replay_stats *stats = &result->stats;
  uint32_t ip = options->address;
  const uint8_t *mac = options->mac;
  printf(
      "%s, %s, to %u.%u.%u.%u (%02x:%02x:%02x:%02x:%02x:%02x), NIC in %s\n"
      "  %10llu  frames, %llu bytes with FCS\n",
      options->file,
      options->line_rate ? "back to back" : "at its recorded times", ip >> 24,
      ip >> 16 & 255, ip >> 8 & 255, ip & 255, mac[0], mac[1], mac[2], mac[3],
      mac[4], mac[5], options->nic == HOST_NIC_RTL ? "RTL" : "C",
      (unsigned long long)stats->sent, (unsigned long long)stats->bytes);
  line(stats->own, "left out: the host itself had sent them");
  line(stats->cut, "recorded in part: zeros stand for the rest");
  line(stats->back, "recorded before the one in front: sent right after it");
  line(stats->arp_answers, "ARP requests of the host answered for senders");
}

static void print_wire(const struct link_stats *wire) {
  line(wire->lost, "lost by the wire");
  line(wire->queue_full, "dropped by the wire's full queue");
  line(wire->dup, "duplicated by the wire");
  line(wire->reorder, "reordered by the wire");
  line(wire->fcs, "damaged by the wire");
  line(wire->flip, "damaged by the wire, FCS repaired");
  line(wire->ce, "marked by the wire (ECN)");
}

static void print_nic(const struct replay_result *result) {
  const struct host_report *nic = &result->run.host[0];
  printf("At the NIC\n  %10llu  good frames for this station, %llu bytes\n",
         (unsigned long long)nic->nic_rx_frames,
         (unsigned long long)nic->nic_rx_bytes);
  line(nic->nic_overflows, "of them dropped: no room, no receive buffer");
  line(nic->nic_fcs_errors, "dropped: wrong FCS");
  line(nic->nic_runts, "dropped: below 64 bytes");
  line(nic->nic_oversize, "dropped: longer than the MTU allows (--mtu)");
  line(nic->nic_code_errors, "dropped: error code on the wire");
  line(nic->nic_filtered, "dropped: for other stations (--mac)");
  line(nic->nic_csum_good, "TCP or UDP checksums right");
  line(nic->nic_csum_bad, "checksums wrong, left to the stack");
  line(nic->nic_errors, "errors of rings, chains, headers or the bus");
}

static void print_stack(const struct ph_stats *stack) {
  printf("In the stack (stack/base/stats.h says what each counts)\n");
#define X(name, text) line(stack->name, #name);
  PH_STATS_MAP(X)
#undef X
}

static void print_answers(const struct replay_result *result) {
  static const char *const kinds[FRAME_KIND_COUNT] = {
      "TCP data", "TCP ACK", "TCP SYN, FIN, RST", "UDP", "ICMP",
      "ARP",      "other"};
  const struct link_stats *sent = &result->run.link[0];
  printf("Sent by the host\n  %10llu  frames, %llu bytes\n",
         (unsigned long long)sent->frames, (unsigned long long)sent->bytes);
  for (int kind = 0; kind < FRAME_KIND_COUNT; kind++) {
    line(sent->kind_frames[kind], kinds[kind]);
  }
  line(result->http.operations, "HTTP requests answered");
  line(result->echo.operations, "UDP echoes");
}

void replay_print(const struct replay_result *result) {
  const struct run *run = &result->run;
  print_frames(result);
  print_wire(&run->link[1]);
  print_nic(result);
  print_stack(&run->stats[0]);
  print_answers(result);
  printf("%.6f s of simulated time in %.2f s, event hash %016llx\n",
         (double)run->sim_ps / 1e12, run->wall_s,
         (unsigned long long)run->event_hash);
  if (run->options->pcapng) {
    printf("Capture   %s\n", run->options->pcapng);
  }
  if (run->options->timeline) {
    printf("Timeline  %s\n", run->options->timeline);
  }
  if (run->options->waves) {
    printf("Waves     %s-host.vcd\n", run->options->waves);
  }
  if (!run->healthy) {
    printf("FAILED: %s\n", run->why);
  }
}
