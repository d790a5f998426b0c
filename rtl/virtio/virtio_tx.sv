// SPDX-License-Identifier: Apache-2.0
// Transmit mover: chains of descriptors in, frames with metadata out. Reads the data (tx_issue),
// takes off struct virtio_net_hdr (12 bytes, Virtio 1.2 5.1.6) wherever the element boundaries
// fall, and realigns the frame into a dense stream. A frame takes ceil(bytes / 8) + 2 cycles.
// A header that asks for what was not negotiated, a short chain or a bad one: the frame is dropped
// before its first beat, or ended with `err` when the fault shows later; the head is returned.
`default_nettype none

module virtio_tx #(
    parameter int unsigned DataBeats = 512  // 16-byte beats of read data in flight or stored
) (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       run_i,
    input  wire logic                       stop_i,       // close an open frame with err
    input  wire logic                       feat_csum_i,  // VIRTIO_NET_F_CSUM accepted
    input  wire logic                       feat_tso4_i,  // VIRTIO_NET_F_HOST_TSO4 accepted
    input  wire logic                       feat_ecn_i,   // VIRTIO_NET_F_HOST_ECN accepted
    input  wire logic                       desc_valid,
    output logic                            desc_ready,
    input  wire logic [ph_pkg::DescW-1:0]   desc,
    output logic                            used_valid,
    input  wire logic                       used_ready,
    output logic [ph_pkg::UsedW-1:0]        used,
    // Read client
    output logic                            rd_req_valid,
    input  wire logic                       rd_req_ready,
    output logic [63:0]                     rd_req_addr,
    output logic [12:0]                     rd_req_len,
    input  wire logic                       rd_rsp_valid,
    input  wire logic [127:0]               rd_rsp_data,
    // Frames
    output logic                            tx_valid,
    input  wire logic                       tx_ready,
    output logic [63:0]                     tx_data,
    output logic [7:0]                      tx_keep,
    output logic                            tx_last,
    output logic                            tx_err,
    output logic [ph_pkg::TxMetaW-1:0]      tx_meta,      // ph_pkg::tx_meta_t
    output logic                            quiet_o,      // no read outstanding, no frame open
    output logic                            busy_o,
    output logic                            stat_tx_packets,
    output logic                            stat_err_bad_header,
    output logic                            stat_err_too_long
);
  // --- Reads ---
  logic rec_push, rec_room, rec_valid, rec_pop, issue_busy;
  logic [38:0] rec_in, rec;
  logic dat_valid, dat_pop, dat_room, dat_busy;
  logic [127:0] dat;
  logic [9:0] open_q;          // beats asked for and not yet come
  logic [6:0] rec_count;

  tx_issue #(.DataBeats(DataBeats)) u_issue (
      .clk_i, .rst_ni, .run_i, .desc_valid, .desc_ready, .desc,
      .rd_req_valid, .rd_req_ready, .rd_req_addr, .rd_req_len, .beat_free_i(dat_pop),
      .rec_valid(rec_push), .rec_ready(rec_room), .rec(rec_in),
      .err_long_o(stat_err_too_long), .busy_o(issue_busy)
  );
  fifo_small #(.Width(39), .Depth(64)) u_recs (
      .clk_i, .rst_ni, .wr_valid(rec_push), .wr_ready(rec_room), .wr_data(rec_in),
      .rd_valid(rec_valid), .rd_ready(rec_pop), .rd_data(rec), .count_o(rec_count)
  );
  // Space was reserved before the read: this FIFO is never full when a beat comes.
  fifo_large #(.Width(128), .Depth(DataBeats)) u_data (
      .clk_i, .rst_ni, .wr_valid(rd_rsp_valid), .wr_ready(dat_room), .wr_data(rd_rsp_data),
      .rd_valid(dat_valid), .rd_ready(dat_pop), .rd_data(dat), .busy_o(dat_busy)
  );
  logic [12:0] span;
  assign span = rd_req_len + {9'd0, rd_req_addr[3:0]} + 13'd15;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q <= '0;
    end else if ((rd_req_valid && rd_req_ready) || rd_rsp_valid) begin
      open_q <= open_q + (rd_req_valid && rd_req_ready ? {1'b0, span[12:4]} : 10'd0)
                - {9'd0, rd_rsp_valid};
    end
  end

  // --- Pump: beats to bytes. The first 12 of a chain go to the header register, while the frame
  // before may still be leaving; the others wait until that frame has ended. ---
  logic [7:0] rec_queue, hdr_queue_q;
  logic [15:0] rec_head;
  logic rec_error, rec_last;
  logic [3:0] rec_offset, offset, hdr_left;
  logic [8:0] rec_bytes, done_q, rest;
  logic [4:0] lane_room, n, push, pop;
  logic part_end, beat_end, pump, close, fits, last_pop;
  logic eof_q, eof_bad_q;      // all bytes of the chain are in the byte queue; the chain is bad
  logic eof_short_q;           // and it ended inside its header
  logic in_frame_q;            // the header of the chain is complete
  logic hdr_valid_q, hdr_take, hdr_end;
  logic [3:0] hdr_count_q;
  logic [95:0] hdr_q;
  logic [127:0] front, bytes;
  logic [5:0] count;

  assign {rec_queue, rec_head, rec_error, rec_last, rec_offset, rec_bytes} = rec;
  assign offset = rec_offset + done_q[3:0];
  assign rest = rec_bytes - done_q;
  assign lane_room = 5'd16 - {1'b0, offset};
  assign hdr_left = 4'(virtio_pkg::NetHdrLen) - hdr_count_q;
  always_comb begin
    n = rest < {4'd0, lane_room} ? rest[4:0] : lane_room;
    if (!in_frame_q && n > {1'b0, hdr_left}) n = {1'b0, hdr_left};
  end
  assign part_end = rest == {4'd0, n};
  assign beat_end = part_end || n == lane_room;
  assign close = part_end && rec_last;     // this step ends the chain
  assign hdr_end = !in_frame_q && n == {1'b0, hdr_left};
  assign fits = count - {1'b0, pop} + {1'b0, n} <= 6'd32;
  always_comb begin
    pump = rec_valid && run_i && (n == 0 || dat_valid) && (!close || used_ready);
    if (in_frame_q ? !fits : hdr_valid_q) pump = 1'b0;
    if ((in_frame_q || close) && eof_q && !last_pop) pump = 1'b0;
  end
  assign push = pump && in_frame_q ? n : 5'd0;
  assign dat_pop = pump && n != 0 && beat_end;
  assign rec_pop = pump && part_end;
  assign used_valid = pump && close;
  assign used = {rec_queue, rec_head, 32'd0, 1'b1};
  assign bytes = dat >> {offset, 3'd0};

  byte_queue #(.Rows(2)) u_bytes (
      .clk_i, .rst_ni, .push, .push_data(bytes), .pop, .front, .count
  );
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      done_q <= '0;
      eof_q <= 1'b0;
      eof_bad_q <= 1'b0;
      eof_short_q <= 1'b0;
      in_frame_q <= 1'b0;
      hdr_valid_q <= 1'b0;
      hdr_count_q <= '0;
    end else begin
      if (pump) begin
        done_q <= part_end ? 9'd0 : done_q + {4'd0, n};
        in_frame_q <= !close && (in_frame_q || hdr_end);
        hdr_count_q <= close || in_frame_q || hdr_end ? 4'd0 : hdr_count_q + n[3:0];
      end
      if (pump && hdr_end) hdr_valid_q <= 1'b1;
      else if (hdr_take) hdr_valid_q <= 1'b0;
      if (pump && close) begin
        eof_q <= 1'b1;
        eof_bad_q <= rec_error;
        eof_short_q <= !in_frame_q && !hdr_end;
      end else if (last_pop) begin
        eof_q <= 1'b0;
      end
    end
  end
  // Header bytes come in from the top and end up in order: byte 0 at the bottom after 12.
  always_ff @(posedge clk_i) begin
    if (pump && !in_frame_q) begin
      hdr_q <= 96'({bytes[95:0], hdr_q} >> {n, 3'd0});
      hdr_queue_q <= rec_queue;
    end
  end

  // --- Header and frame ---
  typedef enum logic [1:0] {
    StHeader,  // waits for a header and looks at it
    StFrame,   // words of the frame
    StDrop,    // eats the rest of a bad packet
    StClose    // stopped inside a frame: one beat with last and err
  } state_e;
  state_e state_q, state_d;
  ph_pkg::tx_meta_t meta, meta_q;
  logic header_bad, out_free, word, word_last, word_err, open_frame_q, small_q, first_q;
  logic [7:0] h_flags, h_gso;
  logic [15:0] h_gso_size, h_start, h_offset;
  assign h_flags = hdr_q[7:0];
  assign h_gso = hdr_q[15:8];
  assign h_gso_size = hdr_q[47:32];
  assign h_start = hdr_q[63:48];
  assign h_offset = hdr_q[79:64];

  always_comb begin
    header_bad = 1'b0;
    if (h_flags[virtio_pkg::NetHdrFlagNeedsCsum] && !feat_csum_i) header_bad = 1'b1;
    if (h_gso != virtio_pkg::GsoNone) begin
      // TCPV4, with the ECN bit only if that was agreed on (5.1.6.2.1).
      if ((h_gso & ~virtio_pkg::GsoEcn) != virtio_pkg::GsoTcp4 || !feat_tso4_i) header_bad = 1'b1;
      if ((h_gso & virtio_pkg::GsoEcn) != 8'd0 && !feat_ecn_i) header_bad = 1'b1;
      if (!h_flags[virtio_pkg::NetHdrFlagNeedsCsum]) header_bad = 1'b1;
    end
    meta = '0;
    meta.queue = hdr_queue_q;
    meta.needs_csum = h_flags[virtio_pkg::NetHdrFlagNeedsCsum];
    meta.csum_start = h_start;
    meta.csum_offset = h_offset;
    meta.gso_type = h_gso;
    meta.gso_size = h_gso_size;
  end

  assign out_free = !tx_valid || tx_ready;
  always_comb begin
    state_d = state_q;
    pop = 5'd0;
    last_pop = 1'b0;
    word = 1'b0;
    word_last = 1'b0;
    word_err = 1'b0;
    hdr_take = 1'b0;
    stat_err_bad_header = 1'b0;
    unique case (state_q)
      StHeader: if (!stop_i) begin
        // A packet that ends inside its header has no frame at all.
        if (eof_q && eof_short_q) begin
          last_pop = 1'b1;
          stat_err_bad_header = !eof_bad_q;
        end else if (hdr_valid_q) begin
          hdr_take = 1'b1;
          state_d = header_bad || (eof_q && eof_bad_q) ? StDrop : StFrame;
          stat_err_bad_header = header_bad;
        end
      end
      StFrame: begin
        if (stop_i) begin
          state_d = open_frame_q ? StClose : StDrop;
        end else if (eof_q && count == 0) begin
          // Nothing but elements of no bytes came behind the header.
          last_pop = 1'b1;
          stat_err_bad_header = !eof_bad_q;
          state_d = StHeader;
        end else if (out_free && (count > 6'd8 || eof_q)) begin
          word = 1'b1;
          word_last = eof_q && count <= 6'd8;
          pop = word_last ? count[4:0] : 5'd8;
          // Fewer than 14 bytes are no frame: first word and not even 6 bytes behind it.
          word_err = word_last && (eof_bad_q || first_q || (small_q && count < 6'd6));
          last_pop = word_last;
          stat_err_bad_header = word_err && !eof_bad_q;
          if (word_last) state_d = StHeader;
        end
      end
      StDrop: begin
        pop = count > 6'd16 ? 5'd16 : count[4:0];
        if (stop_i || (eof_q && count <= 6'd16)) begin
          last_pop = 1'b1;
          state_d = StHeader;
        end
      end
      StClose: if (out_free) begin
        word = 1'b1;
        word_last = 1'b1;
        word_err = 1'b1;
        state_d = StHeader;
      end
      default: state_d = StHeader;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StHeader;
      tx_valid <= 1'b0;
      open_frame_q <= 1'b0;
      first_q <= 1'b1;
      small_q <= 1'b0;
    end else begin
      state_q <= state_d;
      if (word) tx_valid <= 1'b1;
      else if (tx_ready) tx_valid <= 1'b0;
      if (word) begin
        open_frame_q <= !word_last;
        first_q <= word_last;
        small_q <= first_q && !word_last;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (hdr_take) meta_q <= meta;
    if (word) begin
      tx_data <= front[63:0];
      tx_keep <= (word_last && state_q == StFrame) ? ~(8'hff << count[3:0]) : 8'hff;
      tx_last <= word_last;
      tx_err <= word_err;
      tx_meta <= meta_q;
    end
  end
  assign stat_tx_packets = word && word_last && !word_err;

  assign quiet_o = open_q == 0 && !tx_valid && !open_frame_q;
  assign busy_o = issue_busy || open_q != 0 || pump || pop != 0 || last_pop || word || tx_valid ||
                  state_d != state_q || dat_busy;

  logic unused_bits;
  assign unused_bits = ^{span[3:0], rec_count, dat_room, h_flags[7:1], front[127:64],
                         hdr_q[95:80], hdr_q[31:16]};
endmodule

`default_nettype wire
