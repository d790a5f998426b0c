/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/virtq.h"

#include <stdatomic.h>

/* Index of a 16-bit word: flags and idx lead both rings. */
enum { RING_FLAGS = 0, RING_IDX = 1, RING_ENTRIES = 2 };
static const uint16_t NO_HEAD = UINT16_MAX;

/* --- Memory that the device shares --------------------------------------- */

/* Ring fields change under the driver's feet: each is read and written exactly
 * once per call, in one access. */
static uint16_t load16(const uint16_t *p) {
  return virtio_le16(*(const volatile uint16_t *)p);
}
static void store16(uint16_t *p, uint16_t v) {
  *(volatile uint16_t *)p = virtio_le16(v);
}
static uint32_t load32(const uint32_t *p) {
  return virtio_le32(*(const volatile uint32_t *)p);
}

static void virtq_wmb(const struct virtq *q) {
  if (q->platform->wmb) {
    q->platform->wmb(q->platform->ctx);
  } else {
    atomic_thread_fence(memory_order_release);
  }
}
static void virtq_rmb(const struct virtq *q) {
  if (q->platform->rmb) {
    q->platform->rmb(q->platform->ctx);
  } else {
    atomic_thread_fence(memory_order_acquire);
  }
}
static void virtq_mb(const struct virtq *q) {
  if (q->platform->mb) {
    q->platform->mb(q->platform->ctx);
  } else {
    atomic_thread_fence(memory_order_seq_cst);
  }
}

static uint16_t *used_event(const struct virtq *q) {
  return q->avail + RING_ENTRIES + q->size;
}
static uint16_t *avail_event(const struct virtq *q) {
  return q->used + RING_ENTRIES + 4 * (size_t)q->size;
}
/* Element `i` of the used ring: {id, len}. Aligned to 4 (2.7). */
static const uint32_t *used_elem(const struct virtq *q, uint16_t i) {
  return (const uint32_t *)(const void *)(q->used + RING_ENTRIES +
                                          4 * (size_t)i);
}

static size_t align_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

/* --- Layout --------------------------------------------------------------- */

static size_t avail_offset(uint16_t size) {
  return sizeof(struct virtq_desc) * (size_t)size;
}
static size_t used_offset(uint16_t size) {
  return align_up(avail_offset(size) + 6 + 2 * (size_t)size, 4);
}
static size_t tables_offset(uint16_t size) {
  return align_up(used_offset(size) + 6 + 8 * (size_t)size, VIRTQ_RING_ALIGN);
}

size_t virtq_ring_bytes(uint16_t size, uint16_t indirect_max) {
  return tables_offset(size) +
         sizeof(struct virtq_desc) * (size_t)size * indirect_max;
}

size_t virtq_state_bytes(uint16_t size) {
  return sizeof(struct virtq_slot) * (size_t)size;
}

int virtq_init(struct virtq *q, const struct virtq_config *config) {
  uint16_t size = config->size;
  uint8_t *ring = config->ring;
  if (size < 2 || size > VIRTQ_SIZE_MAX || (size & (size - 1)) != 0 || !ring ||
      (uintptr_t)ring % VIRTQ_RING_ALIGN != 0 || !config->state) {
    return -VIRTIO_EINVAL;
  }
  const struct virtio_platform *platform = config->platform;
  size_t bytes = virtq_ring_bytes(size, config->indirect_max);
  if (platform->bus_addr(platform->ctx, ring, bytes) == VIRTIO_BUS_NONE) {
    return -VIRTIO_EFAULT;
  }
  memset(ring, 0, bytes);
  *q = (struct virtq){
      .platform = platform,
      .desc = (struct virtq_desc *)(void *)ring,
      .tables = (struct virtq_desc *)(void *)(ring + tables_offset(size)),
      .avail = (uint16_t *)(void *)(ring + avail_offset(size)),
      .used = (uint16_t *)(void *)(ring + used_offset(size)),
      .slots = config->state,
      .size = size,
      .indirect_max = config->indirect_max,
      .event_idx = config->event_idx,
      .num_free = size,
      .pending = NO_HEAD,
  };
  for (uint16_t i = 0; i < size; i++) {
    q->slots[i] = (struct virtq_slot){.next = (uint16_t)(i + 1)};
  }
  return 0;
}

/* --- Offering ------------------------------------------------------------- */

/* Fill the descriptor table `table`, an indirect one (entries in order) or the
 * ring's (entries along the free list). */
static int fill_chain(struct virtq *q, struct virtq_desc *table, bool indirect,
                      const struct virtq_buf *bufs, uint16_t readable,
                      uint16_t count) {
  const struct virtio_platform *platform = q->platform;
  uint16_t at = indirect ? 0 : q->free_head;
  for (uint16_t i = 0; i < count; i++) {
    uint64_t addr = platform->bus_addr(platform->ctx, bufs[i].ptr, bufs[i].len);
    if (addr == VIRTIO_BUS_NONE || bufs[i].len == 0) {
      return -VIRTIO_EFAULT;
    }
    bool last = i + 1 == count;
    uint16_t next = indirect ? (uint16_t)(at + 1) : q->slots[at].next;
    uint16_t flags = (uint16_t)((i >= readable ? VIRTQ_DESC_F_WRITE : 0) |
                                (last ? 0 : VIRTQ_DESC_F_NEXT));
    table[at] = (struct virtq_desc){
        .addr = virtio_le64(addr),
        .len = virtio_le32(bufs[i].len),
        .flags = virtio_le16(flags),
        .next = virtio_le16(last ? 0 : next),
    };
    at = next;
  }
  return 0;
}

static void sync_chain(const struct virtq *q, const struct virtq_buf *bufs,
                       uint16_t readable, uint16_t count) {
  const struct virtio_platform *platform = q->platform;
  for (uint16_t i = 0; platform->sync_for_device && i < count; i++) {
    platform->sync_for_device(platform->ctx, bufs[i].ptr, bufs[i].len,
                              i >= readable);
  }
}

int virtq_add(struct virtq *q, const struct virtq_buf *bufs, uint16_t readable,
              uint16_t writable, void *cookie) {
  uint32_t count = (uint32_t)readable + writable;
  if (q->broken) {
    return -VIRTIO_EIO;
  }
  if (count == 0 || count > q->size) {
    return -VIRTIO_EINVAL;
  }
  bool indirect = count > 1 && count <= q->indirect_max;
  uint16_t need = indirect ? 1 : (uint16_t)count;
  if (q->num_free < need) {
    return -VIRTIO_EAGAIN;
  }
  uint16_t head = q->free_head;
  struct virtq_desc *table =
      indirect ? q->tables + (size_t)head * q->indirect_max : q->desc;
  int error = fill_chain(q, table, indirect, bufs, readable, (uint16_t)count);
  if (error) {
    return error;
  }
  if (indirect) {
    uint32_t bytes = count * (uint32_t)sizeof(struct virtq_desc);
    /* The table lies in the ring memory, which is known to be visible. */
    uint64_t addr = q->platform->bus_addr(q->platform->ctx, table, bytes);
    q->desc[head] = (struct virtq_desc){
        .addr = virtio_le64(addr),
        .len = virtio_le32(bytes),
        .flags = virtio_le16(VIRTQ_DESC_F_INDIRECT),
    };
  }
  sync_chain(q, bufs, readable, (uint16_t)count);

  struct virtq_slot *slot = &q->slots[head];
  uint16_t last = head;
  for (uint16_t i = 1; i < need; i++) {
    last = q->slots[last].next;
  }
  q->free_head = q->slots[last].next;
  q->num_free = (uint16_t)(q->num_free - need);
  slot->cookie = cookie;
  slot->count = need;
  slot->published = false;
  slot->writable = 0;
  for (uint32_t i = readable; i < count; i++) {
    slot->writable += bufs[i].len;
  }
  slot->pending = q->pending;
  q->pending = head;
  store16(q->avail + RING_ENTRIES + (q->avail_idx & (q->size - 1)), head);
  q->avail_idx++;
  return 0;
}

bool virtq_publish(struct virtq *q) {
  uint16_t added = (uint16_t)(q->avail_idx - q->published_idx);
  if (added == 0 || q->broken) {
    return false;
  }
  for (uint16_t head = q->pending; head != NO_HEAD;) {
    q->slots[head].published = true;
    head = q->slots[head].pending;
  }
  q->pending = NO_HEAD;
  q->in_flight = (uint16_t)(q->in_flight + added);
  q->published_idx = q->avail_idx;
  /* Descriptors and ring entries before the index (2.7.13.2.1). */
  virtq_wmb(q);
  store16(q->avail + RING_IDX, q->avail_idx);
  /* The index before the read of avail_event or the flags, and before the
   * notification: else the device sleeps and nobody wakes it (2.7.13.4.1). */
  virtq_mb(q);
  if (q->event_idx) {
    uint16_t event = load16(avail_event(q));
    return (uint16_t)(q->avail_idx - event - 1) < added;
  }
  return !(load16(q->used + RING_FLAGS) & VIRTQ_USED_F_NO_NOTIFY);
}

/* --- Taking back ---------------------------------------------------------- */

static int virtq_break(struct virtq *q, const char *why) {
  q->broken = why;
  return -VIRTIO_EIO;
}

/* Put the chain of `head` on the free list, along the private links. */
static void free_chain(struct virtq *q, uint16_t head) {
  struct virtq_slot *slot = &q->slots[head];
  uint16_t last = head;
  for (uint16_t i = 1; i < slot->count; i++) {
    last = q->slots[last].next;
  }
  q->slots[last].next = q->free_head;
  q->free_head = head;
  q->num_free = (uint16_t)(q->num_free + slot->count);
  slot->count = 0;
  slot->published = false;
  slot->cookie = NULL;
}

int virtq_get_used(struct virtq *q, struct virtq_used *used) {
  if (q->broken) {
    return -VIRTIO_EIO;
  }
  uint16_t ready = (uint16_t)(load16(q->used + RING_IDX) - q->used_idx);
  if (ready == 0) {
    return 0;
  }
  /* Protects against elements that nobody wrote. */
  if (ready > q->in_flight) {
    return virtq_break(q, "used index ran ahead of what was available");
  }
  /* The index before the element that it announces (2.7.14). */
  virtq_rmb(q);
  const uint32_t *elem = used_elem(q, q->used_idx & (q->size - 1));
  uint32_t id = load32(elem);
  uint32_t len = load32(elem + 1);
  /* Protects `slots`. */
  if (id >= q->size) {
    return virtq_break(q, "used id out of range");
  }
  struct virtq_slot *slot = &q->slots[id];
  /* Protects a buffer from having two owners. */
  if (!slot->published) {
    return virtq_break(q, "used id is not outstanding");
  }
  /* Protects whoever reads the buffer from bytes beyond it. Devices are known
   * to write any length for chains that they only read, which harms nobody. */
  if (slot->writable && len > slot->writable) {
    return virtq_break(q, "used length exceeds the buffer");
  }
  used->cookie = slot->cookie;
  used->len = len;
  free_chain(q, (uint16_t)id);
  q->used_idx++;
  q->in_flight--;
  return 1;
}

void virtq_interrupts_off(struct virtq *q) {
  if (q->event_idx) {
    /* As far away as it can be: 65535 entries from now. */
    store16(used_event(q), (uint16_t)(q->used_idx - 1));
  } else {
    store16(q->avail + RING_FLAGS, VIRTQ_AVAIL_F_NO_INTERRUPT);
  }
}

bool virtq_interrupts_on(struct virtq *q, uint16_t after) {
  if (q->broken) {
    return false;
  }
  if (q->event_idx) {
    store16(used_event(q), (uint16_t)(q->used_idx + after));
  } else {
    store16(q->avail + RING_FLAGS, 0);
    after = 0;
  }
  /* The request before the second look at the index (2.7.7.1). */
  virtq_mb(q);
  return (uint16_t)(load16(q->used + RING_IDX) - q->used_idx) > after;
}

bool virtq_detach(struct virtq *q, void **cookie) {
  for (uint16_t head = 0; head < q->size; head++) {
    if (q->slots[head].count != 0) {
      *cookie = q->slots[head].cookie;
      free_chain(q, head);
      return true;
    }
  }
  q->in_flight = 0;
  q->pending = NO_HEAD;
  return false;
}
