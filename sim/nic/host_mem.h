/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory: one arena that the driver and the NIC share, with permissions.
 *
 * Bus address A is byte A - HOST_MEM_BASE of the arena. The CPU side uses plain
 * pointers. The device side (nic_model) may touch only bytes that were
 * registered with host_mem_allow(); any other access is answered with an AXI
 * error and recorded as a violation that names the access.
 *
 * The device reads whole 16-byte beats, so a read beat is legal when at least
 * one of its bytes is readable; a write is legal only when every byte that its
 * strobes select is writable.
 */
#ifndef PH_SIM_NIC_HOST_MEM_H
#define PH_SIM_NIC_HOST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* First bus address. Not 0, so that a null address is always a violation; above
 * 4 GiB, so that a lost high word is one too. */
#define HOST_MEM_BASE UINT64_C(0x100000000)

enum host_mem_access {
  HOST_MEM_READ = 1,  /* the device may read */
  HOST_MEM_WRITE = 2, /* the device may write */
};

/* The first access that was refused. */
struct host_mem_violation {
  uint64_t count; /* violations so far; the rest describes the first */
  uint64_t addr;  /* bus address of the beat */
  uint64_t cycle; /* NIC cycle of the beat */
  uint16_t strb;  /* bytes of the beat that were wanted */
  uint8_t id;     /* AXI ID: 0 transmit data, 1 transmit rings, 2 receive rings,
                     3 writes */
  bool write;
};

/* The arena; fields are private to sim/nic. */
struct host_mem {
  uint8_t *base;
  uint64_t size;
  uint16_t *readable; /* one bit per byte, one word per 16-byte beat */
  uint16_t *writable;
  bool is_view; /* the bytes are another's */
  struct host_mem_violation violation;
};

/* Makes a zeroed arena of `size` bytes (rounded up to 4096); nothing is allowed
 * to the device yet. Returns NULL without memory. The caller owns it and calls
 * host_mem_destroy() after every NIC that uses it is destroyed. */
struct host_mem *host_mem_create(size_t size);
void host_mem_destroy(struct host_mem *mem);

/* The same bytes at the same bus addresses for another NIC of the host, with
 * rights of its own, none at first. `of` keeps the bytes and must outlive the
 * last access. NULL without memory; host_mem_destroy() ends it. */
struct host_mem *host_mem_view(const struct host_mem *of);

/* Start of the arena for the CPU side; the arena owns it. 4096-byte aligned. */
void *host_mem_data(struct host_mem *mem);
size_t host_mem_size(const struct host_mem *mem);

/* Bus address of a pointer into the arena; 0 when it is outside. */
uint64_t host_mem_bus(const struct host_mem *mem, const void *ptr);

/* Pointer to `len` bytes at a bus address; NULL unless all lie in the arena. */
void *host_mem_ptr(struct host_mem *mem, uint64_t bus, size_t len);

/* Gives the device `access` (HOST_MEM_READ | HOST_MEM_WRITE) to exactly `len`
 * bytes at `bus`, replacing what was allowed there; 0 takes every right away.
 * Returns false, and does nothing, when the range is not in the arena. */
bool host_mem_allow(struct host_mem *mem, uint64_t bus, size_t len,
                    unsigned access);

/* The first violation since creation or the last clear; count 0 when none. */
const struct host_mem_violation *host_mem_violation(const struct host_mem *mem);
void host_mem_violation_clear(struct host_mem *mem);

#ifdef __cplusplus
}
#endif

#endif
