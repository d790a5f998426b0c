// SPDX-License-Identifier: Apache-2.0
// Rules of virtio_queue_regs, for an arbitrary queue and an arbitrary word.
//  1. The engine reads what was written last.
//  2. `complete_o` only when all seven words of the selected queue were written since the reset.
`RESET_FIRST
(* anyconst *) logic [IdxW-1:0] f_queue;
(* anyconst *) logic [2:0] f_word;
logic [31:0] f_value_q, f_read;
logic [7*NumQueues-1:0] f_written_q;
logic f_asked_q;
logic [11:0] f_offset;
always_comb begin
  f_offset = virtio_pkg::RegQueueSize;
  f_read = {16'd0, qcfg_size_o};
  unique case (f_word)
    3'd1: begin f_offset = virtio_pkg::RegQueueDescLow; f_read = qcfg_desc_o[31:0]; end
    3'd2: begin f_offset = virtio_pkg::RegQueueDescHigh; f_read = qcfg_desc_o[63:32]; end
    3'd3: begin f_offset = virtio_pkg::RegQueueDriverLow; f_read = qcfg_driver_o[31:0]; end
    3'd4: begin f_offset = virtio_pkg::RegQueueDriverHigh; f_read = qcfg_driver_o[63:32]; end
    3'd5: begin f_offset = virtio_pkg::RegQueueDeviceLow; f_read = qcfg_device_o[31:0]; end
    3'd6: begin f_offset = virtio_pkg::RegQueueDeviceHigh; f_read = qcfg_device_o[63:32]; end
    default: ;
  endcase
  assume (f_word != 3'd7);
  assume (f_queue < NumQueues);
end
logic f_write, f_seen_q;
assign f_write = we_i && sel_i == 8'(f_queue) && offset_i == f_offset;
always_ff @(posedge clk_i) begin
  if (f_write) f_value_q <= f_word == 3'd0 ? {16'd0, wdata_i[15:0]} : wdata_i;
  f_asked_q <= rst_ni && qcfg_queue_i == 8'(f_queue) && f_seen_q && !f_write;
  if (!rst_ni || clear_i) f_seen_q <= 1'b0;
  else if (f_write) f_seen_q <= 1'b1;
end
logic [31:0] f_before_q;
always_ff @(posedge clk_i) f_before_q <= f_value_q;
`REQUIRE(SelectedExists, sel_ok_i == (sel_i < NumQueues) && (!we_i || sel_ok_i))
`ASSERT(ReadsWhatWasWritten, !f_asked_q || f_read == f_before_q)
`ASSERT(CompleteIsWhole, !complete_o || sel_i != 8'(f_queue) || f_seen_q)
`COVER(Complete, complete_o && f_asked_q && f_read != 32'd0)
