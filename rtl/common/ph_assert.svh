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

// What a module demands of its user is an assumption while the module itself is proved (FORMAL), an
// assertion in simulation and inside larger proofs (PROOF): REQUIRE, and stream_props and others
// with .Assume(`USER_ASSUMED). RESET_FIRST starts a proof with one cycle of reset.
`ifdef FORMAL
`define USER_ASSUMED 1'b1
`define REQUIRE(Name, Cond) \
  always_comb if (rst_ni) Name : assume (Cond);
`define RESET_FIRST \
  logic f_reset_done_q = 1'b0; \
  always_ff @(posedge clk_i) f_reset_done_q <= 1'b1; \
  always_comb if (!f_reset_done_q) assume (!rst_ni);
`define COVER(Name, Cond) \
  always @(posedge clk_i) if (rst_ni) Name : cover (Cond);
`else
`define USER_ASSUMED 1'b0
`define REQUIRE(Name, Cond) `ASSERT(Name, Cond)
`define RESET_FIRST
`define COVER(Name, Cond)
`endif

`ifdef PROOF
`define ASSUME(Name, Cond) \
  always @(posedge clk_i) if (rst_ni) Name : assume (Cond);
`else
`define ASSUME(Name, Cond) `ASSERT(Name, Cond)
`endif

`endif
