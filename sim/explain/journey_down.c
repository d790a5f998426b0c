/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a packet on its way down: from write(), or from a router's
 * stack, to the first bit on the wire. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/explain/journey_walk.h"

/* --- Down: software ------------------------------------------------------- */

static void stage_write(struct walk *walk, event_ptr write) {
  const struct journey *journey = walk->journey;
  uint32_t offset = journey->seq - write->seq;
  journey_stage(
      walk, PLACE_TX_APP, "write()", "stack/socket/socket_io.c", write->end,
      "The application hands over %" PRIu64
      " bytes; they are copied once, into 4 KiB blocks of the socket's send "
      "queue that the NIC can read. The packet's first byte is byte %" PRIu32
      " of these.",
      write->bytes, offset);
}

static void stage_output(struct walk *walk, event_ptr write) {
  const struct journey *journey = walk->journey;
  sim_time waited = journey->asked_to_send > write->end
                        ? journey->asked_to_send - write->end
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
  journey_stage(walk, PLACE_TX_STACK, "TCP sends", "stack/tcp/tcp_output.c",
                journey->asked_to_send,
                "%sTCP takes %" PRIu32 " bytes from sequence number %" PRIu32
                " on: %s. No byte is copied; the packet refers to the blocks.",
                why, journey->payload, journey->seq, cut);
}

/* An event about it at this hop. */
static event_ptr of_packet(const struct walk *walk, enum timeline_track track,
                           const char *name) {
  const struct journey_want want = journey_here(walk, track, name);
  return journey_first(walk->events, &want);
}

static void stage_descriptor(struct walk *walk) {
  event_ptr event = walk->descriptor;
  journey_stage(
      walk, PLACE_TX_DRIVER, "descriptors", "driver/virtio_net.c", event->begin,
      "The driver puts the 12 bytes of virtio_net_hdr in front (what to sum, "
      "where to cut) and describes the packet: %" PRIu32 " piece%s, %" PRIu64
      " bytes. It enters the chain at 0x%" PRIx64 " of the available ring.",
      event->pieces, event->pieces == 1 ? "" : "s", event->bytes,
      event->address);
}

/* The index is stored; if the device sleeps it is told. */
static void stage_doorbell(struct walk *walk, event_ptr available) {
  const struct journey_want want = {.host = journey_hop(walk)->host,
                                    .nic = walk->nic,
                                    .track = TIMELINE_DMA_READ,
                                    .name = "available ring",
                                    .address = walk->descriptor->address,
                                    .since = available->begin};
  event_ptr ring = journey_first(walk->events, &want);
  const struct journey_want bell = {.host = journey_hop(walk)->host,
                                    .nic = walk->nic,
                                    .track = TIMELINE_REGISTERS,
                                    .name = "doorbell",
                                    .since = available->begin,
                                    .until = ring ? ring->begin : 0};
  event_ptr doorbell = journey_first(walk->events, &bell);
  if (doorbell) {
    journey_stage(
        walk, PLACE_TX_DRIVER, "doorbell", "rtl/virtio/virtio_mmio.sv",
        doorbell->end,
        "The driver stores the new available index in memory and, because "
        "the device sleeps, writes the queue's number to QueueNotify "
        "(register 0x%03" PRIx64 ").",
        doorbell->address);
  } else {
    journey_stage(
        walk, PLACE_TX_DRIVER, "no doorbell", "driver/virtq.c",
        available->begin,
        "The driver stores the new available index in memory. It rings no "
        "doorbell: the device is awake, as its avail_event says, and looks "
        "again by itself.");
  }
}

/* --- Down: the NIC -------------------------------------------------------- */

static void stage_rings(struct walk *walk, sim_time available) {
  struct journey_want want = {.host = journey_hop(walk)->host,
                              .nic = walk->nic,
                              .track = TIMELINE_DMA_READ,
                              .name = "available ring",
                              .address = walk->descriptor->address,
                              .since = available};
  event_ptr ring = journey_first(walk->events, &want);
  /* The answer that showed the new index may be to an older question. */
  want = (struct journey_want){.host = journey_hop(walk)->host,
                               .nic = walk->nic,
                               .track = TIMELINE_DMA_READ,
                               .name = "available index",
                               .ends_by = ring ? ring->begin : 0,
                               .until = ring ? ring->begin : 0};
  event_ptr index = journey_last(walk->events, &want);
  if (index) {
    journey_stage(
        walk, PLACE_TX_RINGS, "fetch: index", "rtl/virtio/vring_fetch.sv",
        index->end,
        "The NIC reads the available index (0x%" PRIx64
        ") and sees that there is more than before. A read of host memory "
        "takes %.0f ns here.",
        index->address, journey_ns(index->end - index->begin));
  }
  if (ring) {
    journey_stage(
        walk, PLACE_TX_RINGS, "fetch: ring entry", "rtl/virtio/vring_fetch.sv",
        ring->end,
        "It reads the ring entry, which names the packet's first descriptor; "
        "up to 32 entries are fetched at once.");
  }
  event_ptr event = of_packet(walk, TIMELINE_DMA_READ, "transmit descriptor");
  event_ptr table = of_packet(walk, TIMELINE_DMA_READ, "descriptor table");
  if (event) {
    journey_stage(
        walk, PLACE_TX_RINGS, "fetch: descriptor", "rtl/virtio/vring_walk.sv",
        event->end, "It reads the descriptor at 0x%" PRIx64 "%s.",
        event->address,
        table ? ", which says that a table of descriptors lies elsewhere"
              : ", which says where the bytes lie");
  }
  if (table) {
    journey_stage(walk, PLACE_TX_RINGS, "fetch: table",
                  "rtl/virtio/vring_walk.sv", table->end,
                  "It reads the indirect table at 0x%" PRIx64
                  ": the address and length of each piece.",
                  table->address);
  }
}

static void stage_dma(struct walk *walk) {
  const struct journey *journey = walk->journey;
  const struct journey_segment *segment = walk->segment;
  const struct journey_link *link = journey_link(walk);
  struct journey_want want =
      journey_here(walk, TIMELINE_DMA_READ, "transmit data");
  want.has_seq = walk->hop > 0; /* there all frames have the packet's name */
  unsigned bursts = 0;
  for (event_ptr event; (event = journey_first(walk->events, &want));) {
    bursts++;
    /* Events of one beginning: one burst is asked for per cycle. */
    want.since = event->begin + 1;
  }
  want.since = walk->since;
  event_ptr first = journey_first(walk->events, &want);
  event_ptr last = journey_last(walk->events, &want);
  char rest[128] = "";
  if (walk->hop == 0 && journey->segment_count > 1 && last) {
    snprintf(
        rest, sizeof(rest),
        " The rest follows while it is already being sent, until %+.3f us.",
        (double)(last->end - link->fetched) / (double)SIM_US);
  }
  sim_time asked = first ? first->begin : link->fetched;
  sim_time since = journey_end(journey);
  char waited[96] = "";
  if (asked > since + SIM_US) {
    snprintf(waited, sizeof(waited),
             "For %.3f us it reads the packets before this one. ",
             (double)(asked - since) / (double)SIM_US);
  }
  char count[32] = "";
  if (walk->hop == 0) {
    snprintf(count, sizeof(count), "%u ", bursts);
  }
  journey_stage(
      walk, PLACE_TX_DMA, "DMA: data", "rtl/dma/dma_read.sv", link->fetched,
      "%sThe NIC reads headers and data, from 0x%" PRIx64
      " on, in %sbursts of at most 256 bytes, many under way at a time. Now "
      "the %" PRIu32 " bytes of the %ssegment are there.%s",
      waited, first ? first->address : 0, count, segment->payload,
      walk->hop == 0 ? "first " : "", rest);
}

/* Did another frame leave until just before this one? */
static bool wire_was_busy(const struct walk *walk) {
  const struct journey_want want = {.host = journey_hop(walk)->host,
                                    .nic = walk->nic,
                                    .track = TIMELINE_WIRE_TX,
                                    .until = journey_link(walk)->out - 1};
  event_ptr before = journey_last(walk->events, &want);
  return before && journey_link(walk)->out - before->end < JOURNEY_GAP;
}

static void stage_cut(struct walk *walk) {
  char what[192] = "writes the checksum into the header";
  if (walk->topology->hosts[journey_hop(walk)->host].offload ==
          HOST_OFFLOAD_NONE ||
      walk->hop > 0) {
    snprintf(what, sizeof(what), "has nothing to change");
  } else if (walk->gso_size) {
    snprintf(what, sizeof(what),
             "cuts off %" PRIu32
             " bytes, puts a copy of the headers in front (length, "
             "identification, sequence number edited) and sums",
             walk->segment->payload);
  }
  journey_stage(
      walk, PLACE_TX_CUT,
      walk->gso_size ? "cut and checksum" : "checksum, FIFO",
      walk->gso_size ? "rtl/offload/tso.sv" : "rtl/offload/tx_csum.sv",
      journey_link(walk)->out,
      "The NIC %s. A frame leaves only when it is complete%s.", what,
      wire_was_busy(walk)
          ? "; the wire was busy with frames before this one until now"
          : ", so that the MAC never runs dry");
}

/* The NIC in C has neither rings nor cycles. */
static void stage_soft_nic(struct walk *walk, event_ptr given) {
  char cut[96] = "";
  if (walk->gso_size) {
    snprintf(
        cut, sizeof(cut),
        " and cuts it into %" PRIu32 " segments of at most %" PRIu32 " bytes",
        (given->payload + walk->gso_size - 1) / walk->gso_size, walk->gso_size);
  }
  journey_stage(walk, PLACE_TX_DRIVER, "handed over", "sim/host/host_soft.c",
                given->begin,
                "The stack hands %" PRIu64
                " bytes to the NIC in C, which has no rings and no DMA: it "
                "reads them in no time%s.",
                given->bytes, cut);
  journey_stage(walk, PLACE_TX_CUT, "frame starts", "sim/host/soft_offload.c",
                journey_link(walk)->out, "%s",
                wire_was_busy(walk)
                    ? "The wire was busy with frames before this one until now."
                    : "The wire is free; the frame leaves at once.");
}

/* --- All ------------------------------------------------------------------ */

void journey_write(struct walk *walk, event_ptr write) {
  stage_write(walk, write);
  stage_output(walk, write);
}

/* The NIC with rings. */
static void stage_rtl_nic(struct walk *walk) {
  event_ptr available = of_packet(walk, TIMELINE_DRIVER, "available");
  walk->descriptor = of_packet(walk, TIMELINE_DRIVER, "tx_descriptor");
  if (!walk->descriptor || !available) {
    return;
  }
  stage_descriptor(walk);
  stage_doorbell(walk, available);
  stage_rings(walk, available->begin);
}

bool journey_down(struct walk *walk) {
  struct journey_want want = journey_here(walk, TIMELINE_STACK, "transmit");
  want.nic = 0;
  event_ptr given = journey_first(walk->events, &want);
  bool sent = walk->segment && walk->hop < walk->segment->link_count;
  walk->nic = given->nic;
  walk->gso_size = given->gso_size;
  if (journey_hop(walk)->rtl) {
    stage_rtl_nic(walk);
    if (sent) {
      stage_dma(walk);
      stage_cut(walk);
    }
  } else if (sent) {
    stage_soft_nic(walk, given);
  }
  return sent;
}
