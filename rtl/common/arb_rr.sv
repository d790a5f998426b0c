// SPDX-License-Identifier: Apache-2.0
// Round-robin arbiter: picks the first requester after the one that was taken last. Combinational
// from request to pick; the choice may change while `take_i` is low. A requester waits for at most
// NumReq - 1 others.
`default_nettype none
`include "ph_assert.svh"

module arb_rr #(
    parameter int unsigned NumReq = 3,  /// 1..16
    localparam int unsigned IdxW = NumReq > 1 ? $clog2(NumReq) : 1
) (
    input  wire logic              clk_i,
    input  wire logic              rst_ni,
    input  wire logic [NumReq-1:0] req_i,
    input  wire logic              take_i,   // the pick has its turn now; only with valid_o
    output logic                   valid_o,  // someone requests
    output logic [IdxW-1:0]        pick_o
);
  if (NumReq < 1 || NumReq > 16) begin : g_bad_num_req
    $fatal(1, "arb_rr: NumReq must be 1..16");
  end

  logic [IdxW-1:0] last_q;  // had its turn last
  logic [IdxW:0] turn;

  always_comb begin
    pick_o = '0;
    valid_o = 1'b0;
    turn = '0;
    if (req_i != '0) for (int i = NumReq; i >= 1; i--) begin
      turn = {1'b0, last_q} + (IdxW + 1)'(i);
      if (turn >= (IdxW + 1)'(NumReq)) turn = turn - (IdxW + 1)'(NumReq);
      if (req_i[turn[IdxW-1:0]]) begin
        pick_o = turn[IdxW-1:0];
        valid_o = 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) last_q <= '0;
    else if (take_i) last_q <= pick_o;
  end

  // 1. The pick is a requester, and there is one whenever someone requests.
  // 2. Turns are taken only when there is a pick.
  `ASSERT(PickRequests, !valid_o || req_i[pick_o])
  `ASSERT(PickWhenRequested, valid_o == (|req_i))
  `REQUIRE(TakeWithPick, !take_i || valid_o)

`ifdef FORMAL
  // 3. Fairness: whoever keeps requesting sees at most NumReq - 1 turns of others. `f_ahead` is how
  //    many stand between the last one and the watched one; it makes the rule inductive.
  (* anyconst *) logic [IdxW-1:0] f_who;
  logic [IdxW:0] f_ahead;
  logic [IdxW+1:0] f_seen_q;
  assign f_ahead = f_who > last_q ? {1'b0, f_who} - {1'b0, last_q} - 1'b1 :
      {1'b0, f_who} + (IdxW + 1)'(NumReq - 1) - {1'b0, last_q};

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !req_i[f_who] || (take_i && pick_o == f_who)) f_seen_q <= '0;
    else if (take_i) f_seen_q <= f_seen_q + 1'b1;
  end
  always_comb assume ({1'b0, f_who} < (IdxW + 1)'(NumReq));
  `RESET_FIRST
  `ASSERT(LastInRange, {1'b0, last_q} < (IdxW + 1)'(NumReq))
  `ASSERT(Fair, f_seen_q <= (IdxW + 2)'(NumReq - 1) - {1'b0, f_ahead})
  `COVER(LongestWait, take_i && pick_o == f_who && f_seen_q == (IdxW + 2)'(NumReq - 1))
`endif
endmodule

`default_nettype wire
