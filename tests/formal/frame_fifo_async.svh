// SPDX-License-Identifier: Apache-2.0
// Rules of frame_fifo_async, for two free clocks. Beats are counted here by what the user sees: a
// beat that is taken joins the open frame; the frame joins the stored ones when its last beat does,
// and is forgotten by drop, flush or overflow.
//  1. Order: the n-th beat that leaves is the n-th of the frames that were stored, whole; so no
//     beat of a dropped, flushed or overflown frame ever leaves, and none of an open one.
//  2. Metadata of the m-th frame that leaves are those given with the last beat of the m-th stored.
//  3. Never more beats or frames than places.
//  4. Every frame that ends undropped is stored, or told by stat_overflow.
//  5. wr_busy_o is low only when nothing is stored or open for reading; rd_busy_o is high while a
//     beat is offered.
`include "two_clocks.svh"
`TWO_CLOCKS(wr_clk_i, wr_rst_ni, rd_clk_i, rd_rst_ni)

(* anyconst *) logic [AddrW:0] f_nth;
(* anyconst *) logic [FrameW:0] f_mth;
logic [AddrW:0] f_stored_q, f_next_q, f_left_q, f_held;    // beats stored, with open ones, gone
logic [FrameW:0] f_frames_q, f_gone_q, f_frames_held;      // frames stored, gone
logic [WordW-1:0] f_word_q;
logic [MetaW-1:0] f_meta_q;
logic f_take, f_spoiled_q, f_end_q;
assign f_take = wr_valid && wr_ready && !wr_flush;
always_ff @(posedge wr_clk_i) begin
  if (!wr_rst_ni) begin
    f_stored_q <= '0;
    f_next_q <= '0;
    f_frames_q <= '0;
    f_end_q <= 1'b0;
  end else begin
    f_end_q <= f_take && wr_last && !wr_drop && !commit;
    if (wr_flush) f_next_q <= f_stored_q;
    else if (f_take && (lost || (wr_last && wr_drop))) f_next_q <= f_stored_q;
    else if (f_take) f_next_q <= f_next_q + 1'b1;
    if (commit) begin
      f_stored_q <= f_next_q + 1'b1;
      f_frames_q <= f_frames_q + 1'b1;
    end
  end
  if (f_take && f_next_q == f_nth) f_word_q <= {wr_last, count, wr_data};
  if (commit && f_frames_q == f_mth) f_meta_q <= wr_meta;
end
always_ff @(posedge rd_clk_i) begin
  if (!rd_rst_ni) begin
    f_left_q <= '0;
    f_gone_q <= '0;
  end else if (rd_valid && rd_ready) begin
    f_left_q <= f_left_q + 1'b1;
    if (rd_last) f_gone_q <= f_gone_q + 1'b1;
  end
end
assign f_held = f_stored_q - f_left_q;
assign f_frames_held = f_frames_q - f_gone_q;
`HOLDS(OnlyStoredBeats, !rd_valid || f_held != '0)
`HOLDS(BeatLeaves, !rd_valid || f_left_q != f_nth || rd_word == f_word_q)
`HOLDS(MetaLeaves, !rd_valid || f_gone_q != f_mth || rd_meta == f_meta_q)
// One beat may stand in the output register beside a full RAM.
`HOLDS(BeatsInRange, f_held <= (AddrW + 1)'(Depth + 1))
`HOLDS(FramesInRange, f_frames_held <= (FrameW + 1)'(MaxFrames))
`HOLDS(LostIsTold, stat_overflow == f_end_q)
`HOLDS(IdleIsEmpty, wr_busy_o || f_held <= (AddrW + 1)'(1))
`HOLDS(OfferedIsBusy, !rd_valid || rd_busy_o)
// Open frames: whole frames leave, so a stored beat always has its end behind it.
`REACHED(DroppedThenStored, f_gone_q == (FrameW + 1)'(1) && f_left_q == (AddrW + 1)'(2))
`REACHED(Full, full)
