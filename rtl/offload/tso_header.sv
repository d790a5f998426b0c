// SPDX-License-Identifier: Apache-2.0
// What TSO must know of a super-segment's headers: where they end, whether the frame can be cut,
// and the parts of the two checksums that do not change from segment to segment. Fed with the
// header beats in order; in the cycle after a beat `known_o` says whether the TCP data offset has
// been seen, and the other outputs are then right. `ip_sum_o` and `pseudo_sum_o` are right two
// cycles later; at least 20 bytes of header follow what they sum, so they are never late.
`default_nettype none

module tso_header #(
    parameter int unsigned DataW = 64  // 64
) (
    input  wire logic               clk_i,
    input  wire logic               rst_ni,
    input  wire logic               valid_i,
    input  wire logic               first_i,
    input  wire logic [DataW-1:0]   data_i,
    input  wire logic [DataW/8-1:0] keep_i,
    input  wire logic [15:0]        csum_start_i,  // of the metadata
    input  wire logic [15:0]        room_i,        // longest header that fits beside gso_size
    output logic [13:0]             next_beat_o,   // index of the next beat
    output logic                    known_o,
    output logic                    ok_o,          // the frame can be cut
    output logic [8:0]              header_len_o,  // Ethernet to the end of TCP's options
    output logic                    vlan_o,
    output logic [7:0]              l4_offset_o,
    output logic [15:0]             ip_id_o,
    output logic [31:0]             seq_o,
    output logic [15:0]             ip_sum_o,      // IPv4 header without length, id and checksum
    output logic [15:0]             pseudo_sum_o   // addresses and protocol
);
  localparam logic [7:0] ProtoTcp = 8'd6;

  logic is_ipv4, is_frag, unused_ipv6;
  logic [7:0] proto, unused_l3;
  logic [13:0] beat;
  logic [15:0] word12, unused_len;
  logic [16:0] unused_end, unused_length;
  hdr_parser #(.DataW(DataW)) u_parser (
      .clk_i, .rst_ni, .valid_i, .first_i, .data_i, .keep_i, .beat_o(beat),
      .length_o(unused_length), .vlan_o, .is_ipv4_o(is_ipv4),
      .is_ipv6_o(unused_ipv6), .is_frag_o(is_frag),
      .proto_o(proto), .ip_id_o, .l3_offset_o(unused_l3), .l4_offset_o, .l4_len_o(unused_len),
      .ip_end_o(unused_end), .l4_word4_o(seq_o), .l4_word12_o(word12));

  // The TCP data offset is in the beat of byte l4_offset + 12 (RFC 9293 3.1).
  logic [7:0] flags_pos;
  assign flags_pos = l4_offset_o + 8'd12;
  assign next_beat_o = beat + 14'd1;
  assign known_o = beat >= {9'd0, flags_pos[7:3]};
  assign header_len_o = {1'b0, l4_offset_o} + {3'd0, word12[15:12], 2'b00};
  assign ok_o = is_ipv4 && !is_frag && proto == ProtoTcp && word12[15:12] >= 4'd5 &&
                csum_start_i == {8'd0, l4_offset_o} && {7'd0, header_len_o} <= room_i;

  // The beat again, one cycle later, beside what the parser knows of it.
  logic valid_q, first_q;
  logic [DataW-1:0] data_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else valid_q <= valid_i;
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      data_q <= data_i;
      first_q <= first_i;
    end
  end

  // RFC 791 3.1: words of the IPv4 header, from its start: 1 total length, 2 identification,
  // 5 checksum, 6..9 addresses.
  logic [DataW/8-1:0] ip_mask, pseudo_mask;
  logic [15:0] word, l3_word, l4_word;
  assign l3_word = vlan_o ? 16'd9 : 16'd7;
  assign l4_word = {9'd0, l4_offset_o[7:1]};
  always_comb begin
    word = '0;
    ip_mask = '0;
    pseudo_mask = '0;
    if (valid_q) for (int i = 0; i < DataW / 16; i++) begin
      word = {beat, 2'(i)};
      ip_mask[2*i+:2] = {2{word >= l3_word && word < l4_word && word != l3_word + 16'd1 &&
                           word != l3_word + 16'd2 && word != l3_word + 16'd5}};
      pseudo_mask[2*i+:2] = {2{word >= l3_word + 16'd6 && word < l3_word + 16'd10}};
    end
  end

  ones_sum #(.DataW(DataW)) u_ip_sum (
      .clk_i, .rst_ni, .advance_i(1'b1), .valid_i(valid_q), .first_i(first_q), .data_i(data_q),
      .mask_i(ip_mask), .sum_o(ip_sum_o));

  logic [15:0] address_sum;
  logic [16:0] pseudo;
  ones_sum #(.DataW(DataW)) u_pseudo_sum (
      .clk_i, .rst_ni, .advance_i(1'b1), .valid_i(valid_q), .first_i(first_q), .data_i(data_q),
      .mask_i(pseudo_mask), .sum_o(address_sum));
  assign pseudo = {1'b0, address_sum} + {9'd0, ProtoTcp};
  assign pseudo_sum_o = pseudo[15:0] + {15'd0, pseudo[16]};

  logic unused;
  assign unused = &{word12[11:0], l4_offset_o[0], flags_pos[2:0]};
endmodule

`default_nettype wire
