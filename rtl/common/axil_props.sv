// SPDX-License-Identifier: Apache-2.0
// Rules of an AXI4-Lite slave port (AMBA AXI A3.2, A3.3, B1), in simulation and in proofs.
//  1. *Held: what was offered and not taken is offered again, unchanged (A3.2.1).
//  2. BAfterWrite: a write response follows its address and its data (A3.3.1).
//  3. RAfterRead: read data follow their address.
//  4. RespOkay: this slave never answers with an error.
// Instantiate under PH_PROPERTIES; the module holds no logic of the design.
`default_nettype none
`include "ph_assert.svh"

module axil_props #(
  parameter int unsigned AddrW = 13  /// 1..64
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,
  input  wire logic [AddrW-1:0] awaddr,
  input  wire logic             awvalid,
  input  wire logic             awready,
  input  wire logic [31:0]      wdata,
  input  wire logic [3:0]       wstrb,
  input  wire logic             wvalid,
  input  wire logic             wready,
  input  wire logic [1:0]       bresp,
  input  wire logic             bvalid,
  input  wire logic             bready,
  input  wire logic [AddrW-1:0] araddr,
  input  wire logic             arvalid,
  input  wire logic             arready,
  input  wire logic [31:0]      rdata,
  input  wire logic [1:0]       rresp,
  input  wire logic             rvalid,
  input  wire logic             rready
);
  logic aw_wait_q, w_wait_q, b_wait_q, ar_wait_q, r_wait_q;
  logic [AddrW-1:0] awaddr_q, araddr_q;
  logic [35:0] w_q;
  logic [31:0] rdata_q;
  logic [7:0] aws_q, ws_q, ars_q;  // accepted and not answered

  always_ff @(posedge clk_i) begin
    aw_wait_q <= rst_ni && awvalid && !awready;
    w_wait_q  <= rst_ni && wvalid && !wready;
    b_wait_q  <= rst_ni && bvalid && !bready;
    ar_wait_q <= rst_ni && arvalid && !arready;
    r_wait_q  <= rst_ni && rvalid && !rready;
    if (awvalid) awaddr_q <= awaddr;
    if (arvalid) araddr_q <= araddr;
    if (wvalid) w_q <= {wstrb, wdata};
    if (rvalid) rdata_q <= rdata;
    if (!rst_ni) begin
      aws_q <= 8'd0;
      ws_q  <= 8'd0;
      ars_q <= 8'd0;
    end else begin
      aws_q <= aws_q + 8'(awvalid && awready) - 8'(bvalid && bready);
      ws_q  <= ws_q + 8'(wvalid && wready) - 8'(bvalid && bready);
      ars_q <= ars_q + 8'(arvalid && arready) - 8'(rvalid && rready);
    end
  end

  `ASSUME(AwHeld, !aw_wait_q || (awvalid && awaddr == awaddr_q))
  `ASSUME(WHeld, !w_wait_q || (wvalid && {wstrb, wdata} == w_q))
  `ASSUME(ArHeld, !ar_wait_q || (arvalid && araddr == araddr_q))
  `ASSERT(BHeld, !b_wait_q || bvalid)
  `ASSERT(RHeld, !r_wait_q || (rvalid && rdata == rdata_q))
  `ASSERT(BAfterWrite, !bvalid || (aws_q != 8'd0 && ws_q != 8'd0))
  `ASSERT(RAfterRead, !rvalid || ars_q != 8'd0)
  `ASSERT(RespOkay, !(bvalid && bresp != 2'b00) && !(rvalid && rresp != 2'b00))
endmodule

`default_nettype wire
