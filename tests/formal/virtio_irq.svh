// SPDX-License-Identifier: Apache-2.0
// Rules of virtio_irq, while its configuration is constant.
//  1. No interrupt that nobody wanted; one wanted is remembered (timer_armed_o) until it is given.
//  2. Without moderation it is given in the next cycle.
//  3. It waits for less than cfg_irq_count elements and at most cfg_irq_ticks ticks.
`RESET_FIRST
logic f_wanted_q, f_want_q, f_was_q;
logic [20:0] f_count_q;
logic [15:0] f_ticks_q, f_cfg_ticks_q;
logic [7:0] f_cfg_count_q;
always_ff @(posedge clk_i) begin
  f_want_q <= rst_ni && want;
  f_was_q <= f_wanted_q || want;
  f_cfg_ticks_q <= cfg_irq_ticks;
  f_cfg_count_q <= cfg_irq_count;
  if (!rst_ni || fire) begin
    f_wanted_q <= 1'b0;
    f_count_q <= '0;
    f_ticks_q <= '0;
  end else begin
    if (want) f_wanted_q <= 1'b1;
    if (want && f_count_q < 21'h10000) f_count_q <= f_count_q + {5'd0, want_count};
    if (f_wanted_q && tick_i) f_ticks_q <= f_ticks_q + 16'd1;
  end
end
`REQUIRE(ConfigConstant, !f_reset_done_q || (cfg_irq_ticks == f_cfg_ticks_q &&
                                             cfg_irq_count == f_cfg_count_q))
`ASSERT(NoneUnwanted, !isr_used || f_was_q)
`ASSERT(NoneLost, timer_armed_o == f_wanted_q)
`ASSERT(AtOnce, !f_want_q || cfg_irq_ticks != 16'd0 || isr_used)
`ASSERT(FewWait, !f_wanted_q || cfg_irq_count == 8'd0 || f_count_q < {13'd0, cfg_irq_count})
`ASSERT(NotLong, !f_wanted_q || f_ticks_q <= cfg_irq_ticks)
`ASSERT(Counted, f_count_q >= 21'h10000 ? count_q[16] : {4'd0, count_q} == f_count_q)
`ASSERT(TicksCounted, ticks_q == f_ticks_q && (f_wanted_q || ticks_q == 16'd0) &&
                      (f_wanted_q || count_q == 17'd0))
`COVER(ByCount, isr_used && cfg_irq_ticks != 16'd0 && cfg_irq_count == 8'd3)
`COVER(ByTime, isr_used && cfg_irq_ticks == 16'd2 && cfg_irq_count == 8'd0)
