// SPDX-License-Identifier: Apache-2.0
// Turns a dense stream of bytes and a list of segments {address, length} into bursts for a write
// client of the DMA (docs/blocks/dma.md): beats with strobes at any alignment, bursts that end at
// multiples of 256 bytes and at the end of a segment. A burst is offered when all its beats are
// stored. The tag of a segment's last burst is the segment's tag, that of the others 0.
// Up to 16 bytes enter per cycle, one beat per cycle is formed.
`default_nettype none
`include "ph_assert.svh"

module write_packer #(
    parameter int unsigned BeatDepth = 64,  // beats stored, a power of two >= 32
    parameter int unsigned BurstDepth = 32   // bursts stored, a power of two
) (
    input  wire logic         clk_i,
    input  wire logic         rst_ni,
    // Segments: length 1..131071
    input  wire logic         seg_valid,
    output logic              seg_ready,
    input  wire logic [63:0]  seg_addr,
    input  wire logic [16:0]  seg_len,
    input  wire logic         seg_tag,
    // Bytes: push 0..16 only while `room` says so (16 bytes fit)
    input  wire logic [4:0]   push,
    input  wire logic [127:0] push_data,
    output logic              room,
    // Write client
    output logic              wr_req_valid,
    input  wire logic         wr_req_ready,
    output logic [63:0]       wr_req_addr,
    output logic [3:0]        wr_req_beats,
    output logic              wr_req_tag,
    output logic              wr_dat_valid,
    input  wire logic         wr_dat_ready,
    output logic [127:0]      wr_dat_data,
    output logic [15:0]       wr_dat_strb,
    input  wire logic         wr_done,
    output logic              quiet_o,   // no segment, no burst, no response outstanding
    output logic              busy_o     // something moves or is outstanding
);
  logic cur_valid_q, cur_tag_q, form, burst_end, seg_end, dat_room, burst_room, beats_busy;
  logic [63:0] cur_addr_q, start_q;
  logic [16:0] cur_len_q;
  logic [3:0] beats_q;
  logic first_q;             // the next beat opens a burst
  logic [4:0] lane_room, n;
  logic [5:0] count;
  logic [$clog2(BurstDepth):0] burst_count;
  logic [127:0] front;
  logic [255:0] placed;
  logic [31:0] strobes;
  logic [9:0] open_q;        // bursts formed and not yet acknowledged
  assign room = count <= 6'd32;

  assign lane_room = 5'd16 - {1'b0, cur_addr_q[3:0]};
  assign n = cur_len_q < {12'd0, lane_room} ? cur_len_q[4:0] : lane_room;
  assign seg_end = cur_len_q == {12'd0, n};
  assign burst_end = seg_end || (cur_addr_q[7:4] == 4'hf);
  assign form = cur_valid_q && count >= {1'b0, n} && dat_room && burst_room && !open_q[9];
  assign placed = {128'd0, front} << {cur_addr_q[3:0], 3'd0};
  assign strobes = ((32'd1 << n) - 32'd1) << cur_addr_q[3:0];
  assign seg_ready = !cur_valid_q || (form && seg_end);

  byte_queue #(.Rows(3)) u_bytes (
      .clk_i, .rst_ni, .push, .push_data, .pop(form ? n : 5'd0), .front, .count
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      cur_valid_q <= 1'b0;
      first_q <= 1'b1;
      beats_q <= '0;
      open_q <= '0;
    end else begin
      if (seg_ready) cur_valid_q <= seg_valid;
      if (form) begin
        first_q <= burst_end;
        beats_q <= burst_end ? 4'd0 : beats_q + 4'd1;
      end
      if (form && burst_end && !wr_done) open_q <= open_q + 10'd1;
      else if (!(form && burst_end) && wr_done) open_q <= open_q - 10'd1;
    end
  end
  always_ff @(posedge clk_i) begin
    if (seg_ready && seg_valid) begin
      cur_addr_q <= seg_addr;
      cur_len_q <= seg_len;
      cur_tag_q <= seg_tag;
    end else if (form) begin
      cur_addr_q <= cur_addr_q + {59'd0, n};
      cur_len_q <= cur_len_q - {12'd0, n};
    end
    if (form && first_q) start_q <= cur_addr_q;
  end

  fifo_large #(.Width(144), .Depth(BeatDepth)) u_beats (
      .clk_i, .rst_ni,
      .wr_valid(form), .wr_ready(dat_room), .wr_data({strobes[15:0], placed[127:0]}),
      .rd_valid(wr_dat_valid), .rd_ready(wr_dat_ready), .rd_data({wr_dat_strb, wr_dat_data}),
      .busy_o(beats_busy)
  );
  fifo_small #(.Width(69), .Depth(BurstDepth)) u_bursts (
      .clk_i, .rst_ni,
      .wr_valid(form && burst_end), .wr_ready(burst_room),
      .wr_data({first_q ? cur_addr_q : start_q, beats_q, cur_tag_q && seg_end}),
      .rd_valid(wr_req_valid), .rd_ready(wr_req_ready),
      .rd_data({wr_req_addr, wr_req_beats, wr_req_tag}), .count_o(burst_count)
  );

  assign quiet_o = !cur_valid_q && open_q == 0;
  assign busy_o = (seg_valid && seg_ready) || form || push != 0 || open_q != 0 || beats_busy;

  logic unused_bits;
  assign unused_bits = ^{placed[255:128], strobes[31:16], burst_count};

`ifdef FORMAL
`include "write_packer.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
