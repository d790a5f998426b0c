// SPDX-License-Identifier: Apache-2.0
// Rules of dma_write, behind axi_props (bursts inside 4 KB, AW and W held, WLAST in its place, no
// data before their address, BREADY always).
//  1. Each burst is reported once, to the client that asked, with its tag, in the order in which
//     they were taken.
//  2. At most MaxOpen bursts are open, and there is a place for each of them in the queue of data.
//  3. busy_o is low only when nothing is outstanding.
//  4. A request is taken from one client, which asks; a beat from the client whose turn it is.
`RESET_FIRST
axi_props #(.DataW(AxiW), .MaxOpen(MaxOpen)) u_props (
    .clk_i, .rst_ni, .arid(4'd0), .araddr(64'd0), .arlen(8'd0), .arsize(3'd4), .arburst(2'b01),
    .arvalid(1'b0), .arready(1'b0), .rlast(1'b0), .rvalid(1'b0), .rready(1'b1),
    .awid(m_axi_awid), .awaddr(m_axi_awaddr), .awlen(m_axi_awlen), .awsize(m_axi_awsize),
    .awburst(m_axi_awburst), .awvalid(m_axi_awvalid), .awready(m_axi_awready),
    .wdata(m_axi_wdata), .wstrb(m_axi_wstrb), .wlast(m_axi_wlast), .wvalid(m_axi_wvalid),
    .wready(m_axi_wready), .bvalid(m_axi_bvalid), .bready(m_axi_bready)
);
localparam int unsigned CountW = $clog2(MaxOpen) + 1;
logic [CountW-1:0] f_entered, f_left, f_nth, f_age, f_due_q;
logic [SelW:0] f_watched;
logic f_stored, f_head, f_done_q, f_tag_q;
logic [SelW-1:0] f_client_q;
order_model #(.Width(SelW + 1), .CountW(CountW)) u_model (
    .put_clk_i(clk_i), .put_rst_ni(rst_ni), .put(take), .put_data({pick, wr_req_tag[pick]}),
    .get_clk_i(clk_i), .get_rst_ni(rst_ni), .get(m_axi_bvalid),
    .entered(f_entered), .left(f_left), .nth(f_nth), .age(f_age), .stored(f_stored),
    .head(f_head), .watched(f_watched)
);
always_ff @(posedge clk_i) begin
  f_done_q <= rst_ni && m_axi_bvalid && f_head;
  {f_client_q, f_tag_q} <= f_watched;
  // Bursts whose data are complete: the response may come.
  if (!rst_ni) f_due_q <= '0;
  else f_due_q <= f_due_q + CountW'(m_axi_wvalid && m_axi_wready && m_axi_wlast)
                  - CountW'(m_axi_bvalid);
end
logic [NumClients-1:0] f_user_ok;
for (genvar i = 0; i < NumClients; i++) begin : g_user
  assign f_user_ok[i] = !wr_req_valid[i] || 5'(wr_req_addr[64*i + 4 +: 4]) +
                                            5'(wr_req_beats[4*i +: 4]) <= 5'd15;
end
`REQUIRE(InsideBlock, &f_user_ok)
`REQUIRE(AnswersWereAsked, !m_axi_bvalid || f_due_q != '0)
`ASSERT(OpenBounded, f_entered - f_left <= CountW'(MaxOpen) &&
                     open_count == f_entered - f_left)
`ASSERT(OpenAreSomewhere, {2'd0, open_count} ==
    {2'd0, order_count} + {2'd0, f_due_q} + (CountW + 2)'(m_axi_awvalid) +
    (CountW + 2)'(m_axi_wvalid && m_axi_wlast))
`ASSERT(DataHavePlace, !m_axi_awvalid || order_ready)
`ASSERT(DoneInOrder, !f_done_q || (wr_done == NumClients'(1) << f_client_q &&
                                   wr_done_tag == f_tag_q))
`ASSERT(OneDone, (wr_done & (wr_done - 1'b1)) == '0)
`ASSERT(MidBurstIsOpen, !m_axi_wvalid || m_axi_wlast || order_count != '0)
`ASSERT(IdleIsQuiet, busy_o || (f_entered == f_left && !m_axi_awvalid && !m_axi_wvalid))
`ASSERT(OneTaken, (wr_req_ready & (wr_req_ready - 1'b1)) == '0 &&
                  (wr_req_ready & ~wr_req_valid) == '0)
`ASSERT(BeatOfOne, (wr_dat_ready & (wr_dat_ready - 1'b1)) == '0 &&
                   (wr_dat_ready & ~wr_dat_valid) == '0)
`COVER(AllOpen, open_count == CountW'(MaxOpen))
`COVER(BothClientsDone, f_done_q && f_client_q == '1 && f_left == CountW'(2) && !busy_o == 1'b0)
