// SPDX-License-Identifier: Apache-2.0
// The memories of TSO: two segment buffers of one maximum frame each, and two header stores of 256
// bytes. A segment buffer has one bank per byte lane, so that a rotated beat is written in one
// cycle although it straddles two words: payload lies at the byte position it has in the outgoing
// frame. One write and one read per cycle; the read has latency 1 and holds while `rd_en` is low.
`default_nettype none

module tso_buffer #(
    parameter int unsigned DataW = 64,      // 64
    parameter int unsigned MaxFrame = 2048  // bytes of a segment buffer, a power of two, 512..16384
) (
    input  wire logic                              clk_i,
    input  wire logic                              wr_valid,
    input  wire logic                              wr_buffer,
    input  wire logic [$clog2(MaxFrame/8)-1:0]     wr_word,    // of lane wr_lane
    input  wire logic [2:0]                        wr_lane,    // lanes below it go to the next word
    input  wire logic [DataW/8-1:0]                wr_mask,
    input  wire logic [DataW-1:0]                  wr_data,
    input  wire logic                              hdr_valid,
    input  wire logic                              hdr_slot,
    input  wire logic [4:0]                        hdr_word,
    input  wire logic [DataW-1:0]                  hdr_data,
    input  wire logic                              rd_en,
    input  wire logic                              rd_buffer,
    input  wire logic                              rd_slot,
    input  wire logic [$clog2(MaxFrame/8)-1:0]     rd_word,
    output logic [DataW-1:0]                       rd_payload,
    output logic [DataW-1:0]                       rd_header
);
  localparam int unsigned Lanes = DataW / 8;
  localparam int unsigned Words = MaxFrame / Lanes;
  localparam int unsigned WordW = $clog2(Words);

  if (DataW != 64 || MaxFrame < 512 || MaxFrame > 16384 || (MaxFrame & (MaxFrame - 1)) != 0)
  begin : g_bad_size
    $fatal(1, "tso_buffer: DataW must be 64, MaxFrame a power of two, 512..16384");
  end

  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    logic [7:0] mem [0:2*Words-1];
    logic [WordW-1:0] word;
    logic [7:0] rd_q;
    assign word = ({1'b0, wr_lane} > 4'(i)) ? wr_word + WordW'(1) : wr_word;
    always_ff @(posedge clk_i) begin
      if (wr_valid && wr_mask[i]) mem[{wr_buffer, word}] <= wr_data[8*i+:8];
    end
    always_ff @(posedge clk_i) begin
      if (rd_en) rd_q <= mem[{rd_buffer, rd_word}];
    end
    assign rd_payload[8*i+:8] = rd_q;
  end

  logic [DataW-1:0] header_mem [0:63];
  logic [DataW-1:0] header_q;
  always_ff @(posedge clk_i) begin
    if (hdr_valid) header_mem[{hdr_slot, hdr_word}] <= hdr_data;
  end
  always_ff @(posedge clk_i) begin
    if (rd_en) header_q <= header_mem[{rd_slot, rd_word[4:0]}];
  end
  assign rd_header = header_q;
endmodule

`default_nettype wire
