/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver needs from the machine that it runs on.
 *
 * One `struct virtio_platform` describes one device's register window and how
 * that device sees memory. The driver keeps a pointer to it and has no globals,
 * so one program may drive any number of devices.
 */
#ifndef PH_DRIVER_PLATFORM_H
#define PH_DRIVER_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The only library functions used; the environment supplies them. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int value, size_t n);

/* -ffreestanding makes each of them a call; the compiler's own knowledge of
 * them turns small constant sizes into moves. A file that defines them (the
 * environment's) takes the macros off first, with #undef. */
#define memcpy(...) __builtin_memcpy(__VA_ARGS__)
#define memset(...) __builtin_memset(__VA_ARGS__)

#define VIRTIO_MUST_USE __attribute__((warn_unused_result))

/* Errors are returned negated. The numbers are Linux's. */
enum virtio_error {
  VIRTIO_EIO = 5,     /* the device misbehaved; it is marked broken */
  VIRTIO_EAGAIN = 11, /* the ring is full */
  VIRTIO_ENOMEM = 12, /* the memory given is too small or misaligned */
  VIRTIO_EFAULT = 14, /* a buffer that the device can't see */
  VIRTIO_ENODEV = 19, /* no such device behind these registers */
  VIRTIO_EINVAL = 22, /* an argument is wrong */
};

/* bus_addr() of memory that the device can't see. */
#define VIRTIO_BUS_NONE UINT64_MAX

struct virtio_platform {
  void *ctx; /* handed to every function below */

  /* Registers, `offset` bytes into the window. Only the configuration space
   * (offset >= 0x100) is read in 8 or 16 bits (Virtio 1.2 4.2.2.2). A register
   * write must not be overtaken by later ones. */
  uint8_t (*read8)(void *ctx, uint32_t offset);
  uint16_t (*read16)(void *ctx, uint32_t offset);
  uint32_t (*read32)(void *ctx, uint32_t offset);
  void (*write32)(void *ctx, uint32_t offset, uint32_t value);

  /* The address by which the device reaches `len` bytes at `ptr`, contiguous;
   * VIRTIO_BUS_NONE if it can't. */
  uint64_t (*bus_addr)(void *ctx, const void *ptr, size_t len);

  /* NULL on machines whose caches are coherent with DMA (the simulator uses
   * them to know what the device may touch). `for_device`: the device owns
   * these bytes from now on, and writes them if `device_writes`. `for_cpu`: the
   * device has finished writing them. Rings are never announced here: give them
   * memory that needs no maintenance. */
  void (*sync_for_device)(void *ctx, const void *ptr, size_t len,
                          bool device_writes);
  void (*sync_for_cpu)(void *ctx, const void *ptr, size_t len);

  /* Order memory accesses as the *device* sees them, and memory before register
   * accesses. NULL: a C11 fence, right for a device in the processors'
   * coherence domain (ORDER_PLATFORM, Virtio 1.2 6). */
  void (*wmb)(void *ctx);
  void (*rmb)(void *ctx);
  void (*mb)(void *ctx);
};

/* Virtio 1.2 1.4: every multi-byte field is little-endian. The swap is its own
 * inverse. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint16_t virtio_le16(uint16_t v) {
  return __builtin_bswap16(v);
}
static inline uint32_t virtio_le32(uint32_t v) {
  return __builtin_bswap32(v);
}
static inline uint64_t virtio_le64(uint64_t v) {
  return __builtin_bswap64(v);
}
#else
static inline uint16_t virtio_le16(uint16_t v) {
  return v;
}
static inline uint32_t virtio_le32(uint32_t v) {
  return v;
}
static inline uint64_t virtio_le64(uint64_t v) {
  return v;
}
#endif

#endif
