// SPDX-License-Identifier: Apache-2.0
// First-word-fall-through FIFO for small depths; the head is read combinationally (LUT RAM).
// Latency 1 cycle, one entry per cycle, `wr_ready` depends on nothing outside. Reset empties it.
`default_nettype none
`include "ph_assert.svh"

module fifo_small #(
    parameter int unsigned Width = 8,   // payload bits, 1..1024
    parameter int unsigned Depth = 16,  // entries, a power of two, 2..256
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input  wire logic             clk_i,
    input  wire logic             rst_ni,
    input  wire logic             wr_valid,
    output logic                  wr_ready,
    input  wire logic [Width-1:0] wr_data,
    output logic                  rd_valid,
    input  wire logic             rd_ready,
    output logic [Width-1:0]      rd_data,
    output logic [AddrW:0]        count_o
);
  if (Depth < 2 || Depth > 256 || Depth != (1 << AddrW)) begin : g_bad_depth
    $fatal(1, "fifo_small: Depth must be a power of two, 2..256");
  end

  logic [Width-1:0] mem [0:Depth-1];
  logic [AddrW:0] wr_ptr_q, rd_ptr_q;

  assign count_o = wr_ptr_q - rd_ptr_q;
  assign wr_ready = !count_o[AddrW];
  assign rd_valid = wr_ptr_q != rd_ptr_q;
  assign rd_data = mem[rd_ptr_q[AddrW-1:0]];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_ptr_q <= '0;
      rd_ptr_q <= '0;
    end else begin
      if (wr_valid && wr_ready) wr_ptr_q <= wr_ptr_q + 1'b1;
      if (rd_valid && rd_ready) rd_ptr_q <= rd_ptr_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (wr_valid && wr_ready) mem[wr_ptr_q[AddrW-1:0]] <= wr_data;
  end

  // 1. Never more entries than places.
  `ASSERT(CountInRange, count_o <= (AddrW + 1)'(Depth))

`ifdef FORMAL
  // 2. Order: the n-th entry that leaves is the n-th that entered, for any n. Both sides are
  //    counted here, apart from the pointers; `f_nth` chooses the entry that is watched.
  (* anyconst *) logic [AddrW:0] f_nth;
  logic [AddrW:0] f_in_q, f_out_q, f_age;
  logic [Width-1:0] f_data_q;
  logic f_stored;
  logic f_reset_done_q = 1'b0;
  assign f_age = f_nth - f_out_q;
  assign f_stored = f_age < f_in_q - f_out_q;
  always_ff @(posedge clk_i) begin
    f_reset_done_q <= 1'b1;
    if (!rst_ni) begin
      f_in_q <= '0;
      f_out_q <= '0;
    end else begin
      if (wr_valid && wr_ready) f_in_q <= f_in_q + 1'b1;
      if (rd_valid && rd_ready) f_out_q <= f_out_q + 1'b1;
    end
    if (wr_valid && wr_ready && f_in_q == f_nth) f_data_q <= wr_data;
  end
  always_comb if (!f_reset_done_q) assume (!rst_ni);
  `ASSERT(InCounted, f_in_q == wr_ptr_q)
  `ASSERT(OutCounted, f_out_q == rd_ptr_q)
  `ASSERT(EntryKept, !f_stored || mem[f_nth[AddrW-1:0]] == f_data_q)
  `ASSERT(EntryLeaves, !(rd_valid && f_stored && f_age == '0) || rd_data == f_data_q)
  `COVER(FullThenEmpty, f_in_q == (AddrW + 1)'(Depth + 1) && f_in_q == f_out_q)
  `COVER(Full, !wr_ready)
`endif
endmodule

`default_nettype wire
