// SPDX-License-Identifier: Apache-2.0
// A queue of bytes: in one cycle up to 16 bytes enter at the back and up to 16 leave at the front.
// The front is visible as it is (`front`, byte 0 first); the user pops only what `count` says is
// there and pushes only while count - pop + push <= Bytes. Push is visible in the next cycle.
`default_nettype none

module byte_queue #(
    parameter int unsigned Bytes = 32  // capacity, 16..48
) (
    input  wire logic         clk_i,
    input  wire logic         rst_ni,
    input  wire logic [4:0]   push,       // bytes that enter, 0..16, from push_data's byte 0
    input  wire logic [127:0] push_data,
    input  wire logic [4:0]   pop,        // bytes that leave, 0..16
    output logic [127:0]      front,
    output logic [5:0]        count
);
  if (Bytes < 16 || Bytes > 48) begin : g_bad_bytes
    $fatal(1, "byte_queue: Bytes must be 16..48");
  end
  localparam int unsigned Bits = 8 * Bytes;
  logic [Bits-1:0] store_q, rest, added;
  logic [5:0] left;

  assign front = store_q[127:0];
  assign left = count - {1'b0, pop};
  assign rest = store_q >> {pop, 3'd0};
  // Bytes behind `count` are whatever was there: they are masked when the new ones are merged.
  assign added = Bits'(push_data) << {left, 3'd0};

  logic [Bits-1:0] keep_mask;
  always_comb begin
    for (int i = 0; i < Bytes; i++) keep_mask[8*i +: 8] = (6'(i) < left) ? 8'hff : 8'h00;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) count <= '0;
    else if (push != 0 || pop != 0) count <= left + {1'b0, push};
  end
  always_ff @(posedge clk_i) begin
    if (push != 0 || pop != 0) store_q <= (rest & keep_mask) | (added & ~keep_mask);
  end
endmodule

`default_nettype wire
