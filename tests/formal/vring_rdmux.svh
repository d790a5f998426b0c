// SPDX-License-Identifier: Apache-2.0
// Rules of vring_rdmux, while memory answers each client's requests in order.
//  1. A beat goes to the reader whose request is the oldest of its client, with its queue and tag,
//     and to no other; beats are numbered from 0, and the last is told.
//  2. `quiet_o` of a queue is exactly: none of its reads is outstanding.
//  3. A request is taken from one reader, which asks; its client has a place for the route.
`RESET_FIRST
localparam int unsigned RouteW = 2 + QueueW + TagW + 9;
(* anyconst *) logic f_client;
(* anyconst *) logic [QueueW-1:0] f_queue;
logic [CountW-1:0] f_entered, f_left, f_nth, f_age;
logic [RouteW-1:0] f_watched;
logic f_stored, f_head, f_put, f_get;
logic [8:0] f_beat_q, f_want;
logic [6:0] f_flight_q;
// The beats of a request, from its address and length alone.
assign f_want = 9'((14'(addr[3:0]) + 14'(len) + 14'd15) >> 4);
assign f_put = rd_req_valid[f_client] && rd_req_ready[f_client];
assign f_get = rd_rsp_valid[f_client] && f_head ? f_beat_q + 9'd1 == f_watched[8:0]
                                                : closes_c[f_client];
order_model #(.Width(RouteW), .CountW(CountW)) u_model (
    .put_clk_i(clk_i), .put_rst_ni(rst_ni), .put(f_put),
    .put_data({sel, req_queue[QueueW*sel +: QueueW], req_tag, f_want}),
    .get_clk_i(clk_i), .get_rst_ni(rst_ni), .get(f_get), .entered(f_entered), .left(f_left),
    .nth(f_nth), .age(f_age), .stored(f_stored), .head(f_head), .watched(f_watched)
);
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_beat_q <= '0;
  else if (rd_rsp_valid[f_client]) f_beat_q <= f_get ? 9'd0 : f_beat_q + 9'd1;
  if (!rst_ni) f_flight_q <= '0;
  else f_flight_q <= f_flight_q + 7'(fire && queue == f_queue)
                     - 7'(rsp_last && rsp_queue == f_queue);
end
logic [3-1:0] f_user_ok;
for (genvar i = 0; i < 3; i++) begin : g_user
  assign f_user_ok[i] = !req_valid[i] || (req_len[13*i +: 13] != 13'd0 &&
                                            req_len[13*i +: 13] <= 13'd64);
end
`REQUIRE(LengthInRange, &f_user_ok)
`REQUIRE(OneAnswer, rd_rsp_valid != 2'b11)
`REQUIRE(AnswersWereAsked, (rd_rsp_valid & ~open) == 2'b00)
`ASSERT(Routed, !(rd_rsp_valid[f_client] && f_head) ||
    (rsp_valid == 3'd1 << f_watched[RouteW-1 -: 2] &&
     {rsp_queue, rsp_tag} == f_watched[RouteW-3 -: QueueW + TagW] &&
     rsp_beat == f_beat_q && rsp_last == f_get))
`ASSERT(AnswerOfOne, (rd_rsp_valid != 2'b00) == (rsp_valid != 3'd0) &&
                     (rsp_valid & (rsp_valid - 3'd1)) == 3'd0)
`ASSERT(RouteHasPlace, (rd_req_valid & ~room) == 2'b00)
`ASSERT(QuietIsQuiet, quiet_o[f_queue] == (f_flight_q == 7'd0) &&
                      f_flight_q <= 7'(OrderDepth))
`ASSERT(OneTaken, (req_ready & (req_ready - 3'd1)) == 3'd0 && (req_ready & ~req_valid) == 3'd0)
`COVER(AllOpen, !room[f_client])
`COVER(TwoBeats, f_head && f_get && f_beat_q == 9'd1 && f_left == CountW'(1))
