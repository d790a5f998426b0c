// SPDX-License-Identifier: Apache-2.0
// TCP segmentation for IPv4 (Virtio 1.2 5.1.6.2, gso_type TCPV4 with or without the ECN bit).
// Frames without a gso_type pass through. A super-segment's header goes to a header store, its
// payload is cut at gso_size into two segment buffers in turn, and each full buffer leaves as a
// frame of its own (tso_emit), whose TCP checksum the next stage completes. What can't be cut is
// dropped before its first byte leaves. Input takes one beat per cycle, one more per cut and one
// per header; a segment leaves in ceil(bytes/8) + 1 cycles. Outputs are registered, except s_ready.
`default_nettype none

module tso #(
    parameter int unsigned DataW = 64,      // 64
    parameter int unsigned MaxFrame = 2048  // bytes of a segment buffer, power of two, 512..16384
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       flush_i,        // forget the frame and all segments
    input  wire logic [15:0]                cfg_max_frame,  // longest frame, <= MaxFrame
    output logic                            busy_o,
    input  wire logic                       s_valid,
    output logic                            s_ready,
    input  wire logic [DataW-1:0]           s_data,
    input  wire logic [DataW/8-1:0]         s_keep,
    input  wire logic                       s_last,
    input  wire logic                       s_err,          // with last: the frame is incomplete
    input  wire logic [ph_pkg::TxMetaW-1:0] s_meta,         // ph_pkg::tx_meta_t
    output logic                            m_valid,
    input  wire logic                       m_ready,
    output logic [DataW-1:0]                m_data,
    output logic [DataW/8-1:0]              m_keep,
    output logic                            m_last,
    output logic                            m_err,
    output logic [ph_pkg::TxMetaW-1:0]      m_meta,
    output logic                            stat_tx_super_segments,
    output logic                            stat_tx_segments,
    output logic                            stat_tx_drop_bad_gso,
    output logic                            stat_tx_drop_error
);
  localparam int unsigned Lanes = DataW / 8;
  localparam int unsigned WordW = $clog2(MaxFrame / Lanes);
  localparam int unsigned DescW = 124;
  localparam logic [15:0] TcpCsumOffset = 16'd16;  // RFC 9293 3.1

  typedef enum logic [2:0] {
    StIdle, StPass, StHeader, StPayload, StSwallow
  } state_e;

  logic rst_n;
  assign rst_n = rst_ni && !flush_i;
  state_e state_d, state_q;
  ph_pkg::tx_meta_t meta;
  assign meta = s_meta;

  // --- The header --------------------------------------------------------------------------------
  logic hdr_valid, hdr_store;  // the beat is taken as header; it goes to the header store
  logic hdr_first, known, hdr_ok, vlan, slot_q;
  logic [13:0] next_beat;
  logic [8:0] header_len;
  logic [7:0] l4_offset;
  logic [15:0] ip_id, ip_sum, pseudo_sum, room_q;
  logic [31:0] seq;
  tso_header #(.DataW(DataW)) u_header (
      .clk_i, .rst_ni(rst_n), .valid_i(hdr_valid), .first_i(hdr_first), .data_i(s_data),
      .keep_i(s_keep), .csum_start_i(meta.csum_start), .room_i(room_q), .next_beat_o(next_beat),
      .known_o(known), .ok_o(hdr_ok), .header_len_o(header_len),
      .vlan_o(vlan), .l4_offset_o(l4_offset), .ip_id_o(ip_id), .seq_o(seq), .ip_sum_o(ip_sum),
      .pseudo_sum_o(pseudo_sum));

  logic is_gso, gso_meta_ok, in_header_end;
  assign is_gso = meta.gso_type != virtio_pkg::GsoNone;
  assign gso_meta_ok = !meta.error &&
                       (meta.gso_type & ~virtio_pkg::GsoEcn) == virtio_pkg::GsoTcp4 &&
                       meta.needs_csum && meta.csum_offset == TcpCsumOffset &&
                       meta.gso_size != 16'd0;
  // The beat at the input holds the first payload byte.
  assign in_header_end = known && {8'd0, header_len[8:3]} == next_beat;

  // --- The segment being gathered ----------------------------------------------------------------
  logic [1:0] full_q, full_slot_q;     // buffers that wait to leave, and their header stores
  logic fill_q, emit_q;                // buffer being filled, buffer to leave next
  logic slot_busy, buffer_free;
  logic first_q;                       // no segment of this super-segment is complete
  logic [15:0] remain_q, end_q, id_q;  // bytes to gso_size; frame bytes so far
  logic [31:0] seq_q;
  logic [2:0] lane_q;                  // next payload byte in the beat at the input
  logic [7:0] header_len_q;

  assign slot_busy = (full_q[0] && full_slot_q[0] == slot_q) ||
                     (full_q[1] && full_slot_q[1] == slot_q);
  assign buffer_free = !full_q[fill_q];

  logic [3:0] count, avail, taken;
  logic whole, reaches;   // the rest of the beat is taken; gso_size is reached
  logic gather, complete, complete_last;
  assign count = 4'($countones(s_keep));
  assign avail = (count > {1'b0, lane_q}) ? count - {1'b0, lane_q} : 4'd0;
  assign whole = {12'd0, avail} <= remain_q;
  assign reaches = {12'd0, avail} >= remain_q;
  assign taken = whole ? avail : remain_q[3:0];

  // --- Input state machine -----------------------------------------------------------------------
  // What happens in this cycle, at most one of: a beat passes; a super-segment is refused by its
  // metadata or by its header; a header beat is taken (hdr_cut: and the frame ends with it); the
  // header ends inside the beat at the input; payload is gathered; a read that failed ends the
  // frame, whose open segment is forgotten. A header is 14 or 18 bytes and then words of four, so
  // it always ends inside a beat: a frame that ends with a whole header beat is truncated.
  logic pass_ready, pass, refuse, abort, hdr_short, hdr_refuse, hdr_ends, hdr_cut;
  assign pass = s_valid && pass_ready && ((state_q == StIdle && !is_gso) || state_q == StPass);
  assign refuse = state_q == StIdle && s_valid && is_gso && !gso_meta_ok;
  assign abort = (state_q == StHeader || state_q == StPayload) && s_valid && s_last && s_err;
  always_comb begin
    hdr_short = 1'b0;
    hdr_refuse = 1'b0;
    hdr_ends = 1'b0;
    if (state_q == StHeader && s_valid && !abort) begin
      hdr_short = in_header_end && s_last && count < {1'b0, header_len[2:0]};
      hdr_refuse = known && (!hdr_ok || hdr_short);
      hdr_ends = !hdr_refuse && in_header_end;
    end
  end
  assign hdr_valid = (state_q == StIdle && s_valid && is_gso && gso_meta_ok && !slot_busy) ||
                     (state_q == StHeader && s_valid && !abort && !hdr_refuse && !hdr_ends);
  assign hdr_store = hdr_valid || hdr_ends;
  assign hdr_cut = hdr_valid && s_last;
  assign gather = state_q == StPayload && s_valid && !abort && buffer_free;
  assign complete_last = gather && s_last && whole;
  assign complete = complete_last || (gather && reaches);
  assign s_ready = pass || refuse || abort || hdr_valid || (gather && whole) ||
                   state_q == StSwallow;

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StIdle:  // before a frame
      if (pass && !s_last) state_d = StPass;
      else if (refuse && !s_last) state_d = StSwallow;
      else if (hdr_valid && !s_last) state_d = StHeader;
      StPass:  // inside a frame without gso_type
      if (pass && s_last) state_d = StIdle;
      StHeader:  // inside a super-segment's header
      if (abort || hdr_cut) state_d = StIdle;
      else if (hdr_refuse) state_d = StSwallow;
      else if (hdr_ends) state_d = StPayload;
      StPayload:  // one beat may hold the ends of several segments
      if (abort || complete_last) state_d = StIdle;
      StSwallow:  // the rest of a dropped frame
      if (s_valid && s_last) state_d = StIdle;
      default: state_d = StIdle;
    endcase
  end

  assign hdr_first = state_q == StIdle;
  always_ff @(posedge clk_i) begin
    if (!rst_n) begin
      state_q <= StIdle;
      slot_q <= 1'b0;
      fill_q <= 1'b0;
    end else begin
      state_q <= state_d;
      // A store whose super-segment ended is left to its waiting segments.
      if (complete_last || abort) slot_q <= !slot_q;
      if (complete) fill_q <= !fill_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StIdle && hdr_valid) begin
      room_q <= (meta.gso_size < cfg_max_frame) ? cfg_max_frame - meta.gso_size : 16'd0;
    end
    if (hdr_ends) begin
      header_len_q <= header_len[7:0];
      lane_q <= header_len[2:0];
      first_q <= 1'b1;
      remain_q <= meta.gso_size;
      end_q <= {7'd0, header_len};
      id_q <= ip_id;
      seq_q <= seq;
    end else if (gather) begin
      lane_q <= s_ready ? 3'd0 : lane_q + taken[2:0];
      first_q <= first_q && !complete;
      remain_q <= complete ? meta.gso_size : remain_q - {12'd0, taken};
      end_q <= complete ? {8'd0, header_len_q} : end_q + {12'd0, taken};
      if (complete) begin
        id_q <= id_q + 16'd1;
        seq_q <= seq_q + {16'd0, meta.gso_size};
      end
    end
  end

  // Rotate the taken bytes to the lanes they have in the outgoing frame; written one cycle later.
  logic [2:0] turn;
  logic [Lanes-1:0] taken_mask, mask, mask_q;
  logic [DataW-1:0] turned, turned_q;
  logic write_q, write_buffer_q;
  logic [WordW-1:0] write_word_q;
  logic [2:0] write_lane_q;
  logic [2:0] from;
  assign turn = end_q[2:0] - lane_q;
  assign taken_mask = 8'(~(16'hffff << taken) << lane_q);
  always_comb begin
    from = '0;
    turned = '0;
    mask = '0;
    if (gather) for (int i = 0; i < Lanes; i++) begin
      from = 3'(i) - turn;
      turned[8*i+:8] = s_data[{from, 3'd0}+:8];
      mask[i] = taken_mask[from];
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_n) write_q <= 1'b0;
    else write_q <= gather;
  end
  always_ff @(posedge clk_i) begin
    if (gather) begin
      turned_q <= turned;
      mask_q <= mask;
      write_buffer_q <= fill_q;
      write_word_q <= end_q[3+:WordW];
      write_lane_q <= end_q[2:0];
    end
  end

  // --- Full buffers and their emission -----------------------------------------------------------
  logic [DescW-1:0] desc_q [0:1];  // in the order of tso_emit's load
  logic seg_done, advance, rd_en, rd_slot;
  logic [WordW-1:0] rd_word;
  logic [DataW-1:0] rd_payload, rd_header;
  logic seg_valid, seg_beat, seg_last, emit_busy;
  logic [DataW-1:0] seg_data;
  logic [Lanes-1:0] seg_keep;
  logic [7:0] seg_queue, seg_l4;

  always_ff @(posedge clk_i) begin
    if (!rst_n) begin
      full_q <= 2'b00;
      full_slot_q <= 2'b00;
      emit_q <= 1'b0;
    end else begin
      if (complete) full_q[fill_q] <= 1'b1;
      if (complete) full_slot_q[fill_q] <= slot_q;
      if (seg_done) full_q[emit_q] <= 1'b0;
      if (seg_done) emit_q <= !emit_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (complete) begin
      desc_q[fill_q] <= {first_q, complete_last, vlan, slot_q, meta.queue, l4_offset, header_len_q,
                         id_q, end_q + {12'd0, taken}, ip_sum, pseudo_sum,
                         seq_q};
    end
  end

  assign seg_valid = full_q[emit_q];
  tso_emit #(.DataW(DataW), .WordW(WordW), .DescW(DescW)) u_emit (
      .clk_i, .rst_ni(rst_n), .seg_valid, .seg_desc(desc_q[emit_q]), .seg_done, .advance_i(advance),
      .rd_en, .rd_slot, .rd_word, .rd_payload, .rd_header, .valid_o(seg_beat), .data_o(seg_data),
      .keep_o(seg_keep), .last_o(seg_last), .queue_o(seg_queue), .l4_offset_o(seg_l4),
      .busy_o(emit_busy));

  tso_buffer #(.DataW(DataW), .MaxFrame(MaxFrame)) u_buffer (
      .clk_i, .wr_valid(write_q), .wr_buffer(write_buffer_q), .wr_word(write_word_q),
      .wr_lane(write_lane_q), .wr_mask(mask_q), .wr_data(turned_q),
      .hdr_valid(hdr_store), .hdr_slot(slot_q), .hdr_word(hdr_first ? 5'd0 : next_beat[4:0]),
      .hdr_data(s_data), .rd_en, .rd_buffer(emit_q), .rd_slot, .rd_word, .rd_payload, .rd_header);

  // --- Output register: segments, or a passing frame once no segment is before it ----------------
  ph_pkg::tx_meta_t seg_meta;
  always_comb begin
    seg_meta = '0;
    seg_meta.queue = seg_queue;
    seg_meta.needs_csum = 1'b1;
    seg_meta.csum_start = {8'd0, seg_l4};
    seg_meta.csum_offset = TcpCsumOffset;
  end
  assign advance = m_ready || !m_valid;
  assign pass_ready = advance && full_q == 2'b00 && !emit_busy;
  always_ff @(posedge clk_i) begin
    if (!rst_n) m_valid <= 1'b0;
    else if (advance) m_valid <= pass || seg_beat;
  end
  always_ff @(posedge clk_i) begin
    if (advance && (pass || seg_beat)) begin
      m_data <= pass ? s_data : seg_data;
      m_keep <= pass ? s_keep : seg_keep;
      m_last <= pass ? s_last : seg_last;
      m_err <= pass && s_err;
      m_meta <= pass ? s_meta : seg_meta;
    end
  end

  assign busy_o = state_q != StIdle || full_q != 2'b00 || emit_busy || write_q || m_valid;
  assign stat_tx_super_segments = complete_last;
  assign stat_tx_segments = complete;
  assign stat_tx_drop_bad_gso = (refuse && !meta.error) || hdr_refuse || hdr_cut;
  assign stat_tx_drop_error = (refuse && meta.error) || abort;
endmodule

`default_nettype wire
