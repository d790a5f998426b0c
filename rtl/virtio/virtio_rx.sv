// SPDX-License-Identifier: Apache-2.0
// Receive mover: writes each frame behind a struct virtio_net_hdr (Virtio 1.2 5.1.6.4) into the
// next chain of device-writable elements and returns the head once memory has acknowledged every
// byte. A frame waits only while a chain may still arrive; with the available ring known to be
// empty, or the queue not enabled, it is dropped and counted. A frame longer than the chain is
// dropped and the chain kept for the next one. A frame takes ceil(bytes / 8) + 1 cycles.
`default_nettype none

module virtio_rx (
    input  wire logic                       clk_i,
    input  wire logic                       rst_ni,
    input  wire logic                       run_i,
    input  wire logic                       feat_guest_csum_i,  // VIRTIO_NET_F_GUEST_CSUM accepted
    input  wire logic                       ring_empty_i,       // no chain is on its way
    input  wire logic                       desc_valid,
    output logic                            desc_ready,
    input  wire logic [ph_pkg::DescW-1:0]   desc,
    output logic                            used_valid,
    input  wire logic                       used_ready,
    output logic [ph_pkg::UsedW-1:0]        used,
    // Frames
    input  wire logic                       rx_valid,
    output logic                            rx_ready,
    input  wire logic [63:0]                rx_data,
    input  wire logic [7:0]                 rx_keep,
    input  wire logic                       rx_last,
    input  wire logic [ph_pkg::RxMetaW-1:0] rx_meta,            // ph_pkg::rx_meta_t
    // Write client
    output logic                            wr_req_valid,
    input  wire logic                       wr_req_ready,
    output logic [63:0]                     wr_req_addr,
    output logic [3:0]                      wr_req_beats,
    output logic                            wr_req_tag,
    output logic                            wr_dat_valid,
    input  wire logic                       wr_dat_ready,
    output logic [127:0]                    wr_dat_data,
    output logic [15:0]                     wr_dat_strb,
    input  wire logic                       wr_done,
    input  wire logic                       wr_done_tag,
    output logic                            quiet_o,    // no frame open, no write outstanding
    output logic                            busy_o,
    output logic                            stat_rx_packets,
    output logic                            stat_rx_drop_no_buffer,
    output logic                            stat_rx_drop_too_long
);
  typedef enum logic [1:0] {
    StIdle,  // waits for a frame and a chain
    StData,  // frame into the packer
    StTail,  // the frame is in, segments are still handed over
    StDrop   // eats a frame
  } state_e;
  state_e state_q, state_d;

  ph_pkg::rx_meta_t meta;
  logic chain_valid, chain_free, chain_bad, chain_busy;
  logic [7:0] chain_queue;
  logic [15:0] chain_head;
  logic [17:0] chain_space, need;
  logic [4:0] elem_q;
  logic [63:0] elem_addr;
  logic [16:0] elem_len;
  assign meta = rx_meta;
  assign need = {2'd0, meta.length} + 18'(virtio_pkg::NetHdrLen);

  rx_chain u_chain (
      .clk_i, .rst_ni, .run_i, .desc_valid, .desc_ready, .desc,
      .chain_valid, .chain_free, .chain_bad, .chain_queue, .chain_head,
      .chain_space, .elem_index(elem_q), .elem_addr, .elem_len, .busy_o(chain_busy)
  );

  // --- Frame ---
  logic room, start, give_back, pend_room, pend_push, segs_done;
  logic [4:0] push;
  logic [127:0] push_data;
  logic [95:0] header;
  logic seg_valid, seg_ready, seg_last, segs_q;
  logic [16:0] seg_len, rest_q;

  always_comb begin
    header = {16'd1, 80'd0};  // num_buffers = 1
    header[virtio_pkg::NetHdrFlagDataValid] = feat_guest_csum_i && meta.l4_csum_checked &&
                                              meta.l4_csum_ok;
  end
  always_comb begin
    state_d = state_q;
    start = 1'b0;
    give_back = 1'b0;
    chain_free = 1'b0;
    rx_ready = 1'b0;
    push = 5'd0;
    push_data = {64'd0, rx_data};
    stat_rx_packets = 1'b0;
    stat_rx_drop_no_buffer = 1'b0;
    stat_rx_drop_too_long = 1'b0;
    unique case (state_q)
      StIdle: begin
        if (run_i && chain_valid && chain_bad) begin
          give_back = pend_room;
          chain_free = pend_room;
        end else if (rx_valid) begin
          if (meta.error) begin
            state_d = StDrop;
          end else if (run_i && chain_valid) begin
            if (need > chain_space) begin
              state_d = StDrop;
              stat_rx_drop_too_long = 1'b1;
            end else if (room && pend_room) begin
              start = 1'b1;
              push = 5'(virtio_pkg::NetHdrLen);
              push_data = {32'd0, header};
              state_d = StData;
            end
          end else if (!run_i || ring_empty_i) begin
            state_d = StDrop;
            stat_rx_drop_no_buffer = 1'b1;
          end
        end
      end
      StData: begin
        rx_ready = room;
        if (rx_valid && room) begin
          push = 5'($countones(rx_keep));
          if (rx_last) begin
            stat_rx_packets = 1'b1;
            chain_free = segs_done;
            state_d = segs_done ? StIdle : StTail;
          end
        end
      end
      StTail: if (segs_done) begin
        chain_free = 1'b1;
        state_d = StIdle;
      end
      StDrop: begin
        rx_ready = 1'b1;
        if (rx_valid && rx_last) state_d = StIdle;
      end
      default: state_d = StIdle;
    endcase
  end

  // --- Segments: the elements in order, cut to what the frame needs ---
  assign seg_valid = segs_q;
  assign seg_last = rest_q <= elem_len;
  assign seg_len = seg_last ? rest_q : elem_len;
  assign segs_done = !segs_q || (seg_ready && seg_last);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      segs_q <= 1'b0;
      elem_q <= '0;
    end else begin
      state_q <= state_d;
      if (start) begin
        segs_q <= 1'b1;
        elem_q <= '0;
      end else if (seg_valid && seg_ready) begin
        segs_q <= !seg_last;
        elem_q <= elem_q + 5'd1;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (start) rest_q <= need[16:0];
    else if (seg_valid && seg_ready) rest_q <= rest_q - seg_len;
  end

  logic packer_quiet, packer_busy;
  write_packer #(.BeatDepth(128), .BurstDepth(32)) u_packer (
      .clk_i, .rst_ni,
      .seg_valid, .seg_ready, .seg_addr(elem_addr), .seg_len, .seg_tag(seg_last),
      .push, .push_data, .room,
      .wr_req_valid, .wr_req_ready, .wr_req_addr, .wr_req_beats, .wr_req_tag,
      .wr_dat_valid, .wr_dat_ready, .wr_dat_data, .wr_dat_strb,
      .wr_done, .quiet_o(packer_quiet), .busy_o(packer_busy)
  );

  // --- Heads that wait for the responses of their payload ---
  logic pend_valid, pend_data, pend_pop, acked;
  logic [7:0] pend_queue;
  logic [15:0] pend_head;
  logic [16:0] pend_len;
  logic [6:0] pend_count, acked_q;  // frames acknowledged and not yet returned
  assign pend_push = start || give_back;
  fifo_small #(.Width(42), .Depth(64)) u_pend (
      .clk_i, .rst_ni,
      .wr_valid(pend_push), .wr_ready(pend_room),
      .wr_data({start, chain_queue, chain_head, start ? need[16:0] : 17'd0}),
      .rd_valid(pend_valid), .rd_ready(pend_pop),
      .rd_data({pend_data, pend_queue, pend_head, pend_len}),
      .count_o(pend_count)
  );
  assign acked = wr_done && wr_done_tag;
  assign used_valid = pend_valid && (!pend_data || acked_q != 0);
  assign pend_pop = used_valid && used_ready;
  assign used = {pend_queue, pend_head, 15'd0, pend_len, 1'b1};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      acked_q <= '0;
    end else if (acked != (pend_pop && pend_data)) begin
      acked_q <= acked ? acked_q + 7'd1 : acked_q - 7'd1;
    end
  end

  assign quiet_o = state_q == StIdle && !segs_q && packer_quiet;
  assign busy_o = rx_valid || state_q != StIdle || packer_busy || chain_busy || pend_pop ||
                  segs_q || give_back;

  logic unused_bits;
  assign unused_bits = ^{meta.queue, meta.is_ipv4, meta.is_ipv6, meta.is_frag, meta.ip_csum_ok,
                         meta.is_tcp, meta.is_udp, meta.hash, meta.l3_offset, meta.l4_offset,
                         need[17], pend_count};
endmodule

`default_nettype wire
