// SPDX-License-Identifier: Apache-2.0
// Rules of cdc_fifo, for two free clocks.
//  1. Order: what leaves is what entered, in order, nothing lost or doubled (order_model.sv).
//  2. Never more entries than places; the reader is never ahead of the writer.
//  3. Each side errs on its own safe side: the writer believes in at least as many entries as there
//     are, the reader in at most as many.
//  4. wr_busy_o is low only when all has left.
`include "two_clocks.svh"
`TWO_CLOCKS(wr_clk_i, wr_rst_ni, rd_clk_i, rd_rst_ni)

logic [AddrW:0] f_entered, f_left, f_nth, f_age, f_held;
logic [Width-1:0] f_watched;
logic f_stored, f_head;
order_model #(.Width(Width), .CountW(AddrW + 1)) u_order (
    .put_clk_i(wr_clk_i), .put_rst_ni(wr_rst_ni), .put(wr_valid && wr_ready), .put_data(wr_data),
    .get_clk_i(rd_clk_i), .get_rst_ni(rd_rst_ni), .get(rd_valid && rd_ready),
    .entered(f_entered), .left(f_left), .nth(f_nth), .age(f_age), .stored(f_stored),
    .head(f_head), .watched(f_watched)
);
assign f_held = f_entered - f_left;
`HOLDS(NeverTooMany, f_held <= (AddrW + 1)'(Depth))
`HOLDS(WriterIsCareful, count >= f_held)
`HOLDS(ReaderIsCareful, wr_ptr - rd_ptr_q <= f_held)
`HOLDS(EntryKept, !f_stored || mem[f_nth[AddrW-1:0]] == f_watched)
`HOLDS(EntryLeaves, !rd_valid || !f_head || rd_data == f_watched)
`HOLDS(OnlyWhatEntered, !rd_valid || f_held != '0)
`HOLDS(IdleIsEmpty, wr_busy_o || f_held == '0)
`REACHED(Full, !wr_ready && f_held == (AddrW + 1)'(Depth))
`REACHED(FullThenEmpty, f_entered == (AddrW + 1)'(Depth) && f_held == '0)
