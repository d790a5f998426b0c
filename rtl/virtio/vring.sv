// SPDX-License-Identifier: Apache-2.0
// One split virtqueue (Virtio 1.2 2.7): available ring, descriptor walker, used ring and the one
// read client they share. Wiring only, but for the configuration, which is latched when the queue
// becomes enabled; addresses are forced to the alignment that 2.7 demands (16, 2 and 4 bytes).
`default_nettype none

module vring #(
    parameter logic [7:0] Queue = 8'd0,
    parameter bit DeviceWrites = 1'b0  // the receive queue: every element is device-writable
) (
    input  wire logic                     clk_i,
    input  wire logic                     rst_ni,
    input  wire logic                     run_i,       // configured, enabled, not stopping
    input  wire logic                     kick_i,
    input  wire logic                     event_idx_i,
    input  wire logic                     indirect_i,
    input  wire logic                     cfg_load_i,  // the cfg_* of this queue are valid now
    input  wire logic [15:0]              cfg_size,
    input  wire logic [63:0]              cfg_desc,
    input  wire logic [63:0]              cfg_driver,
    input  wire logic [63:0]              cfg_device,
    // Descriptor seam
    output logic                          desc_valid,
    input  wire logic                     desc_ready,
    output logic [ph_pkg::DescW-1:0]      desc,
    input  wire logic                     used_valid,
    output logic                          used_ready,
    input  wire logic [ph_pkg::UsedW-1:0] used,
    // Read client, write client, avail_event client
    output logic                          rd_req_valid,
    input  wire logic                     rd_req_ready,
    output logic [63:0]                   rd_req_addr,
    output logic [12:0]                   rd_req_len,
    input  wire logic                     rd_rsp_valid,
    input  wire logic [127:0]             rd_rsp_data,
    input  wire logic                     rd_rsp_err,
    output logic                          wr_req_valid,
    input  wire logic                     wr_req_ready,
    output logic [63:0]                   wr_req_addr,
    output logic [3:0]                    wr_req_beats,
    output logic                          wr_req_tag,
    output logic                          wr_dat_valid,
    input  wire logic                     wr_dat_ready,
    output logic [127:0]                  wr_dat_data,
    output logic [15:0]                   wr_dat_strb,
    input  wire logic                     wr_done,
    input  wire logic                     wr_done_tag,
    input  wire logic                     wr_done_err,
    output logic                          ev_req_valid,
    input  wire logic                     ev_req_ready,
    output logic [63:0]                   ev_req_addr,
    output logic [127:0]                  ev_dat_data,
    output logic [15:0]                   ev_dat_strb,
    input  wire logic                     ev_done,
    // Status
    output logic                          irq_o,
    output logic [15:0]                   irq_count_o,
    output logic                          empty_o,     // the available ring is known to be empty
    output logic                          quiet_o,     // nothing outstanding
    output logic                          busy_o,
    output logic                          err_jump_o,
    output logic                          err_head_o,
    output logic                          err_chain_o
);
  logic [15:0] size_q;
  logic [63:0] desc_q, driver_q, device_q;
  always_ff @(posedge clk_i) begin
    if (cfg_load_i) begin
      size_q <= cfg_size;
      desc_q <= {cfg_desc[63:4], 4'd0};
      driver_q <= {cfg_driver[63:1], 1'b0};
      device_q <= {cfg_device[63:2], 2'd0};
    end
  end

  logic unused_bits;
  assign unused_bits = ^{cfg_desc[3:0], cfg_driver[0], cfg_device[1:0]};

  logic [2:0] req_valid, req_ready, rsp_valid;
  logic [191:0] req_addr;
  logic [38:0] req_len;
  logic head_valid, head_ready;
  logic [15:0] head, ev_value;
  logic fetch_empty, walk_empty, fetch_quiet, used_quiet, mux_quiet;
  logic fetch_busy, walk_busy, used_busy;

  vring_fetch u_fetch (
      .clk_i, .rst_ni, .run_i, .kick_i, .event_idx_i,
      .cfg_size(size_q), .cfg_driver(driver_q), .cfg_device(device_q),
      .req_valid(req_valid[1]), .req_ready(req_ready[1]), .req_addr(req_addr[64 +: 64]),
      .req_len(req_len[13 +: 13]), .rsp_valid(rsp_valid[1]), .rsp_data(rd_rsp_data),
      .rsp_err(rd_rsp_err),
      .ev_req_valid, .ev_req_ready, .ev_addr(ev_req_addr), .ev_value, .ev_done,
      .head_valid, .head_ready, .head,
      .empty_o(fetch_empty), .quiet_o(fetch_quiet), .busy_o(fetch_busy), .err_jump_o, .err_head_o
  );
  assign ev_dat_data = {8{ev_value}};
  assign ev_dat_strb = 16'd3 << ev_req_addr[3:0];

  vring_walk #(.Queue(Queue), .DeviceWrites(DeviceWrites)) u_walk (
      .clk_i, .rst_ni, .run_i, .indirect_i, .cfg_size(size_q), .cfg_desc(desc_q),
      .head_valid, .head_ready, .head,
      .req_valid(req_valid[0]), .req_ready(req_ready[0]), .req_addr(req_addr[0 +: 64]),
      .req_len(req_len[0 +: 13]), .rsp_valid(rsp_valid[0]), .rsp_data(rd_rsp_data),
      .desc_valid, .desc_ready, .desc,
      .empty_o(walk_empty), .busy_o(walk_busy), .err_chain_o
  );

  vring_used u_used (
      .clk_i, .rst_ni, .run_i, .event_idx_i,
      .cfg_size(size_q), .cfg_driver(driver_q), .cfg_device(device_q),
      .used_valid, .used_ready, .used,
      .req_valid(req_valid[2]), .req_ready(req_ready[2]), .req_addr(req_addr[128 +: 64]),
      .req_len(req_len[26 +: 13]), .rsp_valid(rsp_valid[2]), .rsp_data(rd_rsp_data),
      .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .wr_done_tag, .wr_done_err,
      .irq_o, .irq_count_o, .quiet_o(used_quiet), .busy_o(used_busy)
  );

  vring_rdmux u_rdmux (
      .clk_i, .rst_ni, .req_valid, .req_ready, .req_addr, .req_len, .rsp_valid,
      .quiet_o(mux_quiet),
      .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len, .rd_rsp_valid
  );

  assign empty_o = fetch_empty && walk_empty;
  assign quiet_o = fetch_quiet && used_quiet && mux_quiet;
  assign busy_o = fetch_busy || walk_busy || used_busy || !mux_quiet;
endmodule

`default_nettype wire
