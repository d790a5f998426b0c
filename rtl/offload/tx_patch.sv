// SPDX-License-Identifier: Apache-2.0
// Stores a checksum into a frame as it leaves the transmit FIFO, so that the frame never waited for
// its own end (docs/decisions/0004-transmit-fifo-and-patch.md). MAC transmit clock.
// `s_patch` = {enable, byte offset, value} is stable for the frame; the value is written big-endian
// at the offset, which may be odd and may straddle two beats. Latency 1, one beat per cycle.
`default_nettype none
`include "ph_assert.svh"

module tx_patch #(
    parameter int unsigned DataW = 64  // 16..512, a power of two
) (
    input  wire logic               clk_i,
    input  wire logic               rst_ni,
    input  wire logic               s_valid,
    output logic                    s_ready,
    input  wire logic [DataW-1:0]   s_data,
    input  wire logic [DataW/8-1:0] s_keep,
    input  wire logic               s_last,
    input  wire logic [32:0]        s_patch,
    output logic                    m_valid,
    input  wire logic               m_ready,
    output logic [DataW-1:0]        m_data,
    output logic [DataW/8-1:0]      m_keep,
    output logic                    m_last
);
  localparam int unsigned Lanes = DataW / 8;
  localparam int unsigned LaneW = $clog2(Lanes);
  localparam int unsigned BeatW = 17 - LaneW;

  if (DataW < 16 || DataW > 512 || (DataW & (DataW - 1)) != 0) begin : g_bad_width
    $fatal(1, "tx_patch: DataW must be a power of two, 16..512");
  end

  logic [BeatW-1:0] beat_q;  // index of the beat at the input, saturating
  logic patch_en;
  logic [16:0] high_byte, low_byte;
  logic [15:0] patch_value;
  assign {patch_en, high_byte[15:0], patch_value} = s_patch;
  assign high_byte[16] = 1'b0;
  assign low_byte = high_byte + 17'd1;

  logic [DataW-1:0] patched;
  logic in_high, in_low;  // this beat holds that byte
  assign in_high = patch_en && high_byte[16:LaneW] == beat_q;
  assign in_low = patch_en && low_byte[16:LaneW] == beat_q;
  always_comb begin
    patched = s_data;
    if (in_high || in_low) for (int i = 0; i < Lanes; i++) begin
      if (in_high && high_byte[LaneW-1:0] == LaneW'(i)) patched[8*i+:8] = patch_value[15:8];
      if (in_low && low_byte[LaneW-1:0] == LaneW'(i)) patched[8*i+:8] = patch_value[7:0];
    end
  end

  assign s_ready = m_ready || !m_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid <= 1'b0;
      beat_q <= '0;
    end else if (s_ready) begin
      m_valid <= s_valid;
      if (s_valid) beat_q <= s_last ? '0 : (beat_q == '1) ? beat_q : beat_q + BeatW'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_ready && s_valid) begin
      m_data <= patched;
      m_keep <= s_keep;
      m_last <= s_last;
    end
  end

`ifdef PH_PROPERTIES
  stream_props #(.DataW(DataW)) u_s_props (
      .clk_i, .rst_ni, .valid(s_valid), .ready(s_ready), .data(s_data),
      .keep(s_keep), .last(s_last), .err(1'b0));
  stream_props #(.DataW(DataW)) u_m_props (
      .clk_i, .rst_ni, .valid(m_valid), .ready(m_ready), .data(m_data),
      .keep(m_keep), .last(m_last), .err(1'b0));
`endif
endmodule

`default_nettype wire
