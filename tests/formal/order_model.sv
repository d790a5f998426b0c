// SPDX-License-Identifier: Apache-2.0
// Order, for proofs: the n-th item that leaves is the n-th that entered, for any n. Items are
// counted on both sides, apart from the pointers of the module under proof; `nth` is the item that
// is watched (indices modulo 2^CountW, which must exceed the number of items that are inside).
//   stored   the watched item has entered and not left
//   age      items that stand before it
//   watched  its contents
// The user of the model asserts what it knows of its own memory (`stored` implies that the cell
// holds `watched`) and, when an item leaves with `head`, that it is `watched`.
`default_nettype none

module order_model #(
    parameter int unsigned Width = 8,
    parameter int unsigned CountW = 4
) (
    input  wire logic              put_clk_i,
    input  wire logic              put_rst_ni,
    input  wire logic              put,
    input  wire logic [Width-1:0]  put_data,
    input  wire logic              get_clk_i,
    input  wire logic              get_rst_ni,
    input  wire logic              get,
    output logic [CountW-1:0]      entered,
    output logic [CountW-1:0]      left,
    output logic [CountW-1:0]      nth,
    output logic [CountW-1:0]      age,
    output logic                   stored,
    output logic                   head,
    output logic [Width-1:0]       watched
);
  (* anyconst *) logic [CountW-1:0] any_nth;
  assign nth = any_nth;
  assign age = nth - left;
  assign stored = age < entered - left;
  assign head = stored && age == '0;
  always_ff @(posedge put_clk_i) begin
    if (!put_rst_ni) entered <= '0;
    else if (put) entered <= entered + 1'b1;
    if (put && entered == nth) watched <= put_data;
  end
  always_ff @(posedge get_clk_i) begin
    if (!get_rst_ni) left <= '0;
    else if (get) left <= left + 1'b1;
  end
endmodule

`default_nettype wire
