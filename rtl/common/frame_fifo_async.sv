// SPDX-License-Identifier: Apache-2.0
// Frame FIFO and clock crossing: a frame can be read once it has been written whole, undropped.
// One beat per cycle on both sides, also from frame to frame. A frame is seen by the reader one
// write edge and four read edges after its last beat. `rd_meta` holds for the whole frame.
//
// The reader learns of frames by their number, which moves by one and so crosses in Gray code; the
// end of each frame in the data RAM stands in `end_mem`. Reset both sides together.
`default_nettype none
`include "ph_assert.svh"

module frame_fifo_async #(
    parameter int unsigned DataW = 64,      /// 8 * power of two, 16..512
    parameter int unsigned Depth = 2048,    /// beats, power of two, 4..65536
    parameter int unsigned MetaW = 33,      /// metadata bits, 1..256
    parameter int unsigned MaxFrames = 64,  /// frames, power of two, 4..1024
    parameter bit DropWhenFull = 1'b0,      /// 1: always ready, drops what does not fit
    localparam int unsigned KeepW = DataW / 8
) (
    input  wire logic             wr_clk_i,
    input  wire logic             wr_rst_ni,
    input  wire logic             wr_valid,
    output logic                  wr_ready,
    input  wire logic [DataW-1:0] wr_data,
    input  wire logic [KeepW-1:0] wr_keep,
    input  wire logic             wr_last,
    input  wire logic             wr_drop,        // with last: forget the frame
    input  wire logic [MetaW-1:0] wr_meta,        // with last
    input  wire logic             wr_flush,       // forget the open frame and the beat offered now
    output logic                  stat_overflow,  // pulse: a frame was dropped for want of space
    output logic                  wr_busy_o,      // something is stored, as the write side knows
    input  wire logic             rd_clk_i,
    input  wire logic             rd_rst_ni,
    output logic                  rd_valid,
    input  wire logic             rd_ready,
    output logic [DataW-1:0]      rd_data,
    output logic [KeepW-1:0]      rd_keep,
    output logic                  rd_last,
    output logic [MetaW-1:0]      rd_meta,
    output logic                  rd_busy_o       // a complete frame is stored
);
  localparam int unsigned AddrW = $clog2(Depth);
  localparam int unsigned FrameW = $clog2(MaxFrames);
  localparam int unsigned CountW = $clog2(KeepW);
  localparam int unsigned WordW = DataW + CountW + 1;

  if (DataW < 16 || DataW > 512 || KeepW != (1 << CountW)) begin : g_bad_data_w
    $fatal(1, "frame_fifo_async: DataW must be 16, 32, .. 512");
  end
  if (Depth < 4 || Depth > 65536 || Depth != (1 << AddrW)) begin : g_bad_depth
    $fatal(1, "frame_fifo_async: Depth must be a power of two, 4..65536");
  end
  if (MaxFrames < 4 || MaxFrames > 1024 || MaxFrames != (1 << FrameW)) begin : g_bad_max_frames
    $fatal(1, "frame_fifo_async: MaxFrames must be a power of two, 4..1024");
  end

  // Write side's pointers, and the read side's as they arrive there; and the other way.
  logic [AddrW:0] wr_ptr_q, open_ptr_q, wr_rd_ptr, wr_next;
  logic [FrameW:0] wr_frame_q, wr_rd_frame;
  logic [AddrW:0] rd_ptr_q, limit_q;
  logic [FrameW:0] rd_frame_q, rd_seen_q, rd_wr_frame;

  cdc_counter #(.Width(FrameW + 1)) u_wr_frame (
      .src_clk_i(wr_clk_i), .src_rst_ni(wr_rst_ni), .src_count_i(wr_frame_q),
      .dst_clk_i(rd_clk_i), .dst_rst_ni(rd_rst_ni), .dst_count_o(rd_wr_frame));
  cdc_counter #(.Width(FrameW + 1)) u_rd_frame (
      .src_clk_i(rd_clk_i), .src_rst_ni(rd_rst_ni), .src_count_i(rd_frame_q),
      .dst_clk_i(wr_clk_i), .dst_rst_ni(wr_rst_ni), .dst_count_o(wr_rd_frame));
  cdc_counter #(.Width(AddrW + 1)) u_rd_ptr (
      .src_clk_i(rd_clk_i), .src_rst_ni(rd_rst_ni), .src_count_i(rd_ptr_q),
      .dst_clk_i(wr_clk_i), .dst_rst_ni(wr_rst_ni), .dst_count_o(wr_rd_ptr));

  // --- Write side --------------------------------------------------------------------------------
  logic full, frames_full, too_long, lost_q, lost, write, commit;
  logic [AddrW:0] used, open_len;
  logic [FrameW:0] frames;
  logic [CountW-1:0] count;  // bytes of the beat - 1

  assign used = wr_ptr_q - wr_rd_ptr;
  assign open_len = wr_ptr_q - open_ptr_q;
  assign frames = wr_frame_q - wr_rd_frame;
  assign full = used[AddrW];
  assign frames_full = frames[FrameW];
  assign too_long = open_len[AddrW];  // the open frame alone fills the RAM: waiting can't help
  assign wr_next = wr_ptr_q + 1'b1;

  // The open frame has lost a beat, or its end finds no place.
  assign lost = lost_q || too_long || (DropWhenFull && (full || frames_full));
  assign wr_ready = DropWhenFull || lost_q || too_long || (!full && !frames_full);
  assign write = wr_valid && wr_ready && !lost && !wr_flush;
  assign commit = write && wr_last && !wr_drop;
  assign wr_busy_o = (|used) || (|frames) || lost_q;

  always_comb begin
    count = '0;
    for (int i = 1; i < KeepW; i++) if (wr_keep[i]) count = CountW'(i);
  end

  always_ff @(posedge wr_clk_i) begin
    if (!wr_rst_ni) begin
      wr_ptr_q <= '0;
      open_ptr_q <= '0;
      wr_frame_q <= '0;
      lost_q <= 1'b0;
      stat_overflow <= 1'b0;
    end else begin
      stat_overflow <= wr_valid && wr_ready && wr_last && lost && !wr_drop && !wr_flush;
      if (wr_flush) begin
        wr_ptr_q <= open_ptr_q;
        lost_q <= 1'b0;
      end else if (wr_valid && wr_ready) begin
        lost_q <= lost && !wr_last;
        if (lost || (wr_last && wr_drop)) wr_ptr_q <= open_ptr_q;
        else wr_ptr_q <= wr_next;
        if (commit) open_ptr_q <= wr_next;
        if (commit) wr_frame_q <= wr_frame_q + 1'b1;
      end
    end
  end

  // --- Memories ----------------------------------------------------------------------------------
  logic [AddrW:0] end_mem [0:MaxFrames-1];
  logic [MetaW-1:0] meta_mem [0:MaxFrames-1];
  logic fetch;
  logic [WordW-1:0] rd_word;
  logic [CountW-1:0] rd_count;

  always_ff @(posedge wr_clk_i) begin
    if (commit) end_mem[wr_frame_q[FrameW-1:0]] <= wr_next;
    if (commit) meta_mem[wr_frame_q[FrameW-1:0]] <= wr_meta;
  end

  ram_sdp #(.Width(WordW), .Depth(Depth)) u_ram_sdp (
      .wr_clk_i,
      .wr_en_i(write),
      .wr_addr_i(wr_ptr_q[AddrW-1:0]),
      .wr_data_i({wr_last, count, wr_data}),
      .rd_clk_i,
      .rd_en_i(fetch),
      .rd_addr_i(rd_ptr_q[AddrW-1:0]),
      .rd_data_o(rd_word)
  );

  // --- Read side ---------------------------------------------------------------------------------
  // `limit_q` is the end of the newest frame whose arrival was seen, one more per cycle.
  assign fetch = rd_ptr_q != limit_q && (!rd_valid || rd_ready);
  assign {rd_last, rd_count, rd_data} = rd_word;
  assign rd_meta = meta_mem[rd_frame_q[FrameW-1:0]];
  assign rd_busy_o = rd_wr_frame != rd_frame_q;

  assign rd_keep[0] = 1'b1;
  for (genvar i = 1; i < KeepW; i++) begin : g_keep
    assign rd_keep[i] = CountW'(i) <= rd_count;
  end

  always_ff @(posedge rd_clk_i) begin
    if (!rd_rst_ni) begin
      rd_ptr_q <= '0;
      limit_q <= '0;
      rd_seen_q <= '0;
      rd_frame_q <= '0;
      rd_valid <= 1'b0;
    end else begin
      if (rd_seen_q != rd_wr_frame) begin
        rd_seen_q <= rd_seen_q + 1'b1;
        limit_q <= end_mem[rd_seen_q[FrameW-1:0]];
      end
      if (fetch) rd_ptr_q <= rd_ptr_q + 1'b1;
      if (fetch) rd_valid <= 1'b1;
      else if (rd_ready) rd_valid <= 1'b0;
      // The slot of the frame is free once its last beat has left.
      if (rd_valid && rd_ready && rd_last) rd_frame_q <= rd_frame_q + 1'b1;
    end
  end

`ifdef PH_PROPERTIES
  stream_props #(.DataW(DataW)) u_rd_props (
      .clk_i(rd_clk_i), .rst_ni(rd_rst_ni), .valid(rd_valid), .ready(rd_ready), .data(rd_data),
      .keep(rd_keep), .last(rd_last), .err(1'b0));
  stream_props #(.DataW(DataW), .Assume(`USER_ASSUMED)) u_wr_props (
      .clk_i(wr_clk_i), .rst_ni(wr_rst_ni && !wr_flush), .valid(wr_valid), .ready(wr_ready),
      .data(wr_data), .keep(wr_keep), .last(wr_last), .err(wr_drop));
`endif

`ifdef FORMAL
`include "frame_fifo_async.svh"  // tests/formal: the rules in prose, and the properties
`endif
endmodule

`default_nettype wire
