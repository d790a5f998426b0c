// SPDX-License-Identifier: Apache-2.0
// Two-entry skid buffer: registers valid, payload and ready of a stream.
// Latency 1 cycle, one beat per cycle, outputs registered, `s_ready` depends on nothing outside.
`default_nettype none
`include "ph_assert.svh"

module stream_skid #(
    parameter int unsigned Width = 64  // payload bits, 1..4096
) (
    input  wire logic             clk_i,
    input  wire logic             rst_ni,
    input  wire logic             s_valid,
    output logic                  s_ready,
    input  wire logic [Width-1:0] s_data,
    output logic                  m_valid,
    input  wire logic             m_ready,
    output logic [Width-1:0]      m_data
);
  if (Width == 0 || Width > 4096) begin : g_bad_width
    $fatal(1, "stream_skid: Width must be 1..4096");
  end

  logic spare_valid_q;
  logic [Width-1:0] spare_q;

  assign s_ready = !spare_valid_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      m_valid <= 1'b0;
      spare_valid_q <= 1'b0;
    end else if (m_ready || !m_valid) begin
      m_valid <= s_valid || spare_valid_q;
      spare_valid_q <= 1'b0;
    end else if (s_valid && s_ready) begin
      spare_valid_q <= 1'b1;
    end
  end

  // Payload needs no reset: `valid` says when it counts.
  always_ff @(posedge clk_i) begin
    if (m_ready || !m_valid) m_data <= spare_valid_q ? spare_q : s_data;
    if (s_valid && s_ready) spare_q <= s_data;
  end

  // 1. The output holds until it is taken.
  // 2. The spare entry is used only behind the output.
`ifdef PH_PROPERTIES
  logic waiting_q;
  logic [Width-1:0] offered_q;
  always_ff @(posedge clk_i) begin
    waiting_q <= rst_ni && m_valid && !m_ready;
    offered_q <= m_data;
  end
  `ASSERT(OutHeld, !waiting_q || (m_valid && m_data == offered_q))
  `ASSERT(SpareBehindOutput, !spare_valid_q || m_valid)
`endif

`ifdef FORMAL
  // 3. Order: what leaves is what entered, nothing lost, doubled or exchanged. A model that shifts.
  logic [Width-1:0] f_first_q, f_second_q;
  logic [1:0] f_count_q;
  logic f_put, f_get;
  assign f_put = s_valid && s_ready;
  assign f_get = m_valid && m_ready;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) f_count_q <= '0;
    else f_count_q <= f_count_q + {1'b0, f_put} - {1'b0, f_get};
    if (f_get) f_first_q <= f_second_q;
    if (f_put && f_count_q == {1'b0, f_get}) f_first_q <= s_data;
    if (f_put) f_second_q <= s_data;
  end
  `RESET_FIRST
  `ASSERT(CountRight, f_count_q == {1'b0, m_valid} + {1'b0, spare_valid_q})
  `ASSERT(FirstInOrder, f_count_q == 2'd0 || m_data == f_first_q)
  `ASSERT(SecondInOrder, f_count_q != 2'd2 || spare_q == f_second_q)
  `COVER(FullThenTaken, spare_valid_q && m_ready)
`endif
endmodule

`default_nettype wire
