// SPDX-License-Identifier: Apache-2.0
// CRC-32 of IEEE 802.3 (802.3-2022 3.2.9) of eight bytes from state 0: each output bit is the
// parity of some input bits. To continue from a state, XOR it onto the first four bytes.
// Combinational; kept as a unit of its own, because logic minimisers run away on a flattened CRC.
`default_nettype none

(* keep_hierarchy *)
module crc32_d64 (
    input  wire logic        en_i,    // low: crc_o is not used, and 0
    input  wire logic [63:0] data_i,  // first byte in bits 7:0, its first bit in bit 0
    output logic [31:0]      crc_o    // reflected: x^31 in bit 0
);
  localparam logic [31:0] Poly = 32'hedb88320;

  // Which input bits make up each output bit, 64 per row: the last bit moves the state from 0 to
  // Poly, and each earlier one has been shifted once more.
  function automatic logic [2047:0] rows(input logic unused);
    logic [31:0] column;
    column = Poly;
    rows = {2047'b0, unused & 1'b0};
    for (int j = 63; j >= 0; j--) begin
      for (int i = 0; i < 32; i++) rows[64*i + j] = column[i];
      column = (column >> 1) ^ (column[0] ? Poly : 32'b0);
    end
  endfunction
  localparam logic [2047:0] Rows = rows(1'b0);

  // Without use the matrix rests: it is what costs a simulator most.
  always_comb begin
    crc_o = '0;
    if (en_i) for (int i = 0; i < 32; i++) crc_o[i] = ^(data_i & Rows[64*i +: 64]);
  end
endmodule

`default_nettype wire
