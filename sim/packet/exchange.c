/* SPDX-License-Identifier: Apache-2.0 */
/* Packet events: to the stack, and from it. */
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/packet/run_internal.h"
#include "stack/wire/bytes.h"
#include "stack/wire/tcp_wire.h"

enum { LINE = 400, WHY = 200, PROTO_ICMP = 1, PROTO_TCP = 6 };

/* How long a packet that may come at any time is waited for, and how long one
 * that is late, to tell what came instead. */
static const int64_t any_time_us = 600 * INT64_C(1000000);
static const int64_t look_on_us = 10 * INT64_C(1000000);

/* ---- To the stack ------------------------------------------------------- */

static struct packet_ends ends_of(const struct run *run,
                                  const struct flow *flow,
                                  const struct packet_spec *spec) {
  struct packet_ends ends = {
      .ipv6 = run->settings.ipv6,
      .remote6 = run->settings.remote6,
      .local6 = run->settings.local6,
      .remote_ip = run->settings.remote_ip,
      .local_ip = run->settings.local_ip,
      .remote_port = flow ? flow->remote_port : run->settings.connect_port,
      .local_port = flow ? flow->local_port : run->settings.bind_port,
      .ack_add = flow_shift(flow),
  };
  const uint8_t *ts = packet_timestamps(spec->options, spec->options_len);
  if (ts && flow && spec->flags & TCP_ACK) {
    ends.has_ecr = flow_live_stamp(flow, get_be32(ts + 4), &ends.ecr);
  }
  return ends;
}

static bool inject(struct run *run, const struct packet_spec *spec,
                   const struct packet_ends *ends) {
  uint8_t *packet = sim_alloc(PACKET_BYTES_MAX);
  uint32_t len = packet_write(packet, spec, ends);
  if (len) {
    world_inject(run_world(run), packet, len);
    run_remember(run, true, world_now(run->world), packet, len);
  }
  free(packet);
  return len || run_wrong(run, run->event->line,
                          "this packet is longer than IP allows.");
}

bool run_packet_in(struct run *run, const struct packet_spec *spec) {
  run_world(run);
  struct flow *flow = flows_of_script(&run->flows, spec);
  if (!flow && spec->kind != PACKET_ICMP) {
    return run_wrong(run, run->event->line, "more than %d flows.", FLOWS_MAX);
  }
  if (!run_wait(run)) {
    return false;
  }
  struct packet_spec sent = *spec;
  if (spec->kind == PACKET_ICMP && !spec->icmp.has_quote && flow &&
      flow->protocol != PROTO_TCP) {
    sent.icmp.quoted = PACKET_UDP;
  }
  struct packet_ends ends = ends_of(run, flow, &sent);
  return inject(run, &sent, &ends);
}

/* ---- From the stack ----------------------------------------------------- */

/* Move what has left to the run's queue. */
static void take_packets(struct run *run) {
  struct world_packet **end = &run->queue;
  while (*end) {
    end = &(*end)->next;
  }
  struct world_packet *packet;
  while ((packet = world_take(run->world))) {
    run_remember(run, false, packet->time_ns, packet->data, packet->len);
    *end = packet;
    end = &packet->next;
  }
}

static bool belongs(struct run *run, const struct packet_spec *spec,
                    const struct flow *flow, const struct packet_view *view) {
  if (spec->kind == PACKET_ICMP || view->protocol == PROTO_ICMP) {
    return spec->kind == PACKET_ICMP && view->protocol == PROTO_ICMP;
  }
  return flows_of_live(&run->flows, view, false) == flow;
}

/* The first packet of this flow, unlinked, or NULL. What belongs to no flow
 * stays where it is. */
static struct world_packet *first_of(struct run *run,
                                     const struct packet_spec *spec,
                                     const struct flow *flow,
                                     struct packet_view *view) {
  const char *why;
  for (struct world_packet **link = &run->queue; *link; link = &(*link)->next) {
    struct world_packet *packet = *link;
    packet_read(packet->data, packet->len, view, &why);
    if (belongs(run, spec, flow, view)) {
      *link = packet->next;
      return packet;
    }
  }
  return NULL;
}

/* The next packet of the flow that leaves up to `until_us`. */
static struct world_packet *next_of(struct run *run,
                                    const struct packet_spec *spec,
                                    const struct flow *flow, int64_t until_us,
                                    struct packet_view *view) {
  for (;;) {
    take_packets(run);
    struct world_packet *packet = first_of(run, spec, flow, view);
    if (packet || run_now_us(run) >= until_us) {
      return packet;
    }
    world_run(run->world, until_us * 1000, true, NULL);
  }
}

static void print_spec(const struct packet_spec *spec, char *to, size_t size) {
  static const uint8_t protocols[] = {6, 17, 1};
  const struct packet_view view = {
      .tos = spec->tos,
      .protocol = protocols[spec->kind],
      .src_port = spec->src_port,
      .dst_port = spec->dst_port,
      .seq = spec->seq,
      .ack = spec->ack,
      .flags = spec->flags,
      .ae = spec->ae,
      .win = (uint16_t)spec->win,
      .urg = spec->urg,
      .options = spec->options,
      .options_len = spec->options_len,
      .type = spec->icmp.type,
      .code = spec->icmp.code,
      .mtu = spec->icmp.mtu,
      .payload_len = spec->len,
  };
  const struct packet_base base = {.ports = spec->src_port || spec->dst_port,
                                   .no_win = spec->win == WINDOW_ANY};
  packet_print(&view, &base, to, size);
  if (spec->any_options) {
    size_t used = strlen(to);
    snprintf(to + used, size - used, " <...>");
  }
}

static bool fail_packet(struct run *run, const struct packet_spec *spec,
                        const struct flow *flow, const struct packet_view *view,
                        int64_t time_us, const char *why) {
  char expected[LINE], came[LINE];
  const struct packet_base base = {.seq_sub = flow_shift(flow),
                                   .ports = spec->src_port || spec->dst_port};
  print_spec(spec, expected, sizeof(expected));
  packet_print(view, &base, came, sizeof(came));
  return run_fail(run, "%s\n  expected: %9.6f > %s\n  came:     %9.6f > %s",
                  why, (double)run->event_us / 1e6, expected,
                  (double)time_us / 1e6, came);
}

static bool check_time(struct run *run, int64_t time_us, char *why,
                       size_t size) {
  int64_t end = run->event_end_us;
  int64_t tolerance = run_tolerance(run, run->event_us);
  if (run->event->time_kind == TIME_ANY ||
      (time_us >= run->event_us - tolerance && time_us <= end + tolerance)) {
    return true;
  }
  snprintf(
      why, size, "this packet left at %.6f, expected at %.6f%s, tolerance %.6f",
      (double)time_us / 1e6, (double)run->event_us / 1e6,
      end > run->event_us ? " or a little later" : "", (double)tolerance / 1e6);
  return false;
}

static bool no_packet(struct run *run, const struct packet_spec *spec,
                      const struct flow *flow, int64_t until_us) {
  struct packet_view view;
  struct world_packet *late =
      next_of(run, spec, flow, until_us + look_on_us, &view);
  char why[WHY], expected[LINE];
  if (late) {
    int64_t time_us = late->time_ns / 1000;
    check_time(run, time_us, why, sizeof(why));
    bool result = fail_packet(run, spec, flow, &view, time_us, why);
    free(late); /* `view` points into it */
    return result;
  }
  print_spec(spec, expected, sizeof(expected));
  return run_fail(run, "no packet left up to %.6f\n  expected: %9.6f > %s",
                  (double)(until_us + look_on_us) / 1e6,
                  (double)run->event_us / 1e6, expected);
}

/* Segments that follow `view` until the script's length is reached are one
 * packet of the script, which knows of no TSO. False: one has wrong bytes. */
static bool gather(struct run *run, const struct packet_spec *spec,
                   const struct flow *flow, int64_t until_us,
                   struct packet_view *view) {
  while (!run->settings.strict_segments && view->payload_len > 0 &&
         view->payload_len < spec->len) {
    struct packet_view more;
    take_packets(run);
    struct world_packet *packet = next_of(run, spec, flow, until_us, &more);
    bool follows = packet && more.seq == view->seq + view->payload_len &&
                   more.payload_len > 0;
    if (follows) {
      bool holds = flow_holds(flow, &more);
      view->payload_len += more.payload_len;
      view->flags |= more.flags & (TCP_PSH | TCP_FIN);
      view->gathered++;
      free(packet);
      if (!holds) {
        return false;
      }
    } else if (packet) { /* it stands for itself */
      packet->next = run->queue;
      run->queue = packet;
      return true;
    } else {
      return true;
    }
  }
  return true;
}

static bool check_packet(struct run *run, const struct packet_spec *spec,
                         struct flow *flow, struct packet_view *view,
                         int64_t time_us, int64_t until_us) {
  char why[WHY];
  if (spec->kind == PACKET_TCP && view->flags & TCP_SYN &&
      spec->flags & TCP_SYN) {
    flow_learn_syn(flow, spec->any_seq ? view->seq : spec->seq, view->seq);
  }
  bool holds = spec->kind != PACKET_TCP || flow_holds(flow, view);
  if (spec->kind == PACKET_TCP) {
    holds = gather(run, spec, flow, until_us, view) && holds;
  }
  if (!match_packet(run, spec, flow, view, why, sizeof(why)) ||
      !check_time(run, time_us, why, sizeof(why))) {
    return fail_packet(run, spec, flow, view, time_us, why);
  }
  return holds || fail_packet(run, spec, flow, view, time_us,
                              "the payload is not what was written");
}

bool run_packet_out(struct run *run, const struct packet_spec *spec) {
  struct packet_view view;
  const char *why = NULL;
  run_world(run);
  struct flow *flow = flows_of_script(&run->flows, spec);
  if (!flow && spec->kind != PACKET_ICMP) {
    return run_wrong(run, run->event->line, "more than %d flows.", FLOWS_MAX);
  }
  int64_t until_us =
      run->event->time_kind == TIME_ANY
          ? run_now_us(run) + any_time_us
          : run->event_end_us + run_tolerance(run, run->event_us);
  struct world_packet *packet = next_of(run, spec, flow, until_us, &view);
  if (!packet) {
    return no_packet(run, spec, flow, until_us);
  }
  int64_t time_us = packet->time_ns / 1000;
  bool good = packet_read(packet->data, packet->len, &view, &why);
  good = good ? check_packet(run, spec, flow, &view, time_us, until_us)
              : fail_packet(run, spec, flow, &view, time_us, why);
  free(packet);
  return good;
}
