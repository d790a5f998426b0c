/* SPDX-License-Identifier: Apache-2.0 */
/* A device for the stack out of a descriptor: one read() or write(), one frame.
 * It offers nothing, so cutting and summing is done above, in software. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/threads/threads.h"
#include "stack/base/errno.h"

enum {
  ETH_HEADER = 14,
  RX_BLOCKS = 1024,
  RX_RESERVE = 256, /* which sockets can't have */
  BURST = 64,       /* frames of one poll */
  ALIGN = 2,        /* the IP header lies at a multiple of four */
  MTU_MIN = 576,
  MTU_MAX = 9000,
};

static int frames_transmit(struct netif *netif, struct pkt *pkt) {
  struct frames *frames = netif->device;
  if (pkt->len > ETH_HEADER + (uint32_t)netif->caps.mtu) {
    return -PH_EMSGSIZE;
  }
  pkt_copy(pkt, 0, frames->packet, pkt->len);
  if (write(frames->fd, frames->packet, pkt->len) < 0 &&
      (errno == EAGAIN || errno == ENOBUFS)) {
    frames->stalled = true;
    return -PH_EAGAIN;
  }
  /* Another error is the wire's: nobody is there, and the frame is lost. */
  pkt_put(pkt);
  return 0;
}

static bool frames_can_transmit(struct netif *netif) {
  const struct frames *frames = netif->device;
  return !frames->stalled;
}

/* A frame that lies in `block`, whose reference goes with it. Short ones move
 * into the packet: a block would be wasted on them. */
static struct pkt *packet_of(struct frames *frames, struct ph_block *block,
                             uint32_t len) {
  struct pkt *pkt = pkt_get(&frames->netif.stack->pkts, ALIGN);
  if (!pkt) {
    ph_block_put(block);
    return NULL;
  }
  if (len <= PKT_ROOM - ALIGN) {
    memcpy(pkt->head, block->data + ALIGN, len);
    ph_block_put(block);
  } else {
    pkt->head = block->data + ALIGN;
    pkt->lent = block;
  }
  pkt->head_len = pkt->len = len;
  pkt->netif = &frames->netif;
  pkt->id = ++frames->netif.stack->next_packet_id;
  pkt->csum = PKT_CSUM_NONE;
  return pkt;
}

/* One frame goes up. False: there is none. */
static bool receive(struct frames *frames) {
  struct ph_stack *stack = frames->netif.stack;
  struct ph_block *block = ph_block_get(&frames->pool);
  uint8_t *to = block ? block->data + ALIGN : frames->packet;
  ssize_t len = read(frames->fd, to, frames->block_size - ALIGN);
  if (len <= 0) {
    if (block) {
      ph_block_put(block);
    }
    frames->dead = len == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
  }
  struct pkt *pkt = block ? packet_of(frames, block, (uint32_t)len) : NULL;
  if (pkt) {
    netif_input(&frames->netif, pkt);
  } else {
    stack->stats.NetifDrops++;
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

int frames_open(struct frames *frames, struct ph_stack *stack, int fd,
                const uint8_t mac[6], uint16_t mtu) {
  *frames = (struct frames){.fd = fd};
  if (mtu < MTU_MIN || mtu > MTU_MAX) {
    return -PH_EINVAL;
  }
  frames->block_size =
      (ALIGN + ETH_HEADER + 4 + (uint32_t)mtu + 2047) / 2048 * 2048;
  frames->blocks = calloc(RX_BLOCKS, sizeof(struct ph_block));
  frames->memory = aligned_alloc(4096, (size_t)RX_BLOCKS * frames->block_size);
  frames->packet = malloc(frames->block_size);
  if (!frames->blocks || !frames->memory || !frames->packet) {
    return -PH_ENOMEM;
  }
  ph_block_pool_init(&frames->pool, frames->blocks, frames->memory, RX_BLOCKS,
                     frames->block_size);
  ph_block_pool_reserve(&frames->pool, RX_RESERVE);
  frames->netif = (struct netif){
      .name = "eth0",
      .ops = &ops,
      .device = frames,
      .up = true,
      .caps = {.mtu = mtu},
  };
  memcpy(frames->netif.mac, mac, sizeof(frames->netif.mac));
  return netif_add(stack, &frames->netif);
}

void frames_close(struct frames *frames) {
  close(frames->fd);
  free(frames->blocks);
  free(frames->memory);
  free(frames->packet);
}
