// SPDX-License-Identifier: Apache-2.0
// Generic transmit checksum (Virtio 1.2 5.1.6.2, RFC 1071): sums from csum_start to the frame's end
// and hands ~sum on as a patch for byte csum_start + csum_offset, valid with the last beat.
// It is also the gate of the transmit FIFO: a frame that must not leave ends with `m_drop`, and a
// frame over cfg_max_frame is ended there, so that it can never be longer than the FIFO.
// Latency 4, one beat per cycle, outputs registered.
`default_nettype none

module tx_csum #(
    parameter int unsigned DataW = 64  // 64
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       flush_i,        // forget the open frame
    input  wire logic [15:0]                cfg_max_frame,  // longest frame, without FCS
    output logic                            busy_o,
    input  wire logic                       s_valid,
    output logic                            s_ready,
    input  wire logic [DataW-1:0]           s_data,
    input  wire logic [DataW/8-1:0]         s_keep,
    input  wire logic                       s_last,
    input  wire logic                       s_err,          // with last: drop
    input  wire logic [ph_pkg::TxMetaW-1:0] s_meta,         // ph_pkg::tx_meta_t
    output logic                            m_valid,
    input  wire logic                       m_ready,
    output logic [DataW-1:0]                m_data,
    output logic [DataW/8-1:0]              m_keep,
    output logic                            m_last,
    output logic                            m_drop,         // with last
    output logic [32:0]                     m_patch,        // {enable, offset, value}, with last
    output logic                            stat_tx_csum,
    output logic                            stat_tx_drop_bad_csum,
    output logic                            stat_tx_drop_error,
    output logic                            stat_tx_drop_oversize
);
  localparam int unsigned Lanes = DataW / 8;
  localparam logic [16:0] HeaderLen = 17'd14;  // a frame without an Ethernet header is none
  localparam logic [7:0] ProtoUdp = 8'd17;
  localparam logic [15:0] UdpCsumOffset = 16'd6;

  logic rst_n;
  assign rst_n = rst_ni && !flush_i;

  ph_pkg::tx_meta_t meta;
  assign meta = s_meta;

  // --- Input: count, judge, choose the bytes that are summed -------------------------------------
  logic advance;               // the pipeline moves
  logic open_q, swallow_q;     // inside a frame; inside a frame that is already over for us
  logic [13:0] beat_q;         // index of the beat at the input
  logic move, emit, end_frame;
  logic [16:0] length, field_end;
  logic too_long, bad_csum, bad_frame, drop;

  assign s_ready = swallow_q || advance;
  assign move = s_valid && s_ready;
  assign emit = move && !swallow_q && !meta.error;

  assign length = {beat_q, 3'd0} + 17'($countones(s_keep));
  assign field_end = {1'b0, meta.csum_start} + {1'b0, meta.csum_offset};  // first byte
  assign too_long = length > {1'b0, cfg_max_frame};
  assign end_frame = s_last || too_long;
  assign bad_frame = s_last && (s_err || length < HeaderLen);
  assign bad_csum = meta.needs_csum && (field_end[16] || field_end + 17'd2 > length);
  assign drop = too_long || bad_frame || bad_csum;

  // One cause per dropped frame, in this order.
  assign stat_tx_drop_error = (move && !swallow_q && !open_q && meta.error) ||
                              (emit && end_frame && bad_frame);
  assign stat_tx_drop_oversize = emit && too_long && !bad_frame;
  assign stat_tx_drop_bad_csum = emit && end_frame && !too_long && !bad_frame && bad_csum;
  assign stat_tx_csum = emit && end_frame && !drop && meta.needs_csum;

  always_ff @(posedge clk_i) begin
    if (!rst_n) begin
      open_q <= 1'b0;
      swallow_q <= 1'b0;
      beat_q <= '0;
    end else if (move) begin
      open_q <= !s_last;
      swallow_q <= !s_last && (swallow_q || meta.error || too_long);
      beat_q <= s_last ? '0 : (beat_q == '1) ? beat_q : beat_q + 14'd1;
    end
  end

  logic [Lanes-1:0] mask;
  always_comb begin
    if (beat_q > {1'b0, meta.csum_start[15:3]}) mask = s_keep;
    else if (beat_q < {1'b0, meta.csum_start[15:3]}) mask = '0;
    else mask = s_keep & (8'hff << meta.csum_start[2:0]);
  end

  // --- Stages 1 to 3 carry the beat while its sum is made ----------------------------------------
  localparam int unsigned BeatW = DataW + Lanes + 3;
  logic valid1_q, valid2_q, valid3_q, first1_q;
  logic last1_q, last2_q, last3_q;
  logic [BeatW-1:0] beat1_q, beat2_q, beat3_q;  // {keep, data, drop, enable, odd}
  logic [15:0] field1_q, field2_q, field3_q;    // the patch's offset
  logic offset6_q, udp1, udp2_q, udp3_q;
  logic [15:0] start1_q;
  logic [Lanes-1:0] mask1_q;

  always_ff @(posedge clk_i) begin
    if (!rst_n) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
      valid3_q <= 1'b0;
      m_valid <= 1'b0;
    end else if (advance) begin
      valid1_q <= emit;
      valid2_q <= valid1_q;
      valid3_q <= valid2_q;
      m_valid <= valid3_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance && emit) begin
      first1_q <= !open_q;
      last1_q <= end_frame;
      beat1_q <= {s_keep, s_data, end_frame && drop, meta.needs_csum, meta.csum_start[0]};
      mask1_q <= mask;
      field1_q <= field_end[15:0];
      start1_q <= meta.csum_start;
      offset6_q <= meta.csum_offset == UdpCsumOffset;
    end
    if (advance && valid1_q) begin
      last2_q <= last1_q;
      beat2_q <= beat1_q;
      field2_q <= field1_q;
      udp2_q <= udp1;
    end
    if (advance && valid2_q) begin
      last3_q <= last2_q;
      beat3_q <= beat2_q;
      field3_q <= field2_q;
      udp3_q <= udp2_q;
    end
  end

  logic [15:0] sum3;
  ones_sum #(.DataW(DataW)) u_sum (
      .clk_i, .rst_ni(rst_n), .advance_i(advance), .valid_i(valid1_q), .first_i(first1_q),
      .data_i(beat1_q[3+:DataW]), .mask_i(mask1_q), .sum_o(sum3));

  // --- UDP (RFC 768) -----------------------------------------------------------------------------
  // Where the IP header leads to csum_start its protocol decides; elsewhere (a tunnel, IPv6
  // extension headers) the place of the checksum field does.
  logic is_ipv4, is_ipv6;
  logic [7:0] proto, l4_offset;
  logic unused_vlan, unused_frag;
  logic [13:0] unused_beat;
  logic [16:0] unused_length, unused_end;
  logic [15:0] unused_id, unused_len, unused_word12;
  logic [7:0] unused_l3;
  logic [31:0] unused_word4;
  hdr_parser #(.DataW(DataW)) u_parser (
      .clk_i, .rst_ni, .valid_i(advance && emit), .first_i(!open_q), .data_i(s_data),
      .keep_i(s_keep), .beat_o(unused_beat), .length_o(unused_length), .vlan_o(unused_vlan),
      .is_ipv4_o(is_ipv4), .is_ipv6_o(is_ipv6), .is_frag_o(unused_frag), .proto_o(proto),
      .ip_id_o(unused_id), .l3_offset_o(unused_l3), .l4_offset_o(l4_offset),
      .l4_len_o(unused_len), .ip_end_o(unused_end), .l4_word4_o(unused_word4),
      .l4_word12_o(unused_word12));
  assign udp1 = ((is_ipv4 || is_ipv6) && {8'd0, l4_offset} == start1_q) ? proto == ProtoUdp
                                                                        : offset6_q;

  // --- Output ------------------------------------------------------------------------------------
  logic [15:0] value;
  always_comb begin
    value = beat3_q[0] ? ~{sum3[7:0], sum3[15:8]} : ~sum3;
    if (udp3_q && value == 16'h0000) value = 16'hffff;
  end

  assign advance = m_ready || !m_valid;
  always_ff @(posedge clk_i) begin
    if (advance && valid3_q) begin
      {m_keep, m_data} <= beat3_q[BeatW-1:3];
      m_last <= last3_q;
      m_drop <= beat3_q[2];
      m_patch <= {beat3_q[1] && !beat3_q[2], field3_q, value};
    end
  end

  assign busy_o = open_q || valid1_q || valid2_q || valid3_q || m_valid;

  logic unused;
  assign unused = &{meta.queue, meta.gso_type, meta.gso_size};
endmodule

`default_nettype wire
