// SPDX-License-Identifier: Apache-2.0
// 64-bit event counters in one RAM. Every event first meets a small front counter; a scanner
// visits the fronts in turn, one per cycle, and adds each to its word of the RAM. It stands still
// while all fronts are 0. A front can't overflow: it is visited every NumStats cycles (and one more
// for each bus read meanwhile, at most one in four cycles), and counts 63 events or 2^20 bytes.
// After reset NumStats cycles clear the RAM.
`default_nettype none
`include "ph_assert.svh"

module ph_counters #(
  parameter int unsigned NumStats = 34,                /// 2..45
  parameter logic [NumStats-1:0] AddsAmount = '0,      /// 1: counter i adds its amount, not 1
  parameter int unsigned AmountW = 16,                 /// 1..16
  localparam int unsigned IdxW = $clog2(NumStats)
) (
  input  wire logic                        clk_i,
  input  wire logic                        rst_ni,
  input  wire logic [NumStats-1:0]         event_i,
  input  wire logic [NumStats*AmountW-1:0] amount_i,  // read where AddsAmount is set
  input  wire logic                        read_i,
  input  wire logic [IdxW-1:0]             read_idx_i,
  output logic [63:0]                      rdata_o,   // in the cycle after read_i
  output logic                             busy_o
);

  if (NumStats < 2 || NumStats > 45) begin : g_bad_num_stats
    $fatal(1, "NumStats must be 2..45");
  end

  localparam int unsigned FrontW  = 20;  // of a counter that adds an amount
  localparam int unsigned OneW    = 6;   // of one that counts events

  logic [IdxW-1:0]            ptr_q;
  logic                       clear_q;
  logic [NumStats-1:0]        pending_q;  // front i is not zero
  logic [NumStats*FrontW-1:0] front;
  logic [NumStats-1:0]        taking;     // one-hot: the front that is taken in this cycle
  logic                       scan, take;
  logic [FrontW-1:0]          taken;

  assign scan = !clear_q && !read_i && (|pending_q);
  assign take = scan && pending_q[ptr_q];
  assign taken = front[FrontW*ptr_q +: FrontW];
  always_comb begin
    taking = '0;
    taking[ptr_q] = take;
  end

  for (genvar i = 0; i < NumStats; i++) begin : g_front
    localparam int unsigned W = AddsAmount[i] ? FrontW : OneW;
    logic [W-1:0] front_q, base, add;
    assign base = taking[i] ? '0 : front_q;
    if (AddsAmount[i]) begin : g_amount
      assign add = W'(amount_i[AmountW*i +: AmountW]);
    end else begin : g_one
      assign add = W'(1);
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) front_q <= '0;
      else if (event_i[i]) front_q <= base + add;
      else if (taking[i]) front_q <= '0;
    end
    assign front[FrontW*i +: FrontW] = FrontW'(front_q);
    `ASSERT(FrontHolds, !event_i[i] || base <= ~add)
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) pending_q <= '0;
    else if ((|event_i) || take) pending_q <= (pending_q & ~taking) | event_i;
  end

  // Stage 1: add to the word that stage 0 read.
  logic              add_valid_q;
  logic [IdxW-1:0]   add_idx_q;
  logic [FrontW-1:0] add_q;
  logic [63:0]       mem [0:NumStats-1];
  logic [63:0]       rdata_q;
  logic [IdxW-1:0]   raddr;
  assign raddr = read_i ? read_idx_i : ptr_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ptr_q       <= '0;
      clear_q     <= 1'b1;
      add_valid_q <= 1'b0;
    end else begin
      add_valid_q <= take;
      if (scan || clear_q) begin
        if (ptr_q == IdxW'(NumStats - 1)) begin
          ptr_q   <= '0;
          clear_q <= 1'b0;
        end else begin
          ptr_q <= ptr_q + IdxW'(1);
        end
      end
    end
    if (take) begin
      add_idx_q <= ptr_q;
      add_q     <= taken;
    end
  end

  logic            we;
  logic [IdxW-1:0] waddr;
  logic [63:0]     wdata;
  assign we    = add_valid_q || clear_q;
  assign waddr = clear_q ? ptr_q : add_idx_q;
  assign wdata = clear_q ? 64'd0 : rdata_q + 64'(add_q);

  always_ff @(posedge clk_i) begin
    if (we) mem[waddr] <= wdata;
    if (read_i || scan) rdata_q <= mem[raddr];
  end

  assign rdata_o = clear_q ? 64'd0 : rdata_q;
  assign busy_o  = (|pending_q) || add_valid_q || clear_q;

endmodule

`default_nettype wire
