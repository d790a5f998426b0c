/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a host from outside: capture at four places, packet ids,
 * timeline, event hash, counts. A decorator at the seam of stack and device. */
#include <stdio.h>
#include <string.h>

#include "sim/host/host_internal.h"

enum { BYTE_PS = 800, FRAME_PREAMBLE = 8 };

void host_observe_init(struct host *host) {
  const struct host_config *config = &host->config;
  if (config->timeline) {
    timeline_host(config->timeline, config->index, config->name);
  }
  if (!config->capture) {
    return;
  }
  host->scratch = sim_alloc(HOST_SCRATCH);
  static const struct {
    const char *name, *text;
    unsigned fcs;
  } places[4] = {
      {"host-tx", "handed to the NIC, before segmentation", 0},
      {"wire-tx", "sent to the wire", FRAME_FCS_LEN},
      {"wire-rx", "received from the wire", FRAME_FCS_LEN},
      {"host-rx", "handed to the stack", 0},
  };
  for (unsigned p = 0; p < host->port_count; p++) {
    struct host_port *port = &host->ports[p];
    unsigned *const interfaces[4] = {&port->if_host_tx, &port->if_wire_tx,
                                     &port->if_wire_rx, &port->if_host_rx};
    /* "server:host-tx"; of a host with several NICs "r1.eth1:host-tx". */
    for (int i = 0; i < 4; i++) {
      char name[64];
      bool several = host->port_count > 1;
      snprintf(name, sizeof(name), "%s%s%s:%s", config->name,
               several ? "." : "", several ? host_port_name(port) : "",
               places[i].name);
      *interfaces[i] = capture_interface(config->capture, name, places[i].text,
                                         places[i].fcs);
    }
  }
}

/* --- The wire's side ------------------------------------------------------ */

/* The packet that the next frame on the wire is a segment of. */
static uint64_t next_sent(struct host_port *port) {
  if (port->sent_first == port->sent_last) {
    return 0;
  }
  struct host_sent *sent = &port->sent[port->sent_first % HOST_IDS];
  uint64_t id = sent->id;
  if (--sent->segments == 0) {
    port->sent_first++;
  }
  return id;
}

void host_note(struct host *host, const struct timeline_event *event) {
  struct timeline_event here = *event;
  here.host = host->config.index;
  timeline_add(host->config.timeline, &here);
}

static void note_frame(struct host_port *port, enum timeline_track track,
                       const uint8_t *data, uint32_t len, sim_time begin,
                       sim_time end, uint64_t id) {
  if (!port->host->config.timeline) {
    return;
  }
  size_t whole = len > FRAME_FCS_LEN ? len - FRAME_FCS_LEN : 0;
  struct timeline_event event = {
      .name = frame_kind_name(frame_kind_of(data, whole)),
      .track = track,
      .nic = port->index + 1,
      .begin = begin,
      .end = end,
      .packet = id,
      .bytes = len,
  };
  if (!frame_tcp(data, len, &event.seq, &event.payload)) {
    event.payload = 0;
  }
  host_note(port->host, &event);
}

void host_emit(struct host_port *port, const uint8_t *data, uint32_t len,
               sim_time start, sim_time end, bool error) {
  struct host *host = port->host;
  const struct host_config *config = &host->config;
  uint64_t id = next_sent(port);
  event_hash_add(&port->hash[EVENT_CHANNEL_WIRE_TX], end, EVENT_CHANNEL_WIRE_TX,
                 data, len);
  unsigned marks = config->emit(config->emit_ctx, port->config.end, data, len,
                                end, error, id);
  if (config->capture) {
    /* What the wire did to it shows where it arrives; here it is whole. */
    unsigned here = (marks & FRAME_DROPPED) | (error ? FRAME_ERROR : 0u);
    capture_add(config->capture, port->if_wire_tx, start, CAPTURE_OUT, data,
                len, here, id, NULL);
  }
  note_frame(port, TIMELINE_WIRE_TX, data, len, start, end, id);
}

void host_received(struct host_port *port, const struct frame *frame,
                   sim_time start) {
  struct host *host = port->host;
  const struct host_config *config = &host->config;
  uint64_t key = frame_key(frame->data, frame->len);
  port->names[key % HOST_IDS] = (struct host_name){key, frame->id};
  event_hash_add(&port->hash[EVENT_CHANNEL_WIRE_RX], start,
                 EVENT_CHANNEL_WIRE_RX, frame->data, frame->len);
  if (config->capture) {
    capture_add(config->capture, port->if_wire_rx, start, CAPTURE_IN,
                frame->data, frame->len, frame->marks, frame->id, NULL);
  }
  note_frame(port, TIMELINE_WIRE_RX, frame->data, frame->len, start,
             start + (FRAME_PREAMBLE + (sim_time)frame->len) * BYTE_PS,
             frame->id);
}

uint64_t host_packet_of(const struct host_port *port, uint64_t key) {
  const struct host_name *name = &port->names[key % HOST_IDS];
  return name->key == key ? name->id : 0;
}

/* --- The stack's side ----------------------------------------------------- */

static uint32_t segments_of(const struct pkt *pkt) {
  if (pkt->gso_type == PKT_GSO_NONE || pkt->gso_size == 0) {
    return 1;
  }
  /* A packet that is forwarded has payload behind the headers in its head. */
  uint32_t seq, payload;
  if (!frame_tcp(pkt->head, pkt->head_len, &seq, &payload)) {
    payload = pkt->len > pkt->head_len ? pkt->len - pkt->head_len : 0;
  }
  uint32_t segments = (payload + pkt->gso_size - 1) / pkt->gso_size;
  return segments ? segments : 1;
}

/* Copy the packet to the scratch memory: on transmit the device may have it on
 * the wire, and freed, before the call returns. */
static void copy_packet(struct host *host, const struct pkt *pkt) {
  host->scratch_len = ph_min_u32(pkt->len, HOST_SCRATCH);
  pkt_copy(pkt, 0, host->scratch, host->scratch_len);
  host->scratch_time = host_time(host);
}

/* The stack hands a packet to the device. */
static void note_packet(struct host *host, const struct pkt *pkt,
                        const char *name) {
  if (!host->config.timeline) {
    return;
  }
  struct timeline_event event = {
      .name = name,
      .track = TIMELINE_STACK,
      .nic = host->current->index + 1,
      .begin = host_time(host),
      .end = host_time(host),
      .packet = pkt->id,
      .bytes = pkt->len,
      .gso_size = pkt->gso_type == PKT_GSO_NONE ? 0 : pkt->gso_size,
  };
  if (!frame_tcp(pkt->head, pkt->head_len, &event.seq, &event.payload)) {
    event.payload = 0;
  }
  host->given = event;
  host_note(host, &event);
}

static struct host_port *port_of(struct host *host, const struct netif *netif) {
  struct host_port *port = host->ports;
  while (port->netif != netif) {
    port++;
  }
  return port;
}

/* What is seen now is of this NIC. */
static struct host_port *enter(struct host *host, const struct netif *netif) {
  host->current = port_of(host, netif);
  return host->current;
}

static int tap_transmit(struct netif *netif, struct pkt *pkt) {
  struct host *host = netif->stack->platform->ctx;
  struct host_port *before = host->current;
  struct host_port *port = enter(host, netif);
  uint32_t segments = segments_of(pkt);
  uint64_t id = pkt->id;
  bool super = pkt->gso_type != PKT_GSO_NONE;
  char comment[96] = "";
  if (super) {
    snprintf(comment, sizeof(comment),
             "super-segment: the NIC cuts it into %u segments of %u bytes",
             segments, (unsigned)pkt->gso_size);
  } else if (pkt->csum == PKT_CSUM_PARTIAL) {
    snprintf(comment, sizeof(comment), "the NIC completes the checksum");
  }
  if (host->config.capture) {
    copy_packet(host, pkt);
  }
  note_packet(host, pkt, "transmit");
  port->sent[port->sent_last % HOST_IDS] = (struct host_sent){id, segments};
  port->sent_last++;
  int error = port->inner_ops->transmit(netif, pkt);
  host->current = before; /* a router: on with the NIC that brought it */
  if (error) {
    port->sent_last--;
    return error;
  }
  if (host->config.capture) {
    capture_add(host->config.capture, port->if_host_tx, host->scratch_time,
                CAPTURE_OUT, host->scratch, host->scratch_len, 0, id, comment);
  }
  host->packets++;
  host->super_segments += super;
  return 0;
}

static void tap_poll(struct netif *netif) {
  enter(netif->stack->platform->ctx, netif)->inner_ops->poll(netif);
}

static bool tap_can_transmit(struct netif *netif) {
  return port_of(netif->stack->platform->ctx, netif)
      ->inner_ops->can_transmit(netif);
}

static const struct netif_ops tap_ops = {
    .transmit = tap_transmit,
    .poll = tap_poll,
    .can_transmit = tap_can_transmit,
};

/* The driver took this packet just now: host_trace() kept the event until its
 * name is known. */
static void note_taken(struct host *host, const struct pkt *pkt) {
  struct timeline_event *taken = &host->taken;
  if (!host->config.timeline || !taken->name) {
    return;
  }
  taken->packet = pkt->id;
  taken->bytes = pkt->len;
  if (!frame_tcp(pkt->head, pkt->head_len, &taken->seq, &taken->payload)) {
    taken->payload = 0;
  }
  host_note(host, taken);
}

/* Give the packet the name that it had at the sender. */
static void tap_input(struct netif *netif, struct pkt *pkt) {
  struct host *host = netif->stack->platform->ctx;
  struct host_port *port = enter(host, netif);
  uint64_t id = host_packet_of(port, frame_key(pkt->head, pkt->head_len));
  if (id) {
    pkt->id = id;
  }
  note_taken(host, pkt);
  if (host->config.capture) {
    copy_packet(host, pkt);
    capture_add(
        host->config.capture, port->if_host_rx, host->scratch_time, CAPTURE_IN,
        host->scratch, host->scratch_len, 0, pkt->id,
        pkt->csum == PKT_CSUM_VERIFIED ? "the NIC verified the checksum" : "");
  }
  port->inner_input(netif, pkt);
  host->taken.name = NULL;
}

void host_tap_netif(struct host_port *port) {
  port->inner_ops = port->netif->ops;
  port->netif->ops = &tap_ops;
  port->inner_input = port->netif->input;
  port->netif->input = tap_input;
}

static bool of_driver(const char *stage) {
  return strncmp(stage, "tx_", 3) == 0 || strncmp(stage, "rx_", 3) == 0 ||
         strcmp(stage, "interrupt") == 0;
}

void host_trace(void *ctx, uint64_t packet_id, const char *stage) {
  struct host *host = ctx;
  if (!host->config.timeline) {
    return;
  }
  sim_time now = host_time(host);
  struct timeline_event event = {
      .name = stage,
      .track = of_driver(stage) ? TIMELINE_DRIVER : TIMELINE_STACK,
      .nic = of_driver(stage) ? host->current->index + 1 : 0,
      .begin = now,
      .end = now,
      .packet = packet_id,
  };
  if (strcmp(stage, "tcp_input") == 0 && host->taken.packet == packet_id) {
    event.seq = host->taken.seq;
    event.payload = host->taken.payload;
  }
  if (host->ops->describe) {
    host->ops->describe(host->current, &event);
  }
  if (strcmp(stage, "rx_used") == 0) {
    host->taken = event;
  } else {
    host_note(host, &event);
  }
}

/* The copy has just been counted: it ends now. */
void host_trace_stream(void *ctx, uint32_t seq, uint32_t len,
                       const char *stage) {
  struct host *host = ctx;
  sim_time now = host_time(host);
  host_note(host,
            &(struct timeline_event){
                .name = stage,
                .track = TIMELINE_APP,
                .begin = now - len * host->config.cost->ps[COST_byte_copied],
                .end = now,
                .bytes = len,
                .seq = seq,
                .payload = len,
            });
}
