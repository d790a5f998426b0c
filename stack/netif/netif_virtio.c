/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/netif/netif_virtio.h"

#include "stack/base/assert.h"
#include "stack/base/errno.h"
#include "stack/wire/eth_wire.h"

enum {
  DEFAULT_RING = 256,
  DEFAULT_MTU = 1500,
  FRAME_OVERHEAD = 18, /* Ethernet header and one tag */
  BLOCK_UNIT = 2048,   /* receive buffers are a multiple of it */
  MAX_SUPER = 65535,   /* longest frame that is cut */
  POLL_BUDGET = 64,    /* received frames per round ... */
  POLL_ROUNDS = 4,     /* ... and rounds per poll: timers get their turn */
  KICK_BATCH = 16,     /* receive buffers returned per notification */
  COPY_HEADROOM = 2,   /* aligns the IP header of a copied frame */
};

_Static_assert((int)PKT_GSO_TCPV4 == (int)VIRTIO_NET_HDR_GSO_TCPV4 &&
                   (int)PKT_GSO_UDP == (int)VIRTIO_NET_HDR_GSO_UDP_L4 &&
                   (int)PKT_GSO_ECN == (int)VIRTIO_NET_HDR_GSO_ECN,
               "gso_type is passed on");
_Static_assert((int)PKT_MAX_FRAGS <= (int)VIRTIO_NET_MAX_FRAGS,
               "every packet is one frame");
_Static_assert((int)PH_EIO == (int)VIRTIO_EIO &&
                   (int)PH_EAGAIN == (int)VIRTIO_EAGAIN &&
                   (int)PH_ENOMEM == (int)VIRTIO_ENOMEM &&
                   (int)PH_EFAULT == (int)VIRTIO_EFAULT &&
                   (int)PH_ENODEV == (int)VIRTIO_ENODEV &&
                   (int)PH_EINVAL == (int)VIRTIO_EINVAL,
               "error numbers are passed on");

/* --- Memory --------------------------------------------------------------- */

/* A configuration without gaps, and what follows from it. */
struct plan {
  struct netif_virtio_config config;
  struct virtio_net_config driver;
  struct virtio_net_memory memory;
  size_t block_bytes; /* of all receive buffers */
};

static PH_APART_IF_SMALL void make_plan(
    struct plan *plan, const struct netif_virtio_config *config) {
  struct netif_virtio_config *full = &plan->config;
  *full = *config;
  full->features = full->features ? full->features : UINT64_MAX;
  full->tx_size = full->tx_size ? full->tx_size : DEFAULT_RING;
  full->rx_size = full->rx_size ? full->rx_size : DEFAULT_RING;
  full->mtu = full->mtu ? full->mtu : DEFAULT_MTU;
  full->rx_blocks = full->rx_blocks ? full->rx_blocks : 4u * full->rx_size;
  uint32_t bytes = (uint32_t)full->mtu + FRAME_OVERHEAD + VIRTIO_NET_HDR_LEN;
  uint32_t size = (bytes + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT;
  plan->driver = (struct virtio_net_config){
      .features = full->features,
      .rx_size = full->rx_size,
      .tx_size = full->tx_size,
      .rx_buffer_size = size,
      .header_slots = true, /* for packets without headroom */
  };
  plan->block_bytes = (size_t)full->rx_blocks * size;
  virtio_net_memory(&plan->driver, &plan->memory);
}

void netif_virtio_memory(const struct netif_virtio_config *config,
                         struct netif_virtio_memory *need) {
  struct plan plan;
  make_plan(&plan, config);
  need->device_bytes = plan.block_bytes + plan.memory.device_bytes;
  /* Two allocations of the arena, each rounded up to 64. */
  need->arena_bytes = plan.memory.state_bytes +
                      plan.config.rx_blocks * sizeof(struct ph_block) + 128;
}

/* --- Receive buffers ------------------------------------------------------ */

/* Give the block to the ring; the device then holds its one reference. False if
 * the ring has no room or the device is not to be trusted. */
static bool post_block(struct netif_virtio *virtio, struct ph_block *block) {
  if (virtio_net_post(&virtio->net, block->data, block)) {
    return false;
  }
  block->refs = 1;
  return true;
}

static void fill_ring(struct netif_virtio *virtio) {
  struct ph_block_pool *pool = &virtio->pool;
  while (pool->free) {
    struct ph_block *block = pool->free;
    struct ph_block *next = block->next;
    if (!post_block(virtio, block)) {
      return;
    }
    /* It leaves the free list, and stays available: see the header. */
    pool->free = next;
    block->next = NULL;
  }
}

/* ph_block_pool.released: the last holder is gone. Outside a poll, buffers are
 * returned in batches, unless the device runs low. */
static void block_released(struct ph_block_pool *pool, struct ph_block *block) {
  struct netif_virtio *virtio = pool->owner;
  const struct virtio_net *net = &virtio->net;
  ph_block_recycle(block);
  if (!net->running || virtio->polling) {
    return; /* the end of the poll fills the ring */
  }
  if (virtio_net_rx_room(net) >= KICK_BATCH ||
      virtio_net_rx_in_flight(net) == 0) {
    fill_ring(virtio);
    virtio_net_kick(&virtio->net);
  }
}

/* The device gave `block` back: it has an owner now. */
static void block_taken(struct ph_block_pool *pool) {
  pool->available--;
  pool->low_water = ph_min_u32(pool->low_water, pool->available);
}

/* --- Receive -------------------------------------------------------------- */

static const uint8_t *buffer_of(void *cookie) {
  return ((const struct ph_block *)cookie)->data;
}

static PH_APART_IF_SMALL void receive_frame(
    struct netif_virtio *virtio, const struct virtio_net_received *received) {
  struct ph_stack *stack = virtio->netif.stack;
  struct ph_block *block = received->cookie;
  const uint8_t *frame = block->data + VIRTIO_NET_HDR_LEN;
  block_taken(&virtio->pool);
  struct pkt *pkt = received->bad ? NULL : pkt_get(&stack->pkts, COPY_HEADROOM);
  if (!pkt) {
    if (!received->bad) {
      stack->stats.PktExhausted++;
      virtio->rx_dropped++;
    }
    stack->stats.NetifDrops++;
    ph_block_put(block);
    return;
  }
  pkt->netif = &virtio->netif;
  pkt->id = ++stack->next_packet_id;
  pkt->csum = received->csum_valid ? PKT_CSUM_VERIFIED : PKT_CSUM_NONE;
  if (received->csum_partial && received->csum_start >= ETH_HDR_LEN) {
    pkt->csum = PKT_CSUM_PARTIAL; /* for who sends it on */
    pkt->csum_start = received->csum_start;
    pkt->csum_offset = received->csum_offset;
  }
  pkt->head_len = pkt->len = received->len;
  if (received->len <= PKT_ROOM - COPY_HEADROOM) {
    memcpy(pkt->head, frame, received->len);
    ph_block_put(block);
  } else {
    pkt->head = block->data + VIRTIO_NET_HDR_LEN;
    pkt->lent = block;
  }
  ph_stack_trace(stack, pkt->id, "rx_used");
  netif_input(&virtio->netif, pkt);
}

/* True if the budget ended it. */
static bool receive(struct netif_virtio *virtio) {
  struct virtio_net_received received;
  for (uint32_t n = 0; n < POLL_BUDGET; n++) {
    if (virtio_net_harvest(&virtio->net, buffer_of, &received) <= 0) {
      return false;
    }
    receive_frame(virtio, &received);
    if (n % KICK_BATCH == KICK_BATCH - 1) {
      fill_ring(virtio);
      virtio_net_kick(&virtio->net);
    }
  }
  return true;
}

/* --- Transmit ------------------------------------------------------------- */

/* Bytes in front of `head` that are the packet's own. */
static bool has_headroom(const struct pkt *pkt) {
  const uint8_t *floor = pkt->lent ? pkt->lent->data : pkt->room;
  return (size_t)(pkt->head - floor) >= VIRTIO_NET_HDR_LEN;
}

static int virtio_transmit(struct netif *netif, struct pkt *pkt) {
  struct netif_virtio *virtio = netif->device;
  struct virtq_buf frags[PKT_MAX_FRAGS];
  for (uint8_t i = 0; i < pkt->nfrags; i++) {
    frags[i] = (struct virtq_buf){pkt->frags[i].data, pkt->frags[i].len};
  }
  const struct virtio_net_frame frame = {
      .head = pkt->head,
      .head_len = pkt->head_len,
      .headroom = has_headroom(pkt),
      .frags = frags,
      .frag_count = pkt->nfrags,
      .needs_csum = pkt->csum == PKT_CSUM_PARTIAL,
      .csum_start = pkt->csum_start,
      .csum_offset = pkt->csum_offset,
      .gso_type = pkt->gso_type,
      .gso_size = pkt->gso_size,
      .hdr_len = (uint16_t)pkt->head_len,
      .cookie = pkt,
  };
  int error = virtio_net_transmit(&virtio->net, &frame);
  if (error) {
    virtio->stalled |= error == -PH_EAGAIN;
    return error;
  }
  ph_stack_trace(netif->stack, pkt->id, "tx_descriptor");
  if (!virtio->polling) {
    virtio_net_kick(&virtio->net);
  }
  return 0;
}

static bool virtio_can_transmit(struct netif *netif) {
  const struct netif_virtio *virtio = netif->device;
  return virtio_net_can_transmit(&virtio->net);
}

static void reap(struct netif_virtio *virtio) {
  void *cookie;
  while (virtio_net_reap(&virtio->net, &cookie) > 0) {
    struct pkt *pkt = cookie;
    ph_stack_trace(virtio->netif.stack, pkt->id, "tx_used");
    pkt_put(pkt);
  }
}

/* --- Poll ----------------------------------------------------------------- */

static void update_link(struct netif_virtio *virtio) {
  const struct virtio_net *net = &virtio->net;
  bool up = net->running && net->link_up && !net->broken;
  if (virtio->netif.up != up) {
    netif_set_up(&virtio->netif, up);
  }
}

/* Take what is there, once. True if the budget ended it. */
static bool poll_round(struct netif_virtio *virtio) {
  reap(virtio);
  bool more = receive(virtio);
  if (virtio->stalled && virtio_net_can_transmit(&virtio->net)) {
    virtio->stalled = false;
    netif_writable(&virtio->netif);
  }
  fill_ring(virtio);
  virtio_net_kick(&virtio->net);
  return more;
}

/* How many of the frames in flight may finish without an interrupt. The last of
 * them always causes one, so that no packet stays behind; a sender that waits
 * for room is woken when half of the ring is free. */
static uint16_t reap_after(const struct netif_virtio *virtio) {
  uint16_t in_flight = virtio_net_tx_in_flight(&virtio->net);
  if (in_flight == 0) {
    return 0; /* the next one that is sent */
  }
  return virtio->stalled ? in_flight / 2 : (uint16_t)(in_flight - 1);
}

static void virtio_poll(struct netif *netif) {
  struct netif_virtio *virtio = netif->device;
  if (!virtio->net.running) {
    return;
  }
  virtio->polling = true;
  virtio_net_interrupts_off(&virtio->net);
  bool more = true;
  for (int round = 0; more && round < POLL_ROUNDS; round++) {
    more = poll_round(virtio) ||
           virtio_net_interrupts_on(&virtio->net, reap_after(virtio));
  }
  virtio->polling = false;
  if (more) {
    /* No interrupt may come for what is left: ask to be polled again. */
    ph_stack_timer_in(netif->stack, &virtio->again, 1);
  }
  update_link(virtio);
}

/* The poll that made the deadline due has done the work. */
static void polled_again(struct ph_stack *stack, struct ph_timer *timer) {
  (void)stack;
  (void)timer;
}

bool netif_virtio_interrupt(struct netif_virtio *virtio) {
  uint32_t pending = virtio_net_interrupt(&virtio->net);
  if (pending & VIRTIO_INTERRUPT_CONFIG) {
    update_link(virtio);
  }
  ph_stack_trace(virtio->netif.stack, 0, "interrupt");
  return pending != 0;
}

/* --- Start and stop ------------------------------------------------------- */

static const struct netif_ops VIRTIO_OPS = {
    .transmit = virtio_transmit,
    .poll = virtio_poll,
    .can_transmit = virtio_can_transmit,
};

/* The device's address, else the configured one, else a random one that is
 * locally administered (IEEE 802 8.2). */
static void choose_mac(struct netif_virtio *virtio, struct ph_stack *stack,
                       const uint8_t configured[6]) {
  static const uint8_t none[6];
  uint8_t *mac = virtio->netif.mac;
  if (virtio->net.has_mac) {
    memcpy(mac, virtio->net.mac, sizeof virtio->netif.mac);
  } else if (memcmp(configured, none, sizeof none) != 0) {
    memcpy(mac, configured, sizeof virtio->netif.mac);
  } else {
    ph_stack_random(stack, mac, sizeof virtio->netif.mac);
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 2);
  }
}

static struct netif_caps caps_of(const struct virtio_net *net, uint16_t mtu) {
  struct netif_caps caps = {.mtu = mtu};
  if (net->mtu && net->mtu < mtu) {
    caps.mtu = net->mtu;
  }
  caps.tx_csum = (net->features & virtio_bit(VIRTIO_NET_F_CSUM)) != 0;
  caps.rx_csum = (net->features & virtio_bit(VIRTIO_NET_F_GUEST_CSUM)) != 0;
  /* A super-segment of the largest kind must fit into the ring. */
  caps.tso4 = (net->features & virtio_bit(VIRTIO_NET_F_HOST_TSO4)) != 0 &&
              virtio_net_max_frags(net) >= PKT_MAX_FRAGS;
  caps.tso_ecn = (net->features & virtio_bit(VIRTIO_NET_F_HOST_ECN)) != 0;
  caps.uso = (net->features & virtio_bit(VIRTIO_NET_F_HOST_USO)) != 0 &&
             virtio_net_max_frags(net) >= PKT_MAX_FRAGS;
  caps.max_super = caps.tso4 || caps.uso ? MAX_SUPER : 0;
  return caps;
}

static int start(struct netif_virtio *virtio) {
  int error = virtio_net_start(&virtio->net);
  if (error) {
    return error;
  }
  virtio->netif.caps = caps_of(&virtio->net, virtio->mtu);
  fill_ring(virtio);
  virtio_net_kick(&virtio->net);
  update_link(virtio);
  return 0;
}

int netif_virtio_init(struct ph_stack *stack, struct netif_virtio *virtio,
                      const struct netif_virtio_config *config,
                      void *device_memory) {
  struct plan plan;
  make_plan(&plan, config);
  const struct netif_virtio_config *full = &plan.config;
  memset(virtio, 0, sizeof *virtio);
  if (full->rx_blocks < full->rx_size || !device_memory ||
      (uintptr_t)device_memory % PH_BLOCK_SIZE != 0) {
    return -PH_EINVAL;
  }
  virtio->blocks =
      ph_stack_alloc(stack, full->rx_blocks * sizeof(struct ph_block));
  void *state = ph_stack_alloc(stack, plan.memory.state_bytes);
  if (!virtio->blocks || !state) {
    return -PH_ENOMEM;
  }
  ph_block_pool_init(&virtio->pool, virtio->blocks, device_memory,
                     full->rx_blocks, plan.driver.rx_buffer_size);
  virtio->pool.owner = virtio;
  virtio->pool.released = block_released;
  ph_block_pool_reserve(&virtio->pool, full->rx_size);
  virtio->again.fn = polled_again;
  virtio->mtu = full->mtu;
  virtio->netif.name = full->name;
  virtio->netif.device = virtio;
  virtio->netif.stack = stack;
  int error =
      virtio_net_init(&virtio->net, full->platform, &plan.driver,
                      (uint8_t *)device_memory + plan.block_bytes, state);
  if (!error) {
    error = start(virtio);
  }
  if (error) {
    return error;
  }
  choose_mac(virtio, stack, full->mac);
  virtio->netif.ops = &VIRTIO_OPS;
  error = netif_add(stack, &virtio->netif);
  if (error) {
    int stopped = netif_virtio_stop(virtio);
    return stopped ? stopped : error;
  }
  return 0;
}

int netif_virtio_stop(struct netif_virtio *virtio) {
  int error = virtio_net_stop(&virtio->net);
  update_link(virtio);
  if (error) {
    return error;
  }
  void *cookie;
  while (virtio_net_reclaim(&virtio->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
    pkt_put(cookie);
  }
  while (virtio_net_reclaim(&virtio->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
    struct ph_block *block = cookie;
    block->refs = 0;
    virtio->pool.available--; /* it counted as available in the ring, too */
    ph_block_recycle(block);
  }
  return 0;
}

int netif_virtio_restart(struct netif_virtio *virtio) {
  int error = netif_virtio_stop(virtio);
  if (!error) {
    error = start(virtio);
  }
  if (!error && virtio->stalled) {
    virtio->stalled = false;
    netif_writable(&virtio->netif);
  }
  return error;
}
