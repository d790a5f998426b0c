// SPDX-License-Identifier: Apache-2.0
// Two read clients, transmit rings and receive rings, for the three readers of the rings: 0
// descriptor walker, 1 available ring, 2 event. A client's answers come back in request order, so a
// FIFO of (reader, queue, 16-bit lane, tag, beats) for each routes them; reads in flight are
// counted by queue, so that one queue can be stopped alone. Combinational from request to client;
// the answer's route is combinational too.
`default_nettype none
`include "ph_assert.svh"

module vring_rdmux #(
    parameter int unsigned NumQueues = 2,  // 2..16
    parameter int unsigned TagW = 22,      // of the walker, comes back with the answer
    parameter int unsigned OrderDepth = 64,  // reads of a client, a power of two, 4..64
    localparam int unsigned QueueW = $clog2(NumQueues),
    localparam int unsigned CountW = $clog2(OrderDepth) + 1
) (
    input  wire logic                 clk_i,
    input  wire logic                 rst_ni,
    input  wire logic [2:0]           req_valid,
    output logic [2:0]                req_ready,
    input  wire logic [3*QueueW-1:0]  req_queue,
    input  wire logic [191:0]         req_addr,
    input  wire logic [38:0]          req_len,
    input  wire logic [TagW-1:0]      req_tag,      // of reader 0
    output logic [2:0]                rsp_valid,
    output logic [QueueW-1:0]         rsp_queue,
    output logic [TagW-1:0]           rsp_tag,
    output logic [8:0]                rsp_beat,     // number of this beat
    output logic                      rsp_last,
    output logic [15:0]               rsp_half,     // the 16 bits at the address of the request
    output logic [NumQueues-1:0]      quiet_o,      // no read of this queue is outstanding
    // Read clients (docs/blocks/dma.md): 0 transmit rings, 1 receive rings
    output logic [1:0]                rd_req_valid,
    input  wire logic [1:0]           rd_req_ready,
    output logic [127:0]              rd_req_addr,
    output logic [25:0]               rd_req_len,
    input  wire logic [1:0]           rd_rsp_valid,
    input  wire logic [127:0]         rd_rsp_data
);
  localparam int unsigned OrderW = 14 + QueueW + TagW;

  // --- Requests. The walker is asked last: it would starve the others, they cannot starve it ---
  logic [1:0] sel, room, opens_c;
  logic fire, client;
  logic [QueueW-1:0] queue;
  logic [63:0] addr;
  logic [12:0] len, span;
  logic [8:0] beats;
  assign sel = req_valid[2] ? 2'd2 : req_valid[1] ? 2'd1 : 2'd0;
  assign queue = req_queue[QueueW*sel +: QueueW];
  assign client = !queue[0];
  assign addr = req_addr[64*sel +: 64];
  assign len = req_len[13*sel +: 13];
  assign span = len + {9'd0, addr[3:0]} + 13'd15;
  assign beats = span[12:4];
  assign rd_req_addr = {2{addr}};
  assign rd_req_len = {2{len}};
  always_comb begin
    rd_req_valid = '0;
    rd_req_valid[client] = req_valid != 0 && room[client];
  end
  assign opens_c = rd_req_valid & rd_req_ready;
  assign fire = opens_c != 0;
  always_comb begin
    req_ready = '0;
    req_ready[sel] = fire;
  end

  // --- What is outstanding, in order, for each client ---
  logic [1:0] open, closes_c;
  logic [2*OrderW-1:0] order;
  logic [17:0] beat_q;
  logic [2*CountW-1:0] open_count;
  for (genvar c = 0; c < 2; c++) begin : g_client
    fifo_small #(.Width(OrderW), .Depth(OrderDepth)) u_order (
        .clk_i, .rst_ni,
        .wr_valid(opens_c[c]), .wr_ready(room[c]),
        .wr_data({sel, queue, addr[3:1], req_tag, beats}),
        .rd_valid(open[c]), .rd_ready(closes_c[c]), .rd_data(order[OrderW*c +: OrderW]),
        .count_o(open_count[CountW*c +: CountW])
    );
    assign closes_c[c] = rd_rsp_valid[c] && beat_q[9*c +: 9] + 9'd1 == order[OrderW*c +: 9];
    always_ff @(posedge clk_i) begin
      if (!rst_ni) beat_q[9*c +: 9] <= '0;
      else if (rd_rsp_valid[c]) beat_q[9*c +: 9] <= closes_c[c] ? 9'd0 : beat_q[9*c +: 9] + 9'd1;
    end
  end

  // --- The answer ---
  logic [1:0] route;
  logic [2:0] lane;
  logic [8:0] unused_beats;
  logic from;
  assign from = rd_rsp_valid[1];
  assign {route, rsp_queue, lane, rsp_tag, unused_beats} = order[OrderW*from +: OrderW];
  assign rsp_beat = beat_q[9*from +: 9];
  assign rsp_last = closes_c != 0;
  assign rsp_half = rd_rsp_data[16*lane +: 16];
  always_comb begin
    rsp_valid = '0;
    rsp_valid[route] = (rd_rsp_valid & open) != 0;
  end

  // --- Reads in flight of each queue ---
  logic [7*NumQueues-1:0] flight_q;
  logic [NumQueues-1:0] opens, closes;
  always_comb begin
    opens = '0;
    opens[queue] = fire;
    closes = '0;
    closes[rsp_queue] = rsp_last;
    for (int i = 0; i < NumQueues; i++) quiet_o[i] = flight_q[7*i +: 7] == 0;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flight_q <= '0;
    end else begin
      for (int i = 0; i < NumQueues; i++) begin
        if (opens[i] && !closes[i]) flight_q[7*i +: 7] <= flight_q[7*i +: 7] + 7'd1;
        if (!opens[i] && closes[i]) flight_q[7*i +: 7] <= flight_q[7*i +: 7] - 7'd1;
      end
    end
  end

  logic unused_bits;
  assign unused_bits = ^{span[3:0], unused_beats, open_count};

`ifdef FORMAL
`include "vring_rdmux.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
