// SPDX-License-Identifier: Apache-2.0
// One read client for the three readers of the rings: 0 descriptor walker, 1 available ring,
// 2 event. Answers come back in request order, so a FIFO of (reader, queue, 16-bit lane, beats)
// routes them; reads in flight are counted by queue, so that one queue can be stopped alone.
// Combinational from request to client; the answer's route is combinational too.
`default_nettype none

module vring_rdmux #(
    parameter int unsigned NumQueues = 2,   // 2..16
    localparam int unsigned QueueW = $clog2(NumQueues)
) (
    input  wire logic                 clk_i,
    input  wire logic                 rst_ni,
    input  wire logic [2:0]           req_valid,
    output logic [2:0]                req_ready,
    input  wire logic [3*QueueW-1:0]  req_queue,
    input  wire logic [191:0]         req_addr,
    input  wire logic [38:0]          req_len,
    output logic [2:0]                rsp_valid,
    output logic [QueueW-1:0]         rsp_queue,
    output logic [15:0]               rsp_half,     // the 16 bits at the address of the request
    output logic [NumQueues-1:0]      quiet_o,      // no read of this queue is outstanding
    // Read client (docs/blocks/dma.md)
    output logic                      rd_req_valid,
    input  wire logic                 rd_req_ready,
    output logic [63:0]               rd_req_addr,
    output logic [12:0]               rd_req_len,
    input  wire logic                 rd_rsp_valid,
    input  wire logic [127:0]         rd_rsp_data
);
  // The walker is asked last: it would starve the other two, they cannot starve it.
  logic [1:0] sel, route;
  logic fire, tag_ready, tag_valid, tag_pop;
  logic [QueueW-1:0] queue;
  logic [2:0] lane;
  logic [12:0] span;
  logic [8:0] beats, route_beats, beat_q;
  logic [6:0] tag_count;
  logic [7*NumQueues-1:0] open_q;  // reads in flight, by queue
  logic [NumQueues-1:0] opens, closes;

  assign sel = req_valid[2] ? 2'd2 : req_valid[1] ? 2'd1 : 2'd0;
  assign queue = req_queue[QueueW*sel +: QueueW];
  assign rd_req_valid = (req_valid != 0) && tag_ready;
  assign rd_req_addr = req_addr[64*sel +: 64];
  assign rd_req_len = req_len[13*sel +: 13];
  assign fire = rd_req_valid && rd_req_ready;
  assign span = rd_req_len + {9'd0, rd_req_addr[3:0]} + 13'd15;
  assign beats = span[12:4];
  always_comb begin
    req_ready = '0;
    req_ready[sel] = fire;
  end

  fifo_small #(.Width(14 + QueueW), .Depth(64)) u_tag (
      .clk_i, .rst_ni,
      .wr_valid(fire), .wr_ready(tag_ready), .wr_data({sel, queue, rd_req_addr[3:1], beats}),
      .rd_valid(tag_valid), .rd_ready(tag_pop), .rd_data({route, rsp_queue, lane, route_beats}),
      .count_o(tag_count)
  );
  assign tag_pop = rd_rsp_valid && beat_q + 9'd1 == route_beats;
  assign rsp_half = rd_rsp_data[16*lane +: 16];
  always_comb begin
    rsp_valid = '0;
    rsp_valid[route] = rd_rsp_valid && tag_valid;
    opens = '0;
    opens[queue] = fire;
    closes = '0;
    closes[rsp_queue] = tag_pop;
    for (int i = 0; i < NumQueues; i++) quiet_o[i] = open_q[7*i +: 7] == 0;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q <= '0;
      open_q <= '0;
    end else begin
      if (rd_rsp_valid) beat_q <= tag_pop ? 9'd0 : beat_q + 9'd1;
      for (int i = 0; i < NumQueues; i++) begin
        if (opens[i] && !closes[i]) open_q[7*i +: 7] <= open_q[7*i +: 7] + 7'd1;
        if (!opens[i] && closes[i]) open_q[7*i +: 7] <= open_q[7*i +: 7] - 7'd1;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{span[3:0], tag_count};
endmodule

`default_nettype wire
