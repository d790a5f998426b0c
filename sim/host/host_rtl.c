/* SPDX-License-Identifier: Apache-2.0 */
/* The NIC in RTL: the driver's registers, memory and interrupt are those of the
 * Verilated model, at exact times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/ph_regs.h"
#include "sim/host/rtl_follow.h"

enum { RING = 256 };

struct rtl_nic {
  struct netif_virtio virtio;
  struct netif_virtio_config config;
  struct virtio_platform platform;
  struct host_mem *mem;
  struct nic *nic;
  struct rtl_follow *follow; /* with a timeline */
};

static struct rtl_nic *rtl(const struct host_port *port) {
  return port->nic;
}

/* --- Time ----------------------------------------------------------------- */

static sim_time rtl_time(const struct host_port *port) {
  return nic_cycle(rtl(port)->nic) * NIC_CYCLE_PS;
}

static sim_time rtl_next(const struct host_port *port) {
  uint64_t cycle = nic_next_event(rtl(port)->nic);
  return cycle > SIM_NEVER / NIC_CYCLE_PS ? SIM_NEVER : cycle * NIC_CYCLE_PS;
}

/* Hand over what the NIC has sent. The frame's start counts from its first
 * byte after the preamble. */
static void take_frames(struct host_port *port) {
  struct nic_frame frame;
  while (nic_frame_get(rtl(port)->nic, &frame)) {
    host_emit(port, frame.data, (uint32_t)frame.len, frame.start * NIC_BYTE_PS,
              frame.end * NIC_BYTE_PS, frame.flags & NIC_FRAME_ERROR);
  }
}

static void rtl_run(struct host_port *port, sim_time until, bool stop_on_irq) {
  struct nic *nic = rtl(port)->nic;
  uint64_t cycles = until / NIC_CYCLE_PS - nic_cycle(nic);
  uint64_t most = port->host->config.max_cycles;
  if (most && cycles > most) {
    cycles = most;
  }
  nic_run(nic, cycles, stop_on_irq ? NIC_STOP_IRQ : 0);
  take_frames(port);
}

static bool rtl_irq(const struct host_port *port) {
  return nic_irq(rtl(port)->nic);
}

static bool rtl_interrupt(struct host_port *port) {
  return netif_virtio_interrupt(&rtl(port)->virtio);
}

static void rtl_receive(struct host_port *port, struct frame *frame,
                        sim_time start) {
  struct rtl_nic *rtl_nic = rtl(port);
  uint64_t at = (start + NIC_BYTE_PS - 1) / NIC_BYTE_PS;
  at = nic_frame_put(rtl_nic->nic, frame->data, frame->len, at,
                     frame->marks & FRAME_ERROR ? NIC_FRAME_ERROR : 0);
  host_received(port, frame, at * NIC_BYTE_PS);
  free(frame);
}

/* --- The driver's platform ------------------------------------------------ */

/* Before an access: the NIC stands at the local time. After it: so does the
 * software at the NIC's. */
static void access_done(struct host_port *port) {
  port->host->local = sim_time_max(port->host->local, rtl_time(port));
  ph_stack_set_now(&port->host->stack, port->host->local / SIM_NS);
  take_frames(port);
}

static void trace_access(struct host_port *port, sim_time begin, bool write,
                         uint32_t offset) {
  if (port->host->config.timeline) {
    bool doorbell = write && offset == VIRTIO_MMIO_QUEUE_NOTIFY;
    host_note(port->host, &(struct timeline_event){
                              .name = doorbell ? "doorbell"
                                      : write  ? "write"
                                               : "read",
                              .track = TIMELINE_REGISTERS,
                              .nic = port->index + 1,
                              .begin = begin,
                              .end = port->host->local,
                              .address = offset,
                          });
  }
}

static uint32_t read_register(struct host_port *port, uint32_t offset,
                              unsigned size) {
  host_sync(port->host);
  sim_time begin = port->host->local;
  uint32_t value = nic_read(rtl(port)->nic, offset, size);
  port->host->register_reads++;
  access_done(port);
  trace_access(port, begin, false, offset);
  return value;
}

static uint8_t platform_read8(void *ctx, uint32_t offset) {
  return (uint8_t)read_register(ctx, offset, 1);
}

static uint16_t platform_read16(void *ctx, uint32_t offset) {
  return (uint16_t)read_register(ctx, offset, 2);
}

static uint32_t platform_read32(void *ctx, uint32_t offset) {
  return read_register(ctx, offset, 4);
}

static void platform_write32(void *ctx, uint32_t offset, uint32_t value) {
  struct host_port *port = ctx;
  host_sync(port->host);
  sim_time begin = port->host->local;
  nic_write(rtl(port)->nic, offset, value, 4);
  port->host->register_writes++;
  access_done(port);
  trace_access(port, begin, true, offset);
}

static uint64_t platform_bus_addr(void *ctx, const void *ptr, size_t len) {
  struct host_port *port = ctx;
  const struct host_mem *mem = rtl(port)->mem;
  uint64_t bus = host_mem_bus(mem, ptr);
  return bus && host_mem_ptr(rtl(port)->mem, bus, len) ? bus : VIRTIO_BUS_NONE;
}

static void platform_sync_for_device(void *ctx, const void *ptr, size_t len,
                                     bool device_writes) {
  struct host_port *port = ctx;
  struct host_mem *mem = rtl(port)->mem;
  host_mem_allow(mem, host_mem_bus(mem, ptr), len,
                 device_writes ? HOST_MEM_WRITE : HOST_MEM_READ);
}

static void platform_sync_for_cpu(void *ctx, const void *ptr, size_t len) {
  struct host_port *port = ctx;
  struct host_mem *mem = rtl(port)->mem;
  host_mem_allow(mem, host_mem_bus(mem, ptr), len, 0);
}

/* What is written to memory before becomes visible at the local time, and what
 * is read afterwards is as new as that. */
static void platform_barrier(void *ctx) {
  host_sync(((struct host_port *)ctx)->host);
}

/* virtq_publish() has stored the available index. */
static void platform_mb(void *ctx) {
  struct host_port *port = ctx;
  host_sync(port->host);
  if (port->host->config.timeline) {
    rtl_follow_publish(rtl(port)->follow, port->host->local);
  }
}

/* Reads only: memory has not changed since the entry, an access or a barrier
 * brought it up to date. */
static void platform_rmb(void *ctx) {
  (void)ctx;
}

/* --- Timeline ------------------------------------------------------------- */

static void observe(void *user, uint64_t cycle, enum nic_event event,
                    uint64_t addr, uint64_t len, unsigned id) {
  struct host_port *port = user;
  rtl_follow_observe(rtl(port)->follow, cycle, event, addr, len, id);
}

static void rtl_describe(struct host_port *port, struct timeline_event *event) {
  rtl_follow_describe(rtl(port)->follow, event);
}

/* --- Making --------------------------------------------------------------- */

static struct netif_virtio_config adapter_config(const struct host_port *port) {
  uint64_t without = 0;
  if (port->host->config.offload != HOST_OFFLOAD_ALL) {
    without |= UINT64_C(1) << VIRTIO_NET_F_HOST_TSO4;
  }
  if (port->host->config.offload == HOST_OFFLOAD_NONE) {
    without |= UINT64_C(1) << VIRTIO_NET_F_CSUM |
               UINT64_C(1) << VIRTIO_NET_F_GUEST_CSUM;
  }
  return (struct netif_virtio_config){
      .name = host_port_name(port),
      .features = ~without,
      .tx_size = RING,
      .rx_size = RING,
      .mtu = port->config.mtu,
      .rx_blocks = 4 * RING,
  };
}

static size_t rtl_device_bytes(const struct host_port *port) {
  struct netif_virtio_config config = adapter_config(port);
  struct netif_virtio_memory need;
  netif_virtio_memory(&config, &need);
  return need.device_bytes;
}

/* Of each NIC of a host one file; the first one's name is as it was given. */
static const char *wave_file(struct host_port *port) {
  const char *waves = port->host->config.waves;
  if (!waves || port->index == 0) {
    return waves;
  }
  const char *dot = strrchr(waves, '.');
  int stem = dot ? (int)(dot - waves) : (int)strlen(waves);
  snprintf(port->waves, sizeof(port->waves), "%.*s-%s.vcd", stem, waves,
           host_port_name(port));
  return port->waves;
}

static uint8_t *rtl_memory(struct host_port *port, size_t size) {
  const struct host_config *config = &port->host->config;
  struct rtl_nic *rtl_nic = sim_alloc(sizeof(*rtl_nic));
  uint32_t latency =
      (uint32_t)((config->mem_latency_ns * SIM_NS + NIC_CYCLE_PS - 1) /
                 NIC_CYCLE_PS);
  const char *waves = wave_file(port);
  port->nic = rtl_nic;
  rtl_nic->mem = port->index == 0
                     ? host_mem_create(size)
                     : host_mem_view(rtl(&port->host->ports[0])->mem);
  if (!rtl_nic->mem) {
    sim_fatal("no memory for a host's buffers");
  }
  const struct nic_config nic_config = {
      .mem = rtl_nic->mem,
      .memory = {.read_latency = latency,
                 .write_latency = latency,
                 .seed = config->seed},
      .no_idle_skip = config->no_idle_skip,
      .waves = waves,
      .observe = config->timeline ? observe : NULL,
      .user = port,
  };
  rtl_nic->nic = nic_create(&nic_config);
  if (!rtl_nic->nic) {
    sim_fatal("the NIC's model can't be made%s%s",
              waves ? "; is this file writable: " : "", waves ? waves : "");
  }
  nic_provision(rtl_nic->nic, port->config.mac, port->config.mtu);
  if (config->timeline) {
    rtl_nic->follow = rtl_follow_make(
        port, &rtl_nic->virtio, rtl_nic->mem,
        host_mem_bus(rtl_nic->mem, host_mem_data(rtl_nic->mem)) +
            port->device_offset);
  }
  return host_mem_data(rtl_nic->mem);
}

/* The rings lie behind the receive buffers and are the device's for ever;
 * buffers are its own only while the driver gives them. */
static void allow_rings(struct host_port *port) {
  struct rtl_nic *rtl_nic = rtl(port);
  const struct virtio_net_config driver = {
      .rx_size = RING, .tx_size = RING, .header_slots = true};
  struct virtio_net_memory need;
  virtio_net_memory(&driver, &need);
  uint8_t *end = port->host->memory + port->device_end;
  host_mem_allow(rtl_nic->mem,
                 host_mem_bus(rtl_nic->mem, end - need.device_bytes),
                 need.device_bytes, HOST_MEM_READ | HOST_MEM_WRITE);
}

static void rtl_start(struct host_port *port) {
  struct rtl_nic *rtl_nic = rtl(port);
  rtl_nic->platform = (struct virtio_platform){
      .ctx = port,
      .read8 = platform_read8,
      .read16 = platform_read16,
      .read32 = platform_read32,
      .write32 = platform_write32,
      .bus_addr = platform_bus_addr,
      .sync_for_device = platform_sync_for_device,
      .sync_for_cpu = platform_sync_for_cpu,
      .wmb = platform_barrier,
      .rmb = platform_rmb,
      .mb = platform_mb,
  };
  rtl_nic->config = adapter_config(port);
  rtl_nic->config.platform = &rtl_nic->platform;
  allow_rings(port);
  int error =
      netif_virtio_init(&port->host->stack, &rtl_nic->virtio, &rtl_nic->config,
                        port->host->memory + port->device_offset);
  if (error) {
    const char *why = netif_virtio_broken(&rtl_nic->virtio);
    sim_fatal("host %s: the NIC does not start: %s%s%s",
              port->host->config.name, ph_strerror(error), why ? ": " : "",
              why ? why : "");
  }
  port->netif = &rtl_nic->virtio.netif;
}

static bool rtl_check(struct host_port *port, const char **why) {
  struct rtl_nic *rtl_nic = rtl(port);
  const struct host_mem_violation *violation = host_mem_violation(rtl_nic->mem);
  *why = netif_virtio_broken(&rtl_nic->virtio);
  if (violation->count) {
    snprintf(port->host->why, sizeof(port->host->why),
             "the NIC %s bus address 0x%llx (AXI ID %u) outside its buffers in "
             "cycle %llu",
             violation->write ? "wrote to" : "read from",
             (unsigned long long)violation->addr, violation->id,
             (unsigned long long)violation->cycle);
    *why = port->host->why;
  }
  return !*why;
}

/* A statistics counter: the low word latches the high one. */
static uint64_t counter(struct nic *nic, uint32_t offset) {
  uint64_t low = nic_read(nic, offset, 4);
  return low | (uint64_t)nic_read(nic, offset + 4, 4) << 32;
}

static uint64_t counters(struct nic *nic, const uint32_t *offsets,
                         size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += counter(nic, offsets[i]);
  }
  return sum;
}

static void rtl_report(const struct host_port *port,
                       struct host_report *report) {
  static const uint32_t no_room[] = {PH_REGS_STAT_RX_OVERFLOWS_OFFSET,
                                     PH_REGS_STAT_RX_NO_BUFFER_OFFSET};
  static const uint32_t errors[] = {
      PH_REGS_STAT_TX_OFFLOAD_DROPS_OFFSET, PH_REGS_STAT_TX_ERRORS_OFFSET,
      PH_REGS_STAT_CHAIN_ERRORS_OFFSET,     PH_REGS_STAT_RING_ERRORS_OFFSET,
      PH_REGS_STAT_HEADER_ERRORS_OFFSET,    PH_REGS_STAT_AXI_READ_ERRORS_OFFSET,
      PH_REGS_STAT_AXI_WRITE_ERRORS_OFFSET, PH_REGS_STAT_RX_TOO_LONG_OFFSET};
  struct nic *nic = rtl(port)->nic;
  report->cycles += nic_evaluated(nic);
  report->nic_tx_frames += counter(nic, PH_REGS_STAT_TX_FRAMES_OFFSET);
  report->nic_rx_frames += counter(nic, PH_REGS_STAT_RX_FRAMES_OFFSET);
  report->nic_super_segments +=
      counter(nic, PH_REGS_STAT_TX_SUPER_SEGMENTS_OFFSET);
  report->nic_segments += counter(nic, PH_REGS_STAT_TX_SEGMENTS_OFFSET);
  report->nic_csum_inserted +=
      counter(nic, PH_REGS_STAT_TX_CSUM_INSERTED_OFFSET);
  report->nic_csum_good += counter(nic, PH_REGS_STAT_RX_CSUM_GOOD_OFFSET);
  report->nic_csum_bad += counter(nic, PH_REGS_STAT_RX_CSUM_BAD_OFFSET);
  report->nic_rx_bytes += counter(nic, PH_REGS_STAT_RX_BYTES_OFFSET);
  report->nic_fcs_errors += counter(nic, PH_REGS_STAT_RX_FCS_ERRORS_OFFSET);
  report->nic_runts += counter(nic, PH_REGS_STAT_RX_RUNTS_OFFSET);
  report->nic_oversize += counter(nic, PH_REGS_STAT_RX_OVERSIZE_OFFSET);
  report->nic_code_errors += counter(nic, PH_REGS_STAT_RX_CODE_ERRORS_OFFSET);
  report->nic_bad_frames = report->nic_fcs_errors + report->nic_runts +
                           report->nic_oversize + report->nic_code_errors;
  report->nic_filtered += counter(nic, PH_REGS_STAT_RX_FILTERED_OFFSET);
  report->nic_overflows += counters(nic, no_room, PH_ARRAY_LEN(no_room)) +
                           rtl(port)->virtio.rx_dropped;
  report->nic_errors += counters(nic, errors, PH_ARRAY_LEN(errors));
}

static uint64_t rtl_hash(const struct host_port *port) {
  return nic_event_hash(rtl(port)->nic);
}

static void rtl_destroy(struct host_port *port) {
  struct rtl_nic *rtl_nic = rtl(port);
  nic_destroy(rtl_nic->nic);
  host_mem_destroy(rtl_nic->mem);
  free(rtl_nic->follow);
  free(rtl_nic);
}

const struct host_nic_ops host_rtl_ops = {
    .grain = NIC_CYCLE_PS,
    .device_bytes = rtl_device_bytes,
    .memory = rtl_memory,
    .start = rtl_start,
    .time = rtl_time,
    .next = rtl_next,
    .run = rtl_run,
    .irq = rtl_irq,
    .interrupt = rtl_interrupt,
    .receive = rtl_receive,
    .describe = rtl_describe,
    .check = rtl_check,
    .report = rtl_report,
    .hash = rtl_hash,
    .destroy = rtl_destroy,
};
