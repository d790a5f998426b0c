/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/virtio_net.h"

/* Offsets in the configuration space (Virtio 1.2 5.1.4). */
enum {
  CONFIG_MAC = 0,
  CONFIG_STATUS = 6,
  CONFIG_MTU = 10,
  CONFIG_SPEED = 12,
  STATUS_LINK_UP = 1,
  MTU_MIN = 68,
  FRAME_OVERHEAD = 18, /* Ethernet header and one tag; the FCS stays behind */
};

static uint64_t known_features(void) {
  return virtio_bit(VIRTIO_F_VERSION_1) | virtio_bit(VIRTIO_F_ACCESS_PLATFORM) |
         virtio_bit(VIRTIO_F_ORDER_PLATFORM) |
         virtio_bit(VIRTIO_F_INDIRECT_DESC) | virtio_bit(VIRTIO_F_EVENT_IDX) |
         virtio_bit(VIRTIO_NET_F_CSUM) | virtio_bit(VIRTIO_NET_F_GUEST_CSUM) |
         virtio_bit(VIRTIO_NET_F_HOST_TSO4) |
         virtio_bit(VIRTIO_NET_F_HOST_ECN) | virtio_bit(VIRTIO_NET_F_HOST_USO) |
         virtio_bit(VIRTIO_NET_F_MTU) | virtio_bit(VIRTIO_NET_F_MAC) |
         virtio_bit(VIRTIO_NET_F_STATUS) |
         virtio_bit(VIRTIO_NET_F_SPEED_DUPLEX);
}

static bool has(const struct virtio_net *net, unsigned feature) {
  return (net->features & virtio_bit(feature)) != 0;
}

static size_t align_up(size_t n) {
  return (n + VIRTIO_NET_MEMORY_ALIGN - 1) / VIRTIO_NET_MEMORY_ALIGN *
         VIRTIO_NET_MEMORY_ALIGN;
}

static bool valid_size(uint16_t size) {
  return size >= 2 && size <= VIRTQ_SIZE_MAX && (size & (size - 1)) == 0;
}

/* --- Memory --------------------------------------------------------------- */

static size_t rx_ring_bytes(const struct virtio_net_config *config) {
  return align_up(virtq_ring_bytes(config->rx_size, 0));
}
static size_t tx_ring_bytes(const struct virtio_net_config *config) {
  return align_up(virtq_ring_bytes(config->tx_size, VIRTIO_NET_MAX_BUFS));
}

void virtio_net_memory(const struct virtio_net_config *config,
                       struct virtio_net_memory *need) {
  size_t slots =
      config->header_slots ? (size_t)config->tx_size * VIRTIO_NET_SLOT : 0;
  need->device_bytes = rx_ring_bytes(config) + tx_ring_bytes(config) + slots;
  need->state_bytes = align_up(virtq_state_bytes(config->rx_size)) +
                      align_up(virtq_state_bytes(config->tx_size));
}

int virtio_net_init(struct virtio_net *net,
                    const struct virtio_platform *platform,
                    const struct virtio_net_config *config, void *device,
                    void *state) {
  if (!valid_size(config->rx_size) || !valid_size(config->tx_size) ||
      config->rx_buffer_size < VIRTIO_NET_HDR_LEN + 1) {
    return -VIRTIO_EINVAL;
  }
  if (!device || (uintptr_t)device % VIRTIO_NET_MEMORY_ALIGN || !state ||
      (uintptr_t)state % VIRTIO_NET_MEMORY_ALIGN) {
    return -VIRTIO_ENOMEM;
  }
  *net = (struct virtio_net){.config = *config};
  uint8_t *bytes = device;
  net->rings[VIRTIO_NET_QUEUE_RX] = bytes;
  net->rings[VIRTIO_NET_QUEUE_TX] = bytes + rx_ring_bytes(config);
  if (config->header_slots) {
    net->slots = bytes + rx_ring_bytes(config) + tx_ring_bytes(config);
  }
  bytes = state;
  net->states[VIRTIO_NET_QUEUE_RX] = bytes;
  net->states[VIRTIO_NET_QUEUE_TX] =
      bytes + align_up(virtq_state_bytes(config->rx_size));
  return virtio_mmio_probe(&net->mmio, platform, VIRTIO_NET_DEVICE_ID);
}

/* --- Start and stop ------------------------------------------------------- */

/* One little-endian field of 2 bytes. */
static int config16(struct virtio_net *net, uint32_t offset, uint16_t *value) {
  int error = virtio_mmio_config(&net->mmio, offset, value, sizeof *value);
  *value = virtio_le16(*value);
  return error;
}

/* What to accept of `offered`. Reading the configuration before FEATURES_OK is
 * allowed for exactly this (3.1.1 step 4). */
static int choose_features(struct virtio_net *net, uint64_t offered) {
  net->features = offered & net->config.features & known_features();
  if (!has(net, VIRTIO_F_VERSION_1)) {
    return -VIRTIO_ENODEV;
  }
  /* 5.1.3.1: HOST_TSO4 and HOST_USO require CSUM, HOST_ECN requires HOST_TSO4.
   */
  if (!has(net, VIRTIO_NET_F_CSUM)) {
    net->features &= ~(virtio_bit(VIRTIO_NET_F_HOST_TSO4) |
                       virtio_bit(VIRTIO_NET_F_HOST_USO));
  }
  if (!has(net, VIRTIO_NET_F_HOST_TSO4)) {
    net->features &= ~virtio_bit(VIRTIO_NET_F_HOST_ECN);
  }
  if (has(net, VIRTIO_NET_F_MTU)) {
    int error = config16(net, CONFIG_MTU, &net->mtu);
    if (error) {
      return error;
    }
    /* 5.1.4.2: whoever accepts an MTU receives packets of that size. Less than
     * IP's minimum is no MTU (5.1.4.1, RFC 791 3.2). */
    if (net->mtu < MTU_MIN ||
        net->config.rx_buffer_size <
            (uint32_t)net->mtu + FRAME_OVERHEAD + VIRTIO_NET_HDR_LEN) {
      net->features &= ~virtio_bit(VIRTIO_NET_F_MTU);
      net->mtu = 0;
    }
  }
  return 0;
}

static int read_link(struct virtio_net *net) {
  net->link_up = true;
  if (has(net, VIRTIO_NET_F_STATUS)) {
    uint16_t status = 0;
    int error = config16(net, CONFIG_STATUS, &status);
    net->link_up = !error && (status & STATUS_LINK_UP) != 0;
    return error;
  }
  return 0;
}

static int read_config(struct virtio_net *net) {
  int error = 0;
  net->has_mac = has(net, VIRTIO_NET_F_MAC);
  if (net->has_mac) {
    error =
        virtio_mmio_config(&net->mmio, CONFIG_MAC, net->mac, sizeof net->mac);
  }
  net->speed = UINT32_MAX;
  if (!error && has(net, VIRTIO_NET_F_SPEED_DUPLEX)) {
    error = virtio_mmio_config(&net->mmio, CONFIG_SPEED, &net->speed,
                               sizeof net->speed);
    net->speed = virtio_le32(net->speed);
  }
  return error ? error : read_link(net);
}

/* The largest power of two that both sides can do. */
static uint16_t queue_size(struct virtio_net *net, uint32_t index,
                           uint16_t wanted) {
  uint32_t max = virtio_mmio_queue_size_max(&net->mmio, index);
  while (wanted > max) {
    wanted /= 2;
  }
  return wanted;
}

static int setup_queue(struct virtio_net *net, uint32_t index) {
  bool tx = index == VIRTIO_NET_QUEUE_TX;
  uint16_t wanted = tx ? net->config.tx_size : net->config.rx_size;
  uint16_t size = queue_size(net, index, wanted);
  uint16_t tables = 0;
  if (tx && has(net, VIRTIO_F_INDIRECT_DESC)) {
    /* 2.7.5.3.1: no chain is longer than the ring. */
    tables = size < VIRTIO_NET_MAX_BUFS ? size : VIRTIO_NET_MAX_BUFS;
  }
  const struct virtq_config config = {
      .platform = net->mmio.platform,
      .size = size,
      .indirect_max = tables,
      .event_idx = has(net, VIRTIO_F_EVENT_IDX),
      .ring = net->rings[index],
      .state = net->states[index],
  };
  if (size < 2) {
    return -VIRTIO_ENODEV;
  }
  int error = virtq_init(&net->queue[index], &config);
  return error ? error
               : virtio_mmio_queue_setup(&net->mmio, index, &net->queue[index]);
}

static int handshake(struct virtio_net *net) {
  int error = choose_features(net, virtio_mmio_begin(&net->mmio));
  if (!error) {
    error = virtio_mmio_accept(&net->mmio, net->features);
  }
  if (!error) {
    error = read_config(net);
  }
  if (!error) {
    error = setup_queue(net, VIRTIO_NET_QUEUE_RX);
  }
  if (!error) {
    error = setup_queue(net, VIRTIO_NET_QUEUE_TX);
  }
  return error;
}

/* Chains that virtio_net_reclaim() would still return. */
static bool holds_chains(const struct virtq *q) {
  return q->slots && virtq_free(q) != q->size;
}

int virtio_net_start(struct virtio_net *net) {
  if (net->running || holds_chains(&net->queue[VIRTIO_NET_QUEUE_RX]) ||
      holds_chains(&net->queue[VIRTIO_NET_QUEUE_TX])) {
    return -VIRTIO_EINVAL;
  }
  net->mtu = 0;
  int error = virtio_mmio_reset(&net->mmio);
  if (error) {
    return error;
  }
  error = handshake(net);
  if (error) {
    virtio_mmio_fail(&net->mmio);
    return error;
  }
  virtio_mmio_start(&net->mmio);
  net->broken = NULL;
  net->running = true;
  return 0;
}

int virtio_net_stop(struct virtio_net *net) {
  int error = virtio_mmio_reset(&net->mmio);
  if (error) {
    net->broken = "reset was not confirmed";
    return error;
  }
  net->running = false;
  net->link_up = false;
  net->stats.resets++;
  return 0;
}

bool virtio_net_reclaim(struct virtio_net *net, int queue, void **cookie) {
  return !net->running && net->queue[queue].slots &&
         virtq_detach(&net->queue[queue], cookie);
}

/* Why a call is refused, or 0. */
static int usable(struct virtio_net *net, const struct virtq *q) {
  if (q->broken && !net->broken) {
    net->broken = q->broken;
  }
  return net->running && !net->broken ? 0 : -VIRTIO_EIO;
}

/* --- Transmit ------------------------------------------------------------- */

static void put_le16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
}

/* struct virtio_net_hdr of a frame (5.1.6.2). */
static void write_header(uint8_t *hdr, const struct virtio_net_frame *frame) {
  hdr[0] = frame->needs_csum ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0;
  hdr[1] = frame->gso_type;
  bool gso = frame->gso_type != VIRTIO_NET_HDR_GSO_NONE;
  put_le16(hdr + 2, gso ? frame->hdr_len : 0);
  put_le16(hdr + 4, gso ? frame->gso_size : 0);
  put_le16(hdr + 6, frame->needs_csum ? frame->csum_start : 0);
  put_le16(hdr + 8, frame->needs_csum ? frame->csum_offset : 0);
  put_le16(hdr + 10, 0); /* num_buffers: receive only (5.1.6.2.1) */
}

/* Header and head as one buffer, or two if the head does not fit into a slot.
 * Returns how many. */
static uint16_t place_head(struct virtio_net *net,
                           const struct virtio_net_frame *frame,
                           struct virtq_buf *bufs) {
  uint8_t *hdr = frame->head - VIRTIO_NET_HDR_LEN;
  uint32_t in_place = frame->head_len;
  if (!frame->headroom) {
    uint16_t slot = virtq_next_head(&net->queue[VIRTIO_NET_QUEUE_TX]);
    hdr = net->slots + (size_t)slot * VIRTIO_NET_SLOT;
    if (in_place <= VIRTIO_NET_SLOT - VIRTIO_NET_HDR_LEN) {
      memcpy(hdr + VIRTIO_NET_HDR_LEN, frame->head, in_place);
    } else {
      in_place = 0;
    }
  }
  write_header(hdr, frame);
  bufs[0] = (struct virtq_buf){hdr, VIRTIO_NET_HDR_LEN + in_place};
  if (in_place) {
    return 1;
  }
  bufs[1] = (struct virtq_buf){frame->head, frame->head_len};
  return 2;
}

/* 5.1.6.2.1: what was negotiated, the ECN bit only with HOST_ECN. */
static bool gso_type_valid(const struct virtio_net *net, uint8_t type) {
  switch (type) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
      return has(net, VIRTIO_NET_F_HOST_TSO4);
    case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
      return has(net, VIRTIO_NET_F_HOST_ECN);
    case VIRTIO_NET_HDR_GSO_UDP_L4:
      return has(net, VIRTIO_NET_F_HOST_USO);
    default:
      return false;
  }
}

static bool frame_valid(const struct virtio_net *net,
                        const struct virtio_net_frame *frame) {
  bool gso = frame->gso_type != VIRTIO_NET_HDR_GSO_NONE;
  return frame->head_len > 0 && (frame->headroom || net->slots) &&
         frame->frag_count <= VIRTIO_NET_MAX_FRAGS &&
         (!frame->needs_csum || has(net, VIRTIO_NET_F_CSUM)) &&
         (!gso || (frame->needs_csum && gso_type_valid(net, frame->gso_type) &&
                   frame->gso_size > 0));
}

int virtio_net_transmit(struct virtio_net *net,
                        const struct virtio_net_frame *frame) {
  struct virtq *q = &net->queue[VIRTIO_NET_QUEUE_TX];
  int error = usable(net, q);
  if (error) {
    return error;
  }
  if (!frame_valid(net, frame)) {
    return -VIRTIO_EINVAL;
  }
  /* Before a slot is written: with no free descriptor there is no slot. */
  if (virtq_free(q) == 0) {
    net->stats.tx_full++;
    return -VIRTIO_EAGAIN;
  }
  struct virtq_buf bufs[VIRTIO_NET_MAX_BUFS];
  uint16_t count = place_head(net, frame, bufs);
  uint64_t bytes = frame->head_len;
  for (uint16_t i = 0; i < frame->frag_count; i++) {
    bufs[count++] = frame->frags[i];
    bytes += frame->frags[i].len;
  }
  error = virtq_add(q, bufs, count, 0, frame->cookie);
  if (error) {
    net->stats.tx_full += error == -VIRTIO_EAGAIN;
    return error;
  }
  net->stats.tx_frames++;
  net->stats.tx_bytes += bytes;
  return 0;
}

int virtio_net_reap(struct virtio_net *net, void **cookie) {
  struct virtq *q = &net->queue[VIRTIO_NET_QUEUE_TX];
  int error = usable(net, q);
  if (error) {
    return error;
  }
  struct virtq_used used;
  int taken = virtq_get_used(q, &used);
  if (taken > 0) {
    *cookie = used.cookie;
  } else if (taken < 0) {
    net->broken = q->broken;
  }
  return taken;
}

uint16_t virtio_net_max_frags(const struct virtio_net *net) {
  uint16_t size = net->queue[VIRTIO_NET_QUEUE_TX].size;
  uint16_t max = size > 2 ? (uint16_t)(size - 2) : 0;
  return max < VIRTIO_NET_MAX_FRAGS ? max : VIRTIO_NET_MAX_FRAGS;
}

bool virtio_net_can_transmit(const struct virtio_net *net) {
  const struct virtq *q = &net->queue[VIRTIO_NET_QUEUE_TX];
  uint16_t need = (uint16_t)(2 + virtio_net_max_frags(net));
  if (need <= q->indirect_max) {
    need = 1;
  }
  return net->running && !net->broken && !q->broken && virtq_free(q) >= need;
}

/* --- Receive -------------------------------------------------------------- */

int virtio_net_post(struct virtio_net *net, void *buffer, void *cookie) {
  struct virtq *q = &net->queue[VIRTIO_NET_QUEUE_RX];
  int error = usable(net, q);
  if (error) {
    return error;
  }
  const struct virtq_buf buf = {buffer, net->config.rx_buffer_size};
  return virtq_add(q, &buf, 0, 1, cookie);
}

/* Judge the header of a received frame (5.1.6.4). num_buffers is not looked at:
 * without MRG_RXBUF it says nothing, and devices write 0 as well as 1. */
static void read_header(const struct virtio_net *net, const uint8_t *hdr,
                        struct virtio_net_received *received) {
  uint8_t flags = hdr[0];
  uint32_t csum_start = (uint32_t)hdr[6] | (uint32_t)hdr[7] << 8;
  uint32_t csum_offset = (uint32_t)hdr[8] | (uint32_t)hdr[9] << 8;
  /* No GUEST_TSO was negotiated, so nothing may be coalesced. */
  received->bad = hdr[1] != VIRTIO_NET_HDR_GSO_NONE || received->len == 0;
  received->csum_valid = received->csum_partial = false;
  if (!has(net, VIRTIO_NET_F_GUEST_CSUM)) {
    return;
  }
  if (flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
    /* A frame that never left the machine: its sum is incomplete, its data are
     * good. Protects whoever completes the sum from writing beyond the frame.
     */
    received->bad |= csum_start + csum_offset + 2 > received->len;
    received->csum_valid = received->csum_partial = true;
    received->csum_start = (uint16_t)csum_start;
    received->csum_offset = (uint16_t)csum_offset;
  }
  if (flags & VIRTIO_NET_HDR_F_DATA_VALID) {
    received->csum_valid = true;
  }
}

int virtio_net_harvest(struct virtio_net *net,
                       const uint8_t *(*buffer_of)(void *cookie),
                       struct virtio_net_received *received) {
  struct virtq *q = &net->queue[VIRTIO_NET_QUEUE_RX];
  const struct virtio_platform *platform = net->mmio.platform;
  int error = usable(net, q);
  if (error) {
    return error;
  }
  struct virtq_used used;
  int taken = virtq_get_used(q, &used);
  if (taken <= 0) {
    net->broken = q->broken;
    return taken;
  }
  received->cookie = used.cookie;
  const uint8_t *buffer = buffer_of(used.cookie);
  if (platform->sync_for_cpu) {
    platform->sync_for_cpu(platform->ctx, buffer, net->config.rx_buffer_size);
  }
  received->bad = true;
  received->len = 0;
  received->csum_valid = received->csum_partial = false;
  /* Protects against reading a header that was not written. The buffer is the
   * caller's again; the next call says that the device is broken. */
  if (used.len < VIRTIO_NET_HDR_LEN) {
    net->broken = q->broken = "used length is shorter than the header";
    return 1;
  }
  received->len = used.len - VIRTIO_NET_HDR_LEN;
  read_header(net, buffer, received);
  net->stats.rx_frames++;
  net->stats.rx_bytes += received->len;
  net->stats.rx_bad_header += received->bad;
  return 1;
}

/* --- Notifications -------------------------------------------------------- */

void virtio_net_kick(struct virtio_net *net) {
  if (!net->running || net->broken) {
    return;
  }
  if (virtq_publish(&net->queue[VIRTIO_NET_QUEUE_RX])) {
    net->stats.rx_notifications++;
    virtio_mmio_notify(&net->mmio, VIRTIO_NET_QUEUE_RX);
  }
  if (virtq_publish(&net->queue[VIRTIO_NET_QUEUE_TX])) {
    net->stats.tx_notifications++;
    virtio_mmio_notify(&net->mmio, VIRTIO_NET_QUEUE_TX);
  }
}

uint32_t virtio_net_interrupt(struct virtio_net *net) {
  if (!net->running) {
    return 0;
  }
  uint32_t pending = virtio_mmio_interrupt(&net->mmio);
  net->stats.interrupts += pending != 0;
  if (pending & VIRTIO_INTERRUPT_CONFIG) {
    if (virtio_mmio_needs_reset(&net->mmio)) {
      net->broken = "the device asks for a reset";
    } else if (read_link(net)) {
      net->broken = "the configuration never settles";
    }
  }
  return pending;
}

void virtio_net_interrupts_off(struct virtio_net *net) {
  if (net->running) {
    virtq_interrupts_off(&net->queue[VIRTIO_NET_QUEUE_RX]);
    virtq_interrupts_off(&net->queue[VIRTIO_NET_QUEUE_TX]);
  }
}

bool virtio_net_interrupts_on(struct virtio_net *net, uint16_t tx_after) {
  if (!net->running || net->broken) {
    return false;
  }
  bool rx = virtq_interrupts_on(&net->queue[VIRTIO_NET_QUEUE_RX], 0);
  bool tx = virtq_interrupts_on(&net->queue[VIRTIO_NET_QUEUE_TX], tx_after);
  return rx || tx;
}
