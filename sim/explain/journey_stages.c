/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a packet, in the order of their happening, each with what the
 * run knows of it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/explain/journey_events.h"

/* Of an interface that is busy: 15 bytes (IEEE 802.3 46.3.1.4), and lane. */
#define LONGEST_GAP (20 * UINT64_C(800))

typedef const struct timeline_event *event_ptr;

/* What the functions below hand on to each other. */
struct walk {
  struct journey *journey;
  const struct journey_events *events;
  const struct journey_segment *segment; /* the one that is followed */
  event_ptr write, descriptor;
};

__attribute__((format(printf, 6, 7))) static void stage(
    struct walk *walk, enum journey_place place, const char *title,
    const char *source, sim_time at, const char *format, ...) {
  struct journey *journey = walk->journey;
  struct journey_stage *next = &journey->stages[journey->stage_count];
  next->place = place;
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

__attribute__((format(printf, 2, 3))) static void ends(struct walk *walk,
                                                       const char *format,
                                                       ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(walk->journey->end, sizeof(walk->journey->end), format, args);
  va_end(args);
}

/* An event of the packet at its sender. */
static event_ptr of_packet(const struct walk *walk, enum timeline_track track,
                           const char *name) {
  const struct journey_want want = {.host = walk->journey->sender,
                                    .track = track,
                                    .name = name,
                                    .packet = walk->journey->id,
                                    .since = walk->journey->asked_to_send};
  return journey_first(walk->events, &want);
}

/* Picoseconds as nanoseconds, for sentences. */
static double ns(sim_time time) {
  return (double)time / (double)SIM_NS;
}

/* --- Down: software ------------------------------------------------------- */

static void stage_write(struct walk *walk) {
  struct journey *journey = walk->journey;
  uint32_t offset = journey->seq - walk->write->seq;
  stage(walk, PLACE_TX_APP, "write()", "stack/socket/socket_io.c",
        walk->write->end,
        "The application hands over %" PRIu64
        " bytes; they are copied once, into 4 KiB blocks of the socket's send "
        "queue that the NIC can read. The packet's first byte is byte %" PRIu32
        " of these.",
        walk->write->bytes, offset);
}

static void stage_output(struct walk *walk) {
  const struct journey *journey = walk->journey;
  sim_time waited = journey->asked_to_send > walk->write->end
                        ? journey->asked_to_send - walk->write->end
                        : 0;
  char why[160] = "It leaves at once. ";
  if (waited >= SIM_NS) {
    snprintf(why, sizeof(why),
             "The byte waited %.3f us in the send queue, until the congestion "
             "window and the peer's window let it go. ",
             (double)waited / (double)SIM_US);
  }
  char cut[128] = "it fits into one segment";
  if (journey->gso_size) {
    snprintf(cut, sizeof(cut),
             "a super-segment with one header, which the NIC will cut into %u",
             journey->segment_count);
  } else if (journey->segment_count > 1) {
    snprintf(cut, sizeof(cut),
             "the software below IP cuts it into %u, because the NIC may not",
             journey->segment_count);
  }
  stage(walk, PLACE_TX_STACK, "TCP sends", "stack/tcp/tcp_output.c",
        journey->asked_to_send,
        "%sTCP takes %" PRIu32 " bytes from sequence number %" PRIu32
        " on: %s. No byte is copied; the packet refers to the blocks.",
        why, journey->payload, journey->seq, cut);
}

static void stage_descriptor(struct walk *walk) {
  event_ptr event = of_packet(walk, TIMELINE_DRIVER, "tx_descriptor");
  walk->descriptor = event;
  stage(walk, PLACE_TX_DRIVER, "descriptors", "driver/virtio_net.c",
        event->begin,
        "The driver puts the 12 bytes of virtio_net_hdr in front (what to sum, "
        "where to cut) and describes the packet: %" PRIu32 " piece%s, %" PRIu64
        " bytes. It enters the chain at 0x%" PRIx64 " of the available ring.",
        event->pieces, event->pieces == 1 ? "" : "s", event->bytes,
        event->address);
}

/* The index is stored; if the device sleeps it is told. */
static sim_time stage_doorbell(struct walk *walk) {
  event_ptr available = of_packet(walk, TIMELINE_DRIVER, "available");
  const struct journey_want want = {.host = walk->journey->sender,
                                    .track = TIMELINE_DMA_READ,
                                    .name = "available ring",
                                    .address = walk->descriptor->address,
                                    .since = available->begin};
  event_ptr ring = journey_first(walk->events, &want);
  const struct journey_want bell = {.host = walk->journey->sender,
                                    .track = TIMELINE_REGISTERS,
                                    .name = "doorbell",
                                    .since = available->begin,
                                    .until = ring ? ring->begin : 0};
  event_ptr doorbell = journey_first(walk->events, &bell);
  if (doorbell) {
    stage(walk, PLACE_TX_DRIVER, "doorbell", "rtl/virtio/virtio_mmio.sv",
          doorbell->end,
          "The driver stores the new available index in memory and, because "
          "the device sleeps, writes the queue's number to QueueNotify "
          "(register 0x%03" PRIx64 ").",
          doorbell->address);
  } else {
    stage(walk, PLACE_TX_DRIVER, "no doorbell", "driver/virtq.c",
          available->begin,
          "The driver stores the new available index in memory. It rings no "
          "doorbell: the device is awake, as its avail_event says, and looks "
          "again by itself.");
  }
  return available->begin;
}

/* --- Down: the NIC -------------------------------------------------------- */

static void stage_rings(struct walk *walk, sim_time available) {
  struct journey_want want = {.host = walk->journey->sender,
                              .track = TIMELINE_DMA_READ,
                              .name = "available ring",
                              .address = walk->descriptor->address,
                              .since = available};
  event_ptr ring = journey_first(walk->events, &want);
  /* The answer that showed the new index may be to an older question. */
  want = (struct journey_want){.host = walk->journey->sender,
                               .track = TIMELINE_DMA_READ,
                               .name = "available index",
                               .ends_by = ring ? ring->begin : 0,
                               .until = ring ? ring->begin : 0};
  event_ptr index = journey_last(walk->events, &want);
  if (index) {
    stage(walk, PLACE_TX_RINGS, "fetch: index", "rtl/virtio/vring_fetch.sv",
          index->end,
          "The NIC reads the available index (0x%" PRIx64
          ") and sees that there is more than before. A read of host memory "
          "takes %.0f ns here.",
          index->address, ns(index->end - index->begin));
  }
  if (ring) {
    stage(walk, PLACE_TX_RINGS, "fetch: ring entry",
          "rtl/virtio/vring_fetch.sv", ring->end,
          "It reads the ring entry, which names the packet's first descriptor; "
          "up to 32 entries are fetched at once.");
  }
  event_ptr event = of_packet(walk, TIMELINE_DMA_READ, "transmit descriptor");
  event_ptr table = of_packet(walk, TIMELINE_DMA_READ, "descriptor table");
  if (event) {
    stage(walk, PLACE_TX_RINGS, "fetch: descriptor", "rtl/virtio/vring_walk.sv",
          event->end, "It reads the descriptor at 0x%" PRIx64 "%s.",
          event->address,
          table ? ", which says that a table of descriptors lies elsewhere"
                : ", which says where the bytes lie");
  }
  if (table) {
    stage(walk, PLACE_TX_RINGS, "fetch: table", "rtl/virtio/vring_walk.sv",
          table->end,
          "It reads the indirect table at 0x%" PRIx64
          ": the address and length of each piece.",
          table->address);
  }
}

static void stage_dma(struct walk *walk) {
  const struct journey *journey = walk->journey;
  const struct journey_segment *segment = walk->segment;
  struct journey_want want = {.host = journey->sender,
                              .track = TIMELINE_DMA_READ,
                              .name = "transmit data",
                              .packet = journey->id,
                              .since = journey->asked_to_send};
  unsigned bursts = 0;
  for (event_ptr event; (event = journey_first(walk->events, &want));) {
    bursts++;
    /* Events of one beginning: one burst is asked for per cycle. */
    want.since = event->begin + 1;
  }
  want.since = journey->asked_to_send;
  event_ptr first = journey_first(walk->events, &want);
  event_ptr last = journey_last(walk->events, &want);
  char rest[128] = "";
  if (journey->segment_count > 1 && last) {
    snprintf(
        rest, sizeof(rest),
        " The rest follows while it is already being sent, until %+.3f us.",
        (double)(last->end - segment->fetched) / (double)SIM_US);
  }
  sim_time asked = first ? first->begin : segment->fetched;
  sim_time since = journey_end(journey);
  char waited[96] = "";
  if (asked > since + SIM_US) {
    snprintf(waited, sizeof(waited),
             "For %.3f us it reads the packets before this one. ",
             (double)(asked - since) / (double)SIM_US);
  }
  stage(walk, PLACE_TX_DMA, "DMA: data", "rtl/dma/dma_read.sv",
        segment->fetched,
        "%sThe NIC reads headers and data, from 0x%" PRIx64
        " on, in %u bursts of at most 256 bytes, many under way at a time. Now "
        "the %" PRIu32 " bytes of the first segment are there.%s",
        waited, first ? first->address : 0, bursts, segment->payload, rest);
}

/* Did another frame leave until just before this one? */
static bool wire_was_busy(const struct walk *walk) {
  const struct journey_want want = {.host = walk->journey->sender,
                                    .track = TIMELINE_WIRE_TX,
                                    .until = walk->segment->out - 1};
  event_ptr before = journey_last(walk->events, &want);
  return before && walk->segment->out - before->end < LONGEST_GAP;
}

static void stage_cut(struct walk *walk) {
  const struct journey *journey = walk->journey;
  const struct journey_segment *segment = walk->segment;
  char what[192] = "writes the checksum into the header";
  if (journey->options->offload == HOST_OFFLOAD_NONE) {
    snprintf(what, sizeof(what), "has nothing to change");
  } else if (journey->gso_size) {
    snprintf(what, sizeof(what),
             "cuts off %" PRIu32
             " bytes, puts a copy of the headers in front (length, "
             "identification, sequence number edited) and sums",
             segment->payload);
  }
  stage(walk, PLACE_TX_CUT,
        journey->gso_size ? "cut and checksum" : "checksum, FIFO",
        "rtl/offload/tso.sv", segment->out,
        "The NIC %s. A frame leaves only when it is complete%s.", what,
        wire_was_busy(walk)
            ? "; the wire was busy with frames before this one until now"
            : ", so that the MAC never runs dry");
}

/* The NIC in C has neither rings nor cycles. */
static void stage_soft_nic(struct walk *walk) {
  const struct journey *journey = walk->journey;
  event_ptr given = of_packet(walk, TIMELINE_STACK, "transmit");
  char cut[96] = "";
  if (journey->gso_size) {
    snprintf(cut, sizeof(cut),
             " and cuts it into %u segments of at most %" PRIu32 " bytes",
             journey->segment_count, journey->gso_size);
  }
  stage(walk, PLACE_TX_DRIVER, "handed over", "sim/host/host_soft.c",
        given->begin,
        "The stack hands %" PRIu64
        " bytes to the NIC in C, which has no rings and no DMA: it reads them "
        "in no time%s.",
        given->bytes, cut);
  stage(walk, PLACE_TX_CUT, "frame starts", "sim/host/soft_offload.c",
        walk->segment->out, "%s",
        wire_was_busy(walk)
            ? "The wire was busy with frames before this one until now."
            : "The wire is free; the frame leaves at once.");
}

/* --- Across --------------------------------------------------------------- */

static void stage_wire(struct walk *walk) {
  const struct journey_segment *segment = walk->segment;
  stage(walk, PLACE_WIRE, "on the wire",
        walk->descriptor ? "rtl/mac/mac_10g_tx.sv" : "sim/host/host_soft.c",
        segment->sent,
        "The frame of %" PRIu32
        " bytes leaves, with 8 of preamble in front: at 10 Gb/s %.1f ns.",
        segment->frame, ns(segment->sent - segment->out));
  if (segment->in == SIM_NEVER) {
    ends(
        walk,
        "Here the way of this packet ends: the wire lost the segment (--wire). "
        "TCP notices and sends its bytes again, as another packet.");
    return;
  }
  stage(walk, PLACE_WIRE, "delay", "sim/wire/link.c", segment->in,
        "The link stores and forwards; the first byte comes out %.1f ns after "
        "the last one went in.",
        ns(segment->in - segment->sent));
}

/* --- Up: the NIC ---------------------------------------------------------- */

static void stage_receive(struct walk *walk) {
  const struct journey *journey = walk->journey;
  const struct journey_segment *segment = walk->segment;
  stage(walk, PLACE_RX_NIC, "MAC receives",
        walk->descriptor ? "rtl/mac/mac_10g_rx.sv" : "sim/host/host_soft.c",
        segment->arrived,
        "The whole frame is in. The FCS and the filter decide whether it "
        "stays%s.",
        journey->options->offload == HOST_OFFLOAD_NONE
            ? ""
            : "; the checksums of IP and TCP were summed as it passed");
  if (!walk->descriptor || segment->written == SIM_NEVER) {
    return;
  }
  const struct journey_want want = {.host = 1 - journey->sender,
                                    .track = TIMELINE_DMA_WRITE,
                                    .name = "frame",
                                    .packet = journey->id,
                                    .has_seq = true,
                                    .seq = segment->seq,
                                    .since = segment->in};
  event_ptr first = journey_first(walk->events, &want);
  stage(walk, PLACE_RX_NIC, "DMA: frame", "rtl/virtio/virtio_rx.sv",
        segment->written,
        "The NIC writes virtio_net_hdr and frame into the oldest posted "
        "buffer, at 0x%" PRIx64
        ". The last write is answered now: every byte is in memory.",
        first ? first->address : 0);
}

/* What the driver looks at, and what tells it to look. */
static void stage_used(struct walk *walk, event_ptr taken) {
  struct journey_want want = {.host = taken->host,
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
                               .track = TIMELINE_DMA_WRITE,
                               .name = "receive used index",
                               .since = element->end,
                               .until = taken->begin};
  event_ptr index = journey_first(walk->events, &want);
  stage(walk, PLACE_RX_RING, "used ring", "rtl/virtio/vring_used.sv",
        index ? index->end : element->end,
        "It writes the used element (0x%" PRIx64
        "), waits for the answer, then the used index: whoever sees the index "
        "finds the data.",
        taken->address);
}

/* The line's last change by `time`. */
static event_ptr edge(const struct walk *walk, unsigned host, const char *name,
                      sim_time time) {
  const struct journey_want want = {
      .host = host, .track = TIMELINE_REGISTERS, .name = name, .until = time};
  return journey_last(walk->events, &want);
}

static void stage_interrupt(struct walk *walk, event_ptr taken) {
  const char *const source = "rtl/virtio/vring_used.sv";
  sim_time used = journey_end(walk->journey);
  event_ptr up = edge(walk, taken->host, "interrupt rises", taken->begin);
  if (up && up->begin >= used) {
    stage(walk, PLACE_RX_RING, "interrupt", source, up->begin,
          "The NIC raises the interrupt line, because the driver asked to be "
          "told (used_event). The driver will read InterruptStatus and "
          "acknowledge it.");
    return;
  }
  event_ptr before = edge(walk, taken->host, "interrupt rises", used);
  event_ptr down = edge(walk, taken->host, "interrupt falls", used);
  if (before && (!down || down->begin < before->begin)) {
    stage(walk, PLACE_RX_RING, "interrupt is up", source, used,
          "The interrupt line is up already, since %.0f ns, for something "
          "that was used before.",
          ns(used - before->begin));
  } else {
    stage(walk, PLACE_RX_RING, "no interrupt", source, used,
          "No interrupt is needed: the driver is still taking earlier frames "
          "and looks at the used index again before it sleeps.");
  }
}

static void stage_soft_interrupt(struct walk *walk, event_ptr taken) {
  const struct journey_want want = {.host = taken->host,
                                    .track = TIMELINE_DRIVER,
                                    .name = "interrupt",
                                    .since = walk->segment->arrived,
                                    .until = taken->begin};
  event_ptr event = journey_first(walk->events, &want);
  stage(walk, PLACE_RX_RING, event ? "interrupt" : "no interrupt",
        "sim/host/host_cpu.c",
        event ? event->begin : journey_end(walk->journey), "%s",
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

static bool stage_taken(struct walk *walk) {
  const struct journey *journey = walk->journey;
  const struct journey_want want = {.host = 1 - journey->sender,
                                    .track = TIMELINE_DRIVER,
                                    .name = "rx_used",
                                    .packet = journey->id,
                                    .has_seq = true,
                                    .seq = walk->segment->seq,
                                    .since = walk->segment->in};
  event_ptr taken = journey_first(walk->events, &want);
  if (!taken) {
    ends(walk,
         "Here the way of this packet ends: the NIC dropped the frame (a wrong "
         "FCS or no room). TCP sends its bytes again, as another packet.");
    return false;
  }
  if (walk->descriptor) {
    stage_used(walk, taken);
    stage_interrupt(walk, taken);
  } else {
    stage_soft_interrupt(walk, taken);
  }
  char after[96] = "";
  unsigned before = frames_before(walk, taken);
  if (before) {
    snprintf(after, sizeof(after), ", after %u that came before", before);
  }
  stage(walk, PLACE_RX_DRIVER, "driver takes it",
        walk->descriptor ? "driver/virtio_net.c" : "sim/host/host_soft.c",
        taken->begin,
        "The processor runs the driver, which takes the frame of %" PRIu64
        " bytes%s%s.",
        taken->bytes, after,
        walk->descriptor
            ? "; nothing is copied, the packet points into the buffer"
            : "");
  return true;
}

static void stage_input(struct walk *walk) {
  const struct journey_segment *segment = walk->segment;
  if (segment->input == SIM_NEVER) {
    ends(walk,
         "Here the way of this packet ends: IP or TCP dropped the segment (its "
         "checksum is wrong, or its header).");
    return;
  }
  stage(walk, PLACE_RX_STACK, "TCP receives", "stack/tcp/tcp_input.c",
        segment->input,
        "TCP finds the connection by a hash and puts the %" PRIu32
        " bytes into the receive queue, where they wait for the application.",
        segment->payload);
  const struct journey_want want = {.host = 1 - walk->journey->sender,
                                    .track = TIMELINE_APP,
                                    .name = "read",
                                    .has_seq = true,
                                    .seq = segment->seq,
                                    .since = segment->in};
  event_ptr read = journey_first(walk->events, &want);
  if (!read || read->end < segment->input) {
    ends(walk,
         "Here the way of this packet ends: its bytes had come before, in "
         "another packet.");
    return;
  }
  stage(walk, PLACE_RX_APP, "read()", "stack/socket/socket_io.c", read->end,
        "The application runs again; its read() copies %" PRIu64
        " bytes out of the receive buffers, this one among them; buffers that "
        "are read to their end are free for the next frames.",
        read->bytes);
  walk->journey->complete = true;
}

/* --- All ------------------------------------------------------------------ */

/* False: the timeline does not say how it went on. */
static bool down(struct walk *walk) {
  struct journey *journey = walk->journey;
  stage_write(walk);
  stage_output(walk);
  if (journey->options->nic == HOST_NIC_SOFT) {
    if (journey->segment_count == 0) {
      return false;
    }
    walk->segment = &journey->segments[0];
    stage_soft_nic(walk);
    return true;
  }
  stage_descriptor(walk);
  sim_time available = stage_doorbell(walk);
  stage_rings(walk, available);
  if (journey->segment_count == 0) {
    return false;
  }
  walk->segment = &journey->segments[0];
  stage_dma(walk);
  stage_cut(walk);
  return true;
}

void journey_stages(struct journey *journey,
                    const struct journey_events *events) {
  struct walk walk = {.journey = journey, .events = events};
  const struct journey_want want = {.host = journey->sender,
                                    .track = TIMELINE_APP,
                                    .name = "write",
                                    .has_seq = true,
                                    .seq = journey->seq,
                                    .until = journey->asked_to_send};
  walk.write = journey_last(events, &want);
  journey->start = walk.write->begin;
  if (!down(&walk)) {
    ends(&walk, "Here the way of this packet ends: the NIC did not send it.");
    return;
  }
  stage_wire(&walk);
  if (!journey->end[0]) {
    stage_receive(&walk);
  }
  if (!journey->end[0] && stage_taken(&walk)) {
    stage_input(&walk);
  }
}
