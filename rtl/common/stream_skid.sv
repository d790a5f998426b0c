// SPDX-License-Identifier: Apache-2.0
// Two-entry skid buffer: registers valid, payload and ready of a stream.
// Latency 1 cycle, one beat per cycle, outputs registered, `s_ready` depends on nothing outside.
`default_nettype none

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
endmodule

`default_nettype wire
