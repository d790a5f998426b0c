/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a host from outside: capture at four places, packet ids,
 * timeline, event hash, counts. A decorator at the seam of stack and device. */
#include <stdio.h>
#include <string.h>

#include "sim/host/host_internal.h"

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
  unsigned *const interfaces[4] = {&host->if_host_tx, &host->if_wire_tx,
                                   &host->if_wire_rx, &host->if_host_rx};
  for (int i = 0; i < 4; i++) {
    char name[64];
    snprintf(name, sizeof(name), "%s:%s", config->name, places[i].name);
    *interfaces[i] =
        capture_interface(config->capture, name, places[i].text, places[i].fcs);
  }
}

/* --- The wire's side ------------------------------------------------------ */

/* The packet that the next frame on the wire is a segment of. */
static uint64_t next_sent(struct host *host) {
  if (host->sent_first == host->sent_last) {
    return 0;
  }
  struct host_sent *sent = &host->sent[host->sent_first % HOST_IDS];
  uint64_t id = sent->id;
  if (--sent->segments == 0) {
    host->sent_first++;
  }
  return id;
}

void host_emit(struct host *host, const uint8_t *data, uint32_t len,
               sim_time start, sim_time end, bool error) {
  const struct host_config *config = &host->config;
  uint64_t id = next_sent(host);
  host_event(host, end, EVENT_CHANNEL_WIRE_TX, data, len);
  unsigned marks =
      config->emit(config->emit_ctx, config->index, data, len, end, error, id);
  if (config->capture) {
    /* What the wire did to it shows where it arrives; here it is whole. */
    unsigned here = (marks & FRAME_DROPPED) | (error ? FRAME_ERROR : 0u);
    capture_add(config->capture, host->if_wire_tx, start, CAPTURE_OUT, data,
                len, here, id, NULL);
  }
  if (config->timeline) {
    timeline_add(config->timeline, config->index, TIMELINE_WIRE_TX,
                 frame_kind_name(frame_kind_of(data, len - FRAME_FCS_LEN)),
                 start, end, id, "bytes", len);
  }
}

void host_received(struct host *host, const struct frame *frame,
                   sim_time start) {
  const struct host_config *config = &host->config;
  uint64_t key = frame_key(frame->data, frame->len);
  host->names[key % HOST_IDS] = (struct host_name){key, frame->id};
  host_event(host, start, EVENT_CHANNEL_WIRE_RX, frame->data, frame->len);
  if (config->capture) {
    capture_add(config->capture, host->if_wire_rx, start, CAPTURE_IN,
                frame->data, frame->len, frame->marks, frame->id, NULL);
  }
  if (config->timeline) {
    size_t len = frame->len > FRAME_FCS_LEN ? frame->len - FRAME_FCS_LEN : 0;
    timeline_add(config->timeline, config->index, TIMELINE_WIRE_RX,
                 frame_kind_name(frame_kind_of(frame->data, len)), start,
                 start + frame->len * 800, frame->id, "bytes", frame->len);
  }
}

/* --- The stack's side ----------------------------------------------------- */

static uint32_t segments_of(const struct pkt *pkt) {
  if (pkt->gso_type == PKT_GSO_NONE || pkt->gso_size == 0) {
    return 1;
  }
  uint32_t payload = pkt->len > pkt->head_len ? pkt->len - pkt->head_len : 0;
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

static int tap_transmit(struct netif *netif, struct pkt *pkt) {
  struct host *host = netif->stack->platform->ctx;
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
  host->sent[host->sent_last % HOST_IDS] = (struct host_sent){id, segments};
  host->sent_last++;
  int error = host->inner_ops->transmit(netif, pkt);
  if (error) {
    host->sent_last--;
    return error;
  }
  if (host->config.capture) {
    capture_add(host->config.capture, host->if_host_tx, host->scratch_time,
                CAPTURE_OUT, host->scratch, host->scratch_len, 0, id, comment);
  }
  host->packets++;
  host->super_segments += super;
  return 0;
}

static void tap_poll(struct netif *netif) {
  struct host *host = netif->stack->platform->ctx;
  host->inner_ops->poll(netif);
}

static bool tap_can_transmit(struct netif *netif) {
  struct host *host = netif->stack->platform->ctx;
  return host->inner_ops->can_transmit(netif);
}

static const struct netif_ops tap_ops = {
    .transmit = tap_transmit,
    .poll = tap_poll,
    .can_transmit = tap_can_transmit,
};

/* Give the packet the name that it had at the sender. */
static void tap_input(struct netif *netif, struct pkt *pkt) {
  struct host *host = netif->stack->platform->ctx;
  uint64_t key = frame_key(pkt->head, pkt->head_len);
  const struct host_name *name = &host->names[key % HOST_IDS];
  if (name->key == key && name->id) {
    pkt->id = name->id;
  }
  if (host->config.capture) {
    copy_packet(host, pkt);
    capture_add(
        host->config.capture, host->if_host_rx, host->scratch_time, CAPTURE_IN,
        host->scratch, host->scratch_len, 0, pkt->id,
        pkt->csum == PKT_CSUM_VERIFIED ? "the NIC verified the checksum" : "");
  }
  host->inner_input(netif, pkt);
}

void host_tap_netif(struct host *host) {
  host->inner_ops = host->netif->ops;
  host->netif->ops = &tap_ops;
  host->inner_input = host->netif->input;
  host->netif->input = tap_input;
}

void host_trace(void *ctx, uint64_t packet_id, const char *stage) {
  struct host *host = ctx;
  bool driver = strncmp(stage, "tx_", 3) == 0 ||
                strncmp(stage, "rx_", 3) == 0 ||
                strcmp(stage, "interrupt") == 0;
  if (!host->config.timeline) {
    return;
  }
  sim_time now = host_time(host);
  timeline_add(host->config.timeline, host->config.index,
               driver ? TIMELINE_DRIVER : TIMELINE_STACK, stage, now, now,
               packet_id, NULL, 0);
}
