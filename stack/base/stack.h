/* SPDX-License-Identifier: Apache-2.0 */
/* One host's stack. Everything hangs on `struct ph_stack`; there are no
 * globals, so that many hosts live in one process.
 *
 * Start: ph_stack_init() on memory of the caller, then the features that the
 * program wants (ph_ipv4_init(), ph_udp_init(), ph_tcp_init(),
 * ph_socket_init()), then interfaces. Each init takes its memory from the
 * arena once; nothing is allocated afterwards.
 *
 * Time is an argument: ph_stack_set_now() before socket calls,
 * ph_stack_poll() when packets or deadlines are due.
 */
#ifndef PH_BASE_STACK_H
#define PH_BASE_STACK_H

#include "stack/base/block.h"
#include "stack/base/pkt.h"
#include "stack/base/stats.h"
#include "stack/base/timer.h"

struct ph_stack;

/* What the environment supplies. All are called in the caller's context. */
struct ph_platform {
  void *ctx;
  /* Fill `to` with `n` unpredictable bytes (RFC 6528, 6056 need a secret). */
  void (*random)(void *ctx, void *to, size_t n);
  /* Block the caller until ph_platform.wake names `object` with one of
   * `events`, or the time is `deadline_ns` (UINT64_MAX: never).
   * Returns 0, -PH_ETIMEDOUT or -PH_EINTR. NULL: no call ever blocks. The
   * caller looks again; spurious returns are fine. */
  int (*wait)(void *ctx, void *object, uint32_t events, uint64_t deadline_ns);
  /* `object` (a socket) became ready for `events` (PH_POLL*). May be NULL. */
  void (*wake)(void *ctx, void *object, uint32_t events);
  /* A packet changed stage (timeline); may be NULL. `stage` is a static
   * string such as "tcp_output". */
  void (*trace)(void *ctx, uint64_t packet_id, const char *stage);
  /* `len` bytes of a TCP stream crossed the socket interface, the first with
   * sequence number `seq` (timeline); may be NULL. `stage` is "write" or
   * "read", a static string. */
  void (*trace_stream)(void *ctx, uint32_t seq, uint32_t len,
                       const char *stage);
};

struct ph_stack_config {
  const struct ph_platform *platform; /* kept by reference */
  void *arena;                        /* start-up memory, 64-byte aligned */
  size_t arena_size;
  uint8_t *block_memory; /* device-visible, 4096-aligned,
                            block_count * PH_BLOCK_SIZE bytes */
  uint32_t block_count;
  struct pkt *pkt_memory; /* device-visible, pkt_count elements */
  uint32_t pkt_count;
};

enum ph_module {
  PH_MODULE_NETIF,
  PH_MODULE_ETH,
  PH_MODULE_IP,
  PH_MODULE_UDP,
  PH_MODULE_TCP,
  PH_MODULE_SOCKET,
  PH_MODULE_DNS,
  PH_MODULE_COUNT
};

struct ph_stack {
  const struct ph_platform *platform;
  uint64_t now_ns;
  struct ph_timers timers;
  uint64_t next_packet_id;
  uint32_t now_ms; /* now_ns in milliseconds; wraps after 49 days */
  /* Neighbours of which it is not sure that they are still there: transports
   * should say when they hear of one (ip_confirm()). */
  uint32_t neighbours_unsure;
  void *module[PH_MODULE_COUNT]; /* each module's own state, or NULL */
  struct ph_block_pool blocks;   /* send queues, copied receive data */
  struct pkt_pool pkts;
  /* Work at every poll: take received frames (netif), send what was deferred
   * (tcp). NULL without that module. */
  void (*poll_input)(struct ph_stack *stack);
  void (*poll_output)(struct ph_stack *stack);
  /* Moves on whenever packets may have to take another way: interfaces,
   * addresses, routes, path MTUs (stack/ip/ip_path.h). */
  uint64_t route_generation;
  uint8_t *arena;
  size_t arena_left;
  struct ph_stats stats; /* the longest is last: other offsets stay short */
};

/* Returns 0 or -PH_EINVAL. The memory belongs to the stack for ever. */
int ph_stack_init(struct ph_stack *stack,
                  const struct ph_stack_config *config) PH_MUST_USE;

/* Start-up memory for a module, zeroed, 64-byte aligned; NULL if the arena is
 * used up. */
void *ph_stack_alloc(struct ph_stack *stack, size_t size);

/* Such memory for `count` objects of `size` bytes, at least one, that form a
 * list: each has a pointer to the next `link` bytes behind its start. The
 * first, or NULL. */
void *ph_stack_alloc_list(struct ph_stack *stack, size_t count, size_t size,
                          size_t link);

/* Arm the timer, or move it if it is armed. UINT64_MAX: it ends. */
void ph_stack_timer_at(struct ph_stack *stack, struct ph_timer *timer,
                       uint64_t at_ns);
/* The same, so much later than now. */
void ph_stack_timer_in(struct ph_stack *stack, struct ph_timer *timer,
                       uint64_t ns);

/* The same, at random from 1 ns to `most` later than now. */
void ph_stack_timer_within(struct ph_stack *stack, struct ph_timer *timer,
                           uint64_t most);

/* `n` unpredictable bytes. */
void ph_stack_random(struct ph_stack *stack, void *to, size_t n);
/* Nanoseconds from 0 to `most`, at random. */
uint64_t ph_stack_random_delay(struct ph_stack *stack, uint64_t most);

static inline void ph_stack_set_now(struct ph_stack *stack, uint64_t now_ns) {
  stack->now_ns = now_ns;
  stack->now_ms = (uint32_t)(now_ns / 1000000);
}

/* Take received frames, run the timers that are due, send what may go. */
void ph_stack_poll(struct ph_stack *stack, uint64_t now_ns);

/* When ph_stack_poll() must be called at the latest; UINT64_MAX: never. */
uint64_t ph_stack_next_deadline(const struct ph_stack *stack);

/* A packet to be sent, with an id of its own: as pkt_get(), and counted if
 * there is none. */
struct pkt *ph_stack_get_pkt(struct ph_stack *stack, uint32_t reserve);
/* The same, as pkt_get_here(). */
static PH_INLINE struct pkt *ph_stack_get_pkt_here(struct ph_stack *stack,
                                                   uint32_t reserve) {
  struct pkt *pkt = pkt_get_here(&stack->pkts, reserve);
  if (pkt) {
    pkt->id = ++stack->next_packet_id;
  } else {
    stack->stats.PktExhausted++;
  }
  return pkt;
}

/* The same with `len` bytes that are 0. */
struct pkt *ph_stack_pkt(struct ph_stack *stack, uint32_t reserve,
                         uint32_t len);

static inline void ph_stack_trace(struct ph_stack *stack, uint64_t packet_id,
                                  const char *stage) {
  if (stack->platform->trace) {
    stack->platform->trace(stack->platform->ctx, packet_id, stage);
  }
}

static inline void ph_stack_trace_stream(struct ph_stack *stack, uint32_t seq,
                                         uint32_t len, const char *stage) {
  if (stack->platform->trace_stream) {
    stack->platform->trace_stream(stack->platform->ctx, seq, len, stage);
  }
}

#endif
