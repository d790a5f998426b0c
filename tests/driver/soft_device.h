/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio-mmio network device in C, written from the specification without a
 * look at the driver, for tests of the driver.
 *
 * It sees memory only by bus address and only inside its arena, works only
 * after a notification, sleeps as Virtio 1.2 2.7 allows, and may lie in every
 * way of `enum soft_lie`. Any breach of the rules by the driver fails the test.
 */
#ifndef PH_TESTS_DRIVER_SOFT_DEVICE_H
#define PH_TESTS_DRIVER_SOFT_DEVICE_H

#include "driver/platform.h"

enum { SOFT_QUEUES = 2, SOFT_RX = 0, SOFT_TX = 1, SOFT_CHAIN_MAX = 64 };

/* Bus address of the arena's first byte. */
#define SOFT_BUS_BASE UINT64_C(0x4500000000)

/* What the next used element says instead of the truth. */
enum soft_lie {
  SOFT_HONEST,
  SOFT_ID_OUT_OF_RANGE,
  SOFT_ID_HUGE,
  SOFT_ID_NOT_OUTSTANDING,
  SOFT_ID_TWICE,
  SOFT_LEN_TOO_LONG,
  SOFT_LEN_MAX,
  SOFT_LEN_BELOW_HEADER,
  SOFT_INDEX_JUMP,
  SOFT_INDEX_BACK,
};

struct soft_queue {
  uint32_t size, ready;
  uint64_t desc, driver, device;
  uint16_t avail_idx; /* next available entry to take */
  uint16_t used_idx;  /* next used entry to write */
  bool awake;         /* was notified, has not gone to sleep */
};

/* One buffer of a chain as the device sees it. */
struct soft_buf {
  uint8_t *ptr;
  uint32_t len;
  bool write;
};

struct soft_chain {
  uint16_t head;
  uint32_t count;
  bool indirect;
  struct soft_buf bufs[SOFT_CHAIN_MAX];
};

struct soft_device {
  uint8_t *arena;
  size_t arena_size;
  uint64_t offered; /* features */
  uint64_t accepted;
  uint32_t queue_max; /* QueueSizeMax of both queues */
  uint8_t config[24]; /* struct virtio_net_config */
  uint32_t generation;
  uint32_t status, features_sel, driver_sel, queue_sel, interrupt;
  bool deaf_to_reset; /* Status never reads 0 */
  struct soft_queue queue[SOFT_QUEUES];
  uint8_t
      *allowed; /* per byte of the arena: 1 the device may read, 2 write; NULL:
                   everything. Kept by the platform's sync functions. */
  enum soft_lie lie; /* of the next used element; then honest again */
  uint64_t notifications[SOFT_QUEUES], used[SOFT_QUEUES];
  uint64_t interrupts;
  struct virtio_platform platform;
};

/* A device with every feature that the driver knows, on `size` zeroed bytes. */
void soft_device_init(struct soft_device *dev, void *arena, size_t size);

/* Take the next available chain of a queue. False if asleep, or nothing there
 * (it then went to sleep). */
bool soft_take(struct soft_device *dev, int queue, struct soft_chain *chain);

/* Give a chain back with `len` bytes written, and interrupt if asked. */
void soft_use(struct soft_device *dev, int queue,
              const struct soft_chain *chain, uint32_t len);

/* Bytes of the device-readable part of a chain, gathered. */
uint32_t soft_gather(const struct soft_chain *chain, uint8_t *to, uint32_t max);

/* Receive: take a buffer, write header and frame, use it. False: no buffer. */
bool soft_receive(struct soft_device *dev, const uint8_t hdr[12],
                  const uint8_t *frame, uint32_t len);

/* Change the configuration and interrupt. */
void soft_set_link(struct soft_device *dev, bool up);
void soft_need_reset(struct soft_device *dev);

#endif
