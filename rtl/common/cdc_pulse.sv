// SPDX-License-Identifier: Apache-2.0
// Carries one-cycle pulses to another clock. None is lost and none is invented as long as fewer
// than 2^CountW are on their way; closely spaced pulses leave back to back, one per cycle.
`default_nettype none

module cdc_pulse #(
    parameter int unsigned CountW = 4  /// 2..16
) (
    input  wire logic src_clk_i,
    input  wire logic src_rst_ni,
    input  wire logic src_pulse_i,
    input  wire logic dst_clk_i,
    input  wire logic dst_rst_ni,
    output logic      dst_pulse_o  // registered
);
  logic [CountW-1:0] sent_q, sent, seen_q;

  always_ff @(posedge src_clk_i) begin
    if (!src_rst_ni) sent_q <= '0;
    else if (src_pulse_i) sent_q <= sent_q + 1'b1;
  end

  cdc_counter #(.Width(CountW)) u_cdc_counter (
      .src_clk_i,
      .src_rst_ni,
      .src_count_i(sent_q),
      .dst_clk_i,
      .dst_rst_ni,
      .dst_count_o(sent)
  );

  always_ff @(posedge dst_clk_i) begin
    if (!dst_rst_ni) begin
      seen_q <= '0;
      dst_pulse_o <= 1'b0;
    end else begin
      dst_pulse_o <= sent != seen_q;
      if (sent != seen_q) seen_q <= seen_q + 1'b1;
    end
  end

`ifdef FORMAL
`include "cdc_pulse.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
