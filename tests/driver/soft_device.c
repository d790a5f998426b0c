/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/driver/soft_device.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the three above and stddef, stdint before it */
#include <cmocka.h>
#include <string.h>

/* Feature and descriptor bits, from the specification. */
enum { F_INDIRECT = 28, F_EVENT_IDX = 29, F_VERSION_1 = 32 };
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };

static bool accepted(const struct soft_device *dev, int bit) {
  return dev->accepted >> bit & 1;
}

/* `len` bytes at a bus address. */
static uint8_t *at(struct soft_device *dev, uint64_t bus, uint64_t len) {
  if (bus < SOFT_BUS_BASE || bus - SOFT_BUS_BASE > dev->arena_size ||
      len > dev->arena_size - (bus - SOFT_BUS_BASE)) {
    fail_msg("DMA outside the arena: %#llx + %llu", (unsigned long long)bus,
             (unsigned long long)len);
  }
  return dev->arena + (bus - SOFT_BUS_BASE);
}

static uint64_t get(struct soft_device *dev, uint64_t bus, unsigned bytes) {
  const uint8_t *p = at(dev, bus, bytes);
  uint64_t v = 0;
  for (unsigned i = bytes; i-- > 0;) {
    v = v << 8 | p[i];
  }
  return v;
}

static void put(struct soft_device *dev, uint64_t bus, unsigned bytes,
                uint64_t v) {
  uint8_t *p = at(dev, bus, bytes);
  for (unsigned i = 0; i < bytes; i++) {
    p[i] = (uint8_t)(v >> 8 * i);
  }
}

/* --- Registers ------------------------------------------------------------ */

static struct soft_queue *selected(struct soft_device *dev) {
  assert_in_range(dev->queue_sel, 0, SOFT_QUEUES - 1);
  return &dev->queue[dev->queue_sel];
}

static uint32_t read32(void *ctx, uint32_t offset) {
  struct soft_device *dev = ctx;
  switch (offset) {
    case 0x000:
      return 0x74726976;
    case 0x004:
      return 2;
    case 0x008:
      return 1;
    case 0x010:
      return dev->features_sel > 1
                 ? 0
                 : (uint32_t)(dev->offered >> 32 * dev->features_sel);
    case 0x034:
      return dev->queue_sel < SOFT_QUEUES ? dev->queue_max : 0;
    case 0x044:
      return selected(dev)->ready;
    case 0x060:
      return dev->interrupt;
    case 0x070:
      return dev->deaf_to_reset && dev->status == 0 ? 1 : dev->status;
    case 0x0fc:
      return dev->generation;
    default:
      if (offset >= 0x100 && offset % 4 == 0 && offset < 0x118) {
        uint32_t v;
        memcpy(&v, dev->config + (offset - 0x100), 4);
        return v;
      }
      fail_msg("read of register %#x", offset);
      return 0;
  }
}

static uint8_t read8(void *ctx, uint32_t offset) {
  struct soft_device *dev = ctx;
  assert_in_range(offset, 0x100, 0x117);
  return dev->config[offset - 0x100];
}

static uint16_t read16(void *ctx, uint32_t offset) {
  assert_int_equal(offset % 2, 0);
  return (uint16_t)(read8(ctx, offset) | read8(ctx, offset + 1) << 8);
}

/* 3.1.1: each step only after the one before. */
static void write_status(struct soft_device *dev, uint32_t value) {
  if (value == 0) {
    memset(dev->queue, 0, sizeof dev->queue);
    dev->status = dev->interrupt = 0;
    dev->accepted = 0;
    return;
  }
  assert_int_equal(value & dev->status & ~64u, dev->status & ~64u);
  if (value & 4) {
    assert_true(dev->status & 8);
  }
  if ((value & 8) && !(dev->status & 8) &&
      ((dev->accepted & ~dev->offered) || !accepted(dev, F_VERSION_1))) {
    value &= ~8u;
  }
  dev->status = value;
}

static void write_queue(struct soft_device *dev, uint32_t offset,
                        uint32_t value) {
  struct soft_queue *q = selected(dev);
  uint64_t *field = (offset & 0xf0) == 0x80   ? &q->desc
                    : (offset & 0xf0) == 0x90 ? &q->driver
                                              : &q->device;
  assert_int_equal(q->ready, 0);
  if (offset == 0x038) {
    q->size = value;
  } else if (offset == 0x044) {
    assert_int_equal(value, 1);
    assert_in_range(q->size, 1, dev->queue_max);
    assert_int_equal(q->size & (q->size - 1), 0);
    /* 2.7: alignment and visibility of the three areas. */
    assert_int_equal(q->desc % 16 | q->driver % 2 | q->device % 4, 0);
    at(dev, q->desc, 16ull * q->size);
    at(dev, q->driver, 6ull + 2ull * q->size);
    at(dev, q->device, 6ull + 8ull * q->size);
    q->ready = 1;
  } else if (offset & 4) {
    *field = (*field & 0xffffffff) | (uint64_t)value << 32;
  } else {
    *field = (*field & ~UINT64_C(0xffffffff)) | value;
  }
}

static void write32(void *ctx, uint32_t offset, uint32_t value) {
  struct soft_device *dev = ctx;
  switch (offset) {
    case 0x014:
      dev->features_sel = value;
      return;
    case 0x024:
      dev->driver_sel = value;
      return;
    case 0x020:
      assert_in_range(dev->driver_sel, 0, 1);
      assert_false(dev->status & 8);
      dev->accepted |= (uint64_t)value << 32 * dev->driver_sel;
      return;
    case 0x030:
      dev->queue_sel = value;
      return;
    case 0x050:
      /* 3.1.1: no notification before DRIVER_OK. */
      assert_true(dev->status & 4);
      assert_in_range(value, 0, SOFT_QUEUES - 1);
      dev->notifications[value]++;
      dev->queue[value].awake = true;
      return;
    case 0x064:
      dev->interrupt &= ~value;
      return;
    case 0x070:
      write_status(dev, value);
      return;
    default:
      write_queue(dev, offset, value);
  }
}

static uint64_t bus_addr(void *ctx, const void *ptr, size_t len) {
  const struct soft_device *dev = ctx;
  const uint8_t *p = ptr;
  if (p < dev->arena || p + len > dev->arena + dev->arena_size) {
    return VIRTIO_BUS_NONE;
  }
  return SOFT_BUS_BASE + (uint64_t)(p - dev->arena);
}

static void sync_for_device(void *ctx, const void *ptr, size_t len,
                            bool device_writes) {
  const struct soft_device *dev = ctx;
  if (dev->allowed) {
    memset(dev->allowed + ((const uint8_t *)ptr - dev->arena),
           device_writes ? 2 : 1, len);
  }
}

static void sync_for_cpu(void *ctx, const void *ptr, size_t len) {
  const struct soft_device *dev = ctx;
  if (dev->allowed) {
    memset(dev->allowed + ((const uint8_t *)ptr - dev->arena), 0, len);
  }
}

void soft_device_init(struct soft_device *dev, void *arena, size_t size) {
  static const uint8_t mac[6] = {2, 0x50, 0x48, 0, 0, 7};
  memset(dev, 0, sizeof *dev);
  dev->arena = arena;
  dev->arena_size = size;
  dev->queue_max = 1024;
  dev->offered = UINT64_C(1) << 63 | UINT64_C(1) << 56 | UINT64_C(0x13) << 32 |
                 3u << 28 | 1u << 16 | 1u << 13 | 1u << 11 | 1u << 5 | 1u << 3 |
                 3u;
  memcpy(dev->config, mac, sizeof mac);
  dev->config[6] = 1;            /* LINK_UP */
  dev->config[10] = 1500 & 0xff; /* mtu */
  dev->config[11] = 1500 >> 8;
  dev->config[12] = 10000 & 0xff; /* speed */
  dev->config[13] = 10000 >> 8;
  dev->config[16] = 1; /* full duplex */
  dev->platform = (struct virtio_platform){
      .ctx = dev,
      .read8 = read8,
      .read16 = read16,
      .read32 = read32,
      .write32 = write32,
      .bus_addr = bus_addr,
      .sync_for_device = sync_for_device,
      .sync_for_cpu = sync_for_cpu,
  };
}

/* --- Rings ---------------------------------------------------------------- */

static void raise(struct soft_device *dev, uint32_t bit) {
  dev->interrupts += !(dev->interrupt & bit);
  dev->interrupt |= bit;
}

/* Nothing available: ask for a notification, look once more (2.7.10.1). */
static bool sleep_or_go_on(struct soft_device *dev, struct soft_queue *q) {
  if (accepted(dev, F_EVENT_IDX)) {
    put(dev, q->device + 4 + 8ull * q->size, 2, q->avail_idx);
  }
  if ((uint16_t)get(dev, q->driver + 2, 2) != q->avail_idx) {
    return true;
  }
  q->awake = false;
  return false;
}

static void add_buf(struct soft_device *dev, struct soft_chain *chain,
                    uint64_t addr, uint32_t len, bool write) {
  assert_true(chain->count < SOFT_CHAIN_MAX);
  assert_true(len > 0);
  struct soft_buf *buf = &chain->bufs[chain->count++];
  *buf = (struct soft_buf){at(dev, addr, len), len, write};
  for (uint32_t i = 0; dev->allowed && i < len; i++) {
    assert_int_equal(dev->allowed[buf->ptr - dev->arena + i], write ? 2 : 1);
  }
  /* 2.7.4.2: readable ones first. */
  assert_true(chain->count == 1 || write || !buf[-1].write);
}

static void walk(struct soft_device *dev, struct soft_chain *chain,
                 uint64_t table, uint32_t entries, uint32_t index) {
  for (uint32_t steps = 0;; steps++) {
    assert_true(steps < entries);
    assert_true(index < entries);
    uint64_t d = table + 16ull * index;
    uint64_t addr = get(dev, d, 8);
    uint32_t len = (uint32_t)get(dev, d + 8, 4);
    uint32_t flags = (uint32_t)get(dev, d + 12, 2);
    if (flags & D_INDIRECT) {
      assert_true(accepted(dev, F_INDIRECT));
      assert_false(chain->indirect || (flags & D_NEXT));
      assert_true(len > 0 && len % 16 == 0);
      chain->indirect = true;
      walk(dev, chain, addr, len / 16, 0);
      return;
    }
    add_buf(dev, chain, addr, len, flags & D_WRITE);
    if (!(flags & D_NEXT)) {
      return;
    }
    index = (uint32_t)get(dev, d + 14, 2);
  }
}

bool soft_take(struct soft_device *dev, int queue, struct soft_chain *chain) {
  struct soft_queue *q = &dev->queue[queue];
  if (!(dev->status & 4) || !q->ready || !q->awake) {
    return false;
  }
  uint16_t idx = (uint16_t)get(dev, q->driver + 2, 2);
  if (idx == q->avail_idx && !sleep_or_go_on(dev, q)) {
    return false;
  }
  idx = (uint16_t)get(dev, q->driver + 2, 2);
  assert_in_range((uint16_t)(idx - q->avail_idx), 1, q->size);
  uint64_t entry = q->driver + 4 + 2ull * (q->avail_idx % q->size);
  memset(chain, 0, sizeof *chain);
  chain->head = (uint16_t)get(dev, entry, 2);
  walk(dev, chain, q->desc, q->size, chain->head);
  assert_in_range(chain->count, 1, q->size); /* 2.7.5.3.1 */
  q->avail_idx++;
  return true;
}

static bool wants_interrupt(struct soft_device *dev, const struct soft_queue *q,
                            uint16_t old) {
  if (accepted(dev, F_EVENT_IDX)) {
    uint16_t event = (uint16_t)get(dev, q->driver + 4 + 2ull * q->size, 2);
    return (uint16_t)(q->used_idx - event - 1) < (uint16_t)(q->used_idx - old);
  }
  return !(get(dev, q->driver, 2) & 1);
}

static void put_used(struct soft_device *dev, struct soft_queue *q, uint32_t id,
                     uint32_t len) {
  uint64_t elem = q->device + 4 + 8ull * (q->used_idx % q->size);
  put(dev, elem, 4, id);
  put(dev, elem + 4, 4, len);
  q->used_idx++;
}

void soft_use(struct soft_device *dev, int queue,
              const struct soft_chain *chain, uint32_t len) {
  struct soft_queue *q = &dev->queue[queue];
  enum soft_lie lie = dev->lie;
  uint16_t old = q->used_idx;
  uint32_t id = chain->head;
  uint32_t space = 0;
  for (uint32_t i = 0; i < chain->count; i++) {
    space += chain->bufs[i].write ? chain->bufs[i].len : 0;
  }
  id = lie == SOFT_ID_OUT_OF_RANGE ? q->size : id;
  id = lie == SOFT_ID_HUGE ? 0xffff0000u | id : id;
  id = lie == SOFT_ID_NOT_OUTSTANDING ? (id + q->size / 2) % q->size : id;
  len = lie == SOFT_LEN_TOO_LONG ? space + 1 : len;
  len = lie == SOFT_LEN_MAX ? UINT32_MAX : len;
  len = lie == SOFT_LEN_BELOW_HEADER ? 11 : len;
  put_used(dev, q, id, len);
  if (lie == SOFT_ID_TWICE) {
    put_used(dev, q, id, len);
  }
  uint32_t jump = lie == SOFT_INDEX_JUMP ? q->size : 0;
  jump = lie == SOFT_INDEX_BACK ? 0xfffe : jump;
  q->used_idx = (uint16_t)(q->used_idx + jump);
  put(dev, q->device + 2, 2, q->used_idx);
  dev->lie = SOFT_HONEST;
  dev->used[queue]++;
  if (wants_interrupt(dev, q, old)) {
    raise(dev, 1);
  }
}

uint32_t soft_gather(const struct soft_chain *chain, uint8_t *to,
                     uint32_t max) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < chain->count && !chain->bufs[i].write; i++) {
    assert_true(chain->bufs[i].len <= max - n);
    memcpy(to + n, chain->bufs[i].ptr, chain->bufs[i].len);
    n += chain->bufs[i].len;
  }
  return n;
}

bool soft_receive(struct soft_device *dev, const uint8_t hdr[12],
                  const uint8_t *frame, uint32_t len) {
  struct soft_chain chain;
  if (!soft_take(dev, SOFT_RX, &chain)) {
    return false;
  }
  uint32_t done = 0;
  for (uint32_t i = 0; i < chain.count; i++) {
    assert_true(chain.bufs[i].write);
    for (uint32_t k = 0; k < chain.bufs[i].len && done < len + 12; k++) {
      chain.bufs[i].ptr[k] = done < 12 ? hdr[done] : frame[done - 12];
      done++;
    }
  }
  soft_use(dev, SOFT_RX, &chain, done);
  return true;
}

void soft_set_link(struct soft_device *dev, bool up) {
  dev->config[6] = up;
  dev->generation++;
  raise(dev, 2);
}

void soft_need_reset(struct soft_device *dev) {
  dev->status |= 64;
  raise(dev, 2);
}
