// SPDX-License-Identifier: Apache-2.0
// Prepares the last, partial beat of a frame for crc32_d64. Zeros ahead of a message leave a zero
// state alone, so the `bytes_i` bytes are moved to the end of the window with the state XORed onto
// them; what of the state is longer than they are passes by in `rest_o`:
//   crc after the frame = crc32_d64(window_o) ^ rest_o
// Combinational. One matrix then serves every length, instead of one matrix per length.
`default_nettype none

module crc32_align (
    input  wire logic [31:0] crc_i,    // state after all earlier beats
    input  wire logic [63:0] data_i,   // bytes from bytes_i on are ignored
    input  wire logic [3:0]  bytes_i,  // 0..8
    output logic [63:0]      window_o,
    output logic [31:0]      rest_o
);
  logic [63:0] mixed;
  logic [3:0] zeros;  // bytes ahead of the message

  assign mixed = data_i ^ {32'b0, crc_i};
  assign zeros = 4'd8 - bytes_i;
  assign window_o = zeros[3] ? '0 : mixed << {zeros[2:0], 3'b0};
  assign rest_o = bytes_i >= 4'd4 ? '0 : crc_i >> {bytes_i[1:0], 3'b0};
endmodule

`default_nettype wire
