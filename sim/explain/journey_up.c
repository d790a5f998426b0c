/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a packet on its way up: from the wire to the driver, and from
 * TCP to read(). */
#include <inttypes.h>
#include <stdio.h>

#include "sim/explain/journey_walk.h"

/* --- Up: the NIC ---------------------------------------------------------- */

static void stage_receive(struct walk *walk, const struct journey_link *link) {
  bool rtl = journey_hop(walk)->rtl;
  journey_stage(
      walk, PLACE_RX_NIC, "MAC receives",
      rtl ? "rtl/mac/mac_10g_rx.sv" : "sim/host/host_soft.c", link->arrived,
      "The whole frame is in. The FCS and the filter decide whether it "
      "stays%s.",
      walk->topology->hosts[journey_hop(walk)->host].offload ==
              HOST_OFFLOAD_NONE
          ? ""
          : "; the checksums of IP and TCP were summed as it passed");
  if (!rtl || link->written == SIM_NEVER) {
    return;
  }
  const struct journey_want want =
      journey_here(walk, TIMELINE_DMA_WRITE, "frame");
  event_ptr first = journey_first(walk->events, &want);
  journey_stage(
      walk, PLACE_RX_NIC, "DMA: frame", "rtl/virtio/virtio_rx.sv",
      link->written,
      "The NIC writes virtio_net_hdr and frame into the oldest posted "
      "buffer, at 0x%" PRIx64
      ". The last write is answered now: every byte is in memory.",
      first ? first->address : 0);
}

/* What the driver looks at, and what tells it to look. */
static void stage_used(struct walk *walk, event_ptr taken) {
  struct journey_want want = {.host = taken->host,
                              .nic = taken->nic,
                              .track = TIMELINE_DMA_WRITE,
                              .name = "receive used element",
                              .address = taken->address,
                              .until = taken->begin,
                              .ends_by = taken->begin};
  event_ptr element = journey_last(walk->events, &want);
  if (!element) {
    return;
  }
  want = (struct journey_want){.host = taken->host,
                               .nic = taken->nic,
                               .track = TIMELINE_DMA_WRITE,
                               .name = "receive used index",
                               .since = element->end,
                               .until = taken->begin};
  event_ptr index = journey_first(walk->events, &want);
  journey_stage(
      walk, PLACE_RX_RING, "used ring", "rtl/virtio/vring_used.sv",
      index ? index->end : element->end,
      "It writes the used element (0x%" PRIx64
      "), waits for the answer, then the used index: whoever sees the index "
      "finds the data.",
      taken->address);
}

/* The line's last change by `time`. */
static event_ptr edge(const struct walk *walk, const char *name,
                      sim_time time) {
  const struct journey_want want = {.host = journey_hop(walk)->host,
                                    .nic = walk->nic,
                                    .track = TIMELINE_REGISTERS,
                                    .name = name,
                                    .until = time};
  return journey_last(walk->events, &want);
}

static void stage_interrupt(struct walk *walk, event_ptr taken) {
  const char *const source = "rtl/virtio/vring_used.sv";
  sim_time used = journey_end(walk->journey);
  event_ptr up = edge(walk, "interrupt rises", taken->begin);
  if (up && up->begin >= used) {
    journey_stage(
        walk, PLACE_RX_RING, "interrupt", source, up->begin,
        "The NIC raises the interrupt line, because the driver asked to be "
        "told (used_event). The driver will read InterruptStatus and "
        "acknowledge it.");
    return;
  }
  event_ptr before = edge(walk, "interrupt rises", used);
  event_ptr down = edge(walk, "interrupt falls", used);
  if (before && (!down || down->begin < before->begin)) {
    journey_stage(
        walk, PLACE_RX_RING, "interrupt is up", source, used,
        "The interrupt line is up already, since %.0f ns, for something "
        "that was used before.",
        journey_ns(used - before->begin));
  } else {
    journey_stage(
        walk, PLACE_RX_RING, "no interrupt", source, used,
        "No interrupt is needed: the driver is still taking earlier frames "
        "and looks at the used index again before it sleeps.");
  }
}

static void stage_soft_interrupt(struct walk *walk,
                                 const struct journey_link *link,
                                 event_ptr taken) {
  const struct journey_want want = {.host = taken->host,
                                    .track = TIMELINE_DRIVER,
                                    .name = "interrupt",
                                    .since = link->arrived,
                                    .until = taken->begin};
  event_ptr event = journey_first(walk->events, &want);
  journey_stage(
      walk, PLACE_RX_RING, event ? "interrupt" : "no interrupt",
      "sim/host/host_cpu.c", event ? event->begin : journey_end(walk->journey),
      "%s",
      event ? "The NIC in C interrupts; the processor enters the handler."
            : "No interrupt is needed: the driver is still taking earlier "
              "frames.");
}

/* --- Up: software --------------------------------------------------------- */

/* Frames that the driver took in the same entry before this one. */
static unsigned frames_before(const struct walk *walk, event_ptr taken) {
  struct journey_want want = {
      .host = taken->host, .track = TIMELINE_CPU, .until = taken->begin};
  event_ptr entry = journey_last(walk->events, &want);
  want.track = TIMELINE_DRIVER;
  want.name = "rx_used";
  want.since = entry ? entry->begin : taken->begin;
  unsigned count = 0;
  for (event_ptr event;
       (event = journey_first(walk->events, &want)) && event != taken;) {
    count++;
    want.since = event->begin + 1;
  }
  return count;
}

static void stage_taken(struct walk *walk, event_ptr taken) {
  bool rtl = journey_hop(walk)->rtl;
  bool several = taken->payload > walk->segment->payload;
  char after[96] = "";
  unsigned before = frames_before(walk, taken);
  if (before) {
    snprintf(after, sizeof(after), ", after %u that came before", before);
  }
  journey_stage(walk, PLACE_RX_DRIVER, "driver takes it",
                rtl       ? "driver/virtio_net.c"
                : several ? "sim/host/soft_lro.c"
                          : "sim/host/host_soft.c",
                taken->begin,
                "The processor runs the driver, which takes the %s of %" PRIu64
                " bytes%s%s.",
                several ? "packet" : "frame", taken->bytes, after,
                rtl ? "; nothing is copied, the packet points into the buffer"
                : several ? ": the NIC made it of the frames that waited (lro)"
                          : "");
}

event_ptr journey_up(struct walk *walk, const struct journey_link *link) {
  walk->since = link->in;
  struct journey_want want = journey_here(walk, TIMELINE_DRIVER, NULL);
  event_ptr taken = journey_taken(walk->events, &want);
  stage_receive(walk, link);
  if (!taken) {
    journey_ends(
        walk,
        "Here the way of this packet ends: the NIC dropped the frame (a wrong "
        "FCS or no room). TCP sends its bytes again, as another packet.");
    return NULL;
  }
  if (journey_hop(walk)->rtl) {
    stage_used(walk, taken);
    stage_interrupt(walk, taken);
  } else {
    stage_soft_interrupt(walk, link, taken);
  }
  stage_taken(walk, taken);
  return taken;
}

void journey_input(struct walk *walk) {
  const struct journey_segment *segment = walk->segment;
  if (segment->input == SIM_NEVER) {
    journey_ends(
        walk,
        "Here the way of this packet ends: IP or TCP dropped the segment (its "
        "checksum is wrong, or its header).");
    return;
  }
  journey_stage(
      walk, PLACE_RX_STACK, "TCP receives", "stack/tcp/tcp_input.c",
      segment->input,
      "TCP finds the connection by a hash and puts the %" PRIu32
      " bytes into the receive queue, where they wait for the application.",
      segment->payload);
  const struct journey_want want = {.host = journey_hop(walk)->host,
                                    .track = TIMELINE_APP,
                                    .name = "read",
                                    .has_seq = true,
                                    .seq = segment->seq,
                                    .since = walk->since};
  event_ptr read = journey_first(walk->events, &want);
  if (!read || read->end < segment->input) {
    journey_ends(
        walk,
        "Here the way of this packet ends: its bytes had come before, in "
        "another packet.");
    return;
  }
  journey_stage(
      walk, PLACE_RX_APP, "read()", "stack/socket/socket_io.c", read->end,
      "The application runs again; its read() copies %" PRIu64
      " bytes out of the receive buffers, this one among them; buffers that "
      "are read to their end are free for the next frames.",
      read->bytes);
  walk->journey->complete = true;
}
