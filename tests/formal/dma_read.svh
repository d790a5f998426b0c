// SPDX-License-Identifier: Apache-2.0
// Rules of dma_read, behind axi_props (bursts inside 4 KB, AR held, RREADY always).
//  1. The bursts of a request follow each other without gap or overlap, from its address to its
//     end; each lies inside one block of BurstBytes and has just the beats that it needs.
//  2. At most 256 bursts are open; busy_o is low only when none is.
//  3. Every beat goes, in the next cycle, to the one client whose ID it carries, and to no other.
//  4. A request is taken from one client, which asks.
`RESET_FIRST
axi_props #(.DataW(AxiW)) u_props (
    .clk_i, .rst_ni, .arid(m_axi_arid), .araddr(m_axi_araddr), .arlen(m_axi_arlen),
    .arsize(m_axi_arsize), .arburst(m_axi_arburst), .arvalid(m_axi_arvalid),
    .arready(m_axi_arready), .rlast(m_axi_rlast), .rvalid(m_axi_rvalid), .rready(m_axi_rready),
    .awid(4'd0), .awaddr(64'd0), .awlen(8'd0), .awsize(3'd4), .awburst(2'b01), .awvalid(1'b0),
    .awready(1'b0), .wdata({AxiW{1'b0}}), .wstrb({AxiW/8{1'b0}}), .wlast(1'b0), .wvalid(1'b0),
    .wready(1'b0), .bvalid(1'b0), .bready(1'b1)
);
logic [63:0] f_next_q, f_end;
logic [12:0] f_left_q, f_burst_q;
logic [9:0] f_open_q, f_known_q;   // bursts open, those of them whose address was taken
logic f_issued_q, f_came_q;
logic [3:0] f_id_q;
logic [AxiW-1:0] f_data_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_open_q <= '0;
    f_known_q <= '0;
    f_left_q <= '0;
  end else begin
    f_open_q <= f_open_q + 10'(issue) - 10'(m_axi_rvalid && m_axi_rlast);
    f_known_q <= f_known_q + 10'(m_axi_arvalid && m_axi_arready)
                 - 10'(m_axi_rvalid && m_axi_rlast);
    if (take) f_left_q <= rd_req_len[13*pick +: 13];
    else if (issue) f_left_q <= f_left_q - burst_len;
  end
  if (take) f_next_q <= rd_req_addr[64*pick +: 64];
  else if (issue) f_next_q <= f_next_q + {51'd0, burst_len};
  f_issued_q <= rst_ni && issue;
  f_burst_q <= burst_len;
  f_came_q <= rst_ni && m_axi_rvalid;
  f_id_q <= m_axi_rid;
  f_data_q <= m_axi_rdata;
end
// The last byte of the burst that AR offers since this cycle.
assign f_end = m_axi_araddr + {51'd0, f_burst_q} - 64'd1;
logic [NumClients-1:0] f_user_ok;
for (genvar i = 0; i < NumClients; i++) begin : g_user
  assign f_user_ok[i] = !rd_req_valid[i] || (rd_req_len[13*i +: 13] != 13'd0 &&
                                               rd_req_len[13*i +: 13] <= 13'd4096);
end
`REQUIRE(LengthInRange, &f_user_ok)
`REQUIRE(AnswersWereAsked, !m_axi_rvalid || f_known_q != 10'd0)
`ASSERT(InsideRequest, !issue || (cur_addr_q == f_next_q && burst_len != 13'd0 &&
                                  burst_len <= f_left_q))
`ASSERT(ToTheEnd, !issue || final_burst == (burst_len == f_left_q))
`ASSERT(CursorRight, !cur_valid_q || (cur_len_q == f_left_q && f_left_q != 13'd0 &&
                     f_left_q <= 13'd4096 && cur_addr_q == f_next_q))
`ASSERT(NoneForgotten, cur_valid_q || f_left_q == 13'd0)
`ASSERT(BeatsRight, !f_issued_q || f_end[63:4] == m_axi_araddr[63:4] + {52'd0, m_axi_arlen})
`ASSERT(InsideBlock, !f_issued_q || f_end[63:BoundW] == m_axi_araddr[63:BoundW])
// What makes the rule of 4 KB inductive: AR offers nothing that leaves its block.
`ASSERT(OfferInside, !m_axi_arvalid || {1'b0, m_axi_araddr[11:4]} + {1'b0, m_axi_arlen} <= 9'd255)
`ASSERT(OpenBounded, f_open_q <= 10'd256 && {1'b0, open_q} == f_open_q &&
                     f_open_q == f_known_q + 10'(m_axi_arvalid))
`ASSERT(OfferIsOpen, !m_axi_arvalid || f_open_q != 10'd0)
`ASSERT(IdleIsQuiet, busy_o || (f_open_q == 10'd0 && !m_axi_arvalid))
`ASSERT(ToItsClient, rd_rsp_valid == (f_came_q && f_id_q - FirstId < 4'(NumClients)
                     ? NumClients'(1) << (f_id_q - FirstId) : '0))
`ASSERT(DataAsTheyAre, !f_came_q || rd_rsp_data == f_data_q)
`ASSERT(OneTaken, (rd_req_ready & (rd_req_ready - 1'b1)) == '0 &&
                  (rd_req_ready & ~rd_req_valid) == '0)
`COVER(ThreeBursts, issue && final_burst && f_open_q == 10'd2)
`COVER(BackToIdle, !busy_o && f_came_q == 1'b0 && f_next_q[3:0] == 4'd5)
