// SPDX-License-Identifier: Apache-2.0
// Shows a counter of one clock in another, in Gray code: the value seen is one that it had.
// It may move by at most one per source cycle (up, or to zero by reset of both sides).
// Seen after one source edge and two destination edges.
`default_nettype none

module cdc_counter #(
    parameter int unsigned Width = 4  /// 2..32
) (
    input  wire logic             src_clk_i,
    input  wire logic             src_rst_ni,
    input  wire logic [Width-1:0] src_count_i,
    input  wire logic             dst_clk_i,
    input  wire logic             dst_rst_ni,
    output logic [Width-1:0]      dst_count_o
);
  if (Width < 2 || Width > 32) begin : g_bad_width
    $fatal(1, "cdc_counter: Width must be 2..32");
  end

  logic [Width-1:0] gray_q, gray;

  // The register makes sure that one bit changes per edge, whatever the logic before it does.
  always_ff @(posedge src_clk_i) begin
    if (!src_rst_ni) gray_q <= '0;
    else gray_q <= src_count_i ^ (src_count_i >> 1);
  end

  cdc_sync #(.Width(Width)) u_cdc_sync (
      .clk_i(dst_clk_i),
      .rst_ni(dst_rst_ni),
      .d_i(gray_q),
      .q_o(gray)
  );

  // Each bit is the parity of the Gray bits from its own up, in steps that double.
  always_comb begin
    dst_count_o = gray;
    for (int i = 1; i < Width; i = i * 2) dst_count_o = dst_count_o ^ (dst_count_o >> i);
  end

`ifdef FORMAL
`include "cdc_counter.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
