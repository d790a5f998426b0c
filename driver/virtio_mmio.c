/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/virtio_mmio.h"

/* How often a register is read before the device is given up. A device that
 * answers Status<-0 only when it is quiet needs one; others a few. */
enum { RESET_READS = 100000, CONFIG_TRIES = 16 };

static uint32_t reg_read(const struct virtio_mmio *mmio, uint32_t offset) {
  return mmio->platform->read32(mmio->platform->ctx, offset);
}

static void reg_write(const struct virtio_mmio *mmio, uint32_t offset,
                      uint32_t value) {
  mmio->platform->write32(mmio->platform->ctx, offset, value);
}

int virtio_mmio_probe(struct virtio_mmio *mmio,
                      const struct virtio_platform *platform,
                      uint32_t device_id) {
  *mmio = (struct virtio_mmio){.platform = platform};
  if (reg_read(mmio, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC ||
      reg_read(mmio, VIRTIO_MMIO_VERSION) != 2 ||
      reg_read(mmio, VIRTIO_MMIO_DEVICE_ID) != device_id) {
    return -VIRTIO_ENODEV;
  }
  return 0;
}

int virtio_mmio_reset(struct virtio_mmio *mmio) {
  mmio->status = 0;
  reg_write(mmio, VIRTIO_MMIO_STATUS, 0);
  for (uint32_t i = 0; i < RESET_READS; i++) {
    if (reg_read(mmio, VIRTIO_MMIO_STATUS) == 0) {
      return 0;
    }
  }
  return -VIRTIO_EIO;
}

static void set_status(struct virtio_mmio *mmio, uint8_t bits) {
  mmio->status = (uint8_t)(mmio->status | bits);
  reg_write(mmio, VIRTIO_MMIO_STATUS, mmio->status);
}

uint64_t virtio_mmio_begin(struct virtio_mmio *mmio) {
  set_status(mmio, VIRTIO_STATUS_ACKNOWLEDGE);
  set_status(mmio, VIRTIO_STATUS_DRIVER);
  reg_write(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
  uint64_t offered = (uint64_t)reg_read(mmio, VIRTIO_MMIO_DEVICE_FEATURES)
                     << 32;
  reg_write(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
  return offered | reg_read(mmio, VIRTIO_MMIO_DEVICE_FEATURES);
}

int virtio_mmio_accept(struct virtio_mmio *mmio, uint64_t features) {
  reg_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
  reg_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
  reg_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
  reg_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
  set_status(mmio, VIRTIO_STATUS_FEATURES_OK);
  uint32_t status = reg_read(mmio, VIRTIO_MMIO_STATUS);
  return status & VIRTIO_STATUS_FEATURES_OK ? 0 : -VIRTIO_EIO;
}

uint32_t virtio_mmio_queue_size_max(struct virtio_mmio *mmio, uint32_t index) {
  reg_write(mmio, VIRTIO_MMIO_QUEUE_SEL, index);
  return reg_read(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX);
}

static void write_address(struct virtio_mmio *mmio, uint32_t low,
                          const void *ptr) {
  const struct virtio_platform *platform = mmio->platform;
  uint64_t addr = platform->bus_addr(platform->ctx, ptr, 1);
  reg_write(mmio, low, (uint32_t)addr);
  reg_write(mmio, low + 4, (uint32_t)(addr >> 32));
}

int virtio_mmio_queue_setup(struct virtio_mmio *mmio, uint32_t index,
                            const struct virtq *q) {
  reg_write(mmio, VIRTIO_MMIO_QUEUE_SEL, index);
  if (reg_read(mmio, VIRTIO_MMIO_QUEUE_READY) != 0) {
    return -VIRTIO_EIO;
  }
  if (reg_read(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX) < q->size) {
    return -VIRTIO_EINVAL;
  }
  reg_write(mmio, VIRTIO_MMIO_QUEUE_SIZE, q->size);
  write_address(mmio, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
  write_address(mmio, VIRTIO_MMIO_QUEUE_DRIVER_LOW, q->avail);
  write_address(mmio, VIRTIO_MMIO_QUEUE_DEVICE_LOW, q->used);
  reg_write(mmio, VIRTIO_MMIO_QUEUE_READY, 1);
  return 0;
}

void virtio_mmio_start(struct virtio_mmio *mmio) {
  set_status(mmio, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_mmio_fail(struct virtio_mmio *mmio) {
  set_status(mmio, VIRTIO_STATUS_FAILED);
}

void virtio_mmio_notify(struct virtio_mmio *mmio, uint32_t index) {
  reg_write(mmio, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

uint32_t virtio_mmio_interrupt(struct virtio_mmio *mmio) {
  uint32_t pending = reg_read(mmio, VIRTIO_MMIO_INTERRUPT_STATUS);
  if (pending) {
    reg_write(mmio, VIRTIO_MMIO_INTERRUPT_ACK, pending);
  }
  return pending;
}

bool virtio_mmio_needs_reset(struct virtio_mmio *mmio) {
  uint32_t status = reg_read(mmio, VIRTIO_MMIO_STATUS);
  return (status & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static void config_copy(struct virtio_mmio *mmio, uint32_t offset, void *to,
                        uint32_t len) {
  const struct virtio_platform *platform = mmio->platform;
  uint32_t reg = VIRTIO_MMIO_CONFIG + offset;
  uint8_t *bytes = to;
  if (len == 2) {
    uint16_t v = virtio_le16(platform->read16(platform->ctx, reg));
    memcpy(to, &v, sizeof v);
  } else if (len == 4) {
    uint32_t v = virtio_le32(platform->read32(platform->ctx, reg));
    memcpy(to, &v, sizeof v);
  } else {
    for (uint32_t i = 0; i < len; i++) {
      bytes[i] = platform->read8(platform->ctx, reg + i);
    }
  }
}

int virtio_mmio_config(struct virtio_mmio *mmio, uint32_t offset, void *to,
                       uint32_t len) {
  for (int i = 0; i < CONFIG_TRIES; i++) {
    uint32_t before = reg_read(mmio, VIRTIO_MMIO_CONFIG_GENERATION);
    config_copy(mmio, offset, to, len);
    if (reg_read(mmio, VIRTIO_MMIO_CONFIG_GENERATION) == before) {
      return 0;
    }
  }
  return -VIRTIO_EIO;
}
