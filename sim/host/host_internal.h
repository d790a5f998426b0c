/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside sim/host. */
#ifndef PH_SIM_HOST_HOST_INTERNAL_H
#define PH_SIM_HOST_HOST_INTERNAL_H

#include "sim/core/util.h"
#include "sim/host/host.h"

enum { HOST_IDS = 1024, HOST_SCRATCH = 65536 + 64 };

/* A coroutine of the host. */
struct host_task {
  struct host_task *next; /* all tasks, in the order of their making */
  struct host *host;
  struct coro *coro;
  void (*fn)(struct host *host, void *arg);
  void *arg;
  /* Waiting: object and events that wake it, and until when. */
  bool waiting, timed_out;
  struct host_task *queued_next; /* in the run queue */
  void *object;
  uint32_t events;
  sim_time deadline;
};

struct host_port;

/* What a kind of NIC does. Times are the NIC's own; it lags behind `run` by
 * less than a cycle. */
struct host_nic_ops {
  sim_time grain; /* software starts at multiples of it: the clock's period */
  /* Device-visible bytes that a NIC needs, and the memory of its host (the
   * first NIC makes it, the others get it). */
  size_t (*device_bytes)(const struct host_port *port);
  uint8_t *(*memory)(struct host_port *port, size_t size);
  /* In a coroutine: make the device ready and fill port->netif. */
  void (*start)(struct host_port *port);
  /* Time up to which it is simulated. */
  sim_time (*time)(const struct host_port *port);
  /* The earliest time at which it does something by itself. */
  sim_time (*next)(const struct host_port *port);
  /* Run up to `until`; with `stop_on_irq` no further than the rise of the
   * interrupt line. Frames go to host_emit(). */
  void (*run)(struct host_port *port, sim_time until, bool stop_on_irq);
  bool (*irq)(const struct host_port *port);
  /* The interrupt handler. True: the stack has work. */
  bool (*interrupt)(struct host_port *port);
  /* A frame's first byte arrives at `start`, not before time(). */
  void (*receive)(struct host_port *port, struct frame *frame, sim_time start);
  /* Tell what the driver's rings know of an event of the timeline: addresses,
   * bytes. May be NULL. */
  void (*describe)(struct host_port *port, struct timeline_event *event);
  bool (*check)(struct host_port *port, const char **why);
  void (*report)(const struct host_port *port, struct host_report *report);
  uint64_t (*hash)(const struct host_port *port);
  void (*destroy)(struct host_port *port);
};

extern const struct host_nic_ops host_soft_ops, host_rtl_ops;

/* Segments that will come out of a packet given to the device. */
struct host_sent {
  uint64_t id;
  uint32_t segments;
};

/* A frame that came in: its key (frame_key()) and the sender's packet id. */
struct host_name {
  uint64_t key, id;
};

/* A NIC of a host. */
struct host_port {
  struct host *host;
  unsigned index;
  struct host_port_config config;
  void *nic; /* state of ops */
  struct netif *netif;
  size_t device_offset, device_end; /* its part of the host's memory */
  struct sim_heap inbox;            /* frames that the NIC does not have yet */
  struct event_hash hash[EVENT_CHANNEL_COUNT]; /* of its wire */

  /* Names of packets, for capture and timeline. */
  struct host_sent sent[HOST_IDS];
  uint64_t sent_first, sent_last;
  struct host_name names[HOST_IDS];
  unsigned if_host_tx, if_wire_tx, if_wire_rx, if_host_rx;
  const struct netif_ops *inner_ops;
  void (*inner_input)(struct netif *netif, struct pkt *pkt);
  char waves[520];
};

struct host {
  struct host_config config;
  const struct host_nic_ops *ops;
  struct host_port *ports;
  unsigned port_count;
  struct host_port *current; /* whose packets are moved now */

  struct ph_stack stack;
  struct ph_platform platform;
  struct sim_rng random;
  void *arena;
  uint8_t *memory; /* device-visible: blocks, packets, then the devices' */

  /* The processor. */
  sim_time local; /* local time of the entry, or when it last ended */
  bool started;   /* the first entry brings the device up */
  bool stalled;   /* `running` gave way until the NIC stands at `local` */
  struct host_task *running;
  struct host_task *kernel;
  enum { HOST_ENTRY_START, HOST_ENTRY_INTERRUPT, HOST_ENTRY_TIMER } kernel_work;
  struct host_task *tasks;
  struct host_task *ready, **ready_end; /* first in, first out */
  unsigned live_tasks;
  bool last_was_interrupt;
  struct cost_counts counted; /* what `local` includes */
  uint64_t register_reads, register_writes, interrupts, timers, app_entries;
  uint64_t total_entries;
  sim_time cpu_ps;
  sim_time entry_begin;
  sim_time irq_since; /* the line is high since; SIM_NEVER: low */

  struct event_hash hash[EVENT_CHANNEL_COUNT];
  uint64_t super_segments, packets;

  struct timeline_event taken; /* of the packet that the stack is given now */
  struct timeline_event given; /* of the packet that it gives to the device */
  char why[160];               /* text of the check */
  uint8_t *scratch;            /* one packet, for the capture */
  uint32_t scratch_len;
  sim_time scratch_time;
};

/* Count the work so far into `local`, and tell the stack the time. */
void host_clock(struct host *host);

/* From inside a coroutine: give way until the NIC stands at the local time. */
void host_sync(struct host *host);

/* An event at this host. */
void host_event(struct host *host, sim_time time, enum event_channel channel,
                const void *data, size_t len);

/* Put an event of this host on the timeline; only if there is one. */
void host_note(struct host *host, const struct timeline_event *event);

/* The sender's id of a frame that came in, by frame_key(); 0: unknown. */
uint64_t host_packet_of(const struct host_port *port, uint64_t key);

/* A frame left the NIC between `start` and `end`. */
void host_emit(struct host_port *port, const uint8_t *data, uint32_t len,
               sim_time start, sim_time end, bool error);

/* A frame reached the NIC. */
void host_received(struct host_port *port, const struct frame *frame,
                   sim_time start);

/* Capture interfaces and names of the timeline. */
void host_observe_init(struct host *host);

/* Put capture, ids and counts between stack and device. */
void host_tap_netif(struct host_port *port);

/* "eth0", ... */
const char *host_port_name(const struct host_port *port);

/* ph_platform's hooks for waiting, and the coroutine bodies (host_cpu.c). */
int host_wait(void *ctx, void *object, uint32_t events, uint64_t deadline_ns);
void host_wake(void *ctx, void *object, uint32_t events);
void host_trace(void *ctx, uint64_t packet_id, const char *stage);
void host_trace_stream(void *ctx, uint32_t seq, uint32_t len,
                       const char *stage);
struct host_task *host_task_make(struct host *host,
                                 void (*fn)(struct host *host, void *arg),
                                 void *arg);
void host_kernel(struct host *host, void *arg);

/* The first entry: stack, device, addresses (host.c). */
void host_boot(struct host *host);

#endif
