/* SPDX-License-Identifier: Apache-2.0 */
/* The driver against the RTL, without a stack: the wire's end is tied to its
 * beginning, so that what is sent comes back. Memory answers late, out of order
 * and with stalls; the device may touch a buffer only while it owns it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "driver/virtio_net.h"
#include "sim/nic/nic_model.h"

enum {
  RING = 64,
  RX_AT = 1 << 20,
  RX_BUFFER = 2048,
  TX_AT = 2 << 20,
  TX_SLOT = 1 << 17,
  TX_SLOTS = 16,
  ARENA = TX_AT + TX_SLOTS * TX_SLOT,
  FRAME_MAX = 1514,
  ORDER = 1024, /* frames between transmit and receive */
};

/* One frame in flight. */
struct slot {
  bool busy;
  uint8_t *bytes; /* TX_SLOT bytes of the arena */
};

struct expected {
  uint8_t bytes[FRAME_MAX];
  uint32_t len;
};

struct bench {
  struct host_mem *mem;
  struct nic *nic;
  struct virtio_net net;
  struct virtio_platform platform;
  void *state;
  struct slot slots[TX_SLOTS];
  struct expected *expected; /* ORDER, in the order of transmit */
  uint32_t sent, received, reaped;
  uint32_t csum_valid; /* received frames that the device vouches for */
  uint8_t *stream;     /* TCP payload received, in order */
  uint32_t stream_len, segments;
  uint64_t random;
};

static struct bench *B;
static const uint8_t MAC[6] = {2, 0x50, 0x48, 0, 0, 1};

static uint32_t rnd(uint32_t below) {
  B->random = B->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(B->random >> 33) % below;
}

static void fill(uint8_t *p, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    p[i] = (uint8_t)rnd(256);
  }
}

/* --- Platform --------------------------------------------------------------
 */

static uint8_t read8(void *ctx, uint32_t offset) {
  return (uint8_t)nic_read(((struct bench *)ctx)->nic, offset, 1);
}
static uint16_t read16(void *ctx, uint32_t offset) {
  return (uint16_t)nic_read(((struct bench *)ctx)->nic, offset, 2);
}
static uint32_t read32(void *ctx, uint32_t offset) {
  return nic_read(((struct bench *)ctx)->nic, offset, 4);
}
static void write32(void *ctx, uint32_t offset, uint32_t value) {
  nic_write(((struct bench *)ctx)->nic, offset, value, 4);
}
static uint64_t bus_addr(void *ctx, const void *ptr, size_t len) {
  const struct bench *b = ctx;
  uint64_t addr = host_mem_bus(b->mem, ptr);
  (void)len;
  return addr ? addr : VIRTIO_BUS_NONE;
}
static void allow(const struct bench *b, const void *ptr, size_t len,
                  unsigned access) {
  assert_true(host_mem_allow(b->mem, host_mem_bus(b->mem, ptr), len, access));
}
static void sync_for_device(void *ctx, const void *ptr, size_t len,
                            bool device_writes) {
  allow(ctx, ptr, len, device_writes ? HOST_MEM_WRITE : HOST_MEM_READ);
}
static void sync_for_cpu(void *ctx, const void *ptr, size_t len) {
  allow(ctx, ptr, len, 0);
}

/* --- Life ------------------------------------------------------------------
 */

static uint8_t *rx_buffer(uint32_t i) {
  return (uint8_t *)host_mem_data(B->mem) + RX_AT + (size_t)i * RX_BUFFER;
}

static void start_device(void) {
  assert_int_equal(virtio_net_start(&B->net), 0);
  for (uint32_t i = 0; i < RING; i++) {
    assert_int_equal(virtio_net_post(&B->net, rx_buffer(i), rx_buffer(i)), 0);
  }
  virtio_net_kick(&B->net);
}

static void start(uint64_t features) {
  const struct nic_config nic = {.mem = B->mem,
                                 .memory = {.read_latency = 78,
                                            .write_latency = 78,
                                            .jitter = 30,
                                            .stall = 30,
                                            .seed = features}};
  B->nic = nic_create(&nic);
  assert_non_null(B->nic);
  nic_provision(B->nic, MAC, 1500);
  B->platform = (struct virtio_platform){.ctx = B,
                                         .read8 = read8,
                                         .read16 = read16,
                                         .read32 = read32,
                                         .write32 = write32,
                                         .bus_addr = bus_addr,
                                         .sync_for_device = sync_for_device,
                                         .sync_for_cpu = sync_for_cpu};
  const struct virtio_net_config config = {.features = features,
                                           .rx_size = RING,
                                           .tx_size = RING,
                                           .rx_buffer_size = RX_BUFFER,
                                           .header_slots = true};
  struct virtio_net_memory need;
  virtio_net_memory(&config, &need);
  assert_in_range(need.device_bytes, 1, RX_AT);
  B->state = aligned_alloc(64, need.state_bytes);
  assert_non_null(B->state);
  void *rings = host_mem_data(B->mem);
  allow(B, rings, need.device_bytes, HOST_MEM_READ | HOST_MEM_WRITE);
  assert_int_equal(
      virtio_net_init(&B->net, &B->platform, &config, rings, B->state), 0);
  start_device();
}

static int setup(void **unused) {
  (void)unused;
  B = calloc(1, sizeof *B);
  assert_non_null(B);
  B->mem = host_mem_create(ARENA);
  B->expected = calloc(ORDER, sizeof *B->expected);
  B->stream = calloc(1, 1 << 17);
  assert_non_null(B->mem);
  assert_non_null(B->expected);
  assert_non_null(B->stream);
  for (uint32_t i = 0; i < TX_SLOTS; i++) {
    B->slots[i].bytes =
        (uint8_t *)host_mem_data(B->mem) + TX_AT + (size_t)i * TX_SLOT;
  }
  B->random = 11;
  return 0;
}

static int teardown(void **unused) {
  (void)unused;
  const struct host_mem_violation *violation = host_mem_violation(B->mem);
  if (violation->count) {
    print_error("%s of AXI id %u at %#llx outside what the device owns\n",
                violation->write ? "write" : "read", violation->id,
                (unsigned long long)(violation->addr - HOST_MEM_BASE));
  }
  bool clean = violation->count == 0;
  nic_destroy(B->nic);
  host_mem_destroy(B->mem);
  free(B->expected);
  free(B->stream);
  free(B->state);
  free(B);
  return clean ? 0 : -1;
}

/* --- Traffic ----------------------------------------------------------------
 */

static struct slot *free_slot(void) {
  for (uint32_t i = 0; i < TX_SLOTS; i++) {
    if (!B->slots[i].busy) {
      return &B->slots[i];
    }
  }
  return NULL;
}

/* Queue a frame of random shape that no offload looks at. False: full. */
static bool send_random(void) {
  struct slot *slot = free_slot();
  if (!slot) {
    return false;
  }
  uint32_t frags = rnd(4) ? rnd(3) : rnd(VIRTIO_NET_MAX_FRAGS + 1);
  uint8_t *head = slot->bytes + 32 + rnd(16), *at = head + 256;
  uint32_t head_len = 60 + rnd(100), len = head_len;
  struct expected *want = &B->expected[B->sent % ORDER];
  struct virtq_buf bufs[VIRTIO_NET_MAX_FRAGS];
  fill(head, head_len);
  memcpy(head, MAC, 6);
  head[12] = 0x88; /* IEEE 802 local experimental */
  head[13] = 0xb5;
  memcpy(want->bytes, head, head_len);
  for (uint32_t i = 0; i < frags; i++) {
    at += rnd(40);
    bufs[i] = (struct virtq_buf){at, 1 + rnd(1350 / (frags + 1))};
    fill(at, bufs[i].len);
    memcpy(want->bytes + len, at, bufs[i].len);
    len += bufs[i].len;
    at += bufs[i].len;
  }
  want->len = len;
  const struct virtio_net_frame frame = {.head = head,
                                         .head_len = head_len,
                                         .headroom = rnd(2),
                                         .frags = bufs,
                                         .frag_count = (uint16_t)frags,
                                         .cookie = slot};
  int error = virtio_net_transmit(&B->net, &frame);
  if (error) {
    assert_int_equal(error, -VIRTIO_EAGAIN);
    return false;
  }
  slot->busy = true;
  B->sent++;
  return true;
}

static void reap(void) {
  void *cookie;
  while (virtio_net_reap(&B->net, &cookie) > 0) {
    struct slot *slot = cookie;
    allow(B, slot->bytes, TX_SLOT, 0); /* any later read is a violation */
    memset(slot->bytes, 0xdd, TX_SLOT);
    slot->busy = false;
    B->reaped++;
  }
}

static const uint8_t *buffer_of(void *cookie) {
  return cookie;
}

/* TCP segments are gathered, other frames compared. */
static void take_frame(const uint8_t *frame, uint32_t len) {
  if (frame[12] == 8 && frame[13] == 0) {
    uint32_t headers = 34 + (frame[46] >> 4) * 4u;
    uint32_t total = 14 + ((uint32_t)frame[16] << 8 | frame[17]);
    assert_in_range(total, headers, len);
    memcpy(B->stream + B->stream_len, frame + headers, total - headers);
    B->stream_len += total - headers;
    B->segments++;
    return;
  }
  const struct expected *want = &B->expected[B->received++ % ORDER];
  assert_int_equal(len, want->len);
  assert_memory_equal(frame, want->bytes, len);
}

static void harvest(void) {
  struct virtio_net_received r;
  while (virtio_net_harvest(&B->net, buffer_of, &r) > 0) {
    assert_false(r.bad);
    B->csum_valid += r.csum_valid;
    take_frame((uint8_t *)r.cookie + VIRTIO_NET_HDR_LEN, r.len);
    assert_int_equal(virtio_net_post(&B->net, r.cookie, r.cookie), 0);
  }
}

/* The wire, then the processor, which works only when interrupted. */
static void turn(void) {
  struct nic_frame frame;
  nic_run(B->nic, 400, NIC_STOP_IRQ);
  while (nic_frame_get(B->nic, &frame)) {
    assert_int_equal(frame.flags, 0);
    nic_frame_put(B->nic, frame.data, frame.len, 0, 0);
  }
  if (!nic_irq(B->nic)) {
    return;
  }
  bool more = true;
  (void)virtio_net_interrupt(&B->net);
  while (more) {
    virtio_net_interrupts_off(&B->net);
    reap();
    harvest();
    virtio_net_kick(&B->net);
    uint16_t in_flight = virtio_net_tx_in_flight(&B->net);
    more = virtio_net_interrupts_on(&B->net,
                                    in_flight ? (uint16_t)(in_flight - 1) : 0);
  }
  assert_null(B->net.broken);
}

static void exchange(uint32_t frames) {
  uint32_t end = B->sent + frames;
  for (uint32_t idle = 0; B->received < end || B->reaped < end; idle++) {
    uint32_t before = B->received + B->reaped;
    while (B->sent < end && B->sent - B->received < 2 * TX_SLOTS &&
           send_random()) {
    }
    virtio_net_kick(&B->net);
    turn();
    idle = B->received + B->reaped == before ? idle : 0;
    assert_in_range(idle, 0, 200); /* a wake-up was lost */
  }
}

static void running_random_frames_come_back_whole(void **unused) {
  (void)unused;
  start(UINT64_MAX);
  exchange(3000);
  /* The device is woken now and then, not once per frame. */
  assert_in_range(B->net.stats.tx_notifications, 1, 1500);
}

static void running_chains_without_event_idx_come_back_whole(void **unused) {
  (void)unused;
  start(~(virtio_bit(VIRTIO_F_INDIRECT_DESC) | virtio_bit(VIRTIO_F_EVENT_IDX)));
  exchange(1500);
}

/* EVIDENCE: Virtio 1.2 2.4.1: after the reset no DMA, no buffer lost. */
static void running_reset_amid_traffic_gives_all_back(void **unused) {
  (void)unused;
  start(UINT64_MAX);
  for (int round = 0; round < 30; round++) {
    while (send_random()) {
    }
    virtio_net_kick(&B->net);
    nic_run(B->nic, 1 + rnd(3000), 0);
    assert_int_equal(virtio_net_stop(&B->net), 0);
    void *cookie;
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      ((struct slot *)cookie)->busy = false;
    }
    for (uint32_t i = 0; i < TX_SLOTS; i++) {
      assert_false(B->slots[i].busy);
      allow(B, B->slots[i].bytes, TX_SLOT, 0);
    }
    uint32_t buffers = 0;
    while (virtio_net_reclaim(&B->net, VIRTIO_NET_QUEUE_RX, &cookie)) {
      allow(B, cookie, RX_BUFFER, 0);
      buffers++;
    }
    assert_int_equal(buffers, RING);
    /* What was on the wire is forgotten, so that the next life starts clean. */
    struct nic_frame frame;
    nic_run(B->nic, 20000, 0);
    while (nic_frame_get(B->nic, &frame)) {
    }
    start_device();
    B->received = B->reaped = B->sent;
    exchange(20);
  }
}

/* --- Offloads ---------------------------------------------------------------
 */

static uint32_t sum(const uint8_t *p, uint32_t len, uint32_t start) {
  for (uint32_t i = 0; i < len; i++) {
    start += i & 1 ? p[i] : (uint32_t)p[i] << 8;
  }
  while (start >> 16) {
    start = (start & 0xffff) + (start >> 16);
  }
  return start;
}

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

/* Ethernet, IPv4 and TCP headers of `payload` bytes; the checksum field holds
 * the pseudo-header's sum. */
static void tcp_headers(uint8_t *h, uint32_t payload) {
  memset(h, 0, 54);
  memcpy(h, MAC, 6);
  memcpy(h + 6, MAC, 6);
  h[12] = 8;
  h[14] = 0x45;
  put16(h + 16, 40 + payload);
  put16(h + 18, 0xfff0); /* identification, wraps */
  h[20] = 0x40;
  h[22] = 64;
  h[23] = 6;
  memcpy(h + 26, (const uint8_t[8]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
  put16(h + 24, ~sum(h + 14, 20, 0) & 0xffff);
  put16(h + 34, 1000);
  put16(h + 36, 2000);
  memset(h + 38, 0xff, 4); /* sequence number, wraps */
  h[46] = 5 << 4;
  h[47] = 0x18; /* PSH, ACK */
  put16(h + 48, 65535);
  put16(h + 50, sum(h + 26, 8, 6 + 20 + payload));
}

/* EVIDENCE: Virtio 1.2 5.1.6.2: the device cuts, sums, and on the way back
 * vouches for what it verified. */
static void running_super_segments_are_cut_and_verified(void **unused) {
  (void)unused;
  start(UINT64_MAX);
  static const uint32_t sizes[] = {1, 1460, 1461, 8192, 30000, 64000};
  for (uint32_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
    struct slot *slot = free_slot();
    assert_non_null(slot);
    uint8_t *head = slot->bytes + 64, *payload = slot->bytes + 4096 + rnd(64);
    struct virtq_buf bufs[VIRTIO_NET_MAX_FRAGS];
    uint32_t size = sizes[k], count = 0;
    tcp_headers(head, size);
    fill(payload, size);
    for (uint32_t at = 0; at < size; at += 4096) {
      uint32_t len = size - at < 4096 ? size - at : 4096;
      bufs[count++] = (struct virtq_buf){payload + at, len};
    }
    const struct virtio_net_frame frame = {
        .head = head,
        .head_len = 54,
        .headroom = true,
        .frags = bufs,
        .frag_count = (uint16_t)count,
        .needs_csum = true,
        .csum_start = 34,
        .csum_offset = 16,
        .gso_type = size > 1460 ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
        .gso_size = 1460,
        .hdr_len = 54,
        .cookie = slot};
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, payload, size);
    B->stream_len = B->segments = B->csum_valid = 0;
    uint32_t reaped = B->reaped;
    assert_int_equal(virtio_net_transmit(&B->net, &frame), 0);
    slot->busy = true;
    virtio_net_kick(&B->net);
    for (int i = 0; i < 400 && (B->stream_len < size || B->reaped == reaped);
         i++) {
      turn();
    }
    assert_int_equal(B->stream_len, size);
    assert_memory_equal(B->stream, copy, size);
    assert_int_equal(B->segments, (size + 1459) / 1460);
    assert_int_equal(B->csum_valid, B->segments);
    assert_int_equal(B->reaped, reaped + 1);
    free(copy);
  }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(running_random_frames_come_back_whole),
      TEST(running_chains_without_event_idx_come_back_whole),
      TEST(running_reset_amid_traffic_gives_all_back),
      TEST(running_super_segments_are_cut_and_verified),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
