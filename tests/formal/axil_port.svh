// SPDX-License-Identifier: Apache-2.0
// Rules of axil_port, behind axil_props (AXI4-Lite: what is offered is held, no answer without a
// question).
//  1. An access is presented until it is acknowledged, unchanged.
//  2. An access is presented only for a request that was taken, with its address and data.
//  3. Each acknowledged access gives one response of its kind, in the next cycle.
//  4. An idle port (busy_o low) owes nothing.
`RESET_FIRST
axil_props #(.AddrW(AddrW)) u_props (
    .clk_i, .rst_ni, .awaddr(s_axil_awaddr), .awvalid(s_axil_awvalid), .awready(s_axil_awready),
    .wdata(s_axil_wdata), .wstrb(s_axil_wstrb), .wvalid(s_axil_wvalid), .wready(s_axil_wready),
    .bresp(s_axil_bresp), .bvalid(s_axil_bvalid), .bready(s_axil_bready),
    .araddr(s_axil_araddr), .arvalid(s_axil_arvalid), .arready(s_axil_arready),
    .rdata(s_axil_rdata), .rresp(s_axil_rresp), .rvalid(s_axil_rvalid), .rready(s_axil_rready)
);
logic f_wait_q, f_we_q, f_acked_q, f_aw_q, f_w_q, f_ar_q;
logic [AddrW-1:0] f_addr_q, f_awaddr_q, f_araddr_q;
logic [31:0] f_wdata_q, f_taken_q, f_rdata_q;
always_ff @(posedge clk_i) begin
  f_wait_q <= rst_ni && req_o && !ack_i;
  f_acked_q <= rst_ni && req_o && ack_i;
  f_we_q <= we_o;
  f_addr_q <= addr_o;
  f_wdata_q <= wdata_o;
  f_rdata_q <= rdata_i;
  // What the user asked for and has not got, one of each kind.
  if (!rst_ni) begin
    f_aw_q <= 1'b0;
    f_w_q <= 1'b0;
    f_ar_q <= 1'b0;
  end else begin
    if (req_o && ack_i && we_o) begin
      f_aw_q <= 1'b0;
      f_w_q <= 1'b0;
    end
    if (req_o && ack_i && !we_o) f_ar_q <= 1'b0;
    if (s_axil_awvalid && s_axil_awready) f_aw_q <= 1'b1;
    if (s_axil_wvalid && s_axil_wready) f_w_q <= 1'b1;
    if (s_axil_arvalid && s_axil_arready) f_ar_q <= 1'b1;
  end
  if (s_axil_awvalid && s_axil_awready) f_awaddr_q <= s_axil_awaddr;
  if (s_axil_wvalid && s_axil_wready) f_taken_q <= s_axil_wdata;
  if (s_axil_arvalid && s_axil_arready) f_araddr_q <= s_axil_araddr;
end
`REQUIRE(AckAnswersReq, !ack_i || req_o)
`ASSERT(ReqHeld, !f_wait_q || (req_o && we_o == f_we_q && addr_o == f_addr_q &&
                               (!we_o || wdata_o == f_wdata_q)))
`ASSERT(WriteWasAsked, !req_o || !we_o ||
                       (f_aw_q && f_w_q && addr_o == f_awaddr_q && wdata_o == f_taken_q))
`ASSERT(ReadWasAsked, !req_o || we_o || (f_ar_q && addr_o == f_araddr_q))
`ASSERT(ResponseFollows, !f_acked_q || (f_we_q ? s_axil_bvalid
                                               : s_axil_rvalid && s_axil_rdata == f_rdata_q))
`ASSERT(IdleOwesNothing, busy_o || !(f_aw_q || f_w_q || f_ar_q || req_o))
`COVER(ReadBehindWrite, s_axil_bvalid && req_o && !we_o)
