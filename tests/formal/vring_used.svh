// SPDX-License-Identifier: Apache-2.0
// Rules of vring_used: the order of publication (Virtio 1.2 2.7.8, 2.7.10, 2.7.13), for an
// arbitrary queue. Memory answers bursts in order; an answer comes only to a question.
//  1. used.idx is written only when the response of every element that it covers has come, and
//     carries exactly their number.
//  2. The event is read only after the response of a used.idx that it has not been read for.
//  3. An interrupt only in the cycle of an answer with the event, of a queue that runs.
//  4. At most one batch and one index of a queue are on their way.
//  5. A batch lies inside the ring; each element is published once, none before it came in.
//  6. quiet_o of a queue is low while anything of it is outstanding.
`RESET_FIRST
(* anyconst *) logic [QueueW-1:0] f_queue;
(* anyconst *) logic [15:0] f_size;
(* anyconst *) logic [63:0] f_device;
// Segments handed to the packer and not answered, before and with the watched ones.
logic [3:0] f_segs_q, f_elem_pos_q, f_index_pos_q;
logic f_elem_q, f_index_q, f_read_q, f_due_q, f_mine, f_hand, f_answer;
logic [6:0] f_batch_q;
logic [15:0] f_answered_q;
logic [PtrW-1:0] f_in_q, f_out_q;
assign f_mine = cur_q == f_queue;
assign f_hand = seg_valid && seg_ready;
assign f_answer = wr_done && wr_done_tag;
logic f_elem_done, f_index_done;
assign f_elem_done = f_answer && f_elem_q && f_elem_pos_q == 4'd0;
assign f_index_done = f_answer && f_index_q && f_index_pos_q == 4'd0;
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_segs_q <= '0;
    f_elem_q <= 1'b0;
    f_index_q <= 1'b0;
    f_read_q <= 1'b0;
    f_due_q <= 1'b0;
    f_answered_q <= '0;
    f_in_q <= '0;
    f_out_q <= '0;
  end else begin
    f_segs_q <= f_segs_q + 4'(f_hand) - 4'(f_answer);
    if (f_answer) begin
      f_elem_pos_q <= f_elem_pos_q - 4'd1;
      f_index_pos_q <= f_index_pos_q - 4'd1;
    end
    if (f_elem_done) f_elem_q <= 1'b0;
    if (f_index_done) f_index_q <= 1'b0;
    if (f_elem_done) f_answered_q <= f_answered_q + {9'd0, f_batch_q};
    if (f_hand && f_mine && !is_index_q) begin
      f_elem_q <= 1'b1;
      f_elem_pos_q <= f_segs_q - 4'(f_answer);
      f_batch_q <= left_q;
    end
    if (f_hand && f_mine && is_index_q) begin
      f_index_q <= 1'b1;
      f_index_pos_q <= f_segs_q - 4'(f_answer);
    end
    if (req_fire && req_queue == f_queue) begin
      f_read_q <= 1'b1;
      f_due_q <= 1'b0;
    end
    if (f_index_done && !wr_done_err) f_due_q <= 1'b1;
    if (rsp_valid && rsp_queue == f_queue) f_read_q <= 1'b0;
    if ((rx_put || tx_put) && put_queue == f_queue) f_in_q <= f_in_q + 1'b1;
    if (pop && f_mine) f_out_q <= f_out_q + 1'b1;
    if (clear_i[f_queue]) begin
      f_answered_q <= '0;
      f_in_q <= '0;
      f_out_q <= '0;
      f_due_q <= 1'b0;
    end
  end
end
logic [NumQueues-1:0] f_reads_q;  // event reads outstanding, all queues
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_reads_q <= '0;
  else begin
    if (req_fire) f_reads_q[req_queue] <= 1'b1;
    if (rsp_valid) f_reads_q[rsp_queue] <= 1'b0;
  end
end
logic f_err_q;
always_ff @(posedge clk_i) f_err_q <= rst_ni && (f_err_q ? clear_i == '0 : wr_done && wr_done_err);
// Memory: up to 7 bursts open, answered in order with their tags.
logic [2:0] f_bursts_q, f_after;
logic [7:0] f_tags_q, f_rest;
assign f_after = f_bursts_q - 3'(wr_done);
assign f_rest = wr_done ? f_tags_q >> 1 : f_tags_q;
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_bursts_q <= '0;
  else f_bursts_q <= f_after + 3'(wr_req_valid && wr_req_ready);
  f_tags_q <= f_rest;
  if (wr_req_valid && wr_req_ready) f_tags_q[f_after] <= wr_req_tag;
end
// The configuration of the watched queue does not change; the size is a power of two (checked by
// virtio_engine). A queue is forgotten only when it is stopped and quiet; after an error none runs.
`REQUIRE(ConfigOfQueue, cfg_queue != f_queue || (cfg_size == f_size && cfg_device == f_device))
`REQUIRE(SizeIsPower, f_size != 16'd0 && (f_size & (f_size - 16'd1)) == 16'd0 &&
                      cfg_size != 16'd0 && (cfg_size & (cfg_size - 16'd1)) == 16'd0)
`REQUIRE(ForgottenWhenQuiet, (clear_i & (run_i | ~quiet_o)) == '0)
`REQUIRE(NoneRunsAfterError, !f_err_q || run_i == '0)
`REQUIRE(AnswersWereAsked, !rsp_valid || f_reads_q[rsp_queue])
`REQUIRE(ResponsesWereAsked, !f_answer || f_segs_q != 4'd0)
`REQUIRE(BurstsWereAsked, !wr_done || (f_bursts_q != 3'd0 && wr_done_tag == f_tags_q[0]))
`REQUIRE(FewBursts, f_bursts_q != 3'd7 || !wr_req_ready)
`ASSERT(IndexAfterElements, !(f_hand && f_mine && is_index_q) || !f_elem_q)
`ASSERT(IndexIsTheirNumber, !(f_hand && f_mine && is_index_q) || idx == f_answered_q)
`ASSERT(EventAfterIndex, !(req_fire && req_queue == f_queue) || (f_due_q && !f_read_q))
`ASSERT(IrqWithEvent, !irq_o || (rsp_valid && run_i[rsp_queue] && f_reads_q[rsp_queue]))
`ASSERT(OneBatch, !(f_hand && f_mine) || (is_index_q ? !f_index_q : !f_elem_q))
`ASSERT(InsideRing, !(f_hand && f_mine && !is_index_q) ||
                    (left_q != 7'd0 && {1'b0, slot} + {10'd0, left_q} <= {1'b0, f_size} &&
                     seg_addr == f_device + 64'd4 + {45'd0, slot, 3'd0}))
`ASSERT(CountsAgree, f_in_q == put_q[PtrW*f_queue +: PtrW] &&
                     f_out_q == get_q[PtrW*f_queue +: PtrW] &&
                     f_in_q - f_out_q <= PtrW'(Depth))
`ASSERT(OnlyWhatCame, !(pop && f_mine) || f_in_q != f_out_q)
`ASSERT(QuietIsQuiet, !quiet_o[f_queue] || !(f_elem_q || f_index_q || f_read_q))
`ASSERT(OpenHasPlace, !f_hand || open_room)
`ASSERT(ReadsAgree, f_reads_q == reading_q && f_read_q == reading_q[f_queue])
`COVER(Interrupt, irq_o && rsp_queue == f_queue && irq_count_o == 16'd2)
`COVER(OtherBetween, f_elem_q && f_elem_pos_q == 4'd1)
