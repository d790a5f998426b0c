// SPDX-License-Identifier: Apache-2.0
// Interrupt moderation: collects the interrupts that the rings want and raises isr_used when
// `cfg_irq_count` elements wait or `cfg_irq_ticks` ticks have passed since the first of them.
// cfg_irq_ticks = 0 turns moderation off; cfg_irq_count = 0 leaves only the time.
`default_nettype none
`include "ph_assert.svh"

module virtio_irq (
    input  wire logic        clk_i,
    input  wire logic        rst_ni,
    input  wire logic        tick_i,
    input  wire logic [7:0]  cfg_irq_count,
    input  wire logic [15:0] cfg_irq_ticks,
    input  wire logic        want,           // pulse of a ring
    input  wire logic [15:0] want_count,     // its elements
    output logic             isr_used,       // pulse
    output logic             timer_armed_o,
    output logic             busy_o
);
  logic [16:0] count_q, count_d;
  logic [15:0] ticks_q;
  logic pending_q, fire;

  always_comb begin
    count_d = count_q;
    if (want) count_d = count_d + {1'b0, want_count};
    if (count_d[16]) count_d = 17'h10000;
  end
  assign fire = (pending_q || want) &&
                (cfg_irq_ticks == 0 || (pending_q && ticks_q >= cfg_irq_ticks) ||
                 (cfg_irq_count != 0 && count_d >= {9'd0, cfg_irq_count}));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pending_q <= 1'b0;
      isr_used <= 1'b0;
      count_q <= '0;
      ticks_q <= '0;
    end else begin
      isr_used <= fire;
      if (fire) begin
        pending_q <= 1'b0;
        count_q <= '0;
        ticks_q <= '0;
      end else begin
        if (want) pending_q <= 1'b1;
        count_q <= count_d;
        if (pending_q && tick_i) ticks_q <= ticks_q + 16'd1;
      end
    end
  end

  assign timer_armed_o = pending_q;
  assign busy_o = fire || isr_used || want;

`ifdef FORMAL
`include "virtio_irq.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
