// SPDX-License-Identifier: Apache-2.0
// Rules of cdc_pulse, for two free clocks, while fewer than 2^CountW pulses are on their way.
//  1. None is invented: never more out than in.
//  2. None is lost: what is on its way stands between the counters.
`include "two_clocks.svh"
`TWO_CLOCKS(src_clk_i, src_rst_ni, dst_clk_i, dst_rst_ni)

// One bit more than the module's counters, so that a loss of 2^CountW would show.
logic [CountW:0] f_in_q, f_out_q, f_way;
always_ff @(posedge src_clk_i) begin
  if (!src_rst_ni) f_in_q <= '0;
  else if (src_pulse_i) f_in_q <= f_in_q + 1'b1;
end
always_ff @(posedge dst_clk_i) begin
  if (!dst_rst_ni) f_out_q <= '0;
  else if (sent != seen_q) f_out_q <= f_out_q + 1'b1;
end
assign f_way = f_in_q - f_out_q;
always_comb assume (f_way < (CountW + 1)'((1 << CountW) - 1) || !src_pulse_i);
logic f_given_q, f_rose_q;
always_ff @(posedge dst_clk_i) f_given_q <= dst_rst_ni && sent != seen_q;
`HOLDS(NoneInvented, f_way <= (CountW + 1)'((1 << CountW) - 1))
`HOLDS(NoneLost, CountW'(f_way) == CountW'(sent_q - seen_q))
`HOLDS(OnePulseEach, dst_pulse_o == f_given_q)
`REACHED(BackToBack, f_out_q == (CountW + 1)'(3) && f_way == '0 && dst_pulse_o)
