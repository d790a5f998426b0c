/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio network device as an interface: the one place where the stack meets
 * the driver.
 *
 * Transmit sends packets in place. The 12 bytes of virtio_net_hdr go in front
 * of the Ethernet header into `pkt->room`, so that a small packet is one
 * descriptor and a super-segment one indirect table; packet and blocks belong
 * to the device until its used ring returns them, whatever TCP does meanwhile.
 *
 * Receive owns a pool of blocks: as many as the ring holds, and more that may
 * be lent to sockets. `available` of the pool counts the blocks in the ring and
 * on the free list, `reserve` is the size of the ring: ph_block_lendable() is
 * true exactly while the ring could be filled without what is lent.
 */
#ifndef PH_NETIF_NETIF_VIRTIO_H
#define PH_NETIF_NETIF_VIRTIO_H

#include "driver/virtio_net.h"
#include "stack/netif/netif.h"

struct netif_virtio_config {
  const char *name;                       /* "eth0"; static */
  const struct virtio_platform *platform; /* kept by reference */
  uint64_t features; /* accept at most these; 0: all. For tests of one offload
                        clear VIRTIO_NET_F_HOST_TSO4 or VIRTIO_NET_F_CSUM */
  uint16_t tx_size;  /* ring entries, a power of two <= 1024; 0: 256 */
  uint16_t rx_size;  /* same */
  uint16_t mtu;      /* largest IP packet to send or receive; 0: 1500. A smaller
                        MTU of the device wins */
  uint32_t rx_blocks; /* receive buffers; 0: four times the ring */
  uint8_t mac[6];     /* if the device has none; all zero: a random one */
};

struct netif_virtio_memory {
  size_t device_bytes; /* device-visible, 4096-aligned */
  size_t arena_bytes;  /* taken from the stack's arena */
};

struct netif_virtio {
  struct ph_block *blocks;
  struct ph_block_pool pool; /* receive buffers */
  struct ph_timer again;     /* armed when a poll left work behind */
  uint16_t mtu;              /* configured */
  bool polling;              /* notifications wait for the end of the poll */
  bool stalled;        /* a transmit was refused: say when there is room */
  uint32_t rx_dropped; /* frames lost because no packet was free */
  struct netif netif;
  struct virtio_net net;
};

/* What netif_virtio_init() needs. */
void netif_virtio_memory(const struct netif_virtio_config *config,
                         struct netif_virtio_memory *need);

/* Start the device and attach the interface. `device_memory` belongs to the
 * interface for ever. 0, -PH_ENODEV, -PH_EIO, -PH_EINVAL, -PH_ENOMEM. */
int netif_virtio_init(struct ph_stack *stack, struct netif_virtio *virtio,
                      const struct netif_virtio_config *config,
                      void *device_memory) PH_MUST_USE;

/* The device interrupts. True if ph_stack_poll() has work. May be called at any
 * time; costs two register accesses. */
bool netif_virtio_interrupt(struct netif_virtio *virtio);

/* Why the device is refused, or NULL. */
static inline const char *netif_virtio_broken(
    const struct netif_virtio *virtio) {
  return virtio->net.broken;
}

/* Reset the device; packets that it held are freed, unsent or not, and receive
 * buffers come home. The interface is down. 0 or -PH_EIO: the device did not
 * confirm, and everything stays with it. */
int netif_virtio_stop(struct netif_virtio *virtio) PH_MUST_USE;

/* netif_virtio_stop(), then start again: also repairs a broken device. 0 or as
 * netif_virtio_init(). */
int netif_virtio_restart(struct netif_virtio *virtio) PH_MUST_USE;

#endif
