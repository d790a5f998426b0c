/* SPDX-License-Identifier: Apache-2.0 */
/* The network device (Virtio 1.2 5.1), one receive and one transmit queue.
 *
 * The driver moves frames; whoever uses it owns the buffers, names each by a
 * cookie, and gets every cookie back exactly once: from virtio_net_reap() or
 * virtio_net_harvest(), or after virtio_net_stop() from virtio_net_reclaim().
 * Nothing here blocks, allocates, or may be called from two contexts at once.
 *
 * States       may be called                              moves to
 *  stopped     start, reclaim                             running (start)
 *  running     everything but start and reclaim           stopped (stop),
 * broken broken      stop; transmit, post, reap and harvest     stopped (stop)
 *              return -VIRTIO_EIO and change nothing
 *
 * A device that breaks the rules of its rings, or asks for a reset, makes the
 * state broken. If it does not even confirm a reset, virtio_net_stop() fails
 * and the memory stays with it: nothing is reclaimed that it might still write.
 */
#ifndef PH_DRIVER_VIRTIO_NET_H
#define PH_DRIVER_VIRTIO_NET_H

#include "driver/virtio_mmio.h"

/* Feature bits of the network device (5.1.3), as bit numbers. */
enum virtio_net_feature {
  VIRTIO_NET_F_CSUM = 0,
  VIRTIO_NET_F_GUEST_CSUM = 1,
  VIRTIO_NET_F_MTU = 3,
  VIRTIO_NET_F_MAC = 5,
  VIRTIO_NET_F_HOST_TSO4 = 11,
  VIRTIO_NET_F_HOST_ECN = 13,
  VIRTIO_NET_F_STATUS = 16,
  VIRTIO_NET_F_HOST_USO = 56,
  VIRTIO_NET_F_SPEED_DUPLEX = 63,
};

/* struct virtio_net_hdr (5.1.6), 12 bytes with VERSION_1. */
enum {
  VIRTIO_NET_HDR_LEN = 12,
  VIRTIO_NET_HDR_F_NEEDS_CSUM = 1,
  VIRTIO_NET_HDR_F_DATA_VALID = 2,
  VIRTIO_NET_HDR_GSO_NONE = 0,
  VIRTIO_NET_HDR_GSO_TCPV4 = 1,
  VIRTIO_NET_HDR_GSO_UDP_L4 = 5,
  VIRTIO_NET_HDR_GSO_ECN = 0x80,
};

enum {
  VIRTIO_NET_DEVICE_ID = 1,
  VIRTIO_NET_QUEUE_RX = 0,
  VIRTIO_NET_QUEUE_TX = 1,
  VIRTIO_NET_MAX_FRAGS = 19,
  VIRTIO_NET_MAX_BUFS = 2 + VIRTIO_NET_MAX_FRAGS, /* of one frame */
  VIRTIO_NET_SLOT = 256, /* header slot: virtio_net_hdr and packet headers */
  VIRTIO_NET_MEMORY_ALIGN = 64,
};

struct virtio_net_config {
  uint64_t features;       /* accept at most these; UINT64_MAX: all we know */
  uint16_t rx_size;        /* ring entries, a power of two 2..1024; the device's
                              maximum is the limit */
  uint16_t tx_size;        /* same */
  uint32_t rx_buffer_size; /* bytes of each receive buffer, the 12 of the header
                              included. A device whose MTU needs more does not
                              get the MTU feature. */
  bool header_slots;       /* keep a header slot per descriptor: needed unless
                              every frame comes with headroom */
};

struct virtio_net_memory {
  size_t device_bytes; /* device-visible, VIRTIO_NET_MEMORY_ALIGN */
  size_t state_bytes;  /* private, VIRTIO_NET_MEMORY_ALIGN */
};

/* Sums since virtio_net_init(). */
struct virtio_net_stats {
  uint64_t tx_frames, tx_bytes, tx_notifications, tx_full;
  uint64_t rx_frames, rx_bytes, rx_notifications, rx_bad_header;
  uint64_t interrupts, resets;
};

/* Fields below are read-only for users, `queue` and later ones private. */
struct virtio_net {
  uint64_t features;  /* negotiated */
  const char *broken; /* why the device is refused; NULL: healthy */
  bool running;
  bool link_up; /* true if STATUS was not negotiated */
  bool has_mac;
  uint8_t mac[6]; /* if has_mac */
  uint16_t mtu;   /* IP bytes; 0: the device does not say */
  uint32_t speed; /* Mb/s; UINT32_MAX: unknown */
  struct virtio_net_stats stats;
  struct virtio_mmio mmio;
  struct virtq queue[2];
  struct virtio_net_config config;
  uint8_t *rings[2];
  uint8_t *states[2];
  uint8_t *slots; /* VIRTIO_NET_SLOT bytes per transmit descriptor, or NULL */
};

/* Bytes that a configuration needs. */
void virtio_net_memory(const struct virtio_net_config *config,
                       struct virtio_net_memory *need);

/* Lay out memory and look for the device. `device` and `state` have the sizes
 * of virtio_net_memory() and, like `platform`, belong to the driver for ever.
 * The state is then stopped. 0, -VIRTIO_ENODEV, -VIRTIO_EINVAL or
 * -VIRTIO_ENOMEM (alignment). */
int virtio_net_init(struct virtio_net *net,
                    const struct virtio_platform *platform,
                    const struct virtio_net_config *config, void *device,
                    void *state) VIRTIO_MUST_USE;

/* Initialization of 3.1.1 up to DRIVER_OK. Then post receive buffers. 0, or
 * -VIRTIO_E...: the device was told FAILED and stays stopped; -VIRTIO_EINVAL:
 * running already, or not everything was reclaimed. */
int virtio_net_start(struct virtio_net *net) VIRTIO_MUST_USE;

/* Reset the device. 0: it touches no memory any more and virtio_net_reclaim()
 * returns what it held. -VIRTIO_EIO: it did not confirm, all stays with it. */
int virtio_net_stop(struct virtio_net *net) VIRTIO_MUST_USE;

/* While stopped: take back one cookie that queue `queue` held. False: none. */
bool virtio_net_reclaim(struct virtio_net *net, int queue, void **cookie);

/* --- Transmit ------------------------------------------------------------- */

struct virtio_net_frame {
  uint8_t *head;     /* Ethernet header and on */
  uint32_t head_len; /* > 0 */
  bool headroom;     /* 12 writable bytes before `head` belong to the frame and
                        are device-visible: the header goes there, and `head`
                        itself is sent in place */
  const struct virtq_buf *frags; /* the rest, sent in place; the array itself is
                                    not kept */
  uint16_t frag_count;           /* 0..VIRTIO_NET_MAX_FRAGS */
  bool needs_csum;     /* sum from csum_start, store at csum_offset behind it */
  uint16_t csum_start; /* from `head` */
  uint16_t csum_offset; /* from csum_start */
  uint8_t gso_type;     /* VIRTIO_NET_HDR_GSO_*; other than NONE needs
                           HOST_TSO4 and needs_csum */
  uint16_t gso_size;    /* payload bytes per segment */
  uint16_t hdr_len;     /* hint: bytes of all headers */
  void *cookie;
};

/* Queue one frame. On success the device owns the bytes behind `frags`, and
 * `head` with `headroom`, until the cookie comes back from virtio_net_reap();
 * without `headroom` the head is copied and free at once if it fits into a slot
 * (244 bytes), else device-owned too. The device sees the frame after
 * virtio_net_kick(). 0; -VIRTIO_EAGAIN: the ring is full; -VIRTIO_EINVAL: an
 * offload that was not negotiated, no slot, or too many fragments;
 * -VIRTIO_EFAULT; -VIRTIO_EIO: broken or stopped. */
int virtio_net_transmit(struct virtio_net *net,
                        const struct virtio_net_frame *frame) VIRTIO_MUST_USE;

/* Take back one frame that was sent. 1, 0: none, -VIRTIO_EIO. */
int virtio_net_reap(struct virtio_net *net, void **cookie) VIRTIO_MUST_USE;

/* True if the ring takes a frame of VIRTIO_NET_MAX_FRAGS now. */
bool virtio_net_can_transmit(const struct virtio_net *net);

/* Most fragments of one frame that this device's ring can ever take. */
uint16_t virtio_net_max_frags(const struct virtio_net *net);

/* Frames that were queued and not reaped. */
static inline uint16_t virtio_net_tx_in_flight(const struct virtio_net *net) {
  return virtq_in_flight(&net->queue[VIRTIO_NET_QUEUE_TX]);
}

/* --- Receive -------------------------------------------------------------- */

/* Give the device one receive buffer of config.rx_buffer_size bytes. Visible to
 * it after virtio_net_kick(). 0, -VIRTIO_EAGAIN: the ring is full,
 * -VIRTIO_EFAULT, -VIRTIO_EIO. */
int virtio_net_post(struct virtio_net *net, void *buffer,
                    void *cookie) VIRTIO_MUST_USE;

/* Buffers that virtio_net_post() would take now, and those that the device has.
 */
static inline uint16_t virtio_net_rx_room(const struct virtio_net *net) {
  return virtq_free(&net->queue[VIRTIO_NET_QUEUE_RX]);
}
static inline uint16_t virtio_net_rx_in_flight(const struct virtio_net *net) {
  return virtq_in_flight(&net->queue[VIRTIO_NET_QUEUE_RX]);
}

struct virtio_net_received {
  void *cookie;      /* of the buffer, which is the caller's again */
  uint32_t len;      /* frame bytes, from VIRTIO_NET_HDR_LEN into the buffer */
  bool csum_valid;   /* the device vouches for the transport checksum */
  bool csum_partial; /* its field still holds the pseudo-header's sum: */
  uint16_t csum_start, csum_offset; /* from the frame's start, from there */
  bool bad;                         /* drop the frame: its header lies */
};

/* Take one received frame. `buffer_of(cookie)` is how the caller finds the
 * buffer again; the driver reads the header there. 1, 0: none, -VIRTIO_EIO. */
int virtio_net_harvest(struct virtio_net *net,
                       const uint8_t *(*buffer_of)(void *cookie),
                       struct virtio_net_received *received) VIRTIO_MUST_USE;

/* --- Notifications -------------------------------------------------------- */

/* Publish what was queued and posted, and notify the device if it asked. */
void virtio_net_kick(struct virtio_net *net);

/* Read and acknowledge the interrupt; notices link changes and the wish for a
 * reset. VIRTIO_INTERRUPT_* bits. May be called at any time while running. */
uint32_t virtio_net_interrupt(struct virtio_net *net);

/* Suppress queue interrupts while polling. */
void virtio_net_interrupts_off(struct virtio_net *net);

/* Ask for an interrupt at the next received frame and when `tx_after` + 1 more
 * frames are reapable (never if none is in flight). True: there is work
 * already, poll again. */
bool virtio_net_interrupts_on(struct virtio_net *net,
                              uint16_t tx_after) VIRTIO_MUST_USE;

#endif
