/* SPDX-License-Identifier: Apache-2.0 */
/* Line rate of the whole NIC through its rings: frames of one size, transmit,
 * receive, or both at once, against host memory of a given latency.
 *
 * The host is ideal: it costs no time, looks at the used rings every
 * POLL_CYCLES and gives each buffer back at once. Transmit frames are UDP in
 * IPv4 with random contents at random alignment, header and frame contiguous in
 * one descriptor, checksum requested; receive frames are the same with the
 * checksum in place. Every byte is compared. EVENT_IDX is on.
 *
 * Prints `nic_line_ratio_<size>_<direction> <ratio>`: for transmit the share of
 * the wire's time that frames fill, for receive the share of frames that arrive
 * when the wire is full; then the cycles per frame of each stage.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/nic/nic_model.h"

enum {
  RING = 256,
  SLOT = 9216 + 64, /* bytes between buffers */
  HDR = 12,         /* virtio_net_hdr */
  VARIANTS = 64,    /* prepared frames */
  POLL_CYCLES = 16,
  RX = 0,
  TX = 1,
};

/* Split ring layout (Virtio 1.2 2.7). */
struct desc {
  uint64_t addr;
  uint32_t len;
  uint16_t flags, next;
};
struct queue {
  struct desc *desc;
  uint16_t *avail; /* flags, idx, ring[RING], used_event */
  uint16_t *used;  /* flags, idx, {id, len} as 32-bit pairs, avail_event */
  uint8_t *buffers;
  uint16_t avail_idx, used_idx, kicked;
};

struct stage_counts {
  uint64_t beats[4], bursts[4]; /* by AXI ID */
};

struct bench {
  struct host_mem *mem;
  struct nic *nic;
  struct queue queue[2];
  uint32_t size;                    /* frame bytes with FCS */
  uint8_t given[VARIANTS][SLOT];    /* without FCS, checksum field = seed */
  uint8_t expected[VARIANTS][SLOT]; /* without FCS, checksum in place */
  uint64_t random;
  uint64_t sent, taken; /* transmit: posted, seen on the wire */
  uint64_t put, got;    /* receive: given to the wire, delivered or lost */
  uint64_t delivered;   /* receive: found in the used ring and compared */
  uint64_t first_start, last_end;
  uint8_t order[1024]; /* variants in flight to the wire, by sent mod 1024 */
  uint8_t rx_order[1024];
  struct stage_counts stages;
};

static uint32_t next_random(struct bench *b) {
  b->random = b->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(b->random >> 33);
}

static void fail(const struct bench *b, const char *what) {
  fprintf(stderr,
          "bench_nic: size %u: %s (sent %" PRIu64 " on the wire %" PRIu64
          ", put %" PRIu64 " got %" PRIu64 ", cycle %" PRIu64 ")\n",
          b->size, what, b->sent, b->taken, b->put, b->got, nic_cycle(b->nic));
  exit(1);
}

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum) {
  for (size_t i = 0; i < n; i++) {
    sum += (i & 1) ? p[i] : (uint32_t)p[i] << 8;
  }
  while (sum >> 16) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static void make_frames(struct bench *b) {
  uint32_t len = b->size - 4;
  for (int v = 0; v < VARIANTS; v++) {
    uint8_t *f = b->given[v];
    for (uint32_t i = 0; i < len; i++) {
      f[i] = (uint8_t)next_random(b);
    }
    static const uint8_t head[] = {2,    0x50, 0x48, 0, 0, 1, 2,   0x50,
                                   0x48, 0,    0,    2, 8, 0, 0x45};
    memcpy(f, head, sizeof head);
    put16(f + 16, len - 14);
    put16(f + 20, 0x4000);
    f[22] = 64;
    f[23] = 17;
    put16(f + 24, 0);
    put16(f + 24, ~sum16(f + 14, 20, 0));
    put16(f + 38, len - 34);
    /* The field holds the folded pseudo-header sum. */
    put16(f + 40, sum16(f + 26, 8, 17 + len - 34));
    memcpy(b->expected[v], f, len);
    uint32_t sum = ~sum16(f + 34, len - 34, 0) & 0xffff;
    put16(b->expected[v] + 40, sum ? sum : 0xffff);
  }
}

static void observe(void *user, uint64_t cycle, enum nic_event event,
                    uint64_t addr, uint64_t len, unsigned id) {
  (void)cycle;
  struct bench *b = user;
  if ((event == NIC_EVENT_READ || event == NIC_EVENT_WRITE) && id < 4) {
    b->stages.bursts[id]++;
    b->stages.beats[id] += (addr % 16 + len + 15) / 16;
  }
}

static void *take(uint8_t **at, size_t bytes) {
  void *p = *at;
  *at += (bytes + 63) / 64 * 64;
  return p;
}

static uint32_t rd(struct bench *b, uint32_t offset) {
  return nic_read(b->nic, offset, 4);
}
static void wr(struct bench *b, uint32_t offset, uint32_t value) {
  nic_write(b->nic, offset, value, 4);
}

static void wr64(struct bench *b, uint32_t offset, const void *p) {
  uint64_t bus = host_mem_bus(b->mem, p);
  wr(b, offset, (uint32_t)bus);
  wr(b, offset + 4, (uint32_t)(bus >> 32));
}

static void post(struct bench *b, int q, uint16_t slot, uint32_t offset,
                 uint32_t len) {
  struct queue *vq = &b->queue[q];
  vq->desc[slot].addr =
      host_mem_bus(b->mem, vq->buffers + (size_t)slot * SLOT) + offset;
  vq->desc[slot].len = len;
  vq->desc[slot].flags = q == RX ? 2 : 0;
  vq->avail[2 + vq->avail_idx % RING] = slot;
  vq->avail_idx++;
}

/* Publish what was posted; notify if the device asked for it. */
static void publish(struct bench *b, int q) {
  struct queue *vq = &b->queue[q];
  uint16_t old = vq->kicked;
  if (old == vq->avail_idx) {
    return;
  }
  vq->avail[1] = vq->avail_idx;
  uint16_t event = vq->used[2 + 4 * RING];
  vq->kicked = vq->avail_idx;
  if ((uint16_t)(vq->avail_idx - event - 1) < (uint16_t)(vq->avail_idx - old)) {
    wr(b, 0x050, (uint32_t)q);
  }
}

static void post_tx(struct bench *b, uint16_t slot) {
  uint32_t offset = next_random(b) % 64, v = next_random(b) % VARIANTS;
  uint8_t *p = b->queue[TX].buffers + (size_t)slot * SLOT + offset;
  static const uint8_t hdr[HDR] = {1, 0, 0, 0, 0, 0, 34, 0, 6, 0, 0, 0};
  memcpy(p, hdr, HDR);
  memcpy(p + HDR, b->given[v], b->size - 4);
  b->order[b->sent++ % 1024] = (uint8_t)v;
  post(b, TX, slot, offset, b->size - 4 + HDR);
}

static void post_rx(struct bench *b, uint16_t slot) {
  post(b, RX, slot, next_random(b) % 16, b->size + HDR + 32);
}

static void reap_tx(struct bench *b, uint64_t frames) {
  struct queue *vq = &b->queue[TX];
  const volatile uint16_t *used = vq->used;
  while (vq->used_idx != used[1]) {
    uint16_t slot = used[2 + 4 * (vq->used_idx % RING)];
    vq->used_idx++;
    if (b->sent < frames) {
      post_tx(b, slot);
    }
  }
  vq->avail[2 + RING] = (uint16_t)(vq->used_idx + RING / 2);
  publish(b, TX);
}

static void reap_rx(struct bench *b) {
  struct queue *vq = &b->queue[RX];
  const volatile uint16_t *used = vq->used;
  while (vq->used_idx != used[1]) {
    size_t at = 2 + 4 * (size_t)(vq->used_idx % RING);
    uint16_t slot = used[at];
    uint32_t len = used[at + 2] | (uint32_t)used[at + 3] << 16;
    const uint8_t *p = host_mem_ptr(b->mem, vq->desc[slot].addr, len);
    if (len != b->size - 4 + HDR || !p || p[0] != 2) {
      fail(b, "received a wrong length or an unverified checksum");
    }
    /* A frame may be lost when the host path is too slow: find which it is. */
    int tries = 0;
    while (memcmp(p + HDR, b->expected[b->rx_order[b->got % 1024]],
                  b->size - 4) != 0) {
      b->got++;
      if (++tries > 1000 || b->got >= b->put) {
        fail(b, "received bytes that were not sent");
      }
    }
    b->got++;
    b->delivered++;
    vq->used_idx++;
    post_rx(b, slot);
  }
  vq->avail[2 + RING] = (uint16_t)(vq->used_idx + RING / 2);
  publish(b, RX);
}

static void take_wire(struct bench *b) {
  struct nic_frame f;
  while (nic_frame_get(b->nic, &f)) {
    const uint8_t *e = b->expected[b->order[b->taken % 1024]];
    if (f.flags || f.len != b->size || memcmp(f.data, e, b->size - 4) != 0) {
      fail(b, "a wrong frame on the wire");
    }
    if (b->taken == 0) {
      b->first_start = f.start;
    }
    b->last_end = f.end;
    b->taken++;
  }
}

static void feed_wire(struct bench *b, uint64_t frames) {
  while (b->put < frames && nic_frames_pending(b->nic) < 8) {
    uint32_t v = next_random(b) % VARIANTS;
    b->rx_order[b->put++ % 1024] = (uint8_t)v;
    nic_frame_put(b->nic, b->expected[v], b->size - 4, 0, NIC_FRAME_ADD_FCS);
  }
}

static void start(struct bench *b, uint32_t latency) {
  size_t arena = (size_t)RING * SLOT * 2 + (1u << 20);
  b->mem = host_mem_create(arena);
  struct nic_config config = {.mem = b->mem, .observe = observe, .user = b};
  config.memory.read_latency = config.memory.write_latency = latency;
  b->nic = nic_create(&config);
  if (!b->mem || !b->nic) {
    fail(b, "out of memory");
  }
  if (!host_mem_allow(b->mem, HOST_MEM_BASE, arena,
                      HOST_MEM_READ | HOST_MEM_WRITE)) {
    fail(b, "host_mem_allow refused");
  }
  static const uint8_t mac[6] = {2, 0x50, 0x48, 0, 0, 1};
  nic_provision(b->nic, mac, 9000);
  uint8_t *at = host_mem_data(b->mem);
  wr(b, 0x070, 0);
  wr(b, 0x070, 1);
  wr(b, 0x070, 3);
  wr(b, 0x024, 1);
  wr(b, 0x020, 1); /* VERSION_1 */
  wr(b, 0x024, 0);
  wr(b, 0x020, 1u << 0 | 1u << 1 | 1u << 29); /* CSUM, GUEST_CSUM, EVENT_IDX */
  wr(b, 0x070, 11);
  if (!(rd(b, 0x070) & 8)) {
    fail(b, "features refused");
  }
  for (uint32_t q = 0; q < 2; q++) {
    struct queue *vq = &b->queue[q];
    vq->desc = take(&at, sizeof(struct desc) * RING);
    vq->avail = take(&at, 6 + 2 * RING);
    vq->used = take(&at, 6 + 8 * RING);
    wr(b, 0x030, q);
    wr(b, 0x038, RING);
    wr64(b, 0x080, vq->desc);
    wr64(b, 0x090, vq->avail);
    wr64(b, 0x0a0, vq->used);
    wr(b, 0x044, 1);
  }
  for (int q = 0; q < 2; q++) {
    b->queue[q].buffers = take(&at, (size_t)RING * SLOT);
  }
  wr(b, 0x070, 15);
}

static void acknowledge(struct bench *b) {
  if (nic_irq(b->nic)) {
    wr(b, 0x064, rd(b, 0x060));
  }
}

static void print_stages(const struct bench *b, const char *direction,
                         uint64_t frames, uint64_t cycles) {
  static const char *const name[] = {"transmit data", "transmit rings",
                                     "receive rings", "writes"};
  double n = (double)frames;
  printf("stage_%u_%s wire %.2f elapsed %.2f", b->size, direction,
         (b->size + 20) / 8.0, (double)cycles / n);
  for (int id = 0; id < 4; id++) {
    printf(", %s %.2f beats in %.2f bursts", name[id],
           (double)b->stages.beats[id] / n, (double)b->stages.bursts[id] / n);
  }
  printf("\n");
}

static void measure(uint32_t size, bool tx, bool rx, uint64_t frames,
                    uint32_t latency) {
  struct bench *b = calloc(1, sizeof *b);
  if (!b) {
    abort();
  }
  b->size = size;
  b->random = size * 2u + tx + 1;
  make_frames(b);
  start(b, latency);
  for (uint16_t i = 0; i < RING; i++) {
    post_rx(b, i);
  }
  publish(b, RX);
  nic_run(b->nic, 2000, 0);
  memset(&b->stages, 0, sizeof b->stages);
  uint64_t cycle0 = nic_cycle(b->nic);
  for (uint16_t i = 0; tx && i < RING && b->sent < frames; i++) {
    post_tx(b, i);
  }
  publish(b, TX);
  uint64_t limit = cycle0 + frames * (size + 20) / 8 * 8 + 100000;
  uint64_t quiet = 0;
  while ((tx && b->taken < frames) || (rx && quiet < 5000)) {
    if (rx) {
      feed_wire(b, frames);
      quiet = b->put == frames && !nic_frames_pending(b->nic)
                  ? quiet + POLL_CYCLES
                  : 0;
    }
    nic_run(b->nic, POLL_CYCLES, 0);
    take_wire(b);
    reap_tx(b, frames);
    reap_rx(b);
    acknowledge(b);
    if (nic_cycle(b->nic) > limit) {
      fail(b, "the NIC hangs");
    }
  }
  const char *direction = tx && rx ? "both" : tx ? "tx" : "rx";
  double ratio = 1;
  if (tx) {
    double ideal = (double)frames * (size + 20) - 20;
    double spent = (double)(b->last_end - b->first_start);
    ratio = ideal / spent;
  }
  if (rx) {
    double share = (double)b->delivered / (double)frames;
    ratio = share < ratio ? share : ratio;
  }
  if (host_mem_violation(b->mem)->count) {
    fail(b, "an access outside the given memory");
  }
  printf("nic_line_ratio_%u_%s %.4f\n", size, direction, ratio);
  print_stages(b, direction, frames, nic_cycle(b->nic) - cycle0);
  fflush(stdout);
  nic_destroy(b->nic);
  host_mem_destroy(b->mem);
  free(b);
}

int main(int argc, char **argv) {
  static const uint32_t sizes[] = {64, 128, 256, 512, 1024, 1518, 9018};
  uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
  uint32_t latency = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 78;
  if (cycles == 0 || latency == 0 || argc > 3) {
    fprintf(stderr,
            "bench_nic: usage: bench_nic [cycles per figure >= 1 "
            "[latency in cycles >= 1]]\n");
    return 2;
  }
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint64_t frames = cycles * 8 / (sizes[i] + 20) + 1;
    measure(sizes[i], true, false, frames, latency);
    measure(sizes[i], false, true, frames, latency);
    measure(sizes[i], true, true, frames, latency);
  }
  return 0;
}
