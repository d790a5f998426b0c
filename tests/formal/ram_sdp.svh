// SPDX-License-Identifier: Apache-2.0
// Rules of ram_sdp, with one clock for both ports.
//  1. A word read is the one last written there, unless it is being written in that cycle.
//  2. The output holds while rd_en_i is low.
(* anyconst *) logic [AddrW-1:0] f_addr;
logic [Width-1:0] f_word_q, f_out_q;
logic f_written_q = 1'b0, f_read_q = 1'b0, f_held_q = 1'b0;
always_comb assume (rd_clk_i == wr_clk_i);
always_ff @(posedge wr_clk_i) begin
  if (wr_en_i && wr_addr_i == f_addr) begin
    f_word_q <= wr_data_i;
    f_written_q <= 1'b1;
  end
  if (rd_en_i) begin
    f_read_q <= rd_addr_i == f_addr && f_written_q && !(wr_en_i && wr_addr_i == f_addr);
    f_out_q <= f_word_q;
  end
  f_held_q <= !rd_en_i;
end
always @(posedge wr_clk_i) begin
  WordKept : assert (!f_written_q || mem[f_addr] == f_word_q);
  ReadsLastWritten : assert (!f_read_q || rd_data_o == f_out_q);
  ReadBack : cover (f_read_q && f_held_q && rd_data_o != '0);
end
