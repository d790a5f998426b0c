/* SPDX-License-Identifier: Apache-2.0 */
/* A driver and a model of a device that share an arena; frames of random shape
 * whose bytes are remembered from transmit to reap. */
#ifndef PH_TESTS_DRIVER_NET_BENCH_H
#define PH_TESTS_DRIVER_NET_BENCH_H

#include "driver/virtio_net.h"
#include "tests/driver/soft_device.h"

enum {
  ARENA = 16 << 20,
  BUFFERS_AT = 4 << 20, /* transmit buffers */
  RX_AT = 12 << 20,     /* receive buffers */
  RX_BUFFER = 2048,
  TX_BUFFER = 4096,
  TX_BUFFERS = 2048,
  FRAMES = 4096, /* transmit records */
  HEAD_MAX = 400,
  SUPER_MAX = 80000,
};

/* A frame between transmit and reap. */
struct record {
  uint8_t head[12 + HEAD_MAX]; /* for frames sent from elsewhere: unused */
  uint8_t *head_at;            /* where it lies in the arena */
  struct virtio_net_frame frame;
  struct virtq_buf frags[VIRTIO_NET_MAX_FRAGS];
  uint8_t *expect; /* the frame's bytes at the time of transmit */
  uint32_t len;
  bool live;
};

struct bench {
  uint8_t *arena;
  uint8_t *allowed; /* see soft_device */
  void *state;
  struct soft_device dev;
  struct virtio_net net;
  struct virtio_net_config config;
  uint64_t random;
  struct record *records;
  uint32_t queued[FRAMES]; /* records in the order of transmit */
  uint32_t queue_head, queue_tail;
  uint32_t live; /* records whose cookie is out */
  struct soft_chain held[1024];
  uint32_t held_record[1024];
  uint32_t held_count;
};

/* The bench of the test that runs. */
extern struct bench *B;

/* Feature sets: everything but one. */
#define NO_INDIRECT (~(UINT64_C(1) << 28))
#define NO_EVENT (~(UINT64_C(1) << 29))

int bench_setup(void **unused);
int bench_teardown(void **unused);
#define BENCH_TEST(f) \
  cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

/* A device that offers `features` of all it knows, and a started driver. */
void bench_start(uint64_t features, uint16_t rx_size, uint16_t tx_size);

uint32_t bench_random(uint32_t below);
void bench_fill(uint8_t *p, uint32_t len);

/* Transmit a random frame with that many fragments. */
int bench_send(uint32_t frags);
/* What the device sees must be what was sent. */
void bench_compare(const struct soft_chain *chain, const struct record *record);
/* The device takes what it may, at most `limit`, and holds it. */
void bench_device_takes(uint32_t limit);
/* It returns held chains in random order; checked once more before. */
void bench_device_returns(uint32_t count);
/* A cookie came back. */
void bench_came_back(void *cookie);
uint32_t bench_reap_all(void);
/* Forget which frames wait for the device: it was reset. */
void bench_forget_queue(void);

const uint8_t *bench_buffer_of(void *cookie);
uint8_t *bench_rx_buffer(uint32_t i);
void bench_post_all(uint32_t count);

#endif
