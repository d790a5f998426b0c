/* SPDX-License-Identifier: Apache-2.0 */
/* The NIC's RTL as a C object: Verilated packhorse_top with host memory behind
 * its AXI master, a processor at its AXI4-Lite port and a wire at its XGMII.
 *
 * Time is counted in cycles of the one 156.25 MHz clock that drives the core
 * and both MAC domains; cycle 0 follows reset. Positions on the wire are byte
 * times: 8 * cycle + lane, 800 ps each. A NIC is used from one thread; several
 * NICs are independent.
 *
 * Results (frames, memory, interrupts, event hash) do not depend on how a
 * stretch of time is cut into calls of nic_run(), on idle skipping or on waves.
 */
#ifndef PH_SIM_NIC_NIC_MODEL_H
#define PH_SIM_NIC_NIC_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/nic/host_mem.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NIC_CLOCK_HZ 156250000u /* 6400 ps */
#define NIC_CYCLE_PS 6400u
#define NIC_BYTE_PS 800u /* one byte time on the wire */

struct nic;

/* How host memory answers. Latencies count from the last address (read) or data
 * (write) beat to the first data beat or the response; 500 ns are 78 cycles. */
struct nic_memory {
  uint32_t read_latency;  /* cycles, 1..65535 */
  uint32_t write_latency; /* cycles, 1..65535; data become visible with the
                             response */
  uint32_t beat_gap;      /* idle cycles after each data beat, both ways; 0: one
                             beat per cycle and channel */
  uint32_t jitter; /* added latency 0..jitter, random: reorders across IDs,
                      never inside one */
  uint32_t stall;  /* chance of 0..255 in 256 that a ready or valid is held
                      back in a cycle */
  uint64_t seed;   /* of jitter and stall */
};

/* What observe() is told. Every call happens in cycle order. */
enum nic_event {
  NIC_EVENT_READ,       /* AXI read address: addr, len bytes, id */
  NIC_EVENT_READ_DATA,  /* last data beat of a read: addr, len, id */
  NIC_EVENT_WRITE,      /* AXI write address: addr, len, id */
  NIC_EVENT_WRITE_DONE, /* write response, data now visible: addr, len, id */
  NIC_EVENT_REG_READ,   /* register read answered: addr = offset, len = value */
  NIC_EVENT_REG_WRITE, /* register write answered: addr = offset, len = value */
  NIC_EVENT_IRQ,       /* irq_o changed: len = new level */
  NIC_EVENT_TX_START,  /* frame's first byte on the wire: addr = byte time */
  NIC_EVENT_TX_END,    /* frame's terminate: addr = byte time, len = bytes */
  NIC_EVENT_RX_START,  /* frame's first byte from the wire: addr = byte time */
  NIC_EVENT_RX_END,    /* its terminate: addr = byte time, len = bytes */
};

struct nic_config {
  struct host_mem *mem;     /* required; the caller keeps ownership */
  struct nic_memory memory; /* zero latencies mean 1 */
  bool no_idle_skip;        /* evaluate every cycle even when nothing happens */
  const char *waves;        /* VCD file to write, or NULL */
  void (*observe)(void *user, uint64_t cycle, enum nic_event event,
                  uint64_t addr, uint64_t len, unsigned id); /* or NULL */
  void *user;
};

/* Makes a NIC and holds it in reset for some cycles that do not count. Returns
 * NULL without memory or when the wave file cannot be written. */
struct nic *nic_create(const struct nic_config *config);
void nic_destroy(struct nic *nic);

void nic_set_memory(struct nic *nic, const struct nic_memory *memory);

/* Answers the next `count` read (or write) bursts after `skip` more with
 * SLVERR. Writes that fail change no memory. */
void nic_fail_reads(struct nic *nic, uint64_t skip, uint64_t count);
void nic_fail_writes(struct nic *nic, uint64_t skip, uint64_t count);

/* --- Time ---------------------------------------------------------------- */

enum nic_stop {
  NIC_STOP_LIMIT = 0, /* result only: max_cycles have passed */
  NIC_STOP_IRQ = 1,   /* irq_o is high (level) */
  NIC_STOP_FRAME = 2, /* a transmitted frame waits for nic_frame_get() */
  NIC_STOP_IDLE = 4,  /* nothing happens before nic_next_event() */
};

/* Cycles since reset: the cycle that the next evaluation computes. */
uint64_t nic_cycle(const struct nic *nic);

/* Runs until cycle nic_cycle() + max_cycles, or until a condition of stop_mask
 * holds; a condition that holds at the call returns at once. Idle stretches are
 * skipped, not evaluated. Returns the bits of stop_mask that hold, or
 * NIC_STOP_LIMIT. */
unsigned nic_run(struct nic *nic, uint64_t max_cycles, unsigned stop_mask);

/* The next cycle in which anything can happen: nic_cycle() while the NIC is
 * busy; else the next tick if its timer is armed or the next frame of
 * nic_frame_put(); UINT64_MAX when it sleeps until the caller acts. */
uint64_t nic_next_event(const struct nic *nic);

/* Cycles that were really evaluated (the rest was skipped). */
uint64_t nic_evaluated(const struct nic *nic);

/* --- Processor ----------------------------------------------------------- */

/* One register access of `size` 1, 2 or 4 bytes, naturally aligned; offset
 * below 0x2000. Time advances until the response, at most by a few cycles,
 * except for the writes that a device answers only when it is quiet (Status<-0,
 * QueueReady<-0). Aborts with a message if no response comes in 10^6 cycles.
 * Interrupts and frames of these cycles are kept for the next nic_run(). */
uint32_t nic_read(struct nic *nic, uint32_t offset, unsigned size);
void nic_write(struct nic *nic, uint32_t offset, uint32_t value, unsigned size);

/* Sets station address and MTU in the vendor page, as a board's firmware does
 * before the driver starts: the configuration space then shows them. The
 * largest frame is set to mtu + 22 bytes (header, one tag, FCS). */
void nic_provision(struct nic *nic, const uint8_t mac[6], uint16_t mtu);

bool nic_irq(const struct nic *nic);

/* --- Wire ---------------------------------------------------------------- */

enum nic_frame_flag {
  NIC_FRAME_ADD_FCS = 1, /* put: append the right FCS; data holds none */
  NIC_FRAME_ERROR = 2,   /* put: send an error code before the terminate;
                            get: the frame carried one */
};

struct nic_frame {
  const uint8_t *data; /* destination address .. FCS, no preamble */
  size_t len;          /* bytes, FCS included */
  uint64_t start;      /* byte time of the start character */
  uint64_t end;        /* byte time of the terminate character */
  unsigned flags;      /* NIC_FRAME_ERROR */
};

/* The oldest transmitted frame that nobody took. `data` belongs to the NIC and
 * is valid until the next call on it. Returns false when there is none. */
bool nic_frame_get(struct nic *nic, struct nic_frame *frame);

/* Queues a copy of a frame of 1..16384 bytes to be received. Its start
 * character is sent at byte time `start`, rounded up to a lane 0 or 4, or, when
 * that is past or the previous frame still occupies the wire, as soon as a gap
 * of 12 (on average, 9..15) permits; a `start` that leaves at least 9 bytes of
 * gap is kept exactly. Frames go out in the order of the calls. Returns the
 * byte time of the start character. A wrong FCS is sent as given. */
uint64_t nic_frame_put(struct nic *nic, const uint8_t *data, size_t len,
                       uint64_t start, unsigned flags);

/* Frames of nic_frame_put() whose terminate is not sent yet. */
size_t nic_frames_pending(const struct nic *nic);

/* CRC-32 of IEEE 802.3 3.2.9; appended least significant byte first. */
uint32_t nic_fcs(const uint8_t *data, size_t len);

/* --- Evidence ------------------------------------------------------------ */

/* Hash of (cycle, channel, payload) of every accepted AXI and AXI4-Lite beat,
 * every XGMII word that is not idle and every interrupt edge so far. */
uint64_t nic_event_hash(const struct nic *nic);

/* Hash of every flip-flop and memory of the model: equal states of one process
 * hash equal. Slow; for tests. */
uint64_t nic_state_hash(const struct nic *nic);

#ifdef __cplusplus
}
#endif

#endif
