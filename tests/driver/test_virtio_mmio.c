/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up, refusals, interrupts and reset as traces of the register bus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <string.h>

#include "driver/virtio_net.h"
#include "tests/driver/mock_bus.h"

static struct mock_bus bus;
static struct virtio_net net;
static _Alignas(64) uint8_t state[1 << 14];

/* Every feature that the driver knows: low and high word. */
enum { ALL_LOW = 0x3001282b, ALL_HIGH_INT = 0x1000013 };
static const uint32_t ALL_HIGH = 0x81000013;

/* Where the rings of RX_SIZE and TX_SIZE entries lie in the arena: descriptors,
 * then the driver area, then the device area (Virtio 1.2 2.7). */
enum { RX_SIZE = 8, TX_SIZE = 4 };
enum {
  RX_DRIVER = 16 * RX_SIZE,
  RX_DEVICE = RX_DRIVER + 24, /* 6 + 2 * 8 = 22, aligned to 4 */
};

static const struct virtio_net_config CONFIG = {
    .features = UINT64_MAX,
    .rx_size = RX_SIZE,
    .tx_size = TX_SIZE,
    .rx_buffer_size = 2048,
    .header_slots = true,
};

static int setup(void **unused) {
  (void)unused;
  mock_bus_init(&bus, __FILE__);
  memset(bus.arena, 0, sizeof bus.arena);
  return 0;
}

static void expect_probe(uint32_t magic, uint32_t version, uint32_t id) {
  EXPECT_READ32(0x000, magic);
  EXPECT_READ32(0x004, version);
  EXPECT_READ32(0x008, id);
}

static void init(const struct virtio_net_config *config) {
  struct virtio_net_memory need;
  virtio_net_memory(config, &need);
  assert_in_range(need.device_bytes, 1, MOCK_ARENA);
  assert_in_range(need.state_bytes, 1, sizeof state);
  expect_probe(0x74726976, 2, 1);
  assert_int_equal(
      virtio_net_init(&net, &bus.platform, config, bus.arena, state), 0);
  mock_bus_done(&bus);
}

static void expect_offer(uint32_t low, uint32_t high) {
  EXPECT_WRITE32(0x070, 0); /* reset */
  EXPECT_READ32(0x070, 0);
  EXPECT_WRITE32(0x070, 1); /* ACKNOWLEDGE */
  EXPECT_WRITE32(0x070, 3); /* DRIVER */
  EXPECT_WRITE32(0x014, 1);
  EXPECT_READ32(0x010, high);
  EXPECT_WRITE32(0x014, 0);
  EXPECT_READ32(0x010, low);
}

static void expect_mtu(uint16_t mtu) {
  EXPECT_READ32(0x0fc, 5);
  EXPECT_READ16(0x10a, mtu);
  EXPECT_READ32(0x0fc, 5);
}

static void expect_accept(uint32_t low, uint32_t high, uint32_t status) {
  EXPECT_WRITE32(0x024, 1);
  EXPECT_WRITE32(0x020, high);
  EXPECT_WRITE32(0x024, 0);
  EXPECT_WRITE32(0x020, low);
  EXPECT_WRITE32(0x070, 0xb); /* FEATURES_OK */
  EXPECT_READ32(0x070, status);
}

static void expect_config(void) {
  EXPECT_READ32(0x0fc, 5); /* MAC, byte by byte */
  static const uint8_t mac[6] = {2, 0x50, 0x48, 0, 0, 9};
  for (uint32_t i = 0; i < 6; i++) {
    EXPECT_READ8(0x100 + i, mac[i]);
  }
  EXPECT_READ32(0x0fc, 5);
  EXPECT_READ32(0x0fc, 5); /* speed */
  EXPECT_READ32(0x10c, 10000);
  EXPECT_READ32(0x0fc, 5);
  EXPECT_READ32(0x0fc, 5); /* status: link up */
  EXPECT_READ16(0x106, 1);
  EXPECT_READ32(0x0fc, 5);
}

static void expect_queue(uint32_t index, uint32_t max, uint32_t size,
                         uint32_t desc, uint32_t driver, uint32_t device) {
  EXPECT_WRITE32(0x030, index);
  EXPECT_READ32(0x034, max);
  EXPECT_WRITE32(0x030, index);
  EXPECT_READ32(0x044, 0);
  EXPECT_READ32(0x034, max);
  EXPECT_WRITE32(0x038, size);
  EXPECT_WRITE32(0x080, desc);
  EXPECT_WRITE32(0x084, 2); /* MOCK_BUS_BASE lies at 8 GiB */
  EXPECT_WRITE32(0x090, driver);
  EXPECT_WRITE32(0x094, 2);
  EXPECT_WRITE32(0x0a0, device);
  EXPECT_WRITE32(0x0a4, 2);
  EXPECT_WRITE32(0x044, 1);
}

/* The least device: VERSION_1 alone, no configuration to read. */
static void start_plain(void) {
  init(&CONFIG);
  expect_offer(0, 1);
  expect_accept(0, 1, 0xb);
  expect_queue(0, 256, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 256, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf); /* DRIVER_OK */
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
}

/* EVIDENCE: Virtio 1.2 3.1.1, 4.2.3 */
static void probed_start_walks_the_handshake(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(ALL_LOW, ALL_HIGH);
  expect_mtu(1500);
  expect_accept(ALL_LOW, ALL_HIGH, 0xb);
  expect_config();
  expect_queue(0, 1024, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 1024, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
  static const uint8_t mac[6] = {2, 0x50, 0x48, 0, 0, 9};
  assert_memory_equal(net.mac, mac, 6);
  assert_int_equal(net.mtu, 1500);
  assert_int_equal(net.speed, 10000);
  assert_true(net.link_up);
}

static void probed_unknown_features_are_not_accepted(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(0xffffffff & ~(1u << 3 | 1u << 5 | 1u << 16), 0x7fffffff);
  expect_accept(ALL_LOW & ~(1u << 3 | 1u << 5 | 1u << 16), ALL_HIGH_INT, 0xb);
  expect_queue(0, 64, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 64, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
  assert_false(net.has_mac);
}

/* EVIDENCE: Virtio 1.2 5.1.3.1 */
static void probed_tso_without_csum_is_not_accepted(void **unused) {
  (void)unused;
  struct virtio_net_config config = CONFIG;
  config.features = ~virtio_bit(VIRTIO_NET_F_CSUM);
  init(&config);
  expect_offer(1u << 13 | 1u << 11 | 1, 1u << 24 | 1); /* and USO */
  expect_accept(0, 1, 0xb);
  expect_queue(0, 64, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 64, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
}

/* EVIDENCE: Virtio 1.2 5.1.4.2 */
static void probed_mtu_beyond_buffers_is_not_accepted(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(1u << 3, 1);
  expect_mtu(9000);
  expect_accept(0, 1, 0xb);
  expect_queue(0, 64, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 64, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
  assert_int_equal(net.mtu, 0);
}

/* EVIDENCE: Virtio 1.2 4.2.2.2 (the driver ignores other devices) */
static void absent_probe_finds_nothing(void **unused) {
  (void)unused;
  static const uint32_t ids[][3] = {
      {0x74726977, 2, 1}, {0x74726976, 1, 1}, {0x74726976, 2, 0},
      {0x74726976, 2, 2}, {0, 0, 0},          {UINT32_MAX, 2, 1},
  };
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    setup(NULL);
    EXPECT_READ32(0x000, ids[i][0]);
    if (ids[i][0] == 0x74726976) {
      EXPECT_READ32(0x004, ids[i][1]);
    }
    if (ids[i][0] == 0x74726976 && ids[i][1] == 2) {
      EXPECT_READ32(0x008, ids[i][2]);
    }
    assert_int_equal(
        virtio_net_init(&net, &bus.platform, &CONFIG, bus.arena, state),
        -VIRTIO_ENODEV);
    mock_bus_done(&bus);
  }
}

static void probed_no_version_1_fails(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(ALL_LOW, 0);
  EXPECT_WRITE32(0x070, 0x83); /* FAILED */
  assert_int_equal(virtio_net_start(&net), -VIRTIO_ENODEV);
  mock_bus_done(&bus);
  assert_false(net.running);
}

static void probed_features_refused_fails(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(0, 1);
  expect_accept(0, 1, 0x3); /* the device took FEATURES_OK back */
  EXPECT_WRITE32(0x070, 0x8b);
  assert_int_equal(virtio_net_start(&net), -VIRTIO_EIO);
  mock_bus_done(&bus);
}

static void probed_queue_absent_fails(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(0, 1);
  expect_accept(0, 1, 0xb);
  EXPECT_WRITE32(0x030, 0);
  EXPECT_READ32(0x034, 0);
  EXPECT_WRITE32(0x070, 0x8b);
  assert_int_equal(virtio_net_start(&net), -VIRTIO_ENODEV);
  mock_bus_done(&bus);
}

/* EVIDENCE: Virtio 1.2 4.2.3.2 step 2 */
static void probed_queue_in_use_fails(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(0, 1);
  expect_accept(0, 1, 0xb);
  EXPECT_WRITE32(0x030, 0);
  EXPECT_READ32(0x034, 256);
  EXPECT_WRITE32(0x030, 0);
  EXPECT_READ32(0x044, 1);
  EXPECT_WRITE32(0x070, 0x8b);
  assert_int_equal(virtio_net_start(&net), -VIRTIO_EIO);
  mock_bus_done(&bus);
}

static void probed_small_queue_is_used_as_power_of_two(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(0, 1);
  expect_accept(0, 1, 0xb);
  /* 4 entries: descriptors, then 6 + 2 * 4 bytes, then the device area. */
  expect_queue(0, 7, 4, 0, 64, 80);
  expect_queue(1, 3, 2, 256, 256 + 32, 256 + 32 + 12);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
}

/* EVIDENCE: Virtio 1.2 2.5.3, 4.2.2.2 ConfigGeneration */
static void probed_config_torn_is_read_again(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(1u << 3, 1);
  EXPECT_READ32(0x0fc, 5);
  EXPECT_READ16(0x10a, 0x12ff);
  EXPECT_READ32(0x0fc, 6);
  EXPECT_READ32(0x0fc, 6);
  EXPECT_READ16(0x10a, 1400);
  EXPECT_READ32(0x0fc, 6);
  expect_accept(1u << 3, 1, 0xb);
  expect_queue(0, 64, RX_SIZE, 0, RX_DRIVER, RX_DEVICE);
  expect_queue(1, 64, TX_SIZE, 256, 256 + 64, 256 + 64 + 16);
  EXPECT_WRITE32(0x070, 0xf);
  assert_int_equal(virtio_net_start(&net), 0);
  mock_bus_done(&bus);
  assert_int_equal(net.mtu, 1400);
}

static void probed_config_never_settles_fails(void **unused) {
  (void)unused;
  init(&CONFIG);
  expect_offer(1u << 3, 1);
  for (uint32_t i = 0; i < 16; i++) {
    EXPECT_READ32(0x0fc, 2 * i);
    EXPECT_READ16(0x10a, 1500);
    EXPECT_READ32(0x0fc, 2 * i + 1);
  }
  EXPECT_WRITE32(0x070, 0x83);
  assert_int_equal(virtio_net_start(&net), -VIRTIO_EIO);
  mock_bus_done(&bus);
}

static void running_interrupt_is_read_and_acknowledged(void **unused) {
  (void)unused;
  start_plain();
  EXPECT_READ32(0x060, 1);
  EXPECT_WRITE32(0x064, 1);
  assert_int_equal(virtio_net_interrupt(&net), 1);
  EXPECT_READ32(0x060, 0); /* somebody else's: nothing to acknowledge */
  assert_int_equal(virtio_net_interrupt(&net), 0);
  mock_bus_done(&bus);
}

/* EVIDENCE: Virtio 1.2 2.1.2 */
static void running_device_needs_reset_breaks(void **unused) {
  (void)unused;
  start_plain();
  EXPECT_READ32(0x060, 2);
  EXPECT_WRITE32(0x064, 2);
  EXPECT_READ32(0x070, 0x4f);
  assert_int_equal(virtio_net_interrupt(&net), 2);
  mock_bus_done(&bus);
  assert_non_null(net.broken);
  void *cookie;
  assert_int_equal(virtio_net_reap(&net, &cookie), -VIRTIO_EIO);
}

/* EVIDENCE: Virtio 1.2 2.7.10 */
static void running_kick_obeys_no_notify(void **unused) {
  (void)unused;
  start_plain();
  uint8_t *buffer = bus.arena + 0x4000;
  assert_int_equal(virtio_net_post(&net, buffer, buffer), 0);
  EXPECT_WRITE32(0x050, 0);
  virtio_net_kick(&net);
  mock_bus_done(&bus);
  virtio_net_kick(&net); /* nothing new: silence */
  bus.arena[RX_DEVICE] = 1;
  assert_int_equal(virtio_net_post(&net, buffer, buffer), 0);
  virtio_net_kick(&net);
  mock_bus_done(&bus);
}

static void running_stop_waits_for_reset(void **unused) {
  (void)unused;
  start_plain();
  uint8_t *buffer = bus.arena + 0x4000;
  assert_int_equal(virtio_net_post(&net, buffer, buffer), 0);
  void *cookie = NULL;
  assert_false(virtio_net_reclaim(&net, VIRTIO_NET_QUEUE_RX, &cookie));
  EXPECT_WRITE32(0x070, 0);
  EXPECT_READ32(0x070, 0xf);
  EXPECT_READ32(0x070, 0xf);
  EXPECT_READ32(0x070, 0);
  assert_int_equal(virtio_net_stop(&net), 0);
  mock_bus_done(&bus);
  assert_int_equal(virtio_net_start(&net), -VIRTIO_EINVAL); /* not reclaimed */
  assert_true(virtio_net_reclaim(&net, VIRTIO_NET_QUEUE_RX, &cookie));
  assert_ptr_equal(cookie, buffer);
  assert_false(virtio_net_reclaim(&net, VIRTIO_NET_QUEUE_RX, &cookie));
}

static void init_rejects_bad_sizes_and_memory(void **unused) {
  (void)unused;
  struct virtio_net_config config = CONFIG;
  config.rx_size = 6;
  assert_int_equal(
      virtio_net_init(&net, &bus.platform, &config, bus.arena, state),
      -VIRTIO_EINVAL);
  config.rx_size = 2048;
  assert_int_equal(
      virtio_net_init(&net, &bus.platform, &config, bus.arena, state),
      -VIRTIO_EINVAL);
  assert_int_equal(
      virtio_net_init(&net, &bus.platform, &CONFIG, bus.arena + 8, state),
      -VIRTIO_ENOMEM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(probed_start_walks_the_handshake, setup),
      cmocka_unit_test_setup(probed_unknown_features_are_not_accepted, setup),
      cmocka_unit_test_setup(probed_tso_without_csum_is_not_accepted, setup),
      cmocka_unit_test_setup(probed_mtu_beyond_buffers_is_not_accepted, setup),
      cmocka_unit_test_setup(absent_probe_finds_nothing, setup),
      cmocka_unit_test_setup(probed_no_version_1_fails, setup),
      cmocka_unit_test_setup(probed_features_refused_fails, setup),
      cmocka_unit_test_setup(probed_queue_absent_fails, setup),
      cmocka_unit_test_setup(probed_queue_in_use_fails, setup),
      cmocka_unit_test_setup(probed_small_queue_is_used_as_power_of_two, setup),
      cmocka_unit_test_setup(probed_config_torn_is_read_again, setup),
      cmocka_unit_test_setup(probed_config_never_settles_fails, setup),
      cmocka_unit_test_setup(running_interrupt_is_read_and_acknowledged, setup),
      cmocka_unit_test_setup(running_device_needs_reset_breaks, setup),
      cmocka_unit_test_setup(running_kick_obeys_no_notify, setup),
      cmocka_unit_test_setup(running_stop_waits_for_reset, setup),
      cmocka_unit_test_setup(init_rejects_bad_sizes_and_memory, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
