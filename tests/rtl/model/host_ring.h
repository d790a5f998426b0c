/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of a split virtqueue, written from Virtio 1.2 2.7, on top
 * of axi_mem. Descriptors come from a free list that is shuffled, so chains
 * jump about the table. Memory that the device may touch gets its permissions
 * when a chain is posted and loses them when it comes back. */
#ifndef PH_TESTS_RTL_MODEL_HOST_RING_H
#define PH_TESTS_RTL_MODEL_HOST_RING_H

#include "tests/rtl/model/axi_mem.h"

enum { HOST_RING_ELEMS = 64 };
enum host_ring_mode {
  HOST_RING_DIRECT,
  HOST_RING_INDIRECT,
  HOST_RING_MIXED /* one direct descriptor, then INDIRECT (2.7.5.3.2) */
};

struct host_elem {
  uint64_t addr;
  uint32_t len;
};

struct host_chain {
  bool posted;
  unsigned count;
  struct host_elem elem[HOST_RING_ELEMS];
  uint16_t descs[HOST_RING_ELEMS], desc_count;
  uint64_t table; /* of the indirect form */
  uint64_t user;
};

struct host_ring {
  struct axi_mem *mem;
  struct tb_rand rand;
  uint16_t size;
  bool writes;    /* the device writes into the buffers */
  bool event_idx; /* VIRTIO_F_EVENT_IDX */
  uint64_t desc, avail, used, tables;
  uint16_t avail_idx, used_idx; /* ours: posted, seen */
  uint16_t kicked_idx;          /* avail_idx at the last look at avail_event */
  uint16_t *free;
  unsigned free_count, posted;
  struct host_chain *chain; /* by head */
  uint64_t kicks;
};

/* Rings with the smallest alignment that 2.7 allows. */
void host_ring_init(struct host_ring *r, struct axi_mem *mem, uint16_t size,
                    bool writes, bool event_idx, uint64_t seed);
void host_ring_free(struct host_ring *r);
/* Head, or -1 when the descriptors do not suffice. */
int host_ring_add(struct host_ring *r, const struct host_elem *elems,
                  unsigned count, enum host_ring_mode mode, uint64_t user);
/* Writes avail.idx; true when the device is to be notified. */
bool host_ring_publish(struct host_ring *r);
/* Takes one used element; false when there is none. Fails the test when the
 * id is not a posted head. `user` is what was given to host_ring_add. */
bool host_ring_get(struct host_ring *r, uint16_t *head, uint32_t *len,
                   uint64_t *user);
/* Asks for an interrupt with the next used element (EVENT_IDX), or sets
 * VIRTQ_AVAIL_F_NO_INTERRUPT; true when an element already waits. */
bool host_ring_enable_irq(struct host_ring *r, bool on);
/* Raw: descriptor i of a table. */
void host_ring_write_desc(struct axi_mem *m, uint64_t table, unsigned i,
                          uint64_t addr, uint32_t len, uint16_t flags,
                          uint16_t next);
/* Raw: puts a head into the available ring. */
void host_ring_post_head(struct host_ring *r, uint16_t head);

#endif
