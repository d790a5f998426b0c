// SPDX-License-Identifier: Apache-2.0
// Rules of cdc_counter, for two free clocks; cdc_sync lets each bit that changed in the step before
// an edge arrive old or new.
//  1. What is seen is a value that the counter had: the one at the edge that sampled it, or the one
//     a step before.
`include "two_clocks.svh"
`TWO_CLOCKS(src_clk_i, src_rst_ni, dst_clk_i, dst_rst_ni)

logic [Width-1:0] f_count_q, f_before_q;  // as the Gray register has it; a step before
logic [Width-1:0] f_now_q, f_old_q, f_now2_q, f_old2_q;
always_ff @(posedge src_clk_i) begin
  if (!src_rst_ni) f_count_q <= '0;
  else f_count_q <= src_count_i;
end
always @($global_clock) f_before_q <= f_live ? f_count_q : '0;
always_ff @(posedge dst_clk_i) begin
  if (!dst_rst_ni) begin
    f_now_q <= '0;
    f_old_q <= '0;
    f_now2_q <= '0;
    f_old2_q <= '0;
  end else begin
    f_now_q <= f_count_q;
    f_old_q <= f_before_q;
    f_now2_q <= f_now_q;
    f_old2_q <= f_old_q;
  end
end
always_comb assume (src_count_i == f_count_q || src_count_i == f_count_q + 1'b1);
`HOLDS(SeenIsOneThatWas, dst_count_o == f_now2_q || dst_count_o == f_old2_q)
`REACHED(SeenOld, dst_count_o != f_now2_q)
`REACHED(Wrapped, f_count_q == '0 && dst_count_o == '1)
