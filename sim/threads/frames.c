/* SPDX-License-Identifier: Apache-2.0 */
/* A device for the stack out of a descriptor: one read() or write(), one frame.
 * With a struct virtio_net_hdr in front of each, as TAP has it, super-segments
 * cross whole and nobody sums what never leaves the machine; without it the
 * device offers nothing, and cutting and summing is done above. */
#include "sim/threads/threads.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stack/base/errno.h"

enum {
  ETH_HEADER = 14,
  TAG = 4,
  RX_BLOCKS = 4096,
  RX_RESERVE = 512, /* which sockets can't have */
  BURST = 64,       /* frames of one poll */
  ALIGN = 2,        /* the IP header lies at a multiple of four */
  MTU_MIN = 576,
  MTU_MAX = 9000,
  SUPER_MAX = 65535, /* frames that the other end cuts, or never does */
  SCRATCH = SUPER_MAX + ETH_HEADER + TAG,
};
_Static_assert((int)PKT_GSO_TCPV4 == (int)VIRTIO_NET_HDR_GSO_TCPV4 &&
                   (int)PKT_GSO_TCPV6 == (int)VIRTIO_NET_HDR_GSO_TCPV6 &&
                   (int)PKT_GSO_ECN == (int)VIRTIO_NET_HDR_GSO_ECN,
               "gso_type is passed on");
_Static_assert((int)FRAMES_BLOCKS *(int)PH_BLOCK_SIZE >=
                       (int)SCRATCH + (int)ALIGN &&
                   (int)FRAMES_BLOCKS - 1 <= (int)PKT_MAX_FRAGS,
               "the longest frame is one packet");

/* --- Transmit ------------------------------------------------------------- */

static struct virtio_net_hdr header_of(const struct pkt *pkt) {
  struct virtio_net_hdr header = {.gso_type = pkt->gso_type};
  if (pkt->csum == PKT_CSUM_PARTIAL) {
    header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header.csum_start = pkt->csum_start;
    header.csum_offset = pkt->csum_offset;
  }
  if (pkt->gso_type != PKT_GSO_NONE) {
    header.hdr_len = (uint16_t)pkt->head_len;
    header.gso_size = pkt->gso_size;
  }
  return header;
}

static int frames_transmit(struct netif *netif, struct pkt *pkt) {
  struct frames *frames = netif->device;
  struct virtio_net_hdr header = header_of(pkt);
  struct iovec iov[PKT_MAX_FRAGS + 2] = {{&header, sizeof(header)},
                                         {pkt->head, pkt->head_len}};
  for (int i = 0; i < pkt->nfrags; i++) {
    iov[2 + i] = (struct iovec){pkt->frags[i].data, pkt->frags[i].len};
  }
  int skip = frames->vnet ? 0 : 1;
  if (writev(frames->fd, iov + skip, 2 - skip + pkt->nfrags) < 0) {
    if (errno == EAGAIN || errno == ENOBUFS) {
      frames->stalled = true;
      return -PH_EAGAIN;
    }
    /* The wire's matter: nobody is there, and the frame is lost. */
    netif->stack->stats.NetifDrops++;
  }
  pkt_put(pkt);
  return 0;
}

static bool frames_can_transmit(struct netif *netif) {
  const struct frames *frames = netif->device;
  return !frames->stalled;
}

/* --- Receive -------------------------------------------------------------- */

/* The blocks that the next frame is read into. False: there are too few. */
static bool get_ready(struct frames *frames) {
  while (frames->ready_count < frames->want) {
    struct ph_block *block = ph_block_get(&frames->pool);
    if (!block) {
      return false;
    }
    frames->ready[frames->ready_count++] = block;
  }
  return true;
}

/* Bytes 0 to `len` of the ready blocks become the packet's. */
static void take_ready(struct frames *frames, struct pkt *pkt, uint32_t len) {
  uint32_t n = ph_min_u32(len, PH_BLOCK_SIZE - ALIGN), used = 1;
  pkt->head = frames->ready[0]->data + ALIGN;
  pkt->lent = frames->ready[0];
  pkt->head_len = pkt->len = n;
  for (len -= n; len > 0; len -= n) {
    struct ph_block *block = frames->ready[used++];
    n = ph_min_u32(len, PH_BLOCK_SIZE);
    (void)pkt_add_frag(pkt, block, block->data, n);
    ph_block_put(block); /* the packet has its own reference */
  }
  frames->ready_count -= used;
  memmove(frames->ready, frames->ready + used,
          frames->ready_count * sizeof(frames->ready[0]));
}

/* What the header says of the frame. False: it contradicts itself. */
static bool take_header(struct pkt *pkt, const struct virtio_net_hdr *header) {
  uint8_t type = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
  if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
    pkt->csum = PKT_CSUM_PARTIAL; /* never summed, never damaged */
    pkt->csum_start = header->csum_start;
    pkt->csum_offset = header->csum_offset;
    if (header->csum_start < ETH_HEADER ||
        header->csum_start + header->csum_offset + 2u > pkt->head_len) {
      return false;
    }
  } else if (header->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
    pkt->csum = PKT_CSUM_VERIFIED;
  }
  pkt->gso_type = header->gso_type;
  pkt->gso_size = header->gso_size;
  return header->gso_type == VIRTIO_NET_HDR_GSO_NONE ||
         ((type == VIRTIO_NET_HDR_GSO_TCPV4 ||
           type == VIRTIO_NET_HDR_GSO_TCPV6) &&
          header->gso_size > 0 && pkt->csum == PKT_CSUM_PARTIAL);
}

/* The frame of `len` bytes in the ready blocks goes up, or is dropped. */
static bool deliver(struct frames *frames, uint32_t len,
                    const struct virtio_net_hdr *header) {
  struct ph_stack *stack = frames->netif.stack;
  struct pkt *pkt = pkt_get(&stack->pkts, ALIGN);
  if (!pkt) {
    stack->stats.PktExhausted++;
    return false;
  }
  if (len <= PKT_ROOM - ALIGN) { /* a block would be wasted on it */
    memcpy(pkt->head, frames->ready[0]->data + ALIGN, len);
    pkt->head_len = pkt->len = len;
  } else {
    take_ready(frames, pkt, len);
  }
  pkt->netif = &frames->netif;
  pkt->id = ++stack->next_packet_id;
  pkt->csum = PKT_CSUM_NONE;
  if (frames->vnet && !take_header(pkt, header)) {
    pkt_put(pkt);
    return false;
  }
  netif_input(&frames->netif, pkt);
  return true;
}

/* One frame goes up. False: there is none. */
static bool receive(struct frames *frames) {
  struct virtio_net_hdr header = {0};
  struct iovec iov[FRAMES_BLOCKS + 1] = {{&header, sizeof(header)}};
  bool ready = get_ready(frames);
  int count = 1, skip = frames->vnet ? 0 : 1;
  for (uint32_t i = 0; ready && i < frames->want; i++, count++) {
    iov[count] = (struct iovec){frames->ready[i]->data, PH_BLOCK_SIZE};
  }
  if (ready) {
    iov[1] =
        (struct iovec){frames->ready[0]->data + ALIGN, PH_BLOCK_SIZE - ALIGN};
  } else {
    iov[count++] = (struct iovec){frames->scratch, SCRATCH};
  }
  ssize_t len = readv(frames->fd, iov + skip, count - skip);
  if (len <= 0) {
    frames->dead = len == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
  }
  size_t before = frames->vnet ? sizeof(header) : 0;
  if (!ready || (size_t)len <= before ||
      !deliver(frames, (uint32_t)((size_t)len - before), &header)) {
    frames->netif.stack->stats.NetifDrops++;
  }
  return true;
}

static void frames_poll(struct netif *netif) {
  struct frames *frames = netif->device;
  int count = 0;
  while (!frames->dead && count < BURST && receive(frames)) {
    count++;
  }
  frames->more = count == BURST;
  if (frames->dead && netif->up) {
    netif_set_up(netif, false);
  }
  if (frames->stalled) {
    frames->stalled = false; /* to be seen: the next frame tries */
    netif_writable(netif);
  }
}

static const struct netif_ops ops = {
    .transmit = frames_transmit,
    .poll = frames_poll,
    .can_transmit = frames_can_transmit,
};

int frames_open(struct frames *frames, struct ph_stack *stack,
                const struct frames_config *config) {
  const uint32_t longest =
      config->vnet ? (uint32_t)SCRATCH : config->mtu + 0u + ETH_HEADER + TAG;
  *frames = (struct frames){.fd = config->fd, .vnet = config->vnet};
  if (config->mtu < MTU_MIN || config->mtu > MTU_MAX) {
    return -PH_EINVAL;
  }
  frames->want = (ALIGN + longest + PH_BLOCK_SIZE - 1) / PH_BLOCK_SIZE;
  frames->blocks = calloc(RX_BLOCKS, sizeof(struct ph_block));
  frames->memory = aligned_alloc(4096, (size_t)RX_BLOCKS * PH_BLOCK_SIZE);
  frames->scratch = malloc(SCRATCH);
  if (!frames->blocks || !frames->memory || !frames->scratch) {
    return -PH_ENOMEM;
  }
  ph_block_pool_init(&frames->pool, frames->blocks, frames->memory, RX_BLOCKS,
                     PH_BLOCK_SIZE);
  ph_block_pool_reserve(&frames->pool, RX_RESERVE);
  frames->netif = (struct netif){
      .name = "eth0",
      .ops = &ops,
      .device = frames,
      .up = true,
      .caps = {.tx_csum = config->vnet,
               .tso4 = config->vnet,
               .tso6 = config->vnet,
               .tso_ecn = config->vnet,
               .rx_csum = config->vnet,
               .lro = config->vnet,
               .max_super = config->vnet ? SUPER_MAX : 0,
               .mtu = config->mtu},
  };
  memcpy(frames->netif.mac, config->mac, sizeof(frames->netif.mac));
  return netif_add(stack, &frames->netif);
}

void frames_close(struct frames *frames) {
  close(frames->fd);
  free(frames->blocks);
  free(frames->memory);
  free(frames->scratch);
}
