/* SPDX-License-Identifier: Apache-2.0 */
/* The driver on bare metal: a RISC-V hart in machine mode, QEMU's virtio-net
 * device, no operating system and no library. Finds the gateway by ARP, then
 * sends it ICMP echoes of every size and compares the answers.
 *
 * What a port needs is all here: five register and address functions, memory,
 * four library functions.
 */
#include "driver/virtio_net.h"
#include "tests/interop/baremetal/machine.h"

enum {
  SLOTS = 0x10001000,
  SLOT_SIZE = 0x1000,
  SLOT_COUNT = 8,
  RING = 16,
  BUFFER = 2048,
  ECHOES = 3000,
  PATIENCE = 20000000, /* turns of a loop */
};

static uint8_t device_memory[64 << 10] __attribute__((aligned(4096)));
static uint8_t state_memory[16 << 10] __attribute__((aligned(64)));
static uint8_t rx_buffers[RING][BUFFER] __attribute__((aligned(64)));
static uint8_t tx_buffers[RING][BUFFER] __attribute__((aligned(64)));
static bool tx_busy[RING];
static struct virtio_net net;
static uint8_t gateway_mac[6];

static const uint8_t OUR_IP[4] = {10, 0, 2, 15}, GATEWAY_IP[4] = {10, 0, 2, 2};

/* --- Platform ------------------------------------------------------------- */

static uint8_t read8(void *ctx, uint32_t offset) {
  return ((volatile uint8_t *)ctx)[offset];
}
static uint16_t read16(void *ctx, uint32_t offset) {
  return *(volatile uint16_t *)((uint8_t *)ctx + offset);
}
static uint32_t read32(void *ctx, uint32_t offset) {
  return *(volatile uint32_t *)((uint8_t *)ctx + offset);
}
static void write32(void *ctx, uint32_t offset, uint32_t value) {
  *(volatile uint32_t *)((uint8_t *)ctx + offset) = value;
}
static uint64_t bus_addr(void *ctx, const void *ptr, size_t len) {
  (void)ctx;
  (void)len;
  return (uintptr_t)ptr; /* memory and bus addresses are the same here */
}

/* Register accesses take part in the order: `fence iorw, iorw`. */
static void fence(void *ctx) {
  (void)ctx;
  __asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* --- Network -------------------------------------------------------------- */

static const uint8_t *buffer_of(void *cookie) {
  return cookie;
}

static void bring_up(struct virtio_platform *platform) {
  const struct virtio_net_config config = {
      .features = UINT64_MAX,
      .rx_size = RING,
      .tx_size = RING,
      .rx_buffer_size = BUFFER,
      .header_slots = true,
  };
  struct virtio_net_memory need;
  virtio_net_memory(&config, &need);
  if (need.device_bytes > sizeof device_memory ||
      need.state_bytes > sizeof state_memory) {
    machine_finish("FAIL: more memory needed", false);
  }
  bool found = false;
  for (uintptr_t slot = 0; slot < SLOT_COUNT && !found; slot++) {
    platform->ctx = (void *)(SLOTS + slot * SLOT_SIZE);
    found = virtio_net_init(&net, platform, &config, device_memory,
                            state_memory) == 0;
  }
  if (!found) {
    machine_finish("FAIL: no virtio network device", false);
  }
  if (virtio_net_start(&net)) {
    machine_finish("FAIL: the handshake", false);
  }
  for (int i = 0; i < RING; i++) {
    if (virtio_net_post(&net, rx_buffers[i], rx_buffers[i])) {
      machine_finish("FAIL: post", false);
    }
  }
  virtio_net_kick(&net);
}

/* A free transmit buffer, with room for the header in front of the frame. */
static uint8_t *get_tx(void) {
  for (int i = 0; i < RING; i++) {
    if (!tx_busy[i]) {
      tx_busy[i] = true;
      return tx_buffers[i] + VIRTIO_NET_HDR_LEN;
    }
  }
  return NULL;
}

static void send(uint8_t *frame_bytes, uint32_t len, bool headroom) {
  const struct virtio_net_frame frame = {
      .head = frame_bytes,
      .head_len = len,
      .headroom = headroom,
      .cookie = frame_bytes,
  };
  if (virtio_net_transmit(&net, &frame)) {
    machine_finish("FAIL: transmit", false);
  }
  virtio_net_kick(&net);
}

static void reap(void) {
  void *cookie;
  while (virtio_net_reap(&net, &cookie) > 0) {
    tx_busy[((uint8_t *)cookie - tx_buffers[0]) / BUFFER] = false;
  }
}

/* Wait for one frame; give it to `accept`, which says whether it was the one.
 * Works only when interrupted: a lost wake-up shows. */
static void await(bool (*accept)(const uint8_t *frame, uint32_t len,
                                 const uint8_t *sent, uint32_t sent_len),
                  const uint8_t *sent, uint32_t sent_len) {
  bool done = false;
  for (uint32_t turn = 0; !done && turn < PATIENCE; turn++) {
    if (!virtio_net_interrupt(&net)) {
      continue;
    }
    do {
      virtio_net_interrupts_off(&net);
      reap();
      struct virtio_net_received r;
      while (virtio_net_harvest(&net, buffer_of, &r) > 0) {
        const uint8_t *frame = (uint8_t *)r.cookie + VIRTIO_NET_HDR_LEN;
        done |= !r.bad && accept(frame, r.len, sent, sent_len);
        if (virtio_net_post(&net, r.cookie, r.cookie)) {
          machine_finish("FAIL: post", false);
        }
      }
      virtio_net_kick(&net);
    } while (virtio_net_interrupts_on(&net, 0));
  }
  if (net.broken) {
    machine_finish(net.broken, false);
  }
  if (!done) {
    machine_finish("FAIL: no answer", false);
  }
}

static uint8_t *ethernet(uint8_t *frame, const uint8_t *to, uint16_t type) {
  memcpy(frame, to, 6);
  memcpy(frame + 6, net.mac, 6);
  frame[12] = (uint8_t)(type >> 8);
  frame[13] = (uint8_t)type;
  return frame + 14;
}

static bool is_arp_reply(const uint8_t *frame, uint32_t len,
                         const uint8_t *sent, uint32_t sent_len) {
  (void)sent;
  (void)sent_len;
  if (len < 42 || frame[12] != 8 || frame[13] != 6 || frame[21] != 2 ||
      !machine_same(frame + 28, GATEWAY_IP, 4)) {
    return false;
  }
  memcpy(gateway_mac, frame + 22, 6);
  return true;
}

static void resolve_gateway(void) {
  static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
  static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
  uint8_t *frame = get_tx();
  uint8_t *arp = ethernet(frame, broadcast, 0x0806);
  memcpy(arp, request, 8);
  memcpy(arp + 8, net.mac, 6);
  memcpy(arp + 14, OUR_IP, 4);
  memset(arp + 18, 0, 6);
  memcpy(arp + 24, GATEWAY_IP, 4);
  memset(arp + 28, 0, 18);
  send(frame, 60, true);
  await(is_arp_reply, NULL, 0);
}

static void put_sum(uint8_t *at, const uint8_t *from, uint32_t len) {
  uint32_t sum = 0;
  at[0] = at[1] = 0;
  for (uint32_t i = 0; i < len; i++) {
    sum += i & 1 ? from[i] : (uint32_t)from[i] << 8;
  }
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16));
  at[0] = (uint8_t)(sum >> 8);
  at[1] = (uint8_t)sum;
}

/* The answer to our echo: same identifier, number and data. */
static bool is_echo_reply(const uint8_t *frame, uint32_t len,
                          const uint8_t *sent, uint32_t sent_len) {
  return len >= sent_len && frame[12] == 8 && frame[13] == 0 &&
         frame[23] == 1 && frame[34] == 0 &&
         machine_same(frame + 38, sent + 38, sent_len - 38);
}

static void echo(uint16_t number, uint32_t data) {
  static uint8_t sent[BUFFER];
  uint8_t *frame = get_tx();
  if (!frame) {
    machine_finish("FAIL: transmit buffers do not come back", false);
  }
  uint8_t *ip = ethernet(frame, gateway_mac, 0x0800);
  uint32_t total = 28 + data;
  memset(ip, 0, 28);
  ip[0] = 0x45;
  ip[2] = (uint8_t)(total >> 8);
  ip[3] = (uint8_t)total;
  ip[8] = 64;
  ip[9] = 1;
  memcpy(ip + 12, OUR_IP, 4);
  memcpy(ip + 16, GATEWAY_IP, 4);
  put_sum(ip + 10, ip, 20);
  ip[20] = 8; /* echo */
  ip[24] = 0x50;
  ip[26] = (uint8_t)(number >> 8);
  ip[27] = (uint8_t)number;
  for (uint32_t i = 0; i < data; i++) {
    ip[28 + i] = (uint8_t)(number + i * 3 + (i >> 8));
  }
  put_sum(ip + 22, ip + 20, 8 + data);
  memcpy(sent, frame, 14 + total);
  send(frame, 14 + total, number & 1);
  await(is_echo_reply, sent, 14 + total);
}

int main(void) {
  struct virtio_platform platform = {
      .read8 = read8,
      .read16 = read16,
      .read32 = read32,
      .write32 = write32,
      .bus_addr = bus_addr,
      .wmb = fence,
      .rmb = fence,
      .mb = fence,
  };
  bring_up(&platform);
  resolve_gateway();
  for (uint16_t i = 0; i < ECHOES; i++) {
    echo(i, (uint32_t)i % 1473);
    if (i == ECHOES / 2) {
      /* A second life of the same device. */
      void *cookie;
      if (virtio_net_stop(&net)) {
        machine_finish("FAIL: reset", false);
      }
      while (virtio_net_reclaim(&net, VIRTIO_NET_QUEUE_RX, &cookie) ||
             virtio_net_reclaim(&net, VIRTIO_NET_QUEUE_TX, &cookie)) {
      }
      memset(tx_busy, 0, sizeof tx_busy);
      bring_up(&platform);
    }
  }
  machine_print("echoes ");
  machine_print_number(ECHOES);
  machine_print("; since the reset: notifications ");
  machine_print_number(net.stats.tx_notifications + net.stats.rx_notifications);
  machine_print(", interrupts ");
  machine_print_number(net.stats.interrupts);
  machine_print(net.features >> VIRTIO_F_EVENT_IDX & 1 ? ", EVENT_IDX" : "");
  machine_print(net.features >> VIRTIO_F_INDIRECT_DESC & 1 ? ", INDIRECT_DESC"
                                                           : "");
  machine_finish("\nPASS", true);
}
