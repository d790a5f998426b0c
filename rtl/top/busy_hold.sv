// SPDX-License-Identifier: Apache-2.0
// Holds a busy level for some cycles after it fell, so that what crosses to another clock meanwhile
// (configuration, the last pulse of a frame) is still covered. Output from flip-flops and `busy_i`.
`default_nettype none

module busy_hold #(
  parameter int unsigned Cycles = 8  /// 1..64
) (
  input  wire logic clk_i,
  input  wire logic rst_ni,
  input  wire logic busy_i,
  output logic      busy_o
);
  if (Cycles < 1 || Cycles > 64) begin : g_bad_cycles
    $fatal(1, "Cycles must be 1..64");
  end

  logic [Cycles-1:0] hold_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) hold_q <= '1;
    else if (busy_i) hold_q <= '1;
    else hold_q <= hold_q >> 1;
  end
  assign busy_o = busy_i || hold_q[0];
endmodule

`default_nettype wire
