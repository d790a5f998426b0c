/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-mmio transport, version 2 (Virtio 1.2 4.2), and the device
 * initialization of 3.1. Knows no kind of device. */
#ifndef PH_DRIVER_VIRTIO_MMIO_H
#define PH_DRIVER_VIRTIO_MMIO_H

#include "driver/platform.h"
#include "driver/virtq.h"

/* Registers, byte offsets (4.2.2). */
enum virtio_mmio_register {
  VIRTIO_MMIO_MAGIC_VALUE = 0x000,
  VIRTIO_MMIO_VERSION = 0x004,
  VIRTIO_MMIO_DEVICE_ID = 0x008,
  VIRTIO_MMIO_VENDOR_ID = 0x00c,
  VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
  VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
  VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
  VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
  VIRTIO_MMIO_QUEUE_SEL = 0x030,
  VIRTIO_MMIO_QUEUE_SIZE_MAX = 0x034,
  VIRTIO_MMIO_QUEUE_SIZE = 0x038,
  VIRTIO_MMIO_QUEUE_READY = 0x044,
  VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,
  VIRTIO_MMIO_INTERRUPT_STATUS = 0x060,
  VIRTIO_MMIO_INTERRUPT_ACK = 0x064,
  VIRTIO_MMIO_STATUS = 0x070,
  VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080,
  VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084,
  VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090,
  VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094,
  VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0,
  VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
  VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
  VIRTIO_MMIO_CONFIG = 0x100,
};

#define VIRTIO_MMIO_MAGIC UINT32_C(0x74726976) /* "virt" */

/* Device status (2.1). */
enum virtio_status {
  VIRTIO_STATUS_ACKNOWLEDGE = 1,
  VIRTIO_STATUS_DRIVER = 2,
  VIRTIO_STATUS_DRIVER_OK = 4,
  VIRTIO_STATUS_FEATURES_OK = 8,
  VIRTIO_STATUS_NEEDS_RESET = 64,
  VIRTIO_STATUS_FAILED = 128,
};

/* InterruptStatus (4.2.2). */
enum virtio_interrupt {
  VIRTIO_INTERRUPT_USED = 1,
  VIRTIO_INTERRUPT_CONFIG = 2,
};

/* Feature bits of every device (6), as bit numbers. */
enum virtio_feature {
  VIRTIO_F_INDIRECT_DESC = 28,
  VIRTIO_F_EVENT_IDX = 29,
  VIRTIO_F_VERSION_1 = 32,
  VIRTIO_F_ACCESS_PLATFORM = 33,
  VIRTIO_F_ORDER_PLATFORM = 36,
};

static inline uint64_t virtio_bit(unsigned feature) {
  return UINT64_C(1) << feature;
}

struct virtio_mmio {
  const struct virtio_platform *platform;
  uint8_t status; /* what the driver last wrote to Status */
};

/* Is there a virtio-mmio 2 device of this kind? Reads only. 0 or
 * -VIRTIO_ENODEV (also for an empty slot, device id 0). */
int virtio_mmio_probe(struct virtio_mmio *mmio,
                      const struct virtio_platform *platform,
                      uint32_t device_id) VIRTIO_MUST_USE;

/* Reset and wait until the device says that it is done: from then on it touches
 * no memory (2.4.1, 2.4.2). 0, or -VIRTIO_EIO if it never says so: the memory
 * given to it must then not be reused. */
int virtio_mmio_reset(struct virtio_mmio *mmio) VIRTIO_MUST_USE;

/* Steps 2 and 3 of 3.1.1: ACKNOWLEDGE, DRIVER. Returns the offered features.
 * Configuration may be read from here on. */
uint64_t virtio_mmio_begin(struct virtio_mmio *mmio);

/* Steps 4 to 6: accept `features`. 0, or -VIRTIO_EIO if the device refuses. */
int virtio_mmio_accept(struct virtio_mmio *mmio,
                       uint64_t features) VIRTIO_MUST_USE;

/* Largest size of queue `index`; 0 if the device has none. */
uint32_t virtio_mmio_queue_size_max(struct virtio_mmio *mmio, uint32_t index);

/* Give queue `index` to the device (4.2.3.2). `q` is initialized and empty. 0,
 * -VIRTIO_EIO if the queue was still in use, -VIRTIO_EINVAL if it is smaller
 * than `q`. */
int virtio_mmio_queue_setup(struct virtio_mmio *mmio, uint32_t index,
                            const struct virtq *q) VIRTIO_MUST_USE;

/* Step 8: DRIVER_OK. */
void virtio_mmio_start(struct virtio_mmio *mmio);

/* Tell the device that the driver gave up (2.1). */
void virtio_mmio_fail(struct virtio_mmio *mmio);

/* Queue `index` has new available buffers. */
void virtio_mmio_notify(struct virtio_mmio *mmio, uint32_t index);

/* Read and acknowledge: VIRTIO_INTERRUPT_* bits. */
uint32_t virtio_mmio_interrupt(struct virtio_mmio *mmio);

/* True if the device asks for a reset (2.1.2). */
bool virtio_mmio_needs_reset(struct virtio_mmio *mmio);

/* Copy one field of `len` bytes at `offset` of the configuration space to `to`,
 * as the little-endian bytes that it is, unchanged by updates while reading
 * (2.5.3). Lengths 2 and 4 are one access, others byte by byte (4.2.2.2). 0, or
 * -VIRTIO_EIO if it keeps changing. */
int virtio_mmio_config(struct virtio_mmio *mmio, uint32_t offset, void *to,
                       uint32_t len) VIRTIO_MUST_USE;

#endif
