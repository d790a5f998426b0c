// SPDX-License-Identifier: Apache-2.0
// Rules of byte_queue, while its user pops what is there and pushes what fits.
//  1. Order: the n-th byte that leaves is the n-th that entered; `front` shows it as soon as fewer
//     than 16 stand before it.
//  2. `count` is the number of bytes inside, never more than there are places.
`RESET_FIRST
localparam int unsigned Places = 16 * Rows;
(* anyconst *) logic [6:0] f_nth;
logic [6:0] f_in_q, f_out_q, f_coming, f_age;
logic [7:0] f_byte_q;
logic [5:0] f_wr_place, f_rd_place;
logic [6:0] f_place, f_sum;
assign f_coming = f_nth - f_in_q;      // bytes that enter before the watched one
assign f_age = f_nth - f_out_q;        // bytes that leave before it
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q <= '0;
    f_out_q <= '0;
  end else begin
    f_in_q <= f_in_q + {2'd0, push};
    f_out_q <= f_out_q + {2'd0, pop};
  end
  if (f_coming < {2'd0, push}) f_byte_q <= push_data[8*f_coming[3:0] +: 8];
end
// Where the watched byte lies.
assign f_rd_place = {2'(rd_row_q), rd_lane_q};
assign f_wr_place = {2'(wr_row_q), wr_lane_q};
assign f_sum = {1'b0, f_rd_place} + f_age;
assign f_place = f_sum >= 7'(Places) ? f_sum - 7'(Places) : f_sum;
`REQUIRE(PopWhatIsThere, pop <= 5'd16 && {1'b0, pop} <= count)
`REQUIRE(PushWhatFits, push <= 5'd16 && 7'(count) - {2'd0, pop} + {2'd0, push} <= 7'(Places))
`ASSERT(Counted, {1'b0, count} == f_in_q - f_out_q)
`ASSERT(CountInRange, count <= 6'(Places))
`ASSERT(RowsInRange, f_rd_place < 6'(Places) && f_wr_place < 6'(Places))
`ASSERT(PlacesAgree, 7'(f_wr_place) == 7'(f_rd_place) + 7'(count) ||
                     7'(f_wr_place) + 7'(Places) == 7'(f_rd_place) + 7'(count))
`ASSERT(FrontIsNext, f_age >= {1'b0, count} || f_age >= 7'd16 ||
                     front[8*f_age[3:0] +: 8] == f_byte_q)
`ASSERT(ByteKept, f_age >= {1'b0, count} || store_q[8*f_place +: 8] == f_byte_q)
`COVER(Full, count == 6'(Places))
`COVER(OddWrap, f_out_q == 7'd35 && count == 6'd17)
