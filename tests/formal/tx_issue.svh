// SPDX-License-Identifier: Apache-2.0
// Rules of tx_issue.
//  1. A read is issued only after its beats are reserved: beats asked for and not yet freed never
//     exceed DataBeats. Nothing is reserved that was not asked for.
//  2. A read lies inside one aligned block of 256 bytes and is not empty.
//  3. Each chain gives exactly one record with `last`, after all its others.
//  4. The reads of a chain are never more than MaxBytes.
`RESET_FIRST
logic [9:0] f_reserved_q, f_ask;
logic [17:0] f_bytes_q;
logic [1:0] f_chains_q;
logic f_open_q, f_take;
assign f_take = desc_valid && desc_ready;
assign f_ask = rd_req_valid && rd_req_ready
    ? 10'((14'(rd_req_addr[3:0]) + 14'(rd_req_len) + 14'd15) >> 4) : 10'd0;
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_reserved_q <= '0;
    f_chains_q <= '0;
    f_open_q <= 1'b0;
    f_bytes_q <= '0;
  end else begin
    f_reserved_q <= f_reserved_q + f_ask - {9'd0, beat_free_i};
    f_chains_q <= f_chains_q + {1'b0, f_take && d.last} - {1'b0, rec_valid && rec[13]};
    if (f_take) f_open_q <= !d.last;
    if (f_take && d.first) f_bytes_q <= '0;
    else if (rd_req_valid && rd_req_ready) f_bytes_q <= f_bytes_q + {5'd0, rd_req_len};
  end
end
`REQUIRE(FreesWhatWasAsked, !beat_free_i || f_reserved_q != '0)
`REQUIRE(ChainsFollow, !desc_valid || d.first == !f_open_q)
`ASSERT(Reserved, f_reserved_q + free_q == 10'(DataBeats) && free_q <= 10'(DataBeats))
`ASSERT(InsideBlock, !rd_req_valid || (rd_req_len != 13'd0 &&
                     14'(rd_req_addr[7:0]) + 14'(rd_req_len) <= 14'd256))
`ASSERT(FitsReserve, f_ask <= free_q)
`ASSERT(OneLastPerChain, f_chains_q == {1'b0, valid_q && last_q})
`ASSERT(RecordHasPlace, !rec_valid || rec_ready)
`ASSERT(BytesBounded, f_bytes_q <= 18'(MaxBytes))
`ASSERT(TotalCovers, too_long_q || {1'b0, total_q} <= 18'(MaxBytes))
`ASSERT(BytesInTotal, !(valid_q || f_open_q) || too_long_q ||
                      f_bytes_q + (valid_q ? {1'b0, len_q} : 18'd0) <= {1'b0, total_q})
`ASSERT(TooLongReadsNothing, !valid_q || !too_long_q || len_q == 17'd0)
`ASSERT(OpenHasTotal, !(valid_q && !last_q) || f_open_q)
`COVER(AllReserved, free_q == 10'd0)
`COVER(SecondOfChain, rec_valid && rec[13] && f_bytes_q > 18'd256)
