// SPDX-License-Identifier: Apache-2.0
// Property macros (docs/verification.md). Immediate assertions in a clocked block: the only form
// that Verilator 5.006 and Yosys 0.23 both build right. They live in simulation (PH_ASSERT) and in
// proofs (FORMAL), and vanish in synthesis. `clk_i` and `rst_ni` are the module's own.
`ifndef PH_ASSERT_SVH
`define PH_ASSERT_SVH

`ifdef FORMAL
`define PH_PROPERTIES
`endif
`ifdef PH_ASSERT
`define PH_PROPERTIES
`endif

`ifdef PH_PROPERTIES
`define ASSERT(Name, Cond) \
  always @(posedge clk_i) if (rst_ni) Name : assert (Cond);
`else
`define ASSERT(Name, Cond)
`endif

`ifdef FORMAL
`define ASSUME(Name, Cond) \
  always @(posedge clk_i) if (rst_ni) Name : assume (Cond);
`define COVER(Name, Cond) \
  always @(posedge clk_i) if (rst_ni) Name : cover (Cond);
`else
`define ASSUME(Name, Cond) `ASSERT(Name, Cond)
`define COVER(Name, Cond)
`endif

`endif
