// SPDX-License-Identifier: Apache-2.0
// First-word-fall-through FIFO on a block RAM with a registered read.
// Latency 2 cycles, one entry per cycle; it holds Depth entries in RAM and one in the output
// register. `wr_ready` and the outputs are registered or depend on registers only.
`default_nettype none
`include "ph_assert.svh"

module fifo_large #(
    parameter int unsigned Width = 128,  // payload bits, 1..1024
    parameter int unsigned Depth = 512,  // entries, a power of two, 4..65536
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
    output logic                  busy_o    // an entry is on its way to the output register
);
  if (Depth < 4 || Depth > 65536 || Depth != (1 << AddrW)) begin : g_bad_depth
    $fatal(1, "fifo_large: Depth must be a power of two, 4..65536");
  end

  logic [Width-1:0] mem [0:Depth-1];
  logic [AddrW:0] wr_ptr_q, rd_ptr_q, count;
  logic fetch;

  assign count = wr_ptr_q - rd_ptr_q;
  assign wr_ready = !count[AddrW];
  // The output register is free, or becomes free in this cycle.
  assign fetch = (wr_ptr_q != rd_ptr_q) && (!rd_valid || rd_ready);

  assign busy_o = (wr_ptr_q != rd_ptr_q) && !rd_valid;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_ptr_q <= '0;
      rd_ptr_q <= '0;
      rd_valid <= 1'b0;
    end else begin
      if (wr_valid && wr_ready) wr_ptr_q <= wr_ptr_q + 1'b1;
      if (fetch) rd_ptr_q <= rd_ptr_q + 1'b1;
      if (fetch) rd_valid <= 1'b1;
      else if (rd_ready) rd_valid <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (wr_valid && wr_ready) mem[wr_ptr_q[AddrW-1:0]] <= wr_data;
  end
  always_ff @(posedge clk_i) begin
    if (fetch) rd_data <= mem[rd_ptr_q[AddrW-1:0]];
  end

  // 1. Never more entries than places.
  `ASSERT(CountInRange, count <= (AddrW + 1)'(Depth))

`ifdef FORMAL
  // 2. Order: what leaves is what entered, in order (tests/formal/order_model.sv).
  logic [AddrW:0] f_entered, f_left, f_nth, f_age;
  logic [Width-1:0] f_watched;
  logic f_stored, f_head;
  order_model #(.Width(Width), .CountW(AddrW + 1)) u_order (
      .put_clk_i(clk_i), .put_rst_ni(rst_ni), .put(wr_valid && wr_ready), .put_data(wr_data),
      .get_clk_i(clk_i), .get_rst_ni(rst_ni), .get(rd_valid && rd_ready),
      .entered(f_entered), .left(f_left), .nth(f_nth), .age(f_age), .stored(f_stored),
      .head(f_head), .watched(f_watched)
  );
  `RESET_FIRST
  `ASSERT(InCounted, f_entered == wr_ptr_q)
  `ASSERT(OutCounted, f_left + (AddrW + 1)'(rd_valid) == rd_ptr_q)
  `ASSERT(EntryKept, !f_stored || (rd_valid && f_head) || mem[f_nth[AddrW-1:0]] == f_watched)
  `ASSERT(EntryLeaves, !(rd_valid && f_head) || rd_data == f_watched)
  `COVER(FullThenEmpty, f_entered == (AddrW + 1)'(Depth + 1) && f_entered == f_left)
  `COVER(Full, !wr_ready)
`endif
endmodule

`default_nettype wire
