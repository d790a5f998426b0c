// SPDX-License-Identifier: Apache-2.0
// One read client for the three readers of a virtqueue: 0 descriptor walker, 1 available ring,
// 2 event. Answers come back in request order, so a FIFO of (reader, beats) routes them.
// Combinational from request to client; the answer's route is combinational too.
`default_nettype none

module vring_rdmux (
    input  wire logic         clk_i,
    input  wire logic         rst_ni,
    input  wire logic [2:0]   req_valid,
    output logic [2:0]        req_ready,
    input  wire logic [191:0] req_addr,
    input  wire logic [38:0]  req_len,
    output logic [2:0]        rsp_valid,
    output logic              quiet_o,
    // Read client (docs/blocks/dma.md)
    output logic              rd_req_valid,
    input  wire logic         rd_req_ready,
    output logic [63:0]       rd_req_addr,
    output logic [12:0]       rd_req_len,
    input  wire logic         rd_rsp_valid
);
  // The walker is asked last: it would starve the other two, they cannot starve it.
  logic [1:0] sel, route;
  logic tag_ready, tag_valid, tag_pop;
  logic [12:0] span;
  logic [8:0] beats, route_beats, beat_q;
  logic [6:0] tag_count;

  assign sel = req_valid[2] ? 2'd2 : req_valid[1] ? 2'd1 : 2'd0;
  assign rd_req_valid = (req_valid != 0) && tag_ready;
  assign rd_req_addr = req_addr[64*sel +: 64];
  assign rd_req_len = req_len[13*sel +: 13];
  assign span = rd_req_len + {9'd0, rd_req_addr[3:0]} + 13'd15;
  assign beats = span[12:4];
  always_comb begin
    req_ready = '0;
    req_ready[sel] = rd_req_valid && rd_req_ready;
  end

  fifo_small #(.Width(11), .Depth(64)) u_tag (
      .clk_i, .rst_ni,
      .wr_valid(rd_req_valid && rd_req_ready), .wr_ready(tag_ready), .wr_data({sel, beats}),
      .rd_valid(tag_valid), .rd_ready(tag_pop), .rd_data({route, route_beats}),
      .count_o(tag_count)
  );
  assign tag_pop = rd_rsp_valid && beat_q + 9'd1 == route_beats;
  always_comb begin
    rsp_valid = '0;
    rsp_valid[route] = rd_rsp_valid && tag_valid;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) beat_q <= '0;
    else if (rd_rsp_valid) beat_q <= tag_pop ? 9'd0 : beat_q + 9'd1;
  end
  assign quiet_o = tag_count == 0;

  logic unused_bits;
  assign unused_bits = ^span[3:0];
endmodule

`default_nettype wire
