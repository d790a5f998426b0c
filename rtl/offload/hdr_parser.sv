// SPDX-License-Identifier: Apache-2.0
// Header parser: watches a frame's beats go by and remembers what the offload blocks need of
// Ethernet (one optional 802.1Q tag), IPv4 (RFC 791 3.1), IPv6 without extension headers
// (RFC 8200 3) and the fixed words of TCP (RFC 9293 3.1) and UDP (RFC 768).
// Latency 1: in the cycle after a beat the outputs know every beat up to that one, so a user that
// registers the beat beside the parser has data and knowledge aligned. Bytes that are not kept read
// as zero. Outputs are facts about the bytes seen; `length_o` bounds what may be believed.
`default_nettype none

module hdr_parser #(
    parameter int unsigned DataW = 64  // 64
) (
    input  wire logic               clk_i,
    input  wire logic               rst_ni,
    input  wire logic               valid_i,      // a beat moves
    input  wire logic               first_i,      // and is the frame's first
    input  wire logic [DataW-1:0]   data_i,
    input  wire logic [DataW/8-1:0] keep_i,
    output logic [13:0]             beat_o,       // index of the last beat seen, saturating
    output logic [16:0]             length_o,     // bytes seen
    output logic                    vlan_o,       // one 802.1Q tag
    output logic                    is_ipv4_o,    // EtherType, version 4, IHL >= 5, length >= IHL
    output logic                    is_ipv6_o,    // EtherType and version 6
    output logic                    is_frag_o,    // MF or a fragment offset
    output logic [7:0]              proto_o,      // IPv4 protocol or IPv6 next header
    output logic [15:0]             ip_id_o,
    output logic [7:0]              l3_offset_o,
    output logic [7:0]              l4_offset_o,  // bounded by 18 + 60
    output logic [15:0]             l4_len_o,     // IP payload bytes as the IP header says
    output logic [16:0]             ip_end_o,     // first byte after the IP packet
    output logic [31:0]             l4_word4_o,   // L4 bytes 4..7: TCP sequence; UDP length, csum
    output logic [15:0]             l4_word12_o   // bytes 12..13: TCP data offset and flags
);
  if (DataW != 64) begin : g_bad_width
    $fatal(1, "hdr_parser: DataW must be 64");
  end

  localparam logic [15:0] EtherTypeIpv4 = 16'h0800;
  localparam logic [15:0] EtherTypeIpv6 = 16'h86dd;
  localparam logic [15:0] EtherTypeVlan = 16'h8100;  // 802.1Q 9.6

  // Big-endian words of the beat: the one place where byte order is turned.
  logic [15:0] word0, word1, word2, word3;
  logic [DataW-1:0] kept;
  always_comb begin
    kept = '0;
    if (valid_i) begin
      for (int i = 0; i < DataW / 8; i++) kept[8*i+:8] = keep_i[i] ? data_i[8*i+:8] : 8'h00;
    end
  end
  assign word0 = {kept[7:0], kept[15:8]};
  assign word1 = {kept[23:16], kept[31:24]};
  assign word2 = {kept[39:32], kept[47:40]};
  assign word3 = {kept[55:48], kept[63:56]};

  logic [13:0] beat_d, beat_q;
  logic [16:0] length_q;
  logic vlan_q, type4_q, type6_q;
  logic [15:0] l3_word0_q, l3_word2_q, l3_word4_q, l3_word6_q, l3_word8_q;
  logic [31:0] l4_word4_q;
  logic [15:0] l4_word12_q;

  assign beat_d = first_i ? 14'd0 : (beat_q == '1) ? beat_q : beat_q + 14'd1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q <= '0;
      length_q <= '0;
    end else if (valid_i) begin
      beat_q <= beat_d;
      length_q <= {beat_d, 3'd0} + 17'($countones(keep_i));
    end
  end

  // Layer 2: EtherType at byte 12, or at 16 behind a tag.
  always_ff @(posedge clk_i) begin
    if (!rst_ni || (valid_i && first_i)) begin
      vlan_q <= 1'b0;
      type4_q <= 1'b0;
      type6_q <= 1'b0;
    end else if (valid_i && beat_d == 14'd1) begin
      vlan_q <= word2 == EtherTypeVlan && keep_i[5];  // a whole EtherType
      type4_q <= word2 == EtherTypeIpv4;
      type6_q <= word2 == EtherTypeIpv6;
    end else if (valid_i && beat_d == 14'd2 && vlan_q) begin
      type4_q <= word0 == EtherTypeIpv4;
      type6_q <= word0 == EtherTypeIpv6;
    end
  end

  // Layer 3: words 0, 2, 4, 6, 8 of the IP header, which starts at byte 14 or 18.
  always_ff @(posedge clk_i) begin
    if (!rst_ni || (valid_i && first_i)) begin
      l3_word0_q <= '0;
      l3_word2_q <= '0;
      l3_word4_q <= '0;
      l3_word6_q <= '0;
      l3_word8_q <= '0;
    end else if (valid_i && beat_d == 14'd1) begin
      l3_word0_q <= (word2 == EtherTypeVlan) ? 16'd0 : word3;
    end else if (valid_i && beat_d == 14'd2) begin
      if (vlan_q) l3_word0_q <= word1;
      l3_word2_q <= vlan_q ? word2 : word0;
      l3_word4_q <= vlan_q ? word3 : word1;
      if (!vlan_q) l3_word6_q <= word2;
      if (!vlan_q) l3_word8_q <= word3;
    end else if (valid_i && beat_d == 14'd3 && vlan_q) begin
      l3_word6_q <= word0;
      l3_word8_q <= word1;
    end
  end

  // Layer 4: found by offset. The IP header before it (at least 20 bytes) is known by then.
  logic [15:0] l4_word;  // word index of L4 in the frame
  assign l4_word = {9'd0, l4_offset_o[7:1]};

  logic [15:0] lane_word;
  logic [15:0] lane_data;
  logic hit4, hit6, hit12;
  logic [15:0] found4, found6, found12;
  always_comb begin
    {hit4, hit6, hit12} = 3'b000;
    {found4, found6, found12} = 48'd0;
    lane_word = '0;
    lane_data = '0;
    if (valid_i) for (int i = 0; i < 4; i++) begin
      lane_word = {beat_d, 2'(i)};
      lane_data = {kept[16*i+:8], kept[16*i+8+:8]};
      if (lane_word == l4_word + 16'd2) {hit4, found4} = {1'b1, lane_data};
      if (lane_word == l4_word + 16'd3) {hit6, found6} = {1'b1, lane_data};
      if (lane_word == l4_word + 16'd6) {hit12, found12} = {1'b1, lane_data};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || (valid_i && first_i)) begin
      l4_word4_q <= '0;
      l4_word12_q <= '0;
    end else if (valid_i && beat_d >= 14'd4) begin
      if (hit4) l4_word4_q[31:16] <= found4;
      if (hit6) l4_word4_q[15:0] <= found6;
      if (hit12) l4_word12_q <= found12;
    end
  end

  logic [5:0] ihl_bytes;
  assign ihl_bytes = {l3_word0_q[11:8], 2'b00};

  assign beat_o = beat_q;
  assign length_o = length_q;
  assign vlan_o = vlan_q;
  assign is_ipv4_o = type4_q && l3_word0_q[15:12] == 4'd4 && l3_word0_q[11:8] >= 4'd5 &&
                     l3_word2_q >= 16'(ihl_bytes);
  assign is_ipv6_o = type6_q && l3_word0_q[15:12] == 4'd6;
  assign is_frag_o = type4_q && l3_word6_q[13:0] != 14'd0;
  assign proto_o = type6_q ? l3_word6_q[15:8] : l3_word8_q[7:0];
  assign ip_id_o = l3_word4_q;
  assign l3_offset_o = vlan_q ? 8'd18 : 8'd14;
  assign l4_offset_o = l3_offset_o + (type6_q ? 8'd40 : 8'(ihl_bytes));
  assign l4_len_o = type6_q ? l3_word4_q : l3_word2_q - 16'(ihl_bytes);
  assign ip_end_o = type6_q ? 17'(l4_offset_o) + 17'(l3_word4_q)
                            : 17'(l3_offset_o) + 17'(l3_word2_q);
  assign l4_word4_o = l4_word4_q;
  assign l4_word12_o = l4_word12_q;

  logic unused;
  assign unused = &{l4_offset_o[0], l3_word0_q[7:0], l3_word6_q[15:14], l3_word8_q[15:8]};
endmodule

`default_nettype wire
