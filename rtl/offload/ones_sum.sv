// SPDX-License-Identifier: Apache-2.0
// One's-complement sum of the chosen bytes of a frame (RFC 1071), as big-endian 16-bit words at
// even byte positions. A user whose range starts at an odd byte swaps the result (RFC 1071 2 (B)).
// Latency 2: `sum_o` includes the beat that was presented two advances ago. One beat per cycle.
`default_nettype none

module ones_sum #(
    parameter int unsigned DataW = 64  // 16..512, multiple of 16
) (
    input  wire logic               clk_i,
    input  wire logic               rst_ni,
    input  wire logic               advance_i,  // the user's pipeline moves
    input  wire logic               valid_i,    // with a beat
    input  wire logic               first_i,    // that starts a new sum
    input  wire logic [DataW-1:0]   data_i,
    input  wire logic [DataW/8-1:0] mask_i,     // bytes that count
    output logic [15:0]             sum_o
);
  if (DataW % 16 != 0 || DataW < 16 || DataW > 512) begin : g_bad_width
    $fatal(1, "ones_sum: DataW must be a multiple of 16, 16..512");
  end

  // End-around carry: the sum of two 16-bit numbers plus its carry never carries again.
  function automatic logic [15:0] add(input logic [15:0] a, input logic [15:0] b);
    logic [16:0] s;
    s = {1'b0, a} + {1'b0, b};
    add = s[15:0] + {15'd0, s[16]};
  endfunction

  // The words of one beat: at most 32 of them, so 21 bits hold their plain sum.
  logic [20:0] beat_sum;
  always_comb begin
    beat_sum = '0;
    for (int i = 0; i < DataW / 16; i++) begin
      beat_sum = beat_sum + {5'd0, mask_i[2*i] ? data_i[16*i+:8] : 8'h00,
                             mask_i[2*i+1] ? data_i[16*i+8+:8] : 8'h00};
    end
  end

  logic valid_q, first_q;
  logic [15:0] beat_q, sum_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      first_q <= 1'b0;
    end else if (advance_i) begin
      valid_q <= valid_i;
      if (valid_i) first_q <= first_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i && valid_i) beat_q <= add(beat_sum[15:0], {11'd0, beat_sum[20:16]});
    if (advance_i && valid_q) sum_q <= add(first_q ? 16'd0 : sum_q, beat_q);
  end

  assign sum_o = sum_q;
endmodule

`default_nettype wire
