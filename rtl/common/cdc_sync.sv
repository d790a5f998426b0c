// SPDX-License-Identifier: Apache-2.0
// Two flip-flops that bring independent levels into the clock `clk_i`. Each bit arrives after two
// edges; bits of one bus may arrive in different cycles, so a bus that must be seen whole needs
// cdc_counter or cdc_fifo, or must be quasi-static. `d_i` must come from a flip-flop.
`default_nettype none

module cdc_sync #(
    parameter int unsigned Width = 1,                 /// 1..256
    parameter logic [Width-1:0] ResetValue = '0
) (
    input  wire logic             clk_i,
    input  wire logic             rst_ni,
    input  wire logic [Width-1:0] d_i,
    output logic [Width-1:0]      q_o
);
  (* async_reg = "true" *) logic [Width-1:0] meta_q, sync_q;
  logic [Width-1:0] arriving;

`ifdef PROOF
  // In proofs a bit that changed in the step before the edge arrives old or new, as it likes.
  (* anyseq *) logic [Width-1:0] f_late;
  logic [Width-1:0] f_before_q;
  always @($global_clock) f_before_q <= d_i;
  assign arriving = (f_late & f_before_q) | (~f_late & d_i);
`else
  assign arriving = d_i;
`endif

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      meta_q <= ResetValue;
      sync_q <= ResetValue;
    end else begin
      meta_q <= arriving;
      sync_q <= meta_q;
    end
  end
  assign q_o = sync_q;
endmodule

`default_nettype wire
