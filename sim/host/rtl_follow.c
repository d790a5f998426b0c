/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/rtl_follow.h"

#include <string.h>

enum {
  CHAINS = 1024, /* as many as a ring can hold */
  BURSTS = 128,  /* under way per AXI ID; the memory model takes fewer */
  AXI_IDS = 4,
  BEAT = 16,
  RING_IDX = 2,   /* offset of the index in both rings */
  RING_ENTRY = 4, /* of their first entry */
};

/* Names of AXI IDs (docs/architecture.md). */
enum { ID_TX_DATA, ID_TX_RINGS, ID_RX_RINGS, ID_WRITE };

struct piece {
  uint64_t addr;
  uint32_t len;
};

/* A packet in the transmit ring. */
struct chain {
  uint64_t id;
  uint16_t index; /* in the available ring, not reduced */
  bool published;
  struct piece entry, descriptor, table;
  struct piece pieces[VIRTIO_NET_MAX_BUFS];
  uint32_t count;
  uint32_t seq, payload;  /* TCP's, the last bytes of the data */
  uint32_t header;        /* bytes before these */
  uint32_t piece, before; /* the one being read, and the bytes before it */
  uint32_t done;          /* how far the device has read it */
};

/* A receive buffer's frame. */
struct buffer {
  uint64_t id;
  uint32_t seq, payload;
};

/* What was asked for and not yet answered, oldest first. */
struct bursts {
  struct timeline_event events[BURSTS];
  uint32_t first, last;
};

struct rtl_follow {
  struct host_port *port;
  const struct netif_virtio *virtio;
  struct host_mem *mem;
  uint64_t buffer_base;
  struct buffer buffers[4096];
  struct chain chains[CHAINS];
  uint32_t first, last; /* of the chains in flight */
  struct bursts under_way[AXI_IDS];
};

struct rtl_follow *rtl_follow_make(struct host_port *port,
                                   const struct netif_virtio *virtio,
                                   struct host_mem *mem, uint64_t buffers) {
  struct rtl_follow *follow = sim_alloc(sizeof(*follow));
  follow->port = port;
  follow->virtio = virtio;
  follow->mem = mem;
  follow->buffer_base = buffers;
  return follow;
}

static const struct virtq *queue(const struct rtl_follow *follow, int which) {
  return &follow->virtio->net.queue[which];
}

/* Does a burst of whole beats touch these bytes? */
static bool touches(const struct timeline_event *burst,
                    const struct piece *piece) {
  uint64_t begin = burst->address / BEAT * BEAT;
  return begin < piece->addr + piece->len && piece->addr < begin + burst->bytes;
}

/* --- Chains --------------------------------------------------------------- */

static struct chain *chain_at(struct rtl_follow *follow, uint32_t i) {
  return &follow->chains[i % CHAINS];
}

/* The descriptors of the chain, as the device will find them. */
static void read_chain(struct rtl_follow *follow, struct chain *chain,
                       uint16_t head) {
  const struct virtq *q = queue(follow, VIRTIO_NET_QUEUE_TX);
  const struct virtq_desc *desc = &q->desc[head];
  chain->descriptor =
      (struct piece){host_mem_bus(follow->mem, desc), sizeof(*desc)};
  if (desc->flags & VIRTQ_DESC_F_INDIRECT) {
    chain->table = (struct piece){desc->addr, desc->len};
    const struct virtq_desc *table =
        host_mem_ptr(follow->mem, desc->addr, desc->len);
    chain->count =
        ph_min_u32(desc->len / (uint32_t)sizeof(*table), VIRTIO_NET_MAX_BUFS);
    for (uint32_t i = 0; i < chain->count; i++) {
      chain->pieces[i] = (struct piece){table[i].addr, table[i].len};
    }
    return;
  }
  for (chain->count = 0; chain->count < VIRTIO_NET_MAX_BUFS;) {
    chain->pieces[chain->count++] = (struct piece){desc->addr, desc->len};
    if (!(desc->flags & VIRTQ_DESC_F_NEXT)) {
      return;
    }
    desc = &q->desc[desc->next % q->size];
  }
}

static void add_chain(struct rtl_follow *follow, struct timeline_event *event) {
  const struct virtq *q = queue(follow, VIRTIO_NET_QUEUE_TX);
  struct chain *chain = chain_at(follow, follow->last++);
  if (follow->last - follow->first > CHAINS) {
    follow->first++;
  }
  *chain = (struct chain){.id = event->packet,
                          .index = (uint16_t)(q->avail_idx - 1)};
  const uint16_t *entry =
      q->avail + RING_ENTRY / 2 + (chain->index & (q->size - 1));
  chain->entry =
      (struct piece){host_mem_bus(follow->mem, entry), sizeof(*entry)};
  read_chain(follow, chain, *entry);
  event->address = chain->entry.addr;
  event->pieces = chain->count;
  for (uint32_t i = 0; i < chain->count; i++) {
    event->bytes += chain->pieces[i].len;
  }
  chain->seq = follow->port->host->given.seq;
  chain->payload = follow->port->host->given.payload;
  chain->header = (uint32_t)event->bytes - chain->payload;
  event->seq = chain->seq;
  event->payload = chain->payload;
}

/* The driver took the packet back; the ring keeps the order. */
static void drop_chain(struct rtl_follow *follow, uint64_t id) {
  while (follow->first != follow->last) {
    if (chain_at(follow, follow->first++)->id == id) {
      return;
    }
  }
}

void rtl_follow_publish(struct rtl_follow *follow, sim_time now) {
  const struct virtq *q = queue(follow, VIRTIO_NET_QUEUE_TX);
  for (uint32_t i = follow->first; i != follow->last; i++) {
    struct chain *chain = chain_at(follow, i);
    bool visible = (uint16_t)(q->published_idx - chain->index - 1) < q->size;
    if (!chain->published && visible) {
      chain->published = true;
      host_note(follow->port->host,
                &(struct timeline_event){.name = "available",
                                         .track = TIMELINE_DRIVER,
                                         .nic = follow->port->index + 1,
                                         .begin = now,
                                         .end = now,
                                         .packet = chain->id,
                                         .address = chain->entry.addr,
                                         .seq = chain->seq,
                                         .payload = chain->payload});
    }
  }
}

void rtl_follow_describe(struct rtl_follow *follow,
                         struct timeline_event *event) {
  if (strcmp(event->name, "tx_descriptor") == 0) {
    add_chain(follow, event);
  } else if (strcmp(event->name, "tx_used") == 0) {
    drop_chain(follow, event->packet);
  } else if (strcmp(event->name, "rx_used") == 0) {
    const struct virtq *q = queue(follow, VIRTIO_NET_QUEUE_RX);
    uint16_t slot = (uint16_t)(q->used_idx - 1) & (uint16_t)(q->size - 1);
    event->address =
        host_mem_bus(follow->mem, q->used) + RING_ENTRY + 8u * slot;
  }
}

/* --- Reads ---------------------------------------------------------------- */

/* Bytes `from` to `to` of the chain's data are read: which are TCP's? */
static void name_payload(const struct chain *chain,
                         struct timeline_event *burst, uint32_t from,
                         uint32_t to) {
  from = ph_max_u32(from, chain->header);
  if (chain->payload && from < to) {
    burst->seq = chain->seq + (from - chain->header);
    burst->payload = to - from;
  }
}

/* Data are read in the order of the chains and of their pieces. */
static void name_data(struct rtl_follow *follow, struct timeline_event *burst) {
  uint64_t end = burst->address / BEAT * BEAT + burst->bytes;
  for (uint32_t i = follow->first; i != follow->last; i++) {
    struct chain *chain = chain_at(follow, i);
    if (chain->piece == chain->count) {
      continue;
    }
    const struct piece *piece = &chain->pieces[chain->piece];
    struct piece rest = {piece->addr + chain->done, piece->len - chain->done};
    if (!touches(burst, &rest)) {
      return;
    }
    uint32_t from = chain->before + chain->done;
    bool whole = end >= piece->addr + piece->len;
    chain->done = whole ? piece->len : (uint32_t)(end - piece->addr);
    burst->packet = chain->id;
    name_payload(chain, burst, from, chain->before + chain->done);
    if (whole) {
      chain->before += piece->len;
      chain->piece++;
      chain->done = 0;
    }
    return;
  }
}

/* What of the transmit ring is read, and for which packet if for one alone. */
static void name_tx_ring(struct rtl_follow *follow,
                         struct timeline_event *burst) {
  const struct virtq *q = queue(follow, VIRTIO_NET_QUEUE_TX);
  uint64_t avail = host_mem_bus(follow->mem, q->avail);
  uint64_t entries = avail + RING_ENTRY;
  uint64_t event = entries + 2u * q->size;
  burst->name = "transmit descriptor";
  if (burst->address == avail + RING_IDX) {
    burst->name = "available index";
  } else if (burst->address >= entries && burst->address < event) {
    burst->name = "available ring";
  } else if (burst->address == event) {
    burst->name = "used_event";
  }
  for (uint32_t i = follow->first; i != follow->last; i++) {
    const struct chain *chain = chain_at(follow, i);
    bool table = touches(burst, &chain->table);
    if (table || touches(burst, &chain->descriptor)) {
      burst->packet = chain->id;
      burst->seq = chain->seq;
      burst->payload = chain->payload;
      burst->name = table ? "descriptor table" : burst->name;
      return;
    }
  }
}

/* --- Writes --------------------------------------------------------------- */

static struct buffer *buffer_at(struct rtl_follow *follow, uint64_t addr,
                                uint64_t *offset) {
  const struct netif_virtio *virtio = follow->virtio;
  uint64_t size = virtio->net.config.rx_buffer_size;
  uint64_t at = (addr - follow->buffer_base) / size;
  *offset = (addr - follow->buffer_base) % size;
  return addr >= follow->buffer_base && at < virtio->pool.count
             ? &follow->buffers[at % PH_ARRAY_LEN(follow->buffers)]
             : NULL;
}

/* The frame's headers are in memory now; its end may be still to come. */
static void name_frame(struct rtl_follow *follow, struct buffer *buffer,
                       uint64_t addr) {
  size_t room = follow->virtio->net.config.rx_buffer_size - VIRTIO_NET_HDR_LEN;
  const uint8_t *frame =
      host_mem_ptr(follow->mem, addr + VIRTIO_NET_HDR_LEN, room);
  *buffer = (struct buffer){0};
  if (frame) {
    uint64_t key = frame_key(frame, room);
    buffer->id = key ? host_packet_of(follow->port, key) : 0;
    if (!frame_tcp(frame, room, &buffer->seq, &buffer->payload)) {
      buffer->payload = 0;
    }
  }
}

/* At its response: whose burst was it? */
static void name_write(struct rtl_follow *follow,
                       struct timeline_event *burst) {
  static const char *const indices[2] = {"receive used index",
                                         "transmit used index"};
  static const char *const elements[2] = {"receive used element",
                                          "transmit used element"};
  uint64_t offset;
  struct buffer *buffer = buffer_at(follow, burst->address, &offset);
  if (buffer) {
    if (offset == 0) {
      name_frame(follow, buffer, burst->address);
    }
    burst->name = "frame";
    burst->packet = buffer->id;
    burst->seq = buffer->seq;
    burst->payload = buffer->payload;
    return;
  }
  for (int i = 0; i < 2; i++) {
    const struct virtq *q = queue(follow, i);
    uint64_t used = host_mem_bus(follow->mem, q->used);
    uint64_t event = used + RING_ENTRY + 8u * q->size;
    if (burst->address >= used && burst->address <= event) {
      burst->name = burst->address == event             ? "avail_event"
                    : burst->address == used + RING_IDX ? indices[i]
                                                        : elements[i];
    }
  }
}

/* --- Events of the model -------------------------------------------------- */

static void begin_burst(struct rtl_follow *follow, sim_time time, bool write,
                        uint64_t addr, uint64_t len, unsigned id) {
  static const char *const names[AXI_IDS] = {"transmit data", "transmit rings",
                                             "receive rings", "write"};
  struct bursts *under_way = &follow->under_way[id % AXI_IDS];
  struct timeline_event *burst = &under_way->events[under_way->last++ % BURSTS];
  *burst = (struct timeline_event){
      .name = names[id % AXI_IDS],
      .track = write ? TIMELINE_DMA_WRITE : TIMELINE_DMA_READ,
      .nic = follow->port->index + 1,
      .begin = time,
      .address = addr,
      .bytes = len,
  };
  if (id == ID_TX_DATA) {
    name_data(follow, burst);
  } else if (id == ID_TX_RINGS) {
    name_tx_ring(follow, burst);
  }
}

/* Answers of one ID come in order. */
static void end_burst(struct rtl_follow *follow, sim_time time, unsigned id) {
  struct bursts *under_way = &follow->under_way[id % AXI_IDS];
  struct timeline_event *burst =
      &under_way->events[under_way->first++ % BURSTS];
  burst->end = time;
  if (id == ID_WRITE) {
    name_write(follow, burst);
  }
  host_note(follow->port->host, burst);
}

void rtl_follow_observe(struct rtl_follow *follow, uint64_t cycle,
                        enum nic_event event, uint64_t addr, uint64_t len,
                        unsigned id) {
  sim_time time = cycle * NIC_CYCLE_PS;
  switch (event) {
    case NIC_EVENT_READ:
    case NIC_EVENT_WRITE:
      begin_burst(follow, time, event == NIC_EVENT_WRITE, addr, len, id);
      break;
    case NIC_EVENT_READ_DATA:
    case NIC_EVENT_WRITE_DONE:
      end_burst(follow, time, id);
      break;
    case NIC_EVENT_IRQ:
      host_note(follow->port->host,
                &(struct timeline_event){
                    .name = len ? "interrupt rises" : "interrupt falls",
                    .track = TIMELINE_REGISTERS,
                    .nic = follow->port->index + 1,
                    .begin = time,
                    .end = time,
                });
      break;
    default:
      break; /* registers and frames are known in better words */
  }
}
