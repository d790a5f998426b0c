// SPDX-License-Identifier: Apache-2.0
// Rules of virtio_mmio (Virtio 1.2 2.1.2, 2.4, 4.2.2), behind axil_props.
//  1. The interrupt line is exactly InterruptStatus != 0.
//  2. An event sets its bit whatever is acknowledged in the same cycle; a bit falls only by its own
//     acknowledge or by reset.
//  3. Status<-0 is acknowledged only in a cycle in which the engine, told to stop for at least one
//     cycle, says that it is idle; QueueReady<-0 likewise for its queue.
//  4. After the reset nothing of the old life is left: no queue, feature, status or interrupt.
//  5. A stop once asked is asked until the engine is idle.
//  6. QueueReady rises only for a queue that is configured, after FEATURES_OK, and falls only by its
//     own stop or by reset.
//  7. A notification goes only to a ready queue of a driver that is ready.
//  8. A write that is counted as wrong starts and stops no queue.
`RESET_FIRST
axil_props #(.AddrW(13)) u_props (
    .clk_i, .rst_ni, .awaddr(s_axil_awaddr), .awvalid(s_axil_awvalid), .awready(s_axil_awready),
    .wdata(s_axil_wdata), .wstrb(s_axil_wstrb), .wvalid(s_axil_wvalid), .wready(s_axil_wready),
    .bresp(s_axil_bresp), .bvalid(s_axil_bvalid), .bready(s_axil_bready),
    .araddr(s_axil_araddr), .arvalid(s_axil_arvalid), .arready(s_axil_arready),
    .rdata(s_axil_rdata), .rresp(s_axil_rresp), .rvalid(s_axil_rvalid), .rready(s_axil_rready)
);
// What an access wants is looked at in its first cycle, from the bus port alone.
logic f_told_q, f_live_q, f_reset_done_now_q, f_bad_q;
logic [1:0] f_isr_q, f_event_q, f_ack_q;
logic [NumQueues-1:0] f_ready_q, f_queue_told_q, f_idle_q, f_stopping_q;
logic [7:0] f_status_q;
logic f_complete_q, f_features_ok_q, f_dev_stop_q;
logic f_status_zero;
assign f_status_zero = req && we && !addr[12] && addr[11:2] == 10'h01c && wstrb == 4'hf &&
                       wdata == 32'd0;
always_ff @(posedge clk_i) begin
  f_live_q <= rst_ni;
  f_isr_q <= isr_q;
  f_event_q <= {needs_reset_i, isr_used_i} & {2{driver_ok && rst_ni && !do_reset}};
  f_ack_q <= {2{req && we && addr[12:2] == 11'h019 && wstrb == 4'hf && state_q == StIdle}} & wdata[1:0];
  f_reset_done_now_q <= rst_ni && req && ack && f_status_zero;
  f_told_q <= rst_ni && dev_stop_o;
  f_dev_stop_q <= rst_ni && dev_stop_o && !dev_idle_i;
  f_queue_told_q <= rst_ni ? queue_stop_o : '0;
  f_stopping_q <= rst_ni ? queue_stop_o & ~queue_idle_i : '0;
  f_idle_q <= queue_idle_i;
  f_ready_q <= queue_ready_q;
  f_status_q <= status;
  f_complete_q <= queue_complete;
  f_features_ok_q <= features_ok;
  f_bad_q <= rst_ni && write0 && write_bad;
end
`ASSERT(LineIsStatus, irq_o == (isr_q != 2'd0))
`ASSERT(EventWins, !f_live_q || (f_event_q & ~isr_q) == 2'd0)
`ASSERT(FallsByAcknowledge, !f_live_q || f_reset_done_now_q || (f_isr_q & ~isr_q & ~f_ack_q) == 2'd0)
`ASSERT(AcknowledgeWorks, !f_live_q || (f_isr_q & f_ack_q & isr_q & ~f_event_q & 2'b01) == 2'd0)
`ASSERT(ResetWaits, !(req && ack && f_status_zero) || (dev_idle_i && dev_stop_o && f_told_q))
`ASSERT(ResetLeavesNothing, !f_reset_done_now_q || (queue_ready_o == '0 && isr_q == 2'd0 &&
                            status == 8'd0 && features_o == 64'd0 && !driver_ok_o))
`ASSERT(StopHeld, !f_dev_stop_q || dev_stop_o)
`ASSERT(QueueStopHeld, (f_stopping_q & ~queue_stop_o) == '0)
`ASSERT(ReadyFallsWhenIdle, !f_live_q || f_reset_done_now_q ||
        (f_ready_q & ~queue_ready_o & ~(f_queue_told_q & f_idle_q)) == '0)
`ASSERT(ReadyRisesConfigured, !f_live_q || (queue_ready_o & ~f_ready_q) == '0 ||
                              (f_complete_q && f_features_ok_q))
`ASSERT(NotifyReady, !notify_valid_o || (driver_ok_o && notify_queue_o < NumQueues &&
                     queue_ready_o[notify_queue_o[0]]))
`ASSERT(BadWriteIgnored, !f_bad_q || f_reset_done_now_q || queue_ready_o == f_ready_q)
// What makes them inductive: a stop stands only beside the write that asked for it.
`ASSERT(ResetIsWrite, !dev_stop_o || (req && f_status_zero))
`ASSERT(QueueStopIsWrite, !(state_q == StQueueArm || state_q == StQueueStop) ||
                          (req && we && addr[12:2] == 11'h011 && queue_sel_ok_q &&
                           queue_stop_o != '0))
`ASSERT(VendorIsPage1, state_q != StVendor || (req && addr[12]))
`ASSERT(ToldIsReset, state_q != StReset || f_told_q)
`COVER(EventAndAcknowledge, f_event_q[0] && f_ack_q[0] && isr_q[0])
`COVER(ResetOfDriver, f_reset_done_now_q && f_status_q[1:0] == 2'b11)
