// SPDX-License-Identifier: Apache-2.0
// For proofs with two free clocks (option `clocks` of proofs.txt): time is the solver's step, each
// clock may rise in any step. Both sides are reset together in the first edge, then never again.
`define TWO_CLOCKS(ClkA, RstA, ClkB, RstB) \
  logic [1:0] f_step_q = 2'd0; \
  logic f_live; \
  always @($global_clock) if (!f_step_q[1]) f_step_q <= f_step_q + 2'd1; \
  assign f_live = f_step_q[1]; \
  always_comb begin \
    if (f_step_q == 2'd0) assume (!ClkA && !ClkB); \
    if (f_step_q == 2'd1) assume (ClkA && ClkB); \
    assume (RstA == f_live && RstB == f_live); \
    assume (f_step_q != 2'd3); \
  end
`define HOLDS(Name, Cond) \
  always_comb if (f_live) Name : assert (Cond);
`define REACHED(Name, Cond) \
  always_comb if (f_live) Name : cover (Cond);
