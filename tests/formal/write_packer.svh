// SPDX-License-Identifier: Apache-2.0
// Rules of write_packer.
//  1. The strobes of a segment's beats are exactly its bytes: they follow each other without gap or
//     overlap from its address to its end.
//  2. A burst lies inside one aligned block of 256 bytes, and its count of beats is right.
//  3. A burst is offered only when all its beats are stored.
//  4. Tag 1 marks the last burst of a segment whose tag is 1, no other.
//  5. Open bursts are counted exactly: quiet_o means that each burst of each segment is answered.
`RESET_FIRST
logic [63:0] f_addr_q, f_from_q;
logic [16:0] f_left_q;
logic f_tag_q, f_in_q, f_mid_q;
logic [4:0] f_lanes, f_first_lane;
logic [9:0] f_open_q;
logic [15:0] f_stored_q, f_ahead_q;
always_comb begin
  f_lanes = '0;
  for (int i = 0; i < 16; i++) f_lanes = f_lanes + {4'd0, strobes[i]};
  f_first_lane = 5'd16;
  for (int i = 15; i >= 0; i--) if (strobes[i]) f_first_lane = 5'(i);
end
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q <= 1'b0;
    f_mid_q <= 1'b0;
    f_open_q <= '0;
    f_stored_q <= '0;
    f_ahead_q <= '0;
  end else begin
    if (seg_valid && seg_ready) f_in_q <= 1'b1;
    else if (form && f_left_q == {12'd0, f_lanes}) f_in_q <= 1'b0;
    if (form) f_mid_q <= !burst_end;
    f_open_q <= f_open_q + 10'(form && burst_end) - 10'(wr_done);
    // Beats stored in all; beats of the bursts that have been formed.
    if (form) f_stored_q <= f_stored_q + 16'd1;
    if (form && burst_end) f_ahead_q <= f_ahead_q + {12'd0, beats_q} + 16'd1;
  end
  if (seg_valid && seg_ready) begin
    f_addr_q <= seg_addr;
    f_left_q <= seg_len;
    f_tag_q <= seg_tag;
  end else if (form) begin
    f_addr_q <= f_addr_q + {59'd0, f_lanes};
    f_left_q <= f_left_q - {12'd0, f_lanes};
  end
  if (form && !f_mid_q) f_from_q <= f_addr_q;
end
logic [63:0] f_start;
assign f_start = f_mid_q ? f_from_q : f_addr_q;
// What the client sees of each burst, in order.
logic [$clog2(BurstDepth):0] f_put, f_got, f_nth, f_age;
logic [68:0] f_watched;
logic f_stored, f_head;
order_model #(.Width(69), .CountW($clog2(BurstDepth) + 1)) u_order (
    .put_clk_i(clk_i), .put_rst_ni(rst_ni), .put(form && burst_end),
    .put_data({f_start, 4'(f_addr_q[7:4] - f_start[7:4]), f_tag_q && f_left_q == {12'd0, f_lanes}}),
    .get_clk_i(clk_i), .get_rst_ni(rst_ni), .get(wr_req_valid && wr_req_ready),
    .entered(f_put), .left(f_got), .nth(f_nth), .age(f_age), .stored(f_stored), .head(f_head),
    .watched(f_watched)
);
`ASSERT(BurstsAsFormed, !(wr_req_valid && f_head) ||
                        {wr_req_addr, wr_req_beats, wr_req_tag} == f_watched)
`REQUIRE(PushIntoRoom, push <= 5'd16 && (push == 5'd0 || room))
`REQUIRE(SegmentInRange, !seg_valid || seg_len != 17'd0)
`REQUIRE(AnswersWereAsked, !wr_done || f_open_q != 10'd0)
`ASSERT(Cursor, cur_valid_q == f_in_q && (!f_in_q || (cur_addr_q == f_addr_q &&
                cur_len_q == f_left_q && cur_tag_q == f_tag_q && f_left_q != 17'd0)))
`ASSERT(StrobesFollow, !form || (f_lanes != 5'd0 && f_first_lane == {1'b0, f_addr_q[3:0]} &&
        f_lanes <= 5'd16 - f_first_lane && {12'd0, f_lanes} <= f_left_q &&
        strobes[15:0] == ((16'hffff >> (5'd16 - f_lanes)) << f_first_lane)))
`ASSERT(FullBeats, !form || {12'd0, f_lanes} == f_left_q || f_lanes == 5'd16 - f_first_lane)
`ASSERT(InsideBlock, !form || f_start[63:8] == f_addr_q[63:8])
`ASSERT(MidIsHere, f_mid_q == !first_q && (!f_mid_q || (f_in_q && f_addr_q[3:0] == 4'd0 &&
        f_from_q == start_q && f_from_q[63:8] == f_addr_q[63:8] &&
        {60'd0, beats_q} == {4'd0, f_addr_q[63:4] - f_from_q[63:4]})) &&
        (f_mid_q || beats_q == 4'd0))
`ASSERT(BeatsRight, !form || !burst_end || beats_q == 4'(f_addr_q[7:4] - f_start[7:4]))
`ASSERT(EndsSegment, !form || (f_left_q == {12'd0, f_lanes}) == seg_end)
`ASSERT(SegmentEndsBurst, !form || !seg_end || burst_end)
`ASSERT(AllStored, f_stored_q == f_ahead_q + (f_mid_q ? {12'd0, beats_q} : 16'd0))
`ASSERT(OpenRight, open_q == f_open_q && f_open_q <= 10'd512)
`ASSERT(QuietIsQuiet, !quiet_o || (f_open_q == 10'd0 && !f_in_q))
`COVER(TwoBursts, f_open_q == 10'd2 && quiet_o == 1'b0)
`COVER(UnalignedEnd, form && seg_end && f_mid_q && f_lanes == 5'd5)
