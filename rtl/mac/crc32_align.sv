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
  assign mixed = data_i ^ {32'b0, crc_i};

  always_comb begin
    unique case (bytes_i)
      4'd0: window_o = '0;
      4'd1: window_o = {mixed[7:0], 56'b0};
      4'd2: window_o = {mixed[15:0], 48'b0};
      4'd3: window_o = {mixed[23:0], 40'b0};
      4'd4: window_o = {mixed[31:0], 32'b0};
      4'd5: window_o = {mixed[39:0], 24'b0};
      4'd6: window_o = {mixed[47:0], 16'b0};
      4'd7: window_o = {mixed[55:0], 8'b0};
      default: window_o = mixed;
    endcase
    unique case (bytes_i)
      4'd0: rest_o = crc_i;
      4'd1: rest_o = {8'b0, crc_i[31:8]};
      4'd2: rest_o = {16'b0, crc_i[31:16]};
      4'd3: rest_o = {24'b0, crc_i[31:24]};
      default: rest_o = '0;
    endcase
  end
endmodule

`default_nettype wire
