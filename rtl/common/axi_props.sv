// SPDX-License-Identifier: Apache-2.0
// Rules of an AXI4 master port (AMBA AXI A3.2, A3.4, A5.3), in simulation and in proofs.
//  1. *Held: what was offered and not taken is offered again, unchanged (A3.2.1).
//  2. *Burst: incrementing bursts of whole beats that do not cross 4 KB (A3.4.1).
//  3. WLastInPlace: WLAST marks exactly the last beat of the oldest write whose data are not
//     complete, and no data come before their address (a rule of this master).
//  4. BKnown, RKnown: no answer without a request (of the slave: A3.3.1).
//  5. RReadyAlways, BReadyAlways: room is reserved before a request is made, so answers never wait.
// Instantiate under PH_PROPERTIES; the module holds no logic of the design.
`default_nettype none
`include "ph_assert.svh"

module axi_props #(
  parameter int unsigned DataW = 128,  /// 128
  parameter int unsigned MaxOpen = 64, /// bursts that may be open, 2..128, a power of two
  localparam int unsigned StrbW = DataW / 8,
  localparam int unsigned AddrFields = 64 + 8 + 4
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic [3:0]       arid,
  input  wire logic [63:0]      araddr,
  input  wire logic [7:0]       arlen,
  input  wire logic [2:0]       arsize,
  input  wire logic [1:0]       arburst,
  input  wire logic             arvalid,
  input  wire logic             arready,
  input  wire logic             rlast,
  input  wire logic             rvalid,
  input  wire logic             rready,
  input  wire logic [3:0]       awid,
  input  wire logic [63:0]      awaddr,
  input  wire logic [7:0]       awlen,
  input  wire logic [2:0]       awsize,
  input  wire logic [1:0]       awburst,
  input  wire logic             awvalid,
  input  wire logic             awready,
  input  wire logic [DataW-1:0] wdata,
  input  wire logic [StrbW-1:0] wstrb,
  input  wire logic             wlast,
  input  wire logic             wvalid,
  input  wire logic             wready,
  input  wire logic             bvalid,
  input  wire logic             bready
);
  localparam int unsigned IdxW = $clog2(MaxOpen);
  localparam logic [2:0] FullSize = 3'($clog2(StrbW));

  logic ar_wait_q, aw_wait_q, w_wait_q;
  logic [AddrFields-1:0] ar_q, aw_q;
  logic [DataW+StrbW:0] w_q;

  // Lengths of the writes whose data are not complete, oldest at `w_idx_q`.
  logic [7:0] lens [0:MaxOpen-1];
  logic [IdxW:0] aw_idx_q, w_idx_q, b_open_q;
  logic [7:0] beat_q;
  logic [9:0] r_open_q;
  logic w_known, w_last_right;
  assign w_known = aw_idx_q != w_idx_q;
  assign w_last_right = wlast == (beat_q == lens[w_idx_q[IdxW-1:0]]);

  always_ff @(posedge clk_i) begin
    ar_wait_q <= rst_ni && arvalid && !arready;
    aw_wait_q <= rst_ni && awvalid && !awready;
    w_wait_q  <= rst_ni && wvalid && !wready;
    if (arvalid) ar_q <= {arid, araddr, arlen};
    if (awvalid) aw_q <= {awid, awaddr, awlen};
    if (wvalid) w_q <= {wlast, wstrb, wdata};
    if (awvalid && awready) lens[aw_idx_q[IdxW-1:0]] <= awlen;
    if (!rst_ni) begin
      aw_idx_q <= '0;
      w_idx_q  <= '0;
      b_open_q <= '0;
      beat_q   <= 8'd0;
      r_open_q <= 10'd0;
    end else begin
      if (awvalid && awready) aw_idx_q <= aw_idx_q + 1'b1;
      if (wvalid && wready) begin
        beat_q <= wlast ? 8'd0 : beat_q + 8'd1;
        if (wlast) w_idx_q <= w_idx_q + 1'b1;
      end
      b_open_q <= b_open_q + (IdxW + 1)'(wvalid && wready && wlast) -
                  (IdxW + 1)'(bvalid && bready);
      r_open_q <= r_open_q + 10'(arvalid && arready) - 10'(rvalid && rready && rlast);
    end
  end

  if (DataW != 128) begin : g_bad_width
    $fatal(1, "axi_props: DataW must be 128");
  end

  // The last beat lies in the 4 KB of the first.
  logic ar_inside, aw_inside;
  assign ar_inside = {1'b0, araddr[11:4]} + {1'b0, arlen} <= 9'd255;
  assign aw_inside = {1'b0, awaddr[11:4]} + {1'b0, awlen} <= 9'd255;

  `ASSERT(ArHeld, !ar_wait_q || (arvalid && {arid, araddr, arlen} == ar_q))
  `ASSERT(AwHeld, !aw_wait_q || (awvalid && {awid, awaddr, awlen} == aw_q))
  `ASSERT(WHeld, !w_wait_q || (wvalid && {wlast, wstrb, wdata} == w_q))
  `ASSERT(ArBurst, !arvalid || (arsize == FullSize && arburst == 2'b01 && ar_inside))
  `ASSERT(AwBurst, !awvalid || (awsize == FullSize && awburst == 2'b01 && aw_inside))
  `ASSERT(WLastInPlace, !wvalid || (w_known && w_last_right))
  `ASSUME(BKnown, !bvalid || b_open_q != '0)
  `ASSUME(RKnown, !rvalid || r_open_q != 10'd0)
  `ASSERT(RReadyAlways, rready)
  `ASSERT(BReadyAlways, bready)
endmodule

`default_nettype wire
