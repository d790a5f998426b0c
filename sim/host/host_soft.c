/* SPDX-License-Identifier: Apache-2.0 */
/* The soft NIC: a network device in C, straight between stack and wire. It has
 * the offloads that the run asks for, a ring on each side, an interrupt, and
 * sends at 10 Gb/s. It reads memory in no time; everything that has a cycle is
 * the RTL's.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/host/host_internal.h"
#include "sim/host/soft_lro.h"
#include "sim/host/soft_offload.h"

enum {
  RING = 256,       /* packets that wait for transmission */
  RX_RING = 1024,   /* frames that wait for the processor */
  RX_RESERVE = 256, /* receive buffers that sockets can't have */
  REAP_BATCH = 64,  /* finished packets that cause an interrupt */
  MAX_SUPER = 65535,
  BYTE_PS = 800,
  PREAMBLE = 8,
  GAP = 12,
  BUFFER_SLACK = 64,
  COPY_HEADROOM = 2,
  PACKET_MAX = 65536 + 64,
};

enum { EVENT_SENT, EVENT_ARRIVED };

/* A frame that is being sent; `packet` is freed with its last segment. */
struct soft_tx {
  struct frame *frame;
  struct pkt *packet;
  sim_time start;
};

struct soft_nic {
  struct host_port *port;
  struct netif netif;
  sim_time now;
  struct sim_heap events; /* EVENT_SENT: soft_tx; EVENT_ARRIVED: frame */
  sim_time tx_free, rx_free;
  struct frame *rx[RX_RING];
  uint32_t rx_first, rx_count;
  struct pkt *done[RING];
  uint32_t done_count, in_flight;
  bool stalled;
  uint64_t tx_frames, rx_frames, super_segments, segments;
  uint64_t csum_inserted, csum_good, csum_bad, overflows;
  uint64_t rx_bytes, fcs_errors, runts, oversize, code_errors, filtered;
  struct ph_block_pool pool;
  struct ph_block *blocks;
  uint32_t block_size;
  uint64_t coalesced; /* packets of several frames */
  struct soft_lro lro;
  uint8_t packet[PACKET_MAX];
};

static struct soft_nic *soft(const struct host_port *port) {
  return port->nic;
}

/* --- Transmit ------------------------------------------------------------- */

static void send_frame(void *ctx, uint8_t *data, size_t len) {
  struct host_port *port = ctx;
  struct soft_nic *nic = soft(port);
  size_t padded =
      len < FRAME_MIN - FRAME_FCS_LEN ? FRAME_MIN - FRAME_FCS_LEN : len;
  struct soft_tx *tx = sim_alloc(sizeof(*tx));
  tx->frame = sim_alloc(sizeof(*tx->frame) + padded + FRAME_FCS_LEN);
  tx->frame->len = (uint32_t)padded + FRAME_FCS_LEN;
  memcpy(tx->frame->data, data, len);
  frame_set_fcs(tx->frame->data, tx->frame->len);
  tx->start = sim_time_max(port->host->local, nic->tx_free);
  sim_time end = tx->start + (PREAMBLE + tx->frame->len) * BYTE_PS;
  nic->tx_free = end + GAP * BYTE_PS;
  sim_heap_push(&nic->events, end, port->host->config.index, EVENT_SENT, tx);
}

static int soft_transmit(struct netif *netif, struct pkt *pkt) {
  struct soft_nic *nic = netif->device;
  struct host_port *port = nic->port;
  if (nic->in_flight + nic->done_count >= RING) {
    nic->stalled = true;
    return -PH_EAGAIN;
  }
  if (pkt->len > PACKET_MAX) {
    return -PH_EMSGSIZE;
  }
  host_clock(port->host);
  pkt_copy(pkt, 0, nic->packet, pkt->len);
  if (pkt->gso_type == PKT_GSO_TCPV4) {
    unsigned segments =
        soft_segment(nic->packet, pkt->len, pkt->gso_size, send_frame, port);
    if (segments == 0) {
      return -PH_EINVAL;
    }
    nic->super_segments++;
    nic->segments += segments;
    nic->csum_inserted += segments;
  } else {
    if (pkt->csum == PKT_CSUM_PARTIAL) {
      soft_checksum(nic->packet, pkt->len, pkt->csum_start, pkt->csum_offset);
      nic->csum_inserted++;
    }
    send_frame(port, nic->packet, pkt->len);
  }
  /* The packet is done when its last frame is. */
  struct soft_tx *last = sim_alloc(sizeof(*last));
  last->packet = pkt;
  sim_heap_push(&nic->events, nic->tx_free - GAP * BYTE_PS,
                port->host->config.index, EVENT_SENT, last);
  nic->in_flight++;
  return 0;
}

static bool soft_can_transmit(struct netif *netif) {
  const struct soft_nic *nic = netif->device;
  return nic->in_flight + nic->done_count < RING;
}

static void sent(struct host_port *port, struct soft_tx *tx, sim_time time) {
  struct soft_nic *nic = soft(port);
  if (tx->frame) {
    nic->tx_frames++;
    host_emit(port, tx->frame->data, tx->frame->len, tx->start, time, false);
    free(tx->frame);
  }
  if (tx->packet) {
    nic->in_flight--;
    nic->done[nic->done_count++] = tx->packet;
  }
  free(tx);
}

/* --- Receive -------------------------------------------------------------- */

static void soft_receive(struct host_port *port, struct frame *frame,
                         sim_time start) {
  struct soft_nic *nic = soft(port);
  start = sim_time_max(start, nic->rx_free);
  sim_time end = start + (PREAMBLE + frame->len) * BYTE_PS;
  nic->rx_free = end + GAP * BYTE_PS;
  host_received(port, frame, start);
  sim_heap_push(&nic->events, end, port->host->config.index, EVENT_ARRIVED,
                frame);
}

static bool for_us(const struct soft_nic *nic, const struct frame *frame) {
  return frame->data[0] & 1 || memcmp(frame->data, nic->netif.mac, 6) == 0;
}

/* The MAC's reason to drop a frame, in the order of the RTL; NULL: none. */
static uint64_t *refuse(const struct host_port *port,
                        const struct frame *frame) {
  struct soft_nic *nic = soft(port);
  if (frame->marks & FRAME_ERROR) {
    return &nic->code_errors;
  }
  if (frame->len < FRAME_MIN) {
    return &nic->runts;
  }
  if (frame->len > (uint32_t)port->config.mtu + 22 &&
      !port->host->config.large) {
    return &nic->oversize;
  }
  if (!frame_fcs_good(frame->data, frame->len)) {
    return &nic->fcs_errors;
  }
  return for_us(nic, frame) ? NULL : &nic->filtered;
}

static void arrived(struct host_port *port, struct frame *frame) {
  struct soft_nic *nic = soft(port);
  uint64_t *reason = refuse(port, frame);
  if (reason) {
    ++*reason;
    free(frame);
    return;
  }
  nic->rx_frames++;
  nic->rx_bytes += frame->len;
  if (nic->rx_count == RX_RING) {
    nic->overflows++;
    free(frame);
    return;
  }
  nic->rx[(nic->rx_first + nic->rx_count++) % RX_RING] = frame;
}

static bool has_checksum(const struct frame *frame, uint32_t len) {
  uint32_t offset, ip_len;
  enum frame_kind kind = frame_kind_of(frame->data, len);
  return frame_ipv4(frame->data, len, &offset, &ip_len) &&
         kind != FRAME_KIND_ARP && kind != FRAME_KIND_ICMP &&
         kind != FRAME_KIND_OTHER;
}

/* What does not fit into the first buffer goes into further ones. */
static bool fill_frags(struct soft_nic *nic, struct pkt *pkt,
                       const uint8_t *data, uint32_t len) {
  while (len > 0) {
    struct ph_block *block = ph_block_get(&nic->pool);
    uint32_t n = len < nic->block_size ? len : nic->block_size;
    if (!block) {
      return false;
    }
    memcpy(block->data, data, n);
    bool added = pkt_add_frag(pkt, block, block->data, n);
    ph_block_put(block); /* the packet has its own reference */
    if (!added) {
      return false;
    }
    data += n;
    len -= n;
  }
  return true;
}

/* The frame as a packet, or NULL: there is no memory. */
static struct pkt *packet_of(struct soft_nic *nic, const uint8_t *data,
                             uint32_t len) {
  struct pkt *pkt = pkt_get(&nic->netif.stack->pkts, COPY_HEADROOM);
  uint32_t first = len;
  if (pkt && len > PKT_ROOM - COPY_HEADROOM) {
    struct ph_block *block = ph_block_get(&nic->pool);
    if (!block) {
      pkt_put(pkt);
      return NULL;
    }
    pkt->head = block->data + COPY_HEADROOM;
    pkt->lent = block;
    first = len < nic->block_size - COPY_HEADROOM
                ? len
                : nic->block_size - COPY_HEADROOM;
  }
  if (!pkt) {
    return NULL;
  }
  memcpy(pkt->head, data, first);
  pkt->head_len = pkt->len = first;
  if (!fill_frags(nic, pkt, data + first, len - first)) {
    pkt_put(pkt);
    return NULL;
  }
  return pkt;
}

/* `super`: a coalesced packet, of parts of `gso_size`. */
static void deliver(struct soft_nic *nic, const uint8_t *data, uint32_t len,
                    bool good, bool super, uint16_t gso_size) {
  struct ph_stack *stack = nic->netif.stack;
  struct pkt *pkt = packet_of(nic, data, len);
  if (!pkt) {
    stack->stats.NetifDrops++;
    return;
  }
  if (super) {
    pkt->gso_type = PKT_GSO_TCPV4;
    pkt->gso_size = gso_size;
  }
  pkt->netif = &nic->netif;
  pkt->id = ++stack->next_packet_id;
  pkt->csum = good ? PKT_CSUM_VERIFIED : PKT_CSUM_NONE;
  ph_stack_trace(stack, pkt->id, "rx_used");
  netif_input(&nic->netif, pkt);
}

static void deliver_frame(struct soft_nic *nic, const struct frame *frame) {
  const struct host_port *port = nic->port;
  uint32_t len = frame->len - FRAME_FCS_LEN;
  bool good = nic->netif.caps.rx_csum && soft_verify(frame->data, len);
  nic->csum_good += good;
  nic->csum_bad += nic->netif.caps.rx_csum && !good && has_checksum(frame, len);
  deliver(nic, frame->data, len, good,
          len > port->config.mtu + (uint32_t)FRAME_ETH_HEADER,
          port->host->config.coalesced_mss);
}

static struct frame *next_frame(struct soft_nic *nic) {
  return nic->rx_count ? nic->rx[nic->rx_first] : NULL;
}

static void frame_taken(struct soft_nic *nic) {
  free(nic->rx[nic->rx_first]);
  nic->rx_first = (nic->rx_first + 1) % RX_RING;
  nic->rx_count--;
}

/* What waits and belongs together goes up as one packet. False: the first
 * frame is alone. */
static bool deliver_coalesced(struct soft_nic *nic) {
  struct soft_lro *lro = &nic->lro;
  const struct frame *first = next_frame(nic);
  if (!nic->port->host->config.lro || nic->rx_count < 2 ||
      !soft_lro_begin(lro, first)) {
    return false;
  }
  const struct frame *second = nic->rx[(nic->rx_first + 1) % RX_RING];
  if (!soft_lro_add(lro, second)) {
    return false;
  }
  frame_taken(nic);
  frame_taken(nic);
  while (next_frame(nic) && soft_lro_add(lro, next_frame(nic))) {
    frame_taken(nic);
  }
  soft_lro_end(lro);
  nic->csum_good += lro->segments;
  nic->coalesced++;
  deliver(nic, lro->data, lro->len, true, true, lro->gso_size);
  return true;
}

/* --- Poll and interrupt --------------------------------------------------- */

static void soft_poll(struct netif *netif) {
  struct soft_nic *nic = netif->device;
  while (nic->done_count) {
    pkt_put(nic->done[--nic->done_count]);
  }
  while (nic->rx_count) {
    if (!deliver_coalesced(nic)) {
      deliver_frame(nic, next_frame(nic));
      frame_taken(nic);
    }
  }
  if (nic->stalled && soft_can_transmit(netif)) {
    nic->stalled = false;
    netif_writable(netif);
  }
}

static bool soft_irq(const struct host_port *port) {
  const struct soft_nic *nic = soft(port);
  bool reap = nic->done_count >= REAP_BATCH ||
              (nic->done_count && (nic->stalled || nic->in_flight == 0));
  return nic->rx_count || reap;
}

static bool soft_interrupt(struct host_port *port) {
  const uint32_t waiting = soft(port)->rx_count;
  host_event(port->host, port->host->local, EVENT_CHANNEL_INTERRUPT, &waiting,
             sizeof(waiting));
  host_trace(port->host, 0, "interrupt");
  return true;
}

/* --- Time ----------------------------------------------------------------- */

static sim_time soft_time(const struct host_port *port) {
  return soft(port)->now;
}

static sim_time soft_next(const struct host_port *port) {
  return sim_heap_next(&soft(port)->events);
}

static void soft_run(struct host_port *port, sim_time until, bool stop_on_irq) {
  struct soft_nic *nic = soft(port);
  struct sim_event event;
  while (sim_heap_next(&nic->events) < until &&
         sim_heap_pop(&nic->events, &event)) {
    nic->now = sim_time_max(nic->now, event.time);
    if (event.source == EVENT_SENT) {
      sent(port, event.payload, event.time);
    } else {
      arrived(port, event.payload);
    }
    if (stop_on_irq && soft_irq(port)) {
      return;
    }
  }
  nic->now = until;
}

/* --- Making --------------------------------------------------------------- */

static const struct netif_ops ops = {
    .transmit = soft_transmit,
    .poll = soft_poll,
    .can_transmit = soft_can_transmit,
};

static uint32_t buffer_size(const struct host_port *port) {
  /* 64 KiB in as many pieces as a packet has. */
  uint32_t least = port->host->config.large || port->host->config.lro
                       ? 4096
                       : port->config.mtu;
  return (least + BUFFER_SLACK + 2047) / 2048 * 2048;
}

static size_t soft_device_bytes(const struct host_port *port) {
  return (size_t)RX_RING * buffer_size(port);
}

static uint8_t *soft_memory(struct host_port *port, size_t size) {
  void *memory;
  struct soft_nic *nic = sim_alloc(sizeof(*nic));
  sim_heap_init(&nic->events);
  nic->port = port;
  port->nic = nic;
  if (port->index > 0) {
    return port->host->memory;
  }
  if (posix_memalign(&memory, 4096, size) != 0) {
    sim_fatal("no memory for a host's buffers");
  }
  memset(memory, 0, size);
  return memory;
}

static void soft_start(struct host_port *port) {
  struct soft_nic *nic = soft(port);
  enum host_offload offload = port->host->config.offload;
  nic->block_size = buffer_size(port);
  nic->blocks = sim_alloc(RX_RING * sizeof(*nic->blocks));
  ph_block_pool_init(&nic->pool, nic->blocks,
                     port->host->memory + port->device_offset, RX_RING,
                     nic->block_size);
  ph_block_pool_reserve(&nic->pool, RX_RESERVE);
  nic->netif = (struct netif){
      .name = host_port_name(port),
      .ops = &ops,
      .device = nic,
      .up = true,
      .caps =
          {
              .tx_csum = offload != HOST_OFFLOAD_NONE,
              .tso4 = offload == HOST_OFFLOAD_ALL,
              .rx_csum = offload != HOST_OFFLOAD_NONE,
              .lro = port->host->config.large || port->host->config.lro,
              .max_super = offload == HOST_OFFLOAD_ALL ? MAX_SUPER : 0,
              .mtu = port->config.mtu,
          },
  };
  memcpy(nic->netif.mac, port->config.mac, 6);
  port->netif = &nic->netif;
  if (netif_add(&port->host->stack, &nic->netif)) {
    sim_fatal("host %s: the interface can't be attached",
              port->host->config.name);
  }
}

static bool soft_check(struct host_port *port, const char **why) {
  (void)port;
  *why = NULL;
  return true;
}

static void soft_report(const struct host_port *port,
                        struct host_report *report) {
  const struct soft_nic *nic = soft(port);
  report->nic_tx_frames += nic->tx_frames;
  report->nic_rx_frames += nic->rx_frames;
  report->nic_super_segments += nic->super_segments;
  report->nic_segments += nic->segments;
  report->nic_csum_inserted += nic->csum_inserted;
  report->nic_csum_good += nic->csum_good;
  report->nic_csum_bad += nic->csum_bad;
  report->nic_rx_bytes += nic->rx_bytes;
  report->nic_fcs_errors += nic->fcs_errors;
  report->nic_runts += nic->runts;
  report->nic_oversize += nic->oversize;
  report->nic_code_errors += nic->code_errors;
  report->nic_bad_frames +=
      nic->fcs_errors + nic->runts + nic->oversize + nic->code_errors;
  report->nic_filtered += nic->filtered;
  report->nic_overflows += nic->overflows;
  report->nic_coalesced += nic->coalesced;
}

static uint64_t soft_hash(const struct host_port *port) {
  (void)port;
  return 0;
}

static void soft_destroy(struct host_port *port) {
  struct soft_nic *nic = soft(port);
  struct sim_event event;
  while (sim_heap_pop(&nic->events, &event)) {
    if (event.source == EVENT_SENT) {
      free(((struct soft_tx *)event.payload)->frame);
    }
    free(event.payload);
  }
  sim_heap_destroy(&nic->events);
  while (nic->rx_count) {
    frame_taken(nic);
  }
  free(nic->blocks);
  free(nic);
  if (port->index == 0) {
    free(port->host->memory);
  }
}

const struct host_nic_ops host_soft_ops = {
    .grain = 1,
    .device_bytes = soft_device_bytes,
    .memory = soft_memory,
    .start = soft_start,
    .time = soft_time,
    .next = soft_next,
    .run = soft_run,
    .irq = soft_irq,
    .interrupt = soft_interrupt,
    .receive = soft_receive,
    .check = soft_check,
    .report = soft_report,
    .hash = soft_hash,
    .destroy = soft_destroy,
};
