// SPDX-License-Identifier: Apache-2.0
// Sends one segment: the stored header with this segment's numbers in it, then its payload. Virtio
// 1.2 5.1.6.2 leaves the editing to the device; per segment: IPv4 total length, identification and
// checksum (RFC 791 3.1), TCP sequence number, FIN and PSH only in the last, CWR only in the first
// (RFC 3168 6.1.2), and the TCP checksum field = folded pseudo-header sum with the segment's
// length. A segment takes ceil(bytes/8) + 1 cycles: one to load, then one per beat. Memory read
// latency 1.
`default_nettype none

module tso_emit #(
    parameter int unsigned DataW = 64,
    parameter int unsigned WordW = 8,  // bits of a word address
    parameter int unsigned DescW = 124
) (
    input  wire logic               clk_i,
    input  wire logic               rst_ni,
    input  wire logic               seg_valid,   // a segment waits
    input  wire logic [DescW-1:0]   seg_desc,    // stable while it waits
    output logic                    seg_done,    // its memory may be written again
    input  wire logic               advance_i,   // the output takes a beat, or has none
    output logic                    rd_en,
    output logic                    rd_slot,
    output logic [WordW-1:0]        rd_word,
    input  wire logic [DataW-1:0]   rd_payload,
    input  wire logic [DataW-1:0]   rd_header,
    output logic                    valid_o,     // a beat for the output register
    output logic [DataW-1:0]        data_o,
    output logic [DataW/8-1:0]      keep_o,
    output logic                    last_o,
    output logic [7:0]              queue_o,
    output logic [7:0]              l4_offset_o,
    output logic                    busy_o
);
  localparam int unsigned Lanes = DataW / 8;
  localparam logic [7:0] FlagFin = 8'h01, FlagPsh = 8'h08, FlagCwr = 8'h80;

  function automatic logic [15:0] add(input logic [15:0] a, input logic [15:0] b);
    logic [16:0] s;
    s = {1'b0, a} + {1'b0, b};
    add = s[15:0] + {15'd0, s[16]};
  endfunction

  // --- The segment that is being sent ------------------------------------------------------------
  logic first_q, last_q, vlan_q, slot_q;
  logic [7:0] queue_q, l4_q, header_len_q;
  logic [15:0] id_q, total_q, ip_base_q, pseudo_base_q;
  logic [31:0] seq_q;

  logic run_q;               // reading words; otherwise waiting for a segment
  logic load;
  logic [WordW-1:0] word_q, last_word;
  logic at_last;
  assign load = !run_q && seg_valid && advance_i;
  assign last_word = WordW'((total_q - 16'd1) >> 3);
  assign at_last = word_q == last_word;
  assign seg_done = run_q && advance_i && at_last;
  assign rd_en = run_q && advance_i;
  assign rd_slot = slot_q;
  assign rd_word = word_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      run_q <= 1'b0;
      word_q <= '0;
    end else if (load) begin
      run_q <= 1'b1;
      word_q <= '0;
    end else if (rd_en) begin
      run_q <= !at_last;
      word_q <= word_q + WordW'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (load) begin
      {first_q, last_q, vlan_q, slot_q, queue_q, l4_q, header_len_q, id_q, total_q, ip_base_q,
       pseudo_base_q, seq_q} <= seg_desc;
    end
  end

  // Numbers of this segment, each settled before the beat that holds it reaches the merge: the
  // total length (byte 16, merged 3 cycles after load at the earliest) after 1, the identification
  // at once, the header checksum (byte 24, after 4) after 3, the TCP checksum field (byte 50, after
  // 7) after 2.
  logic [15:0] ip_len_q, l4_len_q, len_id_q, ip_csum_q, tcp_seed_q;
  always_ff @(posedge clk_i) begin
    ip_len_q <= total_q - (vlan_q ? 16'd18 : 16'd14);
    l4_len_q <= total_q - {8'd0, l4_q};
    len_id_q <= add(ip_len_q, id_q);
    ip_csum_q <= ~add(ip_base_q, len_id_q);
    tcp_seed_q <= add(pseudo_base_q, l4_len_q);
  end

  // --- Merge: one cycle after the read -----------------------------------------------------------
  logic valid_q, end_q;
  logic [WordW-1:0] beat_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 1'b0;
    else if (advance_i) valid_q <= run_q;
  end
  always_ff @(posedge clk_i) begin
    if (rd_en) begin
      beat_q <= word_q;
      end_q <= at_last;
    end
  end

  // Words from the frame's start; the IP and TCP headers start at even bytes.
  logic [7:0] word, l3_word, l4_word;
  logic [15:0] field;
  logic [7:0] tcp_flags;
  logic [DataW-1:0] header;
  assign l3_word = vlan_q ? 8'd9 : 8'd7;
  assign l4_word = {1'b0, l4_q[7:1]};
  always_comb begin
    header = rd_header;
    word = '0;
    field = '0;
    tcp_flags = '0;
    if (valid_q) for (int i = 0; i < Lanes / 2; i++) begin
      word = {beat_q[5:0], 2'(i)};
      field = {rd_header[16*i+:8], rd_header[16*i+8+:8]};
      tcp_flags = field[7:0];
      if (!last_q) tcp_flags = tcp_flags & ~(FlagFin | FlagPsh);
      if (!first_q) tcp_flags = tcp_flags & ~FlagCwr;
      if (word == l3_word + 8'd1) field = ip_len_q;
      if (word == l3_word + 8'd2) field = id_q;
      if (word == l3_word + 8'd5) field = ip_csum_q;
      if (word == l4_word + 8'd2) field = seq_q[31:16];
      if (word == l4_word + 8'd3) field = seq_q[15:0];
      if (word == l4_word + 8'd6) field = {field[15:8], tcp_flags};
      if (word == l4_word + 8'd8) field = tcp_seed_q;
      header[16*i+:16] = {field[7:0], field[15:8]};
    end
  end

  // The beat in which the header ends holds both.
  logic [Lanes-1:0] from_header;
  always_comb begin
    if (beat_q < WordW'(header_len_q[7:3])) from_header = '1;
    else if (beat_q > WordW'(header_len_q[7:3])) from_header = '0;
    else from_header = ~(8'hff << header_len_q[2:0]);
    for (int i = 0; i < Lanes; i++) begin
      data_o[8*i+:8] = from_header[i] ? header[8*i+:8] : rd_payload[8*i+:8];
    end
  end

  assign valid_o = valid_q;
  assign last_o = end_q;
  assign keep_o = (end_q && total_q[2:0] != 3'd0) ? ~(8'hff << total_q[2:0]) : 8'hff;
  assign queue_o = queue_q;
  assign l4_offset_o = l4_q;
  assign busy_o = run_q || valid_q;

  logic unused;
  assign unused = l4_q[0];
endmodule

`default_nettype wire
