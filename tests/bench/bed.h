/* SPDX-License-Identifier: Apache-2.0 */
/* A test bed for measurements: two stacks joined by a software wire with rate,
 * delay, a drop-tail queue and random loss, in virtual time. No sanitizer, no
 * log: what runs besides the stacks is little, and the wire's own work is in
 * bed_wire_copy(), which the counting of instructions leaves out. */
#ifndef PH_TESTS_BENCH_BED_H
#define PH_TESTS_BENCH_BED_H

#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"

enum bed_offload {
  BED_NONE, /* checksums and cutting in software */
  BED_CSUM, /* the device sums and verifies; frames of one MSS */
  BED_FULL, /* super-segments of 64 KB out and in */
};

struct bed_config {
  enum bed_offload offload;
  uint64_t rate_bps;    /* 0: no limit */
  uint64_t delay_ns;    /* one way */
  uint64_t queue_bytes; /* in front of the rate; 0: no limit */
  uint32_t loss;        /* of data frames of host 0: threshold of 32 bits */
  uint32_t loss_period; /* every so many of them is lost; 0: none */
  uint32_t blocks;      /* each stack's pool of 4 KiB blocks */
  uint32_t rx_blocks;   /* each device's pool */
  uint32_t connections, sockets;
  uint32_t max_buffer; /* of sockets; 0: the default */
  const char *congestion;
  bool ipv6; /* bed_connect() by IPv6; both hosts speak IPv4, too */
};

struct bed_host {
  struct bed *bed;
  int index;
  struct ph_stack stack;
  struct netif netif;
  struct ph_block_pool rx_pool;
  struct bed_host *peer;
  struct pkt *queue, **queue_tail; /* on the way to this host, in order: each
                                      has its time of arrival */
  uint64_t busy_until_ns;          /* its link sends until then */
  void *memory;
};

struct bed {
  struct bed_config config;
  struct ph_platform platform;
  struct bed_host host[2];
  uint64_t now_ns;
  uint64_t rng;
  uint64_t frames, lost, overflows; /* from host 0 */
};

/* Addresses are 10.0.0.1 and 10.0.0.2. Exits when memory does not suffice. */
struct bed *bed_new(const struct bed_config *config);
void bed_free(struct bed *bed);

/* Go to the next event, at most to `limit_ns`, and poll the stacks for which
 * there is one. */
void bed_step(struct bed *bed, uint64_t limit_ns);

/* A connected pair of non-blocking sockets: host 0 connects to a listener on
 * `port` of host 1. Buffers are `buffer` bytes of SO_SNDBUF and SO_RCVBUF; 0
 * leaves them. */
struct bed_pair {
  int listener, client, server;
};
struct bed_pair bed_connect(struct bed *bed, uint16_t port, int buffer);

struct ph_sockaddr_in bed_address(int host, uint16_t port);

/* Bytes of start-up memory that a stack has used. */
size_t bed_arena_used(const struct bed_host *host);

#endif
