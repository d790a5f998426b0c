/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a packet, in the order of their happening, each with what the
 * run knows of it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/explain/journey_walk.h"

void journey_stage(struct walk *walk, enum journey_place place,
                   const char *title, const char *source, sim_time at,
                   const char *format, ...) {
  struct journey *journey = walk->journey;
  struct journey_stage *next = &journey->stages[journey->stage_count];
  next->place = place;
  next->hop = walk->hop;
  next->title = title;
  next->source = source;
  /* What overlaps with the stage before took no time of its own. */
  next->at = sim_time_max(at, journey_end(journey));
  va_list args;
  va_start(args, format);
  vsnprintf(next->text, sizeof(next->text), format, args);
  va_end(args);
  journey->stage_count++;
}

void journey_ends(struct walk *walk, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(walk->journey->end, sizeof(walk->journey->end), format, args);
  va_end(args);
}

struct journey_want journey_here(const struct walk *walk,
                                 enum timeline_track track, const char *name) {
  return (struct journey_want){
      .host = journey_hop(walk)->host,
      .nic = walk->nic,
      .track = track,
      .name = name,
      .packet = walk->id,
      .has_seq = true,
      .seq = walk->segment ? walk->segment->seq : walk->journey->seq,
      .since = walk->since};
}

/* --- Across --------------------------------------------------------------- */

/* The link that this hop's NIC is at, and the other end of it. */
static const struct sim_link_config *link_of(const struct walk *walk,
                                             struct sim_end *to,
                                             unsigned *direction) {
  unsigned host = journey_hop(walk)->host, port = walk->nic - 1;
  const struct sim_link_config *link =
      &walk->topology->links[walk->topology->hosts[host].link_of[port]];
  *direction = link->end[0].host != host || link->end[0].port != port;
  *to = link->end[1 - *direction];
  return link;
}

/* A frame enters the link with its last byte; its first one arrives a delay
 * after the link began to send it. */
static void stage_queue(struct walk *walk) {
  struct sim_end to;
  unsigned direction;
  const struct link_config *config = &link_of(walk, &to, &direction)->link;
  const struct journey_link *link = journey_link(walk);
  const struct link_fault *reorder = &config->way[direction].reorder;
  if (link->in < link->sent + config->delay + JOURNEY_GAP) {
    return;
  }
  journey_stage(
      walk, PLACE_WIRE, "queue of the link", "sim/wire/link.c",
      link->in - config->delay,
      "The link sends %.6g Mb/s; frames that came before are still leaving, so "
      "this one waits %.3f us in the queue%s.",
      (double)config->rate_bps / 1e6,
      journey_ns(link->in - config->delay - link->sent) / 1e3,
      reorder->threshold || reorder->listed_count
          ? ", or is passed by others (reorder)"
          : "");
}

static void stage_wire(struct walk *walk) {
  const struct journey_link *link = journey_link(walk);
  journey_stage(
      walk, PLACE_WIRE, "on the wire",
      journey_hop(walk)->rtl ? "rtl/mac/mac_10g_tx.sv" : "sim/host/host_soft.c",
      link->sent,
      "The frame of %" PRIu32
      " bytes leaves, with 8 of preamble in front: at 10 Gb/s %.1f "
      "ns.",
      walk->segment->frame, journey_ns(link->sent - link->out));
  if (link->in == SIM_NEVER) {
    journey_ends(
        walk,
        "Here the way of this packet ends: the wire lost the segment (%s). "
        "TCP notices and sends its bytes again, as another packet.",
        walk->topology->link_count > 1
            ? "a fault or the full queue of this link"
            : "--wire");
    return;
  }
  stage_queue(walk);
  journey_stage(walk, PLACE_WIRE, "delay", "sim/wire/link.c", link->in,
                "The link stores and forwards; the first byte comes out %.1f "
                "ns after the last one went in.",
                journey_ns(link->in - link->sent));
}

/* --- A router ------------------------------------------------------------- */

/* Which of its NICs leads to the receiver is in its routes; only a packet that
 * it dropped has to be told by what it lacks. */
static void end_at_router(struct walk *walk) {
  journey_ends(
      walk,
      "Here the way of this packet ends: IP in %s did not forward it. Its "
      "checksum is wrong, or the packet of %" PRIu32
      " bytes is longer than the MTU of the next link, of which the router "
      "tells the sender by ICMP, or the neighbour is not known yet.",
      journey_hop(walk)->name, walk->segment->frame - 18);
}

/* Through the stack of a router. False: it goes no further. */
static bool stage_forward(struct walk *walk, event_ptr taken) {
  const struct journey *journey = walk->journey;
  walk->id = taken->packet;
  walk->since = taken->begin;
  struct journey_want want = journey_here(walk, TIMELINE_STACK, "transmit");
  want.nic = 0;
  event_ptr given = journey_first(walk->events, &want);
  if (!given) {
    end_at_router(walk);
    return false;
  }
  char whole[160] = "";
  if (given->gso_size) {
    snprintf(whole, sizeof(whole),
             " It stays one packet of %" PRIu32
             " bytes; its gso_size of %" PRIu32
             " goes with it, so the NIC can cut it again.",
             given->payload, given->gso_size);
  } else if (taken->payload > walk->segment->payload) {
    snprintf(whole, sizeof(whole),
             " Below IP the software cuts it into segments again, because the "
             "NIC may not.");
  }
  bool ipv6 = journey->options->ipv6;
  journey_stage(
      walk, PLACE_ROUTE, "IP forwards",
      ipv6 ? "stack/ip/ipv6_forward.c" : "stack/ip/ipv4_forward.c",
      given->begin,
      "The packet is for another host: IP finds the way out (eth%u) in its "
      "table of routes, takes one from the %s and puts the Ethernet address of "
      "the next hop in front. TCP here never sees it.%s",
      given->nic - 1, ipv6 ? "hop limit" : "TTL", whole);
  return true;
}

/* --- All ------------------------------------------------------------------ */

/* On to the next hop. False: the way ends on the link. */
static bool cross(struct walk *walk) {
  struct sim_end to;
  unsigned direction;
  stage_wire(walk);
  if (walk->journey->end[0]) {
    return false;
  }
  (void)link_of(walk, &to, &direction);
  walk->id = journey_link(walk)->id;
  walk->hop++;
  walk->nic = to.port + 1;
  return true;
}

void journey_stages(struct journey *journey,
                    const struct journey_events *events,
                    const struct topology *topology) {
  struct walk walk = {
      .journey = journey,
      .events = events,
      .topology = topology,
      .segment = journey->segment_count ? &journey->segments[0] : NULL,
      .id = journey->id,
      .since = journey->asked_to_send};
  const struct journey_want want = {.host = journey->sender,
                                    .track = TIMELINE_APP,
                                    .name = "write",
                                    .has_seq = true,
                                    .seq = journey->seq,
                                    .until = journey->asked_to_send};
  event_ptr write = journey_last(events, &want);
  journey->start = write->begin;
  journey_write(&walk, write);
  for (bool on = true; on;) {
    if (!journey_down(&walk)) {
      journey_ends(&walk,
                   "Here the way of this packet ends: the NIC did not send "
                   "it.");
      return;
    }
    if (!cross(&walk)) {
      return;
    }
    event_ptr taken = journey_up(&walk, &walk.segment->links[walk.hop - 1]);
    bool arrived = journey_hop(&walk)->host == 1 - journey->sender;
    if (taken && arrived) {
      journey_input(&walk);
    }
    on = taken && !arrived && stage_forward(&walk, taken);
  }
}
