/* SPDX-License-Identifier: Apache-2.0 */
/* Two stacks joined by a software wire, in virtual time.
 *
 * The interface completes checksums, cuts super-segments as a NIC does and
 * delivers each frame in a block of a receive pool of its own. The wire drops,
 * duplicates and delays frames by number or at random, always the same way for
 * the same seed. Nothing reads a clock. */
#ifndef PH_TESTS_STACK_TCP_PAIR_H
#define PH_TESTS_STACK_TCP_PAIR_H

#include "stack/socket/socket.h"
#include "stack/tcp/tcp_internal.h"

enum {
  PAIR_RX_BLOCKS = 512,
  PAIR_RX_BLOCK_SIZE = 2048,
  PAIR_BLOCKS = 2048,
  PAIR_PKTS = 256,
  PAIR_ARENA = 4 << 20,
  PAIR_LOG = 4096,
};

#define PAIR_MS 1000000ull
#define PAIR_S 1000000000ull

/* A TCP segment as seen on the wire. */
struct pair_seg {
  uint64_t time_ns;
  int from; /* host 0 or 1 */
  uint32_t seq, ack, len;
  uint16_t src_port, dst_port, wnd;
  uint8_t flags;
  uint16_t mss; /* of the MSS option, 0 without */
  int wscale;   /* -1 without */
  bool dropped;
  uint8_t tos;  /* of the IP header, */
  bool df;      /* too */
  uint16_t urg; /* urgent pointer */
  uint8_t options_len;
  uint8_t options[40];
  bool sack_permitted, has_ts;
  uint32_t ts_val, ts_ecr;
  uint8_t sack_count; /* blocks */
  struct tcp_sack_block sack[4];
};

struct pair_frame {
  struct pair_frame *next;
  uint64_t arrive_ns, order;
  int to;
  uint32_t len;
  uint8_t data[];
};

struct pair_held { /* transmitted, completion withheld */
  struct pair_held *next;
  struct pkt *pkt;
  uint8_t *copy;
};

struct pair;

struct pair_host {
  struct pair *pair;
  int index;
  struct ph_stack stack;
  struct netif netif;
  struct ph_block_pool rx_pool;
  struct ph_block rx_blocks[PAIR_RX_BLOCKS];
  struct pair_frame *rx, **rx_tail;
  struct pair_held *held;
  void *memory;
  bool hold_completions; /* keep packets, as a device that does not reap */
  uint32_t ring_free;    /* transmits until -PH_EAGAIN; UINT32_MAX: no limit */
  bool was_full;
};

struct pair {
  struct ph_platform platform;
  struct pair_host host[2];
  uint64_t now_ns, delay_ns, jitter_ns, order;
  struct pair_frame *wire; /* sorted by arrival */
  uint32_t rng;
  uint32_t loss_ppm, dup_ppm, reorder_ppm;
  uint16_t rx_gso_size; /* frames arrive as if coalesced from such segments */
  uint64_t reorder_ns;  /* how late; 0: delay_ns and up to 200 us */
  /* The next `drop_next[h]` TCP frames with payload from host h are lost. */
  uint32_t drop_next[2];
  /* Called for each frame from a host; true drops it. */
  bool (*drop)(struct pair *pair, const struct pair_seg *seg);
  void *drop_ctx;
  /* Called for each frame from a host, of any kind; may damage or shorten it,
   * 0 loses it. `data` has room for `len` bytes. */
  uint32_t (*mangle)(struct pair *pair, int from, uint8_t *data, uint32_t len);
  uint16_t path_mtu; /* longer packets that may not be fragmented are lost */
  bool path_icmp;    /* and their sender is told so (RFC 1191) */
  bool software;     /* cut, sum and verify in software */
  bool ipv6;         /* of pair_options */
  bool to_test;      /* host 1 is the test itself: see pair_inject */
  uint32_t wakes;
  uint32_t log_count;
  struct pair_seg log[PAIR_LOG]; /* the first PAIR_LOG segments */
};

struct pair_options {
  uint16_t mtu;                   /* 0: 1500 */
  struct ph_tcp_config tcp;       /* both hosts */
  struct ph_socket_config socket; /* max_sockets 0: no sockets */
  bool software;                  /* the interface can do nothing */
  bool ipv6;       /* pair_establish() by IPv6; both speak IPv4, too */
  bool blocking;   /* platform.wait lets time pass until something happens */
  uint32_t blocks; /* of host 0's pool; 0: as the other's */
  uint32_t blocks_each; /* of each host's pool; 0: PAIR_BLOCKS */
};

/* Addresses are 10.0.0.1 and 10.0.0.2. `options` may be NULL. */
struct pair *pair_new(const struct pair_options *options);
/* Checks that all pools are as full as at the start, then frees. */
void pair_free(struct pair *pair);

/* Run until `done` returns true or `ns` have passed; true in the first case. */
bool pair_run(struct pair *pair, uint64_t ns,
              bool (*done)(struct pair *pair, void *ctx), void *ctx);
/* Let `ns` pass. */
void pair_pass(struct pair *pair, uint64_t ns);

struct ph_addr pair_addr(int host);
struct ph_addr pair_addr6(int host); /* 2001:db8::1 and ::2 */

/* Single-stack tests: host 1 does not run; the test builds its segments. */
struct pair_tx {
  uint16_t src_port, dst_port;
  uint32_t seq, ack;
  uint8_t flags;
  uint16_t wnd;
  const void *options;
  uint32_t options_len; /* multiple of 4 */
  const void *data;
  uint32_t len;
  uint8_t tos;
  uint16_t urg;
};
/* Deliver a segment to host 0 now and poll it. */
void pair_inject(struct pair *pair, const struct pair_tx *tx);
/* Deliver these bytes to host 0 as a frame, now, and poll it. */
void pair_receive(struct pair *pair, const void *frame, uint32_t len);
/* An ICMP error reaches `to`, 1 ms from now; it quotes the first `quote` bytes
 * of `packet`, which `to` had sent. */
void pair_icmp(struct pair *pair, int to, uint8_t type, uint8_t code,
               uint16_t mtu, const uint8_t *packet, uint32_t quote);
/* The `n`th segment from the end of the log; n = 1 is the last. */
const struct pair_seg *pair_last(const struct pair *pair, uint32_t n);
/* Segments that left host `from` since log index `since`. */
uint32_t pair_count(const struct pair *pair, int from, uint32_t since);

/* Make `conn`'s next initial sequence number 100 below the wrap. */
enum { PAIR_ISS = -100 };

/* Both ends of an established connection through sockets-free calls. */
struct pair_ends {
  struct tcp_conn *listener, *client, *server;
  int client_owner, server_owner, listener_owner;
};
/* Host 0 listens on port 80 and host 1 connects, or the other way round:
 * `client` is the host that connects. */
void pair_establish(struct pair *pair, int client, struct pair_ends *ends);

/* The byte at position `n` of the test stream. */
static inline uint8_t pair_byte(uint64_t n) {
  n *= 0x9e3779b97f4a7c15u;
  return (uint8_t)(n >> 56 ^ n >> 33);
}

/* One end's application writes all that is taken of the test stream up to
 * `size`, from `*sent` on, `piece` bytes (up to 64 KiB) at a time. */
void pair_write(struct ph_stack *stack, struct tcp_conn *conn, uint64_t *sent,
                uint64_t size, uint32_t piece);
/* The other end's reads all there is, and it must be the stream from
 * `*received` on. True: the stream's end came. */
bool pair_read(struct ph_stack *stack, struct tcp_conn *conn,
               uint64_t *received, uint32_t piece);

/* Checks the invariants at the head of stack/tcp/tcp_internal.h. */
void tcp_check_invariants(struct ph_stack *stack);

#endif
