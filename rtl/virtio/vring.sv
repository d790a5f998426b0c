// SPDX-License-Identifier: Apache-2.0
// The split virtqueues (Virtio 1.2 2.7): one front end (available rings, descriptor walker), one
// back end (used rings) and one read multiplexer for all queues. Every module keeps its state by
// queue number; this one the configuration, which is latched when a queue becomes enabled.
// Addresses are forced to the alignment that 2.7 demands (16, 2 and 4 bytes). Even queues receive,
// odd transmit.
`default_nettype none

module vring #(
    parameter int unsigned NumQueues = 2,  // 2..16
    localparam int unsigned QueueW = $clog2(NumQueues)
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic [NumQueues-1:0]       clear_i,     // forget the queue; only when it is quiet
    input  wire logic [NumQueues-1:0]       run_i,       // configured, enabled, not stopping
    input  wire logic [NumQueues-1:0]       kick_i,
    input  wire logic                       event_idx_i,
    input  wire logic                       indirect_i,
    input  wire logic                       cfg_load_i,  // the cfg_* of cfg_queue are valid now
    input  wire logic [QueueW-1:0]          cfg_queue,
    input  wire logic [15:0]                cfg_size,
    input  wire logic [63:0]                cfg_desc,
    input  wire logic [63:0]                cfg_driver,
    input  wire logic [63:0]                cfg_device,
    // Descriptor seam: elements 0 to the receive mover, 1 to the transmit mover
    output logic [1:0]                      desc_valid,
    input  wire logic [1:0]                 desc_ready,
    output logic [2*ph_pkg::DescW-1:0]      desc,
    input  wire logic                       rx_used_valid,
    output logic                            rx_used_ready,
    input  wire logic [ph_pkg::UsedW-1:0]   rx_used,
    input  wire logic                       tx_used_valid,
    output logic                            tx_used_ready,
    input  wire logic [ph_pkg::UsedW-1:0]   tx_used,
    // Read clients: 0 odd queues, 1 even queues; write clients of the used rings and of avail_event
    output logic [1:0]                      rd_req_valid,
    input  wire logic [1:0]                 rd_req_ready,
    output logic [127:0]                    rd_req_addr,
    output logic [25:0]                     rd_req_len,
    input  wire logic [1:0]                 rd_rsp_valid,
    input  wire logic [127:0]               rd_rsp_data,
    input  wire logic                       rd_rsp_err,
    output logic                            wr_req_valid,
    input  wire logic                       wr_req_ready,
    output logic [63:0]                     wr_req_addr,
    output logic [3:0]                      wr_req_beats,
    output logic                            wr_req_tag,
    output logic                            wr_dat_valid,
    input  wire logic                       wr_dat_ready,
    output logic [127:0]                    wr_dat_data,
    output logic [15:0]                     wr_dat_strb,
    input  wire logic                       wr_done,
    input  wire logic                       wr_done_tag,
    input  wire logic                       wr_done_err,
    output logic                            ev_req_valid,
    input  wire logic                       ev_req_ready,
    output logic [63:0]                     ev_req_addr,
    output logic                            ev_dat_valid,
    input  wire logic                       ev_dat_ready,
    output logic [127:0]                    ev_dat_data,
    output logic [15:0]                     ev_dat_strb,
    input  wire logic                       ev_done,
    // Status
    output logic                            irq_o,       // pulse: an interrupt is wanted
    output logic [15:0]                     irq_count_o, // for so many elements
    output logic [NumQueues-1:0]            empty_o,     // the available ring is known to be empty
    output logic [NumQueues-1:0]            quiet_o,     // nothing outstanding
    output logic                            busy_o,
    output logic                            err_jump_o,
    output logic                            err_head_o,
    output logic                            err_chain_o
);
  if (NumQueues < 2 || NumQueues > 16) begin : g_bad_queues
    $fatal(1, "vring: NumQueues must be 2..16");
  end

  localparam int unsigned Slots = 32;  // chains of a queue walked at once
  localparam int unsigned TagW = $clog2(Slots) + 17;

  logic [15:0] size_mem [0:NumQueues-1];
  logic [63:0] desc_mem [0:NumQueues-1];
  logic [63:0] driver_mem [0:NumQueues-1];
  logic [63:0] device_mem [0:NumQueues-1];
  always_ff @(posedge clk_i) begin
    if (cfg_load_i) begin
      size_mem[cfg_queue] <= cfg_size;
      desc_mem[cfg_queue] <= {cfg_desc[63:4], 4'd0};
      driver_mem[cfg_queue] <= {cfg_driver[63:1], 1'b0};
      device_mem[cfg_queue] <= {cfg_device[63:2], 2'd0};
    end
  end

  logic [2:0] req_valid, req_ready, rsp_valid;
  logic [3*QueueW-1:0] req_queue;
  logic [191:0] req_addr;
  logic [38:0] req_len;
  logic [QueueW-1:0] rsp_queue, fetch_queue, ask_queue, used_queue, event_queue;
  logic [15:0] rsp_half, head;
  logic [TagW-1:0] req_tag, rsp_tag;
  logic [8:0] rsp_beat;
  logic rsp_last;
  logic [NumQueues-1:0] head_valid;
  logic head_take;
  logic [NumQueues-1:0] fetch_empty, walk_empty, fetch_quiet, used_quiet, mux_quiet;
  logic fetch_busy, walk_busy, used_busy;

  vring_fetch #(.NumQueues(NumQueues)) u_fetch (
      .clk_i, .rst_ni, .clear_i, .run_i, .kick_i, .event_idx_i,
      .cfg_queue(fetch_queue), .cfg_size(size_mem[fetch_queue]),
      .cfg_driver(driver_mem[fetch_queue]), .cfg_device(device_mem[fetch_queue]),
      .req_valid(req_valid[1]), .req_ready(req_ready[1]), .req_queue(req_queue[QueueW +: QueueW]),
      .req_addr(req_addr[64 +: 64]), .req_len(req_len[13 +: 13]),
      .rsp_valid(rsp_valid[1]), .rsp_queue, .rsp_data(rd_rsp_data), .rsp_half,
      .rsp_err(rd_rsp_err),
      .ev_req_valid, .ev_req_ready, .ev_req_addr, .ev_dat_valid, .ev_dat_ready, .ev_dat_data,
      .ev_dat_strb, .ev_done,
      .head_valid, .head_take, .head_queue(ask_queue), .head,
      .empty_o(fetch_empty), .quiet_o(fetch_quiet), .busy_o(fetch_busy), .err_jump_o, .err_head_o
  );

  assign req_queue[0 +: QueueW] = ask_queue;
  vring_walk #(.NumQueues(NumQueues), .Slots(Slots)) u_walk (
      .clk_i, .rst_ni, .clear_i, .run_i, .indirect_i,
      .ask_queue, .ask_desc(desc_mem[ask_queue]),
      .rsp_size(size_mem[rsp_queue]), .rsp_desc(desc_mem[rsp_queue]),
      .head_valid, .head_take, .head,
      .req_valid(req_valid[0]), .req_ready(req_ready[0]), .req_addr(req_addr[0 +: 64]),
      .req_len(req_len[0 +: 13]), .req_tag, .rsp_valid(rsp_valid[0]), .rsp_queue, .rsp_tag,
      .rsp_beat(rsp_beat[2:0]), .rsp_last, .rsp_data(rd_rsp_data),
      .desc_valid, .desc_ready, .desc,
      .empty_o(walk_empty), .busy_o(walk_busy), .err_chain_o
  );

  assign req_queue[2*QueueW +: QueueW] = event_queue;
  vring_used #(.NumQueues(NumQueues)) u_used (
      .clk_i, .rst_ni, .clear_i, .run_i, .event_idx_i,
      .cfg_queue(used_queue), .cfg_size(size_mem[used_queue]), .cfg_device(device_mem[used_queue]),
      .req_queue(event_queue), .req_size(size_mem[event_queue]),
      .req_driver(driver_mem[event_queue]),
      .rx_used_valid, .rx_used_ready, .rx_used, .tx_used_valid, .tx_used_ready, .tx_used,
      .req_valid(req_valid[2]), .req_ready(req_ready[2]), .req_addr(req_addr[128 +: 64]),
      .req_len(req_len[26 +: 13]), .rsp_valid(rsp_valid[2]), .rsp_queue, .rsp_half,
      .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .wr_done_tag, .wr_done_err,
      .irq_o, .irq_count_o, .quiet_o(used_quiet), .busy_o(used_busy)
  );

  vring_rdmux #(.NumQueues(NumQueues), .TagW(TagW)) u_rdmux (
      .clk_i, .rst_ni, .req_valid, .req_ready, .req_queue, .req_addr, .req_len, .req_tag,
      .rsp_valid, .rsp_queue, .rsp_tag, .rsp_beat, .rsp_last, .rsp_half, .quiet_o(mux_quiet),
      .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len, .rd_rsp_valid, .rd_rsp_data
  );

  assign empty_o = fetch_empty & walk_empty;
  assign quiet_o = fetch_quiet & used_quiet & mux_quiet;
  assign busy_o = fetch_busy || walk_busy || used_busy || mux_quiet != {NumQueues{1'b1}};

  logic unused_bits;
  assign unused_bits = ^{cfg_desc[3:0], cfg_driver[0], cfg_device[1:0], rsp_beat[8:3]};
endmodule

`default_nettype wire
