/* SPDX-License-Identifier: Apache-2.0 */
/* A split virtqueue, driver side (Virtio 1.2 2.7).
 *
 * The driver adds chains of buffers, publishes them, and takes back those that
 * the device has used. What the driver must remember of a chain lies in private
 * memory: nothing that the device can write is ever believed.
 *
 * Invariants
 *  1. Every descriptor is either on the free list or in exactly one outstanding
 *     chain: num_free + (sum of `count` over outstanding heads) == size.
 *  2. The device owns a chain's memory from virtq_publish() until
 *     virtq_get_used() returns it, or until the device is reset and
 *     virtq_detach() returns it.
 *  3. A used element is accepted only if its id is the head of a published,
 *     outstanding chain and, for a chain with device-writable buffers, its
 *     length is at most their sum. Otherwise the queue is broken for ever
 * (until virtq_init()), and every call says so.
 */
#ifndef PH_DRIVER_VIRTQ_H
#define PH_DRIVER_VIRTQ_H

#include "driver/platform.h"

enum { VIRTQ_SIZE_MAX = 1024, VIRTQ_RING_ALIGN = 16 };

/* Virtio 1.2 2.7.5. Little-endian. */
struct virtq_desc {
  uint64_t addr;
  uint32_t len;
  uint16_t flags; /* VIRTQ_DESC_F_* */
  uint16_t next;  /* if VIRTQ_DESC_F_NEXT */
};
_Static_assert(sizeof(struct virtq_desc) == 16, "Virtio 1.2 2.7.5");

enum {
  VIRTQ_DESC_F_NEXT = 1,
  VIRTQ_DESC_F_WRITE = 2,
  VIRTQ_DESC_F_INDIRECT = 4,
  VIRTQ_AVAIL_F_NO_INTERRUPT = 1, /* 2.7.6 */
  VIRTQ_USED_F_NO_NOTIFY = 1,     /* 2.7.8 */
};

/* One buffer of a chain. */
struct virtq_buf {
  const void *ptr; /* device-visible; the device writes it if it is among the
                      writable ones */
  uint32_t len;    /* bytes, > 0 */
};

/* Private state of one descriptor. */
struct virtq_slot {
  void *cookie;      /* head: the owner's name for the chain */
  uint32_t writable; /* head: bytes that the device may write */
  uint16_t next;     /* next of the chain, or of the free list */
  uint16_t count;    /* head: ring descriptors of the chain; 0: not a head */
  uint16_t pending;  /* head: the one added before, not yet published */
  bool published;    /* head: the device may use it */
};

struct virtq_config {
  const struct virtio_platform *platform; /* kept by reference */
  uint16_t size;         /* descriptors: a power of two, 2..VIRTQ_SIZE_MAX */
  uint16_t indirect_max; /* most buffers of an indirect table; 0: INDIRECT_DESC
                            was not negotiated */
  bool event_idx;        /* EVENT_IDX was negotiated */
  void *ring;            /* device-visible, VIRTQ_RING_ALIGN,
                            virtq_ring_bytes(); kept by reference */
  void *state;           /* private, aligned for pointers,
                            virtq_state_bytes(); kept by reference */
};

/* All fields are private to virtq.c, except that anyone may read `broken`. */
struct virtq {
  const struct virtio_platform *platform;
  const char *broken; /* why the device is refused; NULL: healthy */
  struct virtq_desc *desc;
  struct virtq_desc *tables; /* indirect_max descriptors per head */
  uint16_t *avail;           /* flags, idx, ring[size], used_event */
  uint16_t *used;            /* flags, idx, {id, len}[size], avail_event */
  struct virtq_slot *slots;
  uint16_t size, indirect_max;
  bool event_idx;
  uint16_t free_head, num_free;
  uint16_t avail_idx;     /* next to add */
  uint16_t published_idx; /* what the device was told */
  uint16_t used_idx;      /* next to take */
  uint16_t in_flight;     /* published and not taken */
  uint16_t pending;       /* last head added since virtq_publish() */
};

/* Memory for a queue; see struct virtq_config. */
size_t virtq_ring_bytes(uint16_t size, uint16_t indirect_max);
size_t virtq_state_bytes(uint16_t size);

/* Start with an empty queue; also after a reset of the device. 0,
 * -VIRTIO_EINVAL, or -VIRTIO_EFAULT if the device can't see the ring. */
int virtq_init(struct virtq *q,
               const struct virtq_config *config) VIRTIO_MUST_USE;

/* Offer a chain: `readable` buffers that the device reads, then `writable` that
 * it writes. `bufs` itself is copied; the bytes belong to the device as the
 * invariants say. A single buffer takes one descriptor; several take one
 * indirect table if they fit, else a descriptor each. `cookie` is any value.
 * 0, -VIRTIO_EAGAIN (no descriptors), -VIRTIO_EINVAL (no buffers, or more than
 * `size`: Virtio 1.2 2.7.5.3.1), -VIRTIO_EFAULT, -VIRTIO_EIO (broken). */
int virtq_add(struct virtq *q, const struct virtq_buf *bufs, uint16_t readable,
              uint16_t writable, void *cookie) VIRTIO_MUST_USE;

/* The head that the next virtq_add() will use, in 0..size-1. Only meaningful
 * while virtq_free() > 0. */
static inline uint16_t virtq_next_head(const struct virtq *q) {
  return q->free_head;
}
static inline uint16_t virtq_free(const struct virtq *q) {
  return q->num_free;
}
static inline uint16_t virtq_in_flight(const struct virtq *q) {
  return q->in_flight;
}

/* Make every added chain available. True if the device wants a notification
 * (the caller then writes QueueNotify). */
bool virtq_publish(struct virtq *q) VIRTIO_MUST_USE;

/* A chain that came back. */
struct virtq_used {
  void *cookie;
  uint32_t len; /* bytes written; at most what was writable. Meaningless for a
                   chain without writable buffers. */
};

/* Take one used chain. 1, 0 if there is none, -VIRTIO_EIO if broken. */
int virtq_get_used(struct virtq *q, struct virtq_used *used) VIRTIO_MUST_USE;

/* Ask for no interrupts. A hint: some may still come (Virtio 1.2 2.7.7). */
void virtq_interrupts_off(struct virtq *q);

/* Ask for an interrupt when `after` + 1 more chains have been used; without
 * EVENT_IDX, at each. True if that many already are: the caller must look
 * again, because no interrupt will come for them. */
bool virtq_interrupts_on(struct virtq *q, uint16_t after) VIRTIO_MUST_USE;

/* After the device was reset, or never started: take back one chain that it
 * still held. False when there is none left. */
bool virtq_detach(struct virtq *q, void **cookie);

#endif
