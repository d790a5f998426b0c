// SPDX-License-Identifier: Apache-2.0
// Receive checksum verification: the IPv4 header checksum (RFC 791 3.1), TCP (RFC 9293 3.1) and UDP
// (RFC 768) over IPv4 and over IPv6 without extension headers (RFC 8200 8.1). The L4 sum ends where
// the IP packet ends, so padding behind it does not count. Not checked: fragments, packets that the
// frame cuts short, UDP whose length is not the IP payload's, and UDP over IPv4 with checksum 0.
// `done_o` comes 4 cycles after the last beat, with the verdict; one beat per cycle, gaps allowed.
`default_nettype none

module rx_verify #(
    parameter int unsigned DataW = 64  // 64
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       valid_i,
    input  wire logic                       first_i,
    input  wire logic                       last_i,
    input  wire logic [DataW-1:0]           data_i,
    input  wire logic [DataW/8-1:0]         keep_i,
    output logic                            done_o,
    output logic [ph_pkg::RxMetaW-1:0]      meta_o  // rx_meta_t without `error`; with done_o
);
  localparam int unsigned Lanes = DataW / 8;
  localparam logic [7:0] ProtoTcp = 8'd6, ProtoUdp = 8'd17;

  function automatic logic [15:0] add(input logic [15:0] a, input logic [15:0] b);
    logic [16:0] s;
    s = {1'b0, a} + {1'b0, b};
    add = s[15:0] + {15'd0, s[16]};
  endfunction

  // Lanes of a beat at or after a byte of the frame.
  function automatic logic [7:0] from_byte(input logic [13:0] beat, input logic [16:0] pos);
    from_byte = (beat > pos[16:3]) ? 8'hff : (beat < pos[16:3]) ? 8'h00 : 8'hff << pos[2:0];
  endfunction

  // --- Stage 1: parser knowledge beside its beat -------------------------------------------------
  logic [13:0] beat;
  logic [16:0] length, ip_end;
  logic vlan, is_ipv4, is_ipv6, is_frag;
  logic [7:0] proto, l3_offset, l4_offset;
  logic [15:0] l4_len, unused_id;
  logic [31:0] l4_word4;
  logic [15:0] l4_word12;
  hdr_parser #(.DataW(DataW)) u_parser (
      .clk_i, .rst_ni, .valid_i, .first_i, .data_i, .keep_i, .beat_o(beat), .length_o(length),
      .vlan_o(vlan), .is_ipv4_o(is_ipv4), .is_ipv6_o(is_ipv6), .is_frag_o(is_frag),
      .proto_o(proto), .ip_id_o(unused_id), .l3_offset_o(l3_offset), .l4_offset_o(l4_offset),
      .l4_len_o(l4_len), .ip_end_o(ip_end), .l4_word4_o(l4_word4), .l4_word12_o(l4_word12));

  logic valid1_q, first1_q, last1_q;
  logic [DataW-1:0] data1_q;
  logic [Lanes-1:0] keep1_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid1_q <= 1'b0;
    else valid1_q <= valid_i;
  end
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      first1_q <= first_i;
      last1_q <= last_i;
      data1_q <= data_i;
      keep1_q <= keep_i;
    end
  end

  logic [16:0] l3, l4, addresses, addresses_end;
  logic [Lanes-1:0] ip_mask, l4_mask;
  assign l3 = {9'd0, l3_offset};
  assign l4 = {9'd0, l4_offset};
  assign addresses = l3 + (is_ipv6 ? 17'd8 : 17'd12);
  assign addresses_end = is_ipv6 ? l4 : l3 + 17'd20;
  assign ip_mask = keep1_q & from_byte(beat, l3) & ~from_byte(beat, l4);
  assign l4_mask = keep1_q & ((from_byte(beat, addresses) & ~from_byte(beat, addresses_end)) |
                              (from_byte(beat, l4) & ~from_byte(beat, ip_end)));

  // --- Stage 2: masked bytes, and at the last beat the facts -------------------------------------
  logic valid2_q, first2_q, done2_q, done3_q;
  logic [DataW-1:0] data2_q;
  logic [Lanes-1:0] ip_mask2_q, l4_mask2_q;
  logic ip4, ip6, frag, tcp, udp, fits, checked, zero_csum;
  assign ip4 = is_ipv4 && l4 <= length && l3 + 17'd20 <= length;
  assign ip6 = is_ipv6 && l4 <= length;
  assign frag = ip4 && is_frag;
  assign tcp = (ip4 || ip6) && !frag && proto == ProtoTcp;
  assign udp = (ip4 || ip6) && !frag && proto == ProtoUdp;
  assign fits = ip_end <= length;
  assign zero_csum = l4_word4[15:0] == 16'd0;
  assign checked = fits && ((tcp && l4_len >= 16'd20) ||
                            (udp && l4_len >= 16'd8 && l4_word4[31:16] == l4_len &&
                             !(ip4 && zero_csum)));

  ph_pkg::rx_meta_t facts;
  always_comb begin
    facts = '0;
    facts.is_ipv4 = ip4;
    facts.is_ipv6 = ip6;
    facts.is_frag = frag;
    facts.is_tcp = tcp;
    facts.is_udp = udp;
    facts.l4_csum_checked = checked;
    // RFC 8200 8.1: UDP over IPv6 may not leave the checksum out.
    facts.l4_csum_ok = checked && !(udp && ip6 && zero_csum);
    facts.l3_offset = l3_offset;
    facts.l4_offset = (ip4 || ip6) ? l4_offset : 8'd0;
    facts.length = length[16] ? 16'hffff : length[15:0];
  end

  ph_pkg::rx_meta_t facts2_q, facts3_q, verdict;
  logic [15:0] extra2_q, extra3_q;  // protocol and length of the pseudo-header
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid2_q <= 1'b0;
      done2_q <= 1'b0;
      done3_q <= 1'b0;
      done_o <= 1'b0;
    end else begin
      valid2_q <= valid1_q;
      done2_q <= valid1_q && last1_q;
      done3_q <= done2_q;
      done_o <= done3_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid1_q) begin
      first2_q <= first1_q;
      data2_q <= data1_q;
      ip_mask2_q <= ip_mask;
      l4_mask2_q <= l4_mask;
    end
    if (valid1_q && last1_q) begin
      facts2_q <= facts;
      extra2_q <= add(l4_len, {8'd0, proto});
    end
    if (done2_q) begin
      facts3_q <= facts2_q;
      extra3_q <= extra2_q;
    end
  end

  // --- Stages 3 and 4: the sums ------------------------------------------------------------------
  logic [15:0] ip_sum, l4_sum;
  ones_sum #(.DataW(DataW)) u_ip_sum (
      .clk_i, .rst_ni, .advance_i(1'b1), .valid_i(valid2_q), .first_i(first2_q),
      .data_i(data2_q), .mask_i(ip_mask2_q), .sum_o(ip_sum));
  ones_sum #(.DataW(DataW)) u_l4_sum (
      .clk_i, .rst_ni, .advance_i(1'b1), .valid_i(valid2_q), .first_i(first2_q),
      .data_i(data2_q), .mask_i(l4_mask2_q), .sum_o(l4_sum));

  ph_pkg::rx_meta_t facts4_q;
  logic [15:0] extra4_q;
  always_ff @(posedge clk_i) begin
    if (done3_q) begin
      facts4_q <= facts3_q;
      extra4_q <= extra3_q;
    end
  end

  always_comb begin
    verdict = facts4_q;
    verdict.ip_csum_ok = facts4_q.is_ipv4 && ip_sum == 16'hffff;
    verdict.l4_csum_ok = facts4_q.l4_csum_ok && add(l4_sum, extra4_q) == 16'hffff;
  end
  assign meta_o = verdict;

  logic unused;
  assign unused = &{vlan, l4_word12};
endmodule

`default_nettype wire
