// SPDX-License-Identifier: Apache-2.0
// Rules of rx_chain.
//  1. Chains leave in the order in which their last elements came, each once.
//  2. The space of a chain is the sum of its stored elements, at most 2 * 65562 - 1; at most 32 are
//     stored, none is empty.
//  3. The elements of a chain that is in use, or waits, are not overwritten.
`RESET_FIRST
logic [1:0] f_entered, f_left, f_nth, f_age;
logic [24:0] f_watched;
logic f_stored, f_head, f_open_q;
order_model #(.Width(25), .CountW(2)) u_order (
    .put_clk_i(clk_i), .put_rst_ni(rst_ni), .put(fire && d.last),
    .put_data({d.error, d.queue, d.head}), .get_clk_i(clk_i), .get_rst_ni(rst_ni),
    .get(chain_free), .entered(f_entered), .left(f_left), .nth(f_nth), .age(f_age),
    .stored(f_stored), .head(f_head), .watched(f_watched)
);
(* anyconst *) logic f_bank;
(* anyconst *) logic [4:0] f_index;
logic [80:0] f_elem_q;
logic [18:0] f_sum_q;
logic [18:0] f_bank_sum [0:1];
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_open_q <= 1'b0;
  else if (fire) f_open_q <= !d.last;
  if (store && load_q == f_bank && count[4:0] == f_index) f_elem_q <= {d.addr, len};
  if (fire) f_sum_q <= (d.first ? 19'd0 : f_sum_q) + (store ? {2'd0, len} : 19'd0);
  if (fire && d.last) begin
    f_bank_sum[load_q] <= (d.first ? 19'd0 : f_sum_q) + (store ? {2'd0, len} : 19'd0);
  end
end
`REQUIRE(FreesWhatIsThere, !chain_free || chain_valid)
`REQUIRE(ChainsFollow, !desc_valid || d.first == !f_open_q)
`ASSERT(CountRight, f_entered - f_left == {1'b0, full_q[0]} + {1'b0, full_q[1]})
`ASSERT(BanksAlternate, (load_q ^ use_q) == (full_q[0] ^ full_q[1]))
`ASSERT(OldestFirst, full_q[use_q] || full_q == 2'd0)
`ASSERT(ChainLeaves, !(chain_valid && f_head) ||
                     {chain_bad, chain_queue, chain_head} == f_watched)
`ASSERT(SecondKept, !(f_stored && f_age == 2'd1) ||
                    {bad_q[!use_q], head_mem[!use_q]} == f_watched)
`ASSERT(SpaceIsSum, !chain_valid || {1'b0, chain_space} == f_bank_sum[use_q])
`ASSERT(SpacesKept, (!full_q[0] || {1'b0, space_mem[0]} == f_bank_sum[0]) &&
                    (!full_q[1] || {1'b0, space_mem[1]} == f_bank_sum[1]))
`ASSERT(OpenSum, !f_open_q || {1'b0, space_q} == f_sum_q)
`ASSERT(SpaceBounded, !f_open_q || space_q < 18'(2 * Enough))
`ASSERT(FewElements, !f_open_q || count_q <= 6'd32)
`ASSERT(NotOverwritten, !store || !full_q[load_q])
`ASSERT(ElementNotEmpty, !store || len != 17'd0)
`COVER(BothFull, full_q == 2'b11)
`COVER(TwoElements, chain_valid && chain_space == 18'd100 && elem_len == 17'd40)
